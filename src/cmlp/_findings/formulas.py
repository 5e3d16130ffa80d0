"""Targets that are a sum or a product of columns: a total beside its parts, a price per area beside the area.

A product is a sum of logarithms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._data.scale import distance_of_others, in_unit
from cmlp._findings.table import FEWEST_ROWS, TARGET, CheckedTable
from cmlp._model.findings import Finding
from cmlp._model.unusual_rows import listed_columns

_MOST_ROWS, _MOST_COLUMNS = 2000, 100
_LEAST_KNOWN = 0.85  # share of the rows in which a column has a number, of a product a positive one
_LEAST_HELD = 0.85  # share of other rows in which a formula holds
_LEAST_TO_WARN = 0.985  # the same share from which on `fit` warns
# Of few rows, which tell most tables in little time: their number, and the same share.
_FEW_ROWS, _PER_COLUMN, _LEAST_OF_FEW = 400, 4, 0.6
_KEPT, _N_TRIMS = 0.8, 10  # share of the rows from which weights are learned again, and how often
_NEAR = 0.03  # distance of a power from a whole one, and of a factor from 1
_MORE = 1.2  # what chosen terms may leave unexplained, in what all leave


class _Form(NamedTuple):
    """A kind of formula."""

    is_product: bool
    most_error: float  # in a row in which it holds, in standard deviations
    most_unexplained: float  # share of the variance of y in such rows
    most_terms: int  # of a formula that is no chance: those of data that were made have more


_FORMS = (
    _Form(is_product=False, most_error=0.03, most_unexplained=1e-4, most_terms=5),
    _Form(is_product=True, most_error=0.15, most_unexplained=5e-3, most_terms=3),
)


class _Formula(NamedTuple):
    columns: list[int]
    text: str  # with {0}, {1} and so on instead of the names of the columns
    share: float  # of other rows in which it holds


def check_formulas(table: CheckedTable) -> Iterator[Finding]:
    """Find columns of which y is a weighted sum or a product, in rows from which the weights were not learned."""
    if table.labels is not None or table.n_rows < FEWEST_ROWS:
        return
    numbers = [
        i
        for i in table.candidates("leak")
        if table.columns[i].is_number and not table.columns[i].is_time
    ]
    row_index = np.random.RandomState(0).permutation(table.n_rows)[:_MOST_ROWS]
    raw = table.raw[row_index][:, numbers]
    for y in table.targets[:, row_index]:
        for form in _FORMS:
            formula = _formula(raw, y, form)
            if formula and formula.share < _LEAST_TO_WARN and not table.measures:
                continue
            finding = formula and _finding(table, numbers, formula, form)
            if finding:
                yield finding
                break


def _finding(
    table: CheckedTable, numbers: Sequence[int], formula: _Formula, form: _Form
) -> Finding | None:
    """Return the finding of a formula; None if it is of all columns or many, and a product or not of all rows."""
    found = [numbers[k] for k in formula.columns]
    # A formula of all columns is that of an example, which holds in all rows.
    few = len(found) <= min(form.most_terms, len(table.columns) - 1)
    if not few and (form.is_product or formula.share < 1):
        return None
    text = f"{TARGET} = {formula.text.format(*table.names(found))}"
    holds = "on other rows" if formula.share == 1 else f"in {formula.share:.0%} of other rows"
    evidence, warning = f"their weighted sum is {TARGET} {holds}", ""
    if few:
        evidence = f"{text} {holds}; {len(table.columns) - len(found)} other columns remain"
        warning = (
            f"y follows from {listed_columns([table.label(i) for i in found])}: {text} {holds}, from which this was "
            "not learned. If these are parts of y, or made from it, they are not known in new rows: leave them out."
        )
    return Finding(
        "leak" if few else "linear",
        columns=table.names(found),
        weight=1.0 if few else None,
        evidence=evidence,
        remedy=table.without(found) if few else "",
        warning=warning,
    )


def _formula(raw: NDArray[np.float64], y: NDArray[np.float64], form: _Form) -> _Formula | None:
    """Return the formula of y that holds in rows from which it was not learned; None without."""
    if form.is_product:
        if (y > 0).mean() < _LEAST_KNOWN:
            return None
        raw, y = _logarithms(raw[y > 0]), np.log(y[y > 0])
    kept, x = _standardized(raw)
    unit_y = in_unit(y)
    if len(kept) < 2 or not np.ptp(unit_y):  # a single one is a copy
        return None
    first = slice(max(_FEW_ROWS, _PER_COLUMN * len(kept)))
    if _holds(x[first], unit_y[first], form).mean() < _LEAST_OF_FEW:
        return None
    if _unexplained(x, unit_y) <= form.most_unexplained:
        holds = np.ones(len(x), bool)
    else:
        holds = _holds(x, unit_y, form)
    # If most targets are 0, so may be most columns.
    others = holds[1::2][unit_y[1::2] != np.median(unit_y)]
    share = float(others.mean()) if len(others) else 0.0
    if share < _LEAST_HELD or not np.ptp(unit_y[holds]):
        return None
    x, unit_y = x[holds], unit_y[holds]
    left = _unexplained(x, unit_y)
    if left > form.most_unexplained:
        return None
    most = min(form.most_unexplained, max(_MORE * left, _FORMS[0].most_unexplained))
    chosen = sorted(_terms(x, unit_y, most))
    if len(chosen) == 1:
        return None
    columns = [int(kept[k]) for k in chosen]
    raw, y = raw[holds][:, columns], y[holds]
    known = np.flatnonzero(np.isfinite(raw).all(axis=1))
    text = _text(raw[known], y[known], form)
    return _Formula(columns, text, share) if text else None


def _standardized(raw: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the columns that vary and are mostly known, and their numbers with the mean 0 and the variance 1."""
    x = in_unit(raw)
    is_known = np.isfinite(x)
    x = np.where(is_known, x, 0.0)
    kept = np.flatnonzero((is_known.mean(axis=0) >= _LEAST_KNOWN) & (np.ptp(x, axis=0) > 0))
    kept = kept[:_MOST_COLUMNS]
    x = x[:, kept]
    return kept, (x - x.mean(axis=0)) / x.std(axis=0)


def _logarithms(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithms of positive numbers, NaN for others."""
    return np.log(x, out=np.full_like(x, np.nan), where=x > 0)


def _holds(x: NDArray[np.float64], y: NDArray[np.float64], form: _Form) -> NDArray[np.bool_]:
    """Return in which rows y is a sum, whose weights are learned from every other row.

    The rows with the largest errors have no part in learning: in these, y may be something else.
    """
    most = form.most_error * min(y.std(), distance_of_others(y, float(np.median(y)), None))
    terms = np.column_stack([x, np.ones(len(x))])
    learning, learned = terms[::2], y[::2]
    row_index = np.arange(len(learned))
    for _ in range(_N_TRIMS):
        weights = np.linalg.lstsq(learning[row_index], learned[row_index])[0]
        errors = np.abs(learned - learning @ weights)
        trimmed = np.flatnonzero(errors <= max(most, np.quantile(errors, _KEPT)))
        if np.array_equal(trimmed, row_index):
            break
        row_index = trimmed
    return np.asarray(np.abs(y - terms @ weights) <= most)


def _unexplained(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the share of the variance of y in every other row that a sum, learned from the rest, leaves."""
    terms = np.column_stack([x, np.ones(len(x))])
    weights = np.linalg.lstsq(terms[::2], y[::2])[0]
    errors = y[1::2] - terms[1::2] @ weights
    variance = y[1::2].var()
    return float(np.square(errors).mean() / variance) if variance else 1.0


def _terms(x: NDArray[np.float64], y: NDArray[np.float64], most: float) -> Sequence[int]:
    """Return the columns that suffice for a sum: each next one is that which explains most of what is left."""
    chosen: list[int] = []
    rest = y - y.mean()
    while len(chosen) < x.shape[1]:
        gains = np.abs(rest @ x)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        if _unexplained(x[:, chosen], y) <= most:
            break
        terms = x[:, chosen]
        rest = y - y.mean() - terms @ np.linalg.lstsq(terms, y - y.mean())[0]
    needed = chosen
    for one in chosen:
        fewer = [k for k in needed if k != one]
        if fewer and _unexplained(x[:, fewer], y) <= most:
            needed = fewer
    return needed


def _text(x: NDArray[np.float64], y: NDArray[np.float64], form: _Form) -> str:
    """Return a formula with {0}, {1} and so on as names of columns; "" for a product of powers that are not whole."""
    exponents = [int(np.frexp(np.abs(one).max(initial=0.0))[1]) for one in (*x.T, y)]
    terms = np.column_stack([in_unit(x), np.ones(len(x))])
    weights = np.linalg.lstsq(terms, in_unit(y))[0]
    weights = np.ldexp(weights, exponents[-1] - np.array([*exponents[:-1], 0]))
    names = [f"{{{k}}}" for k in range(len(weights) - 1)]
    if not form.is_product:
        return _sum_of(weights, names, float(y.std()))
    powers = np.round(weights[:-1])
    if (np.abs(weights[:-1] - powers) > _NEAR).any() or not powers.all():
        return ""
    factor = float(np.exp(np.mean(y - x @ powers)))
    above = [_power(name, power) for name, power in zip(names, powers, strict=True) if power > 0]
    below = [_power(name, -power) for name, power in zip(names, powers, strict=True) if power < 0]
    if abs(factor - 1) > _NEAR or not above:
        above.insert(0, f"{factor:.3g}")
    return " / ".join([" × ".join(above), *below])


def _power(name: str, power: float) -> str:
    return name if power == 1 else f"{name}^{power:g}"


def _sum_of(weights: NDArray[np.float64], names: Sequence[str], spread: float) -> str:
    """Return a weighted sum: factors near 1 and a small constant are left out."""
    text = ""
    for weight, name in zip(weights, [*names, ""], strict=True):
        if not name and abs(weight) < _NEAR * spread:
            continue
        factor = f"{abs(weight):.3g}"
        if name:
            factor = name if abs(abs(weight) - 1) < _NEAR else f"{factor} × {name}"
        sign = "-" if weight < 0 else "+"
        text += f" {sign} {factor}" if text else f"-{factor}" if weight < 0 else factor
    return text
