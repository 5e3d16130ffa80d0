/* Tiles of one vector of columns that broadcast the first two elements of each group by v_pair(): one load and two
 * shuffles instead of two loads. Other tiles of this width need one load per multiply-add, and loads limit their
 * speed on processors that execute two of each per cycle. With pairs, AMD Zen 5 trains a layer of 16 units about 10
 * % faster on dense rows. On Intel processors shuffles and multiply-adds share a port, and pairs are slower. Only tall
 * tiles gain enough to have a variant with pairs. */
#ifdef V_PAIRS

#define DENSE_PAIRS(R) DENSE_TILE(dense_pairs_##R, R, 1, PAIRS)
#define DENSE_ENTRY_PAIRS(R) [R] = dense_pairs_##R,
DENSE_TALL_1(DENSE_PAIRS)
DENSE_TILE(dense_pairs_near, DENSE_ROWS_1, 1, PAIRS | NEAR)
static dense_fn *const dense_tiles_pairs[DENSE_ROWS_1 + 1] = {DENSE_LOW_1(DENSE_ENTRY_1)
                                                              DENSE_TALL_1(DENSE_ENTRY_PAIRS)};
static dense_fn *const dense_pairs_copies[DENSE_ROWS_1 + 1] = {[DENSE_ROWS_1] = dense_pairs_near};
static const dense_tiles dense_narrow_pairs = {1, DENSE_ROWS_1, dense_tiles_pairs, dense_pairs_copies};

#define GRADIENT_PAIRS(R) GRADIENT_TILE(gradient_pairs_##R, R, 1, PAIRS)
#define GRADIENT_ENTRY_PAIRS(R) {R, gradient_pairs_##R},
GRADIENT_TALL_1(GRADIENT_PAIRS)
static const gradient_size gradient_narrow_pairs[] = {GRADIENT_TALL_1(GRADIENT_ENTRY_PAIRS)
                                                      GRADIENT_LOW_1(GRADIENT_ENTRY_1)};
#define WITH_PAIRS(tuning, pairs_tiles, other_tiles) ((tuning)->pairs ? (pairs_tiles) : (other_tiles))
#else
#define WITH_PAIRS(tuning, pairs_tiles, other_tiles) (other_tiles)
#endif

static void dense(const cmlp_dense_input *x, const cmlp_product *to)
{
    dense_with(WITH_PAIRS(to->tuning, &dense_narrow_pairs, &dense_narrow), x, to);
}

static void gradient(const cmlp_gradient_input *a, const cmlp_gradient_output *to)
{
    gradient_with(WITH_PAIRS(to->tuning, gradient_narrow_pairs, gradient_narrow), a, to);
}
