/* All kernels of one instruction set and element type, and their table, whose name the including file defines as
 * KERNELS_NAME, its cmlp_isa as KERNELS_ISA. The vector header must have been included. */

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
#include "pairs_tmpl.h"
#include "csr_gradient_tmpl.h"
#include "step_tmpl.h"
#include "dropout_tmpl.h"
#include "losses.h"
#include "loss_tmpl.h"

const cmlp_kernels KERNELS_NAME = {
    .isa = KERNELS_ISA,
    .dtype = CMLP_BITS == 32 ? CMLP_FLOAT32 : CMLP_FLOAT64,
    .lanes = VL,
    .exact = exact,
    .dense = dense,
    .csr = csr,
    .activate = activate,
    .convert = convert,
    .convert_columns = convert_columns,
    .nonzero_mask = nonzero_mask,
    .find_nonfinite = find_nonfinite,
#if CMLP_BUILDS_TRAINING /* otherwise the compiler drops these functions */
    .gradient = gradient,
    .csr_gradient = csr_gradient,
    .transpose = transpose,
    .derivative = derivative,
    .loss = loss,
    .step = step,
    .drop = drop,
    .multiply = multiply,
    .square_sum = square_sum,
#endif
};
