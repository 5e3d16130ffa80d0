"""The estimators work with scikit-learn's tools: pipelines, searches, ensembles, calibration."""

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingRegressor, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

from cmlp import MLPClassifier, MLPRegressor

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X = np.random.RandomState(0).standard_normal((90, 4))
LABELS = np.where(X[:, 0] * X[:, 1] > 0, "same", "different")
NUMBERS = X[:, 0] - 2 * X[:, 1]


def classifier(**params):
    return MLPClassifier((16,), "tanh", random_state=0, learning_rate_init=0.03, **params)


def regressor(**params):
    params = {"random_state": 0, "learning_rate_init": 0.03, **params}
    return MLPRegressor(hidden_layer_sizes=(16,), **params)


# With 200 iterations "lbfgs" overfits the few rows of a check until a probability is 1, which
# scikit-learn's own MLP does too: the check demands less than 1. These two take 20 s.
CHECKED = [
    (MLPClassifier(), False),
    (MLPClassifier(), True),
    (MLPRegressor(), False),
    pytest.param(MLPClassifier(solver="lbfgs", max_iter=100), False, marks=pytest.mark.slow),
    pytest.param(MLPRegressor(solver="lbfgs"), False, marks=pytest.mark.slow),
    pytest.param(MLPRegressor(y_scale="standard", loss="huber"), False, marks=pytest.mark.slow),
    pytest.param(
        MLPClassifier(loss="focal", activation="gelu", initialization="he"),
        False,
        marks=pytest.mark.slow,
    ),
]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("estimator, routing", CHECKED, ids=repr)
def test_check_estimator_passes(estimator, routing):
    with warnings.catch_warnings(), sklearn.config_context(enable_metadata_routing=routing):
        warnings.simplefilter("ignore")
        check_estimator(estimator)


def test_estimator_type_is_recognized():
    assert is_classifier(classifier()) and not is_regressor(classifier())
    assert is_regressor(regressor()) and not is_classifier(regressor())
    with pytest.raises(ValueError, match="not fitted"):
        check_is_fitted(classifier())
    check_is_fitted(classifier(max_iter=1).fit(X, LABELS))


def test_clone_copies_parameters_but_no_fitted_attributes():
    model = classifier(max_iter=3)
    twin = clone(model.fit(X, LABELS))
    assert twin.get_params() == model.get_params()
    assert not hasattr(twin, "coefs_")


def test_grid_search_over_a_pipeline():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), classifier(max_iter=80)),
        {"mlpclassifier__alpha": [1e-4, 100.0]},
        cv=3,
    )
    search.fit(X, LABELS)
    assert search.best_params_ == {"mlpclassifier__alpha": 1e-4}
    assert search.best_score_ > 0.8


def test_cross_val_score_uses_the_coefficient_of_determination():
    scores = cross_val_score(regressor(max_iter=150), X, NUMBERS, cv=3)
    assert scores.min() > 0.9


def test_calibrated_probabilities_sum_to_one():
    model = CalibratedClassifierCV(classifier(max_iter=60), cv=3).fit(X, LABELS)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_estimators_work_in_ensembles():
    vote = VotingClassifier(
        [("a", classifier(max_iter=60)), ("b", classifier(max_iter=40))], voting="soft"
    )
    assert vote.fit(X, LABELS).score(X, LABELS) > 0.8
    bag = BaggingRegressor(regressor(max_iter=60), n_estimators=3, random_state=0)
    assert bag.fit(X, NUMBERS).score(X, NUMBERS) > 0.8
    both = MultiOutputRegressor(regressor(max_iter=60)).fit(X, np.stack([NUMBERS, X[:, 2]], 1))
    assert both.predict(X).shape == (90, 2)


def test_permutation_importance_finds_the_relevant_features():
    model = regressor(max_iter=150).fit(X, NUMBERS)
    importances = permutation_importance(model, X, NUMBERS, random_state=0).importances_mean
    assert importances.argmax() == 1 and importances[2:].max() < 0.1
