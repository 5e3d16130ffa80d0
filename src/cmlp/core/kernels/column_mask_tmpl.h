/* Dark columns: inputs that are 0 in all rows of a tile, as much of a picture is. Leaving them out changes no sum. */

#define AT_ROW(matrix, i) \
    ((const T *)((matrix)->list ? (matrix)->list[i] : (const void *)((const T *)(matrix)->base + (i) * (matrix)->ld)))

#define GROUP CMLP_GROUP
#define MASK_VECTORS 4 /* side by side */

/* Ways in which tiles of one size differ. */
#define NEAR 1  /* the rows are copied together: no pointers need be loaded */
#define PAIRS 2 /* see pairs_tmpl.h */

/* The elements of a group, each in all lanes. */
VEC_FN void spread_group(const T *p, V lanes[GROUP], const int flags)
{
    UNROLL for (int u = 0; u < GROUP; u++) lanes[u] = v_set1(p[u]);
#ifdef V_PAIRS
    if (flags & PAIRS) v_pair(p, &lanes[0], &lanes[1]);
#else
    (void)flags;
#endif
}

/* Columns looked at and those of them that were lit. Where nearly all are, looking on is not worth the while. */
typedef struct column_count {
    int64_t seen, nonzero;
} column_count;

/* Marks of so many vectors of columns from k on. One vector may be partial: n elements. */
VEC_FN uint64_t column_bits(const T *const x[], int64_t rows, int64_t k, int64_t n, const int vectors)
{
    VI bits[MASK_VECTORS];
    uint64_t mask = 0;
    UNROLL for (int v = 0; v < vectors; v++) bits[v] = v_bits(v_zero());
    NO_UNROLL for (int64_t i = 0; i < rows; i++) {
        const T *row = x[i] + k;
        UNROLL for (int v = 0; v < vectors; v++)
            bits[v] = vi_or(bits[v], v_bits(vectors > 1 ? v_load(row + v * VL) : load_lanes(row, n)));
    }
    UNROLL for (int v = 0; v < vectors; v++) mask |= (uint64_t)v_nonzero(v_float(bits[v])) << v * VL;
    return mask;
}

/* Marks those of the first n <= CMLP_CHUNK columns that are lit in some of the rows, also in `lit`; returns whether it
 * looks. */
static int extend_column_mask(const T *const x[], int64_t rows, int64_t n, uint64_t *mask, uint64_t *column_mask, column_count *count)
{
    const int scans = count->nonzero * 8 <= count->seen * 7;
    for (int64_t j = 0; j < n; j += MASK_BITS, mask++, column_mask++) {
        const int64_t columns = n - j < MASK_BITS ? n - j : MASK_BITS;
        *mask = scans ? 0 : ~UINT64_C(0);
        for (int64_t l = 0, step; scans && l < columns; l += step) {
            const int four = columns - l >= MASK_VECTORS * VL;
            step = four ? MASK_VECTORS * VL : VL;
            *mask |= (four ? column_bits(x, rows, j + l, 0, MASK_VECTORS)
                            : column_bits(x, rows, j + l, columns - l, 1)) << l;
        }
        *column_mask |= *mask;
        count->seen += scans ? columns : 0;
        count->nonzero += scans ? count_bits(*mask) : 0;
    }
    return scans;
}

/* Marks the first column of each group that has a marked one. */
VEC_FN uint64_t group_bits(uint64_t mask)
{
    mask |= mask >> 1;
    mask |= mask >> 2;
    return mask & UINT64_C(0x1111111111111111);
}

/* The marks of a word that are within the columns [k0, k1). */
VEC_FN uint64_t bits_within(uint64_t mask, int64_t word, int64_t k0, int64_t k1)
{
    const int64_t from = k0 - word * MASK_BITS, to = k1 - word * MASK_BITS;
    if (from > 0) mask &= ~UINT64_C(0) << from;
    return to < MASK_BITS ? mask & ((UINT64_C(1) << to) - 1) : mask;
}
