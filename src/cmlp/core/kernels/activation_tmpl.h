/* Activations a = act(z) and their derivatives, expressed in a. */

VEC_FN V act_value(int32_t activation, V z)
{
    switch (activation) {
    case CMLP_LOGISTIC: return v_logistic(z);
    case CMLP_TANH: return v_tanh(z);
    case CMLP_RELU: return v_sel(v_lt(v_zero(), z), z, v_sel(v_lt(z, v_set1(1)), v_zero(), z)); /* NaN stays */
    case CMLP_EXP: return v_exp(z);
    default: return z;
    }
}

VEC_FN V act_slope(int32_t activation, V a)
{
    switch (activation) {
    case CMLP_LOGISTIC: return v_fnma(a, a, a);
    case CMLP_TANH: return v_fnma(a, a, v_set1(1));
    case CMLP_RELU: return v_sel(v_lt(v_zero(), a), v_set1(1), v_zero());
    case CMLP_EXP: return a;
    default: return v_set1(1);
    }
}

VEC_FN void act_values(const int32_t activation, T *z, int64_t n)
{
    for (int64_t i = 0; i < n; i += VL) store_lanes(z + i, n - i, act_value(activation, load_lanes(z + i, n - i)));
}

VEC_FN void act_slopes(const int32_t activation, const T *a, T *d, int64_t n)
{
    for (int64_t i = 0; i < n; i += VL) {
        V slope = act_slope(activation, load_lanes(a + i, n - i));
        store_lanes(d + i, n - i, v_mul(load_lanes(d + i, n - i), slope));
    }
}

static void derivative(int32_t activation, const void *a, void *d, int64_t n)
{
    switch (activation) { /* a constant in each call: the loops hold no choice */
    case CMLP_LOGISTIC: act_slopes(CMLP_LOGISTIC, a, d, n); break;
    case CMLP_TANH: act_slopes(CMLP_TANH, a, d, n); break;
    case CMLP_RELU: act_slopes(CMLP_RELU, a, d, n); break;
    case CMLP_EXP: act_slopes(CMLP_EXP, a, d, n); break;
    default: break;
    }
}

static T row_max(const T *z, int64_t n)
{
    T most = z[0];
    for (int64_t j = 1; j < n; j++) most = z[j] > most ? z[j] : most;
    return most;
}

/* sum_j x_j w_j as one output of the dense product: chunks of chains. */
static T chunked_sum(const T *x, const T *w, int64_t n)
{
    V total = v_zero();
    for (int64_t j0 = 0; j0 < n; j0 += CMLP_CHUNK) {
        int64_t j1 = n - j0 < CMLP_CHUNK ? n : j0 + CMLP_CHUNK;
        V sum = v_zero();
        for (int64_t j = j0; j < j1; j++) sum = v_fma(v_set1(x[j]), v_set1(w[j]), sum);
        total = v_add(total, sum);
    }
    return v_first(total);
}

/* z = softmax(z); shifted, where given, takes z - max z. Returns sum exp(z - max z), by the rule of chunks. */
static T softmax_row(T *z, T *shifted, int64_t n)
{
    const V most = v_set1(row_max(z, n));
    T total = 0, sum = 0;
    for (int64_t j = 0; j < n; j += VL) {
        T terms[VL]; /* whole vectors can be read again at once, partial ones only when they have reached the cache */
        const V t = v_sub(load_lanes(z + j, n - j), most), e = v_exp(t);
        if (shifted) store_lanes(shifted + j, n - j, t);
        store_lanes(z + j, n - j, e);
        v_store(terms, e);
        if (j % CMLP_CHUNK == 0) {
            total += sum;
            sum = 0;
        }
        for (int64_t l = 0; l < VL && j + l < n; l++) sum += terms[l];
    }
    total += sum;
    for (int64_t j = 0; j < n; j += VL)
        store_lanes(z + j, n - j, v_div(load_lanes(z + j, n - j), v_set1(total)));
    return total;
}

/* Of at most VL rows, turned so that each vector holds one output of all of them: no lane is idle, and the sum over the
 * outputs is no chain within a vector. The same operations on the same numbers as softmax_row. First z - max z. */
static void turn_shifted(const T *z, int64_t rows, int64_t n, T *turned)
{
    for (int64_t j = 0; j < n; j++) v_store(turned + j * VL, v_zero()); /* lanes without a row are computed too */
    transpose(z, n, rows, n, turned, VL);
    V most = v_load(turned);
    for (int64_t j = 1; j < n; j++) {
        V zj = v_load(turned + j * VL);
        most = v_sel(v_lt(most, zj), zj, most);
    }
    for (int64_t j = 0; j < n; j++) v_store(turned + j * VL, v_sub(v_load(turned + j * VL), most));
}

/* Then the rest; returns the sums. */
static V softmax_turned(T *turned, int64_t n)
{
    V sum = v_zero();
    for (int64_t j = 0; j < n; j++) {
        V e = v_exp(v_load(turned + j * VL));
        v_store(turned + j * VL, e);
        sum = v_add(e, sum);
    }
    for (int64_t j = 0; j < n; j++) v_store(turned + j * VL, v_div(v_load(turned + j * VL), sum));
    return sum;
}

#define WORTH_TURNING 4 /* rows */

static void softmax(T *z, int64_t rows, int64_t n)
{
    T turned[CMLP_TURNED_OUTPUTS * VL];
    int64_t i = 0;
    for (int64_t m; n <= CMLP_TURNED_OUTPUTS && rows - i >= WORTH_TURNING; i += m) {
        m = rows - i < VL ? rows - i : VL;
        turn_shifted(z + i * n, m, n, turned);
        softmax_turned(turned, n);
        transpose(turned, VL, n, m, z + i * n, n);
    }
    for (; i < rows; i++) softmax_row(z + i * n, 0, n);
}

static void activate(int32_t activation, void *z, int64_t rows, int64_t n)
{
    T *zt = z;
    switch (activation) {
    case CMLP_LOGISTIC: act_values(CMLP_LOGISTIC, zt, rows * n); break;
    case CMLP_TANH: act_values(CMLP_TANH, zt, rows * n); break;
    case CMLP_RELU: act_values(CMLP_RELU, zt, rows * n); break;
    case CMLP_EXP: act_values(CMLP_EXP, zt, rows * n); break;
    case CMLP_SOFTMAX: softmax(zt, rows, n); break;
    default: break;
    }
}
