/* How far a value of a row is outside of what its column had in training.
 *
 * The C headers that Python exports for tables contain this text behind that of encode_row.h: it is C and C++, too, and needs
 * cmlpi_nan besides. */
#ifndef CMLPI_DISTANCE_H
#define CMLPI_DISTANCE_H

#include "encode_row.h"

/* 0, or by how much a number is above or, negative, below the range of its column, which is that of the edges, or the only
 * number `centre`; NaN for a category or a missing value that training did not have. If training may have had more than the
 * column says (`has_others`), an unknown category and any number have 0. */
VEC_FN double cmlpi_distance(const cmlp_table_column *c, int has_others, double x)
{
    if (c->role == CMLP_TABLE_ROLE_CATEGORY) {
        const double code = cmlpi_category_code(c, x);
        const int is_code = code >= 0.0 && code < (double)c->n_categories && code == (double)(int64_t)code;
        return is_code || has_others ? 0.0 : cmlpi_nan();
    }
    if (c->role != CMLP_TABLE_ROLE_NUMBER) return 0.0;
    if (cmlpi_is_missing(c, x)) return c->has_missing ? 0.0 : cmlpi_nan();
    if (has_others) return 0.0;
    const double low = c->n_edges ? c->edges[0] : c->centre, high = c->n_edges ? c->edges[c->n_edges - 1] : c->centre;
    return x > high ? x - high : x < low ? x - low : 0.0;
}

#endif
