/* One row of a model takes the workspace of cmlp_model_info, however it is described. */
#ifndef ROW_WAYS_H
#define ROW_WAYS_H

#include "model_file.h"
#include "support.h"

enum { ROW_MOST = 32, ROW_ORDER = 1, ROW_STRIDES = 2, ROW_LARGER = 4, ROW_LABEL = 8, ROW_SPARSE = 16, ROW_WAYS = 32 };

/* Describes the row of n values as the second of three rows, with strides, in a larger struct, or sparse. */
static inline void describe_row(cmlp_rows *rows, int way, const void *row, cmlp_dtype dtype, int64_t n)
{
    static const int64_t order[1] = {1};
    static int32_t ends[4], columns[ROW_MOST];
    static double cells[6 * ROW_MOST];
    const size_t element = dtype == CMLP_FLOAT64 ? 8 : 4;
    const int64_t step = way & ROW_STRIDES ? 2 : 1, first = way & ROW_ORDER ? 1 : 0;
    memset(cells, 0, sizeof cells);
    for (int64_t j = 0; j < n; j++) {
        columns[j] = (int32_t)j;
        memcpy((char *)cells + (size_t)((first * n + j) * step) * element, (const char *)row + (size_t)j * element, element);
    }
    for (int i = 0; i < 4; i++) ends[i] = (int32_t)(i > first ? n : 0);
    if (way & ROW_SPARSE) {
        *rows = cmlp_csr_rows(row, dtype, columns, ends, CMLP_INT32, n, first ? 3 : 1, n);
    } else {
        *rows = cmlp_dense_rows(cells, dtype, first ? 3 : 1, n);
    }
    rows->struct_size += way & ROW_LARGER ? 32 : 0;
    if (first) {
        rows->order = order;
        rows->n_order = 1;
    }
    if (way & ROW_STRIDES && !(way & ROW_SPARSE)) {
        rows->row_stride = (int64_t)element * step * n;
        rows->column_stride = (int64_t)element * step;
    }
}

/* Predicts a row of n values that is described in every way: always with the outputs of the plain description. */
static inline void check_one_row(const cmlp_model *model, const void *row, int64_t n, int64_t n_out, void *scratch,
                                 size_t size)
{
    struct { cmlp_rows value; int64_t later[4]; } rows = {.later = {0}};
    struct { cmlp_prediction value; int64_t later[4]; } prediction = {.later = {0}};
    struct { cmlp_run value; int64_t later[4]; } run = {.later = {0}};
    const cmlp_dtype dtype = dtype_of_model(model);
    double expected[ROW_MOST], found[ROW_MOST];
    int32_t label = -7, other;
    CHECK(n <= ROW_MOST && n_out <= ROW_MOST);
    CHECK(predict_row(model, row, n, &label, expected, scratch, size) == CMLP_OK);
    for (int32_t i = 0; i < 3 * ROW_WAYS; i++) {
        const int way = i % ROW_WAYS;
        const size_t more = way & ROW_LARGER ? 32 : 0;
        size_t bytes = 0;
        if (way & ROW_SPARSE && !cmlp_model_net(model)) continue;
        describe_row(&rows.value, way, row, dtype, n);
        memset(found, 0, sizeof found);
        other = -8;
        prediction.value = (cmlp_prediction){.struct_size = sizeof(cmlp_prediction) + more, .class_indices = &other,
                                             .n_class_indices = 1};
        if (!(way & ROW_LABEL)) {
            prediction.value.outputs = found;
            prediction.value.n_outputs = n_out;
        }
        run.value = (cmlp_run){.struct_size = sizeof(cmlp_run) + more, .workspace = scratch, .workspace_size = size,
                               .n_threads = i / ROW_WAYS * 3};
        CHECK(cmlp_model_workspace_size(model, &rows.value, &bytes, &run.value) == CMLP_OK && bytes <= size);
        const cmlp_status status = cmlp_model_predict(model, &rows.value, &prediction.value, &run.value);
        const int same = way & ROW_LABEL || same_bits(dtype, found, expected, n_out);
        check_that(!status && same && other == label, "description %d: %s", way, cmlp_status_name(status));
    }
}

#endif
