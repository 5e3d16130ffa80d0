/* The atomic operations that the thread team needs, for C11 compilers and for MSVC without <stdatomic.h>. Builds
 * without threads use plain variables. */
#ifndef CMLPI_ATOMIC_H
#define CMLPI_ATOMIC_H

#include "build.h"

#if !CMLP_BUILD_THREADS

typedef long cmlpi_atomic;
static inline void cmlpi_atomic_init(cmlpi_atomic *a, long value) { *a = value; }
static inline long cmlpi_atomic_load(cmlpi_atomic *a) { return *a; }
static inline void cmlpi_atomic_store(cmlpi_atomic *a, long value) { *a = value; }
static inline long cmlpi_atomic_add(cmlpi_atomic *a, long value)
{
    const long before = *a;
    *a += value;
    return before;
}

#elif defined(_MSC_VER) && !defined(__clang__)

#include <intrin.h>
typedef volatile long cmlpi_atomic;
static inline void cmlpi_atomic_init(cmlpi_atomic *a, long value) { *a = value; }
static inline long cmlpi_atomic_load(cmlpi_atomic *a) { return _InterlockedOr(a, 0); }
static inline void cmlpi_atomic_store(cmlpi_atomic *a, long value) { _InterlockedExchange(a, value); }
static inline long cmlpi_atomic_add(cmlpi_atomic *a, long value) { return _InterlockedExchangeAdd(a, value); }

#else

#include <stdatomic.h>
typedef atomic_long cmlpi_atomic;
static inline void cmlpi_atomic_init(cmlpi_atomic *a, long value) { atomic_init(a, value); }
static inline long cmlpi_atomic_load(cmlpi_atomic *a) { return atomic_load_explicit(a, memory_order_acquire); }
static inline void cmlpi_atomic_store(cmlpi_atomic *a, long value)
{
    atomic_store_explicit(a, value, memory_order_release);
}
/* Returns the value before the addition. */
static inline long cmlpi_atomic_add(cmlpi_atomic *a, long value)
{
    return atomic_fetch_add_explicit(a, value, memory_order_acq_rel);
}

#endif
#endif
