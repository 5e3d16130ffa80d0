/* Cost, gradient and input gradient: all selected rows are one batch, and no step follows. */
#include "backward.h"
#include "weights.h"

#if CMLP_BUILDS_TRAINING

typedef struct full_batch_job {
    cmlp_batch_job *batch;
    cmlp_sum cost, plain;
} full_batch_job;

/* Outputs of a call. `missing` names a required output that is NULL; all others may be NULL. */
typedef struct full_batch_outputs {
    cmlp_batch_outputs out;
    double *cost, *plain_loss;
    const char *missing;
} full_batch_outputs;

static void full_batch_thread(void *context, cmlp_thread self)
{
    full_batch_job *job = context;
    const cmlp_update none = {.mode = CMLP_GRADIENT, .params = (void *)(uintptr_t)job->batch->params};
    cmlp_process_batch(job->batch, 0, job->batch->data.n, &none, &job->cost, self);
}

/* Writes the objective and the plain loss to the outputs that are not NULL, if both are finite. */
static cmlp_status write_costs(const full_batch_job *job, const full_batch_outputs *outputs)
{
    const cmlp_batch_job *batch = job->batch;
    const double weight_sum = cmlp_weight_sum(&batch->data, 0, batch->data.n);
    double cost = batch->objective.loss_scale * cmlp_sum_total(&job->cost);
    if (batch->penalized) cost += cmlp_penalty(batch);
    cost /= weight_sum;
    const double plain = outputs->plain_loss ? cmlp_sum_total(&job->plain) / weight_sum : 0;
    if (!cmlp_is_finite(cost) || !cmlp_is_finite(plain)) return CMLP_ERROR_DIVERGED;
    if (outputs->cost) *outputs->cost = cost;
    if (outputs->plain_loss) *outputs->plain_loss = plain;
    return CMLP_OK;
}

/* Runs the prepared job. */
static cmlp_status run_full_batch(cmlp_batch_job *batch, const full_batch_outputs *outputs)
{
    full_batch_job job = {.batch = batch};
    if (outputs->plain_loss) batch->out.plain_sum = &job.plain;
    if (batch->penalized) cmlp_squares_renew(batch);
    cmlp_team_run(cmlp_useful_threads(&batch->data, batch->memory.rows, 3, batch->run->n_threads),
                  batch->memory.team, full_batch_thread, &job);
    cmlp_fault fault = cmlp_first_fault(batch->memory.faults, batch->run->n_threads);
    if (!fault.status && outputs->cost) fault.status = write_costs(&job, outputs);
    return cmlp_report(batch->run, &batch->data, fault);
}

static cmlp_status full_batch(const cmlp_batch_arguments *given, const full_batch_outputs *outputs)
{
    cmlp_batch_job job;
    const cmlp_net *net = given->net;
    cmlp_run *run = given->run;
    if (outputs->missing) return cmlp_refuse(&run->refused, CMLP_ERROR_NULL, outputs->missing);
    const cmlp_batch_shape shape = {.call = CMLP_CALL_GRADIENT, .part = CMLP_ALL_ROWS};
    cmlp_status status = cmlp_batch_prepare(&job, given, shape);
    if (status) return status;
    job.out = outputs->out;
    if (cmlp_misaligned(job.out.gradient, net->element) || cmlp_misaligned(job.out.input_gradient, net->element))
        return cmlp_refuse(&run->refused, CMLP_ERROR_ALIGNMENT, "gradient");
    for (int32_t l = 0; job.out.deltas && l < net->depth && !status; l++)
        status = cmlp_check_array(net, job.out.deltas[l], "deltas", run);
    if (status) return status;
    return run_full_batch(&job, outputs);
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
                      const cmlp_objective *objective, double *cost, double *plain_loss, cmlp_run *run)
{
    const full_batch_outputs outputs = {.cost = cost, .plain_loss = plain_loss, .missing = cost ? NULL : "cost"};
    return full_batch_call((cmlp_batch_arguments){net, params, rows, targets, objective, run}, &outputs);
}

cmlp_status cmlp_gradient(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlp_targets *targets,
                          const cmlp_objective *objective, void *gradient, double *cost, cmlp_run *run)
{
    const full_batch_outputs outputs = {
        .out.gradient = gradient, .cost = cost, .missing = gradient ? NULL : "gradient"};
    return full_batch_call((cmlp_batch_arguments){net, params, rows, targets, objective, run}, &outputs);
}

cmlp_status cmlp_input_gradient(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                                const cmlp_targets *targets, const cmlp_objective *objective, void *gradient,
                                cmlp_run *run)
{
    const full_batch_outputs outputs = {.out.input_gradient = gradient, .missing = gradient ? NULL : "gradient"};
    return full_batch_call((cmlp_batch_arguments){net, params, rows, targets, objective, run}, &outputs);
}

cmlp_status cmlp_deltas(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlp_targets *targets,
                        const cmlp_objective *objective, void *const *deltas, cmlp_run *run)
{
    const full_batch_outputs outputs = {.out.deltas = deltas, .missing = deltas ? NULL : "deltas"};
    return full_batch_call((cmlp_batch_arguments){net, params, rows, targets, objective, run}, &outputs);
}

#endif
