/* exp, expm1, log, log1p, tanh, the logistic function, and the activations that use them. Each function works lane by
 * lane and gives the same bits on every instruction set.
 *
 * Errors are in units in the last place (ulp) of the exact result. They were measured on all arguments for float32 and
 * on samples for float64 (tests/c/test_math.c). Results smaller than the smallest normal number are +0.
 * tests/support/math_coefficients.py computes the coefficients.
 */
#ifndef CMLPI_MATH_TMPL_H
#define CMLPI_MATH_TMPL_H

#if CMLPI_BITS == 32

#define MATH_FRACTION_BITS 23
#define MATH_FRACTION_MASK 0x7fffff
#define MATH_BIAS 127
#define MATH_SIGN INT32_MIN
#define MATH_INFINITY 0x7f800000
#define MATH_NAN 0x7fc00000
#define MATH_SQRT_HALF 0x3f3504f3
#define MATH_TINY 1.17549435e-38f       /* 2^-126, the smallest normal number */
#define MATH_BELOW_ONE 0.99999994f      /* 1 - 2^-24, the largest number below 1 */
#define MATH_TWO_FRACTION 8388608.0f    /* 2^23 */
#define MATH_SHIFT 12582912.0f          /* 1.5 * 2^23: adding it rounds to an integer */
#define MATH_LOG2E 1.44269504f          /* 1 / log(2) */
#define MATH_LN2_HIGH 6.93147182e-1f    /* log(2) = HIGH + LOW */
#define MATH_LN2_LOW (-1.90465421e-9f)
#define MATH_MIN_EXP (-87.3365402f)   /* smallest x with a normal e^x */
#define MATH_EXP_OVERFLOW 88.7228394f   /* smallest x with an infinite e^x */
#define MATH_TANH_ONE 10.0f             /* tanh rounds to 1 for x >= 10 */
#define MATH_MIN_SILU 91.8567734f     /* largest u with a normal u / (1 + e^u) */
#define MATH_MIN_TAIL 13.146246f      /* largest u with a normal u Phi(-u) */

/* (exp(r) - 1 - r) / r^2 on |r| <= log(2) / 2 */
static const T math_exp_rest[] = {4.9999997e-1f,   1.66665435e-1f, 4.16672006e-2f,
                                  8.36652052e-3f, 1.3882519e-3f};

/* (log((1 + s) / (1 - s)) / s - 2) / s^2 as a polynomial in s^2, on s^2 <= 0.04 */
static const T math_log_rest[] = {6.66669488e-1f, 3.99578243e-1f, 3.03605616e-1f};

/* (1 + u) e^(u^2/2) Phi(-u) as a polynomial in (u - MATH_TAIL_CENTER) / (u + MATH_TAIL_CENTER), on 0 <= u <= 13.5 */
static const T math_normal_tail[] = {4.720532e-1f,     -9.67034698e-2f, 1.39995869e-2f,   2.86000166e-2f,
                                     -3.21970843e-2f,  1.79400817e-2f,  -5.0055054e-3f,   -3.04424873e-4f,
                                     6.94707269e-4f,   -5.79484586e-5f, -7.06546562e-5f};

#else

#define MATH_FRACTION_BITS 52
#define MATH_FRACTION_MASK 0xfffffffffffff
#define MATH_BIAS 1023
#define MATH_SIGN INT64_MIN
#define MATH_INFINITY 0x7ff0000000000000
#define MATH_NAN 0x7ff8000000000000
#define MATH_SQRT_HALF 0x3fe6a09e667f3bcd
#define MATH_TINY 2.2250738585072014e-308
#define MATH_BELOW_ONE 0.99999999999999989 /* 1 - 2^-53 */
#define MATH_TWO_FRACTION 4503599627370496.0
#define MATH_SHIFT 6755399441055744.0
#define MATH_LOG2E 1.4426950408889634
#define MATH_LN2_HIGH 6.9314718055994529e-1
#define MATH_LN2_LOW 2.3190468138462996e-17
#define MATH_MIN_EXP (-708.39641853226408)
#define MATH_EXP_OVERFLOW 709.78271289338409
#define MATH_TANH_ONE 20.0
#define MATH_MIN_SILU 714.96865723796645
#define MATH_MIN_TAIL 37.615868313955986

static const T math_exp_rest[] = {5.0e-1,
                                  1.6666666666666677e-1,
                                  4.1666666666666512e-2,
                                  8.3333333333216915e-3,
                                  1.3888888888962403e-3,
                                  1.984126988596636e-4,
                                  2.4801587172482862e-5,
                                  2.755724437380473e-6,
                                  2.7557402687968524e-7,
                                  2.51089790018521e-8,
                                  2.0875316191147611e-9};

static const T math_log_rest[] = {6.6666666666666596e-1, 4.0000000000055941e-1,
                                  2.8571428556007511e-1, 2.2222224276162683e-1,
                                  1.8181667090937345e-1, 1.5391072349459384e-1,
                                  1.3174263151213639e-1, 1.3838558343128399e-1};

/* The same function on 0 <= u <= 38.8. */
static const T math_normal_tail[] = {4.7205320650984467e-1,  -9.670347732652558e-2,   1.3999634724431366e-2,
                                     2.8600364053525361e-2,  -3.2197837428405304e-2,  1.7936097480472479e-2,
                                     -5.002378584284475e-3,  -2.8562310903671215e-4,  6.9489703034961029e-4,
                                     -9.4430173488956073e-5, -8.7852702753785284e-5,  2.1249722160491179e-5,
                                     1.3624905667021422e-5,  -3.4314773821300356e-6,  -2.6077089392283833e-6,
                                     4.0387823590521934e-7,  5.4308831054329062e-7,   6.8060553655990604e-10,
                                     -1.014484801990354e-7,  -1.7453933242864354e-8,  1.1823218918745969e-8,
                                     3.9343260001761584e-9};

#endif

#define MATH_TAIL_CENTER 4
#define MATH_TAIL_LIMIT 40 /* Phi(-u) rounds to 0 for u >= 40 */

#define MATH_COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

/* Small builds have one copy of what several functions use. Vectors are not passed to functions: see target.h. */
#if VL == 1 && defined(__OPTIMIZE_SIZE__)
#define SHARED_FN REAL_FN
#else
#define SHARED_FN VEC_FN
#endif

/* Returns the sum of c[i] x^i for i < n, where n >= 2 and x2 = x^2. The odd and the even powers are two independent
 * chains, which halves the latency. */
SHARED_FN V math_polynomial(V x, V x2, const T *c, int n)
{
    V upper = v_set1(c[n - 1]), lower = v_set1(c[n - 2]);
    for (int i = n - 3; i > 0; i -= 2) {
        upper = v_fma(upper, x2, v_set1(c[i]));
        lower = v_fma(lower, x2, v_set1(c[i - 1]));
    }
    lower = v_fma(upper, x, lower);
    return n % 2 ? v_fma(lower, x, v_set1(c[0])) : lower;
}

/* Splits exp(x) = 2^n (1 + q) with an integer n and |q| <= sqrt(2) - 1. Returns q with a small error relative to q, and
 * stores n in *power, shifted to the exponent bits.
 * n is x / log(2) rounded, r = x - n log(2), and q = r + r^2 rest(r). r is computed as high + low. high is exact: it is
 * one fma whose result is small and a multiple of the last place of LN2_HIGH or of x. */
SHARED_FN V math_exp_parts(V x, VI *power)
{
    V shifted = v_fma(x, v_set1(MATH_LOG2E), v_set1(MATH_SHIFT));
    V n = v_sub(shifted, v_set1(MATH_SHIFT));
    V high = v_fnma(n, v_set1(MATH_LN2_HIGH), x), low = v_mul(n, v_set1(-MATH_LN2_LOW));
    V r = v_add(high, low), r2 = v_mul(r, r);
    V rest = math_polynomial(r, r2, math_exp_rest, MATH_COUNT(math_exp_rest));
    *power = vi_sll(v_bits(shifted), MATH_FRACTION_BITS);
    return v_add(high, v_fma(r2, rest, low));
}

/* exp(x), as 2^n (1 + q). Error < 1 ulp. */
VEC_FN V v_exp(V x)
{
    VI power;
    V p = v_add(math_exp_parts(x, &power), v_set1(1));
    V y = v_float(vi_add(v_bits(p), power));
    y = v_sel(v_lt(x, v_set1(MATH_MIN_EXP)), v_zero(), y);
    /* x + infinity is +infinity for large x, and NaN for NaN. */
    return v_sel(v_lt(x, v_set1(MATH_EXP_OVERFLOW)), y,
                 v_add(x, v_float(vi_set1(MATH_INFINITY))));
}

/* 1 / (1 + e^-x). With e = exp(-|x|) and s = e / (1 + e), the result is 1 - s for x >= 0 and s for x < 0. The code
 * computes s as e - e s, which reduces the effect of the rounding error of 1 + e. Error < 1.7 ulp. */
VEC_FN V v_logistic(V x)
{
    V one = v_set1(1);
    V e = v_exp(v_float(vi_or(v_bits(x), vi_set1(MATH_SIGN))));
    V s = v_div(e, v_add(one, e));
    V base = v_sel(v_lt(x, v_zero()), e, one);
    return v_fnma(base, s, base);
}

/* tanh|x| = m / (m + 2) with m = exp(2 |x|) - 1 = 2^n q + (2^n - 1). For smaller rounding errors, the code computes
 * b - b m / (m + 2) with b = m / 2 if m < 2, and 1 - 2 / (m + 2) otherwise. Error < 2 ulp. */
VEC_FN V v_tanh(V x)
{
    V one = v_set1(1), two = v_set1(2), limit = v_set1(MATH_TANH_ONE), a = v_abs(x);
    VI power, sign = vi_and(v_bits(x), vi_set1(MATH_SIGN));
    a = v_sel(v_lt(limit, a), limit, a); /* keeps NaN */
    V q = math_exp_parts(v_add(a, a), &power);
    V scale = v_float(vi_add(v_bits(one), power));
    V m = v_fma(scale, q, v_sub(scale, one));
    V top = v_sel(v_lt(m, two), m, two);
    V base = v_mul(top, v_set1((T)0.5));
    V y = v_fnma(base, v_div(top, v_add(m, two)), base);
    y = v_float(vi_or(v_bits(y), sign));
    return v_sel(v_lt(a, v_set1(MATH_TINY)), v_zero(), y);
}

/* k log(2) + log(1 + f) for f from sqrt(1/2) - 1 to 1/2. With s = f / (2 + f) and half = f^2 / 2,
 * log(1 + f) = f - half + s (half + s^2 rest(s^2)). */
VEC_FN V math_log_sum(V k, V f)
{
    V s = v_div(f, v_add(f, v_set1(2)));
    V z = v_mul(s, s), half = v_mul(v_mul(f, v_set1((T)0.5)), f);
    V rest = math_polynomial(z, v_mul(z, z), math_log_rest, MATH_COUNT(math_log_rest));
    V small = v_fma(s, v_fma(z, rest, half), v_mul(k, v_set1(MATH_LN2_LOW)));
    return v_fma(k, v_set1(MATH_LN2_HIGH), v_sub(f, v_sub(half, small)));
}

/* log(x) = k log(2) + log(1 + f), where x = 2^k (1 + f) and 1 + f is from sqrt(1/2) to sqrt(2). Error < 1 ulp. */
VEC_FN V v_log(V x)
{
    const T offset = MATH_TWO_FRACTION + MATH_BIAS;
    VM subnormal = v_lt(x, v_set1(MATH_TINY));
    V normal = v_sel(subnormal, v_mul(x, v_set1(MATH_TWO_FRACTION)), x);
    VI half = vi_set1(MATH_SQRT_HALF);
    VI bits = vi_add(vi_sub(v_bits(normal), half), v_bits(v_set1(1)));
    /* Convert the exponent field, k + bias, to a number: as the lowest bits of 2^fraction_bits, it adds its value. */
    VI field = vi_srl(bits, MATH_FRACTION_BITS);
    V k = v_sub(v_float(vi_or(field, v_bits(v_set1(MATH_TWO_FRACTION)))),
                v_sel(subnormal, v_set1(offset + MATH_FRACTION_BITS), v_set1(offset)));
    V m = v_float(vi_add(vi_and(bits, vi_set1(MATH_FRACTION_MASK)), half));
    V y = math_log_sum(k, v_sub(m, v_set1(1)));
    V infinity = v_float(vi_set1(MATH_INFINITY)), least = v_float(vi_set1(1));
    y = v_sel(v_lt(x, infinity), y, x); /* keeps infinity and NaN */
    y = v_sel(v_lt(x, least), v_sub(v_zero(), infinity), y);
    return v_sel(v_lt(x, v_zero()), v_float(vi_set1(MATH_NAN)), y);
}

/* log(1 + x), only for x in [0, 1]. For x >= 1/2 it is computed as log(2) + log(1 + (x - 1) / 2). Error < 1 ulp. */
VEC_FN V v_log1p(V x)
{
    V half = v_set1((T)0.5);
    VM small = v_lt(x, half);
    V f = v_sel(small, x, v_mul(v_sub(x, v_set1(1)), half)); /* exact */
    V y = math_log_sum(v_sel(small, v_zero(), v_set1(1)), f);
    return v_sel(v_lt(x, v_set1(MATH_TINY)), v_zero(), y);
}

/* Replaces numbers smaller than the smallest normal number by +0. Keeps NaN. */
VEC_FN V math_flushed(V y) { return v_sel(v_lt(v_abs(y), v_set1(MATH_TINY)), v_zero(), y); }

/* exp(x) - 1 for x <= 0, as 2^n q + (2^n - 1) with exp(x) = 2^n (1 + q). Error < 2 ulp. */
VEC_FN V v_expm1(V x)
{
    const V least = v_set1(MATH_MIN_EXP);
    VI power;
    V q = math_exp_parts(v_sel(v_lt(x, least), least, x), &power);
    V scale = v_float(vi_add(v_bits(v_set1(1)), power));
    return math_flushed(v_fma(scale, q, v_sub(scale, v_set1(1))));
}

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). Error < 2.5 ulp. */
VEC_FN V v_softplus(V x)
{
    V top = v_sel(v_lt(v_zero(), x), x, v_zero());
    return math_flushed(v_add(top, v_log1p(v_exp(v_sub(v_zero(), v_abs(x))))));
}

/* x / (1 + e^-x). With u = |x| and e^-u = 2^n (1 + q), the result is x / (1 + e^-u) for x >= 0 and
 * 2^n x (1 + q) / (1 + e^-u) for x < 0. The factor 2^n comes last, because e^-u alone can be too small for a normal
 * number. Error < 3 ulp. */
VEC_FN V v_silu(V x)
{
    V one = v_set1(1), u = v_abs(x);
    VI power;
    V p = v_add(math_exp_parts(v_sub(v_zero(), u), &power), one);
    V e = v_sel(v_lt(u, v_set1(-MATH_MIN_EXP)), v_float(vi_add(v_bits(p), power)), v_zero());
    VM negative = v_lt(x, v_zero());
    V y = v_div(v_sel(negative, v_mul(x, p), x), v_add(one, e));
    y = v_sel(negative, v_float(vi_add(v_bits(y), power)), y);
    y = v_sel(v_lt(x, v_set1(-MATH_MIN_SILU)), v_zero(), y);
    return math_flushed(y);
}

/* The tail of the normal distribution, Phi(-u) = e^(-u^2/2) ratio = 2^n (1 + q) ratio for 0 <= u <= MATH_TAIL_LIMIT.
 * Returns q, and stores n in *power, shifted to the exponent bits. q corrects two rounding errors:
 * - of u^2 = s + rest: e^(-u^2/2) = e^(-s/2) (1 - rest/2);
 * - of 1 + u = d + lost: f / (1 + u) = f/d (1 - lost/d), where 1/d is about 2 f/d. */
VEC_FN V math_tail(V u, V *ratio, VI *power)
{
    const V one = v_set1(1), half = v_set1((T)0.5), center = v_set1(MATH_TAIL_CENTER);
    V s = v_mul(u, u), minus_rest = v_fnma(u, u, s);
    V q = math_exp_parts(v_mul(s, v_set1((T)-0.5)), power);
    V t = v_div(v_sub(u, center), v_add(u, center));
    V f = math_polynomial(t, v_mul(t, t), math_normal_tail, MATH_COUNT(math_normal_tail));
    V d = v_add(u, one), lost = v_sub(u, v_sub(d, one));
    *ratio = v_div(f, d);
    V correction = v_fnma(lost, v_add(*ratio, *ratio), v_mul(minus_rest, half));
    return v_fma(correction, v_add(q, one), q);
}

/* 2^n y, or 0 if u Phi(-u) is smaller than the smallest normal number. */
VEC_FN V math_tail_scaled(V u, V y, VI power)
{
    return v_sel(v_lt(v_set1(MATH_MIN_TAIL), u), v_zero(), v_float(vi_add(v_bits(y), power)));
}

/* |x|, at most MATH_TAIL_LIMIT. Keeps NaN. */
VEC_FN V math_tail_argument(V x)
{
    const V limit = v_set1(MATH_TAIL_LIMIT), u = v_abs(x);
    return v_sel(v_lt(limit, u), limit, u);
}

/* x Phi(x) = max(x, 0) - u Phi(-u) with u = |x|. Error < 4 ulp. */
VEC_FN V v_gelu(V x)
{
    VI power;
    V ratio, u = math_tail_argument(x), top = v_sel(v_lt(v_zero(), x), x, v_zero());
    V q = math_tail(u, &ratio, &power), y = v_mul(u, ratio);
    return math_flushed(v_sub(top, math_tail_scaled(u, v_fma(q, y, y), power)));
}

/* The derivative of v_gelu, Phi(x) + x phi(x). */
VEC_FN V v_gelu_slope(V x)
{
    VI power;
    V ratio, one = v_set1(1), u = math_tail_argument(x);
    V q = math_tail(u, &ratio, &power), density = math_tail_scaled(u, v_add(q, one), power);
    V tail = v_mul(density, ratio);
    V below = v_sel(v_lt(x, v_zero()), tail, v_sub(one, tail));
    return v_fma(x, v_mul(density, v_set1((T)0.3989422804014326779)), below);
}

/* x / (1 + |x|), which is +1 or -1 at infinity. Error < 2 ulp. */
VEC_FN V v_softsign(V x)
{
    const V limit = v_set1(MATH_TWO_FRACTION * MATH_TWO_FRACTION);
    VI sign = vi_and(v_bits(x), vi_set1(MATH_SIGN));
    V u = v_abs(x);
    u = v_sel(v_lt(limit, u), limit, u);
    V y = v_div(u, v_add(u, v_set1(1)));
    return v_sel(v_lt(y, v_set1(MATH_TINY)), v_zero(), v_float(vi_or(v_bits(y), sign)));
}

#endif
