/* The networks and columns of a table in the memory of a model. */
#ifndef CMLPI_MODEL_TABLE_H
#define CMLPI_MODEL_TABLE_H

#include "../../table/table.h"
#include "../values.h"
#include "model_head.h"

/* The arrays that a table in a model's memory points into. */
typedef struct cmlpi_table_memory {
    cmlp_table *table;
    cmlp_net *nets[2];       /* without and with bins */
    cmlp_table_column *columns;
    cmlp_table_date_part *parts;
    double *numbers;
    float *statistics;
    cmlp_table_target *targets;
    cmlpi_value_range *ranges; /* of the categories of each column */
    cmlp_table_net *list;
} cmlpi_table_memory;

/* Takes memory for the table of a head. */
void cmlpi_table_lay_out(cmlpi_arena *arena, const cmlpi_head *head, cmlpi_table_memory *memory);

/* Fills the memory from the bytes of a file whose parameters, in native byte order, are at `params`; checks the numbers
 * of the columns. */
cmlp_status cmlpi_table_load(const cmlpi_head *head, const unsigned char *file, const void *params,
                             const cmlpi_table_memory *memory);

#endif
