/* Small tile sizes: multiply-adds in software are so slow that the time of loads does not matter. tiles_avx2.h explains
 * the lists. */
#define DENSE_ROWS_1 4
#define DENSE_ROWS_2 2
#define DENSE_EACH_1(X) X(1) X(2) X(4)
#define DENSE_EACH_2(X) X(1) X(2)
#define DENSE_BY_ROWS(n_in) ((n_in) >= 32)
#define DENSE_BY_GROUPS 0
#define DENSE_PACED 0
#define PANELS 0
#define DENSE_UNROLL NO_UNROLL
#define DENSE_LIST const
#define GRADIENT_ROWS_1 4
#define GRADIENT_EACH_1(X) X(4) X(2) X(1)
#define GRADIENT_EACH_2(X) X(2) X(1)
#define MASKED_VECTORS 1
#define MASKED_EACH(X) X(1)
#define CSR_VECTORS 2
#define CSR_EACH(X) X(1) X(2)
