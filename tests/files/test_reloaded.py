"""`cmlp.Reloaded` has the newest good model of a file, whatever becomes of the path."""

import builtins
import os
import pickle
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from helpers import assert_same_bits

import cmlp
from cmlp.exceptions import ModelFormatError, ReloadWarning

QUICK = {"hidden_layer_sizes": (3,), "max_iter": 1}
X = np.random.RandomState(0).uniform(-1, 1, (40, 3))
Y = X[:, 0] > 0


def saved(path, model):
    """Save a model as a trainer does, by renaming, and return it."""
    model.save(path)
    return model


def classifier(seed, X=X, y=Y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cmlp.MLPClassifier(**QUICK, random_state=seed).fit(X, y)


def outputs(model):
    return model.predict_proba(X)


@pytest.fixture
def path(tmp_path):
    saved(tmp_path / "model.cmlp", classifier(0))
    return tmp_path / "model.cmlp"


@pytest.mark.parametrize("mmap", [False, True])
def test_a_file_that_is_replaced_is_loaded_once(path, mmap, monkeypatch):
    monkeypatch.chdir(path.parent)
    served = cmlp.Reloaded(path.name, mmap=mmap)
    first = served.model
    assert served.model is first
    other = saved(path, classifier(1))
    second = served.model
    assert second is served.model is not first
    assert_same_bits(outputs(second), outputs(other))
    assert_same_bits(outputs(first), outputs(classifier(0)))
    monkeypatch.chdir("/")
    assert served.model is second
    twin = pickle.loads(pickle.dumps(served))
    assert repr(twin) == repr(served) == f"Reloaded({os.fspath(path)!r}, mmap={mmap})"
    assert_same_bits(outputs(twin.model), outputs(other))


def truncated(path):
    path.write_bytes(path.read_bytes()[:100])


def network_of(X, y=Y):
    return lambda path: saved(path, classifier(2, X, y))


BAD = {
    "nothing": (os.remove, "No such file"),
    "truncated": (truncated, "cannot be loaded: "),
    "empty": (lambda path: path.write_bytes(b""), "cannot be loaded: "),
    "class": (
        lambda path: saved(path, cmlp.Network([3, 3, 2])),
        "class 'Network' instead of 'MLPClassifier'",
    ),
    "columns": (network_of(X[:, :2]), "columns 2 instead of 3"),
    "classes": (
        network_of(X, np.where(Y, "b", "a")),
        r"classes \('binary', \['a', 'b'\]\) instead",
    ),
    "more classes": (network_of(X, np.arange(40) % 3), r"'multiclass', \[0, 1, 2\]"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_read_once_and_the_good_model_stays(path, name):
    spoil, words = BAD[name]
    served = cmlp.Reloaded(path)
    good = served.model
    spoil(path)
    with pytest.warns(
        ReloadWarning, match=f"model.cmlp has changed, and the model before.*{words}"
    ):
        assert served.model is good
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert served.model is good
    other = saved(path, classifier(3))
    assert_same_bits(outputs(served.model), outputs(other))


def test_a_warning_that_is_an_error_keeps_the_model_too(path):
    served = cmlp.Reloaded(path)
    good = served.model
    truncated(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ReloadWarning):
            _ = served.model
        assert served.model is good


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": ["a", "c"]}, r"columns \[\('a', 'number'\), \('c', 'number'\)\] instead"),
        ({"text": True}, r"\('b', 'category'\)\] instead of"),
        ({"targets": "fg"}, r"outputs \['f', 'g'\] instead of 1"),
    ],
)
def test_tables_are_compared_by_columns_with_types_and_by_targets(tmp_path, change, words):
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "table.cmlp"

    def table(columns=("a", "b"), text=False, targets=None):
        frame = pandas.DataFrame(X[:, :2], columns=list(columns))
        if text:
            frame["b"] = np.where(Y, "yes", "no")
        y = X[:, 0] if targets is None else pandas.DataFrame(X[:, :2], columns=list(targets))
        model = cmlp.TabularRegressor(
            hidden_layer_sizes=(2,), n_epochs=1, n_estimators=1, random_state=0
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return saved(path, model.fit(frame, y))

    table()
    served = cmlp.Reloaded(path)
    good = served.model
    table(**change)
    with pytest.warns(ReloadWarning, match=words):
        assert served.model is good


def test_the_first_file_must_be_good(path):
    truncated(path)
    with pytest.raises(ModelFormatError, match=r"model\.cmlp cannot be loaded"):
        cmlp.Reloaded(path)
    with pytest.raises(FileNotFoundError):
        cmlp.Reloaded(path.with_name("none.cmlp"))


WORKER = """
import sys, time, warnings
import numpy as np, cmlp
path, seconds = sys.argv[1], float(sys.argv[2])
warnings.simplefilter("always")
served, X = cmlp.Reloaded(path, mmap=True), np.eye(3, dtype=np.float32)
print("ready", flush=True)
seen, end = {}, time.monotonic() + seconds
while time.monotonic() < end:
    model = served.model
    seen[model.predict_proba(X).tobytes().hex()] = None
print(*seen)
"""


def test_four_workers_answer_while_files_change(path):
    X = np.eye(3, dtype=np.float32)
    good = [classifier(seed) for seed in range(5)]
    command = [sys.executable, "-W", "ignore", "-c", WORKER, path, "3"]
    workers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 4
    ended = threading.Event()
    threading.Timer(1.5, ended.set).start()
    k = 0
    while not ended.wait(0.02):
        k += 1
        if k % 3 == 0:
            path.unlink()
        elif k % 3 == 1:
            saved(path, good[k % 5])
        else:
            other = path.with_name("other")
            other.write_bytes(b"cmlp" * k)
            other.replace(path)
    saved(path, good[4])
    known = {model.predict_proba(X).tobytes().hex() for model in good}
    for worker in workers:
        out, said = worker.communicate(timeout=60)
        answers = out.split()
        assert worker.returncode == 0 and "Traceback" not in said
        assert set(answers) <= known and len(answers) > 1
        assert answers[-1] in known and said.count("ReloadWarning") > 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_that_is_forked_while_a_thread_loads_loads_for_itself(path, monkeypatch):
    served = cmlp.Reloaded(path)
    saved(path, classifier(1))
    begun, may_end = threading.Event(), threading.Event()
    original = builtins.open

    def slow(*given, **options):
        begun.set()
        assert may_end.wait(60)
        return original(*given, **options)

    monkeypatch.setattr(builtins, "open", slow)
    thread = threading.Thread(target=lambda: served.model)
    thread.start()
    assert begun.wait(60)
    monkeypatch.setattr(builtins, "open", original)
    before = served.model  # of another thread, without waiting
    child = os.fork()
    if not child:
        os._exit(0 if served.model is not before else 1)
    may_end.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert served.model is not before
