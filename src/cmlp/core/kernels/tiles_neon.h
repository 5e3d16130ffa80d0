/* Tile sizes: 32 registers of two or four lanes. */
#define DENSE_ROWS_1 12
#define DENSE_ROWS_2 12
#define DENSE_EACH_1(X) X(1) X(2) X(3) X(4) X(5) X(6) X(8) X(10) X(12)
#define DENSE_EACH_2(X) X(1) X(2) X(3) X(4) X(5) X(6) X(8) X(10) X(12)
#define DENSE_BY_GROUPS 1
#define DENSE_PACED 1
#define DENSE_LIST const
#define GRADIENT_ROWS_1 24
#define GRADIENT_EACH_1(X) X(24) X(12) X(8) X(4) X(2) X(1)
#define GRADIENT_EACH_2(X) X(12) X(8) X(4) X(2) X(1)
#define GRADIENT_COPY 0
/* Vectors of a tile of GROUP rows where zeros are left out. */
#define MASKED_VECTORS 4
#define MASKED_EACH(X) X(1) X(2) X(3) X(4)
/* Of sparse rows: a strip of so many vectors, each with a chunk's sum and a total. */
#define CSR_VECTORS 8
#define CSR_EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
