"""Ctrl-C during training: the signal is noted, and takes effect at the next safe point.

While the training loop runs in the main thread, a handler of this module only notes SIGINT. The loop and the core look
at safe points whether one is noted, and then call the caller's own handler, which usually raises KeyboardInterrupt. So
no exception comes between two changes that belong together. Around code of the caller (callbacks, losses, scores,
iterables, warnings, printed lines) the caller's handler is in force: such code can be interrupted at any point.

Other threads get no signals, and nothing is deferred in them.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # without the enums of `signal`, which take ten times as long
from _thread import get_ident
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Self


class TimeLimitReached(Exception):
    """Training ends within an epoch: its time is up, or a callback of this package ends it. The loop catches it."""


_SIGINT: int = _signal.SIGINT
_current: DeferredSignals | None = None  # the innermost one that is entered; only the main thread assigns it


class DeferredSignals:
    """Context manager in which SIGINT waits for a safe point; a second SIGINT takes effect at once.

    At the end, the caller's handler is restored, and a signal that still waits takes effect. Within another
    `DeferredSignals`, and in threads that get no signals, it does nothing. If not `lifts`, neither `immediate_signals`
    nor `safe_point` has an effect: only `deliver` lets a signal take effect.
    """

    def __init__(self, *, lifts: bool = True) -> None:
        self.lifts, self.thread = lifts, 0
        self._handler: Callable[[int, Any], object] | None = None  # the caller's; None if nothing is deferred here
        self.noted: Callable[[], object] | None = None  # what the first signal does that waits
        self._ends = False
        self._outer: DeferredSignals | None = None

    def __enter__(self) -> Self:
        global _current
        handler = _signal.getsignal(_SIGINT)
        if not callable(handler) or (_current is not None and handler == _current._note):
            return self
        self._handler, self._outer, self.thread = handler, _current, get_ident()
        try:
            _signal.signal(_SIGINT, self._note)
        except ValueError:  # not the main thread
            self._handler = None
        else:
            _current = self
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        global _current
        if self._handler is None:
            return
        self._ends = True
        if self.holds():
            _signal.signal(_SIGINT, self._handler)
        _current = self._outer
        if not isinstance(error, KeyboardInterrupt):
            self.deliver()

    def _note(self, number: int, frame: Any) -> None:
        """Handle SIGINT."""
        assert self._handler is not None
        if self.noted is None:
            self.noted = partial(self._handler, number, frame)
        elif not self._ends:
            self._handler(number, frame)

    def holds(self) -> bool:
        """Return whether the caller's handler is replaced now."""
        return bool(_signal.getsignal(_SIGINT) == self._note)

    def note(self, action: Callable[[], object]) -> None:
        """Keep what a signal does for the next safe point, unless one is noted already."""
        self.noted = self.noted or action

    def deliver(self) -> None:
        """Let a noted signal take effect."""
        action, self.noted = self.noted, None
        if action is not None:
            action()

    def lift(self) -> None:
        """Let a noted signal take effect, and restore the caller's handler."""
        while True:
            if self.noted is not None:
                self.deliver()
            _signal.signal(_SIGINT, self._handler)
            if self.noted is None:
                return
            _signal.signal(_SIGINT, self._note)  # a signal came between the last two calls

    def lower(self) -> None:
        """Defer signals again after `lift`, unless the caller ignores them now."""
        handler = _signal.getsignal(_SIGINT)
        if not callable(handler):
            return
        self._handler = handler
        try:
            _signal.signal(_SIGINT, self._note)
        except BaseException:  # of the caller's handler, for a signal that came just before
            _signal.signal(_SIGINT, self._note)
            raise


class immediate_signals:
    """Context manager for code of the caller within `DeferredSignals`: signals take effect at once."""

    def __enter__(self) -> None:
        self._lifted = deferral = _of_this_thread()
        if deferral is None or not deferral.lifts or not deferral.holds():
            self._lifted = None
        else:
            deferral.lift()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._lifted is not None:
            self._lifted.lower()


def _of_this_thread() -> DeferredSignals | None:
    return _current if _current is not None and _current.thread == get_ident() else None


def safe_point() -> None:
    """Let a signal that waits in this thread take effect."""
    if _current is not None and _current.noted is not None and _current.lifts:
        deliver()


def deliver() -> None:
    """Let a signal that waits in this thread take effect, also where signals are not to be lifted."""
    deferral = _of_this_thread()
    if deferral is not None:
        deferral.deliver()


def defer(action: Callable[[], object]) -> None:
    """Call what another signal than SIGINT does: now, or where signals are deferred at the next safe point."""
    deferral = _of_this_thread()
    if deferral is not None and deferral.holds():
        deferral.note(action)
    else:
        action()
