/* Costs and derivatives: all selected rows are one batch, and no step follows. */
#include "backward.h"
#include "weights.h"

#if CMLP_BUILDS_TRAINING

static void full_batch_thread(void *context, cmlpi_thread self)
{
    cmlpi_batch_job *job = context;
    cmlpi_process_batch(job, 0, job->data.n, self);
}

/* Writes the objective and the plain loss, if both are finite. */
static cmlp_status write_costs(const cmlpi_batch_job *job, cmlp_derivatives *derivatives)
{
    const double weight_sum = cmlpi_weight_sum(&job->data, 0, job->data.n);
    double cost = job->objective.loss_scale * cmlpi_sum_total(&job->cost);
    if (job->penalized) cost += cmlpi_penalty(job);
    derivatives->objective = cost / weight_sum;
    derivatives->plain_loss = cmlpi_sum_total(&job->plain) / weight_sum;
    return cmlpi_is_finite(derivatives->objective) && cmlpi_is_finite(derivatives->plain_loss) ? CMLP_OK : CMLP_ERROR_DIVERGED;
}

/* Runs the prepared job. */
static cmlp_status run_full_batch(cmlpi_batch_job *job, cmlp_derivatives *derivatives)
{
    job->update = (cmlpi_update){.mode = CMLP_GRADIENT};
    if (job->penalized) cmlpi_compute_squares(job);
    cmlpi_team_run(cmlpi_useful_threads(&job->data, job->memory.rows, 3, job->run->n_threads),
                   job->memory.team, full_batch_thread, job);
    cmlpi_fault fault = cmlpi_first_fault(job->memory.faults, job->run->n_threads);
    if (!fault.status) fault.status = write_costs(job, derivatives);
    return cmlpi_report(job->run, &job->data, fault);
}

/* Checks an array of derivatives, which may be NULL. */
static cmlp_status check_wanted(const cmlp_net *net, const void *array, int64_t length, int64_t n_rows, int64_t width,
                                const char *name, cmlp_run *run)
{
    return array || length ? cmlpi_check_output(net, array, length, n_rows, width, name, run) : CMLP_OK;
}

static cmlp_status backpropagate(const cmlpi_batch_arguments *given, cmlp_derivatives *derivatives)
{
    cmlpi_batch_job job;
    const cmlp_net *net = given->net;
    cmlp_run *run = given->run;
    const cmlpi_batch_shape shape = {.call = CMLP_CALL_GRADIENT, .part = CMLP_ALL_ROWS};
    cmlp_status status = cmlpi_batch_prepare(&job, given, shape);
    if (status) return status;
    const cmlp_derivatives *d = derivatives;
    status = check_wanted(net, d->gradient, d->n_gradient, 1, net->n_params, "derivatives->gradient", run);
    if (!status)
        status = check_wanted(net, d->inputs, d->n_inputs, job.data.n, cmlpi_n_in(net), "derivatives->inputs", run);
    if (!status)
        status = check_wanted(net, d->sums, d->n_sums, job.data.n, cmlpi_all_outputs(net), "derivatives->sums", run);
    if (status) return status;
    job.out = (cmlpi_batch_outputs){.gradient = d->gradient, .input_gradient = d->inputs, .deltas = d->sums,
                                    .plain_loss = 1};
    return run_full_batch(&job, derivatives);
}

/* The arguments are checked in the library's floating-point mode too: in the caller's, a subnormal number may count as
 * zero. */
cmlp_status cmlp_backpropagate(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                               const cmlp_targets *targets, const cmlp_objective *objective,
                               cmlp_derivatives *derivatives, cmlp_run *run)
{
    cmlpi_call frame;
    cmlp_derivatives copy;
    const cmlpi_batch_arguments given = {net, params, n_params, rows, targets, objective, &frame.run};
    cmlp_status status = cmlpi_begin_call(&frame, run);
    if (status) return cmlpi_end_call(&frame, status);
    status = CMLP_READ(&copy, derivatives, cmlp_derivatives, n_sums);
    if (status)
        cmlpi_refuse(&frame.run.refused, status, "derivatives");
    else
        status = backpropagate(&given, &copy);
    if (!status) cmlpi_write_struct(derivatives, &copy, sizeof copy);
    return cmlpi_end_call(&frame, status);
}

#endif
