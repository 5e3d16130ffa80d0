"""Opening and reading the rows of a call that fits a table: what y means, what each column holds, rows as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.checks import as_targets
from cmlp._data.checksums import block_checksums, stored_dtype
from cmlp._data.groups import Groups, as_groups, require_other_groups
from cmlp._data.input_frame import InputFrame, frame_of, with_dates, without_codes
from cmlp._data.row_labels import warn_of_other_order
from cmlp._data.weights import as_weights, weights_of_rows
from cmlp._findings.copies import copies_of
from cmlp._findings.nominal import with_nominal
from cmlp._findings.table import CategoryCounts, CheckedTable
from cmlp._model.kinds_of_findings import GROUPS, silenced_by
from cmlp._model.table_columns import TableColumns
from cmlp._model.unusual_rows import Gaps
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
from cmlp._tables.learn_columns import is_from_dtype, learn_columns
from cmlp._tables.missing_values import codes_of_columns, unmatched_codes
from cmlp._tables.monotone import signs_of_columns
from cmlp._tables.table_call import TableCall
from cmlp._tables.targets import CountedRows, TableEncoding, learn_table_encoding
from cmlp._tables.tell import warn_of_one_class, warn_of_unknown_columns
from cmlp._train.objective import has_validation_rows, naming_validation
from cmlp.exceptions import InvalidParameterError, refused, shown

# The columns of training or of validation as they came, and the rows of them that count.
OpenRows: TypeAlias = tuple[InputFrame, CountedRows]


_FEWEST_ROWS_TO_FIT = 2  # that fit accepts


# ------------------------------------------------------------------------------------------ opening


def open_table(call: TableCall) -> tuple[TableEncoding, list[OpenRows]]:
    """Return what y means, and the rows of X, and of X_val if it is given."""
    if call.time is not None:
        _require_time_alone(call)
    X, y, weight = call.given
    groups, groups_val = call.groups
    warn_of_other_order(X=X, y=y, sample_weight=weight, groups=groups, time=call.time)
    frame = frame_of(X, call.class_name)
    frame_val = _validation_frame(call)
    _require_rows(frame, call.class_name)
    weights = as_weights(weight, frame.n_rows)
    n_networks = call.options.n_estimators
    encoding, counted = learn_table_encoding(call, y, weights, frame.n_rows, n_networks)
    if call.time is not None and counted.truth.shape[1] > 1:
        raise ValueError(
            f"time needs one target, got y with {counted.truth.shape[1]} columns: fit a model for each."
        )
    counted = _with_groups("groups", groups, frame, counted)
    if groups is not None:
        _require_early_stopping(call, "holds out no rows: leave out groups.")
    if frame_val is not None:
        counted_val = _validation_rows(call, encoding, frame_val, counted)
        return encoding, [(frame, counted), (frame_val, counted_val)]
    if groups_val is not None:
        raise ValueError("groups_val must be passed with X_val and y_val, got X_val=None.")
    return encoding, [(frame, counted)]


def _validation_frame(call: TableCall) -> InputFrame | None:
    """Return the columns of the validation data; None without."""
    X, y, weight = call.validation
    if not has_validation_rows(X, y, weight):
        return None
    warn_of_other_order(X_val=X, y_val=y, sample_weight_val=weight, groups_val=call.groups[1])
    _require_early_stopping(call, "uses no validation data: leave out X_val and y_val.")
    with naming_validation():
        frame = frame_of(X, call.class_name)
    if not frame.n_rows:
        raise ValueError("X_val must have at least one row.")
    return frame


def _validation_rows(
    call: TableCall, encoding: TableEncoding, frame: InputFrame, training: CountedRows
) -> CountedRows:
    """Return the rows of the validation data that count, with a warning if they are all of one class."""
    _, y, weight = call.validation
    with naming_validation():
        array = as_targets(y, frame.n_rows, call.class_name, labels=call.is_classifier)
        counted = encoding.targets(array, as_weights(weight, frame.n_rows))
    classes, classes_val = encoding.strata(training.values), encoding.strata(counted.values)
    if encoding.labels is not None and classes is not None and classes_val is not None:
        warn_of_one_class(encoding.labels, classes, classes_val)
    counted = _with_groups("groups_val", call.groups[1], frame, counted)
    if training.groups is not None:
        if counted.groups is None:
            raise ValueError(
                "groups_val must be passed with groups and X_val, got groups_val=None: fit "
                "holds out no groups then, and measures errors on X_val."
            )
        require_other_groups(training.groups, counted.groups)
    return counted


def _with_groups(name: str, given: object, frame: InputFrame, counted: CountedRows) -> CountedRows:
    """Return rows that count with their groups, if they have some."""
    groups = as_groups(given, frame.n_rows, name)
    return counted if groups is None else counted._replace(groups=groups.take(counted.row_index))


def require_enough(counted: CountedRows) -> None:
    """Raise ValueError if fewer rows count than fit accepts."""
    n_rows = len(counted.row_index)
    if n_rows < _FEWEST_ROWS_TO_FIT:
        raise ValueError(
            f"sample_weight must be positive for at least {_FEWEST_ROWS_TO_FIT} rows, got "
            f"{n_rows} (weights below 1e-30 of the largest count as 0, and "
            "class_weight multiplies them)."
        )


def _require_rows(frame: InputFrame, class_name: str) -> None:
    """Raise ValueError if there are too few rows."""
    shape = frame.n_rows, len(frame.columns)
    if frame.n_rows < _FEWEST_ROWS_TO_FIT:
        raise ValueError(
            f"Found array with {frame.n_rows} sample(s) (shape={shape}) while a minimum of "
            f"{_FEWEST_ROWS_TO_FIT} is required by {class_name}."
        )


def _require_early_stopping(call: TableCall, why: str) -> None:
    """Raise InvalidParameterError if networks hold out no rows."""
    if not call.options.early_stopping:
        raise InvalidParameterError(
            f"early_stopping=False {why}", parameter="early_stopping", value=False
        )


def _require_time_alone(call: TableCall) -> None:
    """Raise ValueError if a fit cannot measure the errors on later rows."""
    if call.is_classifier:
        raise ValueError(
            f"time is for TabularRegressor, and this is a {call.class_name}: sets of classes for later rows would hold "
            "nearly all classes."
        )
    _require_early_stopping(call, "holds out no rows: leave out time.")
    quantile = call.options.loss_parameter
    if isinstance(quantile, tuple):
        raise refused(
            "quantile",
            f"must be one number with time, got {quantile!r}: later rows are measured for one prediction.",
            quantile,
        )
    if has_validation_rows(*call.validation):
        raise ValueError(
            "time and X_val exclude each other: with time, later parts of the rows of X are predicted from what came "
            "before."
        )
    if call.warm_model is not None:
        raise ValueError(
            "time needs a new model, and warm_start=True continues one that knows other rows: fit with "
            "warm_start=False."
        )


# ------------------------------------------------------------------------------------------ reading


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

    def groups_of(self, row_index: NDArray[np.int64]) -> Groups:
        """Return the groups of held-out rows."""
        assert self.groups is not None
        return self.groups.take(row_index - self.parts[-1].start)

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
    numbers = [raw if len(training.row_index) == len(raw) else raw[training.row_index]]
    for frame_val, rows_val in validation:
        with naming_validation():
            raw_val = columns.read(frame_val, call.class_name, Notices(), gaps)
        numbers.append(raw_val[rows_val.row_index])
    counted = [rows for _, rows in opened]
    weight = None
    if any(rows.weight is not None for rows in counted):
        weight = _joined(
            [np.ones(len(one.row_index)) if one.weight is None else one.weight for one in counted]
        )
    copies = None
    if training.groups is None and call.time is None:
        copies = copies_of(frame, training.truth, training.row_index)
    n_training, n_folds = len(training.row_index), 0
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
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def read_new_table(
    call: TableCall, encoding: TableEncoding, opened: Sequence[OpenRows]
) -> tuple[ReadTable, CheckedTable]:
    """Find what each column holds, read the rows, and return them for networks and as checks look at them."""
    options = call.options
    (given, training), *validation = opened
    codes = codes_of_columns(options.missing_values, given)
    frame = without_codes(given, codes) if codes else given
    forms = forms_of_columns(options.date_formats, frame, training.row_index)
    if forms:
        frame = with_dates(frame, forms)
    counts: dict[int, CategoryCounts] = {}
    columns = learn_columns(
        frame,
        options.categorical_features,
        call.class_name,
        training.row_index,
        training.weight,
        forms=forms,
        counts=counts,
        codes=codes,
    )
    table = read_table(call, encoding, [(frame, training), *validation], columns)
    raw, weight = table.to_train_on
    numbers: Sequence[int] = range(len(columns))
    if is_from_dtype(options.categorical_features):
        signs = signs_of_columns(options.monotonic_cst, columns, encoding)
        numbers = () if signs is None else np.flatnonzero(signs).tolist()
    unmatched = []
    if current_pool() is None:  # the models of `fit_many` may have parts of the rows
        unmatched = [*unmatched_codes(options.missing_values, given, columns, training.row_index)]
    checked = CheckedTable(
        frame=frame,
        columns=columns,
        row_index=training.row_index,
        raw=raw,
        y=training.truth,
        average=table.averages,
        labels=encoding.labels,
        weight=weight,
        groups=training.groups,
        copies=table.copies,
        use=None if training.groups is None else GROUPS,
        silenced=silenced_by(options.known),
        counts=counts,
        unmatched=unmatched,
        numbers_may_be_dates=options.categorical_features is not None,
        numbers=numbers,
    )
    warn_of_unknown_columns(checked)
    return table, checked


def table_to_examine(call: TableCall) -> CheckedTable:
    """Open and read the rows of a call as `fit` does, and return them as checks look at them."""
    with silencing(silenced_by(call.options.known)):
        return with_nominal(read_new_table(call, *open_table(call))[1])
