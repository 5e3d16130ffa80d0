/* The tunings of a net, for measurements and tests. This header is not installed: a tuning changes no result, and later
 * versions may change or remove what follows.
 *
 * A tuning is how products read their operands. cmlp_net_init chooses the one that was fastest on processors of this
 * family. Builds for predictions only have no such functions. */
#ifndef CMLPI_TUNING_NAMES_H
#define CMLPI_TUNING_NAMES_H

#include "../../../../include/cmlp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The names of the tunings, by index from 0: "plain", "avx2", "zen5", "intel". Static strings; NULL for other indices. */
const char *cmlpi_tuning_name(int32_t index);

/* The name of the tuning in use; NULL for an invalid net. */
const char *cmlpi_net_tuning(const cmlp_net *net);

/* Sets the tuning of a net that no call uses, and that is in writable memory. Returns CMLP_OK; the errors of a net;
 * OPTION if there is no such tuning. On failure the net is unchanged. */
cmlp_status cmlpi_net_tune(const cmlp_net *net, int32_t index);

#ifdef __cplusplus
}
#endif
#endif
