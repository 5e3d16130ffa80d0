/* Vectors of four floats for x86 processors without FMA: SSE2, which every x86-64 processor has. vec_generic.h
 * documents the operations.
 *
 * The fused operation is computed in double, where the product of two floats is exact. Rounding the sum a second
 * time, to float, gives the right result unless the first result is a tie of float, or the second is a subnormal float,
 * whose ties are at other bits. These rare cases are computed again with the sum rounded to odd (see fma.h). If the
 * result is 0, the sum was exact: a nonzero addend is at least 2^-149, so that all bits of product and sum are within
 * 53. */
#ifndef CMLPI_VEC_H
#define CMLPI_VEC_H

#include "../../base/target.h"

#define V_TAIL_COSTS 1

typedef float T;
typedef __m128 V;
typedef __m128 VM;
typedef __m128i VI;
typedef int VT;
#define VL 4
#define V_OP(name) _mm_##name##_ps
#define VI_OP(name) _mm_##name##_epi32
#define VI_BITS(name) _mm_##name##_si128

#include "x86_tmpl.h"

VEC_FN VT v_tail(int64_t n) { return (VT)n; }
VEC_FN V v_load_t(const T *p, VT t)
{
    T x[VL] = {p[0], t > 1 ? p[1] : 0, t > 2 ? p[2] : 0, t > 3 ? p[3] : 0};
    return _mm_loadu_ps(x);
}
VEC_FN void v_store_t(T *p, VT t, V x)
{
    T lanes[VL];
    _mm_storeu_ps(lanes, x);
    for (int l = 0; l < t; l++) p[l] = lanes[l];
}
VEC_FN T v_first(V x) { return _mm_cvtss_f32(x); }

/* a b + c in two lanes, with the sum rounded to odd. */
VEC_FN __m128d fma_halves(__m128d a, __m128d b, __m128d c)
{
    const __m128d p = _mm_mul_pd(a, b), s = _mm_add_pd(p, c), t = _mm_sub_pd(s, p);
    const __m128d e = _mm_add_pd(_mm_sub_pd(p, _mm_sub_pd(s, t)), _mm_sub_pd(c, t));
    const __m128d zero = _mm_setzero_pd();
    const __m128i lost = _mm_castpd_si128(_mm_or_pd(_mm_cmplt_pd(e, zero), _mm_cmpgt_pd(e, zero)));
    const __m128i odd = _mm_srli_epi64(lost, 63);
    const __m128i opposite = _mm_srli_epi64(_mm_castpd_si128(_mm_xor_pd(s, e)), 63);
    const __m128i bits = _mm_sub_epi64(_mm_castpd_si128(s), _mm_and_si128(odd, opposite));
    return _mm_castsi128_pd(_mm_or_si128(bits, odd));
}
REAL_FN V fma_to_odd(V a, V b, V c)
{
    const __m128d low = fma_halves(_mm_cvtps_pd(a), _mm_cvtps_pd(b), _mm_cvtps_pd(c));
    const __m128d high = fma_halves(_mm_cvtps_pd(_mm_movehl_ps(a, a)), _mm_cvtps_pd(_mm_movehl_ps(b, b)),
                                    _mm_cvtps_pd(_mm_movehl_ps(c, c)));
    return _mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
}
/* Not inlined: calls make float32 15 % slower, but inlined copies would add 85 KB. */
REAL_FN V v_fma(V a, V b, V c)
{
    const __m128d low = _mm_add_pd(_mm_mul_pd(_mm_cvtps_pd(a), _mm_cvtps_pd(b)), _mm_cvtps_pd(c));
    const __m128d high = _mm_add_pd(_mm_mul_pd(_mm_cvtps_pd(_mm_movehl_ps(a, a)), _mm_cvtps_pd(_mm_movehl_ps(b, b))),
                                    _mm_cvtps_pd(_mm_movehl_ps(c, c)));
    const V r = _mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
    /* The low words of the four doubles. In a tie, only the highest of the 29 bits that are rounded away is set. */
    const __m128i words = _mm_castps_si128(_mm_shuffle_ps(_mm_castpd_ps(low), _mm_castpd_ps(high), 0x88));
    const __m128i ties = _mm_cmpeq_epi32(_mm_slli_epi32(words, 3), _mm_set1_epi32(INT32_MIN));
    const V size = _mm_and_ps(r, _mm_castsi128_ps(_mm_set1_epi32(INT32_MAX)));
    const V tiny = _mm_and_ps(_mm_cmple_ps(size, _mm_set1_ps(FLT_MIN)), _mm_cmpneq_ps(r, _mm_setzero_ps()));
    return _mm_movemask_ps(_mm_or_ps(_mm_castsi128_ps(ties), tiny)) ? fma_to_odd(a, b, c) : r;
}
VEC_FN V v_fnma(V a, V b, V c) { return v_fma(_mm_xor_ps(a, _mm_set1_ps(-0.0f)), b, c); }

VEC_FN VM v_lt(V a, V b) { return _mm_cmplt_ps(a, b); }
VEC_FN V v_sel(VM m, V a, V b) { return _mm_or_ps(_mm_and_ps(m, a), _mm_andnot_ps(m, b)); }
VEC_FN unsigned v_nonzero(V x) { return (unsigned)_mm_movemask_ps(_mm_cmpneq_ps(x, _mm_setzero_ps())); }

VEC_FN VI v_bits(V x) { return _mm_castps_si128(x); }
VEC_FN V v_float(VI x) { return _mm_castsi128_ps(x); }
VEC_FN VI vi_set1(int32_t x) { return _mm_set1_epi32(x); }

VEC_FN V v_abs(V a) { return _mm_and_ps(a, v_float(vi_set1(INT32_MAX))); }

VEC_FN void v_transpose(V r[VL]) { _MM_TRANSPOSE4_PS(r[0], r[1], r[2], r[3]); }

#endif
