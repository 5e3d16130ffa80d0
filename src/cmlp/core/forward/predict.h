/* What calls that predict a single row need beside cmlpi_forward_row: their workspace and the row. */
#ifndef CMLPI_PREDICT_H
#define CMLPI_PREDICT_H

#include "forward.h"

/* The buffers of a call for one row: the row and its outputs, if the caller gives none, and the aligned workspace. */
typedef struct cmlpi_row_memory {
    void *row, *output, *workspace;
    size_t workspace_size;
} cmlpi_row_memory;

/* Finds the buffers in a workspace of any alignment, and computes its size. `memory` may be NULL. */
cmlp_status cmlpi_place_row(const cmlp_net *net, void *memory, size_t *size, cmlpi_row_memory *placed);

/* The same for the workspace of a run; returns an error if it is NULL or too small. */
cmlp_status cmlpi_take_row_workspace(const cmlp_net *net, cmlp_run *run, cmlpi_row_memory *placed);

#endif
