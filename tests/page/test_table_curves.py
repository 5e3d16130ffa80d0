"""Curves of a table's page: the interval around them, scales of their own, and axes of long tails."""

import numpy as np
import pytest
from browser import settle
from internals import model_of

from cmlp import TabularRegressor

pytestmark = pytest.mark.slow
SMALL = {"n_estimators": 1, "hidden_layer_sizes": (16,), "random_state": 0}
LOSSES = {"number": {}, "quantiles": {"loss": "quantile", "quantile": [0.1, 0.9]}}


@pytest.fixture(scope="module")
def models():
    """Columns with a large effect, a small one, and none, which has a long tail."""
    rng = np.random.RandomState(0)
    X = np.stack([rng.random_sample(300), rng.random_sample(300), rng.lognormal(4, 2, 300)], axis=1)
    y = 100 * X[:, 0] + 12 * X[:, 1] + 3 * rng.standard_normal(300)
    return {kind: TabularRegressor(**SMALL, **loss).fit(X, y) for kind, loss in LOSSES.items()}


@pytest.mark.parametrize("kind", LOSSES)
def test_band_is_the_interval_of_every_point(kind, shown, models):
    page = shown(kind)
    row, points = page.evaluate("[[...row], pointsOf(0)]")
    rows = [[x, *row[1:]] for x in points]
    for coverage in ("80 %", "95 %"):
        page.page.locator("#coverage").select_option(coverage)
        wanted = models[kind].predict_interval(rows, coverage=float(coverage[:2]) / 100)
        found = page.evaluate("outcomes[0].map((one) => intervalOf(one))")
        assert found == pytest.approx(wanted, rel=1e-4, abs=1e-3)
        low, high, ends = page.evaluate("[...cards[0].limits, intervalOf(result)]")
        assert low <= min(page.evaluate("curves[0]")) < max(page.evaluate("curves[0]")) <= high
        centre, scale, first, last = np.ravel(model_of(models[kind]).answer_scale.numbers)
        places = page.evaluate(
            "['--low', '--high'].map((one) => +$('outputs').children[0].children[1].style.getPropertyValue(one))"
        )
        wanted = ((np.array(ends) - centre) / scale - first) / (last - first)
        assert places == pytest.approx(np.clip(wanted, 0, 1), abs=1e-6)


def test_no_band_where_no_coverage_holds(shown):
    page = shown("number")
    bands = "cards.map(({ band }) => band.getAttribute('d') !== '')"
    bars = "[...document.querySelectorAll('.reach')].length"
    assert page.evaluate(f"[{bands}, {bars}]") == [[True, True, True], 1]
    page.page.locator("#column-1").fill("9")
    settle(page)
    # The points of its own curve are inside.
    assert page.evaluate(f"[{bands}, {bars}]") == [[False, True, False], 0]


def test_curve_of_a_small_effect_fills_its_scale_and_one_of_none_is_flat(shown):
    page = shown("number")
    parts = "([values, [low, high]]) => (Math.max(...values) - Math.min(...values)) / (high - low)"
    shares = page.evaluate(f"cards.map((card, i) => [curves[i], card.limits]).map({parts})")
    sizes = page.evaluate("cards.map(({ limits: [low, high] }) => high - low)")
    assert shares[0] > 0.8 and 0.3 < shares[1] and sizes[1] < sizes[0] / 2
    assert page.page.locator(".graph span").count() == 6
    labels = page.page.locator(".graph span").all_text_contents()
    assert all(labels) and float(labels[0]) > float(labels[1])


def test_axis_of_a_long_tail_has_space_where_rows_are(shown, models):
    page = shown("number")
    assert page.evaluate("knots.map(Boolean)") == [False, False, True]
    low, high = page.evaluate("ends(columns[2])")
    median = page.evaluate("columns[2].centre")
    assert 30 < page.evaluate("placeOf(2, columns[2].centre)") < 70 and median < (high - low) / 20
    values = page.evaluate("range(21).map((k) => valueAt(2, k / 20))")
    assert values[0] == low and values[-1] == high and (np.diff(values) > 0).all()
    places = page.evaluate("(values) => values.map((value) => placeOf(2, value))", values)
    assert places == pytest.approx(np.linspace(0, 100, 21).tolist())
    marks = page.evaluate(
        "document.querySelectorAll('.rug')[2].getAttribute('d').split('M').length - 1"
    )
    assert marks == page.evaluate("background.rows.length")
    page.page.get_by_label("column 2, slider").focus()
    before = page.evaluate("row[2]")
    page.press("ArrowRight")
    after = page.evaluate("row[2]")
    assert before < after < before + (high - low) / 50
    page.press("End")
    assert page.evaluate("row[2]") == high
