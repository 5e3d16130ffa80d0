/* Input of the first layer: pointers to rows in the caller's matrix, converted copies, or CSR rows. Dense rows with
 * many zeros, such as images with a black background, get a mask of their nonzero elements, and the kernels skip the
 * zeros. This changes no bit. For a narrow layer only columns that are zero in all rows of a kernel's tile are skipped;
 * the kernels build that mask. */
#ifndef CMLPI_INPUT_H
#define CMLPI_INPUT_H

#include "../data/run.h"

/* Memory for the rows of a microbatch. Several threads may fill it, each its range of them. */
typedef struct cmlpi_input_memory {
    const void **list, **prefetch; /* the rows; and for each, a later row to prefetch, or NULL */
    cmlpi_csr_row *sparse; /* the rows of CSR data */
    void *converted;      /* rows converted to the net's type; one row if the data are CSR */
    uint64_t *mask; /* nonzero mask of each row; NULL if the layer is narrow or the data are CSR */
    uint64_t *column_masks; /* two per thread: of its rows, and of all rows; NULL if the layer is wide */
    int64_t *skipped; /* for each thread: the number of microbatches for which it does not scan for zeros */
    int32_t n_threads; /* that share this memory */
    char *copies;    /* CMLPI_COPY_BYTES of scratch memory per thread; NULL if the rows of all layers are short */
} cmlpi_input_memory;

/* A thread's scratch memory for kernels that copy rows together. */
static inline void *cmlpi_copy_buffer(const cmlpi_input_memory *input, int32_t index)
{
    return input->copies ? input->copies + (size_t)index * CMLPI_COPY_BYTES : NULL;
}

/* Takes workspace for `rows` rows of CSR or dense data that n_threads threads share. `prefetches` states whether the
 * data are processed in microbatches, so that rows of the next one can be prefetched. */
void cmlpi_input_lay_out(cmlpi_arena *arena, const cmlp_net *net, int sparse, int64_t rows, int32_t n_threads,
                         int prefetches, cmlpi_input_memory *input);

/* Resets masks and back-off. Called before the first microbatch. */
void cmlpi_input_begin(const cmlp_net *net, const cmlpi_input_memory *input);

/* The selected rows [selected, selected + n), which thread `index` stores at [at, at + n) of `microbatch` rows.
 * Prediction reads each row `once`: its kernel converts uint8 itself instead of a separate pass. */
typedef struct cmlpi_row_range {
    int64_t selected, n, at, microbatch;
    int32_t index;
    int once;
} cmlpi_row_range;

/* Gathers a range of rows and computes the first layer's weighted sums z = b + x W. Prefetches the rows that follow,
 * at the end those of the next microbatch. `scratch` has space for one row of inputs. Returns whether all of the rows
 * have nonzero masks. */
int cmlpi_first_layer(const cmlpi_data *data, const void *params, const cmlpi_row_range *range,
                      const cmlpi_input_memory *input, void *z, void *scratch);

/* The union of the column masks that all threads have found in their rows, for one of them. NULL if nearly all columns
 * are nonzero. */
uint64_t *cmlpi_merge_column_masks(const cmlp_net *net, const cmlpi_input_memory *input, cmlpi_thread self);

/* The n gathered dense rows from row `at` on, as thread `index` reads them for the gradient. `masked` states whether all
 * of them have a nonzero mask. */
cmlpi_dense_input cmlpi_gathered_rows(const cmlp_net *net, const cmlpi_input_memory *input, int64_t at, int64_t n,
                                         int masked, int32_t index);

#endif
