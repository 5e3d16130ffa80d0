/* Masks of the columns that are nonzero in some row of a tile. Columns that are zero in all rows, such as the border of
 * images, can be skipped without changing any sum. */

#define AT_ROW(x, i) ((const T *)((x)->list ? (x)->list[i] : (const void *)((const T *)(x)->base + (i) * (x)->ld)))

#define GROUP CMLPI_GROUP
#define MASK_VECTORS 4 /* scanned in parallel */

/* Flags that distinguish tiles of one size. */
#define NEAR 1  /* the rows are adjacent copies: no row pointers are loaded */
#define PAIRS 2 /* see dense_tmpl.h */
#define AHEAD 4 /* the next line of each row is prefetched */

/* Broadcasts each element of a group to all lanes of a vector. */
VEC_FN void spread_group(const T *p, V lanes[GROUP], const int flags)
{
    UNROLL for (int u = 0; u < GROUP; u++) lanes[u] = v_set1(p[u]);
#ifdef V_PAIRS
    if (flags & PAIRS) v_pair(p, &lanes[0], &lanes[1]);
#else
    (void)flags;
#endif
}

/* Nonzero mask of `vectors` vectors of columns from k on. If `vectors` is 1, the vector may be partial: n elements. */
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

/* Sets `mask` to the nonzero columns among the first n of a tile's rows, and adds them to `column_mask`. Both have
 * space for n bits, in whole words. Once more than 7/8 of the columns scanned so far are nonzero, does not scan, sets all
 * bits and returns 0: *balance is 7 times their number minus 8 times that of the nonzero ones. */
static int extend_column_mask(const T *const x[], int64_t rows, int64_t n, uint64_t *mask, uint64_t *column_mask,
                              int64_t *balance)
{
    const int scans = *balance >= 0;
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
        if (scans) *balance += 7 * columns - 8 * count_bits(*mask);
    }
    return scans;
}

/* Adds the nonzero columns of a single row to `column_mask`. */
static void add_columns(const T *row, int64_t n, uint64_t *column_mask)
{
    for (int64_t k = 0; k < n; k += MASK_BITS) {
        uint64_t word;
        fill_mask(row + k, n - k < MASK_BITS ? n - k : MASK_BITS, &word, MASK_BITS);
        column_mask[k / MASK_BITS] |= word;
    }
}

/* Keeps one bit per group, at its first column: whether any bit of the group is set. */
VEC_FN uint64_t group_bits(uint64_t mask)
{
    mask |= mask >> 1;
    mask |= mask >> 2;
    return mask & UINT64_C(0x1111111111111111);
}

/* The bits of a word that belong to columns [k0, k1). */
VEC_FN uint64_t bits_within(uint64_t mask, int64_t word, int64_t k0, int64_t k1)
{
    const int64_t from = k0 - word * MASK_BITS, to = k1 - word * MASK_BITS;
    if (from > 0) mask &= ~UINT64_C(0) << from;
    return to < MASK_BITS ? mask & ((UINT64_C(1) << to) - 1) : mask;
}
