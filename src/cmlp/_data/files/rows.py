"""The rows and targets of a file of any format: delimited text, NumPy's npy, idx and Parquet.

Each but Parquet may be compressed by gzip. The first bytes of a file tell its format.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.columns import CellFormat, NamedMatrix, joined
from cmlp._data.files import parsing
from cmlp._data.files.file_formats import IDX, NPY, PARQUET, DataError, is_mapped, mapped, opening, read_array
from cmlp._data.files.parquet import ParquetBlocks
from cmlp._data.files.parquet_rows import ParquetFile
from cmlp._data.files.row_file import ArrayRows, Known, LabelledRows, RowFile, as_integers, require_finite, untyped
from cmlp._data.files.text import TextFile, TextOptions
from cmlp._data.files.text_rows import TextRows
from cmlp._data.grammar import Grammar
from cmlp.exceptions import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from cmlp._data.files.row_file import Notice, Progress

_BLOCK_ROWS = 8192
_MOST_NAMES = 10  # of columns in a message
_IMAGES = re.compile(r"images([-.]idx)\d")  # in the names of MNIST's files, with the number of dimensions


def open_rows(path: str, options: TextOptions, known: Known, target: str | None = None) -> RowFile:
    """Open a file of any format for a model; `target` is a column that the user names, if one is.

    The first row of a file of text has names if one of them is the target, or if they have all names of the model.
    """
    start = _start(path, options.max_bytes)
    if start == PARQUET:
        return ParquetFile(path, options, known)
    return _ArrayFile(path, options, known) if start else _DelimitedText(path, options, known, target)


def _start(path: str, max_bytes: int) -> bytes:
    """Return the first bytes of a file, which tell its format: that of text if it is none of the others."""
    with opening(path, max_bytes) as file:
        start = file.peek(len(NPY))[: len(NPY)]
    return next((known for known in (PARQUET, NPY, IDX) if start.startswith(known)), b"")


# ------------------------------------------------------------------------------------------------------------ text


class _DelimitedText(RowFile):
    """A file of delimited text. Its cells are read by the decision of a model, or decide the types of a new one."""

    def __init__(self, path: str, options: TextOptions, known: Known, target: str | None) -> None:
        self._file = TextFile(path, options, known.names or (), target)
        super().__init__(path, options, known, self._file.width, self._file.names if self._file.has_names else None)

    def blocks(self, kept: Sequence[int], notice: Notice = None) -> Iterator[Any]:
        return (rows.X for rows in self._blocks(kept, None, notice))

    def known_rows(self, kept: Sequence[int], target: int) -> LabelledRows:
        blocks = list(self._blocks(kept, target))
        X = joined([rows.X for rows in blocks])
        return LabelledRows(X.values if X.columns is None else X, np.concatenate([rows.y for rows in blocks]))

    def training_rows(self, kept: Sequence[int], target: int, progress: Progress = None) -> TextRows:
        for name, count in Counter(self._file.names[i] for i in kept).items():
            if count > 1:
                problem = (
                    "{} has {} columns {!r}, and predict finds columns by their names: rename them, or leave all but "
                    "one out with <drop=>"
                )
                raise DataError(problem, self.path, count, name, drop="NUMBER")
        return TextRows.read(self._file, self.options.cell_format(self.known.cell_format), kept, target, progress)

    def _blocks(self, kept: Sequence[int], target: int | None, notice: Notice = None) -> Iterator[LabelledRows]:
        file, known = self._file, self.known
        grammar = Grammar(self.options.cell_format(known.cell_format))
        for block in file.blocks():
            columns = [(block.columns[i], block.place(file, i)) for i in kept]
            if known.categories is None:
                values = np.empty((len(block.lines), len(kept)))
                for k, (cells, place) in enumerate(columns):
                    values[:, k] = parsing.numbers(grammar, cells, place, required=True)
                X: Any = NamedMatrix(values, self.names and [self.names[i] for i in kept])
            else:
                typed_columns = zip(columns, known.column_types, known.categories, strict=True)
                typed = [
                    parsing.known_column(grammar, cells, one_type, one, place)
                    for (cells, place), one_type, one in typed_columns
                ]
                X = known.table([file.names[i] for i in kept], typed)
            y = np.empty(0)
            if target is not None:
                y = parsing.known_targets(grammar, block.columns[target], known.classes, block.place(file, target))
            yield LabelledRows(X, y)
        if notice is not None:
            notice(file.summary(block.first + len(block.lines)))


# ---------------------------------------------------------------------------------------------------------- arrays


class _ArrayFile(RowFile):
    """A matrix or images in an npy file, which is mapped unless it is compressed, or in an idx file."""

    def __init__(self, path: str, options: TextOptions, known: Known) -> None:
        if known.categories is not None:
            raise untyped(path)
        self._is_idx = _start(path, options.max_bytes) == IDX
        values = mapped(path) if is_mapped(path) else _array(path, options.max_bytes)
        if not values.size:
            raise DataError(f"{path} contains no rows")
        if values.dtype.kind not in "buif":
            raise DataError(f"{path} must contain real numbers, got an array of dtype {values.dtype}")
        if values.ndim < 2:
            raise DataError(f"{path} must contain a matrix or images, got an array of shape {values.shape}")
        self._values = values.reshape(len(values), -1)
        super().__init__(path, options, known, self._values.shape[1])

    def blocks(self, kept: Sequence[int], notice: Notice = None) -> Iterator[Any]:
        for first in range(0, len(self._values), _BLOCK_ROWS):
            block = self._values[first : first + _BLOCK_ROWS]
            if list(kept) != list(range(self.width)):
                block = block[:, kept]
            keeps = block.dtype in (np.uint8, np.float32, np.float64)
            matrix = NamedMatrix(block if keeps else block.astype(np.float64))
            require_finite(self.path, matrix, kept, first)
            yield matrix

    def known_rows(self, kept: Sequence[int], target: int) -> LabelledRows:
        if self._is_idx:
            problem = "{} has no columns of labels: use <labels:=> instead of <target>"
            raise DataError(problem, self.path, labels="FILE", target=...)
        return LabelledRows(self.numbers(kept), as_integers(np.array(self._values[:, target])))

    def training_rows(self, kept: Sequence[int], target: int, progress: Progress = None) -> ArrayRows:
        return ArrayRows(self.path, *self.known_rows(kept, target))

    def numbers(self, kept: Sequence[int]) -> NDArray[Any]:
        """Return columns, in place if they are adjacent."""
        contiguous = list(kept) == list(range(kept[0], kept[-1] + 1)) if kept else False
        columns = slice(kept[0], kept[-1] + 1) if contiguous else list(kept)
        return self._values[:, columns] if contiguous else np.ascontiguousarray(self._values[:, columns])


def _array(path: str, max_bytes: int) -> NDArray[Any]:
    with opening(path, max_bytes) as file:
        values = read_array(file, path)
    assert values is not None  # the first bytes tell
    return values


# ------------------------------------------------------------------------------------------ labels in another file


def labelled(file: RowFile, kept: Sequence[int], labels: str | None) -> LabelledRows:
    """Return rows of numbers with the content of a file of labels: by default of the one beside a file of images."""
    if isinstance(file, ParquetFile) and labels is not None:
        raise DataError("{} must have a column of targets: use <target>", file.path, target=...)
    path = labels or _labels_beside(file)
    targets = read_labels(path, file.options, file.known.classes)
    X = file.numbers(kept)
    if len(targets) != len(X):
        raise DataError(f"{path} has {len(targets)} labels for {len(X)} rows")
    return LabelledRows(X, targets)


def _labels_beside(file: RowFile) -> str:
    """Return the path of the labels of a file of images: "train-labels-idx1-ubyte" for "train-images-idx3-ubyte".

    Raises DataError for files of other names; the message names a file that probably has the labels.
    """
    path, names = file.path, file.names or ()
    if _start(path, file.options.max_bytes) != IDX:
        more = ", ..." if len(names) > _MOST_NAMES else ""
        listed = f": its columns are {', '.join(names[:_MOST_NAMES])}{more}" if names else ""
        raise DataError("{} needs <target:=> or <labels=>{}", path, listed, target="COLUMN", labels="FILE")
    folder, name = os.path.split(path)
    labels = _IMAGES.sub(r"labels\g<1>1", name)
    if labels != name and os.path.exists(os.path.join(folder, labels)):
        return os.path.join(folder, labels)
    similar = [other for other in os.listdir(folder or ".") if "label" in other.lower() and other != name]
    split = name.partition("images")[0]  # such as "train-"
    likely = min(similar, key=lambda other: (not other.startswith(split), other), default=None)
    hint = "" if likely is None else Message(", such as <labels=>", labels=os.path.join(folder, likely))
    why = f": there is no {labels} beside it" if labels != name else ""
    raise DataError(Message("{} needs <labels:=>", path, labels="FILE") + hint + why)


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
    rows = TextRows.read(file, cell_format, [], 0)
    return rows.numbers() if rows.target_kind == "fractions" else rows.labels()


def in_memory(data: LabelledRows | ParquetBlocks) -> LabelledRows:
    """Return all rows at once."""
    if isinstance(data, LabelledRows):
        return data
    from cmlp._data.arrow import read

    blocks = [(np.asarray(read(X, "X")), np.asarray(read(y, "y"))) for X, y in data]
    X, y = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return LabelledRows(NamedMatrix(X, data.columns), y)
