"""Fitted attributes, copies and pickles, parameters, and verbose output."""

import copy
import inspect
import pickle
import pydoc

import numpy as np
import pytest
from estimator_cases import blobs, flat, small
from helpers import peak_memory
from optional import package
from sklearn.base import clone

import cmlp
from cmlp import MLPClassifier, MLPRegressor

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


# Fitted attributes


RESULT = [
    "classes_",
    "coefs_",
    "intercepts_",
    "n_features_in_",
    "n_iter_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "loss_",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
    "t_",
]


@pytest.mark.parametrize("name", RESULT)
def test_fitted_attributes_exist_after_fit_only(name):
    model = small()
    assert not hasattr(model, name)
    model.fit(*blobs())
    assert hasattr(model, name)


def test_tensors_are_views_of_one_block():
    model = small().fit(*blobs())
    tensors = [*model.coefs_, *model.intercepts_]
    block = tensors[0].base
    assert all(tensor.base is block for tensor in tensors)
    assert block.size == sum(tensor.size for tensor in tensors)


def test_writing_to_a_tensor_changes_predictions():
    X, y = blobs()
    model = small().fit(X, y)
    model.coefs_[-1][...] = 0
    model.intercepts_[-1] = np.array([0.0, 5.0, 0.0])
    assert set(model.predict(X)) == {1}
    model.intercepts_ = [np.zeros(8), np.array([5.0, 0.0, 0.0])]
    assert set(model.predict(X)) == {0}


@pytest.mark.parametrize(
    "value", [[np.zeros((4, 8))], [np.zeros((4, 7)), np.zeros((8, 3))], [0.0, np.zeros((8, 3))]]
)
def test_tensors_of_other_shapes_are_rejected(value):
    model = small().fit(*blobs())
    before = flat(model)
    with pytest.raises(ValueError, match="coefs_ must have arrays of the shapes"):
        model.coefs_ = value
    with pytest.raises(ValueError, match="must have the shape"):
        model.coefs_[0] = np.zeros((4, 1))
    with pytest.raises(TypeError, match="one entry at a time"):
        model.coefs_[:] = []
    np.testing.assert_array_equal(flat(model), before)


@pytest.mark.parametrize(
    "value", [5, None, "text", [np.full((4, 8), "1"), np.ones((8, 3))], [1j, 1j]], ids=str
)
def test_tensors_without_real_numbers_are_rejected(value):
    model = small().fit(*blobs())
    before = flat(model)
    with pytest.raises(TypeError, match="coefs_ must be a list of arrays of real numbers"):
        model.coefs_ = value
    np.testing.assert_array_equal(flat(model), before)


@pytest.mark.parametrize("name", ["reverse", "append", "clear", "sort", "pop"])
def test_tensors_have_no_methods_that_change_a_list(name):
    """They would change the tuple of views, but not the model."""
    model = small().fit(*blobs())
    with pytest.raises(
        AttributeError, match="To change the parameters, assign an array to an entry"
    ):
        getattr(model.coefs_, name)
    with pytest.raises(AttributeError, match=r"no attribute 'nothing'$"):
        model.coefs_.nothing  # noqa: B018
    assert type(model.coefs_.copy()) is list and isinstance(model.coefs_, tuple)
    assert [tensor.tolist() for tensor in pickle.loads(pickle.dumps(model.coefs_))] == [
        w.tolist() for w in model.coefs_
    ]


def test_entry_of_tensors_takes_a_list_and_its_error_names_the_given_shape():
    model = small().fit(*blobs())
    model.intercepts_[1] = [0.0, 5.0, 0.0]
    assert model.intercepts_[1].tolist() == [0, 5, 0]
    with pytest.raises(ValueError, match=r"entry 0 must have the shape \(8,\), got \(5,\)\."):
        model.intercepts_[0] = [0.0] * 5
    with pytest.raises(
        TypeError, match="entry -1 must be an array of real numbers, got dtype object"
    ):
        model.intercepts_[-1] = None


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("duplicate", [through_pickle, copy.deepcopy])
def test_copy_predicts_and_trains_like_the_original(duplicate):
    X, y = blobs()
    model = small().fit(X, y)
    twin = duplicate(model)
    assert twin.coefs_[0].base is twin.intercepts_[0].base
    assert not np.shares_memory(twin.coefs_[0], model.coefs_[0])
    np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    twin.partial_fit(X, y)
    model.partial_fit(X, y)
    np.testing.assert_array_equal(flat(twin), flat(model))
    assert twin.get_params() == model.get_params()
    assert twin.loss_curve_ == model.loss_curve_


def test_parameters_are_aligned_to_a_cache_line():
    """Alignment is for speed. NumPy alone would align one array in four by chance."""
    X, y = blobs()
    models = [small(early_stopping=stops, max_iter=3) for stops in (False, True) for _ in range(4)]
    models += [through_pickle(model.fit(X, y)) for model in models]
    models += [small().partial_fit(X, y, classes=np.unique(y)).partial_fit(X, y) for _ in range(4)]
    assert {model.coefs_[0].ctypes.data % 64 for model in models} == {0}


def test_training_a_shallow_copy_does_not_change_the_original():
    X, y = blobs()
    model = small().fit(X, y)
    before, curve = flat(model), list(model.loss_curve_)
    copy.copy(model).partial_fit(X, y)
    np.testing.assert_array_equal(flat(model), before)
    assert model.loss_curve_ == curve


def test_pickle_stores_parameters_and_moments_once():
    X, y = blobs()
    model = small(hidden_layer_sizes=(200, 200), max_iter=1).fit(X, y)
    assert len(pickle.dumps(model)) < 3.2 * model.coefs_[0].base.nbytes


def test_parameters_stay_in_the_buffers_of_a_pickle_and_in_the_map_of_a_file(tmp_path):
    joblib = package("joblib")
    X, y = blobs()
    model, buffers = small().fit(X, y), []
    data = pickle.dumps(model, protocol=5, buffer_callback=buffers.append)
    joblib.dump(model, tmp_path / "model")
    shared = pickle.loads(data, buffers=buffers)
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    assert np.shares_memory(shared.coefs_[0], model.coefs_[0])
    assert isinstance(mapped.coefs_[0].base, np.memmap) and not mapped.coefs_[0].flags.writeable
    for twin in (shared, mapped):
        np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    before = flat(model)
    np.testing.assert_array_equal(flat(mapped.partial_fit(X, y)), flat(shared.partial_fit(X, y)))
    np.testing.assert_array_equal(flat(model), before)


def test_unfitted_estimator_can_be_pickled():
    assert through_pickle(small()).get_params() == small().get_params()


def test_refit_starts_again_and_is_reproducible():
    X, y = blobs()
    model = small().fit(X, y)
    first = flat(model)
    model.fit(X[::2], y[::2])
    assert model.n_iter_ == 15 == len(model.loss_curve_)
    np.testing.assert_array_equal(flat(model.fit(X, y)), first)


def test_early_stopping_keeps_the_best_weights():
    X, y = blobs(n_rows=60)
    rng = np.random.RandomState(0)
    y = np.where(rng.random_sample(60) < 0.3, rng.randint(0, 3, 60), y)
    params = {"early_stopping": True, "validation_fraction": 0.3, "learning_rate_init": 0.05}
    model = small(max_iter=60, n_iter_no_change=8, **params).fit(X, y)
    assert model.n_iter_ < 60
    best = int(np.argmax(model.validation_scores_))
    assert model.best_validation_score_ == model.validation_scores_[best]
    shorter = small(max_iter=best + 1, n_iter_no_change=8, **params).fit(X, y)
    np.testing.assert_array_equal(flat(model), flat(shorter))


def test_early_stopping_can_change_between_warm_starts():
    X, y = blobs()
    model = small(warm_start=True, max_iter=3).fit(X, y)
    model.set_params(early_stopping=True).fit(X, y)
    assert len(model.validation_scores_) == 3 and model.best_loss_ is None
    model.set_params(early_stopping=False).fit(X, y)
    assert model.validation_scores_ is None and model.best_loss_ == min(model.loss_curve_[-3:])
    assert len(model.loss_curve_) == 9


# Parameters


def test_parameters_are_stored_unchanged():
    value = object()
    model = MLPClassifier(alpha=value, hidden_layer_sizes=value)
    assert model.alpha is value and model.get_params()["hidden_layer_sizes"] is value
    assert vars(model).keys() == model.get_params().keys()


def test_set_params_changes_nothing_if_one_name_is_invalid():
    model = small()
    assert model.set_params(alpha=1.0, tol=0.5) is model
    assert (model.alpha, model.tol) == (1.0, 0.5)
    with pytest.raises(ValueError, match="Invalid parameter 'beta' for estimator MLPClassifier"):
        model.set_params(alpha=2.0, beta=3)
    assert model.alpha == 1.0


def test_repr_shows_parameters_that_differ_from_the_default():
    assert repr(MLPClassifier()) == "MLPClassifier()"
    model = MLPClassifier((3, 4), alpha=1, random_state=7)
    assert repr(model) == "MLPClassifier(alpha=1, hidden_layer_sizes=(3, 4), random_state=7)"
    assert eval(repr(model)).get_params() == model.get_params()
    many = MLPClassifier(
        (3,), "tanh", alpha=1, tol=0.5, momentum=0.3, max_iter=7, solver="sgd", power_t=0.25
    )
    assert all(len(line) < 80 for line in repr(many).splitlines())
    assert eval(repr(many)).get_params() == many.get_params()


def test_subclass_can_have_its_own_constructor():
    class Pair(MLPClassifier):
        def __init__(self, width=4, random_state=None):
            super().__init__((width, width), random_state=random_state, max_iter=3)
            self.width = width

    model = clone(Pair(width=5, random_state=1)).fit(*blobs())
    assert model.coefs_[1].shape == (5, 5)
    assert repr(model) == "Pair(random_state=1, width=5)"


def test_subclass_constructor_can_pass_keywords_on():
    class Mixin:
        pass

    class Wide(Mixin, MLPClassifier):
        def __init__(self, *args, width=4, **kwargs):
            super().__init__(*args, **kwargs)
            self.width = width

    model = Wide(width=5, alpha=0.5)
    assert model.get_params() == {**MLPClassifier(alpha=0.5).get_params(), "width": 5}
    assert repr(model) == "Wide(alpha=0.5, width=5)"
    assert clone(model).set_params(tol=0.5, width=6).get_params()["width"] == 6


# Pickles of earlier versions


def test_pickles_of_earlier_versions_are_rejected():
    model = small().fit(*blobs())
    former = {name: value for name, value in model.__getstate__().items() if name != "version"}
    for fields in (former, {**former, "version": 0}):
        with pytest.raises(
            ValueError, match="MLPClassifier was pickled by another version of cmlp"
        ):
            MLPClassifier().__setstate__(fields)


# help()


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_help_explains_each_fitted_attribute(estimator):
    attributes = [
        name for name in dir(estimator) if name.endswith("_") and not name.startswith("_")
    ]
    texts = [inspect.getdoc(getattr(estimator, name)) for name in attributes]
    assert {"coefs_", "loss_curve_", "n_iter_"} <= set(attributes)
    assert len(set(texts)) == len(texts)
    assert not any("descriptor" in text or "An attribute that fit" in text for text in texts)
    shown = pydoc.plain(pydoc.render_doc(estimator))
    assert all(text in " ".join(shown.split()) for text in texts)


def test_verbose_prints_a_line_for_each_epoch(capsys):
    X, y = blobs()
    small(verbose=True, max_iter=3).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(", loss = ")[0] for line in lines] == [
        "Iteration 1",
        "Iteration 2",
        "Iteration 3",
    ]
    assert lines[-1].endswith("at most 0 s left")
    small(verbose=1, early_stopping=True, tol=1.0, n_iter_no_change=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert "validation score = " in lines[0]
    assert lines[-1] == (
        "Validation score did not improve more than tol=1.000000 for 1 consecutive epochs. Stopping."
    )


def test_verbose_partial_fit_prints_no_time_left(capsys):
    X, y = blobs()
    model = small(verbose=True, max_iter=63)
    for _ in range(2):
        model.partial_fit(X, y, classes=[0, 1, 2])
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"Iteration 1, loss = {loss:.8f}" for loss in model.loss_curve_]


def loaded(model, path):
    model.save(path / "model", include_training_state=model.solver == "lbfgs")
    return cmlp.load(path / "model")


def assigned(model, path):
    twin = MLPClassifier(**model.get_params())
    twin.coefs_, twin.intercepts_, twin.classes_ = model.coefs_, model.intercepts_, model.classes_
    twin.predict(np.zeros((1, 4)))
    return twin


def from_sklearn(model, path):
    from sklearn.neural_network import MLPClassifier as TheirClassifier

    names = TheirClassifier().get_params()
    params = {name: value for name, value in model.get_params().items() if name in names}
    return cmlp.from_sklearn(TheirClassifier(**params).fit(*blobs()))


@pytest.mark.parametrize("source", [loaded, assigned, from_sklearn, through_pickle])
@pytest.mark.parametrize(
    "params, kind",
    [
        ({"solver": "sgd", "momentum": 0.5}, "nesterov"),
        ({"solver": "sgd", "momentum": 0.0}, "sgd"),
        ({"solver": "adam", "beta_1": 0.5}, "adam"),
    ],
)
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # learning_rate with "adam"
def test_optimizer_is_made_at_its_first_use_from_the_parameters_of_then(
    source, params, kind, tmp_path
):
    """Models that were not trained in epochs have no optimizer: loaded, assigned, converted and after lbfgs."""
    X, y = blobs()
    solver = "lbfgs" if source in (loaded, through_pickle) else "adam"
    start = small(solver=solver, max_iter=1000).fit(X, y)
    model = source(start, tmp_path) if source is not through_pickle else through_pickle(start)
    assert not hasattr(model, "_optimizer")
    model.set_params(**params, learning_rate="invscaling", learning_rate_init=0.25, random_state=3)
    twin = MLPClassifier(**model.get_params())
    twin.coefs_, twin.intercepts_ = (
        [w.copy() for w in model.coefs_],
        [b.copy() for b in model.intercepts_],
    )
    twin.partial_fit(X, y, classes=[0, 1, 2])
    model.partial_fit(X, y)
    state = model._optimizer.get_state()
    assert state["solver"] == kind
    assert all(state[name] == value for name, value in params.items() if name != "solver")
    np.testing.assert_array_equal(flat(model), flat(twin))


def test_partial_fit_of_one_row_copies_parameters_and_moments_once():
    """A failure needs the previous parameters and moments (3 blocks). The core's workspace has the gradient."""
    X, y = np.zeros((1, 300), np.float32), [0]
    model = small(hidden_layer_sizes=(1000,)).partial_fit(X, y, classes=[0, 1, 2])
    one = model.network_.params.nbytes
    assert peak_memory(lambda: model.partial_fit(X, y)) < 4.2 * one


def test_verbose_reports_a_decreasing_learning_rate(capsys):
    X, y = blobs()
    sgd = {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 1e-6}
    small(verbose=True, tol=10.0, n_iter_no_change=1, max_iter=9, **sgd).fit(X, y)
    assert capsys.readouterr().out.endswith("Learning rate too small. Stopping.\n")
    small(
        verbose=True,
        tol=10.0,
        n_iter_no_change=1,
        max_iter=9,
        **{**sgd, "learning_rate_init": 1e-2},
    ).fit(X, y)
    assert "Setting learning rate to 0.002000" in capsys.readouterr().out
