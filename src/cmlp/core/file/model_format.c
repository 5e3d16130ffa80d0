#include "model_format.h"

#include "../table/encode.h"

const cmlpi_dtype_name cmlpi_dtype_names[] = {
    {"F32", CMLP_FLOAT32}, {"F64", CMLP_FLOAT64}, {"U8", CMLP_UINT8},
    {"I32", CMLP_INT32},   {"I64", CMLP_INT64},   {NULL, 0},
};

const char *const cmlpi_kind_names[CMLP_MODEL_ORDERED] = {"network", "regressor", "classifier", "multilabel", "ordered"};

#if CMLP_BUILD_TABLES
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
