"""The lesson's hill: its heights and the steps of the ball are those of NumPy; it can be dragged, pushed and rolled."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def cost(params, X, y):
    """Return the cost by plain NumPy."""
    a, position = X, 0
    for n_in, n_out in ((784, 16), (16, 16), (16, 10)):
        weights = params[position : position + n_in * n_out].reshape(n_in, n_out)
        position += n_in * n_out
        a = 1 / (1 + np.exp(-(a @ weights + params[position : position + n_out])))
        position += n_out
    return ((a - y) ** 2).sum(axis=1).mean()


@pytest.fixture
def opened(watch, path):
    """A page with the hill; its ball waits at the start."""
    page = watch(path, "#lesson=9")
    page.until("hill.ball !== undefined")
    return page


@pytest.fixture
def at(opened):
    """Return the cost at a place, by plain NumPy."""
    start, right, down = (np.array(opened.evaluate(f"[...hill.{name}]")) for name in ("start", "right", "down"))
    X = np.array(opened.evaluate("hill.images.map((one) => [...one.input])"))
    y = np.array(opened.evaluate("hill.images.map((one) => one.targets)"))
    assert X.shape == (100, 784) and right @ right == pytest.approx(1) and abs(right @ down) < 1e-9
    return lambda place: cost(start + place[0] * right + place[1] * down, X, y)


def test_heights_are_the_costs_of_numpy(opened, at):
    opened.until("hill.heights.length > 1")
    unit = opened.evaluate("hill.unit")
    for column in (0, 7, 43):
        for row in (0, 1):
            expected = at(((column - 7) * unit, (row - 8) * unit))
            height = opened.evaluate("([row, column]) => hill.heights[row][column]", [row, column])
            assert height == pytest.approx(expected, rel=1e-6)


def test_ball_steps_against_the_slope_of_the_plane(opened, at):
    balls = opened.evaluate("() => { putBall([0.3, -0.4]); stepBalls(2); return [hill.ball, hill.cost]; }")
    (before, after), last = np.array(balls[0]), balls[1]
    h = 1e-4
    slopes = [(at(before + h * axis) - at(before - h * axis)) / (2 * h) for axis in np.eye(2)]
    np.testing.assert_allclose(after - before, -2 * np.array(slopes), rtol=1e-5, atol=1e-8)
    assert last == pytest.approx(at(after), rel=1e-6)


@pytest.mark.parametrize(
    "rate, words", [(-1, "creeps"), (0.5, "rolls downhill"), (0.9, "leaps across"), (1.2, "leaps out")]
)
def test_learning_rate_decides_how_the_ball_rolls(rate, words, opened):
    opened.evaluate("(rate) => { $('hill-rate').value = rate; putBall([0, 0]); return roll(); }", rate)
    assert words in opened.text("#rolled")
    assert (opened.evaluate("hill.cost < hill.level")) == (not words.startswith("leaps"))


def test_ball_is_dragged_pushed_and_put_back(opened):
    opened.evaluate("putBall([0, 0])")
    box = opened.page.locator("#map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4
    opened.page.mouse.move(x, y)
    opened.page.mouse.down()
    column, row = opened.evaluate("pointOf(hill.ball.at(-1))")
    assert (column, row) == pytest.approx((21.5, 5), abs=0.1)
    opened.page.mouse.up()
    opened.until("hill.ball.length > 1")
    opened.page.locator("#top").click()
    assert opened.evaluate("hill.ball") == [[0, 0]]
    opened.page.locator("#map").focus()
    opened.press("ArrowDown", "ArrowRight")
    assert opened.evaluate("pointOf(hill.ball[0])") == pytest.approx([8, 9])
    assert opened.page.locator("#map").get_attribute("aria-label").startswith("Map of the cost")


def test_a_ball_that_was_moved_before_the_map_is_complete_stays(watch, path):
    page = watch(path, "#lesson=9")
    page.until("hill.ball !== undefined")
    moved = page.evaluate("() => { const early = hill.heights.length < HILL_ROWS; putBall([0, 0]); return early; }")
    page.until("hill.heights.length === HILL_ROWS")
    page.settle()
    assert moved and page.evaluate("hill.ball.length") == 1


def test_hill_fits_a_phone(watch, path):
    page = watch(path, "#lesson=9", viewport={"width": 360, "height": 740})
    page.until("hill.ball !== undefined")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.page.locator("#lesson-button").click()
    page.settle()
    assert not page.page.locator("#hill").is_visible() and page.page.locator("#stage").is_visible()


def test_reduced_motion_shows_the_end_at_once(watch, path):
    page = watch(path, "#lesson=9", reduced_motion="reduce")
    page.until("hill.ball !== undefined")
    shown = page.evaluate("() => { putBall([0, 0]); roll(); return [hill.ball.length, hill.rolling]; }")
    assert shown[0] > 20 and shown[1] is False
