/* The grammar of cells of text: what is a number, a boolean, a date or a missing value. docs/guide/files.md defines it, and
 * _data/grammar.py is the same in Python. Cells are UTF-8; other bytes are text. */
#ifndef CMLPI_CELLS_H
#define CMLPI_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "decimal.h"

/* A text without a final NUL. */
typedef struct cmlpi_cell {
    const char *at, *end;
} cmlpi_cell;

/* How a file writes numbers. */
typedef struct cmlpi_cell_format {
    char decimal;   /* . or , */
    char thousands; /* another one of them, a space or ', or 0 if nothing separates groups of three digits */
    char of_spreadsheets; /* whether a minus can be U+2212, and text a formula */
} cmlpi_cell_format;

/* The digits of a cell's integer at most: one of more is a double. A sign counts as a digit. */
enum { CMLPI_CELL_DIGITS = 39 };

enum { CMLPI_CELL_DATE, CMLPI_CELL_TIME, CMLPI_CELL_INSTANT }; /* a point in time is without an offset, or with one */

typedef struct cmlpi_cell_date {
    int64_t microseconds; /* since 1970, in UTC if it has an offset; of the years 1 to 9999 */
    int form;
} cmlpi_cell_date;

enum { CMLPI_DATE_TEXT = 32 }; /* the longest text of a date, 2026-11-24T12:00:00.000001+00:00 */

/* Returns a cell without the white space around it, which the other functions expect. */
cmlpi_cell cmlpi_trim_cell(cmlpi_cell cell);

/* Returns the text inside a formula of a spreadsheet such as ="007", and other cells as they are. */
cmlpi_cell cmlpi_text_of_formula(cmlpi_cell cell);

/* Whether a cell is missing in every column. White space is a part of it here. */
int cmlpi_is_missing_cell(cmlpi_cell cell);

/* Whether a cell is missing among numbers, booleans and dates. */
int cmlpi_is_missing_number(cmlpi_cell cell);

/* 1 for true, 0 for false, -1 for other text. */
int cmlpi_cell_boolean(cmlpi_cell cell);

/* Returns 0 for other text. A number can be infinite. Its digits are those in `digits`. */
int cmlpi_read_cell_number(cmlpi_cell cell, cmlpi_cell_format format, cmlpi_number *number, char digits[CMLPI_CELL_DIGITS]);

/* Whether a cell that is a number with this value is the text that Python prints of the double: the shortest decimal that
 * rounds to it, of these the nearest one. */
int cmlpi_is_printed_double(cmlpi_cell cell, double value);

/* Returns 0 for other text. */
int cmlpi_read_cell_date(cmlpi_cell cell, cmlpi_cell_date *date);

/* The same for a form such as %d.%m.%Y, whose dates are instants if it has %z. Returns 0 also for what is no form. */
int cmlpi_read_date_of_form(cmlpi_cell cell, cmlpi_cell form, cmlpi_cell_date *date);

/* Writes a date as the category that Python makes of it, and returns the number of bytes.
 * form: the form of the dates of the column. Only a column of dates has days alone. */
int cmlpi_write_cell_date(int64_t microseconds, int form, char text[CMLPI_DATE_TEXT]);

#endif
