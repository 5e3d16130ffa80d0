/* Every computing call runs in round-to-nearest with subnormal numbers, whatever mode the caller's thread is in. The
 * control register is written only if its mode differs: writing it takes tens of cycles, reading it a few. This covers
 * x86 and aarch64; on other processors the caller must not have changed the default mode (see cmlp.h). */
#ifndef CMLP_FLOAT_MODE_H
#define CMLP_FLOAT_MODE_H

#include "kernels/target.h"

#if CMLP_X86

typedef unsigned cmlp_float_mode;
#define CMLP_MODE_BITS 0xe040u /* flush to zero, rounding, denormals are zero */
static inline cmlp_float_mode cmlp_read_mode(void) { return _mm_getcsr(); }
static inline void cmlp_write_mode(cmlp_float_mode mode) { _mm_setcsr(mode); }

#elif CMLP_AARCH64 && defined(_MSC_VER) && !defined(__clang__)

#include <intrin.h>
typedef uint64_t cmlp_float_mode;
#define CMLP_MODE_BITS UINT64_C(0x01c80000) /* FZ, rounding, FZ16 */
static inline cmlp_float_mode cmlp_read_mode(void) { return (uint64_t)_ReadStatusReg(ARM64_FPCR); }
static inline void cmlp_write_mode(cmlp_float_mode mode) { _WriteStatusReg(ARM64_FPCR, (__int64)mode); }

#elif CMLP_AARCH64

typedef uint64_t cmlp_float_mode;
#define CMLP_MODE_BITS UINT64_C(0x01c80000) /* FZ, rounding, FZ16 */
static inline cmlp_float_mode cmlp_read_mode(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}
static inline void cmlp_write_mode(cmlp_float_mode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }

#else

typedef int cmlp_float_mode;
#define CMLP_MODE_BITS 0
static inline cmlp_float_mode cmlp_read_mode(void) { return 0; }
static inline void cmlp_write_mode(cmlp_float_mode mode) { (void)mode; }

#endif

/* Sets the core's mode, and returns the caller's mode for cmlp_leave_mode. */
static inline cmlp_float_mode cmlp_enter_mode(void)
{
    cmlp_float_mode callers = cmlp_read_mode();
    if (callers & CMLP_MODE_BITS) cmlp_write_mode(callers & ~(cmlp_float_mode)CMLP_MODE_BITS);
    return callers;
}

static inline void cmlp_leave_mode(cmlp_float_mode callers)
{
    if (callers & CMLP_MODE_BITS) cmlp_write_mode(callers);
}

#endif
