/* Predicts the rows of a file, a number of them in each call, and prints a hash of the outputs:
 *
 *   many_rows MODEL ROWS N_ROWS ROWS_PER_CALL [bytes] */
#include "cmlp_file.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    cmlp_file file;
    if (argc < 5 || cmlp_file_load(&file, argv[1], NULL) != CMLP_OK) return 1;
    const int64_t n = atoi(argv[3]), each = atoi(argv[4]), n_in = file.info.n_in, n_out = file.info.n_out;
    const size_t of_output = file.info.dtype == CMLP_FLOAT32 ? sizeof(float) : sizeof(double);
    const size_t of_input = argc > 5 ? 1 : of_output;
    unsigned char *x = malloc((size_t)(n * n_in) * of_input), *outputs = malloc((size_t)(n * n_out) * of_output);
    FILE *source = fopen(argv[2], "rb");
    if (!source || fread(x, (size_t)n_in * of_input, (size_t)n, source) != (size_t)n) return 2;
    cmlp_rows rows = cmlp_dense_rows(x, argc > 5 ? CMLP_UINT8 : file.info.dtype, each, n_in);
    cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
    cmlp_run run = CMLP_INIT(cmlp_run);
    if (cmlp_model_workspace_size(file.model, &rows, &run.workspace_size, &run)) return 3;
    run.workspace = malloc(run.workspace_size);
    prediction.n_outputs = each * n_out;
    for (int64_t i = 0; i + each <= n; i += each) {
        rows.data = x + (size_t)(i * n_in) * of_input;
        prediction.outputs = outputs + (size_t)(i * n_out) * of_output;
        if (cmlp_model_predict(file.model, &rows, &prediction, &run)) return 4;
    }
    uint64_t hash = 0;
    for (size_t i = 0; i < (size_t)(n * n_out) * of_output; i++) hash = hash * UINT64_C(0x100000001b3) + outputs[i] + 1;
    printf("%llu\n", (unsigned long long)hash);
    return 0;
}
