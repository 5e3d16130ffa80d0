"""Plots of networks, in the style of scikit-learn's displays. They need matplotlib (the extra ``cmlp[plots]``).

Each display except `LearningRateDisplay` has a class method `from_estimator`, which computes the data of the plot and
draws it. A method `plot` draws the stored data again, for example on other axes. `ax_` and `figure_` are the axes and
the figure of the last drawing.

The colours can be told apart by colour-blind readers. Text and lines follow matplotlib's current style, light or dark.
"""

from cmlp.plots.activations import ActivationsDisplay
from cmlp.plots.boundary import BoundaryDisplay
from cmlp.plots.curves import LearningRateDisplay, LossCurveDisplay
from cmlp.plots.mistakes import MistakesDisplay
from cmlp.plots.network import NetworkDisplay
from cmlp.plots.weights import WeightsDisplay

__all__ = [
    "ActivationsDisplay",
    "BoundaryDisplay",
    "LearningRateDisplay",
    "LossCurveDisplay",
    "MistakesDisplay",
    "NetworkDisplay",
    "WeightsDisplay",
]
