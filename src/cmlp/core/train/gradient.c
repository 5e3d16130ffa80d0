/* Costs and derivatives: all selected rows are one batch, and no step follows. */
#include "backward.h"
#include "weights.h"

#if CMLP_BUILD_TRAINING

static void full_batch_thread(void *context, cmlpi_thread self)
{
    cmlpi_batch_job *job = context;
    cmlpi_process_batch(job, self);
}

/* Computes the objective and the plain cost. */
static cmlp_status compute_costs(const cmlpi_batch_job *job)
{
    cmlp_derivatives *derivatives = job->derivatives;
    double cost = job->objective.loss_scale * cmlpi_sum_total(&job->cost_sum);
    if (job->penalized) cost += cmlpi_penalty(job);
    derivatives->objective = cost / job->row_weight_sum;
    derivatives->plain_cost = cmlpi_sum_total(&job->plain_cost_sum) / job->row_weight_sum;
    return cmlpi_is_finite(derivatives->objective) && cmlpi_is_finite(derivatives->plain_cost) ? CMLP_OK : CMLP_ERROR_DIVERGED;
}

static cmlp_status run_full_batch(cmlpi_batch_job *job)
{
    job->memory.gradient = job->derivatives->gradient;
    job->first = 0;
    job->n = job->data.n;
    job->row_weight_sum = cmlpi_row_weight_sum(&job->data, 0, job->n);
    job->step = (cmlpi_batch_step){.when = CMLPI_NO_STEP};
    if (job->penalized) cmlpi_compute_squares(job);
    cmlpi_team_run(cmlpi_training_threads(&job->data, job->memory.n_rows, job->run->n_threads),
                   job->memory.team, full_batch_thread, job);
    cmlpi_fault fault = cmlpi_first_fault(job->memory.faults, job->run->n_threads);
    if (!fault.status) fault.status = compute_costs(job);
    return cmlpi_report(job->run, &job->data, fault);
}

static cmlp_status check_derivatives(const cmlpi_batch_job *job)
{
    const cmlp_net *net = job->data.net;
    const cmlp_derivatives *d = job->derivatives;
    const int64_t n = job->data.n;
    const size_t size = net->element;
    cmlp_run *run = job->run;
    cmlp_status status =
        cmlpi_check_wanted(d->gradient, d->n_gradient, 1, net->n_params, size, "derivatives->gradient", run);
    if (!status)
        status = cmlpi_check_wanted(d->input_gradient, d->n_input_gradient, n, cmlpi_n_in(net), size,
                                    "derivatives->input_gradient", run);
    if (!status)
        status = cmlpi_check_wanted(d->deltas, d->n_deltas, n, cmlpi_all_outputs(net), size, "derivatives->deltas", run);
    return status;
}

/* The arguments are checked in the library's floating-point mode too: in the caller's, a subnormal number may count as
 * zero. */
cmlp_status cmlp_backpropagate(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                               const cmlp_targets *targets, const cmlp_objective *objective,
                               cmlp_derivatives *derivatives, cmlp_run *run)
{
    cmlpi_call call;
    cmlp_derivatives copy;
    cmlpi_batch_job job;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (status) return cmlpi_end_call(&call, status);
    job.data.net = net;
    job.run = &call.run;
    job.derivatives = &copy;
    status = CMLPI_READ(&copy, derivatives, cmlp_derivatives, n_deltas);
    if (status)
        cmlpi_refuse(&call.run.refused, status, "derivatives");
    else
        status = cmlpi_batch_read(&job, params, n_params, rows, targets, objective);
    if (!status) status = cmlpi_batch_lay_out(&job, NULL);
    if (!status) status = check_derivatives(&job);
    if (!status) status = run_full_batch(&job);
    if (!status) cmlpi_write_struct(derivatives, &copy, sizeof copy);
    return cmlpi_end_call(&call, status);
}

#endif
