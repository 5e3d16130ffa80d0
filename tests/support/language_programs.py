"""Checks programs in other languages: ``python tests/support/language_programs.py COMMAND...``.

The command gets the path of a model file and the cells of a row. It must print the class index and the outputs, with
enough digits for Python's bits, and fail with the library's message for a file that is cut off.

``--write FOLDER`` writes the model files, and cases.tsv for the tests of packages. A line has the name of a file, the
label, the outputs, the ends of intervals, the labels of the set with a coverage of 0.8 and those of the set by class,
how far the columns are outside, and the cells of a row. If a row can have several labels, "01" in the place of a
label's set has both outcomes, no and yes, and "1" only yes. A line of reasons.tsv has the name of a file, the number
of evaluations, the seed, the base values, the Shapley values and their errors, output after output, and the cells of a
row. A line of refused.tsv has the name of a file, an option and its number, the names of the cells (none
for a row in order), of the error the code, the column, the cell and the beginning of the sentence, and the cells. A
line of damaged.tsv has the name of a file, the bytes that are read of it, the place of a byte that is replaced by its
complement or -1, and the beginning of the code.
"""

import itertools
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import cmlp
from cmlp import MLPClassifier, TabularClassifier, TabularRegressor

NUMBERS = np.linspace(-2, 2, 120).reshape(30, 4) ** 3
CELLS = [
    [f"{1990 + i}-0{1 + i % 9}-11", str(i / 7), ["red", "grün", "", "1"][i % 4]] for i in range(30)
]
TABLE = [
    [np.datetime64(date), float(number), word or None if word != "1" else 1]
    for date, number, word in CELLS
]
FRAME = pd.DataFrame(TABLE, columns=["day", "size", "colour"])
# Two rows of which each column is outside of training, some of training, and others.
ROWS = [["2031-05-06", "-2.5", "blue"], ["1970-01-01", "", "blue"], *CELLS[:5]]
ROWS += [[f"{1980 + i}-11-{1 + i % 28:02}", str(i / 9), CELLS[i * i % 7][2]] for i in range(92)]
SOME = pd.DataFrame(
    [
        [np.datetime64(day), float(size or "nan"), word or None if word != "1" else 1]
        for day, size, word in ROWS
    ],
    columns=FRAME.columns,
)
N_CHECKED = 7  # rows of each model for programs, which start once for each row
LABELS = ["no", "yes", "maybe"] * 10
SEVERAL = np.arange(30)[:, np.newaxis] % (2, 5, 10) < 1  # labels, of which a row can have several
COVERAGE = 0.8
# The models with rows to compare with, and how they are explained: by all sets of columns, and by permutations.
EXPLAINED = {"classifier": 8, "regressor": 8}
EVALUATIONS = ((0, 0), (40, 7))


# Rows that a package refuses, with the code, the column, the cell and the beginning of the sentence.
REFUSED = [
    (
        "classifier",
        "",
        "day size",
        "COLUMNS",
        "colour",
        "",
        'the row has no column "colour"',
        "",
        "1",
    ),
    (
        "classifier",
        "",
        "day size colour shape",
        "COLUMNS",
        "shape",
        "",
        'the model has no column "shape"',
        "",
        "1",
        "",
        "2",
    ),
    (
        "classifier",
        "",
        "colour size day",
        "CELL",
        "size",
        "large",
        'column "size" cannot hold "large": ',
        "red",
        "large",
        "",
    ),
    (
        "classifier",
        "",
        "",
        "CELL",
        "day",
        "never",
        'column "day" cannot hold "never": ',
        "never",
        "1",
        "red",
    ),
    ("classifier", "", "", "ROWS", "", "", "a row has 3 cells, got 1", "1"),
    ("classifier", "coverage 1.5", "", "OPTION", "", "", "answer->coverage: ", "", "1", ""),
    (
        "classifier",
        "evaluations 5",
        "",
        "OPTION",
        "",
        "",
        "n_evaluations must be 0 or at least 6, got 5",
        "",
        "1",
        "",
    ),
    (
        "targets",
        "evaluations 0",
        "",
        "NOT_FOUND",
        "",
        "",
        "the model has no rows to compare with: keep_background",
        "",
        "1",
        "",
    ),
    (
        "float32",
        "",
        "a b c d",
        "NOT_FOUND",
        "",
        "",
        "the model has no names of columns",
        "1",
        "2",
        "3",
        "4",
    ),
    ("float32", "", "", "CELL", "1", "", 'column "1" cannot hold ""', "1", "", "3", "4"),
    ("float32", "", "", "CELL", "2", "x", 'column "2" cannot hold "x"', "1", "2", "x", "4"),
    ("float32", "coverage 0.8", "", "MODEL_KIND", "", "", "", "1", "2", "3", "4"),
    ("float32", "evaluations 0", "", "MODEL_KIND", "", "", "", "1", "2", "3", "4"),
]


class Case(NamedTuple):
    """A model file, the cells of a row as texts, and what Python predicts."""

    path: Path
    cells: list[str]
    label: int
    outputs: np.ndarray
    classes: Sequence[str] = ()
    ends: np.ndarray = np.empty(0)
    members: Sequence[str] = ()
    by_class: Sequence[str] = ()
    outside: np.ndarray = np.empty(0)


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
            cells = [repr(float(number)) for number in row]
            yield Case(path, cells, int(np.argmax(outputs)), outputs, model.classes_)
    options = {"n_estimators": 2, "hidden_layer_sizes": (6,), "n_epochs": 2}
    # Sets with a gap, and ordered ones that have none.
    for name, seed, order in (("classifier", 1, False), ("ordered", 0, ["no", "maybe", "yes"])):
        classifier = TabularClassifier(
            **options, random_state=seed, ordered=order, keep_background=EXPLAINED.get(name, 0)
        )
        classifier.fit(FRAME, LABELS)
        path = saved(classifier.calibrate(FRAME, LABELS), folder, f"{name}.cmlp")
        classes = list(classifier.classes_)
        indices = [classes.index(label) for label in classifier.predict(SOME)]
        found = [classifier.predict_proba(SOME), *sets_of(classifier, classifier.classes_)]
        outside = classifier.outside(SOME)
        for cells, index, outputs, *sets, far in zip(ROWS, indices, *found, outside, strict=True):
            yield Case(path, cells, index, outputs, classes, np.empty(0), *sets, outside=far)
    several = TabularClassifier(**options, random_state=0)
    several.fit(FRAME, SEVERAL).calibrate(FRAME, SEVERAL)
    path = saved(several, folder, "multilabel.cmlp")
    found = [several.predict_proba(SOME), *sets_of(several, "01"), several.outside(SOME)]
    for cells, outputs, *sets, far in zip(ROWS, *found, strict=True):
        outcomes = [["".join(of_label) for of_label in members] for members in sets]
        yield Case(path, cells, -1, outputs, (), np.empty(0), *outcomes, outside=far)
    targets = np.arange(60.0).reshape(30, 2) % 7
    for name, y in (("regressor", np.arange(30.0)), ("targets", targets)):
        keep = EXPLAINED.get(name, 0)
        regressor = TabularRegressor(**options, random_state=0, keep_background=keep)
        regressor.fit(FRAME, y).calibrate(FRAME, y)
        path = saved(regressor, folder, f"{name}.cmlp")
        found = regressor.predict(SOME), regressor.predict_interval(SOME, COVERAGE)
        outside = regressor.outside(SOME)
        for cells, outputs, ends, far in zip(ROWS, *found, outside, strict=True):
            yield Case(path, cells, -1, np.atleast_1d(outputs), ends=ends, outside=far)


def sets_of(model, names):
    """Return the names of what is in the sets of each row, for all rows together and by class."""
    for by_class in (False, True):
        sets = model.predict_set(SOME, COVERAGE, by_class=by_class)
        yield [named(row, names) for row in sets]


def named(is_in, names):
    """Return the names of what is in a set, or in each of some sets."""
    if is_in.ndim > 1:
        return [named(one, names) for one in is_in]
    return [name for name, is_member in zip(names, is_in, strict=True) if is_member]


def write(folder):
    """Write the models and their cases to a folder, which need not exist."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with Path(folder, "cases.tsv").open("w", encoding="utf-8", newline="\n") as stream:
        for case in cases(folder):
            label = "" if case.label < 0 else case.classes[case.label]
            parts = case.outputs, case.ends, case.outside
            outputs, ends, outside = (" ".join(map(str, part.ravel().tolist())) for part in parts)
            members, by_class = " ".join(case.members), " ".join(case.by_class)
            outside = outside.replace("nan", "NaN")  # which all languages read
            sets = [members, by_class]
            fields = [case.path.name, label, outputs, ends, *sets, outside, *case.cells]
            print(*fields, sep="\t", file=stream)
    with Path(folder, "refused.tsv").open("w", encoding="utf-8", newline="\n") as stream:
        for name, option, names, code, *fields in REFUSED:
            line = f"{name}.cmlp", option, names, f"CMLP_ERROR_{code}", *fields
            print(*line, sep="\t", file=stream)
    with Path(folder, "damaged.tsv").open("w", encoding="utf-8", newline="\n") as stream:
        size = Path(folder, "regressor.cmlp").stat().st_size
        for n in (0, 1, 7, 100, size - 1):
            print("regressor.cmlp", n, -1, "CMLP_ERROR_FILE_SHORT", sep="\t", file=stream)
        for place in range(0, size, 97):
            print("regressor.cmlp", size, place, "CMLP_ERROR_FILE_", sep="\t", file=stream)
    with Path(folder, "reasons.tsv").open("w", encoding="utf-8", newline="\n") as stream:
        for fields in reasons(folder):
            print(*fields, sep="\t", file=stream)


def reasons(folder):
    """Yield the fields of reasons.tsv: the explanations of the models in a folder."""
    for name, (evaluations, seed) in itertools.product(EXPLAINED, EVALUATIONS):
        path = Path(folder, f"{name}.cmlp")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a missing value, which training did not have
            found = cmlp.load(path).explain(
                SOME[:N_CHECKED], n_evaluations=evaluations or None, random_state=seed
            )
        for cells, *parts in zip(ROWS[:N_CHECKED], found.values, found.errors, strict=True):
            numbers = found.base_values, *(part.T for part in parts)
            texts = (" ".join(map(str, np.ravel(part).tolist())) for part in numbers)
            yield path.name, evaluations, seed, *texts, *cells


def saved(model, folder, name):
    """Save a model; return its path."""
    path = Path(folder, name)
    model.save(path)
    return path


def check(*command):
    """Run a program with all cases, and with files that are cut off."""
    with tempfile.TemporaryDirectory() as folder:
        found = cases(folder)
        groups = itertools.groupby(found, key=lambda case: case.path)
        found = [case for _, own in groups for case in list(own)[:N_CHECKED]]
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
    if sys.argv[1] == "--write":
        sys.exit(write(sys.argv[2]))
    print(f"{check(*sys.argv[1:])} predictions with Python's bits")
