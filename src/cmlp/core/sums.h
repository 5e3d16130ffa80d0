/* Sums to one number, in double: element i is added to partial sum i mod 16, in ascending order; a fixed tree then adds
 * the partial sums (cmlp.h). Also the square root as a processor instruction, without the C library. */
#ifndef CMLP_SUMS_H
#define CMLP_SUMS_H

#include <stdint.h>
#include <string.h>

#include "kernels/target.h"

#define CMLP_PARTIALS 16

typedef struct cmlp_sum {
    double partial[CMLP_PARTIALS];
    int64_t n;
} cmlp_sum;

static inline void cmlp_sum_add(cmlp_sum *sum, double x) { sum->partial[sum->n++ % CMLP_PARTIALS] += x; }

static inline double cmlp_sum_total(const cmlp_sum *sum)
{
    double p[CMLP_PARTIALS];
    for (int i = 0; i < CMLP_PARTIALS; i++) p[i] = sum->partial[i];
    for (int half = CMLP_PARTIALS / 2; half; half /= 2)
        for (int i = 0; i < half; i++) p[i] += p[i + half];
    return p[0];
}

/* The square root in integer arithmetic, bit by bit, rounded to nearest; x is finite, not negative. */
static inline double cmlp_soft_root(double x)
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

/* Processors whose floating-point unit has no double: there the compiler would call the C library. */
#if defined(__arm__) && (!defined(__ARM_FP) || !(__ARM_FP & 8))
#define CMLP_HAS_SOFT_ROOT 1
#elif defined(__riscv) && (!defined(__riscv_flen) || __riscv_flen < 64)
#define CMLP_HAS_SOFT_ROOT 1
#else
#define CMLP_HAS_SOFT_ROOT 0
#endif

static inline double cmlp_root(double x)
{
#if CMLP_X86
    return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(x)));
#elif defined(_MSC_VER) && !defined(__clang__)
    return vget_lane_f64(vsqrt_f64(vdup_n_f64(x)), 0);
#elif CMLP_HAS_SOFT_ROOT
    return cmlp_soft_root(x);
#else
    return __builtin_sqrt(x); /* an instruction, with -fno-math-errno */
#endif
}

#endif
