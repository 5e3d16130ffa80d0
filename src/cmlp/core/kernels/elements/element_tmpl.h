/* Conversion of input rows, and small loops over elements. */

/* to[i] = SCALED(element i of the source, i), computed in double and rounded once. */
#define CONVERT(source_type, SCALED)                                                                   \
    do {                                                                                               \
        const source_type *from = source;                                                              \
        const char *first = source;                                                                    \
        if (stride == (int64_t)sizeof(source_type))                                                    \
            for (int64_t i = 0; i < n; i++) to[i] = (T)(SCALED((double)from[i], i));                    \
        else                                                                                           \
            for (int64_t i = 0; i < n; i++)                                                             \
                to[i] = (T)(SCALED((double)*(const source_type *)(const void *)(first + i * stride), i)); \
    } while (0)
#define BY_SCALE(x, i) ((x) * scale)
#define BY_COLUMN(x, i) (((x) - shifts[i]) * factors[i])

/* A scale split into hi + lo, see cmlpi_scales_in_floats(). */
typedef struct scale_parts {
    V hi, lo;
} scale_parts;

VEC_FN scale_parts scale_parts_of(double scale)
{
    return (scale_parts){v_set1((T)scale), v_set1((T)(scale - (double)(T)scale))};
}

/* VL bytes, scaled. */
VEC_FN V load_scaled(const uint8_t *p, scale_parts scale)
{
#ifdef V_LOADS_BYTES
    const V b = v_load_bytes(p);
#else
    T numbers[VL];
    for (int l = 0; l < VL; l++) numbers[l] = (T)p[l];
    const V b = v_load(numbers);
#endif
    return v_fma(b, scale.hi, v_mul(b, scale.lo));
}

#ifdef V_LOADS_BYTES
static void convert_bytes(const uint8_t *from, int64_t n, double scale, T *to)
{
    const scale_parts parts = scale_parts_of(scale);
    for (int64_t i = 0; i < n; i += VL) {
        if (i > n - VL) i = n - VL; /* the last vector overlaps the one before */
        v_store(to + i, load_scaled(from + i, parts));
    }
}
#endif

static void KERNEL(convert)(int32_t dtype, const void *source, int64_t stride, int64_t n, double scale, void *out)
{
    T *to = out;
    switch (dtype) {
#ifdef V_LOADS_BYTES
    case CMLP_UINT8:
        if (stride == 1 && n >= VL && cmlpi_scales_in_floats(scale))
            convert_bytes(source, n, scale, to);
        else
            CONVERT(uint8_t, BY_SCALE);
        break;
#else
    case CMLP_UINT8: CONVERT(uint8_t, BY_SCALE); break;
#endif
    case CMLP_FLOAT32: CONVERT(float, BY_SCALE); break;
    default:
        if (stride == (int64_t)sizeof(double) && scale == 1) /* the most common case */
            for (int64_t i = 0; i < n; i++) to[i] = (T)((const double *)source)[i];
        else
            CONVERT(double, BY_SCALE);
    }
}

static void KERNEL(convert_columns)(int32_t dtype, const void *source, int64_t stride, int64_t n, const double *shifts,
                                    const double *factors, void *out)
{
    T *to = out;
    switch (dtype) {
    case CMLP_UINT8: CONVERT(uint8_t, BY_COLUMN); break;
    case CMLP_FLOAT32: CONVERT(float, BY_COLUMN); break;
    default: CONVERT(double, BY_COLUMN);
    }
}

static int64_t KERNEL(nonzero_mask)(const void *v, int64_t n, uint64_t *mask) { return fill_mask(v, n, mask, n); }

static void KERNEL(multiply)(void *values, int64_t n, double factor)
{
    T *v = values;
    const V f = v_set1((T)factor);
    for (int64_t i = 0; i < n; i += VL) store_lanes(v + i, n - i, v_mul(load_lanes(v + i, n - i), f));
}

/* Column j of each row is added to partial sum j mod 16. */
static double KERNEL(square_sum)(const void *values, int64_t rows, int64_t n)
{
    double p[PARTIALS] = {0};
    for (const T *v = values, *end = v + rows * n; v < end; v += n) {
        int64_t j = 0;
        for (; j + PARTIALS <= n; j += PARTIALS)
            for (int64_t l = 0; l < PARTIALS; l++) p[l] += (double)v[j + l] * (double)v[j + l];
        for (int64_t l = 0; j + l < n; l++) p[l] += (double)v[j + l] * (double)v[j + l];
    }
    return joined(p);
}

#define FINITE_VECTORS 4

static int64_t KERNEL(find_nonfinite)(const void *values, int64_t stride, int64_t n)
{
    const T *v = values;
    int64_t i = 0;
    if (stride == 1) /* x * 0 is 0 only for finite x: one branch per step */
        for (; i + FINITE_VECTORS * VL <= n; i += FINITE_VECTORS * VL) {
            V sum = v_zero();
            UNROLL for (int c = 0; c < FINITE_VECTORS; c++) sum = v_add(v_mul(v_load(v + i + c * VL), v_zero()), sum);
            if (v_nonzero(sum)) break;
        }
    while (i < n && v[i * stride] - v[i * stride] == 0) i++;
    return i;
}
