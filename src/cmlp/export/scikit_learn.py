"""Conversion of scikit-learn's fitted multilayer perceptrons."""

from __future__ import annotations

from typing import Any

import numpy as np

from cmlp.exceptions import NotFittedError, sklearn_class
from cmlp.export.assembly import Layer, network_of
from cmlp.files.models import Content
from cmlp.inputs.labels import Labels, as_labels
from cmlp.record import CLASS_NAMES
from cmlp.training.history import Curve, History
from cmlp.training.state import TrainingState


def read_sklearn(model: Any) -> Content:
    """Return the content of a fitted estimator of scikit-learn; see `cmlp.from_sklearn`."""
    names = {cls.__name__ for cls in type(model).__mro__ if cls.__module__.startswith("sklearn.neural_network.")}
    kind = next((kind for kind, name in CLASS_NAMES.items() if name in names), None)
    if kind is None:
        raise TypeError(
            "from_sklearn needs an MLPClassifier or MLPRegressor of scikit-learn, "
            f"got {type(model).__module__}.{type(model).__qualname__}"
        )
    if not hasattr(model, "coefs_"):
        raise sklearn_class(NotFittedError)(
            f"This {type(model).__name__} instance is not fitted yet. Call 'fit' before from_sklearn."
        )
    hidden = [model.activation] * (len(model.coefs_) - 1)
    tensors = zip(model.coefs_, model.intercepts_, [*hidden, model.out_activation_], strict=True)
    record = network_of([Layer(*tensor) for tensor in tensors], loss=getattr(model, "loss", None))
    record.kind = kind
    record.labels = _labels(model) if kind == "classifier" else None
    feature_names = getattr(model, "feature_names_in_", None)
    record.feature_names = None if feature_names is None else np.array(feature_names, object)
    state = TrainingState(record.params, _history(model))
    state.epoch = int(model.n_iter_)
    return Content(record, model.get_params(deep=False), state)


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
