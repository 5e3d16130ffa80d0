/* Writes model files. The head contains its own length and checksums of itself and of the data, so the content is
 * generated several times: a sink counts the bytes, adds them to a checksum, or passes them to the caller. */
#include "model.h"

#include <string.h>

#include "crc.h"
#include "model_content.h"
#include "model_sink.h"
#include "model_training.h"

#if CMLP_BUILDS_TRAINING

/* The whole content of a file. */
typedef struct writer {
    const cmlp_net *net;     /* the first network */
    const cmlp_table *table; /* NULL: the file has one network */
    const cmlp_net *const *nets;
    const void *const *params;
    int64_t n_nets;
    const cmlp_model_content *content;
    double input_scale;
    /* The example, two of the inputs or of the table, the training: names ascending by bytes. */
    cmlp_model_array own[4 + CMLP_TRAINING_ARRAYS];
    int32_t n_own;
    uint32_t data_crc;
} writer;

static cmlp_model_array array_of(const char *name, const void *data, int64_t rows, int64_t columns, cmlp_dtype dtype)
{
    return (cmlp_model_array){.name = name, .data = data, .rows = rows, .columns = columns, .dtype = dtype};
}

static uint64_t array_bytes(const cmlp_model_array *a)
{
    return (uint64_t)a->rows * (uint64_t)(a->columns ? a->columns : 1) * cmlp_bytes_of(a->dtype);
}

/* A sum of the sizes above the largest number of a head is OVERFLOW. */
static void put_tensor(sink *s, const cmlp_model_array *a, uint64_t *offset)
{
    const uint64_t bytes = array_bytes(a);
    const int fits = bytes <= CMLP_DATA_MOST - *offset;
    if (!fits) s->status = CMLP_ERROR_OVERFLOW;
    put_text(s, ":{\"dtype\":\"");
    put_text(s, cmlp_dtype_name_of(a->dtype));
    put_text(s, "\",\"shape\":[");
    put_decimal(s, (uint64_t)a->rows);
    if (a->columns) put_byte(s, ',');
    if (a->columns) put_decimal(s, (uint64_t)a->columns);
    put_text(s, "],\"data_offsets\":[");
    put_decimal(s, *offset);
    put_byte(s, ',');
    put_decimal(s, *offset += fits ? bytes : 0);
    put_text(s, "]}");
}

/* The i-th of all arrays by name, the caller's and the writer's own; *given is that many of the caller's before it. */
static const cmlp_model_array *array_at(const writer *w, int32_t i, int32_t *given)
{
    const cmlp_model_content *content = w->content;
    const int32_t own = i - *given;
    const int is_own = *given == content->n_arrays ||
                       (own < w->n_own && cmlp_order_of(w->own[own].name, content->arrays[*given].name) < 0);
    return is_own ? &w->own[own] : &content->arrays[(*given)++];
}

/* Writes the words of a table's columns. */
static void put_columns(sink *s, const cmlp_table *table)
{
    for (int64_t i = 0; i < table->n_columns; i++) {
        const cmlp_column *c = &table->columns[i];
        if (i) put_byte(s, ',');
        put_text(s, c->kind == CMLP_COLUMN_CATEGORY  ? "category:"
                    : c->kind != CMLP_COLUMN_NUMBER ? "unused"
                    : c->has_missing                ? "number_or_missing:"
                                                    : "number:");
        if (c->kind != CMLP_COLUMN_UNUSED) put_decimal(s, (uint64_t)c->n);
    }
}

static void put_metadata(sink *s, const writer *w, uint32_t crc)
{
    const cmlp_net *net = w->net;
    const int is_second = w->content->factors || net->n_quantiles;
    put_text(s, CMLP_HEAD_START);
    const int has_targets = w->table && w->table->n_targets > 1;
    put_text(s, has_targets   ? CMLP_HEAD_VERSION_4
                : w->table    ? CMLP_HEAD_VERSION_3
                : is_second   ? CMLP_HEAD_VERSION_2
                              : CMLP_HEAD_VERSION);
    put_hex(s, crc, 8);
    if (has_targets) put_text(s, CMLP_HEAD_REQUIRES CMLP_FEATURE_TARGETS);
    put_text(s, "\",\"data_crc32\":\"");
    put_hex(s, w->data_crc, 8);
    put_text(s, "\",\"input_scale\":\"");
    put_hex_double(s, w->input_scale);
    put_text(s, "\",\"activations\":\"");
    for (int32_t l = 0; l < net->depth; l++) {
        if (l) put_byte(s, ',');
        put_text(s, cmlp_describe_activation(net->layers[l].activation)->name);
        put_parameter(s, net->layers[l].parameter);
    }
    put_text(s, "\",\"loss\":\"");
    put_text(s, cmlp_describe_loss(net->loss)->name);
    put_parameter(s, net->loss_parameter);
    for (int64_t j = 0; j < net->n_quantiles; j++) {
        put_byte(s, j ? ',' : ':');
        put_hex_double(s, net->quantiles[j]);
    }
    if (w->table) {
        put_text(s, "\",\"columns\":\"");
        put_columns(s, w->table);
    }
    put_byte(s, '"');
    for (int32_t i = 0; i < w->content->n_strings; i++) {
        put_byte(s, ',');
        put_string(s, w->content->strings[i].key);
        put_byte(s, ':');
        put_string(s, w->content->strings[i].value);
    }
    put_byte(s, '}');
}

static void put_layers(sink *s, const writer *w, int64_t index, uint64_t *offset)
{
    const cmlp_net *net = w->nets[index];
    for (int32_t l = 0; l < net->depth; l++)
        for (int is_bias = 0; is_bias < 2; is_bias++) {
            const cmlp_dense_layer *layer = &net->layers[l];
            const cmlp_model_array weights = array_of(NULL, NULL, layer->n_in, layer->n_out, net->dtype);
            const cmlp_model_array biases = array_of(NULL, NULL, layer->n_out, 0, net->dtype);
            put_text(s, w->table ? ",\"nets." : ",\"");
            if (w->table) put_decimal(s, (uint64_t)index);
            put_text(s, w->table ? ".layers." : "layers.");
            put_decimal(s, (uint64_t)l);
            put_text(s, is_bias ? ".bias\"" : ".weight\"");
            put_tensor(s, is_bias ? &biases : &weights, offset);
        }
}

/* Writes the head with the fields `length` and `crc`. Returns the length that the head should have. */
static uint64_t put_head(sink *s, const writer *w, uint64_t length, uint32_t crc)
{
    uint64_t offset = 0;
    for (int i = 0; i < 8; i++) put_byte(s, length >> 8 * i & 255);
    put_metadata(s, w, crc);
    for (int64_t i = 0; i < w->n_nets; i++) put_layers(s, w, i, &offset);
    for (int32_t i = 0, given = 0; i < w->content->n_arrays + w->n_own; i++) {
        const cmlp_model_array *a = array_at(w, i, &given);
        put_byte(s, ',');
        put_string(s, a->name);
        put_tensor(s, a, &offset);
    }
    put_byte(s, '}');
    while (s->bytes % CMLP_HEAD_ALIGNMENT) put_byte(s, ' ');
    flush(s);
    return s->bytes - 8;
}

static void put_data(sink *s, const writer *w)
{
    for (int64_t i = 0; i < w->n_nets; i++)
        put_elements(s, w->params[i], (uint64_t)w->nets[i]->n_params * w->net->element, w->net->element);
    for (int32_t i = 0, given = 0; i < w->content->n_arrays + w->n_own; i++) {
        const cmlp_model_array *a = array_at(w, i, &given);
        put_elements(s, a->data, array_bytes(a), cmlp_bytes_of(a->dtype));
    }
}

/* A number in [-1, 1): a hash of the index (the finalizer of MurmurHash3, Appleby 2011). */
static double pseudo_random(int64_t i)
{
    uint32_t bits = (uint32_t)i + 1;
    bits = (bits ^ bits >> 16) * UINT32_C(0x85ebca6b);
    bits = (bits ^ bits >> 13) * UINT32_C(0xc2b2ae35);
    return (double)(bits ^ bits >> 16) / 2147483648.0 - 1;
}

/* Fills the example's inputs with numbers that are in [-1, 1) after scaling, before they are rounded. */
static void make_inputs(const writer *w, void *row)
{
    const cmlp_model_content *content = w->content;
    for (int64_t i = 0; i < cmlp_n_in(w->net); i++) {
        const double value = pseudo_random(i);
        double input = content->factors ? value / content->factors[i] + content->shifts[i] : value / w->input_scale;
        if (!(input > -1e30 && input < 1e30)) input = value;
        cmlp_set(w->net, row, i, input);
    }
}

static cmlp_status make_example(writer *w, const cmlp_row_scratch *scratch)
{
    const cmlp_net *net = w->net;
    make_inputs(w, scratch->row);
    cmlp_rows row = cmlp_one_row(net, scratch->row, net->dtype, w->input_scale);
    row.shifts = w->content->shifts;
    row.factors = w->content->factors;
    const cmlp_status status = cmlp_forward_row(net, w->params[0], &row, scratch->output, scratch);
    cmlp_unify_nans(net->dtype, scratch->output, cmlp_n_out(net));
    return status;
}

static void list_own_arrays(writer *w, const cmlp_row_scratch *scratch)
{
    const cmlp_net *net = w->net;
    const int64_t n_in = cmlp_n_in(net);
    w->n_own = w->content->factors ? 4 : 2;
    w->own[0] = array_of(CMLP_EXAMPLE_INPUT, scratch->row, n_in, 0, net->dtype);
    w->own[1] = array_of(CMLP_EXAMPLE_OUTPUT, scratch->output, cmlp_n_out(net), 0, net->dtype);
    w->own[2] = array_of(CMLP_INPUT_FACTOR, w->content->factors, n_in, 0, CMLP_FLOAT64);
    w->own[3] = array_of(CMLP_INPUT_SHIFT, w->content->shifts, n_in, 0, CMLP_FLOAT64);
}

static cmlp_status write_file(writer *w)
{
    cmlp_crc crc;
    sink sum = {.crc = &crc}, count = {.bytes = 0}, out = {.content = w->content};
    const uint64_t length = put_head(&count, w, 0, 0);
    if (count.status || length > CMLP_HEAD_MOST - 8) return CMLP_ERROR_OVERFLOW;
    cmlp_crc_begin(&crc);
    put_data(&sum, w);
    flush(&sum);
    w->data_crc = cmlp_crc_end(&crc);
    cmlp_crc_restart(&crc);
    sum.bytes = 0;
    put_head(&sum, w, length, 0); /* the checksum is computed with its own digits set to zero */
    put_head(&out, w, length, cmlp_crc_end(&crc));
    put_data(&out, w);
    flush(&out);
    return out.status;
}

cmlp_status cmlp_model_write_size(const cmlp_net *net, size_t *bytes) { return cmlp_predict_size(net, bytes); }

static cmlp_status write_network(const cmlp_net *net, const void *params, const cmlp_model_content *content, void *scratch,
                             size_t scratch_size)
{
    cmlp_model_content copy = {.struct_size = 0};
    cmlp_row_scratch divided;
    cmlp_training_arrays training = {.n = 0};
    writer w = {.net = net, .nets = &net, .params = &params, .n_nets = 1, .content = &copy};
    cmlp_status status = cmlp_check_net(net);
    if (!status) status = CMLP_READ(&copy, content, cmlp_model_content, training);
    if (!status && (!params || !copy.write)) status = CMLP_ERROR_NULL;
    if (!status && cmlp_misaligned(params, net->element)) status = CMLP_ERROR_ALIGNMENT;
    if (!status && !copy.factors != !copy.shifts) status = CMLP_ERROR_NULL;
    if (!status && (cmlp_misaligned(copy.factors, sizeof(double)) || cmlp_misaligned(copy.shifts, sizeof(double))))
        status = CMLP_ERROR_ALIGNMENT;
    if (!status && !cmlp_is_finite(copy.input_scale)) status = CMLP_ERROR_OPTION;
    const cmlp_content_kind kind = {.n_outputs = status ? 0 : cmlp_n_out(net), .has_training = copy.training != NULL};
    if (!status && copy.training) status = cmlp_read_training(&training, net, copy.training);
    if (!status) status = cmlp_check_content(&copy, &kind);
    if (!status) status = cmlp_check_scratch(net, scratch, scratch_size, &divided);
    if (!status && !cmlp_are_finite(net, params, net->n_params)) status = CMLP_ERROR_FILE_NONFINITE;
    if (status) return status;
    w.input_scale = copy.input_scale == 0 || copy.factors ? 1 : copy.input_scale;
    list_own_arrays(&w, &divided);
    memcpy(&w.own[w.n_own], training.list, sizeof training.list);
    w.n_own += training.n;
    status = make_example(&w, &divided);
    return status ? status : write_file(&w);
}

cmlp_status cmlp_model_write(const cmlp_net *net, const void *params, const cmlp_model_content *content, void *scratch,
                             size_t scratch_size)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    const cmlp_status status = write_network(net, params, content, scratch, scratch_size);
    cmlp_leave_mode(mode);
    return status;
}

#if CMLP_BUILDS_TABLES
/* ----------------------------------------------------------------------------------------------------- tables */

/* Fills the example's row of a table: numbers around the centre, and codes of categories. */
static void make_raw_row(const cmlp_table *table, double *row)
{
    for (int64_t i = 0; i < table->n_columns; i++) {
        const cmlp_column *c = &table->columns[i];
        const double value = pseudo_random(i), number = 2 * value * c->scale + c->centre;
        row[i] = value;
        if (c->kind == CMLP_COLUMN_NUMBER) row[i] = cmlp_is_finite(number) ? number : c->centre;
        if (c->kind == CMLP_COLUMN_CATEGORY) row[i] = (double)(int64_t)((value + 1) / 2 * (double)c->n);
    }
}

static cmlp_status make_table_example(const writer *w, const cmlp_table_scratch *scratch)
{
    make_raw_row(w->table, scratch->raw);
    const cmlp_status status = cmlp_table_row(w->table, scratch->raw, NULL, scratch->result, scratch);
    cmlp_unify_nans(CMLP_FLOAT64, scratch->result, cmlp_n_out(w->net));
    return status;
}

/* Collects the numbers of the columns, and behind them those of the targets, and lists the arrays. */
static void list_table_arrays(writer *w, const cmlp_table_scratch *scratch)
{
    const cmlp_table *table = w->table;
    int64_t n = 0;
    for (int64_t i = 0; i < table->n_columns; i++) {
        const cmlp_column *c = &table->columns[i];
        if (c->kind != CMLP_COLUMN_NUMBER) continue;
        scratch->numbers[n++] = c->centre;
        scratch->numbers[n++] = c->scale;
        for (int64_t k = 0; k < c->n; k++) scratch->numbers[n++] = c->edges[k];
    }
    w->own[w->n_own++] = array_of(CMLP_EXAMPLE_INPUT, scratch->raw, table->n_columns, 0, CMLP_FLOAT64);
    w->own[w->n_own++] = array_of(CMLP_EXAMPLE_OUTPUT, scratch->result, cmlp_n_out(w->net), 0, CMLP_FLOAT64);
    if (n) w->own[w->n_own++] = array_of(CMLP_TABLE_NUMBERS, scratch->numbers, n, 0, CMLP_FLOAT64);
    if (!table->target) return;
    const int64_t several = table->n_targets > 1 ? table->n_targets : 0;
    double *const numbers = scratch->numbers + n;
    for (int64_t j = 0; j < several || !j; j++)
        memcpy(numbers + j * CMLP_TARGET_NUMBERS, &cmlp_target_of(table, j)->centre, CMLP_TARGET_NUMBERS * sizeof(double));
    w->own[w->n_own++] = several ? array_of(CMLP_TABLE_TARGET, numbers, several, CMLP_TARGET_NUMBERS, CMLP_FLOAT64)
                                 : array_of(CMLP_TABLE_TARGET, numbers, CMLP_TARGET_NUMBERS, 0, CMLP_FLOAT64);
}

/* Whether a network has the layers and the loss of the first one; their inputs may differ. */
static cmlp_status compare_nets(const cmlp_net *a, const cmlp_net *b)
{
    if (a->dtype != b->dtype) return CMLP_ERROR_DTYPE;
    if (a->depth != b->depth) return CMLP_ERROR_LAYERS;
    if (a->loss != b->loss || a->loss_parameter != b->loss_parameter || a->n_quantiles != b->n_quantiles)
        return CMLP_ERROR_LOSS;
    for (int64_t j = 0; j < a->n_quantiles; j++)
        if (a->quantiles[j] != b->quantiles[j]) return CMLP_ERROR_LOSS;
    for (int32_t l = 0; l < a->depth; l++) {
        const cmlp_dense_layer *one = &a->layers[l], *other = &b->layers[l];
        if (one->n_out != other->n_out) return CMLP_ERROR_WIDTH;
        if (one->activation != other->activation || one->parameter != other->parameter) return CMLP_ERROR_ACTIVATION;
    }
    return CMLP_OK;
}

static cmlp_status check_nets(const cmlp_table *table)
{
    const int64_t n_columns = table->n_columns, wide = cmlp_columns_width(table->columns, n_columns, 1);
    const int64_t narrow = cmlp_columns_width(table->columns, n_columns, 0);
    cmlp_status status = CMLP_OK;
    if (wide < 0) return CMLP_ERROR_OVERFLOW;
    if (!table->nets || !table->params) return CMLP_ERROR_NULL;
    if (table->n_nets < 1 || table->n_nets > CMLP_MAX_NETS) return CMLP_ERROR_OPTION;
    for (int64_t i = 0; i < table->n_nets && !status; i++) {
        const cmlp_net *net = table->nets[i];
        status = cmlp_check_net(net);
        if (!status && table->n_targets > 1 && (table->n_targets != cmlp_n_out(net) || net->n_quantiles))
            status = CMLP_ERROR_OPTION;
        if (!status) status = compare_nets(table->nets[0], net);
        if (!status && cmlp_n_in(net) != wide && cmlp_n_in(net) != narrow) status = CMLP_ERROR_WIDTH;
        if (!status && !table->params[i]) status = CMLP_ERROR_NULL;
        if (!status && cmlp_misaligned(table->params[i], net->element)) status = CMLP_ERROR_ALIGNMENT;
    }
    return status;
}

/* Checks that the targets can be read, each with the struct_size of the first. */
static cmlp_status check_targets(const cmlp_table *table)
{
    cmlp_table_target copy;
    cmlp_status status = CMLP_OK;
    if (table->n_targets < 0) return CMLP_ERROR_OPTION;
    if (!table->target) return table->n_targets > 1 ? CMLP_ERROR_NULL : CMLP_OK;
    if (cmlp_misaligned(table->target, CMLP_ALIGNOF(cmlp_table_target))) return CMLP_ERROR_ALIGNMENT;
    const size_t size = table->target->struct_size;
    if (size % CMLP_ALIGNOF(cmlp_table_target)) return CMLP_ERROR_STRUCT_SIZE;
    for (int64_t j = 0; (j < table->n_targets || !j) && !status; j++) {
        const cmlp_table_target *t = cmlp_target_of(table, j);
        status = t->struct_size == size ? CMLP_READ(&copy, t, cmlp_table_target, high) : CMLP_ERROR_STRUCT_SIZE;
    }
    return status ? status : cmlp_check_target_numbers(table);
}

/* Reads and checks a table, and divides the scratch memory. */
static cmlp_status read_table(const cmlp_table *table, cmlp_table *copy, void *memory, size_t *size,
                              cmlp_table_scratch *scratch)
{
    cmlp_table_sizes sizes = {.n_rows = 1};
    cmlp_status status = CMLP_READ(copy, table, cmlp_table, n_targets);
    if (!status) status = cmlp_check_columns(copy->columns, copy->n_columns);
    if (!status) status = check_nets(copy);
    if (!status) status = check_targets(copy);
    if (status) return status;
    sizes.widest = cmlp_table_widest(copy);
    sizes.n_columns = copy->n_columns;
    for (int64_t i = 0; i < copy->n_columns; i++)
        if (copy->columns[i].kind == CMLP_COLUMN_NUMBER) sizes.n_numbers += 2 + copy->columns[i].n;
    if (copy->target) sizes.n_numbers += CMLP_TARGET_NUMBERS * (copy->n_targets > 1 ? copy->n_targets : 1);
    return sizes.n_numbers > CMLP_MAX_WIDTH ? CMLP_ERROR_OVERFLOW : cmlp_table_space(&sizes, memory, size, scratch);
}

static cmlp_status measure_table(const cmlp_table *table, size_t *bytes)
{
    cmlp_table copy;
    cmlp_table_scratch scratch;
    size_t size;
    const cmlp_status status = read_table(table, &copy, NULL, &size, &scratch);
    if (status) return status;
    if (!bytes) return CMLP_ERROR_NULL;
    *bytes = size;
    return CMLP_OK;
}

cmlp_status cmlp_table_write_size(const cmlp_table *table, size_t *bytes)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    const cmlp_status status = measure_table(table, bytes);
    cmlp_leave_mode(mode);
    return status;
}

static cmlp_status write_table(const cmlp_table *table, const cmlp_model_content *content, void *scratch,
                             size_t scratch_size)
{
    cmlp_table checked;
    cmlp_model_content copy;
    cmlp_table_scratch divided;
    size_t needed;
    cmlp_status status = read_table(table, &checked, scratch, &needed, &divided);
    if (!status) status = CMLP_READ(&copy, content, cmlp_model_content, training);
    if (status) return status;
    if (!copy.write || !scratch) return CMLP_ERROR_NULL;
    if (copy.training) return CMLP_ERROR_OPTION;
    if (scratch_size < needed) return CMLP_ERROR_BUFFER_SIZE;
    copy.factors = copy.shifts = NULL;
    const cmlp_table *const t = &checked;
    writer w = {.net = t->nets[0], .table = t, .nets = t->nets, .params = t->params, .n_nets = t->n_nets,
                .content = &copy, .input_scale = 1};
    const cmlp_content_kind kind = {.n_outputs = cmlp_n_out(w.net), .output = cmlp_output_activation(w.net),
                                    .columns = t->columns, .n_columns = t->n_columns, .n_targets = t->n_targets};
    status = cmlp_check_content(&copy, &kind);
    for (int64_t i = 0; i < w.n_nets && !status; i++)
        if (!cmlp_are_finite(w.nets[i], w.params[i], w.nets[i]->n_params)) status = CMLP_ERROR_FILE_NONFINITE;
    if (status) return status;
    list_table_arrays(&w, &divided);
    status = make_table_example(&w, &divided);
    return status ? status : write_file(&w);
}

cmlp_status cmlp_table_write(const cmlp_table *table, const cmlp_model_content *content, void *scratch,
                             size_t scratch_size)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    const cmlp_status status = write_table(table, content, scratch, scratch_size);
    cmlp_leave_mode(mode);
    return status;
}
#endif
#endif
