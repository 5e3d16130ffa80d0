/* The words of a table's columns in the head of a model file. docs/model-file.md has the rules. */
#include "model_columns.h"

#include <string.h>

#include "../../base/build.h"
#include "../../table/encode.h"
#include "model_cursor.h"

#if CMLP_BUILD_TABLES
/* Reads the parts of a date. */
static int read_parts(cursor *c, cmlp_table_column *column, cmlp_table_date_part parts[CMLPI_PARTS])
{
    for (int k = 0; k < CMLPI_PARTS; k++) {
        size_t length = 0;
        while (cmlpi_part_names[k][length]) length++;
        if (!cursor_pass(c, cmlpi_part_names[k], length)) continue;
        const uint64_t n = cursor_number(c);
        if (c->status || n < 2 || n > CMLPI_MAX_COUNT) return 0;
        parts[column->n_parts++] = (cmlp_table_date_part){
            .kind = CMLP_TABLE_DATE_PART_DAY + k,
            .n_edges = n > 2 ? (int64_t)n - 1 : 0}; /* n counts inputs: two waves and the bins */
    }
    if (column->n_parts) column->parts = parts;
    return 1;
}

/* Reads the statistics of a category: how many categories are one-hot, and how many numbers each has. */
static int read_statistics(cursor *c, cmlp_table_column *column)
{
    if (!PASS(c, "/one_hot:")) return 1;
    const uint64_t n_one_hot = cursor_number(c);
    if (!PASS(c, "/statistics:")) return 0;
    const uint64_t width = cursor_number(c), n = (uint64_t)column->n_categories;
    if (c->status || n_one_hot > n || width < 1 || width > CMLPI_MAX_COUNT / n) return 0;
    column->n_one_hot = (int64_t)n_one_hot;
    column->n_statistics = (int64_t)(n * width);
    return 1;
}

/* Reads how many values of a column mean a missing one. */
static int read_missing_values(cursor *c, cmlp_table_column *column)
{
    if (!PASS(c, CMLPI_MISSING_VALUES_WORD)) return 1;
    const uint64_t n = cursor_number(c);
    if (c->status || n < 1 || n > CMLPI_MAX_COUNT) return 0;
    column->n_missing_values = (int32_t)n;
    return 1;
}

/* Reads the word of a column, and its numbers. */
static int read_word(cursor *c, cmlp_table_column *column, cmlp_table_date_part parts[CMLPI_PARTS])
{
    memset(column, 0, sizeof *column);
    if (PASS(c, "unused")) {
        column->role = CMLP_TABLE_ROLE_UNUSED;
        return read_missing_values(c, column);
    }
    column->has_missing = PASS(c, "number_or_missing:");
    const int is_number = column->has_missing || PASS(c, "number:");
    column->role = is_number ? CMLP_TABLE_ROLE_NUMBER : CMLP_TABLE_ROLE_CATEGORY;
    if (!is_number && !PASS(c, "category:")) return 0;
    const uint64_t n = cursor_number(c);
    if (c->status || n > CMLPI_MAX_COUNT) return 0;
    if (is_number) {
        column->n_edges = (int64_t)n;
        return n != 1 && (!n || read_parts(c, column, parts)) && read_missing_values(c, column);
    }
    column->n_categories = (int64_t)n;
    return n > 0 && read_statistics(c, column) && read_missing_values(c, column);
}

cmlp_status cmlpi_read_columns(const string_view *text, cmlp_table_column *columns, cmlp_table_date_part *parts,
                               cmlpi_column_words *words, const unsigned char **at)
{
    cursor c = {text->at, text->at + text->length, CMLP_OK};
    cmlp_table_column column;
    cmlp_table_date_part parts_read[CMLPI_PARTS]; /* of one column */
    memset(words, 0, sizeof *words);
    do {
        *at = c.at;
        if (!read_word(&c, &column, columns ? parts + words->n_parts : parts_read)) return CMLP_ERROR_FILE_SYNTAX;
        if (columns) columns[words->n_columns] = column;
        words->n_columns++;
        words->n_parts += column.n_parts;
        words->n_numbers += cmlpi_column_numbers(&column);
        words->n_missing_values += column.n_missing_values;
        words->n_statistics += column.n_statistics;
        for (int bins = 0; bins < 2; bins++) words->widths[bins] += cmlpi_column_width(&column, bins);
        if (words->widths[1] > CMLPI_MAX_COUNT || words->n_numbers > CMLPI_MAX_COUNT) return CMLP_ERROR_WIDTH;
        if (words->n_statistics > CMLPI_MAX_COUNT) return CMLP_ERROR_WIDTH;
    } while (PASS(&c, ","));
    *at = c.at;
    for (int bins = 0; bins < 2; bins++) words->widths[bins] += !words->widths[bins];
    return c.at == c.end ? CMLP_OK : CMLP_ERROR_FILE_SYNTAX;
}
#endif
