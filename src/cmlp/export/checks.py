"""Checks that all exports share: finite weights, and the import of optional packages."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from cmlp.record import Record


def require_finite(record: Record) -> None:
    """Raise ValueError if a weight is NaN or infinite."""
    if not np.isfinite(record.params).all():
        raise ValueError("a weight is NaN or infinite: such a model cannot be exported")


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
