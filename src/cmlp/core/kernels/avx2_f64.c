#include "../base/target.h"
#if CMLPI_BUILDS_AVX2 && CMLP_BUILD_FLOAT64
#include "../base/intrinsics.h"
CMLPI_TARGET_BEGIN_AVX2
#define CMLPI_BITS 64
#define KERNEL(name) name##_f64_avx2
#include "vectors/vec_avx2.h"
#include "products/tiles_avx2.h"
#define KERNELS_ISA CMLP_ISA_AVX2
#include "kernels_tmpl.h"
CMLPI_TARGET_END
#endif
