/* Deliberately broken kernels for sparse rows. Included by check_broken.c, which defines the macros. */

#define CSR_ARGUMENTS const cmlpi_csr *x, const cmlpi_product *to, void *scratch

static void csr_one_chain(CSR_ARGUMENTS)
{
    for (int64_t i = 0; i < x->n_rows; i++)
        for (int64_t j = 0; j < to->n_out; j++) {
            double sum = 0;
            for (int64_t p = 0; p < x->list[i].n; p++) {
                const int64_t k = (int64_t)get(x->has_int64_columns ? CMLP_INT64 : CMLP_INT32, x->list[i].columns, p);
                const double value = type_round(real->dtype, get(x->dtype, x->list[i].values, p) * x->scale);
                sum = type_fma(real->dtype, value, at(to->w, k * to->n_out + j), sum);
            }
            set(to->z, i * to->n_out + j, (to->bias ? at(to->bias, j) : 0) + 0.0 + sum);
        }
    (void)scratch;
}

static void csr_unscaled(CSR_ARGUMENTS)
{
    cmlpi_csr other = *x;
    other.scale = 1;
    real->csr(&other, to, scratch);
}

static void csr_long_scratch(CSR_ARGUMENTS)
{
    real->csr(x, to, scratch);
    for (int64_t i = 0; i < x->n_rows; i++) set(scratch, x->list[i].n + 400, 0);
}

#define CSR_GRADIENT_ARGUMENTS const cmlpi_csr *x, const cmlpi_gradient_output *to, void *scratch

static void csr_gradient_touched_only(CSR_GRADIENT_ARGUMENTS)
{
    cmlpi_gradient_output other = *to;
    if (to->mode == CMLPI_UPDATE) other.alpha = 0;
    real->csr_gradient(x, &other, scratch);
}

static void csr_gradient_last_row(CSR_GRADIENT_ARGUMENTS)
{
    cmlpi_csr fewer = *x;
    if (x->n_rows > 129) fewer.n_rows--;
    real->csr_gradient(&fewer, to, scratch);
}

static void csr_gradient_overwrites_sums(CSR_GRADIENT_ARGUMENTS)
{
    cmlpi_gradient_output other = *to;
    other.is_first = 1;
    real->csr_gradient(x, &other, scratch);
}

static void csr_gradient_extra_column(CSR_GRADIENT_ARGUMENTS)
{
    cmlpi_gradient_output more = *to;
    more.k1 += to->k1 > to->k0;
    real->csr_gradient(x, &more, scratch);
}
