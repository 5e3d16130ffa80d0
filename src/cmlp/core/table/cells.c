#include "cells.h"

#include <math.h>
#include <string.h>

#include "../base/build.h"

#if CMLP_BUILD_TABLES
#define MICROSECONDS_OF_A_DAY INT64_C(86400000000)
/* The days of 0001-01-01 and 10000-01-01 since 1970. */
enum { FIRST_DAY = -719162, LAST_DAY = 2932897 };

/* ------------------------------------------------------------------------------------------------------ text */

/* Whether a code point is white space around a cell. */
static int is_space(int32_t code)
{
    return (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x20) || code == 0x85 || code == 0xa0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f ||
           code == 0x205f || code == 0x3000;
}

static int is_continuation(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* The number of bytes of the space with which a text begins, which is at most 3; 0 if there is none. */
static int space_length(cmlpi_cell text)
{
    const ptrdiff_t n = text.end - text.at;
    if (!n) return 0;
    const unsigned char first = (unsigned char)text.at[0];
    if (first < 0x80) return is_space(first);
    if (n < 2 || first < 0xc2 || !is_continuation(text.at[1])) return 0;
    const int32_t second = text.at[1] & 0x3f;
    if (first < 0xe0) return is_space((first & 0x1f) << 6 | second) ? 2 : 0;
    if (n < 3 || first >= 0xf0 || !is_continuation(text.at[2])) return 0;
    return is_space((first & 0xf) << 12 | second << 6 | (text.at[2] & 0x3f)) ? 3 : 0;
}

/* The number of bytes of the space with which a text ends. */
static int last_space_length(cmlpi_cell text)
{
    for (int n = 1; n <= 3 && n <= text.end - text.at; n++) {
        const cmlpi_cell last = {text.end - n, text.end};
        if (space_length(last) == n) return n;
    }
    return 0;
}

cmlpi_cell cmlpi_trim_cell(cmlpi_cell cell)
{
    int n;
    while ((n = space_length(cell)) > 0) cell.at += n;
    while ((n = last_space_length(cell)) > 0) cell.end -= n;
    return cell;
}

cmlpi_cell cmlpi_text_of_formula(cmlpi_cell cell)
{
    if (cell.end - cell.at < 3) return cell;
    const cmlpi_cell text = {cell.at + 2, cell.end - 1};
    const int is_formula = !memcmp(cell.at, "=\"", 2) && *text.end == '"';
    const char *quote = text.at;
    while (quote < text.end && *quote != '"') quote++;
    return is_formula && quote == text.end ? text : cell;
}

/* Skips `literal` and returns 1 if it comes next, else returns 0. */
static int pass_text(cmlpi_cell *cell, const char *literal)
{
    const char *at = cell->at;
    for (; *literal; literal++, at++)
        if (at == cell->end || *at != *literal) return 0;
    cell->at = at;
    return 1;
}

static char small_letter(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* The same for a literal in small letters, and text in any letters. */
static int pass_letters(cmlpi_cell *cell, const char *literal)
{
    const char *at = cell->at;
    for (; *literal; literal++, at++)
        if (at == cell->end || small_letter(*at) != *literal) return 0;
    cell->at = at;
    return 1;
}

/* Skips one character of a few and returns it, else returns 0. */
static char pass_any(cmlpi_cell *cell, const char *characters)
{
    for (; cell->at < cell->end && *characters; characters++)
        if (*cell->at == *characters) return *cell->at++;
    return 0;
}

/* Skips a sign and returns it, else returns 0. */
static char pass_sign(cmlpi_cell *cell, int of_spreadsheets)
{
    if (of_spreadsheets && pass_text(cell, "\xe2\x88\x92")) return '-';
    return pass_any(cell, "+-");
}

static int is_digit(cmlpi_cell cell) { return cell.at < cell.end && *cell.at >= '0' && *cell.at <= '9'; }

/* ------------------------------------------------------------------------------------------------------ words */

/* Returns the index of the word that the whole cell is, by the comparison `passes`, or -1. */
static int find_word(cmlpi_cell cell, const char *const *words, size_t n, int (*passes)(cmlpi_cell *, const char *))
{
    for (size_t i = 0; i < n; i++) {
        cmlpi_cell rest = cell;
        if (passes(&rest, words[i]) && rest.at == rest.end) return (int)i;
    }
    return -1;
}

int cmlpi_is_missing_cell(cmlpi_cell cell)
{
    static const char *const words[] = {"",      "#N/A",  "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN",
                                        "-nan",  "1.#IND", "1.#QNAN", "<NA>", "N/A",    "NA",       "NULL",
                                        "NaN",   "None",  "n/a",      "nan", "null"};
    return find_word(cell, words, sizeof words / sizeof *words, pass_text) >= 0;
}

int cmlpi_is_missing_number(cmlpi_cell cell)
{
    static const char *const words[] = {"?", "-", ".", "\\n", "na", "n/a", "nan", "null", "none", "#n/a", "<na>"};
    return find_word(cell, words, sizeof words / sizeof *words, pass_letters) >= 0 || cmlpi_is_missing_cell(cell);
}

int cmlpi_cell_boolean(cmlpi_cell cell)
{
    static const char *const words[] = {"False", "false", "FALSE", "True", "true", "TRUE"};
    const int i = find_word(cell, words, 6, pass_text);
    return i < 0 ? -1 : i >= 3;
}

/* ---------------------------------------------------------------------------------------------------- numbers */

/* A number while its digits are read. */
typedef struct number_reader {
    cmlpi_decimal decimal;
    char *digits;     /* of an integer, without leading zeros */
    int64_t n_digits; /* -1 for a double */
    int n_left;       /* digits that an integer can still have */
} number_reader;

/* Reads at most `most` digits of the whole part, or of the fraction, and returns their number. */
static int64_t read_digits(number_reader *reader, cmlpi_cell *cell, int64_t most, int is_fraction)
{
    int64_t n = 0;
    for (; n < most && is_digit(*cell); n++) {
        const char digit = *cell->at++;
        cmlpi_decimal_add(&reader->decimal, digit - '0', is_fraction);
        if (!reader->n_left) reader->n_digits = -1;
        if (reader->n_digits < 0) continue;
        reader->n_left--;
        if (reader->n_digits || digit != '0') reader->digits[reader->n_digits++] = digit;
    }
    return n;
}

/* Skips a separator of thousands. A space can be one that does not break a line, and an apostrophe a typographic one. */
static int pass_separator(cmlpi_cell *cell, char thousands)
{
    const char plain[] = {thousands, 0};
    if (!thousands) return 0;
    if (pass_text(cell, plain)) return 1;
    if (thousands == ' ') return pass_text(cell, "\xc2\xa0") || pass_text(cell, "\xe2\x80\xaf");
    return thousands == '\'' && pass_text(cell, "\xe2\x80\x99");
}

/* Reads the whole part. Returns 0 if its groups are not of three digits. */
static int read_whole_part(number_reader *reader, cmlpi_cell *cell, char thousands, int64_t *n)
{
    *n = read_digits(reader, cell, INT64_MAX, 0);
    if (!*n || !pass_separator(cell, thousands)) return 1;
    if (*n > 3) return 0;
    do {
        if (read_digits(reader, cell, 3, 0) < 3) return 0;
    } while (pass_separator(cell, thousands));
    return 1;
}

/* Reads the exponent behind its letter. Returns 0 if it has no digit. */
static int read_exponent(cmlpi_cell *cell, int of_spreadsheets, int64_t *exponent)
{
    const char sign = pass_sign(cell, of_spreadsheets);
    if (!is_digit(*cell)) return 0;
    for (; is_digit(*cell); cell->at++) *exponent = cmlpi_add_exponent_digit(*exponent, *cell->at - '0');
    if (sign == '-') *exponent = -*exponent;
    return 1;
}

static int is_infinity(cmlpi_cell cell)
{
    if (!pass_letters(&cell, "inf")) return 0;
    pass_letters(&cell, "inity");
    return cell.at == cell.end;
}

int cmlpi_read_cell_number(cmlpi_cell cell, cmlpi_cell_format format, cmlpi_number *number, char digits[CMLPI_CELL_DIGITS])
{
    const char sign = pass_sign(&cell, format.of_spreadsheets), point[] = {format.decimal, 0};
    number_reader reader = {.digits = digits, .n_left = CMLPI_CELL_DIGITS - (sign != 0)};
    int64_t exponent = 0, n, n_fraction = 0;
    *number = (cmlpi_number){.value = INFINITY, .digits = digits, .n_digits = -1};
    if (!is_infinity(cell)) {
        cmlpi_decimal_begin(&reader.decimal);
        if (!read_whole_part(&reader, &cell, format.thousands, &n)) return 0;
        if (pass_text(&cell, point)) {
            reader.n_digits = -1;
            n_fraction = read_digits(&reader, &cell, INT64_MAX, 1);
        }
        if (!n && !n_fraction) return 0;
        if (pass_any(&cell, "eE")) {
            reader.n_digits = -1;
            if (!read_exponent(&cell, format.of_spreadsheets, &exponent)) return 0;
        }
        if (cell.at != cell.end) return 0;
        number->value = cmlpi_decimal_value(&reader.decimal, exponent);
        number->n_digits = reader.n_digits;
    }
    if (sign == '-') number->value = -number->value;
    return 1;
}

enum { DOUBLE_DIGITS = 17, PRINTED_DOUBLE = 26 }; /* digits that tell all doubles apart; the longest text of one */

/* The digits of a decimal below 10^point, without zeros at its ends. */
typedef struct decimal_digits {
    char digits[DOUBLE_DIGITS];
    int n, point;
} decimal_digits;

/* Reads the digits of a number without separators. Returns 0 if Python prints no double with so many. */
static int read_decimal(cmlpi_cell cell, decimal_digits *decimal)
{
    int is_fraction = 0;
    int64_t exponent = 0;
    *decimal = (decimal_digits){.n = 0};
    for (; cell.at < cell.end && (is_digit(cell) || *cell.at == '.'); cell.at++) {
        const int is_leading = !decimal->n && *cell.at == '0';
        is_fraction |= *cell.at == '.';
        if (*cell.at == '.') continue;
        if (!is_leading && decimal->n == DOUBLE_DIGITS) return 0;
        if (!is_leading) decimal->digits[decimal->n++] = *cell.at;
        if (is_leading == is_fraction) decimal->point += is_fraction ? -1 : 1;
    }
    if (pass_any(&cell, "e") && (!read_exponent(&cell, 0, &exponent) || exponent > 308 || exponent < -324)) return 0;
    decimal->point += (int)exponent;
    while (decimal->n && decimal->digits[decimal->n - 1] == '0') decimal->n--;
    if (!decimal->n) decimal->point = 1;
    return decimal->point > -330 && decimal->point < 310;
}

/* Writes the digits from `first` to `end`, and 0 behind the last one. Returns the new number of bytes. */
static int print_digits(const decimal_digits *decimal, int first, int end, char text[PRINTED_DOUBLE], int n)
{
    for (int i = first; i < end; i++) text[n++] = i < decimal->n ? decimal->digits[i] : '0';
    return n;
}

/* Writes the digits as Python prints a double. Returns the number of bytes. */
static int print_decimal(const decimal_digits *decimal, char text[PRINTED_DOUBLE])
{
    const int point = decimal->point, exponent = point < 1 ? 1 - point : point - 1;
    const int is_short = point > -4 && point <= 16, whole = is_short ? point : 1;
    int n = 0;
    if (whole < 1) text[n++] = '0';
    n = print_digits(decimal, 0, whole, text, n);
    if (is_short || decimal->n > 1) text[n++] = '.';
    for (int i = whole; i < 0; i++) text[n++] = '0';
    const int first = whole < 0 ? 0 : whole, least = is_short ? first + 1 : 1;
    n = print_digits(decimal, first, decimal->n > least ? decimal->n : least, text, n);
    if (is_short) return n;
    text[n++] = 'e';
    text[n++] = point < 1 ? '-' : '+';
    if (exponent > 99) text[n++] = (char)('0' + exponent / 100);
    text[n++] = (char)('0' + exponent / 10 % 10);
    text[n++] = (char)('0' + exponent % 10);
    return n;
}

static double nearest_double(uint64_t digits, int exponent)
{
    cmlpi_decimal decimal;
    uint64_t power = 1;
    while (digits / power >= 10) power *= 10;
    cmlpi_decimal_begin(&decimal);
    for (; power; power /= 10) cmlpi_decimal_add(&decimal, (int)(digits / power % 10), 0);
    return cmlpi_decimal_value(&decimal, exponent);
}

int cmlpi_is_printed_double(cmlpi_cell cell, double value)
{
    const double magnitude = value < 0 ? -value : value;
    decimal_digits decimal;
    char text[PRINTED_DOUBLE];
    uint64_t digits = 0;
    if (value < 0) cell.at++; /* the sign */
    if (!read_decimal(cell, &decimal)) return 0;
    const int n = print_decimal(&decimal, text), exponent = decimal.point - decimal.n;
    if (cell.end - cell.at != n || memcmp(cell.at, text, (size_t)n)) return 0;
    if (!decimal.n) return 1;
    for (int i = 0; i < decimal.n; i++) digits = 10 * digits + (uint64_t)(decimal.digits[i] - '0');
    if (decimal.n > 1 && nearest_double(digits / 10, exponent + 1) == magnitude) return 0;
    if (decimal.n > 1 && nearest_double(digits / 10 + 1, exponent + 1) == magnitude) return 0;
    const int is_odd = digits % 2 != 0; /* of two decimals that are as near, the even one is printed */
    const int is_lower = cmlpi_compare_decimal(10 * digits - 5, exponent - 1, magnitude) > -is_odd;
    const int is_higher = cmlpi_compare_decimal(10 * digits + 5, exponent - 1, magnitude) < is_odd;
    if (is_lower && nearest_double(digits - 1, exponent) == magnitude) return 0;
    return !is_higher || nearest_double(digits + 1, exponent) != magnitude;
}

/* ------------------------------------------------------------------------------------------------------ dates */

/* Reads exactly n digits. */
static int read_field(cmlpi_cell *cell, int n, int *value)
{
    *value = 0;
    for (; n; n--) {
        if (!is_digit(*cell)) return 0;
        *value = *value * 10 + (*cell->at++ - '0');
    }
    return 1;
}

static int is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* The days from 1970 to the first day of a year from 1 on, in the Gregorian calendar. */
static int first_day(int year)
{
    const int before = year - 1;
    return FIRST_DAY + 365 * before + before / 4 - before / 100 + before / 400;
}

/* Finds the days since 1970. Returns 0 if there is no such date. */
static int find_days(int year, int month, int day, int *days)
{
    if (!year || !month || month > 12 || !day || day > days_of_month(year, month)) return 0;
    *days = first_day(year) + day - 1;
    for (int m = 1; m < month; m++) *days += days_of_month(year, m);
    return 1;
}

/* The Monday of the week of a year's fourth of January. */
static int first_monday(int year)
{
    const int fourth = first_day(year) + 3;
    return fourth - (fourth - FIRST_DAY) % 7; /* the first day is a Monday */
}

/* Finds the days since 1970 of a day in a week of ISO 8601. Returns 0 if there is no such date. */
static int find_day_of_week(int year, int week, int day, int *days)
{
    const int first = first_monday(year);
    *days = first + 7 * (week - 1) + day - 1;
    return 7 * (week - 1) < first_monday(year + 1) - first && *days < LAST_DAY;
}

static int read_day(cmlpi_cell *cell, int *days)
{
    int year, month, day;
    if (!read_field(cell, 4, &year) || !pass_text(cell, "-") || !read_field(cell, 2, &month) || !pass_text(cell, "-") ||
        !read_field(cell, 2, &day))
        return 0;
    return find_days(year, month, day, days);
}

/* Reads 1 to 9 digits of a second as microseconds; further ones are left out. */
static int read_fraction(cmlpi_cell *cell, int *microseconds)
{
    int n = 0;
    *microseconds = 0;
    for (; n < 9 && is_digit(*cell); n++, cell->at++)
        if (n < 6) *microseconds = *microseconds * 10 + (*cell->at - '0');
    for (int k = n; k < 6; k++) *microseconds *= 10;
    return n;
}

/* Reads a time of day as microseconds. */
static int read_clock(cmlpi_cell *cell, int64_t *microseconds)
{
    int hour, minute, second = 0, fraction = 0;
    if (!read_field(cell, 2, &hour) || !pass_text(cell, ":") || !read_field(cell, 2, &minute)) return 0;
    if (pass_text(cell, ":")) {
        if (!read_field(cell, 2, &second)) return 0;
        if (pass_any(cell, ".,") && !read_fraction(cell, &fraction)) return 0;
    }
    if (hour > 23 || minute > 59 || second > 59) return 0;
    *microseconds = (int64_t)(hour * 3600 + minute * 60 + second) * 1000000 + fraction;
    return 1;
}

/* Reads an offset from UTC as microseconds to the east; with `is_short` without minutes. */
static int read_offset(cmlpi_cell *cell, int is_short, int64_t *microseconds)
{
    int hour, minute = 0;
    *microseconds = 0;
    if (pass_text(cell, "Z")) return 1;
    const char sign = pass_any(cell, "+-");
    if (!sign || !read_field(cell, 2, &hour)) return 0;
    if (!is_short && (pass_text(cell, ":") || is_digit(*cell)) && !read_field(cell, 2, &minute)) return 0;
    if (hour > 23 || minute > 59) return 0;
    *microseconds = (int64_t)(hour * 3600 + minute * 60) * (sign == '-' ? -1000000 : 1000000);
    return 1;
}

static int is_in_calendar(int64_t microseconds)
{
    return microseconds >= FIRST_DAY * MICROSECONDS_OF_A_DAY && microseconds < LAST_DAY * MICROSECONDS_OF_A_DAY;
}

int cmlpi_read_cell_date(cmlpi_cell cell, cmlpi_cell_date *date)
{
    int days;
    int64_t clock = 0, east = 0;
    if (!read_day(&cell, &days)) return 0;
    date->form = CMLPI_CELL_DATE;
    if (cell.at < cell.end) {
        if (!pass_any(&cell, "T ") || !read_clock(&cell, &clock)) return 0;
        date->form = CMLPI_CELL_TIME;
    }
    if (cell.at < cell.end) {
        pass_text(&cell, " ");
        if (!read_offset(&cell, 0, &east) || cell.at < cell.end) return 0;
        date->form = CMLPI_CELL_INSTANT;
    }
    date->microseconds = days * MICROSECONDS_OF_A_DAY + clock - east;
    return is_in_calendar(date->microseconds);
}

/* What the directives of a form read from a cell, and what they set: a form has at most one of those that set the same. */
enum { YEAR, MONTH, DAY, OF_YEAR, WEEK, OF_WEEK, HOUR, MINUTE, SECOND, HALF, N_FIELDS };
enum {
    YEARS = 1, MONTHS = 2, DAYS = 4, HOURS = 8, MINUTES = 16, SECONDS = 32, HALVES = 64, OFFSETS = 128, NAMES = 256,
    WEEK_YEARS = 512, WEEKS = 1024, WEEK_DAYS = 2048
};

typedef struct date_fields {
    int of[N_FIELDS]; /* OF_YEAR, WEEK: 0, or the day or the week of the year; HALF: 0, 1 for AM or 2 for PM */
    int64_t east;
} date_fields;

typedef struct date_directive {
    char letter;
    unsigned char width; /* the most digits of a number */
    uint16_t sets;
    unsigned char field;
} date_directive;

/* The directive of a letter, or NULL. */
static const date_directive *find_directive(char letter)
{
    static const date_directive all[] = {
        {'Y', 4, YEARS, YEAR}, {'y', 2, YEARS, YEAR}, {'m', 2, MONTHS, MONTH}, {'b', 0, MONTHS, MONTH},
        {'B', 0, MONTHS, MONTH}, {'q', 1, MONTHS | DAYS, MONTH}, {'j', 3, MONTHS | DAYS, OF_YEAR}, {'d', 2, DAYS, DAY},
        {'H', 2, HOURS, HOUR}, {'M', 2, MINUTES, MINUTE}, {'S', 2, SECONDS, SECOND}, {'p', 0, HALVES, HALF},
        {'z', 0, OFFSETS, 0}, {'a', 0, NAMES, 0}, {'A', 0, NAMES, 0}, {'G', 4, YEARS | WEEK_YEARS, YEAR},
        {'V', 2, MONTHS | WEEKS, WEEK}, {'u', 1, DAYS | WEEK_DAYS, OF_WEEK}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].letter == letter) return &all[i];
    return NULL;
}

/* The words of _data/date_words.py, with which tests compare them. Each string has the names of one month. */
static const char *const month_names[12] = {"january januar janner janvier enero gennaio janeiro januari",
                                            "february februar fevrier febrero febbraio fevereiro februari",
                                            "march marz mrz mars marzo marco maart mrt",
                                            "april avril abril aprile",
                                            "may mai mayo maggio maio mei",
                                            "june juni juin junio giugno junho",
                                            "july juli juillet julio luglio julho",
                                            "august aout agosto augustus",
                                            "september septembre septiembre settembre setembro",
                                            "october oktober octobre octubre ottobre outubro",
                                            "november novembre noviembre novembro",
                                            "december dezember decembre diciembre dicembre dezembro"};
static const char weekday_names[] =
    "monday montag lundi lunes lunedi segunda maandag tuesday dienstag mardi martes martedi terca dinsdag wednesday mittwoch "
    "mercredi miercoles mercoledi quarta woensdag thursday donnerstag jeudi jueves giovedi quinta donderdag friday freitag "
    "vendredi viernes venerdi sexta vrijdag saturday samstag sonnabend samedi sabado sabato zaterdag sunday sonntag dimanche "
    "domingo domenica zondag";

enum { N_LETTERS = 12 }; /* letters of a word that are compared: all names have fewer */

/* Reads a letter as a small one without its accent: *letter is 0 for an accent alone, and ? for a letter of no name. Returns
 * the number of bytes; 0 for other characters. */
static int read_letter(cmlpi_cell cell, char *letter)
{
    static const char latin[] = "aaaaaa?ceeeeiiii?nooooo??uuuuy??"; /* from U+00C0 and from U+00E0 on */
    if (cell.at == cell.end) return 0;
    *letter = small_letter(*cell.at);
    if (*letter >= 'a' && *letter <= 'z') return 1;
    if (cell.end - cell.at < 2 || !is_continuation(cell.at[1])) return 0;
    const unsigned char first = (unsigned char)cell.at[0], second = (unsigned char)cell.at[1];
    *letter = first == 0xc3 ? latin[second & 0x1f] : 0;
    if (first == 0xc3 && second == 0xbf) *letter = 'y';
    return first == 0xc3 || first == 0xcc || (first == 0xcd && second <= 0xaf) ? 2 : 0;
}

/* Reads letters, and returns the number of those in `word`. */
static int read_letters(cmlpi_cell *cell, char word[N_LETTERS])
{
    int n = 0, n_bytes;
    char letter;
    for (; (n_bytes = read_letter(*cell, &letter)) > 0; cell->at += n_bytes)
        if (letter && n < N_LETTERS) word[n++] = letter;
    return n;
}

static int name_length(const char *names)
{
    int n = 0;
    while (names[n] && names[n] != ' ') n++;
    return n;
}

/* 2 if a word is one of the names, 1 if one begins so, otherwise 0. */
static int compare_names(const char *names, const char *word, int n)
{
    int found = 0;
    while (*names) {
        const int length = name_length(names);
        if (n <= length && !memcmp(names, word, (size_t)n)) {
            if (n == length) return 2;
            found = 1;
        }
        names += length + (names[length] == ' ');
    }
    return found;
}

/* The month with a name or, unless `is_name`, the only one that begins so; 0 for other words. */
static int find_month(const char *word, int n, int is_name)
{
    int begun = 0, n_begun = 0;
    for (int month = 1; month <= 12; month++) {
        const int found = compare_names(month_names[month - 1], word, n);
        if (found == 2) return month;
        if (found) begun = month;
        n_begun += found;
    }
    return n_begun == 1 && n > 2 && !is_name ? begun : 0;
}

/* Reads an English name, or its first three letters. */
static int read_english_month(cmlpi_cell *cell, int is_short, int *month)
{
    for (*month = 1; *month <= 12; ++*month) {
        const char *name = month_names[*month - 1];
        const int length = is_short ? 3 : name_length(name);
        int n = 0;
        while (n < length && n < cell->end - cell->at && small_letter(cell->at[n]) == name[n]) n++;
        if (n < length) continue;
        cell->at += length;
        return 1;
    }
    return 0;
}

static int begins_with(cmlpi_cell form, char letter) { return form.at < form.end && *form.at == letter; }

/* Whether what a form reads can begin with a letter. */
static int begins_with_word(cmlpi_cell form)
{
    char letter;
    return pass_text(&form, "%") ? pass_any(&form, "pzbBaA") != 0 : read_letter(form, &letter) > 0;
}

/* Reads a month before `behind`: before a letter an English one. */
static int read_month_name(cmlpi_cell *cell, int is_short, cmlpi_cell behind, int *month)
{
    char word[N_LETTERS];
    if (begins_with_word(behind)) return read_english_month(cell, is_short, month);
    const int n = read_letters(cell, word);
    *month = find_month(word, n, !is_short);
    if (is_short && !begins_with(behind, '.')) pass_text(cell, ".");
    return *month != 0;
}

static int skip_weekday(cmlpi_cell *cell, cmlpi_cell behind)
{
    char word[N_LETTERS];
    const int n = read_letters(cell, word);
    if (!begins_with(behind, '-')) pass_letters(cell, "-feira");
    if (!begins_with(behind, '.')) pass_text(cell, ".");
    return n > 1 && compare_names(weekday_names, word, n);
}

/* Skips what makes an ordinal of the number of a day. */
static void skip_ordinal(cmlpi_cell *cell, cmlpi_cell behind)
{
    static const char *const endings[] = {"st", "nd", "rd", "th", "er", "re", "e", "o", "a", "ste", "de",
                                          "\xc2\xba", "\xc2\xaa", "\xc2\xb0"};
    if (behind.at < behind.end && !begins_with(behind, ' ') && !begins_with(behind, ',')) return;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        cmlpi_cell rest = *cell;
        char letter;
        if (!pass_letters(&rest, endings[i]) || read_letter(rest, &letter)) continue;
        *cell = rest;
        return;
    }
}

/* What the directives of a form set; 0 if it is none. */
static int set_by_form(cmlpi_cell form)
{
    int all = 0;
    for (; form.at < form.end; form.at++) {
        if (*form.at != '%') continue;
        if (++form.at == form.end) return 0;
        if (*form.at == '%') continue;
        const date_directive *directive = find_directive(*form.at);
        const cmlpi_cell behind = {form.at + 1, form.end};
        if (!directive || (all & directive->sets)) return 0;
        if (directive->sets == NAMES && begins_with_word(behind)) return 0;
        all |= directive->sets;
    }
    const int of_weeks = all & (WEEK_YEARS | WEEKS | WEEK_DAYS), has_days = (all & DAYS) != 0;
    if (of_weeks && of_weeks != (WEEK_YEARS | WEEKS | (has_days ? WEEK_DAYS : 0))) return 0;
    const int lacks_hour = !(all & HOURS) && (all & MINUTES), lacks_minute = !(all & MINUTES) && (all & SECONDS);
    return !(all & YEARS) || (all & (MONTHS | DAYS)) == DAYS || lacks_hour || lacks_minute ? 0 : all;
}

/* Reads what a directive stands for. Without `is_exact`, a number can have fewer digits than its width: before another number
 * it has as many all the same. */
static int read_directive(cmlpi_cell *cell, const date_directive *directive, cmlpi_cell behind, int is_exact,
                          int has_short_offset, date_fields *fields)
{
    const char letter = directive->letter;
    int *const value = &fields->of[directive->field], width = directive->width, n = 0;
    if (letter == 'z') return read_offset(cell, has_short_offset, &fields->east);
    if (directive->sets == NAMES) return skip_weekday(cell, behind);
    if (letter == 'b' || letter == 'B') return read_month_name(cell, letter == 'b', behind, value);
    if (letter == 'p') {
        *value = pass_letters(cell, "am") ? 1 : 2;
        return *value == 1 || pass_letters(cell, "pm");
    }
    if (!is_exact && letter != 'Y' && letter != 'y' && letter != 'G') {
        while (n < width && n < cell->end - cell->at && cell->at[n] >= '0' && cell->at[n] <= '9') n++;
        width = n;
    }
    if (!width || !read_field(cell, width, value)) return 0;
    const int number = *value;
    if (letter == 'y') *value += number < 69 ? 2000 : 1900;
    if (letter == 'q') *value = 3 * number - 2;
    if (letter == 'd') skip_ordinal(cell, behind);
    if (letter == 'u' && number > 7) return 0;
    return number > 0 || (letter != 'j' && letter != 'q' && letter != 'V' && letter != 'u');
}

/* Whether a form continues with a digit or a number. */
static int begins_with_number(cmlpi_cell form)
{
    if (is_digit(form) || form.end - form.at < 2 || *form.at != '%') return is_digit(form);
    const date_directive *directive = find_directive(form.at[1]);
    return directive && directive->width;
}

/* Reads a cell by a form. Returns 0 if it does not fit. */
static int match_form(cmlpi_cell cell, cmlpi_cell form, int has_short_offset, date_fields *fields)
{
    int n, is_behind_number = 0;
    *fields = (date_fields){.of = {[MONTH] = 1, [DAY] = 1, [OF_WEEK] = 1}};
    while (form.at < form.end) {
        const int is_number = begins_with_number(form);
        const char letter = *form.at++;
        if (letter == ' ') {
            if (!space_length(cell)) return 0;
            while ((n = space_length(cell)) > 0) cell.at += n;
            while (pass_text(&form, " ")) {}
        } else if (letter == '%' && !pass_text(&form, "%")) {
            const date_directive *directive = find_directive(*form.at++);
            if (!read_directive(&cell, directive, form, is_behind_number, has_short_offset, fields)) return 0;
        } else if (cell.at == cell.end || *cell.at++ != letter)
            return 0;
        is_behind_number = is_number;
    }
    return cell.at == cell.end;
}

int cmlpi_read_date_of_form(cmlpi_cell cell, cmlpi_cell form, cmlpi_cell_date *date)
{
    date_fields fields;
    const int *const of = fields.of, all = set_by_form(form);
    int days;
    /* The minutes of an offset can be the number behind it. */
    if (!all || !(match_form(cell, form, 0, &fields) || match_form(cell, form, 1, &fields))) return 0;
    const int half = of[HALF], hour = half ? of[HOUR] % 12 + 12 * (half == 2) : of[HOUR];
    if (half && (!of[HOUR] || of[HOUR] > 12)) return 0;
    if (!find_days(of[YEAR], of[MONTH], of[DAY], &days) || hour > 23 || of[MINUTE] > 59 || of[SECOND] > 59) return 0;
    if (of[OF_YEAR] > 365 + is_leap(of[YEAR])) return 0;
    if (of[OF_YEAR]) days += of[OF_YEAR] - 1;
    if (of[WEEK] && !find_day_of_week(of[YEAR], of[WEEK], of[OF_WEEK], &days)) return 0;
    date->form = all & OFFSETS ? CMLPI_CELL_INSTANT : CMLPI_CELL_TIME;
    date->microseconds = days * MICROSECONDS_OF_A_DAY - fields.east +
                         (int64_t)(hour * 3600 + of[MINUTE] * 60 + of[SECOND]) * 1000000;
    return is_in_calendar(date->microseconds);
}

/* Writes `separator`, if it is not 0, and a number of exactly n digits. */
static void write_field(char **at, char separator, int value, int n)
{
    if (separator) *(*at)++ = separator;
    for (int k = n - 1; k >= 0; k--, value /= 10) (*at)[k] = (char)('0' + value % 10);
    *at += n;
}

int cmlpi_write_cell_date(int64_t microseconds, int form, char text[CMLPI_DATE_TEXT])
{
    const int64_t since = microseconds - FIRST_DAY * MICROSECONDS_OF_A_DAY;
    const int days = (int)(since / MICROSECONDS_OF_A_DAY), clock = (int)(since / 1000000 % 86400);
    const int fraction = (int)(since % 1000000);
    int year = days / 366 + 1, month = 1, day = days + FIRST_DAY;
    char *at = text;
    while (first_day(year + 1) <= day) year++;
    for (day -= first_day(year); day >= days_of_month(year, month); month++) day -= days_of_month(year, month);
    write_field(&at, 0, year, 4);
    write_field(&at, '-', month, 2);
    write_field(&at, '-', day + 1, 2);
    if (form == CMLPI_CELL_DATE && !clock && !fraction) return (int)(at - text);
    write_field(&at, 'T', clock / 3600, 2);
    write_field(&at, ':', clock / 60 % 60, 2);
    write_field(&at, ':', clock % 60, 2);
    if (fraction) write_field(&at, '.', fraction, 6);
    if (form == CMLPI_CELL_INSTANT) {
        memcpy(at, "+00:00", 6);
        at += 6;
    }
    return (int)(at - text);
}
#endif
