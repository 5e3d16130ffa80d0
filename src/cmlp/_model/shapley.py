"""Shapley values of the inputs of a model: exact, or from random permutations.

The value of a set S of columns for a row x is the mean output for the rows of the background in which the columns of S
are those of x. The Shapley value of a column is the mean change of this value when the column joins the columns before
it, over all orders of the columns (Shapley 1953; Štrumbelj and Kononenko, "Explaining prediction models and individual
predictions with feature contributions", 2014).

Every sum is a chain of additions in ascending order, in double precision. So the same random numbers give the
same bits on every machine, for a row alone or among others.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.checks import positive_integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MOST_EXACT = 12  # columns whose 2**12 sets can be enumerated
MOST_ROWS = 64  # of a background
FEWEST_PAIRS = 2  # of permutations for each row of the background, to estimate the errors
DEFAULT_PAIRS = 192  # 3 for each of 64 rows: 1,000 rows of a table with 12 columns take about 15 seconds
_BLOCK = 8192  # rows predicted at a time, so that they take little memory


class Background(NamedTuple):
    """Rows of the inputs of a model, of a table raw rows, and their weights."""

    rows: NDArray[Any]
    weights: Array


def kept_rows(rows: Any, weights: NDArray[Any] | None, n: int) -> Background | None:
    """Return a sample of at most `n` training rows with their weights; None if `n` is 0.

    The sample has a generator of its own, so that it changes no other random number of a fit.
    """
    if not n:
        return None
    chosen = np.sort(_core.Random(0).permutation(len(rows))[:n])
    return Background(rows[chosen].astype(np.float64), np.ones(len(chosen)) if weights is None else weights[chosen])


def checked_background(n_columns: int, rows: Any, weights: Any) -> Background:
    """Return the background in a file or a pickle; raises ValueError if it is none of a model with `n_columns`."""
    arrays = [np.asarray(rows), np.asarray(weights)]
    if any(array.dtype.kind != "f" for array in arrays) or arrays[0].shape != (len(arrays[1]), n_columns):
        raise ValueError(f"the background is not a matrix of {n_columns} columns with a weight for each row")
    rows, weights = (array.astype(np.float64) for array in arrays)
    if not 0 < len(rows) <= MOST_ROWS or np.isinf(rows).any() or not (np.isfinite(weights) & (weights > 0)).all():
        raise ValueError(f"the background must have 1 to {MOST_ROWS} rows without infinity, of positive weights")
    return Background(rows, weights)


class Game(NamedTuple):
    """A model, and the background of its explanations with its outputs."""

    outputs: Callable[[NDArray[Any]], Array]  # of rows, of shape (n, n_outputs)
    background: Background
    base: Array  # outputs of the background's rows

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return int(self.background.rows.shape[1])

    @property
    def mean(self) -> Array:
        """The mean output over the background."""
        weights = self.background.weights
        return _sum(self.base * weights[:, None]) / _sum(weights)

    def mixed(self, x: NDArray[Any], is_x: NDArray[np.bool_], rows: NDArray[np.intp]) -> Array:
        """Return the outputs for rows of the background in which the columns with a True of `is_x` are those of x."""
        return self.outputs(np.where(is_x, x, self.background.rows[rows]))


def _sum(terms: Array) -> Array:
    """Return the sum along the first axis, in ascending order; numpy.sum promises no order."""
    total: Array = np.add.accumulate(terms, axis=0)[-1]
    return total


def game_of(outputs: Callable[[NDArray[Any]], Array], background: Background) -> Game:
    """Return the game of a model and a background."""
    return Game(outputs, background, outputs(background.rows))


def n_sets(n_columns: int) -> int:
    """Return the number of sets of columns whose value is not known before: all but the empty and the full one."""
    return int(2**n_columns) - 2


class Exact:
    """Shapley values by enumeration of all sets of columns."""

    def __init__(self, game: Game) -> None:
        self.game, n = game, game.n_columns
        self.n_evaluations = len(game.background.rows) * n_sets(n)
        numbers = np.arange(2**n)
        self._sets = (numbers[:, None] >> np.arange(n) & 1).astype(bool)
        sizes = self._sets.sum(axis=1)
        self._shares = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])[sizes[: 2 ** (n - 1)]]
        # For each column the numbers of the sets without it, in the order of the sets of the other columns.
        self._without = [_without(numbers[: 2 ** (n - 1)], column) for column in range(n)]

    def values(self, x: NDArray[Any], output: Array) -> tuple[Array, Array]:
        """Return the Shapley values of the columns of a row, (n_columns, n_outputs), and their errors, which are 0."""
        values = self._values_of_sets(x, output)
        found = np.empty((self.game.n_columns, len(output)))
        for column, without in enumerate(self._without):
            found[column] = _sum((values[without | 1 << column] - values[without]) * self._shares[:, None])
        return found, np.zeros_like(found)

    def _values_of_sets(self, x: NDArray[Any], output: Array) -> Array:
        """Return the value of each set of columns: the weighted mean of the outputs over the background."""
        background, base = self.game.background, self.game.base
        inner = self._sets[1:-1]
        total = np.zeros((len(inner), len(output)))
        at_once = max(1, _BLOCK // max(1, len(inner)))
        for start in range(0, len(base), at_once):
            rows = np.arange(start, min(start + at_once, len(base)))
            each = self.game.mixed(x, np.tile(inner, (len(rows), 1)), np.repeat(rows, len(inner)))
            for row, outputs in zip(rows, each.reshape(len(rows), *total.shape), strict=True):
                total += outputs * background.weights[row]
        sums = [
            self.game.mean[None],
            total / _sum(background.weights),
            # Not the output itself: a column that changes nothing has the value 0, not a rounding error.
            _sum(output * background.weights[:, None])[None] / _sum(background.weights),
        ]
        return np.concatenate(sums)


def _without(numbers: NDArray[np.intp], column: int) -> NDArray[np.intp]:
    """Return numbers with a bit 0 inserted at the position of a column."""
    low = numbers & (1 << column) - 1
    inserted: NDArray[np.intp] = (numbers - low << 1) + low
    return inserted


class Permutations:
    """Shapley values from random orders of the columns, in antithetic pairs: an order and its reverse.

    Each row of the background has pairs of its own, so the values of a row add up to its output minus the mean over the
    background. (Mitchell, Cooper, Frank, Holmes, "Sampling permutations for Shapley value estimation", 2022.)
    """

    def __init__(self, game: Game, n_pairs: int, rng: Any) -> None:
        n, n_rows = game.n_columns, len(game.base)
        self.game, self.n_pairs = game, n_pairs
        self.n_evaluations = 2 * (n - 1) * n_pairs * n_rows
        # The positions of the columns in the order of each pair.
        self._ranks = np.stack([np.argsort(rng.permutation(n)) for _ in range(n_pairs * n_rows)])
        self._rows = np.repeat(np.arange(n_rows), n_pairs)

    def values(self, x: NDArray[Any], output: Array) -> tuple[Array, Array]:
        """Return the Shapley values of the columns of a row, (n_columns, n_outputs), and their standard errors."""
        weights, ranks, n = self.game.background.weights, self._ranks[:, :, None], self.game.n_columns
        steps = np.diff(self._walks(x, output), axis=2)
        pairs = np.take_along_axis(steps[:, 0], ranks, 1) + np.take_along_axis(steps[:, 1], n - 1 - ranks, 1)
        changes = (pairs / 2).reshape(len(weights), self.n_pairs, n, -1).swapaxes(0, 1)
        means = _sum(changes) / self.n_pairs
        variances = _sum((changes - means) ** 2) / (self.n_pairs * (self.n_pairs - 1))
        shares, total = weights[:, None, None], _sum(weights)
        return _sum(means * shares) / total, np.sqrt(_sum(variances * shares**2)) / total

    def _walks(self, x: NDArray[Any], output: Array) -> Array:
        """Return the outputs along each order and its reverse, (n_orders, 2, n_columns + 1, n_outputs)."""
        n_orders, n = self._ranks.shape
        walks = np.empty((n_orders, 2, n + 1, len(output)))
        walks[:, :, 0], walks[:, :, n] = self.game.base[self._rows][:, None], output
        at_once = max(1, _BLOCK // max(1, 2 * (n - 1)))
        forward = np.arange(1, n)[:, None]
        for start in range(0, n_orders if n > 1 else 0, at_once):
            ranks = self._ranks[start : start + at_once, None]
            is_x = np.concatenate([ranks < forward, ranks >= n - forward], axis=1)
            rows = np.repeat(self._rows[start : start + at_once], 2 * (n - 1))
            each = self.game.mixed(x, is_x.reshape(-1, n), rows)
            walks[start : start + at_once, :, 1:n] = each.reshape(len(ranks), 2, n - 1, -1)
        return walks


def chosen_method(game: Game, rng: Any, *, exact: bool, n_evaluations: int | None) -> Exact | Permutations:
    """Return enumeration with `exact` or if it takes fewer evaluations than permutations, otherwise permutations."""
    n, n_rows = game.n_columns, len(game.base)
    if exact and n > MOST_EXACT:
        raise ValueError(f"exact=True enumerates the sets of at most {MOST_EXACT} columns, got {n} columns.")
    of_pairs = 2 * (n - 1) * n_rows  # evaluations, if each row of the background has one pair
    default = of_pairs * max(FEWEST_PAIRS, -(-DEFAULT_PAIRS // n_rows))
    budget = default if n_evaluations is None else positive_integer("n_evaluations", n_evaluations, " or None")
    if exact or (n <= MOST_EXACT and n_sets(n) * n_rows <= budget):
        return Exact(game)
    if budget < FEWEST_PAIRS * of_pairs:
        raise ValueError(
            f"n_evaluations must be at least {FEWEST_PAIRS * of_pairs:,} for {n} columns and a background of {n_rows} "
            f"rows ({FEWEST_PAIRS} pairs of permutations for each), got {budget:,}."
        )
    return Permutations(game, budget // of_pairs, rng)
