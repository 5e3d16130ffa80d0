"""The rows and targets of a file of any format: delimited text, NumPy's npy, idx and Parquet.

Each but Parquet may be compressed by gzip. The first bytes of a file tell its format.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.arrays import EXACT
from cmlp._data.columns import DATES, CellFormat, FileColumn, NamedColumns, NamedMatrix, joined, objects
from cmlp._data.files import parsing
from cmlp._data.files.file_formats import (
    IDX,
    NPY,
    PARQUET,
    DataError,
    NotNumbersError,
    is_mapped,
    mapped,
    opened,
    read_array,
)
from cmlp._data.files.parquet import ParquetBlocks, batches, content_size, read_parquet, schema
from cmlp._data.files.text import TextFile, TextOptions
from cmlp._data.files.text_rows import TextRows
from cmlp._data.grammar import Grammar
from cmlp.exceptions import Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    # Return the positions of the columns to read, or of one column, from a file's path, its number of columns and
    # their names, if any.
    Selection: TypeAlias = Callable[[str, int, Sequence[str] | None], list[int]]
    Choice: TypeAlias = Callable[[str, int, Sequence[str] | None], int]
    Progress: TypeAlias = Callable[[float], None]

_BLOCK_ROWS = 8192
_MOST_NAMES = 10  # of columns in a message
_IMAGES = re.compile(r"images([-.]idx)\d")  # in the names of MNIST's files, with the number of dimensions


class LabelledRows(NamedTuple):
    """Rows with their targets; X has the names of the columns if the file has them."""

    X: Any
    y: NDArray[Any]


class ParquetTable(NamedTuple):
    """A file of Parquet of which a column has text, dates or missing values: the rows of the model of a table."""

    path: str
    target: Choice
    select: Selection
    other_than_number: str  # the first column or value that is no number

    def read(self) -> LabelledRows:
        """Return the selected columns as an Arrow table, and a column as targets."""
        name = _target_name(self.path, self.target)
        X = read_parquet(self.path, _parquet_columns(self.path, self.select)[1])
        return LabelledRows(X, _parquet_targets(self.path, name))


class Known(NamedTuple):
    """What a model knows about the files that it reads.

    `column_types` and `categories` (None for numbers) are those of the columns of the model of a table. Other models
    have columns of numbers only, and `categories` is None.
    """

    cell_format: CellFormat = CellFormat()
    names: Sequence[str] | None = None
    classes: NDArray[Any] | None = None
    column_types: Sequence[str] = ()
    categories: Sequence[Sequence[object] | None] | None = None

    def table(self, names: Sequence[str], columns: Sequence[Any]) -> NamedColumns:
        """Return columns as a table with the names of the model."""
        return NamedColumns(names if self.names is None else list(self.names), columns)


def _start(path: str, max_bytes: int) -> bytes:
    """Return the first bytes of a file, which tell its format: that of text if it is none of the others."""
    with opened(path, max_bytes) as file:
        start = file.peek(len(NPY))[: len(NPY)]
    return next((known for known in (PARQUET, NPY, IDX) if start.startswith(known)), b"")


# --------------------------------------------------------------------------------------- by the decision of a model


def known_blocks(
    path: str, known: Known, select: Selection, options: TextOptions, notice: Callable[[str], None] = lambda text: None
) -> Iterator[Any]:
    """Yield the rows of a file in blocks, as `NamedMatrix`, or for the model of a table as `NamedColumns`.

    `notice` gets at the end what a file of text is.

    Parquet and npy files may be larger than memory. Raises DataError with the place if a value is not what the model
    knows, and in a matrix if one is missing, or if there are no rows.
    """
    start, is_table = _start(path, options.max_bytes), known.categories is not None
    if start == PARQUET:
        yield from _parquet_frames(path, known, select) if is_table else _parquet_blocks(path, select)
    elif not start:
        yield from (rows.X for rows in _text_blocks(path, known, None, select, options, notice))
    elif is_table:
        raise _untyped(path)
    else:
        yield from _array_blocks(path, select, options.max_bytes)


def known_rows(
    path: str, known: Known, target: Choice | None, labels: str | None, select: Selection, options: TextOptions
) -> LabelledRows | ParquetBlocks:
    """Return what `training_rows` returns, read by what is known: targets are labels of its classes, or numbers."""
    start = _start(path, options.max_bytes)
    if target is not None and labels is None and not start:
        blocks = list(_text_blocks(path, known, target, select, options))
        X = joined([rows.X for rows in blocks])
        return LabelledRows(X.values if X.columns is None else X, np.concatenate([rows.y for rows in blocks]))
    if known.categories is not None and target is not None:
        if start != PARQUET:
            raise _untyped(path)
        return ParquetTable(path, target, select, "").read()
    rows = training_rows(path, target, labels, select, options, None, known.classes)
    if isinstance(rows, ParquetTable):
        raise DataError(rows.other_than_number)
    assert not isinstance(rows, TextRows)
    return rows


def _untyped(path: str) -> DataError:
    return DataError(f"{path} must be delimited text or Parquet for the model of a table, which has typed columns")


def _text_blocks(
    path: str,
    known: Known,
    target: Choice | None,
    select: Selection,
    options: TextOptions,
    notice: Callable[[str], None] = lambda text: None,
) -> Iterator[LabelledRows]:
    """Yield blocks of a file of text as the model knows it, with its targets."""
    wanted = {str(name).strip() for name in known.names or ()}
    file = TextFile(path, options, lambda cells: bool(wanted) and wanted.issubset(cell.strip() for cell in cells))
    names = file.names if file.has_names else None
    at = None if target is None else target(path, file.width, names)
    kept = select(path, file.width, names)
    grammar = Grammar(options.cell_format(known.cell_format))
    for block in file.blocks():
        columns = [(block.columns[i], block.place(file, i)) for i in kept]
        if known.categories is None:
            values = np.empty((len(block.lines), len(kept)))
            for k, (cells, place) in enumerate(columns):
                values[:, k] = parsing.numbers(grammar, cells, place, required=True)
            X: Any = NamedMatrix(values, names and [names[i] for i in kept])
        else:
            typed_columns = zip(columns, known.column_types or [""] * len(kept), known.categories, strict=True)
            typed = [
                parsing.known_column(grammar, cells, one_type, one, place)
                for (cells, place), one_type, one in typed_columns
            ]
            X = known.table([file.names[i] for i in kept], typed)
        y = np.empty(0)
        if at is not None:
            y = parsing.known_targets(grammar, block.columns[at], known.classes, block.place(file, at))
        yield LabelledRows(X, y)
    notice(file.summary(block.first + len(block.lines)))


# ---------------------------------------------------------------------------------------------------------- arrays


def _array_blocks(path: str, select: Selection, max_bytes: int) -> Iterator[NamedMatrix]:
    values = mapped(path) if is_mapped(path) else _array(path, max_bytes)
    if not values.size:
        raise DataError(f"{path} contains no rows")
    if values.dtype.kind not in "buif":
        raise DataError(f"{path} must contain real numbers, got an array of dtype {values.dtype}")
    if values.ndim < 2:
        raise DataError(f"{path} must contain a matrix or images, got an array of shape {values.shape}")
    values = values.reshape(len(values), -1)
    kept = select(path, values.shape[1], None)
    for first in range(0, len(values), _BLOCK_ROWS):
        block = values[first : first + _BLOCK_ROWS]
        if kept != list(range(values.shape[1])):
            block = block[:, kept]
        keeps = block.dtype in (np.uint8, np.float32, np.float64)
        matrix = NamedMatrix(block if keeps else block.astype(np.float64))
        _require_finite(path, matrix, kept, first)
        yield matrix


def _array(path: str, max_bytes: int) -> NDArray[Any]:
    with opened(path, max_bytes) as file:
        values = read_array(file, path)
    assert values is not None  # the first bytes tell
    return values


def _require_finite(path: str, matrix: NamedMatrix, kept: Sequence[int], first: int) -> None:
    """Raise DataError with the place in the file; `kept` has the position of each column, `first` is the first row."""
    values = matrix.values
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return
    row, column = np.argwhere(~np.isfinite(values))[0]
    value, name = values[row, column], "" if matrix.columns is None else f" ({matrix.columns[column]!r})"
    error = NotNumbersError if np.isnan(value) and name else DataError
    raise error(f"{path}, row {first + row + 1}, column {kept[column] + 1}{name}: the value is {value}")


# --------------------------------------------------------------------------------------------------------- Parquet


def _parquet_blocks(path: str, select: Selection) -> Iterator[NamedMatrix]:
    first = 0
    for block, kept in _arrow_blocks(path, select):
        matrix = _matrix(path, block)
        _require_finite(path, matrix, kept, first)
        first += len(matrix)
        yield matrix


def _parquet_frames(path: str, known: Known, select: Selection) -> Iterator[NamedColumns]:
    """Yield the columns of a table's model, in which categories are those of the model of the same text."""
    assert known.categories is not None
    by_text = [None if one is None else {str(category): category for category in one} for one in known.categories]
    types = known.column_types or [""] * len(by_text)
    for table, _ in _arrow_blocks(path, select):
        columns: list[Any] = list(table.columns)
        for i, (texts, one_type) in enumerate(zip(by_text, types, strict=True)):
            if texts is not None and one_type not in DATES:
                entries = columns[i].to_pylist()
                values = objects(None if value is None else texts.get(_text(value), value) for value in entries)
                columns[i] = FileColumn(values, "text")
        yield known.table(table.column_names, columns)


def _text(value: object) -> str:
    """Return the text of a value of Parquet, where integers with missing values can be doubles."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else str(value)


def _arrow_blocks(path: str, select: Selection) -> Iterator[tuple[Any, list[int]]]:
    """Yield the selected columns of a Parquet file as tables of pyarrow in blocks, and their positions in the file."""
    is_empty = True
    try:
        kept, used = _parquet_columns(path, select)
        for batch in batches([path], used, _BLOCK_ROWS):
            import pyarrow

            yield pyarrow.Table.from_batches([batch]).select(used), kept  # in the order of the selection
            is_empty = False
    except (ImportError, ValueError) as error:
        raise DataError(str(error)) from error
    if is_empty:
        raise DataError(f"{path} contains no rows")


def _parquet_columns(path: str, select: Selection) -> tuple[list[int], list[str]]:
    """Return the positions and the names of the selected columns of a Parquet file, which is read by name."""
    names = schema(path)[0]
    kept = select(path, len(names), names)
    counts = Counter(names)
    for i in kept:
        if counts[names[i]] > 1:
            raise DataError(
                f"{path} has {counts[names[i]]} columns {names[i]!r}, and columns of Parquet are read by name: rename "
                "them, or leave all of them out with ",
                Setting("drop", "NUMBER"),
            )
    return kept, [names[i] for i in kept]


def _matrix(path: str, table: Any) -> NamedMatrix:
    """Return the columns of a table of pyarrow, which must be numbers."""
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
    return NamedMatrix(values, table.column_names)


def _target_name(path: str, target: Choice) -> str:
    """Return the name of the column of targets of a Parquet file."""
    return _parquet_columns(path, lambda path, width, names: [target(path, width, names)])[1][0]


def _parquet_targets(path: str, name: str) -> NDArray[Any]:
    from cmlp._data.arrow import read

    y: NDArray[Any] = np.asarray(read(read_parquet(path, [name]).column(0), f"column {name!r} of {path}"))
    return y.astype(str) if y.dtype == object else as_integers(y)


def as_integers(values: NDArray[Any]) -> NDArray[Any]:
    """Return floats that are exact integers as integers, so that labels are printed as such."""
    is_whole = values.dtype.kind == "f" and (np.abs(values) < EXACT).all() and (values == np.trunc(values)).all()
    return values.astype(np.int64) if is_whole else values


# ---------------------------------------------------------------------------------------------------- training rows


def training_rows(
    path: str,
    target: Choice | None,
    labels: str | None,
    select: Selection,
    options: TextOptions,
    progress: Progress | None,
    classes: NDArray[Any] | None = None,
) -> LabelledRows | ParquetBlocks | TextRows | ParquetTable:
    """Return the rows of a file, and as targets one of its columns, or the content of the file `labels`.

    A file of text with a target is read as text, and its columns are decided. A file of Parquet is a `ParquetTable` if
    a column is not all numbers. `progress` gets the share that was read.
    `classes` are those that a file of labels must have, if they are known.
    """
    start = _start(path, options.max_bytes)
    if target is None:
        return _labelled(path, start, labels or _labels_beside(path, start, options), select, options, classes)
    if labels is not None:
        raise DataError(Setting("target"), " and ", Setting("labels"), " exclude each other")
    if start == PARQUET:
        return _parquet(path, target, select, options)
    if start == NPY:
        values = _mapped_matrix(path)
        at = target(path, values.shape[1], None)
        return LabelledRows(_columns(path, values, select), as_integers(np.array(values[:, at])))
    if start == IDX:
        raise DataError(
            f"{path} has no columns of labels: use ", Setting("labels", "FILE"), " instead of ", Setting("target")
        )

    def finds(width: int, names: Sequence[str] | None) -> bool:
        try:
            return target(path, width, names) >= 0
        except Exception:  # `target` is the caller's, and raises its own error if there is no such column
            return False

    file = TextFile(path, options, lambda cells: finds(0, cells) and not finds(len(cells), None))
    names = file.names if file.has_names else None
    at, kept = target(path, file.width, names), select(path, file.width, names)
    for name, count in Counter(file.names[i] for i in kept).items():
        if count > 1:
            raise DataError(
                f"{path} has {count} columns {name!r}, and predict finds columns by their names: rename them, or leave "
                "all but one out with ",
                Setting("drop", "NUMBER"),
            )
    return TextRows(file, options.cell_format(CellFormat()), kept, at, progress)


def _labels_beside(path: str, start: bytes, options: TextOptions) -> str:
    """Return the path of the labels of a file of images: "train-labels-idx1-ubyte" for "train-images-idx3-ubyte".

    Raises DataError for files of other names; the message names a file that probably has the labels.
    """
    folder, name = os.path.split(path)
    if start != IDX:
        names = _names(path, start, options)  # raises the error for images and others that are no files of rows
        more = ", ..." if len(names) > _MOST_NAMES else ""
        listed = f": its columns are {', '.join(names[:_MOST_NAMES])}{more}" if names else ""
        raise DataError(f"{path} needs ", Setting("target", "COLUMN"), " or ", Setting("labels", "FILE"), listed)
    labels = _IMAGES.sub(r"labels\g<1>1", name)
    if labels != name and os.path.exists(os.path.join(folder, labels)):
        return os.path.join(folder, labels)
    similar = [other for other in os.listdir(folder or ".") if "label" in other.lower() and other != name]
    split = name.partition("images")[0]  # such as "train-"
    likely = min(similar, key=lambda other: (not other.startswith(split), other), default=None)
    hint = () if likely is None else (", such as ", Setting("labels", os.path.join(folder, likely)))
    why = f": there is no {labels} beside it" if labels != name else ""
    raise DataError(f"{path} needs ", Setting("labels", "FILE"), *hint, why)


def _names(path: str, start: bytes, options: TextOptions) -> Sequence[str]:
    """Return the names of the columns of a file; empty if it has none."""
    if start == PARQUET:
        return schema(path)[0]
    if start:
        return ()
    file = TextFile(path, options)
    return file.names if file.has_names else ()


def _labelled(
    path: str, start: bytes, labels: str, select: Selection, options: TextOptions, classes: NDArray[Any] | None
) -> LabelledRows:
    if start == PARQUET:
        raise DataError(f"{path} must have a column of targets: use ", Setting("target"))
    targets = read_labels(labels, options, classes)
    if start == NPY:
        X: Any = _columns(path, _mapped_matrix(path), select)
    else:
        table = joined(list(known_blocks(path, Known(), select, options)))
        X = table.values if table.columns is None else table
    if len(targets) != len(X):
        raise DataError(f"{labels} has {len(targets)} labels for {len(X)} rows")
    return LabelledRows(X, targets)


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


def _columns(path: str, values: NDArray[Any], select: Selection) -> NDArray[Any]:
    """Return some columns of a matrix, in place if they are adjacent."""
    kept = select(path, values.shape[1], None)
    contiguous = kept == list(range(kept[0], kept[-1] + 1)) if kept else False
    return values[:, kept[0] : kept[-1] + 1] if contiguous else np.ascontiguousarray(values[:, kept])


def _parquet(
    path: str, target: Choice, select: Selection, options: TextOptions
) -> LabelledRows | ParquetBlocks | ParquetTable:
    name = _target_name(path, target)
    blocks = ParquetBlocks(path, name, columns=_parquet_columns(path, select)[1])
    if not blocks.n_rows:
        raise DataError(f"{path} contains no rows")
    if (size := content_size(path)) > options.max_bytes:
        try:
            next(_parquet_blocks(path, select))
        except NotNumbersError as error:
            raise DataError(
                f"{error}. The model of a table takes it, but it is trained in memory: use ",
                Setting("max_bytes", str(size)),
                " or more, or leave the column out with ",
                Setting("drop"),
            ) from None
        return blocks
    targets = _parquet_targets(path, name)  # first, so that a missing target is named before a missing number
    try:
        return LabelledRows(joined(list(_parquet_blocks(path, select))), targets)
    except NotNumbersError as error:
        return ParquetTable(path, target, select, str(error))


def in_memory(data: LabelledRows | ParquetBlocks) -> LabelledRows:
    """Return all rows at once."""
    if isinstance(data, LabelledRows):
        return data
    from cmlp._data.arrow import read

    blocks = [(np.asarray(read(X, "X")), np.asarray(read(y, "y"))) for X, y in data]
    X, y = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return LabelledRows(NamedMatrix(X, data.columns), y)


def read_labels(path: str, options: TextOptions, classes: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return one label or number for each row: of an npy or idx file, or of a text file with one a line.

    `classes` are those of a model, if the labels must be known.
    """
    if _start(path, options.max_bytes):
        values = as_integers(_array(path, options.max_bytes).reshape(-1))
        if classes is not None:
            known = {*classes.tolist()}
            unknown = next((label for label in values.tolist() if label not in known), None)
            if unknown is not None:
                raise DataError(f"{path}: {unknown!r} is not a class of the model")
        return values
    file = TextFile(path, options._replace(separator="", header=False, text=()))
    cell_format = options.cell_format(CellFormat())
    if classes is not None:
        grammar = Grammar(cell_format)
        columns = [(block.columns[0], block.place(file, 0)) for block in file.blocks()]
        return np.concatenate([parsing.known_targets(grammar, column, classes, place) for column, place in columns])
    rows = TextRows(file, cell_format, [], 0)
    return rows.targets() if rows.kind_of_target() == "fractions" else rows.labels()
