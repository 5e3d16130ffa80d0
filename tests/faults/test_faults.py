"""Each fault has a test of its name: the table says where. What no other folder tests is here."""

import ast
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from helpers import DEADLOCK, labels, uniform

import cmlp
from cmlp import MLPClassifier, TabularClassifier

TESTS = Path(__file__).parents[1]
# The fault, and its test.
FAULTS = {
    "killed in a save": "files/test_atomic.py::test_kill_at_each_system_call",
    "killed in saves at random times": "files/test_atomic.py::test_kill_at_random_times",
    "killed in a checkpointed fit": "faults/test_faults.py::test_killed_in_a_checkpointed_fit",
    "disk full": "files/test_atomic.py::test_full_disk_keeps_the_old_file",
    "read-only folder": "faults/test_faults.py::test_read_only_folder",
    "file truncated, bits flipped": "files/test_hostile_files.py::test_every_flipped_bit_and_every_truncation_raises",
    "file replaced while it is mapped": "files/test_models.py::"
    "test_mapped_model_keeps_its_content_when_the_file_is_replaced",
    "Ctrl-C in fit": "estimators/test_interrupts.py::test_ctrl_c_keeps_the_completed_batches",
    "Ctrl-C at any point": "estimators/test_interrupts.py::test_ctrl_c_at_any_point_leaves_no_estimator_locked",
    "exception of a signal handler in a refit": "faults/test_faults.py::test_exception_of_a_signal_handler_in_a_refit",
    "SIGTERM in a checkpointed fit": "faults/test_faults.py::test_sigterm_in_a_checkpointed_fit",
    "fork while a thread fits": "training/test_fork.py::test_200_children_fit_although_another_thread_was_in_fit",
    "X not finite": "faults/test_faults.py::test_x_not_finite",
    "divergence": "training/test_schedules.py::test_divergence_error_states_the_largest_learning_rate",
    "sparse index out of range": "faults/test_faults.py::test_sparse_index_out_of_range",
    "negative weights": "faults/test_faults.py::test_negative_weights",
    "zero rows": "faults/test_faults.py::test_zero_rows",
    "50,000 classes": "core/test_edges.py::test_training_with_50000_classes_builds_no_one_hot_matrix",
    "2^40 units": "faults/test_faults.py::test_two_to_the_40_units",
    "any strides": "core/test_edges.py::test_broadcast_arrays_with_zero_strides_are_read",
    "any layout": "core/test_hostile.py::test_rows_of_any_layout_give_the_same_bits_as_a_copy",
    "subnormals": "faults/test_faults.py::test_subnormals",
    "predictions in 8 threads during refits": "faults/test_faults.py::test_predictions_in_8_threads_during_refits",
    "two fits of one object": "estimators/test_interrupts.py::test_concurrent_fit_of_the_same_object_is_rejected",
    "arrays changed by another thread": "faults/test_faults.py::test_arrays_changed_by_another_thread",
    "labels changed by another thread": "inputs/test_changed_labels.py",
    "each allocation failing in a network": "network/test_failing_allocations.py::"
    "test_failing_allocation_raises_memory_error",
    "each allocation failing in an estimator": "network/test_failing_allocations.py::"
    "test_failing_allocation_keeps_the_estimator_and_its_file",
    "no system calls (seccomp)": "c/test_isolated.c",
    "resume at any batch": "training/test_checkpoints.py::test_checkpoint_in_an_epoch_resumes_with_the_same_bits",
}
X, Y = uniform(0, 400, 6), labels(1, 400, 3)

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
on_posix = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


def small(**parameters):
    return MLPClassifier(
        **{"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0, **parameters}
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_its_test(fault):
    file, _, name = FAULTS[fault].partition("::")
    text = (TESTS / file).read_text(encoding="utf-8")
    assert not name or name in [
        node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)
    ]


# --------------------------------------------------------------------------------------------- the process is ended

PROGRAM = """
    import sys, numpy as np, cmlp
    from cmlp.callbacks import Checkpoint
    sys.path.insert(0, {support!r})
    from helpers import labels, uniform
    X, Y = uniform(0, 400, 6), labels(1, 400, 3)
    print("ready", flush=True)
    model = cmlp.MLPClassifier((8,), max_iter=100_000, tol=0, n_iter_no_change=float("inf"), random_state=0,
                               batch_size=16, callbacks=[Checkpoint({path!r}, every_batches=7)])
    model.fit(X, Y)
"""


def end_and_resume(path, number, delay):
    """End a fit by a signal; what it has stored continues bit-identical to a fit without a break."""
    program = textwrap.dedent(PROGRAM.format(support=str(TESTS / "support"), path=str(path)))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        until = time.monotonic() + DEADLOCK
        while not path.exists() and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(delay)
        process.send_signal(number)
    model = cmlp.load(path)
    epochs = model.n_iter_ + 2
    parameters = {"tol": 0, "n_iter_no_change": float("inf"), "batch_size": 16, "max_iter": epochs}
    whole = small(**parameters).fit(X, Y)
    resumed = model.set_params(max_iter=epochs).fit(X, Y, resume=True)
    assert resumed.network_.params.tobytes() == whole.network_.params.tobytes()
    assert resumed.loss_curve_ == whole.loss_curve_


@on_posix
@pytest.mark.parametrize("delay", [0.0, 0.003, 0.011, 0.04])
def test_killed_in_a_checkpointed_fit(tmp_path, delay):
    end_and_resume(tmp_path / "model.cmlp", signal.SIGKILL, delay)


@on_posix
def test_sigterm_in_a_checkpointed_fit(tmp_path):
    end_and_resume(tmp_path / "model.cmlp", signal.SIGTERM, 0.02)


@pytest.mark.usefixtures("no_lost_signals")
@on_posix
def test_exception_of_a_signal_handler_in_a_refit():
    class Alarm(Exception):
        pass

    def alarm(*_):
        raise Alarm

    model = small().fit(X, Y)
    before = model.predict_proba(X)
    former = signal.signal(signal.SIGALRM, alarm)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Alarm):
            model.set_params(max_iter=10**7, tol=0, n_iter_no_change=float("inf")).fit(X, Y)
    finally:
        signal.signal(signal.SIGALRM, former)
    np.testing.assert_array_equal(model.predict_proba(X), before)


# ----------------------------------------------------------------------------------------------------- the system


@on_posix
def test_read_only_folder(tmp_path):
    if os.geteuid() == 0:  # root may write anywhere but in folders of the kernel
        folder = Path("/proc/self")
        if not folder.exists():
            pytest.skip("root may write everywhere")
    else:
        folder = tmp_path
        folder.chmod(0o555)
    before = set(os.listdir(folder))
    with pytest.raises(OSError):
        small().fit(X, Y).save(folder / "model.cmlp")
    assert not {name for name in set(os.listdir(folder)) - before if "model" in name}


def test_two_to_the_40_units():
    model = small().fit(X, Y)
    before = model.predict_proba(X)
    with pytest.raises((MemoryError, ValueError)):
        model.set_params(hidden_layer_sizes=(2**40,)).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


# ------------------------------------------------------------------------------------------------------- the data


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_x_not_finite(bad):
    rows = X.copy()
    rows[7, 2] = bad
    model = small().fit(X, Y)
    for call in (
        lambda: model.predict(rows),
        lambda: small().fit(rows, Y),
        lambda: model.partial_fit(rows, Y),
    ):
        with pytest.raises(ValueError, match="row 7, column 2"):
            call()


def test_sparse_index_out_of_range():
    sparse = pytest.importorskip("scipy.sparse")
    model = small().fit(X, Y)
    rows = sparse.csr_array(X)
    for index in (-1, 6, 2**31 - 1):
        rows.indices[3] = index
        with pytest.raises(ValueError):
            model.predict(rows)


def test_negative_weights():
    with pytest.raises(ValueError, match="sample_weight"):
        small().fit(X, Y, np.where(np.arange(400) == 5, -1.0, 1.0))


def test_zero_rows():
    model = small().fit(X, Y)
    with pytest.raises(ValueError, match=r"0 sample|at least"):
        small().fit(X[:0], Y[:0])
    assert model.predict(X[:0]).shape == (0,) and model.predict_proba(X[:0]).shape == (0, 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_subnormals(dtype):
    rows = (X * np.finfo(dtype).smallest_subnormal * 8).astype(dtype)
    model = small(dtype=dtype).fit(rows, Y)
    assert np.isfinite(model.predict_proba(rows)).all()
    np.testing.assert_array_equal(model.predict_proba(rows)[:1], model.predict_proba(rows[:1]))


# ------------------------------------------------------------------------------------------------------- threads


def run_during(seconds, work, calls):
    """Run calls in threads until the time is over, and work in this one; return what the calls raise."""
    until, errors = time.monotonic() + seconds, []

    def repeat(call):
        try:
            while time.monotonic() < until:
                call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=repeat, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    repeat(work)
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.parametrize("kind", [MLPClassifier, TabularClassifier])
def test_predictions_in_8_threads_during_refits(kind):
    parameters = {"max_iter": 1} if kind is MLPClassifier else {"n_estimators": 1, "max_time": 1e-9}
    model, other = (
        kind(hidden_layer_sizes=(4,), random_state=seed, **parameters).fit(X, Y) for seed in (0, 1)
    )
    known = {one.predict_proba(X[:20]).tobytes() for one in (model, other)}
    seeds = [0, 1]

    def refit():
        seeds.reverse()
        model.set_params(random_state=seeds[0]).fit(X, Y)

    def predict():
        assert model.predict_proba(X[:20]).tobytes() in known  # of one whole model

    assert run_during(1.0, refit, [predict] * 8) == []


def test_arrays_changed_by_another_thread():
    """The answer is that of some values, or an error; memory outside is not touched."""
    rows, y = X.copy(), Y.copy()
    model = small().fit(X, Y)

    def change():
        rows[:] = np.nan
        y[:] = 10**6
        rows[:] = X
        y[:] = Y

    def use():
        try:
            model.predict(rows)
            small(max_iter=1).fit(rows, y)
        except ValueError:
            pass

    assert run_during(1.0, change, [use] * 2) == []
