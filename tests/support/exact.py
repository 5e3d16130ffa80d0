"""The arithmetic that docs/arithmetic.md specifies, with every rounding, in exact fractions.

Slow and simple: one number at a time, every fused multiply-add computed exactly and rounded once. Relu layers and
squared error need no other functions, so training such a network here must be bit-identical to the library.
"""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np

CHUNK = 128
# Optimizer state below these values becomes +0: (velocity or first moment, second moment).
SMALLEST = {np.float32: (1e-30, 1e-36), np.float64: (1e-290, 1e-290)}


def within(x, centre, radius):
    """Return whether two numbers differ by a radius at most."""
    return abs(Fraction(float(x)) - Fraction(float(centre))) <= Fraction(float(radius))


def rounded(x, dtype):
    """Return the nearest number of a type, ties to even, for a fraction that is not subnormal in that type."""
    d = float(x)
    if dtype is np.float64:
        return np.float64(d)
    if Fraction(d) != x and np.float64(d).view(np.uint64) & 1 == 0:
        # Rounding twice is correct if an inexact first result is rounded to odd.
        d = math.nextafter(d, math.inf if x > d else -math.inf)
    return np.float32(d)


def fma(a, b, c):
    return rounded(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)), type(a))


def product(x, w, bias):
    """Return bias + sum of x[k] w[k]: a chain of fma per chunk, with the chunks added in ascending order."""
    total = type(w[0])(bias) + type(w[0])(0)
    for start in range(0, len(x), CHUNK):
        chain = type(w[0])(0)
        for k in range(start, min(start + CHUNK, len(x))):
            chain = fma(x[k], w[k], chain)
        total = total + chain
    return total


def reduced(values):
    """Return a sum in double: element i is added to partial sum i mod 16; a tree adds the partial sums."""
    partials = [np.float64(0)] * 16
    for i, value in enumerate(values):
        partials[i % 16] += np.float64(value)
    for half in (8, 4, 2, 1):
        for i in range(half):
            partials[i] += partials[i + half]
    return partials[0]


class Network:
    """Relu layers, then an identity layer; squared error."""

    def __init__(self, sizes, params):
        self.dtype = params.dtype.type
        self.params = params
        self.W, self.b, at = [], [], 0
        for n_in, n_out in pairwise(sizes):
            self.W.append(params[at : at + n_in * n_out].reshape(n_in, n_out))
            self.b.append(params[at + n_in * n_out : at + (n_in + 1) * n_out])
            at += (n_in + 1) * n_out

    def forward(self, x):
        """Return the activations of one row, layer by layer."""
        activations = [x]
        for layer, (W, b) in enumerate(zip(self.W, self.b, strict=True)):
            z = [product(activations[-1], W[:, j], b[j]) for j in range(W.shape[1])]
            if layer < len(self.W) - 1:
                z = [v if v > 0 else self.dtype(0) for v in z]
            activations.append(np.array(z))
        return activations

    def deltas(self, a, y, scale, weight):
        """Return the deltas of one row, layer by layer, and its cost."""
        off = a[-1] - y
        cost = reduced(off * off)
        delta = off * self.dtype(2 * scale)
        if weight is not None:
            delta = delta * self.dtype(weight)
        deltas = [delta]
        for layer in range(len(self.W) - 1, 0, -1):
            back = np.array([product(deltas[0], row, 0) for row in self.W[layer]])
            deltas.insert(0, back * (a[layer] > 0).astype(self.dtype))
        return deltas, cost

    def gradient(self, X, Y, *, alpha=0.0, loss_scale=1.0, sample_weight=None):
        """Return the flat gradient of the objective and its value."""
        weights = [None] * len(X) if sample_weight is None else sample_weight
        total = np.float64(len(X)) if sample_weight is None else reduced(sample_weight)
        inverse, factor = self.dtype(1 / total), self.dtype(alpha)
        activations = [self.forward(x) for x in X]
        rows = [
            self.deltas(*row)
            for row in zip(activations, Y, [loss_scale] * len(X), weights, strict=True)
        ]
        gradient = []
        for layer, W in enumerate(self.W):
            a = np.array([row[layer] for row in activations])
            d = np.array([deltas[layer] for deltas, _ in rows])
            for k, j in np.ndindex(W.shape):
                s = product(a[:, k], d[:, j], 0)
                gradient.append(fma(factor, W[k, j], s) * inverse)
            ones = np.ones(len(X), self.dtype)
            gradient += [product(ones, d[:, j], 0) * inverse for j in range(W.shape[1])]
        costs = [c if w is None else c * w for (_, c), w in zip(rows, weights, strict=True)]
        squares = reduced(reduced(np.float64(row) ** 2) for W in self.W for row in W)
        cost = loss_scale * reduced(costs)
        if alpha:
            cost += 0.5 * alpha * squares
        return np.array(gradient), cost / total


class Optimizer:
    """Steps along a gradient, element by element."""

    def __init__(self, kind, n_params, dtype, *, learning_rate, momentum=0.0):
        self.kind, self.dtype, self.rate, self.momentum = kind, dtype, learning_rate, momentum
        self.first = np.zeros(n_params, dtype)
        self.second = np.zeros(n_params, dtype)
        self.power_1 = self.power_2 = np.float64(1)

    def step(self, params, gradient):
        if self.kind == "adam":
            self.power_1 *= 0.9
            self.power_2 *= 0.999
        move = {"sgd": self.sgd, "adam": self.adam}.get(self.kind, self.with_velocity)
        for i, g in enumerate(gradient):
            params[i] = move(i, params[i], g)

    def sgd(self, i, w, g):
        return fma(self.dtype(-self.rate), g, w)

    def with_velocity(self, i, w, g):
        rate, momentum = self.dtype(-self.rate), self.dtype(self.momentum)
        v = self.flushed(fma(rate, g, momentum * self.first[i]), 0)
        self.first[i] = v
        return w + (v if self.kind == "momentum" else fma(rate, g, momentum * v))

    def adam(self, i, w, g):
        T = self.dtype
        rate = T(np.float64(self.rate) * np.sqrt(1 - self.power_2) / (1 - self.power_1))
        m = self.flushed(fma(T(1 - 0.9), g, T(0.9) * self.first[i]), 0)
        v = self.flushed(fma(T(1 - 0.999) * g, g, T(0.999) * self.second[i]), 1)
        self.first[i], self.second[i] = m, v
        return w - (rate * m) / (np.sqrt(v) + T(1e-8))

    def flushed(self, x, moment):
        return self.dtype(0) if abs(x) < self.dtype(SMALLEST[self.dtype][moment]) else x
