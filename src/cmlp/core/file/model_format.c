#include "model_format.h"

#include "../kernels/losses.h"
#include "../table/encode.h"

const cmlpi_dtype_name cmlpi_dtype_names[] = {
    {"F32", CMLP_FLOAT32}, {"F64", CMLP_FLOAT64}, {"U8", CMLP_UINT8},
    {"I32", CMLP_INT32},   {"I64", CMLP_INT64},   {NULL, 0},
};

const char *const cmlpi_kind_names[CMLP_MODEL_ORDERED] = {"network", "regressor", "classifier", "multilabel", "ordered"};

#if CMLPI_BUILDS_TABLES
const char cmlpi_part_names[CMLPI_PARTS][7] = {"/day:", "/week:", "/year:"};
#endif

static const char *const fixed_keys[] = {"cmlp",        "crc32", "requires", "data_crc32", "input_scale",
                                         "activations", "loss",  "kind",     "columns"};

int cmlpi_is_fixed_key(string_view key)
{
    for (size_t i = 0; i < sizeof fixed_keys / sizeof *fixed_keys; i++)
        if (cmlpi_is_name(key, fixed_keys[i])) return 1;
    return 0;
}

int cmlpi_fits_kind(cmlp_model_kind kind, const cmlpi_model_outputs *outputs)
{
    const int is_of_classes = cmlpi_targets_of_loss(outputs->loss) == CMLPI_PROBABILITY;
    const int is_logistic = outputs->activation == CMLP_ACTIVATION_LOGISTIC;
    const int64_t n = outputs->n, n_labels = outputs->n_labels;
    if (kind == CMLP_MODEL_NETWORK) return !outputs->is_table;
    if (outputs->is_table && outputs->has_targets != (kind == CMLP_MODEL_REGRESSOR)) return 0;
    if (kind == CMLP_MODEL_REGRESSOR) return !is_of_classes && !n_labels;
    if (!is_of_classes && outputs->loss != CMLP_LOSS_SQUARED_ERROR) return 0;
    if (!n_labels && !outputs->is_table) return 0;
    switch (kind) {
    case CMLP_MODEL_CLASSIFIER:
        if (!is_logistic && outputs->activation != CMLP_ACTIVATION_SOFTMAX) return 0;
        if (n_labels == 2 && n == 1) return 1;
        if (n_labels == 2 && is_logistic && !outputs->is_table) return 0; /* of a network, two labels have one such output */
        return n_labels <= n;
    case CMLP_MODEL_MULTILABEL: return is_logistic && n > 1 && n_labels <= n;
    case CMLP_MODEL_ORDERED: return is_logistic && outputs->is_table && n_labels == n + 1 && n < CMLPI_MAX_RANKS;
    default: return 0;
    }
}
