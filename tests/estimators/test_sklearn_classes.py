"""The classes of `cmlp.sklearn`: scikit-learn's checks, and five programs that ask for scikit-learn's base classes."""

import pickle

import numpy as np
import pytest
from estimator_cases import blobs
from optional import package
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import cmlp
from cmlp import sklearn as own

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X, Y = blobs(n_classes=2)
X = X.astype(np.float32)
NUMBERS = X.sum(axis=1)
NAMES = own.__all__


def model_of(name, **parameters):
    small = {"hidden_layer_sizes": (8,), "random_state": 0}
    extra = {"n_estimators": 2} if name.startswith("Tabular") else {"max_iter": 60, "learning_rate_init": 0.01}
    return getattr(own, name)(**{**small, **extra, **parameters})


def targets_of(model):
    return Y if isinstance(model, ClassifierMixin) else NUMBERS


def fitted(name, **parameters):
    model = model_of(name, **parameters)
    return model.fit(X, targets_of(model))


def test_all_estimators_have_such_a_class():
    assert NAMES == [name for name in cmlp.__all__ if name.startswith(("MLP", "Tabular"))]


@pytest.mark.parametrize("name", NAMES)
def test_classes_are_those_of_both_packages(name):
    model = model_of(name)
    mixin = ClassifierMixin if "Classifier" in name else RegressorMixin
    assert isinstance(model, (BaseEstimator)) and isinstance(model, mixin) and isinstance(model, getattr(cmlp, name))
    assert repr(model) == repr(getattr(cmlp, name)(**{k: v for k, v in model.get_params().items()}))
    assert clone(model).get_params() == model.get_params()


@pytest.mark.parametrize("name", NAMES)
def test_results_are_bit_identical(name, tmp_path):
    model = fitted(name)
    twin = getattr(cmlp, name)(**model.get_params()).fit(X, targets_of(model))
    assert (model.predict(X) == twin.predict(X)).all()
    copy = pickle.loads(pickle.dumps(model))
    assert type(copy) is type(model) and (copy.predict(X) == twin.predict(X)).all()
    model.save(tmp_path / "model.cmlp")
    assert (cmlp.load(tmp_path / "model.cmlp").predict(X) == twin.predict(X)).all()


@pytest.mark.slow
@parametrize_with_checks([model_of(name, hidden_layer_sizes=(8,)) for name in NAMES])
def test_scikit_learn_checks(estimator, check):
    if not isinstance(estimator, cmlp.TabularClassifier | cmlp.TabularRegressor):
        estimator.set_params(max_iter=300, learning_rate_init=0.02)
    check(estimator)
