"""Files on the disk: only regular ones are read, and each is replaced at once, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader

    Produce = Callable[[Callable[[memoryview], object]], object]

# Time to retry on Windows, where a file that is open elsewhere cannot be replaced.
_WAIT_SECONDS = 1.0


@contextlib.contextmanager
def open_regular(path: str | os.PathLike[str]) -> Iterator[BufferedReader]:
    """Open a regular file for reading bytes; raises OSError if it is anything else, or cannot be opened.

    A named pipe would block, and a device has no end.
    """
    with open(path, "rb", opener=_opener) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", os.fspath(path))
        yield file


def _opener(path: str, flags: int) -> int:
    # Without O_NONBLOCK, opening a named pipe waits for a writer. The flag does not matter for
    # regular files.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def write_atomically(path: str | os.PathLike[str], produce: Produce) -> None:
    """Write a file atomically: at any time, `path` has either the old content or the complete new content.

    The content is written to an unnamed file in the same folder (O_TMPFILE), or to a temporary file if the system does
    not support this. It is flushed to the disk before it replaces the file. A symbolic link is kept, and its target is
    replaced. The permissions of an existing file are kept, but not its owner, access control lists and hard links.
    `produce` is called with a function that takes the next bytes of the file, and again if an attempt fails.
    """
    name = os.fsdecode(path)
    if os.path.basename(name) in ("", ".", ".."):  # realpath would drop the slash and name a file
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    target = os.path.realpath(name)
    try:
        mode = _mode_of(target)
        if not (sys.platform == "linux" and _write_unnamed(target, mode, produce)):
            _write_named(target, mode, produce)
    except OSError as error:
        # Errors of write and fsync (a full disk) have no file name, and others name a temporary
        # file.
        error.filename = name
        del error.filename2  # None would be printed
        raise
    _flush_folder(target)


def _mode_of(target: str) -> int | None:
    """Return the permissions of a file; None if it does not exist."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), target)
    if not stat.S_ISREG(mode):
        raise ValueError(f"path must be a regular file, got {target}")
    return stat.S_IMODE(mode) & 0o777


def _fill(file: IO[Any], mode: int | None, produce: Produce) -> None:
    produce(file.write)
    file.flush()
    if mode is not None and hasattr(os, "fchmod"):
        os.fchmod(file.fileno(), mode)
    os.fsync(file.fileno())


def _write_unnamed(target: str, mode: int | None, produce: Produce) -> bool:
    """Write through an unnamed file, which the system deletes if this process dies; return False if unsupported."""
    try:
        handle = os.open(os.path.dirname(target), os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    except OSError:
        return False
    with open(handle, "wb") as file:
        _fill(file, mode, produce)
        try:
            _name(file.fileno(), target)
        except OSError:  # for example, the file system does not support hard links
            return False
    return True


def _name(handle: int, target: str) -> None:
    """Link an unnamed file to its path.

    A hard link cannot replace an existing file. In this case, the file is linked to a second path and then renamed.
    The second path is always the same, so that if the process is killed between the two steps, the next save removes
    it. A concurrent save of another process may remove it too; this save then links the file again.
    """
    source, spare = f"/proc/self/fd/{handle}", f"{target}.cmlp-save"
    folder = os.open(os.path.dirname(target), os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(FileExistsError):
            # With folder handles Python calls linkat, which can follow the symbolic link in /proc.
            os.link(source, target, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=True)
            return
        _replace_by_link(source, spare, target, folder)
    finally:
        os.close(folder)


def _replace_by_link(source: str, spare: str, target: str, folder: int) -> None:
    while True:
        try:
            os.link(source, spare, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=True)
        except FileExistsError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(spare)
            continue
        try:
            os.replace(spare, target)
        except FileNotFoundError:
            continue  # a concurrent save removed or renamed it
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(spare)
            raise
        # If a concurrent save has renamed this file to `target`, the two paths name one file, and
        # nothing was renamed.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(spare)
        return


def _write_named(target: str, mode: int | None, produce: Produce) -> None:
    """Write through a temporary file in the same folder. If the process is killed, the temporary file remains."""
    temporary = os.path.join(os.path.dirname(target), f".cmlp-{os.urandom(8).hex()}.tmp")
    flags = (
        os.O_CREAT
        | os.O_EXCL
        | os.O_WRONLY
        | getattr(os, "O_CLOEXEC", 0)
        | getattr(os, "O_BINARY", 0)
    )
    handle = os.open(temporary, flags, 0o666)
    try:
        with open(handle, "wb") as file:
            _fill(file, mode, produce)
        _replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _replace(temporary: str, target: str) -> None:
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            os.replace(temporary, target)
            return
        except PermissionError:
            if os.name != "nt" or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _flush_folder(target: str) -> None:
    """Flush the folder of `target`, so that the renamed file survives a power failure (POSIX only)."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # the file itself is complete
        folder = os.open(os.path.dirname(target), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
