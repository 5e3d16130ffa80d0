"""``cmlp train`` for columns of text, dates or missing values: an estimator for tables."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._cli import options
from cmlp._cli.data_files import table_rows
from cmlp._cli.terminal import printable
from cmlp._data.arrays import EXACT
from cmlp._data.files.rows import ParquetTable
from cmlp._estimators.fitted import provenance_of
from cmlp._estimators.tables.tabular import TabularClassifier, TabularRegressor
from cmlp._model.model import model_of
from cmlp._model.summary import short

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cmlp._cli.data_files import TableRows

_HELD_OUT = 8  # every eighth row, in random order, is held out of training
_FEWEST_ROWS = 32  # of which some are held out
_MOST_CLASSES = 30  # more distinct numbers are no labels
_EXPLAINED = 400_000  # predictions to find the columns that matter most
_NAMED = 8  # columns in a line
_COVERAGE = 0.9  # of the intervals and sets that are measured


class TableTraining:
    """The rows of a file and the model that is trained on most of them; the others measure it."""

    is_resumable, callbacks = False, ()

    def __init__(self, arguments: argparse.Namespace, parameters: Mapping[str, Any], rows: TableRows) -> None:
        table = rows.rows
        if isinstance(table, ParquetTable):
            self.frame, self.y = table.read()
            is_number = self.y.dtype.kind in "iuf"
            target = "fractions" if self.y.dtype.kind == "f" else "whole" if is_number else "text"
            owner, why = _chosen(target, self.y, arguments.regressor)
        else:
            target = table.kind_of_target()
            self.y = table.labels() if target == "text" else table.targets()
            is_exact = target != "whole" or bool((np.abs(self.y) < EXACT).all())
            owner, why = _chosen(target, self.y if is_exact else table.labels(), arguments.regressor)
            if owner is TabularClassifier and target != "text":
                self.y = table.labels()
            self.frame = table.frame()
        unknown = next((name for name in parameters if name not in owner._get_param_names()), None)
        if unknown is not None:
            raise options.CommandError(
                f"--{unknown.replace('_', '-')} is not for tables: {owner.__name__} has no {unknown}"
            )
        self.model, self.cell_format = owner(**parameters), rows.cell_format
        self.held, self.rows = divided(len(self.y))
        self.notices = [*rows.notices, f"{rows.reason}. So this trains a {owner.__name__}: {why}"]

    def fit(self) -> None:
        """Train the model."""
        self.model.fit(self.frame.take(self.rows), self.y[self.rows])

    def report(self) -> list[str]:
        """Return lines: categories, error and intervals on the rows that are held out, the columns that matter most."""
        with warnings.catch_warnings(action="ignore"):  # that rows of this file have a category or number of their own
            measured = [self._score(), *self._interval()] if len(self.held) else []
            return [*self._categories(), *measured, self._columns()]

    def interrupted(self, path: str) -> list[str]:
        """Return the lines about the model of the epochs so far."""
        return [f"interrupted: wrote {path}"]

    def _categories(self) -> list[str]:
        """Return a line with the columns of categories, so that one of numbers with a stray text is noticed."""
        trained = self.model._trained()
        known = zip(trained.feature_names, trained.encoder.categories, strict=True)
        names = [printable(name) for name, categories in known if categories is not None]
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        return [f"read as categories: {', '.join(names[:_NAMED])}{more}"] if names else []

    def _score(self) -> str:
        truth, known = self.y[self.held], self.y[self.rows]
        predicted = self.model.predict(self.frame.take(self.held))
        where = f"on {len(self.held):,} rows held out of training"
        if self.model._estimator_type == "classifier":
            labels, counts = np.unique(known, return_counts=True)
            base = np.mean(truth == labels[counts.argmax()])
            return f"accuracy {np.mean(truth == predicted):.3f} {where}; always {labels[counts.argmax()]}: {base:.3f}"
        if self.model.loss == "quantile":
            levels = np.atleast_1d(self.model.quantile)
            error, base = (_pinball(truth, other, levels) for other in (predicted, np.quantile(known, levels)))
            return f"mean pinball loss {short(error)} {where}; always the quantiles of the training rows: {short(base)}"
        error, base = (float(np.sqrt(np.mean((truth - other) ** 2))) for other in (predicted, known.mean()))
        return f"root mean squared error {short(error)} {where}; always the mean: {short(base)}"

    def _interval(self) -> list[str]:
        """Return a line about the intervals or sets, if the networks held out rows from which their width follows."""
        if self.model._trained().calibration is None:
            return []
        truth, rows = self.y[self.held], self.frame.take(self.held)
        if self.model._estimator_type == "classifier":
            sets = self.model.predict_set(rows, _COVERAGE)
            covered = (sets & (truth[:, None] == self.model.classes_)).any(axis=1).mean()
            return [f"{_COVERAGE:.0%} sets: {sets.sum(axis=1).mean():.2f} labels on average, right for {covered:.1%}"]
        low, high = self.model.predict_interval(rows, _COVERAGE).T
        covered = np.mean((low <= truth) & (truth <= high))
        return [f"{_COVERAGE:.0%} intervals: {short(np.mean(high - low))} wide on average, right for {covered:.1%}"]

    def _columns(self) -> str:
        """Return the columns in the order of their mean absolute Shapley values, as shares."""
        from cmlp._model.shapley import DEFAULT_PAIRS, MOST_ROWS

        n = max(1, min(100, _EXPLAINED // (2 * DEFAULT_PAIRS * len(self.frame.columns))))
        chosen = (self.held if len(self.held) else self.rows)[:n]
        background = self.frame.take(np.random.RandomState(0).permutation(self.rows)[:MOST_ROWS])
        found = self.model.explain(self.frame.take(chosen), background)
        effects = np.abs(found.values).mean(axis=0).reshape(len(found.feature_names), -1).sum(axis=1)
        total = effects.sum() or 1.0
        order = np.argsort(-effects, kind="stable")[:_NAMED].tolist()
        shown = ", ".join(f"{printable(found.feature_names[i])} {effects[i] / total:.0%}" for i in order)
        return f"effect of the columns: {shown}"


def _pinball(truth: NDArray[Any], predicted: NDArray[Any], levels: NDArray[np.float64]) -> float:
    """Return the mean pinball loss of a column for each quantile."""
    rest = truth[:, None] - predicted.reshape(-1, len(levels))
    return float(np.maximum(levels * rest, (levels - 1) * rest).mean())


def divided(n_rows: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows that are held out, and those of training."""
    order = np.random.RandomState(0).permutation(n_rows)
    n_held = n_rows // _HELD_OUT if n_rows >= _FEWEST_ROWS else 0
    return np.sort(order[:n_held]), np.sort(order[n_held:])


def rows_of_fit(arguments: argparse.Namespace, model: Any) -> tuple[Any, NDArray[Any]]:
    """Return the rows and targets of a file on which a table's model was trained.

    These are all rows if their number is that of the record, and otherwise those on which ``cmlp train`` trains.
    """
    X, y = table_rows(arguments, model_of(model))
    record = provenance_of(model)
    if record is not None and record["n_rows"] != len(y):
        rows = divided(len(y))[1]
        X, y = X.take(rows), y[rows]
    return X, y


def _chosen(target: str, y: NDArray[Any], regressor: bool) -> tuple[Any, str]:
    """Return the class for a target, and why: numbers that are no labels, or `regressor`, need a regressor."""
    if regressor and target == "text":
        raise options.CommandError(f"--regressor needs a target of numbers, got {str(y[0])!r}")
    n = len(np.unique(y))
    if target == "fractions":
        return TabularRegressor, "the target has numbers with fractions"
    if target == "whole" and not regressor and n <= _MOST_CLASSES:
        return (
            TabularClassifier,
            f"the target has {n} different whole number{'s' * (n != 1)}; --regressor predicts numbers",
        )
    if target == "whole":
        return TabularRegressor, f"the target has {n:,} different numbers"
    return TabularClassifier, f"the target has {n:,} labels"
