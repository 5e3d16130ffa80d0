/* cmlp_workers.h: EXPERIMENTAL, may change in a minor version: training by several processes, on
 * top of cmlp.h.
 *
 * Processes, on one machine or several, train the same network together: each calls
 * cmlp_train_epoch with the same arguments and a cmlp_workers of its own (cmlp_epoch.workers), and
 * computes the gradient of a part of the rows of each batch. Parameters, optimizer, costs and
 * statuses are then the same on all workers, and are bit-identical to those of one process alone.
 * examples/mpi has a program.
 *
 * A version that changes the meaning of a field changes the size of cmlp_workers, too: programs that
 * were compiled before then get CMLP_ERROR_STRUCT_SIZE. The rules of cmlp.h hold. */
#ifndef CMLP_WORKERS_H
#define CMLP_WORKERS_H

#include "cmlp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One of the processes.
 *
 * A batch has chunks of 128 rows, C in all, which are divided into n_all_shards shards: shard i of
 * s has the chunks from floor(C i / s) to floor(C (i + 1) / s) - 1. A worker computes the n_shards
 * shards from first_shard on, and keeps the activations of their rows. The shards of the workers,
 * in the order of their ranks, are all shards. If n_all_shards is 0, each worker has one shard, so
 * that at most C workers are useful.
 *
 * The sums over the rows go through the workers like a chain: each adds those of its chunks, in
 * order, to what it received. The parameters are divided into buckets, so that a worker computes
 * one while the worker before computes the next. The last worker broadcasts the sums, and every
 * worker takes the step.
 *
 * Messages. The calling thread calls the three functions with n_bytes from 1 to 2^30, of memory of
 * the library. They return when the memory may be used again, also if they fail: with 0, or with
 * another value for a failure. `seconds` is the field below: how
 * long the function may wait for the other worker, 0: for ever. A function that gives up fails.
 * Messages have the byte order of the machine, which must be the same for all workers, and so must
 * the version of the library. `to` and `from` are from 0 to n_workers - 1.
 *
 * Before the first batch the workers exchange whether their arguments are valid, and a number that
 * depends on all values that they must have in common (the library's version, n_workers,
 * n_all_shards and all arguments, but not rows->data). If an argument is invalid at one worker, all
 * return its status, and if the numbers differ, or the shards of a worker do not follow those of
 * the worker before, CMLP_ERROR_WORKERS; nothing is changed then. A worker tells the others of any
 * invalid argument, with three exceptions: a cmlp_epoch that is NULL or has an invalid struct_size;
 * a struct_size, a rank, an n_workers, a function or `seconds` of cmlp_workers that is invalid; and
 * an n_workers that is lower than the one of rank 0. Then it returns, and the others wait for a
 * message that it does not send. The last worker of this exchange is the last one by the n_workers
 * of rank 0, so that all name the same sender of the broadcast. A worker whose rank is beyond that
 * number waits for a message that nobody sends.
 *
 * If one of the functions fails, or a message is one that no worker can have sent, the call ends at
 * this worker only, with CMLP_ERROR_MESSAGE. The program must then end the other workers, as
 * MPI_Abort does, or they give up after their `seconds`. Parameters and optimizer are those after
 * the last batch that this worker has completed; another worker may have one batch more.
 *
 * A worker needs the targets and the row weights of all rows, but of rows->data only the rows that
 * it computes: with n_stored > 0, rows->data points to the first of n_stored rows, and the row at
 * index first_stored of `rows` is the first of them. They must contain the rows of the worker's
 * chunks of every batch.
 *
 * The errors of workers: NULL, OPTION (a rank, a number, seconds, shards or stored rows), ORDER (a
 * row of the worker's chunks is not stored), WORKERS, MESSAGE. */
typedef struct cmlp_workers {
    size_t struct_size;
    /* To rank + 1. The three functions may be NULL if n_workers is 1. */
    int (*send)(void *context, const void *bytes, size_t n_bytes, int32_t to, double seconds);
    /* From rank - 1. */
    int (*receive)(void *context, void *bytes, size_t n_bytes, int32_t from, double seconds);
    /* From the last worker to all others. Every worker calls it. */
    int (*broadcast)(void *context, void *bytes, size_t n_bytes, int32_t from, double seconds);
    void *context;
    /* What the functions get: >= 0; 0: for ever. More than the other workers need for a batch. */
    double seconds;
    int64_t first_stored, n_stored; /* rows in rows->data, which are dense; n_stored 0: all rows */
    int32_t rank, n_workers; /* 0 <= rank < n_workers */
    /* The worker's part of each batch. All 0: one shard per worker. */
    int32_t first_shard, n_shards, n_all_shards;
    /* Output: the worker that has ended the call, by its arguments, an error in its rows, its
     * `poll` or its loss. All workers then return the same status; at the others, cmlp_run.refused
     * is "epoch->workers". -1 if no single worker has: after CMLP_OK and
     * CMLP_ERROR_MESSAGE, if parameters are not finite after the last batch, and if this worker
     * could not tell the others. With one worker, 0 after every failure. Unchanged if struct_size
     * is invalid. */
    int32_t failed_rank;
} cmlp_workers;

#ifdef __cplusplus
}
#endif
#endif
