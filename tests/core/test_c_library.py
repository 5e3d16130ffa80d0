"""The C library alone: its tests pass, and its bits depend neither on compiler optimization nor on the caller."""

import functools
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from c_build import (
    COMPILER,
    CORE,
    FLAGS,
    HEADER,
    ROOT,
    SHARED,
    UNOPTIMIZED,
    WARNINGS,
    compiled,
    core_objects,
    linked,
    needs_compiler,
    run,
)

from cmlp._bridge import _core
from cmlp._train.initial_params import initial_params

# slow: the whole core is compiled
pytestmark = [needs_compiler, pytest.mark.slow]

TESTS = ROOT / "tests/c"
LAST_LINE = re.compile(r"(\d+) passed, (\d+) failed\n\Z")


@functools.cache
def program(name, *sources, flags=SHARED):
    """Compile a test program and link it with the core; test_random.c includes the part that it tests."""
    objects = compiled([TESTS / source for source in sources], *flags)
    core = [] if name == "test_random" else core_objects(*flags)
    return linked(name, [*objects, *core])


def passes(executable, *arguments):
    """Run a test program, check its last line (the counts), and return its output."""
    done = subprocess.run([executable, *arguments], capture_output=True, text=True)
    last = LAST_LINE.search(done.stdout)
    assert done.returncode == 0 and last and int(last[1]) > 0 and last[2] == "0", (
        done.stdout[-3000:] + done.stderr
    )
    return done.stdout


# --------------------------------------------------------------------------------------------- C test programs


def programs_of_cmake():
    """Return the sources of each program in tests/c/CMakeLists.txt, except those that need more than their sources."""
    text = (TESTS / "CMakeLists.txt").read_text(encoding="utf-8") if TESTS.exists() else ""
    loop = re.compile(r"^foreach\(name ([\w\s]+)\)\n(.*?)^endforeach", re.MULTILINE | re.DOTALL)
    text = loop.sub(
        lambda match: "".join(match[2].replace("${name}", name) for name in match[1].split()), text
    )
    found = re.findall(r"^ *cmlp_program\((\w+) \w+ ([^$)]+)\)", text, re.MULTILINE)
    return {name: sources.partition("NEEDS")[0].split() for name, sources in found}


PROGRAMS = programs_of_cmake()
ARGUMENTS = {
    "test_edited": [ROOT / "tests/files/data"],
    "test_fma": ["20000"],
    "test_stored": sorted((ROOT / "tests/files/data").glob("*.cmlp")),
}


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "golden"])
def test_c_program_passes(name):
    if name == "test_isolated" and sys.platform != "linux":
        pytest.skip("seccomp is Linux's")
    passes(program(name, *PROGRAMS[name], "support.c"), *ARGUMENTS.get(name, []))


def test_kernel_checks_detect_broken_kernels():
    output = passes(
        program("check_kernels", *PROGRAMS["check_kernels"], "support.c"), "selftest", "1"
    )
    assert output.count("caught by case") >= 50


def test_cmake_builds_every_c_program():
    """Only CMake compiles test_math.c, once per instruction set, and test_workers.c, with a smaller bound of messages;
    older_caller.c has test_older_callers.py.
    """
    mains = {
        path.stem
        for path in TESTS.glob("*.c")
        if re.search(r"^int main\(", path.read_text("utf-8"), re.M)
    }
    assert len(mains) > 15
    assert mains == {*PROGRAMS, "test_math", "test_workers", "older_caller"}


# --------------------------------------------------------------------------------------------------- the same bits


@functools.cache
def golden_cases(*flags):
    output = passes(program("golden", "golden.c", flags=flags), "describe")
    return [line.split()[1:] for line in output.splitlines() if line.startswith("case ")]


@pytest.mark.full
@pytest.mark.parametrize("flags", [UNOPTIMIZED, SHARED], ids=["O0", "O1"])
def test_golden_bits_at_each_optimization_level(flags):
    assert len(golden_cases(*flags)) >= 15


@pytest.mark.parametrize("option", ["-ffast-math", "-ffinite-math-only"])
def test_options_that_change_the_arithmetic_do_not_compile(option):
    command = [COMPILER, option, "-fsyntax-only", str(CORE / "net/net.c")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and f"cannot be built with {option}" in done.stderr


@pytest.mark.skipif(not shutil.which("clang"), reason="needs Clang")
@pytest.mark.parametrize(("options", "exact"), [(["-O2"], 1), (["-O2", "-fno-honor-nans"], 0)])
def test_build_that_assumes_finite_numbers_is_found(tmp_path, options, exact):
    """No macro tells of this option: the check that cmlp_net_init calls does."""
    main = tmp_path / "main.c"
    main.write_text("int cmlpi_is_exact(void);\nint main(void) { return cmlpi_is_exact(); }\n")
    sections = ["-ffunction-sections", "-Wl,--gc-sections"]
    program = tmp_path / "main"
    run("clang", *options, *sections, main, CORE / "net/net.c", "-o", program)
    assert subprocess.run([program]).returncode == exact


def test_external_program_prints_the_golden_line():
    folder = ROOT / "tests/consumers/golden"
    objects = compiled([folder / "golden.c"], f"-I{HEADER.parent}", *WARNINGS, *SHARED)
    line = (folder / "expected.txt").read_text(encoding="utf-8")
    assert run(linked("consumer", [*objects, *core_objects(*SHARED)])) == line


def golden_data(rs, sizes, x_type, kind, rows, weighted, by_column):
    """Generate inputs, their scale, targets and sample weights with the same random numbers as golden.c."""
    u = rs.random_sample((rows, sizes[0]))
    X = (256 * u).astype(np.uint8) if x_type == "uint8" else (2 * u - 1).astype(x_type)
    scale = 1 / 255 if x_type == "uint8" else 1.0
    if by_column:
        u, v = rs.random_sample((sizes[0], 2)).T
        scale = (256 * u, (0.5 + v) / 64) if x_type == "uint8" else (2 * u - 1, 0.5 + v)
    if kind == "classes":
        Y = (rs.random_sample(rows) * sizes[-1]).astype(np.int32)
    else:
        u = rs.random_sample((rows, sizes[-1]))
        Y = {"numbers": 2 * u - 1, "counts": np.floor(5 * u), "bits": np.floor(2 * u)}[kind]
    return X, scale, Y, np.floor(3 * rs.random_sample(rows)) + 0.5 if weighted else None


def golden_in_python(case):
    """Train a case of golden.c through the bridge; return the hash."""
    (
        sizes,
        activations,
        loss,
        dtype,
        solver,
        x_type,
        kind,
        rows,
        batch,
        alpha,
        loss_scale,
        weighted,
        by_column,
        _,
    ) = case
    sizes, activations, rows = [*map(int, sizes.split(","))], activations.split(","), int(rows)
    rs = np.random.RandomState(7)
    X, scale, Y, weights = golden_data(rs, sizes, x_type, kind, rows, int(weighted), int(by_column))
    net = _core.Net(sizes, activations, loss, dtype)
    last = activations[-2] if len(activations) > 1 else "relu"
    params = initial_params(net, rs, [*activations[:-1], last])
    optimizer = _core.Optimizer(
        net, solver, learning_rate=0.01 if solver == "adam" else 0.1, momentum=0.9
    )
    order, costs = np.arange(rows), []
    for _ in range(3):
        rs.shuffle(order)
        cost, penalty, *_ = net.train_epoch(
            params,
            X,
            Y,
            optimizer,
            batch_size=int(batch),
            order=order,
            sample_weight=weights,
            alpha=float(alpha),
            loss_scale=float(loss_scale),
            scale=scale,
        )
        costs += [cost, penalty]
    return fnv(np.array(costs), params, net.forward(params, X[:25], scale=scale))


def fnv(*arrays):
    """Return the FNV-1a hash of the bytes of the arrays."""
    value = 0xCBF29CE484222325
    for array in arrays:
        for byte in array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes():
            value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def test_python_trains_to_the_same_bits_as_c():
    cases = golden_cases(*SHARED)
    for case in cases:
        assert f"{golden_in_python(case):016x}" == case[-1], " ".join(case)


# ------------------------------------------------------------------------------------------------------- CMake


@pytest.mark.skipif(not shutil.which("cmake"), reason="needs CMake")
def test_cmake_compiles_with_the_flags_of_setup_py(tmp_path):
    """The version in the pkg-config file is that of the header, which says that programs may need -lm."""
    run(
        "cmake",
        "-S",
        ROOT,
        "-B",
        tmp_path,
        "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
        "-DBUILD_TESTING=OFF",
    )
    commands = (tmp_path / "compile_commands.json").read_text(encoding="utf-8")
    for flag in FLAGS:
        assert commands.count(flag) >= len(list(CORE.rglob("*.c"))), flag
    assert " -O3 " in commands
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    flags = set(re.findall(r'"(-.+?)"', re.search(r"UNIX_FLAGS = \[(.*?)\]", setup)[1]))
    assert flags >= set(FLAGS) and flags - set(FLAGS) == {"-O2"}
    version = re.search(r'CMLP_VERSION "(.+)"', (ROOT / "include/cmlp.h").read_text("utf-8"))[1]
    package = (tmp_path / "cmlp.pc").read_text(encoding="utf-8")
    assert f"Version: {version}\n" in package
    assert re.search(r"^Libs.private:.* -lm$", package, re.MULTILINE) or sys.platform == "win32"
