"""cmlp.c, the whole C library in one file, compiles without warnings and gives the same bits."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from c_build import COMPILER, CORE, ROOT, run

import cmlp

pytestmark = pytest.mark.skipif(not COMPILER, reason="needs a C compiler called cc")

HEADER = Path(cmlp.get_include(), "cmlp.h")
CONSUMERS = Path(__file__).parents[1] / "consumers"
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]
COMPILERS = [path for path in [COMPILER, shutil.which("clang")] if path]
SMALLEST = ["-DCMLP_INFERENCE_ONLY", "-DCMLP_NO_FLOAT64", "-DCMLP_NO_THREADS", "-DCMLP_BUILD_ISA=1"]
BUILDS = [[], ["-DCMLP_BUILD_ISA=3"], *([option] for option in SMALLEST)]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Return cmlp.c, with cmlp.h beside it: of the source tree, or of the installed package."""
    path = tmp_path_factory.mktemp("single") / "cmlp.c"
    shutil.copy(HEADER, path.parent)
    if CORE.exists():
        run(sys.executable, ROOT / "tools/make_single_file.py", path)
    else:
        shutil.copy(cmlp.get_source(), path)
    return path


def public_functions():
    return set(re.findall(r"^CMLP_API [^;]*?(\w+)\(", HEADER.read_text(encoding="utf-8"), re.MULTILINE))


def exported(library):
    symbols = run("nm", "-g", "--defined-only", library)
    return {line.split()[-1].removeprefix("_") for line in symbols.splitlines() if line}


@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda path: Path(path).name)
def test_smallest_build_has_no_warnings(source, compiler):
    run(compiler, *STRICT, "-fsyntax-only", *SMALLEST, source)


def test_installed_file_is_the_same_library(source):
    installed = Path(cmlp.get_source()).read_text(encoding="utf-8")
    assert f"/* cmlp {cmlp.__version__}: " in installed
    assert set(re.findall(r"^/\* -+ (\w+\.[ch]) \*/$", installed, re.MULTILINE)) >= {"net.c", "dense_tmpl.h"}


@pytest.mark.slow
@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda path: Path(path).name)
@pytest.mark.parametrize("flags", BUILDS, ids=" ".join)
def test_every_build_option_compiles_without_warnings(source, compiler, flags):
    run(compiler, *STRICT, "-fsyntax-only", *flags, source)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("nm"), reason="needs nm")
def test_single_file_gives_the_golden_bits_and_exports_the_interface(source):
    compiled = source.with_suffix(".o")
    run(COMPILER, *STRICT, "-O1", "-c", source, "-o", compiled)
    assert exported(compiled) == public_functions()
    program = source.parent / "golden"
    run(COMPILER, f"-I{source.parent}", CONSUMERS / "golden/golden.c", compiled, "-pthread", "-lm", "-o", program)
    assert run(program) == (CONSUMERS / "golden/expected.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_renamed_file_needs_its_new_name(source):
    renamed = source.with_name("network.c")
    shutil.copy(source, renamed)
    moved = source.with_name("hidden.c")
    source.rename(moved)
    try:
        assert subprocess.run([COMPILER, "-fsyntax-only", renamed], capture_output=True).returncode != 0
        run(COMPILER, "-fsyntax-only", '-DCMLP_SELF="network.c"', renamed)
    finally:
        moved.rename(source)
