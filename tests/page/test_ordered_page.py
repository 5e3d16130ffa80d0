"""The page of a table with ordered classes: their probabilities, the median, and sets without gaps."""

import numpy as np
import pytest
from browser import settle
from page_parts import Parts, page_of

from cmlp import TabularClassifier

RANKS = ["poor", "fair", "good", "excellent"]


@pytest.fixture(scope="module")
def models():
    rng = np.random.RandomState(0)
    X = rng.random_sample((400, 3))
    rank = np.digitize(X[:, 0] + 0.3 * X[:, 1] + 0.2 * rng.standard_normal(400), [0.3, 0.65, 1])
    parameters = {"n_estimators": 2, "hidden_layer_sizes": (16,), "random_state": 0}
    model = TabularClassifier(**parameters, ordered=RANKS)
    return {"ranks": model.fit(X, np.array(RANKS)[rank])}


def test_page_names_all_classes_in_their_order(models):
    page = Parts(page_of(models["ranks"]))
    described, facts = page.model(), page.facts()
    assert described["outputs"] == RANKS and described["ordered"] and not described["several"]
    assert len(facts) == 1 and facts[0].startswith("Off by ")


@pytest.mark.slow
def test_page_predicts_and_makes_sets_as_python(shown, models):
    page, model = shown("ranks"), models["ranks"]
    rng = np.random.RandomState(1)
    for row in rng.random_sample((12, 3)).tolist():
        page.evaluate(f"use({row})")
        settle(page)
        assert page.evaluate("result") == pytest.approx(model.predict_proba([row])[0], abs=1e-5)
        assert page.text("#headline") == model.predict([row])[0]
        page.page.locator("#coverage").select_option("90 %")
        settle(page)
        for by_class in (True, False):
            page.page.locator("#by-class").set_checked(by_class)
            members = np.array(RANKS)[model.predict_set([row], 0.9, by_class=by_class)[0]]
            lead = (
                "Too close to call: could be either, " if len(members) == 2 else "Set of answers: "
            )
            assert page.text("#ends").startswith(f"{lead}{' or '.join(members)}.")
