"""The functions of a C header for the intervals of a table's regressor, and for values outside of its training."""

from __future__ import annotations

from collections.abc import Iterator
from string import Template

import numpy as np

from cmlp._data.losses import traits_of
from cmlp._export.c_text import Function, array, inner
from cmlp._model.calibration import QUANTILES, Calibration
from cmlp._model.model import TableModel
from cmlp.exceptions import InvalidParameterError

_STACK = 256  # bytes that a call needs at most: it has no arrays

# docs/arithmetic.md, "Ends of intervals". The rank is computed as in `Calibration.margins`.
_INTERVAL = Template("""\
    $scores
    $widths
    const double place = ${prefix}_rounded(coverage * $n1.0) - 1e-9;
    const uint64_t infinity = 0x7ff0000000000000u;
    double first, last, margin, low, high;
    int rank;
    if (target < 0 || target >= $n_targets || !(coverage > 0.0 && coverage < 1.0)) return 0;
    first = output[$first];
    last = output[$last];
    rank = (int)place;
    if (rank < 1 || (double)rank < place) rank++;
    memcpy(&margin, &infinity, sizeof margin);
    if (rank <= $n_finite) margin = scores[target * $stride + rank - 1];
    $factor
    low = first - margin;
    high = last + margin;
    $frequent
    if (low > high) low = high = (low + high) / 2.0;
    $lowest
    ends[0] = low;
    ends[1] = high;
    return 1;
""")
_FACTOR = Template("""\
{
        const double *const knots = widths + target * $size, *const factors = knots + $n_knots;
        double value = first, factor;
        int at = 0;
        value = value < knots[0] ? knots[0] : value;
        value = value > knots[$last] ? knots[$last] : value;
        while (at < $last && knots[at + 1] <= value) at++;
        factor = factors[at];
        if (at < $last) {
            const double share = (value - knots[at]) / (knots[at + 1] - knots[at]);
            factor += ${prefix}_rounded(share * (factors[at + 1] - factors[at]));
        }
        margin = ${prefix}_rounded(margin * factor);
    }""")
_OUTSIDE = Template("""\
    $others
    for (int k = 0; k < $n; k++) distance[k] = ${prefix}_distance(&${prefix}_columns[k], has_others[k], x[k]);
""")


def interval_constants(model: TableModel) -> int:
    """Return the bytes of the constants of both functions."""
    calibration = model.calibration
    assert calibration is not None
    n_numbers = calibration.scores.size + len(calibration.scores)
    if calibration.widths is not None:
        n_numbers += calibration.widths.size
    return 8 * n_numbers + len(model.columns)


def write_interval_functions(model: TableModel, prefix: str) -> Iterator[Function]:
    """Yield the functions; raises ValueError if the model has no intervals."""
    calibration = model.calibration
    if model.labels is not None or calibration is None:
        what = "is a classifier" if model.labels is not None else "has no scores: call calibrate"
        raise InvalidParameterError(
            f"intervals=True needs a regressor for tables with scores of rows outside the training; "
            f"this model {what}.",
            parameter="intervals",
            value=True,
        )
    n_out = model.combination.n
    yield Function(
        f"int {prefix}_interval(int target, double coverage, const double output[{n_out}], "
        "double ends[2])",
        "Computes the ends of the interval of a target, whose coverage is above 0 and below 1, from "
        f"the outputs of {prefix}_predict, as predict_interval in Python. They are infinite if there "
        "are too few scores. Returns 0 if an argument is invalid, otherwise 1.",
        _write_interval(model, calibration, prefix),
        _STACK,
    )
    n = len(model.columns)
    yield Function(
        f"void {prefix}_outside(const double x[{n}], double distance[{n}])",
        "Finds how far each value of a row is above or, negative, below the values of its column in "
        "training; NaN for a category or a missing value that training did not have. No coverage "
        "holds for a row with another number than 0.",
        _write_outside(model, prefix),
        _STACK,
    )


def _write_interval(model: TableModel, calibration: Calibration, prefix: str) -> str:
    n_targets, n = calibration.scores.shape
    counts = np.isfinite(calibration.scores).sum(axis=1).tolist()
    stride = max(*counts, 1)  # scores ascend, so those that are infinite are the last
    finite = calibration.scores[:, :stride].copy()
    finite[~np.isfinite(finite)] = 0  # no rank reads it
    scores = array("double scores", map(repr, finite.ravel().tolist()), 4)
    n_finite = str(counts[0])
    if len(set(counts)) > 1:
        scores += "\n" + array("int n_finite", map(str, counts), 4)
        n_finite = "n_finite[target]"
    first = last = "target"
    if calibration.kind == QUANTILES:
        first = "0"
        last = str(model.combination.n - 1)
    widths = factor = frequent = lowest = ""
    if calibration.widths is not None:
        n_knots = calibration.widths.shape[2]
        numbers = map(repr, calibration.widths.ravel().tolist())
        widths = inner(array("double widths", numbers, 4))
        factor = _FACTOR.substitute(
            prefix=prefix, size=2 * n_knots, n_knots=n_knots, last=n_knots - 1
        )
    if calibration.limits is not None:
        frequent = "\n    ".join(_write_limits(calibration))
    bound = traits_of(model.net.loss).lowest_target
    if np.isfinite(bound):
        lowest = f"if (low < {bound!r}) low = {bound!r};"
    text = _INTERVAL.substitute(
        prefix=prefix,
        scores=inner(scores),
        stride=stride,
        n_finite=n_finite,
        widths=widths,
        n=n,
        n1=n + 1,
        n_targets=n_targets,
        first=first,
        last=last,
        factor=factor,
        frequent=frequent,
        lowest=lowest,
    )
    return "".join(f"{line}\n" for line in text.splitlines() if line.strip())


def _write_limits(calibration: Calibration) -> Iterator[str]:
    """Yield the lines for the limits of frequent targets: docs/arithmetic.md, "Ends of intervals"."""
    assert calibration.limits is not None
    near = ("first <= {}", "last >= {}")
    finite = ("{} >= -DBL_MAX", "{} <= DBL_MAX")
    for target, limits in enumerate(calibration.limits.tolist()):
        of_target = f"target == {target} && " if len(calibration.limits) > 1 else ""
        for (limit, number), is_near, is_finite, beyond in zip(
            limits, near, finite, "<>", strict=True
        ):
            if not np.isfinite(limit):
                continue
            if calibration.kind == QUANTILES:
                condition = is_near.format(repr(number))
                yield f"if ({condition} && low > {limit!r}) low = {limit!r};"
                yield f"if ({condition} && high < {limit!r}) high = {limit!r};"
                continue
            for end in ("low", "high"):
                condition = f"{of_target}{end} {beyond} {limit!r} && {is_finite.format(end)}"
                yield f"if ({condition}) {end} = {limit!r};"


def _write_outside(model: TableModel, prefix: str) -> str:
    has_others = [str(int(column.is_category and column.has_unlisted)) for column in model.columns]
    others = "/* whether training had more categories than those of the column */\n"
    others += array("char has_others", has_others, 24)
    return _OUTSIDE.substitute(prefix=prefix, others=inner(others), n=len(model.columns))
