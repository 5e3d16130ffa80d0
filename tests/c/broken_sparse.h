/* Deliberately broken kernels for sparse rows. Included by check_broken.c, which defines the macros. */

#define CSR_ARGUMENTS \
    const cmlp_csr *x, int64_t rows, const void *w, const void *bias, int64_t n_out, void *z, void *scratch

static void csr_one_chain(CSR_ARGUMENTS)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < n_out; j++) {
            double sum = 0;
            for (int64_t p = 0; p < x->rows[i].n; p++) {
                const int64_t k = (int64_t)get(x->wide ? CMLP_INT64 : CMLP_INT32, x->rows[i].columns, p);
                const double value = type_round(real->dtype, get(x->dtype, x->rows[i].values, p) * x->scale);
                sum = type_fma(real->dtype, value, at(w, k * n_out + j), sum);
            }
            set(z, i * n_out + j, (bias ? at(bias, j) : 0) + 0.0 + sum);
        }
    (void)scratch;
}

static void csr_unscaled(CSR_ARGUMENTS)
{
    cmlp_csr other = *x;
    other.scale = 1;
    real->csr(&other, rows, w, bias, n_out, z, scratch);
}

static void csr_long_scratch(CSR_ARGUMENTS)
{
    real->csr(x, rows, w, bias, n_out, z, scratch);
    for (int64_t i = 0; i < rows; i++) set(scratch, x->rows[i].n + 400, 0);
}

#define CSR_GRADIENT_ARGUMENTS                                                                                       \
    const cmlp_csr *x, const void *d, int64_t rows, int64_t k0, int64_t k1, int64_t n_out, void *sums, int first,    \
        void *w, const cmlp_finish *finish, void *scratch

static void csr_gradient_touched_only(CSR_GRADIENT_ARGUMENTS)
{
    cmlp_finish other = *finish;
    if (finish->mode == CMLP_UPDATE) other.alpha = 0;
    real->csr_gradient(x, d, rows, k0, k1, n_out, sums, first, w, &other, scratch);
}

static void csr_gradient_last_row(CSR_GRADIENT_ARGUMENTS)
{
    real->csr_gradient(x, d, rows > 129 ? rows - 1 : rows, k0, k1, n_out, sums, first, w, finish, scratch);
}

static void csr_gradient_overwrites_sums(CSR_GRADIENT_ARGUMENTS)
{
    (void)first;
    real->csr_gradient(x, d, rows, k0, k1, n_out, sums, 1, w, finish, scratch);
}

static void csr_gradient_extra_column(CSR_GRADIENT_ARGUMENTS)
{
    real->csr_gradient(x, d, rows, k0, k1 + (k1 > k0), n_out, sums, first, w, finish, scratch);
}
