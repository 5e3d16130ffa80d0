"""The images that a classifier gets wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from cmlp._data.row_labels import warn_of_other_order
from cmlp.plots._style import Display, ImageGrid, answers_of, required_image_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from matplotlib.text import Text

    from cmlp._data.array_types import AnyArray, ArrayLike, NDArray


class MistakesDisplay(Display):
    """Images with wrong answers, those with the highest output first.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width)
        The images to draw.
    answers, truth : ndarray of shape (n_images,)
        The wrong and the right class of each image.
    scores : ndarray of shape (n_images,)
        The output of the wrong class: a probability or an activation.
    n_wrong, n_rows : int
        Number of wrong answers, and of all answers.

    Attributes
    ----------
    indices_ : ndarray of int or None
        Positions in X of the drawn images; None if the display was not made by `from_estimator`.
    images_ : list of matplotlib AxesImage
    texts_ : list of matplotlib Text
        The titles of the images.

    Examples
    --------
    >>> from cmlp import Network
    >>> from cmlp.datasets import load_digits28
    >>> from cmlp.plots import MistakesDisplay
    >>> data = load_digits28()
    >>> net = Network([784, 16, 10], input_scale=1 / 255, random_state=0)
    >>> display = MistakesDisplay.from_estimator(net, data.X_test, data.y_test, n_images=6)
    >>> len(display.images_)
    6
    """

    def __init__(
        self,
        images: AnyArray,
        answers: AnyArray,
        truth: AnyArray,
        scores: AnyArray,
        n_wrong: int,
        n_rows: int,
    ) -> None:
        self.images = images
        self.answers = answers
        self.truth = truth
        self.scores = scores
        self.n_wrong = n_wrong
        self.n_rows = n_rows
        self.indices_: NDArray[np.intp] | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: object,
        X: ArrayLike,
        y: ArrayLike,
        *,
        n_images: int = 12,
        image_shape: Sequence[int] | None = None,
        n_columns: int = 6,
        ax: Axes | None = None,
    ) -> Self:
        """Find and plot a classifier's mistakes.

        Parameters
        ----------
        estimator : classifier or Network
            A fitted classifier with `predict_proba`, also a pipeline, or a `Network` with softmax
            or logistic outputs.
        X : array-like of shape (n_rows, n_pixels)
        y : array-like of shape (n_rows,)
            The right classes.
        n_images : int, default=12
            Maximum number of images to draw.
        image_shape : tuple of int or None, default=None
            Height and width of the images; None for square images.
        n_columns : int, default=6
            Number of images per row.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.

        Returns
        -------
        MistakesDisplay

        Raises
        ------
        TypeError
            If the estimator is not a classifier.
        ValueError
            If the estimator is not fitted, or an argument is invalid.
        """
        if n_images < 1:
            raise ValueError(f"n_images must be at least 1, got {n_images}.")
        warn_of_other_order(X=X, y=y)
        classes, scores = answers_of(estimator, X)
        truth = np.asarray(y)
        pixels = np.asarray(X)
        if truth.shape != (len(pixels),):
            raise ValueError(
                f"y must have one class for each of the {len(pixels)} rows, got the shape "
                f"{truth.shape}."
            )
        shape = required_image_shape(pixels.shape[1], image_shape)
        answers = classes[scores.argmax(axis=1)]
        best = scores.max(axis=1)
        wrong = np.flatnonzero(answers != truth)
        chosen = wrong[np.argsort(-best[wrong], kind="stable")][:n_images]
        images = pixels[chosen].reshape(-1, *shape)
        display = cls(images, answers[chosen], truth[chosen], best[chosen], len(wrong), len(pixels))
        display.indices_ = chosen
        return display.plot(ax, n_columns=n_columns)

    def plot(self, ax: Axes | None = None, *, n_columns: int = 6) -> Self:
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None for new ones.
        n_columns : int, default=6
            Number of images per row.

        Returns
        -------
        MistakesDisplay
        """
        self.images_: list[AxesImage] = []
        self.texts_: list[Text] = []
        count = len(self.images)
        shape = self.images.shape[1:]
        if not count:
            ax = self._start(ax, (4.0, 1.0))
            ax.set_axis_off()
        else:
            grid = ImageGrid(count, shape, max(1, min(n_columns, count)), title_lines=2)
            ax = self._start(ax, grid.size)
            parts = zip(self.answers, self.scores, self.truth, strict=True)
            titles = (f"says {answer}: {score:.2f}\nis {truth}" for answer, score, truth in parts)
            self.images_, self.texts_ = grid.draw(ax, self.images, titles, cmap="gray")
        ax.set_title(self._summary())
        return self

    def _summary(self) -> str:
        if not self.n_wrong:
            return f"No mistakes in {self.n_rows:,} answers"
        shown = ""
        if len(self.images) < self.n_wrong:
            shown = f", {len(self.images)} of them shown"
        return f"{self.n_wrong:,} of {self.n_rows:,} answers are wrong{shown}"
