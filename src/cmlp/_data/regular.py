"""Opening files for reading that must be regular files: a named pipe would block, and a device has no end."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader


@contextlib.contextmanager
def open_regular(path: str | os.PathLike[str]) -> Iterator[BufferedReader]:
    """Open a regular file for reading bytes; raises OSError if it is anything else, or cannot be opened."""
    with open(path, "rb", opener=_opener) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", os.fspath(path))
        yield file


def _opener(path: str, flags: int) -> int:
    # Without O_NONBLOCK, opening a named pipe waits for a writer. The flag does not matter for regular files.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
