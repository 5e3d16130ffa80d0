"""Values that are probably meant to be the same: their texts differ in blanks, case or a final dot, or in type."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from cmlp._process.warnings import warn_of_data
from cmlp.exceptions import SpellingWarning

_WHOLE_FLOAT = re.compile(r"(-?\d+)\.0")  # the text of a whole number as a float


def _without_fraction(text: str) -> str:
    """Return the text of a whole number without a fraction of 0, and any other text as it is."""
    return _WHOLE_FLOAT.sub(r"\1", text) if _WHOLE_FLOAT.fullmatch(text) else text


# How values may have to be changed, from the smallest change on.
_CHANGES: Sequence[tuple[str, Callable[[str], str]]] = (
    ("str", str),
    ("str and str.removesuffix('.0')", _without_fraction),
    ("str.strip", str.strip),
    ("str.rstrip('.')", lambda text: text.rstrip(".")),
    ("str.casefold", str.casefold),
    ("str.strip and str.casefold", lambda text: text.strip().casefold()),
    ("' '.join(text.split()) and str.casefold", lambda text: " ".join(text.split()).casefold()),
)


def _coarsest(text: str) -> str:
    """Return what is equal for texts that any of the changes makes equal."""
    return _without_fraction(" ".join(text.casefold().split()).rstrip(". "))


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
    """Two values that differ only by blanks, case or type, texts last, and the code that makes such values equal."""

    one: object
    two: object
    remedy: str

    @property
    def are_texts(self) -> bool:
        """Whether both are texts; otherwise one is a number or a boolean."""
        return isinstance(self.one, str) and isinstance(self.two, str)


def equal_spellings(values: Iterable[object]) -> EqualSpellings | None:
    """Return the first two different values whose texts differ only by blanks or case; None without such."""
    return next(all_equal_spellings(values), None)


def all_equal_spellings(values: Iterable[object]) -> Iterator[EqualSpellings]:
    """Yield different values whose texts differ only by blanks or case, each with the first such value.

    Numbers and booleans have the text that Python prints of them. A whole float also has that of its integer, which a
    model stores.
    """
    first: dict[str, object] = {}
    for value in values:
        for text in [value] if isinstance(value, str) else _printed(value):
            other = first.setdefault(" ".join(text.split()).casefold(), value)
            if other != value:
                one, two = sorted(
                    [other, value], key=lambda each: (isinstance(each, str), str(each))
                )
                yield EqualSpellings(one, two, _remedy(one, two))
                break


def _printed(value: object) -> list[str]:
    """Return the texts of a number or a boolean; none of a missing value."""
    from cmlp._data.arrays import is_missing
    from cmlp._data.column_entries import stored_category, text_of

    if is_missing(value):
        return []
    texts = dict.fromkeys(text_of(each) for each in (value, stored_category(value)))
    return [text for text in texts if text is not None]


def _remedy(one: object, two: object) -> str:
    """Return the code for a column in which two values become equal."""
    code, texts = "column", [str(one), str(two)]
    if not (isinstance(one, str) and isinstance(two, str)):
        code = 'column.map(str, na_action="ignore")'
    if any(isinstance(each, float) and each.is_integer() for each in (one, two)):
        code, texts = f'{code}.str.removesuffix(".0")', [text.removesuffix(".0") for text in texts]
    if texts[0] == texts[1]:
        return code
    if texts[0].strip().casefold() != texts[1].strip().casefold():
        return f'{code}.str.split().str.join(" ").str.casefold()'
    return f"{code}.str.strip().str.casefold()"


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
