/* A batch that several processes share, which continue each other's sums: what cmlp_workers.h adds to an epoch. */
#include "epoch.h"
#include "fingerprint.h"
#include "output.h"
#include "weights.h"

#if CMLP_BUILD_TRAINING

/* A bucket has about this many elements, and there are at most about MAX_BUCKETS. A worker waits
 * for one bucket of the worker before, and a message takes as long as computing with some thousand
 * elements. */
#ifndef BUCKET_ELEMENTS
#define BUCKET_ELEMENTS 16384
#endif
#define MAX_BUCKETS 16

/* A message of more bytes is sent in fragments. */
#ifndef MAX_BYTES
#define MAX_BYTES ((size_t)1 << 30)
#endif

/* What is sent in front of the first bucket, and broadcast in front of all of them. */
typedef struct cmlpi_message {
    double cost[CMLPI_PARTIALS];       /* partial sums over the rows of the workers so far */
    int64_t status, selected, column; /* the fault of the first row that has one */
    int64_t failed_rank;              /* the worker with this fault, or -1 */
} cmlpi_message;
CMLPI_ASSERT(sizeof(cmlpi_message) <= CMLPI_MESSAGE_BYTES, "the message fits before the gradient");

/* What a worker sends the next one before the first batch, and the last one all of them: the
 * arguments of rank 0, the first worker that refuses the call, and how many shards the workers so
 * far have. Who is the last one is what rank 0 says, so that workers that disagree about their
 * number take part in the same broadcast. */
typedef struct cmlpi_handshake {
    uint64_t fingerprint;
    int64_t status, failed_rank, n_workers, n_shards;
} cmlpi_handshake;

/* The three functions of the caller, for any number of bytes. Each returns whether it fails. */
static size_t fragment_bytes(size_t left) { return left < MAX_BYTES ? left : MAX_BYTES; }

static int send_to_next(const cmlp_workers *workers, const void *bytes, size_t n)
{
    int failed = 0;
    for (size_t at = 0; at < n && !failed; at += MAX_BYTES)
        failed = workers->send(workers->context, (const char *)bytes + at, fragment_bytes(n - at),
                               workers->rank + 1, workers->seconds) != 0;
    return failed;
}

static int receive_from_last(const cmlp_workers *workers, void *bytes, size_t n)
{
    int failed = 0;
    for (size_t at = 0; at < n && !failed; at += MAX_BYTES)
        failed = workers->receive(workers->context, (char *)bytes + at, fragment_bytes(n - at),
                                  workers->rank - 1, workers->seconds) != 0;
    return failed;
}

static int broadcast_from(const cmlp_workers *workers, void *bytes, size_t n, int32_t from)
{
    int failed = 0;
    for (size_t at = 0; at < n && !failed; at += MAX_BYTES)
        failed = workers->broadcast(workers->context, (char *)bytes + at, fragment_bytes(n - at),
                                    from, workers->seconds) != 0;
    return failed;
}

/* All workers take part, also those that must refuse the call (`own` is then their status), and
 * all return the status of the first that refuses it, or CMLP_ERROR_WORKERS if a worker's
 * fingerprint differs from the one of rank 0, or its shards are not the next ones. */
static cmlp_status handshake(cmlp_workers *workers, cmlp_status own, uint64_t fingerprint)
{
    const int32_t rank = workers->rank;
    cmlpi_handshake before = {fingerprint, CMLP_OK, -1, workers->n_workers, 0};
    if (rank && receive_from_last(workers, &before, sizeof before)) return CMLP_ERROR_MESSAGE;
    if (before.n_workers < 2 || before.n_workers > INT32_MAX) return CMLP_ERROR_MESSAGE; /* no worker sends this */
    const int32_t n = (int32_t)before.n_workers;
    if (n > workers->n_workers) { /* the caller's functions know no rank beyond its own n_workers */
        workers->failed_rank = rank;
        return CMLP_ERROR_WORKERS;
    }
    const int is_same = before.fingerprint == fingerprint &&
                        before.n_shards == workers->first_shard;
    const cmlp_status mine = own ? own : is_same ? CMLP_OK : CMLP_ERROR_WORKERS;
    cmlpi_handshake sent = before;
    sent.n_shards = (int64_t)workers->first_shard + workers->n_shards;
    if (!before.status && mine) sent.status = mine, sent.failed_rank = rank;
    if (rank < n - 1 && send_to_next(workers, &sent, sizeof sent)) return CMLP_ERROR_MESSAGE;
    if (broadcast_from(workers, &sent, sizeof sent, n - 1)) return CMLP_ERROR_MESSAGE;
    if (!sent.status && sent.fingerprint == fingerprint) return CMLP_OK;
    workers->failed_rank = sent.failed_rank >= 0 && sent.failed_rank < n ? (int32_t)sent.failed_rank : -1;
    return sent.status > CMLP_CANCELLED && sent.status <= CMLP_ERROR_SPARSE ? (cmlp_status)sent.status
                                                                          : CMLP_ERROR_WORKERS;
}

/* Whether a message is one that a worker with these arguments can send: its numbers become an index and a status. */
static int is_message(const cmlpi_batch_job *job, const cmlpi_message *m)
{
    const int64_t n_in = cmlpi_n_in(job->data.net), n_out = cmlpi_n_out(job->data.net);
    if (m->status == CMLP_OK) return 1;
    if (m->status != CMLP_CANCELLED && m->status != CMLP_ERROR_INPUT && m->status != CMLP_ERROR_TARGET &&
        m->status != CMLP_ERROR_DIVERGED)
        return 0;
    return m->selected >= -1 && m->selected < job->data.n && m->column >= -1 &&
           m->column < (n_in > n_out ? n_in : n_out) && m->failed_rank >= 0 && m->failed_rank < job->workers->n_workers;
}

/* The end of the bucket that starts at the parameter `begin`: at most `most` elements, but at least
 * CMLPI_BUCKET_ROWS weight rows, or the rest of a layer with its biases. */
static int64_t bucket_end(const cmlp_net *net, int64_t begin, int64_t most)
{
    int64_t end = begin;
    for (int32_t l = 0; l < net->depth; l++) {
        const cmlpi_layer *layer = &net->layers[l];
        const int64_t layer_end = layer->biases + layer->n_out;
        const int64_t unit = CMLPI_BUCKET_ROWS * layer->n_out;
        if (layer_end <= begin) continue;
        if (layer_end - begin <= most) {
            end = layer_end;
            continue;
        }
        if (end > begin && layer->weights + unit - begin > most) break; /* not even one unit of this layer */
        const int64_t start = begin > layer->weights ? begin : layer->weights;
        int64_t units = (begin + most - start) / unit;
        if (units < 1) units = 1;
        return start + units * unit < layer->biases ? start + units * unit : layer_end;
    }
    return end;
}

static int64_t bucket_elements(const cmlp_net *net)
{
    const int64_t elements = net->n_params / MAX_BUCKETS;
    return elements < BUCKET_ELEMENTS ? BUCKET_ELEMENTS : elements;
}

/* The memory of the bucket [begin, end), with the message if it is the first. */
static void *bucket_bytes(const cmlpi_batch_job *job, int64_t begin, int64_t end, size_t *bytes)
{
    void *sums = cmlpi_at(job->data.net, job->memory.gradient, begin);
    *bytes = (size_t)(end - begin) * job->data.net->element + (begin ? 0 : CMLPI_MESSAGE_BYTES);
    return begin ? sums : job->memory.message;
}

/* Merges what the worker before has sent with the fault and the costs of this worker's n rows. */
static void merge_message(cmlpi_batch_job *job, cmlpi_fault own, int64_t n)
{
    const cmlp_workers *workers = job->workers;
    cmlpi_message *message = job->memory.message;
    /* After a fault the worker before sends no more. */
    job->receives = workers->rank > 0 && !message->status;
    if (!message->status && own.status) {
        message->status = own.status;
        message->selected = own.selected;
        message->column = own.column;
        message->failed_rank = workers->rank;
    }
    job->computes = !message->status;
    if (message->status) return;
    cmlpi_sum sum = {0}; /* a worker's first row is a multiple of CMLPI_PARTIALS */
    memcpy(sum.partial, message->cost, sizeof sum.partial);
    cmlpi_add_costs(job, job->memory.costs, n, &sum);
    memcpy(message->cost, sum.partial, sizeof sum.partial);
}

/* Gets the sums of the workers before for a bucket. */
static void begin_bucket(cmlpi_batch_job *job, cmlpi_fault own, int64_t n, int64_t begin, int64_t end)
{
    const cmlp_workers *workers = job->workers;
    cmlpi_message *message = job->memory.message;
    size_t bytes;
    void *data = bucket_bytes(job, begin, end, &bytes);
    if (job->is_broken) return;
    if (!workers->rank) {
        memset(data, 0, bytes);
        if (!begin) message->failed_rank = -1;
    } else if (job->receives) {
        job->is_broken = receive_from_last(workers, data, bytes);
    }
    if (!begin && !job->is_broken) job->is_broken = !is_message(job, message);
    if (!begin && !job->is_broken) merge_message(job, own, n);
}

static void end_bucket(cmlpi_batch_job *job, int64_t begin, int64_t end)
{
    const cmlp_workers *workers = job->workers;
    const cmlpi_message *message = job->memory.message;
    size_t bytes;
    void *data = bucket_bytes(job, begin, end, &bytes);
    if (!job->sends) return;
    job->is_broken = send_to_next(workers, data, bytes);
    if (message->status) job->sends = 0; /* the next worker expects no more */
}

/* Sends all sums from the last worker to the others. If a worker has a fault, all workers get it, and zeros instead of
 * sums that no worker has computed. */
static void broadcast_sums(cmlpi_batch_job *job, int32_t size)
{
    cmlp_workers *workers = job->workers;
    const cmlpi_message *message = job->memory.message;
    cmlpi_fault fault = cmlpi_fault_of(CMLP_ERROR_MESSAGE);
    size_t bytes;
    void *all = bucket_bytes(job, 0, job->data.net->n_params, &bytes);
    workers->failed_rank = -1;
    if (!job->is_broken && message->status) memset(job->memory.gradient, 0, bytes - CMLPI_MESSAGE_BYTES);
    if (!job->is_broken && !broadcast_from(workers, all, bytes, workers->n_workers - 1) &&
        is_message(job, message)) {
        fault = cmlpi_fault_of(CMLP_OK);
        if (message->status) {
            fault = (cmlpi_fault){(cmlp_status)message->status, message->selected, message->column};
            workers->failed_rank = (int32_t)message->failed_rank;
        }
        memcpy(job->cost_sum.partial, message->cost, sizeof job->cost_sum.partial);
    }
    for (int32_t i = 0; i < size; i++) job->memory.faults[i] = i ? cmlpi_fault_of(CMLP_OK) : fault;
}

/* The rows [*first, *end) of a batch of n rows that a worker computes. */
static void worker_rows(const cmlp_workers *workers, int64_t n, int64_t *first, int64_t *end)
{
    int64_t between;
    const int32_t shard = workers->first_shard, all = workers->n_all_shards;
    cmlpi_team_range(n, CMLPI_CHUNK, shard, all, first, &between);
    cmlpi_team_range(n, CMLPI_CHUNK, shard + workers->n_shards - 1, all, &between, end);
}

int cmlpi_workers_batch(cmlpi_batch_job *job, cmlpi_thread self)
{
    const cmlp_net *net = job->data.net;
    const cmlp_workers *workers = job->workers;
    const int64_t most = bucket_elements(net);
    int64_t a, b;
    worker_rows(workers, job->n, &a, &b);
    if (!self.index) {
        job->receives = workers->rank > 0;
        job->sends = workers->rank < workers->n_workers - 1;
        job->computes = job->is_broken = 0;
    }
    cmlpi_process_rows(job, job->first + a, b - a, self);
    const cmlpi_fault own = cmlpi_first_fault(job->memory.faults, self.size);
    for (int64_t begin = 0, to; begin < net->n_params; begin = to) {
        to = bucket_end(net, begin, most);
        if (!self.index) begin_bucket(job, own, b - a, begin, to);
        cmlpi_team_barrier(self);
        const int broken = job->is_broken;
        if (!broken && job->computes) cmlpi_weights_accumulate(job, b - a, begin, to, self);
        cmlpi_team_barrier(self);
        if (broken) break;
        if (!self.index) end_bucket(job, begin, to);
    }
    if (!self.index) broadcast_sums(job, self.size);
    cmlpi_team_barrier(self);
    if (job->memory.faults[0].status) return 0;
    cmlpi_weights_microbatch(job, job->n, 0, self); /* what is left: the epilogue */
    cmlpi_batch_clipped_step(job, self);
    return 1;
}

/* ------------------------------------------------------------------------------------------------- the epoch */

/* Gives each worker one shard if the caller has named none, or invalid ones. Returns whether they
 * are invalid. */
static int replace_bad_shards(cmlp_workers *workers)
{
    const int32_t all = workers->n_all_shards, first = workers->first_shard, n = workers->n_shards;
    const int32_t last = workers->n_workers - 1; /* the others have a shard each, or more */
    if (first >= workers->rank && n >= 1 && all > last && n <= all - last && first <= all - n &&
        (first > 0) == (workers->rank > 0) && (first < all - n) == (workers->rank < last))
        return 0;
    workers->first_shard = workers->rank;
    workers->n_shards = 1;
    workers->n_all_shards = workers->n_workers;
    return first || n || all;
}

cmlp_status cmlpi_read_workers(cmlp_workers *workers, cmlp_workers *given, int *has_bad_shards,
                               const char **refused)
{
    const cmlp_status status = CMLPI_READ(workers, given, cmlp_workers, failed_rank);
    if (status) return cmlpi_refuse(refused, status, "epoch->workers");
    workers->failed_rank = -1;
    given->failed_rank = workers->n_workers == 1 ? 0 : -1; /* unless the call ends otherwise */
    if (workers->rank < 0 || workers->rank >= workers->n_workers)
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "epoch->workers->rank");
    if (!(workers->seconds >= 0)) /* or NaN */
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "epoch->workers->seconds");
    *has_bad_shards = replace_bad_shards(workers);
    if (workers->n_workers > 1 && (!workers->send || !workers->receive || !workers->broadcast))
        return cmlpi_refuse(refused, CMLP_ERROR_NULL, "epoch->workers->send, receive or broadcast");
    return CMLP_OK;
}

cmlp_status cmlpi_check_stored_rows(cmlpi_batch_job *job, const cmlp_epoch *epoch)
{
    const cmlp_workers *workers = epoch->workers;
    cmlpi_data *data = &job->data;
    const int64_t size = epoch->batch_size;
    if (workers->first_stored < 0 || workers->n_stored < 0)
        return cmlpi_refuse(&job->run->refused, CMLP_ERROR_OPTION, "epoch->workers->first_stored or n_stored");
    if (!workers->n_stored) return CMLP_OK;
    if (cmlpi_is_sparse(data) || workers->first_stored > data->rows.n_rows - workers->n_stored)
        return cmlpi_refuse(&job->run->refused, CMLP_ERROR_OPTION, "epoch->workers->first_stored or n_stored");
    data->first_stored = workers->first_stored;
    data->n_stored = workers->n_stored;
    for (int64_t first = 0, n = data->n; first < n; first += size) {
        int64_t a, b;
        worker_rows(workers, n - first < size ? n - first : size, &a, &b);
        for (int64_t i = first + a; i < first + b; i++) {
            if (cmlpi_is_stored(data, i)) continue;
            return cmlpi_refuse_element(job->run, CMLP_ERROR_ORDER, "epoch->workers->first_stored or n_stored", i);
        }
    }
    return CMLP_OK;
}

cmlp_status cmlpi_workers_handshake(cmlp_status own, const cmlpi_batch_job *job, const cmlp_optimizer *optimizer,
                                    const cmlp_optimizer_state *counters, const cmlp_epoch *epoch)
{
    cmlp_workers *workers = epoch->workers;
    if (workers->n_workers == 1) return own;
    const uint64_t fingerprint = own ? 0 : cmlpi_fingerprint(job, optimizer, counters, epoch);
    const cmlp_status status = handshake(workers, own, fingerprint);
    if (status && !own) job->run->refused = "epoch->workers";
    return status;
}

cmlp_status cmlpi_read_shards(cmlp_workers *copy, const cmlp_workers *given)
{
    const cmlp_status status = CMLPI_READ(copy, given, cmlp_workers, failed_rank);
    if (status) return status;
    return copy->n_workers < 1 || replace_bad_shards(copy) ? CMLP_ERROR_OPTION : CMLP_OK;
}

#endif
