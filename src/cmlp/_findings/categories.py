"""Columns of categories that are probably none, and those of which a model sees less than the user expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.column_entries import CATEGORY
from cmlp._data.spelling import equal_spellings
from cmlp._findings.ids import hardly_repeats
from cmlp._findings.table import TARGET, also
from cmlp._findings.texts import findings_of_text, meaning_of_text
from cmlp._model.findings import Finding
from cmlp._model.table_columns import MAX_CATEGORIES
from cmlp._model.unusual_rows import listed_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cmlp._findings.table import Table
    from cmlp._findings.texts import Meaning

# Words of files and of questionnaires that mean a missing value, in small letters. "none" often means nothing at all.
_MISSING = {
    *(
        "",
        "?",
        "-",
        "--",
        ".",
        "na",
        "n.a.",
        "n/a",
        "nan",
        "null",
        "missing",
        "unknown",
    ),
    *(
        "unspecified",
        "not available",
        "not known",
        "not recorded",
        "no answer",
        "(missing)",
        "<missing>",
    ),
}


def check_categories(table: Table) -> Iterator[Finding]:
    """Find columns whose values are probably numbers, dates, ids or free text; of others, rare or misspelt values."""
    codes = ("parse", "ids", "categories", "spelling", "missing")
    may_be = {code: {*table.candidates(code)} for code in codes}
    texts: list[tuple[int, Meaning]] = []
    ids, large, misspelt = [], [], []
    absent: dict[int, list[str]] = {}
    for i, (counts, is_decided) in table.counts.items():
        if table.columns[i].type != CATEGORY:
            continue
        if not is_decided and i in may_be["parse"]:
            meaning = meaning_of_text(table, i)
            if meaning is not None:
                texts.append((i, meaning))
                continue
        if hardly_repeats(counts):
            ids.append(i)
            continue
        if len(counts) > MAX_CATEGORIES:
            large.append(i)
        if i in may_be["spelling"] and equal_spellings(counts):
            misspelt.append(i)
        words = _missing_words(counts) if i in may_be["missing"] else []
        if words:
            absent[i] = words
    if texts:
        yield from findings_of_text(table, texts)
    ids, large = (
        [i for i in found if i in may_be[code]]
        for found, code in ((ids, "ids"), (large, "categories"))
    )
    if ids:
        yield Finding(
            "ids",
            table.names(ids),
            None,
            "hardly repeats a value, as ids and free text do",
            f"{table.without(ids)}, or columns from them whose values repeat",
        )
    if large:
        yield _of_many_categories(table, large)
    if misspelt:
        yield _of_spellings(table, misspelt)
    if absent:
        yield _of_missing_words(table, absent)


def _of_many_categories(table: Table, found: Sequence[int]) -> Finding:
    n = len(table.counts[found[0]].occurring)
    return Finding(
        "categories",
        table.names(found),
        None,
        f"{n:,} categories, of which the model knows the {MAX_CATEGORIES:,} most frequent",
        "a column from it with fewer values",
        f"{table.label(found[0])} has {n:,} categories, of which the model knows the "
        f"{MAX_CATEGORIES:,} most frequent. To the networks, the others are one category, as "
        f"those that fit has not seen: derive a column from it with fewer values.{also(table, found)}",
    )


def _of_spellings(table: Table, found: Sequence[int]) -> Finding:
    pairs = [equal_spellings(table.counts[i].occurring) for i in found]
    remedy = max((pair.remedy for pair in pairs if pair is not None), key=len)
    if len(found) == 1:
        text = table.one(found[0])
        remedy = remedy.replace(
            "column", f"pandas.Series({text})" if table.frame.names is None else text
        )
    return Finding(
        "spelling",
        table.names(found),
        None,
        "texts that differ only by blanks or case are different categories",
        remedy,
    )


def check_empty(table: Table) -> Iterator[Finding]:
    """Find columns without any value."""
    may_be = {*table.candidates("empty")}
    found = [i for i in np.flatnonzero(table.is_missing.all(axis=0)).tolist() if i in may_be]
    if found:
        has = "has" if len(found) == 1 else "have"
        yield Finding(
            "empty",
            table.names(found),
            None,
            "no value in any row",
            table.without(found),
            f"{listed_columns([table.label(i) for i in found])} {has} no value in any row "
            "of fit, so the model ignores the values that later rows have there. Leave out such a "
            "column, or check where its values are lost.",
        )


def _missing_words(counts: Mapping[object, int]) -> list[str]:
    """Return the categories that are words for a missing value: none among codes of one length, as DE, FR and NA."""
    values = [one for one in counts if one is not None]
    words = [one for one in values if isinstance(one, str) and one.strip().lower() in _MISSING]
    are_codes = len({len(str(one)) for one in values}) == 1
    return [] if are_codes or len(words) == len(values) else sorted(words)


def _of_missing_words(table: Table, found: Mapping[int, Sequence[str]]) -> Finding:
    return Finding(
        "missing",
        table.names([*found]),
        None,
        "a category is a word for a missing value",
        table.parameter("missing_values", found),
    )


def check_spellings(table: Table) -> Iterator[Finding]:
    """Find labels and groups that differ only by blanks or case."""
    given = {}
    if table.labels is not None and table.labels.classes.dtype.kind in "OU":
        given[TARGET] = table.labels.classes.tolist(), "classes"
    if table.groups is not None:
        given[table.groups.column or "groups"] = table.groups.values, "groups"
    for name, (values, what) in given.items():
        pair = equal_spellings(values)
        if pair is not None:
            remedy = pair.remedy.replace("column", "y" if name == TARGET else "groups")
            evidence = f"texts that differ only by blanks or case are different {what}"
            yield Finding("spelling", (name,), None, evidence, remedy)
