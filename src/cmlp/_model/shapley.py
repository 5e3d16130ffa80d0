"""Shapley values of the inputs of a model: exact, or from random permutations.

The value of a set S of columns for a row x is the mean output for the rows of the background in which the columns of S
are those of x. The Shapley value of a column is the mean change of this value when the column joins the columns before
it, over all orders of the columns (Shapley 1953; Štrumbelj and Kononenko, "Explaining prediction models and individual
predictions with feature contributions", 2014).

Every sum is a chain of additions in ascending order, in double precision. So the same random numbers give the
same bits on every machine, for a row alone or among others.
"""

from __future__ import annotations

from functools import partial
from math import comb
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._data.checks import positive_integer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MOST_EXACT = 12  # columns whose 2**12 sets can be enumerated
MOST_ROWS = 64  # of a background
FEWEST_PAIRS = 2  # of permutations for each row of the background, to estimate the errors
DEFAULT_PAIRS = 192  # 3 for each of 64 rows: 1,000 rows of a table with 12 columns take about 5 seconds
_BLOCK = 8192  # rows predicted at a time, so that they take little memory
_NUMBERS = 1 << 17  # outputs on paths computed at a time, which take 8 bytes for each network


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
    paths: Callable[..., Array]  # outputs on paths between rows, see `TrainedModel.predict_paths`
    used: NDArray[np.bool_]  # whether the model uses a column
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


def game_of(model: Any, background: Background, n_threads: int | None) -> Game:
    """Return the game of a `TrainedModel` and a background."""

    def outputs(rows: NDArray[Any]) -> Array:
        predicted: Array = model.predict(rows, n_threads).astype(np.float64)
        return predicted

    paths = partial(model.predict_paths, n_threads=n_threads)
    return Game(outputs, paths, model.used_columns(), background, outputs(background.rows))


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

    def values(self, rows: NDArray[Any], outputs: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the Shapley values of the columns of each row, (n_columns, n_outputs), and their errors: 0."""
        for x, output in zip(rows, outputs, strict=True):
            yield self._values(x, output)

    def _values(self, x: NDArray[Any], output: Array) -> tuple[Array, Array]:
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

    (Mitchell, Cooper, Frank, Holmes, "Sampling permutations for Shapley value estimation", 2022.) If there are enough
    pairs, each row of the background has as many of them as another, so the values of a row add up to its output minus
    the mean over the background. With fewer pairs than two for each row, the rows are a sample too. What the mean of
    the sample differs from that of the background is then divided among the columns in proportion to the variances of
    their values.
    """

    def __init__(self, game: Game, n_pairs: int, rng: Any) -> None:
        n, n_rows = game.n_columns, len(game.base)
        self.game, self.each = game, n_pairs // n_rows
        self.samples = self.each < FEWEST_PAIRS
        self.rows = np.resize(rng.permutation(n_rows), n_pairs) if self.samples else np.arange(n_rows).repeat(self.each)
        self.n_evaluations = 2 * (n - 1) * len(self.rows)
        orders = np.stack([rng.permutation(n) for _ in self.rows])
        self._ranks = np.argsort(orders, axis=1)  # the positions of the columns in the order of each pair
        self._orders = np.stack([orders, orders[:, ::-1]], axis=1).reshape(-1, n)
        self._starts = self.rows.repeat(2)

    def values(self, rows: NDArray[Any], outputs: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the Shapley values of the columns of each row, (n_columns, n_outputs), and their standard errors."""
        game, n_outputs = self.game, outputs.shape[1]
        at_once = max(1, _NUMBERS // (self.n_evaluations * n_outputs))
        found = self._of_sample if self.samples else self._of_all
        for start in range(0, len(rows), at_once):
            block = slice(start, start + at_once)
            paths = game.paths(game.background.rows, rows[block], self._starts, self._orders)
            for path, output in zip(paths, outputs[block], strict=True):
                yield found(self._changes(path, output))

    def _changes(self, path: Array, output: Array) -> Array:
        """Return how each column changes the output, in the mean of each pair: (n_pairs, n_columns, n_outputs)."""
        n_pairs, n = self._ranks.shape
        walks = np.empty((n_pairs, 2, n + 1, len(output)))
        walks[:, :, 0], walks[:, :, n] = self.game.base[self.rows][:, None], output
        walks[:, :, 1:n] = path.reshape(n_pairs, 2, n - 1, -1)
        steps, ranks = np.diff(walks, axis=2), self._ranks[:, :, None]
        pairs: Array = np.take_along_axis(steps[:, 0], ranks, 1) + np.take_along_axis(steps[:, 1], n - 1 - ranks, 1)
        return pairs / 2

    def _of_all(self, changes: Array) -> tuple[Array, Array]:
        """Return values and errors if each row of the background has several pairs."""
        weights, n_pairs = self.game.background.weights, self.each
        changes = changes.reshape(len(weights), n_pairs, *changes.shape[1:]).swapaxes(0, 1)
        means = _sum(changes) / n_pairs
        variances = _sum((changes - means) ** 2) / (n_pairs * (n_pairs - 1))
        shares, total = weights[:, None, None], _sum(weights)
        return _sum(means * shares) / total, np.sqrt(_sum(variances * shares**2)) / total

    def _of_sample(self, changes: Array) -> tuple[Array, Array]:
        """Return values and errors if the pairs are of a sample of the background."""
        mean, variances = self._mean_and_variances(changes)
        if len(changes) < 2:
            variances = mean**2
        # Without any differences, all columns that the model uses have the same share.
        variances = np.where(_sum(variances) > 0, variances, self.game.used[:, None])
        shares = variances / np.maximum(_sum(variances), np.finfo(np.float64).tiny)
        rest = (self.game.base[self.rows] - self.game.mean)[:, None] * shares
        mean, variances = self._mean_and_variances(changes + rest)
        return mean, np.sqrt(variances)

    def _mean_and_variances(self, changes: Array) -> tuple[Array, Array]:
        """Return the mean over the pairs and its variances, which are NaN for a single pair."""
        weights, n = self.game.background.weights[self.rows, None, None], len(changes)
        total = _sum(weights)
        mean = _sum(changes * weights) / total
        variances = _sum(((changes - mean) * weights) ** 2) / total**2
        return mean, variances * n / (n - 1) if n > 1 else np.full_like(mean, np.nan)


def chosen_method(game: Game, rng: Any, *, exact: bool, n_evaluations: int | None) -> Exact | Permutations:
    """Return enumeration with `exact` or if it takes fewer evaluations than permutations, otherwise permutations."""
    n, n_rows = game.n_columns, len(game.base)
    if exact and n > MOST_EXACT:
        raise ValueError(f"exact=True enumerates the sets of at most {MOST_EXACT} columns, got {n} columns.")
    of_pair = 2 * (n - 1)  # evaluations
    default = of_pair * n_rows * max(FEWEST_PAIRS, -(-DEFAULT_PAIRS // n_rows))
    budget = default if n_evaluations is None else positive_integer("n_evaluations", n_evaluations, " or None")
    if exact or (n <= MOST_EXACT and n_sets(n) * n_rows <= budget):
        return Exact(game)
    if budget < 2 * n:
        raise ValueError(f"n_evaluations must be at least {2 * n:,}, twice the number of columns, got {budget:,}.")
    return Permutations(game, budget // of_pair, rng)
