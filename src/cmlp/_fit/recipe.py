"""What decides the bits of a training run beside data, parameters and seed: the numbers of arithmetic and recipe.

The recipe is how this version trains: defaults, initial weights, the order of the rows, when training stops, and how a
table is encoded. A change that gives other bits raises `RECIPE`, and adds a row to the table in
docs/guide/provenance.md and hashes to tests/training/test_recipe.py. Predictions depend on the arithmetic alone.
"""

from __future__ import annotations

import re

from cmlp._bridge import _core

ARITHMETIC = 1  # of docs/arithmetic.md
RECIPE = 2


# What trains models now, in the form in which they store it: the recipe, and the version of cmlp that had it.
NOW = f"{RECIPE} {_core.__version__}"


def checked_recipe(stored: str | None) -> str | None:
    """Return what has trained a model, None for a C program; ValueError if the text is damaged."""
    pattern = r"[1-9]\d{0,8} \d{1,4}(\.\d{1,4}){2}"
    if stored is not None and not re.fullmatch(pattern, stored, re.ASCII):
        raise ValueError(f"the recipe is {stored!r}")
    return stored


def name_of_recipe(stored: str) -> str:
    """Return what has trained a model, for people."""
    number, version = stored.split(" ", 1)
    return f"recipe {number} of cmlp {version}"


def other_recipe(stored: str) -> str | None:
    """Return what differs between the recipe of a model and that of this version; None if they are the same."""
    if stored.split(" ", 1)[0] == str(RECIPE):
        return None
    return f"trained by {name_of_recipe(stored)}, and this version has {name_of_recipe(NOW)}"


def require_this_recipe(stored: str | None, call: str) -> None:
    """Raise ValueError if a call would continue the training of another recipe."""
    if stored is not None and (other := other_recipe(stored)) is not None:
        raise ValueError(
            f"{call} continues a model {other}: the result would be that of neither. Fit a new model, or "
            f"continue with a version that has recipe {stored.split(' ')[0]}."
        )
