/* Three processes train together over pipes, bit-identical to one; all refuse a call in which one
 * of them has other arguments, or an invalid one; and if one does not make the call, the others
 * give up. */
#define _POSIX_C_SOURCE 200809L
#include "journey.h"

#include <cmlp_workers.h>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 3 };

static int pipes[WORKERS][WORKERS][2]; /* from, to */

/* Moves all bytes; fails if there is none to move for some seconds (0: waits for ever). */
static int transfer(int descriptor, void *bytes, size_t n_bytes, int is_write, double seconds)
{
    struct pollfd ready;
    ready.fd = descriptor;
    ready.events = POLLIN;
    if (is_write) ready.events = POLLOUT;
    for (size_t done = 0; done < n_bytes;) {
        char *const at = (char *)bytes + done;
        if (poll(&ready, 1, seconds > 0 ? (int)(seconds * 1e3) : -1) <= 0) return 1;
        const ssize_t moved = is_write ? write(descriptor, at, n_bytes - done)
                                       : read(descriptor, at, n_bytes - done);
        if (moved <= 0) return 1;
        done += (size_t)moved;
    }
    return 0;
}

static int send_to(void *context, const void *bytes, size_t n_bytes, int32_t to, double seconds)
{
    return transfer(pipes[*(int *)context][to][1], (void *)bytes, n_bytes, 1, seconds);
}

static int receive_from(void *context, void *bytes, size_t n_bytes, int32_t from, double seconds)
{
    return transfer(pipes[from][*(int *)context][0], bytes, n_bytes, 0, seconds);
}

static int broadcast(void *context, void *bytes, size_t n_bytes, int32_t from, double seconds)
{
    const int me = *(int *)context;
    if (me != from) return receive_from(context, bytes, n_bytes, from, seconds);
    for (int32_t to = 0; to < WORKERS; to++)
        if (to != me && send_to(context, bytes, n_bytes, to, seconds)) return 1;
    return 0;
}

static cmlp_status train(learner *l, cmlp_workers *workers, double alpha, int64_t batch_size)
{
    static float x[N_ROWS * N_IN];
    static int32_t y[N_ROWS];
    make_rows(x, y, N_ROWS);
    begin(l, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG);
    const cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN);
    const cmlp_targets targets = cmlp_class_targets(y, N_ROWS);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    cmlp_run run = CMLP_INIT(cmlp_run);
    objective.alpha = alpha;
    epoch.workers = workers;
    OK(cmlp_net_workspace_size(net_of(l), &rows, &objective, &epoch, &run.workspace_size, &run));
    run.workspace = malloc(run.workspace_size);
    CHECK(run.workspace);
    cmlp_status status = CMLP_OK;
    epoch.batch_size = batch_size;
    for (int e = 0; e < 5 && !status; e++)
        status = cmlp_train_epoch(net_of(l), l->params, cmlp_net_n_params(net_of(l)), &rows, &targets, &objective,
                                  &l->optimizer, &epoch, NULL, &run);
    free(run.workspace);
    return status;
}

enum { AGREE, OTHER_ALPHA, BAD_BATCH, ABSENT, CASES };

/* One of the processes: 0 if its parameters are those of a single process, or the status is the expected one. */
static int together(int rank, int which)
{
    static learner alone, l;
    cmlp_workers workers = CMLP_INIT(cmlp_workers);
    workers.rank = rank;
    workers.n_workers = WORKERS;
    workers.send = send_to;
    workers.receive = receive_from;
    workers.broadcast = broadcast;
    workers.context = &rank;
    workers.seconds = which == ABSENT ? 0.5 : 60;
    const int differs = which && rank == 1;
    if (differs && which == ABSENT) return 0;
    const cmlp_status status = train(&l, &workers, differs && which == OTHER_ALPHA ? 0.5 : 0.25,
                                     differs && which == BAD_BATCH ? -1 : 0);
    if (which == ABSENT) return status != CMLP_ERROR_MESSAGE || workers.failed_rank != -1;
    CHECK(workers.failed_rank == (which ? 1 : -1));
    if (which) return status != (which == BAD_BATCH ? CMLP_ERROR_BATCH : CMLP_ERROR_WORKERS);
    OK(status);
    OK(train(&alone, NULL, 0.25, 0));
    return memcmp(alone.params, l.params, sizeof l.params) != 0;
}

int main(void)
{
    for (int which = 0; which < CASES; which++) {
        for (int from = 0; from < WORKERS; from++)
            for (int to = 0; to < WORKERS; to++) CHECK(!pipe(pipes[from][to]));
        for (int rank = 0; rank < WORKERS; rank++) {
            const pid_t child = fork();
            CHECK(child >= 0);
            if (!child) _exit(together(rank, which));
        }
        for (int rank = 0; rank < WORKERS; rank++) {
            int status = 1;
            CHECK(wait(&status) > 0 && status == 0);
        }
    }
    return 0;
}
