/* Dense product z = b + x W. A tile is R rows of x by C vectors of columns: its sums stay in registers while k runs
 * through a chunk, its totals in z. Each x element is loaded once per tile and used C times, each vector of W R times.
 *
 *            C vectors of W's row k
 *           [ w ][ w ]
 *   x[0][k] [+= ][+= ]
 *   x[1][k] [+= ][+= ]     R x C independent chains of fma hide its latency
 *   ...
 */

/* DENSE_ROWS_1 and _2 (rows of a tile one or two vectors wide) are set beside the vector header: so many that all
 * sums fit in the registers. */

#define AT_ROW(matrix, i) \
    ((const T *)((matrix)->list ? (matrix)->list[i] : (const void *)((const T *)(matrix)->base + (i) * (matrix)->ld)))

/* One chunk of R rows. */
VEC_FN void fetch(const void *const *rows, int64_t k0, int64_t k1, const int R)
{
    for (int r = 0; r < R; r++)
        for (int64_t k = k0; k < k1; k += CMLP_LINE / (int64_t)sizeof(T)) CMLP_PREFETCH((const T *)rows[r] + k);
}

VEC_FN void dense_tile(const T *const *x, const void *const *ahead, int64_t n_in, const T *w, int64_t ldw,
                       const T *bias, int64_t last, T *z, int64_t ldz, const int R, const int C, const int whole)
{
    const VT tail = v_tail(last);
    for (int64_t k0 = 0; !k0 || k0 < n_in; k0 += CMLP_CHUNK) { /* once even for no inputs: z = b + 0 */
        int64_t k1 = n_in - k0 < CMLP_CHUNK ? n_in : k0 + CMLP_CHUNK;
        V sum[DENSE_ROWS_1][2];
        if (ahead) fetch(ahead, k0, k1, R);
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_zero();
        for (int64_t k = k0; k < k1; k++) {
            const T *row = w + k * ldw;
            V wv[2];
            UNROLL for (int c = 0; c < C; c++) wv[c] = load_last(row + c * VL, tail, whole || c < C - 1);
            UNROLL for (int r = 0; r < R; r++) {
                V xv = v_set1(x[r][k]);
                UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_fma(xv, wv[c], sum[r][c]);
            }
        }
        const T *before = k0 ? z : bias;
        const int64_t ld = k0 ? ldz : 0;
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int c = 0; c < C; c++) {
                const int full = whole || c < C - 1;
                V total = v_add(load_last(before + r * ld + c * VL, tail, full), v_zero()); /* -0 becomes +0 */
                store_last(z + r * ldz + c * VL, tail, full, v_add(total, sum[r][c]));
            }
    }
}

static const T no_bias[2 * VL];

typedef void dense_fn(const T *const *x, const void *const *ahead, int64_t n_in, const T *w, int64_t ldw, const T *bias,
                      int64_t last, T *z, int64_t ldz);

#define DENSE_TILE(R, C)                                                                                           \
    static void dense_##R##x##C(const T *const *x, const void *const *ahead, int64_t n_in, const T *w, int64_t ldw, \
                                const T *bias, int64_t last, T *z, int64_t ldz)                                     \
    {                                                                                                              \
        WHOLE_OR_NOT(last, dense_tile, x, ahead, n_in, w, ldw, bias, last, z, ldz, R, C);                           \
    }
#define DENSE_NAME_1(R) dense_##R##x1,
#define DENSE_NAME_2(R) dense_##R##x2,
#define DENSE_TILE_1(R) DENSE_TILE(R, 1)
#define DENSE_TILE_2(R) DENSE_TILE(R, 2)
DENSE_EACH_1(DENSE_TILE_1)
DENSE_EACH_2(DENSE_TILE_2)
static dense_fn *const dense_tiles_1[DENSE_ROWS_1] = {DENSE_EACH_1(DENSE_NAME_1)};
static dense_fn *const dense_tiles_2[DENSE_ROWS_2] = {DENSE_EACH_2(DENSE_NAME_2)};

static void dense(const cmlp_matrix *x, int64_t rows, int64_t n_in, const void *w, int64_t ldw, const void *bias,
                  int64_t n_out, void *z, int64_t ldz)
{
    const T *wt = w, *bt = bias;
    T *zt = z;
    if (rows == 1) {
        dense_row(AT_ROW(x, 0), n_in, wt, ldw, bt, n_out, zt);
        return;
    }
    for (int64_t j = 0; j < n_out;) {
        int64_t left = n_out - j;
        int wide = left > VL;
        int64_t width = wide ? (left < 2 * VL ? left : 2 * VL) : left;
        int64_t last = wide ? width - VL : width;
        int64_t most = wide ? DENSE_ROWS_2 : DENSE_ROWS_1;
        int64_t tiles = (rows + most - 1) / most;
        for (int64_t t = 0; t < tiles; t++) { /* tiles of nearly equal height: no small rest */
            int64_t i0 = rows * t / tiles, n = rows * (t + 1) / tiles - i0;
            const T *list[DENSE_ROWS_1];
            for (int64_t r = 0; r < n; r++) list[r] = AT_ROW(x, i0 + r);
            dense_fn *tile = wide ? dense_tiles_2[n - 1] : dense_tiles_1[n - 1];
            const void *const *ahead = x->ahead && !j ? x->ahead + i0 : 0;
            tile(list, ahead, n_in, wt + j, ldw, bt ? bt + j : no_bias, last, zt + i0 * ldz + j, ldz);
        }
        j += width;
    }
}
