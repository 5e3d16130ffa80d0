"""What files of all formats have in common: errors, decompression up to a limit, and how each format begins."""

from __future__ import annotations

import contextlib
import importlib
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
NPY, IDX, PARQUET = b"\x93NUMPY", b"\0\0", b"PAR1"
_GZIP, _BZIP2, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"
_PACKED = {_GZIP: "gzip", _BZIP2: "bzip2", _XZ: "xz"}
_MODULES = {"gzip": "gzip", "bzip2": "bz2", "xz": "lzma"}  # a Python may lack the last two


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


def stated(option: str, value: str) -> str:
    """Return an option with its value as a shell and the command take it, also of a value such as ``---``."""
    return f"{option}{'=' if value[:1] == '-' else ' '}{quoted(value)}"


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

    def __init__(self, file: Any, path: str, limit: int) -> None:
        self._file, self._path, self._limit, self._n_read = file, path, limit, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        n: int = self._file.readinto(buffer)
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
        n: int = self._file.readinto(buffer)
        self._n_read += n
        self._progress(self._n_read / max(1, self._size))
        return n


@contextlib.contextmanager
def opening(
    path: str, max_bytes: int, progress: Callable[[float], None] | None = None
) -> Iterator[io.BufferedReader]:
    """Open a regular file for reading, decompressed from gzip, bzip2 or xz; `progress` gets the share that was read."""
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
        packed = _packed_by(raw)
        if not packed:
            yield raw
            return
        try:
            with importlib.import_module(_MODULES[packed]).open(raw) as file:
                content: Any = io.BufferedReader(_Bounded(file, path, max_bytes))
                again = _packed_by(content)
                if again:
                    how = f"{packed} twice" if again == packed else f"{again} and then by {packed}"
                    raise DataError(f"{path} was compressed by {how}: unpack it once")
                yield content
        except Exception as error:
            is_os_error = isinstance(error, OSError) and error.errno is not None
            is_known = isinstance(error, (EOFError, OSError, zlib.error))
            if is_os_error or not (is_known or type(error).__name__ == "LZMAError"):
                raise
            raise DataError(f"{path} is not a valid {packed} file: {error}") from error


def _packed_by(file: Any) -> str:
    """Return by what a file is compressed; "" if it is not."""
    start = file.peek(len(_XZ))
    return next((name for begin, name in _PACKED.items() if start.startswith(begin)), "")


def format_of(path: str, max_bytes: int) -> bytes:
    """Return how files of this format begin: one of PARQUET, NPY and IDX, or nothing for text."""
    with opening(path, max_bytes) as file:
        start = file.peek(len(NPY))[: len(NPY)]
    return next((known for known in (PARQUET, NPY, IDX) if start.startswith(known)), b"")
