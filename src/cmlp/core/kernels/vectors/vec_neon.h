/* Vectors of 128 bits: NEON on aarch64. vec_generic.h documents the operations. */
#ifndef CMLPI_VEC_H
#define CMLPI_VEC_H

#include "../../base/intrinsics.h"

#define V_TAIL_COSTS 1

/* V_OP(vadd) is the intrinsic for numbers, VI_OP(vadd) the one for integers of the same width. */
#if CMLPI_BITS == 32

typedef float T;
typedef float32x4_t V;
typedef uint32x4_t VI;
#define VL 4
#define V_OP(name) name##_f32
#define VI_OP(name) name##_u32
#define VEC_INT int32_t
#define VEC_UINT uint32_t

#define V_LOADS_BYTES
VEC_FN V v_load_bytes(const uint8_t *p)
{
    uint32_t four;
    memcpy(&four, p, sizeof four);
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four))))));
}
VEC_FN VI v_bits(V x) { return vreinterpretq_u32_f32(x); }
VEC_FN V v_float(VI x) { return vreinterpretq_f32_u32(x); }
VEC_FN unsigned v_nonzero(V x)
{
    const uint32_t bits[4] = {1, 2, 4, 8};
    return vaddvq_u32(vbicq_u32(vld1q_u32(bits), vceqzq_f32(x)));
}

VEC_FN void v_transpose(V r[VL])
{
    float64x2_t a = vreinterpretq_f64_f32(vtrn1q_f32(r[0], r[1])), b = vreinterpretq_f64_f32(vtrn2q_f32(r[0], r[1]));
    float64x2_t c = vreinterpretq_f64_f32(vtrn1q_f32(r[2], r[3])), d = vreinterpretq_f64_f32(vtrn2q_f32(r[2], r[3]));
    r[0] = vreinterpretq_f32_f64(vtrn1q_f64(a, c));
    r[1] = vreinterpretq_f32_f64(vtrn1q_f64(b, d));
    r[2] = vreinterpretq_f32_f64(vtrn2q_f64(a, c));
    r[3] = vreinterpretq_f32_f64(vtrn2q_f64(b, d));
}

#elif CMLPI_BITS == 64

typedef double T;
typedef float64x2_t V;
typedef uint64x2_t VI;
#define VL 2
#define V_OP(name) name##_f64
#define VI_OP(name) name##_u64
#define VEC_INT int64_t
#define VEC_UINT uint64_t

VEC_FN VI v_bits(V x) { return vreinterpretq_u64_f64(x); }
VEC_FN V v_float(VI x) { return vreinterpretq_f64_u64(x); }
VEC_FN unsigned v_nonzero(V x)
{
    const uint64x2_t zero = vceqzq_f64(x);
    return (unsigned)(~vgetq_lane_u64(zero, 0) & 1) | (unsigned)(~vgetq_lane_u64(zero, 1) & 2);
}

VEC_FN void v_transpose(V r[VL])
{
    V first = vtrn1q_f64(r[0], r[1]);
    r[1] = vtrn2q_f64(r[0], r[1]);
    r[0] = first;
}

#else
#error "CMLPI_BITS must be 32 or 64"
#endif

typedef VI VM;
typedef int VT;

VEC_FN V v_load(const T *p) { return V_OP(vld1q)(p); }
VEC_FN void v_store(T *p, V x) { V_OP(vst1q)(p, x); }
VEC_FN V v_set1(T x) { return V_OP(vdupq_n)(x); }
VEC_FN V v_zero(void) { return v_set1(0); }
VEC_FN T v_first(V x) { return V_OP(vgetq_lane)(x, 0); }

VEC_FN VT v_tail(int64_t n) { return (VT)n; }
VEC_FN V v_load_t(const T *p, VT t)
{
    V x = V_OP(vsetq_lane)(p[0], v_zero(), 0);
    if (t > 1) x = V_OP(vsetq_lane)(p[1], x, 1);
#if VL > 2
    if (t > 2) x = V_OP(vsetq_lane)(p[2], x, 2);
    if (t > 3) x = V_OP(vsetq_lane)(p[3], x, 3);
#endif
    return x;
}
VEC_FN void v_store_t(T *p, VT t, V x)
{
    p[0] = V_OP(vgetq_lane)(x, 0);
    if (t > 1) p[1] = V_OP(vgetq_lane)(x, 1);
#if VL > 2
    if (t > 2) p[2] = V_OP(vgetq_lane)(x, 2);
    if (t > 3) p[3] = V_OP(vgetq_lane)(x, 3);
#endif
}

VEC_FN V v_add(V a, V b) { return V_OP(vaddq)(a, b); }
VEC_FN V v_sub(V a, V b) { return V_OP(vsubq)(a, b); }
VEC_FN V v_mul(V a, V b) { return V_OP(vmulq)(a, b); }
VEC_FN V v_div(V a, V b) { return V_OP(vdivq)(a, b); }
VEC_FN V v_sqrt(V a) { return V_OP(vsqrtq)(a); }
VEC_FN V v_fma(V a, V b, V c) { return V_OP(vfmaq)(c, a, b); }
VEC_FN V v_fnma(V a, V b, V c) { return V_OP(vfmsq)(c, a, b); }
VEC_FN V v_abs(V a) { return V_OP(vabsq)(a); }

VEC_FN VM v_lt(V a, V b) { return V_OP(vcltq)(a, b); }
VEC_FN V v_sel(VM m, V a, V b) { return V_OP(vbslq)(m, a, b); }

VEC_FN VI vi_set1(VEC_INT x) { return VI_OP(vdupq_n)((VEC_UINT)x); }
VEC_FN VI vi_add(VI a, VI b) { return VI_OP(vaddq)(a, b); }
VEC_FN VI vi_sub(VI a, VI b) { return VI_OP(vsubq)(a, b); }
VEC_FN VI vi_and(VI a, VI b) { return VI_OP(vandq)(a, b); }
VEC_FN VI vi_or(VI a, VI b) { return VI_OP(vorrq)(a, b); }
#define vi_sll(x, n) VI_OP(vshlq_n)((x), (n))
#define vi_srl(x, n) VI_OP(vshrq_n)((x), (n))

#endif
