"""What was made with 0.9 works with a library that calls itself 1.0: a shared program and a CMake project.

For extensions see tests/package/test_capi.py.
"""

import os
import re
import shutil
import sys

import pytest
from c_build import COMPILER, ROOT, needs_compiler, run

LATER = "1.0.0"
# Nothing but the functions of the program.
SMALL = [
    "-DCMAKE_BUILD_TYPE=Debug",
    "-DCMLP_PARTS=OFF",
    "-DBUILD_SHARED_LIBS=ON",
    "-DBUILD_TESTING=OFF",
    "-DCMAKE_INSTALL_LIBDIR=lib",
]
PROGRAM = """
#include <cmlp.h>
#include <stdio.h>
int main(void) { return puts(cmlp_version()) < 0 || cmlp_version_number() < CMLP_VERSION_NUMBER; }
"""
PROJECT = """
cmake_minimum_required(VERSION 3.18)
project(user C)
find_package(cmlp 0.9 REQUIRED)
add_executable(program program.c)
target_link_libraries(program PRIVATE cmlp::cmlp)
"""


def installed(folder, source):
    """Build the shared library of a source tree, and install it."""
    run("cmake", "-S", source, "-B", folder / "build", f"-DCMAKE_INSTALL_PREFIX={folder}", *SMALL)
    run("cmake", "--build", folder / "build", "--parallel", "2")
    run("cmake", "--install", folder / "build")
    return folder


@pytest.fixture(scope="module")
def later_tree(tmp_path_factory):
    """The sources of the library with another version and the same number of the interface."""
    tree = tmp_path_factory.mktemp("later") / "tree"
    for name in ("include", "cmake", "src/cmlp/core"):
        shutil.copytree(ROOT / name, tree / name)
    shutil.copy(ROOT / "CMakeLists.txt", tree)
    header = tree / "include/cmlp.h"
    text = header.read_text(encoding="utf-8")
    text = re.sub(r'(#define CMLP_VERSION) ".*"', rf'\1 "{LATER}"', text)
    for part, number in zip(("MAJOR", "MINOR", "PATCH"), LATER.split("."), strict=True):
        text = re.sub(rf"(#define CMLP_VERSION_{part}) \d+", rf"\1 {number}", text)
    header.write_text(text, encoding="utf-8")
    return tree


@pytest.mark.slow
@needs_compiler
@pytest.mark.skipif(not shutil.which("cmake"), reason="needs CMake")
@pytest.mark.skipif(sys.platform != "linux", reason="the loader of Linux")
def test_shared_program_and_cmake_project_work_with_a_later_library(tmp_path, later_tree):
    now, later = installed(tmp_path / "now", ROOT), installed(tmp_path / "1.0", later_tree)
    (tmp_path / "program.c").write_text(PROGRAM, encoding="utf-8")
    program = tmp_path / "program"
    run(
        COMPILER,
        "-I",
        now / "include",
        tmp_path / "program.c",
        "-L",
        now / "lib",
        "-lcmlp",
        "-o",
        program,
    )
    for folder, version in ((now, "0.9"), (later, LATER)):
        environment = {**os.environ, "LD_LIBRARY_PATH": str(folder / "lib")}
        assert run(program, env=environment).startswith(version)
    (tmp_path / "CMakeLists.txt").write_text(PROJECT, encoding="utf-8")
    run("cmake", "-S", tmp_path, "-B", tmp_path / "user", f"-DCMAKE_PREFIX_PATH={later}")
    run("cmake", "--build", tmp_path / "user")
    assert run(tmp_path / "user/program").strip() == LATER
