"""The screen with a hill: its heights, steps and shadows equal those of plain NumPy."""

import numpy as np
import pytest
from terminals import terminal

from cmlp._cli.terminal import visible
from cmlp.story.chapters.hill import N_IMAGES, N_STEPS, RATES, Roll, hill_of, verdict
from cmlp.story.page import Page
from cmlp.story.pictures.contours import contour_lines
from cmlp.story.script import SCREENS

(NUMBER,) = (n for n, (_, scene) in enumerate(SCREENS) if scene.title == "A hill with a ball")


def cost(params, X, y):
    """Return the cost by plain NumPy."""
    a, position = X / 255, 0
    for n_in, n_out in ((784, 16), (16, 16), (16, 10)):
        weights = params[position : position + n_in * n_out].reshape(n_in, n_out)
        position += n_in * n_out
        a = 1 / (1 + np.exp(-(a @ weights + params[position : position + n_out])))
        position += n_out
    return ((a - np.eye(10)[y]) ** 2).sum(axis=1).mean()


@pytest.fixture(scope="module")
def hill(tale):
    return hill_of(tale)


@pytest.fixture
def at(tale, hill):
    """Return the cost at a position of the plane, by plain NumPy."""
    start, (X, y) = tale.params(1).astype(float), (tale.X[:N_IMAGES], tale.y[:N_IMAGES])
    return lambda right, down: cost(start + right * hill.right + down * hill.down, X, y)


def test_directions_have_length_one_and_are_at_right_angles(hill):
    for axis, length in ((hill.down, 1), (hill.right, 1), (hill.down + hill.right, 2)):
        assert axis @ axis == pytest.approx(length)


def test_heights_are_the_costs_of_numpy(hill, at):
    for right, down in ((0, 0), (1.5, 0.5), (-1, 2), (6, -1)):
        assert hill.cost(right, down) == pytest.approx(at(right, down), rel=1e-6)
    heights, (line, column) = hill.heights(), hill.cell(np.zeros(2))
    around = at(0, -hill.unit / 2), at(0, hill.unit / 2)
    assert heights[2 * line : 2 * line + 2, column] == pytest.approx(around, rel=1e-6)


@pytest.mark.parametrize("rate", [0.3, 7.0])
def test_ball_steps_against_the_slope_of_the_plane(rate, hill, at):
    ball, h = hill.rolled(rate), 1e-4
    assert len(ball.positions) == len(ball.costs) == N_STEPS + 1
    for before, after in zip(ball.positions[:3], ball.positions[1:4], strict=True):
        slopes = [(at(*(before + h * e)) - at(*(before - h * e))) / (2 * h) for e in np.eye(2)]
        np.testing.assert_allclose(after - before, -rate * np.array(slopes), rtol=1e-5, atol=1e-8)
    assert ball.costs[3] == pytest.approx(at(*ball.positions[3]), rel=1e-6)


def test_training_leaves_the_plane_and_ends_in_it(tale, hill, at):
    free = hill.trained(3.0)
    assert free.costs[-1] == pytest.approx(at(*free.positions[-1]), rel=1e-9)
    assert abs(free.costs[30] - at(*free.positions[30])) > 1e-3


def test_slow_fast_and_leaping_balls_are_described(hill):
    words = [verdict(hill.rolled(rate)) for rate in RATES]
    assert ["creeps" in text for text in words] == [True, False, False, False, False]
    assert ["leaps" in text for text in words] == [False, False, False, False, True]
    assert "follows it downhill" in words[2]


def text_of(tale, setting, moment, width=79, **capabilities):
    page = Page(terminal(**capabilities), width, setting, moment)
    SCREENS[NUMBER][1].write(tale, page)
    return page.lines


def test_ball_moves_over_the_map_and_leaves_dots(tale, hill):
    ball = hill.rolled(3.0)
    for moment, step in ((0.0, 0), (0.5, 30), (1.0, 60)):
        lines = text_of(tale, 2, moment)
        line, column = hill.cell(ball.positions[step])
        assert lines[line][column] == "●" and f"cost {ball.costs[step]:.3f}" in lines[3]
        assert ("rolls into the valley" in " ".join(lines)) == (moment == 1.0)
    assert sum(line[:54].count("·") for line in lines) > 10


def test_ball_that_leaves_the_map_stops_before(tale, hill):
    ball = hill.rolled(7.0)
    last = hill.last_step(ball)
    assert 15 < last < N_STEPS and hill.last_step(hill.rolled(3.0)) == N_STEPS
    lines = text_of(tale, 4, 1.0)
    assert f"step {last}" in lines[0] and "●" in "".join(line[:54] for line in lines)
    assert hill.cell(ball.positions[last + 1])[0] >= 14 and "leaves the map" in " ".join(lines)


def test_marks_keep_the_colour_below_them():
    heights = np.array([[0.0, 1.0, 2.0, 2.0]] * 2)
    plain = contour_lines(terminal(), heights, 1.0, 1.0, {(0, 2): "o"})
    assert plain == ["█ o="]
    (coloured,) = contour_lines(terminal(colors=2**24), heights, 1.0, 1.0, {(0, 2): "o"})
    assert visible(coloured) == "▀▀o▀" and coloured.count("48;2;255;140;40") == 2
    (unmarked,) = contour_lines(terminal(colors=2**24), heights, 1.0, 1.0, {})
    assert coloured.replace("\x1b[1;38;5;231mo", "▀") != unmarked and visible(unmarked) == "▀▀▀▀"


def test_verdict_of_a_ball_that_stays():
    assert "creeps" in verdict(Roll(np.zeros((61, 2)), [1.0] * 61))
