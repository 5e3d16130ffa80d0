// cmlp.hpp: a C++17 wrapper of cmlp.h for model files. Memory is owned and released, and errors are exceptions.
#ifndef CMLP_HPP
#define CMLP_HPP

#include <cmlp_file.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cmlp {

class error : public std::runtime_error {
public:
    explicit error(cmlp_status code) : std::runtime_error(cmlp_status_string(code)), status(code) {}
    const cmlp_status status;
};

inline void check(cmlp_status status)
{
    if (status != CMLP_OK) throw error(status);
}

// A model, with the bytes of its file. It is constant: any number of threads may share it. Each thread needs a
// predictor of its own.
class model {
public:
    // The bytes of a model file.
    explicit model(std::vector<unsigned char> file) : bytes(std::move(file))
    {
        check(bytes.empty() ? CMLP_ERROR_FILE_SHORT : cmlp_model_size(bytes.data(), bytes.size(), &sizes));
        void *const block = std::malloc(sizes.model_size);
        memory = {static_cast<cmlp_model *>(block), release{block}};
        if (!block) throw error(CMLP_ERROR_MEMORY);
        std::vector<unsigned char> scratch(sizes.scratch_size);
        check(cmlp_model_init(get(), sizes.model_size, bytes.data(), bytes.size(), 1, scratch.data(), scratch.size()));
    }

    // Reads a file with cmlp_file_load, whose statuses the exception has.
    static model load(const std::string &path)
    {
        cmlp_file file;
        check(cmlp_file_load(&file, path.c_str()));
        return model(file);
    }

    const cmlp_model_info &info() const { return sizes; }
    cmlp_model *get() const { return memory.get(); }

    // A metadata string, for example "activations". The view is valid as long as the model.
    std::string_view metadata(const char *key) const
    {
        const char *text = nullptr;
        std::size_t length = 0;
        check(cmlp_model_metadata(get(), key, &text, &length));
        return {text, length};
    }

    // The label of a class, in UTF-8.
    std::string label(std::int32_t index) const
    {
        std::string text(64, '\0');
        cmlp_status status;
        while ((status = cmlp_model_label(get(), index, &text[0], text.size())) == CMLP_ERROR_BUFFER_SIZE)
            text.resize(2 * text.size());
        check(status);
        return text.c_str();
    }

private:
    struct release {
        void *block;
        void operator()(cmlp_model *) const { std::free(block); }
    };

    explicit model(const cmlp_file &file) : memory(file.model, release{file.memory}), sizes(file.info) {}

    std::vector<unsigned char> bytes; // those given to the constructor; allocated memory is aligned for every type
    std::unique_ptr<cmlp_model, release> memory{nullptr, release{nullptr}};
    cmlp_model_info sizes = CMLP_INIT(cmlp_model_info);
};

// Predicts single rows without allocating memory. T is float or double, as the model's dtype.
template <typename T> class predictor {
public:
    explicit predictor(const model &source)
        : shared(source), scratch(source.info().scratch_size),
          values(static_cast<std::size_t>(source.info().n_outputs))
    {
        if (source.info().dtype != (sizeof(T) == sizeof(float) ? CMLP_FLOAT32 : CMLP_FLOAT64))
            throw error(CMLP_ERROR_DTYPE);
    }

    // The class index of a row of n_inputs elements; -1 for a regressor.
    std::int32_t operator()(const T *row)
    {
        std::int32_t label = -1;
        check(cmlp_model_predict(shared.get(), row, &label, values.data(), scratch.data(), scratch.size()));
        return label;
    }
    std::int32_t operator()(const std::uint8_t *row)
    {
        std::int32_t label = -1;
        check(cmlp_model_predict_u8(shared.get(), row, &label, values.data(), scratch.data(), scratch.size()));
        return label;
    }

    // The outputs of the last row.
    const std::vector<T> &outputs() const { return values; }

private:
    const model &shared;
    std::vector<unsigned char> scratch;
    std::vector<T> values;
};

} // namespace cmlp

#endif
