/* The names, types and shapes of a model file's tensors. */
#include "known_tensors.h"

cmlp_model_array cmlpi_sized_array(int tensor, const cmlpi_tensor_sizes *sizes, const void *data)
{
    switch (tensor) {
    case CMLPI_SIZED_EXAMPLE_INPUT: return cmlpi_array_of("example.input", data, sizes->n_in, 0, sizes->dtype);
    case CMLPI_SIZED_EXAMPLE_OUTPUT: return cmlpi_array_of("example.output", data, sizes->n_out, 0, sizes->dtype);
    case CMLPI_SIZED_INPUT_FACTOR: return cmlpi_array_of(CMLPI_INPUT_FACTOR, data, sizes->n_in, 0, CMLP_FLOAT64);
    case CMLPI_SIZED_INPUT_SHIFT: return cmlpi_array_of(CMLPI_INPUT_SHIFT, data, sizes->n_in, 0, CMLP_FLOAT64);
    case CMLPI_SIZED_TABLE_NUMBERS: return cmlpi_array_of("table.numbers", data, sizes->n_numbers, 0, CMLP_FLOAT64);
    case CMLPI_SIZED_TABLE_STATISTICS:
        return cmlpi_array_of("table.statistics", data, sizes->n_statistics, 0, CMLP_FLOAT32);
    case CMLPI_SIZED_TABLE_TARGET:
        return cmlpi_array_of("table.target", data, sizes->n_targets, CMLPI_N_TARGET_NUMBERS, CMLP_FLOAT64);
    case CMLPI_SIZED_TABLE_THRESHOLD: return cmlpi_array_of("table.threshold", data, 1, 0, CMLP_FLOAT64);
    default: return cmlpi_array_of("categories.seen", data, 2, sizes->n_in, CMLP_FLOAT64);
    }
}

const cmlpi_value_tensor cmlpi_value_tensors[CMLPI_N_VALUE_TENSORS] = {
    [CMLPI_CELL_ENDS] = {"cells.ends", CMLP_INT64, CMLPI_CELL_ENDS},
    [CMLPI_CELL_FORM] = {"cells.form", CMLP_UINT8, CMLPI_CELL_FORM},
    [CMLPI_CELL_TEXT] = {"cells.text", CMLP_UINT8, CMLPI_CELL_ENDS},
    [CMLPI_LABEL_ENDS] = {"labels.ends", CMLP_INT64, CMLPI_LABEL_TYPE},
    [CMLPI_LABEL_INTEGERS] = {"labels.integer", CMLP_INT64, CMLPI_LABEL_ENDS},
    [CMLPI_LABEL_NUMBERS] = {"labels.number", CMLP_FLOAT64, CMLPI_LABEL_ENDS},
    [CMLPI_LABEL_TEXT] = {"labels.text", CMLP_UINT8, CMLPI_LABEL_ENDS},
    [CMLPI_LABEL_TYPE] = {"labels.type", CMLP_UINT8, CMLPI_LABEL_ENDS},
    [CMLPI_NAME_ENDS] = {"names.ends", CMLP_INT64, CMLPI_NAME_ENDS},
    [CMLPI_NAME_TEXT] = {"names.text", CMLP_UINT8, CMLPI_NAME_ENDS},
#if CMLP_BUILD_TABLES
    [CMLPI_CALIBRATION_KIND] = {"calibration.kind", CMLP_INT32, CMLPI_CALIBRATION_KIND},
    [CMLPI_CATEGORY_COUNTS] = {"categories.counts", CMLP_INT64, CMLPI_CATEGORY_ORDER},
    [CMLPI_CATEGORY_ENDS] = {"categories.ends", CMLP_INT64, CMLPI_CATEGORY_TYPES},
    [CMLPI_CATEGORY_INTEGERS] = {"categories.integer", CMLP_INT64, CMLPI_CATEGORY_TYPES},
    [CMLPI_CATEGORY_NUMBERS] = {"categories.number", CMLP_FLOAT64, CMLPI_CATEGORY_TYPES},
    [CMLPI_CATEGORY_ORDER] = {"categories.order", CMLP_INT32, CMLPI_CATEGORY_TYPES},
    [CMLPI_CATEGORY_TEXT] = {"categories.text", CMLP_UINT8, CMLPI_CATEGORY_ENDS},
    [CMLPI_CATEGORY_TYPES] = {"categories.type", CMLP_UINT8, CMLPI_CATEGORY_COUNTS},
    [CMLPI_FORMAT_ENDS] = {"columns.formats.ends", CMLP_INT64, CMLPI_FORMAT_TEXT},
    [CMLPI_FORMAT_TEXT] = {"columns.formats.text", CMLP_UINT8, CMLPI_FORMAT_ENDS},
    [CMLPI_COLUMN_KINDS] = {"columns.kinds", CMLP_UINT8, CMLPI_COLUMN_KINDS},
    [CMLPI_TARGET_ENDS] = {"targets.ends", CMLP_INT64, CMLPI_TARGET_ENDS},
    [CMLPI_TARGET_TEXT] = {"targets.text", CMLP_UINT8, CMLPI_TARGET_ENDS},
#endif
};

/* The number of elements that a tensor must have. */
static int64_t length_of(int tensor, const int64_t *n, const cmlpi_value_sizes *sizes)
{
    switch (tensor) {
    case CMLPI_LABEL_ENDS:
        return sizes->is_ordered || (n[tensor] == 2 && sizes->n_outputs == 1) ? sizes->n_outputs + 1 : sizes->n_outputs;
    case CMLPI_LABEL_INTEGERS:
    case CMLPI_LABEL_NUMBERS: return n[CMLPI_LABEL_ENDS];
    case CMLPI_NAME_ENDS: return sizes->n_inputs;
    case CMLPI_LABEL_TYPE: return 1;
    case CMLPI_CELL_FORM: return n[tensor] == 3 ? 3 : 2;
#if CMLP_BUILD_TABLES
    case CMLPI_CALIBRATION_KIND: return 2;
    case CMLPI_CATEGORY_COUNTS:
    case CMLPI_FORMAT_ENDS:
    case CMLPI_COLUMN_KINDS: return sizes->n_columns;
    case CMLPI_CATEGORY_ENDS:
    case CMLPI_CATEGORY_ORDER: return n[CMLPI_CATEGORY_TYPES];
    case CMLPI_TARGET_ENDS: return sizes->n_targets;
#endif
    default: return n[tensor]; /* their content determines it */
    }
}

cmlp_status cmlpi_check_value_sizes(const cmlpi_stored_values *values, const cmlpi_value_sizes *sizes)
{
    const int64_t *n = values->n;
    for (int i = 0; i < CMLPI_N_VALUE_TENSORS; i++)
        if (n[i] && !n[cmlpi_value_tensors[i].needed]) return CMLP_ERROR_FILE_NAME;
#if CMLP_BUILD_TABLES
    if (sizes->n_columns && !n[CMLPI_COLUMN_KINDS]) return CMLP_ERROR_FILE_NAME;
    if (n[CMLPI_CALIBRATION_KIND] && !sizes->has_scores) return CMLP_ERROR_FILE_NAME;
    if (n[CMLPI_TARGET_ENDS] && !sizes->n_targets) return CMLP_ERROR_FILE_NAME;
#endif
    for (int i = 0; i < CMLPI_N_VALUE_TENSORS; i++)
        if (n[i] && n[i] != length_of(i, n, sizes)) return CMLP_ERROR_FILE_TENSOR;
    return CMLP_OK;
}
