/* What exported headers of tables have before the text of the core's encode_row.h, where NAME_ becomes the prefix. */

enum { NAME_ROLE_UNUSED = 1, NAME_ROLE_NUMBER = 2, NAME_ROLE_CATEGORY = 3 };

#if NAME_PARTS
#define NAME_PARTS 3

/* A part of a date. */
typedef struct NAME_date_part {
    const double *edges;
    int32_t n_edges, kind; /* kind: 1 the time of day, 2 the weekday, 3 the day of the year */
} NAME_date_part;

#endif
/* How a column is encoded. */
typedef struct NAME_column {
    int32_t role;
    int32_t has_missing; /* numbers have an input that says whether they are missing; of categories 1 + the code of the missing
                          * one, or 0 */
    double centre, scale;
    const double *edges;
    int32_t n_edges, n_categories;
#if NAME_PARTS
    const NAME_date_part *parts;
    int64_t n_parts;
#endif
#if NAME_STATISTICS
    const float *statistics;         /* n_statistics numbers, as many for each category; or NULL */
    int64_t n_statistics, n_one_hot; /* n_one_hot: the first categories that have an input each, if there are statistics */
#endif
#if NAME_MISSING_VALUES
    int32_t n_missing_values; /* numbers behind the edges that mean a missing value */
#endif
} NAME_column;

typedef float *NAME_encoded;

static inline void NAME_put(NAME_encoded inputs, int64_t i, double value) { inputs[i] = (float)value; }

/* Keeps compilers from fusing a product with an addition. */
static inline double NAME_rounded(double product)
{
    const volatile double rounded = product;
    return rounded;
}

static inline double NAME_nan(void)
{
    const uint64_t bits = 0x7ff8000000000000u;
    double nan;
    memcpy(&nan, &bits, sizeof nan);
    return nan;
}

static inline double NAME_root(double x)
{
#if defined(__SSE2__) || defined(_M_X64)
    return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(x)));
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
    double root;
    __asm__("fsqrt %d0, %d1" : "=w"(root) : "w"(x));
    return root;
#else
    return NAME_soft_root(x);
#endif
}
