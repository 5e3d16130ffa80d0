"""Callbacks and `resume` of the estimators for tables."""

import pickle
import re
import time
from types import SimpleNamespace

import numpy as np
import pytest
from estimator_cases import interrupted_in_line, lines_run
from internals import without_slope
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp.callbacks import Checkpoint, CSVLog, EarlyStopping, ProgressBar

RNG = np.random.RandomState(0)
X = RNG.standard_normal((300, 3))
NUMBERS = X[:, 0] * 3 + np.sin(X[:, 1])
LABELS = np.where(NUMBERS > 0, "high", "low")
DAYS = np.arange(300) * 7 % 200
QUICK = {"n_estimators": 3, "hidden_layer_sizes": (8,), "random_state": 0}


def learned(model):
    """Return the parameters of all networks and the curves."""
    return [net.params.tobytes() for net in model.estimators_], model.history_


class Recorder:
    """Keeps what the trainer says after each epoch."""

    def __init__(self, stop_after=None):
        self.begun, self.epochs, self.ended, self.stop_after = [], [], 0, stop_after

    def on_fit_begin(self, trainer):
        self.begun.append(trainer.state.epoch)

    def on_epoch_end(self, trainer):
        self.epochs.append(trainer.last_epoch)
        if trainer.last_epoch.number == self.stop_after:
            trainer.stop()

    def on_fit_end(self, trainer):
        self.ended += 1


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("kind, y", [(TabularClassifier, LABELS), (TabularRegressor, NUMBERS)])
def test_callbacks_see_means_over_the_networks_and_change_no_bits(kind, y, n_threads):
    plain = kind(**QUICK).fit(X, y)
    recorder = Recorder()
    model = kind(**QUICK, n_threads=n_threads, callbacks=[recorder]).fit(X, y)
    assert learned(model) == learned(plain)
    curves = model.history_
    n_epochs = max(curves["epoch"])
    assert [epoch.number for epoch in recorder.epochs] == list(range(1, n_epochs + 1))
    assert (recorder.begun, recorder.ended) == ([0], 1)
    for name in ("loss", "validation_loss"):
        values = np.array(curves[name])[np.array(curves["epoch"]) == n_epochs]
        assert getattr(recorder.epochs[-1], name) == pytest.approx(values.mean(), rel=1e-12)
    assert recorder.epochs[-1].validation_score == -recorder.epochs[-1].validation_loss
    assert all(epoch.seconds > 0 and epoch.learning_rate > 0 for epoch in recorder.epochs)


@pytest.mark.parametrize(
    ("kind", "y", "loss"),
    [(TabularClassifier, LABELS, {}), (TabularRegressor, NUMBERS, {"quantile": (0.1, 0.9)})],
)
def test_the_trainer_of_a_table_is_a_trainer(kind, y, loss):
    seen = []

    class Watch:
        def on_fit_begin(self, trainer):
            assert not trainer.finished and trainer.loss_curve == []

        def on_epoch_end(self, trainer):
            seen.append(trainer)
            last = trainer.last_epoch
            assert isinstance(trainer, cmlp.Trainer) and "Trainer(3 networks" in repr(trainer)
            assert trainer.loss_curve[-1] == trainer.history["loss"][-1] == last.loss
            assert (
                trainer.validation_scores[-1]
                == -trainer.history["validation_loss"][-1]
                == -last.validation_loss
            )
            assert not hasattr(trainer, "network")
            with pytest.raises(AttributeError, match="networks"):
                trainer.run(X, y)

    model = kind(**QUICK, **loss and {"loss": "quantile"}, **loss, callbacks=[Watch()]).fit(X, y)
    trainer = seen[-1]
    assert trainer.finished and len(trainer.loss_curve) == trainer.max_iter == max(
        model.history_["epoch"]
    )
    assert isinstance(trainer.networks, tuple)
    for network, fitted in zip(trainer.networks, without_slope(model).estimators_, strict=True):
        assert network.params.tobytes() == fitted.params.tobytes()
    curves = [
        np.array(model.history_["loss"])[np.array(model.history_["network"]) == k] for k in range(3)
    ]
    n_epochs = min(map(len, curves))
    assert trainer.loss_curve[:n_epochs] == pytest.approx(
        np.mean([curve[:n_epochs] for curve in curves], axis=0)
    )


def test_the_trainer_of_a_network_has_one_network():
    network = cmlp.Network([3, 4, 2])
    trainer = cmlp.Trainer(network)
    assert len(trainer.networks) == 1 and trainer.networks[0] is trainer.network is network
    seen = []
    watch = SimpleNamespace(on_fit_end=seen.append)
    model = cmlp.MLPRegressor(
        hidden_layer_sizes=(4,), max_iter=2, tol=0, n_iter_no_change=np.inf, callbacks=[watch]
    ).fit(X, NUMBERS)
    assert (
        seen[0].networks[0] is seen[0].network and seen[0].network.params is model.network_.params
    )


def test_callbacks_of_cmlp_follow_a_bag(tmp_path, capsys):
    pytest.importorskip("tqdm")
    log, checkpoint = CSVLog(tmp_path / "fit.csv"), Checkpoint(tmp_path / "model.cmlp", every=10)
    model = TabularClassifier(**QUICK, callbacks=[log, checkpoint, ProgressBar()]).fit(X, LABELS)
    lines = (tmp_path / "fit.csv").read_text().splitlines()
    assert len(lines) == 1 + max(model.history_["epoch"])
    assert "100%" in capsys.readouterr().err
    saved = cmlp.load(tmp_path / "model.cmlp")
    assert saved.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()


def test_progress_bar_by_verbose(capsys):
    pytest.importorskip("tqdm")
    model = TabularRegressor(**QUICK, verbose="bar").fit(X, NUMBERS)
    written = capsys.readouterr()
    assert "100%" in written.err and written.out == ""
    model.set_params(verbose=True).fit(X, NUMBERS)
    assert capsys.readouterr().out.count("Network ") == 3


def test_verbose_estimates_the_time_after_the_first_epochs(capsys):
    def printed(n_epochs):
        model = TabularRegressor(**QUICK | {"n_epochs": n_epochs}, verbose=True, n_threads=1).fit(
            X, NUMBERS
        )
        found = capsys.readouterr().out.splitlines()
        assert learned(model) == learned(
            TabularRegressor(**QUICK | {"n_epochs": n_epochs}).fit(X, NUMBERS)
        )
        return found

    estimate, *others = printed(6)
    found = re.fullmatch(
        "About (.+) seconds: estimated from 3 of 6 epochs of the first network", estimate
    )
    assert found and 0 < float(found[1]) < 600 and all("Network" in one for one in others)
    assert all(line.startswith("Network") for line in printed(3))  # nothing is left to be estimated


@pytest.mark.parametrize("callbacks", [None, [Recorder()]])
def test_verbose_prints_each_line_in_one_write(monkeypatch, callbacks):
    """Also from several threads, and with callbacks: the estimate and a line for each network."""
    written = []
    monkeypatch.setattr("sys.stdout", SimpleNamespace(write=written.append, flush=lambda: None))
    TabularRegressor(**QUICK, n_epochs=6, verbose=True, n_threads=3, callbacks=callbacks).fit(
        X, NUMBERS
    )
    assert sorted(line.split()[0] for line in written if line) == ["About", *["Network"] * 3]
    assert all(line.endswith("\n") for line in written if line)


def test_snapshot_is_the_model_so_far():
    seen = []

    class Snapshots:
        def on_epoch_end(self, trainer):
            seen.append(trainer.snapshot())

    model = TabularRegressor(**QUICK, callbacks=[Snapshots()]).fit(X, NUMBERS)
    assert len(seen) == max(model.history_["epoch"])
    assert seen[-1].predict(X).tobytes() == model.predict(X).tobytes()
    assert seen[0].predict(X).tobytes() != model.predict(X).tobytes()
    assert max(seen[0].history_["epoch"]) == 1


def test_a_callback_stops_and_resume_continues_with_the_same_bits():
    whole = TabularClassifier(**QUICK).fit(X, LABELS)
    model = TabularClassifier(**QUICK, callbacks=[Recorder(stop_after=4)]).fit(X, LABELS)
    assert max(model.history_["epoch"]) == 4
    recorder = Recorder()
    model = pickle.loads(pickle.dumps(model.set_params(callbacks=None)))
    assert learned(model.set_params(callbacks=[recorder]).fit(X, LABELS, resume=True)) == learned(
        whole
    )
    assert recorder.begun == [4] and recorder.epochs[0].number == 5


def test_early_stopping_ends_all_networks():
    model = TabularRegressor(**QUICK, callbacks=[EarlyStopping(patience=2, min_delta=10.0)]).fit(
        X, NUMBERS
    )
    assert max(model.history_["epoch"]) == 3


class Interrupts:
    """A callback, or a replacement of sys.stdout, that raises KeyboardInterrupt at its n-th call."""

    def __init__(self, n):
        self.n_left = n

    def on_epoch_end(self, trainer):
        self.n_left -= 1
        if not self.n_left:
            raise KeyboardInterrupt

    def write(self, text):
        if "Network " in text:
            self.on_epoch_end(None)

    def flush(self):
        pass


class InterruptsBeforeTheFirstEpoch:
    def on_fit_begin(self, trainer):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("callback", "is_fitted"),
    [(InterruptsBeforeTheFirstEpoch(), False), (Interrupts(1), True), (Interrupts(7), True)],
)
def test_ctrl_c_keeps_what_is_learned_and_resume_continues_with_the_same_bits(callback, is_fitted):
    check_interrupted(TabularClassifier(**QUICK, callbacks=[callback]), is_fitted)


@pytest.mark.parametrize("n_networks", [1, 2])
def test_ctrl_c_after_some_networks_keeps_them(monkeypatch, n_networks):
    monkeypatch.setattr("sys.stdout", Interrupts(n_networks))
    check_interrupted(
        TabularClassifier(**QUICK, n_threads=1, verbose=True), False
    )  # not each network has an epoch


def check_interrupted(model, is_fitted):
    weight = np.arange(300) % 3
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, LABELS, weight)
    assert hasattr(model, "classes_") is is_fitted
    model.set_params(callbacks=None, verbose=False).fit(X, LABELS, weight, resume=True)
    assert learned(model) == learned(TabularClassifier(**QUICK).fit(X, LABELS, weight))


def test_ctrl_c_after_the_last_epoch_keeps_the_model():
    whole = learned(TabularClassifier(**QUICK).fit(X, LABELS))
    n_lines = lines_run(lambda: TabularClassifier(**QUICK).fit(X, LABELS), "cmlp.", "cmlp._train.")
    n_interrupted = 0
    for line in range(n_lines - 350, n_lines, 15):
        model = TabularClassifier(**QUICK)
        n_interrupted += interrupted_in_line(
            line, lambda run=model.fit: run(X, LABELS), "cmlp.", "cmlp._train."
        )
        assert learned(model) == whole, f"line {line} of {n_lines}"
    assert n_interrupted > 15  # the number of lines changes a little with the threads


def test_max_time_can_be_resumed():
    whole = TabularRegressor(**QUICK).fit(X, NUMBERS, X_val=X[:50], y_val=NUMBERS[:50])
    model = TabularRegressor(**QUICK, max_time=1e-9).fit(
        X, NUMBERS, X_val=X[:50], y_val=NUMBERS[:50]
    )
    assert max(model.history_["epoch"]) == 1
    model.set_params(max_time=None).fit(X, NUMBERS, X_val=X[:50], y_val=NUMBERS[:50], resume=True)
    assert learned(model) == learned(whole)


def test_max_time_counts_reading_the_columns():
    class Slow:
        """A data frame that takes a while to read."""

        columns = ("a", "b", "c")

        def __array__(self, dtype=None, copy=None):
            raise NotImplementedError

        def __len__(self):
            return len(X)

        def __getitem__(self, name):
            time.sleep(0.2)
            return X[:, self.columns.index(name)]

    with pytest.warns(
        UserWarning,
        match=r"^max_time was over \S+ s before training began, because reading .* columns",
    ):
        model = TabularRegressor(**QUICK, max_time=0.5).fit(Slow(), NUMBERS)
    assert max(model.history_["epoch"]) == 1


@pytest.mark.filterwarnings("error", "ignore::cmlp.exceptions.UselessModelWarning")
def test_time_for_training_warns_of_nothing():
    TabularRegressor(**QUICK, max_time=60.0, n_epochs=1).fit(X, NUMBERS)
    TabularRegressor(**QUICK, n_epochs=1).fit(X, NUMBERS)


def test_max_time_ends_in_the_middle_of_a_long_epoch():
    """After 100 batches, whatever the time; the rest is bit-identical to a fit without the break."""
    rows = np.random.RandomState(0).standard_normal((30_000, 2))
    y = rows[:, 0] * rows[:, 1]
    options = {"n_estimators": 2, "hidden_layer_sizes": (4,), "random_state": 0}
    model = TabularRegressor(**options, max_time=1e-9, verbose=True).fit(rows, y)
    assert model.history_["epoch"] == []
    assert model.score(rows, y) > -1
    model.set_params(max_time=None, verbose=False).fit(rows, y, resume=True)
    assert learned(model) == learned(TabularRegressor(**options).fit(rows, y))


def test_resume_finds_any_other_value():
    weight = np.arange(300) % 3 + 1.0
    model = TabularRegressor(**QUICK, max_time=1e-9).fit(X, NUMBERS, weight)
    for row in range(0, 300, 7):
        rows, y, others = X.copy(), NUMBERS.copy(), weight.copy()
        rows[row, 2] = np.nextafter(rows[row, 2], np.inf)
        y[row] += 1e-3
        others[row] *= 1.5
        for data in ((rows, NUMBERS, weight), (X, y, weight), (X, NUMBERS, others)):
            with pytest.raises(ValueError, match="Pass the same X, y"):
                model.fit(*data, resume=True)
    model.set_params(max_time=None).fit(X, NUMBERS, weight, resume=True)
    assert learned(model) == learned(TabularRegressor(**QUICK).fit(X, NUMBERS, weight))


def test_resume_refuses_what_it_cannot_continue():
    with pytest.raises(
        ValueError,
        match="resume=True continues a call of fit, but this TabularRegressor instance has",
    ):
        TabularRegressor().fit(X, NUMBERS, resume=True)
    model = TabularRegressor(**QUICK).fit(X, NUMBERS)
    with pytest.raises(
        ValueError, match="interrupted, but that of this TabularRegressor is complete"
    ):
        model.fit(X, NUMBERS, resume=True)
    model.set_params(max_time=1e-9).fit(X, NUMBERS)
    before = learned(model)
    for Z, y in (
        (X + 1, NUMBERS),
        (X, NUMBERS + np.arange(300)),
        (X[:299], NUMBERS[:299]),
        (X[:, :2], NUMBERS),
    ):
        with pytest.raises(ValueError, match=r"[Pp]ass the same X, y"):
            model.fit(Z, y, resume=True)
    with pytest.raises(
        ValueError, match=r"hidden_layer_sizes=\(8,\), so hidden_layer_sizes=9 is not possible"
    ):
        model.set_params(hidden_layer_sizes=9).fit(X, NUMBERS, resume=True)
    assert learned(model) == before
    with pytest.raises(
        ValueError, match="'callbacks' parameter of TabularRegressor must be a list of objects"
    ):
        model.set_params(callbacks=[print]).fit(X, NUMBERS)


@pytest.mark.parametrize("kind, y", [(TabularClassifier, LABELS), (TabularRegressor, NUMBERS)])
def test_resume_refuses_renamed_columns_and_categories(kind, y):
    """The numbers and codes of the columns are the same, but the model would read other tables."""
    pandas = package("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    frame["colour"] = np.array(["blue", "green", "red"])[np.arange(300) % 3]
    frame["day"] = DAYS.astype("datetime64[D]")
    model = kind(**QUICK, max_time=1e-9).fit(frame, y)
    renamed = (
        frame.rename(columns={"b": "B"}),
        frame.assign(colour=frame["colour"].replace("red", "violet")),
    )
    for other in (*renamed, frame.assign(day=DAYS.astype(float)), frame.to_numpy()):
        with pytest.raises(
            ValueError, match="with the same names of columns, categories and labels"
        ):
            model.fit(other, y, resume=True)
    whole = kind(**QUICK).fit(frame, y)
    assert learned(model.set_params(max_time=None).fit(frame, y, resume=True)) == learned(whole)


def test_resume_refuses_another_split_into_training_and_validation_rows():
    """Also if both together are the same rows, and the columns are the same."""
    rows, y = np.array([["left"], ["right"]] * 120, object), np.arange(240) % 2
    parts = [((rows[:n], y[:n]), {"X_val": rows[n:], "y_val": y[n:]}) for n in (200, 220)]
    model = TabularClassifier(**QUICK, max_time=1e-9).fit(*parts[0][0], **parts[0][1])
    with pytest.raises(ValueError, match="Pass the same X, y, groups, time and validation data"):
        model.fit(*parts[1][0], **parts[1][1], resume=True)


def test_resume_refuses_a_renamed_label_among_many():
    rows, labels = RNG.standard_normal((2400, 2)), np.arange(2400) % 1200 * 10
    model = TabularClassifier(**QUICK, max_time=1e-9).fit(rows, labels)
    with pytest.raises(ValueError, match="with the same names of columns, categories and labels"):
        model.fit(rows, np.where(labels == 6000, 6001, labels), resume=True)


def test_an_error_of_a_callback_keeps_the_former_model():
    class Broken:
        def on_epoch_end(self, trainer):
            raise OSError("no space left")

    model = TabularRegressor(**QUICK).fit(X, NUMBERS)
    before = learned(model)
    with pytest.raises(OSError, match="no space left"):
        model.set_params(callbacks=[Broken()]).fit(X, -NUMBERS)
    assert learned(model) == before
