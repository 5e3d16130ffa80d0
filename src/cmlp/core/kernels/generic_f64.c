#include "../base/target.h"
#if CMLPI_BUILDS_GENERIC && CMLP_BUILD_FLOAT64
#define CMLPI_BITS 64
#define KERNEL(name) name##_f64_generic
#include "vectors/vec_generic.h"
#include "products/tiles_generic.h"
#define KERNELS_ISA CMLP_ISA_GENERIC
#include "kernels_tmpl.h"
#endif
