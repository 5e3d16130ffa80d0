/* cmlp.h: the public face of cmlp, a multilayer perceptron in C11.
 *
 * The story in five lines. A network is a list of layer sizes. A row of n_in input activations becomes the next
 * layer's activations by  z = b + x W,  a = act(z).  The cost says how far the last activations are from the target,
 * averaged over the rows. Backpropagation gives the gradient of the cost for every weight and bias. An optimiser
 * takes a step against it.
 *
 * Rules that hold for every function
 * - The caller owns all memory. Nothing is allocated, printed or kept between calls; there is no global state.
 *   Any function may be called from any thread. A net may be shared; a workspace, an optimiser and a parameter
 *   block that is being trained belong to one call at a time.
 * - Every function that can fail returns a cmlp_status. Refused arguments (all codes from 16 on but those that name
 *   data: see there) leave every output untouched.
 * - Buffers of elements start at the natural alignment of their type; the workspace and the net at 64 bytes.
 * - The same data, parameters and options give the same bits for any thread count, any split of the rows of
 *   cmlp_forward, any instruction set, compiler and system. See "The arithmetic" at the end.
 * - Structs that carry struct_size must have it set to their sizeof; CMLP_INIT(type) does so and zeroes the rest.
 */
#ifndef CMLP_H
#define CMLP_H

#include <stddef.h>
#include <stdint.h>

#define CMLP_VERSION "0.1.0"
#define CMLP_VERSION_NUMBER 100 /* major * 10000 + minor * 100 + patch */

/* Undecorated by default, so that a static library and compiled-in sources work everywhere. CMLP_SHARED selects the
 * Windows DLL interface, with CMLP_BUILD while the library itself is compiled. */
#if defined(_WIN32) && defined(CMLP_SHARED)
#  ifdef CMLP_BUILD
#    define CMLP_API __declspec(dllexport)
#  else
#    define CMLP_API __declspec(dllimport)
#  endif
#elif defined(__GNUC__) && defined(CMLP_SHARED)
#  define CMLP_API __attribute__((visibility("default")))
#else
#  define CMLP_API
#endif

/* A struct with struct_size set and all other fields zero:  cmlp_rows rows = CMLP_INIT(cmlp_rows); */
#ifdef __cplusplus
template <typename cmlp_struct> inline cmlp_struct cmlp_initialized()
{
    cmlp_struct s = cmlp_struct();
    s.struct_size = sizeof s;
    return s;
}
#  define CMLP_INIT(type) (cmlp_initialized<type>())
#else
#  define CMLP_INIT(type) ((type){.struct_size = sizeof(type)})
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------- status */

typedef enum cmlp_status {
    CMLP_OK = 0,
    CMLP_CANCELLED = 1,           /* the poll callback asked to stop; parameters are as after the last whole batch */

    CMLP_ERROR_NULL = 16,         /* a pointer that must be given is NULL */
    CMLP_ERROR_STRUCT_SIZE = 17,  /* struct_size is not that of this version */
    CMLP_ERROR_LAYERS = 18,       /* not between 2 and CMLP_MAX_LAYERS layers */
    CMLP_ERROR_WIDTH = 19,        /* a layer's size is not between 1 and 2^31 - 1 */
    CMLP_ERROR_ACTIVATION = 20,   /* an activation is unknown or not allowed at its place */
    CMLP_ERROR_LOSS = 21,         /* the loss is unknown or does not go with the output activation */
    CMLP_ERROR_DTYPE = 22,        /* an element type is unknown or not allowed here */
    CMLP_ERROR_ISA = 23,          /* no allowed instruction set is available on this processor */
    CMLP_ERROR_OVERFLOW = 24,     /* a size does not fit in size_t or int64_t */
    CMLP_ERROR_BUFFER_SIZE = 25,  /* a buffer is smaller than its *_size function says */
    CMLP_ERROR_ALIGNMENT = 26,    /* a buffer does not start where it must */
    CMLP_ERROR_NET = 27,          /* not a net made by cmlp_net_init of this version */
    CMLP_ERROR_ROWS = 28,         /* rows: kind or sizes do not fit the net; or none, where a mean is asked for */
    CMLP_ERROR_TARGETS = 29,      /* targets: kind, sizes or strides do not fit the net or the rows */
    CMLP_ERROR_ORDER = 30,        /* an index of the row order is outside the rows */
    CMLP_ERROR_LABEL = 31,        /* a class index is outside the outputs */
    CMLP_ERROR_WEIGHT = 32,       /* a row weight is negative or not finite, or all are zero */
    CMLP_ERROR_OPTION = 33,       /* a hyperparameter is out of its range */
    CMLP_ERROR_BATCH = 34,        /* batch size below 1, or first batch behind the last */
    CMLP_ERROR_THREADS = 35,      /* n_threads is not between 1 and CMLP_MAX_THREADS */
    CMLP_ERROR_SPARSE = 36,       /* CSR: indptr falls or leaves the values, or a row's columns do not ascend, or are
                                   * outside the row */
    CMLP_ERROR_BUILD = 37,        /* compiled with options that change the arithmetic (see "Building") */

    /* These name data and are found under way: outputs hold unspecified values, but parameters and optimiser are as
     * after the last whole batch. cmlp_run tells row and column. */
    CMLP_ERROR_INPUT = 64,        /* an input is NaN, infinite or too large for the net's element type */
    CMLP_ERROR_TARGET = 65,       /* a dense target is NaN, infinite or too large for the net's element type */
    CMLP_ERROR_DIVERGED = 66,     /* the cost or a parameter became NaN or infinite */

    /* These concern model files. */
    CMLP_ERROR_FILE_SHORT = 96,     /* the file ends before its content does */
    CMLP_ERROR_FILE_LONG = 97,      /* bytes follow the content */
    CMLP_ERROR_FILE_MAGIC = 98,     /* not a model file of cmlp */
    CMLP_ERROR_FILE_VERSION = 99,   /* the format version is unknown: written by a newer cmlp */
    CMLP_ERROR_FILE_HEAD_CRC = 100, /* the head was changed or damaged */
    CMLP_ERROR_FILE_DATA_CRC = 101, /* the weights or other data were changed or damaged */
    CMLP_ERROR_FILE_SYNTAX = 102,   /* the head does not follow the grammar of the format */
    CMLP_ERROR_FILE_NAME = 103,     /* a key or a tensor name is malformed, missing, repeated or out of order */
    CMLP_ERROR_FILE_TENSOR = 104,   /* a tensor's type, shape or offsets are not what they must be */
    CMLP_ERROR_FILE_NONFINITE = 105, /* a parameter is NaN or infinite */
    CMLP_ERROR_FILE_EXAMPLE = 106,  /* the example's output is not reproduced */
    CMLP_ERROR_FILE_KEY = 107,      /* the metadata have no such key */
    CMLP_ERROR_FILE_WRITE = 108,    /* the write callback failed */
    CMLP_ERROR_MODEL = 109          /* not a model made by cmlp_model_init of this version */
} cmlp_status;

/* The enumerator's name ("CMLP_ERROR_ROWS") and one English sentence; both static, never NULL. */
CMLP_API const char *cmlp_status_name(int status);
CMLP_API const char *cmlp_status_string(int status);
CMLP_API const char *cmlp_version(void);


/* ---------------------------------------------------------------------------------------------------- net */

#define CMLP_MAX_LAYERS 64  /* input and output layer included */
#define CMLP_MAX_THREADS 256

/* The last two are of indices only. */
typedef enum cmlp_dtype {
    CMLP_FLOAT32 = 1,
    CMLP_FLOAT64 = 2,
    CMLP_UINT8 = 3,
    CMLP_INT32 = 4,
    CMLP_INT64 = 5
} cmlp_dtype;

typedef enum cmlp_activation {
    CMLP_IDENTITY = 1, /* z             hidden or output */
    CMLP_LOGISTIC = 2, /* 1/(1+e^-z)    hidden or output */
    CMLP_TANH = 3,     /* tanh z        hidden or output */
    CMLP_RELU = 4,     /* max(0, z)     hidden */
    CMLP_SOFTMAX = 5,  /* e^z / sum e^z output */
    CMLP_EXP = 6,      /* e^z           output */
    CMLP_LEAKY_RELU = 7, /* z, but p z where z < 0; p = 0.01 by default         hidden */
    CMLP_ELU = 8,        /* z, but p (e^z - 1) where z < 0; p = 1 by default    hidden */
    CMLP_SILU = 9,       /* z / (1+e^-z)                                        hidden */
    CMLP_GELU = 10,      /* z Phi(z), Phi the normal distribution's; exact      hidden */
    CMLP_SOFTPLUS = 11,  /* ln(1+e^z)                                           hidden */
    CMLP_SOFTSIGN = 12   /* z / (1+|z|)                                         hidden */
} cmlp_activation;

/* What the library knows of an activation. The strings and structs are static. */
typedef struct cmlp_activation_info {
    const char *name;    /* "leaky_relu" */
    double init_factor;  /* see cmlp_init_params */
    double parameter;    /* default of its parameter; 0: it has none */
    int32_t hidden, output; /* 1: allowed in hidden layers; in the output layer */
    int32_t needs_sums;  /* 1: training keeps its weighted sums as well, n_out elements a row of the batch */
} cmlp_activation_info;

/* y is the wanted output, a the output activation; the cost of a row. */
typedef enum cmlp_loss {
    CMLP_LOG_LOSS = 1,      /* softmax: -sum y ln a;  logistic: -sum (y ln a + (1-y) ln(1-a)) */
    CMLP_SQUARED_ERROR = 2, /* sum (a-y)^2, with any output */
    CMLP_POISSON = 3,       /* exp: sum (y ln(y/a) - y + a), half the Poisson deviance; y >= 0 */
    /* The next three with identity, logistic, tanh or exp outputs; d = a - y. */
    CMLP_ABSOLUTE_ERROR = 4, /* sum |d| */
    CMLP_HUBER = 5,          /* sum of d^2/2 where |d| <= p, else p (|d| - p/2); p = 1 by default (Huber 1964) */
    CMLP_QUANTILE = 6,       /* sum of (1-p) d where d > 0, else -p d; p < 1, 0.5 by default (Koenker & Bassett 1978) */
    CMLP_GAMMA = 7,          /* exp: sum (y/a + ln a); y > 0 */
    CMLP_FOCAL = 8,          /* softmax: -sum y (1-a)^p ln a;  logistic: -sum (y (1-a)^p ln a + (1-y) a^p ln(1-a));
                              * p = 2 by default (Lin et al. 2017) */
    CMLP_LABEL_SMOOTHING = 9 /* the log loss of targets (1-p) y + p/k, k = n_outputs for softmax and 2 for logistic;
                              * p < 1, 0.1 by default (Szegedy et al. 2016) */
} cmlp_loss;

typedef struct cmlp_loss_info {
    const char *name; /* "huber" */
    double parameter; /* default of its parameter; 0: it has none */
    double most;      /* the parameter is below it */
    uint32_t outputs; /* mask of the output activations allowed: 1 << cmlp_activation */
} cmlp_loss_info;

/* NULL for values that are not of these enumerations. Values count from 1 without gaps. */
CMLP_API const cmlp_activation_info *cmlp_describe_activation(int32_t activation);
CMLP_API const cmlp_loss_info *cmlp_describe_loss(int32_t loss);

typedef enum cmlp_isa {
    CMLP_ISA_GENERIC = 1, /* C, everywhere */
    CMLP_ISA_AVX2 = 2,    /* x86: AVX2 and FMA */
    CMLP_ISA_AVX512 = 4,  /* x86: AVX-512F */
    CMLP_ISA_NEON = 8     /* aarch64 */
} cmlp_isa;

typedef struct cmlp_net cmlp_net;

typedef struct cmlp_net_config {
    size_t struct_size;
    const int64_t *sizes;       /* n_layers sizes, input first */
    const int32_t *activations; /* n_layers - 1 values of cmlp_activation, the output's last */
    int32_t n_layers;
    int32_t loss;               /* cmlp_loss */
    int32_t dtype;              /* CMLP_FLOAT32 or CMLP_FLOAT64: of parameters and of all arithmetic */
    uint32_t isa_mask;          /* allowed instruction sets, or 0 for all; the best available is taken */
    const double *activation_parameters; /* one per activation, or NULL: finite, > 0; 0: the default, or none */
    double loss_parameter;      /* finite, > 0; 0: the default, or none */
} cmlp_net_config;

typedef struct cmlp_layer {
    int64_t n_in, n_out;
    int32_t activation;
    double parameter; /* of the activation; 0 if it has none */
    int64_t weights; /* index in the parameter block: (n_in, n_out), row-major */
    int64_t biases;  /* index in the parameter block: (n_out) */
} cmlp_layer;

/* Bytes of a cmlp_net, and a bound for static storage:  static int64_t memory[CMLP_NET_SIZE / 8]; */
CMLP_API size_t cmlp_net_size(void);
#define CMLP_NET_SIZE 4096
/* Checks the description and writes the net to `memory` (8-byte aligned). `config` need not outlive the call. */
CMLP_API int cmlp_net_init(cmlp_net *memory, size_t memory_size, const cmlp_net_config *config);
/* Number of elements of a parameter block: W1, b1, W2, b2, ... with nothing between them. 0 for an invalid net. */
CMLP_API int64_t cmlp_net_n_params(const cmlp_net *net);
/* Layers with weights, the first one behind the input being 0: n_layers - 1 of them. */
CMLP_API int cmlp_net_layer(const cmlp_net *net, int32_t index, cmlp_layer *layer);
/* The cmlp_isa in use; 0 for an invalid net. */
CMLP_API uint32_t cmlp_net_isa(const cmlp_net *net);
/* Mask of the instruction sets that this build, this processor and this operating system offer. */
CMLP_API uint32_t cmlp_cpu_isa(void);

/* ---------------------------------------------------------------------------------- random numbers, init */

/* NumPy's legacy RandomState: MT19937 with integer seeding, 53-bit doubles and its shuffle. */
typedef struct cmlp_random {
    uint32_t key[624];
    int32_t position;
} cmlp_random;

CMLP_API void cmlp_random_seed(cmlp_random *random, uint32_t seed);
CMLP_API double cmlp_random_double(cmlp_random *random); /* in [0, 1) */
CMLP_API void cmlp_random_shuffle(cmlp_random *random, int64_t *values, int64_t n);

/* Uniform in [-b, b), b = sqrt(c / (n_in + n_out)), c = 2 for logistic layers and 6 for others (Glorot & Bengio 2010,
 * as scikit-learn); the output layer takes the c of the last hidden one (6 if there is none). Weights, then biases,
 * layer by layer. */
CMLP_API int cmlp_init_params(const cmlp_net *net, cmlp_random *random, void *params);

/* ------------------------------------------------------------------------------------------ rows, targets */

/* As a stride: the same row for every i, or the same element for every j. A stride of 0 means contiguous. */
#define CMLP_REPEAT INT64_MIN

typedef enum cmlp_kind { CMLP_DENSE = 1, CMLP_CLASSES = 2, CMLP_CSR = 3 } cmlp_kind;

/* n_rows of n_cols inputs. Dense: element (i, j) stands at data + i * row_stride + j * col_stride (bytes, any sign,
 * aligned for its type). CSR (compressed sparse rows): row i has the values data[p], p from indptr[i] to indptr[i+1]
 * - 1, in the columns indices[p], and zeros elsewhere; its columns ascend, none twice. A CSR row gives the bits of the
 * same row stored dense (if the weights are finite), at a cost that follows its values. What the net sees is a value
 * times scale, computed in double and rounded once to the net's type (scale 1: the value itself). With `order`, the
 * rows used are order[0..n_order), in that order. Of CSR rows, each call checks those used in one pass over their
 * indices; nothing of `rows` may change while it runs. */
typedef struct cmlp_rows {
    size_t struct_size;
    const void *data;
    int64_t n_rows, n_cols;
    int64_t row_stride, col_stride;
    double scale;          /* finite; 0: 1 */
    const int64_t *order;  /* or NULL for all rows */
    int64_t n_order;
    const void *indptr;    /* CSR: n_rows + 1 positions, of index_dtype */
    const void *indices;   /* CSR: n_values columns, of index_dtype */
    int64_t n_values;      /* CSR: elements of data and of indices */
    int32_t kind;          /* CMLP_DENSE or CMLP_CSR; strides are read of the former only */
    int32_t dtype;         /* of data */
    int32_t index_dtype;   /* CSR: CMLP_INT32 or CMLP_INT64 */
} cmlp_rows;

/* One target for each of the rows' n_rows (`order` selects both). CMLP_CLASSES: int32 class indices in
 * [0, n_outputs), meaning 1 at that output and 0 elsewhere. CMLP_DENSE: n_outputs values, as in cmlp_rows. */
typedef struct cmlp_targets {
    size_t struct_size;
    const void *data;
    int64_t n_rows;
    int64_t row_stride, col_stride;
    int32_t kind;
    int32_t dtype; /* of dense targets */
} cmlp_targets;

/* What is minimised: loss_scale * (sum w_i cost_i + alpha/2 * sum of squared weights / loss_scale) / sum w_i, the
 * w_i being row weights (1 if NULL), the penalty taken over weights, not biases. */
typedef struct cmlp_objective {
    size_t struct_size;
    const double *row_weights; /* one per row of `rows`, >= 0, or NULL */
    double alpha;              /* L2 penalty, >= 0 */
    double loss_scale;         /* > 0; 0: 1. 0.5 gives the halved squared error */
    double log_loss_clip;      /* 0: exact from the logits; else probabilities are clipped to [c, 1-c] for reporting
                                * (the gradient is the exact one's) */
} cmlp_objective;

/* ------------------------------------------------------------------------------------------------ running */

/* How a call runs, and where it failed. */
typedef struct cmlp_run {
    size_t struct_size;
    void *workspace;       /* at least cmlp_workspace_size() bytes, 64-byte aligned; contents do not matter */
    size_t workspace_size;
    /* Called by the calling thread between batches and between tiles of rows, at least every few milliseconds of
     * work; a value other than 0 cancels. May be NULL. */
    int (*poll)(void *context);
    void *poll_context;
    int64_t bad_row, bad_column; /* out, with the statuses from 64 on: the row within `rows` (not `order`), or -1 */
    const char *refused;   /* out: the refused argument ("rows->scale"), a static string; NULL if none is to blame */
    int32_t n_threads;     /* 0: 1. At most so many, the caller included; fewer where the work is not worth it */
} cmlp_run;

typedef enum cmlp_call {
    CMLP_CALL_FORWARD = 1,  /* cmlp_forward, cmlp_activations */
    CMLP_CALL_GRADIENT = 2, /* cmlp_cost, cmlp_gradient, cmlp_input_gradient */
    CMLP_CALL_TRAIN = 3,    /* cmlp_train_epoch */
    CMLP_CALL_CSR = 16      /* added to one of these: the rows are CSR */
} cmlp_call;

/* Workspace in bytes for a call with at most n_threads threads. n_rows: rows of the call (CMLP_CALL_TRAIN: the batch
 * size). Bounded for any number of rows. */
CMLP_API int cmlp_workspace_size(const cmlp_net *net, int call, int64_t n_rows, int32_t n_threads, size_t *bytes);

/* output[i, :] = the last activations of the i-th selected row; (rows selected, n_outputs), contiguous. */
CMLP_API int cmlp_forward(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *output, cmlp_run *run);

/* All activations: outputs[l] takes (rows selected, n_out of layer l), contiguous, for each layer with weights. */
CMLP_API int cmlp_activations(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *const *outputs,
                              cmlp_run *run);

/* The objective's value at these parameters. */
CMLP_API int cmlp_cost(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlp_targets *targets,
                       const cmlp_objective *objective, double *cost, cmlp_run *run);

/* Its gradient, a block laid out like the parameters, and its value (`cost` may be NULL). */
CMLP_API int cmlp_gradient(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                           const cmlp_targets *targets, const cmlp_objective *objective, void *gradient, double *cost,
                           cmlp_run *run);

/* gradient[i, :] = derivative of the i-th row's own cost (loss_scale and row weight included, no average, no
 * penalty) for its n_cols inputs as they stand in `rows`: (rows selected, n_in), contiguous. */
CMLP_API int cmlp_input_gradient(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                                 const cmlp_targets *targets, const cmlp_objective *objective, void *gradient,
                                 cmlp_run *run);

/* ----------------------------------------------------------------------------------------------- training */

typedef enum cmlp_solver {
    CMLP_SGD = 1,      /* w -= lr g                                        state: none */
    CMLP_MOMENTUM = 2, /* v = mu v - lr g;  w += v                         state: v */
    CMLP_NESTEROV = 3, /* v = mu v - lr g;  w += mu v - lr g               state: v (Sutskever et al. 2013) */
    CMLP_ADAM = 4      /* w -= lr sqrt(1-b2^t)/(1-b1^t) m/(sqrt(v)+eps)    state: m, v (Kingma & Ba 2015) */
} cmlp_solver;

/* Hyperparameters and counters. `state` is the caller's block of cmlp_optimizer_state_size() bytes, zeroed before the
 * first step; to resume, keep state and counters together. */
typedef struct cmlp_optimizer {
    size_t struct_size;
    void *state;
    size_t state_size;
    double learning_rate;            /* finite, >= 0 */
    double momentum;                 /* in [0, 1] */
    double beta_1, beta_2;           /* in [0, 1) */
    double epsilon;                  /* > 0; 0: 1e-8 */
    double beta_1_power, beta_2_power; /* running products; set to 1 by the step with n_steps 0 */
    int64_t n_steps;                 /* 0 before the first step */
    int32_t solver;                  /* cmlp_solver */
} cmlp_optimizer;

CMLP_API int cmlp_optimizer_state_size(const cmlp_net *net, int solver, size_t *bytes);

/* One step of the optimiser along `gradient`, in the calling thread. */
CMLP_API int cmlp_step(const cmlp_net *net, void *params, const void *gradient, cmlp_optimizer *optimizer);

typedef struct cmlp_epoch {
    size_t struct_size;
    int64_t batch_size;   /* rows per batch; the last one may be shorter. 0: all rows */
    int64_t first_batch;  /* batches left out at the start (to resume an epoch); at most all of them */
    const double *rates;  /* a learning rate for each batch, the left-out ones included, or NULL */
    int32_t want_norm;    /* nonzero: gradient_norm is computed */
    /* out; each value is from before its batch's step; NaN if no batch was done */
    double cost;          /* mean over the batches done of loss_scale * cost, weighted by their rows */
    double penalty;       /* the same mean of alpha/2 * sum of squared weights / sum of row weights */
    double gradient_norm; /* length of the last batch's gradient; NaN if not wanted or if that batch was left out */
    int64_t batches;      /* done, this call */
} cmlp_epoch;

/* Goes once through the selected rows in batches, with a step of the optimiser after each. A batch whose row weights
 * are all zero is left out. */
CMLP_API int cmlp_train_epoch(const cmlp_net *net, void *params, const cmlp_rows *rows, const cmlp_targets *targets,
                              const cmlp_objective *objective, cmlp_optimizer *optimizer, cmlp_epoch *epoch,
                              cmlp_run *run);

/* ------------------------------------------------------------------------------------------- model files
 *
 * A model file holds a network, its parameters and scale, and strings and arrays for other programs. docs/model-file.md
 * describes the format. To load and predict (error handling left out; `file` holds the n bytes of the file):
 *
 *     cmlp_model_info info = CMLP_INIT(cmlp_model_info);
 *     cmlp_model_size(file, n, &info);
 *     cmlp_model *model = malloc(info.model_size);
 *     void *scratch = malloc(info.scratch_size);
 *     cmlp_model_init(model, info.model_size, file, n, 1, scratch, info.scratch_size);
 *     int32_t label = cmlp_model_predict(model, row, NULL, scratch, info.scratch_size);
 *
 * A file may come from anywhere: every length, offset and number is checked before use, and every truncation and every
 * flipped bit is found. But whoever can change a file can change its checksums too: they are no signature. */

typedef struct cmlp_model cmlp_model;

/* What a model file needs and holds. All but struct_size is written by cmlp_model_size. */
typedef struct cmlp_model_info {
    size_t struct_size;
    size_t model_size;    /* bytes of memory for cmlp_model_init; on big-endian machines it has space for the parameters */
    size_t scratch_size;  /* bytes of scratch for cmlp_model_init and cmlp_model_predict */
    uint64_t head_size;   /* bytes of the head; the data follow */
    uint64_t file_size;   /* bytes of the whole file */
    uint64_t error_at;    /* if the head was refused: the byte of the file where reading stopped */
    int64_t n_inputs, n_outputs;
    double input_scale;
    int32_t dtype;        /* CMLP_FLOAT32 or CMLP_FLOAT64 */
} cmlp_model_info;

/* Checks the head of a model file and tells how much memory the other functions need. `n` bytes of the file are at
 * `file`; the head is enough. CMLP_ERROR_FILE_SHORT with a head_size other than 0 asks for that many bytes. On failure
 * only head_size and error_at are set, and the rest is 0. */
CMLP_API int cmlp_model_size(const void *file, size_t n, cmlp_model_info *info);

/* Makes a model in `memory` (any alignment) from the `n` bytes of a whole file, which start at a multiple of 8 bytes
 * and must stay in place, unchanged, as long as the model is used: the parameters are read there. If `verify` is not 0,
 * the data's checksum, finite parameters and the example are checked in a pass over the file. Otherwise only the head
 * and the size of the file are, and `scratch` may be NULL. On failure the memory holds no model. */
CMLP_API int cmlp_model_init(cmlp_model *memory, size_t memory_size, const void *file, size_t n, int verify,
                             void *scratch, size_t scratch_size);

/* Computes the outputs of one row and returns the index of the largest one, which is the class index of a classifier;
 * of a single logistic output 1 if it is above 0.5, else 0. A failure is returned as minus its status. `row` has n_inputs
 * elements of the model's dtype (or bytes), to which the input scale is applied. `output` takes the n_outputs outputs in
 * the model's dtype, or is NULL. No allocation, lock or system call; threads may share a model, but not a scratch. */
CMLP_API int32_t cmlp_model_predict(const cmlp_model *model, const void *row, void *output, void *scratch,
                                    size_t scratch_size);
CMLP_API int32_t cmlp_model_predict_u8(const cmlp_model *model, const uint8_t *row, void *output, void *scratch,
                                       size_t scratch_size);

/* For all other calls: the network and its parameters. NULL for an invalid model. */
CMLP_API const cmlp_net *cmlp_model_net(const cmlp_model *model);
CMLP_API const void *cmlp_model_params(const cmlp_model *model);

/* Finds a metadata string: `*text` points to `*length` bytes of the file, without a NUL behind them. They are printable
 * ASCII in which \" stands for " and \\ for \. Python writes JSON there, such as the labels of the classes ("classes"). */
CMLP_API int cmlp_model_metadata(const cmlp_model *model, const char *key, const char **text, size_t *length);

/* A string for other programs. The key is a lower-case letter, then at most 63 of a-z 0-9 _ and .; the value printable
 * ASCII. */
typedef struct cmlp_model_string {
    const char *key;
    const char *value;
} cmlp_model_string;

/* An array for other programs: `rows`, or `rows` times `columns` elements if `columns` is not 0. The name follows the
 * rule for keys and does not start with "layers." or "example.". */
typedef struct cmlp_model_array {
    const char *name;
    const void *data;
    int64_t rows, columns;
    int32_t dtype;
} cmlp_model_array;

/* What cmlp_model_write writes besides the network and its parameters. */
typedef struct cmlp_model_content {
    size_t struct_size;
    double input_scale;               /* finite; 0: 1 */
    const cmlp_model_string *strings; /* keys ascending by bytes */
    const cmlp_model_array *arrays;   /* names ascending by bytes */
    int32_t n_strings, n_arrays;
    /* Takes the next n bytes of the file; a value other than 0 ends the call with CMLP_ERROR_FILE_WRITE. */
    int (*write)(void *context, const void *bytes, size_t n);
    void *context;
} cmlp_model_content;

/* Bytes of scratch that cmlp_model_write needs. */
CMLP_API int cmlp_model_write_size(const cmlp_net *net, size_t *bytes);

/* Writes a model file through content->write, in order and in pieces of any size. The same content gives the same bytes
 * everywhere. The example has pseudo-random inputs, never a row of data. Nothing is written if an argument is refused. */
CMLP_API int cmlp_model_write(const cmlp_net *net, const void *params, const cmlp_model_content *content, void *scratch,
                              size_t scratch_size);

/* --------------------------------------------------------------------------------------------- the arithmetic
 *
 * fma(a, b, c) is a*b + c rounded once. T is the net's element type. What is not written fused is not fused.
 *
 * Products. z_j = b_j + sum_k x_k w_kj, W' delta and the sums of gradients over rows: the summed index is cut into
 *   chunks of 128; a chunk is one chain of fma from +0, ascending; chunk sums are added, ascending, to a total that
 *   starts as b_j + 0, or as +0. Inputs that are 0 may be left out: that changes no bit while weights and deltas are
 *   finite; if they are not, what it changes is unspecified.
 * Activations. logistic, tanh, exp, log: own polynomials, within 2 ulp, below the smallest normal number +0.
 *   relu(z) = +0 where z <= 0, else z (NaN stays). softmax: e_j = exp(z_j - max z); a_j = e_j / sum by the rule above.
 * Output delta. d = a - y.  log loss, poisson: d * s.  squared error: g = d * 2s, then g * act'(a); softmax: with
 *   q = sum_k g_k a_k (a chain as above), a_j * (g_j - q).  s = loss_scale, then times the row weight if there are any.
 * act'(a). logistic a - a*a as fma(-a, a, a); tanh fma(-a, a, 1); exp a; relu 1 where a > 0, else 0.
 * Gradient. g = fma(alpha, w, sum) * (1 / sum of row weights), the reciprocal being rounded from double to T.
 * Steps.  sgd       w = fma(-lr, g, w)
 *         momentum  v = fma(-lr, g, mu*v), flushed;  w = w + v
 *         nesterov  v as above;                      w = w + fma(-lr, g, mu*v)
 *         adam      m = fma(1-b1, g, b1*m), flushed;  v = fma((1-b2)*g, g, b2*v), flushed;
 *                   w = w - (r*m) / (sqrt(v) + eps),  r = lr * sqrt(1 - b2^t) / (1 - b1^t) in double, rounded to T
 *   with lr, mu, b1, 1-b1, b2, 1-b2, eps rounded from double to T. Flushed: |v| < 1e-30 (float64: 1e-290) and Adam's
 *   second moment < 1e-36 (1e-290) become +0, so that nothing decays into slow subnormal numbers.
 * Sums to one number (cost over rows, penalty, length): in double; element i goes to partial i mod 16, ascending;
 *   partials p are joined as p[i] += p[i+8], then +4, +2, +1. The squares of 16 weight rows of a layer (k div 16) are
 *   one such sum, in which column j goes to partial j mod 16; the penalty is the sum of those sums.
 * Calls run in round-to-nearest without flush-to-zero whatever mode the caller's thread is in, and put it back.
 */

#ifdef __cplusplus
}
#endif
#endif
