"""What `explain` of the estimators returns."""

from __future__ import annotations

from numbers import Number
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.arrays import is_missing
from cmlp._model.shapley import chosen_method, game_of
from cmlp.exceptions import optional

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cmlp._model.model import TrainedModel
    from cmlp._model.shapley import Exact, Game, Permutations

_MOST_SHOWN = 12  # columns of the text
_MOST_CHARACTERS = 40  # of a value in the text


class Explanation(NamedTuple):
    """Shapley values of the columns: how much each of them moves a prediction away from the mean prediction.

    `predictions` are those of `predict` of a regressor and `predict_proba` of a classifier. For each row and output,
    the values of the columns add up to the prediction minus `base_values`, to rounding. ``print`` shows of one row the
    mean prediction, the columns with the largest values, and the prediction; of several rows the columns with the
    largest mean absolute values.

    Attributes
    ----------
    values : ndarray of float64, shape (n_samples, n_features) or (n_samples, n_features, n_outputs)
        The shape of `predictions` with an axis for the columns.
    errors : ndarray of float64, the shape of `values`
        Standard error of each value, which is due to the number of permutations; 0 if the values are exact, NaN if
        there was one pair of permutations.
    base_values : ndarray of float64, shape () or (n_outputs,)
        Mean prediction over the background.
    predictions : ndarray of float64, shape (n_samples,) or (n_samples, n_outputs)
    data : ndarray of shape (n_samples, n_features)
        The explained rows.
    feature_names : list of str
        Names of the columns, or "column 0" and so on.
    output_names : list of str
        The classes; of a regressor "prediction", or "quantile 0.9", the name of the target or "output 0" for each of
        several outputs.
    n_evaluations : int
        Number of predictions for each row.

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

    def table(self, row: int | None = None) -> dict[str, list[Any]]:
        """Return a table with a line for each column, that with the largest effect first.

        ``pandas.DataFrame(explanation.table())`` is a data frame.

        Parameters
        ----------
        row : int or None, default=None
            The row to describe. None for all rows: the effect of a column is then the mean of its absolute values.

        Returns
        -------
        dict of str to list
            "column"; for one row "value", that of the column; the effect for each of `output_names`; "error", the
            largest standard error of the Shapley values in this line.
        """
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

    def to_shap(self) -> Any:
        """Return the same values as an explanation of the package shap, which `shap.plots` draws.

        For several outputs, the plots draw one of them: ``to_shap()[..., 0]``, or with its name
        ``to_shap()[:, :, "yes"]``.

        Returns
        -------
        shap.Explanation
            Its `base_values` have an entry for each row, and its `error_std` are `errors`. Its `data` are numbers:
            those that are categories or dates are numbered in the order of their text, and missing ones are NaN. Its
            `display_data` are numbers and text.

        Raises
        ------
        ImportError
            If shap is not installed.
        """
        shap = optional("shap", "to_shap needs the package shap: install it with `pip install shap`.")
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
        return "\n".join(self._row_text() if len(self.values) == 1 else self._summary())

    def _row_text(self) -> list[str]:
        """Return the lines of a sum, from the mean prediction by the values of the columns to the prediction."""
        n = len(self.feature_names)
        values = self.values[0].reshape(n, -1)
        order = np.argsort(-np.abs(values).sum(axis=1), kind="stable").tolist()
        shown, hidden = order[:_MOST_SHOWN], order[_MOST_SHOWN:]
        named = [f"{self.feature_names[i]} = {_text_of(self.data[0, i])}" for i in shown]
        effects = values[shown]
        if hidden:
            named.append(f"{len(hidden)} other columns")
            effects = np.concatenate([effects, values[hidden].sum(axis=0, keepdims=True)])
        lines = [
            ("mean prediction", self.base_values.reshape(-1), ""),
            *((name, line, "+") for name, line in zip(named, effects, strict=True)),
            ("prediction", self.predictions[0].reshape(-1), ""),
        ]
        return ["Shapley values of one row", *self._columns_of_numbers(lines, values), *self._error_text()]

    def _summary(self) -> list[str]:
        """Return the lines of the columns with the largest mean absolute values."""
        n = len(self.feature_names)
        effects = np.abs(self.values).mean(axis=0).reshape(n, -1)
        order = np.argsort(-effects.sum(axis=1), kind="stable").tolist()
        lines = [(self.feature_names[i], effects[i], "") for i in order[:_MOST_SHOWN]]
        n_hidden = n - len(lines)
        more = [f"and {n_hidden} more columns"] if n_hidden > 0 else []
        title = f"Mean absolute Shapley values of {len(self.values):,} rows"
        return [title, *self._columns_of_numbers(lines, effects), *more, *self._error_text()]

    def _columns_of_numbers(self, lines: list[tuple[str, np.ndarray, str]], effects: np.ndarray) -> list[str]:
        """Return lines of a name behind a number for each output, below the names of several outputs."""
        largest = np.abs(effects).max(initial=0)
        n = effects.shape[1]
        columns = [[_number(numbers[k], sign, largest) for _, numbers, sign in lines] for k in range(n)]
        several = len(columns) > 1
        if several:
            columns = [[name, *column] for name, column in zip(self.output_names, columns, strict=True)]
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
        return [f"Standard errors up to {_number(largest, '', largest)}"]


Explanation.__module__ = "cmlp"


def _number_or_text(entry: object) -> object:
    return entry if isinstance(entry, Number) else str(entry)


def _numbers(column: NDArray[Any]) -> NDArray[np.float64]:
    """Return the entries of a column as numbers; those that are none are numbered in the order of their text."""
    entries = [np.nan if is_missing(entry) else entry for entry in column.tolist()]
    texts = sorted({str(entry) for entry in entries if not isinstance(entry, Number)})
    codes = {text: code for code, text in enumerate(texts)}
    return np.array([one if isinstance(one, Number) else codes[str(one)] for one in entries], np.float64)


def _number(value: float, sign: str, largest: float) -> str:
    """Return a number as text, with three digits of the largest one."""
    if 0 < largest < 1e-4 or not np.isfinite(largest):
        return f"{value:{sign}.3g}"
    digits = max(0, 2 - int(np.floor(np.log10(largest)))) if largest else 0
    return f"{round(value, digits) + 0.0:{sign},.{digits}f}"


def _text_of(value: object) -> str:
    """Return the value of a column as text on one line."""
    if is_missing(value):
        return "missing"
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return f"{value:,}"
    text = str(value).removesuffix(" 00:00:00")
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def explanation_of(
    model: TrainedModel,
    game: Game,
    method: Exact | Permutations,
    rows: NDArray[np.float64],
    data: NDArray[Any],
    progress: Callable[[int], None] | None = None,
) -> Explanation:
    """Return the explanation of the predictions of a model for some rows."""
    predictions, base = game.outputs(rows), game.mean
    found = []
    for each in method.values(rows, predictions):
        found.append(each)
        if progress is not None:
            progress(len(found))
    values, errors = (np.stack(each) for each in zip(*found, strict=True))
    names = _names_of_features(model), output_names(model)
    if model.kind == "regressor" and len(base) == 1:
        values, errors, base, predictions = values[..., 0], errors[..., 0], base[0], predictions[:, 0]
    return Explanation(values, errors, np.asarray(base), predictions, data, *names, method.n_evaluations)


def importances(model: TrainedModel, n_threads: int | None) -> NDArray[np.float64]:
    """Return the mean absolute Shapley value of each column over the background of a model."""
    background = model.background
    assert background is not None
    game = game_of(model, background, n_threads)
    method = chosen_method(game, _core.Random(0), exact=False, n_evaluations=None)
    found = [np.abs(values).mean(axis=1) for values, _ in method.values(background.rows, game.base)]
    weights = background.weights[:, None]
    mean: NDArray[np.float64] = np.add.accumulate(np.stack(found) * weights, axis=0)[-1] / weights.sum()
    return mean


def _names_of_features(model: TrainedModel) -> list[str]:
    """Return a name for each column of a model."""
    return [f"column {i}" for i in range(model.n_inputs)] if model.names is None else list(map(str, model.names))


def output_names(model: TrainedModel) -> list[str]:
    """Return a name for each output of a model."""
    levels, n_outputs = model.net.loss_parameter, model.net.n_out
    if model.labels is not None:
        return list(map(str, model.labels.classes.tolist()))
    if isinstance(levels, tuple):
        return [f"quantile {level:g}" for level in levels]
    if model.target is not None and model.target.names is not None:
        return list(model.target.names)
    return ["prediction"] if n_outputs == 1 else [f"output {k}" for k in range(n_outputs)]
