/* The strings and arrays that a program adds to a model file. */
#ifndef CMLPI_MODEL_CONTENT_H
#define CMLPI_MODEL_CONTENT_H

#include "../known_tensors.h"
#include "../model_rules.h"

/* What the content must fit. */
typedef struct cmlpi_content_kind {
    const cmlp_table_column *columns; /* with the next two fields; NULL for a network */
    int64_t n_columns;
    int has_calibration; /* then no arrays are scores, widths or limits of another one */
    int64_t n_targets; /* of a table, as in cmlp_model_info */
    int has_training;  /* then names of arrays do not start with "training." */
    int has_any_names; /* whether keys and names need not begin with "user.", as those of Python */
} cmlpi_content_kind;

/* Checks an array if it is one of a calibration: limits, scores, then widths. */
cmlp_status cmlpi_check_calibration_array(const cmlp_model_array *a, const cmlpi_content_kind *kind, int64_t *n_targets);

/* Checks the strings and arrays; run->refused and run->bad_element report which one is refused. */
cmlp_status cmlpi_check_content(const cmlp_model_content *content, const cmlpi_content_kind *kind, cmlp_run *run);

/* Like strcmp, for names that are not NULL. */
int cmlpi_order_of(const char *a, const char *b);

/* The name of a type in the file, or NULL. */
const char *cmlpi_dtype_name_of(int32_t dtype);

#endif
