/* Prints the prediction of a table's model for one row: a text, a number as a category, a number. */
#include "journey.h"

#include <cmlp_table.h>

int main(int argc, char **argv)
{
    cmlp_file file;
    CHECK(argc == 5);
    OK(cmlp_file_load(&file, argv[1]));
    CHECK(file.info.n_inputs == 3 && file.info.dtype == CMLP_FLOAT64 && file.info.n_nets > 0);
    cmlp_table_categories places = CMLP_INIT(cmlp_table_categories), sizes = CMLP_INIT(cmlp_table_categories);
    OK(cmlp_table_find_categories(file.model, 0, &places));
    OK(cmlp_table_find_categories(file.model, 1, &sizes));
    CHECK(cmlp_table_find_categories(file.model, 2, &sizes) == CMLP_ERROR_OPTION);
    double row[3], output;
    OK(cmlp_table_code_of_text(&places, argv[2], &row[0]));
    OK(cmlp_table_code_of_number(&sizes, atof(argv[3]), &row[1]));
    row[2] = *argv[4] ? atof(argv[4]) : (double)NAN;
    OK(cmlp_model_predict_f64(file.model, row, 3, NULL, &output, 1, file.workspace, file.info.workspace_size));
    printf("%.17g\n", output);
    cmlp_file_free(&file);
    return 0;
}
