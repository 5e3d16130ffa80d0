"""The training state, everything that training modifies, and the history in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar
from zlib import crc32

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import PICKLE_VERSION, block_copy, check_params, check_version, loaded_block, native
from cmlp._process.signals import DeferredSignals
from cmlp._train.random import is_storable, stored_generator
from cmlp._train.schedules import SCHEDULES, Schedule
from cmlp._train.target_scale import scale_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._data.checksums import Digests
    from cmlp._train.random import Generator
    from cmlp._train.target_scale import TargetScale


Value = TypeVar("Value")


class EpochNumbers(NamedTuple):
    """What `History.records` has for each epoch besides its loss; NaN if it was not computed."""

    validation_loss: float = math.nan
    validation_score: float = math.nan
    learning_rate: float = math.nan
    gradient_norm: float = math.nan
    seconds: float = math.nan


class Curve(Generic[Value]):
    """An immutable sequence of values, one per epoch; appending returns a new curve.

    Every partial_fit call creates a model with its own curve. To avoid copying all values each time, a curve stores
    them in tuples that curves share. Each tuple is at most half as long as the one before it, so appending n values
    takes O(n log n) in total.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: tuple[tuple[Value, ...], ...] = ()) -> None:
        self._parts = parts

    @classmethod
    def of(cls, values: Iterable[Any]) -> Curve[Any]:
        """Return a curve with these values: numbers, or rows of numbers."""
        part = tuple(tuple(map(float, value)) if hasattr(value, "__iter__") else float(value) for value in values)
        return cls((part,) if part else ())  # type: ignore[arg-type]  # a curve has values of one kind

    def appended(self, *values: Value) -> Curve[Value]:
        """Return this curve with more values."""
        parts, last = self._parts, values
        while parts and len(parts[-1]) <= len(last):
            parts, last = parts[:-1], parts[-1] + last
        return Curve((*parts, last))

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[Value]:
        for part in self._parts:
            yield from part

    def last(self) -> Value:
        """Return the last value; raises IndexError if the curve is empty."""
        return self._parts[-1][-1]


class History:
    """Curves and counters of training. A warm start and partial_fit continue with a copy."""

    def __init__(self) -> None:
        self.t = 0  # rows processed in all epochs of all calls
        self.loss: float | None = None  # of the last epoch
        self.loss_curve: Curve[float] = Curve()
        self.best_loss: float | None = math.inf  # None with early stopping
        self.validation_scores: Curve[float] | None = None  # None without validation rows
        self.best_validation_score: float | None = None  # None without validation rows
        self.records: Curve[tuple[float, ...]] = Curve()  # the `EpochNumbers` of every epoch, or plain tuples of them
        self.stale = 0  # consecutive epochs without improvement

    def copy(self) -> History:
        """Return an independent copy."""
        twin = History.__new__(History)
        vars(twin).update(vars(self))
        return twin

    def without_seconds(self) -> History:
        """Return a copy without the durations, so that the pickles of two fits with equal seeds are equal."""
        twin = self.copy()
        twin.records = Curve.of(EpochNumbers(*record)._replace(seconds=math.nan) for record in self.records)
        return twin

    def table(self) -> dict[str, list[float]]:
        """Return a list with one number per epoch for each quantity that was computed in at least one epoch."""
        losses, records = list(self.loss_curve), list(self.records)
        if len(records) != len(losses):  # a program has assigned another loss curve
            records = [EpochNumbers()] * len(losses)
        columns = {"loss": losses}
        for name, *values in zip(EpochNumbers._fields, *records, strict=True):
            if not all(map(math.isnan, values)):
                columns[name] = values
        return columns

    def fields(self) -> dict[str, object]:
        """Return all attributes, sorted by name."""
        return dict(sorted(vars(self).items()))

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> History:
        """Return a history with these attributes; raises ValueError if one is missing or has a wrong type."""
        history = cls()
        for name, types in _TYPES.items():
            if not isinstance(fields.get(name, ...), types):
                raise ValueError(f"The training history is damaged: {name} is {fields.get(name, 'missing')!r}.")
            setattr(history, name, fields[name])
        return history


_TYPES: Mapping[str, tuple[type, ...]] = {
    "t": (int,),
    "loss": (float, type(None)),
    "loss_curve": (Curve,),
    "best_loss": (float, type(None)),
    "validation_scores": (Curve, type(None)),
    "best_validation_score": (float, type(None)),
    "records": (Curve,),
    "stale": (int,),
}


# ---------------------------------------------------------------- the training state: everything that training modifies


NO_SUMS = np.zeros(_core.N_SUMS)  # `TrainingState.sums` before the first batch of an epoch
NO_SUMS[_core.NORM] = math.nan
NO_SUMS.flags.writeable = False


class Stepping(NamedTuple):
    """What takes the steps of training, and chooses their sizes."""

    optimizer: _core.Optimizer
    schedule: Schedule


# ------------------------------------------------------------------------ how the fields of a state are loaded and kept


_Load: TypeAlias = Callable[[str, Any], Any]


def _of(kind: type) -> _Load:
    def load(name: str, value: Any) -> Any:
        if not isinstance(value, kind):
            raise ValueError(f"The training state is damaged: {name} is {value!r}.")
        return value

    return load


def _block(name: str, value: Any) -> NDArray[Any]:
    return loaded_block(native(value, (np.float32, np.float64), name))


def _rows(name: str, value: Any) -> NDArray[np.int64]:
    # A copy, because training shuffles the order in place, and the pickle's memory may be shared.
    return np.array(native(value, (np.int64,), name))


def _sums(name: str, value: Any) -> NDArray[np.float64]:
    sums = np.array(native(value, (np.float64,), name))
    if sums.shape != NO_SUMS.shape:
        raise ValueError(f"The training state is damaged: {name} has the shape {sums.shape}.")
    return sums


def _schedule(name: str, value: Any) -> Schedule:
    fields = dict(value)
    return SCHEDULES[fields.pop("name")](**fields)


def _same(value: Any) -> Any:
    return value


def _generator_copy(generator: Generator) -> Generator:
    return generator.copy() if isinstance(generator, _core.Random) else generator  # the one of a program is shared


class Field(NamedTuple):
    """How a field of `TrainingState` is loaded from a pickle, copied, and saved in a model file."""

    load: _Load  # returns the value for (name, pickled value); raises ValueError, TypeError or KeyError
    copy: Callable[[Any], Any] = _same  # of a value that is not None, for an independent state
    stored: Literal["number", "array"] | None = None  # as it is; None if the file has it in another form, or not at all
    default: object = MISSING  # of the dataclass; a field can be None only if its default is None

    def loaded(self, name: str, value: Any) -> Any:
        """Return the value of a field that a pickle or a file has under this name."""
        return None if value is None and self.default is None else self.load(name, value)


def _how(*how: Any) -> dict[str, Field]:
    return {"how": Field(*how)}


def _number(kind: type) -> dict[str, Field]:
    return _how(_of(kind), _same, "number")


@dataclass(eq=False, repr=False)
class TrainingState:
    """The mutable training state: of parameters, optimizer, random numbers, progress, history and best values.

    If `checksum` and `digests` are both None, the training cannot be resumed. A pickle has the state of the generator,
    if that is MT19937; the loaded generator is independent of the original one. Files have numbers and arrays in the
    order of the fields.
    """

    # While training, the parameters after the last batch; what they are before and after it says the fourth part.
    params: NDArray[Any] = field(metadata=_how(_block, block_copy))
    history: History = field(metadata=_how(lambda _, fields: History.from_fields(fields), History.copy))
    # Shuffles the rows; None after training.
    generator: Generator | None = field(default=None, metadata=_how(_of(_core.Random), _generator_copy))
    # Without optimizer and schedule, for example after loading parameters, the training makes them when it begins.
    optimizer: _core.Optimizer | None = field(default=None, metadata=_how(_of(_core.Optimizer), deepcopy))
    schedule: Schedule | None = field(default=None, metadata=_how(_schedule))

    # The call so far. Completed epochs of the schedule, with partial_fit those of all calls, and of this call;
    # completed batches of an interrupted epoch, None between two epochs.
    schedule_epoch: int = field(default=0, metadata=_number(int))
    epoch: int = field(default=0, metadata=_number(int))
    batch: int | None = field(default=None, metadata=_number(int))
    # Whether the stopping rule, the minimizer or a callback has ended training.
    stopped: bool = field(default=False, metadata=_number(bool))
    # Rows of X, training and validation; None before the first epoch, 0 in the first pass over an unknown number.
    n_rows: int | None = field(default=None, metadata=_number(int))
    held_out_rows: NDArray[np.int64] | None = field(default=None, metadata=_how(_rows, _same, "array"))  # validation
    dropout_seed: int = field(default=0, metadata=_number(int))  # below 2**32

    # The epoch in progress. Its training rows, which training shuffles in place, None for the original order; the seed
    # of an order that is shuffled piece by piece, below 2**32. Of its completed batches the sums of cost and penalty
    # and the number of rows, and the gradient norm of the last one: NaN before it, or if the norm is not computed. The
    # duration of its completed pieces: NaN if they were trained before pickling.
    order: NDArray[np.int64] | None = field(default=None, metadata=_how(_rows, np.copy, "array"))
    shuffle_seed: int = field(default=0, metadata=_number(int))
    sums: NDArray[np.float64] = field(default_factory=NO_SUMS.copy, metadata=_how(_sums, np.copy, "array"))
    seconds: float = field(default=0.0, metadata=_number(float))

    # What `params` are. With early stopping, `best` has the best ones of this call so far; after `restore_best`, they
    # are the best ones, and `last` has those after the last batch. Standardized targets have a scale; `predicts_y` is
    # whether the outputs have y's unit nevertheless: before and after training.
    best: NDArray[Any] | None = field(default=None, metadata=_how(_block, block_copy, "array"))
    last: NDArray[Any] | None = field(default=None, metadata=_how(_block, block_copy, "array"))
    target_scale: TargetScale | None = field(default=None, metadata=_how(lambda _, fields: scale_of(fields)))
    predicts_y: bool = field(default=False, metadata=_how(_of(bool)))

    # What must be the same when training is resumed: checksums of a sample of the data, or of the first row of a source
    # of blocks, and of all rows if they are in arrays; the parameters of an estimator.
    checksum: int | None = field(default=None, metadata=_number(int))
    digests: Digests | None = field(default=None, metadata=_how(_of(dict)))
    parameters: dict[str, Any] | None = field(default=None, metadata=_how(_of(dict)))

    def check(self, net: _core.Net) -> None:
        """Raise ValueError unless parameters and optimizer match the network's size and dtype."""
        check_params(self.params, net)
        for block in (self.best, self.last):
            if block is not None:
                check_params(block, net)
        if self.optimizer is not None:
            self.optimizer.check(net)
        if self.target_scale is not None:
            self.target_scale.check(net)

    def stepping(self) -> Stepping:
        """Return the optimizer and the schedule, if training has them."""
        assert self.optimizer is not None and self.schedule is not None
        return Stepping(self.optimizer, self.schedule)

    def digest(self) -> int:
        """Return a checksum of what processes that train together must have computed alike."""
        history, scores = self.history, self.history.validation_scores
        found = None if not scores else scores.last(), history.stale
        numbers = (self.epoch, self.batch, self.stepping().optimizer.learning_rate, *found)
        return crc32(repr(numbers).encode(), crc32(self.params))

    def in_units_of_y(self, net: _core.Net) -> TrainingState:
        """Return a state whose parameters predict y itself: those of a new block if training standardizes y."""
        if self.target_scale is None or self.predicts_y:
            return self
        params = block_copy(self.params)
        scale = self.target_scale.into_params(net, params)
        return self.replaced(params=params, target_scale=scale, predicts_y=True)

    def use_units_of_targets(self, net: _core.Net) -> None:
        """If the parameters predict y itself, let them predict standardized targets."""
        if self.target_scale is not None and self.predicts_y:
            self.target_scale, self.predicts_y = self.target_scale.out_of_params(net, self.params), False

    @property
    def best_or_last(self) -> NDArray[Any]:
        """The parameters to predict with: with early stopping the best ones of this call so far."""
        return self.params if self.best is None else self.best

    def restore_best(self) -> None:
        """With early stopping, replace the parameters by the best ones of this call.

        If no epoch of this call (a warm start) is better than those of earlier calls, the last ones stay, as in
        scikit-learn.
        """
        if self.best is not None:
            if self.last is None:
                self.last = block_copy(self.params)
            self.params[:], self.best = self.best, None

    def restore_last(self) -> None:
        """Undo `restore_best`, to continue training."""
        if self.last is not None:
            if self.best is None:
                self.best = block_copy(self.params)
            self.params[:], self.last = self.last, None

    def assign(self, **changes: object) -> None:
        """Give attributes new values in one step: Ctrl-C comes before or after all of them."""
        vars(self).update(changes)

    def draw_and_assign(self, draw: Callable[[Any], dict[str, object]]) -> None:
        """Draw random numbers from the generator, and assign attributes: Ctrl-C comes before or after all of this.

        `draw` receives the generator, and returns the attributes to assign. If it fails, the state has not changed, and
        only a generator of a program may have.
        """
        with DeferredSignals():
            generator = self.generator.copy() if isinstance(self.generator, _core.Random) else self.generator
            self.assign(**draw(generator), generator=generator)

    def replaced(self, **changes: Any) -> TrainingState:
        """Return a state with other values of some attributes; it shares the objects of all others."""
        return replace(self, **changes)

    def without_rows(self) -> TrainingState:
        """Return the state to keep after a call that cannot be resumed: without rows and generator."""
        names = ("optimizer", "schedule", "schedule_epoch", "epoch", "batch", "stopped", "target_scale", "predicts_y")
        return TrainingState(self.params, self.history, **{name: getattr(self, name) for name in names})

    def resumable(self) -> TrainingState:
        """Return the state to keep after a call that can be resumed, with a copy of the random generator."""
        generator = self.generator
        if generator is not None and not is_storable(generator):
            return self.without_rows()
        return self.replaced(generator=None if generator is None else stored_generator(generator))

    def copy(self) -> TrainingState:
        """Return an independent copy, from which training can continue."""
        present = {name: value for name, value in vars(self).items() if value is not None}
        return TrainingState(**{name: FIELDS[name].copy(value) for name, value in present.items()})

    def best_so_far(self) -> TrainingState:
        """Return an independent copy, as if training had ended here: with the best parameters, and resumable."""
        twin = self.copy()
        twin.restore_best()
        return twin.resumable()

    def __getstate__(self) -> dict[str, Any]:
        generator = None if self.generator is None else stored_generator(self.generator)
        schedule = None if self.schedule is None else {"name": self.schedule.name, **vars(self.schedule)}
        scale = None if self.target_scale is None else self.target_scale._asdict()
        fields = {**vars(self), "generator": generator, "schedule": schedule, "target_scale": scale}
        fields["history"] = self.history.without_seconds().fields()
        fields["seconds"] = 0.0 if self.batch is None else math.nan
        return {"version": PICKLE_VERSION, **{stored_name(name): value for name, value in fields.items()}}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, "training state")
        vars(self).update(vars(TrainingState.from_fields(fields)))

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> TrainingState:
        """Return a state from the plain values of its fields; raises ValueError if they are damaged."""
        try:
            names = {name: stored_name(name) for name in FIELDS}
            state = cls(**{name: FIELDS[name].loaded(stored, fields[stored]) for name, stored in names.items()})
        except (KeyError, TypeError) as error:
            raise ValueError(f"The training state is damaged: {error!r}") from error
        if (state.optimizer is None) != (state.schedule is None):
            raise ValueError(
                f"The training state is damaged: optimizer is {state.optimizer}, but schedule is {state.schedule}."
            )
        return state


FIELDS: Mapping[str, Field] = {
    each.name: each.metadata["how"]._replace(default=each.default) for each in fields(TrainingState)
}


def stored_name(attribute: str) -> str:
    """Return the name of an attribute of `TrainingState` in pickles and files."""
    return "validation" if attribute == "held_out_rows" else attribute
