/* Calls whose arrays have exactly the lengths that the library needs, for tests that are not about lengths. */
#ifndef CALLS_H
#define CALLS_H

#include <stdlib.h>
#include <string.h>

#include "../../include/cmlp_explain.h"
#include "../../include/cmlp_table.h"

/* A run with some fields, as the last argument of a call. */
#define RUN(...) (&(cmlp_run){.struct_size = sizeof(cmlp_run), __VA_ARGS__})
#define THREADS(n) RUN(.n_threads = (n))
/* Options of cmlp_model_init. */
#define OPTIONS(...) (&(cmlp_model_options){.struct_size = sizeof(cmlp_model_options), __VA_ARGS__})
/* What an answer has. */
#define ANSWER(...) (&(cmlp_answer){.struct_size = sizeof(cmlp_answer), __VA_ARGS__})
/* An optimizer without a state. */
#define SOLVER(kind) (&(cmlp_optimizer){.struct_size = sizeof(cmlp_optimizer), .solver = (kind)})
#define SPACE(memory, size) RUN(.workspace = (memory), .workspace_size = (size))

/* The number of a network's outputs: of its last layer, or of all layers. */
static inline int64_t last_size(const cmlp_net *net)
{
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    int32_t l = 0;
    while (!cmlp_net_describe_layer(net, l, &layer, NULL)) l++;
    return layer.n_out;
}

static inline int64_t all_sizes(const cmlp_net *net)
{
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    int64_t sum = 0;
    for (int32_t l = 0; !cmlp_net_describe_layer(net, l, &layer, NULL); l++) sum += layer.n_out;
    return sum;
}

/* The type of a network's parameters, which only their alignment tells. */
static inline cmlp_dtype dtype_of_net(const cmlp_net *net)
{
    static const double word = 0;
    const void *const odd = (const char *)&word + 4;
    cmlp_layer_info first = CMLP_INIT(cmlp_layer_info);
    cmlp_rows none = CMLP_INIT(cmlp_rows);
    const cmlp_prediction nothing = {.struct_size = sizeof nothing};
    if (cmlp_net_describe_layer(net, 0, &first, NULL)) return CMLP_FLOAT32;
    none.kind = CMLP_ROWS_DENSE;
    none.dtype = CMLP_FLOAT32;
    none.n_columns = first.n_in;
    return cmlp_forward(net, odd, cmlp_net_n_params(net), &none, &nothing, NULL) == CMLP_ERROR_ALIGNMENT ? CMLP_FLOAT64 : CMLP_FLOAT32;
}

static inline size_t element_of(const cmlp_net *net) { return dtype_of_net(net) == CMLP_FLOAT64 ? 8 : 4; }

/* The type of a model's outputs. */
static inline cmlp_dtype dtype_of_model(const cmlp_model *model)
{
    return cmlp_model_net(model) ? dtype_of_net(cmlp_model_net(model)) : CMLP_FLOAT64;
}

/* How many rows a call uses; 0 if there are none. */
static inline int64_t rows_of(const cmlp_rows *rows)
{
    const int64_t n = !rows ? 0 : rows->order ? rows->n_order : rows->n_rows;
    return n < 0 || n > INT64_C(1) << 24 ? 0 : n;
}

/* The length of an array with `width` elements for each row that a call uses. */
static inline int64_t length_of(const cmlp_rows *rows, int64_t width)
{
    const int64_t n = !rows ? 0 : rows->order ? rows->n_order : rows->n_rows;
    if (n < 0 || width < 1) return 0;
    return n > INT64_MAX / width ? INT64_MAX : n * width;
}

static inline cmlp_status call_forward(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *outputs,
                                       cmlp_run *run)
{
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = outputs,
                                        .n_outputs = length_of(rows, last_size(net))};
    return cmlp_forward(net, params, cmlp_net_n_params(net), rows, &prediction, run);
}

/* The activations or the weighted sums of all layers. */
static inline cmlp_status call_activations(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *activations,
                                           int64_t length, cmlp_run *run)
{
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .activations = activations,
                                        .n_activations = length};
    return cmlp_forward(net, params, cmlp_net_n_params(net), rows, &prediction, run);
}

static inline cmlp_status call_sums(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *sums, int64_t length,
                                    cmlp_run *run)
{
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .sums = sums, .n_sums = length};
    return cmlp_forward(net, params, cmlp_net_n_params(net), rows, &prediction, run);
}

/* The costs, and one of the derivatives. */
static inline cmlp_status call_cost(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                                    const cmlp_targets *targets, const cmlp_objective *objective, double *cost,
                                    double *plain_cost, cmlp_run *run)
{
    cmlp_derivatives d = {.struct_size = sizeof d};
    const cmlp_status status = cmlp_backpropagate(net, params, cmlp_net_n_params(net), rows, targets, objective, &d, run);
    if (!status && cost) *cost = d.objective;
    if (!status && plain_cost) *plain_cost = d.plain_cost;
    return status;
}

static inline cmlp_status call_gradient(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                                        const cmlp_targets *targets, const cmlp_objective *objective, void *gradient,
                                        double *cost, cmlp_run *run)
{
    const int64_t n = cmlp_net_n_params(net);
    cmlp_derivatives d = {.struct_size = sizeof d, .gradient = gradient, .n_gradient = n};
    const cmlp_status status = cmlp_backpropagate(net, params, n, rows, targets, objective, &d, run);
    if (!status && cost) *cost = d.objective;
    return status;
}

static inline cmlp_status call_input_gradient(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                                              const cmlp_targets *targets, const cmlp_objective *objective,
                                              void *gradient, cmlp_run *run)
{
    cmlp_derivatives d = {.struct_size = sizeof d, .input_gradient = gradient,
                          .n_input_gradient = rows ? length_of(rows, rows->n_columns) : 0};
    return cmlp_backpropagate(net, params, cmlp_net_n_params(net), rows, targets, objective, &d, run);
}

static inline cmlp_status call_deltas(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                                      const cmlp_targets *targets, const cmlp_objective *objective, void *deltas,
                                      cmlp_run *run)
{
    cmlp_derivatives d = {.struct_size = sizeof d, .deltas = deltas, .n_deltas = length_of(rows, all_sizes(net))};
    return cmlp_backpropagate(net, params, cmlp_net_n_params(net), rows, targets, objective, &d, run);
}

/* Arrays of all layers, from a list of one for each to one array, and back. */
static inline size_t layer_bytes(const cmlp_net *net, int32_t l, int64_t n)
{
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    return cmlp_net_describe_layer(net, l, &layer, NULL) ? 0 : (size_t)(n * layer.n_out) * element_of(net);
}

static inline void to_list(const cmlp_net *net, char *block, void *const *list, int64_t n)
{
    for (int32_t l = 0; list && layer_bytes(net, l, n); l++) {
        memcpy(list[l], block, layer_bytes(net, l, n));
        block += layer_bytes(net, l, n);
    }
}

/* cmlp_forward for all layers, and cmlp_bounds, with lists of arrays. */
static inline cmlp_status list_activations(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                                           void *const *activations, void *const *sums, cmlp_run *run)
{
    const int64_t n = rows_of(rows), length = n * all_sizes(net);
    const size_t element = element_of(net);
    char *const block = calloc((size_t)length + 1, 2 * element), *const second = block + (size_t)length * element;
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .activations = activations ? block : NULL,
                                        .n_activations = activations ? length : 0, .sums = sums ? second : NULL,
                                        .n_sums = sums ? length : 0};
    const cmlp_status status = cmlp_forward(net, params, cmlp_net_n_params(net), rows, &prediction, run);
    if (!status) to_list(net, block, activations, n);
    if (!status) to_list(net, second, sums, n);
    free(block);
    return status;
}

static inline cmlp_status list_bounds(const cmlp_net *net, const void *params, const cmlp_rows *lower,
                                      const cmlp_rows *upper, void *const *lowest, void *const *highest, cmlp_run *run)
{
    const int64_t n = rows_of(lower), length = n * all_sizes(net);
    const size_t element = element_of(net);
    char *const block = calloc((size_t)length + 1, 2 * element), *const second = block + (size_t)length * element;
    const cmlp_bounds_outputs bounds = {.struct_size = sizeof bounds, .lower = lowest ? block : NULL,
                                        .n_lower = lowest ? length : 0, .upper = highest ? second : NULL,
                                        .n_upper = highest ? length : 0};
    const cmlp_status status = cmlp_bounds(net, params, cmlp_net_n_params(net), lower, upper, &bounds, run);
    if (!status) to_list(net, block, lowest, n);
    if (!status) to_list(net, second, highest, n);
    free(block);
    return status;
}

static inline cmlp_status call_paths(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlp_rows *to,
                                     const cmlp_paths *paths, void *outputs, cmlp_run *run)
{
    const int64_t steps = paths && paths->n_groups > 1 ? paths->n_groups - 1 : 0, n_paths = paths ? paths->n_paths : 0;
    const int64_t small = n_paths < INT64_C(1) << 20 && steps < INT64_C(1) << 20 && n_paths > 0;
    return cmlp_forward_paths(net, params, cmlp_net_n_params(net), rows, to, paths, outputs,
                              small ? rows_of(to) * n_paths * steps * last_size(net) : 0, run);
}

/* Answers with a workspace as large as it must be. The run may be NULL. */
static inline cmlp_status call_answer(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer, cmlp_run *run)
{
    cmlp_run own = CMLP_INIT(cmlp_run);
    if (!run) run = &own;
    cmlp_status status = cmlp_model_answer_size(model, rows, answer, &run->workspace_size, run);
    if (status) return status;
    run->workspace = malloc(run->workspace_size);
    status = cmlp_model_answer(model, rows, answer, run);
    free(run->workspace);
    run->workspace = NULL;
    return status;
}

/* Reads a cell of text in a row of a table, whose other cells are missing. The run may be NULL. */
static inline cmlp_status read_cell(const cmlp_model *model, int64_t column, const char *text, int64_t n_text, double *number,
                                    cmlp_run *run)
{
    cmlp_value cells[64];
    double numbers[64];
    int64_t n = 0;
    cmlp_table_column_info info = CMLP_INIT(cmlp_table_column_info);
    while (n < 64 && !cmlp_model_describe_column(model, n, &info, NULL)) cells[n++] = cmlp_text(NULL, 0);
    cells[column] = cmlp_text(text, n_text);
    const cmlp_rows row = cmlp_cell_rows(cells, 1, n, NULL);
    const cmlp_status status = call_answer(model, &row, ANSWER(.numbers = numbers, .n_numbers = n), run);
    if (!status) *number = numbers[column];
    return status;
}

/* Encodes n_rows rows that are row_stride bytes apart; 0: contiguous. */
static inline cmlp_status encode_rows(const cmlp_table_encoder *encoder, const double *raw, int64_t n_rows,
                                      int64_t row_stride, void *inputs)
{
    cmlp_rows rows = cmlp_dense_rows(raw, CMLP_FLOAT64, n_rows, encoder ? encoder->n_columns : 0);
    int64_t n_in = 0;
    const cmlp_status status = cmlp_table_encoder_width(encoder, &n_in, NULL);
    if (row_stride) rows.row_stride = row_stride;
    return status ? status : cmlp_table_encode(encoder, &rows, inputs, n_rows < 0 ? 0 : n_rows * n_in, NULL);
}

/* Predicts one row of n values of a type; `outputs` of any length that is not 0, or NULL. */
static inline cmlp_status predict_values(cmlp_dtype dtype, const cmlp_model *model, const void *row, int64_t n,
                                         int32_t *label, void *outputs, int64_t n_outputs, void *workspace, size_t size)
{
    const cmlp_rows rows = cmlp_dense_rows(row, dtype, 1, n);
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = outputs, .n_outputs = n_outputs,
                                        .class_indices = label, .n_class_indices = label != NULL};
    return cmlp_model_predict(model, &rows, &prediction, SPACE(workspace, size));
}

/* Predicts rows. */
static inline cmlp_status predict_rows(const cmlp_model *model, const cmlp_rows *rows, int32_t *labels, void *outputs,
                                       int64_t n_outputs, cmlp_run *run)
{
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = outputs, .n_outputs = n_outputs,
                                        .class_indices = labels, .n_class_indices = labels ? rows_of(rows) : 0};
    return cmlp_model_predict(model, rows, &prediction, run);
}

#endif
