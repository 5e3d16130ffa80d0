"""The examples in a page: digits or other rows for the buttons and for training."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import readable
from cmlp._data.labels import as_labels
from cmlp._export.page.description import Described, encoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

N_TRAIN, N_TEST = 500, 300
MOST_BYTES = 120_000  # of all examples in a page


class Examples:
    """Training and test examples for a model: ``X_train, y_train, X_test, y_test``, a `Dataset` for example."""

    def __init__(self, model: Described, data: Sequence[ArrayLike]) -> None:
        self.model = model
        if len(data) != 4:
            raise ValueError(f"data must be X_train, y_train, X_test, y_test, got {len(data)} values")
        X_train, y_train, X_test, y_test = data
        self.train = self._checked(X_train, y_train, "train")
        self.test = self._checked(X_test, y_test, "test")
        self.white = self._white() if model.is_image else 0.0

    def _checked(self, X: ArrayLike, y: ArrayLike, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return rows, and their classes (of a classifier) or targets."""
        rows, targets = np.asarray(X), as_labels(y, f"y_{name}")
        n_inputs = self.model.sizes[0]
        if rows.ndim != 2 or rows.shape[1] != n_inputs or not len(rows) or len(targets) != len(rows):
            raise ValueError(
                f"X_{name} must have the shape (n, {n_inputs}), with n at least 1, and y_{name} n entries; "
                f"got the shapes {rows.shape} and {targets.shape}"
            )
        if rows.dtype.kind not in "buif" or (rows.dtype.kind == "f" and not np.isfinite(rows).all()):
            raise ValueError(f"X_{name} must have finite numbers, got dtype {rows.dtype} or NaN or infinity")
        return rows, self._encoded(targets, name)

    def _encoded(self, y: NDArray[Any], name: str) -> NDArray[Any]:
        model, n_outputs = self.model, self.model.sizes[-1]
        if model.labels is not None:
            y = model.labels.encode(y)
        if model.kind in ("classes", "binary"):
            if y.ndim == 2 and model.kind == "binary":
                y = y.ravel()
            if y.ndim != 1 or y.dtype.kind not in "buif" or not np.isin(y, np.arange(max(2, n_outputs))).all():
                raise ValueError(f"y_{name} must have class indices from 0 to {max(2, n_outputs) - 1}")
            return y.astype(np.int64)
        y = y.reshape(len(y), -1)
        if y.shape[1] != n_outputs or y.dtype.kind not in "buif" or not np.isfinite(y).all():
            raise ValueError(f"y_{name} must have {n_outputs} finite numbers per row, got the shape {y.shape}")
        if (model.net.loss == "poisson" and (y < 0).any()) or (model.net.loss == "gamma" and (y <= 0).any()):
            raise ValueError(f"y_{name} has values out of the range of the loss {model.net.loss!r}")
        return y.astype(np.float64)

    def _white(self) -> float:
        """Return the input of a white pixel: the largest pixel, times the model's factor."""
        X = self.train[0]
        if X.min() < 0 or X.max() <= 0:
            raise ValueError(f"data must have pixels from 0 (black) up, got values from {X.min()} to {X.max()}")
        return _white_pixel(X) * self.model.pixel_scale

    def accuracy(self) -> float | None:
        """Return the fraction of all test rows that the model answers correctly; None for numbers."""
        X, y = self.test
        outputs = self.model.net.forward(self.model.params, readable(X, "X_test"), scale=self.model.scale)
        if self.model.kind == "classes":
            return float((outputs.argmax(axis=1) == y).mean())
        if self.model.kind == "numbers":
            return None
        return float(((outputs > 0.5) == (y.reshape(len(y), -1) > 0.5)).all(axis=1).mean())

    def as_json(self) -> dict[str, Any]:
        """Return the first examples in a form for the page's script, as many as fit into `MOST_BYTES`."""
        share = 1.0
        while True:
            counts = [max(1, int(share * n)) for n in (N_TRAIN, N_TEST)]
            parts = [(X[:n], y[:n]) for (X, y), n in zip((self.train, self.test), counts, strict=True)]
            rows, targets = (np.concatenate(pair) for pair in zip(*parts, strict=True))
            packed = {"train": len(parts[0][0]), "targets": targets.tolist(), "data": self._packed(rows)}
            size = len(packed["data"]) + len(str(packed["targets"]))
            if size <= MOST_BYTES or len(rows) <= 2:
                return packed
            share *= min(0.95, 0.97 * MOST_BYTES / size)

    def _packed(self, rows: NDArray[Any]) -> str:
        """Return rows as text: images with 16 levels of grey, two pixels a byte; others as numbers. Compressed."""
        if not self.model.is_image:
            # Values far from 0 beside their spread need more digits than those of float32.
            dtype = "<f8" if isinstance(self.model.scale, tuple) else "<f4"
            return encoded(zlib.compress(rows.astype(dtype).tobytes(), 9))
        levels = sixteen_levels(rows, _white_pixel(self.train[0]))
        return encoded(zlib.compress((levels[:, 0::2] << 4 | levels[:, 1::2]).tobytes(), 9))


def sixteen_levels(images: NDArray[Any], white: float) -> NDArray[np.uint8]:
    """Return pixels from 0 to `white` as numbers from 0 to 15: half the bytes, and they compress better."""
    return np.round(np.clip(images / white, 0, 1) * 15).astype(np.uint8)


def _white_pixel(X: NDArray[Any]) -> float:
    return 255.0 if X.dtype == np.uint8 else float(X.max())


def default_digits(model: Described) -> Examples | None:
    """Return the bundled digits if a model reads digits, otherwise None. Only the model's classes are used."""
    from cmlp._data.files.images import load_digits28

    if not model.is_image or model.kind not in ("classes", "binary"):
        return None
    if model.labels is None:
        digits = list(range(10)) if model.sizes[-1] == 10 else []
    else:
        digits = [int(name) for name in model.outputs if name in set("0123456789")]
    if len(set(digits)) != max(2, model.sizes[-1]):
        return None
    X_train, y_train, X_test, y_test = load_digits28()
    names = np.array(digits) if model.labels is None else model.labels.classes
    parts: list[NDArray[Any]] = []
    for X, y in ((X_train, y_train), (X_test, y_test)):
        kept = np.isin(y, digits)
        parts += [X[kept] if model.takes_bytes else X[kept] / np.float32(255), names[np.searchsorted(digits, y[kept])]]
    return Examples(model, parts)
