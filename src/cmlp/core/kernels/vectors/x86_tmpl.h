/* What SSE2, AVX2 and AVX-512 have in common, in vectors V of T and VI of integers. The including file defines
 * V_OP(add), the intrinsic for numbers; VI_OP(add), that for integers of the same width; VI_BITS(and), that for bits. */

VEC_FN VI vi_add(VI a, VI b) { return VI_OP(add)(a, b); }
VEC_FN VI vi_sub(VI a, VI b) { return VI_OP(sub)(a, b); }
VEC_FN VI vi_and(VI a, VI b) { return VI_BITS(and)(a, b); }
VEC_FN VI vi_or(VI a, VI b) { return VI_BITS(or)(a, b); }
#define vi_sll(x, n) VI_OP(slli)((x), (n))
#define vi_srl(x, n) VI_OP(srli)((x), (n))

VEC_FN V v_load(const T *p) { return V_OP(loadu)(p); }
VEC_FN void v_store(T *p, V x) { V_OP(storeu)(p, x); }
VEC_FN V v_set1(T x) { return V_OP(set1)(x); }
VEC_FN V v_zero(void) { return V_OP(setzero)(); }

VEC_FN V v_add(V a, V b) { return V_OP(add)(a, b); }
VEC_FN V v_sub(V a, V b) { return V_OP(sub)(a, b); }
VEC_FN V v_mul(V a, V b) { return V_OP(mul)(a, b); }
VEC_FN V v_div(V a, V b) { return V_OP(div)(a, b); }
VEC_FN V v_sqrt(V a) { return V_OP(sqrt)(a); }
