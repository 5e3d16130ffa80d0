"""The cells of a column of a file of text, read by a decision that was made before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import EXACT, in_64_bits
from cmlp._data.columns import DATES, FileColumn, objects
from cmlp._data.files.file_formats import DataError, NotNumbersError, stated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._data.files.row_file import TypedColumn
    from cmlp._data.grammar import Grammar

_MISSING_TARGET = "the value is missing: leave out the rows without a target"
_NAT = np.iinfo(np.int64).min


def missing_target(grammar: Grammar, cell: str) -> str:
    """Return what is wrong with the cell of a target, and what helps."""
    text = f"{_MISSING_TARGET}, for example with --drop-missing-target"
    if grammar.is_default_word(cell):
        text += f". If {cell!r} is a label, add --no-default-missing"
    return text


class Place:
    """Where the cells of a column are, for messages; `line_of` returns the line of a row."""

    def __init__(
        self, path: str, column: int, name: str | None, line_of: Callable[[int], int]
    ) -> None:
        self._path, self._column, self._name, self._line_of = path, column, name, line_of

    def __call__(self, row: int) -> str:
        return f"{self._path}, {self.line(row)}, {self.column}"

    def of_rows(self, row_index: Sequence[int]) -> Place:
        """Return where some rows are, by their numbers in this selection."""
        return Place(
            self._path, self._column, self._name, lambda row: self._line_of(row_index[row])
        )

    def line(self, row: int) -> str:
        """Return the line of a row."""
        return f"line {self._line_of(row)}"

    @property
    def column(self) -> str:
        """The number of the column, with its name if it has one."""
        return f"column {self._column + 1}" + ("" if self._name is None else f" ({self._name!r})")

    @property
    def name(self) -> str:
        """The name of the column, or its number if it has none."""
        return str(self._column + 1) if self._name is None else self._name


def remedy(cell: str, *, required: bool = False) -> str:
    """Return the end of a message about a cell that is not what it must be; nothing is said if it cannot be missing."""
    ending = f". If it stands for a missing value, add {stated('--missing', cell.strip())}"
    return "" if required else ending


def numbers(
    grammar: Grammar,
    cells: Sequence[str],
    place: Place,
    *,
    booleans: bool = False,
    required: bool = False,
) -> NDArray[np.float64]:
    """Return numbers, NaN where they are missing; with `booleans`, also of True and False.

    Raises NotNumbersError for a missing one if they are `required`.
    """
    plain = grammar.numbers(cells)
    values = np.full(len(cells), np.nan) if plain is None else plain[0]
    for row, cell in enumerate(cells if plain is None else ()):
        if grammar.is_mark(cell):
            continue
        number: float | None = grammar.number(cell)
        if number is None and booleans:
            number = grammar.boolean(cell)
        if number is None:
            what = f"{cell!r} is not a number{', True or False' * booleans}"
            raise DataError(f"{place(row)}: {what}" + remedy(cell, required=required))
        if np.isinf(number):
            raise DataError(
                f"{place(row)}: the value is {number}" + remedy(cell, required=required)
            )
        values[row] = number
    if required and np.isnan(values).any():
        raise NotNumbersError(f"{place(int(np.isnan(values).argmax()))}: the value is missing")
    return values


def dates(
    grammar: Grammar, cells: Sequence[str], column_type: str, place: Place, form: str = ""
) -> AnyArray:
    """Return dates or points in time of a type: with an offset, or without one; with `form`, those of this form."""
    if form:
        return _dates_of_form(grammar, cells, form, place)
    plain = None if column_type == "instant" else grammar.dates(cells)
    if plain is not None:
        return plain[1]
    values = np.full(len(cells), _NAT)
    for row, cell in enumerate(cells):
        if grammar.is_mark(cell):
            continue
        date = grammar.date(cell)
        if date is None:
            raise DataError(f"{place(row)}: {cell!r} is not a date" + remedy(cell))
        if (date.kind == "instant") != (column_type == "instant"):
            has, others = ("an", "has not") if date.kind == "instant" else ("no", "has")
            raise DataError(
                f"{place(row)}: {cell!r} has {has} offset from UTC, which the column {others} in "
                "training"
            )
        values[row] = date.value
    return values.view("M8[us]")


def _dates_of_form(grammar: Grammar, cells: Sequence[str], text: str, place: Place) -> AnyArray:
    from cmlp._data.date_forms import date_form  # few files need it

    form = date_form(text)
    known: dict[str, int] = {}
    for row, cell in enumerate(cells):
        if cell in known:
            continue
        if grammar.is_mark(cell):
            known[cell] = _NAT
            continue
        date = form.date(cell)
        if date is None:
            what = f"{cell!r} is not a date of the form {text!r}"
            raise DataError(f"{place(row)}: {what}" + remedy(cell))
        known[cell] = date.value
    found = np.fromiter(map(known.__getitem__, cells), np.int64, len(cells))
    return found.view("M8[us]")


def values(
    grammar: Grammar, cells: Sequence[str], column_type: str, place: Place, form: str = ""
) -> AnyArray:
    """Return cells of a type of column: integers, booleans and text as objects, None where they are missing.

    `form` is that of dates.
    """
    if column_type == "number":
        return numbers(grammar, cells, place)
    if column_type in DATES:
        return dates(grammar, cells, column_type, place, form)
    if column_type == "text":
        return objects(None if grammar.is_missing(cell) else grammar.text(cell) for cell in cells)
    convert = grammar.integer if column_type == "integer" else grammar.boolean
    return objects(None if grammar.is_mark(cell) else convert(cell) for cell in cells)


def categories(grammar: Grammar, cells: Sequence[str], known: Sequence[object]) -> AnyArray:
    """Return the categories of a model: found by their text, or by their value if some are numbers.

    A category wins over a missing value of the same text, unless the file has all text in quotation marks.
    """
    by_text = {str(category): category for category in known if category is not None}
    by_value = {
        category: category for category in known if isinstance(category, (bool, int, float))
    }

    def category(entry: str) -> object:
        cell = grammar.text(entry)
        if cell in by_text and not (grammar.quotes_text and grammar.is_default_word(entry)):
            return by_text[cell]
        if by_value:
            for value in (grammar.integer(cell), grammar.number(cell), grammar.boolean(cell)):
                if value is not None and value in by_value:
                    return by_value[value]
        is_absent = grammar.is_missing(entry) or (bool(by_value) and grammar.is_mark(cell))
        return None if is_absent else cell

    by_cell = {cell: category(cell) for cell in {*cells}}
    return objects([by_cell[cell] for cell in cells])


def known_column(
    grammar: Grammar, cells: Sequence[str], column: TypedColumn, place: Place
) -> FileColumn:
    """Return a column of the model of a table."""
    if column.type in DATES:
        moments = dates(grammar, cells, column.type, place, column.date_format)
        days = moments.astype("M8[D]")
        if column.type == "date":
            is_day = (days == moments)[~np.isnat(moments)].all()
            return FileColumn(days, "date") if is_day else FileColumn(moments, "time")
        return FileColumn(moments, column.type)
    if column.categories is not None or column.type == "category":
        return FileColumn(categories(grammar, cells, column.categories or ()), "text")
    values = numbers(grammar, cells, place, booleans=column.type == "boolean")
    are_booleans = column.type == "boolean" and np.isin(values[~np.isnan(values)], (0, 1)).all()
    return FileColumn(values, "boolean" if are_booleans else "number")


def known_targets(
    grammar: Grammar, cells: Sequence[str], classes: AnyArray | None, place: Place
) -> AnyArray:
    """Return targets by the decision of a model: labels of its classes, or numbers if it has none."""
    if classes is None:
        return numbers(grammar, cells, place, required=True)
    labels, of_model = categories(grammar, cells, classes.tolist()), {*classes.tolist()}
    for row, label in enumerate(labels.tolist()):
        if label not in of_model:
            what = f"{label!r} is not a class of the model"
            if label is None:
                what = missing_target(grammar, cells[row])
            raise DataError(f"{place(row)}: {what}")
    return labels if classes.dtype == object else labels.astype(classes.dtype)


def typed_column(
    values: AnyArray,
    column_type: str,
    missing_words: frozenset[str] = frozenset(),
    decided_by: str = "",
) -> FileColumn:
    """Return a column of values as `values` returns them, or of doubles, in the types of `TYPES`."""
    if column_type == "date":
        values = values.astype("M8[D]")
    elif column_type == "boolean" and values.dtype == object:
        values = values.astype(np.float64 if None in values.tolist() else bool)
    elif column_type == "integer" and values.dtype == object:
        values = integers(values.tolist())
    elif column_type == "integer" and not np.isnan(values).any():
        values = values.astype(np.int64)
    return FileColumn(values, column_type, missing_words, decided_by)


def integers(values: Sequence[Any]) -> AnyArray:
    """Return exact integers as int64, uint64 or objects; doubles if some are missing and all others are exact."""
    present = [value for value in values if value is not None]
    if len(present) == len(values):
        return in_64_bits(objects(values))
    is_exact = all(-EXACT <= value <= EXACT for value in present)
    return np.array(values, np.float64) if is_exact else objects(values)
