"""`Record`: the content of a network or a fitted estimator, for the parts of the package that know neither class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp import _core

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import DTypeLike, NDArray

    from cmlp.inputs.labels import Labels
    from cmlp.inputs.losses import LossFunction
    from cmlp.inputs.scale import InputScale


# Names of the public classes, which model files and ONNX files contain.
CLASS_NAMES = {"network": "Network", "classifier": "MLPClassifier", "regressor": "MLPRegressor"}


_TOLERANCE = 1e-7  # of weighted sums, if the input scale becomes a part of the weights


class Record:
    """What a trained model consists of.

    Attributes
    ----------
    net : cmlp._core.Net
        Layer sizes, activations, loss and dtype.
    params : ndarray of shape (n_params,)
        The model's own parameter block, not a copy.
    input_scale : float or cmlp.inputs.scale.InputScale
        Factor by which every input is multiplied, or a shift and a factor for each input.
    n_threads : int or None
        Maximum number of threads.
    kind : {"network", "classifier", "regressor"}
        What the outputs mean.
    labels : cmlp.inputs.labels.Labels or None
        The classes of a classifier.
    feature_names : ndarray of str or None
        Column names of the data frame in fit.
    """

    __slots__ = ("feature_names", "input_scale", "kind", "labels", "n_threads", "net", "params")

    def __init__(
        self,
        net: _core.Net,
        params: NDArray[Any],
        input_scale: float | InputScale = 1.0,
        n_threads: int | None = None,
        kind: str = "network",
        labels: Labels | None = None,
        feature_names: NDArray[Any] | None = None,
    ) -> None:
        self.net, self.params, self.input_scale, self.n_threads = net, params, input_scale, n_threads
        self.kind, self.labels, self.feature_names = kind, labels, feature_names

    @property
    def class_name(self) -> str:
        """Name of the public class; for an instance of a subclass, that of the parent class."""
        return CLASS_NAMES[self.kind]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes, input first."""
        return self.net.sizes

    @property
    def activations(self) -> tuple[str, ...]:
        """Activation of each layer after the input."""
        return self.net.activations

    @property
    def activation_parameters(self) -> tuple[float, ...]:
        """Activation parameter of each layer after the input; 0 if the activation has none."""
        return self.net.activation_parameters

    @property
    def loss(self) -> str | LossFunction:
        """Name of the loss, or the function."""
        return self.net.loss

    @property
    def loss_parameter(self) -> float | tuple[float, ...]:
        """Parameter of the loss, or a quantile for each output; 0 if it has none."""
        return self.net.loss_parameter

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the parameters and of all arithmetic."""
        return self.net.dtype

    @property
    def weights(self) -> list[NDArray[Any]]:
        """Weights of each layer, of shape (n_in, n_out): views of `params`."""
        return self.net.views(self.params)[0]

    @property
    def biases(self) -> list[NDArray[Any]]:
        """Biases of each layer, of shape (n_out,): views of `params`."""
        return self.net.views(self.params)[1]

    def replaced(self, net: _core.Net, params: NDArray[Any]) -> Record:
        """Return the same record with another network."""
        kept = (getattr(self, name) for name in ("input_scale", "n_threads", "kind", "labels", "feature_names"))
        return Record(net, params, *kept)

    def astype(self, dtype: DTypeLike) -> Record:
        """Return the same record with parameters in another type; those that it cannot hold become infinite."""
        net = self.net
        converted = _core.Net(
            net.sizes, net.activations, net.loss, dtype, net.activation_parameters, net.loss_parameter
        )
        with np.errstate(over="ignore"):
            return self.replaced(converted, self.params.astype(dtype))

    def unscaled(self) -> Record:
        """Return a record in float64 with the input scale in the weights and biases of the first layer.

        The weighted sums for raw inputs agree to about 1e-7.

        Raises
        ------
        ValueError
            If they cannot: a shift is so large that too few digits of its differences from the inputs would be left.
        """
        scale, record = self.input_scale, self.astype(np.float64)
        shift, factor = map(np.atleast_1d, scale if isinstance(scale, tuple) else (0.0, scale))
        weights, biases = record.weights[0], record.biases[0]
        with np.errstate(over="ignore", invalid="ignore"):
            weights *= factor[:, None]
            moved = shift[:, None] * weights
            biases -= moved.sum(axis=0)
            sizes = np.abs(moved)
        if not np.isfinite(record.params).all():
            name = "input_scale" if isinstance(scale, tuple) else f"input_scale={scale!r}"
            raise ValueError(f"The weights cannot have {name} as a part of them: they would not be finite.")
        if sizes.sum(axis=0).max() * np.finfo(np.float64).eps > _TOLERANCE:
            column = int(sizes.sum(axis=1).argmax())
            raise ValueError(
                f"input_scale has the shift {shift[column]:g} for column {column}, which is too large to become a part "
                "of the weights and biases, even in float64: subtract a constant from this column before fit."
            )
        record.input_scale = 1.0
        return record

    def layers(self) -> list[tuple[NDArray[Any], NDArray[Any], str, float]]:
        """Return the weights (n_in, n_out), biases, activation and activation parameter of each layer."""
        return list(zip(self.weights, self.biases, self.activations, self.activation_parameters, strict=True))


def record_of(model: Any) -> Record:
    """Return the content of a `Network` or a fitted estimator; a record is returned as it is.

    Raises
    ------
    NotFittedError
        If an estimator is not fitted.
    TypeError
        If `model` is neither.
    """
    if isinstance(model, Record):
        return model
    read = getattr(model, "_record", None)
    if read is None:
        raise TypeError(f"A Network, an MLPClassifier or an MLPRegressor is needed, got {type(model).__name__}.")
    record: Record = read()
    return record
