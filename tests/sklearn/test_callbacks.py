"""scikit-learn 1.9's callbacks: progress bars and score monitors on a fit, alone and inside meta-estimators."""

import copy
import pickle

import estimator_cases
import numpy as np
import pytest
from estimator_cases import blobs, flat
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import cmlp
from cmlp.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer", "ignore:lbfgs failed to converge"
)

X, Y = blobs()
SOLVERS = ["adam", "sgd", "lbfgs"]


def small(**params):
    return MLPClassifier(**estimator_cases.small(**params).get_params())


class Recorder:
    """A callback that records the calls, and stops training at a given epoch."""

    def __init__(self, stop_at=None):
        self.stop_at, self.calls, self.fitted = stop_at, [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self.calls.append(f"{context.task_name} begins")
        self.arguments = X, y, metadata

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.calls.append(f"{context.task_name} ends")
        self.fitted.append(fitted_estimator)
        return self.stop_at is not None and len(self.fitted) == self.stop_at

    def teardown(self, estimator, context):
        self.calls.append("teardown")


@pytest.mark.parametrize("solver", SOLVERS)
def test_fit_and_each_epoch_are_reported(solver):
    recorder = Recorder()
    model = small(solver=solver, max_iter=2).set_callbacks(recorder).fit(X, Y)
    epoch = ["epoch begins", "epoch ends"]
    assert recorder.calls == ["setup", "fit begins", *epoch, *epoch, "fit ends", "teardown"]
    assert (
        recorder.arguments[0] is X and recorder.arguments[1] is Y and recorder.arguments[2] is None
    )
    model.fit(X, Y, np.ones(len(X)))
    np.testing.assert_array_equal(recorder.arguments[2]["sample_weight"], 1)
    assert not [name for name in vars(model) if name.startswith("_callback") or "teardown" in name]


@pytest.mark.parametrize("solver", SOLVERS)
def test_fitted_estimators_are_those_of_shorter_fits(solver):
    recorder = Recorder()
    model = small(solver=solver, max_iter=3).set_callbacks(recorder).fit(X, Y)
    for epochs, seen in zip((1, 2, 3, 3), recorder.fitted, strict=True):
        same = small(solver=solver, max_iter=epochs).fit(X, Y)
        np.testing.assert_array_equal(flat(seen), flat(same))
        assert seen.n_iter_ == epochs and seen.score(X, Y) == same.score(X, Y)
        assert seen.loss_ == same.loss_
    assert model.n_iter_ == 3


def test_fitted_estimators_have_no_reference_to_the_callback_context():
    """With this reference, a pickle of the estimator would contain X and y."""
    recorder = Recorder()
    small(max_iter=1).set_callbacks(recorder).fit(X, Y)
    for seen in recorder.fitted:
        assert not set(vars(seen)) & {"_callback_fit_ctx", "_skl_callbacks_to_teardown", "_fitting"}


@pytest.mark.parametrize("solver", SOLVERS)
def test_callbacks_change_no_weight(solver):
    model = (
        small(solver=solver, max_iter=4)
        .set_callbacks(Recorder(), ScoringMonitor(scoring="accuracy"))
        .fit(X, Y)
    )
    np.testing.assert_array_equal(flat(model), flat(small(solver=solver, max_iter=4).fit(X, Y)))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.filterwarnings("error", "ignore::cmlp.exceptions.UselessModelWarning")
def test_callback_can_stop_training_without_a_warning(solver):
    recorder = Recorder(stop_at=2)
    model = small(solver=solver, max_iter=50).set_callbacks(recorder).fit(X, Y)
    assert model.n_iter_ == 2
    assert recorder.calls[-2:] == ["fit ends", "teardown"]


def test_early_stopping_reports_the_best_weights():
    recorder = Recorder()
    model = small(early_stopping=True, max_iter=8).set_callbacks(recorder).fit(X, Y)
    np.testing.assert_array_equal(flat(recorder.fitted[-2]), flat(model))


@pytest.mark.parametrize(
    "error, params, data",
    [
        (ValueError, {"alpha": -1}, X),
        (cmlp.exceptions.NonFiniteInputError, {}, np.where(X == X[3, 0], np.nan, X)),
        (cmlp.exceptions.DivergenceError, {"solver": "sgd", "learning_rate_init": 1e300}, X),
    ],
)
def test_callbacks_are_torn_down_after_an_error(error, params, data):
    recorder = Recorder()
    model = MLPRegressor(hidden_layer_sizes=(4,), random_state=0, **params).set_callbacks(recorder)
    with pytest.raises(error):
        model.fit(data, Y)
    assert recorder.calls.count("setup") == recorder.calls.count("teardown")
    assert "fit ends" not in recorder.calls
    assert not [name for name in vars(model) if name.startswith("_callback") or "teardown" in name]


def test_invalid_callbacks_raise_and_empty_call_removes_callbacks():
    model = small()
    with pytest.raises(TypeError, match="FitCallback protocol"):
        model.set_callbacks(print)
    assert model.set_callbacks(Recorder()) is model
    assert vars(model.set_callbacks()).keys() == model.get_params().keys()


def test_copies_keep_the_callbacks():
    model = small(max_iter=2).set_callbacks(ScoringMonitor(scoring="accuracy")).fit(X, Y)
    for twin in (clone(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert len(twin.fit(X, Y)._skl_callbacks) == 1


def test_scoring_monitor_on_a_single_estimator():
    monitor = ScoringMonitor(scoring="accuracy")
    small(max_iter=5).set_callbacks(monitor).fit(X, Y)
    rows = monitor.get_logs().data
    scores = [row["accuracy"] for row in rows if row["task_name"] == "epoch"]
    assert scores == [small(max_iter=epochs).fit(X, Y).score(X, Y) for epochs in range(1, 6)]


def search(n_jobs):
    model = make_pipeline(
        StandardScaler(),
        small(max_iter=4).set_callbacks(monitor := ScoringMonitor(scoring="accuracy")),
    )
    found = GridSearchCV(
        model, {"mlpclassifier__alpha": [0.1, 1.0]}, cv=2, n_jobs=n_jobs, error_score="raise"
    )
    return found.fit(X, Y), monitor


def test_scoring_monitor_in_a_pipeline():
    monitor = ScoringMonitor(scoring="accuracy")
    make_pipeline(StandardScaler(), small(max_iter=4).set_callbacks(monitor)).fit(X, Y)
    assert len([row for row in monitor.get_logs().data if row["task_name"] == "epoch"]) == 4


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_scoring_monitor_in_a_grid_search(n_jobs):
    _, monitor = search(n_jobs)
    logs = monitor.get_logs(select="all")
    epochs = [row for log in logs for row in log.data if row["task_name"] == "epoch"]
    assert len(epochs) == 5 * 4  # two candidates on two folds and the final fit, 4 epochs each
    assert all(0 <= row["accuracy"] <= 1 for row in epochs)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_progress_bars(n_jobs, capsys):
    pytest.importorskip("rich")
    small(max_iter=4).set_callbacks(ProgressBar()).fit(X, Y)
    assert "MLPClassifier - fit" in capsys.readouterr().out
    make_pipeline(StandardScaler(), small(max_iter=4)).set_callbacks(ProgressBar()).fit(X, Y)
    assert "MLPClassifier - fit" in capsys.readouterr().out
    model = GridSearchCV(small(max_iter=4), {"alpha": [0.1, 1.0]}, cv=2, n_jobs=n_jobs)
    model.set_callbacks(ProgressBar(max_propagation_depth=2)).fit(X, Y)
    assert "MLPClassifier - fit" in capsys.readouterr().out


def test_concurrent_fit_raises_and_keeps_the_callbacks_of_the_first():
    class Again(Recorder):
        def on_fit_task_begin(self, estimator, context):
            with pytest.raises(RuntimeError, match="is being fitted by another call"):
                estimator.fit(X, Y)

    recorder = Again()
    small(max_iter=1).set_callbacks(recorder).fit(X, Y)
    assert recorder.calls == ["setup", "epoch ends", "fit ends", "teardown"]


def test_a_fit_with_callbacks_cannot_record_its_provenance():
    with pytest.raises(
        ValueError, match="provenance=True needs a fit without the callbacks of scikit-learn"
    ):
        small(provenance=True).set_callbacks(Recorder()).fit(X, Y)


def test_plain_classes_name_the_class_with_callbacks():
    with pytest.raises(
        AttributeError, match=r"'set_callbacks': use the class of this name in cmlp\.sklearn"
    ):
        cmlp.MLPClassifier().set_callbacks(Recorder())


def test_pipeline_warns_of_a_plain_class_without_callbacks():
    pytest.importorskip("rich")  # of the progress bar
    with pytest.warns(UserWarning, match="MLPClassifier does not support callbacks"):
        make_pipeline(StandardScaler(), cmlp.MLPClassifier(max_iter=2)).set_callbacks(
            ProgressBar()
        ).fit(X, Y)
