/* Sums to one number, in double: element i is added to partial sum i mod 16, in ascending order; a fixed tree then adds
 * the partial sums (docs/arithmetic.md). */
#ifndef CMLPI_SUMS_H
#define CMLPI_SUMS_H

#include <stdint.h>

#define CMLPI_PARTIALS 16

typedef struct cmlpi_sum {
    double partial[CMLPI_PARTIALS];
    int64_t n;
} cmlpi_sum;

static inline void cmlpi_sum_add(cmlpi_sum *sum, double x) { sum->partial[sum->n++ % CMLPI_PARTIALS] += x; }

static inline double cmlpi_sum_total(const cmlpi_sum *sum)
{
    double p[CMLPI_PARTIALS];
    for (int i = 0; i < CMLPI_PARTIALS; i++) p[i] = sum->partial[i];
    for (int half = CMLPI_PARTIALS / 2; half; half /= 2)
        for (int i = 0; i < half; i++) p[i] += p[i + half];
    return p[0];
}

#endif
