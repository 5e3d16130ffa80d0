#include "../../../include/cmlp.h"

typedef struct status_text {
    int status;
    const char *name, *sentence;
} status_text;

#define TEXT(name, sentence) {name, #name, sentence}

static const status_text texts[] = {
    TEXT(CMLP_OK, "done"),
    TEXT(CMLP_CANCELLED, "cancelled by the poll callback"),
    TEXT(CMLP_ERROR_NULL, "a required pointer is NULL"),
    TEXT(CMLP_ERROR_STRUCT_SIZE, "struct_size was not set, or the struct is newer than the library"),
    TEXT(CMLP_ERROR_LAYERS, "a network has from 2 to 64 layers, input and output included"),
    TEXT(CMLP_ERROR_WIDTH, "a layer's size must be from 1 to 2^31 - 1"),
    TEXT(CMLP_ERROR_ACTIVATION, "an activation is unknown or not allowed in its layer"),
    TEXT(CMLP_ERROR_LOSS, "the loss is unknown or does not go with the output activation"),
    TEXT(CMLP_ERROR_DTYPE, "an element type is unknown or not allowed here"),
    TEXT(CMLP_ERROR_ISA, "no allowed instruction set is available on this processor"),
    TEXT(CMLP_ERROR_OVERFLOW, "a size is too large to be addressed"),
    TEXT(CMLP_ERROR_BUFFER_SIZE, "a buffer is too small"),
    TEXT(CMLP_ERROR_ALIGNMENT, "a buffer or stride is not aligned for its type"),
    TEXT(CMLP_ERROR_NET, "not a net made by cmlp_net_init of this version"),
    TEXT(CMLP_ERROR_ROWS, "the rows do not fit the network"),
    TEXT(CMLP_ERROR_TARGETS, "the targets do not fit the network or the rows"),
    TEXT(CMLP_ERROR_ORDER, "an index of the row order is outside the rows"),
    TEXT(CMLP_ERROR_LABEL, "a class index is outside the outputs"),
    TEXT(CMLP_ERROR_WEIGHT, "row weights must be finite and not negative, and not all zero"),
    TEXT(CMLP_ERROR_OPTION, "a hyperparameter is out of its range"),
    TEXT(CMLP_ERROR_BATCH, "the batch size must not be negative, and the first batch must be within the rows"),
    TEXT(CMLP_ERROR_THREADS, "the number of threads must be from 1 to 256 (0: 1)"),
    TEXT(CMLP_ERROR_SPARSE, "a CSR matrix needs ascending row pointers, and ascending columns within each row"),
    TEXT(CMLP_ERROR_BUILD,
         "the library was compiled with options that change its arithmetic, such as -ffp-contract=fast"),
    TEXT(CMLP_ERROR_INPUT, "an input is NaN, infinite or too large for the network's element type"),
    TEXT(CMLP_ERROR_TARGET, "a target is NaN, infinite or too large for the network's element type"),
    TEXT(CMLP_ERROR_DIVERGED, "the cost or a parameter became NaN or infinite"),
    TEXT(CMLP_ERROR_FILE_SHORT, "the file ends before its content does"),
    TEXT(CMLP_ERROR_FILE_LONG, "bytes follow the content of the file"),
    TEXT(CMLP_ERROR_FILE_MAGIC, "not a model file of cmlp"),
    TEXT(CMLP_ERROR_FILE_VERSION, "the format version is unknown: the file was written by a newer cmlp"),
    TEXT(CMLP_ERROR_FILE_HEAD_CRC, "the head of the file was changed or damaged"),
    TEXT(CMLP_ERROR_FILE_DATA_CRC, "the weights or other data of the file were changed or damaged"),
    TEXT(CMLP_ERROR_FILE_SYNTAX, "the head of the file does not follow the grammar of the format"),
    TEXT(CMLP_ERROR_FILE_NAME, "a key or a tensor name is malformed, missing, repeated or out of order"),
    TEXT(CMLP_ERROR_FILE_TENSOR, "the type, shape or offsets of a tensor are not what they must be"),
    TEXT(CMLP_ERROR_FILE_NONFINITE, "a parameter is NaN or infinite"),
    TEXT(CMLP_ERROR_FILE_EXAMPLE, "the output of the example in the file is not reproduced"),
    TEXT(CMLP_ERROR_FILE_KEY, "the metadata have no such key"),
    TEXT(CMLP_ERROR_FILE_WRITE, "the write callback failed"),
    TEXT(CMLP_ERROR_MODEL, "not a model made by cmlp_model_init of this version"),
};

static const status_text *find(int status)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].status == status) return &texts[i];
    return NULL;
}

const char *cmlp_status_name(int status)
{
    const status_text *text = find(status);
    return text ? text->name : "unknown status";
}

const char *cmlp_status_string(int status)
{
    const status_text *text = find(status);
    return text ? text->sentence : "not a status of this version";
}

const char *cmlp_version(void) { return CMLP_VERSION; }
