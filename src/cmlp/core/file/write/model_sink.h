/* Where the writer of model files puts bytes: they are counted, added to a checksum, or passed to the caller. */
#ifndef CMLPI_MODEL_SINK_H
#define CMLPI_MODEL_SINK_H

#include "../crc.h"
#include "../model_format.h"

typedef struct sink {
    cmlpi_crc *crc;                     /* if not NULL, the bytes are added to it */
    const cmlp_model_content *content; /* else, if not NULL, content->write gets the bytes; else only counted */
    uint64_t bytes;
    size_t used;
    cmlp_status status;
    unsigned char buffer[256];
} sink;

static inline void sink_take(sink *s, const void *bytes, size_t n)
{
    if (s->crc)
        cmlpi_crc_add(s->crc, bytes, n);
    else if (s->content && !s->status && s->content->write(s->content->write_context, bytes, n))
        s->status = CMLP_ERROR_WRITE;
}

static inline void sink_flush(sink *s)
{
    if (s->used) sink_take(s, s->buffer, s->used);
    s->used = 0;
}

static inline void put_byte(sink *s, unsigned byte)
{
    if (s->used == sizeof s->buffer) sink_flush(s);
    s->buffer[s->used++] = (unsigned char)byte;
    s->bytes++;
}

static inline void put_text(sink *s, const char *text)
{
    while (*text) put_byte(s, (unsigned char)*text++);
}

static inline void put_decimal(sink *s, uint64_t value)
{
    char digits[20];
    int n = 0;
    do digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    while (n) put_byte(s, (unsigned char)digits[--n]);
}

static inline void put_hex(sink *s, uint64_t value, int digits)
{
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        put_byte(s, (unsigned char)"0123456789abcdef"[value >> shift & 15]);
}

static inline void put_hex_double(sink *s, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_hex(s, bits, 16);
}

/* 0 means that there is no parameter. */
static inline void put_parameter(sink *s, double value)
{
    if (value == 0) return;
    put_byte(s, ':');
    put_hex_double(s, value);
}

/* Writes a comma and the name of a member, in which no character needs an escape. */
static inline void put_name(sink *s, const char *name)
{
    put_text(s, ",\"");
    put_text(s, name);
    put_byte(s, '"');
}

static inline void put_string(sink *s, const char *text, int64_t n)
{
    put_byte(s, '"');
    for (int64_t i = 0; i < n; i++) {
        if (text[i] == '"' || text[i] == '\\') put_byte(s, '\\');
        put_byte(s, (unsigned char)text[i]);
    }
    put_byte(s, '"');
}

/* Writes elements in the file's byte order, little-endian. */
static inline void put_elements(sink *s, const void *elements, uint64_t bytes, size_t size)
{
    const unsigned char *p = elements;
    s->bytes += bytes;
    sink_flush(s);
    if (!cmlpi_is_big_endian()) {
        sink_take(s, p, (size_t)bytes);
        return;
    }
    for (uint64_t at = 0; at < bytes;) {
        const uint64_t n = bytes - at < sizeof s->buffer ? bytes - at : sizeof s->buffer;
        cmlpi_swap(s->buffer, p + at, n, size);
        sink_take(s, s->buffer, (size_t)n);
        at += n;
    }
}

#endif
