#include "../base/target.h"
#if CMLPI_BUILDS_AVX512 && CMLP_BUILD_FLOAT64
#include "../base/intrinsics.h"
CMLPI_TARGET_BEGIN_AVX512
#define CMLPI_BITS 64
#define KERNEL(name) name##_f64_avx512
#include "vectors/vec_avx512.h"
#include "products/tiles_avx512.h"
#define KERNELS_ISA CMLP_ISA_AVX512
#include "kernels_tmpl.h"
CMLPI_TARGET_END
#endif
