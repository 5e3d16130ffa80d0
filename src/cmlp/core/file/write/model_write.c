/* Writes model files. The head contains its own length and checksums of itself and of the data, so the content is
 * generated several times: a sink counts the bytes, adds them to a checksum, or passes them to the caller. */
#include "any_names.h"
#include "model_writer.h"

#include <string.h>

#include "../../data/rows.h"
#include "../../forward/predict.h"

#if CMLP_BUILD_TRAINING

static uint64_t array_bytes(const cmlp_model_array *a)
{
    return (uint64_t)a->n_rows * (uint64_t)(a->n_columns ? a->n_columns : 1) * cmlpi_bytes_of(a->dtype);
}

/* A sum of the sizes above the largest number of a head is OVERFLOW. */
static void put_tensor(sink *s, const cmlp_model_array *a, uint64_t *offset)
{
    const uint64_t bytes = array_bytes(a);
    const int fits = bytes <= CMLPI_MAX_DATA - *offset;
    if (!fits) s->status = CMLP_ERROR_OVERFLOW;
    put_text(s, ":{\"dtype\":\"");
    put_text(s, cmlpi_dtype_name_of(a->dtype));
    put_text(s, "\",\"shape\":[");
    put_decimal(s, (uint64_t)a->n_rows);
    if (a->n_columns) put_byte(s, ',');
    if (a->n_columns) put_decimal(s, (uint64_t)a->n_columns);
    put_text(s, "],\"data_offsets\":[");
    put_decimal(s, *offset);
    put_byte(s, ',');
    put_decimal(s, *offset += fits ? bytes : 0);
    put_text(s, "]}");
}

/* The i-th of all arrays, the caller's and the writer's, in the order of names; *given: the caller's before it. */
static const cmlp_model_array *array_at(const cmlpi_writer *w, int64_t i, int64_t *given)
{
    const cmlp_model_content *content = w->content;
    const int64_t own = i - *given;
    const int is_own = *given == content->n_arrays ||
                       (own < w->n_own && cmlpi_order_of(w->own[own].name, content->arrays[*given].name) < 0);
    return is_own ? &w->own[own] : &content->arrays[(*given)++];
}

/* Writes what a reader must know. */
static void put_features(sink *s, const cmlp_table *table)
{
    int has_missing_values = 0;
    for (int64_t i = 0; i < table->n_columns; i++) has_missing_values |= table->columns[i].n_missing_values != 0;
    const char *const of_outputs = table->n_targets > 1 ? CMLPI_FEATURE_TARGETS : CMLPI_FEATURE_THRESHOLD;
    const int has_other = table->n_targets > 1 || table->has_threshold;
    if (has_missing_values || has_other) put_text(s, CMLPI_HEAD_REQUIRES);
    if (has_missing_values) put_text(s, CMLPI_FEATURE_MISSING_VALUES);
    if (has_missing_values && has_other) put_byte(s, ',');
    if (has_other) put_text(s, of_outputs);
}

static void put_metadata(sink *s, const cmlpi_writer *w, uint32_t crc)
{
    const cmlp_net *net = w->net;
    put_text(s, CMLPI_HEAD_START CMLPI_HEAD_VERSION);
    put_hex(s, crc, 8);
    if (w->table) put_features(s, w->table);
    put_text(s, "\",\"data_crc32\":\"");
    put_hex(s, w->data_crc, 8);
    put_text(s, "\",\"input_scale\":\"");
    put_hex_double(s, w->input_scale);
    put_text(s, "\",\"activations\":\"");
    for (int32_t l = 0; l < net->depth; l++) {
        if (l) put_byte(s, ',');
        put_text(s, cmlp_activation_describe(net->layers[l].activation)->name);
        put_parameter(s, net->layers[l].parameter);
    }
    put_text(s, "\",\"loss\":\"");
    put_text(s, cmlp_loss_describe(net->loss)->name);
    put_parameter(s, net->loss_parameter);
    for (int64_t j = 0; j < net->n_quantiles; j++) {
        put_byte(s, j ? ',' : ':');
        put_hex_double(s, cmlpi_quantiles(net)[j]);
    }
    put_text(s, CMLPI_HEAD_KIND);
    put_text(s, cmlpi_kind_names[w->model_kind - 1]);
    if (w->table) {
        put_text(s, "\"" CMLPI_HEAD_COLUMNS "\"");
        w->put_columns(s, w->table);
    }
    put_byte(s, '"');
    for (int64_t i = 0; i < w->content->n_strings; i++) {
        const cmlp_model_string *string = &w->content->strings[i];
        put_name(s, string->key);
        put_byte(s, ':');
        put_string(s, string->value, string->n_value);
    }
    put_byte(s, '}');
}

static void put_layers(sink *s, const cmlpi_writer *w, int64_t index, uint64_t *offset)
{
    const cmlp_net *net = w->nets[index].net;
    for (int32_t l = 0; l < net->depth; l++)
        for (int is_bias = 0; is_bias < 2; is_bias++) {
            const cmlpi_layer *layer = &net->layers[l];
            const cmlp_model_array weights = cmlpi_array_of(NULL, NULL, layer->n_in, layer->n_out, net->dtype);
            const cmlp_model_array biases = cmlpi_array_of(NULL, NULL, layer->n_out, 0, net->dtype);
            put_text(s, w->table ? ",\"nets." : ",\"");
            if (w->table) put_decimal(s, (uint64_t)index);
            put_text(s, w->table ? ".layers." : "layers.");
            put_decimal(s, (uint64_t)l);
            put_text(s, is_bias ? ".bias\"" : ".weight\"");
            put_tensor(s, is_bias ? &biases : &weights, offset);
        }
}

/* Writes the head with the fields `length` and `crc`. Returns the length that the head should have. */
static uint64_t put_head(sink *s, const cmlpi_writer *w, uint64_t length, uint32_t crc)
{
    uint64_t offset = 0;
    for (int i = 0; i < 8; i++) put_byte(s, length >> 8 * i & 255);
    put_metadata(s, w, crc);
    for (int64_t i = 0; i < w->n_nets; i++) put_layers(s, w, i, &offset);
    for (int64_t i = 0, given = 0; i < w->content->n_arrays + w->n_own; i++) {
        const cmlp_model_array *a = array_at(w, i, &given);
        put_name(s, a->name);
        put_tensor(s, a, &offset);
    }
    put_byte(s, '}');
    while (s->bytes % CMLPI_HEAD_ALIGNMENT) put_byte(s, ' ');
    sink_flush(s);
    return s->bytes - 8;
}

/* Writes an array of labels, names or categories. */
static void put_values(sink *s, const cmlpi_writer *w, const cmlp_model_array *a)
{
    int tensor = 0;
    while (cmlpi_order_of(cmlpi_value_tensors[tensor].name, a->name)) tensor++;
    cmlpi_write_values(s, w, tensor);
}

static void put_data(sink *s, const cmlpi_writer *w)
{
    for (int64_t i = 0; i < w->n_nets; i++)
        put_elements(s, w->nets[i].params, (uint64_t)w->nets[i].n_params * w->net->element, w->net->element);
    for (int64_t i = 0, given = 0; i < w->content->n_arrays + w->n_own; i++) {
        const cmlp_model_array *a = array_at(w, i, &given);
        if (a->data)
            put_elements(s, a->data, array_bytes(a), cmlpi_bytes_of(a->dtype));
        else
            put_values(s, w, a);
    }
}

/* Fills the example's inputs with numbers that are in [-1, 1) after scaling, before they are rounded. */
static void make_inputs(const cmlpi_writer *w, void *row)
{
    const cmlp_model_content *content = w->content;
    for (int64_t i = 0; i < cmlpi_n_in(w->net); i++) {
        const double value = cmlpi_pseudo_random(i);
        double input = content->factors ? value / content->factors[i] + content->shifts[i] : value / w->input_scale;
        if (!(input > -1e30 && input < 1e30)) input = value;
        cmlpi_set(w->net, row, i, input);
    }
}

static cmlp_status make_example(cmlpi_writer *w, const cmlpi_row_memory *scratch, cmlp_run *run)
{
    const cmlp_net *net = w->net;
    make_inputs(w, scratch->row);
    cmlp_rows row = cmlp_dense_rows(scratch->row, net->dtype, 1, cmlpi_n_in(net));
    row.scale = w->input_scale;
    row.shifts = w->content->shifts;
    row.factors = w->content->factors;
    cmlpi_data data;
    const cmlp_prediction outputs = {.outputs = scratch->output};
    cmlp_status status = cmlpi_read_data(&data, net, &row, NULL, NULL, run);
    if (status) cmlpi_rename_refused(run, "rows", "content->shifts\0content->factors\0", sizeof "content" - 1);
    if (status) return status;
    const void *x;
    cmlpi_gather_rows(&data, 0, 1, &x, scratch->workspace);
    const cmlpi_fault fault = cmlpi_forward_row(net, w->nets[0].params, x, &outputs, scratch->workspace);
    if (fault.status && !w->content->factors) return cmlpi_refuse(&run->refused, CMLP_ERROR_VALUE, "content->input_scale");
    if (fault.status) return cmlpi_refuse_element(run, CMLP_ERROR_VALUE, "content->shifts", fault.column);
    cmlpi_canonicalize_nans(net->dtype, scratch->output, cmlpi_n_out(net));
    return CMLP_OK;
}

static void list_own_arrays(cmlpi_writer *w, const cmlpi_row_memory *scratch)
{
    const cmlpi_tensor_sizes sizes = {.n_in = cmlpi_n_in(w->net), .n_out = cmlpi_n_out(w->net), .dtype = w->net->dtype};
    const void *const data[] = {scratch->row, scratch->output, w->content->factors, w->content->shifts};
    w->n_own = w->content->factors ? 4 : 2;
    for (int i = 0; i < w->n_own; i++) w->own[i] = cmlpi_sized_array(i, &sizes, data[i]);
}

cmlp_status cmlpi_write_file(cmlpi_writer *w)
{
    cmlpi_crc crc;
    sink sum = {.crc = &crc}, count = {.bytes = 0}, out = {.content = w->content};
    const uint64_t length = put_head(&count, w, 0, 0);
    if (count.status || length > CMLPI_MAX_HEAD - 8) return CMLP_ERROR_OVERFLOW;
    cmlpi_crc_begin(&crc);
    put_data(&sum, w);
    sink_flush(&sum);
    w->data_crc = cmlpi_crc_end(&crc);
    cmlpi_crc_restart(&crc);
    sum.bytes = 0;
    put_head(&sum, w, length, 0); /* the checksum is computed with its own digits set to zero */
    put_head(&out, w, length, cmlpi_crc_end(&crc));
    put_data(&out, w);
    sink_flush(&out);
    return out.status;
}

cmlp_status cmlpi_refuse_content(cmlp_run *run, cmlp_status status)
{
    return cmlpi_refuse_whole(run, status, status == CMLP_ERROR_WRITE ? "content->write" : "content");
}

/* Checks the scale of the inputs. */
static cmlp_status check_scale(const cmlp_model_content *content, cmlp_run *run)
{
    const char **const refused = &run->refused;
    const char *const missing = content->factors ? "content->shifts" : "content->factors";
    if (!content->factors != !content->shifts) return cmlpi_refuse(refused, CMLP_ERROR_NULL, missing);
    if (cmlpi_misaligned(content->factors, sizeof(double)))
        return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, "content->factors");
    if (cmlpi_misaligned(content->shifts, sizeof(double)))
        return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, "content->shifts");
    const int is_one = content->input_scale == 0 || content->input_scale == 1;
    if (cmlpi_is_finite(content->input_scale) && (is_one || !content->factors)) return CMLP_OK;
    return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "content->input_scale");
}

static cmlp_status write_network(const cmlp_net *net, const void *params, int64_t n_params,
                                 const cmlp_model_content *content, int has_any_names, cmlp_run *run)
{
    cmlp_model_content copy = {.struct_size = 0};
    cmlpi_row_memory memory;
    cmlpi_training_arrays training = {.n = 0};
    const cmlp_table_net network = {.net = net, .params = params, .n_params = n_params};
    cmlpi_writer w = {.net = net, .nets = &network, .n_nets = 1, .content = &copy};
    cmlp_status status = cmlpi_check_net(net);
    if (status) return cmlpi_refuse(&run->refused, status, "net");
    status = cmlpi_check_params(net, params, n_params, "params", run);
    if (status) return status;
    status = CMLPI_READ(&copy, content, cmlp_model_content, reserved);
    if (status) return cmlpi_refuse(&run->refused, status, "content");
    if (!copy.write) return cmlpi_refuse(&run->refused, CMLP_ERROR_NULL, "content->write");
    status = check_scale(&copy, run);
    const cmlpi_content_kind kind = {.has_training = copy.training != NULL, .has_any_names = has_any_names};
    if (!status && copy.training) status = cmlpi_read_training(&training, net, copy.training, run);
    if (!status) status = cmlpi_check_content(&copy, &kind, run);
    if (!status) status = cmlpi_read_labels(&w, run);
    if (!status) status = cmlpi_read_given_values(&w, run);
    if (!status) status = cmlpi_take_row_workspace(net, run, &memory);
    if (status) return status;
    if (!cmlpi_are_finite(net, params, net->n_params))
        return cmlpi_refuse(&run->refused, CMLP_ERROR_VALUE, "params");
    w.input_scale = copy.input_scale == 0 || copy.factors ? 1 : copy.input_scale;
    list_own_arrays(&w, &memory);
    memcpy(&w.own[w.n_own], training.list, sizeof training.list);
    w.n_own += training.n;
    status = cmlpi_list_values(&w);
    if (!status) status = make_example(&w, &memory, run);
    return status ? status : cmlpi_write_file(&w);
}

static cmlp_status write_model(const cmlp_net *net, const void *params, int64_t n_params,
                               const cmlp_model_content *content, int has_any_names, cmlp_run *run)
{
    cmlpi_call call;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = write_network(net, params, n_params, content, has_any_names, &call.run);
    return cmlpi_end_call(&call, cmlpi_refuse_content(&call.run, status));
}

cmlp_status cmlp_model_write(const cmlp_net *net, const void *params, int64_t n_params,
                             const cmlp_model_content *content, cmlp_run *run)
{
    return write_model(net, params, n_params, content, 0, run);
}

cmlp_status cmlpi_model_write(const cmlp_net *net, const void *params, int64_t n_params,
                              const cmlp_model_content *content, cmlp_run *run)
{
    return write_model(net, params, n_params, content, 1, run);
}

#endif
