"""Programs in C and C++ predict rows of a table, with intervals, bit-identically to Python.

cmlp.hpp does not compile what would go wrong later.
"""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from c_build import COMPILER, run
from internals import model_of

import cmlp
from cmlp import TabularRegressor

CPLUSPLUS = shutil.which(os.environ.get("CXX", "c++"))
PROGRAM = Path(__file__).parents[1] / "consumers/table/table.cpp"
STRICT = ["-std=c++17", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]

pytestmark = [
    pytest.mark.skipif(not COMPILER or not CPLUSPLUS, reason="needs cc and c++"),
    pytest.mark.skipif(not PROGRAM.exists(), reason="the program is in the source tree only"),
]


@pytest.mark.filterwarnings("ignore:column .* missing")
@pytest.mark.slow
@pytest.mark.parametrize("compiler", [CPLUSPLUS, shutil.which("clang++")])
def test_table_predicts_like_python(single_object, tmp_path, compiler):
    if not compiler:
        pytest.skip("needs the compiler")
    X = [[["1", "north", 1.0][i % 3], float(i % 2 + 1), i / 7] for i in range(60)]
    options = {
        "categorical_features": [0, 1],
        "hidden_layer_sizes": (4,),
        "random_state": 0,
        "max_time": 0.01,
    }
    model = TabularRegressor(**options).fit(X, [i * 1.5 for i in range(60)])
    model.save(tmp_path / "table.cmlp")
    program = tmp_path / "table"
    run(
        compiler,
        *STRICT,
        f"-I{single_object.parent}",
        PROGRAM,
        single_object,
        "-pthread",
        "-lm",
        "-o",
        program,
    )
    text, number, *predictions, statuses = run(program, tmp_path / "table.cmlp").splitlines()
    first, second = (model_of(model).columns.codes[column] for column in (0, 1))
    assert [float(code) for code in text.split()] == [first["1"], first[1.0], first["north"], -1]
    assert [float(code) for code in number.split()] == [second[1.0], second[2.0], -1, second[1.0]]
    rows = [[1.0, 2.0, 0.5], ["north", 1.0, float("nan")], ["unknown", 9.0, 3.0]]
    found = [[float(value) for value in line.split()] for line in predictions]
    assert (
        found == np.column_stack([model.predict(rows), model.predict_interval(rows, 0.9)]).tolist()
    )
    assert statuses.split() == ["CMLP_ERROR_READ", "CMLP_ERROR_FILE_SHORT"]


QUANTILES = {"loss": "quantile", "quantile": [0.4, 0.5, 0.6]}
COUNTS = {"loss": "poisson"}


@pytest.mark.filterwarnings("ignore:column .*unknown:UserWarning")  # on purpose
@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_targets", "options", "coverage"),
    [(1, {}, 0.9), (2, {}, 0.9), (2, COUNTS, 0.9), (1, QUANTILES, 0.05)],
)
def test_c_program_prints_prediction_and_interval(
    single_file, tmp_path, n_targets, options, coverage
):
    X = [[["north", "süd", None][i % 3], float("nan") if i % 5 == 0 else i / 7] for i in range(90)]
    y = np.stack([np.arange(90) % 7, 100.0 * np.arange(90)], axis=1)[:, :n_targets].squeeze()
    model = TabularRegressor(
        **options, hidden_layer_sizes=(8,), n_estimators=2, n_epochs=9, random_state=0
    ).fit(X, y)
    model.calibrate(
        X, model.predict(X).reshape(90, -1).mean(axis=1) if options == QUANTILES else y
    ).save(tmp_path / "table.cmlp")
    program = tmp_path / "interval"
    smallest = ["-DCMLP_BUILD_TRAINING=0", "-DCMLP_BUILD_THREADS=0", "-DCMLP_BUILD_ISA=1"]
    source = PROGRAM.with_name("interval.c")
    run(
        COMPILER,
        "-O1",
        "-Wall",
        *smallest,
        f"-I{single_file.parent}",
        source,
        single_file,
        "-lm",
        "-o",
        program,
    )
    for text, number in (("north", 0.5), ("", 3.25), ("new", float("nan"))):
        lines = run(
            program, tmp_path / "table.cmlp", coverage, text, "" if np.isnan(number) else number
        ).splitlines()
        row = [[text or None, number]]
        predicted, ends = (
            model.predict(row).reshape(n_targets, -1),
            model.predict_interval(row, coverage),
        )
        expected = np.concatenate([predicted, ends.reshape(n_targets, 2)], axis=1)
        assert [list(map(float, line.split())) for line in lines] == expected.tolist()
    has_crossed = coverage < 0.1  # the margin is negative, and the ends of the last row cross
    assert (ends.flat[0] == ends.flat[1]) == has_crossed


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, QUANTILES])
def test_interval_of_c_contains_every_row_up_to_its_rank(single_file, tmp_path, options):
    """Many targets are equal, and so are many predictions."""
    rng = np.random.RandomState(0)
    X, y = rng.randint(0, 3, 40).astype(float), rng.choice([0.1, 0.7], 40)
    model = TabularRegressor(
        **options, hidden_layer_sizes=(4,), n_estimators=3, n_epochs=2, random_state=0
    )
    model.fit(X[:, None], y, X_val=X[:, None], y_val=y).save(tmp_path / "table.cmlp")
    program = tmp_path / "interval"
    smallest = ["-DCMLP_BUILD_TRAINING=0", "-DCMLP_BUILD_THREADS=0", "-DCMLP_BUILD_ISA=1"]
    source = PROGRAM.with_name("interval.c")
    run(
        COMPILER,
        "-O1",
        *smallest,
        f"-I{single_file.parent}",
        source,
        single_file,
        "-lm",
        "-o",
        program,
    )
    for rank in range(1, 41):
        ends = {
            x: list(map(float, run(program, tmp_path / "table.cmlp", rank / 41, x).split()[-2:]))
            for x in set(X)
        }
        assert sum(ends[x][0] <= truth <= ends[x][1] for x, truth in zip(X, y, strict=True)) >= rank


@pytest.mark.parametrize("case", [0, 1, 2, 3])
def test_what_would_go_wrong_later_does_not_compile(case):
    command = [
        CPLUSPLUS,
        "-std=c++17",
        f"-DREFUSED={case}",
        f"-I{cmlp.get_include()}",
        "-fsyntax-only",
        PROGRAM,
    ]
    assert (subprocess.run(command, capture_output=True).returncode == 0) == (case == 0)


def test_headers_have_no_casts_that_compilers_call_useless():
    # Clang knows no such warning.
    warnings = ["-Wuseless-cast", "-Wno-unknown-warning-option", "-Werror"]
    run(CPLUSPLUS, *STRICT, *warnings, f"-I{cmlp.get_include()}", "-fsyntax-only", PROGRAM)
