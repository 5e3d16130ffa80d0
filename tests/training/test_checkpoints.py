"""Hooks and checkpoints in the middle of an epoch: resuming from one is bit-identical to a fit without a break."""

import pickle
import time
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import labels, uniform
from internals import fitted_of, state_of
from optional import package

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, TabularClassifier, Trainer
from cmlp.callbacks import Checkpoint, EarlyStopping

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:lbfgs failed")

N = 330
X, Y = uniform(0, N, 5), labels(1, N, 3)
WEIGHT = uniform(2, N, low=0.0, high=2.0) * (
    np.arange(N) % 150 > 70
)  # in the order of the rows, batches without weight
HELD = {"X_val": X[::3] + 0.1, "y_val": Y[::3]}
FIT = {
    "max_iter": 3,
    "tol": 0,
    "n_iter_no_change": float("inf"),
    "random_state": 0,
    "batch_size": 20,
    "n_threads": 1,
}


class Ends(Exception):
    """The program ends here."""


class End:
    """A callback that ends the program after a batch of an epoch."""

    every_batches = 1

    def __init__(self, epoch, batch, error=Ends):
        self.at, self.error = (epoch, batch), error

    def on_batches_end(self, trainer):
        if (trainer.state.epoch, trainer.state.batch) == self.at:
            raise self.error


class Seen:
    """A callback that records the batches after which it is called."""

    def __init__(self, every_batches):
        self.every_batches, self.batches = every_batches, []

    def on_batches_end(self, trainer):
        self.batches.append((trainer.state.epoch, trainer.state.batch))


def classifier(**parameters):
    return MLPClassifier(**{**FIT, "hidden_layer_sizes": (6,), **parameters})


def fit(model, weight=None, **more):
    return model.fit(X, Y, weight, **more)


def fit_sparse(model, **more):
    return model.fit(package("scipy").sparse.csr_array(X * (X > 0)), Y, **more)


def fit_shards(model, **more):
    rows = np.arange(1400) % N
    return model.set_params(batch_size=256).fit(
        X[rows], Y[rows], WEIGHT[rows], shards=(700, 700), **more
    )


def fit_blocks(model, size=70, weight=None, **more):
    arrays = (X, Y) if weight is None else (X, Y, weight)
    blocks = [tuple(array[i : i + size] for array in arrays) for i in range(0, N, size)]
    return model.fit_batches(lambda: iter(blocks), classes=[0, 1, 2], **more)


def outcome(model):
    """Return all results of a fit, except durations."""
    history = {name: values for name, values in model.history_.items() if name != "seconds"}
    optimizer = state_of(model).optimizer.state.tobytes()
    return (
        model.network_.params.tobytes(),
        optimizer,
        repr(history),
        model.loss_curve_,
        model.t_,
        model.n_iter_,
    )


# Parameters, how to fit, and the arguments of the fit.
CASES = {
    "shuffle": ({}, fit, {}),
    "no shuffle": ({"shuffle": False}, fit, {}),
    "blocks": ({"shuffle": "blocks", "block_size": 4}, fit, {}),
    "shards": ({"dropout": 0.3}, fit_shards, {}),
    "sparse": ({"shuffle": False}, fit_sparse, {}),
    "weights": ({}, fit, {"weight": WEIGHT}),
    "weights, no shuffle": ({"shuffle": False}, fit, {"weight": WEIGHT}),
    "early stopping": ({"early_stopping": True, "tol": 0.01, "n_iter_no_change": 5}, fit, {}),
    "validation rows": ({"early_stopping": True}, fit, HELD),
    "sgd": ({"solver": "sgd", "momentum": 0.0}, fit, {}),
    "momentum": ({"solver": "sgd", "nesterovs_momentum": False}, fit, {}),
    "nesterov": ({"solver": "sgd", "learning_rate": "adaptive"}, fit, {}),
    "adamw": ({"solver": "adamw", "weight_decay": 0.1, "max_grad_norm": 0.1}, fit, {}),
    "dropout": ({"dropout": 0.3, "shuffle": False}, fit, {}),
    "cycle": ({"learning_rate": "one_cycle", "warmup": 3}, fit, {}),
    "learned scale": ({"input_scale": "standard", "dtype": "float32"}, fit, {}),
    "stream": ({}, fit_blocks, {}),
    "stream, no shuffle": ({"shuffle": False, "dropout": 0.3}, fit_blocks, {"size": 165}),
    "stream of small blocks": ({"shuffle": False}, fit_blocks, {"size": 7}),
    "stream of one block": ({"shuffle": False}, fit_blocks, {"size": N}),
    "stream with weights": ({"shuffle": False}, fit_blocks, {"weight": WEIGHT}),
    "stream of known length": ({"input_scale": "standard"}, fit_blocks, {"n_rows": N}),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("epoch", [0, 2])
def test_checkpoint_in_an_epoch_resumes_with_the_same_bits(tmp_path, case, epoch):
    parameters, train, arguments = CASES[case]
    path = tmp_path / "model.cmlp"
    whole = outcome(train(classifier(**parameters), **arguments))
    assert outcome(train(classifier(**parameters, callbacks=[Seen(3)]), **arguments)) == whole
    with pytest.raises(Ends):
        train(
            classifier(**parameters, callbacks=[Checkpoint(path, every_batches=3), End(epoch, 4)]),
            **arguments,
        )
    model = cmlp.load(path)
    assert (model.n_iter_, state_of(model).batch) == (epoch, 3)
    assert outcome(train(model, **arguments, resume=True)) == whole


def test_checkpoint_in_an_epoch_resumes_a_regressor_with_scaled_targets(tmp_path):
    parameters = {**FIT, "y_scale": "standard", "early_stopping": True}
    whole = outcome(MLPRegressor(hidden_layer_sizes=(6,), **parameters).fit(X, X[:, 0] * 100))
    path = tmp_path / "model.cmlp"
    for epoch in range(3):
        callbacks = [Checkpoint(path, every_batches=2), End(epoch, 7)]
        model = MLPRegressor(hidden_layer_sizes=(6,), **parameters, callbacks=callbacks)
        with pytest.raises(Ends):
            model.fit(X, X[:, 0] * 100)
        assert outcome(cmlp.load(path).fit(X, X[:, 0] * 100, resume=True)) == whole


def test_checkpoint_in_an_epoch_is_a_model_that_predicts(tmp_path):
    """With early stopping, its parameters are the best ones so far; in the first epoch, the present ones."""
    path = str(tmp_path / "{epoch}-{batch}.cmlp")
    whole = classifier(early_stopping=True, callbacks=[Checkpoint(path, every_batches=6)])
    fit(whole)
    names = [
        "0-12",
        "0-6",
        "1-0",
        "1-12",
        "1-6",
        "2-0",
        "2-12",
        "2-6",
        "3-0",
    ]  # 297 rows train: 15 batches
    assert sorted(file.stem for file in tmp_path.iterdir()) == names
    first, second, last = (cmlp.load(path.format(epoch=epoch, batch=6)) for epoch in (0, 1, 2))
    assert first.n_iter_ == 0 and first.score(X, Y) != fit(classifier(max_iter=1)).score(X, Y)
    between = cmlp.load(path.format(epoch=1, batch=0))
    np.testing.assert_array_equal(second.coefs_[0], between.coefs_[0])
    assert second.loss_curve_ == whole.loss_curve_[:1] and last.loss_curve_ == whole.loss_curve_[:2]


def test_checkpoint_of_a_network_in_an_epoch(tmp_path):
    path = str(tmp_path / "{batch}.cmlp")
    net = Network([5, 3, 3], random_state=0)
    seen = {}

    def keep(trainer):
        seen[trainer.state.batch] = trainer.network.params.copy()

    watch = SimpleNamespace(every_batches=10, on_batches_end=keep)
    callbacks = [watch, Checkpoint(path, every_batches=10)]
    net.fit(X, Y, max_iter=1, batch_size=20, random_state=0, callbacks=callbacks)
    np.testing.assert_array_equal(cmlp.load(path.format(batch=10)).params, seen[10])
    assert list(seen) == [10] and (seen[10] != net.params).any()


# ------------------------------------------------------------------------------------------------ the hook


@pytest.mark.parametrize("train", [fit, fit_blocks])
def test_hook_is_called_in_the_middle_of_epochs_after_multiples_of_its_batches(train):
    """An epoch has 17 batches. Each callback has its own interval, which begins with the epoch."""
    callbacks = [Seen(5), Seen(8), Seen(1), Seen(16), Seen(17), Seen(10**30), Seen(None)]
    train(classifier(max_iter=2, callbacks=callbacks))
    for callback in callbacks:
        step = callback.every_batches or 10**30
        assert callback.batches == [
            (epoch, batch) for epoch in range(2) for batch in range(1, 17) if not batch % step
        ]


def test_hook_is_called_at_the_same_batches_after_resuming():
    whole = Seen(5)
    fit(classifier(callbacks=[whole]))
    seen = Seen(5)
    model = classifier(callbacks=[seen, End(1, 7, KeyboardInterrupt)])
    with pytest.raises(KeyboardInterrupt):
        fit(model)
    fit(model.set_params(callbacks=[seen]), resume=True)
    assert seen.batches == whole.batches


def test_epochs_of_more_than_a_million_rows_are_cut_at_the_same_batches():
    """One call of the core gets the order of at most 2**20 rows, here of 10 of the 12 batches."""
    rows = np.arange(1_200_000) % N
    pixels, labels = (100 * np.abs(X[:, :1])).astype(np.uint8)[rows], Y[rows]
    parameters = {
        "max_iter": 2,
        "batch_size": 100_000,
        "hidden_layer_sizes": (2,),
        "input_scale": 0.01,
    }
    seen = Seen(4)
    cut = classifier(**parameters, callbacks=[seen]).fit(pixels, labels)
    assert outcome(cut) == outcome(classifier(**parameters).fit(pixels, labels))
    assert seen.batches == [(epoch, batch) for epoch in range(2) for batch in (4, 8)]


def test_hook_reads_the_last_complete_epoch():
    numbers, errors = [], []

    def read(trainer):
        try:
            numbers.append(trainer.last_epoch.number)
        except ValueError as error:
            errors.append(str(error))

    fit(classifier(callbacks=[SimpleNamespace(every_batches=10, on_batches_end=read)]))
    assert numbers == [1, 2] and errors == ["No epoch is complete."]


def test_stop_in_the_middle_of_an_epoch_ends_training_after_it():
    stop = SimpleNamespace(every_batches=10, on_batches_end=lambda trainer: trainer.stop())
    model = fit(classifier(callbacks=[stop]))
    assert model.n_iter_ == 1 and state_of(model).batch is None
    assert outcome(fit(model.set_params(callbacks=None), resume=True)) == outcome(fit(classifier()))


@pytest.mark.parametrize("epoch", [0, 1])
def test_ctrl_c_in_the_hook_interrupts_after_its_batch(epoch):
    model = classifier(callbacks=[End(epoch, 9, KeyboardInterrupt)])
    with pytest.raises(KeyboardInterrupt):
        fit(model)
    assert outcome(fit(model.set_params(callbacks=None), resume=True)) == outcome(fit(classifier()))


def test_error_of_the_hook_leaves_the_estimator_and_pauses_a_trainer():
    model = fit(classifier())
    before = pickle.dumps(model)
    with pytest.raises(Ends):
        fit(model.set_params(callbacks=[End(1, 9)]))
    assert pickle.dumps(model.set_params(callbacks=None)) == before
    end = End(1, 9)
    trainers = [
        Trainer(
            Network([5, 3, 3], random_state=0),
            max_iter=3,
            batch_size=20,
            random_state=0,
            callbacks=callbacks,
        )
        for callbacks in (None, [end])
    ]
    trainers[0].run(X, Y)
    with pytest.raises(Ends):
        trainers[1].run(X, Y)
    end.at = None
    trainers[1].run(X, Y)
    np.testing.assert_array_equal(trainers[1].network.params, trainers[0].network.params)


def test_duration_of_an_epoch_is_without_that_of_the_hook(monkeypatch):
    """A clock that only the hook lets run: an hour per call."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def wait(trainer):
        now[0] += 3600

    model = fit(classifier(callbacks=[SimpleNamespace(every_batches=4, on_batches_end=wait)]))
    assert now[0] == 3 * 4 * 3600 and model.history_["seconds"] == [0.0] * 3


def test_time_limit_that_passes_in_the_hook_ends_training_after_its_batch(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def wait(trainer):
        now[0] += 3600

    model = fit(
        classifier(max_time=10.0, callbacks=[SimpleNamespace(every_batches=4, on_batches_end=wait)])
    )
    assert (model.n_iter_, state_of(model).batch) == (0, 4)
    assert outcome(fit(model.set_params(callbacks=None, max_time=None), resume=True)) == outcome(
        fit(classifier())
    )


def test_partial_fit_calls_no_hook():
    seen = Seen(1)
    classifier(callbacks=[seen]).partial_fit(X, Y, classes=[0, 1, 2])
    assert not seen.batches


def test_paused_runs_call_all_hooks():
    """An epoch has 17 batches. Each call begins and ends training."""
    names, called = ("on_fit_begin", "on_batches_end", "on_epoch_end", "on_fit_end"), []
    hooks = {
        name: lambda trainer, name=name: called.append((name, trainer.state.batch))
        for name in names
    }
    callbacks = [SimpleNamespace(every_batches=4, **hooks)]
    trainer = Trainer(Network([5, 3, 3]), callbacks=callbacks, batch_size=20)
    trainer.run(X, Y, n_batches=5)
    assert called == [("on_fit_begin", None), ("on_batches_end", 4), ("on_fit_end", 5)]
    called.clear()
    trainer.run(X, Y, n_batches=14)
    batches = [("on_batches_end", batch) for batch in (8, 12, 16)]
    assert called == [("on_fit_begin", 5), *batches, ("on_epoch_end", None), ("on_fit_end", 2)]


# ------------------------------------------------------------------------------------------------ wrong values


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "5"])
def test_wrong_number_of_batches_is_refused(value):
    with pytest.raises(
        ValueError, match=f"^every_batches must be a positive integer or None, got {value!r}.$"
    ):
        Checkpoint("model.cmlp", every_batches=value)
    model = classifier(callbacks=[Seen(value)])
    message = (
        f"^every_batches of the callback Seen must be a positive integer or None, got {value!r}.$"
    )
    with pytest.raises(ValueError, match=message):
        fit(model)
    assert fitted_of(model) is None


def test_numbers_of_batches_and_epochs_can_be_those_of_numpy(tmp_path):
    checkpoint = Checkpoint(tmp_path / "model.cmlp", every=np.int64(2), every_batches=np.int32(3))
    seen = Seen(np.int64(4))
    stopping = EarlyStopping("loss", patience=np.int64(50))
    fit(classifier(callbacks=[checkpoint, seen, stopping]))
    assert cmlp.load(tmp_path / "model.cmlp").n_iter_ and seen.batches


def test_hook_without_a_number_of_batches_is_refused():
    hook = SimpleNamespace(on_batches_end=print)
    message = "on_batches_end must have the attribute every_batches, a number of batches, but SimpleNamespace has none"
    with pytest.raises(ValueError, match=message):
        fit(classifier(callbacks=[hook]))


@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # batch_size
def test_training_without_batches_refuses_the_hook():
    callbacks = [Checkpoint("model.cmlp", every_batches=7)]
    with pytest.raises(
        ValueError, match=r"every_batches of a callback must be None with solver='lbfgs', .*, got 7"
    ):
        fit(classifier(solver="lbfgs", callbacks=callbacks))
    with pytest.raises(
        ValueError,
        match=r"every_batches of a callback must be None for TabularClassifier, .*, got 7",
    ):
        TabularClassifier(random_state=0, callbacks=callbacks).fit(X, Y)
