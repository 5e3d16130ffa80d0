"""How the fields of a training state are copied, pickled, and written to a model file.

`cmlp._train.state` has an entry for each field; `cmlp._train.state_file` reads and writes files.
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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cmlp._data.checksums import Digests
    from cmlp._train.random import Generator


@contextmanager
def naming_damage() -> Iterator[None]:
    """Raise ValueError that says that a training state is damaged for an error in its fields."""
    try:
        yield
    except KeyError as error:
        raise ValueError(f"The training state is damaged: it lacks {error}.") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"The training state is damaged: {error}") from error


class StoredState(NamedTuple):
    """What a model file has of a training state, beside the network and the estimator.

    Attributes
    ----------
    net : Net
    params : ndarray
        The network's block.
    parameters : dict
        Of the estimator.
    objects : dict of dict
        The members of the JSON objects "history", "training" and "training.parameters".
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


# What a file has of a field, by its keys: arrays, and the members of JSON objects.
FileParts: TypeAlias = Mapping[str, Any]


class FileForm(NamedTuple):
    """How a model file has a field.

    Attributes
    ----------
    dump : callable
        Returns the `FileParts` of ``(key, plain value)``.
    load : callable
        Returns the plain value of ``(key, StoredState)``; None if the file has none. Raises
        ValueError, TypeError or KeyError.
    """

    dump: Callable[[str, Any], FileParts]
    load: Callable[[str, StoredState], Any]


class StateField(NamedTuple):
    """How a field of a state is loaded from its plain value, copied, pickled, and saved.

    Attributes
    ----------
    load : callable
        Returns the value of ``(key, plain value)``; raises ValueError, TypeError or KeyError.
    default : object
        Of the dataclass. A field can be None only if its default is None.
    copy : callable
        Returns the value of an independent state, of a value that is not None.
    plain : callable
        Returns what a pickle has of a value that is not None.
    in_file : FileForm
    key : str
        Its name in pickles and files; if empty, the name of the attribute.
    """

    load: Callable[[str, Any], Any]
    default: object
    copy: Callable[[Any], Any]
    plain: Callable[[Any], Any]
    in_file: FileForm
    key: str = ""

    def loaded(self, plain: Any) -> Any:
        """Return the value of a plain value."""
        if plain is None and self.default is None:
            return None
        return self.load(self.key, plain)

    def plain_of(self, value: Any) -> Any:
        """Return what a pickle has of a value."""
        return None if value is None else self.plain(value)

    def parts_of(self, value: Any) -> FileParts:
        """Return what a file has of a value."""
        return self.in_file.dump(self.key, self.plain_of(value))


def _same(value: Any) -> Any:
    return value


def state_field(
    load: Callable[[str, Any], Any],
    default: object,
    in_file: FileForm,
    *,
    key: str = "",
    copy: Callable[[Any], Any] = _same,
    plain: Callable[[Any], Any] = _same,
    **more: Any,
) -> Any:
    """Return a field of a dataclass with its `StateField`."""
    described = StateField(load, default, copy, plain, in_file, key)
    return field(default=default, **more, metadata={"described": described})


# ------------------------------------------------------------------------------ values of one type


def instance_of(kind: type) -> Callable[[str, Any], Any]:
    """Return the function that loads values of a type."""

    def load(key: str, value: Any) -> Any:
        if not isinstance(value, kind):
            raise ValueError(f"{key} is {value!r}.")
        return value

    return load


load_dict = instance_of(dict)


def _load_count(key: str, value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{key} is {value!r}.")
    return value


def _load_seed(key: str, value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**32:
        raise ValueError(f"{key} is {value!r}.")
    return value


_NUMBER = FileForm(
    lambda key, value: {"training": {key: value}},
    lambda key, stored: stored.objects["training"][key],
)


def count_field(default: int | None) -> Any:
    """Return the field of an integer that is not negative."""
    return state_field(_load_count, default, _NUMBER)


def seed_field() -> Any:
    """Return the field of the seed of random numbers of the core."""
    return state_field(_load_seed, 0, _NUMBER)


def number_field(kind: type, default: object) -> Any:
    """Return the field of a bool or a float."""
    return state_field(instance_of(kind), default, _NUMBER)


# ------------------------------------------------------------------------------------------ arrays


def array_in_file(absent: NDArray[Any] | None = None) -> FileForm:
    """Return the form of an array; a file without it stands for a copy of `absent`."""

    def load(key: str, stored: StoredState) -> Any:
        array = stored.array(f"training.{key}")
        if array is None and absent is not None:
            return absent.copy()
        return array

    return FileForm(lambda key, value: {f"training.{key}": value}, load)


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


# The parameters are the network's.
PARAMS_IN_FILE = FileForm(lambda _, params: {}, lambda _, stored: stored.params)


# ---------------------------------------------------------------- standardized targets, parameters


_TARGET_ARRAYS = ("shift", "factor", "layer")


def _dump_target_scale(_: str, fields: Mapping[str, Any] | None) -> FileParts:
    if fields is None:
        return {}
    return {f"training.target_{name}": fields[name] for name in _TARGET_ARRAYS}


def _load_target_scale(_: str, stored: StoredState) -> dict[str, Any] | None:
    fields = {name: stored.array(f"training.target_{name}") for name in _TARGET_ARRAYS}
    if fields["shift"] is None:
        return None
    return {**fields, "kind": stored.parameters.get("y_scale") or "standard"}


TARGET_SCALE_IN_FILE = FileForm(_dump_target_scale, _load_target_scale)

# A saved model predicts y itself.
PREDICTS_Y_IN_FILE = FileForm(
    lambda _, predicts_y: {}, lambda _, stored: stored.array("training.target_shift") is not None
)


def _dump_parameters(key: str, parameters: dict[str, Any] | None) -> FileParts:
    if parameters is None:
        return {}
    # Their module is not imported before a file is written.
    from cmlp._data.json_texts import without_tensors

    return {f"training.{key}": without_tensors(parameters)}


PARAMETERS_IN_FILE = FileForm(
    _dump_parameters, lambda key, stored: stored.objects.get(f"training.{key}")
)


# ------------------------------------------------------- generator, checksums, optimizer, schedule


def copied_generator(generator: Generator) -> Generator:
    """Return a copy of a generator of the core; the one of a program is shared."""
    return generator.copy() if isinstance(generator, _core.Random) else generator


def _dump_generator(key: str, generator: _core.Random | None) -> FileParts:
    if generator is None:
        return {}
    fields = generator.get_state()
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


def generator_field() -> Any:
    """Return the field of a random generator."""
    form = FileForm(_dump_generator, _load_generator)
    load = instance_of(_core.Random)
    return state_field(load, None, form, copy=copied_generator, plain=stored_generator)


def _dump_digests(key: str, digests: Digests | None) -> FileParts:
    if digests is None:
        return {}
    kinds = {group: " ".join(map("=".join, each.items())) for group, (each, _) in digests.items()}
    arrays = {
        f"training.digest_{group}": sums.view(np.int64) for group, (_, sums) in digests.items()
    }
    return {**arrays, "training": {key: kinds}}


def _load_digests(key: str, stored: StoredState) -> Digests | None:
    # Training states are pickled without this module.
    from cmlp._data.checksums import STORED_DTYPES

    texts = stored.objects["training"].get(key)
    if texts is None:
        return None
    if not isinstance(texts, dict):
        raise ValueError(f"{key} is {texts!r}.")
    digests: Digests = {}
    for group, text in texts.items():
        sums = stored.array(f"training.digest_{group}")
        kinds = dict(pair.split("=", 1) for pair in str(text).split() if "=" in pair)
        if (
            sums is None
            or sums.dtype != np.int64
            or sums.ndim != 1
            or not set(kinds.values()) <= STORED_DTYPES
        ):
            raise ValueError("its checksums of the data are invalid.")
        digests[group] = kinds, sums.view(np.uint64)
    return digests


DIGESTS_IN_FILE = FileForm(_dump_digests, _load_digests)


def _dump_optimizer(key: str, optimizer: _core.Optimizer | None) -> FileParts:
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
    fields["solver"] = fields.pop("kind")
    # Files of earlier versions lack some of them.
    defaults = _core.Optimizer(stored.net, fields["solver"], learning_rate=0.0).get_state()
    if not set(fields) <= set(defaults) or fields.get("version") != _core.STATE_VERSION:
        raise ValueError("its optimizer is of a newer version.")
    moments = stored.array(f"training.{key}")
    if moments is None:
        moments = np.empty(0, stored.net.dtype)
    return _core.restored({**defaults, **fields, "state": moments})


OPTIMIZER_IN_FILE = FileForm(_dump_optimizer, _load_optimizer)


def _plain_schedule(schedule: Schedule) -> dict[str, Any]:
    return {"name": schedule.name, **vars(schedule)}


def _load_schedule(key: str, plain: Any) -> Schedule:
    numbers = dict(load_dict(key, plain))
    name = numbers.pop("name")
    if name not in SCHEDULES:
        raise ValueError(f"the name of the schedule is {name!r}.")
    return SCHEDULES[name](**numbers)


def _dump_schedule(key: str, fields: Mapping[str, Any] | None) -> FileParts:
    if fields is None:
        return {}
    return {"training": {f"{key}.{name}": value for name, value in fields.items()}}


def _load_stored_schedule(key: str, stored: StoredState) -> dict[str, Any] | None:
    fields = stored.part(f"{key}.")
    for name, value in fields.items():
        if name != "name" and type(value) not in (int, float):
            raise ValueError(f"{key}.{name} is {value!r}.")
    return fields or None


def schedule_field() -> Any:
    """Return the field of a learning-rate schedule."""
    form = FileForm(_dump_schedule, _load_stored_schedule)
    return state_field(_load_schedule, None, form, plain=_plain_schedule)
