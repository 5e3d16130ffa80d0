"""What an export reads from a network or a fitted estimator, and the import of optional packages."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp.network import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp import _core
    from cmlp.inputs.labels import Labels


class Source(NamedTuple):
    """The content of a trained model.

    Attributes
    ----------
    kind : str
        "Network", "MLPClassifier" or "MLPRegressor"; for an instance of a subclass, the class of cmlp.
    net : cmlp._core.Net
    params : ndarray of shape (n_params,)
    input_scale : float
    labels : cmlp.inputs.labels.Labels or None
        The classes of a classifier.
    feature_names : ndarray of str or None
    """

    kind: str
    net: _core.Net
    params: NDArray[Any]
    input_scale: float
    labels: Labels | None
    feature_names: NDArray[Any] | None

    def layers(self) -> list[tuple[NDArray[Any], NDArray[Any], str, float]]:
        """Return the weights (n_in, n_out), biases, activation and activation parameter of each layer."""
        weights, biases = self.net.views(self.params)
        return list(zip(weights, biases, self.net.activations, self.net.activation_parameters, strict=True))


def source_of(model: Any) -> Source:
    """Return the content of a network or a fitted estimator.

    Raises
    ------
    NotFittedError
        If an estimator is not fitted.
    ValueError
        If a weight is NaN or infinite.
    """
    if isinstance(model, Network):
        source = Source("Network", model._net, model.params, model._scale, None, None)
    else:
        fitted = model._fitted()
        kind = "MLPClassifier" if model._estimator_type == "classifier" else "MLPRegressor"
        source = Source(kind, fitted.net, fitted.params, fitted.input_scale, fitted.labels, fitted.feature_names)
    if not np.isfinite(source.params).all():
        raise ValueError("a weight is NaN or infinite: such a model cannot be exported")
    return source


def optional_package(name: str, user: str, extra: str | None = None) -> Any:
    """Import an optional package; raises ImportError with the command that installs it."""
    try:
        return import_module(name)
    except ImportError as error:
        target = name if extra is None else f"'cmlp[{extra}]'"
        raise ImportError(f"{user} needs the package {name}: install it with `pip install {target}`.") from error
