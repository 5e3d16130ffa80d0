"""The HTML representation in notebooks. These tests check the content, not the appearance."""

import re

import numpy as np
import pytest
import sklearn
from helpers import run_python
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cmlp import MLPClassifier, MLPRegressor, TabularRegressor

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X = np.random.RandomState(0).standard_normal((30, 3))
LABELS = np.where(X[:, 0] > 0, "<b>", "a & b")


def rows(html, kind):
    """Names and values in the table rows of one kind."""
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(rf'<tr class="{kind}">(.*?)</tr>', html)]
    return {re.sub("<.*?>", "", row[0]): row[-1] for row in cells}


def test_changed_parameters_are_highlighted_and_come_first():
    html = MLPClassifier((5, 4), alpha=0.5, random_state=0)._repr_html_()
    assert rows(html, "user-set") == {"hidden_layer_sizes": "(5, 4)", "alpha": "0.5", "random_state": "0"}
    default = rows(html, "default")
    assert len(default) == len(MLPClassifier().get_params()) - 3
    assert default["tol"] == "0.0001" and default["solver"] == "&#x27;adam&#x27;"
    assert html.index('class="default"') > html.rindex('class="user-set"')
    assert "Not fitted" in html and "Fitted attributes" not in html


def test_a_fitted_estimator_is_marked_and_shows_its_attributes():
    model = MLPClassifier((5,), max_iter=9, random_state=0).fit(X, LABELS)
    html = model._repr_html_()
    assert "<span>Fitted</span>" in html and "Not fitted" not in html
    attributes = rows(html[html.index("Fitted attributes") :], "default")
    assert attributes["coefs_"] == "(3, 5), (5, 1)"
    assert attributes["n_iter_"] == "9"
    assert attributes["classes_"] == "[&#x27;&lt;b&gt;&#x27;, &#x27;a &amp; b&#x27;]"
    assert attributes["loss_"] == f"{model.loss_:.4g}"
    assert attributes["loss_curve_"].startswith("[") and attributes["loss_curve_"].endswith("...]")


def test_a_fitted_estimator_for_tables_shows_its_networks():
    quick = {"n_estimators": 2, "hidden_layer_sizes": (5,), "max_time": 1e-9}
    html = TabularRegressor(**quick).fit(X, X[:, 0])._repr_html_()
    attributes = rows(html[html.index("Fitted attributes") :], "default")
    assert "Network(" in attributes["estimators_"] and attributes["n_features_in_"] == "3"
    assert attributes["history_"].startswith("{&#x27;")


def test_html_inside_pipeline_and_column_transformer():
    pipeline = make_pipeline(make_column_transformer((StandardScaler(), [0, 1])), MLPRegressor(alpha=0.25))
    html = pipeline._repr_html_()
    assert "MLPRegressor" in html and rows(html, "user-set")["alpha"] == "0.25"
    html = pipeline.set_params(mlpregressor__max_iter=2).fit(X, X[:, 0])._repr_html_()
    assert rows(html, "default")["out_activation_"] == "&#x27;identity&#x27;"


def test_repr_is_text_only_if_sklearn_display_is_text():
    model = MLPClassifier(alpha=0.5)
    assert set(model._repr_mimebundle_()) == {"text/plain", "text/html"}
    with sklearn.config_context(display="text"):
        assert not hasattr(model, "_repr_html_")
        assert model._repr_mimebundle_() == {"text/plain": "MLPClassifier(alpha=0.5)"}


def test_repr_is_text_only_without_sklearn():
    run_python(
        "import sys, cmlp; model = cmlp.MLPClassifier(alpha=0.5)\n"
        "assert not hasattr(model, '_repr_html_') and 'sklearn' not in sys.modules\n"
        "assert model._repr_mimebundle_() == {'text/plain': 'MLPClassifier(alpha=0.5)'}"
    )


def test_a_subclass_shows_its_own_parameters():
    class Pair(MLPClassifier):
        def __init__(self, width=4):
            super().__init__((width, width))
            self.width = width

    assert rows(Pair(5)._repr_html_(), "user-set") == {"width": "5"}
