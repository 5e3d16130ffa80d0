#include "shapley.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/root.h"

#if CMLPI_EXPLAINS_TABLES
#define FEWEST_PAIRS 2    /* of each row of the background, to estimate the errors */
#define DEFAULT_PAIRS 192 /* altogether: 3 for each of 64 rows */

/* Adds a term to a sum, or begins with it. */
static double chained(int64_t i, double sum, double term) { return i ? sum + term : term; }

int64_t cmlpi_shapley_pairs(int64_t n_columns, int64_t n_rows, int64_t n_evaluations, int is_exact)
{
    const int64_t of_pair = 2 * (n_columns - 1), needed = (DEFAULT_PAIRS + n_rows - 1) / n_rows;
    const int64_t standard = of_pair * n_rows * (needed > FEWEST_PAIRS ? needed : FEWEST_PAIRS);
    const int64_t budget = n_evaluations ? n_evaluations : standard;
    if (n_columns <= CMLPI_MOST_ENUMERATED && (is_exact || ((INT64_C(1) << n_columns) - 2) * n_rows <= budget)) return 0;
    if (is_exact) return CMLPI_TOO_MANY_COLUMNS;
    if (budget < 2 * n_columns) return CMLPI_TOO_FEW_EVALUATIONS;
    const int64_t n_pairs = budget / of_pair;
    return cmlpi_is_sample(n_pairs, n_rows) ? n_pairs : n_pairs - n_pairs % n_rows;
}

static double sum_of_weights(const cmlpi_shapley *game)
{
    double total = 0;
    for (int64_t i = 0; i < game->n_rows; i++) total += game->weights[i];
    return total;
}

static double mean_of_output(const cmlpi_shapley *game, int64_t k)
{
    double sum = 0;
    for (int64_t i = 0; i < game->n_rows; i++) sum = chained(i, sum, game->base[i * game->n_out + k] * game->weights[i]);
    return sum / sum_of_weights(game);
}

void cmlpi_shapley_mean(const cmlpi_shapley *game, double *mean)
{
    for (int64_t k = 0; k < game->n_out; k++) mean[k] = mean_of_output(game, k);
}

/* ------------------------------------------------------------------------------------------------ enumeration */

void cmlpi_shapley_begin_sets(const cmlpi_shapley *game, double *sets)
{
    memset(sets, 0, sizeof *sets * (size_t)(game->n_out << game->n_columns));
}

void cmlpi_shapley_add_sets(const cmlpi_shapley *game, int64_t row, int64_t first, int64_t n, const double *outputs,
                            double *sets)
{
    double *const to = sets + first * game->n_out;
    for (int64_t k = 0; k < n * game->n_out; k++) to[k] += outputs[k] * game->weights[row];
}

/* Completes the values of the sets. That of the full set is not the output itself, so that a column that changes nothing has
 * the value 0 and not a rounding error. */
static void end_sets(const cmlpi_shapley *game, double *sets)
{
    const int64_t n_out = game->n_out, last = (INT64_C(1) << game->n_columns) - 1;
    const double total = sum_of_weights(game);
    for (int64_t k = n_out; k < last * n_out; k++) sets[k] /= total;
    cmlpi_shapley_mean(game, sets);
    for (int64_t k = 0; k < n_out; k++) {
        double sum = 0;
        for (int64_t i = 0; i < game->n_rows; i++) sum = chained(i, sum, game->output[k] * game->weights[i]);
        sets[last * n_out + k] = sum / total;
    }
}

/* Computes the share of the orders in which a column joins a set of each size. */
static void find_shares(int64_t n_columns, double shares[CMLPI_MOST_ENUMERATED])
{
    int64_t n_sets = 1; /* of this size, of the other columns */
    for (int64_t size = 0; size < n_columns; size++) {
        shares[size] = 1.0 / (double)(n_columns * n_sets);
        n_sets = n_sets * (n_columns - 1 - size) / (size + 1);
    }
}

static int size_of_set(int64_t set)
{
    int n = 0;
    for (; set; set &= set - 1) n++;
    return n;
}

void cmlpi_shapley_of_sets(const cmlpi_shapley *game, double *sets, double *values)
{
    const int64_t n = game->n_columns, n_out = game->n_out;
    double shares[CMLPI_MOST_ENUMERATED];
    find_shares(n, shares);
    end_sets(game, sets);
    for (int64_t column = 0; column < n; column++)
        for (int64_t others = 0; others < INT64_C(1) << (n - 1); others++) {
            const int64_t low = others & ((INT64_C(1) << column) - 1), without = ((others - low) << 1) + low;
            const double *const before = sets + without * n_out, *const after = before + (n_out << column);
            const double share = shares[size_of_set(others)];
            for (int64_t k = 0; k < n_out; k++) {
                double *const value = &values[column * n_out + k];
                *value = chained(others, *value, (after[k] - before[k]) * share);
            }
        }
}

/* ----------------------------------------------------------------------------------------------- permutations */

/* Output k after the first `step` columns of a path have changed. */
static double walked(const cmlpi_shapley *game, const double *path, int64_t row, int64_t step, int64_t k)
{
    if (!step) return game->base[row * game->n_out + k];
    return step == game->n_columns ? game->output[k] : path[(step - 1) * game->n_out + k];
}

/* Computes how each column changes the outputs, in the mean of each pair. */
static void find_changes(const cmlpi_shapley *game, const double *paths, double *changes)
{
    const int64_t n = game->n_columns, n_out = game->n_out, length = (n - 1) * n_out;
    for (int64_t pair = 0; pair < game->n_pairs; pair++) {
        const double *const path = paths + 2 * pair * length, *const reverse = path + length;
        const int64_t row = game->rows[pair];
        for (int64_t rank = 0; rank < n; rank++) {
            double *const change = changes + (pair * n + game->orders[2 * pair * n + rank]) * n_out;
            for (int64_t k = 0; k < n_out; k++) {
                const double one = walked(game, path, row, rank + 1, k) - walked(game, path, row, rank, k);
                const double other = walked(game, reverse, row, n - rank, k) - walked(game, reverse, row, n - 1 - rank, k);
                change[k] = (one + other) / 2;
            }
        }
    }
}

/* Computes values and errors if each row of the background has several pairs. */
static void estimate_all(const cmlpi_shapley *game, const double *changes, double *values, double *errors)
{
    const int64_t n_numbers = game->n_columns * game->n_out, each = game->n_pairs / game->n_rows;
    const double total = sum_of_weights(game);
    for (int64_t j = 0; j < n_numbers; j++) {
        double value = 0, variance = 0;
        for (int64_t row = 0; row < game->n_rows; row++) {
            const double *const change = changes + row * each * n_numbers + j, weight = game->weights[row];
            double mean = 0, squares = 0;
            for (int64_t i = 0; i < each; i++) mean = chained(i, mean, change[i * n_numbers]);
            mean /= (double)each;
            for (int64_t i = 0; i < each; i++) {
                const double difference = change[i * n_numbers] - mean;
                squares = chained(i, squares, difference * difference);
            }
            value = chained(row, value, mean * weight);
            variance = chained(row, variance, squares / (double)(each * (each - 1)) * (weight * weight));
        }
        values[j] = value / total;
        errors[j] = cmlpi_root(variance) / total;
    }
}

/* Computes the means over the pairs and their variances, which are NaN for a single pair. */
static void find_moments(const cmlpi_shapley *game, const double *changes, double *means, double *variances)
{
    const int64_t n_numbers = game->n_columns * game->n_out, n = game->n_pairs;
    double total = 0;
    for (int64_t pair = 0; pair < n; pair++) total += game->weights[game->rows[pair]];
    for (int64_t j = 0; j < n_numbers; j++) {
        double mean = 0, squares = 0;
        for (int64_t pair = 0; pair < n; pair++)
            mean = chained(pair, mean, changes[pair * n_numbers + j] * game->weights[game->rows[pair]]);
        mean /= total;
        for (int64_t pair = 0; pair < n; pair++) {
            const double difference = (changes[pair * n_numbers + j] - mean) * game->weights[game->rows[pair]];
            squares = chained(pair, squares, difference * difference);
        }
        means[j] = mean;
        variances[j] = n > 1 ? squares / (total * total) * (double)n / (double)(n - 1) : NAN;
    }
}

/* Computes the sum of one output's variances over the columns. */
static double sum_of_variances(const cmlpi_shapley *game, const double *variances, int64_t k)
{
    double sum = 0;
    for (int64_t column = 0; column < game->n_columns; column++)
        sum = chained(column, sum, variances[column * game->n_out + k]);
    return sum;
}

/* Divides what the mean of a sample differs from that of the background among the columns, in proportion to their variances.
 * If there is no variance, all columns that the model reads have the same share. */
static void divide_rest(const cmlpi_shapley *game, const double *means, double *variances, double *changes)
{
    const int64_t n = game->n_columns, n_out = game->n_out;
    for (int64_t j = 0; game->n_pairs == 1 && j < n * n_out; j++) variances[j] = means[j] * means[j];
    for (int64_t k = 0; k < n_out; k++) {
        const int varies = sum_of_variances(game, variances, k) > 0;
        const double mean = mean_of_output(game, k);
        for (int64_t column = 0; !varies && column < n; column++) variances[column * n_out + k] = game->used[column] != 0;
        const double sum = sum_of_variances(game, variances, k), divisor = sum > DBL_MIN ? sum : DBL_MIN;
        for (int64_t pair = 0; pair < game->n_pairs; pair++) {
            const double rest = game->base[game->rows[pair] * n_out + k] - mean;
            for (int64_t column = 0; column < n; column++)
                changes[(pair * n + column) * n_out + k] += rest * (variances[column * n_out + k] / divisor);
        }
    }
}

void cmlpi_shapley_of_paths(const cmlpi_shapley *game, const double *paths, double *changes, double *values,
                            double *errors)
{
    find_changes(game, paths, changes);
    if (!cmlpi_is_sample(game->n_pairs, game->n_rows)) {
        estimate_all(game, changes, values, errors);
        return;
    }
    find_moments(game, changes, values, errors);
    divide_rest(game, values, errors, changes);
    find_moments(game, changes, values, errors);
    for (int64_t j = 0; j < game->n_columns * game->n_out; j++) errors[j] = cmlpi_root(errors[j]);
}
#endif
