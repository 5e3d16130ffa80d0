/* The whole of training on one page of plain C: a network with relu in its hidden layers and softmax at its end, in
 * float32, with the roundings that docs/arithmetic.md defines. The library computes the same bits, only faster. Read
 * plain.c before the kernels; test_plain.c compares them. */
#ifndef PLAIN_H
#define PLAIN_H

#include <stdint.h>

enum { PLAIN_LAYERS = 8, PLAIN_WIDEST = 512 };

typedef struct plain_net {
    int depth;                       /* number of layers with weights */
    int64_t sizes[PLAIN_LAYERS + 1]; /* units of each layer, inputs first */
} plain_net;

/* Computes the activations a[l] of each layer for a row x; those of the last layer are still weighted sums. */
void plain_forward(const plain_net *net, float *params, const float *x, float a[][PLAIN_WIDEST]);

/* Replaces n weighted sums by probabilities. Returns the cost, -ln of the label's probability. */
float plain_softmax(float *z, int64_t n, int64_t label);

/* Computes the derivatives d[l] of the cost with respect to each layer's weighted sums, backwards. */
void plain_backward(const plain_net *net, float *params, const float a[][PLAIN_WIDEST], int64_t label,
                    float d[][PLAIN_WIDEST]);

/* One step of gradient descent for the weights and biases of layer l, from a batch of rows: the layer's inputs
 * (rows, n_in) and deltas (rows, n_out). */
void plain_step(const plain_net *net, float *params, int l, const float *inputs, const float *deltas, int64_t rows,
                float rate);

#endif
