#include "sparse.h"

#include "../base/arguments.h"
#include "../base/target.h"

/* Reads an index exactly once. If another thread changes the arrays during a call, the results are wrong, but the index
 * that was checked is the one used. */
static int64_t index_at(const cmlp_rows *rows, const void *list, int64_t i)
{
    return rows->index_dtype == CMLP_INT64 ? ((const volatile int64_t *)list)[i] : ((const volatile int32_t *)list)[i];
}

static const void *index_address(const cmlp_rows *rows, const void *list, int64_t i)
{
    return (const char *)list + i * (int64_t)cmlpi_bytes_of(rows->index_dtype);
}

static cmlp_status check_array(const void *array, size_t size, int needed, const char *name, const char **refused)
{
    if (!array && needed) return cmlpi_refuse(refused, CMLP_ERROR_NULL, name);
    return cmlpi_misaligned(array, size) ? cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, name) : CMLP_OK;
}

cmlp_status cmlpi_check_sparse_arrays(const cmlp_rows *rows, int needed, const char **refused)
{
    if (rows->index_dtype != CMLP_INT32 && rows->index_dtype != CMLP_INT64)
        return cmlpi_refuse(refused, CMLP_ERROR_DTYPE, "rows->index_dtype");
    if (!cmlpi_is_value_dtype(rows->dtype))
        return cmlpi_refuse(refused, CMLP_ERROR_DTYPE, "rows->dtype");
    if (rows->n_values < 0) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->n_values");
    const size_t index = cmlpi_bytes_of(rows->index_dtype);
    cmlp_status status = check_array(rows->indptr, index, needed, "rows->indptr", refused);
    needed = needed && rows->n_values;
    if (!status) status = check_array(rows->indices, index, needed, "rows->indices", refused);
    if (!status) status = check_array(rows->data, cmlpi_bytes_of(rows->dtype), needed, "rows->data", refused);
    return status;
}

/* Returns whether n column indices are ascending and below n_columns. The loop contains no branch, so that it can be
 * vectorized. ASCENDING(ascending_32, int32_t) defines ascending_32(const int32_t *columns, n, n_columns). */
#define ASCENDING(name, type)                                                   \
    static int name(const type *columns, int64_t n, int64_t n_columns)          \
    {                                                                           \
        int falls = 0;                                                          \
        for (int64_t p = 1; p < n; p++) falls |= columns[p] <= columns[p - 1];  \
        return !n || (columns[0] >= 0 && columns[n - 1] < n_columns && !falls); \
    }
ASCENDING(ascending_32, int32_t)
ASCENDING(ascending_64, int64_t)

#define COLUMN_BYTES 4096 /* of a row to prefetch: the hardware prefetcher loads the rest */

/* Prefetches the column indices of a row some rows after this one, if its indptr entries are valid. Inlined, because
 * GCC removes calls of functions that only prefetch. */
VEC_FN void prefetch_columns(const cmlpi_data *data, int64_t selected)
{
    const cmlp_rows *rows = &data->rows;
    if (selected + CMLPI_PREFETCH_ROWS >= data->n) return;
    const int64_t row = cmlpi_row_index(data, selected + CMLPI_PREFETCH_ROWS);
    const int64_t begin = index_at(rows, rows->indptr, row), end = index_at(rows, rows->indptr, row + 1);
    if (begin < 0 || begin >= end || end > rows->n_values) return;
    const char *columns = index_address(rows, rows->indices, begin);
    const int64_t bytes = (const char *)index_address(rows, rows->indices, end) - columns;
    for (int64_t at = 0; at < bytes && at < COLUMN_BYTES; at += CMLPI_LINE) CMLPI_PREFETCH(columns + at);
}

static int row_is_sound(const cmlp_rows *rows, int64_t row)
{
    const int64_t begin = index_at(rows, rows->indptr, row), end = index_at(rows, rows->indptr, row + 1);
    if (begin < 0 || begin > end || end > rows->n_values) return 0;
    if (begin == end) return 1; /* the arrays may be NULL */
    const void *columns = index_address(rows, rows->indices, begin);
    return rows->index_dtype == CMLP_INT64 ? ascending_64(columns, end - begin, rows->n_columns)
                                           : ascending_32(columns, end - begin, rows->n_columns);
}

/* Checks all rows in memory order, which is three times as fast as in the order of selection. */
static int all_are_sound(const cmlp_rows *rows)
{
    int64_t row = 0;
    while (row < rows->n_rows && row_is_sound(rows, row)) row++;
    return row == rows->n_rows;
}

cmlp_status cmlpi_check_sparse_rows(cmlpi_data *data, int64_t *bad)
{
    const cmlp_rows *rows = &data->rows;
    const int sound = data->n >= rows->n_rows && all_are_sound(rows); /* else only the selected rows must be */
    data->n_values = 0;
    for (int64_t i = 0; i < data->n; i++) {
        const int64_t row = cmlpi_row_index(data, i);
        if (!sound) {
            prefetch_columns(data, i);
            if (!row_is_sound(rows, row)) {
                *bad = row;
                return CMLP_ERROR_SPARSE;
            }
        }
        data->n_values += index_at(rows, rows->indptr, row + 1) - index_at(rows, rows->indptr, row);
    }
    return CMLP_OK;
}

void cmlpi_gather_sparse(const cmlpi_data *data, int64_t first, int64_t n, cmlpi_csr_row *list)
{
    static const double nothing; /* no arithmetic with NULL */
    const cmlp_rows *rows = &data->rows;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = cmlpi_row_index(data, first + i);
        const int64_t begin = index_at(rows, rows->indptr, row), end = index_at(rows, rows->indptr, row + 1);
        list[i] = (cmlpi_csr_row){&nothing, &nothing, 0};
        if (begin < 0 || begin >= end || end > rows->n_values) continue; /* empty, or changed since the check */
        list[i].n = end - begin < rows->n_columns ? end - begin : rows->n_columns;
        list[i].values = (const char *)rows->data + begin * (int64_t)cmlpi_bytes_of(rows->dtype);
        list[i].columns = index_address(rows, rows->indices, begin);
    }
}

int64_t cmlpi_bad_sparse(const cmlpi_data *data, int64_t selected, void *scratch)
{
    const cmlp_rows *rows = &data->rows;
    const int64_t size = (int64_t)cmlpi_bytes_of(rows->dtype);
    cmlpi_csr_row row;
    cmlpi_gather_sparse(data, selected, 1, &row);
    for (int64_t p = 0; p < row.n; p++) {
        const int64_t index = index_at(rows, row.columns, p);
        const int64_t column = index >= 0 && index < rows->n_columns ? index : 0;
        const double scale = rows->factors ? rows->factors[column] : rows->scale;
        data->net->kernels->convert(rows->dtype, (const char *)row.values + p * size, size, 1, scale, scratch);
        if (!data->net->kernels->find_nonfinite(scratch, 1, 1)) return column;
    }
    return -1;
}
