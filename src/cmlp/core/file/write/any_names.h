/* Model files whose keys and names are any ones: for the Python package, which knows what they mean. */
#ifndef CMLPI_ANY_NAMES_H
#define CMLPI_ANY_NAMES_H

#include "../../../../../include/cmlp_table.h"

/* As cmlp_model_write and cmlp_table_write, but keys and names need not begin with "user.". */
cmlp_status cmlpi_model_write(const cmlp_net *net, const void *params, int64_t n_params,
                              const cmlp_model_content *content, cmlp_run *run);
cmlp_status cmlpi_table_write(const cmlp_table *table, const cmlp_model_content *content, cmlp_run *run);

#endif
