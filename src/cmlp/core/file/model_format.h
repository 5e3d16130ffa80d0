/* What the reader and the writer of model files share: words, limits and rules. docs/model-file.md has the grammar. */
#ifndef CMLPI_MODEL_FORMAT_H
#define CMLPI_MODEL_FORMAT_H

#include <math.h>
#include <string.h>

#include "../../../../include/cmlp_table.h"
#include "../net/net.h"

#define CMLPI_MAX_DATA (UINT64_C(1) << 53) /* the largest number in a head: exact in JavaScript */
#define CMLPI_MAX_NAME 64                  /* letters of a key or a tensor's name */

/* A key, a name or another part of a head. */
typedef struct string_view {
    const unsigned char *at;
    size_t length;
} string_view;

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

/* ------------------------------------------------------------------------------------------- bytes */

/* Files are little-endian. Compilers evaluate this. */
static inline int cmlpi_is_big_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return !first;
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

/* ------------------------------------------------------------------------------------------- words */

/* Whether a name is this text. */
static inline int cmlpi_is_name(string_view n, const char *text)
{
    size_t i = 0;
    while (i < n.length && text[i] && n.at[i] == (unsigned char)text[i]) i++;
    return i == n.length && !text[i];
}

/* Whether a key is one of those of the format: nothing else may be called so. */
int cmlpi_is_fixed_key(string_view key);

/* The words of the parts of a date, by their kinds from 1 on. */
extern const char cmlpi_part_names[][7];

/* The words of the kinds, from CMLP_MODEL_NETWORK on. */
extern const char *const cmlpi_kind_names[CMLP_MODEL_ORDERED];

/* ------------------------------------------------------------------------------------------- rules */

/* The status of a file whose layers, numbers or texts break a rule: statuses of arguments are for arguments. */
static inline cmlp_status cmlpi_file_status(cmlp_status status)
{
    if (status == CMLP_ERROR_TEXT) return CMLP_ERROR_FILE_SYNTAX;
    return status == CMLP_ERROR_LAYERS || status == CMLP_ERROR_WIDTH || status == CMLP_ERROR_ACTIVATION ||
                   status == CMLP_ERROR_LOSS || status == CMLP_ERROR_OPTION || status == CMLP_ERROR_NULL
               ? CMLP_ERROR_FILE_VALUE : status;
}

/* The most ordered labels of a table. */
enum { CMLPI_MAX_RANKS = 256 };

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

#endif
