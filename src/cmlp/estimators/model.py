"""The fitted model of an estimator: one object, replaced as a whole.

An estimator holds its fitted state in a single attribute. A fit builds the next `Model` beside the former one and
replaces it at the end. A prediction in another thread therefore reads one complete model, and a fit that fails changes
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp.exceptions import NonFiniteInputError
from cmlp.inputs.frames import check_feature_names
from cmlp.inputs.nonfinite import first_non_finite_error
from cmlp.inputs.validation import as_rows, check_width
from cmlp.training.state import PICKLE_VERSION, check_version

if TYPE_CHECKING:
    from typing import Protocol, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from cmlp import _core
    from cmlp.inputs.labels import Labels
    from cmlp.training.state import TrainingState

    class Estimator(Protocol):
        """What a prediction reads from the estimator."""

        n_threads: int | None


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
    """A trained network and everything that the fitted attributes report.

    Parameters
    ----------
    net : cmlp._core.Net
        Description of the network.
    state : cmlp.training.state.TrainingState
        Parameters, optimizer and history, as the last call has left them.
    input_scale : float
        Factor of the input.
    feature_names : ndarray of str or None
        Column names of the data frame that fit was given.
    labels : cmlp.inputs.labels.Labels or None
        Classes (classifiers).

    Raises
    ------
    ValueError
        If the state does not fit the network.
    """

    def __init__(
        self,
        net: _core.Net,
        state: TrainingState,
        *,
        input_scale: float,
        feature_names: NDArray[Any] | None,
        labels: Labels | None,
    ) -> None:
        self.net, self.state = net, state
        self.input_scale, self.feature_names = input_scale, feature_names
        self.labels: Labels = labels  # type: ignore[assignment]  # None for a regressor, which never reads it
        self.check()

    def copy(self) -> Model:
        """Return a model with the same parameters, labels and optimizer, and a history of its own."""
        state = self.state.finished()
        state.history = state.history.copy()
        return Model(
            self.net, state, input_scale=self.input_scale, feature_names=self.feature_names, labels=self.labels
        )

    def check(self) -> None:
        """Raise ValueError if the state does not fit the network; prepare the model for use."""
        self.state.check(self.net)
        self._make_shortcuts()

    def _make_shortcuts(self) -> None:
        """Keep what a prediction and the fitted attributes would otherwise look up or make each time."""
        self.out_activation = self.net.activations[-1]
        self.params = self.state.params
        weights, biases = self.net.views(self.params)
        self.coefs, self.intercepts = Tensors(weights), Tensors(biases)

    def outputs(self, X: ArrayLike, estimator: Estimator) -> NDArray[Any]:
        """Return the network's outputs for rows that a user has passed to an estimator."""
        if self.feature_names is None:
            result = self.net.forward_small(self.params, X, self.input_scale, None, estimator.n_threads)
            if result is not None:
                return result
        owner = type(estimator).__name__
        check_feature_names(X, self.feature_names, owner)
        rows, _ = as_rows(X, owner)
        check_width(rows.shape[1], self.net.sizes[0], owner)
        try:
            return self.net.forward(self.params, rows, scale=self.input_scale, n_threads=estimator.n_threads)
        except NonFiniteInputError as error:
            names = self.feature_names
            raise first_non_finite_error(error, rows, self.input_scale, self.net.dtype, names) from None

    def __getstate__(self) -> dict[str, Any]:
        # Views would be pickled as copies; they are made again of the block.
        kept = {name: getattr(self, name) for name in ("net", "state", "input_scale", "feature_names", "labels")}
        return {"version": PICKLE_VERSION, **kept}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, "model")
        vars(self).update({name: value for name, value in fields.items() if name != "version"})
        self.check()


def require_same(name: str, was: object, now: object) -> None:
    """Refuse to train a model on with another description than it was fitted with."""
    if was != now:
        raise ValueError(
            f"The model was fitted with {name}={was!r} and cannot be trained on with {now!r}; "
            "call fit with warm_start=False to start anew."
        )
