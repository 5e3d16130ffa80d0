/* How far the activations in float are from monotone functions: the exact numbers, which tests/c/check_envelopes.c finds
 * by computing every float, or compares with some.
 *
 * An ulp is the distance to the next float; 0 and the smallest normal numbers of both signs are neighbours. Where an activation
 * should rise, no value is more than `falls` ulps below a value of a smaller argument. Below `turn`, where silu and
 * gelu should fall, none is more than `rises` ulps above one. `least` and `most` are the smallest and the largest value. */
#ifndef CMLPI_ENVELOPES_H
#define CMLPI_ENVELOPES_H

#include <math.h>

#include "../kernels/activations.h"
#include "../net/net.h"

typedef struct cmlpi_envelope {
    int32_t falls, rises;
    float turn, least, most;
} cmlpi_envelope;

/* The number of ulps from 0 to a float. */
static inline int32_t cmlpi_ulps_to(float value)
{
    union { float value; int32_t bits; } u = {value};
    const int32_t size = (u.bits & 0x7fffffff) - 0x7fffff; /* that of the smallest normal number is 0x800000 */
    return size <= 0 ? 0 : u.bits < 0 ? -size : size;
}

static inline float cmlpi_after_ulps(int32_t steps)
{
    const int32_t most = 0x7f800000 - 0x7fffff; /* infinity */
    union { int32_t bits; float value; } u = {0};
    if (steps >= most || steps <= -most)
        u.bits = 0x7f800000;
    else if (steps)
        u.bits = (steps < 0 ? -steps : steps) + 0x7fffff;
    return steps < 0 ? -u.value : u.value;
}

static inline cmlpi_envelope cmlpi_envelope_of(int32_t activation)
{
    switch (activation) {
#define CASE(CODE, name, from, factor, layers, parameter, ...) \
    case CMLP_ACTIVATION_##CODE: return (cmlpi_envelope){__VA_ARGS__};
        CMLPI_ACTIVATIONS(CASE)
#undef CASE
    default: return (cmlpi_envelope){CMLPI_MONOTONE};
    }
}

#endif
