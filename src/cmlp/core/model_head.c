/* Parses the head of a model file. The cursor never moves past its end, and keeps the first error. */
#include "model_head.h"

#include <string.h>

#include "crc.h"

const cmlp_dtype_name cmlp_dtype_names[] = {
    {"F32", CMLP_FLOAT32}, {"F64", CMLP_FLOAT64}, {"U8", CMLP_UINT8},
    {"I32", CMLP_INT32},   {"I64", CMLP_INT64},   {NULL, 0},
};

typedef struct cursor {
    const unsigned char *at, *end;
    cmlp_status status;
} cursor;

static int fail(cursor *c, cmlp_status status)
{
    if (!c->status) c->status = status;
    return 0;
}

static int is_next(const cursor *c, const char *text, size_t n)
{
    return !c->status && (size_t)(c->end - c->at) >= n && !memcmp(c->at, text, n);
}

/* Skips `text` and returns 1 if it comes next, else returns 0. */
static int pass(cursor *c, const char *text, size_t n)
{
    if (!is_next(c, text, n)) return 0;
    c->at += n;
    return 1;
}
#define PASS(c, literal) pass((c), literal, sizeof literal - 1)
#define DEMAND(c, literal, status) ((void)(PASS(c, literal) || fail((c), (status))))

/* Reads lower-case hexadecimal digits. Upper case is an error: 'A' and 'a' differ in one bit, and every flipped bit
 * must be detected. */
static uint64_t hex(cursor *c, int digits)
{
    uint64_t value = 0;
    if (c->status || c->end - c->at < digits) return (uint64_t)fail(c, CMLP_ERROR_FILE_SYNTAX);
    for (; digits; digits--, c->at++) {
        const unsigned b = *c->at;
        const int is_digit = b >= '0' && b <= '9';
        if (!is_digit && !(b >= 'a' && b <= 'f')) return (uint64_t)fail(c, CMLP_ERROR_FILE_SYNTAX);
        value = value << 4 | (is_digit ? b - '0' : b - 'a' + 10);
    }
    return value;
}

/* Reads the bits of a finite double, highest digit first. */
static double hex_double(cursor *c)
{
    const uint64_t bits = hex(c, 16);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!cmlp_is_finite(value)) fail(c, CMLP_ERROR_OPTION);
    return value;
}

/* Reads 0 or [1-9][0-9]*, at most 2^53. */
static uint64_t number(cursor *c)
{
    uint64_t value = 0;
    const unsigned char *first = c->at;
    for (; !c->status && c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        if (c->at - first == 16) return (uint64_t)fail(c, CMLP_ERROR_FILE_SYNTAX);
        value = value * 10 + (*c->at - '0');
    }
    if (c->at == first || (*first == '0' && c->at - first > 1) || value > CMLP_DATA_MOST)
        return (uint64_t)fail(c, CMLP_ERROR_FILE_SYNTAX);
    return value;
}

/* Skips printable ASCII in quotes, in which only the escapes \" and \\ are allowed. Returns its length in the file. */
static size_t string(cursor *c)
{
    DEMAND(c, "\"", CMLP_ERROR_FILE_SYNTAX);
    if (c->status) return 0;
    const unsigned char *first = c->at;
    for (; c->at < c->end; c->at++) {
        if (*c->at == '"') return (size_t)(c->at++ - first);
        if (*c->at < 0x20 || *c->at > 0x7e) break;
        if (*c->at == '\\' && (++c->at == c->end || (*c->at != '"' && *c->at != '\\'))) break;
    }
    return (size_t)fail(c, CMLP_ERROR_FILE_SYNTAX);
}

typedef struct slice {
    const unsigned char *at;
    size_t length;
} slice;

/* Reads [a-z][a-z0-9_.]* of at most 64 bytes in quotes. Names must ascend (compared by bytes) from `*last`, so that
 * duplicates are found without a table of names. */
static slice next_name(cursor *c, slice *last)
{
    DEMAND(c, "\"", CMLP_ERROR_FILE_NAME);
    slice n = {c->at, 0};
    for (; !c->status && c->at < c->end && n.length <= CMLP_NAME_MOST; c->at++, n.length++) {
        const unsigned b = *c->at;
        const int letter = b >= 'a' && b <= 'z', other = (b >= '0' && b <= '9') || b == '_' || b == '.';
        if (!letter && !(other && n.length)) break;
    }
    if (!n.length || n.length > CMLP_NAME_MOST) fail(c, CMLP_ERROR_FILE_NAME);
    DEMAND(c, "\"", CMLP_ERROR_FILE_NAME);
    if (c->status) return n;
    const int order = memcmp(last->at, n.at, last->length < n.length ? last->length : n.length);
    if (order > 0 || (order == 0 && last->length >= n.length)) fail(c, CMLP_ERROR_FILE_NAME);
    *last = n;
    return n;
}

static int is_name(slice n, const char *text)
{
    size_t i = 0;
    while (i < n.length && text[i] && n.at[i] == (unsigned char)text[i]) i++;
    return i == n.length && !text[i];
}

static const char *const fixed_keys[] = {"cmlp", "crc32", "data_crc32", "input_scale", "activations", "loss"};

static int is_fixed(slice n)
{
    for (size_t i = 0; i < sizeof fixed_keys / sizeof *fixed_keys; i++)
        if (is_name(n, fixed_keys[i])) return 1;
    return 0;
}

int cmlp_is_fixed_key(const char *key)
{
    slice n = {(const unsigned char *)key, 0};
    while (n.length <= CMLP_NAME_MOST && key[n.length]) n.length++;
    return is_fixed(n);
}

/* Reads letters, digits and underscores. */
static slice next_word(cursor *c)
{
    slice n = {c->at, 0};
    for (; !c->status && c->at < c->end; c->at++, n.length++) {
        const unsigned b = *c->at, lower = b | 0x20;
        if (!(lower >= 'a' && lower <= 'z') && !(b >= '0' && b <= '9') && b != '_') break;
    }
    return n;
}

/* Reads the parameter after a name, if there is one: a number above 0, which cmlp_net_init checks later. */
static double next_parameter(cursor *c, double standard)
{
    if (standard == 0) return 0;
    DEMAND(c, ":", CMLP_ERROR_FILE_SYNTAX);
    const double value = hex_double(c);
    if (!(value > 0)) fail(c, CMLP_ERROR_OPTION);
    return value;
}

static int32_t next_activation(cursor *c, double *parameter)
{
    const cmlp_activation_info *info;
    const slice n = next_word(c);
    for (int32_t code = 1; (info = cmlp_describe_activation(code)) != NULL; code++)
        if (is_name(n, info->name)) {
            *parameter = next_parameter(c, info->parameter);
            return code;
        }
    return fail(c, CMLP_ERROR_ACTIVATION);
}

static int32_t next_loss(cursor *c, double *parameter)
{
    const cmlp_loss_info *info;
    const slice n = next_word(c);
    for (int32_t code = 1; (info = cmlp_describe_loss(code)) != NULL; code++)
        if (is_name(n, info->name)) {
            *parameter = next_parameter(c, info->parameter);
            return code;
        }
    return fail(c, CMLP_ERROR_LOSS);
}

static int32_t next_dtype(cursor *c)
{
    const slice n = next_word(c);
    for (const cmlp_dtype_name *d = cmlp_dtype_names; d->name; d++)
        if (is_name(n, d->name)) return d->dtype;
    return fail(c, CMLP_ERROR_FILE_TENSOR);
}

/* Reads {"dtype":"F32","shape":[...],"data_offsets":[a,b]}. a must be the end of the previous tensor, and b - a the
 * size of the shape, so that there are neither gaps nor overlaps. */
typedef struct tensor {
    int32_t dtype, n_dims;
    uint64_t shape[2];
} tensor;

static tensor next_tensor(cursor *c, uint64_t *offset)
{
    tensor t = {0, 0, {0, 0}};
    DEMAND(c, ":{\"dtype\":\"", CMLP_ERROR_FILE_SYNTAX);
    t.dtype = next_dtype(c);
    DEMAND(c, "\",\"shape\":[", CMLP_ERROR_FILE_SYNTAX);
    uint64_t bytes = cmlp_bytes_of(t.dtype);
    do {
        const uint64_t size = number(c);
        if (c->status) return t;
        if (t.n_dims == 2 || size < 1 || size > CMLP_MAX_WIDTH || bytes > CMLP_DATA_MOST / size) {
            fail(c, CMLP_ERROR_FILE_TENSOR);
            return t;
        }
        t.shape[t.n_dims++] = size;
        bytes *= size;
    } while (PASS(c, ","));
    DEMAND(c, "],\"data_offsets\":[", CMLP_ERROR_FILE_SYNTAX);
    if (number(c) != *offset) fail(c, CMLP_ERROR_FILE_TENSOR);
    DEMAND(c, ",", CMLP_ERROR_FILE_SYNTAX);
    if (number(c) != *offset + bytes) fail(c, CMLP_ERROR_FILE_TENSOR);
    DEMAND(c, "]}", CMLP_ERROR_FILE_SYNTAX);
    *offset += bytes;
    return t;
}

/* Reads the fixed keys, then the others: the labels, and keys that only other programs use. */
static void read_metadata(cursor *c, cmlp_head *head)
{
    DEMAND(c, "\",\"data_crc32\":\"", CMLP_ERROR_FILE_SYNTAX);
    head->data_crc = (uint32_t)hex(c, 8);
    DEMAND(c, "\",\"input_scale\":\"", CMLP_ERROR_FILE_SYNTAX);
    head->input_scale = hex_double(c);
    if (head->input_scale == 0 || (head->version == 2 && head->input_scale != 1)) fail(c, CMLP_ERROR_OPTION);
    DEMAND(c, "\",\"activations\":\"", CMLP_ERROR_FILE_SYNTAX);
    head->n_layers = 1;
    do {
        if (head->n_layers == CMLP_MAX_LAYERS) fail(c, CMLP_ERROR_LAYERS);
        if (c->status) return;
        const int32_t l = head->n_layers++ - 1;
        head->activations[l] = next_activation(c, &head->activation_parameters[l]);
    } while (PASS(c, ","));
    DEMAND(c, "\",\"loss\":\"", CMLP_ERROR_FILE_SYNTAX);
    head->loss = next_loss(c, &head->loss_parameter);
    DEMAND(c, "\"", CMLP_ERROR_FILE_SYNTAX);
    slice last = {(const unsigned char *)"", 0};
    while (PASS(c, ",")) {
        const slice key = next_name(c, &last);
        if (is_fixed(key)) fail(c, CMLP_ERROR_FILE_NAME);
        DEMAND(c, ":", CMLP_ERROR_FILE_SYNTAX);
        const char *text = (const char *)c->at + 1;
        const size_t length = string(c);
        if (!c->status && is_name(key, "classes")) head->classes = (cmlp_text){text, text + length, 1};
    }
    DEMAND(c, "}", CMLP_ERROR_FILE_SYNTAX);
}

/* Reads ,"layers.I.weight" or ,"layers.I.bias". */
static void layer_name(cursor *c, int32_t layer, int is_bias)
{
    const char digits[2] = {(char)('0' + layer / 10), (char)('0' + layer % 10)};
    const size_t skipped = layer < 10;
    DEMAND(c, ",\"layers.", CMLP_ERROR_FILE_NAME);
    if (!pass(c, digits + skipped, 2 - skipped)) fail(c, CMLP_ERROR_FILE_NAME);
    if (!(is_bias ? PASS(c, ".bias\"") : PASS(c, ".weight\""))) fail(c, CMLP_ERROR_FILE_NAME);
}

static void read_layers(cursor *c, cmlp_head *head, uint64_t *offset)
{
    for (int32_t l = 0; l + 1 < head->n_layers; l++) {
        layer_name(c, l, 0);
        const tensor weights = next_tensor(c, offset);
        layer_name(c, l, 1);
        const tensor biases = next_tensor(c, offset);
        if (c->status) return;
        if (!l) {
            head->dtype = weights.dtype;
            head->sizes[0] = (int64_t)weights.shape[0];
        }
        head->sizes[l + 1] = (int64_t)weights.shape[1];
        const int is_float = head->dtype == CMLP_FLOAT32 || head->dtype == CMLP_FLOAT64;
        if (!is_float || weights.dtype != head->dtype || biases.dtype != head->dtype || weights.n_dims != 2 ||
            biases.n_dims != 1 || (int64_t)weights.shape[0] != head->sizes[l] || biases.shape[0] != weights.shape[1])
            fail(c, CMLP_ERROR_FILE_TENSOR);
    }
}

/* Notes where a tensor of this format starts, and checks its type and shape. */
static void note_tensor(cursor *c, cmlp_head *head, slice n, const tensor *t, uint64_t start)
{
    const int64_t n_in = head->sizes[0], n_out = head->sizes[head->n_layers - 1];
    const struct {
        const char *name;
        int32_t dtype;
        int64_t length;
        uint64_t *start;
    } known[] = {{CMLP_EXAMPLE_INPUT, head->dtype, n_in, &head->example_input},
                 {CMLP_EXAMPLE_OUTPUT, head->dtype, n_out, &head->example_output},
                 {CMLP_INPUT_FACTOR, CMLP_FLOAT64, n_in, &head->input_factor},
                 {CMLP_INPUT_SHIFT, CMLP_FLOAT64, n_in, &head->input_shift}};
    if (n.length > 6 && !memcmp(n.at, "layers.", 7)) fail(c, CMLP_ERROR_FILE_NAME);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!is_name(n, known[i].name)) continue;
        *known[i].start = start;
        if (t->dtype != known[i].dtype || t->n_dims != 1 || (int64_t)t->shape[0] != known[i].length)
            fail(c, CMLP_ERROR_FILE_TENSOR);
    }
}

/* Reads the example, shift and factor, and the tensors that only other programs use. */
static void read_other_tensors(cursor *c, cmlp_head *head, uint64_t *offset)
{
    slice last = {(const unsigned char *)"", 0};
    while (PASS(c, ",")) {
        const slice n = next_name(c, &last);
        const uint64_t start = head->bytes + *offset;
        const tensor t = next_tensor(c, offset);
        if (c->status) return;
        note_tensor(c, head, n, &t, start);
    }
    if (!head->example_input != !head->example_output) fail(c, CMLP_ERROR_FILE_NAME);
    if (!head->input_factor == (head->version == 2) || !head->input_shift != !head->input_factor)
        fail(c, CMLP_ERROR_FILE_NAME);
    DEMAND(c, "}", CMLP_ERROR_FILE_SYNTAX);
}

/* The labels: their number depends on the outputs. */
static void read_classes(cursor *c, const cmlp_head *head)
{
    const char *at;
    if (c->status || !head->classes.at) return;
    const cmlp_status status = cmlp_check_classes(head->classes, head->sizes[head->n_layers - 1], &at);
    if (!status) return;
    fail(c, status);
    c->at = (const unsigned char *)at;
}

/* Skips at most 63 spaces before the parameters. */
static void read_padding(cursor *c)
{
    if (c->end - c->at >= CMLP_HEAD_ALIGNMENT) fail(c, CMLP_ERROR_FILE_SYNTAX);
    while (PASS(c, " ")) {}
    if (c->at < c->end) fail(c, CMLP_ERROR_FILE_SYNTAX);
}

static uint32_t head_crc(const unsigned char *file, size_t n)
{
    cmlp_crc crc;
    cmlp_crc_begin(&crc);
    cmlp_crc_add(&crc, file, CMLP_HEAD_CRC_AT);
    cmlp_crc_add(&crc, "00000000", 8);
    cmlp_crc_add(&crc, file + CMLP_HEAD_CRC_AT + 8, n - CMLP_HEAD_CRC_AT - 8);
    return cmlp_crc_end(&crc);
}

/* Reads the length of the head from the first eight bytes of the file. */
static cmlp_status head_length(const unsigned char *file, size_t n, uint64_t *bytes)
{
    uint64_t length = 0;
    if (n < 8) return CMLP_ERROR_FILE_SHORT;
    for (int i = 7; i >= 0; i--) length = length << 8 | file[i];
    if (length > CMLP_HEAD_MOST - 8 || (length + 8) % CMLP_HEAD_ALIGNMENT || length < CMLP_HEAD_LEAST)
        return CMLP_ERROR_FILE_MAGIC;
    *bytes = length + 8;
    return n < *bytes ? CMLP_ERROR_FILE_SHORT : CMLP_OK;
}

cmlp_status cmlp_head_read(const unsigned char *file, size_t n, cmlp_head *head)
{
    memset(head, 0, sizeof *head);
    const cmlp_status status = head_length(file, n, &head->bytes);
    if (status) return status;
    cursor c = {file + 8, file + head->bytes, CMLP_OK};
    uint64_t offset = 0;
    DEMAND(&c, CMLP_HEAD_START, CMLP_ERROR_FILE_MAGIC);
    head->version = PASS(&c, CMLP_HEAD_VERSION_2) ? 2 : 1;
    if (head->version == 1) DEMAND(&c, CMLP_HEAD_VERSION, CMLP_ERROR_FILE_VERSION);
    const uint32_t crc = (uint32_t)hex(&c, 8);
    if (!c.status && crc != head_crc(file, (size_t)head->bytes)) fail(&c, CMLP_ERROR_FILE_HEAD_CRC);
    read_metadata(&c, head);
    read_layers(&c, head, &offset);
    read_classes(&c, head);
    read_other_tensors(&c, head, &offset);
    read_padding(&c);
    head->error_at = (uint64_t)(c.at - file);
    head->file_size = head->bytes + offset;
    return c.status;
}

int cmlp_head_find(const unsigned char *file, const char *key, const char **text, size_t *length)
{
    cursor c = {file + 8, file + 8, CMLP_OK};
    uint64_t bytes;
    if (head_length(file, SIZE_MAX, &bytes)) return 0;
    c.end = file + bytes;
    DEMAND(&c, "{\"__metadata__\":{", CMLP_ERROR_FILE_SYNTAX);
    do {
        slice none = {(const unsigned char *)"", 0};
        const slice found = next_name(&c, &none);
        DEMAND(&c, ":\"", CMLP_ERROR_FILE_SYNTAX);
        c.at--;
        const unsigned char *first = c.at + 1;
        const size_t there = string(&c);
        if (c.status) return 0;
        if (is_name(found, key)) {
            *text = (const char *)first;
            *length = there;
            return 1;
        }
    } while (PASS(&c, ","));
    return 0;
}
