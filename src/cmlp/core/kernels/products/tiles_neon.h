/* Tile sizes for 32 registers of two or four lanes. tiles_avx2.h explains the lists. */
#define DENSE_ROWS_1 12
#define DENSE_ROWS_2 12
#define DENSE_EACH_1(X) X(1) X(2) X(3) X(4) X(5) X(6) X(8) X(10) X(12)
#define DENSE_EACH_2(X) X(1) X(2) X(3) X(4) X(5) X(6) X(8) X(10) X(12)
#define DENSE_BY_ROWS(n_in) 0
#define DENSE_BY_GROUPS 1
#define DENSE_PACED 1
#define PANELS 0
#define DENSE_UNROLL NO_UNROLL
#define DENSE_LIST const
#define GRADIENT_ROWS_1 24
#define GRADIENT_EACH_1(X) X(24) X(12) X(8) X(4) X(2) X(1)
#define GRADIENT_EACH_2(X) X(12) X(8) X(4) X(2) X(1)
#define MASKED_VECTORS 4
#define MASKED_EACH(X) X(1) X(2) X(3) X(4)
#define CSR_VECTORS 8
#define CSR_EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
