/* Which lines of the core and the bridge a test runs, for tools/record_map.py. Clang gives each basic block a counter
   (-fsanitize-coverage=inline-8bit-counters,pc-table). The extension gives its counters to Python. A program of tests/c
   writes the addresses of the blocks that ran to the file that CMLP_BLOCKS names, when it ends. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    uintptr_t address, flags;
} block;

static uint8_t *counters;
static size_t n_counters;
static const block *blocks;

/* Both are called at the start of each object file, with the same arguments for all objects of a module. */
void __sanitizer_cov_8bit_counters_init(uint8_t *first, uint8_t *last) {
    counters = first;
    n_counters = (size_t)(last - first);
}

void __sanitizer_cov_pcs_init(const block *first, const block *last) {
    (void)last;
    blocks = first;
}

/* Returns the counters, and their number. */
uint8_t *block_counters(size_t *n) {
    *n = n_counters;
    return counters;
}

/* Returns the address of a block in the file of the module or program. */
uintptr_t block_address(size_t index) {
    Dl_info module;
    dladdr((void *)(uintptr_t)block_address, &module);
    return blocks[index].address - (uintptr_t)module.dli_fbase;
}

__attribute__((destructor)) static void write_blocks(void) {
    const char *path = getenv("CMLP_BLOCKS");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (!file) return;
    for (size_t i = 0; i < n_counters; i++) {
        if (counters[i]) fprintf(file, "0x%jx\n", (uintmax_t)block_address(i));
    }
    fclose(file);
}
