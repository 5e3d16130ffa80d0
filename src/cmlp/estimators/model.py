"""What a fit leaves behind: one object, replaced as a whole.

An estimator holds its fitted state in a single attribute. A fit builds the next `Model` beside the
former one and swaps it in at its end, so that whoever predicts meanwhile, in whichever thread,
reads one whole model, and a fit that fails leaves nothing half done.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from cmlp.inputs.arrays import rectangular
from cmlp.inputs.blocks import loaded_block
from cmlp.inputs.frames import check_feature_names
from cmlp.inputs.validation import as_rows, check_width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Never, Protocol, Self, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from cmlp import _core
    from cmlp.inputs.labels import Labels
    from cmlp.training.loop import Schedule

    class Estimator(Protocol):
        """What a prediction reads from the estimator."""

        n_threads: int | None


Value = TypeVar("Value")


class Progress:
    """How far training has come; a warm start and partial_fit go on from a copy.

    Attributes
    ----------
    n_iter : int
        Epochs of the last call.
    t : int
        Rows trained on, over all calls.
    loss : float or None
        Cost of the last epoch.
    loss_curve : list of float
        Cost of every epoch.
    best_loss : float or None
        Smallest cost; None when validation scores decide.
    validation_scores : list of float or None
        Score of every epoch on the validation rows; None without early stopping.
    best_validation_score : float or None
    stale : int
        Epochs in a row without improvement.
    """

    def __init__(self) -> None:
        self.n_iter = 0
        self.t = 0
        self.loss: float | None = None
        self.loss_curve: list[float] = []
        self.best_loss: float | None = math.inf
        self.validation_scores: list[float] | None = None
        self.best_validation_score: float | None = None
        self.stale = 0

    def continued(self, early_stopping: bool) -> Progress:
        """A copy for the next call, which counts its epochs from 0.

        Where the former call watched the other measure, watching starts anew.
        """
        new = Progress()
        vars(new).update(vars(self), n_iter=0, loss_curve=list(self.loss_curve))
        if not early_stopping:
            new.best_loss = math.inf if self.best_loss is None else self.best_loss
            new.validation_scores = new.best_validation_score = None
        elif self.validation_scores is None:
            new.best_loss, new.validation_scores = None, []
            new.best_validation_score = -math.inf
        else:
            new.validation_scores = list(self.validation_scores)
        return new


class Tensors(list["NDArray[Any]"]):
    """Views of the parameter block; assigning an entry copies the values into the block."""

    def __setitem__(self, index: SupportsIndex | slice, value: object) -> None:
        if isinstance(index, slice):
            raise TypeError("Assign the tensors one by one.")
        fill(self[index], value, f"entry {index}")


def fill(view: NDArray[Any], value: Any, name: str) -> None:
    """Copy `value` into `view`; an error where the shapes differ (nothing is broadcast)."""
    shape = getattr(value, "shape", None)
    if shape != view.shape:
        raise ValueError(f"{name} has the shape {shape}, expected {view.shape}.")
    view[...] = value


class Model:
    """A trained network and all that the fitted attributes tell about it.

    Parameters
    ----------
    net : cmlp._core.Net
        Description of the network.
    params : ndarray of shape (net.n_params,)
        The flat parameter block.
    input_scale : float
        Factor of the input.
    feature_names : ndarray of str or None
        Column names of the data frame that fit was given.
    labels : cmlp.inputs.labels.Labels or None
        Classes (classifiers).
    progress : Progress
    optimizer : cmlp._core.Optimizer
    schedule : cmlp.training.loop.Schedule
    """

    def __init__(
        self,
        net: _core.Net,
        params: NDArray[Any],
        *,
        input_scale: float,
        feature_names: NDArray[Any] | None,
        labels: Labels | None,
        progress: Progress,
        optimizer: _core.Optimizer,
        schedule: Schedule,
    ) -> None:
        self.net = net
        self.out_activation = net.activations[-1]  # a look at the net takes longer
        self.params = params
        self.input_scale = input_scale
        self.feature_names = feature_names
        self.labels: Any = labels  # None for a regressor, whose methods never look
        self.progress = progress
        self.optimizer = optimizer
        self.schedule = schedule
        self._make_views()

    def _make_views(self) -> None:
        weights, biases = self.net.views(self.params)
        self.coefs, self.intercepts = Tensors(weights), Tensors(biases)

    def outputs(self, X: ArrayLike, estimator: Estimator) -> NDArray[Any]:
        """The network's outputs for rows that come from outside, on behalf of an estimator."""
        if self.feature_names is None:
            few = self.net.forward_few(self.params, X, self.input_scale)
            if few is not None:
                return few
        owner = type(estimator).__name__
        check_feature_names(X, self.feature_names, owner)
        rows, _ = as_rows(X, owner)
        check_width(rows.shape[1], self.net.sizes[0], owner)
        return self.net.forward(self.params, rows, scale=self.input_scale, n_threads=estimator.n_threads)

    def __getstate__(self) -> dict[str, Any]:
        # Views would be pickled as copies; they are made again of the block.
        return {k: v for k, v in vars(self).items() if k not in ("coefs", "intercepts")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, params=loaded_block(state["params"]))
        self._make_views()


class Fitted(Generic[Value]):
    """An attribute that fit provides: it does not exist before, and only fit changes it.

    Parameters
    ----------
    read : callable
        Reads the value from the `Model`; None means that the attribute does not exist, unless
        `nullable`.
    """

    def __init__(self, read: Callable[[Model], Value | None], *, nullable: bool = False) -> None:
        self.read, self.nullable = read, nullable

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
        value = None if model is None else self.read(model)
        if model is None or (value is None and not self.nullable):
            name = type(estimator).__name__
            raise AttributeError(f"{name!r} object has no attribute {self.name!r}")
        return value  # type: ignore[return-value]  # None only where Value has it

    def __set__(self, estimator: object, value: Never) -> None:
        raise AttributeError(f"{self.name} is set by fit and cannot be assigned.")


class FittedTensors(Fitted["list[NDArray[Any]]"]):
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
