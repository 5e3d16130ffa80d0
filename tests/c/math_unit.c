/* Compiled once for each instruction set and element type: see test_math.c.
 * -DUNIT_GENERIC, -DUNIT_AVX2, -DUNIT_AVX512 or -DUNIT_NEON, -DCMLPI_BITS=32 or 64. */
#include "math_unit.h"

#if defined(UNIT_AVX2)
#define UNIT avx2
CMLPI_TARGET_BEGIN_AVX2
#include "../../src/cmlp/core/kernels/vectors/vec_avx2.h"
#elif defined(UNIT_AVX512)
#define UNIT avx512
CMLPI_TARGET_BEGIN_AVX512
#include "../../src/cmlp/core/kernels/vectors/vec_avx512.h"
#elif defined(UNIT_NEON)
#define UNIT neon
#include "../../src/cmlp/core/kernels/vectors/vec_neon.h"
#else
#define UNIT generic
#include "../../src/cmlp/core/kernels/vectors/vec_generic.h"
#endif

#include "../../src/cmlp/core/kernels/elements/math_tmpl.h"

#define COMPUTE(name)                                                                              \
    static void compute_##name(const void *from, void *to, int64_t n)                              \
    {                                                                                              \
        const T *x = from;                                                                         \
        T *y = to;                                                                                 \
        int64_t i = 0;                                                                             \
        for (; i + VL <= n; i += VL)                                                               \
            v_store(y + i, v_##name(v_load(x + i)));                                               \
        if (i < n)                                                                                 \
            v_store_t(y + i, v_tail(n - i), v_##name(v_load_t(x + i, v_tail(n - i))));             \
    }

COMPUTE(exp)
COMPUTE(log)
COMPUTE(log1p)
COMPUTE(tanh)
COMPUTE(logistic)

#if defined(UNIT_AVX2) || defined(UNIT_AVX512)
CMLPI_TARGET_END
#endif

#define STRING(x) STRING_(x)
#define STRING_(x) #x
#define JOIN(a, b, c) JOIN_(a, b, c)
#define JOIN_(a, b, c) a##b##_##c

const struct math_unit JOIN(math_, UNIT, CMLPI_BITS) = {
    STRING(UNIT), {compute_exp, compute_log, compute_log1p, compute_tanh, compute_logistic}};
