/* Several workers train together: results are bit-identical to a call without workers, for any
 * number of workers, also where a worker has no rows. The workers are threads of this program.
 * Errors and cancellation reach all of them, and no worker waits longer than its limit. Compiled
 * with MAX_BYTES, the largest message, so that large networks need several. */
#define _POSIX_C_SOURCE 200809L
#include "calls.h"
#include "faults.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_WORKERS = 8 };

/* Messages between threads: one from each rank to the next, and one from the last to all. */
typedef struct mail {
    char *bytes;
    size_t n;
    int readers; /* that have not read it */
} mail;

typedef struct office {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    mail next[MOST_WORKERS], all;
    int64_t rounds; /* broadcasts so far */
    int32_t n_workers;
} office;

typedef struct worker {
    office *office;
    fixture fixture;
    cmlp_workers workers;
    pthread_t thread;
    int64_t rounds, polls, stop_at, fail_at, calls; /* the poll, or the call of a function, that fails; 0: none */
    int tampers, leaks; /* which number of its messages the worker changes; whether it has sent stale memory */
    int forges;         /* whether it changes the status of what it sends to the next worker */
    int is_absent;      /* whether it does not make the call */
    int status;
} worker;

static int in_fragments; /* whether a message had the largest size */

/* Counts a call of a function. Returns whether it fails. */
static int fails(worker *w, double seconds)
{
    CHECK(seconds == w->workers.seconds);
    return ++w->calls == w->fail_at;
}

/* When a function gives up that may wait for some seconds. */
static struct timespec time_after(double seconds)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    const int64_t nanoseconds = end.tv_nsec + (int64_t)(seconds * 1e9);
    end.tv_sec += (time_t)(nanoseconds / 1000000000);
    end.tv_nsec = (long)(nanoseconds % 1000000000);
    return end;
}

/* Waits for a change. Returns 0 if there is none before the end. */
static int wait_until(office *o, double seconds, const struct timespec *end)
{
    if (seconds > 0) return !pthread_cond_timedwait(&o->changed, &o->lock, end);
    return !pthread_cond_wait(&o->changed, &o->lock);
}

/* Puts a message where its readers find it. Returns 0 if the one before is not read in time. */
static int post(office *o, mail *m, const void *bytes, size_t n, int readers, double seconds)
{
    const struct timespec end = time_after(seconds);
    while (m->readers)
        if (!wait_until(o, seconds, &end)) return 0;
    m->bytes = realloc(m->bytes, n);
    memcpy(m->bytes, bytes, n);
    m->n = n;
    m->readers = readers;
    return 1;
}

static void read_mail(mail *m, void *bytes, size_t n)
{
    CHECK(m->n == n && n && n <= MAX_BYTES);
    in_fragments |= n == MAX_BYTES;
    memcpy(bytes, m->bytes, n);
    m->readers--;
}

/* What is in front of the sums of a batch: the costs, and the fault of the first row that has one. */
typedef struct message {
    double cost[16];
    int64_t status, selected, column, failed_rank;
} message;

/* Changes a number of a message, so that no worker can have sent it, and looks for memory that was not written. */
static void watch(worker *w, char *bytes, size_t n)
{
    message m;
    if (n < sizeof m) return; /* the first exchange */
    memcpy(&m, bytes, sizeof m);
    for (size_t i = 192; m.status && n > 192 && i < n; i++) w->leaks |= bytes[i] != 0;
    if (w->tampers == 1) m.status = 77;
    if (w->tampers > 1) m = (message){{0}, CMLP_ERROR_INPUT, 0, 0, 0};
    if (w->tampers == 2) m.selected = INT64_C(1) << 40;
    if (w->tampers == 3) m.selected = -2;
    if (w->tampers == 4) m.column = INT64_MAX;
    if (w->tampers == 5) m.failed_rank = 3;
    if (w->tampers) memcpy(bytes, &m, sizeof m);
}

static int send_bytes(void *context, const void *bytes, size_t n_bytes, int32_t to, double seconds)
{
    worker *w = context;
    office *o = w->office;
    pthread_mutex_lock(&o->lock);
    CHECK(to == w->workers.rank + 1 && to < o->n_workers);
    const int is_sent = !fails(w, seconds) && post(o, &o->next[to], bytes, n_bytes, 1, seconds);
    if (is_sent && w->forges && n_bytes >= sizeof(message))
        ((message *)(void *)o->next[to].bytes)->status = 77;
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->lock);
    return !is_sent;
}

static int receive_bytes(void *context, void *bytes, size_t n_bytes, int32_t from, double seconds)
{
    worker *w = context;
    office *o = w->office;
    const struct timespec end = time_after(seconds);
    pthread_mutex_lock(&o->lock);
    CHECK(from == w->workers.rank - 1);
    int is_here = !fails(w, seconds);
    while (is_here && !o->next[from + 1].readers) is_here = wait_until(o, seconds, &end);
    if (is_here) read_mail(&o->next[from + 1], bytes, n_bytes);
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->lock);
    return !is_here;
}

static int broadcast_bytes(void *context, void *bytes, size_t n_bytes, int32_t from, double seconds)
{
    worker *w = context;
    office *o = w->office;
    const struct timespec end = time_after(seconds);
    pthread_mutex_lock(&o->lock);
    CHECK(from == o->n_workers - 1); /* the same one at all workers */
    int is_here = !fails(w, seconds);
    if (is_here && w->workers.rank == from) {
        watch(w, bytes, n_bytes);
        is_here = post(o, &o->all, bytes, n_bytes, o->n_workers - 1, seconds);
        if (is_here) w->rounds = ++o->rounds;
    } else if (is_here) {
        while (is_here && o->rounds == w->rounds) is_here = wait_until(o, seconds, &end);
        w->rounds = o->rounds;
        if (is_here) read_mail(&o->all, bytes, n_bytes);
    }
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->lock);
    return !is_here;
}

static int poll(void *context)
{
    worker *w = context;
    return ++w->polls == w->stop_at;
}

static int cancel(void *context)
{
    (void)context;
    return 1;
}

static void *train(void *context)
{
    worker *w = context;
    w->status = fixture_call(&w->fixture, TRAIN);
    return NULL;
}

static void open_office(office *o, worker *all, const shape *s, int32_t n_workers)
{
    memset(o, 0, sizeof *o);
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->changed, NULL);
    o->n_workers = n_workers;
    for (int32_t r = 0; r < n_workers; r++) {
        worker *w = &all[r];
        memset(w, 0, sizeof *w);
        fixture_make(&w->fixture, s);
        fixture_reset(&w->fixture, TRAIN);
        w->office = o;
        w->workers = CMLP_INIT(cmlp_workers);
        w->workers.rank = r;
        w->workers.n_workers = n_workers;
        w->workers.send = send_bytes;
        w->workers.receive = receive_bytes;
        w->workers.broadcast = broadcast_bytes;
        w->workers.context = w;
        w->workers.failed_rank = -7;
        w->fixture.workers = &w->workers;
        w->fixture.epoch.wants_norm = 1;
        w->fixture.run.poll = poll;
        w->fixture.run.poll_context = w;
    }
}

static void make_workspace(fixture *f, slot *s)
{
    cmlp_rows rows = f->rows;
    rows.order = NULL;
    rows.n_order = 0;
    cmlp_workers workers = *f->workers;
    cmlp_epoch epoch = f->epoch;
    epoch.workers = &workers;
    cmlp_status status = cmlp_net_workspace_size(f->net, &rows, &f->objective, &epoch, &f->run.workspace_size,
                                                 THREADS(f->run.n_threads));
    if (status == CMLP_ERROR_OPTION) { /* of a test of such shards */
        workers.first_shard = workers.n_shards = workers.n_all_shards = 0;
        status = cmlp_net_workspace_size(f->net, &rows, &f->objective, &epoch, &f->run.workspace_size,
                                         THREADS(f->run.n_threads));
    }
    CHECK(status == CMLP_OK);
    slot_make(s, f->run.workspace_size);
    f->run.workspace = slot_place(s, f->run.workspace_size, AT_END, 0);
    memset(f->run.workspace, 0xff, f->run.workspace_size);
}

/* Trains with all workers, each with a workspace of exactly the size that it needs. */
static void work(office *o, worker *all)
{
    slot slots[MOST_WORKERS];
    for (int32_t r = 0; r < o->n_workers; r++) make_workspace(&all[r].fixture, &slots[r]);
    pthread_mutex_lock(&o->lock); /* all checks that several threads make are made with it */
    for (int32_t r = 0; r < o->n_workers; r++)
        if (!all[r].is_absent) CHECK(!pthread_create(&all[r].thread, NULL, train, &all[r]));
    pthread_mutex_unlock(&o->lock);
    for (int32_t r = 0; r < o->n_workers; r++)
        if (!all[r].is_absent) pthread_join(all[r].thread, NULL);
    for (int32_t r = 0; r < o->n_workers; r++) {
        CHECK(slot_intact(&slots[r]) && fixture_intact(&all[r].fixture));
        slot_free(&slots[r]);
    }
}

static void close_office(office *o, worker *all)
{
    for (int32_t r = 0; r < o->n_workers; r++) {
        fixture_free(&all[r].fixture);
        free(o->next[r].bytes);
    }
    free(o->all.bytes);
    pthread_mutex_destroy(&o->lock);
    pthread_cond_destroy(&o->changed);
}

static uint64_t hash_alone(const shape *s)
{
    fixture f;
    fixture_make(&f, s);
    fixture_reset(&f, TRAIN);
    f.epoch.wants_norm = 1;
    CHECK(fixture_call(&f, TRAIN) == CMLP_OK);
    const uint64_t hash = fixture_hash(&f);
    fixture_free(&f);
    return hash;
}

/* Points the rows of a fixture to CSR arrays of the same numbers. */
static void make_sparse(fixture *f)
{
    double *values = fixture_block(f, (size_t)(f->n * f->n_in) * sizeof *values);
    int32_t *indices = fixture_block(f, (size_t)(f->n * f->n_in) * sizeof *indices);
    int32_t *indptr = fixture_block(f, (size_t)(f->n + 1) * sizeof *indptr);
    int32_t p = 0;
    for (int64_t i = 0; i < f->n; i++) {
        indptr[i] = p;
        for (int32_t k = 0; k < f->n_in; k++) {
            values[p] = get(f->shape.dtype, f->x, i * f->n_in + k);
            if (values[p] != 0) indices[p++] = k;
        }
    }
    indptr[f->n] = p;
    f->rows.kind = CMLP_ROWS_CSR;
    f->rows.row_stride = f->rows.column_stride = 0;
    f->rows.data = values;
    f->rows.dtype = CMLP_FLOAT64;
    f->rows.indices = indices;
    f->rows.indptr = indptr;
    f->rows.index_dtype = CMLP_INT32;
    f->rows.n_values = p;
}

static void test_same_bits(const shape *s, int32_t n_workers, int sparse)
{
    office o;
    worker all[MOST_WORKERS];
    const uint64_t alone = hash_alone(s);
    open_office(&o, all, s, n_workers);
    for (int32_t r = 0; sparse && r < n_workers; r++) make_sparse(&all[r].fixture);
    work(&o, all);
    for (int32_t r = 0; r < n_workers; r++) {
        CHECK(all[r].status == CMLP_OK && all[r].workers.failed_rank == -1);
        check_that(fixture_hash(&all[r].fixture) == alone, "worker %d of %d, batch %d, CSR rows: %d", (int)r,
                   (int)n_workers, (int)s->batch, sparse);
    }
    close_office(&o, all);
}

static shape wide_shape(void)
{
    return (shape){.n_layers = 4, .sizes = {150, 130, 21, 5}, .hidden = CMLP_ACTIVATION_RELU,
                   .output = CMLP_ACTIVATION_SOFTMAX, .loss = CMLP_LOSS_LOG, .dtype = CMLP_FLOAT32,
                   .solver = CMLP_SOLVER_ADAM, .rows = 700, .batch = 300, .alpha = 0.01, .with_order = 1};
}

/* Each worker stores only the rows of the one batch that it computes, before a guard page. With
 * uneven shards, worker r has r + 1 of them. */
static void test_stored_rows(const shape *s, int32_t n_workers, int uneven)
{
    office o;
    worker all[MOST_WORKERS];
    slot stored[MOST_WORKERS];
    const uint64_t alone = hash_alone(s);
    const int64_t n_chunks = (s->rows + 127) / 128;
    open_office(&o, all, s, n_workers);
    for (int32_t r = 0; r < n_workers; r++) {
        cmlp_rows *rows = &all[r].fixture.rows;
        const int32_t shard = uneven ? r * (r + 1) / 2 : r, n_shards = uneven ? r + 1 : 1;
        const int32_t n_all_shards = uneven ? n_workers * (n_workers + 1) / 2 : n_workers;
        const int64_t first = n_chunks * shard / n_all_shards * 128;
        const int64_t last = n_chunks * (shard + n_shards) / n_all_shards * 128;
        const int64_t n = (last < s->rows ? last : s->rows) - first;
        const size_t row = (size_t)rows->n_columns * (rows->dtype == CMLP_FLOAT64 ? 8 : 4);
        slot_make(&stored[r], (size_t)n * row);
        rows->data = memcpy(slot_place(&stored[r], (size_t)n * row, AT_END, 0),
                            (const char *)rows->data + (size_t)first * row, (size_t)n * row);
        all[r].workers.first_stored = first;
        all[r].workers.n_stored = n;
        if (uneven) {
            all[r].workers.first_shard = shard;
            all[r].workers.n_shards = n_shards;
            all[r].workers.n_all_shards = n_all_shards;
        }
    }
    work(&o, all);
    for (int32_t r = 0; r < n_workers; r++) {
        CHECK(all[r].status == CMLP_OK && fixture_hash(&all[r].fixture) == alone);
        slot_free(&stored[r]);
    }
    close_office(&o, all);
}

static void test_stored(void)
{
    shape s = wide_shape();
    s.with_order = 0;
    s.batch = s.rows;
    for (int32_t n = 1; n <= MOST_WORKERS; n++) {
        s.dtype = n % 2 ? CMLP_FLOAT32 : CMLP_FLOAT64;
        s.with_weights = n % 3 == 1;
        s.dropout = n % 4 == 3 ? 0.3 : 0;
        s.n_threads = 1 + n % 2;
        test_stored_rows(&s, n, 0);
        test_stored_rows(&s, n, 1);
    }
}

/* Rows whose offset from row 0 is no number of bytes: only a few of many rows are selected and stored, with any stride. */
static void test_far_rows(void)
{
    const int64_t far = INT64_C(1) << 60;
    shape s = wide_shape();
    s.with_order = 0;
    for (int k = 0; k < 8; k++) {
        fixture f;
        slot workspace;
        cmlp_workers workers = CMLP_INIT(cmlp_workers);
        s.dtype = k & 1 ? CMLP_FLOAT32 : CMLP_FLOAT64;
        s.sizes[1] = k & 2 ? 130 : 13; /* a wide and a narrow first layer */
        fixture_make(&f, &s);
        fixture_reset(&f, TRAIN);
        f.rows.scale = k & 4 ? 2 : 1;
        f.targets.row_stride = CMLP_REPEAT;
        CHECK(fixture_call(&f, TRAIN) == CMLP_OK);
        const uint64_t expected = fixture_hash(&f);
        int64_t *const order = fixture_block(&f, (size_t)f.n * sizeof *order);
        fixture_reset(&f, TRAIN);
        for (int64_t i = 0; i < f.n; i++) order[i] = far + i;
        workers.n_workers = 1; /* needs no functions */
        workers.first_stored = far;
        workers.n_stored = f.n;
        f.workers = &workers;
        f.rows.n_rows = f.targets.n_rows = 2 * far;
        f.rows.order = order;
        f.rows.n_order = f.n;
        f.targets.row_stride = CMLP_REPEAT;
        f.rows.scale = k & 4 ? 2 : 1; /* converted rows, and those of the caller */
        make_workspace(&f, &workspace);
        CHECK(fixture_call(&f, TRAIN) == CMLP_OK && fixture_hash(&f) == expected && workers.failed_rank == -1);
        f.epoch.batch_size = -1;
        CHECK(fixture_call(&f, TRAIN) == CMLP_ERROR_BATCH && workers.failed_rank == 0);
        f.epoch.batch_size = s.batch;
        f.run.poll = cancel;
        CHECK(fixture_call(&f, TRAIN) == CMLP_CANCELLED && workers.failed_rank == 0);
        slot_free(&workspace);
        fixture_free(&f);
    }
}

static void test_shapes(void)
{
    static const int32_t workers[] = {1, 2, 3, 5, 8};
    static const int64_t batches[] = {100, 128, 200, 300, 512, 700};
    for (int i = 0; i < 30; i++) {
        shape s = wide_shape();
        s.batch = batches[i / 5];
        s.solver = 1 + i % 4;
        s.dtype = i % 3 ? CMLP_FLOAT32 : CMLP_FLOAT64;
        s.sizes[1] = i % 2 ? 130 : 13; /* a wide and a narrow first layer */
        s.n_sparse = i % 4 ? 700 : 0;
        s.with_weights = i % 3 == 1;
        s.dropout = i % 4 == 3 ? 0.3 : 0;
        s.max_norm = i % 5 == 2 ? 0.05 : 0;
        s.alpha = i % 2 ? 0.01 : 0;
        s.n_threads = 1 + i % 3;
        test_same_bits(&s, workers[i % 5], i % 6 == 4);
    }
}

/* A large network is reduced by the workers in several buckets. */
static void test_buckets(void)
{
    shape s = wide_shape();
    s.sizes[2] = 400;
    s.rows = 400;
    s.batch = 400;
    s.n_threads = 2;
    for (int32_t n = 2; n < 5; n++) test_same_bits(&s, n, n == 3);
    CHECK(in_fragments);
}

/* A network without a hidden layer, in one message and in several. */
static void test_one_layer(void)
{
    shape s = wide_shape();
    s.n_layers = 2;
    for (int large = 0; large < 2; large++) {
        s.sizes[0] = large ? 1300 : 30;
        s.sizes[1] = large ? 40 : 5;
        for (int32_t n = 2; n < 4; n++) test_same_bits(&s, n, n == 3);
    }
}

/* All workers report the first bad row, and keep the parameters after the last complete batch. */
static void test_bad_rows(void)
{
    office o;
    worker all[MOST_WORKERS];
    shape s = wide_shape();
    s.with_order = 0;
    for (int later = 0; later < 2; later++) {
        open_office(&o, all, &s, 3);
        for (int32_t r = 0; r < 3; r++) {
            put(s.dtype, all[r].fixture.x, (300 + 299) * 150 + 3, NAN);
            if (!later) put(s.dtype, all[r].fixture.x, (300 + 140) * 150 + 7, INFINITY);
        }
        work(&o, all);
        for (int32_t r = 0; r < 3; r++) {
            const fixture *f = &all[r].fixture;
            CHECK(all[r].status == CMLP_ERROR_INPUT && f->run.bad_row == (later ? 599 : 440));
            CHECK(f->run.bad_column == (later ? 3 : 7) && f->result.n_batches == 1 && f->state->n_steps == 1);
            CHECK(all[r].workers.failed_rank == (later ? 2 : 1));
            CHECK(fixture_hash(f) == fixture_hash(&all[0].fixture));
            CHECK(!all[r].leaks);
        }
        close_office(&o, all);
    }
}

/* Of two faults in a batch, all workers report that of the first row, whichever workers have them. */
static void test_pairs_of_faults(void)
{
    static const int64_t pairs[][2] = {{10, 290}, {290, 10}, {130, 260}, {255, 256}};
    for (int i = 0; i < 4 * FAULTS * FAULTS; i++) {
        const fault kinds[] = {(fault)(i / FAULTS % FAULTS), (fault)(i % FAULTS)};
        const int64_t *const rows = pairs[i / FAULTS / FAULTS];
        const int first = rows[1] < rows[0];
        office o;
        worker all[MOST_WORKERS];
        open_office(&o, all, &faulty_shape, 2 + i % 2);
        for (int32_t r = 0; r < o.n_workers; r++) {
            fixture *const f = &all[r].fixture;
            f->targets = cmlp_dense_targets(make_faults(f, kinds, rows), CMLP_FLOAT64, FAULTY_ROWS, f->n_out);
            memcpy(f->params, f->initial, (size_t)f->n_params * sizeof(double));
        }
        work(&o, all);
        for (int32_t r = 0; r < o.n_workers; r++) {
            const cmlp_run *const run = &all[r].fixture.run;
            CHECK(all[r].status == fault_statuses[kinds[first]] && run->bad_row == rows[first]);
            CHECK(run->bad_column == fault_column(kinds[first], rows[first]) && !all[r].leaks);
        }
        close_office(&o, all);
    }
}

/* Numbers of a message that would be a wrong index or status end the call, as if the transport had failed. */
static void test_bad_messages(void)
{
    const shape s = wide_shape();
    for (int number = 1; number < 6; number++) {
        office o;
        worker all[MOST_WORKERS];
        open_office(&o, all, &s, 3);
        all[2].tampers = number;
        work(&o, all);
        for (int32_t r = 0; r < 3; r++) {
            CHECK(all[r].status == CMLP_ERROR_MESSAGE && all[r].workers.failed_rank == -1);
            CHECK(all[r].fixture.run.bad_row == -1 && all[r].fixture.result.n_batches == 0);
        }
        close_office(&o, all);
    }
}

/* A cancellation at one worker ends the call of all workers after the same batch. */
static void test_cancel(void)
{
    const shape s = wide_shape();
    for (int32_t rank = 0; rank < 3; rank++)
        for (int64_t at = 1; at < 9; at += 3) {
            office o;
            worker all[MOST_WORKERS];
            open_office(&o, all, &s, 3);
            all[rank].stop_at = at;
            work(&o, all);
            for (int32_t r = 0; r < 3; r++) {
                CHECK(all[r].status == CMLP_CANCELLED && all[r].workers.failed_rank == rank);
                CHECK(all[r].fixture.run.bad_row == -1 && all[r].fixture.result.n_batches == at / 3);
                CHECK(fixture_hash(&all[r].fixture) == fixture_hash(&all[0].fixture));
            }
            close_office(&o, all);
        }
}

/* A failure of the transport ends the call of its worker. With one worker in the chain after it, none waits for it. */
static void test_broken_transport(void)
{
    const shape s = wide_shape();
    for (int64_t at = 1; at < 6; at++) {
        office o;
        worker all[MOST_WORKERS];
        open_office(&o, all, &s, 2);
        all[0].fail_at = all[1].fail_at = at; /* both fail, so that neither waits */
        work(&o, all);
        for (int32_t r = 0; r < 2; r++) {
            CHECK(all[r].status == CMLP_ERROR_MESSAGE && all[r].workers.failed_rank == -1);
            CHECK(all[r].fixture.result.n_batches <= 1 && all[r].calls == at);
        }
        close_office(&o, all);
    }
}

/* A worker gets sums that no worker can have sent: it calls no function any more. */
static void test_bad_sums(void)
{
    const shape s = wide_shape();
    const int64_t fail_at[] = {5, 0, 3}; /* so that the others do not wait */
    office o;
    worker all[MOST_WORKERS];
    open_office(&o, all, &s, 3);
    all[0].forges = 1;
    for (int32_t r = 0; r < 3; r++) all[r].fail_at = fail_at[r];
    work(&o, all);
    for (int32_t r = 0; r < 3; r++) CHECK(all[r].status == CMLP_ERROR_MESSAGE && all[r].calls == (r == 1 ? 4 : fail_at[r]));
    close_office(&o, all);
}

/* A worker between two others cannot send its first sums: it calls no function any more, and receives no second ones. */
static void test_broken_send(void)
{
    const shape s = wide_shape();
    const int64_t fail_at[] = {5, 5, 3}; /* two or three calls compare the arguments */
    office o;
    worker all[MOST_WORKERS];
    open_office(&o, all, &s, 3);
    for (int32_t r = 0; r < 3; r++) all[r].fail_at = fail_at[r];
    work(&o, all);
    for (int32_t r = 0; r < 3; r++) CHECK(all[r].status == CMLP_ERROR_MESSAGE && all[r].calls == fail_at[r]);
    close_office(&o, all);
}

/* A worker does not make the call, or a function of it fails: the others give up after their
 * seconds. */
static void test_absent_worker(void)
{
    const shape s = wide_shape();
    for (int32_t rank = 0; rank < 3; rank++)
        for (int64_t fail_at = 0; fail_at < 6; fail_at++) {
            office o;
            worker all[MOST_WORKERS];
            open_office(&o, all, &s, 3);
            for (int32_t r = 0; r < 3; r++) all[r].workers.seconds = 0.05;
            all[rank].is_absent = !fail_at;
            all[rank].fail_at = fail_at;
            work(&o, all);
            for (int32_t r = 0; r < 3; r++) {
                if (all[r].is_absent) continue;
                CHECK(all[r].status == CMLP_ERROR_MESSAGE && all[r].workers.failed_rank == -1);
                CHECK(all[r].fixture.result.n_batches <= 2);
            }
            close_office(&o, all);
        }
}

/* A limit that no worker reaches changes no bit. */
static void test_seconds(void)
{
    const shape s = wide_shape();
    const uint64_t alone = hash_alone(&s);
    office o;
    worker all[MOST_WORKERS];
    open_office(&o, all, &s, 3);
    for (int32_t r = 0; r < 3; r++) all[r].workers.seconds = 60 + r; /* they may differ */
    work(&o, all);
    for (int32_t r = 0; r < 3; r++)
        CHECK(all[r].status == CMLP_OK && fixture_hash(&all[r].fixture) == alone);
    close_office(&o, all);
}

static void expect_refused(fixture *f, int status)
{
    const uint64_t before = fixture_hash(f);
    CHECK(fixture_call(f, TRAIN) == status && f->run.refused && !strncmp(f->run.refused, "epoch->workers", 14));
    CHECK(fixture_hash(f) == before && f->workers->failed_rank == (status == CMLP_ERROR_STRUCT_SIZE ? -7 : -1));
}

/* What a worker cannot tell the others. */
static void test_refused(void)
{
    office o;
    worker all[MOST_WORKERS];
    slot workspace;
    shape s = wide_shape();
    s.with_order = 0;
    open_office(&o, all, &s, 2);
    cmlp_workers *workers = &all[0].workers;
    fixture *f = &all[0].fixture;
    make_workspace(f, &workspace);
    const cmlp_workers good = *workers;
    workers->rank = 2;
    expect_refused(f, CMLP_ERROR_OPTION);
    workers->rank = -1;
    expect_refused(f, CMLP_ERROR_OPTION);
    *workers = good;
    workers->n_workers = 0;
    expect_refused(f, CMLP_ERROR_OPTION);
    *workers = good;
    workers->send = NULL;
    expect_refused(f, CMLP_ERROR_NULL);
    *workers = good;
    workers->receive = NULL;
    expect_refused(f, CMLP_ERROR_NULL);
    *workers = good;
    workers->broadcast = NULL;
    expect_refused(f, CMLP_ERROR_NULL);
    *workers = good;
    workers->seconds = -1;
    expect_refused(f, CMLP_ERROR_OPTION);
    workers->seconds = NAN;
    expect_refused(f, CMLP_ERROR_OPTION);
    *workers = good;
    workers->struct_size = 0;
    expect_refused(f, CMLP_ERROR_STRUCT_SIZE);
    *workers = good;
    f->p_epoch = NULL; /* it names the workers */
    CHECK(fixture_call(f, TRAIN) == CMLP_ERROR_NULL && !strcmp(f->run.refused, "epoch") && workers->failed_rank == -7);
    f->p_epoch = &f->epoch;
    workers->n_workers = 1;
    workers->rank = 1;
    CHECK(fixture_call(f, TRAIN) == CMLP_ERROR_OPTION && !strcmp(f->run.refused, "epoch->workers->rank"));
    CHECK(workers->failed_rank == 0); /* the only one there is */
    slot_free(&workspace);
    close_office(&o, all);
}

/* Changes of one worker's arguments: those that it must refuse, and those that only another worker can notice. */
static void few_stored(worker *w) { w->workers.n_stored = 10; } /* of the 128 rows that it computes of a batch */
static void too_many_stored(worker *w) { w->workers.n_stored = w->fixture.rows.n_rows + 1; }
static void negative_stored(worker *w) { w->workers.n_stored = -1; }
static void negative_first(worker *w) { w->workers.first_stored = -1; }
static void give_shards(worker *w, int32_t first, int32_t n, int32_t all)
{
    w->workers.first_shard = first;
    w->workers.n_shards = n;
    w->workers.n_all_shards = all;
}
static void shards_of_none(worker *w) { give_shards(w, 1, 0, 0); }
static void no_shard(worker *w) { give_shards(w, 1, 0, 3); }
static void negative_shard(worker *w) { give_shards(w, -1, 1, 3); }
static void far_shard(worker *w) { give_shards(w, INT32_MAX - 1, 2, INT32_MAX); }
static void many_shards(worker *w) { give_shards(w, w->workers.rank, 2, 3); }
static void other_shards(worker *w) /* valid ones, but the others have one of 3 */
{
    const int32_t rank = w->workers.rank;
    give_shards(w, 2 * rank, 2, 6);
}
static void shard_of_another(worker *w) { give_shards(w, (w->workers.rank + 1) % 3, 1, 3); }
static void bad_epoch(worker *w)
{
    static cmlp_epoch epoch = {.struct_size = sizeof epoch, .batch_size = -1};
    epoch.workers = &w->workers;
    w->fixture.p_epoch = &epoch;
}
static void bad_result(worker *w)
{
    static cmlp_epoch_result result; /* its struct_size is 0 */
    w->fixture.p_result = &result;
}
static void null_run(worker *w) { w->fixture.p_run = NULL; }
static void no_params(worker *w) { w->fixture.params = NULL; }
static void no_net(worker *w) { w->fixture.p_net = NULL; }
static void no_run(worker *w) { w->fixture.run.struct_size = 0; }
static void bad_rate(worker *w) { w->fixture.optimizer.learning_rate = -1; }
static void other_params(worker *w) { put(w->fixture.shape.dtype, w->fixture.params, 7, 0.25); }
static void other_label(worker *w) { w->fixture.labels[650] = (w->fixture.labels[650] + 1) % 5; }
static void other_rate(worker *w) { w->fixture.optimizer.learning_rate *= 2; }
static void other_state(worker *w) { put(w->fixture.shape.dtype, w->fixture.state + 1, 3, 0.5); }
static void other_steps(worker *w) { w->fixture.state->n_steps++; }
static void other_batch(worker *w) { w->fixture.epoch.batch_size = 256; }
static void other_start(worker *w) { w->fixture.epoch.first_batch = 1; }
static void other_alpha(worker *w) { w->fixture.objective.alpha *= 2; }
static void other_scale(worker *w) { w->fixture.rows.scale *= 2; }
static void other_rows(worker *w) { w->fixture.rows.n_rows = w->fixture.targets.n_rows = 699; }
static void other_weights(worker *w)
{
    w->fixture.objective.row_weights = w->fixture.weights;
    for (int64_t i = 0; i < w->fixture.n; i++) w->fixture.weights[i] = 2;
}
static void other_order(worker *w)
{
    int64_t *order = fixture_block(&w->fixture, 700 * sizeof *order);
    for (int64_t i = 0; i < 700; i++) order[i] = i ^ 1;
    w->fixture.rows.order = order;
    w->fixture.rows.n_order = 700;
}

static void other_end_of_order(worker *w)
{
    int64_t *order = w->fixture.order, last = order[699];
    order[699] = order[698];
    order[698] = last;
}

typedef struct change {
    void (*change)(worker *w);
    int status;
} change;

/* Worker 1 has shards that are valid alone, but not the next ones after those of worker 0. */
static void test_gap_in_shards(void)
{
    static const int32_t firsts[] = {1, 3};
    shape s = wide_shape();
    s.with_order = 0;
    for (int i = 0; i < 2; i++) {
        office o;
        worker all[MOST_WORKERS];
        open_office(&o, all, &s, 3);
        for (int32_t r = 0; r < 3; r++) give_shards(&all[r], 2 * r, 2, 6);
        give_shards(&all[1], firsts[i], 4 - firsts[i], 6);
        work(&o, all);
        for (int32_t r = 0; r < 3; r++)
            CHECK(all[r].status == CMLP_ERROR_WORKERS && all[r].workers.failed_rank == 1);
        close_office(&o, all);
    }
}

/* One worker's arguments are changed: all workers refuse the call, and nothing is changed. */
static void test_disagreements(void)
{
    static const change changes[] = {
        {bad_epoch, CMLP_ERROR_BATCH},       {bad_result, CMLP_ERROR_STRUCT_SIZE},
        {null_run, CMLP_ERROR_NULL},         {negative_stored, CMLP_ERROR_OPTION}, {negative_first, CMLP_ERROR_OPTION},
        {shards_of_none, CMLP_ERROR_OPTION},  {no_shard, CMLP_ERROR_OPTION},        {negative_shard, CMLP_ERROR_OPTION},
        {far_shard, CMLP_ERROR_OPTION},      {many_shards, CMLP_ERROR_OPTION},     {other_shards, CMLP_ERROR_WORKERS},
        {shard_of_another, CMLP_ERROR_OPTION},
        {few_stored, CMLP_ERROR_ORDER},      {too_many_stored, CMLP_ERROR_OPTION}, {no_params, CMLP_ERROR_NULL},
        {no_net, CMLP_ERROR_NULL},           {no_run, CMLP_ERROR_STRUCT_SIZE},     {bad_rate, CMLP_ERROR_OPTION},
        {other_params, CMLP_ERROR_WORKERS},  {other_label, CMLP_ERROR_WORKERS},    {other_rate, CMLP_ERROR_WORKERS},
        {other_state, CMLP_ERROR_WORKERS},   {other_steps, CMLP_ERROR_WORKERS},    {other_batch, CMLP_ERROR_WORKERS},
        {other_start, CMLP_ERROR_WORKERS},   {other_alpha, CMLP_ERROR_WORKERS},    {other_rows, CMLP_ERROR_WORKERS},
        {other_weights, CMLP_ERROR_WORKERS}, {other_order, CMLP_ERROR_WORKERS},
        {other_end_of_order, CMLP_ERROR_WORKERS}, {other_scale, CMLP_ERROR_WORKERS},
    };
    shape s = wide_shape();
    for (int i = 0; i < (int)(sizeof changes / sizeof *changes); i++)
        for (int32_t rank = 0; rank < 3; rank++) {
            office o;
            s.with_order = changes[i].change == other_end_of_order;
            worker all[MOST_WORKERS];
            open_office(&o, all, &s, 3);
            const uint64_t before = fixture_trained(&all[2 - rank].fixture);
            void *const params = all[rank].fixture.params;
            changes[i].change(&all[rank]);
            work(&o, all);
            all[rank].fixture.params = params;
            /* of two that differ, the one of the lower rank counts */
            const int32_t ended = changes[i].status == CMLP_ERROR_WORKERS && !rank ? 1 : rank;
            for (int32_t r = 0; r < 3; r++) {
                check_that(all[r].status == changes[i].status && all[r].workers.failed_rank == ended,
                           "change %d at worker %d: status %d of worker %d", i, (int)rank, all[r].status, (int)r);
                if (r != rank) CHECK(!strcmp(all[r].fixture.run.refused, "epoch->workers"));
            }
            CHECK(fixture_trained(&all[2 - rank].fixture) == before || rank == 1);
            close_office(&o, all);
        }
}

/* A worker that counts fewer workers than rank 0 names no rank beyond its own number, and does not tell the others. */
static void test_fewer_workers(void)
{
    const shape s = wide_shape();
    office o;
    worker all[MOST_WORKERS];
    open_office(&o, all, &s, 3);
    const uint64_t before = fixture_trained(&all[0].fixture);
    all[1].workers.n_workers = 2;
    all[0].fail_at = 2; /* its broadcast, which would wait */
    all[2].fail_at = 1;
    work(&o, all);
    CHECK(all[1].status == CMLP_ERROR_WORKERS && all[1].workers.failed_rank == 1 && all[1].calls == 1);
    for (int32_t r = 0; r < 3; r++) {
        CHECK(r == 1 || all[r].status == CMLP_ERROR_MESSAGE);
        CHECK(fixture_trained(&all[r].fixture) == before);
    }
    close_office(&o, all);
}

/* A worker that counts more workers than rank 0: all return, and nothing is changed. */
static void test_other_numbers(void)
{
    static const struct {
        int32_t rank, n_workers;
    } wrong[] = {{2, 4}, {2, 8}, {1, 4}};
    const shape s = wide_shape();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        office o;
        worker all[MOST_WORKERS];
        open_office(&o, all, &s, 3);
        const uint64_t before = fixture_trained(&all[0].fixture);
        all[wrong[i].rank].workers.n_workers = wrong[i].n_workers;
        work(&o, all);
        for (int32_t r = 0; r < 3; r++) {
            CHECK(all[r].status == CMLP_ERROR_WORKERS && all[r].workers.failed_rank == wrong[i].rank);
            CHECK(!strcmp(all[r].fixture.run.refused, "epoch->workers") && fixture_trained(&all[r].fixture) == before);
        }
        close_office(&o, all);
    }
}

int main(void)
{
    test_shapes();
    test_buckets();
    test_one_layer();
    test_stored();
    test_far_rows();
    test_bad_rows();
    test_pairs_of_faults();
    test_bad_messages();
    test_cancel();
    test_broken_transport();
    test_bad_sums();
    test_broken_send();
    test_absent_worker();
    test_seconds();
    test_refused();
    test_disagreements();
    test_gap_in_shards();
    test_fewer_workers();
    test_other_numbers();
    return finish();
}
