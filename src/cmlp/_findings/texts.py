"""Columns of text that is probably numbers or dates, and of whole numbers that are probably dates."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from numbers import Number
from typing import NamedTuple

import numpy as np

from cmlp._data.column_entries import NUMBER
from cmlp._data.columns import DATES, NEW_FORMAT
from cmlp._data.date_forms import common_forms, date_form, form_of_numbers
from cmlp._data.files.file_formats import stated
from cmlp._data.grammar import (
    MINUS,
    MOST_SHARE,
    OFFSET,
    Grammar,
    has_d_exponent,
    looks_like_a_date,
)
from cmlp._data.labels import are_probably_numbers
from cmlp._findings.ids import hardly_repeats
from cmlp._findings.table import TARGET, CheckedTable, also, findings_of
from cmlp._model.findings import Finding
from cmlp.exceptions import shown

_GRAMMAR = Grammar(NEW_FORMAT)
_SHOWN = 3  # values in a message
_SAMPLED = 5000  # entries that are parsed first if a column has more different ones

_ZEROS, _SIMILAR, _OTHER_DATE = "zeros", "similar", "other date"
_NUMBERS = ("integer", "number", _ZEROS, "infinite", _SIMILAR)
_TIMES = (*DATES, _OTHER_DATE)
_INSTANT = DATES[-1]
_OFFSET = re.compile(f"{OFFSET}$")
# Numbers with the digits of a month or a day in a year.
_FEWEST_DIGITS, _MOST_DIGITS = 180_000, 21_000_000
_USE_CATEGORIES = (
    "To use categories, give it the dtype 'category', or name all such columns in "
    "categorical_features."
)


class Meaning(NamedTuple):
    """What the text of a column probably is."""

    what: str  # "numbers" or "dates"
    share: float  # of the entries
    warning: str  # with cells
    call: str = ""  # what reads it, but for the column
    forms: tuple[str, ...] = ()  # of dates, one of which reads it
    remedy: str = ""  # what else helps; of the cells of a file, options of the command


def check_numbers_of_dates(table: CheckedTable) -> Iterator[Finding]:
    """Find columns of whole numbers that are probably dates, such as 19580329."""
    if not table.numbers_may_be_dates:
        return
    forms: dict[str, list[int]] = {}
    for i in table.candidates("parse"):
        if table.columns[i].type != NUMBER or table.frame.column(i).is_of_file:
            continue
        values = table.raw[:, i]
        if not len(values) or not _may_be_dates(float(values[0])):
            continue
        form = form_of_numbers(values)
        if form:
            forms.setdefault(form, []).append(i)
    for form, found in forms.items():
        yield from findings_of(
            table,
            "parse",
            found,
            "whole numbers that are probably dates",
            remedy=_stated(table, found, form),
            warning=f"{{}} has whole numbers that are probably dates, such as {int(table.raw[0, found[0]])}. To use "
            f"dates, pass {_stated(table, found[:1], form)}. As numbers, their distances are wrong, and the networks "
            "see no weekday or season.",
        )


def check_labels(table: CheckedTable) -> Iterator[Finding]:
    """Find labels of text that are numbers, such as "$132,500", each of which would be a class."""
    labels = table.labels
    if (
        not table.measures
        or labels is None
        or labels.classes.dtype.kind not in "OTU"
        or len(table.targets) > 1
    ):
        return
    classes = labels.classes.tolist()
    if not are_probably_numbers(len(classes), table.n_rows):
        return
    codes = table.targets[0].astype(np.intp)
    counts = dict(zip(classes, np.bincount(codes, minlength=len(classes)).tolist(), strict=True))
    what, kinds, n = _judged(counts, MOST_SHARE)
    if what != "numbers" or not all(isinstance(one, str) for one in classes):
        return
    call = "pandas.to_numeric(y)"
    if _SIMILAR in kinds.values():
        from cmlp._data.quantities import quantities_in  # few programs need it

        found = quantities_in(counts)
        call = found.call.replace("column", "y") if found is not None else ""
    share = "all" if n == table.n_rows else f"{int(1000 * n / table.n_rows) / 10:g} %"
    yield Finding(
        "parse",
        columns=(TARGET,),
        weight=None,
        evidence=f"{len(classes):,} classes of text, of which {share} are numbers",
        remedy=call or "y as numbers, for TabularRegressor",
        warning=f"y has text, so its {len(classes):,} different values are classes, but {share} are numbers, such as "
        f"{classes[0]!r}. To predict numbers, use TabularRegressor with numbers{', for example ' * bool(call)}{call}.",
    )


def _may_be_dates(number: float) -> bool:
    """Return whether a number has the digits of a day or a month in a year."""
    return bool(_FEWEST_DIGITS <= number < _MOST_DIGITS and number == int(number))


def _stated(table: CheckedTable, columns: Sequence[int], form: str) -> str:
    """Return the parameter that states a form of dates."""
    return table.parameter("date_formats", dict.fromkeys(columns, form))


def findings_of_text(
    table: CheckedTable, found: Sequence[tuple[int, Meaning]]
) -> Iterator[Finding]:
    """Return a finding for all columns whose text has one meaning."""
    alike: dict[tuple[object, ...], list[tuple[int, Meaning]]] = {}
    for i, meaning in found:
        key = meaning.call, meaning.forms, meaning.remedy, bool(meaning.warning)
        alike.setdefault(key, []).append((i, meaning))
    for each in alike.values():
        columns = [i for i, _ in each]
        first = each[0][1]
        yield Finding(
            "parse",
            columns=table.names(columns),
            weight=None,
            evidence=f"text, of which {_shares([meaning.share for _, meaning in each])} are {first.what}",
            remedy=_remedy(table, columns, first),
            warning=first.warning and first.warning + also(table, columns),
        )


def _shares(shares: Sequence[float]) -> str:
    low, high = (f"{int(1000 * share) / 10:g}" for share in (min(shares), max(shares)))
    return f"{low} %" if low == high else f"{low} to {high} %"


def _remedy(table: CheckedTable, columns: Sequence[int], meaning: Meaning) -> str:
    if meaning.remedy:
        return meaning.remedy
    if meaning.forms:
        return " or ".join(_stated(table, columns, form) for form in meaning.forms)
    call = meaning.call
    if "column" in call:
        if len(columns) > 1:
            return f"X[{table.selection(columns)}].apply(lambda column: {call})"
        one = table.one(columns[0])
        return call.replace("column", f"pandas.Series({one})" if table.frame.names is None else one)
    function, _, options = call.partition("(")
    if len(columns) == 1:
        return f"{function}({table.one(columns[0])}{options}"
    X = "pandas.DataFrame(X)" if table.frame.names is None else "X"
    return f"{X}[{table.selection(columns)}].apply({function}{options}"


def meaning_of_text(table: CheckedTable, i: int, least: float) -> Meaning | None:
    """Return what at least this share of a column of text is; None if that is neither numbers nor dates.

    They are those of the grammar of files, or dates of a common form.
    """
    counts = {
        value: count for value, count in table.counts[i].occurring.items() if value is not None
    }
    meaning = _meaning_by_form(table, i, counts, least)
    if meaning is not None:
        return meaning
    if len(counts) > _SAMPLED:
        sample = random.Random(0).sample([*counts], _SAMPLED, counts=counts.values())
        if not _judged(Counter(sample), least)[0]:
            return _meaning_of_quantities(table, i, counts) if hardly_repeats(counts) else None
    what, kinds, n = _judged(counts, least)
    n_all = sum(counts.values())
    # Text such as "$5" is a number, which nothing reads as it is.
    is_written = what == "numbers" and _SIMILAR in kinds.values()
    if is_written or (what != "dates" and n < MOST_SHARE * n_all and hardly_repeats(counts)):
        meaning = _meaning_of_quantities(table, i, counts)
        if meaning is not None and (is_written or meaning.share > n / n_all):
            return meaning
    if not what:
        return None
    share = f"all {n:,} entries"
    if n < n_all:
        share = f"{n:,} of {n_all:,} entries ({int(1000 * n / n_all) / 10} %)"
    others = _first_others(table, i, kinds, _NUMBERS if what == "numbers" else _TIMES)
    listed = f" The first others are {', '.join(others)}." if others else ""
    forms = (
        f" Values such as {value!r} need their format stated, or other characters removed."
        for value, kind in kinds.items()
        if kind in (_SIMILAR, _OTHER_DATE) and not has_d_exponent(str(value))
    )
    form = next(forms, "")
    function = "to_numeric" if what == "numbers" else "to_datetime"
    offsets = {
        found[0]
        for value, kind in kinds.items()
        if kind == _INSTANT and (found := _OFFSET.search(str(value)))
    }
    # Without it, pandas raises ValueError of times before and after a clock change.
    zone = ", utc=True" if len(offsets) > 1 else ""
    steps = _steps(kinds) if what == "numbers" else ""
    call = f"pandas.{function}({'column' * bool(steps)}{steps}, errors='coerce'{zone})"
    if table.frame.column(i).decided_by == "rules":
        return Meaning(what, n / n_all, "", remedy=_option(table, i, what, kinds))
    if n < MOST_SHARE * n_all:  # the others may be ids
        return Meaning(what, n / n_all, "", call)
    return Meaning(
        what,
        n / n_all,
        f"{table.label(i)} has text, so its values are categories, but {share} are {what}.{listed} To use "
        f"{what}, convert the column before fit and predict, for example by "
        f"{call if steps else call.replace('(', '(column', 1)}.{form} {_USE_CATEGORIES}",
        call,
    )


def _steps(kinds: Mapping[object, str]) -> str:
    """Return the code that makes numbers of texts as Python and pandas read them."""
    texts = [text for text, kind in kinds.items() if isinstance(text, str) and kind in _NUMBERS]
    steps = ""
    if any('="' in text for text in texts):
        steps += ".str.strip('=\"')"
    if any(MINUS in text for text in texts):
        steps += f".str.replace('{MINUS}', '-')"
    if any(map(has_d_exponent, texts)):
        steps += ".str.replace('[dD]', 'e', regex=True)"
    return steps


def _option(table: CheckedTable, i: int, what: str, kinds: Mapping[object, str]) -> str:
    """Return what reads numbers or dates in a column of a file of text, whose cells the command has read."""
    wanted = _NUMBERS if what == "numbers" else _TIMES
    others = [str(value).strip() for value, kind in kinds.items() if kind not in wanted]
    others = [text for text in dict.fromkeys(others) if not _GRAMMAR.is_mark(text)]
    as_written = any(kind in (_SIMILAR, _OTHER_DATE) for kind in kinds.values())
    if as_written or len(others) > _SHOWN:
        example = "1234.5, and powers as 1e3," if what == "numbers" else "2026-11-24,"
        return f"{what} such as {example} or empty cells in {table.name(i)}"
    return " ".join(stated("--missing", text) for text in others)


def _first_others(
    table: CheckedTable, i: int, kinds: Mapping[object, str], wanted: Sequence[str]
) -> list[str]:
    """Return the first values of other kinds, with their rows."""
    others = {value for value, kind in kinds.items() if kind not in wanted}
    found: dict[object, str] = {}
    if not others:
        return []
    for row, value in zip(table.row_index.tolist(), table.values(i), strict=True):
        if value in others and value not in found:
            found[value] = f"{shown(value)} in row {row}"
            if len(found) == _SHOWN:
                break
    return [*found.values()]


def _meaning_by_form(
    table: CheckedTable, i: int, counts: Mapping[object, int], least: float
) -> Meaning | None:
    """Return the meaning of text of which a common form reads at least this share as dates; None of other text."""
    texts = {value: count for value, count in counts.items() if isinstance(value, str)}
    if len(texts) < len(counts):
        return None
    forms = common_forms(texts, least)
    if not forms:
        return None
    form = date_form(forms[0])
    others = [text for text in texts if form.date(text) is None]
    share = 1 - sum(texts[text] for text in others) / sum(texts.values())
    if table.frame.column(i).decided_by == "rules":
        words = [text.strip() for text in others if not _GRAMMAR.is_mark(text)]
        options = [stated("--date-format", f"{table.name(i)}={one}") for one in forms]
        also_missing = [stated("--missing", word) for word in dict.fromkeys(words[: _SHOWN + 1])]
        if len(also_missing) > _SHOWN:
            also_missing = [f"and dates or empty cells in {table.name(i)}"]
        return Meaning("dates", share, "", remedy=" ".join([" or ".join(options), *also_missing]))
    if share < MOST_SHARE:  # the others are named, for date_formats refuses them
        missing = table.parameter("missing_values", {i: others[:_SHOWN]})
        stands = f", {missing}" if len(others) <= _SHOWN else ""
        remedy = " or ".join(_stated(table, [i], one) for one in forms)
        return Meaning("dates", share, "", remedy=remedy + stands)
    parameters = [_stated(table, [i], one) for one in forms]
    return Meaning(
        "dates",
        MOST_SHARE,
        f"{table.label(i)} has text, so its values are categories, but nearly all are dates, such as "
        f"{next(iter(counts))!r}. To use dates, pass {' or '.join(parameters)}. {_USE_CATEGORIES}",
        forms=tuple(forms),
    )


def _meaning_of_quantities(
    table: CheckedTable, i: int, counts: Mapping[object, int]
) -> Meaning | None:
    """Return the meaning of text that hardly repeats, if nearly all values are numbers with a unit, or durations."""
    texts = {value: count for value, count in counts.items() if isinstance(value, str)}
    if len(texts) < len(counts):
        return None
    from cmlp._data.quantities import quantities_in  # few programs need it

    found = quantities_in(texts)
    if found is None:
        return None
    what = f'{found.what} of the form "{found.form}"'
    name, of_rules = table.name(i), table.frame.column(i).decided_by == "rules"
    if found.units:
        warning = (
            f"{table.label(i)} has text, so its values are categories, but "
            f"{int(1000 * found.share) / 10:g} % of the entries are {found.what} of several units: "
            f"{found.units}. To use {found.what}, convert them to one unit before fit and predict. "
            f"{_USE_CATEGORIES}"
        )
        remedy = f"one unit in {name}, which has {found.units}"
        is_said = found.is_sure and not of_rules
        return Meaning(what, found.share, warning * is_said, remedy=remedy)
    if of_rules:
        remedy = f"{found.what} without other characters in {name}"
        return Meaning(what, found.share, "", remedy=remedy)
    if not found.is_sure:
        return Meaning(what, found.share, "", found.call)
    return Meaning(
        what,
        found.share,
        f"{table.label(i)} has text, so its values are categories, but "
        f"{int(1000 * found.share) / 10:g} % of the entries are {found.what} of the form {found.form!r}, such as "
        f"{found.example!r}. To use {found.what}, convert the column before fit and predict, for example by "
        f"{found.call}. {_USE_CATEGORIES}",
        found.call,
    )


def _judged(counts: Mapping[object, int], least: float) -> tuple[str, dict[object, str], int]:
    """Return what at least this share of the values are, "numbers", "dates" or "", the kind of each, and how many.

    That is the number of entries that are so.
    """
    kinds = {value: _kind(value) for value in counts}
    tally: Counter[str] = Counter()
    for value, kind in kinds.items():
        tally[kind] += counts[value]
    n_numbers, n_dates = (sum(tally[kind] for kind in these) for these in (_NUMBERS, _TIMES))
    are_codes = tally[_ZEROS] and not tally["number"] and not tally[_SIMILAR]  # such as 00123
    what, n = ("numbers", n_numbers) if n_numbers >= n_dates else ("dates", n_dates)
    if (
        not n
        or n < least * (tally.total() - tally["missing"] - tally["mark"])
        or (are_codes and what == "numbers")
    ):
        return "", kinds, 0
    return what, kinds, n


def _kind(value: object) -> str:
    if isinstance(value, str):
        (text,) = _GRAMMAR.contents([value])
        kind = _GRAMMAR.kind(text)
        return _OTHER_DATE if kind in ("text", _SIMILAR) and looks_like_a_date(value) else kind
    return "number" if isinstance(value, Number) and not isinstance(value, bool) else "text"
