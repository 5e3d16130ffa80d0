/* Check of the loss kernel with class indices. Cost and deltas are bit-identical to the same rows with one-hot targets,
 * which check_loss.c checks against a reference. */
#include "check_kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 40 /* more than two vectors of any table */

typedef struct class_index_case {
    cmlpi_loss_values values;
    int32_t class_indices[MOST_ROWS];
    operand *z, *d, *cost, *weights;
    int64_t rows, n;
} class_index_case;

static void call_class_indices(const cmlpi_kernels *table, void *context)
{
    const class_index_case *c = context;
    cmlpi_loss_values values = c->values;
    values.class_indices = c->class_indices;
    values.row_weights = c->weights ? (const double *)(const void *)c->weights->place.data : NULL;
    table->loss(&values, c->z->place.data, NULL, c->d->place.data, c->rows, c->n,
                (double *)(void *)c->cost->place.data);
}

static void expect_dense(harness *h, const class_index_case *c)
{
    const size_t element = h->dtype == CMLP_FLOAT32 ? sizeof(float) : sizeof(double);
    const size_t bytes = (size_t)(c->rows * c->n + 1) * element;
    double cost[MOST_ROWS];
    char *z = calloc(3, bytes), *y = z + bytes, *d = y + bytes;
    cmlpi_loss_values values = c->values;
    memcpy(z, c->z->before, bytes - element);
    for (int64_t i = 0; i < c->rows; i++) put(h->dtype, y, i * c->n + c->class_indices[i], 1);
    values.row_weights = c->weights ? c->weights->before : NULL;
    h->tables[0]->loss(&values, z, y, d, c->rows, c->n, cost);
    for (int64_t i = 0; i < c->rows; i++) expect_exactly(h, c->cost, i, cost[i]);
    for (int64_t i = 0; c->values.wants_delta && i < c->rows * c->n; i++) expect_exactly(h, c->d, i, get(h->dtype, d, i));
    free(z);
}

void check_class_index_loss(harness *h)
{
    class_index_case c = {.values = {.activation = CMLP_ACTIVATION_SOFTMAX, .loss = CMLP_LOSS_LOG}};
    c.rows = random_below(&h->random, MOST_ROWS);
    c.n = 1 + random_below(&h->random, CMLPI_TRANSPOSED_OUTPUTS);
    c.values.wants_delta = random_below(&h->random, 4) != 0;
    c.values.scale = random_below(&h->random, 2) ? 1 : 0.5;
    c.values.clip = random_below(&h->random, 3) ? 0 : epsilon_of(h->dtype);
    for (int64_t i = 0; i < c.rows; i++) c.class_indices[i] = (int32_t)random_below(&h->random, c.n);
    c.z = new_operand(h, "z", h->dtype, c.rows * c.n, INPUT);
    c.d = new_operand(h, "d", h->dtype, c.rows * c.n, c.values.wants_delta ? OUTPUT : SCRATCH);
    c.cost = new_operand(h, "cost", CMLP_FLOAT64, c.rows, OUTPUT);
    if (random_below(&h->random, 2)) c.weights = new_operand(h, "weights", CMLP_FLOAT64, c.rows, INPUT);
    for (int64_t i = 0; c.weights && i < c.rows; i++)
        put(CMLP_FLOAT64, c.weights->before, i, (double)random_below(&h->random, 3) * 0.7);
    const double stretch = (double)PICK(h, 1, 1, 4, 30);
    for (int64_t i = 0; i < c.z->n; i++) put(h->dtype, c.z->before, i, stretch * get(h->dtype, c.z->before, i));
    snprintf(h->shape, sizeof h->shape, "rows %d, n %d, scale %g, clip %g, %s weights, %s", (int)c.rows, (int)c.n,
             c.values.scale, c.values.clip, c.weights ? "with" : "no", c.values.wants_delta ? "with deltas" : "no deltas");
    run_tables(h, call_class_indices, &c);
    same_outputs(h);
    expect_dense(h, &c);
}
