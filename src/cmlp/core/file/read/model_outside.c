/* How far the values of a row of a table are outside of what training had. */
#include <math.h>

#include "../../base/arguments.h"
#include "../../table/distance.h"
#include "model.h"

#if CMLP_BUILD_TABLES
/* The most categories of a column in a file. If a column has so many, and the file does not say how many training had, there
 * may have been more. */
#define MOST_LISTED INT64_C(65536)

/* Whether training may have had categories of a column that the file does not list. */
static int has_unlisted(const cmlp_model *model, int64_t column)
{
    const int64_t n = model->table->columns[column].n_categories, n_columns = model->table->n_columns;
    double seen[2] = {0, 0}; /* the number of categories, and the share of rare ones; both 0: not known */
    for (int64_t k = 0; model->seen && k < 2; k++)
        cmlpi_load(&seen[k], model->file + model->seen + (uint64_t)(k * n_columns + column) * sizeof *seen, 1, sizeof *seen);
    return seen[0] != 0 || seen[1] != 0 ? seen[0] > (double)n : n >= MOST_LISTED;
}

/* Whether training may have had other values of a column than the file says. */
static int has_others(const cmlp_model *model, int64_t column)
{
    const cmlp_table_column *c = &model->table->columns[column];
    return c->role == CMLP_TABLE_ROLE_CATEGORY ? has_unlisted(model, column) : !c->n_edges && !model->has_summary;
}

void cmlpi_find_outside(const cmlp_model *model, const double *row, double *distances)
{
    const cmlp_table *table = model->table;
    for (int64_t i = 0; i < table->n_columns; i++)
        distances[i] = cmlpi_distance(&table->columns[i], has_others(model, i), row[i]);
}
#endif
