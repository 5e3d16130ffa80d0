/* What the reader and the writer of model files share: words, limits and bytes. docs/model-file.md has the grammar. */
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
#define CMLPI_FEATURE_MISSING_VALUES "missing_values" /* columns of a table with values that mean a missing one */
#define CMLPI_FEATURE_TARGETS "targets"          /* a table with several targets */
#define CMLPI_FEATURE_THRESHOLD "threshold"      /* a table with a threshold: all that this version knows */
#define CMLPI_HEAD_KIND "\",\"kind\":\""         /* behind the loss */
#define CMLPI_HEAD_COLUMNS ",\"columns\":"       /* behind the kind, in the file of a table */
/* Offset of the head's checksum in the file. The checksum is taken with its own eight digits as zeros. */
#define CMLPI_HEAD_CRC_AT (8 + sizeof CMLPI_HEAD_START CMLPI_HEAD_VERSION - 1)

#define CMLPI_HEAD_ALIGNMENT 64
#define CMLPI_MIN_HEAD 128
#define CMLPI_MAX_HEAD 100000000     /* the most that the safetensors library reads */
#define CMLPI_INPUT_FACTOR "input.factor"
#define CMLPI_INPUT_SHIFT "input.shift"
#define CMLPI_N_TARGET_NUMBERS 4
#define CMLPI_CALIBRATION_CLASSES "calibration.classes"
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

/* Whether a byte can be in the name of a key or a tensor: [a-z][a-z0-9_.]*. */
static inline int cmlpi_is_name_byte(unsigned byte, int is_first)
{
    const int is_letter = byte >= 'a' && byte <= 'z';
    return is_letter || (!is_first && ((byte >= '0' && byte <= '9') || byte == '_' || byte == '.'));
}

/* Whether a key is one of those of the format: nothing else may be called so. */
int cmlpi_is_fixed_key(string_view key);

/* Behind the word of a column that has values that mean a missing one. */
#define CMLPI_MISSING_VALUES_WORD "/missing:"

/* The words of the parts of a date, by their kinds from 1 on. */
extern const char cmlpi_part_names[][7];

/* The words of the kinds, from CMLP_MODEL_NETWORK on. */
extern const char *const cmlpi_kind_names[CMLP_MODEL_ORDERED];

/* The status of a file whose layers, numbers or texts break a rule: statuses of arguments are for arguments. */
static inline cmlp_status cmlpi_file_status(cmlp_status status)
{
    if (status == CMLP_ERROR_TEXT) return CMLP_ERROR_FILE_SYNTAX;
    return status == CMLP_ERROR_LAYERS || status == CMLP_ERROR_WIDTH || status == CMLP_ERROR_ACTIVATION ||
                   status == CMLP_ERROR_LOSS || status == CMLP_ERROR_OPTION || status == CMLP_ERROR_NULL
               ? CMLP_ERROR_FILE_VALUE : status;
}

#endif
