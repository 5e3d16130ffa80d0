"""The content of data files: decompression up to a limit, and arrays of NumPy's npy format and of idx files."""

from __future__ import annotations

import contextlib
import gzip
import io
import math
import os
import warnings
import zlib
from typing import IO, TYPE_CHECKING, Any, Literal, Self

import numpy as np

from cmlp._data.disk import open_regular
from cmlp._data.files.images import read_at_most, read_idx
from cmlp.exceptions import Message

if TYPE_CHECKING:
    from collections.abc import Buffer, Callable, Iterator

    from numpy.typing import NDArray

_ENDS_OF_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
_REPORTED = 1 << 20  # bytes between two reports
# How files of each format begin.
_GZIP, NPY, IDX, PARQUET = b"\x1f\x8b", b"\x93NUMPY", b"\0\0", b"PAR1"


OF_IMAGES = Message(
    "save the pixels of all images as one npy file, a row for each, and their labels as another for <labels>",
    labels=...,
)


class DataError(Exception):
    """A file of rows cannot be read as it should be; the message names the file, the place and the remedy.

    A setting in it is a field of `TextOptions` or an argument of `training_rows`, with a value to try.
    """

    def __init__(self, message: str, /, *values: object, **settings: object) -> None:
        super().__init__(Message(message, *values, **settings))


class NotNumbersError(DataError):
    """A column has text, dates or missing values."""


class Pipe(str):
    """The path of a pipe, of which a temporary file has a copy, because files are read more than once."""

    copy: Any

    def __new__(cls, path: str, copy: Any) -> Self:
        pipe = super().__new__(cls, path)
        pipe.copy = copy  # open: it is deleted with this object
        return pipe


def on_disk(path: str) -> str:
    """Return the path at which the content of a file is."""
    return str(path.copy.name) if isinstance(path, Pipe) else path


class _Bounded(io.RawIOBase):
    """A decompressed file with a limit: a few kilobytes of gzip can contain gigabytes."""

    def __init__(self, file: gzip.GzipFile, path: str, limit: int) -> None:
        self._file, self._path, self._limit, self._n_read = file, path, limit, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        n = self._file.readinto(buffer)
        self._n_read += n
        if self._n_read > self._limit:
            raise too_large(self._path, self._limit)
        return n


def too_large(path: str, limit: int) -> DataError:
    """Return the error for a file that contains more than the limit."""
    text = "{} contains more than {:,} bytes when decompressed: set the limit with <max_bytes>"
    return DataError(text, path, limit, max_bytes=...)


class _WithProgress(io.RawIOBase):
    """A file that reports which share of it has been read."""

    def __init__(self, file: io.BufferedReader, progress: Callable[[float], None]) -> None:
        self._file, self._progress, self._n_read = file, progress, 0
        self._size = os.fstat(file.fileno()).st_size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        n = self._file.readinto(buffer)
        self._n_read += n
        self._progress(self._n_read / max(1, self._size))
        return n


@contextlib.contextmanager
def opening(path: str, max_bytes: int, progress: Callable[[float], None] | None = None) -> Iterator[io.BufferedReader]:
    """Open a regular file for reading, decompressed if it is a gzip file; `progress` gets the share that was read."""
    if os.path.isdir(path):
        has_images = any(name.lower().endswith(_ENDS_OF_IMAGES) for name in os.listdir(path))
        if has_images:
            raise DataError(f"{path} is a folder of images: " + OF_IMAGES)
        raise DataError(f"{path} is a folder: name one of its files")
    with open_regular(on_disk(path)) as regular:
        raw: Any = regular if progress is None else io.BufferedReader(_WithProgress(regular, progress), _REPORTED)
        if not raw.peek(len(_GZIP)).startswith(_GZIP):
            yield raw
            return
        try:
            with gzip.open(raw) as file:
                yield io.BufferedReader(_Bounded(file, path, max_bytes))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{path} is not a valid gzip file: {error}") from error


def read_array(file: io.BufferedReader, path: str) -> NDArray[Any] | None:
    """Return the array in an npy or idx file; None if it is neither, and nothing is read then."""
    start = file.peek(len(NPY))
    if start.startswith(NPY):
        return _read_npy(file, path)
    return read_idx(file, path) if start.startswith(IDX) else None


def is_mapped(path: str) -> bool:
    """Return whether a file can be mapped: whether it is an npy file that is not compressed."""
    with open_regular(on_disk(path)) as raw:
        return raw.peek(len(NPY)).startswith(NPY)


def mapped(path: str) -> NDArray[Any]:
    """Return the array in an npy file, of which only the header is read at once."""
    with open_regular(on_disk(path)) as file:
        shape, is_fortran, dtype = _npy_header(file, path)
        start = file.tell()
        size, found = math.prod(shape) * dtype.itemsize, os.fstat(file.fileno()).st_size - start
        _require_size(path, shape, size, found if min(shape, default=1) >= 0 else 0)
        order: Literal["F", "C"] = "F" if is_fortran else "C"
        try:
            return np.memmap(file, dtype, "r", start, shape, order) if size else np.empty(shape, dtype)
        except ValueError as error:
            raise DataError(f"{path} cannot be read: {error}") from error


def _read_npy(file: IO[bytes], path: str) -> NDArray[Any]:
    """Read an array of numbers or text. The header limits what is read, and memory is allocated as the bytes arrive."""
    shape, is_fortran, dtype = _npy_header(file, path)
    size = math.prod(shape) * dtype.itemsize
    content = read_at_most(file, size + 1) if min(shape, default=1) >= 0 else b""
    _require_size(path, shape, size, len(content))
    try:
        return np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")
    except ValueError as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _npy_header(file: IO[bytes], path: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        with warnings.catch_warnings(action="ignore"):  # of the parser, about the header
            version = np.lib.format.read_magic(file)
            readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, is_fortran, dtype = readers[version](file)
    except Exception as error:  # NumPy's parser raises errors of many types
        raise DataError(f"{path} cannot be read: its npy header is invalid: {error}") from error
    if dtype.kind not in "buifUS" or not dtype.itemsize:
        raise DataError(f"{path} must contain real numbers, got an array of dtype {dtype}")
    return shape, is_fortran, dtype


def _require_size(path: str, shape: tuple[int, ...], size: int, found: int) -> None:
    if found != size:
        got = "more" if found > size else f"{found} bytes"
        raise DataError(f"{path} must have {size} bytes after its header for an array of shape {shape}, got {got}")
