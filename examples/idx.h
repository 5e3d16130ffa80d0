/* Reads files, and the MNIST database's IDX format: a head of big-endian numbers, then one byte per pixel or label. */
#ifndef IDX_H
#define IDX_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns the bytes of a file in allocated memory, and their number in *n. Ends the program if that fails. */
static inline unsigned char *read_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    long size = -1;
    if (file && !fseek(file, 0, SEEK_END)) size = ftell(file);
    unsigned char *bytes = size < 0 ? NULL : malloc((size_t)size + 1);
    if (!bytes || fseek(file, 0, SEEK_SET) || fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    *n = (size_t)size;
    return bytes;
}

typedef struct idx {
    unsigned char *file; /* to be freed */
    const uint8_t *data; /* (n, size) */
    int64_t n, size;     /* images or labels, and bytes of each */
} idx;

static inline int64_t big_endian(const unsigned char *p)
{
    return (int64_t)p[0] << 24 | (int64_t)p[1] << 16 | (int64_t)p[2] << 8 | p[3];
}

/* Reads images (dimensions: 3) or labels (1). */
static inline idx read_idx(const char *path, int dimensions)
{
    size_t n;
    idx x = {.file = read_file(path, &n), .size = 1};
    const size_t head = 4 + 4 * (size_t)dimensions;
    if (n >= head && big_endian(x.file) == 0x800 + dimensions) {
        x.data = x.file + head;
        x.n = big_endian(x.file + 4);
        for (int i = 1; i < dimensions; i++) x.size *= big_endian(x.file + 4 + 4 * i);
    }
    if (!x.data || (uint64_t)x.n * (uint64_t)x.size != n - head) {
        fprintf(stderr, "%s is not an IDX file with %d dimensions\n", path, dimensions);
        exit(1);
    }
    return x;
}

#endif
