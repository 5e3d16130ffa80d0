/* The typed values in the tensors of a model file: what they hold, and their search. */
#include <math.h>

#include "../../base/arguments.h"
#include "model.h"

/* ---------------------------------------------------------------------------------------------- lists */

static const unsigned char *tensor_at(const cmlp_model *model, int tensor)
{
    const uint64_t start = model->values.starts[tensor];
    return start ? model->file + start : NULL;
}

/* A list of texts: names, words. */
static cmlpi_value_list list_texts(const cmlp_model *model, int ends, int text)
{
    return (cmlpi_value_list){.n = model->values.n[ends], .kind = CMLP_VALUE_TEXT, .ends = tensor_at(model, ends),
                              .text = tensor_at(model, text), .n_text = model->values.n[text]};
}

static cmlpi_value_list list_labels(const cmlp_model *model)
{
    cmlpi_value_list list = list_texts(model, CMLPI_LABEL_ENDS, CMLPI_LABEL_TEXT);
    if (!list.n) return list;
    list.kind = tensor_at(model, CMLPI_LABEL_TYPE)[0];
    list.numbers = tensor_at(model, CMLPI_LABEL_NUMBERS);
    list.n_numbers = model->values.n[CMLPI_LABEL_NUMBERS];
    list.integers = tensor_at(model, CMLPI_LABEL_INTEGERS);
    list.n_integers = model->values.n[CMLPI_LABEL_INTEGERS];
    return list;
}

cmlp_value cmlpi_label_at(const cmlp_model *model, int64_t class_index)
{
    const cmlpi_value_list list = list_labels(model);
    const cmlpi_value_range all = cmlpi_all_values(&list);
    return cmlpi_value_at(&list, &all, class_index);
}

int64_t cmlpi_n_labels(const cmlp_model *model) { return model->values.n[CMLPI_LABEL_ENDS]; }

CMLPI_CALL(cmlp_model_find_label, (const cmlp_model *model, int32_t class_index, cmlp_value *value, cmlp_run *run),
           (model, class_index, value, &call.run))
{
    cmlp_status status = cmlpi_check_model(model);
    if (status) return cmlpi_refuse(&run->refused, status, "model");
    status = cmlpi_check_pointer(value, CMLPI_ALIGNOF(cmlp_value), "value", run);
    if (status) return status;
    const int64_t n = cmlpi_n_labels(model);
    if (!n) return cmlpi_refuse(&run->refused, CMLP_ERROR_NOT_FOUND, "model");
    if (class_index < 0 || class_index >= n) return cmlpi_refuse(&run->refused, CMLP_ERROR_INDEX, "class_index");
    *value = cmlpi_label_at(model, class_index);
    return CMLP_OK;
}

/* ------------------------------------------------------------------------------------------- contents */

/* Finds out whether labels have numbers or integers if and only if their type needs them. */
static cmlp_status check_type_of_labels(const cmlpi_value_list *labels)
{
    const int is_double = labels->kind == CMLP_VALUE_DOUBLE;
    const int is_integer = labels->kind == CMLP_VALUE_INTEGER || labels->kind == CMLP_VALUE_BOOLEAN;
    if (labels->kind < CMLP_VALUE_TEXT || labels->kind > CMLP_VALUE_LARGE_INTEGER) return CMLP_ERROR_FILE_VALUE;
    return !labels->n_numbers != !is_double || !labels->n_integers != !is_integer ? CMLP_ERROR_FILE_NAME : CMLP_OK;
}

#if CMLPI_CHECKS_VALUES
static cmlp_status check_stored_list(const cmlpi_value_list *list)
{
    const cmlpi_value_range all = cmlpi_all_values(list);
    const cmlp_status status = cmlpi_check_values(list, &all);
    if (status) return status;
    return cmlpi_uses_all_text(list) ? CMLP_OK : CMLP_ERROR_FILE_VALUE;
}

static cmlp_value stored_label(const void *list, int64_t i)
{
    const cmlpi_value_range all = cmlpi_all_values(list);
    return cmlpi_value_at(list, &all, i);
}

/* A file states the texts of all labels. */
static cmlp_status check_stored_labels(const cmlpi_value_list *list, cmlp_model_kind model_kind)
{
    const cmlpi_labels labels = {stored_label, list, model_kind};
    const cmlp_status status = check_stored_list(list);
    for (int64_t i = 0; !status && i < list->n; i++)
        if (!cmlpi_is_label(&labels, i) || (list->kind != CMLP_VALUE_TEXT && !stored_label(list, i).n_text))
            return CMLP_ERROR_FILE_VALUE;
    return status;
}

/* Checks what all models can have: labels, names and the format of cells. */
static cmlp_status check_stored_texts(const cmlp_model *model, const cmlpi_value_list *labels, const char **refused)
{
    static const char *const names[] = {"names", "cells", "targets", "columns.formats"};
    static const int texts[][2] = {{CMLPI_NAME_ENDS, CMLPI_NAME_TEXT}, {CMLPI_CELL_ENDS, CMLPI_CELL_TEXT},
#if CMLP_BUILD_TABLES
                                   {CMLPI_TARGET_ENDS, CMLPI_TARGET_TEXT}, {CMLPI_FORMAT_ENDS, CMLPI_FORMAT_TEXT}
#endif
    };
    cmlp_status status = check_stored_labels(labels, model->model_kind);
    if (status) return cmlpi_refuse(refused, status, "labels");
    for (size_t i = 0; !status && i < sizeof texts / sizeof *texts; i++) {
        const cmlpi_value_list list = list_texts(model, texts[i][0], texts[i][1]);
        status = check_stored_list(&list);
        if (status) *refused = names[i];
    }
    const unsigned char *form = tensor_at(model, CMLPI_CELL_FORM);
    const int all_rules = CMLPI_OWN_WORDS | CMLPI_OF_SPREADSHEETS;
    const int is_third_wrong = model->values.n[CMLPI_CELL_FORM] == 3 && (!form[2] || form[2] > all_rules);
    if (!status && form && (is_third_wrong || !cmlpi_is_cell_form(form[0], form[1])))
        status = cmlpi_refuse(refused, CMLP_ERROR_FILE_VALUE, "cells.form");
    return status;
}
#endif

#if CMLP_BUILD_TABLES
static cmlpi_value_list list_categories(const cmlp_model *model)
{
    cmlpi_value_list list = list_texts(model, CMLPI_CATEGORY_ENDS, CMLPI_CATEGORY_TEXT);
    list.n = model->values.n[CMLPI_CATEGORY_TYPES];
    list.kinds = tensor_at(model, CMLPI_CATEGORY_TYPES);
    list.order = tensor_at(model, CMLPI_CATEGORY_ORDER);
    list.numbers = tensor_at(model, CMLPI_CATEGORY_NUMBERS);
    list.n_numbers = model->values.n[CMLPI_CATEGORY_NUMBERS];
    list.integers = tensor_at(model, CMLPI_CATEGORY_INTEGERS);
    list.n_integers = model->values.n[CMLPI_CATEGORY_INTEGERS];
    return list;
}

/* The number of values that the file lists of a column. */
static int64_t n_listed(const cmlp_model *model, int64_t column)
{
    return model->ranges ? model->ranges[column].n : 0;
}

/* The number of categories among them: those that mean a missing value are behind them. */
int64_t cmlpi_n_categories(const cmlp_model *model, int64_t column)
{
    const cmlp_table_column *c = &model->table->columns[column];
    const int64_t n = n_listed(model, column);
    return n && c->role != CMLP_TABLE_ROLE_UNUSED ? n - c->n_missing_values : n;
}

/* The index of the missing value in the list of a column with categories, or -1. */
static int64_t index_of_missing(const cmlp_model *model, int64_t column)
{
    const cmlp_value missing = {.kind = CMLP_VALUE_MISSING};
    const cmlpi_value_list list = list_categories(model);
    return cmlpi_find_value(&list, &model->ranges[column], &missing);
}

void cmlpi_note_missing_categories(const cmlp_model *model, cmlp_table_column *columns)
{
    for (int64_t i = 0; i < model->table->n_columns; i++) {
        if (columns[i].role != CMLP_TABLE_ROLE_CATEGORY) continue;
        const int64_t code = index_of_missing(model, i);
        columns[i].has_missing = code < columns[i].n_categories ? (int32_t)(code + 1) : 0;
    }
}

/* Finds text i of a list. Returns 0 if the file does not have the list. */
static int find_stored_text(const cmlp_model *model, int ends, int text, int64_t i, cmlp_value *found)
{
    const cmlpi_value_list list = list_texts(model, ends, text);
    const cmlpi_value_range all = cmlpi_all_values(&list);
    if (list.n) *found = cmlpi_value_at(&list, &all, i);
    return list.n != 0;
}

cmlp_table_column_kind cmlpi_kind_of_column(const cmlp_model *model, int64_t column)
{
    return model->table ? tensor_at(model, CMLPI_COLUMN_KINDS)[column] : CMLP_TABLE_COLUMN_NUMBER;
}

cmlp_value cmlpi_format_of_column(const cmlp_model *model, int64_t column)
{
    cmlp_value format = {.text = "", .kind = CMLP_VALUE_TEXT};
    find_stored_text(model, CMLPI_FORMAT_ENDS, CMLPI_FORMAT_TEXT, column, &format);
    return format;
}

static cmlp_status check_stored_categories(cmlp_model *model)
{
    const cmlpi_value_list list = list_categories(model);
    const int64_t n_columns = model->table->n_columns;
    if (list.n && !cmlpi_split_values(&list, tensor_at(model, CMLPI_CATEGORY_COUNTS), n_columns, model->ranges))
        return CMLP_ERROR_FILE_VALUE;
    int has_text = 0;
    for (int64_t i = 0; i < list.n; i++)
        has_text |= list.kinds[i] == CMLP_VALUE_TEXT || list.kinds[i] == CMLP_VALUE_LARGE_INTEGER;
    if (!has_text != !list.ends) return CMLP_ERROR_FILE_VALUE;
    for (int64_t i = 0; i < n_columns; i++) {
        const cmlpi_value_range *range = model->ranges ? &model->ranges[i] : NULL;
        const int64_t n = n_listed(model, i);
        if (!cmlpi_allows_kind(&model->table->columns[i], cmlpi_kind_of_column(model, i), n))
            return CMLP_ERROR_FILE_VALUE;
        if (cmlpi_format_of_column(model, i).n_text && !cmlpi_is_date_kind(cmlpi_kind_of_column(model, i)))
            return CMLP_ERROR_FILE_VALUE;
        if (!range) continue;
        const cmlp_status status = cmlpi_check_values(&list, range);
        if (status) return status;
        if (!cmlpi_is_in_order(&list, range)) return CMLP_ERROR_FILE_VALUE;
    }
    return cmlpi_uses_all_text(&list) ? CMLP_OK : CMLP_ERROR_FILE_VALUE;
}
#endif

cmlp_status cmlpi_check_stored_values(cmlp_model *model, const char **refused)
{
    const cmlpi_value_list labels = list_labels(model);
    cmlp_status status = labels.n ? check_type_of_labels(&labels) : CMLP_OK;
    if (status) return cmlpi_refuse(refused, status, "labels");
#if CMLPI_CHECKS_VALUES
    if (!status) status = check_stored_texts(model, &labels, refused);
#endif
#if CMLP_BUILD_TABLES
    if (status || !model->table) return status;
    status = check_stored_categories(model);
    if (status) *refused = "categories";
#endif
    return status;
}

#if CMLP_BUILD_TABLES
/* ------------------------------------------------------------------------------------ columns of a model */

void cmlpi_find_cell_rules(const cmlp_model *model, cmlpi_cell_rules *rules)
{
    const unsigned char *form = tensor_at(model, CMLPI_CELL_FORM);
    const int rule = model->values.n[CMLPI_CELL_FORM] == 3 ? form[2] : 0;
    rules->format = (cmlpi_cell_format){'.', 0, 0};
    if (form) rules->format = (cmlpi_cell_format){(char)form[0], (char)form[1], (char)(rule & CMLPI_OF_SPREADSHEETS)};
    rules->has_own_words = rule & CMLPI_OWN_WORDS;
    rules->missing = list_texts(model, CMLPI_CELL_ENDS, CMLPI_CELL_TEXT);
    rules->categories = list_categories(model);
}

static cmlp_value unit_of(cmlp_table_column_kind column_kind)
{
    static const char since[] = "days since 1970-01-01";
    switch (column_kind) {
    case CMLP_TABLE_COLUMN_BOOLEAN: return (cmlp_value){.text = "0 or 1", .n_text = 6};
    case CMLP_TABLE_COLUMN_DATE:
    case CMLP_TABLE_COLUMN_TIME:
    case CMLP_TABLE_COLUMN_INSTANT: return (cmlp_value){.text = since, .n_text = sizeof since - 1};
    case CMLP_TABLE_COLUMN_DURATION: return (cmlp_value){.text = "days", .n_text = 4};
    default: return (cmlp_value){.text = ""};
    }
}

static double unknown_code(const cmlp_model *model, int64_t column)
{
    return model->table->columns[column].role == CMLP_TABLE_ROLE_NUMBER ? NAN : -1;
}

double cmlpi_code_of(const cmlp_model *model, int64_t column, int64_t found)
{
    const int64_t n = cmlpi_n_categories(model, column);
    if (found >= n) found = index_of_missing(model, column);
    return found < 0 || found >= n ? unknown_code(model, column) : (double)found;
}

int cmlpi_name_of_column(const cmlp_model *model, int64_t column, cmlp_value *name)
{
    return find_stored_text(model, CMLPI_NAME_ENDS, CMLPI_NAME_TEXT, column, name);
}

int cmlpi_name_of_target(const cmlp_model *model, int64_t target, cmlp_value *name)
{
    return find_stored_text(model, CMLPI_TARGET_ENDS, CMLPI_TARGET_TEXT, target, name);
}

/* Describes what only a table has of a column. */
static void describe_column_of_table(const cmlp_model *model, int64_t column, cmlp_table_column_info *info)
{
    const cmlp_value format = cmlpi_format_of_column(model, column);
    info->kind = cmlpi_kind_of_column(model, column);
    info->role = model->table->columns[column].role;
    info->format = format.text;
    info->n_format = format.n_text;
    info->n_categories = cmlpi_n_categories(model, column);
    info->unknown_code = unknown_code(model, column);
}

CMLPI_CALL(cmlp_model_describe_column,
           (const cmlp_model *model, int64_t column, cmlp_table_column_info *info, cmlp_run *run),
           (model, column, info, &call.run))
{
    cmlp_table_column_info copy;
    cmlp_status status = cmlpi_check_model(model);
    if (status) return cmlpi_refuse(&run->refused, status, "model");
    if (column < 0 || column >= cmlpi_columns_of(model))
        return cmlpi_refuse(&run->refused, CMLP_ERROR_INDEX, "column");
    status = CMLPI_READ(&copy, info, cmlp_table_column_info, role);
    if (status) return cmlpi_refuse(&run->refused, status, "info");
    copy = (cmlp_table_column_info){.struct_size = sizeof copy, .unknown_code = NAN, .format = "",
                                    .kind = CMLP_TABLE_COLUMN_NUMBER, .role = CMLP_TABLE_ROLE_NUMBER};
    if (model->table) describe_column_of_table(model, column, &copy);
    const cmlp_value unit = unit_of(copy.kind);
    copy.unit = unit.text;
    copy.n_unit = unit.n_text;
    cmlp_value name;
    if (cmlpi_name_of_column(model, column, &name)) {
        copy.name = name.text;
        copy.n_name = name.n_text;
    }
    cmlpi_write_struct(info, &copy, sizeof copy);
    return CMLP_OK;
}

/* Checks that the model is a table, and that it has this column, which has categories. */
static cmlp_status require_categories(const cmlp_model *model, int64_t column, cmlp_run *run)
{
    cmlp_status status = cmlpi_check_model(model);
    if (!status && !model->table) status = CMLP_ERROR_MODEL_KIND;
    if (status) return cmlpi_refuse(&run->refused, status, "model");
    if (column < 0 || column >= model->table->n_columns) return cmlpi_refuse(&run->refused, CMLP_ERROR_INDEX, "column");
    return cmlpi_n_categories(model, column) ? CMLP_OK : cmlpi_refuse(&run->refused, CMLP_ERROR_NOT_FOUND, "column");
}

cmlp_status cmlpi_find_code(const cmlp_model *model, int64_t column, const cmlp_value *value, double *code)
{
    cmlp_value wanted = *value;
    if (wanted.kind == CMLP_VALUE_DOUBLE && !cmlpi_is_finite(wanted.number)) {
        if (wanted.number != wanted.number) wanted.kind = CMLP_VALUE_MISSING;
        wanted.number = 0; /* for the check; the file has no infinite number */
    }
    const int is_large = wanted.kind == CMLP_VALUE_LARGE_INTEGER;
    if (is_large) wanted.kind = CMLP_VALUE_TEXT; /* files have only large ones beyond 64 bits */
    cmlp_status status = cmlpi_check_value(&wanted, CMLPI_WANTED_VALUE);
    if (is_large) wanted.kind = CMLP_VALUE_LARGE_INTEGER;
    if (!status && is_large && !cmlpi_read_integer(&wanted)) status = CMLP_ERROR_TEXT;
    if (status) return status;
    if (wanted.kind == CMLP_VALUE_DOUBLE) wanted.number = value->number;
    const cmlpi_value_list list = list_categories(model);
    const int64_t found = cmlpi_find_value(&list, &model->ranges[column], &wanted);
    *code = cmlpi_code_of(model, column, found);
    return CMLP_OK;
}

CMLPI_CALL(cmlp_model_find_code,
           (const cmlp_model *model, int64_t column, const cmlp_value *value, double *code, cmlp_run *run),
           (model, column, value, code, &call.run))
{
    cmlp_status status = require_categories(model, column, run);
    if (!status) status = cmlpi_check_pointer(value, CMLPI_ALIGNOF(cmlp_value), "value", run);
    if (!status) status = cmlpi_check_pointer(code, sizeof *code, "code", run);
    if (status) return status;
    status = cmlpi_find_code(model, column, value, code);
    return status ? cmlpi_refuse(&run->refused, status, "value") : CMLP_OK;
}

CMLPI_CALL(cmlp_model_find_category,
           (const cmlp_model *model, int64_t column, int64_t code, cmlp_value *value, cmlp_run *run),
           (model, column, code, value, &call.run))
{
    cmlp_status status = require_categories(model, column, run);
    if (!status) status = cmlpi_check_pointer(value, CMLPI_ALIGNOF(cmlp_value), "value", run);
    if (status) return status;
    if (code < 0 || code >= cmlpi_n_categories(model, column))
        return cmlpi_refuse(&run->refused, CMLP_ERROR_INDEX, "code");
    const cmlpi_value_list list = list_categories(model);
    *value = cmlpi_value_at(&list, &model->ranges[column], code);
    return CMLP_OK;
}
#endif
