"""The maximum number of threads of a call with ``n_threads=None``.

The default is the smallest of these numbers:

1. The number of CPUs in the process's affinity mask. If the operating system does not report the mask, the number of
   CPUs of the machine.
2. The CPU quota of the process's control groups on Linux, rounded up: a quota of 1.5 CPUs gives 2 threads.
3. ``OMP_NUM_THREADS``, if it starts with a positive integer. joblib sets it in its worker processes, so that
   ``n_jobs`` processes do not compete for the same CPUs.

The numbers are read at first use and cached for the lifetime of the process; a forked child reads them again. They do
not limit an explicit ``n_threads``. A call with little work uses fewer threads, and a task of a
`cmlp._process.pool.Pool` uses its share.
"""

from __future__ import annotations

import os

from cmlp._process.pool import current_pool

_CONTROL_GROUPS = "/sys/fs/cgroup"

_count = 0  # 0: not read yet


def available_threads() -> int:
    """Return the maximum number of threads of a call with ``n_threads=None``."""
    global _count
    if not _count:
        _count = _read_count()
    pool = current_pool()
    return _count if pool is None else min(_count, pool.threads_per_task)


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
    except (AttributeError, OSError):  # not supported on this system, or blocked by a sandbox
        return os.cpu_count() or 1


def _openmp_threads() -> int | None:
    """Return the first number of ``OMP_NUM_THREADS`` ("4" or "4,2"), or None."""
    try:
        count = int(os.environ.get("OMP_NUM_THREADS", "").split(",")[0])
    except ValueError:  # not set, not a number, or too many digits
        return None
    return count if count > 0 else None


def _quota() -> int | None:
    """Return the smallest CPU quota of the process's control groups, rounded up; None if there is no quota."""
    quotas = [quota for path in _quota_files() if (quota := _read_quota(path)) is not None]
    return min(quotas, default=None)


def _quota_files() -> list[str]:
    """Return the paths of the files that can contain a quota: those of the process's control group and its parents."""
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
    except ValueError:  # "max", no such file, or an unknown format
        return None
    return -(-quota // period) if quota > 0 and period > 0 else None


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
