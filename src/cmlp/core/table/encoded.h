/* What the rules of encode_row.h and distance.h need in the core; exported headers have their own
 * (_export/table_functions.h). */
#ifndef CMLPI_ENCODED_H
#define CMLPI_ENCODED_H

#include <math.h>

#include "../../../../include/cmlp_table.h"
#include "../base/root.h"

#define CMLPI_PARTS 3  /* of a date: CMLP_TABLE_DATE_PART_DAY to CMLP_TABLE_DATE_PART_YEAR */
#define CMLPI_STATISTICS 1 /* columns can have statistics */
#define CMLPI_MISSING_VALUES 1 /* columns can have numbers that mean a missing value */

/* Where the inputs of a row are written. */
typedef struct cmlpi_encoded {
    void *to;
    int is_float;
} cmlpi_encoded;

VEC_FN void cmlpi_put(cmlpi_encoded inputs, int64_t i, double value)
{
    if (inputs.is_float)
        ((float *)inputs.to)[i] = (float)value;
    else
        ((double *)inputs.to)[i] = value;
}

/* A product that is added to something. In the core no compiler fuses it with the addition: see base/target.h. */
VEC_FN double cmlpi_rounded(double product) { return product; }

VEC_FN double cmlpi_nan(void) { return NAN; }

#endif
