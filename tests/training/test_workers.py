"""Training on several processes (threads here): bit-identical to one process, and errors that reach all of them."""

import re
import signal
import sys
import time
import warnings

import numpy as np
import pytest
from internals import state_of
from optional import package
from worker_cases import (
    CASES,
    DENSE,
    QueueComm,
    RequestComm,
    data,
    digest,
    fitted,
    in_threads,
    model_of,
)

import cmlp
from cmlp import MLPClassifier, load
from cmlp.callbacks import Checkpoint
from cmlp.exceptions import NotFittedError, WorkerError

pytestmark = pytest.mark.filterwarnings("ignore:.*(converged yet|chunks of 128)")


@pytest.fixture(scope="module")
def alone():
    """Return the digest of a case without other workers."""
    cache = {}

    def get(name):
        if name not in cache:
            cache[name] = digest(fitted(name))
        return cache[name]

    return get


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [2, 3, 5])
def test_any_number_of_workers_has_the_bits_of_one(alone, name, size):
    if name not in DENSE:
        package("scipy")
    models = in_threads(size, lambda comm: digest(fitted(name, comm)))
    assert models == [alone(name)] * size


def errors(size, work, kind=Exception):
    """Return the message of each worker's exception."""
    results = in_threads(size, work)
    assert all(isinstance(error, kind) for error in results), results
    return [str(error) for error in results]


def fit_with(comm, name="200", **changes):
    return fitted(name, comm, **changes)


def test_workers_may_have_different_numbers_of_threads(alone):
    """None means a share of the processors, which the workers find out together."""
    threads = None, 2, 1
    models = in_threads(3, lambda comm: digest(fit_with(comm, n_threads=threads[comm.rank])))
    assert models == [alone("200")] * 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alpha": 0.5}, "the same alpha, got 0.0001 on worker 0 and 0.5 on worker 1"),
        ({"random_state": 2}, "the same random_state"),
        (
            {"hidden_layer_sizes": (31,)},
            r"the same layer sizes, got \(40, 30, 3\) on worker 0 and \(40, 31, 3\)",
        ),
        ({"batch_size": 201}, "the same batch size, got 200 on worker 0 and 201"),
        ({"solver": "sgd"}, "the same solver"),
        ({"dtype": "float64"}, "the same dtype"),
    ],
)
def test_workers_with_other_parameters_raise_one_error(changes, message):
    found = errors(3, lambda comm: fit_with(comm, **(changes if comm.rank else {})), ValueError)
    assert re.search(message, found[0]) and found == found[:1] * 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda X, y: (X[1:], y[1:]),
            "the same number of rows, got 1300 on worker 0 and 1299 on worker 2",
        ),
        (lambda X, y: (X[:, 1:], y), "the same number of features, got 40 on worker 0 and 39"),
        (
            lambda X, y: (X, np.minimum(y, 1)),
            r"the same classes, got \(0, 1, 2\) on worker 0 and \(0, 1\) on worker 2",
        ),
        (lambda X, y: (X + 1, y), "the same data"),
    ],
)
def test_workers_with_other_data_raise_one_error(change, message):
    X, y, _ = data()

    def fit(comm):
        return cmlp.distributed.fit(
            MLPClassifier(random_state=0), *(change(X, y) if comm.rank == 2 else (X, y)), comm=comm
        )

    found = errors(3, fit, ValueError)
    assert re.search(message, found[0]) and found == found[:1] * 3


def test_workers_with_other_shards_raise_one_error():
    sizes = [(500, 300, 500), (500, 400, 400)]

    def fit(comm):
        model, arguments = model_of("shards")
        return cmlp.distributed.fit(model, *arguments, comm=comm, shards=sizes[comm.rank])

    found = errors(2, fit, ValueError)
    assert (
        found
        == [
            f"All workers must have the same shards, got {sizes[0]} on worker 0 and {sizes[1]} on worker 1."
        ]
        * 2
    )


class OfAnotherVersion(QueueComm):
    """Worker 1 sends another version number than its own."""

    def Send(self, buffer, dest):
        version = cmlp.__version__.encode()
        super().Send(
            np.frombuffer(bytes(buffer).replace(version, b"9" * len(version)), np.uint8).copy(),
            dest,
        )

    def Bcast(self, buffer, root):
        if self.rank == root == 1:
            self.Send(buffer, 0)
        else:
            super().Bcast(buffer, root)


def test_other_version_on_a_worker_raises_an_error():
    found = in_threads(2, fit_with, OfAnotherVersion)
    other = "9" * len(cmlp.__version__)
    assert str(found[0]) == (
        f"All workers must have the same version of cmlp, got {cmlp.__version__} on worker 0 and {other} on worker 1."
    )


def test_invalid_argument_on_one_worker_raises_on_all():
    found = in_threads(3, lambda comm: fit_with(comm, alpha=-1.0 if comm.rank == 1 else 0.0))
    assert isinstance(found[1], ValueError) and "alpha" in str(found[1])
    assert [type(error) for error in found[::2]] == [WorkerError] * 2
    assert str(found[0]) == f"Worker 1 failed: {type(found[1]).__name__}: {found[1]}"


def test_bad_row_raises_the_same_error_on_all_workers():
    X, y, _ = data("float64")
    X[777, 5] = np.nan
    model = MLPClassifier(random_state=0, batch_size=650, shuffle=False)
    found = errors(
        3,
        lambda comm: cmlp.distributed.fit(MLPClassifier(**model.get_params()), X, y, comm=comm),
        ValueError,
    )
    assert found == ["Input X contains NaN at row 777, column 5."] * 3


def test_divergence_raises_the_same_error_on_all_workers():
    changes = {"solver": "sgd", "learning_rate_init": 1e30, "batch_size": 300}
    with pytest.raises(ValueError) as alone:
        fitted("200", **changes)
    assert errors(2, lambda comm: fit_with(comm, **changes), ValueError) == [str(alone.value)] * 2


class Failing:
    """A callback that raises an exception at the second epoch."""

    def __init__(self, error):
        self.error = error

    def on_epoch_end(self, trainer):
        if trainer.last_epoch.number == 2:
            raise self.error


def test_failing_callback_of_one_worker_raises_on_all():
    def fit(comm):
        return fit_with(comm, callbacks=[Failing(OSError("disk full"))] if comm.rank == 1 else None)

    found = in_threads(3, fit)
    assert isinstance(found[1], OSError)
    assert str(found[0]) == str(found[2]) == "Worker 1 failed: OSError: disk full"


def test_ctrl_c_on_one_worker_interrupts_all_and_resuming_has_the_same_bits(alone):
    models = {}

    def fit(comm):
        callbacks = [Failing(KeyboardInterrupt())] if comm.rank == 1 else None
        models[comm.rank], arguments = model_of("1000", callbacks=callbacks)
        return cmlp.distributed.fit(models[comm.rank], *arguments, comm=comm)

    assert all(isinstance(error, KeyboardInterrupt) for error in in_threads(2, fit))

    def resume(comm):
        model = models[comm.rank].set_params(callbacks=None)
        return digest(cmlp.distributed.fit(model, *model_of("1000")[1], resume=True, comm=comm))

    assert in_threads(2, resume) == [alone("1000")] * 2


class NoText(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError("\udc80.csv"), "Worker 1 failed: OSError: \udc80.csv"),
        (NoText(), "Worker 1 failed: NoText"),
    ],
)
def test_error_without_plain_text_raises_on_all(error, message):
    found = in_threads(
        3, lambda comm: fit_with(comm, callbacks=[Failing(error)] if comm.rank == 1 else None)
    )
    assert found[1] is error
    assert [str(other) for other in found[::2]] == [message] * 2


def fit_scored(comm, scoring):
    X, y, _ = data()
    model, _ = model_of("200", early_stopping=True, scoring=scoring)
    return cmlp.distributed.fit(model, X, y, comm=comm, X_val=X[:100], y_val=y[:100])


def test_failing_score_of_worker_0_is_named_on_all():
    def scoring(comm):
        return lambda model, X, y: 1.0 if comm.rank else 1 / 0

    found = in_threads(3, lambda comm: fit_scored(comm, scoring(comm)))
    assert [str(error) for error in found[1:]] == [
        "Worker 0 failed: ZeroDivisionError: division by zero"
    ] * 2


def test_scores_that_differ_raise_on_all():
    def fit(comm):
        return fit_scored(comm, lambda model, X, y: comm.rank / 2)

    found = errors(2, fit)
    assert all("the validation score differ from those of worker 0" in text for text in found)


def test_warning_that_a_filter_makes_an_error_raises_on_all():
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="A batch of 200 rows has 2 chunks")
        found = in_threads(3, fit_with)
    assert isinstance(found[0], UserWarning)
    assert [str(error) for error in found[1:]] == [f"Worker 0 failed: UserWarning: {found[0]}"] * 2


@pytest.mark.parametrize("name", ["warm_start", "resume"])
def test_workers_that_continue_in_other_ways_raise_one_error(name):
    def fit(comm):
        model, arguments = model_of("200", warm_start=name == "warm_start" and comm.rank == 1)
        model.fit(*arguments)
        return cmlp.distributed.fit(
            model, *arguments, comm=comm, resume=name == "resume" and comm.rank == 1
        )

    found = errors(2, fit, ValueError)
    assert (
        found
        == [f"All workers must have the same {name}, got False on worker 0 and True on worker 1."]
        * 2
    )


@pytest.mark.parametrize("task", ["fit", "epoch"])
def test_callback_of_scikit_learn_that_fails_on_one_worker_raises_on_all(task):
    pytest.importorskip("sklearn.callback")
    import cmlp.sklearn

    class Fails:
        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            if context.task_name == task:
                raise OSError("disk full")

        def on_fit_task_end(self, estimator, context):
            pass

    def fit(comm):
        model, arguments = model_of("200")
        model = cmlp.sklearn.MLPClassifier(**model.get_params())
        return cmlp.distributed.fit(
            model.set_callbacks(Fails()) if comm.rank == 1 else model, *arguments, comm=comm
        )

    found = in_threads(3, fit)
    assert isinstance(found[1], OSError)
    assert [str(error) for error in found[::2]] == ["Worker 1 failed: OSError: disk full"] * 2


class Signals:
    """A callback that sends Ctrl-C to its process some times."""

    every_batches = 2

    def __init__(self, n_signals, hook):
        self.n_signals, self.n_continued = n_signals, 0
        setattr(self, hook, self.send)

    def on_batches_end(self, trainer):
        pass

    def send(self, trainer):
        while self.n_continued < self.n_signals:
            signal.raise_signal(signal.SIGINT)
            self.n_continued += 1


@pytest.mark.parametrize("hook", ["on_fit_begin", "on_batches_end", "on_epoch_end", "on_fit_end"])
@pytest.mark.parametrize("n_signals", [1, 2])
def test_ctrl_c_waits_for_a_moment_at_which_all_workers_can_stop(alone, hook, n_signals):
    """Worker 0 is the main thread, which gets the signals. A second signal does not wait."""
    before, callback = signal.getsignal(signal.SIGINT), Signals(n_signals, hook)
    models = {}

    def fit(comm, resume=False):
        callbacks = [callback] if comm.rank == 0 and not resume else None
        models.setdefault(comm.rank, model_of("200")[0]).set_params(callbacks=callbacks)
        return digest(
            cmlp.distributed.fit(models[comm.rank], *model_of("200")[1], resume=resume, comm=comm)
        )

    found = in_threads(2, fit, main=0)
    assert isinstance(found[0], KeyboardInterrupt)
    assert isinstance(found[1], KeyboardInterrupt) or hook == "on_fit_end"  # worker 1 has finished
    assert callback.n_continued == 1
    assert signal.getsignal(signal.SIGINT) == before
    assert in_threads(2, lambda comm: fit(comm, resume=True)) == [alone("200")] * 2


class InterruptedAtMessage(QueueComm):
    """Sends Ctrl-C to the process of worker 0 before message number `at`."""

    def __init__(self, rank, size, boxes, at=None):
        super().__init__(rank, size, boxes)
        self.at, self.n_messages = at, 0

    def _count(self):
        self.n_messages += 1
        if self.n_messages == self.at:
            signal.raise_signal(signal.SIGINT)

    def Send(self, buffer, dest):
        self._count()
        super().Send(buffer, dest)

    def Recv(self, buffer, source):
        self._count()
        super().Recv(buffer, source)


@pytest.mark.parametrize("local", [False, True])
def test_ctrl_c_at_any_message_interrupts_all_and_resuming_has_the_same_bits(local):
    name = "halves" if local else "weights"
    models = {}

    def fit(comm, resume=False):
        half = slice(650 * comm.rank, 650 * comm.rank + 650) if local else slice(None)
        rows = [None if array is None else array[half] for array in model_of(name)[1]]
        model = models.setdefault(comm.rank, model_of(name)[0])
        return comm, digest(
            cmlp.distributed.fit(model, *rows, comm=comm, local=local, resume=resume)
        )

    (counted, bits), _ = in_threads(2, fit, InterruptedAtMessage, main=0)
    n_resumed = 0
    for at in range(1, counted.n_messages - 1, 5):
        models.clear()

        def of_rank(rank, size, boxes, at=at):
            return InterruptedAtMessage(rank, size, boxes, None if rank else at)

        found = in_threads(2, fit, of_rank, main=0)
        assert [type(error) for error in found] == [KeyboardInterrupt] * 2, at
        again = in_threads(2, lambda comm: fit(comm, resume=True), main=0)
        if not all(isinstance(error, NotFittedError) for error in again):  # training had begun
            assert [one[1] for one in again] == [bits] * 2, at
            n_resumed += 1
    assert n_resumed >= 8


def test_failing_loss_of_one_worker_raises_on_all():
    def fit(comm):
        rows = []

        def loss(y, output):
            rows.append(len(y))
            if comm.rank == 2 and len(rows) > 3:
                raise OSError("no loss")
            return ((output - y) ** 2).sum(axis=1), 2 * (output - y)

        loss.__qualname__ = "loss"
        return fit_with(comm, "regression", loss=loss, y_scale=None)

    found = in_threads(3, fit)
    assert isinstance(found[2], OSError)
    assert str(found[0]) == str(found[1]) == "Worker 2 failed: OSError: no loss"


def test_stop_on_one_worker_stops_all():
    class Stop:
        def on_epoch_end(self, trainer):
            trainer.stop()

    models = in_threads(2, lambda comm: fit_with(comm, callbacks=[Stop()] if comm.rank else None))
    assert [model.n_iter_ for model in models] == [1, 1]


def test_callback_that_changes_one_worker_alone_raises_on_all():
    class Slower:
        def on_epoch_end(self, trainer):
            trainer.state.optimizer.learning_rate = 0.01

    found = in_threads(2, lambda comm: fit_with(comm, callbacks=[Slower()] if comm.rank else None))
    assert "Callbacks must change them on all workers alike" in str(found[0])
    assert isinstance(found[0], WorkerError) and isinstance(found[1], ValueError)


def test_broken_communicator_raises_its_error():
    class Broken(QueueComm):
        def Bcast(self, buffer, root):
            if len(buffer) > 1000:  # the sums of a batch
                raise OSError("connection lost")
            super().Bcast(buffer, root)

    found = in_threads(2, fit_with, Broken)
    assert [str(error) for error in found] == ["connection lost"] * 2


@pytest.mark.parametrize("name", ["200", "large", "halves"])
def test_timeout_that_no_message_needs_changes_no_bit(alone, name):
    models = in_threads(3, lambda comm: digest(fitted(name, comm, timeout=60)), RequestComm)
    assert models == [alone(name)] * 3


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_workers_give_up_if_one_does_not_make_the_call(absent):
    def fit(comm):
        return None if comm.rank == absent else fitted("200", comm, timeout=0.3)

    found = in_threads(3, fit, RequestComm)
    assert found.pop(absent) is None
    for error in found:
        assert isinstance(error, WorkerError)
        assert "took longer than timeout=0.3 seconds" in str(error)


class EndsAfterSums(RequestComm):
    """Worker 1 ends without a word at the sums of the fourth batch."""

    n_sums = 0

    def Ibcast(self, buffer, root):
        if self.rank == 1 and len(buffer) > 1000:  # the sums of a batch
            self.n_sums += 1
            if self.n_sums == 4:
                raise SystemExit
        return super().Ibcast(buffer, root)


def test_workers_give_up_if_one_ends_in_an_epoch():
    """Both wait in the core: one for the sums of the worker before, one for those of all."""
    found = in_threads(3, lambda comm: fitted("200", comm, timeout=0.3), EndsAfterSums)
    assert isinstance(found[1], SystemExit)
    for error in found[::2]:
        assert isinstance(error, WorkerError)
        assert "took longer than timeout=0.3 seconds" in str(error)


@pytest.mark.parametrize("timeout", [0, -1, np.nan, np.inf, "10", True])
def test_timeout_that_is_no_positive_number_is_refused(timeout):
    with pytest.raises(ValueError, match=r"^timeout must be a positive number of seconds or None"):
        fitted("200", RequestComm(0, 2, {}), timeout=timeout)


def test_timeout_without_communicator_is_refused():
    model, arguments = model_of("200")
    with pytest.raises(ValueError, match=r"^timeout needs comm, got 5"):
        cmlp.distributed.fit(model, *arguments, timeout=5)


def test_communicator_without_requests_is_refused_for_a_timeout():
    with pytest.raises(ValueError, match=r"^comm must .* Isend, Irecv and Ibcast"):
        fitted("200", QueueComm(0, 2, {}), timeout=5)


def test_time_limit_of_worker_0_stops_all_after_the_same_batch(alone):
    models = {}

    def fit(comm):
        models[comm.rank], arguments = model_of(
            "200", max_iter=10**6, max_time=0.2 if comm.rank == 0 else 5
        )
        models[comm.rank].set_params(tol=0, n_iter_no_change=float("inf"))
        return cmlp.distributed.fit(models[comm.rank], *arguments, comm=comm)

    first, second = in_threads(2, fit)
    assert digest(first) == digest(second) and 0 < first.n_iter_ < 10**6


def test_checkpoint_resumes_with_another_number_of_workers(tmp_path, alone):
    path = tmp_path / "model.cmlp"

    def begin(comm):
        callbacks = [Checkpoint(path)] if comm.rank == 0 else None
        return fit_with(comm, "dropout", max_iter=1, callbacks=callbacks)

    in_threads(3, begin)

    def resume(comm):
        model = load(path).set_params(max_iter=3)
        return digest(cmlp.distributed.fit(model, *model_of("dropout")[1], resume=True, comm=comm))

    for size in (1, 2):
        assert in_threads(size, resume) == [alone("dropout")] * size


class InEpoch:
    """A callback that does something after the second batch of the second epoch."""

    every_batches = 2

    def __init__(self, action):
        self.action = action

    def on_batches_end(self, trainer):
        if (trainer.state.epoch, trainer.state.batch) == (1, 2):
            self.action(trainer)


def fail(trainer):
    raise OSError("disk full")


# Cases whose epoch has at least 3 batches.
IN_EPOCH = [
    name for name in DENSE if name not in ("1000", "1024", "full", "uint8", "large", "shards")
]


@pytest.mark.parametrize("name", IN_EPOCH)
def test_checkpoint_in_an_epoch_resumes_with_another_number_of_workers(tmp_path, alone, name):
    """Worker 0 saves, worker 2 fails, worker 1 has no callback."""
    path = tmp_path / "model.cmlp"

    def begin(comm):
        callbacks = [[Checkpoint(path, every_batches=2)], None, [InEpoch(fail)]][comm.rank]
        return fit_with(comm, name, callbacks=callbacks)

    def resume(comm):
        model, arguments = load(path), model_of(name)[1]
        assert (model.n_iter_, state_of(model).batch) == (1, 2)
        return digest(
            cmlp.distributed.fit(
                model, *arguments, resume=True, comm=comm, shards=CASES[name].get("shards")
            )
        )

    found = in_threads(3, begin)
    assert (
        isinstance(found[2], OSError) and [type(error) for error in found[:2]] == [WorkerError] * 2
    )
    for size in (1, 2, 4):
        assert in_threads(size, resume) == [alone(name)] * size


def test_hooks_of_different_workers_are_called_after_their_own_batches(alone):
    """The epoch has 7 batches. All workers train the same batches per call of the core."""

    class Seen:
        def __init__(self, every_batches):
            self.every_batches, self.batches = every_batches, []

        def on_batches_end(self, trainer):
            self.batches.append(trainer.state.batch)

    callbacks = [[], [Seen(2), Seen(10**30)], [Seen(3)]]
    models = in_threads(3, lambda comm: digest(fit_with(comm, callbacks=callbacks[comm.rank])))
    assert models == [alone("200")] * 3
    assert [[seen.batches for seen in own] for own in callbacks] == [
        [],
        [[2, 4, 6] * 3, []],
        [[3, 6] * 3],
    ]


def test_failing_hook_of_one_worker_raises_on_all():
    found = in_threads(
        3, lambda comm: fit_with(comm, callbacks=[InEpoch(fail)] if comm.rank == 1 else None)
    )
    assert isinstance(found[1], OSError)
    assert [str(found[i]) for i in (0, 2)] == ["Worker 1 failed: OSError: disk full"] * 2


class FailsAfterBatches(QueueComm):
    """Worker 1 has no memory for the first line that it runs after the core has trained some batches."""

    n_sums = 0

    def Bcast(self, buffer, root):
        super().Bcast(buffer, root)
        if self.rank == 1 and len(buffer) > 1000:  # the sums of a batch
            self.n_sums += 1
            if self.n_sums == 10:
                fail_in_next_line()


def fail_in_next_line():
    """Have the next line of the package's code raise MemoryError in this thread."""

    def fail(frame, event, _):
        if event == "line" and frame.f_globals["__name__"].startswith("cmlp."):
            sys.settrace(None)
            raise MemoryError("no memory")
        return fail

    frame = sys._getframe(1)
    while frame:
        frame.f_trace, frame = fail, frame.f_back
    sys.settrace(fail)


def test_failure_of_one_worker_before_its_hook_raises_on_all():
    """The others wait for it, to call their hooks."""
    found = in_threads(
        3,
        lambda comm: fit_with(comm, callbacks=[InEpoch(print)] if comm.rank == 0 else None),
        FailsAfterBatches,
    )
    assert isinstance(found[1], MemoryError)
    assert [str(found[i]) for i in (0, 2)] == ["Worker 1 failed: MemoryError: no memory"] * 2


def test_ctrl_c_in_the_hook_of_one_worker_interrupts_all_after_the_same_batch(alone):
    models = {}

    def interrupt(trainer):
        raise KeyboardInterrupt

    def fit(comm):
        models[comm.rank], arguments = model_of(
            "200", callbacks=[InEpoch(interrupt)] if comm.rank == 1 else None
        )
        return cmlp.distributed.fit(models[comm.rank], *arguments, comm=comm)

    assert all(isinstance(error, KeyboardInterrupt) for error in in_threads(3, fit))
    states = [state_of(models[rank]) for rank in range(3)]
    assert [(state.epoch, state.batch) for state in states] == [(1, 2)] * 3

    def resume(comm):
        model = models[comm.rank].set_params(callbacks=None)
        return digest(cmlp.distributed.fit(model, *model_of("200")[1], resume=True, comm=comm))

    assert in_threads(3, resume) == [alone("200")] * 3


def test_stop_in_an_epoch_on_one_worker_stops_all_after_the_epoch():
    stop = InEpoch(lambda trainer: trainer.stop())
    models = in_threads(2, lambda comm: fit_with(comm, callbacks=[stop] if comm.rank else None))
    assert [model.n_iter_ for model in models] == [2, 2]


def test_hook_that_changes_one_worker_alone_raises_on_all():
    def change(trainer):
        trainer.network.params[:] += 1

    found = in_threads(
        2, lambda comm: fit_with(comm, callbacks=[InEpoch(change)] if comm.rank else None)
    )
    assert "Callbacks must change them on all workers alike" in str(found[0])
    assert isinstance(found[0], WorkerError) and isinstance(found[1], ValueError)


def test_time_limit_that_passes_in_a_hook_stops_all_after_the_same_batch(alone):
    models = {}

    def fit(comm):
        wait = InEpoch(lambda trainer: time.sleep(0.3))
        limit = 0.3 if comm.rank == 0 else None
        models[comm.rank], arguments = model_of(
            "200", max_time=limit, callbacks=[wait] if comm.rank else None
        )
        return cmlp.distributed.fit(models[comm.rank], *arguments, comm=comm)

    in_threads(2, fit)
    states = [state_of(models[rank]) for rank in range(2)]
    assert (states[0].epoch, states[0].batch) == (states[1].epoch, states[1].batch) and states[
        0
    ].batch is not None

    def resume(comm):
        model = models[comm.rank].set_params(callbacks=None, max_time=None)
        return digest(cmlp.distributed.fit(model, *model_of("200")[1], resume=True, comm=comm))

    assert in_threads(2, resume) == [alone("200")] * 2


def test_more_workers_than_chunks_are_reported_once():
    def fit(comm):
        model, arguments = model_of("200", max_iter=2, tol=0.1)
        return cmlp.distributed.fit(model, *arguments, comm=comm)

    with warnings.catch_warnings(record=True) as caught:  # for all threads of the process
        warnings.simplefilter("always")
        in_threads(4, fit)
    found = [str(warning.message) for warning in caught if "chunks" in str(warning.message)]
    assert found == [
        "A batch of 200 rows has 2 chunks of 128 rows, so 2 of the 4 workers compute and the others wait. Use a larger "
        "batch_size or fewer workers."
    ]


def test_only_worker_0_prints(capsys):
    in_threads(3, lambda comm: fit_with(comm, verbose=True))
    assert capsys.readouterr().out.count("Iteration 1,") == 1


def test_lbfgs_is_refused():
    found = errors(2, lambda comm: fit_with(comm, solver="lbfgs"), ValueError)
    assert found == ["comm needs batches, but solver='lbfgs' has none: use another solver."] * 2


@pytest.mark.parametrize("comm", [7, QueueComm(2, 2, {}), QueueComm("0", 2, {})])
def test_object_that_is_no_communicator_is_refused(comm):
    with pytest.raises(ValueError, match=r"^comm must"):
        fitted("200", comm)
