/* The arguments that workers must have in common. */
#ifndef CMLPI_FINGERPRINT_H
#define CMLPI_FINGERPRINT_H

#include "backward.h"

/* A number for all arguments of a prepared epoch that the workers must have in common. */
uint64_t cmlpi_fingerprint(const cmlpi_batch_job *job, const cmlp_optimizer *optimizer,
                           const cmlp_optimizer_state *counters, const cmlp_epoch *epoch);

#endif
