/* Decimals as doubles, exactly rounded: any number of digits, any exponent, without a locale. */
#ifndef CMLPI_DECIMAL_H
#define CMLPI_DECIMAL_H

#include <stdint.h>

/* The digits that can decide to which double a decimal rounds: a number in the middle between two doubles has at most 767
 * significant digits. One more says whether the digits behind them are all 0. */
#define CMLPI_DECIMAL_DIGITS 768

/* 10^1099 has 3651 bits: the power of 10 of 769 digits behind 330 zeros. */
#define CMLPI_WIDE_WORDS 115

/* A large integer. The least significant word comes first, and the last one of `n` is not 0. */
typedef struct cmlpi_wide {
    uint32_t words[CMLPI_WIDE_WORDS];
    int n;
} cmlpi_wide;

/* A decimal without a sign while its digits are read: digits * 10^exponent. */
typedef struct cmlpi_decimal {
    cmlpi_wide digits;
    int64_t exponent; /* before the exponent in the text is added; at most the number of digits */
    int n_digits;     /* without leading zeros, at most CMLPI_DECIMAL_DIGITS */
    int is_longer;    /* further digits are not all 0 */
} cmlpi_decimal;

void cmlpi_decimal_begin(cmlpi_decimal *decimal);

/* Adds the next digit; `is_fraction`: it is behind the decimal point. */
void cmlpi_decimal_add(cmlpi_decimal *decimal, int digit, int is_fraction);

/* Returns the exponent of 10 with one more digit. From 2^56 on, no further digit changes it, or the double. */
static inline int64_t cmlpi_add_exponent_digit(int64_t exponent, int digit)
{
    return exponent < INT64_C(1) << 56 ? exponent * 10 + digit : exponent;
}

/* Returns the nearest double, of two the one with an even last bit, or INFINITY. The decimal is no longer
 * valid.
 * exponent: of 10, from cmlpi_add_exponent_digit; or its negative. */
double cmlpi_decimal_value(cmlpi_decimal *decimal, int64_t exponent);

/* Below, equal to or above 0, as digits * 10^exponent minus the value, which is finite and above 0. All digits of the value
 * and the decimal are at least 10^-341. */
int cmlpi_compare_decimal(uint64_t digits, int exponent, double value);

/* A number as Python has it: an integer, or a double. */
typedef struct cmlpi_number {
    double value;       /* the nearest double */
    const char *digits; /* of an integer, without leading zeros */
    int64_t n_digits;   /* -1 for a double */
} cmlpi_number;

#endif
