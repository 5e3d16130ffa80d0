"""cmlp.hpp without exceptions: failures end the program, and model::open returns a status."""

import os
import shutil
import signal
import subprocess

import pytest
from c_build import COMPILER, run

import cmlp

CPLUSPLUS = shutil.which(os.environ.get("CXX", "c++"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COMPILER or not CPLUSPLUS, reason="needs compilers called cc and c++"),
]

PROGRAM = """
#include <cmlp.hpp>

#include <cstdio>
#include <cstring>

int main(int, char **argv)
{
    cmlp::model model;
    if (!std::strcmp(argv[1], "open")) std::printf("%d ", static_cast<int>(model.open(argv[2])));
    if (!std::strcmp(argv[1], "load")) model = cmlp::model::load(argv[2]);
    std::printf("%d\\n", static_cast<int>(model.info().n_out));
}
"""


@pytest.fixture(scope="module")
def program(single_object, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrapper")
    (folder / "program.cpp").write_text(PROGRAM, encoding="utf-8")
    strict = ["-Wall", "-Wextra", "-Wconversion", "-pedantic", "-fno-exceptions"]
    sources = [f"-I{single_object.parent}", folder / "program.cpp", single_object]
    run(CPLUSPLUS, "-std=c++17", *strict, *sources, "-pthread", "-lm", "-o", folder / "program")
    return folder / "program"


def test_wrapper_without_exceptions_loads_a_model(program, tmp_path):
    network = cmlp.Network([4, 3], activation="relu", output="softmax", loss="log_loss")
    network.save(tmp_path / "model.cmlp")
    assert run(program, "open", tmp_path / "model.cmlp") == "0 3\n"
    assert run(program, "load", tmp_path / "model.cmlp") == "3\n"


def test_wrapper_without_exceptions_returns_a_status_or_aborts(program, tmp_path):
    assert run(program, "open", tmp_path / "missing.cmlp").split()[1] == "0"
    assert run(program, "open", tmp_path / "missing.cmlp").split()[0] != "0"
    done = subprocess.run([program, "load", tmp_path / "missing.cmlp"], capture_output=True)
    assert done.returncode == -signal.SIGABRT


WITHOUT = """
#include <cmlp.hpp>

int outputs(const char *path)
{
    return static_cast<int>(cmlp::model::load(path).info().n_out);
}
"""
WITH = """
#include <cmlp.hpp>

#include <cstdio>

int outputs(const char *path);

int main(int, char **argv)
{
    try {
        cmlp::model::load("missing.cmlp");
    } catch (const cmlp::error &error) {
        std::printf("%s %d\\n", error.status == CMLP_ERROR_READ ? "READ" : error.what(), outputs(argv[1]));
    }
}
"""


def test_object_files_with_and_without_exceptions_share_a_program(single_object, tmp_path):
    cmlp.Network([4, 3]).save(tmp_path / "model.cmlp")
    objects = []
    for name, source, options in (("without", WITHOUT, ["-fno-exceptions"]), ("with", WITH, [])):
        (tmp_path / f"{name}.cpp").write_text(source, encoding="utf-8")
        objects.append(tmp_path / f"{name}.o")
        strict = ["-std=c++17", "-O0", *options, f"-I{single_object.parent}"]
        run(CPLUSPLUS, *strict, "-c", tmp_path / f"{name}.cpp", "-o", objects[-1])
    run(CPLUSPLUS, *objects, single_object, "-pthread", "-lm", "-o", tmp_path / "program")
    assert run(tmp_path / "program", tmp_path / "model.cmlp") == "READ 3\n"
