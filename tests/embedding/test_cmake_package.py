"""The CMake package of a Python installation: the versions that it accepts, and what it compiles in debug builds."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from c_build import CORE, ROOT, run

import cmlp

pytestmark = pytest.mark.skipif(not shutil.which("cmake"), reason="needs CMake")

MAJOR, MINOR = (int(part) for part in cmlp.__version__.split(".")[:2])
ACCEPTED = ["", "0", "0.9", "0.9.0", f"{MAJOR}.{MINOR}", cmlp.__version__]
REFUSED = [f"{MAJOR}.{MINOR + 1}", f"{MAJOR + 1}", f"{MAJOR}.{MINOR}.99"]


@pytest.mark.parametrize(
    ("version", "expected"), [*((v, "TRUE") for v in ACCEPTED), *((v, "FALSE") for v in REFUSED)]
)
def test_package_is_compatible_with_every_earlier_version(tmp_path, version, expected):
    script = tmp_path / "version.cmake"
    script.write_text(
        f'set(PACKAGE_FIND_VERSION "{version}")\n'
        f'include("{Path(cmlp.get_cmake_dir()).as_posix()}/cmlpConfigVersion.cmake")\n'
        'file(WRITE "${OUT}" "${PACKAGE_VERSION} ${PACKAGE_VERSION_COMPATIBLE}")\n',
        encoding="utf-8",
    )
    run("cmake", f"-DOUT={tmp_path / 'out'}", "-P", script)
    assert (tmp_path / "out").read_text(encoding="utf-8") == f"{cmlp.__version__} {expected}"


def compile_commands(folder, source, *options):
    """Configure a project; return the compiler's commands for the library."""
    run("cmake", "-S", source, "-B", folder, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *options)
    commands = json.loads((folder / "compile_commands.json").read_text(encoding="utf-8"))
    return [
        entry["command"]
        for entry in commands
        if "core" in entry["file"] or entry["file"].endswith("cmlp.c")
    ]


def write_user(folder):
    """Write a project that uses the library."""
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.18)\nproject(user C)\nfind_package(cmlp REQUIRED)\n",
        encoding="utf-8",
    )


makefiles = pytest.mark.skipif(
    sys.platform == "win32", reason="Visual Studio writes no compile_commands.json"
)


@pytest.mark.slow
@makefiles
@pytest.mark.parametrize(
    ("options", "is_generic"),
    [
        (["-DCMAKE_BUILD_TYPE=Debug"], True),
        (["-DCMAKE_BUILD_TYPE=Debug", "-DCMLP_ISA=all"], False),
        (["-DCMAKE_BUILD_TYPE=Release"], False),
        ([], False),
    ],
)
def test_debug_builds_of_users_leave_out_the_kernels_of_instruction_sets(
    tmp_path, options, is_generic
):
    write_user(tmp_path)
    package = f"-DCMAKE_PREFIX_PATH={cmlp.get_cmake_dir()}"
    (command,) = compile_commands(tmp_path / "build", tmp_path, package, *options)
    assert ("-DCMLP_BUILD_ISA=1" in command.split()) == is_generic
    assert {"-O1", "-O3"} & {*command.split()}, "never without optimization"


@pytest.mark.slow
@makefiles
@pytest.mark.parametrize(
    ("options", "has_threads"),
    [
        (["-DCMAKE_SYSTEM_NAME=Linux"], True),
        (["-DCMAKE_SYSTEM_NAME=Generic"], False),
        (["-DCMAKE_SYSTEM_NAME=Generic", "-DCMLP_BUILD_THREADS=ON"], True),
    ],
)
def test_bare_metal_has_no_threads_by_default(tmp_path, options, has_threads):
    write_user(tmp_path)
    package = f"-DCMAKE_PREFIX_PATH={cmlp.get_cmake_dir()}"
    (command,) = compile_commands(tmp_path / "build", tmp_path, package, *options)
    assert ("-DCMLP_BUILD_THREADS=0" in command.split()) == (not has_threads)


@pytest.mark.slow
@makefiles
@pytest.mark.skipif(not CORE.exists(), reason="the C tests are in the source tree only")
def test_c_tests_run_every_kernel_in_debug_builds(tmp_path):
    commands = compile_commands(tmp_path, ROOT, "-DCMAKE_BUILD_TYPE=Debug")
    assert len(commands) > 10 and not any("CMLP_BUILD_ISA" in command for command in commands)
