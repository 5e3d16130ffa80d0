"""Conversion of scikit-learn's fitted multilayer perceptrons.

Scalers before them in a pipeline are converted, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.labels import Labels, as_labels
from cmlp._data.scale import InputScale, composed
from cmlp._model.formats import require
from cmlp._model.from_layers import Layer, network_of
from cmlp._model.model import CLASS_NAMES, NetworkModel, TrainedModel
from cmlp._parameters.schedules import has_epochs
from cmlp._train.state import Curve, History, TrainingState
from cmlp.exceptions import NotFittedError, optional, sklearn_class

# What scikit-learn's estimators can compute: the activations of hidden layers, and the losses with
# their outputs.
_HIDDEN = ("identity", "logistic", "relu", "tanh")
_OUTPUTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "classifier": {"log_loss": ("logistic", "softmax")},
    "regressor": {"squared_error": ("identity",), "poisson": ("exp",)},
}
# Parameters that matter in further training only, with the values that scikit-learn has.
_CHOICES = {
    "solver": ("lbfgs", "sgd", "adam"),
    "learning_rate": ("constant", "invscaling", "adaptive"),
}


def read_sklearn(theirs: Any) -> tuple[NetworkModel, dict[str, Any], TrainingState]:
    """Return model, parameters and training state of an estimator of scikit-learn.

    See `cmlp.from_sklearn`.
    """
    names = {
        cls.__name__
        for cls in type(theirs).__mro__
        if cls.__module__.startswith("sklearn.neural_network.")
    }
    kind = next((kind for kind, name in CLASS_NAMES.items() if name in names), None)
    if kind is None:
        raise TypeError(
            "from_sklearn needs an MLPClassifier or MLPRegressor of scikit-learn, "
            f"got {type(theirs).__module__}.{type(theirs).__qualname__}"
        )
    if not hasattr(theirs, "coefs_"):
        raise sklearn_class(NotFittedError)(
            f"This {type(theirs).__name__} instance is not fitted yet. Call 'fit' before "
            "from_sklearn."
        )
    hidden = [theirs.activation] * (len(theirs.coefs_) - 1)
    coefs, intercepts = (
        list(map(np.asarray, arrays)) for arrays in (theirs.coefs_, theirs.intercepts_)
    )
    if any(tensor.dtype != np.float32 for tensor in (*coefs, *intercepts)):
        # whose dtype is that of the network
        coefs = [tensor.astype(np.float64) for tensor in coefs]
    tensors = zip(coefs, intercepts, [*hidden, theirs.out_activation_], strict=True)
    model = network_of([Layer(*tensor) for tensor in tensors], loss=getattr(theirs, "loss", None))
    labels = None
    if kind == "classifier":  # only multilabel targets give several logistic outputs
        multilabel = theirs.out_activation_ == "logistic" and theirs.n_outputs_ > 1
        labels = Labels(as_labels(theirs.classes_, "classes_"), is_multilabel=multilabel)
    columns = getattr(theirs, "feature_names_in_", None)
    parameters = theirs.get_params(deep=False)
    model = model.replace(kind=kind, labels=labels, names=columns)
    state = TrainingState(model.params, _read_history(theirs))
    state.epoch = int(theirs.n_iter_)
    return model, parameters, state


def _read_history(theirs: Any) -> History:
    history = History()
    history.t = int(getattr(theirs, "t_", 0))
    history.stale = int(getattr(theirs, "_no_improvement_count", 0))
    for name in ("loss", "best_loss", "best_validation_score"):
        value = getattr(theirs, f"{name}_", None)
        if value is not None:
            value = float(value)
        setattr(history, name, value)
    history.loss_curve = Curve.from_values(getattr(theirs, "loss_curve_", []))
    scores = getattr(theirs, "validation_scores_", None)
    if scores is None:
        history.validation_scores = None
    else:
        history.validation_scores = Curve.from_values(scores)
    return history


def to_sklearn(
    model: TrainedModel, parameters: Mapping[str, Any], state: TrainingState | None
) -> Any:
    """Return a fitted estimator of scikit-learn; see `MLPClassifier.to_sklearn`."""
    require(model, "to_sklearn")
    neural_network = optional(
        "sklearn.neural_network",
        "to_sklearn needs scikit-learn: install it with `pip install scikit-learn`.",
    )
    # of all estimators but those for tables
    assert isinstance(model, NetworkModel) and state is not None
    theirs = getattr(neural_network, model.class_name)()
    defaults = theirs.get_params(deep=False)
    _require_representable(model, defaults)
    if model.input_scale != 1:
        model = model.unscaled()
    net = model.net
    hidden = model.net.activations[:-1]
    network: dict[str, Any] = {
        "hidden_layer_sizes": net.sizes[1:-1],
        "activation": hidden[0] if hidden else "relu",
    }
    if "loss" in defaults:
        network["loss"] = net.loss
    theirs.set_params(**_select_parameters(parameters, defaults), **network)
    theirs.coefs_ = [weights.copy() for weights in model.first.weights]
    theirs.intercepts_ = [biases.copy() for biases in model.first.biases]
    theirs.n_features_in_ = net.n_in
    theirs.n_outputs_ = net.n_out
    theirs.n_layers_ = len(net.sizes)
    theirs.out_activation_ = net.activations[-1]
    if model.labels is not None:
        theirs._label_binarizer = _make_label_binarizer(model.labels)
        theirs.classes_ = theirs._label_binarizer.classes_
    if model.feature_names is not None:
        theirs.feature_names_in_ = model.feature_names.copy()
    _set_history(theirs, state)
    return theirs


def _require_representable(model: NetworkModel, defaults: Mapping[str, Any]) -> None:
    """Raise ValueError unless scikit-learn's estimator can compute the same predictions."""
    net = model.net
    hidden = net.activations[:-1]
    output = net.activations[-1]
    loss = net.loss
    impossible = []
    if len(set(hidden)) > 1:
        impossible.append(f"activation={list(hidden)!r}")
    elif not set(hidden) <= set(_HIDDEN):
        impossible.append(f"activation={hidden[0]!r}")
    outputs = None
    if isinstance(loss, str):
        outputs = _OUTPUTS[model.kind].get(loss)
    if outputs is None or (loss == "poisson" and "loss" not in defaults):
        impossible.append(f"loss={loss!r}")
    elif output not in outputs:
        impossible.append(f"out_activation_={output!r}")
    if impossible:
        raise ValueError(
            f"scikit-learn's {model.class_name} cannot have {' and '.join(impossible)}."
        )


def _select_parameters(
    parameters: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the parameters that scikit-learn has too, except values that it does not accept."""

    def accepted(name: str, value: Any) -> bool:
        if name in _CHOICES:
            return value in _CHOICES[name]
        return isinstance(value, Real) or not isinstance(defaults[name], Real)

    own = {"hidden_layer_sizes", "activation", "loss"}  # set_params may have changed them after fit
    shared = {
        name: value for name, value in parameters.items() if name in defaults and name not in own
    }
    return {name: value for name, value in shared.items() if accepted(name, value)}


def _make_label_binarizer(labels: Labels) -> Any:
    """Return scikit-learn's encoder of targets, a private attribute of its classifiers."""
    from sklearn.preprocessing import LabelBinarizer  # type: ignore[import-untyped]

    n_classes = len(labels.classes)
    if labels.kind == "multilabel":
        return LabelBinarizer().fit(np.eye(n_classes, dtype=int))
    binarizer = LabelBinarizer().fit(np.arange(n_classes))
    binarizer.classes_ = labels.classes.copy()
    return binarizer


def _set_history(theirs: Any, state: TrainingState) -> None:
    """Set counters and curves.

    Some of them only `partial_fit` and warm starts of scikit-learn read.
    """
    history = state.history
    theirs.n_iter_ = state.epoch
    theirs.t_ = history.t
    theirs.loss_ = history.loss
    theirs._best_coefs = [weights.copy() for weights in theirs.coefs_]
    theirs._best_intercepts = [biases.copy() for biases in theirs.intercepts_]
    if not has_epochs(theirs.solver):
        return
    theirs._no_improvement_count = history.stale
    theirs.loss_curve_ = list(history.loss_curve)
    best_loss = history.best_loss
    best_score = history.best_validation_score
    scores = history.validation_scores
    if theirs.early_stopping:
        theirs.validation_scores_ = list(scores or ())
        theirs.best_loss_ = None
        if best_score is None:
            theirs.best_validation_score_ = -np.inf
        else:
            theirs.best_validation_score_ = best_score
    else:
        theirs.validation_scores_ = None
        if best_loss is None:
            theirs.best_loss_ = np.inf
        else:
            theirs.best_loss_ = best_loss
        theirs.best_validation_score_ = None


# ---------------------------------------------------------------------------------------- pipelines


def steps_of(pipeline: Any) -> list[Any]:
    """Return the steps of a pipeline, without those that do nothing."""
    steps = getattr(pipeline, "steps", None)
    if not isinstance(steps, list) or not steps:
        raise TypeError(
            f"pipeline must be a Pipeline of scikit-learn, got {type(pipeline).__name__}."
        )
    return [step for _, step in steps if step not in ("passthrough", None)]


def pipeline_scale(scalers: Sequence[Any], scale: float | InputScale, n_inputs: int) -> InputScale:
    """Return the scale of inputs that pass these scalers and then `scale`, that of the network."""
    whole: Any = (np.zeros(n_inputs), np.ones(n_inputs))
    inner = scale if isinstance(scale, InputScale) else (0.0, scale)
    for one in (*map(_read_scaler, scalers), inner):
        whole = composed(whole, one)
    return InputScale(*whole)


def _read_scaler(scaler: Any) -> tuple[NDArray[np.float64] | float, NDArray[np.float64] | float]:
    """Return shift and factor of a fitted scaler."""
    scaler_type = type(scaler)
    read = None
    if scaler_type.__module__.startswith("sklearn.preprocessing."):
        read = _SCALERS.get(scaler_type.__name__)
    if read is None:
        raise TypeError(
            f"from_pipeline supports {', '.join(_SCALERS)} before the network, got "
            f"{scaler_type.__name__}: transform X before."
        )
    if getattr(scaler, "clip", False):
        raise ValueError(
            f"{scaler_type.__name__}(clip=True) is not supported: the network would need inputs that are "
            "clipped."
        )
    if not hasattr(scaler, "n_features_in_"):
        raise ValueError(f"This {scaler_type.__name__} is not fitted yet.")
    shift, factor = read(scaler)
    return shift, factor


def _invert(scale: Any) -> Any:
    if scale is None:
        return 1.0
    return 1 / np.asarray(scale, np.float64)


def _read_standard(scaler: Any) -> tuple[Any, Any]:
    return (
        scaler.mean_ if scaler.with_mean else 0.0,
        _invert(scaler.scale_) if scaler.with_std else 1.0,
    )


def _read_robust(scaler: Any) -> tuple[Any, Any]:
    return (
        scaler.center_ if scaler.with_centering else 0.0,
        _invert(scaler.scale_) if scaler.with_scaling else 1.0,
    )


def _read_min_max(scaler: Any) -> tuple[Any, Any]:
    # Not `feature_range`, which may have been changed since fit.
    low = scaler.min_ + scaler.data_min_ * scaler.scale_
    return composed((scaler.data_min_, scaler.scale_), (-low, 1.0))


def _read_max_abs(scaler: Any) -> tuple[Any, Any]:
    return 0.0, _invert(scaler.scale_)


_SCALERS: dict[str, Any] = {
    "StandardScaler": _read_standard,
    "MinMaxScaler": _read_min_max,
    "RobustScaler": _read_robust,
    "MaxAbsScaler": _read_max_abs,
}
