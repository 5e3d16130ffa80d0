/* Copies of the caller's structs, completed if the caller was compiled with an older header, and the name of a refused
 * argument. */
#ifndef CMLPI_ARGUMENTS_H
#define CMLPI_ARGUMENTS_H

#include <stddef.h>
#include <string.h>

#include "../../../../include/cmlp.h"
#include "build.h"
#include "float_mode.h"

/* The smallest struct_size accepted: the struct up to its last field in the first release. Fields added later count as
 * zero if the caller's struct ends before them. A new field must neither start in the tail padding of the old struct nor
 * leave padding before or behind it, because callers leave padding uninitialized. */
#define CMLPI_OLDEST(type, last) CMLPI_ROUND_UP(offsetof(type, last) + sizeof ((type *)0)->last, CMLPI_ALIGNOF(type))
#define CMLPI_ROUND_UP(size, step) (((size) + (step) - 1) / (step) * (step))

/* Reads a struct of another size than the library's: zeroes the fields that it lacks, and refuses it unless the fields
 * that the library lacks are zero. */
cmlp_status cmlpi_read_other(void *copy, const void *given, size_t size, size_t oldest);

/* Copies the caller's struct to `copy`, which has `size` bytes and then is a struct of this size. */
static inline cmlp_status cmlpi_read_struct(void *copy, const void *given, size_t size, size_t oldest)
{
    size_t theirs;
    if (!given) return CMLP_ERROR_NULL;
    memcpy(&theirs, given, sizeof theirs);
    if (theirs != size) return cmlpi_read_other(copy, given, size, oldest);
    memcpy(copy, given, size); /* of a known size: a few instructions */
    return CMLP_OK;
}
#define CMLPI_READ(copy, given, type, last) cmlpi_read_struct((copy), (given), sizeof(type), CMLPI_OLDEST(type, last))

/* Copies the fields behind struct_size to the caller's struct, as far as it has them. */
void cmlpi_write_struct(void *given, const void *copy, size_t size);

/* Makes the caller's struct of `given_size` bytes a copy of one that has `size`: without its last fields if it is smaller,
 * and with zeros behind them if it is larger. Writes nothing if it is NULL or has no space for its struct_size. */
void cmlpi_init_struct(void *given, size_t given_size, const void *copy, size_t size);

static inline int cmlpi_misaligned(const void *p, size_t alignment) { return (uintptr_t)p % alignment != 0; }

/* Whether a reserved field of an array's element is not 0. */
static inline int cmlpi_has_reserved(int32_t padding, const int64_t reserved[4])
{
    return (padding | reserved[0] | reserved[1] | reserved[2] | reserved[3]) != 0;
}

/* False for NaN. */
static inline int cmlpi_is_within(double x, double low, double high) { return x >= low && x <= high; }

/* Names the refused argument and returns the status. */
static inline cmlp_status cmlpi_refuse(const char **refused, cmlp_status status, const char *argument)
{
    *refused = argument;
    return status;
}

/* The same if the status is that of an argument, of which no part has been named. */
cmlp_status cmlpi_refuse_whole(cmlp_run *run, cmlp_status status, const char *argument);

/* The same of element i of an array. */
static inline cmlp_status cmlpi_refuse_element(cmlp_run *run, cmlp_status status, const char *array, int64_t i)
{
    run->bad_element = i;
    return cmlpi_refuse(&run->refused, status, array);
}

/* Replaces the name of a refused argument that begins with `old`, for an argument that functions have under several names:
 * `names` lists the new names, each with a NUL and one behind the last. They begin with n_new bytes instead. */
void cmlpi_rename_refused(cmlp_run *run, const char *old, const char *names, size_t n_new);

/* One computing call: the library's copy of the caller's run, and the caller's floating-point mode. */
typedef struct cmlpi_call {
    cmlp_run run;
    cmlp_run *callers;
    cmlpi_float_mode mode;
} cmlpi_call;

/* Starts a call: reads and checks the run, which may be NULL, and sets the floating-point mode. Every call of it needs a
 * cmlpi_end_call. */
cmlp_status cmlpi_begin_call(cmlpi_call *call, cmlp_run *run);

/* Writes the run's output fields to the caller's struct, restores the caller's mode and returns the status. */
cmlp_status cmlpi_end_call(const cmlpi_call *call, cmlp_status status);

/* Defines a public function that does nothing but its body between cmlpi_begin_call and cmlpi_end_call. In the body, `run` is
 * the copy of the caller's run. The arguments are those of the body: the parameters, and &call.run for `run`. */
#define CMLPI_CALL(name, parameters, arguments)                                                                \
    static cmlp_status name##_in_call parameters;                                                              \
    cmlp_status name parameters                                                                                \
    {                                                                                                          \
        cmlpi_call call;                                                                                       \
        cmlp_status status = cmlpi_begin_call(&call, run);                                                     \
        if (!status) status = name##_in_call arguments;                                                        \
        return cmlpi_end_call(&call, status);                                                                  \
    }                                                                                                          \
    static cmlp_status name##_in_call parameters

/* Checks that an argument is given, and aligned for its elements. */
cmlp_status cmlpi_check_pointer(const void *argument, size_t alignment, const char *name, cmlp_run *run);

#endif
