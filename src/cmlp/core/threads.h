/* A team of threads that lives for one call: nothing is left behind for fork to break. */
#ifndef CMLP_THREADS_H
#define CMLP_THREADS_H

#include <stdint.h>

#include "../../../include/cmlp.h"

typedef struct cmlp_team cmlp_team;

/* Member `index` of `size`; the caller is member 0. */
typedef void cmlp_work(void *context, cmlp_team *team, int32_t index, int32_t size);

/* Runs `work` in up to n threads, the caller's being one, and returns when all have. Where the system gives fewer
 * threads, the team is smaller: results must not depend on its size. */
void cmlp_team_run(int32_t n, void *memory, cmlp_work *work, void *context);

/* Bytes of `memory` for a team of n. */
size_t cmlp_team_space(int32_t n);

/* No member goes on before all have come; what they wrote before is seen by all behind. A NULL team waits for nobody. */
void cmlp_team_wait(cmlp_team *team, int32_t index);

/* The same in two halves, for member 0 alone: all others have come; they may go on. */
void cmlp_team_gather(cmlp_team *team);
void cmlp_team_release(cmlp_team *team);

/* Whether all others have come, for member 0. */
int cmlp_team_here(cmlp_team *team);

/* Seconds that member 0 has slept until the others came, since the team began. */
double cmlp_team_waited(const cmlp_team *team);

/* The system's monotonic clock. */
double cmlp_seconds(void);

/* The part of n things, taken in units, that falls to a member: [*first, *end). */
static inline void cmlp_team_share(int64_t n, int64_t unit, int32_t index, int32_t size, int64_t *first, int64_t *end)
{
    int64_t units = (n + unit - 1) / unit;
    *first = units * index / size * unit;
    *end = units * (index + 1) / size * unit;
    if (*end > n) *end = n;
    if (*first > n) *first = n;
}

#endif
