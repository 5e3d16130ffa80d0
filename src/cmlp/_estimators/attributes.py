"""Fitted attributes such as `coefs_`: descriptors that read and replace what fit has left, a `Fitted`.

In scikit-learn, fitted attributes are plain attributes that a user can set. Here they are read from a `Fitted`, so an
assignment makes another one, which replaces it. It locks the estimator, as a fit does: beside a fit in another thread,
either of the two would be lost.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Generic, Self, SupportsIndex, TypeAlias, TypeVar, overload

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import fill_tensors
from cmlp._data.arrays import rectangular
from cmlp._data.columns import texts_of_names
from cmlp._data.labels import Labels, as_labels, is_sorted, kind_of_labels
from cmlp._data.losses import FOR_PREDICTION
from cmlp._fit.fitted import ASSIGNED, NETWORK, Fitted, can_assemble, fitted_of, run_locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cmlp._data.array_types import ArrayLike
    from cmlp._model.model import NetworkModel
    from cmlp._train.state import Curve

    # Returns a `Fitted` with the value that was assigned.
    Write: TypeAlias = Callable[[Fitted[NetworkModel], Any], Fitted[NetworkModel]]

Value = TypeVar("Value")


# ------------------------------------------------------------------------------- what an assignment makes of a `Fitted`


def with_int(name: str) -> Write:
    """Return a function that sets an int attribute of the history."""
    return lambda result, value: _with_history(result, name, operator.index(value))


def with_real(name: str) -> Write:
    """Return a function that sets an attribute of the history to a float or None."""
    return lambda result, value: _with_history(
        result, name, None if value is None else float(value)
    )


def with_curve(name: str) -> Write:
    """Return a function that sets a curve of the history from a list of floats or None."""

    def assign(result: Fitted[NetworkModel], value: Iterable[float] | None) -> Fitted[NetworkModel]:
        from cmlp._train.state import Curve

        return _with_history(result, name, None if value is None else Curve.from_values(value))

    return assign


def _with_history(result: Fitted[NetworkModel], name: str, value: object) -> Fitted[NetworkModel]:
    history = result.state.history.copy()
    setattr(history, name, value)
    return result.with_state(history=history)


def with_n_iter(result: Fitted[NetworkModel], value: SupportsIndex) -> Fitted[NetworkModel]:
    """Set the number of epochs."""
    return result.with_state(epoch=operator.index(value))


def with_feature_names(result: Fitted[Any], value: ArrayLike | None) -> Fitted[Any]:
    """Set the column names; None if the model has none."""
    names = None if value is None else rectangular(value, "feature_names_in_").astype(object)
    width = result.model.n_inputs
    if names is not None and names.shape != (width,):
        raise ValueError(
            f"feature_names_in_ must have {width} names, got an array of shape {names.shape}."
        )
    if names is not None and texts_of_names(names.tolist()) is None:
        raise ValueError(f"feature_names_in_ must have names that are text, got {value!r}.")
    return result._replace(model=result.model.with_names(names))


def with_classes(result: Fitted[Any], value: ArrayLike) -> Fitted[Any]:
    """Set the labels of the classes."""
    labels, present = as_labels(value, "classes_"), result.model.class_labels
    kind_of_labels(labels, "classes_")
    is_ordered = present.is_ordered
    is_valid = len(np.unique(labels)) == len(labels) if is_ordered else is_sorted(labels)
    if labels.shape != present.classes.shape or not is_valid:
        what = "a list" if is_ordered else "a sorted list"
        raise ValueError(
            f"classes_ must be {what} of {len(present.classes)} distinct labels, got {value!r}."
        )
    now = Labels(labels, is_multilabel=present.kind == "multilabel", is_ordered=is_ordered)
    return result._replace(model=result.model.replace(labels=now))


def with_out_activation(result: Fitted[NetworkModel], value: Any) -> Fitted[NetworkModel]:
    """Set the activation of the output layer for predictions. A warm start then raises ValueError."""
    from cmlp._parameters.constraints import OUTPUTS  # few programs need it

    net = result.model.net
    if value not in OUTPUTS:
        raise ValueError(
            f"out_activation_ must be the name of an output activation, got {value!r}."
        )
    loss = net.loss
    if callable(loss) or value not in _core.LOSSES[loss].outputs:
        loss = FOR_PREDICTION
    parameters = (*net.activation_parameters[:-1], _core.ACTIVATIONS[value].parameter)
    parameter = net.loss_parameter if loss == net.loss else _core.LOSSES[loss].parameter
    net = _core.Net(
        net.sizes, (*net.activations[:-1], value), loss, net.dtype, parameters, parameter
    )
    return result._replace(model=result.model.replace(networks=[(net, result.model.params)]))


# ------------------------------------------------------------------------------------------------------ the descriptors


class FittedAttribute(Generic[Value]):
    """A fitted attribute, which a program can also assign; `kind` and `doc` are its type and meaning, for ``help()``.

    If `read` returns None for a `Fitted`, the attribute does not exist, unless it is `nullable`. `write` returns a
    `Fitted` with an assigned value; if None, only the current value can be assigned. With `epochs`, the attribute
    exists only after training in epochs, that is, not after ``solver="lbfgs"``.
    """

    def __init__(
        self,
        read: Callable[[Fitted[NetworkModel]], Value | None],
        kind: str,
        doc: str,
        write: Write | None = None,
        *,
        nullable: bool = False,
        epochs: bool = False,
    ) -> None:
        self.read = read
        self.kind = kind
        self.write = write
        self.nullable = nullable
        self.epochs = epochs
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, estimator: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self, estimator: object, owner: type | None = None) -> Value: ...

    def __get__(self, estimator: object, owner: type | None = None) -> Self | Value:
        if estimator is None:
            return self
        result = fitted_of(estimator)
        if result is None:
            return self._assigned(estimator)
        history = result.state.history
        if self.epochs and not (history.loss_curve or history.t):
            raise self._missing(estimator)
        value = self.read(result)
        if value is None and not self.nullable:
            raise self._missing(estimator)
        return value  # type: ignore[return-value]  # None only if Value includes it

    def _assigned(self, estimator: object) -> Value:
        try:
            value: Value = vars(estimator)[ASSIGNED][self.name]
        except KeyError:
            raise self._missing(estimator) from None
        return value

    def _missing(self, estimator: object) -> AttributeError:
        return AttributeError(f"{type(estimator).__name__!r} object has no attribute {self.name!r}")

    def __set__(self, estimator: object, value: object) -> None:
        run_locked(estimator, self._assign, estimator, value)

    def _assign(self, estimator: object, value: object) -> None:
        result = fitted_of(estimator)
        if result is None:
            vars(estimator).setdefault(ASSIGNED, {})[self.name] = value
        elif self.write is None:
            self._require_equal(value, self.read(result))
        else:
            estimator._result = self.write(result, value)  # type: ignore[attr-defined]

    def __delete__(self, estimator: object) -> None:
        run_locked(estimator, self._delete, estimator)

    def _delete(self, estimator: object) -> None:
        if not hasattr(estimator, self.name):
            raise self._missing(estimator)
        if fitted_of(estimator) is None:
            del vars(estimator)[ASSIGNED][self.name]
        elif self.nullable or self.write is not with_feature_names:
            raise AttributeError(f"{self.name} cannot be deleted.")
        else:
            self._assign(estimator, None)

    def _require_equal(self, value: object, present: object) -> None:
        if value != present:
            raise ValueError(
                f"{self.name} must be {present!r}, to match the shapes in coefs_, got {value!r}."
            )


class FittedTensors(FittedAttribute[tuple[np.ndarray, ...]]):
    """A fitted attribute: a tuple of views of the parameter block. Assigning copies the values into the block."""

    def _assign(self, estimator: object, value: object) -> None:
        if fitted_of(estimator) is None:
            super()._assign(estimator, value)
        else:
            fill_tensors(self.__get__(estimator), value, self.name)


class FittedNetwork(FittedAttribute[Any]):
    """The fitted attribute that is a `Network`: always the same object, until a new fit."""

    def __get__(self, estimator: Any, owner: type | None = None) -> Any:
        """Return the network; for an estimator that has parameters only by assignment, assemble its model first."""
        if estimator is None:
            return self
        if fitted_of(estimator) is None and not can_assemble(estimator):
            raise self._missing(estimator)
        model: NetworkModel = estimator._trained()
        network = vars(estimator).get(NETWORK)
        if network is None or network.params is not model.params:
            from cmlp._estimators.network import Network  # few programs need it

            network = Network._assembled(
                model.net, model.params, model.input_scale, estimator.n_threads
            )
            vars(estimator)[NETWORK] = network
        # The activation of the outputs may have been assigned.
        _core.replace_attributes((network._sharing(model.net, model.params),), ())
        return network

    def __set__(self, estimator: object, value: object) -> None:
        raise AttributeError(
            f"{self.name} cannot be assigned: assign to its params, weights or biases."
        )


class FittedAttributes:
    """The fitted attributes of both the classifier and the regressor."""

    coefs_ = FittedTensors(
        lambda result: result.model.coefs,
        "tuple of ndarray",
        (
            "Weights of each layer, of shape (n_in, n_out): views of one block. Assigning copies "
            "values into the block."
        ),
    )
    intercepts_ = FittedTensors(
        lambda result: result.model.intercepts,
        "tuple of ndarray",
        (
            "Biases of each layer, of shape (n_out,): views of one block. Assigning copies values "
            "into the block."
        ),
    )
    network_ = FittedNetwork(
        lambda result: None,
        "Network",
        "The network: it shares the parameters, so writing to its weights changes predictions.",
    )
    n_params_ = FittedAttribute(
        lambda result: result.model.net.n_params, "int", "Number of weights and biases."
    )
    n_features_in_ = FittedAttribute(
        lambda result: result.model.net.sizes[0], "int", "Number of columns of X in fit."
    )
    feature_names_in_ = FittedAttribute(
        lambda result: result.model.feature_names,
        "ndarray of str",
        "Column names of the data frame in fit; otherwise the attribute does not exist.",
        with_feature_names,
    )
    input_scale_ = FittedAttribute(
        lambda result: result.model.input_scale,
        "float or tuple (shift, factor)",
        (
            "What happens to the inputs: their factor, or the shift and the factor of each column, "
            "given or learned."
        ),
    )
    n_layers_ = FittedAttribute(
        lambda result: len(result.model.net.sizes),
        "int",
        "Number of layers, input and output included.",
    )
    n_outputs_ = FittedAttribute(
        lambda result: result.model.net.sizes[-1], "int", "Number of units in the output layer."
    )
    out_activation_ = FittedAttribute(
        lambda result: result.model.net.activations[-1],
        "str",
        "Activation of the output layer.",
        with_out_activation,
    )
    n_iter_ = FittedAttribute(
        lambda result: result.state.epoch,
        "int",
        "Number of epochs in the last call; for lbfgs, number of iterations.",
        with_n_iter,
    )
    t_ = FittedAttribute(
        lambda result: result.state.history.t,
        "int",
        "Number of rows processed in all epochs of all calls.",
        with_int("t"),
    )
    loss_ = FittedAttribute(
        lambda result: result.state.history.loss,
        "float",
        "Loss of the last epoch.",
        with_real("loss"),
    )
    loss_curve_ = FittedAttribute(
        lambda result: list(result.state.history.loss_curve),
        "list of float",
        "Loss of every epoch of all calls.",
        with_curve("loss_curve"),
        epochs=True,
    )
    history_ = FittedAttribute(
        lambda result: result.state.history.table(),
        "dict of str to list of float",
        (
            "Loss, validation loss and score, learning rate, gradient norm and seconds of every "
            "epoch (see Notes)."
        ),
        epochs=True,
    )
    best_loss_: FittedAttribute[float | None] = FittedAttribute(
        lambda result: result.state.history.best_loss,
        "float or None",
        "Smallest loss; None with early stopping.",
        with_real("best_loss"),
        nullable=True,
        epochs=True,
    )
    validation_scores_: FittedAttribute[list[float] | None] = FittedAttribute(
        lambda result: _values(result.state.history.validation_scores),
        "list of float or None",
        "Validation score of every epoch; None without validation rows.",
        with_curve("validation_scores"),
        nullable=True,
        epochs=True,
    )
    best_validation_score_: FittedAttribute[float | None] = FittedAttribute(
        lambda result: result.state.history.best_validation_score,
        "float or None",
        "Highest validation score; None without validation rows.",
        with_real("best_validation_score"),
        nullable=True,
        epochs=True,
    )
    # Private attributes of scikit-learn's MLP that its tests and some programs read.
    _no_improvement_count = FittedAttribute(
        lambda result: result.state.history.stale,
        "int",
        "Epochs without improvement.",
        with_int("stale"),
    )
    _optimizer = FittedAttribute(
        lambda result: result.state.optimizer, "object", "The optimizer, with its `learning_rate`."
    )


def _values(curve: Curve[float] | None) -> list[float] | None:
    return None if curve is None else list(curve)
