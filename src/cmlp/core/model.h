/* The model struct, and functions that model.c and model_write.c share. */
#ifndef CMLP_MODEL_H
#define CMLP_MODEL_H

#include "run.h"

#define CMLP_MODEL_MAGIC UINT32_C(0x6c646d63)

struct cmlp_model {
    uint32_t magic;
    const unsigned char *file;
    const void *params; /* in the file's bytes, or after this struct if their bytes had to be swapped */
    double input_scale;
    _Alignas(CMLP_ALIGNMENT) cmlp_net net;
};

/* The scratch memory of a call: one row, its outputs, and the workspace of cmlp_forward. */
typedef struct cmlp_model_scratch {
    void *row, *output, *workspace;
    size_t workspace_size;
} cmlp_model_scratch;

/* Divides scratch memory of any alignment into its buffers. If `memory` is NULL, only computes *size. */
cmlp_status cmlp_model_divide(const cmlp_net *net, void *memory, size_t *size, cmlp_model_scratch *scratch);

/* The same for the caller's scratch memory; returns an error if it is NULL or too small. */
cmlp_status cmlp_model_check_scratch(const cmlp_net *net, void *memory, size_t size, cmlp_model_scratch *scratch);

/* Computes the outputs of one row, whose elements have type `dtype`. */
cmlp_status cmlp_model_forward(const cmlp_net *net, const void *params, const void *row, int32_t dtype, double scale,
                               void *output, const cmlp_model_scratch *scratch);

/* Returns 1 if all parameters are finite, else 0. The parameters are in native byte order. */
int cmlp_model_is_finite(const cmlp_net *net, const void *params);

/* Rounds an address up to a multiple of CMLP_ALIGNMENT. */
static inline void *cmlp_align_up(const void *memory)
{
    const uintptr_t most = CMLP_ALIGNMENT - 1;
    return (void *)(((uintptr_t)memory + most) & ~most);
}

#endif
