/* Tile sizes for scalars: enough independent sums to hide the latency of an addition, but not more than 16 registers
 * hold. tiles_avx2.h explains the lists. */
#define DENSE_ROWS_1 6
#define DENSE_ROWS_2 4
#define DENSE_EACH_1(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define DENSE_EACH_2(X) X(1) X(2) X(3) X(4)
#ifdef __OPTIMIZE_SIZE__ /* of few inputs, rows take longer one by one, but no tiles are needed */
#define DENSE_BY_ROWS(n_in) (!CMLPI_HAVE_FMA)
#else
#define DENSE_BY_ROWS(n_in) (!CMLPI_HAVE_FMA && (n_in) >= 32)
#endif
#define DENSE_BY_GROUPS 0
#define DENSE_PACED 0
#define PANELS 0
#define DENSE_UNROLL NO_UNROLL
#define DENSE_LIST const
#define GRADIENT_ROWS_1 8
#define GRADIENT_EACH_1(X) X(8) X(4) X(2) X(1)
#define GRADIENT_EACH_2(X) X(4) X(2) X(1)
#define MASKED_VECTORS 2
#define MASKED_EACH(X) X(1) X(2)
#define CSR_VECTORS 4
#define CSR_EACH(X) X(1) X(2) X(3) X(4)
