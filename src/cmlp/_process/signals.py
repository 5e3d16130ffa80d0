"""Ctrl-C while a model is stored after an interruption: a further signal waits until it is stored.

A fit needs no other shelter, because each change of its state is one assignment: see `TrainingState.settle`.
"""

from __future__ import annotations

# `_signal` has no enums, with which `signal` takes ten times as long.
import _signal  # type: ignore[import-not-found]
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn


class TimeLimitReached(Exception):
    """Training ends within an epoch: its time is up, or a callback of this package ends it.

    The loop catches it.
    """


class DeferredSignals:
    """How SIGINT waits until a function has ended, which `_core.run_deferred` calls.

    It has no constructor: a signal could come between two of its bytecodes.
    """

    longest_wait = 1.0  # seconds for which a signal waits before another one takes effect at once
    handler: Callable[[int, Any], object] | None = None  # the caller's
    _waiting: Callable[[], object] | None = None  # what the first signal does
    _since = 0.0

    def note(self, number: int, frame: Any) -> None:
        """Handle SIGINT."""
        assert self.handler is not None
        if self._waiting is None:
            self.wait(partial(self.handler, number, frame))
        elif time.monotonic() - self._since >= self.longest_wait:
            self.handler(number, frame)

    def wait(self, action: Callable[[], object]) -> None:
        """Keep what a signal does for later, unless another one waits already."""
        if self._waiting is None:
            self._since = time.monotonic()
            self._waiting = action

    def deliver(self) -> None:
        """Let a signal that waits take effect."""
        action = self._waiting
        self._waiting = None
        if action is not None:
            action()


def defer(action: Callable[[], object]) -> None:
    """Call what another signal than SIGINT does, or where signals are deferred let it wait."""
    deferral = getattr(_signal.getsignal(_signal.SIGINT), "__self__", None)
    if isinstance(deferral, DeferredSignals):
        deferral.wait(action)
    else:
        action()


def throw(error: BaseException) -> NoReturn:
    """Raise an exception."""
    raise error
