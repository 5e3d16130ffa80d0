"""cmlp_file.h and cmlp.hpp give any file the status that Python gives it, without an access outside the file."""

import os
import random
import shutil
import sys
import threading
from pathlib import Path

import pytest
from bad_files import FILES as LISTED
from bad_files import good_files
from c_build import COMPILER, run
from helpers import DEADLOCK
from hostile_files import FILES, GOOD, mutated, status_in_c

import cmlp

CPLUSPLUS = shutil.which(os.environ.get("CXX", "c++"))
PROGRAM = Path(__file__).parents[1] / "consumers/loader/loader.c"
STORED = sorted((Path(__file__).parents[1] / "files/data").glob("*.cmlp"))
SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"]
# An allocation that is much larger than the file fails.
OPTIONS = {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1:max_allocation_size_mb=64"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform == "win32" or not COMPILER or not CPLUSPLUS, reason="needs cc and c++"
    ),
    pytest.mark.skipif(not PROGRAM.exists(), reason="the program is in the source tree only"),
]


def compiled(language, core, folder):
    program = folder / "loader"
    compiler = [COMPILER, "-std=c11"] if language == "c" else [CPLUSPLUS, "-x", "c++", "-std=c++17"]
    run(*compiler, *SANITIZERS, "-c", f"-I{core.parent}", PROGRAM, "-o", f"{program}.o")
    run(compiler[0], *SANITIZERS, f"{program}.o", core, "-pthread", "-lm", "-o", program)
    return program


@pytest.fixture(scope="module", params=["c", "c++"])
def command(request, single_object, tmp_path_factory):
    """Return the command that loads files with one of the headers and prints their statuses."""
    return [compiled(request.param, single_object, tmp_path_factory.mktemp("loader")), "path"]


def statuses(command, paths):
    return run(*command, *paths, env={**os.environ, **OPTIONS}, timeout=DEADLOCK).split()


def write(folder, contents):
    paths = [folder / str(i) for i in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def test_invalid_files_have_their_status(command, tmp_path):
    paths = write(tmp_path, [content for content, _ in FILES.values()])
    expected = [
        "CMLP_OK" if status == "OK" else f"CMLP_ERROR_{status}" for _, status in FILES.values()
    ]
    assert dict(zip(FILES, statuses(command, paths), strict=True)) == dict(
        zip(FILES, expected, strict=True)
    )


def test_each_kind_of_bad_file_has_the_status_of_its_bytes(command, tmp_path):
    good = good_files(tmp_path)
    contents = [make(good) for kind in LISTED.values() for make in kind]
    found = statuses(command, write(tmp_path, contents))
    assert found == [status_in_c(content) for content in contents]
    assert "CMLP_OK" not in found


def test_trainings_are_read_past_whatever_they_contain(command, tmp_path):
    """C programs predict with the network: only Python reads the training state."""
    model = cmlp.MLPClassifier((3,), max_iter=3, solver="adam", random_state=0)
    with pytest.warns(UserWarning, match="Stochastic"):
        model.fit([[i / 9, i % 2] for i in range(9)], ["ab"[i % 2] for i in range(9)])
    model.save(tmp_path / "good.cmlp", include_training_state=True)
    good, rng = (tmp_path / "good.cmlp").read_bytes(), random.Random(3)
    assert b"training." in good
    contents = [good, *(mutated(rng, good) for _ in range(300))]
    assert statuses(command, write(tmp_path, contents)) == [
        status_in_c(content) for content in contents
    ]


def test_truncated_files_are_short(command, tmp_path):
    paths = write(tmp_path, [GOOD[:n] for n in range(len(GOOD))])
    assert {*statuses(command, paths)} == {"CMLP_ERROR_FILE_SHORT"}


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)
def test_mutated_files_have_the_status_of_their_bytes(command, tmp_path, stored):
    good, rng = stored.read_bytes(), random.Random(7)
    contents = [good, *(mutated(rng, good) for _ in range(300))]
    assert statuses(command, write(tmp_path, contents)) == [
        status_in_c(content) for content in contents
    ]


def test_model_from_bytes_has_the_same_statuses(single_object, tmp_path):
    command = [compiled("c++", single_object, tmp_path), "bytes"]
    paths = write(tmp_path, [content for content, _ in FILES.values()])
    assert statuses(command, paths) == [
        f"CMLP_{'' if s == 'OK' else 'ERROR_'}{s}" for _, s in FILES.values()
    ]


def test_folders_and_devices_have_a_status(command, tmp_path):
    paths = [tmp_path, tmp_path / "missing", "/dev/null", "/dev/zero", "/dev/full"]
    expected = ["READ", "READ", "FILE_SHORT", "FILE_MAGIC", "FILE_MAGIC"]
    assert statuses(command, paths) == [f"CMLP_ERROR_{status}" for status in expected]


@pytest.mark.parametrize("content", [b"", GOOD[:1], GOOD[:100], GOOD[:-1], GOOD, GOOD + b"x"])
def test_named_pipe_is_read_like_a_file(command, tmp_path, content):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[content])
    writer.start()
    found = statuses(command, [pipe])
    writer.join()
    expected = (
        "OK"
        if content == GOOD
        else "ERROR_FILE_LONG"
        if len(content) > len(GOOD)
        else "ERROR_FILE_SHORT"
    )
    assert found == [f"CMLP_{expected}"]
