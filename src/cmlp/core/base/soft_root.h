/* The square root for processors that have none. Exported C headers of tables contain this text, too. */
#ifndef CMLPI_SOFT_ROOT_H
#define CMLPI_SOFT_ROOT_H

#include <stdint.h>
#include <string.h>

/* The square root in integer arithmetic, bit by bit, rounded to nearest; x is finite, not negative. */
static inline double cmlpi_soft_root(double x)
{
    uint64_t bits, root = 0, twice = 0;
    memcpy(&bits, &x, sizeof bits);
    int32_t exponent = (int32_t)(bits >> 52 & 2047) - 1023;
    uint64_t rest = (bits & (UINT64_MAX >> 12)) | (exponent > -1023 ? UINT64_C(1) << 52 : 0);
    if (!rest) return x;
    if (exponent == -1023) exponent++;
    for (; !(rest >> 52); exponent--) rest <<= 1;
    rest <<= exponent & 1 ? 2 : 1;
    for (uint64_t bit = UINT64_C(1) << 53; bit; bit >>= 1, rest <<= 1) {
        if (twice + bit > rest) continue;
        rest -= twice + bit;
        twice += 2 * bit;
        root += bit;
    }
    root += rest ? root & 1 : 0;
    bits = (root >> 1) + ((uint64_t)((exponent - (exponent & 1)) / 2 + 1022) << 52);
    memcpy(&x, &bits, sizeof x);
    return x;
}

#endif
