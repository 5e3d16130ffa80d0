"""What all plots share.

Reading networks and estimators, importing matplotlib, colours, axes and images.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.activations import traits_of_activation
from cmlp._data.checks import as_rows, check_width
from cmlp._data.scale import scaled_rows
from cmlp._fit.fitted import frozen_copy
from cmlp._model.model import TrainedModel, model_of, network_model_of
from cmlp.exceptions import optional

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType

    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.text import Text

    from cmlp._data.array_types import AnyArray, ArrayLike, Floats


# Colours for lines and classes: blue, vermillion and green of Okabe and Ito (2008) first. Each has
# a contrast of at least 3 with white and with black. Markers distinguish classes too.
COLORS = ("#0072B2", "#D55E00", "#009175", "#B5628F", "#7F7F7F", "#8C6D00", "#3F7FE0", "#A0522D")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# Predicted numbers from dark blue to yellow, with evenly increasing lightness (Nunez, Anderton and
# Renslow 2018).
VALUES = "cividis"
# Activations below 0, at 0 and above it, on a light and on a dark background, as on the web page.
_ACTIVATIONS = {False: ("#bf4d04", "#16202c", "#ffffff"), True: ("#ff8f3f", "#0d1117", "#ffffff")}
# The ends of the colours of weights, negative and positive, on a light and on a dark background.
_SIGNED = {False: ("#A84F00", "#2166AC"), True: ("#FFA64D", "#74B9F0")}


def pyplot() -> ModuleType:
    """Return ``matplotlib.pyplot``.

    Raises ImportError that names the extra if matplotlib is missing.
    """
    return optional(
        "matplotlib.pyplot", "Plots need matplotlib: install it with `pip install cmlp[plots]`."
    )


def text_color() -> object:
    """Return the colour of text in matplotlib's current style."""
    return pyplot().rcParams["text.color"]


def is_dark() -> bool:
    """Return whether matplotlib's current style has light text, and therefore a dark background."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(text_color())
    return bool(0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5)


def signed_colormap() -> Colormap:
    """Return a colour map from negative (orange) over zero (the background) to positive (blue).

    Examples
    --------
    >>> from cmlp.plots import signed_colormap
    >>> signed_colormap().name
    'cmlp_signed'
    """
    from matplotlib.colors import LinearSegmentedColormap

    negative, positive = _SIGNED[is_dark()]
    return LinearSegmentedColormap.from_list(
        "cmlp_signed", [negative, pyplot().rcParams["axes.facecolor"], positive]
    )


def activation_colors(values: AnyArray) -> dict[str, object]:
    """Return the colour map of activations and its ends, ``vmin`` and ``vmax``.

    It goes from dark at 0 to white, and below 0 to orange. Logistic and softmax activations are
    from 0 to 1, whatever the largest of them is.
    """
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    low = min(0.0, float(values.min()))
    high = max(1.0, float(values.max()))
    negative, off, on = map(to_rgb, _ACTIVATIONS[is_dark()])
    # As far from dark as the lowest activation is from 0.
    strength = min(-low / high, 1.0)
    lowest = tuple(a + strength * (b - a) for a, b in zip(off, negative, strict=True))
    stops = [(0.0, lowest), (-low / (high - low), off), (1.0, on)]
    if low == 0:
        stops = [(0.0, off), (1.0, on)]
    colormap = LinearSegmentedColormap.from_list("cmlp_activations", stops)
    return {"cmap": colormap, "vmin": low, "vmax": high}


def signed_limit(values: AnyArray) -> float:
    """Return the absolute value that gets the full colour.

    It is the 99th percentile: a few extreme weights would make all others almost invisible.
    """
    limit = float(np.quantile(np.abs(values), 0.99)) or float(np.abs(values).max())
    return limit or 1.0


class Display:
    """The base class of the displays; not for direct use.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the last call of `plot`.
    figure_ : matplotlib Figure
        The figure of these axes.
    """

    ax_: Axes
    figure_: Figure

    def __init_subclass__(cls) -> None:
        cls.__module__ = "cmlp.plots"

    def _start(self, ax: Axes | None, size: tuple[float, float]) -> Axes:
        """Store and return the axes to draw on.

        They are `ax`, or new ones in a figure of this size in inches.
        """
        plt = pyplot()
        if ax is None:
            _, ax = plt.subplots(figsize=size, layout="constrained")
        assert ax is not None
        self.ax_ = ax
        self.figure_ = ax.figure
        return ax


class ImageGrid:
    """Images of the same shape side by side on one axes.

    Each has a title of some lines above it.
    """

    def __init__(
        self, n_images: int, shape: tuple[int, int], n_columns: int, title_lines: int = 1
    ) -> None:
        height, width = shape
        # All sizes are in widths of an image.
        self.height = height / width
        self.gap = 0.12
        self.title = 0.2 * title_lines
        self.n_rows = math.ceil(n_images / n_columns)
        self.n_columns = n_columns

    @property
    def size(self) -> tuple[float, float]:
        """A figure size in inches."""
        scale = 1.15
        rows = self.n_rows * (self.height + self.title + self.gap)
        return max(2.5, scale * self.n_columns * 1.12), max(1.5, scale * rows + 0.3)

    def draw(
        self, ax: Axes, images: Iterable[AnyArray], titles: Iterable[str], **options: Any
    ) -> tuple[list[AxesImage], list[Text]]:
        """Draw images with their titles; return both."""
        from matplotlib.patches import Rectangle

        limits: dict[str, object] = {
            "xlim": (0, self.n_columns * (1 + self.gap) - self.gap),
            "ylim": (self.n_rows * (self.height + self.title + self.gap) - self.gap, 0),
        }
        ax.set(**limits)
        ax.set_aspect("equal")
        ax.set_axis_off()
        drawn = []
        texts = []
        for index, (image, title) in enumerate(zip(images, titles, strict=True)):
            row, column = divmod(index, self.n_columns)
            left = column * (1 + self.gap)
            top = row * (self.height + self.title + self.gap) + self.title
            extent = (left, left + 1, top + self.height, top)
            drawn.append(
                ax.imshow(image, extent=extent, aspect="equal", interpolation="nearest", **options)
            )
            # An outline shows where an image with the background's colour ends.
            edge = {"fill": False, "edgecolor": COLORS[4], "linewidth": 0.5, "clip_on": False}
            ax.add_patch(Rectangle((left, top), 1, self.height, **edge))
            texts.append(
                ax.text(left + 0.5, top - 0.04, title, ha="center", va="bottom", fontsize="small")
            )
        ax.set(**limits)
        return drawn, texts


class Layers:
    """The layers of a `Network` or a fitted estimator, but for tables.

    Outputs without classes are numbered from 0.
    """

    def __init__(self, model: Any) -> None:
        self.name = type(model).__name__
        trained = network_model_of(model)
        self._model = trained
        self._n_threads = model.n_threads
        self.weights = trained.first.weights
        self.biases = trained.first.biases
        self.sizes = trained.net.sizes
        labels = trained.labels
        self.output_names = list(map(str, range(self.sizes[-1])))
        if labels is not None and len(labels.classes) == self.sizes[-1]:
            self.output_names = list(map(str, labels.classes))

    def activations(self, X: ArrayLike) -> list[Floats]:
        """Return the activations of all layers, each (n_rows, size), the scaled inputs first; X can be one row."""
        rows, _ = as_rows([X] if np.ndim(X) == 1 else X, self.name)
        check_width(rows.shape[1], self.sizes[0], self.name)
        net, params = self._model.first
        scale = self._model.input_scale
        later = net.activations_of(params, rows, scale=scale, n_threads=self._n_threads)
        if isinstance(rows, np.ndarray):
            dense = rows
        else:
            dense = np.asarray(X.toarray())  # type: ignore[union-attr]
        return [scaled_rows(dense, scale, net.dtype), *later]


def own_model(model: Any) -> TrainedModel | None:
    """Return the trained model of a network or an estimator of this package.

    It is None for others, such as a pipeline.
    """
    if hasattr(model, "_trained"):
        return model_of(model)
    return None


def is_network(model: Any) -> bool:
    """Return whether a model is a `Network`, which has no labels."""
    trained = own_model(model)
    return trained is not None and trained.kind == "network"


def is_classifier(model: Any) -> bool:
    """Return whether a model gives a score for each class."""
    if is_network(model):
        return traits_of_activation(model.output).is_probability
    return hasattr(model, "predict_proba")


def answers_of(model: Any, X: ArrayLike) -> tuple[AnyArray, AnyArray]:
    """Return the classes of a model and their scores (n_rows, n_classes).

    The model is a `Network` or any classifier, also a pipeline.
    """
    if not is_classifier(model):
        raise TypeError(
            "estimator must be a classifier or a Network with softmax or logistic outputs, got "
            f"{describe(model)}."
        )
    if is_network(model):
        scores = model.forward(X)
        if scores.shape[1] == 1:
            scores = np.concatenate([1 - scores, scores], axis=1)
        return np.arange(scores.shape[1]), scores
    model = frozen_copy(model)
    trained = own_model(model)
    if trained is not None and trained.labels is not None and trained.labels.kind == "multilabel":
        raise ValueError(
            f"estimator must have one class per row, got a {describe(model)} with multilabel "
            "targets."
        )
    scores = np.asarray(model.predict_proba(X))
    return np.asarray(model.classes_), scores


def describe(model: Any) -> str:
    """Return a model as text for an error message."""
    if is_network(model):
        return repr(model)
    return type(model).__name__


def image_shape_of(n_pixels: int, given: Sequence[int] | None) -> tuple[int, int] | None:
    """Return the height and width of images.

    It is None if the number of pixels is not a square and none are given.
    """
    if given is not None:
        shape = tuple(given)
        if len(shape) != 2 or shape[0] * shape[1] != n_pixels or min(shape) < 1:
            raise ValueError(
                f"image_shape must be two sizes whose product is {n_pixels}, got {given!r}."
            )
        return shape
    side = math.isqrt(n_pixels)
    if side * side == n_pixels and side > 2:
        return (side, side)
    return None


def required_image_shape(n_pixels: int, given: Sequence[int] | None) -> tuple[int, int]:
    """Return the height and width of images; raises ValueError if they are not known."""
    shape = image_shape_of(n_pixels, given)
    if shape is None:
        raise ValueError(
            f"image_shape must be given, because rows of {n_pixels} values are not square images; "
            "for example image_shape=(height, width)."
        )
    return shape


def index_of(value: int, size: int, name: str) -> int:
    """Return a non-negative index; raises ValueError if it is out of range."""
    if (
        not isinstance(value, int | np.integer)
        or isinstance(value, bool)
        or not -size <= value < size
    ):
        raise ValueError(f"{name} must be an integer from {-size} to {size - 1}, got {value!r}.")
    return int(value) % size
