/* The labels of a classifier, in the metadata string "classes" of a model file: their check, which needs no memory and
 * reads each character twice, and single labels as text. docs/model-file.md has the rules. */
#include <string.h>

#include "model_text.h"

typedef enum label_family { BOOLS, SIGNED, UNSIGNED, FLOATS, TEXTS, FIXED_TEXTS } label_family;

typedef struct label_type {
    label_family family;
    int bits;         /* of numbers */
    uint64_t letters; /* of fixed-size texts */
} label_type;

typedef struct class_label {
    uint64_t magnitude; /* of integers; of floats the bits, which ascend too; of booleans 0 or 1 */
    int negative;       /* 0 for -0 */
    int is_text;
    uint64_t letters;
    cmlp_text text; /* begins behind the opening quotation mark */
} class_label;

/* What is true of all labels so far. */
typedef struct summary {
    int64_t n;
    uint64_t letters; /* of the longest */
    int n_texts, beyond_double;
} summary;

static const struct {
    const char *name;
    label_type type;
} types[] = {
    {"bool\"", {BOOLS, 0, 0}},       {"int8\"", {SIGNED, 8, 0}},      {"int16\"", {SIGNED, 16, 0}},
    {"int32\"", {SIGNED, 32, 0}},    {"int64\"", {SIGNED, 64, 0}},    {"uint8\"", {UNSIGNED, 8, 0}},
    {"uint16\"", {UNSIGNED, 16, 0}}, {"uint32\"", {UNSIGNED, 32, 0}}, {"uint64\"", {UNSIGNED, 64, 0}},
    {"float16\"", {FLOATS, 16, 0}},  {"float32\"", {FLOATS, 32, 0}},  {"float64\"", {FLOATS, 64, 0}},
    {"object\"", {TEXTS, 0, 0}},
};

/* Reads a name and the quotation mark behind it. */
static int read_type(cmlp_text *t, label_type *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (cmlp_text_pass(t, types[i].name)) {
            *type = types[i].type;
            return 1;
        }
    *type = (label_type){FIXED_TEXTS, 0, 0};
    return cmlp_text_pass(t, "U") && cmlp_text_digits(t, &type->letters) && cmlp_text_pass(t, "\"");
}

/* ------------------------------------------------------------------------------------------------- single labels */

static int read_bool(cmlp_text *t, class_label *v)
{
    v->magnitude = (uint64_t)cmlp_text_pass(t, "true");
    return v->magnitude || cmlp_text_pass(t, "false");
}

/* Integers are numbers, or text. */
static int read_integer(cmlp_text *t, const label_type *type, class_label *v)
{
    v->is_text = cmlp_text_pass(t, "\"");
    v->negative = cmlp_text_pass(t, "-");
    if (!cmlp_text_digits(t, &v->magnitude)) return 0;
    if (v->is_text && ((v->negative && !v->magnitude) || !cmlp_text_pass(t, "\""))) return 0;
    v->negative &= v->magnitude != 0;
    const uint64_t half = UINT64_C(1) << (type->bits - 1);
    if (type->family == SIGNED) return v->magnitude <= half - !v->negative;
    return !v->negative && v->magnitude <= half - 1 + half;
}

/* Whether a double, given by the bits of its magnitude, is a number of the type. */
static int fits(uint64_t magnitude, int bits)
{
    const int precision = bits == 16 ? 11 : 24, most = bits == 16 ? 15 : 127, least = 1 - most;
    const int exponent = (int)(magnitude >> 52) - 1023;
    const int zeros = 53 - precision + (exponent < least ? least - exponent : 0);
    const uint64_t mantissa = (magnitude & (UINT64_MAX >> 12)) | UINT64_C(1) << 52;
    if (bits == 64 || !magnitude) return 1;
    return exponent <= most && zeros <= 52 && !(mantissa & ((UINT64_C(1) << zeros) - 1));
}

static int read_float(cmlp_text *t, const label_type *type, class_label *v)
{
    if (!cmlp_text_decimal(t, &v->negative, &v->magnitude)) return 0;
    v->negative &= v->magnitude != 0;
    return fits(v->magnitude, type->bits);
}

/* NumPy drops NUL characters at the end of texts of a fixed size. */
static int read_text(cmlp_text *t, const label_type *type, class_label *v)
{
    int32_t c, last = 1;
    if (!cmlp_text_pass(t, "\"")) return 0;
    v->is_text = 1;
    v->text = *t;
    for (v->letters = 0; (c = cmlp_text_letter(t)) >= 0; v->letters++) last = c;
    return c == CMLP_TEXT_END && (last || type->family == TEXTS);
}

static int read_label(cmlp_text *t, const label_type *type, class_label *v)
{
    memset(v, 0, sizeof *v);
    switch (type->family) {
    case BOOLS: return read_bool(t, v);
    case FLOATS: return read_float(t, type, v);
    case TEXTS:
    case FIXED_TEXTS: return read_text(t, type, v);
    default: return read_integer(t, type, v);
    }
}

/* Whether a label comes before another one of its type. */
static int is_less(const label_type *type, class_label a, class_label b)
{
    int32_t c, d;
    if (type->family != TEXTS && type->family != FIXED_TEXTS) {
        if (a.negative != b.negative) return a.negative;
        return a.negative ? a.magnitude > b.magnitude : a.magnitude < b.magnitude;
    }
    do {
        c = cmlp_text_letter(&a.text);
        d = cmlp_text_letter(&b.text);
    } while (c == d && c >= 0);
    return c < d; /* the end comes before every letter */
}

/* ---------------------------------------------------------------------------------------------------- all labels */

/* Reads what is before the labels. */
static int read_start(cmlp_text *t, label_type *type, int *multilabel)
{
    if (!cmlp_text_pass(t, "{\"kind\":\"")) return 0;
    *multilabel = cmlp_text_pass(t, "multilabel");
    if (!*multilabel && !cmlp_text_pass(t, "labels")) return 0;
    return cmlp_text_pass(t, "\",\"dtype\":\"") && read_type(t, type) && cmlp_text_pass(t, ",\"values\":[");
}

static void add(summary *all, const label_type *type, const class_label *v)
{
    const int is_integer = type->family == SIGNED || type->family == UNSIGNED;
    all->n++;
    all->n_texts += v->is_text;
    if (v->letters > all->letters) all->letters = v->letters;
    all->beyond_double |= is_integer && v->magnitude > UINT64_C(1) << 53;
}

/* Integers are all text if one of them is beyond 2^53. The memory of texts of a fixed size is limited. */
static int is_consistent(const summary *all, const label_type *type)
{
    const uint64_t letters = all->letters ? all->letters : 1;
    if (type->family == SIGNED || type->family == UNSIGNED) return all->n_texts == (all->beyond_double ? all->n : 0);
    return type->family != FIXED_TEXTS ||
           (type->letters == letters && 4 * letters * (uint64_t)all->n <= UINT64_C(1) << 28);
}

static int check(cmlp_text *t, int64_t n_outputs)
{
    summary all = {0};
    label_type type;
    class_label v, before;
    int multilabel;
    if (!read_start(t, &type, &multilabel)) return 0;
    const int64_t most = n_outputs == 1 && !multilabel ? 2 : n_outputs;
    const int is_integer = type.family == SIGNED || type.family == UNSIGNED;
    do {
        if (all.n == most || !read_label(t, &type, &v)) return 0;
        if (all.n && !is_less(&type, before, v)) return 0;
        if (multilabel && (!is_integer || v.magnitude != (uint64_t)all.n)) return 0;
        add(&all, &type, &v);
        before = v;
    } while (cmlp_text_pass(t, ","));
    return (all.n == n_outputs || n_outputs == 1) && is_consistent(&all, &type) && cmlp_text_pass(t, "]}") &&
           t->at == t->end;
}

cmlp_status cmlp_check_classes(cmlp_text text, int64_t n_outputs, const char **at)
{
    const int valid = check(&text, n_outputs);
    *at = text.at;
    return valid ? CMLP_OK : CMLP_ERROR_FILE_SYNTAX;
}

/* -------------------------------------------------------------------------------------------------- one as text */

/* Appends the text of the label that comes next. Returns 0 if UTF-8 with a final NUL cannot express it. */
static int append_label(cmlp_text t, char *buffer, size_t *length)
{
    int32_t code;
    *length = 0;
    if (!cmlp_text_pass(&t, "\"")) { /* a number or a word */
        while ((code = cmlp_text_next(&t)) != ',' && code != ']' && code >= 0) cmlp_text_append(code, buffer, length);
        return 1;
    }
    while ((code = cmlp_text_letter(&t)) >= 0) {
        if (!code || (code >= 0xd800 && code < 0xe000)) return 0;
        cmlp_text_append(code, buffer, length);
    }
    return code == CMLP_TEXT_END;
}

/* Moves behind a label that has been checked. */
static void skip_label(cmlp_text *t)
{
    if (cmlp_text_pass(t, "\""))
        while (cmlp_text_letter(t) >= 0) {}
    else
        while (t->at < t->end && *t->at != ',' && *t->at != ']') t->at++;
}

cmlp_status cmlp_model_label(const cmlp_model *model, int32_t label, char *buffer, size_t n)
{
    const char *classes;
    size_t length;
    label_type type;
    int multilabel;
    if (!buffer) return CMLP_ERROR_NULL;
    const cmlp_status status = cmlp_model_metadata(model, "classes", &classes, &length);
    if (status) return status;
    cmlp_text t = {classes, classes + length, 1};
    if (label < 0) return CMLP_ERROR_LABEL;
    if (!read_start(&t, &type, &multilabel)) return CMLP_ERROR_FILE_SYNTAX;
    for (int32_t i = 0; i < label; i++) {
        skip_label(&t);
        if (!cmlp_text_pass(&t, ",")) return CMLP_ERROR_LABEL;
    }
    if (!append_label(t, NULL, &length)) return CMLP_ERROR_FILE_SYNTAX;
    if (n <= length) return CMLP_ERROR_BUFFER_SIZE;
    append_label(t, buffer, &length);
    buffer[length] = '\0';
    return CMLP_OK;
}
