/* Trains small networks on generated numbers and compares hashes of the results with those below, which are the
 * same on every processor, system, compiler, optimization level, instruction set and number of threads.
 *
 *   golden            all cases with every available instruction set and every tuning
 *   golden describe   also prints each case, so that other programs can repeat it
 *
 * The program needs only the core, so that it runs wherever the core compiles:
 *   cc -std=c11 -O2 -ffp-contract=off -fno-math-errno tests/c/golden.c $(find src/cmlp/core -name "*.c") \
 *      -pthread */
#include "calls.h"
#include "../../include/cmlp.h"
#include "../../src/cmlp/core/net/tuning_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_SIZES 5
#define MAX_ELEMENTS 65536 /* of inputs, targets, parameters */
#define EPOCHS 3

enum targets { CLASSES, NUMBERS, COUNTS, BITS };

typedef struct golden_case {
    uint64_t hash;
    int32_t n_layers;
    int64_t sizes[MAX_SIZES];
    int32_t activations[MAX_SIZES - 1];
    int32_t loss, dtype, solver;
    int32_t x_dtype, targets;
    int64_t rows, batch;
    double alpha, loss_scale;
    int weighted, by_column; /* by_column: each column has its own shift and factor */
} golden_case;

#define F32 CMLP_FLOAT32
#define F64 CMLP_FLOAT64
#define U8 CMLP_UINT8
#define RELU CMLP_ACTIVATION_RELU
#define TANH CMLP_ACTIVATION_TANH
#define LOGI CMLP_ACTIVATION_LOGISTIC
#define IDENTITY CMLP_ACTIVATION_IDENTITY
#define SOFTMAX CMLP_ACTIVATION_SOFTMAX
#define EXP CMLP_ACTIVATION_EXP
#define LOG CMLP_LOSS_LOG
#define SQUARED CMLP_LOSS_SQUARED_ERROR
#define POISSON CMLP_LOSS_POISSON
#define SGD CMLP_SOLVER_SGD
#define MOMENTUM CMLP_SOLVER_MOMENTUM
#define NESTEROV CMLP_SOLVER_NESTEROV
#define ADAM CMLP_SOLVER_ADAM

static const golden_case cases[] = {
    {0x5a12980ac566471f, 4, {20, 16, 16, 10}, {LOGI, LOGI, LOGI}, SQUARED, F32, SGD, F32, CLASSES, 100, 10, 0, 1, 0, 0},
    {0xc5fb70ed6ffb5e82, 4, {20, 16, 16, 10}, {LOGI, LOGI, LOGI}, SQUARED, F64, SGD, F64, CLASSES, 100, 10, 0, 1, 0, 0},
    {0xcd48b263aa389c44, 4, {150, 17, 16, 10}, {RELU, RELU, SOFTMAX}, LOG, F32, ADAM, U8, CLASSES, 300, 32, 1e-4, 1, 0,
     0},
    {0xf0e45345c87c948d, 4, {150, 17, 16, 10}, {RELU, RELU, SOFTMAX}, LOG, F64, ADAM, U8, CLASSES, 300, 32, 1e-4, 1, 0,
     0},
    {0xeba21d5ed70272d5, 3, {30, 40, 5}, {TANH, SOFTMAX}, LOG, F32, MOMENTUM, F64, CLASSES, 300, 300, 1e-3, 1, 0, 0},
    {0x9bac2a3b73d1c576, 3, {30, 40, 5}, {TANH, SOFTMAX}, LOG, F64, MOMENTUM, F32, CLASSES, 300, 290, 1e-3, 1, 0, 0},
    {0x3927a1a0c667d91e, 3, {9, 33, 4}, {RELU, LOGI}, LOG, F32, NESTEROV, F32, BITS, 130, 20, 0, 1, 1, 0},
    {0xc34b189f52788666, 3, {9, 33, 4}, {RELU, LOGI}, LOG, F64, NESTEROV, F64, BITS, 130, 20, 0, 1, 1, 0},
    {0x272d67154e90f888, 3, {7, 12, 3}, {TANH, IDENTITY}, SQUARED, F32, ADAM, F32, NUMBERS, 150, 16, 1e-4, 0.5, 1, 0},
    {0x5178a9347a9300bc, 3, {7, 12, 3}, {TANH, IDENTITY}, SQUARED, F64, ADAM, F64, NUMBERS, 150, 16, 1e-4, 0.5, 1, 0},
    {0xa1bdce3c0b7c96d3, 3, {6, 9, 2}, {LOGI, EXP}, POISSON, F32, SGD, F32, COUNTS, 140, 14, 1e-2, 1, 0, 0},
    {0x2a39dda7f8fbbbc3, 3, {6, 9, 2}, {LOGI, EXP}, POISSON, F64, ADAM, F64, COUNTS, 140, 14, 1e-2, 1, 0, 0},
    {0x7d1706754457ad0a, 3, {11, 8, 6}, {IDENTITY, SOFTMAX}, SQUARED, F32, MOMENTUM, F32, CLASSES, 90, 9, 0, 1, 0, 0},
    {0xc29fd1f1247b3c7e, 3, {11, 8, 6}, {IDENTITY, SOFTMAX}, SQUARED, F64, SGD, F64, CLASSES, 90, 9, 0, 1, 0, 0},
    {0x8e5c32a1b6b102d1, 2, {13, 3}, {SOFTMAX}, LOG, F32, SGD, F32, CLASSES, 64, 7, 1e-4, 1, 0, 0},
    {0x08e285e6c52a8a23, 5, {40, 20, 30, 10, 1}, {RELU, TANH, LOGI, LOGI}, LOG, F32, ADAM, F32, BITS, 200, 50, 1e-4,
     1, 0, 0},
    {0x450105788ae57983, 3, {5, 1, 1}, {TANH, EXP}, SQUARED, F64, NESTEROV, F64, NUMBERS, 40, 1, 0, 1, 0, 0},
    {0x7bbaed064cb8c1cc, 3, {140, 40, 130}, {RELU, SOFTMAX}, LOG, F32, SGD, U8, CLASSES, 130, 64, 0, 1, 0, 0},
    {0x5b154a7f09ef8d51, 3, {21, 20, 4}, {TANH, SOFTMAX}, LOG, F32, ADAM, U8, CLASSES, 120, 30, 0, 1, 0, 1},
    {0x4e92a67967b33651, 3, {21, 20, 4}, {TANH, SOFTMAX}, LOG, F64, ADAM, F32, CLASSES, 120, 30, 0, 1, 0, 1},
    {0x2929ce7101576cdc, 3, {70, 50, 2}, {RELU, IDENTITY}, SQUARED, F32, SGD, F64, NUMBERS, 90, 40, 1e-3, 1, 1, 1},
};

/* ---- training data of the cases, all from one stream of random numbers */

typedef struct problem {
    const golden_case *c;
    cmlp_random random;
    unsigned char memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
    const cmlp_net *net; /* in the memory */
    _Alignas(64) unsigned char workspace[1 << 21];
    double x[MAX_ELEMENTS], y[MAX_ELEMENTS], params[MAX_ELEMENTS], output[MAX_ELEMENTS];
    struct {
        cmlp_optimizer_state counters;
        double moments[2 * MAX_ELEMENTS];
    } state;
    int32_t labels[512];
    double weights[512];
    int64_t order[512];
    double shifts[256], factors[256];
} problem;

static int64_t n_in(const golden_case *c) { return c->sizes[0]; }
static int64_t n_out(const golden_case *c) { return c->sizes[c->n_layers - 1]; }

/* Inputs in [-1, 1), as bytes in 0..255. */
static void make_inputs(problem *p)
{
    for (int64_t i = 0; i < p->c->rows * n_in(p->c); i++) {
        const double u = cmlp_random_double(&p->random);
        if (p->c->x_dtype == U8)
            ((uint8_t *)p->x)[i] = (uint8_t)(256 * u);
        else if (p->c->x_dtype == F32)
            ((float *)p->x)[i] = (float)(2 * u - 1);
        else
            p->x[i] = 2 * u - 1;
    }
}

/* Shifts in [-1, 1), for bytes in [0, 256); factors in [0.5, 1.5), for bytes in [0.5, 1.5)/64. */
static void make_columns(problem *p)
{
    const int bytes = p->c->x_dtype == U8;
    for (int64_t k = 0; p->c->by_column && k < n_in(p->c); k++) {
        const double u = cmlp_random_double(&p->random), v = cmlp_random_double(&p->random);
        p->shifts[k] = bytes ? 256 * u : 2 * u - 1;
        p->factors[k] = bytes ? (0.5 + v) / 64 : 0.5 + v;
    }
}

static void make_targets(problem *p)
{
    const int64_t n = p->c->targets == CLASSES ? p->c->rows : p->c->rows * n_out(p->c);
    for (int64_t i = 0; i < n; i++) {
        const double u = cmlp_random_double(&p->random);
        switch (p->c->targets) {
        case CLASSES: p->labels[i] = (int32_t)(u * (double)n_out(p->c)); break;
        case COUNTS: p->y[i] = (double)(int)(5 * u); break;
        case BITS: p->y[i] = (double)(int)(2 * u); break;
        default: p->y[i] = 2 * u - 1; break;
        }
    }
    for (int64_t i = 0; p->c->weighted && i < p->c->rows; i++)
        p->weights[i] = (double)(int)(3 * cmlp_random_double(&p->random)) + 0.5;
}

static int make_net(problem *p, cmlp_isa isa, int32_t tuning)
{
    const cmlp_net_config config = {.struct_size = sizeof config,
                                    .sizes = p->c->sizes,
                                    .activations = p->c->activations,
                                    .n_layers = p->c->n_layers,
                                    .loss = p->c->loss,
                                    .dtype = p->c->dtype,
                                    .isa_mask = isa};
    cmlp_status status = cmlp_net_init(p->memory, sizeof p->memory, &config, &p->net, NULL);
    if (!status && cmlp_net_isa(p->net) != isa) return CMLP_ERROR_ISA;
    if (!status && tuning >= 0) status = cmlpi_net_tune(p->net, tuning);
    return status ? status : cmlp_net_init_params(p->net, &p->random, p->params, cmlp_net_n_params(p->net), NULL);
}

/* ---- hashes: FNV-1a over little-endian bytes; all NaNs are equal */

static uint64_t hash_bits(uint64_t hash, uint64_t bits, int bytes)
{
    for (int i = 0; i < bytes; i++) hash = (hash ^ (bits >> 8 * i & 0xff)) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t hash_double(uint64_t hash, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return hash_bits(hash, x == x ? bits : UINT64_C(0x7ff8) << 48, 8);
}

static uint64_t hash_block(uint64_t hash, int32_t dtype, const void *block, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        if (dtype == F64) {
            hash = hash_double(hash, ((const double *)block)[i]);
            continue;
        }
        memcpy(&bits, (const float *)block + i, sizeof bits);
        hash = hash_bits(hash, (bits & INT32_MAX) > 0x7f800000 ? 0x7fc00000 : bits, 4);
    }
    return hash;
}

/* ---- training */

/* Trains three epochs, each in a different order. The hash covers the cost of each epoch, the parameters, and the
 * outputs for the first rows. */
static int train(problem *p, cmlp_isa isa, int32_t tuning, int32_t n_threads, uint64_t *hash)
{
    const golden_case *c = p->c;
    const int64_t size = c->x_dtype == U8 ? 1 : c->x_dtype == F32 ? 4 : 8;
    cmlp_random_seed(&p->random, 7);
    make_inputs(p);
    make_columns(p);
    make_targets(p);
    int status = make_net(p, isa, tuning);
    const cmlp_net *const net = p->net;
    for (int64_t i = 0; i < c->rows; i++) p->order[i] = i;
    memset(&p->state, 0, sizeof p->state);
    cmlp_optimizer optimizer = {.struct_size = sizeof optimizer, .state = &p->state, .state_size = sizeof p->state,
                                .learning_rate = c->solver == ADAM ? 0.01 : 0.1, .momentum = 0.9, .beta_1 = 0.9,
                                .beta_2 = 0.999, .epsilon = 1e-8, .solver = c->solver};
    cmlp_rows rows = {.struct_size = sizeof rows, .data = p->x, .n_rows = c->rows, .n_columns = n_in(c),
                      .row_stride = n_in(c) * size, .column_stride = size,
                      .scale = c->by_column ? 0 : c->x_dtype == U8 ? 1 / 255.0 : 1,
                      .order = p->order, .n_order = c->rows, .kind = CMLP_ROWS_DENSE, .dtype = c->x_dtype,
                      .shifts = c->by_column ? p->shifts : NULL, .factors = c->by_column ? p->factors : NULL};
    const cmlp_targets targets = {.struct_size = sizeof targets, .n_rows = c->rows,
                                  .n_columns = c->targets == CLASSES ? 0 : n_out(c),
                                  .data = c->targets == CLASSES ? (const void *)p->labels : p->y,
                                  .row_stride = c->targets == CLASSES ? 4 : 8 * n_out(c),
                                  .column_stride = c->targets == CLASSES ? 0 : 8,
                                  .kind = c->targets == CLASSES ? CMLP_TARGETS_CLASSES : CMLP_TARGETS_DENSE,
                                      .dtype = c->targets == CLASSES ? CMLP_INT32 : F64};
    const cmlp_objective objective = {.struct_size = sizeof objective, .row_weights = c->weighted ? p->weights : NULL,
                                      .n_row_weights = c->weighted ? c->rows : 0, .alpha = c->alpha, .loss_scale = c->loss_scale};
    cmlp_run run = {.struct_size = sizeof run, .workspace = p->workspace, .workspace_size = sizeof p->workspace,
                    .n_threads = n_threads};
    const cmlp_epoch epoch = {.struct_size = sizeof epoch, .batch_size = c->batch};
    cmlp_epoch_result result = {.struct_size = sizeof result};
    *hash = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < EPOCHS && !status; i++) {
        cmlp_random_shuffle(&p->random, p->order, c->rows);
        status = cmlp_train_epoch(net, p->params, cmlp_net_n_params(net), &rows, &targets, &objective, &optimizer,
                                  &epoch, &result, &run);
        *hash = hash_double(hash_double(*hash, result.cost), result.penalty);
    }
    *hash = hash_block(*hash, c->dtype, p->params, cmlp_net_n_params(net));
    rows.order = NULL;
    rows.n_order = 0;
    rows.n_rows = 25;
    if (!status) status = call_forward(net, p->params, &rows, p->output, &run);
    *hash = hash_block(*hash, c->dtype, p->output, 25 * n_out(c));
    return status;
}

/* ---- report */

static const char *const activation_names[] = {"", "identity", "logistic", "tanh", "relu", "softmax", "exp"};
static const char *const loss_names[] = {"", "log_loss", "squared_error", "poisson"};
static const char *const solver_names[] = {"", "sgd", "momentum", "nesterov", "adam"};
static const char *const dtype_names[] = {"", "float32", "float64", "uint8"};
static const char *const target_names[] = {"classes", "numbers", "counts", "bits"};

static void describe(const golden_case *c)
{
    printf("case");
    for (int32_t l = 0; l < c->n_layers; l++) printf("%c%d", l ? ',' : ' ', (int)c->sizes[l]);
    for (int32_t l = 0; l < c->n_layers - 1; l++) printf("%c%s", l ? ',' : ' ', activation_names[c->activations[l]]);
    printf(" %s %s %s %s %s %d %d %g %g %d %d %016" PRIx64 "\n", loss_names[c->loss], dtype_names[c->dtype],
           solver_names[c->solver], dtype_names[c->x_dtype], target_names[c->targets], (int)c->rows, (int)c->batch,
           c->alpha, c->loss_scale, c->weighted, c->by_column, c->hash);
}

static int passed, failed;

static void run_case(problem *p, cmlp_isa isa, int32_t tuning, int32_t n_threads)
{
    static const char *const names[] = {"", "generic", "avx2", "", "avx512", "", "", "", "neon"};
    uint64_t hash;
    const int status = train(p, isa, tuning, n_threads, &hash);
    const int good = status == CMLP_OK && hash == p->c->hash;
    *(good ? &passed : &failed) += 1;
    if (good) return;
    printf("FAILED with %s, %s tuning and %d threads: %s, hash %016" PRIx64 " in\n", names[isa],
           tuning >= 0 ? cmlpi_tuning_name(tuning) : "default", (int)n_threads, cmlp_status_name(status), hash);
    describe(p->c);
}

int main(int argc, char **argv)
{
    static problem p;
    const cmlp_isa available = cmlp_cpu_isa_mask();
    printf("cmlp %s, instruction sets:%s%s%s%s\n", cmlp_version(), available & CMLP_ISA_GENERIC ? " generic" : "",
           available & CMLP_ISA_AVX2 ? " avx2" : "", available & CMLP_ISA_AVX512 ? " avx512" : "",
           available & CMLP_ISA_NEON ? " neon" : "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        p.c = &cases[i];
        if (argc > 1 && !strcmp(argv[1], "describe")) describe(p.c);
        for (cmlp_isa isa = CMLP_ISA_GENERIC; isa <= CMLP_ISA_NEON; isa *= 2) {
            if (!(available & isa)) continue;
            for (int32_t tuning = 0; cmlpi_tuning_name(tuning); tuning++) run_case(&p, isa, tuning, 1);
            run_case(&p, isa, -1, 3);
        }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0 || passed == 0;
}
