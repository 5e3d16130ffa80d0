"""Columns of categories that are probably none, and those of which a model sees less than the user expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from cmlp._data.column_entries import CATEGORY
from cmlp._data.grammar import LEAST_SHARE, MOST_SHARE
from cmlp._data.spelling import EqualSpellings, all_equal_spellings
from cmlp._findings.ids import hardly_repeats
from cmlp._findings.table import TARGET, CheckedTable, findings_of
from cmlp._findings.texts import Meaning, findings_of_text, meaning_of_text
from cmlp._model.findings import Finding
from cmlp._model.table_columns import MAX_CATEGORIES
from cmlp._model.unusual_rows import listed_columns

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


def check_categories(table: CheckedTable) -> Iterator[Finding]:
    """Find columns whose values are probably numbers, dates, ids or free text; of others, rare or misspelt values."""
    codes = ("parse", "ids", "categories", "spelling", "missing")
    may_be = {code: {*table.candidates(code)} for code in codes}
    texts: list[tuple[int, Meaning]] = []
    ids, large = [], []
    misspelt: dict[int, Sequence[EqualSpellings]] = {}
    absent: dict[int, list[str]] = {}
    for i, (counts, is_decided) in table.counts.items():
        if table.columns[i].type != CATEGORY:
            continue
        is_ids = hardly_repeats(counts)
        # The reader of a file has looked for numbers and dates, but among values that hardly repeat.
        is_open = not is_decided and (is_ids or not table.frame.column(i).is_of_file)
        if is_open and i in may_be["parse"]:
            meaning = meaning_of_text(table, i, LEAST_SHARE if is_ids else MOST_SHARE)
            if meaning is not None:
                texts.append((i, meaning))
                continue
        if is_ids:
            ids.append(i)
            continue
        if len(counts) > MAX_CATEGORIES:
            large.append(i)
        if i in may_be["spelling"] and (pairs := [*all_equal_spellings(counts)]):
            misspelt[i] = pairs
        words = _missing_words(counts) if i in may_be["missing"] else []
        if words:
            absent[i] = words
    if texts:
        yield from findings_of_text(table, texts)
    ids, large = (
        [i for i in found if i in may_be[code]]
        for found, code in ((ids, "ids"), (large, "categories"))
    )
    yield from findings_of(
        table,
        "ids",
        ids,
        "hardly repeats a value, as ids and free text do",
        remedy=f"{table.without(ids)}, or columns from them whose values repeat",
    )
    if large:
        yield from _of_many_categories(table, large)
    mixed = [i for i, pairs in misspelt.items() if not all(pair.are_texts for pair in pairs)]
    for i in mixed:
        yield _of_types(table, i, misspelt.pop(i))
    if misspelt:
        yield _of_spellings(table, misspelt)
    yield from findings_of(
        table,
        "missing",
        [*absent],
        "a category is a word for a missing value",
        remedy=table.parameter("missing_values", absent),
    )


def _of_many_categories(table: CheckedTable, found: Sequence[int]) -> Iterator[Finding]:
    n = len(table.counts[found[0]].occurring)
    evidence = f"{n:,} categories, of which the model knows the {MAX_CATEGORIES:,} most frequent"
    return findings_of(
        table,
        "categories",
        found,
        evidence,
        remedy="a column from it with fewer values",
        warning=f"{{}} has {evidence}. To the networks, the others are one category, as those that fit has not seen: "
        "derive a column from it with fewer values.",
    )


def _of_spellings(table: CheckedTable, found: Mapping[int, Sequence[EqualSpellings]]) -> Finding:
    remedy = max((pair.remedy for pairs in found.values() for pair in pairs), key=len)
    if len(found) == 1:
        remedy = _for_column(table, next(iter(found)), remedy)
    return Finding(
        "spelling",
        columns=table.names([*found]),
        weight=None,
        evidence="texts that differ only by blanks or case are different categories",
        remedy=remedy,
    )


def _of_types(table: CheckedTable, i: int, pairs: Sequence[EqualSpellings]) -> Finding:
    """Return what is wrong with a column that has texts and numbers or booleans, such as one read in chunks."""
    mixed = [pair for pair in pairs if not pair.are_texts]
    n_more = len(mixed) - 1
    more = f" (and {n_more} more such pair{'s' * (n_more > 1)})" * (n_more > 0)
    # 1 and 1.0 are one category, but two texts.
    entries = {(type(value), value): value for value in table.values(i)}
    floats_first = sorted(entries.values(), key=lambda value: not isinstance(value, float))
    remedy = max((pair.remedy for pair in all_equal_spellings(floats_first)), key=len)
    return Finding(
        "spelling",
        columns=table.names([i]),
        weight=None,
        evidence=f"{mixed[0].one!r} and {mixed[0].two!r}{more} are different categories",
        remedy=_for_column(table, i, remedy),
    )


def _for_column(table: CheckedTable, i: int, remedy: str) -> str:
    """Return the code of a remedy for a column of X."""
    text = table.one(i)
    return remedy.replace("column", f"pandas.Series({text})" if table.frame.names is None else text)


def check_empty(table: CheckedTable) -> Iterator[Finding]:
    """Find columns without any value."""
    may_be = {*table.candidates("empty")}
    found = [i for i in np.flatnonzero(table.is_missing.all(axis=0)).tolist() if i in may_be]
    if found:
        has = "has" if len(found) == 1 else "have"
        yield Finding(
            "empty",
            columns=table.names(found),
            weight=None,
            evidence="no value in any row",
            remedy=table.without(found),
            warning=f"{listed_columns([table.label(i) for i in found])} {has} no value in any row "
            "of fit, so the model ignores the values that later rows have there. Leave out such a "
            "column, or check where its values are lost.",
        )


def _missing_words(counts: Mapping[object, int]) -> list[str]:
    """Return the categories that are words for a missing value: none among codes of one length, as DE, FR and NA."""
    values = [one for one in counts if one is not None]
    words = [one for one in values if isinstance(one, str) and one.strip().lower() in _MISSING]
    are_codes = len({len(str(one)) for one in values}) == 1
    return [] if are_codes or len(words) == len(values) else sorted(words)


def check_spellings(table: CheckedTable) -> Iterator[Finding]:
    """Find labels and groups that differ only by blanks, case or type."""
    given = {}
    if table.labels is not None and table.labels.classes.dtype.kind in "OU":
        given[TARGET] = table.labels.classes.tolist(), "classes"
    if table.groups is not None:
        given[table.groups.column or "groups"] = table.groups.values, "groups"
    for name, (values, what) in given.items():
        pairs = [*all_equal_spellings(values)]
        if pairs:
            pair, remedy = pairs[0], max((each.remedy for each in pairs), key=len)
            remedy = remedy.replace("column", "y" if name == TARGET else "groups")
            evidence = f"texts that differ only by blanks or case are different {what}"
            if not pair.are_texts:
                evidence = f"{pair.one!r} and {pair.two!r} are different {what}"
            yield Finding(
                "spelling", columns=(name,), weight=None, evidence=evidence, remedy=remedy
            )
