/* Typed values (src/cmlp/core/file/values.h): their texts, order, tensors, search and sorting. */
#include "calls.h"
#include "../../src/cmlp/core/file/values.h"
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static cmlp_value text_of(const char *text)
{
    return (cmlp_value){.text = text, .n_text = (int64_t)strlen(text), .kind = CMLP_VALUE_TEXT};
}

static cmlp_value large(const char *digits)
{
    cmlp_value value = text_of(digits);
    value.kind = CMLP_VALUE_LARGE_INTEGER;
    return value;
}

static cmlp_value number(double x) { return (cmlp_value){.number = x, .kind = CMLP_VALUE_DOUBLE}; }
static cmlp_value integer(int64_t i) { return (cmlp_value){.integer = i, .kind = CMLP_VALUE_INTEGER}; }
static cmlp_value boolean(int is) { return (cmlp_value){.integer = is, .kind = CMLP_VALUE_BOOLEAN}; }

/* ---- texts */

/* The code point of n bytes by the definition of UTF-8, or -1. */
static int64_t code_point(const unsigned char *text, int n)
{
    static const int64_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    static const unsigned masks[] = {0, 0x80, 0xe0, 0xf0, 0xf8}, marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if ((text[0] & masks[n]) != marks[n]) return -1;
    int64_t code = text[0] & ~masks[n] & 0xff;
    for (int i = 1; i < n; i++) {
        if (text[i] >> 6 != 2) return -1;
        code = code << 6 | (text[i] & 63);
    }
    return code < least[n] || code > 0x10ffff ? -1 : code;
}

static int is_utf8(const unsigned char *text, int64_t n)
{
    if (!n) return 1;
    for (int k = 1; k <= 4 && k <= n; k++)
        if (code_point(text, k) >= 0) return is_utf8(text + k, n - k);
    return 0;
}

/* All texts of two bytes, and of three or four of the bytes at which the rules change, with a guard page behind. */
static void test_utf8(void)
{
    static const unsigned char edges[] = {0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2,
                                          0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
    enum { N_EDGES = sizeof edges };
    slot s;
    slot_make(&s, 4096);
    unsigned char *text = slot_place(&s, 2, AT_END, 0);
    for (int i = 0; i < 1 << 16; i++) {
        text[0] = (unsigned char)(i >> 8);
        text[1] = (unsigned char)i;
        CHECK(cmlpi_is_utf8(text, 2) == is_utf8(text, 2));
        CHECK(cmlpi_is_utf8(text + 1, 1) == is_utf8(text + 1, 1));
    }
    text = slot_place(&s, 4, AT_END, 0);
    for (int i = 0; i < N_EDGES * N_EDGES * N_EDGES * N_EDGES; i++) {
        for (int k = 0, rest = i; k < 4; k++, rest /= N_EDGES) text[k] = edges[rest % N_EDGES];
        CHECK(cmlpi_is_utf8(text, 4) == is_utf8(text, 4));
        CHECK(cmlpi_is_utf8(text + 1, 3) == is_utf8(text + 1, 3));
    }
    CHECK(cmlpi_is_utf8((const unsigned char *)"\xed\xa0\x80\xed\xb0\x80", 6)); /* Python's texts have surrogates */
    CHECK(cmlpi_is_utf8(NULL, 0));
    slot_free(&s);
}

/* ---- order */

#define LARGEST_DOUBLE \
    "179769313486231570814527423731704356798070567525844996598917476803157260780028538760589558632766878" \
    "171540458953514382464234321326889464182768467546703537516986049910576551282076245490090389328944075" \
    "868508455133942304583236903222948165808559332123347747979707376506"

/* Each line is above the one before it, and its values are equal. */
static void test_order(void)
{
    const cmlp_value lines[][4] = {
        {{.kind = CMLP_VALUE_MISSING}, {.kind = CMLP_VALUE_MISSING}},
        {number(-INFINITY)},
        {large("-99999999999999999999999999999999999999999999999")},
        {large("-9223372036854777856"), number(-9223372036854777856.0)},
        {large("-9223372036854775810")},
        {large("-9223372036854775809")},
        {number(-9223372036854775808.0), integer(INT64_MIN)},
        {integer(INT64_MIN + 1)},
        {number(-2.5)},
        {integer(-2), number(-2)},
        {number(-1.5)},
        {number(-5e-324)},
        {integer(0), number(0), number(-0.0), boolean(0)},
        {number(5e-324)},
        {number(0.99999999999999989)},
        {integer(1), number(1), boolean(1)},
        {integer(INT64_C(9007199254740992)), number(9007199254740992.0)},
        {integer(INT64_C(9007199254740993))},
        {integer(INT64_C(9007199254740994)), number(9007199254740994.0)},
        {number(9223372036854774784.0), integer(INT64_C(9223372036854774784))},
        {integer(INT64_MAX)},
        {large("9223372036854775808"), number(9223372036854775808.0)},
        {large("9223372036854775809")},
        {large("18446744073709551616"), number(18446744073709551616.0)},
        {large(LARGEST_DOUBLE "7")},
        {large(LARGEST_DOUBLE "8000000000000000000000000000000000000000")},
        {number(INFINITY)},
        {text_of("")},
        {(cmlp_value){.text = "\0", .n_text = 1, .kind = CMLP_VALUE_TEXT}},
        {text_of("1")},
        {text_of("a")},
        {text_of("aa")},
        {text_of("b")},
        {text_of("\xc3\xa4")},
    };
    enum { N = sizeof lines / sizeof *lines };
    for (int i = 0; i < 4 * N; i++)
        for (int j = 0; j < 4 * N; j++) {
            const cmlp_value *a = &lines[i / 4][i % 4], *b = &lines[j / 4][j % 4];
            if ((!a->kind && i > 1) || (!b->kind && j > 1)) continue; /* the end of a line */
            const int order = cmlpi_compare_values(a, b), sign = (order > 0) - (order < 0);
            const int wanted = (i / 4 > j / 4) - (i / 4 < j / 4);
            check_that(sign == wanted, "values %d and %d of lines %d and %d: %d", i % 4, j % 4, i / 4, j / 4, sign);
        }
}

/* Doubles a number of decimal digits, which ends at digits[309]. */
static void make_double(char digits[310], int *first)
{
    int carry = 0;
    for (int i = 308; i >= *first || carry; i--) {
        const int twice = 2 * (i >= *first ? digits[i] - '0' : 0) + carry;
        digits[i] = (char)('0' + twice % 10);
        carry = twice / 10;
        if (i < *first) *first = i;
    }
}

/* All powers of two that are doubles equal their digits, and their neighbours do not. */
static void test_digits(void)
{
    char digits[310];
    int first = 308;
    memset(digits, '0', sizeof digits);
    digits[308] = '1';
    digits[309] = '\0';
    for (int k = 1; k < 1024; k++) {
        make_double(digits, &first);
        if (k < 63) continue;
        const double power = ldexp(1, k);
        const cmlp_value wide = large(digits + first), x = number(power);
        const cmlp_value below = number(nextafter(power, 0)), above = number(nextafter(power, INFINITY));
        CHECK(cmlpi_compare_values(&wide, &x) == 0 && cmlpi_compare_values(&x, &wide) == 0);
        CHECK(cmlpi_compare_values(&below, &wide) < 0 && cmlpi_compare_values(&wide, &below) > 0);
        CHECK(cmlpi_compare_values(&above, &wide) > 0 && cmlpi_compare_values(&wide, &above) < 0);
    }
    CHECK(first == 1 && digits[1] == '8'); /* 2^1023 has 308 digits */
}

/* ---- values of a program */

static void test_check_value(void)
{
    static const struct {
        cmlp_value value;
        cmlp_status status;
    } cases[] = {
        {{.kind = CMLP_VALUE_MISSING}, CMLP_OK},
        {{.kind = CMLP_VALUE_MISSING, .text = "a", .n_text = 1}, CMLP_ERROR_OPTION},
        {{.kind = -1}, CMLP_ERROR_OPTION},
        {{.kind = 6}, CMLP_ERROR_OPTION},
        {{.kind = CMLP_VALUE_TEXT}, CMLP_OK},
        {{.kind = CMLP_VALUE_TEXT, .n_text = 1}, CMLP_ERROR_NULL},
        {{.kind = CMLP_VALUE_TEXT, .text = "a", .n_text = -1}, CMLP_ERROR_OPTION},
        {{.kind = CMLP_VALUE_TEXT, .text = "a\0b", .n_text = 3}, CMLP_OK},
        {{.kind = CMLP_VALUE_TEXT, .text = "\xff", .n_text = 1}, CMLP_ERROR_TEXT},
        {{.kind = CMLP_VALUE_TEXT, .text = "\xc3\xa4", .n_text = 1}, CMLP_ERROR_TEXT},
        {{.kind = CMLP_VALUE_TEXT, .text = "a", .n_text = 1, .number = 1}, CMLP_ERROR_OPTION},
        {{.kind = CMLP_VALUE_TEXT, .text = "a", .n_text = 1, .integer = 1}, CMLP_ERROR_OPTION},
        {{.kind = CMLP_VALUE_TEXT, .text = "a", .n_text = 1, .reserved = 1}, CMLP_ERROR_OPTION},
        {{.kind = CMLP_VALUE_TEXT, .reserved = -1}, CMLP_ERROR_OPTION},
        {{.kind = CMLP_VALUE_DOUBLE, .number = 2.5, .text = "2.5", .n_text = 3}, CMLP_OK},
        {{.kind = CMLP_VALUE_DOUBLE, .number = 2.5, .text = "\x80", .n_text = 1}, CMLP_ERROR_TEXT},
        {{.kind = CMLP_VALUE_DOUBLE, .number = INFINITY}, CMLP_ERROR_OPTION},
        {{.kind = CMLP_VALUE_DOUBLE, .number = NAN}, CMLP_ERROR_OPTION},
        {{.kind = CMLP_VALUE_DOUBLE, .integer = 1}, CMLP_ERROR_OPTION},
        {{.kind = CMLP_VALUE_INTEGER, .integer = INT64_MIN}, CMLP_OK},
        {{.kind = CMLP_VALUE_INTEGER, .number = NAN}, CMLP_ERROR_OPTION},
        {{.kind = CMLP_VALUE_BOOLEAN, .integer = 1}, CMLP_OK},
        {{.kind = CMLP_VALUE_BOOLEAN, .integer = 2}, CMLP_ERROR_OPTION},
        {{.kind = CMLP_VALUE_BOOLEAN, .integer = -1}, CMLP_ERROR_OPTION},
    };
    static const struct {
        const char *digits;
        int is_large;
    } integers[] = {
        {"", 0}, {"-", 0}, {"5", 0}, {"9223372036854775807", 0}, {"-9223372036854775808", 0},
        {"9223372036854775808", 1}, {"-9223372036854775809", 1}, {"10000000000000000000", 1},
        {"-10000000000000000000", 1}, {"00000000000000000001", 0}, {"+10000000000000000000", 0},
        {"1000000000000000000000a", 0}, {"10000000000000000000.0", 0}, {"--9223372036854775809", 0},
        {"99999999999999999999999999999999999999999999999999999999999999999", 1}, {"/0000000000000000000", 0},
        {":0000000000000000000", 0}, {"1000000000000000000:", 0}, {"1000000000000000000/", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cmlp_status status = cmlpi_check_value(&cases[i].value, CMLPI_WANTED_VALUE);
        check_that(status == cases[i].status, "case %d: %s", (int)i, cmlp_status_name(status));
    }
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        const cmlp_value value = large(integers[i].digits);
        const cmlp_status status = cmlpi_check_value(&value, CMLPI_WANTED_VALUE);
        check_that(status == (integers[i].is_large ? CMLP_OK : CMLP_ERROR_TEXT), "%s", integers[i].digits);
    }
}

/* Sorted indices are a permutation, and their values ascend. */
static void test_sorting(void)
{
    enum { MOST = 70 };
    static cmlp_value values[MOST];
    uint64_t state = 5;
    slot s;
    slot_make(&s, 4096);
    for (int64_t n = 0; n < MOST; n++)
        for (int kinds = 1; kinds <= 64; kinds *= 2) { /* few kinds: many values are equal */
            int32_t *order = slot_place(&s, (size_t)n * sizeof *order, AT_END, 0);
            int seen[MOST] = {0}, is_sorted = 1, is_permutation = 1;
            for (int64_t i = 0; i < n; i++) values[i] = integer(random_below(&state, kinds));
            cmlpi_sort_values(values, n, cmlpi_compare_values, order);
            for (int64_t i = 0; i < n; i++) {
                const int32_t code = order[i];
                is_permutation = is_permutation && code >= 0 && code < n && !seen[code]++;
                if (!is_permutation) break;
                is_sorted = is_sorted && (!i || values[order[i - 1]].integer <= values[code].integer);
            }
            check_that(is_permutation && is_sorted, "%d values of %d kinds", (int)n, kinds);
            CHECK(slot_intact(&s));
        }
    slot_free(&s);
}

/* ---- values of a file */

enum { COLUMNS = 4, MOST_VALUES = 24, MOST_TEXT = 512 };

/* Tensors as a file has them, little-endian, each at the end of its memory. */
typedef struct tensors {
    slot slots[7];
    cmlpi_value_list list;
    unsigned char *counts, *kinds, *order, *ends, *text, *numbers, *integers;
} tensors;

static void put_bytes(unsigned char *to, uint64_t bits, int n)
{
    for (int i = 0; i < n; i++) to[i] = (unsigned char)(bits >> 8 * i);
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* A column without values, and three that need texts, integers, and everything. */
static const int64_t counts[COLUMNS] = {0, 3, 2, 8};
static cmlp_value all_values[13];
static const int32_t orders[13] = {1, 2, 0, 1, 0, 3, 4, 2, 0, 5, 6, 1, 7};

static void list_values(void)
{
    const cmlp_value values[13] = {
        text_of("b"), {.kind = CMLP_VALUE_MISSING}, text_of("a"),
        integer(7), boolean(1),
        integer(5), text_of("z"), number(-0.5), {.kind = CMLP_VALUE_MISSING}, large("-9223372036854775809"),
        number(1e300), text_of(""), text_of("\xed\xa0\x80"),
    };
    memcpy(all_values, values, sizeof values);
}

/* Whether a column needs the tensor of numbers, or of integers. */
static int needs(int column, int is_number)
{
    static const int numbers[COLUMNS] = {0, 0, 0, 1}, integers[COLUMNS] = {0, 0, 1, 1};
    return is_number ? numbers[column] : integers[column];
}

/* Writes all values. `misaligned` shifts each tensor. */
static void write_tensors(tensors *t, size_t misaligned)
{
    static const size_t sizes[7] = {8 * COLUMNS, 13, 4 * 13, 8 * 13, MOST_TEXT, 8 * 8, 8 * 10};
    unsigned char **const starts[7] = {&t->counts, &t->kinds, &t->order, &t->ends, &t->text, &t->numbers, &t->integers};
    int64_t n_text = 0, n_numbers = 0, n_integers = 0, at = 0;
    for (int i = 0; i < 13; i++) n_text += all_values[i].n_text;
    for (int i = 0; i < 7; i++)
        *starts[i] = slot_place(&t->slots[i], i == 4 ? (size_t)n_text : sizes[i], AT_END, misaligned);
    n_text = 0;
    for (int column = 0; column < COLUMNS; column++) {
        put_bytes(t->counts + 8 * column, (uint64_t)counts[column], 8);
        for (int64_t i = 0; i < counts[column]; i++, at++) {
            const cmlp_value *value = &all_values[at];
            t->kinds[at] = (unsigned char)value->kind;
            if (value->n_text) memcpy(t->text + n_text, value->text, (size_t)value->n_text);
            n_text += value->n_text;
            put_bytes(t->ends + 8 * at, (uint64_t)n_text, 8);
            put_bytes(t->order + 4 * at, (uint64_t)orders[at], 4);
            if (needs(column, 1)) put_bytes(t->numbers + 8 * n_numbers++, bits_of(value->number), 8);
            if (needs(column, 0)) put_bytes(t->integers + 8 * n_integers++, (uint64_t)value->integer, 8);
        }
    }
    t->list = (cmlpi_value_list){.n = 13, .kinds = t->kinds, .order = t->order, .ends = t->ends, .text = t->text,
                                 .numbers = t->numbers, .integers = t->integers, .n_text = n_text,
                                 .n_numbers = n_numbers, .n_integers = n_integers};
}

/* The status of a reader of the tensors. */
static cmlp_status check_all(const tensors *t, cmlpi_value_range ranges[COLUMNS])
{
    if (!cmlpi_split_values(&t->list, t->counts, COLUMNS, ranges)) return CMLP_ERROR_FILE_TENSOR;
    for (int i = 0; i < COLUMNS; i++) {
        const cmlp_status status = cmlpi_check_values(&t->list, &ranges[i]);
        if (status) return status;
        if (!cmlpi_is_in_order(&t->list, &ranges[i])) return CMLP_ERROR_FILE_NAME;
    }
    return cmlpi_uses_all_text(&t->list) ? CMLP_OK : CMLP_ERROR_FILE_LONG;
}

static int same_value(const cmlp_value *a, const cmlp_value *b)
{
    const int same_text = a->n_text == b->n_text && (!a->n_text || !memcmp(a->text, b->text, (size_t)a->n_text));
    return a->kind == b->kind && same_text && a->number == b->number && a->integer == b->integer;
}

/* Each value is read, and is found in its column alone. */
static void test_tensors(tensors *t)
{
    static const struct {
        int column;
        cmlp_value value;
    } strangers[] = {
        {0, {.kind = CMLP_VALUE_MISSING}},
        {1, {.text = "aa", .n_text = 2, .kind = CMLP_VALUE_TEXT}},
        {1, {.text = "", .n_text = 0, .kind = CMLP_VALUE_TEXT}},
        {1, {.integer = 7, .kind = CMLP_VALUE_INTEGER}},
        {2, {.kind = CMLP_VALUE_MISSING}},
        {2, {.integer = 8, .kind = CMLP_VALUE_INTEGER}},
        {3, {.number = 5.5, .kind = CMLP_VALUE_DOUBLE}},
    };
    for (size_t misaligned = 0; misaligned < 8; misaligned++) {
        cmlpi_value_range ranges[COLUMNS];
        write_tensors(t, misaligned);
        CHECK(check_all(t, ranges) == CMLP_OK);
        for (int column = 0, at = 0; column < COLUMNS; column++)
            for (int64_t i = 0; i < counts[column]; i++, at++) {
                const cmlp_value value = cmlpi_value_at(&t->list, &ranges[column], i);
                CHECK(same_value(&value, &all_values[at]));
                CHECK((value.kind == CMLP_VALUE_TEXT) <= (value.text != NULL));
                CHECK(cmlpi_find_value(&t->list, &ranges[column], &all_values[at]) == i);
            }
        for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
            CHECK(cmlpi_find_value(&t->list, &ranges[strangers[i].column], &strangers[i].value) == -1);
        const cmlp_value equal[] = {number(7), number(1), boolean(1)};
        CHECK(cmlpi_find_value(&t->list, &ranges[2], &equal[0]) == 0);
        CHECK(cmlpi_find_value(&t->list, &ranges[2], &equal[1]) == 1);
        CHECK(cmlpi_find_value(&t->list, &ranges[2], &equal[2]) == 1);
    }
}

/* Each change breaks a rule. */
static void test_broken(tensors *t)
{
    static const struct {
        int tensor; /* the index in tensors, from `counts` on */
        int64_t offset;
        int value;
        cmlp_status status;
    } changes[] = {
        {0, 8, 2, CMLP_ERROR_FILE_TENSOR}, {0, 8, 4, CMLP_ERROR_FILE_TENSOR}, {0, 15, 255, CMLP_ERROR_FILE_TENSOR},
        {0, 0, 1, CMLP_ERROR_FILE_TENSOR}, {0, 24, 9, CMLP_ERROR_FILE_TENSOR}, {0, 30, 1, CMLP_ERROR_FILE_TENSOR},
        {1, 1, 6, CMLP_ERROR_FILE_VALUE},      /* an unknown kind */
        {1, 0, 2, CMLP_ERROR_FILE_TENSOR},     /* a double in a column without numbers */
        {1, 0, 0, CMLP_ERROR_FILE_VALUE},      /* a missing value with a text */
        {1, 0, 5, CMLP_ERROR_FILE_SYNTAX},     /* no large integer */
        {1, 3, 4, CMLP_ERROR_FILE_VALUE},      /* 7 is no boolean */
        {1, 3, 0, CMLP_ERROR_FILE_VALUE},      /* a missing value with an integer */
        {1, 5, 0, CMLP_ERROR_FILE_TENSOR},     /* integers in a column that needs none */
        {1, 6, 3, CMLP_ERROR_FILE_VALUE},      /* an integer with a text */
        {1, 7, 0, CMLP_ERROR_FILE_VALUE},      /* a missing value with a number */
        {2, 0, 3, CMLP_ERROR_FILE_NAME}, {2, 3, 255, CMLP_ERROR_FILE_NAME}, {2, 0, 2, CMLP_ERROR_FILE_NAME},
        {2, 0, 0, CMLP_ERROR_FILE_NAME}, {2, 20, 4, CMLP_ERROR_FILE_NAME},
        {3, 7, 255, CMLP_ERROR_FILE_VALUE},    /* a negative end */
        {3, 0, 2, CMLP_ERROR_FILE_VALUE},      /* beyond the next one, which has no bytes */
        {3, 97, 1, CMLP_ERROR_FILE_VALUE},     /* beyond the text */
        {3, 96, 24, CMLP_ERROR_FILE_SYNTAX},   /* inside a character */
        {3, 96, 23, CMLP_ERROR_FILE_NAME},     /* then two texts are empty */
        {4, 0, 255, CMLP_ERROR_FILE_SYNTAX},   /* no UTF-8 */
        {4, 4, '0', CMLP_ERROR_FILE_SYNTAX},   /* a leading zero */
        {5, 0, 1, CMLP_ERROR_FILE_VALUE},      /* a number of an integer */
        {5, 16, 1, CMLP_OK},                   /* another number */
        {6, 0, 0, CMLP_ERROR_FILE_NAME},       /* less than the value before it */
        {6, 0, 1, CMLP_ERROR_FILE_NAME},       /* equal to it */
        {6, 24, 1, CMLP_ERROR_FILE_VALUE},     /* an integer of a text */
    };
    cmlpi_value_range ranges[COLUMNS];
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        write_tensors(t, 0);
        unsigned char *const parts[7] = {t->counts, t->kinds, t->order, t->ends, t->text, t->numbers, t->integers};
        parts[changes[i].tensor][changes[i].offset] = (unsigned char)changes[i].value;
        const cmlp_status status = check_all(t, ranges);
        check_that(status == changes[i].status, "change %d: %s", (int)i, cmlp_status_name(status));
    }
    write_tensors(t, 0);
    put_bytes(t->numbers + 16, bits_of(INFINITY), 8);
    CHECK(check_all(t, ranges) == CMLP_ERROR_FILE_VALUE);
    write_tensors(t, 0);
    t->list.n_text++; /* only counted */
    CHECK(check_all(t, ranges) == CMLP_ERROR_FILE_LONG);
    write_tensors(t, 0);
    t->list.n_numbers--;
    CHECK(check_all(t, ranges) == CMLP_ERROR_FILE_TENSOR);
    write_tensors(t, 0);
    t->list.n_numbers++; /* only counted */
    CHECK(check_all(t, ranges) == CMLP_ERROR_FILE_TENSOR);
    write_tensors(t, 0);
    t->list.n_integers--;
    CHECK(check_all(t, ranges) == CMLP_ERROR_FILE_TENSOR);
    write_tensors(t, 0);
    t->list.n_integers++; /* only counted */
    CHECK(check_all(t, ranges) == CMLP_ERROR_FILE_TENSOR);
}

/* After the check, the bytes may change: nothing outside is read. */
static void test_changed(tensors *t)
{
    uint64_t state = 3;
    cmlpi_value_range ranges[COLUMNS];
    for (int round = 0; round < 3000; round++) {
        write_tensors(t, (size_t)round % 8);
        CHECK(check_all(t, ranges) == CMLP_OK);
        unsigned char *const parts[6] = {t->kinds, t->order, t->ends, t->text, t->numbers, t->integers};
        const size_t sizes[6] = {13, 4 * 13, 8 * 13, (size_t)t->list.n_text, 8 * 8, 8 * 10};
        for (int k = 0; k < 6; k++)
            for (size_t i = 0; i < sizes[k]; i++)
                if (random_below(&state, 4) == 0) parts[k][i] = (unsigned char)random_bits(&state);
        if (round % 2)
            for (size_t i = 0; i < sizes[0]; i++) t->kinds[i] %= 6;
        for (int column = 0; column < COLUMNS; column++) {
            for (int i = 0; i < 13; i++) {
                const int64_t code = cmlpi_find_value(&t->list, &ranges[column], &all_values[i]);
                CHECK(code >= -1 && code < counts[column]);
            }
            for (int64_t i = 0; i < counts[column]; i++) {
                const cmlp_value value = cmlpi_value_at(&t->list, &ranges[column], i);
                const char *text = (const char *)t->text;
                CHECK(!value.n_text || (value.text >= text && value.text + value.n_text <= text + t->list.n_text));
                CHECK(value.kind >= CMLP_VALUE_MISSING && value.kind <= CMLP_VALUE_LARGE_INTEGER);
            }
        }
    }
    for (int k = 0; k < 7; k++) CHECK(slot_intact(&t->slots[k]));
}

/* Labels: one kind for all, and texts beside numbers. */
static void test_one_kind(void)
{
    unsigned char ends[16], numbers[16];
    put_bytes(ends, 3, 8);
    put_bytes(ends + 8, 6, 8);
    put_bytes(numbers, bits_of(2.5), 8);
    put_bytes(numbers + 8, bits_of(3.5), 8);
    cmlpi_value_list list = {.n = 2, .kind = CMLP_VALUE_DOUBLE, .ends = ends, .text = (const unsigned char *)"2.53.5",
                             .numbers = numbers, .n_text = 6, .n_numbers = 2};
    const cmlpi_value_range all = cmlpi_all_values(&list);
    CHECK(cmlpi_check_values(&list, &all) == CMLP_OK && cmlpi_uses_all_text(&list));
    const cmlp_value last = cmlpi_value_at(&list, &all, 1);
    CHECK(last.number == 3.5 && last.n_text == 3 && !memcmp(last.text, "3.5", 3));
    list.kind = CMLP_VALUE_TEXT;
    CHECK(cmlpi_check_values(&list, &all) == CMLP_ERROR_FILE_VALUE); /* the tensor of numbers has none of a text */
    list.n_numbers = 0;
    CHECK(cmlpi_check_values(&list, &all) == CMLP_OK);
    list.ends = NULL;
    list.text = NULL;
    list.n_text = 0;
    CHECK(cmlpi_check_values(&list, &all) == CMLP_OK && cmlpi_uses_all_text(&list)); /* two empty texts */
    const cmlp_value first = cmlpi_value_at(&list, &all, 0);
    CHECK(first.text && !first.n_text);
}

/* A table may have no categories. */
static void test_no_values(void)
{
    const cmlpi_value_list list = {.n = 0};
    cmlpi_value_range ranges[2];
    const cmlp_value missing = {.kind = CMLP_VALUE_MISSING};
    CHECK(cmlpi_split_values(&list, NULL, 2, ranges));
    CHECK(ranges[0].n == 0 && ranges[1].n == 0 && cmlpi_uses_all_text(&list));
    CHECK(cmlpi_find_value(&list, &ranges[1], &missing) == -1);
}

/* Every one of 65,536 categories is found, and none between them. */
static void test_many(void)
{
    enum { N = 65536 };
    static cmlp_value values[N];
    static int32_t order[N];
    static unsigned char kinds[N], integers[8 * N], codes[4 * N];
    for (int i = 0; i < N; i++) {
        values[i] = integer(2 * (int64_t)((uint32_t)i * UINT32_C(40503) % N)); /* odd: a permutation */
        kinds[i] = CMLP_VALUE_INTEGER;
        put_bytes(integers + 8 * i, (uint64_t)values[i].integer, 8);
    }
    cmlpi_sort_values(values, N, cmlpi_compare_values, order);
    for (int i = 0; i < N; i++) put_bytes(codes + 4 * i, (uint64_t)order[i], 4);
    const cmlpi_value_list list = {.n = N, .kinds = kinds, .order = codes, .integers = integers, .n_integers = N};
    unsigned char count[8];
    cmlpi_value_range range;
    put_bytes(count, N, 8);
    CHECK(cmlpi_split_values(&list, count, 1, &range) && cmlpi_check_values(&list, &range) == CMLP_OK);
    CHECK(cmlpi_is_in_order(&list, &range));
    for (int i = 0; i < N; i++) {
        const cmlp_value between = integer(values[i].integer + 1), equal = number((double)values[i].integer);
        CHECK(cmlpi_find_value(&list, &range, &equal) == i && cmlpi_find_value(&list, &range, &between) == -1);
    }
}

int main(void)
{
    static tensors t;
    test_utf8();
    test_order();
    test_digits();
    test_check_value();
    test_sorting();
    list_values();
    for (int k = 0; k < 7; k++) slot_make(&t.slots[k], 4096);
    test_tensors(&t);
    test_broken(&t);
    test_changed(&t);
    test_one_kind();
    test_no_values();
    test_many();
    return finish();
}
