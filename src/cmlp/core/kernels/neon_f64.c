#include "../base/target.h"
#if CMLPI_BUILDS_NEON && CMLP_BUILD_FLOAT64
#include "../base/intrinsics.h"
#define CMLPI_BITS 64
#define KERNEL(name) name##_f64_neon
#include "vectors/vec_neon.h"
#include "products/tiles_neon.h"
#define KERNELS_ISA CMLP_ISA_NEON
#include "kernels_tmpl.h"
#endif
