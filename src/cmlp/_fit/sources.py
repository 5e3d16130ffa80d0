"""`RowSource` opens the rows of a call; `Arrays` are all rows in memory; `BlockFormat` checks later blocks.

The others are `BlockSource` in `cmlp._fit.fit_batches`, and `LocalArrays` in `cmlp.distributed._local_arrays`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np

from cmlp._data.checks import CheckedRows, InputChecks, check_width
from cmlp._data.checksums import RowHash, hash_of_array
from cmlp._data.weights import require_normal
from cmlp._train.same_data import arrays_of
from cmlp._train.team import ALONE, Team
from cmlp.exceptions import name_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmlp._data.array_types import AnyArray, ArrayLike, GivenRows
    from cmlp._data.encoded_rows import EncodedRows
    from cmlp._data.labels import Labels
    from cmlp._fit.targets import TargetEncoding
    from cmlp._parameters.options import TrainingOptions
    from cmlp._process.threads import Pool
    from cmlp._train.data import Data
    from cmlp._train.split import Shards
    from cmlp._train.state import TrainingState
    from cmlp._train.training import Training

    Returned = TypeVar("Returned")


class RowSource(ABC):
    """Opens the rows that a user passes to a call, and makes the data of the training. It uses no random numbers."""

    # X, y and weights of the rows that are opened, as the user has them.
    given: GivenRows
    has_all_targets = False  # whether `open` returns all targets, even if not all rows
    fit_method = "fit"  # the public method that `cmlp verify` repeats
    team: Team = ALONE  # who trains on them
    classes: ArrayLike | None = None  # all classes, if the rows arrive in parts
    shards: Shards | None = None

    def once(self, function: Callable[..., Returned], *arguments: Any) -> Returned:
        """Return ``function(*arguments)``, which depends on the rows alone. No caller changes it."""
        return function(*arguments)

    @abstractmethod
    def open(self, checks: InputChecks) -> CheckedRows:
        """Return all rows, or some of them, checked."""

    def data(
        self, data: Data, options: TrainingOptions, state: TrainingState, encoding: TargetEncoding
    ) -> Data:
        """Return the data of a training run that begins or continues with a state, from those of the opened rows.

        They are the same if these are all rows.
        """
        return data

    @abstractmethod
    def begin_hashes(self, training: Training) -> Callable[[], dict[str, str] | None]:
        """Begin to hash the rows for provenance; what is returned gives the hashes, None if they are not complete."""


class Arrays(RowSource):
    """All rows in memory: an array, a sparse container, a data frame, a table of Arrow."""

    has_all_targets = True

    def __init__(
        self,
        X: Any,
        y: Any,
        weight: Any,
        *,
        classes: ArrayLike | None = None,
        shards: Shards | None = None,
    ) -> None:
        self.given = X, y, weight
        self.classes, self.shards = classes, shards

    def open(self, checks: InputChecks) -> CheckedRows:
        """Return all rows."""
        return checks.check(*self.given)

    def begin_hashes(self, training: Training) -> Callable[[], dict[str, str]]:
        """Hash all rows."""
        hashes = hash_arrays(training, "rows")
        return lambda: hashes


class SharedArrays(Arrays):
    """Arrays on which `fit_many` trains several models: what depends on them alone is computed once.

    The latest result of each function is kept, with its arguments. A function that warns is called again, so that each
    model has its warning.
    """

    def __init__(self, X: Any, y: Any, weight: Any, pool: Pool) -> None:
        super().__init__(X, y, weight)
        self._pool = pool
        self._latest: dict[Callable[..., Any], tuple[tuple[Any, ...], Any]] = {}

    def open(self, checks: InputChecks) -> CheckedRows:
        """Return all rows."""
        return self.once(_checked_rows, *self.given, *checks)

    def once(self, function: Callable[..., Returned], *arguments: Any) -> Returned:
        """Return the latest result if the arguments are the same."""
        latest, result = self._latest.get(function, ((), None))
        if len(latest) == len(arguments) and all(map(_is_same, latest, arguments)):
            return cast("Returned", result)
        n_warnings = self._pool.n_warnings
        found = function(*arguments)
        if self._pool.n_warnings == n_warnings:
            self._latest[function] = arguments, found
        return found


def _checked_rows(X: Any, y: Any, weight: Any, *fields: Any) -> CheckedRows:
    return InputChecks(*fields).check(X, y, weight)


def _is_same(one: Any, other: Any) -> bool:
    return one is other or (isinstance(one, (int, str)) and bool(one == other))


class StreamHashes:
    """The hashes of the rows of a fit that reads blocks, from the first complete pass over them."""

    def __init__(self, training: Training) -> None:
        # Not the training, whose data read the source that has this: a cycle.
        self._state, self._is_single = training.state, is_single(training)
        self._is_weighted = training.data.rows.weight is not None
        self._hashes: dict[str, RowHash] = {}  # of the latest pass, or of the one that was complete

    @property
    def _are_complete(self) -> bool:
        return bool(self._hashes) and 0 < self._hashes["X"].n_rows == self._state.n_rows

    def begin(self) -> None:
        """Begin a pass, unless one was complete."""
        if not self._are_complete:
            names = ["X", "y"]
            if self._is_weighted:
                names.append("sample_weight")
            self._hashes = {name: RowHash(name, name == "X" and self._is_single) for name in names}

    def add(self, block: EncodedRows) -> None:
        """Add the next block of a pass, unless one was complete."""
        if not self._are_complete:
            arrays: dict[str, Any] = {
                "X": block.X,
                "y": block.targets,
                "sample_weight": block.weight,
            }
            for name, hashed in self._hashes.items():
                hashed.add(arrays[name])

    def __call__(self) -> dict[str, str] | None:
        """Return the hashes; None if no pass was complete."""
        if self._are_complete:
            return {name: hashed.hexdigest() for name, hashed in self._hashes.items()}
        return None


def hash_arrays(training: Training, row_set: str) -> dict[str, str]:
    """Return the hashes of the arrays of a training run, by their names: of its rows, or of the validation rows."""
    return {
        name: hash_of_array(name, array, name.startswith("X") and is_single(training))
        for name, array in arrays_of(training.data).get(row_set, {}).items()
    }


def is_single(training: Training) -> bool:
    """Return whether the core reads the inputs of a training run as float32: it scales them in double."""
    return bool(training.net.dtype == np.float32 and training.data.input_scale == 1.0)


class BlockFormat(NamedTuple):
    """What all blocks have in common with the first one."""

    checks: InputChecks
    names: list[str]  # of the columns; empty for none
    dtype_name: str
    width: int  # number of columns
    weighted: bool  # whether there are sample weights
    encoding: TargetEncoding
    dtype: np.dtype[Any]  # that of the network

    @classmethod
    def from_first_block(
        cls,
        checks: InputChecks,
        first: CheckedRows,
        encoding: TargetEncoding,
        dtype: np.dtype[Any],
    ) -> BlockFormat:
        """Return the format of the first block."""
        return cls(
            checks,
            _list_of_names(first.names),
            first.dtype_name,
            first.X.shape[1],
            first.weight is not None,
            encoding,
            dtype,
        )

    def encode(self, item: Any, index: int) -> EncodedRows:
        """Return a block for the core; raises ValueError or TypeError that names the block, and the row if it can."""
        X, y, weight = unpacked(item, index)
        with naming_row(index, y, self.encoding.labels):
            rows = self.checks.check_inputs(X)
            rows = self.checks.add_targets(rows, y, weight, warn_of_column=False)
            self._require_same(rows)
            block = self.encoding.encode(rows, require_positive=False, number=index)
            require_normal(block.weight, self.dtype)
            return block

    def _require_same(self, rows: CheckedRows) -> None:
        """Raise ValueError, which names no place, unless the rows are like those of the first block."""
        if _list_of_names(rows.names) != self.names:
            raise ValueError("The columns must have the names that they have in the first block.")
        check_width(rows.X.shape[1], self.width, self.checks.owner)
        if rows.dtype_name != self.dtype_name:
            raise ValueError(f"X is {rows.dtype_name}, but {self.dtype_name} in the first block.")
        if self.weighted != (rows.weight is not None):
            raise ValueError("Either all blocks must have sample weights, or none.")


@contextmanager
def naming_row(index: int, y: Any, labels: Labels | None = None) -> Iterator[None]:
    """Name the block of an error, and the first row whose target is not one of the labels."""
    try:
        yield
    except (TypeError, ValueError) as error:
        place = f"block {index}"
        row = _unknown_row(y, labels)
        if row is not None:
            place += f", row {row}"
        name_place(error, place)
        raise


def _unknown_row(y: Any, labels: Labels | None) -> int | None:
    if labels is None or labels.kind == "multilabel":
        return None
    try:
        unknown = ~np.isin(y, labels.classes)
        row_index = np.flatnonzero(unknown.reshape(len(unknown), -1).any(axis=1))
    except (TypeError, ValueError):
        return None
    if not len(row_index):
        return None
    return int(row_index[0])


def unpacked(item: Any, index: int) -> GivenRows:
    """Return X, y and the weights (or None) of a block; raises ValueError that names it if it has other entries."""
    if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
        given = type(item).__name__
        if isinstance(item, (tuple, list)):
            given = f"{len(item)} entries"
        raise ValueError(f"Block {index} must be (X, y) or (X, y, sample_weight), got {given}.")
    if len(item) == 2:
        return (*item, None)
    return tuple(item)


def _list_of_names(names: AnyArray | None) -> list[str]:
    return [] if names is None else names.tolist()
