"""Opening the rows of a call that fits a table: their columns as they came, what y means, and which rows count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmlp._data.checks import as_targets
from cmlp._data.groups import as_groups, require_other_groups
from cmlp._data.input_frame import frame_of
from cmlp._data.row_labels import warn_of_other_order
from cmlp._data.weights import as_weights
from cmlp._tables.targets import learn_table_encoding
from cmlp._tables.tell import warn_of_one_class
from cmlp._train.objective import has_validation_rows, naming_validation
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from typing import TypeAlias

    from cmlp._data.input_frame import InputFrame
    from cmlp._tables.table_call import TableCall
    from cmlp._tables.targets import CountedRows, TableEncoding

    # The columns of training or of validation as they came, and the rows of them that count.
    OpenRows: TypeAlias = tuple[InputFrame, CountedRows]

_FEWEST_ROWS_TO_FIT = 2  # that fit accepts


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
    return counted if groups is None else counted._replace(groups=groups.take(counted.rows))


def require_enough(counted: CountedRows) -> None:
    """Raise ValueError if fewer rows count than fit accepts."""
    n_rows = len(counted.rows)
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
        raise InvalidParameterError(
            f"quantile must be one number with time, got {quantile!r}: later rows are measured for one prediction.",
            parameter="quantile",
            value=quantile,
        )
    if any(one is not None for one in call.groups):
        raise ValueError("time and groups exclude each other: pass one of them.")
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
