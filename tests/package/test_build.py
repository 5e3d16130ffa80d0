"""A build compiles the files whose content, headers, flags or compiler have changed. A stub counts the calls."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from c_build import COMPILER, ROOT, core_sources, needs_compiler

pytestmark = needs_compiler

# The real compiler only preprocesses, which writes the rule of make, and nothing is linked.
STUB = f"""#!/bin/sh
case "$*" in *--version*) echo "$STUB_VERSION"; exit ;; esac
printf '%s\\n' "$*" >>"$CALLS"
case "$STUB_RULE $*" in
refused*-MMD*) echo 'unknown option -MMD' >&2; exit 1 ;;
*" -c "*) exec {COMPILER} "$@" -E ;;
esac
while [ "$1" != -o ]; do shift; done
: >"$2"
"""

# The bridge includes cmlp.h, as what Cython writes does.
CYTHON = """
from pathlib import Path

def cythonize(extensions, **options):
    bridge = Path("src/cmlp/_bridge/_core.c")
    if not bridge.exists():
        bridge.write_text('#include "cmlp.h"')
    extensions[0].sources[0] = bridge.as_posix()
    return extensions
"""

# One process makes all builds. The first two are made as pip makes them, and the last ones of two files alone.
BUILDS = """
import json, os, runpy, sys
from pathlib import Path
from setuptools import build_meta

calls = {}

def editable():
    build_meta.build_editable("built")

def in_place():
    run_setup("build_ext", "--inplace")

def not_in_place():
    run_setup("build_ext")

def run_setup(*words):
    sys.argv = ["setup.py", *words]
    runpy.run_path("setup.py")

def build(name, make=in_place):
    log = Path(os.environ["CALLS"])
    log.write_text("")
    make()
    calls[name] = log.read_text().splitlines()

def append(name):
    with open(name, "a") as file:
        file.write("/* edited */")

build("first", editable)
build("again", editable)
append("src/cmlp/core/table/cells.c")
build("one source edited")
append("src/cmlp/core/train/batch.h")
build("a header edited")
sources = [*Path("src/cmlp/core").rglob("*.c")]
for path in [*sources, *Path("src").rglob("*.h"), *Path("include").glob("*.h")]:
    path.touch()
build("all touched")
for path in sources:
    if path.name != "cells.c":
        path.unlink()
os.environ["STUB_VERSION"] = "2"
build("another version of the compiler")
os.environ["CFLAGS"] = "-DX"
build("other flags")
build("the same flags")
del os.environ["CFLAGS"]
build("not for a developer", not_in_place)
os.environ |= {"STUB_RULE": "refused", "CFLAGS": "-DY"}
build("without rules", not_in_place)
build("without rules again", not_in_place)
Path("calls.json").write_text(json.dumps(calls))
"""


TWO = {"src/cmlp/_bridge/_core.c", "src/cmlp/core/table/cells.c"}


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """The calls of the compiler in each build of a copy of the tree."""
    pytest.importorskip("setuptools", "77", reason="needs the package setuptools, 77 or newer")
    folder = tmp_path_factory.mktemp("build")
    tree, stub, cython = folder / "tree", folder / "stub-cc", folder / "python/Cython"
    built = shutil.ignore_patterns("*.so", "__pycache__", "_core.c")
    for name in ("src", "include", "tools", "cmake"):
        shutil.copytree(ROOT / name, tree / name, ignore=built)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    (tree / "docs").mkdir()
    shutil.copy(ROOT / "docs/arithmetic.md", tree / "docs")
    (tree / "built").mkdir()
    stub.write_text(STUB)
    stub.chmod(0o755)
    cython.mkdir(parents=True)
    (cython / "__init__.py").touch()
    (cython / "Build.py").write_text(CYTHON)
    environ = {name: text for name, text in os.environ.items() if name not in ("CFLAGS", "LDFLAGS")}
    environ |= {
        "CC": str(stub),
        "LDSHARED": f"{stub} -shared",
        "CALLS": str(folder / "calls"),
        "STUB_VERSION": "1",
        "STUB_RULE": "written",
        "PYTHONPATH": str(cython.parent),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUILDS],
        cwd=tree,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((tree / "calls.json").read_text())


def compiled(calls):
    """Return the sources that calls compile."""
    return [word for call in calls if " -c " in call for word in call.split() if word[-2:] == ".c"]


def test_first_build_compiles_every_file(calls):
    assert len(compiled(calls["first"])) == len(core_sources()) + 1


@pytest.mark.parametrize("build", ["again", "all touched", "the same flags"])
def test_build_without_changes_compiles_nothing(build, calls):
    assert not compiled(calls[build])


def test_edited_source_alone_is_compiled(calls):
    assert compiled(calls["one source edited"]) == ["src/cmlp/core/table/cells.c"]


def test_edited_header_compiles_the_sources_that_include_it(calls):
    header = re.compile(r'#include "(../train/)?batch.h"')
    including = [
        path.relative_to(ROOT).as_posix()
        for path in core_sources()
        if header.search(path.read_text(encoding="utf-8"))
    ]
    assert {*including} <= {*compiled(calls["a header edited"])}
    assert len(compiled(calls["a header edited"])) == 8


@pytest.mark.parametrize("build", ["another version of the compiler", "other flags"])
def test_other_compiler_or_flags_compile_every_file(build, calls):
    assert {*compiled(calls[build])} == TWO


@pytest.mark.parametrize("build", ["without rules", "without rules again"])
def test_compiler_that_refuses_rules_compiles_every_file(build, calls):
    """Each file is compiled without the rule after the compiler has refused the option."""
    assert {*compiled(call for call in calls[build] if " -MMD" not in call)} == TWO


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's flags")
def test_module_of_a_developer_keeps_its_symbols(calls):
    """A wheel has no symbols and no unwind tables; gdb and perf need them."""
    for build, small in (
        ("first", False),
        ("another version of the compiler", False),
        ("not for a developer", True),
    ):
        *sources, link = calls[build]
        assert link.endswith(" -s") == small
        assert {"-fno-asynchronous-unwind-tables" in call for call in sources} == {small}
