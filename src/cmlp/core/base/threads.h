/* A team of threads that exists for one call. No thread remains after the call, so fork() is safe. */
#ifndef CMLPI_THREADS_H
#define CMLPI_THREADS_H

#include <stdint.h>

#include "../../../../include/cmlp.h"

typedef struct cmlpi_team cmlpi_team;

/* Thread `index` of `size`. The calling thread has index 0. `team` is NULL if it is the only one. */
typedef struct cmlpi_thread {
    cmlpi_team *team;
    int32_t index, size;
} cmlpi_thread;

/* The calling thread without a team. */
#define CMLPI_ALONE ((cmlpi_thread){NULL, 0, 1})

/* The work of a thread. */
typedef void cmlpi_thread_function(void *context, cmlpi_thread self);

/* Runs `work` in up to n threads, including the calling thread, and returns when all have finished. The team is smaller
 * if the system cannot create all threads, so results must not depend on its size. */
void cmlpi_team_run(int32_t n, void *memory, cmlpi_thread_function *work, void *context);

/* Bytes of `memory` that a team of n threads needs. */
size_t cmlpi_team_bytes(int32_t n);

/* Barrier: returns when all threads have called it. Writes before it are visible to all threads after it. Does
 * nothing if the thread is the only one. */
void cmlpi_team_barrier(cmlpi_thread self);

/* The barrier in two halves, for thread 0 only: waits until all other threads have arrived; lets them continue. */
void cmlpi_team_await(cmlpi_team *team);
void cmlpi_team_release(cmlpi_team *team);

/* Whether all other threads have arrived at the barrier. For thread 0 only. */
int cmlpi_team_has_arrived(cmlpi_team *team);

/* Seconds that thread 0 has slept in barriers since the team started. */
double cmlpi_team_seconds_waited(const cmlpi_team *team);

/* The system's monotonic clock. */
double cmlpi_seconds(void);

/* The range [*first, *end) of n items for thread or worker `index` of `size`, in multiples of
 * `unit`. */
static inline void cmlpi_team_range(int64_t n, int64_t unit, int32_t index, int32_t size,
                                    int64_t *first, int64_t *end)
{
    int64_t units = (n + unit - 1) / unit;
    *first = units * index / size * unit;
    *end = units * (index + 1) / size * unit;
    if (*end > n) *end = n;
    if (*first > n) *first = n;
}

#endif
