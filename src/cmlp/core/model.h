/* The model struct, and functions that the sources of model files share. */
#ifndef CMLP_MODEL_H
#define CMLP_MODEL_H

#include "table.h"

#define CMLP_MODEL_MAGIC UINT32_C(0x6c646d63)

struct cmlp_model {
    uint32_t magic;
    const unsigned char *file;
    const void *params; /* in the file's bytes, or after this struct if their bytes had to be swapped */
    double input_scale;
    const double *shifts, *factors; /* after this struct; NULL: the input scale is used */
    const cmlp_table *table;        /* after this struct; NULL: the model is one network */
    CMLP_ALIGNED(CMLP_ALIGNMENT) cmlp_net net; /* of a table: one with the most inputs */
};

/* Returns 1 if all parameters are finite, else 0. The parameters are in native byte order. */
int cmlp_model_is_finite(const cmlp_net *net, const void *params);

#endif
