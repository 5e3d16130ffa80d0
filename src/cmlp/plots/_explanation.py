"""Shapley values as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cmlp.plots._style import COLORS, Display

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.text import Text

    from cmlp._data.array_types import ArrayLike
    from cmlp._estimators.estimator import Estimator
    from cmlp._model.explanation import Explanation


class ExplanationDisplay(Display):
    """Shapley values as a bar for each column, that with the largest effect at the top.

    For one row, blue bars raise the prediction above the mean one, and orange bars lower it. For
    all rows, the bars are the means of the absolute values. Black lines are standard errors.

    Parameters
    ----------
    explanation : Explanation
        What `explain` of an estimator returns.

    Attributes
    ----------
    bars_ : matplotlib BarContainer
    texts_ : list of matplotlib Text
        The names of the columns, from top to bottom, with their values for one row.

    Examples
    --------
    >>> from cmlp import TabularRegressor
    >>> from cmlp.plots import ExplanationDisplay
    >>> X = [[float(size), "town" if size % 2 else None] for size in range(40)]
    >>> y = [1000.0 * size + 5000 * (place == "town") for size, place in X]
    >>> model = TabularRegressor(keep_background=64, random_state=0).fit(X, y)
    >>> display = ExplanationDisplay.from_estimator(model, [[20.0, "town"]], row=0)
    >>> len(display.bars_)
    2
    """

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: ArrayLike,
        background: ArrayLike | None = None,
        *,
        row: int | None = None,
        output: str | int | None = None,
        max_columns: int = 12,
        ax: Axes | None = None,
        **options: Any,  # those of `explain`
    ) -> Self:
        """Explain predictions, and plot the values.

        Parameters
        ----------
        estimator : TabularClassifier, TabularRegressor, MLPClassifier or MLPRegressor
        X, background
            As for `explain` of the estimator.
        row, output, max_columns, ax
            As for `plot`.
        **options
            Other arguments of `explain`.

        Returns
        -------
        ExplanationDisplay

        Raises
        ------
        ValueError
            If the estimator is not fitted, or an argument is invalid.
        """
        explanation = estimator.explain(X, background, **options)
        return cls(explanation).plot(ax, row=row, output=output, max_columns=max_columns)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        row: int | None = None,
        output: str | int | None = None,
        max_columns: int = 12,
    ) -> Self:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.
        row : int or None, default=None
            The row to draw; None for the means over all rows.
        output : str, int or None, default=None
            The output to draw: its name among ``explanation.output_names``, or its index. None for
            the one with the largest prediction in this row, or for all rows for the last one, which
            of two classes is the second one.
        max_columns : int, default=12
            Maximum number of bars.

        Returns
        -------
        ExplanationDisplay

        Raises
        ------
        ValueError
            If there is no such row or output, or `max_columns` is below 1.
        """
        found = self.explanation
        if max_columns < 1:
            raise ValueError(f"max_columns must be at least 1, got {max_columns}.")
        if not len(found.values):
            raise ValueError("The explanation has no rows to plot.")
        if row is not None and not -len(found.values) <= row < len(found.values):
            raise ValueError(f"row must be None or from 0 to {len(found.values) - 1}, got {row}.")
        self._draw(ax, row, self._output(row, output), max_columns)
        return self

    def _draw(self, ax: Axes | None, row: int | None, k: int, max_columns: int) -> None:
        """Draw the bars of output k."""
        shape = (*self.explanation.values.shape[:2], -1)
        values, errors = (
            each.reshape(shape)[..., k]
            for each in (self.explanation.values, self.explanation.errors)
        )
        if row is None:
            heights = np.abs(values).mean(axis=0)
        else:
            heights = values[row]
        if row is None:
            spreads = errors.max(axis=0)
        else:
            spreads = errors[row]
        chosen = np.argsort(-np.abs(heights), kind="stable")[:max_columns].tolist()
        ax = self._start(ax, (6.0, 0.3 * len(chosen) + 1.2))
        positions = range(len(chosen))
        colors = [COLORS[int(heights[i] < 0)] for i in chosen]
        whiskers: Any = {"xerr": spreads[chosen], "error_kw": {"elinewidth": 1, "capsize": 2}}
        self.bars_: BarContainer = ax.barh(positions, heights[chosen], color=colors, **whiskers)
        ax.set_yticks(positions, [self._label(i, row) for i in chosen])
        self.texts_: list[Text] = list(ax.get_yticklabels())
        ax.invert_yaxis()
        ax.axvline(0, color=COLORS[4], linewidth=0.5)
        if row is None:
            ax.set_xlabel("mean absolute effect on the prediction")
        else:
            ax.set_xlabel("effect on the prediction")
        ax.set_title(self._title(row, k))

    def _output(self, row: int | None, output: str | int | None) -> int:
        """Return the index of the output to draw."""
        names = self.explanation.output_names
        predictions = self.explanation.predictions
        if output is None:
            if row is None:
                return len(names) - 1
            return int(predictions.reshape(len(predictions), -1)[row].argmax())
        index: Any = output
        if output in names:
            index = names.index(output)
        if not isinstance(index, (int, np.integer)) or not 0 <= index < len(names):
            raise ValueError(
                f"output must be one of {names}, or an index below {len(names)}, got {output!r}."
            )
        return int(index)

    def _label(self, column: int, row: int | None) -> str:
        name = self.explanation.feature_names[column]
        if row is None:
            return name
        value = self.explanation.data[row, column]
        if isinstance(value, float):
            return f"{name} = {value:.4g}"
        return f"{name} = {value}"

    def _title(self, row: int | None, k: int) -> str:
        found = self.explanation
        name = found.output_names[k]
        if row is None:
            return f"{name}: {len(found.values):,} rows"
        base = found.base_values.reshape(-1)[k]
        return (
            f"{name}: {found.predictions.reshape(len(found.values), -1)[row, k]:.4g}, on average "
            f"{base:.4g}"
        )
