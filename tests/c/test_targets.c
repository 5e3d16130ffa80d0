/* Every call that reads targets refuses those that the loss does not allow, with row and column, whatever the weight of the
 * row, and takes all others. */
#include "calls.h"
#include "fixture.h"

#include <float.h>
#include <stdlib.h>

enum { N_ROWS = 60, N_BATCH = 20, N_OUTPUTS = 34 };

static double targets[N_ROWS * N_OUTPUTS];

/* The range of targets that cmlp.h states for each loss; `open` if it is without its lower end. */
typedef struct range {
    double low, high;
    int open;
} range;

static range range_of(int32_t loss)
{
    switch (loss) {
    case CMLP_LOSS_LOG:
    case CMLP_LOSS_FOCAL:
    case CMLP_LOSS_LABEL_SMOOTHING: return (range){0, 1, 0};
    case CMLP_LOSS_POISSON:
    case CMLP_LOSS_TWEEDIE: return (range){0, DBL_MAX, 0};
    case CMLP_LOSS_GAMMA: return (range){0, DBL_MAX, 1};
    default: return (range){-DBL_MAX, DBL_MAX, 0};
    }
}

static int is_allowed(int32_t loss, double y)
{
    const range r = range_of(loss);
    return y <= r.high && (r.open ? y > r.low : y >= r.low);
}

/* Number of batches before the one with a row. */
static int64_t batches_before(const fixture *f, int64_t row)
{
    int64_t i = 0;
    while (f->shape.with_order && f->order[i] != row) i++;
    return (f->shape.with_order ? i : row) / f->shape.batch;
}

static void reset(fixture *f, call c, double weight, int64_t row)
{
    fixture_reset(f, c);
    f->targets = cmlp_dense_targets(targets, CMLP_FLOAT64, f->n, f->n_out);
    for (int64_t i = 0; i < f->n; i++) f->weights[i] = 1;
    f->weights[row] = weight;
    f->objective.row_weights = weight == 1 ? NULL : f->weights;
    f->optimizer.learning_rate = 1e-6; /* exponential outputs must not diverge */
}

/* One row has a target y, in one column. `seen` is y as the net's type holds it. */
static void test_value(fixture *f, double y, double seen)
{
    static const double weights[] = {1, 0.5, 0};
    const int64_t row = 47, column = f->n_out - 1;
    const int good = is_allowed(f->shape.loss, seen);
    for (int64_t i = 0; i < f->n * f->n_out; i++) targets[i] = 0.5;
    targets[row * f->n_out + column] = y;
    for (int w = 0; w < 3; w++)
        for (call c = COST; c <= TRAIN; c++) {
            if (c == STEP) continue;
            reset(f, c, weights[w], row);
            const uint64_t before = fixture_hash(f);
            const int status = fixture_call(f, c);
            const int64_t bad_row = good ? -1 : row, bad_column = good ? -1 : column;
            check_that(status == (good ? CMLP_OK : CMLP_ERROR_TARGET) && f->run.bad_row == bad_row &&
                           f->run.bad_column == bad_column,
                       "%s: loss %d, %d outputs of kind %d, dtype %d, isa %u, weight %g, target %g: %s, row %d, column %d",
                       call_names[c], (int)f->shape.loss, (int)f->n_out, (int)f->shape.output, (int)f->shape.dtype,
                       (unsigned)f->shape.isa, weights[w], y, cmlp_status_name(status), (int)f->run.bad_row,
                       (int)f->run.bad_column);
            if (good) continue;
            if (c == TRAIN)
                CHECK(f->result.n_batches == batches_before(f, row) && f->state->n_steps == f->result.n_batches);
            else
                CHECK(fixture_hash(f) == before);
        }
}

static int halves(void *context, const cmlp_loss_call *rows)
{
    (void)context;
    for (int64_t i = 0; i < rows->n_rows; i++) rows->costs[i] = 0.5;
    for (int64_t i = 0; i < rows->n_rows * rows->n_out; i++) put(rows->dtype, rows->slopes, i, 0.25);
    return 0;
}

/* A loss of the caller allows every finite target, also in a row of weight 0. */
static void test_own_loss(fixture *f)
{
    for (int64_t i = 0; i < f->n * f->n_out; i++) targets[i] = i % 2 ? -3 : 7;
    for (call c = COST; c <= TRAIN; c++) {
        if (c == STEP) continue;
        reset(f, c, 0, 4);
        f->objective.loss = halves;
        CHECK(cmlp_net_workspace_size(f->net, &f->rows, &f->objective, &f->epoch, &f->run.workspace_size,
                                      THREADS(f->shape.n_threads)) == CMLP_OK);
        void *const workspace = f->run.workspace = malloc(f->run.workspace_size);
        CHECK(fixture_call(f, c) == CMLP_OK);
        free(workspace);
    }
}

/* Class indices mean 1 at one output and 0 at the others, which gamma does not allow. */
static void test_classes(fixture *f)
{
    for (int64_t i = 0; i < f->n; i++) f->labels[i] = 0;
    for (call c = COST; c <= TRAIN; c++) {
        if (c == STEP) continue;
        fixture_reset(f, c);
        f->targets = cmlp_class_targets(f->labels, f->n);
        f->optimizer.learning_rate = 1e-6;
        const int good = f->shape.loss != CMLP_LOSS_GAMMA || f->n_out == 1;
        CHECK(fixture_call(f, c) == (good ? CMLP_OK : CMLP_ERROR_TARGET));
        CHECK(f->run.bad_column == (good ? -1 : 1));
    }
}

static void test_shape(const shape *s)
{
    static fixture f;
    const double small = s->dtype == CMLP_FLOAT32 ? FLT_MIN : DBL_MIN,
                 step = s->dtype == CMLP_FLOAT32 ? FLT_EPSILON : DBL_EPSILON;
    const double values[] = {-1, -small, -0.0, 0, small, 0.25, 1, 1 + step, 5};
    fixture_make(&f, s);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) test_value(&f, values[i], values[i]);
    if (s->dtype == CMLP_FLOAT32) { /* the rounded target counts */
        test_value(&f, 1e-300, 0);
        test_value(&f, -1e-300, 0);
        test_value(&f, 1 + 1e-12, 1);
    }
    test_own_loss(&f);
    test_classes(&f);
    CHECK(fixture_intact(&f));
    fixture_free(&f);
}

int main(void)
{
    cmlp_isa isas[8];
    const int n_isas = available_isas(isas);
    for (int32_t loss = 1; cmlp_loss_describe(loss); loss++)
        for (int32_t output = 1; cmlp_activation_describe(output); output++)
            for (int i = 0; i < n_isas * 4 && cmlp_loss_allows(loss, output); i++) {
                shape s = {3, {4, 6, 3}, CMLP_ACTIVATION_TANH, output, loss, .solver = CMLP_SOLVER_SGD, .rows = N_ROWS,
                           .batch = N_BATCH, .isa = isas[i / 4]};
                s.dtype = i % 2 ? CMLP_FLOAT64 : CMLP_FLOAT32;
                s.n_threads = i / 2 % 2 ? 3 : 1;
                s.with_order = i / 2 % 2;
                test_shape(&s);
                s.sizes[2] = i / 2 % 2 ? N_OUTPUTS : 1;
                if (s.sizes[2] > 1 || output != CMLP_ACTIVATION_SOFTMAX) test_shape(&s);
            }
    return finish();
}
