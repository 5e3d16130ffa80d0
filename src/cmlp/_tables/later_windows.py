"""Errors on later rows: networks that learn what came before predict later parts of the rows of `fit`.

The cuts, and the largest score at each rank, were chosen on the tables of `benchmarks.later`: one network for each cut
costs little, and pooled scores, blocks of time as groups, or the last rows alone covered less.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.checksums import block_checksums, stored_dtype
from cmlp._data.input_frame import InputFrame, frame_of, with_dates
from cmlp._data.times import as_times, text_of_time
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
from cmlp._tables.learn_columns import learn_columns
from cmlp._tables.make_bag import new_trainings
from cmlp.exceptions import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cmlp._data.times import Times
    from cmlp._fit.fit import Fit
    from cmlp._model.calibration import Calibration
    from cmlp._model.summary import Accuracy
    from cmlp._parameters.options import TableOptions
    from cmlp._tables.prepared_table import PreparedTable
    from cmlp._train.training import Training

_CUTS = (0.6, 0.7, 0.8)  # shares of the rows that come before
_AHEAD = 0.25  # rows of a later part, for each row before it
FEWEST_ROWS, _FEWEST_TIMES = 80, 5
_LEAST_BEFORE = 0.25  # share of the rows, so that a network can learn from them
NETWORKS_SHARE = 0.6  # of a time limit, before that of the windows


class Window(NamedTuple):
    """Rows, those that come after them, and how far the last of these are ahead."""

    before: NDArray[np.intp]
    later: NDArray[np.intp]
    horizon: float


def windows_of(times: Times) -> list[Window]:
    """Return the windows of rows with times; rows of one time are all in one part of each."""
    values = times.values
    order = np.argsort(values, kind="stable")
    at, n = values[order], len(values)
    windows: dict[int, Window] = {}
    for cut in _CUTS:
        time = at[int(cut * n)]
        begin = int(np.searchsorted(at, time))
        if begin < _LEAST_BEFORE * n:
            begin = int(np.searchsorted(at, time, "right"))
        if begin == n:
            continue
        last = at[min(n, int((1 + _AHEAD) * begin)) - 1]
        end = int(np.searchsorted(at, last, "right"))
        before, later = np.sort(order[:begin]), np.sort(order[begin:end])
        windows[begin] = Window(before, later, float(last - at[begin - 1]))
    return list(windows.values())


def require_later_parts(times: Times) -> None:
    """Raise ValueError if rows with these times have no later parts."""
    values, n = times.values, len(times.values)
    if n < FEWEST_ROWS:
        raise ValueError(
            f"time needs at least {FEWEST_ROWS} rows, of which later parts are predicted from what came before, got "
            f"{n}."
        )
    known, counts = np.unique(values, return_counts=True)
    if len(known) < _FEWEST_TIMES:
        texts = ", ".join(text_of_time(one, times.type) for one in known.tolist())
        raise ValueError(
            f"time must have at least {_FEWEST_TIMES} different times, got {len(known)}: {texts}."
        )
    if not windows_of(times):
        most = shown(text_of_time(float(known[counts.argmax()]), times.type))
        raise ValueError(
            f"time must divide the rows, but {counts.max():,} of {n:,} rows have the time {most}."
        )


def times_of_column(X: Any, name: str, owner: str, date_formats: Mapping[Any, str] | None) -> Times:
    """Return the times of all rows of a frame, whose column of this name `fit` reads like this."""
    frame = frame_of(X, owner)
    if frame.names is None or name not in frame.names:
        raise ValueError(f"time must be the name of a column of X, got {name!r}.")
    one = InputFrame([name], [frame.columns[frame.names.index(name)]], frame.n_rows)
    rows = np.arange(frame.n_rows)
    form = (date_formats or {}).get(name)
    if form is not None:
        one = with_dates(one, {0: form})
    columns = learn_columns(one, "from_dtype", owner, rows)
    return as_times(name, one, columns, columns.read(one, owner, in_fit=True), rows)


class LaterRows(NamedTuple):
    """What is measured on later rows: the calibration, and what the summary of the model says."""

    calibration: Calibration
    accuracy: Accuracy | None
    later: Later


class LaterWindows:
    """One network for each window, which learns all anew from the rows before."""

    def __init__(self, fit: Fit, options: TableOptions, table: PreparedTable) -> None:
        from cmlp._tables.prepared_table import prepare_part

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
