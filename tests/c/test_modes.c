/* Each call gives the same bits and status in every floating-point mode of the caller, and restores the mode. */
#include "fixture.h"

#include "../../src/cmlp/core/float_mode.h"

#include <stdio.h>

typedef struct mode {
    const char *name;
    cmlp_float_mode bits;
} mode;

#if CMLP_X86
static const mode modes[] = {
    {"flush to zero", 0x8000},   {"denormals are zero", 0x0040},  {"round up", 0x4000},
    {"round down", 0x2000},      {"round toward zero", 0x6000},   {"all at once", 0xe040},
};
#elif CMLP_AARCH64
static const mode modes[] = {
    {"flush to zero", 0x01000000}, {"round up", 0x00400000},    {"round down", 0x00800000},
    {"round toward zero", 0x00c00000}, {"all at once", 0x01c00000},
};
#else
static const mode modes[] = {{"default", 0}};
#endif
enum { MODES = sizeof modes / sizeof *modes };

/* On x86 the same register also holds exception flags, which are not part of the mode. */
#if CMLP_X86
#define CONTROL(mode) ((mode) & ~(cmlp_float_mode)0x3f)
#else
#define CONTROL(mode) (mode)
#endif

static uint64_t outcome_in(fixture *f, call c, const mode *m, void (*change)(fixture *f))
{
    fixture_reset(f, c);
    if (change) change(f);
    const cmlp_float_mode before = cmlp_read_mode();
    cmlp_write_mode(before | m->bits);
    const cmlp_float_mode given = cmlp_read_mode();
    const int status = fixture_call(f, c);
    const cmlp_float_mode after = cmlp_read_mode();
    cmlp_write_mode(before);
    check_that(CONTROL(after) == CONTROL(given), "%s in mode \"%s\" does not restore the mode", call_names[c], m->name);
    return hash_elements(fixture_hash(f), CMLP_FLOAT64, &(double){status}, 1);
}

static void test_modes(const shape *s, const char *what, void (*change)(fixture *f))
{
    static fixture f;
    const mode plain = {"default", 0};
    fixture_make(&f, s);
    for (call c = 0; c < CALLS; c++) {
        const uint64_t expected = outcome_in(&f, c, &plain, change);
        for (int i = 0; i < MODES; i++)
            check_that(outcome_in(&f, c, &modes[i], change) == expected, "%s of %s in mode \"%s\", dtype %d",
                       call_names[c], what, modes[i].name, (int)s->dtype);
    }
    fixture_free(&f);
}

/* Subnormal inputs, weights and learning rate, which the modes would flush to zero. */
static void make_small(fixture *f)
{
    const double small = f->shape.dtype == CMLP_FLOAT32 ? 0x1p-140 : 0x1p-1060;
    for (int64_t i = 0; i < f->n_params; i += 3) put(f->shape.dtype, f->params, i, small * (double)(i + 1));
    for (int64_t i = 0; i < f->n_params; i += 5) put(f->shape.dtype, f->gradient, i, small * (double)(i + 1));
    f->optimizer.learning_rate = 0x1p-20;
}

/* Valid arguments that would be rejected or misread if subnormal numbers counted as zero. */
static void make_small_arguments(fixture *f)
{
    static const double weights[3] = {0x1p-1060, 0, 0x1p-1040};
    for (int64_t i = 0; i < f->n; i++) f->weights[i] = weights[i % 3];
    f->objective.row_weights = f->weights;
    f->objective.loss_scale = 0x1p-1050;
    f->optimizer.epsilon = 0x1p-1060;
    f->rows.scale = 0x1p-1030;
}

static void make_negative_weight(fixture *f)
{
    f->weights[3] = -0x1p-1060;
    f->objective.row_weights = f->weights;
}

int main(void)
{
    if (!modes[0].bits) printf("floating-point modes are not tested on this processor\n");
    for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++) {
        uint32_t isas[8];
        const int n = available_isas(isas);
        for (int i = 0; i < n; i++) {
            shape s = {.n_layers = 3, .sizes = {9, 33, 4}, .hidden = CMLP_ACTIVATION_LOGISTIC,
                       .output = CMLP_ACTIVATION_SOFTMAX,
                       .loss = CMLP_LOSS_LOG, .dtype = dtype, .solver = CMLP_SOLVER_ADAM, .rows = 40, .batch = 16,
                       .isa = isas[i], .alpha = 0.01, .with_weights = 1};
            test_modes(&s, "plain data", NULL);
            test_modes(&s, "small numbers", make_small);
            test_modes(&s, "small arguments", make_small_arguments);
            test_modes(&s, "a small negative weight", make_negative_weight);
            s = (shape){.n_layers = 3, .sizes = {64, 64, 10}, .hidden = CMLP_ACTIVATION_TANH,
                        .output = CMLP_ACTIVATION_IDENTITY,
                        .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = dtype, .solver = CMLP_SOLVER_MOMENTUM, .rows = 300,
                            .batch = 256,
                        .isa = isas[i], .n_threads = 3};
            test_modes(&s, "several threads", NULL);
            test_modes(&s, "several threads, small numbers", make_small);
        }
    }
    return finish();
}
