/* Training: cmlp_train_epoch() runs one epoch over all batches. */
#include <math.h>

#include "back_off.h"
#include "epoch.h"
#include "weights.h"

#if CMLP_BUILD_TRAINING

typedef struct epoch_job {
    cmlpi_batch_job batch;
    int (*process)(cmlpi_batch_job *job, cmlpi_thread self); /* all rows, or this worker's */
    cmlp_optimizer optimizer; /* the caller's structs with defaults filled in */
    cmlp_optimizer_state counters; /* of the optimizer's state; written back at the end */
    cmlp_epoch epoch;
    cmlp_epoch_result result; /* with the sums over the batches so far: at first those of epoch.before, which points to it */
    cmlp_workers workers; /* a checked copy, to which epoch.workers points unless it is NULL */
    int has_bad_shards;               /* of the caller's workers */
    int64_t n_batches;
    cmlpi_back_off back_off;
    double batch_began, waited;       /* when the current batch began, and how long thread 0 had waited before */
    double trained;             /* seconds of a team's batches */
    int trains_alone;           /* whether thread 0 trains without a team, as long as it backs off */
    cmlp_optimizer_state after; /* the counters after the current batch, which thread 0 has described in `batch` */
    double penalty;             /* before its step */
} epoch_job;

/* Describes batch b, and its step. Returns 0 if the batch is skipped. */
static int begin_batch(epoch_job *job, int64_t b)
{
    const cmlp_epoch *epoch = &job->epoch;
    const cmlp_optimizer *optimizer = &job->optimizer;
    cmlpi_batch_job *batch = &job->batch;
    const int64_t size = epoch->batch_size, left = batch->data.n - b * size;
    const int keeps_gradient = epoch->wants_norm && b == job->n_batches - 1;
    const double rate = epoch->rates ? epoch->rates[b] : optimizer->learning_rate;
    batch->first = b * size;
    batch->n = left < size ? left : size;
    batch->row_weight_sum = cmlpi_row_weight_sum(&batch->data, batch->first, batch->n);
    if (batch->row_weight_sum == 0) return 0;
    job->after = job->counters;
    batch->step = cmlpi_begin_step(optimizer, &job->after, rate, keeps_gradient);
    batch->cost_sum = (cmlpi_sum){0};
    batch->objective.dropout_step = job->counters.n_steps;
    job->penalty = batch->penalized ? cmlpi_penalty(batch) : 0;
    return 1;
}

/* Called by thread 0 when all threads have finished their part of a batch. Not inlined, so that
 * its sums are not on the stack during a batch. */
REAL_FN void end_batch(epoch_job *job)
{
    const cmlpi_batch_job *batch = &job->batch;
    cmlp_epoch_result *result = &job->result;
    const double n = (double)batch->n;
    result->cost_sum += batch->objective.loss_scale * cmlpi_sum_total(&batch->cost_sum) / batch->row_weight_sum * n;
    result->penalty_sum += job->penalty / batch->row_weight_sum * n;
    result->rows_done += batch->n;
    result->n_batches++;
    job->counters = job->after;
    if (batch->step.keeps_gradient) result->gradient_norm = cmlpi_gradient_norm(batch->data.net, batch->memory.gradient);
}

/* Lets the team process the current batch with thread 0 if it has arrived and thread 0 does not back off. Returns the thread
 * as which thread 0 processes it: alone, or as the first of the team. */
static cmlpi_thread gather_team(epoch_job *job, cmlpi_thread self)
{
    const int backs_off = cmlpi_backs_off(&job->back_off);
    const int together = self.size > 1 && cmlpi_team_has_arrived(self.team) && !backs_off;
    job->batch.step.kernel.shared = together;
    job->batch_began = together || backs_off ? cmlpi_seconds() : 0;
    if (!together) return CMLPI_ALONE;
    job->waited = cmlpi_team_seconds_waited(self.team);
    cmlpi_team_release(self.team);
    return self;
}

/* Waits for the team, and counts the time of a batch that is done. */
static void await_team(epoch_job *job, cmlpi_thread self, int done)
{
    const int together = self.size > 1;
    if (together) cmlpi_team_await(self.team);
    if (!done || !(together || cmlpi_backs_off(&job->back_off))) return;
    const double waited = together ? cmlpi_team_seconds_waited(self.team) - job->waited : 0;
    cmlpi_count_batch(&job->back_off, self.size, cmlpi_seconds() - job->batch_began, waited);
}

/* Work of thread 0: one batch after the other. */
static void train_batches(epoch_job *job, cmlpi_thread self)
{
    const int32_t size = self.size;
    const double begin = size > 1 ? cmlpi_seconds() : 0;
    for (int64_t *b = &job->result.next_batch; *b < job->n_batches; ++*b) {
        if (job->trains_alone && !cmlpi_backs_off(&job->back_off)) break;
        if (!begin_batch(job, *b)) continue;
        const cmlpi_thread first = gather_team(job, self);
        const int done = job->process(&job->batch, first);
        await_team(job, first, done);
        if (!done) {
            job->n_batches = *b; /* stop after this batch */
            break;
        }
        end_batch(job);
    }
    if (size == 1) return;
    job->trained = cmlpi_seconds() - begin;
    cmlpi_team_await(self.team);
    job->batch.n = 0; /* no batch is left for the team */
    cmlpi_team_release(self.team);
}

/* Work of each thread of a team. */
static void epoch_thread(void *context, cmlpi_thread self)
{
    epoch_job *job = context;
    if (!self.index) {
        train_batches(job, self);
        return;
    }
    for (cmlpi_team_barrier(self); job->batch.n; cmlpi_team_barrier(self)) job->process(&job->batch, self);
}

/* Lets a team train the batches that are left. */
static void train_together(epoch_job *job, int32_t threads)
{
    const double begin = cmlpi_seconds();
    job->trained = 0;
    cmlpi_team_run(threads, job->batch.memory.team, epoch_thread, job);
    /* In the rest of the time the team starts and ends. */
    if (job->trained > 0) cmlpi_count_loss(&job->back_off, cmlpi_seconds() - begin - job->trained);
}

/* Checks the epoch, and reads the results before it and after it. */
static cmlp_status read_before_and_result(epoch_job *job, const cmlp_epoch_result *result, const char **refused)
{
    cmlp_epoch *const epoch = &job->epoch;
    cmlp_status status = CMLP_OK;
    if (epoch->reserved) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "epoch->reserved");
    if (epoch->batch_size < 0) return cmlpi_refuse(refused, CMLP_ERROR_BATCH, "epoch->batch_size");
    if (epoch->first_batch < 0) return cmlpi_refuse(refused, CMLP_ERROR_BATCH, "epoch->first_batch");
    if (result) status = CMLPI_READ(&job->result, result, cmlp_epoch_result, next_batch);
    const cmlp_status status_of_result = status;
    job->result = (cmlp_epoch_result){.struct_size = sizeof job->result};
    if (epoch->before) {
        status = CMLPI_READ(&job->result, epoch->before, cmlp_epoch_result, next_batch);
        if (status) return cmlpi_refuse(refused, status, "epoch->before");
        if (job->result.rows_done < 0) return cmlpi_refuse(refused, CMLP_ERROR_BATCH, "epoch->before->rows_done");
    }
    epoch->before = &job->result;
    return status_of_result ? cmlpi_refuse(refused, status_of_result, "result") : CMLP_OK;
}

/* Checks rates and counters, which must not overflow during the epoch. */
static cmlp_status check_counts(const epoch_job *job, cmlp_run *run)
{
    const char **const refused = &run->refused;
    const cmlp_epoch *epoch = &job->epoch;
    if (epoch->first_batch > job->n_batches) return cmlpi_refuse(refused, CMLP_ERROR_BATCH, "epoch->first_batch");
    if (job->result.rows_done > INT64_MAX - job->batch.data.n)
        return cmlpi_refuse(refused, CMLP_ERROR_BATCH, "epoch->before->rows_done");
    if (job->counters.n_steps > INT64_MAX - job->n_batches)
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "optimizer->state->n_steps");
    if (epoch->n_rates != (epoch->rates ? job->n_batches : 0))
        return cmlpi_refuse(refused, CMLP_ERROR_LENGTH, "epoch->rates");
    if (!epoch->rates) return CMLP_OK;
    if (cmlpi_misaligned(epoch->rates, sizeof *epoch->rates))
        return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, "epoch->rates");
    for (int64_t b = 0; b < job->n_batches; b++)
        if (!cmlpi_is_within(epoch->rates[b], 0, DBL_MAX))
            return cmlpi_refuse_element(run, CMLP_ERROR_OPTION, "epoch->rates", b);
    return CMLP_OK;
}

/* Returns whether all parameters are finite. Otherwise all NaNs of parameters and moments become the same one. */
static int canonicalize_params(const epoch_job *job)
{
    const cmlp_net *net = job->batch.data.net;
    const cmlp_optimizer *o = &job->optimizer;
    if (net->kernels->find_nonfinite(job->batch.params, 1, net->n_params) == net->n_params) return 1;
    cmlpi_canonicalize_nans(net->dtype, job->batch.params, net->n_params);
    cmlpi_canonicalize_nans(net->dtype, cmlpi_moments(o), cmlpi_n_moments(o->solver) * net->n_params);
    return 0;
}

/* Writes the results. Not inlined, as end_batch. */
REAL_FN cmlp_status finish_epoch(epoch_job *job, cmlp_epoch_result *result, cmlp_run *run)
{
    cmlpi_fault fault = cmlpi_first_fault(job->batch.memory.faults, run->n_threads);
    const double rows = (double)job->result.rows_done; /* without batches, 0 / 0 gives NaN */
    job->result.cost = job->result.cost_sum / rows;
    job->result.penalty = job->result.penalty_sum / rows;
    if (!canonicalize_params(job) && !fault.status) fault.status = CMLP_ERROR_DIVERGED;
    if (result) cmlpi_write_struct(result, &job->result, sizeof job->result);
    job->counters.pace = job->back_off.lost;
    memcpy(job->optimizer.state, &job->counters, sizeof job->counters);
    return cmlpi_report(run, &job->batch.data, fault);
}

/* Checks all arguments of an epoch of one worker. Not inlined, as end_batch. */
REAL_FN cmlp_status read_arguments(epoch_job *job, const void *params, int64_t n_params, const cmlp_rows *rows,
                                   const cmlp_targets *targets, const cmlp_objective *objective,
                                   const cmlp_optimizer *optimizer)
{
    cmlpi_batch_job *batch = &job->batch;
    cmlp_run *const run = batch->run;
    const char **refused = &run->refused;
    cmlp_workers *const workers = job->epoch.workers;
    cmlp_status status = cmlpi_check_net(batch->data.net);
    if (status) return cmlpi_refuse(refused, status, "net");
    status = cmlpi_read_optimizer(&job->optimizer, &job->counters, batch->data.net, optimizer, job->epoch.rates, run);
    if (!status) status = cmlpi_batch_read(batch, params, n_params, rows, targets, objective);
    if (!status) status = cmlpi_batch_lay_out(batch, &job->epoch);
    if (status) return status;
    batch->workers = cmlpi_are_several(workers) ? workers : NULL;
    job->process = batch->workers ? cmlpi_workers_batch : cmlpi_process_batch;
    if (!job->epoch.batch_size) job->epoch.batch_size = batch->data.n;
    job->n_batches = (batch->data.n - 1) / job->epoch.batch_size + 1;
    status = check_counts(job, run);
    if (!workers || status) return status;
    if (job->has_bad_shards)
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "epoch->workers->first_shard, n_shards or n_all_shards");
    return cmlpi_check_stored_rows(batch, &job->epoch);
}

/* Sets the sums and counters with which an epoch starts. */
static void begin_epoch(epoch_job *job)
{
    job->result = (cmlp_epoch_result){.struct_size = sizeof job->result,
                                      .gradient_norm = NAN,
                                      .cost_sum = job->result.cost_sum,
                                      .penalty_sum = job->result.penalty_sum,
                                      .rows_done = job->result.rows_done,
                                      .next_batch = job->epoch.first_batch};
    cmlpi_begin_back_off(&job->back_off, job->counters.pace);
    if (job->batch.penalized) cmlpi_compute_squares(&job->batch);
}

/* Reads the epoch, and its workers if there are any. */
static cmlp_status read_epoch(epoch_job *job, const cmlp_epoch *given, const char **refused)
{
    const cmlp_status status = CMLPI_READ(&job->epoch, given, cmlp_epoch, reserved);
    if (status) return cmlpi_refuse(refused, status, "epoch");
    if (!job->epoch.workers) return CMLP_OK;
    return cmlpi_read_workers(&job->workers, job->epoch.workers, &job->has_bad_shards, refused);
}

cmlp_status cmlp_train_epoch(const cmlp_net *net, void *params, int64_t n_params, const cmlp_rows *rows,
                             const cmlp_targets *targets, const cmlp_objective *objective,
                             const cmlp_optimizer *optimizer, const cmlp_epoch *epoch, cmlp_epoch_result *result,
                             cmlp_run *run)
{
    cmlpi_call call;
    epoch_job job;
    const cmlp_status begun = cmlpi_begin_call(&call, run);
    const char *refused = NULL;
    cmlp_status status = read_epoch(&job, epoch, &refused);
    if (status) {
        if (!begun) call.run.refused = refused;
        return cmlpi_end_call(&call, begun ? begun : status);
    }
    cmlp_workers *const workers = job.epoch.workers; /* the caller's struct */
    if (workers) job.epoch.workers = &job.workers;
    job.batch.data.net = net;
    job.batch.run = &call.run;
    job.batch.derivatives = NULL;
    status = begun;
    if (!status) status = read_before_and_result(&job, result, &call.run.refused);
    if (!status) status = read_arguments(&job, params, n_params, rows, targets, objective, optimizer);
    if (workers)
        status = cmlpi_workers_handshake(status, &job.batch, &job.optimizer, &job.counters, &job.epoch);
    if (!status) {
        begin_epoch(&job);
        const int32_t threads = cmlpi_training_threads(&job.batch.data, job.batch.memory.n_rows, call.run.n_threads);
        while (job.result.next_batch < job.n_batches) { /* at first alone while thread 0 backs off because of earlier epochs */
            job.trains_alone = threads > 1 && cmlpi_backs_off(&job.back_off);
            if (threads == 1 || job.trains_alone)
                train_batches(&job, CMLPI_ALONE);
            else
                train_together(&job, threads);
        }
        status = finish_epoch(&job, result, &call.run);
    }
    if (workers) workers->failed_rank = status && job.workers.n_workers == 1 ? 0 : job.workers.failed_rank;
    return cmlpi_end_call(&call, status);
}

#endif
