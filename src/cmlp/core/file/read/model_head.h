/* The head of a model file: a canonical subset of safetensors. docs/model-file.md has the grammar. Every model has
 * exactly one head, so a reader compares literals and reads numbers, and needs no memory. */
#ifndef CMLPI_MODEL_HEAD_H
#define CMLPI_MODEL_HEAD_H

#include "../known_tensors.h"
#include "model_columns.h"

/* The features that a model can require of its reader, in their order: the first one, and one of the others. */
enum { CMLPI_NO_FEATURE, CMLPI_REQUIRES_MISSING_VALUES, CMLPI_REQUIRES_TARGETS, CMLPI_REQUIRES_THRESHOLD };

/* Where the tensors of a calibration are; zeros if the file has none. */
typedef struct cmlpi_stored_calibration {
    uint64_t scores; /* offset in the file: n_targets rows of n_scores */
    uint64_t widths; /* likewise: for each target a row of n_knots predictions, and one of their factors */
    uint64_t limits; /* likewise: 4 for each target */
    uint64_t classes; /* likewise: the classes of n_of_classes scores, then the scores */
    int64_t n_targets, n_scores, n_knots, n_of_classes;
} cmlpi_stored_calibration;

#if CMLPI_EXPLAINS_TABLES
/* Where the background of a table's explanations is; zeros if the file has none. */
typedef struct cmlpi_stored_background {
    uint64_t rows, weights;    /* offsets in the file */
    int64_t n_rows, n_weights; /* -1: a tensor of another type or shape */
} cmlpi_stored_background;
#endif

/* The contents of the head. */
typedef struct cmlpi_head {
    int64_t sizes[CMLP_MAX_LAYERS]; /* of a table's networks, the first is the largest number of inputs */
    int32_t activations[CMLP_MAX_LAYERS - 1];
    double activation_parameters[CMLP_MAX_LAYERS - 1], loss_parameter;
    double quantiles[CMLP_MAX_QUANTILES];
    int32_t n_layers, loss, dtype, n_quantiles;
    cmlp_model_kind model_kind;
    int is_table, feature; /* whether it is a table's; the last feature that it requires */
    int has_missing_values; /* whether it requires this feature */
    int32_t n_nets;
    uint32_t data_crc;
    double input_scale;
    uint64_t bytes;                         /* of the head: where the parameters start */
    uint64_t file_size;
    uint64_t example_input, example_output; /* offsets in the file; 0: there is no example */
    uint64_t input_factor, input_shift;     /* likewise; both or neither */
    uint64_t params_size;                   /* bytes of all parameters */
    uint64_t table_statistics, table_numbers, table_target, table_threshold, table_seen; /* likewise; of a table only */
    int64_t n_targets; /* of a table, as in cmlp_model_info */
    cmlpi_stored_calibration calibration;
#if CMLPI_EXPLAINS_TABLES
    cmlpi_stored_background background;
#endif
#if CMLP_BUILD_TABLES
    int has_summary;                         /* whether a table has a summary of its training rows: Python has fitted it */
#endif
    cmlpi_stored_values values;              /* tensors of labels, names and categories */
    string_view columns;                     /* of a table: the string of this key, without its quotation marks */
    cmlpi_column_words words;                /* what they specify; 0 columns without a table */
    uint64_t has_bins[CMLP_TABLE_MAX_NETS / 64];  /* bit i: the input of network i of a table has bins */
    uint64_t error_at;                      /* offset of the byte where reading stopped */
    cmlp_isa_set isa_mask;                  /* not in the file: of the networks that are made of the head; 0: all */
} cmlpi_head;

/* Whether the file has a table. A macro: compilers that do not optimize know it, too, where tables are left out. */
#define CMLPI_IS_TABLE_HEAD(head) (CMLP_BUILD_TABLES && (head)->is_table)

/* Reads and checks the head of the `n` first bytes of a file. If the status is CMLP_ERROR_FILE_SHORT and head->bytes is
 * not 0, that many bytes are needed. */
cmlp_status cmlpi_head_read(const unsigned char *file, size_t n, cmlpi_head *head);

/* Finds the string of a key in a head that cmlpi_head_read has accepted; returns 0 if there is none of this name. */
int cmlpi_head_find(const unsigned char *file, const char *key, const char **text, size_t *length);

/* Whether network i of a table has the input with bins. */
static inline int cmlpi_head_has_bins(const cmlpi_head *head, int64_t i) { return head->has_bins[i / 64] >> i % 64 & 1; }

/* Checks the description of the network in a head and writes the network: of a table, that with n_in inputs. */
cmlp_status cmlpi_head_net(const cmlpi_head *head, cmlp_net *net);
cmlp_status cmlpi_head_table_net(const cmlpi_head *head, int64_t n_in, cmlp_net *net);

/* Bytes of this network. */
static inline size_t cmlpi_head_net_size(const cmlpi_head *head)
{
    return CMLPI_NET_BYTES(head->n_layers, head->n_quantiles);
}

#endif
