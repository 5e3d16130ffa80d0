/* Rows with a fault, of each kind that the call finds while it computes. */
#ifndef FAULTS_H
#define FAULTS_H

#include "fixture.h"

#include <math.h>

typedef enum fault { BAD_INPUT, LARGE_INPUT, BAD_TARGET, LARGE_TARGET, FAULTS } fault;

enum { FAULTY_ROWS = 300, FAULTY_INPUTS = 150, FAULTY_OUTPUTS = 5 };

static const int fault_statuses[FAULTS] = {CMLP_ERROR_INPUT, CMLP_ERROR_DIVERGED, CMLP_ERROR_TARGET,
                                           CMLP_ERROR_DIVERGED};

/* The column of a fault: those of targets are in the first column or in a later one. */
static int64_t fault_column(fault kind, int64_t row)
{
    return kind == BAD_INPUT ? 3 : kind == BAD_TARGET ? row % 4 : -1;
}

static const shape faulty_shape = {.n_layers = 4, .sizes = {FAULTY_INPUTS, 130, 21, FAULTY_OUTPUTS},
                                   .hidden = CMLP_ACTIVATION_TANH, .output = CMLP_ACTIVATION_IDENTITY,
                                   .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT64, .solver = CMLP_SOLVER_ADAM,
                                   .rows = FAULTY_ROWS, .batch = FAULTY_ROWS};

static void make_fault(fixture *f, double *targets, fault kind, int64_t row)
{
    double *const x = f->x;
    if (kind == BAD_INPUT) x[row * FAULTY_INPUTS + 3] = NAN;
    if (kind == LARGE_INPUT) /* every sum of the first layer overflows */
        for (int64_t j = 0; j < FAULTY_INPUTS; j++) x[row * FAULTY_INPUTS + j] = 1e308;
    if (kind == BAD_TARGET) targets[row * FAULTY_OUTPUTS + row % 4] = NAN;
    if (kind == LARGE_TARGET) targets[row * FAULTY_OUTPUTS + row % 4] = 1e200; /* its square overflows */
}

/* Gives a fixture of this shape dense targets and a fault in each of two rows. Returns the targets. */
static const double *make_faults(fixture *f, const fault *kinds, const int64_t *rows)
{
    double *const targets = fixture_block(f, FAULTY_ROWS * FAULTY_OUTPUTS * sizeof *targets);
    for (int64_t i = 0; i < FAULTY_ROWS * FAULTY_OUTPUTS; i++) targets[i] = (double)(i % 7);
    for (int64_t i = 0; i < FAULTY_INPUTS; i++) put(CMLP_FLOAT64, f->initial, i * 130, 1 + (double)(i % 3));
    for (int i = 0; i < 2; i++) make_fault(f, targets, kinds[i], rows[i]);
    return targets;
}

#endif
