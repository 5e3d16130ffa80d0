"""A training that is stored between two epochs and loaded continues with the same bits."""

import pickle
from functools import partial

import numpy as np
import pytest
from estimator_cases import blobs, interrupted_at

from cmlp import MLPClassifier, MLPRegressor
from cmlp.estimators.fitting import prepare
from cmlp.estimators.problem import Call
from cmlp.estimators.sources import Arrays
from cmlp.training.history import Curve, History
from cmlp.training.loop import Training
from cmlp.training.random import stored_generator
from cmlp.training.state import TrainingState

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

SGD = {"solver": "sgd", "learning_rate_init": 0.05}
CASES = {
    "sgd": {**SGD, "momentum": 0.0},
    "momentum": {**SGD, "nesterovs_momentum": False},
    "nesterov": SGD,
    "adam": {"solver": "adam"},
    "invscaling": {**SGD, "learning_rate": "invscaling"},
    "adaptive": {**SGD, "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1, "max_iter": 9},
    "one_cycle": {"learning_rate": "one_cycle"},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3, "learning_rate_init": 0.05},
    "stops early": {"tol": 0.1, "n_iter_no_change": 2, "max_iter": 30, "learning_rate_init": 0.02},
    "no shuffle": {"shuffle": False},
    "float32": {"dtype": "float32"},
}


def classifier(**params):
    return MLPClassifier(**{"hidden_layer_sizes": (6,), "max_iter": 7, "batch_size": 32, "random_state": 3, **params})


def begun(model, X, y, weight=None):
    """The training that ``model.fit(X, y)`` would run."""
    return prepare(Call(model, model._parameters()), Arrays(X, y, weight))[0]


def stored_and_loaded(training):
    """The same training with a state that went through a pickle."""
    state = pickle.loads(pickle.dumps(training.state))
    return Training(training.net, training.task, training.data, training.settings, state)


def outcome(training):
    state = training.state.finished()
    return state.params.tobytes(), state.optimizer.state.tobytes(), state.optimizer.learning_rate, fields(state.history)


def fields(history):
    """Return the values of a history, without the durations of the epochs."""
    values = {name: list(value) if isinstance(value, Curve) else value for name, value in history.fields().items()}
    return {**values, "records": repr([record[:-1] for record in values["records"]])}


@pytest.mark.parametrize("params", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("generator", ["int", "RandomState"])
def test_training_continues_after_any_epoch(params, generator):
    X, y = blobs(n_classes=2 if "early_stopping" in params else 3)

    def model():
        seed = np.random.RandomState(3) if generator == "RandomState" else 3
        return classifier(**{**params, "random_state": seed})

    whole = begun(model(), X, y)
    whole.run()
    n_epochs = whole.state.epoch
    assert n_epochs > 1
    for interrupted_after in range(n_epochs + 1):
        training = begun(model(), X, y)
        for _ in range(interrupted_after):
            training.advance()
        training = stored_and_loaded(training)
        training.run()
        assert training.state.epoch == n_epochs
        assert outcome(training) == outcome(whole)


def test_fit_is_this_training():
    X, y = blobs()
    training = begun(classifier(), X, y)
    training.run()
    model = classifier().fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0].base, training.state.params)
    assert model.loss_curve_ == list(training.state.history.loss_curve)


@pytest.mark.parametrize("weightless", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("n_steps", [0, 1, 2, 3])
def test_training_interrupted_within_an_epoch_continues_with_the_next_batch(weightless, n_steps):
    """A batch without weight takes no step."""
    X, y = blobs()
    weight = np.ones(len(X))
    if weightless is not None:
        weight[32 * weightless : 32 * weightless + 32] = 0
    model = classifier(shuffle=weightless is None)
    whole = begun(model, X, y, weight)
    whole.run()
    training = begun(model, X, y, weight)
    training.advance()
    interrupt_after(training, n_steps)
    training = stored_and_loaded(training)
    training.run()
    assert outcome(training)[:3] == outcome(whole)[:3]
    assert np.isfinite(list(training.state.history.loss_curve)).all()


def interrupt_after(training, n_steps):
    """Have the next epoch interrupted after some steps."""
    stepping = np.flatnonzero([training.data.weight[i : i + 32].any() for i in range(0, 120, 32)])[:n_steps]
    rows = [np.arange(32 * i, min(32 * i + 32, 120)) for i in stepping]

    class Interrupted:
        def train_epoch(self, params, X, Y, optimizer, **keywords):
            if rows:
                order = np.arange(len(X)) if keywords["order"] is None else keywords["order"]
                net.train_epoch(params, X, Y, optimizer, **{**keywords, "order": order[np.concatenate(rows)]})
            raise KeyboardInterrupt

    net, training.net = training.net, Interrupted()
    with pytest.raises(KeyboardInterrupt):
        training.advance()
    training.net = net


@pytest.mark.parametrize("params", [{}, {"early_stopping": True, "validation_fraction": 0.3}])
def test_ctrl_c_anywhere_in_the_loop_keeps_curves_and_counts_together(params):
    X, y = blobs(n_classes=2)
    for step in range(1, 1000):
        training = begun(classifier(max_iter=3, **params), X, y)
        if not interrupted_at(step, training.run, "cmlp.training.loop"):
            break
        history, n_epochs = training.state.history, training.state.epoch
        assert len(history.loss_curve) == n_epochs and history.t == n_epochs * training.n_rows
        assert training.state.schedule_epoch == n_epochs
    assert 20 < step < 999


def test_ctrl_c_before_an_epoch_is_recorded_continues_with_the_same_parameters():
    """The epoch may be trained and not yet recorded."""
    X, y = blobs()
    whole = begun(classifier(shuffle=False), X, y)
    whole.run()
    for step in range(1, 1000):
        training = begun(classifier(shuffle=False), X, y)
        if not interrupted_at(step, partial(training._train_and_record, training.n_batches), "cmlp.training.loop"):
            break
        training = stored_and_loaded(training)
        training.run()
        assert outcome(training)[:3] == outcome(whole)[:3]
    assert 5 < step < 999


def test_training_interrupted_behind_the_last_batch_counts_the_epoch():
    X, y = blobs()
    whole = begun(classifier(shuffle=False), X, y)
    whole.run()
    training = begun(classifier(shuffle=False), X, y)
    net = training.net
    state = training.state
    net.train_epoch(state.params, X, y, state.optimizer, batch_size=32, alpha=1e-4, sums=state.sums)
    training.state.batch = training.n_batches
    training.run()
    assert outcome(training)[:3] == outcome(whole)[:3]
    assert np.isfinite(training.state.history.loss_curve.last()) and len(training.state.history.loss_curve) == 7


def test_regression_state_continues_too():
    X, _ = blobs()
    model = MLPRegressor(hidden_layer_sizes=(5,), max_iter=4, random_state=1)
    whole = begun(model, X, X[:, :2])
    whole.run()
    training = begun(model, X, X[:, :2])
    training.advance()
    training = stored_and_loaded(training)
    training.run()
    assert outcome(training) == outcome(whole)


def test_numpys_global_generator_is_stored():
    state = np.random.get_state()
    try:
        np.random.seed(5)
        expected = np.random.RandomState(5).permutation(50)
        twin = stored_generator(np.random.mtrand._rand)
        np.testing.assert_array_equal(twin.permutation(50), expected)
        np.testing.assert_array_equal(np.random.permutation(50), expected)
    finally:
        np.random.set_state(state)


def test_other_bit_generators_cannot_be_stored():
    X, y = blobs()
    training = begun(classifier(random_state=np.random.RandomState(np.random.PCG64(1))), X, y)
    with pytest.raises(ValueError, match="MT19937 to store a training, got PCG64"):
        pickle.dumps(training.state)


# What a loaded state must be


def stored():
    training = begun(classifier(early_stopping=True), *blobs())
    training.advance()
    return training, training.state.__getstate__()


def loaded(fields):
    state = TrainingState.__new__(TrainingState)
    state.__setstate__(fields)
    return state


@pytest.mark.parametrize("name", ["params", "best", "order"])
def test_arrays_in_another_byte_order_are_converted(name):
    training, fields = stored()
    fields[name] = fields[name].astype(fields[name].dtype.newbyteorder())
    value = getattr(loaded(fields), name)
    assert value.dtype.isnative
    np.testing.assert_array_equal(value, getattr(training.state, name))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"version": 0}, "another version of cmlp"),
        ({"params": np.array([None])}, "params must be a 1-D array of float32 or float64, got 1-D of dtype object"),
        ({"params": [1.0]}, "params must be a 1-D array of float32 or float64, got list"),
        ({"best": np.zeros((2, 2))}, "best must be a 1-D array"),
        ({"order": np.zeros(3)}, "order must be a 1-D array of int64"),
        ({"schedule": {"name": "cosine"}}, "is damaged"),
        ({"schedule": {"name": "constant", "rate": 1.0}}, "is damaged"),
        ({"schedule": None}, "is damaged"),
        ({"history": {}}, "is damaged: t is 'missing'"),
        ({"optimizer": None}, "optimizer is None"),
        ({"epoch": "1"}, "epoch is '1'"),
        ({"generator": 5}, "generator is 5"),
    ],
)
def test_damaged_state_is_refused(changes, message):
    _, fields = stored()
    with pytest.raises(ValueError, match=message):
        loaded({**fields, **changes})


@pytest.mark.parametrize("name", ["params", "optimizer", "order", "schedule", "history", "batch", "stopped"])
def test_state_without_a_field_is_refused(name):
    _, fields = stored()
    del fields[name]
    with pytest.raises(ValueError, match="is damaged"):
        loaded(fields)


def test_state_of_another_network_or_other_data_is_refused():
    training, _ = stored()
    X, y = blobs()
    other = begun(classifier(hidden_layer_sizes=(5,)), X, y)
    with pytest.raises(ValueError, match=r"must be 43 values of dtype float64, got an array of shape \(51,\)"):
        Training(other.net, other.task, other.data, other.settings, training.state)
    single = begun(classifier(dtype="float32"), X, y)
    with pytest.raises(ValueError, match="51 values of dtype float32"):
        Training(single.net, single.task, single.data, single.settings, training.state)
    fewer = begun(classifier(), X[:60], y[:60])
    with pytest.raises(ValueError, match="began with 120 rows, so it cannot continue with 60"):
        Training(training.net, fewer.task, fewer.data, fewer.settings, training.state)
    with pytest.raises(ValueError, match="no random generator"):
        Training(training.net, training.task, training.data, training.settings, training.state.finished())


# Curves


def test_curve_appends_without_changing_the_former_ones():
    curves = [Curve()]
    for value in range(100):
        curves.append(curves[-1].appended(float(value)))
    for n, curve in enumerate(curves):
        assert list(curve) == list(range(n)) and len(curve) == n
        assert n == 0 or curve.last() == n - 1
        assert list(pickle.loads(pickle.dumps(curve))) == list(curve)
    branch = curves[50].appended(-1.0)
    assert list(branch) == [*range(50), -1] and list(curves[51]) == list(range(51))


def test_partial_fits_share_what_their_curves_have_in_common():
    """n appended values make n log n copies of a value; copying whole curves would make n * n / 2."""
    curve, copied = Curve(), 0
    for value in range(4096):
        former = {id(part) for part in curve._parts}
        curve = curve.appended(float(value))
        copied += sum(len(part) for part in curve._parts if id(part) not in former)
    assert len(curve) == 4096 and copied <= 4096 * 13


def test_history_copy_goes_on_by_itself():
    history = History()
    history.loss_curve, history.t = history.loss_curve.appended(1.0), 5
    copy = history.copy()
    copy.loss_curve, copy.t = copy.loss_curve.appended(2.0), 10
    assert (list(history.loss_curve), history.t) == ([1.0], 5)
    assert (list(copy.loss_curve), copy.t) == ([1.0, 2.0], 10)
