/* Products with sparse rows. Both the weighted sums of a row and the gradient of a weight row are sums of some rows of
 * a dense matrix, each times a stored value: of W's rows by the columns of x, and of the deltas by the rows that have a
 * value in that column. A strip of C vectors of the sum stays in registers while the values run; a new chunk of 128
 * begins where the index of the dense row says so. What is not stored would add +0 to a chain, or an empty chain to a
 * total, neither of which is ever -0 where that counts: leaving it out changes no bit. */

/* CSR_VECTORS is set beside the vector header. */

#if defined(__GNUC__)
#define PREFETCH(p) __builtin_prefetch(p)
#else
#define PREFETCH(p) ((void)(p))
#endif

#define CSR_AHEAD 8 /* values: their rows come from a cache that is far away */
#define CACHE_LINE ((int64_t)(64 / sizeof(T)))

/* Entry p of a list of indices of one, four or eight bytes. */
VEC_FN int64_t csr_index(const void *list, int64_t p, const int bytes)
{
    if (bytes == 1) return ((const uint8_t *)list)[p];
    return bytes == 4 ? ((const int32_t *)list)[p] : ((const int64_t *)list)[p];
}

/* total[c] += sum_p values[p] * (vector c of row indices[p] of m), chunk by chunk. */
VEC_FN void csr_sums(const T *values, const void *indices, const int bytes, int64_t n, const T *m, int64_t ld,
                     int64_t last, V *total, const int C)
{
    const VT tail = v_tail(last);
    V sum[CSR_VECTORS];
    int64_t end = n ? (csr_index(indices, 0, bytes) | (CMLP_CHUNK - 1)) + 1 : 0; /* of the chunk */
    UNROLL for (int c = 0; c < C; c++) sum[c] = v_zero();
    for (int64_t p = 0; p < n; p++) {
        const int64_t index = csr_index(indices, p, bytes);
        const T *row = m + index * ld;
        if (bytes > 1 && p + CSR_AHEAD < n) {
            const T *ahead = m + csr_index(indices, p + CSR_AHEAD, bytes) * ld;
            for (int64_t e = 0; e < C * VL; e += CACHE_LINE) PREFETCH(ahead + e);
        }
        if (index >= end) {
            UNROLL for (int c = 0; c < C; c++) total[c] = v_add(total[c], sum[c]);
            UNROLL for (int c = 0; c < C; c++) sum[c] = v_zero();
            end = (index | (CMLP_CHUNK - 1)) + 1;
        }
        const V x = v_set1(values[p]);
        UNROLL for (int c = 0; c < C; c++)
            sum[c] = v_fma(x, c == C - 1 ? v_load_t(row + c * VL, tail) : v_load(row + c * VL), sum[c]);
    }
    UNROLL for (int c = 0; c < C; c++) total[c] = v_add(total[c], sum[c]);
}

/* Vectors of the strip that begins at column j, and the elements of its last one. */
static int csr_strip(int64_t n_out, int64_t j, int64_t *last)
{
    const int64_t left = (n_out - j + VL - 1) / VL, vectors = left < CSR_VECTORS ? left : CSR_VECTORS;
    *last = left <= CSR_VECTORS ? n_out - j - (vectors - 1) * VL : VL;
    return (int)vectors;
}

static int64_t csr_size(const cmlp_csr *x) { return x->dtype == CMLP_UINT8 ? 1 : x->dtype == CMLP_FLOAT32 ? 4 : 8; }

static int csr_own_type(const cmlp_csr *x)
{
    return x->dtype == (CMLP_BITS == 32 ? CMLP_FLOAT32 : CMLP_FLOAT64) && x->scale == 1;
}

/* n values, in the table's type. */
static const T *csr_values(const cmlp_csr *x, const void *values, int64_t n, void *converted)
{
    if (csr_own_type(x)) return values;
    convert(x->dtype, values, csr_size(x), n, x->scale, converted);
    return converted;
}

/* ------------------------------------------------------------------------------------------- weighted sums */

VEC_FN void csr_row_strip(const T *values, const void *columns, int wide, int64_t n, const T *w, int64_t n_out,
                          const T *bias, int64_t last, T *z, const int C)
{
    V total[CSR_VECTORS];
    UNROLL for (int c = 0; c < C; c++)
        total[c] = v_add(bias ? load_lanes(bias + c * VL, c == C - 1 ? last : VL) : v_zero(), v_zero());
    if (wide)
        csr_sums(values, columns, 8, n, w, n_out, last, total, C);
    else
        csr_sums(values, columns, 4, n, w, n_out, last, total, C);
    UNROLL for (int c = 0; c < C; c++) store_lanes(z + c * VL, c == C - 1 ? last : VL, total[c]);
}

typedef void csr_row_fn(const T *values, const void *columns, int wide, int64_t n, const T *w, int64_t n_out,
                        const T *bias, int64_t last, T *z);

#define CSR_ROW(C)                                                                                                   \
    static void csr_row_##C(const T *values, const void *columns, int wide, int64_t n, const T *w, int64_t n_out,    \
                            const T *bias, int64_t last, T *z)                                                       \
    {                                                                                                                \
        csr_row_strip(values, columns, wide, n, w, n_out, bias, last, z, C);                                         \
    }
#define CSR_ROW_NAME(C) csr_row_##C,
CSR_EACH(CSR_ROW)
static csr_row_fn *const csr_rows[CSR_VECTORS] = {CSR_EACH(CSR_ROW_NAME)};

static void csr(const cmlp_csr *x, int64_t rows, const void *w, const void *bias, int64_t n_out, void *z,
                void *scratch)
{
    const T *wt = w, *bt = bias;
    for (int64_t i = 0; i < rows; i++) {
        const cmlp_csr_row *row = &x->rows[i];
        const T *values = csr_values(x, row->values, row->n, scratch);
        int64_t last;
        for (int64_t j = 0; j < n_out; j += CSR_VECTORS * VL) {
            const int vectors = csr_strip(n_out, j, &last);
            csr_rows[vectors - 1](values, row->columns, x->wide, row->n, wt + j, n_out, bt ? bt + j : 0, last,
                                  (T *)z + i * n_out + j);
        }
    }
}

/* ------------------------------------------------------------------------------------------- weight gradient */

/* Values of a block of columns, in a bucket for each column, by ascending rows. Every bucket has room for all rows: no
 * pass is needed that counts beforehand. */
typedef struct csr_block {
    T *values, *converted;
    uint8_t *rows;
    int32_t *count;         /* of each bucket; all 0 between blocks */
    int32_t *list, *sorted; /* columns to go through: as they were found; by count */
    int64_t width, n_list, stride;
    int64_t at[CMLP_CSR_ROWS];   /* of each row: its first value that is in no bucket yet, */
    int32_t next[CMLP_CSR_ROWS]; /* and the column of that */
} csr_block;

#if CMLP_CSR_ROWS > 256
#error "row numbers in the buckets are bytes"
#endif

static void csr_lay_out(csr_block *b, int64_t rows, int64_t columns, void *scratch)
{
    b->width = columns < CMLP_CSR_COLUMNS ? columns : CMLP_CSR_COLUMNS;
    b->stride = rows + CMLP_CSR_GAP;
    b->values = scratch;
    b->converted = b->values + b->stride * b->width;
    b->count = (int32_t *)(void *)(b->converted + b->width);
    b->list = b->count + b->width;
    b->sorted = b->list + b->width + 1;
    b->rows = (uint8_t *)(void *)(b->sorted + b->width);
    for (int64_t k = 0; k < b->width; k++) b->count[k] = 0;
}

static int64_t csr_column(const cmlp_csr *x, int64_t i, int64_t p)
{
    return csr_index(x->rows[i].columns, p, x->wide ? 8 : 4);
}

static void csr_move(csr_block *b, const cmlp_csr *x, int64_t i, int64_t p)
{
    b->at[i] = p;
    b->next[i] = p < x->rows[i].n ? (int32_t)csr_column(x, i, p) : INT32_MAX;
}

/* Each row's first value from column k on. */
static void csr_start(csr_block *b, const cmlp_csr *x, int64_t rows, int64_t k)
{
    for (int64_t i = 0; i < rows; i++) {
        int64_t low = 0, high = k ? x->rows[i].n : 0;
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (csr_column(x, i, middle) < k)
                low = middle + 1;
            else
                high = middle;
        }
        csr_move(b, x, i, low);
    }
}

/* The values of row i in columns [k0, k1) into their buckets, of at most n; returns how many. */
VEC_FN int64_t csr_fill_row(csr_block *b, const T *values, const void *columns, const int bytes, int64_t n, int64_t k0,
                            int64_t k1, int64_t i)
{
    int32_t *const count = b->count, *const list = b->list;
    uint8_t *const rows = b->rows;
    T *const to = b->values;
    const int64_t stride = b->stride;
    int64_t n_list = b->n_list, p = 0;
    for (int64_t k; p < n && (k = csr_index(columns, p, bytes)) < k1; p++) {
        k -= k0;
        const int32_t place = count[k];
        list[n_list] = (int32_t)k;
        n_list += !place; /* no branch: nobody could foretell it */
        count[k] = place + 1;
        to[k * stride + place] = values[p];
        rows[k * stride + place] = (uint8_t)i;
    }
    b->n_list = n_list;
    return p;
}

/* Values of row i from its p-th on that are in columns before k1. */
static int64_t csr_before(const cmlp_csr *x, int64_t i, int64_t p, int64_t k1)
{
    int64_t n = 0;
    while (p + n < x->rows[i].n && csr_column(x, i, p + n) < k1) n++;
    return n;
}

/* All values of columns [k0, k1). */
static void csr_fill(csr_block *b, const cmlp_csr *x, int64_t rows, int64_t k0, int64_t k1)
{
    const int own = csr_own_type(x);
    b->n_list = 0;
    for (int64_t i = 0; i < rows; i++) {
        const cmlp_csr_row *row = &x->rows[i];
        const int64_t p = b->at[i];
        if (b->next[i] >= k1) continue;
        int64_t n = own ? row->n - p : csr_before(x, i, p, k1); /* what must be converted must be counted */
        const T *values = csr_values(x, (const char *)row->values + p * csr_size(x), n, b->converted);
        if (x->wide)
            n = csr_fill_row(b, values, (const int64_t *)row->columns + p, 8, n, k0, k1, i);
        else
            n = csr_fill_row(b, values, (const int32_t *)row->columns + p, 4, n, k0, k1, i);
        csr_move(b, x, i, p + n);
    }
}

/* Puts columns of equal count one behind the other: the loop over their values then ends where it did before, and the
 * processor foresees it. (At 1 % of 20,000 columns, most have one, two or three values in a batch.) */
#define CSR_COUNTS 4 /* and more */

static void csr_group(csr_block *b)
{
    int32_t at[CSR_COUNTS + 2] = {0};
    for (int64_t t = 0; t < b->n_list; t++) {
        const int32_t n = b->count[b->list[t]];
        at[(n < CSR_COUNTS ? n : CSR_COUNTS) + 1]++;
    }
    for (int c = 0; c < CSR_COUNTS; c++) at[c + 1] += at[c];
    for (int64_t t = 0; t < b->n_list; t++) {
        const int32_t n = b->count[b->list[t]];
        b->sorted[at[n < CSR_COUNTS ? n : CSR_COUNTS]++] = b->list[t];
    }
}

/* Sums of the listed columns, finished: a strip of the weight rows from w on. */
VEC_FN void csr_columns_strip(const csr_block *b, const T *d, int64_t n_out, int64_t last, T *sums, int first, T *w,
                              const finish_values *f, const int C)
{
    const V alpha = v_set1(f->alpha), inverse = v_set1(f->inverse), minus_rate = v_set1(f->minus_rate);
    for (int64_t t = 0; t < b->n_list; t++) {
        const int64_t k = b->sorted[t], begin = k * b->stride, at = k * n_out;
        V total[CSR_VECTORS];
        if (t + CSR_AHEAD < b->n_list)
            for (int64_t e = 0; e < C * VL; e += CACHE_LINE) PREFETCH(w + b->sorted[t + CSR_AHEAD] * n_out + e);
        UNROLL for (int c = 0; c < C; c++)
            total[c] = first ? v_zero() : load_lanes(sums + at + c * VL, c == C - 1 ? last : VL);
        csr_sums(b->values + begin, b->rows + begin, 1, b->count[k], d, n_out, last, total, C);
        UNROLL for (int c = 0; c < C; c++) {
            const int64_t n = c == C - 1 ? last : VL;
            if (f->mode == CMLP_KEEP_SUM) {
                store_lanes(sums + at + c * VL, n, total[c]);
                continue;
            }
            const V old = load_lanes(w + at + c * VL, n);
            const V g = v_mul(v_fma(alpha, old, total[c]), inverse);
            if (f->mode == CMLP_GRADIENT)
                store_lanes(sums + at + c * VL, n, g);
            else
                store_lanes(w + at + c * VL, n, v_fma(minus_rate, g, old));
        }
    }
}

typedef void csr_columns_fn(const csr_block *b, const T *d, int64_t n_out, int64_t last, T *sums, int first, T *w,
                            const finish_values *f);

#define CSR_COLUMNS(C)                                                                                              \
    static void csr_columns_##C(const csr_block *b, const T *d, int64_t n_out, int64_t last, T *sums, int first, T *w, \
                                const finish_values *f)                                                             \
    {                                                                                                               \
        csr_columns_strip(b, d, n_out, last, sums, first, w, f, C);                                                 \
    }
#define CSR_COLUMNS_NAME(C) csr_columns_##C,
CSR_EACH(CSR_COLUMNS)
static csr_columns_fn *const csr_columns[CSR_VECTORS] = {CSR_EACH(CSR_COLUMNS_NAME)};

/* Whether a weight row without values changes:  w = fma(-rate, (0 w + 0) inverse, w) = w  for finite factors, and to a
 * sum that there is already nothing is added. */
static int csr_all_rows(const finish_values *f, int first)
{
    if (f->mode == CMLP_KEEP_SUM) return first;
    return f->mode == CMLP_GRADIENT || !first || f->alpha != 0 || f->inverse - f->inverse != 0 ||
           f->minus_rate - f->minus_rate != 0;
}

static void csr_gradient(const cmlp_csr *x, const void *d, int64_t rows, int64_t k0, int64_t k1, int64_t n_out,
                         void *sums, int first, void *w, const cmlp_finish *finish, void *scratch)
{
    const finish_values f = {(T)finish->alpha, (T)finish->inverse, -(T)finish->rate, finish->mode};
    const int all = csr_all_rows(&f, first);
    csr_block b;
    csr_lay_out(&b, rows, k1 - k0, scratch);
    csr_start(&b, x, rows, k0);
    for (int64_t k = k0, end; k < k1; k = end) {
        if (!all) { /* on to the next column with a value */
            int32_t next = INT32_MAX;
            for (int64_t i = 0; i < rows; i++) next = b.next[i] < next ? b.next[i] : next;
            if (next >= k1) return;
            k = next;
        }
        end = k1 - k < b.width ? k1 : k + b.width;
        csr_fill(&b, x, rows, k, end);
        if (all)
            for (b.n_list = 0; b.n_list < end - k; b.n_list++) b.list[b.n_list] = (int32_t)b.n_list;
        csr_group(&b);
        int64_t last;
        for (int64_t j = 0; j < n_out; j += CSR_VECTORS * VL) {
            const int vectors = csr_strip(n_out, j, &last);
            csr_columns[vectors - 1](&b, (const T *)d + j, n_out, last, (T *)sums + k * n_out + j, first,
                                     (T *)w + k * n_out + j, &f);
        }
        for (int64_t t = 0; t < b.n_list; t++) b.count[b.list[t]] = 0;
    }
}
