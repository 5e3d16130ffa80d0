#include "target.h"
#if CMLP_BUILDS_GENERIC
#define CMLP_BITS 32
#include "../fma.h"
#if CMLP_X86 && !CMLP_HAVE_FMA && !defined(__OPTIMIZE_SIZE__) /* three times as fast, more than twice the code */
#include "vec_sse2.h"
#include "tiles_sse2.h"
#else
#include "vec_generic.h"
#include "tiles_generic.h"
#endif
#define KERNELS_NAME cmlp_kernels_f32_generic
#define KERNELS_ISA CMLP_ISA_GENERIC
#include "kernels_tmpl.h"
#endif
