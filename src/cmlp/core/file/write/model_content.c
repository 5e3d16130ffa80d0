/* Checks of the strings and arrays that a program adds to a model file. */
#include "model_content.h"

#include <string.h>

#include "../../base/arguments.h"

#if CMLP_BUILD_TRAINING

int cmlpi_order_of(const char *a, const char *b)
{
    while (*a && *a == *b) a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

const char *cmlpi_dtype_name_of(int32_t dtype)
{
    const cmlpi_dtype_name *d = cmlpi_dtype_names;
    while (d->name && d->dtype != dtype) d++;
    return d->name;
}

static int is_key(const char *text)
{
    int n = 0;
    for (; n <= CMLPI_MAX_NAME && text[n]; n++)
        if (!cmlpi_is_name_byte((unsigned char)text[n], !n)) return 0;
    return n && n <= CMLPI_MAX_NAME;
}

/* A key that is_key accepts. */
static string_view view_of(const char *key)
{
    string_view view = {(const unsigned char *)key, 0};
    while (key[view.length]) view.length++;
    return view;
}

/* Whether a program can have this name, which is not one of the format or of Python. */
static int is_allowed(const char *name, const cmlpi_content_kind *kind)
{
    static const char start[] = "user.";
    for (int i = 0; start[i]; i++)
        if (name[i] != start[i]) return kind->has_any_names;
    return 1;
}

static cmlp_status check_strings(const cmlp_model_content *content, const cmlpi_content_kind *kind, int64_t *bad)
{
    if (content->n_strings < 0) return CMLP_ERROR_OPTION;
    if (content->n_strings && !content->strings) return CMLP_ERROR_NULL;
    for (int64_t i = 0; i < content->n_strings; i++) {
        const cmlp_model_string *s = &content->strings[i];
        *bad = i;
        if (s->n_value < 0 || s->reserved[0] || s->reserved[1]) return CMLP_ERROR_OPTION;
        if (!s->key || !s->value) return CMLP_ERROR_NULL;
        if (!is_key(s->key) || cmlpi_is_fixed_key(view_of(s->key)) || !is_allowed(s->key, kind)) return CMLP_ERROR_NAME;
        if (i && cmlpi_order_of(s[-1].key, s->key) >= 0) return CMLP_ERROR_NAME;
        for (int64_t k = 0; k < s->n_value; k++)
            if ((unsigned char)s->value[k] < 0x20 || (unsigned char)s->value[k] > 0x7e) return CMLP_ERROR_TEXT;
    }
    *bad = -1;
    return CMLP_OK;
}

static cmlp_status check_content_array(const cmlp_model_array *a, const cmlpi_content_kind *kind)
{
    static const char *const reserved[] = {"training.", "layers.", "example.", "input.", "nets.", "table."};
    static const char *const scores[] = {CMLPI_CALIBRATION_LIMITS, CMLPI_CALIBRATION_SCORES, CMLPI_CALIBRATION_WIDTHS};
    const size_t n_reserved = kind->columns ? 6 : 4;
    if (cmlpi_has_reserved(a->padding, a->reserved)) return CMLP_ERROR_OPTION;
    if (!a->name || !a->data) return CMLP_ERROR_NULL;
    if (!is_key(a->name)) return CMLP_ERROR_NAME;
    for (size_t i = kind->has_training ? 0 : 1; i < n_reserved; i++) {
        int n = 0;
        while (reserved[i][n] && a->name[n] == reserved[i][n]) n++;
        if (!reserved[i][n]) return CMLP_ERROR_NAME;
    }
    for (int i = 0; kind->has_calibration && i < 3; i++)
        if (!cmlpi_order_of(a->name, scores[i])) return CMLP_ERROR_NAME;
    for (int i = 0; i < CMLPI_N_VALUE_TENSORS; i++)
        if (!cmlpi_order_of(a->name, cmlpi_value_tensors[i].name)) return CMLP_ERROR_NAME;
    if (!cmlpi_dtype_name_of(a->dtype)) return CMLP_ERROR_DTYPE;
    if (a->n_rows < 1 || a->n_rows > CMLPI_MAX_COUNT || a->n_columns < 0 || a->n_columns > CMLPI_MAX_COUNT)
        return CMLP_ERROR_OPTION;
    const uint64_t limit = (PTRDIFF_MAX < CMLPI_MAX_DATA ? (uint64_t)PTRDIFF_MAX : CMLPI_MAX_DATA) / 8;
    if (a->n_columns && (uint64_t)a->n_rows > limit / (uint64_t)a->n_columns) return CMLP_ERROR_OVERFLOW;
    return cmlpi_misaligned(a->data, cmlpi_bytes_of(a->dtype)) ? CMLP_ERROR_ALIGNMENT : CMLP_OK;
}

#if CMLP_BUILD_TABLES
static double array_number(const void *array, int64_t i) { return ((const double *)array)[i]; }

cmlp_status cmlpi_check_calibration_array(const cmlp_model_array *a, const cmlpi_content_kind *kind, int64_t *n_targets)
{
    const cmlpi_numbers numbers = {array_number, a->data};
    if (!cmlpi_order_of(a->name, CMLPI_CALIBRATION_LIMITS)) {
        if (!cmlpi_holds_limits(a->dtype, a->n_rows, a->n_columns, kind->n_targets)) return CMLP_ERROR_LENGTH;
        return cmlpi_are_limits(&numbers, kind->n_targets) ? CMLP_OK : CMLP_ERROR_VALUE;
    }
    if (!cmlpi_order_of(a->name, CMLPI_CALIBRATION_WIDTHS)) {
        if (!cmlpi_holds_widths(a->dtype, a->n_rows, a->n_columns, *n_targets)) return CMLP_ERROR_LENGTH;
        return cmlpi_are_widths(&numbers, *n_targets, a->n_columns) ? CMLP_OK : CMLP_ERROR_VALUE;
    }
    if (cmlpi_order_of(a->name, CMLPI_CALIBRATION_SCORES)) return CMLP_OK;
    *n_targets = a->n_rows;
    if (!cmlpi_holds_scores(a->dtype, a->n_rows, a->n_columns, kind->n_targets)) return CMLP_ERROR_LENGTH;
    return cmlpi_are_scores(&numbers, a->n_rows, a->n_columns) ? CMLP_OK : CMLP_ERROR_VALUE;
}
#endif

static cmlp_status check_arrays(const cmlp_model_content *content, const cmlpi_content_kind *kind, int64_t *bad)
{
    if (content->n_arrays < 0) return CMLP_ERROR_OPTION;
    if (content->n_arrays && !content->arrays) return CMLP_ERROR_NULL;
    int64_t n_targets = 0;
    for (int64_t i = 0; i < content->n_arrays; i++) {
        const cmlp_model_array *a = &content->arrays[i];
        *bad = i;
        cmlp_status status = check_content_array(a, kind);
        if (!status && !is_allowed(a->name, kind)) status = CMLP_ERROR_NAME;
        if (CMLP_BUILD_TABLES && !status && kind->columns) status = cmlpi_check_calibration_array(a, kind, &n_targets);
        if (status) return status;
        if (i && cmlpi_order_of(a[-1].name, a->name) >= 0) return CMLP_ERROR_NAME;
    }
    *bad = -1;
    return CMLP_OK;
}

cmlp_status cmlpi_check_content(const cmlp_model_content *content, const cmlpi_content_kind *kind, cmlp_run *run)
{
    if (content->reserved) return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "content->reserved");
    cmlp_status status = check_strings(content, kind, &run->bad_element);
    if (status) return cmlpi_refuse(&run->refused, status, "content->strings");
    status = check_arrays(content, kind, &run->bad_element);
    return status ? cmlpi_refuse(&run->refused, status, "content->arrays") : CMLP_OK;
}
#endif
