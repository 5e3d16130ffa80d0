/* The plain cost of cmlp_backpropagate: the cost without loss scale, penalty, label smoothing and focusing, from one pass. */
#include "calls.h"
#include "fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const shape shapes[] = {
    {3, {7, 9, 4}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LABEL_SMOOTHING, .rows = 1},
    {3, {7, 9, 4}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LABEL_SMOOTHING, .rows = 700,
     .with_order = 1, .with_weights = 1, .alpha = 0.3},
    {3, {7, 9, 4}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LABEL_SMOOTHING, .rows = 300,
     .with_weights = 1, .dropout = 0.2},
    {4, {7, 9, 8, 3}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_FOCAL, .rows = 257, .alpha = 0.3},
    {2, {7, 3}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_FOCAL, .rows = 700, .with_order = 1},
    {3, {5, 4, 5000}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LABEL_SMOOTHING, .rows = 3},
    {3, {7, 9, 4}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 300, .alpha = 0.3},
    {3, {7, 9, 4}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_SQUARED_ERROR, .rows = 300, .alpha = 0.3},
    {3, {7, 9, 4}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_HUBER, .rows = 300, .with_weights = 1},
    {3, {7, 9, 4}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_ABSOLUTE_ERROR, .rows = 300, .alpha = 1},
    {3, {7, 9, 4}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_IDENTITY, CMLP_LOSS_QUANTILE, .rows = 300, .alpha = 1},
    {3, {7, 9, 4}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_EXP, CMLP_LOSS_POISSON, .rows = 300, .alpha = 1},
    {3, {7, 9, 4}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_EXP, CMLP_LOSS_GAMMA, .rows = 300, .alpha = 1},
    {3, {7, 9, 4}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_EXP, CMLP_LOSS_TWEEDIE, .rows = 300, .alpha = 1},
};

/* The cost of the same rows and parameters with another loss and no penalty. */
/* Only logarithms of probabilities are clipped. */
static double clip_of(int32_t loss, double clip)
{
    return loss == CMLP_LOSS_LOG || loss == CMLP_LOSS_FOCAL || loss == CMLP_LOSS_LABEL_SMOOTHING ? clip : 0;
}

static double cost_with(fixture *f, int32_t loss, double clip)
{
    const double alpha = f->shape.alpha;
    cmlp_net_config config = f->config;
    config.loss = loss;
    CHECK(cmlp_net_init(f->net_memory, f->net_bytes, &config, &f->net, NULL) == CMLP_OK);
    f->shape.alpha = 0;
    fixture_reset(f, COST);
    f->objective.log_loss_clip = clip_of(loss, clip);
    f->p_plain_cost = NULL;
    CHECK(fixture_call(f, COST) == CMLP_OK && f->plain_cost == -7);
    f->shape.alpha = alpha;
    CHECK(cmlp_net_init(f->net_memory, f->net_bytes, &f->config, &f->net, NULL) == CMLP_OK);
    return f->cost;
}

static void test_value(fixture *f, double clip)
{
    const int32_t loss = f->shape.loss;
    const int differs = loss == CMLP_LOSS_FOCAL || loss == CMLP_LOSS_LABEL_SMOOTHING;
    const double expected = cost_with(f, differs ? CMLP_LOSS_LOG : loss, clip);
    fixture_reset(f, COST);
    f->objective.log_loss_clip = clip_of(loss, clip);
    f->objective.loss_scale = 0.25;
    CHECK(fixture_call(f, COST) == CMLP_OK);
    const double cost = f->cost, plain_cost = f->plain_cost;
    f->p_plain_cost = NULL;
    CHECK(fixture_call(f, COST) == CMLP_OK);
    check_that(plain_cost == expected && cost == f->cost && cost != plain_cost,
               "loss %d, %d outputs of kind %d, dtype %d, isa %u, %d threads: plain cost %.17g, not %.17g", (int)loss,
               (int)f->n_out, (int)f->shape.output, (int)f->shape.dtype, (unsigned)f->shape.isa,
               (int)f->shape.n_threads, plain_cost, expected);
}

/* A call that fails leaves both outputs unchanged. */
static void check_unchanged(fixture *f, int expected)
{
    const int status = fixture_call(f, COST);
    check_that(status == expected && f->cost == -7 && f->plain_cost == -7, "%s: cost %g, plain cost %g",
               cmlp_status_name(status), f->cost, f->plain_cost);
}

static int stop(void *context) { return context == NULL; }

static void test_failures(fixture *f)
{
    fixture_reset(f, COST);
    f->run.poll = stop;
    check_unchanged(f, CMLP_CANCELLED);
    fixture_reset(f, COST);
    f->objective.alpha = 1.7e308; /* the plain cost is finite */
    check_unchanged(f, CMLP_ERROR_DIVERGED);
    fixture_reset(f, COST);
    put(f->shape.dtype, f->params, f->n_params - 1, NAN);
    check_unchanged(f, CMLP_ERROR_DIVERGED);
}

static int halves(void *context, const cmlp_loss_call *rows)
{
    (void)context;
    for (int64_t i = 0; i < rows->n_rows; i++) rows->costs[i] = 0.5;
    return 0;
}

/* A loss of the caller is its own plain cost, also if it replaces a smoothed one. */
static void test_own_loss(fixture *f)
{
    fixture_reset(f, COST);
    f->objective.loss = halves;
    f->objective.loss_scale = 3;
    f->objective.alpha = 0;
    CHECK(cmlp_net_workspace_size(f->net, &f->rows, &f->objective, NULL, &f->run.workspace_size,
                                  THREADS(f->shape.n_threads)) ==
          CMLP_OK);
    void *const workspace = f->run.workspace = malloc(f->run.workspace_size);
    CHECK(fixture_call(f, COST) == CMLP_OK && f->cost == 1.5 && f->plain_cost == 0.5);
    free(workspace);
}

/* The smoothed cost of a row with two classes can be finite where its log loss is not. */
static void test_infinite_plain_cost(void)
{
    static fixture f;
    static const shape s = {2, {1, 3}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LABEL_SMOOTHING,
                            CMLP_FLOAT64, CMLP_SOLVER_SGD, .rows = 1, .batch = 1};
    const double y[3] = {1, 1, 0}, params[6] = {0, 0, 0, -8e307, -8e307, 8e307};
    fixture_make(&f, &s);
    f.config.loss_parameter = 0.99;
    CHECK(cmlp_net_init(f.net_memory, f.net_bytes, &f.config, &f.net, NULL) == CMLP_OK);
    fixture_reset(&f, COST);
    memcpy(f.params, params, sizeof params);
    f.targets = cmlp_dense_targets(y, CMLP_FLOAT64, 1, 3);
    check_unchanged(&f, CMLP_ERROR_DIVERGED);
    CHECK(f.run.bad_row == 0);
    fixture_free(&f);
}

int main(void)
{
    static const int32_t threads[] = {1, 2, 7};
    static fixture f;
    cmlp_isa isas[8];
    const int n_isas = available_isas(isas);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int isa = 0; isa < n_isas; isa++)
            for (int t = 0; t < 3; t++)
                for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++) {
                    shape s = shapes[i];
                    s.batch = s.rows;
                    s.solver = CMLP_SOLVER_SGD;
                    s.isa = isas[isa];
                    s.n_threads = threads[t];
                    s.dtype = dtype;
                    fixture_make(&f, &s);
                    test_value(&f, 0);
                    test_value(&f, 0.3);
                    test_own_loss(&f);
                    test_failures(&f);
                    CHECK(fixture_intact(&f));
                    fixture_free(&f);
                }
    test_infinite_plain_cost();
    return finish();
}
