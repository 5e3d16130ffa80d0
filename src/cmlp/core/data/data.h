/* Rows, targets and row weights of a call, which are checked once. */
#ifndef CMLPI_DATA_H
#define CMLPI_DATA_H

#include "../net/net.h"

/* The data of a call: everything that is read per row. */
typedef struct cmlpi_data {
    const cmlp_net *net;
    cmlp_rows rows; /* the caller's structs with defaults filled in */
    cmlp_targets targets; /* of training and gradients */
    const double *row_weights; /* or NULL */
    int64_t n;   /* number of selected rows */
    int64_t first_stored, n_stored; /* the rows in rows->data: all, or those of a worker; others are not computed */
    int in_place; /* whether the kernels read the caller's rows directly */
    int32_t allowed_targets; /* targets that the loss allows, a constant of losses.h; set if there are targets */
    int64_t n_values; /* CSR: number of stored values of the selected rows */
} cmlpi_data;

static inline int64_t cmlpi_n_selected(const cmlp_rows *rows) { return rows->order ? rows->n_order : rows->n_rows; }

/* Index within the rows of the i-th selected row. */
static inline int64_t cmlpi_selected_row(const cmlp_rows *rows, int64_t i) { return rows->order ? rows->order[i] : i; }
static inline int64_t cmlpi_row_index(const cmlpi_data *data, int64_t i) { return cmlpi_selected_row(&data->rows, i); }

/* Whether the i-th selected row is in rows->data. */
static inline int cmlpi_is_stored(const cmlpi_data *data, int64_t i)
{
    const int64_t row = cmlpi_row_index(data, i);
    return row >= data->first_stored && row - data->first_stored < data->n_stored;
}

static inline int cmlpi_is_sparse(const cmlpi_data *data)
{
    return CMLP_BUILD_ROWS && data->rows.kind == CMLP_ROWS_CSR;
}

#define CMLPI_PREFETCH_ROWS 6 /* prefetch distance: converting 6 rows takes about as long as a cache miss */

#endif
