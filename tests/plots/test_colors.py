"""The colours of the plots are readable on light and dark backgrounds, also for colour-blind readers."""

import re
from pathlib import Path

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402

import cmlp  # noqa: E402
from cmlp import MLPClassifier, Network  # noqa: E402
from cmlp.plots import (  # noqa: E402
    ActivationsDisplay,
    BoundaryDisplay,
    NetworkDisplay,
    WeightsDisplay,
)

N_COLORS = 8


def colors_of_classes():
    """Return the colours of the points of as many classes as there are colours."""
    X, y = np.random.RandomState(0).standard_normal((40, 2)), np.arange(40) % N_COLORS
    model = MLPClassifier((2,), random_state=0).partial_fit(X, y, classes=np.arange(N_COLORS))
    display = BoundaryDisplay.from_estimator(model, X, y, resolution=5)
    plt.close("all")
    return [tuple(points.get_facecolor()[0][:3]) for points in display.points_]


COLORS = colors_of_classes()


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_every_class_has_a_colour_of_its_own():
    assert len(set(COLORS)) == N_COLORS


@pytest.mark.parametrize("color", COLORS)
def test_colours_are_readable_on_white_and_on_black(color):
    assert contrast(color, "white") >= 3 and contrast(color, "black") >= 3


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_colours_of_weights_follow_the_style(style):
    with plt.style.context(style):
        display = WeightsDisplay(
            np.random.RandomState(0).standard_normal((16, 2)), [0, 1], (4, 4)
        ).plot()
        colors = display.figure_.axes[0].images[0].get_cmap()
        background = matplotlib.rcParams["axes.facecolor"]
        assert contrast(colors(0.5), background) < 1.1
        assert min(contrast(colors(0.0), background), contrast(colors(1.0), background)) > 5


@pytest.mark.parametrize(("style", "theme"), [("default", 0), ("dark_background", 1)])
def test_activations_have_the_colours_of_the_page(style, theme):
    css = (Path(cmlp.__file__).parent / "_export/page/assets/base.css").read_text("utf-8")
    negative, off, on = (
        to_rgb(re.findall(rf"--{name}: (#\w+);", css)[theme]) for name in ("negative", "off", "on")
    )
    with plt.style.context(style):
        network = Network((3, 4, 2), random_state=0)
        strips = ActivationsDisplay.from_estimator(network, np.eye(3)).images_
        discs = NetworkDisplay.from_estimator(network, np.ones(3)).neurons_
        for drawn in (*strips, *discs):
            colors = drawn.get_cmap()
            assert (to_rgb(colors(0.0)), to_rgb(colors(1.0))) == (off, on)
        network = Network(
            (1, 1, 1), "tanh", output="identity", loss="squared_error", random_state=0
        )
        network.weights[0][:] = -9
        hidden = ActivationsDisplay.from_estimator(network, [[1.0], [-1.0]]).images_[0]
        shown = [to_rgb(hidden.cmap(hidden.norm(value))) for value in (-1, 0, 1)]
        np.testing.assert_allclose(shown, [negative, off, on], atol=0.01)


def test_first_colours_differ_for_colour_blind_readers():
    """Deuteranopia and protanopia as simulated by Machado, Oliveira and Fernandes (2009)."""
    deutan = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    protan = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    for seen in (deutan, protan):
        shown = [np.array(seen) @ to_rgb(color) for color in COLORS[:3]]
        for one in range(3):
            for other in range(one):
                assert np.linalg.norm(shown[one] - shown[other]) > 0.2
