/* The encoder of tables: any column that cmlpi_check_columns accepts, with at most MOST edges or categories, a
 * week of at most 3 inputs or at most MOST levels, and any number. The value of the square root is anything. */
#include "any.h"

#include "base/root.h"
static double any_root(double x) { return nondet_double(); }
#define cmlpi_root any_root
#include "table/encode.c"

static cmlp_table_column c;

static void any_column(void)
{
    cmlp_table_column anything;
    c = anything;
    ASSUME(c.n >= 0 && c.n <= MOST);
    ASSUME(c.n_levels >= 0 && c.n_levels <= MOST);
    c.levels = c.n_levels ? any_bytes((size_t)c.n_levels * sizeof *c.levels) : NULL;
    c.edges = c.role == CMLP_TABLE_ROLE_NUMBER && c.n ? any_bytes((size_t)c.n * sizeof *c.edges) : NULL;
    for (int k = 0; k < CMLP_PARTS; k++) {
        if (k != 1) ASSUME(!c.parts[k].used);
        ASSUME(c.parts[k].n == 0 || (k == 1 && c.parts[k].n == 2));
        c.parts[k].edges = c.parts[k].n ? any_bytes((size_t)c.parts[k].n * sizeof *c.edges) : NULL;
    }
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

/* A category without levels is one-hot; one of two is 1 or -1; an unknown one is zeros. */
void prove_encode_category(void)
{
    any_column();
    ASSUME(c.role == CMLP_TABLE_ROLE_CATEGORY && !c.levels);
    const double code = nondet_double();
    double inputs[MOST + 1], sum = 0;
    const int64_t at = cmlpi_encode_category(&c, code, (cmlpi_encoded){inputs, 0}, 0);
    REQUIRE(at == cmlpi_column_width(&c, 1) && at >= 1);
    for (int64_t k = 0; k < at; k++) sum += inputs[k];
    const int known = code == 0 || code == 1 || code == 2 || code == 3;
    REQUIRE(sum == (known && code < (double)c.n ? (c.n == 2 && code == 1 ? -1 : 1) : 0));
}

/* With levels, the first categories are one-hot, and of an unknown one all inputs are zeros. */
void prove_encode_levels(void)
{
    any_column();
    ASSUME(c.role == CMLP_TABLE_ROLE_CATEGORY && c.levels);
    const double code = nondet_double();
    double inputs[2 * MOST], sum = 0;
    const int64_t at = cmlpi_encode_levels(&c, code, (cmlpi_encoded){inputs, 0}, 0);
    REQUIRE(at == cmlpi_column_width(&c, 1) && at == c.n_one_hot + c.n_levels / c.n);
    for (int64_t k = 0; k < c.n_one_hot; k++) sum += inputs[k];
    const int known = (code == 0 || code == 1 || code == 2 || code == 3) && code < (double)c.n;
    REQUIRE(sum == (known && code < (double)c.n_one_hot));
    for (int64_t k = c.n_one_hot; k < at; k++) REQUIRE(known || inputs[k] == 0);
}

void prove_check_columns(void)
{
    any_column();
    REQUIRE(c.role == CMLP_TABLE_ROLE_NUMBER || c.role == CMLP_TABLE_ROLE_CATEGORY ||
            c.role == CMLP_TABLE_ROLE_UNUSED);
    if (c.role == CMLP_TABLE_ROLE_NUMBER) {
        REQUIRE(c.scale > 0 && cmlpi_is_finite(c.centre) && c.n != 1);
        for (int64_t k = 1; k < c.n; k++) REQUIRE(c.edges[k - 1] < c.edges[k]);
        for (int k = 0; k < CMLP_PARTS; k++) REQUIRE(c.parts[k].n != 1 && (!c.parts[k].used || c.n));
    }
    REQUIRE(c.role != CMLP_TABLE_ROLE_CATEGORY || c.n >= 1);
    REQUIRE(!c.levels || (c.role == CMLP_TABLE_ROLE_CATEGORY && c.n_one_hot >= 0 && c.n_one_hot <= c.n));
    REQUIRE(!c.levels || c.n_levels % c.n == 0);
}
