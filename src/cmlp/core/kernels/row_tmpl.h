/* Dense product of a lone row. One chain would wait for itself: every fma takes four cycles and there is only one row
 * to fill them with. So a narrow layer runs S chunks of the input side by side, a wide one C vectors of columns; the
 * sums are the same chains, added in the same order, as in dense_tmpl.h. */

#define ROW_CHUNKS 8  /* side by side, for one vector of columns; half as many for two */
#define ROW_VECTORS 8 /* side by side, in one chunk */

/* total += chunk sums of S whole chunks, or of one of `length` inputs where S is 1. */
VEC_FN void row_tile(const T *x, int64_t length, const T *w, int64_t ldw, int64_t last, T *total, const int S,
                     const int C, const int whole)
{
    const VT tail = v_tail(last);
    V sum[ROW_CHUNKS][ROW_VECTORS];
    UNROLL for (int s = 0; s < S; s++)
        UNROLL for (int c = 0; c < C; c++) sum[s][c] = v_zero();
    for (int64_t k = 0; k < length; k++)
        UNROLL for (int s = 0; s < S; s++) {
            const T *row = w + (k + s * CMLP_CHUNK) * ldw;
            V xv = v_set1(x[k + s * CMLP_CHUNK]);
            UNROLL for (int c = 0; c < C; c++) {
                V wv = load_last(row + c * VL, tail, whole || c < C - 1);
                sum[s][c] = v_fma(xv, wv, sum[s][c]);
            }
        }
    UNROLL for (int s = 0; s < S; s++)
        UNROLL for (int c = 0; c < C; c++) {
            const int64_t n = c == C - 1 ? last : VL;
            store_lanes(total + c * VL, n, v_add(load_lanes(total + c * VL, n), sum[s][c]));
        }
}

typedef void row_fn(const T *x, int64_t length, const T *w, int64_t ldw, int64_t last, T *total);

#define ROW_TILE(S, C)                                                                                      \
    static void row_##S##x##C(const T *x, int64_t length, const T *w, int64_t ldw, int64_t last, T *total)  \
    {                                                                                                       \
        WHOLE_OR_NOT(last, row_tile, x, length, w, ldw, last, total, S, C);                                 \
    }
ROW_TILE(1, 1) ROW_TILE(2, 1) ROW_TILE(3, 1) ROW_TILE(4, 1) ROW_TILE(5, 1) ROW_TILE(6, 1) ROW_TILE(7, 1) ROW_TILE(8, 1)
ROW_TILE(1, 2) ROW_TILE(2, 2) ROW_TILE(3, 2) ROW_TILE(4, 2)
ROW_TILE(1, 3) ROW_TILE(1, 4) ROW_TILE(1, 5) ROW_TILE(1, 6) ROW_TILE(1, 7) ROW_TILE(1, 8)

/* [vectors - 1][chunks - 1] */
static row_fn *const row_tiles[ROW_VECTORS][ROW_CHUNKS] = {
    {row_1x1, row_2x1, row_3x1, row_4x1, row_5x1, row_6x1, row_7x1, row_8x1},
    {row_1x2, row_2x2, row_3x2, row_4x2},
    {row_1x3}, {row_1x4}, {row_1x5}, {row_1x6}, {row_1x7}, {row_1x8},
};

static void dense_row(const T *x, int64_t n_in, const T *w, int64_t ldw, const T *bias, int64_t n_out, T *z)
{
    for (int64_t j = 0; j < n_out; j += VL)
        store_lanes(z + j, n_out - j, bias ? v_add(load_lanes(bias + j, n_out - j), v_zero()) : v_zero());
    for (int64_t j = 0, width; j < n_out; j += width) {
        width = n_out - j < ROW_VECTORS * VL ? n_out - j : ROW_VECTORS * VL;
        const int64_t vectors = (width + VL - 1) / VL, last = width - (vectors - 1) * VL;
        const int64_t most = vectors == 1 ? ROW_CHUNKS : vectors == 2 ? ROW_CHUNKS / 2 : 1;
        for (int64_t k = 0, length; k < n_in; k += length) {
            int64_t chunks = (n_in - k) / CMLP_CHUNK;
            chunks = chunks > most ? most : chunks;
            length = chunks ? chunks * CMLP_CHUNK : n_in - k;
            row_tiles[vectors - 1][chunks ? chunks - 1 : 0](x + k, chunks ? CMLP_CHUNK : length, w + k * ldw + j, ldw,
                                                            last, z + j);
        }
    }
}
