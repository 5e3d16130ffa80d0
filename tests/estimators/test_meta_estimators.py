"""scikit-learn's meta-estimators and tools give the results that they give with scikit-learn's own MLP.

These tests also run with scikit-learn 1.6, the oldest supported version.
"""

import numpy as np
import pytest
import sklearn
import sklearn.neural_network
from sklearn import ensemble
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    learning_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

import cmlp

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:.*:FutureWarning")

SKLEARN = tuple(int(part) for part in sklearn.__version__.split(".")[:2])

rng = np.random.RandomState(0)
X = rng.standard_normal((120, 4))
NAMES = ["no", "yes"]
BINARY = np.array(NAMES)[(X[:, 0] + 0.3 * rng.standard_normal(120) > 0).astype(int)]
THREE = np.digitize(X[:, 0], [-0.5, 0.5])
PAIRS = np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int)
UNLABELED = np.where(np.arange(120) % 5, PAIRS[:, 0], -1)
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0]
SEVERAL = np.stack([NUMBERS, -X[:, 2]], axis=1)
PARAMS = {"hidden_layer_sizes": (6,), "max_iter": 25, "random_state": 0, "learning_rate_init": 0.02}
ALPHAS = {"alpha": [1e-4, 30.0]}


def seed(n):
    return np.random.RandomState(n)


def search(cls, model, **params):
    found = cls(model, ALPHAS, cv=3, error_score="raise", **params).fit(X, BINARY)
    return found.cv_results_["mean_test_score"], found.best_params_["alpha"], found.predict_proba(X)


def curves(c):
    _, train, test = learning_curve(
        c(), X, BINARY, cv=3, train_sizes=[0.5, 1.0], error_score="raise"
    )
    return train, test


def importances(model):
    return permutation_importance(
        model.fit(X, NUMBERS), X, NUMBERS, n_repeats=3, random_state=0
    ).importances


def dependence(model):
    return partial_dependence(model, X, features=[0], grid_resolution=5, kind="average")["average"]


def columns(c):
    mixed = np.column_stack([X[:, :2], THREE])
    transformer = ColumnTransformer(
        [("numbers", StandardScaler(), [0, 1]), ("kinds", OneHotEncoder(), [2])]
    )
    return make_pipeline(transformer, c()).fit(mixed, BINARY).predict_proba(mixed)


def incremental(c):
    model = OneVsRestClassifier(c())
    for _ in range(3):
        model.partial_fit(X, THREE, np.unique(THREE))
    return model.predict_proba(X)


# Of a function that makes a classifier (c) and one that makes a regressor (r): numbers to compare.
TOOLS = {
    "Pipeline": lambda c, r: make_pipeline(StandardScaler(), c()).fit(X, BINARY).predict_proba(X),
    "ColumnTransformer": lambda c, r: columns(c),
    "GridSearchCV": lambda c, r: search(GridSearchCV, c()),
    "GridSearchCV, 2 processes": lambda c, r: search(GridSearchCV, c(), n_jobs=2),
    "HalvingGridSearchCV": lambda c, r: search(
        HalvingGridSearchCV,
        c(),
        random_state=0,
        resource="max_iter",
        max_resources=20,
        min_resources=5,
    ),
    "RandomizedSearchCV": lambda c, r: search(RandomizedSearchCV, c(), n_iter=2, random_state=0),
    "cross_val_predict": lambda c, r: cross_val_predict(
        c(), X, THREE, cv=3, method="predict_proba"
    ),
    "learning_curve": lambda c, r: curves(c),
    "CalibratedClassifierCV": lambda c, r: (
        CalibratedClassifierCV(c(), cv=3).fit(X, BINARY).predict_proba(X)
    ),
    "TunedThresholdClassifierCV": lambda c, r: (
        TunedThresholdClassifierCV(c(), cv=3, scoring="balanced_accuracy")
        .fit(X, PAIRS[:, 0])
        .predict(X)
    ),
    "BaggingClassifier": lambda c, r: (
        ensemble.BaggingClassifier(c(), 3, random_state=0).fit(X, THREE).predict_proba(X)
    ),
    "BaggingRegressor": lambda c, r: (
        ensemble.BaggingRegressor(r(), 3, random_state=0).fit(X, NUMBERS).predict(X)
    ),
    "VotingClassifier": lambda c, r: (
        ensemble.VotingClassifier([("a", c()), ("b", c(alpha=1.0))], voting="soft")
        .fit(X, BINARY)
        .predict_proba(X)
    ),
    "VotingRegressor": lambda c, r: (
        ensemble.VotingRegressor([("a", r()), ("b", r(alpha=1.0))]).fit(X, NUMBERS).predict(X)
    ),
    "StackingClassifier": lambda c, r: (
        ensemble.StackingClassifier([("a", c())], final_estimator=c(), cv=3)
        .fit(X, BINARY)
        .predict_proba(X)
    ),
    "StackingRegressor": lambda c, r: (
        ensemble.StackingRegressor([("a", r())], final_estimator=r(), cv=3)
        .fit(X, NUMBERS)
        .predict(X)
    ),
    "AdaBoostRegressor": lambda c, r: (
        ensemble.AdaBoostRegressor(r(max_iter=60), n_estimators=3, random_state=0)
        .fit(X, NUMBERS)
        .predict(X)
    ),
    "TransformedTargetRegressor": lambda c, r: (
        TransformedTargetRegressor(r(), func=np.arcsinh, inverse_func=np.sinh)
        .fit(X, NUMBERS)
        .predict(X)
    ),
    "MultiOutputClassifier": lambda c, r: MultiOutputClassifier(c()).fit(X, PAIRS).predict_proba(X),
    "MultiOutputRegressor": lambda c, r: MultiOutputRegressor(r()).fit(X, SEVERAL).predict(X),
    "ClassifierChain": lambda c, r: ClassifierChain(c()).fit(X, PAIRS).predict_proba(X),
    "RegressorChain": lambda c, r: RegressorChain(r()).fit(X, SEVERAL).predict(X),
    "OneVsRestClassifier": lambda c, r: OneVsRestClassifier(c()).fit(X, THREE).predict_proba(X),
    "OneVsRestClassifier.partial_fit": lambda c, r: incremental(c),
    "OneVsOneClassifier": lambda c, r: OneVsOneClassifier(c()).fit(X, THREE).decision_function(X),
    "SelfTrainingClassifier": lambda c, r: (
        SelfTrainingClassifier(c()).fit(X, UNLABELED).predict_proba(X)
    ),
    "permutation_importance": lambda c, r: importances(r()),
    "partial_dependence": lambda c, r: (
        dependence(r().fit(X, NUMBERS)),
        dependence(c().fit(X, BINARY)),
    ),
}
# scikit-learn's own MLP takes sample weights from 1.7 on.
WEIGHTED_TOOLS = {
    "AdaBoostClassifier": lambda c, r: (
        ensemble.AdaBoostClassifier(c(max_iter=60), n_estimators=3, random_state=0)
        .fit(X, BINARY)
        .predict_proba(X)
    ),
}


class TheirClassifier(sklearn.neural_network.MLPClassifier):
    """scikit-learn's classifier with logits, which some meta-estimators use instead of probabilities."""

    def decision_function(self, X):
        probabilities = self.predict_proba(X)
        if probabilities.shape[1] > 2:
            return np.log(probabilities)  # equal to the logits but for a constant of each row
        return np.log(probabilities[:, 1] / probabilities[:, 0])


def makers(classifiers, module):
    def classifier(**params):
        return classifiers(**{**PARAMS, **params})

    def regressor(**params):
        return module.MLPRegressor(**{**PARAMS, **params})

    return classifier, regressor


def assert_close(ours, theirs):
    ours, theirs = (
        [result] if not isinstance(result, tuple | list) else list(result)
        for result in (ours, theirs)
    )
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", [*TOOLS, *WEIGHTED_TOOLS])
def test_results_are_those_of_sklearns_own_mlp(name):
    run = {**TOOLS, **WEIGHTED_TOOLS}[name]
    ours = run(*makers(cmlp.MLPClassifier, cmlp))
    if name in WEIGHTED_TOOLS and SKLEARN < (1, 7):
        np.testing.assert_allclose(np.sum(ours, axis=1), 1)
    else:
        assert_close(ours, run(*makers(TheirClassifier, sklearn.neural_network)))
