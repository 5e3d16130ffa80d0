"""The rows and targets of a file of any format: delimited text, NumPy's npy, idx and Parquet.

Each but Parquet may be compressed by gzip, bzip2 or xz. The first bytes of a file tell its format.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import numpy as np

from cmlp._data.array_types import AnyArray
from cmlp._data.columns import NamedMatrix
from cmlp._data.files.array_file import ArrayFile, array_in
from cmlp._data.files.file_formats import IDX, PARQUET, DataError, format_of, quoted
from cmlp._data.files.parquet import ParquetBlocks
from cmlp._data.files.parquet_file import ParquetFile
from cmlp._data.files.row_file import FileSchema, LabelledRows, RowFile, TextOptions, as_integers
from cmlp._data.files.text_file import TextFile

_MOST_NAMES = 10  # of columns in a message
# In the names of MNIST's files, with the number of dimensions.
_IMAGES = re.compile(r"images([-.]idx)\d")


def open_rows(
    path: str, options: TextOptions, schema: FileSchema, target: str | None = None
) -> RowFile:
    """Open a file of any format for a model; `target` is a column that the user names, if one is.

    The first row of a file of text has names if one of them is the target, or if they have all names of the model.
    """
    start = format_of(path, options.max_bytes)
    if start and options.drop_missing_target:
        raise DataError(f"{path} is not CSV: leave out its rows without a target yourself")
    if start == PARQUET:
        return ParquetFile(path, options, schema)
    return ArrayFile(path, options, schema) if start else TextFile(path, options, schema, target)


# ------------------------------------------------------------------------------------------ labels in another file


def labelled(file: RowFile, kept: Sequence[int], labels: str | None) -> LabelledRows:
    """Return rows of numbers with the content of a file of labels: by default of the one beside a file of images."""
    if isinstance(file, ParquetFile) and labels is not None:
        raise DataError(f"{file.path} must have a column of targets: use --target")
    if file.options.drop_missing_target:
        raise DataError("--drop-missing-target needs --target, a column with the targets")
    path = labels or _labels_beside(file)
    targets = read_labels(path, file.options, file.schema.classes)
    X = file.numbers(kept)
    if len(targets) != len(X):
        raise DataError(f"{path} has {len(targets)} labels for {len(X)} rows")
    return LabelledRows(X, targets)


def _labels_beside(file: RowFile) -> str:
    """Return the path of the labels of a file of images: "train-labels-idx1-ubyte" for "train-images-idx3-ubyte".

    Raises DataError for files of other names; the message names a file that probably has the labels.
    """
    path, names = file.path, file.names or ()
    if format_of(path, file.options.max_bytes) != IDX:
        more = ", ..." if len(names) > _MOST_NAMES else ""
        listed = f": its columns are {', '.join(names[:_MOST_NAMES])}{more}" if names else ""
        raise DataError(f"{path} needs --target COLUMN or --labels FILE{listed}")
    folder, name = os.path.split(path)
    labels = _IMAGES.sub(r"labels\g<1>1", name)
    if labels != name and os.path.exists(os.path.join(folder, labels)):
        return os.path.join(folder, labels)
    similar = [
        other for other in os.listdir(folder or ".") if "label" in other.lower() and other != name
    ]
    prefix = name.partition("images")[0]  # such as "train-"
    likely = min(similar, key=lambda other: (not other.startswith(prefix), other), default=None)
    hint = "" if likely is None else f", such as --labels {quoted(os.path.join(folder, likely))}"
    why = f": there is no {labels} beside it" if labels != name else ""
    raise DataError(f"{path} needs --labels FILE" + hint + why)


def read_labels(path: str, options: TextOptions, classes: AnyArray | None = None) -> AnyArray:
    """Return one label or number for each row: of an npy or idx file, or of a text file with one a line.

    `classes` are those of a model, if the labels must be known.
    """
    start = format_of(path, options.max_bytes)
    if start == PARQUET:
        raise DataError(f"{path} must be npy, idx or text to be a file of labels, got Parquet")
    if start:
        values = as_integers(array_in(path, options.max_bytes).reshape(-1))
        if classes is not None:
            known = {*classes.tolist()}
            unknown = next((label for label in values.tolist() if label not in known), None)
            if unknown is not None:
                raise DataError(f"{path}: {unknown!r} is not a class of the model")
        return values
    file = TextFile(
        path, options._replace(separator="", header=False, text=()), FileSchema(classes=classes)
    )
    if classes is not None:
        return file.known_rows([], 0).y
    rows = file.training_rows([], 0)
    return rows.numbers() if rows.target_kind == "fractions" else rows.labels()


def in_memory(data: LabelledRows | ParquetBlocks) -> LabelledRows:
    """Return all rows at once."""
    if isinstance(data, LabelledRows):
        return data
    from cmlp._data.arrow import read

    blocks = [(np.asarray(read(X, "X")), np.asarray(read(y, "y"))) for X, y in data]
    X, y = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return LabelledRows(NamedMatrix(X, data.columns), y)
