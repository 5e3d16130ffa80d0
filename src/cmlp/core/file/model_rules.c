#include "model_rules.h"

#include <math.h>

#include "../kernels/losses.h"

int cmlpi_fits_kind(cmlp_model_kind model_kind, const cmlpi_model_outputs *outputs)
{
    const int is_of_classes = cmlpi_targets_of_loss(outputs->loss) == CMLPI_PROBABILITY;
    const int is_logistic = outputs->activation == CMLP_ACTIVATION_LOGISTIC;
    const int64_t n = outputs->n, n_labels = outputs->n_labels;
    if (model_kind == CMLP_MODEL_NETWORK) return !outputs->is_table;
    if (outputs->is_table && outputs->has_targets != (model_kind == CMLP_MODEL_REGRESSOR)) return 0;
    if (model_kind == CMLP_MODEL_REGRESSOR) return !is_of_classes && !n_labels;
    if (!is_of_classes && outputs->loss != CMLP_LOSS_SQUARED_ERROR) return 0;
    if (!n_labels && !outputs->is_table) return 0;
    switch (model_kind) {
    case CMLP_MODEL_CLASSIFIER:
        if (!is_logistic && outputs->activation != CMLP_ACTIVATION_SOFTMAX) return 0;
        if (n_labels == 2 && n == 1) return 1;
        if (n_labels == 2 && is_logistic && !outputs->is_table) return 0; /* of a network, two labels have one such output */
        return n_labels <= n;
    case CMLP_MODEL_MULTILABEL: return is_logistic && n > 1 && n_labels <= n;
    case CMLP_MODEL_ORDERED: return is_logistic && outputs->is_table && n_labels == n + 1 && n < CMLPI_MAX_RANKS;
    default: return 0;
    }
}

#if CMLPI_CHECKS_VALUES
/* Whether a label is the number of its output. */
static int is_number_of(const cmlp_value *label, int64_t output)
{
    const cmlp_value number = {.integer = output, .kind = CMLP_VALUE_INTEGER};
    return !cmlpi_compare_values(label, &number);
}

static int is_in_place(const cmlpi_labels *labels, const cmlp_value *label, int64_t i)
{
    const int is_ordered = labels->model_kind == CMLP_MODEL_ORDERED;
    for (int64_t k = is_ordered || !i ? 0 : i - 1; k < i; k++) {
        const cmlp_value before = labels->at(labels->list, k);
        const int order = cmlpi_compare_values(&before, label);
        if (is_ordered ? order == 0 : order >= 0) return 0;
    }
    return 1;
}

int cmlpi_is_label(const cmlpi_labels *labels, int64_t i)
{
    char buffer[CMLPI_PRINTED];
    const cmlp_value label = labels->at(labels->list, i), printed = cmlpi_with_text(&label, buffer);
    if (label.kind != labels->at(labels->list, 0).kind || label.kind == CMLP_VALUE_MISSING) return 0;
    if (label.kind != CMLP_VALUE_TEXT && !printed.n_text) return 0;
    if (!cmlpi_has_text(&label, &printed)) return 0;
    if (labels->model_kind == CMLP_MODEL_MULTILABEL && !is_number_of(&label, i)) return 0;
    return is_in_place(labels, &label, i);
}

int cmlpi_is_cell_form(int32_t decimal, int32_t thousands)
{
    if ((decimal != '.' && decimal != ',') || decimal == thousands) return 0;
    return !thousands || thousands == ',' || thousands == '.' || thousands == ' ' || thousands == '\'';
}
#endif

#if CMLP_BUILD_TABLES
cmlp_table_column_kind cmlpi_default_kind(cmlp_table_role role, int64_t n)
{
    if (!n) return CMLP_TABLE_COLUMN_NUMBER;
    return role == CMLP_TABLE_ROLE_NUMBER ? CMLP_TABLE_COLUMN_ORDERED : CMLP_TABLE_COLUMN_CATEGORY;
}

int cmlpi_is_date_kind(cmlp_table_column_kind column_kind)
{
    return column_kind == CMLP_TABLE_COLUMN_DATE || column_kind == CMLP_TABLE_COLUMN_TIME ||
           column_kind == CMLP_TABLE_COLUMN_INSTANT;
}

/* Whether the missing numbers of a column are the last of n ranks, and not all. */
static int are_last_ranks(const cmlp_table_column *column, int64_t n)
{
    const int64_t first = n - column->n_missing_values;
    for (int32_t k = 0; k < column->n_missing_values; k++)
        if (column->edges[column->n_edges + k] != (double)(first + k)) return 0;
    return first > 0;
}

int cmlpi_allows_kind(const cmlp_table_column *column, cmlp_table_column_kind column_kind, int64_t n)
{
    if (column_kind < CMLP_TABLE_COLUMN_NUMBER || column_kind > CMLP_TABLE_COLUMN_ORDERED) return 0;
    if (column->role == CMLP_TABLE_ROLE_CATEGORY)
        return column_kind != CMLP_TABLE_COLUMN_ORDERED && n == cmlpi_listed_values(column);
    if (column->role == CMLP_TABLE_ROLE_NUMBER && column_kind == CMLP_TABLE_COLUMN_ORDERED) return are_last_ranks(column, n);
    if (column_kind == CMLP_TABLE_COLUMN_ORDERED) return n > 0;
    if (column->role == CMLP_TABLE_ROLE_NUMBER) return !n && column_kind != CMLP_TABLE_COLUMN_CATEGORY;
    return !n || column_kind == CMLP_TABLE_COLUMN_CATEGORY;
}

int cmlpi_are_scores(const cmlpi_numbers *scores, int64_t n_targets, int64_t n_scores)
{
    double before = -INFINITY;
    for (int64_t i = 0; i < n_targets * n_scores; i++) {
        const double score = scores->at(scores->list, i);
        if (i % n_scores == 0) before = -INFINITY;
        if (!(score >= before)) return 0;
        before = score;
    }
    return 1;
}

int cmlpi_are_widths(const cmlpi_numbers *widths, int64_t n_targets, int64_t n_knots)
{
    double before = 0;
    for (int64_t i = 0; i < 2 * n_targets * n_knots; i++) {
        const double number = widths->at(widths->list, i);
        const int is_factor = i / n_knots % 2 == 1;
        const double step = number - (i % n_knots ? before : number); /* NaN for a first prediction that is not finite */
        if (is_factor ? !(number > 0 && number < INFINITY) : !(step >= 0 && step < INFINITY)) return 0;
        before = number;
    }
    return 1;
}

int cmlpi_are_limits(const cmlpi_numbers *limits, int64_t n_targets)
{
    for (int64_t i = 0; i < n_targets; i++) {
        double four[4];
        for (int k = 0; k < 4; k++) four[k] = limits->at(limits->list, 4 * i + k);
        if (!(four[0] <= four[1] && four[3] <= four[2])) return 0;
    }
    return 1;
}

int cmlpi_are_classes(const cmlpi_numbers *classes, int64_t n, int64_t n_classes)
{
    double class_before = -1, before = 0;
    for (int64_t i = 0; i < n; i++) {
        const double own_class = classes->at(classes->list, i), score = classes->at(classes->list, n + i);
        if (own_class > class_before) before = -INFINITY;
        if (!(own_class >= class_before && own_class >= 0 && own_class < (double)n_classes)) return 0;
        if (own_class != (double)(int64_t)own_class || !(score >= before)) return 0;
        class_before = own_class;
        before = score;
    }
    return 1;
}

int cmlpi_is_calibration_kind(int32_t calibration_kind)
{
    return calibration_kind >= CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR && calibration_kind <= CMLP_TABLE_CALIBRATION_PROBABILITY;
}

int cmlpi_fits_scores(int32_t calibration_kind, int has_widths, int has_limits)
{
    return has_widths == (calibration_kind == CMLP_TABLE_CALIBRATION_SCALED_ERROR) &&
           (!has_limits || calibration_kind != CMLP_TABLE_CALIBRATION_PROBABILITY);
}
#endif
