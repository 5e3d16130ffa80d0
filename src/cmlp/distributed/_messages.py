"""Messages with a time limit, by methods of a communicator that return before a message arrives."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from numbers import Real
from typing import Any

from cmlp._data.array_types import AnyArray
from cmlp.exceptions import InvalidParameterError, WorkerError, shown

# A process looks for a message again after a tenth of the time that it has waited, but at least
# every millisecond.
_PART_OF_WAIT, _LONGEST_PAUSE = 0.1, 1e-3

# Requests without an end, with their memory: a communicator may use it until the process ends.
_abandoned: list[tuple[object, AnyArray]] = []


def seconds_of(timeout: float | None) -> float:
    """Return the time limit of messages in seconds, 0 for none."""
    if timeout is None:
        return 0.0
    if isinstance(timeout, Real) and not isinstance(timeout, bool) and 0 < timeout < math.inf:
        return float(timeout)
    raise InvalidParameterError(
        f"timeout must be a positive number of seconds or None, got {shown(timeout)}.",
        parameter="timeout",
        value=timeout,
    )


def exchange_within(
    seconds: float, start: Callable[[Any, int], Any], buffer: AnyArray, rank: int
) -> None:
    """Start to send or receive bytes, and wait until they have arrived.

    `start` is the method ``Isend``, ``Irecv`` or ``Ibcast`` of a communicator. Raises `WorkerError`
    after some seconds.
    """
    copy = buffer.copy()
    request = start(copy, rank)
    begin = time.perf_counter()
    try:
        while not request.Test():
            waited = time.perf_counter() - begin
            if waited > seconds:
                raise WorkerError(
                    f"A message to or from worker {rank} took longer than timeout={seconds:g} "
                    "seconds: a worker has ended, hangs, or needs more time."
                )
            time.sleep(min(_PART_OF_WAIT * waited, _LONGEST_PAUSE))
    except BaseException:  # also Ctrl-C
        _abandoned.append((request, copy))
        raise
    buffer[:] = copy
