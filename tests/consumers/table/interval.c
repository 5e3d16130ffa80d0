/* Prints the prediction of a table's model for one row, and the ends of its interval: a line for each target.
 * Arguments: the model file, the coverage, and a cell for each column: a number, a text, or "" if it is missing. */
#include <cmlp_table.h>
#include <cmlp_file.h>

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 16 };

int main(int argc, char **argv)
{
    cmlp_file file;
    cmlp_value cells[MOST];
    double outputs[MOST], ends[2 * MOST];
    if (argc < 3 || argc > 3 + MOST || cmlp_file_load(&file, argv[1], NULL)) return 1;
    const cmlp_model_info *const info = &file.info;
    if (info->n_in != argc - 3 || info->n_out > MOST) return 2;
    for (int i = 3; i < argc; i++) cells[i - 3] = cmlp_text(argv[i], -1);
    const cmlp_rows row = cmlp_cell_rows(cells, 1, info->n_in, NULL);
    const cmlp_answer answer = {.struct_size = sizeof answer, .outputs = outputs, .n_outputs = info->n_out,
                                .coverage = strtod(argv[2], NULL), .intervals = ends, .n_intervals = info->n_ends};
    const cmlp_status status = cmlp_model_answer(file.model, &row, &answer, &file.run);
    const int64_t width = info->n_out / info->n_targets; /* a model of one target can have several outputs: quantiles */
    for (int64_t k = 0; !status && k < info->n_targets; k++) {
        for (int64_t i = 0; i < width; i++) printf("%.17g ", outputs[k + i]);
        printf("%.17g %.17g\n", ends[2 * k], ends[2 * k + 1]);
    }
    cmlp_file_free(&file);
    return status;
}
