/* CSR rows: any indices in arrays of exactly the sizes that the caller states; MOST rows and values. */
#include "any.h"

#include "data/sparse.c"

static cmlp_rows rows;
static cmlpi_data data;

static void any_rows(void)
{
    const cmlp_rows none = {.kind = CMLP_ROWS_CSR, .dtype = CMLP_FLOAT32};
    rows = none;
    rows.n_rows = rows.n_values = MOST;
    rows.n_columns = nondet_int64();
    rows.index_dtype = nondet_int() ? CMLP_INT64 : CMLP_INT32;
    ASSUME(rows.n_columns >= 1);
    if (rows.index_dtype == CMLP_INT64) {
        rows.indptr = any_bytes((MOST + 1) * sizeof(int64_t));
        rows.indices = any_bytes(MOST * sizeof(int64_t));
    } else {
        rows.indptr = any_bytes((MOST + 1) * sizeof(int32_t));
        rows.indices = any_bytes(MOST * sizeof(int32_t));
    }
    rows.data = any_bytes(MOST * sizeof(float));
    data.rows = rows;
    data.n = rows.n_rows;
}

static int64_t entry(const void *list, int64_t i)
{
    return rows.index_dtype == CMLP_INT64 ? ((const int64_t *)list)[i] : ((const int32_t *)list)[i];
}

void prove_row_is_sound(void)
{
    any_rows();
    const int64_t row = nondet_int64();
    ASSUME(row >= 0 && row < rows.n_rows);
    if (!row_is_sound(&rows, row)) return;
    const int64_t begin = entry(rows.indptr, row), end = entry(rows.indptr, row + 1);
    REQUIRE(begin >= 0 && begin <= end && end <= rows.n_values && end - begin <= rows.n_columns);
    for (int64_t p = begin; p < end; p++) {
        REQUIRE(entry(rows.indices, p) >= 0 && entry(rows.indices, p) < rows.n_columns);
        REQUIRE(p == begin || entry(rows.indices, p) > entry(rows.indices, p - 1));
    }
}

void prove_check_sparse_rows(void)
{
    int64_t bad = -1;
    any_rows();
    const cmlp_status status = cmlpi_check_sparse_rows(&data, &bad);
    REQUIRE(status ? bad >= 0 && bad < rows.n_rows : bad == -1);
    REQUIRE(status || (data.n_values >= 0 && data.n_values <= rows.n_values * MOST));
}

/* The arrays may have changed since the check: what the kernels get is inside all the same. */
void prove_gather_sparse(void)
{
    cmlpi_csr_row list[1];
    any_rows();
    const int64_t first = nondet_int64();
    ASSUME(first >= 0 && first < rows.n_rows);
    cmlpi_gather_sparse(&data, first, 1, list);
    REQUIRE(list[0].n >= 0 && list[0].n <= rows.n_values && list[0].n <= rows.n_columns);
    if (!list[0].n) return;
    const int64_t begin = ((const char *)list[0].values - (const char *)rows.data) / 4;
    REQUIRE(begin >= 0 && begin + list[0].n <= rows.n_values);
    REQUIRE((const char *)list[0].columns == (const char *)index_address(&rows, rows.indices, begin));
}

void prove_check_sparse_arrays(void)
{
    cmlp_rows anything;
    int needed;
    const char *refused = NULL;
    const cmlp_status status = cmlpi_check_sparse_arrays(&anything, needed, &refused);
    REQUIRE(!status == !refused);
    if (status) return;
    REQUIRE(anything.n_values >= 0 && (anything.indptr || !needed));
    REQUIRE(!anything.n_values || !needed || (anything.indices && anything.data));
    REQUIRE(anything.index_dtype == CMLP_INT32 || anything.index_dtype == CMLP_INT64);
}
