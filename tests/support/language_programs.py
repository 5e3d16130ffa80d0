"""Checks programs in other languages: ``python tests/support/language_programs.py COMMAND...``.

The command gets the path of a model file and the cells of a row. It must print the class index and the outputs, with
enough digits for Python's bits, and fail with the library's message for a file that is cut off.
"""

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmlp import MLPClassifier, TabularClassifier, TabularRegressor

NUMBERS = np.linspace(-2, 2, 120).reshape(30, 4) ** 3
CELLS = [
    [f"{1990 + i}-0{1 + i % 9}-11", str(i / 7), ["red", "grün", "", "1"][i % 4]] for i in range(30)
]
TABLE = [
    [np.datetime64(date), float(number), word or None if word != "1" else 1]
    for date, number, word in CELLS
]
LABELS = ["no", "yes", "maybe"] * 10


class Case(NamedTuple):
    """A model file, the cells of a row as texts, and what Python predicts."""

    path: Path
    cells: list[str]
    label: int
    outputs: np.ndarray


def cases(folder):
    """Write models of each kind to a folder; return their cases."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # models of two epochs are not useful
        return list(_cases(folder))


def _cases(folder):
    for dtype in ("float32", "float64"):
        model = MLPClassifier((5,), max_iter=2, random_state=0, dtype=dtype)
        path = saved(model.fit(NUMBERS, LABELS), folder, f"{dtype}.cmlp")
        for row, outputs in zip(NUMBERS[::9], model.predict_proba(NUMBERS[::9]), strict=True):
            yield Case(
                path, [repr(float(number)) for number in row], int(np.argmax(outputs)), outputs
            )
    options = {"n_estimators": 2, "hidden_layer_sizes": (6,), "n_epochs": 2, "random_state": 0}
    classifier = TabularClassifier(**options).fit(TABLE, LABELS)
    path = saved(classifier, folder, "classifier.cmlp")
    for cells, row in zip(CELLS[:5], TABLE[:5], strict=True):
        outputs = classifier.predict_proba([row])[0]
        yield Case(path, cells, int(np.argmax(outputs)), outputs)
    regressor = TabularRegressor(**options).fit(TABLE, np.arange(30.0))
    path = saved(regressor, folder, "regressor.cmlp")
    for cells, row in zip(CELLS[:5], TABLE[:5], strict=True):
        yield Case(path, cells, -1, regressor.predict([row]))


def saved(model, folder, name):
    """Save a model; return its path."""
    path = Path(folder, name)
    model.save(path)
    return path


def check(*command):
    """Run a program with all cases, and with files that are cut off."""
    with tempfile.TemporaryDirectory() as folder:
        found = cases(folder)
        for case in found:
            done = run(*command, case.path, *case.cells)
            assert done.returncode == 0, done.stdout + done.stderr
            label, *outputs = done.stdout.split()
            assert int(label) == case.label, (case, done.stdout)
            same = np.array(list(map(float, outputs)), case.outputs.dtype)
            assert same.tobytes() == case.outputs.tobytes(), (case, done.stdout)
        content = found[0].path.read_bytes()
        for size in (1, 7, 100, len(content) - 1):
            found[0].path.write_bytes(content[:size])
            done = run(*command, found[0].path, *found[0].cells)
            assert done.returncode > 0 and "the file is truncated" in done.stderr, (size, done)
    return len(found)


def run(*command):
    """Run a command."""
    return subprocess.run([*map(str, command)], capture_output=True, text=True, encoding="utf-8")


if __name__ == "__main__":
    print(f"{check(*sys.argv[1:])} predictions with Python's bits")
