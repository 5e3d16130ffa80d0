/* Loads a classifier by its path and prints, for each row of floats in a second file, the label and the outputs. */
#include "journey.h"

int main(int argc, char **argv)
{
    cmlp_file file;
    float row[16], output[16];
    cmlp_value label;
    int32_t index = -1;
    CHECK(argc == 3);
    OK(cmlp_file_load(&file, argv[1], NULL));
    CHECK(file.info.n_in <= 16 && file.info.n_out <= 16);
    FILE *const rows = fopen(argv[2], "rb");
    CHECK(rows);
    while (fread(row, sizeof *row, (size_t)file.info.n_in, rows) == (size_t)file.info.n_in) {
        OK(predict_one(file.model, row, CMLP_FLOAT32, file.info.n_in, &index, output, 16, &file.run));
        OK(cmlp_model_find_label(file.model, index, &label, NULL));
        printf("%.*s", (int)label.n_text, label.text);
        for (int64_t k = 0; k < file.info.n_out; k++) printf(" %.9g", (double)output[k]);
        printf("\n");
    }
    /* A row that cannot be predicted is refused, and the label stays. */
    row[0] = (float)NAN;
    index = 77;
    CHECK(predict_one(file.model, row, CMLP_FLOAT32, file.info.n_in, &index, output, 16, &file.run) == CMLP_ERROR_INPUT);
    CHECK(index == 77 && file.run.bad_row == 0 && file.run.bad_column == 0);
    fclose(rows);
    cmlp_file_free(&file);
    return 0;
}
