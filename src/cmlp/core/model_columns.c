/* The columns of a table in the head of a model file: their words, the table of each column's categories, and the
 * code of a category. docs/model-file.md has the rules. */
#include "model_columns.h"

#include <string.h>

#include "build.h"
#include "encode.h"

#if CMLP_BUILDS_TABLES
/* Reads the word of a column, and its number. */
static int read_word(cmlp_text *t, cmlp_column *column)
{
    uint64_t n = 0;
    memset(column, 0, sizeof *column);
    if (cmlp_text_pass(t, "unused")) {
        column->kind = CMLP_COLUMN_UNUSED;
        return 1;
    }
    column->has_missing = cmlp_text_pass(t, "number_or_missing:");
    const int is_number = column->has_missing || cmlp_text_pass(t, "number:");
    column->kind = is_number ? CMLP_COLUMN_NUMBER : CMLP_COLUMN_CATEGORY;
    if (!is_number && !cmlp_text_pass(t, "category:")) return 0;
    if (!cmlp_text_digits(t, &n) || n > CMLP_MAX_WIDTH) return 0;
    column->n = (int64_t)n;
    return is_number ? n != 1 : n > 0;
}

cmlp_status cmlp_read_columns(cmlp_text text, cmlp_column *columns, cmlp_column_words *words, const char **at)
{
    cmlp_column column;
    memset(words, 0, sizeof *words);
    do {
        *at = text.at;
        if (!read_word(&text, &column)) return CMLP_ERROR_FILE_SYNTAX;
        if (columns) columns[words->n_columns] = column;
        words->n_columns++;
        if (column.kind == CMLP_COLUMN_NUMBER) words->n_numbers += 2 + column.n;
        for (int bins = 0; bins < 2; bins++) words->widths[bins] += cmlp_column_width(&column, bins);
        if (words->widths[1] > CMLP_MAX_WIDTH || words->n_numbers > CMLP_MAX_WIDTH) return CMLP_ERROR_WIDTH;
    } while (cmlp_text_pass(&text, ","));
    *at = text.at;
    for (int bins = 0; bins < 2; bins++) words->widths[bins] += !words->widths[bins];
    return text.at == text.end ? CMLP_OK : CMLP_ERROR_FILE_SYNTAX;
}

/* ------------------------------------------------------------------------------------------------- categories */

/* Skips digits; returns whether there are any. */
static int skip_digits(cmlp_text *t)
{
    int n = 0;
    for (cmlp_text ahead = *t;; *t = ahead, n = 1) {
        const int32_t c = cmlp_text_next(&ahead);
        if (c < '0' || c > '9') return n;
    }
}

/* Skips a number of JSON. */
static int skip_number(cmlp_text *t)
{
    cmlp_text_pass(t, "-");
    if (!cmlp_text_pass(t, "0") && !skip_digits(t)) return 0;
    if (cmlp_text_pass(t, ".") && !skip_digits(t)) return 0;
    if (!cmlp_text_pass(t, "e")) return 1;
    if (!cmlp_text_pass(t, "+")) cmlp_text_pass(t, "-");
    return skip_digits(t);
}

/* Skips text, a number, true, false or null. */
static int skip_value(cmlp_text *t)
{
    int32_t c;
    if (!cmlp_text_pass(t, "\""))
        return cmlp_text_pass(t, "null") || cmlp_text_pass(t, "true") || cmlp_text_pass(t, "false") || skip_number(t);
    while ((c = cmlp_text_letter(t)) >= 0) {}
    return c == CMLP_TEXT_END;
}

/* Reads the entry of a column: null, or a list of *n values. */
static int skip_list(cmlp_text *t, int64_t *n)
{
    *n = -1;
    if (cmlp_text_pass(t, "null")) return 1;
    *n = 0;
    if (!cmlp_text_pass(t, "[")) return 0;
    if (cmlp_text_pass(t, "]")) return 1;
    do {
        if (!skip_value(t)) return 0;
        ++*n;
    } while (cmlp_text_pass(t, ","));
    return cmlp_text_pass(t, "]");
}

/* Takes the next column of a list; returns 0 after the last one. */
static int next_column(cmlp_column_list *list, int64_t i, cmlp_column *column)
{
    if (!list->columns) return (!i || cmlp_text_pass(&list->words, ",")) && read_word(&list->words, column);
    if (i == list->n_columns) return 0;
    *column = list->columns[i];
    return 1;
}

cmlp_status cmlp_check_categories(cmlp_text text, cmlp_column_list columns, const char **at)
{
    cmlp_column column;
    for (int64_t i = 0, n; next_column(&columns, i, &column); i++) {
        *at = text.at;
        if (!cmlp_text_pass(&text, i ? "," : "[") || !skip_list(&text, &n)) return CMLP_ERROR_FILE_SYNTAX;
        const int is_right = column.kind == CMLP_COLUMN_NUMBER     ? n < 0
                             : column.kind == CMLP_COLUMN_CATEGORY ? n == column.n
                                                                   : n <= 1;
        if (!is_right) return CMLP_ERROR_FILE_SYNTAX;
    }
    *at = text.at;
    return cmlp_text_pass(&text, "]") && text.at == text.end ? CMLP_OK : CMLP_ERROR_FILE_SYNTAX;
}

/* Whether a text that begins behind its quotation mark is `name`, in UTF-8. Moves behind the text. */
static int is_text(cmlp_text *t, const char *name)
{
    int32_t code;
    int same = 1;
    while ((code = cmlp_text_letter(t)) >= 0) {
        char bytes[4];
        size_t n = 0;
        cmlp_text_append(code, bytes, &n);
        for (size_t i = 0; i < n && same; i++) same = code && *name && *name++ == bytes[i];
    }
    return same && !*name;
}

/* Whether the next value is `name`, or if that is NULL the missing value. Moves behind the value. */
static int is_value(cmlp_text *t, const char *name)
{
    if (cmlp_text_pass(t, "null")) return !name;
    if (cmlp_text_pass(t, "\"")) return is_text(t, name ? name : "") && name;
    cmlp_text value = *t;
    skip_value(t);
    if (!name) return 0;
    while (value.at < t->at)
        if (!*name || cmlp_text_next(&value) != (unsigned char)*name++) return 0;
    return !*name;
}

cmlp_status cmlp_model_category(const cmlp_model *model, int64_t column, const char *name, double *code)
{
    const char *found;
    size_t length;
    int64_t n = 0;
    if (!code) return CMLP_ERROR_NULL;
    const cmlp_status status = cmlp_model_metadata(model, "categories", &found, &length);
    if (status) return status;
    cmlp_text t = {found, found + length, 1};
    cmlp_text_pass(&t, "[");
    for (int64_t i = 0; i < column; i++)
        if (!skip_list(&t, &n) || !cmlp_text_pass(&t, ",")) return CMLP_ERROR_OPTION;
    if (column < 0 || !cmlp_text_pass(&t, "[")) return CMLP_ERROR_OPTION;
    double found_code = -1;
    cmlp_text end = t;
    if (!cmlp_text_pass(&end, "]"))
        for (int64_t i = 0; found_code < 0 && (!i || cmlp_text_pass(&t, ",")); i++)
            if (is_value(&t, name)) found_code = (double)i;
    *code = found_code;
    return CMLP_OK;
}
#endif
