/* cmlp_random compared with NumPy's RandomState: seeding, doubles, shuffles. NumPy 2.5 printed the numbers. The source
 * is included so that random integers above 32 bits are tested too, which only arrays of gigabytes need. */
#include "../../src/cmlp/core/base/random.c"

#include "support.h"

#include <inttypes.h>

static void test_doubles(void)
{
    /* the first six, and those from index 1000 on, after the state of 624 words has been regenerated */
    static const struct {
        uint32_t seed;
        double first[6], later[3];
    } known[] = {
        {0,
         {0x1.18fe1565f12a8p-1, 0x1.6e2d4cf608733p-1, 0x1.349d66b6e894bp-1, 0x1.16faedb6395f5p-1, 0x1.b1d2904fd0ef6p-2,
          0x1.4ab2a21899b5bp-1},
         {0x1.2f8e00bae5bb8p-1, 0x1.49c465dc23000p-7, 0x1.e73efb7725bf4p-2}},
        {1,
         {0x1.ab07d0ffa3c06p-2, 0x1.70ce5f3baf051p-1, 0x1.dfb906661c000p-14, 0x1.3596ab7fe08f4p-2, 0x1.2c8e5a3c7053cp-3,
          0x1.7a3808cb0ca10p-4},
         {0x1.4da120bd421dcp-2, 0x1.c797730534c9ap-1, 0x1.80dfd59aff75ep-1}},
        {42,
         {0x1.7f8771e5f51ecp-2, 0x1.e6c4068bbd654p-1, 0x1.76c7e8f1e6751p-1, 0x1.32835d6632cb0p-1, 0x1.3f86b37222184p-3,
          0x1.3f7a0e1997f4cp-3},
         {0x1.7b26f91632500p-3, 0x1.15740a7d52ab9p-1, 0x1.bef2c1b089805p-1}},
        {4294967295u,
         {0x1.8fe69a3924820p-4, 0x1.d323d824032b1p-1, 0x1.93fc6f61af3f9p-1, 0x1.8f5ca1b151c07p-1, 0x1.25ec7244bbf80p-6,
          0x1.f06314e047dc9p-1},
         {0x1.f4e9151f5d2acp-1, 0x1.99bbe98eb663dp-1, 0x1.492009e4a168ep-2}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        cmlp_random random;
        cmlp_random_seed(&random, known[i].seed);
        for (int d = 0; d < 1003; d++) {
            const double x = cmlp_random_double(&random);
            if (d < 6) check_that(x == known[i].first[d], "seed %" PRIu32 ", number %d: %a", known[i].seed, d, x);
            if (d >= 1000)
                check_that(x == known[i].later[d - 1000], "seed %" PRIu32 ", number %d: %a", known[i].seed, d, x);
        }
    }
}

/* The random number after each shuffle shows that the shuffle used as many numbers as NumPy. */
static void test_shuffles(void)
{
    static const struct {
        uint32_t seed;
        int64_t n, order[33];
        double next;
    } known[] = {
        {0, 1, {0}, 0x1.18fe1565f12a8p-1},
        {0, 2, {1, 0}, 0x1.2f89546dc5a99p-1},
        {0, 20, {18, 1, 19, 8, 10, 17, 6, 13, 4, 2, 5, 14, 9, 7, 16, 11, 3, 0, 15, 12}, 0x1.955cfbf3fa928p-1},
        {1, 20, {3, 16, 6, 10, 2, 14, 4, 17, 7, 1, 13, 0, 19, 18, 9, 15, 8, 12, 11, 5}, 0x1.5ed5172192327p-1},
        {42, 33, {31, 15, 26, 17, 8,  9,  19, 21, 12, 0, 4,  16, 5, 13, 11, 24, 1,
                  2,  29, 3,  27, 23, 30, 22, 18, 25, 6, 20, 32, 7, 10, 14, 28}, 0x1.1daef50bf247cp-3},
        {4294967295u, 17, {8, 1, 5, 14, 10, 15, 16, 13, 11, 9, 6, 0, 4, 7, 12, 2, 3}, 0x1.5db2e48dc1a98p-3},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        cmlp_random random;
        int64_t values[33];
        for (int64_t j = 0; j < known[i].n; j++) values[j] = j;
        cmlp_random_seed(&random, known[i].seed);
        cmlp_random_shuffle(&random, values, known[i].n);
        for (int64_t j = 0; j < known[i].n; j++)
            check_that(values[j] == known[i].order[j], "seed %" PRIu32 ", shuffle of %" PRId64 ", position %" PRId64,
                       known[i].seed, known[i].n, j);
        CHECK(cmlp_random_double(&random) == known[i].next);
    }
}

static void test_long_shuffle(void)
{
    static int64_t values[100000];
    const int64_t n = 100000;
    uint64_t hash = HASH_START;
    cmlp_random random;
    for (int64_t i = 0; i < n; i++) values[i] = i;
    cmlp_random_seed(&random, 5);
    cmlp_random_shuffle(&random, values, n);
    for (int64_t i = 0; i < n; i++) hash = (hash ^ (uint64_t)values[i]) * UINT64_C(0x100000001b3);
    CHECK(hash == UINT64_C(0x48f07f0509d58177));
    CHECK(cmlp_random_double(&random) == 0x1.18524b7492409p-1);
}

/* A shuffle permutes the current order. */
static void test_cumulative_shuffles(void)
{
    static const int64_t known[] = {2, 9, 0, 4, 6, 8, 7, 1, 5, 3};
    int64_t values[10];
    cmlp_random random;
    for (int64_t i = 0; i < 10; i++) values[i] = i;
    cmlp_random_seed(&random, 3);
    for (int i = 0; i < 3; i++) cmlp_random_shuffle(&random, values, 10);
    for (int64_t i = 0; i < 10; i++) CHECK(values[i] == known[i]);
    cmlp_random_shuffle(&random, values, 0);
    cmlp_random_shuffle(&random, NULL, 0);
    cmlp_random_shuffle(&random, NULL, INT64_MIN);
    CHECK(values[0] == 2);
}

/* Indices above 32 bits equal those of NumPy's randint. */
static void test_wide_integers(void)
{
    static const uint64_t known[] = {542731227484, 543309627893, 781716445240, 1079394964374};
    static const uint64_t wider[] = {2621486946197246529, 4031695932055720372, 4576658851326863601};
    cmlp_random random;
    cmlp_random_seed(&random, 9);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CHECK(next_below(&random, (UINT64_C(1) << 40) - 1) == known[i]);
    for (size_t i = 0; i < sizeof wider / sizeof *wider; i++)
        CHECK(next_below(&random, UINT64_C(6000000000000000000) - 1) == wider[i]);
}

int main(void)
{
    test_doubles();
    test_shuffles();
    test_long_shuffle();
    test_cumulative_shuffles();
    test_wide_integers();
    return finish();
}
