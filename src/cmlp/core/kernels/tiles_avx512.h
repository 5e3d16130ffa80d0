/* Tile sizes: 32 registers. 14 x 2 sums leave room for two vectors of W and a broadcast; the gradient's one
 * column wants a taller tile, because each of its rows waits for one vector only. */
#define DENSE_ROWS_1 14
#define DENSE_ROWS_2 14
#define DENSE_LOW_1(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#define DENSE_TALL_1(X) X(10) X(12) X(14)
#define DENSE_EACH_1(X) DENSE_LOW_1(X) DENSE_TALL_1(X)
#define DENSE_EACH_2(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(10) X(12) X(14)
#define DENSE_BY_GROUPS 1
#define DENSE_PACED 2
/* More row pointers than registers: they are loaded where they are used. GCC would keep some in vector registers,
 * and bring each back for every k. */
#define DENSE_LIST const volatile
#define GRADIENT_ROWS_1 28
#define GRADIENT_TALL_1(X) X(28)
#define GRADIENT_LOW_1(X) X(16) X(8) X(4) X(2) X(1)
#define GRADIENT_EACH_1(X) GRADIENT_TALL_1(X) GRADIENT_LOW_1(X)
#define GRADIENT_EACH_2(X) X(14) X(8) X(4) X(2) X(1)
#define GRADIENT_COPY 0
/* Vectors of a tile of GROUP rows where zeros are left out. */
#define MASKED_VECTORS 4
#define MASKED_EACH(X) X(1) X(2) X(3) X(4)
/* Of sparse rows: a strip of so many vectors, each with a chunk's sum and a total. */
#define CSR_VECTORS 8
#define CSR_EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
