"""How many threads a call may use if the caller does not say.

The default is the smallest of these numbers:

1. The processors that the operating system lets this process use (its affinity mask). If the system does not tell,
   the number of processors of the machine.
2. The processor quota of the process's control groups on Linux, rounded up: 1.5 processors are 2 threads.
3. ``OMP_NUM_THREADS``, if it starts with a positive integer. joblib sets it in its worker processes, so that
   ``n_jobs`` processes do not compete for the same processors.

The numbers are read when they are first needed and kept for the life of the process; a forked child reads them again.
An explicit ``n_threads`` is not limited by them. How many of these threads a call uses depends on its amount of work.
"""

from __future__ import annotations

import os

_CONTROL_GROUPS = "/sys/fs/cgroup"

_count = 0  # 0: not read yet


def available_threads() -> int:
    """Return the default for the largest number of threads of a call."""
    global _count
    if not _count:
        _count = _read_count()
    return _count


def _forget() -> None:
    global _count
    _count = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _read_count() -> int:
    limits = (_usable_processors(), _quota(), _openmp_threads())
    return max(1, min(limit for limit in limits if limit is not None))


def _usable_processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on this system, or refused by a sandbox
        return os.cpu_count() or 1


def _openmp_threads() -> int | None:
    """Return the first number of ``OMP_NUM_THREADS`` ("4" or "4,2"), or None."""
    try:
        count = int(os.environ.get("OMP_NUM_THREADS", "").split(",")[0])
    except ValueError:  # not set, not a number, or one of thousands of digits
        return None
    return count if count > 0 else None


def _quota() -> int | None:
    """Return the smallest processor quota of the process's control groups, rounded up, or None."""
    quotas = [quota for path in _quota_files() if (quota := _read_quota(path)) is not None]
    return min(quotas, default=None)


def _quota_files() -> list[str]:
    """Return the files that can hold a quota: of the process's own group and of all groups around it."""
    files = []
    for line in _lines("/proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if not controllers:  # version 2
            folder, name = _CONTROL_GROUPS, "cpu.max"
        elif "cpu" in controllers.split(","):  # version 1
            folder, name = f"{_CONTROL_GROUPS}/cpu", "cpu.cfs_quota_us"
        else:
            continue
        parts = group.strip("/").split("/")
        files += ["/".join([folder, *parts[:depth], name]) for depth in range(len(parts) + 1)]
    return files


def _read_quota(path: str) -> int | None:
    words = " ".join(_lines(path)).split()
    if path.endswith("cpu.cfs_quota_us"):
        words += " ".join(_lines(path.replace("cpu.cfs_quota_us", "cpu.cfs_period_us"))).split()
    try:
        quota, period = map(int, words)
    except ValueError:  # "max", no such file, or not of this form
        return None
    return -(-quota // period) if quota > 0 and period > 0 else None


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
