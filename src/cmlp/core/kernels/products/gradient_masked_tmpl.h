/* Weight gradient of dense rows with many zeros and a nonzero mask. For each group of weight rows, a list holds the
 * batch rows in which at least one input of the group is nonzero; all other rows would add 0 (see csr_tmpl.h). A
 * tile is one group by C vectors of columns. gradient(), at the end of this file, chooses between this and
 * gradient_tmpl.h. */

/* tiles_<isa>.h defines MASKED_VECTORS and MASKED_EACH. */

#define LISTED_GROUPS 4 /* listed at once; their bits share a word if the first group's index is a multiple of this */

#define LISTED_ROWS (CMLPI_CHUNK + 1) /* one spare entry: list_rows() always writes */

/* Lists, for each group from column k on, the n_listed[g] rows in which it is not 0. Branch-free: a branch on the mask
 * would be unpredictable. */
static void list_rows(const gradient_job *job, int64_t k, uint8_t lists[][LISTED_ROWS], int64_t *n_listed)
{
    const uint64_t *mask = job->mask + k / MASK_BITS;
    int64_t n[LISTED_GROUPS] = {0};
    for (int64_t i = 0; i < job->n_rows; i++, mask += job->ld_mask) {
        const uint64_t groups = group_bits(*mask >> k % MASK_BITS);
        UNROLL for (int g = 0; g < LISTED_GROUPS; g++) {
            lists[g][n[g]] = (uint8_t)i;
            n[g] += (int64_t)(groups >> g * GROUP & 1);
        }
    }
    UNROLL for (int g = 0; g < LISTED_GROUPS; g++) n_listed[g] = n[g];
}

VEC_FN void masked_tile(const gradient_job *job, const uint8_t *list, int64_t n, int64_t k, int64_t j, int64_t last,
                        const int C, const int full)
{
    const VT tail = v_tail(last);
    const T *const *inputs = job->a, *deltas = job->d + j;
    const int64_t n_out = job->n_out;
    V sum[GROUP][MASKED_VECTORS];
    T tile[GROUP * MASKED_VECTORS * VL];
    UNROLL for (int r = 0; r < GROUP; r++)
        UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_zero();
    for (int64_t t = 0; t < n; t++) {
        const T *a = inputs[list[t]] + k, *d = deltas + list[t] * n_out;
        V dv[MASKED_VECTORS];
        UNROLL for (int c = 0; c < C; c++) dv[c] = load_last(d + c * VL, tail, full || c < C - 1);
        UNROLL for (int r = 0; r < GROUP; r++) {
            const V av = v_set1(a[r]);
            UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_fma(av, dv[c], sum[r][c]);
        }
    }
    const finish_vectors f = *job->finish;
    if (job->is_first && f.mode != CMLPI_KEEP_SUM) { /* small batch: the sums go from the registers to the weights */
        const VM updates = v_lt(v_zero(), v_set1((T)(f.mode == CMLPI_UPDATE)));
        T *w = job->w + k * n_out + j, *to = f.mode == CMLPI_UPDATE ? w : job->sums + k * n_out + j;
        UNROLL for (int r = 0; r < GROUP; r++) {
            UNROLL for (int c = 0; c < C; c++) { /* finish_sum() for both modes without a branch, to keep the code short */
                const int all_lanes = full || c < C - 1;
                const V old = load_last(w + c * VL, tail, all_lanes);
                const V g = gradient_of(v_add(v_zero(), sum[r][c]), old, &f);
                store_last(to + c * VL, tail, all_lanes, v_sel(updates, v_fma(f.minus_rate, g, old), g));
            }
            w += n_out;
            to += n_out;
            OPAQUE(w);
            OPAQUE(to);
        }
        return;
    }
    UNROLL for (int r = 0; r < GROUP; r++)
        UNROLL for (int c = 0; c < C; c++) v_store(tile + (r * C + c) * VL, sum[r][c]);
    /* The epilogue reads the sums from memory in a loop: unrolled, it would be most of the code. */
    finish_rows(job, tile, GROUP, k, j, last, &f, C, full);
}

typedef void masked_fn(const gradient_job *job, const uint8_t *list, int64_t n, int64_t k, int64_t j, int64_t last);

#define MASKED_TILE(C)                                                                                            \
    static void KERNEL(masked_##C)(const gradient_job *job, const uint8_t *list, int64_t n, int64_t k, int64_t j, \
                                   int64_t last)                                                                  \
    {                                                                                                             \
        FULL_OR_PARTIAL(0, last, masked_tile, job, list, n, k, j, last, C);                                       \
    }
#define MASKED_NAME(C) KERNEL(masked_##C),
/* MASKED_EACH(MASKED_TILE) defines masked_1(), masked_2(), ..., the instances of masked_tile() for C = 1, 2, ... */
MASKED_EACH(MASKED_TILE)
static masked_fn *const masked_tiles[MASKED_VECTORS] = {MASKED_EACH(MASKED_NAME)};

/* Gradient of the n weight rows from k on, which are whole groups. Each strip of d's columns serves all groups. Not
 * inlined, so that the lists are on the stack only while they are used. */
REAL_FN void gradient_groups(const gradient_job *job, int64_t k, int64_t n, int zeros_too)
{
    const int64_t vectors = (job->n_out + VL - 1) / VL, strips = (vectors + MASKED_VECTORS - 1) / MASKED_VECTORS;
    uint8_t lists[LISTED_GROUPS][LISTED_ROWS];
    int64_t n_listed[LISTED_GROUPS];
    list_rows(job, k, lists, n_listed);
    for (int64_t s = 0, v = 0, end; s < strips; s++, v = end) {
        end = vectors * (s + 1) / strips; /* all strips have nearly the same width */
        for (int64_t g = 0; g * GROUP < n; g++)
            if (n_listed[g] || zeros_too)
                masked_tiles[end - v - 1](job, lists[g], n_listed[g], k + g * GROUP, v * VL,
                                          end < vectors ? VL : job->n_out - (vectors - 1) * VL);
    }
}

static void gradient_masked(const gradient_job *job, int64_t k0, int64_t k1, int all)
{
    const int64_t listed = LISTED_GROUPS * GROUP, groups_end = k1 - (k1 - k0) % GROUP;
    for (int64_t k = k0, n; k < groups_end; k += n) {
        n = listed - k % listed;
        if (n > groups_end - k) n = groups_end - k;
        gradient_groups(job, k, n, all);
    }
    gradient_run(job, groups_end, k1);
}

/* Tiles of two vectors. The only strip of a long gradient on AVX2 prefetches its rows, which may be in the L3 cache. */
static const gradient_size *sizes_of_2(const cmlpi_dense_input *x, const cmlpi_gradient_output *to)
{
#if PANELS
    if (to->n_out <= 2 * VL && x->n_rows > 16 && to->k1 - to->k0 >= 2 * CMLPI_CHUNK) return gradient_one_strip;
#else
    (void)x;
    (void)to;
#endif
    return gradient_sizes_2;
}

static void KERNEL(gradient)(const cmlpi_dense_input *x, const cmlpi_gradient_output *to)
{
    const finish_vectors f = finish_vectors_of(to);
    const int all = changes_all(to);
    const gradient_job job = {.sizes_1 = WITH_PAIRS(to->tuning, gradient_sizes_pairs, gradient_sizes_1),
                              .sizes_2 = sizes_of_2(x, to),
                              .a = (const T *const *)x->list, .column_mask = x->column_mask,
                              .copy = x->copy, .mask = x->mask, .ld_mask = x->ld_mask, .n_rows = x->n_rows,
                              .n_out = to->n_out, .d = to->d, .sums = to->sums, .w = to->w, .is_first = to->is_first,
                              .finish = &f, .tuning = to->tuning};
    if (x->mask) {
        gradient_masked(&job, to->k0, to->k1, all);
    } else if (!x->column_mask && to->n_out == 1) {
        rows_of_sums(&job, to->k0, to->k1, 0);
    } else if (!x->column_mask || !to->n_out) {
        gradient_run(&job, to->k0, to->k1);
    } else {
        if (all) gradient_zero(&job, to->k0, to->k1);
        gradient_nonzero(&job, to->k0, to->k1);
    }
}
