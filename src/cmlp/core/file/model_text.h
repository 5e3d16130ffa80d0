/* JSON inside a metadata string of a model file: a cursor that undoes both escapes. Limits of the format. */
#ifndef CMLP_MODEL_TEXT_H
#define CMLP_MODEL_TEXT_H

#include "../../../../include/cmlp.h"

#define CMLP_DATA_MOST (UINT64_C(1) << 53) /* the largest number in a head: exact in JavaScript */
#define CMLP_NAME_MOST 64                  /* letters of a key or a tensor's name */

typedef struct cmlp_text {
    const char *at, *end;
    int escaped; /* whether \ escapes " and \, as in a file's head */
} cmlp_text;

enum { CMLP_TEXT_END = -1, CMLP_TEXT_BAD = -2 };

/* The next character; CMLP_TEXT_END after the last one. */
int32_t cmlp_text_next(cmlp_text *t);

/* The next code point of a JSON string; CMLP_TEXT_END after its closing quotation mark, CMLP_TEXT_BAD if it is invalid.
 * A surrogate without its partner is a code point. */
int32_t cmlp_text_letter(cmlp_text *t);

/* Skips `literal` and returns 1 if it comes next, else returns 0. */
int cmlp_text_pass(cmlp_text *t, const char *literal);

/* Digits without a leading zero. Returns their number; 0 if the value needs more than 64 bits. */
int cmlp_text_digits(cmlp_text *t, uint64_t *value);

/* Appends a code point in UTF-8 to the `*length` bytes of `buffer`. If `buffer` is NULL, only counts the bytes. */
void cmlp_text_append(int32_t code, char *buffer, size_t *length);

/* Writes the next value of a list as UTF-8 with a final NUL: a text without its quotation marks and escapes, anything else
 * as it is. *length, if not NULL, receives the number of bytes without the NUL, also if `buffer` has less than n. */
cmlp_status cmlp_text_copy(cmlp_text t, char *buffer, size_t n, size_t *length);

/* Skips text, a number, true, false or null. Returns 0 if none of them comes next. */
int cmlp_text_value(cmlp_text *t);

/* Skips null, or a list of *n values; *n is -1 for null. Returns 0 if neither comes next. */
int cmlp_text_list(cmlp_text *t, int64_t *n);

/* Moves to the list in the value of the metadata key "classes". Returns 0 if it does not begin like labels. */
int cmlp_text_labels(cmlp_text *t);

/* Checks the form of the labels, and their number for a network with n_outputs outputs. Whether the values are of their
 * type and ascend matters to Python only. *at becomes the place of an error. */
cmlp_status cmlp_check_labels(cmlp_text text, int64_t n_outputs, const char **at);

/* Whether one output is the probability of the second of two labels; the text is that of the labels, or NULL. */
int cmlp_is_pair(cmlp_text text, int64_t n_outputs);

/* Whether a row can have several of the labels; the text is that of the labels, or NULL. */
int cmlp_is_multilabel(cmlp_text text);

#endif
