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

VEC_FN void fetch(const void *const *rows, int64_t k0, int64_t k1, const int R)
{
    NO_UNROLL for (int r = 0; r < R; r++)
        NO_UNROLL for (int64_t k = k0; k < k1; k += CMLP_LINE / (int64_t)sizeof(T)) CMLP_PREFETCH((const T *)rows[r] + k);
}

/* sum += R rows' columns [k0, k1). */
VEC_FN void dense_columns(const T *const x[], int64_t k0, int64_t k1, const T *w, int64_t ldw, VT tail, V sum[][2],
                          const int R, const int C, const int whole)
{
    NO_UNROLL for (int64_t k = k0; k < k1; k++) {
        const T *row = w + k * ldw;
        V wv[2];
        UNROLL for (int c = 0; c < C; c++) wv[c] = load_last(row + c * VL, tail, whole || c < C - 1);
        UNROLL for (int r = 0; r < R; r++) {
            V xv = v_set1(x[r][k]);
            UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_fma(xv, wv[c], sum[r][c]);
        }
    }
}

/* The same of a tile one vector wide, GROUP columns at once: it has more rows than there are registers for pointers,
 * and so little to do for each column that fetching them counts. */
VEC_FN void dense_group(const T *const x[], int64_t k, const T *w, int64_t ldw, VT tail, V sum[][2], const int R,
                        const int whole)
{
    V wv[GROUP];
    UNROLL for (int u = 0; u < GROUP; u++) wv[u] = load_last(w + (k + u) * ldw, tail, whole);
    UNROLL for (int r = 0; r < R; r++) {
        const T *row = x[r] + k;
        UNROLL for (int u = 0; u < GROUP; u++) sum[r][0] = v_fma(v_set1(row[u]), wv[u], sum[r][0]);
    }
}

/* sum += a chunk of R rows, of which the marked columns. The next tile's rows are fetched bit by bit: all at once would
 * hold up what is computed. */
VEC_FN void dense_marked(const T *const rows[], const void *const *ahead, const uint64_t *marks, int64_t k0, int64_t k1,
                         const T *w, int64_t ldw, VT tail, V sum[][2], const int R, const int C, const int whole)
{
    const int by_groups = C == 1 && DENSE_BY_GROUPS;
    int64_t fetched = ahead ? k0 : k1;
    for (int64_t i = 0; k0 + i * MARKS < k1; i++) {
        uint64_t left = marks_within(by_groups ? mark_groups(marks[i]) : marks[i], i, 0, k1 - k0);
        for (; left; left &= left - 1) {
            const int64_t k = k0 + i * MARKS + lowest_bit(left);
            if (fetched < k1) {
                fetch(ahead, fetched, fetched + 1, R);
                fetched += CMLP_LINE / (int64_t)sizeof(T);
            }
            OPAQUE(fetched);
            if (by_groups && k1 - k >= GROUP)
                dense_group(rows, k, w, ldw, tail, sum, R, whole);
            else
                dense_columns(rows, k, by_groups ? k1 : k + 1, w, ldw, tail, sum, R, C, whole);
        }
    }
    fetch(ahead, fetched, k1, R);
}

VEC_FN void dense_tile(const cmlp_matrix *x, lit_count *count, int64_t n_in, const T *w, int64_t ldw, const T *bias,
                       int64_t last, T *z, int64_t ldz, const int R, const int C, const int whole)
{
    const VT tail = v_tail(last);
    for (int64_t k0 = 0; !k0 || k0 < n_in; k0 += CMLP_CHUNK) { /* once even for no inputs: z = b + 0 */
        const int64_t k1 = n_in - k0 < CMLP_CHUNK ? n_in : k0 + CMLP_CHUNK;
        uint64_t marks[CMLP_CHUNK / MARKS] = {~UINT64_C(0), ~UINT64_C(0)};
        const int looked = x->lit && mark_lit(x, R, k0, k1 - k0, marks, count);
        const T *rows[DENSE_ROWS_1]; /* read anew for each loop, or GCC keeps them where the other leaves room */
        V sum[DENSE_ROWS_1][2];
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_zero();
        if (looked || (C == 1 && DENSE_BY_GROUPS)) {
            UNROLL for (int r = 0; r < R; r++) rows[r] = x->list[r];
            dense_marked(rows, x->ahead, marks, k0, k1, w, ldw, tail, sum, R, C, whole);
        } else {
            if (x->ahead) fetch(x->ahead, k0, k1, R);
            UNROLL for (int r = 0; r < R; r++) rows[r] = x->list[r];
            dense_columns(rows, k0, k1, w, ldw, tail, sum, R, C, whole);
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

typedef void dense_fn(const cmlp_matrix *x, lit_count *count, int64_t n_in, const T *w, int64_t ldw, const T *bias,
                      int64_t last, T *z, int64_t ldz);

#define DENSE_TILE(R, C)                                                                                       \
    static void dense_##R##x##C(const cmlp_matrix *x, lit_count *count, int64_t n_in, const T *w, int64_t ldw, \
                                const T *bias, int64_t last, T *z, int64_t ldz)                                \
    {                                                                                                          \
        WHOLE_OR_NOT(last, dense_tile, x, count, n_in, w, ldw, bias, last, z, ldz, R, C);                      \
    }
#define DENSE_ENTRY_1(R) [R] = dense_##R##x1,
#define DENSE_ENTRY_2(R) [R] = dense_##R##x2,
#define DENSE_TILE_1(R) DENSE_TILE(R, 1)
#define DENSE_TILE_2(R) DENSE_TILE(R, 2)
DENSE_EACH_1(DENSE_TILE_1)
DENSE_EACH_2(DENSE_TILE_2)
/* By height. Of the odd ones all up to half of the tallest are there. */
static dense_fn *const dense_tiles_1[DENSE_ROWS_1 + 1] = {DENSE_EACH_1(DENSE_ENTRY_1)};
static dense_fn *const dense_tiles_2[DENSE_ROWS_2 + 1] = {DENSE_EACH_2(DENSE_ENTRY_2)};

/* The next tile's height, where so many rows are left: all nearly equal, so that there is no small rest. */
static int64_t dense_height(dense_fn *const *tiles, int64_t tallest, int64_t left)
{
    const int64_t n = (left + tallest - 1) / tallest, height = (left + n - 1) / n;
    if (tiles[height]) return height;
    return height < left ? height + 1 : (height + 1) / 2;
}

static void dense(const cmlp_matrix *x, int64_t rows, int64_t n_in, const void *w, int64_t ldw, const void *bias,
                  int64_t n_out, void *z, int64_t ldz)
{
    const T *wt = w, *bt = bias;
    T *zt = z;
    lit_count count = {0};
    if (rows == 1) {
        if (x->lit) mark_nonzero(AT_ROW(x, 0), n_in, x->lit, n_in);
        dense_row(AT_ROW(x, 0), n_in, wt, ldw, bt, n_out, zt);
        return;
    }
    for (int64_t j = 0; j < n_out;) {
        int64_t left = n_out - j;
        int wide = left > VL;
        int64_t width = wide ? (left < 2 * VL ? left : 2 * VL) : left;
        int64_t last = wide ? width - VL : width;
        dense_fn *const *tiles = wide ? dense_tiles_2 : dense_tiles_1;
        for (int64_t i0 = 0, n; i0 < rows; i0 += n) {
            n = dense_height(tiles, wide ? DENSE_ROWS_2 : DENSE_ROWS_1, rows - i0);
            const void *list[DENSE_ROWS_1];
            for (int64_t r = 0; r < n; r++) list[r] = AT_ROW(x, i0 + r);
            const cmlp_matrix tile_rows = {.list = list, .ahead = x->ahead && !j ? x->ahead + i0 : 0, .lit = x->lit};
            tiles[n](&tile_rows, &count, n_in, wt + j, ldw, bt ? bt + j : no_bias, last, zt + i0 * ldz + j, ldz);
        }
        j += width;
    }
}
