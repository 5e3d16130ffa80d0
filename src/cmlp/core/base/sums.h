/* Sums to one number, in double: element i is added to partial sum i mod 16, in ascending order; a fixed tree then adds
 * the partial sums (docs/arithmetic.md). */
#ifndef CMLP_SUMS_H
#define CMLP_SUMS_H

#include <stdint.h>

#define CMLP_PARTIALS 16

typedef struct cmlp_sum {
    double partial[CMLP_PARTIALS];
    int64_t n;
} cmlp_sum;

static inline void cmlp_sum_add(cmlp_sum *sum, double x) { sum->partial[sum->n++ % CMLP_PARTIALS] += x; }

static inline double cmlp_sum_total(const cmlp_sum *sum)
{
    double p[CMLP_PARTIALS];
    for (int i = 0; i < CMLP_PARTIALS; i++) p[i] = sum->partial[i];
    for (int half = CMLP_PARTIALS / 2; half; half /= 2)
        for (int i = 0; i < half; i++) p[i] += p[i + half];
    return p[0];
}

#endif
