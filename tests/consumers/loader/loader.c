/* Loads the model files whose paths are its arguments, predicts a row, and prints a status for each. Compiled as C it
 * uses cmlp_file.h, as C++ cmlp.hpp, once by path and once from bytes. */
#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
#  include <cmlp.hpp>
#  include <fstream>
#  include <iterator>

template <typename T> static void predict(const cmlp::model &model)
{
    const std::vector<T> row(static_cast<std::size_t>(model.info().n_in));
    cmlp::predictor<T> predictor(model);
    predictor.outputs_of(row);
}

static void use(const cmlp::model &model)
{
    if (model.info().dtype == CMLP_FLOAT32)
        predict<float>(model);
    else
        predict<double>(model);
}

/* The memory of the model is released already. */
static void check_moved_from(const cmlp::model &model)
{
    try {
        model.label(0);
    } catch (const cmlp::error &error) {
        if (error.status != CMLP_ERROR_NULL || model.get()) throw;
    }
}

static void print(const char *path, bool from_bytes)
{
    cmlp_status status = CMLP_OK;
    try {
        if (from_bytes) {
            std::ifstream stream(path, std::ios::binary);
            use(cmlp::model({std::istreambuf_iterator<char>(stream), {}}));
        } else {
            cmlp::model loaded = cmlp::model::load(path);
            use(cmlp::model(std::move(loaded)));
            check_moved_from(loaded);
        }
    } catch (const cmlp::error &error) {
        status = error.status;
    }
    std::printf("%s\n", cmlp_status_name(status));
}

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) print(argv[i], *argv[1] == 'b');
}
#else
#  include <cmlp_file.h>

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        cmlp_file file;
        cmlp_status status = cmlp_file_load(&file, argv[i], NULL);
        if (!status) {
            const int64_t n = file.info.n_in;
            void *row = calloc((size_t)n, sizeof(double));
            const cmlp_rows rows = cmlp_dense_rows(row, file.info.dtype, 1, n);
            const cmlp_prediction nothing = CMLP_INIT(cmlp_prediction);
            status = cmlp_model_predict(file.model, &rows, &nothing, &file.run);
            free(row);
        } else if (file.model || file.memory) {
            return 1;
        }
        printf("%s\n", cmlp_status_name(status));
        cmlp_file_free(&file);
        cmlp_file_free(&file);
    }
    return 0;
}
#endif
