/* Names and descriptions of the status codes. */
#include "../../../../include/cmlp.h"

typedef struct status_text {
    cmlp_status status;
    const char *name, *sentence;
} status_text;

#define TEXT(name, sentence) {name, #name, sentence}

static const status_text texts[] = {
    TEXT(CMLP_OK, "success"),
    TEXT(CMLP_CANCELLED, "cancelled by the poll callback"),
    TEXT(CMLP_ERROR_NULL, "a required pointer is NULL"),
    TEXT(CMLP_ERROR_STRUCT_SIZE, "struct_size was not set, or fields that this version does not know are not 0"),
    TEXT(CMLP_ERROR_LAYERS, "a network must have 2 to 64 layers, including input and output"),
    TEXT(CMLP_ERROR_WIDTH, "the size of a layer must be between 1 and 2^31 - 1"),
    TEXT(CMLP_ERROR_ACTIVATION, "an activation is unknown or not allowed in its layer"),
    TEXT(CMLP_ERROR_LOSS, "the loss is unknown or not allowed with the output activation"),
    TEXT(CMLP_ERROR_DTYPE, "an element type is unknown or not allowed here"),
    TEXT(CMLP_ERROR_ISA, "no allowed instruction set is available on this processor"),
    TEXT(CMLP_ERROR_OVERFLOW, "a size does not fit in size_t or int64_t"),
    TEXT(CMLP_ERROR_BUFFER_SIZE, "a buffer is too small"),
    TEXT(CMLP_ERROR_ALIGNMENT, "a buffer or stride is not aligned for its type"),
    TEXT(CMLP_ERROR_NET, "the net was not made by cmlp_net_init of this version"),
    TEXT(CMLP_ERROR_ROWS, "the rows do not fit the network"),
    TEXT(CMLP_ERROR_TARGETS, "the targets do not fit the network or the rows"),
    TEXT(CMLP_ERROR_ORDER, "an index of the row order is outside the rows"),
    TEXT(CMLP_ERROR_LABEL, "a class index is outside the outputs"),
    TEXT(CMLP_ERROR_WEIGHT, "row weights must be 0 or positive normal numbers, not all 0, and so must be their sum"),
    TEXT(CMLP_ERROR_OPTION, "a hyperparameter is out of its range, or a reserved field or flag is not 0"),
    TEXT(CMLP_ERROR_BATCH, "batch_size, first_batch or rows_done is negative or too large"),
    TEXT(CMLP_ERROR_THREADS, "n_threads must be between 0 and 256"),
    TEXT(CMLP_ERROR_SPARSE,
         "indptr of the CSR rows decreases, or the columns of a row do not ascend or are out of range"),
    TEXT(CMLP_ERROR_BUILD,
         "the library was compiled with options that change its arithmetic, such as -ffp-contract=fast"),
    TEXT(CMLP_ERROR_WORKERS, "the workers of an epoch have different arguments"),
    TEXT(CMLP_ERROR_INPUT, "an input is NaN, infinite or too large for the network's element type"),
    TEXT(CMLP_ERROR_TARGET, "a target is NaN, infinite or too large for the network's element type"),
    TEXT(CMLP_ERROR_DIVERGED, "the cost or a parameter became NaN or infinite"),
    TEXT(CMLP_ERROR_FILE_SHORT, "the file is truncated"),
    TEXT(CMLP_ERROR_FILE_LONG, "the file has extra bytes at its end"),
    TEXT(CMLP_ERROR_FILE_MAGIC, "the file is not a cmlp model file"),
    TEXT(CMLP_ERROR_FILE_VERSION,
         "the format version or a required feature is unknown: written by a newer cmlp, or a table's file in a build "
         "without tables"),
    TEXT(CMLP_ERROR_FILE_HEAD_CRC, "the checksum of the file header does not match: the file was changed or damaged"),
    TEXT(CMLP_ERROR_FILE_DATA_CRC, "the checksum of the data does not match: the file was changed or damaged"),
    TEXT(CMLP_ERROR_FILE_SYNTAX, "the file header does not follow the grammar of the format"),
    TEXT(CMLP_ERROR_FILE_NAME, "a key or a tensor name is malformed, missing, repeated or out of order"),
    TEXT(CMLP_ERROR_FILE_TENSOR, "a tensor has an unexpected type, shape or offset"),
    TEXT(CMLP_ERROR_FILE_NONFINITE, "a parameter, or a shift or factor of the inputs, is NaN or infinite"),
    TEXT(CMLP_ERROR_FILE_EXAMPLE, "the computed output of the stored example differs from the stored output"),
    TEXT(CMLP_ERROR_FILE_KEY, "the metadata do not contain this key"),
    TEXT(CMLP_ERROR_FILE_WRITE, "the write callback failed"),
    TEXT(CMLP_ERROR_FILE_READ, "the file cannot be opened or read"),
    TEXT(CMLP_ERROR_MEMORY, "not enough memory"),
    TEXT(CMLP_ERROR_MODEL, "the model was not made by cmlp_model_init of this version"),
};

static const status_text *find(cmlp_status status)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].status == status) return &texts[i];
    return NULL;
}

const char *cmlp_status_name(cmlp_status status)
{
    const status_text *text = find(status);
    return text ? text->name : "unknown status";
}

const char *cmlp_status_string(cmlp_status status)
{
    const status_text *text = find(status);
    return text ? text->sentence : "unknown status code";
}

const char *cmlp_version(void) { return CMLP_VERSION; }

int32_t cmlp_version_number(void) { return CMLP_VERSION_NUMBER; }
