/* Weight gradient: sums[k, j] = sum_i a[i, k] d[i, j] over a chunk of rows i, followed by an epilogue (keep the sum,
 * store the gradient, or update the weights). A tile is R weight rows by C vectors of columns. In the loop over i, the
 * values of `a` have constant offsets from one row pointer, because an index per weight row costs a third of the speed.
 * Tiles that skip zero columns have one pointer per group instead. */

/* Groups of a tile of R rows. Tiles that are two vectors wide or lower than a group have one: adjacent rows. */
#define TILE_GROUPS(R, C) ((C) == 1 && (R) >= GROUP ? (R) / GROUP : 1)
#define MAX_GROUPS (GRADIENT_ROWS_1 / GROUP)

/* The constants of the epilogue, broadcast to all lanes. */
typedef struct finish_vectors {
    V alpha, inverse, minus_rate;
    cmlpi_finish_mode mode;
} finish_vectors;

VEC_FN finish_vectors finish_vectors_of(const cmlpi_gradient_output *to)
{
    return (finish_vectors){v_set1((T)to->alpha), v_set1((T)to->inverse), v_set1(-(T)to->rate), to->mode};
}

VEC_FN V gradient_of(V sum, V w, const finish_vectors *f) { return v_mul(v_fma(f->alpha, w, sum), f->inverse); }

/* Epilogue of a vector of sums: stores the sum or the gradient, or updates the weights w. */
VEC_FN void finish_sum(V s, T *sums, T *w, VT tail, const int full, const finish_vectors *f)
{
    if (f->mode == CMLPI_KEEP_SUM) {
        store_last(sums, tail, full, s);
        return;
    }
    const V old = load_last(w, tail, full), g = gradient_of(s, old, f);
    if (f->mode == CMLPI_GRADIENT)
        store_last(sums, tail, full, g);
    else
        store_last(w, tail, full, v_fma(f->minus_rate, g, old));
}

/* A call of the kernel, or a part of it: the weight rows whose sums and weights begin at `sums` and `w`. */
typedef struct gradient_job {
    const struct gradient_size *sizes_1, *sizes_2; /* tiles of one and two vectors of columns */
    const T *const *a; /* rows of inputs */
    T *copy;           /* scratch memory for adjacent copies of the rows, or NULL */
    const uint64_t *column_mask, *mask;
    int64_t ld_mask;
    int64_t n_rows, n_out;
    const T *d;
    T *sums, *w;
    int is_first;
    const finish_vectors *finish;
    const cmlpi_tuning *tuning;
} gradient_job;

/* Epilogue of adjacent weight rows of a tile, from row k on, in the strip from column j on. The sums are in memory at
 * `tile`. */
VEC_FN void finish_rows(const gradient_job *job, const T *tile, int64_t rows, int64_t k, int64_t j, int64_t last,
                        const finish_vectors *f, const int C, const int full)
{
    const VT tail = v_tail(last);
    const int64_t n_out = job->n_out;
    const int is_first = job->is_first;
    T *sums = job->sums + k * n_out + j, *w = job->w + k * n_out + j;
    NO_UNROLL for (int64_t r = 0; r < rows; r++, tile += C * VL, sums += n_out, w += n_out)
        UNROLL for (int c = 0; c < C; c++) {
            const V before = is_first ? v_zero() : load_last(sums + c * VL, tail, full || c < C - 1);
            finish_sum(v_add(before, v_load(tile + c * VL)), sums + c * VL, w + c * VL, tail, full || c < C - 1, f);
        }
}

/* Epilogue of a tile with R x C sums at `tile`. One function, not inlined, serves all tile sizes. */
REAL_FN void finish_tile(const gradient_job *job, const T *tile, int R, int C, const int64_t *groups, int height,
                         int64_t j, int64_t last)
{
    const finish_vectors f = *job->finish;
    for (const T *end = tile + R * C * VL; tile < end; tile += height * C * VL, groups++)
        if (C == 1)
            finish_rows(job, tile, height, *groups, j, last, &f, 1, last == VL);
        else
            finish_rows(job, tile, height, *groups, j, last, &f, 2, last == VL);
}

/* Epilogue of a tile whose sums over the batch are complete, directly from the registers. */
VEC_FN void finish_registers(const gradient_job *job, const V *sum, const int64_t *k, int64_t j, VT tail,
                             const cmlpi_finish_mode mode, const int R, const int C, const int full)
{
    const int height = R / TILE_GROUPS(R, C);
    const int64_t n_out = job->n_out;
    T *sums = job->sums + j, *w = job->w + j;
    OPAQUE(w); /* otherwise GCC adds j again for each row */
    if (mode != CMLPI_UPDATE) OPAQUE(sums);
    finish_vectors f = *job->finish;
    f.mode = mode; /* a compile-time constant here */
    UNROLL for (int r0 = 0; r0 < STORE_STRIDE; r0++)
        UNROLL for (int r = r0; r < R; r += STORE_STRIDE) {
            const int64_t at = k[r / height] * n_out + r % height * n_out;
            UNROLL for (int c = 0; c < C; c++)
                finish_sum(v_add(v_zero(), sum[r * C + c]), sums + at + c * VL, w + at + c * VL, tail,
                           full || c < C - 1, &f);
        }
}

/* The strip from column j on of R weight rows, whose groups begin at groups[0], groups[1], ... */
VEC_FN void gradient_tile(const gradient_job *job, const int64_t *groups, int64_t j, int64_t last, const int R,
                          const int C, const int flags, const int full)
{
    const int height = R / TILE_GROUPS(R, C);
    const VT tail = v_tail(last);
    const T *const *a = job->a, *d = job->d + j;
    const int64_t n_out = job->n_out;
    int64_t k[MAX_GROUPS];
    V sum[GRADIENT_ROWS_1]; /* R * C <= GRADIENT_ROWS_1 */
    for (int g = 0; g < R / height; g++) {
        k[g] = groups[g];
        /* A vector load of numbers just stored would wait for the cache. Not measured with pairs. */
        if (R == GRADIENT_ROWS_1 && !(flags & PAIRS)) OPAQUE(k[g]);
    }
    UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int c = 0; c < C; c++) sum[r * C + c] = v_zero();
    for (const T *const *end = a + job->n_rows; a < end; a++, d += n_out) {
        V dv[2];
        if (R * C == GRADIENT_ROWS_1 && (C == 1 || flags & AHEAD))
            CMLPI_PREFETCH(*a + k[R / height - 1] + LINE); /* for the next tile */
        UNROLL for (int c = 0; c < C; c++) dv[c] = load_last(d + c * VL, tail, full || c < C - 1);
        UNROLL for (int r0 = 0; r0 < R; r0 += height) {
            const T *group = *a + k[r0 / height];
            OPAQUE(group);
            V spread[GROUP];
            if (height == GROUP) spread_group(group, spread, flags);
            UNROLL for (int r = 0; r < height; r++) {
                const V av = height == GROUP ? spread[r] : v_set1(group[r]);
                UNROLL for (int c = 0; c < C; c++) sum[(r0 + r) * C + c] = v_fma(av, dv[c], sum[(r0 + r) * C + c]);
            }
        }
    }
    /* Small batch: the sums go from the registers to the weights. The gradient for Adam has this path in the tallest
     * tiles only, because it is much code. */
    const cmlpi_finish_mode mode = job->finish->mode;
    if (job->is_first && mode == CMLPI_UPDATE) {
        finish_registers(job, sum, k, j, tail, CMLPI_UPDATE, R, C, full);
        return;
    }
    if (R * C >= GRADIENT_ROWS_1 && job->is_first && mode == CMLPI_GRADIENT) {
        finish_registers(job, sum, k, j, tail, CMLPI_GRADIENT, R, C, full);
        return;
    }
    T tile[GRADIENT_ROWS_1 * VL];
    UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int c = 0; c < C; c++) v_store(tile + (r * C + c) * VL, sum[r * C + c]);
    finish_tile(job, tile, R, C, k, height, j, last);
}

typedef void gradient_fn(const gradient_job *job, const int64_t *groups, int64_t j, int64_t last);

#define GRADIENT_TILE(NAME, R, C, FLAGS)                                                               \
    static void NAME(const gradient_job *job, const int64_t *groups, int64_t j, int64_t last)         \
    {                                                                                                 \
        const int whole = (R) * (C) >= GRADIENT_ROWS_1 && !((FLAGS) & PAIRS) && job->tuning->whole;   \
        FULL_OR_PARTIAL(whole, last, gradient_tile, job, groups, j, last, R, C, FLAGS);               \
    }
#define GRADIENT_TILE_1(R) GRADIENT_TILE(KERNEL(gradient_##R##x1), R, 1, 0)
#define GRADIENT_TILE_2(R) GRADIENT_TILE(KERNEL(gradient_##R##x2), R, 2, 0)
#define GRADIENT_ENTRY_1(R) {R, KERNEL(gradient_##R##x1)},
#define GRADIENT_ENTRY_2(R) {R, KERNEL(gradient_##R##x2)},
GRADIENT_EACH_1(GRADIENT_TILE_1)
GRADIENT_EACH_2(GRADIENT_TILE_2)
typedef struct gradient_size {
    int64_t rows;
    gradient_fn *tile;
} gradient_size;
/* Tile sizes by descending height. GRADIENT_EACH_1(GRADIENT_ENTRY_1) makes, for example,
 * {12, gradient_12x1}, {8, gradient_8x1}, {4, gradient_4x1}, {2, gradient_2x1}, {1, gradient_1x1},
 * and GRADIENT_EACH_2(GRADIENT_ENTRY_2) with tiles of two vectors
 * {6, gradient_6x2}, {4, gradient_4x2}, {2, gradient_2x2}, {1, gradient_1x2}, */
static const gradient_size gradient_sizes_1[] = {GRADIENT_EACH_1(GRADIENT_ENTRY_1)};
static const gradient_size gradient_sizes_2[] = {GRADIENT_EACH_2(GRADIENT_ENTRY_2)};
#ifdef V_PAIRS /* see dense_tmpl.h */
#define GRADIENT_PAIRS(R) GRADIENT_TILE(KERNEL(gradient_pairs_##R), R, 1, PAIRS)
#define GRADIENT_ENTRY_PAIRS(R) {R, KERNEL(gradient_pairs_##R)},
GRADIENT_TALL_1(GRADIENT_PAIRS)
static const gradient_size gradient_sizes_pairs[] = {GRADIENT_TALL_1(GRADIENT_ENTRY_PAIRS)
                                                      GRADIENT_LOW_1(GRADIENT_ENTRY_1)};
#endif
#if PANELS
GRADIENT_TILE(gradient_ahead, GRADIENT_ROWS_1 / 2, 2, AHEAD)
static const gradient_size gradient_one_strip[] = {{GRADIENT_ROWS_1 / 2, gradient_ahead},
                                                   GRADIENT_LOW_2(GRADIENT_ENTRY_2)};
#endif

/* Whether the epilogue changes weight rows whose inputs are all zero. It does not if it adds 0 to an existing sum,
 * or if it is a plain update without penalty:  w = fma(-rate, (0 w + 0) inverse, w) = w  for finite factors. */
static int changes_all(const cmlpi_gradient_output *to)
{
    const T alpha = (T)to->alpha, inverse = (T)to->inverse, rate = (T)to->rate;
    if (to->mode == CMLPI_KEEP_SUM) return to->is_first;
    return to->mode == CMLPI_GRADIENT || !to->is_first || alpha != 0 || inverse - inverse != 0 || rate - rate != 0;
}

/* Columns from j on, one strip, of n weight rows: k[0], k[0] + 1, ... If the layer has one vector of outputs, the rows
 * are the groups that start at k[0], k[1], ... */
VEC_FN void gradient_strip(const gradient_job *job, const int64_t *k, int64_t n, int64_t j)
{
    const int64_t left = job->n_out - j;
    const int has_two = left > VL;
    const int64_t width = has_two ? (left < 2 * VL ? left : 2 * VL) : left, last = has_two ? width - VL : width;
    const gradient_size *size = has_two ? job->sizes_2 : job->sizes_1;
    for (int64_t r = 0; r < n; r += size->rows) {
        while (size->rows > n - r) size++;
        const int64_t neighbours = k[0] + r;
        size->tile(job, !has_two && size->rows >= GROUP ? k + r / GROUP : &neighbours, j, last);
    }
}

#if PANELS
/* Panels (panels_tmpl.h) for wide layers: a few tiles of inputs are copied, each in the order in which it is read. The
 * first tile copies a strip of the deltas while it multiplies, and the others read the copy. */
#define PANEL_INPUTS (CMLPI_CHUNK * PANEL_HEIGHT) /* elements of a tile's inputs */
#define PANEL_TILES ((CMLPI_COPY_BYTES / (int)sizeof(T) - PANEL_ELEMENTS) / PANEL_INPUTS)
#define PANEL_GRADIENT_ROWS (CMLPI_CHUNK / 2) /* smallest batch */
CMLPI_ASSERT(PANEL_TILES >= 2, "copies for panels");

/* Adjacent tiles of PANEL_HEIGHT weight rows, from row k on, in the strip from column j on. */
VEC_FN void gradient_panel(const gradient_job *job, const T *inputs, int64_t tiles, int64_t k, int64_t j,
                           const int copies)
{
    T *const panel = job->copy;
    const int64_t n_out = job->n_out, n = job->n_rows * PANEL_HEIGHT;
    const int updates = job->is_first && job->finish->mode == CMLPI_UPDATE;
    for (int64_t t = 0; t < tiles; t++, k += PANEL_HEIGHT) {
        const T *d = copies ? job->d + j : panel;
        T *copy = panel;
        V sum[PANEL_HEIGHT * 2];
        UNROLL for (int r = 0; r < PANEL_HEIGHT * 2; r++) sum[r] = v_zero();
        NO_UNROLL for (const T *end = inputs + n; inputs < end; inputs += PANEL_HEIGHT) {
            V dv[2];
            UNROLL for (int c = 0; c < 2; c++) dv[c] = v_load(d + c * VL);
            if (copies) {
                UNROLL for (int c = 0; c < 2; c++) v_store(copy + c * VL, dv[c]);
                copy += 2 * VL;
            }
            d += copies ? n_out : 2 * VL;
            UNROLL for (int r = 0; r < PANEL_HEIGHT; r++) {
                const V av = v_set1(inputs[r]);
                UNROLL for (int c = 0; c < 2; c++) sum[2 * r + c] = v_fma(av, dv[c], sum[2 * r + c]);
            }
        }
        if (updates) {
            finish_registers(job, sum, &k, j, v_tail(VL), CMLPI_UPDATE, PANEL_HEIGHT, 2, 1);
        } else {
            T tile[PANEL_HEIGHT * 2 * VL];
            UNROLL for (int r = 0; r < PANEL_HEIGHT * 2; r++) v_store(tile + r * VL, sum[r]);
            finish_tile(job, tile, PANEL_HEIGHT, 2, &k, PANEL_HEIGHT, j, VL);
        }
    }
}

REAL_FN void gradient_panel_first(const gradient_job *job, const T *inputs, int64_t k, int64_t j)
{
    gradient_panel(job, inputs, 1, k, j, 1);
}

REAL_FN void gradient_panel_others(const gradient_job *job, const T *inputs, int64_t tiles, int64_t k, int64_t j)
{
    gradient_panel(job, inputs, tiles, k, j, 0);
}

/* The first weight rows of [k, end), in whole tiles. Returns the first of the remaining rows; k if panels do not pay. */
static int64_t gradient_panels(const gradient_job *job, int64_t k, int64_t end)
{
    const int64_t n = job->n_rows, n_out = job->n_out, whole = n_out - n_out % (2 * VL);
    if (!job->tuning->panels || !job->copy || n < PANEL_GRADIENT_ROWS || n_out * (int64_t)sizeof(T) < PANEL_BYTES)
        return k;
    T *const inputs = job->copy + PANEL_ELEMENTS, *const others = inputs + n * PANEL_HEIGHT;
    for (int64_t tiles; (tiles = (end - k) / PANEL_HEIGHT) > 0; k += tiles * PANEL_HEIGHT) {
        if (tiles > PANEL_TILES) tiles = PANEL_TILES;
        for (int64_t i = 0; i < n; i++)
            for (int64_t t = 0; t < tiles; t++)
                memcpy(inputs + (t * n + i) * PANEL_HEIGHT, job->a[i] + k + t * PANEL_HEIGHT, PANEL_HEIGHT * sizeof(T));
        for (int64_t j = 0; j < whole; j += 2 * VL) {
            gradient_panel_first(job, inputs, k, j);
            gradient_panel_others(job, others, tiles - 1, k + PANEL_HEIGHT, j);
        }
        for (int64_t t = 0; whole < n_out && t < tiles; t++) {
            const int64_t row = k + t * PANEL_HEIGHT;
            gradient_strip(job, &row, PANEL_HEIGHT, whole);
        }
    }
    return k;
}
#else
VEC_FN int64_t gradient_panels(const gradient_job *job, int64_t k, int64_t end)
{
    (void)job;
    (void)end;
    return k;
}
#endif

/* Small batches: few multiply-adds belong to each weight, so that the calls of gradient_strip() and its tiles would take a
 * large part of the time. All tiles of a strip of whole vectors are one loop, whose sums go to the weights from the
 * registers. */
#ifdef __OPTIMIZE_SIZE__
#define SMALL_ROWS 0 /* the loops are much code */
#else
#define SMALL_ROWS 32 /* of a batch */
#endif
#define SMALL_OUTPUTS (8 * VL) /* with more, the rows of W are too far apart */

/* Tiles of R weight rows by C vectors, from weight row k on, in the strip from column j on. */
VEC_FN void gradient_small_strip(const gradient_job *job, int64_t k, int64_t end, int64_t j,
                                 const cmlpi_finish_mode mode, const int R, const int C)
{
    const int64_t n_out = job->n_out;
    NO_UNROLL for (; k < end; k += R) {
        V sum[GRADIENT_ROWS_1];
        int64_t rows[MAX_GROUPS];
        const T *d = job->d + j;
        for (int g = 0; g < TILE_GROUPS(R, C); g++) rows[g] = k + g * GROUP;
        UNROLL for (int r = 0; r < R * C; r++) sum[r] = v_zero();
        NO_UNROLL for (const T *const *a = job->a, *const *last = a + job->n_rows; a < last; a++, d += n_out) {
            const T *inputs = *a + k;
            OPAQUE(inputs);
            CMLPI_PREFETCH(inputs + R - GROUP + LINE); /* for the next tile */
            V dv[2];
            UNROLL for (int c = 0; c < C; c++) dv[c] = v_load(d + c * VL);
            UNROLL for (int r = 0; r < R; r++) {
                const V av = v_set1(inputs[r]);
                UNROLL for (int c = 0; c < C; c++) sum[r * C + c] = v_fma(av, dv[c], sum[r * C + c]);
            }
        }
        finish_registers(job, sum, rows, j, v_tail(VL), mode, R, C, 1);
    }
}

/* The mode is a constant in each loop. */
#define GRADIENT_SMALL(NAME, MODE, R, C)                                                             \
    REAL_FN void NAME(const gradient_job *job, int64_t k, int64_t end)                               \
    {                                                                                                \
        for (int64_t j = 0; j < job->n_out; j += (C) * VL) gradient_small_strip(job, k, end, j, MODE, R, C); \
    }
GRADIENT_SMALL(gradient_small_update_1, CMLPI_UPDATE, GRADIENT_ROWS_1, 1)
GRADIENT_SMALL(gradient_small_update_2, CMLPI_UPDATE, GRADIENT_ROWS_1 / 2, 2)
GRADIENT_SMALL(gradient_small_1, CMLPI_GRADIENT, GRADIENT_ROWS_1, 1)
GRADIENT_SMALL(gradient_small_2, CMLPI_GRADIENT, GRADIENT_ROWS_1 / 2, 2)

/* The first weight rows of [k, end), in whole tiles. Returns the first of the remaining rows; k if the batch or the layer
 * has another form. */
static int64_t gradient_small(const gradient_job *job, int64_t k, int64_t end)
{
    const int64_t n_out = job->n_out, has_two = n_out > VL;
    const int64_t height = has_two ? GRADIENT_ROWS_1 / 2 : GRADIENT_ROWS_1, tiles_end = end - (end - k) % height;
    const cmlpi_finish_mode mode = job->finish->mode;
    if (!SMALL_ROWS || job->n_rows > SMALL_ROWS || n_out > SMALL_OUTPUTS) return k;
    if (!job->is_first || mode == CMLPI_KEEP_SUM) return k;
    if (n_out % (has_two ? 2 * VL : VL) || (!has_two && job->sizes_1 != gradient_sizes_1)) return k;
    if (mode == CMLPI_UPDATE)
        (has_two ? gradient_small_update_2 : gradient_small_update_1)(job, k, tiles_end);
    else
        (has_two ? gradient_small_2 : gradient_small_1)(job, k, tiles_end);
    return tiles_end;
}

/* The copies of a chunk's rows, each in whole cache lines, fit into the scratch memory. */
CMLPI_ASSERT((COPIED_INTEL + 63) / 64 * 64 * CMLPI_CHUNK <= CMLPI_COPY_BYTES, "copies for intel");

/* Gradient of the adjacent weight rows [k, end). In wide layers each row of `a` and of d is in a page of its own, and
 * the pages exceed the first-level TLB. If this is slow, columns of the rows of `a` are copied next to each other and
 * used for all columns of d. Other layers take as many tiles at a time as the list of groups has space for if they have
 * a single strip, else one. */
#define RUN_GROUPS (MAX_GROUPS + CMLPI_COPY_BYTES / CMLPI_CHUNK / (int)sizeof(T) / GROUP)
static void gradient_run(const gradient_job *job, int64_t k, int64_t end)
{
    T *const space = job->copy;
    k = gradient_panels(job, k, end);
    k = gradient_small(job, k, end);
    if (k == end) return;
    if (end - k < job->sizes_2->rows && (job->n_out - 1) % (2 * VL) >= VL) { /* few rows, and no strip of a single vector */
        for (int64_t j = 0; j < job->n_out; j += 2 * VL) gradient_strip(job, &k, end - k, j);
        return;
    }
    const T *copies[CMLPI_CHUNK];
    const int copies_inputs = space && job->n_rows >= CMLPI_CHUNK / 2 && job->n_out * (int)sizeof(T) >= 512;
    const int64_t copied = copies_inputs ? job->tuning->copied / (int)sizeof(T) : 0;
    const int64_t ld = (copied + LINE - 1) / LINE * LINE;
    const int64_t tallest = job->n_out > VL ? gradient_sizes_2->rows : job->sizes_1->rows;
    const int64_t uncopied = job->n_out > 2 * VL ? tallest : RUN_GROUPS * GROUP / tallest * tallest;
    const int64_t max_height = copied ? copied : uncopied;
    gradient_job part = *job;
    if (copied) part.a = copies;
    for (int64_t i = 0; copied && i < job->n_rows; i++) copies[i] = space + i * ld;
    for (int64_t height; k < end; k += height) {
        int64_t groups[RUN_GROUPS];
        const int64_t from = copied ? 0 : k;
        height = end - k < max_height ? end - k : max_height;
        if (copied) {
            for (int64_t i = 0; i < job->n_rows; i++)
                memcpy(space + i * ld, job->a[i] + k, (size_t)height * sizeof(T));
            part.sums = job->sums + k * job->n_out;
            part.w = job->w + k * job->n_out;
        }
        for (int64_t g = 0; g * GROUP < height; g++) groups[g] = from + g * GROUP;
        for (int64_t j = 0; j < job->n_out; j += 2 * VL) gradient_strip(&part, groups, height, j);
    }
}

/* The groups of a word within [k0, k1) that have a nonzero column, or those that have none. */
VEC_FN uint64_t groups_within(const gradient_job *job, int column_mask, int64_t word, int64_t k0, int64_t k1)
{
    const uint64_t groups = group_bits(job->column_mask[word]);
    return bits_within(column_mask ? groups : groups ^ group_bits(~UINT64_C(0)), word, k0, k1);
}

/* Epilogue of those weight rows of [k0, k1) whose inputs are all 0. */
static void gradient_zero(const gradient_job *job, int64_t k0, int64_t k1)
{
    const finish_vectors f = *job->finish;
    for (int64_t word = k0 / MASK_BITS; word * MASK_BITS < k1; word++)
        for (uint64_t left = groups_within(job, 0, word, k0, k1); left; left &= left - 1) {
            const int64_t k = word * MASK_BITS + lowest_bit(left), end = (k1 - k < GROUP ? k1 : k + GROUP) * job->n_out;
            for (int64_t i = k * job->n_out; i < end; i += VL) {
                const int64_t n = end - i < VL ? end - i : VL;
                const V s = job->is_first ? v_zero() : load_lanes(job->sums + i, n);
                finish_sum(s, job->sums + i, job->w + i, v_tail(n), n == VL, &f);
            }
        }
}

/* Gradient of the other weight rows. A tile takes adjacent rows, or any groups if the layer has one vector of
 * outputs. */
static void gradient_nonzero(const gradient_job *job, int64_t k0, int64_t k1)
{
    int64_t list[MAX_GROUPS] = {0}, n = 0, start = k0, end = k0;
    for (int64_t word = k0 / MASK_BITS; word * MASK_BITS < k1; word++)
        for (uint64_t left = groups_within(job, 1, word, k0, k1); left; left &= left - 1) {
            const int64_t k = word * MASK_BITS + lowest_bit(left);
            if (job->n_out <= VL && k + GROUP <= k1) {
                list[n++] = k;
                if (n < MAX_GROUPS) continue;
                gradient_strip(job, list, n * GROUP, 0);
                n = 0;
            } else {
                if (k != end) {
                    gradient_run(job, start, end);
                    start = k;
                }
                end = k1 - k < GROUP ? k1 : k + GROUP;
            }
        }
    gradient_strip(job, list, n * GROUP, 0);
    gradient_run(job, start, end);
}
