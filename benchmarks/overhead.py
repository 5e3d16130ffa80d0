"""What a small fit costs besides the core: checks, copies, objects, and the Python code of an epoch.

As a program, it prints the seconds of a fit and those of its calls of the core, or with ``warnings`` those of a fit of
one epoch with and without warnings, for the cmlp that its Python finds. So it measures an earlier version too.
"""

import functools
import importlib
import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks import data
from benchmarks.report import Ratio
from benchmarks.rounds import ONE_THREAD, versions

TITLE = "a fit outside the core: 20-16-1, 1,000 rows, 20 epochs"
COLUMNS = ["", "us per fit", "of this in the core", "the others", "/ before"]
ONE_EPOCH = "a fit of one epoch, 150 rows of 4 columns, three classes, default settings"
WITH_WARNINGS = "us of CPU time"
SAME_DATA = "checksums of the data, for resume and comm: 784-16-16-10, ten epochs, one thread"
SHARE = "% of ten epochs"
PROVENANCE = "a fit that records its provenance, one thread"


def time_the_core():
    """Have networks add up the seconds of their calls for training, and return the list that they add to.

    The estimators take the class from the bridge when they are first used. An earlier version has it elsewhere.
    """
    try:
        _core = importlib.import_module("cmlp._bridge._core")
    except ModuleNotFoundError:
        _core = importlib.import_module("cmlp._core")
    seconds = []

    def timed(method):
        def call(*arguments, **options):
            begin = time.perf_counter()
            result = method(*arguments, **options)
            seconds.append(time.perf_counter() - begin)
            return result

        return call

    methods = {
        name: timed(getattr(_core.Net, name))
        for name in ("train_epoch", "train_epochs")
        if hasattr(_core.Net, name)
    }
    _core.Net = type("TimedNet", (_core.Net,), methods)
    if hasattr(_core, "shared_net"):
        _core.shared_net = functools.lru_cache(_core.Net)
    return seconds


def work(n_fits):
    """Print the seconds of a fit and of its calls of the core, each the least of some rounds."""
    seconds = time_the_core()
    from cmlp import MLPClassifier

    warnings.simplefilter("ignore")
    X = np.random.RandomState(0).random_sample((1_000, 20)).astype(np.float32)
    y = (X[:, 0] > 0.5).astype(int)
    settings = {"max_iter": 20, "tol": 0, "n_iter_no_change": 99, "random_state": 0, "n_threads": 1}
    best = []
    for _ in range(8):
        models = [MLPClassifier((16,), **settings) for _ in range(n_fits)]
        seconds.clear()
        begin = time.perf_counter()
        for model in models:
            model.fit(X, y)
        whole, core = time.perf_counter() - begin, sum(seconds)
        best.append((whole / n_fits, core / n_fits))
    assert core, "no call of the core was timed"
    print(json.dumps(min(best, key=lambda times: times[0] - times[1])))


def time_one_epoch(n_fits):
    """Print the seconds of CPU time of a fit of one epoch with default settings, and of one with warnings ignored."""
    from cmlp import MLPClassifier

    X = np.random.RandomState(0).random_sample((150, 4))
    y = (3 * X[:, 0]).astype(int)
    times = {"default": [], "ignore": []}
    with open(os.devnull, "w") as sys.stderr:
        for _ in range(10):
            for action, seconds in times.items():
                with warnings.catch_warnings():
                    # Python shows a text once: the first fit of each round is slower.
                    warnings.simplefilter(action)
                    for _ in range(n_fits):
                        model = MLPClassifier(max_iter=1, random_state=0)
                        begin = time.process_time()
                        model.fit(X, y)
                        seconds.append(time.process_time() - begin)
    print(json.dumps([min(seconds) for seconds in times.values()]))


def measured(peer, *arguments):
    """Run this module as a program with a version of cmlp; return what it prints."""
    command = [peer.python, "-m", "benchmarks.overhead", *map(str, arguments)]
    folders = [str(Path(__file__).parents[1]), peer.python_path]
    path = os.pathsep.join(filter(None, folders))
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{peer.without_cmlp}\n{done.stderr}")
    return json.loads(done.stdout)


def in_turns(rounds, *arguments):
    """Return what each version prints in each round."""
    found = {peer.name: [] for peer in versions()}
    for _ in range(rounds):
        for peer in versions():
            found[peer.name].append(measured(peer, *arguments))
    return found


def add_to(report, short):
    """Add a table of a fit outside the core, also of an earlier version."""
    times = in_turns(3, 5 if short else 100)
    outside = {name: [whole - core for whole, core in found] for name, found in times.items()}
    rows = []
    for name, found in times.items():
        whole, core = min(found, key=lambda pair: pair[0] - pair[1])
        before = outside.get("before")
        ratio = Ratio.of_rounds(outside[name], before, min) if before else None
        rows.append([name, 1e6 * whole, 1e6 * core, 1e6 * min(outside[name]), ratio])
    report.table(TITLE, COLUMNS, rows)


def one_epoch(report, short):
    """Add a table of a fit of one epoch: what its warnings cost, also of an earlier version."""
    rows = []
    for name, times in in_turns(1 if short else 5, "warnings", 2 if short else 50).items():
        shown, ignored = zip(*times, strict=True)
        ratio = Ratio.of_rounds(shown, ignored, min)
        rows.append([name, 1e6 * min(shown), 1e6 * min(ignored), ratio])
    report.table(ONE_EPOCH, ["", WITH_WARNINGS, "warnings ignored", "ratio"], rows)


def checksums(report, short):
    """Add a table of the time that a fit takes to compute the checksums of its rows."""
    from cmlp import MLPClassifier
    from cmlp._data.checksums import block_checksums, stored_dtype

    pixels, y, source = data.images(1_000 if short else 60_000)
    settings = {"max_iter": 10, "tol": 0, "n_iter_no_change": 99, "random_state": 0, "n_threads": 1}
    rows = []
    for X, scale in ((pixels, 1 / 255), (np.float32(pixels) / 255, 1.0)):
        kinds, times = [stored_dtype(X), stored_dtype(y)], []
        model = MLPClassifier((16, 16), input_scale=scale, **settings)
        for _ in range(2 if short else 7):
            begin = time.process_time()
            block_checksums([X, y], kinds)
            middle = time.process_time()
            model.fit(X, y)
            times.append((middle - begin, time.process_time() - middle))
        one, ten = (min(column) for column in zip(*times, strict=True))
        rows.append(
            [
                f"{X.dtype}, {X.nbytes >> 20} MB",
                1e3 * one,
                1e3 * (ten - one),
                100 * one / (ten - one),
            ]
        )
    report.note(images=source)
    report.table(SAME_DATA, ["", "ms of CPU time", "ten epochs, ms", SHARE], rows)


def provenance(report, short):
    """Add a table of the time that a fit takes to record its provenance."""
    from cmlp import MLPClassifier

    pixels, y, source = data.images(1_000 if short else 60_000)
    few = np.random.RandomState(0).random_sample((1_000, 20)).astype(np.float32)
    settings = {
        "tol": 0,
        "n_iter_no_change": 999,
        "random_state": 0,
        "n_threads": 1,
        "batch_size": 100,
    }
    cases = [
        (
            "60,000 images, 784-16-16-10, 20 epochs",
            pixels,
            y,
            (16, 16),
            {"input_scale": 1 / 255, "max_iter": 20},
        ),
        (
            "60,000 images, 784-100-10, 20 epochs",
            pixels,
            y,
            (100,),
            {"input_scale": 1 / 255, "max_iter": 20},
        ),
        (
            "1,000 rows, 20-16-1, 200 epochs",
            few,
            (few[:, 0] > 0.5).astype(int),
            (16,),
            {"max_iter": 200},
        ),
        (
            "1,000 rows, 20-300-300-1, 50 epochs",
            few,
            (few[:, 0] > 0.5).astype(int),
            (300, 300),
            {"max_iter": 50},
        ),
    ]
    # The modules that a record needs are loaded before the first round.
    MLPClassifier(4, provenance=True, **settings, max_iter=1).fit(few, few[:, 0] > 0.5)
    rows = []
    for name, X, targets, hidden, own in cases:
        times = {}
        for recorded in (False, True) * (1 if short else 5):
            begin = time.process_time()
            MLPClassifier(hidden, provenance=recorded, **settings, **own).fit(X, targets)
            times.setdefault(recorded, []).append(time.process_time() - begin)
        without, with_record = times[False], times[True]
        ratio = Ratio.of_rounds(with_record, without, min)
        rows.append([name, 1e3 * min(without), 1e3 * min(with_record), ratio])
    report.note(images=source)
    report.table(PROVENANCE, ["", "ms of CPU time", "with the record", "/ without"], rows)


if __name__ == "__main__":
    if sys.argv[1] == "warnings":
        time_one_epoch(int(sys.argv[2]))
    else:
        work(int(sys.argv[1]))
