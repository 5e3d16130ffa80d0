"""What `explain` of the estimators returns."""

from __future__ import annotations

from numbers import Number
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.arrays import is_missing
from cmlp.exceptions import optional

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._model.model import TrainedModel
    from cmlp._model.shapley import Exact, Game, Permutations

_MOST_SHOWN = 24  # lines of the text


class Explanation(NamedTuple):
    """Shapley values of the columns: how much each of them moves a prediction away from the mean prediction.

    `predictions` are those of `predict` of a regressor and `predict_proba` of a classifier. For each row and output,
    the values of the columns add up to the prediction minus `base_values`, to rounding. ``print`` shows `table`.

    Attributes
    ----------
    values : ndarray of float64, shape (n_samples, n_features) or (n_samples, n_features, n_outputs)
        The shape of `predictions` with an axis for the columns.
    errors : ndarray of float64, the shape of `values`
        Standard error of each value, which is due to the number of permutations; 0 if the values are exact.
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
        table = self.table()
        cells = [[name, *map(_cell, entries[:_MOST_SHOWN])] for name, entries in table.items()]
        widths = [max(map(len, column)) for column in cells]
        lines = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
            for line in zip(*cells, strict=True)
        ]
        n_hidden = len(self.feature_names) - _MOST_SHOWN
        more = [f"and {n_hidden} more columns"] if n_hidden > 0 else []
        title = f"Mean absolute Shapley values of {len(self.values):,} rows"
        return "\n".join([title, *lines, *more])


Explanation.__module__ = "cmlp"


def _number_or_text(entry: object) -> object:
    return entry if isinstance(entry, Number) else str(entry)


def _numbers(column: NDArray[Any]) -> NDArray[np.float64]:
    """Return the entries of a column as numbers; those that are none are numbered in the order of their text."""
    entries = [np.nan if is_missing(entry) else entry for entry in column.tolist()]
    texts = sorted({str(entry) for entry in entries if not isinstance(entry, Number)})
    codes = {text: code for code, text in enumerate(texts)}
    return np.array([one if isinstance(one, Number) else codes[str(one)] for one in entries], np.float64)


def _cell(entry: object) -> str:
    return f"{entry:.4g}" if isinstance(entry, float) else str(entry)


def explanation_of(
    model: TrainedModel, game: Game, method: Exact | Permutations, rows: NDArray[np.float64], data: NDArray[Any]
) -> Explanation:
    """Return the explanation of the predictions of a model for some rows."""
    predictions, base = game.outputs(rows), game.mean
    found = [method.values(row, output) for row, output in zip(rows, predictions, strict=True)]
    values, errors = (np.stack(each) for each in zip(*found, strict=True))
    names = _names_of_features(model), output_names(model)
    if model.kind == "regressor" and len(base) == 1:
        values, errors, base, predictions = values[..., 0], errors[..., 0], base[0], predictions[:, 0]
    return Explanation(values, errors, np.asarray(base), predictions, data, *names, method.n_evaluations)


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
