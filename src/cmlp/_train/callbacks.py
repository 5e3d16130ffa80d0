"""Who follows training: callbacks, of a user and of this package alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

from cmlp._data.checks import positive_integer
from cmlp.callbacks import HOOKS, ProgressBar
from cmlp.exceptions import InvalidParameterError


class Callbacks:
    """The callbacks of a training run, each with the trainer that its methods get.

    A callback has some of the methods of this class, see `cmlp.callbacks`. It stops training by ``trainer.stop()``; one
    of this package can raise TimeLimitReached within an epoch.
    """

    def __init__(self, state: Any) -> None:
        self._state = state  # not the training: a cycle would keep its rows in memory
        self._calls: dict[str, list[tuple[object, Callable[[Any], object], object]]] = {}
        self.intervals: set[int] = set()  # all `every_batches`

    def add(self, callbacks: Sequence[Any], trainer: Any = None) -> None:
        """Let callbacks follow, with this trainer; raises ValueError if an interval is invalid."""
        for callback in callbacks:
            _require_interval(callback, "every_epochs")
            if hasattr(callback, "on_batches_end") and _require_interval(callback, "every_batches"):
                self.intervals.add(callback.every_batches)
            for hook in HOOKS:
                if hasattr(callback, hook):
                    call = callback, getattr(callback, hook), trainer
                    self._calls.setdefault(hook, []).append(call)

    @property
    def epochs_ahead(self) -> float:
        """How many epochs may pass before one must be called."""
        if "on_epoch_begin" in self._calls or self.intervals:
            return 1
        epoch, followers = self._state.epoch, self._calls.get("on_epoch_end", ())
        return min(
            (
                interval - epoch % interval
                for callback, *_ in followers
                if (interval := _every_epochs(callback))
            ),
            default=math.inf,
        )

    def _call(
        self, hook: str, interval_of: Callable[[Any], int | None] | None = None, count: int = 0
    ) -> None:
        """Call a method of those that have it; with `interval_of`, if `count` is a multiple of it."""
        for callback, call, trainer in self._calls.get(hook, ()):
            if interval_of is None or (
                (interval := interval_of(callback)) and count % interval == 0
            ):
                call(trainer)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Call `on_fit_begin` and `on_fit_end`, also if training is interrupted or left."""
        self._call("on_fit_begin")
        try:
            yield
        except BaseException as error:
            self._state.settle()
            if isinstance(error, (KeyboardInterrupt, GeneratorExit)):  # a pause
                self._call("on_fit_end")
            raise
        self._call("on_fit_end")

    def on_epoch_begin(self) -> None:
        """Call those that follow each epoch."""
        self._call("on_epoch_begin")

    def on_batches_end(self) -> None:
        """Call those whose interval ends in the middle of an epoch."""
        if self.intervals:
            self._call("on_batches_end", attrgetter("every_batches"), self._state.batch)

    def on_validation_begin(self) -> None:
        """Call those that follow the end of the last batch."""
        self._call("on_validation_begin")

    def on_epoch_end(self) -> None:
        """Call those whose interval ends with an epoch."""
        self._call("on_epoch_end", _every_epochs, self._state.epoch)


def _every_epochs(callback: Any) -> int | None:
    """Return after how many epochs `on_epoch_end` is called; None for never. It can change."""
    interval: int | None = getattr(callback, "every_epochs", 1)
    return interval


def _require_interval(callback: object, name: str) -> int | None:
    """Return an attribute of a callback, a positive integer or None for never; raises ValueError if it is not one."""
    owner = type(callback).__name__
    if name == "every_epochs":
        value = getattr(callback, name, 1)
    elif not hasattr(callback, name):
        raise InvalidParameterError(
            "A callback with on_batches_end must have the attribute every_batches, a number of "
            f"batches, but {owner} has none.",
            parameter="every_batches",
        )
    else:
        value = getattr(callback, name)
    if value is None:
        return None
    return positive_integer(f"{name} of the callback {owner}", value, " or None")


def callbacks_of(given: Sequence[Any] | None, verbose: bool | int | str) -> list[object]:
    """Return the callbacks, with the progress bar that ``verbose="bar"`` means."""
    callbacks = list(given or ())
    if verbose == "bar":
        callbacks.append(ProgressBar())
    return callbacks
