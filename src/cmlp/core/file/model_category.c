/* The codes of categories in the model of a table: a search in the list of a column, as it is in the file. */
#include <math.h>

#include "../base/arguments.h"
#include "model.h"
#include "model_category.h"

#if CMLP_BUILDS_TABLES
typedef enum category_kind { MISSING, TEXT, NUMBER } category_kind;

/* What is searched. */
typedef struct category {
    category_kind kind;
    const char *text; /* UTF-8 */
    size_t n_text;
    cmlp_number number;
} category;

int cmlp_is_text(cmlp_text t, const char *text, size_t n_text)
{
    int32_t code;
    size_t n = 0;
    if (!cmlp_text_pass(&t, "\"")) return 0;
    for (; (code = cmlp_text_letter(&t)) >= 0;) {
        char bytes[4];
        size_t n_bytes = 0;
        cmlp_text_append(code, bytes, &n_bytes);
        if (n_text - n < n_bytes || memcmp(text + n, bytes, n_bytes)) return 0;
        n += n_bytes;
    }
    return code == CMLP_TEXT_END && n == n_text;
}

/* Adds the digits that come next to a decimal, and returns their number. */
static int64_t add_digits(cmlp_text *t, cmlp_decimal *decimal, int is_fraction)
{
    int64_t n = 0;
    for (cmlp_text ahead = *t;; *t = ahead, n++) {
        const int32_t c = cmlp_text_next(&ahead);
        if (c < '0' || c > '9') return n;
        cmlp_decimal_add(decimal, c - '0', is_fraction);
    }
}

/* Reads the exponent of a number, if it has one. */
static int64_t read_exponent(cmlp_text *t)
{
    int64_t exponent = 0;
    if (!cmlp_text_pass(t, "e") && !cmlp_text_pass(t, "E")) return 0;
    const int is_negative = cmlp_text_pass(t, "-");
    if (!is_negative) cmlp_text_pass(t, "+");
    for (cmlp_text ahead = *t;; *t = ahead) {
        const int32_t c = cmlp_text_next(&ahead);
        if (c < '0' || c > '9') return is_negative ? -exponent : exponent;
        exponent = cmlp_add_exponent_digit(exponent, c - '0');
    }
}

int cmlp_read_number(cmlp_text t, cmlp_number *number)
{
    cmlp_decimal decimal;
    const int is_true = cmlp_text_pass(&t, "true"), is_word = is_true || cmlp_text_pass(&t, "false");
    *number = (cmlp_number){.value = is_true, .is_exact = 1, .digits = "1", .n_digits = is_true};
    if (is_word) return 1;
    const int is_negative = cmlp_text_pass(&t, "-"), is_zero = t.at < t.end && *t.at == '0';
    cmlp_decimal_begin(&decimal);
    number->digits = t.at;
    const int64_t n = add_digits(&t, &decimal, 0);
    const char *const end = t.at;
    if (!n) return 0;
    if (cmlp_text_pass(&t, ".")) add_digits(&t, &decimal, 1);
    const int64_t exponent = read_exponent(&t);
    number->value = cmlp_decimal_value(&decimal, exponent, &number->is_exact);
    if (is_negative) number->value = -number->value;
    number->n_digits = is_zero ? 0 : n;
    if (t.at != end) { /* no integer: its value is the double */
        number->n_digits = -1;
        number->is_exact = 1;
    }
    return 1;
}

/* Whether the value at `t` is the category. */
static int is_category(cmlp_text t, const category *wanted)
{
    cmlp_number number;
    if (wanted->kind == MISSING) return cmlp_text_pass(&t, "null");
    if (wanted->kind == TEXT) return cmlp_is_text(t, wanted->text, wanted->n_text);
    return cmlp_read_number(t, &number) && cmlp_equal_numbers(&number, &wanted->number);
}

/* Reads the caller's struct, and the list in it. */
static cmlp_status read_list(const cmlp_table_categories *given, cmlp_table_categories *c, cmlp_text *t)
{
    const cmlp_status status = CMLP_READ(c, given, cmlp_table_categories, unknown);
    if (status) return status;
    if (!c->list) return CMLP_ERROR_OPTION;
    *t = (cmlp_text){c->list, (const char *)c->list + c->list_size, 1};
    return CMLP_OK;
}

static cmlp_status find(const cmlp_table_categories *given, const category *wanted, double *code)
{
    cmlp_table_categories c;
    cmlp_text t;
    const cmlp_status status = read_list(given, &c, &t);
    if (status) return status;
    if (!code) return CMLP_ERROR_NULL;
    int64_t i = 0;
    for (; i < c.n; i++, cmlp_text_pass(&t, ",")) {
        cmlp_text value = t;
        if (!cmlp_text_value(&t)) return CMLP_ERROR_OPTION;
        if (is_category(value, wanted)) break;
    }
    *code = i < c.n ? (double)i : c.unknown;
    return CMLP_OK;
}

cmlp_status cmlp_table_code_of_text(const cmlp_table_categories *categories, const char *text, double *code)
{
    category wanted = {.kind = text ? TEXT : MISSING, .text = text};
    while (text && text[wanted.n_text]) wanted.n_text++;
    return find(categories, &wanted, code);
}

static cmlp_status find_number(const cmlp_table_categories *categories, double number, double *code)
{
    category wanted = {.kind = MISSING};
    if (number == number) wanted = (category){.kind = NUMBER, .number = {number, 1, NULL, -1}};
    return find(categories, &wanted, code);
}

cmlp_status cmlp_table_code_of_number(const cmlp_table_categories *categories, double number, double *code)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    const cmlp_status status = find_number(categories, number, code);
    cmlp_leave_mode(mode);
    return status;
}

static cmlp_status find_integer(const cmlp_table_categories *categories, int64_t integer, double *code)
{
    char digits[20], *const end = digits + sizeof digits, *first = end;
    const uint64_t magnitude = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    for (uint64_t rest = magnitude; rest; rest /= 10) *--first = (char)('0' + rest % 10);
    const double nearest = (double)magnitude, value = integer < 0 ? -nearest : nearest; /* at most 2^63 */
    const cmlp_number number = {value, (uint64_t)nearest == magnitude, first, end - first};
    const category wanted = {.kind = NUMBER, .number = number};
    return find(categories, &wanted, code);
}

cmlp_status cmlp_table_code_of_integer(const cmlp_table_categories *categories, int64_t integer, double *code)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    const cmlp_status status = find_integer(categories, integer, code);
    cmlp_leave_mode(mode);
    return status;
}

cmlp_status cmlp_table_category(const cmlp_table_categories *categories, int64_t code, char *buffer, size_t n,
                                size_t *length, cmlp_table_category_kind *kind)
{
    cmlp_table_categories c;
    cmlp_text t;
    cmlp_status status = read_list(categories, &c, &t);
    if (status) return status;
    if (code < 0 || code >= c.n) return CMLP_ERROR_LABEL;
    for (int64_t i = 0; i < code; i++)
        if (!cmlp_text_value(&t) || !cmlp_text_pass(&t, ",")) return CMLP_ERROR_OPTION;
    cmlp_text first = t, end = t;
    if (!cmlp_text_value(&end)) return CMLP_ERROR_OPTION;
    const int is_missing = cmlp_text_pass(&first, "null"), is_text = cmlp_text_pass(&first, "\"");
    if (is_missing) t.at = t.end; /* it has no letters */
    status = cmlp_text_copy(t, buffer, n, length);
    if (!status && kind)
        *kind = is_missing ? CMLP_TABLE_CATEGORY_MISSING
                : is_text  ? CMLP_TABLE_CATEGORY_TEXT
                           : CMLP_TABLE_CATEGORY_NUMBER;
    return status;
}

cmlp_status cmlp_table_find_categories(const cmlp_model *model, int64_t column, cmlp_table_categories *categories)
{
    cmlp_table_categories copy;
    const char *found;
    size_t length;
    cmlp_status status = CMLP_READ(&copy, categories, cmlp_table_categories, unknown);
    if (!status) status = cmlp_model_metadata(model, "categories", &found, &length);
    if (status) return status;
    if (!model->table) return CMLP_ERROR_FILE_KEY;
    if (column < 0 || column >= model->table->n_columns) return CMLP_ERROR_OPTION;
    cmlp_text t = {found, found + length, 1};
    cmlp_text_pass(&t, "[");
    for (int64_t i = 0; i < column; i++)
        if (!cmlp_text_list(&t, &copy.n) || !cmlp_text_pass(&t, ",")) return CMLP_ERROR_OPTION;
    cmlp_text end = t;
    if (!cmlp_text_list(&end, &copy.n) || copy.n < 0) return CMLP_ERROR_OPTION;
    cmlp_text_pass(&t, "[");
    copy.list = t.at;
    copy.list_size = (uint64_t)(end.at - t.at);
    copy.unknown = model->table->columns[column].kind == CMLP_TABLE_COLUMN_NUMBER ? NAN : -1;
    cmlp_write_struct(categories, &copy, sizeof copy);
    return CMLP_OK;
}
#endif
