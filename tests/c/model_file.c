#include "model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int model_file_append(void *context, const void *bytes, size_t n)
{
    model_file *f = context;
    if (n > MODEL_FILE_CAPACITY - f->size) return 1;
    memcpy(f->bytes + f->size, bytes, n);
    f->size += n;
    return 0;
}

uint32_t crc_of(uint32_t crc, const unsigned char *bytes, size_t n)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

static void put_hex(unsigned char *at, uint32_t value)
{
    char text[9];
    snprintf(text, sizeof text, "%08x", (unsigned)value);
    memcpy(at, text, 8);
}

static const char *find(const unsigned char *bytes, size_t n, const char *text)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i + length <= n; i++)
        if (!memcmp(bytes + i, text, length)) return (const char *)bytes + i;
    return NULL;
}

void model_file_repair(model_file *f, size_t head_size)
{
    const char *data_crc = find(f->bytes, head_size, "\"data_crc32\":\"");
    for (int i = 0; i < 8; i++) f->bytes[i] = (unsigned char)((uint64_t)(head_size - 8) >> 8 * i);
    if (data_crc) {
        unsigned char *at = f->bytes + (data_crc - (const char *)f->bytes) + 14;
        put_hex(at, crc_of(0, f->bytes + head_size, f->size - head_size));
    }
    memset(f->bytes + 45, '0', 8);
    put_hex(f->bytes + 45, crc_of(0, f->bytes, head_size));
}

static size_t head_size_of(const model_file *f)
{
    size_t length = 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | f->bytes[i];
    return length + 8;
}

int model_file_replace(model_file *f, const char *from, const char *to)
{
    static model_file old;
    const size_t head = head_size_of(f), n_from = strlen(from), n_to = strlen(to);
    const char *found = find(f->bytes, head, from);
    if (!found) return 0;
    const size_t at = (size_t)(found - (const char *)f->bytes);
    size_t end = head;
    while (f->bytes[end - 1] == ' ') end--;
    memcpy(&old, f, sizeof old);
    f->size = at;
    int full = model_file_append(f, to, n_to);
    full |= model_file_append(f, old.bytes + at + n_from, end - at - n_from);
    while (f->size % 64) full |= model_file_append(f, " ", 1);
    const size_t new_head = f->size;
    full |= model_file_append(f, old.bytes + head, old.size - head);
    if (full) {
        fprintf(stderr, "a model file is too large for the test\n");
        exit(2);
    }
    model_file_repair(f, new_head);
    return 1;
}
