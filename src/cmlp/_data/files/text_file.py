"""Delimited text as a file of rows: encoding, separator, names and cells. docs/guide/files.md defines them."""

from __future__ import annotations

import bisect
import contextlib
import csv
import io
import itertools
import re
from array import array
from collections import Counter
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.columns import FileTable, NamedMatrix, joined, objects
from cmlp._data.files import text_cells
from cmlp._data.files.file_formats import DataError, opening
from cmlp._data.files.row_file import (
    FileSchema,
    LabelledRows,
    RowFile,
    TargetKind,
    TextOptions,
    TrainingRows,
    positions,
)
from cmlp._data.files.text_cells import Place, integers, missing_target, typed_column
from cmlp._data.files.text_columns import (
    PLAIN,
    TrainingColumn,
    doubt,
    doubt_of_date,
    doubt_of_rounded,
    doubt_of_word,
)
from cmlp._data.files.text_lines import (
    NO_SEPARATOR,
    Lines,
    are_aligned,
    are_most,
    encoding_of,
    has_several_numbers,
    is_value,
    quoting_of,
    require_no_markdown,
    require_text,
    sampled,
    separator_of,
    split_rows,
    without_end,
)
from cmlp._data.grammar import QUOTED, Grammar
from cmlp._data.groups import Groups, groups_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._data.files.row_file import Notice, Progress

_NAMES = {"\t": "tab", " ": "space"}
_SAMPLE_LINES, _SAMPLE_LETTERS = 200, 1 << 16  # from which the separator is found
_BLOCK_CELLS = 1 << 16  # read at a time
_NAMELESS = re.compile(r"\s*|Unnamed: \d+")  # the second is what pandas makes of the first
_NO_MODEL = FileSchema()


class TextBlock(NamedTuple):
    """Some rows: the cells of each column, the number of the first row from 0, and the line of each row from 1."""

    columns: Sequence[Sequence[str]]
    first: int
    lines: Sequence[int]


class TextFile(RowFile):
    """A file of delimited text; its first lines tell the separator, whether it has names, and its columns.

    Its cells are read by the decision of a model, or decide the types of a new one.

    Parameters
    ----------
    path : str
    options : TextOptions
    schema : FileSchema, default=FileSchema()
        What the model knows. A row with the names of all of its columns has names.
    target : str or None, default=None
        A column that the user names: a row has names if it is one of them, and not the number of a
        column.

    Attributes
    ----------
    names_or_numbers : list of str
        The names of the columns, or their numbers where they have none.
    nameless : list of int
        Columns without a name in a file with names.
    """

    def __init__(
        self,
        path: str,
        options: TextOptions,
        schema: FileSchema = _NO_MODEL,
        target: str | None = None,
    ) -> None:
        super().__init__(path, options, schema, 0)  # the lines tell the columns
        self._quoted_word: re.Pattern[str] | None = None
        self._quotes_text = False
        names = {name.strip() for name in schema.names or ()}

        def named(cells: Sequence[str]) -> bool:
            if names:
                return names.issubset(cell.strip() for cell in cells)
            if target is None or positions(target, None, len(cells)):
                return False
            return bool(positions(target, cells, 0))

        with self._lines() as lines:
            self._look(lines, named)
        # The column whose cells a row must have.
        self._needed: int | None = None
        if options.drop_missing_target and target is not None:
            (self._needed,) = positions(target, self.names, self.width)[:1] or (None,)
        self.n_dropped = 0  # of the last pass over the rows

    def _look(self, lines: Iterator[str], named: Callable[[Sequence[str]], bool]) -> None:
        """Find the separator, the names and the number of columns."""
        options = self.options
        sample: list[str] = []
        for line in lines:
            sample.append(line)
            if len(sample) > _SAMPLE_LINES or sum(map(len, sample)) > _SAMPLE_LETTERS:
                break
        is_whole = next(lines, None) is None and len(sample) <= _SAMPLE_LINES
        sample = sample[:_SAMPLE_LINES]
        stated = (
            re.fullmatch(r"sep=(.)\s*", sample[0]) if sample and options.separator is None else None
        )
        if stated and not any(stated[1] in line for line in sample[1:]):
            stated = None
        self._skipped = int(stated is not None)  # lines before the first row
        comment = options.comment
        rows = [
            line
            for line in sample[self._skipped :]
            if not (comment and line.lstrip().startswith(comment))
        ]
        filled = [line for line in rows if line.strip()]
        if not filled:
            raise DataError(f"{self.path} contains no rows")
        require_no_markdown(self.path, filled)
        separator = stated[1] if stated else options.separator
        self.separator = separator_of(filled, is_whole) if separator is None else separator
        parsed, self._skips_spaces = sampled(filled, self.separator)
        first = self.grammar().contents(parsed[0])
        self.width = len(first)
        if separator is None and self.separator and any(map(has_several_numbers, first)):
            raise DataError(
                f"{self.path} has several separators: state one with --separator, or replace "
                "spaces and tabs by commas",
            )
        width, n = Counter(map(len, parsed)).most_common(1)[0]
        if width > self.width and are_most(n, len(parsed)):
            k = min([*map(len, parsed)].index(width), len(filled) - 1)
            raise self._ragged(1 + sample.index(filled[k]), width, is_top=True)
        is_named = named(first)
        has_value = any(map(is_value, first))
        has_names = (is_named or not has_value) if options.header is None else options.header
        self._guesses_names = options.header is None and not is_named
        for line, row in zip(filled, parsed, strict=False):
            if options.header is None and not is_named and named(row):
                at = f"line {1 + sample.index(line)}"
                raise DataError(
                    f"{self.path}, {at}: the names are here, not in the first row: remove the "
                    "lines above"
                )
        self.names_or_numbers = [
            cell if has_names and cell.strip() else f"column {i + 1}"
            for i, cell in enumerate(first)
        ]
        self.names = self.names_or_numbers if has_names else None
        self.nameless = [
            i for i, cell in enumerate(first) if has_names and _NAMELESS.fullmatch(cell)
        ]
        is_mixed, self._quotes_text = quoting_of(filled[has_names:], self.separator)
        words = "|".join(map(re.escape, self.grammar().default_words))
        if is_mixed and words:
            mark = re.escape(self.separator or NO_SEPARATOR)
            self._quoted_word = re.compile(
                rf'(?:^|(?<={mark}))"(?=(?:{words})"(?:{mark}|[\r\n]|$))'
            )
        if self.width == 1 and separator is None and are_aligned(filled):
            self.remedy = (
                "its columns seem to be aligned by spaces: replace two or more of them by a tab or "
                "a comma"
            )

    def grammar(self) -> Grammar:
        """Return how cells are read."""
        cell_format = self.options.cell_format(self.schema.cell_format)
        return Grammar(cell_format, quotes_text=self._quotes_text)

    def place(self, column: int, line_of: Callable[[int], int]) -> Place:
        """Return where the cells of a column are; `line_of` returns the line of a row."""
        return Place(self.path, column, None if self.names is None else self.names[column], line_of)

    def blocks(self, kept: Sequence[int], notice: Notice = None) -> Iterator[Any]:
        return (rows.X for rows in self._blocks(kept, None, notice))

    def known_rows(self, kept: Sequence[int], target: int) -> LabelledRows:
        types = self.schema.file_types
        if types:
            forms = [column.date_format for column in self.schema.columns or ()]
            read = self.values(
                dict(zip(kept, types, strict=True)), dict(zip(kept, forms, strict=False))
            )
            columns = [typed_column(read[i], one) for i, one in zip(kept, types, strict=True)]
            y = np.concatenate([self._targets(block, target) for block in self.cells()])
            return LabelledRows(
                self.schema.table([self.names_or_numbers[i] for i in kept], columns), y
            )
        blocks = list(self._blocks(kept, target))
        X = joined([rows.X for rows in blocks])
        return LabelledRows(
            X.values if X.columns is None else X, np.concatenate([rows.y for rows in blocks])
        )

    def training_rows(
        self, kept: Sequence[int], target: int, progress: Progress = None
    ) -> TextRows:
        for name, count in Counter(self.names_or_numbers[i] for i in kept).items():
            if count > 1:
                raise DataError(
                    f"{self.path} has {count} columns {name!r}, and predict finds columns by "
                    "their names: rename them, or leave all but one out with --drop NUMBER",
                )
        return TextRows(self, kept, target, progress)

    def _blocks(
        self, kept: Sequence[int], target: int | None, notice: Notice = None
    ) -> Iterator[LabelledRows]:
        schema = self.schema
        grammar = self.grammar()
        for block in self.cells():
            columns = [(block.columns[i], self.place(i, block.lines.__getitem__)) for i in kept]
            if schema.columns is None:
                values = np.empty((len(block.lines), len(kept)))
                for k, (cells, place) in enumerate(columns):
                    values[:, k] = text_cells.numbers(grammar, cells, place, required=True)
                X: Any = NamedMatrix(values, self.names and [self.names[i] for i in kept])
            else:
                typed = [
                    text_cells.known_column(grammar, cells, column, place)
                    for (cells, place), column in zip(columns, schema.columns, strict=True)
                ]
                X = schema.table([self.names_or_numbers[i] for i in kept], typed)
            yield LabelledRows(X, np.empty(0) if target is None else self._targets(block, target))
        if notice is not None:
            notice(self.summary(block.first + len(block.lines)))

    def groups(self, column: int) -> Groups:
        grammar = self.grammar()
        entries: list[str] = []
        for block in self.cells():
            place = self.place(column, block.lines.__getitem__)
            texts = text_cells.values(grammar, block.columns[column], "text", place).tolist()
            if None in texts:
                raise DataError(f"{place(texts.index(None))}: the group is missing")
            entries += [text.strip() for text in texts]
        name = self.names_or_numbers[column]
        different = {*entries}
        kinds = {*map(grammar.kind, different)}
        are_codes = "zeros" in kinds and "number" not in kinds  # such as 00123
        if are_codes or not kinds <= {"integer", "number", "zeros"}:
            return groups_of(entries, name)
        whole = {text: grammar.integer(text) for text in different}
        values = {
            text: grammar.number(text) if value is None else value for text, value in whole.items()
        }
        return groups_of([values[text] for text in entries], name)

    def _targets(self, block: TextBlock, target: int) -> AnyArray:
        """Return the targets of some rows as the model knows them."""
        place = self.place(target, block.lines.__getitem__)
        return text_cells.known_targets(
            self.grammar(), block.columns[target], self.schema.classes, place
        )

    def values(
        self, types: Mapping[int, str], forms: Mapping[int, str] | None = None
    ) -> dict[int, AnyArray]:
        """Return the values of columns that are read as these types, dates by their forms."""
        forms = forms or {}
        grammar = self.grammar()
        parts: dict[int, list[AnyArray]] = {i: [] for i in types}
        for block in self.cells() if types else ():
            for i, column_type in types.items():
                place = self.place(i, block.lines.__getitem__)
                parts[i].append(
                    text_cells.values(
                        grammar, block.columns[i], column_type, place, forms.get(i, "")
                    )
                )
        return {i: np.concatenate(parts.pop(i)) for i in types}

    def summary(self, n_rows: int) -> str:
        """Return a line for the user: what separates the columns, and how many columns and rows there are."""
        mark = _NAMES.get(self.separator, f'"{self.separator}"')
        separator = f"{mark} as separator" if self.separator else "no separator"
        columns = f"{self.width:,} column{'s' * (self.width != 1)}"
        names = f"with{'out' if self.names is None else ''} names"
        return f"{self.path}: {separator}, {columns} {names}, {n_rows:,} row{'s' * (n_rows != 1)}"

    def cells(self, progress: Progress = None) -> Iterator[TextBlock]:
        """Yield the rows in blocks; `progress` gets the share of the file that has been read.

        A row is never left out, but a blank line is no row in a file of several columns.
        """
        n_rows, n_lines = 0, -(-_BLOCK_CELLS // self.width)
        grammar = self.grammar()
        self.n_dropped = 0
        with self._lines(progress) as text:
            lines = Lines(self.path, text, self._skipped, self.options.comment)
            names: Sequence[str] = ()
            if self.names is not None:
                _, names = next(self._rows(lines, is_top=True, has_blank=False), (0, ()))
            while some := lines.take(n_lines):
                at: Sequence[int] = range(lines.n_read - len(some) + 1, lines.n_read + 1)
                columns = self._split(some)
                if columns is None:
                    lines.put_back(some)
                    columns, at = self._parsed(
                        lines, at[-1], is_top=self.names is not None and not n_rows
                    )
                self._require_no_names(names, columns, at)
                if self._needed is not None and at:
                    cells = columns[self._needed]
                    kept = [cell.strip() != "" and not grammar.is_missing(cell) for cell in cells]
                    columns = [list(itertools.compress(each, kept)) for each in columns]
                    self.n_dropped += len(at) - sum(kept)
                    at = array("q", itertools.compress(at, kept))
                if at:
                    yield TextBlock(columns, n_rows, at)
                n_rows += len(at)
        if not n_rows:
            raise DataError(f"{self.path} contains no rows")

    def _require_no_names(
        self, names: Sequence[str], columns: Sequence[Sequence[str]], at: Sequence[int]
    ) -> None:
        """Raise DataError if a row repeats the names, as where one file was appended to another.

        Names that are all numbers, dates, booleans or categories of the model may be values of a row.
        """
        if not columns or not names or names[-1] not in columns[-1]:
            return
        listed = (column.categories or () for column in self.schema.columns or ())
        known = {str(category) for categories in listed for category in categories}
        if all(name in known or is_value(name) for name in names):
            return
        for line, row in zip(at, zip(*columns, strict=True), strict=True):
            # A file that was appended can begin with a mark of its own.
            first = row[0].removeprefix("\ufeff").strip('"')
            if (first, *row[1:]) == (names[0].strip('"'), *names[1:]):
                remedy = ", or add --header no if both are values" if self._guesses_names else ""
                raise DataError(
                    f"{self.path}, line {line} repeats the first line: remove it{remedy}"
                )

    def _split(self, lines: list[str]) -> list[Sequence[str]] | None:
        """Return the columns of lines without quotation marks, faster than the csv module; None if it must look."""
        text, separator, width = "".join(lines), self.separator or NO_SEPARATOR, self.width
        if '"' in text or separator == " " or self._skips_spaces or self.options.comment:
            return None
        if not text.endswith(("\n", "\r")) or {
            *map(str.count, lines, itertools.repeat(separator))
        } != {width - 1}:
            return None
        cells = (
            text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", separator).split(separator)
        )
        return [cells[i:-1:width] for i in range(width)]

    def _parsed(
        self, lines: Lines, last: int, *, is_top: bool
    ) -> tuple[list[Sequence[str]], Sequence[int]]:
        """Return the columns of the rows up to the line `last`, or beyond it, and the lines on which they begin."""
        rows: list[list[str]] = []
        at = array("q")
        for begin, cells in self._rows(lines, is_top=is_top, has_blank=self.width == 1):
            rows.append(cells)
            at.append(begin)
            if lines.n_read >= last:  # the last row may have further lines
                break
        contents = self.grammar().contents
        return [*map(contents, zip(*rows, strict=True))], at

    def _rows(
        self, lines: Lines, *, is_top: bool, has_blank: bool
    ) -> Iterator[tuple[int, list[str]]]:
        """Yield rows, each behind the line on which it begins; blank lines are rows if `has_blank`."""
        is_space = self.separator == " "
        for row in split_rows(lines, self.separator, self._skips_spaces):
            begin = lines.end_row()
            cells = without_end(row) if is_space else row
            if not cells or (
                len(cells) == 1 and not cells[0].strip() and (cells[0] or is_space)
            ):  # a blank line
                if not has_blank:
                    continue
                cells = cells or [""]
            if len(cells) != self.width:
                raise self._ragged(begin, len(cells), is_top=is_top, is_end=lines.is_near_end())
            yield begin, cells

    @contextlib.contextmanager
    def _lines(self, progress: Progress = None) -> Iterator[Iterator[str]]:
        """Open the file as lines of text, each with its end, without the mark at the beginning of a file."""
        encoding = encoding_of(self.options.encoding)
        with opening(self.path, self.options.max_bytes, progress) as file:
            require_text(self.path, file.peek(512)[:512], self.options.encoding)
            try:
                with io.TextIOWrapper(file, encoding=encoding, newline="") as text:
                    start = (line.removeprefix("\ufeff") for line in itertools.islice(text, 1))
                    lines: Iterator[str] = itertools.chain(start, text)
                    if self._quoted_word is not None:
                        lines = map(partial(self._quoted_word.sub, f'"{QUOTED}'), lines)
                    yield lines
            except UnicodeError as error:
                raise self._undecodable(error) from error
            except csv.Error as error:
                raise DataError(
                    f"{self.path} cannot be read as CSV: {error}. Is a quotation mark not closed?"
                ) from error

    def _undecodable(self, error: UnicodeError) -> DataError:
        if self.options.encoding is not None:
            return DataError(
                f"{self.path} is not text in {self.options.encoding}: {error}. Name another "
                "--encoding",
            )
        return DataError(
            f"{self.path} is not a CSV file in UTF-8, and not npy, idx or Parquet: {error}. Name "
            "its encoding, for example --encoding cp1252 (Windows) or --encoding latin-1"
        )

    def _ragged(self, line: int, width: int, *, is_top: bool, is_end: bool = False) -> DataError:
        remedy = ""
        if is_top and width == self.width + 1 > 2:
            remedy = (
                ". The first line needs a name for each column, also for an empty last one and for "
                "names of rows"
            )
        elif is_top and width > self.width:
            remedy = ". Remove lines that are a title, or say with --comment TEXT how they begin"
        elif is_end and width < self.width:
            remedy = ". If the file ends with a footer, remove it"
        elif self.separator in ",;" and 1 < self.width < width:
            remedy = f". A value that contains {self.separator} needs quotation marks"
        values = f"{width:,} value{'s' * (width != 1)}"
        return DataError(
            f"{self.path}, line {line}: {values}, but the first line has {self.width:,}" + remedy
        )


# ------------------------------------------------------------------------------------------------- rows of training


def _positions(file: TextFile, text: str) -> list[int]:
    """Return the positions of the columns that a user gives by a name or a number from 1."""
    at = positions(text, file.names, file.width)
    if not at:
        raise DataError(
            f"{file.path} has no column {text!r}: name a column, or a number from 1 to {file.width}"
        )
    return at


def _of_no_name(path: str, column: int, *, is_empty: bool) -> str:
    """Return a notice about a column without a name, as `to_csv` of a data frame writes its index.

    A separator at the end of each line makes an empty one.
    """
    if is_empty:
        return (
            f"{path}, column {column + 1} has neither a name nor a value. Leave it out with --drop "
            f"{column + 1}"
        )
    return (
        f"{path}, column {column + 1} has no name. If it is the index of a data frame, leave it "
        f"out with --drop {column + 1}"
    )


class TextRows(TrainingRows):
    """The columns of a file of text by their positions, and the target, with the decision what each of them is.

    `progress` gets the share of the file that has been read.
    """

    def __init__(
        self, file: TextFile, kept: Sequence[int], target: int, progress: Progress = None
    ) -> None:
        texts = {i for name in file.options.text for i in _positions(file, name)}
        self._texts = texts
        stated = file.options.date_formats
        self._forms = file.stated_forms(kept)
        # Whether the file is probably from a country with decimal commas, and the decimal point is
        # not stated.
        may_have_thousands = (
            file.separator == ";" and file.options.decimal is None and not file.options.thousands
        )
        self.grammar = file.grammar()
        columns = {
            i: TrainingColumn(
                self.grammar, i in texts, i == target, may_have_thousands, self._forms.get(i, "")
            )
            for i in (*kept, target)
        }
        self._blocks: list[
            tuple[int, Sequence[int]]
        ] = []  # the first row of each, and the lines of its rows
        for block in file.cells(progress):
            for i, column in columns.items():
                column.add(block.columns[i], block.first)
            self._blocks.append((block.first, block.lines))
        self.n_rows = block.first + len(block.lines)
        self._target_position, self._target = target, columns.pop(target)
        self._file, self._kept, self._columns = file, list(columns), columns
        self.names = None if file.names is None else [file.names[i] for i in columns]
        self._at_target = self._place(target)
        if isinstance(stated, str):
            self._use_form(stated, texts)
        if self._forms:
            names = file.names_or_numbers
            self.date_formats = {names[i]: form for i, form in self._forms.items()}
        self._types = {i: column.column_type(self._place(i)) for i, column in columns.items()}
        self.column_types = [*self._types.values()]
        # What the file is, and columns that may be something else than what they are read as.
        self.notices = [
            file.summary(self.n_rows),
            *(
                f"{file.path}: left out {file.n_dropped:,} rows without a target"
                for _ in range(file.n_dropped > 0)
            ),
            *(
                _of_no_name(file.path, i, is_empty=columns[i].is_empty)
                for i in file.nameless
                if i in columns
            ),
            *(f"{file.path}, {self._place(i).column}: " + doubt for i, doubt in self._doubts()),
        ]

    def _use_form(self, form: str, texts: set[int]) -> None:
        """Read the columns of text by a form, but those that the user calls text."""
        self._forms = {
            i: form
            for i, column in self._columns.items()
            if i not in texts and column.is_nearly_all(form)
        }
        if not self._forms:
            raise DataError(
                f"{self._file.path} has no column of text whose cells are dates of the form "
                f"{form!r}. Name a column of whole numbers: --date-format COLUMN={form}"
            )
        for i in self._forms:
            self._columns[i].form = form

    def _doubts(self) -> Iterator[tuple[int, str]]:
        """Yield columns that may be something else than what they are read as, with a notice."""
        for i, column in (*self._columns.items(), (self._target_position, self._target)):
            if column.with_thousands:
                yield i, doubt(column.with_thousands.strip())
        for i, column in self._columns.items():
            date = column.other_date(self._types[i])
            if date is not None:
                yield i, doubt_of_date(*date, self._place(i))
            word = column.doubtful_word(self._types[i])
            if word is not None:
                yield i, doubt_of_word(word)
            cell = column.rounded_integer(self._types[i])
            if cell is not None:
                yield i, doubt_of_rounded(cell)

    def _place(self, column: int) -> Place:
        def line_of(row: int) -> int:
            first, lines = self._blocks[
                bisect.bisect_right(self._blocks, row, key=lambda block: block[0]) - 1
            ]
            return lines[row - first]

        return self._file.place(column, line_of)

    @property
    def other_than_number(self) -> str | None:
        """The first cell of X that is no number, with its place."""
        others = [
            (other[0], i, other[1])
            for i, column in self._columns.items()
            if (other := column.other_than_number(self._types[i])) is not None
        ]
        row, i, what = min(others, default=(0, 0, ""))
        return f"{self._place(i)(row)}: {what}" if others else None

    def take_numbers(self, y: AnyArray) -> LabelledRows:
        """Return the rows as a matrix, with targets."""
        matrix = np.empty((self.n_rows, len(self._kept)))
        columns = [self._columns.pop(i) for i in self._kept]
        tables = [
            text_cells.numbers(self.grammar, [*column.codes], self._at_target) for column in columns
        ]
        for first, lines in self._blocks:
            for k, (column, table) in enumerate(zip(columns, tables, strict=True)):
                part = column.parts.pop(0)
                matrix[first : first + len(lines), k] = (
                    table[part] if part.dtype.kind == "i" else part
                )
        return LabelledRows(matrix if self.names is None else NamedMatrix(matrix, self.names), y)

    def take_columns(self) -> FileTable:
        """Return the columns with their types."""
        types, columns = self._types, []
        # Some blocks of these columns were read as another type.
        others = {
            i: types[i] for i, column in self._columns.items() if not column.has_values(types[i])
        }
        again = self._file.values(others)
        for i in self._kept:
            column = self._columns.pop(i)
            values = again.pop(i) if i in again else column.values(types[i], self._place(i))
            words = frozenset(column.missing_words)
            decided_by = "user" if i in self._texts else "rules"
            decided_by = decided_by if types[i] == "text" else ""
            columns.append(typed_column(values, types[i], words, decided_by))
        return FileTable([self._file.names_or_numbers[i] for i in self._kept], columns)

    # ------------------------------------------------------------------------------------------------- the target

    @cached_property
    def target_kind(self) -> TargetKind:
        """What the targets are, decided over all rows."""
        column_type = self._target.column_type(self._at_target)
        if column_type not in PLAIN:
            return "text"
        return (
            "whole" if column_type == "integer" or (self.numbers() % 1 == 0).all() else "fractions"
        )

    @property
    def place_of_fraction(self) -> str:
        """Where the first target with a fraction is."""
        return self._at_target(int((self.numbers() % 1 != 0).argmax()))

    def _values_of_target(self, column_type: str) -> AnyArray:
        if self._target.has_values(column_type):
            return self._target.values(column_type, self._at_target)
        return self._file.values({self._target_position: column_type})[self._target_position]

    def numbers(self) -> NDArray[np.float64]:
        """Return the targets as numbers; raises DataError if one is missing."""
        values: NDArray[np.float64] = self._values_of_target("number")
        if np.isnan(values).any():
            raise self._missing_target(int(np.isnan(values).argmax()))
        return values

    def _missing_target(self, row: int) -> DataError:
        """Return the error for a target that is missing."""
        (cell,) = {cell for at, cell in self._target.first(["missing", "mark"]) if at == row} or {
            ""
        }
        return DataError(f"{self._at_target(row)}: {missing_target(self.grammar, cell)}")

    def labels(self) -> AnyArray:
        """Return the targets as labels: integers, numbers or booleans if each is printed as it was written, or text."""
        column_type = self._target.column_type(self._at_target)
        entries = self._values_of_target("text").tolist()
        if None in entries:
            raise self._missing_target(entries.index(None))
        plain: list[str] = [text.strip() for text in entries]
        convert = {
            "integer": self.grammar.integer,
            "number": self.grammar.number,
            "boolean": self.grammar.boolean,
        }
        if column_type in convert:
            values = {text: convert[column_type](text) for text in {*plain}}
            if all(str(value) == text for text, value in values.items()):
                parsed = [values[text] for text in plain]
                labels = integers(parsed) if column_type == "integer" else np.array(parsed)
                return objects(entries) if labels.dtype == object else labels
        return objects(entries)
