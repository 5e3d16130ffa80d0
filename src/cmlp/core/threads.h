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
void cmlp_team_run(int32_t n, cmlp_work *work, void *context);

/* No member goes on before all have come; what they wrote before is seen by all behind. A NULL team waits for nobody. */
void cmlp_team_wait(cmlp_team *team, int32_t index);

/* The same in two halves, for member 0 alone: all others have come; they may go on. */
void cmlp_team_gather(cmlp_team *team);
void cmlp_team_release(cmlp_team *team);

/* Whether all others have come, for member 0. */
int cmlp_team_here(cmlp_team *team);

/* For member 0, before a piece of work of the whole team's and after it. *piece is what one has taken member 0 at least,
 * while it did not wait; 0 before the first. */
void cmlp_team_begin(cmlp_team *team);
void cmlp_team_end(cmlp_team *team, cmlp_patience *patience, double *piece);

/* Whether to go on: with a team, unless it loses time because the others have no processor to themselves; alone, until
 * that is made up for. If not, the work returns, and the call goes on with what `alone_until` says. */
int cmlp_team_goes_on(const cmlp_team *team, cmlp_patience *patience);

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
