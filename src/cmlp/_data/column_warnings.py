"""Warnings about columns of tables that are probably something else: text that is numbers, and unknown categories."""

from __future__ import annotations

import random
from collections import Counter
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.column_entries import ORDERED, categories_of, stored_category, text_of
from cmlp._data.columns import DATES, CellFormat
from cmlp._data.grammar import Grammar, looks_like_a_date
from cmlp._process.warnings import warn
from cmlp.exceptions import Message, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp._data.containers import Column
    from cmlp._process.warnings import Notices

_SHARE = 0.9  # of numbers or dates from which on text is doubtful, as in files of text
_SHOWN = 3  # values in a message
_SAMPLED = 5000  # entries that are parsed first if a column has more different ones
_SAMPLE = 20  # rows from which on a column with rarer categories than the model keeps is judged

_ZEROS, _SIMILAR, _OTHER_DATE = "zeros", "similar", "other date"
_NUMBERS = ("integer", "number", _ZEROS, "infinite", _SIMILAR)
_TIMES = (*DATES, _OTHER_DATE)
_ABSENT = ("missing", "mark")

# How values may have to be changed, from the smallest change on.
_CHANGES: Sequence[tuple[str, Callable[[str], str]]] = (
    ("str", str),
    ("str.strip", str.strip),
    ("str.casefold", str.casefold),
    ("str.strip and str.casefold", lambda text: text.strip().casefold()),
)


# ------------------------------------------------------------------------------------------------------- at fit


def warn_of_text(values: Sequence[Any], label: str, rows: NDArray[np.intp]) -> None:
    """Warn if nearly all values of a column of text, in some rows, are numbers or dates by the grammar of files."""
    filled = [row for row in rows.tolist() if values[row] is not None]
    counts = Counter(values[row] for row in filled)
    if len(counts) > _SAMPLED:
        sample = random.Random(0).sample(filled, _SAMPLED)
        if not _judged(Counter(values[row] for row in sample))[0]:
            return
    what, kinds, n = _judged(counts)
    if not what:
        return
    wanted, n_all = _NUMBERS if what == "numbers" else _TIMES, len(filled)
    first: dict[Any, int] = {}
    for row in filled:
        first.setdefault(values[row], row)
    others = [f"{shown(value)} in row {row}" for value, row in first.items() if kinds[value] not in wanted][:_SHOWN]
    share = f"{n:,} of {n_all:,} entries ({int(1000 * n / n_all) / 10} %)" if n < n_all else f"all {n:,} entries"
    listed = f" The first others are {', '.join(others)}." if others else ""
    written = next((value for value, kind in kinds.items() if kind in (_SIMILAR, _OTHER_DATE)), None)
    form = (
        "" if written is None else f" Values such as {written!r} need their format stated, or other characters removed."
    )
    function = "to_numeric" if what == "numbers" else "to_datetime"
    text = (
        "{} has text, so its values are categories, but {} are {}.{} To use {}, convert the column before fit and "
        "predict, for example by pandas.{}(column, errors='coerce').{} To use categories, give it the dtype "
        "'category', or name all such columns in <categorical_features>."
    )
    warn(Message(text, label, share, what, listed, what, function, form, categorical_features=...))


def _judged(counts: Counter[Any]) -> tuple[str, dict[Any, str], int]:
    """Return what nearly all values are, "numbers", "dates" or "", the kind of each, and how many entries are that."""
    grammar = Grammar(CellFormat())
    kinds = {value: _kind(grammar, value) for value in counts}
    tally: Counter[str] = Counter()
    for value, kind in kinds.items():
        tally[kind] += counts[value]
    n_numbers, n_dates = (sum(tally[kind] for kind in these) for these in (_NUMBERS, _TIMES))
    are_codes = tally[_ZEROS] and not tally["number"] and not tally[_SIMILAR]  # such as 00123
    what, n = ("numbers", n_numbers) if n_numbers >= n_dates else ("dates", n_dates)
    if not n or n < _SHARE * (tally.total() - tally["missing"] - tally["mark"]) or (are_codes and what == "numbers"):
        return "", kinds, 0
    return what, kinds, n


def _kind(grammar: Grammar, value: object) -> str:
    if isinstance(value, str):
        kind = grammar.kind(value)
        return _OTHER_DATE if kind in ("text", _SIMILAR) and looks_like_a_date(value) else kind
    return "number" if isinstance(value, Number) and not isinstance(value, bool) else "text"


# --------------------------------------------------------------------------------------------------- at predict


def warn_of_unknown(
    column: Column,
    coded: NDArray[np.float64],
    codes: Mapping[object, int],
    column_type: str,
    notices: Notices,
    *,
    is_full: bool,
) -> None:
    """Warn once if most values of a column have no code: `coded` has the codes, negative ones of unknown values.

    If the column had more categories than the model keeps (`is_full`), unknown ones are nothing new. There must then be
    many rows, and values that would match in another form.
    """
    n_known = int(np.count_nonzero(coded >= 0))
    if None in codes:
        n_known -= int(np.count_nonzero(coded == codes[None]))
    if n_known >= len(coded) - n_known or (is_full and len(coded) < _SAMPLE):
        return
    label, entries = column.label, categories_of(column, column_type)
    new = [value for value, code in zip(entries, coded.tolist(), strict=True) if code < 0 and value is not None]
    if len(new) <= n_known:
        return
    match = _match(new, codes) if is_full else ""
    if is_full and not match:
        return
    if not notices.is_first(f"{label}: unknown categories"):
        return
    n = n_known + len(new)
    few = "the value is unknown" if n == 1 else f"all {n:,} values are unknown" if len(new) == n else ""
    came = ", ".join(map(shown, _first_different(new)))
    known = ", ".join(map(shown, [value for value in codes if value is not None][:_SHOWN]))
    become = "are missing" if column_type == ORDERED else "count as one category"
    examples = known or "only missing values"
    warn(
        f"{label}: {few or f'{len(new):,} of {n:,} values are unknown'}, and unknown values {become}. The "
        f"first are {came}; fit knows {examples}.{match or _match(new, codes)}"
    )


def _first_different(values: Sequence[Any]) -> list[Any]:
    """Return the first different values; a dict of all of them takes too long if their hashes are equal."""
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
        if len(found) == _SHOWN:
            break
    return found


def _match(new: Sequence[Any], codes: Mapping[object, int]) -> str:
    """Return a sentence about the change after which most values are known ones; "" if none are."""
    texts: dict[str, Any] = {}  # whose hashes differ
    for value in new:
        text = text_of(stored_category(value))
        if text is not None:
            texts.setdefault(text, value)
    categories = [value for value in codes if value is not None]
    best: tuple[int, str] = 0, ""
    for name, change in _CHANGES:
        meant = {change(str(value)): value for value in categories}
        pairs = [(value, meant.get(change(text))) for text, value in texts.items()]
        matching = [(value, other) for value, other in pairs if other is not None]
        if len(matching) > best[0]:
            value, other = matching[0]
            best = len(matching), f" They would match after {name}: {value!r} is like {other!r}."
    return best[1]
