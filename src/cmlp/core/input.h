/* Rows on their way into the first layer: where they lie, or converted, or sparse, as CSR. Where much of dense rows is 0
 * (the dark of a picture) it pays to leave that out, which changes no bit: then their other elements are marked. In front
 * of a narrow layer it pays only for inputs that are 0 in all rows of a tile; the kernels find these. */
#ifndef CMLP_INPUT_H
#define CMLP_INPUT_H

#include "run.h"

/* Room for the rows of a tile; several threads may fill it, each its share. */
typedef struct cmlp_input_space {
    const void **list, **prefetch; /* rows where they lie, or converted; those that are soon to be read (or NULL) */
    cmlp_csr_row *sparse; /* of CSR data */
    void *converted;      /* dense rows of the net's type; room for one where the data are CSR */
    uint64_t *mask; /* of the elements of each row; NULL: zeros are not left out one by one */
    uint64_t *column_masks;   /* of each thread: marks of inputs that are not dark in its rows, and marks for all rows; NULL: no
                        marks */
    int64_t *pause;   /* of each thread: for how many tiles it does not look for zeros */
    int32_t n_threads; /* for so many */
    char *copies;    /* CMLP_COPY_BYTES for each thread's kernels; NULL if all rows of the net are short */
} cmlp_input_space;

/* A thread's scratch memory for kernels that copy rows together. */
static inline void *cmlp_copy_space(const cmlp_input_space *space, int32_t index)
{
    return space->copies ? space->copies + (size_t)index * CMLP_COPY_BYTES : NULL;
}

/* A first layer's input as the kernels take it. */
typedef struct cmlp_input {
    int sparse;
    cmlp_matrix rows; /* if not; marked if it is worth while */
    cmlp_csr csr;     /* if so */
} cmlp_input;

/* Takes the space for `rows` rows of CSR data or dense ones, filled by n_threads threads, which share them; `ahead` if
 * the data are processed in tiles. */
void cmlp_input_lay_out(cmlp_space *space, const cmlp_net *net, int csr, int64_t rows, int32_t n_threads, int prefetches,
                        cmlp_input_space *input);

/* Before the first tile. */
void cmlp_input_begin(const cmlp_net *net, const cmlp_input_space *input);

/* The selected rows [selected, selected + n), which thread `index` puts at [a, a + n) of a tile of `tile` rows.
 * Prediction reads each row `once`: its kernel converts uint8 itself instead of a separate pass. */
typedef struct cmlp_rows_share {
    int64_t selected, n, a, tile;
    int32_t index;
    int once;
    cmlp_poller *poller; /* of the calling thread, or NULL */
} cmlp_rows_share;

/* Gathers a share of rows and computes the first layer's weighted sums z = b + x W. Prefetches the rows that follow, at
 * the end those of the next tile. `scratch` has space for one row of inputs. Returns whether all of the rows have nonzero
 * masks. */
int cmlp_first_layer(const cmlp_data *data, const void *params, const cmlp_rows_share *share,
                     const cmlp_input_space *space, void *z, void *scratch);

/* The union of the column masks that `size` threads have found in their rows, for thread `index`. NULL if nearly all
 * columns are nonzero. */
uint64_t *cmlp_join_column_masks(const cmlp_net *net, const cmlp_input_space *space, int32_t index, int32_t size);

/* The gathered rows from row a on, for thread `index`; `marked` says whether all of them are. */
cmlp_input cmlp_input_at(const cmlp_data *data, const cmlp_input_space *space, int64_t a, int masked, int32_t index);

#endif
