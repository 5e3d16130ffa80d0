/* What models of tables add to those of networks. */
#ifndef CMLP_TABLE_PART_H
#define CMLP_TABLE_PART_H

#include "../table/table.h"
#include "model_head.h"
#include "values.h"

/* The arrays that a table in a model's memory points into. */
typedef struct cmlp_table_memory {
    cmlp_table *table;
    cmlp_net *nets;          /* without and with bins */
    cmlp_table_column *columns;
    double *numbers;
    cmlp_table_target *target;
    double *threshold;
    cmlp_value_range *ranges; /* of the categories of each column */
    const cmlp_net **net_list;
    const void **params_list;
} cmlp_table_memory;

/* The functions of tables. The functions of cmlp.h reach them only through these pointers, which cmlp_table_model_size and
 * cmlp_table_model_init pass, so that a program that uses neither does not link them. */
typedef struct cmlp_table_part {
    cmlp_column_reader reader;
    /* Takes memory for the table of a head. */
    void (*lay_out)(cmlp_space *space, const cmlp_head *head, cmlp_table_memory *memory);
    /* Fills the memory from the bytes of a file whose parameters, in native byte order, are at `params`; checks the numbers
     * of the columns. */
    cmlp_status (*load)(const cmlp_head *head, const unsigned char *file, const void *params,
                        const cmlp_table_memory *memory);
    cmlp_status (*check_scores)(const cmlp_model *model);
    cmlp_status (*space)(const cmlp_table_sizes *sizes, void *memory, size_t *size, cmlp_table_scratch *scratch);
    cmlp_status (*row)(const cmlp_table *table, const double *raw, int32_t *label, double *result,
                       const cmlp_table_scratch *scratch);
    cmlp_status (*rows)(const cmlp_table *table, const cmlp_rows *rows, int32_t *labels, double *outputs, cmlp_run *run);
    size_t (*rows_space)(const cmlp_table *table, int64_t n_rows, int32_t n_threads);
} cmlp_table_part;

#endif
