"""Programs that ask for scikit-learn's base classes: yellowbrick, river's wrappers, BentoML; and MLflow."""

import warnings

import pytest
from estimator_cases import blobs
from optional import package
from sklearn.base import is_classifier
from sklearn.metrics import accuracy_score, confusion_matrix, r2_score
from sklearn.pipeline import make_pipeline

import cmlp
import cmlp.sklearn

# Most fits here stop early on purpose.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer",
    "ignore:The training loss",
    "ignore::cmlp.exceptions.LeakWarning",  # one column says the class
)

X, CLASSES = blobs()
NUMBERS = X.sum(axis=1)
CLASSIFIERS = ["MLPClassifier", "TabularClassifier"]
REGRESSORS = ["MLPRegressor", "TabularRegressor"]


def model_of(name, module=cmlp.sklearn):
    extra = (
        {"n_estimators": 2}
        if name.startswith("Tabular")
        else {"max_iter": 60, "learning_rate_init": 0.02}
    )
    return getattr(module, name)(hidden_layer_sizes=(8,), random_state=0, **extra)


def fitted(name, module=cmlp.sklearn):
    model = model_of(name, module)
    return model.fit(X, CLASSES if is_classifier(model) else NUMBERS)


def quietly(name):
    """Import a package that warns when it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return package(name)


# ------------------------------------------------------------------------------------------------------- yellowbrick


@pytest.fixture
def yellowbrick(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    for name in ("classifier", "regressor"):
        quietly(f"yellowbrick.{name}")
    yield quietly("yellowbrick")
    quietly("matplotlib.pyplot").close("all")


@pytest.mark.filterwarnings(
    "ignore:Passing 'N' to ListedColormap", "ignore:The set_(over|under) function"
)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_in_yellowbrick(yellowbrick, name):
    predicted = fitted(name, cmlp).predict(X)
    report = yellowbrick.classifier.ClassificationReport(model_of(name)).fit(X, CLASSES)
    assert report.score(X, CLASSES) == accuracy_score(CLASSES, predicted)
    matrix = yellowbrick.classifier.ConfusionMatrix(model_of(name)).fit(X, CLASSES)
    matrix.score(X, CLASSES)
    assert (matrix.confusion_matrix_ == confusion_matrix(CLASSES, predicted)).all()
    curves = yellowbrick.classifier.ROCAUC(model_of(name)).fit(X, CLASSES)
    assert curves.score(X, CLASSES) > 0.9
    for drawing in (report, matrix, curves):
        drawing.finalize()
    with pytest.raises(TypeError, match="non estimator"):
        yellowbrick.classifier.ROCAUC(model_of(name, cmlp))


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors_in_yellowbrick(yellowbrick, name):
    drawing = yellowbrick.regressor.ResidualsPlot(model_of(name)).fit(X, NUMBERS)
    assert drawing.score(X, NUMBERS) == r2_score(NUMBERS, fitted(name, cmlp).predict(X))
    drawing.finalize()


# -------------------------------------------------------------------------------------------------------------- river

ROWS = [dict(zip("abcd", row, strict=True)) for row in X.tolist()]


def test_classifier_in_a_wrapper_of_river():
    compat = package("river.compat")
    learner = compat.convert_sklearn_to_river(model_of("MLPClassifier"), classes=[0, 1, 2])
    assert learner.predict_proba_one(ROWS[0]) == {0: 1 / 3, 1: 1 / 3, 2: 1 / 3}  # not fitted yet
    twin = model_of("MLPClassifier", cmlp)
    for x, row, label in zip(ROWS, X, CLASSES, strict=True):
        learner.learn_one(x, label)
        twin.partial_fit([row], [label], classes=[0, 1, 2])
    assert [learner.predict_one(x) for x in ROWS] == twin.predict(X).tolist()
    assert (
        list(learner.predict_proba_one(ROWS[0]).values()) == twin.predict_proba(X[:1])[0].tolist()
    )
    with pytest.raises(ValueError, match="appropriate wrapper"):
        compat.convert_sklearn_to_river(twin, classes=[0, 1, 2])


def test_regressor_in_a_wrapper_of_river():
    learner = package("river.compat").convert_sklearn_to_river(model_of("MLPRegressor"))
    assert learner.predict_one(ROWS[0]) == 0  # not fitted yet
    learner.learn_one(ROWS[0], NUMBERS[0])
    twin = model_of("MLPRegressor", cmlp).partial_fit(X[:1], NUMBERS[:1])
    assert learner.predict_one(ROWS[1]) == twin.predict(X[1:2])[0]


# ------------------------------------------------------------------------------------------------------------ BentoML


@pytest.fixture(scope="module")
def bentoml(tmp_path_factory):
    """BentoML, whose store is a new folder: it reads these variables when it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENTOML_HOME", str(tmp_path_factory.mktemp("bentoml")))
        patch.setenv("BENTOML_DO_NOT_TRACK", "True")
        yield quietly("bentoml")


@pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")
@pytest.mark.parametrize("name", [*CLASSIFIERS, *REGRESSORS])
def test_store_of_bentoml(bentoml, name):
    model = fitted(name)
    loaded = bentoml.sklearn.load_model(bentoml.sklearn.save_model(name.lower(), model))
    assert type(loaded) is type(model) and loaded.predict(X).tobytes() == model.predict(X).tobytes()
    with pytest.raises(TypeError, match="BaseEstimator"):
        bentoml.sklearn.save_model(name.lower(), fitted(name, cmlp))


# ------------------------------------------------------------------------------------------------------------- MLflow


@pytest.fixture
def mlflow(tmp_path, monkeypatch):
    """MLflow, which logs into a folder."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow = quietly("mlflow")
    quietly("mlflow.sklearn")
    mlflow.set_tracking_uri(tmp_path.as_uri())
    mlflow.set_experiment("cmlp")
    yield mlflow
    mlflow.sklearn.autolog(disable=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred")
@pytest.mark.parametrize("name", [*CLASSIFIERS, *REGRESSORS])
def test_mlflow_logs_pipelines(mlflow, name):
    mlflow.sklearn.autolog(
        log_models=name == "MLPClassifier"
    )  # 10 s, because MLflow searches for required packages
    model = make_pipeline(model_of(name))
    y = CLASSES if is_classifier(model) else NUMBERS
    model.fit(X, y)
    mlflow.sklearn.autolog(disable=True)
    run = mlflow.last_active_run()
    assert run.data.params[f"{name.lower()}__hidden_layer_sizes"] == "(8,)"
    score = "training_accuracy_score" if is_classifier(model) else "training_r2_score"
    assert run.data.metrics[score] == model.score(X, y)
    if name == "MLPClassifier":
        (logged,) = run.outputs.model_outputs
        loaded = mlflow.sklearn.load_model(f"models:/{logged.model_id}")
        assert loaded.predict(X).tobytes() == model.predict(X).tobytes()


def test_mlflow_logs_no_estimator_of_another_package(mlflow):
    """It patches the classes that `sklearn.utils.all_estimators` returns, which are those of scikit-learn."""
    mlflow.sklearn.autolog()
    fitted("MLPClassifier")
    assert mlflow.search_runs().empty


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred")
@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_models_of_mlflow(mlflow, name):
    package("skops")
    model = fitted(name)
    with mlflow.start_run():
        options = {"skops_trusted_types": [f"cmlp.sklearn.{name}"], "pip_requirements": ["cmlp"]}
        logged = mlflow.sklearn.log_model(model, name="model", **options)
    loaded = mlflow.sklearn.load_model(logged.model_uri)
    assert type(loaded) is type(model) and loaded.predict(X).tobytes() == model.predict(X).tobytes()
