/* A category in the list of a column: JSON, as it is in the head. */
#ifndef CMLP_MODEL_CATEGORY_H
#define CMLP_MODEL_CATEGORY_H

#include "../table/decimal.h"
#include "model_text.h"

/* Whether the value is this text, in UTF-8. */
int cmlp_is_text(cmlp_text t, const char *text, size_t n_text);

/* Reads a number, true or false as Python does. Returns 0 for another value. */
int cmlp_read_number(cmlp_text t, cmlp_number *number);

#endif
