"""What training does from epoch to epoch: rates, time limit, history, callbacks, verbose output."""

import csv
import io
import math
import pickle
import time

import numpy as np
import pytest
from estimator_cases import blobs, flat, small
from helpers import run_python
from internals import fitted_of, state_of
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, Trainer
from cmlp.callbacks import Checkpoint, CSVLog, EarlyStopping, ProgressBar
from cmlp.exceptions import ConvergenceWarning

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer", "ignore:lbfgs failed", "ignore:.* has no effect with this"
)

X, Y = blobs()
BATCHES = 4  # of 32 rows


def trained(**parameters):
    return small(**{"max_iter": 5, "batch_size": 32, **parameters}).fit(X, Y)


def rates_of(**parameters):
    """Return the learning rates that the core was given, for every batch of a fit."""
    given = []

    def rate(step, n_steps):
        given.append((step, n_steps))
        return 0.01

    trained(learning_rate=rate, **parameters)
    return given


# ------------------------------------------------------------------------------------------------ learning rates


def keras_cosine(peak, step, n_steps, n_warmup):
    """The formula of Keras's CosineDecay with warmup_steps, except that its warm-up begins at 0."""
    if step < n_warmup:
        return peak * (step + 1) / n_warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - n_warmup) / (n_steps - n_warmup)))


class Biases:
    """A callback that reads the last bias before training and after every batch."""

    every_batches = 1

    def __init__(self):
        self.values = []

    def read(self, trainer):
        self.values.append(float(trainer.network.biases[-1][0]))

    on_fit_begin = on_batches_end = on_epoch_end = read


def output_itself(y, output):
    """A loss whose gradient is 1."""
    return output.sum(axis=1), np.ones_like(output)


def rates_taken(solver="sgd", **parameters):
    """Return the learning rate of every step, by which a bias with the gradient 1 decreases."""
    biases = Biases()
    settings = {
        "max_iter": 5,
        "batch_size": 32,
        "learning_rate_init": 0.02,
        "random_state": 1,
        "momentum": 0.0,
        "epsilon": 1e-30,
    }
    model = MLPRegressor(
        output_itself, (), solver=solver, callbacks=[biases], **{**settings, **parameters}
    ).fit(X, Y)
    rates = -np.diff(biases.values)
    np.testing.assert_allclose(
        model.history_["learning_rate"], rates[BATCHES - 1 :: BATCHES], rtol=1e-12, atol=1e-15
    )
    return rates


@pytest.mark.parametrize("warmup, n_warmup", [(0, 0), (3, 3), (0.25, 5), (0.3, 6), (30, 30)])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_cosine_has_the_rates_of_keras(warmup, n_warmup, solver):
    rates = rates_taken(solver, learning_rate="cosine", warmup=warmup)
    expected = [keras_cosine(0.02, step, 20, n_warmup) for step in range(20)]
    np.testing.assert_allclose(rates, expected, rtol=1e-12, atol=1e-15)


def test_cosine_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20)
    expected = []
    for _ in range(20):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    rates = rates_taken(learning_rate="cosine")
    np.testing.assert_allclose(rates, expected, rtol=1e-9, atol=1e-15)
    assert 0 < rates[-1] < 2e-4


def test_cosine_is_exact_at_special_angles():
    model = trained(
        learning_rate="cosine", learning_rate_init=2.0, solver="sgd", max_iter=12, batch_size=len(X)
    )
    rates = model.history_["learning_rate"]  # of the only batch of each epoch
    assert rates[0] == 2.0 and rates[6] == 1.0
    exact = [1 + math.cos(math.pi * k / 12) for k in range(12)]
    np.testing.assert_allclose(rates, exact, rtol=0, atol=4e-16)


@pytest.mark.parametrize("learning_rate", ["constant", "adaptive", "invscaling", "one_cycle"])
def test_warmup_multiplies_the_rates_of_a_schedule(learning_rate):
    parameters = {"learning_rate": learning_rate, "n_iter_no_change": 100}
    plain, warm = rates_taken(**parameters), rates_taken(**parameters, warmup=6)
    expected = np.multiply(plain, np.minimum(1, (np.arange(20) + 1) / 6))
    np.testing.assert_allclose(warm, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("parameters", [{}, {"solver": "sgd"}, {"warmup": 3}])
def test_callable_learning_rate_gives_the_bits_of_the_same_schedule(parameters):
    theirs = trained(learning_rate=lambda step, n_steps: 0.02, **parameters, n_iter_no_change=100)
    assert flat(theirs).tobytes() == flat(trained(**parameters, n_iter_no_change=100)).tobytes()


def test_callable_learning_rate_receives_every_step():
    assert rates_of() == [(step, 20) for step in range(20)]


@pytest.mark.parametrize("learning_rate", ["cosine", lambda step, n_steps: 0.0])
def test_planned_schedules_take_all_epochs_without_a_warning(learning_rate, recwarn):
    model = trained(learning_rate=learning_rate, n_iter_no_change=1, tol=10.0, max_iter=9)
    assert model.n_iter_ == 9 and not [
        w for w in recwarn if issubclass(w.category, ConvergenceWarning)
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, "fast", None, [0.1, 0.2], 10**400])
def test_nonsense_from_a_learning_rate_leaves_the_model(value):
    model = trained()
    before = flat(model)
    model.set_params(learning_rate=lambda step, n_steps: 0.1 if step < 6 else value)
    with pytest.raises(
        ValueError, match=r"learning_rate must return a finite number .* for step 6 of 20"
    ):
        model.fit(X, Y)
    np.testing.assert_array_equal(flat(model), before)


def test_error_of_a_learning_rate_leaves_the_model():
    def failing(step, n_steps):
        if step == 6:
            raise KeyError("my own")
        return 0.1

    model = trained()
    before = flat(model)
    model.set_params(learning_rate=failing)
    with pytest.raises(KeyError, match="my own"):
        model.fit(X, Y)
    np.testing.assert_array_equal(flat(model), before)
    partial = small(learning_rate=failing, batch_size=32)
    n_epochs = 0
    with pytest.raises(KeyError, match="my own"):
        for _ in range(9):
            partial.partial_fit(X, Y, classes=np.unique(Y))
            n_epochs, before = n_epochs + 1, flat(partial)
    assert n_epochs > 0
    np.testing.assert_array_equal(flat(partial), before)


def test_partial_fit_is_an_epoch_of_a_cosine_schedule():
    whole = trained(learning_rate="cosine", shuffle=False, max_iter=3)
    pieces = small(learning_rate="cosine", shuffle=False, max_iter=3, batch_size=32)
    for _ in range(3):
        pieces.partial_fit(X, Y, classes=np.unique(Y))
    assert flat(pieces).tobytes() == flat(whole).tobytes()
    with pytest.raises(ValueError, match="learning_rate='cosine' ends after max_iter=3 epochs"):
        pieces.partial_fit(X, Y)


# ------------------------------------------------------------------------------------------------ time limit


def large():
    rng = np.random.RandomState(0)
    return rng.standard_normal((20_000, 400)).astype(np.float32), rng.randint(0, 2, 20_000)


def limits(fit):
    """Yield ever smaller limits of time, from a fifth of what `fit` takes now on: machines change their speed."""
    started = time.monotonic()
    fit()
    limit = (time.monotonic() - started) / 5
    for _ in range(12):
        yield limit
        limit /= 2


def test_time_limit_ends_a_fit_in_the_middle_of_an_epoch(recwarn):
    rows, y = large()
    parameters = {
        "hidden_layer_sizes": (1000,),
        "batch_size": 100,
        "max_iter": 2,
        "random_state": 0,
    }
    for limit in limits(lambda: MLPClassifier(**parameters).fit(rows, y)):
        recwarn.clear()
        model = MLPClassifier(**parameters, max_time=limit).fit(rows, y)
        trainer = Trainer(
            Network([400, 1000, 1], output="logistic"),
            batch_size=100,
            random_state=0,
            max_time=limit,
        )
        trainer.run(rows, y.reshape(-1, 1))
        if model.n_iter_ == trainer.state.epoch == 0:
            break
    state = state_of(model)
    assert model.n_iter_ == 0 and 0 < state.batch < 200 and state.optimizer.n_steps == state.batch
    assert not [w for w in recwarn if issubclass(w.category, ConvergenceWarning)]
    assert not trainer.finished and 0 < trainer.state.batch < 200


@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True}, {"solver": "sgd"}])
def test_fits_with_time_limits_add_up_to_a_whole_one(parameters):
    rows, y = large()
    parameters = {
        "hidden_layer_sizes": (50,),
        "max_iter": 2,
        "random_state": 0,
        "batch_size": 50,
        **parameters,
    }
    whole = MLPClassifier(**parameters)
    for limit in limits(lambda: whole.fit(rows, y)):
        model, calls = MLPClassifier(**parameters, max_time=limit).fit(rows, y), 1
        while model.n_iter_ < 2:
            model = pickle.loads(pickle.dumps(model)).fit(rows, y, resume=True)
            calls += 1
        assert (
            flat(model).tobytes() == flat(whole).tobytes()
            and model.loss_curve_ == whole.loss_curve_
        )
        if calls > 1:
            return
    pytest.fail("no limit of time interrupted the fit")


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_time_limit_ends_small_fits(solver):
    model = small(
        solver=solver, max_iter=10**9, max_fun=10**9, tol=0, n_iter_no_change=math.inf, max_time=0.1
    )
    started = time.monotonic()
    model.fit(X, Y)
    assert time.monotonic() - started < 30
    assert (0 < model.n_iter_ < 10**9) or solver == "lbfgs"


def test_partial_fit_ignores_the_time_limit():
    model = small(max_time=1e-9).partial_fit(X, Y, classes=np.unique(Y))
    assert model.n_iter_ == 1


# ------------------------------------------------------------------------------------------------ history


def test_history_has_a_number_for_every_epoch():
    pandas = pytest.importorskip("pandas")
    model = trained(batch_size=8)
    history = model.history_
    assert list(history) == ["loss", "learning_rate", "gradient_norm", "seconds"]
    assert history["loss"] == model.loss_curve_ and history["learning_rate"] == [0.02] * 5
    assert all(0 < seconds < 60 for seconds in history["seconds"])
    table = pandas.DataFrame(history)
    assert table.shape == (5, 4) and table.notna().all(axis=None)


def test_gradient_norm_is_that_of_the_last_batch():
    """Compared with `Network.gradient` on the parameters before the last step."""
    parameters = {"batch_size": 10, "shuffle": False, "alpha": 0.1}
    net = Network([4, 6, 3], dtype="float64", random_state=1)
    trainer = Trainer(net, max_iter=1, random_state=0, **parameters)
    trainer.run(X, Y, n_batches=11)
    norm = net.gradient(X[110:], Y[110:], alpha=0.1).norm
    assert trainer.run(X, Y).last_epoch.gradient_norm == pytest.approx(norm, rel=1e-12)
    assert "gradient_norm" not in trained(batch_size=14).history_  # 9 batches


def test_history_covers_all_calls():
    model = trained(warm_start=True)
    model.fit(X, Y)
    assert len(model.history_["loss"]) == len(model.history_["seconds"]) == 10
    model.partial_fit(X, Y)
    assert len(model.history_["seconds"]) == 11
    model.loss_curve_ = [3.0, 2.0]
    assert model.history_ == {"loss": [3.0, 2.0]}
    assert not hasattr(small(), "history_") and not hasattr(
        small(solver="lbfgs").fit(X, Y), "history_"
    )


# ------------------------------------------------------------------------------------------------ callbacks


class Recorder:
    def __init__(self):
        self.calls = []

    def on_fit_begin(self, trainer):
        self.calls.append(("begin", trainer.state.epoch))

    def on_epoch_end(self, trainer):
        self.calls.append(("epoch", trainer.last_epoch.number, trainer.last_epoch.loss))

    def on_fit_end(self, trainer):
        self.calls.append(("end", trainer.state.epoch))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_callbacks_are_called_and_change_no_weight(solver):
    recorder, plain = Recorder(), trained(solver=solver)
    model = trained(solver=solver, callbacks=[recorder])
    assert flat(model).tobytes() == flat(plain).tobytes()
    losses = [call[2] for call in recorder.calls if call[0] == "epoch"]
    assert (
        recorder.calls[0] == ("begin", 0) and recorder.calls[-1] == ("end", 5) and len(losses) == 5
    )
    assert losses[-1] == model.loss_ and (solver == "lbfgs" or losses == model.loss_curve_)


def test_trainer_and_network_call_callbacks():
    for run in (
        lambda net, **p: Trainer(net, **p).run(X, Y),
        lambda net, **p: list(Trainer(net, **p).epochs(X, Y)),
        lambda net, **p: net.fit(X, Y, **p),
    ):
        recorder = Recorder()
        run(Network([4, 3, 3], random_state=0), max_iter=2, callbacks=[recorder], random_state=0)
        assert [call[0] for call in recorder.calls] == ["begin", "epoch", "epoch", "end"]


def test_on_fit_end_sees_the_best_parameters_of_the_network():
    seen = []

    class End:
        def on_fit_end(self, trainer):
            seen.append(trainer.network.params.copy())

    model = trained(early_stopping=True, max_iter=9, callbacks=[End()])
    np.testing.assert_array_equal(seen[0], model.network_.params)


def test_snapshot_is_a_fitted_estimator_of_its_own():
    seen = []

    class Snapshots:
        def on_epoch_end(self, trainer):
            seen.append(trainer.snapshot())

    model = trained(max_iter=3, callbacks=[Snapshots()])
    for n_epochs, snapshot in enumerate(seen, 1):
        assert flat(snapshot).tobytes() == flat(trained(max_iter=n_epochs)).tobytes()
        snapshot.set_params(callbacks=None).fit(X, Y, resume=True)
        assert flat(snapshot).tobytes() == flat(model).tobytes()


@pytest.mark.parametrize("hook", ["on_fit_begin", "on_epoch_end", "on_fit_end"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_callback_that_raises_leaves_the_model(hook, early_stopping):
    model = trained(early_stopping=early_stopping)
    before = pickle.dumps(model)

    def fail(trainer):
        raise OSError("disk full")

    callback = type("Failing", (), {hook: staticmethod(fail)})()
    with pytest.raises(OSError, match="disk full"):
        model.set_params(callbacks=[callback]).fit(X, Y)
    assert pickle.dumps(model.set_params(callbacks=None)) == before
    fresh = small(callbacks=[callback])
    with pytest.raises(OSError, match="disk full"):
        fresh.fit(X, Y)
    assert fitted_of(fresh) is None


def test_callbacks_survive_clone_pickle_and_processes(tmp_path):
    callbacks = [
        CSVLog(tmp_path / "log.csv"),
        EarlyStopping("loss"),
        ProgressBar(leave=False),
        Checkpoint("x", every=3),
    ]
    model = small(callbacks=callbacks)
    for twin in (clone(model), pickle.loads(pickle.dumps(model))):
        assert [type(callback) for callback in twin.callbacks] == [
            type(callback) for callback in callbacks
        ]
    model = small(max_iter=2, callbacks=[EarlyStopping("loss", patience=1, min_delta=100.0)])
    assert len(cross_val_score(model, X, Y, cv=3, n_jobs=2)) == 3


def test_early_stopping_counts_like_keras():
    """Keras's EarlyStopping stops when `wait` reaches `patience`."""

    def stop_epoch(losses, patience, min_delta):
        best, wait = math.inf, 0
        for epoch, loss in enumerate(losses, 1):
            best, wait = (loss, 0) if loss < best - min_delta else (best, wait + 1)
            if wait >= patience:
                return epoch
        return len(losses)

    losses = trained(max_iter=40, n_iter_no_change=100, learning_rate_init=0.3).loss_curve_
    for patience, min_delta in ((1, 0.0), (2, 0.0), (3, 0.001), (2, 0.1)):
        stopping = EarlyStopping("loss", patience=patience, min_delta=min_delta)
        model = trained(
            max_iter=40, n_iter_no_change=100, learning_rate_init=0.3, callbacks=[stopping]
        )
        assert model.n_iter_ == stop_epoch(losses, patience, min_delta) < 40


def test_early_stopping_on_scores_and_after_resuming():
    held = {"X_val": X, "y_val": Y}
    parameters = {"max_iter": 30, "random_state": 1, "learning_rate_init": 0.02}
    whole = small(**parameters, callbacks=[EarlyStopping("validation_score", patience=3)]).fit(
        X, Y, **held
    )
    assert 4 <= whole.n_iter_ < 30
    model = small(**{**parameters, "max_iter": 2}).fit(X, Y, **held)
    model.set_params(max_iter=30, callbacks=[EarlyStopping("validation_score", patience=3)])
    assert model.fit(X, Y, **held, resume=True).n_iter_ == whole.n_iter_
    with pytest.raises(
        ValueError, match="monitor='validation_loss' is not computed in this training"
    ):
        small(callbacks=[EarlyStopping()]).fit(X, Y)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"monitor": "accuracy"}, "monitor must be one of 'loss', .*, got 'accuracy'"),
        ({"patience": 0}, "patience must be a positive integer, got 0"),
        ({"mode": "auto"}, "mode must be 'min', 'max' or None, got 'auto'"),
        ({"min_delta": -1.0}, "min_delta must be a finite number that is not negative, got -1.0"),
    ],
)
def test_invalid_arguments_of_callbacks_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**arguments)
    with pytest.raises(ValueError, match="every must be a positive integer, got 0"):
        Checkpoint("model.cmlp", every=0)


def test_csv_log(tmp_path):
    path = tmp_path / "fit.csv"
    model = trained(callbacks=[CSVLog(path)], max_iter=3)
    model.set_params(max_iter=5).fit(X, Y, resume=True)
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [row["epoch"] for row in rows] == list("12345")
    assert [float(row["loss"]) for row in rows] == model.loss_curve_
    assert {row["validation_loss"] for row in rows} == {""} and all(
        float(row["seconds"]) > 0 for row in rows
    )
    trained(callbacks=[CSVLog(path)], max_iter=1)
    assert len(path.read_text().splitlines()) == 2


def test_checkpoint_of_an_estimator_can_be_resumed(tmp_path):
    whole = trained(max_iter=5)
    name = str(tmp_path / "model-{epoch}.cmlp")
    trained(max_iter=5, callbacks=[Checkpoint(name, every=2)])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"model-{n}.cmlp" for n in (2, 4, 5)
    ]
    for n_epochs in (2, 4, 5):
        model = cmlp.load(name.format(epoch=n_epochs))
        assert model.n_iter_ == n_epochs and model.callbacks is None
        assert flat(model.fit(X, Y, resume=True)).tobytes() == flat(whole).tobytes()


def test_checkpoint_of_a_network(tmp_path):
    path = tmp_path / "net.cmlp"
    net = Network([4, 3, 3], random_state=0).fit(X, Y, max_iter=2, callbacks=[Checkpoint(path)])
    np.testing.assert_array_equal(cmlp.load(path).params, net.params)


def test_progress_bar():
    pytest.importorskip("tqdm")
    stream = io.StringIO()
    trained(callbacks=[ProgressBar(file=stream, mininterval=0)])
    text = stream.getvalue()
    assert "5/5" in text and "loss=" in text and "score=" not in text
    stream = io.StringIO()
    trained(callbacks=[ProgressBar(file=stream, mininterval=0)], early_stopping=True)
    assert "score=" in stream.getvalue()


def test_progress_bar_names_the_extra_without_tqdm():
    run_python(
        "import sys; sys.modules['tqdm'] = sys.modules['tqdm.auto'] = None; import cmlp\n"
        "try: cmlp.MLPClassifier(verbose='bar').fit([[0.0], [1.0]], [0, 1])\n"
        "except ImportError as error: assert 'pip install cmlp[progress]' in str(error), error\n"
        "else: raise AssertionError"
    )


# ------------------------------------------------------------------------------------------------ verbose


@pytest.mark.parametrize("verbose, printed", [(True, 5), (1, 5), (2, 3), (5, 2), (7, 1)])
def test_verbose_prints_a_line_after_the_first_and_every_nth_epoch(verbose, printed, capsys):
    trained(verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("Iteration")]) == printed


def test_partial_fit_announces_no_time_left(capsys):
    model = small(verbose=2)
    for _ in range(4):
        model.partial_fit(X, Y, classes=np.unique(Y))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and not any("left" in line for line in lines)
    trained(verbose=True)
    assert "at most" in capsys.readouterr().out


def test_verbose_bar_is_a_progress_bar(capsys):
    pytest.importorskip("tqdm")
    trained(verbose="bar")
    MLPRegressor(hidden_layer_sizes=(2,), max_iter=1, verbose="bar").fit(X, X[:, 0])
    captured = capsys.readouterr()
    assert captured.out == "" and "5/5" in captured.err and "1/1" in captured.err
