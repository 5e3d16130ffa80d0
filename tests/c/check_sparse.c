/* Checks of the kernels for sparse rows. They must give the same sums, bit for bit, as the dense kernels. */
#include "check_kernels.h"

#include <math.h>
#include <stdio.h>

/* A random CSR matrix of few rows. One operand holds its values, another one its column indices. */
typedef struct sparse_rows {
    operand *values, *columns;
    int64_t rows, n_in, n; /* n: stored values */
    int64_t begin[CMLPI_CSR_ROWS + 1];
    double scale;
    cmlpi_csr_row list[CMLPI_CSR_ROWS];
} sparse_rows;

static void make_sparse(harness *h, sparse_rows *x, int64_t rows, int64_t n_in)
{
    static const double scales[] = {1, 1, 1, 1 / 255.0, -0.3};
    static double columns[CMLPI_CSR_ROWS * 2048];
    const int64_t share = PICK(h, 1, 3, 20, 50, 100); /* of 100 */
    const int32_t dtype = (int32_t)PICK(h, h->dtype, h->dtype, CMLP_FLOAT32, CMLP_FLOAT64, CMLP_UINT8);
    *x = (sparse_rows){.rows = rows, .n_in = n_in, .scale = scales[random_below(&h->random, 5)]};
    for (int64_t i = 0; i < rows; i++) {
        x->begin[i] = x->n;
        for (int64_t k = 0; k < n_in; k++)
            if (random_below(&h->random, 100) < share) columns[x->n++] = (double)k;
    }
    x->begin[rows] = x->n;
    x->values = new_operand(h, "values", dtype, x->n, INPUT);
    x->columns = new_operand(h, "columns", random_below(&h->random, 2) ? CMLP_INT64 : CMLP_INT32, x->n, INPUT);
    for (int64_t p = 0; p < x->n; p++) put(x->columns->dtype, x->columns->before, p, columns[p]);
}

static cmlpi_csr sparse_at(sparse_rows *x)
{
    for (int64_t i = 0; i < x->rows; i++) {
        const size_t at = (size_t)x->begin[i];
        x->list[i] = (cmlpi_csr_row){.values = x->values->place.data + at * size_of(x->values->dtype),
                                     .columns = x->columns->place.data + at * size_of(x->columns->dtype),
                                     .n = x->begin[i + 1] - x->begin[i]};
    }
    return (cmlpi_csr){.list = x->list, .n_rows = x->rows, .n_in = x->n_in, .scale = x->scale,
                       .dtype = x->values->dtype, .has_int64_columns = x->columns->dtype == CMLP_INT64};
}

/* Writes the scaled element (i, k) to *value and returns whether it is stored. */
static int sparse_element(const harness *h, const sparse_rows *x, int64_t i, int64_t k, double *value)
{
    *value = 0;
    for (int64_t p = x->begin[i]; p < x->begin[i + 1]; p++)
        if ((int64_t)get(x->columns->dtype, x->columns->before, p) == k) {
            *value = type_round(h->dtype, get(x->values->dtype, x->values->before, p) * x->scale);
            return 1;
        }
    return 0;
}

/* ---- weighted sums */

typedef struct csr_case {
    sparse_rows x;
    operand *w, *bias, *z, *scratch;
    int64_t n_out;
} csr_case;

static void call_csr(const cmlpi_kernels *table, void *context)
{
    csr_case *c = context;
    const cmlpi_csr x = sparse_at(&c->x);
    const cmlpi_product to = {.w = c->w->place.data, .bias = c->bias ? c->bias->place.data : NULL, .ldw = c->n_out,
                              .n_out = c->n_out, .z = c->z->place.data, .ldz = c->n_out};
    table->csr(&x, &to, c->scratch->place.data);
}

static void verify_csr(harness *h, const csr_case *c, int64_t i, const double *row, const int *stored)
{
    for (int64_t j = 0; j < c->n_out; j++) {
        product_sum p = start_product(h->dtype, c->bias ? get(h->dtype, c->bias->before, j) : 0);
        for (int64_t k = 0; k < c->x.n_in; k++) /* a zero that is not stored is not multiplied, not even by NaN */
            add_product(&p, row[k], stored[k] ? get(h->dtype, c->w->before, k * c->n_out + j) : 0);
        end_chunk(&p);
        expect(h, c->z, i * c->n_out + j, p.plain, bound_of(&p));
        expect_exactly(h, c->z, i * c->n_out + j, p.total);
    }
}

void check_csr(harness *h)
{
    static csr_case c;
    double row[400];
    int stored[400];
    const int64_t rows = h->number % 20 ? random_below(&h->random, 5) : 40;
    const int64_t n_in = h->number % 5 ? random_below(&h->random, 60) : PICK(h, 0, 127, 128, 129, 255, 256, 257, 390);
    const int64_t n_out = n_in > 60 || random_below(&h->random, 8) ? pick_width(h) : PICK(h, 127, 128, 129, 143, 200);
    c = (csr_case){.n_out = n_out};
    make_sparse(h, &c.x, rows, n_in);
    c.w = new_operand(h, "w", h->dtype, n_in * n_out, INPUT);
    if (random_below(&h->random, 4)) c.bias = new_operand(h, "bias", h->dtype, n_out, INPUT);
    c.z = new_operand(h, "z", h->dtype, rows * n_out, OUTPUT);
    c.scratch = new_operand(h, "scratch", h->dtype, n_in, SCRATCH);
    fill(c.z, NAN);
    snprintf(h->shape, sizeof h->shape, "rows %d, n_in %d, %d stored, n_out %d, %s bias, values %d, columns %d, %g",
             (int)rows, (int)n_in, (int)c.x.n, (int)n_out, c.bias ? "with" : "no", (int)c.x.values->dtype,
             (int)c.x.columns->dtype, c.x.scale);
    run_tables(h, call_csr, &c);
    same_outputs(h);
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t k = 0; k < n_in; k++) stored[k] = sparse_element(h, &c.x, i, k, &row[k]);
        verify_csr(h, &c, i, row, stored);
    }
}

/* ---- gradient */

typedef struct csr_gradient_case {
    sparse_rows x;
    operand *d, *sums, *w, *scratch;
    int64_t n_out, k0, k1;
    int is_first;
    cmlpi_finish_mode mode;
    double alpha, inverse, rate;
} csr_gradient_case;

static void call_csr_gradient(const cmlpi_kernels *table, void *context)
{
    csr_gradient_case *c = context;
    const cmlpi_csr x = sparse_at(&c->x);
    const cmlpi_gradient_output to = {.d = c->d->place.data, .k0 = c->k0, .k1 = c->k1, .n_out = c->n_out,
                                 .is_first = c->is_first, .sums = c->sums->place.data, .w = c->w->place.data,
                                 .mode = c->mode, .alpha = c->alpha, .inverse = c->inverse, .rate = c->rate};
    table->csr_gradient(&x, &to, c->scratch->place.data);
}

/* Checks row k of the gradient; `column` holds the stored values of input column k. */
static void verify_csr_gradient(harness *h, const csr_gradient_case *c, int64_t k, const double *column,
                                const int *stored, int any)
{
    const int32_t dtype = h->dtype;
    const double alpha = type_round(dtype, c->alpha), inverse = type_round(dtype, c->inverse);
    const double rate = type_round(dtype, c->rate);
    for (int64_t j = 0; j < c->n_out; j++) {
        const int64_t at = k * c->n_out + j;
        const double before = get(dtype, c->sums->before, at), w = get(dtype, c->w->before, at);
        product_sum p = start_product(dtype, c->is_first ? 0 : before);
        for (int64_t i = 0; i < c->x.rows; i++)
            add_product(&p, column[i], stored[i] ? get(dtype, c->d->before, i * c->n_out + j) : 0);
        end_chunk(&p);
        const int inside = k >= c->k0 && k < c->k1;
        const cmlpi_finish_mode mode = c->mode;
        /* a skipped update gives the same w unless w is infinite */
        const int skipped = !any && c->is_first && alpha == 0 && mode == CMLPI_UPDATE;
        const double g = type_round(dtype, type_fma(dtype, alpha, w, p.total) * inverse);
        const double sum = mode == CMLPI_KEEP_SUM ? p.total : g;
        expect_exactly(h, c->sums, at, inside && mode != CMLPI_UPDATE ? sum : before);
        if (c->w != c->sums)
            expect_exactly(h, c->w, at,
                           inside && mode == CMLPI_UPDATE && !skipped ? type_fma(dtype, -rate, g, w) : w);
        if (inside && mode == CMLPI_KEEP_SUM) expect(h, c->sums, at, p.plain, bound_of(&p));
    }
}

void check_csr_gradient(harness *h)
{
    static const char *const modes[] = {"sum", "gradient", "update"};
    static csr_gradient_case c;
    double column[CMLPI_CSR_ROWS];
    int stored[CMLPI_CSR_ROWS];
    const int64_t rows = h->number % 6 ? random_below(&h->random, 20) : PICK(h, 0, 1, 64, 127, 128, 129, 200, 256);
    /* column counts around a block's width, and more values than a block's capacity */
    const int64_t n_in = h->number % 17 ? random_below(&h->random, 50) : PICK(h, 0, 1, 1024, 1025, 2000, 4096, 4097);
    c = (csr_gradient_case){.is_first = (int)random_below(&h->random, 2)};
    c.n_out = n_in < 100 ? pick_width(h) : 1 + random_below(&h->random, 3);
    if (n_in < 50 && rows < 100 && !random_below(&h->random, 8)) c.n_out = PICK(h, 127, 128, 129, 143);
    make_sparse(h, &c.x, rows, rows * n_in > 14000 ? 100 : n_in);
    c.k0 = random_below(&h->random, 3) ? 0 : random_below(&h->random, c.x.n_in + 1);
    c.k1 = random_below(&h->random, 3) ? c.x.n_in : c.k0 + random_below(&h->random, c.x.n_in - c.k0 + 1);
    c.mode = (cmlpi_finish_mode)random_below(&h->random, 3);
    c.inverse = 1 / (double)(rows + 1);
    c.alpha = random_below(&h->random, 2) ? uniform(&h->random, 0, 1) : 0;
    c.rate = uniform(&h->random, 0, 1);
    c.d = new_operand(h, "d", h->dtype, rows * c.n_out, INPUT);
    c.sums = new_operand(h, "sums", h->dtype, c.x.n_in * c.n_out, OUTPUT);
    const int in_place = c.mode == CMLPI_GRADIENT && random_below(&h->random, 2);
    c.w = in_place ? c.sums : new_operand(h, "w", h->dtype, c.x.n_in * c.n_out, OUTPUT);
    if (c.is_first && !in_place) fill(c.sums, NAN);
    for (int64_t i = 0; i < c.sums->n; i++) /* sums are never -0 */
        put(h->dtype, c.sums->before, i, get(h->dtype, c.sums->before, i) + 0.0);
    const int64_t bytes = cmlpi_csr_bytes(rows, c.k1 - c.k0, (int64_t)size_of(h->dtype));
    c.scratch = new_operand(h, "scratch", CMLP_INT64, (bytes + 7) / 8, SCRATCH);
    snprintf(h->shape, sizeof h->shape, "rows %d, k %d to %d of %d, %d stored, n_out %d, %s, %s, values %d, columns %d",
             (int)rows, (int)c.k0, (int)c.k1, (int)c.x.n_in, (int)c.x.n, (int)c.n_out, modes[c.mode],
             c.is_first ? "first" : "not first", (int)c.x.values->dtype, (int)c.x.columns->dtype);
    run_tables(h, call_csr_gradient, &c);
    same_outputs(h);
    for (int64_t k = 0; k < c.x.n_in; k++) {
        int any = 0;
        for (int64_t i = 0; i < rows; i++) any |= stored[i] = sparse_element(h, &c.x, i, k, &column[i]);
        verify_csr_gradient(h, &c, k, column, stored, any);
    }
}
