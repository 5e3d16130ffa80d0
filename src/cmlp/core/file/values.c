/* Labels, categories and names: typed values in the tensors of a model file, and in the arrays of a program.
 * docs/model-file.md has the rules. */
#include "values.h"

#include "../base/arguments.h"
#include "../base/invariant.h"

#if CMLPI_CHECKS_VALUES
/* ----------------------------------------------------------------------------------------------- texts */

/* The bytes of the character that begins a text, or 0 if there is none. */
static int character_bytes(const unsigned char *text, int64_t n)
{
    const unsigned first = text[0];
    if (first < 0x80) return 1;
    const int bytes = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (!bytes || bytes > n) return 0;
    for (int i = 1; i < bytes; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    /* A longer form than needed, or beyond the last code point. */
    if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xf0 && text[1] < 0x90)) return 0;
    return first == 0xf4 && text[1] > 0x8f ? 0 : bytes;
}

int cmlpi_is_utf8(const unsigned char *text, int64_t n)
{
    int64_t i = 0;
    while (i < n) {
        const int bytes = character_bytes(text + i, n - i);
        if (!bytes) return 0;
        i += bytes;
    }
    return 1;
}

/* Below, equal to or above 0, as the text a minus the text b. */
static int compare_texts(const char *a, int64_t n_a, const char *b, int64_t n_b)
{
    const int64_t n = n_a < n_b ? n_a : n_b;
    const int order = n > 0 ? memcmp(a, b, (size_t)n) : 0;
    if (order) return order;
    return (n_a > n_b) - (n_a < n_b);
}

/* --------------------------------------------------------------------------------------------- numbers */

/* A large integer is "-" or nothing, and its digits. */
static int is_negative(const cmlp_value *large) { return large->n_text > 0 && large->text[0] == '-'; }

/* Below, equal to or above 0, as the integer of digits a minus that of b. */
static int compare_digits(const char *a, int64_t n_a, const char *b, int64_t n_b)
{
    for (; n_a > 1 && *a == '0'; n_a--) a++;
    for (; n_b > 1 && *b == '0'; n_b--) b++;
    if (n_a != n_b) return n_a < n_b ? -1 : 1;
    return compare_texts(a, n_a, b, n_b);
}

/* Whether a text is an integer beyond 64 bits; of a label, one from 0 to 2^64 - 1. */
static int is_large_integer(const cmlp_value *value, int is_label)
{
    const int negative = is_negative(value);
    const char *digits = value->text + negative;
    const int64_t n = value->n_text - negative;
    if (n < 1 || (digits[0] == '0' && value->n_text > 1)) return 0;
    for (int64_t i = 0; i < n; i++)
        if (digits[i] < '0' || digits[i] > '9') return 0;
    if (is_label) return !negative && compare_digits(digits, n, "18446744073709551615", 20) <= 0;
    return compare_digits(digits, n, negative ? "9223372036854775808" : "9223372036854775807", 19) > 0;
}

int cmlpi_read_integer(cmlp_value *value)
{
    const int negative = is_negative(value);
    const int64_t n = value->n_text - negative;
    uint64_t magnitude = 0;
    if (n < 1) return 0;
    const char *const digits = value->text + negative;
    for (int64_t i = 0; i < n; i++)
        if (digits[i] < '0' || digits[i] > '9') return 0;
    if (compare_digits(digits, n, negative ? "9223372036854775808" : "9223372036854775807", 19) > 0) return 1;
    for (int64_t i = 0; i < n; i++) magnitude = 10 * magnitude + (uint64_t)(digits[i] - '0');
    value->kind = CMLP_VALUE_INTEGER;
    value->integer = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return 1;
}

static int compare_integers(int64_t a, int64_t b) { return (a > b) - (a < b); }

/* Below, equal to or above 0, as a - b. */
static int compare_with_integer(double a, int64_t b)
{
    if (!(a < 9223372036854775808.0)) return 1;
    if (a < -9223372036854775808.0) return -1;
    const int64_t whole = (int64_t)a;
    if (whole != b) return compare_integers(whole, b);
    return (a > (double)whole) - (a < (double)whole);
}

#if CMLP_BUILD_TABLES
enum { MAX_DIGITS = 309, MAX_WORDS = 33 }; /* of doubles below 2^1025: any bits */

/* Writes the digits of the magnitude of a double, from 2^63 on, to the end of the buffer. Returns their number. */
static int write_digits(double value, char digits[MAX_DIGITS])
{
    uint32_t words[MAX_WORDS] = {0}; /* the least significant one comes first */
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const unsigned exponent = (unsigned)(bits >> 52 & 0x7ff);
    const unsigned shift = exponent < 1075 ? 0 : exponent - 1075;
    const uint64_t mantissa = (bits & (UINT64_MAX >> 12)) | UINT64_C(1) << 52;
    for (unsigned i = 0; i < 53; i++) words[(shift + i) / 32] |= (uint32_t)(mantissa >> i & 1) << (shift + i) % 32;
    int top = MAX_WORDS, n = 0;
    for (;;) {
        while (top > 0 && !words[top - 1]) top--;
        if (!top || n == MAX_DIGITS) return n;
        uint64_t remainder = 0;
        for (int i = top - 1; i >= 0; i--) {
            remainder = remainder << 32 | words[i];
            words[i] = (uint32_t)(remainder / 10);
            remainder %= 10;
        }
        n++;
        digits[MAX_DIGITS - n] = (char)('0' + remainder);
    }
}
#endif

/* Below, equal to or above 0, as a minus the large integer. */
static int compare_with_large(const cmlp_value *a, const cmlp_value *large)
{
    const int sign = is_negative(large) ? -1 : 1;
    const char *digits = large->text + is_negative(large);
    const int64_t n = large->n_text - is_negative(large);
    if (a->kind == CMLP_VALUE_LARGE_INTEGER && is_negative(a) == is_negative(large))
        return sign * compare_digits(a->text + is_negative(a), a->n_text - is_negative(a), digits, n);
#if CMLP_BUILD_TABLES /* the labels of a network have one kind */
    char buffer[MAX_DIGITS];
    if (a->kind == CMLP_VALUE_DOUBLE && sign * a->number >= 9223372036854775808.0) {
        const int n_a = write_digits(a->number, buffer);
        return sign * compare_digits(buffer + MAX_DIGITS - n_a, n_a, digits, n);
    }
#endif
    return -sign;
}

static int compare_numbers(const cmlp_value *a, const cmlp_value *b)
{
    if (b->kind == CMLP_VALUE_LARGE_INTEGER) return compare_with_large(a, b);
    if (a->kind == CMLP_VALUE_LARGE_INTEGER) return -compare_with_large(b, a);
    if (b->kind != CMLP_VALUE_DOUBLE) {
        if (a->kind == CMLP_VALUE_DOUBLE) return compare_with_integer(a->number, b->integer);
        return compare_integers(a->integer, b->integer);
    }
    if (a->kind != CMLP_VALUE_DOUBLE) return -compare_with_integer(b->number, a->integer);
    return (a->number > b->number) - (a->number < b->number);
}

/* ---------------------------------------------------------------------------------------------- values */

/* Missing values, numbers, texts. */
static int rank_of(const cmlp_value *value)
{
    if (value->kind == CMLP_VALUE_MISSING) return 0;
    return value->kind == CMLP_VALUE_TEXT ? 2 : 1;
}

int cmlpi_compare_values(const cmlp_value *a, const cmlp_value *b)
{
    const int rank = rank_of(a);
    if (rank != rank_of(b)) return rank - rank_of(b);
    if (rank == 2) return compare_texts(a->text, a->n_text, b->text, b->n_text);
    return rank ? compare_numbers(a, b) : 0;
}

cmlp_status cmlpi_check_value(const cmlp_value *value, cmlpi_value_use use)
{
    const cmlp_value_kind kind = value->kind;
    const int has_integer = kind == CMLP_VALUE_INTEGER || kind == CMLP_VALUE_BOOLEAN;
    if (kind < CMLP_VALUE_MISSING || kind > CMLP_VALUE_LARGE_INTEGER) return CMLP_ERROR_OPTION;
    if (value->padding || value->reserved) return CMLP_ERROR_OPTION;
    if (kind == CMLP_VALUE_DOUBLE ? !cmlpi_is_finite(value->number) : value->number != 0) return CMLP_ERROR_OPTION;
    if (!has_integer && value->integer) return CMLP_ERROR_OPTION;
    if (kind == CMLP_VALUE_BOOLEAN && value->integer != 0 && value->integer != 1) return CMLP_ERROR_OPTION;
    if (value->n_text < 0 || (kind == CMLP_VALUE_MISSING && value->n_text)) return CMLP_ERROR_OPTION;
    if (value->n_text && !value->text) return CMLP_ERROR_NULL;
    if (use == CMLPI_CATEGORY_VALUE && value->n_text && kind != CMLP_VALUE_TEXT && kind != CMLP_VALUE_LARGE_INTEGER)
        return CMLP_ERROR_OPTION;
    if (kind == CMLP_VALUE_LARGE_INTEGER) return is_large_integer(value, use == CMLPI_LABEL_VALUE) ? CMLP_OK : CMLP_ERROR_TEXT;
    return cmlpi_is_utf8((const unsigned char *)value->text, value->n_text) ? CMLP_OK : CMLP_ERROR_TEXT;
}

cmlp_value cmlpi_with_text(const cmlp_value *label, char buffer[CMLPI_PRINTED])
{
    cmlp_value value = *label;
    char *digits = buffer + CMLPI_PRINTED;
    if (label->kind == CMLP_VALUE_BOOLEAN) {
        value.text = label->integer ? "True" : "False";
        value.n_text = label->integer ? 4 : 5;
    }
    if (label->kind != CMLP_VALUE_INTEGER) return value;
    uint64_t rest = label->integer < 0 ? 0 - (uint64_t)label->integer : (uint64_t)label->integer;
    do *--digits = (char)('0' + rest % 10);
    while (rest /= 10);
    if (label->integer < 0) *--digits = '-';
    value.text = digits;
    value.n_text = buffer + CMLPI_PRINTED - digits;
    return value;
}

int cmlpi_has_text(const cmlp_value *value, const cmlp_value *other)
{
    return !value->n_text || !compare_texts(value->text, value->n_text, other->text, other->n_text);
}

#endif

/* ----------------------------------------------------------------------------------- values of a file */

static int64_t load_integer(const unsigned char *tensor, int64_t i)
{
    int64_t integer;
    cmlpi_load(&integer, tensor + 8 * i, 1, sizeof integer);
    return integer;
}

static double load_number(const unsigned char *tensor, int64_t i)
{
    double number;
    cmlpi_load(&number, tensor + 8 * i, 1, sizeof number);
    return number;
}

/* Where the text of value i of a list ends. */
static int64_t end_at(const cmlpi_value_list *list, int64_t i) { return i < 0 ? 0 : load_integer(list->ends, i); }

static cmlp_value_kind kind_at(const cmlpi_value_list *list, int64_t i)
{
    return list->kinds ? list->kinds[i] : list->kind;
}

cmlp_value cmlpi_value_at(const cmlpi_value_list *list, const cmlpi_value_range *range, int64_t i)
{
    const int64_t at = range->first + i, number = range->first_number + i, integer = range->first_integer + i;
    cmlp_value value = {.kind = kind_at(list, at)};
    if (value.kind > CMLP_VALUE_LARGE_INTEGER) value.kind = CMLP_VALUE_MISSING;
    const int has_integer = value.kind == CMLP_VALUE_INTEGER || value.kind == CMLP_VALUE_BOOLEAN;
    if (value.kind == CMLP_VALUE_DOUBLE && number < list->n_numbers) value.number = load_number(list->numbers, number);
    if (has_integer && integer < list->n_integers) value.integer = load_integer(list->integers, integer);
    if (value.kind == CMLP_VALUE_TEXT || value.kind == CMLP_VALUE_LARGE_INTEGER) value.text = "";
    if (!list->ends) return value;
    const int64_t begin = end_at(list, at - 1), end = end_at(list, at);
    if (begin < 0 || end <= begin || end > list->n_text) return value;
    value.text = (const char *)list->text + begin;
    value.n_text = end - begin;
    return value;
}

#if CMLPI_CHECKS_VALUES
/* Whether the tensors have 0 where a column's value i needs nothing of them. */
static int has_only_its_own(const cmlpi_value_list *list, const cmlpi_value_range *range, int64_t i)
{
    const cmlp_value_kind kind = kind_at(list, range->first + i);
    const int has_integer = kind == CMLP_VALUE_INTEGER || kind == CMLP_VALUE_BOOLEAN;
    const int64_t number = range->first_number + i, integer = range->first_integer + i;
    if (!has_integer && range->first_integer < list->n_integers && load_integer(list->integers, integer)) return 0;
    if (range->first_number >= list->n_numbers) return 1;
    const int64_t bits = load_integer(list->numbers, number);
    return kind == CMLP_VALUE_DOUBLE || !bits;
}

cmlp_status cmlpi_check_values(const cmlpi_value_list *list, const cmlpi_value_range *range)
{
    for (int64_t i = 0; i < range->n; i++) {
        const int64_t at = range->first + i;
        if (list->ends && (end_at(list, at) < end_at(list, at - 1) || end_at(list, at) > list->n_text))
            return CMLP_ERROR_FILE_VALUE;
        if (kind_at(list, at) > CMLP_VALUE_LARGE_INTEGER) return CMLP_ERROR_FILE_VALUE;
        if (!has_only_its_own(list, range, i)) return CMLP_ERROR_FILE_VALUE;
        const cmlp_value value = cmlpi_value_at(list, range, i);
        const cmlpi_value_use use = list->kinds ? CMLPI_CATEGORY_VALUE : CMLPI_LABEL_VALUE;
        const cmlp_status status = cmlpi_file_status(cmlpi_check_value(&value, use));
        if (status) return status;
    }
    return CMLP_OK;
}

int cmlpi_uses_all_text(const cmlpi_value_list *list)
{
    return list->n_text == (list->ends ? end_at(list, list->n - 1) : 0);
}
#endif

#if CMLP_BUILD_TABLES
/* Whether a column has a value of one of two kinds. */
static int has_kind(const cmlpi_value_list *list, const cmlpi_value_range *range, cmlp_value_kind a, cmlp_value_kind b)
{
    for (int64_t i = 0; i < range->n; i++) {
        const cmlp_value_kind kind = kind_at(list, range->first + i);
        if (kind == a || kind == b) return 1;
    }
    return 0;
}

/* Takes n elements of a tensor of `all` elements, of which *used are used. Returns the first of them, or -1. */
static int64_t take_elements(int64_t *used, int64_t all, int64_t n)
{
    if (n < 0 || n > all - *used) return -1;
    *used += n;
    return *used - n;
}

int cmlpi_split_values(const cmlpi_value_list *list, const unsigned char *counts, int64_t n_columns,
                       cmlpi_value_range *ranges)
{
    int64_t used = 0, numbers = 0, integers = 0;
    for (int64_t i = 0; i < n_columns; i++) {
        cmlpi_value_range *range = &ranges[i];
        *range = (cmlpi_value_range){.n = counts ? load_integer(counts, i) : 0, .first_number = list->n_numbers,
                                     .first_integer = list->n_integers};
        range->first = take_elements(&used, list->n, range->n);
        if (range->first < 0) return 0;
        if (has_kind(list, range, CMLP_VALUE_DOUBLE, CMLP_VALUE_DOUBLE))
            range->first_number = take_elements(&numbers, list->n_numbers, range->n);
        if (has_kind(list, range, CMLP_VALUE_INTEGER, CMLP_VALUE_BOOLEAN))
            range->first_integer = take_elements(&integers, list->n_integers, range->n);
        if (range->first_number < 0 || range->first_integer < 0) return 0;
    }
    return used == list->n && numbers == list->n_numbers && integers == list->n_integers;
}

/* Entry i of the order of a column. An index outside becomes 0. */
static int64_t code_at(const cmlpi_value_list *list, const cmlpi_value_range *range, int64_t i)
{
    int32_t code;
    cmlpi_load(&code, list->order + 4 * (range->first + i), 1, sizeof code);
    return code < 0 || code >= range->n ? 0 : code;
}

int cmlpi_is_in_order(const cmlpi_value_list *list, const cmlpi_value_range *range)
{
    cmlp_value before = {.kind = CMLP_VALUE_MISSING};
    for (int64_t i = 0; i < range->n; i++) {
        int32_t code;
        cmlpi_load(&code, list->order + 4 * (range->first + i), 1, sizeof code);
        if (code < 0 || code >= range->n) return 0;
        const cmlp_value value = cmlpi_value_at(list, range, code);
        if (i && cmlpi_compare_values(&before, &value) >= 0) return 0;
        before = value;
    }
    return 1;
}

int64_t cmlpi_find_value(const cmlpi_value_list *list, const cmlpi_value_range *range, const cmlp_value *wanted)
{
    int64_t low = 0, high = range->n;
    while (low < high)
        CMLPI_LOOP(low >= 0 && low <= high && high <= range->n, high - low, low, high) {
        const int64_t middle = low + (high - low) / 2, code = code_at(list, range, middle);
        const cmlp_value value = cmlpi_value_at(list, range, code);
        const int order = cmlpi_compare_values(&value, wanted);
        if (!order) return code;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}
#endif

/* --------------------------------------------------------------------------------- values of a program */

#if CMLP_BUILD_TABLES
/* Moves the index at `root` of a heap of n indices down, until those below it have no larger values. */
static void sift(const cmlp_value *values, cmlpi_compare *by, int32_t *heap, int64_t n, int64_t root)
{
    for (int64_t child = 2 * root + 1; child < n; child = 2 * root + 1) {
        if (child + 1 < n && by(&values[heap[child]], &values[heap[child + 1]]) < 0) child++;
        if (by(&values[heap[root]], &values[heap[child]]) >= 0) return;
        const int32_t moved = heap[root];
        heap[root] = heap[child];
        heap[child] = moved;
        root = child;
    }
}

void cmlpi_sort_values(const cmlp_value *values, int64_t n, cmlpi_compare *by, int32_t *order)
{
    for (int64_t i = 0; i < n; i++) order[i] = (int32_t)i;
    for (int64_t i = n / 2; i > 0; i--) sift(values, by, order, n, i - 1);
    for (int64_t end = n - 1; end > 0; end--) {
        const int32_t largest = order[0];
        order[0] = order[end];
        order[end] = largest;
        sift(values, by, order, end, 0);
    }
}
#endif
