/* Shared by the tests: check counters, random numbers, hashes, and memory between guard pages. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <stddef.h>
#include <stdint.h>

/* ---- counting */

extern int64_t passed, failed;

/* Counts a check, prints its location if it fails, and evaluates to the condition. */
#define CHECK(condition) check_at(__FILE__, __LINE__, (condition) != 0, #condition)
int check_at(const char *file, int line, int good, const char *text);

/* The same with a formatted message. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int check_that(int good, const char *format, ...);

/* Prints the last line of a test program, "N passed, N failed", and returns its exit status. */
int finish(void);

/* ---- random numbers (splitmix64) and hashes (FNV-1a; all NaNs are equal) */

uint64_t random_bits(uint64_t *state);
int64_t random_below(uint64_t *state, int64_t n); /* in [0, n) */
double uniform(uint64_t *state, double low, double high);

#define HASH_START UINT64_C(0xcbf29ce484222325)
/* Hashes n elements of a cmlp_dtype (float32 or float64), independent of the byte order. */
uint64_t hash_elements(uint64_t hash, int32_t dtype, const void *elements, int64_t n);

/* Returns whether the elements have the same bits or are both NaN. */
int same_bits(int32_t dtype, const void *a, const void *b, int64_t n);

/* Reads element i as a double; writes it. */
double get(int32_t dtype, const void *elements, int64_t i);
void put(int32_t dtype, void *elements, int64_t i, double value);

size_t size_of(int32_t dtype);

/* ---- memory between two inaccessible pages */

typedef struct slot {
    unsigned char *base;
    size_t capacity; /* between the guard pages */
    unsigned char *data;
    size_t bytes;
} slot;

enum { AT_START, AT_END };

void slot_make(slot *s, size_t capacity);
void slot_free(slot *s);

/* Returns a block that begins `offset` bytes after the first guard page or ends `offset` bytes before the last. The
 * memory around it, up to the guard pages or SLOT_MARGIN bytes, is filled with canary bytes. */
#define SLOT_MARGIN 256
void *slot_place(slot *s, size_t bytes, int where, size_t offset);

/* Returns whether the canary bytes around the block are unchanged. */
int slot_intact(const slot *s);

/* Calls `call(context)`; returns 0 if it touched a guard page. If faults cannot be caught, they end the program. */
int survives(void (*call)(void *context), void *context);

#endif
