"""Training runs whose bits are pinned: the same on every machine, compiler and instruction set.

``python tests/support/golden.py`` prints the digests of this machine as JSON; ``--write`` writes them to
golden.json. They change only if the specified arithmetic is changed on purpose.
"""

import json
import sys
from pathlib import Path

import numpy as np
from helpers import (
    DTYPES,
    HIDDEN,
    OUTPUTS,
    SOLVERS,
    digest,
    inputs,
    labels,
    layers,
    net_and_params,
    targets,
    uniform,
)

from cmlp import Network
from cmlp._bridge import _core

TABLE = Path(__file__).with_name("golden.json")
# More than one chunk of 128 inputs; widths that are not multiples of 4, 8 and 16.
SIZES, ROWS, BATCH = (150, 19, 33, 5), 290, 90
ALL_SOLVERS = (
    "identity",
    "logistic",
    "tanh",
    "relu",
)  # hidden activations that are trained by each solver


def trained(
    activations,
    loss,
    dtype,
    X,
    Y,
    *,
    kind="sgd",
    max_norm=0.0,
    batch_size=BATCH,
    n_threads=None,
    **keywords,
):
    """Return the digest of parameters, optimizer state and costs after two epochs."""
    net, params = net_and_params(SIZES, activations, loss, dtype)
    params *= dtype(0.25)
    optimizer = _core.Optimizer(net, kind, **SOLVERS[kind], max_norm=max_norm)
    costs = [
        net.train_epoch(
            params, X, Y, optimizer, batch_size=batch_size, n_threads=n_threads, **keywords
        )[0]
        for _ in range(2)
    ]
    return digest(params, optimizer.state, np.array(costs))


def solver_cases(n_threads):
    for dtype in DTYPES:
        X, Y = inputs(1, ROWS, SIZES[0], dtype), labels(2, ROWS, SIZES[-1])
        for hidden in HIDDEN:
            activations = layers(len(SIZES), hidden, "softmax")
            for kind in SOLVERS if hidden in ALL_SOLVERS else ["momentum"]:
                name = f"{kind} {hidden} {np.dtype(dtype)}"
                yield (
                    name,
                    trained(activations, "log_loss", dtype, X, Y, kind=kind, n_threads=n_threads),
                )


def loss_cases(n_threads):
    for dtype in DTYPES:
        X = inputs(1, ROWS, SIZES[0], dtype)
        for output, loss in OUTPUTS:
            Y = targets(3, ROWS, SIZES[-1], output, loss, dtype)
            yield (
                f"{output} {loss} {np.dtype(dtype)}",
                trained(
                    layers(len(SIZES), "tanh", output),
                    loss,
                    dtype,
                    X,
                    Y,
                    kind="momentum",
                    n_threads=n_threads,
                    alpha=0.01,
                    loss_scale=0.5,
                    sample_weight=uniform(4, ROWS, low=0.0),
                ),
            )


def batch_cases(n_threads):
    """Batches of one row and of all rows: scaled bytes in a shuffled order."""
    order = np.argsort(uniform(6, ROWS), kind="stable")
    pixels = uniform(5, ROWS, SIZES[0], low=0, high=256).astype(np.uint8)
    Y = labels(2, ROWS, SIZES[-1])
    for dtype in DTYPES:
        activations = layers(len(SIZES), "relu", "softmax")
        for batch_size in (1, ROWS):
            yield (
                f"pixels, batch {batch_size} {np.dtype(dtype)}",
                trained(
                    activations,
                    "log_loss",
                    dtype,
                    pixels,
                    Y,
                    kind="adam",
                    scale=1 / 255,
                    batch_size=batch_size,
                    order=order,
                    n_threads=n_threads,
                ),
            )


def step_cases(n_threads):
    """Dropout in an order, a gradient that is clipped, an alpha for each layer."""
    order = np.argsort(uniform(6, ROWS), kind="stable")
    for dtype in DTYPES:
        X, Y = inputs(1, ROWS, SIZES[0], dtype), labels(2, ROWS, SIZES[-1])
        activations = layers(len(SIZES), "gelu", "softmax")
        for kind in ("sgd", "adamw"):
            yield (
                f"dropout, clipped {kind} {np.dtype(dtype)}",
                trained(
                    activations,
                    "log_loss",
                    dtype,
                    X,
                    Y,
                    kind=kind,
                    max_norm=0.05,
                    n_threads=n_threads,
                    order=order,
                    alphas=[0.1, 0, 0.3],
                    dropout=[0.2, 0.5],
                    dropout_seed=3,
                ),
            )


def passes(n_threads):
    """Forward pass and input gradient, in which rows are independent of each other."""
    for dtype in DTYPES:
        net = Network(SIZES, dtype=dtype, random_state=0, n_threads=n_threads)
        X, Y = inputs(1, ROWS, SIZES[0], dtype), labels(2, ROWS, SIZES[-1])
        yield f"forward {np.dtype(dtype)}", digest(net.forward(X))
        yield f"input gradient {np.dtype(dtype)}", digest(net.input_gradient(X, Y))


def digests(n_threads=None):
    """Compute all digests, with the kernels that this process uses."""
    cases = (solver_cases, loss_cases, batch_cases, step_cases, passes)
    return {name: value for case in cases for name, value in case(n_threads)}


if __name__ == "__main__":
    text = json.dumps(digests(), indent=1)
    if "--write" in sys.argv:
        TABLE.write_text(text + "\n", encoding="ascii")
    print(text)
