/* Predicts many rows in one call: bytes, every second row, in another order, with threads. The bits are those of single
 * rows. */
#include "journey.h"

enum { ROWS = 1000 };

int main(int argc, char **argv)
{
    cmlp_file file;
    CHECK(argc == 2);
    OK(cmlp_file_load(&file, argv[1], NULL));
    const int64_t n_in = file.info.n_in, n_out = file.info.n_out, chosen[] = {7, 0, 499, 7};
    CHECK(n_in <= 16 && n_out <= 16 && file.info.dtype == CMLP_FLOAT32);
    static uint8_t x[ROWS][16];
    static float outputs[ROWS * 16];
    static int32_t labels[ROWS];
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < 16; j++) x[i][j] = (uint8_t)(i * 31 + j * 7);
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_UINT8, ROWS / 2, n_in);
    rows.row_stride = 2 * (int64_t)sizeof x[0];
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.n_threads = 3;
    OK(cmlp_model_workspace_size(file.model, &rows, &run.workspace_size, &run));
    run.workspace = malloc(run.workspace_size);
    CHECK(run.workspace);
    cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
    prediction.outputs = outputs;
    prediction.n_outputs = ROWS * n_out;
    prediction.class_indices = labels;
    for (int pass = 0; pass < 2; pass++) {
        rows.order = pass ? chosen : NULL;
        rows.n_order = pass ? 4 : 0;
        prediction.n_class_indices = ROWS;
        OK(cmlp_model_predict(file.model, &rows, &prediction, &run));
        for (int64_t i = 0; i < (pass ? 4 : ROWS / 2); i++) {
            float alone[16];
            int32_t label;
            OK(predict_one(file.model, x[2 * (pass ? chosen[i] : i)], CMLP_UINT8, n_in, &label, alone, n_out, &file.run));
            CHECK(label == labels[i] && !memcmp(alone, outputs + i * n_out, (size_t)n_out * sizeof *alone));
        }
    }
    const int64_t outside = ROWS;
    rows.order = &outside;
    rows.n_order = 1;
    CHECK(cmlp_model_predict(file.model, &rows, &prediction, &run) == CMLP_ERROR_ORDER);
    CHECK(run.bad_element == 0 && run.refused && !strcmp(run.refused, "rows->order"));
    rows.order = NULL;
    rows.n_order = rows.n_rows = 0;
    const cmlp_prediction none = CMLP_INIT(cmlp_prediction);
    OK(cmlp_model_predict(file.model, &rows, &none, &run));
    free(run.workspace);
    cmlp_file_free(&file);
    return 0;
}
