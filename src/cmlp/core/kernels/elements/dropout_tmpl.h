/* Inverted dropout. The random words are those of Philox4x32-7 (Salmon, Moraes, Dror and Shaw 2011), for 8 counters at
 * a time; each word decides on two units. */

#define PHILOX_ROUNDS 7
#define PHILOX_COUNTERS 8
#define PHILOX_UNITS (8 * PHILOX_COUNTERS) /* 4 words of 2 halves for each counter */
#define PHILOX_M0 UINT32_C(0xd2511f53)
#define PHILOX_M1 UINT32_C(0xcd9e8d57)
#define PHILOX_W0 UINT32_C(0x9e3779b9)
#define PHILOX_W1 UINT32_C(0xbb67ae85)

/* Vectors W of WL words, each in the lower half of a lane of 64 bits, as the multiplication needs it; the upper halves
 * are not used. The lanes of w_counters(i) are the counters i, i + PHILOX_COUNTERS / WL, ... */
#if defined(V_PHILOX_AVX512)
typedef __m512i W;
#define WL 8
VEC_FN W w_set1(uint32_t x) { return _mm512_set1_epi64(x); }
VEC_FN W w_counters(uint32_t i) { return _mm512_add_epi64(w_set1(i), _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0)); }
VEC_FN W w_mul(W a, W b) { return _mm512_mul_epu32(a, b); }
VEC_FN W w_high(W x) { return _mm512_srli_epi64(x, 32); }
VEC_FN W w_xor(W a, W b) { return _mm512_xor_si512(a, b); }
#elif defined(V_PHILOX_AVX2)
typedef __m256i W;
#define WL 4
VEC_FN W w_set1(uint32_t x) { return _mm256_set1_epi64x(x); }
VEC_FN W w_counters(uint32_t i) { return _mm256_add_epi64(w_set1(i), _mm256_set_epi64x(6, 4, 2, 0)); }
VEC_FN W w_mul(W a, W b) { return _mm256_mul_epu32(a, b); }
VEC_FN W w_high(W x) { return _mm256_srli_epi64(x, 32); }
VEC_FN W w_xor(W a, W b) { return _mm256_xor_si256(a, b); }
#endif

#ifdef WL
#define W_VECTORS (PHILOX_COUNTERS / WL)

/* words[w][v] = word w of the counters first + v, first + v + W_VECTORS, ... */
VEC_FN void philox(const cmlpi_dropout_rule *rule, uint32_t first, W words[4][W_VECTORS])
{
    const W m0 = w_set1(PHILOX_M0), m1 = w_set1(PHILOX_M1);
    uint32_t key_0 = rule->key[0], key_1 = rule->key[1];
    for (uint32_t v = 0; v < W_VECTORS; v++) {
        words[0][v] = w_counters(first + v);
        for (int w = 1; w < 4; w++) words[w][v] = w_set1(rule->counter[w - 1]);
    }
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        for (int v = 0; v < W_VECTORS; v++) {
            const W a = w_mul(words[0][v], m0), b = w_mul(words[2][v], m1);
            words[0][v] = w_xor(w_xor(w_high(b), words[1][v]), w_set1(key_0));
            words[1][v] = b;
            words[2][v] = w_xor(w_xor(w_high(a), words[3][v]), w_set1(key_1));
            words[3][v] = a;
        }
        key_0 += PHILOX_W0;
        key_1 += PHILOX_W1;
    }
}
#endif

/* What decides on the 64 units from counter `first` on: with AVX-512 a bit per unit, which is 1 if the unit is dropped,
 * otherwise the random numbers. */
#ifdef V_PHILOX_AVX512
typedef uint64_t units;

static void draw_units(const cmlpi_dropout_rule *rule, uint32_t first, units *drawn)
{
    const W half = w_set1(0xffff), below = w_set1(rule->below);
    W c[4][W_VECTORS];
    philox(rule, first, c);
    *drawn = 0;
    for (int w = 0; w < 4; w++) {
        const W low = _mm512_and_si512(c[w][0], half), high = _mm512_and_si512(_mm512_srli_epi64(c[w][0], 16), half);
        *drawn |= (uint64_t)_mm512_cmplt_epu64_mask(low, below) << 16 * w;
        *drawn |= (uint64_t)_mm512_cmplt_epu64_mask(high, below) << (16 * w + 8);
    }
}

VEC_FN VM are_dropped(const units *drawn, int64_t i, V below)
{
    (void)below;
    return (VM)(*drawn >> i);
}
#else
typedef struct units {
    T numbers[PHILOX_UNITS];
} units;

/* words[w][i] = word w for counter first + i. */
#ifdef V_PHILOX_AVX2
static void random_words(const cmlpi_dropout_rule *rule, uint32_t first, uint32_t words[4][PHILOX_COUNTERS])
{
    W c[4][W_VECTORS];
    philox(rule, first, c);
    for (int w = 0; w < 4; w++)
        _mm256_storeu_si256((__m256i *)(void *)words[w],
                            _mm256_blend_epi32(c[w][0], _mm256_slli_epi64(c[w][1], 32), 0xaa));
}
#else
static void random_words(const cmlpi_dropout_rule *rule, uint32_t first, uint32_t words[4][PHILOX_COUNTERS])
{
    for (uint32_t i = 0; i < PHILOX_COUNTERS; i++) {
        uint32_t c0 = first + i, c1 = rule->counter[0], c2 = rule->counter[1], c3 = rule->counter[2];
        uint32_t key_0 = rule->key[0], key_1 = rule->key[1];
        for (int round = 0; round < PHILOX_ROUNDS; round++) {
            const uint64_t a = (uint64_t)c0 * PHILOX_M0, b = (uint64_t)c2 * PHILOX_M1;
            c0 = (uint32_t)(b >> 32) ^ c1 ^ key_0;
            c1 = (uint32_t)b;
            c2 = (uint32_t)(a >> 32) ^ c3 ^ key_1;
            c3 = (uint32_t)a;
            key_0 += PHILOX_W0;
            key_1 += PHILOX_W1;
        }
        words[0][i] = c0, words[1][i] = c1, words[2][i] = c2, words[3][i] = c3;
    }
}
#endif

static void draw_units(const cmlpi_dropout_rule *rule, uint32_t first, units *drawn)
{
    uint32_t words[4][PHILOX_COUNTERS];
    random_words(rule, first, words);
    for (int w = 0; w < 4; w++)
        for (int i = 0; i < PHILOX_COUNTERS; i++) {
            drawn->numbers[(2 * w) * PHILOX_COUNTERS + i] = (T)(int32_t)(words[w][i] & 0xffff);
            drawn->numbers[(2 * w + 1) * PHILOX_COUNTERS + i] = (T)(int32_t)(words[w][i] >> 16);
        }
}

VEC_FN VM are_dropped(const units *drawn, int64_t i, V below) { return v_lt(v_load(drawn->numbers + i), below); }
#endif

static void KERNEL(drop)(const cmlpi_dropout_rule *rule, void *values, int64_t n)
{
    const V scale = v_set1((T)rule->scale), below = v_set1((T)rule->below);
    for (int64_t j = 0; j < n; j += PHILOX_UNITS) {
        T *v = (T *)values + j;
        const int64_t left = n - j < PHILOX_UNITS ? n - j : PHILOX_UNITS;
        units drawn;
        draw_units(rule, (uint32_t)(j / 8), &drawn);
        for (int64_t i = 0; i < left; i += VL) {
            const V scaled = v_mul(load_lanes(v + i, left - i), scale);
            store_lanes(v + i, left - i, v_sel(are_dropped(&drawn, i, below), v_zero(), scaled));
        }
    }
}
