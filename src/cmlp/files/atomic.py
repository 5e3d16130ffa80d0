"""Files that are replaced as a whole: whatever happens, the old content or the new one is there."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    Produce = Callable[[Callable[[memoryview], object]], object]

_WAIT_SECONDS = 1.0  # on Windows a file that somebody reads cannot be replaced


def write_atomically(path: str | os.PathLike[str], produce: Produce) -> None:
    """Write a file so that its path names the former content or the whole new one at every moment.

    The content goes to a file without a name in the same folder, or where the system has none to a temporary one. It
    is flushed to the disk before it takes the path's place. A link stays: the file that it leads to is replaced. An
    existing file's mode is kept, not its owner, access lists and hard links.

    Parameters
    ----------
    path : str or path-like
    produce : callable
        Called with a function that takes the next bytes of the file; more than once if an attempt fails.

    Raises
    ------
    OSError
        If the file cannot be written; the former one is still there.
    ValueError
        If the path leads to something other than a regular file.
    """
    target = os.path.realpath(os.fsdecode(path))
    mode = _mode_of(target)
    if not (sys.platform == "linux" and _write_unnamed(target, mode, produce)):
        _write_named(target, mode, produce)
    _flush_folder(target)


def _mode_of(target: str) -> int | None:
    """Return the permissions of an existing file, None if there is none."""
    try:
        found = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found):
        raise IsADirectoryError(f"path must name a file, got the folder {target}")
    if not stat.S_ISREG(found):
        raise ValueError(f"path must name a regular file, got {target}")
    return stat.S_IMODE(found) & 0o777


def _fill(file: IO[Any], mode: int | None, produce: Produce) -> None:
    produce(file.write)
    file.flush()
    if mode is not None and hasattr(os, "fchmod"):
        os.fchmod(file.fileno(), mode)
    os.fsync(file.fileno())


def _write_unnamed(target: str, mode: int | None, produce: Produce) -> bool:
    """Write through a file without a name, which vanishes if this process does; False if the system has none."""
    try:
        handle = os.open(os.path.dirname(target), os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    except OSError:
        return False
    with open(handle, "wb") as file:
        _fill(file, mode, produce)
        try:
            _name(file.fileno(), target)
        except OSError:  # such as a file system without links
            return False
    return True


def _name(handle: int, target: str) -> None:
    """Give a file without a name its path.

    A link cannot replace a file, so an existing one is replaced in a second step, by a name that is always the same:
    should the process be killed between the steps, the next save removes it. A save of another process may do so too,
    and is then the later one.
    """
    source, spare = f"/proc/self/fd/{handle}", f"{target}.cmlp-save"
    folder = os.open(os.path.dirname(target), os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(FileExistsError):
            # The handles make Python call linkat, which follows the link in /proc.
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
            return
        except FileNotFoundError:
            continue  # another save has removed it
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(spare)
            raise


def _write_named(target: str, mode: int | None, produce: Produce) -> None:
    """Write through a temporary file beside the target; a killed process leaves it there."""
    temporary = os.path.join(os.path.dirname(target), f".cmlp-{os.urandom(8).hex()}.tmp")
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
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
    """Make the new name as lasting as the content, where folders can be opened and flushed."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # the file itself is complete
        folder = os.open(os.path.dirname(target), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
