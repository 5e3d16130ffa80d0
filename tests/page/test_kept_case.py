"""Two cases of a table's page: the kept one, the reasons of the difference, and a case on paper."""

import re

import numpy as np
import pytest
from browser import settle

from cmlp import TabularClassifier, TabularRegressor

pytestmark = pytest.mark.slow
SMALL = {"n_estimators": 1, "hidden_layer_sizes": (16,), "n_epochs": 20, "random_state": 0}


@pytest.fixture(scope="module")
def models():
    rng = np.random.RandomState(0)
    X = rng.random_sample((200, 4))
    y = 100 * X[:, 0] * X[:, 1] + 10 * X[:, 2]
    wide = np.c_[X, rng.random_sample((200, 196))]
    return {
        "number": TabularRegressor(**SMALL).fit(X, y),
        "classes": TabularClassifier(**SMALL).fit(X, np.where(y > 30, "high", "low")),
        "wide": TabularRegressor(**SMALL | {"n_epochs": 1}).fit(wide, y),
    }


def reasons_of(model, before, now, j):
    """Return the Shapley values of the columns 0 and 1: both orders of the two changes."""
    mixed = [[now[0], *before[1:]], [before[0], now[1], *before[2:]]]
    if isinstance(model, TabularClassifier):
        first, last, one, other = model.predict_proba([before, now, *mixed])[:, j]
    else:
        first, last, one, other = model.predict([before, now, *mixed])
    return [(one - first + last - other) / 2, (other - first + last - one) / 2]


@pytest.mark.parametrize("kind", ["number", "classes"])
def test_reasons_of_the_difference_add_up(kind, shown, models):
    page = shown(kind, target="rent", **({"unit": "EUR"} if kind == "number" else {}))
    before = page.evaluate("[...row]")
    page.page.locator("#keep").click()
    settle(page)
    assert page.text("#versus-text").startswith("Both are the same")
    now = [0.9, 0.8, *before[2:]]
    for i in (0, 1):
        page.page.locator(f"#column-{i}").fill(str(now[i]))
    settle(page)
    j = page.evaluate("shownOutput()")
    source = "([row, j]) => { let last; for (const one of explain(row, j, alone(kept))) last = one; return last; }"
    found = page.evaluate(source, [now, j])
    assert found["values"][:2] == pytest.approx(reasons_of(models[kind], before, now, j), abs=1e-4)
    assert found["values"][2:] == [0, 0]
    listed = page.page.locator("#differences span").all_inner_texts()
    assert sorted(listed) == [f"column {i}: {before[i]:g} → {now[i]}" for i in (0, 1)]
    text = page.text("#versus-text")
    if kind == "number":
        assert re.fullmatch(
            r"rent: [\d.]+\xa0EUR in the kept case, [\d.]+\xa0EUR \(\+[\d.]+\xa0EUR\) here\.", text
        )
    else:
        assert text.startswith("The answer of the kept case is rent: low, here it is rent: high.")
    page.page.locator("#exchange").click()
    settle(page)
    assert page.evaluate("[[...row], kept]") == [before, now]
    page.page.locator("#forget").click()
    settle(page)
    assert page.page.locator("#versus").is_hidden()


def test_address_has_both_cases(shown, watch, tmp_path):
    page = shown("number")
    page.evaluate("keep([0.25, 0.5, NaN, 1]), change(0, 0.75), rest()")
    rows = page.evaluate("[[...row], kept.map(String)]")
    again = watch(tmp_path / "page.html", page.evaluate("location.hash"))
    assert again.evaluate("[[...row], kept.map(String)]") == rows
    again.evaluate("location.hash = 'kept=1,2'")
    again.until("row[0] !== 0.75")
    assert again.evaluate("kept") is None and again.page.locator("#versus").is_hidden()


@pytest.mark.parametrize("kind", ["classes", "wide"])
def test_one_case_is_printed_on_one_page(kind, models, watch, tmp_path):
    models[kind].to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    page.evaluate("root.dataset.theme = 'dark', keep([...row]), change(0, 0.9), change(1, 7)")
    if kind == "classes":  # the reasons of many columns take long
        settle(page)
    assert len(re.findall(rb"/Type\s*/Page\b", page.page.pdf(format="A4"))) == 1
    page.page.emulate_media(media="print")
    visible = "(selector) => [...document.querySelectorAll(selector)].filter((one) => one.offsetHeight).length"
    selectors = (".column", "button", "#outside", "#ends", "#versus", ".graph")
    counts = [page.evaluate(visible, one) for one in selectors]
    page.page.emulate_media(media="null")
    assert counts == [200 if kind == "wide" else 4, 0, 1, 0, 1, 0]
