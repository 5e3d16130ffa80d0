/* Random arguments near the edges of the functions in math_tmpl.h. */
#ifndef MATH_ARGUMENTS_H
#define MATH_ARGUMENTS_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Arguments at which results become zero, infinite, 1 or subnormal, or at which a formula changes, for both types. */
#define EDGES 22
static const double edges[EDGES] = {
    0.0,     0x1p-1074, 0x1p-1022, DBL_MAX, 709.78271289338409, 708.39641853226408, 745.14, 36.7,
    19.0615, 20.0,      0x1p-126,  FLT_MAX, 88.7228394,         87.3365402,         103.97, 17.33,
    9.01,    10.0,      0.5,       1.0,     0.70710678118654757, INFINITY};

static uint64_t random_bits(uint64_t *state) /* splitmix64 */
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double uniform(uint64_t *state, double low, double high)
{
    return low + (high - low) * (double)(random_bits(state) >> 11) * 0x1p-53;
}

/* Returns a float64. If in_unit, it is in [0, 1] or NaN; if mostly_positive, it is rarely negative. */
static double hard_argument(uint64_t *state, int in_unit, int mostly_positive)
{
    const double ln2 = 0.69314718055994529;
    uint64_t bits, r = random_bits(state);
    double x;
    switch (r % 8) {
    case 0: /* any bits */
        bits = random_bits(state);
        memcpy(&x, &bits, sizeof x);
        break;
    case 1: /* a few units in the last place from an edge */
        x = edges[(r >> 8) % EDGES];
        memcpy(&bits, &x, sizeof bits);
        bits += (r >> 16) % 9 - (bits < 4 ? 0 : 4);
        memcpy(&x, &bits, sizeof x);
        break;
    case 2: /* where the nearest multiple of log(2) changes in exp or tanh */
        x = ((double)((r >> 8) % 2100) - 1050 + 0.5 * (double)(r >> 20 & 1)) * ln2 / 2;
        x += uniform(state, -1e-6, 1e-6);
        break;
    case 3: /* small */ x = ldexp(uniform(state, 1, 2), -(int)((r >> 8) % 70)); break;
    case 4: /* about 1 */ x = 1 + ldexp(uniform(state, -1, 1), -(int)((r >> 8) % 50)); break;
    case 5: x = uniform(state, -750, 750); break;
    case 6: x = uniform(state, -20, 20); break;
    default: x = uniform(state, -1.5, 1.5); break;
    }
    if (r >> 63)
        x = -x;
    if (in_unit)
        x = isnan(x) ? x : fabs(x) <= 1 ? fabs(x) : uniform(state, 0, 1);
    else if (mostly_positive && r >> 60 & 3)
        x = fabs(x);
    return x;
}

#endif
