"""Columns that say y: the model has learned nothing for new rows, in which they are not known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._findings.one_column import Answers, answers_of, correlation_of_ranks, r2_of_steps
from cmlp._findings.table import FEWEST_ROWS, CheckedTable, findings_of
from cmlp._findings.times import may_be_time
from cmlp._model.findings import Finding

# R² of a step function of a column on other rows: from which `fit` warns, and from which `examine` says so.
_LEAST_R2_TO_WARN = 0.995
_LEAST_R2 = 0.987
# The same of classes: right answers on other rows, errors in those of a constant, and rows of other classes than the
# most frequent one.
_LEAST_RIGHT, _MOST_ERRORS, _FEWEST_OF_OTHERS = 0.985, 0.1, 30
# The same from which `examine` says so of a column with hardly more values than there are classes.
_LEAST_RIGHT_OF_SOME, _MOST_ERRORS_OF_SOME = 0.95, 0.25
_FEW_VALUES = 9  # of a column of which each may have its own class
_N_LEAVES = 6  # intervals of a number
_MOST_BRACKETS = 20  # values of a column that are intervals of y
_FEWEST_OF_Y = 20  # values of y that are in intervals
# A gap between intervals of y, in the mean distance of as many values on each side.
_NEAR, _MOST_GAP = 10, 5.0
_MOST_TREND = 0.8  # rank correlation of y with the numbers of its rows
_NUMBER_IN_TEXT = re.compile(r"\d[\d,]*(?:\.\d+)?")
_MOST_NUMBERS = 3  # in a text
_FEWEST_VALUES = 10  # of a column that y follows: fewer are often the design of an example
_FEWEST_OTHERS = 20  # rows that repeat a value and have another y than most
_FEWEST_MISSING = 0.02  # share of the values that are missing, or are not
_LEAST_ACCURACY = 0.97  # of the classes that a missing value, and one that is not, predict
_LEAST_WAY = 0.3  # of the way from the share of the largest class to 1


def check_copies(table: CheckedTable) -> Iterator[Finding]:
    """Find columns whose equal values are equal values of y, and the other way round.

    A single column is what y is to follow from, whatever it is.
    """
    if table.n_rows < FEWEST_ROWS or len(table.columns) < 2:
        return
    found = [
        i
        for i in table.candidates("leak")
        if not table.columns[i].is_time and table.are_copies_of_y[i].any()
    ]
    yield from findings_of(
        table,
        "leak",
        found,
        "y exactly: equal values of one are equal values of the other",
        weight=1.0,
        warning="{} says y exactly: in all rows, equal values of one are equal values of the other. If it is a copy "
        "of y, or made from y, the model has learned nothing for new rows, in which it is not known: leave it out.",
    )


_REMEDY = "If it is made from y, or known only after it, leave it out."


class _Rule(NamedTuple):
    """How y follows from a column."""

    evidence: str
    weight: float
    warning: str = ""  # what `fit` says of the first column, which is {}, if it warns


def check_functions(table: CheckedTable) -> Iterator[Finding]:
    """Find columns from which y follows, nearly: each value has one, y rises or falls with them, or bounds say y."""
    if table.n_rows < FEWEST_ROWS or len(table.columns) < 2:
        return
    found: dict[str, list[tuple[int, _Rule]]] = {}
    for i in table.candidates("leak"):
        if table.columns[i].is_time or table.are_copies_of_y[i].any():
            continue
        rules = (rule_of(table, i) for rule_of in _RULES)
        rule = next((one for one in rules if one is not None), None)
        if rule is not None and (rule.warning or table.measures):
            found.setdefault(rule.evidence, []).append((i, rule))
    # Exact rules are said first.
    for evidence, each in sorted(found.items(), key=lambda one: -one[1][0][1].weight):
        yield from findings_of(
            table,
            "leak",
            [i for i, _ in each],
            evidence,
            weight=min(rule.weight for _, rule in each),
            warning=each[0][1].warning,
        )


def _by_value(table: CheckedTable, i: int) -> _Rule | None:
    """Return the rule that all rows with one value have the same y."""
    x, some, once = table.raw[:, i], table.some_rows, table.different_rows
    if not table.columns[i].is_used or table.columns[i].has_unlisted:
        return None
    if not any(_may_be_function(x[some], y[some]) and _is_function(x, y) for y in table.targets):
        return None
    if not any(_is_function(x[once], y[once]) for y in table.targets):
        return None
    return _Rule(
        "y follows: all rows with one value have the same y",
        1.0,
        "{} says y: all rows with one value have the same y, though most values are in several rows. If y was made "
        "from it, or it from y, the model has learned nothing for new rows, in which it is not known: leave it out.",
    )


def _by_order(table: CheckedTable, i: int) -> _Rule | None:
    """Return the rule that y rises or falls with a column, unless it may be a time: that is known in new rows."""
    if not table.is_ordered(i) or not table.columns[i].is_used or may_be_time(table, i):
        return None
    return _rule_of_order(
        table.raw[:, i], table.targets, "y rises or falls with it, nearly exactly"
    )


def _rule_of_order(
    x: NDArray[np.float64], targets: NDArray[np.float64], evidence: str
) -> _Rule | None:
    r2 = max(r2_of_steps(x, y) for y in targets)
    if r2 < _LEAST_R2:
        return None
    if r2 <= _LEAST_R2_TO_WARN:
        return _Rule(evidence, r2)
    return _Rule(
        evidence,
        _LEAST_R2_TO_WARN,
        "{} nearly says y, which rises or falls with it: on other rows, R² is above "
        f"{_LEAST_R2_TO_WARN}. If it is made from y, leave it out.",
    )


def _by_class(table: CheckedTable, i: int) -> _Rule | None:
    """Return the rule that a few values, or a few intervals of a number, have one class each."""
    if table.labels is None:
        return None
    is_number = table.columns[i].is_number
    found = [_rule_of_classes(table.raw[:, i], y, is_number=is_number) for y in table.targets]
    return next((one for one in found if one is not None), None)


def _rule_of_classes(
    x: NDArray[np.float64], y: NDArray[np.float64], *, is_number: bool
) -> _Rule | None:
    present = ~np.isnan(x)
    if np.count_nonzero(present) < max(FEWEST_ROWS, len(x) / 2):
        return None
    x, classes = x[present], y[present].astype(np.intp)
    n_values, n_classes = len(np.unique(x)), int(np.count_nonzero(np.bincount(classes)))
    is_few = n_values <= max(_FEW_VALUES, n_classes)
    if n_values < 2 or not (is_few or is_number):
        return None
    answers = answers_of(x, classes, None if is_few else _N_LEAVES, _MOST_ERRORS_OF_SOME)
    how = "each of its values has a class" if is_few else "each of a few intervals has a class"
    return _rule_of_answers(answers, how, is_few=is_few)


def _rule_of_answers(answers: Answers, how: str, *, is_few: bool) -> _Rule | None:
    if answers.n_others < _FEWEST_OF_OTHERS:
        return None
    is_sure = answers.accuracy >= _LEAST_RIGHT and answers.ratio <= _MOST_ERRORS
    is_probable = answers.accuracy >= _LEAST_RIGHT_OF_SOME and answers.ratio <= _MOST_ERRORS_OF_SOME
    if not (is_sure or (is_probable and is_few)):
        return None
    right = f"{_floored(answers.accuracy)} of other rows right, a constant {1 - answers.n_others / answers.n:.3f}"
    warning = f"{{}} nearly says y: {how}, which makes {right}. {_REMEDY}" if is_sure else ""
    return _Rule(f"{how}: {right}", 1 - answers.ratio, warning)


def _by_bracket(table: CheckedTable, i: int) -> _Rule | None:
    """Return the rule that the values of a column are intervals of y."""
    x = table.raw[:, i]
    if table.labels is not None:
        return None
    if not any(_may_be_intervals(x[:FEWEST_ROWS], y[:FEWEST_ROWS]) for y in table.targets):
        return None
    if not 2 <= len(np.unique(x[table.some_rows])) <= _MOST_BRACKETS:
        return None
    present = ~np.isnan(x)
    values, codes = np.unique(x[present], return_inverse=True)
    if np.count_nonzero(present) < max(FEWEST_ROWS, len(x) / 2) or len(values) > _MOST_BRACKETS:
        return None
    for one in table.targets:
        y = one[present]
        if len(np.unique(y)) < max(_FEWEST_OF_Y, 2 * len(values)):
            continue
        if abs(correlation_of_ranks(y, np.arange(len(y)))) > _MOST_TREND:
            continue
        is_one_rare = len(y) - np.bincount(codes).max() < _FEWEST_OF_OTHERS
        if not is_one_rare and _are_intervals(y, codes, len(values)):
            means = np.bincount(codes, y) / np.bincount(codes)
            return _Rule(
                f"its {len(values)} values are intervals of y",
                float(1 - np.square(y - means[codes]).mean() / y.var()),
                f"{{}} says in which of {len(values)} intervals y is. {_REMEDY}",
            )
    return None


def _may_be_intervals(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether each value of x is in one interval of y, in a few rows: this costs little."""
    x = x[np.lexsort((x, y))]
    x = x[~np.isnan(x)]
    return int(np.count_nonzero(np.diff(x))) < len(np.unique(x))


def _are_intervals(y: NDArray[np.float64], codes: NDArray[np.intp], n_values: int) -> bool:
    """Return whether each code is in one interval of y, without gaps between: times of two races have one."""
    order = np.lexsort((codes, y))
    y = y[order]
    ends = np.flatnonzero(np.diff(codes[order]))
    if len(ends) != n_values - 1:
        return False
    steps = np.diff(np.unique(y))
    ranks = np.searchsorted(np.unique(y), y[ends])
    ratios = []
    for end in np.minimum(ranks, len(steps) - 1).tolist():
        near = steps[max(end - _NEAR, 0) : end + _NEAR + 1]
        ratios.append((len(near) - 1) * steps[end] / (near.sum() - steps[end]))
    return bool(np.median(ratios) <= _MOST_GAP)


def _by_text(table: CheckedTable, i: int) -> _Rule | None:
    """Return the rule that y is in the text of a column."""
    if table.columns[i].is_number or len(np.unique(table.raw[table.some_rows, i])) <= _FEW_VALUES:
        return None
    rows = np.sort(table.some_rows)
    texts = [one if isinstance(one, str) else "" for one in table.entries(i, rows)]
    if table.labels is None:
        found = [_NUMBER_IN_TEXT.findall(text) for text in texts]
        for k in range(_MOST_NUMBERS):
            has = [len(numbers) > k for numbers in found]
            if sum(has) < len(rows) / 2:
                break
            x = np.array(
                [float(one[k].replace(",", "")) if len(one) > k else np.nan for one in found]
            )
            rule = _rule_of_order(x, table.targets[:, rows], "y is a number in its text")
            if rule is not None:
                return rule
        return None
    labels = [str(one) for one in table.labels.classes.tolist()]
    if len(labels) > _FEW_VALUES or table.targets.shape[0] > 1:
        return None
    patterns = [re.compile(rf"(?<!\w){re.escape(one)}(?!\w)") for one in labels]
    has_label = np.array([[bool(one.search(text)) for one in patterns] for text in texts])
    is_one = has_label.sum(axis=1) == 1
    classes = table.targets[0, rows].astype(np.intp)
    n_wrong = int(np.count_nonzero(~is_one | (has_label.argmax(axis=1) != classes)))
    n_others = len(rows) - int(np.bincount(classes).max())
    answers = Answers(len(rows), n_wrong, n_others)
    return _rule_of_answers(answers, "its text has the class", is_few=False)


def _floored(share: float) -> str:
    """Return a share with three digits, not rounded up."""
    return f"{int(1000 * share) / 1000:.3f}"


_RULES = (_by_value, _by_order, _by_class, _by_bracket, _by_text)


def check_missing(table: CheckedTable) -> Iterator[Finding]:
    """Find columns of which a value is missing in rows of one class, and there only."""
    if table.labels is None or table.n_rows < FEWEST_ROWS or len(table.columns) < 2:
        return
    is_missing = table.is_missing
    shares = is_missing.mean(axis=0)
    found = [
        i
        for i in table.candidates("leak")
        if _FEWEST_MISSING <= shares[i] <= 1 - _FEWEST_MISSING
        and any(
            _gives_class(is_missing[:, i], y) and not is_copy
            for y, is_copy in zip(table.targets, table.are_copies_of_y[i], strict=True)
        )
    ]
    yield from findings_of(
        table,
        "leak",
        found,
        "whether its value is missing gives the class",
        weight=1.0,
        warning="Whether {} has a value says y nearly exactly. If it is known only after y, the model has learned "
        "nothing for new rows: leave it out.",
    )


def _may_be_function(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether values repeat in some of the rows, each with one y: this rules out most columns in little time."""
    order = np.argsort(x, kind="stable")
    is_equal = np.diff(x[order]) == 0
    return bool(is_equal.any()) and not (np.diff(y[order])[is_equal] != 0).any()


def _is_function(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether each value of x has one y, values repeat, and y has no more values than x."""
    present = ~np.isnan(x)
    if np.count_nonzero(present) < len(x) / 2:
        return False
    x, y = x[present], y[present]
    order = np.argsort(x, kind="stable")
    is_equal = np.diff(x[order]) == 0
    if (np.diff(y[order])[is_equal] != 0).any():
        return False
    n_values = len(x) - np.count_nonzero(is_equal)
    repeats = np.append(is_equal, False) | np.append(False, is_equal)
    n_repeated = np.count_nonzero(repeats)
    n_of_y = len(np.unique(y))
    counts = np.unique(y[order][repeats], return_counts=True)[1]
    if (
        n_repeated - counts.max(initial=0) < _FEWEST_OTHERS
    ):  # rare values of y can be in rows alone by chance
        return False
    is_many = n_repeated >= FEWEST_ROWS and _FEWEST_VALUES <= n_values <= len(x) / 2
    return bool(is_many and 1 < n_of_y <= n_values)


def _gives_class(is_missing: NDArray[np.bool_], y: NDArray[np.float64]) -> bool:
    """Return whether the most frequent class with a value, and that without one, are nearly always right."""
    classes, codes = np.unique(y, return_inverse=True)
    counts = np.stack(
        [np.bincount(codes[rows], minlength=len(classes)) for rows in (is_missing, ~is_missing)]
    )
    accuracy = counts.max(axis=1).sum() / len(y)
    most = counts.sum(axis=0).max() / len(y)
    return bool(accuracy > _LEAST_ACCURACY and accuracy >= most + _LEAST_WAY * (1 - most))
