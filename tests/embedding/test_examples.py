"""The programs in examples/ compile without warnings and print what they should."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from c_build import COMPILER, CORE, ROOT, run
from example_programs import FIRST_TEN, PROGRAMS, check

import cmlp
from cmlp.datasets import load_digits28

EXAMPLES = ROOT / "examples"
STRICT = ["-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]
CPLUSPLUS = shutil.which(os.environ.get("CXX", "c++"))
ARM = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
SMALLEST = ["-DCMLP_NO_THREADS", "-DCMLP_INFERENCE_ONLY", "-DCMLP_NO_FLOAT64", "-DCMLP_NO_TABLES"]

if not EXAMPLES.exists():
    pytest.skip("the examples are in the source tree only", allow_module_level=True)
pytestmark = pytest.mark.skipif(not COMPILER or not CPLUSPLUS, reason="needs compilers called cc and c++")


@pytest.fixture(scope="module")
def programs(single_object):
    """Compile the examples with bare compiler lines."""
    folder = single_object.parent
    for name in PROGRAMS:
        is_c = (EXAMPLES / f"{name}.c").exists()
        compiler = [COMPILER, "-std=c11"] if is_c else [CPLUSPLUS, "-std=c++17"]
        program = EXAMPLES / (f"{name}.c" if is_c else f"{name}.cpp")
        run(*compiler, "-O1", *STRICT, f"-I{folder}", program, single_object, "-pthread", "-lm", "-o", folder / name)
    return {name: folder / name for name in PROGRAMS}


def test_every_example_is_built_and_listed():
    sources = {path.stem for pattern in ("*.c", "*.cpp") for path in EXAMPLES.glob(pattern)}
    assert sources == {*PROGRAMS}
    cmake, readme = ((EXAMPLES / name).read_text(encoding="utf-8") for name in ("CMakeLists.txt", "README.md"))
    for name in PROGRAMS:
        assert f"example({name}.c" in cmake, name
        assert f"`{name}.c" in readme, name


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX threads")
def test_examples_print_what_they_should(programs, tmp_path):
    check(programs, tmp_path)
    model = cmlp.load(tmp_path / "digits.cmlp")  # written by train_digits.c
    assert [*model.forward(load_digits28().X_test[:10]).argmax(axis=1)] == FIRST_TEN


@pytest.mark.slow
@pytest.mark.parametrize("name", ["classify", "many_threads", "train_digits", "wrapper"])
def test_example_reports_bad_files(programs, tmp_path, name):
    bad = tmp_path / "bad"
    bad.write_bytes(b"neither a model nor images")
    done = subprocess.run([programs[name], bad, bad, "2"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "bad" in done.stderr or "model file" in done.stderr


@pytest.mark.slow
def test_mpi_example_has_the_same_parameters_for_any_number_of_processes(single_object, tmp_path):
    mpicc, mpiexec = shutil.which("mpicc"), shutil.which("mpiexec")
    if not mpicc or not mpiexec:
        pytest.skip("needs mpicc and mpiexec")
    program, folder = tmp_path / "train_mpi", single_object.parent
    source = EXAMPLES / "mpi/train_mpi.c"
    run(mpicc, "-std=c11", *STRICT, f"-I{folder}", source, single_object, "-pthread", "-lm", "-o", program)
    own = {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
    }
    lines = set()
    for size in (1, 2, 3, 7):
        command = [mpiexec, "-n", str(size), program]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **own}, timeout=60)
        assert done.returncode == 0 and "the same everywhere" in done.stdout, done.stdout + done.stderr
        lines.add(done.stdout)
    assert len(lines) == 1


@pytest.fixture
def firmware_files(tmp_path):
    """Write a model and rows of bytes; return the lines that a program must print for them."""
    network = cmlp.Network([64, 16, 10], activation="relu", output="softmax", loss="log_loss", random_state=0)
    network.params *= np.float32(0.01)  # without saturated outputs
    rows = np.random.default_rng(0).integers(0, 256, (5, 64), dtype=np.uint8)
    network.save(tmp_path / "model.cmlp")
    (tmp_path / "rows.bin").write_bytes(rows.tobytes())
    outputs = network.forward(rows)
    return [f"class {row.argmax()}: {' '.join(f'{bits:08x}' for bits in row.view(np.uint32))}" for row in outputs]


@pytest.mark.slow
@pytest.mark.skipif(not CORE.exists(), reason="needs the sources")
@pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="needs arm-none-eabi-gcc")
@pytest.mark.skipif(not shutil.which("qemu-system-arm"), reason="needs qemu-system-arm")
def test_microcontroller_gives_the_bits_of_python(single_file, firmware_files, tmp_path):
    folder = EXAMPLES / "microcontroller"
    names = [f'-DMODEL="{tmp_path}/model.cmlp"', f'-DROWS="{tmp_path}/rows.bin"', f"-I{single_file.parent}"]
    link = ["--specs=nano.specs", "-nostartfiles", "-Wl,--gc-sections", "-T", folder / "board.ld"]
    options = ["-std=gnu11", "-Os", "-ffunction-sections", *STRICT, *SMALLEST]
    firmware = tmp_path / "firmware.elf"
    run("arm-none-eabi-gcc", *ARM, *options, *names, folder / "main.c", single_file, *link, "-o", firmware)
    output = ["-chardev", "stdio,id=host", "-semihosting-config", "enable=on,chardev=host"]
    board = ["qemu-system-arm", "-M", "mps2-an386", "-display", "none", *output, "-kernel", firmware]
    *lines, memory, flash, status = run(*board, timeout=60).splitlines()
    assert status == "CMLP_OK"
    assert lines == firmware_files
    print(memory, flash, sep="\n")
    assert int(flash.split()[4].rstrip(",")) < 50_500
    assert int(memory.split()[6]) < 10_000, "stack"
