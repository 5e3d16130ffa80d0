/* a b + c rounded once, with the same bits on every processor.
 *
 * C libraries are not reliable here: at least one rounds its fmaf twice. fma is therefore one instruction if every
 * processor of the target has it, and otherwise software that uses plain additions and multiplications.
 *
 * CMLPI_SOFT_FMA selects the software version everywhere (for tests). The software version needs round-to-nearest and
 * no flush-to-zero. */
#ifndef CMLPI_FMA_H
#define CMLPI_FMA_H

#include <string.h>

#include "target.h"

/* Processors for small boards often have the instruction for floats only. GCC says so by a macro; clang does not, and makes
 * a call of __builtin_fmaf, so that it needs the instruction's name. */
#if defined(CMLPI_SOFT_FMA)
#define CMLPI_HAVE_FMA32 0
#elif defined(__clang__) && defined(__ARM_FEATURE_FMA) && (__ARM_FP & 4) && !CMLPI_AARCH64
#define CMLPI_HAVE_FMA32 1
#define CMLPI_FMA32(a, b, c) __asm__("vfma.f32 %0, %1, %2" : "+t"(c) : "t"(a), "t"(b))
#elif defined(__GNUC__) && defined(__FP_FAST_FMAF)
#define CMLPI_HAVE_FMA32 1
#define CMLPI_FMA32(a, b, c) c = __builtin_fmaf(a, b, c)
#else
#define CMLPI_HAVE_FMA32 0
#endif

#if defined(CMLPI_SOFT_FMA)
#define CMLPI_HAVE_FMA 0
#elif defined(__FMA__) || (CMLPI_X86 && defined(_MSC_VER) && defined(__AVX2__)) || CMLPI_AARCH64
#define CMLPI_HAVE_FMA 1
#elif defined(__GNUC__) &&                                                                         \
    ((defined(__FP_FAST_FMAF) && (defined(__FP_FAST_FMA) || !CMLP_BUILD_FLOAT64)) ||             \
     defined(__powerpc64__) || defined(__s390x__) ||                                               \
     (defined(__riscv_flen) && __riscv_flen >= 64) || defined(__loongarch_double_float))
#define CMLPI_HAVE_FMA 1
#else
#define CMLPI_HAVE_FMA 0
#endif

#if CMLPI_AARCH64 || (CMLPI_X86 && CMLPI_HAVE_FMA)
#include "intrinsics.h"
#endif

#if CMLPI_HAVE_FMA

#if CMLPI_X86
static inline float cmlpi_fma32(float a, float b, float c)
{
    return _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)));
}
static inline double cmlpi_fma64(double a, double b, double c)
{
    return _mm_cvtsd_f64(_mm_fmadd_sd(_mm_set_sd(a), _mm_set_sd(b), _mm_set_sd(c)));
}
#elif CMLPI_AARCH64
static inline float cmlpi_fma32(float a, float b, float c)
{
    return vget_lane_f32(vfma_f32(vdup_n_f32(c), vdup_n_f32(a), vdup_n_f32(b)), 0);
}
static inline double cmlpi_fma64(double a, double b, double c)
{
    return vget_lane_f64(vfma_f64(vdup_n_f64(c), vdup_n_f64(a), vdup_n_f64(b)), 0);
}
#else
static inline float cmlpi_fma32(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline double cmlpi_fma64(double a, double b, double c) { return __builtin_fma(a, b, c); }
#endif

#else /* software */

static inline uint64_t cmlpi_fma_bits(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline double cmlpi_fma_number(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* Returns the rounded sum; a + b = sum + *error exactly (Knuth). */
static inline double cmlpi_fma_two_sum(double a, double b, double *error)
{
    double sum = a + b;
    double b_part = sum - a;
    double a_part = sum - b_part;
    *error = (a - a_part) + (b - b_part);
    return sum;
}

/* a + b rounded to odd: truncated, with the last bit set if the sum was not exact. Rounding this result to fewer bits
 * is the same as rounding the exact sum. */
static inline double cmlpi_fma_add_to_odd(double a, double b)
{
    double error;
    double sum = cmlpi_fma_two_sum(a, b, &error);
    uint64_t bits = cmlpi_fma_bits(sum);
    uint64_t lost = (uint64_t)((error < 0) | (error > 0)); /* 0 if the error is NaN */
    uint64_t too_large = lost & ((bits ^ cmlpi_fma_bits(error)) >> 63);
    return cmlpi_fma_number((bits - too_large) | lost);
}

#if CMLPI_HAVE_FMA32
static inline float cmlpi_fma32(float a, float b, float c)
{
    CMLPI_FMA32(a, b, c);
    return c;
}
#else
/* Not inlined: calls make float32 10 % slower and float64 no slower, but inlined copies would add 150 KB. */
REAL_FN float cmlpi_fma32(float a, float b, float c)
{
    return (float)cmlpi_fma_add_to_odd((double)a * (double)b, (double)c); /* the product is exact */
}
#endif

/* An unsigned integer of 128 bits. */
struct cmlpi_fma_wide {
    uint64_t high, low;
};

static inline struct cmlpi_fma_wide cmlpi_fma_shift_left(struct cmlpi_fma_wide x, int n)
{
    struct cmlpi_fma_wide r = x;
    if (n >= 64) {
        r.high = x.low << (n - 64);
        r.low = 0;
    } else if (n > 0) {
        r.high = x.high << n | x.low >> (64 - n);
        r.low = x.low << n;
    }
    return r;
}

/* Sets the last bit of the result if a 1 bit was shifted out. */
static inline struct cmlpi_fma_wide cmlpi_fma_shift_right(struct cmlpi_fma_wide x, int64_t n)
{
    struct cmlpi_fma_wide r = x;
    uint64_t lost = 0;
    if (n >= 128) {
        lost = x.high | x.low;
        r.high = r.low = 0;
    } else if (n >= 64) {
        lost = x.low | (n > 64 ? x.high << (128 - n) : 0);
        r.low = x.high >> (n - 64);
        r.high = 0;
    } else if (n > 0) {
        lost = x.low << (64 - n);
        r.low = x.low >> n | x.high << (64 - n);
        r.high = x.high >> n;
    }
    r.low |= lost != 0;
    return r;
}

/* The product of two factors of at most 53 bits. */
static inline struct cmlpi_fma_wide cmlpi_fma_multiply(uint64_t a, uint64_t b)
{
    uint64_t a_low = a & 0xffffffff, a_high = a >> 32;
    uint64_t b_low = b & 0xffffffff, b_high = b >> 32;
    uint64_t middle = a_high * b_low + a_low * b_high + (a_low * b_low >> 32);
    struct cmlpi_fma_wide r;
    r.high = a_high * b_high + (middle >> 32);
    r.low = a * b;
    return r;
}

/* Splits a finite number into integer * 2^*exponent; returns the integer. */
static inline uint64_t cmlpi_fma_split(double x, int64_t *exponent)
{
    uint64_t bits = cmlpi_fma_bits(x);
    uint64_t fraction = bits & 0xfffffffffffff;
    int64_t field = (int64_t)(bits >> 52 & 0x7ff);
    *exponent = (field ? field : 1) - 1075;
    return field ? fraction | (uint64_t)1 << 52 : fraction;
}

/* Shifts x, which is not zero, left until its leading bit is bit `top`. */
static inline struct cmlpi_fma_wide cmlpi_fma_align(struct cmlpi_fma_wide x, int top, int64_t *exponent)
{
    uint64_t word = x.high ? x.high : x.low;
    int leading = x.high ? 64 : 0;
    for (int step = 32; step; step >>= 1) {
        if (word >> step) {
            word >>= step;
            leading += step;
        }
    }
    *exponent -= top - leading;
    return cmlpi_fma_shift_left(x, top - leading);
}

/* (-1)^negative * x * 2^exponent, rounded to nearest, ties to even; x is not zero. */
static inline double cmlpi_fma_round(struct cmlpi_fma_wide x, int64_t exponent, uint64_t negative)
{
    struct cmlpi_fma_wide wide = cmlpi_fma_align(x, 127, &exponent);
    uint64_t field; /* exponent field minus 1, because adding the leading bit increments it */
    int64_t biased = exponent + 127 + 1023;
    if (biased >= 2047) return cmlpi_fma_number(negative << 63 | (uint64_t)0x7ff << 52);
    if (biased < 1) {
        wide = cmlpi_fma_shift_right(wide, 1 - biased);
        field = 0;
    } else {
        field = (uint64_t)biased - 1;
    }
    uint64_t kept = wide.high >> 11;
    uint64_t rest = (wide.high & 0x7ff) << 1 | (wide.low != 0);
    kept += rest > 0x800 || (rest == 0x800 && (kept & 1));
    return cmlpi_fma_number(negative << 63 | ((field << 52) + kept));
}

/* fma for any arguments, in integer arithmetic. */
REAL_FN double cmlpi_fma64_integer(double a, double b, double c)
{
    const uint64_t infinity = (uint64_t)0x7ff << 52, magnitude = UINT64_MAX >> 1;
    uint64_t a_bits = cmlpi_fma_bits(a), b_bits = cmlpi_fma_bits(b), c_bits = cmlpi_fma_bits(c);
    if (a == 0 || b == 0 || (a_bits & magnitude) >= infinity || (b_bits & magnitude) >= infinity) return a * b + c;
    if ((c_bits & magnitude) >= infinity) return c + c;

    int64_t a_exponent, b_exponent, exponent, c_exponent;
    uint64_t a_int = cmlpi_fma_split(a, &a_exponent), b_int = cmlpi_fma_split(b, &b_exponent);
    struct cmlpi_fma_wide product = cmlpi_fma_multiply(a_int, b_int);
    struct cmlpi_fma_wide addend = {0, cmlpi_fma_split(c, &c_exponent)};
    uint64_t negative = (a_bits ^ b_bits) >> 63;
    exponent = a_exponent + b_exponent;
    if (addend.low == 0) return cmlpi_fma_round(product, exponent, negative);

    /* Align both operands to bit 126, so that a sum fits. The product has 106 bits: if shifting the smaller operand
     * loses bits, at most one leading bit can cancel. */
    product = cmlpi_fma_align(product, 126, &exponent);
    addend = cmlpi_fma_align(addend, 126, &c_exponent);
    if (exponent >= c_exponent) {
        addend = cmlpi_fma_shift_right(addend, exponent - c_exponent);
    } else {
        product = cmlpi_fma_shift_right(product, c_exponent - exponent);
        exponent = c_exponent;
    }
    if (negative != c_bits >> 63) {
        int less = product.high < addend.high || (product.high == addend.high && product.low < addend.low);
        struct cmlpi_fma_wide larger = less ? addend : product;
        struct cmlpi_fma_wide smaller = less ? product : addend;
        negative ^= (uint64_t)less;
        product.high = larger.high - smaller.high - (larger.low < smaller.low);
        product.low = larger.low - smaller.low;
        if (!(product.high | product.low)) return 0;
    } else {
        product.low += addend.low;
        product.high += addend.high + (product.low < addend.low);
    }
    return cmlpi_fma_round(product, exponent, negative);
}

/* Returns the rounded product; a b = product + *error exactly (Dekker). Splits the factors into halves of 26 bits
 * (Veltkamp). */
static inline double cmlpi_fma_two_product(double a, double b, double *error)
{
    const double splitter = 134217729.0; /* 2^27 + 1 */
    double product = a * b;
    double a_big = a * splitter, b_big = b * splitter;
    double a_high = a_big - (a_big - a), b_high = b_big - (b_big - b);
    double a_low = a - a_high, b_low = b - b_high;
    *error = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low);
    return product;
}

/* Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms
 * using rounding to odd", 2008. Their proof assumes that nothing overflows and that the
 * error of the product does not underflow. Factors from 2^-450 to 2^451 satisfy both. */
REAL_FN double cmlpi_fma64(double a, double b, double c)
{
    uint64_t a_field = cmlpi_fma_bits(a) >> 52 & 0x7ff;
    uint64_t b_field = cmlpi_fma_bits(b) >> 52 & 0x7ff;
    uint64_t c_field = cmlpi_fma_bits(c) >> 52 & 0x7ff;
    double product_error, sum_error, total_error;
    if (a_field - 573 > 900 || b_field - 573 > 900 || c_field == 2047) return cmlpi_fma64_integer(a, b, c);
    double product = cmlpi_fma_two_product(a, b, &product_error);
    double sum = cmlpi_fma_two_sum(c, product_error, &sum_error);
    double total = cmlpi_fma_two_sum(product, sum, &total_error);
    return total + cmlpi_fma_add_to_odd(sum_error, total_error);
}

#endif /* software */

#endif
