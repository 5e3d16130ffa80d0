"""A file of rows that is open, and the rows and targets that training gets from it.

`TextFile`, `ArrayFile` (npy, idx) and `ParquetFile` are the kinds of `RowFile`; `open_rows` in `rows` makes them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, Self, TypeAlias

import numpy as np

from cmlp._data.arrays import EXACT
from cmlp._data.columns import TYPES, CellFormat, FileTable, NamedMatrix, joined
from cmlp._data.files.file_formats import DataError, NotNumbersError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cmlp._data.array_types import AnyArray
    from cmlp._data.files.parquet import ParquetBlocks
    from cmlp._data.groups import Groups

    Notice: TypeAlias = Callable[[str], None] | None  # gets a line for the user
    Progress: TypeAlias = Callable[[float], None] | None  # gets the share of the file that was read

TargetKind: TypeAlias = Literal["text", "whole", "fractions"]
HOLDOUTS = ("random", "last", "none")  # which rows of a table are held out to measure the model


class LabelledRows(NamedTuple):
    """Rows with their targets; X has the names of the columns if the file has them."""

    X: Any
    y: AnyArray


class TextOptions(NamedTuple):
    """What the user has said about a file; None is found in the file, or known from the model."""

    header: bool | None = None
    separator: str | None = None
    encoding: str | None = None
    comment: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    missing: tuple[str, ...] = ()
    has_own_words: bool = False  # whether only `missing` and empty cells are missing values
    text: tuple[str, ...] = ()  # columns of text
    # The form of the dates of columns, or that of all columns of text of which it reads the cells.
    date_formats: Mapping[str, str] | str | None = None
    max_bytes: int = 2**30  # of what a compressed file contains
    drop_missing_target: bool = False  # whether rows without a target are left out

    def cell_format(self, known: CellFormat) -> CellFormat:
        """Return how cells are read: as the user says, or else as the model does."""
        decimal = known.decimal if self.decimal is None else self.decimal
        stated = known.thousands if self.decimal in (None, known.decimal) else ""
        thousands = stated if self.thousands is None else self.thousands
        if thousands == decimal:
            raise DataError(
                f"--thousands must differ from the decimal point, got {thousands!r} for both"
            )
        return CellFormat(
            decimal,
            thousands,
            (*known.missing, *(text for text in self.missing if text not in known.missing)),
            known.has_own_words or self.has_own_words,
            known.of_spreadsheets,
        )


class TypedColumn(Protocol):
    """What a file must know about a column of a table.

    That is what it holds, its categories, None for numbers, and the form of its dates, "" for that of ISO 8601.
    """

    @property
    def type(self) -> str: ...
    @property
    def categories(self) -> Sequence[object] | None: ...
    @property
    def date_format(self) -> str: ...


class FileSchema(NamedTuple):
    """What is known about a file of rows before it is read: by default nothing, and otherwise what a model knows.

    `columns` are those of the model of a table. Other models have columns of numbers only, and it is None.
    `file_types` is how training has read the columns of text for this model, if a record of it is to be followed.
    """

    cell_format: CellFormat = CellFormat()
    names: Sequence[str] | None = None
    classes: AnyArray | None = None
    columns: Sequence[TypedColumn] | None = None
    file_types: Sequence[str] = ()

    def table(self, names: Sequence[str], columns: Sequence[Any]) -> FileTable:
        """Return columns as a table with the names of the model."""
        return FileTable(names if self.names is None else list(self.names), columns)


class FileRecord(NamedTuple):
    """What training has decided about its file, for `cmlp verify`, which must decide the same.

    How cells are read is stored with the model (`CellFormat`). `max_bytes` also says whether Parquet is read in blocks.
    """

    target: str | None  # a column
    drop: list[str]  # columns
    header: bool | None
    separator: str | None
    encoding: str | None
    comment: str | None
    max_bytes: int
    holdout: str | None  # a word of `HOLDOUTS`, of a table
    groups: str | None  # a column, of a table
    # Of the columns of a table in a file of text, which has none of its own.
    types: list[str] | None
    drop_missing_target: bool = False  # left out of files if it is false
    time: str | None = None  # a column, of a table; left out likewise

    def as_json(self) -> dict[str, object]:
        """Return the record as a model file has it."""
        return {
            name: value
            for name, value in self._asdict().items()
            if name not in self._field_defaults or value != self._field_defaults[name]
        }

    @classmethod
    def checked(cls, fields: Any) -> Self:
        """Return the record of a model file, or raise ValueError."""
        if type(fields) is not dict or {*cls._fields} != fields.keys() | {*cls._field_defaults}:
            raise ValueError("a field is missing or unknown")
        record = cls(**fields)
        texts = record.target, record.separator, record.encoding, record.comment, record.groups
        is_valid = (
            all(value is None or type(value) is str for value in texts)
            and type(record.header) in (bool, type(None))
            and type(record.max_bytes) is int
            and type(record.drop_missing_target) is bool
            and record.as_json() == fields
            and record.holdout in (None, *HOLDOUTS)
            and isinstance(record.time, (str, type(None)))
            and _are_texts(record.drop)
            and (
                record.types is None
                or (_are_texts(record.types) and TYPES.keys() >= {*record.types})
            )
        )
        if not is_valid:
            raise ValueError("a field has an unknown value")
        return record


def _are_texts(values: object) -> bool:
    return type(values) is list and all(type(value) is str for value in values)


class RowFile(ABC):
    """A file of rows of which the columns are known; the methods read rows.

    Columns are given by their positions from 0.

    Parameters
    ----------
    path : str
    options : TextOptions
    schema : FileSchema
        What the model knows for which the file is read.
    width : int
        Number of columns.
    names : sequence of str or None
        Names of the columns, if the file has them.

    Attributes
    ----------
    remedy : str
        What probably helps if the file has not the columns that it should have; empty if this is
        not known.
    reads_by_name : bool
        Whether two columns of the same name cannot be read, not even by their numbers.
    """

    remedy = ""
    reads_by_name = False

    def __init__(
        self,
        path: str,
        options: TextOptions,
        schema: FileSchema,
        width: int,
        names: Sequence[str] | None = None,
    ) -> None:
        self.path = path
        self.options = options
        self.schema = schema
        self.width = width
        self.names = names

    @abstractmethod
    def blocks(self, kept: Sequence[int], notice: Notice = None) -> Iterator[Any]:
        """Yield columns as the model knows them: numbers, or for the model of a table typed columns.

        Parquet and npy files may be larger than memory. Raises DataError with the place if a value is not what the
        model knows, and in a matrix if one is missing, or if there are no rows. `notice` gets at the end what a file
        of text is.
        """

    @abstractmethod
    def known_rows(self, kept: Sequence[int], target: int) -> LabelledRows | ParquetBlocks:
        """Return all rows as the model knows them, with targets that are labels of its classes, or numbers."""

    @abstractmethod
    def training_rows(
        self, kept: Sequence[int], target: int, progress: Progress = None
    ) -> TrainingRows:
        """Return columns and targets for a new model."""

    def groups(self, column: int) -> Groups:
        """Return the groups of all rows, from a column that is no input.

        Raises DataError if one is missing.
        """
        raise untyped(self.path)

    def stated_forms(self, kept: Sequence[int]) -> dict[int, str]:
        """Return the forms of the dates of columns that the user names."""
        stated = self.options.date_formats
        found: dict[int, str] = {}
        if stated is None or isinstance(stated, str):
            return found
        for name, form in stated.items():
            at = [i for i in positions(name, self.names, self.width) if i in kept]
            if not at:
                raise DataError(
                    f"{self.path} has no input {name!r}, whose dates would have the form {form!r}"
                )
            found.update(dict.fromkeys(at, form))
        return found

    def numbers(self, kept: Sequence[int]) -> Any:
        """Return all rows as an array of numbers, with the names of the columns if there are some."""
        matrix = joined(list(self.blocks(kept)))
        return matrix.values if matrix.columns is None else matrix


class TrainingRows(ABC):
    """Rows and targets that were read before it is decided what is trained on them.

    The methods `take_...` can be called once: they free what was read.

    Attributes
    ----------
    names : sequence of str or None
        The names of the columns of X.
    can_be_table : bool
        Whether `take_columns` returns columns: of text and Parquet, if the file is not read in
        blocks.
    column_types : list of str or None
        What each column of X is, if this was decided by the cells: a word of `TYPES`.
    notices : sequence of str
        Lines for the user, in parts as those of DataError.
    date_formats : dict, str or None
        The form of the dates of each column of X, by its name, whose dates have one, or one that
        `fit` looks for.
    """

    names: Sequence[str] | None = None
    can_be_table = True
    column_types: list[str] | None = None
    notices: Sequence[str] = ()
    date_formats: Mapping[str, str] | str | None = None

    @property
    def other_than_number(self) -> str | None:
        """The first cell or column of X that is no number, with its place: it needs the model of a table."""
        return None

    @property
    @abstractmethod
    def target_kind(self) -> TargetKind:
        """What the targets are: text, or numbers."""

    @property
    @abstractmethod
    def place_of_fraction(self) -> str:
        """Where the first target with a fraction is."""

    @abstractmethod
    def labels(self) -> AnyArray:
        """Return the targets as labels."""

    @abstractmethod
    def numbers(self) -> AnyArray:
        """Return the targets as numbers."""

    @abstractmethod
    def take_numbers(self, y: AnyArray) -> LabelledRows | ParquetBlocks:
        """Return the rows, which must be numbers, with targets."""

    @abstractmethod
    def take_columns(self) -> object:
        """Return the columns with their types, as a table."""


class ArrayRows(TrainingRows):
    """Rows with targets in memory, as they are."""

    can_be_table = False

    def __init__(self, path: str, X: Any, y: AnyArray) -> None:
        self._X, self._y, self._path = X, y, path
        self.names = getattr(X, "columns", None)

    @property
    def target_kind(self) -> TargetKind:
        """What the targets are, by their type."""
        kinds: dict[str, TargetKind] = {"f": "fractions", "i": "whole", "u": "whole"}
        return kinds.get(self._y.dtype.kind, "text")

    @property
    def place_of_fraction(self) -> str:
        """The file."""
        return self._path

    def labels(self) -> AnyArray:
        """Return the targets."""
        return self._y

    numbers = labels

    def take_numbers(self, y: AnyArray) -> LabelledRows | ParquetBlocks:
        """Return the rows with targets."""
        return LabelledRows(self._X, y)

    def take_columns(self) -> object:
        """Raise DataError: the columns have no types."""
        raise untyped(self._path)


def untyped(path: str) -> DataError:
    """Return the error for a file that cannot be the rows of the model of a table."""
    return DataError(
        f"{path} must be delimited text or Parquet for the model of a table, which has typed "
        "columns"
    )


def as_integers(values: AnyArray) -> AnyArray:
    """Return floats that are exact integers as integers, so that labels are printed as such."""
    is_whole = (
        values.dtype.kind == "f"
        and (np.abs(values) < EXACT).all()
        and (values == np.trunc(values)).all()
    )
    return values.astype(np.int64) if is_whole else values


def require_finite(path: str, matrix: NamedMatrix, kept: Sequence[int], first: int) -> None:
    """Raise DataError with the place in the file; `kept` has the position of each column, `first` is the first row."""
    values = matrix.values
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return
    row, column = np.argwhere(~np.isfinite(values))[0]
    value = values[row, column]
    name = "" if matrix.columns is None else f" ({matrix.columns[column]!r})"
    error = NotNumbersError if np.isnan(value) and name else DataError
    raise error(
        f"{path}, row {first + row + 1}, column {kept[column] + 1}{name}: the value is {value}"
    )


def positions(text: str, names: Sequence[str] | None, width: int) -> list[int]:
    """Return the positions of the columns of a name, also without the spaces around it, or of a number from 1."""
    named = list(names or ())
    exact = [i for i, name in enumerate(named) if name == text]
    found = exact or [i for i, name in enumerate(named) if name.strip() == text.strip()]
    if found:
        return found
    return (
        [int(text) - 1] if text.isascii() and text.isdecimal() and 1 <= int(text) <= width else []
    )
