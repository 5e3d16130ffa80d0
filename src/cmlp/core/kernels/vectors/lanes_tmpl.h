/* Helpers that all templates share: the last, partial vector of a row, nonzero masks, and sums to one number. */

#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#define NO_UNROLL _Pragma("nounroll")
#define UNROLL_2 _Pragma("unroll 2")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 32")
#define NO_UNROLL _Pragma("GCC unroll 1")
#define UNROLL_2 _Pragma("GCC unroll 2")
#else
#define UNROLL
#define NO_UNROLL
#define UNROLL_2
#endif

/* Hides the origin of a value from GCC, which would otherwise split one pointer into several, or one loop into two. */
#if defined(__GNUC__)
#define OPAQUE(x) __asm__("" : "+r"(x))
#else
#define OPAQUE(x) ((void)0)
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

/* Index of the lowest set bit of m. m must not be 0. */
VEC_FN int64_t lowest_bit(uint64_t m)
{
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctzll(m);
#elif !defined(_MSC_VER)
    int64_t at = 0;
    for (int half = 32; half; half /= 2) {
        if (m << (64 - half)) continue; /* among the lower half of the bits that are left */
        m >>= half;
        at += half;
    }
    return at;
#else
    unsigned long at;
    if (_BitScanForward(&at, (unsigned long)m)) return at;
    _BitScanForward(&at, (unsigned long)(m >> 32));
    return 32 + (int64_t)at;
#endif
}

/* Number of set bits. Compilers turn this into a popcnt instruction if the processor has one. */
VEC_FN int64_t count_bits(uint64_t m)
{
    m -= m >> 1 & UINT64_C(0x5555555555555555);
    m = (m & UINT64_C(0x3333333333333333)) + (m >> 2 & UINT64_C(0x3333333333333333));
    m = (m + (m >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (int64_t)(m * UINT64_C(0x0101010101010101) >> 56);
}

/* Loads the first min(n, VL) elements. Full vectors use no mask, because masked stores are slow on AVX2. */
VEC_FN V load_lanes(const T *p, int64_t n) { return n >= VL ? v_load(p) : v_load_t(p, v_tail(n)); }

VEC_FN void store_lanes(T *p, int64_t n, V x)
{
    if (n >= VL)
        v_store(p, x);
    else
        v_store_t(p, v_tail(n), x);
}

/* Loads the last vector of a row. `full` is a compile-time constant. */
VEC_FN V load_last(const T *p, VT tail, const int full) { return full ? v_load(p) : v_load_t(p, tail); }

VEC_FN void store_last(T *p, VT tail, const int full, V x)
{
    if (full)
        v_store(p, x);
    else
        v_store_t(p, tail, x);
}

/* If rows are narrower than a vector, a load right after the store of the row before overlaps that store and waits
 * until it has reached the cache (failed store forwarding). A tile therefore writes its rows in the order 0, 4, 8,
 * ..., 1, 5, ... */
#define STORE_STRIDE 4

/* Calls a tile with `full` as its last argument. If partial loads are as fast as full ones (V_TAIL_COSTS is 0), a
 * single instance serves both cases; if it is 2, unless `whole`. FULL_OR_PARTIAL(0, last, csr_sums, a, b) expands to
 *   if ((V_TAIL_COSTS == 1 || (V_TAIL_COSTS && 0)) && last == VL) csr_sums(a, b, 1); else csr_sums(a, b, 0); */
#define FULL_OR_PARTIAL(whole, last, tile, ...)                               \
    do {                                                                      \
        if ((V_TAIL_COSTS == 1 || (V_TAIL_COSTS && (whole))) && (last) == VL) \
            tile(__VA_ARGS__, 1);                                             \
        else                                                                  \
            tile(__VA_ARGS__, 0);                                             \
    } while (0)

#define LINE (CMLPI_LINE / (int)sizeof(T)) /* elements */

/* Prefetches columns [k, k + n) of the rows. Inlined, because GCC removes calls of functions that only prefetch. */
VEC_FN void prefetch_rows(const void *const *rows, int64_t n_rows, int64_t k, int64_t n)
{
    for (int64_t r = 0; r < n_rows; r++)
        for (int64_t l = k; l < k + n; l += LINE) CMLPI_PREFETCH((const T *)rows[r] + l);
}

#define MASK_BITS CMLPI_MASK_BITS

/* Sets the bits of the nonzero elements and counts them. Stops when there are more than `limit`. */
static int64_t fill_mask(const T *v, int64_t n, uint64_t *mask, int64_t limit)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n && count <= limit; i += MASK_BITS) {
        uint64_t m = 0;
        if (n - i >= MASK_BITS)
            for (int64_t l = 0; l < MASK_BITS; l += VL) m |= (uint64_t)v_nonzero(v_load(v + i + l)) << l;
        else
            for (int64_t l = 0; l < n - i; l += VL) m |= (uint64_t)v_nonzero(load_lanes(v + i + l, n - i - l)) << l;
        *mask++ = m;
        count += count_bits(m);
    }
    return count;
}

#define PARTIALS 16

/* Adds the 16 partial sums in a fixed tree. */
VEC_FN double joined(double p[PARTIALS])
{
    for (int half = PARTIALS / 2; half; half /= 2)
        for (int i = 0; i < half; i++) p[i] += p[i + half];
    return p[0];
}

static double sum_of(const T *v, int64_t n)
{
    if (n == 1) return (double)v[0] + 0; /* -0 becomes 0 */
    double p[PARTIALS] = {0};
    int64_t i = 0;
    for (; i + PARTIALS <= n; i += PARTIALS)
        for (int64_t l = 0; l < PARTIALS; l++) p[l] += (double)v[i + l];
    for (int64_t l = 0; i + l < n; l++) p[l] += (double)v[i + l];
    return joined(p);
}
