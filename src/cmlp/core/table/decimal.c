#include "decimal.h"

#include <math.h>
#include <string.h>

#include "../base/build.h"

#if CMLP_BUILD_TABLES
/* Decimals from 10^MAX_EXPONENT on are infinite, and those below 10^MIN_EXPONENT are 0. */
enum { MAX_EXPONENT = 310, MIN_EXPONENT = -330 };
/* The fields of a double. */
enum { MANTISSA_BITS = 53, MAX_BINARY = 1023, MIN_BINARY = -1022 };

/* x = x * factor + added. */
static void multiply_wide(cmlpi_wide *x, uint32_t factor, uint32_t added)
{
    uint64_t carry = added;
    for (int i = 0; i < x->n; i++, carry >>= 32) {
        carry += (uint64_t)x->words[i] * factor;
        x->words[i] = (uint32_t)carry;
    }
    if (carry) x->words[x->n++] = (uint32_t)carry;
}

/* x = x * base^exponent, where `step` is base^n_steps. */
static void multiply_power(cmlpi_wide *x, uint32_t base, int64_t exponent, uint32_t step, int n_steps)
{
    for (; exponent >= n_steps; exponent -= n_steps) multiply_wide(x, step, 0);
    for (; exponent > 0; exponent--) multiply_wide(x, base, 0);
}

static void multiply_by_tens(cmlpi_wide *x, int64_t exponent) { multiply_power(x, 10, exponent, 1000000000, 9); }

static void multiply_by_twos(cmlpi_wide *x, int exponent) { multiply_power(x, 2, exponent, UINT32_C(1) << 31, 31); }

/* Below, equal to or above 0, as a - b. */
static int compare(const cmlpi_wide *a, const cmlpi_wide *b)
{
    if (a->n != b->n) return a->n - b->n;
    for (int i = a->n - 1; i >= 0; i--)
        if (a->words[i] != b->words[i]) return a->words[i] < b->words[i] ? -1 : 1;
    return 0;
}

/* a = a - b, which is at most a. */
static void subtract(cmlpi_wide *a, const cmlpi_wide *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < a->n; i++) {
        const uint64_t difference = (uint64_t)a->words[i] - (i < b->n ? b->words[i] : 0) - borrow;
        a->words[i] = (uint32_t)difference;
        borrow = difference >> 63;
    }
    while (a->n && !a->words[a->n - 1]) a->n--;
}

/* The number of bits of x, which is not 0. */
static int bit_length(const cmlpi_wide *x)
{
    int n = 32 * (x->n - 1);
    for (uint32_t word = x->words[x->n - 1]; word; word >>= 1) n++;
    return n;
}

/* Rounds top / bottom, neither of which is 0, to a double. */
static double divide(cmlpi_wide *top, cmlpi_wide *bottom)
{
    int exponent = bit_length(top) - bit_length(bottom);
    multiply_by_twos(exponent < 0 ? top : bottom, exponent < 0 ? -exponent : exponent);
    if (compare(top, bottom) < 0) {
        multiply_wide(top, 2, 0);
        exponent--;
    }
    /* The quotient is now top / bottom * 2^exponent, and bottom <= top < 2 * bottom. */
    const int is_normal = exponent >= MIN_BINARY;
    int n = is_normal ? MANTISSA_BITS : MANTISSA_BITS + exponent - MIN_BINARY;
    uint64_t bits = UINT64_C(0x7ff) << 52; /* infinity */
    if (exponent <= MAX_BINARY) {
        uint64_t mantissa = 0;
        for (; n > 0; n--) { /* one bit of the quotient each */
            const int bit = compare(top, bottom) >= 0;
            if (bit) subtract(top, bottom);
            mantissa = mantissa << 1 | (uint64_t)bit;
            multiply_wide(top, 2, 0);
        }
        const int half = n < 0 ? -1 : compare(top, bottom); /* what is left, as half of the last bit */
        mantissa += half > 0 || (!half && (mantissa & 1));
        bits = mantissa + (is_normal ? (uint64_t)(exponent - MIN_BINARY) << 52 : 0);
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void cmlpi_decimal_begin(cmlpi_decimal *decimal)
{
    decimal->digits.n = decimal->n_digits = decimal->is_longer = 0;
    decimal->exponent = 0;
}

void cmlpi_decimal_add(cmlpi_decimal *decimal, int digit, int is_fraction)
{
    if (decimal->n_digits == CMLPI_DECIMAL_DIGITS) {
        decimal->is_longer |= digit != 0;
        decimal->exponent += !is_fraction;
        return;
    }
    decimal->exponent -= is_fraction;
    if (!decimal->n_digits && !digit) return; /* a leading zero */
    multiply_wide(&decimal->digits, 10, (uint32_t)digit);
    decimal->n_digits++;
}

double cmlpi_decimal_value(cmlpi_decimal *decimal, int64_t exponent)
{
    cmlpi_wide bottom = {{1}, 1};
    double value = 0;
    const int64_t end = decimal->n_digits + decimal->exponent + exponent; /* the number is below 10^end */
    exponent += decimal->exponent;
    if (!decimal->n_digits || end < MIN_EXPONENT) return value;
    if (end > MAX_EXPONENT) return INFINITY;
    if (decimal->is_longer) {
        multiply_wide(&decimal->digits, 10, 1);
        exponent--;
    }
    multiply_by_tens(exponent < 0 ? &bottom : &decimal->digits, exponent < 0 ? -exponent : exponent);
    return divide(&decimal->digits, &bottom);
}

static cmlpi_wide wide_of(uint64_t x)
{
    cmlpi_wide wide = {{(uint32_t)x, (uint32_t)(x >> 32)}, 2};
    while (wide.n && !wide.words[wide.n - 1]) wide.n--;
    return wide;
}

int cmlpi_compare_decimal(uint64_t digits, int exponent, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int field = (int)(bits >> 52 & 0x7ff), is_normal = field != 0;
    const int binary = (is_normal ? field : 1) + MIN_BINARY - MANTISSA_BITS; /* of the last bit */
    cmlpi_wide a = wide_of(digits), b = wide_of((bits & (UINT64_MAX >> 12)) | (uint64_t)is_normal << 52);
    multiply_by_tens(exponent < 0 ? &b : &a, exponent < 0 ? -exponent : exponent);
    multiply_by_twos(binary < 0 ? &a : &b, binary < 0 ? -binary : binary);
    return compare(&a, &b);
}
#endif
