/* Costs and output deltas. The terms of a row's cost are formed in the delta's memory, summed, then overwritten by
 * the delta itself. Exact costs come from the weighted sums z, where probabilities would round to 0 or 1. */

VEC_FN V clipped(V p, double clip)
{
    const V low = v_set1((T)clip), high = v_set1((T)1 - (T)clip);
    p = v_sel(v_lt(p, low), low, p);
    return v_sel(v_lt(high, p), high, p);
}

/* y x, but 0 where y is 0 even for an infinite x; NaN where y is NaN, so that it is found. */
VEC_FN V times_target(V y, V x) { return v_mul(y, v_sel(v_lt(v_zero(), v_abs(y)), x, v_zero())); }

/* -sum y ln a = sum y (ln sum e^t - t), t = z - max z. */
static void softmax_terms(T *z, const T *y, T *terms, int64_t n, double clip)
{
    const V log_sum = v_log(v_set1(softmax_row(z, terms, n)));
    for (int64_t j = 0; j < n; j += VL) {
        V yj = load_lanes(y + j, n - j), term;
        if (clip > 0)
            term = v_sub(v_zero(), v_log(clipped(load_lanes(z + j, n - j), clip)));
        else
            term = v_sub(log_sum, load_lanes(terms + j, n - j));
        store_lanes(terms + j, n - j, times_target(yj, term));
    }
}

/* -(y ln a + (1-y) ln(1-a)) = max(z, 0) - y z + ln(1 + e^-|z|). */
VEC_FN V logistic_term(V z, V a, V y, double clip)
{
    if (clip > 0) {
        const V one = v_set1(1), p = clipped(a, clip);
        V off = v_mul(v_sub(one, y), v_log(v_sub(one, p)));
        return v_sub(v_zero(), v_fma(y, v_log(p), off));
    }
    V top = v_sel(v_lt(v_zero(), z), z, v_zero());
    return v_add(v_fnma(z, y, top), v_log1p(v_exp(v_sub(v_zero(), v_abs(z)))));
}

/* y ln(y/a) - y + a. */
VEC_FN V poisson_term(V z, V a, V y)
{
    V log_ratio = v_sub(v_log(v_sel(v_lt(v_zero(), y), y, v_set1(1))), z);
    return v_add(v_sub(times_target(y, log_ratio), y), a);
}

VEC_FN V squared_term(V a, V y)
{
    V d = v_sub(a, y);
    return v_mul(d, d);
}

/* Activations and terms of rows whose outputs do not depend on one another. */
VEC_FN void separate_terms(const int32_t activation, const int32_t loss, T *z, const T *y, T *terms, int64_t n,
                           double clip)
{
    for (int64_t i = 0; i < n; i += VL) {
        V zi = load_lanes(z + i, n - i), yi = load_lanes(y + i, n - i), a = act_value(activation, zi), term;
        switch (loss) {
        case CMLP_LOG_LOSS: term = logistic_term(zi, a, yi, clip); break;
        case CMLP_POISSON: term = poisson_term(zi, a, yi); break;
        default: term = squared_term(a, yi); break;
        }
        store_lanes(z + i, n - i, a);
        store_lanes(terms + i, n - i, term);
    }
}

static void cost_terms(const cmlp_loss_values *values, T *z, const T *y, T *terms, int64_t rows, int64_t n)
{
    const int64_t all = rows * n;
    if (values->activation == CMLP_SOFTMAX && values->loss == CMLP_LOG_LOSS) {
        for (int64_t i = 0; i < rows; i++) softmax_terms(z + i * n, y + i * n, terms + i * n, n, values->clip);
    } else if (values->loss == CMLP_LOG_LOSS) {
        separate_terms(CMLP_LOGISTIC, CMLP_LOG_LOSS, z, y, terms, all, values->clip);
    } else if (values->loss == CMLP_POISSON) {
        separate_terms(CMLP_EXP, CMLP_POISSON, z, y, terms, all, 0);
    } else {
        activate(values->activation, z, rows, n);
        separate_terms(CMLP_IDENTITY, CMLP_SQUARED_ERROR, z, y, terms, all, 0);
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

static void output_delta(const cmlp_loss_values *values, const T *a, const T *y, T *d, int64_t rows, int64_t n)
{
    const int squared = values->loss == CMLP_SQUARED_ERROR;
    const V scale = v_set1((T)(squared ? 2 * values->scale : values->scale));
    for (int64_t i = 0; i < rows * n; i += VL) {
        V off = v_sub(load_lanes(a + i, rows * n - i), load_lanes(y + i, rows * n - i));
        store_lanes(d + i, rows * n - i, v_mul(off, scale));
    }
    if (squared && values->activation == CMLP_SOFTMAX)
        for (int64_t i = 0; i < rows; i++) softmax_jacobian(a + i * n, d + i * n, n);
    else if (squared)
        derivative(values->activation, a, d, rows * n);
}

/* Softmax, cost and delta of at most VL rows with class labels, turned. The same operations on the same numbers as
 * softmax_terms and output_delta, whose y are 0 but for the label's. */
static void softmax_block(const cmlp_loss_values *values, T *z, const int32_t *labels, T *d, int64_t rows, int64_t n,
                          int want_delta, double *cost)
{
    T turned[CMLP_TURNED_OUTPUTS * VL], shifted[VL] = {0}, at_label[VL] = {0};
    turn_shifted(z, rows, n, turned);
    for (int64_t i = 0; i < rows; i++) shifted[i] = turned[labels[i] * VL + i];
    const V sum = softmax_turned(turned, n);
    for (int64_t i = 0; i < rows; i++) at_label[i] = turned[labels[i] * VL + i];
    V a = v_load(at_label), term;
    if (values->clip > 0)
        term = v_sub(v_zero(), v_log(clipped(a, values->clip)));
    else
        term = v_sub(v_log(sum), v_load(shifted));
    v_store(shifted, term);
    for (int64_t i = 0; i < rows; i++) cost[i] = (double)shifted[i];
    if (!want_delta) return;
    const V scale = v_set1((T)values->scale);
    v_store(at_label, v_mul(v_sub(a, v_set1(1)), scale));
    for (int64_t j = 0; j < n; j++) v_store(turned + j * VL, v_mul(v_load(turned + j * VL), scale));
    for (int64_t i = 0; i < rows; i++) turned[labels[i] * VL + i] = at_label[i];
    transpose(turned, VL, n, rows, d, n);
}

static void label_loss(const cmlp_loss_values *values, T *z, T *d, int64_t rows, int64_t n, int want_delta,
                       double *cost)
{
    for (int64_t i = 0; i < rows; i += VL) {
        int64_t m = rows - i < VL ? rows - i : VL;
        softmax_block(values, z + i * n, values->labels + i, d + i * n, m, n, want_delta, cost + i);
    }
}

static void loss(const cmlp_loss_values *values, void *z, const void *y, void *d, int64_t rows, int64_t n,
                 int want_delta, double *cost)
{
    T *dt = d;
    if (values->labels) {
        label_loss(values, z, dt, rows, n, want_delta, cost);
    } else {
        cost_terms(values, z, y, dt, rows, n);
        for (int64_t i = 0; i < rows; i++) cost[i] = sum_of(dt + i * n, n);
        if (want_delta) output_delta(values, z, y, dt, rows, n);
    }
    if (want_delta && values->weights)
        for (int64_t i = 0; i < rows; i++) multiply(dt + i * n, n, values->weights[i]);
}
