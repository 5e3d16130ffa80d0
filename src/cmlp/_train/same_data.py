"""Whether training has the data with which it began: all rows are compared once."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn
from zlib import crc32

import numpy as np

from cmlp._data.arrays import CSR
from cmlp._data.checksums import BLOCK, Checksums, Digests, block_checksums, stored_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmlp._data.array_types import NDArray
    from cmlp._data.encoded_rows import EncodedRows
    from cmlp._train.data import Data
    from cmlp._train.training import Training

    RowSets = dict[str, dict[str, Any]]  # arrays by their name, of sets of rows


def checksums_of(first: int, *kinds_and_rows: Any) -> Checksums:
    """Return the checksums of the blocks of arrays: first the kinds of all of them, then the arrays."""
    n = len(kinds_and_rows) // 2
    return block_checksums(kinds_and_rows[n:], kinds_and_rows[:n], first)


def keep_or_compare(training: Training, checksums: Callable[..., Checksums] = checksums_of) -> None:
    """Keep checksums of the data; raises ValueError if a call is resumed and has others.

    `checksums` is another function than `checksums_of` if that was called for the same arrays before.
    A source of blocks can be read again only in other blocks, so that nothing but its first row is compared.
    """
    if training.data.is_whole:
        keep_or_compare_digests(training, digests_of(training, checksums=checksums))
    else:
        keep_or_compare_sample(training)


def keep_or_compare_digests(training: Training, now: Digests) -> None:
    """Keep the checksums of all rows; raises ValueError if a call is resumed and has others."""
    state = training.state
    if state.digests is not None:
        _require_same_rows(state.digests, now)
    elif state.checksum is not None and training.data.is_whole:  # of a file without the checksums
        keep_or_compare_sample(training)
    state.digests = now


def keep_or_compare_sample(training: Training) -> None:
    """Keep the checksum of a sample of the data; raises ValueError if a call is resumed and has another one."""
    state, data = training.state, training.data
    if (
        not training.data.is_whole
    ):  # blocks can be cut in another way: only the first row is sure to be there
        data = replace(data, rows=data.rows.take(np.arange(1)))
    checksum = _checksum_of_sample(data)
    if state.checksum is None:
        state.checksum = checksum
    elif state.checksum != checksum:
        _refuse_other_data()


def _checksum_of_sample(data: Data) -> int:
    """Return the CRC-32 of the shapes, the shards and a sample of the data as doubles, whatever their dtype."""
    parts = [data.rows] if data.validation is None else [data.rows, data.validation]
    shards = data.order.shards
    total = 0 if shards is None else crc32(repr(shards).encode())
    for part in parts:
        some = part.take(_sample(part.n_rows))
        X = some.X
        values = [X] if isinstance(X, np.ndarray) else [X.data, X.indices, X.indptr]
        blocks = [*values, some.targets, *(() if some.weight is None else (some.weight,))]
        total = crc32(repr((tuple(part.X.shape), part.targets.shape)).encode(), total)
        for block in blocks:
            total = crc32(np.ascontiguousarray(block, np.float64), total)
    return total


_N_SAMPLED = 16


@lru_cache(maxsize=8)  # many small models often have the same number of rows
def _sample(n_rows: int) -> NDArray[np.intp]:
    """Return the sorted indices of some rows, among them the first and the last one, in a read-only array."""
    row_index = np.linspace(0, n_rows - 1, min(n_rows, _N_SAMPLED)).astype(np.intp)
    row_index.flags.writeable = False
    return row_index


def describe_arrays(training: Training) -> str:
    """Return the names, shapes and dtypes of all arrays of a fit, also of rows that only other processes have."""
    descriptions = []
    for row_set, arrays in arrays_of(training.data).items():
        for name, array in arrays.items():
            n_rows = training.state.n_rows if row_set == "rows" else array.shape[0]
            sparse = "sparse " if isinstance(array, CSR) else ""
            descriptions.append(f"{name} of {sparse}{array.dtype} {(n_rows, *array.shape[1:])}")
    return ", ".join(descriptions)


def arrays_of(data: Data) -> RowSets:
    """Return all arrays of a fit, of each set of rows; the targets are not standardized."""
    rows, validation = data.in_units_of_y or (data.rows, data.validation)
    row_sets: RowSets = {"rows": _arrays_by_name(rows)}
    if validation is not None:
        row_sets["validation"] = _arrays_by_name(validation, "_val")
    if data.order.shards is not None:
        row_sets["shards"] = {"shards": np.array(data.order.shards)}
    return {
        row_set: {name: array for name, array in arrays.items() if array is not None}
        for row_set, arrays in row_sets.items()
    }


def _arrays_by_name(rows: EncodedRows, suffix: str = "") -> dict[str, Any]:
    """Return the arrays of rows by the names of the parameters."""
    arrays = {"X": rows.X, "y": rows.targets, "sample_weight": rows.weight}
    return {name + suffix: array for name, array in arrays.items()}


def digests_of(
    training: Training,
    first: int = 0,
    n_rows: int | None = None,
    checksums: Callable[..., Checksums] = checksums_of,
) -> Digests:
    """Return the checksums of the data, in the formats of the kept ones, if these can be compared.

    If the training has only a part of `n_rows` rows, from the row `first` on, the checksums of the blocks
    of rows have what its rows contribute: those of all parts are added.
    """
    digests: Digests = {}
    earlier = training.state.digests
    for row_set, arrays in arrays_of(training.data).items():
        kinds = {name: stored_dtype(array) for name, array in arrays.items()}
        if (
            earlier is not None
            and row_set in earlier
            and earlier[row_set][0].keys() == kinds.keys()
        ):
            kinds = {
                name: _kind_to_compare(kind, earlier[row_set][0][name])
                for name, kind in kinds.items()
            }
        begin = first if row_set == "rows" else 0
        # A copy for each state: whether models share the result would be seen in pickles.
        sums = checksums(begin, *kinds.values(), *arrays.values()).copy()
        if row_set == "rows" and n_rows is not None:
            own = sums
            sums = np.zeros(-(-n_rows // BLOCK), np.uint64)
            sums[begin // BLOCK :][: len(own)] = own
        digests[row_set] = kinds, sums
    return digests


def _kind_to_compare(now: str, earlier: str) -> str:
    """Return the kind in which an array is compared: that of before, if both are dense or both are sparse."""
    return earlier if now.startswith("CSR") == earlier.startswith("CSR") else now


def _require_same_rows(earlier: Digests, now: Digests) -> None:
    """Raise ValueError unless the checksums are those of the call that is resumed."""
    for row_set in earlier.keys() | now.keys():
        if (
            row_set not in earlier
            or row_set not in now
            or earlier[row_set][0].keys() != now[row_set][0].keys()
        ):
            _refuse_other_data(
                f"they had {_names_of_arrays(earlier)}, and now have {_names_of_arrays(now)}"
            )
        (kinds, before), (others, after) = earlier[row_set], now[row_set]
        if kinds != others or len(before) != len(after):
            _refuse_other_data(f"{' or '.join(kinds)} has another format or number of rows")
        if (before != after).any():
            first = int((before != after).argmax()) * BLOCK
            if row_set == "shards":
                where = ""
            else:
                where = f"among the rows from {first} to {first + BLOCK - 1} of "
            _refuse_other_data(f"a difference is {where or 'in '}{' or '.join(kinds)}")


def _names_of_arrays(digests: Digests) -> str:
    return " ".join(name for kinds, _ in digests.values() for name in kinds)


def _refuse_other_data(difference: str = "") -> NoReturn:
    problem = "The data differ from those with which the training began" + (
        f": {difference}" if difference else ""
    )
    raise ValueError(
        f"{problem}. To continue, pass the same X, y, sample_weight, validation data and shards."
    )
