/* The columns of a table in the head of a model file: their words, and the categories of each column; and its targets.
 * docs/model-file.md has the rules. */
#include "model_columns.h"

#include <string.h>

#include "../base/build.h"
#include "../table/encode.h"

#if CMLP_BUILDS_TABLES
/* Reads the parts of a date. */
static int read_parts(cmlp_text *t, cmlp_table_column *column)
{
    static const char *const names[CMLP_PARTS] = {"/day:", "/week:", "/year:"};
    for (int k = 0; k < CMLP_PARTS; k++) {
        uint64_t n = 0;
        if (!cmlp_text_pass(t, names[k])) continue;
        if (!cmlp_text_digits(t, &n) || n < 2 || n > CMLP_MAX_WIDTH) return 0;
        column->parts[k].used = 1;
        column->parts[k].n = n > 2 ? (int64_t)n - 1 : 0; /* n counts inputs: two waves and the bins */
    }
    return 1;
}

/* Reads the word of a column, and its number. */
static int read_word(cmlp_text *t, cmlp_table_column *column)
{
    uint64_t n = 0;
    memset(column, 0, sizeof *column);
    if (cmlp_text_pass(t, "unused")) {
        column->role = CMLP_TABLE_ROLE_UNUSED;
        return 1;
    }
    column->has_missing = cmlp_text_pass(t, "number_or_missing:");
    const int is_number = column->has_missing || cmlp_text_pass(t, "number:");
    column->role = is_number ? CMLP_TABLE_ROLE_NUMBER : CMLP_TABLE_ROLE_CATEGORY;
    if (!is_number && !cmlp_text_pass(t, "category:")) return 0;
    if (!cmlp_text_digits(t, &n) || n > CMLP_MAX_WIDTH) return 0;
    column->n = (int64_t)n;
    return is_number ? n != 1 && (!n || read_parts(t, column)) : n > 0;
}

cmlp_status cmlp_read_columns(cmlp_text text, cmlp_table_column *columns, cmlp_column_words *words, const char **at)
{
    cmlp_table_column column;
    memset(words, 0, sizeof *words);
    do {
        *at = text.at;
        if (!read_word(&text, &column)) return CMLP_ERROR_FILE_SYNTAX;
        if (columns) columns[words->n_columns] = column;
        words->n_columns++;
        if (column.role == CMLP_TABLE_ROLE_NUMBER) words->n_numbers += 2 + cmlp_column_edges(&column);
        for (int bins = 0; bins < 2; bins++) words->widths[bins] += cmlp_column_width(&column, bins);
        if (words->widths[1] > CMLP_MAX_WIDTH || words->n_numbers > CMLP_MAX_WIDTH) return CMLP_ERROR_WIDTH;
    } while (cmlp_text_pass(&text, ","));
    *at = text.at;
    for (int bins = 0; bins < 2; bins++) words->widths[bins] += !words->widths[bins];
    return text.at == text.end ? CMLP_OK : CMLP_ERROR_FILE_SYNTAX;
}

/* ------------------------------------------------------------------------------------------------- categories */

/* Takes the next column of a list; returns 0 after the last one. */
static int next_column(cmlp_column_list *list, int64_t i, cmlp_table_column *column)
{
    if (!list->columns) return i && !cmlp_text_pass(&list->words, ",") ? 0 : read_word(&list->words, column);
    if (i == list->n_columns) return 0;
    *column = list->columns[i];
    return 1;
}

cmlp_status cmlp_check_categories(cmlp_text text, cmlp_column_list columns, const char **at)
{
    cmlp_table_column column;
    for (int64_t i = 0, n; next_column(&columns, i, &column); i++) {
        *at = text.at;
        if (!cmlp_text_pass(&text, i ? "," : "[") || !cmlp_text_list(&text, &n)) return CMLP_ERROR_FILE_SYNTAX;
        /* The list of a column of numbers has ordered categories: the numbers are their ranks. */
        const int is_wrong = column.role == CMLP_TABLE_ROLE_NUMBER ? !n : column.role == CMLP_TABLE_ROLE_CATEGORY && n != column.n;
        if (is_wrong) return CMLP_ERROR_FILE_SYNTAX;
    }
    *at = text.at;
    return cmlp_text_pass(&text, "]") && text.at == text.end ? CMLP_OK : CMLP_ERROR_FILE_SYNTAX;
}

/* ---------------------------------------------------------------------------------------------------- targets */

static int is_text_or_null(cmlp_text *t)
{
    cmlp_text ahead = *t;
    return cmlp_text_pass(t, "null") || (cmlp_text_pass(&ahead, "\"") && cmlp_text_value(t));
}

cmlp_status cmlp_check_targets(cmlp_text text, int64_t n, const char **at)
{
    for (int64_t i = 0; i < n; i++) {
        *at = text.at;
        if (!cmlp_text_pass(&text, i ? ",{\"name\":" : "[{\"name\":") || !is_text_or_null(&text) ||
            !cmlp_text_pass(&text, ",\"kind\":\"number\",\"outputs\":1}"))
            return CMLP_ERROR_FILE_SYNTAX;
    }
    *at = text.at;
    return cmlp_text_pass(&text, "]") && text.at == text.end ? CMLP_OK : CMLP_ERROR_FILE_SYNTAX;
}
#endif
