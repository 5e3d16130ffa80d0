/* What the C library of cmlp needs of a C library, for a WebAssembly module without imports. */
#include <string.h>

/* With bulk memory operations, Clang compiles these two to one instruction. */
void *memcpy(void *to, const void *from, size_t n) { return __builtin_memcpy(to, from, n); }

void *memset(void *to, int byte, size_t n) { return __builtin_memset(to, byte, n); }

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *const left = a, *const right = b;
    for (size_t i = 0; i < n; i++)
        if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
    return 0;
}
