"""Checks that exports share: the range of a scale, and the import of optional packages."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np


def scale_in(dtype: np.dtype[Any], scale: float, where: str) -> np.floating[Any]:
    """Return an input scale as a number of a type; raises ValueError if it is out of the type's range."""
    with np.errstate(over="ignore"):
        value: np.floating[Any] = dtype.type(scale)
    if not np.finfo(dtype).tiny <= value < np.inf:
        raise ValueError(f"input_scale={scale!r} is out of the range of {dtype} in {where}")
    return value


def optional_package(name: str, user: str, extra: str | None = None) -> Any:
    """Import an optional package; raises ImportError with the command that installs it."""
    try:
        return import_module(name)
    except ImportError as error:
        target = name if extra is None else f"'cmlp[{extra}]'"
        raise ImportError(f"{user} needs the package {name}: install it with `pip install {target}`.") from error
