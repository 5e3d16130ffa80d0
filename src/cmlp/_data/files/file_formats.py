"""What files of all formats have in common: errors, decompression up to a limit, and how each format begins."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import shlex
import zlib
from typing import TYPE_CHECKING, Any, Self

from cmlp._data.disk import open_regular

if TYPE_CHECKING:
    from collections.abc import Buffer, Callable, Iterator

_ENDS_OF_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
_REPORTED = 1 << 20  # bytes between two reports
# How files of each format begin.
_GZIP, NPY, IDX, PARQUET = b"\x1f\x8b", b"\x93NUMPY", b"\0\0", b"PAR1"


OF_IMAGES = (
    "save the pixels of all images as one npy file, a row for each, and their labels as another "
    "for --labels"
)


class DataError(Exception):
    """A file of rows cannot be read as it should be; the message names the file, the place and the remedy.

    Only the command reads such files, so a remedy is one of its options, with a value to try.
    """


def quoted(value: str) -> str:
    """Return the value of an option as a shell takes it."""
    return f'"{value}"' if value in ("'", " ") else shlex.quote(value)


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
    return DataError(
        f"{path} contains more than {limit:,} bytes when decompressed: set the limit with "
        "--max-bytes",
    )


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
def opening(
    path: str, max_bytes: int, progress: Callable[[float], None] | None = None
) -> Iterator[io.BufferedReader]:
    """Open a regular file for reading, decompressed if it is a gzip file; `progress` gets the share that was read."""
    if os.path.isdir(path):
        has_images = any(name.lower().endswith(_ENDS_OF_IMAGES) for name in os.listdir(path))
        if has_images:
            raise DataError(f"{path} is a folder of images: " + OF_IMAGES)
        raise DataError(f"{path} is a folder: name one of its files")
    with open_regular(on_disk(path)) as regular:
        raw: Any = (
            regular
            if progress is None
            else io.BufferedReader(_WithProgress(regular, progress), _REPORTED)
        )
        if not raw.peek(len(_GZIP)).startswith(_GZIP):
            yield raw
            return
        try:
            with gzip.open(raw) as file:
                content: Any = io.BufferedReader(_Bounded(file, path, max_bytes))
                if content.peek(len(_GZIP)).startswith(_GZIP):
                    raise DataError(
                        f"{path} was compressed by gzip twice: unpack it once, for example with "
                        "gunzip"
                    )
                yield content
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{path} is not a valid gzip file: {error}") from error


def format_of(path: str, max_bytes: int) -> bytes:
    """Return how files of this format begin: one of PARQUET, NPY and IDX, or nothing for text."""
    with opening(path, max_bytes) as file:
        start = file.peek(len(NPY))[: len(NPY)]
    return next((known for known in (PARQUET, NPY, IDX) if start.startswith(known)), b"")
