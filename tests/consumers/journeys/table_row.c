/* Prints the prediction of a table's model for one row: a text, a number as a category, a number. */
#include "journey.h"

#include <cmlp_table.h>

int main(int argc, char **argv)
{
    cmlp_file file;
    CHECK(argc == 5);
    OK(cmlp_file_load(&file, argv[1], NULL));
    CHECK(file.info.n_in == 3 && file.info.dtype == CMLP_FLOAT64 && file.info.n_nets > 0);
    const cmlp_value place = text_value(argv[2]);
    cmlp_value size;
    memset(&size, 0, sizeof size);
    size.kind = CMLP_VALUE_DOUBLE;
    size.number = atof(argv[3]);
    double row[3], output;
    OK(cmlp_model_find_code(file.model, 0, &place, &row[0], NULL));
    OK(cmlp_model_find_code(file.model, 1, &size, &row[1], NULL));
    CHECK(cmlp_model_find_code(file.model, 2, &size, &row[2], NULL) == CMLP_ERROR_NOT_FOUND);
    row[2] = *argv[4] ? atof(argv[4]) : (double)NAN;
    OK(predict_one(file.model, row, CMLP_FLOAT64, 3, NULL, &output, 1, &file.run));
    printf("%.17g\n", output);
    cmlp_file_free(&file);
    return 0;
}
