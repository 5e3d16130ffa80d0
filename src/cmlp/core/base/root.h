/* The square root, without the C library: a processor instruction, or soft_root.h. */
#ifndef CMLPI_ROOT_H
#define CMLPI_ROOT_H

#include "target.h"
#if CMLPI_AARCH64 && defined(_MSC_VER) && !defined(__clang__)
#include "intrinsics.h"
#endif
#include "soft_root.h"

/* Processors whose floating-point unit has no double, and compilers without the builtin: there the compiler would call the
 * C library. */
#if !CMLPI_INTRINSICS
#define CMLPI_HAS_SOFT_ROOT 1
#elif defined(__arm__) && (!defined(__ARM_FP) || !(__ARM_FP & 8))
#define CMLPI_HAS_SOFT_ROOT 1
#elif defined(__riscv) && (!defined(__riscv_flen) || __riscv_flen < 64)
#define CMLPI_HAS_SOFT_ROOT 1
#else
#define CMLPI_HAS_SOFT_ROOT 0
#endif

static inline double cmlpi_root(double x)
{
#if CMLPI_X86
    return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(x)));
#elif defined(_MSC_VER) && !defined(__clang__)
    return vget_lane_f64(vsqrt_f64(vdup_n_f64(x)), 0);
#elif CMLPI_HAS_SOFT_ROOT
    return x <= DBL_MAX ? cmlpi_soft_root(x) : x; /* infinite sums and NaN stay */
#else
    return __builtin_sqrt(x); /* an instruction, with -fno-math-errno */
#endif
}

#endif
