/* Checks the training state, and lists its arrays in a model file. docs/model-file.md describes them. */
#include "model_training.h"

#include "../../base/arguments.h"
#include "../../train/optimizer.h"

#if CMLP_BUILD_TRAINING

enum { GENERATOR_WORDS = sizeof((cmlp_random *)0)->key / sizeof(uint32_t) };

static void list(cmlpi_training_arrays *arrays, const char *name, const void *data, int64_t rows, int32_t dtype)
{
    if (data && rows)
        arrays->list[arrays->n++] = (cmlp_model_array){.name = name, .data = data, .n_rows = rows, .dtype = dtype};
}

static cmlp_status check(const cmlp_training *t, cmlp_run *run)
{
    const char **const refused = &run->refused;
    const int is_shuffled = t->random != NULL;
    if (!t->optimizer) return cmlpi_refuse(refused, CMLP_ERROR_NULL, "content->training->optimizer");
    if (is_shuffled != (t->order != NULL)) return cmlpi_refuse(refused, CMLP_ERROR_NULL, "content->training->random or order");
    if (cmlpi_misaligned(t->order, sizeof *t->order)) return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, "content->training->order");
    if (cmlpi_misaligned(t->objectives, sizeof *t->objectives)) return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, "content->training->objectives");
    if (t->n_rows < 1 || t->n_rows > CMLPI_MAX_COUNT) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "content->training->n_rows");
    if (t->batch_size < 0 || t->batch_size > CMLPI_MAX_COUNT)
        return cmlpi_refuse(refused, CMLP_ERROR_BATCH, "content->training->batch_size");
    if (t->n_epochs < 0 || t->n_epochs > CMLPI_MAX_COUNT)
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "content->training->n_epochs");
    if (!cmlpi_is_finite(t->alpha) || t->alpha < 0) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "content->training->alpha");
    if (is_shuffled && (t->random->position < 0 || t->random->position > GENERATOR_WORDS))
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "content->training->random");
    for (int64_t i = 0; is_shuffled && i < t->n_rows; i++) {
        if (t->order[i] >= 0 && t->order[i] < t->n_rows) continue;
        return cmlpi_refuse_element(run, CMLP_ERROR_ORDER, "content->training->order", i);
    }
    for (int64_t i = 0; t->objectives && i < t->n_epochs; i++) {
        if (cmlpi_is_finite(t->objectives[i])) continue;
        return cmlpi_refuse_element(run, CMLP_ERROR_VALUE, "content->training->objectives", i);
    }
    return CMLP_OK;
}

/* Hyperparameters that the solver does not use may be any numbers. A reader gets the usual ones. */
static void reset_unused(cmlp_optimizer *o, cmlp_optimizer_state *counters)
{
    const cmlp_optimizer usual = cmlp_default_optimizer(o->solver);
    if (o->solver != CMLP_SOLVER_MOMENTUM && o->solver != CMLP_SOLVER_NESTEROV) o->momentum = usual.momentum;
    if (o->solver != CMLP_SOLVER_ADAMW) o->weight_decay = usual.weight_decay;
    if (o->solver == CMLP_SOLVER_ADAM || o->solver == CMLP_SOLVER_ADAMW) return;
    o->beta_1 = usual.beta_1;
    o->beta_2 = usual.beta_2;
    o->epsilon = usual.epsilon;
    counters->beta_1_power = counters->beta_2_power = 1;
}

/* Gives a refused optimizer the name that it has in cmlp_model_write. */
static cmlp_status name_optimizer(cmlp_run *run, cmlp_status status)
{
#define OPTIMIZER "content->training->optimizer"
    static const char names[] =
        OPTIMIZER "\0" OPTIMIZER "->reserved\0" OPTIMIZER "->solver\0" OPTIMIZER "->learning_rate\0" OPTIMIZER
                  "->momentum\0" OPTIMIZER "->max_norm\0" OPTIMIZER "->weight_decay\0" OPTIMIZER "->beta_1\0" OPTIMIZER
                  "->beta_2\0" OPTIMIZER "->epsilon\0" OPTIMIZER "->signs\0" OPTIMIZER "->n_signs\0" OPTIMIZER
                  "->state\0" OPTIMIZER "->state_size\0" OPTIMIZER "->state->n_steps\0" OPTIMIZER
                  "->state->reserved\0" OPTIMIZER "->state->beta_1_power\0" OPTIMIZER "->state->beta_2_power\0";
    cmlpi_rename_refused(run, "optimizer", names, sizeof OPTIMIZER - 1);
    return status;
}

cmlp_status cmlpi_read_training(cmlpi_training_arrays *arrays, const cmlp_net *net, const cmlp_training *training,
                                cmlp_run *run)
{
    cmlp_training t;
    cmlp_optimizer o;
    cmlp_optimizer_state counters;
    arrays->n = 0;
    cmlp_status status = CMLPI_READ(&t, training, cmlp_training, alpha);
    if (status) return cmlpi_refuse(&run->refused, status, "content->training");
    status = check(&t, run);
    if (status) return status;
    status = cmlpi_read_optimizer(&o, &counters, net, t.optimizer, NULL, run);
    if (status) return name_optimizer(run, status);
    reset_unused(&o, &counters);
    const int64_t n_elements = cmlpi_n_moments(o.solver) * net->n_params;
    if (counters.n_steps > (int64_t)CMLPI_MAX_DATA || n_elements > CMLPI_MAX_COUNT)
        return cmlpi_refuse(&run->refused, CMLP_ERROR_OVERFLOW, "content->training");
    const double numbers[CMLPI_N_TRAINING_NUMBERS] = {
        o.solver, o.learning_rate, o.momentum, o.beta_1, o.beta_2, o.epsilon, counters.beta_1_power,
        counters.beta_2_power, o.weight_decay, o.max_norm, (double)counters.n_steps, t.alpha,
        (double)(t.batch_size ? t.batch_size : t.n_rows), (double)t.n_rows, (double)t.n_epochs,
        t.random ? t.random->position : 0};
    memcpy(arrays->numbers, numbers, sizeof numbers);
    list(arrays, "training.generator", t.random ? t.random->key : NULL, GENERATOR_WORDS, CMLP_INT32);
    list(arrays, "training.loss_curve", t.objectives, t.n_epochs, CMLP_FLOAT64);
    list(arrays, "training.numbers", arrays->numbers, CMLPI_N_TRAINING_NUMBERS, CMLP_FLOAT64);
    list(arrays, "training.optimizer", cmlpi_moments(&o), n_elements, net->dtype);
    list(arrays, "training.order", t.order, t.n_rows, CMLP_INT64);
    return CMLP_OK;
}
#endif
