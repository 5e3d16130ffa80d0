"""Ctrl-C, threads and forked processes during a fit."""

import copy
import os
import pickle
import sys
import threading
import time
import warnings
from _thread import interrupt_main

import numpy as np
import pytest
from estimator_cases import blobs, flat, interrupted_at, small
from internals import fitted_of, state_of

from cmlp._fit.fitted import run_locked

# Most fits here stop at max_iter on purpose.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.usefixtures("no_lost_signals"),
]


class interrupted_after:
    """Simulate Ctrl-C after the given number of seconds."""

    def __init__(self, seconds):
        self.timer = threading.Timer(seconds, interrupt_main)

    def __enter__(self):
        self.timer.start()

    def __exit__(self, *exception):
        self.timer.cancel()
        self.timer.join()


def many_rows(n_rows=400_000):
    """Many equal rows that share the memory of one."""
    return np.broadcast_to(np.linspace(-1, 1, 50), (n_rows, 50)), np.arange(n_rows) % 2


def test_ctrl_c_keeps_the_completed_batches():
    X, y = blobs()
    model = small(max_iter=10**9, max_time=60, tol=0, n_iter_no_change=np.inf)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), interrupted_after(0.3):
        model.fit(X, y)
    assert time.monotonic() - started < 5
    assert 0 < model.n_iter_ < 10**9
    assert len(model.loss_curve_) == model.n_iter_
    assert model.t_ == model.n_iter_ * len(X)
    assert model.score(X, y) > 0.95
    model.set_params(max_iter=1).fit(X, y)


class Timer:
    """A callback that starts a timer when training begins: the checks of the data may take longer than its batches."""

    def __init__(self, interruption):
        self.interruption = interruption

    def on_fit_begin(self, trainer):
        self.interruption.timer.start()


def interrupted_in_the_first_epoch(model):
    """Have a fit of many rows interrupted before its first epoch is complete."""
    X, y = many_rows(4_000_000)
    interruption = interrupted_after(0.3)
    model.set_params(n_threads=1, shuffle=False, max_iter=100, callbacks=[Timer(interruption)])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    interruption.timer.join()
    model.set_params(callbacks=None)


def test_ctrl_c_in_the_first_epoch_leaves_an_unfitted_estimator_unfitted():
    model = small(hidden_layer_sizes=(512,))
    interrupted_in_the_first_epoch(model)
    assert not hasattr(model, "n_iter_")


def test_ctrl_c_in_the_first_epoch_of_a_refit_keeps_the_former_model():
    X, y = many_rows(1000)
    model = small(hidden_layer_sizes=(512,), max_iter=1).fit(X, y)
    before, weights = fitted_of(model), flat(model)
    interrupted_in_the_first_epoch(model)
    assert fitted_of(model) is before
    np.testing.assert_array_equal(flat(model), weights)


def test_ctrl_c_in_the_first_epoch_of_a_warm_start_keeps_its_batches():
    X, y = many_rows(1000)
    model = small(hidden_layer_sizes=(512,), max_iter=1, warm_start=True).fit(X, y)
    weights, curve = flat(model), model.loss_curve_
    interrupted_in_the_first_epoch(model)
    assert (flat(model) != weights).any()
    assert model.n_iter_ == 0 and model.loss_curve_ == curve
    assert 0 < state_of(model).batch


def test_ctrl_c_in_partial_fit_keeps_the_previous_model():
    X, y = many_rows(4_000_000)
    model = small(hidden_layer_sizes=(128,), n_threads=1, shuffle=False)
    model.partial_fit(X[:100], y[:100], classes=[0, 1])
    before = fitted_of(model)
    with pytest.raises(KeyboardInterrupt), interrupted_after(0.3):
        model.partial_fit(X, y)
    assert fitted_of(model) is before


def in_background(function):
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def wait_for(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_concurrent_fit_of_the_same_object_is_rejected():
    X, y = many_rows()
    model = small(hidden_layer_sizes=(64,), max_iter=2)
    thread = in_background(lambda: model.fit(X, y))
    wait_for(lambda: "_fitting" in vars(model))
    for method in (model.fit, model.partial_fit):
        with pytest.raises(RuntimeError, match="is being fitted by another call"):
            method(X[:10], y[:10])
    copy.deepcopy(model).set_params(max_iter=1).fit(X[:10], y[:10])
    thread.join()
    assert model.n_iter_ == 2
    model.set_params(max_iter=1).fit(X[:10], y[:10])


def test_predictions_during_a_fit_use_one_complete_model():
    X, y = many_rows()
    rows = np.random.RandomState(0).standard_normal((50, 50))
    model = small(hidden_layer_sizes=(64,), max_iter=1, warm_start=True).fit(X, y)
    before = model.predict_proba(rows)
    thread = in_background(lambda: model.fit(X, y))
    predictions = []
    while thread.is_alive():
        predictions.append(model.predict_proba(rows))
    predictions.append(model.predict_proba(rows))
    after = predictions[-1]
    assert (before != after).any() and len(predictions) > 2
    assert all((p == before).all() or (p == after).all() for p in predictions)


@pytest.mark.parametrize(
    "call",
    [
        lambda model, X, y: model.fit(X, y),
        lambda model, X, y: model.partial_fit(X, y),
        lambda model, X, y: model.fit_batches([(X, y)], classes=[0, 1, 2]),
    ],
    ids=["fit", "partial_fit", "fit_batches"],
)
def test_ctrl_c_at_any_point_leaves_no_estimator_locked(call):
    X, y = blobs(n_rows=6)
    model = small(hidden_layer_sizes=(2,), max_iter=2, tol=0, n_iter_no_change=float("inf"))
    model.partial_fit(X, y, classes=[0, 1, 2])
    modules = (
        "cmlp._fit.fit",
        "cmlp._fit.fit_network",
        "cmlp._fit.prepare_network",
        "cmlp._fit.fit_batches",
        "contextlib",
    )
    step, errors, interruptions = 0, [], []

    def interrupted_call():
        try:
            call(model, X, y)
        except KeyboardInterrupt as error:
            interruptions.append(error)  # as IPython does: its frames live on
            raise

    while interrupted_at(step := step + 1, interrupted_call, *modules):
        try:
            model.partial_fit(X, y)
        except RuntimeError as error:
            errors.append(f"point {step}: {error}")
            del model._fitting
    assert step > 30
    assert errors == []


def test_ctrl_c_at_any_point_leaves_a_network_with_the_parameters_of_its_model():
    X, y = blobs(n_rows=6)
    model = small(hidden_layer_sizes=(2,))
    model.partial_fit(X, y, classes=[0, 1, 2])
    network = model.network_
    step, differs = 0, []
    while interrupted_at(
        step := step + 1, lambda: model.partial_fit(X, y), "cmlp._fit.fit", "cmlp._fit.fit_network"
    ):
        if (model.coefs_[0] != network.weights[0]).any():
            differs.append(step)
    assert step > 10
    assert differs == []


def test_fit_within_a_fit_of_the_same_estimator_is_rejected():
    model = small()

    class Rows:
        def __array__(self, dtype=None, copy=None):
            model.fit([[0.0], [1.0]], [0, 1])

    with pytest.raises(RuntimeError, match="is being fitted by another call"):
        model.fit(Rows(), [0, 1])


@pytest.fixture
def frequent_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("duplicate", [copy.copy, pickle.dumps])
def test_estimator_can_be_copied_while_another_thread_fits_it(duplicate, frequent_switches):
    X, y = blobs()
    model = small(hidden_layer_sizes=(2,)).fit(X, y)
    stop = threading.Event()

    def mark():
        while not stop.is_set():
            run_locked(model, int)

    thread = in_background(mark)
    try:
        for _ in range(2000):
            assert (
                "_fitting" not in vars(copy.copy(duplicate(model)))
                if duplicate is copy.copy
                else duplicate(model)
            )
    finally:
        stop.set()
        thread.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_process_forked_during_a_fit_can_fit_the_same_object():
    X, y = many_rows()
    model = small(hidden_layer_sizes=(64,), max_iter=3)
    thread = in_background(lambda: model.fit(X, y))
    wait_for(lambda: "_fitting" in vars(model))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            model.set_params(max_iter=1).fit(X[:500], y[:500])
            os._exit(0 if model.n_iter_ == 1 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    thread.join()
    assert model.n_iter_ == 3
