"""The training state in a model file, also in one that a C program has written.

Scalars are stored as JSON, arrays as tensors. Each field has its form in
`cmlp._train.state_fields`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._data.json_texts import dump_parameters, load_parameters, refuse
from cmlp._parameters.schedules import SCHEDULES
from cmlp._train.state import FIELDS, EpochNumbers, History, TrainingState
from cmlp._train.state_fields import StoredState, naming_damage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._data.json_texts import Metadata

    Strings = dict[str, str]
    Arrays = dict[str, NDArray[Any]]


# The JSON object "training" has the members of these fields last, in this order. Those of other
# fields are before them, in the order of `FIELDS`.
_LAST = ("generator", "digests", "optimizer", "schedule")
_IN_ORDER = (*(name for name in FIELDS if name not in _LAST), *_LAST)
# What a file has of a state without an optimizer.
_WITHOUT_OPTIMIZER = ("history", "target_scale")
# Keys of JSON objects, with what errors call them.
_OBJECTS = {
    "history": "the history",
    "training": "the training state",
    "training.parameters": "the training state",
}


def dump_state(state: TrainingState, *, include_training_state: bool) -> tuple[Strings, Arrays]:
    """Return the strings and arrays with a state.

    Without `include_training_state`, they have only counters and best values of the history.
    """
    names: Sequence[str]
    if not include_training_state:
        names = ["history"]
    elif state.optimizer is None:
        names = _WITHOUT_OPTIMIZER
    else:
        names = _IN_ORDER
    objects: dict[str, dict[str, object]] = {}
    arrays = {}
    for name in names:
        for key, part in FIELDS[name].parts_of(getattr(state, name)).items():
            if isinstance(part, Mapping):
                objects.setdefault(key, {}).update(part)
            # The format does not allow empty arrays; a missing array is loaded as an empty one.
            elif part is not None and len(part) and include_training_state:
                arrays[key] = part
    objects["history"]["epoch"] = state.epoch
    strings = {key: dump_parameters(members, _OBJECTS[key]) for key, members in objects.items()}
    return strings, arrays


def load_state(
    net: _core.Net, params: NDArray[Any], parameters: Mapping[str, Any], file: Metadata
) -> TrainingState:
    """Return the training state in the file of a network, or a state with the stored history, without an optimizer.

    `params` is the network's block. The training state of a C program keeps the `parameters` of the estimator until it
    is resumed.
    """
    if file.array("training.numbers") is not None:
        stored = _stored_by_c(net, params, parameters, file)
    else:
        objects = {}
        for key in _OBJECTS:
            text = file.string(key)
            if text is not None:
                objects[key] = load_parameters(text, key)
        if "history" not in objects:
            return TrainingState(params, History())
        if "training" not in objects:
            objects["training"] = {**_DEFAULTS, "epoch": objects["history"].get("epoch")}
        stored = StoredState(net, params, parameters, objects, file.array)
    with naming_damage():
        plain = {each.key: each.in_file.load(each.key, stored) for each in FIELDS.values()}
    return TrainingState.from_plain(plain)


_DEFAULTS = {field.key: field.default for field in FIELDS.values() if field.default is not MISSING}


# ------------------------------------------ the training in a file of ``cmlp_model_write``, whose numbers are one array


_OPTIMIZER = ("learning_rate", "momentum", "beta_1", "beta_2", "epsilon", "beta_1_power", "beta_2_power",
              "weight_decay", "max_norm", "n_steps")  # fmt: skip
_NAMES = ("solver", *_OPTIMIZER, "alpha", "batch_size", "n_rows", "n_epochs", "position")
_INTEGERS = ("solver", "n_steps", "batch_size", "n_rows", "n_epochs", "position")
_TOL = 1e-4  # the default, with which the estimator counts epochs without improvement


def _numbers(file: Metadata) -> dict[str, Any]:
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
    numbers: dict[str, Any] = dict(zip(_NAMES, values.tolist(), strict=True))
    for name in _INTEGERS:
        if not 0 <= numbers[name] <= 2**53 or numbers[name] % 1:
            raise refuse(f"'training.numbers' has the {name} {numbers[name]}")
        numbers[name] = int(numbers[name])
    names = {code: name for name, code in _core.SOLVERS.items()}
    if numbers["solver"] not in names:
        raise refuse(f"'training.numbers' has the solver {numbers['solver']}")
    numbers["solver"] = names[numbers["solver"]]
    return numbers


def training_parameters(file: Metadata) -> dict[str, Any]:
    """Return the parameters of the estimator that the training state determines; none if the file has no training.

    What the solver does not use keeps its default.
    """
    numbers = _numbers(file)
    if not numbers:
        return {}
    solver = numbers["solver"]
    own: dict[str, Any] = {"solver": "sgd"}
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


def _stored_by_c(
    net: _core.Net, params: NDArray[Any], parameters: Mapping[str, Any], file: Metadata
) -> StoredState:
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
    members = {
        **FIELDS["history"].parts_of(history)["history"],
        "t": n_epochs * n_rows,
        "loss": losses[-1] if losses else None,
        "epoch": n_epochs,
    }
    schedule = SCHEDULES["constant"](numbers["learning_rate"], 0.5, max(n_epochs, 1))
    training = {
        **_DEFAULTS,
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
    records = np.full((n_losses, len(EpochNumbers._fields)), np.nan)
    objects = {
        "history": members,
        "training": training,
        "training.parameters": parameters,  # resume=True compares them
    }

    def array(key: str) -> NDArray[Any] | None:
        return records if key == "training.records" else file.array(key)

    return StoredState(net, params, parameters, objects, array)
