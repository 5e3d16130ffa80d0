/* Kernels with one deliberate, small defect each. The harness must catch every one. */
#include "check_kernels.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The correct kernels, which the broken ones call. */
static const cmlpi_kernels *real;

static void *element(void *base, int64_t i) { return (char *)base + (size_t)i * size_of(real->dtype); }

static double at(const void *base, int64_t i) { return get(real->dtype, base, i); }

static void set(void *base, int64_t i, double x) { put(real->dtype, base, i, x); }

static double input(const cmlpi_dense_input *x, int64_t i, int64_t k)
{
    if (x->byte_scale != 0) return type_round(real->dtype, get(CMLP_UINT8, x->list[i], k) * x->byte_scale);
    return x->list ? at(x->list[i], k) : at(x->base, i * x->ld + k);
}

/* Changes element i by one unit in the last place. */
static void nudge(void *base, int64_t i)
{
    const double x = at(base, i);
    set(base, i, real->dtype == CMLP_FLOAT32 ? (double)nextafterf((float)x, 9e9f) : nextafter(x, 9e99));
}

/* ---- dense */

#define DENSE_ARGUMENTS const cmlpi_dense_input *x, const cmlpi_product *to

static void dense_last_place(DENSE_ARGUMENTS)
{
    real->dense(x, to);
    if (x->n_rows == 17 && to->n_out) nudge(to->z, 16 * to->ldz + to->n_out - 1);
}

static void dense_one_chain(DENSE_ARGUMENTS)
{
    for (int64_t i = 0; i < x->n_rows; i++)
        for (int64_t j = 0; j < to->n_out; j++) {
            double sum = 0;
            for (int64_t k = 0; k < x->n_in; k++)
                sum = type_fma(real->dtype, input(x, i, k), at(to->w, k * to->ldw + j), sum);
            set(to->z, i * to->ldz + j, (to->bias ? at(to->bias, j) : 0) + 0.0 + sum);
        }
}

static void dense_negative_zero(DENSE_ARGUMENTS)
{
    real->dense(x, to);
    for (int64_t i = 0; to->bias && i < x->n_rows; i++)
        for (int64_t j = 0; j < to->n_out; j++)
            if (at(to->z, i * to->ldz + j) == 0 && at(to->bias, j) == 0)
                set(to->z, i * to->ldz + j, at(to->bias, j));
}

static void dense_writes_past_end(DENSE_ARGUMENTS)
{
    real->dense(x, to);
    if (x->n_rows && to->n_out) set(to->z, (x->n_rows - 1) * to->ldz + to->n_out, 0);
}

static void dense_reads_past_end(DENSE_ARGUMENTS)
{
    real->dense(x, to);
    if (x->n_in && to->n_out)
        (void)*(volatile char *)element((void *)(uintptr_t)to->w, (x->n_in - 1) * to->ldw + to->n_out);
}

static void dense_hides_nan(DENSE_ARGUMENTS)
{
    real->dense(x, to);
    for (int64_t i = 0; i < x->n_rows; i++)
        for (int64_t j = 0; j < to->n_out; j++)
            if (isnan(at(to->z, i * to->ldz + j))) set(to->z, i * to->ldz + j, 0);
}

/* ---- gradient, transpose */

#define GRADIENT_ARGUMENTS const cmlpi_dense_input *a, const cmlpi_gradient_output *to

static void gradient_last_row(GRADIENT_ARGUMENTS)
{
    cmlpi_dense_input fewer = *a;
    if (a->n_rows > 12) fewer.n_rows--;
    real->gradient(&fewer, to);
}

static void gradient_overwrites_sums(GRADIENT_ARGUMENTS)
{
    cmlpi_gradient_output other = *to;
    other.is_first = 1;
    real->gradient(a, &other);
}

static void gradient_no_penalty(GRADIENT_ARGUMENTS)
{
    cmlpi_gradient_output without = *to;
    if (without.mode == CMLPI_UPDATE) without.alpha = 0;
    real->gradient(a, &without);
}

static void gradient_divides(GRADIENT_ARGUMENTS)
{
    const int broken = to->mode == CMLPI_GRADIENT;
    cmlpi_gradient_output kept = *to;
    if (broken) kept.mode = CMLPI_KEEP_SUM;
    real->gradient(a, &kept);
    for (int64_t i = to->k0 * to->n_out; broken && i < to->k1 * to->n_out; i++) {
        const double alpha = type_round(real->dtype, to->alpha);
        const double sum = type_fma(real->dtype, alpha, at(to->w, i), at(to->sums, i));
        set(to->sums, i, sum / (double)(a->n_rows + 1)); /* instead of multiplying by 1 / (rows + 1) */
    }
}

static void gradient_extra_row(GRADIENT_ARGUMENTS)
{
    cmlpi_gradient_output more = *to;
    more.k1 += to->k1 > to->k0;
    real->gradient(a, &more);
}

static void bias_gradient_last_row(int64_t n_rows, const cmlpi_gradient_output *to)
{
    real->bias_gradient(n_rows > 12 ? n_rows - 1 : n_rows, to);
}

static void bias_gradient_overwrites_sums(int64_t n_rows, const cmlpi_gradient_output *to)
{
    cmlpi_gradient_output other = *to;
    other.is_first = 1;
    real->bias_gradient(n_rows, &other);
}

#include "broken_sparse.h"
#include "broken_zeros.h"

static void transpose_square(const void *a, int64_t lda, int64_t rows, int64_t columns, void *t, int64_t ldt)
{
    real->transpose(a, lda, rows, columns, t, ldt);
    if (rows > 16 && columns > 16) set(t, 16 * ldt + 3, at(a, 16 * lda + 3));
}

/* ---- functions */

static void activate_hides_nan(int32_t activation, double parameter, const void *z, void *a, int64_t rows, int64_t n)
{
    real->activate(activation, parameter, z, a, rows, n);
    for (int64_t i = 0; activation == CMLP_ACTIVATION_RELU && i < rows * n; i++)
        if (!(at(a, i) > 0)) set(a, i, 0);
}

static void activate_last_place(int32_t activation, double parameter, const void *z, void *a, int64_t rows, int64_t n)
{
    real->activate(activation, parameter, z, a, rows, n);
    for (int64_t i = 0; activation == CMLP_ACTIVATION_TANH && i < rows * n; i += 7)
        if (at(a, i) > 0.1) nudge(a, i);
}

static void activate_inaccurate(int32_t activation, double parameter, const void *z, void *a, int64_t rows, int64_t n)
{
    real->activate(activation, parameter, z, a, rows, n);
    for (int64_t i = 0; activation == CMLP_ACTIVATION_LOGISTIC && i < rows * n; i += 7)
        for (int step = 0; step < 8; step++) nudge(a, i);
}

static void activate_no_shift(int32_t activation, double parameter, const void *z, void *a, int64_t rows, int64_t n)
{
    if (activation == CMLP_ACTIVATION_SOFTMAX) {
        for (int64_t i = 0; i < rows * n; i++) set(a, i, at(z, i) > 80 ? 80 : at(z, i));
        z = a;
    }
    real->activate(activation, parameter, z, a, rows, n);
}

/* Ignores the activation's parameter. */
static void activate_no_parameter(int32_t activation, double parameter, const void *z, void *a, int64_t rows, int64_t n)
{
    real->activate(activation, activation == CMLP_ACTIVATION_ELU ? 1 : parameter, z, a, rows, n);
}

static void derivative_two_roundings(int32_t activation, double parameter, const void *a, void *d, int64_t n)
{
    if (activation != CMLP_ACTIVATION_LOGISTIC) {
        real->derivative(activation, parameter, a, d, n);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        set(d, i, at(d, i) * type_round(real->dtype, at(a, i) * type_round(real->dtype, 1 - at(a, i))));
}

/* ---- loss */

#define LOSS_ARGUMENTS \
    const cmlpi_loss_values *values, void *z, const void *y, void *d, int64_t rows, int64_t n, \
        double *cost

static void loss_no_clip(LOSS_ARGUMENTS)
{
    cmlpi_loss_values without = *values;
    without.clip = 0;
    real->loss(&without, z, y, d, rows, n, cost);
}

static void loss_no_parameter(LOSS_ARGUMENTS)
{
    cmlpi_loss_values without = *values;
    without.parameter = cmlp_loss_describe(values->loss)->parameter;
    real->loss(&without, z, y, d, rows, n, cost);
}

static void loss_no_weights(LOSS_ARGUMENTS)
{
    cmlpi_loss_values without = *values;
    without.row_weights = NULL;
    real->loss(&without, z, y, d, rows, n, cost);
}

static void loss_no_jacobian(LOSS_ARGUMENTS)
{
    real->loss(values, z, y, d, rows, n, cost);
    if (values->activation != CMLP_ACTIVATION_SOFTMAX || values->loss != CMLP_LOSS_SQUARED_ERROR || !values->wants_delta ||
        values->row_weights)
        return;
    for (int64_t i = 0; i < rows * n; i++) /* the diagonal only */
        set(d, i, 2 * values->scale * (at(z, i) - at(y, i)) * at(z, i) * (1 - at(z, i)));
}

static void loss_cost_rounded(LOSS_ARGUMENTS)
{
    real->loss(values, z, y, d, rows, n, cost);
    for (int64_t i = 0; i < rows; i++) cost[i] = cost[i] * (1 + 0x1p-52);
}

/* ---- steps and vectors */

#define STEP_ARGUMENTS const cmlpi_step *values, void *w, const void *g, void *m, void *v, int64_t n

static void step_not_flushed(STEP_ARGUMENTS)
{
    const double mu = type_round(real->dtype, values->momentum), rate = type_round(real->dtype, values->rate);
    if (values->solver != CMLP_SOLVER_MOMENTUM) {
        real->step(values, w, g, m, v, n);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        set(m, i, type_fma(real->dtype, -rate, at(g, i), type_round(real->dtype, mu * at(m, i))));
        set(w, i, at(w, i) + at(m, i));
    }
}

static void step_epsilon_inside(STEP_ARGUMENTS)
{
    cmlpi_step other = *values;
    other.epsilon = values->epsilon * 0.5;
    real->step(&other, w, g, m, v, n);
}

static void step_plain_momentum(STEP_ARGUMENTS)
{
    cmlpi_step other = *values;
    if (values->solver == CMLP_SOLVER_NESTEROV) other.solver = CMLP_SOLVER_MOMENTUM;
    real->step(&other, w, g, m, v, n);
}

static void convert_in_float(int32_t dtype, const void *source, int64_t stride, int64_t n, double scale, void *out)
{
    real->convert(dtype, source, stride, n, (double)(float)scale, out);
}

static void convert_forward_only(int32_t dtype, const void *source, int64_t stride, int64_t n, double scale, void *out)
{
    real->convert(dtype, source, stride < 0 ? -stride : stride, stride < 0 && n > 0 ? 1 : n, scale, out);
}

#define COLUMNS_ARGUMENTS                                                                                   \
    int32_t dtype, const void *source, int64_t stride, int64_t n, const double *shifts, const double *factors, \
        void *out

/* Rounds the difference, so that there are two roundings. */
static void columns_two_roundings(COLUMNS_ARGUMENTS)
{
    static const double one = 1;
    const int is_float = real->dtype == CMLP_FLOAT32;
    for (int64_t i = 0; i < n; i++) {
        union {
            float narrow;
            double wide;
        } value;
        const char *at = (const char *)source + i * stride;
        real->convert_columns(dtype, at, stride, 1, shifts + i, &one, &value);
        if (is_float) {
            ((float *)out)[i] = (float)((double)value.narrow * factors[i]);
        } else {
            ((double *)out)[i] = (double)(float)value.wide * factors[i];
        }
    }
}

static void columns_forward_only(COLUMNS_ARGUMENTS)
{
    real->convert_columns(dtype, source, stride < 0 ? -stride : stride, stride < 0 && n > 0 ? 1 : n, shifts, factors,
                          out);
}

static void drop_not_scaled(const cmlpi_dropout_rule *rule, void *v, int64_t n)
{
    cmlpi_dropout_rule other = *rule;
    other.scale = 1;
    real->drop(&other, v, n);
}

static void drop_at_the_limit(const cmlpi_dropout_rule *rule, void *v, int64_t n)
{
    cmlpi_dropout_rule other = *rule;
    other.below++;
    real->drop(&other, v, n);
}

static void drop_full_blocks(const cmlpi_dropout_rule *rule, void *v, int64_t n) { real->drop(rule, v, n / 8 * 8); }

static void multiply_leaves_last(void *v, int64_t n, double factor) { real->multiply(v, n > 9 ? n - 1 : n, factor); }

static double square_sum_ascending(const void *v, int64_t rows, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < rows * n; i++) sum += at(v, i) * at(v, i);
    return sum;
}

static int64_t find_nan_only(const void *v, int64_t stride, int64_t n)
{
    int64_t i = 0;
    while (i < n && !isnan(at(v, i * stride))) i++;
    return i;
}

static int64_t find_by_sum(const void *v, int64_t stride, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += at(v, i * stride);
    const int64_t found = real->find_nonfinite(v, stride, n);
    return isfinite(type_round(real->dtype, sum)) || found < n ? found : 0;
}

/* ---- */

typedef struct broken {
    const char *name, *kernel;
    cmlpi_kernels with; /* the one kernel that is replaced; the others are NULL */
    int by_bits;       /* the error is within the reference's bound; only the comparison of bits catches it */
} broken;

#define BROKEN(kernel_name, function) {#function, #kernel_name, {.kernel_name = function}, 0}
#define BROKEN_BITS(kernel_name, function) {#function, #kernel_name, {.kernel_name = function}, 1}

static const broken list[] = {
    BROKEN(dense, dense_last_place),
    BROKEN(dense, dense_one_chain),
    BROKEN(dense, dense_negative_zero),
    BROKEN(dense, dense_writes_past_end),
    BROKEN(dense, dense_reads_past_end),
    BROKEN(dense, dense_hides_nan),
    BROKEN(dense, dense_mask_misses_bit),
    BROKEN(dense, dense_mask_all_set),
    BROKEN(dense, dense_mask_overwritten),
    BROKEN(dense, dense_skips_last_element),
    BROKEN(dense, dense_mask_of_one_row),
    BROKEN(gradient, gradient_forgets_zero_rows),
    BROKEN(gradient, gradient_mask_of_one_row),
    BROKEN(gradient, gradient_short_list),
    BROKEN(gradient, gradient_forgets_zero_groups),
    BROKEN(gradient, gradient_zeros_keep_sums),
    BROKEN(gradient, gradient_whole_groups),
    BROKEN(gradient, gradient_last_row),
    BROKEN(gradient, gradient_overwrites_sums),
    BROKEN(gradient, gradient_no_penalty),
    BROKEN(gradient, gradient_divides),
    BROKEN(gradient, gradient_extra_row),
    BROKEN(bias_gradient, bias_gradient_last_row),
    BROKEN(bias_gradient, bias_gradient_overwrites_sums),
    BROKEN(csr, csr_one_chain),
    BROKEN(csr, csr_unscaled),
    BROKEN(csr, csr_long_scratch),
    BROKEN(csr_gradient, csr_gradient_touched_only),
    BROKEN(csr_gradient, csr_gradient_last_row),
    BROKEN(csr_gradient, csr_gradient_overwrites_sums),
    BROKEN(csr_gradient, csr_gradient_extra_column),
    BROKEN(transpose, transpose_square),
    BROKEN(activate, activate_hides_nan),
    BROKEN_BITS(activate, activate_last_place),
    BROKEN(activate, activate_inaccurate),
    BROKEN(activate, activate_no_shift),
    BROKEN(activate, activate_no_parameter),
    BROKEN(loss, loss_no_parameter),
    BROKEN(derivative, derivative_two_roundings),
    BROKEN(loss, loss_no_clip),
    BROKEN(loss, loss_no_weights),
    BROKEN(loss, loss_no_jacobian),
    BROKEN_BITS(loss, loss_cost_rounded),
    BROKEN(step, step_not_flushed),
    BROKEN(step, step_epsilon_inside),
    BROKEN(step, step_plain_momentum),
    BROKEN(convert, convert_in_float),
    BROKEN(convert, convert_forward_only),
    BROKEN(convert_columns, columns_two_roundings),
    BROKEN(convert_columns, columns_forward_only),
    BROKEN(nonzero_mask, mask_positive),
    BROKEN(nonzero_mask, mask_writes_past_end),
    BROKEN(nonzero_mask, mask_whole_words),
    BROKEN(nonzero_mask, mask_beyond),
    BROKEN(drop, drop_not_scaled),
    BROKEN(drop, drop_at_the_limit),
    BROKEN(drop, drop_full_blocks),
    BROKEN(multiply, multiply_leaves_last),
    BROKEN(square_sum, square_sum_ascending),
    BROKEN(find_nonfinite, find_nan_only),
    BROKEN(find_nonfinite, find_by_sum),
};

#define TAKE(name) \
    if (b->with.name) table.name = b->with.name

static cmlpi_kernels broken_table(const broken *b)
{
    cmlpi_kernels table = *real;
    TAKE(dense);
    TAKE(gradient);
    TAKE(bias_gradient);
    TAKE(csr);
    TAKE(csr_gradient);
    TAKE(transpose);
    TAKE(activate);
    TAKE(derivative);
    TAKE(loss);
    TAKE(step);
    TAKE(convert);
    TAKE(convert_columns);
    TAKE(nonzero_mask);
    TAKE(drop);
    TAKE(multiply);
    TAKE(square_sum);
    TAKE(find_nonfinite);
    return table;
}

/* Returns the index of the first case that fails for the second table (the first if there is only one), or -1. */
static int64_t caught(const cmlpi_kernels *first, const cmlpi_kernels *second, const kernel_check *check, uint64_t seed)
{
    static harness h;
    harness_make(&h, first->dtype, seed);
    h.tables[h.n_tables++] = first;
    if (second) h.tables[h.n_tables++] = second;
    h.silent = 1;
    run_check(&h, check);
    harness_free(&h);
    return h.failures ? h.number - 1 : -1;
}

/* Runs each broken kernel twice: beside the plain kernel, where bits are compared, and alone against the reference. */
void selftest(const cmlpi_kernels *plain, const cmlpi_kernels *victim, uint64_t seed)
{
    const char *type = victim->dtype == CMLP_FLOAT32 ? "float32" : "float64";
    real = victim;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const cmlpi_kernels table = broken_table(&list[i]);
        const kernel_check *check = kernel_checks;
        while (strcmp(check->kernel, list[i].kernel)) check++;
        const int64_t beside = caught(plain, &table, check, seed), alone = caught(&table, NULL, check, seed);
        printf("%s %s %s: %s caught by case %" PRId64 " of %" PRId64 ", alone by %" PRId64 "\n", type,
               table_name(victim), list[i].kernel, list[i].name, beside, check->cases, alone);
        check_that(beside >= 0 && (alone >= 0 || list[i].by_bits), "%s %s is not caught (seed %" PRIu64 ")", type,
                   list[i].name, seed);
    }
}
