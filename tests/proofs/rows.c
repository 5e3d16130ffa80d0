/* The checks of rows and labels: any order and any labels, in arrays of exactly their sizes; at most MOST rows. */
#include "any.h"

#include "data/rows.c"

void prove_check_order(void)
{
    cmlp_rows rows;
    int64_t bad = -1;
    const int64_t n = nondet_int64();
    ASSUME(n <= MOST);
    int64_t *order = any_bytes((size_t)(n < 0 ? 0 : n) * sizeof *order);
    rows.order = nondet_int() ? order : NULL;
    const cmlp_status status = check_order(&rows, n, &bad);
    REQUIRE(bad >= -1 && bad < MOST && (bad < 0 || status == CMLP_ERROR_ORDER));
    REQUIRE(status || n >= 0);
    if (status || !rows.order) return;
    for (int64_t i = 0; i < n; i++) REQUIRE(order[i] >= 0 && order[i] < rows.n_rows);
}

void prove_set_stride(void)
{
    const int64_t n = nondet_int64(), size = nondet_int64(), given = nondet_int64();
    int64_t stride = given;
    ASSUME(size == 1 || size == 4 || size == 8);
    const cmlp_status status = set_stride(n, size, &stride, CMLP_ERROR_ROWS);
    if (status) {
        REQUIRE(n > 1 && (given ? status == CMLP_ERROR_ALIGNMENT && given % size : status == CMLP_ERROR_ROWS));
        return;
    }
    REQUIRE(stride == (n <= 1 ? size : given == CMLP_REPEAT ? 0 : given) && stride % size == 0);
}

static int64_t n_classes;
static cmlpi_any_net any;
static cmlp_net *const net = &any.net;

static void any_class_indices(cmlpi_data *data)
{
    const int64_t n = nondet_int64();
    ASSUME(n >= 1 && n <= MOST);
    n_classes = nondet_int64();
    ASSUME(n_classes >= 1 && n_classes <= CMLPI_MAX_COUNT);
    net->depth = 1;
    net->layers[0].n_out = n_classes;
    data->rows.order = NULL;
    data->rows.n_rows = data->targets.n_rows = n;
    data->targets.data = any_bytes((size_t)n * sizeof(int32_t));
    data->targets.row_stride = sizeof(int32_t);
    data->net = net;
    data->n = n;
}

void prove_bad_class_index(void)
{
    cmlpi_data data;
    any_class_indices(&data);
    const int64_t bad = bad_class_index(&data, nondet_int() != 0);
    const int32_t *indices = data.targets.data;
    REQUIRE(bad >= -1 && bad < data.n);
    REQUIRE(bad < 0 || indices[bad] < 0 || indices[bad] >= n_classes);
    for (int64_t i = 0; i < (bad < 0 ? data.n : bad); i++) REQUIRE(indices[i] >= 0 && indices[i] < n_classes);
}

/* The class indices may have changed since the check. */
void prove_gather_class_indices(void)
{
    cmlpi_data data;
    any_class_indices(&data);
    const int64_t first = nondet_int64(), n = nondet_int64();
    ASSUME(first >= 0 && n >= 0 && n <= data.n && first <= data.n - n);
    int32_t *out = any_bytes((size_t)n * sizeof *out);
    cmlpi_gather_class_indices(&data, first, n, out);
    for (int64_t i = 0; i < n; i++) REQUIRE(out[i] >= 0 && out[i] < n_classes);
}
