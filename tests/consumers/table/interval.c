/* Prints the prediction of a table's model for one row, and the ends of its interval: a line for each target.
 * Arguments: the model file, the coverage, and a value for each column: a number, a text, or "" if it is missing. */
#include <cmlp_table.h>
#include <cmlp_file.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns the element of a row for the text of a value. */
static cmlp_status value_of(const cmlp_model *model, int64_t column, const char *text, double *value)
{
    const cmlp_value category = {.text = text, .n_text = (int64_t)strlen(text),
                                 .kind = *text ? CMLP_VALUE_TEXT : CMLP_VALUE_MISSING};
    cmlp_table_column_info info = CMLP_INIT(cmlp_table_column_info);
    const cmlp_status status = cmlp_model_describe_column(model, column, &info, NULL);
    if (status) return status;
    if (info.n_categories) return cmlp_model_find_code(model, column, &category, value, NULL);
    *value = *text ? strtod(text, NULL) : NAN;
    return CMLP_OK;
}

/* Prints a line for each target. A model of one target can have several outputs: quantiles. */
static cmlp_status print_intervals(const cmlp_file *file, double coverage, const double *outputs)
{
    const int64_t n = file->info.n_out, width = n / file->info.n_targets;
    for (int64_t k = 0; k < file->info.n_targets; k++) {
        const cmlp_table_query query = {.struct_size = sizeof query, .outputs = outputs, .n_outputs = n, .target = k,
                                        .coverage = coverage};
        double ends[2];
        const cmlp_status status = cmlp_model_interval(file->model, &query, ends, ends + 1, NULL);
        if (status) return status;
        for (int64_t i = 0; i < width; i++) printf("%.17g ", outputs[k + i]);
        printf("%.17g %.17g\n", ends[0], ends[1]);
    }
    return CMLP_OK;
}

int main(int argc, char **argv)
{
    cmlp_file file;
    double row[16], outputs[16];
    if (argc < 3 || cmlp_file_load(&file, argv[1], NULL)) return 1;
    if (file.info.n_in != argc - 3 || argc > 19 || file.info.n_out > 16) return 2;
    cmlp_status status = CMLP_OK;
    for (int i = 3; i < argc && !status; i++) status = value_of(file.model, i - 3, argv[i], &row[i - 3]);
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT64, 1, argc - 3);
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = outputs, .n_outputs = 16};
    if (!status) status = cmlp_model_predict(file.model, &rows, &prediction, &file.run);
    if (!status) status = print_intervals(&file, strtod(argv[2], NULL), outputs);
    cmlp_file_free(&file);
    return status;
}
