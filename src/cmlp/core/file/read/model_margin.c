/* The calibration in the model of a table: how far intervals reach beyond predictions, and where they end. */
#include <math.h>

#include "../../base/arguments.h"
#include "../../base/invariant.h"
#include "../../kernels/losses.h"
#include "model.h"
#include "model_head.h"

#if CMLP_BUILD_TABLES
static double stored_number(const void *tensor, int64_t i)
{
    double number;
    cmlpi_load(&number, (const unsigned char *)tensor + (uint64_t)i * sizeof number, 1, sizeof number);
    return number;
}

static double number_at(const cmlp_model *model, uint64_t offset, int64_t i) { return stored_number(model->file + offset, i); }

static double score_at(const cmlp_model *model, int64_t i) { return number_at(model, model->calibration.scores, i); }

/* The prediction of a knot of a target, and its factor. */
static double knot_at(const cmlp_model *model, int64_t target, int64_t i)
{
    return number_at(model, model->calibration.widths, 2 * target * model->calibration.n_knots + i);
}

static double factor_at(const cmlp_model *model, int64_t target, int64_t i)
{
    return number_at(model, model->calibration.widths, (2 * target + 1) * model->calibration.n_knots + i);
}

/* The limits of a target that are frequent: the lowest one, a number near it, the highest one, a number near it. */
static void load_limits(const cmlp_model *model, int64_t target, double limits[4])
{
    for (int64_t i = 0; i < 4; i++) limits[i] = number_at(model, model->calibration.limits, 4 * target + i);
}

/* The number of outcomes that sets have, of all labels: of one that is there or not, two. */
static int64_t count_outcomes(const cmlp_model *model)
{
    const int64_t n = cmlpi_n_out(model->net) + model->is_cumulative;
    if (model->table->targets) return 0;
    return model->model_kind == CMLP_MODEL_MULTILABEL || n == 1 ? 2 * n : n;
}

/* Loads the kind of the scores and of their rows; zeros if the file has none. */
static void load_calibration_kind(const cmlp_model *model, int32_t calibration_kind[2])
{
    calibration_kind[0] = calibration_kind[1] = 0;
    if (!model->values.n[CMLPI_CALIBRATION_KIND]) return;
    cmlpi_load(calibration_kind, model->file + model->values.starts[CMLPI_CALIBRATION_KIND], 2, sizeof *calibration_kind);
}

cmlp_status cmlpi_check_scores(const cmlp_model *model)
{
    const cmlpi_stored_calibration *stored = &model->calibration;
    const cmlpi_numbers scores = {stored_number, model->file + stored->scores};
    const cmlpi_numbers widths = {stored_number, model->file + stored->widths};
    int32_t calibration_kind[2];
    load_calibration_kind(model, calibration_kind);
    if (cmlpi_is_calibration_kind(calibration_kind[0]) && calibration_kind[1] != 1 && calibration_kind[1] != 2)
        return CMLP_ERROR_OPTION; /* 1: of rows held out, 2: of rows of calibration */
    const cmlpi_numbers limits = {stored_number, model->file + stored->limits};
    const cmlpi_numbers classes = {stored_number, model->file + stored->classes};
    return cmlpi_are_scores(&scores, stored->n_targets, stored->n_scores) &&
                   cmlpi_are_classes(&classes, stored->n_of_classes, count_outcomes(model)) &&
                   cmlpi_are_limits(&limits, stored->limits ? stored->n_targets : 0) &&
                   cmlpi_are_widths(&widths, stored->n_targets, stored->n_knots)
               ? CMLP_OK : CMLP_ERROR_OPTION;
}

/* Whether the file has a kind of score that this library knows, and the other parts of a calibration that fit it. */
static int is_known(const cmlp_model *model)
{
    int32_t calibration_kind[2];
    load_calibration_kind(model, calibration_kind);
    const cmlpi_stored_calibration *stored = &model->calibration;
    return cmlpi_is_calibration_kind(calibration_kind[0]) &&
           cmlpi_fits_scores(calibration_kind[0], stored->widths != 0, stored->limits != 0);
}

/* By which factor intervals are wider than usual where the output is `value`: docs/arithmetic.md, "Widths of intervals". */
static double factor_of(const cmlp_model *model, int64_t target, double value)
{
    const int64_t last = model->calibration.n_knots - 1;
    int64_t i = 0;
    if (value < knot_at(model, target, 0)) value = knot_at(model, target, 0);
    while (i < last && knot_at(model, target, i + 1) <= value)
        CMLPI_LOOP(i >= 0 && i <= last, last - i, i)
        i++;
    if (i == last) return factor_at(model, target, last);
    const double knot = knot_at(model, target, i), factor = factor_at(model, target, i);
    const double fraction = (value - knot) / (knot_at(model, target, i + 1) - knot);
    return factor + fraction * (factor_at(model, target, i + 1) - factor);
}

int cmlpi_is_calibrated(const cmlp_model *model, int by_class)
{
    return model->calibration.n_scores && is_known(model) && (!by_class || model->calibration.n_of_classes);
}

/* The rank of the margin among n scores, counted from 1; above n if they are too few. */
static int64_t margin_rank(double coverage, int64_t n)
{
    const double position = coverage * (double)(n + 1) - 1e-9; /* rounding must not add a rank */
    const int64_t rank = (int64_t)position;
    return rank < 1 || (double)rank < position ? rank + 1 : rank;
}

static double find_margin(const cmlp_model *model, const cmlpi_query *query)
{
    const int64_t target = query->target;
    const int64_t rank = margin_rank(query->coverage, model->calibration.n_scores);
    const double score = rank > model->calibration.n_scores ? INFINITY : score_at(model, target * model->calibration.n_scores + rank - 1);
    return model->calibration.widths ? score * factor_of(model, target, query->outputs[target]) : score;
}

/* Below which no target of a loss is. */
static double lowest_target(cmlp_loss loss)
{
    const int32_t targets = cmlpi_targets_of_loss(loss);
    return targets == CMLPI_NOT_NEGATIVE || targets == CMLPI_POSITIVE ? 0 : -INFINITY;
}

/* Of several quantiles, moves the ends to a frequent target that the first or the last quantile is near. */
static void reach_limits(const double frequent[4], double first, double last, double *low, double *high)
{
    const int is_near[2] = {first <= frequent[1], last >= frequent[3]};
    for (int k = 0; k < 2; k++) {
        if (is_near[k] && *low > frequent[2 * k]) *low = frequent[2 * k];
        if (is_near[k] && *high < frequent[2 * k]) *high = frequent[2 * k];
    }
}

/* An end of an interval, which is not beyond frequent targets. With too few scores it is infinite. */
static double within_limits(const double frequent[4], double end)
{
    if (!cmlpi_is_finite(end)) return end;
    if (end < frequent[0]) end = frequent[0];
    return end > frequent[2] ? frequent[2] : end;
}

/* Finds the ends of an interval from the outputs at which it begins and ends before the margin is added: docs/arithmetic.md,
 * "Ends of intervals". */
static void find_ends(const cmlp_model *model, int64_t target, double first, double last, double margin, double *lowest,
                      double *highest)
{
    double frequent[4] = {-INFINITY, -INFINITY, INFINITY, INFINITY}, low = first - margin, high = last + margin;
    if (model->calibration.limits) load_limits(model, target, frequent);
    if (model->net->n_quantiles)
        reach_limits(frequent, first, last, &low, &high);
    else {
        low = within_limits(frequent, low);
        high = within_limits(frequent, high);
    }
    if (low > high) low = high = (low + high) / 2;
    if (low < lowest_target(model->net->loss)) low = lowest_target(model->net->loss);
    *lowest = low;
    *highest = high;
}

cmlp_status cmlpi_find_interval(const cmlp_model *model, const cmlpi_query *query, double *low, double *high)
{
    const double first = query->outputs[query->target];
    const double last = model->net->n_quantiles ? query->outputs[query->n_outputs - 1] : first;
    if (isnan(first) || isnan(last)) return CMLP_ERROR_OPTION;
    find_ends(model, query->target, first, last, find_margin(model, query), low, high);
    return CMLP_OK;
}

/* ------------------------------------------------------------------------------------------------------ targets */

/* What a model with a calibration that this library knows has of it. */
static void describe_calibration(const cmlp_model *model, int64_t target, cmlp_table_target_info *info)
{
    int32_t calibration_kind[2];
    load_calibration_kind(model, calibration_kind);
    info->n_scores = model->calibration.n_scores;
    info->kind = calibration_kind[0];
    info->is_held_out = calibration_kind[1] == 1;
    if (model->calibration.limits) load_limits(model, target, info->limits);
}

static int64_t count_targets(const cmlp_model *model)
{
    if (!model->table) return 1;
    if (model->table->targets) return model->table->n_targets;
    return model->model_kind == CMLP_MODEL_MULTILABEL ? cmlpi_n_out(model->net) : 1;
}

CMLPI_CALL(cmlp_model_describe_target,
           (const cmlp_model *model, int64_t target, cmlp_table_target_info *info, cmlp_run *run),
           (model, target, info, &call.run))
{
    cmlp_table_target_info copy;
    cmlp_value name;
    cmlp_status status = cmlpi_check_model(model);
    if (status) return cmlpi_refuse(&run->refused, status, "model");
    if (target < 0 || target >= count_targets(model)) return cmlpi_refuse(&run->refused, CMLP_ERROR_INDEX, "target");
    status = CMLPI_READ(&copy, info, cmlp_table_target_info, is_held_out);
    if (status) return cmlpi_refuse(&run->refused, status, "info");
    const cmlp_table *table = model->table;
    copy = (cmlp_table_target_info){.struct_size = sizeof copy, .lowest = -INFINITY, .highest = INFINITY,
                                    .limits = {-INFINITY, -INFINITY, INFINITY, INFINITY}};
    copy.quantiles = cmlpi_quantiles(model->net);
    copy.n_quantiles = model->net->n_quantiles;
    if (cmlpi_name_of_target(model, target, &name)) {
        copy.name = name.text;
        copy.n_name = name.n_text;
    }
    if (table) {
        const cmlp_table_target *t = table->targets ? &table->targets[target] : NULL;
        copy.lowest = t ? t->low * t->scale + t->centre : 0;
        copy.highest = t ? t->high * t->scale + t->centre : 1;
        if (cmlpi_is_calibrated(model, 0)) describe_calibration(model, target, &copy);
    }
    cmlpi_write_struct(info, &copy, sizeof copy);
    return CMLP_OK;
}

/* --------------------------------------------------------------------------------------------------------- sets */

/* The label that the outputs of a row predict of ordered ones: the last that has, with those above it, more than half. */
static int64_t median_of(const double *probabilities, int64_t n)
{
    double sum = 0;
    int64_t k = n;
    while (k > 0 && !(sum > 0.5)) sum += probabilities[--k];
    return k;
}

/* The first score of a class, or of one after it, among those by class. */
static int64_t first_of_class(const cmlp_model *model, int64_t own_class)
{
    int64_t low = 0, high = model->calibration.n_of_classes;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (number_at(model, model->calibration.classes, middle) < (double)own_class)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The margin of outcome k of a query for a classifier: that of all rows, or of the rows with this outcome. */
static double margin_of_outcome(const cmlp_model *model, const cmlpi_query *query, double of_all_rows, int64_t k)
{
    if (!query->by_class) return of_all_rows;
    const int64_t own_class = 2 * query->target + k; /* only several labels have another target than 0 */
    const int64_t first = first_of_class(model, own_class), n = first_of_class(model, own_class + 1) - first;
    const int64_t rank = margin_rank(query->coverage, n);
    return rank > n ? INFINITY : number_at(model, model->calibration.classes, model->calibration.n_of_classes + first + rank - 1);
}

/* Adds the ordered labels from `first` up to the median, in steps of 1 or -1, if the probability of one of them or of one
 * before them is large enough. So a set has no gaps. */
static void add_towards_median(const cmlp_model *model, const cmlpi_query *query, const double *probabilities,
                               int64_t first, int64_t median, int64_t step, double margin, int32_t *is_in_set)
{
    double largest = -INFINITY;
    int is_inside = 0;
    for (int64_t k = first; k != median; k += step) {
        if (probabilities[k] > largest) largest = probabilities[k];
        if (1 - largest <= margin_of_outcome(model, query, margin, k)) is_inside = 1;
        is_in_set[k] = is_inside;
    }
    is_in_set[median] = 1;
}

/* Adds the classes whose probability is large enough, and the most probable one. */
static void add_classes(const cmlp_model *model, const cmlpi_query *query, const double *probabilities, int64_t n,
                        double margin, int32_t *is_in_set)
{
    int64_t most = 0;
    for (int64_t k = 0; k < n; k++) {
        if (probabilities[k] > probabilities[most]) most = k;
        is_in_set[k] = 1 - probabilities[k] <= margin_of_outcome(model, query, margin, k);
    }
    is_in_set[most] = 1;
}

static int is_yes_or_no(const cmlp_model *model, const cmlpi_query *query)
{
    return model->model_kind == CMLP_MODEL_MULTILABEL || query->n_outputs == 1;
}

cmlp_status cmlpi_find_set(const cmlp_model *model, const cmlpi_query *query, int32_t *is_in_set)
{
    const double *outputs = query->outputs;
    const int64_t n = is_yes_or_no(model, query) ? 2 : query->n_outputs;
    double outcomes[2];
    if (is_yes_or_no(model, query)) {
        outcomes[1] = outputs[query->target];
        outcomes[0] = 1 - outcomes[1];
        outputs = outcomes;
    }
    for (int64_t k = 0; k < n; k++)
        if (isnan(outputs[k])) return CMLP_ERROR_OPTION;
    const double margin = find_margin(model, query);
    if (model->model_kind == CMLP_MODEL_ORDERED) {
        const int64_t median = median_of(outputs, n);
        add_towards_median(model, query, outputs, 0, median, 1, margin, is_in_set);
        add_towards_median(model, query, outputs, n - 1, median, -1, margin, is_in_set);
    } else
        add_classes(model, query, outputs, n, margin, is_in_set);
    return CMLP_OK;
}
#endif
