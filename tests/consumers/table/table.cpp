/* Predicts with the model of a table as a C++ program does. Its columns: a category of texts, one of numbers, a number. */
#ifdef REFUSED
extern "C" {
#include <cmlp.h> /* C programs' headers include it so */
}
#endif
#include <cmlp.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

#if REFUSED == 1
cmlp::predictor<float> refused(cmlp::model::load("x")); // the model would not outlive the statement
#elif REFUSED == 2
cmlp::predictor<long long> refused(*static_cast<cmlp::model *>(nullptr));
#elif REFUSED == 3
double refused = static_cast<cmlp::model *>(nullptr)->code(0, 'a'); // not the number 97
#endif

static cmlp_status status_of(const std::string &path)
{
    try {
        cmlp::model::load(path);
    } catch (const cmlp::error &error) {
        return error.status;
    }
    return CMLP_OK;
}

static cmlp_status status_of_nothing()
{
    try {
        cmlp::model empty{std::vector<unsigned char>()};
    } catch (const cmlp::error &error) {
        return error.status;
    }
    return CMLP_OK;
}

/* A row that is too short is not read, and leaves no outputs of an earlier one. */
static bool short_row_is_refused(cmlp::predictor<double> &predict)
{
    predict(std::vector<double>(3));
    if (predict.outputs().size() != 1) return false;
    try {
        predict(std::vector<double>(2));
    } catch (const cmlp::error &error) {
        return predict.outputs().empty() && error.status == CMLP_ERROR_ROWS && error.refused == std::string_view("rows->n_columns") &&
               std::string_view(error.what()).find("rows->n_columns: ") == 0;
    }
    return false;
}

/* The error has the position of a value that no model accepts. */
static bool infinite_value_is_found(cmlp::predictor<double> &predict)
{
    try {
        predict(std::vector<double>{0, 0, HUGE_VAL});
    } catch (const cmlp::v0_9::error &error) {
        const std::string_view text = error.what(), place = " (row 0, column 2)";
        return error.status == CMLP_ERROR_INPUT && error.bad_row == 0 && error.bad_column == 2 &&
               text.size() > place.size() && text.substr(text.size() - place.size()) == place;
    }
    return false;
}

/* An error without a run has no position, not that of the first row. */
static bool error_without_run_has_no_place()
{
    const cmlp::error error(CMLP_ERROR_NULL);
    return error.bad_row == -1 && error.bad_element == -1 && error.bad_column == -1 &&
           error.what() == std::string_view(cmlp_status_string(CMLP_ERROR_NULL));
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    cmlp::model loaded = cmlp::model::load(argv[1]);
    cmlp::predictor<double> predict(loaded);
    if (!predict.outputs().empty() || loaded.info().n_out != 1) return 6;
    const cmlp::model model = std::move(loaded); // a predictor stays valid
    if (loaded.info().n_out || loaded.info().workspace_size || loaded.get() || model.info().n_out != 1) return 7;
    if (model.code(0, std::string_view("north\0", 6)) != -1 || model.column(2).n_categories) return 3;
    std::printf("%g %g %g %g\n", model.code(0, "1"), model.code(0, 1), model.code(0, "north"), model.code(0, nullptr));
    std::printf("%g %g %g %g\n", model.code(1, 1), model.code(1, 2.0), model.code(1, "1"), model.code(1, true));
    if (!short_row_is_refused(predict) || !infinite_value_is_found(predict)) return 5;
    if (!error_without_run_has_no_place()) return 8;
    if (cmlp::text_of(model.category(0, static_cast<std::int64_t>(model.code(0, "north")))) != "north")
        return 4;
    const std::string unknown = "unknown";
    const std::vector<cmlp::cell> cells[3] = {{1, "2.0", " 0.5"}, {"north", 1.0, "NA"}, {unknown, 9, 3}};
    std::vector<cmlp::answer> answers;
    double rows[3][3];
    predict.coverage = 0.9;
    for (std::size_t i = 0; i < 3; i++) {
        answers.push_back(predict.answer_of(cells[i]));
        std::copy_n(answers[i].numbers.begin(), 3, rows[i]);
    }
    const std::vector<std::int32_t> labels = predict.predict_rows(rows[0], 3, 3, 2);
    const std::vector<double> many = predict.outputs();
    for (std::size_t i = 0; i < 3; i++) {
        if (predict(rows[i]) != many[i] || predict.outputs() != std::vector<double>{many[i]}) return 1;
        if (predict.class_of(rows[i]) != labels[i] || labels[i] != -1 || predict.outputs()[0] != many[i]) return 8;
        if (predict.outputs_of({rows[i][0], rows[i][1], rows[i][2]}) != std::vector<double>{many[i]}) return 9;
        if (predict({rows[i], model.info().n_in}) != many[i]) return 10;
        if (answers[i].class_index != -1 || answers[i].label.kind != CMLP_VALUE_MISSING || !answers[i].set.empty()) return 11;
        const auto [low, high] = answers[i].intervals.at(0);
        std::printf("%.17g %.17g %.17g\n", answers[i].outputs.at(0), low, high);
    }
    if (answers[0].outside != std::vector<double>(3) || answers[1].states[2] != CMLP_CELL_MISSING) return 12;
    if (answers[2].states != std::vector<cmlp_cell_state>{CMLP_CELL_UNKNOWN, CMLP_CELL_UNKNOWN, CMLP_CELL_USUAL}) return 13;
    std::printf("%s %s\n", cmlp_status_name(status_of("/")), cmlp_status_name(status_of_nothing()));
    return 0;
}
