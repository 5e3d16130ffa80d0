/* Costs and output deltas. losses.h lists the losses. The terms of a row's cost are stored in the memory of the delta,
 * summed, and then overwritten by the delta. Exact costs are computed from the weighted sums z, because probabilities
 * round to 0 or 1. */

/* Constants of a call, broadcast to all lanes. p is the parameter of the loss. */
typedef struct loss_constants {
    V p, one_minus_p, two_minus_p, half_p;
    V rest; /* label smoothing: the part that every class gets */
    double clip;
    const double *quantiles; /* p of each of the n outputs, or NULL */
    int64_t n;
} loss_constants;

static loss_constants loss_constants_of(const cmlpi_loss_values *values, int64_t n)
{
    const double p = values->parameter;
    const int64_t classes = values->activation == CMLP_ACTIVATION_SOFTMAX ? n : 2;
    return (loss_constants){.p = v_set1((T)p),
                            .one_minus_p = v_set1((T)(1 - p)),
                            .two_minus_p = v_set1((T)(2 - p)),
                            .half_p = v_set1((T)(0.5 * p)),
                            .rest = v_set1((T)(p / (double)classes)),
                            .clip = values->clip,
                            .quantiles = values->quantiles,
                            .n = n};
}

/* The constants for the VL outputs from the i-th on, counted through all rows. */
VEC_FN loss_constants constants_at(const int32_t loss, const loss_constants *c, int64_t i)
{
    loss_constants at = *c;
    if (loss != CMLP_LOSS_QUANTILE || !c->quantiles) return at;
    T p[VL], one_minus_p[VL];
    for (int64_t k = 0, j = i % c->n; k < VL; k++, j = j + 1 < c->n ? j + 1 : 0) {
        const double quantile = c->quantiles[j];
        p[k] = (T)quantile;
        one_minus_p[k] = (T)(1 - quantile);
    }
    at.p = v_load(p);
    at.one_minus_p = v_load(one_minus_p);
    return at;
}

/* Functions of all lanes that are not inlined: the losses call them often, and copies would be a tenth of an
 * instruction set's code. Through memory, because not every calling convention passes vectors in registers. */
REAL_FN void log_lanes(T *x) { v_store(x, v_log(v_load(x))); }
REAL_FN void exp_lanes(T *x) { v_store(x, v_exp(v_load(x))); }
REAL_FN void expm1_lanes(T *x) { v_store(x, v_expm1(v_load(x))); }
REAL_FN void log_sum_lanes(T *x) { v_store(x, v_log1p(v_exp(v_sub(v_zero(), v_abs(v_load(x)))))); }

VEC_FN V loss_log(V x)
{
    T lanes[VL];
    v_store(lanes, x);
    log_lanes(lanes);
    return v_load(lanes);
}

VEC_FN V loss_exp(V x)
{
    T lanes[VL];
    v_store(lanes, x);
    exp_lanes(lanes);
    return v_load(lanes);
}

VEC_FN V loss_expm1(V x)
{
    T lanes[VL];
    v_store(lanes, x);
    expm1_lanes(lanes);
    return v_load(lanes);
}

/* ln(1 + e^-|x|) */
VEC_FN V loss_log_sum(V x)
{
    T lanes[VL];
    v_store(lanes, x);
    log_sum_lanes(lanes);
    return v_load(lanes);
}

/* p clipped to [clip, 1 - clip], and always so that neither ln p nor ln(1 - p) is infinite. */
VEC_FN V clipped(V p, double clip)
{
    const T lower = (T)clip < MATH_TINY ? MATH_TINY : (T)clip, upper = (T)1 - lower;
    const V low = v_set1(lower), high = v_set1(upper < MATH_BELOW_ONE ? upper : MATH_BELOW_ONE);
    p = v_sel(v_lt(p, low), low, p);
    return v_sel(v_lt(high, p), high, p);
}

/* y x, but 0 if y is 0, even for infinite x. NaN if y is NaN, so that the check of the cost detects it. */
VEC_FN V times_target(V y, V x) { return v_mul(y, v_sel(v_lt(v_zero(), v_abs(y)), x, v_zero())); }

/* Logistic outputs: -(y ln a + (1-y) ln(1-a)) = max(z, 0) - y z + ln(1 + e^-|z|). */
VEC_FN V log_loss_term(V z, V a, V y, const loss_constants *c)
{
    if (c->clip > 0) {
        const V one = v_set1(1), p = clipped(a, c->clip);
        V off = v_mul(v_sub(one, y), loss_log(v_sub(one, p)));
        return v_sub(v_zero(), v_fma(y, loss_log(p), off));
    }
    V top = v_sel(v_lt(v_zero(), z), z, v_zero());
    return v_add(v_fnma(z, y, top), loss_log_sum(z));
}
VEC_FN V log_loss_slope(V a, V y, const loss_constants *c) { return (void)c, v_sub(a, y); }

VEC_FN V squared_error_term(V z, V a, V y, const loss_constants *c)
{
    V d = v_sub(a, y);
    return (void)z, (void)c, v_mul(d, d);
}
VEC_FN V squared_error_slope(V a, V y, const loss_constants *c) { return (void)c, v_sub(a, y); }

/* y ln(y/a) - y + a. */
VEC_FN V poisson_term(V z, V a, V y, const loss_constants *c)
{
    V log_ratio = v_sub(loss_log(v_sel(v_lt(v_zero(), y), y, v_set1(1))), z);
    return (void)c, v_add(v_sub(times_target(y, log_ratio), y), a);
}
VEC_FN V poisson_slope(V a, V y, const loss_constants *c) { return (void)c, v_sub(a, y); }

VEC_FN V absolute_error_term(V z, V a, V y, const loss_constants *c) { return (void)z, (void)c, v_abs(v_sub(a, y)); }
VEC_FN V absolute_error_slope(V a, V y, const loss_constants *c)
{
    V above = v_sel(v_lt(y, a), v_set1(1), v_zero());
    return (void)c, v_sel(v_lt(a, y), v_set1(-1), above);
}

/* d^2 / 2 where |d| <= p, else p (|d| - p/2). */
VEC_FN V huber_term(V z, V a, V y, const loss_constants *c)
{
    V d = v_sub(a, y), size = v_abs(d), far = v_mul(c->p, v_sub(size, c->half_p));
    return (void)z, v_sel(v_lt(c->p, size), far, v_mul(v_mul(d, d), v_set1((T)0.5)));
}
VEC_FN V huber_slope(V a, V y, const loss_constants *c)
{
    V d = v_sub(a, y), low = v_sub(v_zero(), c->p);
    d = v_sel(v_lt(d, low), low, d);
    return v_sel(v_lt(c->p, d), c->p, d);
}

/* d = a - y: (1 - p) d where d > 0, else -p d. */
VEC_FN V quantile_term(V z, V a, V y, const loss_constants *c)
{
    V d = v_sub(a, y);
    return (void)z, v_mul(v_sel(v_lt(v_zero(), d), c->one_minus_p, v_sub(v_zero(), c->p)), d);
}
VEC_FN V quantile_slope(V a, V y, const loss_constants *c)
{
    V above = v_sel(v_lt(y, a), c->one_minus_p, v_zero());
    return v_sel(v_lt(a, y), v_sub(v_zero(), c->p), above);
}

/* y/a + ln a. */
VEC_FN V gamma_term(V z, V a, V y, const loss_constants *c) { return (void)c, v_add(v_div(y, a), z); }
VEC_FN V gamma_slope(V a, V y, const loss_constants *c) { return (void)c, v_sub(v_set1(1), v_div(y, a)); }

/* a^r/r + y (y^q/r - a^q)/q, with q = 1-p, which is negative, and r = 2-p. If p is near 1 or 2, these terms nearly
 * cancel. Those of the same cost as y^r (expm1(rt)/r - expm1(qt)/q), t = z - ln y, do not. The argument above 0 would
 * overflow; with e^x expm1(-x) = -expm1(x), y^r e^(rt) = a^r and y^r e^(qt) = y a^q take its place. Where y is 0, its
 * addition changes nothing; a NaN stays one. */
VEC_FN V tweedie_term(V z, V a, V y, const loss_constants *c)
{
    const V q = c->one_minus_p, r = c->two_minus_p;
    const VM has_target = v_lt(v_zero(), y);
    const V log_target = loss_log(v_sel(has_target, y, v_set1(1))), t = v_sub(z, log_target);
    const VM is_above = v_lt(v_zero(), t);
    V of_output = loss_exp(v_mul(v_sel(has_target, v_sel(is_above, r, q), r), z));
    V of_target = loss_exp(v_mul(r, log_target));
    V by_r = v_div(loss_expm1(v_sub(v_zero(), v_abs(v_mul(r, t)))), r);
    V by_q = v_div(loss_expm1(v_sub(v_zero(), v_abs(v_mul(q, t)))), q);
    V above = v_sub(v_zero(), v_fma(of_output, by_r, v_mul(of_target, by_q)));
    V below = v_fma(of_target, by_r, v_mul(v_mul(y, of_output), by_q));
    V both = v_sel(is_above, above, below);
    both = v_sel(v_lt(both, v_zero()), v_zero(), both);
    return (void)a, v_sel(has_target, both, v_add(v_div(of_output, r), y));
}
VEC_FN V tweedie_slope(V z, V y, const loss_constants *c)
{
    return v_sub(loss_exp(v_mul(c->two_minus_p, z)), times_target(y, loss_exp(v_mul(c->one_minus_p, z))));
}

/* -ln a and -ln(1-a) of a logistic output. */
VEC_FN void focal_logs(V z, V *of_a, V *of_rest)
{
    V log_sum = loss_log_sum(z);
    *of_rest = v_add(v_sel(v_lt(v_zero(), z), z, v_zero()), log_sum);
    *of_a = v_add(v_sel(v_lt(z, v_zero()), v_sub(v_zero(), z), v_zero()), log_sum);
}

/* x^p, minus_log being -ln x. */
VEC_FN V focal_power(V minus_log, V p) { return loss_exp(v_sub(v_zero(), v_mul(p, minus_log))); }

/* Logistic outputs: -(y (1-a)^p ln a + (1-y) a^p ln(1-a)). */
VEC_FN V focal_term(V z, V a, V y, const loss_constants *c)
{
    V of_a, of_rest;
    focal_logs(z, &of_a, &of_rest);
    V on = v_mul(focal_power(of_rest, c->p), of_a), off = v_mul(focal_power(of_a, c->p), of_rest);
    return (void)a, v_fma(y, on, v_mul(v_sub(v_set1(1), y), off));
}
VEC_FN V focal_slope(V z, V y, const loss_constants *c)
{
    V of_a, of_rest, a = v_logistic(z), rest = v_logistic(v_sub(v_zero(), z));
    focal_logs(z, &of_a, &of_rest);
    V on = v_mul(focal_power(of_rest, c->p), v_fma(v_mul(c->p, a), of_a, rest));
    V off = v_mul(focal_power(of_a, c->p), v_fma(v_mul(c->p, rest), of_rest, a));
    return v_fnma(y, on, v_mul(v_sub(v_set1(1), y), off));
}

/* The log loss of the targets (1 - p) y + p / classes. */
VEC_FN V smoothed(V y, const loss_constants *c) { return v_fma(y, c->one_minus_p, c->rest); }
VEC_FN V label_smoothing_term(V z, V a, V y, const loss_constants *c) { return log_loss_term(z, a, smoothed(y, c), c); }
VEC_FN V label_smoothing_slope(V a, V y, const loss_constants *c) { return v_sub(a, smoothed(y, c)); }

/* A term, but NaN if the loss does not allow the target, so that the check of the cost detects it. */
VEC_FN V checked_term(const int32_t targets, V y, V term)
{
    const V nan = v_float(vi_set1(MATH_NAN));
    if (targets == CMLPI_POSITIVE) return v_sel(v_lt(v_zero(), y), term, nan);
    if (targets != CMLPI_ANY) term = v_sel(v_lt(y, v_zero()), nan, term);
    return targets == CMLPI_PROBABILITY ? v_sel(v_lt(v_set1(1), y), nan, term) : term;
}

VEC_FN V loss_term(int32_t loss, V z, V a, V y, const loss_constants *c)
{
    switch (loss) {
#define CASE(CODE, name, slope, factor, outputs, targets, ...) \
    case CMLP_LOSS_##CODE: return checked_term(targets, y, name##_term(z, a, y, c));
        CMLPI_LOSSES(CASE)
#undef CASE
    default: return v_zero();
    }
}

VEC_FN V loss_slope(int32_t loss, V x, V y, const loss_constants *c)
{
    switch (loss) {
#define CASE(CODE, name, ...) case CMLP_LOSS_##CODE: return name##_slope(x, y, c);
        CMLPI_LOSSES(CASE)
#undef CASE
    default: return v_zero();
    }
}

/* Cost terms of independent outputs (all but softmax). z is overwritten by a unless the slope needs z. */
VEC_FN void separate_terms(const int32_t loss, const int slope, const int32_t activation, const loss_constants *c, T *z,
                           const T *y, T *terms, int64_t n)
{
    for (int64_t i = 0; i < n; i += VL) {
        V zi = load_lanes(z + i, n - i), yi = load_lanes(y + i, n - i);
        V a = slope == CMLPI_BY_A ? zi : act_value(activation, zi, v_zero());
        const loss_constants at = constants_at(loss, c, i);
        V term = loss_term(loss, zi, a, yi, &at);
        if (slope == CMLPI_BY_Z) store_lanes(z + i, n - i, a);
        store_lanes(terms + i, n - i, term);
    }
}

/* d = slope * scale. If x is still z, it is overwritten by a. */
VEC_FN void separate_slopes(const int32_t loss, const int slope, const int32_t activation, const loss_constants *c,
                            double scale, T *x, const T *y, T *d, int64_t n)
{
    const V s = v_set1((T)scale);
    for (int64_t i = 0; i < n; i += VL) {
        V xi = load_lanes(x + i, n - i), yi = load_lanes(y + i, n - i);
        const loss_constants at = constants_at(loss, c, i);
        store_lanes(d + i, n - i, v_mul(loss_slope(loss, xi, yi, &at), s));
        if (slope == CMLPI_BY_Z_FROM_Z) store_lanes(x + i, n - i, act_value(activation, xi, v_zero()));
    }
}

#define BY_Z_ACTIVATION(outputs) ((outputs)&CMLPI_BIT(LOGISTIC) ? CMLP_ACTIVATION_LOGISTIC : CMLP_ACTIVATION_EXP)

/* ------------------------------------------------------------------------------------------------ softmax outputs */

/* -sum y ln a = sum y (ln sum e^t - t), t = z - max z; of smoothed targets; focal: each ln a times (1-a)^p. These
 * losses all need probabilities. A further loss of softmax outputs needs code here, in cost_terms() and in
 * output_delta(). */
VEC_FN void softmax_terms(const int32_t loss, const loss_constants *c, T *z, const T *y, T *terms, int64_t n)
{
    const V log_sum = loss_log(v_set1(softmax_row(z, terms, n)));
    for (int64_t j = 0; j < n; j += VL) {
        const V given = load_lanes(y + j, n - j);
        V yj = given, term;
        if (loss == CMLP_LOSS_LABEL_SMOOTHING) yj = smoothed(yj, c);
        if (loss != CMLP_LOSS_FOCAL && c->clip > 0)
            term = v_sub(v_zero(), loss_log(clipped(load_lanes(z + j, n - j), c->clip)));
        else
            term = v_sub(log_sum, load_lanes(terms + j, n - j));
        if (loss == CMLP_LOSS_FOCAL) {
            V minus_log = v_sub(v_zero(), loss_log(v_sub(v_set1(1), load_lanes(z + j, n - j))));
            term = v_mul(focal_power(minus_log, c->p), term);
        }
        store_lanes(terms + j, n - j, checked_term(CMLPI_PROBABILITY, given, times_target(yj, term)));
    }
}

/* d_j = a_j q - u_j, where u = y (1-a)^p (1 - p a ln a / (1-a)) and q = sum u. */
static void softmax_focal_delta(const loss_constants *c, double scale, const T *a, const T *y, T *d, int64_t n)
{
    const V one = v_set1(1), tiny = v_set1(MATH_TINY), minus_scale = v_set1(-(T)scale);
    for (int64_t j = 0; j < n; j += VL) {
        V aj = load_lanes(a + j, n - j), rest = v_sub(one, aj);
        V minus_log = v_sub(v_zero(), loss_log(v_sel(v_lt(aj, tiny), tiny, aj)));
        V ratio = v_sel(v_lt(v_zero(), rest), v_div(minus_log, rest), one); /* 1 at a = 1 */
        V power = focal_power(v_sub(v_zero(), loss_log(rest)), c->p);
        V u = v_mul(power, v_fma(v_mul(c->p, aj), ratio, one));
        store_lanes(d + j, n - j, times_target(load_lanes(y + j, n - j), u));
    }
    const V q = v_set1(chunked_sum(d, NULL, n));
    for (int64_t j = 0; j < n; j += VL) {
        V dj = v_fnma(load_lanes(a + j, n - j), q, load_lanes(d + j, n - j));
        store_lanes(d + j, n - j, v_mul(dj, minus_scale));
    }
}

/* d = a_j (g_j - sum_k g_k a_k): the whole Jacobian of softmax. */
static void softmax_jacobian(const T *a, T *d, int64_t n)
{
    const V q = v_set1(chunked_sum(d, a, n));
    for (int64_t j = 0; j < n; j += VL) {
        V g = v_sub(load_lanes(d + j, n - j), q);
        store_lanes(d + j, n - j, v_mul(load_lanes(a + j, n - j), g));
    }
}

/* ------------------------------------------------------------------------------------------------ all outputs */

static void cost_terms(const cmlpi_loss_values *values, const loss_constants *c, T *z, const T *y, T *terms,
                       int64_t rows, int64_t n)
{
    if (values->activation == CMLP_ACTIVATION_SOFTMAX && values->loss != CMLP_LOSS_SQUARED_ERROR) {
        const V nan = v_float(vi_set1(MATH_NAN));
        for (int64_t i = 0; i < rows * n; i += n) switch (values->loss) {
            case CMLP_LOSS_LOG: softmax_terms(CMLP_LOSS_LOG, c, z + i, y + i, terms + i, n); break;
            case CMLP_LOSS_FOCAL: softmax_terms(CMLP_LOSS_FOCAL, c, z + i, y + i, terms + i, n); break;
            case CMLP_LOSS_LABEL_SMOOTHING:
                softmax_terms(CMLP_LOSS_LABEL_SMOOTHING, c, z + i, y + i, terms + i, n);
                break;
            default: /* A loss without code here costs NaN, so that training with it fails. */
                for (int64_t j = 0; j < n; j += VL) store_lanes(terms + i + j, n - j, nan);
            }
        return;
    }
    switch (values->loss) {
#define CASE(CODE, name, slope, factor, outputs, ...)                                                \
    case CMLP_LOSS_##CODE:                                                                           \
        if (slope == CMLPI_BY_A) KERNEL(activate)(values->activation, 0, z, z, rows, n);             \
        separate_terms(CMLP_LOSS_##CODE, slope, BY_Z_ACTIVATION(outputs), c, z, y, terms, rows * n); \
        break;
        CMLPI_LOSSES(CASE)
#undef CASE
    default: break;
    }
}

static void output_delta(const cmlpi_loss_values *values, const loss_constants *c, T *a, const T *y, T *d, int64_t rows,
                         int64_t n)
{
    const int softmax_output = values->activation == CMLP_ACTIVATION_SOFTMAX;
    if (softmax_output && values->loss == CMLP_LOSS_FOCAL) {
        for (int64_t i = 0; i < rows * n; i += n) softmax_focal_delta(c, values->scale, a + i, y + i, d + i, n);
        return;
    }
    switch (values->loss) {
#define CASE(CODE, name, slope, factor, outputs, ...)                                                              \
    case CMLP_LOSS_##CODE:                                                                                         \
        separate_slopes(CMLP_LOSS_##CODE, slope, BY_Z_ACTIVATION(outputs), c, factor * values->scale, a, y, d,     \
                        rows * n);                                                                                 \
        if (slope == CMLPI_BY_A && !softmax_output) KERNEL(derivative)(values->activation, 0, a, d, rows * n);     \
        break;
        CMLPI_LOSSES(CASE)
#undef CASE
    default: break;
    }
    if (softmax_output && values->loss == CMLP_LOSS_SQUARED_ERROR)
        for (int64_t i = 0; i < rows; i++) softmax_jacobian(a + i * n, d + i * n, n);
}

/* Softmax, cost and delta of up to VL rows with class indices, transposed. The operations and their order are those of
 * softmax_terms() and output_delta() for one-hot targets. */
REAL_FN void softmax_class_indices(const cmlpi_loss_values *values, T *z, const int32_t *class_indices, T *d, int64_t rows,
                                   int64_t n, double *cost)
{
    T transposed[CMLPI_TRANSPOSED_OUTPUTS * VL], shifted[VL] = {0}, at_class[VL] = {0};
    transpose_shifted(z, rows, n, transposed);
    for (int64_t i = 0; i < rows; i++) shifted[i] = transposed[class_indices[i] * VL + i];
    const V sum = softmax_transposed(transposed, n);
    for (int64_t i = 0; i < rows; i++) at_class[i] = transposed[class_indices[i] * VL + i];
    V a = v_load(at_class), term;
    if (values->clip > 0)
        term = v_sub(v_zero(), loss_log(clipped(a, values->clip)));
    else
        term = v_sub(loss_log(sum), v_load(shifted));
    v_store(shifted, term);
    for (int64_t i = 0; i < rows; i++) cost[i] = (double)shifted[i];
    if (!values->wants_delta) return;
    const V scale = v_set1((T)values->scale);
    v_store(at_class, v_mul(v_sub(a, v_set1(1)), scale));
    for (int64_t j = 0; j < n; j++) v_store(transposed + j * VL, v_mul(v_load(transposed + j * VL), scale));
    for (int64_t i = 0; i < rows; i++) transposed[class_indices[i] * VL + i] = at_class[i];
    KERNEL(transpose)(transposed, VL, n, rows, d, n);
}

static void class_index_loss(const cmlpi_loss_values *values, T *z, T *d, int64_t rows, int64_t n, double *cost)
{
    for (int64_t i = 0; i < rows; i += VL) {
        int64_t m = rows - i < VL ? rows - i : VL;
        softmax_class_indices(values, z + i * n, values->class_indices + i, d + i * n, m, n, cost + i);
    }
}

/* Deltas of activations `a` whose slopes, the derivatives of the cost with respect to them, are in d. */
static void given_delta(const cmlpi_loss_values *values, const T *a, T *d, int64_t rows, int64_t n)
{
    KERNEL(multiply)(d, rows * n, values->scale);
    if (values->activation != CMLP_ACTIVATION_SOFTMAX) KERNEL(derivative)(values->activation, 0, a, d, rows * n);
    else
        for (int64_t i = 0; i < rows; i++) softmax_jacobian(a + i * n, d + i * n, n);
}

/* Not inlined, so that its memory is not part of the stack frame of loss(), on which class_index_loss() has its own. */
REAL_FN void value_loss(const cmlpi_loss_values *values, void *z, const void *y, T *d, int64_t rows, int64_t n,
                        double *cost)
{
    const loss_constants c = loss_constants_of(values, n);
    cost_terms(values, &c, z, y, d, rows, n);
    for (int64_t i = 0; i < rows; i++) cost[i] = sum_of(d + i * n, n);
    if (values->wants_delta) output_delta(values, &c, z, y, d, rows, n);
}

static void KERNEL(loss)(const cmlpi_loss_values *values, void *z, const void *y, void *d, int64_t rows, int64_t n,
                         double *cost)
{
    T *dt = d;
    if (values->is_given)
        given_delta(values, z, dt, rows, n);
    else if (values->class_indices)
        class_index_loss(values, z, dt, rows, n, cost);
    else
        value_loss(values, z, y, dt, rows, n, cost);
    if (values->wants_delta && values->row_weights)
        for (int64_t i = 0; i < rows; i++) KERNEL(multiply)(dt + i * n, n, values->row_weights[i]);
}
