"""How the fields of a training state are stored: a record for each, for model files and for pickles.

`cmlp._train.state` has a field for each record; `cmlp._train.state_file` reads and writes them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import loaded_block, native
from cmlp._data.records import REQUIRED, Content, Record, Value, Values, record_of
from cmlp._parameters.schedules import SCHEDULES, Schedule
from cmlp._train.random import stored_generator
from cmlp._train.target_scale import TargetScale, scale_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cmlp._data.array_types import AnyArray, Floats, NDArray
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


class Context(NamedTuple):
    """What a state is loaded from, and for: the network, its block, the estimator's parameters, none for a pickle."""

    net: _core.Net
    params: Floats
    parameters: Mapping[str, object]
    content: Content


def state_field(
    record: Record,
    default: object,
    *,
    copy: Callable[[Any], Any] = lambda value: value,
    **more: Any,
) -> Any:
    """Return a field of a dataclass with its record.

    `copy` returns the value of an independent state, of a value that is not None.
    """
    return field(default=default, **more, metadata={"record": record, "copy": copy})


# ----------------------------------------------------------------------------------------- numbers


def _checked(is_valid: Callable[[Any], object]) -> Callable[[str, Any], Any]:
    def check(name: str, value: object) -> object:
        if not is_valid(value):
            raise ValueError(f"{name} is {value!r}.")
        return value

    return check


def _or_none(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None else check(name, value)


def _number(key: str, is_valid: Callable[[Any], object]) -> Record:
    return record_of(Value(f"training:{key}", _checked(is_valid), REQUIRED))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 0


def count(key: str) -> Record:
    """Return the record of an integer that is not negative."""
    return _number(key, _is_count)


def count_or_none(key: str) -> Record:
    """Return the record of an integer that is not negative, or None."""
    return _number(key, lambda value: value is None or _is_count(value))


def seed(key: str) -> Record:
    """Return the record of a seed of random numbers of the core."""
    return _number(key, lambda value: _is_count(value) and value < 2**32)


def of_type(kind: type, key: str) -> Record:
    """Return the record of a bool or a float."""
    return _number(key, lambda value: isinstance(value, kind))


# ------------------------------------------------------------------------------------------ arrays


def _block(name: str, value: object) -> AnyArray:
    return loaded_block(native(value, (np.float32, np.float64), name))


def block(key: str) -> Record:
    """Return the record of a parameter block."""
    return record_of(Value(f"training.{key}", _block))


def _rows(name: str, value: object) -> NDArray[np.int64]:
    # A copy, because training shuffles the order in place, and the pickle's memory may be shared.
    return np.array(native(value, (np.int64,), name))


def rows(key: str) -> Record:
    """Return the record of indices of rows."""
    return record_of(Value(f"training.{key}", _rows))


# The sums of an epoch before its first batch.
NO_SUMS = np.zeros(_core.N_SUMS)
NO_SUMS[_core.NORM] = np.nan
NO_SUMS.flags.writeable = False


def _sums(name: str, value: object) -> NDArray[np.float64]:
    sums = np.array(native(value, (np.float64,), name))
    if sums.shape != NO_SUMS.shape:
        raise ValueError(f"{name} has the shape {sums.shape}.")
    return sums


SUMS = record_of(Value("training.sums", _sums), lambda _: NO_SUMS.copy())


# ------------------------------------------- parameters, standardized targets, what must not change

# The object "pickle" has what a file does not need, because it follows from the rest.
PARAMS = record_of(Value("pickle:params", _or_none(_block)), lambda context: context.params)
PREDICTS_Y = record_of(
    Value("pickle:predicts_y", _checked(lambda value: isinstance(value, bool))),
    lambda context: context.content.array("training.target_shift") is not None,
)


def _target_scale(values: Values, context: Context) -> TargetScale | None:
    kind = values.pop("kind")
    if all(value is None for value in values.values()):
        return None
    in_file = context.parameters.get("y_scale") or "standard"
    return scale_of({**values, "kind": in_file if kind is None else kind})


TARGET_SCALE = Record(
    {
        **{name: Value(f"training.target_{name}") for name in ("shift", "factor", "layer")},
        "kind": Value("pickle:y_scale", is_optional=True),
    },
    _target_scale,
    lambda scale, _: scale._asdict(),
)


def _plain(kept: Values) -> Values:
    """Return parameters with a tuple instead of an `InputScale`, so that only plain values are stored."""
    return {n: tuple(each) if isinstance(each, tuple) else each for n, each in kept.items()}


KEPT_PARAMETERS = record_of(Value("training.parameters:*", dump=_plain))


# ------------------------------------------------------- generator, checksums, optimizer, schedule


def copied_generator(generator: Generator) -> Generator:
    """Return a copy of a generator of the core; the one of a program is shared."""
    return generator.copy() if isinstance(generator, _core.Random) else generator


def _generator(values: Values, _: Context) -> _core.Random | None:
    if values["key"] is None:
        return None
    return _core.restored_random({**values, "version": _core.STATE_VERSION})


def _parts_of_generator(generator: Generator, _: object) -> Values:
    fields = stored_generator(generator).get_state()
    return {"key": fields["key"].view(np.int32), "position": fields["position"]}


def random_generator(key: str) -> Record:
    """Return the record of a random generator."""
    values = {
        "key": Value(f"training.{key}", lambda _, words: words.view(np.uint32)),
        "position": Value(f"training:{key}.position", is_optional=True),
    }
    return Record(values, _generator, _parts_of_generator)


def _digests(values: Values, _: Context) -> Digests | None:
    # Few programs load a state with them.
    from cmlp._data.checksums import STORED_DTYPES

    if values["kinds"] is None:
        return None
    digests: Digests = {}
    for row_set, text in values["kinds"].items():
        sums = values["sums"](row_set)
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


checked_dict = _checked(lambda value: isinstance(value, dict))
DIGESTS = Record(
    {
        "sums": Value("training.digest_*"),
        "kinds": Value("training:digests", _or_none(checked_dict), is_optional=True),
    },
    _digests,
    lambda digests, _: {
        "sums": {row_set: sums.view(np.int64) for row_set, (_, sums) in digests.items()},
        "kinds": {n: " ".join(map("=".join, kinds.items())) for n, (kinds, _) in digests.items()},
    },
)


def _optimizer(values: Values, context: Context) -> _core.Optimizer | None:
    fields = values["numbers"]
    if not fields:
        return None
    moments = np.empty(0, context.net.dtype) if values["state"] is None else values["state"]
    return _core.restored({**fields, "solver": fields["kind"], "state": moments})


def _parts_of_optimizer(optimizer: _core.Optimizer, _: object) -> Values:
    fields = optimizer.get_state()
    moments = fields.pop("state")
    fields["kind"] = fields.pop("solver")  # the name in files, where it is the last one
    return {"numbers": fields, "state": moments}


OPTIMIZER = Record(
    {"numbers": Value("training:optimizer.*"), "state": Value("training.optimizer")},
    _optimizer,
    _parts_of_optimizer,
)


_checked_number = _checked(lambda value: type(value) in (int, float))


def _schedule(values: Values, _: Context) -> Schedule | None:
    numbers = values["numbers"]
    if not numbers:
        return None
    name = numbers.pop("name")
    if name not in SCHEDULES:
        raise ValueError(f"the name of the schedule is {name!r}.")
    for each, value in numbers.items():
        _checked_number(f"schedule.{each}", value)
    return SCHEDULES[name](**numbers)


SCHEDULE = Record(
    {"numbers": Value("training:schedule.*", dump=lambda one: {"name": one.name, **vars(one)})},
    _schedule,
)
