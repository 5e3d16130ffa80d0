/* What the C library of cmlp uses of <math.h>; Clang has its own square root and multiply-add. */
#ifndef CMLP_WASM_MATH_H
#define CMLP_WASM_MATH_H

#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define isnan(x) __builtin_isnan(x)
#define isinf(x) __builtin_isinf(x)

#endif
