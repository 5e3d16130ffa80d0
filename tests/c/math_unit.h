/* The functions of math_tmpl.h, compiled for one instruction set and element type. */
#ifndef MATH_UNIT_H
#define MATH_UNIT_H

#include <stdint.h>

#include "../../src/cmlp/core/base/target.h"

enum { EXP, LOG, LOG1P, TANH, LOGISTIC, FUNCTIONS };

struct math_unit {
    const char *name;
    /* computes n numbers; n is arbitrary, so that partial vectors are tested */
    void (*compute[FUNCTIONS])(const void *x, void *y, int64_t n);
};

extern const struct math_unit math_generic_32, math_generic_64;
#if CMLPI_X86
extern const struct math_unit math_avx2_32, math_avx2_64, math_avx512_32, math_avx512_64;
#elif CMLPI_AARCH64
extern const struct math_unit math_neon_32, math_neon_64;
#endif

#endif
