"""The training state, everything that training modifies, and the history in it."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, fields
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from zlib import crc32

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy, check_params
from cmlp._data.records import REQUIRED, Record, Value, Values
from cmlp._train.random import bits_of, is_storable, set_bits, stored_generator
from cmlp._train.state_fields import (
    DIGESTS,
    KEPT_PARAMETERS,
    NO_SUMS,
    OPTIMIZER,
    PARAMS,
    PREDICTS_Y,
    SCHEDULE,
    SUMS,
    TARGET_SCALE,
    block,
    copied_generator,
    count,
    count_or_none,
    naming_damage,
    of_type,
    random_generator,
    rows,
    seed,
    state_field,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._data.checksums import Digests
    from cmlp._parameters.schedules import Schedule
    from cmlp._train.random import Bits, Generator
    from cmlp._train.target_scale import TargetScale


Each = TypeVar("Each")


class EpochNumbers(NamedTuple):
    """What `History.records` has for each epoch besides its loss; NaN if it was not computed."""

    validation_loss: float = math.nan
    validation_score: float = math.nan
    learning_rate: float = math.nan
    gradient_norm: float = math.nan
    seconds: float = math.nan


class Curve(Generic[Each]):
    """An immutable sequence of values, one per epoch; appending returns a new curve.

    Every partial_fit call creates a model with its own curve. To avoid copying all values each time, a curve stores
    them in tuples that curves share. Each tuple is at most half as long as the one before it, so appending n values
    takes O(n log n) in total.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: tuple[tuple[Each, ...], ...] = ()) -> None:
        self._parts = parts

    @classmethod
    def from_values(cls, values: Iterable[Any]) -> Curve[Any]:
        """Return a curve with these values: numbers, or rows of numbers."""
        part = tuple(
            tuple(map(float, value)) if hasattr(value, "__iter__") else float(value)
            for value in values
        )
        return cls((part,) if part else ())  # type: ignore[arg-type]  # a curve has values of one kind

    def appended(self, *values: Each) -> Curve[Each]:
        """Return this curve with more values."""
        parts, last = self._parts, values
        while parts and len(parts[-1]) <= len(last):
            parts, last = parts[:-1], parts[-1] + last
        return Curve((*parts, last))

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[Each]:
        return chain.from_iterable(self._parts)

    def last(self) -> Each:
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


# How the history is stored: numbers in an object, and curves in arrays.

_NUMBERS: Mapping[str, tuple[type, ...]] = {
    "best_loss": (float, type(None)),
    "best_validation_score": (float, type(None)),
    "loss": (float, type(None)),
    "stale": (int,),
    "t": (int,),
}
_MEMBERS = {**_NUMBERS, "epoch": (int,), "scored": (bool,)}


def _checked_members(_: str, members: Values) -> Values:
    if members.keys() != _MEMBERS.keys():
        raise ValueError(f"'history' has other entries than {', '.join(_MEMBERS)}")
    for name, types in _MEMBERS.items():
        value = members[name]
        if not isinstance(value, types) or (isinstance(value, int) and value < 0):
            raise ValueError(f"{name} is {value!r} in the history.")
    return members


def _curve(name: str, values: AnyArray) -> Curve[Any]:
    """Return a curve: of numbers, or of rows for the records of epochs."""
    is_table = name == "records"
    shape = (len(values), len(EpochNumbers._fields)) if is_table else (len(values),)
    if values.shape != shape or values.dtype != np.float64:
        raise ValueError(f"{name} is not a {'table' if is_table else 'list'} of numbers.")
    numbers = values.tolist()
    return Curve((tuple(map(tuple, numbers)) if is_table else tuple(numbers),))


def _history(values: Values, _: object) -> History:
    members = values.pop("members")
    history = History()
    vars(history).update({name: members[name] for name in _NUMBERS}, **values)
    if not members["scored"]:
        history.validation_scores = None
    return history


def _parts_of_history(history: History, state: TrainingState) -> Values:
    scores = history.validation_scores
    numbers = {name: getattr(history, name) for name in _NUMBERS}
    return {
        "members": {**numbers, "epoch": state.epoch, "scored": scores is not None},
        "loss_curve": np.fromiter(history.loss_curve, np.float64),
        "validation_scores": None if scores is None else np.fromiter(scores, np.float64),
        "records": np.fromiter(chain.from_iterable(history.records), np.float64).reshape(
            -1, len(EpochNumbers._fields)
        ),
    }


_HISTORY = Record(
    {
        "members": Value("history:*", _checked_members, REQUIRED),
        **{
            name: Value(f"training.{name}", _curve, Curve())
            for name in ("loss_curve", "validation_scores", "records")
        },
    },
    _history,
    _parts_of_history,
)


# -------------------------------------------- the training state: everything that training modifies


@dataclass(eq=False, repr=False)
class TrainingState:
    """The mutable training state: parameters, optimizer, random numbers, progress and history.

    While training, `params` are those after the last batch, and predict standardized targets if these have a scale.
    When it ends, they become what a model predicts with: with early stopping the best ones of this call
    (`restore_best`), and in units of y (`use_units_of_y`). When a later call resumes training, `use_units_of_targets`
    and `restore_last` undo this. A warm start begins with those of the model, without best and last ones.

    What is stored of a generator is its state, if that is MT19937; the loaded one is independent of the original one.

    The order of the rows is not stored: a training run that is resumed draws it again from the generator before it, and
    from the number of epochs that have begun. If that is not possible, it is stored.
    """

    # Weights and biases of the network.
    params: AnyArray = state_field(PARAMS, MISSING, copy=block_copy)
    # Curves and counters.
    history: History = state_field(_HISTORY, MISSING, copy=History.copy)
    # Shuffles the rows; None after training.
    generator: Generator | None = state_field(
        random_generator("generator"), None, copy=copied_generator
    )
    # Without optimizer and schedule, for example after loading parameters, the training makes them
    # when it begins.
    optimizer: _core.Optimizer | None = state_field(OPTIMIZER, None, copy=_core.Optimizer.copy)
    schedule: Schedule | None = state_field(SCHEDULE, None)

    # The call so far:
    # Completed epochs of the schedule, with partial_fit those of all calls.
    schedule_epoch: int = state_field(count("schedule_epoch"), 0)
    # Completed epochs of this call.
    epoch: int = state_field(count("epoch"), 0)
    # Completed batches of an interrupted epoch; None between two epochs.
    batch: int | None = state_field(count_or_none("batch"), None)
    # Whether the stopping rule, the minimizer or a callback has ended training.
    stopped: bool = state_field(of_type(bool, "stopped"), False)
    # Rows of X, training and validation; None before the first epoch, 0 in the first pass over an
    # unknown number.
    n_rows: int | None = state_field(count_or_none("n_rows"), None)
    # For validation.
    held_out_index: NDArray[np.int64] | None = state_field(rows("validation"), None)
    dropout_seed: int = state_field(seed("dropout_seed"), 0)

    # The epoch in progress:
    # Of its training rows; None: as given, or not drawn again yet.
    order: NDArray[np.int64] | None = state_field(rows("order"), None, copy=np.copy)
    # The generator before it drew this order; None: the order cannot be drawn again.
    generator_before_order: _core.Random | None = state_field(
        random_generator("order_begin"), None, copy=copied_generator
    )
    # Of an order that is drawn part by part.
    shuffle_seed: int = state_field(seed("shuffle_seed"), 0)
    # Of its completed batches the sums of cost and penalty and the number of rows, and the gradient
    # norm of the last one: NaN before it, or if the norm is not computed.
    sums: NDArray[np.float64] = state_field(
        SUMS, MISSING, copy=np.copy, default_factory=NO_SUMS.copy
    )
    # Of its completed batches; NaN if they were trained before pickling.
    seconds: float = state_field(of_type(float, "seconds"), 0.0)

    # Other parameters than those of now:
    # While training with early stopping: the best ones of this call so far.
    best_params: AnyArray | None = state_field(block("best"), None, copy=block_copy)
    # After training with early stopping: those after the last batch.
    last_params: AnyArray | None = state_field(block("last"), None, copy=block_copy)
    # Of standardized targets; None before it is learned.
    target_scale: TargetScale | None = state_field(TARGET_SCALE, None)
    # Whether `params` predict y itself although targets are standardized; the best and the last
    # ones never do.
    predicts_y: bool = state_field(PREDICTS_Y, False)

    # What must be the same when training is resumed:
    # Of a sample of the data, of the first row of a source of blocks, or of all that a table has learned from.
    checksum: int | None = state_field(count_or_none("checksum"), None)
    # Of all rows, if they are in arrays.
    digests: Digests | None = state_field(DIGESTS, None)
    # Of an estimator, which cannot resume without them.
    kept_hyperparameters: dict[str, Any] | None = state_field(KEPT_PARAMETERS, None)

    # Not stored: a generator of the program as the latest draw has left it. Others may draw from it.
    generator_after_draw: _core.Random | None = None
    # Not stored: what a standstill in the last epoch has changed, for printed lines.
    standstill: str = ""
    # Not stored: what a step that has begun has changed so far, as attributes to assign.
    unsettled: Callable[[], dict[str, object]] | None = None

    def settle(self, step: Callable[[], dict[str, object]] | None = None) -> None:
        """Complete a step that an exception may have ended anywhere: assign what it has changed, all at once.

        A step changes objects in place, such as the parameters, by one call without bytecodes, in which no signal
        handler can raise an exception. Before, it sets `unsettled`, which looks at what that call has done. Whoever
        goes on after an exception calls this: it can be called again at any time, also if it was interrupted itself.
        If all that a step changes in place can be repeated, `step` is all of it.
        """
        if step is not None:
            self.unsettled = step
        while self.unsettled is not None:
            vars(self).update({"unsettled": None} | self.unsettled())

    @property
    def best_or_present_params(self) -> AnyArray:
        """The parameters to predict with: with early stopping the best ones of this call so far."""
        return self.params if self.best_params is None else self.best_params

    def restore_best(self) -> None:
        """With early stopping, replace the parameters by the best ones of this call.

        If no epoch of this call (a warm start) is better than those of earlier calls, the last ones stay, as in
        scikit-learn.
        """
        if self.best_params is not None:
            if self.last_params is None:
                self.last_params = block_copy(self.params)
            self.params[:], self.best_params = self.best_params, None

    def restore_last(self) -> None:
        """Undo `restore_best`, to continue training."""
        if self.last_params is not None:
            if self.best_params is None:
                self.best_params = block_copy(self.params)
            self.params[:], self.last_params = self.last_params, None

    def use_units_of_y(self, net: _core.Net) -> None:
        """If the parameters predict standardized targets, replace them by a new block that predicts y itself."""
        if self.target_scale is not None and not self.predicts_y:
            params = block_copy(self.params)
            self.target_scale = self.target_scale.into_params(net, params)
            self.params = params
            self.predicts_y = True

    def use_units_of_targets(self, net: _core.Net) -> None:
        """If the parameters predict y itself, let them predict standardized targets."""
        if self.target_scale is not None and self.predicts_y:
            self.target_scale = self.target_scale.out_of_params(net, self.params)
            self.predicts_y = False

    @property
    def has_only_history(self) -> bool:
        """Whether there is nothing to continue from but parameters: after a table's fit, or in a file without more."""
        return all(getattr(self, name) is default for name, default in DEFAULTS.items())

    def check(self, net: _core.Net) -> None:
        """Raise ValueError unless parameters and optimizer match the network's size and dtype."""
        for params in (self.params, self.best_params, self.last_params):
            if params is not None:
                check_params(params, net)
        if self.optimizer is not None:
            self.optimizer.check(net)
        if self.target_scale is not None:
            with naming_damage():
                self.target_scale.check(net)

    def stepping(self) -> tuple[_core.Optimizer, Schedule]:
        """Return what takes the steps of training and what chooses their sizes, once training has them."""
        assert self.optimizer is not None and self.schedule is not None
        return self.optimizer, self.schedule

    def checksum_for_team(self) -> int:
        """Return a checksum of what processes that train together must have computed alike."""
        history, scores = self.history, self.history.validation_scores
        measures = None if not scores else scores.last(), history.stale
        numbers = (self.epoch, self.batch, self.stepping()[0].learning_rate, *measures)
        return crc32(repr(numbers).encode(), crc32(self.params))

    def keep_generator(self) -> None:
        """Keep the generator, which draws the order of the rows next, so that the order can be drawn again."""
        if self.generator is not None and is_storable(self.generator):
            begin = stored_generator(self.generator).copy()
            vars(self).update(generator_before_order=begin, generator_after_draw=begin)

    def draw_and_assign(self, draw: Callable[[Any], dict[str, object]]) -> None:
        """Draw random numbers from the generator, and assign attributes.

        `draw` receives the generator, and returns the attributes to assign. If it fails, the state has not changed, and
        `settle` sets a generator of a program back. If others have drawn from that one, the order cannot be drawn
        again.
        """
        generator, begin = self.generator, self.generator_before_order
        if isinstance(generator, _core.Random):
            generator = generator.copy()
            vars(self).update(draw(generator), generator=generator, generator_after_draw=None)
            return
        assert generator is not None  # only a finished training has none
        if begin is not None and stored_generator(generator) != self.generator_after_draw:
            begin = None
        try:
            self.unsettled = partial(_set_back, generator, bits_of(generator))
            changes = draw(generator)
            end = None if begin is None else stored_generator(generator)
            again = {"generator_before_order": begin, "generator_after_draw": end}
            vars(self).update(changes, **again, unsettled=None)
        finally:
            self.settle()

    def shuffle_order(self) -> None:
        """Begin an epoch with the rows shuffled in place, by a generator of the core; this takes no further memory."""
        generator, order = self.generator, self.order
        assert isinstance(generator, _core.Random) and order is not None
        try:
            self.unsettled = partial(_begun_if_drawn, generator, generator.copy())
            generator.shuffle(order)
            vars(self).update(batch=0, unsettled=None)
        finally:
            self.settle()

    def replaced(self, **changes: Any) -> TrainingState:
        """Return a state with other values of some attributes; it shares all other values."""
        return TrainingState(**(vars(self) | changes))

    def without_rows(self) -> TrainingState:
        """Return the state to keep after a call that cannot be resumed: without rows, generator, best and last ones."""
        return TrainingState(**{name: getattr(self, name) for name in _WITHOUT_ROWS})

    def resumable(self) -> TrainingState:
        """Return the state to keep after a call that can be resumed, with a copy of the random generator."""
        generator = self.generator
        if generator is not None and not is_storable(generator):
            return self.without_rows()
        return self.replaced(
            generator=None if generator is None else stored_generator(generator),
            order=self.order_to_store,
            generator_after_draw=None,
        )

    @property
    def order_to_store(self) -> NDArray[np.int64] | None:
        """The order, unless it can be drawn again."""
        return self.order if self.generator_before_order is None else None

    def copy(self) -> TrainingState:
        """Return an independent copy, from which training can continue."""
        copies: dict[str, Any] = {
            each.name: each.metadata["copy"](getattr(self, each.name))
            for each in _STORED
            if getattr(self, each.name) is not None
        }
        return self.replaced(**copies)

    def best_so_far(self) -> TrainingState:
        """Return an independent copy, as if training had ended here: with the best parameters, and resumable."""
        twin = self.copy()
        twin.restore_best()
        return twin.resumable()


def _set_back(generator: np.random.RandomState, bits: Bits) -> dict[str, object]:
    """Set a generator of the caller back to its earlier state."""
    set_bits(generator, bits)
    return {}


def _begun_if_drawn(generator: _core.Random, before: _core.Random) -> dict[str, object]:
    """Return what has changed if the generator has shuffled the order in place."""
    return {} if generator == before else {"batch": 0}


_STORED = [each for each in fields(TrainingState) if each.metadata]
# The records of the fields of a state, in the order in which they are stored.
RECORDS: Mapping[str, Record] = {each.name: each.metadata["record"] for each in _STORED}
# What a call that cannot be resumed leaves.
_WITHOUT_ROWS = (
    "params",
    "history",
    "optimizer",
    "schedule",
    "schedule_epoch",
    "epoch",
    "batch",
    "stopped",
    "target_scale",
    "predicts_y",
)
# What a state has of the fields that are not known without a call of fit.
DEFAULTS: Mapping[str, Any] = {
    each.name: each.default for each in _STORED if each.default is not MISSING
}
