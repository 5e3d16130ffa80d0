/* A workspace of cmlp_net_workspace_size() bytes suffices, one that is a byte too small is rejected, and calls access nothing
 * outside the workspace and the outputs. All blocks end at guard pages. */
#include "calls.h"
#include "fixture.h"

#include <inttypes.h>
#include <string.h>

static int cancel(void *context)
{
    (void)context;
    return 1;
}

static void set_workspace(fixture *f, size_t size)
{
    f->run.workspace = slot_place(&f->workspace, size, AT_END, 0);
    f->run.workspace_size = size;
}

/* The smallest workspace that a call accepts. It is cancelled before it computes. */
static size_t least_workspace(fixture *f, call c)
{
    fixture_reset(f, c);
    size_t rejected = 0, accepted = f->run.workspace_size;
    f->run.poll = cancel;
    while (accepted - rejected > 1) {
        const size_t size = rejected + (accepted - rejected) / 2;
        set_workspace(f, size);
        const int status = fixture_call(f, c);
        CHECK(status == CMLP_ERROR_BUFFER_SIZE || status == CMLP_CANCELLED);
        *(status == CMLP_CANCELLED ? &accepted : &rejected) = size;
    }
    return accepted;
}

static void test_exact(fixture *f, call c)
{
    const shape *s = &f->shape;
    const size_t least = c == STEP || c == INIT_PARAMS ? 0 : least_workspace(f, c);
    attempt a = {f, c, -1};
    fixture_reset(f, c);
    if (least) set_workspace(f, least);
    const int alive = survives(fixture_attempt, &a);
    check_that(alive && a.status == CMLP_OK && fixture_intact(f),
               "%s with %d layers, %d rows, batch %d, %d threads: %s", call_names[c], (int)s->n_layers, (int)s->rows,
               (int)s->batch, (int)s->n_threads,
               !alive ? "touched a guard page" : a.status ? cmlp_status_name(a.status) : "wrote outside its blocks");
    if (!least) return;
    fixture_reset(f, c);
    set_workspace(f, least - 1);
    const uint64_t before = fixture_hash(f);
    const int status = fixture_call(f, c);
    check_that(status == CMLP_ERROR_BUFFER_SIZE && fixture_hash(f) == before, "%s, %d threads, one byte less: %s",
               call_names[c], (int)s->n_threads, cmlp_status_name(status));
}

/* The workspace starts right after a guard page, so that reads and writes before it are caught. */
static void test_after_guard_page(fixture *f, call c)
{
    attempt a = {f, c, -1};
    fixture_reset(f, c);
    f->run.workspace = slot_place(&f->workspace, f->run.workspace_size, AT_START, 0);
    memset(f->run.workspace, 0x33, f->run.workspace_size);
    check_that(survives(fixture_attempt, &a) && a.status == CMLP_OK && fixture_intact(f),
               "%s with a workspace right after a guard page", call_names[c]);
}

/* The workspace of an epoch serves every call with the same rows. */
static void test_of_training(fixture *f, call c)
{
    size_t size = 0;
    fixture_reset(f, c);
    CHECK(cmlp_net_workspace_size(f->net, &f->rows, &f->objective, &f->epoch, &size, THREADS(f->shape.n_threads)) == CMLP_OK);
    set_workspace(f, size);
    const int status = fixture_call(f, c);
    check_that(status == CMLP_OK, "%s with the workspace of an epoch, %d rows, batch %d, %d threads: %s", call_names[c],
               (int)f->shape.rows, (int)f->shape.batch, (int)f->shape.n_threads, cmlp_status_name(status));
}

static const shape shapes[] = {
    {3, {7, 5, 3}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 1, .batch = 1},
    {2, {3, 2}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_SQUARED_ERROR, .rows = 17, .batch = 5},
    {4, {30, 17, 33, 9}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_SQUARED_ERROR, .rows = 300,
     .batch = 290, .with_order = 1},
    {5, {1, 1, 1, 1, 1}, CMLP_ACTIVATION_LOGISTIC, CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LOG, .rows = 129, .batch = 128,
     .with_weights = 1},
    {3, {5, 4, 5000}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 3, .batch = 2,
     .alpha = 0.1},
    {3, {700, 3, 2}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_EXP, CMLP_LOSS_POISSON, .rows = 257, .batch = 1000},
    {3, {64, 64, 10}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 300, .batch = 256,
     .alpha = 0.1},
    {3, {90, 70, 3}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 300, .batch = 290,
     .n_sparse = 300,
     .with_order = 1},
    {3, {90, 70, 3}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 300, .batch = 70,
     .n_sparse = 200},
    {4, {9, 33, 7, 4}, CMLP_ACTIVATION_GELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_FOCAL, .rows = 300, .batch = 290,
     .max_norm = 0.1},
    {4, {9, 33, 7, 4}, CMLP_ACTIVATION_ELU, CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LABEL_SMOOTHING, .rows = 300,
     .batch = 290, .dropout = 0.3},
};

/* Microbatches of wide rows have fewer rows, so that a prediction needs less memory. */
static void test_wide_rows(void)
{
    static fixture f;
    uint64_t bits = 0;
    for (int32_t n_threads = 1; n_threads <= 7; n_threads += 6) {
        const shape s = {2, {40000, 2}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_SQUARED_ERROR,
                         .dtype = CMLP_FLOAT32, .solver = CMLP_SOLVER_SGD, .rows = 100, .batch = 100,
                         .n_threads = n_threads};
        size_t size = 0;
        fixture_make(&f, &s);
        fixture_reset(&f, FORWARD);
        CHECK(cmlp_net_workspace_size(f.net, &f.rows, NULL, NULL, &size, THREADS(n_threads)) == CMLP_OK);
        check_that(size < (size_t)n_threads * 5000000, "%d threads reserve %zu bytes for rows of 160 KB", n_threads, size);
        test_exact(&f, FORWARD);
        if (n_threads == 1) bits = fixture_outcome(&f, FORWARD);
        CHECK(fixture_outcome(&f, FORWARD) == bits);
        fixture_free(&f);
    }
}

int main(void)
{
    test_wide_rows();
    static const int32_t threads[] = {1, 2, 3, 7};
    static fixture f;
    cmlp_isa isas[8];
    const int n_isas = available_isas(isas);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int t = 0; t < 4; t++)
            for (int isa = 0; isa < n_isas; isa++)
                for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++) {
                    shape s = shapes[i];
                    if (t % 3 && in_software(isas[isa], dtype)) continue; /* 1 and 7 threads */
                    s.dtype = dtype;
                    s.n_threads = threads[t];
                    s.isa = isas[isa];
                    s.solver = (isa + t) % 2 ? CMLP_SOLVER_ADAM : CMLP_SOLVER_SGD;
                    fixture_make(&f, &s);
                    for (call c = 0; c < CALLS; c++) {
                        test_exact(&f, c);
                        test_after_guard_page(&f, c);
                        test_of_training(&f, c);
                    }
                    fixture_free(&f);
                }
    return finish();
}
