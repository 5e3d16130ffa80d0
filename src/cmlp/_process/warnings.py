"""Warnings that point to the caller's code."""

from __future__ import annotations

import sys
import warnings
from _thread import allocate_lock  # threading.Lock, without the time to import threading
from collections import Counter

from cmlp._process.signals import immediate_signals
from cmlp._process.threads import current_pool


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning that points to the user's code: the first caller outside this package.

    A thread of a pool has no such caller: its pool collects the warning.
    """
    pool = current_pool()
    if pool is not None:
        pool.collect(message, category)
        return
    package = __name__.partition(".")[0] + "."
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(package):
        level, frame = level + 1, frame.f_back
    with immediate_signals():  # a filter can be a function of the caller
        warnings.warn(message, category, stacklevel=level)


class Notices:
    """Warnings that are issued once: texts with values are new to Python's filter each time.

    Attributes
    ----------
    counts : Counter of str
        How often each was due.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._lock = allocate_lock()

    def is_first(self, subject: str) -> bool:
        """Count a warning that is due, and return whether it is to be issued."""
        with self._lock:
            self.counts[subject] += 1
            return self.counts[subject] == 1
