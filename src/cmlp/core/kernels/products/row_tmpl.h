/* Dense products row by row. They skip zero inputs, such as half of a relu layer's outputs and most pixels of MNIST's
 * images, which changes no bit (see csr_tmpl.h). A single row has one chain of dependent fma per vector of outputs, and
 * each fma takes four cycles. To hide this latency, a wide layer runs ROW_VECTORS vectors of columns in parallel, and a
 * narrow layer runs several chunks of the input in parallel, unless few inputs are nonzero. The chains and the order of
 * additions are those of dense_tmpl.h. */

#define ROW_VECTORS 8 /* in parallel, in one chunk */
#define ROW_NARROW 2  /* at most this many vectors are a narrow layer */
#define ROW_CHUNKS 4  /* in parallel, for one vector; half as many for two */
#define ROW_SHARE 3   /* few inputs are nonzero if at most one in ROW_SHARE is */

#define ROW_BLOCK (ROW_CHUNKS * CMLPI_CHUNK)

VEC_FN void row_add(T *total, const V *sum, int64_t last, const int C)
{
    UNROLL for (int c = 0; c < C; c++) {
        const int64_t n = c == C - 1 ? last : VL;
        store_lanes(total + c * VL, n, v_add(load_lanes(total + c * VL, n), sum[c]));
    }
}

/* total += chunk sums of S whole chunks. */
VEC_FN void row_chunks(const T *x, const T *w, int64_t ldw, int64_t last, T *total, const int S, const int C,
                       const int full)
{
    const VT tail = v_tail(last);
    V sum[ROW_CHUNKS][ROW_NARROW];
    UNROLL for (int s = 0; s < S; s++)
        UNROLL for (int c = 0; c < C; c++) sum[s][c] = v_zero();
    for (int64_t k = 0; k < CMLPI_CHUNK; k++)
        UNROLL for (int s = 0; s < S; s++) {
            const T *row = w + (k + s * CMLPI_CHUNK) * ldw;
            const V xv = v_set1(x[k + s * CMLPI_CHUNK]);
            UNROLL for (int c = 0; c < C; c++)
                sum[s][c] = v_fma(xv, load_last(row + c * VL, tail, full || c < C - 1), sum[s][c]);
        }
    UNROLL for (int s = 0; s < S; s++) row_add(total, sum[s], last, C);
}

/* total += partial sums of the inputs whose mask bit is set. */
VEC_FN void row_masked(const T *x, const uint64_t *mask, int64_t n, const T *w, int64_t ldw, int64_t last, T *total,
                       const int C, const int full)
{
    const VT tail = v_tail(last);
    for (int64_t k0 = 0; k0 < n; k0 += CMLPI_CHUNK) {
        V sum[ROW_VECTORS];
        UNROLL for (int c = 0; c < C; c++) sum[c] = v_zero();
        for (int64_t k1 = k0; k1 < n && k1 < k0 + CMLPI_CHUNK; k1 += MASK_BITS)
            for (uint64_t left = mask[k1 / MASK_BITS]; left; left &= left - 1) {
                const int64_t k = k1 + lowest_bit(left);
                const T *row = w + k * ldw;
                const V xv = v_set1(x[k]);
                UNROLL for (int c = 0; c < C; c++)
                    sum[c] = v_fma(xv, load_last(row + c * VL, tail, full || c < C - 1), sum[c]);
            }
        row_add(total, sum, last, C);
    }
}

typedef void row_chunks_fn(const T *x, const T *w, int64_t ldw, int64_t last, T *total);
typedef void row_masked_fn(const T *x, const uint64_t *mask, int64_t n, const T *w, int64_t ldw, int64_t last,
                           T *total);

#define ROW_CHUNKS_FN(S, C)                                                                               \
    static void KERNEL(row_chunks_##S##x##C)(const T *x, const T *w, int64_t ldw, int64_t last, T *total) \
    {                                                                                                     \
        FULL_OR_PARTIAL(0, last, row_chunks, x, w, ldw, last, total, S, C);                               \
    }
#define ROW_MASKED_FN(C)                                                                                                   \
    static void KERNEL(row_masked_##C)(const T *x, const uint64_t *mask, int64_t n, const T *w, int64_t ldw, int64_t last, \
                                       T *total)                                                                           \
    {                                                                                                                      \
        FULL_OR_PARTIAL(0, last, row_masked, x, mask, n, w, ldw, last, total, C);                                          \
    }
/* For example, ROW_CHUNKS_FN(2, 1) defines row_chunks_2x1(), the instance of row_chunks() for S = 2 chunks and C =
 * 1. */
ROW_CHUNKS_FN(2, 1) ROW_CHUNKS_FN(4, 1) ROW_CHUNKS_FN(2, 2)
#define ROW_EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#define ROW_MASKED_NAME(C) KERNEL(row_masked_##C),
ROW_EACH(ROW_MASKED_FN)
static row_masked_fn *const row_masked_fns[ROW_VECTORS] = {ROW_EACH(ROW_MASKED_NAME)};

static void row_begin(const T *bias, int64_t n_out, T *z)
{
    for (int64_t j = 0; j < n_out; j += VL)
        store_lanes(z + j, n_out - j, bias ? v_add(load_lanes(bias + j, n_out - j), v_zero()) : v_zero());
}

/* z = bias + x W of one row. */
static void KERNEL(dense_row)(const void *row, int64_t n_in, const cmlpi_product *to)
{
    const T *const x = row, *const w = to->w;
    T *const z = to->z;
    const int64_t ldw = to->ldw, n_out = to->n_out;
    const int narrow = n_out > 0 && n_out <= ROW_NARROW * VL;
    row_begin(to->bias, n_out, z);
    for (int64_t k = 0, n; k < n_in; k += n) {
        uint64_t mask[ROW_BLOCK / MASK_BITS];
        n = n_in - k < ROW_BLOCK ? n_in - k : ROW_BLOCK;
        const int64_t limit = narrow && n >= 2 * CMLPI_CHUNK ? n / ROW_SHARE : n;
        if (fill_mask(x + k, n, mask, limit) > limit) {
            const int two = n_out > VL, four = !two && n == ROW_BLOCK;
            n = (four ? 4 : 2) * CMLPI_CHUNK;
            row_chunks_fn *const add_chunks = four  ? KERNEL(row_chunks_4x1)
                                              : two ? KERNEL(row_chunks_2x2)
                                                    : KERNEL(row_chunks_2x1);
            add_chunks(x + k, w + k * ldw, ldw, two ? n_out - VL : n_out, z);
            continue;
        }
        for (int64_t j = 0; j < n_out; j += ROW_VECTORS * VL) {
            const int64_t width = n_out - j < ROW_VECTORS * VL ? n_out - j : ROW_VECTORS * VL;
            const int64_t vectors = (width + VL - 1) / VL;
            row_masked_fns[vectors - 1](x + k, mask, n, w + k * ldw + j, ldw, width - (vectors - 1) * VL, z + j);
        }
    }
}

/* Several rows with a nonzero mask. A chunk of a strip of W is used for all rows while it is in the cache. */
static void dense_masked(const cmlpi_dense_input *x, const cmlpi_product *to)
{
    const int64_t rows = x->n_rows, n_in = x->n_in, n_out = to->n_out;
    const T *const w = to->w;
    T *const z = to->z;
    const int64_t vectors = (n_out + VL - 1) / VL, strips = (vectors + ROW_VECTORS - 1) / ROW_VECTORS;
    for (int64_t k = 0; !k || k < n_in; k += CMLPI_CHUNK) {
        for (int64_t i = 0; !k && i < rows; i++) row_begin(to->bias, n_out, z + i * to->ldz);
        for (int64_t s = 0, v = 0, end; s < strips; s++, v = end) {
            const int64_t n = n_in - k < CMLPI_CHUNK ? n_in - k : CMLPI_CHUNK;
            end = vectors * (s + 1) / strips; /* all strips have nearly the same width */
            row_masked_fn *const add_masked = row_masked_fns[end - v - 1];
            for (int64_t i = 0; i < rows; i++) {
                if (x->prefetch && !s) prefetch_rows(x->prefetch + i, 1, k, n);
                add_masked(AT_ROW(x, i) + k, x->mask + i * x->ld_mask + k / MASK_BITS, n,
                           w + k * to->ldw + v * VL, to->ldw, end < vectors ? VL : n_out - (vectors - 1) * VL,
                           z + i * to->ldz + v * VL);
            }
        }
    }
}
