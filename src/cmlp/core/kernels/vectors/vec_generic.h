/* "Vectors" of one lane in plain C, for every processor. This file also documents the operations; vec_sse2.h,
 * vec_avx2.h, vec_avx512.h and vec_neon.h define the same names.
 *
 * A kernel is a template that uses these names. It is compiled once for each instruction set and element type
 * (CMLPI_BITS 32 or 64). The operations work lane by lane and round to nearest once, so a result does not depend on the
 * number of lanes.
 *
 *   T, V, VL      number, vector of VL numbers
 *   VI            vector of VL integers of the same width, arithmetic modulo 2^width
 *   VM            result of a comparison
 *   VT            mask of the lanes in use in the last, partial vector of a row
 *
 * If v_fma is a single instruction, V_LOADS_BYTES is defined, and v_load_bytes converts VL bytes to numbers.
 */
#ifndef CMLPI_VEC_H
#define CMLPI_VEC_H

#include "../../base/fma.h"
#include "../../base/root.h"
#include "../../base/target.h"

#define V_TAIL_COSTS 0 /* whether a partial load takes longer than a whole one; 2: slightly */

#if CMLPI_BITS == 32
typedef float T;
typedef uint32_t VI;
#define VEC_INT int32_t
#define VEC_FMA cmlpi_fma32
#elif CMLPI_BITS == 64
typedef double T;
typedef uint64_t VI;
#define VEC_INT int64_t
#define VEC_FMA cmlpi_fma64
#else
#error "CMLPI_BITS must be 32 or 64"
#endif

typedef T V;
typedef int VM;
typedef int VT;
#define VL 1

/* Loads and stores. No address needs to be aligned. */
VEC_FN V v_load(const T *p) { return *p; }
VEC_FN void v_store(T *p, V x) { *p = x; }

/* Partial load and store of lanes 0 to n - 1, with n from 1 to VL. The load sets the other lanes to zero. Neither
 * accesses the memory of the other lanes. */
VEC_FN VT v_tail(int64_t n) { return (VT)n; }
VEC_FN V v_load_t(const T *p, VT t)
{
    (void)t;
    return *p;
}
VEC_FN void v_store_t(T *p, VT t, V x)
{
    (void)t;
    *p = x;
}

VEC_FN V v_set1(T x) { return x; }
VEC_FN V v_zero(void) { return 0; }
VEC_FN T v_first(V x) { return x; } /* lane 0 */

VEC_FN V v_add(V a, V b) { return a + b; }
VEC_FN V v_sub(V a, V b) { return a - b; }
VEC_FN V v_mul(V a, V b) { return a * b; }
VEC_FN V v_div(V a, V b) { return a / b; }
VEC_FN V v_fma(V a, V b, V c) { return VEC_FMA(a, b, c); }   /* a b + c */
VEC_FN V v_fnma(V a, V b, V c) { return VEC_FMA(-a, b, c); } /* c - a b */

/* The correctly rounded square root as one instruction, because the C library's sqrt may be a function call. */
#if CMLPI_X86 && CMLPI_BITS == 32
VEC_FN V v_sqrt(V a) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a))); }
#elif CMLPI_X86
VEC_FN V v_sqrt(V a) { return _mm_cvtsd_f64(_mm_sqrt_pd(_mm_set1_pd(a))); }
#elif CMLPI_AARCH64 && CMLPI_BITS == 32
VEC_FN V v_sqrt(V a) { return vget_lane_f32(vsqrt_f32(vdup_n_f32(a)), 0); }
#elif CMLPI_AARCH64
VEC_FN V v_sqrt(V a) { return vget_lane_f64(vsqrt_f64(vdup_n_f64(a)), 0); }
#elif defined(__GNUC__) && CMLPI_BITS == 32
VEC_FN V v_sqrt(V a) { return __builtin_sqrtf(a); }
#elif defined(__GNUC__)
VEC_FN V v_sqrt(V a) { return __builtin_sqrt(a); }
#else
VEC_FN V v_sqrt(V a) { return (V)cmlpi_root((double)a); } /* the double result rounds to the correct float */
#endif

/* v_lt: a < b, false if either is NaN. v_sel: m ? a : b. */
VEC_FN VM v_lt(V a, V b) { return a < b; }
VEC_FN V v_sel(VM m, V a, V b) { return m ? a : b; }
/* Bit l is 1 if lane l is not 0. */
VEC_FN unsigned v_nonzero(V x) { return x != 0; }

/* Conversion between numbers and their bits. Shifts are logical and by a constant. */
VEC_FN VI v_bits(V x)
{
    VI u;
    memcpy(&u, &x, sizeof u);
    return u;
}
VEC_FN V v_float(VI u)
{
    V x;
    memcpy(&x, &u, sizeof x);
    return x;
}
VEC_FN VI vi_set1(VEC_INT x) { return (VI)x; }
VEC_FN VI vi_add(VI a, VI b) { return a + b; }
VEC_FN VI vi_sub(VI a, VI b) { return a - b; }
VEC_FN VI vi_and(VI a, VI b) { return a & b; }
VEC_FN VI vi_or(VI a, VI b) { return a | b; }
#define vi_sll(x, n) ((VI)((x) << (n)))
#define vi_srl(x, n) ((VI)((x) >> (n)))

VEC_FN V v_abs(V a) { return v_float(vi_srl(vi_sll(v_bits(a), 1), 1)); }

/* Transposes the VL x VL matrix with rows r[i] in place. */
VEC_FN void v_transpose(V r[VL]) { (void)r; }

#endif
