"""The classes of `cmlp.sklearn`: they are estimators of scikit-learn, with the results of the classes of `cmlp`."""

import copy
import io
import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
import sklearn
from estimator_cases import blobs
from optional import package
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    clone,
    is_classifier,
    is_regressor,
)
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr
from sklearn.utils.estimator_checks import check_estimator

import cmlp
import cmlp.sklearn

# Most fits here stop early on purpose, and a column of the blobs nearly says the class.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer", "ignore:The training loss", "ignore:.*nearly says y"
)

X, CLASSES = blobs(n_classes=2)
NUMBERS = X.sum(axis=1)
NAMES = cmlp.sklearn.__all__


def parameters_of(name):
    extra = (
        {"n_estimators": 2}
        if name.startswith("Tabular")
        else {"max_iter": 20, "learning_rate_init": 0.01}
    )
    return {"hidden_layer_sizes": (8,), "random_state": 0, **extra}


def model_of(name, module=cmlp.sklearn, **parameters):
    return getattr(module, name)(**{**parameters_of(name), **parameters})


def targets_of(name):
    return CLASSES if "Classifier" in name else NUMBERS


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def model(name):
    return model_of(name).fit(X, targets_of(name))


@pytest.fixture
def twin(name):
    """A fitted estimator of the package's own class."""
    return model_of(name, cmlp).fit(X, targets_of(name))


def test_every_estimator_has_such_a_class():
    assert NAMES == [name for name in cmlp.__all__ if name.startswith(("MLP", "Tabular"))]


def test_classes_are_those_of_both_packages(name):
    model = model_of(name)
    mixin = ClassifierMixin if "Classifier" in name else RegressorMixin
    assert all(isinstance(model, base) for base in (BaseEstimator, mixin, getattr(cmlp, name)))
    assert is_classifier(model) == ("Classifier" in name) and is_regressor(model) == (
        "Regressor" in name
    )
    assert type(model).__module__ == "cmlp.sklearn" and type(model).__qualname__ == name


def test_parameters_and_representations_are_those_of_the_own_class(name):
    model, twin = model_of(name), model_of(name, cmlp)
    assert model.get_params() == twin.get_params() == clone(model).get_params()
    assert repr(model) == repr(twin) and estimator_html_repr(model)
    assert model._repr_mimebundle_().keys() == {"text/plain", "text/html"}
    assert model.set_params(random_state=5).random_state == 5
    with pytest.raises(ValueError, match="Invalid parameter 'nothing'"):
        model.set_params(nothing=1)


def test_results_have_the_bits_of_the_own_class(model, twin):
    assert model.predict(X).tobytes() == twin.predict(X).tobytes()
    target = targets_of(type(model).__name__)
    assert model.score(X, target) == twin.score(X, target)


def test_pickle_joblib_and_copy_keep_the_class(model, tmp_path):
    joblib.dump(model, tmp_path / "model")
    copies = [pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model"), copy.copy(model)]
    for twin in (*copies, copy.deepcopy(model)):
        assert type(twin) is type(model) and twin.get_params() == model.get_params()
        assert twin.predict(X).tobytes() == model.predict(X).tobytes()


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_skops_needs_to_trust_the_class_only(name, model):
    io = package("skops.io")
    trusted = io.get_untrusted_types(data=io.dumps(model))
    assert trusted == [f"cmlp.sklearn.{type(model).__name__}"]
    assert type(io.loads(io.dumps(model), trusted=trusted)) is type(model)


def test_model_files_are_those_of_the_own_class(model, twin, tmp_path):
    for estimator, path in ((model, tmp_path / "model"), (twin, tmp_path / "twin")):
        estimator.save(path)
    assert (tmp_path / "model").read_bytes() == (tmp_path / "twin").read_bytes()
    assert type(cmlp.load(tmp_path / "model")) is type(twin)


def test_exports_are_those_of_the_own_class(model, twin):
    headers = [io.StringIO(), io.StringIO()]
    model.to_c(headers[0], name="model", dtype="float32")
    twin.to_c(headers[1], name="model", dtype="float32")
    assert headers[0].getvalue() == headers[1].getvalue()


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_conversions(name, model):
    theirs = model.to_sklearn()
    assert type(theirs).__module__.startswith("sklearn.")
    taken = cmlp.from_sklearn(theirs)
    assert type(taken) is getattr(cmlp, name)
    np.testing.assert_allclose(taken.predict(X), model.predict(X), rtol=1e-12)
    whole = cmlp.from_pipeline(
        make_pipeline(StandardScaler(), model_of(name)).fit(X, targets_of(name))
    )
    assert type(whole) is getattr(cmlp, name)


def test_fit_can_be_resumed(name):
    class Stop:
        def on_epoch_end(self, trainer):
            trainer.stop()

    whole, part = model_of(name), model_of(name, callbacks=[Stop()])
    whole.fit(X, targets_of(name))
    part.fit(X, targets_of(name)).set_params(callbacks=None)
    assert len(part.history_["loss"]) < len(whole.history_["loss"])
    assert (
        part.fit(X, targets_of(name), resume=True).predict(X).tobytes()
        == whole.predict(X).tobytes()
    )


@pytest.mark.slow
def test_searches_in_several_processes(name):
    model = model_of(name)
    search = GridSearchCV(model, {"random_state": [0, 1]}, cv=2, n_jobs=2).fit(X, targets_of(name))
    assert type(search.best_estimator_) is type(model)
    own = GridSearchCV(model_of(name, cmlp), {"random_state": [0, 1]}, cv=2).fit(
        X, targets_of(name)
    )
    assert search.best_score_ == own.best_score_


def test_metadata_is_routed(name):
    weight = np.where(X[:, 0] > 0, 1.0, 0.1)
    with sklearn.config_context(enable_metadata_routing=True):
        model = (
            model_of(name).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        )
        routed = make_pipeline(clone(model)).fit(X, targets_of(name), sample_weight=weight)
        own = model_of(name, cmlp).fit(X, targets_of(name), weight)
        np.testing.assert_array_equal(routed.predict(X), own.predict(X))
        assert cross_val_score(
            model, X, targets_of(name), params={"sample_weight": weight}, cv=2
        ).shape == (2,)
        requests = pickle.loads(pickle.dumps(model)).get_metadata_routing().fit.requests
        assert requests["sample_weight"] is True
        with pytest.raises(ValueError, match="X_val"):
            make_pipeline(StandardScaler(), model).fit(X, targets_of(name), X_val=X)


def test_a_subclass_cannot_be_saved(tmp_path):
    class Mine(cmlp.sklearn.MLPClassifier):
        pass

    mine = Mine(**parameters_of("MLPClassifier")).fit(X, CLASSES)
    with pytest.raises(TypeError, match="Mine cannot be saved"):
        mine.save(tmp_path / "model")


def error_of(*lines):
    """Return the standard error of a program, which must fail."""
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True
    )
    assert result.returncode == 1
    return result.stderr


def test_missing_scikit_learn_is_named():
    error = error_of("import sys", "sys.modules['sklearn'] = None", "import cmlp.sklearn")
    assert "cmlp.sklearn needs scikit-learn: install it with `pip install scikit-learn`." in error


@pytest.mark.slow
def test_skl2onnx_is_optional():
    code = "import sys; sys.modules['skl2onnx'] = None; from cmlp.sklearn import MLPClassifier; MLPClassifier().fit"
    subprocess.run([sys.executable, "-c", code], check=True)


# As for the classes of cmlp: the held-out rows of a table are drawn by row, so a row of weight 2
# differs from two rows.
BY_ROW = {"check_sample_weight_equivalence_on_dense_data": "the held-out rows are drawn by row"}


@pytest.mark.sampled(2)
@pytest.mark.slow
def test_scikit_learn_checks(name):
    estimator = model_of(name) if "Tabular" in name else getattr(cmlp.sklearn, name)()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(estimator, expected_failed_checks=BY_ROW if "Tabular" in name else None)
