"""Plots of networks, in the style of scikit-learn's displays.

They need matplotlib (the extra ``cmlp[plots]``).

Each display except `LearningRateDisplay` has a class method `from_estimator`, which computes the
data of the plot and draws it. A method `plot` draws the stored data again, for example on other
axes. `ax_` and `figure_` are the axes and the figure of the last drawing.

Colour-blind readers can distinguish the colours. Text and lines follow matplotlib's current style,
light or dark.
"""

from cmlp.plots._activations import ActivationsDisplay
from cmlp.plots._boundary import BoundaryDisplay
from cmlp.plots._curves import LearningRateDisplay, LossCurveDisplay
from cmlp.plots._explanation import ExplanationDisplay
from cmlp.plots._mistakes import MistakesDisplay
from cmlp.plots._network import NetworkDisplay
from cmlp.plots._style import signed_colormap
from cmlp.plots._weights import WeightsDisplay

__all__ = [
    "ActivationsDisplay",
    "BoundaryDisplay",
    "ExplanationDisplay",
    "LearningRateDisplay",
    "LossCurveDisplay",
    "MistakesDisplay",
    "NetworkDisplay",
    "WeightsDisplay",
    "signed_colormap",
]
