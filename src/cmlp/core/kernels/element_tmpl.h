/* Conversion of input rows, and small loops over elements. */

#define CONVERT(source_type)                                                                                     \
    do {                                                                                                         \
        const source_type *from = source;                                                                        \
        if (stride == (int64_t)sizeof(source_type) && scale == 1) /* each form's loop becomes vector code */      \
            for (int64_t i = 0; i < n; i++) to[i] = (T)from[i];                                                   \
        else if (stride == (int64_t)sizeof(source_type))                                                         \
            for (int64_t i = 0; i < n; i++) to[i] = (T)((double)from[i] * scale);                                 \
        else                                                                                                     \
            for (int64_t i = 0; i < n; i++)                                                                       \
                to[i] = (T)((double)*(const source_type *)(const void *)((const char *)source + i * stride) * scale); \
    } while (0)

static void convert(int32_t dtype, const void *source, int64_t stride, int64_t n, double scale, void *out)
{
    T *to = out;
    switch (dtype) {
    case CMLP_UINT8: CONVERT(uint8_t); break;
    case CMLP_FLOAT32: CONVERT(float); break;
    default: CONVERT(double); break;
    }
}

static void multiply(void *values, int64_t n, double factor)
{
    T *v = values;
    const V f = v_set1((T)factor);
    for (int64_t i = 0; i < n; i += VL) store_lanes(v + i, n - i, v_mul(load_lanes(v + i, n - i), f));
}

#define FINITE_BLOCK 64

static int64_t find_nonfinite(const void *values, int64_t stride, int64_t n)
{
    const T *v = values;
    int64_t i = 0;
    if (stride == 1) /* x * 0 is 0 for finite x alone: block by block without a branch per element */
        for (; i + FINITE_BLOCK <= n; i += FINITE_BLOCK) {
            T sum[16] = {0};
            for (int64_t l = 0; l < FINITE_BLOCK; l++) sum[l & 15] += v[i + l] * 0;
            T all = 0;
            for (int l = 0; l < 16; l++) all += sum[l];
            if (!(all == 0)) break;
        }
    while (i < n && v[i * stride] - v[i * stride] == 0) i++;
    return i;
}
