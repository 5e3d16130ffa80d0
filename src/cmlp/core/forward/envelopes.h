/* How far the activations in float are from monotone functions: the exact numbers, which tests/c/check_envelopes.c finds
 * by computing every float, or compares with some.
 *
 * A step leads to the next float; 0 and the smallest normal numbers of both signs are neighbours. Where an activation
 * should rise, no value is more than `falls` steps below a value of a smaller argument. Below `turn`, where silu and
 * gelu should fall, none is more than `rises` steps above one. `least` and `most` are the smallest and the largest value. */
#ifndef CMLP_ENVELOPES_H
#define CMLP_ENVELOPES_H

#include "../net/net.h"

typedef struct cmlp_envelope {
    int32_t falls, rises;
    float turn, least, most;
} cmlp_envelope;

#define CMLP_NO_TURN (-3.4028234663852886e38f)
#define CMLP_NO_LIMIT (cmlp_after_steps(INT32_MAX))

/* The number of steps from 0 to a float. */
static inline int32_t cmlp_steps_to(float value)
{
    union { float value; int32_t bits; } u = {value};
    const int32_t size = (u.bits & 0x7fffffff) - 0x7fffff; /* that of the smallest normal number is 0x800000 */
    return size <= 0 ? 0 : u.bits < 0 ? -size : size;
}

static inline float cmlp_after_steps(int32_t steps)
{
    const int32_t most = 0x7f800000 - 0x7fffff; /* infinity */
    union { int32_t bits; float value; } u = {0};
    if (steps >= most || steps <= -most)
        u.bits = 0x7f800000;
    else if (steps)
        u.bits = (steps < 0 ? -steps : steps) + 0x7fffff;
    return steps < 0 ? -u.value : u.value;
}

static inline cmlp_envelope cmlp_envelope_of(int32_t activation)
{
    switch (activation) {
    case CMLP_ACTIVATION_LOGISTIC: return (cmlp_envelope){1, 0, CMLP_NO_TURN, 0, 1};
    case CMLP_ACTIVATION_TANH: return (cmlp_envelope){1, 0, CMLP_NO_TURN, -1, 1};
    case CMLP_ACTIVATION_EXP: return (cmlp_envelope){0, 0, CMLP_NO_TURN, 0, CMLP_NO_LIMIT};
    case CMLP_ACTIVATION_SOFTPLUS: return (cmlp_envelope){2, 0, CMLP_NO_TURN, 0, CMLP_NO_LIMIT};
    case CMLP_ACTIVATION_SOFTSIGN: return (cmlp_envelope){2, 0, CMLP_NO_TURN, -1, 1};
    case CMLP_ACTIVATION_SILU: return (cmlp_envelope){3, 3, -1.2784645f, -0.278464586f, CMLP_NO_LIMIT};
    case CMLP_ACTIVATION_GELU: return (cmlp_envelope){4, 4, -0.7517915f, -0.169971228f, CMLP_NO_LIMIT};
    default: return (cmlp_envelope){0, 0, CMLP_NO_TURN, -CMLP_NO_LIMIT, CMLP_NO_LIMIT}; /* products, comparisons */
    }
}

#endif
