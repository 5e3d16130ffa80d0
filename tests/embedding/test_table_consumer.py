"""cmlp.hpp predicts rows of a table bit-identically to Python, and does not compile what would go wrong later."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from c_build import COMPILER, run

from cmlp import TabularRegressor

CPLUSPLUS = shutil.which(os.environ.get("CXX", "c++"))
PROGRAM = Path(__file__).parents[1] / "consumers/table/table.cpp"
STRICT = ["-std=c++17", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]

pytestmark = [
    pytest.mark.skipif(not COMPILER or not CPLUSPLUS, reason="needs cc and c++"),
    pytest.mark.skipif(not PROGRAM.exists(), reason="the program is in the source tree only"),
]


@pytest.mark.slow
@pytest.mark.parametrize("compiler", [CPLUSPLUS, shutil.which("clang++")])
def test_table_predicts_like_python(single_object, tmp_path, compiler):
    if not compiler:
        pytest.skip("needs the compiler")
    X = [[["1", "north", 1.0][i % 3], float(i % 2 + 1), i / 7] for i in range(60)]
    options = {"categorical_features": [0, 1], "hidden_layer_sizes": (4,), "random_state": 0, "max_time": 0.01}
    model = TabularRegressor(**options).fit(X, [i * 1.5 for i in range(60)])
    model.save(tmp_path / "table.cmlp")
    program = tmp_path / "table"
    run(compiler, *STRICT, f"-I{single_object.parent}", PROGRAM, single_object, "-pthread", "-lm", "-o", program)
    text, number, *predictions, statuses = run(program, tmp_path / "table.cmlp").splitlines()
    first, second = (model._fitted().schema.codes[column] for column in (0, 1))
    assert [float(code) for code in text.split()] == [first["1"], first[1.0], first["north"], -1]
    assert [float(code) for code in number.split()] == [second[1.0], second[2.0], -1, second[1.0]]
    rows = [["1", 2.0, 0.5], ["north", 1.0, float("nan")], ["unknown", 9.0, 3.0]]
    assert [float(value) for value in predictions] == model.predict(rows).tolist()
    assert statuses.split() == ["CMLP_ERROR_FILE_READ", "CMLP_ERROR_FILE_SHORT"]


@pytest.mark.parametrize("case", [0, 1, 2, 3])
def test_what_would_go_wrong_later_does_not_compile(case):
    include = PROGRAM.parents[3] / "include"
    command = [CPLUSPLUS, "-std=c++17", f"-DREFUSED={case}", f"-I{include}", "-fsyntax-only", PROGRAM]
    assert (subprocess.run(command, capture_output=True).returncode == 0) == (case == 0)
