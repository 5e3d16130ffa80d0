/* The codes of categories in the model of a table: a search in the list of a column, as it is in the file. */
#include <math.h>

#include "../base/arguments.h"
#include "model.h"
#include "model_columns.h"

#if CMLP_BUILDS_TABLES
/* A number with its exact value: an integer, a double, or both. */
typedef struct exact_number {
    int is_integer, is_double, negative;
    uint64_t integer; /* magnitudes */
    double value;
} exact_number;

typedef enum category_kind { MISSING, TEXT, NUMBER } category_kind;

/* What is searched. */
typedef struct category {
    category_kind kind;
    const char *text; /* UTF-8 */
    exact_number number;
} category;

/* ------------------------------------------------------------------------------------------------- decimals */

/* Decimals of at most this many digits, and with an exponent of 10 of at most this size. Python writes fewer. */
enum { MOST_DIGITS = 40, MOST_EXPONENT = 400 };

/* 133 bits for the digits, 1329 for 10^400, 1076 for a power of two. The least significant word comes first. */
typedef struct wide_integer {
    uint32_t words[82];
    int n;
} wide_integer;

/* x = x * factor + added. */
static void multiply(wide_integer *x, uint32_t factor, uint32_t added)
{
    uint64_t carry = added;
    for (int i = 0; i < x->n; i++, carry >>= 32) {
        carry += (uint64_t)x->words[i] * factor;
        x->words[i] = (uint32_t)carry;
    }
    if (carry) x->words[x->n++] = (uint32_t)carry;
}

static void multiply_power(wide_integer *x, uint32_t base, int exponent)
{
    while (exponent-- > 0) multiply(x, base, 0);
}

/* Below, equal to or above 0, as a - b. */
static int compare(const wide_integer *a, const wide_integer *b)
{
    if (a->n != b->n) return a->n - b->n;
    for (int i = a->n - 1; i >= 0; i--)
        if (a->words[i] != b->words[i]) return a->words[i] < b->words[i] ? -1 : 1;
    return 0;
}

/* A decimal: digits times 10^exponent. */
typedef struct decimal {
    wide_integer digits;
    int exponent;
} decimal;

/* Reads digits behind those that have been read. Returns their number. */
static int read_digits(cmlp_text *t, decimal *d)
{
    int n = 0;
    for (cmlp_text ahead = *t;; *t = ahead, n++) {
        const int32_t c = cmlp_text_next(&ahead);
        if (c < '0' || c > '9' || n > MOST_DIGITS) return n;
        multiply(&d->digits, 10, (uint32_t)(c - '0'));
    }
}

/* Reads a JSON number without its sign. Returns 0 if it is too long. */
static int read_decimal(cmlp_text t, const char *end, decimal *d)
{
    int n, fraction = 0, exponent = 0;
    d->digits.n = 0;
    n = read_digits(&t, d);
    if (cmlp_text_pass(&t, ".")) fraction = read_digits(&t, d);
    if (n + fraction > MOST_DIGITS) return 0;
    if (cmlp_text_pass(&t, "e") || cmlp_text_pass(&t, "E")) {
        const int minus = cmlp_text_pass(&t, "-");
        int32_t c;
        if (!minus) cmlp_text_pass(&t, "+");
        for (; t.at < end && exponent <= MOST_EXPONENT; exponent = exponent * 10 + (c - '0')) c = cmlp_text_next(&t);
        if (minus) exponent = -exponent;
    }
    d->exponent = exponent - fraction;
    return t.at == end && d->exponent <= MOST_EXPONENT && d->exponent >= -MOST_EXPONENT;
}

/* Below, equal to or above 0, as the decimal minus quarters * 2^exponent. */
static int compare_decimal(const decimal *d, uint64_t quarters, int exponent)
{
    wide_integer left = d->digits, right = {{(uint32_t)quarters, (uint32_t)(quarters >> 32)}, quarters >> 32 ? 2 : 1};
    multiply_power(d->exponent < 0 ? &right : &left, 10, d->exponent < 0 ? -d->exponent : d->exponent);
    multiply_power(exponent < 0 ? &left : &right, 2, exponent < 0 ? -exponent : exponent);
    return compare(&left, &right);
}

/* Whether the double that is nearest to a decimal is `value`, which is finite and not negative; of two the even one. */
static int rounds_to(const decimal *d, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (!bits || !d->digits.n) return !bits && !d->digits.n;
    const int biased = (int)(bits >> 52), exponent = (biased ? biased : 1) - 1075 - 2;
    const uint64_t fraction = bits & (UINT64_MAX >> 12), mantissa = fraction | (uint64_t)(biased != 0) << 52;
    const uint64_t below = fraction || biased <= 1 ? 2 : 1; /* the double below a power of two is nearer */
    const int low = compare_decimal(d, 4 * mantissa - below, exponent);
    if (low < 0 || (!low && mantissa % 2)) return 0;
    const int high = compare_decimal(d, 4 * mantissa + 2, exponent);
    return high < 0 || (!high && !(mantissa % 2));
}

/* ----------------------------------------------------------------------------------------------- categories */

static exact_number of_double(double value)
{
    const double magnitude = value < 0 ? -value : value + 0.0; /* not -0 */
    exact_number number = {0, magnitude - magnitude == 0, value < 0, 0, magnitude};
    if (magnitude < 18446744073709551616.0) {
        number.integer = (uint64_t)magnitude;
        number.is_integer = (double)number.integer == magnitude;
    }
    return number;
}

static exact_number of_integer(int64_t integer)
{
    const uint64_t magnitude = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    const double value = (double)magnitude; /* at most 2^63 */
    return (exact_number){1, (uint64_t)value == magnitude, integer < 0, magnitude, value};
}

/* Whether a text that begins behind its quotation mark is `text`, in UTF-8. */
static int is_text(cmlp_text t, const char *text)
{
    int32_t code;
    while ((code = cmlp_text_letter(&t)) > 0) {
        char bytes[4];
        size_t n = 0;
        cmlp_text_append(code, bytes, &n);
        for (size_t i = 0; i < n; i++)
            if (!*text || *text++ != bytes[i]) return 0;
    }
    return code == CMLP_TEXT_END && !*text;
}

/* Integers are compared as such, and other numbers as the doubles that Python reads. */
static int is_number(cmlp_text t, const char *end, const exact_number *wanted)
{
    uint64_t integer = 0;
    decimal d;
    const int is_true = cmlp_text_pass(&t, "true"), is_word = is_true || cmlp_text_pass(&t, "false");
    if (is_word) return wanted->is_integer && !wanted->negative && wanted->integer == (uint64_t)is_true;
    const int negative = cmlp_text_pass(&t, "-");
    cmlp_text digits = t;
    if (cmlp_text_digits(&digits, &integer) && digits.at == end)
        return wanted->is_integer && wanted->integer == integer && (wanted->negative == negative || !integer);
    for (digits = t; digits.at < end;) { /* an integer of more than 64 bits equals none */
        const int32_t c = cmlp_text_next(&digits);
        if (c < '0' || c > '9') break;
        if (digits.at == end) return 0;
    }
    if (!wanted->is_double || !read_decimal(t, end, &d)) return 0;
    return (wanted->negative == negative || !d.digits.n) && rounds_to(&d, wanted->value);
}

/* Whether the value from `t` to `end` is the category. */
static int is_category(cmlp_text t, const char *end, const category *wanted)
{
    if (cmlp_text_pass(&t, "null")) return wanted->kind == MISSING;
    if (cmlp_text_pass(&t, "\"")) return wanted->kind == TEXT && is_text(t, wanted->text);
    return wanted->kind == NUMBER && is_number(t, end, &wanted->number);
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
        if (is_category(value, t.at, wanted)) break;
    }
    *code = i < c.n ? (double)i : c.unknown;
    return CMLP_OK;
}

cmlp_status cmlp_table_code_of_text(const cmlp_table_categories *categories, const char *text, double *code)
{
    const category wanted = {.kind = text ? TEXT : MISSING, .text = text};
    return find(categories, &wanted, code);
}

static cmlp_status find_number(const cmlp_table_categories *categories, double number, double *code)
{
    category wanted = {.kind = MISSING};
    if (number == number) wanted = (category){.kind = NUMBER, .number = of_double(number)};
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
    const category wanted = {.kind = NUMBER, .number = of_integer(integer)};
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
