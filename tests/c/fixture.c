#include "fixture.h"
#include "workspace.h"
#include "../../src/cmlp/core/net/tuning_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const call_names[CALLS] = {"cmlp_net_init_params",   "cmlp_forward", "activations",
                                       "cmlp_weighted_sums", "cmlp_cost",    "cmlp_gradient",
                                       "cmlp_input_gradient", "cmlp_deltas",  "cmlp_step",
                                       "cmlp_train_epoch"};

#define MARK 0x5a

static void must(int status, const char *what)
{
    if (status == CMLP_OK) return;
    fprintf(stderr, "%s: %s\n", what, cmlp_status_name(status));
    exit(2);
}

void *fixture_block(fixture *f, size_t bytes)
{
    slot *s = &f->slots[f->n_slots++];
    slot_make(s, bytes);
    return slot_place(s, bytes, AT_END, 0);
}

static void make_net(fixture *f)
{
    const shape *s = &f->shape;
    for (int32_t l = 0; l < s->n_layers - 1; l++) f->activations[l] = l == s->n_layers - 2 ? s->output : s->hidden;
    f->config = (cmlp_net_config){.struct_size = sizeof f->config,
                                  .sizes = f->shape.sizes,
                                  .activations = f->activations,
                                  .n_layers = s->n_layers,
                                  .loss = s->loss,
                                  .dtype = s->dtype,
                                  .isa_mask = s->isa};
    must(cmlp_net_size(&f->config, &f->net_bytes, NULL), "cmlp_net_size");
    f->net_memory = fixture_block(f, f->net_bytes);
    must(cmlp_net_init(f->net_memory, f->net_bytes, &f->config, &f->net, NULL), "cmlp_net_init");
    if (s->tuning) must(cmlpi_net_tune(f->net, s->tuning - 1), "cmlpi_net_tune");
    f->n_params = cmlp_net_n_params(f->net);
    f->n_in = s->sizes[0];
    f->n_out = s->sizes[s->n_layers - 1];
}

static void make_data(fixture *f)
{
    const size_t size = size_of(f->shape.dtype);
    uint64_t state = 11;
    f->n = f->shape.rows;
    f->x = fixture_block(f, (size_t)(f->n * f->n_in) * size);
    f->labels = fixture_block(f, (size_t)f->n * sizeof *f->labels);
    f->weights = fixture_block(f, (size_t)f->n * sizeof *f->weights);
    f->order = fixture_block(f, (size_t)f->n * sizeof *f->order);
    f->rates = fixture_block(f, (size_t)(f->shape.n_layers - 2) * sizeof *f->rates);
    for (int32_t l = 0; l < f->shape.n_layers - 2; l++) f->rates[l] = f->shape.dropout;
    for (int64_t i = 0; i < f->n * f->n_in; i++) put(f->shape.dtype, f->x, i, uniform(&state, -1, 1));
    for (int64_t i = 0; i < f->shape.n_sparse * f->n_in; i++) {
        const int64_t row = i / f->n_in, column = i % f->n_in;
        if (random_below(&state, 1 + row % 3) || (column + row / 75 * 12) % 32 < 12) /* whole columns for 75 rows */
            put(f->shape.dtype, f->x, i, i % 2 ? 0 : -0.0);
    }
    for (int64_t i = 0; i < f->n; i++) {
        f->labels[i] = (int32_t)random_below(&state, f->n_out);
        f->weights[i] = (double)random_below(&state, 3) + 0.5;
        const int64_t j = random_below(&state, i + 1);
        f->order[i] = f->order[j];
        f->order[j] = i;
    }
    f->positive = fixture_block(f, (size_t)(f->n * f->n_out) * sizeof *f->positive);
    for (int64_t i = 0; i < f->n * f->n_out; i++) f->positive[i] = 0.5f + (float)(i % f->n_out == f->labels[i / f->n_out]);
}

static void make_blocks(fixture *f)
{
    const size_t size = size_of(f->shape.dtype);
    f->params = fixture_block(f, (size_t)f->n_params * size);
    f->initial = fixture_block(f, (size_t)f->n_params * size);
    f->gradient = fixture_block(f, (size_t)f->n_params * size);
    f->input_gradient = fixture_block(f, (size_t)(f->n * f->n_in) * size);
    for (int32_t l = 1; l < f->shape.n_layers; l++) f->n_outputs += f->n * f->shape.sizes[l];
    f->outputs[0] = fixture_block(f, (size_t)f->n_outputs * size);
    for (int32_t l = 1; l < f->shape.n_layers - 1; l++)
        f->outputs[l] = (char *)f->outputs[l - 1] + (size_t)(f->n * f->shape.sizes[l]) * size;
    f->output = f->outputs[f->shape.n_layers - 2];
    must(cmlp_optimizer_state_size(f->net, SOLVER(f->shape.solver), &f->state_size, NULL),
         "cmlp_optimizer_state_size");
    f->state = fixture_block(f, (f->state_size + 7) / 8 * 8); /* at the end of a page, and aligned */
    cmlp_random_seed(&f->random, 5);
    must(cmlp_net_init_params(f->net, &f->random, f->initial, cmlp_net_n_params(f->net), NULL), "cmlp_net_init_params");
}

static int workspace_call(call c)
{
    if (c == FORWARD || c == ACTIVATIONS || c == WEIGHTED_SUMS) return CALL_FORWARD;
    return c == TRAIN ? CALL_TRAIN : CALL_GRADIENT;
}

static size_t workspace_size(const fixture *f, call c)
{
    const int64_t rows = c == TRAIN ? f->shape.batch : f->n;
    size_t bytes;
    const int kind = workspace_call(c), dropout = kind != CALL_FORWARD && f->shape.dropout > 0;
    must(call_workspace(f->net, kind + dropout * CALL_DROPOUT, rows, f->shape.n_threads, &bytes),
         "cmlp_net_workspace_size");
    return bytes;
}

void fixture_make(fixture *f, const shape *s)
{
    memset(f, 0, sizeof *f);
    f->shape = *s;
    if (!f->shape.n_threads) f->shape.n_threads = 1;
    make_net(f);
    make_data(f);
    make_blocks(f);
    size_t most = 0;
    for (call c = 0; c < CALLS; c++) most = workspace_size(f, c) > most ? workspace_size(f, c) : most;
    slot_make(&f->workspace, most);
}

void fixture_free(fixture *f)
{
    for (int i = 0; i < f->n_slots; i++) slot_free(&f->slots[i]);
    slot_free(&f->workspace);
}

static void reset_structs(fixture *f, call c)
{
    const int64_t size = (int64_t)size_of(f->shape.dtype);
    const size_t workspace = workspace_size(f, c);
    f->rows = (cmlp_rows){.struct_size = sizeof f->rows, .data = f->x, .n_rows = f->n, .n_columns = f->n_in,
                          .row_stride = f->n_in * size, .column_stride = size, .scale = 1,
                          .order = f->shape.with_order ? f->order : NULL, .n_order = f->shape.with_order ? f->n : 0,
                          .kind = CMLP_ROWS_DENSE,
                          .dtype = f->shape.dtype};
    f->targets = (cmlp_targets){.struct_size = sizeof f->targets, .data = f->labels, .n_rows = f->n,
                                .row_stride = sizeof(int32_t), .kind = CMLP_TARGETS_CLASSES};
    if (f->config.loss == CMLP_LOSS_GAMMA) f->targets = cmlp_dense_targets(f->positive, CMLP_FLOAT32, f->n, f->n_out);
    f->objective = (cmlp_objective){.struct_size = sizeof f->objective, .alpha = f->shape.alpha, .loss_scale = 1,
                                    .row_weights = f->shape.with_weights ? f->weights : NULL,
                                    .dropout_rates = f->shape.dropout > 0 ? f->rates : NULL,
                                    .dropout_seed = f->shape.dropout > 0 ? 7 : 0};
    f->optimizer = (cmlp_optimizer){.struct_size = sizeof f->optimizer, .state = f->state, .state_size = f->state_size,
                                    .learning_rate = 0.05, .momentum = 0.9, .beta_1 = 0.9, .beta_2 = 0.999,
                                    .epsilon = 1e-8, .weight_decay = 0.1, .max_norm = f->shape.max_norm,
                                    .solver = f->shape.solver};
    f->epoch = (cmlp_epoch){.struct_size = sizeof f->epoch, .batch_size = f->shape.batch};
    f->result = (cmlp_epoch_result){.struct_size = sizeof f->result, .cost = -7, .penalty = -7, .gradient_norm = -7,
                                    .n_batches = -7};
    f->workers = NULL;
    f->run = (cmlp_run){.struct_size = sizeof f->run, .workspace = slot_place(&f->workspace, workspace, AT_END, 0),
                        .workspace_size = workspace, .bad_row = -7, .bad_column = -7, .n_threads = f->shape.n_threads};
}

/* Gives the arrays of the structs the length that they have, unless a test sets them. */
static void set_lengths(fixture *f)
{
    if (f->keeps_lengths) return;
    f->objective.n_row_weights = f->objective.row_weights ? f->rows.n_rows : 0;
    f->objective.n_alphas = f->objective.alphas ? f->shape.n_layers - 1 : 0;
    f->objective.n_dropout_rates = f->objective.dropout_rates ? f->shape.n_layers - 2 : 0;
    const int64_t n = f->rows.order ? f->rows.n_order : f->rows.n_rows, batch = f->epoch.batch_size;
    f->epoch.n_rates = !f->epoch.rates ? 0 : batch > 0 ? (n - 1) / batch + 1 : 1;
}

void fixture_reset(fixture *f, call c)
{
    const size_t size = size_of(f->shape.dtype), params = (size_t)f->n_params * size;
    reset_structs(f, c);
    memcpy(f->params, f->initial, params);
    memset(f->gradient, MARK, params);
    memset(f->input_gradient, MARK, (size_t)(f->n * f->n_in) * size);
    for (int32_t l = 1; l < f->shape.n_layers; l++)
        memset(f->outputs[l - 1], MARK, (size_t)(f->n * f->shape.sizes[l]) * size);
    if (c == STEP) /* the only call whose input is a gradient */
        for (int64_t i = 0; i < f->n_params; i++)
            put(f->shape.dtype, f->gradient, i, 0.125 * get(f->shape.dtype, f->initial, f->n_params - 1 - i));
    memset(f->state, 0, f->state_size);
    f->state->beta_1_power = 1; /* as a call without a complete batch leaves them */
    f->state->beta_2_power = 1;
    memset(f->run.workspace, 0xff, f->run.workspace_size); /* NaN: the calls must not read the previous contents */
    f->cost = f->plain_cost = -7;
    cmlp_random_seed(&f->random, 5);
    f->p_net = f->net;
    f->p_random = &f->random;
    f->p_rows = &f->rows;
    f->p_targets = &f->targets;
    f->p_objective = &f->objective;
    f->p_optimizer = &f->optimizer;
    f->p_epoch = &f->epoch;
    f->p_result = &f->result;
    f->p_run = &f->run;
    f->p_cost = &f->cost;
    f->p_plain_cost = &f->plain_cost;
    f->p_outputs = f->outputs[0];
    set_lengths(f);
}

int fixture_call(fixture *f, call c)
{
    const int64_t length = length_of(f->p_rows, all_sizes(f->net));
    set_lengths(f);
    switch (c) {
    case INIT_PARAMS: return cmlp_net_init_params(f->p_net, f->p_random, f->params, f->n_params, f->p_run);
    case FORWARD: return call_forward(f->p_net, f->params, f->p_rows, f->output, f->p_run);
    case ACTIVATIONS:
        return call_activations(f->p_net, f->params, f->p_rows, f->p_outputs, length, f->p_run);
    case WEIGHTED_SUMS:
        return call_sums(f->p_net, f->params, f->p_rows, f->p_outputs, length, f->p_run);
    case DELTAS:
        return call_deltas(f->p_net, f->params, f->p_rows, f->p_targets, f->p_objective, f->p_outputs, f->p_run);
    case COST:
        return call_cost(f->p_net, f->params, f->p_rows, f->p_targets, f->p_objective, f->p_cost, f->p_plain_cost,
                         f->p_run);
    case GRADIENT:
        return call_gradient(f->p_net, f->params, f->p_rows, f->p_targets, f->p_objective, f->gradient, f->p_cost,
                             f->p_run);
    case INPUT_GRADIENT:
        return call_input_gradient(f->p_net, f->params, f->p_rows, f->p_targets, f->p_objective, f->input_gradient,
                                   f->p_run);
    case STEP:
        return cmlp_step(f->p_net, f->params, f->n_params, f->gradient, f->n_params, f->p_optimizer, f->p_run);
    default:
        if (f->workers) f->epoch.workers = f->workers;
        return cmlp_train_epoch(f->p_net, f->params, f->n_params, f->p_rows, f->p_targets,
                                f->p_objective, f->p_optimizer, f->p_epoch, f->p_result, f->p_run);
    }
}

void fixture_attempt(void *context)
{
    attempt *a = context;
    a->status = fixture_call(a->f, a->c);
}

/* Hashes the blocks of the fixture, even if a test has changed the pointers. */
uint64_t fixture_hash(const fixture *f)
{
    const int32_t dtype = f->shape.dtype;
    const double numbers[] = {f->cost, f->plain_cost, f->result.cost, f->result.penalty, f->result.gradient_norm,
                              (double)f->result.n_batches, (double)f->random.position};
    uint64_t hash = hash_elements(fixture_trained(f), dtype, f->gradient, f->n_params);
    hash = hash_elements(hash, dtype, f->input_gradient, f->n * f->n_in);
    for (int32_t l = 1; l < f->shape.n_layers; l++)
        hash = hash_elements(hash, dtype, f->outputs[l - 1], f->n * f->shape.sizes[l]);
    return hash_elements(hash, CMLP_FLOAT64, numbers, (int64_t)(sizeof numbers / sizeof *numbers));
}

uint64_t fixture_trained(const fixture *f)
{
    const int32_t dtype = f->shape.dtype;
    const double counters[] = {(double)f->state->n_steps, f->state->beta_1_power, f->state->beta_2_power};
    const int64_t blocks = f->shape.solver == CMLP_SOLVER_SGD ? 0 : f->shape.solver >= CMLP_SOLVER_ADAM ? 2 : 1;
    uint64_t hash = hash_elements(HASH_START, dtype, f->params, f->n_params);
    hash = hash_elements(hash, dtype, f->state + 1, blocks * f->n_params);
    return hash_elements(hash, CMLP_FLOAT64, counters, 3);
}

int fixture_intact(const fixture *f)
{
    for (int i = 0; i < f->n_slots; i++)
        if (!slot_intact(&f->slots[i])) return 0;
    return slot_intact(&f->workspace);
}

uint64_t fixture_outcome(fixture *f, call c)
{
    fixture_reset(f, c);
    const int status = fixture_call(f, c);
    check_that(status == CMLP_OK, "%s: %s", call_names[c], cmlp_status_name(status));
    return fixture_hash(f);
}

int available_isas(cmlp_isa list[8])
{
    int n = 0;
    for (cmlp_isa isa = 1; isa < 256; isa *= 2)
        if (cmlp_cpu_isa_mask() & isa) list[n++] = isa;
    return n;
}

int in_software(cmlp_isa isa, int32_t dtype)
{
    return isa == CMLP_ISA_GENERIC && dtype == CMLP_FLOAT64 && cmlp_cpu_isa_mask() != CMLP_ISA_GENERIC;
}
