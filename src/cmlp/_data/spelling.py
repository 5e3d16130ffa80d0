"""Texts that are probably meant to be the same: categories and labels that differ in blanks, case or a final dot."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from cmlp._process.warnings import warn_of_data
from cmlp.exceptions import SpellingWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

# How values may have to be changed, from the smallest change on.
_CHANGES: Sequence[tuple[str, Callable[[str], str]]] = (
    ("str", str),
    ("str.strip", str.strip),
    ("str.rstrip('.')", lambda text: text.rstrip(".")),
    ("str.casefold", str.casefold),
    ("str.strip and str.casefold", lambda text: text.strip().casefold()),
    ("' '.join(text.split()) and str.casefold", lambda text: " ".join(text.split()).casefold()),
)


def _coarsest(text: str) -> str:
    """Return what is equal for texts that any of the changes makes equal."""
    return " ".join(text.casefold().split()).rstrip(". ")


class Match(NamedTuple):
    """A change after which unknown values are known ones, and one of the pairs that it makes equal."""

    change: str
    n: int  # of the unknown values
    unknown: object
    known: object

    def sentence(self, n_unknown: int | None = None) -> str:
        """Return it for a message: of all of them, or of some of `n_unknown` values."""
        which = "They" if n_unknown in (None, self.n) else f"{self.n:,} of them"
        if n_unknown == 1:
            which = "It"
        return f" {which} would match after {self.change}: {self.unknown!r} is like {self.known!r}."


class KnownSpellings:
    """Known values by their texts: a look-up of an unknown one does not take longer if there are many."""

    def __init__(self, known: Iterable[object]) -> None:
        self._alike: dict[str, list[object]] = {}
        for value, text in _with_texts(known):
            self._alike.setdefault(_coarsest(text), []).append(value)

    def best_match(self, unknown: Iterable[object]) -> Match | None:
        """Return the change after which most unknown values are known ones; None if none are."""
        counts: Counter[str] = Counter()  # of texts, whose hashes differ
        first: dict[str, object] = {}
        for value, text in _with_texts(unknown):
            counts[text] += 1
            first.setdefault(text, value)
        keys = dict.fromkeys(map(_coarsest, counts))
        alike = [value for key in keys for value in self._alike.get(key, ())]
        best = None
        for name, change in _CHANGES:
            meant = {change(str(value)): value for value in alike}
            matching = [text for text in counts if change(text) in meant]
            n = sum(counts[text] for text in matching)
            if n > (best.n if best else 0):
                text = matching[0]
                best = Match(name, n, first[text], meant[change(text)])
        return best


def _with_texts(values: Iterable[object]) -> Iterator[tuple[object, str]]:
    """Yield values that are not missing, with the texts that Python prints of them as a model stores them."""
    # Few programs need it.
    from cmlp._data.column_entries import stored_category, text_of

    for value in values:
        text = None if value is None else text_of(stored_category(value))
        if text is not None:
            yield value, text


def matching_change(unknown: Iterable[object], known: Iterable[object]) -> str:
    """Return a sentence about the change after which most unknown values are known ones; "" if none are."""
    match = KnownSpellings(known).best_match(unknown)
    return match.sentence() if match else ""


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
