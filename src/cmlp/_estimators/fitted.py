"""What a fit leaves: `Fitted` or `FittedTable`, one attribute of an estimator, and the names of its private attributes.

fit builds a new one and assigns it at the end. So a prediction in another thread always reads a complete model,
and a failing fit changes nothing. A method that reads fitted attributes more than once could read those of two fits,
and mix two models: it reads them from `unchanging(estimator)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cmlp._bridge.blocks import given_params
from cmlp._model.model import NetworkModel
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

    from numpy.typing import NDArray

    from cmlp._bridge import _core
    from cmlp._data.labels import Labels
    from cmlp._data.scale import InputScale
    from cmlp._model.model import TableModel, TrainedModel
    from cmlp._model.probabilities import HeldOutScores
    from cmlp._train.state import History, TrainingState


Estimator = TypeVar("Estimator")
AnyFitted = TypeVar("AnyFitted", "Fitted", "FittedTable")

LOCK = "_fitting"  # the attribute that an estimator has only while it is trained
FITTED = "_fitted"  # that with everything that fit leaves
INTERRUPTED = "_interrupted"  # the same of a fit that was interrupted in its first epoch: it has fitted nothing
ASSIGNED = "_assigned"  # values assigned to fitted attributes before fit, until a call can use them
NETWORK = "_shared_network"  # the `Network` of `network_`, once it has been asked for; it is not copied or pickled


def fitted_of(estimator: object) -> Any:
    """Return what fit has left: a `Fitted` or a `FittedTable`; None before fit."""
    return vars(estimator).get(FITTED)


def attributes_to_copy(estimator: object) -> dict[str, object]:
    """Return a consistent copy of the estimator's attributes, without those that belong to this object only."""
    attributes = vars(estimator).copy()  # atomic, unlike a comprehension
    for name in (LOCK, NETWORK):
        attributes.pop(name, None)
    return attributes


def unchanging(estimator: Estimator) -> Estimator:
    """Return a twin with the attributes that an estimator has now. It shares the fitted model, which no fit changes.

    A method that reads fitted attributes more than once reads those of the twin. Objects of other packages are returned
    as they are.
    """
    if not hasattr(estimator, "_trained"):
        return estimator
    twin = object.__new__(type(estimator))
    vars(twin).update(attributes_to_copy(estimator))
    return twin


def assigned_params(estimator: object, net: _core.Net) -> NDArray[Any] | None:
    """Return a parameter block with the `coefs_` and `intercepts_` assigned before fit; None if one is missing."""
    assigned = vars(estimator).get(ASSIGNED, {})
    if not {"coefs_", "intercepts_"} <= set(assigned):
        return None
    return given_params(net, assigned["coefs_"], assigned["intercepts_"], ("coefs_", "intercepts_"))


def can_assemble(estimator: Any) -> bool:
    """Return whether enough was assigned before fit to predict: the tensors, and for a classifier the classes."""
    needed = {"coefs_", "intercepts_"} | ({"classes_"} if estimator._estimator_type == "classifier" else set())
    return needed <= set(vars(estimator).get(ASSIGNED, {}))


# ------------------------------------------ what a fit leaves: `Fitted` or `FittedTable`, one attribute of an estimator


class Fitted(NamedTuple):
    """What an estimator of one network keeps of a fit. It is replaced in one assignment.

    Attributes
    ----------
    model : NetworkModel
        Without the parameters of the constructor, which the estimator has.
    history : History
        Curves and counters.
    state : TrainingState
        What `resume` and `partial_fit` need.
    provenance : dict or None
        How `cmlp.verify` can train the model again, if fit has recorded it.
    scale_name : str or None
        The value of the parameter `input_scale` with which fit has learned the scale; None if it was given.
    """

    model: NetworkModel
    history: History
    state: TrainingState
    provenance: dict[str, Any] | None = None
    scale_name: str | None = None

    @classmethod
    def of(
        cls,
        model: NetworkModel,
        state: TrainingState,
        scale_name: str | None = None,
        provenance: dict[str, Any] | None = None,
    ) -> Self:
        """Return what is kept of one network, whose block the state shares; ValueError if it does not."""
        if state.params is not model.params:
            raise ValueError("The parameters of the training state are not those of the model.")
        state.check(model.net)
        return cls(model, state.history, state, provenance, scale_name)

    @classmethod
    def of_network(
        cls,
        net: _core.Net,
        state: TrainingState,
        labels: Labels | None,
        *,
        input_scale: float | InputScale,
        names: Iterable[Any] | None = None,
        scale_name: str | None = None,
        provenance: dict[str, Any] | None = None,
    ) -> Self:
        """Return what is kept of a fit of one network, whose parameters are those of the state."""
        kind = "regressor" if labels is None else "classifier"
        model = NetworkModel(kind, [(net, state.params)], input_scale=input_scale, labels=labels, names=names)
        return cls.of(model, state, scale_name, provenance)


class TableState(NamedTuple):
    """What `resume` needs of a fit of a table that is not complete."""

    states: Sequence[TrainingState]  # of all networks
    parameters: dict[str, Any]  # of the estimator, which must not change
    digest: tuple[bytes, str, bytes]  # of the data


class FittedTable(NamedTuple):
    """What an estimator for tables keeps of a fit. It is replaced in one assignment.

    Attributes
    ----------
    model : TableModel
        Without the parameters of the constructor, which the estimator has.
    history : tuple of dict
        The curves of each network.
    state : TableState or None
        None after a complete fit.
    provenance : dict or None
        How `cmlp.verify` can train the model again, if fit has recorded it.
    held_out : HeldOutScores or None
        The scores of the rows that a classifier has held out; neither copied nor pickled.
    """

    model: TableModel
    history: tuple[dict[str, list[float]], ...]
    state: TableState | None = None
    provenance: dict[str, Any] | None = None
    held_out: HeldOutScores | None = None


def store_model(estimator: Any, model: TrainedModel) -> None:
    """Give a fitted estimator another model, with the rest of what fit has left."""
    estimator._fitted = fitted_of(estimator)._replace(model=model)


def copy_with(estimator: Any, fitted: Fitted | FittedTable) -> Any:
    """Return a copy of an estimator that is fitted like this."""
    from copy import copy  # few programs need it

    twin = copy(estimator)
    vars(twin).pop(INTERRUPTED, None)
    twin._fitted = fitted
    return twin


def extras_of(
    fitted: Fitted | FittedTable, *, include_training_state: bool, include_provenance: bool | None
) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Return the strings and arrays of what fit has left beside the model: the training state and the provenance.

    Without the training state, only counters are kept of it.
    """
    class_name, provenance = fitted.model.class_name, fitted.provenance
    state = fitted.state if isinstance(fitted, Fitted) else None
    if include_training_state and state is None:
        problem = (
            "<include_training_state> must be False for {}: a model file has no training state of a table. Use pickle "
            "instead."
        )
        raise InvalidParameterError(problem, class_name, include_training_state=True)
    if include_provenance and provenance is None:
        problem = (
            "<include_provenance> must be None or False for this {}, because its fit has recorded none: set "
            "<provenance:=> before fit."
        )
        raise InvalidParameterError(problem, class_name, include_provenance=include_provenance, provenance=True)
    strings = {}
    if provenance is not None and include_provenance is not False:
        from cmlp._data.json_texts import as_json

        strings["provenance"] = as_json(provenance)
    if state is None:
        return strings, {}
    from cmlp._train.state_file import dump_history, dump_state

    strings["history"] = dump_history(state)
    more, arrays = dump_state(state) if include_training_state else ({}, {})
    return strings | more, arrays


def provenance_of(model: Any) -> dict[str, Any] | None:
    """Return how a fit can be repeated; None if it was not recorded, and for a `Network`."""
    fitted: Fitted | FittedTable | None = fitted_of(model)
    return None if fitted is None else fitted.provenance
