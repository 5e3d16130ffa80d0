/* Predictions of a model: one row, or any number of them. */
#include "model.h"

static cmlp_status check_dtype(const cmlp_model *model, cmlp_dtype dtype)
{
    const cmlp_status status = cmlp_check_model(model);
    if (status) return status;
    return dtype == (CMLP_HAS_TABLE(model) ? CMLP_FLOAT64 : model->net->dtype) ? CMLP_OK : CMLP_ERROR_DTYPE;
}

/* Checks the type of a model and the lengths of a row and its outputs. */
static cmlp_status check_row(const cmlp_model *model, cmlp_dtype dtype, int64_t n_inputs, const void *output,
                             int64_t n_outputs)
{
    const cmlp_status status = check_dtype(model, dtype);
    if (status) return status;
    if (n_inputs != (CMLP_HAS_TABLE(model) ? model->table->n_columns : cmlp_n_in(model->net))) return CMLP_ERROR_WIDTH;
    if (!output) return n_outputs ? CMLP_ERROR_NULL : CMLP_OK;
    return n_outputs < cmlp_n_out(model->net) + model->is_cumulative ? CMLP_ERROR_BUFFER_SIZE : CMLP_OK;
}

/* Adapts the answers of a table for n rows to ordered labels. Each is the probability of the labels above one of them, so none
 * may be larger than the one before it. The label of a row is the last one that has, with those above it, more than half. */
static void adapt_to_order(const cmlp_model *model, int32_t *labels, double *answers, int64_t n)
{
    const int64_t n_out = cmlp_n_out(model->net);
    if (!model->is_cumulative || n_out < 2) return;
    for (int64_t i = 0; i < n; i++, answers += n_out) {
        int64_t label = n_out;
        for (int64_t k = 1; k < n_out; k++)
            if (answers[k] > answers[k - 1]) answers[k] = answers[k - 1];
        double sum = answers[n_out - 1]; /* of the probabilities of this label and those above it */
        while (label > 0 && !(sum > 0.5)) {
            label--;
            if (label > 0) sum += answers[label - 1] - answers[label];
        }
        if (labels) labels[i] = (int32_t)label;
    }
}

/* Adapts the answers for n rows to the labels in the file: cumulative outputs become the probabilities of all labels, and
 * where a row can have several labels, none is its class index. In the core's floating-point mode. */
static void adapt_to_labels(const cmlp_model *model, cmlp_dtype dtype, int32_t *labels, void *outputs, int64_t n)
{
    const int64_t n_out = cmlp_n_out(model->net);
    float *narrow = outputs;
    double *wide = outputs;
    for (int64_t i = 0; model->is_multilabel && labels && i < n; i++) labels[i] = -1;
    if (!model->is_cumulative || !outputs) return;
    while (n-- > 0) /* from the end, because they overlap */
        for (int64_t k = n_out; k >= 0; k--) {
            const int64_t at = n * n_out + k; /* of the probability of the labels above this one */
            if (dtype == CMLP_FLOAT64)
                wide[at + n] = (k ? wide[at - 1] : 1) - (k < n_out ? wide[at] : 0);
            else
                narrow[at + n] = (k ? narrow[at - 1] : 1) - (k < n_out ? narrow[at] : 0);
        }
}

static cmlp_status predict_table(const cmlp_model *model, const double *row, int32_t *label, double *output,
                                 void *memory, size_t size)
{
    cmlp_table_scratch scratch;
    const cmlp_status status = cmlp_check_model_space(model->net, model->table->n_columns, memory, size, &scratch);
    if (status) return status;
    if (!row) return CMLP_ERROR_NULL;
    if (cmlp_misaligned(row, sizeof(double)) || cmlp_misaligned(output, sizeof(double)) ||
        cmlp_misaligned(label, sizeof *label))
        return CMLP_ERROR_ALIGNMENT;
    double *const answers = output ? output : scratch.result;
    const cmlp_status predicted =
        CMLP_BUILDS_TABLES ? cmlp_table_row(model->table, row, label, answers, &scratch) : CMLP_ERROR_LEFT_OUT;
    const cmlp_float_mode mode = cmlp_enter_mode();
    if (!predicted) adapt_to_order(model, label, answers, 1);
    if (!predicted) adapt_to_labels(model, CMLP_FLOAT64, label, output, 1);
    cmlp_leave_mode(mode);
    return predicted;
}

/* A network's row. */
static cmlp_status predict(const cmlp_model *model, const void *row, cmlp_dtype dtype, int32_t *label, void *output,
                           void *workspace, size_t workspace_size)
{
    const cmlp_net *net = model->net;
    const cmlp_rows rows = cmlp_model_row(model, row, dtype);
    cmlp_row_memory memory;
    cmlp_data data;
    if (!row) return CMLP_ERROR_NULL;
    if (cmlp_misaligned(row, cmlp_bytes_of(dtype)) || cmlp_misaligned(output, net->element) ||
        cmlp_misaligned(label, sizeof *label))
        return CMLP_ERROR_ALIGNMENT;
    const cmlp_status status = cmlp_check_row_space(net, workspace, workspace_size, &memory);
    if (status) return status;
    if (output) memory.output = output;
    const cmlp_outputs outputs = {&memory.output, 0, 0};
    const cmlp_float_mode mode = cmlp_enter_mode();
    cmlp_set_rows(&data, net, &rows, 1);
    const cmlp_fault fault = cmlp_forward_row(&data, model->params, &outputs, memory.workspace);
    if (!fault.status && label) *label = cmlp_label_of(net, memory.output, net->dtype);
    if (!fault.status) adapt_to_labels(model, net->dtype, label, output, 1);
    cmlp_leave_mode(mode);
    return fault.status;
}

cmlp_status cmlp_model_predict_f32(const cmlp_model *model, const float *row, int64_t n_inputs, int32_t *label,
                                   float *output, int64_t n_outputs, void *workspace, size_t workspace_size)
{
    const cmlp_status status = check_row(model, CMLP_FLOAT32, n_inputs, output, n_outputs);
    return status ? status : predict(model, row, CMLP_FLOAT32, label, output, workspace, workspace_size);
}

cmlp_status cmlp_model_predict_f64(const cmlp_model *model, const double *row, int64_t n_inputs, int32_t *label,
                                   double *output, int64_t n_outputs, void *workspace, size_t workspace_size)
{
    const cmlp_status status = check_row(model, CMLP_FLOAT64, n_inputs, output, n_outputs);
    if (status) return status;
    if (CMLP_HAS_TABLE(model)) return predict_table(model, row, label, output, workspace, workspace_size);
    return predict(model, row, CMLP_FLOAT64, label, output, workspace, workspace_size);
}

cmlp_status cmlp_model_predict_u8(const cmlp_model *model, const uint8_t *row, int64_t n_inputs, int32_t *label,
                                  float *output, int64_t n_outputs, void *workspace, size_t workspace_size)
{
    const cmlp_status status = check_row(model, CMLP_FLOAT32, n_inputs, output, n_outputs);
    return status ? status : predict(model, row, CMLP_UINT8, label, output, workspace, workspace_size);
}

/* ------------------------------------------------------------------------------------------------- many rows */

/* Reads the caller's rows, which have no scale: the model's is used. */
static cmlp_status read_rows(const cmlp_rows *given, cmlp_rows *rows, cmlp_run *run)
{
    const cmlp_status status = CMLP_READ(rows, given, cmlp_rows, factors);
    if (status) return cmlp_refuse(&run->refused, status, "rows");
    if (rows->scale != 0 && rows->scale != 1) return cmlp_refuse(&run->refused, CMLP_ERROR_OPTION, "rows->scale");
    if (rows->shifts) return cmlp_refuse(&run->refused, CMLP_ERROR_OPTION, "rows->shifts");
    return rows->factors ? cmlp_refuse(&run->refused, CMLP_ERROR_OPTION, "rows->factors") : CMLP_OK;
}

static int64_t selected_rows(const cmlp_rows *rows) { return rows->order ? rows->n_order : rows->n_rows; }

/* Without rows any array will do; the number of rows is checked later. */
static cmlp_status check_outputs(const cmlp_model *model, const cmlp_rows *rows, const void *outputs, int64_t n_outputs,
                                 cmlp_run *run)
{
    const int64_t n = selected_rows(rows), n_out = cmlp_n_out(model->net) + model->is_cumulative;
    const size_t element = CMLP_HAS_TABLE(model) ? sizeof(double) : model->net->element;
    if (n < 1) return CMLP_OK;
    if (!outputs) return cmlp_refuse(&run->refused, CMLP_ERROR_NULL, "outputs");
    if (cmlp_misaligned(outputs, element)) return cmlp_refuse(&run->refused, CMLP_ERROR_ALIGNMENT, "outputs");
    return n_outputs / n_out < n ? cmlp_refuse(&run->refused, CMLP_ERROR_BUFFER_SIZE, "n_outputs") : CMLP_OK;
}

/* Predicts rows with a network. */
static cmlp_status predict_rows(const cmlp_model *model, const cmlp_rows *given, int32_t *labels, void *outputs,
                                cmlp_run *run)
{
    cmlp_rows rows = *given;
    rows.scale = model->input_scale;
    rows.shifts = model->shifts;
    rows.factors = model->factors;
    const cmlp_status status = cmlp_forward(model->net, model->params, &rows, outputs, run);
    if (status || !labels) return status;
    const int64_t n = selected_rows(&rows);
    return cmlp_labels(model->net, outputs, n * cmlp_n_out(model->net), labels, n);
}

static cmlp_status predict_model(const cmlp_model *model, cmlp_dtype dtype, const cmlp_rows *given, int32_t *labels,
                                 void *outputs, int64_t n_outputs, cmlp_run *callers)
{
    cmlp_frame frame;
    cmlp_rows rows;
    cmlp_run *const run = &frame.run;
    cmlp_status status = cmlp_begin_call(&frame, callers);
    if (status) return cmlp_end_call(&frame, status);
    status = check_dtype(model, dtype);
    if (status)
        cmlp_refuse(&run->refused, status, "model");
    else if (cmlp_misaligned(labels, sizeof *labels))
        status = cmlp_refuse(&run->refused, CMLP_ERROR_ALIGNMENT, "labels");
    if (!status) status = read_rows(given, &rows, run);
    if (!status) status = check_outputs(model, &rows, outputs, n_outputs, run);
    if (!status)
        status = CMLP_HAS_TABLE(model) ? cmlp_table_rows(model->table, &rows, labels, outputs, run)
                                      : predict_rows(model, &rows, labels, outputs, run);
    if (!status && CMLP_HAS_TABLE(model)) adapt_to_order(model, labels, outputs, selected_rows(&rows));
    if (!status) adapt_to_labels(model, dtype, labels, outputs, selected_rows(&rows));
    return cmlp_end_call(&frame, status);
}

cmlp_status cmlp_model_predict_rows_f32(const cmlp_model *model, const cmlp_rows *rows, int32_t *labels,
                                        float *outputs, int64_t n_outputs, cmlp_run *run)
{
    return predict_model(model, CMLP_FLOAT32, rows, labels, outputs, n_outputs, run);
}

cmlp_status cmlp_model_predict_rows_f64(const cmlp_model *model, const cmlp_rows *rows, int32_t *labels,
                                        double *outputs, int64_t n_outputs, cmlp_run *run)
{
    return predict_model(model, CMLP_FLOAT64, rows, labels, outputs, n_outputs, run);
}

static cmlp_status table_workspace(const cmlp_model *model, const cmlp_rows *rows, int32_t n_threads, size_t *bytes)
{
    cmlp_rows copy;
    const cmlp_status status = CMLP_READ(&copy, rows, cmlp_rows, factors);
    if (status) return status;
    if (!bytes) return CMLP_ERROR_NULL;
    const int64_t n = copy.order ? copy.n_order : copy.n_rows;
    if (n < 0 || copy.kind != CMLP_ROWS_DENSE) return CMLP_ERROR_ROWS;
    if (cmlp_limit_threads(&n_threads)) return CMLP_ERROR_THREADS;
    const size_t needed = CMLP_BUILDS_TABLES ? cmlp_table_rows_space(model->table, n, n_threads) : 0;
    if (!needed) return CMLP_ERROR_OVERFLOW;
    *bytes = cmlp_with_slack(needed);
    return CMLP_OK;
}

cmlp_status cmlp_model_workspace_size(const cmlp_model *model, const cmlp_rows *rows, int32_t n_threads, size_t *bytes)
{
    const cmlp_status status = cmlp_check_model(model);
    if (status) return status;
    if (CMLP_HAS_TABLE(model)) return table_workspace(model, rows, n_threads, bytes);
    return rows ? cmlp_workspace_size(model->net, rows, NULL, NULL, n_threads, bytes) : CMLP_ERROR_NULL;
}
