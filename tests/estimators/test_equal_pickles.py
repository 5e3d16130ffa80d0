"""Two fits with equal seeds have equal pickles: the durations in the history are not pickled."""

import pickle

import numpy as np
import pytest
from helpers import labels, uniform
from optional import package

from cmlp import (
    MLPClassifier,
    MLPRegressor,
    Network,
    TabularClassifier,
    TabularRegressor,
    Trainer,
    fit_many,
)
from cmlp.callbacks import CSVLog

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X, Y = uniform(0, 120, 4), labels(1, 120, 3)
TARGETS = X @ [1.0, -2.0, 0.5, 0.0] + uniform(2, 120, 1)[:, 0] / 10
FIT = {"max_iter": 12, "batch_size": 20, "random_state": 0}


class StopAfter:
    """A callback that ends training after two epochs."""

    def on_epoch_end(self, trainer):
        if trainer.state.epoch == 2:
            trainer.stop()


def classifier(**parameters):
    return MLPClassifier((8,), **{**FIT, **parameters})


def trainer(n_batches=None):
    network = Network([4, 6, 3], random_state=0)
    trained = Trainer(network, **FIT)
    trained.run(X, Y, n_batches=n_batches)
    return trained


def streamed():
    return classifier().fit_batches([(X[:50], Y[:50]), (X[50:], Y[50:])], classes=[0, 1, 2])


CASES = {
    "classifier": lambda: classifier().fit(X, Y),
    "early stopping": lambda: classifier(early_stopping=True).fit(X, Y),
    "sgd": lambda: classifier(solver="sgd", learning_rate="adaptive").fit(X, Y),
    "labels of text": lambda: classifier().fit(X, np.array(["a", "b", "c"])[Y]),
    "partial_fit": lambda: classifier().partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X, Y),
    "fit_batches": streamed,
    "fit_many": lambda: fit_many([classifier(), classifier(alpha=1.0)], X, Y),
    "regressor": lambda: MLPRegressor(hidden_layer_sizes=(8,), y_scale="standard", **FIT).fit(
        X, TARGETS
    ),
    "stopped": lambda: classifier(callbacks=[StopAfter()]).fit(X, Y),
    "Network.fit": lambda: trainer().network,
    "Trainer": trainer,
    "Trainer between two epochs": lambda: trainer(12),
    "Trainer within an epoch": lambda: trainer(15),
    "table of classes": lambda: TabularClassifier(n_estimators=2, random_state=0).fit(X, Y),
    "table of numbers": lambda: TabularRegressor(n_estimators=2, random_state=0).fit(X, TARGETS),
    "stopped table": lambda: TabularClassifier(
        n_estimators=2, random_state=0, callbacks=[StopAfter()]
    ).fit(X, Y),
}


@pytest.mark.parametrize("fit", CASES.values(), ids=CASES)
def test_two_equal_fits_have_equal_pickles(fit):
    one, two = fit(), fit()
    assert pickle.dumps(one) == pickle.dumps(two)
    joblib = package("joblib")
    assert joblib.hash(one) == joblib.hash(two)


def test_a_fit_has_its_seconds_and_its_pickle_has_not():
    model = classifier().fit(X, Y)
    copy = pickle.loads(pickle.dumps(model))
    seconds = model.history_["seconds"]
    assert len(seconds) == 12 and min(seconds) > 0
    assert copy.history_ == {
        name: values for name, values in model.history_.items() if name != "seconds"
    }


def test_a_fit_that_continues_after_pickling_has_the_seconds_of_its_own_epochs():
    paused = pickle.loads(pickle.dumps(trainer(15)))  # two and a half epochs of six batches
    paused.run(X, Y, n_batches=9)
    seconds = np.array(paused.history["seconds"])
    assert np.isnan(seconds).tolist() == [True, True, True, False] and seconds[3] > 0
    whole = trainer(24)
    assert (
        paused.network.params == whole.network.params
    ).all() and paused.loss_curve == whole.loss_curve


def test_csv_log_leaves_unknown_seconds_empty(tmp_path):
    path = tmp_path / "fit.csv"
    paused = pickle.loads(pickle.dumps(trainer(15)))
    log = CSVLog(path)
    for _ in paused.epochs(X, Y):
        log.on_epoch_end(paused)
    lines = path.read_text().splitlines()
    assert (
        lines[0].startswith("3,") and lines[0].endswith(",") and float(lines[1].split(",")[-1]) > 0
    )
