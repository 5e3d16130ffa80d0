/* The training in a model file, which a Python program continues. */
#ifndef CMLPI_MODEL_TRAINING_H
#define CMLPI_MODEL_TRAINING_H

#include "../model_format.h"

#define CMLPI_N_TRAINING_NUMBERS 16
#define CMLPI_N_TRAINING_ARRAYS 5

/* The arrays of the training state, with names ascending by bytes. One of them is `numbers`: do not move the struct. */
typedef struct cmlpi_training_arrays {
    double numbers[CMLPI_N_TRAINING_NUMBERS];
    cmlp_model_array list[CMLPI_N_TRAINING_ARRAYS];
    int32_t n;
} cmlpi_training_arrays;

/* Checks the training state of this network, and lists its arrays. */
cmlp_status cmlpi_read_training(cmlpi_training_arrays *arrays, const cmlp_net *net, const cmlp_training *training,
                                cmlp_run *run);

#endif
