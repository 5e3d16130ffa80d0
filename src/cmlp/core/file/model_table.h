/* The networks and columns of a table in the memory of a model, and all that models of tables add to those of networks. */
#ifndef CMLP_MODEL_TABLE_H
#define CMLP_MODEL_TABLE_H

#include "model_head.h"
#include "../table/table.h"

/* The arrays that a table in a model's memory points into. */
typedef struct cmlp_table_memory {
    cmlp_table *table;
    cmlp_net *nets;          /* without and with bins */
    cmlp_column *columns;
    double *numbers;
    cmlp_table_target *target;
    const cmlp_net **net_list;
    const void **params_list;
} cmlp_table_memory;

/* What cmlp_table.h adds to the models of cmlp.h. They reach it only through this table, which cmlp_table_model_size and
 * cmlp_table_model_init give them, so that a program that uses neither does not link it. */
typedef struct cmlp_table_part {
    cmlp_column_reader reader;
    void (*lay_out)(cmlp_space *space, const cmlp_head *head, cmlp_table_memory *memory);
    cmlp_status (*load)(const cmlp_head *head, const unsigned char *file, const void *params,
                        const cmlp_table_memory *memory);
    cmlp_status (*check_scores)(const cmlp_model *model);
    cmlp_status (*space)(const cmlp_table_sizes *sizes, void *memory, size_t *size, cmlp_table_scratch *scratch);
    cmlp_status (*row)(const cmlp_table *table, const double *raw, int32_t *label, double *result,
                       const cmlp_table_scratch *scratch);
    cmlp_status (*rows)(const cmlp_table *table, const cmlp_rows *rows, int32_t *labels, double *outputs, cmlp_run *run);
    size_t (*rows_space)(const cmlp_table *table, int64_t n_rows, int32_t n_threads);
} cmlp_table_part;

/* Returns OPTION if a score of the calibration is NaN or below the one before it. */
cmlp_status cmlp_check_scores(const cmlp_model *model);

/* Takes memory for the table of a head; nothing if it is a network's. */
void cmlp_table_lay_out(cmlp_space *space, const cmlp_head *head, cmlp_table_memory *memory);

/* Fills the memory from the bytes of a file whose parameters, in native byte order, are at `params`; checks the numbers of
 * the columns. */
cmlp_status cmlp_table_load(const cmlp_head *head, const unsigned char *file, const void *params,
                            const cmlp_table_memory *memory);

#endif
