/* A batch that several processes share, which continue each other's sums. */
#ifndef CMLP_WORKERS_H
#define CMLP_WORKERS_H

#include "backward.h"

/* As cmlp_batch_member(), but computes only this worker's rows, and exchanges sums. Sets job->workers->failed_rank if
 * a worker ends the call; job->faults then has that worker's fault. */
int cmlp_workers_batch(cmlp_batch_job *job, int64_t first, int64_t n, const cmlp_batch_end *end, cmlp_sum *cost,
                       cmlp_team *team, int32_t index, int32_t size);

#endif
