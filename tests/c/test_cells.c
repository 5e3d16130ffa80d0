/* Cells of text in the model of a table: numbers, booleans, dates, missing values and categories. Each cell lies between
 * two guard pages. tests/files/test_cells.py compares many more with those that Python reads. */
#include "../../include/cmlp_table.h"
#include "../../src/cmlp/core/table/cells.h"
#include "model_file.h"
#include "support.h"

#include <math.h>
#include <string.h>

/* The columns of the file. */
enum { NUMBER, BOOLEAN, DATE, TIME, INSTANT, DURATION, UNUSED, TEXTS, NUMBERS, RANKS, DAYS, INSTANTS, TRUTH, N_COLUMNS };

#define TEXT(string) {.text = (string), .n_text = sizeof(string) - 1, .kind = CMLP_VALUE_TEXT}
#define INTEGER(i) {.integer = (i), .kind = CMLP_VALUE_INTEGER}
#define DOUBLE(x) {.number = (x), .kind = CMLP_VALUE_DOUBLE}
#define BOOLEAN_OF(i) {.integer = (i), .kind = CMLP_VALUE_BOOLEAN}
#define LARGE(digits) {.text = (digits), .n_text = sizeof(digits) - 1, .kind = CMLP_VALUE_LARGE_INTEGER}

static const cmlp_table_column_kind all_kinds[N_COLUMNS] = {
    CMLP_TABLE_COLUMN_NUMBER, CMLP_TABLE_COLUMN_BOOLEAN,  CMLP_TABLE_COLUMN_DATE,     CMLP_TABLE_COLUMN_TIME,    CMLP_TABLE_COLUMN_INSTANT,
    CMLP_TABLE_COLUMN_DURATION, CMLP_TABLE_COLUMN_NUMBER, CMLP_TABLE_COLUMN_CATEGORY, CMLP_TABLE_COLUMN_CATEGORY, CMLP_TABLE_COLUMN_ORDERED,
    CMLP_TABLE_COLUMN_DATE,   CMLP_TABLE_COLUMN_INSTANT,  CMLP_TABLE_COLUMN_BOOLEAN};
static const cmlp_value text_list[] = {TEXT("a"), TEXT("1"), TEXT("NA"), TEXT(" x"), TEXT("\xc3\xa9\xf0\x9f\x98\x80"), TEXT(""),
                                       TEXT("\\\"")};
static const cmlp_value number_list[] = {
    INTEGER(3), DOUBLE(2.5), INTEGER(9007199254740993), INTEGER(9007199254740992), LARGE("12345678901234567890123"),
    BOOLEAN_OF(1), {.kind = CMLP_VALUE_MISSING}, INTEGER(-7), DOUBLE(1e16), TEXT("8"), INTEGER(8), DOUBLE(0.1), DOUBLE(1e-7),
    INTEGER(0)};
static const cmlp_value rank_list[] = {TEXT("low"), TEXT("high"), INTEGER(3)};
static const cmlp_value day_list[] = {TEXT("2020-05-01"), TEXT("2020-05-01T00:00:01"), {.kind = CMLP_VALUE_MISSING}, TEXT("")};
static const cmlp_value instant_list[] = {TEXT("2020-05-01T00:00:00+00:00"), TEXT("1969-12-31T23:59:59.999999+00:00")};
static const cmlp_value truth_list[] = {BOOLEAN_OF(1), BOOLEAN_OF(0)};

/* A column of categories: the inputs of a category, or none, and 1 + the code of the missing one. */
#define LISTED(list, n_inputs, missing) \
    (cmlp_table_column){.role = CMLP_TABLE_ROLE_CATEGORY, .has_missing = (missing), .n_categories = (n_inputs), .categories = (list)}

static model_file file;
static int64_t memory[1 << 12];
static unsigned char workspace[1 << 16];
static slot place;

#define CELLS(words, n, point, separator)                                                               \
    {.struct_size = sizeof(cmlp_cell_format), .missing = (words), .n_missing = (n), .decimal = (point), \
     .thousands = (separator)}

/* Loads a table with these kinds of columns, or NULL, and cells. */
static const cmlp_model *load(const cmlp_table_column_kind *kinds, const cmlp_cell_format *cells)
{
    static unsigned char net_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
    static float params[64];
    cmlp_table_column columns[N_COLUMNS];
    const cmlp_net *net;
    const cmlp_model_content content = {.struct_size = sizeof content, .cells = cells, .write = model_file_append,
                                        .write_context = &file};
    const cmlp_model *model = NULL;
    memset(columns, 0, sizeof columns);
    for (int i = 0; i < N_COLUMNS; i++) columns[i] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_NUMBER, .scale = 1};
    columns[UNUSED] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_UNUSED};
    columns[TEXTS] = LISTED(text_list, 7, 0);
    columns[NUMBERS] = LISTED(number_list, 14, 7);
    columns[RANKS].n_categories = 3;
    columns[RANKS].categories = rank_list;
    columns[DAYS] = LISTED(day_list, 4, 3);
    columns[INSTANTS] = LISTED(instant_list, 2, 0);
    columns[TRUTH] = LISTED(truth_list, 2, 0);
    for (int i = 0; kinds && i < N_COLUMNS; i++) columns[i].kind = kinds[i];
    const cmlp_table_encoder encoder = {.struct_size = sizeof encoder, .columns = columns, .n_columns = N_COLUMNS,
                                        .dtype = CMLP_FLOAT32};
    int64_t sizes[] = {0, 1};
    const int32_t activations[] = {CMLP_ACTIVATION_IDENTITY};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = 2, .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT32};
    CHECK(cmlp_table_encoder_width(&encoder, &sizes[0], NULL) == CMLP_OK);
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    const cmlp_table_target target = {0, 1, -1, 1, NULL, 0, {0}};
    const cmlp_table_net network = {.net = net, .params = params, .n_params = cmlp_net_n_params(net)};
    const cmlp_table table = {.struct_size = sizeof table, .columns = columns, .n_columns = N_COLUMNS,
                              .nets = &network, .n_nets = 1, .targets = &target, .n_targets = 1};
    file.size = 0;
    CHECK(cmlp_table_write(&table, &content, SPACE(workspace, sizeof workspace)) == CMLP_OK);
    CHECK(cmlp_model_init(memory, sizeof memory, file.bytes, file.size, NULL, &model, SPACE(workspace, sizeof workspace)) ==
          CMLP_OK);
    return model;
}

/* Reads a cell at both guard pages. The number of a refused cell is -99. */
static double read(const cmlp_model *model, int64_t column, const char *text, size_t n, cmlp_status *status)
{
    double numbers[2] = {-99, -99};
    for (int where = AT_START; where <= AT_END; where++) {
        char *const cell = slot_place(&place, n, where, 0);
        memcpy(cell, text, n);
        *status = read_cell(model, column, cell, (int64_t)n, &numbers[where], NULL);
        CHECK(slot_intact(&place));
    }
    CHECK(same_bits(CMLP_FLOAT64, &numbers[0], &numbers[1], 1));
    return numbers[0];
}

/* A column, a cell, and its number; -99 if it is refused. */
typedef struct cell {
    int column;
    const char *text;
    double number;
} cell;

static void check_cells(const cmlp_model *model, const cell *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cmlp_status status;
        const double found = read(model, cells[i].column, cells[i].text, strlen(cells[i].text), &status);
        check_that(same_bits(CMLP_FLOAT64, &found, &cells[i].number, 1) &&
                       status == (found == -99 ? CMLP_ERROR_CELL : CMLP_OK),
                   "column %d, cell \"%s\": %.17g, %s", cells[i].column, cells[i].text, found, cmlp_status_name(status));
    }
}

#define SECONDS(days, seconds) (((days) * 86400.0 + (seconds)) * 1e6 / 86400000000.0)
#define ZEROS "00000000000000000000000000000000000000000000000000"

static const cell plain_cells[] = {
    /* numbers */
    {NUMBER, "12", 12}, {NUMBER, "-2.5", -2.5}, {NUMBER, "+.5", 0.5}, {NUMBER, "1.", 1}, {NUMBER, "1e-3", 0.001},
    {NUMBER, "1.E+2", 100}, {NUMBER, "007", 7}, {NUMBER, "-0", -0.0}, {NUMBER, " \t1\xc2\xa0", 1}, {NUMBER, "\xe2\x80\x89" "1\xe2\x80\x89\xe2\x80\xa8", 1},
    {NUMBER, "\x1c" "1\xe3\x80\x80\xe1\x9a\x80", 1}, {NUMBER, "1\x80\x89", -99}, {NUMBER, "1\xe2\x80\x8b", -99},
    {NUMBER, "0.1", 0.1},
    {NUMBER, "9007199254740993", 9007199254740992}, {NUMBER, "9007199254740993.0" ZEROS "1", 9007199254740994},
    {NUMBER, "5e-324", 5e-324}, {NUMBER, "2.4703282292062327e-324", 0}, {NUMBER, "2.4703282292062328e-324", 5e-324},
    {NUMBER, "2.2250738585072011e-308", 2.2250738585072011e-308}, {NUMBER, "1e-400", 0}, {NUMBER, "-1e-99999999999999999999", -0.0},
    {NUMBER, "1.7976931348623157e308", 1.7976931348623157e308}, {NUMBER, "1.7976931348623159e308", -99},
    {NUMBER, "0." ZEROS ZEROS "1e100", 0.1}, {NUMBER, "1" ZEROS ZEROS "e-100", 1}, {NUMBER, "0e99999999999999999999", 0},
    {NUMBER, "1e309", -99}, {NUMBER, "1e99999999999999999999", -99}, {NUMBER, "inf", -99}, {NUMBER, "-Infinity", -99},
    {NUMBER, "1e", -99}, {NUMBER, "1e+", -99}, {NUMBER, ".", NAN}, {NUMBER, "+", -99}, {NUMBER, "1,5", -99},
    {NUMBER, "1 2", -99}, {NUMBER, "0x10", -99}, {NUMBER, "1_0", -99}, {NUMBER, "+-1", -99}, {NUMBER, ".e5", -99},
    {NUMBER, "infin", -99}, {NUMBER, "true", -99}, {NUMBER, "2020-05-01", -99}, {NUMBER, "\xef\xbc\x91", -99},
    {UNUSED, "3.5", 3.5}, {UNUSED, "x", -99},
    /* missing values */
    {NUMBER, "", NAN}, {NUMBER, "  ", NAN}, {NUMBER, "\xe3\x80\x80\xc2\x85", NAN}, {NUMBER, "NA", NAN}, {NUMBER, "nA", NAN},
    {NUMBER, " None ", NAN}, {NUMBER, "-1.#IND", NAN}, {NUMBER, "1.#QNAN", NAN}, {NUMBER, "\\N", NAN}, {NUMBER, "?", NAN},
    {NUMBER, "-", NAN}, {NUMBER, "#n/A", NAN}, {NUMBER, "#na", -99}, {NUMBER, "-999", -999}, {NUMBER, "NULLX", -99},
    {NUMBER, "nul", -99}, {DURATION, "na", NAN}, {DURATION, "1", -99}, {BOOLEAN, "", NAN}, {INSTANT, "NULL", NAN},
    /* booleans */
    {BOOLEAN, "true", 1}, {BOOLEAN, " False", 0}, {BOOLEAN, "TRUE", 1}, {BOOLEAN, "tRUE", -99}, {BOOLEAN, "1", 1},
    {BOOLEAN, "2.5", 2.5}, {BOOLEAN, "truex", -99}, {BOOLEAN, "FALS", -99}, {BOOLEAN, "inf", -99},
    /* dates */
    {DATE, "1970-01-01", 0}, {DATE, "2020-02-29", 18321}, {DATE, "1969-12-31", -1}, {DATE, "0001-01-01", -719162},
    {DATE, "9999-12-31", 2932896}, {DATE, " 2000-02-29 ", 11016}, {DATE, "1900-02-29", -99}, {DATE, "2019-02-29", -99},
    {DATE, "2020-00-01", -99}, {DATE, "2020-13-01", -99}, {DATE, "2020-01-00", -99}, {DATE, "2020-04-31", -99},
    {DATE, "0000-01-01", -99}, {DATE, "2020-1-1", -99}, {DATE, "20200101", -99}, {DATE, "2020-01-01T", -99},
    {DATE, "2020-01-01x", -99}, {DATE, "1970-01-02 12:00", 1.5}, {DATE, "2020-01-01T00:00Z", -99}, {DATE, "12", -99},
    {TIME, "1970-01-02", 1}, {TIME, "1970-01-01T06:00", 0.25}, {TIME, "1970-01-01T00:00:01", SECONDS(0, 1)},
    {TIME, "1970-01-01 23:59:59.5", SECONDS(0, 86399.5)}, {TIME, "1970-01-01T00:00:00,0000019", 1 / 86400000000.0},
    {TIME, "1970-01-01T00:00:00.123456789", 123456 / 86400000000.0}, {TIME, "1970-01-01T00:00:00.1234567890", -99},
    {TIME, "1970-01-01T00:00:00.", -99}, {TIME, "1970-01-01T00", -99}, {TIME, "1970-01-01T00:0", -99},
    {TIME, "1970-01-01T00:00:0", -99}, {TIME, "1970-01-01T24:00", -99}, {TIME, "1970-01-01T00:60", -99},
    {TIME, "1970-01-01T00:00:60", -99}, {TIME, "1970-01-01t00:00", -99}, {TIME, "1970-01-01T00:00+00:00", -99},
    {INSTANT, "1970-01-01T00:00Z", 0}, {INSTANT, "1970-01-01T00:00 Z", 0}, {INSTANT, "1970-01-01T00:00+06", -0.25},
    {INSTANT, "1970-01-01T00:00-0600", 0.25}, {INSTANT, "1970-01-01T00:00:30+00:30", SECONDS(0, -1770)},
    {INSTANT, "1970-01-01T00:00+24", -99}, {INSTANT, "1970-01-01T00:00+0060", -99}, {INSTANT, "1970-01-01T00:00+0", -99},
    {INSTANT, "1970-01-01T00:00+00:", -99}, {INSTANT, "1970-01-01T00:00+000", -99}, {INSTANT, "1970-01-01T00:00", -99},
    {INSTANT, "1970-01-01T00:00z", -99}, {INSTANT, "1970-01-01T00:00Z0", -99}, {INSTANT, "1970-01-01", -99},
    {INSTANT, "0001-01-01T00:00+00:01", -99}, {INSTANT, "0001-01-01T00:01+00:01", -719162},
    {INSTANT, "9999-12-31T23:59:59.999999-00:00", 2932897}, {INSTANT, "9999-12-31T23:59-00:01", -99},
    /* categories of text */
    {TEXTS, "a", 0}, {TEXTS, " a", -1}, {TEXTS, "1", 1}, {TEXTS, "1.0", -1}, {TEXTS, "NA", 2}, {TEXTS, "na", -1},
    {TEXTS, " x", 3}, {TEXTS, "x", -1}, {TEXTS, "\xc3\xa9\xf0\x9f\x98\x80", 4}, {TEXTS, "\xc3\xa9\xf0\x9f\x98", -1},
    {TEXTS, "", 5}, {TEXTS, "\\\"", 6}, {TEXTS, "\\\"a\\\"", -1}, {TEXTS, "NULL", -1},
    /* categories of numbers */
    {NUMBERS, "3", 0}, {NUMBERS, "3.0", 0}, {NUMBERS, " +3e0", 0}, {NUMBERS, "1", 5}, {NUMBERS, "1.0", 5},
    {NUMBERS, "2.50", 1}, {NUMBERS, "9007199254740993", 2},
    {NUMBERS, "+9007199254740993", 2}, {NUMBERS, "9007199254740993.0", 3}, {NUMBERS, "+9007199254740994", -1},
    {NUMBERS, "+9007199254740991.6", 3}, {NUMBERS, "12345678901234567890123", 4}, {NUMBERS, "+12345678901234567890123", 4},
    {NUMBERS, "12345678901234567890124", -1}, {NUMBERS, "12345678901234567890123.0", -1}, {NUMBERS, "True", 5},
    {NUMBERS, "true", 5}, {NUMBERS, "False", 13}, {NUMBERS, "", 6}, {NUMBERS, "nA", 6}, {NUMBERS, "-7", 7},
    {NUMBERS, "-07.00", 7}, {NUMBERS, "7", -1}, {NUMBERS, "10000000000000000", 8}, {NUMBERS, "1E16", 8}, {NUMBERS, "8", 10},
    {NUMBERS, "8.0", 10}, {NUMBERS, ".1", 11}, {NUMBERS, "0.1000000000000000055511151231257827", 11},
    {NUMBERS, "0.0000001", 12}, {NUMBERS, "-0", 13}, {NUMBERS, "null", 6}, {NUMBERS, "inf", -1}, {NUMBERS, "1e999", -1},
    {NUMBERS, "000000000000000000000000000000000000003", 0}, {NUMBERS, "00000000000000000" "00000000000000000000003e0", 0},
    {NUMBERS, "0000000000000000" "000000000000000009007199254740993", 3}, /* too long for an integer */
    {TRUTH, "TRUE", 0}, {TRUTH, "0", 1}, {TRUTH, "1.0", 0}, {TRUTH, "2", -1}, {TRUTH, "", -1},
    /* ranks */
    {RANKS, "low", 0}, {RANKS, "high", 1}, {RANKS, "3.0", 2}, {RANKS, "Low", NAN}, {RANKS, "", NAN}, {RANKS, "2", NAN},
    /* categories that are the texts of dates */
    {DAYS, "2020-05-01", 0}, {DAYS, " 2020-05-01 00:00", 0}, {DAYS, "2020-05-01T00:00:01.0", 1}, {DAYS, "2020-05-02", -1},
    {DAYS, "", 2}, {DAYS, "nA", 2}, {DAYS, "2020-05-01T00:00Z", -99}, {DAYS, "x", -99},
    {INSTANTS, "2020-05-01T02:00+02:00", 0}, {INSTANTS, "2020-05-01 00:00Z", 0}, {INSTANTS, "1969-12-31T23:59:59.9999999Z", 1},
    {INSTANTS, "1969-12-31T23:59:59.9999989Z", -1}, {INSTANTS, "", -1}, {INSTANTS, "2020-05-01", -99},
    {INSTANTS, "9999-12-31T23:59:59Z", -1}, {INSTANTS, "0001-01-01T00:00Z", -1}, {INSTANTS, "2000-12-31T00:00Z", -1},
};

/* With a decimal comma, and words that are missing values. */
static const cell comma_cells[] = {
    {NUMBER, "1,5", 1.5}, {NUMBER, "1.234", 1234}, {NUMBER, "1.234.567,5e1", 12345675}, {NUMBER, "12.345,", 12345},
    {NUMBER, "123.456", 123456}, {NUMBER, "1234.567", -99}, {NUMBER, "1.23", -99}, {NUMBER, "1.2345", -99}, {NUMBER, ".234", -99},
    {NUMBER, "1..234", -99}, {NUMBER, "1.234.", -99}, {NUMBER, ",5", 0.5}, {NUMBER, "-999", NAN}, {NUMBER, " -999 ", NAN}, {NUMBER, "-999,0", -999},
    {NUMBER, "none of it", NAN}, {NUMBER, "None of it", -99}, {NUMBER, "\xc3\xa9", NAN}, {NUMBER, "none of", -99},
    {NUMBERS, "2.5", 1}, {NUMBERS, "2,5", 1}, {NUMBERS, "\xc3\xa9", 6}, {NUMBERS, "12.345.678.901.234.567.890.123", 4},
    {TEXTS, " \xc3\xa9 ", -1}, {DAYS, " none of it", 2},
};

static const cell quote_cells[] = {
    {NUMBER, "1'234.5", 1234.5}, {NUMBER, "1\xe2\x80\x99" "234'567", 1234567}, {NUMBER, "1 234", -99},
    {NUMBER, "1\xe2\x80\x98" "234", -99}, {NUMBER, "1,234", -99},
};

static const cell space_cells[] = {
    {NUMBER, "1 234.5", 1234.5}, {NUMBER, "1\xc2\xa0" "234\xe2\x80\xaf" "567", 1234567}, {NUMBER, "1  234", -99},
    {NUMBER, "1\xe2\x80\xaf", 1}, {NUMBER, "1'234", -99},
};

#define CHECK_CELLS(format, cells) check_cells(load(all_kinds, format), (cells), sizeof(cells) / sizeof *(cells))

static void test_cells(void)
{
    static const cmlp_value words[] = {TEXT("-999"), TEXT(" \xc3\xa9 \t"), TEXT("none of it"), TEXT("")};
    static const cmlp_cell_format plain = CELLS(NULL, 0, '.', 0), comma = CELLS(words, 4, ',', '.');
    static const cmlp_cell_format quote = CELLS(NULL, 0, '.', '\''), space = CELLS(NULL, 0, '.', ' ');
    CHECK_CELLS(NULL, plain_cells);
    CHECK_CELLS(&plain, plain_cells);
    CHECK_CELLS(&comma, comma_cells);
    CHECK_CELLS(&quote, quote_cells);
    CHECK_CELLS(&space, space_cells);
}

/* A word that is a missing value is none where it is a category, and text with white space is another word. */
static void test_missing_words(void)
{
    static const cell cells[] = {{TEXTS, "a", 0}, {NUMBERS, "none", 6}, {NUMBERS, " b", 6}, {NUMBERS, "b", 6}, {NUMBERS, "c", -1}};
    static const cmlp_value words[] = {TEXT("a"), TEXT(" b ")};
    static const cmlp_cell_format format = CELLS(words, 2, '.', ',');
    CHECK_CELLS(&format, cells);
    static const cell own_cells[] = {{TEXTS, "a", 0}, {NUMBERS, "none", -1}, {NUMBERS, "NA", -1}, {NUMBERS, " b", 6},
                                     {NUMBERS, "", 6}, {NUMBERS, " ", 6}, {NUMBER, "NA", -99}};
    cmlp_cell_format own = format;
    own.has_own_words = 1;
    CHECK_CELLS(&own, own_cells);
}

/* A minus of texts, and text that is a formula, only where the file says so. */
static void test_spreadsheets(void)
{
    static const cell new_cells[] = {{NUMBER, "\xe2\x88\x92" "2.5", -2.5}, {NUMBER, "1e\xe2\x88\x92" "2", .01},
                                     {NUMBER, "=\"7\"", 7}, {NUMBER, "=\"\"", NAN}, {NUMBER, "=\"", -99},
                                     {NUMBER, "=\"7\"\"", -99}, {NUMBER, " =\"7\"", -99}, {NUMBER, "\xe2\x88\x92", -99},
                                     {TEXTS, "=\"a\"", 0}, {DATE, "=\"2020-05-01\"", 18383}};
    static const cell old_cells[] = {{NUMBER, "\xe2\x88\x92" "2.5", -99}, {NUMBER, "=\"7\"", -99}, {TEXTS, "=\"a\"", -1}};
    cmlp_cell_format format = CELLS(NULL, 0, '.', 0);
    CHECK_CELLS(&format, old_cells);
    format.of_spreadsheets = 1;
    CHECK_CELLS(&format, new_cells);
}

/* Without kinds, a column is one of numbers, or of categories. */
static void test_without_kinds(void)
{
    static const cell cells[] = {{DATE, "2", 2}, {DATE, "2020-05-01", -99}, {DAYS, "2020-05-01", 0}, {DAYS, "x", -1},
                                 {BOOLEAN, "true", -99}, {DURATION, "1", 1}};
    check_cells(load(NULL, NULL), cells, sizeof cells / sizeof *cells);
}

/* The 769th digit decides. */
static void test_many_digits(void)
{
    static char text[2000];
    const cmlp_model *const model = load(all_kinds, NULL);
    const size_t n = strlen(strcpy(text, "9007199254740993."));
    cmlp_status status;
    memset(text + n, '0', sizeof text - n);
    for (size_t length = n; length < sizeof text; length += 61)
        for (char last = '0'; last <= '1'; last++) {
            text[length] = last;
            CHECK(read(model, NUMBER, text, length + 1, &status) == (last == '1' ? 9007199254740994 : 9007199254740992));
            CHECK(status == CMLP_OK);
            text[length] = '0';
        }
    memset(text, '9', sizeof text);
    CHECK(read(model, NUMBER, text, 308, &status) == 1e308 && status == CMLP_OK);
    CHECK(read(model, NUMBER, text, 309, &status) == -99 && status == CMLP_ERROR_CELL);
    CHECK(read(model, NUMBER, text, sizeof text, &status) == -99 && status == CMLP_ERROR_CELL);
    text[1990] = 'e';
    memcpy(text + 1991, "-2313", 6);
    CHECK(read(model, NUMBER, text, 1996, &status) == 1e-323 && status == CMLP_OK);
}

/* Any bytes are read without an access beyond them, and refused or a number. */
static void test_any_bytes(void)
{
    static const char common[] = "0123456789-+.,:eETZ \\\"aN/\xc2\xa0\xe2\x80\xaf\xe3\xf0\x9f";
    static const cmlp_value words[] = {TEXT("\xe2\x80\x83x"), TEXT("0")};
    static const cmlp_cell_format format = CELLS(words, 2, ',', ' ');
    const cmlp_model *const model = load(all_kinds, &format);
    uint64_t state = 3;
    char text[12];
    for (int i = 0; i < 60000; i++) {
        const size_t n = (size_t)random_below(&state, sizeof text + 1);
        for (size_t k = 0; k < n; k++)
            text[k] = i % 2 ? (char)random_below(&state, 256) : common[random_below(&state, sizeof common)];
        cmlp_status status;
        const double found = read(model, i % N_COLUMNS, text, n, &status);
        CHECK(status ? status == CMLP_ERROR_CELL && found == -99 : found - found == 0 || found != found);
    }
}

/* Every day, and a second of it, becomes a text that is read as the same date. */
static void test_every_day(void)
{
    const int64_t second = 1000000, first = INT64_C(-719162) * 86400 * second, end = INT64_C(2932897) * 86400 * second;
    char text[CMLPI_DATE_TEXT];
    cmlpi_cell_date date;
    int64_t n_wrong = 0;
    for (int64_t midnight = first, day = 0; midnight < end; midnight += 86400 * second, day++) {
        const int64_t times[] = {midnight, midnight + day % 86400 * second + day % 3};
        for (int form = CMLPI_CELL_DATE; form <= CMLPI_CELL_INSTANT; form++) {
            const int64_t time = times[form > 0];
            const int n = cmlpi_write_cell_date(time, form, text);
            const cmlpi_cell written = {text, text + n};
            n_wrong += !cmlpi_read_cell_date(written, &date) || date.microseconds != time || date.form != form;
        }
    }
    CHECK(!n_wrong);
}

static int is_printed(const char *text, double value)
{
    const size_t n = strlen(text);
    char *const bytes = slot_place(&place, n, AT_END, 0);
    memcpy(bytes, text, n);
    return cmlpi_is_printed_double((cmlpi_cell){bytes, bytes + n}, value);
}

/* A text names a category that is a number only if Python prints the number so: by the fewest digits that round to it. */
static void test_printed_doubles(void)
{
    static const struct {
        const char *text;
        double value;
        int is_printed;
    } known[] = {
        {"0.1", 0.1, 1},         {"0.10", 0.1, 0},  {".1", 0.1, 0},       {"1e-1", 0.1, 0},
        {"0.0", 0, 1},           {"0", 0, 0},       {"1.0", 1, 1},        {"1", 1, 0},
        {"-0.5", -0.5, 1},       {"+0.5", 0.5, 0},  {"0.0001", 1e-4, 1},  {"1e-04", 1e-4, 0},
        {"1e-05", 1e-5, 1},      {"1e-5", 1e-5, 0}, {"0.00001", 1e-5, 0}, {"1.5e-07", 1.5e-7, 1},
        {"1e+16", 1e16, 1},      {"1e16", 1e16, 0}, {"1E+16", 1e16, 0},   {"10000000000000000.0", 1e16, 0},
        {"5e-324", 5e-324, 1},   {"4e-324", 5e-324, 0},
        {"9999999999999998.0", 9999999999999998.0, 1},
        {"9007199254740992.0", 9007199254740992.0, 1},
        {"9007199254740993.0", 9007199254740992.0, 0}, /* rounds to the same double */
        {"0.3", 0.3, 1},
        {"0.29999999999999999", 0.3, 0}, /* more digits than needed */
        {"0.30000000000000004", 0.1 + 0.2, 1},
        {"0.30000000000000005", 0.1 + 0.2, 0}, /* not the nearest one of as many digits */
        {"1.7976931348623157e+308", 1.7976931348623157e308, 1},
        {"1.7976931348623158e+308", 1.7976931348623157e308, 0},
        {"2.2250738585072014e-308", 2.2250738585072014e-308, 1},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        check_that(is_printed(known[i].text, known[i].value) == known[i].is_printed, "%s", known[i].text);
}

int main(void)
{
    slot_make(&place, 1 << 12);
    test_cells();
    test_missing_words();
    test_spreadsheets();
    test_without_kinds();
    test_many_digits();
    test_any_bytes();
    test_every_day();
    test_printed_doubles();
    slot_free(&place);
    return finish();
}
