"""What a model knows about the cells of files of text: decided while training, stored in the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from cmlp._data.table import DATES

if TYPE_CHECKING:
    from collections.abc import Sequence

_SEPARATORS = {".": ("", ",", " ", "'"), ",": ("", ".", " ", "'")}  # of thousands, for each decimal point


class Cells(NamedTuple):
    """How the cells of a file of text are read; see `cmlp._data.grammar`.

    Attributes
    ----------
    decimal : {".", ","}
    thousands : str
        What separates groups of three digits; empty if nothing does.
    missing : tuple of str
        Cells that stand for missing values, besides those of the grammar.
    """

    decimal: str = "."
    thousands: str = ""
    missing: tuple[str, ...] = ()


def checked_cells(fields: Any) -> Cells:
    """Return `Cells` of a file or a pickle, or raise ValueError."""
    values = [fields.get(name) for name in Cells._fields] if isinstance(fields, Mapping) else fields
    if not isinstance(values, (list, tuple)) or len(values) != len(Cells._fields):
        raise ValueError("'cells' has not the fields that it must have")
    decimal, thousands, missing = values
    if decimal not in _SEPARATORS or thousands not in _SEPARATORS[decimal]:
        raise ValueError("'cells' has an unknown decimal point or separator of thousands")
    if not isinstance(missing, (list, tuple)) or not all(type(text) is str for text in missing):
        raise ValueError("'cells' must have a list of texts that are missing values")
    return Cells(decimal, thousands, tuple(missing))


def checked_kinds(kinds: Any, columns: Sequence[tuple[Any, ...]]) -> tuple[str, ...]:
    """Return the kinds of the columns of a table, of a file or a pickle, or raise ValueError.

    They are "category", "date", "time", "instant" or "duration" for columns of categories, and "number", "boolean" or
    one of these for others.
    """
    words = ("number", "boolean", "category", "duration", *DATES)
    if not isinstance(kinds, (list, tuple)) or (kinds and len(kinds) != len(columns)):
        raise ValueError("'column_kinds' is not a list with a word for each column")
    for kind, (encoded, *_) in zip(kinds, columns, strict=False):
        if kind not in words or (encoded == "number" and kind == "category"):
            raise ValueError("'column_kinds' has a word that does not fit its column")
    return tuple(kinds)
