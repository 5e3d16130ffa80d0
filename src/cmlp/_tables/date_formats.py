"""The parameter `date_formats`: which columns of a table have dates as text, and of which form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cmlp._data.arrays import is_missing
from cmlp._data.columns import by_column
from cmlp._data.date_forms import date_form
from cmlp.exceptions import refused, shown

if TYPE_CHECKING:
    from cmlp._data.array_types import AnyArray
    from cmlp._data.containers import Column
    from cmlp._data.input_frame import InputFrame

_NAME = "date_formats"


def forms_of_columns(
    date_formats: object, frame: InputFrame, row_index: AnyArray
) -> dict[int, str]:
    """Return the form of the dates of each column that has some, by its index.

    A single form is that of the columns of text of which it reads nearly all values in the rows `row_index`.
    Raises InvalidParameterError for a column or a form that does not exist.
    """
    if date_formats is None:
        return {}
    if isinstance(date_formats, str):
        _check_form(date_formats, date_formats)
        return _columns_of_form(date_formats, frame, row_index)
    if not isinstance(date_formats, Mapping):
        expected = "None, a form such as '%d.%m.%Y', or a dict of columns to forms"
        raise refused(
            _NAME, f"must be {expected}, got {shown(date_formats)}.", date_formats, expected
        )
    found = {}
    for i, form in by_column(_NAME, date_formats, frame.names, len(frame.columns)):
        _check_form(form, date_formats)
        found[i] = str(form)
    return found


def _check_form(form: object, date_formats: object) -> None:
    if not isinstance(form, str):
        raise refused(
            _NAME, f"must have forms such as '%d.%m.%Y', got {shown(form)}.", date_formats
        )
    try:
        date_form(str(form))
    except ValueError as error:
        raise refused(_NAME, f"is wrong: {error}", date_formats) from error


def _columns_of_form(text: str, frame: InputFrame, row_index: AnyArray) -> dict[int, str]:
    found = {}
    for i, column in enumerate(frame.exact_columns()):
        texts = _texts_of(column, row_index)
        if texts and date_form(text).reads_nearly_all(texts):
            found[i] = text
    if not found:
        raise refused(
            _NAME,
            f"is {text!r}, but X has no column of text whose values are nearly all dates of this "
            "form. Name a column of whole numbers in a dict.",
            text,
        )
    return found


def _texts_of(column: Column, row_index: AnyArray) -> Counter[str]:
    """Return the texts of a column and how often each occurs; none if the column has other values."""
    if column.has_categories() or column.array().dtype.kind not in "OUT":
        return Counter()
    entries = column.entries()
    present = [entries[row] for row in row_index.tolist() if not is_missing(entries[row])]
    if not all(isinstance(entry, str) for entry in present):
        return Counter()
    return Counter(present)
