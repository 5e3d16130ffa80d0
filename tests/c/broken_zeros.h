/* Deliberately broken kernels that build masks or skip zeros. Included by check_broken.c, which defines the macros. */

static void clear_bit(uint64_t *mask, int64_t k) { mask[k / CMLPI_MASK_BITS] &= ~(UINT64_C(1) << k % CMLPI_MASK_BITS); }

/* ---- nonzero_mask */

#define MASK_ARGUMENTS const void *v, int64_t n, uint64_t *mask

/* Sets only the bits for positive elements. */
static int64_t mask_positive(MASK_ARGUMENTS)
{
    int64_t count = real->nonzero_mask(v, n, mask);
    for (int64_t i = 0; i < n; i++) {
        if (at(v, i) >= 0) continue;
        clear_bit(mask, i);
        count--;
    }
    return count;
}

static int64_t mask_writes_past_end(MASK_ARGUMENTS)
{
    mask[(n + CMLPI_MASK_BITS - 1) / CMLPI_MASK_BITS] = 0;
    return real->nonzero_mask(v, n, mask);
}

static int64_t mask_whole_words(MASK_ARGUMENTS) { return real->nonzero_mask(v, n - n % CMLPI_MASK_BITS, mask); }

static int64_t mask_beyond(MASK_ARGUMENTS)
{
    const int64_t count = real->nonzero_mask(v, n, mask);
    if (n % CMLPI_MASK_BITS) mask[n / CMLPI_MASK_BITS] |= UINT64_C(1) << n % CMLPI_MASK_BITS;
    return count;
}

/* ---- dense */

static void dense_mask_misses_bit(DENSE_ARGUMENTS)
{
    real->dense(x, to);
    if (x->column_mask) x->column_mask[0] &= ~(uint64_t)2;
}

/* Overwrites the mask, in which bits of earlier rows are set. */
static void dense_mask_overwritten(DENSE_ARGUMENTS)
{
    if (x->column_mask) memset(x->column_mask, 0, (size_t)(x->n_in + 7) / 8);
    real->dense(x, to);
}

static void dense_mask_all_set(DENSE_ARGUMENTS)
{
    real->dense(x, to);
    if (x->column_mask) x->column_mask[0] = ~(uint64_t)0;
}

/* Clears the mask bit of the last element of the last row. */
static void dense_skips_last_element(DENSE_ARGUMENTS)
{
    static uint64_t mask[CMLPI_CHUNK * 16];
    cmlpi_dense_input other = *x;
    if (x->mask && x->n_rows && x->n_in) {
        const int64_t last = (x->n_rows - 1) * x->ld_mask, words = (x->n_in + CMLPI_MASK_BITS - 1) / CMLPI_MASK_BITS;
        memcpy(mask, x->mask, (size_t)(last + words) * sizeof *mask);
        clear_bit(mask + last, x->n_in - 1);
        other.mask = mask;
    }
    real->dense(&other, to);
}

static void dense_mask_of_one_row(DENSE_ARGUMENTS)
{
    cmlpi_dense_input same = *x;
    same.ld_mask = 0;
    real->dense(&same, to);
}

/* ---- gradient */

static void gradient_mask_of_one_row(GRADIENT_ARGUMENTS)
{
    cmlpi_dense_input same = *a;
    same.ld_mask = 0;
    real->gradient(&same, to);
}

static void gradient_short_list(GRADIENT_ARGUMENTS)
{
    cmlpi_dense_input fewer = *a;
    if (a->mask && a->n_rows > 100) fewer.n_rows = 100;
    real->gradient(&fewer, to);
}

/* Computes only the groups with a nonzero input. */
static void gradient_nonzero(GRADIENT_ARGUMENTS)
{
    cmlpi_gradient_output group = *to;
    for (; group.k0 < to->k1; group.k0 = group.k1) {
        const int64_t word = group.k0 / CMLPI_MASK_BITS;
        uint64_t mask = a->column_mask ? a->column_mask[word] : 0;
        for (int64_t i = 0; a->mask && i < a->n_rows; i++) mask |= a->mask[i * a->ld_mask + word];
        group.k1 = to->k1 - group.k0 < CMLPI_GROUP ? to->k1 : group.k0 + CMLPI_GROUP;
        if (mask >> group.k0 % CMLPI_MASK_BITS & 15) real->gradient(a, &group);
    }
}

static void gradient_forgets_zero_rows(GRADIENT_ARGUMENTS) /* skips weight decay of rows without inputs */
{
    const int broken = a->column_mask && to->mode == CMLPI_UPDATE && to->is_first;
    (broken ? gradient_nonzero : real->gradient)(a, to);
}

static void gradient_forgets_zero_groups(GRADIENT_ARGUMENTS)
{
    const int broken = a->mask && to->mode == CMLPI_UPDATE && to->is_first;
    (broken ? gradient_nonzero : real->gradient)(a, to);
}

static void gradient_zeros_keep_sums(GRADIENT_ARGUMENTS)
{
    const int broken = a->mask && to->mode == CMLPI_KEEP_SUM;
    (broken ? gradient_nonzero : real->gradient)(a, to);
}

static void gradient_whole_groups(GRADIENT_ARGUMENTS)
{
    cmlpi_gradient_output whole = *to;
    if (a->mask) whole.k1 -= (to->k1 - to->k0) % CMLPI_GROUP;
    real->gradient(a, &whole);
}
