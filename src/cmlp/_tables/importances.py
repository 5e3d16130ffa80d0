"""How much each column matters: by how much the error grows when its values are permuted.

Breiman, "Random forests" (2001). Each network is measured on rows that it has not learned from.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cmlp._bridge import _core
from cmlp._data.arrays import taken
from cmlp._data.losses import FOR_PREDICTION
from cmlp._data.weights import weights_of_rows
from cmlp._model.model import TrainedNet
from cmlp._train.objective import log_loss_clip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._data.array_types import Floats, NDArray
    from cmlp._data.encoded_rows import EncodedRows
    from cmlp._model.table_columns import TableColumns

    # Rows that are judged, and the rows of X that they are; None for all.
    Judged = tuple[EncodedRows, NDArray[np.int64] | None]

# They bound the time to a few percent of a fit.
_MOST_ROWS = 2048  # of all networks
_MOST_PREDICTED = 131_072  # rows times columns
_FEWEST_SIZES = 2  # of a network: without hidden layers
_MOST_LOSSES = 128  # networks times columns, but at least two networks: with bins, and without


def importances_of(
    columns: TableColumns, networks: Sequence[TrainedNet], judged: Sequence[Judged]
) -> NDArray[np.float64]:
    """Return the importance of each column; the sum is 1, or 0 if no column matters.

    `judged` are the rows that each network has held out, or else those of training.
    """
    n_networks = min(len(networks), max(2, _MOST_LOSSES // len(columns)))
    n_rows = max(1, min(_MOST_ROWS, _MOST_PREDICTED // len(columns)) // n_networks)
    increases = [
        _increases(columns, network, rows, n_rows)
        for network, rows in zip(networks[:n_networks], judged[:n_networks], strict=True)
    ]
    # Sums that depend on no order of the terms, and so on no processor.
    means = [max(0.0, math.fsum(each) / len(each)) for each in zip(*increases, strict=True)]
    total = math.fsum(means)
    if not 0 < total < math.inf:
        return np.zeros(len(columns))
    return np.array([mean / total for mean in means])


def _increases(
    columns: TableColumns, network: TrainedNet, judged: Judged, n_rows: int
) -> list[float]:
    """Return by how much the plain cost of some rows grows for each permuted column.

    The sums of the first layer are linear in the inputs, so a column changes them by those of its
    own inputs: in a table of many columns, each takes no longer than in one of few.
    """
    net, (rows, order) = network.net, judged
    # The seed is fixed, because the choice of rows must not change the random numbers of the fit.
    chosen = _core.Random(0).permutation(len(rows.targets))[:n_rows]
    inputs = np.asarray(taken(rows.X, chosen if order is None else order[chosen]))
    targets = rows.targets[chosen]
    weight = weights_of_rows(rows.weight, chosen)
    weights, rest = network.weights[0], _behind_first_layer(network)

    def loss(sums: Floats) -> float:
        return float(
            rest.net.cost_and_plain_cost(
                rest.params,
                np.maximum(sums, 0) if len(net.sizes) > _FEWEST_SIZES else sums,
                targets,
                sample_weight=weight,
                clip=log_loss_clip(net),
                n_threads=1,
            )[1]
        )

    sums = _products(inputs, weights) + network.biases[0]
    before = loss(sums)
    # The rows are in random order, so that each gets the values of a random other one.
    changes = np.roll(inputs, 1, axis=0) - inputs
    increases = []
    for begin, end in pairwise(columns.begins(columns.has_bins(net)).tolist()):
        own = changes[:, begin:end]
        if not own.any():
            increases.append(0.0)
            continue
        increases.append(loss(sums + _products(own, weights[begin:end])) - before)
    return increases


def _products(inputs: NDArray[np.float32], weights: Floats) -> NDArray[np.float32]:
    """Return a product of matrices, by the core, whose bits depend on no processor."""
    net = _core.shared_net(weights.shape, ("identity",), FOR_PREDICTION, np.float32, (0.0,), 0.0)
    params = np.concatenate([weights.ravel(), np.zeros(weights.shape[1], np.float32)])
    return net.forward(params, np.ascontiguousarray(inputs), n_threads=1)


def _behind_first_layer(network: TrainedNet) -> TrainedNet:
    """Return the network behind the first layer, which is a hidden one.

    Without a hidden layer, a layer with identity weights remains: the sums of the first one are its inputs.
    """
    net, first = network.net, np.empty(0, np.float32)
    sizes, activations = net.sizes[1:], net.activations[1:]
    if len(net.sizes) == _FEWEST_SIZES:
        n = net.n_out
        sizes, activations = (n, n), net.activations
        first = np.append(np.eye(n, dtype=np.float32), np.zeros(n, np.float32))
    rest = _core.shared_net(
        sizes,
        activations,
        net.loss,
        np.float32,
        net.activation_parameters[-len(activations) :],
        net.loss_parameter,
    )
    params = network.params[(net.sizes[0] + 1) * net.sizes[1] :]
    return TrainedNet(rest, np.append(first, params))
