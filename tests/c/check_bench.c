/* Kernel benchmarks of check_kernels. */
#include "check_kernels.h"

#include "../../src/cmlp/core/kernels/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ELEMENTS (1 << 18)

/* Operands for any benchmark, filled with numbers of about 1. */
typedef struct work {
    const cmlpi_kernels *table;
    const cmlpi_tuning *tuning;
    void *a, *b, *c, *d;
    int64_t rows, n_in, n_out;
    int32_t kind;
    double cost[1024];
} work;

/* CPU seconds of this process. clock() has the finest resolution of the portable C clocks. */
static double now(void) { return (double)clock() / CLOCKS_PER_SEC; }

static void bench_dense(work *w)
{
    const cmlpi_dense_input x = {.n_rows = w->rows, .n_in = w->n_in, .base = w->a, .ld = w->n_in};
    const cmlpi_product to = {.w = w->b, .bias = w->d, .ldw = w->n_out, .n_out = w->n_out, .z = w->c, .ldz = w->n_out,
                              .tuning = w->tuning};
    w->table->dense(&x, &to);
}

static void bench_gradient(work *w)
{
    const void *list[CMLPI_CHUNK];
    const cmlpi_dense_input a = {.n_rows = w->rows, .list = list};
    const cmlpi_gradient_output to = {.d = w->c, .k1 = w->n_in, .n_out = w->n_out, .is_first = 1, .sums = w->d, .w = w->b,
                                 .mode = CMLPI_UPDATE, .alpha = 1e-4, .inverse = 1e-9, .rate = 1e-9,
                                 .tuning = w->tuning};
    for (int64_t i = 0; i < w->rows; i++)
        list[i] = (char *)w->a + (size_t)(i * w->n_in) * size_of(w->table->dtype);
    w->table->gradient(&a, &to);
}

static void bench_transpose(work *w) { w->table->transpose(w->a, w->n_out, w->rows, w->n_out, w->c, w->rows); }

static void bench_activate(work *w) { w->table->activate(w->kind, 1, w->a, w->a, w->rows, w->n_out); }

static void bench_loss(work *w)
{
    const int32_t loss = w->kind == CMLP_ACTIVATION_IDENTITY ? CMLP_LOSS_SQUARED_ERROR : CMLP_LOSS_LOG;
    const cmlpi_loss_values values = {.activation = w->kind, .loss = loss, .wants_delta = 1, .scale = 1};
    w->table->loss(&values, w->a, w->b, w->c, w->rows, w->n_out, w->cost);
}

static void bench_step(work *w)
{
    const cmlpi_step values = {.solver = w->kind, .rate = 1e-9, .momentum = 0.9, .beta_1 = 0.9, .beta_2 = 0.999,
                               .epsilon = 1e-8};
    w->table->step(&values, w->a, w->b, w->c, w->d, w->rows * w->n_out);
}

static void bench_convert(work *w) { w->table->convert(CMLP_UINT8, w->a, 1, w->rows * w->n_out, 1 / 255.0, w->c); }

static void bench_square_sum(work *w) { w->cost[0] = w->table->square_sum(w->a, w->rows, w->n_out); }

typedef struct bench_case {
    const char *name;
    void (*run)(work *w);
    int64_t rows, n_in, n_out;
    int32_t kind;
} bench_case;

static const bench_case cases[] = {
    {"dense", bench_dense, 128, 784, 16, 0},
    {"dense", bench_dense, 128, 784, 128, 0},
    {"dense", bench_dense, 128, 128, 64, 0},
    {"dense", bench_dense, 1, 784, 16, 0},
    {"gradient", bench_gradient, 128, 784, 16, 0},
    {"gradient", bench_gradient, 128, 784, 128, 0},
    {"gradient", bench_gradient, 10, 784, 16, 0},
    {"transpose", bench_transpose, 128, 0, 64, 0},
    {"logistic", bench_activate, 128, 0, 64, CMLP_ACTIVATION_LOGISTIC},
    {"tanh", bench_activate, 128, 0, 64, CMLP_ACTIVATION_TANH},
    {"relu", bench_activate, 128, 0, 64, CMLP_ACTIVATION_RELU},
    {"elu", bench_activate, 128, 0, 64, CMLP_ACTIVATION_ELU},
    {"silu", bench_activate, 128, 0, 64, CMLP_ACTIVATION_SILU},
    {"gelu", bench_activate, 128, 0, 64, CMLP_ACTIVATION_GELU},
    {"softplus", bench_activate, 128, 0, 64, CMLP_ACTIVATION_SOFTPLUS},
    {"softmax", bench_activate, 128, 0, 10, CMLP_ACTIVATION_SOFTMAX},
    {"softmax loss", bench_loss, 128, 0, 10, CMLP_ACTIVATION_SOFTMAX},
    {"squared loss", bench_loss, 128, 0, 10, CMLP_ACTIVATION_IDENTITY},
    {"sgd", bench_step, 128, 0, 100, CMLP_SOLVER_SGD},
    {"momentum", bench_step, 128, 0, 100, CMLP_SOLVER_MOMENTUM},
    {"adam", bench_step, 128, 0, 100, CMLP_SOLVER_ADAM},
    {"convert uint8", bench_convert, 10, 0, 784, 0},
    {"square_sum", bench_square_sum, 128, 0, 100, 0},
};

static void refill(work *w)
{
    uint64_t state = 1;
    for (int64_t i = 0; i < ELEMENTS; i++) {
        put(w->table->dtype, w->a, i, uniform(&state, 0.1, 1));
        put(w->table->dtype, w->b, i, uniform(&state, 0.1, 1));
        put(w->table->dtype, w->c, i, uniform(&state, 0.1, 1));
        put(w->table->dtype, w->d, i, uniform(&state, 0.1, 1));
    }
}

/* Each round is long compared with the clock's resolution. */
#define ROUND (CLOCKS_PER_SEC < 20000 ? 20.0 / CLOCKS_PER_SEC : 1e-3)

/* Returns the seconds per call: the minimum over several rounds. */
static double time_of(const bench_case *c, work *w)
{
    double best = 1e9;
    int64_t calls = 1;
    w->rows = c->rows;
    w->n_in = c->n_in;
    w->n_out = c->n_out;
    w->kind = c->kind;
    cmlpi_find_kernels(w->table->dtype, w->table->isa, &w->tuning);
    refill(w);
    for (int round = 0; round < 30;) {
        const double start = now();
        for (int64_t i = 0; i < calls; i++) c->run(w);
        const double spent = now() - start;
        if (spent < ROUND) {
            calls *= 2;
            continue;
        }
        if (spent / (double)calls < best) best = spent / (double)calls;
        round++;
    }
    return best;
}

void bench(const cmlpi_kernels *const *tables, int n)
{
    static work w;
    w.a = malloc(ELEMENTS * sizeof(double));
    w.b = malloc(ELEMENTS * sizeof(double));
    w.c = malloc(ELEMENTS * sizeof(double));
    w.d = malloc(ELEMENTS * sizeof(double));
    if (!w.a || !w.b || !w.c || !w.d) exit(2);
    printf("%-14s %15s %-8s %-8s %12s %14s\n", "kernel", "shape", "type", "set", "ns per call", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int t = 0; t < n; t++) {
            const bench_case *c = &cases[i];
            w.table = tables[t];
            const double seconds = time_of(c, &w);
            const int64_t elements = c->rows * c->n_out;
            printf("%-14s %4d %5d %4d %-8s %-8s %12.0f ", c->name, (int)c->rows, (int)c->n_in, (int)c->n_out,
                   tables[t]->dtype == CMLP_FLOAT32 ? "float32" : "float64", table_name(tables[t]), seconds * 1e9);
            if (c->n_in)
                printf("%8.1f GFLOP/s\n", 2e-9 * (double)(elements * c->n_in) / seconds);
            else
                printf("%8.3f ns each\n", seconds * 1e9 / (double)elements);
        }
    free(w.a);
    free(w.b);
    free(w.c);
    free(w.d);
}
