/* The atomic operations that the thread team needs, for C11 compilers and for MSVC without <stdatomic.h>. Builds
 * without threads use plain variables. */
#ifndef CMLP_ATOMIC_H
#define CMLP_ATOMIC_H

#include "build.h"

#if !CMLP_BUILDS_THREADS

typedef long cmlp_atomic;
static inline void cmlp_atomic_init(cmlp_atomic *a, long value) { *a = value; }
static inline long cmlp_atomic_load(cmlp_atomic *a) { return *a; }
static inline void cmlp_atomic_store(cmlp_atomic *a, long value) { *a = value; }
static inline long cmlp_atomic_add(cmlp_atomic *a, long value)
{
    const long before = *a;
    *a += value;
    return before;
}

#elif defined(_MSC_VER) && !defined(__clang__)

#include <intrin.h>
typedef volatile long cmlp_atomic;
static inline void cmlp_atomic_init(cmlp_atomic *a, long value) { *a = value; }
static inline long cmlp_atomic_load(cmlp_atomic *a) { return _InterlockedOr(a, 0); }
static inline void cmlp_atomic_store(cmlp_atomic *a, long value) { _InterlockedExchange(a, value); }
static inline long cmlp_atomic_add(cmlp_atomic *a, long value) { return _InterlockedExchangeAdd(a, value); }

#else

#include <stdatomic.h>
typedef atomic_long cmlp_atomic;
static inline void cmlp_atomic_init(cmlp_atomic *a, long value) { atomic_init(a, value); }
static inline long cmlp_atomic_load(cmlp_atomic *a) { return atomic_load_explicit(a, memory_order_acquire); }
static inline void cmlp_atomic_store(cmlp_atomic *a, long value)
{
    atomic_store_explicit(a, value, memory_order_release);
}
/* Returns the value before the addition. */
static inline long cmlp_atomic_add(cmlp_atomic *a, long value)
{
    return atomic_fetch_add_explicit(a, value, memory_order_acq_rel);
}

#endif
#endif
