"""In which columns a model's answers are monotone whatever the other columns have: the signs of its weights prove it.

If an input only grows, a sum with a positive weight cannot fall, nor can the activation of the sum.
So signs follow from layer to layer, and a computer's rounded sums of products keep them too: see
SOUNDNESS.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._data.array_types import NDArray
    from cmlp._model.model import TableModel, TrainedNet
    from cmlp._model.table_columns import TableColumns

# No larger sum gives a smaller value. Of "softmax", each output depends on all sums.
_MONOTONE = ("identity", "relu", "logistic", "exp")


def inputs_of_columns(columns: TableColumns, *, bins: bool) -> list[slice]:
    """Return the inputs of each column that grow with its number; none of categories, dates and unused columns."""
    begins = columns.begins(bins).tolist()
    found = []
    for begin, column in zip(begins, columns, strict=False):
        if not column.is_number or column.parts:
            found.append(slice(begin, begin))
            continue
        n_bins = max(len(column.edges) - 1, 0) * bins
        found.append(slice(begin, begin + 1 + n_bins))
    return found


def signs_of_model(model: TableModel) -> NDArray[np.int8]:
    """Return for each column whether answers are proved to rise (1) or fall (-1) with its number if they change at all.

    It is 0 otherwise, and for a column that changes no answer.
    """
    rises, falls = (np.zeros(len(model.columns), bool) for _ in range(2))
    for network in model.networks:
        can_rise, can_fall = _changes(model.columns, network)
        rises |= can_rise
        falls |= can_fall
    return rises.astype(np.int8) - falls.astype(np.int8)


def _changes(
    columns: TableColumns, network: TrainedNet
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return for each column whether a growing number can make an output of the network rise, and fall."""
    net = network.net
    inputs = inputs_of_columns(columns, bins=columns.has_bins(net))
    rises = np.zeros((len(columns), net.n_in), np.float32)
    for i, own in enumerate(inputs):
        rises[i, own] = 1
    falls = np.zeros_like(rises)
    for weights, activation in zip(network.weights, net.activations, strict=True):
        up = (weights > 0).astype(np.float32)
        down = (weights < 0).astype(np.float32)
        rises, falls = _any(rises @ up + falls @ down), _any(rises @ down + falls @ up)
        if activation not in _MONOTONE:
            rises = falls = np.maximum(rises, falls).max(axis=1, keepdims=True) + np.zeros_like(
                rises
            )
    return np.any(rises, axis=1, keepdims=True)[:, 0], np.any(falls, axis=1, keepdims=True)[:, 0]


def _any(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    return (counts > 0).astype(np.float32)


def texts_of_signs(signs: NDArray[np.int8], labels: Sequence[str]) -> list[str]:
    """Return for each direction the columns with which answers can only go in it; nothing for one without columns."""
    texts = []
    for word, sign in (("rise", 1), ("fall", -1)):
        chosen = [labels[i] for i in np.flatnonzero(signs == sign).tolist()]
        if chosen:
            texts.append(f"answers can only {word} with {', '.join(chosen)}")
    return texts
