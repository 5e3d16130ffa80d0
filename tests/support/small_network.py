"""Rows and targets for a network of 3, 4 and 2 units, and calls of every method with them."""

import numpy as np
from helpers import inputs, labels

X, Y = inputs(1, 6, 3, np.float32), labels(2, 6, 2)
DENSE = np.eye(2)[Y]

WITH_TARGETS = {
    "cost": lambda net, x, y: net.cost(x, y),
    "gradient": lambda net, x, y: net.gradient(x, y),
    "input_gradient": lambda net, x, y: net.input_gradient(x, y),
    "step": lambda net, x, y: net.step(x, y, 0.1),
    "train_epoch": lambda net, x, y: net.train_epoch(x, y, 1000, 0.1),
}
METHODS = ["forward", "activations", *WITH_TARGETS]


def call(net, method, x, y=Y):
    """Call the method of this name, with targets if it has such a parameter."""
    return WITH_TARGETS[method](net, x, y) if method in WITH_TARGETS else getattr(net, method)(x)
