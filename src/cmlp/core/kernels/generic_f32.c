#include "target.h"
#if CMLP_BUILDS_GENERIC
#define CMLP_BITS 32
#include "vec_generic.h"
#include "tiles_generic.h"
#define KERNELS_NAME cmlp_kernels_f32_generic
#define KERNELS_ISA CMLP_ISA_GENERIC
#include "kernels_tmpl.h"
#else
typedef int cmlp_not_empty_generic_f32;
#endif
