/* Writes the outputs of a model for rows of its own type: the arguments are the model's file and the file of the rows. */
#include <cmlp_file.h>
#include <stdio.h>

enum { MOST = 64 };

int main(int argc, char **argv)
{
    cmlp_file file;
    double row[MOST], output[MOST]; /* large enough, and aligned, for both types */
    if (argc != 3 || cmlp_file_load(&file, argv[1], NULL)) return 1;
    const int is_float = file.info.dtype == CMLP_FLOAT32;
    const size_t size = is_float ? sizeof(float) : sizeof(double);
    const size_t n_in = (size_t)file.info.n_in, n_out = (size_t)file.info.n_out;
    FILE *const rows = fopen(argv[2], "rb");
    if (!rows || n_in > MOST || n_out > MOST) return 1;
    while (fread(row, size, n_in, rows) == n_in) {
        const cmlp_rows one = cmlp_dense_rows(row, file.info.dtype, 1, file.info.n_in);
        const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = output, .n_outputs = MOST};
        const cmlp_status status = cmlp_model_predict(file.model, &one, &prediction, &file.run);
        if (status || fwrite(output, size, n_out, stdout) != n_out) return 1;
    }
    fclose(rows);
    cmlp_file_free(&file);
    return 0;
}
