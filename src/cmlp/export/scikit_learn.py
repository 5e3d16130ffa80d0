"""Conversion of scikit-learn's fitted multilayer perceptrons."""

from __future__ import annotations

from typing import Any

import numpy as np

from cmlp.estimators.classifier import MLPClassifier
from cmlp.estimators.regressor import MLPRegressor
from cmlp.exceptions import NotFittedError, sklearn_class
from cmlp.export.assembly import Layer, fit_estimator, network_of
from cmlp.inputs.labels import Labels, as_labels
from cmlp.training.history import Curve, History

_OWN = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}


def from_sklearn(model: Any) -> MLPClassifier | MLPRegressor:
    """Convert a fitted estimator of scikit-learn.

    Parameters
    ----------
    model : sklearn.neural_network.MLPClassifier or sklearn.neural_network.MLPRegressor

    Returns
    -------
    MLPClassifier or MLPRegressor
        A fitted estimator with the same parameters, a copy of the weights in their dtype, and the same classes, feature
        names, curves and counters. Its results agree up to rounding. The state of the optimizer is not converted, so
        `partial_fit` starts with a new optimizer.

    Raises
    ------
    NotFittedError
        If `model` is not fitted.
    TypeError
        If `model` is another object, for example a pipeline: convert its last step.

    Examples
    --------
    >>> import cmlp
    >>> from sklearn.neural_network import MLPRegressor  # doctest: +SKIP
    >>> theirs = MLPRegressor((8,)).fit(X, y)  # doctest: +SKIP
    >>> cmlp.from_sklearn(theirs).save("model.cmlp")  # doctest: +SKIP
    """
    names = {cls.__name__ for cls in type(model).__mro__ if cls.__module__.startswith("sklearn.neural_network.")}
    kind = next((own for name, own in _OWN.items() if name in names), None)
    if kind is None:
        raise TypeError(
            "from_sklearn needs an MLPClassifier or MLPRegressor of scikit-learn, "
            f"got {type(model).__module__}.{type(model).__qualname__}"
        )
    if not hasattr(model, "coefs_"):
        raise sklearn_class(NotFittedError)(
            f"This {type(model).__name__} instance is not fitted yet. Call 'fit' before from_sklearn."
        )
    parameters = model.get_params(deep=False)
    own_names = kind().get_params()
    estimator: MLPClassifier | MLPRegressor = kind(
        **{name: value for name, value in parameters.items() if name in own_names}
    )
    hidden = [model.activation] * (len(model.coefs_) - 1)
    tensors = zip(model.coefs_, model.intercepts_, [*hidden, model.out_activation_], strict=True)
    network = network_of([Layer(*tensor) for tensor in tensors], loss=getattr(model, "loss", None))
    feature_names = getattr(model, "feature_names_in_", None)
    fit_estimator(
        estimator,
        network,
        _labels(model) if kind is MLPClassifier else None,
        None if feature_names is None else np.array(feature_names, object),
        _history(model),
    )
    estimator._model.state.epoch = int(model.n_iter_)
    return estimator


def _labels(model: Any) -> Labels:
    """Return the classes of a classifier. Only multilabel targets give several logistic outputs."""
    multilabel = model.out_activation_ == "logistic" and model.n_outputs_ > 1
    return Labels("multilabel" if multilabel else "labels", as_labels(model.classes_, "classes_"))


def _history(model: Any) -> History:
    history = History()
    history.t = int(getattr(model, "t_", 0))
    history.stale = int(getattr(model, "_no_improvement_count", 0))
    for name in ("loss", "best_loss", "best_validation_score"):
        value = getattr(model, f"{name}_", None)
        setattr(history, name, None if value is None else float(value))
    history.loss_curve = _curve(getattr(model, "loss_curve_", []))
    scores = getattr(model, "validation_scores_", None)
    history.validation_scores = None if scores is None else _curve(scores)
    return history


def _curve(values: Any) -> Curve:
    return Curve((tuple(map(float, values)),)) if len(values) else Curve()
