/* The tensors of a model file beside layers, training and scores. docs/model-file.md has the rules. */
#ifndef CMLPI_KNOWN_TENSORS_H
#define CMLPI_KNOWN_TENSORS_H

#include "model_format.h"

/* The tensors whose shapes follow from sizes: those of every model, then those of tables. */
enum {
    CMLPI_SIZED_EXAMPLE_INPUT,
    CMLPI_SIZED_EXAMPLE_OUTPUT,
    CMLPI_SIZED_INPUT_FACTOR,
    CMLPI_SIZED_INPUT_SHIFT,
    CMLPI_N_SIZED_OF_NETWORKS,
    CMLPI_SIZED_TABLE_NUMBERS = CMLPI_N_SIZED_OF_NETWORKS,
    CMLPI_SIZED_TABLE_STATISTICS,
    CMLPI_SIZED_TABLE_TARGET,
    CMLPI_SIZED_TABLE_THRESHOLD,
    CMLPI_SIZED_TABLE_SEEN, /* an array of the content, for the writer */
    CMLPI_N_SIZED
};

/* These sizes, and the type of the example. */
typedef struct cmlpi_tensor_sizes {
    int64_t n_in, n_out; /* of the example; n_in is also the number of a table's columns */
    int64_t n_numbers, n_statistics, n_targets;
    cmlp_dtype dtype;
} cmlpi_tensor_sizes;

static inline cmlp_model_array cmlpi_array_of(const char *name, const void *data, int64_t rows, int64_t columns,
                                              cmlp_dtype dtype)
{
    return (cmlp_model_array){.name = name, .data = data, .n_rows = rows, .n_columns = columns, .dtype = dtype};
}

/* The name, the type and the shape of such a tensor, with its data. */
cmlp_model_array cmlpi_sized_array(int tensor, const cmlpi_tensor_sizes *sizes, const void *data);

/* The tensors of labels, names, categories, the cell format and the kind of a calibration: those of every model, then those
 * of tables. */
enum {
    CMLPI_CELL_ENDS,
    CMLPI_CELL_FORM,
    CMLPI_CELL_TEXT,
    CMLPI_LABEL_ENDS,
    CMLPI_LABEL_INTEGERS,
    CMLPI_LABEL_NUMBERS,
    CMLPI_LABEL_TEXT,
    CMLPI_LABEL_TYPE,
    CMLPI_NAME_ENDS,
    CMLPI_NAME_TEXT,
    CMLPI_N_NETWORK_TENSORS,
    CMLPI_CALIBRATION_KIND = CMLPI_N_NETWORK_TENSORS,
    CMLPI_CATEGORY_COUNTS,
    CMLPI_CATEGORY_ENDS,
    CMLPI_CATEGORY_INTEGERS,
    CMLPI_CATEGORY_NUMBERS,
    CMLPI_CATEGORY_ORDER,
    CMLPI_CATEGORY_TEXT,
    CMLPI_CATEGORY_TYPES,
    CMLPI_FORMAT_ENDS,
    CMLPI_FORMAT_TEXT,
    CMLPI_COLUMN_KINDS,
    CMLPI_TARGET_ENDS,
    CMLPI_TARGET_TEXT,
    CMLPI_N_TABLE_TENSORS
};

#define CMLPI_N_VALUE_TENSORS (CMLP_BUILD_TABLES ? CMLPI_N_TABLE_TENSORS : CMLPI_N_NETWORK_TENSORS)

/* The name and the type of a tensor, and another one without which there is none of it. */
typedef struct cmlpi_value_tensor {
    const char *name;
    cmlp_dtype dtype;
    int32_t needed;
} cmlpi_value_tensor;

extern const cmlpi_value_tensor cmlpi_value_tensors[CMLPI_N_VALUE_TENSORS];

/* Where the tensors of a file are; all zeros if it has none. */
typedef struct cmlpi_stored_values {
    uint64_t starts[CMLPI_N_VALUE_TENSORS]; /* offsets in the file */
    int64_t n[CMLPI_N_VALUE_TENSORS];       /* elements */
} cmlpi_stored_values;

/* What they must fit. */
typedef struct cmlpi_value_sizes {
    int64_t n_inputs, n_outputs; /* of the model */
    int64_t n_columns, n_targets; /* of a table; 0 of a network, and without targets with names */
    int has_scores, is_ordered;
} cmlpi_value_sizes;

/* Checks which tensors there are, and their lengths. Returns FILE_NAME or FILE_TENSOR. */
cmlp_status cmlpi_check_value_sizes(const cmlpi_stored_values *values, const cmlpi_value_sizes *sizes);

#endif
