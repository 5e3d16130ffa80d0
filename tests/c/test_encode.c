/* The columns of a table: their inputs by the definition, tiles, refused columns, and memory. */
#include "calls.h"
#include "../../include/cmlp_table.h"
#include "../../src/cmlp/core/base/root.h"
#include "support.h"

#include <math.h>
#include <string.h>

enum {
    N_COLUMNS = 10,
    ROWS = 200,
    N_EDGES = 17,
    PARTS = 6 + 2 + 4, /* of a date, with bins */
    STATISTICS = (3 + 2) + (2 + 1), /* of two columns */
    LATER_PARTS = 2 + 4, /* of a date without the time of day */
    WIDTH = 17 + 2 + 3 + 1 + 1 + 2 + PARTS + STATISTICS + 2 + LATER_PARTS,
    WIDTH_WITHOUT = 1 + 2 + 3 + 1 + 1 + 1 + 6 + STATISTICS + 1 + 4
};

static const double date_edges[] = {-1, 1, 0, 0.25, 0.5, 0.875, 1, 100, 200, 365};
static const cmlp_table_date_part date_parts[3] = {
    {.edges = date_edges + 2, .n_edges = 5, .kind = CMLP_TABLE_DATE_PART_DAY},
    {.kind = CMLP_TABLE_DATE_PART_WEEK},
    {.edges = date_edges + 7, .n_edges = 3, .kind = CMLP_TABLE_DATE_PART_YEAR}};
static const float statistics[] = {0.5f, -0.25f, 3, 1e-30f, -0.0f, 7, 8, -9, 0.1f, 11}, pair_statistics[] = {-1.5f, 2.5f};
static double edges[N_EDGES], raw[ROWS][N_COLUMNS + 1]; /* a column more: rows are not contiguous */
static cmlp_table_column columns[N_COLUMNS];

static cmlp_table_encoder encoder_of(int32_t dtype, int32_t has_bins)
{
    cmlp_table_encoder encoder = CMLP_INIT(cmlp_table_encoder);
    encoder.columns = columns;
    encoder.n_columns = N_COLUMNS;
    encoder.dtype = dtype;
    encoder.has_bins = has_bins;
    return encoder;
}

static void make_table(void)
{
    const double special[] = {NAN, 0, -0.0, 1e300, -1e300, 5e-324, 0.25, -1};
    uint64_t state = 11;
    memset(columns, 0, sizeof columns);
    for (int k = 0; k < N_EDGES; k++) edges[k] = -1 + 0.125 * k + (k ? uniform(&state, 0, 0.1) : 0);
    columns[0] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_NUMBER, .centre = 0.1, .scale = 0.3, .edges = edges, .n_edges = N_EDGES};
    columns[1] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_UNUSED};
    columns[2] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_NUMBER, .has_missing = 1, .centre = -2.5, .scale = 1e-3};
    columns[3] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 3, .has_missing = 2};
    columns[4] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 2};
    columns[5] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_NUMBER, .centre = 0, .scale = 1};
    columns[6] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_NUMBER, .centre = 0.5, .scale = 2, .edges = date_edges, .n_edges = 2,
                                     .parts = date_parts, .n_parts = 3};
    columns[7] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 5, .has_missing = 5, .statistics = statistics, .n_statistics = 10, .n_one_hot = 3};
    columns[8] = (cmlp_table_column){.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 2, .has_missing = 1, .statistics = pair_statistics, .n_statistics = 2, .n_one_hot = 2};
    columns[9] = columns[6];
    columns[9].parts++;
    columns[9].n_parts--;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < N_COLUMNS; j++) {
            const int is_category = columns[j].role == CMLP_TABLE_ROLE_CATEGORY;
            raw[i][j] = is_category ? (double)random_below(&state, 7) - 1 : uniform(&state, -2, 2);
            if (!random_below(&state, 4)) raw[i][j] = special[random_below(&state, 8)];
            if (columns[j].parts && random_below(&state, 2)) raw[i][j] = uniform(&state, -9e3, 4e4);
            if (columns[j].n_edges == N_EDGES && !random_below(&state, 4)) raw[i][j] = edges[random_below(&state, N_EDGES)];
        }
}

static double bin(double x, double low, double high)
{
    return fmin(fmax((x - low) / (high - low), 0), 1) - 0.5;
}

static double wave(double phase)
{
    const double u = 2 * phase - 1;
    return 4 * u * (fabs(u) - 1);
}

/* An input of the parts of a date, by docs/arithmetic.md. */
static double expected_part(const cmlp_table_column *c, double x, int64_t input, int has_bins)
{
    static const double periods[] = {1, 7, 365.2425}, firsts[] = {0, 4, 0};
    int k = 0;
    if (x != x) return 0;
    for (;; k++) {
        const int64_t width = 2 + (has_bins && c->parts[k].n_edges ? c->parts[k].n_edges - 1 : 0);
        if (input < width) break;
        input -= width;
    }
    const double *const e = c->parts[k].edges;
    k = (int)c->parts[k].kind - 1;
    const double since = (k ? floor(x) : x) - firsts[k], begin = floor(since / periods[k]) * periods[k], days = since - begin;
    const double phase = fmin(fmax(days / periods[k], 0), 1);
    if (input == 0) return wave(phase);
    if (input == 1) return wave(phase < 0.75 ? phase + 0.25 : phase - 0.75);
    return bin(days, e[input - 2], e[input - 1]);
}

/* One input at a time, by docs/arithmetic.md. */
static double expected_number(const cmlp_table_column *c, double x, int64_t input, int has_bins)
{
    const int64_t bins = has_bins && c->n_edges ? c->n_edges - 1 : 0;
    if (c->has_missing && input == bins + 1) return x != x;
    if (input > bins) return expected_part(c, x, input - bins - 1 - c->has_missing, has_bins);
    if (x != x) return 0;
    if (!input) {
        const double z = fmin(fmax((x - c->centre) / c->scale, -1e9), 1e9), third = z / 3, square = third * third;
        return z / sqrt(1 + square);
    }
    return bin(x, c->edges[input - 1], c->edges[input]);
}

/* An input of a category with statistics. */
static double expected_statistics(const cmlp_table_column *c, double x, int64_t input)
{
    for (int64_t code = 0; code < c->n_categories; code++) {
        if (x != (double)code) continue;
        return input < c->n_one_hot ? input == code : (double)c->statistics[code * (c->n_statistics / c->n_categories) + input - c->n_one_hot];
    }
    return 0;
}

static double expected(const double *row, int64_t input, int has_bins)
{
    for (int j = 0; j < N_COLUMNS; j++) {
        const cmlp_table_column *c = &columns[j];
        const double code = isnan(row[j]) ? c->has_missing - 1 : row[j]; /* of a category */
        int64_t width = 0;
        if (c->role == CMLP_TABLE_ROLE_NUMBER) width = 1 + (has_bins && c->n_edges ? c->n_edges - 1 : 0) + c->has_missing;
        if (c->n_parts == 3) width += has_bins ? PARTS : 6;
        if (c->n_parts == 2) width += has_bins ? LATER_PARTS : 4;
        if (c->role == CMLP_TABLE_ROLE_CATEGORY) width = c->n_categories == 2 ? 1 : c->n_categories;
        if (c->statistics) width = c->n_one_hot + c->n_statistics / c->n_categories;
        if (input >= width) {
            input -= width;
            continue;
        }
        if (c->role == CMLP_TABLE_ROLE_NUMBER) return expected_number(c, row[j], input, has_bins);
        if (c->statistics) return expected_statistics(c, code, input);
        if (c->n_categories == 2) return (code == 0) - (double)(code == 1);
        return code == (double)input;
    }
    return NAN;
}

static void check_values(int32_t dtype, int has_bins)
{
    static double inputs[ROWS * WIDTH], wanted[ROWS * WIDTH];
    const cmlp_table_encoder encoder = encoder_of(dtype, has_bins);
    int64_t width = 0;
    CHECK(cmlp_table_encoder_width(&encoder, &width, NULL) == CMLP_OK && width == (has_bins ? WIDTH : WIDTH_WITHOUT));
    CHECK(encode_rows(&encoder, raw[0], ROWS, sizeof raw[0], inputs) == CMLP_OK);
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t k = 0; k < width; k++) put(dtype, wanted, i * width + k, expected(raw[i], k, has_bins));
    CHECK(!memcmp(inputs, wanted, (size_t)(ROWS * width) * size_of(dtype)));
    for (int i = 0; i < ROWS; i += 7) { /* alone, and contiguous */
        double one[WIDTH];
        CHECK(encode_rows(&encoder, raw[i], 1, 0, one) == CMLP_OK);
        CHECK(!memcmp(one, (char *)inputs + i * width * (int64_t)size_of(dtype), (size_t)width * size_of(dtype)));
    }
}

static void check_memory(int32_t dtype)
{
    slot rows, out;
    const cmlp_table_encoder encoder = encoder_of(dtype, 1);
    const size_t row = N_COLUMNS * sizeof(double), bytes = WIDTH * size_of(dtype);
    slot_make(&rows, 1 << 16);
    slot_make(&out, 1 << 16);
    for (int where = AT_START; where <= AT_END; where++) {
        double *copy = slot_place(&rows, 3 * row, where, 0);
        void *inputs = slot_place(&out, 3 * bytes, where, 0);
        for (int i = 0; i < 3; i++) memcpy(copy + i * N_COLUMNS, raw[i], row);
        CHECK(encode_rows(&encoder, copy, 3, 0, inputs) == CMLP_OK && slot_intact(&rows) && slot_intact(&out));
        CHECK(encode_rows(&encoder, copy + 2 * N_COLUMNS, 3, -(int64_t)row, inputs) == CMLP_OK && slot_intact(&out));
    }
    slot_free(&rows);
    slot_free(&out);
}

/* A missing number in the last column, which has bins and no input for missing ones: nothing is written behind it. */
static void check_missing_in_last(int32_t dtype)
{
    slot out;
    const cmlp_table_column last = {.role = CMLP_TABLE_ROLE_NUMBER, .centre = 0, .scale = 1, .edges = edges, .n_edges = 3};
    cmlp_table_encoder encoder = encoder_of(dtype, 1);
    const double missing = NAN, zeros[3] = {0};
    encoder.columns = &last;
    encoder.n_columns = 1;
    slot_make(&out, 1 << 12);
    for (int where = AT_START; where <= AT_END; where++) {
        void *inputs = slot_place(&out, 3 * size_of(dtype), where, 0);
        CHECK(encode_rows(&encoder, &missing, 1, 0, inputs) == CMLP_OK && slot_intact(&out));
        CHECK(!memcmp(inputs, zeros, 3 * size_of(dtype)));
    }
    slot_free(&out);
}

static cmlp_status width_with(cmlp_table_column column)
{
    const cmlp_table_column kept = columns[0];
    const cmlp_table_encoder encoder = encoder_of(CMLP_FLOAT32, 1);
    int64_t width = -7;
    columns[0] = column;
    const cmlp_status status = cmlp_table_encoder_width(&encoder, &width, NULL);
    columns[0] = kept;
    CHECK(!status || width == -7);
    return status;
}

/* One row for all, and rows in reverse order. */
static void check_repeated(const cmlp_table_encoder *encoder)
{
    float expected[2 * WIDTH], inputs[2 * WIDTH];
    int64_t width = 0;
    CHECK(cmlp_table_encoder_width(encoder, &width, NULL) == CMLP_OK && width <= WIDTH);
    const size_t row = (size_t)width * sizeof *inputs;
    CHECK(encode_rows(encoder, raw[0], 2, sizeof raw[0], expected) == CMLP_OK);
    CHECK(encode_rows(encoder, raw[1], 2, CMLP_REPEAT, inputs) == CMLP_OK);
    CHECK(!memcmp(inputs, expected + width, row) && !memcmp(inputs + width, expected + width, row));
    CHECK(encode_rows(encoder, raw[1], 2, -(int64_t)sizeof raw[0], inputs) == CMLP_OK);
    CHECK(!memcmp(inputs, expected + width, row) && !memcmp(inputs + width, expected, row));
}

static void check_refused_statistics(void)
{
    cmlp_table_column c = columns[7];
    CHECK(width_with(c) == CMLP_OK);
    CHECK((c.n_one_hot = 5, width_with(c)) == CMLP_OK && (c.n_one_hot = 0, width_with(c)) == CMLP_OK);
    CHECK((c.n_one_hot = 6, width_with(c)) == CMLP_ERROR_OPTION && (c.n_one_hot = -1, width_with(c)) == CMLP_ERROR_OPTION);
    c.n_one_hot = 0;
    CHECK((c.n_statistics = 9, width_with(c)) == CMLP_ERROR_OPTION && (c.n_statistics = -5, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c.n_statistics = 0, width_with(c)) == CMLP_ERROR_OPTION); /* an array without elements */
    CHECK((c.n_statistics = INT64_C(2147483650), width_with(c)) == CMLP_ERROR_OVERFLOW);
    CHECK((c.n_statistics = 10, c.statistics = NULL, width_with(c)) == CMLP_ERROR_NULL);
    CHECK((c.statistics = (const float *)(const void *)((const char *)statistics + 2), width_with(c)) == CMLP_ERROR_ALIGNMENT);
    c = columns[3];
    CHECK((c.n_one_hot = 1, width_with(c)) == CMLP_ERROR_OPTION);
    c = columns[1];
    CHECK((c.statistics = statistics, c.n_statistics = 10, width_with(c)) == CMLP_ERROR_OPTION);
    c = columns[2];
    CHECK((c.n_one_hot = 1, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c.n_one_hot = 0, c.n_statistics = 10, width_with(c)) == CMLP_ERROR_OPTION);
}

/* The numbers behind the edges of a column mean a missing one. */
static void check_missing_values(void)
{
    static const double with_edges[] = {0, 1, 0.5, -999}, alone[] = {-999}, infinite[] = {0, 1, INFINITY};
    const cmlp_table_column bins = {.role = CMLP_TABLE_ROLE_NUMBER, .has_missing = 1, .centre = 0, .scale = 1,
                                    .edges = with_edges, .n_edges = 2, .n_missing_values = 2};
    const cmlp_table_column plain = {.role = CMLP_TABLE_ROLE_NUMBER, .centre = 0, .scale = 1, .edges = alone, .n_missing_values = 1};
    const cmlp_table_column given[] = {bins, plain};
    const cmlp_table_encoder encoder = {.struct_size = sizeof encoder, .columns = given, .n_columns = 2, .has_bins = 1,
                                        .dtype = CMLP_FLOAT64};
    const double rows[4][2] = {{0.5, -999}, {-999, NAN}, {NAN, -999}, {0.25, -998}};
    double inputs[4][4];
    cmlp_table_column c;
    CHECK(encode_rows(&encoder, rows[0], 4, 0, inputs[0]) == CMLP_OK);
    for (int i = 0; i < 3; i++)
        CHECK(inputs[i][0] == 0 && inputs[i][1] == 0 && inputs[i][2] == 1 && inputs[i][3] == 0);
    CHECK(inputs[3][0] > 0.2 && inputs[3][1] == -0.25 && inputs[3][2] == 0 && inputs[3][3] < -2.9);
    CHECK((c = bins, c.n_missing_values = -1, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c = bins, c.edges = infinite, c.n_missing_values = 1, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c = plain, c.edges = NULL, width_with(c)) == CMLP_ERROR_NULL);
    CHECK((c = plain, c.n_missing_values = 0, width_with(c)) == CMLP_ERROR_OPTION);
    c = (cmlp_table_column){.role = CMLP_TABLE_ROLE_UNUSED, .edges = alone, .n_missing_values = 1};
    CHECK(width_with(c) == CMLP_OK && (c.n_missing_values = 0, width_with(c)) == CMLP_ERROR_OPTION);
    c = (cmlp_table_column){.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 3, .n_missing_values = 1};
    CHECK(width_with(c) == CMLP_OK && (c.n_missing_values = -1, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c.n_missing_values = 0, c.edges = alone, width_with(c)) == CMLP_ERROR_OPTION);
}

/* A category's column names the code of the missing one, if there is one. */
static void check_missing_category(void)
{
    cmlp_table_column c = {.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 3, .has_missing = 3};
    CHECK(width_with(c) == CMLP_OK && (c.has_missing = 4, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c.has_missing = -1, width_with(c)) == CMLP_ERROR_OPTION);
    c = (cmlp_table_column){.role = CMLP_TABLE_ROLE_UNUSED, .has_missing = 1};
    CHECK(width_with(c) == CMLP_ERROR_OPTION);
}

static void check_refused_parts(const cmlp_table_column *number)
{
    static const double down[] = {1, 0}, good[] = {0, 1};
    static cmlp_table_date_part parts[4];
    cmlp_table_column c = *number;
    const cmlp_table_column category = {.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 3};
    CHECK((c.n_parts = 1, width_with(c)) == CMLP_ERROR_NULL && (c.n_parts = -1, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c.parts = parts, c.n_parts = 0, width_with(c)) == CMLP_ERROR_OPTION); /* an array without elements */
    c.n_parts = 1;
    for (cmlp_table_date_part_kind kind = CMLP_TABLE_DATE_PART_DAY; kind <= CMLP_TABLE_DATE_PART_YEAR; kind++) {
        cmlp_table_date_part *const part = parts;
        *part = (cmlp_table_date_part){.kind = kind};
        CHECK(width_with(c) == CMLP_OK);
        for (int i = 0; i < 3; i++)
            CHECK((part->reserved[i] = 1, width_with(c)) == CMLP_ERROR_OPTION && (part->reserved[i] = 0, width_with(c)) == CMLP_OK);
        CHECK((part->n_edges = 2, width_with(c)) == CMLP_ERROR_NULL);
        CHECK((part->edges = good, width_with(c)) == CMLP_OK && (part->n_edges = 0, width_with(c)) == CMLP_ERROR_OPTION);
        CHECK((part->n_edges = 1, width_with(c)) == CMLP_ERROR_OPTION && (part->n_edges = -1, width_with(c)) == CMLP_ERROR_OPTION);
        CHECK((part->n_edges = INT64_MAX, width_with(c)) == CMLP_ERROR_OVERFLOW);
        CHECK((part->n_edges = 2, part->edges = down, width_with(c)) == CMLP_ERROR_OPTION);
        CHECK((part->edges = (const double *)(const void *)((const char *)good + 4), width_with(c)) == CMLP_ERROR_ALIGNMENT);
        part->edges = good;
        CHECK((part->kind = 0, width_with(c)) == CMLP_ERROR_OPTION && (part->kind = 4, width_with(c)) == CMLP_ERROR_OPTION);
    }
    for (int i = 0; i < 4; i++) parts[i] = (cmlp_table_date_part){.kind = CMLP_TABLE_DATE_PART_DAY + i};
    CHECK((c.n_parts = 3, width_with(c)) == CMLP_OK && (c.n_parts = 4, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c.n_parts = 2, c.parts++, width_with(c)) == CMLP_OK);
    CHECK((parts[2].kind = CMLP_TABLE_DATE_PART_WEEK, width_with(c)) == CMLP_ERROR_OPTION); /* twice */
    CHECK((parts[2].kind = CMLP_TABLE_DATE_PART_DAY, width_with(c)) == CMLP_ERROR_OPTION);  /* not ascending */
    c.n_parts = 1;
    CHECK((c.parts = (const cmlp_table_date_part *)(const void *)((const char *)parts + 4), width_with(c)) == CMLP_ERROR_ALIGNMENT);
    c.parts = parts;
    CHECK((c.n_edges = 0, c.edges = NULL, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c = category, c.parts = parts, c.n_parts = 1, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c = category, c.n_edges = 2, width_with(c)) == CMLP_ERROR_OPTION);
}

static void check_refusals(void)
{
    static double flat[] = {0, 0}, down[] = {1, 0}, far[] = {-1.7e308, 1.7e308}, nans[] = {0, NAN}, good[] = {0, 1};
    const cmlp_table_column n = {.role = CMLP_TABLE_ROLE_NUMBER, .centre = 0, .scale = 1, .edges = good, .n_edges = 2};
    cmlp_table_column c;
    CHECK(width_with(n) == CMLP_OK);
    for (double *const *e = (double *const[]){flat, down, far, nans, NULL}; *e; e++)
        CHECK((c = n, c.edges = *e, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c = n, c.edges = NULL, width_with(c)) == CMLP_ERROR_NULL);
    CHECK((c = n, c.n_edges = 0, width_with(c)) == CMLP_ERROR_OPTION);
    for (size_t i = 0; i < sizeof c.reserved / sizeof *c.reserved; i++)
        CHECK((c = n, c.reserved[i] = 1, width_with(c)) == CMLP_ERROR_OPTION);
    check_refused_parts(&n);
    check_missing_values();
    check_missing_category();
    CHECK((c = n, c.edges = (const double *)(const void *)((const char *)good + 4), width_with(c)) ==
          CMLP_ERROR_ALIGNMENT);
    for (const double *s = (const double[]){-1, NAN, INFINITY, 0}; ; s++) {
        CHECK((c = n, c.scale = *s, width_with(c)) == CMLP_ERROR_OPTION);
        if (*s == 0) break;
        CHECK((c = n, c.centre = *s, width_with(c)) == (*s == -1 ? CMLP_OK : CMLP_ERROR_OPTION));
    }
    CHECK((c = n, c.n_edges = 1, width_with(c)) == CMLP_ERROR_OPTION && (c.n_edges = -1, width_with(c)) == CMLP_ERROR_OPTION);
    CHECK((c = n, c.role = 0, width_with(c)) == CMLP_ERROR_OPTION && (c.role = 4, width_with(c)) == CMLP_ERROR_OPTION);
    c = (cmlp_table_column){.role = CMLP_TABLE_ROLE_CATEGORY, .n_categories = 0};
    CHECK(width_with(c) == CMLP_ERROR_OPTION && (c.n_categories = INT64_MAX, width_with(c)) == CMLP_ERROR_OVERFLOW);
    CHECK((c.n_categories = 2147483647, width_with(c)) == CMLP_ERROR_OVERFLOW && (c.n_categories = 1, width_with(c)) == CMLP_OK);
    const int64_t others = WIDTH - N_EDGES; /* the inputs of the other columns */
    CHECK((c.n_categories = 2147483647 - others, width_with(c)) == CMLP_OK && (c.n_categories++, width_with(c)) == CMLP_ERROR_OVERFLOW);
    check_refused_statistics();
    cmlp_table_encoder encoder = encoder_of(CMLP_FLOAT32, 0);
    float inputs[WIDTH];
    CHECK(cmlp_table_encoder_width(NULL, NULL, NULL) == CMLP_ERROR_NULL && cmlp_table_encoder_width(&encoder, NULL,
                                                                                                    NULL) == CMLP_ERROR_NULL);
    CHECK(encode_rows(&encoder, raw[0], -1, 0, inputs) == CMLP_ERROR_ROWS);
    CHECK(encode_rows(&encoder, NULL, 1, 0, inputs) == CMLP_ERROR_NULL);
    CHECK(encode_rows(&encoder, (const double *)(const void *)((const char *)raw + 4), 1, 0, inputs) ==
          CMLP_ERROR_ALIGNMENT);
    CHECK(encode_rows(&encoder, raw[0], 1, 0, (char *)inputs + 1) == CMLP_ERROR_ALIGNMENT);
    CHECK(encode_rows(&encoder, raw[0], 1, 0, NULL) == CMLP_ERROR_NULL);
    CHECK(encode_rows(&encoder, NULL, 0, 0, NULL) == CMLP_OK);
    CHECK(encode_rows(&encoder, raw[0], 2, 12, inputs) == CMLP_ERROR_ALIGNMENT);
    check_repeated(&encoder);
    CHECK(encode_rows(&encoder, raw[0], 1, 0, (char *)inputs + 2) == CMLP_ERROR_ALIGNMENT);
    encoder.columns = (const cmlp_table_column *)(const void *)((const char *)columns + 4);
    CHECK(encode_rows(&encoder, raw[0], 1, 0, inputs) == CMLP_ERROR_ALIGNMENT);
    encoder.columns = columns;
    encoder.n_columns = 0;
    CHECK(encode_rows(&encoder, raw[0], 1, 0, inputs) == CMLP_ERROR_OPTION);
    encoder = encoder_of(CMLP_UINT8, 0);
    CHECK(encode_rows(&encoder, raw[0], 1, 0, inputs) == CMLP_ERROR_DTYPE);
    encoder.struct_size = 8;
    CHECK(encode_rows(&encoder, raw[0], 1, 0, inputs) == CMLP_ERROR_STRUCT_SIZE);
}

/* Infinity is refused in every column, also in an unused one; a table of unused columns has one input. */
static void check_edge_cases(void)
{
    double row[N_COLUMNS] = {0};
    float inputs[WIDTH] = {1};
    cmlp_table_encoder encoder = encoder_of(CMLP_FLOAT32, 1);
    for (int j = 0; j < N_COLUMNS; j++) {
        row[j] = j % 2 ? INFINITY : -INFINITY;
        CHECK(encode_rows(&encoder, row, 1, 0, inputs) == CMLP_ERROR_INPUT);
        row[j] = 0;
    }
    encoder.columns = columns + 1;
    encoder.n_columns = 1;
    inputs[0] = 1;
    CHECK(encode_rows(&encoder, row, 1, 0, inputs) == CMLP_OK && inputs[0] == 0);
}

/* The square root of processors without doubles. */
static void check_root(void)
{
    const double special[] = {0, 5e-324, 2.2250738585072014e-308, 1, 2, 1.7976931348623157e308, 0x1.fffffffffffffp0};
    uint64_t state = 1;
    for (int i = 0; i < 7; i++) CHECK(cmlpi_soft_root(special[i]) == sqrt(special[i]));
    for (int i = 0; i < 20000; i++) {
        const uint64_t bits = random_bits(&state) % UINT64_C(0x7ff0000000000000);
        double x;
        memcpy(&x, &bits, sizeof x);
        check_that(cmlpi_soft_root(x) == sqrt(x), "root of %a", x);
        x = 1 + uniform(&state, 0, 20);
        check_that(cmlpi_soft_root(x) == sqrt(x), "root of %a", x);
    }
}

int main(void)
{
    check_root();
    make_table();
    for (int has_bins = 0; has_bins < 2; has_bins++) {
        check_values(CMLP_FLOAT32, has_bins);
        check_values(CMLP_FLOAT64, has_bins);
    }
    check_memory(CMLP_FLOAT32);
    check_memory(CMLP_FLOAT64);
    check_missing_in_last(CMLP_FLOAT32);
    check_missing_in_last(CMLP_FLOAT64);
    check_refusals();
    check_edge_cases();
    return finish();
}
