/* Tiles of one vector of columns that take of each group the first two elements by v_pair(). They have a load for each
 * multiply-add otherwise, and processors that can do two of each at a time do them no faster than the loads come in,
 * together with what else is loaded. With shuffles in place of loads AMD's Zen 5 trains a layer of 16 a tenth faster on
 * dense rows. But where shuffles take turns with multiply-adds, as in Intel's processors, it would be slower: so this is
 * a table of its own. Only tall tiles are worth their code. */

#define DENSE_PAIRS(R) DENSE_TILE(dense_pairs_##R, R, 1, PAIRS)
#define DENSE_ENTRY_PAIRS(R) [R] = dense_pairs_##R,
DENSE_TALL_1(DENSE_PAIRS)
DENSE_TILE(dense_pairs_near, DENSE_ROWS_1, 1, PAIRS | NEAR)
static dense_fn *const dense_tiles_pairs[DENSE_ROWS_1 + 1] = {DENSE_LOW_1(DENSE_ENTRY_1)
                                                              DENSE_TALL_1(DENSE_ENTRY_PAIRS)};
static const dense_tiles dense_narrow_pairs = {1, DENSE_ROWS_1, dense_tiles_pairs, dense_pairs_near};

static void dense_pairs(const cmlp_matrix *x, int64_t rows, int64_t n_in, const void *w, int64_t ldw, const void *bias,
                        int64_t n_out, void *z, int64_t ldz)
{
    dense_with(&dense_narrow_pairs, x, rows, n_in, w, ldw, bias, n_out, z, ldz);
}

#if CMLP_BUILDS_TRAINING
#define GRADIENT_PAIRS(R) GRADIENT_TILE(gradient_pairs_##R, R, 1, PAIRS)
#define GRADIENT_ENTRY_PAIRS(R) {R, gradient_pairs_##R},
GRADIENT_TALL_1(GRADIENT_PAIRS)
static const gradient_size gradient_narrow_pairs[] = {GRADIENT_TALL_1(GRADIENT_ENTRY_PAIRS)
                                                      GRADIENT_LOW_1(GRADIENT_ENTRY_1)};

static void gradient_pairs(const cmlp_matrix *a, const void *d, int64_t rows, int64_t k0, int64_t k1, int64_t n_out,
                           void *sums, int first, void *w, const cmlp_finish *finish)
{
    gradient_with(gradient_narrow_pairs, a, d, rows, k0, k1, n_out, sums, first, w, finish);
}
#endif
