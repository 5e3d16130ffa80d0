/* CSR rows: checked once, then handed to the kernels where they lie. */
#ifndef CMLP_SPARSE_H
#define CMLP_SPARSE_H

#include "rows.h"

static inline int cmlp_is_sparse(const cmlp_data *data) { return data->rows->kind == CMLP_CSR; }

/* Whether the arrays' types and places are such that they can be read. */
int cmlp_check_sparse_arrays(const cmlp_rows *rows, const char **refused);

/* Checks the rows used, `data` being filled otherwise, and counts their values in data->values. */
int cmlp_check_sparse_rows(cmlp_data *data);

/* The selected rows [first, first + n). */
void cmlp_gather_sparse(const cmlp_data *data, int64_t first, int64_t n, cmlp_csr_row *list);

/* They as the kernels take them. */
static inline cmlp_csr cmlp_sparse_matrix(const cmlp_data *data, const cmlp_csr_row *list)
{
    const cmlp_rows *rows = data->rows;
    const int wide = rows->index_dtype == CMLP_INT64;
    return (cmlp_csr){.rows = list, .n_in = rows->n_cols, .scale = rows->scale, .dtype = rows->dtype, .wide = wide};
}

/* As cmlp_bad_input: the column of the first value that is not finite, or -1. */
int64_t cmlp_bad_sparse(const cmlp_data *data, int64_t selected, void *scratch);

#endif
