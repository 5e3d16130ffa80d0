"""The moment at which training ends although it is not finished."""

from __future__ import annotations

import math
import time


class Deadline:
    """The moment at which training ends, `seconds` from now; with None, there is none.

    `horizon` is the number of epochs that may pass before the clock must be read.
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = math.inf if seconds is None else time.monotonic() + seconds
        self.horizon = math.inf if seconds is None else 1

    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self._end if self._end == math.inf else self._end - time.monotonic()

    def has_come(self) -> bool:
        """Return whether training ends."""
        return self._end < math.inf and time.monotonic() >= self._end
