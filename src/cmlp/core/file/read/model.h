/* The model struct, and functions that the sources of model files share. */
#ifndef CMLPI_MODEL_H
#define CMLPI_MODEL_H

#include "../../table/cells.h"
#include "../model_rules.h"
#include "model_table.h"

#define CMLPI_MODEL_MAGIC CMLPI_MAGIC(0x646d63, cmlp_model)

struct cmlp_model {
    uint64_t magic;
    const unsigned char *file;
    const void *params; /* in the file's bytes, or after this struct if their bytes had to be swapped */
    double input_scale;
    const double *shifts, *factors; /* after this struct; NULL: the input scale is used */
    cmlpi_stored_calibration calibration;
#if CMLPI_EXPLAINS_TABLES
    cmlpi_stored_background background;
#endif
#if CMLP_BUILD_TABLES
    int has_summary;
    size_t row_size; /* workspace of the prediction of one row */
#endif
    uint64_t seen; /* offset in the file: of each column the number of categories in training, then their rare share; or 0 */
    const cmlp_table *table;        /* after this struct; NULL: the model is one network */
    const cmlp_net *net;            /* after this struct; of a table: one with the most inputs */
    cmlpi_stored_values values; /* where labels, names and categories are */
    cmlpi_value_range *ranges; /* after this struct: of the categories of each column; or NULL */
    int is_cumulative; /* one output fewer than labels: each is the probability of the labels above one of them, and the
                        * caller receives the probabilities of all labels */
    cmlp_model_kind model_kind;
};

/* Whether the model is a table: see CMLPI_IS_TABLE_HEAD. */
#define CMLPI_IS_TABLE_MODEL(model) (CMLP_BUILD_TABLES && (model)->table)

/* The values of a row: the columns of a table, or the inputs of a network. */
static inline int64_t cmlpi_columns_of(const cmlp_model *model)
{
    return CMLPI_IS_TABLE_MODEL(model) ? model->table->n_columns : cmlpi_n_in(model->net);
}

/* Returns CMLP_OK, or the status for a model that is NULL or not initialized. */
static inline cmlp_status cmlpi_check_model(const cmlp_model *model)
{
    if (!model) return CMLP_ERROR_NULL;
    return cmlpi_misaligned(model, CMLPI_ALIGNMENT) || model->magic != CMLPI_MODEL_MAGIC ? CMLP_ERROR_MODEL : CMLP_OK;
}

/* The inputs of the network for a row of its width: the row itself, or a copy that is scaled as the model's inputs. */
const void *cmlpi_model_inputs(const cmlp_model *model, const void *row, cmlp_dtype dtype, void *copy);

/* Reads the caller's rows, which have no scale: the model's is used. */
cmlp_status cmlpi_read_model_rows(const cmlp_model *model, const cmlp_rows *given, cmlp_rows *rows, cmlp_run *run);

#if CMLPI_EXPLAINS_TABLES
/* Predicts the n rows of a microbatch of a table, which are encoded in `scratch`, or makes predictions of the sums of the
 * networks' outputs for n rows: (n, n_out of the model). */
cmlp_status cmlpi_predict_encoded(const cmlp_model *model, int64_t n, double *outputs, const cmlpi_table_scratch *scratch);
void cmlpi_combine_outputs(const cmlp_model *model, int64_t n, double *outputs);
#endif

/* Divides memory for the prediction of one row of a network, or of a table if n_columns is not 0, and returns its size in
 * *size. */
cmlp_status cmlpi_lay_out_prediction(const cmlp_net *net, int64_t n_columns, void *memory, size_t *size,
                                     cmlpi_table_scratch *scratch);

/* Divides the workspace of a run likewise. Returns an error if it is NULL or too small. */
cmlp_status cmlpi_take_model_workspace(const cmlp_net *net, int64_t n_columns, cmlp_run *run, cmlpi_table_scratch *scratch);

/* Checks labels, names and categories, and finds those of each column. Returns a status of a file; *refused becomes the name
 * of what it is about. */
cmlp_status cmlpi_check_stored_values(cmlp_model *model, const char **refused);

#if CMLP_BUILD_TABLES
/* How the cells of text of a model are read. */
typedef struct cmlpi_cell_rules {
    cmlpi_cell_format format;
    int has_own_words;        /* whether no words but these and the empty text mean a missing value: */
    cmlpi_value_list missing;
    cmlpi_value_list categories; /* of all columns */
} cmlpi_cell_rules;
void cmlpi_find_cell_rules(const cmlp_model *model, cmlpi_cell_rules *rules);

cmlp_table_column_kind cmlpi_kind_of_column(const cmlp_model *model, int64_t column);

/* The name of a target. Returns 0 if the file has no names of targets. */
int cmlpi_name_of_target(const cmlp_model *model, int64_t target, cmlp_value *name);

/* The form of the dates of a column, in its text; without one the text is empty. */
cmlp_value cmlpi_format_of_column(const cmlp_model *model, int64_t column);

/* The number for a row of the value at index `found` in the list of a column with categories; -1: the list has no such value. */
double cmlpi_code_of(const cmlp_model *model, int64_t column, int64_t found);
#endif

#if CMLP_BUILD_TABLES
/* Notes the code of the missing category in each of the model's columns: NaN in a row has it. */
void cmlpi_note_missing_categories(const cmlp_model *model, cmlp_table_column *columns);

/* What a cell of a row is, and its number for the row. */
typedef struct cmlpi_found {
    double number;
    cmlp_cell_state state; /* but CMLP_CELL_ABOVE and CMLP_CELL_BELOW */
} cmlpi_found;

/* Reads a text, or finds the number of a value. Arguments are checked. Returns CELL, or the errors of a value. */
cmlp_status cmlpi_read_cell(const cmlp_model *model, const cmlpi_cell_rules *rules, int64_t column, const cmlp_value *text,
                            cmlpi_found *found);
cmlp_status cmlpi_find_code(const cmlp_model *model, int64_t column, const cmlp_value *value, double *code);

/* The number of categories of a column that a row can have a code of. */
int64_t cmlpi_n_categories(const cmlp_model *model, int64_t column);

/* Returns 0 if the file has no names of columns. */
int cmlpi_name_of_column(const cmlp_model *model, int64_t column, cmlp_value *name);

/* The labels of the file, and one of them. */
int64_t cmlpi_n_labels(const cmlp_model *model);
cmlp_value cmlpi_label_at(const cmlp_model *model, int64_t class_index);

/* For which interval or set of a row an answer asks: its outputs as cmlp_model_predict writes them, and a target or, of several
 * labels in a row, a label. */
typedef struct cmlpi_query {
    const double *outputs;
    int64_t n_outputs, target;
    double coverage;
    int32_t by_class;
} cmlpi_query;

/* The parts of an answer. Models, rows and options are checked, and each is computed in the core's floating-point mode.
 * Predictions report as cmlp_model_predict; an interval or a set of outputs that are NaN returns OPTION. */
cmlp_status cmlpi_measure_model(const cmlp_model *model, const cmlp_rows *rows, size_t *bytes, cmlp_run *run);
cmlp_status cmlpi_predict_model(const cmlp_model *model, const cmlp_rows *rows, const cmlp_prediction *prediction,
                                cmlp_run *run);
int cmlpi_is_calibrated(const cmlp_model *model, int by_class);
cmlp_status cmlpi_find_interval(const cmlp_model *model, const cmlpi_query *query, double *low, double *high);
cmlp_status cmlpi_find_set(const cmlp_model *model, const cmlpi_query *query, int32_t *is_in_set);
void cmlpi_find_outside(const cmlp_model *model, const double *row, double *distances);
#if CMLPI_EXPLAINS_TABLES
cmlp_status cmlpi_measure_reasons(const cmlp_model *model, const cmlp_answer *answer, size_t *bytes, cmlp_run *run);
cmlp_status cmlpi_find_reasons(const cmlp_model *model, const cmlp_answer *answer, const double *rows, int64_t n, cmlp_run *run);
#endif
#endif

/* Returns OPTION if a score of the calibration is NaN or below the one before it, or its widths break a rule. */
cmlp_status cmlpi_check_scores(const cmlp_model *model);

#endif
