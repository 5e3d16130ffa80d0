"""NumPy, written carefully but simply: float32, in place, copying only the rows of the batch."""

from itertools import pairwise

import numpy as np

from benchmarks.data import rows
from benchmarks.peers import RATE


def version():
    return f"NumPy {np.__version__}"


def parameters(sizes):
    rng = np.random.RandomState(0)
    weights, biases = [], []
    for n_in, n_out in pairwise(sizes):
        bound = np.sqrt(6 / (n_in + n_out))
        weights.append(rng.uniform(-bound, bound, (n_in, n_out)).astype(np.float32))
        biases.append(np.zeros(n_out, np.float32))
    return weights, biases


def activations(weights, biases, X):
    """Return the activations of every layer, the input first."""
    a = [X]
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        z = a[-1] @ w
        z += b
        if i < len(weights) - 1:
            np.maximum(z, 0, out=z)
        a.append(z)
    z -= z.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    return a


def step(weights, biases, X, y):
    a = activations(weights, biases, X)
    delta = a[-1]
    delta[np.arange(len(y)), y] -= 1
    rate = np.float32(RATE / len(y))
    for i in reversed(range(len(weights))):
        gradient = a[i].T @ delta
        sums = delta.sum(axis=0)
        if i:
            delta = delta @ weights[i].T
            delta *= a[i] > 0
        gradient *= rate
        weights[i] -= gradient
        biases[i] -= rate * sums


def train(case):
    X, y = rows(case)
    weights, biases = parameters(case["sizes"])
    rng, size = np.random.RandomState(0), case["batch"]

    def epoch():
        order = rng.permutation(len(X))
        for start in range(0, len(X), size):
            batch = order[start : start + size]
            step(weights, biases, X[batch], y[batch])

    return epoch


def forward(case):
    X, _ = rows(case)
    weights, biases = parameters(case["sizes"])
    return lambda: activations(weights, biases, X)[-1]
