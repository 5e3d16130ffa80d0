/* Searches in a list of categories, as it is in the head of a file. */
#include "../../include/cmlp_table.h"
#include "support.h"

#include <math.h>
#include <string.h>

static cmlp_table_categories list_of(const char *text, int64_t n)
{
    cmlp_table_categories c = CMLP_INIT(cmlp_table_categories);
    c.list = text;
    c.list_size = strlen(text);
    c.n = n;
    c.unknown = -1;
    return c;
}

#define ZEROS_20 "00000000000000000000"

/* Whether the only category, a number or a word, is the number. */
static const struct number {
    const char *text;
    double number;
    int is_equal;
} numbers[] = {
    /* words */
    {"true", 1, 1}, {"true", 0, 0}, {"true", 2, 0}, {"true", -1, 0}, {"true", 0.5, 0}, {"false", 0, 1},
    {"false", 1, 0}, {"false", -0.0, 1}, {"null", 0, 0}, {"\\\"1\\\"", 1, 0},
    /* integers */
    {"7", 7, 1}, {"7", 7.5, 0}, {"7", -7, 0}, {"-7", 7, 0}, {"-7", -7, 1}, {"-0", 0, 1}, {"7", 8, 0},
    {"18446744073709551616", 18446744073709551616.0, 1}, {"18446744073709551617", 18446744073709551616.0, 0},
    {"0", 18446744073709551616.0, 0}, {"0", INFINITY, 0},
    /* decimals */
    {"1e2", 100, 1}, {"1E2", 100, 1}, {"1e+2", 100, 1}, {"1E-2", 0.01, 1}, {"1e2", 99, 0}, {"1e2", 101, 0},
    {"0.0", 0, 1}, {"-0.0", 0, 1}, {"0e5", 0, 1}, {"1.5", 0, 0}, {"0.0", 5e-324, 0},
    {"-1.5", -1.5, 1}, {"-1.5", 1.5, 0}, {"1.5", INFINITY, 0},
    /* The double nearest to a decimal in the middle between two is the one with an even last bit. */
    {"9007199254740993.0", 9007199254740992.0, 1}, {"9007199254740993.0", 9007199254740994.0, 0},
    {"9007199254740995.0", 9007199254740994.0, 0}, {"9007199254740995.0", 9007199254740996.0, 1},
    {"9007199254740993.1", 9007199254740994.0, 1}, {"9007199254740992.9", 9007199254740992.0, 1},
    /* Longer decimals than Python writes. */
    {"1." ZEROS_20 "0000000000000000000", 1, 1}, {"1." ZEROS_20 ZEROS_20, 1, 1},
    {"0." ZEROS_20 ZEROS_20 "005", 5e-43, 1},
    {"1e400", 1, 0}, {"1e401", 1, 0}, {"1e-400", 0, 1}, {"1e-401", 1, 0}, {"1e40000", 1, 0}, {"1e99999999999", 1, 0},
};

static void test_numbers(void)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const cmlp_table_categories c = list_of(numbers[i].text, 1);
        double code = -9;
        CHECK(cmlp_table_code_of_number(&c, numbers[i].number, &code) == CMLP_OK);
        check_that(code == (numbers[i].is_equal ? 0 : -1), "%s for %.17g: %g", numbers[i].text, numbers[i].number,
                   code);
    }
}

/* An integer that is no double is compared as an integer, and equals no decimal. */
static void test_integers(void)
{
    static const char *const texts[] = {"9007199254740993", "9007199254740993.0", "9007199254740992",
                                        "9007199254740993e0"};
    for (int i = 0; i < 4; i++) {
        const cmlp_table_categories c = list_of(texts[i], 1);
        double code = -9;
        CHECK(cmlp_table_code_of_integer(&c, INT64_C(9007199254740993), &code) == CMLP_OK && code == (i ? -1 : 0));
    }
}

static void test_texts(void)
{
    const cmlp_table_categories c = list_of("\\\"a\\\\u0000b\\\",\\\"a\\\",\\\"\\\"", 3);
    double code = -9;
    CHECK(cmlp_table_code_of_text(&c, "a", &code) == CMLP_OK && code == 1); /* no text contains NUL */
    CHECK(cmlp_table_code_of_text(&c, "", &code) == CMLP_OK && code == 2);
    CHECK(cmlp_table_code_of_text(&c, "b", &code) == CMLP_OK && code == -1);
}

/* Each code has its text and its kind. */
static void test_categories(void)
{
    static const struct {
        const char *text;
        cmlp_table_category_kind kind;
    } wanted[] = {{"S\xc3\xbc" "d", CMLP_TABLE_CATEGORY_TEXT}, {"1", CMLP_TABLE_CATEGORY_TEXT},
                  {"1", CMLP_TABLE_CATEGORY_NUMBER}, {"-2.5e3", CMLP_TABLE_CATEGORY_NUMBER},
                  {"true", CMLP_TABLE_CATEGORY_NUMBER}, {"", CMLP_TABLE_CATEGORY_MISSING},
                  {"", CMLP_TABLE_CATEGORY_TEXT}};
    cmlp_table_categories c = list_of("\\\"S\\\\u00fcd\\\",\\\"1\\\",1,-2.5e3,true,null,\\\"\\\",\\\"\\\\ud800\\\"]", 8);
    char text[16];
    for (int i = 0; i < 7; i++) {
        cmlp_table_category_kind kind = -7;
        size_t length = 99;
        const size_t n = strlen(wanted[i].text);
        CHECK(cmlp_table_category(&c, i, text, n + 1, &length, &kind) == CMLP_OK);
        check_that(!strcmp(text, wanted[i].text) && length == n && kind == wanted[i].kind, "%d: %s", i, text);
        text[0] = 'x';
        CHECK((length = 99, cmlp_table_category(&c, i, text, n, &length, &kind)) == CMLP_ERROR_BUFFER_SIZE);
        CHECK(text[0] == 'x' && length == n);
        CHECK(cmlp_table_category(&c, i, text, sizeof text, NULL, NULL) == CMLP_OK && !strcmp(text, wanted[i].text));
    }
    CHECK(cmlp_table_category(&c, -1, text, sizeof text, NULL, NULL) == CMLP_ERROR_LABEL);
    CHECK(cmlp_table_category(&c, 8, text, sizeof text, NULL, NULL) == CMLP_ERROR_LABEL);
    CHECK(cmlp_table_category(&c, 7, text, sizeof text, NULL, NULL) == CMLP_ERROR_FILE_SYNTAX); /* half of a pair */
    CHECK(cmlp_table_category(&c, 0, NULL, 1, NULL, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_table_category(NULL, 0, text, 1, NULL, NULL) == CMLP_ERROR_NULL);
    c.list = NULL;
    CHECK(cmlp_table_category(&c, 0, text, sizeof text, NULL, NULL) == CMLP_ERROR_OPTION);
}

/* A struct that cmlp_table_find_categories has not filled. */
static void test_damaged_lists(void)
{
    static const char *const damaged[] = {"", "x", "1,", "\\\"a", "\\\"\\\\x\\\"", "-", "1.", "1e"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        const cmlp_table_categories c = list_of(damaged[i], 2);
        double code = -9;
        CHECK(cmlp_table_code_of_text(&c, "b", &code) == CMLP_ERROR_OPTION && code == -9);
        CHECK(cmlp_table_category(&c, 1, NULL, 0, NULL, NULL) == CMLP_ERROR_OPTION);
        if (damaged[i][0] != '1') CHECK(cmlp_table_category(&c, 0, NULL, 0, NULL, NULL) == CMLP_ERROR_OPTION);
    }
}

/* The code of what is not among ordered categories is a missing number. */
static void test_unknown(void)
{
    cmlp_table_categories c = list_of("\\\"low\\\",\\\"high\\\"", 2);
    double code = -9;
    c.unknown = NAN;
    CHECK(cmlp_table_code_of_text(&c, "high", &code) == CMLP_OK && code == 1);
    CHECK(cmlp_table_code_of_text(&c, "top", &code) == CMLP_OK && code != code);
    CHECK(cmlp_table_code_of_text(&c, NULL, &code) == CMLP_OK && code != code);
}

int main(void)
{
    test_numbers();
    test_integers();
    test_unknown();
    test_texts();
    test_categories();
    test_damaged_lists();
    return finish();
}
