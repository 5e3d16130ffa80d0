/* All kernels of one instruction set and element type, and their table, whose name the including file defines as
 * KERNELS_NAME, its cmlp_isa as KERNELS_ISA. The vector header must have been included. */

#include "../../../../include/cmlp.h"
#include "kernels.h"
#if !CMLP_BUILDS_TRAINING && defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-function" /* all templates have functions that only training or many rows use */
#endif
#include "vectors/lanes_tmpl.h"
#include "elements/math_tmpl.h"

#include "elements/exact_tmpl.h"
#include "vectors/transpose_tmpl.h"
#include "activations.h"
#include "elements/activation_tmpl.h"
#include "elements/element_tmpl.h"
#include "products/column_mask_tmpl.h"
#include "products/row_tmpl.h"
#include "products/panels_tmpl.h"
#include "products/dense_tmpl.h"
#include "products/csr_tmpl.h"
#include "products/gradient_tmpl.h"
#include "products/gradient_masked_tmpl.h"
#include "products/csr_gradient_tmpl.h"
#include "elements/step_tmpl.h"
#include "elements/dropout_tmpl.h"
#include "losses.h"
#include "elements/loss_tmpl.h"

const cmlpi_kernels KERNELS_NAME = {
    .isa = KERNELS_ISA,
    .dtype = CMLP_BITS == 32 ? CMLP_FLOAT32 : CMLP_FLOAT64,
    .lanes = VL,
    .exact = exact,
    .dense_row = dense_row,
    .activate = activate,
    .convert = convert,
    .convert_columns = convert_columns,
    .find_nonfinite = find_nonfinite,
#if CMLP_BUILDS_MANY /* otherwise the compiler drops these functions */
    .dense = dense,
    .csr = csr,
    .nonzero_mask = nonzero_mask,
#endif
#if CMLP_BUILDS_TRAINING
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
