"""Integers that a program passes."""

from __future__ import annotations

from numbers import Integral


def positive_integer(name: str, value: object, also: str = "") -> int:
    """Return a positive integer, of Python or of NumPy, as an int; `also` is what else the message allows."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a positive integer{also}, got {value!r}.")
    return int(value)
