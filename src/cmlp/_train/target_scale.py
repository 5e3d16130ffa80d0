"""Standardized targets: training on ``(y - shift) * factor``, and the output layer that predicts y itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from cmlp._bridge._core import Net
from cmlp._bridge.blocks import output_layer
from cmlp._data.array_types import AnyArray, DTypeLike, Floats, NDArray
from cmlp._data.scale import Moments, median_and_spread, sample, spacing, too_coarse
from cmlp._process.warnings import warn_of_data
from cmlp.exceptions import FarTargetsWarning, InvalidParameterError


class TargetScale(NamedTuple):
    """The scale of the targets: training uses ``(y - shift) * factor``, with a number for each output.

    `layer` has the weights and biases of the output layer for these targets, while the parameters have the one for y:
    computing the one from the other is not exact. It is None while the parameters themselves have it, that is, during
    training. `kind` is how the scale was learned: a value of the parameter `y_scale`.
    """

    shift: NDArray[np.float64]
    factor: NDArray[np.float64]
    layer: Floats | None = None
    kind: str = "standard"

    def apply(self, targets: AnyArray) -> NDArray[np.float64]:
        """Return the standardized targets."""
        scaled: NDArray[np.float64] = (targets - self.shift) * self.factor
        return scaled

    def into_params(self, net: Net, params: Floats) -> TargetScale:
        """Make the output layer in `params` predict y (``W / factor``, ``b / factor + shift``); keep the original."""
        layer, weights, biases = output_layer(net, params)
        original = layer.copy()
        weights[...] = weights / self.factor
        biases[...] = biases / self.factor + self.shift
        return self._replace(layer=original)

    def out_of_params(self, net: Net, params: Floats) -> TargetScale:
        """Undo `into_params`, exactly unless a program has changed the output layer since."""
        layer, weights, biases = output_layer(net, params)
        if self.layer is not None:
            present = layer.copy()
            layer[...] = self.layer
            self.into_params(net, params)
            if layer.tobytes() == present.tobytes():
                layer[...] = self.layer
                return self._replace(layer=None)
            layer[...] = present
        weights[...] = weights * self.factor
        biases[...] = (biases - self.shift) * self.factor
        return self._replace(layer=None)

    def check(self, net: Net) -> None:
        """Raise ValueError unless the scale matches the network."""
        shapes = [self.shift.shape, self.factor.shape] == [(net.n_out,)] * 2
        finite = (
            shapes
            and bool(np.isfinite([self.shift, self.factor]).all())
            and bool((self.factor > 0).all())
        )
        layer = self.layer
        size = (net.sizes[-2] + 1) * net.n_out
        if not finite or (
            layer is not None and (layer.shape != (size,) or layer.dtype != net.dtype)
        ):
            raise ValueError(f"the scale of the targets does not fit {net.sizes}.")


def learned_target_scale(
    kind: str,
    targets: AnyArray,
    weight: NDArray[np.float64] | None,
    row_index: NDArray[np.int64] | None,
    dtype: DTypeLike,
) -> TargetScale:
    """Learn the scale of the targets from some rows (None for all) for a network of a dtype."""
    if kind == "robust":
        return robust_scale(targets, weight, row_index, dtype)
    moments = Moments()
    moments.add(targets, weight, row_index)
    return standard_scale(moments, dtype)


def standard_scale(moments: Moments, dtype: DTypeLike) -> TargetScale:
    """Return the scale that gives each column of targets the mean 0 and the standard deviation 1.

    A column of equal values gets the factor 1. Raises ValueError if a network of this dtype cannot predict y itself.
    """
    mean, deviation = moments.mean_and_deviation()
    if not np.isfinite(mean).all():
        raise ValueError(
            "y has values that are too large for y_scale='standard': their mean is not finite."
        )
    return _target_scale_of("standard", mean, deviation, dtype)


def robust_scale(
    targets: AnyArray,
    weight: NDArray[np.float64] | None,
    row_index: NDArray[np.int64] | None,
    dtype: DTypeLike,
) -> TargetScale:
    """Return the scale that gives each column of some targets the median 0 and the interquartile range 1.

    `row_index` has the rows of the training; None for all. Otherwise as `standard_scale`.
    """
    row_index = np.arange(len(targets)) if row_index is None else np.sort(row_index)
    if weight is not None:
        row_index = row_index[weight[row_index] > 0]
        weight = weight[row_index]
    y = np.asarray(targets[row_index], np.float64)
    center, spread = np.array([median_and_spread(column, weight) for column in y.T]).T
    return _target_scale_of("robust", center, spread, dtype)


def _target_scale_of(
    kind: str, center: NDArray[np.float64], spread: NDArray[np.float64], dtype: DTypeLike
) -> TargetScale:
    """Return the scale with a center and a spread for each column; the factor of a spread of 0 is 1."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        factor = 1 / spread
    if dtype == np.float32:
        _require_resolution(kind, center, spread)
    return TargetScale(
        center, np.where(~np.isfinite(factor) | (factor == 0), 1.0, factor), kind=kind
    )


def _require_resolution(
    kind: str, center: NDArray[np.float64], spread: NDArray[np.float64]
) -> None:
    """Raise ValueError if the outputs of a float32 network cannot have the differences between the targets."""
    coarse = too_coarse(center, spread, np.float32)
    if coarse.any():
        k = int(coarse.argmax())
        if kind == "standard":
            names = ("mean", "standard deviation")
        else:
            names = ("median", "interquartile range")
        raise InvalidParameterError(
            f"y_scale={kind!r} needs dtype='float64' for this y: column {k} has the {names[0]} "
            f"{center[k]:.6g} and the {names[1]} {spread[k]:.3g}, but a float32 network predicts "
            f"{multiples(center[k])}. Pass dtype='float64', or subtract an offset from y.",
            parameter="y_scale",
            value=kind,
        )


def multiples(center: float) -> str:
    """Return which numbers float32 has near `center`, for a message."""
    step = spacing(center, np.float32)
    return "no such numbers" if np.isnan(step) else f"multiples of {step:.3g} there"


def warn_of_lost_targets(targets: AnyArray, weight: NDArray[np.float64] | None) -> None:
    """Warn if the conversion of targets to float32 loses much of their differences. At most 256 rows are judged."""
    if targets.dtype != np.float64 or _differ(targets[0], targets[len(targets) // 2]):
        return
    row_index = sample(len(targets))
    y = targets[row_index] if weight is None else targets[row_index][weight[row_index] > 0]
    with np.errstate(over="ignore"):
        rounded = y.astype(np.float32)
    if (y == rounded).all() or not np.isfinite(
        rounded
    ).all():  # no loss; the core refuses infinite targets
        return
    moments = Moments()  # unlike np.std, it gives equal numbers the deviation 0
    moments.add(y)
    center, deviation = moments.mean_and_deviation()
    coarse = too_coarse(center, deviation, np.float32)
    if coarse.any():
        k = int(coarse.argmax())
        warn_of_data(
            f"y has the mean {center[k]:.6g} and the standard deviation {deviation[k]:.3g} in "
            f"column {k}, but a float32 network computes with {multiples(center[k])}: use "
            "dtype='float64', or subtract an offset from y.",
            FarTargetsWarning,
        )


def _differ(first: AnyArray, second: AnyArray) -> bool:
    """Return whether two rows prove that the targets are not too close together: a cheap test for small data."""
    return all(
        abs(p - q) > max(abs(p), abs(q)) / 1024
        for p, q in zip(first.tolist(), second.tolist(), strict=True)
    )


def scale_of(fields: Mapping[str, Any]) -> TargetScale:
    """Return the scale with these attributes, for example from a pickle; raises ValueError if they are no arrays."""
    layer = fields.get("layer")
    if layer is not None:
        layer = _float_array(layer, "the output layer")
    shift, factor = (
        _float_array(fields.get(name), f"the {name} of the targets") for name in ("shift", "factor")
    )
    return TargetScale(
        shift.astype(np.float64), factor.astype(np.float64), layer, str(fields["kind"])
    )


def _float_array(value: object, what: str) -> AnyArray:
    """Return an array of floats in native byte order."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        raise ValueError(f"{what} is {value!r}.")
    return value.astype(value.dtype.newbyteorder("="))
