"""Parquet as a file of rows: matrices of numbers, in blocks or in memory, and typed columns."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import EXACT
from cmlp._data.columns import DATES, FileColumn, FileTable, NamedMatrix, objects
from cmlp._data.containers import column_of
from cmlp._data.files.file_formats import DataError, NotNumbersError, quoted
from cmlp._data.files.parquet import (
    ParquetBlocks,
    batches,
    content_size,
    names_and_rows,
    read_parquet,
)
from cmlp._data.files.row_file import (
    ArrayRows,
    FileSchema,
    LabelledRows,
    RowFile,
    TargetKind,
    TextOptions,
    TrainingRows,
    as_integers,
    require_finite,
)
from cmlp._data.groups import Groups, groups_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cmlp._data.array_types import AnyArray
    from cmlp._data.files.row_file import Notice, Progress

_BLOCK_ROWS = 8192
_INDEX = re.compile(r"__index_level_\d+__")


class ParquetFile(RowFile):
    """A Parquet file, whose columns are read by their names."""

    names: Sequence[str]
    reads_by_name = True

    def __init__(self, path: str, options: TextOptions, schema: FileSchema) -> None:
        try:
            names = names_and_rows(path)[0]
        except (ImportError, ValueError) as error:
            raise DataError(str(error)) from error
        super().__init__(path, options, schema, len(names), names)

    def blocks(self, kept: Sequence[int], notice: Notice = None) -> Iterator[Any]:
        return self._matrices(kept) if self.schema.columns is None else self._frames(kept)

    def known_rows(self, kept: Sequence[int], target: int) -> LabelledRows | ParquetBlocks:
        if self.schema.columns is not None:
            return LabelledRows(self.frame(kept), self._targets(target))
        rows = self.training_rows(kept, target)
        if isinstance(rows, _LargeRows):
            return rows.blocks
        if rows.other_than_number is not None:
            raise DataError(rows.other_than_number)
        return rows.take_numbers(rows.labels())

    def training_rows(
        self, kept: Sequence[int], target: int, progress: Progress = None
    ) -> _ParquetRows | _LargeRows:
        blocks = ParquetBlocks(self.path, self._used([target])[0], columns=self._used(kept))
        if not blocks.n_rows:
            raise DataError(f"{self.path} contains no rows")
        size = content_size(self.path)
        if size > self.options.max_bytes:
            return _LargeRows(self, kept, blocks, self._used([target])[0], size)
        # A missing target is named before a missing number.
        return _ParquetRows(self, kept, self._targets(target))

    def frame(self, kept: Sequence[int]) -> Any:
        """Return all rows as an Arrow table."""
        return read_parquet(self.path, self._used(kept))

    def groups(self, column: int) -> Groups:
        (name,) = self._used([column])
        label = f"column {name!r} of {self.path}"
        entries = column_of(read_parquet(self.path, [name]).column(0), label).entries()
        if None in entries:
            row = entries.index(None)
            raise DataError(f"{self.path}, row {row + 1} ({name!r}): the group is missing")
        return groups_of(entries, name)

    def _targets(self, column: int) -> AnyArray:
        from cmlp._data.arrow import read

        (name,) = self._used([column])
        y: AnyArray = np.asarray(
            read(read_parquet(self.path, [name]).column(0), f"column {name!r} of {self.path}")
        )
        return y.astype(str) if y.dtype == object else as_integers(y)

    def _used(self, kept: Sequence[int]) -> list[str]:
        """Return the names of columns, which must be those of one column each."""
        counts = Counter(self.names)
        for i in kept:
            if counts[self.names[i]] > 1:
                raise DataError(
                    f"{self.path} has {counts[self.names[i]]} columns {self.names[i]!r}, and "
                    "columns of Parquet are read by name: rename them, or leave all of them out "
                    "with --drop NUMBER",
                )
        return [self.names[i] for i in kept]

    def _matrices(self, kept: Sequence[int]) -> Iterator[NamedMatrix]:
        first = 0
        for block in self._tables(kept):
            matrix = self._matrix(block)
            require_finite(self.path, matrix, kept, first)
            first += len(matrix)
            yield matrix

    def _frames(self, kept: Sequence[int]) -> Iterator[FileTable]:
        """Yield the columns of a table's model, in which categories are those of the model of the same text."""
        learned = self.schema.columns
        assert learned is not None
        by_text = [
            {str(category): category for category in column.categories or ()} for column in learned
        ]
        for table in self._tables(kept):
            columns: list[Any] = list(table.columns)
            for i, (texts, column) in enumerate(zip(by_text, learned, strict=True)):
                if column.categories is not None and column.type not in DATES:
                    entries = columns[i].to_pylist()
                    values = objects(
                        None if value is None else texts.get(_text(value), value)
                        for value in entries
                    )
                    columns[i] = FileColumn(values, "text")
            yield self.schema.table(table.column_names, columns)

    def _tables(self, kept: Sequence[int]) -> Iterator[Any]:
        """Yield columns as tables of pyarrow in blocks."""
        is_empty = True
        used = self._used(kept)
        try:
            for batch in batches([self.path], used, _BLOCK_ROWS):
                import pyarrow

                # In the order of the selection.
                yield pyarrow.Table.from_batches([batch]).select(used)
                is_empty = False
        except ValueError as error:
            raise DataError(str(error)) from error
        if is_empty:
            raise DataError(f"{self.path} contains no rows")

    def _matrix(self, table: Any) -> NamedMatrix:
        """Return the columns of a table of pyarrow, which must be numbers."""
        columns = []
        for name, column in zip(table.column_names, table.columns, strict=True):
            values = column.to_numpy()  # a missing number is NaN
            if values.dtype.kind not in "buif":
                raise NotNumbersError(
                    f"{self.path}: column {name!r} must contain numbers, got {column.type}"
                )
            columns.append(values)
        same = {values.dtype for values in columns}
        dtype = (
            same.pop()
            if len(same) == 1 and same <= {np.dtype(np.uint8), np.dtype(np.float32)}
            else np.float64
        )
        values = np.empty((table.num_rows, len(columns)), dtype)
        for i, column in enumerate(columns):
            values[:, i] = column
        return NamedMatrix(values, table.column_names)


def _notices(path: str, names: Sequence[str]) -> list[str]:
    """Return a notice for an index of a data frame without a name, which pandas writes as a column."""
    return [
        (
            f"{path}, column {name!r} is the index of a data frame: leave it out with --drop "
            f"{quoted(name)} unless it is an input"
        )
        for name in names
        if _INDEX.fullmatch(name)
    ]


def _text(value: object) -> str:
    """Return the text of a value of Parquet, where integers with missing values can be doubles."""
    return (
        str(int(value))
        if isinstance(value, float) and value.is_integer() and abs(value) < EXACT
        else str(value)
    )


class _ParquetRows(ArrayRows):
    """Rows of Parquet in memory."""

    can_be_table = True

    def __init__(self, file: ParquetFile, kept: Sequence[int], y: AnyArray) -> None:
        super().__init__(file.path, None, y)
        self._file, self._kept, self.names = file, kept, [file.names[i] for i in kept]
        self.notices = _notices(file.path, self.names)
        forms = file.stated_forms(kept)
        self.date_formats = {file.names[i]: form for i, form in forms.items()}
        self.date_formats = self.date_formats or file.options.date_formats

    @cached_property
    def other_than_number(self) -> str | None:
        try:
            self._X = self._file.numbers(self._kept)
        except NotNumbersError as error:
            return str(error)
        return None

    def take_numbers(self, y: AnyArray) -> LabelledRows | ParquetBlocks:
        assert self.other_than_number is None  # which reads X
        return super().take_numbers(y)

    def take_columns(self) -> Any:
        self._X = None
        table = self._file.frame(self._kept)
        if isinstance(self.date_formats, dict):
            self._check_dates(table, self.date_formats)
        return table

    def _check_dates(self, table: Any, formats: Mapping[str, str]) -> None:
        """Raise DataError for a text that is no date, with its row: fits see a part of the rows."""
        from cmlp._data.date_forms import date_form, read_dates

        for name, form in formats.items():
            column = column_of(table.column(name), f"{self._file.path}: column {name!r}")
            try:
                read_dates(column, date_form(form))
            except ValueError as error:
                raise DataError(str(error)) from None


class _LargeRows(TrainingRows):
    """Rows of a Parquet file that is read in blocks. Types are those of the schema."""

    can_be_table = False

    def __init__(
        self, file: ParquetFile, kept: Sequence[int], blocks: ParquetBlocks, target: str, size: int
    ) -> None:
        self._path, self._target, self._size = file.path, target, size
        self.blocks, self.names = blocks, blocks.columns
        self.notices = _notices(file.path, blocks.columns)
        try:
            next(iter(file.blocks(kept)))
        except NotNumbersError as error:
            raise DataError(
                f"{error}. The model of a table takes it, but it is trained in memory: use "
                f"--max-bytes {size} or more, or leave the column out with --drop",
            ) from None

    @cached_property
    def target_kind(self) -> TargetKind:
        import pyarrow

        stored = next(batches([self._path], [self._target], 1)).schema.field(0).type
        if pyarrow.types.is_dictionary(stored):
            stored = stored.value_type
        if pyarrow.types.is_floating(stored) or pyarrow.types.is_decimal(stored):
            return "fractions"
        return "whole" if pyarrow.types.is_integer(stored) else "text"

    @property
    def place_of_fraction(self) -> str:
        return self._path

    def labels(self) -> AnyArray:
        return self.blocks.classes()

    def numbers(self) -> AnyArray:
        return np.empty(0)

    def take_numbers(self, y: AnyArray) -> ParquetBlocks:
        return self.blocks

    def take_columns(self) -> Any:
        raise DataError(
            f"{self._path}: the model of a table is trained in memory: use --max-bytes "
            f"{self._size} or more",
        )
