/* The head of a model file: a canonical subset of safetensors. docs/model-file.md has the grammar. Every model has
 * exactly one head, so a reader compares literals and reads numbers, and needs no memory. */
#ifndef CMLPI_MODEL_HEAD_H
#define CMLPI_MODEL_HEAD_H

#include <math.h>
#include <string.h>

#include "../base/build.h"
#include "../net/net.h"
#include "model_columns.h"
#include "known_tensors.h"

#define CMLPI_HEAD_START "{\"__metadata__\":{\"cmlp\":\""
#define CMLPI_HEAD_VERSION "1\",\"crc32\":\""
#define CMLPI_HEAD_REQUIRES "\",\"requires\":\"" /* features that a reader must know; may be missing */
#define CMLPI_FEATURE_TARGETS "targets"          /* a table with several targets */
#define CMLPI_FEATURE_THRESHOLD "threshold"      /* a table with a threshold: all that this version knows */
#define CMLPI_HEAD_KIND "\",\"kind\":\""         /* behind the loss */
#define CMLPI_HEAD_COLUMNS ",\"columns\":"       /* behind the kind, in the file of a table */
/* Offset of the head's checksum in the file. The checksum is taken with its own eight digits as zeros. */
#define CMLPI_HEAD_CRC_AT (8 + sizeof CMLPI_HEAD_START CMLPI_HEAD_VERSION - 1)

#define CMLPI_HEAD_ALIGNMENT 64
#define CMLPI_MIN_HEAD 128
#define CMLPI_MAX_HEAD 100000000     /* the most that the safetensors library reads */
#define CMLPI_EXAMPLE_INPUT "example.input"
#define CMLPI_EXAMPLE_OUTPUT "example.output"
#define CMLPI_INPUT_FACTOR "input.factor"
#define CMLPI_INPUT_SHIFT "input.shift"
#define CMLPI_TABLE_STATISTICS "table.statistics"
#define CMLPI_TABLE_NUMBERS "table.numbers"
#define CMLPI_TABLE_TARGET "table.target"
#define CMLPI_TABLE_THRESHOLD "table.threshold"
#define CMLPI_N_TARGET_NUMBERS 4
#define CMLPI_CALIBRATION_LIMITS "calibration.limits"
#define CMLPI_CALIBRATION_SCORES "calibration.scores"
#define CMLPI_CALIBRATION_WIDTHS "calibration.widths"


/* A tensor's type in the file and in cmlp.h. The table ends with an entry without a name. */
typedef struct cmlpi_dtype_name {
    const char *name;
    int32_t dtype;
} cmlpi_dtype_name;

extern const cmlpi_dtype_name cmlpi_dtype_names[];

/* A feature that a model can require of its reader; it has at most one. */
enum { CMLPI_NO_FEATURE, CMLPI_REQUIRES_TARGETS, CMLPI_REQUIRES_THRESHOLD };

/* Where the tensors of a calibration are; zeros if the file has none. */
typedef struct cmlpi_stored_calibration {
    uint64_t scores; /* offset in the file: n_targets rows of n_scores */
    uint64_t widths; /* likewise: for each target a row of n_knots predictions, and one of their factors */
    uint64_t limits; /* likewise: 4 */
    int64_t n_targets, n_scores, n_knots;
} cmlpi_stored_calibration;

/* The contents of the head. */
typedef struct cmlpi_head {
    int64_t sizes[CMLP_MAX_LAYERS]; /* of a table's networks, the first is the largest number of inputs */
    int32_t activations[CMLP_MAX_LAYERS - 1];
    double activation_parameters[CMLP_MAX_LAYERS - 1], loss_parameter;
    double quantiles[CMLP_MAX_QUANTILES];
    int32_t n_layers, loss, dtype, n_quantiles;
    cmlp_model_kind kind;
    int is_table, feature; /* whether it is a table's; which feature it requires */
    int32_t n_nets;
    uint32_t data_crc;
    double input_scale;
    uint64_t bytes;                         /* of the head: where the parameters start */
    uint64_t file_size;
    uint64_t example_input, example_output; /* offsets in the file; 0: there is no example */
    uint64_t input_factor, input_shift;     /* likewise; both or neither */
    uint64_t params_size;                   /* bytes of all parameters */
    uint64_t table_statistics, table_numbers, table_target, table_threshold; /* likewise; of a table only */
    int64_t n_targets; /* of a table, as in cmlp_model_info */
    cmlpi_stored_calibration calibration;
    cmlpi_stored_values values;              /* tensors of labels, names and categories */
    string_view columns;                     /* of a table: the string of this key, without its quotation marks */
    cmlpi_column_words words;                /* what they specify; 0 columns without a table */
    uint64_t has_bins[CMLP_TABLE_MAX_NETS / 64];  /* bit i: the input of network i of a table has bins */
    uint64_t error_at;                      /* offset of the byte where reading stopped */
    cmlp_isa isa_mask;                      /* not in the file: of the networks that are made of the head; 0: all */
} cmlpi_head;

/* Whether the file has a table. A macro: compilers that do not optimize know it, too, where tables are left out. */
#define CMLPI_IS_TABLE_HEAD(head) (CMLPI_BUILDS_TABLES && (head)->is_table)

/* Reads and checks the head of the `n` first bytes of a file. If the status is CMLP_ERROR_FILE_SHORT and head->bytes is
 * not 0, that many bytes are needed. */
cmlp_status cmlpi_head_read(const unsigned char *file, size_t n, cmlpi_head *head);

/* The status of a file whose layers, numbers or texts break a rule: statuses of arguments are for arguments. */
static inline cmlp_status cmlpi_file_status(cmlp_status status)
{
    if (status == CMLP_ERROR_TEXT) return CMLP_ERROR_FILE_SYNTAX;
    return status == CMLP_ERROR_LAYERS || status == CMLP_ERROR_WIDTH || status == CMLP_ERROR_ACTIVATION ||
                   status == CMLP_ERROR_LOSS || status == CMLP_ERROR_OPTION || status == CMLP_ERROR_NULL
               ? CMLP_ERROR_FILE_VALUE : status;
}

/* Finds the string of a key in a head that cmlpi_head_read has accepted; returns 0 if there is none of this name. */
int cmlpi_head_find(const unsigned char *file, const char *key, const char **text, size_t *length);

/* Whether a key is one of those of the format: nothing else may be called so. */
int cmlpi_is_fixed_key(const char *key);

/* Whether network i of a table has the input with bins. */
static inline int cmlpi_head_has_bins(const cmlpi_head *head, int64_t i) { return head->has_bins[i / 64] >> i % 64 & 1; }

/* Files are little-endian. Compilers evaluate this. */
static inline int cmlpi_is_big_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return !first;
}

/* The words of the kinds, from CMLP_MODEL_NETWORK on. */
extern const char *const cmlpi_kind_names[CMLP_MODEL_ORDERED];

/* What decides of which kinds a model can be. */
typedef struct cmlpi_model_outputs {
    int is_table, has_targets; /* whether a table has targets */
    cmlp_loss loss;
    int32_t activation;
    int64_t n, n_labels;
} cmlpi_model_outputs;

/* Whether a model with these outputs can be of a kind. docs/model-file.md has the rules. */
int cmlpi_fits_kind(cmlp_model_kind kind, const cmlpi_model_outputs *outputs);

/* Whether a tensor or an array can hold the scores of a calibration: a row for each target. 0 columns mean one dimension. */
static inline int cmlpi_holds_scores(int32_t dtype, int64_t rows, int64_t columns, int64_t n_targets)
{
    return dtype == CMLP_FLOAT64 && columns && rows == n_targets;
}

/* Whether a number can be one of the widths of a calibration: a factor, which is finite and above 0, or a prediction, whose
 * step from the one before it (for the first, itself) is finite and not negative. */
static inline int cmlpi_is_width(double number, double before, int is_factor)
{
    const double step = number - before; /* NaN for a first prediction that is not finite */
    return is_factor ? number > 0 && number < INFINITY : step >= 0 && step < INFINITY;
}

/* Whether they can hold its widths: two rows for each row of scores. Without scores there are none. */
static inline int cmlpi_holds_widths(int32_t dtype, int64_t rows, int64_t columns, int64_t n_targets)
{
    return dtype == CMLP_FLOAT64 && columns && rows == 2 * n_targets;
}

/* Whether they can hold its limits of frequent targets. */
static inline int cmlpi_holds_limits(int32_t dtype, int64_t rows, int64_t columns)
{
    return dtype == CMLP_FLOAT64 && rows == 2 && columns == 2;
}

/* Whether four numbers can be these limits: each number near a limit is not outside of it. */
static inline int cmlpi_are_limits(const double limits[4]) { return limits[0] <= limits[1] && limits[3] <= limits[2]; }

/* Checks the description of the network in a head and writes the network: of a table, that with n_in inputs. */
cmlp_status cmlpi_head_net(const cmlpi_head *head, cmlp_net *net);
cmlp_status cmlpi_head_table_net(const cmlpi_head *head, int64_t n_in, cmlp_net *net);

/* Bytes of this network. */
static inline size_t cmlpi_head_net_size(const cmlpi_head *head)
{
    return CMLPI_NET_BYTES(head->n_layers, head->n_quantiles);
}

/* Copies elements of `size` bytes in the opposite byte order. */
static inline void cmlpi_swap(void *to, const void *from, uint64_t bytes, size_t size)
{
    const unsigned char *a = from;
    unsigned char *b = to;
    for (uint64_t i = 0; i < bytes; i += size)
        for (size_t k = 0; k < size; k++) b[i + k] = a[i + size - 1 - k];
}

/* Copies n elements from the bytes of a file. */
static inline void cmlpi_load(void *to, const unsigned char *from, int64_t n, size_t element)
{
    const size_t bytes = (size_t)n * element;
    if (cmlpi_is_big_endian())
        cmlpi_swap(to, from, bytes, element);
    else
        memcpy(to, from, bytes);
}

#endif
