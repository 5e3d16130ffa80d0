/* CSR arrays that another thread changes during calls: results are unspecified, but nothing outside the buffers is read
 * or written. All buffers end at guard pages; run under AddressSanitizer, the workspace is checked as well. */
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "../../include/cmlp.h"
#include "workspace.h"

enum { ROWS = 300, COLUMNS = 700, HIDDEN = 70, OUTPUTS = 3, STORED = 40, N_VALUES = ROWS * STORED, CALLS = 60 };

typedef struct arrays {
    slot values, indices, indptr;
    int32_t index_dtype;
    atomic_int stop;
} arrays;

static void set_index(const arrays *a, const slot *list, int64_t i, int64_t value)
{
    void *data = list->data;
    if (a->index_dtype == CMLP_INT64)
        ((volatile int64_t *)data)[i] = value;
    else
        ((volatile int32_t *)data)[i] = (int32_t)value;
}

static void set_row(const arrays *a, int64_t row)
{
    set_index(a, &a->indptr, row, row * STORED);
    for (int64_t p = 0; p < STORED && row < ROWS; p++)
        set_index(a, &a->indices, row * STORED + p, p * (COLUMNS / STORED) + row % 17);
}

/* Writes random indices and row pointers, and sometimes restores the valid ones. */
static void *change(void *context)
{
    arrays *a = context;
    uint64_t state = 5;
    for (int64_t round = 0; !atomic_load(&a->stop); round++) {
        static const int64_t wild[] = {-1, 0, 1, COLUMNS - 1, COLUMNS, N_VALUES, N_VALUES + 1, INT32_MAX, INT32_MIN};
        const int64_t row = random_below(&state, ROWS + 1), any = wild[random_below(&state, 9)];
        switch (random_below(&state, 6)) {
        case 0: set_index(a, &a->indptr, row, any); break;
        case 1: set_index(a, &a->indptr, row, random_below(&state, N_VALUES + 1)); break;
        case 2: set_index(a, &a->indices, random_below(&state, N_VALUES), any); break;
        case 3:
            for (int64_t p = 0; p < STORED && row < ROWS; p++) set_index(a, &a->indices, row * STORED + p, 7);
            break;
        default: ((volatile float *)a->values.data)[random_below(&state, N_VALUES)] = (float)any; break;
        }
        if (round % 8) continue;
        for (int64_t i = 0; i <= ROWS; i++) set_row(a, i);
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL); /* so that some calls start with valid arrays */
    }
    return NULL;
}

typedef struct job {
    const cmlp_net *net;
    cmlp_rows rows;
    cmlp_targets targets;
    cmlp_objective objective;
    cmlp_optimizer optimizer;
    cmlp_optimizer_state state;
    cmlp_epoch epoch;
    cmlp_run run;
    slot params, gradient, output, workspace;
} job;

static void size_workspace(job *j, int call, int64_t rows)
{
    CHECK(call_workspace(j->net, call | CALL_CSR, rows, 2, &j->run.workspace_size) == CMLP_OK);
    j->run.workspace = slot_place(&j->workspace, j->run.workspace_size, AT_END, 0);
}

/* Every call returns, and some calls find valid arrays when they start; on a busy machine it takes more of them. */
static void call_all(job *j)
{
    int begun = 0;
    for (int i = 0; i < CALLS || (begun <= CALLS / 10 && i < 100 * CALLS); i++) {
        size_workspace(j, CALL_FORWARD, ROWS);
        begun += call_forward(j->net, j->params.data, &j->rows, j->output.data, &j->run) == CMLP_OK;
        size_workspace(j, CALL_GRADIENT, ROWS);
        begun += call_gradient(j->net, j->params.data, &j->rows, &j->targets, &j->objective, j->gradient.data, NULL,
                               &j->run) != CMLP_ERROR_SPARSE;
        size_workspace(j, CALL_TRAIN, 128);
        begun += cmlp_train_epoch(j->net, j->params.data, cmlp_net_n_params(j->net), &j->rows, &j->targets,
                                  &j->objective, &j->optimizer, &j->epoch, NULL, &j->run) != CMLP_ERROR_SPARSE;
        memset(j->params.data, 0, (size_t)cmlp_net_n_params(j->net) * sizeof(float));
    }
    CHECK(begun > CALLS / 10);
}

static void run_with(int32_t index_dtype, double scale, int by_column)
{
    static double shifts[COLUMNS], factors[COLUMNS];
    static int32_t labels[ROWS];
    static const int64_t sizes[] = {COLUMNS, HIDDEN, OUTPUTS};
    static const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX};
    arrays a = {.index_dtype = index_dtype};
    job j = {.rows = CMLP_INIT(cmlp_rows), .targets = CMLP_INIT(cmlp_targets), .objective = CMLP_INIT(cmlp_objective),
             .optimizer = CMLP_INIT(cmlp_optimizer), .epoch = CMLP_INIT(cmlp_epoch), .run = CMLP_INIT(cmlp_run)};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    const size_t index = index_dtype == CMLP_INT64 ? 8 : 4;
    pthread_t other;
    size_t most = 0, bytes;
    static unsigned char net_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &j.net, NULL) == CMLP_OK);
    const size_t block = (size_t)cmlp_net_n_params(j.net) * sizeof(float);
    for (int call = CALL_FORWARD; call <= CALL_TRAIN; call++) {
        CHECK(call_workspace(j.net, call | CALL_CSR, ROWS, 2, &bytes) == CMLP_OK);
        if (bytes > most) most = bytes;
    }
    slot_make(&j.workspace, most);
    slot_make(&j.params, block);
    slot_make(&j.gradient, block);
    slot_make(&j.output, ROWS * OUTPUTS * sizeof(float));
    slot_make(&a.values, N_VALUES * sizeof(float));
    slot_make(&a.indices, N_VALUES * index);
    slot_make(&a.indptr, (ROWS + 1) * index);
    slot_place(&j.params, block, AT_END, 0);
    slot_place(&j.gradient, block, AT_END, 0);
    slot_place(&j.output, ROWS * OUTPUTS * sizeof(float), AT_END, 0);
    slot_place(&a.values, N_VALUES * sizeof(float), AT_END, 0);
    slot_place(&a.indices, N_VALUES * index, AT_END, 0);
    slot_place(&a.indptr, (ROWS + 1) * index, AT_END, 0);
    memset(j.params.data, 0, block);
    memset(a.values.data, 0, N_VALUES * sizeof(float));
    for (int64_t i = 0; i <= ROWS; i++) set_row(&a, i);
    j.rows.kind = CMLP_ROWS_CSR;
    j.rows.dtype = CMLP_FLOAT32;
    j.rows.index_dtype = index_dtype;
    j.rows.scale = scale;
    for (int64_t i = 0; i < COLUMNS; i++) factors[i] = 1 + (double)i;
    j.rows.shifts = by_column ? shifts : NULL;
    j.rows.factors = by_column ? factors : NULL;
    j.rows.n_rows = ROWS;
    j.rows.n_columns = COLUMNS;
    j.rows.n_values = N_VALUES;
    j.rows.data = a.values.data;
    j.rows.indices = a.indices.data;
    j.rows.indptr = a.indptr.data;
    j.targets.kind = CMLP_TARGETS_CLASSES;
    j.targets.n_rows = ROWS;
    j.targets.data = labels;
    j.targets.row_stride = sizeof *labels;
    j.objective.loss_scale = 1;
    j.optimizer.solver = CMLP_SOLVER_SGD;
    j.optimizer.learning_rate = 0.1;
    j.optimizer.state = &j.state;
    j.optimizer.state_size = sizeof j.state;
    j.epoch.batch_size = 128;
    j.run.n_threads = 2;
    CHECK(!pthread_create(&other, NULL, change, &a));
    call_all(&j);
    atomic_store(&a.stop, 1);
    pthread_join(other, NULL);
    slot *const slots[] = {&j.workspace, &j.params, &j.gradient, &j.output, &a.values, &a.indices, &a.indptr};
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) slot_free(slots[i]);
}

int main(void)
{
    run_with(CMLP_INT32, 1, 0);
    run_with(CMLP_INT64, 1, 0);
    run_with(CMLP_INT32, 0.5, 0); /* values are converted into scratch memory */
    run_with(CMLP_INT64, 0.5, 0);
    run_with(CMLP_INT32, 1, 1); /* with the factors of their columns */
    run_with(CMLP_INT64, 1, 1);
    return finish();
}
