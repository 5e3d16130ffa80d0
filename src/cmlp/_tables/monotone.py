"""Monotone columns: the signs that weights keep in training so that answers can only rise, or fall, with a number.

Of each hidden layer, the first half of the units is free: they see only the other columns, by
weights of any sign. The other units grow with the constrained columns, or every second one falls
with them, which together can bend both ways (Runje and Shankaranarayana, "Constrained monotonic
neural networks", 2023). The weight between two units that are not free has the product of their
signs, and none leads from such a unit to a free one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.columns import by_column
from cmlp._model.monotone import inputs_of_columns
from cmlp.exceptions import refused, shown

if TYPE_CHECKING:
    from cmlp._bridge import _core
    from cmlp._data.array_types import NDArray
    from cmlp._model.table_columns import TableColumns
    from cmlp._tables.targets import TableEncoding

_NAME = "monotonic_cst"
_ZERO = 2  # CMLP_SIGN_ZERO
_FIRST_SCALE = 0.5  # of constrained weights behind the first layer, which all have one sign


def signs_of_columns(
    value: object, columns: TableColumns, encoding: TableEncoding
) -> NDArray[np.int8] | None:
    """Return the sign that `monotonic_cst` gives each column, or None if no column is constrained.

    Raises InvalidParameterError.
    """
    if value is None:
        return None
    signs = np.zeros(len(columns), np.int8)
    if isinstance(value, Mapping):
        for i, sign in by_column(_NAME, value, columns.names, len(columns)):
            signs[i] = _sign(sign, value)
    else:
        given = [value] if isinstance(value, str) or not isinstance(value, Iterable) else [*value]
        if len(given) != len(columns):
            raise refused(
                _NAME,
                f"must be None, a dict of columns or a list of one sign for each of {len(columns)} "
                f"columns, got {shown(value)}.",
                value,
            )
        signs[:] = [_sign(sign, value) for sign in given]
    if not signs.any():
        return None
    for i in np.flatnonzero(signs).tolist():
        column = columns[i]
        if column.is_used and (not column.is_number or column.parts):
            raise refused(
                _NAME,
                f"needs a column of numbers, got {columns.label(i)}, which is {column.meaning}.",
                value,
            )
    _require_one_answer(encoding, value)
    return signs


def _require_one_answer(encoding: TableEncoding, value: object) -> None:
    labels = encoding.labels
    if labels is None:
        assert encoding.answer_scale is not None
        n = len(encoding.answer_scale.centre)
        if n > 1:
            raise refused(_NAME, f"needs one target, got {n}: fit a model for each.", value)
    elif not labels.is_cumulative:
        what = "labels of each row" if labels.kind == "multilabel" else "classes without an order"
        raise refused(
            _NAME,
            f"needs a y of two classes, or of ordered ones, got {len(labels.classes)} {what}.",
            value,
        )


def _sign(sign: object, value: object) -> int:
    if isinstance(sign, (int, np.integer)) and not isinstance(sign, bool) and -1 <= sign <= 1:
        return int(sign)
    raise refused(_NAME, f"must have the signs 1, 0 and -1, got {shown(sign)}.", value)


def signs_of_params(
    net: _core.Net, columns: TableColumns, signs: NDArray[np.int8]
) -> NDArray[np.int8]:
    """Return the sign that each parameter of a network keeps; see `cmlp_optimizer` in cmlp.h."""
    of_inputs = np.zeros(net.n_in, np.int8)
    inputs = inputs_of_columns(columns, bins=columns.has_bins(net))
    for own, sign in zip(inputs, signs.tolist(), strict=True):
        of_inputs[own] = sign
    of_units = [of_inputs]
    for n in net.sizes[1:-1]:
        n_free = 0 if of_inputs.all() else n // 2
        of_hidden = np.ones(n, np.int8)
        of_hidden[n_free + 1 :: 2] = -1
        of_hidden[:n_free] = 0
        of_units.append(of_hidden)
    of_units.append(np.ones(net.n_out, np.int8))
    block = np.zeros(net.n_params, np.int8)
    for weights, (before, after) in zip(net.views(block)[0], pairwise(of_units), strict=True):
        weights[:] = np.outer(before, after)
        weights[np.ix_(before != 0, after == 0)] = _ZERO
    return block


def cut_to_signs(params: NDArray[np.float32], signs: NDArray[np.int8]) -> None:
    """Set the parameters to 0 that do not have the signs that they keep, as each step of training does."""
    params[(signs == _ZERO) | (params * signs < 0)] = 0


def begin_with_signs(net: _core.Net, params: NDArray[np.float32], signs: NDArray[np.int8]) -> None:
    """Give the initial weights the signs that they keep."""
    views = zip(net.views(params)[0], net.views(signs)[0], strict=True)
    for layer, (weights, kept) in enumerate(views):
        is_kept = np.abs(kept) == 1
        scale = _FIRST_SCALE if layer else 1.0
        weights[is_kept] = np.abs(weights[is_kept]) * kept[is_kept] * np.float32(scale)
        weights[kept == _ZERO] = 0
