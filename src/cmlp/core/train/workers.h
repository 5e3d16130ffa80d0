/* A batch that several processes share, which continue each other's sums. */
#ifndef CMLP_WORKERS_H
#define CMLP_WORKERS_H

#include "backward.h"

/* Before the first batch: all workers take part, also those that must refuse the call (`own` is then their status), and
 * all return the status of the first that refuses it, or CMLP_ERROR_WORKERS if a worker's fingerprint is another than that
 * of rank 0. Sets workers->failed_rank. */
cmlp_status cmlp_workers_agree(cmlp_workers *workers, cmlp_status own, uint64_t fingerprint);

/* A number for all arguments of a prepared epoch that the workers must have in common. */
uint64_t cmlp_fingerprint(const cmlp_batch_job *job, const cmlp_optimizer *optimizer, const cmlp_epoch *epoch,
                          int64_t n_batches);

/* As cmlp_batch_member(), but computes only this worker's rows, and exchanges sums. Sets job->workers->failed_rank if
 * a worker ends the call; job->memory.faults then has that worker's fault. */
int cmlp_workers_batch(cmlp_batch_job *job, int64_t first, int64_t n, const cmlp_update *update, cmlp_sum *cost,
                       cmlp_member self);

#endif
