/* Vectors of 128 bits: NEON on aarch64. vec_generic.h documents the operations. */
#ifndef CMLP_VEC_H
#define CMLP_VEC_H


#include "target.h"

#define V_TAIL_COSTS 1

#if CMLP_BITS == 32

typedef float T;
typedef float32x4_t V;
typedef uint32x4_t VM;
typedef uint32x4_t VI;
typedef int VT;
#define VL 4

VEC_FN V v_load(const T *p) { return vld1q_f32(p); }
VEC_FN void v_store(T *p, V x) { vst1q_f32(p, x); }
#define V_LOADS_BYTES
VEC_FN V v_load_bytes(const uint8_t *p)
{
    uint32_t four;
    memcpy(&four, p, sizeof four);
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four))))));
}
VEC_FN VT v_tail(int64_t n) { return (VT)n; }
VEC_FN V v_load_t(const T *p, VT t)
{
    V x = vsetq_lane_f32(p[0], vdupq_n_f32(0.0f), 0);
    if (t > 1)
        x = vsetq_lane_f32(p[1], x, 1);
    if (t > 2)
        x = vsetq_lane_f32(p[2], x, 2);
    if (t > 3)
        x = vsetq_lane_f32(p[3], x, 3);
    return x;
}
VEC_FN void v_store_t(T *p, VT t, V x)
{
    p[0] = vgetq_lane_f32(x, 0);
    if (t > 1)
        p[1] = vgetq_lane_f32(x, 1);
    if (t > 2)
        p[2] = vgetq_lane_f32(x, 2);
    if (t > 3)
        p[3] = vgetq_lane_f32(x, 3);
}
VEC_FN V v_set1(T x) { return vdupq_n_f32(x); }
VEC_FN V v_zero(void) { return vdupq_n_f32(0.0f); }
VEC_FN T v_first(V x) { return vgetq_lane_f32(x, 0); }

VEC_FN V v_add(V a, V b) { return vaddq_f32(a, b); }
VEC_FN V v_sub(V a, V b) { return vsubq_f32(a, b); }
VEC_FN V v_mul(V a, V b) { return vmulq_f32(a, b); }
VEC_FN V v_div(V a, V b) { return vdivq_f32(a, b); }
VEC_FN V v_sqrt(V a) { return vsqrtq_f32(a); }
VEC_FN V v_fma(V a, V b, V c) { return vfmaq_f32(c, a, b); }
VEC_FN V v_fnma(V a, V b, V c) { return vfmsq_f32(c, a, b); }
VEC_FN V v_abs(V a) { return vabsq_f32(a); }

VEC_FN VM v_lt(V a, V b) { return vcltq_f32(a, b); }
VEC_FN V v_sel(VM m, V a, V b) { return vbslq_f32(m, a, b); }
VEC_FN unsigned v_nonzero(V x)
{
    const uint32_t bits[4] = {1, 2, 4, 8};
    return vaddvq_u32(vbicq_u32(vld1q_u32(bits), vceqzq_f32(x)));
}

VEC_FN VI v_bits(V x) { return vreinterpretq_u32_f32(x); }
VEC_FN V v_float(VI x) { return vreinterpretq_f32_u32(x); }
VEC_FN VI vi_set1(int32_t x) { return vdupq_n_u32((uint32_t)x); }
VEC_FN VI vi_add(VI a, VI b) { return vaddq_u32(a, b); }
VEC_FN VI vi_sub(VI a, VI b) { return vsubq_u32(a, b); }
VEC_FN VI vi_and(VI a, VI b) { return vandq_u32(a, b); }
VEC_FN VI vi_or(VI a, VI b) { return vorrq_u32(a, b); }
VEC_FN VI vi_xor(VI a, VI b) { return veorq_u32(a, b); }
#define vi_sll(x, n) vshlq_n_u32((x), (n))
#define vi_srl(x, n) vshrq_n_u32((x), (n))

VEC_FN void v_transpose(V r[VL])
{
    float64x2_t a = vreinterpretq_f64_f32(vtrn1q_f32(r[0], r[1])), b = vreinterpretq_f64_f32(vtrn2q_f32(r[0], r[1]));
    float64x2_t c = vreinterpretq_f64_f32(vtrn1q_f32(r[2], r[3])), d = vreinterpretq_f64_f32(vtrn2q_f32(r[2], r[3]));
    r[0] = vreinterpretq_f32_f64(vtrn1q_f64(a, c));
    r[1] = vreinterpretq_f32_f64(vtrn1q_f64(b, d));
    r[2] = vreinterpretq_f32_f64(vtrn2q_f64(a, c));
    r[3] = vreinterpretq_f32_f64(vtrn2q_f64(b, d));
}

#elif CMLP_BITS == 64

typedef double T;
typedef float64x2_t V;
typedef uint64x2_t VM;
typedef uint64x2_t VI;
typedef int VT;
#define VL 2

VEC_FN V v_load(const T *p) { return vld1q_f64(p); }
VEC_FN void v_store(T *p, V x) { vst1q_f64(p, x); }
VEC_FN VT v_tail(int64_t n) { return (VT)n; }
VEC_FN V v_load_t(const T *p, VT t)
{
    V x = vsetq_lane_f64(p[0], vdupq_n_f64(0.0), 0);
    if (t > 1)
        x = vsetq_lane_f64(p[1], x, 1);
    return x;
}
VEC_FN void v_store_t(T *p, VT t, V x)
{
    p[0] = vgetq_lane_f64(x, 0);
    if (t > 1)
        p[1] = vgetq_lane_f64(x, 1);
}
VEC_FN V v_set1(T x) { return vdupq_n_f64(x); }
VEC_FN V v_zero(void) { return vdupq_n_f64(0.0); }
VEC_FN T v_first(V x) { return vgetq_lane_f64(x, 0); }

VEC_FN V v_add(V a, V b) { return vaddq_f64(a, b); }
VEC_FN V v_sub(V a, V b) { return vsubq_f64(a, b); }
VEC_FN V v_mul(V a, V b) { return vmulq_f64(a, b); }
VEC_FN V v_div(V a, V b) { return vdivq_f64(a, b); }
VEC_FN V v_sqrt(V a) { return vsqrtq_f64(a); }
VEC_FN V v_fma(V a, V b, V c) { return vfmaq_f64(c, a, b); }
VEC_FN V v_fnma(V a, V b, V c) { return vfmsq_f64(c, a, b); }
VEC_FN V v_abs(V a) { return vabsq_f64(a); }

VEC_FN VM v_lt(V a, V b) { return vcltq_f64(a, b); }
VEC_FN V v_sel(VM m, V a, V b) { return vbslq_f64(m, a, b); }
VEC_FN unsigned v_nonzero(V x)
{
    const uint64x2_t zero = vceqzq_f64(x);
    return (unsigned)(~vgetq_lane_u64(zero, 0) & 1) | (unsigned)(~vgetq_lane_u64(zero, 1) & 2);
}

VEC_FN VI v_bits(V x) { return vreinterpretq_u64_f64(x); }
VEC_FN V v_float(VI x) { return vreinterpretq_f64_u64(x); }
VEC_FN VI vi_set1(int64_t x) { return vdupq_n_u64((uint64_t)x); }
VEC_FN VI vi_add(VI a, VI b) { return vaddq_u64(a, b); }
VEC_FN VI vi_sub(VI a, VI b) { return vsubq_u64(a, b); }
VEC_FN VI vi_and(VI a, VI b) { return vandq_u64(a, b); }
VEC_FN VI vi_or(VI a, VI b) { return vorrq_u64(a, b); }
VEC_FN VI vi_xor(VI a, VI b) { return veorq_u64(a, b); }
#define vi_sll(x, n) vshlq_n_u64((x), (n))
#define vi_srl(x, n) vshrq_n_u64((x), (n))

VEC_FN void v_transpose(V r[VL])
{
    V first = vtrn1q_f64(r[0], r[1]);
    r[1] = vtrn2q_f64(r[0], r[1]);
    r[0] = first;
}

#else
#error "CMLP_BITS must be 32 or 64"
#endif

#endif
