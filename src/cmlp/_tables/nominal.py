"""Whole numbers that are codes: their networks train on an input for each value, and are stored with those of bins.

With each value as an edge, a bin is above 0 for the values from its end on. So the difference of two neighbouring
bins is 1 for one value, and 0 for all others: a network that has learned from differences answers the same from bins,
with the differences of its weights. Bins are what files and exports know. Other numbers are between two values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from cmlp._bridge.blocks import block_copy
from cmlp._data.array_types import NDArray
from cmlp._model.model import TrainedNet
from cmlp._model.table_columns import TableColumns


def with_values(
    columns: TableColumns, raw: NDArray[np.float64], nominal: Collection[int]
) -> TableColumns:
    """Return columns of which those that are codes have all values in the rows as edges of bins."""
    found = list(columns)
    for i in nominal:
        if found[i].is_number:
            x = raw[:, i]
            found[i] = found[i]._replace(edges=np.unique(x[~np.isnan(x)]))
    return TableColumns(found, columns.names)


def _bins(columns: TableColumns, nominal: Collection[int]) -> Iterator[tuple[slice, slice]]:
    """Yield the bins of each column of codes among the inputs of networks with bins, but the last and but the first."""
    begins = columns.begins(True).tolist()
    for i in nominal:
        first, last = begins[i] + 1, begins[i] + len(columns[i].edges) - 1
        yield slice(first, last), slice(first + 1, last + 1)


def to_values(inputs: NDArray[np.float32], columns: TableColumns, nominal: Collection[int]) -> None:
    """Let rows with bins have an input for each value of columns of codes, but the first."""
    for before, after in _bins(columns, nominal):
        inputs[:, before] -= inputs[:, after]


def networks_of_bins(
    networks: Sequence[TrainedNet], columns: TableColumns, nominal: Collection[int]
) -> Sequence[TrainedNet]:
    """Return networks that answer from bins what these answer from values; the same without columns of codes."""
    if not nominal:
        return networks
    found = [TrainedNet(net, block_copy(params)) for net, params in networks]
    for one in found:
        for before, after in _bins(columns, nominal) if columns.has_bins(one.net) else ():
            one.weights[0][after] -= one.weights[0][before]
    return found
