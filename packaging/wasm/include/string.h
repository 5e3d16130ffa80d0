/* What the C library of cmlp calls of <string.h>; environment.c defines it. */
#ifndef CMLP_WASM_STRING_H
#define CMLP_WASM_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#endif
