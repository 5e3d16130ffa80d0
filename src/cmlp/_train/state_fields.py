"""How the fields of a training state are copied and stored: each in one form, for model files and for pickles.

`cmlp._train.state` has an entry for each field; `cmlp._train.state_file` reads and writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import loaded_block, native
from cmlp._parameters.schedules import SCHEDULES, Schedule
from cmlp._train.random import stored_generator
from cmlp._train.target_scale import TargetScale, scale_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cmlp._data.checksums import Digests
    from cmlp._train.random import Generator


@contextmanager
def naming_damage(what: str = "training state") -> Iterator[None]:
    """Raise ValueError that says what is damaged for an error in its fields."""
    try:
        yield
    except KeyError as error:
        raise ValueError(f"The {what} is damaged: it lacks {error}.") from error
    except (AttributeError, IndexError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"The {what} is damaged: {error}") from error


class StoredState(NamedTuple):
    """What a model file or a pickle has of a training state, beside the network and the estimator.

    Attributes
    ----------
    net : Net
    params : ndarray
        The network's block.
    parameters : dict
        Of the estimator; empty for a pickle.
    objects : dict of dict
        The members of the objects "history", "training" and "training.parameters", which a file has
        as JSON, and of `PICKLE`.
    array : callable
        Returns the array with a key, or None.
    """

    net: _core.Net
    params: NDArray[Any]
    parameters: Mapping[str, Any]
    objects: Mapping[str, Mapping[str, Any]]
    array: Callable[[str], NDArray[Any] | None]

    def part(self, prefix: str) -> dict[str, Any]:
        """Return the members of "training" whose names begin with a prefix, without it."""
        return {
            name.removeprefix(prefix): value
            for name, value in self.objects["training"].items()
            if name.startswith(prefix)
        }

    def pickled(self, name: str, in_file: Any) -> Any:
        """Return what a pickle has by this name; in a file it follows from the rest."""
        return self.objects.get(PICKLE, {}).get(name, in_file)


# What is stored of a field, by its keys: arrays, and the members of objects.
Parts: TypeAlias = Mapping[str, Any]
# The object with what a file does not need, because its parameters are those of a model.
PICKLE = "pickle"


class StateField(NamedTuple):
    """How a field of a state is stored, loaded and copied.

    Attributes
    ----------
    dump : callable
        Returns the `Parts` of ``(key, value)``.
    load : callable
        Returns the value of ``(key, StoredState)``; raises ValueError, TypeError or KeyError.
    default : object
        Of the dataclass. A field can be None only if its default is None.
    copy : callable
        Returns the value of an independent state, of a value that is not None.
    key : str
        Its name in files and pickles; if empty, the name of the attribute.
    """

    dump: Callable[[str, Any], Parts]
    load: Callable[[str, StoredState], Any]
    default: object
    copy: Callable[[Any], Any]
    key: str = ""


def _same(value: Any) -> Any:
    return value


# How a field is stored: `dump` and `load` of a `StateField`.
Form: TypeAlias = tuple[Callable[[str, Any], Parts], Callable[[str, StoredState], Any]]


def state_field(
    form: Form,
    default: object,
    *,
    key: str = "",
    copy: Callable[[Any], Any] = _same,
    **more: Any,
) -> Any:
    """Return a field of a dataclass with its `StateField`."""
    described = StateField(*form, default, copy, key)
    return field(default=default, **more, metadata={"described": described})


# ----------------------------------------------------------------------------------------- numbers


def _require(is_valid: object, key: str, value: object) -> None:
    if not is_valid:
        raise ValueError(f"{key} is {value!r}.")


def load_dict(key: str, value: Any) -> dict[str, Any]:
    """Return a dict."""
    _require(isinstance(value, dict), key, value)
    return value  # type: ignore[no-any-return]


def _number_field(default: object, is_valid: Callable[[Any], object]) -> Any:
    def load(key: str, stored: StoredState) -> Any:
        value = stored.objects["training"][key]
        _require((value is None and default is None) or is_valid(value), key, value)
        return value

    return state_field((lambda key, value: {"training": {key: value}}, load), default)


def count_field(default: int | None) -> Any:
    """Return the field of an integer that is not negative."""
    return _number_field(default, lambda value: isinstance(value, int) and value >= 0)


def _is_seed(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < 2**32


def seed_field() -> Any:
    """Return the field of the seed of random numbers of the core."""
    return _number_field(0, _is_seed)


def number_field(kind: type, default: object) -> Any:
    """Return the field of a bool or a float."""
    return _number_field(default, lambda value: isinstance(value, kind))


# ------------------------------------------------------------------------------------------ arrays


def array_field(
    load: Callable[[str, Any], Any], default: object = None, *, absent: Any = None, **more: Any
) -> Any:
    """Return the field of an array; if none is stored, it is a copy of `absent`."""

    def load_stored(key: str, stored: StoredState) -> Any:
        array = stored.array(f"training.{key}")
        if array is None:
            return None if absent is None else absent.copy()
        return load(key, array)

    form = (lambda key, value: {f"training.{key}": value}, load_stored)
    return state_field(form, default, **more)


def load_block(key: str, value: Any) -> NDArray[Any]:
    """Return a parameter block."""
    return loaded_block(native(value, (np.float32, np.float64), key))


def load_rows(key: str, value: Any) -> NDArray[np.int64]:
    """Return indices of rows."""
    # A copy, because training shuffles the order in place, and the pickle's memory may be shared.
    return np.array(native(value, (np.int64,), key))


# The sums of an epoch before its first batch.
NO_SUMS = np.zeros(_core.N_SUMS)
NO_SUMS[_core.NORM] = np.nan
NO_SUMS.flags.writeable = False


def load_sums(key: str, value: Any) -> NDArray[np.float64]:
    """Return the sums of an epoch."""
    sums = np.array(native(value, (np.float64,), key))
    if sums.shape != NO_SUMS.shape:
        raise ValueError(f"{key} has the shape {sums.shape}.")
    return sums


# ------------------------------------------- parameters, standardized targets, what must not change


def _dump_params(key: str, params: NDArray[Any]) -> Parts:
    return {PICKLE: {key: params}}


def _load_params(key: str, stored: StoredState) -> NDArray[Any]:
    own = stored.pickled(key, None)
    return stored.params if own is None else load_block(key, own)


PARAMS: Form = _dump_params, _load_params


_TARGET_ARRAYS = ("shift", "factor", "layer")


def _dump_target_scale(_: str, scale: TargetScale | None) -> Parts:
    if scale is None:
        return {}
    arrays = {f"training.target_{name}": getattr(scale, name) for name in _TARGET_ARRAYS}
    return {**arrays, PICKLE: {"y_scale": scale.kind}}


def _load_target_scale(_: str, stored: StoredState) -> TargetScale | None:
    fields = {name: stored.array(f"training.target_{name}") for name in _TARGET_ARRAYS}
    if all(array is None for array in fields.values()):
        return None
    in_file = stored.parameters.get("y_scale") or "standard"
    return scale_of({**fields, "kind": stored.pickled("y_scale", in_file)})


TARGET_SCALE: Form = _dump_target_scale, _load_target_scale


def _dump_predicts_y(key: str, predicts_y: bool) -> Parts:
    return {PICKLE: {key: predicts_y}}


def _load_predicts_y(key: str, stored: StoredState) -> bool:
    value = stored.pickled(key, stored.array("training.target_shift") is not None)
    _require(isinstance(value, bool), key, value)
    return value  # type: ignore[no-any-return]


PREDICTS_Y: Form = _dump_predicts_y, _load_predicts_y


def _dump_kept_parameters(key: str, parameters: dict[str, Any] | None) -> Parts:
    if parameters is None:
        return {}
    # A tuple in place of an `InputScale`, so that what is stored has plain values.
    plain = {n: tuple(one) if isinstance(one, tuple) else one for n, one in parameters.items()}
    return {f"training.{key}": plain}


def _load_kept_parameters(key: str, stored: StoredState) -> Mapping[str, Any] | None:
    return stored.objects.get(f"training.{key}")


KEPT_PARAMETERS: Form = _dump_kept_parameters, _load_kept_parameters


# ------------------------------------------------------- generator, checksums, optimizer, schedule


def copied_generator(generator: Generator) -> Generator:
    """Return a copy of a generator of the core; the one of a program is shared."""
    return generator.copy() if isinstance(generator, _core.Random) else generator


def _dump_generator(key: str, generator: Generator | None) -> Parts:
    if generator is None:
        return {}
    fields = stored_generator(generator).get_state()
    return {
        f"training.{key}": fields["key"].view(np.int32),
        "training": {f"{key}.position": fields["position"]},
    }


def _load_generator(key: str, stored: StoredState) -> _core.Random | None:
    words = stored.array(f"training.{key}")
    if words is None:
        return None
    return _core.restored_random(
        {"version": _core.STATE_VERSION, "key": words.view(np.uint32), **stored.part(f"{key}.")}
    )


def generator_field(key: str = "") -> Any:
    """Return the field of a random generator."""
    return state_field((_dump_generator, _load_generator), None, key=key, copy=copied_generator)


def _dump_digests(key: str, digests: Digests | None) -> Parts:
    if digests is None:
        return {}
    kinds = {
        row_set: " ".join(map("=".join, each.items())) for row_set, (each, _) in digests.items()
    }
    arrays = {
        f"training.digest_{row_set}": sums.view(np.int64) for row_set, (_, sums) in digests.items()
    }
    return {**arrays, "training": {key: kinds}}


def _load_digests(key: str, stored: StoredState) -> Digests | None:
    # Few programs load a state with them.
    from cmlp._data.checksums import STORED_DTYPES

    texts = stored.objects["training"].get(key)
    if texts is None:
        return None
    digests: Digests = {}
    for row_set, text in load_dict(key, texts).items():
        sums = stored.array(f"training.digest_{row_set}")
        kinds = dict(pair.split("=", 1) for pair in str(text).split() if "=" in pair)
        if (
            sums is None
            or sums.dtype != np.int64
            or sums.ndim != 1
            or not set(kinds.values()) <= STORED_DTYPES
        ):
            raise ValueError("its checksums of the data are invalid.")
        digests[row_set] = kinds, sums.view(np.uint64)
    return digests


DIGESTS: Form = _dump_digests, _load_digests


def _dump_optimizer(key: str, optimizer: _core.Optimizer | None) -> Parts:
    if optimizer is None:
        return {}
    fields = optimizer.get_state()
    moments = fields.pop("state")
    fields["kind"] = fields.pop("solver")  # the name in files, where it is the last one
    return {
        f"training.{key}": moments,
        "training": {f"{key}.{name}": value for name, value in fields.items()},
    }


def _load_optimizer(key: str, stored: StoredState) -> _core.Optimizer | None:
    fields = stored.part(f"{key}.")
    if not fields:
        return None
    moments = stored.array(f"training.{key}")
    if moments is None:
        moments = np.empty(0, stored.net.dtype)
    return _core.restored({**fields, "solver": fields["kind"], "state": moments})


OPTIMIZER: Form = _dump_optimizer, _load_optimizer


def _dump_schedule(key: str, schedule: Schedule | None) -> Parts:
    if schedule is None:
        return {}
    fields = {"name": schedule.name, **vars(schedule)}
    return {"training": {f"{key}.{name}": value for name, value in fields.items()}}


def _load_schedule(key: str, stored: StoredState) -> Schedule | None:
    numbers = stored.part(f"{key}.")
    if not numbers:
        return None
    name = numbers.pop("name")
    if name not in SCHEDULES:
        raise ValueError(f"the name of the schedule is {name!r}.")
    for each, value in numbers.items():
        _require(type(value) in (int, float), f"{key}.{each}", value)
    return SCHEDULES[name](**numbers)


def schedule_field() -> Any:
    """Return the field of a learning-rate schedule."""
    return state_field((_dump_schedule, _load_schedule), None)
