/* Arbitrary values and buffers for the proofs. A buffer is an object of exactly `n` bytes, so that every access beyond it
 * is reported. Vector instructions are left out: the model checker does not know them. */
#ifndef ANY_H
#define ANY_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#undef __SSE2__
#undef __x86_64__

#ifndef MOST
#define MOST 8 /* the size of the proof, from the table */
#endif

size_t nondet_size(void); /* functions of such names return anything */
int nondet_int(void);
int32_t nondet_int32(void);
int64_t nondet_int64(void);
uint32_t nondet_uint32(void);
uint64_t nondet_uint64(void);
double nondet_double(void);

#define ASSUME(condition) __CPROVER_assume(condition)
#define REQUIRE(condition) __CPROVER_assert(condition, #condition)

/* n bytes of any content. */
static inline void *any_bytes(size_t n)
{
    void *p = malloc(n);
    ASSUME(p != NULL);
    return p;
}

#endif
