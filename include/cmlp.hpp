// cmlp.hpp: an experimental C++17 wrapper of cmlp.h and cmlp_table.h for model files, which a minor version may
// change. Memory is owned and released, and errors are exceptions; without exceptions (-fno-exceptions) a failure calls
// std::abort, and model::open returns a status instead.
#ifndef CMLP_HPP
#define CMLP_HPP

#include "cmlp_file.h"
#include "cmlp_table.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cmlp {
// Of the minor version, whose patches change no class: object files that were compiled with the headers of different
// versions can be in one program, but cannot exchange these objects. The same holds for code with exceptions and code
// without. So a program includes this header, and does not declare the classes itself.
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#  define CMLP_HPP_THROWS 1
inline namespace v0_9 {
#else
#  define CMLP_HPP_THROWS 0
inline namespace v0_9_aborts {
#endif

// A run that reports nothing yet: a call that refuses the run itself leaves it so.
inline cmlp_run new_run()
{
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.bad_row = run.bad_element = run.bad_column = -1;
    return run;
}

// A status, and what the run of the call reports beside it. The text has all of it, such as "rows->data: the input contains
// NaN or infinity (row 0, column 2)", or is the sentence of an answer: "column "size" cannot hold "large": it has numbers".
class error : public std::runtime_error {
public:
    explicit error(cmlp_status code, const cmlp_run &run = new_run()) : error(code, run, text_of_run(code, run)) {}
    error(cmlp_status code, const cmlp_run &run, const std::string &sentence)
        : std::runtime_error(sentence), status(code), refused(run.refused), bad_row(run.bad_row),
          bad_element(run.bad_element), bad_column(run.bad_column)
    {
    }
    cmlp_status status;
    const char *refused; // static, or null
    std::int64_t bad_row, bad_element, bad_column; // -1 if it does not apply

private:
    static std::string text_of_run(cmlp_status code, const cmlp_run &run)
    {
        std::string parts;
        const auto add = [&parts](const char *what, std::int64_t position) {
            if (position >= 0) parts += (parts.empty() ? " (" : ", ") + std::string(what) + std::to_string(position);
        };
        add("row ", run.bad_row);
        add("element ", run.bad_element);
        add("column ", run.bad_column);
        return (run.refused ? std::string(run.refused) + ": " : std::string()) + cmlp_status_string(code) +
               (parts.empty() ? parts : parts + ")");
    }
};

// Throws an error.
[[noreturn]] inline void fail(const error &problem)
{
#if CMLP_HPP_THROWS
    throw problem;
#else
    static_cast<void>(problem);
    std::abort();
#endif
}

// Throws an error unless the status is CMLP_OK.
inline void check(cmlp_status status, const cmlp_run *run = nullptr)
{
    if (status != CMLP_OK) fail(run ? error(status, *run) : error(status));
}

// Calls a function of the library with a run and arguments before it, and checks its status.
template <typename... Parameters, typename... Arguments>
void call(cmlp_status (*function)(Parameters...), Arguments... arguments)
{
    cmlp_run run = new_run();
    check(function(arguments..., &run), &run);
}

// The text of a label, a category or a name; it is valid as long as the model. Empty for a category that is a number or
// missing.
inline std::string_view text_of(const cmlp_value &value)
{
    return value.text ? std::string_view(value.text, static_cast<std::size_t>(value.n_text)) : std::string_view();
}

// A cell of a row, or a name of one: a text as in a CSV file, which must outlive the cell; a number, which is a value and
// never a code; a bool; or nullptr, the missing value.
struct cell : cmlp_value {
    cell(std::nullptr_t) : cmlp_value(cmlp_text(nullptr, 0)) {}
    cell(std::string_view bytes)
        : cmlp_value(cmlp_text(bytes.data() ? bytes.data() : "", static_cast<std::int64_t>(bytes.size())))
    {
    }
    cell(const std::string &bytes) : cell(std::string_view(bytes)) {}
    cell(const char *bytes) : cmlp_value(cmlp_text(bytes, -1)) {} // NULL: missing
    template <typename N, typename = std::enable_if_t<std::is_arithmetic_v<N>>> cell(N value) : cell(nullptr)
    {
        static_assert(!std::is_same_v<N, char>, "a character is neither a number nor a text");
        static_assert(!std::is_unsigned_v<N> || sizeof(N) < sizeof(std::int64_t), "an integer must fit in int64_t");
        if constexpr (std::is_integral_v<N>) {
            kind = std::is_same_v<N, bool> ? CMLP_VALUE_BOOLEAN : CMLP_VALUE_INTEGER;
            integer = value;
        } else {
            kind = CMLP_VALUE_DOUBLE;
            number = static_cast<double>(value);
        }
    }
};

// A model, with the bytes of its file. It is constant: any number of threads may share it. Each thread needs a
// predictor of its own. A model that has been moved from is empty: its functions fail with CMLP_ERROR_NULL, and the numbers
// of its info are 0.
class model {
public:
    model() = default;
    model(model &&other) noexcept { swap(other); }
    model &operator=(model &&other) noexcept
    {
        model taken(std::move(other));
        swap(taken);
        return *this;
    }

    // The bytes of a model file.
    explicit model(std::vector<unsigned char> file) : bytes(std::move(file))
    {
        if (bytes.empty()) check(CMLP_ERROR_FILE_SHORT);
        call(cmlp_model_describe, bytes.data(), bytes.size(), &sizes);
        memory.reset(std::malloc(sizes.model_size));
        if (!memory) check(CMLP_ERROR_MEMORY);
        std::vector<unsigned char> workspace(sizes.workspace_size);
        cmlp_run run = new_run();
        run.workspace = workspace.data();
        run.workspace_size = workspace.size();
        check(cmlp_model_init(memory.get(), sizes.model_size, bytes.data(), bytes.size(), nullptr, &loaded, &run), &run);
    }

    // Reads a file as cmlp_file_load does. After a failure the model is unchanged.
    [[nodiscard]] cmlp_status open(const std::string &path)
    {
        cmlp_run run = new_run();
        return read(path, run);
    }

    // The model in a file. Throws the status of open.
    static model load(const std::string &path)
    {
        model opened;
        cmlp_run run = new_run();
        check(opened.read(path, run), &run);
        return opened;
    }

    const cmlp_model_info &info() const { return sizes; }
    const cmlp_model *get() const { return loaded; }

    // The string of a key, for example "activations", as it was before it was written.
    std::string string(const char *key) const
    {
        const char *text = nullptr;
        std::int64_t length = 0;
        call(cmlp_model_find_string, get(), key, &text, &length);
        std::string found;
        for (std::int64_t i = 0; i < length; i++) {
            if (text[i] == '\\') i++; // the file has one before each quotation mark and before each other one
            found += text[i];
        }
        return found;
    }

    // The label of a class; each has a text.
    cmlp_value label(std::int32_t index) const
    {
        cmlp_value value{};
        call(cmlp_model_find_label, get(), index, &value);
        return value;
    }

    // What a table's column is.
    cmlp_table_column_info column(std::int64_t index) const
    {
        cmlp_table_column_info found = CMLP_INIT(cmlp_table_column_info);
        call(cmlp_model_describe_column, get(), index, &found);
        return found;
    }

    // The category of a code.
    cmlp_value category(std::int64_t column, std::int64_t code) const
    {
        cmlp_value value{};
        call(cmlp_model_find_category, get(), column, code, &value);
        return value;
    }

    // The code of a category, for the row. That of an unknown one is -1, or NaN if the categories are ordered. A text never
    // equals a number.
    double code(std::int64_t column, const cell &value) const
    {
        double found = -1;
        call(cmlp_model_find_code, get(), column, &value, &found);
        return found;
    }

private:
    struct release {
        void operator()(void *block) const { std::free(block); }
    };

    // `run` receives what loading reports.
    cmlp_status read(const std::string &path, cmlp_run &run)
    {
        if (path.find('\0') != std::string::npos) return CMLP_ERROR_READ;
        cmlp_file file;
        const cmlp_status status = cmlp_file_load(&file, path.c_str(), NULL);
        run = file.run;
        if (status == CMLP_OK) *this = model(file);
        return status;
    }

    void swap(model &other) noexcept
    {
        bytes.swap(other.bytes);
        memory.swap(other.memory);
        std::swap(loaded, other.loaded);
        std::swap(sizes, other.sizes);
    }

    explicit model(const cmlp_file &file) : memory(file.memory), loaded(file.model), sizes(file.info) {}

    std::vector<unsigned char> bytes; // those given to the constructor; allocated memory is aligned for every type
    std::unique_ptr<void, release> memory;
    const cmlp_model *loaded = nullptr;
    cmlp_model_info sizes = CMLP_INIT(cmlp_model_info);
};

// Everything that a model says of a row; cmlp_answer documents each.
struct answer {
    std::int32_t class_index = -1;
    cmlp_value label{};          // missing without labels; its text is valid as long as the model
    std::vector<double> outputs;
    std::vector<double> numbers; // the cells as numbers: a row that the functions for numbers read
    std::vector<std::array<double, 2>> intervals;      // with a coverage, of a regressor: the ends for each target
    std::vector<std::int32_t> set;                     // with a coverage, of a classifier
    std::vector<double> outside;                       // of a table, as `states`
    std::vector<cmlp_cell_state> states;
    std::vector<double> reasons, reason_errors, base_values; // with has_reasons
};

// Predicts with a model, which must live longer; it may be moved, but nothing may be assigned to it. T is float or double,
// as the model's dtype; it is double for a table.
template <typename T> class predictor {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>, "a model has rows of float or double");

public:
    explicit predictor(const model &source)
        : shared(source.get()), sizes(source.info()), n_outputs(static_cast<std::size_t>(sizes.n_out)),
          workspace(sizes.answer_size > sizes.workspace_size ? sizes.answer_size : sizes.workspace_size)
    {
        values.reserve(n_outputs);
        if (!shared) check(CMLP_ERROR_NULL);
        if (sizes.dtype != own_dtype) check(CMLP_ERROR_DTYPE);
    }
    explicit predictor(const model &&) = delete;

    // The values of a row, which a call reads: of type T, or std::uint8_t for a model of float. Each call below throws an error
    // with CMLP_ERROR_ROWS if they are not n_in values. No call for rows of numbers but predict_rows allocates memory.
    class row {
    public:
        template <typename E> row(const std::vector<E> &list) : row(list.data(), list.size()) {}
        template <typename E, std::size_t n> row(const E (&list)[n]) : row(list, n) {}
        row(std::initializer_list<T> list) : row(list.begin(), list.size()) {}
        template <typename E, typename N> row(const E *first, N n)
            : x(cmlp_dense_rows(first, std::is_same_v<E, T> ? own_dtype : CMLP_UINT8, 1, static_cast<std::int64_t>(n)))
        {
            static_assert(std::is_same_v<E, T> || (is_float && std::is_same_v<E, std::uint8_t>), "the model has other rows");
        }

    private:
        friend predictor;
        cmlp_rows x;
    };

    // The number of a row, of a regressor with one target. Throws an error with CMLP_ERROR_MODEL_KIND for other models.
    T operator()(const row &values_of_row)
    {
        values.clear();
        if (sizes.kind != CMLP_MODEL_REGRESSOR || n_outputs != 1) check(CMLP_ERROR_MODEL_KIND);
        return outputs_of(values_of_row)[0];
    }

    // The class index of a row: -1 of a regressor, of several labels, and of a network without classes.
    std::int32_t class_of(const row &values_of_row)
    {
        std::int32_t class_index = -1;
        predict(values_of_row.x, &class_index, 1, workspace, 1);
        return class_index;
    }

    // The outputs of a row, of any model: as outputs().
    const std::vector<T> &outputs_of(const row &values_of_row)
    {
        class_of(values_of_row);
        return values;
    }

    // What answers have beside the rest: intervals or a set of this coverage, above 0 and below 1, that is by_class the
    // coverage of each class; and reasons. cmlp_answer documents the options.
    double coverage = 0;
    bool by_class = false, has_reasons = false;
    std::int64_t n_evaluations = 0; // of reasons, as `seed`
    std::uint32_t seed = 0;

    // The answer about a row of cells in the order of the columns, or by the names of the columns in any order, such as
    // {{"district", "old town"}, {"size", 71.5}}. The text of an error is a sentence with the names of column and cell.
    answer answer_of(const std::vector<cell> &cells) { return ask(cells, nullptr); }
    answer answer_of_named(const std::vector<std::pair<std::string_view, cell>> &row_of_names)
    {
        std::vector<cell> names, cells;
        for (const auto &[name, value] : row_of_names) {
            names.emplace_back(name);
            cells.push_back(value);
        }
        return ask(cells, names.data());
    }

    // The class indices of n_rows contiguous rows of n_columns elements.
    std::vector<std::int32_t> predict_rows(const T *first, std::int64_t n_rows, std::int64_t n_columns,
                                           std::int32_t n_threads = 1)
    {
        values.clear();
        const cmlp_rows x = cmlp_dense_rows(first, own_dtype, n_rows, n_columns);
        cmlp_run run = new_run();
        run.n_threads = n_threads;
        check(cmlp_model_workspace_size(shared, &x, &run.workspace_size, &run), &run);
        std::vector<unsigned char> memory(run.workspace_size);
        std::vector<std::int32_t> class_indices(static_cast<std::size_t>(n_rows));
        predict(x, class_indices.data(), class_indices.size(), memory, n_threads);
        return class_indices;
    }

    // The outputs of the last call, row by row. Empty before the first call and if the last one failed.
    const std::vector<T> &outputs() const { return values; }

private:
    static constexpr bool is_float = std::is_same_v<T, float>;
    static constexpr cmlp_dtype own_dtype = is_float ? CMLP_FLOAT32 : CMLP_FLOAT64;

    void predict(const cmlp_rows &x, std::int32_t *class_indices, std::size_t n, std::vector<unsigned char> &memory,
                 std::int32_t n_threads)
    {
        cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
        cmlp_run run = new_run();
        values.resize(n * n_outputs);
        prediction.outputs = values.data();
        prediction.n_outputs = static_cast<std::int64_t>(values.size());
        prediction.class_indices = class_indices;
        prediction.n_class_indices = static_cast<std::int64_t>(n);
        run.workspace = memory.data();
        run.workspace_size = memory.size();
        run.n_threads = n_threads;
        const cmlp_status status = cmlp_model_predict(shared, &x, &prediction, &run);
        if (status != CMLP_OK) values.clear();
        check(status, &run);
    }

    answer ask(const std::vector<cell> &cells, const cell *names)
    {
        static_assert(sizeof(cell) == sizeof(cmlp_value), "cells are values, one after the other");
        const cmlp_rows x = cmlp_cell_rows(cells.data(), 1, static_cast<std::int64_t>(cells.size()), names);
        answer found;
        cmlp_answer wanted = CMLP_INIT(cmlp_answer);
        cmlp_run run = new_run();
        const auto want = [](auto &list, auto *&array, std::int64_t &length, std::int64_t n) {
            list.resize(static_cast<std::size_t>(n));
            array = n ? list.data() : nullptr;
            length = n;
        };
        const std::int64_t n_in = sizes.n_in, n_of_table = sizes.n_nets ? n_in : 0;
        const std::int64_t n_reasons = has_reasons ? n_in * sizes.n_out : 0;
        wanted.class_indices = &found.class_index;
        wanted.n_class_indices = 1;
        wanted.n_labels = sizes.n_labels ? 1 : 0;
        wanted.labels = sizes.n_labels ? &found.label : nullptr;
        want(found.outputs, wanted.outputs, wanted.n_outputs, sizes.n_out);
        want(found.numbers, wanted.numbers, wanted.n_numbers, n_in);
        want(found.outside, wanted.outside, wanted.n_outside, n_of_table);
        want(found.states, wanted.states, wanted.n_states, n_of_table);
        want(found.set, wanted.sets, wanted.n_sets, coverage != 0 ? sizes.n_set : 0);
        want(found.reasons, wanted.reasons, wanted.n_reasons, n_reasons);
        want(found.reason_errors, wanted.reason_errors, wanted.n_reason_errors, n_reasons);
        want(found.base_values, wanted.base_values, wanted.n_base_values, has_reasons ? sizes.n_out : 0);
        std::vector<double> ends;
        want(ends, wanted.intervals, wanted.n_intervals, coverage != 0 ? sizes.n_ends : 0);
        wanted.coverage = coverage;
        wanted.by_class = by_class;
        wanted.n_evaluations = n_evaluations;
        wanted.seed = seed;
        cmlp_status status = CMLP_OK;
        if (has_reasons) status = cmlp_model_answer_size(shared, &x, &wanted, &run.workspace_size, &run);
        if (run.workspace_size > workspace.size()) workspace.resize(run.workspace_size);
        run.workspace = workspace.data();
        run.workspace_size = workspace.size();
        if (status == CMLP_OK) status = cmlp_model_answer(shared, &x, &wanted, &run);
        if (status != CMLP_OK) fail(error(status, run, sentence(x, wanted, status, run)));
        for (std::size_t i = 0; i < ends.size(); i += 2) found.intervals.push_back({ends[i], ends[i + 1]});
        return found;
    }

    std::string sentence(const cmlp_rows &x, const cmlp_answer &wanted, cmlp_status status, const cmlp_run &run) const
    {
        std::string text(static_cast<std::size_t>(cmlp_model_say(shared, &x, &wanted, status, &run, nullptr, 0)), ' ');
        cmlp_model_say(shared, &x, &wanted, status, &run, text.data(), static_cast<std::int64_t>(text.size()) + 1);
        return text;
    }

    const cmlp_model *shared;
    cmlp_model_info sizes;
    std::size_t n_outputs;
    std::vector<unsigned char> workspace;
    std::vector<T> values;
};

static_assert(CMLP_VERSION_MAJOR == 0 && CMLP_VERSION_MINOR == 9, "the namespace is that of the version");
} // inline namespace
} // namespace cmlp

#undef CMLP_HPP_THROWS

#endif
