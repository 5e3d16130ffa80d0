/* cmlp_file.h: loads a model file by its path in one call, and frees it in one.
 *
 * Optional. The library itself neither opens files nor allocates memory. These functions do; they are compiled into the
 * program that includes this header:
 *
 *     cmlp_file digits;
 *     cmlp_status status = cmlp_file_load(&digits, "digits.cmlp");
 *     int32_t label;
 *     if (!status)
 *         status = cmlp_model_predict_f32(digits.model, row, 784, &label, NULL, 0, digits.workspace,
 *                                         digits.info.workspace_size);
 *     cmlp_file_free(&digits); */
#ifndef CMLP_FILE_H
#define CMLP_FILE_H

#include <cmlp.h>

#include <stdio.h>
#include <stdlib.h>

/* A model in allocated memory. Any number of threads may share the model. The workspace serves one call of
 * cmlp_model_predict_... at a time; other threads need their own (info.workspace_size bytes). */
typedef struct cmlp_file {
    const cmlp_model *model; /* NULL if loading failed */
    void *workspace;
    void *memory; /* one block: the bytes of the file, the model, the workspace */
    cmlp_model_info info;
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
    file->memory = file->workspace = NULL;
    file->model = NULL;
}

/* The next three functions are parts of cmlp_file_load. Programs do not call them: later versions may change them. */

/* Extends the memory to `capacity` bytes. */
static inline cmlp_status cmlp_file_extend(cmlp_file *file, uint64_t capacity)
{
    const size_t n = capacity & SIZE_MAX;
    void *const memory = capacity < SIZE_MAX ? realloc(file->memory, n) : NULL;
    if (!memory) return CMLP_ERROR_MEMORY;
    file->memory = memory;
    return CMLP_OK;
}

/* Reads the file up to its byte `n`. *got counts the bytes read. The memory grows with them: a short file whose head
 * promises a long one takes no more memory than its own size. */
static inline cmlp_status cmlp_file_read(cmlp_file *file, FILE *stream, uint64_t n, size_t *got)
{
    size_t wanted = *got;
    while (*got < n && *got == wanted) {
        const uint64_t grown = UINT64_C(2) * wanted + 4096;
        const cmlp_status status = cmlp_file_extend(file, n < grown ? n : grown);
        if (status) return status;
        wanted = (n < grown ? n : grown) & SIZE_MAX;
        *got += fread(CMLP_FILE_CAST(char *, file->memory) + *got, 1, wanted - *got, stream);
        if (ferror(stream)) return CMLP_ERROR_FILE_READ;
    }
    return *got < n ? CMLP_ERROR_FILE_SHORT : CMLP_OK;
}

/* Reads the head, which tells the sizes, and then the whole file. */
static inline cmlp_status cmlp_file_load_stream(cmlp_file *file, FILE *stream)
{
    size_t got = 0;
    cmlp_status status = cmlp_file_read(file, stream, 8, &got); /* these bytes tell the size of the head */
    if (!status) status = cmlp_model_size(file->memory, got, &file->info);
    if (status == CMLP_ERROR_FILE_SHORT && got == 8) {
        status = cmlp_file_read(file, stream, file->info.head_size, &got);
        if (!status) status = cmlp_model_size(file->memory, got, &file->info);
    }
    const uint64_t n = file->info.file_size, model = (n + 7) / 8 * 8, workspace = model + file->info.model_size;
    if (!status) status = cmlp_file_read(file, stream, n, &got);
    if (!status && fgetc(stream) != EOF) status = CMLP_ERROR_FILE_LONG;
    if (!status) status = cmlp_file_extend(file, workspace + file->info.workspace_size);
    if (status) return status;
    unsigned char *const bytes = CMLP_FILE_CAST(unsigned char *, file->memory);
    file->workspace = bytes + workspace;
    return cmlp_model_init(bytes + model, file->info.model_size, bytes, got, 0, file->workspace,
                           file->info.workspace_size, &file->model);
}

/* Reads the model file of a network or a table, verifies it and makes the model. All fields of *file are written. The file
 * is read once from its start to its end, so that a pipe will do.
 * Returns CMLP_OK; FILE_READ if the file cannot be opened or read, MEMORY if malloc fails; the statuses of
 * cmlp_model_size and cmlp_model_init. On failure file->model is NULL, and there is nothing to release. */
static inline cmlp_status cmlp_file_load(cmlp_file *file, const char *path)
{
    const cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    file->memory = file->workspace = NULL;
    file->model = NULL;
    file->info = info;
    FILE *const stream = path ? fopen(path, "rb") : NULL;
    const cmlp_status status = stream ? cmlp_file_load_stream(file, stream) : CMLP_ERROR_FILE_READ;
    if (stream) fclose(stream);
    if (status) cmlp_file_free(file);
    return status;
}

#endif
