/* A cell of text as the number of a row: the kind of its column, the format of cells and the categories of a table's file. */
#include <math.h>

#include "../../base/arguments.h"
#include "../../table/cells.h"
#include "../../table/encode_row.h"
#include "model.h"

#if CMLP_BUILD_TABLES
/* A cell, as it is and without the white space around it, and its column. */
typedef struct cell_reader {
    const cmlpi_cell_rules *rules;
    cmlpi_cell cell, trimmed;
    cmlpi_cell form;         /* of the dates of the column; empty for ISO 8601 */
    cmlpi_value_range range; /* of its categories; n is 0 for a column of numbers */
    cmlp_table_column_kind column_kind;
} cell_reader;

static int is_same(cmlpi_cell a, cmlpi_cell b)
{
    const size_t n = (size_t)(a.end - a.at);
    return n == (size_t)(b.end - b.at) && !memcmp(a.at, b.at, n);
}

static cmlpi_cell cell_of(const cmlp_value *text) { return (cmlpi_cell){text->text, text->text + text->n_text}; }

/* Whether the file lists a word for missing values: a cell as it is, or trimmed. */
static int is_listed(const cell_reader *reader, int is_trimmed)
{
    const cmlpi_value_range all = cmlpi_all_values(&reader->rules->missing);
    for (int64_t i = 0; i < all.n; i++) {
        const cmlp_value word = cmlpi_value_at(&reader->rules->missing, &all, i);
        if (!is_trimmed && is_same(cell_of(&word), reader->cell)) return 1;
        if (is_trimmed && is_same(cmlpi_trim_cell(cell_of(&word)), reader->trimmed)) return 1;
    }
    return 0;
}

static int is_missing(const cell_reader *reader)
{
    const cmlpi_cell cell = reader->cell;
    return (reader->rules->has_own_words ? cell.at == cell.end : cmlpi_is_missing_cell(cell)) || is_listed(reader, 0);
}

static int is_missing_number(const cell_reader *reader)
{
    const cmlpi_cell cell = reader->trimmed;
    return (reader->rules->has_own_words ? cell.at == cell.end : cmlpi_is_missing_number(cell)) || is_listed(reader, 1);
}

/* ------------------------------------------------------------------------------------------------- categories */

static int64_t search_categories(const cell_reader *reader, const cmlp_value *wanted)
{
    return cmlpi_find_value(&reader->rules->categories, &reader->range, wanted);
}

/* The code of a category with this value, if its kind is one of two; otherwise -1. */
static int64_t find_kind(const cell_reader *reader, const cmlp_value *wanted, cmlp_value_kind a, cmlp_value_kind b)
{
    const int64_t code = search_categories(reader, wanted);
    if (code < 0) return -1;
    const cmlp_value_kind value_kind = cmlpi_value_at(&reader->rules->categories, &reader->range, code).kind;
    return value_kind == a || value_kind == b ? code : -1;
}

static int64_t find_missing(const cell_reader *reader)
{
    const cmlp_value missing = {.kind = CMLP_VALUE_MISSING};
    return search_categories(reader, &missing);
}

static int64_t find_text(const cell_reader *reader)
{
    const cmlp_value text = {.text = reader->cell.at, .n_text = reader->cell.end - reader->cell.at,
                             .kind = CMLP_VALUE_TEXT};
    return search_categories(reader, &text);
}

static int64_t find_integer(const cell_reader *reader, int64_t integer)
{
    const cmlp_value value = {.integer = integer, .kind = CMLP_VALUE_INTEGER};
    return search_categories(reader, &value);
}

/* An integer of these digits, without leading zeros. `text` has them with a sign before them if it is negative. */
static cmlp_value integer_of(const char *text, int64_t n_text, int is_negative)
{
    const uint64_t most = (uint64_t)INT64_MAX + (uint64_t)is_negative;
    uint64_t magnitude = 0;
    for (int64_t i = is_negative; i < n_text; i++) {
        const uint64_t digit = (uint64_t)(text[i] - '0');
        if (magnitude > (most - digit) / 10)
            return (cmlp_value){.text = text, .n_text = n_text, .kind = CMLP_VALUE_LARGE_INTEGER};
        magnitude = magnitude * 10 + digit;
    }
    const int64_t integer = is_negative && magnitude ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
    return (cmlp_value){.integer = integer, .kind = CMLP_VALUE_INTEGER};
}

/* Whether Python prints an integer so: digits without leading zeros, perhaps behind "-". */
static int is_printed_integer(cmlpi_cell cell)
{
    const char *first = cell.at + (cell.at < cell.end && *cell.at == '-');
    if (first == cell.end || (*first == '0' && cell.end - cell.at > 1)) return 0;
    for (const char *c = first; c < cell.end; c++)
        if (*c < '0' || *c > '9') return 0;
    return 1;
}

/* The code of a category that Python prints as the cell; of 1 and "1" the last one. */
static int64_t find_printed(const cell_reader *reader)
{
    static const cmlpi_cell_format plain = {'.', 0, 0};
    const cmlpi_cell cell = reader->cell;
    const size_t n = (size_t)(cell.end - cell.at);
    const int is_true = n == 4 && !memcmp(cell.at, "True", n), is_false = n == 5 && !memcmp(cell.at, "False", n);
    char digits[CMLPI_CELL_DIGITS];
    cmlpi_number number;
    cmlp_value value;
    int64_t code = -1;
    if (is_true || is_false) {
        value = (cmlp_value){.integer = is_true, .kind = CMLP_VALUE_BOOLEAN};
        code = find_kind(reader, &value, CMLP_VALUE_BOOLEAN, CMLP_VALUE_BOOLEAN);
    } else if (is_printed_integer(cell)) {
        value = integer_of(cell.at, (int64_t)n, *cell.at == '-');
        code = find_kind(reader, &value, CMLP_VALUE_INTEGER, CMLP_VALUE_LARGE_INTEGER);
    } else if (cmlpi_read_cell_number(cell, plain, &number, digits)) {
        value = (cmlp_value){.number = number.value, .kind = CMLP_VALUE_DOUBLE};
        code = find_kind(reader, &value, CMLP_VALUE_DOUBLE, CMLP_VALUE_DOUBLE);
        if (code >= 0 && !cmlpi_is_printed_double(cell, number.value)) code = -1;
    }
    const int64_t text = find_text(reader);
    return text > code ? text : code;
}

/* The code of a category with the value of a cell that is a number; otherwise -1. */
static int64_t find_number(const cell_reader *reader)
{
    char digits[CMLPI_CELL_DIGITS], text[CMLPI_CELL_DIGITS + 1];
    cmlpi_number number;
    if (!cmlpi_read_cell_number(reader->trimmed, reader->rules->format, &number, digits)) return -1;
    if (number.n_digits >= 0) {
        const int is_negative = number.value < 0;
        text[0] = '-';
        memcpy(text + is_negative, number.digits, (size_t)number.n_digits);
        const cmlp_value exact = integer_of(text, number.n_digits + is_negative, is_negative);
        const int64_t code = search_categories(reader, &exact);
        if (code >= 0) return code;
    }
    const cmlp_value nearest = {.number = number.value, .kind = CMLP_VALUE_DOUBLE};
    return search_categories(reader, &nearest);
}

static int has_numbers(const cell_reader *reader)
{
    for (int64_t i = 0; i < reader->range.n; i++) {
        const cmlp_value_kind value_kind = cmlpi_value_at(&reader->rules->categories, &reader->range, i).kind;
        if (value_kind != CMLP_VALUE_MISSING && value_kind != CMLP_VALUE_TEXT) return 1;
    }
    return 0;
}

/* A category wins over a missing value of the same text. */
static int64_t category_of_cell(const cell_reader *reader)
{
    const int boolean = cmlpi_cell_boolean(reader->trimmed);
    int64_t code = find_printed(reader);
    if (code < 0) code = find_number(reader);
    if (code < 0 && boolean >= 0) code = find_integer(reader, boolean);
    if (code < 0 && (is_missing(reader) || (is_missing_number(reader) && has_numbers(reader)))) code = find_missing(reader);
    return code;
}

/* ------------------------------------------------------------------------------------------ numbers and dates */

static cmlp_status read_number(const cell_reader *reader, double *result)
{
    char digits[CMLPI_CELL_DIGITS];
    cmlpi_number number;
    const int boolean = reader->column_kind == CMLP_TABLE_COLUMN_BOOLEAN ? cmlpi_cell_boolean(reader->trimmed) : -1;
    *result = NAN;
    if (is_missing_number(reader)) return CMLP_OK;
    if (boolean >= 0) {
        *result = boolean;
        return CMLP_OK;
    }
    const int is_number = cmlpi_read_cell_number(reader->trimmed, reader->rules->format, &number, digits);
    if (!is_number || number.value - number.value != 0 || reader->column_kind == CMLP_TABLE_COLUMN_DURATION)
        return CMLP_ERROR_CELL;
    *result = number.value;
    return CMLP_OK;
}

static cmlp_status read_date(const cell_reader *reader, cmlpi_cell_date *date)
{
    const int is_plain = reader->form.at == reader->form.end;
    if (!(is_plain ? cmlpi_read_cell_date(reader->trimmed, date) : cmlpi_read_date_of_form(reader->trimmed, reader->form, date)))
        return CMLP_ERROR_CELL;
    const int is_instant = date->form == CMLPI_CELL_INSTANT;
    return is_instant == (reader->column_kind == CMLP_TABLE_COLUMN_INSTANT) ? CMLP_OK : CMLP_ERROR_CELL;
}

/* The category of a date is a text. */
static cmlp_status find_date(const cell_reader *reader, int64_t *code)
{
    cmlpi_cell_date date;
    char text[CMLPI_DATE_TEXT];
    if (is_missing_number(reader)) {
        *code = find_missing(reader);
    } else {
        const cmlp_status status = read_date(reader, &date);
        if (status) return status;
        const int n = cmlpi_write_cell_date(date.microseconds, (int)reader->column_kind - CMLP_TABLE_COLUMN_DATE, text);
        cell_reader written = *reader;
        written.cell = (cmlpi_cell){text, text + n};
        *code = find_text(&written);
    }
    return CMLP_OK;
}

static cmlp_status read_days(const cell_reader *reader, double *days)
{
    cmlpi_cell_date date;
    *days = NAN;
    if (is_missing_number(reader)) return CMLP_OK;
    const cmlp_status status = read_date(reader, &date);
    if (!status) *days = (double)date.microseconds / 86400000000.0;
    return status;
}

cmlp_status cmlpi_read_cell(const cmlp_model *model, const cmlpi_cell_rules *rules, int64_t column, const cmlp_value *text,
                            cmlpi_found *found)
{
    static const cmlp_value empty = {.text = ""};
    cmlp_status status = CMLP_OK;
    double number = 0;
    int64_t category = 0;
    cell_reader reader = {.rules = rules, .cell = cell_of(text->n_text ? text : &empty),
                          .column_kind = cmlpi_kind_of_column(model, column)};
    const int is_date = cmlpi_is_date_kind(reader.column_kind);
    if (is_date) {
        const cmlp_value format = cmlpi_format_of_column(model, column);
        reader.form = cell_of(&format);
    }
    if (rules->format.of_spreadsheets) reader.cell = cmlpi_text_of_formula(reader.cell);
    reader.trimmed = cmlpi_trim_cell(reader.cell);
    if (model->ranges) reader.range = model->ranges[column];
    const int is_category = reader.column_kind == CMLP_TABLE_COLUMN_CATEGORY;
    if (is_date)
        status = reader.range.n ? find_date(&reader, &category) : read_days(&reader, &number);
    else if (is_category && !reader.range.n) /* of an unused column */
        number = is_missing(&reader) ? NAN : 0;
    else if (!reader.range.n)
        status = read_number(&reader, &number);
    else
        category = category_of_cell(&reader);
    if (status) return status;
    found->number = reader.range.n ? cmlpi_code_of(model, column, category) : number;
    found->state = CMLP_CELL_USUAL;
    if (!model->table) return CMLP_OK;
    const cmlp_table_column *c = &model->table->columns[column];
    if (c->role != CMLP_TABLE_ROLE_CATEGORY && cmlpi_is_missing(c, found->number)) found->number = NAN;
    if (found->number != found->number) found->state = CMLP_CELL_MISSING;
    if (!reader.range.n || category >= 0) return CMLP_OK;
    const int is_missing_text = is_missing(&reader) || (is_missing_number(&reader) && has_numbers(&reader));
    found->state = is_missing_text ? CMLP_CELL_MISSING : CMLP_CELL_UNKNOWN;
    return CMLP_OK;
}
#endif
