#include "rows.h"

#include "../base/arguments.h"
#include "../kernels/losses.h"
#include "sparse.h"
#include "../base/sums.h"

/* Names of a matrix's fields in run->refused, and the status for a shape that does not fit. */
typedef struct matrix_names {
    cmlp_status status;
    const char *data, *dtype, *row_stride, *column_stride;
} matrix_names;

static const matrix_names rows_names = {CMLP_ERROR_ROWS, CMLPI_ROWS_DATA, "rows->dtype", "rows->row_stride",
                                        "rows->column_stride"};

/* Replaces CMLP_REPEAT by 0 bytes. The stride of one element does not matter. A stride of 0 of several ones is refused:
 * other libraries write it for a repeated one, and a program may have forgotten to set it. */
static cmlp_status set_stride(int64_t n, int64_t size, int64_t *stride, cmlp_status zero)
{
    if (n <= 1) *stride = size;
    if (!*stride) return zero;
    if (*stride == CMLP_REPEAT) *stride = 0;
    return *stride & (size - 1) ? CMLP_ERROR_ALIGNMENT : CMLP_OK; /* sizes are powers of 2 */
}

/* Checks a matrix of which n rows are stored, or none is read, and replaces its strides by bytes. */
static cmlp_status read_strided(cmlp_rows *m, int64_t n, const matrix_names *names, const char **refused)
{
    const int64_t size = (int64_t)cmlpi_bytes_of(m->dtype);
    if (!cmlpi_is_value_dtype(m->dtype)) return cmlpi_refuse(refused, CMLP_ERROR_DTYPE, names->dtype);
    if (!m->data && n) return cmlpi_refuse(refused, CMLP_ERROR_NULL, names->data);
    if (cmlpi_misaligned(m->data, (size_t)size)) return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, names->data);
    cmlp_status status = set_stride(n, size, &m->row_stride, names->status);
    if (status) return cmlpi_refuse(refused, status, names->row_stride);
    status = set_stride(n ? m->n_columns : 0, size, &m->column_stride, names->status);
    return status ? cmlpi_refuse(refused, status, names->column_stride) : CMLP_OK;
}

static cmlp_status check_order(const cmlp_rows *rows, int64_t n, int64_t *bad)
{
    if (n < 0) return CMLP_ERROR_ROWS;
    if (cmlpi_misaligned(rows->order, sizeof *rows->order)) return CMLP_ERROR_ALIGNMENT;
    if (rows->order)
        for (int64_t i = 0; i < n; i++)
            if (rows->order[i] < 0 || rows->order[i] >= rows->n_rows) {
                *bad = i;
                return CMLP_ERROR_ORDER;
            }
    return CMLP_OK;
}

/* Scales of the columns: both vectors or neither. CSR rows have no shift, because it would make zeros nonzero. */
static cmlp_status check_scales(const cmlp_rows *rows, cmlp_run *run)
{
    static const char *const names[2] = {"rows->shifts", "rows->factors"};
    const double *const vectors[2] = {rows->shifts, rows->factors};
    if (!rows->shifts && !rows->factors) return CMLP_OK;
    if (rows->scale != 1) return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "rows->scale");
    for (int k = 0; k < 2; k++) {
        const cmlp_status status = cmlpi_check_pointer(vectors[k], sizeof(double), names[k], run);
        if (status) return status;
        for (int64_t j = 0; j < rows->n_columns; j++) {
            const double value = vectors[k][j];
            const int is_allowed = k ? value != 0 : value == 0 || rows->kind != CMLP_ROWS_CSR;
            if (!is_allowed || !cmlpi_is_finite(value)) return cmlpi_refuse_element(run, CMLP_ERROR_OPTION, names[k], j);
        }
    }
    return CMLP_OK;
}

/* Fields that rows of this kind do not use are 0. */
static cmlp_status check_unused(const cmlp_rows *rows, const char **refused)
{
    const int sparse = CMLP_BUILD_ROWS && rows->kind == CMLP_ROWS_CSR;
    if (rows->reserved) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "rows->reserved");
    if (rows->names || rows->n_names) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "rows->names");
    if (!rows->order && rows->n_order) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->n_order");
    if (sparse && rows->row_stride) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->row_stride");
    if (sparse && rows->column_stride) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->column_stride");
    if (!sparse && rows->indptr) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->indptr");
    if (!sparse && rows->indices) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->indices");
    if (!sparse && rows->n_values) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->n_values");
    return !sparse && rows->index_dtype ? cmlpi_refuse(refused, CMLP_ERROR_DTYPE, "rows->index_dtype") : CMLP_OK;
}

cmlp_status cmlpi_check_kind(const cmlp_rows *rows, const char **refused)
{
    const int sparse = rows->kind == CMLP_ROWS_CSR;
    if (!sparse && rows->kind != CMLP_ROWS_DENSE) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->kind");
    if (CMLP_BUILD_ROWS || (!sparse && cmlpi_n_selected(rows) <= 1)) return CMLP_OK;
    return cmlpi_refuse(refused, CMLP_ERROR_LEFT_OUT, "rows");
}

cmlp_status cmlpi_read_rows(cmlp_rows *rows, int64_t n_columns, const cmlp_rows *given, int64_t *n, cmlp_run *run)
{
    const char **refused = &run->refused;
    cmlp_status status = CMLPI_READ(rows, given, cmlp_rows, n_names);
    if (status) return cmlpi_refuse(refused, status, "rows");
    const int sparse = CMLP_BUILD_ROWS && rows->kind == CMLP_ROWS_CSR;
    *n = cmlpi_n_selected(rows);
    status = cmlpi_check_kind(rows, refused);
    if (status) return status;
    if (rows->n_rows < 0) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->n_rows");
    if (rows->n_columns != n_columns) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->n_columns");
    if (rows->scale == 0) rows->scale = 1;
    if (!cmlpi_is_finite(rows->scale)) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "rows->scale");
    status = check_unused(rows, refused);
    if (!status) status = check_scales(rows, run);
    if (status) return status;
    status = sparse ? cmlpi_check_sparse_arrays(rows, *n != 0, refused)
                    : read_strided(rows, *n ? rows->n_rows : 0, &rows_names, refused);
    if (status) return status;
    status = check_order(rows, *n, &run->bad_element);
    return status ? cmlpi_refuse(refused, status, *n < 0 ? "rows->n_order" : "rows->order") : CMLP_OK;
}

#if CMLP_BUILD_TRAINING
static const matrix_names targets_names = {CMLP_ERROR_TARGETS, "targets->data", "targets->dtype",
                                           "targets->row_stride", "targets->column_stride"};

static int32_t class_index_at(const cmlp_targets *targets, int64_t row)
{
    return *(const int32_t *)(const void *)((const char *)targets->data + row * targets->row_stride);
}

/* The first bad class index of all rows, or of the selected rows only: its row, or -1 if there is none. */
static int64_t bad_class_index(const cmlpi_data *data, int only_selected)
{
    const int64_t n = only_selected ? data->n : data->targets.n_rows, n_classes = cmlpi_n_out(data->net);
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = only_selected ? cmlpi_row_index(data, i) : i;
        const int32_t class_index = class_index_at(&data->targets, row);
        if (class_index < 0 || class_index >= n_classes) return row;
    }
    return -1;
}

/* Class indices: one int32 per row. */
static cmlp_status read_class_indices(cmlpi_data *data, cmlp_run *run)
{
    cmlp_targets *targets = &data->targets;
    const char **refused = &run->refused;
    const int64_t size = sizeof(int32_t);
    if (targets->dtype && targets->dtype != CMLP_INT32) return cmlpi_refuse(refused, CMLP_ERROR_DTYPE, targets_names.dtype);
    if (targets->column_stride) return cmlpi_refuse(refused, CMLP_ERROR_TARGETS, targets_names.column_stride);
    if (!targets->data && data->n) return cmlpi_refuse(refused, CMLP_ERROR_NULL, targets_names.data);
    if (cmlpi_misaligned(targets->data, (size_t)size))
        return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, targets_names.data);
    const cmlp_status status = set_stride(data->n ? targets->n_rows : 0, size, &targets->row_stride, CMLP_ERROR_TARGETS);
    if (status) return cmlpi_refuse(refused, status, targets_names.row_stride);
    /* If at least n_rows rows are selected, all indices are first checked in the order of memory, which is faster. If
     * one is bad, the second check decides whether its row is selected: other rows may have any index. */
    if (data->n >= targets->n_rows && bad_class_index(data, 0) < 0) return CMLP_OK;
    run->bad_row = bad_class_index(data, 1);
    return run->bad_row < 0 ? CMLP_OK : cmlpi_refuse(refused, CMLP_ERROR_CLASS, targets_names.data);
}

static cmlp_status read_dense_targets(cmlpi_data *data, const char **refused)
{
    cmlp_targets *targets = &data->targets;
    cmlp_rows m = {.data = targets->data, .dtype = targets->dtype, .n_columns = targets->n_columns,
                   .row_stride = targets->row_stride, .column_stride = targets->column_stride};
    const cmlp_status status = read_strided(&m, data->n ? targets->n_rows : 0, &targets_names, refused);
    targets->row_stride = m.row_stride;
    targets->column_stride = m.column_stride;
    return status;
}

static cmlp_status read_targets(cmlpi_data *data, const cmlp_targets *given, cmlp_run *run)
{
    cmlp_targets *targets = &data->targets;
    const char **refused = &run->refused;
    const cmlp_status status = CMLPI_READ(targets, given, cmlp_targets, dtype);
    if (status) return cmlpi_refuse(refused, status, "targets");
    if (targets->n_rows != data->rows.n_rows) return cmlpi_refuse(refused, CMLP_ERROR_TARGETS, "targets->n_rows");
    const int dense = targets->kind == CMLP_TARGETS_DENSE;
    const int64_t n_columns = dense ? cmlpi_n_out(data->net) : 0;
    if (!dense && targets->kind != CMLP_TARGETS_CLASSES) return cmlpi_refuse(refused, CMLP_ERROR_TARGETS, "targets->kind");
    if (targets->n_columns != n_columns) return cmlpi_refuse(refused, CMLP_ERROR_TARGETS, "targets->n_columns");
    return dense ? read_dense_targets(data, refused) : read_class_indices(data, run);
}

/* Weights, their sum and its reciprocal must be normal numbers of the net's type, in which they become factors. */
static cmlp_status check_row_weights(const cmlpi_data *data, int64_t *bad)
{
    const int is_float = data->net->dtype == CMLP_FLOAT32;
    if (cmlpi_misaligned(data->row_weights, sizeof *data->row_weights)) return CMLP_ERROR_ALIGNMENT;
    const double min = is_float ? FLT_MIN : DBL_MIN, max = 1 / min; /* whose reciprocal is a normal number too */
    for (int64_t i = 0; i < data->n; i++) {
        const double w = data->row_weights[cmlpi_row_index(data, i)];
        if (w == 0 || (w >= min && w <= max)) continue;
        *bad = cmlpi_row_index(data, i);
        return CMLP_ERROR_WEIGHT;
    }
    const double sum = cmlpi_row_weight_sum(data, 0, data->n);
    return !data->n || (sum > 0 && sum <= max) ? CMLP_OK : CMLP_ERROR_WEIGHT;
}
#endif

cmlp_status cmlpi_read_data(cmlpi_data *data, const cmlp_net *net, const cmlp_rows *rows, const cmlp_targets *targets,
                             const cmlp_objective *objective, cmlp_run *run)
{
    const double *row_weights = objective ? objective->row_weights : NULL;
    const char **refused = &run->refused;
    cmlp_status status = cmlpi_check_net(net);
    if (status) return cmlpi_refuse(refused, status, "net");
    cmlp_rows *const copy = &data->rows;
    status = cmlpi_read_rows(copy, cmlpi_n_in(net), rows, &data->n, run);
    if (status) return status;
    data->net = net;
    data->row_weights = row_weights;
    data->first_stored = data->n_values = 0;
    data->n_stored = copy->n_rows;
    data->in_place = copy->dtype == net->dtype && copy->scale == 1 && !copy->factors &&
                     copy->column_stride == (int64_t)net->element;
    if (cmlpi_is_sparse(data)) {
        status = cmlpi_check_sparse_rows(data, &run->bad_row);
        if (status) return cmlpi_refuse(refused, status, "rows->indptr or indices");
    }
#if CMLP_BUILD_TRAINING /* otherwise both are NULL */
    data->allowed_targets = cmlpi_targets_of_loss(net->loss);
    if (targets) status = read_targets(data, targets, run);
    if (!status && objective && objective->n_row_weights != (row_weights ? data->rows.n_rows : 0))
        return cmlpi_refuse(refused, CMLP_ERROR_LENGTH, "objective->row_weights");
    if (!status && row_weights) {
        status = check_row_weights(data, &run->bad_row);
        run->bad_element = run->bad_row;
        if (status) *refused = "objective->row_weights";
    }
#else
    (void)targets;
#endif
    return status;
}

/* Columns of a column-major X that are converted at once, for all rows. 16 columns fill a cache line of the result and
 * touch few enough pages for the TLB. */
#define COLUMNS_AT_ONCE 16

void cmlpi_convert_row(const cmlpi_data *data, int64_t selected, int64_t k, int64_t n, void *out)
{
    const cmlp_rows *rows = &data->rows;
    const cmlpi_kernels *kernels = data->net->kernels;
    const char *from = cmlpi_row_data(data, selected) + k * rows->column_stride;
    if (rows->factors)
        kernels->convert_columns(rows->dtype, from, rows->column_stride, n, rows->shifts + k, rows->factors + k, out);
    else
        kernels->convert(rows->dtype, from, rows->column_stride, n, rows->scale, out);
}

static void convert_block(const cmlpi_data *data, int64_t first, int64_t n, int64_t k, int64_t columns, void *converted)
{
    for (int64_t i = 0; i < n; i++) {
        cmlpi_prefetch_row(data, first + i, k, columns);
        cmlpi_convert_row(data, first + i, k, columns, cmlpi_at(data->net, converted, i * data->rows.n_columns + k));
    }
}

void cmlpi_list_rows(const cmlpi_data *data, int64_t first, int64_t n, const void **list)
{
    for (int64_t i = 0; i < n; i++) list[i] = cmlpi_row_data(data, first + i);
}

void cmlpi_gather_rows(const cmlpi_data *data, int64_t first, int64_t n, const void **list, void *converted)
{
    const int64_t n_columns = data->rows.n_columns, step = cmlpi_row_is_close(data) ? n_columns : COLUMNS_AT_ONCE;
    if (data->in_place) {
        cmlpi_list_rows(data, first, n, list);
        return;
    }
    for (int64_t i = 0; i < n; i++) list[i] = cmlpi_at(data->net, converted, i * n_columns);
    for (int64_t k = 0; k < n_columns; k += step) {
        const int64_t columns = n_columns - k < step ? n_columns - k : step;
        convert_block(data, first, n, k, columns, converted);
    }
}

int cmlpi_list_prefetch(const cmlpi_data *data, int64_t first, int64_t n, int64_t distance, int64_t next,
                        const void **list)
{
    const int64_t bytes = data->rows.n_columns * data->rows.column_stride;
    if (first + next + n > data->n) return 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t later = first + i + distance + (i + distance < n ? 0 : next - n);
        const char *row = cmlpi_row_data(data, cmlpi_is_stored(data, later) ? later : first + i);
        CMLPI_PREFETCH(row + bytes - 1); /* the row may not start at a cache line */
        list[i] = row;
    }
    return 1;
}

int64_t cmlpi_bad_input(const cmlpi_data *data, int64_t selected, void *scratch)
{
    if (cmlpi_is_sparse(data)) return cmlpi_bad_sparse(data, selected, scratch);
    const void *row;
    const int64_t n = data->rows.n_columns;
    cmlpi_gather_rows(data, selected, 1, &row, scratch);
    const int64_t bad = data->net->kernels->find_nonfinite(row, 1, n);
    return bad < n ? bad : -1;
}

#if CMLP_BUILD_TRAINING
static void gather_target(const cmlpi_data *data, int64_t selected, void *out)
{
    const cmlp_targets *targets = &data->targets;
    const int64_t n_out = cmlpi_n_out(data->net), row = cmlpi_row_index(data, selected);
    if (targets->kind == CMLP_TARGETS_DENSE) {
        const char *source = (const char *)targets->data + row * targets->row_stride;
        data->net->kernels->convert(targets->dtype, source, targets->column_stride, n_out, 1, out);
        return;
    }
    const int32_t class_index = class_index_at(targets, row);
    if (data->net->dtype == CMLP_FLOAT32)
        for (int64_t j = 0; j < n_out; j++) ((float *)out)[j] = j == class_index;
    else
        for (int64_t j = 0; j < n_out; j++) ((double *)out)[j] = j == class_index;
}

/* Index of the first bad one of a row's targets, or -1. */
static int64_t find_bad(const cmlpi_data *data, const void *targets)
{
    const cmlp_net *net = data->net;
    const int64_t n_out = cmlpi_n_out(net), finite = net->kernels->find_nonfinite(targets, 1, n_out);
    for (int64_t j = 0; j < finite; j++)
        if (!cmlpi_allows_target(data->allowed_targets, cmlpi_get(net, targets, j))) return j;
    return finite < n_out ? finite : -1;
}

void cmlpi_gather_targets(const cmlpi_data *data, int64_t first, int64_t n, void *out)
{
    const cmlp_net *net = data->net;
    const int64_t n_out = cmlpi_n_out(net);
    for (int64_t i = 0; i < n; i++) {
        void *target = cmlpi_at(net, out, i * n_out);
        gather_target(data, first + i, target);
        if (cmlpi_is_ignored(data, first + i) && find_bad(data, target) < 0)
            for (int64_t j = 0; j < n_out; j++) cmlpi_set(net, target, j, 1);
    }
}

#define CLASSES_PREFETCH 32 /* prefetch distance: in random order, each class index is in a cache line of its own */

void cmlpi_gather_class_indices(const cmlpi_data *data, int64_t first, int64_t n, int32_t *out)
{
    const int64_t n_classes = cmlpi_n_out(data->net);
    for (int64_t i = 0; i < n; i++) {
        if (first + i + CLASSES_PREFETCH < data->n)
            CMLPI_PREFETCH((const char *)data->targets.data +
                          cmlpi_row_index(data, first + i + CLASSES_PREFETCH) * data->targets.row_stride);
        /* Another thread may have changed the index since it was checked. It must not become an index outside. */
        const int32_t class_index = class_index_at(&data->targets, cmlpi_row_index(data, first + i));
        out[i] = class_index < 0 || class_index >= n_classes ? 0 : class_index;
    }
}

void cmlpi_gather_row_weights(const cmlpi_data *data, int64_t first, int64_t n, double *out)
{
    if (data->row_weights)
        for (int64_t i = 0; i < n; i++) out[i] = data->row_weights[cmlpi_row_index(data, first + i)];
}

double cmlpi_row_weight_sum(const cmlpi_data *data, int64_t first, int64_t n)
{
    if (!data->row_weights) return (double)n;
    cmlpi_sum sum = {0};
    for (int64_t i = 0; i < n; i++) cmlpi_sum_add(&sum, data->row_weights[cmlpi_row_index(data, first + i)]);
    return cmlpi_sum_total(&sum);
}

int64_t cmlpi_bad_target(const cmlpi_data *data, int64_t selected, void *scratch)
{
    gather_target(data, selected, scratch);
    return find_bad(data, scratch);
}
#endif

CMLPI_ASSERT(sizeof(cmlp_rows) == CMLPI_OLDEST(cmlp_rows, n_names), "cmlp_dense_rows sets every field");

void cmlp_rows_init(cmlp_rows *rows, size_t struct_size, const void *data, cmlp_dtype dtype, int64_t n_rows,
                    int64_t n_columns)
{
    const cmlp_rows dense = cmlp_dense_rows(data, dtype, n_rows, n_columns);
    cmlpi_init_struct(rows, struct_size, &dense, sizeof dense);
}

#if CMLP_BUILD_TRAINING
void cmlp_targets_init(cmlp_targets *targets, size_t struct_size, const void *data, cmlp_dtype dtype, int64_t n_rows,
                       int64_t n_columns)
{
    cmlp_targets made = cmlp_dense_targets(data, dtype, n_rows, n_columns);
    if (!n_columns) {
        made.kind = CMLP_TARGETS_CLASSES;
        made.row_stride = sizeof(int32_t);
        made.column_stride = 0;
    }
    cmlpi_init_struct(targets, struct_size, &made, sizeof made);
}
#endif
