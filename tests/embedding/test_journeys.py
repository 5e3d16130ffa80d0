"""What programs do with the library: ten programs, as C99, C11 and C++17, by each compiler, with all warnings.

Each program checks itself; what it prints is compared with Python.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from bad_files import good_files
from c_build import COMPILER, HEADER, run
from c_header import header_statuses, listed_statuses
from helpers import DEADLOCK
from hostile_files import FILES

import cmlp

FOLDER = Path(__file__).parents[1] / "consumers/journeys"
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror"]
CXX = shutil.which(os.environ.get("CXX", "c++"))
LANGUAGES = {
    "c99": [COMPILER, "-std=c99"],
    "c11": [COMPILER, "-std=c11"],
    "c++17": [CXX, "-std=c++17", "-xc++"],
    "clang c11": [shutil.which("clang"), "-std=c11"],
    "clang c++17": [shutil.which("clang++"), "-std=c++17", "-xc++"],
}
ROWS = np.random.default_rng(1).random((20, 4)).astype(np.float32)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32" or not COMPILER, reason="needs cc and POSIX"),
    pytest.mark.skipif(not FOLDER.exists(), reason="the programs are in the source tree only"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("journeys")


@pytest.fixture(scope="module")
def classifier(folder):
    model = cmlp.MLPClassifier((6,), dtype="float32", max_iter=5, random_state=0)
    with pytest.warns(UserWarning, match="Stochastic"):
        model.fit(ROWS, np.array(["high", "low", "mid"])[ROWS[:, :3].argmax(axis=1)])
    model.save(folder / "classifier.cmlp")
    return model


@pytest.fixture(scope="module", params=LANGUAGES)
def journey(request, single_object, folder):
    """Return a function that compiles a program in one of the languages, runs it and returns what it prints."""
    compiler, *options = LANGUAGES[request.param]
    if not compiler:
        pytest.skip("needs the compiler")

    def compiled(name, *arguments):
        target = folder / f"{name}-{request.param}"
        include = f"-I{single_object.parent}"
        run(compiler, *options, *WARNINGS, include, "-c", FOLDER / f"{name}.c", "-o", f"{target}.o")
        run(COMPILER, f"{target}.o", single_object, "-pthread", "-lm", "-lstdc++", "-o", target)
        return run(target, *arguments, timeout=DEADLOCK)

    return compiled


def test_predict_row(journey, classifier, folder):
    ROWS.tofile(folder / "rows")
    lines = [
        line.split()
        for line in journey("predict_row", folder / "classifier.cmlp", folder / "rows").splitlines()
    ]
    assert [label for label, *_ in lines] == classifier.predict(ROWS).tolist()
    outputs = np.array([[float(value) for value in values] for _, *values in lines], np.float32)
    assert outputs.tolist() == classifier.predict_proba(ROWS).tolist()


@pytest.mark.parametrize("name", ["shared_model", "many_rows", "static_memory"])
def test_programs_with_a_classifier(journey, classifier, folder, name):
    assert journey(name, folder / "classifier.cmlp") == ""


@pytest.mark.parametrize("name", ["resume", "own_loss", "sparse_rows", "workers"])
def test_programs_with_a_network_of_their_own(journey, name):
    assert journey(name) == ""


@pytest.mark.filterwarnings("ignore:column .*(unknown|missing)")  # on purpose
def test_table_row(journey, folder):
    X = [["north" if i % 2 else "south", float(i % 3), i / 7] for i in range(60)]
    options = {
        "categorical_features": [0, 1],
        "hidden_layer_sizes": (4,),
        "random_state": 0,
        "max_time": 0.01,
    }
    model = cmlp.TabularRegressor(**options).fit(X, [i * 1.5 for i in range(60)])
    model.save(folder / "table.cmlp")
    for row, arguments in {
        ("north", 2.0, 0.5): ["north", "2", "0.5"],
        ("unknown", 9.0, 3.0): ["unknown", "9", "3"],
        ("south", 1.0, np.nan): ["south", "1", ""],
    }.items():
        assert (
            float(journey("table_row", folder / "table.cmlp", *arguments))
            == model.predict([row])[0]
        )


def reports_of_the_header():
    """Return the table of cmlp.h: the status, then `refused`, bad_row, bad_element and bad_column."""
    text = HEADER.read_text("utf-8")
    (table,) = re.findall(r"^ \*   status +refused .*\n((?: \*   .+\n)+)", text, re.MULTILINE)
    lines = [re.split(r" {2,}", line.removeprefix(" *").strip()) for line in table.splitlines()]
    assert all(len(line) == 5 for line in lines)
    return {status: line for names, *line in lines for status in names.split(", ")}


def follows(value, cell, row):
    """Return whether a position is one that a cell of the table allows."""
    if cell == "as bad_row":
        return value == row
    may_be_none = cell.endswith("-1")
    return may_be_none if value == -1 else cell != "-1" and value >= 0


def test_reports_of_refused_calls(journey, folder):
    """Every status but those of other builds, of several processes and of the system, and their functions list them."""
    files = {status: content for content, status in FILES.values() if status != "OK"}
    files = {"table": good_files(folder)["table"], **files}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    paths = [folder / name for name in files]
    table, listed, seen = reports_of_the_header(), listed_statuses(), set()
    for line in journey("reports", *paths, folder / "absent.cmlp").splitlines():
        function, status, *positions, refused = line.split(" ", 5)
        name = status.removeprefix("CMLP_").removeprefix("ERROR_")
        cells = table.get(name, table["every other one"])
        row, element, column = map(int, positions)
        assert (refused == "NULL") == (cells[0] == "NULL"), line
        if cells[0].startswith('"') and "others" not in cells[0]:
            assert refused == cells[0].strip('"'), line
        assert follows(row, cells[1], row), line
        assert follows(element, cells[2], row), line
        assert follows(column, cells[3], row), line
        assert name == "OK" or name in listed[f"cmlp_{function}"], line
        seen.add((function, name, refused, row, element, column))
    assert {name for _, name, *_ in seen} >= set(header_statuses()) - {
        *("OK", "WORKERS"),  # another process
        "COLUMNS",  # a file with names of columns: tests/c/test_answer.c
        *("BUILD", "LEFT_OUT", "MEMORY"),  # other builds and systems
    }
    assert seen >= {
        ("bounds", "INPUT", "lower->data", 1, -1, 3),
        ("bounds", "INPUT", "upper->data", 1, -1, 3),
        ("forward_paths", "INPUT", "rows->data", 1, -1, 3),
        ("forward_paths", "INPUT", "to->data", 1, -1, 3),
        ("bounds", "ORDER", "lower->order", -1, 0, -1),
        ("bounds", "ORDER", "upper->order", -1, 0, -1),
        ("forward_paths", "ORDER", "to->order", -1, 0, -1),
        ("forward_paths", "ORDER", "paths->orders", -1, 1, -1),
        ("train_epoch", "WEIGHT", "objective->row_weights", 8, 8, -1),
        ("train_epoch", "WEIGHT", "objective->row_weights", -1, -1, -1),
        ("train_epoch", "TARGET", "targets->data", 4, -1, 1),
        ("train_epoch", "DIVERGED", "NULL", 0, -1, -1),
        ("train_epoch", "DIVERGED", "NULL", -1, -1, -1),
        ("model_answer", "CELL", "rows->data", 0, 2, 2),
        ("model_answer", "NOT_FOUND", "rows->names", -1, -1, -1),
        ("model_answer", "NOT_FOUND", "answer->background", -1, -1, -1),
        ("model_answer", "INPUT", "rows->data", 0, -1, 2),
        ("model_answer", "INPUT", "answer->background->data", 1, -1, 0),
        ("model_answer", "OPTION", "answer->n_evaluations", -1, -1, -1),
        ("model_write", "VALUE", "content->names", -1, 2, -1),
    }


def test_train(journey, folder):
    printed = journey("train", folder / "trained.cmlp")
    model = cmlp.load(folder / "trained.cmlp")
    assert isinstance(model, cmlp.MLPClassifier)
    assert model.classes_.tolist() == ["first", "other", "third"]
    assert model.n_iter_ == 40
    draw = np.random.RandomState(2)
    rows = np.maximum(draw.random_sample((300, 5)) * 1.5 - 0.5, 0).astype(np.float32)
    assert [float(value) for value in printed.split()] == pytest.approx(
        model.predict_proba(rows[:1])[0], rel=1e-8
    )
    assert (
        np.mean(
            model.predict(rows) == np.array(["first", "other", "third"])[rows[:, :3].argmax(axis=1)]
        )
        > 0.9
    )
    labels = np.array(model.classes_)[rows[:, :3].argmax(axis=1)]
    with pytest.warns(UserWarning, match="Stochastic"):
        resumed = model.set_params(max_iter=45).fit(rows, labels, resume=True)
    assert resumed.n_iter_ == 45
