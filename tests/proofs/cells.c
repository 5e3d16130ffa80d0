/* Cells of text: any bytes, at most MOST of them. What digits become as a double is anything. */
#include "any.h"

#include "table/decimal.h"

static void any_digit(cmlpi_decimal *decimal, int digit, int is_fraction)
{
    (void)decimal;
    REQUIRE(digit >= 0 && digit <= 9 && (is_fraction == 0 || is_fraction == 1));
}

static double any_value(cmlpi_decimal *decimal, int64_t exponent)
{
    (void)decimal;
    REQUIRE(exponent > -(INT64_C(1) << 60) && exponent < INT64_C(1) << 60);
    return nondet_double();
}

#define cmlpi_decimal_add any_digit
#define cmlpi_decimal_value any_value
#define cmlpi_decimal_begin(decimal) ((void)(decimal))
#include "table/cells.c"

static cmlpi_cell cell;

static void any_cell(void)
{
    const size_t n = nondet_size();
    ASSUME(n <= MOST);
    cell.at = any_bytes(n);
    cell.end = cell.at + n;
}

void prove_last_space_length(void)
{
    any_cell();
    const int n = last_space_length(cell);
    REQUIRE(n >= 0 && n <= 3 && n <= cell.end - cell.at);
    REQUIRE(!n || (unsigned char)cell.end[-1] <= ' ' || (unsigned char)cell.end[-1] >= 0x80);
}

void prove_is_missing_number(void)
{
    any_cell();
    const int is_missing = cmlpi_is_missing_number(cell);
    REQUIRE(is_missing || cell.at < cell.end);
}

void prove_read_digits(void)
{
    number_reader anything, reader = anything;
    const int64_t most = nondet_int64();
    reader.digits = any_bytes(CMLPI_CELL_DIGITS);
    ASSUME(reader.n_left >= 0 && reader.n_left <= CMLPI_CELL_DIGITS);
    ASSUME(reader.n_digits >= -1 && reader.n_digits <= CMLPI_CELL_DIGITS - reader.n_left);
    ASSUME(reader.n_digits < 1 || reader.digits[0] != '0');
    any_cell();
    const cmlpi_cell before = cell;
    const int64_t n = read_digits(&reader, &cell, most, nondet_int() != 0);
    REQUIRE(n >= 0 && (n <= most || !n) && cell.at == before.at + n && cell.at <= cell.end);
    REQUIRE(reader.n_digits >= -1 && reader.n_digits <= CMLPI_CELL_DIGITS - reader.n_left && reader.n_left >= 0);
    REQUIRE(reader.n_digits < 1 || reader.digits[0] != '0');
}

void prove_read_cell_date(void)
{
    cmlpi_cell_date date;
    any_cell();
    if (!cmlpi_read_cell_date(cell, &date)) return;
    REQUIRE(cell.end - cell.at >= 10);
    REQUIRE(date.microseconds >= FIRST_DAY * MICROSECONDS_OF_A_DAY);
    REQUIRE(date.microseconds < LAST_DAY * MICROSECONDS_OF_A_DAY);
    REQUIRE(date.form >= CMLPI_CELL_DATE && date.form <= CMLPI_CELL_INSTANT);
}
