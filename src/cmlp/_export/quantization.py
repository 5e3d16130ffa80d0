"""Round a network to 8-bit integers, and compare it with the float32 model.

Weights, activations and inputs are rounded.

The result does not depend on the machine: every sum is exact (integers in float64, `math.fsum`) or
is computed elementwise, and logistic and tanh are those of cmlp.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.arrays import (
    IN_PLACE,
    as_dense,
    is_sparse,
    rectangular,
    refuse_complex,
    require_finite,
    to_float64,
)
from cmlp._data.checks import as_targets
from cmlp._data.losses import FOR_PREDICTION
from cmlp._data.row_labels import warn_of_other_order
from cmlp._model.model import NetworkModel
from cmlp.exceptions import InvalidParameterError

Array = AnyArray

# The table of an activation ends here; the function is nearly constant beyond.
_LIMITS = {"logistic": 8.0, "tanh": 4.0}
_LEVELS = {"relu": 255, "logistic": 255, "tanh": 127}  # largest integer of an activation
_ROWS = 1000  # rows of one product, which limits its memory


class InputRange(NamedTuple):
    """The byte of an input x is (x - low) / step, rounded and limited to 0 to 255.

    Arrays of float32, one per input.
    """

    low: Array
    step: Array

    def bytes_of(self, X: Array) -> NDArray[np.uint8]:
        """Return rows as bytes, with the operations of the C function."""
        scaled = (X.astype(np.float32) - self.low) / self.step
        rounded: NDArray[np.uint8] = (np.clip(scaled, 0, 255) + np.float32(0.5)).astype(np.uint8)
        return rounded


class Rescale(NamedTuple):
    """The conversion of a hidden unit's sum to an integer.

    It is acc * multiplier / 2^shift, rounded, at most 255: an activation or an index.
    """

    multipliers: Array  # from 2^30 to 2^31 - 1
    shifts: Array  # from 1 to 62
    # 256 activations, by the index of a nonnegative weighted sum; None for relu
    table: Array | None


class IntegerLayer(NamedTuple):
    """A layer whose weighted sums are integers."""

    weights: Array  # int8
    biases: Array  # int32
    units: Array  # the value of 1 in each weighted sum, in float64
    activation: str
    rescale: Rescale | None  # None for the output layer

    def sums(self, inputs: Array) -> Array:
        """Return the weighted sums of integer inputs as int64."""
        weights = self.weights.astype(np.float64)
        parts = [
            inputs[i : i + _ROWS].astype(np.float64) @ weights for i in range(0, len(inputs), _ROWS)
        ]
        sums: Array = np.concatenate(parts).astype(np.int64) + self.biases
        return sums

    def activate(self, sums: Array) -> Array:
        """Return the activations as uint8, or int8 for tanh."""
        assert self.rescale is not None
        multipliers, shifts, table = self.rescale
        if table is None:
            size = np.maximum(sums, 0)
        else:
            size = np.abs(sums)
        index: Array = np.minimum(
            (size * multipliers + (np.int64(1) << (shifts - 1))) >> shifts, 255
        )
        if table is None:
            return index.astype(np.uint8)
        values: Array = table[index]
        if self.activation == "tanh":
            return np.where(sums < 0, -values, values).astype(np.int8)
        return np.where(sums < 0, 255 - values, values).astype(np.uint8)


class IntegerNet(NamedTuple):
    """A network of 8-bit integers; its input is None if the inputs are bytes already."""

    input: InputRange | None
    layers: list[IntegerLayer]

    def outputs(self, rows: Array) -> Array:
        """Return the weighted sums of the output layer as integers, for rows of bytes."""
        for layer in self.layers[:-1]:
            rows = layer.activate(layer.sums(rows))
        return self.layers[-1].sums(rows)


def quantize(model: NetworkModel, X: Array) -> tuple[IntegerNet, Array]:
    """Return the integer network, and its outputs for the finite calibration rows X.

    Outputs of which the largest is the answer have the same unit, so that they can be compared.
    """
    targets = model.net.activations_of(model.params, X, scale=model.input_scale, sums=True)
    if not all(np.isfinite(sums).all() for sums in targets):
        raise ValueError("calibrate has rows for which the model's sums are not finite.")
    one_unit = model.combination.answer == "largest" and model.net.n_out > 1
    ranges = _measure_range(X, whole=not isinstance(model.input_scale, tuple))
    if ranges is None:
        inputs = X.astype(np.uint8)
    else:
        inputs = ranges.bytes_of(X)
    if isinstance(model.input_scale, tuple):
        shift, unit = model.input_scale
    else:
        shift = 0.0
        unit = np.full(len(X[0]), model.input_scale)
    # What the integer 0 means, in double.
    if ranges is None:
        low = 0.0 - shift
    else:
        low = ranges.low.astype(np.float64) - shift
    layers = []
    for i, (weights, biases, activation, _) in enumerate(model.first.layers):
        last = i == len(targets) - 1
        real = weights.astype(np.float64)
        offset = biases.astype(np.float64)
        if i == 0 and np.any(low):
            lows = real * (unit * low)[:, None]
            offset = offset + [math.fsum(column) for column in lows.T]
        if i == 0 and ranges is not None:
            unit = unit * np.where(
                X.min(axis=0) == X.max(axis=0), 0, ranges.step.astype(np.float64)
            )
        layer = _round_layer(
            real * unit[:, None], offset, inputs, targets[i], activation, last and one_unit
        )
        sums = layer.sums(inputs)
        if not last:
            layer, level = _add_rescale(layer, targets[i])
            inputs = layer.activate(sums)
            unit = np.full(len(biases), level)
        layers.append(layer)
    return IntegerNet(ranges, layers), sums


def _measure_range(X: Array, *, whole: bool) -> InputRange | None:
    """Return the range of every input in the calibration rows; None if all inputs are bytes.

    `whole`: floats that are whole numbers from 0 to 255 are bytes, too. If each input has a factor
    of its own, a range of its own uses the byte better.
    """
    if X.dtype in (np.uint8, np.bool_) or (
        whole and ((X >= 0) & (X <= 255) & (X == np.trunc(X))).all()
    ):
        return None
    low = X.min(axis=0).astype(np.float32)
    high = X.max(axis=0).astype(np.float32)
    with np.errstate(over="ignore"):
        step = (high.astype(np.float64) - low) / 255
    step = step.astype(np.float32)
    return InputRange(low, np.where(step > 0, step, np.float32(1)))


def _round_layer(
    weights: Array, biases: Array, inputs: Array, targets: Array, activation: str, one_unit: bool
) -> IntegerLayer:
    """Round a layer.

    The weights are in the units of the integer inputs. They are rounded for one input after the
    other, and the later ones compensate the error of the earlier ones on the calibration rows
    (Frantar et al., "GPTQ", 2022). The biases correct the remaining mean error.
    """
    units = np.maximum(np.abs(weights).max(axis=0) / 127, np.abs(biases) / 2**24)
    units = np.where(units > 0, units, units.max(initial=0.0) or 1.0)
    if one_unit:
        units = np.full(len(units), units.max())
    rounded = _round_weights(weights, units, _factorize(_gram(inputs)))
    layer = IntegerLayer(rounded, np.rint(biases / units).astype(np.int64), units, activation, None)
    errors = targets.astype(np.float64) - layer.sums(inputs) * units
    means = np.array([math.fsum(column) for column in errors.T]) / len(errors)
    corrected = layer.biases + np.rint(means / units).astype(np.int64)
    if (np.abs(rounded.astype(np.int64)).sum(axis=0) * 255 + np.abs(corrected)).max() >= 2**31:
        raise ValueError(
            "int8 needs 32-bit sums, but a layer has too many inputs or too large biases for them"
        )
    return layer._replace(biases=corrected.astype(np.int32))


def _gram(inputs: Array) -> Array:
    """Return A'A of integer inputs A. Every sum is exact."""
    total = np.zeros((inputs.shape[1], inputs.shape[1]))
    for i in range(0, len(inputs), _ROWS):
        part = inputs[i : i + _ROWS].astype(np.float64)
        total += part.T @ part
    return total


def _factorize(gram: Array) -> Array:
    """Return the upper triangular R with R R' = gram + a multiple of the unit matrix.

    The multiple makes the sum invertible.

    Elementwise operations, because the results of LAPACK differ between machines.
    """
    rest = gram.copy()
    rest[np.diag_indices(len(rest))] += 0.01 * math.fsum(np.diag(rest)) / len(rest) + 1
    for k in range(len(rest) - 1, -1, -1):
        rest[k, k] = np.sqrt(rest[k, k])
        rest[:k, k] /= rest[k, k]
        rest[:k, :k] -= rest[:k, k, None] * rest[None, :k, k]
    return np.triu(rest)


def _round_weights(weights: Array, units: Array, factor: Array) -> Array:
    wanted = weights.copy()
    rounded = np.zeros(weights.shape, np.int8)
    diagonal = np.diag(factor)
    for k in range(len(weights)):
        chosen = np.clip(np.rint(wanted[k] / units), -127, 127)
        rounded[k] = chosen
        wanted[k + 1 :] += (factor[k, k + 1 :] / diagonal[k + 1 :])[:, None] * (
            weights[k] - chosen * units
        )
    return rounded


def _add_rescale(layer: IntegerLayer, targets: Array) -> tuple[IntegerLayer, float]:
    """Return a hidden layer with its `Rescale`, and the value of 1 in the activations."""
    name = layer.activation
    if name == "relu":
        step = float(targets.max()) / 255
        if not step > 0:  # no calibration row activates the layer
            step = 1.0
        return layer._replace(rescale=_round_factors(layer.units / step, None)), step
    step = min(float(np.abs(targets).max()), _LIMITS[name]) / 255
    if not step > 0:
        step = 1.0
    net = _core.Net((1, 1), (name,), FOR_PREDICTION, np.float32)
    points = (np.arange(256) * step).astype(np.float32).reshape(-1, 1)
    values = net.forward(np.array([1, 0], np.float32), points)[:, 0].astype(np.float64)
    table = np.rint(values * _LEVELS[name]).astype(np.int64)
    return layer._replace(rescale=_round_factors(layer.units / step, table)), 1 / _LEVELS[name]


def _round_factors(factors: Array, table: Array | None) -> Rescale:
    """Return multipliers and shifts with multiplier / 2^shift = factor.

    This holds as far as the shift is from 1 to 62.
    """
    fractions, exponents = np.frexp(factors)
    multipliers = np.rint(fractions * 2**31).astype(np.int64)
    carry = multipliers == 2**31
    multipliers = np.where(carry, 2**30, multipliers)
    shifts = 31 - (exponents + carry)
    return Rescale(multipliers, np.clip(shifts, 1, 62).astype(np.int64), table)


# --------------------------------------------------------------------------------- calibration rows


class Int8Comparison(NamedTuple):
    """An int8 header compared with the float32 model on the calibration rows."""

    rows: int
    # rows with the same class, or with the same labels; None without classes
    same_class: int | None
    error: float | None  # root mean square difference of the outputs; None with classes
    accuracy: float | None  # of int8; None if `calibrate` had no labels
    float_accuracy: float | None

    def __str__(self) -> str:
        where = f"{self.rows:,} calibration rows"
        if self.error is not None:
            return (
                f"Root mean square difference between the outputs of int8 and float32 on {where}: "
                f"{self.error:.3g}."
            )
        assert self.same_class is not None
        share = f"{100 * self.same_class / self.rows:.2f} %"
        text = (
            f"int8 and float32 predict the same class for {self.same_class:,} of {where} ({share})."
        )
        if self.accuracy is None or self.float_accuracy is None:
            return text
        loss = 100 * (self.float_accuracy - self.accuracy)
        return (
            f"{text}\nAccuracy on these rows: {100 * self.accuracy:.2f} % with int8, "
            f"{100 * self.float_accuracy:.2f} % with float32, a loss of {loss:.2f} points."
        )


def calibration_rows(model: NetworkModel, calibrate: object) -> tuple[Array, Array | None]:
    """Return the validated rows and labels of the argument `calibrate`."""
    if calibrate is None:
        raise InvalidParameterError(
            "int8=True needs calibrate: rows of typical inputs, for example of the training data.",
            parameter="int8",
            value=True,
        )
    X = calibrate
    y = None
    if isinstance(calibrate, tuple) and len(calibrate) == 2:
        X, y = calibrate
    warn_of_other_order(X=X, y=y)
    rows = _check_rows(X)
    if rows.ndim != 2 or rows.shape[1] != model.n_inputs or not len(rows):
        raise ValueError(
            f"calibrate must have shape (n, {model.n_inputs}) with n > 0, got {rows.shape}."
        )
    if y is None:
        return rows, None
    if model.labels is None:
        raise ValueError("calibrate=(X, y) needs a classifier; pass calibrate=X for other models.")
    return rows, model.labels.encode(
        as_targets(y, len(rows), "to_c", labels=True, warn_of_column=False)
    )


def _check_rows(X: Any) -> AnyArray:
    """Return X as a finite array of uint8, float32 or float64."""
    if is_sparse(X):
        X = as_dense(X, "calibrate")
    array = rectangular(X, "calibrate")
    refuse_complex(array)
    if array.dtype not in IN_PLACE:
        array = to_float64(array, "calibrate")
    require_finite(array, "calibrate")
    return array


def compare(
    model: NetworkModel, net: IntegerNet, sums: Array, X: Array, y: Array | None
) -> Int8Comparison:
    """Return how well the outputs `sums` of the integer network agree with the float32 model."""
    outputs = model.net.forward(model.params, X, scale=model.input_scale)
    n = len(X)
    labels = model.labels
    if model.net.activations[-1] == "identity":
        difference = outputs.astype(np.float64) - sums * net.layers[-1].units
        return Int8Comparison(n, None, float(np.sqrt((difference**2).mean())), None, None)
    if model.combination.answer == "largest" and model.net.n_out > 1:
        same = outputs.argmax(axis=1) == sums.argmax(axis=1)
    else:
        same = ((outputs > 0.5) == (sums > 0)).all(axis=1)
        sums = (sums > 0).astype(np.float32)
    if y is None or labels is None:
        return Int8Comparison(n, int(same.sum()), None, None, None)
    accuracies = [float(labels.correct(decided, y).mean()) for decided in (sums, outputs)]
    return Int8Comparison(n, int(same.sum()), None, accuracies[0], accuracies[1])
