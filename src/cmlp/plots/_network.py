"""A network as circles and lines.

Neurons are coloured by their activations, and have the strongest connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from cmlp._model.results import letters
from cmlp.plots._style import (
    COLORS,
    Display,
    Layers,
    activation_colors,
    image_shape_of,
    signed_colormap,
    text_color,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection, PathCollection
    from matplotlib.image import AxesImage
    from matplotlib.text import Text

    from cmlp._data.array_types import AnyArray, ArrayLike, Floats, NDArray
    from cmlp._estimators.mlp import MLPClassifier, MLPRegressor
    from cmlp._estimators.network import Network

_HEIGHT = 10.0  # of the drawing, in its own units
_DISTANCE = 3.2  # between two layers


class Connection(NamedTuple):
    """A drawn connection between two neurons.

    Layer 0 is the first after the input, to which it leads.
    """

    layer: int
    source: int
    target: int
    contribution: float  # to the target's weighted sum: weight times activation of the source


class NetworkDisplay(Display):
    """A network at one row: neurons coloured by their activations, and the strongest connections.

    A connection's strength is its contribution to a weighted sum: weight times activation. Without
    a row it is the weight. Blue connections excite, orange ones inhibit. If a layer has too many
    neurons to draw, those with the strongest connections are drawn.

    Parameters
    ----------
    activations : list of ndarray or None
        One array per layer, the inputs first, each of shape (size,); None to draw the weights alone.
    weights : list of ndarray
        One array per layer after the input, of shape (n_in, n_out).
    output_names : sequence of str
        Names of the output neurons.
    image_shape : tuple of int or None, default=None
        Height and width of the inputs as an image; None to draw no image.

    Attributes
    ----------
    units_ : list of ndarray of int
        The drawn neurons of each layer.
    connections_ : list of Connection
        The drawn connections.
    neurons_ : list of matplotlib PathCollection
        The neurons of each layer; their array is the activations.
    lines_ : matplotlib LineCollection
    texts_ : list of matplotlib Text
        Names of the layers, names and activations of the output neurons, and the numbers of neurons
        that are not drawn.

    Examples
    --------
    >>> from cmlp import Network
    >>> from cmlp.datasets import load_digits28
    >>> from cmlp.plots import NetworkDisplay
    >>> net = Network([784, 16, 16, 10], input_scale=1 / 255, random_state=0)
    >>> display = NetworkDisplay.from_estimator(net, load_digits28().X_test[0])
    >>> [len(units) for units in display.units_]
    [20, 16, 16, 10]
    """

    def __init__(
        self,
        activations: list[Floats] | None,
        weights: list[Floats],
        output_names: Sequence[str],
        image_shape: tuple[int, int] | None = None,
    ) -> None:
        self.activations = activations
        self.weights = weights
        self.output_names = output_names
        self.image_shape = image_shape

    @classmethod
    def from_estimator(
        cls,
        estimator: MLPClassifier | MLPRegressor | Network,
        x: ArrayLike | None = None,
        *,
        n_connections: int = 40,
        max_units: int = 20,
        image_shape: Sequence[int] | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Plot a fitted estimator or a network at one row.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Network
        x : array-like of shape (n_features,) or (1, n_features), optional
            The row. None means the weights alone, without activations.
        n_connections, max_units
            As for `plot`.
        image_shape : tuple of int or None, default=None
            Height and width of the inputs as an image, which is drawn on the left. If None, inputs
            whose number is a square, such as 784, are square images.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.

        Returns
        -------
        NetworkDisplay

        Raises
        ------
        TypeError
            If the estimator is of another class.
        ValueError
            If the estimator is not fitted, or an argument is invalid.
        """
        layers = Layers(estimator)
        weights = [w.copy() for w in layers.weights]
        shape = image_shape_of(layers.sizes[0], image_shape)
        activations = None
        if x is not None:
            row = np.asarray(x)
            rows = np.atleast_2d(row)
            if rows.ndim != 2 or len(rows) != 1:
                raise ValueError(f"x must be one row, got the shape {row.shape}.")
            activations = [layer[0] for layer in layers.activations(rows)]
        display = cls(activations, weights, layers.output_names, shape)
        return display.plot(ax, n_connections=n_connections, max_units=max_units)

    def plot(self, ax: Axes | None = None, *, n_connections: int = 40, max_units: int = 20) -> Self:
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.
        n_connections : int, default=40
            Number of connections to draw between two layers, the strongest of those between the
            drawn neurons.
        max_units : int, default=20
            Maximum number of neurons to draw per layer.

        Returns
        -------
        NetworkDisplay

        Raises
        ------
        ValueError
            If `max_units` is below 1, or `n_connections` negative.
        """
        if max_units < 1 or n_connections < 0:
            raise ValueError(
                "max_units must be at least 1 and n_connections at least 0, "
                f"got max_units={max_units} and n_connections={n_connections}."
            )
        self.neurons_: list[PathCollection] = []
        self.texts_: list[Text] = []
        self.image_: AxesImage | None = None
        inputs = None if self.activations is None else self.activations[0]
        shape = None if inputs is None else self.image_shape
        left = -4.6 if shape else -1.0
        right = _DISTANCE * len(self.weights) + 2.2
        ax = self._start(ax, (0.58 * (right - left), 0.58 * (_HEIGHT + 1.5)))
        n_layers = len(self.weights) + 1
        self.units_ = [self._strongest_units(index, max_units) for index in range(n_layers)]
        self.connections_ = self._strongest_connections(n_connections)
        self._draw_connections(ax)
        for index in range(n_layers):
            self._draw_neurons(ax, index)
        if inputs is not None and shape is not None:
            self._draw_image(ax, inputs, shape)
        ax.set(xlim=(left, right), ylim=(-_HEIGHT / 2 - 1, _HEIGHT / 2 + 1.2))
        ax.set_aspect("equal")
        ax.set_axis_off()
        ax.set_title(f"The strongest connections: {n_connections} to each layer at most")
        self._draw_key(ax)
        return self

    def _draw_key(self, ax: Axes) -> None:
        """Explain the colours of the connections and of the neurons."""
        from matplotlib.lines import Line2D

        colors = signed_colormap()([1.0, 0.0])
        strength = "weight" if self.activations is None else "weight x activation"
        names = (f"excites: {strength} above 0", "inhibits: below 0")
        lines = [
            Line2D([], [], color=color, linewidth=2.4, label=name)
            for color, name in zip(colors, names, strict=True)
        ]
        ax.legend(
            handles=lines, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=2, frameon=False
        )
        if self.activations is not None:
            self.figure_.colorbar(
                self.neurons_[-1], ax=ax, label="activation", shrink=0.6, pad=0.02
            )

    def _contributions(self, layer: int) -> AnyArray:
        """Return weight times activation of each connection to a layer, of shape (n_in, n_out), or the weights."""
        if self.activations is None:
            return self.weights[layer]
        contributions: AnyArray = self.activations[layer][:, None] * self.weights[layer]
        return contributions

    def _strongest_units(self, index: int, max_units: int) -> NDArray[np.intp]:
        """Return the neurons of a layer to draw, ascending.

        They are all of them, or those with the strongest connections.
        """
        size = self._size(index)
        if size <= max_units:
            return np.arange(size)
        if index < len(self.weights):
            strength = np.abs(self._contributions(index)).sum(axis=1)
        elif self.activations is None:
            strength = np.abs(self.weights[-1]).sum(axis=0)
        else:
            strength = self.activations[index]
        return np.sort(np.argsort(-strength, kind="stable")[:max_units])

    def _size(self, index: int) -> int:
        """Return the number of neurons of a layer, the inputs first."""
        return len(self.weights[index]) if index < len(self.weights) else self.weights[-1].shape[1]

    def _strongest_connections(self, count: int) -> list[Connection]:
        """Return the strongest connections between drawn neurons, weakest first."""
        chosen: list[Connection] = []
        for layer in range(len(self.weights)):
            sources = self.units_[layer]
            targets = self.units_[layer + 1]
            drawn = self._contributions(layer)[np.ix_(sources, targets)]
            flat = drawn.ravel()
            for k in np.argsort(-np.abs(flat), kind="stable")[:count][::-1]:
                source, target = divmod(int(k), len(targets))
                if flat[k]:
                    chosen.append(
                        Connection(
                            layer, int(sources[source]), int(targets[target]), float(flat[k])
                        )
                    )
        return chosen

    def _heights(self, index: int) -> NDArray[np.float64]:
        """Return the vertical positions of the drawn neurons of a layer, from top to bottom."""
        count = len(self.units_[index])
        step = min(1.0, _HEIGHT / max(count - 1, 1))
        heights: NDArray[np.float64] = step * ((count - 1) / 2 - np.arange(count, dtype=np.float64))
        return heights

    def _draw_connections(self, ax: Axes) -> None:
        """Draw the connections as lines.

        Colour and width show the contribution relative to the layer's largest.
        """
        from matplotlib.collections import LineCollection

        height = [
            dict(zip(map(int, units), self._heights(i), strict=True))
            for i, units in enumerate(self.units_)
        ]
        largest = [
            max((abs(c.contribution) for c in self.connections_ if c.layer == layer), default=1.0)
            for layer in range(len(self.weights))
        ]
        strengths = [c.contribution / largest[c.layer] for c in self.connections_]
        segments = [
            [
                (_DISTANCE * c.layer, height[c.layer][c.source]),
                (_DISTANCE * (c.layer + 1), height[c.layer + 1][c.target]),
            ]
            for c in self.connections_
        ]
        # Weak connections keep enough colour to be told from the background.
        colors = signed_colormap()([0.5 + np.sign(s) * (0.2 + 0.3 * abs(s)) for s in strengths])
        widths = [0.4 + 2.0 * abs(s) for s in strengths]
        self.lines_: LineCollection = LineCollection(
            segments, colors=colors, linewidths=widths, zorder=1
        )
        ax.add_collection(self.lines_)

    def _draw_neurons(self, ax: Axes, index: int) -> None:
        """Draw the neurons of a layer and, at the output layer, their names and activations."""
        units = self.units_[index]
        values = None if self.activations is None else self.activations[index][units]
        heights = self._heights(index)
        x = _DISTANCE * index
        self.neurons_.append(
            ax.scatter(
                np.full(len(units), x),
                heights,
                **(
                    {"c": COLORS[4]}
                    if values is None
                    else {"c": values, **activation_colors(values)}
                ),
                s=80 if len(units) > 12 else 130,
                edgecolors=[text_color()],
                linewidths=0.8,
                zorder=2,
            )
        )
        if index == 0:
            name = "input"
        elif index == len(self.weights):
            name = "output"
        else:
            name = f"layer {letters(index - 1)}"
        self.texts_.append(ax.text(x, _HEIGHT / 2 + 0.5, name, ha="center", va="bottom"))
        hidden = self._size(index) - len(units)
        if hidden:
            low = float(heights[-1]) - 0.4
            self.texts_.append(
                ax.text(x, low, f"{hidden} more", ha="center", va="top", fontsize="small")
            )
        if index == len(self.weights):
            self._name_outputs(ax, x, values, heights)

    def _name_outputs(
        self, ax: Axes, x: float, values: AnyArray | None, heights: NDArray[np.float64]
    ) -> None:
        """Write the names of the output neurons, with their activations, of which the largest is in bold type."""
        for k, (unit, y) in enumerate(zip(self.units_[-1], heights, strict=True)):
            weight, text = "normal", self.output_names[unit]
            if values is not None:
                text += f"  {values[k]:.2f}"
                if len(values) > 1 and values[k] == values.max():
                    weight = "bold"
            self.texts_.append(ax.text(x + 0.4, y, text, ha="left", va="center", weight=weight))

    def _draw_image(self, ax: Axes, inputs: AnyArray, shape: tuple[int, int]) -> None:
        """Draw the inputs as an image, with marks at the pixels whose neurons are drawn."""
        height, width = shape
        scale = 3.2 / max(shape)
        right = -0.9
        half = scale * height / 2
        left = right - scale * width
        image = inputs.reshape(shape)
        self.image_ = ax.imshow(
            image, cmap="gray", extent=(left, right, -half, half), aspect="equal"
        )
        if len(self.units_[0]) < len(inputs):
            rows, columns = np.divmod(self.units_[0], width)
            ax.scatter(
                left + scale * (columns + 0.5),
                half - scale * (rows + 0.5),
                s=6,
                marker="s",
                color=COLORS[1],
            )
