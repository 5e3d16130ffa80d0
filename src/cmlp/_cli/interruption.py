"""What ends a command from outside: signals, as exceptions that have the effect of Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import FrameType
from typing import Any

from cmlp._process.signals import defer

Handler = Callable[[int, FrameType | None], None]
# a job that is preempted or stopped, and a terminal that is closed
_SIGNALS = ("SIGTERM", "SIGHUP")


class Interrupted(KeyboardInterrupt):
    """A signal other than that of Ctrl-C has arrived.

    A KeyboardInterrupt, so that whatever is kept after Ctrl-C is kept after this signal too.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.name = signal.Signals(number).name
        self.status = 128 + number


def interruptible() -> contextlib.AbstractContextManager[None]:
    """Raise Interrupted when a signal would end the process.

    Signals that are ignored (nohup) or handled stay so.

    Where Ctrl-C is deferred, the signal waits for the same moment.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        defer(partial(_end, number))

    return handling(dict.fromkeys(_SIGNALS, interrupt), lambda handler: handler is signal.SIG_DFL)


def _end(number: int) -> None:
    raise Interrupted(number)


@contextlib.contextmanager
def handling(
    handlers: Mapping[str, Handler], replaces: Callable[[Any], bool] = lambda _: True
) -> Iterator[None]:
    """Handle signals whose handlers so far are to be replaced, and restore these."""
    previous = {}
    try:
        if threading.current_thread() is threading.main_thread():  # others cannot set handlers
            for name, handler in handlers.items():
                number = getattr(signal, name, None)
                if number is not None and replaces(signal.getsignal(number)):
                    previous[number] = signal.signal(number, handler)
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old)
