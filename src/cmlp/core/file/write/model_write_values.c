/* Writes labels, names and categories as tensors: docs/model-file.md. Their elements are made from the caller's values
 * each time that the writer needs them. */
#include "../../base/arguments.h"
#include "model_writer.h"

#if CMLP_BUILD_TRAINING
/* The lists of values. Categories have one for each column. */
typedef enum value_source { LABEL_LIST, NAME_LIST, TARGET_LIST, WORD_LIST, FORMAT_LIST, CATEGORY_LIST } value_source;

static value_source list_of(int tensor)
{
    if (tensor >= CMLPI_LABEL_ENDS && tensor <= CMLPI_LABEL_TYPE) return LABEL_LIST;
    if (tensor == CMLPI_NAME_ENDS || tensor == CMLPI_NAME_TEXT) return NAME_LIST;
    if (tensor == CMLPI_CELL_ENDS || tensor == CMLPI_CELL_TEXT) return WORD_LIST;
    if (tensor == CMLPI_FORMAT_ENDS || tensor == CMLPI_FORMAT_TEXT) return FORMAT_LIST;
    return tensor == CMLPI_TARGET_ENDS || tensor == CMLPI_TARGET_TEXT ? TARGET_LIST : CATEGORY_LIST;
}

static int64_t columns_of(const cmlpi_writer *w, value_source list)
{
    if (list != CATEGORY_LIST) return 1;
    return w->table ? w->table->n_columns : 0;
}

static int has_formats(const cmlp_table *table)
{
    for (int64_t i = 0; i < table->n_columns; i++)
        if (table->columns[i].n_format) return 1;
    return 0;
}

static int64_t count_of(const cmlpi_writer *w, value_source list, int64_t column)
{
    const cmlp_table *table = w->table;
    if (list == LABEL_LIST) return w->content->n_labels;
    if (list == WORD_LIST) return w->cells.n_missing;
    if (!table) return list == NAME_LIST ? w->content->n_names : 0;
    if (list == FORMAT_LIST) return has_formats(table) ? table->n_columns : 0;
    if (list == NAME_LIST) return table->columns[0].name ? table->n_columns : 0;
    if (list == TARGET_LIST) return table->n_targets > 1 && table->targets[0].name ? table->n_targets : 0;
    return cmlpi_listed_values(&table->columns[column]);
}

/* Value i of a list or column, with the text that the file has. `buffer` may be needed for the text of a label. */
static cmlp_value value_of(const cmlpi_writer *w, value_source list, int64_t column, int64_t i, char buffer[CMLPI_PRINTED])
{
    cmlp_value value = {.kind = CMLP_VALUE_TEXT};
    if (list == LABEL_LIST) return cmlpi_with_text(&w->content->labels[i], buffer);
    if (list == WORD_LIST) return w->cells.missing[i];
    if (list == NAME_LIST && !w->table) return w->content->names[i];
    if (list == CATEGORY_LIST && w->table->columns[column].categories) return w->table->columns[column].categories[i];
    if (list == CATEGORY_LIST) return (cmlp_value){.integer = i, .kind = CMLP_VALUE_INTEGER};
    if (list == FORMAT_LIST) {
        value.text = w->table->columns[i].format ? w->table->columns[i].format : "";
        value.n_text = w->table->columns[i].n_format;
        return value;
    }
    value.text = list == NAME_LIST ? w->table->columns[i].name : w->table->targets[i].name;
    value.n_text = list == NAME_LIST ? w->table->columns[i].n_name : w->table->targets[i].n_name;
    return value;
}

/* ---------------------------------------------------------------------------------------------- checks */

static cmlp_status check_list(const cmlpi_writer *w, value_source list, int64_t column, int64_t *bad)
{
    char buffer[CMLPI_PRINTED];
    const int64_t n = count_of(w, list, column);
    for (int64_t i = 0; i < n; i++) {
        const cmlp_value value = value_of(w, list, column, i, buffer);
        const cmlp_status status = cmlpi_check_value(&value, list == LABEL_LIST ? CMLPI_LABEL_VALUE : CMLPI_CATEGORY_VALUE);
        *bad = i;
        if (value.padding || value.reserved) return CMLP_ERROR_OPTION;
        if (status) return status == CMLP_ERROR_OPTION ? CMLP_ERROR_VALUE : status;
    }
    *bad = -1;
    return CMLP_OK;
}

/* The kind that follows from the labels and targets. Two labels of a network with two logistic outputs are those of a network:
 * a classifier has one logistic output for them, or two of softmax. */
static cmlp_model_kind usual_kind(const cmlpi_writer *w, const cmlpi_model_outputs *outputs)
{
    const cmlp_value *labels = w->content->labels;
    if (outputs->has_targets) return CMLP_MODEL_REGRESSOR;
    if (!w->table) return cmlpi_fits_kind(CMLP_MODEL_CLASSIFIER, outputs) ? CMLP_MODEL_CLASSIFIER : CMLP_MODEL_NETWORK;
    const int is_cumulative = outputs->n_labels == outputs->n + 1;
    const int is_descending = outputs->n_labels == 2 && cmlpi_compare_values(&labels[0], &labels[1]) > 0;
    return is_cumulative && (outputs->n > 1 || is_descending) ? CMLP_MODEL_ORDERED : CMLP_MODEL_CLASSIFIER;
}

/* Checks the number of labels, and each of them alone. */
static cmlp_status check_label_list(const cmlpi_writer *w, int64_t *bad)
{
    const cmlp_value *labels = w->content->labels;
    const int64_t n = w->content->n_labels, n_outputs = cmlpi_n_out(w->net);
    const int is_logistic = cmlpi_output_activation(w->net) == CMLP_ACTIVATION_LOGISTIC;
    if (n < 0) return CMLP_ERROR_OPTION;
    if (!n) return CMLP_OK;
    if (!labels) return CMLP_ERROR_NULL;
    if (cmlpi_misaligned(labels, CMLPI_ALIGNOF(cmlp_value))) return CMLP_ERROR_ALIGNMENT;
    if (!is_logistic && cmlpi_output_activation(w->net) != CMLP_ACTIVATION_SOFTMAX) return CMLP_ERROR_VALUE;
    const int is_cumulative = is_logistic && n == n_outputs + 1 && (n == 2 || (w->table && n <= CMLPI_MAX_RANKS));
    if (n != n_outputs && !is_cumulative) return CMLP_ERROR_VALUE;
    return check_list(w, LABEL_LIST, 0, bad);
}

static cmlp_value given_label(const void *list, int64_t i) { return ((const cmlp_value *)list)[i]; }

static cmlp_status compare_labels(const cmlpi_writer *w, int64_t *bad)
{
    const cmlpi_labels labels = {given_label, w->content->labels, w->model_kind};
    for (*bad = 0; *bad < w->content->n_labels; ++*bad)
        if (!cmlpi_is_label(&labels, *bad)) return CMLP_ERROR_VALUE;
    *bad = -1;
    return CMLP_OK;
}

cmlp_status cmlpi_read_labels(cmlpi_writer *w, cmlp_run *run)
{
    const cmlpi_model_outputs outputs = {.is_table = w->table != NULL,
                                         .has_targets = w->table && w->table->targets,
                                         .loss = w->net->loss,
                                         .activation = cmlpi_output_activation(w->net),
                                         .n = cmlpi_n_out(w->net),
                                         .n_labels = w->content->n_labels};
    cmlp_status status = check_label_list(w, &run->bad_element);
    if (status) return cmlpi_refuse(&run->refused, status, "content->labels");
    w->model_kind = w->content->kind ? w->content->kind : usual_kind(w, &outputs);
    if (!cmlpi_fits_kind(w->model_kind, &outputs)) return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "content->kind");
    status = compare_labels(w, &run->bad_element);
    return status ? cmlpi_refuse(&run->refused, status, "content->labels") : CMLP_OK;
}

/* Checks n texts of a program. */
static cmlp_status check_texts(const cmlpi_writer *w, value_source list, const cmlp_value *values, int64_t n,
                               int64_t *bad)
{
    if (n < 0 || (values && !n)) return CMLP_ERROR_OPTION;
    if (n && !values) return CMLP_ERROR_NULL;
    if (n > CMLPI_MAX_COUNT) return CMLP_ERROR_OVERFLOW;
    if (cmlpi_misaligned(values, CMLPI_ALIGNOF(cmlp_value))) return CMLP_ERROR_ALIGNMENT;
    for (int64_t i = 0; i < n; i++) {
        if (values[i].kind == CMLP_VALUE_TEXT) continue;
        *bad = i;
        return CMLP_ERROR_VALUE;
    }
    return check_list(w, list, 0, bad);
}

static cmlp_status read_cells(cmlpi_writer *w, int64_t *bad)
{
    cmlp_cell_format *const cells = &w->cells;
    if (!w->content->cells) return CMLP_OK;
    const cmlp_status status = CMLPI_READ(cells, w->content->cells, cmlp_cell_format, of_spreadsheets);
    if (status) return status;
    if (!cmlpi_is_cell_form(cells->decimal, cells->thousands)) return CMLP_ERROR_VALUE;
    if (cells->has_own_words < 0 || cells->has_own_words > 1) return CMLP_ERROR_OPTION;
    if (cells->of_spreadsheets < 0 || cells->of_spreadsheets > 1) return CMLP_ERROR_OPTION;
    return check_texts(w, WORD_LIST, cells->missing, cells->n_missing, bad);
}

/* Checks the names of a network's inputs. */
static cmlp_status check_input_names(const cmlpi_writer *w, int64_t *bad)
{
    const cmlp_model_content *content = w->content;
    if (w->table) return content->names || content->n_names ? CMLP_ERROR_OPTION : CMLP_OK;
    if (content->n_names && content->n_names != cmlpi_n_in(w->net)) return CMLP_ERROR_LENGTH;
    return check_texts(w, NAME_LIST, content->names, content->n_names, bad);
}

#if CMLP_BUILD_TABLES
/* Checks that all columns or targets have names, or none. */
static cmlp_status check_names(const cmlpi_writer *w, value_source list, int64_t n, int64_t *bad)
{
    const int has_names = count_of(w, list, 0) != 0;
    char buffer[CMLPI_PRINTED];
    for (int64_t i = 0; i < n; i++) {
        const cmlp_value name = value_of(w, list, 0, i, buffer);
        *bad = i;
        if (!has_names && (name.text || name.n_text)) return CMLP_ERROR_OPTION;
        if (has_names && (!name.text || name.n_text < 0)) return CMLP_ERROR_OPTION;
    }
    return check_list(w, list, 0, bad);
}

static cmlp_table_column_kind kind_of(const cmlpi_writer *w, int64_t column)
{
    const cmlp_table_column *c = &w->table->columns[column];
    return c->kind ? c->kind : cmlpi_default_kind(c->role, count_of(w, CATEGORY_LIST, column));
}

/* Checks that only columns of dates have a form. */
static cmlp_status check_formats(const cmlpi_writer *w, int64_t *bad)
{
    for (int64_t i = 0; i < w->table->n_columns; i++) {
        const cmlp_table_column *column = &w->table->columns[i];
        *bad = i;
        if (column->n_format < 0 || (column->format && !column->n_format)) return CMLP_ERROR_OPTION;
        if (!column->n_format) continue;
        if (!column->format) return CMLP_ERROR_NULL;
        if (!cmlpi_is_date_kind(kind_of(w, i))) return CMLP_ERROR_OPTION;
    }
    *bad = -1;
    return check_list(w, FORMAT_LIST, 0, bad);
}

/* Whether `has_missing` is what the list of a column of categories says: in the order of values, a missing one is the first. */
static int has_code_of_missing(const cmlp_table_column *column, const int32_t *order)
{
    const int is_listed = column->categories && column->categories[order[0]].kind == CMLP_VALUE_MISSING;
    const int64_t code = is_listed && order[0] < column->n_categories ? order[0] : -1;
    return column->role != CMLP_TABLE_ROLE_CATEGORY || column->has_missing == code + 1;
}

static cmlp_status check_categories(const cmlpi_writer *w, int64_t *bad)
{
    int32_t *order = w->order;
    for (int64_t i = 0; i < w->table->n_columns; i++) {
        const cmlp_table_column *column = &w->table->columns[i];
        const int64_t n = count_of(w, CATEGORY_LIST, i);
        *bad = i;
        if (!cmlpi_allows_kind(column, kind_of(w, i), n)) return CMLP_ERROR_OPTION;
        if (!column->categories) {
            if (!has_code_of_missing(column, order)) return CMLP_ERROR_OPTION;
            for (int64_t k = 0; k < n; k++) *order++ = (int32_t)k;
            continue;
        }
        int64_t code; /* the column is reported */
        const cmlp_status status = check_list(w, CATEGORY_LIST, i, &code);
        if (status) return status;
        cmlpi_sort_values(column->categories, n, cmlpi_compare_values, order);
        for (int64_t k = 0; k < n; k++) {
            const cmlp_value *values = column->categories;
            if (k && cmlpi_compare_values(&values[order[k - 1]], &values[order[k]]) >= 0) return CMLP_ERROR_VALUE;
        }
        if (!has_code_of_missing(column, order)) return CMLP_ERROR_OPTION;
        order += n;
    }
    *bad = -1;
    return CMLP_OK;
}
#endif

cmlp_status cmlpi_read_given_values(cmlpi_writer *w, cmlp_run *run)
{
    const char **const refused = &run->refused;
    cmlp_status status = check_input_names(w, &run->bad_element);
    if (status) return cmlpi_refuse(refused, status, "content->names");
    status = read_cells(w, &run->bad_element);
    if (status) return cmlpi_refuse(refused, status, "content->cells");
#if CMLP_BUILD_TABLES
    if (!w->table) return CMLP_OK;
    status = check_names(w, NAME_LIST, w->table->n_columns, &run->bad_element);
    if (!status) status = check_formats(w, &run->bad_element);
    if (!status) status = check_categories(w, &run->bad_element);
    if (status) return cmlpi_refuse(refused, status, "table->columns");
    status = check_names(w, TARGET_LIST, w->table->n_targets, &run->bad_element);
    if (status) return cmlpi_refuse(refused, status, "table->targets");
#endif
    return CMLP_OK;
}

/* --------------------------------------------------------------------------------------------- tensors */

static void put_little(sink *s, uint64_t bits, int bytes)
{
    for (int i = 0; i < bytes; i++) put_byte(s, (unsigned)(bits >> 8 * i & 255));
}

/* Whether a tensor has elements for a column: those that a value of the column needs. */
static int needs(const cmlpi_writer *w, int tensor, value_source list, int64_t column)
{
    const int of_numbers = tensor == CMLPI_LABEL_NUMBERS || tensor == CMLPI_CATEGORY_NUMBERS;
    const int of_integers = tensor == CMLPI_LABEL_INTEGERS || tensor == CMLPI_CATEGORY_INTEGERS;
    char buffer[CMLPI_PRINTED];
    if (!of_numbers && !of_integers && tensor != CMLPI_CATEGORY_ENDS) return 1;
    for (int64_t i = 0; i < count_of(w, list, column); i++) {
        const cmlp_value_kind value_kind = value_of(w, list, column, i, buffer).kind;
        if (of_numbers && value_kind == CMLP_VALUE_DOUBLE) return 1;
        if (of_integers && (value_kind == CMLP_VALUE_INTEGER || value_kind == CMLP_VALUE_BOOLEAN)) return 1;
        if (!of_numbers && !of_integers && (value_kind == CMLP_VALUE_TEXT || value_kind == CMLP_VALUE_LARGE_INTEGER)) return 1;
    }
    return 0;
}

/* Writes what a tensor has of a value. *end is the end of the texts. */
static void put_value(sink *s, int tensor, const cmlp_value *value, int64_t *end)
{
    uint64_t bits;
    const double number = tensor == CMLPI_CATEGORY_NUMBERS ? value->number + 0.0 : value->number; /* not -0 */
    switch (tensor) {
    case CMLPI_CATEGORY_TYPES: put_byte(s, (unsigned)value->kind); break;
    case CMLPI_CATEGORY_INTEGERS:
    case CMLPI_LABEL_INTEGERS: put_little(s, (uint64_t)value->integer, 8); break;
    case CMLPI_CATEGORY_NUMBERS:
    case CMLPI_LABEL_NUMBERS:
        memcpy(&bits, &number, sizeof bits);
        put_little(s, bits, 8);
        break;
    case CMLPI_CATEGORY_TEXT:
    case CMLPI_CELL_TEXT:
    case CMLPI_FORMAT_TEXT:
    case CMLPI_LABEL_TEXT:
    case CMLPI_NAME_TEXT:
    case CMLPI_TARGET_TEXT:
        for (int64_t i = 0; i < value->n_text; i++) put_byte(s, (unsigned char)value->text[i]);
        break;
    default: put_little(s, (uint64_t)(*end += value->n_text), 8);
    }
}

static void put_tensor_values(sink *s, const cmlpi_writer *w, int tensor)
{
    const value_source list = list_of(tensor);
    const int64_t n_columns = columns_of(w, list);
    int64_t end = 0, n_ends = 0;
    char buffer[CMLPI_PRINTED];
    for (int64_t i = 0; i < n_columns; i++) n_ends += needs(w, tensor, list, i);
    for (int64_t i = 0; i < n_columns; i++) {
        if (tensor == CMLPI_CATEGORY_ENDS ? !n_ends : !needs(w, tensor, list, i)) continue;
        for (int64_t k = 0; k < count_of(w, list, i); k++) {
            const cmlp_value value = value_of(w, list, i, k, buffer);
            put_value(s, tensor, &value, &end);
        }
    }
}

void cmlpi_write_values(sink *s, const cmlpi_writer *w, int tensor)
{
    int64_t n = 0;
    for (int64_t i = 0; i < columns_of(w, CATEGORY_LIST); i++) n += count_of(w, CATEGORY_LIST, i);
    switch (tensor) {
    case CMLPI_LABEL_TYPE:
        if (w->content->n_labels) put_byte(s, (unsigned)w->content->labels[0].kind);
        return;
    case CMLPI_CATEGORY_COUNTS:
        for (int64_t i = 0; n && i < columns_of(w, CATEGORY_LIST); i++)
            put_little(s, (uint64_t)count_of(w, CATEGORY_LIST, i), 8);
        return;
    case CMLPI_CATEGORY_ORDER:
        for (int64_t i = 0; i < n; i++) put_little(s, (uint64_t)w->order[i], 4);
        return;
    case CMLPI_CALIBRATION_KIND:
        if (!w->calibration) return;
        put_little(s, (uint64_t)w->calibration->kind, 4);
        put_little(s, w->calibration->is_held_out ? 1 : 2, 4);
        return;
    case CMLPI_CELL_FORM:
        if (!w->content->cells) return;
        put_byte(s, (unsigned)w->cells.decimal);
        put_byte(s, (unsigned)w->cells.thousands);
        if (w->cells.has_own_words || w->cells.of_spreadsheets)
            put_byte(s, (w->cells.has_own_words ? CMLPI_OWN_WORDS : 0) | (w->cells.of_spreadsheets ? CMLPI_OF_SPREADSHEETS : 0));
        return;
#if CMLP_BUILD_TABLES
    case CMLPI_COLUMN_KINDS:
        for (int64_t i = 0; i < columns_of(w, CATEGORY_LIST); i++) put_byte(s, (unsigned)kind_of(w, i));
        return;
#endif
    default: put_tensor_values(s, w, tensor);
    }
}

cmlp_status cmlpi_list_values(cmlpi_writer *w)
{
    for (int i = 0; i < CMLPI_N_VALUE_TENSORS; i++) {
        sink count = {.bytes = 0};
        cmlpi_write_values(&count, w, i);
        const uint64_t n = count.bytes / cmlpi_bytes_of(cmlpi_value_tensors[i].dtype);
        if (n > CMLPI_MAX_COUNT) return CMLP_ERROR_OVERFLOW;
        const cmlpi_value_tensor *tensor = &cmlpi_value_tensors[i];
        if (n) w->own[w->n_own++] = cmlpi_array_of(tensor->name, NULL, (int64_t)n, 0, tensor->dtype);
    }
    for (int32_t i = 1; i < w->n_own; i++)
        for (int32_t k = i; k > 0 && cmlpi_order_of(w->own[k - 1].name, w->own[k].name) > 0; k--) {
            const cmlp_model_array moved = w->own[k];
            w->own[k] = w->own[k - 1];
            w->own[k - 1] = moved;
        }
    return CMLP_OK;
}
#endif
