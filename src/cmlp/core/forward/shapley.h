/* Shapley values of the columns of a row, from the outputs for rows that are mixed of it and the rows of a background.
 *
 * The value of a set of columns is the mean output for the rows of the background in which these columns are those of the
 * explained row. The Shapley value of a column is the mean change of this value when the column joins the columns before it,
 * over all orders of the columns: all sets are enumerated, or the orders are random permutations, in antithetic pairs of one
 * and its reverse. Every sum is a chain of additions in ascending order, in double precision. */
#ifndef CMLPI_SHAPLEY_H
#define CMLPI_SHAPLEY_H

#include "../data/run.h"

#define CMLPI_MOST_ENUMERATED 12 /* columns whose 2^12 sets can be enumerated */

/* What the values of a row are computed from. All outputs are those of the model, not of one of its networks. */
typedef struct cmlpi_shapley {
    int64_t n_columns, n_rows, n_out; /* n_rows: of the background */
    const double *base;         /* (n_rows, n_out): the outputs of the background */
    const double *weights;      /* n_rows: those of the background's rows, all above 0 */
    const double *output;       /* n_out: the outputs of the explained row */
    const unsigned char *used;  /* n_columns: whether the model reads a column. Of permutations, as what follows */
    int64_t n_pairs;            /* 0: all sets are enumerated */
    const int64_t *rows;        /* n_pairs: the row of the background in which the two paths of a pair begin. If there are two
                                 * pairs or more for each row, as many for each, in ascending order; else a sample */
    const int64_t *orders;      /* (2 n_pairs, n_columns): an order of the columns and its reverse for each pair */
} cmlpi_shapley;

/* Why no method fits. */
enum { CMLPI_TOO_MANY_COLUMNS = -1, CMLPI_TOO_FEW_EVALUATIONS = -2 };

/* Chooses the method: the number of pairs, or 0 for an enumeration, because the caller wants one or because it takes fewer
 * evaluations. n_evaluations: the most that the caller allows, or 0 for the default. */
int64_t cmlpi_shapley_pairs(int64_t n_columns, int64_t n_rows, int64_t n_evaluations, int is_exact);

/* Whether pairs are those of a sample of the background. */
static inline int cmlpi_is_sample(int64_t n_pairs, int64_t n_rows) { return n_pairs < 2 * n_rows; }

/* Computes the mean of the outputs of the background: n_out numbers. */
void cmlpi_shapley_mean(const cmlpi_shapley *game, double *mean);

/* Enumeration: `sets` are (2^n_columns, n_out), where bit i of the index of a set is column i. Begins with zeros; adds the
 * outputs of n sets from `first` on for a row of the background, in ascending order of the rows of each set; the empty set
 * and the full one need no outputs. */
void cmlpi_shapley_begin_sets(const cmlpi_shapley *game, double *sets);
void cmlpi_shapley_add_sets(const cmlpi_shapley *game, int64_t row, int64_t first, int64_t n, const double *outputs,
                            double *sets);

/* Computes the values (n_columns, n_out) when all outputs are added. */
void cmlpi_shapley_of_sets(const cmlpi_shapley *game, double *sets, double *values);

/* Permutations: computes the values and their standard errors, (n_columns, n_out) each, from the outputs on the paths,
 * (2 n_pairs, n_columns - 1, n_out) as those of cmlp_forward_paths. changes: scratch memory, (n_pairs, n_columns, n_out). */
void cmlpi_shapley_of_paths(const cmlpi_shapley *game, const double *paths, double *changes, double *values,
                            double *errors);

#endif
