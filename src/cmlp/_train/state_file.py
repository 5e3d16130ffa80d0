"""The training state in a pickle and in a model file, also in one that a C program has written.

Both have the same objects, which a file has as JSON, and arrays. Each field has its form in
`cmlp._train.state_fields`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, Floats
from cmlp._data.json_texts import Metadata, dump_parameters, refuse, without_tensors
from cmlp._data.records import Arrays, Content, Objects, Values, loaded, stored, values_of
from cmlp._parameters.schedules import SCHEDULES
from cmlp._train.state import DEFAULTS, RECORDS, EpochNumbers, History, TrainingState
from cmlp._train.state_fields import Context, checked_dict, naming_damage

# The JSON object "training" has the members of these fields last, in this order. Those of other
# fields are before them, in the order of `RECORDS`.
_LAST = ("generator", "digests", "optimizer", "schedule")
_IN_ORDER = (*(name for name in RECORDS if name not in _LAST), *_LAST)
# What a file has of a state without an optimizer.
_WITHOUT_OPTIMIZER = ("history", "target_scale")
_OF_A_MODEL = ("params", "predicts_y", *_WITHOUT_OPTIMIZER)
# Keys of JSON objects, with what errors call them. A file has no "pickle", which follows from the rest.
_OBJECTS = {
    "history": "the history",
    "training": "the training state",
    "training.parameters": "the training state",
    "pickle": "the pickle",
}


def dump_state(
    state: TrainingState, *, include_training_state: bool
) -> tuple[dict[str, str], Arrays]:
    """Return the strings and arrays with a state.

    Without `include_training_state`, they have only counters and best values of the history.
    """
    names: Iterable[str] = ["history"]
    if include_training_state:
        names = _WITHOUT_OPTIMIZER if state.optimizer is None else _IN_ORDER
    objects, arrays = _stored(state, names)
    strings = {
        key: dump_parameters(without_tensors(members), _OBJECTS[key])
        for key, members in objects.items()
        if key != "pickle"
    }
    return strings, arrays if include_training_state else {}


def pickled_state(state: TrainingState, block: Floats) -> Values:
    """Return what a pickle has of a state, without its parameters if they are the block of the model.

    It has no durations, so that the pickles of two fits with equal seeds are equal.
    """
    is_shared = state.params is block
    if is_shared and state.has_only_history:
        objects, arrays = _stored(state, ["history"])
    else:
        seconds = 0.0 if state.batch is None else math.nan
        kept = state.replaced(order=state.order_to_store, seconds=seconds)
        objects, arrays = _stored(kept, _IN_ORDER)
        if is_shared:
            del objects["pickle"]["params"]
    if "training.records" in arrays:
        arrays["training.records"][:, -1] = math.nan
    return {**objects, **arrays}


def _stored(state: TrainingState, names: Iterable[str]) -> tuple[Objects, Arrays]:
    """Return the objects and arrays of some fields of a state."""
    return stored(values_of([(RECORDS[name], getattr(state, name)) for name in names], state))


class _Content(NamedTuple):
    """What is stored elsewhere than in a file of Python, in the form of one."""

    members: Callable[[str], Values | None]
    array: Callable[[str], AnyArray | None]


def load_state(
    net: _core.Net, params: Floats, parameters: Mapping[str, object], file: Metadata
) -> TrainingState:
    """Return the training state in the file of a network, or a state with the stored history, without an optimizer.

    `params` is the network's block. The training state of a C program keeps the `parameters` of the estimator until it
    is resumed.
    """
    content: Content = file
    if file.array("training.numbers") is not None:
        content = _stored_by_c(parameters, file)
    elif file.members("history") is None:
        return TrainingState(params, History())
    return _state_of(Context(net, params, parameters, content))


def unpickled_state(fields: Values, net: _core.Net, block: Floats) -> TrainingState:
    """Return the state that `pickled_state` has described; ValueError if it is damaged or not one of the network."""

    def array(key: str) -> AnyArray | None:
        found = fields.get(key)
        if found is None:
            return None
        if not isinstance(found, np.ndarray):
            raise ValueError(f"{key} is {found!r}.")
        return found.astype(found.dtype.newbyteorder("="), copy=False)

    with naming_damage():
        objects = {key: checked_dict(key, fields[key]) for key in _OBJECTS if key in fields}
    state = _state_of(Context(net, block, {}, _Content(objects.get, array)))
    state.check(net)
    return state


def _state_of(context: Context) -> TrainingState:
    """Return the state that is stored; raises ValueError if it is damaged."""
    content = context.content
    with naming_damage():
        names: Iterable[str] = RECORDS if content.members("training") is not None else _OF_A_MODEL
        state = TrainingState(**{name: loaded(RECORDS[name], content, context) for name in names})
        state.epoch = (content.members("history") or {})["epoch"]
        if (state.optimizer is None) != (state.schedule is None):
            raise ValueError(f"optimizer is {state.optimizer}, but schedule is {state.schedule}.")
    return state


# ------------------------------------------ the training in a file of ``cmlp_model_write``, whose numbers are one array


_OPTIMIZER = ("learning_rate", "momentum", "beta_1", "beta_2", "epsilon", "beta_1_power", "beta_2_power",
              "weight_decay", "max_norm", "n_steps")  # fmt: skip
_NAMES = ("solver", *_OPTIMIZER, "alpha", "batch_size", "n_rows", "n_epochs", "position")
_INTEGERS = ("solver", "n_steps", "batch_size", "n_rows", "n_epochs", "position")
_TOL = 1e-4  # the default, with which the estimator counts epochs without improvement


def _numbers(file: Metadata) -> Values:
    """Return the numbers of the training by their names; none if a C program has not written the file's training."""
    values = file.array("training.numbers")
    if values is None:
        return {}
    if (
        values.dtype != np.float64
        or values.shape != (len(_NAMES),)
        or not np.isfinite(values).all()
    ):
        raise refuse("'training.numbers' has another shape or type, or is not finite")
    numbers: Values = dict(zip(_NAMES, values.tolist(), strict=True))
    for name in _INTEGERS:
        if not 0 <= numbers[name] <= 2**53 or numbers[name] % 1:
            raise refuse(f"'training.numbers' has the {name} {numbers[name]}")
        numbers[name] = int(numbers[name])
    names = {code: name for name, code in _core.SOLVERS.items()}
    if numbers["solver"] not in names:
        raise refuse(f"'training.numbers' has the solver {numbers['solver']}")
    numbers["solver"] = names[numbers["solver"]]
    return numbers


def training_parameters(file: Metadata) -> Values:
    """Return the parameters of the estimator that the training state determines; none if the file has no training.

    What the solver does not use keeps its default.
    """
    numbers = _numbers(file)
    if not numbers:
        return {}
    solver = numbers["solver"]
    own: Values = {"solver": "sgd"}
    used = ["alpha", "batch_size"]
    if solver in ("adam", "adamw"):
        own["solver"] = solver
        used += ["beta_1", "beta_2", "epsilon"]
    elif solver == "sgd":
        own["momentum"] = 0.0
    else:
        used.append("momentum")
    if solver == "momentum":
        own["nesterovs_momentum"] = False
    return {
        **own,
        "learning_rate_init": numbers["learning_rate"],
        "weight_decay": numbers["weight_decay"] if solver == "adamw" else 0.0,
        "max_grad_norm": numbers["max_norm"] or None,
        "shuffle": file.array("training.order") is not None,
        **{name: numbers[name] for name in used},
    }


def _stored_by_c(parameters: Mapping[str, object], file: Metadata) -> Content:
    """Return what a file of a C program has of a state, in the form of Python's files."""
    numbers = _numbers(file)
    n_epochs = numbers["n_epochs"]
    n_rows = numbers["n_rows"]
    order = file.array("training.order")
    curve = file.array("training.loss_curve")
    losses = [] if curve is None else curve.ravel().tolist()
    n_losses = len(losses)
    n_shuffled = n_rows if file.array("training.generator") is not None else 0
    n_ordered = 0 if order is None else len(order)
    if n_losses not in (0, n_epochs) or n_ordered != n_shuffled:
        raise refuse("the arrays of the training do not match 'training.numbers'")
    history = History()
    history.watch_losses(losses, _TOL)
    history.t, history.loss = n_epochs * n_rows, losses[-1] if losses else None
    objects, _ = _stored(TrainingState(np.empty(0), history, epoch=n_epochs), ["history"])
    schedule = SCHEDULES["constant"](numbers["learning_rate"], 0.5, max(n_epochs, 1))
    training = {
        **DEFAULTS,
        **{f"optimizer.{name}": numbers[name] for name in _OPTIMIZER},
        **{f"schedule.{name}": value for name, value in vars(schedule).items()},
        "optimizer.kind": numbers["solver"],
        "optimizer.version": _core.STATE_VERSION,
        "schedule.name": "constant",
        "generator.position": numbers["position"],
        "schedule_epoch": n_epochs,
        "epoch": n_epochs,
        "n_rows": n_rows,
    }
    objects["training"] = training
    objects["training.parameters"] = dict(parameters)  # resume=True compares them
    records = np.full((n_losses, len(EpochNumbers._fields)), np.nan)

    def array(key: str) -> AnyArray | None:
        return records if key == "training.records" else file.array(key)

    return _Content(objects.get, array)
