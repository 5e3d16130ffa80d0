/* Benchmarks of the kernels for sparse rows, compared with the dense kernels on the same rows. */
#include "check_kernels.h"

#include "../../src/cmlp/core/kernels/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FORWARD, FORWARD_DENSE, UPDATE, UPDATE_DENSE, GRADIENT, GRADIENT_DENSE, COMPRESS, MEASURES };

/* The same rows, dense and sparse. There are enough rows that branch predictors cannot learn them. */
typedef struct sparse_work {
    const cmlpi_kernels *table;
    void *x, *w, *z, *d, *sums, *scratch, *values;
    int32_t *columns;
    cmlpi_csr_row *list;
    int64_t pool, batch, n_in, n_out, n; /* n: stored values */
} sparse_work;

typedef struct sparse_case {
    int64_t n_in, n_out, batch;
    double share; /* fraction stored; 0: runs like the strokes of a handwritten digit, 19 % stored */
} sparse_case;

static const sparse_case cases[] = {
    {20000, 64, 128, 0.01}, {784, 64, 128, 0},  {784, 128, 128, 0},    {784, 512, 128, 0},    {784, 16, 128, 0},
    {784, 32, 128, 0},      {784, 128, 10, 0},  {784, 512, 10, 0},     {784, 128, 1, 0},      {784, 128, 128, 0.05},
    {784, 128, 128, 0.2},   {784, 128, 128, 0.35}, {784, 128, 128, 0.5}, {784, 64, 128, 0.35}, {784, 64, 128, 0.5},
};

/* Returns whether element k is stored. By default, most image lines of 28 store a run of seven near the middle. */
static int is_stored(const sparse_case *c, int64_t k, uint64_t *state, int64_t *run)
{
    if (c->share > 0) return uniform(state, 0, 1) < c->share;
    const int64_t line = k / 28, place = k % 28;
    if (!place) *run = 4 + random_below(state, 13);
    return line > 3 && line < 25 && place >= *run && place < *run + 7;
}

static void make_rows(sparse_work *w, const sparse_case *c)
{
    const int32_t dtype = w->table->dtype;
    const size_t size = size_of(dtype);
    uint64_t state = 1;
    int64_t run = 0;
    w->n = 0;
    for (int64_t i = 0; i < w->pool; i++) {
        const int64_t begin = w->n;
        for (int64_t k = 0; k < c->n_in; k++) {
            const int stored = is_stored(c, k, &state, &run);
            const double value = stored ? uniform(&state, 0.1, 1) : 0;
            if (w->x) put(dtype, w->x, i * c->n_in + k, value);
            if (!stored) continue;
            put(dtype, w->values, w->n, value);
            w->columns[w->n++] = (int32_t)k;
        }
        w->list[i] = (cmlpi_csr_row){.values = (char *)w->values + (size_t)begin * size, .columns = w->columns + begin,
                                     .n = w->n - begin};
    }
}

/* Compresses a dense row, as an engine would that converts rows before it multiplies. */
static int64_t compress_row(const float *x, int64_t n_in, float *values, int32_t *columns)
{
    int64_t n = 0;
    for (int64_t k = 0; k < n_in; k++) {
        values[n] = x[k];
        columns[n] = (int32_t)k;
        n += x[k] != 0;
    }
    return n;
}

static void run_gradient(const sparse_work *w, int what, const cmlpi_csr *x, const char *dense)
{
    const void *list[CMLPI_CHUNK];
    const cmlpi_dense_input a = {.n_rows = x->n_rows, .list = list};
    const int updates = what == UPDATE || what == UPDATE_DENSE;
    const cmlpi_gradient_output to = {.d = w->d, .k1 = w->n_in, .n_out = w->n_out, .is_first = 1, .sums = w->sums, .w = w->w,
                                 .mode = updates ? CMLPI_UPDATE : CMLPI_GRADIENT, .inverse = 1e-9,
                                 .rate = 1e-9,
                                 .tuning = cmlpi_tunings};
    for (int64_t i = 0; dense && i < x->n_rows; i++)
        list[i] = dense + (size_t)(i * w->n_in) * size_of(w->table->dtype);
    if (what == UPDATE || what == GRADIENT)
        w->table->csr_gradient(x, &to, w->scratch);
    else
        w->table->gradient(&a, &to);
}

static void run_batch(sparse_work *w, int what, int64_t i)
{
    const char *rows = w->x ? (const char *)w->x + (size_t)(i * w->n_in) * size_of(w->table->dtype) : NULL;
    const int64_t n = w->pool - i < w->batch ? w->pool - i : w->batch;
    const cmlpi_csr x = {.list = w->list + i, .n_rows = n, .n_in = w->n_in, .scale = 1, .dtype = w->table->dtype};
    const cmlpi_dense_input dense = {.n_rows = n, .n_in = w->n_in, .base = rows, .ld = w->n_in};
    const cmlpi_product to = {.w = w->w, .bias = w->w, .ldw = w->n_out, .n_out = w->n_out, .z = w->z, .ldz = w->n_out,
                              .tuning = cmlpi_tunings};
    switch (what) {
    case FORWARD: w->table->csr(&x, &to, w->scratch); return;
    case FORWARD_DENSE: w->table->dense(&dense, &to); return;
    case COMPRESS:
        for (int64_t r = 0; r < n; r++)
            compress_row((const float *)(const void *)rows + r * w->n_in, w->n_in, w->z, w->scratch);
        return;
    default: run_gradient(w, what, &x, rows);
    }
}

/* Returns nanoseconds per stored value: the minimum over several passes over all rows. */
static double time_of(sparse_work *w, int what, int passes)
{
    double best = 1e9;
    for (int pass = 0; pass < passes; pass++) {
        const clock_t start = clock();
        for (int64_t i = 0; i < w->pool; i += w->batch) run_batch(w, what, i);
        const double spent = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (spent < best) best = spent;
    }
    return 1e9 * best / (double)w->n;
}

static void bench_case(const cmlpi_kernels *table, const sparse_case *c)
{
    const int64_t pool = c->n_in > 1000 ? 1024 : 1280, element = (int64_t)size_of(table->dtype);
    const int64_t weights = c->n_in * c->n_out, outputs = c->batch * c->n_out, wide = c->n_in > 1000;
    const int64_t most = pool * (wide ? (int64_t)((double)c->n_in * c->share * 1.2) : c->n_in);
    const int64_t block = cmlpi_csr_bytes(c->batch, c->n_in, element);
    const int64_t scratch = block > 8 * c->n_in ? block : 8 * c->n_in;
    sparse_work w = {.table = table, .pool = pool, .batch = c->batch, .n_in = c->n_in, .n_out = c->n_out};
    double ns[MEASURES] = {0};
    w.x = wide ? NULL : malloc((size_t)(pool * c->n_in * element));
    char *memory = calloc((size_t)((weights + outputs) * element + 128), 1);
    if (!memory) exit(2);
    w.w = memory + (64 - (uintptr_t)memory % 64) % 64; /* aligned like the workspace, as recommended for parameters */
    w.d = (char *)w.w + (weights * element + 63) / 64 * 64;
    w.sums = calloc((size_t)weights, (size_t)element);
    w.z = calloc((size_t)(outputs > c->n_in ? outputs : c->n_in), (size_t)element);
    w.values = malloc((size_t)(most * element));
    w.columns = malloc((size_t)most * sizeof(int32_t));
    w.list = malloc((size_t)pool * sizeof *w.list);
    w.scratch = malloc((size_t)scratch);
    if (!w.w || !w.sums || !w.z || !w.values || !w.columns || !w.list || !w.scratch) exit(2);
    make_rows(&w, c);
    for (int what = 0; what < MEASURES; what++) {
        const int dense = what == FORWARD_DENSE || what == UPDATE_DENSE || what == GRADIENT_DENSE || what == COMPRESS;
        if ((dense && wide) || (what == COMPRESS && element != 4)) continue;
        ns[what] = time_of(&w, what, 12);

    }
    printf("%-7s %-6s %6d %4d %4d %5.1f%% |", element == 4 ? "float32" : "float64", table_name(table), (int)c->n_in,
           (int)c->n_out, (int)c->batch, 100.0 * (double)w.n / (double)(pool * c->n_in));
    for (int what = 0; what < COMPRESS; what += 2)
        printf(" %6.2f %5.2f |", ns[what], ns[what + 1] > 0 ? ns[what] / ns[what + 1] : 0);
    printf(" %5.2f\n", ns[COMPRESS]);
    free(w.x), free(memory), free(w.sums), free(w.z), free(w.values), free(w.columns), free(w.list);
    free(w.scratch);
}

void bench_sparse(const cmlpi_kernels *const *tables, int n)
{
    printf("ns per stored value, and the fraction of the dense kernel's time\n");
    printf("%-7s %-6s %6s %4s %4s %6s | %-12s | %-12s | %-12s | %s\n", "type", "set", "n_in", "out", "rows", "stored",
           "csr", "update", "gradient", "compress");
    for (int t = 0; t < n; t++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            if (tables[t]->isa != CMLP_ISA_GENERIC) bench_case(tables[t], &cases[i]);
}
