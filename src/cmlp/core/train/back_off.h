/* Thread back-off. If another program uses a worker thread's processor, the worker is not scheduled for milliseconds, and the
 * team waits: at the barriers of a batch, and once more for the worker's end. The time that teams lose compared with one
 * thread is therefore added up, from epoch to epoch (cmlp_optimizer_state.pace), and the time that they gain subtracted.
 * While the sum is positive, thread 0 trains alone, and each second of that pays for a part of the loss. */
#ifndef CMLPI_BACK_OFF_H
#define CMLPI_BACK_OFF_H

#include <stdint.h>

typedef struct cmlpi_back_off {
    double lost;     /* seconds */
    double shortest; /* seconds: thread 0's shortest part of a team's batch */
} cmlpi_back_off;

/* Begins an epoch with what an earlier one has left. NaN, which a caller may have written to the state, counts as 0. */
void cmlpi_begin_back_off(cmlpi_back_off *b, double lost);

static inline int cmlpi_backs_off(const cmlpi_back_off *b) { return b->lost > 0; }

/* Adds seconds that a team has lost besides its batches. */
void cmlpi_count_loss(cmlpi_back_off *b, double lost);

/* Adds a batch of `seconds`, in which thread 0 of a team of `size` threads slept for `waited`. */
void cmlpi_count_batch(cmlpi_back_off *b, int32_t size, double seconds, double waited);

#endif
