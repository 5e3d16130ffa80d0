"""The HTML representation in notebooks: scikit-learn's diagram."""

import pytest
import sklearn
from helpers import run_python
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import cmlp
import cmlp.sklearn

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X, LABELS = [[0.0, 1.0], [1.0, 0.0]] * 10, ["a", "b"] * 10


@pytest.mark.parametrize("module", [cmlp, cmlp.sklearn])
def test_a_cell_shows_the_diagram_with_the_state_of_the_estimator(module):
    model = module.MLPClassifier((5,), alpha=0.5, max_iter=2)
    html = model._repr_mimebundle_()["text/html"]
    assert "MLPClassifier" in html and "Not fitted" in html
    html = model.fit(X, LABELS)._repr_mimebundle_()["text/html"]
    assert "<span>Fitted</span>" in html and "Not fitted" not in html


def test_classes_of_scikit_learn_show_their_parameters():
    assert "0.12345" in cmlp.sklearn.TabularRegressor(dropout=0.12345)._repr_html_()
    assert (
        "0.12345"
        in make_pipeline(StandardScaler(), cmlp.sklearn.MLPClassifier(alpha=0.12345))._repr_html_()
    )
    assert "MLPClassifier" in make_pipeline(StandardScaler(), cmlp.MLPClassifier())._repr_html_()


def test_repr_is_text_only_if_sklearn_display_is_text():
    model = cmlp.MLPClassifier(alpha=0.5)
    assert set(model._repr_mimebundle_()) == {"text/plain", "text/html"}
    with sklearn.config_context(display="text"):
        assert model._repr_mimebundle_() == {"text/plain": "MLPClassifier(alpha=0.5)"}


def test_repr_is_text_only_without_sklearn():
    run_python(
        "import sys, cmlp; model = cmlp.MLPClassifier(alpha=0.5)\n"
        "assert model._repr_mimebundle_() == {'text/plain': 'MLPClassifier(alpha=0.5)'}\n"
        "assert 'sklearn' not in sys.modules"
    )
