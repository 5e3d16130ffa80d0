/* The encoder of tables: any column that cmlpi_check_columns accepts, with at most MOST edges or categories, at most one value
 * that means a missing one, one part of a date of at most 3 inputs or at most MOST statistics, and any number. The value of the square root is anything. */
#include "any.h"

#include "base/root.h"
static double any_root(double x) { return nondet_double(); }
#define cmlpi_root any_root
#include "table/encode.c"

static cmlp_table_column c;
static cmlp_table_date_part part;

static void any_column(void)
{
    cmlp_table_column anything;
    cmlp_table_date_part any_part;
    c = anything;
    part = any_part;
    ASSUME(c.n_edges >= 0 && c.n_edges <= MOST && c.n_categories <= MOST && c.n_parts >= 0 && c.n_parts <= 1);
    ASSUME(c.n_statistics >= 0 && c.n_statistics <= MOST);
    c.statistics = c.n_statistics ? any_bytes((size_t)c.n_statistics * sizeof *c.statistics) : NULL;
    ASSUME(c.n_missing_values >= 0 && c.n_missing_values <= 1);
    const size_t n_numbers = (size_t)c.n_edges + (size_t)c.n_missing_values;
    c.edges = n_numbers && nondet_int() ? any_bytes(n_numbers * sizeof *c.edges) : NULL;
    c.parts = c.n_parts ? &part : NULL;
    ASSUME(part.n_edges == 0 || part.n_edges == 2);
    part.edges = part.n_edges ? any_bytes((size_t)part.n_edges * sizeof *part.edges) : NULL;
    int64_t bad;
    ASSUME(cmlpi_check_columns(&c, 1, &bad) == CMLP_OK);
}

/* Exactly the inputs that cmlpi_column_width counts are written: the block has their size. */
void prove_encode_row(void)
{
    any_column();
    const int has_bins = nondet_int() != 0;
    const int64_t width = cmlpi_column_width(&c, has_bins), total = cmlpi_columns_width(&c, 1, has_bins);
    REQUIRE(width >= 0 && total == (width ? width : 1));
    const double raw = nondet_double();
    double *inputs = any_bytes((size_t)total * sizeof *inputs);
    cmlpi_encode_columns(&c, 1, has_bins, &raw, (cmlpi_encoded){inputs, 0});
}

void prove_encode_number(void)
{
    any_column();
    ASSUME(c.role == CMLP_TABLE_ROLE_NUMBER);
    const int has_bins = nondet_int() != 0;
    double inputs[MOST + 2 + 3];
    const int64_t at = cmlpi_encode_number(&c, has_bins, nondet_double(), (cmlpi_encoded){inputs, 0}, 0);
    REQUIRE(at == cmlpi_column_width(&c, has_bins));
}

/* A category without statistics is one-hot; one of two is 1 or -1; an unknown one is zeros. NaN is the missing category, or
 * without one unknown. */
void prove_encode_category(void)
{
    any_column();
    ASSUME(c.role == CMLP_TABLE_ROLE_CATEGORY && !c.statistics);
    const double raw = nondet_double(), code = raw == raw ? raw : c.has_missing - 1;
    double inputs[MOST + 1], sum = 0;
    const int64_t at = cmlpi_encode_category(&c, raw, (cmlpi_encoded){inputs, 0}, 0);
    REQUIRE(at == cmlpi_column_width(&c, 1) && at >= 1);
    for (int64_t k = 0; k < at; k++) sum += inputs[k];
    const int known = code == 0 || code == 1 || code == 2 || code == 3;
    REQUIRE(sum == (known && code < (double)c.n_categories ? (c.n_categories == 2 && code == 1 ? -1 : 1) : 0));
}

/* With statistics, the first categories are one-hot, and of an unknown one all inputs are zeros. */
void prove_encode_statistics(void)
{
    any_column();
    ASSUME(c.role == CMLP_TABLE_ROLE_CATEGORY && c.statistics);
    const double code = nondet_double();
    double inputs[2 * MOST], sum = 0;
    const int64_t at = cmlpi_encode_statistics(&c, code, (cmlpi_encoded){inputs, 0}, 0);
    REQUIRE(at == cmlpi_column_width(&c, 1) && at == c.n_one_hot + c.n_statistics / c.n_categories);
    for (int64_t k = 0; k < c.n_one_hot; k++) sum += inputs[k];
    const int known = (code == 0 || code == 1 || code == 2 || code == 3) && code < (double)c.n_categories;
    REQUIRE(sum == (known && code < (double)c.n_one_hot));
    for (int64_t k = c.n_one_hot; k < at; k++) REQUIRE(known || inputs[k] == 0);
}

void prove_check_columns(void)
{
    any_column();
    REQUIRE(c.role == CMLP_TABLE_ROLE_NUMBER || c.role == CMLP_TABLE_ROLE_CATEGORY ||
            c.role == CMLP_TABLE_ROLE_UNUSED);
    if (c.role == CMLP_TABLE_ROLE_NUMBER) {
        REQUIRE(c.scale > 0 && cmlpi_is_finite(c.centre) && c.n_edges != 1);
        for (int64_t k = 1; k < c.n_edges; k++) REQUIRE(c.edges[k - 1] < c.edges[k]);
        REQUIRE(!c.n_parts || (c.n_edges && part.kind >= 1 && part.kind <= CMLPI_PARTS));
    }
    REQUIRE(c.role == CMLP_TABLE_ROLE_NUMBER || (!c.n_edges && !c.n_parts));
    REQUIRE(c.role != CMLP_TABLE_ROLE_CATEGORY || c.n_categories >= 1);
    REQUIRE(c.role != CMLP_TABLE_ROLE_CATEGORY || (c.has_missing >= 0 && c.has_missing <= c.n_categories));
    REQUIRE(c.role != CMLP_TABLE_ROLE_UNUSED || !c.has_missing);
    REQUIRE(!c.statistics || (c.role == CMLP_TABLE_ROLE_CATEGORY && c.n_one_hot >= 0 && c.n_one_hot <= c.n_categories));
    REQUIRE(!c.statistics || c.n_statistics % c.n_categories == 0);
}
