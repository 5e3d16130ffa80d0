/* Products with CSR rows. The weighted sums of a row and the gradient of a weight row are both sums of rows of a
 * dense matrix times stored values: rows of W, selected by the columns of x; or deltas of the rows that have a value
 * in a given column. A strip of C vectors of the sum stays in registers during the loop over the values. A new
 * partial sum starts when the index of the dense row passes a multiple of CMLPI_CHUNK. An element that is not stored
 * would add +0 to a partial sum, and an empty chunk +0 to a total. Neither is ever -0 where that matters, so
 * skipping them changes no bit. */

/* tiles_<isa>.h defines CSR_VECTORS and CSR_EACH. */

#define CSR_PREFETCH 16            /* distance of prefetched rows of W in values, or in columns of the gradient */
#define CSR_FAR ((int64_t)4 << 20) /* bytes of W above which its rows are prefetched; below, it is slower */
#define CSR_ROW_BYTES 4096         /* of a row's values to prefetch: the hardware prefetcher loads the rest */

/* Indices of four or eight bytes. Valid indices are below 2^31, so only the low four bytes are read. Larger indices,
 * which another thread may write during the call, are read as `max`. */
typedef struct csr_indices {
    const char *list;
    int64_t bytes;
    uint32_t max;
} csr_indices;

/* The column indices of row i from value p on. */
VEC_FN csr_indices csr_columns_from(const cmlpi_csr *x, int64_t i, int64_t p)
{
    const union { int64_t one; char bytes[8]; } number = {1};
    const int64_t bytes = x->has_int64_columns ? 8 : 4, low = bytes == 8 && !number.bytes[0] ? 4 : 0;
    return (csr_indices){(const char *)x->list[i].columns + low + p * bytes, bytes, (uint32_t)(x->n_in - 1)};
}

VEC_FN int64_t csr_index(csr_indices indices, int64_t p)
{
    uint32_t index;
    memcpy(&index, indices.list + p * indices.bytes, sizeof index);
    OPAQUE(index); /* read once: it is checked before it is used */
    return index < indices.max ? index : indices.max;
}

/* Prefetches the elements of a strip. */
VEC_FN void csr_prefetch(const T *p, const int C)
{
    for (int64_t e = 0; e < C * VL; e += CMLPI_LINE / (int64_t)sizeof(T)) CMLPI_PREFETCH(p + e);
}

/* A strip of columns of a dense matrix. */
typedef struct csr_strip {
    const T *first; /* its columns of row 0 */
    int64_t ld, last; /* distance between rows; columns in the last vector */
    int far;          /* whether to prefetch rows, because they are not in a cache */
} csr_strip;

/* total[c] += sum_p values[p * step] * (vector c of row indices[p] of m), chunk by chunk. */
VEC_FN void csr_sums(const T *values, const int step, csr_indices indices, int64_t n, csr_strip m, V *total,
                     const int C, const int full)
{
    const VT tail = v_tail(m.last);
    int64_t index = n ? csr_index(indices, 0) : 0;
    while (n) {
        const int64_t end = (index | (CMLPI_CHUNK - 1)) + 1;
        V sum[CSR_VECTORS];
        UNROLL for (int c = 0; c < C; c++) sum[c] = v_zero();
        do {
            const T *row = m.first + index * m.ld;
            const V x = v_set1(*values);
            if (m.far && n > CSR_PREFETCH) csr_prefetch(m.first + csr_index(indices, CSR_PREFETCH) * m.ld, C);
            UNROLL for (int c = 0; c < C; c++)
                sum[c] = v_fma(x, load_last(row + c * VL, tail, full || c < C - 1), sum[c]);
            values += step;
            indices.list += indices.bytes;
        } while (--n && (index = csr_index(indices, 0)) < end);
        UNROLL for (int c = 0; c < C; c++) total[c] = v_add(total[c], sum[c]);
    }
}

/* Vectors of the strip that begins at column j, and the elements of its last one. */
static int csr_vectors(int64_t n_out, int64_t j, int64_t *last)
{
    const int64_t left = (n_out - j + VL - 1) / VL, vectors = left < CSR_VECTORS ? left : CSR_VECTORS;
    *last = left <= CSR_VECTORS ? n_out - j - (vectors - 1) * VL : VL;
    return (int)vectors;
}

static int64_t csr_size(const cmlpi_csr *x) { return x->dtype == CMLP_UINT8 ? 1 : x->dtype == CMLP_FLOAT32 ? 4 : 8; }

/* Converts the n values of a row from value p on, with the factors of their columns. */
static void csr_convert_columns(const cmlpi_csr *x, int64_t row, int64_t p, int64_t n, T *to)
{
    const csr_indices columns = csr_columns_from(x, row, p);
    const int64_t stride = csr_size(x);
    const void *source = (const char *)x->list[row].values + p * stride;
#define BY_INDEX(value, q) ((value) * x->factors[csr_index(columns, q)])
    switch (x->dtype) {
    case CMLP_UINT8: CONVERT(uint8_t, BY_INDEX); break;
    case CMLP_FLOAT32: CONVERT(float, BY_INDEX); break;
    default: CONVERT(double, BY_INDEX);
    }
}

/* The n values of row i from value p on in the table's type: the caller's, or converted into `converted`. */
static const T *csr_values(const cmlpi_csr *x, int64_t i, int64_t p, int64_t n, void *converted)
{
    const void *values = (const char *)x->list[i].values + p * csr_size(x);
    if (x->factors) {
        csr_convert_columns(x, i, p, n, converted);
        return converted;
    }
    if (x->dtype == (CMLPI_BITS == 32 ? CMLP_FLOAT32 : CMLP_FLOAT64) && x->scale == 1) return values;
    KERNEL(convert)(x->dtype, values, csr_size(x), n, x->scale, converted);
    return converted;
}

static int64_t csr_column(const cmlpi_csr *x, int64_t i, int64_t p)
{
    return csr_index(csr_columns_from(x, i, p), 0);
}

/* Prefetches up to n values of row i from value p on, and their column indices. The order of rows is arbitrary, so the
 * hardware prefetcher cannot predict it. */
VEC_FN void csr_prefetch_values(const cmlpi_csr *x, int64_t i, int64_t p, int64_t n)
{
    const int64_t left = x->list[i].n - p, size = csr_size(x);
    if (n > left) n = left;
    if (!n) return; /* the arrays may be NULL */
    const csr_indices columns = csr_columns_from(x, i, p);
    const char *values = (const char *)x->list[i].values + p * size;
    for (int64_t at = 0; at < n * size && at < CSR_ROW_BYTES; at += CMLPI_LINE) CMLPI_PREFETCH(values + at);
    for (int64_t at = 0; at < n * columns.bytes && at < CSR_ROW_BYTES; at += CMLPI_LINE)
        CMLPI_PREFETCH(columns.list + at);
}

/* Weighted sums of a strip of one row. */
typedef void csr_row_fn(const T *values, csr_indices columns, int64_t n, csr_strip w, const T *bias, T *z);

#define CSR_ROW(C)                                                                                                     \
    static void KERNEL(csr_row_##C)(const T *values, csr_indices columns, int64_t n, csr_strip w, const T *bias, T *z) \
    {                                                                                                                  \
        V total[C];                                                                                                    \
        UNROLL for (int c = 0; c < C; c++)                                                                             \
            total[c] = v_add(bias ? load_lanes(bias + c * VL, c == C - 1 ? w.last : VL) : v_zero(), v_zero());         \
        FULL_OR_PARTIAL(0, w.last, csr_sums, values, 1, columns, n, w, total, C);                                      \
        UNROLL for (int c = 0; c < C; c++) store_lanes(z + c * VL, c == C - 1 ? w.last : VL, total[c]);                \
    }
/* CSR_EACH(CSR_ROW) defines csr_row_1(), csr_row_2(), ... for strips of 1, 2, ... vectors. */
#define CSR_ROW_NAME(C) KERNEL(csr_row_##C),
CSR_EACH(CSR_ROW)
static csr_row_fn *const csr_row[CSR_VECTORS] = {CSR_EACH(CSR_ROW_NAME)};

/* Number of columns up to the last one with a value in row i. */
static int64_t csr_width(const cmlpi_csr *x, int64_t i)
{
    return x->list[i].n ? csr_column(x, i, x->list[i].n - 1) + 1 : 0;
}

/* Computes one strip of outputs for all rows before the next strip: a strip of a wide W fits in the cache. */
static void KERNEL(csr)(const cmlpi_csr *x, const cmlpi_product *to, void *scratch)
{
    const int64_t n_out = to->n_out;
    const T *w = to->w, *bias = to->bias;
    int64_t last;
    for (int64_t j = 0; j < n_out; j += CSR_VECTORS * VL) {
        const int vectors = csr_vectors(n_out, j, &last);
        for (int64_t i = 0; i < x->n_rows; i++) {
            const cmlpi_csr_row *row = &x->list[i];
            const int far = csr_width(x, i) * n_out * (int64_t)sizeof(T) > CSR_FAR;
            const T *values = csr_values(x, i, 0, row->n, scratch);
            if (i + 1 < x->n_rows) csr_prefetch_values(x, i + 1, 0, x->list[i + 1].n);
            const csr_strip strip = {w + j, n_out, last, far};
            csr_row[vectors - 1](values, csr_columns_from(x, i, 0), row->n, strip, bias ? bias + j : NULL,
                                 (T *)to->z + i * n_out + j);
        }
    }
}
