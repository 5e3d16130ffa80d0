"""Standardized targets: training on ``(y - shift) * factor``, and the output layer that predicts y itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp.inputs.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cmlp._core import Net
    from cmlp.training.state import TrainingState
    from cmlp.training.task import Data, Task

# The unit of a loss is this power of y's unit.
_POWERS: Mapping[Any, int] = {"squared_error": 2, "huber": 2, "absolute_error": 1, "quantile": 1}


class TargetScale(NamedTuple):
    """The scale of the targets, and the output layer for standardized targets.

    Attributes
    ----------
    shift, factor : ndarray of float64 of shape (n_outputs,)
        Training uses the targets ``(y - shift) * factor``.
    layer : ndarray or None
        Weights and biases of the output layer for these targets, while the parameters have the one for y: computing
        the one from the other is not exact. None while the parameters themselves have it, that is, during training.
    """

    shift: NDArray[np.float64]
    factor: NDArray[np.float64]
    layer: NDArray[Any] | None = None

    def apply(self, targets: NDArray[Any]) -> NDArray[np.float64]:
        """Return the standardized targets."""
        scaled: NDArray[np.float64] = (targets - self.shift) * self.factor
        return scaled

    def folded(self, net: Net, params: NDArray[Any]) -> TargetScale:
        """Change the output layer in `params`, so that the outputs are in y's unit; return the scale with the former.

        The output layer becomes ``W / factor`` and ``b / factor + shift``.
        """
        layer, weights, biases = output_layer(net, params)
        kept = layer.copy()
        weights[...] = weights / self.factor
        biases[...] = biases / self.factor + self.shift
        return self._replace(layer=kept)

    def unfolded(self, net: Net, params: NDArray[Any]) -> TargetScale:
        """Change the output layer in `params` back to that for standardized targets, with the bits of before.

        If a program has changed the output layer since, it is computed from the present one.
        """
        layer, weights, biases = output_layer(net, params)
        if self.layer is not None:
            present = layer.copy()
            layer[...] = self.layer
            self.folded(net, params)
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
        finite = shapes and bool(np.isfinite([self.shift, self.factor]).all()) and bool((self.factor > 0).all())
        layer = self.layer
        size = (net.sizes[-2] + 1) * net.n_out
        if not finite or (layer is not None and (layer.shape != (size,) or layer.dtype != net.dtype)):
            raise ValueError(f"The training state is damaged: the scale of the targets does not fit {net.sizes}.")


def output_layer(net: Net, params: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return views of the output layer in a parameter block: the whole layer, its weights and its biases."""
    n_in, n_out = net.sizes[-2:]
    layer = params[len(params) - (n_in + 1) * n_out :]
    return layer, layer[: n_in * n_out].reshape(n_in, n_out), layer[n_in * n_out :]


def learnt_scale(moments: Moments) -> TargetScale:
    """Return the scale that gives each column of targets the mean 0 and the standard deviation 1.

    A column without a spread gets the factor 1.
    """
    mean, deviation = moments.mean_and_deviation()
    if not np.isfinite(mean).all():
        raise ValueError("y has values that are too large for y_scale='standard': their mean is not finite.")
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        factor = 1 / deviation
    # Rounding can give a constant column a tiny deviation.
    constant = ~np.isfinite(factor) | (factor == 0) | (deviation <= 10 * np.finfo(np.float64).eps * np.abs(mean))
    return TargetScale(mean, np.where(constant, 1.0, factor))


def standardized(task: Task, net: Net, data: Data, state: TrainingState) -> Task:
    """Return a task with standardized targets, and bring the parameters of its training to their scale.

    The scale is learnt from the training rows; a state that has a scale keeps it.
    """
    if not task.standardize:
        return task
    if state.target_scale is None:
        moments = Moments()
        moments.add(task.targets, data.weight, state.order)
        state.target_scale = learnt_scale(moments)
    state.unfold(net)
    scale = state.target_scale
    same = bool((scale.factor == scale.factor[0]).all())  # otherwise, the terms of a loss have several units
    with np.errstate(over="ignore", under="ignore"):
        unit = float(scale.factor[0] ** -_POWERS[net.loss]) if same else 1.0
    if not 0 < unit < np.inf:
        raise ValueError(
            f"y must have a standard deviation whose square is a finite positive number for y_scale='standard' with "
            f"loss={net.loss!r}, got {1 / scale.factor[0]:g}: multiply y by a constant."
        )
    return task._replace(targets=scale.apply(task.targets), unit=unit, standardize=False, y_advice="")


def scale_of(fields: Mapping[str, Any] | None) -> TargetScale | None:
    """Return the scale with these attributes, for example from a pickle; raises ValueError if they are no arrays."""
    if fields is None:
        return None
    layer = fields.get("layer")
    if layer is not None:
        layer = _array(layer, "the output layer")
    shift, factor = (_array(fields.get(name), f"the {name} of the targets") for name in ("shift", "factor"))
    return TargetScale(shift.astype(np.float64), factor.astype(np.float64), layer)


def _array(value: object, what: str) -> NDArray[Any]:
    """Return an array of floats in native byte order."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        raise ValueError(f"The training state is damaged: {what} is {value!r}.")
    return value.astype(value.dtype.newbyteorder("="))
