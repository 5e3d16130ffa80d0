"""The pickled form of an estimator: dicts, tuples, arrays, numbers and text only, with the core's networks and labels.

The plain form of a model comes first, then that of an estimator's private attributes.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import check_params, check_version, loaded_block, native
from cmlp._data.labels import Labels, is_sorted
from cmlp._data.scale import SCALES, InputScale
from cmlp._estimators.fitted import Fitted
from cmlp._model.description import Draft, fields_of, read_fields
from cmlp._model.model import NetworkModel, TableModel, TrainedModel, TrainedNet
from cmlp._train.state import History, TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cmlp._model.description import Entry, ModelField


def _plain_model(model: TrainedModel) -> dict[str, Any]:
    """Return the fields of a model: the value of a field of one entry, or a dict of the values of several."""
    plain: dict[str, Any] = {"networks": [tuple(one) for one in model.networks]}
    for field in fields_of(model):
        values = field.values_of(model)
        if values is not None and len(field.entries) == 1:
            plain[field.name] = values[field.name]
        elif field.entries:
            plain[field.name] = values
    return plain


@contextmanager
def _naming_damaged_pickle() -> Iterator[None]:
    """Raise ValueError that says that an estimator is damaged for an error in its fields."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"The pickled estimator is damaged: {error}") from error


def _model_of_fields(fields: Mapping[str, Any], *, is_table: bool) -> TrainedModel:
    """Return the model with these fields; raises ValueError if they are damaged."""

    def values_in(field: ModelField) -> dict[str, Any] | None:
        if not field.entries:
            return {}
        found = fields[field.name]
        values = {field.name: found} if len(field.entries) == 1 else found
        if values is None:
            return None
        return {
            name: _value(entry, f"{name} of {field.name}", values[name])
            for name, entry in field.entries.items()
        }

    with _naming_damaged_pickle():
        networks = [_network(*network) for network in fields["networks"]]
        return read_fields(Draft(networks, is_table=is_table), values_in)


def _network(net: _core.Net, params: object) -> TrainedNet:
    if type(net) is not _core.Net:
        raise ValueError(f"a network is {net!r}")
    block = native(params, (np.float32, np.float64), "params")
    check_params(block, net)
    return TrainedNet(net, loaded_block(block))


def _value(entry: Entry, name: str, value: Any) -> Any:
    """Return the value of an entry; an array has the right type and byte order."""
    if value is None or entry.dtype is None:
        return value
    is_array = isinstance(value, np.ndarray) and value.dtype.newbyteorder("=") == entry.dtype
    if not is_array:
        raise ValueError(f"{name} must be an array of {np.dtype(entry.dtype)}")
    return value.astype(entry.dtype, copy=False)


# ---------------------------------------------------------------- the pickled form of an estimator's private attributes


# The key of a dict that stands for an object; its value is a name in `_CLASSES`.
_CLASS = "class of cmlp"
_PLAIN = frozenset({bool, int, float, str, type(None), np.ndarray})  # most values


def plain(value: Any) -> Any:
    """Return a value in which dicts of fields replace the objects of this package."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if kind in (list, tuple):
        return kind(map(plain, value))
    name = _NAMES.get(kind)
    if name is None:
        return value
    return {_CLASS: name, **plain(_CLASSES[name][1](value))}


def restored(value: Any) -> Any:
    """Return a value of `plain` with the objects; ValueError if fields are missing, damaged or of another version."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, dict):
        fields = {name: restored(item) for name, item in value.items() if name != _CLASS}
        if _CLASS not in value:
            return fields
        try:
            return _CLASSES[value[_CLASS]][2](fields)
        except (KeyError, TypeError) as error:
            raise ValueError(f"The pickled estimator is damaged: {error!r}") from error
    return kind(map(restored, value)) if kind in (list, tuple) else value


def _training_state(fields: dict[str, Any]) -> TrainingState:
    check_version(fields, "training state")
    return TrainingState.from_plain(fields)


def _fields_of(fitted: Fitted) -> dict[str, Any]:
    """Return what to pickle of a fit: states without the blocks of the model, and no scores of held-out rows."""
    networks = fitted.model.networks
    return {
        "model": fitted.model,
        "states": [*map(_fields_of_state, fitted.states, networks)],
        "provenance": fitted.provenance,
        "scale_name": fitted.scale_name,
        "folds": fitted.folds,
    }


def _fields_of_state(state: TrainingState, network: TrainedNet) -> dict[str, Any]:
    """Return what to pickle of the state of a network: if it has nothing else, the history alone."""
    is_own = state.params is not network.params
    if not is_own and state.has_only_history:
        return state.history.fields_without_seconds()
    fields = state.__getstate__()
    return fields if is_own else {**fields, "params": None}


def _state(fields: dict[str, Any], network: TrainedNet) -> TrainingState:
    """Return the state of a network from what `_fields_of_state` returns."""
    block = network.params
    if "history" not in fields:
        with _naming_damaged_pickle():
            return TrainingState(block, History.from_fields({**fields}))
    if fields["params"] is not None:
        state = _training_state(fields)
    else:
        state = _training_state({**fields, "params": block})
        state.params = block
    state.check(network.net)
    return state


def _fitted(fields: dict[str, Any]) -> Fitted:
    model, name = fields["model"], fields["scale_name"]
    provenance = _checked_provenance(fields)
    if type(model) not in (NetworkModel, TableModel) or len(fields["states"]) not in (
        0,
        len(model.networks),
    ):
        raise ValueError(
            "The pickled estimator is damaged: it has no model, or not a state for each network."
        )
    if name is not None and name not in SCALES:
        raise ValueError(
            f"The pickled estimator is damaged: the name of its input_scale is {name!r}."
        )
    states = tuple(map(_state, fields["states"], model.networks))
    folds = fields["folds"]
    if folds is not None and not (isinstance(folds, np.ndarray) and folds.dtype == np.uint8):
        raise ValueError("The pickled estimator is damaged: its folds are no array of uint8.")
    return Fitted(model, states, provenance, name, folds=folds)


def _checked_provenance(fields: dict[str, Any]) -> dict[str, Any] | None:
    provenance: dict[str, Any] | None = fields["provenance"]
    if provenance is not None and type(provenance) is not dict:
        raise ValueError(f"The pickled estimator is damaged: its provenance is {provenance!r}.")
    return provenance


# Name: class, function that returns its fields, function that makes an object from them.
_CLASSES: dict[
    str, tuple[type[Any], Callable[[Any], dict[str, Any]], Callable[[dict[str, Any]], Any]]
] = {
    "Fitted": (Fitted, _fields_of, _fitted),
    "TrainedModel": (NetworkModel, _plain_model, partial(_model_of_fields, is_table=False)),
    "TableModel": (TableModel, _plain_model, partial(_model_of_fields, is_table=True)),
    "TrainingState": (TrainingState, TrainingState.__getstate__, _training_state),
    "Net": (_core.Net, _core.Net.get_state, _core.restored_net),
    "Optimizer": (_core.Optimizer, _core.Optimizer.get_state, _core.restored),
    "Random": (_core.Random, _core.Random.get_state, _core.restored_random),
    "InputScale": (
        InputScale,
        lambda scale: {"shift": np.array(scale.shift), "factor": np.array(scale.factor)},
        lambda fields: InputScale(fields["shift"], fields["factor"]),
    ),
    "Labels": (
        Labels,
        lambda labels: {"kind": labels.kind, "classes": labels.classes},
        lambda fields: Labels(
            np.asarray(fields["classes"]),
            is_multilabel=fields["kind"] == "multilabel",
            is_ordered=fields["kind"] == "ordered" or not is_sorted(np.asarray(fields["classes"])),
        ),
    ),
}
_NAMES = {cls: name for name, (cls, *_) in _CLASSES.items()}
