"""The training state in a model file, also in one that a C program has written.

Scalars are stored as JSON, arrays as tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._data.checksums import STORED_DTYPES
from cmlp._data.json_texts import dump_parameters, load_parameters, refuse, without_tensors
from cmlp._train.random import stored_generator
from cmlp._train.schedules import SCHEDULES
from cmlp._train.state import (
    FIELDS,
    NO_SUMS,
    STORED_NAMES,
    Curve,
    EpochNumbers,
    History,
    TrainingState,
    Weights,
)
from cmlp._train.target_scale import scale_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cmlp._data.checksums import Digests
    from cmlp._data.json_texts import Metadata

    Strings = dict[str, str]
    Arrays = dict[str, np.ndarray[Any, Any]]


_CURVES = ("loss_curve", "validation_scores")
_TARGET_SCALE = ("shift", "factor", "layer")
_NUMBERS = [name for name, field in FIELDS.items() if field.stored == "number"]
_ARRAYS = {STORED_NAMES[name]: name for name, field in FIELDS.items() if field.stored == "array"}


def dump_history(state: TrainingState) -> Strings:
    """Return what every estimator's file contains of the history: counters and best values, no curves."""
    fields = {
        name: value
        for name, value in state.history.fields().items()
        if name not in (*_CURVES, "records")
    }
    scored = state.history.validation_scores is not None
    return {
        "history": dump_parameters(
            {**fields, "epoch": state.epoch, "scored": scored}, "the history"
        )
    }


def dump_state(state: TrainingState) -> tuple[Strings, Arrays]:
    """Return the strings and arrays with the rest of the training state; without an optimizer, only the curves."""
    curves = {
        name: np.array(list(getattr(state.history, name) or ()), np.float64) for name in _CURVES
    }
    scale, check, values = state.weights.target_scale, state.resume_check, state.flat()
    if scale is not None:
        curves |= {f"target_{name}": getattr(scale, name) for name in _TARGET_SCALE}
    curves["records"] = np.array(list(state.history.records), np.float64)
    if state.optimizer is None or state.schedule is None:
        return {}, _without_empty(curves)
    optimizer = state.optimizer.get_state()
    arrays = {**curves, "optimizer": optimizer.pop("state")}
    arrays |= {stored: values[name] for stored, name in _ARRAYS.items()}
    scalars: dict[str, object] = {name: values[name] for name in _NUMBERS}
    generator = None if state.generator is None else stored_generator(state.generator).get_state()
    if generator is not None:
        arrays["generator"] = generator.pop("key").view(np.int32)
        scalars["generator.position"] = generator["position"]
    if check.digests is not None:
        scalars["digests"] = {
            group: " ".join(map("=".join, kinds.items()))
            for group, (kinds, _) in check.digests.items()
        }
        arrays |= {
            f"digest_{group}": sums.view(np.int64) for group, (_, sums) in check.digests.items()
        }
    optimizer["kind"] = optimizer.pop("solver")  # the name in files
    scalars |= {f"optimizer.{name}": value for name, value in optimizer.items()}
    scalars |= {"schedule.name": state.schedule.name}
    scalars |= {f"schedule.{name}": value for name, value in vars(state.schedule).items()}
    strings = {"training": dump_parameters(scalars, "the training state")}
    if check.parameters is not None:
        strings["training.parameters"] = dump_parameters(
            without_tensors(check.parameters), "the training state"
        )
    return strings, _without_empty(arrays)


def _without_empty(arrays: Mapping[str, np.ndarray[Any, Any] | None]) -> Arrays:
    """Return the arrays to store. The format does not allow empty arrays; loading treats a missing array as empty."""
    return {
        f"training.{name}": array
        for name, array in arrays.items()
        if array is not None and len(array)
    }


def load_state(
    net: _core.Net, params: NDArray[Any], parameters: Mapping[str, Any], file: Metadata
) -> TrainingState:
    """Return the training state in the file of a network, or a state with the stored history, without an optimizer.

    `params` is the network's block. The training state of a C program keeps the `parameters` of the estimator until it
    is resumed.
    """
    if file.array("training.numbers") is not None:
        state = _state_of(
            net, params, parameters, file, *fields_from_c(file, _curve(file, "loss_curve"))
        )
        state.resume_check.parameters = dict(parameters)  # resume=True compares them
        return state
    history_text, state_text = file.string("history"), file.string("training")
    if history_text is None:
        return TrainingState(Weights(params), History())
    stored = load_parameters(history_text, "history")
    curves: dict[str, Curve[Any] | None] = {name: _curve(file, name) for name in _CURVES}
    curves["records"] = _records(file)
    epoch, scored = stored.pop("epoch", None), stored.pop("scored", None)
    counters = (epoch, stored.get("t", 0), stored.get("stale", 0))
    if type(scored) is not bool or any(type(value) is not int or value < 0 for value in counters):
        raise refuse("'history' lacks an entry")
    if not scored:
        curves["validation_scores"] = None
    history = {**stored, **curves}
    if history.keys() != History().fields().keys():
        raise refuse("'history' has other entries than " + ", ".join(History().fields()))
    if state_text is not None:
        return _state_of(
            net, params, parameters, file, history, load_parameters(state_text, "training")
        )
    state = TrainingState(Weights(params), History.from_fields(history))
    state.epoch, state.weights.target_scale = epoch, scale_of(_target_scale(file, parameters))
    return state


def _target_scale(file: Metadata, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the attributes of the scale of the targets, whose kind is a parameter; None if the file has none."""
    fields = {name: file.array(f"training.target_{name}") for name in _TARGET_SCALE}
    return (
        None
        if fields["shift"] is None
        else {**fields, "kind": parameters.get("y_scale") or "standard"}
    )


def _curve(file: Metadata, name: str) -> Curve[float]:
    values = file.array(f"training.{name}")
    if values is None:
        return Curve()
    if values.ndim != 1 or values.dtype != np.float64:
        raise refuse(f"'training.{name}' is not a list of numbers")
    return Curve.from_values(values.tolist())


def _records(file: Metadata) -> Curve[tuple[float, ...]]:
    values = file.array("training.records")
    if values is None:
        return Curve()
    if (
        values.ndim != 2
        or values.shape[1] != len(EpochNumbers._fields)
        or values.dtype != np.float64
    ):
        raise refuse("'training.records' is not a table of numbers")
    return Curve((tuple(map(tuple, values.tolist())),)) if len(values) else Curve()


def _state_of(
    net: _core.Net,
    params: NDArray[Any],
    parameters: Mapping[str, Any],
    file: Metadata,
    history: dict[str, Any],
    scalars: dict[str, Any],
) -> TrainingState:
    def part(prefix: str) -> dict[str, Any]:
        return {
            name.removeprefix(prefix): value
            for name, value in scalars.items()
            if name.startswith(prefix)
        }

    arrays = {name: file.array(f"training.{name}") for name in ("optimizer", "generator", *_ARRAYS)}
    moments = np.empty(0, net.dtype) if arrays["optimizer"] is None else arrays["optimizer"]
    optimizer = part("optimizer.")
    optimizer["solver"] = optimizer.pop("kind")
    defaults = _core.Optimizer(net, optimizer["solver"], learning_rate=0.0).get_state()
    if not set(optimizer) <= set(defaults) or optimizer.get("version") != _core.STATE_VERSION:
        raise refuse("'training' has an optimizer of a newer version")
    generator = None
    if arrays["generator"] is not None:
        fields = {
            "version": _core.STATE_VERSION,
            "key": arrays["generator"].view(np.uint32),
            **part("generator."),
        }
        generator = _core.restored_random(fields)
    schedule = part("schedule.")
    if any(name != "name" and type(value) not in (int, float) for name, value in schedule.items()):
        raise refuse("'training' has a schedule of something other than numbers")
    if any(isinstance(scalars[name], int) and scalars[name] < 0 for name in _NUMBERS):
        raise refuse("'training' has a negative counter")
    key = "training.parameters"
    text, target_scale = file.string(key), _target_scale(file, parameters)
    return TrainingState.from_fields(
        {
            **{name: scalars[name] for name in _NUMBERS},
            **{name: arrays[name] for name in _ARRAYS},
            "sums": NO_SUMS.copy() if arrays["sums"] is None else arrays["sums"],
            "params": params,
            "optimizer": _core.restored({**defaults, **optimizer, "state": moments}),
            "schedule": schedule,
            "history": history,
            "generator": generator,
            "digests": _digests(file, scalars.get("digests")),
            "parameters": None if text is None else load_parameters(text, key),
            "target_scale": target_scale,
            "predicts_y": target_scale is not None,
        }
    )


def _digests(file: Metadata, stored: object) -> Digests | None:
    """Return the checksums of the data; None if the file has none."""
    if stored is None:
        return None
    found: Digests = {}
    for group, text in stored.items() if isinstance(stored, dict) else [("", "")]:
        sums = file.array(f"training.digest_{group}")
        kinds = dict(pair.split("=", 1) for pair in str(text).split() if "=" in pair)
        if (
            sums is None
            or sums.dtype != np.int64
            or sums.ndim != 1
            or not set(kinds.values()) <= STORED_DTYPES
        ):
            raise refuse("'training' has invalid checksums of the data")
        found[group] = kinds, sums.view(np.uint64)
    return found


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


def fields_from_c(file: Metadata, losses: Curve[float]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of the history and of the training state, as Python's files contain them."""
    numbers = _numbers(file)
    n_epochs, n_rows, rate = numbers["n_epochs"], numbers["n_rows"], numbers["learning_rate"]
    order, is_shuffled = file.array("training.order"), file.array("training.generator") is not None
    if len(losses) not in (0, n_epochs) or (n_rows if is_shuffled else 0) != (
        0 if order is None else len(order)
    ):
        raise refuse("the arrays of the training do not match 'training.numbers'")
    history = History()
    history.watch_losses(losses, _TOL)
    history.loss = losses.last() if len(losses) else None
    history.t, history.loss_curve = n_epochs * n_rows, losses
    history.records = Curve.from_values([EpochNumbers()] * len(losses))
    scalars = {
        **{name: FIELDS[name].default for name in _NUMBERS},
        **{f"optimizer.{name}": numbers[name] for name in _OPTIMIZER},
        **{
            f"schedule.{name}": value
            for name, value in vars(SCHEDULES["constant"](rate, 0.5, max(n_epochs, 1))).items()
        },
        "optimizer.kind": numbers["solver"],
        "optimizer.version": _core.STATE_VERSION,
        "schedule.name": "constant",
        "generator.position": numbers["position"],
        "schedule_epoch": n_epochs,
        "epoch": n_epochs,
        "n_rows": n_rows,
    }
    return dict(history.fields()), scalars
