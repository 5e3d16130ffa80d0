/* What the templates share beyond single vectors: the last, partial vector of a row, and sums to one number. */

#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 32")
#else
#define UNROLL
#endif

/* The first min(n, VL) elements; no mask where none is needed (masked stores are slow on AVX2). */
VEC_FN V load_lanes(const T *p, int64_t n) { return n >= VL ? v_load(p) : v_load_t(p, v_tail(n)); }

VEC_FN void store_lanes(T *p, int64_t n, V x)
{
    if (n >= VL)
        v_store(p, x);
    else
        v_store_t(p, v_tail(n), x);
}

/* The last vector of a row, `whole` being a constant. */
VEC_FN V load_last(const T *p, VT tail, const int whole) { return whole ? v_load(p) : v_load_t(p, tail); }

VEC_FN void store_last(T *p, VT tail, const int whole, V x)
{
    if (whole)
        v_store(p, x);
    else
        v_store_t(p, tail, x);
}

/* Calls a tile with `whole` as its last argument. Where a partial load costs no more than another, one instance serves
 * both; elsewhere it would be most of the work. */
#define WHOLE_OR_NOT(last, tile, ...)      \
    do {                                   \
        if (V_TAIL_COSTS && (last) == VL)  \
            tile(__VA_ARGS__, 1);          \
        else                               \
            tile(__VA_ARGS__, 0);          \
    } while (0)

#define PARTIALS 16

/* Element i goes to partial i mod 16; then the fixed tree. */
VEC_FN double joined(double p[PARTIALS])
{
    for (int half = PARTIALS / 2; half; half /= 2)
        for (int i = 0; i < half; i++) p[i] += p[i + half];
    return p[0];
}

static double sum_of(const T *v, int64_t n)
{
    double p[PARTIALS] = {0};
    int64_t i = 0;
    for (; i + PARTIALS <= n; i += PARTIALS)
        for (int64_t l = 0; l < PARTIALS; l++) p[l] += (double)v[i + l];
    for (int64_t l = 0; i + l < n; l++) p[l] += (double)v[i + l];
    return joined(p);
}

/* Column j of each row goes to partial j mod 16. */
static double square_sum(const void *values, int64_t rows, int64_t n)
{
    double p[PARTIALS] = {0};
    for (const T *v = values, *end = v + rows * n; v < end; v += n) {
        int64_t j = 0;
        for (; j + PARTIALS <= n; j += PARTIALS)
            for (int64_t l = 0; l < PARTIALS; l++) p[l] += (double)v[j + l] * (double)v[j + l];
        for (int64_t l = 0; j + l < n; l++) p[l] += (double)v[j + l] * (double)v[j + l];
    }
    return joined(p);
}
