/* Writes model files. The head contains its own length and checksums of itself and of the data, so the content is
 * generated several times: a sink counts the bytes, adds them to a checksum, or passes them to the caller. */
#include "model.h"

#include <string.h>

#include "crc.h"
#include "model_head.h"

#if CMLP_BUILDS_TRAINING

typedef struct sink {
    cmlp_crc *crc;                     /* if not NULL, the bytes are added to it */
    const cmlp_model_content *content; /* else, if not NULL, content->write gets the bytes; else only counted */
    uint64_t bytes;
    size_t used;
    cmlp_status status;
    unsigned char buffer[256];
} sink;

static void take(sink *s, const void *bytes, size_t n)
{
    if (s->crc)
        cmlp_crc_add(s->crc, bytes, n);
    else if (s->content && !s->status && s->content->write(s->content->context, bytes, n))
        s->status = CMLP_ERROR_FILE_WRITE;
}

static void flush(sink *s)
{
    if (s->used) take(s, s->buffer, s->used);
    s->used = 0;
}

static void put_byte(sink *s, unsigned byte)
{
    if (s->used == sizeof s->buffer) flush(s);
    s->buffer[s->used++] = (unsigned char)byte;
    s->bytes++;
}

static void put_text(sink *s, const char *text)
{
    while (*text) put_byte(s, (unsigned char)*text++);
}

static void put_decimal(sink *s, uint64_t value)
{
    char digits[20];
    int n = 0;
    do digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    while (n) put_byte(s, (unsigned char)digits[--n]);
}

static void put_hex(sink *s, uint64_t value, int digits)
{
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        put_byte(s, (unsigned char)"0123456789abcdef"[value >> shift & 15]);
}

static void put_hex_double(sink *s, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_hex(s, bits, 16);
}

/* 0 means that there is no parameter. */
static void put_parameter(sink *s, double value)
{
    if (value == 0) return;
    put_byte(s, ':');
    put_hex_double(s, value);
}

static void put_string(sink *s, const char *text)
{
    put_byte(s, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') put_byte(s, '\\');
        put_byte(s, (unsigned char)*text);
    }
    put_byte(s, '"');
}

/* Writes elements in the file's byte order, little-endian. */
static void put_elements(sink *s, const void *elements, uint64_t bytes, size_t size)
{
    const unsigned char *p = elements;
    s->bytes += bytes;
    flush(s);
    if (!cmlp_is_big_endian()) {
        take(s, p, (size_t)bytes);
        return;
    }
    for (uint64_t at = 0; at < bytes;) {
        const uint64_t n = bytes - at < sizeof s->buffer ? bytes - at : sizeof s->buffer;
        cmlp_swap(s->buffer, p + at, n, size);
        take(s, s->buffer, (size_t)n);
        at += n;
    }
}

/* The whole content of a file. */
typedef struct writer {
    const cmlp_net *net;
    const void *params;
    const cmlp_model_content *content;
    double input_scale;
    cmlp_model_array own[4]; /* the example, factors and shifts: names ascending by bytes */
    int32_t n_own;
    uint32_t data_crc;
} writer;

static const char *dtype_name(int32_t dtype)
{
    const cmlp_dtype_name *d = cmlp_dtype_names;
    while (d->name && d->dtype != dtype) d++;
    return d->name;
}

static uint64_t array_bytes(const cmlp_model_array *a)
{
    return (uint64_t)a->rows * (uint64_t)(a->columns ? a->columns : 1) * cmlp_bytes_of(a->dtype);
}

static void put_tensor(sink *s, const cmlp_model_array *a, uint64_t *offset)
{
    put_text(s, ":{\"dtype\":\"");
    put_text(s, dtype_name(a->dtype));
    put_text(s, "\",\"shape\":[");
    put_decimal(s, (uint64_t)a->rows);
    if (a->columns) put_byte(s, ',');
    if (a->columns) put_decimal(s, (uint64_t)a->columns);
    put_text(s, "],\"data_offsets\":[");
    put_decimal(s, *offset);
    put_byte(s, ',');
    put_decimal(s, *offset += array_bytes(a));
    put_text(s, "]}");
}

/* Like strcmp, for names that were checked before. */
static int order_of(const char *a, const char *b)
{
    while (*a && *a == *b) a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

/* The i-th of all arrays by name, the caller's and the writer's own; *given is that many of the caller's before it. */
static const cmlp_model_array *array_at(const writer *w, int32_t i, int32_t *given)
{
    const cmlp_model_content *content = w->content;
    const int32_t own = i - *given;
    const int is_own = *given == content->n_arrays ||
                       (own < w->n_own && order_of(w->own[own].name, content->arrays[*given].name) < 0);
    return is_own ? &w->own[own] : &content->arrays[(*given)++];
}

static void put_metadata(sink *s, const writer *w, uint32_t crc)
{
    const cmlp_net *net = w->net;
    put_text(s, w->content->factors ? CMLP_HEAD_START CMLP_HEAD_VERSION_2 : CMLP_HEAD_START CMLP_HEAD_VERSION);
    put_hex(s, crc, 8);
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
    put_byte(s, '"');
    for (int32_t i = 0; i < w->content->n_strings; i++) {
        put_byte(s, ',');
        put_string(s, w->content->strings[i].key);
        put_byte(s, ':');
        put_string(s, w->content->strings[i].value);
    }
    put_byte(s, '}');
}

/* Writes the head with the fields `length` and `crc`. Returns the length that the head should have. */
static uint64_t put_head(sink *s, const writer *w, uint64_t length, uint32_t crc)
{
    const cmlp_net *net = w->net;
    uint64_t offset = 0;
    for (int i = 0; i < 8; i++) put_byte(s, length >> 8 * i & 255);
    put_metadata(s, w, crc);
    for (int32_t l = 0; l < net->depth; l++)
        for (int is_bias = 0; is_bias < 2; is_bias++) {
            const cmlp_dense_layer *layer = &net->layers[l];
            const cmlp_model_array weights = {NULL, NULL, layer->n_in, layer->n_out, net->dtype};
            const cmlp_model_array biases = {NULL, NULL, layer->n_out, 0, net->dtype};
            put_text(s, ",\"layers.");
            put_decimal(s, (uint64_t)l);
            put_text(s, is_bias ? ".bias\"" : ".weight\"");
            put_tensor(s, is_bias ? &biases : &weights, &offset);
        }
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
    put_elements(s, w->params, (uint64_t)w->net->n_params * w->net->element, w->net->element);
    for (int32_t i = 0, given = 0; i < w->content->n_arrays + w->n_own; i++) {
        const cmlp_model_array *a = array_at(w, i, &given);
        put_elements(s, a->data, array_bytes(a), cmlp_bytes_of(a->dtype));
    }
}

static int is_name(const char *text)
{
    int n = 0;
    for (; n <= CMLP_NAME_MOST && text[n]; n++) {
        const int letter = text[n] >= 'a' && text[n] <= 'z';
        if (!letter && !(n && ((text[n] >= '0' && text[n] <= '9') || text[n] == '_' || text[n] == '.'))) return 0;
    }
    return n && n <= CMLP_NAME_MOST;
}

static cmlp_status check_strings(const cmlp_model_content *content, int64_t n_outputs)
{
    if (content->n_strings < 0) return CMLP_ERROR_OPTION;
    if (content->n_strings && !content->strings) return CMLP_ERROR_NULL;
    for (int32_t i = 0; i < content->n_strings; i++) {
        const cmlp_model_string *s = &content->strings[i];
        if (!s->key || !s->value) return CMLP_ERROR_NULL;
        if (!is_name(s->key) || cmlp_is_fixed_key(s->key)) return CMLP_ERROR_FILE_NAME;
        if (i && order_of(s[-1].key, s->key) >= 0) return CMLP_ERROR_FILE_NAME;
        const char *c = s->value, *at;
        for (; *c; c++)
            if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) return CMLP_ERROR_FILE_SYNTAX;
        const cmlp_text text = {s->value, c, 0};
        if (!order_of(s->key, "classes") && cmlp_check_classes(text, n_outputs, &at)) return CMLP_ERROR_FILE_SYNTAX;
    }
    return CMLP_OK;
}

static cmlp_status check_array(const cmlp_model_array *a)
{
    static const char *const reserved[] = {"layers.", "example.", "input."};
    if (!a->name || !a->data) return CMLP_ERROR_NULL;
    if (!is_name(a->name)) return CMLP_ERROR_FILE_NAME;
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        int n = 0;
        while (reserved[i][n] && a->name[n] == reserved[i][n]) n++;
        if (!reserved[i][n]) return CMLP_ERROR_FILE_NAME;
    }
    if (!dtype_name(a->dtype)) return CMLP_ERROR_DTYPE;
    if (a->rows < 1 || a->rows > CMLP_MAX_WIDTH || a->columns < 0 || a->columns > CMLP_MAX_WIDTH)
        return CMLP_ERROR_FILE_TENSOR;
    const uint64_t limit = (PTRDIFF_MAX < CMLP_DATA_MOST ? (uint64_t)PTRDIFF_MAX : CMLP_DATA_MOST) / 8;
    if (a->columns && (uint64_t)a->rows > limit / (uint64_t)a->columns) return CMLP_ERROR_OVERFLOW;
    return cmlp_misaligned(a->data, cmlp_bytes_of(a->dtype)) ? CMLP_ERROR_ALIGNMENT : CMLP_OK;
}

static cmlp_status check_arrays(const cmlp_model_content *content)
{
    if (content->n_arrays < 0) return CMLP_ERROR_OPTION;
    if (content->n_arrays && !content->arrays) return CMLP_ERROR_NULL;
    for (int32_t i = 0; i < content->n_arrays; i++) {
        const cmlp_model_array *a = &content->arrays[i];
        const cmlp_status status = check_array(a);
        if (status) return status;
        if (i && order_of(a[-1].name, a->name) >= 0) return CMLP_ERROR_FILE_NAME;
    }
    return CMLP_OK;
}

/* Fills the example's inputs with numbers that are in [-1, 1) after scaling, before they are rounded: hashes of the
 * index (the finalizer of MurmurHash3, Appleby 2011). */
static void make_inputs(const writer *w, void *row)
{
    const cmlp_model_content *content = w->content;
    for (int64_t i = 0; i < cmlp_n_in(w->net); i++) {
        uint32_t bits = (uint32_t)i + 1;
        bits = (bits ^ bits >> 16) * UINT32_C(0x85ebca6b);
        bits = (bits ^ bits >> 13) * UINT32_C(0xc2b2ae35);
        const double value = (double)(bits ^ bits >> 16) / 2147483648.0 - 1;
        double input = content->factors ? value / content->factors[i] + content->shifts[i] : value / w->input_scale;
        if (!(input > -1e30 && input < 1e30)) input = value;
        if (w->net->dtype == CMLP_FLOAT32)
            ((float *)row)[i] = (float)input;
        else
            ((double *)row)[i] = input;
    }
}

/* Replaces every NaN by the same NaN, so that the file's bytes do not depend on the processor. */
static void canonicalize(const cmlp_net *net, void *output)
{
    const uint32_t narrow = UINT32_C(0x7fc00000);
    const uint64_t wide = UINT64_C(0x7ff8000000000000);
    for (int64_t i = 0; i < cmlp_n_out(net); i++) {
        void *at = cmlp_at(net, output, i);
        if (net->dtype == CMLP_FLOAT32 && *(float *)at != *(float *)at) memcpy(at, &narrow, sizeof narrow);
        if (net->dtype == CMLP_FLOAT64 && *(double *)at != *(double *)at) memcpy(at, &wide, sizeof wide);
    }
}

static cmlp_status make_example(writer *w, const cmlp_row_scratch *scratch)
{
    const cmlp_net *net = w->net;
    const cmlp_float_mode mode = cmlp_enter_mode();
    make_inputs(w, scratch->row);
    cmlp_leave_mode(mode);
    cmlp_rows row = cmlp_one_row(net, scratch->row, net->dtype, w->input_scale);
    row.shifts = w->content->shifts;
    row.factors = w->content->factors;
    const cmlp_status status = cmlp_forward_row(net, w->params, &row, scratch->output, scratch);
    canonicalize(net, scratch->output);
    return status;
}

static void list_own_arrays(writer *w, const cmlp_row_scratch *scratch)
{
    const cmlp_net *net = w->net;
    const int64_t n_in = cmlp_n_in(net);
    w->n_own = w->content->factors ? 4 : 2;
    w->own[0] = (cmlp_model_array){CMLP_EXAMPLE_INPUT, scratch->row, n_in, 0, net->dtype};
    w->own[1] = (cmlp_model_array){CMLP_EXAMPLE_OUTPUT, scratch->output, cmlp_n_out(net), 0, net->dtype};
    w->own[2] = (cmlp_model_array){CMLP_INPUT_FACTOR, w->content->factors, n_in, 0, CMLP_FLOAT64};
    w->own[3] = (cmlp_model_array){CMLP_INPUT_SHIFT, w->content->shifts, n_in, 0, CMLP_FLOAT64};
}

static cmlp_status write_file(writer *w)
{
    cmlp_crc crc;
    sink sum = {.crc = &crc}, count = {.bytes = 0}, out = {.content = w->content};
    cmlp_crc_begin(&crc);
    put_data(&sum, w);
    flush(&sum);
    w->data_crc = cmlp_crc_end(&crc);
    const uint64_t length = put_head(&count, w, 0, 0);
    if (length > CMLP_HEAD_MOST - 8) return CMLP_ERROR_OVERFLOW;
    cmlp_crc_restart(&crc);
    sum.bytes = 0;
    put_head(&sum, w, length, 0); /* the checksum is computed with its own digits set to zero */
    put_head(&out, w, length, cmlp_crc_end(&crc));
    put_data(&out, w);
    flush(&out);
    return out.status;
}

cmlp_status cmlp_model_write_size(const cmlp_net *net, size_t *bytes)
{
    cmlp_row_scratch scratch;
    const cmlp_status status = cmlp_check_net(net);
    if (status) return status;
    return bytes ? cmlp_row_space(net, NULL, bytes, &scratch) : CMLP_ERROR_NULL;
}

cmlp_status cmlp_model_write(const cmlp_net *net, const void *params, const cmlp_model_content *content, void *scratch,
                             size_t scratch_size)
{
    cmlp_model_content copy;
    cmlp_row_scratch divided;
    writer w = {.net = net, .params = params, .content = &copy};
    cmlp_status status = cmlp_check_net(net);
    if (!status) status = CMLP_READ(&copy, content, cmlp_model_content, factors);
    if (!status && (!params || !copy.write)) status = CMLP_ERROR_NULL;
    if (!status && cmlp_misaligned(params, net->element)) status = CMLP_ERROR_ALIGNMENT;
    if (!status && !copy.factors != !copy.shifts) status = CMLP_ERROR_NULL;
    if (!status && (cmlp_misaligned(copy.factors, sizeof(double)) || cmlp_misaligned(copy.shifts, sizeof(double))))
        status = CMLP_ERROR_ALIGNMENT;
    if (!status && !cmlp_is_finite(copy.input_scale)) status = CMLP_ERROR_OPTION;
    if (!status) status = check_strings(&copy, cmlp_n_out(net));
    if (!status) status = check_arrays(&copy);
    if (!status) status = cmlp_check_scratch(net, scratch, scratch_size, &divided);
    if (!status && !cmlp_model_is_finite(net, params)) status = CMLP_ERROR_FILE_NONFINITE;
    if (status) return status;
    w.input_scale = copy.input_scale == 0 || copy.factors ? 1 : copy.input_scale;
    list_own_arrays(&w, &divided);
    status = make_example(&w, &divided);
    return status ? status : write_file(&w);
}
#endif
