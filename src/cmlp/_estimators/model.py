"""The fitted model of an estimator, which an assignment replaces as a whole.

An estimator holds its fitted state in a single attribute. fit builds a new `Model` and assigns it at the end. A
prediction in another thread therefore always reads a complete model, and a failing fit changes nothing.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, NoReturn

from cmlp._data.arrays import rectangular
from cmlp._data.checks import as_rows, check_width
from cmlp._data.frames import as_table, check_names, feature_names
from cmlp._data.stored import Cells
from cmlp.exceptions import NonFiniteInputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import SupportsIndex, TypeVar

    from numpy.typing import ArrayLike, NDArray

    from cmlp import _core
    from cmlp._data.labels import Labels
    from cmlp._data.scale import InputScale
    from cmlp._estimators.network import Network
    from cmlp._train.state import TrainingState

    Result = TypeVar("Result")


class Tensors(tuple["NDArray[Any]", ...]):
    """A tuple of views of the parameter block. Assigning to an entry copies the values into the block."""

    __slots__ = ()

    def __setitem__(self, index: SupportsIndex | slice, value: Any) -> None:
        if isinstance(index, slice):
            raise TypeError("Assigning to a slice is not supported; assign to one entry at a time.")
        view, name = self[index], f"entry {operator.index(index)}"
        array = rectangular(value, name)
        if array.dtype.kind not in "buif":
            raise TypeError(f"{name} must be an array of real numbers, got dtype {array.dtype}.")
        if array.shape != view.shape:
            raise ValueError(f"{name} must have the shape {view.shape}, got {array.shape}.")
        view[...] = array

    def copy(self) -> list[NDArray[Any]]:
        """Return the views as a list, as the method of a list does."""
        return list(self)

    def __getattr__(self, name: str) -> NoReturn:
        hint = ""
        if hasattr(list, name):
            hint = (
                ": its entries are views of the model's parameters. To change the parameters, assign an array to an "
                "entry, for example model.coefs_[0] = array, or a list of arrays to the attribute."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")


class Model:
    """A trained network with the values of all fitted attributes; ValueError if the state does not match it.

    `feature_names` is None if X was not a data frame, and `labels` for a regressor. `scale_name` is the value of the
    parameter `input_scale` with which fit has learned the scale; None if it was given.
    """

    def __init__(
        self,
        net: _core.Net,
        state: TrainingState,
        *,
        input_scale: float | InputScale,
        feature_names: NDArray[Any] | None,
        labels: Labels | None,
        scale_name: str | None = None,
    ) -> None:
        self.net, self.state, self.scale_name = net, state, scale_name
        self.input_scale, self.feature_names = input_scale, feature_names
        self.labels: Labels = labels  # type: ignore[assignment]  # None for a regressor, which never reads it
        self.cells = Cells()  # how the cells of files of text are read
        self._network: Network | None = None
        self.check()

    def copy(self) -> Model:
        """Return a model that shares parameters, labels and optimizer, but has its own copy of the history."""
        twin = Model.__new__(Model)
        vars(twin).update(vars(self))
        twin.state = self.state.shared()
        twin.state.history = self.state.history.copy()
        return twin

    def network(self, n_threads: int | None) -> Network:
        """Return the `Network` with the parameters of this model: always the same object."""
        network = self._network
        if network is None:
            from cmlp._estimators.network import Network  # few programs need it

            network = Network._assembled(self.net, self.params, self.input_scale, n_threads)
            self._network = network
        return network

    def continue_network(self, previous: Model) -> None:
        """Let the `Network` of a previous model, if a program has asked for it, be that of this model."""
        network, previous._network = previous._network, None
        if network is not None:
            network._share(self.net, self.params)
            self._network = network

    def check(self) -> None:
        """Raise ValueError if the state does not match the network; then update what predictions and `coefs_` read."""
        self.state.check(self.net)
        self.out_activation, self.params = self.net.activations[-1], self.state.params
        weights, biases = self.net.views(self.params)
        self.coefs, self.intercepts = Tensors(weights), Tensors(biases)
        if self._network is not None:
            self._network._share(self.net, self.params)

    def outputs(self, X: ArrayLike, estimator: Any) -> NDArray[Any]:
        """Return the network's outputs for the X that a user passed to `estimator`."""
        if self.feature_names is None:
            result = self.net.forward_small(self.params, X, self.input_scale, None, estimator.n_threads)
            if result is not None:
                return result
        return self.call(
            estimator,
            X,
            lambda rows: self.net.forward(self.params, rows, scale=self.input_scale, n_threads=estimator.n_threads),
        )

    def call(self, estimator: object, X: ArrayLike, function: Callable[[Any], Result]) -> Result:
        """Return what a function of the network returns for the X that a user passed to `estimator`."""
        owner = type(estimator).__name__
        X = as_table(X)
        check_names(feature_names(X), self.feature_names, owner)
        rows, _ = as_rows(X, owner)
        check_width(rows.shape[1], self.net.sizes[0], owner)
        try:
            return function(rows)
        except NonFiniteInputError as error:
            names = self.feature_names
            from cmlp._data.checks import first_non_finite_error

            raise first_non_finite_error(error, rows, self.input_scale, self.net.dtype, names) from None
