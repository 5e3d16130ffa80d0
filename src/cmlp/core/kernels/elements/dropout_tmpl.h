/* Inverted dropout. The random words are those of Philox4x32-7 (Salmon, Moraes, Dror and Shaw 2011), for 8 counters at
 * a time; each word decides on two units. */

#define PHILOX_ROUNDS 7
#define PHILOX_COUNTERS 8
#define PHILOX_UNITS (8 * PHILOX_COUNTERS) /* 4 words of 2 halves for each counter */
#define PHILOX_M0 UINT32_C(0xd2511f53)
#define PHILOX_M1 UINT32_C(0xcd9e8d57)
#define PHILOX_W0 UINT32_C(0x9e3779b9)
#define PHILOX_W1 UINT32_C(0xbb67ae85)

#ifdef V_PHILOX_AVX512
/* Bit u tells whether unit u, of 64 units from counter `first` on, is dropped. Each 64-bit lane holds a word of a counter in
 * its lower half, as the multiplication needs it; the upper halves are not used. */
static uint64_t dropped_units(const cmlpi_dropout_rule *rule, uint32_t first)
{
    const __m512i m0 = _mm512_set1_epi64(PHILOX_M0), m1 = _mm512_set1_epi64(PHILOX_M1);
    const __m512i half = _mm512_set1_epi64(0xffff), below = _mm512_set1_epi64(rule->below);
    __m512i c[4] = {_mm512_add_epi64(_mm512_set1_epi64(first), _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0))};
    for (int w = 1; w < 4; w++) c[w] = _mm512_set1_epi64(rule->counter[w - 1]);
    uint32_t key_0 = rule->key[0], key_1 = rule->key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        const __m512i a = _mm512_mul_epu32(c[0], m0), b = _mm512_mul_epu32(c[2], m1);
        c[0] = _mm512_xor_si512(_mm512_xor_si512(_mm512_srli_epi64(b, 32), c[1]), _mm512_set1_epi64(key_0));
        c[1] = b;
        c[2] = _mm512_xor_si512(_mm512_xor_si512(_mm512_srli_epi64(a, 32), c[3]), _mm512_set1_epi64(key_1));
        c[3] = a;
        key_0 += PHILOX_W0;
        key_1 += PHILOX_W1;
    }
    uint64_t bits = 0;
    for (int w = 0; w < 4; w++) {
        const __m512i low = _mm512_and_si512(c[w], half), high = _mm512_and_si512(_mm512_srli_epi64(c[w], 16), half);
        bits |= (uint64_t)_mm512_cmplt_epu64_mask(low, below) << 16 * w;
        bits |= (uint64_t)_mm512_cmplt_epu64_mask(high, below) << (16 * w + 8);
    }
    return bits;
}

static void KERNEL(drop)(const cmlpi_dropout_rule *rule, void *values, int64_t n)
{
    const V scale = v_set1((T)rule->scale);
    for (int64_t j = 0; j < n; j += PHILOX_UNITS) {
        uint64_t dropped = dropped_units(rule, (uint32_t)(j / 8));
        for (int64_t i = j; i < n && i < j + PHILOX_UNITS; i += VL, dropped >>= VL) {
            T *v = (T *)values + i;
            store_lanes(v, n - i, v_sel((VM)dropped, v_zero(), v_mul(load_lanes(v, n - i), scale)));
        }
    }
}
#else
#ifdef V_PHILOX_AVX2
/* words[w][i] = word w for counter first + i. Each 64-bit lane holds a word in its lower half, as the multiplication
 * needs it; the upper halves are not used. */
static void random_words(const cmlpi_dropout_rule *rule, uint32_t first, uint32_t words[4][PHILOX_COUNTERS])
{
    const __m256i m0 = _mm256_set1_epi64x(PHILOX_M0), m1 = _mm256_set1_epi64x(PHILOX_M1);
    __m256i c[4][2]; /* even counters, odd counters */
    for (int odd = 0; odd < 2; odd++) {
        c[0][odd] = _mm256_add_epi64(_mm256_set1_epi64x(first), _mm256_set_epi64x(6 + odd, 4 + odd, 2 + odd, odd));
        for (int w = 1; w < 4; w++) c[w][odd] = _mm256_set1_epi64x(rule->counter[w - 1]);
    }
    uint32_t key_0 = rule->key[0], key_1 = rule->key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        const __m256i k0 = _mm256_set1_epi64x(key_0), k1 = _mm256_set1_epi64x(key_1);
        for (int odd = 0; odd < 2; odd++) {
            const __m256i a = _mm256_mul_epu32(c[0][odd], m0), b = _mm256_mul_epu32(c[2][odd], m1);
            c[0][odd] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(b, 32), c[1][odd]), k0);
            c[1][odd] = b;
            c[2][odd] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(a, 32), c[3][odd]), k1);
            c[3][odd] = a;
        }
        key_0 += PHILOX_W0;
        key_1 += PHILOX_W1;
    }
    for (int w = 0; w < 4; w++)
        _mm256_storeu_si256((__m256i *)(void *)words[w],
                            _mm256_blend_epi32(c[w][0], _mm256_slli_epi64(c[w][1], 32), 0xaa));
}
#else
/* words[w][i] = word w for counter first + i. */
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

/* The random numbers of 64 units from counter `first` on, in the order of the units. */
static void random_numbers(const cmlpi_dropout_rule *rule, uint32_t first, T numbers[PHILOX_UNITS])
{
    uint32_t words[4][PHILOX_COUNTERS];
    random_words(rule, first, words);
    for (int w = 0; w < 4; w++)
        for (int i = 0; i < PHILOX_COUNTERS; i++) {
            numbers[(2 * w) * PHILOX_COUNTERS + i] = (T)(int32_t)(words[w][i] & 0xffff);
            numbers[(2 * w + 1) * PHILOX_COUNTERS + i] = (T)(int32_t)(words[w][i] >> 16);
        }
}

static void KERNEL(drop)(const cmlpi_dropout_rule *rule, void *values, int64_t n)
{
    const V scale = v_set1((T)rule->scale), below = v_set1((T)rule->below);
    for (int64_t j = 0; j < n; j += PHILOX_UNITS) {
        T *v = (T *)values + j, numbers[PHILOX_UNITS];
        const int64_t left = n - j < PHILOX_UNITS ? n - j : PHILOX_UNITS;
        random_numbers(rule, (uint32_t)(j / 8), numbers);
        for (int64_t i = 0; i < left; i += VL) {
            const V scaled = v_mul(load_lanes(v + i, left - i), scale);
            store_lanes(v + i, left - i, v_sel(v_lt(v_load(numbers + i), below), v_zero(), scaled));
        }
    }
}
#endif
