/* Thread teams: the results have the same bits for any number of threads, also if the system creates fewer threads than
 * requested. On Linux, wrappers (-Wl,--wrap) count the calls of pthread_create and make some of them fail, and replace
 * the clock. */
#define _GNU_SOURCE /* POSIX */
#include "calls.h"
#include "../../src/cmlp/core/base/threads.h"
#include "fixture.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int32_t counts[] = {1, 2, 3, 7};

static int predicts(call c) { return c == FORWARD || c == ACTIVATIONS || c == WEIGHTED_SUMS; }

static int is_wide(const fixture *f) { return f->shape.sizes[1] > 100; }

/* Only predictions need a wide net for a team; sanitizers take minutes to train it. */
static int is_tested(const fixture *f, call c) { return predicts(c) || !is_wide(f); }

#ifdef TEST_WRAPS_THREADS
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

static int created, allowed = 1000000, forbids_affinity;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    if (created >= allowed) return EAGAIN;
    if (forbids_affinity && attributes) return EPERM;
    created++;
    return __real_pthread_create(thread, attributes, run, argument);
}

/* A clock that stands still for `frozen` readings and then runs. pthread_cond_wait records the readings so far. */
static _Atomic int frozen, readings, slept_after = -1;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __real_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    static struct timespec start;
    const int reading = readings++;
    if (!frozen) return __real_clock_gettime(clock, now);
    if (!reading) __real_clock_gettime(clock, &start);
    *now = start;
    if (reading >= frozen) now->tv_sec += reading - frozen + 1;
    return 0;
}

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    if (slept_after < 0) slept_after = readings;
    return __real_pthread_cond_wait(condition, mutex);
}

/* The worker thread arrives when thread 0 has fallen asleep. */
static void wait_for_sleeper(void *context, cmlpi_thread self)
{
    (void)context;
    while (self.index && slept_after < 0) sched_yield();
    cmlpi_team_barrier(self);
}

/* A thread spins for a time that the clock measures, not for a number of iterations, which last longer or shorter on
 * other processors. */
static void test_spinning_ends_by_the_clock(void)
{
    void *memory = malloc(cmlpi_team_bytes(2));
    for (int readings_frozen = 10; readings_frozen <= 1000; readings_frozen *= 10) {
        frozen = readings_frozen;
        readings = 0;
        slept_after = -1;
        cmlpi_team_run(2, memory, wait_for_sleeper, NULL);
        check_that(slept_after >= frozen && slept_after <= frozen + 2,
                   "thread 0 slept after %d readings of a clock that stood still for %d", slept_after, frozen);
    }
    frozen = 0;
    free(memory);
}

/* Trains an epoch by a clock that is a second later at each reading, so that every team is slow. */
static void train_by_slow_clock(fixture *f)
{
    frozen = 1;
    readings = 0;
    CHECK(fixture_call(f, TRAIN) == CMLP_OK);
    frozen = 0;
}

/* After a slow team one thread trains, in as many epochs as the loss needs. Then there is a team again. */
static void test_back_off(fixture *f)
{
    const int team = f->shape.n_threads - 1;
    int alone = 0;
    fixture_reset(f, TRAIN);
    created = 0;
    train_by_slow_clock(f);
    CHECK(created == team && f->state->pace > 0);
    while (f->state->pace > 0 && ++alone < 100) {
        const double before = f->state->pace;
        train_by_slow_clock(f);
        CHECK(created == team && f->state->pace < before);
    }
    CHECK(alone > 0 && alone < 100);
    train_by_slow_clock(f);
    CHECK(created == 2 * team && f->state->pace > 0);
    const uint64_t hash = fixture_trained(f);
    f->shape.n_threads = 1;
    fixture_reset(f, TRAIN);
    for (int i = 0; i < alone + 2; i++) train_by_slow_clock(f);
    CHECK(fixture_trained(f) == hash && f->state->pace == 0);
    f->shape.n_threads = team + 1;
}

/* The program keeps the seconds in the state: whatever it passes, no value turns threads off for ever, or the back-off. */
static void test_lost_seconds_have_a_range(fixture *f)
{
    const double given[] = {INFINITY, 1e300, NAN, -INFINITY};
    for (int i = 0; i < 4; i++) {
        fixture_reset(f, TRAIN);
        f->state->pace = given[i];
        train_by_slow_clock(f);
        CHECK(f->state->pace >= -0.02 && f->state->pace <= 0.25);
    }
}

/* A small loss is paid for within an epoch, which continues with a team. */
static void test_back_off_ends_within_an_epoch(fixture *f)
{
    fixture_reset(f, TRAIN);
    created = 0;
    f->state->pace = 0.01;
    train_by_slow_clock(f);
    CHECK(created == f->shape.n_threads - 1 && f->result.n_batches == 2);
}

/* Returns whether the call runs single-threaded: prediction with a narrow net is faster in one thread. */
static int needs_no_team(const fixture *f, call c)
{
    return c == STEP || c == INIT_PARAMS || (predicts(c) && !is_wide(f));
}
#endif

/* Enough work for seven threads in every call, with weights, order, penalty, and several tiles per batch. Two or three
 * threads divide six chunks of 128 inputs by columns. Seven threads, or any number with one chunk, divide by rows. */
static shape make_shape(int32_t dtype, int32_t solver, cmlp_isa isa, int64_t n_in, int64_t hidden)
{
    return (shape){.n_layers = 4, .sizes = {n_in, hidden, 33, 10}, .hidden = CMLP_ACTIVATION_RELU,
                   .output = CMLP_ACTIVATION_SOFTMAX,
                   .loss = CMLP_LOSS_LOG, .dtype = dtype, .solver = solver, .rows = 600, .batch = 400, .isa = isa,
                   .n_threads = 7, .with_order = 1, .with_weights = 1, .alpha = 0.01, .n_sparse = n_in > 70 ? 600 : 0};
}

static void test_same_bits(fixture *f)
{
    for (call c = 0; c < CALLS; c++) {
        uint64_t alone = 0;
        if (!is_tested(f, c)) continue;
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            f->shape.n_threads = counts[i];
#ifdef TEST_WRAPS_THREADS
            created = 0;
#endif
            const uint64_t hash = fixture_outcome(f, c);
            if (!i) alone = hash;
            check_that(hash == alone, "%s, %d threads: bits differ from one thread", call_names[c], (int)counts[i]);
#ifdef TEST_WRAPS_THREADS
            check_that(created == (needs_no_team(f, c) ? 0 : counts[i] - 1), "%s, %d threads: %d created",
                       call_names[c], (int)counts[i], created);
#endif
        }
        CHECK(fixture_intact(f));
    }
    f->shape.n_threads = 7;
}

#ifdef TEST_WRAPS_THREADS
static void test_failed_thread_creation(fixture *f)
{
    for (call c = 0; c < CALLS; c++) {
        if (needs_no_team(f, c) || !is_tested(f, c)) continue;
        const uint64_t expected = fixture_outcome(f, c);
        for (allowed = 0; allowed < 6; allowed++) {
            created = 0;
            const uint64_t hash = fixture_outcome(f, c);
            check_that(hash == expected && created == allowed, "%s with %d threads created instead of 6",
                       call_names[c], created);
        }
        allowed = 1000000;
    }
}

/* The filter of a container may forbid sched_setaffinity: the threads then start where the system puts them. */
static void test_forbidden_affinity(fixture *f)
{
    const uint64_t expected = fixture_outcome(f, FORWARD);
    created = 0;
    forbids_affinity = 1;
    const uint64_t hash = fixture_outcome(f, FORWARD);
    forbids_affinity = 0;
    check_that(hash == expected && created == 6, "%d threads created instead of 6 without the right to choose processors",
               created);
}

/* Worker threads block signals sent to the process, but not those that a thread raises itself. The caller's stay as they
 * are. */
static void read_mask(void *context, cmlpi_thread self)
{
    if (self.index) pthread_sigmask(SIG_SETMASK, NULL, context);
}

static void test_signals(void)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    sigset_t mask, after;
    sigemptyset(&mask);
    pthread_sigmask(SIG_SETMASK, &mask, NULL); /* earlier tests may have left another one */
    void *memory = malloc(cmlpi_team_bytes(2));
    cmlpi_team_run(2, memory, read_mask, &mask);
    free(memory);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    CHECK(!sigismember(&after, SIGINT) && !sigismember(&after, SIGTERM));
    CHECK(sigismember(&mask, SIGINT) && sigismember(&mask, SIGTERM));
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) CHECK(!sigismember(&mask, own[i]));
}

/* A worker thread starts on another processor than the caller's, and may then run on all that the caller may. */
static void read_processors(void *context, cmlpi_thread self)
{
    sched_getaffinity(0, sizeof(cpu_set_t), (cpu_set_t *)context + self.index);
}

static void test_processors(void)
{
    enum { N_THREADS = 3 };
    cpu_set_t before, seen[N_THREADS];
    void *memory = malloc(cmlpi_team_bytes(N_THREADS));
    CHECK(!sched_getaffinity(0, sizeof before, &before));
    memset(seen, 0, sizeof seen);
    cmlpi_team_run(N_THREADS, memory, read_processors, seen);
    free(memory);
    for (int i = 0; i < N_THREADS; i++)
        check_that(CPU_EQUAL(&seen[i], &before), "thread %d may run on %d processors, the caller on %d", i,
                   CPU_COUNT(&seen[i]), CPU_COUNT(&before));
}

/* A thread is cancelled while it waits for its team: the call ends first. */
static void wait_cancelled(void *context, cmlpi_thread self)
{
    _Atomic int *is_cancelled = context;
    if (self.index)
        while (!*is_cancelled || slept_after < 0) sched_yield(); /* thread 0 sleeps at the barrier */
    else
        *is_cancelled = !pthread_cancel(pthread_self());
    cmlpi_team_barrier(self);
}

static _Atomic int ended; /* whether the call of the cancelled thread has ended */

static void *call_cancelled(void *memory)
{
    _Atomic int is_cancelled = 0;
    cmlpi_team_run(2, memory, wait_cancelled, &is_cancelled);
    ended = 1;
    pthread_testcancel();
    return NULL;
}

static void test_cancelled_thread(void)
{
    void *const memory = malloc(cmlpi_team_bytes(2));
    void *result = NULL;
    pthread_t thread;
    slept_after = -1;
    CHECK(!__real_pthread_create(&thread, NULL, call_cancelled, memory));
    CHECK(!pthread_join(thread, &result) && result == PTHREAD_CANCELED && ended);
    if (ended) free(memory); /* else the other thread of the team still uses it */
}

/* Calls with little work create no threads. */
static void test_small_work(void)
{
    static fixture f;
    shape s = make_shape(CMLP_FLOAT32, CMLP_SOLVER_SGD, 0, 70, 64);
    s.n_layers = 3;
    memcpy(s.sizes, (int64_t[]){4, 5, 3}, 3 * sizeof(int64_t));
    s.rows = s.batch = 20;
    fixture_make(&f, &s);
    for (call c = 0; c < CALLS; c++) {
        created = 0;
        fixture_outcome(&f, c);
        check_that(created == 0, "%s with little work: %d threads", call_names[c], created);
    }
    fixture_free(&f);
}
#endif

/* The reported error is that of the first bad row and batch, whichever thread finds it. */
static void test_first_fault(fixture *f)
{
    const int64_t early = f->order[450], late = f->order[550];
    const double kept_early = get(f->shape.dtype, f->x, early * f->n_in + 3),
                 kept_late = get(f->shape.dtype, f->x, late * f->n_in + 1);
    put(f->shape.dtype, f->x, early * f->n_in + 3, INFINITY);
    put(f->shape.dtype, f->x, late * f->n_in + 1, INFINITY);
    for (call c = FORWARD; c < CALLS; c++) {
        uint64_t alone = 0;
        if (c == STEP || !is_tested(f, c)) continue;
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            f->shape.n_threads = counts[i];
            fixture_reset(f, c);
            CHECK(fixture_call(f, c) == CMLP_ERROR_INPUT);
            CHECK(f->run.bad_row == early && f->run.bad_column == 3);
            if (!i) alone = fixture_trained(f);
            CHECK(fixture_trained(f) == alone);
        }
    }
    f->shape.n_threads = 7;
    put(f->shape.dtype, f->x, early * f->n_in + 3, kept_early);
    put(f->shape.dtype, f->x, late * f->n_in + 1, kept_late);
}

static int stop_at_once(void *context)
{
    ++*(int *)context;
    return 1;
}

/* Only the caller's thread polls, and the whole team stops. */
static void test_cancel(fixture *f)
{
    for (call c = FORWARD; c < CALLS; c++) {
        int polls = 0;
        if (c == STEP || !is_tested(f, c)) continue;
        fixture_reset(f, c);
        const uint64_t before = fixture_trained(f);
        f->run.poll = stop_at_once;
        f->run.poll_context = &polls;
        CHECK(fixture_call(f, c) == CMLP_CANCELLED && polls == 1);
        CHECK(fixture_trained(f) == before);
    }
}

/* All threads of a team skip batches whose weights are all zero. */
static void test_empty_batches(fixture *f)
{
    uint64_t alone = 0;
    double kept[600];
    memcpy(kept, f->weights, sizeof kept);
    for (int64_t i = 0; i < 400; i++) f->weights[f->order[i]] = 0;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        f->shape.n_threads = counts[i];
        const uint64_t hash = fixture_outcome(f, TRAIN);
        if (!i) alone = hash;
        CHECK(hash == alone && f->result.n_batches == 1);
    }
    f->shape.n_threads = 7;
    memcpy(f->weights, kept, sizeof kept);
}

/* Two tiles. The first thread's rows are sparse. The last thread's rows have fewer zeros, so that it backs off and does
 * not scan the second tile. The results equal those of one thread, which finds enough zeros in each tile. */
static void test_ranges_of_rows(fixture *f, cmlp_isa isa, int32_t dtype)
{
    enum { TILE = 256 };
    uint64_t alone = 0;
    for (int32_t n_threads = 1; n_threads <= 3; n_threads++) {
        const shape s = {3, {186, 75, 10}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG,
                         .rows = 2 * TILE, .batch = 2 * TILE,
                         .dtype = dtype, .solver = CMLP_SOLVER_SGD, .isa = isa, .n_threads = n_threads, .with_order = 1,
                         .n_sparse = TILE * 3 / 2};
        fixture_make(f, &s);
        for (int64_t i = 0, sparse = 0, full = s.n_sparse; i < s.rows; i++)
            f->order[i] = i % TILE < TILE / 2 || (i + i / TILE) % 2 ? sparse++ : full++;
        const uint64_t hash = fixture_outcome(f, GRADIENT);
        if (n_threads == 1) alone = hash;
        check_that(hash == alone, "%d threads, some with dense rows: bits differ from one thread", (int)n_threads);
        fixture_free(f);
    }
}

int main(void)
{
    static fixture f;
    cmlp_isa isas[8];
    const int n = available_isas(isas);
    for (int i = 0; i <= 4 * n; i++) {
        const int wide = i == 4 * n; /* the last one, with the best instruction set */
        if (!wide && in_software(isas[i / 4], i % 2 ? CMLP_FLOAT64 : CMLP_FLOAT32)) continue;
        const int32_t solver = i % 2 ? CMLP_SOLVER_ADAM : CMLP_SOLVER_SGD;
        const int64_t n_in = wide || i / 2 % 2 ? 758 : 70;
        shape s = make_shape(i % 2 ? CMLP_FLOAT64 : CMLP_FLOAT32, solver, isas[wide ? n - 1 : i / 4], n_in,
                             wide ? 480 : 64);
        if (n_in == 70) { /* dropout uses random numbers per row; max_norm needs the whole gradient */
            s.hidden = CMLP_ACTIVATION_SILU;
            s.dropout = 0.2;
            s.max_norm = 0.05;
            if (solver == CMLP_SOLVER_ADAM) s.solver = CMLP_SOLVER_ADAMW;
        }
        fixture_make(&f, &s);
        test_same_bits(&f);
        test_first_fault(&f);
        test_cancel(&f);
        if (!wide) test_empty_batches(&f);
#ifdef TEST_WRAPS_THREADS
        if (i % 2 == 0) test_failed_thread_creation(&f);
        if (wide) test_forbidden_affinity(&f);
        if (i < 2) {
            test_back_off(&f);
            test_lost_seconds_have_a_range(&f);
            test_back_off_ends_within_an_epoch(&f);
            f.shape.n_threads = 2;
            test_back_off(&f);
            test_back_off_ends_within_an_epoch(&f);
            f.shape.n_threads = 7;
        }
#endif
        fixture_free(&f);
        if (!wide && i % 4 < 2) test_ranges_of_rows(&f, s.isa, s.dtype);
    }
#ifdef TEST_WRAPS_THREADS
    test_small_work();
    test_signals();
    test_processors();
    test_cancelled_thread();
    test_spinning_ends_by_the_clock();
#else
    printf("failed thread creation and spinning are tested on Linux only\n");
#endif
    return finish();
}
