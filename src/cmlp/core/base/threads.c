#ifndef _WIN32
#define _GNU_SOURCE /* POSIX, and Linux's choice of processors */
#endif
#include "threads.h"

#include "atomic.h"
#include "float_mode.h"

#if !CMLP_BUILD_THREADS

/* Without threads, the calling thread is the whole team, and barriers do nothing. */
size_t cmlpi_team_bytes(int32_t n) { return 0 * (size_t)n; }
void cmlpi_team_run(int32_t n, void *memory, cmlpi_thread_function *work, void *context)
{
    (void)n;
    (void)memory;
    work(context, CMLPI_ALONE);
}
void cmlpi_team_barrier(cmlpi_thread self) { (void)self; }
void cmlpi_team_await(cmlpi_team *team) { (void)team; }
void cmlpi_team_release(cmlpi_team *team) { (void)team; }
int cmlpi_team_has_arrived(cmlpi_team *team) { return !team; }
double cmlpi_team_seconds_waited(const cmlpi_team *team) { return team != NULL; }
double cmlpi_seconds(void) { return 0; }

#else

/* Threads, lock, condition variable and clock of the operating system. */
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
typedef HANDLE thread_t;
typedef SRWLOCK lock_t;
typedef CONDITION_VARIABLE condition_t;
#define THREAD_RESULT DWORD WINAPI
static void lock_init(lock_t *lock) { InitializeSRWLock(lock); }
static void lock_destroy(lock_t *lock) { (void)lock; }
static void condition_init(condition_t *condition) { InitializeConditionVariable(condition); }
static void condition_destroy(condition_t *condition) { (void)condition; }
static void lock_acquire(lock_t *lock) { AcquireSRWLockExclusive(lock); }
static void lock_release(lock_t *lock) { ReleaseSRWLockExclusive(lock); }
static void sleep_on(condition_t *c, lock_t *lock) { SleepConditionVariableSRW(c, lock, INFINITE, 0); }
static void wake_all(condition_t *condition) { WakeAllConditionVariable(condition); }
double cmlpi_seconds(void)
{
    LARGE_INTEGER now, frequency;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&frequency);
    return (double)now.QuadPart / (double)frequency.QuadPart;
}
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
#include <time.h>
typedef pthread_t thread_t;
typedef pthread_mutex_t lock_t;
typedef pthread_cond_t condition_t;
#define THREAD_RESULT void *
static void lock_init(lock_t *lock) { pthread_mutex_init(lock, NULL); }
static void lock_destroy(lock_t *lock) { pthread_mutex_destroy(lock); }
static void condition_init(condition_t *condition) { pthread_cond_init(condition, NULL); }
static void condition_destroy(condition_t *condition) { pthread_cond_destroy(condition); }
static void lock_acquire(lock_t *lock) { pthread_mutex_lock(lock); }
static void lock_release(lock_t *lock) { pthread_mutex_unlock(lock); }
static void sleep_on(condition_t *condition, lock_t *lock) { pthread_cond_wait(condition, lock); }
static void wake_all(condition_t *condition) { pthread_cond_broadcast(condition); }
double cmlpi_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Linux often starts a thread on its creator's processor although others are idle, and leaves both there for up to a
 * whole epoch, each waiting for the other. A thread is therefore started on another processor and then gets its
 * creator's affinity mask. */
#ifdef __GLIBC__ /* musl has no attribute for it */
static int create(thread_t *t, void *(*run)(void *), void *argument)
{
    cpu_set_t allowed, elsewhere;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes)) return 0;
    int chosen = !sched_getaffinity(0, sizeof allowed, &allowed);
    if (chosen) {
        elsewhere = allowed;
        CPU_CLR((size_t)sched_getcpu(), &elsewhere);
        chosen = CPU_COUNT(&elsewhere) && !pthread_attr_setaffinity_np(&attributes, sizeof elsewhere, &elsewhere);
    }
    int created = !pthread_create(t, &attributes, run, argument);
    if (created && chosen) pthread_setaffinity_np(*t, sizeof allowed, &allowed);
    pthread_attr_destroy(&attributes);
    if (!created && chosen) created = !pthread_create(t, NULL, run, argument); /* containers may forbid sched_setaffinity */
    return created;
}
#else
static int create(thread_t *t, void *(*run)(void *), void *argument) { return !pthread_create(t, NULL, run, argument); }
#endif

/* Worker threads block all signals except those that a thread causes itself, such as SIGSEGV. If these were blocked,
 * the system would end the process before a handler (faulthandler, a debugger) could report it. WASI has no signals.
 * Not inlined, so that these sets are not on the stack while the team works. */
REAL_FN int thread_start(thread_t *t, void *(*run)(void *), void *argument)
{
#ifdef __wasi__
    return create(t, run, argument);
#else
    static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++) sigdelset(&blocked, synchronous[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    const int created = create(t, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return created;
#endif
}
static void thread_join(thread_t t) { pthread_join(t, NULL); }
#endif

/* A thread that waits can be cancelled (pthread_cancel). The caller's stack, which the team uses, would be gone then. It is
 * therefore cancelled after the call. Windows, Android and WASI have no such function. */
#if defined(PTHREAD_CANCEL_DISABLE) && !defined(__wasi__)
static int forbid_cancel(void)
{
    int before = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}
static void allow_cancel(int before) { pthread_setcancelstate(before, NULL); }
#else
static int forbid_cancel(void) { return 0; }
static void allow_cancel(int before) { (void)before; }
#endif

/* Pauses for some 10 nanoseconds. On aarch64 YIELD does nothing; ISB takes about as long as PAUSE on x86. */
#if CMLPI_X86
#define PAUSE() _mm_pause()
#elif defined(_MSC_VER) && !defined(__clang__) && CMLPI_AARCH64
#define PAUSE() __isb(_ARM64_BARRIER_SY)
#elif CMLPI_AARCH64
#define PAUSE() __asm__ volatile("isb" ::: "memory")
#elif defined(__arm__) && __ARM_ARCH >= 7
#define PAUSE() __asm__ volatile("yield" ::: "memory")
#else
#define PAUSE() ((void)0)
#endif

/* A thread spins for SPIN_SECONDS before it sleeps. This is longer than the threads of a team usually wait for each
 * other if each has its own processor, and shorter than a time slice if they share one. Reading the clock takes about
 * as long as a pause. */
#define SPIN_SECONDS 2e-5
#define SPINS_PER_READ 32

typedef struct spin_wait {
    uint64_t spins;
    double end;
} spin_wait;

/* Pauses. Returns 0 when the thread has spun for SPIN_SECONDS. */
static int spin(spin_wait *wait)
{
    PAUSE();
    if (++wait->spins % SPINS_PER_READ) return 1;
    const double now = cmlpi_seconds();
    if (wait->spins == SPINS_PER_READ) wait->end = now + SPIN_SECONDS;
    return now < wait->end;
}

struct cmlpi_team {
    cmlpi_thread_function *work;
    void *context;
    int32_t size, started; /* threads; those of them that have an index */
    cmlpi_atomic arrived, round; /* threads waiting for thread 0; number of completed barriers */
    lock_t lock;
    condition_t all_here, released;
    double waited; /* seconds that thread 0 has slept */
    thread_t threads[]; /* those other than the calling one */
};

int cmlpi_team_has_arrived(cmlpi_team *team) { return cmlpi_atomic_load(&team->arrived) == team->size - 1; }

void cmlpi_team_await(cmlpi_team *team)
{
    spin_wait wait = {0};
    do {
        if (cmlpi_team_has_arrived(team)) return;
    } while (spin(&wait));
    const double asleep = cmlpi_seconds();
    lock_acquire(&team->lock);
    while (!cmlpi_team_has_arrived(team)) sleep_on(&team->all_here, &team->lock);
    lock_release(&team->lock);
    team->waited += cmlpi_seconds() - asleep;
}

double cmlpi_team_seconds_waited(const cmlpi_team *team) { return team->waited; }

void cmlpi_team_release(cmlpi_team *team)
{
    cmlpi_atomic_store(&team->arrived, 0);
    lock_acquire(&team->lock);
    cmlpi_atomic_add(&team->round, 1);
    wake_all(&team->released);
    lock_release(&team->lock);
}

static void arrive(cmlpi_team *team)
{
    const long round = cmlpi_atomic_load(&team->round);
    if (cmlpi_atomic_add(&team->arrived, 1) == team->size - 2) {
        lock_acquire(&team->lock);
        wake_all(&team->all_here);
        lock_release(&team->lock);
    }
    spin_wait wait = {0};
    do {
        if (cmlpi_atomic_load(&team->round) != round) return;
    } while (spin(&wait));
    lock_acquire(&team->lock);
    while (cmlpi_atomic_load(&team->round) == round) sleep_on(&team->released, &team->lock);
    lock_release(&team->lock);
}

void cmlpi_team_barrier(cmlpi_thread self)
{
    if (!self.team) return;
    if (self.index) {
        arrive(self.team);
        return;
    }
    cmlpi_team_await(self.team);
    cmlpi_team_release(self.team);
}

/* Start of a worker thread. It waits until the size of the team is known, and takes the next index; team->lock protects
 * both. */
static THREAD_RESULT run_thread(void *argument)
{
    cmlpi_team *const team = argument;
    lock_acquire(&team->lock);
    const cmlpi_thread self = {team, team->started++, team->size};
    lock_release(&team->lock);
    cmlpi_float_mode mode = cmlpi_enter_mode();
    team->work(team->context, self);
    cmlpi_leave_mode(mode);
    return 0;
}

static void team_init(cmlpi_team *team)
{
    cmlpi_atomic_init(&team->arrived, 0);
    cmlpi_atomic_init(&team->round, 0);
    team->waited = 0;
    lock_init(&team->lock);
    condition_init(&team->all_here);
    condition_init(&team->released);
}

static void team_destroy(cmlpi_team *team)
{
    condition_destroy(&team->released);
    condition_destroy(&team->all_here);
    lock_destroy(&team->lock);
}

size_t cmlpi_team_bytes(int32_t n) { return n > 1 ? sizeof(cmlpi_team) + (size_t)(n - 1) * sizeof(thread_t) : 0; }

/* Not inlined, so that a call with one thread does not initialize a team: that took 3 % of the time of one row. The team is
 * not on the stack, of which a batch may need 8 KB. */
REAL_FN void run_threads(int32_t n, cmlpi_team *team, cmlpi_thread_function *work, void *context)
{
    const int before = forbid_cancel();
    *team = (cmlpi_team){.work = work, .context = context, .size = 1, .started = 1};
    team_init(team);
    lock_acquire(&team->lock);
    while (team->size < n && thread_start(&team->threads[team->size - 1], run_thread, team)) team->size++;
    lock_release(&team->lock);
    work(context, (cmlpi_thread){team->size > 1 ? team : NULL, 0, team->size});
    for (int32_t i = 1; i < team->size; i++) thread_join(team->threads[i - 1]);
    team_destroy(team);
    allow_cancel(before);
}

void cmlpi_team_run(int32_t n, void *memory, cmlpi_thread_function *work, void *context)
{
    if (n > 1)
        run_threads(n, memory, work, context);
    else
        work(context, CMLPI_ALONE);
}

#endif
