/* Tunings: how the dense products read their operands on a family of processors. None changes a bit of a result. Tile
 * sizes depend on the instruction set alone (tiles_<isa>.h); it may lack variants that a tuning asks for. */
#ifndef CMLPI_TUNINGS_H
#define CMLPI_TUNINGS_H

#include <stdint.h>

/* Indices of CMLPI_TUNINGS. */
enum { CMLPI_TUNING_PLAIN, CMLPI_TUNING_AVX2, CMLPI_TUNING_ZEN5, CMLPI_TUNING_INTEL };

typedef struct cmlpi_tuning {
    const char *name;
    int pairs;    /* tall narrow tiles broadcast inputs in pairs: dense_tmpl.h */
    int adjacent; /* wide forward tiles read adjacent copies of all rows, not only of rows that share few cache sets */
    int whole;    /* tall tiles without pairs load full vectors without masks, where a masked load costs little */
    int32_t short_row; /* the forward product takes 8 chunks at a time if a row of W has at most this many bytes */
    int32_t copied;    /* bytes of each row of inputs that the wide gradient copies at a time; 0: no copies */
    int panels;        /* wide products copy strips of W and of the deltas: panels_tmpl.h */
} cmlpi_tuning;

/* Wide tiles prefetch the row of W this many rows ahead if the inputs are adjacent copies, else the next strip. */
#define W_AHEAD 8

/* Time of an epoch of dense rows, float32, batches of 128, one thread:
 * - plain: generic, NEON, float64 with AVX-512 (not measured), and AMD before Zen 5, where copies cost up to 4 %.
 * - avx2: `panels`: 784-512-512-10 takes 0.93 of its time on Zen 4.
 * - zen5: `pairs`: 784-16-16-10 from 20.0 to 17.7 ms. `whole` was not measured there.
 * - intel, all others with AVX-512: 784-16-16-10, 784-128-64-10, 784-512-512-10 take 0.96, 0.91, 0.88 of their time.
 *   The last two lose 4 and 6 % without `copied`, 1 and 2 without `adjacent`, 1 and 4 without W_AHEAD, 4 and 4 without
 *   `whole`, 2 and 0 with 256 as `short_row`. */
#define CMLPI_TUNINGS                                                 \
    {"plain", 0, 0, 0, 256, 0, 0}, {"avx2", 0, 0, 0, 256, 0, 1},      \
    {"zen5", 1, 0, 0, 256, 0, 0}, {"intel", 0, 1, 1, 512, COPIED_INTEL, 0},
enum { COPIED_INTEL = 168 };

#endif
