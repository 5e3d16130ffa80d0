"""Threads: a pool of them, and how many a call may use.

The fits of a pool do not depend on each other.

A thread of a pool does the work of one task at a time. In this thread, ``n_threads=None`` means the
task's share of the threads, the pool collects cmlp's warnings, and a call of the core raises an
exception once the pool is stopped: Python runs signal handlers in the main thread only.

Otherwise the maximum number of threads of a call with ``n_threads=None`` is the smallest of these
numbers:

1. The number of CPUs in the process's affinity mask. If the operating system does not report the
   mask, the number of CPUs of the machine.
2. The CPU quota of the process's control groups on Linux, rounded up: a quota of 1.5 CPUs gives 2
   threads.
3. ``OMP_NUM_THREADS``, if it starts with a positive integer. joblib sets it in its worker
   processes, so that ``n_jobs`` processes do not compete for the same CPUs.

The numbers are read at first use and cached for the lifetime of the process; a forked child reads
them again. They do not limit an explicit ``n_threads``. A call with little work uses fewer threads.
"""

from __future__ import annotations

import os
from _thread import _local  # threading.local, without the time to import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import Thread


class _Current(_local):
    """The pool and the task of the calling thread."""

    pool: Pool | None = None
    task = 0


_current = _Current()


class TaskStopped(BaseException):
    """A task ends because its pool was stopped: nothing is kept.

    Another exception than KeyboardInterrupt stopped it.
    """


class Pool:
    """Threads that call a function once for each number.

    The numbers are 0 to ``n_tasks - 1``, in ascending order.

    `_core.run_pool` runs them. `is_started` is whether threads may have begun, `stopped` whether
    they have been asked to end, by an exception of a task or by Ctrl-C, `interruption` what a task
    then raises, and `threads_per_task` the maximum number of threads of a call with
    ``n_threads=None`` in a task. `begun` and `ended` have an entry for each thread, and `ended` one
    for the thread that starts them.
    """

    def __init__(self, n_tasks: int, n_threads: int) -> None:
        self.n_workers = max(1, min(n_tasks, n_threads))
        self.threads_per_task = max(1, n_threads // self.n_workers)
        self.is_started = self.stopped = False
        self.interruption: type[BaseException] = KeyboardInterrupt
        self.done = deque[int]()
        self.errors = deque[BaseException]()
        self.begun = deque[None]()
        self.ended = deque[None]()
        self._left = deque(range(n_tasks))
        self._warnings: deque[tuple[int, str, type[Warning]]] = deque()

    def threads(self, task: Callable[[int], None], wake: Callable[[], None]) -> list[Thread]:
        """Return the threads, which `start` starts; they call `wake` when they end."""
        from threading import Thread

        return [Thread(target=self._work, args=(task, wake)) for _ in range(self.n_workers)]

    def start(self, threads: Sequence[Thread], wake: Callable[[], None]) -> None:
        """Start the threads, in one of its own.

        In the main thread, a signal could interrupt `Thread.start`.
        """
        try:
            for thread in threads:
                if self.stopped:
                    break
                self.begun.append(None)
                try:
                    thread.start()
                except BaseException:
                    self.begun.pop()
                    raise
        except BaseException as error:
            self._fail(error)
        finally:
            self._end(wake)

    def _work(self, task: Callable[[int], None], wake: Callable[[], None]) -> None:
        _current.pool = self
        try:
            while self._left and not self.stopped:
                try:
                    number = self._left.popleft()
                except IndexError:  # another thread has taken the last task
                    return
                _current.task = number
                task(number)
                self.done.append(number)
        except BaseException as error:
            self._fail(error)
        finally:
            self._end(wake)

    def _fail(self, error: BaseException) -> None:
        self.errors.append(error)
        self.stopped = True

    def _end(self, wake: Callable[[], None]) -> None:
        self.ended.append(None)
        with suppress(RuntimeError):  # another thread has woken the one that waits
            wake()

    @property
    def is_running(self) -> bool:
        """Whether not all threads have ended."""
        return self.is_started and len(self.ended) <= len(self.begun)

    def warnings(self) -> dict[tuple[str, type[Warning]], list[int]]:
        """Return message and category of each distinct warning.

        They have the numbers of the tasks that issued it.
        """
        found: dict[tuple[str, type[Warning]], list[int]] = {}
        for number, message, category in sorted(self._warnings, key=lambda warning: warning[0]):
            numbers = found.setdefault((message, category), [])
            if number not in numbers[-1:]:
                numbers.append(number)
        return found

    @property
    def n_warnings(self) -> int:
        """How many warnings the tasks have issued."""
        return len(self._warnings)

    def collect(self, message: str, category: type[Warning]) -> None:
        """Keep a warning of the task that the calling thread does."""
        self._warnings.append((_current.task, message, category))


def current_pool() -> Pool | None:
    """Return the pool to which the calling thread belongs, or None."""
    return _current.pool


def interruption() -> type[BaseException] | None:
    """Return what the calling thread must raise, otherwise None.

    It must because it belongs to a pool that is stopped.
    """
    pool = _current.pool
    if pool is not None and pool.stopped:
        return pool.interruption
    return None


def print_line(text: str) -> None:
    """Print a line in one write, so that lines of several threads do not mix."""
    print(f"{text}\n", end="", flush=True)


# ---------------------------------- the maximum number of threads of a call with ``n_threads=None``


_CONTROL_GROUPS = "/sys/fs/cgroup"

_count = 0  # 0: not read yet


def available_threads() -> int:
    """Return the maximum number of threads of a call with ``n_threads=None``."""
    global _count
    if not _count:
        _count = _read_count()
    pool = current_pool()
    if pool is None:
        return _count
    return min(_count, pool.threads_per_task)


def _forget() -> None:
    global _count
    _count = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _read_count() -> int:
    limits = (_usable_processors(), _find_quota(), _openmp_threads())
    return max(1, min(limit for limit in limits if limit is not None))


def _usable_processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not supported on this system, or blocked by a sandbox
        return os.cpu_count() or 1


def _openmp_threads() -> int | None:
    """Return the first number of ``OMP_NUM_THREADS`` ("4" or "4,2"), or None."""
    try:
        count = int(os.environ.get("OMP_NUM_THREADS", "").split(",")[0])
    except ValueError:  # not set, not a number, or too many digits
        return None
    if count > 0:
        return count
    return None


def _find_quota() -> int | None:
    """Return the smallest CPU quota of the process's control groups, rounded up.

    It is None if there is no quota.
    """
    quotas = [quota for path in _list_quota_files() if (quota := _read_quota(path)) is not None]
    return min(quotas, default=None)


def _list_quota_files() -> list[str]:
    """Return the paths of the files that can contain a quota.

    They are those of the process's control group and its parents.
    """
    files = []
    for line in _read_lines("/proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if not controllers:  # version 2
            folder = _CONTROL_GROUPS
            name = "cpu.max"
        elif "cpu" in controllers.split(","):  # version 1
            folder = f"{_CONTROL_GROUPS}/cpu"
            name = "cpu.cfs_quota_us"
        else:
            continue
        parts = group.strip("/").split("/")
        files += ["/".join([folder, *parts[:depth], name]) for depth in range(len(parts) + 1)]
    return files


def _read_quota(path: str) -> int | None:
    words = " ".join(_read_lines(path)).split()
    if path.endswith("cpu.cfs_quota_us"):
        words += " ".join(
            _read_lines(path.replace("cpu.cfs_quota_us", "cpu.cfs_period_us"))
        ).split()
    try:
        quota, period = map(int, words)
    except ValueError:  # "max", no such file, or an unknown format
        return None
    if quota > 0 and period > 0:
        return -(-quota // period)
    return None


def _read_lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
