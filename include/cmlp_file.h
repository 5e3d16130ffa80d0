/* cmlp_file.h: loads a model file by its path in one call, and frees it in one.
 *
 * Optional. The library itself neither opens files nor allocates memory. These functions do; they are compiled into the
 * program that includes this header:
 *
 *     cmlp_file digits;
 *     cmlp_status status = cmlp_file_load(&digits, "digits.cmlp", NULL);
 *     const cmlp_rows row = cmlp_dense_rows(pixels, CMLP_UINT8, 1, 784);
 *     int32_t answer;
 *     cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
 *     prediction.class_indices = &answer;
 *     prediction.n_class_indices = 1;
 *     if (!status) status = cmlp_model_predict(digits.model, &row, &prediction, &digits.run);
 *     cmlp_file_free(&digits);
 */
#ifndef CMLP_FILE_H
#define CMLP_FILE_H

#include "cmlp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A model in allocated memory. It belongs to the program that has compiled this header: do not hand it to code that may
 * have been compiled with another version. The names of its fields stay; its size does not, because its structs may grow.
 * Any number of threads may share the model. The run serves one call at a time; other threads need a run of their own, with a
 * workspace of info.workspace_size bytes for one row, or for answers about it of info.answer_size bytes. */
typedef struct cmlp_file {
    const cmlp_model *model; /* NULL if loading failed */
    void *memory;            /* one block: the bytes of the file, the model, the workspace */
    cmlp_model_info info;    /* after a failure: head_size and error_at */
    cmlp_run run;            /* with the workspace; after a failure: its report */
} cmlp_file;

#ifdef __cplusplus
#  define CMLP_FILE_CAST(type, value) static_cast<type>(value)
#else
#  define CMLP_FILE_CAST(type, value) ((type)(value))
#endif

/* Releases the memory. Harmless after a failed cmlp_file_load, and if called twice. */
static inline void cmlp_file_free(cmlp_file *file)
{
    free(file->memory);
    file->memory = file->run.workspace = NULL;
    file->run.workspace_size = 0;
    file->model = NULL;
}

/* Functions whose names end in _ are parts of cmlp_file_load_stream. Programs do not call them: later versions may change
 * them. */

/* Extends the memory to `capacity` bytes. */
static inline cmlp_status cmlp_file_extend_(cmlp_file *file, uint64_t capacity)
{
    const size_t n_bytes = capacity & SIZE_MAX;
    void *const memory = capacity < SIZE_MAX ? realloc(file->memory, n_bytes) : NULL;
    if (!memory) return CMLP_ERROR_MEMORY;
    file->memory = memory;
    return CMLP_OK;
}

/* Reads the file up to its byte `n`. *got counts the bytes read. The memory grows with them: a short file whose head
 * promises a long one takes at most twice its own size and 4 KB. */
static inline cmlp_status cmlp_file_read_(cmlp_file *file, FILE *stream, uint64_t n, size_t *got)
{
    size_t wanted = *got;
    while (*got < n && *got == wanted) {
        uint64_t capacity = wanted;
        capacity = 2 * capacity + 4096;
        if (capacity > n) capacity = n;
        const cmlp_status status = cmlp_file_extend_(file, capacity);
        if (status) return status;
        wanted = capacity & SIZE_MAX;
        *got += fread(CMLP_FILE_CAST(char *, file->memory) + *got, 1, wanted - *got, stream);
        if (ferror(stream)) return CMLP_ERROR_READ;
    }
    return *got < n ? CMLP_ERROR_FILE_SHORT : CMLP_OK;
}

/* Reads the head, which tells the sizes, and then the whole file. */
static inline cmlp_status cmlp_file_fill_(cmlp_file *file, FILE *stream, const cmlp_model_options *options)
{
    size_t got = 0;
    cmlp_status status = cmlp_file_read_(file, stream, 8, &got); /* these bytes tell the size of the head */
    if (!status) status = cmlp_model_describe(file->memory, got, &file->info, &file->run);
    if (status == CMLP_ERROR_FILE_SHORT && got == 8) {
        status = cmlp_file_read_(file, stream, file->info.head_size, &got);
        if (!status) status = cmlp_model_describe(file->memory, got, &file->info, &file->run);
    }
    const uint64_t n = file->info.file_size, model = (n + 7) / 8 * 8, workspace = model + file->info.model_size;
    if (!status) status = cmlp_file_read_(file, stream, n, &got);
    if (!status && fgetc(stream) != EOF) status = CMLP_ERROR_FILE_LONG;
    size_t workspace_size = file->info.workspace_size;
    if (workspace_size < file->info.answer_size) workspace_size = file->info.answer_size;
    if (!status) status = cmlp_file_extend_(file, workspace + workspace_size);
    if (status) return status;
    char *const bytes = CMLP_FILE_CAST(char *, file->memory);
    file->run.workspace = bytes + workspace;
    file->run.workspace_size = workspace_size;
    return cmlp_model_init(bytes + model, file->info.model_size, bytes, got, options, &file->model, &file->run);
}

/* Reads a model file, of a network or a table, from a stream up to its end, verifies it and makes the model. All fields of
 * *file are written. The stream is read once from its position to its end, so that a pipe will do, and stays open.
 * options: NULL: all fields are 0.
 * On failure file->model is NULL, and there is nothing to release.
 * Returns READ if the stream is NULL or cannot be read, MEMORY if malloc fails; `refused` is "stream" or a part of the file.
 * Statuses: STRUCT_SIZE, OVERFLOW, OPTION, ISA, BUILD, LEFT_OUT, MEMORY, READ, FILE_SHORT, FILE_LONG, FILE_MAGIC,
 * FILE_VERSION, FILE_HEAD_CRC, FILE_DATA_CRC, FILE_SYNTAX, FILE_NAME, FILE_TENSOR, FILE_VALUE, FILE_NONFINITE,
 * FILE_EXAMPLE. */
static inline cmlp_status cmlp_file_load_stream(cmlp_file *file, FILE *stream, const cmlp_model_options *options)
{
    const cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    const cmlp_run run = CMLP_INIT(cmlp_run);
    file->memory = NULL;
    file->model = NULL;
    file->info = info;
    file->run = run;
    file->run.bad_row = file->run.bad_element = file->run.bad_column = -1;
    const cmlp_status status = stream ? cmlp_file_fill_(file, stream, options) : CMLP_ERROR_READ;
    const char *const part = file->run.refused; /* or an argument of the function that has refused it */
    const int is_whole = !part || !strcmp(part, "start") || !strcmp(part, "file");
    if (status && is_whole && status != CMLP_ERROR_MEMORY && status != CMLP_ERROR_BUILD) file->run.refused = "stream";
    const int error = errno; /* of fread */
    if (status) cmlp_file_free(file);
    errno = error;
    return status;
}

/* The same for the file at a path, which fopen opens: a path is bytes in the encoding of the file system, on Windows in the
 * code page of the program. For other paths, a program opens the stream itself (on Windows with _wfopen) and calls
 * cmlp_file_load_stream. If the file cannot be opened, `refused` is "path", and errno is what fopen left, such as ENOENT of
 * POSIX if there is no such file. If the status is READ and `refused` is "stream", the file is there and cannot be read, and
 * errno is what fread left. No other status says anything about errno.
 * Returns READ also if the path is NULL, or the file cannot be opened.
 * Statuses: STRUCT_SIZE, OVERFLOW, OPTION, ISA, BUILD, LEFT_OUT, MEMORY, READ, FILE_SHORT, FILE_LONG, FILE_MAGIC,
 * FILE_VERSION, FILE_HEAD_CRC, FILE_DATA_CRC, FILE_SYNTAX, FILE_NAME, FILE_TENSOR, FILE_VALUE, FILE_NONFINITE,
 * FILE_EXAMPLE. */
static inline cmlp_status cmlp_file_load(cmlp_file *file, const char *path, const cmlp_model_options *options)
{
#ifdef _MSC_VER
#  pragma warning(push)
#  pragma warning(disable : 4996) /* fopen is standard; Visual Studio's own projects call it an error */
#endif
    FILE *const stream = path ? fopen(path, "rb") : NULL;
#ifdef _MSC_VER
#  pragma warning(pop)
#endif
    const cmlp_status status = cmlp_file_load_stream(file, stream, options);
    const int error = errno;
    if (stream)
        fclose(stream);
    else
        file->run.refused = "path";
    errno = error;
    return status;
}

#undef CMLP_FILE_CAST
#endif
