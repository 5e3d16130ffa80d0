/* The columns of a table in the head of a model file: their words, and their categories. */
#ifndef CMLP_MODEL_COLUMNS_H
#define CMLP_MODEL_COLUMNS_H

#include "../../../../include/cmlp_table.h"
#include "model_text.h"

/* What the words of all columns tell. */
typedef struct cmlp_column_words {
    int64_t n_columns;
    int64_t n_numbers; /* a centre, a scale, and the edges of each column of numbers and of its parts */
    int64_t widths[2]; /* number of inputs without and with bins */
} cmlp_column_words;

/* Reads the value of the metadata key "columns". If `columns` is not NULL, writes kind, has_missing, n, and n and used
 * of the parts of each column, and zeros. *at becomes the place of an error. */
cmlp_status cmlp_read_columns(cmlp_text text, cmlp_table_column *columns, cmlp_column_words *words, const char **at);

/* Checked columns: their words, or an array. */
typedef struct cmlp_column_list {
    cmlp_text words;
    const cmlp_table_column *columns; /* NULL for words */
    int64_t n_columns;
} cmlp_column_list;

/* Checks the value of the metadata key "categories". *at becomes the place of an error. */
cmlp_status cmlp_check_categories(cmlp_text text, cmlp_column_list columns, const char **at);

/* Checks the value of the metadata key "targets": a name, or null, for each of n targets. *at becomes the place of an
 * error. */
cmlp_status cmlp_check_targets(cmlp_text text, int64_t n, const char **at);

#endif
