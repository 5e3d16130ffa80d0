"""Programs compiled with an older header keep working with a newer library."""

import re
import shutil

import pytest
from c_build import CORE, HEADERS, ROOT, compiled, linked, needs_compiler, run

# slow: the whole core is compiled
pytestmark = [needs_compiler, pytest.mark.slow]

TESTS = ROOT / "tests/c"
SMALL = ("-O0", "-DCMLP_BUILD_ISA=1", "-DCMLP_BUILD_FLOAT64=0", "-DCMLP_BUILD_THREADS=0")


@pytest.fixture(scope="module")
def newer_core(tmp_path_factory):
    """The core with a field added to the end of each struct that has a struct_size."""
    root = tmp_path_factory.mktemp("newer")
    core, include = root / "src/cmlp/core", root / "include"
    shutil.copytree(CORE, core)
    include.mkdir()
    field = r"(\n    size_t struct_size;(?:(?!\n\}).)*?)\n\} (cmlp_\w+);"
    total = 0
    for header in HEADERS:
        text = header.read_text(encoding="utf-8")
        grown, n = re.subn(field, r"\1\n    int64_t later[4];\n} \2;", text, flags=re.DOTALL)
        assert n == text.count("\n    size_t struct_size;") >= 1
        (include / header.name).write_text(grown, encoding="utf-8")
        total += n
    assert total >= 15
    for source in core.rglob("*.c"):  # new fields pass the assertions once the code knows them
        text = source.read_text(encoding="utf-8")
        source.write_text(
            re.sub(r"^CMLPI_ASSERT\(.*CMLPI_OLDEST\(.*\n", "", text, flags=re.M), "utf-8"
        )
    return compiled(sorted(core.rglob("*.c")), *SMALL)


def test_older_caller_of_a_newer_library(newer_core):
    caller = compiled(
        [TESTS / f"{name}.c" for name in ("older_caller", "model_file", "support")], *SMALL
    )
    assert ", 0 failed" in run(linked("older_caller", [*caller, *newer_core]))
