/* What training with other processes adds to an epoch. */
#ifndef CMLPI_EPOCH_H
#define CMLPI_EPOCH_H

#include "backward.h"

/* Reads the caller's struct, sets its failed_rank, and checks what cmlpi_workers_handshake needs. Shards that
 * are invalid are replaced by one for each worker: the other workers must be notified first.
 * */
cmlp_status cmlpi_read_workers(cmlp_workers *copy, cmlp_workers *given, int *has_bad_shards,
                               const char **refused);

/* Once the other arguments are valid: checks the rest. If only some rows are stored, this worker's must be, and job->data
 * then has the range of those that are. */
cmlp_status cmlpi_check_stored_rows(cmlpi_batch_job *job, const cmlp_epoch *epoch);

/* Before the first batch: all workers train, or none. `own` is the status of this worker's arguments, which the other
 * workers get; if it is not CMLP_OK, only epoch->workers and job->run are used. */
cmlp_status cmlpi_workers_handshake(cmlp_status own, const cmlpi_batch_job *job, const cmlp_optimizer *optimizer,
                                    const cmlp_optimizer_state *counters, const cmlp_epoch *epoch);

/* As cmlpi_process_batch(), but computes only this worker's rows, and exchanges sums. Sets
 * job->workers->failed_rank if a worker ends the call; job->memory.faults then has that worker's
 * fault. */
int cmlpi_workers_batch(cmlpi_batch_job *job, cmlpi_thread self);

/* Reads the caller's struct for the size of a workspace, which depends on the shards alone: they must be valid. */
cmlp_status cmlpi_read_shards(cmlp_workers *copy, const cmlp_workers *given);

#endif
