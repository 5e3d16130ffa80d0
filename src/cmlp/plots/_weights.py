"""The weights of a layer: as one image per neuron, or as a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from cmlp._model.results import letters, neuron_name
from cmlp.plots._style import (
    Display,
    ImageGrid,
    Layers,
    image_shape_of,
    index_of,
    signed_colormap,
    signed_limit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.image import AxesImage
    from matplotlib.text import Text

    from cmlp._data.array_types import AnyArray, Floats
    from cmlp._estimators.mlp import MLPClassifier, MLPRegressor
    from cmlp._estimators.network import Network

_MOST_IMAGES = 64
_MOST_TICKS = 20


class WeightsDisplay(Display):
    """The weights of a layer.

    Blue weights are positive, orange ones negative; the background's colour means 0.

    For inputs that are images, every neuron's weights are drawn as an image. Otherwise the whole
    matrix is drawn, with a column for each neuron.

    Parameters
    ----------
    weights : ndarray of shape (n_in, n_out)
    units : sequence of int
        The neurons to draw.
    image_shape : tuple of int or None, default=None
        Height and width of the inputs as an image; None to draw a matrix.
    layer : int, default=0
        Index of the layer, for the names of the neurons; 0 is the first after the input.
    output_names : sequence of str or None, default=None
        Names of the outputs if this is the output layer; None for a hidden layer, whose neurons are
        A1, A2, ...

    Attributes
    ----------
    images_ : list of matplotlib AxesImage
        One image per neuron, or one matrix.
    texts_ : list of matplotlib Text
        The titles of the images.

    Examples
    --------
    >>> from cmlp import Network
    >>> from cmlp.plots import WeightsDisplay
    >>> display = WeightsDisplay.from_estimator(Network([784, 16, 10], random_state=0))
    >>> len(display.images_)
    16
    """

    def __init__(
        self,
        weights: Floats,
        units: Sequence[int],
        image_shape: tuple[int, int] | None = None,
        layer: int = 0,
        output_names: Sequence[str] | None = None,
    ) -> None:
        self.weights = weights
        self.units = units
        self.image_shape = image_shape
        self.layer = layer
        self.output_names = output_names

    @classmethod
    def from_estimator(
        cls,
        estimator: MLPClassifier | MLPRegressor | Network,
        *,
        layer: int = 0,
        units: Sequence[int] | None = None,
        image_shape: Sequence[int] | None = None,
        n_columns: int = 8,
        ax: Axes | None = None,
    ) -> Self:
        """Plot the weights of a fitted estimator or a network.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Network
        layer : int, default=0
            Index of the layer: 0 is the first after the input, -1 the output layer.
        units : sequence of int or None, default=None
            The neurons to draw; None for all of them, of images the first 64.
        image_shape : tuple of int or None, default=None
            Height and width of the layer's inputs as an image. If None, inputs of the first layer
            whose number is a square, such as 784, are square images; otherwise a matrix is drawn.
        n_columns : int, default=8
            Number of images per row.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.

        Returns
        -------
        WeightsDisplay

        Raises
        ------
        TypeError
            If the estimator is of another class.
        ValueError
            If the estimator is not fitted, or an argument is invalid.
        """
        layers = Layers(estimator)
        layer = index_of(layer, len(layers.weights), "layer")
        weights = layers.weights[layer]
        n_in, n_out = weights.shape
        shape = None
        if layer == 0 or image_shape is not None:
            shape = image_shape_of(n_in, image_shape)
        if units is None:
            if shape:
                n_out = min(n_out, _MOST_IMAGES)
            units = range(n_out)
        chosen = [index_of(unit, n_out, "units") for unit in units]
        if not chosen:
            raise ValueError("units must name at least one neuron, got none.")
        output_names = None
        if layer == len(layers.weights) - 1:
            output_names = layers.output_names
        return cls(weights.copy(), chosen, shape, layer, output_names).plot(ax, n_columns=n_columns)

    def plot(self, ax: Axes | None = None, *, n_columns: int = 8) -> Self:
        """Draw the weights.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.
        n_columns : int, default=8
            Number of images per row.

        Returns
        -------
        WeightsDisplay
        """
        self.images_: list[AxesImage] = []
        self.texts_: list[Text] = []
        chosen = self.weights[:, list(self.units)]
        limit = signed_limit(chosen)
        colors = {"cmap": signed_colormap(), "vmin": -limit, "vmax": limit}
        if self.image_shape is None:
            ax = self._plot_matrix(ax, chosen, colors)
        else:
            ax = self._plot_images(ax, n_columns, colors)
        bar = self.figure_.colorbar(
            self.images_[0], ax=ax, label="weight", shrink=0.8, extend="both"
        )
        bar.outline.set_visible(False)
        if self.output_names is not None:
            ax.set_title("Weights of the outputs")
        else:
            ax.set_title(f"Weights of layer {self._letters}")
        return self

    @property
    def _letters(self) -> str:
        return letters(self.layer)

    def _name(self, unit: int) -> str:
        return neuron_name(self.layer, unit, self.output_names)

    def _plot_images(self, ax: Axes | None, n_columns: int, colors: dict[str, object]) -> Axes:
        """Draw an image for each neuron, on one scale."""
        assert self.image_shape is not None
        grid = ImageGrid(len(self.units), self.image_shape, min(n_columns, len(self.units)))
        ax = self._start(ax, (grid.size[0] + 0.9, grid.size[1]))
        images = self.weights.T[list(self.units)].reshape(-1, *self.image_shape)
        self.images_, self.texts_ = grid.draw(ax, images, map(self._name, self.units), **colors)
        return ax

    def _plot_matrix(self, ax: Axes | None, chosen: AnyArray, colors: dict[str, object]) -> Axes:
        """Draw the weights as a matrix, with a row for each input and a column for each neuron."""
        n_in, n_out = chosen.shape
        ax = self._start(
            ax, (float(np.clip(0.3 * n_out, 3, 10)) + 1, float(np.clip(0.3 * n_in, 2, 8)) + 0.6)
        )
        self.images_.append(ax.imshow(chosen, aspect="auto", interpolation="nearest", **colors))
        columns = f"neuron of layer {self._letters}"
        rows = "input"
        if self.output_names is not None:
            columns = "output"
        if self.layer > 0:
            rows = f"neuron of layer {letters(self.layer - 1)}"
        ax.set(xlabel=columns, ylabel=rows)
        _name_ticks(ax.xaxis, list(map(self._name, self.units)))
        if self.layer:
            _name_ticks(ax.yaxis, [neuron_name(self.layer - 1, source) for source in range(n_in)])
        return ax


def _name_ticks(axis: Axis, names: Sequence[str]) -> None:
    """Name the neurons along an axis of a matrix: all of a few, otherwise those at the ticks."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if len(names) <= _MOST_TICKS:
        axis.set_ticks(range(len(names)), names)
        return
    axis.set_major_locator(MaxNLocator(integer=True))

    def name_at(place: float, _: int | None) -> str:
        return names[int(place)] if 0 <= place < len(names) else ""

    axis.set_major_formatter(FuncFormatter(name_at))
