"""Moments at which training ends: times of `time.monotonic`, infinity for never."""

from __future__ import annotations

import math
import time


def end_of(max_time: float | None) -> float:
    """Return the moment when a time limit in seconds is over, from now on."""
    return math.inf if max_time is None else time.monotonic() + max_time


def seconds_until(moment: float) -> float:
    """Return how long it is until a moment; negative if it is over."""
    return moment if moment == math.inf else moment - time.monotonic()


def is_over(moment: float) -> bool:
    """Return whether a moment has come."""
    return moment < math.inf and time.monotonic() >= moment
