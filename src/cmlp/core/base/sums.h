/* Sums to one number, in double: element i is added to partial sum i mod 16, in ascending order; a fixed tree then adds
 * the partial sums (docs/arithmetic.md). Also the square root, without the C library: a processor instruction, or
 * soft_root.h. */
#ifndef CMLP_SUMS_H
#define CMLP_SUMS_H

#include <stdint.h>
#include <string.h>

#include "target.h"
#if CMLP_AARCH64 && defined(_MSC_VER) && !defined(__clang__)
#include "intrinsics.h"
#endif
#include "soft_root.h"

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

/* Processors whose floating-point unit has no double, and compilers without the builtin: there the compiler would call the
 * C library. */
#if !CMLP_INTRINSICS
#define CMLP_HAS_SOFT_ROOT 1
#elif defined(__arm__) && (!defined(__ARM_FP) || !(__ARM_FP & 8))
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
    return x <= DBL_MAX ? cmlp_soft_root(x) : x; /* infinite sums and NaN stay */
#else
    return __builtin_sqrt(x); /* an instruction, with -fno-math-errno */
#endif
}

#endif
