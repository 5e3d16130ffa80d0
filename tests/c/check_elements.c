/* Checks of the elementwise kernels. Results that the header defines exactly are compared bit by bit; functions are
 * compared within their bound in ulp. */
#include "check_kernels.h"

#include <math.h>
#include <stdio.h>

/* ---- step */

typedef struct step_case {
    cmlpi_step values;
    operand *w, *g, *m, *v;
} step_case;

static void call_step(const cmlpi_kernels *table, void *context)
{
    const step_case *c = context;
    table->step(&c->values, c->w->place.data, c->g->place.data, c->m ? c->m->place.data : NULL,
                c->v ? c->v->place.data : NULL, c->w->n);
}

static double flushed(double x, double smallest) { return fabs(x) < smallest ? 0 : x; }

static void verify_step(harness *h, const step_case *c, int64_t i)
{
    const int32_t t = h->dtype;
    const double smallest = t == CMLP_FLOAT32 ? (double)1e-30f : 1e-290;
    const double smallest_second = t == CMLP_FLOAT32 ? (double)1e-36f : 1e-290;
    const double given = get(t, c->w->before, i), g = get(t, c->g->before, i), decay = type_round(t, c->values.decay);
    const double w = c->values.decay > 0 ? type_fma(t, -decay, given, given) : given;
    const double lr = type_round(t, c->values.rate), mu = type_round(t, c->values.momentum);
    if (c->values.solver == CMLP_SOLVER_SGD) {
        expect_exactly(h, c->w, i, type_fma(t, -lr, g, w));
        return;
    }
    double m = get(t, c->m->before, i);
    if (c->values.solver != CMLP_SOLVER_ADAM && c->values.solver != CMLP_SOLVER_ADAMW) {
        m = flushed(type_fma(t, -lr, g, type_round(t, mu * m)), smallest);
        expect_exactly(h, c->m, i, m);
        const double move = c->values.solver == CMLP_SOLVER_MOMENTUM ? m : type_fma(t, -lr, g, type_round(t, mu * m));
        expect_exactly(h, c->w, i, type_round(t, w + move));
        return;
    }
    const double b1 = type_round(t, c->values.beta_1), c1 = type_round(t, 1 - c->values.beta_1);
    const double b2 = type_round(t, c->values.beta_2), c2 = type_round(t, 1 - c->values.beta_2);
    double v = get(t, c->v->before, i);
    m = flushed(type_fma(t, c1, g, type_round(t, b1 * m)), smallest);
    v = flushed(type_fma(t, type_round(t, c2 * g), g, type_round(t, b2 * v)), smallest_second);
    expect_exactly(h, c->m, i, m);
    expect_exactly(h, c->v, i, v);
    const double below = type_round(t, type_round(t, sqrt(v)) + type_round(t, c->values.epsilon));
    expect_exactly(h, c->w, i, type_round(t, w - type_round(t, type_round(t, lr * m) / below)));
}

/* Sets some moments to values near the flush thresholds. */
static void make_small(harness *h, operand *o, double scale)
{
    for (int64_t i = 0; i < o->n; i++)
        if (!random_below(&h->random, 3)) put(o->dtype, o->before, i, get(o->dtype, o->before, i) * scale);
}

void check_step(harness *h)
{
    const int32_t list[] = {CMLP_SOLVER_SGD, CMLP_SOLVER_MOMENTUM, CMLP_SOLVER_NESTEROV, CMLP_SOLVER_ADAM,
                            CMLP_SOLVER_ADAMW};
    const double small = h->dtype == CMLP_FLOAT32 ? 1e-30 : 1e-290;
    step_case c = {.values = {.solver = list[h->number % 5], .momentum = 0.9, .beta_1 = 0.9, .beta_2 = 0.999}};
    c.values.rate = uniform(&h->random, 0, 1);
    c.values.epsilon = 1e-8;
    if (c.values.solver == CMLP_SOLVER_ADAMW) c.values.decay = uniform(&h->random, 0, 0.1);
    const int64_t n = pick_width(h) * (1 + random_below(&h->random, 5));
    c.w = new_operand(h, "w", h->dtype, n, OUTPUT);
    c.g = new_operand(h, "g", h->dtype, n, INPUT);
    if (c.values.solver != CMLP_SOLVER_SGD) c.m = new_operand(h, "m", h->dtype, n, OUTPUT);
    if (c.values.solver >= CMLP_SOLVER_ADAM) c.v = new_operand(h, "v", h->dtype, n, OUTPUT);
    if (random_below(&h->random, 2)) make_small(h, c.g, small);
    if (c.m) make_small(h, c.m, small);
    for (int64_t i = 0; c.v && i < n; i++) put(h->dtype, c.v->before, i, fabs(get(h->dtype, c.v->before, i)));
    if (c.v) make_small(h, c.v, h->dtype == CMLP_FLOAT32 ? 1e-36 : 1e-290);
    snprintf(h->shape, sizeof h->shape, "solver %d, n %d", (int)c.values.solver, (int)n);
    run_tables(h, call_step, &c);
    same_outputs(h);
    for (int64_t i = 0; i < n; i++) verify_step(h, &c, i);
}

/* ---- convert */

typedef struct convert_case {
    operand *from, *to;
    int64_t first, step; /* elements */
    double scale;
} convert_case;

static void call_convert(const cmlpi_kernels *table, void *context)
{
    const convert_case *c = context;
    const int64_t size = (int64_t)size_of(c->from->dtype);
    const unsigned char *start = c->from->place.data;
    table->convert(c->from->dtype, c->from->n ? start + c->first * size : start, c->step * size, c->to->n, c->scale,
                   c->to->place.data);
}

void check_convert(harness *h)
{
    const int32_t dtypes[] = {CMLP_UINT8, CMLP_FLOAT32, CMLP_FLOAT64};
    /* one product of the last scale with a byte is near the midpoint of two floats and needs exact arithmetic */
    const double scales[] = {1, 1 / 255.0, 2 / 255.0, 1 / 256.0, -1 / 255.0, -2.5, 0.1, 3e-5, 1e-40, 1e38,
                             0x1.74cc513046379p-8};
    const int every_byte = dtypes[h->number % 3] == CMLP_UINT8 && random_below(&h->random, 2);
    const int64_t width = pick_width(h) * (1 + random_below(&h->random, 4));
    const int64_t n = every_byte ? 256 + width % 32 : width;
    convert_case c = {.step = PICK(h, 1, 1, 1, 2, 3, -1, -2, 0)};
    c.scale = scales[random_below(&h->random, sizeof scales / sizeof *scales)];
    const int64_t reach = n ? (n - 1) * (c.step < 0 ? -c.step : c.step) + 1 : 0;
    c.first = c.step < 0 && reach ? reach - 1 : 0;
    c.from = new_operand(h, "source", dtypes[h->number % 3], reach, INPUT);
    c.to = new_operand(h, "out", h->dtype, n, OUTPUT);
    for (int64_t i = 0; every_byte && i < reach; i++) put(CMLP_UINT8, c.from->before, i, (double)(i & 255));
    snprintf(h->shape, sizeof h->shape, "from dtype %d, step %d, n %d, scale %g", (int)c.from->dtype, (int)c.step,
             (int)n, c.scale);
    run_tables(h, call_convert, &c);
    same_outputs(h);
    for (int64_t i = 0; i < n; i++) {
        const double value = get(c.from->dtype, c.from->before, c.first + i * c.step);
        expect_exactly(h, c.to, i, type_round(h->dtype, value * c.scale));
    }
}

/* ---- convert_columns */

typedef struct columns_case {
    operand *from, *shifts, *factors, *to;
    int64_t first, step; /* elements */
} columns_case;

static void call_convert_columns(const cmlpi_kernels *table, void *context)
{
    const columns_case *c = context;
    const int64_t size = (int64_t)size_of(c->from->dtype);
    const unsigned char *start = c->from->place.data;
    table->convert_columns(c->from->dtype, c->from->n ? start + c->first * size : start, c->step * size, c->to->n,
                           (const double *)(const void *)c->shifts->place.data,
                           (const double *)(const void *)c->factors->place.data, c->to->place.data);
}

void check_convert_columns(harness *h)
{
    const int32_t dtypes[] = {CMLP_UINT8, CMLP_FLOAT32, CMLP_FLOAT64};
    const int64_t n = pick_width(h) * (1 + random_below(&h->random, 4));
    columns_case c = {.step = PICK(h, 1, 1, 1, 2, 3, -1, -2, 0)};
    const int64_t reach = n ? (n - 1) * (c.step < 0 ? -c.step : c.step) + 1 : 0;
    c.first = c.step < 0 && reach ? reach - 1 : 0;
    c.from = new_operand(h, "source", dtypes[h->number % 3], reach, INPUT);
    c.shifts = new_operand(h, "shifts", CMLP_FLOAT64, n, INPUT);
    c.factors = new_operand(h, "factors", CMLP_FLOAT64, n, INPUT);
    c.to = new_operand(h, "out", h->dtype, n, OUTPUT);
    snprintf(h->shape, sizeof h->shape, "from dtype %d, step %d, n %d", (int)c.from->dtype, (int)c.step, (int)n);
    run_tables(h, call_convert_columns, &c);
    same_outputs(h);
    for (int64_t i = 0; i < n; i++) {
        const double value = get(c.from->dtype, c.from->before, c.first + i * c.step);
        const double difference = value - get(CMLP_FLOAT64, c.shifts->before, i);
        expect_exactly(h, c.to, i, type_round(h->dtype, difference * get(CMLP_FLOAT64, c.factors->before, i)));
    }
}

/* ---- nonzero_mask */

typedef struct mask_case {
    operand *v, *mask, *bits, *count; /* mask: the words; bits: each bit as an element */
} mask_case;

static void call_nonzero_mask(const cmlpi_kernels *table, void *context)
{
    const mask_case *c = context;
    uint64_t *mask = (uint64_t *)(void *)c->mask->place.data;
    put(CMLP_FLOAT64, c->count->place.data, 0, (double)table->nonzero_mask(c->v->place.data, c->v->n, mask));
    for (int64_t i = 0; i < c->bits->n; i++)
        put(CMLP_FLOAT64, c->bits->place.data, i, (double)(mask[i / CMLPI_MASK_BITS] >> i % CMLPI_MASK_BITS & 1));
}

void check_nonzero_mask(harness *h)
{
    const int64_t n = random_below(&h->random, 2) ? pick_width(h) : random_below(&h->random, 300);
    mask_case c = {.v = new_operand(h, "v", h->dtype, n, INPUT)};
    double count = 0;
    zero_runs(h, c.v);
    c.mask = new_operand(h, "mask", CMLP_INT64, (n + CMLPI_MASK_BITS - 1) / CMLPI_MASK_BITS, SCRATCH);
    c.bits = new_operand(h, "bits", CMLP_FLOAT64, c.mask->n * CMLPI_MASK_BITS, OUTPUT);
    c.count = new_operand(h, "count", CMLP_FLOAT64, 1, OUTPUT);
    fill(c.mask, -1);
    snprintf(h->shape, sizeof h->shape, "n %d", (int)n);
    run_tables(h, call_nonzero_mask, &c);
    same_outputs(h);
    for (int64_t i = 0; i < c.bits->n; i++) {
        const int masked = i < n && get(h->dtype, c.v->before, i) != 0;
        expect_exactly(h, c.bits, i, masked);
        count += masked;
    }
    expect_exactly(h, c.count, 0, count);
}

/* ---- drop */

typedef struct drop_case {
    operand *v;
    cmlpi_dropout_rule rule;
} drop_case;

static void call_drop(const cmlpi_kernels *table, void *context)
{
    const drop_case *c = context;
    table->drop(&c->rule, c->v->place.data, c->v->n);
}

/* Random word `word` of Philox4x32-7 for a counter. */
static uint32_t philox_word(const cmlpi_dropout_rule *rule, uint32_t counter, int word)
{
    uint64_t c[4] = {counter, rule->counter[0], rule->counter[1], rule->counter[2]};
    uint64_t key[2] = {rule->key[0], rule->key[1]};
    for (int round = 0; round < 7; round++) {
        const uint64_t a = c[0] * 0xd2511f53, b = c[2] * 0xcd9e8d57;
        const uint64_t next[4] = {(b >> 32) ^ c[1] ^ key[0], b, (a >> 32) ^ c[3] ^ key[1], a};
        for (int w = 0; w < 4; w++) c[w] = next[w] & 0xffffffff;
        key[0] = (key[0] + 0x9e3779b9) & 0xffffffff;
        key[1] = (key[1] + 0xbb67ae85) & 0xffffffff;
    }
    return (uint32_t)c[word];
}

/* The random number of a unit, from 0 to 65535. */
static uint32_t unit_number(const cmlpi_dropout_rule *rule, int64_t unit)
{
    const int half = (int)(unit % 64 / 8);
    return philox_word(rule, (uint32_t)(unit / 64 * 8 + unit % 8), half / 2) >> 16 * (half % 2) & 0xffff;
}

void check_drop(harness *h)
{
    drop_case c = {0};
    for (int i = 0; i < 2; i++) c.rule.key[i] = (uint32_t)random_below(&h->random, INT64_C(1) << 32);
    for (int i = 0; i < 3; i++) c.rule.counter[i] = (uint32_t)random_below(&h->random, INT64_C(1) << 32);
    c.v = new_operand(h, "v", h->dtype, pick_width(h) * (1 + random_below(&h->random, 5)), OUTPUT);
    /* The limit is the number of a unit, which is then kept, or one more. */
    if (c.v->n) c.rule.below = unit_number(&c.rule, random_below(&h->random, c.v->n)) + (uint32_t)PICK(h, 0, 1);
    if (c.rule.below > 65535) c.rule.below = 65535;
    c.rule.scale = 1 / (1 - c.rule.below / 65536.0);
    snprintf(h->shape, sizeof h->shape, "below %d, n %d", (int)c.rule.below, (int)c.v->n);
    run_tables(h, call_drop, &c);
    same_outputs(h);
    for (int64_t i = 0; i < c.v->n; i++) {
        const double kept = type_round(h->dtype, get(h->dtype, c.v->before, i) * type_round(h->dtype, c.rule.scale));
        expect_exactly(h, c.v, i, unit_number(&c.rule, i) < c.rule.below ? 0 : kept);
    }
}

/* ---- multiply, square_sum, find_nonfinite */

typedef struct vector_case {
    operand *v, *result;
    double factor;
    int64_t stride, rows, n;
} vector_case;

static void call_multiply(const cmlpi_kernels *table, void *context)
{
    const vector_case *c = context;
    table->multiply(c->v->place.data, c->v->n, c->factor);
}

void check_multiply(harness *h)
{
    vector_case c = {.factor = uniform(&h->random, -2, 2)};
    c.v = new_operand(h, "v", h->dtype, pick_width(h) * (1 + random_below(&h->random, 5)), OUTPUT);
    snprintf(h->shape, sizeof h->shape, "n %d", (int)c.v->n);
    run_tables(h, call_multiply, &c);
    same_outputs(h);
    for (int64_t i = 0; i < c.v->n; i++)
        expect_exactly(h, c.v, i, type_round(h->dtype, get(h->dtype, c.v->before, i) * type_round(h->dtype, c.factor)));
}

static void call_square_sum(const cmlpi_kernels *table, void *context)
{
    const vector_case *c = context;
    const double sum = table->square_sum(c->v->place.data, c->rows, c->n);
    put(CMLP_FLOAT64, c->result->place.data, 0, sum);
}

void check_square_sum(harness *h)
{
    double partial[16] = {0};
    vector_case c = {0};
    c.n = random_below(&h->random, 2) ? pick_width(h) : random_below(&h->random, 300);
    c.rows = random_below(&h->random, 20);
    c.v = new_operand(h, "v", h->dtype, c.rows * c.n, INPUT);
    c.result = new_operand(h, "result", CMLP_FLOAT64, 1, OUTPUT);
    snprintf(h->shape, sizeof h->shape, "rows %d, n %d", (int)c.rows, (int)c.n);
    run_tables(h, call_square_sum, &c);
    same_outputs(h);
    for (int64_t i = 0; i < c.v->n; i++) {
        const double x = get(h->dtype, c.v->before, i);
        partial[i % c.n % 16] += x * x;
    }
    for (int half = 8; half; half /= 2)
        for (int i = 0; i < half; i++) partial[i] += partial[i + half];
    expect_exactly(h, c.result, 0, partial[0]);
}

static void call_find_nonfinite(const cmlpi_kernels *table, void *context)
{
    const vector_case *c = context;
    put(CMLP_FLOAT64, c->result->place.data, 0, (double)table->find_nonfinite(c->v->place.data, c->stride, c->n));
}

void check_find_nonfinite(harness *h)
{
    vector_case c = {.stride = PICK(h, 1, 1, 1, 2, 5), .n = random_below(&h->random, 300)};
    int64_t found = c.n;
    h->values = PLAIN;
    c.v = new_operand(h, "v", h->dtype, c.n ? (c.n - 1) * c.stride + 1 : 0, INPUT);
    c.result = new_operand(h, "result", CMLP_FLOAT64, 1, OUTPUT);
    if (c.n && random_below(&h->random, 3)) {
        const double bad[] = {NAN, INFINITY, -INFINITY};
        found = random_below(&h->random, c.n);
        put(h->dtype, c.v->before, found * c.stride, bad[random_below(&h->random, 3)]);
    }
    if (c.n && random_below(&h->random, 2)) { /* the largest number counts as finite, though sums with it overflow */
        const double largest = h->dtype == CMLP_FLOAT32 ? 0x1.fffffep127 : 0x1.fffffffffffffp1023;
        for (int64_t i = 0; i < found; i++) put(h->dtype, c.v->before, i * c.stride, largest);
    }
    if (c.stride > 1) poison_gaps(c.v, 1, c.stride);
    snprintf(h->shape, sizeof h->shape, "stride %d, n %d", (int)c.stride, (int)c.n);
    run_tables(h, call_find_nonfinite, &c);
    same_outputs(h);
    expect_exactly(h, c.result, 0, (double)found);
}
