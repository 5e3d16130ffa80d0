"""The screen with a hill: the cost over two directions around the half-trained network, and a ball that rolls down."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmlp.story.page import Motion, Page, Scene, scene
from cmlp.story.pictures.contours import contour_lines
from cmlp.story.pictures.text import styled, symbols
from cmlp.story.tale import Tale

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCENES: list[Scene] = []
N_IMAGES, N_STEPS = 500, 60
RATES = (0.3, 1.0, 3.0, 5.0, 7.0)
_RATE = 3.0  # of the training whose end is in the plane
# Columns and lines of the map; the half-trained network is at this column and line.
_COLUMNS, _LINES, _START = 54, 14, (8, 5)
_SECONDS, _SHADOW = 5.0, 6  # every how many steps the shadow is drawn


class Roll(NamedTuple):
    """A descent, with its start: positions in the plane (rightwards, downwards) and costs."""

    positions: NDArray[np.float64]
    costs: list[float]


class Hill:
    """The cost of the first training images in a plane of the space of all weights and biases.

    The plane contains the half-trained network, the direction against its gradient (`down`), and the end of training
    from there on: `right` is at right angles to `down`. Both directions have length 1.
    """

    def __init__(self, tale: Tale) -> None:
        self._network = tale.network(1, "float64")
        self._X, self._y = tale.X[:N_IMAGES], tale.y[:N_IMAGES]
        self._start = self._network.params.copy()
        gradient = self._gradient(self._start)
        self.down = -gradient / np.linalg.norm(gradient)
        end = self._descent(_RATE)[-1] - self._start
        aside = end - (end @ self.down) * self.down
        self.right = aside / np.linalg.norm(aside)
        self.unit = 1.7 * float(end @ self.right) / _COLUMNS  # of a column, and of half a line

    def cost(self, right: float, down: float) -> float:
        """Return the cost at a position of the plane."""
        return self._cost(self._start + right * self.right + down * self.down)

    @lru_cache(maxsize=1)  # noqa: B019 - the story keeps its hill
    def heights(self) -> NDArray[np.float64]:
        """Return the costs of the map, two rows for each line."""
        rows = (np.arange(2 * _LINES) + 0.5 - 2 * _START[1] - 1) * self.unit
        columns = (np.arange(_COLUMNS) - _START[0]) * self.unit
        return np.array([[self.cost(right, down) for right in columns] for down in rows])

    def cell(self, position: NDArray[np.float64]) -> tuple[int, int]:
        """Return line and column of a position."""
        right, down = position / self.unit
        return round(down / 2) + _START[1], round(right) + _START[0]

    def last_step(self, roll: Roll) -> int:
        """Return the number of the last step before the map is left."""
        cells = np.array([self.cell(position) for position in roll.positions])
        outside = ((cells < 0) | (cells >= (_LINES, _COLUMNS))).any(axis=1)
        return int(outside.argmax()) - 1 if outside.any() else N_STEPS

    def rolled(self, rate: float) -> Roll:
        """Descend in the plane: only the part of the gradient that is in it moves the ball."""
        position, positions, plane = np.zeros(2), [], np.stack([self.right, self.down])
        for _ in range(N_STEPS + 1):
            positions.append(position)
            position = position - rate * (plane @ self._gradient(self._start + position @ plane))
        return Roll(np.array(positions), [self.cost(*position) for position in positions])

    def trained(self, rate: float) -> Roll:
        """Descend with all weights and biases; the positions are the shadow of this path on the plane."""
        path = self._descent(rate)
        shadow = [[(params - self._start) @ axis for axis in (self.right, self.down)] for params in path]
        return Roll(np.array(shadow), [self._cost(params) for params in path])

    def _descent(self, rate: float) -> list[NDArray[np.float64]]:
        path = [self._start]
        for _ in range(N_STEPS):
            path.append(path[-1] - rate * self._gradient(path[-1]))
        return path

    def _cost(self, params: NDArray[np.float64]) -> float:
        self._network.params = params
        return self._network.cost(self._X, self._y)

    def _gradient(self, params: NDArray[np.float64]) -> NDArray[np.float64]:
        self._network.params = params
        gradient: NDArray[np.float64] = self._network.gradient(self._X, self._y).flat
        return gradient


@lru_cache(maxsize=4)
def hill_of(tale: Tale) -> Hill:
    """Return the hill of a tale."""
    return Hill(tale)


@lru_cache(maxsize=16)
def _rolls(tale: Tale, rate: float) -> tuple[Roll, Roll]:
    return hill_of(tale).rolled(rate), hill_of(tale).trained(rate)


def _map(tale: Tale, page: Page, roll: Roll, step: int, every: int, head: str) -> None:
    """Draw the map with the way that a ball has come, and beside it what is drawn."""
    hill, marks = hill_of(tale), symbols(page.terminal)
    dot = marks.dot if page.terminal.blocks else marks.ring  # a full stop is a colour of the map
    spots = {hill.cell(position): dot for position in roll.positions[: step + 1 : every]}
    spots[hill.cell(roll.positions[step])] = marks.point
    start = roll.costs[0]
    low, high = ("blue", "orange") if page.terminal.colors else ("shades", "dashes")
    page.beside(
        contour_lines(page.terminal, hill.heights(), start, start, spots),
        [
            styled(page.terminal, f"{head}, step {step}", "strong"),
            "",
            f"{marks.point} the ball",
            f"  cost {roll.costs[step]:.3f}",
            f"{dot} where it has been",
            "",
            f"{low}: lower than",
            f"at first ({start:.3f}),",
            f"{high}: higher",
        ],
    )


def _shadow(tale: Tale, page: Page) -> None:
    """Show the shadow of a ball that turns all knobs."""
    ball, free = _rolls(tale, _RATE)
    _map(tale, page, free, N_STEPS, _SHADOW, "all knobs")
    page.text(
        f"The real training: this ball turns all {len(hill_of(tale).down):,} knobs. On its way it is not on the map, "
        f"and the dots are its shadow. The ball that had to stay on the map ended at {ball.costs[-1]:.3f}."
    )


@scene(
    SCENES,
    "A hill with a ball",
    "cmlp digits --rate 7",
    "gradient descent: step against the gradient, again and again: rolling downhill",
    motion=Motion(_SECONDS, "rate", len(RATES), RATES.index(_RATE)),
    details=_shadow,
)
def a_hill(tale: Tale, page: Page) -> None:
    """Roll a ball down the cost in two directions, with a learning rate that keys change."""
    rate = RATES[page.setting]
    ball = _rolls(tale, rate)[0]
    last = hill_of(tale).last_step(ball)
    _map(tale, page, ball, round(page.moment * last), 1, f"rate {rate:g}")
    page.text(
        f"Each place is another network, its height the cost of {N_IMAGES} images. Down the map is against the "
        "gradient at the start. The map was chosen so that it passes through the end of the real training; this ball "
        "may only move on the map.",
        verdict(ball) if page.moment >= 1 else "",
        "Then it leaves the map." if page.moment >= 1 and last < N_STEPS else "",
    )


def verdict(ball: Roll) -> str:
    """Describe how the ball has rolled."""
    down = np.diff(ball.positions[:, 1])
    turns = int((down[1:20] * down[:19] < 0).sum())
    if turns > 10:
        return "The steps are so long that the ball leaps across the valley, up the other slope, and back."
    if ball.costs[-1] > 0.85 * ball.costs[0]:
        return "The ball creeps: it reaches the bottom of the valley, and hardly moves on."
    return "The ball rolls into the valley, turns, and follows it downhill."
