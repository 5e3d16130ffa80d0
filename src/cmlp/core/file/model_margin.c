/* The calibration in the model of a table: how far intervals reach beyond predictions, and where they end. */
#include <math.h>

#include "../base/arguments.h"
#include "../base/invariant.h"
#include "../kernels/losses.h"
#include "model.h"
#include "model_head.h"

#if CMLP_BUILDS_TABLES
static double number_at(const cmlp_model *model, uint64_t offset, int64_t i)
{
    double number;
    cmlp_load(&number, model->file + offset + (uint64_t)i * sizeof number, 1, sizeof number);
    return number;
}

static double score_at(const cmlp_model *model, int64_t i) { return number_at(model, model->scores, i); }

/* The prediction of a knot of an answer, and its factor. */
static double knot_at(const cmlp_model *model, int64_t answer, int64_t i)
{
    return number_at(model, model->widths, 2 * answer * model->n_knots + i);
}

static double factor_at(const cmlp_model *model, int64_t answer, int64_t i)
{
    return number_at(model, model->widths, (2 * answer + 1) * model->n_knots + i);
}

/* The frequent ends of the targets: the lowest one, a number near it, the highest one, a number near it. */
static void load_ends(const cmlp_model *model, double ends[4])
{
    for (int64_t i = 0; i < 4; i++) ends[i] = number_at(model, model->ends, i);
}

static cmlp_status check_widths(const cmlp_model *model)
{
    const int64_t n = model->n_knots;
    for (int64_t i = 0; i < n * model->n_score_rows; i++) {
        const int64_t answer = i / n, k = i % n;
        const double knot = knot_at(model, answer, k), before = k ? knot_at(model, answer, k - 1) : knot;
        if (!cmlp_is_width(knot, before, 0) || !cmlp_is_width(factor_at(model, answer, k), 0, 1))
            return CMLP_ERROR_OPTION;
    }
    return CMLP_OK;
}

/* Loads the kind of the scores and of their rows; zeros if the file does not tell. */
static void load_kind(const cmlp_model *model, int32_t kind[2])
{
    kind[0] = kind[1] = 0;
    if (!model->values.n[CMLP_CALIBRATION_KIND]) return;
    cmlp_load(kind, model->file + model->values.starts[CMLP_CALIBRATION_KIND], 2, sizeof *kind);
}

/* Whether this library knows a kind of scores. Another version can have more. */
static int is_kind(int32_t kind) { return kind >= CMLP_TABLE_ABSOLUTE_ERROR && kind <= CMLP_TABLE_PROBABILITY; }

cmlp_status cmlp_check_scores(const cmlp_model *model)
{
    double last = -INFINITY;
    int32_t kind[2];
    load_kind(model, kind);
    if (is_kind(kind[0]) && kind[1] != 1 && kind[1] != 2) return CMLP_ERROR_OPTION; /* rows held out, of calibration */
    for (int64_t i = 0; i < model->n_scores * model->n_score_rows; i++) {
        const double score = score_at(model, i);
        if (i % model->n_scores == 0) last = -INFINITY;
        if (!(score >= last)) return CMLP_ERROR_OPTION;
        last = score;
    }
    double ends[4] = {0};
    if (model->ends) load_ends(model, ends);
    return cmlp_are_ends(ends) ? check_widths(model) : CMLP_ERROR_OPTION;
}

/* Whether the file has a kind of score that this library knows, has widths if and only if this kind needs them, and no
 * ends that this kind does not use. */
static int is_known(const cmlp_model *model)
{
    int32_t kind[2];
    load_kind(model, kind);
    if (!is_kind(kind[0]) || (kind[0] == CMLP_TABLE_SCALED_ERROR) != !!model->widths) return 0;
    return kind[0] == CMLP_TABLE_QUANTILES || !model->ends;
}

/* By which factor intervals are wider than usual where the output is `value`: docs/arithmetic.md, "Widths of intervals". */
static double factor_of(const cmlp_model *model, int64_t answer, double value)
{
    const int64_t last = model->n_knots - 1;
    int64_t i = 0;
    if (value < knot_at(model, answer, 0)) value = knot_at(model, answer, 0);
    while (i < last && knot_at(model, answer, i + 1) <= value)
        CMLP_LOOP(i >= 0 && i <= last, last - i, i)
        i++;
    if (i == last) return factor_at(model, answer, last);
    const double knot = knot_at(model, answer, i), factor = factor_at(model, answer, i);
    const double share = (value - knot) / (knot_at(model, answer, i + 1) - knot);
    return factor + share * (factor_at(model, answer, i + 1) - factor);
}

static cmlp_status find_margin(const cmlp_model *model, int64_t target, double coverage, const double *outputs,
                               int64_t n_outputs, double *margin)
{
    const cmlp_status status = cmlp_check_model(model);
    if (status) return status;
    if (!margin) return CMLP_ERROR_NULL;
    if (n_outputs != (outputs ? cmlp_n_out(model->net) + model->is_cumulative : 0)) return CMLP_ERROR_WIDTH;
    if (cmlp_misaligned(outputs, sizeof(double))) return CMLP_ERROR_ALIGNMENT;
    if (target < 0 || !(coverage > 0 && coverage < 1)) return CMLP_ERROR_OPTION;
    if (target && target >= model->n_score_rows) return CMLP_ERROR_OPTION;
    if (!model->n_scores || !is_known(model)) return CMLP_ERROR_FILE_KEY;
    if (model->widths && !outputs) return CMLP_ERROR_NULL;
    if (model->widths && isnan(outputs[target])) return CMLP_ERROR_OPTION;
    const double place = coverage * (double)(model->n_scores + 1) - 1e-9; /* rounding must not add a rank */
    int64_t rank = (int64_t)place;
    if (rank < 1 || (double)rank < place) rank++;
    const double score = rank > model->n_scores ? INFINITY : score_at(model, target * model->n_scores + rank - 1);
    *margin = model->widths ? score * factor_of(model, target, outputs[target]) : score;
    return CMLP_OK;
}

cmlp_status cmlp_table_margin(const cmlp_model *model, int64_t target, double coverage, const double *outputs,
                              int64_t n_outputs, double *margin)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    const cmlp_status status = find_margin(model, target, coverage, outputs, n_outputs, margin);
    cmlp_leave_mode(mode);
    return status;
}

/* Below which no target of a loss is. */
static double lowest_target(cmlp_loss loss)
{
    const int32_t targets = cmlp_targets_of_loss(loss);
    return targets == CMLP_NOT_NEGATIVE || targets == CMLP_POSITIVE ? 0 : -INFINITY;
}

/* Finds the ends of an interval from the outputs at which it begins and ends before the margin is added: docs/arithmetic.md,
 * "Ends of intervals". */
static void find_ends(const cmlp_model *model, double first, double last, double margin, double ends[2])
{
    double frequent[4] = {-INFINITY, -INFINITY, INFINITY, INFINITY}, low = first - margin, high = last + margin;
    if (model->ends) load_ends(model, frequent);
    const int is_near[2] = {first <= frequent[1], last >= frequent[3]};
    for (int k = 0; k < 2; k++) {
        if (is_near[k] && low > frequent[2 * k]) low = frequent[2 * k];
        if (is_near[k] && high < frequent[2 * k]) high = frequent[2 * k];
    }
    if (low > high) low = high = (low + high) / 2;
    if (low < lowest_target(model->net->loss)) low = lowest_target(model->net->loss);
    ends[0] = low;
    ends[1] = high;
}

cmlp_status cmlp_table_interval(const cmlp_model *model, int64_t target, double coverage, const double *outputs,
                                int64_t n_outputs, double ends[2])
{
    double margin;
    const cmlp_float_mode mode = cmlp_enter_mode();
    cmlp_status status = find_margin(model, target, coverage, outputs, n_outputs, &margin);
    if (!status && (!outputs || !ends)) status = CMLP_ERROR_NULL;
    if (!status && !model->table->target) status = CMLP_ERROR_FILE_KEY;
    if (!status) {
        const int64_t last = model->net->n_quantiles ? n_outputs - 1 : target;
        if (isnan(outputs[target]) || isnan(outputs[last])) status = CMLP_ERROR_OPTION;
        else find_ends(model, outputs[target], outputs[last], margin, ends);
    }
    cmlp_leave_mode(mode);
    return status;
}
#endif
