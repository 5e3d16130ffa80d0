/* Predictions of a model: one row, or any number of them. */
#include "model.h"

static cmlp_dtype dtype_of(const cmlp_model *model) { return CMLPI_IS_TABLE_MODEL(model) ? CMLP_FLOAT64 : model->net->dtype; }

static int64_t n_out_of(const cmlp_model *model) { return cmlpi_n_out(model->net) + model->is_cumulative; }

/* Whether the outputs of a table's networks are the probabilities of all labels above one of them, of three labels or more. */
static int is_ordered(const cmlp_model *model) { return model->is_cumulative && cmlpi_n_out(model->net) > 1; }

/* Adapts the outputs for n rows to the labels in the file: cumulative outputs become the probabilities of all labels, and
 * a row of targets or of several labels has no class index. In the core's floating-point mode. */
static void adapt_to_labels(const cmlp_model *model, cmlp_dtype dtype, int32_t *class_indices, void *outputs, int64_t n)
{
    const int64_t n_out = cmlpi_n_out(model->net);
    float *narrow = outputs;
    double *wide = outputs;
    const int has_class = model->model_kind != CMLP_MODEL_MULTILABEL && model->model_kind != CMLP_MODEL_REGRESSOR;
    for (int64_t i = 0; !has_class && class_indices && i < n; i++) class_indices[i] = -1;
    if (!model->is_cumulative || !outputs) return;
    while (n-- > 0) /* from the end, because they overlap */
        for (int64_t k = n_out; k >= 0; k--) {
            const int64_t at = n * n_out + k; /* of the probability of the labels above this one */
            if (CMLPI_HAS_DOUBLE_OUTPUTS && dtype == CMLP_FLOAT64)
                wide[at + n] = (k ? wide[at - 1] : 1) - (k < n_out ? wide[at] : 0);
            else
                narrow[at + n] = (k ? narrow[at - 1] : 1) - (k < n_out ? narrow[at] : 0);
        }
}

#if CMLPI_EXPLAINS_TABLES
cmlp_status cmlpi_predict_encoded(const cmlp_model *model, int64_t n, double *outputs, const cmlpi_table_scratch *scratch)
{
    const cmlp_status status = cmlpi_table_outputs(model->table, is_ordered(model), n, NULL, outputs, scratch);
    if (!status) adapt_to_labels(model, CMLP_FLOAT64, NULL, outputs, n);
    return status;
}

void cmlpi_combine_outputs(const cmlp_model *model, int64_t n, double *outputs)
{
    cmlpi_table_combine(model->table, is_ordered(model), n, NULL, outputs);
    adapt_to_labels(model, CMLP_FLOAT64, NULL, outputs, n);
}
#endif

/* ---------------------------------------------------------------------------------------------------- one row */

/* Whether an address is not a multiple of a size, which is a power of two. Without a division, which takes as long as a layer. */
static inline int is_misaligned(const void *address, size_t size) { return ((uintptr_t)address & (size - 1)) != 0; }

/* The next two functions check every field. */
CMLPI_ASSERT(sizeof(cmlp_rows) == CMLPI_OLDEST(cmlp_rows, n_names), "no field of the rows is forgotten");
CMLPI_ASSERT(sizeof(cmlp_prediction) == CMLPI_OLDEST(cmlp_prediction, n_sums), "no field of a prediction is forgotten");
CMLPI_ASSERT(sizeof(cmlp_run) == CMLPI_OLDEST(cmlp_run, reserved), "no field of a run is forgotten");

/* Whether a row has a field that a contiguous dense row does not use. */
static inline int has_more_fields(const cmlp_rows *rows)
{
    const uintptr_t pointers = (uintptr_t)rows->order | (uintptr_t)rows->indptr | (uintptr_t)rows->indices |
                               (uintptr_t)rows->shifts | (uintptr_t)rows->factors | (uintptr_t)rows->names;
    return pointers || (rows->n_order | rows->n_values | rows->index_dtype | rows->reserved | rows->n_names);
}

/* Whether the arguments are those of one row that needs no conversion but scaling, in structs of this version and without a
 * fault that they show. They are read where they are, since copies would take a good part of the time of a small network. All
 * others take the way of many rows, which names a fault. */
static int is_simple_row(const cmlp_model *model, const cmlp_rows *rows, const cmlp_prediction *prediction,
                         const cmlp_run *run)
{
    if (!rows || !prediction || !run || cmlpi_check_model(model)) return 0;
    if (rows->struct_size != sizeof *rows || prediction->struct_size != sizeof *prediction) return 0;
    if (run->struct_size != sizeof *run || run->n_threads < 0 || run->reserved) return 0;
    const cmlp_dtype dtype = dtype_of(model);
    const size_t element = CMLPI_IS_TABLE_MODEL(model) ? sizeof(double) : model->net->element;
    const size_t size = rows->dtype == dtype ? element : 1;
    if (rows->dtype != dtype && (rows->dtype != CMLP_UINT8 || dtype != CMLP_FLOAT32)) return 0;
    if (rows->kind != CMLP_ROWS_DENSE || rows->n_rows != 1 || rows->n_columns != cmlpi_columns_of(model)) return 0;
    if (has_more_fields(rows) || (rows->scale != 0 && rows->scale != 1)) return 0;
    if (rows->column_stride != (int64_t)size && rows->n_columns > 1) return 0;
    if (!rows->data || is_misaligned(rows->data, size) || is_misaligned(prediction->outputs, element)) return 0;
    if (is_misaligned(prediction->class_indices, sizeof *prediction->class_indices)) return 0;
    if ((uintptr_t)prediction->activations | (uintptr_t)prediction->sums) return 0;
    if (prediction->n_activations | prediction->n_sums) return 0;
    if (prediction->outputs ? prediction->n_outputs < n_out_of(model) : prediction->n_outputs != 0) return 0;
    return prediction->class_indices ? prediction->n_class_indices >= 1 : prediction->n_class_indices == 0;
}

const void *cmlpi_model_inputs(const cmlp_model *model, const void *row, cmlp_dtype dtype, void *copy)
{
    const cmlp_net *net = model->net;
    const int64_t n_in = cmlpi_n_in(net), stride = (int64_t)cmlpi_bytes_of(dtype);
    if (model->factors)
        net->kernels->convert_columns(dtype, row, stride, n_in, model->shifts, model->factors, copy);
    else if (dtype == net->dtype && model->input_scale == 1)
        return row;
    else
        net->kernels->convert(dtype, row, stride, n_in, model->input_scale, copy);
    return copy;
}

static cmlpi_fault predict_input(const cmlp_model *model, const cmlp_rows *rows, const cmlp_prediction *prediction,
                                 const cmlpi_row_memory *memory)
{
    const cmlp_prediction wanted = {.outputs = prediction->outputs ? prediction->outputs : memory->output,
                                    .class_indices = prediction->class_indices};
    const void *const x = cmlpi_model_inputs(model, rows->data, rows->dtype, memory->workspace);
    return cmlpi_forward_row(model->net, model->params, x, &wanted, memory->workspace);
}

/* A network uses `row`, a table all buffers. */
cmlp_status cmlpi_lay_out_prediction(const cmlp_net *net, int64_t n_columns, void *memory, size_t *size,
                                     cmlpi_table_scratch *scratch)
{
    const cmlpi_table_sizes sizes = {.widest = net, .n_columns = n_columns, .n_rows = 1};
    if (CMLP_BUILD_TABLES && n_columns) return cmlpi_table_scratch_lay_out(&sizes, memory, size, scratch);
    return cmlpi_place_row(net, memory, size, &scratch->row);
}

cmlp_status cmlpi_take_model_workspace(const cmlp_net *net, int64_t n_columns, cmlp_run *run, cmlpi_table_scratch *scratch)
{
    size_t needed;
    const cmlp_status status = cmlpi_lay_out_prediction(net, n_columns, run->workspace, &needed, scratch);
    return status ? status : cmlpi_check_workspace(run, needed);
}

/* Predicts one simple row. */
static cmlp_status predict_row(const cmlp_model *model, const cmlp_rows *rows, const cmlp_prediction *prediction,
                               cmlp_run *run)
{
    cmlpi_fault fault = {CMLP_OK, -1, -1};
    cmlpi_table_scratch scratch;
    run->refused = NULL;
    run->bad_row = run->bad_element = run->bad_column = -1;
    const int64_t n_columns = CMLPI_IS_TABLE_MODEL(model) ? model->table->n_columns : 0;
    const cmlp_status status = cmlpi_take_model_workspace(model->net, n_columns, run, &scratch);
    if (status) return status;
    const cmlpi_float_mode mode = cmlpi_enter_mode();
    if (CMLP_BUILD_TABLES && CMLPI_IS_TABLE_MODEL(model)) {
        double *const outputs = prediction->outputs ? prediction->outputs : scratch.result;
        if (cmlpi_table_row(model->table, is_ordered(model), rows->data, prediction->class_indices, outputs, &scratch))
            fault = cmlpi_infinite_input(rows->data, n_columns, 0);
    } else {
        fault = predict_input(model, rows, prediction, &scratch.row);
    }
    if (!fault.status) adapt_to_labels(model, dtype_of(model), prediction->class_indices, prediction->outputs, 1);
    cmlpi_leave_mode(mode);
    return fault.status ? cmlpi_report_row(run, &fault, fault.selected) : CMLP_OK;
}

/* --------------------------------------------------------------------------------------------------- many rows */

cmlp_status cmlpi_read_model_rows(const cmlp_model *model, const cmlp_rows *given, cmlp_rows *rows, cmlp_run *run)
{
    const cmlp_status status = CMLPI_READ(rows, given, cmlp_rows, n_names);
    if (status) return cmlpi_refuse(&run->refused, status, "rows");
    if (rows->scale != 0 && rows->scale != 1) return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "rows->scale");
    if (rows->shifts) return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "rows->shifts");
    if (rows->factors) return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "rows->factors");
    if (CMLPI_IS_TABLE_MODEL(model)) return CMLP_OK;
    rows->scale = model->input_scale;
    rows->shifts = model->shifts;
    rows->factors = model->factors;
    return CMLP_OK;
}

static cmlp_status predict_model_rows(const cmlp_model *model, const cmlp_rows *given, const cmlp_prediction *prediction,
                                      cmlp_run *run)
{
    cmlp_prediction p;
    cmlp_rows rows;
    cmlp_status status = cmlpi_check_model(model);
    if (status) return cmlpi_refuse(&run->refused, status, "model");
    status = cmlpi_read_model_rows(model, given, &rows, run);
    if (status) return status;
    const cmlpi_output_sizes sizes = {n_out_of(model), CMLPI_IS_TABLE_MODEL(model) ? 0 : cmlpi_all_outputs(model->net),
                                      cmlpi_bytes_of(dtype_of(model))};
    status = cmlpi_read_prediction(&p, prediction, cmlpi_n_selected(&rows), &sizes, run);
    if (status) return status;
    if (!CMLPI_IS_TABLE_MODEL(model))
        status = cmlpi_forward_rows(model->net, model->params, &rows, &p, run);
    else if (CMLP_BUILD_TABLES)
        status = cmlpi_table_rows(model->table, is_ordered(model), &rows, p.class_indices, p.outputs, run);
    if (!status) adapt_to_labels(model, dtype_of(model), p.class_indices, p.outputs, cmlpi_n_selected(&rows));
    return status;
}

#if CMLP_BUILD_TABLES
cmlp_status cmlpi_predict_model(const cmlp_model *model, const cmlp_rows *rows, const cmlp_prediction *prediction,
                                cmlp_run *run)
{
    if (is_simple_row(model, rows, prediction, run)) return predict_row(model, rows, prediction, run);
    return predict_model_rows(model, rows, prediction, run);
}
#endif

cmlp_status cmlp_model_predict(const cmlp_model *model, const cmlp_rows *rows, const cmlp_prediction *prediction,
                               cmlp_run *run)
{
    cmlpi_call call;
    if (is_simple_row(model, rows, prediction, run)) return predict_row(model, rows, prediction, run);
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = predict_model_rows(model, rows, prediction, &call.run);
    return cmlpi_end_call(&call, status);
}

static cmlp_status measure_table(const cmlp_model *model, const cmlp_rows *rows, size_t *bytes, cmlp_run *run)
{
    cmlp_rows copy;
    const cmlp_status status = CMLPI_READ(&copy, rows, cmlp_rows, n_names);
    if (status) return cmlpi_refuse(&run->refused, status, "rows");
    const int64_t n = cmlpi_n_selected(&copy);
    if (n < 0 || copy.kind != CMLP_ROWS_DENSE) return cmlpi_refuse(&run->refused, CMLP_ERROR_ROWS, "rows");
    const size_t needed = CMLP_BUILD_TABLES ? cmlpi_table_rows_bytes(model->table, n, run->n_threads) : 0;
    if (!needed) return cmlpi_refuse(&run->refused, CMLP_ERROR_OVERFLOW, "bytes");
    *bytes = needed;
    return CMLP_OK;
}

cmlp_status cmlpi_measure_model(const cmlp_model *model, const cmlp_rows *rows, size_t *bytes, cmlp_run *run)
{
    if (CMLPI_IS_TABLE_MODEL(model)) return measure_table(model, rows, bytes, run);
    return cmlp_net_workspace_size(model->net, rows, NULL, NULL, bytes, run);
}

CMLPI_CALL(cmlp_model_workspace_size, (const cmlp_model *model, const cmlp_rows *rows, size_t *bytes, cmlp_run *run),
           (model, rows, bytes, &call.run))
{
    cmlp_status status = cmlpi_check_model(model);
    if (status) return cmlpi_refuse(&run->refused, status, "model");
    status = cmlpi_check_pointer(bytes, sizeof *bytes, "bytes", run);
    if (!status) status = cmlpi_check_pointer(rows, 1, "rows", run);
    return status ? status : cmlpi_measure_model(model, rows, bytes, run);
}
