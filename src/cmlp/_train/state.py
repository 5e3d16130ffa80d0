"""The training state, everything that training modifies, and the history in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar
from zlib import crc32

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import (
    PICKLE_VERSION,
    block_copy,
    check_params,
    check_version,
    loaded_block,
    native,
)
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
    def from_values(cls, values: Iterable[Any]) -> Curve[Any]:
        """Return a curve with these values: numbers, or rows of numbers."""
        part = tuple(
            tuple(map(float, value)) if hasattr(value, "__iter__") else float(value)
            for value in values
        )
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
        # The `EpochNumbers` of every epoch, or plain tuples of them.
        self.records: Curve[tuple[float, ...]] = Curve()
        self.stale = 0  # consecutive epochs without improvement

    def copy(self) -> History:
        """Return an independent copy."""
        twin = History.__new__(History)
        vars(twin).update(vars(self))
        return twin

    def begin(self, *, early_stopping: bool, has_own_rows: bool) -> None:
        """Prepare for a call. If the one before watched another measure, its best value is forgotten."""
        if not early_stopping:
            self.best_loss = math.inf if self.best_loss is None else self.best_loss
            self.validation_scores = self.best_validation_score = None
        elif self.validation_scores is None:
            self.best_loss = None
        if (early_stopping or has_own_rows) and self.validation_scores is None:
            self.validation_scores, self.best_validation_score = Curve(), -math.inf

    def watch_losses(self, losses: Iterable[float], tol: float) -> None:
        """Count epochs whose loss is not at least `tol` below the best one so far."""
        best, stale = math.inf if self.best_loss is None else self.best_loss, self.stale
        for loss in losses:
            stale = 0 if loss <= best - tol else stale + 1
            best = min(best, loss)
        self.best_loss, self.stale = best, stale

    def add_score(self, score: float) -> float:
        """Record a validation score; return the best one before."""
        best = -math.inf if self.best_validation_score is None else self.best_validation_score
        self.validation_scores = (self.validation_scores or Curve()).appended(score)
        self.best_validation_score = max(best, score)
        return best

    def without_seconds(self) -> History:
        """Return a copy without the durations, so that the pickles of two fits with equal seeds are equal."""
        twin = self.copy()
        twin.records = Curve.from_values(EpochNumbers(*record[:-1]) for record in self.records)
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
                raise ValueError(
                    f"The training history is damaged: {name} is {fields.get(name, 'missing')!r}."
                )
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


def _seed(name: str, value: Any) -> int:
    if not (isinstance(value, int) and 0 <= value < 2**32):
        raise ValueError(f"The training state is damaged: {name} is {value!r}.")
    return value


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
    # The one of a program is shared.
    return generator.copy() if isinstance(generator, _core.Random) else generator


class Field(NamedTuple):
    """How a field of a state is loaded from a pickle, copied, pickled, and saved in a model file."""

    load: _Load  # returns the value for (name, pickled value); raises ValueError, TypeError or KeyError
    default: object  # of the dataclass; a field can be None only if its default is None
    copy: Callable[[Any], Any]  # of a value that is not None, for an independent state
    # As it is; None if the file has it in another form, or not at all.
    stored: Literal["number", "array"] | None
    pickled: Callable[[Any], Any]  # of a value that is not None, the plain value in a pickle

    def loaded(self, name: str, value: Any) -> Any:
        """Return the value of a field that a pickle or a file has under this name."""
        return None if value is None and self.default is None else self.load(name, value)


def _kept(
    load: Any,
    default: object,
    copy: Any = _same,
    stored: Any = None,
    pickled: Any = _same,
    **more: Any,
) -> Any:
    return field(
        default=default, **more, metadata={"how": Field(load, default, copy, stored, pickled)}
    )


def _number(kind: type, default: object) -> Any:
    return _kept(_of(kind), default, _same, "number")


@dataclass(eq=False, repr=False)
class Weights:
    """The weights and biases of the network: those of now (`params`), and with early stopping the best or last ones.

    While training, `params` are those after the last batch, and predict standardized targets if these have a scale.
    When it ends, they become what a model predicts with: with early stopping the best ones of this call
    (`restore_best`), and in units of y (`use_units_of_y`). When a later call resumes training, `use_units_of_targets`
    and `restore_last` undo this. A warm start begins with those of the model, without best and last ones.
    """

    params: NDArray[Any] = _kept(_block, MISSING, block_copy)
    # While training with early stopping: the best ones of this call so far.
    best: NDArray[Any] | None = _kept(_block, None, block_copy, "array")
    # After training with early stopping: those after the last batch.
    last: NDArray[Any] | None = _kept(_block, None, block_copy, "array")
    # Of standardized targets; None before it is learned.
    target_scale: TargetScale | None = _kept(
        lambda _, fields: scale_of(fields), None, pickled=lambda it: it._asdict()
    )
    # Whether `params` predict y itself although targets are standardized; `best` and `last` never
    # do.
    predicts_y: bool = _kept(_of(bool), False)

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

    def use_units_of_y(self, net: _core.Net) -> None:
        """If the parameters predict standardized targets, replace them by a new block that predicts y itself."""
        if self.target_scale is not None and not self.predicts_y:
            params = block_copy(self.params)
            self.target_scale, self.params, self.predicts_y = (
                self.target_scale.into_params(net, params),
                params,
                True,
            )

    def use_units_of_targets(self, net: _core.Net) -> None:
        """If the parameters predict y itself, let them predict standardized targets."""
        if self.target_scale is not None and self.predicts_y:
            self.target_scale, self.predicts_y = (
                self.target_scale.out_of_params(net, self.params),
                False,
            )


@dataclass(eq=False, repr=False)
class ResumeCheck:
    """What must be the same when training is resumed."""

    # Of a sample of the data, or of the first row of a source of blocks.
    checksum: int | None = _number(int, None)
    digests: Digests | None = _kept(_of(dict), None)  # of all rows, if they are in arrays
    # Of an estimator, which cannot resume without them.
    parameters: dict[str, Any] | None = _kept(_of(dict), None)


@dataclass(eq=False, repr=False)
class TrainingState:
    """The mutable training state: of weights, optimizer, random numbers, progress and history.

    A pickle has the state of the generator, if that is MT19937; the loaded generator is independent of the original
    one. Files have numbers and arrays in the order of `FIELDS`.
    """

    weights: Weights
    # Curves and counters.
    history: History = _kept(lambda _, fields: History.from_fields(fields), MISSING, History.copy)
    # Shuffles the rows; None after training.
    generator: Generator | None = _kept(
        _of(_core.Random), None, _generator_copy, pickled=stored_generator
    )
    # Without optimizer and schedule, for example after loading parameters, the training makes them
    # when it begins.
    optimizer: _core.Optimizer | None = _kept(_of(_core.Optimizer), None, deepcopy)
    schedule: Schedule | None = _kept(
        _schedule, None, pickled=lambda it: {"name": it.name, **vars(it)}
    )

    # The call so far:
    # Completed epochs of the schedule, with partial_fit those of all calls.
    schedule_epoch: int = _number(int, 0)
    epoch: int = _number(int, 0)  # completed epochs of this call
    # Completed batches of an interrupted epoch; None between two epochs.
    batch: int | None = _number(int, None)
    # Whether the stopping rule, the minimizer or a callback has ended training.
    stopped: bool = _number(bool, False)
    # Rows of X, training and validation; None before the first epoch, 0 in the first pass over an
    # unknown number.
    n_rows: int | None = _number(int, None)
    held_out_rows: NDArray[np.int64] | None = _kept(_rows, None, _same, "array")  # for validation
    dropout_seed: int = _kept(_seed, 0, _same, "number")

    # The epoch in progress:
    # Of its training rows; None: as given.
    order: NDArray[np.int64] | None = _kept(_rows, None, np.copy, "array")
    # Of an order that is shuffled piece by piece.
    shuffle_seed: int = _kept(_seed, 0, _same, "number")
    # Of its completed batches the sums of cost and penalty and the number of rows, and the gradient
    # norm of the last one: NaN before it, or if the norm is not computed.
    sums: NDArray[np.float64] = _kept(
        _sums, MISSING, np.copy, "array", default_factory=NO_SUMS.copy
    )
    # Of its completed pieces; NaN if they were trained before pickling.
    seconds: float = _number(float, 0.0)

    # Compared with a call that resumes training.
    resume_check: ResumeCheck = field(default_factory=ResumeCheck)

    @property
    def params(self) -> NDArray[Any]:
        """Those of `weights`, which says what they are while training and after it."""
        return self.weights.params

    def check(self, net: _core.Net) -> None:
        """Raise ValueError unless weights and optimizer match the network's size and dtype."""
        weights = self.weights
        for block in (weights.params, weights.best, weights.last):
            if block is not None:
                check_params(block, net)
        for part in (self.optimizer, weights.target_scale):
            if part is not None:
                part.check(net)

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

    def draw_and_assign(self, draw: Callable[[Any], dict[str, object]]) -> None:
        """Draw random numbers from the generator, and assign attributes: Ctrl-C comes before or after all of this.

        `draw` receives the generator, and returns the attributes to assign. If it fails, the state has not changed, and
        only a generator of a program may have.
        """

        def act() -> None:
            generator = (
                self.generator.copy()
                if isinstance(self.generator, _core.Random)
                else self.generator
            )
            vars(self).update(draw(generator), generator=generator)

        _core.run_deferred(DeferredSignals(), act)

    def replaced(self, **changes: Any) -> TrainingState:
        """Return a state with other values of some attributes; it shares all other values, but has its own parts."""
        parts = {
            "weights": Weights(**vars(self.weights)),
            "resume_check": ResumeCheck(**vars(self.resume_check)),
        }
        return TrainingState(**(vars(self) | parts | changes))

    def without_rows(self) -> TrainingState:
        """Return the state to keep after a call that cannot be resumed: without rows, generator, best and last ones."""
        weights = Weights(
            self.params, target_scale=self.weights.target_scale, predicts_y=self.weights.predicts_y
        )
        names = ("optimizer", "schedule", "schedule_epoch", "epoch", "batch", "stopped")
        return TrainingState(weights, self.history, **{name: getattr(self, name) for name in names})

    def resumable(self) -> TrainingState:
        """Return the state to keep after a call that can be resumed, with a copy of the random generator."""
        generator = self.generator
        if generator is not None and not is_storable(generator):
            return self.without_rows()
        return self.replaced(generator=None if generator is None else stored_generator(generator))

    def copy(self) -> TrainingState:
        """Return an independent copy, from which training can continue."""
        copies = {
            name: None if value is None else FIELDS[name].copy(value)
            for name, value in self.flat().items()
        }
        return TrainingState.from_flat(copies)

    def best_so_far(self) -> TrainingState:
        """Return an independent copy, as if training had ended here: with the best parameters, and resumable."""
        twin = self.copy()
        twin.weights.restore_best()
        return twin.resumable()

    def flat(self) -> dict[str, Any]:
        """Return the values of all fields, also those of the weights and the resume check."""
        values = vars(self) | vars(self.weights) | vars(self.resume_check)
        return {name: values[name] for name in FIELDS}

    @classmethod
    def from_flat(cls, values: dict[str, Any]) -> TrainingState:
        """Return a state with these values of all fields, in weights and a resume check of its own."""

        def made(kind: Any, **parts: Any) -> Any:
            return kind(**parts, **{name: values[name] for name in _FIELDS_OF[kind]})

        return made(cls, weights=made(Weights), resume_check=made(ResumeCheck))  # type: ignore[no-any-return]

    def __getstate__(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"version": PICKLE_VERSION}
        for name, value in self.flat().items():
            fields[STORED_NAMES[name]] = None if value is None else FIELDS[name].pickled(value)
        fields["history"] = self.history.without_seconds().fields()
        fields["seconds"] = 0.0 if self.batch is None else math.nan
        return fields

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, "training state")
        vars(self).update(vars(TrainingState.from_fields(fields)))

    @classmethod
    def from_fields(cls, stored: Mapping[str, Any]) -> TrainingState:
        """Return a state from the plain values of its fields; raises ValueError if they are damaged."""
        try:
            state = cls.from_flat(
                {name: FIELDS[name].loaded(key, stored[key]) for name, key in STORED_NAMES.items()}
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"The training state is damaged: {error!r}") from error
        if (state.optimizer is None) != (state.schedule is None):
            raise ValueError(
                f"The training state is damaged: optimizer is {state.optimizer}, but schedule is {state.schedule}."
            )
        return state


# The fields of a state and of its two parts. Pickles and files have this order: `params` first,
# other parts last.
FIELDS: Mapping[str, Field] = {
    each.name: each.metadata["how"]
    for each in (fields(Weights)[0], *fields(TrainingState), *fields(Weights), *fields(ResumeCheck))
    if each.metadata
}
_FIELDS_OF: Mapping[type, Sequence[str]] = {
    kind: [each.name for each in fields(kind) if each.metadata]
    for kind in (TrainingState, Weights, ResumeCheck)
}


# The name of each field in pickles and files.
STORED_NAMES: Mapping[str, str] = {
    name: "validation" if name == "held_out_rows" else name for name in FIELDS
}
