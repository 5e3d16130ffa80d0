/* All kernels of one instruction set and element type, and their table, whose name the including file defines as
 * KERNELS_NAME, its cmlp_isa as KERNELS_ISA. The vector header must have been included; where it has V_PAIRS, there
 * is a second table, KERNELS_PAIRS_NAME. */

#include "../../../../include/cmlp.h"
#include "kernels.h"
#if !CMLP_BUILDS_TRAINING && defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-function" /* all templates have functions that only training uses */
#endif
#include "lanes_tmpl.h"
#include "math_tmpl.h"

#include "exact_tmpl.h"
#include "transpose_tmpl.h"
#include "activations.h"
#include "activation_tmpl.h"
#include "element_tmpl.h"
#include "column_mask_tmpl.h"
#include "row_tmpl.h"
#include "dense_tmpl.h"
#include "csr_tmpl.h"
#include "gradient_tmpl.h"
#include "gradient_masked_tmpl.h"
#include "csr_gradient_tmpl.h"
#include "step_tmpl.h"
#include "dropout_tmpl.h"
#include "losses.h"
#include "loss_tmpl.h"

/* A build without training has no entries for it, and the compiler drops their functions. */
#if CMLP_BUILDS_TRAINING
#define TRAINING_KERNELS(GRADIENT)                                                                  \
    .gradient = GRADIENT, .csr_gradient = csr_gradient, .transpose = transpose,                     \
    .derivative = derivative, .loss = loss, .step = step, .drop = drop, .multiply = multiply,       \
    .square_sum = square_sum,
#else
#define TRAINING_KERNELS(GRADIENT)
#endif

/* KERNELS(cmlp_kernels_f32_avx2, 0, dense, gradient) makes
 *   const cmlp_kernels cmlp_kernels_f32_avx2 = {.isa = CMLP_ISA_AVX2, .pairs = 0, .dtype = CMLP_FLOAT32, .lanes = 8,
 *                                               .exact = exact, .dense = dense, ..., .gradient = gradient, ...} */
#define KERNELS(NAME, HAS_PAIRS, DENSE, GRADIENT)                                                   \
    const cmlp_kernels NAME = {                                                                     \
        .isa = KERNELS_ISA,                                                                         \
        .pairs = HAS_PAIRS,                                                                         \
        .dtype = CMLP_BITS == 32 ? CMLP_FLOAT32 : CMLP_FLOAT64,                                     \
        .lanes = VL,                                                                                \
        .exact = exact,                                                                             \
        .dense = DENSE,                                                                             \
        .csr = csr,                                                                                 \
        .activate = activate,                                                                       \
        .convert = convert,                                                                         \
        .convert_columns = convert_columns,                                                         \
        .nonzero_mask = nonzero_mask,                                                               \
        .find_nonfinite = find_nonfinite,                                                           \
        TRAINING_KERNELS(GRADIENT)                                                                  \
    }

KERNELS(KERNELS_NAME, 0, dense, gradient);
#ifdef V_PAIRS
#include "pairs_tmpl.h"
KERNELS(KERNELS_PAIRS_NAME, 1, dense_pairs, gradient_pairs);
#endif
