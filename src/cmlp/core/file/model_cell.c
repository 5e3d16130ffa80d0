/* A cell of text as the number of a row: the kind of its column and the format of cells in the head of a table's file. */
#include <math.h>

#include "../base/arguments.h"
#include "../table/cells.h"
#include "model.h"
#include "model_category.h"

#if CMLP_BUILDS_CELLS
/* What a column holds: the words of the metadata key "column_kinds". */
typedef enum column_kind { NUMBER, BOOLEAN, DATE, TIME, INSTANT, DURATION, CATEGORY, ORDERED, N_KINDS } column_kind;

/* Moves to the value of a metadata key. Returns 0 if there is none. */
static int find_value(const cmlp_model *model, const char *key, cmlp_text *t)
{
    const char *text;
    size_t length;
    if (cmlp_model_metadata(model, key, &text, &length)) return 0;
    *t = (cmlp_text){text, text + length, 1};
    return 1;
}

/* Without a list of kinds, columns are numbers, or categories if they have some. */
static cmlp_status read_kind(const cmlp_model *model, int64_t column, int has_categories, column_kind *kind)
{
    static const char *const words[] = {"\"number\"",  "\"boolean\"",  "\"date\"",     "\"time\"",
                                        "\"instant\"", "\"duration\"", "\"category\"", "\"ordered\""};
    cmlp_text t;
    *kind = has_categories ? CATEGORY : NUMBER;
    if (!find_value(model, "column_kinds", &t)) return CMLP_OK;
    if (!cmlp_text_pass(&t, "[")) return CMLP_ERROR_FILE_SYNTAX;
    for (int64_t i = 0; i < column; i++)
        if (!cmlp_text_value(&t) || !cmlp_text_pass(&t, ",")) return CMLP_ERROR_FILE_SYNTAX;
    int i = 0;
    while (i < N_KINDS && !cmlp_text_pass(&t, words[i])) i++;
    *kind = (column_kind)i;
    return i < N_KINDS ? CMLP_OK : CMLP_ERROR_FILE_SYNTAX;
}

/* Reads one of the characters in quotes; 0 is the empty text. Returns -1 if it is none of them. */
static int read_character(cmlp_text *t, const char *characters)
{
    if (cmlp_text_pass(t, "\"\"")) return 0;
    if (!cmlp_text_pass(t, "\"")) return -1;
    const int32_t c = cmlp_text_letter(t);
    while (*characters && (unsigned char)*characters != c) characters++;
    return *characters && cmlp_text_pass(t, "\"") ? c : -1;
}

/* Reads the format of cells, and moves to the list of words for missing values, which is empty without a format. */
static cmlp_status read_format(const cmlp_model *model, cmlp_cell_format *format, cmlp_text *missing)
{
    static const char nothing[] = "";
    cmlp_text t;
    *format = (cmlp_cell_format){'.', 0};
    *missing = (cmlp_text){nothing, nothing, 0};
    if (!find_value(model, "cells", &t)) return CMLP_OK;
    if (!cmlp_text_pass(&t, "{\"decimal\":")) return CMLP_ERROR_FILE_SYNTAX;
    const int decimal = read_character(&t, ".,");
    if (decimal <= 0 || !cmlp_text_pass(&t, ",\"thousands\":")) return CMLP_ERROR_FILE_SYNTAX;
    const int thousands = read_character(&t, ",. '");
    if (thousands < 0 || thousands == decimal || !cmlp_text_pass(&t, ",\"missing\":[")) return CMLP_ERROR_FILE_SYNTAX;
    *format = (cmlp_cell_format){(char)decimal, (char)thousands};
    *missing = t;
    return CMLP_OK;
}

/* Whether a text of the file is the cell, but for white space around both. */
static int is_trimmed_text(cmlp_text t, cmlp_cell cell)
{
    int32_t code = 0;
    int is_inside = 0; /* whether a letter came that is no space */
    if (!cmlp_text_pass(&t, "\"")) return 0;
    for (; (code = cmlp_text_letter(&t)) >= 0;) {
        char bytes[4];
        size_t n = 0;
        const int is_space = cmlp_is_space(code);
        if (is_space && (!is_inside || cell.at == cell.end)) continue;
        cmlp_text_append(code, bytes, &n);
        if ((size_t)(cell.end - cell.at) < n || memcmp(cell.at, bytes, n)) return 0;
        cell.at += n;
        is_inside = 1;
    }
    return code == CMLP_TEXT_END && cell.at == cell.end;
}

/* Whether the file lists a word for missing values: a cell as it is, or trimmed. */
static int is_listed(cmlp_text missing, cmlp_cell cell, int is_trimmed)
{
    do {
        if (!is_trimmed && cmlp_is_text(missing, cell.at, (size_t)(cell.end - cell.at))) return 1;
        if (is_trimmed && is_trimmed_text(missing, cell)) return 1;
    } while (cmlp_text_value(&missing) && cmlp_text_pass(&missing, ","));
    return 0;
}

/* A cell, as it is and without the white space around it; how it is read. */
typedef struct cell_reader {
    cmlp_cell cell, trimmed;
    cmlp_cell_format format;
    cmlp_text missing; /* the words of the file for missing values */
} cell_reader;

static int is_missing(const cell_reader *reader)
{
    return cmlp_is_missing_cell(reader->cell) || is_listed(reader->missing, reader->cell, 0);
}

static int is_missing_number(const cell_reader *reader)
{
    return cmlp_is_missing_number(reader->trimmed) || is_listed(reader->missing, reader->trimmed, 1);
}

/* ------------------------------------------------------------------------------------------------- categories */

/* The code of a category by each rule; -1 if none is found. */
typedef struct found_codes {
    int64_t text, integer, number, boolean, missing;
    int has_numbers; /* whether a category is one */
} found_codes;

/* Whether a category is the cell as Python prints it. */
static int is_printed(cmlp_text t, cmlp_text end, cmlp_cell cell)
{
    const size_t n = (size_t)(cell.end - cell.at);
    if (cmlp_text_pass(&t, "null")) return 0;
    if (cmlp_text_pass(&t, "true")) return n == 4 && !memcmp(cell.at, "True", n);
    if (cmlp_text_pass(&t, "false")) return n == 5 && !memcmp(cell.at, "False", n);
    if (*t.at == '"' || *t.at == '\\') return cmlp_is_text(t, cell.at, n);
    return n == (size_t)(end.at - t.at) && !memcmp(cell.at, t.at, n);
}

static cmlp_status find_codes(const cmlp_table_categories *categories, const cell_reader *reader, found_codes *found)
{
    const int boolean = cmlp_cell_boolean(reader->trimmed);
    const cmlp_number truth = {boolean, 1, NULL, -1};
    char digits[CMLP_CELL_DIGITS];
    cmlp_number number, one;
    const int is_number = cmlp_read_cell_number(reader->trimmed, reader->format, &number, digits);
    const cmlp_number nearest = {number.value, 1, NULL, -1};
    cmlp_text t = {categories->list, (const char *)categories->list + categories->list_size, 1};
    *found = (found_codes){-1, -1, -1, -1, -1, 0};
    for (int64_t i = 0; i < categories->n; i++, cmlp_text_pass(&t, ",")) {
        cmlp_text value = t, first = t;
        if (!cmlp_text_value(&t)) return CMLP_ERROR_FILE_SYNTAX;
        if (is_printed(value, t, reader->cell)) found->text = i; /* of 1 and "1" the last one */
        if (cmlp_text_pass(&first, "null")) found->missing = i;
        if (!cmlp_read_number(value, &one)) continue;
        found->has_numbers = 1;
        if (is_number && number.n_digits >= 0 && cmlp_equal_numbers(&one, &number)) found->integer = i;
        if (is_number && cmlp_equal_numbers(&one, &nearest)) found->number = i;
        if (boolean >= 0 && cmlp_equal_numbers(&one, &truth)) found->boolean = i;
    }
    return CMLP_OK;
}

/* A category wins over a missing value of the same text. */
static cmlp_status find_category(const cmlp_table_categories *categories, const cell_reader *reader, double *code)
{
    found_codes found;
    const cmlp_status status = find_codes(categories, reader, &found);
    if (status) return status;
    int64_t i = found.text;
    if (i < 0) i = found.integer;
    if (i < 0) i = found.number;
    if (i < 0) i = found.boolean;
    if (i < 0 && (is_missing(reader) || (found.has_numbers && is_missing_number(reader)))) i = found.missing;
    *code = i < 0 ? categories->unknown : (double)i;
    return CMLP_OK;
}

/* ------------------------------------------------------------------------------------------ numbers and dates */

static cmlp_status read_number(const cell_reader *reader, column_kind kind, double *result)
{
    char digits[CMLP_CELL_DIGITS];
    cmlp_number number;
    const int boolean = kind == BOOLEAN ? cmlp_cell_boolean(reader->trimmed) : -1;
    *result = NAN;
    if (is_missing_number(reader)) return CMLP_OK;
    if (boolean >= 0) {
        *result = boolean;
        return CMLP_OK;
    }
    const int is_number = cmlp_read_cell_number(reader->trimmed, reader->format, &number, digits);
    if (!is_number || number.value - number.value != 0 || kind == DURATION) return CMLP_ERROR_INPUT;
    *result = number.value;
    return CMLP_OK;
}

static cmlp_status read_date(const cell_reader *reader, column_kind kind, cmlp_cell_date *date)
{
    if (!cmlp_read_cell_date(reader->trimmed, date)) return CMLP_ERROR_INPUT;
    return (date->form == CMLP_CELL_INSTANT) == (kind == INSTANT) ? CMLP_OK : CMLP_ERROR_INPUT;
}

/* The category of a date is a text. */
static cmlp_status find_date(const cmlp_table_categories *categories, cell_reader *reader, column_kind kind, double *code)
{
    cmlp_cell_date date;
    found_codes found;
    char text[CMLP_DATE_TEXT];
    int n = 0;
    const int is_absent = is_missing_number(reader);
    cmlp_status status = is_absent ? CMLP_OK : read_date(reader, kind, &date);
    if (!status && !is_absent) n = cmlp_write_cell_date(date.microseconds, (int)kind - (int)DATE, text);
    reader->cell = reader->trimmed = (cmlp_cell){text, text + n};
    if (!status) status = find_codes(categories, reader, &found);
    if (status) return status;
    const int64_t i = is_absent ? found.missing : found.text;
    *code = i < 0 ? categories->unknown : (double)i;
    return CMLP_OK;
}

static cmlp_status read_days(const cell_reader *reader, column_kind kind, double *days)
{
    cmlp_cell_date date;
    *days = NAN;
    if (is_missing_number(reader)) return CMLP_OK;
    const cmlp_status status = read_date(reader, kind, &date);
    if (!status) *days = (double)date.microseconds / 86400000000.0;
    return status;
}

static cmlp_status read_cell(const cmlp_model *model, int64_t column, const char *text, int64_t n_text, double *number)
{
    cmlp_table_categories categories = CMLP_INIT(cmlp_table_categories);
    cell_reader reader;
    column_kind kind;
    cmlp_status status = cmlp_check_model(model);
    if (status) return status;
    const cmlp_table *const table = model->table;
    if (!table) return CMLP_ERROR_MODEL;
    if (!number || (n_text && !text)) return CMLP_ERROR_NULL;
    if (column < 0 || column >= table->n_columns || n_text < 0) return CMLP_ERROR_OPTION;
    const cmlp_status listed = cmlp_table_find_categories(model, column, &categories);
    if (listed && table->columns[column].role == CMLP_TABLE_ROLE_CATEGORY) return listed;
    status = read_kind(model, column, !listed, &kind);
    if (!status) status = read_format(model, &reader.format, &reader.missing);
    if (status) return status;
    if (!n_text) text = "";
    reader.cell = (cmlp_cell){text, text + n_text};
    reader.trimmed = cmlp_trim_cell(reader.cell);
    if (kind == ORDERED) categories.unknown = NAN;
    const int is_date = kind == DATE || kind == TIME || kind == INSTANT;
    if (is_date) return listed ? read_days(&reader, kind, number) : find_date(&categories, &reader, kind, number);
    return listed ? read_number(&reader, kind, number) : find_category(&categories, &reader, number);
}

cmlp_status cmlp_table_code_of_cell(const cmlp_model *model, int64_t column, const char *text, int64_t n_text,
                                    double *number)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    double found = 0;
    const cmlp_status status = read_cell(model, column, text, n_text, number ? &found : NULL);
    if (!status) *number = found;
    cmlp_leave_mode(mode);
    return status;
}
#endif
