#include "../base/target.h"
#if CMLPI_BUILDS_GENERIC
#define CMLPI_BITS 32
#define KERNEL(name) name##_f32_generic
#include "../base/fma.h"
#if CMLPI_X86 && !CMLPI_HAVE_FMA && !defined(__OPTIMIZE_SIZE__) /* three times as fast, more than twice the code */
#include "vectors/vec_sse2.h"
#include "products/tiles_sse2.h"
#else
#include "vectors/vec_generic.h"
#include "products/tiles_generic.h"
#endif
#define KERNELS_ISA CMLP_ISA_GENERIC
#include "kernels_tmpl.h"
#endif
