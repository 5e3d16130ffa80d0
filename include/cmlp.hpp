// cmlp.hpp: an experimental C++17 wrapper of cmlp.h, cmlp_table.h and cmlp_explain.h for model files, which a minor version
// may change. Memory is owned and released, and errors are exceptions; without exceptions (-fno-exceptions) a failure calls
// std::abort, and model::open returns a status instead.
#ifndef CMLP_HPP
#define CMLP_HPP

#include "cmlp_explain.h"
#include "cmlp_file.h"
#include "cmlp_table.h"

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
// NaN or infinity (row 0, column 2)".
class error : public std::runtime_error {
public:
    explicit error(cmlp_status code, const cmlp_run &run = new_run())
        : std::runtime_error((run.refused ? std::string(run.refused) + ": " : std::string()) + cmlp_status_string(code) +
                             place(run)),
          status(code), refused(run.refused), bad_row(run.bad_row), bad_element(run.bad_element), bad_column(run.bad_column)
    {
    }
    cmlp_status status;
    const char *refused; // static, or null
    std::int64_t bad_row, bad_element, bad_column; // -1 if it does not apply

private:
    static std::string place(const cmlp_run &run)
    {
        std::string parts;
        const auto add = [&parts](const char *what, std::int64_t position) {
            if (position >= 0) parts += (parts.empty() ? " (" : ", ") + std::string(what) + std::to_string(position);
        };
        add("row ", run.bad_row);
        add("element ", run.bad_element);
        add("column ", run.bad_column);
        return parts.empty() ? parts : parts + ")";
    }
};

// Throws an error unless the status is CMLP_OK.
inline void check(cmlp_status status, const cmlp_run *run = nullptr)
{
    if (status == CMLP_OK) return;
#if CMLP_HPP_THROWS
    if (run) throw error(status, *run);
    throw error(status);
#else
    static_cast<void>(run);
    std::abort();
#endif
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
    double code(std::int64_t column, std::string_view text) const
    {
        cmlp_value value{};
        value.kind = CMLP_VALUE_TEXT;
        value.text = text.data() ? text.data() : "";
        value.n_text = static_cast<std::int64_t>(text.size());
        return code_of(column, value);
    }
    template <typename N, typename = std::enable_if_t<std::is_arithmetic_v<N>>>
    double code(std::int64_t column, N number) const
    {
        static_assert(!std::is_same_v<N, char>, "a character is neither a number nor a text");
        static_assert(!std::is_unsigned_v<N> || sizeof(N) < sizeof(std::int64_t), "an integer must fit in int64_t");
        cmlp_value value{};
        if constexpr (std::is_integral_v<N>) {
            value.kind = CMLP_VALUE_INTEGER;
            value.integer = number;
        } else {
            value.kind = CMLP_VALUE_DOUBLE;
            value.number = static_cast<double>(number);
        }
        return code_of(column, value);
    }
    double code(std::int64_t column, std::nullptr_t) const { return code_of(column, cmlp_value{}); } // of the missing value
    double code(std::int64_t column, const char *text) const
    {
        return text ? code(column, std::string_view(text)) : code(column, nullptr);
    }

    // The number for the row of a cell of text, as in a CSV file. Throws an error with CMLP_ERROR_CELL if the column cannot
    // hold it.
    double cell(std::int64_t column, std::string_view text) const
    {
        double found = 0;
        call(cmlp_model_read_cell, get(), column, text.data(), static_cast<std::int64_t>(text.size()), &found);
        return found;
    }

    // The margins of a set, or how far an interval of this coverage reaches below and above the outputs of a row of a
    // table's model.
    std::pair<double, double> margin(double coverage, const std::vector<double> &outputs, std::int64_t target = 0) const
    {
        double below = 0, above = 0;
        const cmlp_table_query query = query_of(coverage, outputs, target);
        call(cmlp_model_margin, get(), &query, &below, &above);
        return {below, above};
    }

    // The lower and the upper end of this interval.
    std::pair<double, double> interval(double coverage, const std::vector<double> &outputs, std::int64_t target = 0) const
    {
        double low = 0, high = 0;
        const cmlp_table_query query = query_of(coverage, outputs, target);
        call(cmlp_model_interval, get(), &query, &low, &high);
        return {low, high};
    }

    // Of a classifier: whether each class is in the set of this coverage, or, of a label that a row can have beside others, no
    // and yes. By class, the coverage is that of the rows of each class.
    std::vector<bool> set(double coverage, const std::vector<double> &outputs, std::int64_t target = 0,
                          bool by_class = false) const
    {
        const bool has_outcomes = info().kind == CMLP_MODEL_MULTILABEL || outputs.size() < 2;
        std::vector<std::int32_t> found(has_outcomes ? 2 : outputs.size());
        cmlp_table_query query = query_of(coverage, outputs, target);
        query.by_class = by_class;
        call(cmlp_model_find_set, get(), &query, found.data(), static_cast<std::int64_t>(found.size()));
        return std::vector<bool>(found.begin(), found.end());
    }

private:
    struct release {
        void operator()(void *block) const { std::free(block); }
    };

    double code_of(std::int64_t column, const cmlp_value &value) const
    {
        double found = -1;
        call(cmlp_model_find_code, get(), column, &value, &found);
        return found;
    }

    static cmlp_table_query query_of(double coverage, const std::vector<double> &outputs, std::int64_t target)
    {
        cmlp_table_query query = CMLP_INIT(cmlp_table_query);
        query.outputs = outputs.data();
        query.n_outputs = static_cast<std::int64_t>(outputs.size());
        query.target = target;
        query.coverage = coverage;
        return query;
    }

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

// How far each column of a table's row moves each output away from its base value: (n_in, n_out) numbers, their standard
// errors, and n_out base values, the mean outputs over the background in the file.
struct reasons {
    std::vector<double> values, errors, base_values;
};

// Predicts with a model, which must live longer; it may be moved, but nothing may be assigned to it. T is float or double,
// as the model's dtype; it is double for a table.
template <typename T> class predictor {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>, "a model has rows of float or double");

public:
    explicit predictor(const model &source)
        : shared(source.get()), n_outputs(static_cast<std::size_t>(source.info().n_out)),
          has_number(source.info().kind == CMLP_MODEL_REGRESSOR && n_outputs == 1), workspace(source.info().workspace_size)
    {
        values.reserve(n_outputs);
        if (!shared) check(CMLP_ERROR_NULL);
        if (source.info().dtype != own_dtype) check(CMLP_ERROR_DTYPE);
    }
    explicit predictor(const model &&) = delete;

    // The values of a row, which a call reads: of type T, or std::uint8_t for a model of float. Each call below throws an error
    // with CMLP_ERROR_ROWS if they are not n_in values. No call but reasons_of allocates memory.
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
        if (!has_number) check(CMLP_ERROR_MODEL_KIND);
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

    // The reasons for the outputs of a table's row: cmlp_model_explain documents the options. Throws an error with
    // CMLP_ERROR_NOT_FOUND if the model was trained without keep_background. outputs() are those of the row.
    reasons reasons_of(const row &values_of_row, std::int64_t n_evaluations = 0, std::uint32_t seed = 0)
    {
        class_of(values_of_row);
        const std::int64_t n_in = values_of_row.x.n_columns;
        cmlp_explanation explanation = CMLP_INIT(cmlp_explanation);
        explanation.n_evaluations = n_evaluations;
        explanation.seed = seed;
        std::size_t size = 0;
        call(cmlp_model_explain_workspace_size, shared, static_cast<const cmlp_explanation *>(&explanation), &size);
        if (size > workspace.size()) workspace.resize(size);
        reasons found;
        found.base_values.resize(n_outputs);
        found.values.resize(n_outputs * static_cast<std::size_t>(n_in));
        found.errors.resize(found.values.size());
        explanation.values = found.values.data();
        explanation.errors = found.errors.data();
        explanation.n_values = explanation.n_errors = static_cast<std::int64_t>(found.values.size());
        explanation.base_values = found.base_values.data();
        explanation.n_base_values = static_cast<std::int64_t>(n_outputs);
        cmlp_run run = new_run();
        run.workspace = workspace.data();
        run.workspace_size = workspace.size();
        const auto *first = static_cast<const double *>(values_of_row.x.data); // only tables pass the call above
        check(cmlp_model_explain(shared, first, n_in, &explanation, &run), &run);
        return found;
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

    const cmlp_model *shared;
    std::size_t n_outputs;
    bool has_number;
    std::vector<unsigned char> workspace;
    std::vector<T> values;
};

static_assert(CMLP_VERSION_MAJOR == 0 && CMLP_VERSION_MINOR == 9, "the namespace is that of the version");
} // inline namespace
} // namespace cmlp

#undef CMLP_HPP_THROWS

#endif
