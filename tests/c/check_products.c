/* Checks of the products: dense, gradient, transpose. Each element must be within c K eps sum |a b| of the
 * plain sum in double and have the bits that the chunk rule defines. */
#include "check_kernels.h"

#include "../../src/cmlp/core/kernels/cpu.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Zeros that a kernel may skip: none, columns that are 0 in all rows, or any elements that are 0. If zeros may be
 * skipped, the other factor must be finite. */
typedef enum left_out { NOTHING, ZERO_COLUMNS, MARKED } left_out;

/* Rows of a matrix operand: a list of pointers in random order, or a base pointer. */
typedef struct rows_of {
    operand *o;
    int64_t rows, columns, ld;
    int64_t order[CMLPI_CHUNK]; /* position of row i */
    int listed;
    const void *list[CMLPI_CHUNK];
    left_out zeros;
    uint64_t column_mask[16]; /* expected output, or input, of the column mask */
    operand *mask;   /* nonzero mask of the elements */
    int64_t ld_mask;
    int bytes; /* whether the elements are uint8 values, multiplied by `scale` */
    double scale;
} rows_of;

/* Distance between rows: no gap, a small gap, or one that maps all rows to the same cache set. */
static int64_t pick_distance(harness *h, int64_t columns)
{
    const int64_t far = 2048 / (int64_t)size_of(h->dtype);
    switch (random_below(&h->random, 8)) {
    case 0: return (columns + far - 1) / far * far;
    case 1: case 2: case 3: return columns + random_below(&h->random, 5);
    default: return columns;
    }
}

static cmlpi_dense_input input_at(rows_of *m)
{
    const char *base = (const char *)m->o->place.data;
    for (int64_t i = 0; i < m->rows; i++)
        m->list[i] = m->columns ? base + (size_t)(m->order[i] * m->ld) * size_of(m->o->dtype) : base;
    cmlpi_dense_input at = {.n_rows = m->rows, .n_in = m->columns, .list = m->listed ? m->list : NULL, .base = base,
                            .ld = m->ld, .byte_scale = m->bytes ? m->scale : 0};
    static _Alignas(64) unsigned char copy[CMLPI_COPY_BYTES];
    if (m->bytes || m->ld % 2) at.copy = copy;
    if (m->listed) at.prefetch = m->list;
    if (m->zeros == ZERO_COLUMNS) at.column_mask = m->column_mask;
    if (m->zeros == MARKED) at.mask = (const uint64_t *)(const void *)m->mask->place.data;
    at.ld_mask = m->ld_mask;
    return at;
}

static double row_element(const harness *h, const rows_of *m, int64_t i, int64_t k)
{
    const double element = get(m->o->dtype, m->o->before, m->order[i] * m->ld + k);
    return m->bytes ? type_round(h->dtype, element * m->scale) : element;
}

static int is_nonzero(const harness *h, const rows_of *m, int64_t k)
{
    for (int64_t i = 0; i < m->rows; i++)
        if (row_element(h, m, i, k) != 0) return 1;
    return 0;
}

static void set_bit(uint64_t *mask, int64_t k) { mask[k / CMLPI_MASK_BITS] |= UINT64_C(1) << k % CMLPI_MASK_BITS; }

static int is_set(const rows_of *m, int64_t k) { return m->column_mask[k / CMLPI_MASK_BITS] >> k % CMLPI_MASK_BITS & 1; }

/* Sets random runs of columns to 0 or -0 in all rows: all columns, few, or half of them. */
static void zero_columns(harness *h, rows_of *m)
{
    const int64_t of = PICK(h, 1, 2, 10);
    for (int64_t k = 0, end; k < m->columns; k = end) {
        end = k + 1 + random_below(&h->random, 30);
        const int zero = of == 1 || random_below(&h->random, of);
        for (int64_t j = k; zero && j < end && j < m->columns; j++)
            for (int64_t i = 0; i < m->rows; i++)
                put(m->o->dtype, m->o->before, i * m->ld + j, random_below(&h->random, 2) ? 0 : -0.0);
    }
}

/* Sets random elements and sometimes whole columns to 0 or -0, and builds the nonzero mask. */
static void mask_elements(harness *h, rows_of *m)
{
    const int64_t words = (m->columns + CMLPI_MASK_BITS - 1) / CMLPI_MASK_BITS;
    zero_runs(h, m->o);
    if (random_below(&h->random, 2)) zero_columns(h, m);
    m->ld_mask = words + random_below(&h->random, 2);
    m->mask = new_operand(h, "mask", CMLP_INT64, elements(m->rows, m->ld_mask, words), INPUT);
    fill(m->mask, -1);
    for (int64_t i = 0; i < m->rows; i++) {
        uint64_t *mask = (uint64_t *)m->mask->before + i * m->ld_mask;
        memset(mask, 0, (size_t)words * sizeof *mask);
        for (int64_t k = 0; k < m->columns; k++)
            if (row_element(h, m, i, k) != 0) set_bit(mask, k);
    }
}

static void make_rows(harness *h, rows_of *m, const char *name, int64_t rows, int64_t columns, left_out zeros)
{
    m->rows = rows;
    m->columns = columns;
    m->zeros = zeros;
    m->ld = m->bytes ? columns : pick_distance(h, columns);
    m->listed = m->bytes || zeros == MARKED || random_below(&h->random, 2);
    for (int64_t i = 0; i < rows; i++) {
        int64_t j = m->listed ? random_below(&h->random, i + 1) : i; /* a random permutation */
        m->order[i] = m->order[j];
        m->order[j] = i;
    }
    m->o = new_operand(h, name, m->bytes ? CMLP_UINT8 : h->dtype, elements(rows, m->ld, columns), INPUT);
    if (zeros != NOTHING || m->bytes) h->values = PLAIN;
    if (zeros == ZERO_COLUMNS) zero_columns(h, m);
    if (zeros == MARKED) mask_elements(h, m);
    poison_gaps(m->o, columns, m->ld);
}

static const char *const zeros_names[] = {"", ", zero columns", ", nonzero mask"};

product_sum start_product(int32_t dtype, double from)
{
    return (product_sum){.dtype = dtype, .total = from + 0.0, .plain = from, .magnitude = fabs(from)};
}

void end_chunk(product_sum *p)
{
    p->total = type_round(p->dtype, p->total + p->chunk);
    p->chunk = 0;
}

void add_product(product_sum *p, double a, double b)
{
    if (p->n && p->n % CMLPI_CHUNK == 0) end_chunk(p);
    p->n++;
    p->chunk = type_fma(p->dtype, a, b, p->chunk);
    p->plain += a * b;
    p->magnitude += fabs(a * b);
}

double bound_of(const product_sum *p)
{
    return (double)(p->n + 2) * (epsilon_of(p->dtype) * p->magnitude + tiny_of(p->dtype));
}

/* ---- dense */

typedef struct dense_case {
    harness *h;
    rows_of x;
    operand *w, *bias, *z;
    int64_t n_out, ldw, ldz;
} dense_case;

/* Bits of a column mask that are set before the kernel runs, as by earlier rows. */
#define EARLIER UINT64_C(0x8421084210842108)

/* Checks the column mask that the kernel wrote: all nonzero columns are set, and no further bit if all columns are
 * zero. Bits set before stay set. */
static void verify_column_mask(const dense_case *c, const cmlpi_kernels *table)
{
    harness *h = c->h;
    int64_t n_nonzero = 0, n_set = 0;
    int t = 0;
    while (h->tables[t] != table) t++;
    for (int64_t k = 0; k < c->x.columns; k++) {
        n_nonzero += is_nonzero(h, &c->x, k);
        const int earlier = EARLIER >> k % CMLPI_MASK_BITS & 1;
        n_set += is_set(&c->x, k) && !earlier;
        if (earlier && !is_set(&c->x, k)) fail(h, t, "the mask bit of column %d was cleared", (int)k);
        if (is_nonzero(h, &c->x, k) && !is_set(&c->x, k))
            fail(h, t, "column %d is nonzero, but its mask bit is 0", (int)k);
    }
    if (!n_nonzero && n_set) fail(h, t, "%d mask bits are set, but all columns are zero", (int)n_set);
}

/* A tuning that differs from table to table and changes after 24 cases, because the number of a case chooses its
 * shape. */
static const cmlpi_tuning *pick_tuning(const harness *h, const cmlpi_kernels *table)
{
    int t = 0;
    while (h->tables[t] != table) t++;
    return &cmlpi_tunings[(h->number / 24 + t) % cmlpi_n_tunings];
}

static void call_dense(const cmlpi_kernels *table, void *context)
{
    dense_case *c = context;
    const cmlpi_dense_input x = input_at(&c->x);
    const cmlpi_product to = {.w = c->w->place.data, .bias = c->bias ? c->bias->place.data : NULL, .ldw = c->ldw,
                              .n_out = c->n_out, .z = c->z->place.data, .ldz = c->ldz,
                              .tuning = pick_tuning(c->h, table)};
    for (size_t i = 0; i < sizeof c->x.column_mask / sizeof *c->x.column_mask; i++) c->x.column_mask[i] = EARLIER;
    table->dense(&x, &to);
    if (x.column_mask && c->n_out) verify_column_mask(c, table);
}

static void verify_dense(harness *h, const dense_case *c, int64_t i, int64_t j)
{
    product_sum p = start_product(h->dtype, c->bias ? get(h->dtype, c->bias->before, j) : 0);
    for (int64_t k = 0; k < c->x.columns; k++)
        add_product(&p, row_element(h, &c->x, i, k), get(h->dtype, c->w->before, k * c->ldw + j));
    end_chunk(&p);
    expect(h, c->z, i * c->ldz + j, p.plain, bound_of(&p));
    expect_exactly(h, c->z, i * c->ldz + j, p.total);
}

/* Returns whether an element of z is in a row, not in the gap between two rows. */
static int in_a_row(const dense_case *c, int64_t at) { return at % c->ldz < c->n_out; }

static void make_z(harness *h, dense_case *c)
{
    c->ldz = c->n_out + random_below(&h->random, 3);
    c->z = new_operand(h, "z", h->dtype, elements(c->x.rows, c->ldz, c->n_out), OUTPUT);
    for (int64_t i = 0; i < c->z->n; i++) put(h->dtype, c->z->before, i, in_a_row(c, i) ? NAN : (double)i);
}

/* The gaps between the rows of z keep their values. */
static void verify_z(harness *h, const dense_case *c)
{
    for (int64_t at = 0; at < c->z->n; at++)
        if (in_a_row(c, at))
            verify_dense(h, c, at / c->ldz, at % c->ldz);
        else
            expect_exactly(h, c->z, at, (double)at);
}

/* A single row, whose zeros the kernel skips: full and partial chunks and blocks of chunks, and more columns than one
 * block. The weights are finite; inputs may be non-finite. */
static void shape_lone_row(harness *h, dense_case *c, int64_t *n_in)
{
    const int wide = c->n_out >= 100;
    *n_in = random_below(&h->random, 3) ? random_below(&h->random, 300) : PICK(h, 127, 128, 129, 255, 256, 257);
    if (!wide && !random_below(&h->random, 3)) *n_in = PICK(h, 383, 384, 511, 512, 513, 639, 640, 768, 784);
}

void check_dense(harness *h)
{
    dense_case c = {.h = h, .n_out = pick_width(h)};
    const left_out zeros = (left_out)random_below(&h->random, 3);
    const int64_t rows = h->number % 3 ? h->number % 32 : 1;
    int64_t n_in = h->number % 5 ? random_below(&h->random, 40) : PICK(h, 0, 127, 128, 129, 255, 256, 257, 300);
    if ((rows == 1 || zeros == MARKED) && !random_below(&h->random, 4)) c.n_out = 100 + random_below(&h->random, 60);
    if (rows == 1) shape_lone_row(h, &c, &n_in);
    const int64_t n_out = c.n_out;
    const int64_t gap = random_below(&h->random, 2) * random_below(&h->random, 4);
    c.x.bytes = rows > 0 && !zeros && random_below(&h->random, 2);
    c.x.scale = 2 / (double)PICK(h, 2, 255, 510, 512, 1 << 20);
    make_rows(h, &c.x, "x", rows, n_in, zeros);
    if (rows == 1 && zeros != MARKED) {
        zero_runs(h, c.x.o);
        h->values = PLAIN;
    }
    for (int64_t i = 0; zeros == NOTHING && i < c.x.o->n; i++) /* some sets skip these zeros: W may be infinite here */
        if (rows > 1 && get(c.x.o->dtype, c.x.o->before, i) == 0) put(c.x.o->dtype, c.x.o->before, i, 1);
    c.ldw = n_out + gap;
    c.w = new_operand(h, "w", h->dtype, elements(n_in, c.ldw, n_out), INPUT);
    if (gap) poison_gaps(c.w, n_out, c.ldw);
    if (random_below(&h->random, 4)) c.bias = new_operand(h, "bias", h->dtype, n_out, INPUT);
    make_z(h, &c);
    snprintf(h->shape, sizeof h->shape, "rows %d, n_in %d, n_out %d, ldw %d, ldz %d, %s bias, %s%s", (int)rows,
             (int)n_in, (int)n_out, (int)c.ldw, (int)c.ldz, c.bias ? "with" : "no",
             c.x.bytes ? "bytes" : c.x.listed ? "listed" : "one block", zeros_names[zeros]);
    run_tables(h, call_dense, &c);
    same_outputs(h);
    verify_z(h, &c);
}

/* ---- gradient */

typedef struct gradient_case {
    harness *h;
    rows_of a;
    operand *d, *sums, *w;
    int64_t n_out, k0, k1;
    int is_first, biases; /* whether the weight row is the biases, whose inputs are 1 */
    cmlpi_finish_mode mode;
    double alpha, inverse, rate;
} gradient_case;

static void call_gradient(const cmlpi_kernels *table, void *context)
{
    gradient_case *c = context;
    const cmlpi_dense_input x = input_at(&c->a);
    const cmlpi_dense_input a = {.n_rows = x.n_rows, .list = c->a.list, .column_mask = x.column_mask, .mask = x.mask,
                                    .ld_mask = x.ld_mask, .copy = x.copy};
    const cmlpi_gradient_output to = {.d = c->d->place.data, .k0 = c->k0, .k1 = c->k1, .n_out = c->n_out,
                                 .is_first = c->is_first, .sums = c->sums->place.data, .w = c->w->place.data,
                                 .mode = c->mode, .alpha = c->alpha, .inverse = c->inverse, .rate = c->rate,
                                 .tuning = pick_tuning(c->h, table)};
    if (c->biases)
        table->bias_gradient(x.n_rows, &to);
    else
        table->gradient(&a, &to);
}

/* Applies the epilogue to the sum by the chunk rule and to the plain sum with its bound, and checks element (k, j). */
static void verify_gradient(harness *h, const gradient_case *c, int64_t k, int64_t j)
{
    const int32_t dtype = h->dtype;
    const int64_t at = k * c->n_out + j;
    const double before = get(dtype, c->sums->before, at), w = get(dtype, c->w->before, at);
    const double alpha = type_round(dtype, c->alpha), inverse = type_round(dtype, c->inverse);
    const double rate = type_round(dtype, c->rate);
    if (k < c->k0 || k >= c->k1) {
        expect_exactly(h, c->sums, at, before);
        expect_exactly(h, c->w, at, w);
        return;
    }
    product_sum p = start_product(dtype, c->is_first ? 0 : before);
    for (int64_t i = 0; i < c->a.rows; i++)
        add_product(&p, row_element(h, &c->a, i, k), get(dtype, c->d->before, i * c->n_out + j));
    if (!c->is_first) p.total = before; /* continue the partial sum */
    end_chunk(&p);
    const double g = type_round(dtype, type_fma(dtype, alpha, w, p.total) * inverse);
    const double plain = (alpha * w + p.plain) * inverse;
    const double bound = (bound_of(&p) + 4 * epsilon_of(dtype) * fabs(alpha * w)) * inverse;
    if (c->mode == CMLPI_KEEP_SUM) {
        expect(h, c->sums, at, p.plain, bound_of(&p));
        expect_exactly(h, c->sums, at, p.total);
        expect_exactly(h, c->w, at, w);
    } else if (c->mode == CMLPI_GRADIENT) {
        expect(h, c->sums, at, plain, bound);
        expect_exactly(h, c->sums, at, g);
        if (c->w != c->sums) expect_exactly(h, c->w, at, w);
    } else {
        expect(h, c->w, at, w - rate * plain, rate * bound + 4 * epsilon_of(dtype) * (fabs(w) + fabs(rate * plain)));
        expect_exactly(h, c->w, at, type_fma(dtype, -rate, g, w));
        expect_exactly(h, c->sums, at, before);
    }
}

static void check_gradient_of(harness *h, int biases)
{
    static const char *const modes[] = {"sum", "gradient", "update"};
    gradient_case c = {.h = h, .is_first = (int)random_below(&h->random, 2), .biases = biases};
    const int64_t rows = h->number % 4 ? h->number % 23 : PICK(h, 0, 1, 10, 63, 64, 127, 128);
    const left_out zeros = biases ? NOTHING : (left_out)random_below(&h->random, 3);
    c.n_out = h->number % 24 ? pick_width(h) : PICK(h, 63, 64, 65, 127, 128, 129, 140);
    const int64_t limit = zeros || c.n_out == 1 ? 200 : 60;
    const int64_t n_in = biases ? 1 : h->number % 7 ? random_below(&h->random, limit)
                                                    : PICK(h, 0, 1, 2, 27, 28, 29, 55, 56, 57);
    make_rows(h, &c.a, "a", rows, n_in, zeros);
    if (biases) fill(c.a.o, 1);
    c.k0 = biases || random_below(&h->random, 3) ? 0 : random_below(&h->random, n_in + 1);
    c.k1 = biases || random_below(&h->random, 3) ? n_in : c.k0 + random_below(&h->random, n_in - c.k0 + 1);
    if (zeros) c.k0 -= c.k0 % CMLPI_GROUP;
    for (int64_t k = 0; k < n_in; k++) /* the mask may have more bits than nonzero columns */
        if (is_nonzero(h, &c.a, k) || !random_below(&h->random, 8)) set_bit(c.a.column_mask, k);
    c.mode = (cmlpi_finish_mode)random_below(&h->random, 3);
    c.alpha = random_below(&h->random, 2) ? uniform(&h->random, 0, 1) : 0;
    c.inverse = 1 / (double)(rows + 1);
    c.rate = uniform(&h->random, 0, 1);
    c.d = new_operand(h, "d", h->dtype, rows * c.n_out, INPUT);
    c.sums = new_operand(h, "sums", h->dtype, n_in * c.n_out, OUTPUT);
    const int in_place = c.mode == CMLPI_GRADIENT && random_below(&h->random, 2);
    c.w = in_place ? c.sums : new_operand(h, "w", h->dtype, n_in * c.n_out, OUTPUT);
    if (c.is_first && !in_place) fill(c.sums, NAN);
    for (int64_t i = 0; i < c.sums->n; i++) /* no sum is -0 */
        if (get(h->dtype, c.sums->before, i) == 0) put(h->dtype, c.sums->before, i, 0);
    snprintf(h->shape, sizeof h->shape, "rows %d, k %d to %d of %d, n_out %d, %s, %s, %s%s", (int)rows, (int)c.k0,
             (int)c.k1, (int)n_in, (int)c.n_out, modes[c.mode], c.is_first ? "first" : "not first",
             biases ? "biases" : c.a.listed ? "listed" : "one block", zeros_names[zeros]);
    run_tables(h, call_gradient, &c);
    same_outputs(h);
    for (int64_t k = 0; k < n_in; k++)
        for (int64_t j = 0; j < c.n_out; j++) verify_gradient(h, &c, k, j);
}

void check_gradient(harness *h) { check_gradient_of(h, 0); }

void check_bias_gradient(harness *h) { check_gradient_of(h, 1); }

/* ---- transpose */

typedef struct transpose_case {
    operand *a, *t;
    int64_t rows, columns, lda, ldt;
} transpose_case;

static void call_transpose(const cmlpi_kernels *table, void *context)
{
    const transpose_case *c = context;
    table->transpose(c->a->place.data, c->lda, c->rows, c->columns, c->t->place.data, c->ldt);
}

void check_transpose(harness *h)
{
    const int64_t rows = random_below(&h->random, 70), columns = PICK(h, 0, 1, 15, 16, 17, 31, 32, 33, 50);
    transpose_case c = {.rows = rows, .columns = columns};
    c.lda = columns + random_below(&h->random, 4);
    c.ldt = rows + random_below(&h->random, 4);
    c.a = new_operand(h, "a", h->dtype, rows && columns ? (rows - 1) * c.lda + columns : 0, INPUT);
    c.t = new_operand(h, "t", h->dtype, rows && columns ? (columns - 1) * c.ldt + rows : 0, OUTPUT);
    snprintf(h->shape, sizeof h->shape, "rows %d, columns %d, lda %d, ldt %d", (int)rows, (int)columns, (int)c.lda,
             (int)c.ldt);
    run_tables(h, call_transpose, &c);
    for (int64_t at = 0; at < c.t->n; at++) {
        const int64_t j = at / c.ldt, i = at % c.ldt;
        if (i < rows)
            expect_exactly(h, c.t, at, get(h->dtype, c.a->before, i * c.lda + j));
        else
            expect_exactly(h, c.t, at, get(h->dtype, c.t->before, at));
    }
}
