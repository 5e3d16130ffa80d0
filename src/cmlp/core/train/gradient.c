/* Costs and derivatives: all selected rows are one batch, and no step follows. */
#include "backward.h"
#include "weights.h"

#if CMLP_BUILDS_TRAINING

typedef struct full_batch_job {
    cmlp_batch_job *batch;
    cmlp_sum cost, plain;
} full_batch_job;

static void full_batch_thread(void *context, cmlp_thread self)
{
    full_batch_job *job = context;
    const cmlp_update none = {.mode = CMLP_GRADIENT, .params = (void *)(uintptr_t)job->batch->params};
    cmlp_process_batch(job->batch, 0, job->batch->data.n, &none, &job->cost, self);
}

/* Writes the objective and the plain loss, if both are finite. */
static cmlp_status write_costs(const full_batch_job *job, cmlp_derivatives *derivatives)
{
    const cmlp_batch_job *batch = job->batch;
    const double weight_sum = cmlp_weight_sum(&batch->data, 0, batch->data.n);
    double cost = batch->objective.loss_scale * cmlp_sum_total(&job->cost);
    if (batch->penalized) cost += cmlp_penalty(batch);
    derivatives->cost = cost / weight_sum;
    derivatives->plain_loss = cmlp_sum_total(&job->plain) / weight_sum;
    return cmlp_is_finite(derivatives->cost) && cmlp_is_finite(derivatives->plain_loss) ? CMLP_OK : CMLP_ERROR_DIVERGED;
}

/* Runs the prepared job. */
static cmlp_status run_full_batch(cmlp_batch_job *batch, cmlp_derivatives *derivatives)
{
    full_batch_job job = {.batch = batch};
    batch->out.plain_sum = &job.plain;
    if (batch->penalized) cmlp_squares_renew(batch);
    cmlp_team_run(cmlp_useful_threads(&batch->data, batch->memory.rows, 3, batch->run->n_threads),
                  batch->memory.team, full_batch_thread, &job);
    cmlp_fault fault = cmlp_first_fault(batch->memory.faults, batch->run->n_threads);
    if (!fault.status) fault.status = write_costs(&job, derivatives);
    return cmlp_report(batch->run, &batch->data, fault);
}

/* Checks an array of derivatives, which may be NULL. */
static cmlp_status check_wanted(const cmlp_net *net, const void *array, int64_t length, int64_t n_rows, int64_t width,
                                const char *name, cmlp_run *run)
{
    return array || length ? cmlp_check_output(net, array, length, n_rows, width, name, run) : CMLP_OK;
}

static cmlp_status backpropagate(const cmlp_batch_arguments *given, cmlp_derivatives *derivatives)
{
    cmlp_batch_job job;
    const cmlp_net *net = given->net;
    cmlp_run *run = given->run;
    const cmlp_batch_shape shape = {.call = CMLP_CALL_GRADIENT, .part = CMLP_ALL_ROWS};
    cmlp_status status = cmlp_batch_prepare(&job, given, shape);
    if (status) return status;
    const cmlp_derivatives *d = derivatives;
    status = check_wanted(net, d->gradient, d->n_gradient, 1, net->n_params, "derivatives->gradient", run);
    if (!status)
        status = check_wanted(net, d->inputs, d->n_inputs, job.data.n, cmlp_n_in(net), "derivatives->inputs", run);
    if (!status)
        status = check_wanted(net, d->sums, d->n_sums, job.data.n, cmlp_all_outputs(net), "derivatives->sums", run);
    if (status) return status;
    job.out = (cmlp_batch_outputs){.gradient = d->gradient, .input_gradient = d->inputs, .deltas = d->sums};
    return run_full_batch(&job, derivatives);
}

/* The arguments are checked in the library's floating-point mode too: in the caller's, a subnormal number may count as
 * zero. */
cmlp_status cmlp_backpropagate(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                               const cmlp_targets *targets, const cmlp_objective *objective,
                               cmlp_derivatives *derivatives, cmlp_run *run)
{
    cmlp_frame frame;
    cmlp_derivatives copy;
    const cmlp_batch_arguments given = {net, params, n_params, rows, targets, objective, &frame.run};
    cmlp_status status = cmlp_begin_call(&frame, run);
    if (status) return cmlp_end_call(&frame, status);
    status = CMLP_READ(&copy, derivatives, cmlp_derivatives, n_sums);
    if (status)
        cmlp_refuse(&frame.run.refused, status, "derivatives");
    else
        status = backpropagate(&given, &copy);
    if (!status) cmlp_write_struct(derivatives, &copy, sizeof copy);
    return cmlp_end_call(&frame, status);
}

#endif
