"""Subclasses whose constructor has parameters of its own: as in scikit-learn, ``super().__init__(...)`` decides."""

import copy
import pickle

import numpy as np
import pytest
from internals import provenance_of

import cmlp
from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore::cmlp.exceptions.ConvergenceWarning", "ignore::cmlp.exceptions.UselessModelWarning"
)

X = np.random.RandomState(0).standard_normal((60, 3))
Y = {"classifier": np.where(X[:, 0] > 0, "yes", "no"), "regressor": X[:, 0] + 2}


class WideClassifier(MLPClassifier):
    def __init__(self, width=6):
        super().__init__((width, width), max_iter=4, random_state=3)
        self.width = width


class WideRegressor(MLPRegressor):
    def __init__(self, width=6):
        super().__init__(hidden_layer_sizes=width, max_iter=4, random_state=3)
        self.width = width


class WideTableClassifier(TabularClassifier):
    def __init__(self, width=6):
        super().__init__(hidden_layer_sizes=(width,), n_epochs=2, n_estimators=2, random_state=3)
        self.width = width


class WideTableRegressor(TabularRegressor):
    def __init__(self, width=6, extra=None):
        super().__init__(hidden_layer_sizes=(width,), n_epochs=2, n_estimators=2, random_state=3)
        self.width, self.extra = width, extra


ALL = {
    WideClassifier: MLPClassifier((7, 7), max_iter=4, random_state=3),
    WideRegressor: MLPRegressor(hidden_layer_sizes=7, max_iter=4, random_state=3),
    WideTableClassifier: TabularClassifier(
        hidden_layer_sizes=(7,), n_epochs=2, n_estimators=2, random_state=3
    ),
    WideTableRegressor: TabularRegressor(
        hidden_layer_sizes=(7,), n_epochs=2, n_estimators=2, random_state=3
    ),
}
every = pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)


def y_of(model):
    return Y[model._estimator_type]


def answers(model):
    return model.predict_proba(X) if model._estimator_type == "classifier" else model.predict(X)


@every
def test_a_subclass_fits_with_what_it_passes_on(cls):
    model, plain = cls(width=7), copy.deepcopy(ALL[cls])
    model.fit(X, y_of(model))
    np.testing.assert_array_equal(answers(model), answers(plain.fit(X, y_of(plain))))
    assert model.get_params() == cls(width=7).get_params()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(answers(twin), answers(model))


@every
def test_a_fit_of_a_subclass_is_recorded_and_verified(cls):
    model, plain = cls(width=7), copy.deepcopy(ALL[cls])
    model.provenance = plain.provenance = True
    model.fit(X, y_of(model))
    plain.fit(X, y_of(plain))
    assert provenance_of(model) == provenance_of(plain)
    assert cmlp.verify(model, X, y_of(model)).identical
    assert not cmlp.verify(model, X, y_of(model)[::-1]).identical


@every
def test_a_subclass_can_resume_and_continue(cls):
    model, plain = cls(width=7), copy.deepcopy(ALL[cls])
    for one in (model, plain):
        one.fit(X, y_of(one))
        one.warm_start = True
        one.fit(X, y_of(one))
    np.testing.assert_array_equal(answers(model), answers(plain))
    if hasattr(model, "max_iter"):
        for one in (model, plain):
            one.warm_start, one.max_iter = False, 6
            one.fit(X, y_of(one), resume=True)
        np.testing.assert_array_equal(answers(model), answers(plain))


@every
def test_an_attribute_of_the_class_is_a_parameter(cls):
    class Fixed(cls):
        hidden_layer_sizes = (5,)

        def __init__(self, width=6):
            super().__init__(width)
            del self.hidden_layer_sizes

    model = Fixed()
    model.provenance = True
    plain = copy.deepcopy(ALL[cls]).set_params(hidden_layer_sizes=(5,))
    np.testing.assert_array_equal(
        answers(model.fit(X, y_of(model))), answers(plain.fit(X, y_of(plain)))
    )


@every
def test_a_constructor_that_passes_nothing_on_is_named(cls):
    class Forgetful(cls):
        def __init__(self, width=6):
            self.width = width

    with pytest.raises(
        AttributeError,
        match=r"Forgetful.*(loss|hidden_layer_sizes|n_estimators).*super\(\).__init__",
    ):
        Forgetful().fit(X, y_of(Forgetful))


def test_a_subclass_is_exported_with_its_parameters():
    pytest.importorskip("sklearn")
    model = WideClassifier(width=7)
    model.alpha = 0.25
    theirs = model.fit(X, y_of(model)).to_sklearn()
    assert (theirs.alpha, theirs.hidden_layer_sizes, theirs.random_state) == (0.25, (7, 7), 3)


def test_a_subclass_in_a_pipeline_keeps_its_parameters():
    pipeline = pytest.importorskip("sklearn.pipeline")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    model = WideRegressor(width=7)
    model.alpha = 0.25
    whole = pipeline.make_pipeline(preprocessing.StandardScaler(), model).fit(X, Y["regressor"])
    joined = cmlp.from_pipeline(whole)
    assert (joined.alpha, joined.hidden_layer_sizes, joined.random_state) == (0.25, 7, 3)
    np.testing.assert_allclose(joined.predict(X), whole.predict(X), rtol=1e-5)


@every
def test_many_subclasses_train_together(cls):
    if issubclass(cls, (TabularClassifier, TabularRegressor)):
        return
    models = [cls(width=width) for width in (5, 7)]
    cmlp.fit_many(models, X, y_of(models[0]))
    plain = copy.deepcopy(ALL[cls]).fit(X, y_of(models[0]))
    np.testing.assert_array_equal(answers(models[1]), answers(plain))
