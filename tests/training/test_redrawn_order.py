"""No pickle or file has the order of the rows: a training run that is resumed draws it again.

The bits of resumed training runs are in tests/estimators/test_resume.py; here is what they need beside it.
"""

import pickle
import time
from pathlib import Path

import numpy as np
import pytest
from estimator_cases import blobs, flat, interrupted_at
from helpers import labels, uniform
from internals import state_of

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, TabularRegressor, Trainer

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

KEPT = Path(__file__).parents[1] / "files/data/v1_classifier_rows.cmlp"
X, Y = blobs()


class Interrupts:
    """A callback that interrupts training after some batches."""

    every_batches = 1

    def __init__(self, n_batches):
        self.n_batches = n_batches

    def on_batches_end(self, trainer):
        self.n_batches -= 1
        if not self.n_batches:
            raise KeyboardInterrupt


class Draws:
    """A callback that draws from the generator of the training in its first epochs, or before the first one."""

    def __init__(self, generator, *, at_begin):
        self.generator, self.at_begin = generator, at_begin

    def on_fit_begin(self, trainer):
        if self.at_begin:
            self.generator.random_sample(3)

    def on_epoch_end(self, trainer):
        if not self.at_begin and trainer.last_epoch.number < 3:
            self.generator.random_sample(3)


def digest(model):
    return flat(model).tobytes(), model.loss_curve_


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def classifier(**parameters):
    return MLPClassifier((6,), **{"max_iter": 9, "batch_size": 32, "random_state": 3, **parameters})


def interrupted(model, n_batches=11):
    """Return a model, whose fit is interrupted in the middle of an epoch."""
    callbacks = [*(model.callbacks or []), Interrupts(n_batches)]
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=callbacks).fit(X, Y)
    return model.set_params(callbacks=None)


# What is stored


LARGE = uniform(0, 200_000, 3).astype(np.float64)


@pytest.mark.parametrize("random_state", [0, None])
def test_21_parameters_fitted_on_many_rows_are_a_small_pickle_and_file(random_state, tmp_path):
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=random_state)
    model.fit(LARGE, LARGE[:, 0])
    assert model.n_params_ == 21
    assert len(pickle.dumps(model)) <= 12_000
    model.save(tmp_path / "model.cmlp", include_training_state=True)
    assert (tmp_path / "model.cmlp").stat().st_size <= 13_000


def test_an_interrupted_fit_and_snapshots_are_small_pickles():
    sizes = []

    def size(model):
        return len(pickle.dumps(model.set_params(callbacks=None)))

    class Watch:
        every_batches = 2

        def on_batches_end(self, trainer):
            sizes.append(size(trainer.snapshot()))
            if len(sizes) == 5:
                raise KeyboardInterrupt

    model = MLPRegressor(hidden_layer_sizes=(4,), batch_size=50_000, callbacks=[Watch()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(LARGE, LARGE[:, 0])
    sizes.append(size(model))
    assert len(sizes) == 6 and max(sizes) <= 12_000


def test_a_paused_trainer_is_a_small_pickle():
    network = Network([3, 4, 1], output="identity", loss="squared_error", random_state=0)
    trainer = Trainer(network, batch_size=50_000)
    trainer.run(LARGE, LARGE[:, :1], n_batches=6)
    assert len(pickle.dumps(trainer)) <= 12_000


def test_held_out_rows_are_the_only_rows_that_an_estimator_keeps():
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, early_stopping=True)
    model.fit(LARGE, LARGE[:, 0])
    assert len(pickle.dumps(model)) <= 12_000 + 8 * 20_000


def test_an_interrupted_table_keeps_folds_and_held_out_rows_but_no_orders():
    """The orders of two networks would have 8 bytes each for most rows."""

    class Stop:
        def on_epoch_end(self, trainer):
            raise KeyboardInterrupt

    def size(n_rows):
        rows = LARGE[:n_rows]
        model = TabularRegressor(n_estimators=2, n_epochs=3, random_state=0, callbacks=[Stop()])
        with pytest.raises(KeyboardInterrupt):
            model.fit(rows, rows[:, 0])
        return len(pickle.dumps(model.set_params(callbacks=None)))

    assert size(20_000) - size(10_000) <= 8 * 10_000


# Resuming


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"early_stopping": True, "validation_fraction": 0.3},
        {"early_stopping": True, "validation_fraction": 0.3, "shuffle": False},
        {"early_stopping": True, "validation_fraction": 0.3, "shuffle": "blocks", "block_size": 7},
        {"random_state": None},
        {"random_state": None, "early_stopping": True},
    ],
    ids=str,
)
def test_many_epochs_resumed_again_and_again_have_the_same_bits(parameters):
    def model(**more):
        np.random.seed(5)
        return classifier(max_iter=60, tol=0, n_iter_no_change=100, **{**parameters, **more})

    state = np.random.get_state()
    try:
        whole = digest(model().fit(X, Y))
        resumed = interrupted(model(), 47)
        for n_epochs in (30, 31, 60):
            resumed = through_pickle(resumed).set_params(max_iter=n_epochs).fit(X, Y, resume=True)
        assert digest(resumed) == whole
    finally:
        np.random.set_state(state)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("at_begin", [False, True])
def test_the_order_is_kept_if_others_draw_from_the_generator(early_stopping, at_begin):
    def model():
        generator = np.random.RandomState(4)
        callbacks = [Draws(generator, at_begin=at_begin)]
        return classifier(
            random_state=generator, early_stopping=early_stopping, callbacks=callbacks
        )

    whole = digest(model().fit(X, Y))
    assert digest(through_pickle(interrupted(model(), 19)).fit(X, Y, resume=True)) == whole


def test_other_data_leave_a_trainer_as_it_was():
    """The split is stratified by y, and the order must not be that of a split of other data."""
    y = (Y[:, np.newaxis] > 0).astype(float)

    def trainer():
        network = Network([4, 6, 1], "relu", output="logistic", dtype="float64", random_state=1)
        return Trainer(network, early_stopping=True, max_iter=7, batch_size=32, random_state=3)

    whole = trainer().run(X, y)
    paused = through_pickle(trainer().run(X, y, n_batches=9))
    with pytest.raises(ValueError, match="data differ"):
        paused.run(X, np.roll(y, 1))
    assert paused.run(X, y).loss_curve == whole.loss_curve


def test_drawing_the_order_again_takes_nothing_from_the_time_limit(monkeypatch):
    def slow_range(*arguments):
        time.sleep(0.6 * (len(arguments) == 1))  # that of the epochs whose orders are drawn
        return range(*arguments)

    monkeypatch.setattr("cmlp._train.order.range", slow_range, raising=False)
    model = interrupted(classifier()).set_params(max_time=0.5)
    assert digest(model.fit(X, Y, resume=True)) == digest(classifier().fit(X, Y))


def test_ctrl_c_ends_the_drawing_of_an_order():
    model = through_pickle(classifier(max_iter=5, tol=0).fit(X, Y)).set_params(max_iter=9)
    function = "cmlp._train.order:after"
    assert interrupted_at(5, lambda: model.fit(X, Y, resume=True), function)
    assert model.n_iter_ == 5
    assert digest(model.fit(X, Y, resume=True)) == digest(classifier(tol=0).fit(X, Y))


def test_an_order_in_a_file_of_an_earlier_version_is_used_and_stays(tmp_path):
    """Such a file does not say how its order was drawn."""
    rows, y, weight = uniform(0, 90, 5), labels(1, 90, 3), labels(2, 90, 3) + 0.5
    parameters = {"random_state": 1, "solver": "sgd", "batch_size": 30}
    model = cmlp.load(KEPT)
    for n_epochs in (3, 5, 6):
        model.set_params(max_iter=n_epochs).fit(rows, y, weight, resume=True)
        whole = MLPClassifier((3,), max_iter=n_epochs, **parameters).fit(rows, y, weight)
        assert digest(model) == digest(whole)
        model.save(tmp_path / "again.cmlp", include_training_state=True)
        model = cmlp.load(tmp_path / "again.cmlp")
        assert sorted(state_of(model).order) == list(range(90))
