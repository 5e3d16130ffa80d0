"""`fit_batches`, and `BlockSource`, its source: rows in blocks that the user's iterable yields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from cmlp._data.array_types import ArrayLike, GivenRows
from cmlp._data.arrays import arrow_copied, read_once
from cmlp._data.checks import CheckedRows, InputChecks, positive_integer
from cmlp._data.encoded_rows import EncodedRows
from cmlp._data.passes import Passes, Reader
from cmlp._data.row_labels import label_differences, warn_of_order
from cmlp._data.weights import require_normal
from cmlp._fit.call import EstimatorToFit, FitCall
from cmlp._fit.fit_network import fit_network, network_call
from cmlp._fit.fitted import locked
from cmlp._fit.prepare_network import checks_of
from cmlp._fit.sources import BlockFormat, RowSource, StreamHashes, unpacked
from cmlp._fit.targets import TargetEncoding
from cmlp._parameters.entries import FIT_BATCHES
from cmlp._parameters.options import NetworkOptions, TrainingOptions
from cmlp._train.data import Blocks, Data, StreamData
from cmlp._train.objective import y_scale_to_learn
from cmlp._train.order import BlockOrder
from cmlp._train.state import TrainingState
from cmlp._train.training import Training
from cmlp.exceptions import InvalidParameterError, naming


@locked
def fit_batches(
    estimator: EstimatorToFit,
    source: Any,
    classes: ArrayLike | None,
    n_rows: int | None,
    validation: GivenRows,
    *,
    resume: bool = False,
) -> None:
    """Train a new model, or with `warm_start` or `resume` the previous one, and store it at the end."""
    call, blocks = call_of_blocks(estimator, source, classes, n_rows, validation, resume=resume)
    with closing(blocks):
        fit_network(call, blocks)


def call_of_blocks(
    estimator: EstimatorToFit,
    source: Any,
    classes: ArrayLike | None,
    n_rows: int | None,
    validation: GivenRows,
    *,
    resume: bool = False,
) -> tuple[FitCall[NetworkOptions], BlockSource]:
    """Return a call of `fit_batches` and its source, whose first block is open, and which the caller closes."""
    passes = Passes(source)
    blocks = BlockSource(passes, n_rows, classes)
    call = network_call(estimator, FIT_BATCHES, validation, resume=resume)
    options = call.options
    if call.is_classifier and call.previous is None and classes is None:
        raise InvalidParameterError(
            "classes must be passed to fit_batches, for example classes=[0, 1], got None.",
            parameter="classes",
        )
    n_epochs = options.max_iter
    if call.resumed is not None:
        n_epochs -= call.resumed.state.epoch
    passes.require(n_epochs, f"max_iter={options.max_iter} reads it once per epoch")
    blocks.open_first_block(checks_of(call)._replace(width=None, may_be_empty=True))
    return call, blocks


class BlockSource(RowSource):
    """The blocks of a source: the first one, which is opened once, then readers of converted blocks."""

    fit_method = "fit_batches"
    _hashes: StreamHashes | None = None  # of a recorded fit

    def __init__(self, passes: Passes, n_rows: int | None, classes: ArrayLike | None) -> None:
        self._passes, self.classes = passes, classes
        self._n_rows = 0 if n_rows is None else positive_integer("n_rows", n_rows, " or None")
        # The first pass, which begins with the first block.
        self._begun: Generator[Any, None, None] | None = None
        self._seen: list[Any] = []  # the blocks of this pass that were read before
        # Of the labels of X, y and weights in all blocks, until a pass is complete.
        self._differences: Counter[tuple[str, str]] | None = Counter()

    def open_first_block(self, checks: InputChecks) -> None:
        """Read blocks until one has rows, and open it; all blocks have the same checks."""
        self._checks = checks
        items = self._passes.open()
        for index, item in enumerate(items):
            X, y, weight = unpacked(item, index)
            X = arrow_copied(X)
            y = read_once(y, "y")
            weight = read_once(weight, "sample_weight")
            self.given = X, y, weight
            self._seen.append((X, y) if weight is None else (X, y, weight))
            rows = self._checks.check_inputs(X)
            self._compare_labels(X, y, weight)
            if rows.X.shape[0]:
                self._first = self._checks.add_targets(rows, y, weight)
                self._begun = _continued(self._seen, items)
                return
        raise ValueError("source yielded no rows.")

    def close(self) -> None:
        """Close the first pass, if it has not been read."""
        if self._begun is not None:
            self._begun.close()
            self._begun = None

    def open(self, checks: InputChecks) -> CheckedRows:
        """Return the first block with rows."""
        return checks.recheck(self._first)

    def data(
        self, data: Data, options: TrainingOptions, state: TrainingState, encoding: TargetEncoding
    ) -> StreamData:
        """Return what reads the source in every epoch, and once more if it learns scales."""
        rows, dtype = data.rows, state.params.dtype
        self._format = BlockFormat.from_first_block(self._checks, self._first, encoding, dtype)
        index = len(self._seen) - 1
        with naming(f"block {index}"):
            require_normal(rows.weight, dtype)
        self._seen[-1] = rows._replace(number=index)
        n_rows = self._n_rows or state.n_rows or 0
        scale = data.scale_to_learn
        if scale is not None or y_scale_to_learn(encoding.objective(), state) is not None:
            learns = "y_scale" if scale is None else f"input_scale={scale!r}"
            self._passes.require(2, f"{learns} takes a pass of its own")
        elif not n_rows and (options.warmup or options.schedule().is_planned):
            name = "warmup" if options.warmup else "learning_rate"
            value = getattr(options, name)
            raise InvalidParameterError(
                f"{name}={value!r} needs the number of batches: pass n_rows=.",
                parameter=name,
                value=value,
            )
        data = replace(data, order=BlockOrder(bool(options.shuffle)))
        return StreamData(**vars(data), blocks=Blocks(n_rows, self._open, self._end_pass))

    def begin_hashes(self, training: Training) -> StreamHashes:
        """Hash the blocks of the passes that train, up to the first complete one."""
        self._hashes = StreamHashes(training)
        return self._hashes

    def _open(self) -> Reader[EncodedRows]:
        items: Iterator[Any]
        if self._hashes is not None:
            self._hashes.begin()
        if self._begun is not None:
            items, self._begun = self._begun, None
        else:
            items = self._passes.open()
        return Reader(items, self._encoded)

    def _compare_labels(self, X: Any, y: Any, weight: Any) -> None:
        if self._differences is not None:
            self._differences.update(label_differences(X=X, y=y, sample_weight=weight))

    def _end_pass(self) -> None:
        """Warn of blocks whose rows are in another order than those of X."""
        if self._differences is not None:
            warn_of_order(self._differences)
            self._differences = None

    def _encoded(self, item: Any, index: int) -> EncodedRows:
        """Return a block for the core; the reader's thread calls this."""
        if isinstance(item, EncodedRows):
            block = item
        else:
            block = self._format.encode(item, index)
            self._compare_labels(*unpacked(item, index))
        if self._hashes is not None:
            self._hashes.add(block)
        return block


def _continued(seen: list[Any], items: Iterator[Any]) -> Generator[Any, None, None]:
    """Yield the items that were read before, then the others; closing this generator closes theirs."""
    try:
        while seen:
            yield seen.pop(0)
        yield from items
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
