/* Dense product z = b + x W. A tile is R rows of x by a strip of C vectors of columns. Its sums stay in registers for
 * one chunk of k, and z holds the totals over all chunks. A tile loads each element of x once and uses it C times; it
 * uses each vector of W R times. A block of rows of W stays in the L2 cache for all rows of x, and a tile's rows of x
 * stay in the L1 cache for all strips.
 *
 *            C vectors of W's row k
 *           [ w ][ w ]
 *   x[0][k] [+= ][+= ]
 *   x[1][k] [+= ][+= ]     R x C independent chains of fma hide its latency
 *   ...
 *
 * Variants. Each is for a case; without it, this case takes as many times its time. Figures without a processor are medians of
 * CPU times on Zen 3 (AVX2, float32, noise 2 %), in one process with and without in turn; the others are those of
 * PERFORMANCE.md and tunings.h. A variant that gains less than 3 % in its case, on every set that has it, is removed.
 *
 * | variant | sets | case | time without it |
 * | --- | --- | --- | --- |
 * | DENSE_UNROLL | AVX2 | 784-16-16-10, predict; train | 1.21; 1.10 |
 * | next_weights | all | 784-16-16-10, predict; train | 1.23; 1.09 |
 * | DENSE_BLOCK | all | 784-16-16-10, predict uint8; dense rows | 1.31; 1.13 |
 * | PACED_ROWS | AVX2 | 784-16-16-10, predict; 512-16-10, train | 1.07; 1.09 |
 * | PACED | all but generic | 784-8-8-10, rows in random order, train | 1.03; 1.22 (Zen 5, AVX2) |
 * | dense_near | AVX2, AVX-512, NEON | 784-8-10, predict uint8 | 1.04 to 1.07 |
 * | copies of rows, CLASHES | AVX-512, NEON | 512 -> 512, float64 | 1.18 (Zen 4) |
 * | dense_panels | AVX2 | 784-512-512-10, train | 1.08 (Zen 4) |
 * | dense_pairs | AVX-512 | 784-16-16-10, dense rows, train | 1.13 (Zen 5) |
 * | DENSE_COPIES_2; W_AHEAD for them | AVX-512 | 784-512-512-10, train | 1.02; 1.04 (Intel) |
 * | whole | AVX-512 | 784-128-64-10, train | 1.04 (Intel) |
 * | tile_masked | all | a layer 784 x 16, rows of digits | 1.22 (AVX2); 1.24 (AVX-512) |
 * | dense_row | all | 784-16-16-10, one row of digits; one dense row | 2.20; 1.49 (generic: 3.2; 0.99) |
 * | dense_by_rows | generic without an instruction for fma | a table with four networks 128-128, 100 rows | 1.56 (instructions) |
 * | dense_masked | all | 784-128-64-10, train, rows of digits | 2.1 with that of the gradient (AVX-512) |
 */

/* tiles_<isa>.h defines the tallest tiles of one and two vectors (DENSE_ROWS_1 and _2), whose sums fit in registers,
 * and lists all heights (DENSE_EACH_1 and _2). dense_6x2() is dense_tile() for 6 rows and 2 vectors. */

/* Columns of a tile's rows, and the later rows to prefetch. While the tile computes, it prefetches their columns
 * [k, k + n_prefetch) and counts them in `prefetched`. */
typedef struct dense_rows {
    const T *list[DENSE_ROWS_1];
    const uint64_t *mask; /* of the columns with nonzero elements, or NULL: all columns */
    const void *const *prefetch;
    int64_t k, n_prefetch, prefetched;
} dense_rows;

CMLPI_ASSERT(DENSE_ROWS_1 * (CMLPI_CHUNK + LINE) * sizeof(T) <= CMLPI_COPY_BYTES, "a tile's rows");

/* Row r of a tile. Adjacent copies have a constant distance from `near`, so that no pointers need to be loaded. */
#define COPY_LD (CMLPI_CHUNK + LINE)
#define TILE_ROW(x, r) (flags & NEAR ? near + (r) * COPY_LD : (x)[r])

/* A strip of columns: of W, of the result z, and of what precedes the product in z's sum: the bias or z itself. */
typedef struct dense_strip {
    const T *w, *before;
    T *z;
    int64_t ldw, ldb, ldz; /* distances between rows; ldb is 0 for the bias */
    int64_t last;          /* columns in the last vector */
    int whole;             /* cmlpi_tuning */
} dense_strip;

/* sum += R rows' columns [k0, k1). `tail` masks the last vector of the strip. Tiles of two vectors prefetch memory at
 * next + k * ld_next for each column k. */
VEC_FN void tile_columns(const T *DENSE_LIST *x, int64_t k0, int64_t k1, const dense_strip *strip, const T *next,
                         int64_t ld_next, VT tail, V sum[][2], const int R, const int C, const int flags,
                         const int full)
{
    const T *const near = flags & NEAR ? x[0] : NULL;
    DENSE_UNROLL for (int64_t k = k0; k < k1; k++) {
        const T *row = strip->w + k * strip->ldw;
        V wv[2];
        if (C == 2)
            UNROLL for (int c = 0; c < 2; c++)
                if (!(c * VL % LINE)) CMLPI_PREFETCH(next + k * ld_next + c * VL);
        UNROLL for (int c = 0; c < C; c++) wv[c] = load_last(row + c * VL, tail, full || c < C - 1);
        UNROLL for (int r = 0; r < R; r++) {
            V xv = v_set1(TILE_ROW(x, r)[k]);
            UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_fma(xv, wv[c], sum[r][c]);
        }
    }
}

/* W may be in the L3 cache: tiles prefetch the next strip, or later rows of this one. */
VEC_FN const T *next_weights(const dense_strip *strip, const int flags)
{
    return strip->w + (flags & NEAR ? W_AHEAD * strip->ldw : 2 * VL);
}

/* The same for a tile one vector wide, GROUP columns at once. The tile has more rows than there are registers for row
 * pointers, and with one column at a time loading the pointers would take a large part of the time. */
VEC_FN void tile_group(const T *DENSE_LIST *x, int64_t k, const dense_strip *strip, VT tail, V sum[][2], const int R,
                       const int flags, const int full)
{
    const T *const near = flags & NEAR ? x[0] : NULL;
    V wv[GROUP];
    UNROLL for (int u = 0; u < GROUP; u++) wv[u] = load_last(strip->w + (k + u) * strip->ldw, tail, full);
    UNROLL for (int r = 0; r < R; r++) {
        V xv[GROUP];
        spread_group(TILE_ROW(x, r) + k, xv, flags);
        UNROLL for (int u = 0; u < GROUP; u++) sum[r][0] = v_fma(xv[u], wv[u], sum[r][0]);
    }
}

/* Whether a tile prefetches line by line between its products, because prefetching all rows at once would stall it.
 * True for tall tiles up to DENSE_PACED vectors wide (tiles_<isa>.h). Low tiles have little to prefetch, and if
 * there are several strips, each prefetches some of the lines. */
#define PACED(R, C) ((C) <= DENSE_PACED && 2 * (R) > DENSE_ROWS_1)

/* Whether a tile of two vectors without a mask does so, one row after the other. */
#define PACED_ROWS(R, C) ((C) == 2 && PANELS && (R) > 2)

/* sum += R rows' columns of [k0, k1) whose mask bit is set. */
VEC_FN void tile_masked(dense_rows *x, int64_t k0, int64_t k1, const dense_strip *strip, VT tail, V sum[][2],
                        const int R, const int C, const int flags, const int full)
{
    const int by_groups = C == 1 && DENSE_BY_GROUPS;
    const int64_t pace = (by_groups ? GROUP : 1) * (x->mask ? 2 : 1); /* about half of the columns are zero */
    int64_t prefetched = x->prefetched;
    for (int64_t i = k0 / MASK_BITS; i * MASK_BITS < k1; i++) {
        const uint64_t mask = x->mask ? x->mask[i] : ~UINT64_C(0);
        uint64_t left = bits_within(by_groups ? group_bits(mask) : mask, i, k0, k1);
        for (; left; left &= left - 1) {
            const int64_t k = i * MASK_BITS + lowest_bit(left);
            if (PACED(R, C) && prefetched < x->n_prefetch) {
                if (prefetched % LINE == 0) prefetch_rows(x->prefetch, R, x->k + prefetched, 1);
                prefetched += pace;
                OPAQUE(prefetched);
            }
            if (by_groups && k1 - k >= GROUP)
                tile_group(x->list, k, strip, tail, sum, R, flags, full);
            else
                tile_columns(x->list, k, by_groups ? k1 : k + 1, strip, next_weights(strip, flags), strip->ldw, tail,
                             sum, R, C, flags, full);
        }
    }
    x->prefetched = prefetched;
}

/* z = before + x W for n columns of x, chunk by chunk. A tile two vectors wide gets one chunk per call, so that C > 1
 * needs no loop. */
VEC_FN void dense_tile(dense_rows *x, int64_t n, const dense_strip *strip, const int R, const int C, const int flags,
                       const int full)
{
    dense_strip s = *strip;
    const VT tail = v_tail(s.last);
    int64_t k = 0, end;
    do {
        V sum[DENSE_ROWS_1][2];
        end = C > 1 || n - k < CMLPI_CHUNK ? n : k + CMLPI_CHUNK;
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_zero();
        if (x->mask || (C == 1 && DENSE_BY_GROUPS) || (PACED(R, C) && x->n_prefetch > 0))
            tile_masked(x, C > 1 ? 0 : k, end, &s, tail, sum, R, C, flags, full);
        else if (PACED_ROWS(R, C) && x->n_prefetch > 0) {
            for (int64_t r = 0, from = 0, to; r < R; r++, from = to) { /* a part of the columns prefetches one row */
                to = end * (r + 1) / R;
                tile_columns(x->list, from, to, &s, (const T *)x->prefetch[r] + x->k - from * R, R, tail, sum, R, C,
                             flags, full);
            }
            x->prefetched = x->n_prefetch;
        } else
            tile_columns(x->list, C > 1 ? 0 : k, end, &s, next_weights(&s, flags), s.ldw, tail, sum, R, C, flags, full);
        UNROLL for (int r0 = 0; r0 < STORE_STRIDE; r0++)
            UNROLL for (int r = r0; r < R; r += STORE_STRIDE)
                UNROLL for (int c = 0; c < C; c++) {
                    const int all_lanes = full || c < C - 1;
                    const V before = load_last(s.before + r * s.ldb + c * VL, tail, all_lanes);
                    const V total = v_add(before, v_zero()); /* -0 becomes +0 */
                    store_last(s.z + r * s.ldz + c * VL, tail, all_lanes, v_add(total, sum[r][c]));
                }
        k = end;
        s.before = s.z;
        s.ldb = s.ldz;
    } while (C == 1 && k < n);
}

static const T no_bias[2 * VL];

typedef void dense_fn(dense_rows *x, int64_t n, const dense_strip *strip);

#define DENSE_TILE(NAME, R, C, FLAGS)                                                     \
    static void NAME(dense_rows *x, int64_t n, const dense_strip *strip)                  \
    {                                                                                     \
        const int whole = 2 * (R) > DENSE_ROWS_1 && !((FLAGS) & PAIRS) && strip->whole;   \
        FULL_OR_PARTIAL(whole, strip->last, dense_tile, x, n, strip, R, C, FLAGS);        \
    }
#define DENSE_ENTRY_1(R) [R] = KERNEL(dense_##R##x1),
#define DENSE_ENTRY_2(R) [R] = KERNEL(dense_##R##x2),
#define DENSE_TILE_1(R) DENSE_TILE(KERNEL(dense_##R##x1), R, 1, 0)
#define DENSE_TILE_2(R) DENSE_TILE(KERNEL(dense_##R##x2), R, 2, 0)
DENSE_EACH_1(DENSE_TILE_1)
DENSE_EACH_2(DENSE_TILE_2)
static dense_fn *const dense_tiles_1[DENSE_ROWS_1 + 1] = {DENSE_EACH_1(DENSE_ENTRY_1)};
static dense_fn *const dense_tiles_2[DENSE_ROWS_2 + 1] = {DENSE_EACH_2(DENSE_ENTRY_2)};

/* Tiles for adjacent copies of rows. */
#define DENSE_TILE_COPIES(R) DENSE_TILE(KERNEL(dense_copies_##R##x2), R, 2, NEAR)
#define DENSE_ENTRY_COPIES(R) [R] = KERNEL(dense_copies_##R##x2),
#ifndef DENSE_COPIES_2
#define DENSE_COPIES_2(X)
#endif
#ifdef V_LOADS_BYTES
DENSE_TILE(dense_near, DENSE_ROWS_1, 1, NEAR)
#else
#define dense_near NULL
#endif
DENSE_COPIES_2(DENSE_TILE_COPIES)
static dense_fn *const dense_copies_1[DENSE_ROWS_1 + 1] = {[DENSE_ROWS_1] = dense_near};
static dense_fn *const dense_copies_2[DENSE_ROWS_2 + 1] = {NULL, DENSE_COPIES_2(DENSE_ENTRY_COPIES)};

/* The tiles of one width. `dense_1` is for one vector of columns, `dense_2` for two. */
typedef struct dense_tiles {
    int vectors;
    int64_t tallest;
    dense_fn *const *by_height; /* by height. All heights up to half of the tallest exist, and some even ones above */
    dense_fn *const *copies; /* by height, for adjacent copies of rows; NULL entries: by_height */
} dense_tiles;
static const dense_tiles dense_1 = {1, DENSE_ROWS_1, dense_tiles_1, dense_copies_1};
static const dense_tiles dense_2 = {2, DENSE_ROWS_2, dense_tiles_2, dense_copies_2};

/* Tiles of one vector that broadcast the first two elements of each group by v_pair(): one load and two shuffles instead of
 * two loads. Other tiles of this width need one load per multiply-add, and loads limit their speed on processors that
 * execute two of each per cycle. With pairs, AMD Zen 5 trains a layer of 16 units about 10 % faster on dense rows. On
 * Intel processors shuffles and multiply-adds share a port, and pairs are slower. Only tall tiles gain enough to have a
 * variant with pairs. */
#ifdef V_PAIRS
#define DENSE_PAIRS(R) DENSE_TILE(KERNEL(dense_pairs_##R), R, 1, PAIRS)
#define DENSE_ENTRY_PAIRS(R) [R] = KERNEL(dense_pairs_##R),
DENSE_TALL_1(DENSE_PAIRS)
DENSE_TILE(dense_pairs_near, DENSE_ROWS_1, 1, PAIRS | NEAR)
static dense_fn *const dense_tiles_pairs[DENSE_ROWS_1 + 1] = {DENSE_LOW_1(DENSE_ENTRY_1)
                                                              DENSE_TALL_1(DENSE_ENTRY_PAIRS)};
static dense_fn *const dense_pairs_copies[DENSE_ROWS_1 + 1] = {[DENSE_ROWS_1] = dense_pairs_near};
static const dense_tiles dense_1_pairs = {1, DENSE_ROWS_1, dense_tiles_pairs, dense_pairs_copies};
#define WITH_PAIRS(tuning, pairs_tiles, other_tiles) ((tuning)->pairs ? (pairs_tiles) : (other_tiles))
#else
#define WITH_PAIRS(tuning, pairs_tiles, other_tiles) (other_tiles)
#endif

/* Height of the next tile if `left` rows are left. All tiles get nearly the same height, so that none is very low. */
static int64_t dense_height(const dense_tiles *tiles, int64_t left)
{
    const int64_t n = (left + tiles->tallest - 1) / tiles->tallest, height = (left + n - 1) / n;
    if (tiles->by_height[height]) return height;
    return height < left ? height + 1 : (height + 1) / 2;
}

/* Rows at a multiple of this distance share so few sets of the L1 cache that a tile's rows evict each other, if they are more
 * than the ways of a set. Tiles with fewer rows, such as those for 16 registers, lose up to 9 % by copies. */
#define CLASH 2048 /* bytes */
#define CLASHES(a, b) (DENSE_ROWS_2 > 8 && !(((uintptr_t)(a) ^ (uintptr_t)(b)) % CLASH))

/* Converts `vectors` vectors of columns of uint8 rows into `copy` and returns their nonzero mask. If `vectors` is 1,
 * the vector may be partial: n values. */
VEC_FN uint64_t copy_columns(const void *const *rows, int64_t height, int64_t k, int64_t n, scale_parts scale, T *copy,
                             const int vectors)
{
    VI bits[MASK_VECTORS];
    uint64_t mask = 0;
    uint8_t last[VL] = {0};
    UNROLL for (int v = 0; v < vectors; v++) bits[v] = v_bits(v_zero());
    NO_UNROLL for (int64_t r = 0; r < height; r++) {
        const uint8_t *from = (const uint8_t *)rows[r] + k;
        if (vectors == 1 && n < VL) {
            for (int64_t l = 0; l < n; l++) last[l] = from[l];
            from = last;
        }
        UNROLL for (int v = 0; v < vectors; v++) {
            const V values = load_scaled(from + v * VL, scale);
            v_store(copy + r * COPY_LD + v * VL, values);
            bits[v] = vi_or(bits[v], v_bits(values));
        }
    }
    UNROLL for (int v = 0; v < vectors; v++) mask |= (uint64_t)v_nonzero(v_float(bits[v])) << v * VL;
    return mask;
}

/* Converts a chunk of columns of uint8 rows. */
static void copy_bytes(const cmlpi_dense_input *x, int64_t i, int64_t height, int64_t k0, int64_t n, T *copy,
                       uint64_t *mask)
{
    const scale_parts scale = scale_parts_of(x->byte_scale);
    const void *const *rows = x->list + i;
    for (int64_t r = 0; x->prefetch && r < height; r++)
        for (int64_t k = k0; k < k0 + n; k += CMLPI_LINE) CMLPI_PREFETCH((const uint8_t *)x->prefetch[i + r] + k);
    memset(mask, 0, CMLPI_CHUNK / MASK_BITS * sizeof *mask);
    for (int64_t k = 0, step; k < n; k += step) {
        const int four = n - k >= MASK_VECTORS * VL;
        step = four ? MASK_VECTORS * VL : VL;
        mask[k / MASK_BITS] |= (four ? copy_columns(rows, height, k0 + k, 0, scale, copy + k, MASK_VECTORS)
                                  : copy_columns(rows, height, k0 + k, n - k, scale, copy + k, 1)) << k % MASK_BITS;
    }
}

/* If the rows of W have at most tuning->short_row bytes, a block is DENSE_BLOCK of them, otherwise a chunk. A tile
 * multiplies a whole block before the next tile starts, so that rows of x are read in longer runs of memory. */
#define DENSE_BLOCK (8 * CMLPI_CHUNK)

/* z = bias + x W for the first block of columns, z += x W for the following ones. */
typedef struct dense_job {
    const dense_tiles *tiles;
    const cmlpi_dense_input *x;
    const T *w, *bias; /* bias may be NULL */
    T *z;
    int64_t ldw, ldz, n_out;
    int bytes, copied, near; /* whether rows are uint8, are copied, and use tiles for adjacent copies */
    const cmlpi_tuning *tuning;
    int64_t balance; /* see extend_column_mask() */
} dense_job;

/* Sets gathered->list to the n elements from k0 on of rows [i, i + height). uint8 rows, and rows that would evict each
 * other from the cache, are copied next to each other. Fills `mask` with the nonzero columns unless scanning has
 * stopped. */
static void gather_rows(dense_job *job, int64_t i, int64_t height, int64_t k0, int64_t n, uint64_t *mask,
                        dense_rows *gathered)
{
    const cmlpi_dense_input *x = job->x;
    const int bytes = job->bytes, copied = job->copied;
    T *const copy = x->copy;
    if (bytes) copy_bytes(x, i, height, k0, n, copy, mask);
    for (int64_t r = 0; r < height; r++) {
        gathered->list[r] = bytes || copied ? copy + r * COPY_LD : AT_ROW(x, i + r) + k0;
        if (copied) memcpy(copy + r * COPY_LD, AT_ROW(x, i + r) + k0, (size_t)n * sizeof(T));
    }
    gathered->prefetch = x->prefetch && !bytes ? x->prefetch + i : NULL;
    const int scanned =
        x->column_mask && extend_column_mask(gathered->list, height, n, mask, x->column_mask + k0 / MASK_BITS, &job->balance);
    gathered->mask = scanned || bytes ? mask : NULL;
}

/* Adds the product of columns [k, k + n) of x, for rows [i, i + height). */
static void dense_multiply(dense_job *job, int64_t i, int64_t height, int64_t k, int64_t n)
{
    const dense_tiles *tiles = job->tiles;
    const int64_t width = tiles->vectors * VL, strips = (job->n_out + width - 1) / width;
    const int64_t a_strip = (n + LINE * strips - 1) / (LINE * strips) * LINE; /* columns to prefetch per strip */
    dense_fn *const near = job->near ? tiles->copies[height] : NULL, *const tile = near ? near : tiles->by_height[height];
    T *const z = job->z + i * job->ldz;
    uint64_t mask[DENSE_BLOCK / MASK_BITS];
    dense_rows gathered;
    gather_rows(job, i, height, k, n, mask, &gathered);
    gathered.k = k;
    const int paced = strips == 1 && (PACED(height, tiles->vectors) ||
                                      (PACED_ROWS(height, tiles->vectors) && !gathered.mask));
    gathered.n_prefetch = gathered.prefetch && paced ? n : 0;
    gathered.prefetched = 0;
    for (int64_t j = 0, from = k; j < job->n_out; j += width, from += a_strip) {
        const dense_strip strip = {.w = job->w + k * job->ldw + j,
                                   .before = k ? z + j : job->bias ? job->bias + j : no_bias,
                                   .z = z + j,
                                   .ldw = job->ldw,
                                   .ldb = k ? job->ldz : 0,
                                   .ldz = job->ldz,
                                   .last = job->n_out - j < width ? job->n_out - j - width + VL : VL,
                                   .whole = job->tuning->whole};
        if (gathered.prefetch && !paced)
            prefetch_rows(gathered.prefetch, height, from, k + n - from < a_strip ? k + n - from : a_strip);
        tile(&gathered, n, &strip);
    }
    const int64_t done = (gathered.prefetched + LINE - 1) / LINE * LINE;
    if (done < gathered.n_prefetch) prefetch_rows(gathered.prefetch, height, k + done, n - done);
}

/* The product in strips of two vectors, the last of which may be partial, or in one strip of a single vector. */
static void dense_strips(dense_job *job)
{
    const int64_t rows = job->x->n_rows, n_in = job->x->n_in;
    const int64_t block = job->n_out * (int64_t)sizeof(T) <= job->tuning->short_row ? DENSE_BLOCK : CMLPI_CHUNK;
    const int one_chunk = job->tiles->vectors > 1 || job->bytes;
    const int64_t step = one_chunk ? CMLPI_CHUNK : block;
    const int adjacent = job->tuning->adjacent && job->tiles->vectors > 1;
    job->copied = !job->bytes && job->x->copy && job->n_out > job->tiles->vectors * VL && rows > 1 &&
                  (adjacent || CLASHES(AT_ROW(job->x, 0), AT_ROW(job->x, 1)));
    job->near = job->bytes ? job->tiles->vectors == 1 : adjacent && job->copied;
    for (int64_t k0 = 0; !k0 || k0 < n_in; k0 += block) { /* runs once even without inputs: z = b + 0 */
        const int64_t k1 = n_in - k0 < block ? n_in : k0 + block;
        for (int64_t i = 0, height; i < rows; i += height) {
            height = dense_height(job->tiles, rows - i);
            for (int64_t k = k0; k == k0 || k < k1; k += step)
                dense_multiply(job, i, height, k, k1 - k < step ? k1 - k : step);
        }
    }
}

/* Removes the first n_out columns, which are complete, from the job. The rows have been prefetched with them: `left` are
 * the same rows without the prefetch. */
static void skip_columns(dense_job *job, cmlpi_dense_input *left)
{
    left->prefetch = NULL;
    job->x = left;
    job->w += job->n_out;
    if (job->bias) job->bias += job->n_out;
    job->z += job->n_out;
}

/* The rows one by one, without their zeros, which gives the same bits if W is finite. Where multiply-adds are software, a tile, which computes a column if it is
 * nonzero in any of its rows, takes up to 1.6 times as long. A chunk of a strip of W is used for many rows while it is in
 * the cache. */
#define MOST_BY_ROWS ((int64_t)(CMLPI_COPY_BYTES / (COPY_LD * sizeof(T))))
static void dense_by_rows(const cmlpi_dense_input *x, const cmlpi_product *to)
{
    const T *list[MOST_BY_ROWS];
    uint64_t masks[MOST_BY_ROWS][CMLPI_CHUNK / MASK_BITS];
    const T *const w = to->w;
    for (int64_t i = 0, rows; i < x->n_rows; i += rows) {
        T *const z = (T *)to->z + i * to->ldz;
        rows = x->n_rows - i < MOST_BY_ROWS ? x->n_rows - i : MOST_BY_ROWS;
        for (int64_t r = 0; r < rows; r++) row_begin(to->bias, to->n_out, z + r * to->ldz);
        for (int64_t k = 0; k < x->n_in; k += CMLPI_CHUNK) {
            const int64_t n = x->n_in - k < CMLPI_CHUNK ? x->n_in - k : CMLPI_CHUNK;
            for (int64_t r = 0; r < rows; r++) {
                if (x->byte_scale != 0) {
                    T *const copy = (T *)x->copy + r * COPY_LD;
                    copy_bytes(x, i + r, 1, k, n, copy, masks[r]);
                    list[r] = copy;
                } else {
                    list[r] = AT_ROW(x, i + r) + k;
                    fill_mask(list[r], n, masks[r], n);
                }
                for (int64_t j = 0; x->column_mask && j < n; j += MASK_BITS)
                    x->column_mask[(k + j) / MASK_BITS] |= masks[r][j / MASK_BITS];
            }
            for (int64_t j = 0; j < to->n_out; j += ROW_VECTORS * VL) {
                const int64_t width = to->n_out - j < ROW_VECTORS * VL ? to->n_out - j : ROW_VECTORS * VL;
                const int64_t vectors = (width + VL - 1) / VL;
                row_masked_fn *const add_masked = row_masked_fns[vectors - 1];
                for (int64_t r = 0; r < rows; r++)
                    add_masked(list[r], masks[r], n, w + k * to->ldw + j, to->ldw, width - (vectors - 1) * VL,
                               z + r * to->ldz + j);
            }
        }
    }
}

/* Narrow tiles compute the columns that remain after full strips of two vectors, if they fit in one vector. */
static void KERNEL(dense)(const cmlpi_dense_input *x, const cmlpi_product *to)
{
    if (x->n_rows == 1 && x->byte_scale == 0) {
        if (x->column_mask) add_columns(AT_ROW(x, 0), x->n_in, x->column_mask);
        KERNEL(dense_row)(AT_ROW(x, 0), x->n_in, to);
        return;
    }
    if (x->mask) {
        dense_masked(x, to);
        return;
    }
    if (DENSE_BY_ROWS(x->n_in)) {
        dense_by_rows(x, to);
        return;
    }
    cmlpi_dense_input left = *x;
    dense_job job = {.tiles = &dense_2, .x = x, .w = to->w, .bias = to->bias, .z = to->z, .ldw = to->ldw,
                     .ldz = to->ldz, .n_out = dense_panels(x, to), .bytes = x->byte_scale != 0, .tuning = to->tuning};
    if (job.n_out) skip_columns(&job, &left);
    const int64_t n_out = to->n_out - job.n_out, rest = n_out % (2 * VL);
    job.n_out = rest > VL ? n_out : n_out - rest;
    if (job.n_out) {
        dense_strips(&job);
        skip_columns(&job, &left);
    }
    if (job.n_out < n_out) {
        job.n_out = n_out - job.n_out;
        job.tiles = WITH_PAIRS(to->tuning, &dense_1_pairs, &dense_1);
        job.balance = 0;
        dense_strips(&job);
    }
}
