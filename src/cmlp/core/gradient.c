/* Cost, gradient and input gradient: all selected rows are one batch, and no step follows. */
#include "backward.h"
#include "weights.h"

#if CMLP_BUILDS_TRAINING

typedef struct full_batch_job {
    cmlp_batch_job *batch;
    cmlp_sum cost;
} full_batch_job;

static void full_batch_member(void *context, cmlp_team *team, int32_t index, int32_t size)
{
    full_batch_job *job = context;
    cmlp_batch_end end = {.mode = CMLP_GRADIENT, .params = (void *)(uintptr_t)job->batch->params};
    cmlp_batch_member(job->batch, 0, job->batch->data.n, &end, &job->cost, team, index, size);
}

/* Runs the prepared job. Writes the objective to `value` if `value` is not NULL. */
static cmlp_status run_full_batch(cmlp_batch_job *batch, double *value)
{
    full_batch_job job = {.batch = batch};
    if (batch->penalized) cmlp_squares_renew(batch);
    cmlp_team_run(cmlp_useful_threads(&batch->data, batch->microbatch_rows, 3, batch->run->n_threads), batch->team,
                  full_batch_member, &job);
    cmlp_fault fault = cmlp_first_fault(batch->faults, batch->run->n_threads);
    if (!fault.status && value) {
        double sum = batch->objective.loss_scale * cmlp_sum_total(&job.cost);
        if (batch->penalized) sum += cmlp_penalty(batch);
        sum /= cmlp_weight_sum(&batch->data, 0, batch->data.n);
        if (cmlp_is_finite(sum))
            *value = sum;
        else
            fault.status = CMLP_ERROR_DIVERGED;
    }
    return cmlp_report(batch->run, &batch->data, fault);
}

/* Outputs of a call. `missing` names a required output that is NULL; all others may be NULL. */
typedef struct full_batch_outputs {
    void *gradient, *input_gradient;
    void *const *deltas;
    double *cost;
    const char *missing;
} full_batch_outputs;

static cmlp_status full_batch(const cmlp_batch_arguments *given, const full_batch_outputs *outputs)
{
    cmlp_batch_job job;
    const cmlp_net *net = given->net;
    cmlp_run *run = given->run;
    if (outputs->missing) return cmlp_refuse(&run->refused, CMLP_ERROR_NULL, outputs->missing);
    cmlp_status status = cmlp_batch_prepare(&job, given, CMLP_CALL_GRADIENT, 0, 1);
    if (status) return status;
    if (cmlp_misaligned(outputs->gradient, net->element) || cmlp_misaligned(outputs->input_gradient, net->element))
        return cmlp_refuse(&run->refused, CMLP_ERROR_ALIGNMENT, "gradient");
    job.gradient = outputs->gradient;
    job.input_gradient = outputs->input_gradient;
    for (int32_t l = 0; outputs->deltas && l < net->depth && !status; l++)
        status = cmlp_check_array(net, outputs->deltas[l], "deltas", run);
    if (status) return status;
    job.all_deltas = outputs->deltas;
    return run_full_batch(&job, outputs->cost);
}

/* The arguments are checked in the library's floating-point mode too: in the caller's, a subnormal number may count as
 * zero. */
static cmlp_status full_batch_call(cmlp_batch_arguments given, const full_batch_outputs *outputs)
{
    cmlp_frame frame;
    cmlp_status status = cmlp_begin_call(&frame, given.run);
    given.run = &frame.run;
    if (!status) status = full_batch(&given, outputs);
    return cmlp_end_call(&frame, status);
}

cmlp_status cmlp_cost(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlp_targets *targets,
                      const cmlp_objective *objective, double *cost, cmlp_run *run)
{
    const full_batch_outputs outputs = {.cost = cost, .missing = cost ? NULL : "cost"};
    return full_batch_call((cmlp_batch_arguments){net, params, rows, targets, objective, run}, &outputs);
}

cmlp_status cmlp_gradient(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlp_targets *targets,
                          const cmlp_objective *objective, void *gradient, double *cost, cmlp_run *run)
{
    const full_batch_outputs outputs = {.gradient = gradient, .cost = cost, .missing = gradient ? NULL : "gradient"};
    return full_batch_call((cmlp_batch_arguments){net, params, rows, targets, objective, run}, &outputs);
}

cmlp_status cmlp_input_gradient(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                                const cmlp_targets *targets, const cmlp_objective *objective, void *gradient,
                                cmlp_run *run)
{
    const full_batch_outputs outputs = {.input_gradient = gradient, .missing = gradient ? NULL : "gradient"};
    return full_batch_call((cmlp_batch_arguments){net, params, rows, targets, objective, run}, &outputs);
}

cmlp_status cmlp_deltas(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlp_targets *targets,
                        const cmlp_objective *objective, void *const *deltas, cmlp_run *run)
{
    const full_batch_outputs outputs = {.deltas = deltas, .missing = deltas ? NULL : "deltas"};
    return full_batch_call((cmlp_batch_arguments){net, params, rows, targets, objective, run}, &outputs);
}

#endif
