"""What ``cmlp train`` reports of the model of a table.

How good it is on held-out rows, and which columns matter.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from cmlp._cli.data_files import why_none_are_held_out
from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.columns import DATES
from cmlp._data.groups import Groups
from cmlp._data.losses import traits_of
from cmlp._model.kinds_of_findings import COVERAGE
from cmlp._model.summary import measures_distance, short
from cmlp._process.printable import printable

_NAMED = 8  # columns in a line
_RARE = 0.2  # the largest share of a rare class


class TableReport(NamedTuple):
    """A model, all rows of its file, and which of them are held out or those of training.

    With `is_first`, it is the model of a first fit, and that of a second one, which has learned all
    rows, is written.
    """

    model: Any
    frame: Any
    y: AnyArray
    held: NDArray[np.intp]
    row_index: NDArray[np.intp]
    groups: Groups | None
    is_first: bool

    def lines(self) -> list[str]:
        """Return lines: categories, error and intervals, and the columns that matter most.

        Error and intervals are those of the rows that are held out.
        """
        # that rows of this file have a category or number of their own
        with warnings.catch_warnings(action="ignore"):
            if not len(self.held):
                measured = [why_none_are_held_out(len(self.y), has_groups=self.groups is not None)]
                return [*self.notices(), *measured, self._columns()]
            measured = [self._score(), *self._interval()]
            if self.model._estimator_type == "classifier":
                measured.extend(self._rare())
            return [*self.notices(), *measured, self._columns(), *self._second()]

    def notices(self) -> list[str]:
        """Return the lines that measure nothing: how columns are read."""
        return [*self._read_as(), *self._clock()]

    def hints(self) -> list[str]:
        """Return a line if the last rows are held out and all of one class."""
        if not len(self.held):
            return []
        labels = np.unique(self.y[self.held])
        is_last = self.held[0] == len(self.y) - len(self.held)
        if self.model._estimator_type != "classifier" or len(labels) > 1 or not is_last:
            return []
        return [
            f"all {len(self.held):,} held-out rows are of the label {labels[0]}, so these figures "
            "say little: if the file is sorted by the target, leave out --holdout last"
        ]

    def later(self, written: Any) -> list[str]:
        """Return a line with the rows for which the intervals of the written model hold, if these are later ones."""
        later = written._trained().summary.later
        return [] if later is None else [later.sentence]

    def _second(self) -> list[str]:
        """Return a line about the second fit, if there is one."""
        if not self.is_first:
            return []
        what = "sets" if self.model._estimator_type == "classifier" else "intervals"
        has_own = self.model._trained().calibration is not None
        own = ""
        if has_own:
            own = f"; its {what} come from its own held-out rows"
            if self.model._trained().summary.later is not None:
                own = f"; its {what} come from its own later rows"
        return [
            f"these figures are those of a first fit, without these {len(self.held):,} rows{self._copies()}. The "
            f"model of a second fit, on all {len(self.y):,} rows, is written{own}"
        ]

    def _copies(self) -> str:
        """Return a part of a sentence about the copies of held-out rows, which are in neither part."""
        return " and their copies" * (len(self.held) + len(self.row_index) < len(self.y))

    def _read_as(self) -> list[str]:
        """Return a line with the columns of categories, and one with those of dates.

        So a number with a stray text is noticed.
        """
        trained = self.model._trained()
        known = list(zip(trained.feature_names, trained.columns, strict=True))
        found = {
            "categories": [
                printable(name) for name, column in known if column.categories is not None
            ],
            "dates": [printable(name) for name, column in known if column.type in DATES],
        }
        more = {
            what: f" and {len(names) - _NAMED:,} more" * (len(names) > _NAMED)
            for what, names in found.items()
        }
        return [
            f"read as {what}: {', '.join(names[:_NAMED])}{more[what]}"
            for what, names in found.items()
            if names
        ]

    def _clock(self) -> list[str]:
        """Return a line about times with an offset: whether those of UTC are meant.

        There is one if hours or days matter in them.
        """
        trained = self.model._trained()
        each = zip(trained.feature_names, trained.columns, strict=True)
        names = [
            printable(name) for name, column in each if column.type == "instant" and column.parts
        ]
        if not names:
            return []
        return [
            f"{', '.join(names[:_NAMED])}: the model uses hours or days of UTC. If those of a "
            "local clock matter, train and predict with times without an offset"
        ]

    def _rare(self) -> list[str]:
        """Return a line with what helps if most rows of a rare one of two classes are not found."""
        labels, counts = np.unique(self.y[self.row_index], return_counts=True)
        rare = labels.tolist()[counts.argmin()]
        share = counts.min() / counts.sum()
        is_rare = self.y[self.held] == rare
        if len(labels) != 2 or share > _RARE or not is_rare.any():
            return []
        hits = (self.model.predict(self.frame.take(self.held)) == rare) & is_rare
        if 2 * hits.sum() > is_rare.sum():
            return []
        return [
            f"of {is_rare.sum():,} held-out rows of the rare label {rare}, {hits.sum():,} are "
            "predicted. In Python, load the model, call choose_threshold(X, y, recall=0.7, "
            f"pos_label={rare!r}) with rows of another file, and save it: it then finds more of "
            "them. calibrate(X, y, probabilities=True) before corrects probabilities"
        ]

    def _score(self) -> str:
        truth = self.y[self.held]
        learned = self.y[self.row_index]
        predicted = self.model.predict(self.frame.take(self.held))
        fit = "a first fit" if self.is_first else "training"
        of_groups = ""
        if self.groups is not None:
            of_groups = f" of {self.groups.take(self.held).group_count.n:,} groups"
        where = f"on {len(self.held):,} rows{of_groups}{self._copies()} held out of {fit}"
        if self.model._estimator_type == "classifier":
            labels, counts = np.unique(learned, return_counts=True)
            if measures_distance(self.model._trained().labels):
                return self._distance(learned, truth, predicted, where)
            base = np.mean(truth == labels[counts.argmax()])
            return (
                f"accuracy {np.mean(truth == predicted):.3f} {where}; always "
                f"{labels[counts.argmax()]}: {base:.3f}"
            )
        if traits_of(self.model.loss).predicts_quantiles:
            levels = np.atleast_1d(self.model.quantile)
            error, base = (
                _pinball(truth, other, levels)
                for other in (predicted, np.quantile(learned, levels))
            )
            return (
                f"mean pinball loss {short(error)} {where}; always the quantiles of the training "
                f"rows: {short(base)}"
            )
        error, base = (
            float(np.sqrt(np.mean((truth - other) ** 2))) for other in (predicted, learned.mean())
        )
        return f"root mean squared error {short(error)} {where}; always the mean: {short(base)}"

    def _distance(
        self,
        learned: AnyArray,
        truth: AnyArray,
        predicted: AnyArray,
        where: str,
    ) -> str:
        """Return how far predicted ordered classes are from the true ones."""
        labels = self.model._trained().labels
        is_known = np.isin(truth, labels.classes)
        if not is_known.any():
            return f"no label {where} is one of its training rows"
        known, right, found = (
            labels.indices(labels.encode(part))
            for part in (learned, truth[is_known], predicted[is_known])
        )
        middle = np.sort(known)[(len(known) - 1) // 2]
        error, base = (float(np.abs(right - other).mean()) for other in (found, middle))
        n_unknown = len(truth) - len(right)
        unknown = f" ({n_unknown:,} with other labels do not count)" * (n_unknown > 0)
        return (
            f"mean distance {short(error)} classes {where}{unknown}; always "
            f"{labels.classes.tolist()[middle]}: {short(base)}"
        )

    def _interval(self) -> list[str]:
        """Return a line about the intervals or sets.

        There is one if the networks held out rows from which their width follows.
        """
        if self.model._trained().calibration is None:
            return []
        truth = self.y[self.held]
        rows = self.frame.take(self.held)
        if self.model._estimator_type == "classifier":
            sets = self.model.predict_set(rows, COVERAGE)
            covered = (sets & (truth[:, None] == self.model.classes_)).any(axis=1)
            labels, counts = np.unique(truth, return_counts=True)
            shares = [covered[truth == label].mean() for label in labels]
            i = int(np.argmin(shares))
            return [
                f"{COVERAGE:.0%} sets: {sets.sum(axis=1).mean():.2f} labels on average, right "
                f"for {covered.mean():.1%}; least often for {labels.tolist()[i]}: "
                f"{shares[i]:.1%} of {counts[i]:,} rows"
            ]
        low, high = self.model.predict_interval(rows, COVERAGE).T
        covered = np.mean((low <= truth) & (truth <= high))
        return [
            f"{COVERAGE:.0%} intervals: {short(np.mean(high - low))} wide on average, right "
            f"for {covered:.1%}"
        ]

    def _columns(self) -> str:
        """Return the columns that matter most, as shares."""
        found = self.model.feature_importances_
        order = np.argsort(-found, kind="stable")[:_NAMED].tolist()
        names = self.model._trained().feature_names
        shown = ", ".join(f"{printable(names[i])} {found[i]:.0%}" for i in order)
        return f"importance of the columns: {shown}"


def _pinball(truth: AnyArray, predicted: AnyArray, levels: NDArray[np.float64]) -> float:
    """Return the mean pinball loss of a column for each quantile."""
    rest = truth[:, None] - predicted.reshape(-1, len(levels))
    return float(np.maximum(levels * rest, (levels - 1) * rest).mean())
