/* Workers that train together: their buckets, and the messages that they accept. */
#include "any.h"

#include "train/workers.c"

static cmlpi_any_net any;
static cmlp_net *const net = &any.net;

/* 1 to 3 layers of 1 to MOST units. */
static void any_net(void)
{
    int64_t at = 0, n_in = nondet_int64();
    net->depth = nondet_int();
    ASSUME(net->depth >= 1 && net->depth <= 3 && n_in >= 1 && n_in <= MOST);
    for (int l = 0; l < net->depth; l++) {
        const int64_t n_out = nondet_int64();
        ASSUME(n_out >= 1 && n_out <= MOST);
        net->layers[l].n_in = n_in;
        net->layers[l].n_out = n_out;
        net->layers[l].weights = at;
        net->layers[l].biases = at + n_in * n_out;
        at += n_in * n_out + n_out;
        n_in = n_out;
    }
    net->n_params = at;
}

/* From any place where a bucket can begin, the next bucket is not empty and ends where the next one can begin. */
static int is_start(int64_t at)
{
    for (int l = 0; l < net->depth; l++) {
        const cmlpi_layer *layer = &net->layers[l];
        if (at == layer->weights) return 1;
        if (at > layer->weights && at < layer->biases && (at - layer->weights) % (CMLPI_BUCKET_ROWS * layer->n_out) == 0)
            return 1;
    }
    return 0;
}

void prove_bucket_end(void)
{
    const int64_t begin = nondet_int64(), most = nondet_int64();
    any_net();
    ASSUME(begin >= 0 && begin < net->n_params && most >= 1 && most <= 1000 && is_start(begin));
    const int64_t end = bucket_end(net, begin, most);
    REQUIRE(end > begin && end <= net->n_params);
    REQUIRE(end == net->n_params || is_start(end));
}

void prove_is_message(void)
{
    cmlpi_batch_job job;
    cmlpi_message message;
    cmlp_workers workers;
    any_net();
    job.data.net = net;
    job.workers = &workers;
    if (!is_message(&job, &message) || !message.status) return;
    REQUIRE(message.selected >= -1 && message.selected < job.data.n);
    REQUIRE(message.failed_rank >= 0 && message.failed_rank < workers.n_workers);
    REQUIRE(message.column >= -1 && message.column < MOST);
    REQUIRE(message.status >= CMLP_CANCELLED && message.status <= CMLP_ERROR_DIVERGED);
}
