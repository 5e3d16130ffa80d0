"""Conversion of fitted estimators to scikit-learn: equal predictions, attributes and further training."""

import pickle

import numpy as np
import pytest
from estimator_cases import blobs

import cmlp

neural_network = pytest.importorskip("sklearn.neural_network")
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:lbfgs failed")

ATOL = {"float32": 1e-5, "float64": 1e-12}
SIZES = ["n_features_in_", "n_layers_", "n_outputs_", "out_activation_"]
HISTORY = [
    "n_iter_",
    "t_",
    "loss_",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
]


def classifier(**params):
    return cmlp.MLPClassifier(
        **{"hidden_layer_sizes": (6, 5), "max_iter": 8, "random_state": 0, **params}
    )


def assert_same_probabilities(ours, X):
    theirs = ours.to_sklearn()
    assert type(theirs) is neural_network.MLPClassifier
    dtype = ours.coefs_[0].dtype
    assert all(tensor.dtype == dtype for tensor in [*theirs.coefs_, *theirs.intercepts_])
    np.testing.assert_allclose(
        theirs.predict_proba(X), ours.predict_proba(X), rtol=0, atol=ATOL[dtype.name]
    )
    np.testing.assert_array_equal(theirs.classes_, ours.classes_)
    np.testing.assert_array_equal(theirs.predict(X), ours.predict(X))
    assert theirs.classes_.dtype == ours.classes_.dtype
    return theirs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "labels", [["b", "a", "c"], [True, False, True], [7, -3, 12], [1.0, 0.0, 2.0], [4, 4, 4]]
)
def test_classifiers_have_equal_probabilities_and_classes(dtype, labels):
    X, y = blobs()
    X, y = X.astype(dtype), np.array(labels)[y]
    theirs = assert_same_probabilities(classifier().fit(X, y), X)
    assert theirs.score(X, y) == classifier().fit(X, y).score(X, y)


def test_texts_in_an_array_of_objects_stay_objects():
    X, y = blobs()
    assert_same_probabilities(classifier().fit(X, np.array(["a", "bb", "c"], object)[y]), X)


def test_multilabel_classifiers_have_equal_probabilities():
    X, y = blobs(2)
    Y = np.stack([y, 1 - y, y * 0 + 1], axis=1)
    theirs = assert_same_probabilities(classifier().fit(X, Y), X)
    theirs.partial_fit(X, Y)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressors_have_equal_predictions(loss, n_outputs):
    X, y = blobs()
    y = y if n_outputs == 1 else np.stack([y, 2 * y], axis=1)
    ours = cmlp.MLPRegressor(loss=loss, hidden_layer_sizes=(6,), max_iter=8, random_state=0).fit(
        X, y
    )
    theirs = ours.to_sklearn()
    assert type(theirs) is neural_network.MLPRegressor
    assert theirs.loss == loss
    np.testing.assert_allclose(theirs.predict(X), ours.predict(X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "activation", ["identity", "logistic", "tanh", "relu", ["tanh", "tanh"], "sigmoid"]
)
def test_activations_that_scikit_learn_has(activation):
    X, y = blobs()
    assert_same_probabilities(classifier(activation=activation).fit(X, y), X)


def test_network_without_hidden_layer():
    X, y = blobs()
    assert_same_probabilities(classifier(hidden_layer_sizes=(), activation="gelu").fit(X, y), X)


def test_input_scale_becomes_part_of_the_first_layer():
    X, y = blobs()
    images = np.abs(X * 50).clip(0, 255).astype(np.uint8)
    ours = classifier(input_scale=1 / 255, dtype="float64").fit(images, y)
    theirs = assert_same_probabilities(ours, images)
    np.testing.assert_allclose(theirs.coefs_[0], ours.coefs_[0] / 255, rtol=1e-15)


@pytest.mark.parametrize(
    "params", [{}, {"early_stopping": True}, {"solver": "sgd", "learning_rate": "adaptive"}]
)
def test_parameters_and_attributes_are_those_of_the_fit(params):
    X, y = blobs()
    ours = classifier(alpha=0.01, **params).fit(X, y)
    theirs = ours.to_sklearn()
    for name in SIZES + HISTORY:
        assert getattr(theirs, name) == getattr(ours, name), name
    assert theirs.get_params() == {name: ours.get_params()[name] for name in theirs.get_params()}


def test_lbfgs_has_the_attributes_of_a_fit_by_scikit_learn():
    X, y = blobs()
    ours = classifier(solver="lbfgs", max_iter=20).fit(X, y)
    theirs = ours.to_sklearn()
    assert (theirs.n_iter_, theirs.loss_) == (ours.n_iter_, ours.loss_)
    assert not hasattr(theirs, "loss_curve_") and not hasattr(ours, "loss_curve_")
    assert theirs.fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize(
    ("params", "theirs"),
    [
        ({"learning_rate": "one_cycle", "n_threads": 1}, {"learning_rate": "constant"}),
        ({"alpha": [0.1, 0.2, 0.3], "dropout": 0.1, "class_weight": "balanced"}, {"alpha": 0.0001}),
        ({"solver": "adamw", "weight_decay": 0.1, "initialization": "he"}, {"solver": "adam"}),
    ],
)
def test_values_of_training_that_only_cmlp_has_become_defaults(params, theirs):
    X, y = blobs()
    converted = assert_same_probabilities(classifier(**params).fit(X, y), X)
    assert {name: converted.get_params()[name] for name in theirs} == theirs
    converted.partial_fit(X, y)


def test_there_and_back_gives_the_same_model():
    X, y = blobs()
    ours = classifier(activation="tanh").fit(X, y)
    back = cmlp.from_sklearn(ours.to_sklearn())
    np.testing.assert_array_equal(back.predict_proba(X), ours.predict_proba(X))
    assert back.loss_curve_ == ours.loss_curve_


@pytest.mark.parametrize("fitted_with", [False, True])
@pytest.mark.parametrize("continued_with", [False, True])
def test_scikit_learn_continues_the_training(fitted_with, continued_with):
    X, y = blobs()
    ours = (
        classifier(early_stopping=fitted_with).fit(X, y).set_params(early_stopping=continued_with)
    )
    theirs = pickle.loads(pickle.dumps(ours.to_sklearn()))
    if not continued_with:
        assert theirs.partial_fit(X, y).loss_ < 1.2 * ours.loss_
    theirs.set_params(warm_start=True, max_iter=20).fit(X, y)
    assert theirs.loss_ < ours.loss_ and len(theirs.loss_curve_) > len(ours.loss_curve_)


def test_scikit_learn_keeps_the_best_epoch_and_counts_on():
    X, y = blobs()
    ours = classifier(early_stopping=True, warm_start=True).fit(X, y)
    ours.best_validation_score_ = 1.0
    theirs = ours.to_sklearn().fit(X, y)
    assert [tensor.tolist() for tensor in theirs.coefs_] == [
        tensor.tolist() for tensor in ours.coefs_
    ]
    ours.set_params(early_stopping=False, tol=10)
    assert ours.to_sklearn().partial_fit(X, y).partial_fit(X, y).loss_ > 0


def test_feature_names_and_copied_weights():
    pandas = pytest.importorskip("pandas")
    X, y = blobs()
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    ours = classifier().fit(frame, y)
    theirs = ours.to_sklearn()
    assert theirs.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names should match"):
        theirs.predict(frame[["d", "a", "c", "b"]])
    for tensor in [*theirs.coefs_, *theirs.intercepts_, theirs.classes_]:
        tensor[:] = 0
    assert all(np.any(tensor) for tensor in [*ours.coefs_, *ours.intercepts_, ours.classes_])


def test_models_that_scikit_learn_cannot_represent():
    X, y = blobs()
    for params, message in (
        ({"activation": "gelu"}, r"MLPClassifier cannot have activation='gelu'\."),
        ({"activation": ["relu", "tanh"]}, r"cannot have activation=\['relu', 'tanh'\]\."),
        ({"loss": "squared_error"}, r"cannot have loss='squared_error'\."),
        ({"loss": "focal", "loss_parameter": 1.0}, r"cannot have loss='focal'\."),
        (
            {"loss": "squared_error", "activation": "silu"},
            r"cannot have activation='silu' and loss='squared_error'\.",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            classifier(**params).fit(X, y).to_sklearn()
    ours = classifier().fit(X, y)
    ours.coefs_[0][0, 0] = np.nan
    with pytest.raises(ValueError, match="a weight is NaN or infinite"):
        ours.to_sklearn()
    with pytest.raises(cmlp.exceptions.NotFittedError):
        classifier().to_sklearn()
    big = classifier(input_scale=1e250).fit(X * 1e-250, y)
    big.coefs_[0][:] *= 1e100
    with pytest.raises(ValueError, match=r"cannot have input_scale=1e\+250"):
        big.to_sklearn()


def test_assigned_output_activation():
    X, y = blobs()
    ours = cmlp.MLPRegressor(hidden_layer_sizes=(6,), max_iter=8, random_state=0).fit(X, y)
    ours.out_activation_ = "logistic"
    with pytest.raises(ValueError, match="MLPRegressor cannot have out_activation_='logistic'"):
        ours.to_sklearn()
