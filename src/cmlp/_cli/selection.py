"""The columns of a file that a command reads: all but those of ``--drop``, and for a model those that it needs.

A column is found by its name, also without the spaces around it.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from cmlp._cli.options import CommandError, nearest
from cmlp._data.files.text import position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._data.files.rows import Choice, Selection

_MOST_NAMED = 5  # columns in a message


def without(dropped: Sequence[str]) -> Selection:
    """Select all columns but those that are given by their names or their numbers from 1."""

    def select(path: str, width: int, names: Sequence[str] | None) -> list[int]:
        columns = {column_number(path, width, names, text) for text in dropped}
        return [i for i in range(width) if i not in columns]

    return select


def column(text: str) -> Choice:
    """Choose a column that a user gives by its name or its number from 1."""
    return lambda path, width, names: column_number(path, width, names, text)


def inputs_of(n_inputs: int, wanted: Sequence[str] | None, dropped: Sequence[str]) -> Selection:
    """Select the columns that a model needs; raises CommandError if they are not those that are left in the file.

    If the model and the file have names of columns, these are found by name, in any order.
    """

    def select(path: str, width: int, names: Sequence[str] | None) -> list[int]:
        kept = without(dropped)(path, width, names)
        if wanted is not None and names is not None:
            return _by_name(path, wanted, {i: names[i] for i in kept})
        surplus = len(kept) - n_inputs
        if surplus:
            which = "its name or its number from 1" if names is not None else "its number from 1"
            hint = f": leave out {'one' if surplus == 1 else surplus} with --drop COLUMN, {which}"
            has = f"{path} has {len(kept)} columns{' left' if dropped else ''}"
            raise CommandError(f"{has}, but the model has {n_inputs} inputs{hint if surplus > 0 else ''}")
        return kept

    return select


def _by_name(path: str, wanted: Sequence[str], kept: dict[int, str]) -> list[int]:
    exact = {name: i for i, name in kept.items()}
    if len(exact) < len(kept):
        raise CommandError(f"{path} has two columns of the same name")
    meant = {name.strip(): name for name in wanted}
    at = {name if name in wanted else meant.get(name.strip(), name): i for name, i in exact.items()}
    missing = next((name for name in wanted if name not in at), None)
    if missing is not None:
        raise CommandError(f"{path} has no column {missing!r}, which the model needs")
    extra = [name for name in at if name not in set(wanted)]
    if extra:
        options = " ".join(f"--drop {shlex.quote(name)}" for name in extra[:_MOST_NAMED])
        more = f", and so on for {len(extra) - _MOST_NAMED} more" if len(extra) > _MOST_NAMED else ""
        what = f"the column {extra[0]!r}" if len(extra) == 1 else f"{len(extra)} columns"
        raise CommandError(f"{path} has {what} that the model does not need: add {options}{more}")
    return [at[name] for name in wanted]


def column_number(path: str, width: int, names: Sequence[str] | None, text: str) -> int:
    """Return the position of a column that a user gives by its name or its number from 1."""
    at = position(text, names, width)
    if at is not None:
        return at
    meant = nearest(text, names or ())
    hint = f"name a column, or a number from 1 to {width}" if meant is None else f"did you mean {meant!r}?"
    raise CommandError(f"{path} has no column {text!r}: {hint}")
