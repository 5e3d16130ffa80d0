#ifndef _WIN32
#define _POSIX_C_SOURCE 200809L
#endif
#include "threads.h"

#include "../../../include/cmlp.h"
#include "atomic.h"
#include "float_mode.h"

/* The system's threads, a lock, a condition: each one line per system. */
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
typedef HANDLE thread_t;
typedef SRWLOCK lock_t;
typedef CONDITION_VARIABLE condition_t;
#define THREAD_RESULT DWORD WINAPI
static void sync_init(lock_t *lock, condition_t *condition)
{
    InitializeSRWLock(lock);
    InitializeConditionVariable(condition);
}
static void sync_destroy(lock_t *lock, condition_t *condition) { (void)lock, (void)condition; }
static void lock_take(lock_t *lock) { AcquireSRWLockExclusive(lock); }
static void lock_give(lock_t *lock) { ReleaseSRWLockExclusive(lock); }
static void sleep_on(condition_t *c, lock_t *lock) { SleepConditionVariableSRW(c, lock, INFINITE, 0); }
static void wake_all(condition_t *condition) { WakeAllConditionVariable(condition); }
static int thread_start(thread_t *t, LPTHREAD_START_ROUTINE run, void *argument)
{
    *t = CreateThread(NULL, 0, run, argument, 0, NULL);
    return *t != NULL;
}
static void thread_join(thread_t t)
{
    WaitForSingleObject(t, INFINITE);
    CloseHandle(t);
}
#else
#include <pthread.h>
#ifndef __wasi__
#include <signal.h>
#endif
typedef pthread_t thread_t;
typedef pthread_mutex_t lock_t;
typedef pthread_cond_t condition_t;
#define THREAD_RESULT void *
static void sync_init(lock_t *lock, condition_t *condition)
{
    pthread_mutex_init(lock, NULL);
    pthread_cond_init(condition, NULL);
}
static void sync_destroy(lock_t *lock, condition_t *condition)
{
    pthread_cond_destroy(condition);
    pthread_mutex_destroy(lock);
}
static void lock_take(lock_t *lock) { pthread_mutex_lock(lock); }
static void lock_give(lock_t *lock) { pthread_mutex_unlock(lock); }
static void sleep_on(condition_t *condition, lock_t *lock) { pthread_cond_wait(condition, lock); }
static void wake_all(condition_t *condition) { pthread_cond_broadcast(condition); }
/* Signals stay with the program's own threads. (WASI has none; nor threads, as a rule: then pthread_create says so.) */
static int thread_start(thread_t *t, void *(*run)(void *), void *argument)
{
#ifdef __wasi__
    return !pthread_create(t, NULL, run, argument);
#else
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(t, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !failed;
#endif
}
static void thread_join(thread_t t) { pthread_join(t, NULL); }
#endif

#if CMLP_X86
#define PAUSE() _mm_pause()
#else
#define PAUSE() ((void)0)
#endif

/* About 20 microseconds: longer than members of a team are apart while each has a processor of its own, shorter than
 * a time slice where they share one. */
#define SPINS 1000

typedef struct member {
    cmlp_team *team;
    int32_t index;
} member;

struct cmlp_team {
    cmlp_work *work;
    void *context;
    int32_t size;
    cmlp_atomic arrived, round;
    lock_t lock;
    condition_t round_over;
    member members[CMLP_MAX_THREADS];
};

void cmlp_team_wait(cmlp_team *team)
{
    if (team->size == 1) return;
    const long round = cmlp_atomic_load(&team->round);
    if (cmlp_atomic_add(&team->arrived, 1) == team->size - 1) {
        cmlp_atomic_store(&team->arrived, 0);
        lock_take(&team->lock);
        cmlp_atomic_store(&team->round, round + 1);
        wake_all(&team->round_over);
        lock_give(&team->lock);
        return;
    }
    for (int i = 0; i < SPINS; i++) {
        if (cmlp_atomic_load(&team->round) != round) return;
        PAUSE();
    }
    lock_take(&team->lock);
    while (cmlp_atomic_load(&team->round) == round) sleep_on(&team->round_over, &team->lock);
    lock_give(&team->lock);
}

/* Members wait until the size of the team is known, which team->lock guards. */
static THREAD_RESULT run_member(void *argument)
{
    const member *self = argument;
    cmlp_team *team = self->team;
    lock_take(&team->lock);
    int32_t size = team->size;
    lock_give(&team->lock);
    cmlp_float_mode mode = cmlp_enter_mode();
    team->work(team->context, team, self->index, size);
    cmlp_leave_mode(mode);
    return 0;
}

void cmlp_team_run(int32_t n, cmlp_work *work, void *context)
{
    cmlp_team team;
    thread_t threads[CMLP_MAX_THREADS];
    team.work = work;
    team.context = context;
    team.size = 1;
    if (n > 1) {
        cmlp_atomic_init(&team.arrived, 0);
        cmlp_atomic_init(&team.round, 0);
        sync_init(&team.lock, &team.round_over);
        lock_take(&team.lock);
        for (; team.size < n; team.size++) {
            member *new_member = &team.members[team.size];
            *new_member = (member){&team, team.size};
            if (!thread_start(&threads[team.size], run_member, new_member)) break;
        }
        lock_give(&team.lock);
    }
    work(context, &team, 0, team.size);
    for (int32_t i = 1; i < team.size; i++) thread_join(threads[i]);
    if (n > 1) sync_destroy(&team.lock, &team.round_over);
}
