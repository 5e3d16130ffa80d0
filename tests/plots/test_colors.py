"""The colours of the plots are readable on light and dark backgrounds, also for colour-blind readers."""

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402

from cmlp.plots.style import COLORS, is_dark, signed_colormap  # noqa: E402


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("color", COLORS)
def test_colours_are_readable_on_white_and_on_black(color):
    assert contrast(color, "white") >= 3 and contrast(color, "black") >= 3


@pytest.mark.parametrize(("style", "dark"), [("default", False), ("dark_background", True)])
def test_colours_of_weights_follow_the_style(style, dark):
    with plt.style.context(style):
        assert is_dark() == dark
        colors = signed_colormap()
        background = matplotlib.rcParams["axes.facecolor"]
        assert contrast(colors(0.5), background) < 1.1
        assert min(contrast(colors(0.0), background), contrast(colors(1.0), background)) > 5


def test_first_colours_differ_for_colour_blind_readers():
    """Deuteranopia and protanopia as simulated by Machado, Oliveira and Fernandes (2009)."""
    deutan = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    protan = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    for seen in (deutan, protan):
        shown = [np.array(seen) @ to_rgb(color) for color in COLORS[:3]]
        for one in range(3):
            for other in range(one):
                assert np.linalg.norm(shown[one] - shown[other]) > 0.2
