/* Definition of cmlp_net, and sizes computed without overflow. */
#ifndef CMLPI_NET_H
#define CMLPI_NET_H

#include "../../../../include/cmlp.h"
#include "../base/build.h"
#include "../kernels/kernels.h"

/* The first word of a struct in the caller's memory: its name, what the library was built with, its version, and the size. */
#define CMLPI_MAGIC(name, type) \
    (UINT64_C(name) << 40 | (uint64_t)CMLPI_BUILT_PARTS << 32 | (uint64_t)CMLP_VERSION_NUMBER << 12 | (uint64_t)(sizeof(type) / 8))
#define CMLPI_BUILT_PARTS (CMLP_BUILD_ROWS | CMLP_BUILD_TRAINING << 1 | CMLP_BUILD_FLOAT64 << 2 | CMLP_BUILD_TABLES << 3)
#define CMLPI_NET_MAGIC CMLPI_MAGIC(0x636d70, cmlp_net)
#define CMLPI_ALIGNMENT 64
#define CMLPI_MAX_COUNT INT64_C(2147483647)

/* A layer with weights: what cmlp_layer_info reports, but of a fixed size. */
typedef struct cmlpi_layer {
    int64_t n_in, n_out;
    int32_t activation;
    double parameter;        /* of the activation */
    int64_t weights, biases; /* indices in the array of parameters */
} cmlpi_layer;

/* Where the buffers of a prediction of one row begin in its workspace, in bytes. The row is converted at the start. */
typedef struct cmlpi_row_layout {
    size_t hidden[2]; /* activations of hidden layers, alternating */
    size_t forward;   /* bytes up to here: the workspace of cmlp_forward; 0 if they cannot be addressed */
    size_t output, row; /* the caller may give none: buffers for them */
    size_t all;       /* bytes of all buffers */
} cmlpi_row_layout;

struct cmlp_net {
    uint64_t magic;
    int32_t depth; /* number of layers with weights; n_layers of the configuration includes the input */
    int32_t loss;
    int32_t dtype;
    int64_t n_params;
    int64_t widest_hidden; /* width of the widest hidden layer, or 0 */
    size_t element;   /* bytes */
    double loss_parameter;
    int64_t n_quantiles; /* 0, or the number of outputs: each has its own parameter of the loss, behind the layers */
    const cmlpi_kernels *kernels;
    const cmlpi_tuning *tuning; /* of the dense products */
    cmlpi_row_layout row;
    cmlpi_layer layers[]; /* depth of them */
};

/* Bytes of a net, whose address is aligned. */
#define CMLPI_NET_BYTES(n_layers, n_quantiles) \
    (sizeof(cmlp_net) + (size_t)((n_layers)-1) * sizeof(cmlpi_layer) + (size_t)(n_quantiles) * sizeof(double))

/* A net of any description, for a variable. */
typedef union cmlpi_any_net {
    cmlp_net net;
    unsigned char bytes[CMLPI_NET_BYTES(CMLP_MAX_LAYERS, CMLP_MAX_QUANTILES)];
} cmlpi_any_net;

/* Makes a net as cmlp_net_init does, in aligned memory, in the core's floating-point mode. */
cmlp_status cmlpi_make_net(cmlp_net *net, const cmlp_net_config *config, cmlp_run *run);

/* Checks an array of the length and the type of the net's parameters. */
cmlp_status cmlpi_check_params(const cmlp_net *net, const void *params, int64_t n_params, const char *name, cmlp_run *run);

/* Returns CMLP_OK, or the status for a net that is NULL, misaligned or not initialized. */
cmlp_status cmlpi_check_net(const cmlp_net *net);

/* Whether the compiler kept the arithmetic of the files outside the kernels, which is all in double (see
 * exact_tmpl.h). Called in the core's floating-point mode. */
int cmlpi_is_exact(void);

/* The parameters of the outputs' losses, or NULL. */
static inline const double *cmlpi_quantiles(const cmlp_net *net)
{
    return net->n_quantiles ? (const double *)(const void *)&net->layers[net->depth] : NULL;
}

static inline int64_t cmlpi_n_in(const cmlp_net *net) { return net->layers[0].n_in; }
static inline int64_t cmlpi_n_out(const cmlp_net *net) { return net->layers[net->depth - 1].n_out; }

/* Width of the widest layer, without the input. */
static inline int64_t cmlpi_widest(const cmlp_net *net)
{
    return cmlpi_n_out(net) > net->widest_hidden ? cmlpi_n_out(net) : net->widest_hidden;
}

/* Elements of the longest row of inputs or activations. */
static inline int64_t cmlpi_longest_row(const cmlp_net *net)
{
    return cmlpi_n_in(net) > cmlpi_widest(net) ? cmlpi_n_in(net) : cmlpi_widest(net);
}

static inline int32_t cmlpi_output_activation(const cmlp_net *net) { return net->layers[net->depth - 1].activation; }

/* Bytes of an element of a cmlp_dtype. */
static inline size_t cmlpi_bytes_of(int32_t dtype)
{
    return dtype == CMLP_UINT8 ? 1 : dtype == CMLP_FLOAT32 || dtype == CMLP_INT32 ? 4 : 8;
}

/* Whether rows and targets may have this type. */
static inline int cmlpi_is_value_dtype(int32_t dtype)
{
    return dtype == CMLP_UINT8 || dtype == CMLP_FLOAT32 || dtype == CMLP_FLOAT64;
}

static inline int cmlpi_is_float(const cmlp_net *net) { return !CMLP_BUILD_FLOAT64 || net->dtype == CMLP_FLOAT32; }

/* Element i of an array of the net's type. */
static inline void *cmlpi_at(const cmlp_net *net, const void *array, int64_t i)
{
    return (char *)(uintptr_t)array + i * (CMLP_BUILD_FLOAT64 ? (int64_t)net->element : (int64_t)sizeof(float));
}

/* The rows of layer l in an array that has n_rows rows of each layer, layer after layer. */
static inline void *cmlpi_layer_block(const cmlp_net *net, const void *block, int32_t l, int64_t n_rows)
{
    int64_t width = 0;
    for (int32_t k = 0; k < l; k++) width += net->layers[k].n_out;
    return cmlpi_at(net, block, n_rows * width);
}

static inline double cmlpi_get(const cmlp_net *net, const void *array, int64_t i)
{
    return cmlpi_is_float(net) ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

static inline void cmlpi_set(const cmlp_net *net, void *array, int64_t i, double value)
{
    if (cmlpi_is_float(net))
        ((float *)array)[i] = (float)value;
    else
        ((double *)array)[i] = value;
}

static inline int cmlpi_is_finite(double x) { return x - x == 0; }

/* Bytes of `count` elements, rounded up to the alignment. */
static inline uint64_t cmlpi_aligned_size(int64_t count, size_t size)
{
    return ((uint64_t)count * size + CMLPI_ALIGNMENT - 1) / CMLPI_ALIGNMENT * CMLPI_ALIGNMENT;
}

/* Adds count * size, rounded up to the alignment, to *total. Returns 0 on overflow. Counts of 2^48 or more are refused
 * first, so that only a size of 2^15 bytes or more, which is not that of a type, takes a division. */
static inline int cmlpi_add_size(size_t *total, int64_t count, size_t size)
{
    const uint64_t limit = (uint64_t)PTRDIFF_MAX - CMLPI_ALIGNMENT;
    if (count < 0 || count >> 48 || (size >> 15 && (uint64_t)count > limit / size)) return 0;
    const uint64_t bytes = cmlpi_aligned_size(count, size);
    if (bytes > limit - *total) return 0;
    *total += (size_t)bytes;
    return 1;
}

/* Whether n parameters, in native byte order, are finite. */
static inline int cmlpi_are_finite(const cmlp_net *net, const void *params, int64_t n)
{
    return net->kernels->find_nonfinite(params, 1, n) == n;
}

#endif
