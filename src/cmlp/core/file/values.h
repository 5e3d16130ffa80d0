/* Labels, categories and names: typed values in the tensors of a model file, and in the arrays of a program. */
#ifndef CMLPI_VALUES_H
#define CMLPI_VALUES_H

#include "model_format.h"

/* Values in the tensors of a file, at any address. A tensor that the file does not have is NULL, with 0 elements. */
typedef struct cmlpi_value_list {
    int64_t n;                    /* values, below 2^31 */
    const unsigned char *kinds;   /* U8: n kinds; NULL: all values have the kind `kind` */
    cmlp_value_kind kind;
    const unsigned char *order;   /* I32: n indices, each column's in ascending order of its values; or NULL */
    const unsigned char *ends;    /* I64: n ends of texts; NULL: no value has a text */
    const unsigned char *text;    /* U8 */
    const unsigned char *numbers; /* F64: of the columns that have a double, one for each of their values */
    const unsigned char *integers; /* I64: likewise of integers and booleans */
    int64_t n_text, n_numbers, n_integers;
} cmlpi_value_list;

/* The values of a column: where they begin. */
typedef struct cmlpi_value_range {
    int64_t first, n;
    int64_t first_number, first_integer; /* the end of the tensor if the column has none */
} cmlpi_value_range;

/* All values of a list, as those of one column. Its tensors have a number and an integer for each, or none. */
static inline cmlpi_value_range cmlpi_all_values(const cmlpi_value_list *list)
{
    return (cmlpi_value_range){.n = list->n};
}

#if CMLPI_CHECKS_VALUES
/* Whether a text is UTF-8, in which surrogates may have three bytes each. */
int cmlpi_is_utf8(const unsigned char *text, int64_t n);

/* What a value is. A large integer of a label is one from 0 to 2^64 - 1, which Python has a type for. Categories have no texts
 * of numbers. */
typedef enum cmlpi_value_use { CMLPI_WANTED_VALUE, CMLPI_CATEGORY_VALUE, CMLPI_LABEL_VALUE } cmlpi_value_use;

/* Checks a value of a program. Returns NULL or OPTION for a field, TEXT for a text that is not UTF-8, or a large
 * integer that is none. */
cmlp_status cmlpi_check_value(const cmlp_value *value, cmlpi_value_use use);

/* Makes an INTEGER of a LARGE_INTEGER in digits that 64 bits hold. Returns 0 if its text is no integer. */
int cmlpi_read_integer(cmlp_value *value);

/* A label with the text that the file has of it: an integer or a boolean as Python prints it, in the buffer. */
enum { CMLPI_PRINTED = 20 };
cmlp_value cmlpi_with_text(const cmlp_value *label, char buffer[CMLPI_PRINTED]);

/* Whether a value has no text, or that of another one. */
int cmlpi_has_text(const cmlp_value *value, const cmlp_value *other);

/* Below, equal to or above 0, as a minus b: missing values, then numbers by their exact values, then texts by bytes. */
int cmlpi_compare_values(const cmlp_value *a, const cmlp_value *b);

#endif

/* Value i of a column. Whatever the bytes of the tensors are, its text is inside the list's. */
cmlp_value cmlpi_value_at(const cmlpi_value_list *list, const cmlpi_value_range *range, int64_t i);

#if CMLPI_CHECKS_VALUES
/* Checks the values of a column, and what the tensors have where a value needs nothing. The columns before it must have
 * been checked. Returns FILE_VALUE or FILE_SYNTAX. */
cmlp_status cmlpi_check_values(const cmlpi_value_list *list, const cmlpi_value_range *range);

/* Whether the last text of a list ends where its tensor does. */
int cmlpi_uses_all_text(const cmlpi_value_list *list);
#endif

#if CMLP_BUILD_TABLES
/* Finds the values of each column. `counts` has an I64 for each column in the file, or is NULL if no column has values.
 * Returns 0 if the tensors of the list are longer or shorter. */
int cmlpi_split_values(const cmlpi_value_list *list, const unsigned char *counts, int64_t n_columns,
                       cmlpi_value_range *ranges);

/* Whether the order of a column is that of its values, none of which are equal. */
int cmlpi_is_in_order(const cmlpi_value_list *list, const cmlpi_value_range *range);

/* The index of a value in a column, or -1. The bytes of the tensors may be any. */
int64_t cmlpi_find_value(const cmlpi_value_list *list, const cmlpi_value_range *range, const cmlp_value *wanted);

/* Writes the indices of n values, in the ascending order of a comparison, to `order`. */
typedef int cmlpi_compare(const cmlp_value *a, const cmlp_value *b);
void cmlpi_sort_values(const cmlp_value *values, int64_t n, cmlpi_compare *by, int32_t *order);
#endif

#endif
