/* exp, log, log1p, tanh and logistic (src/cmlp/core/kernels/elements/math_tmpl.h): their errors compared with long double, equal
 * bits on each instruction set, and golden hashes.
 *
 *   flags="-std=c11 -O3 -ffp-contract=off -fno-math-errno"
 *   for isa in GENERIC AVX2 AVX512; do for bits in 32 64; do
 *     gcc $flags -DUNIT_$isa -DCMLPI_BITS=$bits -c tests/c/math_unit.c -o math_$isa$bits.o
 *   done; done
 *   gcc $flags tests/c/test_math.c math_*.o libcmlp.a -lm -lpthread -o test_math
 *
 *   ./test_math                  about 4,000,000 float32 and 200,000 float64 for each function
 *   ./test_math full [threads]   every float32, 10,000,000 float64 (16 CPU minutes)
 *
 * If long double is not longer than double, only the hashes of float64 are compared. */
#include "math_arguments.h"
#include "math_unit.h"

#include "../../include/cmlp.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if !defined(_WIN32)
#include <pthread.h>
#endif

#define MAX_ULP 2.0
#define BLOCK 4093 /* not a multiple of the vector length */
#define MAX_UNITS 3
#define MAX_THREADS 64
#define LONG_REFERENCE (LDBL_MANT_DIG >= 64)

static const char *const names[FUNCTIONS] = {"exp", "log", "log1p", "tanh", "logistic"};

/* ---- one element type ---- */

struct type {
    int bits, fraction, least_exponent;
    const struct math_unit *unit[MAX_UNITS];
    int units;
};

static struct type types[2] = {{32, 23, -126, {0}, 0}, {64, 52, -1022, {0}, 0}};

static void find_units(void)
{
    const cmlp_isa available = cmlp_cpu_isa_mask();
    const struct {
        cmlp_isa isa;
        const struct math_unit *unit32, *unit64;
    } all[] = {
        {CMLP_ISA_GENERIC, &math_generic_32, &math_generic_64},
#if CMLPI_X86
        {CMLP_ISA_AVX2, &math_avx2_32, &math_avx2_64},
        {CMLP_ISA_AVX512, &math_avx512_32, &math_avx512_64},
#elif CMLPI_AARCH64
        {CMLP_ISA_NEON, &math_neon_32, &math_neon_64},
#endif
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (available & all[i].isa) {
            types[0].unit[types[0].units++] = all[i].unit32;
            types[1].unit[types[1].units++] = all[i].unit64;
        }
    }
}

/* A block of arguments or results, in the type under test. */
union numbers {
    float f32[BLOCK];
    double f64[BLOCK];
    uint32_t u32[BLOCK];
    uint64_t u64[BLOCK];
};

static uint64_t bits_at(const union numbers *v, const struct type *t, int64_t i)
{
    return t->bits == 32 ? v->u32[i] : v->u64[i];
}

static long double value_at(const union numbers *v, const struct type *t, int64_t i)
{
    return t->bits == 32 ? (long double)v->f32[i] : (long double)v->f64[i];
}

/* ---- reference ---- */

static double reference64(int function, double x)
{
    switch (function) {
    case EXP: return exp(x);
    case LOG: return log(x);
    case LOG1P: return log1p(x);
    case TANH: return tanh(x);
    default: return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
    }
}

static long double reference_long(int function, long double x)
{
    switch (function) {
    case EXP: return expl(x);
    case LOG: return logl(x);
    case LOG1P: return log1pl(x);
    case TANH: return tanhl(x);
    default: return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
    }
}

/* Returns the error of y in units in the last place of the exact result; infinite for a wrong special value. */
static double error_of(long double y, long double exact, const struct type *t, int function)
{
    long double nearest = t->bits == 32 ? (long double)(float)exact : (long double)(double)exact;
    long double least = ldexpl(1, t->least_exponent);
    int exponent;
    if (isnan(exact))
        return isnan(y) ? 0 : INFINITY;
    if (isinf(nearest))
        return y == nearest ? 0 : INFINITY;
    if (fabsl(nearest) < least)
        return y == 0 && !signbit(y) ? 0 : INFINITY;
    if (!isfinite(y) || ((function == TANH || function == LOGISTIC) && fabsl(y) > 1))
        return INFINITY;
    frexpl(exact, &exponent);
    exponent = exponent - 1 < t->least_exponent ? t->least_exponent : exponent - 1;
    return (double)fabsl(ldexpl(y - exact, t->fraction - exponent));
}

/* The same for float32 if the result is a normal number; otherwise negative. */
static double quick_error(float y, double exact)
{
    uint64_t bits;
    double scale;
    memcpy(&bits, &exact, sizeof bits);
    uint64_t field = bits >> 52 & 0x7ff;
    if (field < 1023 - 126 || field > 1023 + 126)
        return -1;
    bits = (2 * 1023 + 23 - field) << 52; /* 1 / ulp */
    memcpy(&scale, &bits, sizeof scale);
    return fabs(((double)y - exact) * scale);
}

/* ---- checking blocks ---- */

struct finding {
    double ulp;     /* the largest error */
    uint64_t worst; /* its argument */
    int64_t back;   /* of exp and logistic in float32: the most ulps by which a larger argument gives a smaller result */
    int different[MAX_UNITS];
};

/* Neighbours of equal sign in a block of float32, whose bits ascend: the outputs that tables have are to rise with them. */
static void check_order(const union numbers *x, const union numbers *y, int64_t n, struct finding *found)
{
    for (int64_t i = 1; i < n; i++) {
        if ((x->u32[i] ^ x->u32[i - 1]) >> 31 || isnan(y->f32[i]) || isnan(y->f32[i - 1]))
            continue;
        const int64_t step = (int64_t)y->u32[i - 1] - (int64_t)y->u32[i];
        const int64_t back = x->u32[i] >> 31 ? -step : step;
        if (back > found->back)
            found->back = back;
    }
}

static void check_block(const struct type *t, int function, const union numbers *x, int64_t n,
                        struct finding *found)
{
    union numbers y[MAX_UNITS];
    for (int u = 0; u < t->units; u++)
        t->unit[u]->compute[function](x, &y[u], n);
    if (t->bits == 32 && (function == EXP || function == LOGISTIC))
        check_order(x, &y[0], n, found);
    for (int64_t i = 0; i < n; i++) {
        double error = -1;
        if (t->bits == 32) {
            double exact = reference64(function, (double)x->f32[i]);
            error = quick_error(y[0].f32[i], exact);
            if (error < 0 || y[0].f32[i] > 1)
                error = error_of(value_at(&y[0], t, i), exact, t, function);
        } else if (LONG_REFERENCE) {
            long double exact = reference_long(function, value_at(x, t, i));
            error = error_of(value_at(&y[0], t, i), exact, t, function);
        }
        if (error > found->ulp) {
            found->ulp = error;
            found->worst = bits_at(x, t, i);
        }
        for (int u = 1; u < t->units; u++)
            found->different[u] |= bits_at(&y[u], t, i) != bits_at(&y[0], t, i) &&
                                   !isnan(value_at(&y[u], t, i) + value_at(&y[0], t, i));
    }
}

/* ---- runs over many blocks, distributed to threads ---- */

struct job {
    int thread, threads;
    uint64_t stride, count; /* step between float32 arguments; number of float64 arguments */
    struct finding found[2][FUNCTIONS];
};

static void run_float32(struct job *job, int function)
{
    const uint64_t ones = 0x3f800000, last = 0xffffffff;
    union numbers x;
    uint64_t block = 0;
    for (uint64_t next = 0; next <= last; block++) {
        int64_t n = 0;
        for (; n < BLOCK && next <= last; next += job->stride) {
            if (function == LOG1P && next > ones && next < last - 2 * job->stride)
                next = last - 2 * job->stride; /* include some NaNs */
            x.u32[n++] = (uint32_t)next;
        }
        if (block % (uint64_t)job->threads == (uint64_t)job->thread)
            check_block(&types[0], function, &x, n, &job->found[0][function]);
    }
}

/* Checks every float32 near the edges, for runs that do not check all float32. */
static void run_edges(struct job *job, int function)
{
    union numbers x;
    for (int edge = 0; edge < EDGES; edge++) {
        for (int sign = 0; sign < 2; sign++) {
            for (int i = 0; i < BLOCK; i++)
                x.f32[i] = (float)edges[edge];
            for (int i = 0; i < BLOCK; i++) {
                x.u32[i] = (x.u32[i] + (uint32_t)i - BLOCK / 2) ^ (uint32_t)sign << 31;
                if (function == LOG1P && !(x.f32[i] >= 0 && x.f32[i] <= 1))
                    x.f32[i] = 1;
            }
            check_block(&types[0], function, &x, BLOCK, &job->found[0][function]);
        }
    }
}

static void run_float64(struct job *job, int function)
{
    union numbers x;
    for (uint64_t block = 0; block * BLOCK < job->count; block++) {
        uint64_t state = block * FUNCTIONS + (uint64_t)function;
        if (block % (uint64_t)job->threads != (uint64_t)job->thread)
            continue;
        for (int64_t i = 0; i < BLOCK; i++)
            x.f64[i] = hard_argument(&state, function == LOG1P, function == LOG);
        check_block(&types[1], function, &x, BLOCK, &job->found[1][function]);
    }
}

static void *run(void *argument)
{
    struct job *job = argument;
    for (int function = 0; function < FUNCTIONS; function++) {
        run_float32(job, function);
        run_edges(job, function);
        run_float64(job, function);
    }
    return NULL;
}

static void run_all(struct job *jobs, int threads)
{
#if defined(_WIN32)
    for (int i = 0; i < threads; i++)
        run(&jobs[i]);
#else
    pthread_t handles[MAX_THREADS];
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&handles[i], NULL, run, &jobs[i])) {
            fprintf(stderr, "cannot create a thread\n");
            exit(2);
        }
    }
    for (int i = 0; i < threads; i++)
        pthread_join(handles[i], NULL);
#endif
}

/* ---- golden hashes ---- */

/* Hashes results for arguments that are generated without library functions. */
static uint64_t hash_of(const struct type *t, int function)
{
    const uint64_t nan = t->bits == 32 ? 0x7fc00000 : 0x7ff8000000000000;
    uint64_t hash = 0xcbf29ce484222325, state = 42; /* FNV-1a, by numbers */
    union numbers x, y;
    for (int block = 0; block < 50; block++) {
        for (int64_t i = 0; i < BLOCK; i++) {
            uint64_t r = random_bits(&state);
            double value = uniform(&state, 0, 1);
            value = r & 1 && function != LOG1P ? 100 * value - 50 : value;
            if (t->bits == 64)
                x.f64[i] = value;
            else
                x.f32[i] = (float)value;
        }
        t->unit[0]->compute[function](&x, &y, BLOCK);
        for (int64_t i = 0; i < BLOCK; i++) {
            uint64_t bits = isnan(value_at(&y, t, i)) ? nan : bits_at(&y, t, i);
            hash = (hash ^ bits) * 0x100000001b3u;
        }
    }
    return hash;
}

static const uint64_t golden[2][FUNCTIONS] = {
    {0x6ed7a8463d57fa20, 0x2d1f2332bdacfd67, 0x53f88504d27dc733,
     0x370b5a9da4dd0f5a, 0xfa02832e5ff04208},
    {0x9b7169fc3e45fa6f, 0x19d39bd4a3b65a1b, 0x399651cccffc2336,
     0x1f6178852e7caf02, 0x07488b0faec1df36},
};

/* ---- report ---- */

static int passed, failed;

static int verdict(int good)
{
    *(good ? &passed : &failed) += 1;
    return good;
}

static void report(const struct type *t, int function, const struct job *jobs, int threads)
{
    const int wide = t->bits == 64;
    struct finding all = {0};
    for (int i = 0; i < threads; i++) {
        const struct finding *found = &jobs[i].found[wide][function];
        if (found->ulp > all.ulp) {
            all.ulp = found->ulp;
            all.worst = found->worst;
        }
        if (found->back > all.back)
            all.back = found->back;
        for (int u = 1; u < t->units; u++)
            all.different[u] |= found->different[u];
    }
    if (!wide && (function == EXP || function == LOGISTIC))
        printf("float32 %-9s falls by at most %d ulp%s\n", names[function], (int)all.back,
               verdict(all.back <= (function == LOGISTIC)) ? "" : ": FAILED");
    if (t->bits == 64 && !LONG_REFERENCE) {
        printf("float64 %-9s not compared with long double\n", names[function]);
    } else {
        printf("float%d %-9s max error %.3f ulp, at %0*" PRIx64 "%s\n", t->bits, names[function],
               all.ulp, t->bits / 4, all.worst, verdict(all.ulp <= MAX_ULP) ? "" : ": FAILED");
    }
    for (int u = 1; u < t->units; u++)
        if (!verdict(!all.different[u]))
            printf("float%d %s: %s and %s differ: FAILED\n", t->bits, names[function],
                   t->unit[u]->name, t->unit[0]->name);
    if (!verdict(hash_of(t, function) == golden[wide][function]))
        printf("float%d %s: hash 0x%016" PRIx64 ": FAILED\n", t->bits, names[function],
               hash_of(t, function));
}

int main(int argc, char **argv)
{
    static struct job jobs[MAX_THREADS];
    const int full = argc > 1 && strcmp(argv[1], "full") == 0;
    int threads = argc > 2 ? atoi(argv[2]) : 1;
    threads = threads < 1 ? 1 : threads > MAX_THREADS ? MAX_THREADS : threads;
    find_units();
    for (int i = 0; i < threads; i++) {
        jobs[i].thread = i;
        jobs[i].threads = threads;
        jobs[i].stride = full ? 1 : 1009;
        jobs[i].count = full ? 10000000 : 200000;
    }
    for (int u = 0; u < types[0].units; u++)
        printf("%s%s", types[0].unit[u]->name, u + 1 < types[0].units ? ", " : "\n");
    run_all(jobs, threads);
    for (int wide = 0; wide < 2; wide++)
        for (int function = 0; function < FUNCTIONS; function++)
            report(&types[wide], function, jobs, threads);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
