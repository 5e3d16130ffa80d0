#include "../base/target.h"
#if CMLP_BUILDS_AVX512
#include "../base/intrinsics.h"
CMLP_TARGET_BEGIN_AVX512
#define CMLP_BITS 32
#define KERNEL(name) name##_f32_avx512
#include "vectors/vec_avx512.h"
#include "products/tiles_avx512.h"
#define KERNELS_ISA CMLP_ISA_AVX512
#include "kernels_tmpl.h"
CMLP_TARGET_END
#endif
