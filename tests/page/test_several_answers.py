"""The page of a table with several targets, or several labels per row: each answer, its interval and its reasons."""

import re

import numpy as np
import pytest
from browser import settle
from internals import model_of
from page_parts import Parts, page_of

from cmlp import TabularClassifier, TabularRegressor

# One column says the class.
pytestmark = pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning")

SMALL = {"n_estimators": 2, "hidden_layer_sizes": (16,), "random_state": 0, "keep_background": 20}


def rows(n=400):
    """Return rows, and a price of column 0 and a share of column 1 in other units."""
    rng = np.random.RandomState(0)
    X = rng.random_sample((n, 3))
    noise = rng.standard_normal((n, 2))
    return X, np.stack(
        [5000 * X[:, 0] + 100 * noise[:, 0], np.sin(3 * X[:, 1]) + noise[:, 1] / 20], axis=1
    )


@pytest.fixture(scope="module")
def models():
    pandas = pytest.importorskip("pandas")
    X, y = rows()
    labels = np.stack([X[:, 0] > 0.5, X[:, 1] > 0.7, X.sum(axis=1) > 1.5], axis=1).astype(int)
    return {
        "targets": TabularRegressor(**SMALL).fit(
            X, pandas.DataFrame(y, columns=["price", "share"])
        ),
        "labels": TabularClassifier(**SMALL).fit(X, labels),
    }


def choose(page, field, value):
    page.page.locator(field).select_option(value)
    settle(page)


def numbers_in(text):
    return [
        float(found.replace(",", "").replace("−", "-"))
        for found in re.findall(r"−?[\d,.]*\d", text)
    ]


def test_each_answer_has_a_sentence_about_its_errors_beside_the_best_constant_answer(models):
    page, document = Parts(page_of(models["targets"])), model_of(models["targets"])
    model = page.model()
    assert model["outputs"] == ["price", "share"] and model["several"]
    X, y = rows()
    constant = TabularRegressor(**SMALL, interval_width="constant").fit(
        X, y
    )  # its scores are the errors
    scores, pairs = model_of(constant).calibration.scores, document.summary.accuracy.pairs
    for name, text, one, pair in zip(model["outputs"], page.facts(), scores, pairs, strict=True):
        assert text.startswith(f"{name}: off by ") and text.endswith("slightly optimistic.")
        assert pair[0] == pytest.approx(one.mean()) and pair[1] > 2 * pair[0]
        assert numbers_in(text) == [
            pytest.approx(pair[0], rel=0.01),
            100,
            pytest.approx(pair[1], rel=0.01),
        ]
    facts, document = Parts(page_of(models["labels"])).facts(), model_of(models["labels"])
    right = (document.calibration.scores < 0.5).mean(axis=1)
    bases = [base for _, base in document.summary.accuracy.pairs]
    for k, (fact, share, base) in enumerate(zip(facts, right, bases, strict=True)):
        assert fact.startswith(
            f"label {k}: right for {100 * share:.1f} % of 100 rows outside the training; "
        )
        assert (
            f"; always saying the more frequent answer would be right for {100 * base:.1f} %."
            in fact
        )
        assert 0.5 <= base < share
    X, y = rows(60)
    high = TabularRegressor(**SMALL, loss="quantile", quantile=0.9).fit(X, y)
    assert set(Parts(page_of(high)).facts()) == {
        "How good its answers are has not been measured on rows outside the training."
    }


def test_order_of_columns_does_not_depend_on_the_units_of_a_target(models):
    X, y = rows()
    other = TabularRegressor(**SMALL).fit(X, y * [2.0**-30, 1])
    assert (
        Parts(page_of(other)).model()["order"] == Parts(page_of(models["targets"])).model()["order"]
    )


@pytest.mark.slow
def test_each_target_has_its_interval(shown, models):
    page, model = shown("targets", background=True), models["targets"]
    row = page.evaluate("row")
    predicted = model.predict([row])[0]
    listed = page.evaluate(
        "[...document.querySelectorAll('#outputs b')].map((one) => one.textContent)"
    )
    assert page.evaluate("result") == pytest.approx(predicted, rel=1e-4)
    for j, text in enumerate(listed):  # without digits that are small beside the interval
        assert abs(numbers_in(text)[0] - predicted[j]) <= page.evaluate(f"narrowest({j})") / 20
    for j, name in enumerate(["price", "share"]):
        choose(page, "#shown", str(j))
        assert page.text("#headline") == f"{name}: {listed[j]}"
        assert page.text("#facts").startswith(f"{name}: off by")
        centre, scale, low, high = np.transpose(model_of(model).answer_scale.numbers)[j]
        assert numbers_in(page.text("#bars")) == pytest.approx(
            [centre + scale * low, centre + scale * high], 1e-4
        )
        for coverage in (0.8, 0.95):
            choose(page, "#coverage", f"{100 * coverage:g} %")
            ends = model.predict_interval([row], coverage=coverage)[0, j]
            assert page.text("#ends").startswith(f"The true {name} is between")
            outwards = np.subtract(numbers_in(page.text("#ends")), ends) * [-1, 1]
            last_digit = 10.0 ** (
                np.floor(np.log10(np.abs(ends))) - 2
            )  # of the three that are shown
            assert (outwards > -last_digit / 50).all() and (
                outwards < np.maximum(last_digit, np.ptp(ends) / 50)
            ).all()


@pytest.mark.slow
def test_each_label_has_its_set(shown, models):
    page, model = shown("labels", background=True), models["labels"]
    margins = model_of(model).calibration.margins(0.9)
    for values in ([0.1, 0.1, 0.1], [0.9, 0.95, 0.9], [0.5, 0.7, 0.3]):
        for i, value in enumerate(values):
            page.page.locator(f"#column-{i}").fill(str(value))
        p = model.predict_proba([values])[0]
        labels = [f"label {j}" for j in range(3) if p[j] > 0.5]
        assert page.text("#headline") == (", ".join(labels) or "none of the labels")
        for j in range(3):
            choose(page, "#shown", str(j))
            names = [
                name
                for name, q in (("no", 1 - p[j]), ("yes", p[j]))
                if q >= 0.5 or 1 - q <= margins[j]
            ]
            lead = (
                "Too close to call for label {}: could be either,"
                if len(names) == 2
                else "Set of answers for label {}:"
            )
            answers = f"{lead.format(j)} {' or '.join(names)}."
            assert page.text("#ends") == f"{answers} Sets made so contain the truth in"
            page.page.locator("#by-class").check()
            found = model.predict_set([values], 0.9, by_class=True)[0, j]
            by_class = [name for name, is_in in zip(("no", "yes"), found, strict=True) if is_in]
            assert f" {' or '.join(by_class)}. Sets" in page.text("#ends")
            page.page.locator("#by-class").uncheck()
    assert page.evaluate("document.querySelectorAll('.winner').length") == len(labels)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["targets", "labels"])
def test_reasons_and_curves_are_those_of_the_shown_answer(kind, shown, models):
    page, model = shown(kind, background=True), models[kind]
    row = page.evaluate("row")
    explanation = model.explain([row], exact=True)
    for j in range(2):
        choose(page, "#shown", str(j))
        values = explanation.values[0][:, j]
        texts = page.evaluate(
            "[...document.querySelectorAll('#reasons li b')].map((one) => one.textContent)"
        )
        factor = 100 if kind == "labels" else 1
        shown_values = [numbers_in(text)[0] for text in texts]
        assert sorted(shown_values) == pytest.approx(
            sorted(factor * values), abs=0.1 * factor * abs(values).sum()
        )
        assert numbers_in(page.text("#mean"))[1] == pytest.approx(
            factor * explanation.base_values[j], rel=0.01
        )
        assert page.text("#question").endswith(f"{explanation.output_names[j]}?")
        points = page.evaluate("pointsOf(1)")
        outputs = model_of(model).predict(np.array([[row[0], x, row[2]] for x in points]))
        assert page.evaluate("curves[1]") == pytest.approx(outputs[:, j], rel=1e-5, abs=1e-6)
