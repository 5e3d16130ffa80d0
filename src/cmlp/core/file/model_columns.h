/* The words of a table's columns in the head of a model file. */
#ifndef CMLP_MODEL_COLUMNS_H
#define CMLP_MODEL_COLUMNS_H

#include "known_tensors.h"

/* What the words of all columns specify. */
typedef struct cmlpi_column_words {
    int64_t n_columns;
    int64_t n_numbers; /* a centre, a scale, and the edges of each column of numbers and of its parts */
    int64_t n_levels;  /* of all columns */
    int64_t widths[2]; /* number of inputs without and with bins */
} cmlpi_column_words;

/* Reads the words. If `columns` is not NULL, writes role, has_missing, n, n_levels and n_one_hot of each column, n and used
 * of its parts, and zeros. *at becomes the position of an error. */
cmlp_status cmlpi_read_columns(const string_view *text, cmlp_table_column *columns, cmlpi_column_words *words,
                               const unsigned char **at);

#endif
