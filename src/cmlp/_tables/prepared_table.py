"""From the rows of a call to the table that its networks read, in stages that the types name.

A table is opened (`OpenRows`), read (`ReadTable`), checked and reported (`CheckedTable`), and its columns are learned;
once the folds are drawn, it is encoded (`PreparedTable`). No stage changes an earlier one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from cmlp._bridge import _core
from cmlp._data.checksums import hash_of_text
from cmlp._data.weights import weights_of_rows
from cmlp._findings.nominal import with_nominal
from cmlp._model.kinds_of_findings import RANDOM, TIME, silenced_by
from cmlp._model.other_rows import Differences, TrainingNumbers, warn_of_differences
from cmlp._model.outside import warn_of_moved_rows
from cmlp._model.summary import Background, kept_rows
from cmlp._process.warnings import Notices, silencing
from cmlp._tables.bag import (
    FEWEST_ROWS_TO_HOLD_OUT,
    gets_bins,
    number_of_folds,
    require_same,
)
from cmlp._tables.learn_columns import learn_categories_again, learn_inputs
from cmlp._tables.learn_statistics import encode_rows, with_new_statistics, with_statistics
from cmlp._tables.missing_values import warn_of_kept_codes
from cmlp._tables.monotone import signs_of_columns
from cmlp._tables.nominal import to_values, with_values
from cmlp._tables.read_table import (
    ReadTable,
    open_table,
    read_new_table,
    read_table,
    require_enough,
)
from cmlp._tables.row_times import as_times, later_windows, require_later_parts
from cmlp._tables.targets import learn_table_encoding
from cmlp._tables.tell import tell
from cmlp._train.random import draw_seed, generator_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cmlp._data.array_types import NDArray
    from cmlp._data.times import Times
    from cmlp._findings.table import CheckedTable
    from cmlp._model.findings import Report
    from cmlp._model.model import TableModel
    from cmlp._model.table_columns import TableColumns
    from cmlp._tables.table_call import TableCall
    from cmlp._train.split import Split

    # The columns as the networks see them, the training rows without what is not kept of columns that no network uses,
    # the signs of columns with which the answers can only rise or fall, and the columns of codes.
    Learned: TypeAlias = tuple[
        TableColumns, NDArray[np.float64], NDArray[np.int8] | None, Collection[int]
    ]

OTHER_DATA = (
    "resume=True continues a fit on other data. Pass the same X, y, groups, time and validation "
    "data, with the same names of columns, categories and labels."
)
_KEPT_COLUMNS = (
    " warm_start=True keeps the categories, ranges and bins of the earlier fit: fit with "
    "warm_start=False to learn those of these rows."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedTable(ReadTable):
    """A table as its networks read it, with what is learned of the columns of its training rows."""

    columns: TableColumns
    # The training rows without what is not kept of columns that no network uses.
    raw_to_keep: NDArray[np.float64]
    # Of the columns with which the answers can only rise or fall; None without such.
    column_signs: NDArray[np.int8] | None
    nominal: Collection[int]  # columns of whole numbers that are codes
    # Of the training rows: the statistics of a row are learned without its fold.
    folds: NDArray[np.uint8]
    seeds: Sequence[int]  # of the networks; none of a fit that is resumed
    # The rows as members with and without bins read them; None if there are no such members.
    with_bins: NDArray[np.float32] | None
    without_bins: NDArray[np.float32] | None
    report: Report | None = None  # what was found in the rows; of a warm start that of its model
    background: Background | None = None  # rows for explanations
    # With times, these, and the training rows before anything was learned, from which later parts are read.
    times: Times | None = None
    checked: CheckedTable | None = None

    def inputs_of(self, k: int) -> NDArray[np.float32]:
        """Return the encoded rows as member k reads them."""
        inputs = self.with_bins if gets_bins(self.columns, k) else self.without_bins
        assert inputs is not None
        return inputs

    def split(self, k: int) -> Split:
        """Return the training and the validation rows of member k, which have one of each set of copies."""
        n, n_rows = self.n_training, len(self.raw)
        if n < n_rows:
            return np.arange(n), np.arange(n, n_rows)
        if not self.n_folds:
            return np.arange(n), None
        held_out = self.folds == k % self.n_folds
        judged = np.flatnonzero(held_out)
        if self.copies is not None:
            judged = judged[self.copies[judged] == judged]
        return np.flatnonzero(~held_out), judged

    def checksum(self) -> int:
        """Return a checksum of the rows and of what is learned before training."""
        columns, labels, scale = self.columns, self.encoding.labels, self.encoding.answer_scale
        learned = [
            None if columns.names is None else list(columns.names),
            columns.categories,
            columns.dates,
            None if labels is None else (labels.classes.dtype.str, labels.classes.tolist()),
            None if scale is None else tuple(scale),
            len(self.raw) - self.n_training,
            columns.numbers.tobytes(),
            columns.statistics.tobytes(),
            *[groups and groups.codes.tobytes() for groups in (self.groups, self.training_groups)],
            self.digest_of_rows(),
        ]
        if self.times is not None:
            learned.append(self.times.ordered.tobytes())
        if self.copies is not None:
            learned.append(self.copies.tobytes())
        return int(hash_of_text(repr(learned)), 16)


def prepare_table(call: TableCall, until: float) -> PreparedTable:
    """Open, read and check the rows of a call, learn their columns, which a warm start keeps, and encode the rows.

    `until` ends the search for steps.
    """
    model = call.warm_model
    with silencing(silenced_by(call.options.known)):
        encoding, opened = open_table(call)
        counted = opened[0][1]
        require_enough(counted)
        checked = times = None
        if model is None:
            table, checked = read_new_table(call, encoding, opened)
            if call.time is not None:
                times = as_times(
                    call.time, checked.frame, checked.columns, checked.raw, checked.row_index
                )
                require_later_parts(times)
            checked = with_nominal(_with_use(call, table, replace(checked, times=times)))
            report = tell(checked)
            learned = _learned(
                call, table, checked.columns, counted.weight, checked.nominal, until=until
            )
        else:
            warn_of_kept_codes(call.options.missing_values, opened[0][0], model.columns)
            notices = Notices(_KEPT_COLUMNS)
            table = read_table(call, encoding, opened, model.columns, notices, model.gaps)
            report = model.report
            learned = _continued(call, table, model)
        raw_to_keep = learned[1]
        folds, seeds, background = _drawn(call, table, raw_to_keep)
        if times is not None:  # raises ValueError if too few groups have later rows
            later_windows(times, table.groups, folds)
        prepared = _encoded(table, learned, folds, seeds, call.options.n_estimators)
    return replace(
        prepared,
        report=report,
        background=background,
        times=times,
        checked=checked if times else None,
    )


def prepare_part(
    call: TableCall, table: PreparedTable, row_index: NDArray[np.intp], rng: _core.Random
) -> tuple[PreparedTable, NDArray[np.float64]]:
    """Return the table of some training rows for one network, which learns them anew, and all rows as it reads them.

    What a column holds, such as dates, is known. No check reads these rows: they are a part of those of a call.
    """
    checked = table.checked
    assert checked is not None
    weight = weights_of_rows(table.weight, row_index)
    encoding, counted = learn_table_encoding(
        call, table.truth[row_index, 0], weight, len(row_index), 1
    )
    row_index = row_index[counted.row_index]
    rows = checked.row_index[row_index]
    columns = learn_categories_again(checked.columns, checked.frame, rows, counted.weight)
    raw = columns.read(checked.frame, call.class_name)[checked.row_index]
    n, groups = len(rows), None if table.groups is None else table.groups_of(row_index)
    part = ReadTable(
        encoding=encoding,
        raw=raw[row_index],
        targets=counted.values,
        truth=counted.truth,
        weight=counted.weight,
        n_training=n,
        n_folds=number_of_folds(groups, 1) if n >= FEWEST_ROWS_TO_HOLD_OUT else 0,
        groups=groups,
        training_groups=groups,
    )
    # A time limit that had an effect on these columns, which no model keeps, could not be repeated.
    learned = _learned(call, part, columns, counted.weight, table.nominal, is_part=True)
    folds = part.draw_folds(1, rng)
    return _encoded(part, learned, folds, [draw_seed(rng)], 1), raw


def warn_of_validation_rows(table: PreparedTable, values: NDArray[np.float64]) -> Differences:
    """Warn of validation rows that are not as those of training, which have the `values`; return what was found."""
    training, validation = table.parts
    columns = table.columns
    known = TrainingNumbers.of_rows(
        table.raw[training],
        values,
        columns.names,
        [not column.is_number for column in columns],
        [column.is_date for column in columns],
    )
    found = known.differences(table.raw[validation])
    warn_of_differences(known, found, "X_val")
    return found


def _with_use(call: TableCall, table: ReadTable, checked: CheckedTable) -> CheckedTable:
    """Return the table with what is known of the rows to predict."""
    if call.time is not None:
        checked = replace(checked, use=TIME, silenced=checked.silenced | {TIME})
    # The user has said which rows are held out, or an equal fit has said what there is to say.
    if not table.n_folds or call.equal_columns is not None:
        checked = replace(checked, use=RANDOM)
    return checked


def _learned(
    call: TableCall,
    table: ReadTable,
    found: TableColumns,
    weight: NDArray[np.float64] | None,
    nominal: Collection[int],
    *,
    until: float = math.inf,
    is_part: bool = False,
) -> Learned:
    """Learn what the networks see of columns.

    `weight` are those of the training rows alone: if X_val alone has weights, the joined ones are ones, with which
    steps are learned from all rows, however many there are.
    """
    options, raw = call.options, table.to_train_on[0]
    columns = learn_inputs(
        found,
        raw,
        table.encoding.to_split(table.targets[: len(raw)]),
        weight,
        options.n_threads,
        date_parts=options.date_parts,
        until=until,
        earlier=None if is_part else call.equal_columns,
    )
    with_all = with_statistics(with_values(columns, raw, nominal), table)
    columns = with_all.without_unused_values(raw)
    raw_to_keep = columns.without_unused_numbers(raw, with_all.codes)
    signs = signs_of_columns(options.monotonic_cst, columns, table.encoding)
    return columns, raw_to_keep, signs, nominal


def _continued(call: TableCall, table: ReadTable, model: TableModel) -> Learned:
    """Return the columns of the model that a warm start continues, with new statistics."""
    raw = table.to_train_on[0]
    warn_of_moved_rows(model, raw, _KEPT_COLUMNS)
    columns = with_new_statistics(model.columns, table)
    signs = signs_of_columns(call.options.monotonic_cst, columns, table.encoding)
    return columns, columns.without_unused_numbers(raw), signs, ()


def _drawn(
    call: TableCall, table: ReadTable, raw_to_keep: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], Sequence[int], Background | None]:
    """Draw the folds, the seeds of the networks, and rows for explanations; those of a fit that is resumed are known.

    Random numbers are drawn in this order: the seed of the rows for explanations, the folds, the seeds of networks.
    """
    options, resumed = call.options, call.resumed
    if resumed is not None:
        if resumed.folds is None or len(resumed.folds) != table.n_training:
            raise ValueError(OTHER_DATA)
        return resumed.folds, (), resumed.model.background
    generator = _generator(options.random_state)
    seed = draw_seed(generator.copy())  # of rows whose choice changes no other number
    background = kept_rows(raw_to_keep, table.to_train_on[1], options.keep_background, seed)
    if call.previous is not None:
        require_same(call.previous.model.networks, options, table.encoding.n_outputs)
    folds = table.draw_folds(options.n_estimators, generator)
    seeds = [draw_seed(generator) for _ in range(options.n_estimators)]
    return folds, seeds, background


def _generator(seed: int | np.random.RandomState | None) -> _core.Random:
    """Return a generator of the core for the user's `random_state`."""
    rng = generator_of(seed)
    return rng if isinstance(rng, _core.Random) else _core.Random(draw_seed(rng))


def _encoded(
    table: ReadTable,
    learned: Learned,
    folds: NDArray[np.uint8],
    seeds: Sequence[int],
    n_networks: int,
) -> PreparedTable:
    """Return a table as its networks read it, with what was learned of the columns, and what was drawn."""
    columns, raw_to_keep, signs, nominal = learned
    kinds = {gets_bins(columns, k) for k in range(min(n_networks, 2))}
    inputs = encode_rows(columns, table, folds, kinds)
    if nominal:
        to_values(inputs[True], columns, nominal)
    return PreparedTable(
        **vars(table),
        columns=columns,
        raw_to_keep=raw_to_keep,
        column_signs=signs,
        nominal=nominal,
        folds=folds,
        seeds=seeds,
        with_bins=inputs.get(True),
        without_bins=inputs.get(False),
    )
