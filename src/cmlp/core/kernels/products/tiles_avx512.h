/* Tile sizes for 32 registers. 14 x 2 sums leave registers for two vectors of W and a broadcast element of x. Gradient
 * tiles of one vector are taller, because each of their rows needs only one sum. tiles_avx2.h explains the lists. */
#define DENSE_ROWS_1 14
#define DENSE_ROWS_2 14
#define DENSE_LOW_1(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#define DENSE_TALL_1(X) X(10) X(12) X(14)
#define DENSE_EACH_1(X) DENSE_LOW_1(X) DENSE_TALL_1(X)
#define DENSE_EACH_2(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(10) X(12) X(14)
#if CMLPI_BITS == 32 /* float64 was not measured */
#define DENSE_COPIES_2(X) X(5) X(6) X(7) X(8) X(10) X(12) X(14)
#endif
#define DENSE_BY_ROWS(n_in) 0
#define DENSE_BY_GROUPS 1
#define DENSE_PACED 2
#define PANELS 0
#define DENSE_UNROLL NO_UNROLL
/* There are more row pointers than registers. `volatile` makes the compiler load each where it is used; GCC would
 * otherwise keep some in vector registers and move them back for every k. */
#define DENSE_LIST const volatile
#define GRADIENT_ROWS_1 28
#define GRADIENT_TALL_1(X) X(28)
#define GRADIENT_LOW_1(X) X(16) X(8) X(4) X(2) X(1)
#define GRADIENT_EACH_1(X) GRADIENT_TALL_1(X) GRADIENT_LOW_1(X)
#define GRADIENT_EACH_2(X) X(14) X(8) X(4) X(2) X(1)
#define MASKED_VECTORS 4
#define MASKED_EACH(X) X(1) X(2) X(3) X(4)
#define CSR_VECTORS 8
#define CSR_EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
