"""Texts that are probably meant to be the same: categories and labels that differ in blanks, case or a final dot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cmlp._process.warnings import warn_of_data
from cmlp.exceptions import SpellingWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# How values may have to be changed, from the smallest change on.
_CHANGES: Sequence[tuple[str, Callable[[str], str]]] = (
    ("str", str),
    ("str.strip", str.strip),
    ("str.rstrip('.')", lambda text: text.rstrip(".")),
    ("str.casefold", str.casefold),
    ("str.strip and str.casefold", lambda text: text.strip().casefold()),
    ("' '.join(text.split()) and str.casefold", lambda text: " ".join(text.split()).casefold()),
)


def matching_change(unknown: Iterable[object], known: Iterable[object]) -> str:
    """Return a sentence about the change after which most unknown values are known ones; "" if none are."""
    # Few programs need it.
    from cmlp._data.column_entries import stored_category, text_of

    texts: dict[str, Any] = {}  # whose hashes differ
    for value in unknown:
        text = text_of(stored_category(value))
        if text is not None:
            texts.setdefault(text, value)
    wanted = [value for value in known if value is not None]
    best: tuple[int, str] = 0, ""
    for name, change in _CHANGES:
        meant = {change(str(value)): value for value in wanted}
        pairs = [(value, meant.get(change(text))) for text, value in texts.items()]
        matching = [(value, other) for value, other in pairs if other is not None]
        if len(matching) > best[0]:
            value, other = matching[0]
            best = len(matching), f" They would match after {name}: {value!r} is like {other!r}."
    return best[1]


class EqualSpellings(NamedTuple):
    """Two texts that differ only by blanks or case, in the order of texts, and the code that makes such ones equal."""

    one: str
    two: str
    remedy: str


def equal_spellings(values: Iterable[object]) -> EqualSpellings | None:
    """Return the first two of different texts that differ only by blanks or case; None without such."""
    first: dict[str, str] = {}
    for value in values:
        if not isinstance(value, str):
            continue
        other = first.setdefault(" ".join(value.split()).casefold(), value)
        if other != value:
            one, two = sorted([str(other), str(value)])
            remedy = "column.str.strip().str.casefold()"
            if one.strip().casefold() != two.strip().casefold():
                remedy = 'column.str.split().str.join(" ").str.casefold()'
            return EqualSpellings(one, two, remedy)
    return None


def warn_of_spellings(values: Iterable[object], whose: str, what: str) -> None:
    """Warn if two of different texts differ only by blanks or case; `what` they are in a model.

    The texts stay different: only the user knows whether they mean the same.
    """
    found = equal_spellings(values)
    if found is not None:
        warn_of_data(
            f"{whose} has {found.one!r} and {found.two!r}, which differ only by blanks or case, and are "
            f"different {what}. If such texts mean the same, make them equal before fit and "
            f"predict, for example by {found.remedy}.",
            SpellingWarning,
        )
