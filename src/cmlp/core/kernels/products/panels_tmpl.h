/* Dense products of many rows with wide layers. A panel is one chunk of a strip of W, two vectors wide, whose rows are
 * copied next to each other. The tile of the first rows copies them while it multiplies; the following tiles read the
 * panel from the L1 cache. Without a copy, the rows of a wide W share so few sets of that cache that each tile reads
 * them from the L2 cache again. All tiles of a strip are in one function: a call for each of them takes 4 % longer.
 * dense_tmpl.h explains tiles, strips and chunks. */

/* tiles_<isa>.h defines PANELS: whether an instruction set has these functions. Code optimized for size has none of
 * them: with the prefetches in tiles, they are 5,000 bytes. */
#if PANELS

#ifndef PANEL_BYTES
#define PANEL_BYTES 512 /* smallest row of W */
#endif
#define PANEL_HEIGHT DENSE_ROWS_2         /* rows of a tile; some tiles have one row less */
#define PANEL_ROWS CMLPI_CHUNK             /* largest block of rows. Its part of x and z stays in the L2 cache */
#define MIN_PANEL_ROWS (6 * PANEL_HEIGHT) /* from 5 * 6 + 1 rows on, the first tile is never one row less */
#define PANEL_ELEMENTS (CMLPI_CHUNK * 2 * VL)
CMLPI_ASSERT(PANEL_ELEMENTS * sizeof(T) <= CMLPI_COPY_BYTES, "a panel");

/* A strip of a block of rows, from the current tile on. */
typedef struct dense_panel {
    const T *w;            /* the strip's rows of W */
    T *panel;              /* their copy */
    const T *const *rows;  /* the rows' elements of this chunk */
    const void *const *later; /* NULL, or later rows to prefetch, whole chunks */
    int64_t n;             /* columns of x in this chunk */
    int64_t ahead, n_ahead; /* columns of the rows to prefetch for the next chunk, relative to this one */
    const T *next;         /* the next strip of W, of which each tile prefetches some rows */
    int64_t n_next;
    const T *before; /* see dense_strip */
    T *z;
    int64_t ldw, ldb, ldz;
} dense_panel;

VEC_FN void panel_tiles(dense_panel *strip, int64_t tiles, const int R, const int copies)
{
    const dense_panel s = *strip;
    const T *const *rows = s.rows, *before = s.before, *next = s.next;
    const void *const *later = s.later;
    T *z = s.z;
    for (int64_t tile = 0; tile < tiles; tile++) {
        const T *x[PANEL_HEIGHT], *w = copies ? s.w : s.panel;
        V sum[PANEL_HEIGHT][2];
        UNROLL for (int r = 0; r < R; r++) x[r] = rows[r];
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int c = 0; c < 2; c++) sum[r][c] = v_zero();
        if (later) {
            prefetch_rows(later, R, 0, s.n);
            later += R;
        }
        prefetch_rows((const void *const *)rows, R, s.ahead, s.n_ahead);
        NO_UNROLL for (int64_t l = 0; l < s.n_next; l++, next += s.ldw) CMLPI_PREFETCH(next);
        NO_UNROLL for (int64_t k = 0; k < s.n; k++) {
            V wv[2];
            UNROLL for (int c = 0; c < 2; c++) wv[c] = v_load(w + c * VL);
            if (copies) UNROLL for (int c = 0; c < 2; c++) v_store(s.panel + (2 * k + c) * VL, wv[c]);
            w += copies ? s.ldw : 2 * VL;
            UNROLL for (int r = 0; r < R; r++) {
                const V xv = v_set1(x[r][k]);
                UNROLL for (int c = 0; c < 2; c++) sum[r][c] = v_fma(xv, wv[c], sum[r][c]);
            }
        }
        UNROLL for (int r = 0; r < R; r++) {
            UNROLL for (int c = 0; c < 2; c++) {
                const V total = v_add(v_load(before + c * VL), v_zero()); /* -0 becomes +0 */
                v_store(z + c * VL, v_add(total, sum[r][c]));
            }
            before += s.ldb;
            z += s.ldz;
        }
        rows += R;
    }
    strip->rows = rows;
    strip->later = later;
    strip->next = next;
    strip->before = before;
    strip->z = z;
}

REAL_FN void panel_first(dense_panel *strip) { panel_tiles(strip, 1, PANEL_HEIGHT, 1); }
REAL_FN void panel_high(dense_panel *strip, int64_t tiles) { panel_tiles(strip, tiles, PANEL_HEIGHT, 0); }
REAL_FN void panel_low(dense_panel *strip, int64_t tiles) { panel_tiles(strip, tiles, PANEL_HEIGHT - 1, 0); }

/* The chunk [k, k + n) of `n_rows` rows, whose elements of the chunk start at rows[0], rows[1], ... */
static void panel_chunk(const cmlpi_dense_input *x, const cmlpi_product *to, const T *const *rows, int64_t i,
                        int64_t n_rows, int64_t k, int64_t n, int64_t columns)
{
    static const T zeros[2 * VL];
    const int64_t tiles = (n_rows + PANEL_HEIGHT - 1) / PANEL_HEIGHT, high = n_rows - (PANEL_HEIGHT - 1) * tiles;
    const int64_t left = x->n_in - k - n, n_after = left < CMLPI_CHUNK ? left : CMLPI_CHUNK, width = 2 * VL;
    const int64_t lines = (n_after + LINE - 1) / LINE;
    const T *w = (const T *)to->w + k * to->ldw, *bias = to->bias;
    for (int64_t j = 0; j < columns; j += width) {
        const int is_last = j + width == columns;
        const int64_t line = lines * j / columns, n_lines = lines * (j + width) / columns - line;
        T *z = (T *)to->z + i * to->ldz + j;
        dense_panel strip = {.w = w + j, .panel = x->copy, .rows = rows, .n = n, .ahead = n + line * LINE,
                             .n_ahead = n_lines * LINE, .ldw = to->ldw, .z = z, .ldz = to->ldz};
        if (!j && !k && x->prefetch) strip.later = x->prefetch + i;
        strip.next = is_last ? w + n * to->ldw : w + j + width;
        strip.n_next = ((is_last ? n_after : n) + tiles - 1) / tiles;
        strip.before = k ? z : bias ? bias + j : zeros;
        if (k) strip.ldb = to->ldz;
        panel_first(&strip);
        panel_high(&strip, high - 1);
        panel_low(&strip, tiles - high);
    }
}

/* Computes the first columns of z, in strips of two whole vectors, and returns their number; 0 if panels do not pay. */
static int64_t dense_panels(const cmlpi_dense_input *x, const cmlpi_product *to)
{
    const int64_t columns = to->n_out - to->n_out % (2 * VL), blocks = (x->n_rows + PANEL_ROWS - 1) / PANEL_ROWS;
    if (!to->tuning->panels || !x->copy || x->byte_scale != 0 || x->column_mask || x->n_rows < MIN_PANEL_ROWS ||
        x->n_in == 0 || to->n_out * (int64_t)sizeof(T) < PANEL_BYTES)
        return 0;
    for (int64_t b = 0, i = 0, end; b < blocks; b++, i = end) {
        const T *rows[PANEL_ROWS];
        end = x->n_rows * (b + 1) / blocks;
        for (int64_t k = 0, n; k < x->n_in; k += n) {
            n = x->n_in - k < CMLPI_CHUNK ? x->n_in - k : CMLPI_CHUNK;
            for (int64_t r = i; r < end; r++) rows[r - i] = AT_ROW(x, r) + k;
            panel_chunk(x, to, rows, i, end - i, k, n, columns);
        }
    }
    return columns;
}

#else
VEC_FN int64_t dense_panels(const cmlpi_dense_input *x, const cmlpi_product *to)
{
    (void)x;
    (void)to;
    return 0;
}
#endif
