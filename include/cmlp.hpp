// cmlp.hpp: a C++17 wrapper of cmlp.h for model files. Memory is owned and released, and errors are exceptions.
#ifndef CMLP_HPP
#define CMLP_HPP

#include <cmlp.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
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
    explicit model(std::vector<unsigned char> bytes) : file(std::move(bytes))
    {
        check(cmlp_model_size(file.data(), file.size(), &sizes));
        memory = std::make_unique<unsigned char[]>(sizes.model_size);
        const auto scratch = std::make_unique<unsigned char[]>(sizes.scratch_size);
        check(cmlp_model_init(get(), sizes.model_size, file.data(), file.size(), 1, scratch.get(), sizes.scratch_size));
    }

    static model load(const std::string &path)
    {
        std::ifstream stream(path, std::ios::binary);
        if (!stream) throw error(CMLP_ERROR_FILE_READ);
        return model({std::istreambuf_iterator<char>(stream), {}});
    }

    const cmlp_model_info &info() const { return sizes; }
    cmlp_model *get() const { return reinterpret_cast<cmlp_model *>(memory.get()); }

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
    std::vector<unsigned char> file; // allocated memory is aligned for every type
    std::unique_ptr<unsigned char[]> memory;
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
