/* The arithmetic of exported float32 headers. c_functions.py copies the functions that a network needs into its header,
 * where NAME_ becomes the prefix. The paragraphs are separated by empty lines; each defines one name.
 *
 * Every function is bit-identical to the core's (math_tmpl.h and activation_tmpl.h explain the formulas). Two rules
 * keep compilers from changing them, whatever they do with a * b + c and with excess precision:
 * - A product that is added to something is written NAME_fma(a, b, 0.0f). It differs from a * b only in the sign of a
 *   zero, which changes no result here.
 * - Every other operation has its own float variable, because compilers with FLT_EVAL_METHOD 1 round at assignments. */

#if defined(__clang__) && defined(__ARM_FEATURE_FMA) && (__ARM_FP & 4) && !defined(__aarch64__)
/* a * b + c, rounded once, as one instruction, of which clang for ARM would make a call. */
static inline float NAME_fma(float a, float b, float c)
{
    __asm__("vfma.f32 %0, %1, %2" : "+t"(c) : "t"(a), "t"(b));
    return c;
}
#elif defined(__FP_FAST_FMAF) || ((defined(__GNUC__) || defined(__clang__)) && (defined(__FMA__) || defined(__aarch64__)))
/* a * b + c, rounded once, as one instruction. */
static inline float NAME_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#else
/* a * b + c, rounded once. The product is exact in double; the sum is rounded to odd, so that rounding it again to float
 * gives the correct result (Boldo and Melquiond 2008). Without a floating-point unit, each operation is a call: there it
 * is out of line, which takes less flash and less stack. */
#if defined(__SOFTFP__) || (defined(__riscv) && !defined(__riscv_flen))
NAME_OUT_OF_LINE
#else
static inline
#endif
float NAME_fma(float a, float b, float c)
{
    const double p = (double)a * (double)b;
    double s = p + (double)c;
    const double t = s - p, e = (p - (s - t)) + ((double)c - t); /* p + c = s + e exactly */
    const uint64_t lost = (uint64_t)((e < 0) | (e > 0));
    uint64_t u, v;
    memcpy(&u, &s, sizeof u);
    memcpy(&v, &e, sizeof v);
    u = (u - (lost & (u ^ v) >> 63)) | lost;
    memcpy(&s, &u, sizeof s);
    return (float)s;
}
#endif

static inline float NAME_number(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static inline uint32_t NAME_bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float NAME_abs(float x) { return NAME_number(NAME_bits(x) & 0x7fffffffu); }

/* Numbers below the smallest normal number become 0. */
static inline float NAME_flushed(float x) { return NAME_abs(x) < FLT_MIN ? 0.0f : x; }

/* The sum of c[i] x^i for i < n. */
static inline float NAME_polynomial(float x, float x2, const float *c, int n)
{
    float upper = c[n - 1], lower = c[n - 2];
    for (int i = n - 3; i > 0; i -= 2) {
        upper = NAME_fma(upper, x2, c[i]);
        lower = NAME_fma(lower, x2, c[i - 1]);
    }
    lower = NAME_fma(upper, x, lower);
    return n % 2 ? NAME_fma(lower, x, c[0]) : lower;
}

/* exp(x) = 2^n (1 + q): returns q, and stores n in the exponent bits of *power. */
static inline float NAME_exp_parts(float x, uint32_t *power)
{
    const float shifted = NAME_fma(x, 1.44269504f, 12582912.0f), n = shifted - 12582912.0f;
    const float high = NAME_fma(-n, 6.93147182e-1f, x), low = NAME_fma(n, 1.90465421e-9f, 0.0f);
    const float r = high + low, r2 = r * r;
    const float upper = NAME_fma(1.3882519e-3f, r2, 4.16672006e-2f);
    const float lower = NAME_fma(8.36652052e-3f, r2, 1.66665435e-1f);
    const float rest = NAME_fma(NAME_fma(upper, r, lower), r, 4.9999997e-1f);
    const float q = high + NAME_fma(r2, rest, low);
    *power = NAME_bits(shifted) << 23;
    return q;
}

static inline float NAME_exp(float x)
{
    uint32_t power;
    const float p = NAME_exp_parts(x, &power) + 1.0f;
    if (!(x < 88.7228394f)) return x + NAME_number(0x7f800000u);
    return x < -87.3365402f ? 0.0f : NAME_number(NAME_bits(p) + power);
}

/* exp(x) - 1 for x <= 0. */
static inline float NAME_expm1(float x)
{
    uint32_t power;
    const float q = NAME_exp_parts(x < -87.3365402f ? -87.3365402f : x, &power);
    const float scale = NAME_number(0x3f800000u + power), less = scale - 1.0f;
    return NAME_flushed(NAME_fma(scale, q, less));
}

/* log(1 + x) for x from 0 to 1. */
static inline float NAME_log1p(float x)
{
    static const float rest[] = {6.66669488e-1f, 3.99578243e-1f, 3.03605616e-1f};
    const float k = x < 0.5f ? 0.0f : 1.0f, less = x - 1.0f, f = x < 0.5f ? x : less * 0.5f;
    const float d = f + 2.0f, s = f / d, z = s * s, z2 = z * z, half = NAME_fma(f * 0.5f, f, 0.0f);
    const float term = NAME_fma(z, NAME_polynomial(z, z2, rest, 3), half);
    const float small = NAME_fma(s, term, NAME_fma(k, -1.90465421e-9f, 0.0f)), gap = half - small, top = f - gap;
    const float y = NAME_fma(k, 6.93147182e-1f, top);
    return x < FLT_MIN ? 0.0f : y;
}

static inline float NAME_logistic(float x)
{
    const float e = NAME_exp(NAME_number(NAME_bits(x) | 0x80000000u)), d = 1.0f + e, s = e / d;
    const float base = x < 0.0f ? e : 1.0f;
    return NAME_fma(-base, s, base);
}

static inline float NAME_tanh(float x)
{
    const uint32_t sign = NAME_bits(x) & 0x80000000u;
    const float u = NAME_abs(x), a = 10.0f < u ? 10.0f : u;
    uint32_t power;
    const float q = NAME_exp_parts(a + a, &power), scale = NAME_number(0x3f800000u + power), less = scale - 1.0f;
    const float m = NAME_fma(scale, q, less), base = (m < 2.0f ? m : 2.0f) * 0.5f, d = m + 2.0f;
    const float ratio = (m < 2.0f ? m : 2.0f) / d;
    return a < FLT_MIN ? 0.0f : NAME_number(NAME_bits(NAME_fma(-base, ratio, base)) | sign);
}

static inline float NAME_relu(float x) { return x <= 0.0f ? 0.0f : x; }

static inline float NAME_leaky_relu(float x, float p) { return x < 0.0f ? p * x : x; }

static inline float NAME_elu(float x, float p)
{
    const float y = p * NAME_expm1(x < 0.0f ? x : 0.0f);
    return x < 0.0f ? NAME_flushed(y) : x;
}

static inline float NAME_silu(float x)
{
    const float u = NAME_abs(x);
    uint32_t power;
    const float p = NAME_exp_parts(0.0f - u, &power) + 1.0f;
    const float e = u < 87.3365402f ? NAME_number(NAME_bits(p) + power) : 0.0f, d = 1.0f + e;
    const float top = x < 0.0f ? x * p : x, y = top / d;
    if (x < -91.8567734f) return 0.0f;
    return NAME_flushed(x < 0.0f ? NAME_number(NAME_bits(y) + power) : y);
}

/* x Phi(x), where Phi is the cumulative normal distribution. */
static inline float NAME_gelu(float x)
{
    static const float tail[] = {4.720532e-1f,    -9.67034698e-2f, 1.39995869e-2f,  2.86000166e-2f,
                                 -3.21970843e-2f, 1.79400817e-2f,  -5.0055054e-3f,  -3.04424873e-4f,
                                 6.94707269e-4f,  -5.79484586e-5f, -7.06546562e-5f};
    const float size = NAME_abs(x), u = 40.0f < size ? 40.0f : size, most = 0.0f < x ? x : 0.0f;
    const float s = u * u, minus_rest = NAME_fma(-u, u, s), half = s * -0.5f;
    uint32_t power;
    const float q = NAME_exp_parts(half, &power);
    const float up = u - 4.0f, down = u + 4.0f, t = up / down, t2 = t * t, f = NAME_polynomial(t, t2, tail, 11);
    const float d = u + 1.0f, back = d - 1.0f, lost = u - back, ratio = f / d, twice = ratio + ratio;
    const float correction = NAME_fma(-lost, twice, NAME_fma(minus_rest, 0.5f, 0.0f)), factor = q + 1.0f;
    const float exact = NAME_fma(correction, factor, q), y = NAME_fma(u, ratio, 0.0f), scaled = NAME_fma(exact, y, y);
    return NAME_flushed(most - (13.146246f < u ? 0.0f : NAME_number(NAME_bits(scaled) + power)));
}

static inline float NAME_softplus(float x)
{
    const float e = NAME_exp(0.0f - NAME_abs(x));
    return NAME_flushed((0.0f < x ? x : 0.0f) + NAME_log1p(e));
}

static inline float NAME_softsign(float x)
{
    const float size = NAME_abs(x), u = 70368744177664.0f < size ? 70368744177664.0f : size, d = u + 1.0f, y = u / d;
    return y < FLT_MIN ? 0.0f : NAME_number(NAME_bits(y) | (NAME_bits(x) & 0x80000000u));
}

static inline void NAME_softmax(float *z, int n)
{
    float most = z[0], total = 0.0f, sum = 0.0f;
    for (int j = 1; j < n; j++) most = z[j] > most ? z[j] : most;
    for (int j = 0; j < n; j++) {
        const float t = z[j] - most;
        z[j] = NAME_exp(t);
        if (j % 128 == 0) {
            total += sum;
            sum = 0.0f;
        }
        sum += z[j];
    }
    total += sum;
    for (int j = 0; j < n; j++) z[j] = z[j] / total;
}

/* Divides the outputs by their sum. */
static inline void NAME_normalize(float *output, int n)
{
    float sum = output[0];
    for (int j = 1; j < n; j++) sum += output[j];
    for (int j = 0; j < n; j++) output[j] = sum > 0.0f ? output[j] / sum : 1.0f / (float)n;
}
