"""The history of a training: loss curve, validation scores, best values, number of rows processed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping


class Curve:
    """An immutable sequence of floats, one per epoch; appending returns a new curve.

    Every partial_fit call creates a model with its own curve. To avoid copying all values each time, a curve stores
    them in tuples that curves share. Each tuple is at most half as long as the one before it, so appending n values
    takes O(n log n) in total.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: tuple[tuple[float, ...], ...] = ()) -> None:
        self._parts = parts

    @classmethod
    def of(cls, values: Iterable[float]) -> Curve:
        """Return a curve with these values."""
        part = tuple(map(float, values))
        return cls((part,) if part else ())

    def appended(self, value: float) -> Curve:
        """Return this curve with one more value."""
        parts = self._parts
        last: tuple[float, ...] = (value,)
        while parts and len(parts[-1]) <= len(last):
            parts, last = parts[:-1], parts[-1] + last
        return Curve((*parts, last))

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[float]:
        for part in self._parts:
            yield from part

    def last(self) -> float:
        """Return the last value; raises IndexError if the curve is empty."""
        return self._parts[-1][-1]


class History:
    """Curves and counters of a training. A warm start and partial_fit continue with a copy.

    Attributes
    ----------
    t : int
        Number of rows processed in all epochs of all calls.
    loss : float or None
        Loss of the last epoch.
    loss_curve : Curve
        Loss of every epoch.
    best_loss : float or None
        Smallest loss; None with early stopping.
    validation_scores : Curve or None
        Validation score of every epoch; None without early stopping.
    best_validation_score : float or None
        Highest validation score; None without early stopping.
    stale : int
        Number of consecutive epochs without improvement.
    """

    __slots__ = ("best_loss", "best_validation_score", "loss", "loss_curve", "stale", "t", "validation_scores")

    def __init__(self) -> None:
        self.t = 0
        self.loss: float | None = None
        self.loss_curve = Curve()
        self.best_loss: float | None = math.inf
        self.validation_scores: Curve | None = None
        self.best_validation_score: float | None = None
        self.stale = 0

    def copy(self) -> History:
        """Return an independent copy."""
        twin = History.__new__(History)  # called once per epoch, therefore without a loop over the names
        twin.t, twin.loss, twin.loss_curve, twin.stale = self.t, self.loss, self.loss_curve, self.stale
        twin.best_loss, twin.best_validation_score = self.best_loss, self.best_validation_score
        twin.validation_scores = self.validation_scores
        return twin

    def fields(self) -> dict[str, object]:
        """Return all attributes as a dict."""
        return {name: getattr(self, name) for name in self.__slots__}

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
    "stale": (int,),
}
