/* Inverted dropout of hidden layers (docs/arithmetic.md). */
#ifndef CMLPI_DROPOUT_H
#define CMLPI_DROPOUT_H

#include "../data/rows.h"

/* Drops or scales the values (n, n_out) that belong to the units of a hidden layer for the selected rows from
 * `selected` on. Does nothing if the layer has no dropout. */
void cmlpi_apply_dropout(const cmlpi_data *data, const cmlp_objective *objective, int32_t layer, int64_t selected, int64_t n,
                         void *values);

#endif
