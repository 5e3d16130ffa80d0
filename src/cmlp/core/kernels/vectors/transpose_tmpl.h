/* t[j, i] = a[i, j], in tiles of vectors. */

/* Transposes one tile of `rows` x `columns`, at most VL each. */
VEC_FN void transpose_tile(const T *a, int64_t lda, int64_t rows, int64_t columns, T *t, int64_t ldt)
{
    V tile[VL];
    UNROLL for (int i = 0; i < VL; i++) tile[i] = i < rows ? load_lanes(a + i * lda, columns) : v_zero();
    v_transpose(tile);
    UNROLL for (int j = 0; j < VL; j++)
        if (j < columns) store_lanes(t + j * ldt, rows, tile[j]);
}

/* Not inlined: GCC would compute the addresses of all rows before the loop over tiles, for a single tile, too. */
REAL_FN void transpose_full(const T *a, int64_t lda, T *t, int64_t ldt) { transpose_tile(a, lda, VL, VL, t, ldt); }

REAL_FN void transpose_part(const T *a, int64_t lda, int64_t rows, int64_t columns, T *t, int64_t ldt)
{
    transpose_tile(a, lda, rows, columns, t, ldt);
}

REAL_FN void KERNEL(transpose)(const void *a, int64_t lda, int64_t rows, int64_t columns, void *t, int64_t ldt)
{
    const T *from = a;
    T *to = t;
    for (int64_t i = 0; i < rows; i += VL)
        for (int64_t j = 0; j < columns; j += VL) {
            const T *corner = from + i * lda + j;
            if (rows - i >= VL && columns - j >= VL)
                transpose_full(corner, lda, to + j * ldt + i, ldt);
            else
                transpose_part(corner, lda, rows - i, columns - j, to + j * ldt + i, ldt);
        }
}
