"""cmlp.c, the whole C library in one file, compiles without warnings and gives the same bits."""

import ctypes
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from c_build import COMPILER, CORE, ROOT, in_source_tree, run

import cmlp

pytestmark = pytest.mark.skipif(not COMPILER, reason="needs a C compiler called cc")

HEADERS = [
    Path(cmlp.get_include(), f"{name}.h")
    for name in ("cmlp", "cmlp_table", "cmlp_workers", "cmlp_explain")
]
CONSUMERS = Path(__file__).parents[1] / "consumers"
# Installed wheels are tested with compilers whose warnings are unknown.
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-pedantic", *["-Werror"] * CORE.exists()]
COMPILERS = [path for path in [COMPILER, shutil.which("clang")] if path]
SMALLEST = ["-DCMLP_PARTS=0", "-DCMLP_BUILD_ISA=1"]
BUILDS = [
    ["-DCMLP_BUILD_ISA=3"],
    ["-DCMLP_BUILD_ISA=1"],
    ["-DCMLP_PARTS=0"],
    *(
        [f"-DCMLP_BUILD_{part}=0"]
        for part in ("FLOAT64", "ROWS", "TRAINING", "TABLES", "EXPLAIN", "THREADS")
    ),
]  # .ci/run compiles the file without options


def public_functions():
    text = "".join(path.read_text(encoding="utf-8") for path in HEADERS)
    return set(re.findall(r"^CMLP_(?:API|CHECKED) [^;]*?(\w+)\(", text, re.MULTILINE))


def exported(library):
    symbols = run("nm", "-g", "--defined-only", library)
    return {line.split()[-1].removeprefix("_") for line in symbols.splitlines() if line}


@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda path: Path(path).name)
def test_smallest_build_has_no_warnings(single_file, compiler):
    run(compiler, *STRICT, "-fsyntax-only", *SMALLEST, single_file)
    run(compiler, *STRICT, "-fsyntax-only", *SMALLEST, "-DCMLP_BUILD_ROWS=1", single_file)


@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda path: Path(path).name)
def test_single_file_compiles_as_c99_without_warnings(single_file, compiler):
    c99 = ["-std=c99", "-Wpedantic", "-Wshadow"]
    run(compiler, *STRICT[1:], *c99, "-DCMLP_BUILD_ISA=1", "-fsyntax-only", single_file)


def test_installed_file_is_the_library():
    installed = Path(cmlp.get_source()).read_text(encoding="utf-8")
    assert f"/* cmlp {cmlp.__version__}: " in installed
    assert set(re.findall(r"^/\* -+ (\w+\.[ch]) \*/$", installed, re.MULTILINE)) >= {
        "net.c",
        "dense_tmpl.h",
    }


@in_source_tree
def test_two_sources_cannot_declare_one_name(tmp_path):
    for part in ("tools", "include", "src/cmlp/core"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "LICENSE", tmp_path)
    tool = [sys.executable, tmp_path / "tools/make_single_file.py", tmp_path / "cmlp.c"]
    run(*tool)
    with (tmp_path / "src/cmlp/core/base/status.c").open("a", encoding="utf-8") as file:
        file.write("static int forward_range(void) { return 0; }\n")
    refused = subprocess.run(tool, capture_output=True, text=True)
    assert "backward.c and status.c both declare forward_range" in refused.stderr


@pytest.mark.sampled(2)
@pytest.mark.slow
@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda path: Path(path).name)
@pytest.mark.parametrize("flags", BUILDS, ids=" ".join)
def test_every_build_option_compiles_without_warnings(single_file, compiler, flags):
    run(compiler, *STRICT, "-fsyntax-only", *flags, single_file)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("nm"), reason="needs nm")
def test_single_file_gives_the_golden_bits_and_exports_the_interface(single_object, tmp_path):
    """CI also compiles all instruction sets, with two compilers."""
    assert exported(single_object) == public_functions()
    program, include = tmp_path / "golden", f"-I{single_object.parent}"
    run(
        COMPILER,
        include,
        CONSUMERS / "golden/golden.c",
        single_object,
        "-pthread",
        "-lm",
        "-o",
        program,
    )
    assert run(program) == (CONSUMERS / "golden/expected.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_renamed_file_needs_its_new_name(single_file, tmp_path):
    renamed = tmp_path / "network.c"
    shutil.copy(single_file, renamed)
    for header in HEADERS:
        shutil.copy(header, tmp_path)
    assert subprocess.run([COMPILER, "-fsyntax-only", renamed], capture_output=True).returncode != 0
    run(COMPILER, "-fsyntax-only", '-DCMLP_SELF="network.c"', renamed)


PLUGIN = """
#include "cmlp.h"
__attribute__((visibility("default"))) int status_of_float64(void)
{
    static char memory[CMLP_NET_SIZE(2)];
    const int64_t sizes[] = {2, 1};
    const cmlp_activation activations[] = {CMLP_ACTIVATION_IDENTITY};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    const cmlp_net *net;
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 2;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    config.dtype = CMLP_FLOAT64;
    return cmlp_net_init(memory, sizeof memory, &config, &net, 0);
}
"""
DEFAULT = '__attribute__((visibility("default")))'


def plugin(single_file, folder, *flags):
    source = folder / "plugin.c"
    source.write_text(PLUGIN, encoding="utf-8")
    command = [COMPILER, "-O1", "-shared", "-fPIC", f"-I{single_file.parent}", *flags]
    run(*command, source, single_file, "-pthread", "-o", folder / "plugin.so")
    return folder / "plugin.so"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("nm"), reason="symbols of ELF")
def test_plugins_with_different_macros_do_not_share_functions(single_file, tmp_path):
    """Each is opened with all its symbols, as some programs open plugins."""
    folders = [tmp_path / "small", tmp_path / "whole", tmp_path / "chosen"]
    for folder in folders:
        folder.mkdir()
    small = plugin(single_file, folders[0], *SMALLEST)
    whole = plugin(single_file, folders[1], *SMALLEST, "-DCMLP_BUILD_FLOAT64=1")
    statuses = [
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL).status_of_float64()
        for library in (small, whole)
    ]
    assert statuses == [82, 0]  # CMLP_ERROR_LEFT_OUT, CMLP_OK
    assert exported_dynamically(small) == {"status_of_float64"}
    chosen = plugin(single_file, folders[2], *SMALLEST, f"-DCMLP_API={DEFAULT}")
    built = plugin(single_file, folders[2], *SMALLEST, "-DCMLP_BUILD")
    for library in (chosen, built):
        assert "cmlp_net_init" in exported_dynamically(library)


def exported_dynamically(library):
    symbols = run("nm", "-D", "--defined-only", library)
    return {line.split()[-1] for line in symbols.splitlines()} - {"_init", "_fini"}
