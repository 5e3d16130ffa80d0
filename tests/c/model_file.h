/* Model files in memory, to be changed by tests: written by the library, repaired without it. */
#ifndef MODEL_FILE_H
#define MODEL_FILE_H

#include "../../include/cmlp.h"

enum { MODEL_FILE_CAPACITY = 1 << 16 };

typedef struct model_file {
    _Alignas(64) unsigned char bytes[MODEL_FILE_CAPACITY];
    size_t size;
} model_file;

/* For cmlp_model_content.write: appends to the model_file. */
int model_file_append(void *context, const void *bytes, size_t n);

/* CRC-32, bit by bit. */
uint32_t crc_of(uint32_t crc, const unsigned char *bytes, size_t n);

/* Writes the length of the head and both checksums anew; the head's padding is as it was. */
void model_file_repair(model_file *f, size_t head_size);

/* Replaces the first `from` in the head by `to`, pads and repairs; returns 0 if `from` is not there. */
int model_file_replace(model_file *f, const char *from, const char *to);

#endif
