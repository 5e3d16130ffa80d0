/* The words of a table's columns in the head of a model file. */
#ifndef CMLPI_MODEL_COLUMNS_H
#define CMLPI_MODEL_COLUMNS_H

#include "../model_format.h"

/* What the words of all columns specify. */
typedef struct cmlpi_column_words {
    int64_t n_columns;
    int64_t n_numbers; /* a centre, a scale, the edges of each column of numbers and of its parts, and its missing values */
    int64_t n_statistics;  /* of all columns */
    int64_t n_parts;   /* likewise */
    int64_t n_missing_values; /* likewise, also of categories */
    int64_t widths[2]; /* number of inputs without and with bins */
} cmlpi_column_words;

/* Reads the words. If `columns` is not NULL, writes the columns and their parts, but for what the tensors contain. *at becomes
 * the position of an error. */
cmlp_status cmlpi_read_columns(const string_view *text, cmlp_table_column *columns, cmlp_table_date_part *parts,
                               cmlpi_column_words *words, const unsigned char **at);

#endif
