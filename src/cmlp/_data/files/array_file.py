"""Arrays as files of rows: NumPy's npy, which is mapped unless it is compressed, and idx."""

from __future__ import annotations

import math
import os
import warnings
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np

from cmlp._data.columns import NamedMatrix
from cmlp._data.disk import open_regular
from cmlp._data.files.file_formats import IDX, NPY, DataError, format_of, on_disk, opening
from cmlp._data.files.images import read_at_most, read_idx
from cmlp._data.files.row_file import (
    ArrayRows,
    FileSchema,
    LabelledRows,
    RowFile,
    TextOptions,
    as_integers,
    require_finite,
    untyped,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cmlp._data.array_types import AnyArray
    from cmlp._data.files.row_file import Notice, Progress

_BLOCK_ROWS = 8192


class ArrayFile(RowFile):
    """A matrix or images in an npy file, which is mapped unless it is compressed, or in an idx file."""

    def __init__(self, path: str, options: TextOptions, schema: FileSchema) -> None:
        if schema.columns is not None:
            raise untyped(path)
        self._is_idx = format_of(path, options.max_bytes) == IDX
        values = _mapped(path) if _is_mapped(path) else array_in(path, options.max_bytes)
        if not values.size:
            raise DataError(f"{path} contains no rows")
        if values.dtype.kind not in "buif":
            raise DataError(
                f"{path} must contain real numbers, got an array of dtype {values.dtype}"
            )
        if values.ndim < 2:
            raise DataError(
                f"{path} must contain a matrix or images, got an array of shape {values.shape}"
            )
        self._values = values.reshape(len(values), -1)
        super().__init__(path, options, schema, self._values.shape[1])

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
            raise DataError(
                f"{self.path} has no columns of labels: use --labels FILE instead of --target"
            )
        return LabelledRows(self.numbers(kept), as_integers(np.array(self._values[:, target])))

    def training_rows(
        self, kept: Sequence[int], target: int, progress: Progress = None
    ) -> ArrayRows:
        return ArrayRows(self.path, *self.known_rows(kept, target))

    def numbers(self, kept: Sequence[int]) -> AnyArray:
        """Return columns, in place if they are adjacent."""
        contiguous = list(kept) == list(range(kept[0], kept[-1] + 1)) if kept else False
        columns = slice(kept[0], kept[-1] + 1) if contiguous else list(kept)
        return (
            self._values[:, columns]
            if contiguous
            else np.ascontiguousarray(self._values[:, columns])
        )


def array_in(path: str, max_bytes: int) -> AnyArray:
    """Return the array in an npy or idx file."""
    with opening(path, max_bytes) as file:
        return (
            _read_npy(file, path) if file.peek(len(NPY)).startswith(NPY) else read_idx(file, path)
        )


def _is_mapped(path: str) -> bool:
    """Return whether a file can be mapped: whether it is an npy file that is not compressed."""
    with open_regular(on_disk(path)) as raw:
        return raw.peek(len(NPY)).startswith(NPY)


def _mapped(path: str) -> AnyArray:
    """Return the array in an npy file, of which only the header is read at once."""
    with open_regular(on_disk(path)) as file:
        shape, is_fortran, dtype = _npy_header(file, path)
        start = file.tell()
        size, found = math.prod(shape) * dtype.itemsize, os.fstat(file.fileno()).st_size - start
        _require_size(path, shape, size, found if min(shape, default=1) >= 0 else 0)
        order: Literal["F", "C"] = "F" if is_fortran else "C"
        try:
            return (
                np.memmap(file, dtype, "r", start, shape, order) if size else np.empty(shape, dtype)
            )
        except ValueError as error:
            raise DataError(f"{path} cannot be read: {error}") from error


def _read_npy(file: IO[bytes], path: str) -> AnyArray:
    """Read an array of numbers or text. The header limits what is read, and memory is allocated as the bytes arrive."""
    shape, is_fortran, dtype = _npy_header(file, path)
    size = math.prod(shape) * dtype.itemsize
    content = read_at_most(file, size + 1) if min(shape, default=1) >= 0 else b""
    _require_size(path, shape, size, len(content))
    try:
        return np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")
    except ValueError as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _npy_header(file: IO[bytes], path: str) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    try:
        with warnings.catch_warnings(action="ignore"):  # of the parser, about the header
            version = np.lib.format.read_magic(file)
            readers = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }
            shape, is_fortran, dtype = readers[version](file)
    except Exception as error:  # NumPy's parser raises errors of many types
        raise DataError(f"{path} cannot be read: its npy header is invalid: {error}") from error
    if dtype.kind not in "buifUS" or not dtype.itemsize:
        raise DataError(f"{path} must contain real numbers, got an array of dtype {dtype}")
    return shape, is_fortran, dtype


def _require_size(path: str, shape: tuple[int, ...], size: int, found: int) -> None:
    if found != size:
        got = "more" if found > size else f"{found} bytes"
        raise DataError(
            f"{path} must have {size} bytes after its header for an array of shape {shape}, got "
            f"{got}"
        )
