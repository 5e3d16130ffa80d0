"""The warning at fit about a column of text that is probably numbers or dates."""

from __future__ import annotations

import random
import re
from collections import Counter
from numbers import Number
from typing import TYPE_CHECKING, Any

from cmlp._data.columns import DATES, CellFormat
from cmlp._data.grammar import MOST_SHARE, OFFSET, Grammar, looks_like_a_date
from cmlp._process.warnings import warn
from cmlp.exceptions import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

_SHOWN = 3  # values in a message
_SAMPLED = 5000  # entries that are parsed first if a column has more different ones

_ZEROS, _SIMILAR, _OTHER_DATE = "zeros", "similar", "other date"
_NUMBERS = ("integer", "number", _ZEROS, "infinite", _SIMILAR)
_TIMES = (*DATES, _OTHER_DATE)
_INSTANT = DATES[-1]
_OFFSET = re.compile(f"{OFFSET}$")


def warn_of_text(values: Sequence[Any], label: str, rows: NDArray[np.intp]) -> bool:
    """Warn if nearly all values of a column of text, in some rows, are numbers or dates.

    They are those of the grammar of files, or dates of a common form. Returns whether they are.
    """
    filled = [row for row in rows.tolist() if values[row] is not None]
    counts = Counter(values[row] for row in filled)
    if _warn_of_form(counts, label):
        return True
    if len(counts) > _SAMPLED:
        sample = random.Random(0).sample(filled, _SAMPLED)
        if not _judged(Counter(values[row] for row in sample))[0]:
            return False
    what, kinds, n = _judged(counts)
    if not what:
        return False
    wanted, n_all = _NUMBERS if what == "numbers" else _TIMES, len(filled)
    first: dict[Any, int] = {}
    for row in filled:
        first.setdefault(values[row], row)
    others = [
        f"{shown(value)} in row {row}" for value, row in first.items() if kinds[value] not in wanted
    ][:_SHOWN]
    if n < n_all:
        share = f"{n:,} of {n_all:,} entries ({int(1000 * n / n_all) / 10} %)"
    else:
        share = f"all {n:,} entries"
    listed = f" The first others are {', '.join(others)}." if others else ""
    written = next(
        (value for value, kind in kinds.items() if kind in (_SIMILAR, _OTHER_DATE)), None
    )
    if written is None:
        form = ""
    else:
        form = f" Values such as {written!r} need their format stated, or other characters removed."
    function = "to_numeric" if what == "numbers" else "to_datetime"
    offsets = {
        found[0]
        for value, kind in kinds.items()
        if kind == _INSTANT and (found := _OFFSET.search(value))
    }
    # Without it, pandas raises ValueError of times before and after a clock change.
    zone = ", utc=True" if len(offsets) > 1 else ""
    warn(
        f"{label} has text, so its values are categories, but {share} are {what}.{listed} To use "
        f"{what}, convert the column before fit and predict, for example by "
        f"pandas.{function}(column, errors='coerce'{zone}).{form} To use categories, give it the dtype "
        "'category', or name all such columns in categorical_features."
    )
    return True


def _warn_of_form(counts: Counter[Any], label: str) -> bool:
    """Warn if a common form reads nearly all values as dates; returns whether it does."""
    if not all(isinstance(value, str) for value in counts):
        return False
    from cmlp._data.date_forms import common_forms  # few programs need it

    forms = common_forms(counts)
    if not forms:
        return False
    key = label.removeprefix("column ")
    stated = [f"date_formats={{{key}: {form!r}}}" for form in forms]
    warn(
        f"{label} has text, so its values are categories, but nearly all are dates, such as "
        f"{next(iter(counts))!r}. To use dates, pass {' or '.join(stated)}. To use categories, "
        "give it the dtype 'category', or name all such columns in categorical_features."
    )
    return True


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
    if (
        not n
        or n < MOST_SHARE * (tally.total() - tally["missing"] - tally["mark"])
        or (are_codes and what == "numbers")
    ):
        return "", kinds, 0
    return what, kinds, n


def _kind(grammar: Grammar, value: object) -> str:
    if isinstance(value, str):
        kind = grammar.kind(value)
        return _OTHER_DATE if kind in ("text", _SIMILAR) and looks_like_a_date(value) else kind
    return "number" if isinstance(value, Number) and not isinstance(value, bool) else "text"
