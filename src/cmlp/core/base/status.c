/* Names and descriptions of the status codes. */
#include "../../../../include/cmlp.h"
#include "build.h"

/* The sentences are no part of the interface: they may change. A build without training has no use for some. */
#if CMLP_BUILD_TRAINING
#define TRAINING_STATUSES(X)                                                                                          \
    X(CMLP_ERROR_NAME, "a key or a name is malformed, repeated, out of order or reserved")                            \
    X(CMLP_ERROR_VALUE, "a model file cannot have this label, category or number")                                    \
    X(CMLP_ERROR_TARGETS, "the targets do not fit the network or the rows")                                           \
    X(CMLP_ERROR_BATCH, "batch_size, first_batch or rows_done is negative or too large")                              \
    X(CMLP_ERROR_WORKERS, "the workers of an epoch have different arguments")                                         \
    X(CMLP_ERROR_TARGET, "a target is NaN, infinite, too large for the element type or not allowed by the loss")      \
    X(CMLP_ERROR_DIVERGED, "the cost or a parameter became NaN or infinite")                                          \
    X(CMLP_ERROR_CLASS, "a class index is outside the outputs")                                                       \
    X(CMLP_ERROR_WEIGHT, "row weights and their sum must be 0 or normal numbers with normal reciprocals, not all 0") \
    X(CMLP_ERROR_WRITE, "the write callback failed")                                                                  \
    X(CMLP_ERROR_MESSAGE, "a message of a worker failed or came too late: the others may still wait")
#else
#define TRAINING_STATUSES(X)
#endif

#if CMLP_BUILD_TABLES
#define CELL_STATUSES(X) X(CMLP_ERROR_CELL, "the column cannot hold this cell") \
    X(CMLP_ERROR_COLUMNS, "the names of the cells are not those of the columns, each once")
#else
#define CELL_STATUSES(X)
#endif

#define STATUSES(X)                                                                                                   \
    X(CMLP_OK, "success")                                                                                             \
    X(CMLP_CANCELLED, "cancelled by a callback: parameters are those after the last complete batch")                  \
    X(CMLP_ERROR_NULL, "a required pointer is NULL")                                                                  \
    X(CMLP_ERROR_STRUCT_SIZE, "struct_size was not set, or fields that this version does not know are not 0")         \
    X(CMLP_ERROR_LENGTH, "an array has not as many elements as the call needs")                                       \
    X(CMLP_ERROR_BUFFER_SIZE, "a buffer is too small")                                                                \
    X(CMLP_ERROR_ALIGNMENT, "a buffer or stride is not aligned for its type")                                         \
    X(CMLP_ERROR_OVERFLOW, "a size does not fit in size_t or int64_t")                                                \
    X(CMLP_ERROR_DTYPE, "an element type is unknown or not allowed here")                                             \
    X(CMLP_ERROR_OPTION, "a hyperparameter is out of its range, or a reserved or unused field is not 0")              \
    X(CMLP_ERROR_INDEX, "no layer, column, class, code or target has this index")                                     \
    X(CMLP_ERROR_NOT_FOUND, "the model does not contain this")                                                        \
    X(CMLP_ERROR_TEXT, "bytes are no text: UTF-8, printable ASCII or digits, as needed")                              \
    X(CMLP_ERROR_NET, "the net was not made by cmlp_net_init of this version")                                        \
    X(CMLP_ERROR_MODEL, "the model was not made by cmlp_model_init of this version")                                  \
    X(CMLP_ERROR_MODEL_KIND, "the function is not for this kind of model")                                            \
    X(CMLP_ERROR_LAYERS, "a number of layers that is not allowed")                                                    \
    X(CMLP_ERROR_WIDTH, "the size of a layer is not allowed")                                                         \
    X(CMLP_ERROR_ACTIVATION, "an activation is unknown or not allowed in its layer")                                  \
    X(CMLP_ERROR_LOSS, "the loss is unknown or not allowed with the output activation")                               \
    X(CMLP_ERROR_ROWS, "the rows do not fit the network or the model")                                                \
    X(CMLP_ERROR_THREADS, "n_threads must not be negative")                                                           \
    X(CMLP_ERROR_INPUT, "an input is NaN, infinite or too large for the network's element type")                      \
    X(CMLP_ERROR_ORDER, "an index of the row order is outside the rows")                                              \
    X(CMLP_ERROR_SPARSE, "the CSR rows' indptr decreases, or columns of a row do not ascend or are out of range")     \
    X(CMLP_ERROR_ISA, "no allowed instruction set is available on this processor")                                    \
    X(CMLP_ERROR_BUILD, "the library was compiled with options that change arithmetic, as -ffp-contract=fast")        \
    X(CMLP_ERROR_LEFT_OUT, "this build leaves out what the call needs")                                               \
    X(CMLP_ERROR_MEMORY, "not enough memory")                                                                         \
    X(CMLP_ERROR_READ, "the file cannot be opened or read")                                                           \
    X(CMLP_ERROR_FILE_SHORT, "the file is truncated")                                                                 \
    X(CMLP_ERROR_FILE_LONG, "the file has extra bytes at its end")                                                    \
    X(CMLP_ERROR_FILE_MAGIC, "the file is not a cmlp model file")                                                     \
    X(CMLP_ERROR_FILE_VERSION, "the version, the kind or a required feature is unknown: written by a newer cmlp")     \
    X(CMLP_ERROR_FILE_HEAD_CRC, "the checksum of the header does not match: the file was changed")                    \
    X(CMLP_ERROR_FILE_DATA_CRC, "the checksum of the data does not match: the file was changed")                      \
    X(CMLP_ERROR_FILE_SYNTAX, "the file header does not follow the grammar of the format")                            \
    X(CMLP_ERROR_FILE_NAME, "a key or a tensor name is malformed, missing, repeated or out of order")                 \
    X(CMLP_ERROR_FILE_TENSOR, "a tensor has an unexpected type, shape or offset")                                     \
    X(CMLP_ERROR_FILE_VALUE, "a layer, activation, loss or number in the file breaks a rule of the format")           \
    X(CMLP_ERROR_FILE_NONFINITE, "a parameter, a shift or factor of the inputs, or a cost is NaN or infinite")        \
    X(CMLP_ERROR_FILE_EXAMPLE, "the computed output of the example differs from the stored one")                      \
    CELL_STATUSES(X)                                                                                                  \
    TRAINING_STATUSES(X)

/* One string after the other: pointers to them would take more bytes than the shorter ones. */
#define VALUE(name, sentence) name,
#define NAME(name, sentence) #name "\0"
#define SENTENCE(name, sentence) sentence "\0"

static const unsigned char status_values[] = {STATUSES(VALUE)};
static const char status_names[] = STATUSES(NAME), status_sentences[] = STATUSES(SENTENCE);

/* The string of a status in a list, or `other` if there is no such status. */
static const char *find_string(const char *list, cmlp_status status, const char *other)
{
    for (size_t i = 0; i < sizeof status_values; i++) {
        if (status_values[i] == status) return list;
        while (*list++) {}
    }
    return other;
}

const char *cmlp_status_name(cmlp_status status) { return find_string(status_names, status, "unknown status"); }

const char *cmlp_status_string(cmlp_status status) { return find_string(status_sentences, status, "unknown status code"); }

const char *cmlp_version(void) { return CMLP_VERSION; }

int32_t cmlp_version_number(void) { return CMLP_VERSION_NUMBER; }
