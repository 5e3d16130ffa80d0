"""What ends a command from outside: signals, as exceptions that have the effect of Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_SIGNALS = ("SIGTERM", "SIGHUP")  # a job that is preempted or stopped, and a terminal that is closed


class Interrupted(KeyboardInterrupt):
    """A signal other than that of Ctrl-C has arrived.

    A KeyboardInterrupt, so that whatever is kept after Ctrl-C is kept after this signal too.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.name, self.status = signal.Signals(number).name, 128 + number


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted when a signal would end the process. Signals that are ignored (nohup) or handled stay so."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    taken = []
    try:
        if threading.current_thread() is threading.main_thread():  # others cannot set handlers
            for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
                if signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, interrupt)
                    taken.append(number)
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
