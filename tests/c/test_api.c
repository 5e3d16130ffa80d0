/* Invalid arguments: each call returns the status that the header documents and changes no output. */
#include "fixture.h"
#include "workspace.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BIT(c) (1u << (c))
#define ALL_ROWS (BIT(FORWARD) | BIT(ACTIVATIONS) | BIT(WEIGHTED_SUMS) | ALL_TARGETS)
#define ALL_TARGETS (BIT(COST) | BIT(GRADIENT) | BIT(INPUT_GRADIENT) | BIT(DELTAS) | BIT(TRAIN))
#define ALL_STEPS (BIT(STEP) | BIT(TRAIN))
#define EVERY (BIT(CALLS) - 1)

static fixture f;

/* Returns whether the run names the rejected field, for example rows->scale after the change "f.rows.scale = NAN". */
static int is_named(const char *change)
{
    char name[64];
    if (!f.p_run || f.run.struct_size != sizeof f.run) return 1;
    if (!f.run.refused) return 0;
    const char *field = strrchr(f.run.refused, '>');
    snprintf(name, sizeof name, "%s", field ? field + 1 : f.run.refused);
    return strstr(change, name) || !strncmp(change, "(void)", 6);
}

static void check_invalid(call c, int expected, const char *change, uint64_t before)
{
    const int status = fixture_call(&f, c);
    const int untouched = fixture_hash(&f) == before && fixture_intact(&f);
    check_that(status == expected && untouched, "%s with %s: %s%s", call_names[c], change, cmlp_status_name(status),
               untouched ? "" : ", an output changed");
    check_that(is_named(change), "%s with %s: reports %s", call_names[c], change,
               f.run.refused ? f.run.refused : "nothing");
}

/* Each call of the set returns this status after this change. */
#define INVALID(calls, expected, change)                      \
    do {                                                      \
        for (call c = 0; c < CALLS; c++)                      \
            if ((calls) & BIT(c)) {                           \
                fixture_reset(&f, c);                         \
                change;                                       \
                check_invalid(c, expected, #change, fixture_hash(&f)); \
            }                                                 \
    } while (0)

static void *off(void *pointer, size_t bytes) { return (char *)pointer + bytes; }

/* Arrays with one element too few, and inputs with one too many, are refused by their names. */
static void test_lengths(void)
{
#define REFUSED(call, name) \
    CHECK((call) == CMLP_ERROR_LENGTH && f.run.refused && !strcmp(f.run.refused, name) && fixture_hash(&f) == before)
    const int64_t n = f.n_params, n_out = f.n * f.n_out;
    fixture_reset(&f, TRAIN);
    uint64_t before = fixture_hash(&f);
    const cmlp_prediction all = {.struct_size = sizeof all, .outputs = f.output, .n_outputs = n_out}, less = {
        .struct_size = sizeof less, .outputs = f.output, .n_outputs = n_out - 1};
    for (int more = -1; more <= 1; more += 2) {
        REFUSED(cmlp_net_init_params(f.net, &f.random, f.params, n + more, &f.run), "params");
        REFUSED(cmlp_forward(f.net, f.params, n + more, &f.rows, &all, &f.run), "params");
        REFUSED(cmlp_step(f.net, f.params, n + more, f.gradient, n, &f.optimizer, &f.run), "params");
        REFUSED(cmlp_step(f.net, f.params, n, f.gradient, n + more, &f.optimizer, &f.run), "gradient");
        REFUSED(cmlp_train_epoch(f.net, f.params, n + more, &f.rows, &f.targets, &f.objective, &f.optimizer, &f.epoch, NULL,
                                 &f.run), "params");
    }
    REFUSED(cmlp_forward(f.net, f.params, n, &f.rows, &less, &f.run), "prediction->outputs");
    REFUSED(call_activations(f.net, f.params, &f.rows, f.outputs[0], f.n_outputs - 1, &f.run), "prediction->activations");
    REFUSED(call_sums(f.net, f.params, &f.rows, f.outputs[0], f.n_outputs - 1, &f.run), "prediction->sums");
    fixture_reset(&f, GRADIENT);
    before = fixture_hash(&f);
    cmlp_derivatives d = {.struct_size = sizeof d, .gradient = f.gradient, .n_gradient = n - 1};
    REFUSED(cmlp_backpropagate(f.net, f.params, n, &f.rows, &f.targets, &f.objective, &d, &f.run),
            "derivatives->gradient");
    d = (cmlp_derivatives){.struct_size = sizeof d, .input_gradient = f.input_gradient,
                           .n_input_gradient = f.n * f.n_in - 1};
    REFUSED(cmlp_backpropagate(f.net, f.params, n, &f.rows, &f.targets, &f.objective, &d, &f.run),
            "derivatives->input_gradient");
    d = (cmlp_derivatives){.struct_size = sizeof d, .deltas = f.outputs[0], .n_deltas = f.n_outputs - 1};
    REFUSED(cmlp_backpropagate(f.net, f.params, n, &f.rows, &f.targets, &f.objective, &d, &f.run),
            "derivatives->deltas");
    fixture_reset(&f, TRAIN);
    before = fixture_hash(&f);
    double numbers[64] = {0};
    f.keeps_lengths = 1;
    f.objective.row_weights = f.weights;
    f.objective.n_row_weights = f.n - 1;
    REFUSED(fixture_call(&f, TRAIN), "objective->row_weights");
    f.objective = (cmlp_objective){.struct_size = sizeof f.objective, .alphas = numbers, .n_alphas = 1};
    REFUSED(fixture_call(&f, TRAIN), "objective->alphas");
    f.objective = (cmlp_objective){.struct_size = sizeof f.objective, .dropout_rates = f.rates};
    f.objective.n_dropout_rates = f.shape.n_layers - 1;
    REFUSED(fixture_call(&f, TRAIN), "objective->dropout_rates");
    f.objective.dropout_rates = NULL;
    f.objective.n_dropout_rates = 1;
    REFUSED(fixture_call(&f, TRAIN), "objective->dropout_rates");
    f.objective.n_dropout_rates = 0;
    f.epoch.rates = numbers;
    f.epoch.n_rates = 1;
    REFUSED(fixture_call(&f, TRAIN), "epoch->rates");
    f.keeps_lengths = 0;
}

static void test_null(void)
{
    void *const output = f.output, *const params = f.params, *const gradient = f.gradient,
                *const input_gradient = f.input_gradient;
    INVALID(EVERY, CMLP_ERROR_NULL, f.p_net = NULL);
    INVALID(ALL_ROWS, CMLP_ERROR_NULL, f.p_rows = NULL);
    INVALID(ALL_ROWS, CMLP_ERROR_NULL, f.rows.data = NULL);
    INVALID(ALL_TARGETS, CMLP_ERROR_NULL, f.p_targets = NULL);
    INVALID(ALL_TARGETS, CMLP_ERROR_NULL, f.targets.data = NULL);
    INVALID(ALL_TARGETS, CMLP_ERROR_NULL, f.p_objective = NULL);
    INVALID(ALL_ROWS, CMLP_ERROR_NULL, f.p_run = NULL);
    INVALID(ALL_ROWS, CMLP_ERROR_NULL, f.run.workspace = NULL);
    INVALID(ALL_STEPS, CMLP_ERROR_NULL, f.p_optimizer = NULL);
    INVALID(ALL_STEPS, CMLP_ERROR_NULL, f.optimizer.state = NULL);
    INVALID(BIT(TRAIN), CMLP_ERROR_NULL, f.p_epoch = NULL);
    INVALID(BIT(ACTIVATIONS), CMLP_ERROR_NULL, ((void)"activations", f.p_outputs = NULL));
    INVALID(BIT(WEIGHTED_SUMS), CMLP_ERROR_NULL, ((void)"sums", f.p_outputs = NULL));
    INVALID(BIT(DELTAS), CMLP_ERROR_NULL, ((void)"derivatives->deltas", f.p_outputs = NULL));
    test_lengths();
    INVALID(BIT(INIT_PARAMS), CMLP_ERROR_NULL, f.p_random = NULL);
    /* these are outputs themselves: restore them before comparing */
    fixture_reset(&f, FORWARD);
    CHECK(call_forward(f.net, params, &f.rows, NULL, &f.run) == CMLP_ERROR_NULL);
    CHECK(call_forward(f.net, NULL, &f.rows, output, &f.run) == CMLP_ERROR_NULL);
    fixture_reset(&f, GRADIENT);
    CHECK(call_gradient(f.net, params, &f.rows, &f.targets, &f.objective, NULL, NULL, &f.run) == CMLP_ERROR_NULL);
    CHECK(call_gradient(f.net, NULL, &f.rows, &f.targets, &f.objective, gradient, NULL, &f.run) == CMLP_ERROR_NULL);
    CHECK(call_input_gradient(f.net, params, &f.rows, &f.targets, &f.objective, NULL, &f.run) == CMLP_ERROR_NULL);
    CHECK(f.run.refused && !strcmp(f.run.refused, "derivatives->input_gradient"));
    CHECK(call_input_gradient(f.net, NULL, &f.rows, &f.targets, &f.objective, input_gradient, &f.run) ==
          CMLP_ERROR_NULL);
    CHECK(cmlp_train_epoch(f.net, NULL, cmlp_net_n_params(f.net), &f.rows, &f.targets, &f.objective, &f.optimizer,
                           &f.epoch, NULL, &f.run) ==
          CMLP_ERROR_NULL);
    CHECK(cmlp_step(f.net, NULL, cmlp_net_n_params(f.net), gradient, cmlp_net_n_params(f.net), &f.optimizer, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_step(f.net, params, cmlp_net_n_params(f.net), NULL, cmlp_net_n_params(f.net), &f.optimizer, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_net_init_params(f.net, &f.random, NULL, cmlp_net_n_params(f.net), NULL) == CMLP_ERROR_NULL);
}

static void test_structs(void)
{
    INVALID(ALL_ROWS, CMLP_ERROR_STRUCT_SIZE, f.rows.struct_size = 0);
    INVALID(ALL_ROWS, CMLP_ERROR_STRUCT_SIZE, f.run.struct_size--);
    INVALID(ALL_TARGETS, CMLP_ERROR_STRUCT_SIZE, f.targets.struct_size++);
    INVALID(ALL_TARGETS, CMLP_ERROR_STRUCT_SIZE, f.objective.struct_size = 1);
    INVALID(ALL_STEPS, CMLP_ERROR_STRUCT_SIZE, f.optimizer.struct_size = 0);
    INVALID(BIT(TRAIN), CMLP_ERROR_STRUCT_SIZE, f.epoch.struct_size = 0);
    INVALID(BIT(TRAIN), CMLP_ERROR_STRUCT_SIZE, f.result.struct_size = 0);
}

static void test_rows(void)
{
    INVALID(ALL_ROWS, CMLP_ERROR_ROWS, f.rows.kind = 0);
    INVALID(ALL_ROWS, CMLP_ERROR_ROWS, f.rows.kind = 3);
    INVALID(ALL_ROWS, CMLP_ERROR_ROWS, f.rows.n_columns++);
    INVALID(ALL_ROWS, CMLP_ERROR_ROWS, f.rows.n_rows = -1);
    INVALID(ALL_ROWS, CMLP_ERROR_DTYPE, f.rows.dtype = 0);
    INVALID(ALL_ROWS, CMLP_ERROR_DTYPE, f.rows.dtype = 4);
    INVALID(ALL_ROWS, CMLP_ERROR_OPTION, f.rows.scale = NAN);
    INVALID(ALL_ROWS, CMLP_ERROR_OPTION, f.rows.scale = -INFINITY);
    INVALID(ALL_ROWS, CMLP_ERROR_ALIGNMENT, f.rows.data = off(f.x, 1));
    INVALID(ALL_ROWS, CMLP_ERROR_ALIGNMENT, f.rows.row_stride++);
    INVALID(ALL_ROWS, CMLP_ERROR_ALIGNMENT, f.rows.column_stride = -2);
    INVALID(ALL_TARGETS, CMLP_ERROR_ROWS, (f.rows.n_rows = 0, f.targets.n_rows = 0));
    INVALID(ALL_TARGETS, CMLP_ERROR_ROWS, (f.rows.order = f.order, f.rows.n_order = 0));

    f.order[3] = f.n;
    INVALID(ALL_ROWS, CMLP_ERROR_ORDER, (f.rows.order = f.order, f.rows.n_order = f.n));
    f.order[3] = -1;
    INVALID(ALL_ROWS, CMLP_ERROR_ORDER, (f.rows.order = f.order, f.rows.n_order = f.n));
    f.order[3] = 3;
    INVALID(ALL_ROWS, CMLP_ERROR_ROWS, (f.rows.order = f.order, f.rows.n_order = -1));
}

/* Fields that a call does not use, and reserved fields, are 0: a later version can give them a meaning. */
static void test_unused_fields(void)
{
    static double ones[72];
    for (int i = 0; i < 72; i++) ones[i] = 1;
    INVALID(ALL_ROWS, CMLP_ERROR_ROWS, f.rows.n_order = 1);
    INVALID(ALL_ROWS, CMLP_ERROR_ROWS, f.rows.indptr = f.order);
    INVALID(ALL_ROWS, CMLP_ERROR_ROWS, f.rows.indices = f.order);
    INVALID(ALL_ROWS, CMLP_ERROR_ROWS, f.rows.n_values = 1);
    INVALID(ALL_ROWS, CMLP_ERROR_DTYPE, f.rows.index_dtype = CMLP_INT64);
    INVALID(ALL_ROWS, CMLP_ERROR_OPTION, f.rows.reserved = 1);
    INVALID(ALL_ROWS, CMLP_ERROR_OPTION, (f.rows.scale = 2, f.rows.shifts = f.rows.factors = ones));
    INVALID(ALL_ROWS, CMLP_ERROR_OPTION, f.run.reserved = 1);
    INVALID(ALL_TARGETS, CMLP_ERROR_TARGETS, f.targets.column_stride = 4);
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, (f.objective.alpha = 1, f.objective.alphas = ones));
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, f.objective.reserved = 1);
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, f.objective.dropout_step = 1);
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, f.objective.dropout_row = 1);
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, f.objective.dropout_seed = 1);
    INVALID(BIT(TRAIN), CMLP_ERROR_OPTION, (f.objective.dropout_step = 1, f.objective.dropout_rates = f.rates));
    INVALID(BIT(TRAIN), CMLP_ERROR_OPTION, f.epoch.reserved = 1);
    INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.optimizer.reserved = 1);
    f.keeps_lengths = 1; /* of arrays that are NULL */
    INVALID(ALL_TARGETS, CMLP_ERROR_LENGTH, (f.objective.row_weights = NULL, f.objective.n_row_weights = 1));
    INVALID(ALL_TARGETS, CMLP_ERROR_LENGTH, (f.objective.alphas = NULL, f.objective.n_alphas = 1));
    INVALID(ALL_TARGETS, CMLP_ERROR_LENGTH, (f.objective.dropout_rates = NULL, f.objective.n_dropout_rates = 1));
    INVALID(BIT(TRAIN), CMLP_ERROR_LENGTH, (f.epoch.rates = NULL, f.epoch.n_rates = 1));
    INVALID(ALL_STEPS, CMLP_ERROR_NULL, (f.optimizer.signs = NULL, f.optimizer.n_signs = 1));
    f.keeps_lengths = 0;
}

/* run.bad_row is the row of a bad label or weight, and run.bad_element the position of a bad index in `order`. */
static void test_position(void)
{
    const int32_t kept = f.labels[4];
    fixture_reset(&f, GRADIENT);
    f.labels[4] = -1;
    CHECK(fixture_call(&f, GRADIENT) == CMLP_ERROR_CLASS && f.run.bad_row == 4 && f.run.bad_column == -1);
    f.rows.order = f.order;
    f.rows.n_order = 2; /* without row 4 */
    CHECK(f.order[0] != 4 && f.order[1] != 4);
    CHECK(fixture_call(&f, GRADIENT) == CMLP_OK && f.run.bad_row == -1);
    f.order[1] = 4;
    CHECK(fixture_call(&f, GRADIENT) == CMLP_ERROR_CLASS && f.run.bad_row == 4);
    f.labels[4] = kept;
    f.labels[0] -= 100;
    fixture_reset(&f, GRADIENT);
    CHECK(fixture_call(&f, GRADIENT) == CMLP_ERROR_CLASS && f.run.bad_row == 0);
    f.labels[0] += 100;
    fixture_reset(&f, GRADIENT);
    f.rows.order = f.order;
    f.rows.n_order = 2;
    f.order[1] = f.n;
    CHECK(fixture_call(&f, GRADIENT) == CMLP_ERROR_ORDER && f.run.bad_element == 1);
    f.order[1] = 1;
    fixture_reset(&f, TRAIN);
    f.objective.row_weights = f.weights;
    const double weight = f.weights[2];
    f.weights[2] = NAN;
    CHECK(fixture_call(&f, TRAIN) == CMLP_ERROR_WEIGHT && f.run.bad_row == 2 && f.run.bad_element == 2);
    f.weights[2] = weight;
    CHECK(fixture_call(&f, TRAIN) == CMLP_OK && f.run.bad_row == -1);
}

static void test_targets(void)
{
    INVALID(ALL_TARGETS, CMLP_ERROR_TARGETS, f.targets.n_rows--);
    INVALID(ALL_TARGETS, CMLP_ERROR_TARGETS, f.targets.kind = 0);
    INVALID(ALL_TARGETS, CMLP_ERROR_TARGETS, f.targets.n_columns = 1); /* class indices have no columns */
    for (int64_t more = -1; more < 2; more += 2) /* less or more than the outputs */
        INVALID(ALL_TARGETS, CMLP_ERROR_TARGETS,
                (f.targets.kind = CMLP_TARGETS_DENSE, f.targets.data = f.x, f.targets.dtype = f.shape.dtype,
                 f.targets.row_stride = 8, f.targets.n_columns = f.n_out + more));
    INVALID(ALL_TARGETS, CMLP_ERROR_ALIGNMENT, f.targets.data = off(f.labels, 2));
    INVALID(ALL_TARGETS, CMLP_ERROR_ALIGNMENT, f.targets.row_stride = 6);
    INVALID(ALL_TARGETS, CMLP_ERROR_DTYPE,
            (f.targets.kind = CMLP_TARGETS_DENSE, f.targets.n_columns = f.n_out, f.targets.dtype = 0));
    INVALID(ALL_TARGETS, CMLP_ERROR_DTYPE, f.targets.dtype = CMLP_INT64);
    INVALID(ALL_TARGETS, CMLP_ERROR_ALIGNMENT,
            (f.targets.kind = CMLP_TARGETS_DENSE, f.targets.n_columns = f.n_out, f.targets.dtype = CMLP_FLOAT64,
             f.targets.row_stride = 24, f.targets.column_stride = 4));
    const int32_t kept = f.labels[4];
    f.labels[4] = (int32_t)f.n_out;
    INVALID(ALL_TARGETS, CMLP_ERROR_CLASS, (void)0);
    f.labels[4] = -1;
    INVALID(ALL_TARGETS, CMLP_ERROR_CLASS, (void)0);
    f.labels[4] = kept;
}

static int unused_loss(void *context, const cmlp_loss_call *rows) { return context || rows; }

/* A loss that has no logarithm of a probability has none to clip. */
static void test_clip_of_other_losses(void)
{
    static fixture g;
    shape s = {.n_layers = 3, .sizes = {4, 5, 2}, .hidden = CMLP_ACTIVATION_TANH, .output = CMLP_ACTIVATION_IDENTITY,
               .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT32, .solver = CMLP_SOLVER_SGD, .rows = 5, .batch = 5};
    fixture_make(&g, &s);
    fixture_reset(&g, COST);
    g.objective.log_loss_clip = 1e-7;
    CHECK(fixture_call(&g, COST) == CMLP_ERROR_OPTION && !strcmp(g.run.refused, "objective->log_loss_clip"));
    g.objective.log_loss_clip = 0;
    CHECK(fixture_call(&g, COST) == CMLP_OK);
    fixture_free(&g);
}

static void test_objective(void)
{
    const double bad[] = {-1, NAN, INFINITY};
    for (int i = 0; i < 3; i++) {
        INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, f.objective.alpha = bad[i]);
        INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, f.objective.loss_scale = bad[i]);
        INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, f.objective.log_loss_clip = bad[i]);
        const double kept = f.weights[2];
        f.weights[2] = bad[i];
        INVALID(ALL_TARGETS, CMLP_ERROR_WEIGHT, f.objective.row_weights = f.weights);
        f.weights[2] = kept;
    }
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, f.objective.log_loss_clip = 0.5);
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, (f.objective.log_loss_clip = 0.1, f.objective.loss = unused_loss));
    double rates[8] = {0};
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, (rates[0] = 1, f.objective.dropout_rates = rates));
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, (rates[0] = NAN, f.objective.dropout_rates = rates));
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, (rates[0] = -0.1, f.objective.dropout_rates = rates));
    CHECK(f.run.bad_element == 0);
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, (rates[0] = -0.1, f.objective.alphas = rates));
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, (rates[0] = 0, rates[1] = INFINITY, f.objective.alphas = rates));
    CHECK(f.run.bad_element == 1);
    INVALID(ALL_TARGETS, CMLP_ERROR_OPTION, (f.objective.dropout_row = -1, f.objective.dropout_rates = rates));
    INVALID(ALL_TARGETS, CMLP_ERROR_BUFFER_SIZE, ((void)"workspace_size", rates[0] = 0.5,
                                                  f.objective.dropout_rates = rates));
    memset(f.weights, 0, (size_t)f.n * sizeof *f.weights);
    INVALID(ALL_TARGETS, CMLP_ERROR_WEIGHT, f.objective.row_weights = f.weights);
}

static void test_run(void)
{
    INVALID(ALL_ROWS, CMLP_ERROR_THREADS, f.run.n_threads = -1);
    INVALID(ALL_ROWS, CMLP_ERROR_THREADS, f.run.n_threads = INT32_MIN);
    INVALID(ALL_ROWS, CMLP_ERROR_BUFFER_SIZE, f.run.workspace_size = 0);
    INVALID(ALL_ROWS, CMLP_ERROR_BUFFER_SIZE, f.run.workspace_size--);
}

static void test_optimizer(void)
{
    const double bad[] = {-1e-9, NAN, INFINITY};
    for (int i = 0; i < 3; i++) {
        INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.optimizer.learning_rate = bad[i]);
        INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.optimizer.beta_1 = bad[i]);
        INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.optimizer.beta_2 = bad[i]);
        INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.optimizer.epsilon = bad[i]);
        INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.optimizer.max_norm = bad[i]);
        INVALID(ALL_STEPS, CMLP_ERROR_OPTION,
                (f.optimizer.solver = CMLP_SOLVER_ADAMW, f.optimizer.weight_decay = bad[i]));
        INVALID(ALL_STEPS, CMLP_ERROR_OPTION, (f.state->n_steps = 1, f.state->beta_1_power = bad[i]));
        INVALID(ALL_STEPS, CMLP_ERROR_OPTION, (f.state->n_steps = 1, f.state->beta_2_power = bad[i]));
        INVALID(ALL_STEPS, CMLP_ERROR_OPTION,
                (f.optimizer.solver = CMLP_SOLVER_NESTEROV, f.optimizer.momentum = bad[i]));
    }
    static cmlp_sign signs[4096];
    INVALID(ALL_STEPS, CMLP_ERROR_LENGTH, (f.optimizer.signs = signs, f.optimizer.n_signs = f.n_params - 1));
    INVALID(ALL_STEPS, CMLP_ERROR_LENGTH, (f.optimizer.signs = signs, f.optimizer.n_signs = f.n_params + 1));
    for (int i = -1; i < 2; i += 2) {
        signs[1] = (cmlp_sign)(i < 0 ? CMLP_SIGN_NEGATIVE - 1 : CMLP_SIGN_ZERO + 1);
        INVALID(ALL_STEPS, CMLP_ERROR_OPTION, (f.optimizer.signs = signs, f.optimizer.n_signs = f.n_params));
        CHECK(f.run.bad_element == 1);
    }
    INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.optimizer.beta_1 = 1);
    INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.optimizer.beta_2 = 1);
    INVALID(ALL_STEPS, CMLP_ERROR_OPTION, (f.optimizer.solver = CMLP_SOLVER_MOMENTUM, f.optimizer.momentum = 1.001));
    INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.state->n_steps = -1);
    for (int i = 0; i < 4; i++) INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.state->reserved[i] = 1);
    INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.optimizer.solver = 0);
    INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.optimizer.solver = 6);
    INVALID(ALL_STEPS, CMLP_ERROR_BUFFER_SIZE, f.optimizer.state_size--);
    INVALID(ALL_STEPS, CMLP_ERROR_ALIGNMENT, f.optimizer.state = off(f.state, 4));
    INVALID(ALL_STEPS, CMLP_ERROR_NULL, (f.optimizer.solver = CMLP_SOLVER_SGD, f.optimizer.state = NULL));
    INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.optimizer.learning_rate = 0);
}

static void test_epoch(void)
{
    double rates[8] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
    const double bad[] = {-1, NAN, INFINITY};
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k += 2) {
            rates[k] = bad[i];
            INVALID(BIT(TRAIN), CMLP_ERROR_OPTION, f.epoch.rates = rates);
            CHECK(f.run.bad_element == k);
            rates[k] = 0.1;
        }
    }
    INVALID(BIT(TRAIN), CMLP_ERROR_BATCH, f.epoch.batch_size = -1);
    INVALID(BIT(TRAIN), CMLP_ERROR_BATCH, f.epoch.batch_size = INT64_MIN);
    INVALID(BIT(TRAIN), CMLP_ERROR_BATCH, f.epoch.first_batch = -1);
    INVALID(BIT(TRAIN), CMLP_ERROR_BATCH, f.epoch.first_batch = INT64_MAX);
    INVALID(BIT(TRAIN), CMLP_ERROR_BATCH, (f.result.rows_done = -1, f.epoch.before = &f.result));
}

/* Counters that would overflow during the call. */
static void test_largest_counters(void)
{
    INVALID(ALL_STEPS, CMLP_ERROR_OPTION, f.state->n_steps = INT64_MAX);
    INVALID(BIT(TRAIN), CMLP_ERROR_OPTION, (f.epoch.batch_size = 1, f.state->n_steps = INT64_MAX - f.n + 1));
    INVALID(BIT(TRAIN), CMLP_ERROR_BATCH, (f.result.rows_done = INT64_MAX, f.epoch.before = &f.result));
    INVALID(BIT(TRAIN), CMLP_ERROR_BATCH, (f.result.rows_done = INT64_MAX - f.n + 1, f.epoch.before = &f.result));
}

/* Arrays of numbers at addresses that are not multiples of 8. */
static void test_unaligned_arrays(void)
{
    static int64_t positions[72];
    static double numbers[72];
    INVALID(ALL_ROWS, CMLP_ERROR_ALIGNMENT, (f.rows.order = off(positions, 4), f.rows.n_order = 1));
    INVALID(ALL_TARGETS, CMLP_ERROR_ALIGNMENT, f.objective.row_weights = off(numbers, 4));
    INVALID(ALL_TARGETS, CMLP_ERROR_ALIGNMENT, f.objective.alphas = off(numbers, 4));
    INVALID(ALL_TARGETS, CMLP_ERROR_ALIGNMENT, f.objective.dropout_rates = off(numbers, 4));
    INVALID(BIT(TRAIN), CMLP_ERROR_ALIGNMENT, f.epoch.rates = off(numbers, 4));
}

static void test_alignment(void)
{
    fixture_reset(&f, GRADIENT);
    const uint64_t before = fixture_hash(&f);
    void *const params = off(f.params, 1), *const gradient = off(f.gradient, 1);
    CHECK(cmlp_net_init_params(f.net, &f.random, params, cmlp_net_n_params(f.net), NULL) == CMLP_ERROR_ALIGNMENT);
    CHECK(call_forward(f.net, params, &f.rows, f.output, &f.run) == CMLP_ERROR_ALIGNMENT);
    CHECK(call_forward(f.net, f.params, &f.rows, off(f.output, 1), &f.run) == CMLP_ERROR_ALIGNMENT);
    CHECK(call_activations(f.net, f.params, &f.rows, off(f.outputs[0], 1), f.n_outputs, &f.run) == CMLP_ERROR_ALIGNMENT);
    CHECK(call_cost(f.net, params, &f.rows, &f.targets, &f.objective, &f.cost, NULL, &f.run) == CMLP_ERROR_ALIGNMENT);
    CHECK(call_gradient(f.net, f.params, &f.rows, &f.targets, &f.objective, gradient, &f.cost, &f.run) ==
          CMLP_ERROR_ALIGNMENT);
    CHECK(call_input_gradient(f.net, f.params, &f.rows, &f.targets, &f.objective, off(f.input_gradient, 1), &f.run) ==
          CMLP_ERROR_ALIGNMENT);
    CHECK(cmlp_step(f.net, params, cmlp_net_n_params(f.net), f.gradient, cmlp_net_n_params(f.net), &f.optimizer, NULL) == CMLP_ERROR_ALIGNMENT);
    CHECK(cmlp_step(f.net, f.params, cmlp_net_n_params(f.net), gradient, cmlp_net_n_params(f.net), &f.optimizer, NULL) == CMLP_ERROR_ALIGNMENT);
    CHECK(fixture_hash(&f) == before);
    fixture_reset(&f, TRAIN);
    CHECK(cmlp_train_epoch(f.net, params, cmlp_net_n_params(f.net), &f.rows, &f.targets, &f.objective, &f.optimizer,
                           &f.epoch, NULL, &f.run) ==
          CMLP_ERROR_ALIGNMENT);
    CHECK(fixture_hash(&f) == before);
}

/* Memory that does not hold a net is rejected. */
static void test_not_a_net(void)
{
    static _Alignas(64) unsigned char nothing[8192];
    const cmlp_net *const fake = (cmlp_net *)nothing;
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    size_t bytes;
    INVALID(EVERY, CMLP_ERROR_NET, f.p_net = fake);
    INVALID(EVERY, CMLP_ERROR_ALIGNMENT, f.p_net = (cmlp_net *)(void *)(nothing + 2));
    CHECK(cmlp_net_n_params(fake) == 0 && cmlp_net_n_params(NULL) == 0);
    CHECK(cmlp_net_isa(fake) == 0 && cmlp_net_isa(NULL) == 0);
    memset(nothing, 0x7f, sizeof nothing);
    for (size_t right = 0; right < 8; right++) { /* bytes of a net */
        memcpy(nothing, f.net, right);
        CHECK(cmlp_net_n_params(fake) == 0 && cmlp_net_isa(fake) == 0);
    }
    CHECK(cmlp_net_describe_layer(fake, 0, &layer, NULL) == CMLP_ERROR_NET);
    CHECK(call_workspace(fake, CALL_TRAIN, 1, 1, &bytes) == CMLP_ERROR_NET);
    CHECK(cmlp_optimizer_state_size(fake, SOLVER(CMLP_SOLVER_SGD), &bytes, NULL) == CMLP_ERROR_NET);
    CHECK(cmlp_optimizer_state_size(NULL, SOLVER(CMLP_SOLVER_SGD), &bytes, NULL) == CMLP_ERROR_NULL);
}

int main(void)
{
    const shape s = {3, {4, 5, 3}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .dtype = CMLP_FLOAT32,
                     .solver = CMLP_SOLVER_ADAM, .rows = 12, .batch = 5};
    fixture_make(&f, &s);
    test_null();
    test_structs();
    test_rows();
    test_position();
    test_targets();
    test_run();
    test_optimizer();
    test_epoch();
    test_unused_fields();
    test_largest_counters();
    test_unaligned_arrays();
    test_alignment();
    test_not_a_net();
    test_objective();
    test_clip_of_other_losses();
    fixture_free(&f);
    return finish();
}
