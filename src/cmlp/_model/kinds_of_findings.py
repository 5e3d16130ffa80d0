"""The kinds of findings: for each code what it means, its limit, and whether `fit` warns of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cmlp._process.printable import printable_message
from cmlp.exceptions import (
    CategoriesWarning,
    CopiesWarning,
    DataWarning,
    EmptyColumnWarning,
    GroupColumnWarning,
    InvalidParameterError,
    LeakWarning,
    ParseWarning,
    UnmatchedCodeWarning,
    UselessModelWarning,
    shown,
)

MARKS = ("!!", "!", ".")  # from the gravest to the lightest
_LEAST_WEIGHTS = (0.3, 0.1)  # of the first marks
COVERAGE = (
    0.9  # of intervals and sets whose harm is measured, and of those that a caller gets by default
)
# What the rows to predict are, as the user can say.
GROUPS, TIME, RANDOM = USES = ("groups", "time", "random")


class Kind(NamedTuple):
    """A kind of finding.

    Attributes
    ----------
    title : str
        What it says, for the documentation.
    mark : str
        That of a finding whose weight is not measured.
    limit : float
        The weight below which nothing is said.
    most : str
        The gravest mark that a weight can give.
    use : str or None
        The use of the model for which it matters; None if it matters for all.
    warning : type or None
        The class of the warning of `fit`, for findings that have a text for it; None if `fit` only reports them.
    """

    title: str
    mark: str = "!"
    limit: float = 0.05
    most: str = MARKS[0]
    use: str | None = None
    warning: type[DataWarning] | None = None


# By their codes, which are public.
KINDS = {
    "leak": Kind("Columns say y, or nearly", "!!", warning=LeakWarning),
    "linear": Kind("y is a sum of many columns, or of all", "."),
    "groups": Kind(
        "The rows are repeated measurements of the values of a column", "!!", use=GROUPS
    ),
    "group-column": Kind("X has the groups that are passed", "!!", warning=GroupColumnWarning),
    "copies": Kind("Rows are copies of others", "!!", warning=CopiesWarning),
    "time": Kind("The rows are in the order of time, and y changes with it", use=TIME),
    "shifted": Kind("X and y seem to be shifted by a row", "!!"),
    "useless": Kind(
        "The model is hardly better than a constant", "!!", warning=UselessModelWarning
    ),
    "uncovered": Kind("Sets have a class for none of its rows", most="!"),
    "few-groups": Kind("Intervals and sets follow from few groups", most="."),
    "parse": Kind("Text or numbers that are probably numbers or dates", warning=ParseWarning),
    "empty": Kind("A column without any value", warning=EmptyColumnWarning),
    "categories": Kind("More categories than a model keeps", warning=CategoriesWarning),
    "ids": Kind("Values that hardly repeat, or that count the rows"),
    "loss": Kind("y counts, and another loss has narrower intervals", ".", 0.1, "."),
    "units": Kind("y has numbers in two units"),
    "nominal": Kind(
        "Whole numbers that are codes, and categories for the networks, too", limit=0.0, most="."
    ),
    "code": Kind("Numbers that are probably codes for missing values", most="."),
    "unmatched": Kind(
        "Stated codes for missing values that no cell equals", ".", warning=UnmatchedCodeWarning
    ),
    "missing": Kind("Words for missing values among categories", "."),
    "spelling": Kind("Values that differ only by blanks, case or type", "."),
    "unchecked": Kind("A check raised an error and was left out"),
}
# Of warnings at `fit` that are no findings of columns.
_OF_WARNINGS = {one.code for one in DataWarning.__subclasses__()}
_CODES = frozenset({*KINDS, *_OF_WARNINGS})
_OF_LATER_VERSIONS = Kind("A kind that this version does not know")


def silenced_by(known: Sequence[str] | None) -> frozenset[str]:
    """Return what the user knows, as warnings print it: codes, or codes with columns.

    Raises InvalidParameterError if a code does not exist.
    """
    for entry in known or ():
        code = entry.partition(":")[0]
        if code not in _CODES:
            raise InvalidParameterError(
                f"known must have codes among {', '.join(sorted(_CODES))}, each alone or with columns as in "
                f"'leak:wage', got {shown(entry)}.",
                parameter="known",
                value=known,
            )
    return frozenset(map(printable_message, known or ()))


def mark_of(code: str, weight: float | None) -> str:
    """Return the mark of a finding of this weight."""
    kind = KINDS.get(code, _OF_LATER_VERSIONS)
    if weight is None:
        return kind.mark
    place = sum(weight < least for least in _LEAST_WEIGHTS)
    return MARKS[max(place, MARKS.index(kind.most))]
