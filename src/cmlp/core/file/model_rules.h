/* The rules of what a model file holds. The writer checks by them what a program passes, and the reader what is in a file.
 * Each reports a breach by its own status: of the argument, or of the file. docs/model-file.md explains the rules.
 *
 * | what | rule | writer | reader |
 * | --- | --- | --- | --- |
 * | names of keys and tensors | cmlpi_is_name_byte, cmlpi_is_fixed_key | model_content.c | model_cursor.h, model_head.c |
 * | kind of the model | cmlpi_fits_kind | model_write_values.c | model_head.c |
 * | values | cmlpi_check_value (values.h): labels, categories, names | model_write_values.c | values.c |
 * | labels | cmlpi_is_label | model_write_values.c | model_values.c |
 * | kinds of columns, dates | cmlpi_allows_kind, cmlpi_is_date_kind | model_write_values.c | model_values.c |
 * | form of cells | cmlpi_is_cell_form | model_write_values.c | model_values.c |
 * | threshold | cmlpi_allows_threshold | model_write_table.c | model_head.c |
 * | shapes of a calibration | cmlpi_holds_scores, _widths, _limits | model_content.c | model_head.c |
 * | numbers of a calibration | cmlpi_are_scores, _widths, _limits | model_content.c | model_margin.c |
 * | parts of a calibration | cmlpi_fits_scores | model_write_table.c | model_margin.c |
 * | columns, targets | cmlpi_check_columns and others (../table/) | model_write_table.c | model_table.c |
 */
#ifndef CMLPI_MODEL_RULES_H
#define CMLPI_MODEL_RULES_H

#include "values.h"

/* The most ordered labels of a table. */
enum { CMLPI_MAX_RANKS = 256 };

/* What decides of which kinds a model can be. */
typedef struct cmlpi_model_outputs {
    int is_table, has_targets; /* whether a table has targets */
    cmlp_loss loss;
    int32_t activation;
    int64_t n, n_labels;
} cmlpi_model_outputs;

/* Whether a model with these outputs can be of a kind. docs/model-file.md has the rules. */
int cmlpi_fits_kind(cmlp_model_kind model_kind, const cmlpi_model_outputs *outputs);

#if CMLPI_CHECKS_VALUES
/* Labels of a program or of a file, and the kind of their model. */
typedef struct cmlpi_labels {
    cmlp_value (*at)(const void *list, int64_t i);
    const void *list;
    cmlp_model_kind model_kind;
} cmlpi_labels;

/* Whether label i has the kind of the first one, and the text that Python prints of it, or none. Labels ascend, unless they
 * are ordered: then no two are equal. If a row can have several, they are the numbers of the outputs. */
int cmlpi_is_label(const cmlpi_labels *labels, int64_t i);
#endif

/* The kind of a column with n categories that has none in a program or a file. */
cmlp_table_column_kind cmlpi_default_kind(cmlp_table_role role, int64_t n);

/* Whether a column of this kind holds dates. */
int cmlpi_is_date_kind(cmlp_table_column_kind column_kind);

/* The number of values that a file lists of a column: its categories, and what means a missing one. */
static inline int64_t cmlpi_listed_values(const cmlp_table_column *column)
{
    return column->n_categories + (column->role == CMLP_TABLE_ROLE_CATEGORY ? column->n_missing_values : 0);
}

/* Whether a column with n values in its list can be of a kind. What means a missing value among ordered categories is behind
 * them in the list: the column's missing numbers are those ranks. */
int cmlpi_allows_kind(const cmlp_table_column *column, cmlp_table_column_kind column_kind, int64_t n);

/* Whether cells can have this decimal point and this separator of thousands, or 0. */
int cmlpi_is_cell_form(int32_t decimal, int32_t thousands);

/* The bits of the third byte of "cells.form": fields of cmlp_cell_format that are 1. */
enum { CMLPI_OWN_WORDS = 1, CMLPI_OF_SPREADSHEETS = 2 };

/* Whether the table of networks with these outputs can have a threshold: that for the probability of two classes. */
static inline int cmlpi_allows_threshold(int64_t n_outputs, int32_t activation, int has_targets)
{
    return n_outputs == 1 && activation == CMLP_ACTIVATION_LOGISTIC && !has_targets;
}

/* Whether a tensor or an array can hold the scores of a calibration: a row for each target. 0 columns mean one dimension. */
static inline int cmlpi_holds_scores(int32_t dtype, int64_t rows, int64_t columns, int64_t n_targets)
{
    return dtype == CMLP_FLOAT64 && columns && rows == n_targets;
}

/* Whether they can hold its widths: two rows for each row of scores. Without scores there are none. */
static inline int cmlpi_holds_widths(int32_t dtype, int64_t rows, int64_t columns, int64_t n_targets)
{
    return dtype == CMLP_FLOAT64 && columns && rows == 2 * n_targets;
}

/* Whether they can hold its limits of frequent targets. */
static inline int cmlpi_holds_limits(int32_t dtype, int64_t rows, int64_t columns, int64_t n_targets)
{
    return dtype == CMLP_FLOAT64 && rows == 2 * n_targets && columns == 2;
}

/* Whether they can hold its scores by class: a row of classes and one of scores. */
static inline int cmlpi_holds_classes(int32_t dtype, int64_t rows, int64_t columns)
{
    return dtype == CMLP_FLOAT64 && rows == 2 && columns;
}

#if CMLP_BUILD_TABLES
/* Numbers of a program or of a file. */
typedef struct cmlpi_numbers {
    double (*at)(const void *list, int64_t i);
    const void *list;
} cmlpi_numbers;

/* Whether the scores of each target ascend. */
int cmlpi_are_scores(const cmlpi_numbers *scores, int64_t n_targets, int64_t n_scores);

/* Whether the predictions of each target are finite and do not fall, and their factors are finite and above 0. */
int cmlpi_are_widths(const cmlpi_numbers *widths, int64_t n_targets, int64_t n_knots);

/* Whether four numbers of each target can be these limits: each number near a limit is not outside of it. */
int cmlpi_are_limits(const cmlpi_numbers *limits, int64_t n_targets);

/* Whether n classes below n_classes do not fall, and the n scores behind them, of each class, do not either. */
int cmlpi_are_classes(const cmlpi_numbers *classes, int64_t n, int64_t n_classes);

/* Whether this library knows a kind of scores. Another version can have more. */
int cmlpi_is_calibration_kind(int32_t calibration_kind);

/* Whether scores of a kind have widths if and only if they need them, and no limits unless they are those of numbers. */
int cmlpi_fits_scores(int32_t calibration_kind, int has_widths, int has_limits);
#endif

#endif
