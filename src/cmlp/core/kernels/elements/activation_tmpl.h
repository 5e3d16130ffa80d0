/* Activations and their derivatives. kernels/activations.h lists them; the functions of one activation stand together:
 * its value a = act(z), and its slope act'(z) from x, which is a or z as the list says. p is the parameter. */

VEC_FN V identity_value(V z, V p) { return (void)p, z; }
VEC_FN V identity_slope(V a, V p) { return (void)a, (void)p, v_set1(1); }

VEC_FN V logistic_value(V z, V p) { return (void)p, v_logistic(z); }
VEC_FN V logistic_slope(V a, V p) { return (void)p, v_fnma(a, a, a); }

VEC_FN V tanh_value(V z, V p) { return (void)p, v_tanh(z); }
VEC_FN V tanh_slope(V a, V p) { return (void)p, v_fnma(a, a, v_set1(1)); }

/* NaN stays. */
VEC_FN V relu_value(V z, V p) { return (void)p, v_sel(v_lt(v_zero(), z), z, v_sel(v_lt(z, v_set1(1)), v_zero(), z)); }
VEC_FN V relu_slope(V a, V p) { return (void)p, v_sel(v_lt(v_zero(), a), v_set1(1), v_zero()); }

VEC_FN V exp_value(V z, V p) { return (void)p, v_exp(z); }
VEC_FN V exp_slope(V a, V p) { return (void)p, a; }

VEC_FN V leaky_relu_value(V z, V p) { return v_sel(v_lt(z, v_zero()), v_mul(p, z), z); }
VEC_FN V leaky_relu_slope(V a, V p) { return v_sel(v_lt(v_zero(), a), v_set1(1), p); }

VEC_FN V elu_value(V z, V p) { return v_sel(v_lt(z, v_zero()), math_flushed(v_mul(p, v_expm1(z))), z); }
VEC_FN V elu_slope(V a, V p) { return v_sel(v_lt(a, v_zero()), v_add(a, p), v_set1(1)); }

VEC_FN V silu_value(V z, V p) { return (void)p, v_silu(z); }
VEC_FN V silu_slope(V z, V p)
{
    const V s = v_logistic(z);
    return (void)p, v_fma(z, v_fnma(s, s, s), s);
}

VEC_FN V gelu_value(V z, V p) { return (void)p, v_gelu(z); }
VEC_FN V gelu_slope(V z, V p) { return (void)p, v_gelu_slope(z); }

VEC_FN V softplus_value(V z, V p) { return (void)p, v_softplus(z); }
VEC_FN V softplus_slope(V z, V p) { return (void)p, v_logistic(z); }

VEC_FN V softsign_value(V z, V p) { return (void)p, v_softsign(z); }
VEC_FN V softsign_slope(V a, V p)
{
    const V r = v_sub(v_set1(1), v_abs(a));
    return (void)p, v_mul(r, r);
}

VEC_FN V act_value(int32_t activation, V z, V p)
{
    switch (activation) {
#define CASE(CODE, name, ...) case CMLP_ACTIVATION_##CODE: return name##_value(z, p);
        CMLPI_ACTIVATIONS(CASE)
#undef CASE
    default: return z;
    }
}

VEC_FN V act_slope(int32_t activation, V x, V p)
{
    switch (activation) {
#define CASE(CODE, name, ...) case CMLP_ACTIVATION_##CODE: return name##_slope(x, p);
        CMLPI_ACTIVATIONS(CASE)
#undef CASE
    default: return v_set1(1);
    }
}

VEC_FN void act_values(const int32_t activation, double parameter, const T *z, T *a, int64_t n)
{
    const V p = v_set1((T)parameter);
    for (int64_t i = 0; i < n; i += VL) store_lanes(a + i, n - i, act_value(activation, load_lanes(z + i, n - i), p));
}

VEC_FN void act_slopes(const int32_t activation, double parameter, const T *x, T *d, int64_t n)
{
    const V p = v_set1((T)parameter);
    for (int64_t i = 0; i < n; i += VL) {
        V slope = act_slope(activation, load_lanes(x + i, n - i), p);
        store_lanes(d + i, n - i, v_mul(load_lanes(d + i, n - i), slope));
    }
}

static void KERNEL(derivative)(int32_t activation, double parameter, const void *x, void *d, int64_t n)
{
    if (activation == CMLP_ACTIVATION_IDENTITY) return;
    switch (activation) { /* the activation is a constant in each call, so that the loops contain no branch */
#define CASE(CODE, ...) case CMLP_ACTIVATION_##CODE: act_slopes(CMLP_ACTIVATION_##CODE, parameter, x, d, n); break;
        CMLPI_ACTIVATIONS(CASE)
#undef CASE
    default: break;
    }
}

static T row_max(const T *z, int64_t n)
{
    T max = z[0];
    int64_t j = 1;
    if (n >= 2 * VL) { /* each scalar maximum would wait for the one before */
        T lanes[VL];
        V most = v_load(z);
        for (j = VL; j + VL <= n; j += VL) most = v_sel(v_lt(most, v_load(z + j)), v_load(z + j), most);
        v_store(lanes, most);
        max = lanes[0];
        for (int64_t l = 1; l < VL; l++) max = lanes[l] > max ? lanes[l] : max;
    }
    for (; j < n; j++) max = z[j] > max ? z[j] : max;
    return max;
}

/* sum_j x_j w_j, rounded as one output of the dense product: partial sums per chunk. If w is NULL, the weights are
 * 1. */
static T chunked_sum(const T *x, const T *w, int64_t n)
{
    V total = v_zero();
    for (int64_t j0 = 0; j0 < n; j0 += CMLPI_CHUNK) {
        int64_t j1 = n - j0 < CMLPI_CHUNK ? n : j0 + CMLPI_CHUNK;
        V sum = v_zero();
        for (int64_t j = j0; j < j1; j++) sum = v_fma(v_set1(x[j]), v_set1(w ? w[j] : 1), sum);
        total = v_add(total, sum);
    }
    return v_first(total);
}

/* z = softmax(z). If `shifted` is not NULL, it receives z - max z. Returns sum exp(z - max z) in partial sums per
 * chunk. */
static T softmax_row(T *z, T *shifted, int64_t n)
{
    const V max = v_set1(row_max(z, n));
    T total = 0, sum = 0;
    V e = v_zero();
    for (int64_t j = 0; j < n; j += VL) {
        T terms[VL]; /* full vectors can be read back at once, partial ones only from the cache */
        const V t = v_sub(load_lanes(z + j, n - j), max);
        e = v_exp(t);
        if (shifted) store_lanes(shifted + j, n - j, t);
        store_lanes(z + j, n - j, e);
        v_store(terms, e);
        if (j % CMLPI_CHUNK == 0) {
            total += sum;
            sum = 0;
        }
        for (int64_t l = 0; l < VL && j + l < n; l++) sum += terms[l];
    }
    total += sum;
    for (int64_t j = 0; j < n; j += VL)
        store_lanes(z + j, n - j, v_div(n > VL ? load_lanes(z + j, n - j) : e, v_set1(total)));
    return total;
}

/* Softmax of up to VL rows, transposed so that each vector holds one output of all rows. This uses all lanes, and
 * the sum over outputs needs no additions within a vector. The operations and their order are those of
 * softmax_row(). First step: transposed = z - max z. */
static void transpose_shifted(const T *z, int64_t rows, int64_t n, T *transposed)
{
    for (int64_t j = 0; j < n; j++) v_store(transposed + j * VL, v_zero()); /* also lanes without a row */
    KERNEL(transpose)(z, n, rows, n, transposed, VL);
    V max = v_load(transposed);
    for (int64_t j = 1; j < n; j++) {
        V zj = v_load(transposed + j * VL);
        max = v_sel(v_lt(max, zj), zj, max);
    }
    for (int64_t j = 0; j < n; j++) v_store(transposed + j * VL, v_sub(v_load(transposed + j * VL), max));
}

/* Second step: the exponentials divided by their sums. Returns the sums. */
static V softmax_transposed(T *transposed, int64_t n)
{
    V sum = v_zero();
    for (int64_t j = 0; j < n; j++) {
        V e = v_exp(v_load(transposed + j * VL));
        v_store(transposed + j * VL, e);
        sum = v_add(e, sum);
    }
    for (int64_t j = 0; j < n; j++) v_store(transposed + j * VL, v_div(v_load(transposed + j * VL), sum));
    return sum;
}

#define MIN_TRANSPOSED_ROWS 4 /* with fewer rows, row by row is faster */

/* Not inlined, so that its memory is not part of the stack frames of loss() and activate(). */
REAL_FN void softmax(T *z, int64_t rows, int64_t n)
{
    T transposed[CMLPI_TRANSPOSED_OUTPUTS * VL];
    int64_t i = 0;
    for (int64_t m; CMLP_BUILD_ROWS && n <= CMLPI_TRANSPOSED_OUTPUTS && rows - i >= MIN_TRANSPOSED_ROWS; i += m) {
        m = rows - i < VL ? rows - i : VL;
        transpose_shifted(z + i * n, m, n, transposed);
        softmax_transposed(transposed, n);
        KERNEL(transpose)(transposed, VL, n, m, z + i * n, n);
    }
    for (; i < rows; i++) softmax_row(z + i * n, 0, n);
}

static void KERNEL(activate)(int32_t activation, double parameter, const void *z, void *a, int64_t rows, int64_t n)
{
    if (z == a && activation == CMLP_ACTIVATION_IDENTITY) return;
    switch (activation) {
#define CASE(CODE, ...) \
    case CMLP_ACTIVATION_##CODE: act_values(CMLP_ACTIVATION_##CODE, parameter, z, a, rows * n); break;
        CMLPI_ACTIVATIONS(CASE)
#undef CASE
    default: /* softmax */
        if (z != a) memcpy(a, z, (size_t)(rows * n) * sizeof(T));
        softmax(a, rows, n);
    }
}
