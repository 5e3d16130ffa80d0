/* The columns of a table as inputs of a network. */
#ifndef CMLPI_ENCODE_H
#define CMLPI_ENCODE_H

#include "../../../../include/cmlp_table.h"
#include "../net/net.h"
#include "encoded.h"

/* Returns the number of edges of a column of numbers and of its parts. */
static inline int64_t cmlpi_column_edges(const cmlp_table_column *c)
{
    int64_t n = c->n_edges;
    for (int64_t k = 0; k < c->n_parts; k++) n += c->parts[k].n_edges;
    return n;
}

/* Returns the number of numbers that a file has of a column. */
static inline int64_t cmlpi_column_numbers(const cmlp_table_column *c)
{
    if (c->role == CMLP_TABLE_ROLE_CATEGORY) return 0;
    return (c->role == CMLP_TABLE_ROLE_NUMBER ? 2 + cmlpi_column_edges(c) : 0) + c->n_missing_values;
}

/* Returns the number of inputs of a part of a date. */
static inline int64_t cmlpi_part_width(const cmlp_table_date_part *part, int has_bins)
{
    return 2 + (has_bins && part->n_edges ? part->n_edges - 1 : 0);
}

/* Returns the number of inputs of one column. */
int64_t cmlpi_column_width(const cmlp_table_column *c, int has_bins);

/* Returns the number of inputs of checked columns, or of columns whose edges are not set yet. -1: more than 2^31 - 1. */
int64_t cmlpi_columns_width(const cmlp_table_column *columns, int64_t n_columns, int has_bins);

/* Checks the columns of an encoder; *bad becomes the index of a column that is refused. */
cmlp_status cmlpi_check_columns(const cmlp_table_column *columns, int64_t n_columns, int64_t *bad);

/* Returns VALUE if a statistic of checked columns is not finite. The encoder does not check it: there may be a million
 * statistics. */
cmlp_status cmlpi_check_statistics(const cmlp_table_column *columns, int64_t n_columns);

/* Encodes one row with checked columns, in the core's floating-point mode. Returns 0 if a value is infinite. */
int cmlpi_encode_row(const cmlp_table_encoder *encoder, const double *raw, void *inputs);

#endif
