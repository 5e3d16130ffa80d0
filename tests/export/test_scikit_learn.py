"""Conversion of scikit-learn's fitted models: the same predictions and attributes."""

import subprocess

import numpy as np
import pytest
from c_build import COMPILER, needs_compiler, run
from estimator_cases import blobs

import cmlp
from cmlp.datasets import load_digits28

neural_network = pytest.importorskip("sklearn.neural_network")
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:lbfgs failed")

ATOL = {"float32": 1e-5, "float64": 1e-12}


def classifier(**params):
    params = {"max_iter": 20, "random_state": 0, **params}
    return neural_network.MLPClassifier((6, 5), **params)


def assert_same_attributes(ours, theirs):
    for name in (
        "n_features_in_",
        "n_layers_",
        "n_outputs_",
        "n_iter_",
        "t_",
        "out_activation_",
        "loss_",
        "best_loss_",
    ):
        assert getattr(ours, name, None) == getattr(theirs, name, None), name
    for name in ("loss_curve_", "validation_scores_", "best_validation_score_"):
        assert getattr(ours, name, None) == getattr(theirs, name, None), name
    parameters = theirs.get_params()
    assert parameters == {
        name: value for name, value in ours.get_params().items() if name in parameters
    }


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "labels", [["b", "a", "c"], [True, False, True], [7, -3, 12], [1.0, 0.0, 2.0], [0, 1, 0]]
)
def test_classifier(tmp_path, dtype, labels):
    X, y = blobs()
    X, y = X.astype(dtype), np.array(labels)[y]
    theirs = classifier(activation="tanh").fit(X, y)
    ours = cmlp.from_sklearn(theirs)
    assert type(ours) is cmlp.MLPClassifier
    assert ours.classes_.tolist() == theirs.classes_.tolist()
    np.testing.assert_allclose(
        ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=ATOL[dtype]
    )
    assert (ours.predict(X) == theirs.predict(X)).all() and ours.score(X, y) == theirs.score(X, y)
    assert_same_attributes(ours, theirs)
    ours.save(tmp_path / "model.cmlp")
    np.testing.assert_array_equal(
        cmlp.load(tmp_path / "model.cmlp").predict_proba(X), ours.predict_proba(X)
    )


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_every_activation_and_solver(activation, solver):
    X, y = blobs()
    theirs = classifier(activation=activation, solver=solver).fit(X, y)
    ours = cmlp.from_sklearn(theirs)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-12)
    assert_same_attributes(ours, theirs)


def test_multilabel_early_stopping_and_no_hidden_layer():
    X, y = blobs(2)
    Y = np.stack([y, 1 - y, y * 0 + 1], axis=1)
    theirs = neural_network.MLPClassifier((), early_stopping=True, max_iter=20, random_state=0).fit(
        X, Y
    )
    ours = cmlp.from_sklearn(theirs)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-12)
    assert (ours.predict(X) == theirs.predict(X)).all()
    assert_same_attributes(ours, theirs)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressor(loss, n_outputs):
    X, y = blobs()
    y = y if n_outputs == 1 else np.stack([y, 2 * y], axis=1)
    theirs = neural_network.MLPRegressor(loss, (6,), max_iter=20, random_state=0).fit(X, y)
    ours = cmlp.from_sklearn(theirs)
    assert type(ours) is cmlp.MLPRegressor
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-12, atol=1e-12)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y))
    assert_same_attributes(ours, theirs)


PROGRAM = """
#include <stdio.h>
#include "digits.h"
int main(void)
{
    static float x[784], p[10];
    while (fread(x, sizeof x, 1, stdin)) {
        digits_predict(x, p);
        fwrite(p, sizeof p, 1, stdout);
    }
    return 0;
}
"""


@needs_compiler
@pytest.mark.slow
def test_c_header_agrees_with_scikit_learn(tmp_path):
    X, y, X_test, _ = (array / 255 if array.ndim == 2 else array for array in load_digits28())
    theirs = neural_network.MLPClassifier((32, 16), max_iter=6, random_state=0).fit(X, y)
    cmlp.from_sklearn(theirs).to_c(tmp_path / "digits.h", dtype="float32")
    (tmp_path / "main.c").write_text(PROGRAM)
    run(COMPILER, "-O2", "main.c", "-o", "main", cwd=tmp_path)
    rows = X_test.astype(np.float32).tobytes()
    printed = subprocess.run(
        "./main", input=rows, capture_output=True, check=True, cwd=tmp_path
    ).stdout
    probabilities = np.frombuffer(printed, np.float32).reshape(-1, 10)
    np.testing.assert_allclose(probabilities, theirs.predict_proba(X_test), rtol=0, atol=1e-5)


def test_feature_names_and_further_training():
    pandas = pytest.importorskip("pandas")
    X, y = blobs()
    frame = pandas.DataFrame(X, columns=["a", 'b"', "c\u202e", "d"])
    ours = cmlp.from_sklearn(classifier().fit(frame, y))
    assert ours.feature_names_in_.tolist() == list(frame.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        ours.predict(frame[["d", "a", "c\u202e", 'b"']])
    before = ours.score(frame, y)
    for _ in range(30):
        ours.partial_fit(frame, y)
    assert ours.score(frame, y) > before


def test_pipelines_are_those_of_from_pipeline():
    from sklearn.exceptions import NotFittedError
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    X, y = blobs()
    inner = make_pipeline(MinMaxScaler(), classifier())
    for pipeline in (
        make_pipeline(StandardScaler(), classifier()),
        make_pipeline(StandardScaler(), cmlp.MLPClassifier(max_iter=20)),
        make_pipeline(StandardScaler(), inner),
    ):
        pipeline.fit(X, y)
        ours = cmlp.from_sklearn(pipeline)
        np.testing.assert_allclose(
            ours.predict_proba(X), pipeline.predict_proba(X), rtol=0, atol=1e-12
        )
        np.testing.assert_array_equal(
            cmlp.from_pipeline(pipeline).predict_proba(X), ours.predict_proba(X)
        )
    with pytest.raises(NotFittedError, match="This MLPClassifier instance is not fitted yet"):
        cmlp.from_sklearn(make_pipeline(classifier()))


def test_weights_are_copied():
    X, y = blobs()
    theirs = classifier().fit(X, y)
    ours = cmlp.from_sklearn(theirs)
    theirs.coefs_[0][:] = 0
    assert ours.coefs_[0].any()


def test_errors():
    from sklearn.exceptions import NotFittedError
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline

    with pytest.raises(NotFittedError, match="This MLPClassifier instance is not fitted yet"):
        cmlp.from_sklearn(classifier())
    for other, name in (
        (LinearRegression(), r"sklearn\.linear_model\._base\.LinearRegression"),
        (make_pipeline(LinearRegression()), r"sklearn\.linear_model\._base\.LinearRegression"),
        (cmlp.MLPClassifier(), r"cmlp\.MLPClassifier"),
        (None, r"builtins\.NoneType"),
    ):
        with pytest.raises(
            TypeError, match=f"an MLPClassifier or MLPRegressor of scikit-learn, got {name}"
        ):
            cmlp.from_sklearn(other)
