/* t[j, i] = a[i, j], in blocks that keep both sides' cache lines in reach. */

#define TRANSPOSE_BLOCK 16

static void transpose(const void *a, int64_t lda, int64_t rows, int64_t columns, void *t, int64_t ldt)
{
    const T *from = a;
    T *to = t;
    for (int64_t j0 = 0; j0 < columns; j0 += TRANSPOSE_BLOCK) {
        int64_t j1 = columns - j0 < TRANSPOSE_BLOCK ? columns : j0 + TRANSPOSE_BLOCK;
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = j0; j < j1; j++) to[j * ldt + i] = from[i * lda + j];
    }
}
