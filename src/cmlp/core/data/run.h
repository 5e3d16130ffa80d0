/* What all computing calls share: the workspace, the number of threads, polling, and faults. */
#ifndef CMLPI_RUN_H
#define CMLPI_RUN_H

#include "../base/arguments.h"
#include "../base/atomic.h"
#include "rows.h"
#include "../base/threads.h"

/* A failure at the i-th selected row. */
typedef struct cmlpi_fault {
    cmlp_status status;
    int64_t selected, column;
} cmlpi_fault;

/* A status that concerns no row. */
static inline cmlpi_fault cmlpi_fault_of(cmlp_status status) { return (cmlpi_fault){status, -1, -1}; }

/* Workspace size that leaves `needed` bytes after alignment, wherever the caller's memory starts. */
static inline size_t cmlpi_with_slack(size_t needed) { return needed + CMLPI_ALIGNMENT - 1; }

/* The first aligned address from p on, which may be NULL. */
static inline void *cmlpi_aligned(void *p) { return p ? (char *)p + (0 - (uintptr_t)p) % CMLPI_ALIGNMENT : p; }

/* Rows of a microbatch of a prediction: their activations stay in the cache. 112 is a multiple of the kernels' 14 rows and
 * of 16. */
#ifndef CMLPI_PREDICTED_ROWS
#define CMLPI_PREDICTED_ROWS 112
#endif

/* Checks that a run has `needed` bytes of workspace, whose alignment does not matter. */
cmlp_status cmlpi_check_workspace(cmlp_run *run, size_t needed);

/* Checks that the workspace holds `needed` bytes after its first aligned address, and moves run->workspace there; 0 bytes
 * mean that the size does not fit in size_t. */
cmlp_status cmlpi_take_workspace(cmlp_run *run, size_t needed);

/* Checks an array that receives `width` elements for each of n_rows rows. Without rows any pointer will do. */
cmlp_status cmlpi_check_output(const void *array, int64_t length, int64_t n_rows, int64_t width, size_t element,
                               const char *name, cmlp_run *run);

/* The same for an array that the caller may leave out: NULL, with the length 0. */
cmlp_status cmlpi_check_wanted(const void *array, int64_t length, int64_t n_rows, int64_t width, size_t element,
                               const char *name, cmlp_run *run);

/* The outputs of all layers for one row. */
int64_t cmlpi_all_outputs(const cmlp_net *net);

/* Number of multiplications of a forward pass of `rows` of the data's rows. CSR zeros, which are not stored, count as
 * none. */
double cmlpi_forward_products(const cmlpi_data *data, int64_t rows);

/* Threads for a prediction with this number of multiplications, of at most `max_threads`. */
int32_t cmlpi_prediction_threads(double products, int32_t max_threads);

/* Threads for training with `rows` of the data's rows between two barriers, of at most `max_threads`. */
int32_t cmlpi_training_threads(const cmlpi_data *data, int64_t rows, int32_t max_threads);

/* The fault of the first row that has one: the same for any number of threads. */
cmlpi_fault cmlpi_first_fault(const cmlpi_fault *faults, int32_t size);

/* Reports a fault in the run and returns its status. */
cmlp_status cmlpi_report(cmlp_run *run, const cmlpi_data *data, cmlpi_fault fault);

/* The same of a fault whose row among all rows is known. */
cmlp_status cmlpi_report_row(cmlp_run *run, const cmlpi_fault *fault, int64_t row);

/* Calls the poll function if there is one. Returns whether it cancels the call. Only the calling thread polls. */
static inline int cmlpi_polls_cancel(const cmlp_run *run) { return run->poll && run->poll(run->poll_context) != 0; }

/* The units of a call, rows or others, of which each thread takes the next ones until none is left or the call stops, so
 * that no thread waits for one that is not scheduled. */
typedef struct cmlpi_queue {
    const cmlp_run *run;
    int64_t n, n_taken;         /* all units, and those that a thread takes at a time */
    cmlpi_atomic next, stopped; /* how often a thread took some; whether the call stops */
} cmlpi_queue;

static inline void cmlpi_queue_begin(cmlpi_queue *queue, const cmlp_run *run, int64_t n, int64_t n_taken)
{
    queue->run = run;
    queue->n = n;
    queue->n_taken = n_taken;
    cmlpi_atomic_init(&queue->next, 0);
    cmlpi_atomic_init(&queue->stopped, 0);
}

static inline void cmlpi_queue_stop(cmlpi_queue *queue) { cmlpi_atomic_store(&queue->stopped, 1); }

/* Whether the call stops: after a fault, or because it is cancelled, which thread 0 finds out. */
static inline int cmlpi_queue_stops(cmlpi_queue *queue, int32_t thread)
{
    if (!thread && cmlpi_polls_cancel(queue->run)) cmlpi_queue_stop(queue);
    return cmlpi_atomic_load(&queue->stopped) != 0;
}

/* Takes the next units for a thread, from *first on. Returns their number, which is positive unless none is left or the
 * call stops. */
static inline int64_t cmlpi_queue_take(cmlpi_queue *queue, int32_t thread, int64_t *first)
{
    if (cmlpi_queue_stops(queue, thread)) return 0;
    *first = cmlpi_atomic_add(&queue->next, 1) * queue->n_taken;
    const int64_t left = queue->n - *first;
    return left < queue->n_taken ? left : queue->n_taken;
}

/* The status after all threads have ended, of which none has found a fault. */
static inline cmlp_status cmlpi_queue_end(cmlpi_queue *queue)
{
    return cmlpi_atomic_load(&queue->stopped) ? CMLP_CANCELLED : CMLP_OK;
}

/* Checks the inputs through the first layer's weighted sums z (n, n_out), which are not finite if an input is not.
 * `selected` is the first row; `scratch` has space for one row of inputs. Non-finite sums of finite inputs are a
 * fault in training only, and not for rows of weight 0. */
cmlpi_fault cmlpi_check_sums(const cmlpi_data *data, const void *z, int64_t selected, int64_t n, void *scratch,
                             int training);

/* Replaces every NaN by the same one: processors and instruction sets differ in sign and payload of those they compute. */
void cmlpi_canonicalize_nans(int32_t dtype, void *values, int64_t n);

/* Divides the workspace into arrays. If `base` is NULL, only counts the bytes. */
typedef struct cmlpi_arena {
    char *base;
    size_t used;
    int overflow;
} cmlpi_arena;

void *cmlpi_arena_alloc(cmlpi_arena *arena, int64_t count, size_t size);

#endif
