"""Column names of data frames.

A data frame is recognized by its attributes (``columns`` and ``__array__``), so that neither pandas nor polars has to
be imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import is_arrow
from cmlp._data.columns import NamedColumns
from cmlp._process.warnings import warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def as_table(X: Any, name: str = "X") -> Any:
    """Return a table or column of Arrow as a copy that can be read several times; anything else as it is."""
    if is_arrow(X):
        from cmlp._data.arrow import read

        return read(X, name)
    if isinstance(X, NamedColumns):
        from cmlp._data.arrow import table_of

        return table_of(X, name)
    return X


def read_once(value: Any, name: str) -> Any:
    """Return what may be a stream of Arrow, which can be read once, as a copy; anything else as it is.

    X becomes `NamedColumns`, which have nulls and dates; other arguments become what `as_table` returns.
    """
    if not is_arrow(value) or hasattr(value, "__array__"):
        return value
    if name != "X":
        return as_table(value, name)
    from cmlp._data.arrow import read_columns

    return read_columns(value, name)


def feature_names(X: Any) -> NDArray[Any] | None:
    """Return the column names of a data frame; None if they are not strings or X is not a data frame."""
    if isinstance(X, np.ndarray) or not (hasattr(X, "columns") and hasattr(X, "__array__")):
        return None
    names = np.asarray(list(X.columns), dtype=object)
    kinds = sorted({type(name).__qualname__ for name in names})
    if len(kinds) > 1 and "str" in kinds:
        raise TypeError(
            "Feature names are only supported if all input features have string names, but your "
            f"input has {kinds} as feature name / column name types. If you want feature names to "
            "be stored and validated, you must convert them all to strings, by using X.columns = "
            "X.columns.astype(str) for example. Otherwise you can remove feature / column names "
            "from your input data, or convert them all to a non-string data type."
        )
    return names if kinds == ["str"] else None


def texts_of_names(names: Sequence[object] | None) -> NDArray[Any] | None:
    """Return column names as an array; None if there are none, or if one is not text."""
    if names is None or not all(isinstance(name, str) for name in names):
        return None
    return np.array(names, object)


def check_names(names: NDArray[Any] | None, fitted: NDArray[Any] | None, owner: str) -> None:
    """Compare the column names of X, from `feature_names`, with the names that fit stored.

    Warns if only one of them has names. Raises ValueError if the names differ.
    """
    if names is None and fitted is None:
        return
    if fitted is None:
        warn(f"X has feature names, but {owner} was fitted without feature names")
    elif names is None:
        warn_of_no_names(owner)
    elif len(names) != len(fitted) or (names != fitted).any():
        raise ValueError(_name_mismatch(set(names), set(fitted)))


def warn_of_no_names(owner: str) -> None:
    """Warn of X without names for a model with names."""
    warn(f"X does not have valid feature names, but {owner} was fitted with feature names")


def _name_mismatch(names: set[str], fitted: set[str]) -> str:
    lines = ["The feature names should match those that were passed during fit."]
    for title, listed in (
        ("Feature names unseen at fit time:", sorted(names - fitted)),
        ("Feature names seen at fit time, yet now missing:", sorted(fitted - names)),
    ):
        if listed:
            lines += [title, *(f"- {name}" for name in listed[:5])]
            lines += ["- ..."] if len(listed) > 5 else []
    if len(lines) == 1:
        lines.append("Feature names must be in the same order as they were in fit.")
    return "\n".join(lines) + "\n"
