/* All kernels of one instruction set and element type, and their table. The including file defines the cmlp_isa as
 * KERNELS_ISA, and KERNEL(name), which adds the instruction set and the type to a name: to that of the table, of the
 * functions in it, whose fields in cmlpi_kernels have the name too, and of functions that macros name. The vector header
 * must have been included. */

#include "../../../../include/cmlp.h"
#include "kernels.h"
#if !CMLP_BUILD_TRAINING && defined(__GNUC__)
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
#include "products/gradient_sums_tmpl.h"
#include "products/gradient_masked_tmpl.h"
#include "products/csr_gradient_tmpl.h"
#include "elements/step_tmpl.h"
#include "elements/dropout_tmpl.h"
#include "losses.h"
#include "elements/loss_tmpl.h"

const cmlpi_kernels KERNEL(cmlpi_kernels) = {
    .isa = KERNELS_ISA,
    .dtype = CMLPI_BITS == 32 ? CMLP_FLOAT32 : CMLP_FLOAT64,
    .lanes = VL,
    .exact = KERNEL(exact),
    .dense_row = KERNEL(dense_row),
    .activate = KERNEL(activate),
    .convert = KERNEL(convert),
    .convert_columns = KERNEL(convert_columns),
    .find_nonfinite = KERNEL(find_nonfinite),
#if CMLP_BUILD_ROWS /* otherwise the compiler drops these functions */
    .dense = KERNEL(dense),
    .csr = KERNEL(csr),
    .nonzero_mask = KERNEL(nonzero_mask),
#endif
#if CMLP_BUILD_TRAINING
    .gradient = KERNEL(gradient),
    .bias_gradient = KERNEL(bias_gradient),
    .csr_gradient = KERNEL(csr_gradient),
    .transpose = KERNEL(transpose),
    .derivative = KERNEL(derivative),
    .loss = KERNEL(loss),
    .step = KERNEL(step),
    .drop = KERNEL(drop),
    .multiply = KERNEL(multiply),
    .square_sum = KERNEL(square_sum),
#endif
};
