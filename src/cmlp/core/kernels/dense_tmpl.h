/* Dense product z = b + x W. A tile is R rows of x by C vectors of columns: its sums stay in registers while k runs
 * through a chunk, its totals in z. Each x element is loaded once per tile and used C times, each vector of W R times.
 * A chunk's rows of W stay in the second cache for all rows of x, a tile's rows of x in the first for all columns.
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

#define LINE (CMLP_LINE / (int)sizeof(T)) /* elements */

/* A chunk of some rows. */
static void fetch(const void *const *rows, int64_t n_rows, int64_t k0, int64_t n)
{
    for (int64_t r = 0; r < n_rows; r++)
        for (int64_t k = k0; k < k0 + n; k += LINE) CMLP_PREFETCH((const T *)rows[r] + k);
}

/* One chunk: z = before + x W. `before` (ldb) is the bias or z. */
VEC_FN void dense_tile(const T *DENSE_LIST *x, int64_t n_in, const T *w, int64_t ldw, const T *before, int64_t ldb,
                       int64_t last, T *z, int64_t ldz, const int R, const int C, const int whole)
{
    const VT tail = v_tail(last);
    V sum[DENSE_ROWS_1][2];
    UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_zero();
    for (int64_t k = 0; k < n_in; k++) {
        const T *row = w + k * ldw;
        V wv[2];
        if (C == 2) /* the next strip's; W may come from the third cache */
            UNROLL for (int c = 0; c < 2; c++)
                if (!(c * VL % LINE)) CMLP_PREFETCH(row + (2 + c) * VL);
        UNROLL for (int c = 0; c < C; c++) wv[c] = load_last(row + c * VL, tail, whole || c < C - 1);
        UNROLL for (int r = 0; r < R; r++) {
            V xv = v_set1(x[r][k]);
            UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_fma(xv, wv[c], sum[r][c]);
        }
    }
    UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int c = 0; c < C; c++) {
            const int full = whole || c < C - 1;
            V total = v_add(load_last(before + r * ldb + c * VL, tail, full), v_zero()); /* -0 becomes +0 */
            store_last(z + r * ldz + c * VL, tail, full, v_add(total, sum[r][c]));
        }
}

static const T no_bias[2 * VL];

typedef void dense_fn(const T *DENSE_LIST *x, int64_t n_in, const T *w, int64_t ldw, const T *before, int64_t ldb,
                      int64_t last, T *z, int64_t ldz);

#define DENSE_TILE(R, C)                                                                                        \
    static void dense_##R##x##C(const T *DENSE_LIST *x, int64_t n_in, const T *w, int64_t ldw, const T *before, \
                                int64_t ldb, int64_t last, T *z, int64_t ldz)                                   \
    {                                                                                                           \
        WHOLE_OR_NOT(last, dense_tile, x, n_in, w, ldw, before, ldb, last, z, ldz, R, C);                       \
    }
#define DENSE_NAME_1(R) dense_##R##x1,
#define DENSE_NAME_2(R) dense_##R##x2,
#define DENSE_TILE_1(R) DENSE_TILE(R, 1)
#define DENSE_TILE_2(R) DENSE_TILE(R, 2)
DENSE_EACH_1(DENSE_TILE_1)
DENSE_EACH_2(DENSE_TILE_2)
static dense_fn *const dense_tiles_1[DENSE_ROWS_1] = {DENSE_EACH_1(DENSE_NAME_1)};
static dense_fn *const dense_tiles_2[DENSE_ROWS_2] = {DENSE_EACH_2(DENSE_NAME_2)};

/* Rows this far apart share so few places of the first cache that a tile's rows push each other out. */
#define CLASH 2048 /* bytes */
#define COPY_LD (CMLP_CHUNK + LINE)

/* The n elements from k0 on of rows [i, i + height), where they are, or copied together. */
static void tile_rows(const cmlp_matrix *x, int64_t i, int64_t height, int64_t k0, int64_t n, T *copy, const T **list)
{
    for (int64_t r = 0; r < height; r++) {
        list[r] = AT_ROW(x, i + r) + k0;
        if (!copy) continue;
        T *to = copy + r * COPY_LD;
        for (int64_t k = 0; k < n; k += VL) store_lanes(to + k, n - k, load_lanes(list[r] + k, n - k));
        list[r] = to;
    }
}

/* Strips of two vectors, the last of which may be partial, or one of a single vector. */
static void dense_columns(const cmlp_matrix *x, int64_t rows, int64_t n_in, const T *w, int64_t ldw, const T *bias,
                          int64_t n_out, T *z, int64_t ldz)
{
    const int vectors = n_out > VL ? 2 : 1;
    const int64_t most = vectors == 2 ? DENSE_ROWS_2 : DENSE_ROWS_1, width = vectors * VL;
    dense_fn *const *tiles = vectors == 2 ? dense_tiles_2 : dense_tiles_1;
    const T *list[DENSE_ROWS_1];
    T copy[DENSE_ROWS_1 * COPY_LD];
    const int clash = rows > 1 && !(((uintptr_t)AT_ROW(x, 0) ^ (uintptr_t)AT_ROW(x, 1)) % CLASH);
    for (int64_t k = 0; !k || k < n_in; k += CMLP_CHUNK) { /* once even for no inputs: z = b + 0 */
        const int64_t n = n_in - k < CMLP_CHUNK ? n_in - k : CMLP_CHUNK;
        int64_t left = (rows + most - 1) / most; /* tiles, of nearly equal height: no small rest */
        for (int64_t i = 0, height; i < rows; i += height, left--) {
            height = (rows - i) / left;
            if (x->ahead) fetch(x->ahead + i, height, k, n);
            tile_rows(x, i, height, k, n, clash && n_out > width ? copy : NULL, list);
            for (int64_t j = 0; j < n_out; j += width) {
                const int64_t last = n_out - j < width ? n_out - j - width + VL : VL;
                T *at = z + i * ldz + j;
                const T *before = k ? at : bias ? bias + j : no_bias;
                tiles[height - 1](list, n, w + k * ldw + j, ldw, before, k ? ldz : 0, last, at, ldz);
            }
        }
    }
}

/* Of wider layers the rows that will be read next are not fetched ahead: they would push W out of the second cache. */
#define FETCH_OUTPUTS 64

static void dense(const cmlp_matrix *x, int64_t rows, int64_t n_in, const void *w, int64_t ldw, const void *bias,
                  int64_t n_out, void *z, int64_t ldz)
{
    const T *wt = w, *bt = bias;
    T *zt = z;
    if (rows == 1) {
        dense_row(AT_ROW(x, 0), n_in, wt, ldw, bt, n_out, zt);
        return;
    }
    cmlp_matrix left = *x;
    const int64_t rest = n_out % (2 * VL), wide = rest > VL ? n_out : n_out - rest;
    if (n_out > FETCH_OUTPUTS) left.ahead = NULL;
    if (wide) {
        dense_columns(&left, rows, n_in, wt, ldw, bt, wide, zt, ldz);
        left.ahead = NULL;
    }
    if (wide < n_out)
        dense_columns(&left, rows, n_in, wt + wide, ldw, bt ? bt + wide : NULL, n_out - wide, zt + wide, ldz);
}
