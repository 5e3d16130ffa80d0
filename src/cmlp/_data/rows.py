"""The rows and targets of a file of any format: delimited text, NumPy's npy, idx and Parquet.

Each but Parquet may be compressed by gzip. The first bytes of a file tell its format.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.arrays import EXACT
from cmlp._data.columns import DATES, Column, Frame, joined, objects
from cmlp._data.contents import IDX, NPY, PARQUET, is_mapped, mapped, opened, read_array, too_large
from cmlp._data.decision import Parser, Place
from cmlp._data.errors import DataError
from cmlp._data.grammar import Grammar
from cmlp._data.stored import Cells
from cmlp._data.table import Table
from cmlp._data.text import Options, TextFile
from cmlp._data.training import TextRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from cmlp._data.parquet import ParquetBlocks

    # Return the positions of the columns to read, or of one column, from a file's path, its number of columns and
    # their names, if any.
    Selection: TypeAlias = Callable[[str, int, Sequence[str] | None], list[int]]
    Choice: TypeAlias = Callable[[str, int, Sequence[str] | None], int]
    Report: TypeAlias = Callable[[float], None]

_BLOCK_ROWS = 8192
_IMAGES, _LABELS = "images-idx", "labels-idx"  # parts of the names of MNIST's files, before the number of dimensions


class NotNumbersError(DataError):
    """A column has text, dates or missing values."""


class Rows(NamedTuple):
    """Rows with their targets; X has the names of the columns if the file has them."""

    X: Any
    y: NDArray[Any]


def is_parquet(path: str, max_bytes: int) -> bool:
    """Return whether a file begins as Parquet does."""
    return _start(path, max_bytes).startswith(PARQUET)


def is_text(path: str, max_bytes: int) -> bool:
    """Return whether a file is none of npy, idx and Parquet."""
    return not _start(path, max_bytes).startswith((PARQUET, NPY, IDX))


def _start(path: str, max_bytes: int) -> bytes:
    with opened(path, max_bytes) as file:
        return file.peek(len(NPY))[: len(NPY)]


# ------------------------------------------------------------------------------------------------- rows of numbers


def read_table(path: str, select: Selection, options: Options, cells: Cells, names: Sequence[str] = ()) -> Table:
    """Return all rows of a file at once; see `number_blocks`."""
    if is_parquet(path, options.max_bytes):
        return _read_parquet(path, select, options.max_bytes)
    tables = list(number_blocks(path, select, options, cells, names))
    return tables[0] if len(tables) == 1 else replace(tables[0], values=np.concatenate([one.values for one in tables]))


def number_blocks(
    path: str, select: Selection, options: Options, cells: Cells, names: Sequence[str] = ()
) -> Iterator[Table]:
    """Yield the rows of a file in blocks, all columns as numbers. Parquet and npy files may be larger than memory.

    `names` are columns that a header must have, by which it is recognized. Raises DataError with the place if a value
    is missing, not a number or infinite, or there are no rows.
    """
    start = _start(path, options.max_bytes)
    if start.startswith(PARQUET):
        yield from _parquet_blocks(path, select)
    elif start.startswith((NPY, IDX)):
        yield from _array_blocks(path, select, options.max_bytes)
    else:
        for table, _, _ in _text_blocks(path, select, None, options, cells, names):
            yield table


def _text_blocks(
    path: str, select: Selection, target: Choice | None, options: Options, cells: Cells, names: Sequence[str]
) -> Iterator[tuple[Table, Sequence[str], Place]]:
    """Yield blocks of a file of text as numbers, with the cells of the target and their places."""
    file, kept, at = _selected(path, options, _has(names), select, target)
    named = [file.names[i] for i in kept] if file.has_names else None
    parser = Parser(Grammar(options.cells(cells)))
    for block in file.blocks():
        values = np.empty((len(block.lines), len(kept)))
        for k, i in enumerate(kept):
            place = Place(file, i, block.lines)
            values[:, k] = parser.numbers(block.columns[i], place)
            _require_present(values[:, k], place)
        yield Table(values, named, kept, block.first), block.columns[at], Place(file, at, block.lines)


def _selected(
    path: str,
    options: Options,
    named: Callable[[Sequence[str]], bool],
    select: Selection,
    target: Choice | None,
) -> tuple[TextFile, list[int], int]:
    """Return a file of text with the positions of the selected columns and of the target (0 if there is none)."""
    file = TextFile(path, options, named)
    names = file.names if file.has_names else None
    at = 0 if target is None else target(path, file.width, names)
    return file, select(path, file.width, names), at


def _require_present(numbers: NDArray[np.float64], place: Place) -> None:
    absent = np.isnan(numbers)
    if absent.any():
        raise NotNumbersError(f"{place(int(absent.argmax()))}: the value is missing")


def _has(names: Sequence[str]) -> Callable[[Sequence[str]], bool]:
    wanted = {name.strip() for name in names}
    return lambda cells: bool(wanted) and wanted.issubset(cell.strip() for cell in cells)


def _array_blocks(path: str, select: Selection, max_bytes: int) -> Iterator[Table]:
    values = mapped(path) if is_mapped(path) else _array(path, max_bytes)
    if not values.size:
        raise DataError(f"{path} contains no rows")
    _require_matrix(path, values)
    for first in range(0, len(values), _BLOCK_ROWS):
        table = replace(_matrix(path, values[first : first + _BLOCK_ROWS], select), first=first)
        _require_finite(path, table)
        yield table


def _array(path: str, max_bytes: int) -> NDArray[Any]:
    with opened(path, max_bytes) as file:
        found = read_array(file, path)
    assert found is not None  # the first bytes tell
    return found


def _require_matrix(path: str, values: NDArray[Any]) -> None:
    if values.dtype.kind not in "buif":
        raise DataError(f"{path} must contain real numbers, got an array of dtype {values.dtype}")
    if values.ndim < 2:
        raise DataError(f"{path} must contain a matrix or images, got an array of shape {values.shape}")


def _matrix(path: str, values: NDArray[Any], select: Selection) -> Table:
    keeps = values.dtype in (np.uint8, np.float32, np.float64)
    rows = (values if keeps else values.astype(np.float64)).reshape(len(values), -1)
    kept = select(path, rows.shape[1], None)
    return Table(rows) if kept == list(range(rows.shape[1])) else Table(rows[:, kept], kept=kept)


def _require_finite(path: str, table: Table) -> None:
    if table.values.dtype.kind != "f" or np.isfinite(table.values).all():
        return
    row, column = np.argwhere(~np.isfinite(table.values))[0]
    is_array = table.columns is None
    kind = NotNumbersError if np.isnan(table.values[row, column]) and not is_array else DataError
    raise kind(f"{path}, {table.where(row, column)}: the value is {table.values[row, column]}")


# --------------------------------------------------------------------------------------------------------- Parquet


def _parquet_blocks(path: str, select: Selection) -> Iterator[Table]:
    first = 0
    for block, kept in arrow_blocks(path, select):
        table = replace(_of_arrow(path, block, kept), first=first)
        _require_finite(path, table)
        first += len(table.values)
        yield table


def arrow_blocks(path: str, select: Selection) -> Iterator[tuple[Any, list[int]]]:
    """Yield the selected columns of a Parquet file as tables of pyarrow in blocks, and their positions in the file."""
    from cmlp._data import parquet as _parquet

    is_empty = True
    try:
        kept, used = parquet_columns(path, select)
        for batch in _parquet.batches([path], used, _BLOCK_ROWS):
            import pyarrow

            yield pyarrow.Table.from_batches([batch]).select(used), kept  # in the order of the selection
            is_empty = False
    except (ImportError, ValueError) as error:
        raise DataError(str(error)) from error
    if is_empty:
        raise DataError(f"{path} contains no rows")


def parquet_columns(path: str, select: Selection) -> tuple[list[int], list[str]]:
    """Return the positions and the names of the selected columns of a Parquet file, which is read by name."""
    from cmlp._data import parquet as _parquet

    names = _parquet.schema(path)[0]
    kept = select(path, len(names), names)
    used = [names[i] for i in kept]
    if {*used} & {name for name, count in Counter(names).items() if count > 1}:
        raise DataError(f"{path} has two columns of the same name")
    return kept, used


def _read_parquet(path: str, select: Selection, max_bytes: int) -> Table:
    from cmlp._data import parquet as _parquet

    if _parquet.content_size(path) > max_bytes:
        raise too_large(path, max_bytes)
    kept, used = parquet_columns(path, select)
    table = _of_arrow(path, _parquet.read_columns(path, used), kept)
    if not table.values.size:
        raise DataError(f"{path} contains no rows")
    _require_finite(path, table)
    return table


def _of_arrow(path: str, table: Any, kept: Sequence[int]) -> Table:
    """Return the columns of a table of pyarrow, of which `kept` are the positions in the file."""
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = column.to_numpy()  # a missing number is NaN
        if values.dtype.kind not in "buif":
            raise NotNumbersError(f"{path}: column {name!r} must contain numbers, got {column.type}")
        columns.append(values)
    same = {values.dtype for values in columns}
    dtype = same.pop() if len(same) == 1 and same <= {np.dtype(np.uint8), np.dtype(np.float32)} else np.float64
    values = np.empty((table.num_rows, len(columns)), dtype)
    for i, column in enumerate(columns):
        values[:, i] = column
    return Table(values, table.column_names, kept=kept)


def parquet_with_targets(path: str, target: Choice, select: Selection) -> tuple[Any, NDArray[Any]]:
    """Return the selected columns of a Parquet file as an Arrow table, and a column as targets."""
    from cmlp._data.parquet import read_columns, schema

    names = schema(path)[0]
    at = names[target(path, len(names), names)]
    return read_columns(path, parquet_columns(path, select)[1]), _parquet_targets(path, at)


def _parquet_targets(path: str, name: str) -> NDArray[Any]:
    from cmlp._data.arrow import read
    from cmlp._data.parquet import read_columns

    y: NDArray[Any] = np.asarray(read(read_columns(path, [name]).column(0), f"column {name!r} of {path}"))
    return y.astype(str) if y.dtype == object else whole(y)


def whole(values: NDArray[Any]) -> NDArray[Any]:
    """Return floats that are exact integers as integers, so that labels are printed as such."""
    is_whole = values.dtype.kind == "f" and (np.abs(values) < EXACT).all() and (values == np.trunc(values)).all()
    return values.astype(np.int64) if is_whole else values


# ---------------------------------------------------------------------------------------------------- training rows


def training_rows(
    path: str,
    target: Choice | None,
    labels: str | None,
    select: Selection,
    options: Options,
    report: Report | None,
    classes: NDArray[Any] | None = None,
) -> Rows | ParquetBlocks | TextRows:
    """Return the rows of a file, and as targets one of its columns, or the content of the file `labels`.

    A file of text with a target is read as text, and its columns are decided. `report` gets the share that was read.
    `classes` are those that a file of labels must have, if they are known.
    """
    start = _start(path, options.max_bytes)
    if target is None:
        if labels is None and not (start.startswith(IDX) and _IMAGES in os.path.basename(path)):
            raise DataError(f"{path} needs --target COLUMN or --labels FILE")
        return _labelled(path, start, labels or _labels_beside(path), select, options, classes)
    if labels is not None:
        raise DataError("--target and --labels exclude each other")
    if start.startswith(PARQUET):
        return _parquet(path, target, select, options)
    if start.startswith(NPY):
        values = _mapped_matrix(path)
        at, kept = target(path, values.shape[1], None), select(path, values.shape[1], None)
        return Rows(_columns(values, kept), whole(np.array(values[:, at])))
    if start.startswith(IDX):
        raise DataError(f"{path} has no columns of labels: use --labels FILE instead of --target")
    return text_rows(path, target, select, options, report)


def text_rows(path: str, target: Choice, select: Selection, options: Options, report: Report | None = None) -> TextRows:
    """Return the columns of a file of text, decided over all rows."""

    def names_the_target(cells: Sequence[str]) -> bool:
        try:
            return target(path, 0, cells) >= 0
        except Exception:  # `target` is the caller's, and raises its own error if no column has this name
            return False

    file, kept, at = _selected(path, options, names_the_target, select, target)
    return TextRows(file, options.cells(Cells()), kept, at, report)


def _labels_beside(path: str) -> str:
    """Return the path of the labels of a file of images: "train-labels-idx1-ubyte" for "train-images-idx3-ubyte"."""
    folder, name = os.path.split(path)
    start, _, rest = name.partition(_IMAGES)
    return os.path.join(folder, f"{start}{_LABELS}1{rest[1:]}")


def _labelled(
    path: str, start: bytes, labels: str, select: Selection, options: Options, classes: NDArray[Any] | None
) -> Rows:
    if start.startswith(PARQUET):
        raise DataError(f"{path} must have a column of targets: use --target")
    targets = read_labels(labels, options, classes)
    if start.startswith(NPY):
        array = _mapped_matrix(path)
        X: Any = _columns(array, select(path, array.shape[1], None))
    else:
        table = read_table(path, select, options, Cells())
        X = table.values if table.columns is None else table
    n_rows = len(np.asarray(X))
    if len(targets) != n_rows:
        raise DataError(f"{labels} has {len(targets)} labels for {n_rows} rows")
    return Rows(X, targets)


def _mapped_matrix(path: str) -> NDArray[Any]:
    if not is_mapped(path):
        raise DataError(f"{path} must not be compressed: training maps an npy file")
    values = mapped(path)
    if values.ndim < 2 or not values.size or values.dtype.kind not in "buif":
        raise DataError(
            f"{path} must contain a matrix of real numbers with at least one row, got an array of shape {values.shape} "
            f"and dtype {values.dtype}"
        )
    return values.reshape(len(values), -1)


def _columns(values: NDArray[Any], kept: list[int]) -> NDArray[Any]:
    """Return some columns of a matrix, in place if they are adjacent."""
    contiguous = kept == list(range(kept[0], kept[-1] + 1)) if kept else False
    return values[:, kept[0] : kept[-1] + 1] if contiguous else np.ascontiguousarray(values[:, kept])


def _parquet(path: str, target: Choice, select: Selection, options: Options) -> Rows | ParquetBlocks:
    from cmlp._data.parquet import ParquetBlocks, content_size, schema

    names = schema(path)[0]
    name = names[target(path, len(names), names)]
    blocks = ParquetBlocks(path, name, columns=parquet_columns(path, select)[1])
    if not blocks.n_rows:
        raise DataError(f"{path} contains no rows")
    if (size := content_size(path)) > options.max_bytes:
        try:
            next(_parquet_blocks(path, select))
        except NotNumbersError as error:
            what = f"it is trained in memory: use --max-bytes {size} or more, or leave the column out with --drop"
            raise DataError(f"{error}. The model of a table takes it, but {what}") from None
        return blocks
    targets = _parquet_targets(path, name)  # first, so that a missing target is named before a missing number
    return Rows(_read_parquet(path, select, options.max_bytes), targets)


def in_memory(data: Rows | ParquetBlocks) -> Rows:
    """Return all rows at once."""
    if isinstance(data, Rows):
        return data
    from cmlp._data.arrow import read

    blocks = [(np.asarray(read(X, "X")), np.asarray(read(y, "y"))) for X, y in data]
    X, y = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return Rows(Table(X, data.columns), y)


# ----------------------------------------------------------------------------------------- by the decision of a model


class Decided(NamedTuple):
    """What the model of a table knows about its columns: their kinds, and their categories, None for numbers."""

    kinds: Sequence[str]
    categories: Sequence[Sequence[object] | None]
    names: Sequence[str] | None

    def column(self, parser: Parser, i: int, cells: Sequence[str], place: Place) -> Column:
        """Return the cells of a column of the model."""
        kind, categories = self.kinds[i] if self.kinds else "", self.categories[i]
        if kind in DATES:
            values = parser.dates(cells, kind, place)
            days = values.astype("M8[D]")
            is_date = kind == "date" and (days == values)[~np.isnat(values)].all()
            return Column(days if is_date else values, "time" if kind == "date" and not is_date else kind)
        if categories is not None:
            return Column(parser.categories(cells, categories), "text")
        return Column(parser.numbers(cells, place, booleans=kind == "boolean"), "number")

    def arrow(self, table: Any) -> list[Any]:
        """Return the columns of a table of pyarrow, in which categories are those of the model of the same text."""
        columns: list[Any] = []
        for i, column in enumerate(table.columns):
            categories = self.categories[i]
            if categories is None or (self.kinds and self.kinds[i] in DATES):
                columns.append(column)
                continue
            known = {str(category): category for category in categories}
            entries = column.to_pylist()
            values = objects(None if value is None else known.get(_text(value), value) for value in entries)
            columns.append(Column(values, "text"))
        return columns

    def frame(self, names: Sequence[str], columns: Sequence[Any]) -> Frame:
        """Return columns as a frame with the names of the model."""
        return Frame(names if self.names is None else list(self.names), columns)


def _text(value: object) -> str:
    """Return the text of a value of Parquet, where integers with missing values can be doubles."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else str(value)


def frames(path: str, decided: Decided, select: Selection, options: Options, cells: Cells) -> Iterator[Frame]:
    """Yield the columns of a table's model in blocks of rows."""
    if is_parquet(path, options.max_bytes):
        for table, _ in arrow_blocks(path, select):
            yield decided.frame(table.column_names, decided.arrow(table))
        return
    for frame, _, _ in _text_frames(path, decided, select, None, options, cells):
        yield frame


def _text_frames(
    path: str, decided: Decided, select: Selection, target: Choice | None, options: Options, cells: Cells
) -> Iterator[tuple[Frame, Sequence[str], Place]]:
    """Yield the columns of a table's model in blocks of rows, with the cells of the target and their places."""
    if not is_text(path, options.max_bytes):
        raise DataError(f"{path} must be delimited text or Parquet for the model of a table, which has typed columns")
    file, kept, at = _selected(path, options, _has(list(map(str, decided.names or ()))), select, target)
    parser = Parser(Grammar(options.cells(cells)))
    for block in file.blocks():
        columns = [decided.column(parser, k, block.columns[i], Place(file, i, block.lines)) for k, i in enumerate(kept)]
        yield decided.frame([file.names[i] for i in kept], columns), block.columns[at], Place(file, at, block.lines)


def decided_table(
    path: str,
    decided: Decided,
    select: Selection,
    target: Choice,
    options: Options,
    cells: Cells,
    classes: NDArray[Any] | None,
) -> tuple[Any, NDArray[Any]]:
    """Return all columns of a table's model, and its targets: labels of `classes`, or None for numbers."""
    if is_parquet(path, options.max_bytes):
        return parquet_with_targets(path, target, select)
    grammar = Grammar(options.cells(cells))
    parts, targets = [], []
    for frame, block, place in _text_frames(path, decided, select, target, options, cells):
        parts.append(frame)
        targets.append(known_targets(block, place, classes, grammar))
    return joined(parts), np.concatenate(targets)


def decided_rows(
    path: str,
    target: Choice | None,
    labels: str | None,
    select: Selection,
    options: Options,
    cells: Cells,
    classes: NDArray[Any] | None,
    names: Sequence[str] = (),
) -> Rows | ParquetBlocks:
    """Return what `training_rows` returns, read by what is known: targets are labels of `classes`, or None numbers."""
    if target is None or labels is not None or not is_text(path, options.max_bytes):
        found = training_rows(path, target, labels, select, options, None, classes)
        assert not isinstance(found, TextRows)
        return found
    parts, targets = [], []
    grammar = Grammar(options.cells(cells))
    for table, block, place in _text_blocks(path, select, target, options, cells, names):
        parts.append(table)
        targets.append(known_targets(block, place, classes, grammar))
    X = replace(parts[0], values=np.concatenate([part.values for part in parts]))
    return Rows(X.values if X.columns is None else X, np.concatenate(targets))


def known_targets(cells: Sequence[str], place: Place, classes: NDArray[Any] | None, grammar: Grammar) -> NDArray[Any]:
    """Return the targets of a file by the decision of a model: labels of its classes, or numbers."""
    if classes is None:
        numbers = Parser(grammar).numbers(cells, place)
        _require_present(numbers, place)
        return numbers
    found = Parser(grammar).categories(cells, classes.tolist())
    known = {*classes.tolist()}
    for row, label in enumerate(found.tolist()):
        if label not in known:
            what = "the value is missing" if label is None else f"{label!r} is not a class of the model"
            raise DataError(f"{place(row)}: {what}")
    return found if classes.dtype == object else found.astype(classes.dtype)


def read_labels(path: str, options: Options, classes: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return one label or number for each row: of an npy or idx file, or of a text file with one a line.

    `classes` are those of a model, if the labels must be known.
    """
    if not is_text(path, options.max_bytes):
        values = whole(_array(path, options.max_bytes).reshape(-1))
        if classes is not None:
            known = {*classes.tolist()}
            for label in values.tolist():
                if label not in known:
                    raise DataError(f"{path}: {label!r} is not a class of the model")
        return values
    lines = TextFile(path, options._replace(separator="", header=False, text=()))
    if classes is not None:
        grammar = Grammar(options.cells(Cells()))
        blocks = [(block.columns[0], Place(lines, 0, block.lines)) for block in lines.blocks()]
        return np.concatenate([known_targets(cells, place, classes, grammar) for cells, place in blocks])
    rows = TextRows(lines, options.cells(Cells()), [], 0)
    return rows.targets() if rows.kind_of_target() == "fractions" else rows.labels()
