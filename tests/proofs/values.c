/* Typed values in the tensors of a file, and in the arrays of a program. The bytes of the tensors may be any: a program
 * can change them after they have been checked. */
#include "any.h"

#include "file/values.c"

void prove_is_utf8(void)
{
    const size_t n = nondet_size();
    ASSUME(n <= MOST);
    const unsigned char *text = any_bytes(n);
    REQUIRE(!cmlpi_is_utf8(text, (int64_t)n) || !n || (text[n - 1] & 0xc0) != 0xc0);
}

void prove_is_large_integer(void)
{
    const size_t n = nondet_size();
    ASSUME(n <= MOST);
    cmlp_value value = {.text = any_bytes(n), .n_text = (int64_t)n, .kind = CMLP_VALUE_LARGE_INTEGER};
    REQUIRE(!is_large_integer(&value, 0) || (n >= 19 && value.text[n - 1] >= '0' && value.text[n - 1] <= '9'));
}

/* A list of at most MOST values whose tensors have any bytes, and a column of it. */
static cmlpi_value_list list;
static cmlpi_value_range range;

static void any_list(void)
{
    cmlpi_value_list anything;
    cmlpi_value_range any_range;
    list = anything;
    range = any_range;
    ASSUME(list.n >= 1 && list.n <= MOST && list.n_text >= 0 && list.n_text <= MOST);
    ASSUME(list.n_numbers >= 0 && list.n_numbers <= MOST && list.n_integers >= 0 && list.n_integers <= MOST);
    ASSUME(range.first >= 0 && range.n >= 1 && range.first <= list.n - range.n && range.n <= list.n);
    ASSUME(range.first_number >= 0 && range.first_number <= list.n_numbers);
    ASSUME(range.first_integer >= 0 && range.first_integer <= list.n_integers);
    list.kinds = nondet_int() ? any_bytes((size_t)list.n) : NULL;
    ASSUME(list.kind >= CMLP_VALUE_MISSING && list.kind <= CMLP_VALUE_LARGE_INTEGER);
    list.ends = nondet_int() ? any_bytes(8 * (size_t)list.n) : NULL;
    list.order = any_bytes(4 * (size_t)list.n);
    list.text = any_bytes((size_t)list.n_text);
    list.numbers = any_bytes(8 * (size_t)list.n_numbers);
    list.integers = any_bytes(8 * (size_t)list.n_integers);
}

void prove_value_at(void)
{
    const int64_t i = nondet_int64();
    any_list();
    ASSUME(i >= 0 && i < range.n);
    const cmlp_value value = cmlpi_value_at(&list, &range, i);
    REQUIRE(value.kind >= CMLP_VALUE_MISSING && value.kind <= CMLP_VALUE_LARGE_INTEGER);
    REQUIRE(value.n_text >= 0 && (!value.n_text || __CPROVER_r_ok(value.text, (size_t)value.n_text)));
}

void prove_split_values(void)
{
    any_list();
    cmlpi_value_range ranges[2];
    unsigned char *counts = any_bytes(16);
    if (!cmlpi_split_values(&list, counts, 2, ranges)) return;
    for (int i = 0; i < 2; i++) {
        REQUIRE(ranges[i].n >= 0 && ranges[i].first >= 0 && ranges[i].first <= list.n - ranges[i].n);
        REQUIRE(ranges[i].first_number >= 0 && ranges[i].first_number <= list.n_numbers);
        REQUIRE(ranges[i].first_integer >= 0 && ranges[i].first_integer <= list.n_integers);
    }
}

void prove_is_in_order(void)
{
    any_list();
    const cmlp_value_kind kind = CMLP_VALUE_INTEGER;
    list.kinds = NULL;
    list.ends = NULL;
    list.kind = kind;
    if (!cmlpi_is_in_order(&list, &range)) return;
    for (int64_t i = 0; i < range.n; i++) {
        int32_t code;
        memcpy(&code, list.order + 4 * (range.first + i), sizeof code);
        REQUIRE(code >= 0 && code < range.n);
    }
}

void prove_find_value(void)
{
    cmlpi_value_list anything;
    cmlpi_value_range any_range;
    list = anything;
    range = any_range;
    ASSUME(list.n >= 0 && list.n <= MOST && range.first >= 0 && range.n >= 0 && range.n <= list.n &&
           range.first <= list.n - range.n);
    list.order = any_bytes(4 * (size_t)list.n);
    const cmlp_value wanted = {.kind = CMLP_VALUE_MISSING};
    const int64_t code = cmlpi_find_value(&list, &range, &wanted);
    REQUIRE(code >= -1 && code < range.n);
}

/* What the proofs of both functions show of them, for the search. */
cmlp_value known_value_at(const cmlpi_value_list *l, const cmlpi_value_range *r, int64_t i)
{
    cmlp_value value;
    REQUIRE(l == &list && i >= 0 && i < r->n);
    return value;
}

int known_compare_values(const cmlp_value *a, const cmlp_value *b) { return a && b ? nondet_int() : 0; }

/* A value of a program that has been checked, but for the characters of its text. */
static cmlp_value any_value(void)
{
    cmlp_value anything;
    cmlp_value value = anything;
    ASSUME(value.kind >= CMLP_VALUE_MISSING && value.kind <= CMLP_VALUE_LARGE_INTEGER);
    ASSUME(value.n_text >= 0 && value.n_text <= MOST && !__CPROVER_isnand(value.number));
    value.text = any_bytes((size_t)value.n_text);
    return value;
}

void prove_compare_values(void)
{
    const cmlp_value a = any_value(), b = any_value();
    ASSUME(a.kind != CMLP_VALUE_DOUBLE || b.kind != CMLP_VALUE_LARGE_INTEGER);
    ASSUME(b.kind != CMLP_VALUE_DOUBLE || a.kind != CMLP_VALUE_LARGE_INTEGER);
    const int order = cmlpi_compare_values(&a, &b);
    if (a.kind == CMLP_VALUE_TEXT && b.kind == CMLP_VALUE_TEXT)
        REQUIRE(order || a.n_text == b.n_text);
    else
        REQUIRE((a.kind == CMLP_VALUE_TEXT) <= (order > 0) && (b.kind == CMLP_VALUE_TEXT) <= (order < 0));
}
