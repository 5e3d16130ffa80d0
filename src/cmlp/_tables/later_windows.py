"""Errors on later rows: networks that learn what came before predict later parts of the rows of `fit`.

The largest score at each rank was chosen on the tables of `benchmarks.later`: pooled scores, blocks of time as groups,
or the last rows alone covered less.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.checksums import block_checksums, stored_dtype
from cmlp._data.weights import weights_of_rows
from cmlp._model.calibration import (
    ABSOLUTE_ERROR,
    HELD_OUT,
    factors_of,
    largest_at_ranks,
    scaled_scores,
    scores_of,
)
from cmlp._model.model import TableModel, TrainedNet
from cmlp._model.summary import Later, accuracy_of
from cmlp._tables.make_bag import new_trainings
from cmlp._tables.prepared_table import prepare_part
from cmlp._tables.row_times import windows_of

if TYPE_CHECKING:
    from cmlp._fit.fit import Fit
    from cmlp._model.calibration import Calibration
    from cmlp._model.summary import Accuracy
    from cmlp._parameters.options import TableOptions
    from cmlp._tables.prepared_table import PreparedTable
    from cmlp._train.training import Training

NETWORKS_SHARE = 0.6  # of a time limit, before that of these networks


class LaterRows(NamedTuple):
    """What is measured on later rows: the calibration, and what the summary of the model says."""

    calibration: Calibration
    accuracy: Accuracy | None
    later: Later


class LaterWindows:
    """One network for each window, which learns all anew from the rows before."""

    def __init__(self, fit: Fit, options: TableOptions, table: PreparedTable) -> None:
        assert table.times is not None
        self._table, self._times = table, table.times
        self._windows = windows_of(table.times)
        # The folds are those of a fit that is resumed, too, whose generator is not.
        folds = block_checksums([table.folds], [stored_dtype(table.folds)])
        rng = _core.Random(int(np.asarray(folds).ravel()[0]) % 2**32)
        options = replace(options, n_estimators=1)
        self._parts = [prepare_part(fit, options, table, one.before) for one in self._windows]
        self.trainings: list[Training] = [
            new_trainings(part, options, None, rng)[0] for part, _ in self._parts
        ]

    @property
    def is_complete(self) -> bool:
        """Whether no time limit has ended the training."""
        return all(one.state.epoch >= one.options.max_iter for one in self.trainings)

    def measured(self, known: Calibration) -> LaterRows:
        """Return what the networks tell of later rows, with the widths and limits of the calibration of other rows."""
        scores, weights, outputs = [], [], []
        for window, (part, raw), training in zip(
            self._windows, self._parts, self.trainings, strict=True
        ):
            params = block_copy(training.state.best_or_present_params)
            network = TrainedNet(training.net, params)
            scale = part.encoding.answer_scale
            model = TableModel("regressor", [network], columns=part.columns, answer_scale=scale)
            outputs.append(model.predict(raw[window.later], 1))
            weights.append(weights_of_rows(self._table.weight, window.later))
            found = scores_of(ABSOLUTE_ERROR, outputs[-1], self._table.truth[window.later])
            if known.widths is not None:
                found = scaled_scores(found, factors_of(known.widths, outputs[-1]).T)
            scores.append(found[0])
        rows = np.concatenate([window.later for window in self._windows])
        accuracy = accuracy_of(
            self.trainings[0].net,
            HELD_OUT,
            np.concatenate(outputs),
            self._table.truth[rows],
            weights_of_rows(self._table.weight, rows),
            None,
        )
        horizons = sorted(window.horizon for window in self._windows)
        times = self._times
        last, horizon = float(times.values.max()), horizons[len(horizons) // 2]
        return LaterRows(
            known._replace(scores=largest_at_ranks(scores, weights)[None]),
            accuracy,
            Later(times.column, times.type, last, horizon),
        )
