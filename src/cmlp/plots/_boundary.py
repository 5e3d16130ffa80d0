"""The answers of a model with two inputs, over the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cmlp._data.row_labels import warn_of_other_order
from cmlp.plots._style import (
    COLORS,
    MARKERS,
    VALUES,
    Display,
    answers_of,
    describe,
    is_classifier,
    is_network,
    pyplot,
    text_color,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.image import AxesImage

    from cmlp._data.array_types import AnyArray, ArrayLike


class BoundaryDisplay(Display):
    """The answers of a model over the plane of its two inputs, with the rows of a data set.

    A classifier's plane has the colour of the answer, stronger where the model is surer. A
    regressor's plane shows the prediction.

    Parameters
    ----------
    limits : tuple of float
        The drawn rectangle: left, right, bottom, top.
    values : ndarray of shape (n, n) or (n, n, n_classes)
        Predictions of a regressor or scores of a classifier at the points of a grid, from bottom to
        top and left to right.
    classes : ndarray of shape (n_classes,) or None, default=None
        The classes; None for a regressor.

    Attributes
    ----------
    image_ : matplotlib AxesImage
        The plane.
    points_ : list of matplotlib PathCollection
        The rows: one collection per class, or one for a regressor.

    Examples
    --------
    >>> from cmlp import Network
    >>> from cmlp.plots import BoundaryDisplay
    >>> net = Network([2, 4, 3], random_state=0)
    >>> display = BoundaryDisplay.from_estimator(net, [[0.0, 1.0], [2.0, 3.0]])
    >>> display.ax_.get_xlabel()
    'input 0'
    """

    def __init__(
        self,
        limits: tuple[float, float, float, float],
        values: AnyArray,
        classes: AnyArray | None = None,
    ) -> None:
        self.limits = limits
        self.values = values
        self.classes = classes

    @classmethod
    def from_estimator(
        cls,
        estimator: object,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        resolution: int = 200,
        margin: float = 0.1,
        ax: Axes | None = None,
    ) -> Self:
        """Compute and plot the answers of a model with two inputs.

        Parameters
        ----------
        estimator : estimator or Network
            Any fitted classifier with `predict_proba` or regressor, also a pipeline, or a
            `Network`.
        X : array-like of shape (n_rows, 2)
            Rows that determine the drawn rectangle.
        y : array-like of shape (n_rows,) or None, default=None
            Classes or targets of the rows; None to draw no rows.
        resolution : int, default=200
            Number of points of the grid per axis.
        margin : float, default=0.1
            Space around the rows, as a fraction of their range.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.

        Returns
        -------
        BoundaryDisplay

        Raises
        ------
        ValueError
            If the estimator is not fitted, X does not have two columns, or there are more than
            eight classes.
        """
        is_network(estimator)  # raises an error for an estimator that is not fitted
        warn_of_other_order(X=X, y=y)
        names = ["input 0", "input 1"]
        if hasattr(X, "columns"):
            names = [str(name) for name in X.columns]
        rows = np.asarray(X, np.float64)
        if rows.ndim != 2 or rows.shape[1] != 2 or not len(rows):
            raise ValueError(
                f"X must have two columns and at least one row, got the shape {rows.shape}."
            )
        if resolution < 2:
            raise ValueError(f"resolution must be at least 2, got {resolution}.")
        targets = None
        if y is not None:
            targets = np.asarray(y)
        if targets is not None and targets.shape != (len(rows),):
            raise ValueError(
                f"y must have one value for each of the {len(rows)} rows, got the shape "
                f"{targets.shape}."
            )
        low = rows.min(axis=0)
        high = rows.max(axis=0)
        space = np.where(high > low, (high - low) * margin, 1.0)
        left, bottom = low - space
        right, top = high + space
        across, up = np.meshgrid(
            np.linspace(left, right, resolution), np.linspace(bottom, top, resolution)
        )
        grid: Any = np.column_stack([across.ravel(), up.ravel()])
        if hasattr(X, "columns"):
            frame: Any = type(X)
            grid = frame(dict(zip(names, grid.T, strict=True)))
        values, classes = _compute_values(estimator, grid)
        shape = (resolution, resolution, *values.shape[1:])
        display = cls((left, right, bottom, top), values.reshape(shape), classes)
        return display.plot(ax, points=rows, targets=targets, names=names)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        points: ArrayLike | None = None,
        targets: ArrayLike | None = None,
        names: list[str] | None = None,
    ) -> Self:
        """Draw the plane and the rows.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.
        points : array-like of shape (n_rows, 2) or None, default=None
            Rows to draw, if `targets` are given.
        targets : array-like of shape (n_rows,) or None, default=None
            Their classes or target values.
        names : list of str or None, default=None
            Names of the two inputs.

        Returns
        -------
        BoundaryDisplay
        """
        ax = self._start(ax, (5.4, 4.2))
        self.points_: list[PathCollection] = []
        self.image_: AxesImage
        if self.classes is not None:
            self.image_ = self._draw_regions(ax)
        else:
            self.image_ = self._draw_values(ax)
        if points is not None and targets is not None:
            self._draw_points(ax, np.asarray(points, np.float64), np.asarray(targets))
        left, right, bottom, top = self.limits
        names = names or ["input 0", "input 1"]
        if self.classes is None:
            title = "Prediction for each point"
        else:
            title = "Answer for each point"
        ax.set(
            xlim=(left, right), ylim=(bottom, top), xlabel=names[0], ylabel=names[1], title=title
        )
        return self

    def _draw_regions(self, ax: Axes) -> AxesImage:
        """Draw the classes, mixed with the background in proportion to how unsure the model is."""
        from matplotlib.colors import to_rgb

        assert self.classes is not None
        n_classes = len(self.classes)
        best = self.values.argmax(axis=2)
        chance = 1 / n_classes
        sure = np.clip((self.values.max(axis=2) - chance) / (1 - chance), 0, 1)[..., None]
        background = np.array(to_rgb(pyplot().rcParams["axes.facecolor"]))
        colors = np.array([to_rgb(color) for color in COLORS[:n_classes]])[best]
        strength = 0.15 + 0.45 * sure
        mixed = background * (1 - strength) + colors * strength
        left, right, bottom, top = self.limits
        image = ax.imshow(
            mixed,
            extent=(left, right, bottom, top),
            origin="lower",
            aspect="auto",
            interpolation="bilinear",
        )
        across = np.linspace(left, right, self.values.shape[1])
        up = np.linspace(bottom, top, self.values.shape[0])
        n_lines = n_classes if n_classes > 2 else 1
        for index in range(n_lines):
            lead = self.values[..., index] - np.delete(self.values, index, axis=2).max(axis=2)
            if lead.min() < 0 < lead.max():
                ax.contour(across, up, lead, levels=[0], colors=[text_color()], linewidths=1)
        return image

    def _draw_values(self, ax: Axes) -> AxesImage:
        """Draw the predictions of a regressor."""
        image = ax.imshow(
            self.values, extent=self.limits, origin="lower", aspect="auto", cmap=VALUES
        )
        self.figure_.colorbar(image, ax=ax, label="prediction")
        return image

    def _draw_points(self, ax: Axes, points: AnyArray, targets: AnyArray) -> None:
        """Draw the rows.

        Each class has its colour and marker, target values the colours of the plane.
        """
        edge = {"edgecolors": [text_color()], "linewidths": 0.6, "s": 28}
        if self.classes is None:
            drawn = ax.scatter(*points.T, c=targets, norm=self.image_.norm, cmap=VALUES, **edge)
            self.points_.append(drawn)
            return
        for name, color, marker in zip(self.classes, COLORS, MARKERS, strict=False):
            of_class = points[targets == name]
            self.points_.append(
                ax.scatter(*of_class.T, color=color, marker=marker, label=str(name), **edge)
            )
        ax.legend(title="class", framealpha=0.8)


def _compute_values(model: Any, grid: Any) -> tuple[AnyArray, AnyArray | None]:
    """Return the scores and classes of a classifier, or the predictions of a regressor and None."""
    if is_classifier(model):
        classes, scores = answers_of(model, grid)
        if len(classes) > len(COLORS):
            raise ValueError(
                f"estimator must have at most {len(COLORS)} classes, got {len(classes)}."
            )
        return scores, classes
    if is_network(model):
        predict = model.forward
    else:
        predict = getattr(model, "predict", None)
    if predict is None:
        raise TypeError(f"estimator must have predict or be a Network, got {describe(model)}.")
    values = np.asarray(predict(grid))
    if values.size != len(grid):
        raise ValueError(
            f"estimator must have one output, got {values.shape[1]} from {describe(model)}."
        )
    return values.reshape(-1), None
