/* The caller's structs and runs: see arguments.h. */
#include "arguments.h"

/* A caller's struct may have this many bytes. Larger ones are not read. */
#define MAX_STRUCT 4096

cmlp_status cmlpi_read_other(void *copy, const void *given, size_t size, size_t oldest)
{
    size_t theirs;
    memcpy(&theirs, given, sizeof theirs);
    if (theirs < oldest || theirs > MAX_STRUCT) return CMLP_ERROR_STRUCT_SIZE;
    for (size_t i = size; i < theirs; i++)
        if (((const unsigned char *)given)[i]) return CMLP_ERROR_STRUCT_SIZE;
    memset(copy, 0, size);
    memcpy(copy, given, theirs < size ? theirs : size);
    memcpy(copy, &size, sizeof size);
    return CMLP_OK;
}

void cmlpi_write_struct(void *given, const void *copy, size_t size)
{
    size_t theirs;
    memcpy(&theirs, given, sizeof theirs);
    memcpy((char *)given + sizeof theirs, (const char *)copy + sizeof theirs,
           (theirs < size ? theirs : size) - sizeof theirs);
}

cmlp_status cmlpi_begin_call(cmlpi_call *call, cmlp_run *run)
{
    cmlp_run *const copy = &call->run;
    cmlp_status status = CMLP_OK;
    call->mode = cmlpi_enter_mode();
    call->callers = NULL;
    *copy = (cmlp_run){.struct_size = sizeof *copy};
    if (run) status = CMLPI_READ(copy, run, cmlp_run, reserved);
    if (status) return status;
    call->callers = run;
    copy->refused = NULL;
    copy->bad_row = copy->bad_element = copy->bad_column = -1;
    if (copy->n_threads < 0) return cmlpi_refuse(&copy->refused, CMLP_ERROR_THREADS, "run->n_threads");
    if (!copy->n_threads) copy->n_threads = 1;
    if (copy->n_threads > CMLP_MAX_THREADS) copy->n_threads = CMLP_MAX_THREADS;
    return copy->reserved ? cmlpi_refuse(&copy->refused, CMLP_ERROR_OPTION, "run->reserved") : CMLP_OK;
}

cmlp_status cmlpi_end_call(const cmlpi_call *call, cmlp_status status)
{
    if (call->callers) {
        call->callers->bad_row = call->run.bad_row;
        call->callers->bad_element = call->run.bad_element;
        call->callers->bad_column = call->run.bad_column;
        call->callers->refused = call->run.refused;
    }
    cmlpi_leave_mode(call->mode);
    return status;
}

void cmlpi_init_struct(void *given, size_t given_size, const void *copy, size_t size)
{
    if (!given || given_size < sizeof given_size) return;
    memset(given, 0, given_size);
    memcpy(given, copy, given_size < size ? given_size : size);
    memcpy(given, &given_size, sizeof given_size);
}

#if CMLP_BUILD_TRAINING || CMLP_BUILD_EXPLAIN
/* Returns what follows in a text that begins with `start`; NULL if it begins otherwise. */
static const char *rest_after(const char *text, const char *start)
{
    while (*start)
        if (*text++ != *start++) return NULL;
    return text;
}

void cmlpi_rename_refused(cmlp_run *run, const char *old, const char *names, size_t n_new)
{
    const char *const end = run->refused ? rest_after(run->refused, old) : NULL;
    if (!end) return;
    while (*names) {
        const char *const rest = rest_after(names + n_new, end);
        if (rest && !*rest) run->refused = names;
        while (*names++) {}
    }
}
#endif

cmlp_status cmlpi_refuse_whole(cmlp_run *run, cmlp_status status, const char *argument)
{
    if (status && status != CMLP_ERROR_BUILD && !run->refused) run->refused = argument;
    return status;
}

cmlp_status cmlpi_check_pointer(const void *argument, size_t alignment, const char *name, cmlp_run *run)
{
    if (!argument) return cmlpi_refuse(&run->refused, CMLP_ERROR_NULL, name);
    return cmlpi_misaligned(argument, alignment) ? cmlpi_refuse(&run->refused, CMLP_ERROR_ALIGNMENT, name) : CMLP_OK;
}
