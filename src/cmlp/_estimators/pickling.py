"""The pickled form of an estimator's private attributes: dicts, tuples, arrays, numbers and text only.

Therefore, readers that ask for each type of a file whether it is trusted, such as skops, ask for the estimator alone.
This module makes the objects, from fields that their classes check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp._data.labels import Labels
from cmlp._data.scale import SCALES, InputScale
from cmlp._estimators.fitted import Fitted
from cmlp._model.model import TrainedModel
from cmlp._model.plain import from_plain, to_plain
from cmlp._train.history import Curve
from cmlp._train.state import TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable

# The key of a dict that stands for an object; its value is a name in `_CLASSES`.
_CLASS = "class of cmlp"


def plain(value: Any) -> Any:
    """Return a value in which dicts of fields replace the objects of this package."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    name = type(value).__name__
    if name not in _CLASSES or type(value) is not _CLASSES[name][0]:
        return value
    return {_CLASS: name, **plain(_CLASSES[name][1](value))}


def restored(value: Any) -> Any:
    """Return a value of `plain` with the objects; ValueError if fields are missing, damaged or of another version."""
    if isinstance(value, dict):
        fields = {name: restored(item) for name, item in value.items() if name != _CLASS}
        if _CLASS not in value:
            return fields
        try:
            return _CLASSES[value[_CLASS]][2](fields)
        except (KeyError, TypeError) as error:
            raise ValueError(f"The pickled estimator is damaged: {error!r}") from error
    return type(value)(map(restored, value)) if type(value) in (list, tuple) else value


def _training_state(fields: dict[str, Any]) -> TrainingState:
    state = TrainingState.__new__(TrainingState)
    state.__setstate__(fields)
    return state


def _fields_of(fitted: Fitted) -> dict[str, Any]:
    """Return what to pickle of a fit; the state of one network has neither the block of the model nor a class."""
    fields: dict[str, Any] = fitted._asdict()
    if type(fitted.state) is TrainingState:
        fields["state"] = {**fitted.state.__getstate__(), "params": None}
        del fields["history"]  # a part of the state
    return fields


def _fitted(fields: dict[str, Any]) -> Fitted:
    model, state = fields["model"], fields["state"]
    if type(model) is not TrainedModel:
        raise ValueError("The pickled estimator is damaged: it has no model.")
    name, record = fields["scale_name"], fields["record"]
    if name is not None and name not in SCALES:
        raise ValueError(f"The pickled estimator is damaged: the name of its input_scale is {name!r}.")
    if record is not None and type(record) is not dict:
        raise ValueError(f"The pickled estimator is damaged: its record is {record!r}.")
    if "history" in fields:
        return Fitted(model, tuple(fields["history"]), state, record)
    return Fitted.of(model, _training_state({**state, "params": model.params}), name, record)


# Name: class, function that returns its fields, function that makes an object from them.
_CLASSES: dict[str, tuple[type[Any], Callable[[Any], dict[str, Any]], Callable[[dict[str, Any]], Any]]] = {
    "Fitted": (Fitted, _fields_of, _fitted),
    "TrainedModel": (TrainedModel, to_plain, from_plain),
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
        lambda fields: Labels(fields["kind"], np.asarray(fields["classes"])),
    ),
    "Curve": (
        Curve,
        lambda curve: {"values": np.array(list(curve), np.float64)},
        lambda fields: Curve.of(np.asarray(fields["values"], np.float64).tolist()),
    ),
}
