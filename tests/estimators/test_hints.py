"""Hints for names and habits from other libraries, in errors and warnings."""

import inspect
import warnings

import numpy as np
import pytest
from estimator_cases import blobs
from optional import package

from cmlp import MLPClassifier, MLPRegressor, Network, TabularClassifier, TabularRegressor, Trainer

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X, Y = blobs(n_rows=60)
TEXT = np.array(["low", "mid", "high"])[Y]
SMALL = {"max_iter": 1, "random_state": 0}
VALUES = {
    "a number as learning_rate": (
        MLPClassifier,
        {"learning_rate": 0.01},
        r"Did you mean learning_rate_init=0.01\?$",
    ),
    "mse": (MLPRegressor, {"loss": "mse"}, r"Did you mean 'squared_error'\?$"),
    "mae": (MLPRegressor, {"loss": "MAE"}, r"Did you mean 'absolute_error'\?$"),
    "mae of tables": (TabularRegressor, {"loss": "mae"}, r"Did you mean 'absolute_error'\?$"),
    "cross-entropy": (
        MLPClassifier,
        {"loss": "binary_crossentropy"},
        r"Did you mean 'log_loss'\?$",
    ),
    "linear": (MLPClassifier, {"activation": "linear"}, r"Did you mean 'identity'\?$"),
    "xavier": (MLPClassifier, {"initialization": "xavier"}, r"Did you mean 'glorot'\?$"),
    "L-BFGS": (MLPClassifier, {"solver": "L-BFGS"}, r"Did you mean 'lbfgs'\?$"),
    "another number": (MLPClassifier, {"power_t": -1}, r"Got -1 instead\.$"),
    "a loss of regressors": (MLPClassifier, {"loss": "mae"}, r"Got 'mae' instead\.$"),
}
KEYWORDS = {
    "epochs": (lambda: MLPClassifier(epochs=3), r"'epochs'. Did you mean max_iter\?$"),
    "epochs of a regressor": (lambda: MLPRegressor(epochs=3), r"Did you mean max_iter\?$"),
    "epochs of tables": (lambda: TabularClassifier(epochs=3), r"Did you mean n_epochs\?$"),
    "epochs of a trainer": (
        lambda: Trainer(Network([4, 3]), epochs=3),
        r"Did you mean max_iter\?$",
    ),
    "epochs of a network": (
        lambda: Network([4, 3]).fit(X, Y, epochs=3),
        r"Did you mean max_iter\?$",
    ),
    "epochs of fit": (
        lambda: MLPClassifier().fit(X, Y, epochs=3),
        r"Did you mean max_iter of the constructor\?$",
    ),
    "batch_size of fit": (
        lambda: MLPClassifier().fit(X, Y, batch_size=3),
        r"batch_size of the constructor\?$",
    ),
    "validation_data": (
        lambda: MLPClassifier().fit(X, Y, validation_data=(X, Y)),
        r"Did you mean X_val\?$",
    ),
    "n_estimators": (
        lambda: MLPRegressor(n_estimators=3),
        "Only TabularClassifier and TabularRegressor have it",
    ),
    "iterations": (lambda: MLPClassifier(iterations=3), r"Did you mean max_iter\?$"),
    "iterations of tables": (lambda: TabularClassifier(iterations=3), r"Did you mean n_epochs\?$"),
    "cat_features": (
        lambda: TabularClassifier(cat_features=["x"]),
        r"Did you mean categorical_features\?$",
    ),
    "cat_features of a network": (
        lambda: MLPClassifier(cat_features=["x"]),
        "Only TabularClassifier and .* have cat",
    ),
    "eval_set of fit": (
        lambda: MLPClassifier().fit(X, Y, eval_set=(X, Y)),
        r"Did you mean X_val\?$",
    ),
    "eval_set": (
        lambda: TabularRegressor(eval_set=(X, Y)),
        r"Pass validation rows to fit, as X_val and y_val\.$",
    ),
    "class_weights": (lambda: MLPClassifier(class_weights={0: 1}), r"Did you mean class_weight\?$"),
    "device": (
        lambda: MLPClassifier(device="cuda"),
        r"Training runs on the processor, with n_threads threads\.$",
    ),
    "rng": (lambda: MLPClassifier(rng=0), r"Did you mean random_state\?$"),
    "rng of tables": (lambda: TabularRegressor(rng=0), r"Did you mean random_state\?$"),
    "eval_metric": (lambda: MLPRegressor(eval_metric="r2"), r"Did you mean scoring\?$"),
    "eval_metric of tables": (
        lambda: TabularClassifier(eval_metric="auc"),
        r"Tables keep the epoch with the smallest loss .*cross_val_score\(model, X, y, scoring=",
    ),
    "scoring of tables": (
        lambda: TabularRegressor(scoring="r2"),
        r"Tables keep the epoch with the smallest loss",
    ),
    "metrics of fit": (
        lambda: MLPClassifier().fit(X, Y, metrics=["accuracy"]),
        r"Did you mean scoring of the constructor\?$",
    ),
    "a mistyped name": (
        lambda: MLPClassifier(hidden_layer_size=3),
        r"Did you mean hidden_layer_sizes\?$",
    ),
    "a name of no library": (
        lambda: MLPClassifier(colour=3),
        "unexpected keyword argument 'colour'$",
    ),
}


@pytest.mark.parametrize("owner, parameters, message", VALUES.values(), ids=VALUES)
def test_values_of_other_libraries(owner, parameters, message):
    y = TEXT if "Classifier" in owner.__name__ else X[:, 0]
    with pytest.raises(ValueError, match=message):
        owner(**parameters).fit(X, y)


@pytest.mark.parametrize("call, message", KEYWORDS.values(), ids=KEYWORDS)
def test_keywords_of_other_libraries(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_set_params_has_the_hint():
    with pytest.raises(ValueError, match=r"Did you mean max_iter\?$"):
        MLPClassifier().set_params(epochs=3)


@pytest.mark.parametrize(
    "owner", [MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, Trainer]
)
def test_signatures_are_kept(owner):
    names = inspect.signature(owner).parameters
    assert "solver" in names or "n_epochs" in names
    assert list(names) == list(inspect.signature(owner.__init__).parameters)[1:]


def test_classes_as_third_argument_of_partial_fit():
    hint = r"The third argument of partial_fit is sample_weight: pass the classes as classes=\[\.\.\.\]\.$"
    model = MLPClassifier((5,), **SMALL)
    for classes, y in (([0, 1, 2], Y), (["high", "low", "mid"], TEXT), (np.ones(60), Y)):
        with pytest.raises(ValueError, match=hint):
            model.partial_fit(X, y, classes)
    model.partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=hint):
        model.partial_fit(X, Y, [0, 1, 2])
    with pytest.raises(ValueError, match=r"sample_weight.shape == \(2,\), expected \(60,\)!$"):
        model.partial_fit(X, Y, [1, 2])


def test_errors_of_rows_say_nothing_of_the_third_argument_of_partial_fit():
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[59, 60\]$"):
        MLPClassifier((5,), **SMALL).partial_fit(X[1:], Y, np.ones(60))
    model = MLPClassifier((5,), **SMALL).partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"is expecting \d+ features as input\.$"):
        model.partial_fit(X[:3, :1], Y[:3], [0, 1, 2])


@pytest.mark.parametrize("owner", [MLPRegressor, TabularRegressor])
def test_regressor_on_text_names_the_classifier(owner):
    with pytest.raises(
        ValueError, match=r"For labels, use a classifier: MLPClassifier or TabularClassifier$"
    ):
        owner().fit(X, TEXT)


def table_classifier():
    return TabularClassifier(hidden_layer_sizes=(4,), n_estimators=2, n_epochs=1, random_state=0)


CLASSIFIERS = {"network": lambda: MLPClassifier((4,), **SMALL), "table": table_classifier}


@pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_classifier_on_many_floats_names_the_regressor(classifier):
    rows = np.random.RandomState(0).standard_normal((600, 3))
    numbers = np.arange(600) % 300.0
    with pytest.warns(
        UserWarning, match="To predict numbers, use a regressor: MLPRegressor or TabularRegressor"
    ):
        classifier().fit(rows, numbers)
    classifier().fit(rows, numbers.astype(int))
    classifier().fit(rows, numbers % 50)


@pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_one_hot_targets_name_the_labels(classifier):
    dummies = package("pandas").get_dummies(TEXT)
    for y in (np.eye(3)[Y], dummies):
        with pytest.warns(
            UserWarning, match=r"exactly one 1.* y\.argmax\(axis=1\), or of a data frame y\.idxmax"
        ):
            classifier().fit(X, y)
    np.testing.assert_array_equal(dummies.idxmax(axis=1), TEXT)
    several = np.eye(3, dtype=int)[Y]
    several[0] = 1
    classifier().fit(X, several)


def test_a_part_of_multilabel_rows_may_have_one_label_each():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier((5,), **SMALL).partial_fit(X, np.eye(3)[Y], classes=[0, 1, 2])
