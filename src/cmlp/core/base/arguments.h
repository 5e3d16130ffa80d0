/* Copies of the caller's structs, completed if the caller was compiled with an older header, and the name of a refused
 * argument. */
#ifndef CMLP_ARGUMENTS_H
#define CMLP_ARGUMENTS_H

#include <stddef.h>
#include <string.h>

#include "../../../../include/cmlp.h"
#include "build.h"
#include "float_mode.h"

/* The smallest struct_size accepted: the struct up to its last field in the first release. Fields added later count as
 * zero if the caller's struct ends before them. A new field must neither start in the tail padding of the old struct nor
 * leave padding before or behind it, because callers leave padding uninitialized. */
#define CMLP_OLDEST(type, last) CMLP_ROUND_UP(offsetof(type, last) + sizeof ((type *)0)->last, CMLP_ALIGNOF(type))
#define CMLP_ROUND_UP(size, step) (((size) + (step) - 1) / (step) * (step))

/* Reads a struct of another size than the library's: zeroes the fields that it lacks, and refuses it unless the fields
 * that the library lacks are zero. */
cmlp_status cmlp_read_other(void *copy, const void *given, size_t size, size_t oldest);

/* Copies the caller's struct to `copy`, which has `size` bytes and then is a struct of this size. */
static inline cmlp_status cmlp_read_struct(void *copy, const void *given, size_t size, size_t oldest)
{
    size_t theirs;
    if (!given) return CMLP_ERROR_NULL;
    memcpy(&theirs, given, sizeof theirs);
    if (theirs != size) return cmlp_read_other(copy, given, size, oldest);
    memcpy(copy, given, size); /* of a known size: a few instructions */
    return CMLP_OK;
}
#define CMLP_READ(copy, given, type, last) cmlp_read_struct((copy), (given), sizeof(type), CMLP_OLDEST(type, last))

/* Copies the fields behind struct_size to the caller's struct, as far as it has them. */
void cmlp_write_struct(void *given, const void *copy, size_t size);

/* Makes the caller's struct of `given_size` bytes a copy of one that has `size`: without its last fields if it is smaller,
 * and with zeros behind them if it is larger. */
void cmlp_init_struct(void *given, size_t given_size, const void *copy, size_t size);

/* Names the refused argument and returns the status. */
static inline cmlp_status cmlp_refuse(const char **refused, cmlp_status status, const char *argument)
{
    *refused = argument;
    return status;
}

/* Completes a number of threads: 0 means 1, and the library uses at most CMLP_MAX_THREADS. */
static inline cmlp_status cmlp_limit_threads(int32_t *n_threads)
{
    if (*n_threads < 0) return CMLP_ERROR_THREADS;
    if (!*n_threads) *n_threads = 1;
    if (*n_threads > CMLP_MAX_THREADS) *n_threads = CMLP_MAX_THREADS;
    return CMLP_OK;
}

/* One computing call: the library's copy of the caller's run, and the caller's floating-point mode. */
typedef struct cmlp_frame {
    cmlp_run run;
    cmlp_run *callers;
    cmlp_float_mode mode;
} cmlp_frame;

/* Starts a call: reads and checks the run and sets the floating-point mode. Every call of it needs a cmlp_end_call. */
static inline cmlp_status cmlp_begin_call(cmlp_frame *frame, cmlp_run *run)
{
    frame->mode = cmlp_enter_mode();
    frame->callers = NULL;
    const cmlp_status status = CMLP_READ(&frame->run, run, cmlp_run, reserved);
    if (status) return status;
    frame->callers = run;
    frame->run.refused = NULL;
    frame->run.bad_row = frame->run.bad_column = -1;
    if (cmlp_limit_threads(&frame->run.n_threads))
        return cmlp_refuse(&frame->run.refused, CMLP_ERROR_THREADS, "run->n_threads");
    return frame->run.reserved ? cmlp_refuse(&frame->run.refused, CMLP_ERROR_OPTION, "run->reserved") : CMLP_OK;
}

/* Writes the run's output fields to the caller's struct, restores the caller's mode and returns the status. */
static inline cmlp_status cmlp_end_call(const cmlp_frame *frame, cmlp_status status)
{
    if (frame->callers) {
        frame->callers->bad_row = frame->run.bad_row;
        frame->callers->bad_column = frame->run.bad_column;
        frame->callers->refused = frame->run.refused;
    }
    cmlp_leave_mode(frame->mode);
    return status;
}

#endif
