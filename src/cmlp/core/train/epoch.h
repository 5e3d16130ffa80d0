/* An epoch, and what training with other processes adds to it. */
#ifndef CMLP_EPOCH_H
#define CMLP_EPOCH_H

#include "../../../../include/cmlp_workers.h"
#include "backward.h"

/* The arguments of cmlp_train_epoch. */
typedef struct cmlp_epoch_call {
    const cmlp_net *net;
    void *params;
    const cmlp_rows *rows;
    const cmlp_targets *targets;
    const cmlp_objective *objective;
    cmlp_optimizer *optimizer;
    const cmlp_epoch *epoch;
    cmlp_epoch_result *result;
    cmlp_run *run;
} cmlp_epoch_call;

/* The other processes, and the four moments at which an epoch turns to them. All of workers.c is behind these pointers,
 * so that a program that trains alone does not link it. */
typedef struct cmlp_chain cmlp_chain;
struct cmlp_chain {
    cmlp_workers *given;  /* the caller's struct */
    cmlp_workers workers; /* a checked copy; n_workers may be 1 */
    int has_bad_shares;   /* the caller's; the copy then has one share for each worker */
    /* Fills the copy, sets failed_rank, and checks what `agree` needs. */
    cmlp_status (*read)(cmlp_chain *chain, const char **refused);
    /* Once the other arguments are valid: checks the rest. If only some rows are stored, this worker's must be, and
     * job->data then has the range of those that are. */
    cmlp_status (*find_stored)(const cmlp_chain *chain, cmlp_batch_job *job, const cmlp_epoch *epoch);
    /* Before the first batch: all workers train, or none. `own` is the status of this worker's arguments, which the other
     * workers get; if it is not CMLP_OK, the structs are not read. */
    cmlp_status (*agree)(cmlp_chain *chain, cmlp_status own, const cmlp_batch_job *job, const cmlp_optimizer *optimizer,
                         const cmlp_epoch *epoch, cmlp_run *run);
    /* As cmlp_batch_member(), but computes only this worker's rows, and exchanges sums. Sets workers.failed_rank if a
     * worker ends the call; job->memory.faults then has that worker's fault. */
    cmlp_batch_fn *batch;
};

/* Trains an epoch; `chain` is NULL if this process trains alone. */
cmlp_status cmlp_run_epoch(const cmlp_epoch_call *call, cmlp_chain *chain);

/* Computes the workspace of a call of which this process has a part. */
cmlp_status cmlp_measure_call(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                              const cmlp_epoch *epoch, cmlp_part part, int32_t n_threads, size_t *bytes);

#endif
