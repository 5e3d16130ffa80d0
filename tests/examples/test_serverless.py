"""The predictor without NumPy: Python's bits, from a library that one line of the guide compiles."""

import re
import subprocess
import sys

import pytest
from c_build import COMPILER, ROOT, needs_compiler, run
from helpers import imported
from language_programs import cases, check

PREDICTOR = ROOT / "examples/serverless/predictor.py"
PAGE = ROOT / "docs/languages.md"
pytestmark = [
    pytest.mark.slow,
    needs_compiler,
    pytest.mark.skipif(not PREDICTOR.exists(), reason="the examples are in the source tree"),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The library, compiled as the guide says, but of plain C and without optimization."""
    folder = tmp_path_factory.mktemp("library")
    source = folder / "cmlp.c"
    run(sys.executable, ROOT / "tools/make_single_file.py", source)
    line = re.search(r"^cc (-O2 .*?)-o libcmlp\.so", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    target = folder / "libcmlp.so"
    fast = ["-O0", "-DCMLP_BUILD_ISA=1", f"-I{ROOT / 'include'}"]
    run(COMPILER, *line[1].split(), *fast, source, "-o", target)
    return target


def test_predictor_has_the_bits_of_python(library):
    assert check(sys.executable, "-I", PREDICTOR, library) == 43


def test_predictor_imports_neither_numpy_nor_cmlp(library, tmp_path):
    case = cases(tmp_path)[0]
    code = (
        f"import runpy, sys; sys.argv = {['', str(library), str(case.path), *case.cells]}; "
        f"runpy.run_path({str(PREDICTOR)!r}, run_name='__main__'); "
        "assert not {'numpy', 'cmlp'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(case.label))


def test_cells_of_a_table_are_texts_or_numbers(library, tmp_path):
    case = next(case for case in cases(tmp_path) if case.path.name == "classifier.cmlp")
    date, number, word = case.cells
    predict = imported(PREDICTOR).Predictor(library, case.path).predict
    assert predict([date, float(number), word]) == predict(case.cells)


def test_predictor_reports_what_is_wrong(library, tmp_path):
    predictor = imported(PREDICTOR)
    found = {case.path.name: case for case in cases(tmp_path)}
    network, table = found["float32.cmlp"], found["classifier.cmlp"]
    with pytest.raises(ValueError, match="a row has 4 cells, got 3"):
        predictor.Predictor(library, network.path).predict(network.cells[1:])
    with pytest.raises(ValueError, match=r'column .* cannot hold "word": it has numbers'):
        predictor.Predictor(library, network.path).predict(["word"] * 4)
    with pytest.raises(ValueError, match=r'column ".*" cannot hold "word": it has numbers'):
        predictor.Predictor(library, table.path).predict(["1999-01-01", "word", "red"])
