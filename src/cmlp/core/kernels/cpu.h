/* Which kernels can run here. */
#ifndef CMLP_CPU_H
#define CMLP_CPU_H

#include "kernels.h"

/* All tables that are compiled in, best first. */
extern const cmlp_kernels *const cmlp_tables[];
extern const int32_t cmlp_n_tables;

extern const cmlp_tuning_values cmlp_tunings[];
extern const int32_t cmlp_n_tunings;

/* The tuning of an index, or NULL. */
const cmlp_tuning_values *cmlp_tuning_at(int32_t index);

/* The best table among the instruction sets of `mask` (0: all) for the element type, and its tuning; NULL: none. */
const cmlp_kernels *cmlp_find_kernels(int32_t dtype, int32_t mask, const cmlp_tuning_values **tuning);

#endif
