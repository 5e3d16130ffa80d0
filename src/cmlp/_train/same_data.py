"""Whether training has the data with which it began: all rows are compared once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from cmlp._data.arrays import CSR, StoredRows, stored_rows, taken
from cmlp._data.checksums import BLOCK, block_checksums, stored_dtype
from cmlp._process.threads import once_per_pool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from numpy.typing import NDArray

    from cmlp._data.checksums import Checksums, Digests
    from cmlp._train.job import Data, TrainingJob

    Groups = dict[str, dict[str, Any]]  # arrays by their name, in groups with the same rows


def keep_or_compare(job: TrainingJob) -> None:
    """Keep checksums of the data; raises ValueError if a call is resumed and has others.

    A source of blocks can be read again only in other blocks, so that nothing but its first row is compared.
    """
    if job.reads_again:
        keep_or_compare_sample(job)
    else:
        keep_or_compare_digests(job, digests_of(job))


def keep_or_compare_digests(job: TrainingJob, now: Digests) -> None:
    """Keep the checksums of all rows; raises ValueError if a call is resumed and has others."""
    kept = job.state.resume_check
    if kept.digests is not None:
        _require_same_rows(kept.digests, now)
    elif kept.checksum is not None:  # of a file without the checksums
        keep_or_compare_sample(job)
    kept.digests = now


def keep_or_compare_sample(job: TrainingJob) -> None:
    """Keep the checksum of a sample of the data; raises ValueError if a call is resumed and has another one."""
    kept, data = job.state.resume_check, job.data
    if isinstance(data.X, StoredRows):  # the rows of the sample may be elsewhere
        return
    if job.reads_again:  # blocks can be cut in another way: only the first row is sure to be there
        data = _first_row(data)
    checksum = _checksum(data)
    if kept.checksum is None:
        kept.checksum = checksum
    elif kept.checksum != checksum:
        _refuse()


def _first_row(data: Data) -> Data:
    """Return the data with the first row only."""
    weight = None if data.weight is None else data.weight[:1]
    return data._replace(X=taken(data.X, np.arange(1)), targets=data.targets[:1], weight=weight)


def _checksum(data: Data) -> int:
    """Return the CRC-32 of the shapes, the shards and a sample of the data as doubles, whatever their dtype."""
    parts = [(data.X, data.targets, data.weight)]
    if data.validation is not None:
        parts.append(data.validation)
    total = 0 if data.shards is None else crc32(repr(data.shards).encode())
    for X, y, weight in parts:
        rows = _sample(len(X))
        some = taken(X, rows)
        values = [some] if isinstance(some, np.ndarray) else [some.data, some.indices, some.indptr]
        blocks = [*values, y[rows], *(() if weight is None else (weight[rows],))]
        total = crc32(repr((tuple(X.shape), y.shape)).encode(), total)
        for block in blocks:
            total = crc32(np.ascontiguousarray(block, np.float64), total)
    return total


_N_SAMPLED = 16


@lru_cache(maxsize=8)  # many small models often have the same number of rows
def _sample(n_rows: int) -> NDArray[np.intp]:
    """Return the sorted indices of some rows, among them the first and the last one, in a read-only array."""
    rows = np.linspace(0, n_rows - 1, min(n_rows, _N_SAMPLED)).astype(np.intp)
    rows.flags.writeable = False
    return rows


def described(data: Data) -> str:
    """Return the names, shapes and dtypes of all arrays of a fit."""
    arrays = [pair for group in arrays_of(data).values() for pair in group.items()]
    return ", ".join(
        f"{name} of {'sparse ' if isinstance(array, CSR) else ''}{array.dtype} {tuple(array.shape)}"
        for name, array in arrays
    )


def arrays_of(data: Data) -> Groups:
    """Return all arrays of a fit, in groups with the same rows; the targets are not standardized."""
    data = data.given or data
    groups: Groups = {"rows": {"X": data.X, "y": data.targets, "sample_weight": data.weight}}
    if data.validation is not None:
        groups["validation"] = dict(zip(("X_val", "y_val", "sample_weight_val"), data.validation, strict=True))
    if data.shards is not None:
        groups["shards"] = {"shards": np.array(data.shards)}
    return {
        group: {name: array for name, array in arrays.items() if array is not None} for group, arrays in groups.items()
    }


def _kind(array: Any) -> str:
    return stored_dtype(stored_rows(array))


def digests_of(job: TrainingJob) -> Digests:
    """Return the checksums of the rows that this process has; those of rows elsewhere count as 0.

    They are in the formats of the kept ones, if these can be compared.
    """
    digests: Digests = {}
    kept = job.state.resume_check.digests
    for group, arrays in arrays_of(job.data).items():
        kinds = {name: _kind(array) for name, array in arrays.items()}
        if kept is not None and group in kept and kept[group][0].keys() == kinds.keys():
            kinds = {name: _comparable(kind, kept[group][0][name]) for name, kind in kinds.items()}
        n_rows, first, parts = _stored_part(arrays)
        sums = np.zeros(-(-n_rows // BLOCK), np.uint64)
        sums_of_part = once_per_pool(_checksums, first, *kinds.values(), *parts)
        sums[first // BLOCK : first // BLOCK + len(sums_of_part)] = sums_of_part
        digests[group] = kinds, sums
    return digests


def _checksums(first: int, *kinds_and_rows: Any) -> Checksums:
    n = len(kinds_and_rows) // 2
    return block_checksums(kinds_and_rows[n:], kinds_and_rows[:n], first)


def _comparable(now: str, kept: str) -> str:
    """Return the kind in which an array is compared: that of before, if both are dense or both are sparse."""
    return kept if now.startswith("CSR") == kept.startswith("CSR") else now


def _stored_part(arrays: Mapping[str, Any]) -> tuple[int, int, list[Any]]:
    """Return the number of rows, the index of the first one of this process, and the rows of this process."""
    X = next(iter(arrays.values()))
    if not isinstance(X, StoredRows):
        return X.shape[0], 0, list(arrays.values())
    own = slice(X.first, X.first + len(X.stored))
    return len(X), X.first, [X.stored, *[array[own] for array in list(arrays.values())[1:]]]


def _require_same_rows(kept: Digests, now: Digests) -> None:
    """Raise ValueError unless the checksums are those of the call that is resumed."""
    for group in kept.keys() | now.keys():
        if group not in kept or group not in now or kept[group][0].keys() != now[group][0].keys():
            _refuse(f"they had {_names(kept)}, and now have {_names(now)}")
        (kinds, before), (others, after) = kept[group], now[group]
        if kinds != others or len(before) != len(after):
            _refuse(f"{' or '.join(kinds)} has another format or number of rows")
        if (before != after).any():
            first = int((before != after).argmax()) * BLOCK
            where = "" if group == "shards" else f"among the rows from {first} to {first + BLOCK - 1} of "
            _refuse(f"a difference is {where or 'in '}{' or '.join(kinds)}")


def _names(digests: Digests) -> str:
    return " ".join(name for kinds, _ in digests.values() for name in kinds)


def _refuse(difference: str = "") -> NoReturn:
    problem = "The data differ from those with which the training began" + (f": {difference}" if difference else "")
    raise ValueError(f"{problem}. To continue, pass the same X, y, sample_weight, validation data and shards.")
