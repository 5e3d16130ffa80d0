"""Errors on later rows: networks that learn what came before predict later parts of the rows of `fit`.

The largest score at each rank was chosen on the tables of `benchmarks.later`: pooled scores, blocks of time as groups,
or the last rows alone covered less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.array_types import NDArray
from cmlp._data.checksums import block_checksums, stored_dtype
from cmlp._data.groups import Groups
from cmlp._data.weights import weights_of_rows
from cmlp._model.calibration import (
    ABSOLUTE_ERROR,
    HELD_OUT,
    Calibration,
    factors_of,
    largest_at_ranks,
    scaled_scores,
    scores_of,
)
from cmlp._model.model import TableModel, TrainedNet
from cmlp._model.summary import Accuracy, Later, accuracy_of
from cmlp._tables.make_bag import new_trainings
from cmlp._tables.nominal import networks_of_bins
from cmlp._tables.prepared_table import PreparedTable, prepare_part
from cmlp._tables.read_table import ReadTable
from cmlp._tables.row_times import Window, later_windows
from cmlp._tables.table_call import TableCall
from cmlp._train.training import Training

_MARGIN = 1.3  # of the mean error of random rows; chosen on half of the tables of `benchmarks.later --own`
NETWORKS_SHARE = 0.6  # of a time limit, before that of these networks


class PartFit(NamedTuple):
    """One network, which learns all anew from the rows before a window."""

    window: Window
    table: PreparedTable
    raw: NDArray[np.float64]  # all training rows, as it reads them
    training: Training


def later_fits(call: TableCall, table: PreparedTable) -> list[PartFit]:
    """Prepare one network for each window of the times of a table."""
    assert table.times is not None
    # The folds are those of a fit that is resumed, too, whose generator is not.
    folds = block_checksums([table.folds], [stored_dtype(table.folds)])
    rng = _core.Random(int(np.asarray(folds).ravel()[0]) % 2**32)
    parts = []
    for window in later_windows(table.times, table.groups, table.folds):
        part, raw = prepare_part(call, table, window.before, rng)
        (training,) = new_trainings(part, call.options, None)
        parts.append(PartFit(window, part, raw, training))
    return parts


# Outputs for rows, their scores and weights, and their groups, in each of which the weights have the sum 1.
Errors: TypeAlias = tuple[
    NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None, Groups | None
]


def _errors_of(
    part: PartFit,
    rows: ReadTable,
    raw: NDArray[np.float64],
    row_index: NDArray[np.intp],
    widths: NDArray[np.float64] | None,
) -> Errors:
    """Return the errors of the network of a window on some rows of a table, which it reads as `raw`."""
    _, table, _, training = part
    network = TrainedNet(training.net, block_copy(training.state.best_or_present_params))
    networks = networks_of_bins([network], table.columns, table.nominal)
    scale = table.encoding.answer_scale
    model = TableModel("regressor", networks, columns=table.columns, answer_scale=scale)
    outputs = model.predict(raw[row_index], 1)
    scores = scores_of(ABSOLUTE_ERROR, outputs, rows.truth[row_index])
    if widths is not None:
        scores = scaled_scores(scores, factors_of(widths, outputs).T)
    weight, groups = weights_of_rows(rows.weight, row_index), None
    if rows.groups is not None:
        groups = rows.groups_of(row_index)
        weight = groups.equal_weights(weight)
    return outputs, scores[0], weight, groups


def _mean_score(
    scores: Sequence[NDArray[np.float64]], weights: Sequence[NDArray[np.float64] | None]
) -> float:
    """Return the mean score of the rows of several windows, by their weights."""
    each = [
        np.ones(len(one)) if weight is None else weight
        for one, weight in zip(scores, weights, strict=True)
    ]
    return float(np.average(np.concatenate(scores), weights=np.concatenate(each)))


def measured_later(
    parts: Sequence[PartFit], table: PreparedTable, calibration: Calibration
) -> tuple[Calibration, Accuracy | None, Later]:
    """Return what the networks tell of later rows, with the widths and limits of the calibration of other rows.

    If later rows have hardly larger errors than those that each network held out of the rows before, it is this
    calibration.
    """
    assert table.times is not None
    widths = calibration.widths
    outputs, scores, weights, groups = zip(
        *(_errors_of(part, table, part.raw, part.window.later, widths) for part in parts),
        strict=True,
    )
    rows = np.concatenate([part.window.later for part in parts])
    accuracy = accuracy_of(
        parts[0].training.net,
        HELD_OUT,
        np.concatenate(outputs),
        table.truth[rows],
        None if weights[0] is None else np.concatenate(weights),
        None,
    )
    horizons = sorted(part.window.horizon for part in parts)
    times, horizon = table.times, horizons[len(horizons) // 2]
    later = Later(times.column, times.type, float(times.values.max()), horizon)
    held_out = [
        _errors_of(part, part.table, part.table.raw, part.training.state.held_out_index, widths)
        for part in parts
        if part.training.state.held_out_index is not None
    ]
    if held_out:
        _, of_random_rows, their_weights, _ = zip(*held_out, strict=True)
        if _mean_score(scores, weights) <= _MARGIN * _mean_score(of_random_rows, their_weights):
            return calibration, accuracy, later
    known = [one for one in groups if one is not None]
    if known:
        calibration = calibration._replace(groups=min(one.group_count for one in known))
    largest = largest_at_ranks(scores, weights, known)
    return calibration._replace(scores=largest[None]), accuracy, later
