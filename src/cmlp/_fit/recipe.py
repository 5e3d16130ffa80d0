"""What decides the bits of a training beside data, parameters and seed: the numbers of arithmetic and recipe.

The recipe is how this version trains: defaults, initial weights, the order of the rows, when training stops, and how a
table is encoded. A change that gives other bits raises `RECIPE`, and adds a row to the table in
docs/guide/provenance.md and hashes to tests/training/test_recipe.py. Predictions depend on the arithmetic alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cmlp._bridge import _core

ARITHMETIC = 1  # of docs/arithmetic.md
RECIPE = 2


class Recipe(NamedTuple):
    """The recipe that has trained a model, and the version of cmlp that had it."""

    number: int
    version: str

    def __str__(self) -> str:
        return f"recipe {self.number} of cmlp {self.version}"

    @property
    def stored(self) -> str:
        """The text in a model file."""
        return f"{self.number} {self.version}"

    @classmethod
    def of_text(cls, text: str) -> Recipe:
        """Return the recipe with this text in a model file; ValueError if there is none."""
        if not re.fullmatch(r"[1-9]\d{0,8} \d{1,4}(\.\d{1,4}){2}", text, re.ASCII):
            raise ValueError(f"the recipe is {text!r}")
        number, version = text.split(" ")
        return cls(int(number), version)

    @property
    def difference(self) -> str | None:
        """What differs from the recipe of this version; None if it is the same."""
        if self.number == RECIPE:
            return None
        return f"trained by {self}, and this version has {NOW}"


NOW = Recipe(RECIPE, _core.__version__)


def require_this_recipe(recipe: Recipe | None, call: str) -> None:
    """Raise ValueError if a call would continue the training of another recipe; that of a C program is not known."""
    if recipe is not None and recipe.difference is not None:
        raise ValueError(
            f"{call} continues a model {recipe.difference}: the result would be that of neither. Fit a new model, or "
            f"continue with a version that has recipe {recipe.number}."
        )
