"""The code in docs/embedding.md compiles, and the loading example is bit-identical to Python."""

import ctypes
import os
import re
import shutil
import sys

import numpy as np
import pytest
from c_build import COMPILER, ROOT, run
from helpers import DEADLOCK

import cmlp

GUIDE = ROOT / "docs/embedding.md"
if not GUIDE.exists():
    pytest.skip("the guide is in the source tree only", allow_module_level=True)
CPLUSPLUS = shutil.which(os.environ.get("CXX", "c++"))
STRICT = [
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-pedantic",
    "-Werror",
    f"-I{ROOT / 'include'}",
    "-Wshadow",
]


def blocks(language):
    return re.findall(
        rf"^```{language}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


@pytest.mark.skipif(not COMPILER, reason="needs a C compiler called cc")
@pytest.mark.parametrize(
    "text", blocks("c"), ids=lambda text: re.search(r"^cmlp_\w+ (\w+)", text, re.MULTILINE)[1]
)
def test_c_examples_compile(tmp_path, text):
    source = tmp_path / "example.c"
    source.write_text(text, encoding="utf-8")
    run(COMPILER, "-std=c11", *STRICT, "-fsyntax-only", source)


@pytest.mark.skipif(not CPLUSPLUS, reason="needs a C++ compiler called c++")
@pytest.mark.parametrize("text", blocks("cpp"))
def test_cpp_examples_compile(tmp_path, text):
    source = tmp_path / "example.cpp"
    source.write_text(text, encoding="utf-8")
    run(CPLUSPLUS, "-std=c++17", *STRICT, "-fsyntax-only", source)


def aligned(content):
    """Return memory that contains bytes at a multiple of 8, and their address."""
    memory = ctypes.create_string_buffer(len(content) + 8)
    start = -ctypes.addressof(memory) % 8
    memory[start : start + len(content)] = content
    return memory, ctypes.cast(ctypes.addressof(memory) + start, ctypes.c_char_p)


PROGRAM = """
#include "train.c"
#include <stdio.h>

enum { N = 700 };
static float x[N * 20], outputs[N * 3];
static int32_t labels[N];

int main(void)
{
    int right = 0;
    uint32_t seed = 1;
    for (int i = 0; i < N * 20; i++) x[i] = (float)((seed = seed * 1103515245u + 12345u) >> 8 & 0xffff) / 65536.0f;
    for (int i = 0; i < N; i++) labels[i] = x[i * 20] > 0.6f ? 2 : x[i * 20 + 1] > 0.5f;
    const cmlp_status status = train(x, labels, N, outputs);
    for (int i = 0; i < N; i++) {
        const float *a = outputs + i * 3;
        right += labels[i] == (a[0] >= a[1] && a[0] >= a[2] ? 0 : a[1] >= a[2] ? 1 : 2);
    }
    printf("%d %d\\n", (int)status, right);
    return 0;
}
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32" or not COMPILER, reason="needs cc and POSIX")
def test_training_example_trains(single_object, tmp_path):
    (text,) = [text for text in blocks("c") if " train(" in text]
    (tmp_path / "train.c").write_text(text, encoding="utf-8")
    (tmp_path / "program.c").write_text(PROGRAM, encoding="utf-8")
    program = tmp_path / "program"
    run(
        COMPILER,
        f"-I{single_object.parent}",
        tmp_path / "program.c",
        single_object,
        "-pthread",
        "-lm",
        "-o",
        program,
    )
    status, right = map(int, run(program, timeout=DEADLOCK).split())
    assert status == 0 and right > 650


@pytest.mark.slow
@pytest.mark.skipif(not COMPILER, reason="needs a C compiler called cc")
def test_loading_example_classifies_like_python(single_file, tmp_path):
    (text,) = [text for text in blocks("c") if " classify(" in text]
    source, library = tmp_path / "classify.c", tmp_path / "classify.so"
    source.write_text(text, encoding="utf-8")
    smallest = ["-DCMLP_PARTS=0", "-DCMLP_BUILD_ISA=1"]
    include = f"-I{single_file.parent}"
    run(
        COMPILER,
        "-O1",
        "-fPIC",
        "-shared",
        *smallest,
        include,
        source,
        single_file,
        "-lm",
        "-o",
        library,
    )
    classify = ctypes.CDLL(str(library)).classify
    label = ctypes.c_int32()
    classify.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_char_p,
        ctypes.POINTER(ctypes.c_int32),
    ]
    network = cmlp.Network(
        [784, 8, 5], activation="relu", output="softmax", loss="log_loss", random_state=1
    )
    network.save(tmp_path / "model.cmlp")
    file = (tmp_path / "model.cmlp").read_bytes()
    memory, at = aligned(file)
    rows = np.random.default_rng(0).integers(0, 256, (20, 784), dtype=np.uint8)
    for row, expected in zip(rows, network.forward(rows).argmax(axis=1), strict=True):
        assert (classify(at, len(file), row.tobytes(), label), label.value) == (0, expected)
    assert classify(at, len(file) - 1, rows[0].tobytes(), label) == 96  # CMLP_ERROR_FILE_SHORT
    table = cmlp.TabularRegressor(hidden_layer_sizes=(3,), max_time=1e-9).fit(
        [[0.0], [1.0]] * 20, [0.0, 1.0] * 20
    )
    table.save(tmp_path / "table.cmlp")
    file = (tmp_path / "table.cmlp").read_bytes()
    memory, at = aligned(file)
    assert classify(at, len(file), rows[0].tobytes(), label) == 82  # CMLP_ERROR_LEFT_OUT
    del memory


@pytest.mark.slow
@pytest.mark.skipif(
    not shutil.which("cmake") or not COMPILER, reason="needs CMake and a C compiler"
)
@pytest.mark.parametrize("text", blocks("cmake"), ids=lambda text: text.split("(")[0])
def test_cmake_examples_configure(tmp_path, text):
    (tmp_path / "program.c").write_text("int main(void) { return 0; }\n", encoding="utf-8")
    begin = (
        "cmake_minimum_required(VERSION 3.18)\nproject(user C)\nadd_executable(program program.c)\n"
    )
    (tmp_path / "CMakeLists.txt").write_text(begin + text, encoding="utf-8")
    where = [
        f"-DCMAKE_PREFIX_PATH={cmlp.get_cmake_dir()}",
        f"-DFETCHCONTENT_SOURCE_DIR_CMLP={ROOT}",
    ]
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", *where)


def test_files_that_the_guide_names_exist():
    for name in re.findall(
        r"`((?:examples|include|tools)/[\w./]*)`|\]\(([\w./-]+)\)", GUIDE.read_text("utf-8")
    ):
        path = ROOT / name[0] if name[0] else GUIDE.parent / name[1]
        assert path.exists(), path
