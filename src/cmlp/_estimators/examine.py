"""`examine`: what is probably wrong with a table, measured with small models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cmlp._data.array_types import AnyArray, ArrayLike, ByColumn, NDArray
from cmlp._data.arrays import is_missing, rectangular
from cmlp._data.checks import as_targets
from cmlp._data.input_frame import InputFrame, frame_of
from cmlp._data.labels import are_probably_numbers
from cmlp._data.weights import as_weights
from cmlp._estimators.tabular import TabularClassifier, TabularRegressor
from cmlp._findings.table import TARGET, CheckedTable
from cmlp._model.findings import Finding, Report, names_in_known
from cmlp._model.kinds_of_findings import GROUPS, USES
from cmlp.callbacks import bar_over
from cmlp.exceptions import InvalidParameterError, shown

Progress = Callable[[int, int], object]

_FEWEST_ROWS = 40  # that small models are fitted to


def examine(
    X: ArrayLike,
    y: ArrayLike | str,
    sample_weight: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    use: str | None = None,
    regressor: bool | None = None,
    known: Sequence[str] | None = None,
    progress: Callable[[int, int], object] | str | None = None,
    categorical_features: str | ArrayLike | None = "from_dtype",
    date_formats: str | ByColumn[str] | None = None,
    missing_values: float | str | Sequence[float | str] | ByColumn[object] | None = None,
) -> Report:
    """Find what is probably wrong with a table, and measure what the remedies bring.

    Each finding has a code, the columns, a weight from 0 to 1, the evidence and a remedy. Where small models, on at
    most 2,000 rows, can measure the harm, the weight is the share of the error, of the coverage or of the width of
    intervals that the remedy changes, and less than 5 % is not said. Of fewer than 40 rows nothing is measured. No
    finding has values of cells.

    Parameters
    ----------
    X : data frame or array-like of shape (n_samples, n_features)
        As for `TabularRegressor.fit`. Columns of arrays are called x0, x1 and so on.
    y : array-like or str
        The targets, or the name of the column of X that has them. Rows without a target are left out, and counted in
        a finding.
    sample_weight : None, float or array-like of shape (n_samples,), default=None
        Weights of the rows.
    groups : array-like of shape (n_samples,), default=None
        What the rows belong to, if rows to predict will be of others, as for `TabularRegressor.fit`.
    use : {"groups", "time", "random"} or None, default=None
        What rows to predict will be: of new groups, later than these, or like these. Findings that matter only for
        another use are left out. None, without `groups`, reports those of all uses.
    regressor : bool or None, default=None
        Whether y has numbers to predict, not labels. None decides: numbers with fractions, or more than 30 different
        ones, are no labels.
    known : None or list of str, default=None
        Findings that are known, and left out: codes, such as "groups", or codes with their columns, such as
        "leak:wage".
    progress : callable, "bar" or None, default=None
        Called with the numbers of completed and of all checks: ``progress(n_made, n_checks)``. "bar" shows a progress
        bar (needs tqdm).
    categorical_features, date_formats, missing_values
        How the columns are read, as of `TabularRegressor`.

    Returns
    -------
    Report
        The findings, the gravest first. On Ctrl-C, those of the checks that were made: its `complete` is False then.

    Raises
    ------
    ValueError
        If an argument is invalid, as for `TabularRegressor.fit`.

    Examples
    --------
    >>> import cmlp
    >>> import numpy as np
    >>> hours = np.random.RandomState(0).rand(200, 2)
    >>> wage = hours[:, 0] * 12
    >>> report = cmlp.examine(hours, wage)
    >>> report[0].code, report[0].columns, report[0].weight
    ('leak', ('x0',), 1.0)
    >>> print(report[0].remedy)
    np.delete(X, [0], axis=1)
    """
    if use is not None and use not in USES:
        raise InvalidParameterError(
            f"use must be one of {', '.join(map(repr, USES))} or None, got {shown(use)}.",
            parameter="use",
            value=use,
        )
    if groups is not None:
        if use not in (None, GROUPS):
            raise InvalidParameterError(
                f"use must be 'groups' or None with groups, got {use!r}.",
                parameter="use",
                value=use,
            )
        use = GROUPS
    given: tuple[Any, Any] = _without_target(X, y) if isinstance(y, str) else (X, y)
    read_as = {
        "categorical_features": categorical_features,
        "date_formats": date_formats,
        "missing_values": missing_values,
    }
    X, targets = given
    frame = frame_of(X, "examine")
    targets, weight, n_missing = _without_missing(targets, sample_weight, frame.n_rows)
    given = frame, targets
    table = _table(given, weight, groups, regressor, {"known": known, **read_as})
    found = _of_missing(table, n_missing, frame.n_rows) if n_missing else []
    return _report(replace(table, use=use), progress, found)


def _without_target(X: object, name: str) -> tuple[InputFrame, object]:
    """Return the columns of X but for the target, and the target; ValueError if X has no column of its name."""
    frame = frame_of(X, "examine")
    if frame.names is None or name not in frame.names:
        raise ValueError(f"y must be the name of a column of X or the targets, got {name!r}.")
    at = frame.names.index(name)
    names, columns = [*frame.names], [*frame.columns]
    del names[at], columns[at]
    if not names:
        raise ValueError(f"X must have other columns than the target, got {name!r} alone.")
    return frame._replace(names=names, columns=columns), frame.columns[at]


def _without_missing(
    y: Any, weight: ArrayLike | None, n_rows: int
) -> tuple[Any, ArrayLike | None, int]:
    """Return the targets and the weights, which are 0 where a target is missing, and in how many rows that is."""
    array = rectangular(y, "y")
    if array.dtype.kind not in "fO" or len(array) != n_rows or array.ndim not in (1, 2):
        return y, weight, 0
    cells = np.isnan(array) if array.dtype.kind == "f" else _are_missing(array)
    missing = cells.reshape(n_rows, -1).any(axis=1)
    n_missing = int(missing.sum())
    if not 0 < n_missing < n_rows:
        return y, weight, 0
    targets = array.copy()
    targets[missing] = targets[np.flatnonzero(~missing)[0]]  # which do not count
    if targets.dtype.kind == "O":
        targets = rectangular(targets.tolist(), "y")
    weights = as_weights(weight, n_rows)
    return targets, np.where(missing, 0.0, 1.0 if weights is None else weights), n_missing


def _are_missing(entries: AnyArray) -> NDArray[np.bool_]:
    return np.array([is_missing(one) for one in entries.flat], bool).reshape(entries.shape)


def _of_missing(table: CheckedTable, n: int, n_rows: int) -> list[Finding]:
    """Return the finding that targets are missing, unless it is known."""
    found = Finding(
        "missing",
        columns=(TARGET,),
        weight=None,
        evidence=f"{n:,} of {n_rows:,} rows have no target, and are left out",
        remedy="leave these rows out before fit",
    )
    return [found] if table.silenced.isdisjoint(names_in_known(found)) else []


def _table(
    given: tuple[Any, Any],
    sample_weight: ArrayLike | None,
    groups: ArrayLike | None,
    regressor: bool | None,
    parameters: dict[str, Any],
) -> CheckedTable:
    """Return the table that checks look at; `given` are X and y."""
    from cmlp._tables.read_table import table_to_examine
    from cmlp._tables.table_call import table_call

    X, y = given
    frame = frame_of(X, "examine")
    if regressor is None:
        regressor = _has_numbers(as_targets(y, frame.n_rows, "examine", labels=True))
    estimator = (TabularRegressor if regressor else TabularClassifier)(**parameters)
    rows = frame, y, sample_weight
    table = table_to_examine(table_call(estimator, rows, groups=(groups, None)))
    return replace(table, measures=table.n_rows >= _FEWEST_ROWS)


def _has_numbers(y: AnyArray) -> bool:
    """Return whether targets are probably numbers to predict, not labels."""
    if y.dtype.kind not in "iuf":
        return False
    if y.ndim == 2 and y.shape[1] > 1:
        return bool((y != y.astype(bool)).any())
    if y.dtype.kind == "f" and (y != np.floor(y)).any():
        return True
    return are_probably_numbers(len(np.unique(y)), len(y))


def _report(
    table: CheckedTable, progress: Progress | str | None, findings: list[Finding]
) -> Report:
    """Make the checks, and return these and earlier findings, also on Ctrl-C."""
    from cmlp._findings.checks import CHECKS, findings_of

    complete = True
    n = len(CHECKS)
    with bar_over(n, "check", shows=progress == "bar") as bar:
        told = progress if callable(progress) else None
        try:
            for n_made, found in enumerate(findings_of(table), 1):
                findings += found
                if bar is not None:
                    bar(n_made)
                if told is not None:
                    told(n_made, n)
        except KeyboardInterrupt:
            complete = False
    return Report(findings, complete=complete, measured=table.measures)
