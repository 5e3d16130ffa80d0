"""The activations of every layer for some rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from cmlp._model.results import letters
from cmlp.plots._style import COLORS, Display, Layers, activation_colors, image_shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from matplotlib.text import Text

    from cmlp._data.array_types import AnyArray, ArrayLike, Floats
    from cmlp._estimators.mlp import MLPClassifier, MLPRegressor
    from cmlp._estimators.network import Network

_MOST_ROWS = 30
_WIDEST = 40  # cells: the drawn width of a layer with this many units or more


class ActivationsDisplay(Display):
    """The activations of all layers for some rows.

    There is a strip per row and layer, bright where a neuron is active.

    Parameters
    ----------
    activations : list of ndarray
        One array per layer, the inputs first, each of shape (n_rows, size).
    output_names : sequence of str
        Names of the output neurons.
    image_shape : tuple of int or None, default=None
        Height and width of the inputs as an image; None to draw the inputs as a strip.

    Attributes
    ----------
    images_ : list of matplotlib AxesImage
        One image per layer after the input, of shape (n_rows, size).
    input_images_ : list of matplotlib AxesImage
        One image per row, or one strip of all rows.
    texts_ : list of matplotlib Text
        The titles of the layers, then the names of the brightest outputs.

    Examples
    --------
    >>> from cmlp import Network
    >>> from cmlp.datasets import load_digits28
    >>> from cmlp.plots import ActivationsDisplay
    >>> net = Network([784, 16, 16, 10], input_scale=1 / 255, random_state=0)
    >>> display = ActivationsDisplay.from_estimator(net, load_digits28().X_test[:3])
    >>> [image.get_array().shape for image in display.images_]
    [(3, 16), (3, 16), (3, 10)]
    """

    def __init__(
        self,
        activations: list[Floats],
        output_names: Sequence[str],
        image_shape: tuple[int, int] | None = None,
    ) -> None:
        self.activations = activations
        self.output_names = output_names
        self.image_shape = image_shape

    @classmethod
    def from_estimator(
        cls,
        estimator: MLPClassifier | MLPRegressor | Network,
        X: ArrayLike,
        *,
        image_shape: Sequence[int] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Compute and plot the activations for the rows of X.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Network
        X : array-like of shape (n_rows, n_features) or (n_features,)
            From 1 to 30 rows, or one row.
        image_shape : tuple of int or None, default=None
            Height and width of the inputs as an image. If None, inputs whose number is a square,
            such as 784, are square images; others are drawn as a strip.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.

        Returns
        -------
        ActivationsDisplay

        Raises
        ------
        TypeError
            If the estimator is of another class.
        ValueError
            If the estimator is not fitted, or X or `image_shape` is invalid.
        """
        layers = Layers(estimator)
        activations = layers.activations(X)
        if not 1 <= len(activations[0]) <= _MOST_ROWS:
            raise ValueError(f"X must have from 1 to {_MOST_ROWS} rows, got {len(activations[0])}.")
        return cls(
            activations, layers.output_names, image_shape_of(layers.sizes[0], image_shape)
        ).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the activations.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.

        Returns
        -------
        ActivationsDisplay
        """
        inputs, *later = self.activations
        n_rows = len(inputs)
        self.images_: list[AxesImage] = []
        self.input_images_: list[AxesImage] = []
        self.texts_: list[Text] = []
        # A row is one unit high. A cell of a layer is as wide as a third of a row is high.
        if self.image_shape:
            first = self.image_shape[1] / self.image_shape[0]
        else:
            first = self._width(inputs)
        lefts = np.cumsum([0.0, first + 0.4, *(self._width(layer) + 0.4 for layer in later)])
        right = lefts[-1] + 0.2
        ax = self._start(ax, (min(12.0, 0.75 * right + 0.8), 0.75 * (n_rows + 0.8)))
        self._draw_inputs(ax, inputs, first)
        for index, (layer, left) in enumerate(zip(later, lefts[1:-1], strict=True)):
            last = index == len(later) - 1
            name = "output" if last else f"layer {letters(index)}"
            self._draw_layer(ax, layer, left, name, names=last)
        ax.set(xlim=(-0.05, right), ylim=(n_rows, -0.6))
        ax.set_aspect("equal")
        ax.set_axis_off()
        ax.set_title("Activations of every layer")
        self.figure_.colorbar(self.images_[-1], ax=ax, label="activation", shrink=0.8)
        return self

    @staticmethod
    def _width(layer: AnyArray) -> float:
        return max(1.0, min(int(layer.shape[1]), _WIDEST) / 3)

    def _draw_inputs(self, ax: Axes, inputs: AnyArray, width: float) -> None:
        """Draw the inputs of each row as an image, or of all rows as a strip."""
        if self.image_shape is None:
            self._draw_layer(ax, inputs, 0.0, "input", names=False)
            self.input_images_.append(self.images_.pop())
            return
        self.texts_.append(ax.text(width / 2, -0.12, "input", ha="center", va="bottom"))
        for row, values in enumerate(inputs):
            extent = (0, width, row + 0.96, row + 0.04)
            image = ax.imshow(
                values.reshape(self.image_shape), cmap="gray", extent=extent, aspect="auto"
            )
            self.input_images_.append(image)

    def _draw_layer(
        self, ax: Axes, layer: AnyArray, left: float, title: str, *, names: bool
    ) -> None:
        """Draw a layer as a strip per row.

        With `names`, the neurons' names and the brightest one of each row are written.
        """
        from matplotlib.patches import Rectangle

        n_rows, n_units = layer.shape
        width = self._width(layer)
        image = ax.imshow(
            layer,
            **activation_colors(layer),
            extent=(left, left + width, n_rows, 0),
            aspect="auto",
            interpolation="nearest",
        )
        self.images_.append(image)
        ax.hlines(range(1, n_rows), left, left + width, colors=ax.get_facecolor(), linewidth=4)
        # An outline shows where a strip with the background's colour ends.
        edge = {"fill": False, "edgecolor": COLORS[4], "linewidth": 0.8, "clip_on": False}
        ax.add_patch(Rectangle((left, 0), width, n_rows, **edge))
        self.texts_.append(ax.text(left + width / 2, -0.12, title, ha="center", va="bottom"))
        if not names or n_units < 2:
            return
        for row, values in enumerate(layer):
            name = self.output_names[values.argmax()]
            self.texts_.append(
                ax.text(left + width + 0.1, row + 0.5, name, ha="left", va="center", weight="bold")
            )
