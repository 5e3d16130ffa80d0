"""The curve of a learning-rate range test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmlp.plots.style import COLORS, Display

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from numpy.typing import NDArray


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
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from cmlp.plots import LearningRateDisplay
    >>> display = LearningRateDisplay([0.01, 0.1, 1.0], [2.0, 1.0, 3.0], [2.0, 1.5, 2.0], 0.01).plot()
    >>> display.ax_.get_xscale()
    'log'
    """

    def __init__(
        self,
        rates: Sequence[float] | NDArray[Any],
        losses: Sequence[float] | NDArray[Any],
        smoothed: Sequence[float] | NDArray[Any],
        suggestion: float | None = None,
    ) -> None:
        self.rates, self.losses, self.smoothed, self.suggestion = rates, losses, smoothed, suggestion

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
            ax.axvline(self.suggestion, color=COLORS[1], linestyle="--", label=f"suggestion: {self.suggestion:.2g}")
            ax.legend(loc="best")
        ax.set(xscale="log", xlabel="learning rate", ylabel="loss", title="Loss of a batch for each learning rate")
        ax.set_ylim(top=min(2 * max(self.losses[0], min(self.smoothed)), max(self.losses)))
        return self
