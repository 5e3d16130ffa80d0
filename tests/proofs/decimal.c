/* Decimals as large integers. */
#include "any.h"

#include "table/decimal.c"

/* A large integer of at most two words. */
static cmlpi_wide any_wide(uint64_t *value)
{
    cmlpi_wide x;
    *value = nondet_uint64();
    x.words[0] = (uint32_t)*value;
    x.words[1] = (uint32_t)(*value >> 32);
    x.n = x.words[1] ? 2 : x.words[0] != 0;
    return x;
}

static uint64_t value_of(const cmlpi_wide *x)
{
    return (x->n > 0 ? x->words[0] : 0) | (uint64_t)(x->n > 1 ? x->words[1] : 0) << 32;
}

void prove_compare(void)
{
    uint64_t a, b;
    const cmlpi_wide wide_a = any_wide(&a), wide_b = any_wide(&b);
    const int order = compare(&wide_a, &wide_b);
    REQUIRE((order < 0) == (a < b) && (order > 0) == (a > b));
}

void prove_subtract(void)
{
    uint64_t a, b;
    cmlpi_wide wide_a = any_wide(&a);
    const cmlpi_wide wide_b = any_wide(&b);
    ASSUME(a >= b);
    subtract(&wide_a, &wide_b);
    REQUIRE(value_of(&wide_a) == a - b);
    REQUIRE(!wide_a.n || wide_a.words[wide_a.n - 1]);
}

/* Any number of words, but the last one of the array: 768 digits have 80. */
void prove_decimal_add(void)
{
    cmlpi_decimal anything, decimal = anything;
    const int digit = nondet_int(), is_fraction = nondet_int();
    ASSUME(digit >= 0 && digit <= 9 && (is_fraction == 0 || is_fraction == 1));
    ASSUME(decimal.digits.n >= 0 && decimal.digits.n <= MOST && decimal.n_digits >= 0);
    ASSUME(decimal.n_digits <= CMLPI_DECIMAL_DIGITS);
    ASSUME(decimal.exponent > -(INT64_C(1) << 60) && decimal.exponent < INT64_C(1) << 60);
    const int words = decimal.digits.n, digits = decimal.n_digits;
    cmlpi_decimal_add(&decimal, digit, is_fraction);
    REQUIRE(decimal.n_digits == digits || decimal.n_digits == digits + 1);
    REQUIRE(decimal.n_digits <= CMLPI_DECIMAL_DIGITS);
    REQUIRE(decimal.digits.n >= words && decimal.digits.n <= words + 1);
}
