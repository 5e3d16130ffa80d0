#include "../base/target.h"
#if CMLP_BUILDS_NEON
#include "../base/intrinsics.h"
#define CMLP_BITS 32
#include "vectors/vec_neon.h"
#include "products/tiles_neon.h"
#define KERNELS_NAME cmlpi_kernels_f32_neon
#define KERNELS_ISA CMLP_ISA_NEON
#include "kernels_tmpl.h"
#endif
