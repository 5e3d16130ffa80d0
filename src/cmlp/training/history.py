"""What training reports of each epoch: curves, best values, rows seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping


class Curve:
    """A sequence of floats, one for each epoch, that never changes: appending returns a longer curve.

    The values are kept in tuples whose lengths fall from tuple to tuple by at least a half. Curves share these tuples,
    so n appended values cost O(n log n), although each model of a row of partial_fit calls has a curve of its own.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: tuple[tuple[float, ...], ...] = ()) -> None:
        self._parts = parts

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
        """Return the newest value; IndexError if there is none."""
        return self._parts[-1][-1]

    def __reduce__(self) -> tuple[type[Curve], tuple[tuple[tuple[float, ...], ...]]]:
        return Curve, (self._parts,)


class History:
    """Curves and counts of a training; a warm start and partial_fit continue a copy.

    Attributes
    ----------
    t : int
        Rows trained on, over all calls.
    loss : float or None
        Cost of the last epoch.
    loss_curve : Curve
        Cost of every epoch.
    best_loss : float or None
        Smallest cost; None when validation scores decide.
    validation_scores : Curve or None
        Score of every epoch on the validation rows; None without early stopping.
    best_validation_score : float or None
    stale : int
        Epochs in a row without improvement.
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
        """Return a history that can go on by itself."""
        return History.from_fields(self.fields())

    def fields(self) -> dict[str, object]:
        """Return all attributes by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_fields(cls, fields: Mapping[str, object]) -> History:
        """Return the history that `fields` has described; ValueError if a name is missing or a type is wrong."""
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
