/* Vectors of 512 bits: AVX-512F without extensions, so bitwise operations on numbers are done on integers.
 * vec_generic.h documents the operations. */
#ifndef CMLPI_VEC_H
#define CMLPI_VEC_H

#include "../../base/intrinsics.h"

#define V_TAIL_COSTS (CMLPI_BITS == 32 ? 2 : 0) /* float64 was not measured */

#define V_PHILOX_AVX512 /* see dropout_tmpl.h */

#define VI_BITS(name) _mm512_##name##_si512

#if CMLPI_BITS == 32

typedef float T;
typedef __m512 V;
typedef __mmask16 VM;
#define VL 16
#define V_OP(name) _mm512_##name##_ps
#define V_COMPARE _mm512_cmp_ps_mask
#define VI_OP(name) _mm512_##name##_epi32
#define VEC_INT int32_t
#define VEC_INT_MAX INT32_MAX

#define V_LOADS_BYTES
VEC_FN V v_load_bytes(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
}
/* Broadcasts two adjacent elements by one load and two shuffles instead of two loads. */
#define V_PAIRS
VEC_FN void v_pair(const T *p, V *first, V *second)
{
    double both;
    memcpy(&both, p, sizeof both);
    const V pairs = _mm512_castpd_ps(_mm512_set1_pd(both));
    *first = _mm512_moveldup_ps(pairs);
    *second = _mm512_movehdup_ps(pairs);
}
VEC_FN T v_first(V x) { return _mm_cvtss_f32(_mm512_castps512_ps128(x)); }
VEC_FN __m512i v_bits(V x) { return _mm512_castps_si512(x); }

VEC_FN void v_transpose(V r[VL])
{
    V t[VL];
    for (int i = 0; i < VL; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < VL; i += 4)
        for (int h = 0; h < 2; h++) {
            __m512d a = _mm512_castps_pd(t[i + h]), b = _mm512_castps_pd(t[i + h + 2]);
            r[i + 2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
            r[i + 2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        }
    for (int i = 0; i < 4; i++) { /* lanes 4 b to 4 b + 3 of r[4 q + i] are column 4 b + i of rows 4 q to 4 q + 3 */
        V even = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88), even2 = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
        V odd = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd), odd2 = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
        r[i] = _mm512_shuffle_f32x4(even, even2, 0x88);
        r[i + 4] = _mm512_shuffle_f32x4(odd, odd2, 0x88);
        r[i + 8] = _mm512_shuffle_f32x4(even, even2, 0xdd);
        r[i + 12] = _mm512_shuffle_f32x4(odd, odd2, 0xdd);
    }
}

#elif CMLPI_BITS == 64

typedef double T;
typedef __m512d V;
typedef __mmask8 VM;
#define VL 8
#define V_OP(name) _mm512_##name##_pd
#define V_COMPARE _mm512_cmp_pd_mask
#define VI_OP(name) _mm512_##name##_epi64
#define VEC_INT int64_t
#define VEC_INT_MAX INT64_MAX

VEC_FN T v_first(V x) { return _mm_cvtsd_f64(_mm512_castpd512_pd128(x)); }
VEC_FN __m512i v_bits(V x) { return _mm512_castpd_si512(x); }

VEC_FN void v_transpose(V r[VL])
{
    V t[VL];
    for (int i = 0; i < VL; i += 2) {
        t[i] = _mm512_unpacklo_pd(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_pd(r[i], r[i + 1]);
    }
    for (int i = 0; i < 2; i++) { /* lanes 2 b and 2 b + 1 of t[2 q + i] are column 2 b + i of rows 2 q and 2 q + 1 */
        V even = _mm512_shuffle_f64x2(t[i], t[i + 2], 0x88), even2 = _mm512_shuffle_f64x2(t[i + 4], t[i + 6], 0x88);
        V odd = _mm512_shuffle_f64x2(t[i], t[i + 2], 0xdd), odd2 = _mm512_shuffle_f64x2(t[i + 4], t[i + 6], 0xdd);
        r[i] = _mm512_shuffle_f64x2(even, even2, 0x88);
        r[i + 2] = _mm512_shuffle_f64x2(odd, odd2, 0x88);
        r[i + 4] = _mm512_shuffle_f64x2(even, even2, 0xdd);
        r[i + 6] = _mm512_shuffle_f64x2(odd, odd2, 0xdd);
    }
}

#else
#error "CMLPI_BITS must be 32 or 64"
#endif

typedef __m512i VI;
typedef VM VT;

#include "x86_tmpl.h"

VEC_FN VI vi_set1(VEC_INT x) { return VI_OP(set1)(x); }

VEC_FN VT v_tail(int64_t n) { return (VT)((1u << n) - 1u); }
VEC_FN V v_load_t(const T *p, VT t) { return V_OP(maskz_loadu)(t, p); }
VEC_FN void v_store_t(T *p, VT t, V x) { V_OP(mask_storeu)(p, t, x); }

VEC_FN V v_fma(V a, V b, V c) { return V_OP(fmadd)(a, b, c); }
VEC_FN V v_fnma(V a, V b, V c) { return V_OP(fnmadd)(a, b, c); }

VEC_FN VM v_lt(V a, V b) { return V_COMPARE(a, b, _CMP_LT_OQ); }
VEC_FN V v_sel(VM m, V a, V b) { return V_OP(mask_blend)(m, b, a); }
VEC_FN unsigned v_nonzero(V x) { return V_COMPARE(x, v_zero(), _CMP_NEQ_UQ); }
VEC_FN V v_float(VI x) { return V_OP(castsi512)(x); }
VEC_FN V v_abs(V a) { return v_float(vi_and(v_bits(a), vi_set1(VEC_INT_MAX))); }

#endif
