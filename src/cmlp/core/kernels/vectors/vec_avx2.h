/* Vectors of 256 bits: AVX2 and FMA. vec_generic.h documents the operations. */
#ifndef CMLPI_VEC_H
#define CMLPI_VEC_H

#include "../../base/intrinsics.h"

/* Small builds do without the instances for full vectors. */
#ifdef __OPTIMIZE_SIZE__
#define V_TAIL_COSTS 0
#else
#define V_TAIL_COSTS 1
#endif

#define V_PHILOX_AVX2 /* see dropout_tmpl.h */

#define VI_BITS(name) _mm256_##name##_si256

#if CMLPI_BITS == 32

typedef float T;
typedef __m256 V;
#define VL 8
#define V_OP(name) _mm256_##name##_ps
#define VI_OP(name) _mm256_##name##_epi32
#define VI_SET1 _mm256_set1_epi32
#define VI_LANES _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)
#define VEC_INT int32_t

#define V_LOADS_BYTES
VEC_FN V v_load_bytes(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}
VEC_FN T v_first(V x) { return _mm_cvtss_f32(_mm256_castps256_ps128(x)); }
VEC_FN __m256i v_bits(V x) { return _mm256_castps_si256(x); }

VEC_FN void v_transpose(V r[VL])
{
    V t[VL];
    for (int i = 0; i < VL; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < VL; i += 4)
        for (int h = 0; h < 2; h++) {
            __m256d a = _mm256_castps_pd(t[i + h]), b = _mm256_castps_pd(t[i + h + 2]);
            r[i + 2 * h] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
            r[i + 2 * h + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
        }
    for (int i = 0; i < 4; i++) {
        V low = r[i], high = r[i + 4];
        r[i] = _mm256_permute2f128_ps(low, high, 0x20);
        r[i + 4] = _mm256_permute2f128_ps(low, high, 0x31);
    }
}

#elif CMLPI_BITS == 64

typedef double T;
typedef __m256d V;
#define VL 4
#define V_OP(name) _mm256_##name##_pd
#define VI_OP(name) _mm256_##name##_epi64
#define VI_SET1 _mm256_set1_epi64x
#define VI_LANES _mm256_set_epi64x(3, 2, 1, 0)
#define VEC_INT int64_t

VEC_FN T v_first(V x) { return _mm_cvtsd_f64(_mm256_castpd256_pd128(x)); }
VEC_FN __m256i v_bits(V x) { return _mm256_castpd_si256(x); }

VEC_FN void v_transpose(V r[VL])
{
    V a = _mm256_unpacklo_pd(r[0], r[1]), b = _mm256_unpackhi_pd(r[0], r[1]);
    V c = _mm256_unpacklo_pd(r[2], r[3]), d = _mm256_unpackhi_pd(r[2], r[3]);
    r[0] = _mm256_permute2f128_pd(a, c, 0x20);
    r[1] = _mm256_permute2f128_pd(b, d, 0x20);
    r[2] = _mm256_permute2f128_pd(a, c, 0x31);
    r[3] = _mm256_permute2f128_pd(b, d, 0x31);
}

#else
#error "CMLPI_BITS must be 32 or 64"
#endif

typedef V VM;
typedef __m256i VI;
typedef __m256i VT;

#include "x86_tmpl.h"

VEC_FN VI vi_set1(VEC_INT x) { return VI_SET1(x); }

VEC_FN VT v_tail(int64_t n) { return VI_OP(cmpgt)(vi_set1((VEC_INT)n), VI_LANES); }
VEC_FN V v_load_t(const T *p, VT t) { return V_OP(maskload)(p, t); }
VEC_FN void v_store_t(T *p, VT t, V x) { V_OP(maskstore)(p, t, x); }

VEC_FN V v_fma(V a, V b, V c) { return V_OP(fmadd)(a, b, c); }
VEC_FN V v_fnma(V a, V b, V c) { return V_OP(fnmadd)(a, b, c); }
VEC_FN V v_abs(V a) { return V_OP(andnot)(v_set1((T)-0.0), a); }

VEC_FN VM v_lt(V a, V b) { return V_OP(cmp)(a, b, _CMP_LT_OQ); }
VEC_FN V v_sel(VM m, V a, V b) { return V_OP(blendv)(b, a, m); }
VEC_FN unsigned v_nonzero(V x) { return (unsigned)V_OP(movemask)(V_OP(cmp)(x, v_zero(), _CMP_NEQ_UQ)); }
VEC_FN V v_float(VI x) { return V_OP(castsi256)(x); }

#endif
