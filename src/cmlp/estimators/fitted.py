"""Attributes that fit provides: descriptors that read them from the fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, overload

from cmlp.estimators.model import Tensors, fill
from cmlp.inputs.arrays import rectangular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Never, Self

    from numpy.typing import ArrayLike

    from cmlp.estimators.model import Model
    from cmlp.training.history import Curve

Value = TypeVar("Value")


class Fitted(Generic[Value]):
    """An attribute that fit provides: it does not exist before, and only fit changes it.

    Parameters
    ----------
    read : callable
        Reads the value from the `Model`; None means that the attribute does not exist, unless
        `nullable`.
    kind : str
        The attribute's type, for the class's docstring.
    doc : str
        What the attribute means, for ``help()``.
    nullable : bool, default=False
        Whether None is a value.
    epochs : bool, default=False
        Whether the attribute exists only if a solver has trained in epochs, which "lbfgs" does not.
    """

    def __init__(
        self,
        read: Callable[[Model], Value | None],
        kind: str,
        doc: str,
        *,
        nullable: bool = False,
        epochs: bool = False,
    ) -> None:
        self.read, self.kind, self.nullable, self.epochs = read, kind, nullable, epochs
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
        model = vars(estimator).get("_model")
        if model is not None and self.epochs and not model.state.history.t:
            model = None
        value = None if model is None else self.read(model)
        if model is None or (value is None and not self.nullable):
            name = type(estimator).__name__
            raise AttributeError(f"{name!r} object has no attribute {self.name!r}")
        return value  # type: ignore[return-value]  # None only where Value has it

    def __set__(self, estimator: object, value: Never) -> None:
        raise AttributeError(f"{self.name} is set by fit and cannot be assigned.")


class FittedTensors(Fitted[Tensors]):
    """A list of views into the parameter block; assigning copies the values into the block."""

    def __set__(self, estimator: object, value: Iterable[ArrayLike]) -> None:
        views = self.__get__(estimator)
        tensors = [rectangular(tensor, self.name) for tensor in (value if hasattr(value, "__iter__") else [None])]
        if any(tensor.dtype.kind not in "buif" for tensor in tensors):
            raise TypeError(f"{self.name} takes a list of arrays of real numbers, one for each layer.")
        if [tensor.shape for tensor in tensors] != [view.shape for view in views]:
            raise ValueError(
                f"{self.name} takes tensors of the shapes {[view.shape for view in views]}, "
                f"got {[tensor.shape for tensor in tensors]}."
            )
        for view, tensor in zip(views, tensors, strict=True):
            fill(view, tensor, self.name)


class FittedAttributes:
    """The fitted attributes that the classifier and the regressor share."""

    coefs_ = FittedTensors(
        lambda model: model.coefs,
        "list of ndarray",
        "Weights of each layer, (n_in, n_out): views of one block; assigning copies into it.",
    )
    intercepts_ = FittedTensors(
        lambda model: model.intercepts,
        "list of ndarray",
        "Biases of each layer, (n_out,): views of one block; assigning copies into it.",
    )
    n_features_in_ = Fitted(lambda model: model.net.sizes[0], "int", "Number of features that fit has seen.")
    feature_names_in_ = Fitted(
        lambda model: model.feature_names, "ndarray of str", "Column names; only after a fit on a data frame."
    )
    n_layers_ = Fitted(lambda model: len(model.net.sizes), "int", "Number of layers, input and output included.")
    n_outputs_ = Fitted(lambda model: model.net.sizes[-1], "int", "Number of units in the output layer.")
    out_activation_ = Fitted(lambda model: model.out_activation, "str", "Activation of the output layer.")
    n_iter_ = Fitted(
        lambda model: model.state.epoch, "int", "Number of epochs (of iterations of lbfgs) of the last call."
    )
    t_ = Fitted(lambda model: model.state.history.t, "int", "Number of rows trained on, counted in each epoch.")
    loss_ = Fitted(lambda model: model.state.history.loss, "float", "Loss of the last epoch.")
    loss_curve_ = Fitted(
        lambda model: list(model.state.history.loss_curve),
        "list of float",
        "Loss of every epoch, over all calls.",
        epochs=True,
    )
    best_loss_: Fitted[float | None] = Fitted(
        lambda model: model.state.history.best_loss,
        "float or None",
        "Smallest loss; None with early stopping.",
        nullable=True,
        epochs=True,
    )
    validation_scores_: Fitted[list[float] | None] = Fitted(
        lambda model: _values(model.state.history.validation_scores),
        "list of float or None",
        "Score of every epoch on the validation rows; None without early stopping.",
        nullable=True,
        epochs=True,
    )
    best_validation_score_: Fitted[float | None] = Fitted(
        lambda model: model.state.history.best_validation_score,
        "float or None",
        "Largest score on the validation rows; None without early stopping.",
        nullable=True,
        epochs=True,
    )


def _values(curve: Curve | None) -> list[float] | None:
    return None if curve is None else list(curve)
