"""Assignments to fitted attributes beside a fit: they raise, as a second fit does, and no fit is lost."""

import pickle
import threading

import numpy as np
import pytest
from estimator_cases import blobs, flat, small
from internals import fitted_of, put_result

from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

pytestmark = pytest.mark.filterwarnings("ignore")

X, Y = blobs()


class Pause:
    """A callback that holds a fit in its first epoch."""

    def __init__(self):
        self.has_begun, self.goes_on = threading.Event(), threading.Event()

    def on_epoch_end(self, trainer):
        self.has_begun.set()
        assert self.goes_on.wait(30)


def beside_a_fit(model, y, action):
    """Call a function while another thread fits the model; return the error of the function."""
    pause, error = Pause(), None
    thread = threading.Thread(target=model.set_params(callbacks=[pause]).fit, args=(X, y))
    thread.start()
    assert pause.has_begun.wait(30)
    try:
        action(model)
    except Exception as raised:
        error = raised
    finally:
        pause.goes_on.set()
        thread.join()
        model.set_params(callbacks=None)
    return error


def network(kind=MLPClassifier):
    return (
        small(max_iter=2)
        if kind is MLPClassifier
        else kind(hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    )


def table(kind=TabularClassifier):
    return kind(n_estimators=1, hidden_layer_sizes=(4,), n_epochs=2, random_state=0)


def targets(model, of_refit):
    """Return targets of a first fit, or of the one after it; a classifier gets two classes, for a threshold."""
    if model._estimator_type == "regressor":
        return X[:, 1] if of_refit else X[:, 0]
    return 1 - Y % 2 if of_refit else Y % 2


def assignable(cls):
    """Return the names of the fitted attributes of a class that a program can assign."""
    for name in dir(cls):
        found = getattr(cls, name, None)
        is_fitted = type(found).__name__.startswith("Fitted") and name != "network_"
        if not name.startswith("_") and (is_fitted or getattr(found, "fset", None) is not None):
            yield cls.__name__, name


CLASSES = MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
ATTRIBUTES = [pair for cls in CLASSES for pair in assignable(cls)]
MAKE = {
    "MLPClassifier": network,
    "MLPRegressor": lambda: network(MLPRegressor),
    "TabularClassifier": table,
    "TabularRegressor": lambda: table(TabularRegressor),
}
VALUES = {"feature_names_in_": list("abcd"), "threshold_": 0.25}


def test_all_setters_are_known():
    names = {name for cls, name in ATTRIBUTES if cls == "TabularClassifier"}
    assert names == {"classes_", "threshold_", "feature_names_in_"}
    assert {"coefs_", "classes_", "t_", "n_iter_", "loss_curve_"} < {
        n for cls, n in ATTRIBUTES if cls == "MLPClassifier"
    }


@pytest.mark.parametrize(("cls", "name"), ATTRIBUTES)
def test_setter_beside_a_fit_raises_and_the_fit_stays(cls, name):
    model = MAKE[cls]()
    alone = MAKE[cls]()
    model.fit(X, targets(model, False))
    alone.fit(X, targets(model, True))
    value = VALUES.get(name, getattr(model, name, 1))
    error = beside_a_fit(model, targets(model, True), lambda model: setattr(model, name, value))
    assert isinstance(error, RuntimeError) and "is being fitted by another call" in str(error)
    np.testing.assert_array_equal(model.predict(X), alone.predict(X))
    setattr(model, name, VALUES.get(name, getattr(model, name, 1)))  # the lock is free


@pytest.mark.parametrize("make", MAKE.values(), ids=list(MAKE))
def test_setstate_beside_a_fit_raises(make):
    model = make()
    model.fit(X, targets(model, False))
    state = model.__getstate__()
    error = beside_a_fit(model, targets(model, True), lambda model: model.__setstate__(state))
    assert isinstance(error, RuntimeError)
    model.__setstate__(state)
    pickle.loads(pickle.dumps(model)).fit(X, targets(model, True))


def test_assignment_and_deletion_beside_the_first_fit_raise():
    for action in (lambda model: setattr(model, "t_", 5), lambda model: delattr(model, "n_iter_")):
        model = network()
        model.n_iter_ = 3
        error = beside_a_fit(model, Y, action)
        assert isinstance(error, RuntimeError)
        assert model.n_iter_ == 2


def test_deleting_names_beside_a_fit_raises():
    pd = pytest.importorskip("pandas")
    model = network()
    model.fit(pd.DataFrame(X, columns=list("abcd")), Y)
    error = beside_a_fit(model, Y, lambda model: delattr(model, "feature_names_in_"))
    assert isinstance(error, RuntimeError)


def test_prediction_of_assigned_weights_does_not_replace_a_fit():
    """A prediction assembles the model that was assigned before fit: a fit that ends meanwhile is not lost."""
    model = network()
    fitted = network().fit(X, Y)
    model.coefs_, model.intercepts_, model.classes_ = (
        fitted.coefs_,
        fitted.intercepts_,
        fitted.classes_,
    )
    other = network().set_params(random_state=5).fit(X, Y)

    original = type(model)._options

    def options(self):
        if not hasattr(model, "n_layers_"):  # the fit of another thread ends now
            put_result(model, fitted_of(other))
        return original(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(model), "_options", options)
        model.predict(X)
    np.testing.assert_array_equal(flat(model), flat(other))


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_names_of_a_table_can_be_assigned(kind):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = table(kind)
    model.fit(frame, targets(model, False))
    expected = model.predict(frame)
    model.feature_names_in_ = list("efgh")
    assert model.feature_names_in_.tolist() == list("efgh")
    np.testing.assert_array_equal(model.predict(frame.set_axis(list("efgh"), axis=1)), expected)
    model.feature_names_in_ = None
    assert not hasattr(model, "feature_names_in_")
    np.testing.assert_array_equal(model.predict(frame.to_numpy()), expected)
    with pytest.raises(
        ValueError, match=r"feature_names_in_ must have 4 names, got an array of shape \(2,\)"
    ):
        model.feature_names_in_ = ["a", "b"]
    with pytest.raises(ValueError, match="not fitted"):
        kind().feature_names_in_ = list("abcd")


def test_shap_explains_a_table():
    shap = pytest.importorskip("shap")
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = table(TabularRegressor)
    model.fit(frame, X[:, 0])
    explainer = shap.KernelExplainer(model.predict, frame.iloc[:4])
    values = explainer.shap_values(frame.iloc[:2], nsamples=20, silent=True)
    np.testing.assert_allclose(
        values.sum(axis=1) + explainer.expected_value, model.predict(frame.iloc[:2]), rtol=1e-6
    )
    assert model.feature_names_in_.tolist() == list("abcd")
