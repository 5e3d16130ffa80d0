"""The training history: loss curve, validation scores, best values, number of rows processed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")

# What `History.records` has for each epoch, as numbers; NaN if it was not computed.
RECORDED = ("validation_loss", "validation_score", "learning_rate", "gradient_norm", "seconds")


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
        self.records: Curve[tuple[float, ...]] = Curve()  # the numbers `RECORDED` of every epoch
        self.stale = 0  # consecutive epochs without improvement

    def copy(self) -> History:
        """Return an independent copy."""
        twin = History.__new__(History)
        vars(twin).update(vars(self))
        return twin

    def without_seconds(self) -> History:
        """Return a copy without the durations, so that the pickles of two fits with equal seeds are equal."""
        twin = self.copy()
        at = RECORDED.index("seconds")
        twin.records = Curve.of((*record[:at], math.nan, *record[at + 1 :]) for record in self.records)
        return twin

    def table(self) -> dict[str, list[float]]:
        """Return a list with one number per epoch for each quantity that was computed in at least one epoch."""
        losses, records = list(self.loss_curve), list(self.records)
        if len(records) != len(losses):  # a program has assigned another loss curve
            records = [(math.nan,) * len(RECORDED)] * len(losses)
        columns = {"loss": losses}
        for name, *values in zip(RECORDED, *records, strict=False):
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
