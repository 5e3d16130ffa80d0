/* A cursor over the head of a model file. It never moves past its end, and keeps the first error. */
#ifndef CMLPI_MODEL_CURSOR_H
#define CMLPI_MODEL_CURSOR_H

#include <string.h>

#include "../../base/invariant.h"
#include "../model_format.h"

typedef struct cursor {
    const unsigned char *at, *end;
    cmlp_status status;
} cursor;

static inline int cursor_fail(cursor *c, cmlp_status status)
{
    if (!c->status) c->status = status;
    return 0;
}

static inline int cursor_is_next(const cursor *c, const char *text, size_t n)
{
    return !c->status && (size_t)(c->end - c->at) >= n && !memcmp(c->at, text, n);
}

/* Skips `text` and returns 1 if it comes next, else returns 0. */
static inline int cursor_pass(cursor *c, const char *text, size_t n)
{
    if (!cursor_is_next(c, text, n)) return 0;
    c->at += n;
    return 1;
}
#define PASS(c, literal) cursor_pass((c), literal, sizeof literal - 1)
#define DEMAND(c, literal, status) ((void)(PASS(c, literal) ? 0 : cursor_fail((c), (status))))

/* Reads lower-case hexadecimal digits. Upper case is an error: 'A' and 'a' differ in one bit, and every flipped bit
 * must be detected. */
static inline uint64_t cursor_hex(cursor *c, int digits)
{
    uint64_t value = 0;
    if (c->status || c->end - c->at < digits) return (uint64_t)cursor_fail(c, CMLP_ERROR_FILE_SYNTAX);
    for (; digits; digits--, c->at++) {
        const unsigned b = *c->at;
        const int is_digit = b >= '0' && b <= '9';
        if (!is_digit && !(b >= 'a' && b <= 'f')) return (uint64_t)cursor_fail(c, CMLP_ERROR_FILE_SYNTAX);
        value = value << 4 | (is_digit ? b - '0' : b - 'a' + 10);
    }
    return value;
}

/* Reads the bits of a finite double, highest digit first. */
static inline double cursor_hex_double(cursor *c)
{
    const uint64_t bits = cursor_hex(c, 16);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!cmlpi_is_finite(value)) cursor_fail(c, CMLP_ERROR_OPTION);
    return value;
}

/* Reads 0 or [1-9][0-9]*, at most 2^53. */
static inline uint64_t cursor_number(cursor *c)
{
    uint64_t value = 0;
    const unsigned char *first = c->at;
    for (; !c->status && c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        CMLPI_LOOP(CMLPI_INSIDE(c->at, first, c->end) && c->at - first <= 16, c->end - c->at, c->at, value) {
        if (c->at - first == 16) return (uint64_t)cursor_fail(c, CMLP_ERROR_FILE_SYNTAX);
        value = value * 10 + (*c->at - '0');
    }
    if (c->at == first || (*first == '0' && c->at - first > 1) || value > CMLPI_MAX_DATA)
        return (uint64_t)cursor_fail(c, CMLP_ERROR_FILE_SYNTAX);
    return value;
}

/* Skips printable ASCII in quotes, in which only the escapes \" and \\ are allowed. Returns its length in the file. */
static inline size_t cursor_string(cursor *c)
{
    DEMAND(c, "\"", CMLP_ERROR_FILE_SYNTAX);
    if (c->status) return 0;
    const unsigned char *first = c->at;
    for (; c->at < c->end; c->at++)
        CMLPI_LOOP(CMLPI_INSIDE(c->at, first, c->end), c->end - c->at, c->at) {
        if (*c->at == '"') return (size_t)(c->at++ - first);
        if (*c->at < 0x20 || *c->at > 0x7e) break;
        if (*c->at == '\\' && (++c->at == c->end || (*c->at != '"' && *c->at != '\\'))) break;
    }
    return (size_t)cursor_fail(c, CMLP_ERROR_FILE_SYNTAX);
}

/* Reads [a-z][a-z0-9_.]* of at most 64 bytes in quotes. Names must ascend (compared by bytes) from `*last`, so that
 * duplicates are found without a table of names. */
static inline string_view cursor_next_name(cursor *c, string_view *last)
{
    DEMAND(c, "\"", CMLP_ERROR_FILE_NAME);
    string_view n = {c->at, 0};
    for (; !c->status && c->at < c->end && n.length <= CMLPI_MAX_NAME; c->at++, n.length++)
        if (!cmlpi_is_name_byte(*c->at, !n.length)) break;
    if (!n.length || n.length > CMLPI_MAX_NAME) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    DEMAND(c, "\"", CMLP_ERROR_FILE_NAME);
    if (c->status) return n;
    const int order = memcmp(last->at, n.at, last->length < n.length ? last->length : n.length);
    if (order > 0 || (order == 0 && last->length >= n.length)) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    *last = n;
    return n;
}

#endif
