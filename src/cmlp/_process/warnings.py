"""Warnings that point to the caller's code."""

from __future__ import annotations

import sys
import warnings
from _thread import allocate_lock  # threading.Lock, without the time to import threading
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any

from cmlp._process.printable import printable_message
from cmlp._process.threads import current_pool
from cmlp.exceptions import DataWarning

_SILENCED: ContextVar[frozenset[str]] = ContextVar("_SILENCED", default=frozenset())


def warn(
    message: str,
    category: type[Warning] = UserWarning,
    *,
    once: Notices | None = None,
    subject: str | None = None,
) -> None:
    """Issue a warning that points to the user's code: the first caller outside this package.

    A thread of a pool has no such caller: its pool collects the warning. With `once`, which remembers what was shown, a
    text, or another `subject`, is shown once under Python's default filter. The filter itself forgets what it has shown
    when filters change: scikit-learn changes them for each fit of a search. Other filters, such as "always" and
    "error", decide as usual.

    The message is shown without control characters, which names of columns can have, but for ends of lines.
    """
    message = "\n".join(map(printable_message, message.split("\n")))
    pool = current_pool()
    if pool is not None:
        pool.collect(message, category)
        return
    package = __name__.partition(".")[0] + "."
    level = 2
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(package):
        level = level + 1
        frame = frame.f_back
    if (
        once is not None
        and _action(message, category, frame) == "default"
        and not once.is_first(message if subject is None else subject)
    ):
        return
    warnings.warn(message, category, stacklevel=level)


def warn_of_data(message: str, category: type[DataWarning], *columns: str) -> None:
    """Issue a warning about the data of `fit`, which ends with its code and its columns, unless the caller knows it."""
    names = [category.code, printable_message(f"{category.code}:{','.join(columns)}")]
    if _SILENCED.get().isdisjoint(names):
        warn(f"{message} [{names[bool(columns)]}]", category)


def message_and_code(message: str, category: type[Warning]) -> tuple[str, str]:
    """Return the message of a warning without its code, and the end with the code; "" without one."""
    if not hasattr(category, "code"):
        return message, ""
    text, begin, code = message.rpartition(" [")
    return text, begin + code


@contextmanager
def silencing(silenced: Collection[str]) -> Iterator[None]:
    """Let `warn_of_data` issue no warnings with these codes and columns, as `silenced_by` returns them."""
    token = _SILENCED.set(frozenset(silenced))
    try:
        yield
    finally:
        _SILENCED.reset(token)


def _action(message: str, category: type[Warning], frame: FrameType) -> str:
    """Return what Python's filters say about a warning that points to a frame."""

    def matches(pattern: Any, text: str) -> bool:
        if pattern is None:
            return True
        if isinstance(pattern, str):
            return bool(pattern == text)
        return bool(pattern.match(text))

    module = frame.f_globals.get("__name__", "<string>")
    line = frame.f_lineno
    for action, text, kind, place, number in _filters():
        if (
            issubclass(category, kind)
            and matches(text, message)
            and matches(place, module)
            and number in (0, line)
        ):
            return str(action)
    return "default"


def _filters() -> Any:
    """Return Python's filters."""
    # Python 3.14 has those of the context.
    return getattr(warnings, "_get_filters", lambda: warnings.filters)()


def is_ignored(category: type[Warning]) -> bool:
    """Return whether Python ignores all warnings of a category.

    Their texts are not needed then.
    """
    # The thread may have other filters.
    if hasattr(warnings, "_get_filters") and current_pool() is not None:
        return False
    for action, text, kind, place, number in _filters():
        if issubclass(category, kind):
            return action == "ignore" and text is None and place is None and not number
    return False


class Notices:
    """Warnings that are issued once: texts with values are new to Python's filter each time.

    Parameters
    ----------
    note : str, default=""
        What each of them says at its end.

    Attributes
    ----------
    counts : Counter of str
        How often each was due.
    """

    def __init__(self, note: str = "") -> None:
        self.note = note
        self.counts: Counter[str] = Counter()
        self._lock = allocate_lock()

    def is_first(self, subject: str) -> bool:
        """Count a warning that is due, and return whether it is to be issued."""
        with self._lock:
            self.counts[subject] += 1
            return self.counts[subject] == 1
