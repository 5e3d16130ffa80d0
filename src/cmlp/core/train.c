/* An epoch is one call: every member of the team goes through the batches in step, each keeping its own count of the
 * optimiser's steps, so that nothing but rows and weights is shared. */
#include <math.h>

#include "backward.h"
#include "float_mode.h"

typedef struct epoch_job {
    cmlp_batch_job batch;
    cmlp_optimizer *optimizer;
    cmlp_epoch *epoch;
    void *params;
    int64_t n_batches;
    double cost, penalty; /* sums over the rows done */
    double norm;
    int64_t rows_done, batches_done;
} epoch_job;

/* By member 0, when all members have done their part of a batch of n rows. */
static void end_batch(epoch_job *job, const cmlp_optimizer *optimizer, int64_t first, int64_t n, const cmlp_sum *cost,
                      double squares)
{
    const cmlp_objective *objective = &job->batch.objective;
    const double weight_sum = cmlp_weight_sum(&job->batch.data, first, n);
    job->cost += objective->loss_scale * cmlp_sum_total(cost) / weight_sum * (double)n;
    job->penalty += 0.5 * objective->alpha * squares / weight_sum * (double)n;
    job->rows_done += n;
    job->batches_done++;
    *job->optimizer = *optimizer;
}

static double gradient_norm(const cmlp_batch_job *batch)
{
    const cmlp_net *net = batch->data.net;
    return cmlp_root(net->kernels->square_sum(batch->gradient, 1, net->n_params));
}

static void epoch_member(void *context, cmlp_team *team, int32_t index, int32_t size)
{
    epoch_job *job = context;
    cmlp_batch_job *batch = &job->batch;
    cmlp_epoch *epoch = job->epoch;
    cmlp_optimizer optimizer = *job->optimizer;
    const int64_t last = job->n_batches - 1;
    for (int64_t b = epoch->first_batch; b <= last; b++) {
        const int64_t first = b * epoch->batch_size, left = batch->data.n - first;
        const int64_t n = left < epoch->batch_size ? left : epoch->batch_size;
        if (cmlp_weight_sum(&batch->data, first, n) == 0) continue;
        const cmlp_optimizer before = optimizer;
        double rate = epoch->rates ? epoch->rates[b] : optimizer.learning_rate, squares = 0;
        cmlp_step_values values = cmlp_begin_step(&optimizer, rate);
        const int fused = optimizer.solver == CMLP_SGD && !(epoch->want_norm && b == last);
        const cmlp_batch_end end = {.mode = fused ? CMLP_UPDATE : CMLP_GRADIENT,
                                    .step = &values,
                                    .params = job->params,
                                    .state = before.state};
        cmlp_sum cost = {0};
        if (index == 0 && batch->objective.alpha > 0) squares = cmlp_squares_total(batch);
        if (!cmlp_batch_member(batch, first, n, &end, &cost, team, index, size)) return;
        if (index == 0) end_batch(job, &optimizer, first, n, &cost, squares);
        if (index == 0 && b == last && epoch->want_norm) job->norm = gradient_norm(batch);
    }
}

static int check_epoch(const cmlp_epoch *epoch)
{
    if (!epoch) return CMLP_ERROR_NULL;
    if (epoch->struct_size != sizeof *epoch) return CMLP_ERROR_STRUCT_SIZE;
    return epoch->batch_size < 1 || epoch->first_batch < 0 ? CMLP_ERROR_BATCH : CMLP_OK;
}

static int check_rates(const cmlp_epoch *epoch, int64_t n_batches)
{
    if (epoch->first_batch > n_batches) return CMLP_ERROR_BATCH;
    if (epoch->rates)
        for (int64_t b = 0; b < n_batches; b++)
            if (!cmlp_is_finite(epoch->rates[b]) || epoch->rates[b] < 0) return CMLP_ERROR_OPTION;
    return CMLP_OK;
}

static int finish_epoch(epoch_job *job, cmlp_fault fault)
{
    const cmlp_net *net = job->batch.data.net;
    cmlp_epoch *epoch = job->epoch;
    const double rows = (double)job->rows_done; /* 0 / 0 is NaN where no batch was done */
    epoch->batches = job->batches_done;
    epoch->cost = job->cost / rows;
    epoch->penalty = job->penalty / rows;
    epoch->gradient_norm = job->norm;
    if (!fault.status && net->kernels->find_nonfinite(job->params, 1, net->n_params) < net->n_params)
        fault.status = CMLP_ERROR_DIVERGED;
    return cmlp_report(job->batch.run, &job->batch.data, fault);
}

static int train_epoch(const cmlp_net *net, void *params, const cmlp_rows *rows, const cmlp_targets *targets,
                       const cmlp_objective *objective, cmlp_optimizer *optimizer, cmlp_epoch *epoch, cmlp_run *run)
{
    epoch_job job;
    int status = check_epoch(epoch);
    if (!status) status = cmlp_check_net(net);
    if (!status) status = cmlp_check_optimizer(net, optimizer);
    if (!status)
        status = cmlp_batch_prepare(&job.batch, net, params, rows, targets, objective, run, CMLP_CALL_TRAIN,
                                    epoch->batch_size);
    if (status) return status;
    job.n_batches = job.batch.data.n / epoch->batch_size + (job.batch.data.n % epoch->batch_size != 0);
    status = check_rates(epoch, job.n_batches);
    if (status) return status;
    job.optimizer = optimizer;
    job.epoch = epoch;
    job.params = params;
    job.cost = job.penalty = 0;
    job.norm = NAN;
    job.rows_done = job.batches_done = 0;
    if (objective->alpha > 0) cmlp_squares_renew(&job.batch);
    const int64_t tile = cmlp_dense_rows(&job.batch.data, job.batch.tile_rows);
    cmlp_team_run(cmlp_worthwhile_threads(net, tile, 3, run->n_threads), epoch_member, &job);
    return finish_epoch(&job, cmlp_first_fault(job.batch.faults, run->n_threads));
}

int cmlp_train_epoch(const cmlp_net *net, void *params, const cmlp_rows *rows, const cmlp_targets *targets,
                     const cmlp_objective *objective, cmlp_optimizer *optimizer, cmlp_epoch *epoch, cmlp_run *run)
{
    cmlp_float_mode mode = cmlp_enter_mode();
    int status = train_epoch(net, params, rows, targets, objective, optimizer, epoch, run);
    cmlp_leave_mode(mode);
    return status;
}
