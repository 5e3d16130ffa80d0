"""What a fit leaves: `Fitted`, one attribute of an estimator, and the names of its private attributes.

fit builds a new one and assigns it at the end. So a prediction in another thread always reads a complete model,
and a failing fit changes nothing. A method that reads fitted attributes more than once could read those of two fits,
and mix two models: it reads them from `frozen_copy(estimator)`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, ParamSpec, Self, TypeVar

from cmlp._bridge import _core
from cmlp._bridge.blocks import given_params
from cmlp._parameters.name_hints import raise_with_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cmlp._data.array_types import AnyArray, Floats
    from cmlp._data.labels import Labels
    from cmlp._data.scale import InputScale
    from cmlp._model.model import NetworkModel, TrainedModel, TrainedNet
    from cmlp._model.probabilities import HeldOutScores
    from cmlp._train.state import TrainingState
    from cmlp._train.training import Training

    Provenance = dict[str, Any]
    # Returns the provenance of a fit from its training runs; None before all data are known.
    Recorder = Callable[[Sequence[Training]], Provenance | None]
    P = ParamSpec("P")
    R = TypeVar("R")


AnyEstimator = TypeVar("AnyEstimator")
Model = TypeVar("Model", bound="TrainedModel", covariant=True)

LOCK = "_fitting"  # the attribute that an estimator has only while it is trained
RESULT = "_result"  # that with everything that fit leaves
INTERRUPTED = "_interrupted"  # the same of a fit that was interrupted in its first epoch: it has fitted nothing
FITS = RESULT, INTERRUPTED
ASSIGNED = "_assigned"  # values assigned to fitted attributes before fit, until a call can use them
NETWORK = "_shared_network"  # the `Network` of `network_`, once it has been asked for; it is not copied or pickled
CHECKED = "_checked"  # the last call with parameters that need no other check, and their options; nor is this


def run_locked(estimator: object, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function that trains or changes an estimator; RuntimeError if another call does.

    No signal handler can leave the estimator locked: what it raises comes before the lock is taken, in the function, or
    after the lock is given back.
    """
    return _core.run_locked(estimator, LOCK, function, args, kwargs)


def locked(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function run with its first argument locked, an estimator that it trains or changes."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return _core.run_locked(args[0], LOCK, function, args, kwargs)

    return call


def trains(function: Callable[P, R]) -> Callable[P, R]:
    """Let a public method train its estimator: locked, and with hints for unknown keywords, in one frame."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            if not args:
                return function(*args, **kwargs)
            return _core.run_locked(args[0], LOCK, function, args, kwargs)
        except TypeError as error:
            raise_with_hint(error, function, args, kwargs)
            raise

    return call


def fitted_of(estimator: object) -> Fitted[Any] | None:
    """Return what fit has left: a `Fitted`; None before fit."""
    return vars(estimator).get(RESULT)


def attributes_to_copy(estimator: object) -> dict[str, Any]:
    """Return a consistent copy of the estimator's attributes, without those that belong to this object only."""
    attributes = vars(estimator).copy()  # atomic, unlike a comprehension
    for name in (LOCK, NETWORK, CHECKED):
        attributes.pop(name, None)
    return attributes


def frozen_copy(estimator: AnyEstimator) -> AnyEstimator:
    """Return a twin with the attributes that an estimator has now. It shares the fitted model, which no fit changes.

    A method that reads fitted attributes more than once reads those of the twin. Objects of other packages are returned
    as they are.
    """
    if not hasattr(estimator, "_trained"):
        return estimator
    twin = object.__new__(type(estimator))
    vars(twin).update(attributes_to_copy(estimator))
    return twin


def assigned_params(estimator: object, net: _core.Net) -> Floats | None:
    """Return a parameter block with the `coefs_` and `intercepts_` assigned before fit; None if one is missing."""
    assigned = vars(estimator).get(ASSIGNED, {})
    if not {"coefs_", "intercepts_"} <= set(assigned):
        return None
    return given_params(net, assigned["coefs_"], assigned["intercepts_"], ("coefs_", "intercepts_"))


def can_assemble(estimator: Any) -> bool:
    """Return whether enough was assigned before fit to predict: the tensors, and for a classifier the classes."""
    needed = {"coefs_", "intercepts_"} | (
        {"classes_"} if estimator._estimator_type == "classifier" else set()
    )
    return needed <= set(vars(estimator).get(ASSIGNED, {}))


# --------------------------------------------------------- what a fit leaves: `Fitted`, one attribute of an estimator


class Fitted(NamedTuple, Generic[Model]):
    """What an estimator keeps of a fit. It is replaced in one assignment.

    Attributes
    ----------
    model : NetworkModel or TableModel
        Without the parameters of the constructor, which the estimator has.
    states : tuple of TrainingState
        One for each network: its history, and what `resume` and `partial_fit` need. Those of a
        complete fit of a table, which does not continue, have only the history; one from a file has
        none.
    provenance : dict or None
        How `cmlp.verify` can train the model again, if fit has recorded it.
    scale_name : str or None
        The value of the parameter `input_scale` with which fit has learned the scale; None if it
        was given.
    held_out : HeldOutScores or None
        The scores of the rows that a classifier for tables has held out; neither copied nor
        pickled.
    is_useless : bool
        Whether the model was shown to be no better than the best constant answer for the rows of
        fit; not known of a copy or a pickle.
    useless_rows : object
        The digest of the rows for which there was a warning of that; None if there was none.
    folds : ndarray of uint8 or None
        The fold of each training row of a table whose fit can be resumed.
    recipe : str or None
        What has trained the model; None of a C program, another library and assigned weights.
    """

    model: Model
    states: tuple[TrainingState, ...]
    provenance: dict[str, Any] | None = None
    scale_name: str | None = None
    held_out: HeldOutScores | None = None
    is_useless: bool = False
    useless_rows: object = None
    folds: AnyArray | None = None
    recipe: str | None = None

    def with_state(self, **changes: object) -> Self:
        """Return what is kept of one network, with other values of attributes of its state."""
        return self._replace(states=(self.state.replaced(**changes),))

    @property
    def state(self) -> TrainingState:
        """That of the first network, the only one but for a table."""
        return self.states[0]

    @classmethod
    def from_model(
        cls,
        model: NetworkModel,
        state: TrainingState,
        scale_name: str | None = None,
        provenance: dict[str, Any] | None = None,
        recipe: str | None = None,
    ) -> Fitted[NetworkModel]:
        """Return what is kept of one network, whose block the state shares; ValueError if it does not."""
        if state.params is not model.params:
            raise ValueError("The parameters of the training state are not those of the model.")
        state.check(model.net)
        return Fitted(model, (state,), provenance, scale_name, recipe=recipe)

    @classmethod
    def from_network(
        cls,
        net: _core.Net,
        state: TrainingState,
        labels: Labels | None,
        *,
        input_scale: float | InputScale,
        names: Iterable[Any] | None = None,
        scale_name: str | None = None,
        recipe: str | None = None,
    ) -> Fitted[NetworkModel]:
        """Return what is kept of a fit of one network, whose parameters are those of the state."""
        from cmlp._model.model import NetworkModel  # only a fit and a loaded file need it

        kind = "regressor" if labels is None else "classifier"
        model = NetworkModel(
            kind, [(net, state.params)], input_scale=input_scale, labels=labels, names=names
        )
        return Fitted(model, (state,), scale_name=scale_name, recipe=recipe)


def untrained_states(networks: Sequence[TrainedNet]) -> tuple[TrainingState, ...]:
    """Return states with the parameters of networks, and nothing else."""
    # Programs load and predict without it.
    from cmlp._train.state import (
        History,
        TrainingState,
    )

    return tuple(TrainingState(network.params, History()) for network in networks)


def store_model(estimator: Any, model: TrainedModel) -> None:
    """Give a fitted estimator another model, with the rest of what fit has left."""
    estimator._result = estimator._result._replace(model=model)


def copy_with(estimator: Any, result: Fitted[TrainedModel]) -> Any:
    """Return a copy of an estimator that is fitted like this."""
    from copy import copy  # few programs need it

    twin = copy(estimator)
    vars(twin).pop(INTERRUPTED, None)
    twin._result = result
    return twin


def provenance_of(model: Any) -> dict[str, Any] | None:
    """Return how a fit can be repeated; None if it was not recorded, and for a `Network`."""
    result = fitted_of(model)
    return None if result is None else result.provenance
