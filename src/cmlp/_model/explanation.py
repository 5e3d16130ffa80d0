"""Shapley values of the inputs of a model, exact or from random permutations: what `explain` of the estimators returns.

The value of a set S of columns for a row x is the mean output for the rows of the background in
which the columns of S are those of x. The Shapley value of a column is the mean change of this
value when the column joins the columns before it, over all orders of the columns (Shapley 1953;
Štrumbelj and Kononenko, "Explaining prediction models and individual predictions with feature
contributions", 2014).

The core computes them from the outputs, as of a model file (`cmlp_model_answer`). Every sum is a chain of additions in
ascending order, in double precision. So the same random numbers give the same bits on every machine, for a row alone or
among others.
"""

from __future__ import annotations

from functools import partial
from numbers import Number
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.arrays import is_missing
from cmlp._data.checks import positive_integer
from cmlp._model.model import TableModel, TrainedModel
from cmlp._process.printable import printable_message
from cmlp.exceptions import optional

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._model.summary import Background

    Array = NDArray[np.float64]


_BLOCK = 8192  # rows predicted at a time, so that they take little memory
_NUMBERS = 1 << 17  # outputs on paths computed at a time, which take 8 bytes for each network


class _Game(NamedTuple):
    """A model, and the background of its explanations with its outputs."""

    outputs: Callable[[AnyArray], Array]  # of rows, of shape (n, n_outputs)
    paths: Callable[..., Array]  # outputs on paths between rows, see `NetworkModel.predict_paths`
    used: NDArray[np.bool_]  # whether the model uses a column
    background: Background
    base: Array  # outputs of the background's rows

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return int(self.background.rows.shape[1])

    def mixed(self, x: AnyArray, is_x: NDArray[np.bool_], row_index: NDArray[np.intp]) -> Array:
        """Return the outputs for rows of the background in which the columns with a True of `is_x` are those of x."""
        return self.outputs(np.where(is_x, x, self.background.rows[row_index]))

    def values(self, *pairs: AnyArray) -> _core.Shapley:
        """Return what computes Shapley values from outputs: by enumeration, or of pairs of paths."""
        return _core.Shapley(self.base, self.background.weights, self.used, *pairs)


def _game_of(model: Any, background: Background, n_threads: int | None) -> _Game:
    """Return the game of a `TrainedModel` and a background."""

    def outputs(rows: AnyArray) -> Array:
        return np.ascontiguousarray(model.predict(rows, n_threads), np.float64)

    paths = partial(model.predict_paths, n_threads=n_threads)
    return _Game(outputs, paths, model.used_columns(), background, outputs(background.rows))


class _Exact:
    """Shapley values by enumeration of all sets of columns."""

    def __init__(self, game: _Game) -> None:
        self.game, n = game, game.n_columns
        # All sets but the empty and the full one, whose values are known.
        self._sets = (np.arange(1, 2**n - 1)[:, None] >> np.arange(n) & 1).astype(bool)
        self.n_evaluations = len(game.base) * len(self._sets)
        self._core = game.values()

    @property
    def mean(self) -> Array:
        """The mean output over the background."""
        return self._core.mean()

    def values(self, rows: AnyArray, outputs: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the Shapley values of the columns of each row, (n_columns, n_outputs), and their errors: 0."""
        for x, output in zip(rows, outputs, strict=True):
            values = self._core.of_sets(self._sums(x), output)
            yield values, np.zeros_like(values)

    def _sums(self, x: AnyArray) -> Array:
        """Return the sum of the outputs of each set of columns over the background."""
        sets, n = self._core.sets(), len(self._sets)
        shape = n, self.game.base.shape[1]
        at_once = max(1, _BLOCK // max(1, n))
        for start in range(0, len(self.game.base), at_once):
            row_index = np.arange(start, min(start + at_once, len(self.game.base)))
            each = self.game.mixed(
                x, np.tile(self._sets, (len(row_index), 1)), np.repeat(row_index, n)
            )
            for row, outputs in zip(
                row_index.tolist(), each.reshape(len(row_index), *shape), strict=True
            ):
                self._core.add_sets(sets, row, outputs)
        return sets


class _Permutations:
    """Shapley values from random orders of the columns, in antithetic pairs: an order and its reverse.

    (Mitchell, Cooper, Frank, Holmes, "Sampling permutations for Shapley value estimation", 2022.) If there are enough
    pairs, each row of the background has as many of them as another, so the values of a row add up to its output minus
    the mean over the background. With fewer pairs than two for each row, the rows are a sample too. What the mean of
    the sample differs from that of the background is then divided among the columns in proportion to the variances of
    their values.
    """

    def __init__(self, game: _Game, n_pairs: int, rng: Any, *, is_sample: bool) -> None:
        n, n_rows = game.n_columns, len(game.base)
        rows = (
            np.resize(rng.permutation(n_rows), n_pairs)
            if is_sample
            else np.arange(n_rows).repeat(n_pairs // n_rows)
        )
        orders = np.stack([rng.permutation(n) for _ in rows])
        pairs = np.stack([orders, orders[:, ::-1]], axis=1)
        self.game, self.n_evaluations = game, 2 * (n - 1) * n_pairs
        self._core = game.values(rows, pairs)
        self._orders, self._starts = pairs.reshape(-1, n), rows.repeat(2)

    @property
    def mean(self) -> Array:
        """The mean output over the background."""
        return self._core.mean()

    def values(self, rows: AnyArray, outputs: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the Shapley values of the columns of each row, (n_columns, n_outputs), and their standard errors."""
        at_once = max(1, _NUMBERS // (self.n_evaluations * outputs.shape[1]))
        for start in range(0, len(rows), at_once):
            block = slice(start, start + at_once)
            paths = self.game.paths(
                self.game.background.rows, rows[block], self._starts, self._orders
            )
            for path, output in zip(paths, outputs[block], strict=True):
                yield self._core.of_paths(path, output)


def _chosen_method(
    game: _Game, rng: Any, *, exact: bool, n_evaluations: int | None
) -> _Exact | _Permutations:
    """Return enumeration with `exact` or if it takes fewer evaluations than permutations, otherwise permutations."""
    budget = (
        None
        if n_evaluations is None
        else positive_integer("n_evaluations", n_evaluations, " or None")
    )
    n_pairs, is_sample = _core.shapley_pairs(game.n_columns, len(game.base), budget, exact)
    return _Permutations(game, n_pairs, rng, is_sample=is_sample) if n_pairs else _Exact(game)


_MOST_SHOWN = 12  # columns of the text
_MOST_CHARACTERS = 40  # of a value in the text
_GROUPED = 10_000  # numbers from here on have a comma; years have none


class Explanation(NamedTuple):
    """Shapley values of the columns: how much each of them moves a prediction away from the mean prediction.

    `predictions` are those of `predict` of a regressor and `predict_proba` of a classifier. For
    each row and output, the values of the columns add up to the prediction minus `base_values`, to
    rounding. ``print`` shows of one row the mean prediction, the columns with the largest values,
    and the prediction; of several rows the columns with the largest mean absolute values.

    Attributes
    ----------
    values : ndarray of float64, shape (n_samples, n_features) or (n_samples, n_features, n_outputs)
        The shape of `predictions` with an axis for the columns.
    errors : ndarray of float64, the shape of `values`
        Standard error of each value, which is due to the number of permutations; 0 if the values
        are exact, NaN if there was one pair of permutations.
    base_values : ndarray of float64, shape () or (n_outputs,)
        Mean prediction over the background.
    predictions : ndarray of float64, shape (n_samples,) or (n_samples, n_outputs)
    data : ndarray of shape (n_samples, n_features)
        The explained rows.
    feature_names : list of str
        Names of the columns, or "column 0" and so on.
    output_names : list of str
        The classes; of a regressor "prediction", or "quantile 0.9", the name of the target or
        "output 0" for each of several outputs.
    n_evaluations : int
        Number of predictions for each row.
    n_background : int
        Number of rows of the background.

    Examples
    --------
    >>> from cmlp import TabularRegressor
    >>> X = [[float(size), "town" if size % 2 else None] for size in range(40)]
    >>> y = [1000.0 * size + 5000 * (place == "town") for size, place in X]
    >>> model = TabularRegressor(keep_background=64, random_state=0).fit(X, y)
    >>> explanation = model.explain([[20.0, None]])
    >>> explanation.feature_names
    ['column 0', 'column 1']
    >>> bool(abs(explanation.values.sum() - (explanation.predictions - explanation.base_values)) < 1e-6)
    True
    """

    values: np.ndarray
    errors: np.ndarray
    base_values: np.ndarray
    predictions: np.ndarray
    data: np.ndarray
    feature_names: list[str]
    output_names: list[str]
    n_evaluations: int
    n_background: int

    def table(self, row: int | None = None) -> dict[str, list[object]]:
        """Return a table with a line for each column, that with the largest effect first.

        ``pandas.DataFrame(explanation.table())`` is a data frame.

        Parameters
        ----------
        row : int or None, default=None
            The row to describe. None for all rows: the effect of a column is then the mean of its
            absolute values.

        Returns
        -------
        dict of str to list
            "column"; for one row "value", that of the column; the effect for each of
            `output_names`; "error", the largest standard error of the Shapley values in this line.

        Raises
        ------
        ValueError
            If the explanation has no rows.
        """
        if not len(self.values):
            raise ValueError("The explanation has no rows for a table.")
        shape = (*self.values.shape[:2], -1)
        values, errors = self.values.reshape(shape), self.errors.reshape(shape)
        effects = np.abs(values).mean(axis=0) if row is None else values[row]
        largest = (errors.max(axis=0) if row is None else errors[row]).max(axis=1)
        order = np.argsort(-np.abs(effects).sum(axis=1), kind="stable").tolist()
        table: dict[str, list[Any]] = {"column": [self.feature_names[i] for i in order]}
        if row is not None:
            table["value"] = [self.data[row, i] for i in order]
        table |= {name: effects[order, k].tolist() for k, name in enumerate(self.output_names)}
        return {**table, "error": largest[order].tolist()}

    def to_shap(self) -> Any:  # a shap.Explanation: shap is optional
        """Return the same values as an explanation of the package shap, which `shap.plots` draws.

        For several outputs, the plots draw one of them: ``to_shap()[..., 0]``, or with its name
        ``to_shap()[:, :, "yes"]``.

        Returns
        -------
        shap.Explanation
            Its `base_values` have an entry for each row, and its `error_std` are `errors`. Its
            `data` are numbers: those that are categories or dates are numbered in the order of
            their text, and missing ones are NaN. Its `display_data` are numbers and text.

        Raises
        ------
        ImportError
            If shap is not installed.
        """
        shap = optional(
            "shap", "to_shap needs the package shap: install it with `pip install shap`."
        )
        return shap.Explanation(
            self.values,
            np.broadcast_to(self.base_values, self.predictions.shape).copy(),
            np.stack([_numbers(column) for column in self.data.T], axis=1),
            display_data=np.vectorize(_number_or_text, otypes=[object])(self.data),
            feature_names=self.feature_names,
            output_names=self.output_names if self.values.ndim > 2 else None,
            error_std=self.errors,
        )

    def __repr__(self) -> str:
        if not len(self.values):
            return "Shapley values of no rows"
        return "\n".join(self._row_text() if len(self.values) == 1 else self._summary())

    def _row_text(self) -> list[str]:
        """Return the lines of a sum, from the mean prediction by the values of the columns to the prediction."""
        n = len(self.feature_names)
        values = self.values[0].reshape(n, -1)
        order = np.argsort(-np.abs(values).sum(axis=1), kind="stable").tolist()
        n_shown = _number_shown(n)
        shown, hidden = order[:n_shown], order[n_shown:]
        named = [
            f"{printable_message(self.feature_names[i])} = {_text_of_value(self.data[0, i])}"
            for i in shown
        ]
        effects = values[shown]
        if hidden:
            named.append(f"{len(hidden)} other columns")
            effects = np.concatenate([effects, values[hidden].sum(axis=0, keepdims=True)])
        mean = f"mean prediction of {self.n_background} row{'s' * (self.n_background > 1)}"
        lines = [
            (mean, self.base_values.reshape(-1), ""),
            *((name, line, "+") for name, line in zip(named, effects, strict=True)),
            ("prediction", self.predictions[0].reshape(-1), ""),
        ]
        return [
            "Shapley values of one row",
            *self._columns_of_numbers(lines, values),
            *self._error_text(),
        ]

    def _summary(self) -> list[str]:
        """Return the lines of the columns with the largest mean absolute values."""
        n = len(self.feature_names)
        effects = np.abs(self.values).mean(axis=0).reshape(n, -1)
        order = np.argsort(-effects.sum(axis=1), kind="stable").tolist()
        lines = [
            (printable_message(self.feature_names[i]), effects[i], "")
            for i in order[: _number_shown(n)]
        ]
        n_hidden = n - len(lines)
        more = [f"and {n_hidden} more columns"] if n_hidden > 0 else []
        title = f"Mean absolute Shapley values of {len(self.values):,} rows"
        return [title, *self._columns_of_numbers(lines, effects), *more, *self._error_text()]

    def _columns_of_numbers(
        self, lines: list[tuple[str, np.ndarray, str]], effects: np.ndarray
    ) -> list[str]:
        """Return lines of a name behind a number for each output, below the names of several outputs."""
        largest = np.abs(effects).max(initial=0)
        n = effects.shape[1]
        columns = [
            [_rounded_text(numbers[k], sign, largest) for _, numbers, sign in lines]
            for k in range(n)
        ]
        several = len(columns) > 1
        if several:
            columns = [
                [printable_message(name), *column]
                for name, column in zip(self.output_names, columns, strict=True)
            ]
        widths = [max(map(len, column)) for column in columns]
        texts = ["  ".join(map(str.rjust, line, widths)) for line in zip(*columns, strict=True)]
        names = [*[""] * several, *(name for name, _, _ in lines)]
        return [f"{text}  {name}".rstrip() for text, name in zip(texts, names, strict=True)]

    def _error_text(self) -> list[str]:
        """Return a line about the standard errors, unless the values are exact."""
        if not self.errors.any():
            return []
        if np.isnan(self.errors).any():
            return ["Their standard errors are unknown: one pair of permutations has none"]
        largest = self.errors.max()
        return [f"Standard errors up to {_rounded_text(largest, '', largest)}"]


Explanation.__module__ = "cmlp"


def _number_shown(n: int) -> int:
    """Return how many of n columns the text shows; a line about one other column would be no shorter."""
    return n if n == _MOST_SHOWN + 1 else min(n, _MOST_SHOWN)


def _number_or_text(entry: object) -> object:
    return entry if isinstance(entry, Number) else str(entry)


def _numbers(column: AnyArray) -> NDArray[np.float64]:
    """Return the entries of a column as numbers; those that are none are numbered in the order of their text."""
    entries = [np.nan if is_missing(entry) else entry for entry in column.tolist()]
    texts = sorted({str(entry) for entry in entries if not isinstance(entry, Number)})
    codes = {text: code for code, text in enumerate(texts)}
    return np.array(
        [one if isinstance(one, Number) else codes[str(one)] for one in entries], np.float64
    )


def _rounded_text(value: float, sign: str, largest: float) -> str:
    """Return a number as text, with three digits of the largest one."""
    if 0 < largest < 1e-4 or not np.isfinite(largest):
        return f"{value:{sign}.3g}"
    digits = max(0, 2 - int(np.floor(np.log10(largest)))) if largest else 0
    return f"{round(value, digits) + 0.0:{sign},.{digits}f}"


def _text_of_value(value: Any) -> str:
    """Return the value of a column as text on one line."""
    if is_missing(value):
        return "missing"
    if isinstance(value, (int, float, np.integer)) and not isinstance(value, bool):
        text = f"{value:,.6g}" if isinstance(value, float) else f"{value:,}"
        return text.replace(",", "") if -_GROUPED < value < _GROUPED else text
    text = printable_message(str(value).removesuffix(" 00:00:00"))
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def explain(
    model: TrainedModel,
    rows: NDArray[np.float64],
    data: AnyArray,
    background: Background,
    rng: Any,
    *,
    exact: bool,
    n_evaluations: int | None,
    n_threads: int | None,
    verbose: bool,
) -> Explanation:
    """Return the explanation of the predictions of a model for some rows; `Estimator.explain` documents it."""
    from cmlp.callbacks import bar_over

    game = _game_of(model, background, n_threads)
    method = _chosen_method(game, rng, exact=exact, n_evaluations=n_evaluations)
    predictions, base = game.outputs(rows), method.mean
    pairs = []
    with bar_over(len(rows), "row", shows=verbose) as progress:
        for pair in method.values(rows, predictions):
            pairs.append(pair)
            if progress is not None:
                progress(len(pairs))
    values, errors = np.zeros((2, 0, model.n_inputs, len(base)))
    if pairs:
        values, errors = (np.stack(each) for each in zip(*pairs, strict=True))
    names = _names_of_features(model), output_names(model)
    if model.kind == "regressor" and len(base) == 1:
        values = values[..., 0]
        errors = errors[..., 0]
        base = base[0]
        predictions = predictions[:, 0]
    counts = method.n_evaluations, len(background.rows)
    return Explanation(values, errors, np.asarray(base), predictions, data, *names, *counts)


def _names_of_features(model: TrainedModel) -> list[str]:
    """Return a name for each column of a model."""
    return (
        [f"column {i}" for i in range(model.n_inputs)]
        if model.names is None
        else list(map(str, model.names))
    )


def output_names(model: TrainedModel) -> list[str]:
    """Return a name for each output of a model."""
    levels, n_outputs = model.net.loss_parameter, model.net.n_out
    if model.labels is not None:
        return list(map(str, model.labels.classes.tolist()))
    if isinstance(levels, tuple):
        return [f"quantile {level:g}" for level in levels]
    if (
        isinstance(model, TableModel)
        and model.answer_scale is not None
        and model.answer_scale.names is not None
    ):
        return list(model.answer_scale.names)
    return ["prediction"] if n_outputs == 1 else [f"output {k}" for k in range(n_outputs)]
