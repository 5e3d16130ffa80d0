/* Training that is cancelled within an epoch and continued is bit-identical to training without a break. */
#include "journey.h"

static float x[N_ROWS * N_IN];
static int32_t y[N_ROWS];

static int stop(void *context) { return --*(int *)context < 0; }

static void train(learner *l, int polls)
{
    const cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN);
    const cmlp_targets targets = cmlp_class_targets(y, N_ROWS);
    const cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    cmlp_epoch_result result = CMLP_INIT(cmlp_epoch_result);
    cmlp_run run = CMLP_INIT(cmlp_run);
    begin(l, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG);
    epoch.batch_size = 20;
    workspace_of(l, &rows, &objective, &epoch, &run);
    int cancelled = 0;
    for (int e = 0; e < 3; e++) {
        cmlp_status status = CMLP_CANCELLED;
        epoch.first_batch = 0;
        epoch.before = NULL;
        while (status == CMLP_CANCELLED) {
            int left = polls;
            run.poll = polls ? stop : NULL;
            run.poll_context = &left;
            status = cmlp_train_epoch(net_of(l), l->params, cmlp_net_n_params(net_of(l)), &rows, &targets, &objective,
                                      &l->optimizer, &epoch, &result, &run);
            CHECK(status == CMLP_OK || (polls && status == CMLP_CANCELLED));
            cancelled += status == CMLP_CANCELLED;
            epoch.first_batch += result.n_batches;
            epoch.before = &result;
        }
        CHECK(result.rows_done == N_ROWS);
    }
    CHECK(cancelled || !polls);
    free(run.workspace);
}

int main(void)
{
    static learner whole, parts;
    make_rows(x, y, N_ROWS);
    train(&whole, 0);
    train(&parts, 10);
    CHECK(!memcmp(whole.params, parts.params, sizeof whole.params));
    CHECK(!memcmp(whole.state.moments, parts.state.moments, sizeof whole.state.moments));
    CHECK(whole.state.counters.n_steps == parts.state.counters.n_steps);
    return 0;
}
