/* The labels, names, categories, cell format and kind of calibration in the tensors of a model file. docs/model-file.md
 * has the rules. */
#ifndef CMLP_MODEL_VALUES_H
#define CMLP_MODEL_VALUES_H

#include "../../../../include/cmlp_table.h"

/* The tensors, in ascending order of their names. */
enum {
    CMLP_CALIBRATION_KIND,
    CMLP_CATEGORY_COUNTS,
    CMLP_CATEGORY_ENDS,
    CMLP_CATEGORY_INTEGERS,
    CMLP_CATEGORY_NUMBERS,
    CMLP_CATEGORY_ORDER,
    CMLP_CATEGORY_TEXT,
    CMLP_CATEGORY_TYPES,
    CMLP_CELL_ENDS,
    CMLP_CELL_FORM,
    CMLP_CELL_TEXT,
    CMLP_COLUMN_KINDS,
    CMLP_LABEL_ENDS,
    CMLP_LABEL_INTEGERS,
    CMLP_LABEL_KIND,
    CMLP_LABEL_NUMBERS,
    CMLP_LABEL_TEXT,
    CMLP_NAME_ENDS,
    CMLP_NAME_TEXT,
    CMLP_TARGET_ENDS,
    CMLP_TARGET_TEXT,
    CMLP_VALUE_TENSORS
};

/* Name and type of each. */
typedef struct cmlp_value_tensor {
    const char *name;
    cmlp_dtype dtype;
} cmlp_value_tensor;

extern const cmlp_value_tensor cmlp_value_tensors[CMLP_VALUE_TENSORS];

/* What labels are used for. */
enum { CMLP_LABELS_ARE_CLASSES = 1, CMLP_LABELS_ARE_SEVERAL = 2 };

/* Where the tensors of a file are; all zeros if it has none. */
typedef struct cmlp_stored_values {
    uint64_t starts[CMLP_VALUE_TENSORS]; /* offsets in the file */
    int64_t n[CMLP_VALUE_TENSORS];       /* elements */
} cmlp_stored_values;

/* What they must fit. */
typedef struct cmlp_value_sizes {
    int64_t n_inputs, n_outputs; /* of the model */
    int64_t n_columns, n_targets; /* of a table; 0 of a network, and without targets with names */
    int has_scores;
} cmlp_value_sizes;

/* The kind of a column with n categories that has none in a program or a file. */
cmlp_table_kind cmlp_usual_kind(cmlp_table_role role, int64_t n);

/* Whether a column with n categories can be of a kind. */
int cmlp_fits_kind(const cmlp_table_column *column, cmlp_table_kind kind, int64_t n);

/* Whether cells can have this decimal point and this separator of thousands, or 0. */
int cmlp_is_cell_form(int32_t decimal, int32_t thousands);

/* Checks which tensors there are, and their lengths. Returns FILE_NAME or FILE_TENSOR. */
cmlp_status cmlp_check_value_sizes(const cmlp_stored_values *values, const cmlp_value_sizes *sizes);

#endif
