/* Which kernels can run here. */
#ifndef CMLPI_CPU_H
#define CMLPI_CPU_H

#include "kernels.h"

/* All tables that are compiled in, best first. */
extern const cmlpi_kernels *const cmlpi_tables[];
extern const int32_t cmlpi_n_tables;

extern const cmlpi_tuning cmlpi_tunings[];
extern const int32_t cmlpi_n_tunings;

/* The tuning of an index, or NULL. */
const cmlpi_tuning *cmlpi_tuning_at(int32_t index);

/* The best table among the instruction sets of `mask` (0: all) for the element type, and its tuning; NULL: none. */
const cmlpi_kernels *cmlpi_find_kernels(int32_t dtype, int32_t mask, const cmlpi_tuning **tuning);

#endif
