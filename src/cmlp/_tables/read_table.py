"""Reading the opened rows of a table: what each column holds, and the rows as numbers, from which all is learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.checksums import block_checksums, stored_dtype
from cmlp._data.input_frame import with_dates, without_codes
from cmlp._data.weights import weights_of_rows
from cmlp._findings.copies import copies_of
from cmlp._findings.table import CategoryCounts, CheckedTable
from cmlp._model.kinds_of_findings import GROUPS, silenced_by
from cmlp._process.threads import current_pool
from cmlp._process.warnings import Notices, silencing
from cmlp._tables.bag import (
    FEWEST_ROWS_TO_HOLD_OUT,
    folds_of,
    folds_of_copies,
    folds_of_groups,
    number_of_folds,
)
from cmlp._tables.date_formats import forms_of_columns
from cmlp._tables.learn_columns import learn_columns
from cmlp._tables.missing_values import codes_of_columns, unmatched_codes
from cmlp._tables.open_table import open_table
from cmlp._tables.tell import warn_of_unknown_columns
from cmlp._train.objective import naming_validation
from cmlp.exceptions import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._bridge import _core
    from cmlp._data.array_types import AnyArray
    from cmlp._data.groups import Groups
    from cmlp._model.table_columns import TableColumns
    from cmlp._model.unusual_rows import Gaps
    from cmlp._tables.open_table import OpenRows
    from cmlp._tables.table_call import TableCall
    from cmlp._tables.targets import TableEncoding


@dataclass(frozen=True, eq=False, kw_only=True)
class ReadTable:
    """The rows of a fit that count, with their columns as numbers.

    The training rows come first, then those of the user's validation data, if there are any.
    """

    encoding: TableEncoding  # what y means
    raw: NDArray[np.float64]  # the columns as numbers
    targets: AnyArray
    truth: AnyArray  # as `scores_of` compares it with outputs
    weight: NDArray[np.float64] | None
    n_training: int
    n_folds: int  # each network holds out one of them; 0 if none holds out training rows
    # Of the validation rows if there are some, or else of those of training.
    groups: Groups | None = None
    training_groups: Groups | None = None
    # The first of the training rows that is equal to each one; None unless they are copies.
    copies: NDArray[np.intp] | None = None

    @property
    def parts(self) -> list[slice]:
        """The training rows, and the validation rows if there are any."""
        n, n_rows = self.n_training, len(self.raw)
        if n == n_rows:
            return [slice(0, n)]
        return [slice(0, n), slice(n, n_rows)]

    @property
    def to_train_on(self) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """The columns and the weights of the training rows."""
        n = self.n_training
        return self.raw[:n], weights_of_rows(self.weight, slice(n))

    def averages(self) -> AnyArray:
        """Return the targets of the training rows of which statistics are means."""
        return self.encoding.to_average(self.targets[: self.n_training])

    def groups_of(self, rows: NDArray[np.int64]) -> Groups:
        """Return the groups of held-out rows."""
        assert self.groups is not None
        return self.groups.take(rows - self.parts[-1].start)

    def digest_of_rows(self) -> bytes:
        """Return the checksums of the rows, without what was learned from them."""
        arrays = [
            np.where(np.isnan(self.raw), np.nan, self.raw),
            self.targets,
        ]  # NaN has many forms
        if self.weight is not None:
            arrays.append(self.weight)
        return block_checksums(arrays, [stored_dtype(array) for array in arrays]).tobytes()

    def draw_folds(self, n_networks: int, rng: _core.Random) -> NDArray[np.uint8]:
        """Draw the folds of which networks hold out one, and those without which statistics of rows are learned."""
        classes, groups = (
            self.encoding.strata(self.targets[: self.n_training]),
            self.training_groups,
        )
        if groups is not None and self.n_folds:
            self._require_groups(groups, classes)
            folds = folds_of_groups(groups, classes, self.n_folds, rng)
        elif groups is not None:
            # The statistics of a row must not know the targets of its group. The seeds of networks are those of a fit
            # without groups.
            n_folds = number_of_folds(groups, n_networks)
            folds = folds_of_groups(groups, classes, n_folds, rng.copy())
            folds_of(self.n_training, classes, rng)
        elif self.copies is not None:
            folds = folds_of_copies(self.copies, classes, rng)
        else:
            folds = folds_of(self.n_training, classes, rng)
        return folds.astype(np.uint8)

    def _require_groups(self, groups: Groups, classes: NDArray[np.int64] | None) -> None:
        """Raise ValueError if networks cannot hold out groups whose classes others have, too."""
        if groups.group_count.n < 2:
            raise ValueError(
                "groups must have at least 2 groups, of which networks hold out some, got 1 "
                f"group: {shown(groups.values[0])}."
            )
        labels = self.encoding.labels
        if classes is None or labels is None:
            return
        pairs = np.unique(np.stack([classes, groups.codes], axis=1), axis=0)
        alone = np.flatnonzero(np.bincount(pairs[:, 0]) == 1)
        if len(alone):
            group = pairs[pairs[:, 0] == alone[0], 1][0]
            raise ValueError(
                f"groups must have each class in at least 2 groups, got class "
                f"{shown(labels.classes.tolist()[alone[0]])} in {shown(groups.values[group])} "
                "only: the networks that hold out this group cannot learn the class."
            )


def read_table(
    call: TableCall,
    encoding: TableEncoding,
    opened: Sequence[OpenRows],
    columns: TableColumns,
    notices: Notices | None = None,
    gaps: Gaps | None = None,
) -> ReadTable:
    """Read the rows that count, of training and maybe of validation, as numbers.

    With `notices`, the columns and the gaps are those of an earlier fit, and there are warnings of what these rows have
    besides. Groups and times alone decide which rows are held out together: copies are not looked for.
    """
    (frame, training), *validation = opened
    raw = columns.read(frame, call.class_name, notices, gaps, in_fit=True)
    numbers = [raw if len(training.rows) == len(raw) else raw[training.rows]]
    for frame_val, rows_val in validation:
        with naming_validation():
            raw_val = columns.read(frame_val, call.class_name, Notices(), gaps)
        numbers.append(raw_val[rows_val.rows])
    counted = [rows for _, rows in opened]
    weight = None
    if any(rows.weight is not None for rows in counted):
        weight = _joined(
            [np.ones(len(one.rows)) if one.weight is None else one.weight for one in counted]
        )
    copies = None
    if training.groups is None and call.time is None:
        copies = copies_of(frame, training.truth, training.rows)
    n_training, n_folds = len(training.rows), 0
    if call.options.early_stopping and not validation and n_training >= FEWEST_ROWS_TO_HOLD_OUT:
        n_folds = number_of_folds(training.groups, call.options.n_estimators)
    return ReadTable(
        encoding=encoding,
        raw=_joined(numbers),
        targets=_joined([rows.values for rows in counted]),
        truth=_joined([rows.truth for rows in counted]),
        weight=weight,
        n_training=n_training,
        n_folds=n_folds,
        groups=counted[-1].groups,
        training_groups=training.groups,
        copies=copies,
    )


def _joined(parts: Sequence[AnyArray]) -> AnyArray:
    """Return the rows of all parts: of one, without a copy."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts)


def read_new_table(
    call: TableCall, encoding: TableEncoding, opened: Sequence[OpenRows]
) -> tuple[ReadTable, CheckedTable]:
    """Find what each column holds, read the rows, and return them for networks and as checks look at them."""
    options = call.options
    (given, training), *validation = opened
    codes = codes_of_columns(options.missing_values, given)
    frame = without_codes(given, codes) if codes else given
    forms = forms_of_columns(options.date_formats, frame, training.rows)
    if forms:
        frame = with_dates(frame, forms)
    counts: dict[int, CategoryCounts] = {}
    columns = learn_columns(
        frame,
        options.categorical_features,
        call.class_name,
        training.rows,
        training.weight,
        forms,
        counts,
        codes,
    )
    table = read_table(call, encoding, [(frame, training), *validation], columns)
    raw, weight = table.to_train_on
    unmatched = []
    if current_pool() is None:  # the models of `fit_many` may have parts of the rows
        unmatched = [*unmatched_codes(options.missing_values, given, columns, training.rows)]
    checked = CheckedTable(
        frame,
        columns,
        training.rows,
        raw,
        training.truth,
        table.averages,
        encoding.labels,
        weight,
        training.groups,
        table.copies,
        use=None if training.groups is None else GROUPS,
        silenced=silenced_by(options.known),
        counts=counts,
        unmatched=unmatched,
        numbers_may_be_dates=options.categorical_features is not None,
    )
    warn_of_unknown_columns(checked)
    return table, checked


def table_to_examine(call: TableCall) -> CheckedTable:
    """Open and read the rows of a call as `fit` does, and return them as checks look at them."""
    with silencing(silenced_by(call.options.known)):
        return read_new_table(call, *open_table(call))[1]
