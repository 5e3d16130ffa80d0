"""The network of the story in plain NumPy, written to be read.

784 input neurons, two hidden layers of 16 neurons and 10 output neurons, logistic everywhere. cmlp
computes the same; a test compares the two. Run ``python docs/plain.py`` to train it (about ten
seconds).

Shapes: X (n, 784), one image per row; weights[l] (n_in, n_out); biases[l] (n_out,).
"""

from itertools import pairwise

import numpy as np

SIZES = (784, 16, 16, 10)


def initialize(sizes=SIZES, seed=0):
    """Random weights and biases: a network that knows nothing (Glorot and Bengio, 2010)."""
    rng = np.random.RandomState(seed)
    weights, biases = [], []
    for n_in, n_out in pairwise(sizes):
        bound = np.sqrt(2 / (n_in + n_out))
        weights.append(rng.uniform(-bound, bound, (n_in, n_out)))
        biases.append(rng.uniform(-bound, bound, n_out))
    return weights, biases


def sigmoid(z):
    """Squash any number to between 0 and 1."""
    return 1 / (1 + np.exp(-z))


def forward(X, weights, biases):
    """The activations of all layers, the input included: each neuron squashes its weighted sum plus bias."""
    activations = [X]
    for W, b in zip(weights, biases, strict=True):
        z = activations[-1] @ W + b
        activations.append(sigmoid(z))
    return activations


def wanted(y, n_classes=10):
    """The wanted outputs: 1 for the right digit, 0 for the others."""
    return np.eye(n_classes)[y]


def cost(X, y, weights, biases):
    """The squared differences from the wanted outputs, summed per image, averaged over the images."""
    outputs = forward(X, weights, biases)[-1]
    return np.mean(np.sum((outputs - wanted(y)) ** 2, axis=1))


def gradient(X, y, weights, biases):
    """How the cost changes with each weight and bias, by backpropagation (Rumelhart, Hinton, Williams, 1986)."""
    activations = forward(X, weights, biases)
    n_layers = len(weights)
    d_weights, d_biases = [None] * n_layers, [None] * n_layers

    # What each output should have been, as a change of the cost with that output: larger where it
    # is further off.
    d_activation = 2 * (activations[-1] - wanted(y))
    for layer in reversed(range(n_layers)):
        a = activations[layer + 1]
        # The sigmoid's slope is a (1 - a): a neuron that is fully on or off hardly reacts.
        delta = d_activation * a * (1 - a)
        # A weight acts in proportion to the activation before it, a bias directly. Average over the
        # images.
        d_weights[layer] = activations[layer].T @ delta / len(X)
        d_biases[layer] = delta.mean(axis=0)
        # The wishes of this layer's neurons add up for the layer before, in proportion to the
        # weights.
        d_activation = delta @ weights[layer].T
    return d_weights, d_biases


def step(weights, biases, d_weights, d_biases, learning_rate):
    """A small step downhill: against the gradient, in place."""
    for parameters, slopes in ((weights, d_weights), (biases, d_biases)):
        for parameter, slope in zip(parameters, slopes, strict=True):
            parameter -= learning_rate * slope


def train_epoch(X, y, weights, biases, batch_size, learning_rate, order):
    """One pass over all images, in batches: a few images at a time give a good enough direction, faster."""
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        step(weights, biases, *gradient(X[batch], y[batch], weights, biases), learning_rate)


def accuracy(X, y, weights, biases):
    """The share of images whose brightest output is the right digit."""
    return np.mean(forward(X, weights, biases)[-1].argmax(axis=1) == y)


def main():
    """Train on the bundled digits and print cost and accuracy after each epoch."""
    from cmlp.datasets import load_digits28

    data = load_digits28()
    X_train, X_test = data.X_train / 255, data.X_test / 255
    weights, biases = initialize()
    rng = np.random.RandomState(0)
    print(
        f"before training: {accuracy(X_test, data.y_test, weights, biases):.1%} of the test images are right"
    )
    for epoch in range(1, 31):
        train_epoch(X_train, data.y_train, weights, biases, 10, 1.5, rng.permutation(len(X_train)))
        now = cost(X_train, data.y_train, weights, biases)
        print(
            f"epoch {epoch:2}: cost {now:.4f}, {accuracy(X_test, data.y_test, weights, biases):.1%}"
        )


if __name__ == "__main__":
    main()
