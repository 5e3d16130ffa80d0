"""What programs do with the library: ten programs, as C99, C11 and C++17, by each compiler, with all warnings.

Each program checks itself; what it prints is compared with Python.
"""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from c_build import COMPILER, run
from helpers import DEADLOCK

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
