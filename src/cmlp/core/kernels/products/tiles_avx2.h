/* Tile sizes for 16 registers: 6 x 2 sums, two vectors of W and a broadcast element of x. DENSE_EACH_1 and _2 list the
 * heights of tiles one and two vectors wide; X(6), for example, becomes an instance and a table entry:
 *   DENSE_TILE_2(6) defines dense_6x2(), DENSE_ENTRY_2(6) is [6] = dense_6x2, */
#define DENSE_ROWS_1 12
#define DENSE_ROWS_2 6
#define DENSE_EACH_1(X) X(1) X(2) X(3) X(4) X(5) X(6) X(8) X(10) X(12)
#define DENSE_EACH_2(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define DENSE_BY_ROWS(n_in) 0 /* whether rows are multiplied one by one: if multiply-adds are software */
#define DENSE_BY_GROUPS 0
#define DENSE_PACED 1
#ifdef __OPTIMIZE_SIZE__
#define PANELS 0
#define DENSE_UNROLL NO_UNROLL
#else
#define PANELS 1 /* panels_tmpl.h; in tiles of two vectors also prefetches between the multiply-adds */
#define DENSE_UNROLL UNROLL_2 /* of the loop over k of a tile */
#endif
#define DENSE_LIST const
#define GRADIENT_ROWS_1 12
#define GRADIENT_EACH_1(X) X(12) X(8) X(4) X(2) X(1)
#define GRADIENT_LOW_2(X) X(4) X(2) X(1)
#define GRADIENT_EACH_2(X) X(6) GRADIENT_LOW_2(X)
/* Maximum width in vectors of a tile of GROUP rows that skips zeros (gradient_masked_tmpl.h). */
#define MASKED_VECTORS 3
#define MASKED_EACH(X) X(1) X(2) X(3)
/* Maximum width in vectors of a strip of CSR products. Each vector has a partial sum of the chunk and, where there are
 * registers for it, a total. */
#define CSR_VECTORS 8
#define CSR_EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
