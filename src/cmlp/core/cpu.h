/* Which kernels can run here. */
#ifndef CMLP_CPU_H
#define CMLP_CPU_H

#include "kernels/kernels.h"

/* All tables that are compiled in, best first. */
extern const cmlp_kernels *const cmlp_tables[];
extern const int32_t cmlp_n_tables;

/* The best table among `mask` (0: all) for the element type; NULL if there is none. */
const cmlp_kernels *cmlp_find_kernels(int32_t dtype, uint32_t mask);

#endif
