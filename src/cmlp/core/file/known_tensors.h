/* The tensors of a model file that have labels, names, categories, the cell format and the kind of a calibration.
 * docs/model-file.md has the rules. */
#ifndef CMLP_KNOWN_TENSORS_H
#define CMLP_KNOWN_TENSORS_H

#include "../../../../include/cmlp_table.h"
#include "../base/build.h"

#define CMLP_DATA_MOST (UINT64_C(1) << 53) /* the largest number in a head: exact in JavaScript */
#define CMLP_NAME_MOST 64                  /* letters of a key or a tensor's name */

/* A key, a name or another part of a head. */
typedef struct string_view {
    const unsigned char *at;
    size_t length;
} string_view;

/* The tensors: those of every model, then those of tables. */
enum {
    CMLP_CELL_ENDS,
    CMLP_CELL_FORM,
    CMLP_CELL_TEXT,
    CMLP_LABEL_ENDS,
    CMLP_LABEL_INTEGERS,
    CMLP_LABEL_NUMBERS,
    CMLP_LABEL_TEXT,
    CMLP_LABEL_TYPE,
    CMLP_NAME_ENDS,
    CMLP_NAME_TEXT,
    CMLP_NETWORK_TENSORS,
    CMLP_CALIBRATION_KIND = CMLP_NETWORK_TENSORS,
    CMLP_CATEGORY_COUNTS,
    CMLP_CATEGORY_ENDS,
    CMLP_CATEGORY_INTEGERS,
    CMLP_CATEGORY_NUMBERS,
    CMLP_CATEGORY_ORDER,
    CMLP_CATEGORY_TEXT,
    CMLP_CATEGORY_TYPES,
    CMLP_FORMAT_ENDS,
    CMLP_FORMAT_TEXT,
    CMLP_COLUMN_KINDS,
    CMLP_TARGET_ENDS,
    CMLP_TARGET_TEXT,
    CMLP_TABLE_TENSORS
};

#define CMLP_VALUE_TENSORS (CMLP_BUILDS_TABLES ? CMLP_TABLE_TENSORS : CMLP_NETWORK_TENSORS)

/* The name and the type of a tensor, and another one without which there is none of it. */
typedef struct cmlpi_value_tensor {
    const char *name;
    cmlp_dtype dtype;
    int32_t needed;
} cmlpi_value_tensor;

extern const cmlpi_value_tensor cmlpi_value_tensors[CMLP_VALUE_TENSORS];

/* The most ordered labels of a table. */
enum { CMLP_MAX_RANKS = 256 };

/* Where the tensors of a file are; all zeros if it has none. */
typedef struct cmlpi_stored_values {
    uint64_t starts[CMLP_VALUE_TENSORS]; /* offsets in the file */
    int64_t n[CMLP_VALUE_TENSORS];       /* elements */
} cmlpi_stored_values;

/* What they must fit. */
typedef struct cmlpi_value_sizes {
    int64_t n_inputs, n_outputs; /* of the model */
    int64_t n_columns, n_targets; /* of a table; 0 of a network, and without targets with names */
    int has_scores, is_ordered;
} cmlpi_value_sizes;

/* The kind of a column with n categories that has none in a program or a file. */
cmlp_table_column_kind cmlpi_default_kind(cmlp_table_role role, int64_t n);

/* Whether a column of this kind holds dates. */
int cmlpi_is_date_kind(cmlp_table_column_kind kind);

/* Whether a column with n categories can be of a kind. */
int cmlpi_allows_kind(const cmlp_table_column *column, cmlp_table_column_kind kind, int64_t n);

/* Whether cells can have this decimal point and this separator of thousands, or 0. */
int cmlpi_is_cell_form(int32_t decimal, int32_t thousands);

/* Checks which tensors there are, and their lengths. Returns FILE_NAME or FILE_TENSOR. */
cmlp_status cmlpi_check_value_sizes(const cmlpi_stored_values *values, const cmlpi_value_sizes *sizes);

#endif
