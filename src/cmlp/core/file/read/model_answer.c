/* Everything that a model says of rows of cells or numbers, in one call. */
#include <math.h>

#include "../../../../../include/cmlp_explain.h"
#include "../../base/arguments.h"
#include "../../table/encode_row.h"
#include "model.h"

#if CMLP_BUILD_TABLES
#define CELLS "rows->data"
#define NAMES "rows->names"

/* One call. What follows `n_set` is in the workspace or belongs to the caller. */
typedef struct answer_job {
    const cmlp_model *model;
    cmlp_answer wanted;
    cmlp_rows rows;      /* the caller's */
    int64_t n, n_in, n_out, n_ends, n_set;
    int is_cells, is_wide; /* whether the outputs of the model are doubles */
    int is_sorted;       /* whether `order` is */
    int64_t *places;     /* with names: the cell of each column of the model */
    cmlp_value *names;   /* with names: those of the model */
    int32_t *order;      /* with names: that of the names */
    double *numbers;     /* (n, n_in): of cells, and of dense rows of which more than a prediction is wanted */
    void *outputs;       /* (n, n_out), of the model's type */
    int32_t *class_indices;
    void *rest;          /* the workspace of the prediction and of the reasons */
    size_t rest_size;
    cmlp_run *run;
} answer_job;

/* ---------------------------------------------------------------------------------------------------- reading */

static int64_t index_of(const answer_job *job, int64_t i) { return cmlpi_selected_row(&job->rows, i); }

static const cmlp_value *cell_at(const cmlp_rows *rows, int64_t row, int64_t place)
{
    return (const cmlp_value *)(const void *)((const char *)rows->data + row * rows->row_stride + place * rows->column_stride);
}

/* Whether a text can be read. */
static int is_text(const cmlp_value *value) { return value->n_text >= 0 && (!value->n_text || value->text); }

/* An order of names in which most differ by their lengths. */
static int order_names(const cmlp_value *a, const cmlp_value *b)
{
    if (a->n_text != b->n_text) return a->n_text < b->n_text ? -1 : 1;
    return a->n_text ? memcmp(a->text, b->text, (size_t)a->n_text) : 0;
}

static void sort_names(answer_job *job)
{
    for (int64_t j = 0; j < job->n_in; j++) cmlpi_name_of_column(job->model, j, &job->names[j]);
    cmlpi_sort_values(job->names, job->n_in, order_names, job->order);
    job->is_sorted = 1;
}

/* The column of the model with this name, or -1. It may be the column `next`: names in the order of the columns need no search. */
static int64_t find_column(answer_job *job, const cmlp_value *name, int64_t next)
{
    if (next < job->n_in) {
        if (!job->is_sorted) cmlpi_name_of_column(job->model, next, &job->names[next]);
        if (!order_names(&job->names[next], name)) return next;
    }
    if (!job->is_sorted) sort_names(job);
    int64_t low = 0, high = job->n_in;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const int order = order_names(&job->names[job->order[middle]], name);
        if (!order) return job->order[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* Finds the cell of each column. */
static cmlp_status place_names(answer_job *job)
{
    cmlp_run *run = job->run;
    cmlp_value own;
    if (!cmlpi_name_of_column(job->model, 0, &own)) return cmlpi_refuse(&run->refused, CMLP_ERROR_NOT_FOUND, NAMES);
    for (int64_t j = 0; j < job->n_in; j++) job->places[j] = -1;
    for (int64_t p = 0, j = -1; p < job->rows.n_columns; p++) {
        const cmlp_value *name = &job->rows.names[p];
        if (name->kind != CMLP_VALUE_TEXT || !is_text(name)) return cmlpi_refuse_element(run, CMLP_ERROR_OPTION, NAMES, p);
        j = find_column(job, name, j + 1);
        if (j < 0 || job->places[j] >= 0) return cmlpi_refuse_element(run, CMLP_ERROR_COLUMNS, NAMES, p);
        job->places[j] = p;
    }
    for (int64_t j = 0; j < job->n_in; j++)
        if (job->places[j] < 0) {
            run->bad_column = j;
            return cmlpi_refuse(&run->refused, CMLP_ERROR_COLUMNS, NAMES);
        }
    return CMLP_OK;
}

/* Checks what rows of cells alone have. */
static cmlp_status check_cells(const answer_job *job)
{
    const cmlp_rows *rows = &job->rows;
    const char **const refused = &job->run->refused;
    const int64_t size = CMLPI_ALIGNOF(cmlp_value);
    if (rows->dtype || rows->index_dtype) return cmlpi_refuse(refused, CMLP_ERROR_DTYPE, "rows->dtype");
    if (rows->indptr || rows->indices || rows->n_values) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->indices");
    if (rows->shifts || rows->factors || (rows->scale != 0 && rows->scale != 1))
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "rows->scale");
    if (rows->reserved) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "rows->reserved");
    if (!rows->order && rows->n_order) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->n_order");
    if (rows->n_names != (rows->names ? rows->n_columns : 0)) return cmlpi_refuse(refused, CMLP_ERROR_LENGTH, NAMES);
    if (!rows->names && rows->n_columns != job->n_in) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->n_columns");
    if (cmlpi_misaligned(rows->names, (size_t)size)) return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, NAMES);
    if (!rows->data && job->n && rows->n_columns) return cmlpi_refuse(refused, CMLP_ERROR_NULL, CELLS);
    if (cmlpi_misaligned(rows->data, (size_t)size) || rows->row_stride % size || rows->column_stride % size)
        return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, CELLS);
    if (cmlpi_misaligned(rows->order, sizeof *rows->order)) return cmlpi_refuse(refused, CMLP_ERROR_ALIGNMENT, "rows->order");
    for (int64_t i = 0; rows->order && i < job->n; i++)
        if (rows->order[i] < 0 || rows->order[i] >= rows->n_rows)
            return cmlpi_refuse_element(job->run, CMLP_ERROR_ORDER, "rows->order", i);
    return CMLP_OK;
}

static cmlp_status check_answer(const void *array, int64_t length, int64_t n, int64_t width, size_t size, const char *name,
                               cmlp_run *run)
{
    if (!array && !length) return CMLP_OK;
    if (!width) return cmlpi_refuse(&run->refused, length ? CMLP_ERROR_MODEL_KIND : CMLP_ERROR_LENGTH, name);
    return cmlpi_check_wanted(array, length, n, width, size, name, run);
}

static cmlp_status check_answers(const answer_job *job)
{
    const cmlp_answer *a = &job->wanted;
    const int64_t n = job->n, of_table = job->model->table ? job->n_in : 0, of_reasons = of_table * job->n_out;
    cmlp_run *run = job->run;
    cmlp_status status = check_answer(a->labels, a->n_labels, n, 1, sizeof(double), "answer->labels", run);
#define CHECK(field, rows, width) \
    if (!status) status = check_answer(a->field, a->n_##field, rows, width, sizeof *a->field, "answer->" #field, run)
    CHECK(class_indices, n, 1);
    CHECK(outputs, n, job->n_out);
    CHECK(intervals, n, job->n_ends);
    CHECK(sets, n, job->n_set);
    CHECK(outside, n, of_table);
    CHECK(states, n, of_table);
    CHECK(numbers, n, job->n_in);
    CHECK(reasons, n, of_reasons);
    CHECK(reason_errors, n, of_reasons);
    CHECK(base_values, 1, job->n_out);
#undef CHECK
    return status;
}

/* Checks the options, and that the file has what they ask for. */
static cmlp_status check_options(const answer_job *job)
{
    const cmlp_answer *a = &job->wanted;
    const char **const refused = &job->run->refused;
    const int is_covered = a->n_intervals || a->n_sets;
    if (is_covered ? !(a->coverage > 0 && a->coverage < 1) : a->coverage != 0)
        return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "answer->coverage");
    if (a->by_class && !a->n_sets) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "answer->by_class");
    if (a->reserved) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "answer->reserved");
    if (a->n_labels && !cmlpi_n_labels(job->model)) return cmlpi_refuse(refused, CMLP_ERROR_NOT_FOUND, "answer->labels");
    if (is_covered && !cmlpi_is_calibrated(job->model, 0))
        return cmlpi_refuse(refused, CMLP_ERROR_NOT_FOUND, "answer->coverage");
    if (is_covered && !cmlpi_is_calibrated(job->model, a->by_class))
        return cmlpi_refuse(refused, CMLP_ERROR_NOT_FOUND, "answer->by_class");
    if (a->n_reasons) return CMLP_OK;
    if (a->n_reason_errors) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "answer->reason_errors");
    if (a->n_base_values) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "answer->base_values");
    if (a->background) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "answer->background");
    if (a->n_evaluations) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "answer->n_evaluations");
    if (a->seed) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "answer->seed");
    return a->is_exact ? cmlpi_refuse(refused, CMLP_ERROR_OPTION, "answer->is_exact") : CMLP_OK;
}

/* Rows of cells that have been read. */
static cmlp_rows rows_of_numbers(const answer_job *job)
{
    return cmlp_dense_rows(job->numbers, CMLP_FLOAT64, job->n, job->n_in);
}

/* Takes the size of the workspace that the prediction and the reasons need. */
static cmlp_status measure_rest(answer_job *job)
{
    size_t size = 0;
    cmlp_status status = CMLP_OK;
    if (job->model->table && job->n == 1)
        job->rest_size = job->model->row_size;
    else {
        const cmlp_rows rows = job->is_cells ? rows_of_numbers(job) : job->rows;
        status = cmlpi_measure_model(job->model, &rows, &job->rest_size, job->run);
    }
    if (!status && job->wanted.n_reasons) {
        if (!job->model->table) return cmlpi_refuse(&job->run->refused, CMLP_ERROR_MODEL_KIND, "answer->reasons");
#if CMLPI_EXPLAINS_TABLES
        status = cmlpi_measure_reasons(job->model, &job->wanted, &size, job->run);
#else
        status = cmlpi_refuse(&job->run->refused, CMLP_ERROR_LEFT_OUT, "answer->reasons");
#endif
    }
    if (size > job->rest_size) job->rest_size = size;
    return status;
}

/* Whether the model must predict. It also checks rows of numbers. */
static int needs_prediction(const answer_job *job)
{
    const cmlp_answer *a = &job->wanted;
    return !job->is_cells || a->n_outputs || a->n_class_indices || a->n_labels || a->n_intervals || a->n_sets;
}

/* Divides the workspace, and returns its size; 0 if that does not fit in size_t. For one row without reasons it is at most that
 * of `answer_bytes` in model.c. */
static size_t lay_out_answer(answer_job *job, char *base)
{
    const cmlp_answer *a = &job->wanted;
    cmlpi_arena arena = {.base = base};
    const int has_names = job->is_cells && job->rows.n_names, needs_outputs = a->n_outputs || a->n_intervals || a->n_sets;
    const int needs_numbers = job->is_cells || a->n_outside || a->n_states || a->n_reasons;
    job->places = has_names ? cmlpi_arena_alloc(&arena, job->n_in, sizeof *job->places) : NULL;
    job->names = has_names ? cmlpi_arena_alloc(&arena, job->n_in, sizeof *job->names) : NULL;
    job->order = has_names ? cmlpi_arena_alloc(&arena, job->n_in, sizeof *job->order) : NULL;
    job->numbers = a->numbers;
    if (needs_numbers && !a->n_numbers) job->numbers = cmlpi_arena_alloc(&arena, job->n * job->n_in, sizeof(double));
    job->outputs = a->outputs;
    if (needs_outputs && !(a->n_outputs && job->is_wide))
        job->outputs = cmlpi_arena_alloc(&arena, job->n * job->n_out, job->is_wide ? sizeof(double) : sizeof(float));
    job->class_indices = a->class_indices;
    if (a->n_labels && !a->n_class_indices) job->class_indices = cmlpi_arena_alloc(&arena, job->n, sizeof(int32_t));
    job->rest = cmlpi_arena_alloc(&arena, 1, job->rest_size);
    return arena.overflow ? 0 : arena.used;
}

static cmlp_status read_answer(answer_job *job, const cmlp_rows *rows, const cmlp_answer *answer)
{
    cmlp_run *run = job->run;
    const cmlp_model *model = job->model;
    cmlp_status status = cmlpi_check_model(model);
    if (status) return cmlpi_refuse(&run->refused, status, "model");
    status = CMLPI_READ(&job->rows, rows, cmlp_rows, n_names);
    if (status) return cmlpi_refuse(&run->refused, status, "rows");
    status = CMLPI_READ(&job->wanted, answer, cmlp_answer, reserved);
    if (status) return cmlpi_refuse(&run->refused, status, "answer");
    const int is_table = model->table != NULL;
    job->n = cmlpi_n_selected(&job->rows);
    if (job->n < 0 || job->rows.n_rows < 0) return cmlpi_refuse(&run->refused, CMLP_ERROR_ROWS, "rows->n_rows");
    job->is_cells = job->rows.kind == CMLP_ROWS_CELLS;
    if (!job->is_cells && job->rows.kind != CMLP_ROWS_DENSE) return cmlpi_refuse(&run->refused, CMLP_ERROR_ROWS, "rows->kind");
    job->n_in = cmlpi_columns_of(model);
    job->n_out = cmlpi_n_out(model->net) + model->is_cumulative;
    job->is_wide = is_table || model->net->dtype == CMLP_FLOAT64;
    if (is_table && model->table->targets)
        job->n_ends = 2 * model->table->n_targets;
    else if (is_table)
        job->n_set = model->model_kind == CMLP_MODEL_MULTILABEL || job->n_out == 1 ? 2 * job->n_out : job->n_out;
    return measure_rest(job);
}

/* ------------------------------------------------------------------------------------------------------ cells */

static double number_of(const cmlp_value *value)
{
    return value->kind == CMLP_VALUE_DOUBLE ? value->number : value->kind == CMLP_VALUE_MISSING ? NAN : (double)value->integer;
}

/* Whether a cell is a value that can be read, and the fields that its kind does not use are 0. */
static int is_value(const cmlp_value *value)
{
    const cmlp_value_kind kind = value->kind;
    const int has_integer = kind == CMLP_VALUE_INTEGER || kind == CMLP_VALUE_BOOLEAN;
    const int has_text = kind == CMLP_VALUE_TEXT || kind == CMLP_VALUE_LARGE_INTEGER;
    if (kind < CMLP_VALUE_MISSING || kind > CMLP_VALUE_LARGE_INTEGER || value->padding || value->reserved) return 0;
    if ((kind != CMLP_VALUE_DOUBLE && value->number != 0) || (!has_integer && value->integer)) return 0;
    return !has_text || is_text(value);
}

/* Finds the number of a cell that is no text. */
static cmlp_status read_value(const cmlp_model *model, int64_t column, const cmlp_value *value, cmlpi_found *found)
{
    const cmlp_table_column *c = model->table ? &model->table->columns[column] : NULL;
    const int is_missing = value->kind == CMLP_VALUE_MISSING || (value->kind == CMLP_VALUE_DOUBLE && isnan(value->number));
    found->state = is_missing ? CMLP_CELL_MISSING : CMLP_CELL_USUAL;
    if (value->kind == CMLP_VALUE_DOUBLE && isinf(value->number)) return CMLP_ERROR_INPUT;
    if (c && cmlpi_n_categories(model, column)) {
        const cmlp_status status = cmlpi_find_code(model, column, value, &found->number);
        if (!is_missing && !(found->number >= 0)) found->state = CMLP_CELL_UNKNOWN;
        return status;
    }
    const cmlp_table_column_kind column_kind = cmlpi_kind_of_column(model, column);
    const int is_of_time = cmlpi_is_date_kind(column_kind) || column_kind == CMLP_TABLE_COLUMN_DURATION;
    if (value->kind == CMLP_VALUE_BOOLEAN && is_of_time) return CMLP_ERROR_CELL;
    found->number = number_of(value);
    if (!c) return is_missing ? CMLP_ERROR_CELL : CMLP_OK;
    if (found->state == CMLP_CELL_USUAL && cmlpi_is_missing(c, found->number)) found->state = CMLP_CELL_MISSING;
    if (found->state == CMLP_CELL_MISSING) found->number = NAN;
    return CMLP_OK;
}

static cmlp_status read_one(const cmlp_model *model, const cmlpi_cell_rules *rules, int64_t column, const cmlp_value *value,
                            cmlpi_found *found)
{
    if (!is_value(value)) return CMLP_ERROR_OPTION;
    const int is_large = value->kind == CMLP_VALUE_LARGE_INTEGER && !(model->table && cmlpi_n_categories(model, column));
    if (value->kind != CMLP_VALUE_TEXT && !is_large) return read_value(model, column, value, found);
    cmlp_value digits = *value;
    if (is_large && !cmlpi_read_integer(&digits)) return CMLP_ERROR_TEXT;
    const cmlp_status status = cmlpi_read_cell(model, rules, column, value, found);
    return !status && !model->table && isnan(found->number) ? CMLP_ERROR_CELL : status;
}

static cmlp_status read_all_cells(const answer_job *job)
{
    cmlpi_cell_rules rules;
    cmlpi_find_cell_rules(job->model, &rules);
    for (int64_t i = 0; i < job->n; i++) {
        const int64_t row = index_of(job, i);
        if (!(i & 255) && i && cmlpi_polls_cancel(job->run)) return CMLP_CANCELLED;
        for (int64_t j = 0; j < job->n_in; j++) {
            const int64_t place = job->places ? job->places[j] : j;
            cmlpi_found found;
            const cmlp_status status = read_one(job->model, &rules, j, cell_at(&job->rows, row, place), &found);
            if (status) {
                job->run->bad_row = row;
                job->run->bad_column = j;
                return cmlpi_refuse_element(job->run, status, CELLS, place);
            }
            job->numbers[i * job->n_in + j] = found.number;
            if (job->wanted.states) job->wanted.states[i * job->n_in + j] = found.state;
        }
    }
    return CMLP_OK;
}

/* ----------------------------------------------------------------------------------------------------- answers */

/* Copies dense rows, which have been predicted. */
static void copy_numbers(const answer_job *job)
{
    const cmlp_rows *rows = &job->rows;
    const int64_t size = (int64_t)cmlpi_bytes_of(rows->dtype);
    const int64_t row_stride = rows->n_rows > 1 && rows->row_stride != CMLP_REPEAT ? rows->row_stride : 0;
    const int64_t stride = rows->n_columns == 1 ? size : rows->column_stride == CMLP_REPEAT ? 0 : rows->column_stride;
    double *number = job->numbers;
    for (int64_t i = 0; i < job->n; i++) {
        const char *at = (const char *)rows->data + index_of(job, i) * row_stride;
        for (int64_t j = 0; j < job->n_in; j++, at += stride, number++) {
            float narrow;
            if (rows->dtype == CMLP_FLOAT64) memcpy(number, at, sizeof *number);
            if (rows->dtype == CMLP_FLOAT32) memcpy(&narrow, at, sizeof narrow), *number = narrow;
            if (rows->dtype == CMLP_UINT8) *number = *(const unsigned char *)at;
        }
    }
}

static cmlp_status predict_all(const answer_job *job)
{
    const cmlp_rows rows = job->is_cells ? rows_of_numbers(job) : job->rows;
    cmlp_run *run = job->run;
    void *const workspace = run->workspace;
    const size_t workspace_size = run->workspace_size;
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = job->outputs,
                                        .n_outputs = job->outputs ? job->n * job->n_out : 0,
                                        .class_indices = job->class_indices,
                                        .n_class_indices = job->class_indices ? job->n : 0};
    run->workspace = job->rest;
    run->workspace_size = job->rest_size;
    const cmlp_status status = cmlpi_predict_model(job->model, &rows, &prediction, run);
    run->workspace = workspace;
    run->workspace_size = workspace_size;
    if (job->is_cells && run->bad_row >= 0) { /* of a number that the type of the network cannot hold */
        run->bad_row = index_of(job, run->bad_row);
        run->bad_element = job->places ? job->places[run->bad_column] : run->bad_column;
    }
    return status;
}

/* Finds the intervals or the sets of a row. */
static cmlp_status cover_row(const answer_job *job, int64_t i)
{
    const cmlp_answer *a = &job->wanted;
    cmlpi_query query = {.outputs = (const double *)job->outputs + i * job->n_out, .n_outputs = job->n_out,
                              .coverage = a->coverage, .by_class = a->by_class};
    const int is_pairs = job->n_set > job->n_out || job->model->model_kind == CMLP_MODEL_MULTILABEL;
    const int64_t n_sets = !a->sets ? 0 : is_pairs ? job->n_out : 1, width = is_pairs ? 2 : job->n_set;
    for (; a->intervals && query.target < job->n_ends / 2; query.target++) {
        double *const ends = a->intervals + i * job->n_ends + 2 * query.target;
        const cmlp_status status = cmlpi_find_interval(job->model, &query, ends, ends + 1);
        if (status) return cmlpi_refuse(&job->run->refused, status, "answer->intervals");
    }
    for (; query.target < n_sets; query.target++) {
        const cmlp_status status = cmlpi_find_set(job->model, &query, a->sets + i * job->n_set + query.target * width);
        if (status) return cmlpi_refuse(&job->run->refused, status, "answer->sets");
    }
    return CMLP_OK;
}

/* What the number of a row is, of which a cell may have said more. */
static cmlp_cell_state state_of(const cmlp_table_column *c, double x, cmlp_cell_state said)
{
    if (said) return said;
    if (c->role == CMLP_TABLE_ROLE_CATEGORY) {
        const int is_code = x >= 0 && x < (double)c->n_categories && x == (double)(int64_t)x;
        if (x != x || (c->has_missing && x == c->has_missing - 1)) return CMLP_CELL_MISSING;
        return is_code ? CMLP_CELL_USUAL : CMLP_CELL_UNKNOWN;
    }
    if (cmlpi_is_missing(c, x)) return CMLP_CELL_MISSING;
    if (c->role != CMLP_TABLE_ROLE_NUMBER) return CMLP_CELL_USUAL;
    const double low = c->n_edges ? c->edges[0] : c->centre, high = c->n_edges ? c->edges[c->n_edges - 1] : c->centre;
    return x > high ? CMLP_CELL_ABOVE : x < low ? CMLP_CELL_BELOW : CMLP_CELL_USUAL;
}

static void find_states(const answer_job *job, int64_t i)
{
    const double *const row = job->numbers + i * job->n_in;
    cmlp_cell_state *const states = job->wanted.states + i * job->n_in;
    for (int64_t j = 0; j < job->n_in; j++)
        states[j] = state_of(&job->model->table->columns[j], row[j], job->is_cells ? states[j] : CMLP_CELL_USUAL);
}

static cmlp_status answer_row(const answer_job *job, int64_t i)
{
    const cmlp_answer *a = &job->wanted;
    const cmlp_value no_label = {.kind = CMLP_VALUE_MISSING};
    if (a->outputs && !job->is_wide)
        for (int64_t k = i * job->n_out; k < (i + 1) * job->n_out; k++) a->outputs[k] = ((const float *)job->outputs)[k];
    if (a->labels) { /* one output has two classes, and can have one label */
        const int32_t class_index = job->class_indices[i];
        const int has_label = class_index >= 0 && class_index < cmlpi_n_labels(job->model);
        a->labels[i] = has_label ? cmlpi_label_at(job->model, class_index) : no_label;
    }
    if (a->outside) cmlpi_find_outside(job->model, job->numbers + i * job->n_in, a->outside + i * job->n_in);
    if (a->states) find_states(job, i);
    return a->intervals || a->sets ? cover_row(job, i) : CMLP_OK;
}

/* Explains all rows. */
static cmlp_status explain_rows(const answer_job *job)
{
#if CMLPI_EXPLAINS_TABLES
    cmlp_run *run = job->run;
    if (!job->wanted.reasons) return CMLP_OK;
    run->workspace = job->rest;
    run->workspace_size = job->rest_size;
    return cmlpi_find_reasons(job->model, &job->wanted, job->numbers, job->n, run);
#else
    (void)job;
    return CMLP_OK;
#endif
}

CMLPI_CALL(cmlp_model_answer, (const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer, cmlp_run *run),
           (model, rows, answer, &call.run))
{
    answer_job job = {.model = model, .run = run};
    cmlp_status status = read_answer(&job, rows, answer);
    if (!status && job.is_cells) status = check_cells(&job);
    if (!status) status = check_answers(&job);
    if (!status) status = check_options(&job);
    if (!status) status = cmlpi_take_workspace(run, lay_out_answer(&job, NULL));
    if (status) return status;
    lay_out_answer(&job, run->workspace);
    if (job.places) status = place_names(&job);
    if (!status && job.is_cells) status = read_all_cells(&job);
    if (!status && needs_prediction(&job)) status = predict_all(&job);
    if (!status && !job.is_cells && job.numbers) copy_numbers(&job);
    for (int64_t i = 0; !status && i < job.n; i++) status = answer_row(&job, i);
    return status ? status : explain_rows(&job);
}

CMLPI_CALL(cmlp_model_answer_size,
           (const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer, size_t *bytes, cmlp_run *run),
           (model, rows, answer, bytes, &call.run))
{
    answer_job job = {.model = model, .run = run};
    cmlp_status status = cmlpi_check_pointer(bytes, sizeof *bytes, "bytes", run);
    if (!status) status = read_answer(&job, rows, answer);
    if (status) return status;
    const size_t size = lay_out_answer(&job, NULL);
    if (!size) return cmlpi_refuse(&run->refused, CMLP_ERROR_OVERFLOW, "bytes");
    *bytes = cmlpi_with_slack(size);
    return CMLP_OK;
}

/* --------------------------------------------------------------------------------------------------- sentences */

typedef struct sentence {
    char *text;
    int64_t n, size;
} sentence;

static void say_bytes(sentence *s, const char *bytes, int64_t n, int is_foreign)
{
    for (int64_t i = 0; i < n; i++, s->n++) {
        const unsigned char c = (unsigned char)bytes[i];
        if (s->n + 1 < s->size) s->text[s->n] = is_foreign && (c < 32 || c == 127) ? '?' : (char)c;
    }
}

static void say(sentence *s, const char *text)
{
    for (; *text; text++) say_bytes(s, text, 1, 0);
}

static void say_integer(sentence *s, int64_t number)
{
    char digits[20];
    int n = 20;
    if (number < 0) say(s, "-");
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do digits[--n] = (char)('0' + left % 10);
    while (left /= 10);
    say_bytes(s, digits + n, 20 - n, 0);
}

static void say_quoted(sentence *s, const cmlp_value *text)
{
    say(s, "\"");
    say_bytes(s, text->text, text->n_text, 1);
    say(s, "\"");
}

static void say_column(sentence *s, const cmlp_model *model, int64_t column)
{
    cmlp_value name;
    say(s, "column ");
    if (cmlpi_name_of_column(model, column, &name)) {
        say_quoted(s, &name);
        return;
    }
    say(s, "\"");
    say_integer(s, column);
    say(s, "\"");
}

/* Says what is wrong with the name of a cell. */
static void say_name(sentence *s, const cmlp_model *model, const cmlp_value *name)
{
    cmlp_value own;
    int is_known = 0;
    for (int64_t j = 0; j < cmlpi_columns_of(model) && !is_known; j++)
        is_known = cmlpi_name_of_column(model, j, &own) && !order_names(&own, name);
    say(s, is_known ? "the row has " : "the model has no column ");
    say_quoted(s, name);
    if (is_known) say(s, " twice");
}

static void say_cell(sentence *s, const cmlp_value *cell)
{
    if (cell->kind == CMLP_VALUE_TEXT || cell->kind == CMLP_VALUE_LARGE_INTEGER)
        say_quoted(s, cell);
    else if (cell->kind == CMLP_VALUE_INTEGER || cell->kind == CMLP_VALUE_BOOLEAN)
        say_integer(s, cell->integer);
    else
        say(s, cell->kind == CMLP_VALUE_MISSING || cell->number != cell->number ? "a missing value"
               : cell->number == INFINITY ? "infinity" : cell->number == -INFINITY ? "-infinity" : "this number");
}

static int is_same_text(const char *a, const char *b)
{
    for (; *a && *a == *b; a++) b++;
    return *a == *b;
}

/* What a column holds. */
static const char *what_holds(const cmlp_model *model, int64_t column)
{
    static const char *const words[] = {"numbers", "true or false", "dates such as 2026-11-24", "times such as 2026-11-24 12:00",
                                        "times with an offset such as 2026-11-24T12:00Z", "numbers of days", "categories", "categories"};
    return words[model->table ? cmlpi_kind_of_column(model, column) - 1 : 0];
}

int64_t cmlp_model_say(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer, cmlp_status status,
                       const cmlp_run *run, char *text, int64_t n_text)
{
    sentence s = {text, 0, n_text};
    const int is_known = model && rows && run && run->refused && !cmlpi_check_model(model);
    const int is_cells = is_known && rows->kind == CMLP_ROWS_CELLS;
    const char *const refused = is_known ? run->refused : "";
    const int is_cell = status == CMLP_ERROR_CELL || status == CMLP_ERROR_INPUT;
    if (is_known && is_cell && run->bad_row >= 0 && run->bad_column >= 0) {
        const cmlp_value format = model->table ? cmlpi_format_of_column(model, run->bad_column) : (cmlp_value){.text = ""};
        const cmlp_value number = {.kind = CMLP_VALUE_DOUBLE, .number = model->table ? INFINITY : 0};
        if (rows->n_rows > 1) {
            say(&s, "row ");
            say_integer(&s, run->bad_row);
            say(&s, ": ");
        }
        say_column(&s, model, run->bad_column);
        say(&s, " cannot hold ");
        say_cell(&s, is_cells ? cell_at(rows, run->bad_row, run->bad_element) : &number);
        say(&s, ": it has ");
        if (format.n_text) {
            say(&s, "dates of the form ");
            say_quoted(&s, &format);
        } else
            say(&s, what_holds(model, run->bad_column));
    } else if (status == CMLP_ERROR_COLUMNS && is_cells) {
        if (run->bad_column >= 0) say(&s, "the row has no ");
        if (run->bad_column >= 0) say_column(&s, model, run->bad_column);
        if (run->bad_column < 0) say_name(&s, model, &rows->names[run->bad_element]);
    } else if (status == CMLP_ERROR_NOT_FOUND && is_same_text(refused, NAMES))
        say(&s, "the model has no names of columns: pass a row in order");
    else if (status == CMLP_ERROR_ROWS && is_same_text(refused, "rows->n_columns")) {
        say(&s, "a row has ");
        say_integer(&s, cmlpi_columns_of(model));
        say(&s, " cells, got ");
        say_integer(&s, rows->n_columns);
    } else if (status == CMLP_ERROR_OPTION && answer && is_same_text(refused, "answer->n_evaluations")) {
        say(&s, "n_evaluations must be 0 or at least ");
        say_integer(&s, 2 * cmlpi_columns_of(model));
        say(&s, ", got ");
        say_integer(&s, answer->n_evaluations);
    } else if (status == CMLP_ERROR_NOT_FOUND && is_same_text(refused, "answer->background"))
        say(&s, "the model has no rows to compare with: keep_background in Python keeps some of training");
    else {
        if (*refused) say(&s, refused);
        if (*refused) say(&s, ": ");
        say(&s, cmlp_status_string(status));
    }
    if (n_text > 0) text[s.n < n_text ? s.n : n_text - 1] = 0;
    return s.n;
}
#endif
