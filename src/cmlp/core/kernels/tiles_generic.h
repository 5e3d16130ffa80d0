/* Tile sizes: scalars. Enough chains to hide an addition's latency, few enough for 16 registers. */
#define DENSE_ROWS_1 6
#define DENSE_ROWS_2 4
#define DENSE_EACH_1(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define DENSE_EACH_2(X) X(1) X(2) X(3) X(4)
#define DENSE_BY_GROUPS 0
#define DENSE_PACED 0
#define DENSE_LIST const
#define GRADIENT_ROWS_1 8
#define GRADIENT_EACH_1(X) X(8) X(4) X(2) X(1)
#define GRADIENT_EACH_2(X) X(4) X(2) X(1)
#define GRADIENT_COPY 0
/* Vectors of a tile of GROUP rows where zeros are left out. */
#define MASKED_VECTORS 2
#define MASKED_EACH(X) X(1) X(2)
/* Of sparse rows: a strip of so many vectors, each with a chunk's sum and a total. */
#define CSR_VECTORS 4
#define CSR_EACH(X) X(1) X(2) X(3) X(4)
