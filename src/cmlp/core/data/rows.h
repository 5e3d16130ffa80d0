/* Reads the rows, targets and row weights of a call, and gathers them. */
#ifndef CMLPI_ROWS_H
#define CMLPI_ROWS_H

#include "data.h"
#include "../base/target.h"

/* Checks the arguments and fills `data`, or reports what is refused. `targets` and `objective`, which has the row weights,
 * may be NULL. */
cmlp_status cmlpi_read_data(cmlpi_data *data, const cmlp_net *net, const cmlp_rows *rows, const cmlp_targets *targets,
                             const cmlp_objective *objective, cmlp_run *run);

/* The names of the rows' fields in run->refused, and those of rows that a function has under another name. */
#define CMLPI_ROWS_DATA "rows->data"
#define CMLPI_ROWS_NAMES(rows)                                                                                             \
    rows "\0" rows "->data\0" rows "->n_rows\0" rows "->n_columns\0" rows "->row_stride\0" rows "->column_stride\0" rows  \
         "->scale\0" rows "->order\0" rows "->n_order\0" rows "->indptr\0" rows "->indices\0" rows "->n_values\0" rows    \
         "->kind\0" rows "->dtype\0" rows "->index_dtype\0" rows "->reserved\0" rows "->shifts\0" rows "->factors\0" rows \
         "->names\0" rows "->indptr or indices\0"

/* Checks the kind of rows, and whether this build has it: it may predict one dense row only. */
cmlp_status cmlpi_check_kind(const cmlp_rows *rows, const char **refused);

/* Reads the caller's rows of n_columns columns to `rows`; *n becomes the number of rows selected. */
cmlp_status cmlpi_read_rows(cmlp_rows *rows, int64_t n_columns, const cmlp_rows *given, int64_t *n, cmlp_run *run);

/* Whether the first layer's kernel can convert the rows itself: contiguous uint8 with a suitable scalar scale. */
static inline int cmlpi_are_bytes(const cmlpi_data *data)
{
    const cmlp_rows *rows = &data->rows;
    return rows->dtype == CMLP_UINT8 && rows->column_stride == 1 && !rows->factors &&
           cmlpi_scales_in_floats(rows->scale);
}

/* Converts the elements [k, k + n) of a selected dense row to the net's type. */
void cmlpi_convert_row(const cmlpi_data *data, int64_t selected, int64_t k, int64_t n, void *out);

/* Lists pointers to the selected rows [first, first + n) in the caller's matrix. */
void cmlpi_list_rows(const cmlpi_data *data, int64_t first, int64_t n, const void **list);

/* The same for elements of the net's type: pointers to the rows themselves, or to copies converted into `converted`
 * (n, n_in). */
void cmlpi_gather_rows(const cmlpi_data *data, int64_t first, int64_t n, const void **list, void *converted);

/* The first element of a selected row, which is stored. */
static inline const char *cmlpi_row_data(const cmlpi_data *data, int64_t selected)
{
    return (const char *)data->rows.data + (cmlpi_row_index(data, selected) - data->first_stored) * data->rows.row_stride;
}

/* Whether adjacent elements of a row share cache lines. They do not in a column-major matrix. */
static inline int cmlpi_row_is_close(const cmlpi_data *data)
{
    return data->rows.column_stride > 0 && data->rows.column_stride < CMLPI_LINE;
}

/* Prefetches `columns` columns of the dense row that is CMLPI_PREFETCH_ROWS rows after this one. Inlined, because GCC
 * removes calls of functions that only prefetch. */
VEC_FN void cmlpi_prefetch_row(const cmlpi_data *data, int64_t selected, int64_t k, int64_t columns)
{
    const int64_t later = selected + CMLPI_PREFETCH_ROWS;
    if (later >= data->n || !cmlpi_row_is_close(data) || !cmlpi_is_stored(data, later)) return;
    const char *row = cmlpi_row_data(data, later) + k * data->rows.column_stride;
    const int64_t bytes = (columns - 1) * data->rows.column_stride + 1; /* up to the last element's first byte */
    for (int64_t at = 0; at < bytes; at += CMLPI_LINE) CMLPI_PREFETCH(row + at);
    CMLPI_PREFETCH(row + bytes - 1); /* the row may not start at a cache line */
}

/* Lists, for each of n rows, the row to prefetch meanwhile: the one `distance` <= n rows later among the same rows, and
 * after the last of them among the rows that begin `next` rows after `first`; a row itself if that one is not stored.
 * Returns 0 if there are not enough rows. */
int cmlpi_list_prefetch(const cmlpi_data *data, int64_t first, int64_t n, int64_t distance, int64_t next,
                        const void **list);

/* Whether a selected row has the weight 0: it does not count, so its values may be of any size. */
static inline int cmlpi_is_ignored(const cmlpi_data *data, int64_t selected)
{
    return data->row_weights && data->row_weights[cmlpi_row_index(data, selected)] == 0;
}

/* Writes the targets of the selected rows [first, first + n) to `out`, dense, (n, n_out). Targets of ignored rows become
 * 1, which every loss allows, unless one of them is bad. */
void cmlpi_gather_targets(const cmlpi_data *data, int64_t first, int64_t n, void *out);

/* Writes the class indices of the selected rows [first, first + n) to `out`. */
void cmlpi_gather_class_indices(const cmlpi_data *data, int64_t first, int64_t n, int32_t *out);

/* Writes the row weights of the selected rows [first, first + n) to `out`. Without them, does nothing. */
void cmlpi_gather_row_weights(const cmlpi_data *data, int64_t first, int64_t n, double *out);

/* Sum of the row weights of the selected rows [first, first + n), or n without them. */
double cmlpi_row_weight_sum(const cmlpi_data *data, int64_t first, int64_t n);

/* Column of the first element of a row that is not finite in the net's type, or -1. `scratch` has space for one row. */
int64_t cmlpi_bad_input(const cmlpi_data *data, int64_t selected, void *scratch);

/* Output of the first bad target of a row, or -1: one that is not finite in the net's type, or that data->allowed_targets
 * excludes. */
int64_t cmlpi_bad_target(const cmlpi_data *data, int64_t selected, void *scratch);

#endif
