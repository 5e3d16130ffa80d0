"""The programs in examples/ compile without warnings and print what they should."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from c_build import COMPILER, CORE, ROOT, run
from example_programs import FIRST_TEN, PROGRAMS, check, idx_files
from helpers import DEADLOCK

import cmlp
from cmlp.datasets import load_digits28

EXAMPLES = ROOT / "examples"
STRICT = ["-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]
CPLUSPLUS = shutil.which(os.environ.get("CXX", "c++"))
ARM = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]

if not EXAMPLES.exists():
    pytest.skip("the examples are in the source tree only", allow_module_level=True)
pytestmark = pytest.mark.skipif(
    not COMPILER or not CPLUSPLUS, reason="needs compilers called cc and c++"
)


@pytest.fixture(scope="module")
def programs(single_object):
    """Compile the examples with bare compiler lines."""
    folder = single_object.parent
    for name in PROGRAMS:
        is_c = (EXAMPLES / f"{name}.c").exists()
        compiler = [COMPILER, "-std=c11"] if is_c else [CPLUSPLUS, "-std=c++17"]
        program = EXAMPLES / (f"{name}.c" if is_c else f"{name}.cpp")
        run(
            *compiler,
            "-O1",
            *STRICT,
            f"-I{folder}",
            program,
            single_object,
            "-pthread",
            "-lm",
            "-o",
            folder / name,
        )
    return {name: folder / name for name in PROGRAMS}


def test_every_example_is_built_and_listed():
    sources = {path.stem for pattern in ("*.c", "*.cpp") for path in EXAMPLES.glob(pattern)}
    assert sources == {*PROGRAMS}
    cmake, readme = (
        (EXAMPLES / name).read_text(encoding="utf-8") for name in ("CMakeLists.txt", "README.md")
    )
    for name in PROGRAMS:
        assert f"example({name}.c" in cmake, name
        assert f"`{name}.c" in readme, name


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX threads")
def test_examples_print_what_they_should(programs, tmp_path):
    check(programs, tmp_path)
    model = cmlp.load(tmp_path / "digits.cmlp")  # written by train_digits.c
    assert isinstance(model, cmlp.MLPClassifier) and model.n_iter_ == 5
    assert [*model.predict(load_digits28().X_test[:10])] == FIRST_TEN


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX threads")
def test_python_continues_the_training_of_a_c_program(programs, tmp_path):
    """Bit-identical to training without a break: weights, curve, moments, random numbers."""
    X, y, *_ = load_digits28()
    run(programs["train_digits"], *idx_files(tmp_path)[:2], tmp_path / "digits.cmlp")
    ways = {
        "learning_rate_init": 0.003,
        "batch_size": 50,
        "input_scale": 1 / 255,
        "random_state": 1,
    }
    whole = cmlp.MLPClassifier((32,), **ways, tol=0, n_iter_no_change=np.inf, max_iter=7).fit(X, y)
    ends = {"max_iter": 7, "tol": 0, "n_iter_no_change": np.inf}
    continued = cmlp.load(tmp_path / "digits.cmlp").set_params(**ends).fit(X, y, resume=True)
    assert continued.loss_curve_ == whole.loss_curve_ and len(continued.loss_curve_) == 7
    assert continued.predict_proba(X).tobytes() == whole.predict_proba(X).tobytes()
    again = whole.set_params(max_iter=9).fit(X, y, resume=True)
    continued.save(tmp_path / "again.cmlp", include_training_state=True)
    continued = cmlp.load(tmp_path / "again.cmlp").set_params(max_iter=9).fit(X, y, resume=True)
    assert all(map(np.array_equal, continued.coefs_, again.coefs_))


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
    run(
        mpicc,
        "-std=c11",
        *STRICT,
        f"-I{folder}",
        source,
        single_object,
        "-pthread",
        "-lm",
        "-o",
        program,
    )
    own = {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
    }
    lines = set()
    for size in (1, 2, 3, 7):
        command = [mpiexec, "-n", str(size), program]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **own}, timeout=DEADLOCK
        )
        assert done.returncode == 0 and "the same everywhere" in done.stdout, (
            done.stdout + done.stderr
        )
        lines.add(done.stdout)
    assert len(lines) == 1


@pytest.fixture
def firmware_files(tmp_path):
    """Write a model and rows of bytes; return the lines that a program must print for them."""
    network = cmlp.Network(
        [64, 16, 10], activation="relu", output="softmax", loss="log_loss", random_state=0
    )
    network.params *= np.float32(0.01)  # without saturated outputs
    rows = np.random.default_rng(0).integers(0, 256, (5, 64), dtype=np.uint8)
    network.save(tmp_path / "model.cmlp")
    (tmp_path / "rows.bin").write_bytes(rows.tobytes())
    outputs = network.forward(rows)
    return [
        f"class {row.argmax()}: {' '.join(f'{bits:08x}' for bits in row.view(np.uint32))}"
        for row in outputs
    ]


def on_cortex_m4(source, single_file, folder, *options, **files):
    """Compile a program for a Cortex-M4, run it in QEMU, and return the lines that it prints."""
    names = [f'-D{name}="{folder}/{file}"' for name, file in files.items()]
    include, script = f"-I{single_file.parent}", EXAMPLES / "microcontroller/board.ld"
    link = ["--specs=nano.specs", "-nostartfiles", "-Wl,--gc-sections", "-T", script, "-lm"]
    options = [
        "-std=gnu11",
        "-Os",
        "-ffunction-sections",
        "-fdata-sections",
        *STRICT,
        "-DCMLP_PARTS=0",
        *options,
    ]
    firmware, source = folder / "firmware.elf", EXAMPLES / "microcontroller" / source
    run(
        "arm-none-eabi-gcc",
        *ARM,
        *options,
        *names,
        include,
        source,
        single_file,
        *link,
        "-o",
        firmware,
    )
    output = ["-chardev", "stdio,id=host", "-semihosting-config", "enable=on,chardev=host"]
    board = [
        "qemu-system-arm",
        "-M",
        "mps2-an386",
        "-display",
        "none",
        *output,
        "-kernel",
        firmware,
    ]
    *lines, memory, flash, status = run(*board, timeout=DEADLOCK).splitlines()
    print(memory, flash, sep="\n")
    assert status == "CMLP_OK"
    return lines, memory, flash


needs_board = pytest.mark.skipif(
    not CORE.exists()
    or not shutil.which("arm-none-eabi-gcc")
    or not shutil.which("qemu-system-arm"),
    reason="needs the sources, arm-none-eabi-gcc and qemu-system-arm",
)


@pytest.mark.slow
@needs_board
def test_training_on_a_microcontroller_continues_in_python(single_file, tmp_path):
    """Bit-identical to training without a break in Python."""
    rng = np.random.default_rng(0)
    X, y = (
        rng.integers(0, 256, (150, 64), dtype=np.uint8),
        rng.permutation(np.arange(150) % 10).astype(np.uint8),
    )
    (tmp_path / "rows.bin").write_bytes(X.tobytes())
    (tmp_path / "labels.bin").write_bytes(y.tobytes())
    files = {"ROWS": "rows.bin", "LABELS": "labels.bin", "TRAINED": "trained.cmlp"}
    _, memory, flash = on_cortex_m4(
        "train.c", single_file, tmp_path, "-DCMLP_BUILD_TRAINING=1", **files
    )
    ends = {"max_iter": 8, "tol": 0, "n_iter_no_change": np.inf}
    ways = {"learning_rate_init": 0.01, "batch_size": 10, "input_scale": 1 / 255, "random_state": 0}
    whole = cmlp.MLPClassifier((16,), **ways, **ends).fit(X, y)
    continued = cmlp.load(tmp_path / "trained.cmlp")
    assert continued.loss_curve_ == whole.loss_curve_[:5]
    continued.set_params(**ends).fit(X, y, resume=True)
    assert continued.loss_curve_ == whole.loss_curve_
    assert continued.predict_proba(X).tobytes() == whole.predict_proba(X).tobytes()
    assert int(flash.split()[4]) < 100_000
    assert int(memory.split(", static in all ")[1].split(",")[0]) < 45_000
    assert int(memory.split()[-2]) < 8_000, "stack"


@pytest.mark.slow
@needs_board
def test_microcontroller_gives_the_bits_of_python(single_file, firmware_files, tmp_path):
    files = {"MODEL": "model.cmlp", "ROWS": "rows.bin"}
    lines, memory, flash = on_cortex_m4(
        "main.c", single_file, tmp_path, "-DCMLP_BUILD_ROWS=1", **files
    )
    assert lines == firmware_files
    assert int(flash.split()[4].rstrip(",")) < 47_700
    assert int(memory.split()[6]) < 10_000, "stack"
