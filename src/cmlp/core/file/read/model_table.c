/* The networks and columns of a table, from a model file to the memory of a model. */
#include "model_table.h"

#if CMLP_BUILD_TABLES
void cmlpi_table_lay_out(cmlpi_arena *arena, const cmlpi_head *head, cmlpi_table_memory *memory)
{
    const int64_t n_columns = head->words.n_columns, n_nets = head->n_nets;
    memory->table = cmlpi_arena_alloc(arena, 1, sizeof(cmlp_table));
    for (int bins = 0; bins < 2; bins++) memory->nets[bins] = cmlpi_arena_alloc(arena, 1, cmlpi_head_net_size(head));
    memory->columns = cmlpi_arena_alloc(arena, n_columns, sizeof(cmlp_table_column));
    memory->parts = cmlpi_arena_alloc(arena, head->words.n_parts, sizeof(cmlp_table_date_part));
    memory->numbers = cmlpi_arena_alloc(arena, head->words.n_numbers, sizeof(double));
    memory->statistics = cmlpi_arena_alloc(arena, head->words.n_statistics, sizeof(float));
    memory->targets = cmlpi_arena_alloc(arena, head->table_target ? head->n_targets : 0, sizeof(cmlp_table_target));
    const int64_t n_ranges = head->values.n[CMLPI_CATEGORY_COUNTS];
    memory->ranges = n_ranges ? cmlpi_arena_alloc(arena, n_ranges, sizeof(cmlpi_value_range)) : NULL;
    memory->list = cmlpi_arena_alloc(arena, n_nets, sizeof(cmlp_table_net));
}

/* The numbers and statistics of the columns point into the copies of the tensors. */
static cmlp_status load_columns(const cmlpi_head *head, const unsigned char *file, const cmlpi_table_memory *memory)
{
    cmlpi_column_words words;
    const unsigned char *at;
    cmlp_table_date_part *part = memory->parts;
    const double *number = memory->numbers;
    const float *statistic = memory->statistics;
    cmlpi_load(memory->numbers, file + head->table_numbers, head->words.n_numbers, sizeof(double));
    cmlpi_load(memory->statistics, file + head->table_statistics, head->words.n_statistics, sizeof(float));
    const cmlp_status status = cmlpi_read_columns(&head->columns, memory->columns, memory->parts, &words, &at);
    if (status) return status;
    for (int64_t i = 0; i < words.n_columns; i++) {
        cmlp_table_column *c = &memory->columns[i];
        if (c->n_statistics) c->statistics = statistic;
        statistic += c->n_statistics;
        if (c->role == CMLP_TABLE_ROLE_CATEGORY) continue;
        if (c->role == CMLP_TABLE_ROLE_NUMBER) {
            c->centre = number[0];
            c->scale = number[1];
            number += 2;
        }
        if (c->n_edges + c->n_missing_values) c->edges = number;
        number += c->n_edges + c->n_missing_values;
        for (int64_t k = 0; k < c->n_parts; k++, part++) {
            if (part->n_edges) part->edges = number;
            number += part->n_edges;
        }
    }
    return cmlpi_check_statistics(memory->columns, words.n_columns) ? CMLP_ERROR_FILE_NONFINITE : CMLP_OK;
}

/* There are at most two networks that differ in more than their parameters. */
static cmlp_status load_nets(const cmlpi_head *head, const char *params, const cmlpi_table_memory *memory)
{
    int made[2] = {0, 0};
    for (int32_t i = 0; i < head->n_nets; i++) {
        const int bins = cmlpi_head_has_bins(head, i);
        cmlp_net *net = memory->nets[bins];
        const cmlp_status status = made[bins] ? CMLP_OK : cmlpi_head_table_net(head, head->words.widths[bins], net);
        if (status) return status;
        made[bins] = 1;
        memory->list[i] = (cmlp_table_net){.net = net, .params = params, .n_params = net->n_params};
        params += (size_t)net->n_params * net->element;
    }
    return CMLP_OK;
}

cmlp_status cmlpi_table_load(const cmlpi_head *head, const unsigned char *file, const void *params,
                             const cmlpi_table_memory *memory)
{
    cmlp_status status = load_columns(head, file, memory);
    if (!status) status = load_nets(head, params, memory);
    if (status) return status;
    *memory->table = (cmlp_table){.struct_size = sizeof(cmlp_table),
                                  .columns = memory->columns,
                                  .n_columns = head->words.n_columns,
                                  .nets = memory->list,
                                  .n_nets = head->n_nets};
    memory->table->n_targets = head->table_target ? head->n_targets : 0;
    for (int64_t j = 0; head->table_target && j < head->n_targets; j++) {
        double n[CMLPI_N_TARGET_NUMBERS];
        cmlpi_load(n, file + head->table_target + (size_t)j * sizeof n, CMLPI_N_TARGET_NUMBERS, sizeof(double));
        memory->targets[j] = (cmlp_table_target){.centre = n[0], .scale = n[1], .low = n[2], .high = n[3]};
        memory->table->targets = memory->targets;
    }
    if (head->table_threshold) {
        cmlpi_load(&memory->table->threshold, file + head->table_threshold, 1, sizeof(double));
        memory->table->has_threshold = 1;
    }
    int64_t bad; /* the file has no argument whose index it could be */
    status = cmlpi_check_columns(memory->columns, head->words.n_columns, &bad);
    return status ? status : cmlpi_check_targets(memory->table);
}
#endif
