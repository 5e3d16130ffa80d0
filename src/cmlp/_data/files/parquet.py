"""Parquet files as a source of `fit_batches`."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cmlp._data.array_types import AnyArray
from cmlp._data.checks import positive_integer
from cmlp._data.files.file_formats import on_disk
from cmlp.exceptions import optional

# Rows of a block. pyarrow decodes small integers through four bytes: 784 columns of uint8 take 26
# MB while it reads. What pyarrow cannot take rows of, and the type with the same values.
_PLAIN = {"string_view": "large_string", "binary_view": "large_binary"}
_BLOCK_ROWS = 8192


class ParquetBlocks:
    """The rows of Parquet files as blocks ``(X, y)`` or ``(X, y, sample_weight)``, for `fit_batches`.

    It can be iterated over again: each time it opens the files and reads one row group after the
    other. Needs the package pyarrow (``pip install 'cmlp[parquet]'``), which holds a page and a
    dictionary of each column: up to 2.5 MB per column, less if the row groups are small.

    Parameters
    ----------
    paths : str, path-like or sequence of these
        Files with the same columns.
    target : str or sequence of str
        The column of the targets, or the columns of several outputs.
    columns : sequence of str or None, default=None
        The columns of X, which must hold numbers; None for all but those of `target` and
        `sample_weight`.
    sample_weight : str or None, default=None
        The column of the sample weights.
    block_rows : int, default=8192
        Largest number of rows of a block. A row group with fewer rows is a block of its own.

    Attributes
    ----------
    n_rows : int
        Number of rows of all files.
    columns : list of str
        The columns of X.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    OSError
        If a file cannot be read.
    ValueError
        If a file is not a Parquet file, or has no such column.

    Examples
    --------
    >>> from cmlp import MLPClassifier
    >>> from cmlp.datasets import ParquetBlocks
    >>> blocks = ParquetBlocks("rows.parquet", target="label")  # doctest: +SKIP
    >>> MLPClassifier().fit_batches(blocks, classes=blocks.classes(), n_rows=blocks.n_rows)  # doctest: +SKIP
    """

    __module__ = "cmlp.datasets"

    def __init__(
        self,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        target: str | Sequence[str],
        *,
        columns: Sequence[str] | None = None,
        sample_weight: str | None = None,
        block_rows: int = _BLOCK_ROWS,
    ) -> None:
        listed = [paths] if isinstance(paths, (str, os.PathLike)) else paths
        self._paths = [os.fspath(path) for path in listed]
        if not self._paths:
            raise ValueError("paths must name at least one file, got none.")
        self._block_rows, self._weight = positive_integer("block_rows", block_rows), sample_weight
        self._targets = [target] if isinstance(target, str) else list(target)
        self._single = isinstance(target, str)
        schemas = [names_and_rows(path) for path in self._paths]
        others = {*self._targets, sample_weight}
        self.columns = (
            [name for name in schemas[0][0] if name not in others]
            if columns is None
            else list(columns)
        )
        self.n_rows = sum(n_rows for _, n_rows in schemas)
        for path, (names, _) in zip(self._paths, schemas, strict=True):
            counts = Counter(names)
            for name in (
                *self.columns,
                *self._targets,
                *([] if sample_weight is None else [sample_weight]),
            ):
                if counts[name] != 1:
                    raise ValueError(
                        f"{path} has {counts[name] or 'no'} column{'s' * (counts[name] > 1)} "
                        f"{name!r}."
                    )

    def classes(self) -> AnyArray:
        """Return the distinct targets, from a pass that reads only their column.

        Returns
        -------
        ndarray
            For several columns of targets (multilabel) their numbers.
        """
        if not self._single:
            return np.arange(len(self._targets))
        seen: set[Any] = set()
        for batch in batches(self._paths, self._targets, self._block_rows):
            seen.update(batch.column(0).unique().to_pylist())
        seen.discard(None)  # training reports its row
        return np.array(sorted(seen))

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        names = [*self.columns, *self._targets, *([] if self._weight is None else [self._weight])]
        for batch in batches(self._paths, names, self._block_rows):
            y = batch.column(self._targets[0]) if self._single else batch.select(self._targets)
            weight = () if self._weight is None else (batch.column(self._weight),)
            yield (batch.select(self.columns), y, *weight)


def batches(paths: Sequence[str], columns: Sequence[str], block_rows: int) -> Iterator[Any]:
    """Yield the record batches of files, one row group after the other."""
    for path in paths:
        with _naming_path(path), _opened(path) as file:
            for group in range(file.num_row_groups):
                yield from file.iter_batches(block_rows, row_groups=[group], columns=list(columns))


def content_size(path: str) -> int:
    """Return the number of bytes of a file's values in memory, with 8 for each."""
    with _naming_path(path), _opened(path) as file:
        return int(file.metadata.num_rows) * len(file.schema_arrow.names) * 8


def read_parquet(path: str, columns: Sequence[str]) -> Any:
    """Return columns of a file as a table of pyarrow, in this order."""
    with _naming_path(path), _opened(path) as file:
        table = file.read(columns=list(columns)).select(list(columns))
    for i, field in enumerate(table.schema):
        plain = _PLAIN.get(str(field.type))
        if plain is not None:
            table = table.set_column(i, field.name, table.column(i).cast(plain))
    return table


def names_and_rows(path: str) -> tuple[list[str], int]:
    """Return the names of a file's columns and its number of rows."""
    with _naming_path(path), _opened(path) as file:
        return list(file.schema_arrow.names), int(file.metadata.num_rows)


@contextlib.contextmanager
def _naming_path(path: str) -> Iterator[None]:
    """Raise ValueError with the path for the errors of a damaged file, of which pyarrow reports many as OSError."""
    try:
        yield
    except (OSError, ValueError) as error:  # ArrowInvalid is a ValueError
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system cannot open or read it
        raise ValueError(
            f"{path} cannot be read as Parquet: {' '.join(str(error).split())}"
        ) from error


def _opened(path: str) -> Any:
    needs = (
        "reading Parquet needs the package pyarrow: install it with `pip install 'cmlp[parquet]'`"
    )
    parquet = [optional(name, needs) for name in ("pyarrow", "pyarrow.parquet")][1]
    return parquet.ParquetFile(on_disk(path), memory_map=True)
