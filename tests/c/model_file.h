/* Model files in memory that tests modify. The library writes them; the checksums are updated without it. */
#ifndef MODEL_FILE_H
#define MODEL_FILE_H

#include "calls.h"

enum { MODEL_FILE_CAPACITY = 1 << 16 };

typedef struct model_file {
    _Alignas(64) unsigned char bytes[MODEL_FILE_CAPACITY];
    size_t size;
} model_file;

/* For cmlp_model_content.write: appends to the model_file. */
int model_file_append(void *context, const void *bytes, size_t n);

/* CRC-32, bit by bit. */
uint32_t crc_of(uint32_t crc, const unsigned char *bytes, size_t n);

/* Recomputes the header length and both checksums; keeps the header's padding. */
void model_file_repair(model_file *f, size_t head_size);

/* Replaces the first `from` in the header with `to`, then pads and repairs it. Returns 0 if there is no `from`. */
int model_file_replace(model_file *f, const char *from, const char *to);

/* Predicts a row of n inputs of the model's type. `output` is large enough, or NULL. */
static inline cmlp_status predict_row(const cmlp_model *model, const void *row, int64_t n, int32_t *label, void *output,
                                      void *scratch, size_t size)
{
    const int64_t n_outputs = output ? INT64_MAX : 0;
    return predict_values(dtype_of_model(model), model, row, n, label, output, n_outputs, scratch, size);
}

#endif
