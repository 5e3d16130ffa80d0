/* The rules by which the columns of a row become inputs: numbers are scaled, squeezed and placed in bins, dates have
 * parts too, and categories are one-hot or have statistics. Every operation is one addition, subtraction, multiplication,
 * division or square root of doubles; each input is rounded once to its type.
 *
 * The C headers that Python exports for tables contain this text with other prefixes (_export/c_table.py), without what
 * is in "#if CMLPI_PARTS" and the like if no column has any. So it is C and C++, and needs only cmlp_table_column,
 * cmlpi_encoded, cmlpi_put, cmlpi_rounded, cmlpi_root, CMLPI_PARTS, CMLPI_STATISTICS and CMLPI_MISSING_VALUES. */
#ifndef CMLPI_ENCODE_ROW_H
#define CMLPI_ENCODE_ROW_H

#include "encoded.h"

/* Whether a number is missing: NaN, or one that means a missing value in this column. */
VEC_FN int cmlpi_is_missing(const cmlp_table_column *c, double x)
{
#if CMLPI_MISSING_VALUES
    for (int32_t k = 0; k < c->n_missing_values; k++)
        if (x == c->edges[c->n_edges + k]) return 1;
#endif
    (void)c;
    return x != x;
}

/* Numbers are squeezed to (-3, 3). They are clipped first, so that their squares do not overflow. */
VEC_FN double cmlpi_soft_clip(double x, double centre, double scale)
{
    double z = (x - centre) / scale;
    z = z < -1e9 ? -1e9 : z > 1e9 ? 1e9 : z;
    const double third = z / 3.0;
    return z / cmlpi_root(1.0 + cmlpi_rounded(third * third));
}

/* x is in one bin; it is above those before and below those after it. Only in its own bin a division is needed: the
 * quotient of any other one is at most 0 or at least 1. */
VEC_FN void cmlpi_encode_bins(const double *edges, int64_t n, double x, cmlpi_encoded inputs, int64_t at)
{
    int64_t bin = 0;
    for (int64_t k = 0; k + 1 < n; k++) {
        const int is_above = x >= edges[k + 1];
        cmlpi_put(inputs, at + k, is_above ? 0.5 : -0.5);
        bin += is_above;
    }
    if (bin + 1 < n && x > edges[0])
        cmlpi_put(inputs, at + bin, (x - edges[bin]) / (edges[bin + 1] - edges[bin]) - 0.5);
}

#if CMLPI_PARTS
/* The largest whole number that is not above x. Doubles from 2^52 on are whole, and may be too large for an integer. */
VEC_FN double cmlpi_floor(double x)
{
    if (!(x > -4503599627370496.0 && x < 4503599627370496.0)) return x;
    const double whole = (double)(int64_t)x;
    return whole > x ? whole - 1.0 : whole;
}

/* A wave of parabolas that resembles a sine: 0 at 0, 1 at a quarter, 0 at a half, -1 at three quarters, 0 at 1. */
VEC_FN double cmlpi_wave(double phase)
{
    const double u = 2.0 * phase - 1.0;
    return 4.0 * u * ((u < 0.0 ? -u : u) - 1.0);
}

/* The parts of a date in days since 1970: the time of day, the weekday from Monday on, the day of the mean year. */
VEC_FN int64_t cmlpi_encode_parts(const cmlp_table_column *c, int has_bins, int is_missing, double x, cmlpi_encoded inputs,
                                  int64_t at)
{
    static const double periods[CMLPI_PARTS] = {1.0, 7.0, 365.2425}, first[CMLPI_PARTS] = {0.0, 4.0, 0.0};
    for (int64_t p = 0; p < c->n_parts; p++) {
        const cmlp_table_date_part *part = &c->parts[p];
        const int64_t bins = has_bins && part->n_edges ? part->n_edges - 1 : 0;
        const int k = (int)part->kind - 1;
        if (is_missing) {
            for (int64_t i = 0; i < 2 + bins; i++) cmlpi_put(inputs, at + i, 0.0);
        } else {
            const double since = (k ? cmlpi_floor(x) : x) - first[k], period = periods[k];
            const double day = since - cmlpi_rounded(cmlpi_floor(since / period) * period);
            const double fraction = day / period, phase = fraction < 0.0 ? 0.0 : fraction > 1.0 ? 1.0 : fraction;
            cmlpi_put(inputs, at, cmlpi_wave(phase));
            cmlpi_put(inputs, at + 1, cmlpi_wave(phase < 0.75 ? phase + 0.25 : phase - 0.75));
            if (bins) cmlpi_encode_bins(part->edges, part->n_edges, day, inputs, at + 2);
        }
        at += 2 + bins;
    }
    return at;
}
#endif

VEC_FN int64_t cmlpi_encode_number(const cmlp_table_column *c, int has_bins, double x, cmlpi_encoded inputs, int64_t at)
{
    const int is_missing = cmlpi_is_missing(c, x);
    cmlpi_put(inputs, at++, is_missing ? 0.0 : cmlpi_soft_clip(x, c->centre, c->scale));
    if (has_bins && c->n_edges) {
        const int64_t n = c->n_edges - 1;
        for (int64_t k = 0; is_missing && k < n; k++) cmlpi_put(inputs, at + k, 0.0);
        if (!is_missing) cmlpi_encode_bins(c->edges, c->n_edges, x, inputs, at);
        at += n;
    }
    if (c->has_missing) cmlpi_put(inputs, at++, is_missing ? 1.0 : 0.0);
#if CMLPI_PARTS
    if (c->n_parts) return cmlpi_encode_parts(c, has_bins, is_missing, x, inputs, at);
#endif
    return at;
}

#if CMLPI_STATISTICS
/* The first categories are one-hot, and the row of each category in `statistics` follows. */
VEC_FN int64_t cmlpi_encode_statistics(const cmlp_table_column *c, double x, cmlpi_encoded inputs, int64_t at)
{
    const int64_t n = c->n_categories, width = c->n_statistics / n, code = x >= 0.0 && x < (double)n ? (int64_t)x : 0;
    const int is_known = x == (double)code;
    for (int64_t k = 0; k < c->n_one_hot; k++) cmlpi_put(inputs, at + k, is_known && k == code ? 1.0 : 0.0);
    at += c->n_one_hot;
    for (int64_t k = 0; k < width; k++) cmlpi_put(inputs, at + k, is_known ? (double)c->statistics[code * width + k] : 0.0);
    return at + width;
}

#endif
/* The code of a category: NaN, a missing value, has that of the missing category, or -1 without one. */
VEC_FN double cmlpi_category_code(const cmlp_table_column *c, double x) { return x != x ? (double)c->has_missing - 1.0 : x; }

VEC_FN int64_t cmlpi_encode_category(const cmlp_table_column *c, double raw, cmlpi_encoded inputs, int64_t at)
{
    const double x = cmlpi_category_code(c, raw);
#if CMLPI_STATISTICS
    if (c->statistics) return cmlpi_encode_statistics(c, x, inputs, at);
#endif
    if (c->n_categories == 2) {
        cmlpi_put(inputs, at, x == 0.0 ? 1.0 : x == 1.0 ? -1.0 : 0.0);
        return at + 1;
    }
    for (int64_t k = 0; k < c->n_categories; k++) cmlpi_put(inputs, at + k, x == (double)k ? 1.0 : 0.0);
    return at + c->n_categories;
}

VEC_FN void cmlpi_encode_columns(const cmlp_table_column *columns, int64_t n_columns, int has_bins, const double *raw,
                                 cmlpi_encoded inputs)
{
    int64_t at = 0;
    for (int64_t i = 0; i < n_columns; i++) {
        if (columns[i].role == CMLP_TABLE_ROLE_NUMBER)
            at = cmlpi_encode_number(&columns[i], has_bins, raw[i], inputs, at);
        else if (columns[i].role == CMLP_TABLE_ROLE_CATEGORY)
            at = cmlpi_encode_category(&columns[i], raw[i], inputs, at);
    }
    if (!at) cmlpi_put(inputs, 0, 0.0);
}

#endif
