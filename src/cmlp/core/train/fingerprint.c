#include "fingerprint.h"

#if CMLP_BUILD_TRAINING

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* odd, with bits at random: 2^64 over the golden ratio */
    return hash ^ hash >> 32;
}

static uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t n)
{
    uint64_t word;
    for (; n >= sizeof word; n -= sizeof word, bytes = (const char *)bytes + sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = mix(hash, word);
    }
    word = 0;
    if (n) memcpy(&word, bytes, n);
    return n ? mix(hash, word) : hash;
}

static uint64_t mix_numbers(uint64_t hash, const double *numbers, int64_t n)
{
    return numbers ? mix_bytes(mix(hash, 1), numbers, (size_t)n * sizeof *numbers) : mix(hash, 0);
}

static uint64_t mix_net(uint64_t hash, const cmlp_net *net)
{
    for (int32_t l = 0; l < net->depth; l++) {
        const cmlpi_layer *layer = &net->layers[l];
        hash = mix(mix(mix(hash, (uint64_t)layer->n_in), (uint64_t)layer->n_out), (uint64_t)layer->activation);
        hash = mix_numbers(hash, &layer->parameter, 1);
    }
    hash = mix(mix(hash, (uint64_t)net->loss), (uint64_t)net->dtype);
    return mix_numbers(mix_numbers(hash, &net->loss_parameter, 1), cmlpi_quantiles(net), net->n_quantiles);
}

/* Targets and weights of all rows; of the rows themselves only what all workers have. */
static uint64_t mix_data(uint64_t hash, const cmlpi_data *data)
{
    const cmlp_rows *rows = &data->rows;
    const cmlp_targets *targets = &data->targets;
    const int classes = targets->kind == CMLP_TARGETS_CLASSES;
    const int64_t columns = classes ? 1 : cmlpi_n_out(data->net);
    const size_t size = classes ? sizeof(int32_t) : cmlpi_bytes_of(targets->dtype);
    hash = mix(mix(mix(hash, (uint64_t)rows->n_rows), (uint64_t)data->n), classes ? 0 : (uint64_t)targets->dtype);
    if (rows->order) hash = mix_bytes(hash, rows->order, (size_t)data->n * sizeof *rows->order);
    hash = mix_numbers(hash, &rows->scale, 1);
    hash = mix_numbers(mix_numbers(hash, rows->shifts, rows->n_columns), rows->factors, rows->n_columns);
    for (int64_t i = 0; i < rows->n_rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            uint64_t word = 0;
            memcpy(&word, (const char *)targets->data + i * targets->row_stride + j * targets->column_stride, size);
            hash = mix(hash, word);
        }
    return mix_numbers(hash, data->row_weights, rows->n_rows);
}

static uint64_t mix_objective(uint64_t hash, const cmlp_objective *o, int32_t depth)
{
    const double numbers[] = {o->alpha, o->loss_scale, o->log_loss_clip};
    hash = mix_numbers(hash, numbers, 3);
    hash = mix_numbers(mix_numbers(hash, o->alphas, depth), o->dropout_rates, depth - 1);
    if (o->dropout_rates) hash = mix(mix(hash, (uint64_t)o->dropout_row), o->dropout_seed);
    return mix(hash, o->loss != NULL);
}

static uint64_t mix_optimizer(uint64_t hash, const cmlp_optimizer *o, const cmlp_optimizer_state *counters,
                              const cmlp_net *net)
{
    const double numbers[] = {o->learning_rate,       o->momentum,            o->beta_1,       o->beta_2,  o->epsilon,
                              counters->beta_1_power, counters->beta_2_power, o->weight_decay, o->max_norm};
    const size_t n_moments = (size_t)cmlpi_n_moments(o->solver); /* the optimizer has been checked */
    hash = mix(mix(hash, (uint64_t)o->solver), (uint64_t)counters->n_steps);
    hash = mix(mix_numbers(hash, numbers, 9), o->signs != NULL);
    if (o->signs) hash = mix_bytes(hash, o->signs, (size_t)o->n_signs);
    return mix_bytes(hash, cmlpi_moments(o), n_moments * (size_t)net->n_params * net->element);
}

static uint64_t mix_epoch(uint64_t hash, const cmlp_epoch *e)
{
    const double sums[] = {e->before->cost_sum, e->before->penalty_sum};
    hash = mix(mix(hash, (uint64_t)e->batch_size), (uint64_t)e->first_batch);
    hash = mix(mix(hash, (uint64_t)e->before->rows_done), e->wants_norm != 0);
    return mix_numbers(mix_numbers(hash, sums, 2), e->rates, e->n_rates);
}

uint64_t cmlpi_fingerprint(const cmlpi_batch_job *job, const cmlp_optimizer *optimizer,
                           const cmlp_optimizer_state *counters, const cmlp_epoch *epoch)
{
    const cmlp_net *net = job->data.net;
    const cmlp_workers *workers = job->workers;
    uint64_t hash = mix(CMLP_VERSION_NUMBER, (uint64_t)workers->n_workers);
    hash = mix(hash, (uint64_t)workers->n_all_shards);
    hash = mix_net(hash, net);
    hash = mix_bytes(hash, job->params, (size_t)net->n_params * net->element);
    hash = mix_data(hash, &job->data);
    hash = mix_objective(hash, &job->objective, net->depth);
    return mix_epoch(mix_optimizer(hash, optimizer, counters, net), epoch);
}

#endif
