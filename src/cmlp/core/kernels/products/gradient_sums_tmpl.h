/* Gradients that are one row of memory: of the biases, and of the weights of a single output. Their sums are vectors of
 * neighbouring elements, instead of tiles with one lane in use. */

#ifdef __OPTIMIZE_SIZE__
#define SUM_VECTORS 1
#else
#define SUM_VECTORS 4
#endif

/* C vectors of sums in one row of memory, from column j on: those of the biases, sum_i d[i, j], or those of the weights of
 * a single output, sum_i a[i, j] d[i]. */
VEC_FN void row_of_sums(const gradient_job *job, int64_t j, int64_t last, const int biases, const int C)
{
    const VT tail = v_tail(last);
    const int full = last == VL;
    const T *d = biases ? job->d + j : job->d;
    V sum[SUM_VECTORS];
    UNROLL for (int c = 0; c < C; c++) sum[c] = v_zero();
    NO_UNROLL for (int64_t i = 0; i < job->n_rows; i++, d += job->n_out)
        UNROLL for (int c = 0; c < C; c++) {
            const T *from = (biases ? d : job->a[i] + j) + c * VL;
            const V terms = load_last(from, tail, full || c < C - 1);
            sum[c] = biases ? v_add(terms, sum[c]) : v_fma(terms, v_set1(*d), sum[c]);
        }
    T *const sums = job->sums + j, *const w = job->w + j;
    UNROLL for (int c = 0; c < C; c++) {
        const int whole = full || c < C - 1;
        const V before = job->is_first ? v_zero() : load_last(sums + c * VL, tail, whole);
        finish_sum(v_add(before, sum[c]), sums + c * VL, w + c * VL, tail, whole, job->finish);
    }
}

VEC_FN void rows_of_sums(const gradient_job *job, int64_t j, int64_t end, const int biases)
{
    if (SUM_VECTORS > 1)
        for (; end - j >= SUM_VECTORS * VL; j += SUM_VECTORS * VL) row_of_sums(job, j, VL, biases, SUM_VECTORS);
    for (; j < end; j += VL) row_of_sums(job, j, end - j < VL ? end - j : VL, biases, 1);
}

static void KERNEL(bias_gradient)(int64_t n_rows, const cmlpi_gradient_output *to)
{
    const finish_vectors f = finish_vectors_of(to);
    const gradient_job job = {.n_rows = n_rows, .n_out = to->n_out, .d = to->d, .sums = to->sums, .w = to->w,
                              .is_first = to->is_first, .finish = &f};
    rows_of_sums(&job, 0, to->n_out, 1);
}
