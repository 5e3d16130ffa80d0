/* Weight gradient: sums[k, j] = sum_i a[i, k] d[i, j] over a chunk of rows, finished on the way out. A tile is R
 * neighbouring rows k of the weights by C vectors of columns; while i runs, a's R neighbours are read at constant
 * offsets from one row pointer (an index per k costs a third). */

/* Keeps GCC from splitting the pointer again. */
#if defined(__GNUC__)
#define AS_ONE_POINTER(p) __asm__("" : "+r"(p))
#else
#define AS_ONE_POINTER(p) ((void)0)
#endif

typedef struct finish_values {
    T alpha, inverse, minus_rate;
    cmlp_finish_mode mode;
} finish_values;

/* The way out of a tile, whose R x C sums lie in `tile`: rare beside the loop over rows, so one copy serves all. */
static void finish_tile(const T *tile, int R, int C, int64_t last, int64_t n_out, T *sums, int first, T *w,
                        const finish_values *f)
{
    const V alpha = v_set1(f->alpha), inverse = v_set1(f->inverse), minus_rate = v_set1(f->minus_rate);
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) {
            const int64_t n = c == C - 1 ? last : VL, at = r * n_out + c * VL;
            V s = v_load(tile + (r * C + c) * VL);
            s = v_add(first ? v_zero() : load_lanes(sums + at, n), s);
            if (f->mode == CMLP_KEEP_SUM) {
                store_lanes(sums + at, n, s);
                continue;
            }
            V old = load_lanes(w + at, n);
            V g = v_mul(v_fma(alpha, old, s), inverse);
            if (f->mode == CMLP_GRADIENT)
                store_lanes(sums + at, n, g);
            else
                store_lanes(w + at, n, v_fma(minus_rate, g, old));
        }
}

VEC_FN void gradient_tile(const cmlp_matrix *a, int64_t k, const T *d, int64_t rows, int64_t n_out, int64_t last,
                          T *sums, int first, T *w, const finish_values *f, const int R, const int C, const int whole)
{
    const VT tail = v_tail(last);
    V sum[GRADIENT_ROWS_1][2];
    UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_zero();
    for (int64_t i = 0; i < rows; i++) {
        const T *ai = AT_ROW(a, i) + k, *di = d + i * n_out;
        AS_ONE_POINTER(ai);
        V dv[2];
        UNROLL for (int c = 0; c < C; c++) dv[c] = load_last(di + c * VL, tail, whole || c < C - 1);
        UNROLL for (int r = 0; r < R; r++) {
            V av = v_set1(ai[r]);
            UNROLL for (int c = 0; c < C; c++) sum[r][c] = v_fma(av, dv[c], sum[r][c]);
        }
    }
    if (first && f->mode == CMLP_UPDATE) { /* small batches of plain SGD: nothing need leave the registers */
        const V alpha = v_set1(f->alpha), inverse = v_set1(f->inverse), minus_rate = v_set1(f->minus_rate);
        UNROLL for (int r = 0; r < R; r++)
            UNROLL for (int c = 0; c < C; c++) {
                const int64_t n = c == C - 1 ? last : VL;
                T *at = w + r * n_out + c * VL;
                V old = load_lanes(at, n), g = v_mul(v_fma(alpha, old, v_add(v_zero(), sum[r][c])), inverse);
                store_lanes(at, n, v_fma(minus_rate, g, old));
            }
        return;
    }
    T tile[GRADIENT_ROWS_1 * 2 * VL];
    UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int c = 0; c < C; c++) v_store(tile + (r * C + c) * VL, sum[r][c]);
    finish_tile(tile, R, C, last, n_out, sums, first, w, f);
}

typedef void gradient_fn(const cmlp_matrix *a, int64_t k, const T *d, int64_t rows, int64_t n_out, int64_t last,
                         T *sums, int first, T *w, const finish_values *f);

#define GRADIENT_TILE(R, C)                                                                                     \
    static void gradient_##R##x##C(const cmlp_matrix *a, int64_t k, const T *d, int64_t rows, int64_t n_out,   \
                                   int64_t last, T *sums, int first, T *w, const finish_values *f)              \
    {                                                                                                           \
        WHOLE_OR_NOT(last, gradient_tile, a, k, d, rows, n_out, last, sums, first, w, f, R, C);                 \
    }
#define GRADIENT_TILE_1(R) GRADIENT_TILE(R, 1)
#define GRADIENT_TILE_2(R) GRADIENT_TILE(R, 2)
#define GRADIENT_ENTRY_1(R) {R, gradient_##R##x1},
#define GRADIENT_ENTRY_2(R) {R, gradient_##R##x2},
GRADIENT_EACH_1(GRADIENT_TILE_1)
GRADIENT_EACH_2(GRADIENT_TILE_2)
typedef struct gradient_size {
    int64_t rows;
    gradient_fn *tile;
} gradient_size;
/* Tallest first, down to one row. */
static const gradient_size gradient_sizes_1[] = {GRADIENT_EACH_1(GRADIENT_ENTRY_1)};
static const gradient_size gradient_sizes_2[] = {GRADIENT_EACH_2(GRADIENT_ENTRY_2)};

/* Wide layers read a row of `a` and one of d for each few multiply-adds, each in a page of its own, more than the
 * processor has at hand. GRADIENT_COPY, beside the vector header: where that costs much, so many vectors of each row of
 * `a` are copied together for all columns of d. */
static int copy_pays(int64_t rows, int64_t n_out) { return GRADIENT_COPY && rows >= CMLP_CHUNK / 2 && n_out >= 16 * VL; }

static void copy_inputs(const cmlp_matrix *a, int64_t rows, int64_t k, int64_t n, T *copy)
{
    for (int64_t i = 0; i < rows; i++, copy += GRADIENT_COPY * VL)
        for (int64_t r = 0; r < n; r += VL) store_lanes(copy + r, n - r, load_lanes(AT_ROW(a, i) + k + r, n - r));
}

static void gradient(const cmlp_matrix *a, const void *d, int64_t rows, int64_t k0, int64_t k1, int64_t n_out,
                     void *sums, int first, void *w, const cmlp_finish *finish)
{
    finish_values f = {(T)finish->alpha, (T)finish->inverse, -(T)finish->rate, finish->mode};
    const int64_t tallest = n_out > VL ? gradient_sizes_2->rows : gradient_sizes_1->rows;
    T space[GRADIENT_COPY ? CMLP_CHUNK * GRADIENT_COPY * VL : 1];
    const cmlp_matrix copy = {.base = space, .ld = GRADIENT_COPY * VL};
    const int copied = copy_pays(rows, n_out);
    const int64_t most = copied ? GRADIENT_COPY * VL : tallest;
    for (int64_t k = k0, height; k < k1; k += height) {
        height = k1 - k < most ? k1 - k : most;
        if (copied) copy_inputs(a, rows, k, height, space);
        for (int64_t j = 0, width; j < n_out; j += width) {
            const int64_t left = n_out - j;
            const int wide = left > VL;
            width = wide ? (left < 2 * VL ? left : 2 * VL) : left;
            const int64_t last = wide ? width - VL : width;
            const gradient_size *size = wide ? gradient_sizes_2 : gradient_sizes_1;
            for (int64_t r = 0; r < height; r += size->rows) {
                while (size->rows > height - r) size++;
                const int64_t at = (k + r) * n_out + j;
                size->tile(copied ? &copy : a, copied ? r : k + r, (const T *)d + j, rows, n_out, last,
                           (T *)sums + at, first, (T *)w + at, &f);
            }
        }
    }
}
