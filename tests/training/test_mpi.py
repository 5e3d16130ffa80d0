"""Training on several processes with MPI: real processes, started by mpiexec."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import recorded_fits
from helpers import DEADLOCK
from internals import state_of
from optional import package
from worker_cases import CASES, DENSE, digest, fitted, model_of

from cmlp import load

mpi4py = package("mpi4py")
worker_cases = Path(__file__).parents[1] / "support/worker_cases.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*(converged yet|chunks of 128)"),
]

# Open MPI: more processes than processors, and root in a container.
ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
}


def launcher():
    """Return the mpiexec of the environment that has mpi4py, or the system's."""
    for folder in (Path(sys.executable).parent, Path(mpi4py.__file__).parents[4] / "bin"):
        if (folder / "mpiexec").exists():
            return str(folder / "mpiexec")
    found = shutil.which("mpiexec")
    return found or pytest.skip("needs mpiexec, for example of the package mpich")


def mpi(size, *arguments, **options):
    """Start a program on several processes and wait for its end."""
    command = [launcher(), "-n", str(size), sys.executable, "-m", "mpi4py", *map(str, arguments)]
    libraries = [
        str(Path(command[0]).parents[1] / "lib"),
        *filter(None, [os.environ.get("LD_LIBRARY_PATH")]),
    ]
    environment = {**os.environ, **ENVIRONMENT, "LD_LIBRARY_PATH": ":".join(libraries)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=DEADLOCK, env=environment, **options
    )


@pytest.fixture(scope="module")
def alone():
    return {name: digest(fitted(name)) for name in DENSE}


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_any_number_of_processes_has_the_bits_of_one(alone, size):
    done = mpi(size, worker_cases, *DENSE)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert lines == {name: " ".join([alone[name]] * size) for name in DENSE}


@pytest.mark.parametrize("size", [1, 2, 3])
def test_any_number_of_processes_records_a_fit_of_the_bits_of_one(size):
    done = mpi(size, worker_cases.parent / "recorded_fits.py")
    assert done.returncode == 0, done.stderr
    expected = [
        recorded_fits.hashes_of_weights(recorded_fits.fitted(name)) for name in recorded_fits.CASES
    ]
    assert json.loads(done.stdout) == [expected] * size


PROGRAM = """
import os, signal, sys, warnings
import numpy as np
from mpi4py import MPI
sys.path.insert(0, {support!r})
from internals import state_of
from worker_cases import model_of, digest
import cmlp
from cmlp.callbacks import Checkpoint
warnings.simplefilter("ignore")
comm = MPI.COMM_WORLD

def show(text):
    texts = comm.gather(str(text))
    if texts:
        print(*texts, sep="\\n", flush=True)
"""


def program(tmp_path, text):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.format(support=str(worker_cases.parent)) + text, encoding="utf-8")
    return path


def test_exception_on_one_process_ends_the_job(tmp_path):
    text = """
class Fails:
    def on_epoch_end(self, trainer):
        raise OSError("disk full")

model, arguments = model_of("200", callbacks=[Fails()] if comm.rank == 1 else None)
cmlp.distributed.fit(model, *arguments, comm=comm)
"""
    done = mpi(3, program(tmp_path, text))
    assert done.returncode != 0
    assert "disk full" in done.stderr


def test_processes_that_disagree_end_with_one_error(tmp_path):
    text = """
model, arguments = model_of("200", alpha=0.1 * comm.rank)
try:
    cmlp.distributed.fit(model, *arguments, comm=comm)
except ValueError as error:
    show(error)
"""
    done = mpi(3, program(tmp_path, text))
    message = "All workers must have the same alpha, got 0.0 on worker 0 and 0.1 on worker 1."
    assert (done.returncode, done.stdout.splitlines()) == (0, [message] * 3), done.stderr


@pytest.mark.parametrize("size", [2, 3])
def test_one_other_label_feature_or_weight_on_a_process_is_found(tmp_path, size):
    text = """
model, (X, y, weight) = model_of("weights")
last = comm.rank == comm.size - 1
for name, row in (("X", 0), ("X", 777), ("y", 1299), ("sample_weight", 1024), ("X_val", 40), (None, 0)):
    arrays = {"X": X, "y": y, "sample_weight": weight, "X_val": X[:50], "y_val": y[:50]}
    if last and name:
        arrays[name] = arrays[name].copy()
        arrays[name][row] = 1 - arrays[name][row] if name == "y" else 0.5 * arrays[name][row] + 0.25
    try:
        cmlp.distributed.fit(model, **arrays, comm=comm)
        show(digest(model))
    except ValueError as error:
        show(error)
"""
    done = mpi(size, program(tmp_path, text))
    assert done.returncode == 0, done.stderr
    names = {"X": 777, "y": 1299, "sample_weight": 1024, "X_val": 40}
    arrays = [("X", 0), *names.items()]
    text = "All workers must have the same data, but row {} of {} on worker {} differs from that on worker 0."
    expected = [text.format(row, name, size - 1) for name, row in arrays for _ in range(size)]
    model, (X, y, weight) = model_of("weights")
    alone = digest(model.fit(X, y, weight, X_val=X[:50], y_val=y[:50]))
    assert done.stdout.splitlines() == [*expected, *[alone] * size]


def test_one_other_row_of_a_file_is_found_when_a_fit_resumes(tmp_path, alone):
    """The processes have their own rows: no other process can compare them with those of the first call."""
    text = f"""
model, (X, y, weight) = model_of("halves", max_iter=1)
model.fit(X, y, weight, shards=(650, 650))
own = slice(0, 650) if comm.rank == 0 else slice(650, 1300)
for change in (1, 0):
    np.save({str(tmp_path)!r} + f"/X-{{comm.rank}}.npy", X[own])
    rows = np.load({str(tmp_path)!r} + f"/X-{{comm.rank}}.npy", mmap_mode="r+")
    rows[333, 7] += change * comm.rank
    try:
        model.set_params(max_iter=3)
        cmlp.distributed.fit(model, rows, y[own], weight[own], comm=comm, local=True, resume=True)
        show(digest(model))
    except ValueError as error:
        show(str(error)[:60])
"""
    done = mpi(2, program(tmp_path, text))
    message = "The data differ from those with which the training began: "
    assert done.returncode == 0, done.stderr
    first, second, *same = done.stdout.splitlines()
    assert (
        first.startswith(message) and second.startswith(message) and same == [alone["halves"]] * 2
    )


def test_killed_process_ends_the_job_and_resuming_has_the_same_bits(tmp_path, alone):
    """The job ends within 5 s of the kill; the file `killed` has its time."""
    path = tmp_path / "model.cmlp"
    text = f"""
class Killed:
    def on_epoch_end(self, trainer):
        if comm.rank == 1 and trainer.last_epoch.number == 2:
            open({str(tmp_path / "killed")!r}, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)

model, arguments = model_of("dropout", callbacks=[Checkpoint({str(path)!r})] if comm.rank == 0 else [Killed()])
cmlp.distributed.fit(model, *arguments, comm=comm)
"""
    done = mpi(2, program(tmp_path, text))
    assert done.returncode != 0
    assert time.time() - (tmp_path / "killed").stat().st_mtime < 5
    resume = f"""
model = cmlp.load({str(path)!r})
cmlp.distributed.fit(model.set_params(callbacks=None), *model_of("dropout")[1], resume=True, comm=comm)
show(digest(model))
"""
    done = mpi(3, program(tmp_path, resume))
    assert done.stdout.splitlines() == [alone["dropout"]] * 3, done.stderr


def test_timeout_that_no_message_needs_changes_no_bit(tmp_path, alone):
    text = """
from worker_cases import fitted
for name in ("200", "halves"):
    show(digest(fitted(name, comm, timeout=100)))
"""
    done = mpi(3, program(tmp_path, text))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [alone["200"]] * 3 + [alone["halves"]] * 3


def test_process_that_hangs_ends_the_job_after_the_timeout(tmp_path):
    text = """
class Hangs:
    def on_epoch_end(self, trainer):
        if trainer.last_epoch.number == 2:
            os.kill(os.getpid(), signal.SIGSTOP)

model, arguments = model_of("200", callbacks=[Hangs()] if comm.rank == 1 else None)
cmlp.distributed.fit(model, *arguments, comm=comm, timeout=2)
"""
    done = mpi(3, program(tmp_path, text))
    assert done.returncode != 0
    assert "took longer than timeout=2 seconds" in done.stderr


@pytest.mark.parametrize("name", ["200", "halves"])
def test_process_that_is_killed_in_an_epoch_resumes_from_it_with_the_same_bits(
    tmp_path, alone, name
):
    """Worker 1 is killed after the second batch of the second epoch; its own callback is called after every batch."""
    path = tmp_path / "model.cmlp"
    shards = CASES[name].get("shards")
    text = f"""
class Killed:
    every_batches = 1

    def on_batches_end(self, trainer):
        if (trainer.state.epoch, trainer.state.batch) == (1, 3):
            os.kill(os.getpid(), signal.SIGKILL)

save = Checkpoint({str(path)!r}, every_batches=2)
model, arguments = model_of({name!r}, callbacks=[[save], [Killed()], None][comm.rank])
cmlp.distributed.fit(model, *arguments, comm=comm, shards={shards})
"""
    assert mpi(3, program(tmp_path, text)).returncode != 0
    state = state_of(load(path))
    assert (state.epoch, state.batch) == (1, 2)
    resume = f"""
model = cmlp.load({str(path)!r})
show(digest(cmlp.distributed.fit(model, *model_of({name!r})[1], resume=True, comm=comm, shards={shards})))
"""
    for size in (2, 4):
        done = mpi(size, program(tmp_path, resume))
        assert done.stdout.splitlines() == [alone[name]] * size, done.stderr


@pytest.mark.parametrize("size", [2, 4])
def test_processes_with_rows_of_their_own_have_the_bits_of_one(tmp_path, size):
    text = """
model, (X, y, _) = model_of("weights")
model.set_params(batch_size=512)
n = 1300 // comm.size
rows = slice(n * comm.rank, n * (comm.rank + 1))
shards = [n * comm.size // 4] * (4 // comm.size)
show(digest(cmlp.distributed.fit(model, X[rows], y[rows], comm=comm, local=True, shards=shards)))
"""
    model, (X, y, _) = model_of("weights")
    expected = digest(model.set_params(batch_size=512).fit(X, y, shards=[325] * 4))
    done = mpi(size, program(tmp_path, text))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [expected] * size


@pytest.mark.parametrize("counts", [(1, 3), (1, 2, 1)])
def test_processes_with_unequal_numbers_of_shards_learn_the_scale_together(tmp_path, counts):
    text = f"""
counts = {counts}
model, (X, y, _) = model_of("weights")
model.set_params(batch_size=512, input_scale="standard")
n = counts[comm.rank]
first = 325 * sum(counts[:comm.rank])
rows = slice(first, first + 325 * n)
show(digest(cmlp.distributed.fit(model, X[rows], y[rows], comm=comm, local=True, shards=[325] * n)))
"""
    model, (X, y, _) = model_of("weights")
    model.set_params(batch_size=512, input_scale="standard")
    expected = digest(model.fit(X, y, shards=[325] * 4))
    done = mpi(len(counts), program(tmp_path, text))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [expected] * len(counts)


def test_targets_may_be_in_mapped_files(tmp_path):
    text = f"""
model, (X, y, _) = model_of("regression")
model.set_params(batch_size=256)
path = {str(tmp_path)!r} + f"/y-{{comm.rank}}.npy"
rows = slice(650 * comm.rank, 650 * (comm.rank + 1))
np.save(path, y[rows])
show(digest(cmlp.distributed.fit(model, X[rows], np.load(path, mmap_mode="r"), comm=comm, local=True)))
"""
    model, (X, y, _) = model_of("regression")
    expected = digest(model.set_params(batch_size=256).fit(X, y, shards=[650] * 2))
    done = mpi(2, program(tmp_path, text))
    assert (done.returncode, done.stdout.split()) == (0, [expected] * 2), done.stderr


def test_signal_on_one_process_ends_all_after_the_same_epoch(tmp_path):
    """The signal comes while the validation score is computed, before this process has recorded the epoch."""
    text = """
def scoring(model, X, y):
    calls.append(None)
    if comm.rank == 1 and len(calls) == 2:
        signal.raise_signal(signal.SIGINT)
    return 0.5

calls = []
model, (X, y, _) = model_of("200", scoring=scoring)
arguments = {"X_val": X[:100], "y_val": y[:100], "comm": comm}
try:
    cmlp.distributed.fit(model, X, y, **arguments)
except KeyboardInterrupt:
    show(model.n_iter_)
show(digest(cmlp.distributed.fit(model, X, y, resume=True, **arguments)))
"""
    model, (X, y, _) = model_of("200", scoring=lambda model, X, y: 0.5)
    expected = digest(model.fit(X, y, X_val=X[:100], y_val=y[:100]))
    done = mpi(3, program(tmp_path, text))
    assert (done.returncode, done.stdout.split()) == (0, ["2"] * 3 + [expected] * 3), done.stderr


def test_signal_during_an_epoch_ends_all_after_the_same_batch(tmp_path):
    """The loss sends the signal in the second epoch. The core finds it after a batch, 20 ms later at the earliest."""
    text = """
import time
size = {"hidden_layer_sizes": (300, 200), "batch_size": 130}

def loss(y, output):
    calls.append(None)
    if comm.rank == 1 and len(calls) == 13:
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.05)
    return ((output - y) ** 2).sum(axis=1), 2 * (output - y)

calls = [None] * 99
whole, arguments = model_of("regression", loss=loss, y_scale=None, **size)
cmlp.distributed.fit(whole, *arguments, comm=comm)
calls = []
model, arguments = model_of("regression", loss=loss, y_scale=None, **size)
try:
    cmlp.distributed.fit(model, *arguments, comm=comm)
except KeyboardInterrupt:
    show((model.n_iter_, state_of(model).batch))
show(digest(cmlp.distributed.fit(model, *arguments, comm=comm, resume=True)) == digest(whole))
"""
    done = mpi(2, program(tmp_path, text))
    assert done.returncode == 0, done.stderr
    first, second, *same = done.stdout.splitlines()
    assert first == second == "(1, 2)" and same == ["True"] * 2
