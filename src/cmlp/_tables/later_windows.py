"""Errors on later rows: networks that learn what came before predict later parts of the rows of `fit`.

The largest score at each rank was chosen on the tables of `benchmarks.later`: pooled scores, blocks of time as groups,
or the last rows alone covered less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.array_types import NDArray
from cmlp._data.checksums import block_checksums, stored_dtype
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
from cmlp._tables.row_times import Window, windows_of
from cmlp._tables.table_call import TableCall
from cmlp._train.training import Training

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
    for window in windows_of(table.times):
        part, raw = prepare_part(call, table, window.before, rng)
        (training,) = new_trainings(part, call.options, None)
        parts.append(PartFit(window, part, raw, training))
    return parts


def measured_later(
    parts: Sequence[PartFit], table: PreparedTable, calibration: Calibration
) -> tuple[Calibration, Accuracy | None, Later]:
    """Return what the networks tell of later rows, with the widths and limits of the calibration of other rows."""
    assert table.times is not None
    scores, weights, outputs = [], [], []
    for window, part, raw, training in parts:
        network = TrainedNet(training.net, block_copy(training.state.best_or_present_params))
        scale = part.encoding.answer_scale
        networks = networks_of_bins([network], part.columns, part.nominal)
        model = TableModel("regressor", networks, columns=part.columns, answer_scale=scale)
        outputs.append(model.predict(raw[window.later], 1))
        weights.append(weights_of_rows(table.weight, window.later))
        found = scores_of(ABSOLUTE_ERROR, outputs[-1], table.truth[window.later])
        if calibration.widths is not None:
            found = scaled_scores(found, factors_of(calibration.widths, outputs[-1]).T)
        scores.append(found[0])
    rows = np.concatenate([part.window.later for part in parts])
    accuracy = accuracy_of(
        parts[0].training.net,
        HELD_OUT,
        np.concatenate(outputs),
        table.truth[rows],
        weights_of_rows(table.weight, rows),
        None,
    )
    horizons = sorted(part.window.horizon for part in parts)
    times, horizon = table.times, horizons[len(horizons) // 2]
    later = Later(times.column, times.type, float(times.values.max()), horizon)
    return calibration._replace(scores=largest_at_ranks(scores, weights)[None]), accuracy, later
