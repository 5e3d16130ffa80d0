/* Which processor this is compiled for, and the regions in which a file may use instructions that the rest of the
 * build must not.
 *
 * The switches are regions in the source, not compiler options per file, so that the core stays a plain list of files.
 * GCC and Clang spell the regions differently and each ignores the other's spelling; MSVC needs none. */
#ifndef CMLPI_TARGET_H
#define CMLPI_TARGET_H

#include <float.h>
#include <stdint.h>
#include <string.h>

#include "build.h"

/* Every operation is rounded once, to its own type. 16 means that _Float16 has no
 * excess precision either (GCC with AVX512-FP16); float and double are as with 0. */
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "cmlp needs arithmetic without excess precision (x86: -msse2 -mfpmath=sse; s390x: -std=gnu11)"
#endif
#if defined(__FAST_MATH__) || defined(_M_FP_FAST)
#error "cmlp computes the same bits everywhere and cannot be built with -ffast-math, -Ofast or /fp:fast"
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "cmlp tests for NaN and infinity and cannot be built with -ffinite-math-only"
#endif

/* No contraction of a * b + c and no rearranged arithmetic, whatever the command line
 * asks for: fused operations are written as such. Where a compiler ignores this (Clang
 * with -ffp-contract=fast), cmlp_net_init notices (exact_tmpl.h). */
#if defined(__clang__)
#pragma float_control(precise, on)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off", "no-unsafe-math-optimizations")
#elif defined(_MSC_VER)
#pragma float_control(precise, on)
#pragma fp_contract(off)
#endif

#if CMLPI_X86
#include <emmintrin.h> /* SSE2, which the whole build may use; intrinsics.h has the others */
#endif

#if defined(__clang__)
#define CMLPI_TARGET_BEGIN_AVX2                                                                     \
    _Pragma("clang attribute push(__attribute__((target(\"avx2,fma,popcnt\"))), apply_to=function)")
#define CMLPI_TARGET_BEGIN_AVX512                                                                  \
    _Pragma(                                                                                       \
        "clang attribute push(__attribute__((target(\"avx2,fma,avx512f,popcnt\"))), apply_to=function)")
#define CMLPI_TARGET_END _Pragma("clang attribute pop")
#elif defined(__GNUC__)
#define CMLPI_TARGET_BEGIN_AVX2 _Pragma("GCC push_options") _Pragma("GCC target(\"avx2,fma,popcnt\")")
#define CMLPI_TARGET_BEGIN_AVX512                                                                   \
    _Pragma("GCC push_options") _Pragma("GCC target(\"avx2,fma,avx512f,popcnt\")")
#define CMLPI_TARGET_END _Pragma("GCC pop_options")
#else
#define CMLPI_TARGET_BEGIN_AVX2
#define CMLPI_TARGET_BEGIN_AVX512
#define CMLPI_TARGET_END
#endif

/* Vector operations are inlined even in unoptimised builds: with MSVC's and
 * GCC's calling conventions a vector argument would otherwise go through memory. */
#if defined(__GNUC__) || defined(__clang__)
#define VEC_FN static inline __attribute__((always_inline))
#elif defined(_MSC_VER)
#define VEC_FN static __forceinline
#else
#define VEC_FN static inline
#endif

/* One real copy of a function that is long. */
#if defined(__clang__)
#define REAL_FN static __attribute__((noinline, unused))
#elif defined(__GNUC__)
#define REAL_FN static __attribute__((noinline, noclone, unused))
#elif defined(_MSC_VER)
#define REAL_FN static __declspec(noinline)
#else
#define REAL_FN static
#endif

/* Prefetches a cache line into the L1 cache. Any address is allowed. */
#define CMLPI_LINE 64
#if defined(__GNUC__) || defined(__clang__)
#define CMLPI_PREFETCH(p) __builtin_prefetch((p), 0, 3)
#elif CMLPI_X86
#define CMLPI_PREFETCH(p) _mm_prefetch((const char *)(p), _MM_HINT_T0)
#else
#define CMLPI_PREFETCH(p) ((void)(p))
#endif

#endif
