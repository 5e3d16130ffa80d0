/* Optimizer steps on n elements. cmlp.h has the formulas. */

/* Moments below these limits become +0. Otherwise they would decay into subnormal numbers, which make arithmetic ten
 * times slower. The square of a tiny gradient could be subnormal too. */
#if CMLPI_BITS == 32
#define MIN_MOMENT 1e-30f
#define MIN_SECOND_MOMENT 1e-36f
#else
#define MIN_MOMENT 1e-290
#define MIN_SECOND_MOMENT 1e-290
#endif

VEC_FN V flushed(V x, T smallest) { return v_sel(v_lt(v_abs(x), v_set1(smallest)), v_zero(), x); }

/* If other threads have read w, its cache lines are shared, and the first store to each line waits until the other
 * caches have invalidated it. Storing 16 lines unchanged first makes these waits overlap. */
#define CLAIMED_LINES 16
#define CLAIMED (CLAIMED_LINES * CMLPI_LINE / (int64_t)sizeof(T))

VEC_FN void claim(T *w, int64_t n)
{
    for (int64_t i = 0; i < n && i < CLAIMED; i += CMLPI_LINE / (int64_t)sizeof(T)) {
        volatile T *line = w + i;
        *line = *line;
    }
}

static void step_sgd(const cmlpi_step *step, T *w, const T *g, int64_t n)
{
    const V minus_rate = v_set1(-(T)step->rate);
    for (int64_t i = 0; i < n; i += VL)
        store_lanes(w + i, n - i, v_fma(minus_rate, load_lanes(g + i, n - i), load_lanes(w + i, n - i)));
}

static void step_momentum(const cmlpi_step *step, T *w, const T *g, T *velocity, int64_t n)
{
    const V minus_rate = v_set1(-(T)step->rate), momentum = v_set1((T)step->momentum);
    const int nesterov = step->solver == CMLP_SOLVER_NESTEROV;
    for (int64_t i = 0; i < n; i += VL) {
        if (step->shared && i % CLAIMED == 0) claim(w + i, n - i);
        V gi = load_lanes(g + i, n - i), v = load_lanes(velocity + i, n - i);
        v = flushed(v_fma(minus_rate, gi, v_mul(momentum, v)), MIN_MOMENT);
        store_lanes(velocity + i, n - i, v);
        if (nesterov) v = v_fma(minus_rate, gi, v_mul(momentum, v));
        store_lanes(w + i, n - i, v_add(load_lanes(w + i, n - i), v));
    }
}

VEC_FN void step_moments(const cmlpi_step *step, const int decays, T *w, const T *g, T *m, T *v, int64_t n)
{
    const V decay = v_set1((T)step->decay);
    const V b1 = v_set1((T)step->beta_1), c1 = v_set1((T)(1 - step->beta_1));
    const V b2 = v_set1((T)step->beta_2), c2 = v_set1((T)(1 - step->beta_2));
    const T least = (T)step->epsilon < MATH_TINY ? MATH_TINY : (T)step->epsilon; /* 0 / 0 would be NaN */
    const V rate = v_set1((T)step->rate), epsilon = v_set1(least);
    for (int64_t i = 0; i < n; i += VL) {
        if (step->shared && i % CLAIMED == 0) claim(w + i, n - i);
        V gi = load_lanes(g + i, n - i);
        V mi = flushed(v_fma(c1, gi, v_mul(b1, load_lanes(m + i, n - i))), MIN_MOMENT);
        V vi = flushed(v_fma(v_mul(c2, gi), gi, v_mul(b2, load_lanes(v + i, n - i))), MIN_SECOND_MOMENT);
        store_lanes(m + i, n - i, mi);
        store_lanes(v + i, n - i, vi);
        V move = v_div(v_mul(rate, mi), v_add(v_sqrt(vi), epsilon));
        V wi = load_lanes(w + i, n - i);
        if (decays) wi = v_fnma(decay, wi, wi);
        store_lanes(w + i, n - i, v_sub(wi, move));
    }
}

static void step_adam(const cmlpi_step *step, T *w, const T *g, T *m, T *v, int64_t n)
{
    if (step->decay > 0)
        step_moments(step, 1, w, g, m, v, n);
    else
        step_moments(step, 0, w, g, m, v, n);
}

static void KERNEL(step)(const cmlpi_step *step, void *w, const void *g, void *m, void *v, int64_t n)
{
    switch (step->solver) {
    case CMLP_SOLVER_SGD: step_sgd(step, w, g, n); break;
    case CMLP_SOLVER_ADAM:
    case CMLP_SOLVER_ADAMW: step_adam(step, w, g, m, v, n); break;
    default: step_momentum(step, w, g, m, n); break;
    }
}
