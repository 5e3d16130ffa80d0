"""What is true for rows beside those of fit, compared with the answers: another unit, shifted rows, swapped labels.

`cmlp._model.other_rows` compares the rows themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.labels import Labels
from cmlp._data.shifted_rows import has_y_of_other_rows
from cmlp._model.model import AnswerScale, TableModel
from cmlp._model.other_rows import (
    FACTORS,
    FAR,
    listed,
    warn_of_differences,
    with_place,
)
from cmlp._model.summary import Accuracy, answers_of, measures_distance, range_texts, short
from cmlp._model.unusual_rows import MOSTLY, ROWS_TO_COMPARE
from cmlp._process.warnings import Notices, warn_of_data
from cmlp.exceptions import LabelsWarning, MovedRowsWarning, OrderWarning

_LARGE_ERROR, _ABOVE_BASE = 5.0, 2.0
_ROUNDING = 1e-9  # of the limits of y, which are computed
_LATER, _EARLIER = slice(1, None), slice(None, -1)
_WORSE = 1.3  # the error as a multiple of the known one
_BETTER = 0.7  # the error with the y of another row, as a multiple of the error
_BETTER_CLASSES, _DEVIATIONS_SHIFTED, _DEVIATIONS_SWAPPED = 0.5, 4.0, 3.0
_FITS = 1.5  # the error of changed targets as a multiple of the known one
_CLEARLY = 3.0  # how many times less it is than the error


class TargetDifference(NamedTuple):
    """What y has that y of rows like those of fit does not have.

    Attributes
    ----------
    text : str
    ending : str
        The remedy or the question that follows.
    category : type
        The class of the warning.
    target : str
        What is called "y" if it is the only one.
    """

    text: str
    ending: str
    category: type[MovedRowsWarning | OrderWarning | LabelsWarning]
    target: str


class KnownError(NamedTuple):
    """How wrong an answer of a model is on rows with which others are compared.

    Attributes
    ----------
    name : str
        What the error of these rows is called.
    n : int
        Number of rows.
    error, base : float
        The mean error, or share of wrong answers, and that of the best constant one.
    """

    name: str
    n: int
    error: float
    base: float


def known_errors(
    name: str, accuracy: Accuracy | None, labels: Labels | None
) -> list[KnownError] | None:
    """Return those of each answer, of a measured accuracy; None without one."""
    if accuracy is None:
        return None
    pairs = np.asarray(accuracy.pairs)
    if not measures_distance(labels):
        pairs = 1 - pairs
    return [KnownError(name, accuracy.n, error, base) for error, base in pairs.tolist()]


def target_differences(
    known: Sequence[KnownError] | None,
    scale: AnswerScale | None,
    labels: Labels | None,
    answers: AnyArray | None,
    truth: AnyArray,
    X: NDArray[np.float64],
    *,
    inputs_differ: bool,
    are_later: bool = False,
    may_grow: bool = False,
) -> list[TargetDifference]:
    """Compare what is true for rows with the answers of a model, a column for each.

    X are the raw rows. `inputs_differ` says that columns of X were named, which is then why errors are large. Of rows
    that `are_later` than those of fit nothing is asked, because y may have changed. If y `may_grow`, it is not enough
    that it is a little outside of that of fit.
    """
    truth = truth.reshape(len(truth), -1)
    n, n_answers = truth.shape
    found: list[TargetDifference] = []
    if n < ROWS_TO_COMPARE:
        return found
    for j in range(n_answers):
        target = "y" if n_answers == 1 else _name(scale, labels, j)
        y = truth[:, j]
        error = None
        if known is not None and answers is not None and j < answers.shape[1]:
            error = _Errors(answers[:, j], y, known[j])
        if (
            labels is not None
            and error is not None
            and not inputs_differ
            and labels.kind in ("binary", "multilabel")
        ):
            text = error.swapped(f" of {target}" * (n_answers > 1))
            if text:
                ending = ": are the labels swapped?"
                found.append(TargetDifference(text, ending, LabelsWarning, target))
                continue
        text = ""
        if error is not None:
            text = error.shifted(X, target, has_distance=measures_distance(labels))
        if text:
            ending = f": X and {target} seem to be shifted by a row."
            found.append(TargetDifference(text, ending, OrderWarning, target))
        elif labels is None:
            one = _of_numbers(y, target, scale, j, None if inputs_differ else error)
            is_silent = are_later or (may_grow and not one.is_error_large)
            if one.facts and not (one.is_question and is_silent):
                text = "; ".join(one.facts)
                found.append(TargetDifference(text, one.ending, MovedRowsWarning, target))
    return found


def _name(scale: AnswerScale | None, labels: Labels | None, j: int) -> str:
    """Return the name of one of several targets, for messages."""
    if labels is not None:
        return f"label {labels.classes.tolist()[j]!r}"
    names = None if scale is None else scale.names
    return f"target {j}" if names is None else f"target {names[j]!r}"


class _Errors(NamedTuple):
    """An answer for rows, what is true for them, and the known error."""

    answer: AnyArray
    y: AnyArray
    known: KnownError

    def distance(self, y: AnyArray) -> float:
        """Return the mean error for other targets."""
        return _distance(self.answer, y)

    def shifted(self, X: NDArray[np.float64], target: str, *, has_distance: bool) -> str:
        """Return the beginning of a sentence if the y of the next or the last row fits far better; "" if not."""
        measure = _distance if has_distance else _share_of_wrong
        error = measure(self.answer, self.y)
        before = measure(self.answer[1:], self.y[:-1])
        after = measure(self.answer[:-1], self.y[1:])
        best, which = min((before, "before"), (after, "after"))
        # Without the first or the last row, too, of which one may be far from all others.
        first, last = (measure(self.answer[part], self.y[part]) for part in (_LATER, _EARLIER))
        own = min(error, first, last)
        if has_distance:
            is_better = error > _WORSE * self.known.error and best < _BETTER * own
            text = f"error {short(best)} instead of {short(error)}"
        else:
            by_chance = _DEVIATIONS_SHIFTED * self._deviations(self.known.error)
            is_better = error > self.known.error + by_chance and best < _BETTER_CLASSES * own
            text = f"right for {1 - best:.0%} of the rows instead of {1 - error:.0%}"
        # The y of any other row can fit better than the right one, if y is another quantity.
        if not is_better or best >= self.known.base:
            return ""
        if has_y_of_other_rows(X, self.y, 1 if which == "before" else -1):
            return ""
        the_y = "the y" if target == "y" else target
        return f"The predictions fit {the_y} of the row {which} ({text})"

    def _deviations(self, share: float) -> float:
        """Return the standard error of a share of the rows beside that of the known rows, of which it may be 0."""
        share = min(max(share, 1 / (self.known.n + 1)), 1 - 1 / (self.known.n + 1))
        return math.sqrt(share * (1 - share) * (1 / len(self.y) + 1 / self.known.n))

    def swapped(self, whose: str) -> str:
        """Return the beginning of a question if two exchanged classes would fit as well as those of the known rows."""
        error = _share_of_wrong(self.answer, self.y)
        by_chance = _DEVIATIONS_SWAPPED * self._deviations(self.known.error)
        above = self.known.base + _DEVIATIONS_SWAPPED * self._deviations(self.known.base)
        if error <= max(MOSTLY, above) or 1 - error > self.known.error + by_chance:
            return ""
        # A constant answer is wrong, too, for rows of which more are of the other class.
        share = float((self.y == self.y[0]).mean())
        if 1 - error >= min(share, 1 - share):
            return ""
        return (
            f"With the two classes{whose} exchanged, the model would be right for {error:.0%} of the rows instead of "
            f"{1 - error:.0%}"
        )


def _distance(answer: AnyArray, y: AnyArray) -> float:
    return float(np.abs(answer - y).mean())


def _share_of_wrong(answer: AnyArray, y: AnyArray) -> float:
    return float((answer != y).mean())


class _OfNumbers(NamedTuple):
    """What is to be said of the unit of a target: nothing without facts."""

    facts: list[str]
    ending: str
    is_question: bool  # whether no remedy is known
    is_error_large: bool


def _of_numbers(
    y: AnyArray, target: str, scale: AnswerScale | None, j: int, errors: _Errors | None
) -> _OfNumbers:
    """Compare the numbers of target j with those of fit, and with the predictions."""
    facts, ending, is_error_large = [], "", False
    if scale is not None:
        low, high = (end[j] * scale.scale[j] + scale.centre[j] for end in (scale.low, scale.high))
        rounding = _ROUNDING * max(abs(low), abs(high))
        n_outside = int(np.count_nonzero((y < low - rounding) | (y > high + rounding)))
        if n_outside > MOSTLY * len(y):
            ends = range_texts(low, high)
            facts.append(
                f"{n_outside:,} of {len(y):,} values of {target} are outside of those of fit ({ends[0]} to {ends[1]})"
            )
        far = FAR * (high - low) + rounding
        if np.count_nonzero((y < low - far) | (y > high + far)) > MOSTLY * len(y):
            ending = f": pass {target} in the unit of fit."
    if errors is not None:
        error, known = errors.distance(y), errors.known
        if error > _LARGE_ERROR * known.error and error > _ABOVE_BASE * known.base:
            is_error_large = True
            times = f"{error / known.error:,.0f} times" if known.error else "far above"
            whose = f" of {target}" * (not facts)
            facts.append(f"the error{whose} is {times} the {known.name} one")
            change = _change_of_targets(errors, error)
            if change:
                ending = (
                    f". {change}, {target} would fit the predictions: pass {target} as fit got it."
                )
    question = f": is {target} in the unit of fit?"
    return _OfNumbers(facts, ending or question, not ending, is_error_large)


def _change_of_targets(errors: _Errors, error: float) -> str:
    """Return the targets that fit the predictions about as well as those of the known rows; "" if none do."""
    y = errors.y
    changed = {f"Divided by {factor:,g}": y / factor for factor in FACTORS}
    changed["With the other sign"] = -y
    name = min(changed, key=lambda one: errors.distance(changed[one]))
    best = errors.distance(changed[name])
    return name if best < _FITS * errors.known.error and _CLEARLY * best < error else ""


def warn_of_targets(
    found: Sequence[TargetDifference], where: str, notices: Notices | None = None
) -> None:
    """Warn of what was found of y, of all targets of a kind together; with `notices`, once of each target."""
    by_kind: dict[tuple[type, str], list[TargetDifference]] = {}
    for one in found:
        if notices is None or notices.is_first(f"{one.target}: {one.category.code}"):
            kind = one.category, one.ending.replace(one.target, "y")
            by_kind.setdefault(kind, []).append(one)
    for first, *others in by_kind.values():
        text = with_place(f"{first.text}{first.ending}", where)
        if others:
            text += f" Likewise for {listed([one.target for one in others], 'target')}."
        warn_of_data(text, first.category, "y")


def warn_of_rows_and_targets(
    model: TableModel,
    raw: NDArray[np.float64],
    outputs: NDArray[np.float64],
    truth: AnyArray,
    where: str,
    notices: Notices | None = None,
) -> None:
    """Warn of rows with what is true for them that are not as those of fit.

    `score` is also called for the later rows of a trend, whose y may grow.
    """
    summary = model.summary
    found = model.known_numbers.differences(raw)
    warn_of_differences(model.known_numbers, found, where, notices)
    targets = target_differences(
        known_errors("held-out", summary and summary.accuracy, model.labels),
        model.answer_scale,
        model.labels,
        answers_of(model.net, outputs, model.labels),
        truth,
        raw,
        inputs_differ=bool(found),
        are_later=summary is not None and summary.later is not None,
        may_grow=where == "score",
    )
    warn_of_targets(targets, where, notices)
