/* The calibration of a model of any number of knots and scores, in a file that is loaded: the loader has checked that the
 * scores and widths are inside the file, but their numbers are anything, since a program can change the bytes later. */
#include "any.h"

#include "file/read/model.h"

/* A number of the file: it is inside, and has any value. */
static void any_number(double *to, const unsigned char *from, int64_t n, size_t element)
{
    REQUIRE(n == 1 && element == sizeof *to && __CPROVER_r_ok(from, sizeof *to));
    *to = nondet_double();
}

#define cmlpi_load any_number
#include "file/read/model_margin.c"

static cmlp_model model;

/* The widths of two answers are at the end of the file, so that an access behind them is one outside. */
static void any_widths(void)
{
    cmlp_model anything;
    const size_t size = nondet_size();
    model = anything;
    ASSUME(size <= MOST && model.calibration.n_knots >= 1 && model.calibration.n_knots <= MOST);
    const uint64_t widths = (uint64_t)(4 * model.calibration.n_knots) * sizeof(double);
    ASSUME(widths <= size);
    model.calibration.widths = size - widths;
    model.file = any_bytes(size);
}

void prove_factor_of(void)
{
    any_widths();
    factor_of(&model, 1, nondet_double());
}
