/* The floating-point mode in which calls compute: round to nearest, with subnormal numbers and without traps, whatever
 * mode the caller's thread is in. The control register of x86 (SSE) and aarch64 is written only if its mode differs:
 * writing it takes tens of cycles, reading it a few. On other processors, and with compilers without
 * intrinsics, nothing is read or written, and the caller must not have changed the default mode (see cmlp.h). */
#ifndef CMLPI_FLOAT_MODE_H
#define CMLPI_FLOAT_MODE_H

#include "target.h"

#if CMLPI_X86

typedef unsigned cmlpi_float_mode;
#define CMLPI_MODE_BITS 0xffc0u /* flush to zero, rounding, masks of the exceptions, denormals are zero */
#define CMLPI_MODE 0x1f80u      /* all exceptions are masked */
static inline cmlpi_float_mode cmlpi_read_mode(void) { return _mm_getcsr(); }
static inline void cmlpi_write_mode(cmlpi_float_mode mode) { _mm_setcsr(mode); }

#elif CMLPI_AARCH64 && defined(_MSC_VER) && !defined(__clang__)

#include <intrin.h>
typedef uint64_t cmlpi_float_mode;
#define CMLPI_MODE_BITS UINT64_C(0x01c89f00) /* FZ, rounding, FZ16, traps of the exceptions */
#define CMLPI_MODE 0
static inline cmlpi_float_mode cmlpi_read_mode(void) { return (uint64_t)_ReadStatusReg(ARM64_FPCR); }
static inline void cmlpi_write_mode(cmlpi_float_mode mode) { _WriteStatusReg(ARM64_FPCR, (__int64)mode); }

#elif CMLPI_AARCH64

typedef uint64_t cmlpi_float_mode;
#define CMLPI_MODE_BITS UINT64_C(0x01c89f00) /* FZ, rounding, FZ16, traps of the exceptions */
#define CMLPI_MODE 0
static inline cmlpi_float_mode cmlpi_read_mode(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}
static inline void cmlpi_write_mode(cmlpi_float_mode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }

#else

typedef int cmlpi_float_mode;
#define CMLPI_MODE_BITS 0
#define CMLPI_MODE 0
static inline cmlpi_float_mode cmlpi_read_mode(void) { return 0; }
static inline void cmlpi_write_mode(cmlpi_float_mode mode) { (void)mode; }

#endif

/* Sets the core's mode, and returns the caller's mode for cmlpi_leave_mode. */
static inline cmlpi_float_mode cmlpi_enter_mode(void)
{
    const cmlpi_float_mode callers = cmlpi_read_mode(), bits = (cmlpi_float_mode)CMLPI_MODE_BITS;
    if ((callers & bits) != CMLPI_MODE) cmlpi_write_mode((callers & ~bits) | CMLPI_MODE);
    return callers;
}

static inline void cmlpi_leave_mode(cmlpi_float_mode callers)
{
    if ((callers & (cmlpi_float_mode)CMLPI_MODE_BITS) != CMLPI_MODE) cmlpi_write_mode(callers);
}

#endif
