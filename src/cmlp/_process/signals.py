"""Ctrl-C during training: the signal is noted, and takes effect at the next safe point.

While the training loop runs in the main thread, a handler of this module only notes SIGINT. The
loop and the core look at safe points whether one is noted, and then call the caller's own handler,
which usually raises KeyboardInterrupt. So no exception comes between two changes that belong
together. Around code of the caller (callbacks, losses, scores, iterables, warnings, printed lines)
the caller's handler is in force: such code can be interrupted at any point.

Handlers of other signals are not replaced: what they raise can come between two changes. Such a fit
is lost, and the estimator keeps its former model. So is one that KeyboardInterrupt ends at such a
point: see `has_come_in_a_change`.

Other threads get no signals, and nothing is deferred in them.
"""

from __future__ import annotations

# `_signal` has no enums, with which `signal` takes ten times as long.
import _signal  # type: ignore[import-not-found]
import time
from _thread import get_ident
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any


class TimeLimitReached(Exception):
    """Training ends within an epoch: its time is up, or a callback of this package ends it.

    The loop catches it.
    """


_SIGINT: int = _signal.SIGINT
_LONGEST_WAIT = 1.0  # seconds for which a signal waits before another one takes effect at once
# An attribute of a KeyboardInterrupt that has come where no change was half made.
MARK = "_is_between_changes"


class DeferredSignals:
    """How SIGINT waits for a safe point.

    It is the argument of `_core.run_deferred`, which replaces the caller's handler.

    If a signal has waited for a second, the next one takes effect at once: no safe point may be to
    come. If not `lifts`, neither `immediate_signals` nor `safe_point` has an effect: only `deliver`
    lets a signal take effect, and the second one never waits, because code of the caller may run.

    What is deferred now follows from the handler that is in force. So it cannot contradict it,
    wherever an exception comes.
    """

    def __init__(self, *, lifts: bool = True) -> None:
        self.lifts = lifts
        self.thread = 0
        self.handler: Callable[[int, Any], object] | None = None  # the caller's
        self.noted: Callable[[], object] | None = None  # what the first signal does that waits
        self._since = 0.0
        self._longest_wait = _LONGEST_WAIT if lifts else 0.0

    def note(self, number: int, frame: Any) -> None:
        """Handle SIGINT."""
        assert self.handler is not None
        if self.noted is None:
            self._since = time.monotonic()
            self.noted = partial(self.handler, number, frame)
        elif time.monotonic() - self._since >= self._longest_wait:
            self.handler(number, frame)

    def wait_for_safe_point(self, action: Callable[[], object]) -> None:
        """Keep what another signal does for the next safe point, unless one is noted already."""
        if self.noted is None:
            self._since = time.monotonic()
            self.noted = action

    def deliver(self) -> None:
        """Let a noted signal take effect."""
        action = self.noted
        self.noted = None
        if action is not None:
            try:
                action()
            except BaseException as error:
                mark(error)
                raise

    def lift(self) -> None:
        """Let a noted signal take effect, and restore the caller's handler."""
        while True:
            if self.noted is not None:
                self.deliver()
            _signal.signal(_SIGINT, self.handler)
            if self.noted is None:
                return
            _signal.signal(_SIGINT, self.note)  # a signal came between the last two calls

    def lower(self) -> None:
        """Defer signals again after `lift`, unless the caller ignores them now."""
        handler = _signal.getsignal(_SIGINT)
        if not callable(handler):
            return
        self.handler = handler
        try:
            _signal.signal(_SIGINT, self.note)
        except BaseException as error:
            # It is raised by the caller's handler, for a signal that came just before.
            mark(error)
            _signal.signal(_SIGINT, self.note)
            raise

    def has_come_in_a_change(self, error: KeyboardInterrupt) -> bool:
        """Return whether an exception may have come between two changes that belong together.

        It has not if it came at a safe point, in code of the caller, or where this code begins or
        ends.
        """
        return not self._is_lifted() and not getattr(error, MARK, False)

    def _is_lifted(self) -> bool:
        return self.handler is not None and deferral_of(_signal.getsignal(_SIGINT)) is not self

    def finish(self) -> None:
        """Let signals wait for the end.

        After one has taken effect, what is complete is being stored.
        """
        self.lifts = False
        self._longest_wait = _LONGEST_WAIT
        if self._is_lifted():
            self.lower()


class immediate_signals:
    """Context manager for code of the caller within `_core.run_deferred`.

    Signals take effect at once in it.
    """

    def __enter__(self) -> None:
        self._lifted = deferral = _of_this_thread()
        if deferral is None or not deferral.lifts:
            self._lifted = None
        else:
            deferral.lift()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        mark(error)
        if self._lifted is not None:
            self._lifted.lower()


def deferral_of(handler: object) -> DeferredSignals | None:
    """Return what a handler of SIGINT belongs to; None for a handler of the caller."""
    owner = getattr(handler, "__self__", None)
    if type(owner) is DeferredSignals:
        return owner
    return None


def _of_this_thread() -> DeferredSignals | None:
    """Return what is in force in this thread."""
    deferral = deferral_of(_signal.getsignal(_SIGINT))
    if deferral is not None and deferral.thread == get_ident():
        return deferral
    return None


def safe_point() -> None:
    """Let a signal that waits in this thread take effect."""
    deferral = _of_this_thread()
    if deferral is not None and deferral.lifts:
        deferral.deliver()


def deliver() -> None:
    """Let a signal that waits in this thread take effect, even where signals are not lifted."""
    deferral = _of_this_thread()
    if deferral is not None:
        deferral.deliver()


def defer(action: Callable[[], object]) -> None:
    """Call what another signal than SIGINT does.

    It does it now, or where signals are deferred at the next safe point.
    """
    deferral = _of_this_thread()
    if deferral is not None:
        deferral.wait_for_safe_point(action)
    else:
        action()


def mark(error: BaseException | None) -> None:
    """Say of a KeyboardInterrupt that it has come where no change was half made."""
    if isinstance(error, KeyboardInterrupt):
        setattr(error, MARK, True)
