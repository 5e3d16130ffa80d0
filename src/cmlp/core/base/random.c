/* MT19937 (Matsumoto & Nishimura 1998), with the seeding and the random numbers of NumPy's RandomState, so that a seed
 * gives the same network in C and in Python. */
#include "../../../../include/cmlp.h"
#include "target.h"

#if CMLP_BUILD_TRAINING || CMLP_BUILD_EXPLAIN

#define KEY_WORDS 624
#define KEY_MIDDLE 397

void cmlp_random_seed(cmlp_random *random, uint32_t seed)
{
    for (uint32_t i = 0; i < KEY_WORDS; i++) {
        random->key[i] = seed;
        seed = UINT32_C(1812433253) * (seed ^ seed >> 30) + i + 1;
    }
    random->position = KEY_WORDS;
}

static uint32_t twisted(uint32_t upper, uint32_t lower)
{
    const uint32_t y = (upper & UINT32_C(0x80000000)) | (lower & UINT32_C(0x7fffffff));
    return y >> 1 ^ (UINT32_C(0x9908b0df) & (0 - (lower & 1)));
}

/* The loops avoid the modulo operation, so that compilers vectorize them. */
static void refill(cmlp_random *random)
{
    uint32_t *k = random->key;
    for (int i = 0; i < KEY_WORDS - KEY_MIDDLE; i++) k[i] = k[i + KEY_MIDDLE] ^ twisted(k[i], k[i + 1]);
    for (int i = KEY_WORDS - KEY_MIDDLE; i < KEY_WORDS - 1; i++) k[i] = k[i + KEY_MIDDLE - KEY_WORDS] ^ twisted(k[i], k[i + 1]);
    k[KEY_WORDS - 1] = k[KEY_MIDDLE - 1] ^ twisted(k[KEY_WORDS - 1], k[0]);
    random->position = 0;
}

static void refill_if_used_up(cmlp_random *random)
{
    if (random->position < 0 || random->position >= KEY_WORDS) refill(random);
}

static uint32_t tempered(uint32_t y)
{
    y ^= y >> 11;
    y ^= y << 7 & UINT32_C(0x9d2c5680);
    y ^= y << 15 & UINT32_C(0xefc60000);
    return y ^ y >> 18;
}

static uint32_t next32(cmlp_random *random)
{
    refill_if_used_up(random);
    return tempered(random->key[random->position++]);
}

static uint64_t next64(cmlp_random *random)
{
    uint64_t high = next32(random);
    return high << 32 | next32(random);
}

double cmlp_random_double(cmlp_random *random)
{
    uint32_t high = next32(random) >> 5, low = next32(random) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

/* Uniform in [0, max] for max > UINT32_MAX: takes as many of 64 random bits as `max` has, and rejects larger numbers. */
static uint64_t next_below(cmlp_random *random, uint64_t max)
{
    uint64_t mask = max, value;
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    do value = next64(random) & mask;
    while (value > max);
    return value;
}

static void swap(int64_t *values, int64_t i, int64_t j)
{
    const int64_t kept = values[i];
    values[i] = values[j];
    values[j] = kept;
}

/* Shuffles positions 0 to i, where i <= UINT32_MAX. Random numbers are generated one full state at a time. A rejected
 * number swaps a value with itself, because a branch on the rejection would be unpredictable. */
static void shuffle_from(cmlp_random *random, int64_t *values, int64_t i)
{
    uint32_t mask = UINT32_MAX, drawn[KEY_WORDS];
    while (i <= mask >> 1 && mask) mask >>= 1;
    while (i > 0) {
        refill_if_used_up(random);
        for (int d = 0; d < KEY_WORDS; d++) drawn[d] = tempered(random->key[d]);
        int32_t at = random->position;
        for (; at < KEY_WORDS && i > 0; at++) {
            const int64_t j = drawn[at] & mask;
            const int taken = j <= i;
            swap(values, i, taken ? j : i);
            i -= taken;
            mask >>= i <= mask >> 1;
        }
        random->position = at;
    }
}

void cmlp_random_shuffle(cmlp_random *random, int64_t *values, int64_t n)
{
    int64_t i = n > 0 ? n - 1 : 0;
    for (; i > UINT32_MAX; i--) swap(values, i, (int64_t)next_below(random, (uint64_t)i));
    shuffle_from(random, values, i);
}

#endif
