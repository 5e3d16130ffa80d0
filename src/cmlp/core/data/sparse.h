/* CSR rows: checked once, then read by the kernels directly from the caller's arrays. */
#ifndef CMLPI_SPARSE_H
#define CMLPI_SPARSE_H

#include "data.h"

/* Checks types, pointers and alignment of the CSR arrays. Pointers may be NULL if no row is needed. */
cmlp_status cmlpi_check_sparse_arrays(const cmlp_rows *rows, int needed, const char **refused);

/* Checks the selected rows and counts their stored values in data->n_values. All other fields of `data` must be set.
 * *bad becomes the row that is refused. */
cmlp_status cmlpi_check_sparse_rows(cmlpi_data *data, int64_t *bad);

/* Lists the selected rows [first, first + n). */
void cmlpi_gather_sparse(const cmlpi_data *data, int64_t first, int64_t n, cmlpi_csr_row *list);

/* The n listed rows in the form that the kernels read. */
static inline cmlpi_csr cmlpi_sparse_matrix(const cmlpi_data *data, const cmlpi_csr_row *list, int64_t n)
{
    const cmlp_rows *rows = &data->rows;
    return (cmlpi_csr){.list = list, .n_rows = n, .n_in = rows->n_columns, .scale = rows->scale,
                       .factors = rows->factors, .dtype = rows->dtype, .has_int64_columns = rows->index_dtype == CMLP_INT64};
}

/* Column of the first stored value of a row that is not finite, or -1; cmlpi_bad_input() for CSR rows. */
int64_t cmlpi_bad_sparse(const cmlpi_data *data, int64_t selected, void *scratch);

#endif
