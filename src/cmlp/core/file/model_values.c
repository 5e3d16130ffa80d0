/* The typed values in the tensors of a model file: what they hold, and their search. */
#include <math.h>

#include "../base/arguments.h"
#include "model.h"
#include "values.h"

/* ---------------------------------------------------------------------------------------------- lists */

static const unsigned char *tensor_at(const cmlp_model *model, int tensor)
{
    const uint64_t start = model->values.starts[tensor];
    return start ? model->file + start : NULL;
}

/* A list of texts: names, words. */
static cmlp_value_list list_texts(const cmlp_model *model, int ends, int text)
{
    return (cmlp_value_list){.n = model->values.n[ends], .type = CMLP_VALUE_TEXT, .ends = tensor_at(model, ends),
                             .text = tensor_at(model, text), .n_text = model->values.n[text]};
}

static cmlp_value_list list_labels(const cmlp_model *model)
{
    cmlp_value_list list = list_texts(model, CMLP_LABEL_ENDS, CMLP_LABEL_TEXT);
    if (!list.n) return list;
    list.type = tensor_at(model, CMLP_LABEL_KIND)[0];
    list.numbers = tensor_at(model, CMLP_LABEL_NUMBERS);
    list.n_numbers = model->values.n[CMLP_LABEL_NUMBERS];
    list.integers = tensor_at(model, CMLP_LABEL_INTEGERS);
    list.n_integers = model->values.n[CMLP_LABEL_INTEGERS];
    return list;
}

cmlp_status cmlp_model_label(const cmlp_model *model, int32_t label, cmlp_value *value)
{
    const cmlp_status status = cmlp_check_model(model);
    if (status) return status;
    if (!value) return CMLP_ERROR_NULL;
    const cmlp_value_list list = list_labels(model);
    const cmlp_value_range all = cmlp_all_values(&list);
    if (!list.n) return CMLP_ERROR_FILE_KEY;
    if (label < 0 || label >= list.n) return CMLP_ERROR_LABEL;
    *value = cmlp_value_at(&list, &all, label);
    return CMLP_OK;
}

/* ------------------------------------------------------------------------------------------- contents */

/* Finds out whether labels have numbers or integers if and only if their type needs them. */
static cmlp_status check_types(const cmlp_model *model, const cmlp_value_list *labels)
{
    const int use = tensor_at(model, CMLP_LABEL_KIND)[1], is_double = labels->type == CMLP_VALUE_DOUBLE;
    const int is_integer = labels->type == CMLP_VALUE_INTEGER || labels->type == CMLP_VALUE_BOOLEAN;
    if (labels->type < CMLP_VALUE_TEXT || labels->type > CMLP_VALUE_LARGE_INTEGER) return CMLP_ERROR_FILE_VALUE;
    if (use < CMLP_LABELS_ARE_CLASSES || use > CMLP_LABELS_ARE_ORDERED) return CMLP_ERROR_FILE_VALUE;
    if (use == CMLP_LABELS_ARE_ORDERED ? !CMLP_HAS_TABLE(model) || !model->is_cumulative || labels->n > CMLP_MAX_RANKS
                                       : model->is_cumulative && labels->n > 2)
        return CMLP_ERROR_FILE_VALUE;
    if (use == CMLP_LABELS_ARE_SEVERAL && labels->n != cmlp_n_out(model->net)) return CMLP_ERROR_FILE_VALUE;
    return !labels->n_numbers != !is_double || !labels->n_integers != !is_integer ? CMLP_ERROR_FILE_NAME : CMLP_OK;
}

#if CMLP_CHECKS_VALUES
static cmlp_status check_list(const cmlp_value_list *list)
{
    const cmlp_value_range all = cmlp_all_values(list);
    const cmlp_status status = cmlp_check_values(list, &all);
    if (status) return status;
    return cmlp_uses_all_text(list) ? CMLP_OK : CMLP_ERROR_FILE_VALUE;
}

/* Whether one of the labels before label i is equal to it. */
static int is_repeated(const cmlp_value_list *list, const cmlp_value_range *all, int64_t i)
{
    const cmlp_value label = cmlp_value_at(list, all, i);
    for (int64_t k = 0; k < i; k++) {
        const cmlp_value other = cmlp_value_at(list, all, k);
        if (!cmlp_compare_values(&other, &label)) return 1;
    }
    return 0;
}

/* Labels have the text that Python prints of their value, and ascend unless they have an order of their own. If a row can have
 * several, they are the numbers of the outputs. */
static cmlp_status check_labels(const cmlp_value_list *list, int are_several, int are_ordered)
{
    const cmlp_value_range all = cmlp_all_values(list);
    const cmlp_status status = check_list(list);
    if (status) return status;
    char buffer[CMLP_PRINTED];
    for (int64_t i = 0; i < list->n; i++) {
        const cmlp_value label = cmlp_value_at(list, &all, i);
        const cmlp_value printed = cmlp_with_text(&label, buffer);
        if (!cmlp_has_text(&label, &printed)) return CMLP_ERROR_FILE_VALUE;
        if (list->type != CMLP_VALUE_TEXT && !label.n_text) return CMLP_ERROR_FILE_VALUE;
        if (are_several && !cmlp_is_number_of(&label, i)) return CMLP_ERROR_FILE_VALUE;
        if (are_ordered && is_repeated(list, &all, i)) return CMLP_ERROR_FILE_VALUE;
        if (are_ordered || !i) continue;
        const cmlp_value before = cmlp_value_at(list, &all, i - 1);
        if (cmlp_compare_values(&before, &label) >= 0) return CMLP_ERROR_FILE_VALUE;
    }
    return CMLP_OK;
}

/* Checks what all models can have: labels, names and the format of cells. */
static cmlp_status check_texts(const cmlp_model *model, const cmlp_value_list *labels)
{
    static const int texts[][2] = {{CMLP_NAME_ENDS, CMLP_NAME_TEXT}, {CMLP_CELL_ENDS, CMLP_CELL_TEXT},
#if CMLP_BUILDS_TABLES
                                   {CMLP_TARGET_ENDS, CMLP_TARGET_TEXT}, {CMLP_FORMAT_ENDS, CMLP_FORMAT_TEXT}
#endif
    };
    const unsigned char *kind = tensor_at(model, CMLP_LABEL_KIND);
    cmlp_status status = check_labels(labels, model->is_multilabel, kind && kind[1] == CMLP_LABELS_ARE_ORDERED);
    for (size_t i = 0; !status && i < sizeof texts / sizeof *texts; i++) {
        const cmlp_value_list list = list_texts(model, texts[i][0], texts[i][1]);
        status = check_list(&list);
    }
    const unsigned char *form = tensor_at(model, CMLP_CELL_FORM);
    if (!status && form && !cmlp_is_cell_form(form[0], form[1])) status = CMLP_ERROR_FILE_VALUE;
    return status;
}
#endif

#if CMLP_BUILDS_TABLES
cmlp_value_list cmlp_list_categories(const cmlp_model *model)
{
    cmlp_value_list list = list_texts(model, CMLP_CATEGORY_ENDS, CMLP_CATEGORY_TEXT);
    list.n = model->values.n[CMLP_CATEGORY_TYPES];
    list.types = tensor_at(model, CMLP_CATEGORY_TYPES);
    list.order = tensor_at(model, CMLP_CATEGORY_ORDER);
    list.numbers = tensor_at(model, CMLP_CATEGORY_NUMBERS);
    list.n_numbers = model->values.n[CMLP_CATEGORY_NUMBERS];
    list.integers = tensor_at(model, CMLP_CATEGORY_INTEGERS);
    list.n_integers = model->values.n[CMLP_CATEGORY_INTEGERS];
    return list;
}

static int64_t count_categories(const cmlp_model *model, int64_t column)
{
    return model->ranges ? model->ranges[column].n : 0;
}

cmlp_table_kind cmlp_kind_of_column(const cmlp_model *model, int64_t column)
{
    return tensor_at(model, CMLP_COLUMN_KINDS)[column];
}

cmlp_value cmlp_format_of_column(const cmlp_model *model, int64_t column)
{
    const cmlp_value_list formats = list_texts(model, CMLP_FORMAT_ENDS, CMLP_FORMAT_TEXT);
    if (!formats.n) return (cmlp_value){.text = "", .type = CMLP_VALUE_TEXT};
    const cmlp_value_range all = cmlp_all_values(&formats);
    return cmlp_value_at(&formats, &all, column);
}

static cmlp_status check_categories(cmlp_model *model)
{
    const cmlp_value_list list = cmlp_list_categories(model);
    const int64_t n_columns = model->table->n_columns;
    if (list.n && !cmlp_split_values(&list, tensor_at(model, CMLP_CATEGORY_COUNTS), n_columns, model->ranges))
        return CMLP_ERROR_FILE_VALUE;
    int has_text = 0;
    for (int64_t i = 0; i < list.n; i++)
        has_text |= list.types[i] == CMLP_VALUE_TEXT || list.types[i] == CMLP_VALUE_LARGE_INTEGER;
    if (!has_text != !list.ends) return CMLP_ERROR_FILE_VALUE;
    for (int64_t i = 0; i < n_columns; i++) {
        const cmlp_value_range *range = model->ranges ? &model->ranges[i] : NULL;
        const int64_t n = count_categories(model, i);
        if (!cmlp_fits_kind(&model->table->columns[i], cmlp_kind_of_column(model, i), n))
            return CMLP_ERROR_FILE_VALUE;
        if (cmlp_format_of_column(model, i).n_text && !cmlp_is_date_kind(cmlp_kind_of_column(model, i)))
            return CMLP_ERROR_FILE_VALUE;
        if (!range) continue;
        const cmlp_status status = cmlp_check_values(&list, range);
        if (status) return status;
        if (!cmlp_is_in_order(&list, range)) return CMLP_ERROR_FILE_VALUE;
    }
    return cmlp_uses_all_text(&list) ? CMLP_OK : CMLP_ERROR_FILE_VALUE;
}
#endif

cmlp_status cmlp_check_stored_values(cmlp_model *model)
{
    const cmlp_value_list labels = list_labels(model);
    cmlp_status status = labels.n ? check_types(model, &labels) : CMLP_OK;
#if CMLP_CHECKS_VALUES
    if (!status) status = check_texts(model, &labels);
#endif
#if CMLP_BUILDS_TABLES
    if (!status && model->table) status = check_categories(model);
#endif
    return status;
}

#if CMLP_BUILDS_TABLES
/* ------------------------------------------------------------------------------------ columns of a model */

const unsigned char *cmlp_cell_form(const cmlp_model *model) { return tensor_at(model, CMLP_CELL_FORM); }

cmlp_value_list cmlp_list_missing_words(const cmlp_model *model)
{
    return list_texts(model, CMLP_CELL_ENDS, CMLP_CELL_TEXT);
}

static cmlp_value unit_of(cmlp_table_kind kind)
{
    static const char since[] = "days since 1970-01-01";
    switch (kind) {
    case CMLP_TABLE_BOOLEAN: return (cmlp_value){.text = "0 or 1", .n_text = 6};
    case CMLP_TABLE_DATE:
    case CMLP_TABLE_TIME:
    case CMLP_TABLE_INSTANT: return (cmlp_value){.text = since, .n_text = sizeof since - 1};
    case CMLP_TABLE_DURATION: return (cmlp_value){.text = "days", .n_text = 4};
    default: return (cmlp_value){.text = ""};
    }
}

/* Whether a model has this column. */
static cmlp_status check_column(const cmlp_model *model, int64_t column)
{
    const cmlp_status status = cmlp_check_model(model);
    if (status) return status;
    if (!model->table) return CMLP_ERROR_MODEL;
    return column < 0 || column >= model->table->n_columns ? CMLP_ERROR_OPTION : CMLP_OK;
}

double cmlp_unknown_code(const cmlp_model *model, int64_t column)
{
    return model->table->columns[column].role == CMLP_TABLE_ROLE_NUMBER ? NAN : -1;
}

cmlp_status cmlp_table_describe_column(const cmlp_model *model, int64_t column, cmlp_table_column_info *info)
{
    cmlp_table_column_info copy;
    cmlp_status status = check_column(model, column);
    if (!status) status = CMLP_READ(&copy, info, cmlp_table_column_info, role);
    if (status) return status;
    copy = (cmlp_table_column_info){.struct_size = sizeof copy, .kind = cmlp_kind_of_column(model, column), .unknown = -1};
    copy.role = model->table->columns[column].role;
    const cmlp_value unit = unit_of(copy.kind);
    copy.unit = unit.text;
    copy.n_unit = unit.n_text;
    const cmlp_value format = cmlp_format_of_column(model, column);
    copy.format = format.text;
    copy.n_format = format.n_text;
    copy.n_categories = count_categories(model, column);
    copy.unknown = cmlp_unknown_code(model, column);
    const cmlp_value_list names = list_texts(model, CMLP_NAME_ENDS, CMLP_NAME_TEXT);
    if (names.n) {
        const cmlp_value_range all = cmlp_all_values(&names);
        const cmlp_value name = cmlp_value_at(&names, &all, column);
        copy.name = name.text;
        copy.n_name = name.n_text;
    }
    cmlp_write_struct(info, &copy, sizeof copy);
    return CMLP_OK;
}

static cmlp_status find_code(const cmlp_model *model, int64_t column, const cmlp_value *value, double *code)
{
    cmlp_status status = check_column(model, column);
    if (status) return status;
    if (!value || !code) return CMLP_ERROR_NULL;
    if (!count_categories(model, column)) return CMLP_ERROR_OPTION;
    cmlp_value wanted = *value;
    if (wanted.type == CMLP_VALUE_DOUBLE && !cmlp_is_finite(wanted.number)) {
        if (wanted.number != wanted.number) wanted.type = CMLP_VALUE_MISSING;
        wanted.number = 0; /* for the check; the file has no infinite number */
    }
    status = cmlp_check_value(&wanted, 0);
    if (status) return status;
    if (wanted.type == CMLP_VALUE_DOUBLE) wanted.number = value->number;
    const cmlp_value_list list = cmlp_list_categories(model);
    const int64_t found = cmlp_find_value(&list, &model->ranges[column], &wanted);
    *code = found < 0 ? cmlp_unknown_code(model, column) : (double)found;
    return CMLP_OK;
}

cmlp_status cmlp_table_category(const cmlp_model *model, int64_t column, int64_t code, cmlp_value *value)
{
    const cmlp_status status = check_column(model, column);
    if (status) return status;
    if (!value) return CMLP_ERROR_NULL;
    const int64_t n = count_categories(model, column);
    if (!n) return CMLP_ERROR_OPTION;
    if (code < 0 || code >= n) return CMLP_ERROR_LABEL;
    const cmlp_value_list list = cmlp_list_categories(model);
    *value = cmlp_value_at(&list, &model->ranges[column], code);
    return CMLP_OK;
}

cmlp_status cmlp_table_code_of_value(const cmlp_model *model, int64_t column, const cmlp_value *value, double *code)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    const cmlp_status status = find_code(model, column, value, code);
    cmlp_leave_mode(mode);
    return status;
}
#endif
