"""From X, y and groups of a call to the table that its networks read: `prepare_table` returns a `PreparedTable`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._data.checks import as_targets
from cmlp._data.checksums import block_checksums, hash_of_text, stored_dtype
from cmlp._data.groups import as_groups, require_other_groups
from cmlp._data.input_frame import frame_of, with_dates, without_codes
from cmlp._data.row_labels import warn_of_other_order
from cmlp._data.weights import as_weights, weights_of_rows
from cmlp._findings.copies import copies_of
from cmlp._findings.table import CategoryCounts, CheckedTable
from cmlp._model.kinds_of_findings import GROUPS, RANDOM, TIME, checked_known
from cmlp._model.other_rows import TrainingNumbers, warn_of_differences
from cmlp._model.outside import warn_of_moved_rows
from cmlp._process.threads import current_pool
from cmlp._process.warnings import Notices, knowing
from cmlp._tables.bag import FEWEST_ROWS_TO_HOLD_OUT, gets_bins, number_of_folds
from cmlp._tables.date_formats import forms_of_columns
from cmlp._tables.learn_columns import learn_categories_again, learn_columns, learn_inputs
from cmlp._tables.learn_statistics import (
    replace_training_statistics,
    with_new_statistics,
    with_statistics,
)
from cmlp._tables.missing_values import (
    codes_of_columns,
    unmatched_codes,
    warn_of_kept_codes,
)
from cmlp._tables.monotone import signs_of_columns
from cmlp._tables.row_times import as_times, require_later_parts
from cmlp._tables.splits import SplitTarget
from cmlp._tables.targets import learn_table_encoding
from cmlp._tables.tell import tell, warn_of_one_class, warn_of_unknown_columns
from cmlp._train.objective import has_validation_rows, naming_validation
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.array_types import GivenRows
    from cmlp._data.groups import Groups
    from cmlp._data.input_frame import InputFrame
    from cmlp._data.times import Times
    from cmlp._findings.table import UnmatchedCode
    from cmlp._fit.fit import Fit
    from cmlp._model.findings import Report
    from cmlp._model.model import TableModel
    from cmlp._model.other_rows import Differences
    from cmlp._model.table_columns import TableColumns
    from cmlp._model.unusual_rows import Gaps
    from cmlp._parameters.options import TableOptions
    from cmlp._tables.targets import CountedTargets, TableEncoding
    from cmlp._train.split import Split

_FEWEST_ROWS_TO_FIT = 2  # that fit accepts
_KEPT_COLUMNS = (
    " warm_start=True keeps the categories, ranges and bins of the earlier fit: fit with "
    "warm_start=False to learn those of these rows."
)


class GivenColumns(NamedTuple):
    """The columns of all rows of a call, what each holds, and which rows count."""

    frame: InputFrame
    columns: TableColumns
    rows: NDArray[np.intp]


@dataclass(eq=False)
class PreparedTable:
    """The rows of a fit that count, as its networks read them, and what is learned of y and of the columns.

    The training rows come first, then those of the user's validation data, if there are any.
    """

    encoding: TableEncoding  # what y means
    raw: NDArray[np.float64]  # the columns as numbers
    targets: NDArray[Any]
    truth: NDArray[Any]  # as `scores_of` compares it with outputs
    weight: NDArray[np.float64] | None
    n_training: int
    n_folds: int  # each network holds out one of them; 0 if none holds out training rows
    # Of the validation rows if there are some, or else of those of training.
    groups: Groups | None
    training_groups: Groups | None
    # The first of the training rows that is equal to each one; None unless they are copies.
    copies: NDArray[np.intp] | None = None
    report: Report | None = None  # what was found in them; of a warm start that of its model
    # Of the training rows, and with them what later parts of these rows are read from.
    times: Times | None = None
    given: GivenColumns | None = None
    # What is learned of the training rows:
    columns: TableColumns = field(init=False)
    # The training rows without what is not kept of columns that no network uses.
    raw_to_keep: NDArray[np.float64] = field(init=False)
    # Of the columns with which the answers can only rise or fall; None without such.
    column_signs: NDArray[np.int8] | None = field(init=False)
    # Of the members with and without bins.
    inputs: dict[bool, NDArray[np.float32]] = field(init=False)
    # Of the training rows: the statistics of a row are learned without its fold.
    folds: NDArray[np.uint8] = field(init=False)

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

    @property
    def classes(self) -> NDArray[Any] | None:
        """The classes of the training rows; None of numbers and of several labels."""
        return self.encoding.strata(self.targets[: self.n_training])

    def averages(self) -> NDArray[Any]:
        """Return the targets of the training rows of which statistics are means."""
        return self.encoding.to_average(self.targets[: self.n_training])

    def inputs_of(self, k: int) -> NDArray[np.float32]:
        """Return the encoded rows as member k reads them."""
        return self.inputs[gets_bins(self.columns, k)]

    def groups_of(self, rows: NDArray[np.int64]) -> Groups:
        """Return the groups of held-out rows."""
        assert self.groups is not None
        return self.groups.take(rows - self.parts[-1].start)

    def use_folds(self, folds: NDArray[np.integer]) -> None:
        """Learn the statistics of each training row without its fold, and keep the folds."""
        self.folds = folds.astype(np.uint8)
        raw, weight = self.to_train_on
        replace_training_statistics(self.inputs, self.columns, raw, folds, self.averages, weight)

    def split(self, k: int, folds: NDArray[np.integer]) -> Split:
        """Return the training and the validation rows of member k, which have one of each set of copies."""
        n, n_rows = self.n_training, len(self.raw)
        if n < n_rows:
            return np.arange(n), np.arange(n, n_rows)
        if not self.n_folds:
            return np.arange(n), None
        held_out = folds == k % self.n_folds
        judged = np.flatnonzero(held_out)
        if self.copies is not None:
            judged = judged[self.copies[judged] == judged]
        return np.flatnonzero(~held_out), judged

    def digest_of_rows(self) -> bytes:
        """Return the checksums of the rows, without what was learned from them."""
        arrays = [
            np.where(np.isnan(self.raw), np.nan, self.raw),
            self.targets,
        ]  # NaN has many forms
        if self.weight is not None:
            arrays.append(self.weight)
        return block_checksums(arrays, [stored_dtype(array) for array in arrays]).tobytes()

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


def prepare_table(
    fit: Fit,
    options: TableOptions,
    training: GivenRows,
    groups: tuple[object, object],
    *,
    time: object = None,
    until: float,
    earlier: TableColumns | None,
) -> PreparedTable:
    """Open the rows of a call, and learn their columns, which a warm start keeps. The folds are not drawn yet.

    `training` are X, y and weights; `groups` are those of the rows of training and validation, and `time` are the times
    of those of training, as they were given. `until` ends the search for steps; `earlier` are the columns of an equal
    fit, which is resumed or repeated.
    """
    if time is not None:
        _require_time_alone(fit, options, groups)
    encoding, opened = _open(fit, options, training, groups, time)
    opened_groups = _open_groups(options, opened, groups)
    n_rows = len(opened[0][1].rows)
    if n_rows < _FEWEST_ROWS_TO_FIT:
        raise ValueError(
            f"sample_weight must be positive for at least {_FEWEST_ROWS_TO_FIT} rows, got "
            f"{n_rows} (weights below 1e-30 of the largest count as 0, and "
            "class_weight multiplies them)."
        )
    read = partial(_read, fit, options, encoding, opened_groups, has_time=time is not None)
    if fit.warm_model is None:
        table = _learn(fit, options, opened, read, time, until, earlier)
    else:
        warn_of_kept_codes(options.missing_values, opened[0][0], fit.warm_model.columns)
        table = _keep(fit.warm_model, opened, read)
    _encode(table, options)
    return table


def prepare_part(
    fit: Fit, options: TableOptions, table: PreparedTable, rows: NDArray[np.intp]
) -> tuple[PreparedTable, NDArray[np.float64]]:
    """Return the table of some training rows, which learns them anew, and all training rows as it reads them.

    What a column holds, such as dates, is known. Nothing is told of these rows: they are a part of those of a call.
    """
    assert table.given is not None
    frame, known, places = table.given
    weight = weights_of_rows(table.weight, rows)
    encoding, targets = learn_table_encoding(
        fit, table.truth[rows, 0], weight, len(rows), options.n_estimators
    )
    counted = places[rows[targets.rows]]
    columns = learn_categories_again(known, frame, counted, targets.weight)
    raw = columns.read(frame, fit.class_name)[places]
    part = PreparedTable(
        encoding,
        raw[rows[targets.rows]],
        targets.values,
        targets.truth,
        targets.weight,
        n_training=len(counted),
        n_folds=number_of_folds(None, options.n_estimators)
        * (len(counted) >= FEWEST_ROWS_TO_HOLD_OUT),
        groups=None,
        training_groups=None,
    )
    # A time limit that had an effect on these columns, which no model keeps, could not be repeated.
    _learn_inputs(part, columns, targets, options, math.inf)
    _encode(part, options)
    return part, raw


def _encode(table: PreparedTable, options: TableOptions) -> None:
    """Encode the rows of a table as its networks read them."""
    table.column_signs = signs_of_columns(options.monotonic_cst, table.columns, table.encoding)
    kinds = {gets_bins(table.columns, k) for k in range(min(options.n_estimators, 2))}
    table.inputs = {bins: table.columns.encode(table.raw, bins=bins) for bins in kinds}


def _require_time_alone(fit: Fit, options: TableOptions, groups: tuple[object, object]) -> None:
    """Raise ValueError if a fit cannot measure the errors on later rows."""
    if fit.is_classifier:
        raise ValueError(
            f"time is for TabularRegressor, and this is a {fit.class_name}: sets of classes for later rows would hold "
            "nearly all classes."
        )
    if not options.early_stopping:
        raise InvalidParameterError(
            "early_stopping=False holds out no rows: leave out time.",
            parameter="early_stopping",
            value=False,
        )
    if isinstance(options.loss_parameter, tuple):
        raise InvalidParameterError(
            f"quantile must be one number with time, got {options.loss_parameter!r}: later rows are measured for "
            "one prediction.",
            parameter="quantile",
            value=options.loss_parameter,
        )
    if any(one is not None for one in groups):
        raise ValueError("time and groups exclude each other: pass one of them.")
    if has_validation_rows(*fit.validation):
        raise ValueError(
            "time and X_val exclude each other: with time, later parts of the rows of X are predicted from what came "
            "before."
        )
    if fit.warm_model is not None:
        raise ValueError(
            "time needs a new model, and warm_start=True continues one that knows other rows: fit with "
            "warm_start=False."
        )


def _open(
    fit: Fit,
    options: TableOptions,
    training: GivenRows,
    groups_given: tuple[object, object],
    time: object = None,
) -> tuple[TableEncoding, list[tuple[InputFrame, CountedTargets]]]:
    """Learn what y means. Return that, and the columns of X, and of X_val if given, with the targets that count."""
    X, y, weight = training
    X_val, y_val, weight_val = fit.validation
    groups, groups_val = groups_given
    warn_of_other_order(X=X, y=y, sample_weight=weight, groups=groups, time=time)
    frame = frame_of(X, fit.class_name)
    val_frame = None
    if has_validation_rows(X_val, y_val, weight_val):
        warn_of_other_order(
            X_val=X_val, y_val=y_val, sample_weight_val=weight_val, groups_val=groups_val
        )
        if not options.early_stopping:
            raise InvalidParameterError(
                "early_stopping=False uses no validation data: leave out X_val and y_val.",
                parameter="early_stopping",
                value=False,
            )
        val_frame = _validation_frame(X_val, fit.class_name)
    _require_rows(frame, fit.class_name)
    weights = as_weights(weight, frame.n_rows)
    encoding, targets = learn_table_encoding(fit, y, weights, frame.n_rows, options.n_estimators)
    if time is not None and targets.truth.shape[1] > 1:
        raise ValueError(
            f"time needs one target, got y with {targets.truth.shape[1]} columns: fit a model for each."
        )
    opened = [(frame, targets)]
    if val_frame is not None:
        with naming_validation():
            array = as_targets(y_val, val_frame.n_rows, fit.class_name, labels=fit.is_classifier)
            weights_val = as_weights(weight_val, val_frame.n_rows)
            opened.append((val_frame, encoding.targets(array, weights_val)))
        classes, classes_val = [encoding.strata(part.values) for _, part in opened]
        if encoding.labels is not None and classes is not None and classes_val is not None:
            warn_of_one_class(encoding.labels, classes, classes_val)
    return encoding, opened


def _require_rows(frame: InputFrame, class_name: str) -> None:
    """Raise ValueError if there are too few rows."""
    shape = frame.n_rows, len(frame.columns)
    if frame.n_rows < _FEWEST_ROWS_TO_FIT:
        raise ValueError(
            f"Found array with {frame.n_rows} sample(s) (shape={shape}) while a minimum of "
            f"{_FEWEST_ROWS_TO_FIT} is required by {class_name}."
        )


def _validation_frame(X_val: ArrayLike | None, class_name: str) -> InputFrame:
    """Return the columns of the validation data."""
    with naming_validation():
        frame = frame_of(X_val, class_name)
    if not frame.n_rows:
        raise ValueError("X_val must have at least one row.")
    return frame


def _open_groups(
    options: TableOptions,
    opened: Sequence[tuple[InputFrame, CountedTargets]],
    groups_given: tuple[object, object],
) -> tuple[Groups | None, Groups | None]:
    """Return the groups of the rows that count: of those of training, and of those of validation.

    Raises ValueError for groups that nothing would use.
    """
    given, given_val = groups_given
    (frame, targets), *validation_parts = opened
    groups = as_groups(given, frame.n_rows)
    if groups is not None:
        if not options.early_stopping:
            raise InvalidParameterError(
                "early_stopping=False holds out no rows: leave out groups.",
                parameter="early_stopping",
                value=False,
            )
        groups = groups.take(targets.rows)
    if not validation_parts:
        if given_val is not None:
            raise ValueError("groups_val must be passed with X_val and y_val, got X_val=None.")
        return groups, None
    ((val_frame, validation),) = validation_parts
    groups_val = as_groups(given_val, val_frame.n_rows, "groups_val")
    if groups_val is not None:
        groups_val = groups_val.take(validation.rows)
    if groups is not None:
        if groups_val is None:
            raise ValueError(
                "groups_val must be passed with groups and X_val, got groups_val=None: fit "
                "holds out no groups then, and measures errors on X_val."
            )
        require_other_groups(groups, groups_val)
    return groups, groups_val


def _keep(
    model: TableModel,
    opened: Sequence[tuple[InputFrame, CountedTargets]],
    read: Callable[..., PreparedTable],
) -> PreparedTable:
    """Return the table with the columns of the model that a warm start continues, but new statistics."""
    table = read(model.columns, opened, Notices(_KEPT_COLUMNS), model.gaps)
    table.report = model.report
    raw, weight = table.to_train_on
    warn_of_moved_rows(model, raw, _KEPT_COLUMNS)
    table.columns = with_new_statistics(model.columns, raw, table.averages, weight)
    table.raw_to_keep = table.columns.without_unused_numbers(raw)
    return table


def _learn(
    fit: Fit,
    options: TableOptions,
    opened: Sequence[tuple[InputFrame, CountedTargets]],
    read: Callable[..., PreparedTable],
    time: object,
    until: float,
    earlier: TableColumns | None,
) -> PreparedTable:
    """Learn the columns, and return the table with them."""
    table, checked = _find_columns(fit, options, opened, read)
    if time is not None:
        times = as_times(time, checked.frame, checked.columns, checked.raw, checked.rows)
        require_later_parts(times)
        table.times, table.given = times, GivenColumns(checked.frame, checked.columns, checked.rows)
        checked = replace(checked, use=TIME, known=checked.known | {TIME})
    # The user has said which rows are held out, or an equal fit has said what there is to say.
    if not table.n_folds or earlier is not None:
        checked = replace(checked, use=RANDOM)
    table.report = tell(checked)
    _learn_inputs(table, checked.columns, opened[0][1], options, until, earlier)
    return table


def _learn_inputs(
    table: PreparedTable,
    known: TableColumns,
    targets: CountedTargets,
    options: TableOptions,
    until: float,
    earlier: TableColumns | None = None,
) -> None:
    """Learn what the networks of a table see of its columns."""
    raw, weight = table.to_train_on
    columns = learn_inputs(
        known,
        raw,
        SplitTarget(table.encoding.to_split(targets.values), targets.weight),
        options.n_threads,
        date_parts=options.date_parts,
        until=until,
        earlier=earlier,
    )
    learned = with_statistics(columns, raw, table.averages, weight)
    table.columns = learned.without_unused_values(raw)
    table.raw_to_keep = table.columns.without_unused_numbers(raw, learned.codes)


def _find_columns(
    fit: Fit,
    options: TableOptions,
    opened: Sequence[tuple[InputFrame, CountedTargets]],
    read: Callable[..., PreparedTable],
) -> tuple[PreparedTable, CheckedTable]:
    """Find what each column holds, read the rows, and return them for networks and as checks look at them."""
    (frame, targets), *others = opened
    categorical = options.categorical_features
    codes = codes_of_columns(options.missing_values, frame)
    given = frame
    if codes:
        frame = without_codes(frame, codes)
    forms = forms_of_columns(options.date_formats, frame, targets.rows)
    if forms:
        frame = with_dates(frame, forms)
    counts: dict[int, CategoryCounts] = {}
    columns = learn_columns(
        frame, categorical, fit.class_name, targets.rows, targets.weight, forms, counts, codes
    )
    table = read(columns, [(frame, targets), *others])
    raw, weight = table.to_train_on
    checked = CheckedTable(
        frame,
        columns,
        targets.rows,
        raw,
        table.truth[: table.n_training],
        table.averages,
        table.encoding.labels,
        weight,
        table.training_groups,
        table.copies,
        use=None if table.training_groups is None else GROUPS,
        known=checked_known(options.known),
        counts=counts,
        unmatched=_unmatched(options, given, columns, targets.rows),
        numbers_may_be_dates=categorical is not None,
    )
    warn_of_unknown_columns(checked)
    return table, checked


def _unmatched(
    options: TableOptions, frame: InputFrame, columns: TableColumns, rows: NDArray[np.intp]
) -> list[UnmatchedCode]:
    """Return the codes that no row has; none in `fit_many`, whose models may have parts of the rows."""
    if current_pool() is not None:
        return []
    return [*unmatched_codes(options.missing_values, frame, columns, rows)]


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


def table_to_examine(
    fit: Fit, options: TableOptions, training: GivenRows, groups: tuple[object, object]
) -> CheckedTable:
    """Open the rows of a call as `prepare_table`, and return them as checks look at them."""
    with knowing(checked_known(options.known)):
        encoding, opened = _open(fit, options, training, groups)
        opened_groups = _open_groups(options, opened, groups)
        read = partial(_read, fit, options, encoding, opened_groups)
        return _find_columns(fit, options, opened, read)[1]


def _read(
    fit: Fit,
    options: TableOptions,
    encoding: TableEncoding,
    groups: tuple[Groups | None, Groups | None],
    columns: TableColumns,
    opened: Sequence[tuple[InputFrame, CountedTargets]],
    notices: Notices | None = None,
    gaps: Gaps | None = None,
    *,
    has_time: bool = False,
) -> PreparedTable:
    """Return the table with the rows that count, of training and validation, before its columns are learned.

    With `notices`, the columns and the gaps are those of an earlier fit, and there are warnings of what these rows
    have besides. Groups and times alone decide which rows are held out together: copies are not looked for.
    """
    (frame, targets), *validation_parts = opened
    raw = columns.read(frame, fit.class_name, notices, gaps, in_fit=True)
    if len(targets.rows) < len(raw):
        raw = raw[targets.rows]
    numbers, parts = [raw], [targets]
    for val_frame, validation in validation_parts:
        with naming_validation():
            val_raw = columns.read(val_frame, fit.class_name, Notices(), gaps)
        numbers.append(val_raw[validation.rows])
        parts.append(validation)
    weight = None
    if any(part.weight is not None for part in parts):
        weight = _joined(
            [np.ones(len(part.rows)) if part.weight is None else part.weight for part in parts]
        )
    training_groups, validation_groups = groups
    copies = None
    if training_groups is None and not has_time:
        copies = copies_of(frame, targets.truth, targets.rows)
    n_folds = 0
    if options.early_stopping and not validation_parts and len(raw) >= FEWEST_ROWS_TO_HOLD_OUT:
        n_folds = number_of_folds(training_groups, options.n_estimators)
    return PreparedTable(
        encoding,
        _joined(numbers),
        _joined([part.values for part in parts]),
        _joined([part.truth for part in parts]),
        weight,
        n_training=len(raw),
        n_folds=n_folds,
        groups=validation_groups if validation_parts else training_groups,
        training_groups=training_groups,
        copies=copies,
    )


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return the rows of all parts: of one, without a copy."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts)
