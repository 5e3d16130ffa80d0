"""`Explanation.to_shap` and the values of `explain` beside the package shap."""

import sys

import numpy as np
import pytest
from helpers import assert_same_bits
from optional import package

from cmlp import MLPClassifier, TabularClassifier, TabularRegressor

TABLE = {"hidden_layer_sizes": (8,), "n_estimators": 2, "n_epochs": 1, "random_state": 0}
X, BACKGROUND = np.split(np.random.RandomState(0).standard_normal((47, 5)), [40])
LABELS = np.array(["low", "middle", "high"])[np.digitize(X[:, 0] * X[:, 1] + X[:, 2], [-0.5, 0.5])]


def flats():
    """Return a frame with numbers, dates, categories and missing values, and its target."""
    pandas, rng = package("pandas"), np.random.RandomState(0)
    frame = pandas.DataFrame(
        {
            "size": rng.uniform(20, 150, 60).round(),
            "built": pandas.to_datetime("1990-01-01")
            + pandas.to_timedelta(rng.randint(0, 9000, 60), "D"),
            "district": rng.choice(["north", "south"], 60),
            "city": "Rome",
        }
    )
    price = 3000 * frame["size"] * np.where(frame.district == "north", 1.5, 1.0)
    frame.loc[1::7, "size"], frame.loc[2::7, "district"] = None, None
    return frame, price


PLOTS = {
    "waterfall": lambda plots, found: plots.waterfall(found[0], show=False),
    "force": lambda plots, found: plots.force(found[0], matplotlib=True, show=False),
    "bar": lambda plots, found: plots.bar(found, show=False),
    "beeswarm": lambda plots, found: plots.beeswarm(found, show=False),
    "violin": lambda plots, found: plots.violin(found, show=False),
    "heatmap": lambda plots, found: plots.heatmap(found, show=False),
    "scatter": lambda plots, found: plots.scatter(found[:, 2], color=found, show=False),
}


@pytest.mark.filterwarnings("default")  # those of other packages
@pytest.mark.parametrize("plot", PLOTS)
def test_shap_draws_a_table_with_categories_dates_and_missing_values(plot):
    shap, figures = package("shap"), package("matplotlib.pyplot")
    figures.switch_backend("Agg")
    frame, price = flats()
    explanation = TabularRegressor(**TABLE).fit(frame, price).explain(frame[:20], frame[20:50])
    figures.close("all")
    try:
        PLOTS[plot](shap.plots, explanation.to_shap())
        assert figures.gcf().axes
    finally:
        figures.close("all")


def test_explanation_of_shap_has_the_same_numbers():
    package("shap")
    frame, price = flats()
    ours = TabularRegressor(**TABLE).fit(frame, price).explain(frame[:5], frame[20:50])
    theirs = ours.to_shap()
    assert_same_bits(theirs.values, ours.values)
    assert_same_bits(theirs.base_values, np.repeat(ours.base_values, 5))
    assert_same_bits(theirs[1].error_std, ours.errors[1])
    assert theirs.feature_names == ours.feature_names
    size, built, district = theirs.data[:, :3].T
    np.testing.assert_array_equal(size, frame["size"][:5])
    assert np.isnan(size[1])
    assert np.argsort(built).tolist() == np.argsort(frame.built[:5]).tolist()
    codes = frame.district[:5].map({"north": 0, "south": 1})
    np.testing.assert_array_equal(district, codes)
    assert (
        np.isnan(codes).tolist() == [False, False, True, False, False]
        and len(set(codes.dropna())) == 2
    )
    assert theirs.display_data[0].tolist() == [
        size[0],
        str(frame.built[0]),
        frame.district[0],
        "Rome",
    ]


def test_explanation_of_shap_has_one_output_by_index_or_name():
    package("shap")
    ours = TabularClassifier(**TABLE).fit(X, LABELS).explain(X[:4], BACKGROUND)
    theirs = ours.to_shap()
    assert theirs.output_names == ["high", "low", "middle"]
    for one in (theirs[..., 1], theirs[:, :, "low"]):
        assert_same_bits(one.values, ours.values[..., 1])
        assert_same_bits(one.base_values, np.repeat(ours.base_values[1], 4))
        assert one[0].base_values == ours.base_values[1]


def test_explanation_of_shap_needs_shap(monkeypatch):
    explanation = TabularClassifier(**TABLE).fit(X, LABELS).explain(X[:1], BACKGROUND)
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(
        ImportError, match="to_shap needs the package shap: install it with `pip install shap`"
    ):
        explanation.to_shap()


@pytest.mark.filterwarnings("ignore:.*converge:UserWarning")
def test_values_are_those_of_shap():
    shap = package("shap")
    model = MLPClassifier((8,), max_iter=5, random_state=0).fit(X, LABELS)
    explainer = shap.explainers.Exact(model.predict_proba, BACKGROUND)
    theirs = explainer(X[:5])
    ours = model.explain(X[:5], BACKGROUND, exact=True)
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-6)
    np.testing.assert_allclose(
        np.broadcast_to(ours.base_values, theirs.base_values.shape), theirs.base_values, atol=1e-6
    )
