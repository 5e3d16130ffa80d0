/* The harness declared in check_kernels.h. */
#include "check_kernels.h"

#include "../../src/cmlp/core/base/fma.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPORTS 6 /* printed per check, at most one per case */

const char *table_name(const cmlpi_kernels *table)
{
    switch (table->isa) {
    case CMLP_ISA_GENERIC: return "generic";
    case CMLP_ISA_AVX2: return "avx2";
    case CMLP_ISA_AVX512: return "avx512";
    case CMLP_ISA_NEON: return "neon";
    default: return "?";
    }
}

/* ---- making a case */

double random_value(harness *h)
{
    uint64_t r = random_bits(&h->random);
    double sign = r & 64 ? -1 : 1;
    if (h->values == SPECIAL && r % 64 < 6) {
        const double specials[] = {NAN, INFINITY, -INFINITY, tiny_of(h->dtype) * 0.375, -tiny_of(h->dtype) * 3, 0.0};
        return specials[r % 64];
    }
    if (r % 64 < 12) return 0.0 * sign;
    return sign * uniform(&h->random, 0.0625, 4);
}

operand *new_operand(harness *h, const char *name, int32_t dtype, int64_t n, operand_role role)
{
    operand *o = &h->operands[h->n_operands++];
    o->name = name;
    o->dtype = dtype;
    o->n = n;
    o->role = role;
    if (size_of(dtype) * (size_t)n > MAX_BYTES) {
        fprintf(stderr, "%s of %s is too large: %s\n", name, h->kernel, h->shape);
        exit(2);
    }
    for (int64_t i = 0; i < n; i++)
        put(dtype, o->before, i, dtype >= CMLP_UINT8 ? (double)random_below(&h->random, 256) : random_value(h));
    return o;
}

void fill(operand *o, double value)
{
    for (int64_t i = 0; i < o->n; i++) put(o->dtype, o->before, i, value);
}

void poison_gaps(operand *o, int64_t row, int64_t ld)
{
    for (int64_t i = 0; i < o->n; i++)
        if (i % ld >= row) put(o->dtype, o->before, i, NAN);
}

void zero_runs(harness *h, operand *o)
{
    const int64_t of = PICK(h, 1, 2, 3, 10, 100);
    for (int64_t i = 0, end; i < o->n; i = end) {
        end = i + 1 + random_below(&h->random, 40);
        for (int64_t k = i; random_below(&h->random, of) && k < end && k < o->n; k++)
            put(o->dtype, o->before, k, random_below(&h->random, 2) ? 0 : -0.0);
    }
}

int64_t pick(harness *h, const int64_t *list, int64_t n) { return list[random_below(&h->random, n)]; }

int64_t pick_width(harness *h)
{
    const int64_t lanes = h->tables[random_below(&h->random, h->n_tables)]->lanes;
    switch (random_below(&h->random, 4)) {
    case 0: return PICK(h, 0, 1, 2, 3);
    case 1: return random_below(&h->random, 70);
    default: return lanes * (1 + random_below(&h->random, 4)) + random_below(&h->random, 3) - 1;
    }
}

/* ---- running a case */

typedef struct one_call {
    void (*call)(const cmlpi_kernels *table, void *context);
    const cmlpi_kernels *table;
    void *context;
} one_call;

static void call_one(void *context)
{
    const one_call *one = context;
    one->call(one->table, one->context);
}

void run_tables(harness *h, void (*call)(const cmlpi_kernels *table, void *context), void *context)
{
    for (int t = 0; t < h->n_tables; t++) {
        for (operand *o = h->operands; o < h->operands + h->n_operands; o++) {
            size_t size = size_of(o->dtype), bytes = size * (size_t)o->n;
            void *at = slot_place(&o->place, bytes, h->where, size * (size_t)h->offset);
            if (bytes) memcpy(at, o->before, bytes);
        }
        if (!survives(call_one, &(one_call){call, h->tables[t], context}))
            fail(h, t, "touched memory far outside its operands");
        for (operand *o = h->operands; o < h->operands + h->n_operands; o++) {
            size_t bytes = size_of(o->dtype) * (size_t)o->n;
            if (bytes) memcpy(o->after[t], o->place.data, bytes);
            if (!slot_intact(&o->place)) fail(h, t, "wrote outside %s", o->name);
            if (bytes && o->role == INPUT && memcmp(o->before, o->after[t], bytes)) fail(h, t, "wrote to %s", o->name);
        }
    }
}

/* ---- checking the results */

void fail(harness *h, int table, const char *format, ...)
{
    va_list arguments;
    h->failures++;
    if (h->silent || h->last_report == h->number || h->reports >= MAX_REPORTS) return;
    h->reports++;
    h->last_report = h->number;
    printf("FAILED %s %s %s: %s, case %" PRId64 ", %" PRId64 " elements %s, seed %" PRIu64 ": ", h->kernel,
           h->dtype == CMLP_FLOAT32 ? "float32" : "float64", table_name(h->tables[table]), h->shape, h->number,
           h->offset, h->where == AT_START ? "after the first guard page" : "before the last guard page", h->seed);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void same_outputs(harness *h)
{
    for (operand *o = h->operands; o < h->operands + h->n_operands; o++)
        for (int t = 1; t < h->n_tables && o->role == OUTPUT; t++)
            for (int64_t i = 0; i < o->n; i++) {
                const size_t at = size_of(o->dtype) * (size_t)i;
                if (same_bits(o->dtype, (char *)o->after[0] + at, (char *)o->after[t] + at, 1)) continue;
                fail(h, t, "%s[%" PRId64 "] is %.17g, but %.17g with %s", o->name, i, get(o->dtype, o->after[t], i),
                     get(o->dtype, o->after[0], i), table_name(h->tables[0]));
                break;
            }
}

int within(double x, double expected, double bound)
{
    if (isnan(expected)) return isnan(x);
    if (isinf(expected)) return x == expected;
    return fabs(x - expected) <= bound;
}

void expect(harness *h, const operand *o, int64_t i, double expected, double bound)
{
    for (int t = 0; t < h->n_tables; t++) {
        double x = get(o->dtype, o->after[t], i);
        if (!within(x, expected, bound))
            fail(h, t, "%s[%" PRId64 "] is %.9g instead of %.9g within %.2g", o->name, i, x, expected, bound);
    }
}

void expect_exactly(harness *h, const operand *o, int64_t i, double expected)
{
    double as_stored;
    put(o->dtype, &as_stored, 0, expected);
    for (int t = 0; t < h->n_tables; t++)
        if (!same_bits(o->dtype, (char *)o->after[t] + size_of(o->dtype) * (size_t)i, &as_stored, 1))
            fail(h, t, "%s[%" PRId64 "] is %.17g instead of exactly %.17g", o->name, i, get(o->dtype, o->after[t], i),
                 get(o->dtype, &as_stored, 0));
}

double type_round(int32_t dtype, double x) { return dtype == CMLP_FLOAT32 ? (double)(float)x : x; }

double type_fma(int32_t dtype, double a, double b, double c)
{
    return dtype == CMLP_FLOAT32 ? (double)cmlpi_fma32((float)a, (float)b, (float)c) : cmlpi_fma64(a, b, c);
}

/* ---- all cases of a check */

void run_check(harness *h, const kernel_check *check)
{
    h->kernel = check->kernel;
    h->reports = 0;
    h->last_report = -1;
    for (h->number = 0; h->number < check->cases && !(h->silent && h->failures); h->number++) {
        h->random = h->seed * 1000003 + (uint64_t)h->number;
        /* random, because checks use the case index for other choices */
        h->values = random_below(&h->random, 3) ? PLAIN : SPECIAL;
        h->where = random_below(&h->random, 2) ? AT_START : AT_END;
        h->offset = random_below(&h->random, 3) ? 0 : random_below(&h->random, 17);
        h->n_operands = 0;
        check->check(h);
    }
}

void harness_make(harness *h, int32_t dtype, uint64_t seed)
{
    memset(h, 0, sizeof *h);
    h->dtype = dtype;
    h->seed = seed;
    for (int i = 0; i < MAX_OPERANDS; i++) {
        operand *o = &h->operands[i];
        slot_make(&o->place, MAX_BYTES + 4096);
        o->before = malloc(MAX_BYTES);
        for (int t = 0; t < MAX_TABLES; t++) o->after[t] = malloc(MAX_BYTES);
    }
}

void harness_free(harness *h)
{
    for (int i = 0; i < MAX_OPERANDS; i++) {
        slot_free(&h->operands[i].place);
        free(h->operands[i].before);
        for (int t = 0; t < MAX_TABLES; t++) free(h->operands[i].after[t]);
    }
}
