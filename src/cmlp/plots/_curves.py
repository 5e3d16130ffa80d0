"""Curves of the loss over the epochs and over the learning rate.

Those over the epochs have the validation scores if there are any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from cmlp._fit.fitted import frozen_copy
from cmlp.plots._style import COLORS, Display, describe, is_network

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._estimators.estimator import Estimator


class LossCurveDisplay(Display):
    """The loss of every epoch and, with early stopping, the validation scores.

    Parameters
    ----------
    loss_curve : sequence of float or dict
        The loss of every epoch, for example `Trainer.loss_curve`; or `history_` of an estimator, or
        `Trainer.history`, with the other curves too. Those of the networks of a table are drawn
        above each other.
    validation_scores : sequence of float or None, default=None
        The validation score of every epoch.
    name : str or None, default=None
        Name for the legend; without a name, there is no legend.
    validation_loss : sequence of float or None, default=None
        The validation loss of every epoch.

    Attributes
    ----------
    line_ : matplotlib Line2D
        The loss.
    validation_loss_line_ : matplotlib Line2D or None
        The validation loss, dotted.
    validation_line_ : matplotlib Line2D or None
        The validation scores.
    validation_ax_ : matplotlib Axes or None
        The axes of the validation scores, with their scale on the right.

    Examples
    --------
    >>> from cmlp.plots import LossCurveDisplay
    >>> display = LossCurveDisplay([0.9, 0.5, 0.3]).plot()
    >>> display.ax_.get_xlabel()
    'epoch'
    """

    def __init__(
        self,
        loss_curve: Sequence[float] | Mapping[str, Sequence[float]],
        validation_scores: Sequence[float] | None = None,
        name: str | None = None,
        validation_loss: Sequence[float] | None = None,
    ) -> None:
        self._ends: NDArray[np.intp] | None = None  # of the curves of all networks but the last
        if isinstance(loss_curve, Mapping):
            if "network" in loss_curve:
                self._ends = np.flatnonzero(np.diff(loss_curve["network"])) + 1
            if validation_loss is None:
                validation_loss = loss_curve.get("validation_loss")
            if validation_scores is None:
                validation_scores = loss_curve.get("validation_score")
            loss_curve = loss_curve["loss"]
        self.loss_curve = loss_curve
        self.validation_scores = validation_scores
        self.name = name
        self.validation_loss = validation_loss

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        *,
        ax: Axes | None = None,
        log: bool = False,
        name: str | None = None,
        **line: object,
    ) -> Self:
        """Plot the curves of a fitted estimator.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, TabularClassifier or TabularRegressor
            Fitted in this process, networks with the solver "sgd" or "adam".
        ax, log, **line
            As for `plot`.
        name : str or None, default=None
            Name for the legend.

        Returns
        -------
        LossCurveDisplay

        Raises
        ------
        TypeError
            If the estimator is a `Network`, which keeps no curve.
        ValueError
            If the estimator is not fitted, was fitted with "lbfgs", or is a table of a model file,
            which has no curves.
        """
        if is_network(estimator):
            raise TypeError(
                "A Network keeps no loss curve: train it with a Trainer, and pass its loss_curve "
                "to LossCurveDisplay."
            )
        estimator = frozen_copy(estimator)
        history = getattr(estimator, "history_", {})
        curve = history if history.get("network") else getattr(estimator, "loss_curve_", None)
        if curve is None:
            remedy = 'fitted with the solver "sgd" or "adam"'
            if "network" in history:
                remedy = "fitted, not loaded from a file"
            raise ValueError(
                f"estimator must be {remedy}, got {describe(estimator)} without a loss curve."
            )
        scores = getattr(estimator, "validation_scores_", None)
        return cls(curve, scores, name, history.get("validation_loss")).plot(ax, log=log, **line)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        log: bool = False,
        validation_ax: Axes | None = None,
        **line: object,
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones. On the axes of another display, the next colour is
            used.
        log : bool, default=False
            Whether the scale of the loss is logarithmic.
        validation_ax : matplotlib Axes or None, default=None
            Axes for the validation scores; None for new ones with their scale on the right.
        **line
            Properties of the line of the loss.

        Returns
        -------
        LossCurveDisplay

        Raises
        ------
        ValueError
            If there is no epoch to draw.
        """
        if not len(self.loss_curve):
            raise ValueError("loss_curve must have at least one epoch, got none.")
        ax = self._start(ax, (6, 3.6))
        epochs = np.arange(1, len(self.loss_curve) + 1)
        if self._ends is not None:
            starts = np.concatenate([[0], self._ends])
            epochs -= np.repeat(starts, np.diff([*starts, len(epochs)]))
        if validation_ax is None:
            color = COLORS[2 * len(ax.get_lines()) % len(COLORS)]
        else:
            color = COLORS[2]
        marker = "." if len(epochs) < 30 else None
        options = {"color": color, "marker": marker, "label": self.name, **line}
        (self.line_,) = ax.plot(*map(self._with_gaps, (epochs, self.loss_curve)), **options)
        self.validation_loss_line_: Line2D | None = None
        if self.validation_loss is not None and len(self.validation_loss):
            color = self.line_.get_color()
            (self.validation_loss_line_,) = ax.plot(
                *map(self._with_gaps, (epochs, self.validation_loss)), color=color, linestyle=":"
            )
        ax.set(xlabel="epoch", ylabel="loss", title="Loss after each epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
        if log:
            ax.set_yscale("log")
        self.validation_line_: Line2D | None = None
        self.validation_ax_: Axes | None = None
        if self.validation_scores is not None and len(self.validation_scores):
            self._plot_scores(ax, validation_ax)
        if self.name is not None:
            ax.legend(loc="best")
        return self

    def _with_gaps(self, curve: object) -> object:
        """Return a curve with NaN between those of two networks, so that no line leads from one to the other."""
        if self._ends is None:
            return curve
        return np.insert(np.asarray(curve, np.float64), self._ends, np.nan)

    def _plot_scores(self, ax: Axes, validation_ax: Axes | None) -> None:
        """Draw the validation scores on axes of their own.

        Their label has the colour of the line.
        """
        assert self.validation_scores is not None
        if validation_ax is None:
            right = ax.twinx()
        else:
            right = validation_ax
        if validation_ax is None:
            color = COLORS[1]
        else:
            color = COLORS[3]
        epochs = range(1, len(self.validation_scores) + 1)
        (self.validation_line_,) = right.plot(
            epochs, self.validation_scores, color=color, linestyle="--"
        )
        right.set_ylabel("validation score (dashed)", color=color)
        ax.yaxis.label.set_color(self.line_.get_color())
        self.validation_ax_ = right


class LearningRateDisplay(Display):
    """The losses of a learning-rate range test, over the learning rate on a logarithmic scale.

    `cmlp.find_learning_rate` returns the data; its method ``plot`` is the short form.

    Parameters
    ----------
    rates, losses, smoothed : sequence of float
        The learning rates, the loss of the batch with each, and the smoothed losses.
    suggestion : float or None, default=None
        The suggested learning rate.

    Attributes
    ----------
    line_ : matplotlib Line2D
        The smoothed losses.

    Examples
    --------
    >>> from cmlp.plots import LearningRateDisplay
    >>> rates = [0.01, 0.1, 1.0]
    >>> display = LearningRateDisplay(rates, [2.0, 1.0, 3.0], [2.0, 1.5, 2.0], 0.01).plot()
    >>> display.ax_.get_xscale()
    'log'
    """

    def __init__(
        self,
        rates: Sequence[float] | AnyArray,
        losses: Sequence[float] | AnyArray,
        smoothed: Sequence[float] | AnyArray,
        suggestion: float | None = None,
    ) -> None:
        self.rates = rates
        self.losses = losses
        self.smoothed = smoothed
        self.suggestion = suggestion

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.

        Returns
        -------
        LearningRateDisplay
        """
        ax = self._start(ax, (6, 3.6))
        ax.plot(self.rates, self.losses, color=COLORS[0], alpha=0.35, linewidth=1)
        (self.line_,) = ax.plot(self.rates, self.smoothed, color=COLORS[0])
        if self.suggestion is not None:
            ax.axvline(
                self.suggestion,
                color=COLORS[1],
                linestyle="--",
                label=f"suggestion: {self.suggestion:.2g}",
            )
            ax.legend(loc="best")
        ax.set(
            xscale="log",
            xlabel="learning rate",
            ylabel="loss",
            title="Loss of a batch for each learning rate",
        )
        ax.set_ylim(top=min(2 * max(self.losses[0], min(self.smoothed)), max(self.losses)))
        return self
