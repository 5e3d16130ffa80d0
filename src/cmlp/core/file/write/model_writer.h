/* The writer of model files: what those of networks and of tables have in common. */
#ifndef CMLPI_MODEL_WRITER_H
#define CMLPI_MODEL_WRITER_H

#include "model_content.h"
#include "model_sink.h"
#include "model_training.h"

/* The whole content of a file. */
typedef struct cmlpi_writer {
    const cmlp_net *net;     /* the first network */
    const cmlp_table *table; /* NULL: the file has one network */
    void (*put_columns)(sink *s, const cmlp_table *table);
    const cmlp_table_net *nets;
    int64_t n_nets;
    const cmlp_model_content *content;
    cmlp_model_kind model_kind;
    cmlp_cell_format cells; /* a copy of those of the content; zeros if it has none */
    const cmlp_table_calibration *calibration; /* of a table; or NULL */
    double input_scale;
    /* The example, two of the inputs or four of the table, the training, the calibration, values: names ascending by bytes. */
    cmlp_model_array own[8 + CMLPI_N_TRAINING_ARRAYS + CMLPI_N_VALUE_TENSORS]; /* data NULL: cmlpi_write_values has them */
    int32_t n_own;
    int32_t *order; /* of a table: the categories of each column in the order of their values */
    uint32_t data_crc;
} cmlpi_writer;

/* A number in [-1, 1): a hash of the index (the finalizer of MurmurHash3, Appleby 2011). */
static inline double cmlpi_pseudo_random(int64_t i)
{
    uint32_t bits = (uint32_t)i + 1;
    bits = (bits ^ bits >> 16) * UINT32_C(0x85ebca6b);
    bits = (bits ^ bits >> 13) * UINT32_C(0xc2b2ae35);
    return (double)(bits ^ bits >> 16) / 2147483648.0 - 1;
}

/* Checks the labels and the kind, and sets w->model_kind; run->refused and run->bad_element report what is refused. */
cmlp_status cmlpi_read_labels(cmlpi_writer *w, cmlp_run *run);

/* Checks names, cells and categories likewise, copies the cells to w->cells, and sorts the categories into w->order. */
cmlp_status cmlpi_read_given_values(cmlpi_writer *w, cmlp_run *run);

/* Adds their tensors to the arrays, and brings all arrays into the order of their names. */
cmlp_status cmlpi_list_values(cmlpi_writer *w);

/* Writes the elements of a tensor. */
void cmlpi_write_values(sink *s, const cmlpi_writer *w, int tensor);

/* Writes the file. w->data_crc need not be set. */
cmlp_status cmlpi_write_file(cmlpi_writer *w);

/* Names the content if writing has failed and no part of it is named. Returns the status. */
cmlp_status cmlpi_refuse_content(cmlp_run *run, cmlp_status status);

#endif
