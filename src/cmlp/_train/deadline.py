"""The moment at which training ends although it is not finished."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmlp._workers import Workers


class Deadline:
    """The moment at which training ends, `seconds` from now; with None, there is none.

    Several workers have that of worker 0: they agree on it at every meeting. `horizon` is the number of epochs
    that may pass before the clock must be read.
    """

    def __init__(self, seconds: float | None, workers: Workers) -> None:
        self._workers = workers
        self._end = math.inf if seconds is None or workers.rank else time.monotonic() + seconds
        self.horizon = math.inf if self._end == math.inf else 1

    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self._end if self._end == math.inf else self._end - time.monotonic()

    def left_alone(self) -> float:
        """Return the seconds for work that no other worker waits for."""
        return self.left() if self._workers.size == 1 else math.inf

    def has_come(self) -> bool:
        """Return whether the clock of this process has reached the deadline."""
        return self._end < math.inf and time.monotonic() >= self._end

    def is_agreed(self) -> bool:
        """Return whether training ends: whether all workers know that the deadline has come."""
        return self.has_come() if self._workers.size == 1 else self._workers.time_is_up
