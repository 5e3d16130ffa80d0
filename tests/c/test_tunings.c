/* Random networks give the same bits with every instruction set and every tuning.
 *
 *   test_tunings [networks [seed]]   at first fixed shapes, which reach each branch of the tunings, then random ones */
#include "../../src/cmlp/core/net/tuning_names.h"
#include "fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static fixture f;

/* Hash of what an epoch changes, and of the outputs of the network. */
static uint64_t outcome(const shape *s)
{
    static const call calls[] = {TRAIN, FORWARD};
    uint64_t hash = 0;
    fixture_make(&f, s);
    for (int i = 0; i < 2; i++) {
        fixture_reset(&f, calls[i]);
        const int status = fixture_call(&f, calls[i]);
        check_that(status == CMLP_OK && fixture_intact(&f), "%s: %s", call_names[calls[i]], cmlp_status_name(status));
        hash = hash * 31 + fixture_hash(&f);
    }
    fixture_free(&f);
    return hash;
}

/* The reference is the plain tuning of the fastest instruction set: other tests compare it with the others. */
static void compare(shape s)
{
    cmlp_isa isas[8];
    const int n = available_isas(isas);
    s.isa = isas[n - 1];
    s.tuning = 1; /* plain */
    const uint64_t expected = outcome(&s);
    for (int i = n - 1; i >= 0; i--)
        for (s.tuning = 1; cmlpi_tuning_name(s.tuning - 1); s.tuning++) {
            s.isa = isas[i];
            check_that(outcome(&s) == expected, "%s, tuning %s: %s %d-%d-%d, %d rows, batch %d, %d threads",
                       cmlp_isa_name(isas[i]), cmlpi_tuning_name(s.tuning - 1), s.dtype == CMLP_FLOAT32 ? "float32" : "float64",
                       (int)s.sizes[0], (int)s.sizes[1], (int)s.sizes[2], (int)s.rows, (int)s.batch, (int)s.n_threads);
        }
}

static shape shape_of(int64_t n_in, int64_t units, int64_t rows, int64_t batch)
{
    return (shape){.n_layers = 3, .sizes = {n_in, units, 10}, .hidden = CMLP_ACTIVATION_TANH,
                   .output = CMLP_ACTIVATION_SOFTMAX, .loss = CMLP_LOSS_LOG, .dtype = CMLP_FLOAT32,
                   .solver = CMLP_SOLVER_SGD, .rows = rows, .batch = batch, .n_threads = 1, .alpha = 1e-3};
}

static shape random_shape(uint64_t *state)
{
    static const int64_t limits[] = {16, 48, 200, 600};
    const int64_t n_in = 1 + random_below(state, random_below(state, 4) ? 900 : 40);
    const int64_t units = 1 + random_below(state, limits[random_below(state, 4)]);
    const int64_t batch = 1 + random_below(state, 300);
    shape s = shape_of(n_in, units, 1 + random_below(state, 2 * batch < 320 ? 2 * batch : 320), batch);
    s.dtype = random_below(state, 3) ? CMLP_FLOAT32 : CMLP_FLOAT64;
    s.solver = random_below(state, 2) ? CMLP_SOLVER_SGD : CMLP_SOLVER_ADAM;
    s.hidden = random_below(state, 2) ? CMLP_ACTIVATION_RELU : CMLP_ACTIVATION_TANH;
    s.n_threads = 1 + (int32_t)random_below(state, 2);
    s.alpha = random_below(state, 2) ? 1e-3 : 0;
    s.n_sparse = random_below(state, 2) ? random_below(state, s.rows) : 0;
    s.with_order = (int)random_below(state, 2);
    return s;
}

int main(int argc, char **argv)
{
    const int64_t networks = argc > 1 ? atoll(argv[1]) : 10;
    uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    static const char *const names[] = {"plain", "avx2", "zen5", "intel"};
    shape small = shape_of(3, 2, 2, 2);
    for (int32_t i = 0; i < 4; i++) {
        small.tuning = 1 + i;
        fixture_make(&f, &small);
        CHECK(!strcmp(cmlpi_net_tuning(f.net), names[i]) && !strcmp(cmlpi_tuning_name(i), names[i]));
        CHECK(cmlpi_net_tune(f.net, 4) == CMLP_ERROR_OPTION && cmlpi_net_tune(f.net, -1) == CMLP_ERROR_OPTION);
        CHECK(!strcmp(cmlpi_net_tuning(f.net), names[i]));
        fixture_free(&f);
    }
    CHECK(!cmlpi_tuning_name(-1) && !cmlpi_tuning_name(4) && !cmlpi_net_tuning(NULL));
    CHECK(cmlpi_net_tune(NULL, 0) == CMLP_ERROR_NULL);
    compare(shape_of(784, 144, 70, 70)); /* panels, copied inputs of the gradient, adjacent rows */
    compare(shape_of(515, 141, 260, 259)); /* panels of several blocks of rows, columns that no panel has */
    compare(shape_of(600, 128, 100, 64));
    compare(shape_of(533, 96, 29, 29)); /* runs of eight chunks, a last chunk that is not full */
    compare(shape_of(784, 16, 30, 10));
    for (int64_t i = 0; i < networks; i++) {
        compare(random_shape(&state));
        if (argc > 1) printf("%" PRId64 " networks, %" PRId64 " failed\n", i + 1, failed);
    }
    return finish();
}
