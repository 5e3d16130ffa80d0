"""Calibration rows of an int8 export, and its comparison with the float32 model on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp.inputs.arrays import IN_PLACE, rectangular, refuse_complex, require_finite, to_float64
from cmlp.inputs.sparse import as_dense, is_sparse
from cmlp.inputs.validation import as_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp.export.quantization import IntegerNet
    from cmlp.model import ModelDocument


class Rows(NamedTuple):
    """Calibration rows, and their labels or None."""

    X: NDArray[Any]
    y: NDArray[Any] | None


class Comparison(NamedTuple):
    """An int8 header compared with the float32 model on the calibration rows.

    Attributes
    ----------
    rows : int
        Number of calibration rows.
    same_class : int or None
        Number of rows with the same class (for multilabel targets, with the same labels); None without classes.
    error : float or None
        Root mean square difference of the outputs; None for models with classes.
    accuracy, float_accuracy : float or None
        Accuracy of int8 and of float32; None if `calibrate` had no labels.
    """

    rows: int
    same_class: int | None
    error: float | None
    accuracy: float | None
    float_accuracy: float | None

    def __str__(self) -> str:
        where = f"{self.rows:,} calibration rows"
        if self.error is not None:
            return f"Root mean square difference between the outputs of int8 and float32 on {where}: {self.error:.3g}."
        assert self.same_class is not None
        share = f"{100 * self.same_class / self.rows:.2f} %"
        text = f"int8 and float32 predict the same class for {self.same_class:,} of {where} ({share})."
        if self.accuracy is None or self.float_accuracy is None:
            return text
        loss = 100 * (self.float_accuracy - self.accuracy)
        return (
            f"{text}\nAccuracy on these rows: {100 * self.accuracy:.2f} % with int8, {100 * self.float_accuracy:.2f} % "
            f"with float32, a loss of {loss:.2f} points."
        )


def calibration_rows(document: ModelDocument, calibrate: Any) -> Rows:
    """Return the validated rows and labels of the argument `calibrate`.

    Raises
    ------
    ValueError
        If there are no rows, their shape does not fit, an input is not finite, or there are labels but no classes.
    """
    if calibrate is None:
        raise ValueError("int8=True needs calibrate: rows of typical inputs, for example of the training data")
    labelled = isinstance(calibrate, tuple) and len(calibrate) == 2
    X, y = calibrate if labelled else (calibrate, None)
    rows = _dense(X)
    if rows.ndim != 2 or rows.shape[1] != document.n_inputs or not len(rows):
        raise ValueError(f"calibrate must have shape (n, {document.n_inputs}) with n > 0, got {rows.shape}")
    if y is None:
        return Rows(rows, None)
    if document.labels is None:
        raise ValueError("calibrate=(X, y) needs a classifier; pass calibrate=X for other models")
    return Rows(rows, document.labels.encode(as_targets(y, len(rows), "to_c", labels=True, warn_of_column=False)))


def _dense(X: Any) -> NDArray[Any]:
    """Return X as a finite array of uint8, float32 or float64."""
    array = rectangular(as_dense(X, "calibrate") if is_sparse(X) else X, "calibrate")
    refuse_complex(array)
    if array.dtype not in IN_PLACE:
        array = to_float64(array, "calibrate")
    require_finite(array, "calibrate")
    return array


def compare(document: ModelDocument, net: IntegerNet, sums: NDArray[Any], rows: Rows) -> Comparison:
    """Return how well the outputs `sums` of the integer network agree with the float32 model."""
    outputs = document.net.forward(document.params, rows.X, scale=document.input_scale)
    n, labels = len(rows.X), document.labels
    if document.net.activations[-1] == "identity":
        difference = outputs.astype(np.float64) - sums * net.layers[-1].units
        return Comparison(n, None, float(np.sqrt((difference**2).mean())), None, None)
    if document.combination.answer == "largest" and document.net.n_out > 1:
        same = outputs.argmax(axis=1) == sums.argmax(axis=1)
    else:
        same = ((outputs > 0.5) == (sums > 0)).all(axis=1)
        sums = (sums > 0).astype(np.float32)
    if rows.y is None or labels is None:
        return Comparison(n, int(same.sum()), None, None, None)
    accuracies = [float(labels.correct(decided, rows.y).mean()) for decided in (sums, outputs)]
    return Comparison(n, int(same.sum()), None, accuracies[0], accuracies[1])
