"""Compiles exported headers with a program that reads rows and writes outputs, also for emulated processors."""

import functools
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from helpers import HIDDEN, assert_same_bits
from internals import model_of

import cmlp
from cmlp import MLPClassifier, Network
from cmlp._export.quantization import quantize
from cmlp.datasets import load_digits28, load_mnist

WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]
C_TYPES = {"B": "uint8_t", "f": "float", "d": "double"}
PROGRAM = Path(__file__).with_name("c_export_program.c")


class Target(NamedTuple):
    """A compiler with its options, and the command that runs its programs."""

    name: str
    compiler: tuple[str, ...]
    emulator: tuple[str, ...] = ()

    def missing(self):
        """Return the first program that is not installed, or None."""
        return next(
            (tool for tool in (self.compiler[0], *self.emulator[:1]) if not shutil.which(tool)),
            None,
        )


def emulated(name, compiler, emulator, *options):
    return Target(
        name,
        (f"{compiler}-gcc", "-std=c99", "-O2", "-static", *options),
        (f"qemu-{emulator}-static",),
    )


NATIVE = Target("gcc -O0", ("gcc", "-std=c99", "-O0"))
TARGETS = [
    NATIVE,
    Target("gcc -O2", ("gcc", "-std=c99", "-O2")),
    Target("gcc -Os, gnu11", ("gcc", "-std=gnu11", "-Os")),
    Target("gcc for this processor", ("gcc", "-std=c99", "-O3", "-march=native")),
    Target(
        "gcc that contracts products",
        ("gcc", "-std=gnu99", "-O3", "-march=native", "-ffp-contract=fast"),
    ),
    Target("g++", ("g++", "-x", "c++", "-std=c++11", "-O2")),
    Target("clang", ("clang", "-std=c99", "-O2")),
    Target(
        "clang that contracts products", ("clang", "-O3", "-march=native", "-ffp-contract=fast")
    ),
    Target("clang++", ("clang++", "-x", "c++", "-std=c++20", "-O2", "-march=native")),
    emulated("arm", "arm-linux-gnueabihf", "arm"),
    emulated("arm with FMA", "arm-linux-gnueabihf", "arm", "-mfpu=vfpv4"),
    emulated("aarch64", "aarch64-linux-gnu", "aarch64"),
    emulated("riscv64", "riscv64-linux-gnu", "riscv64"),
    emulated("ppc64le", "powerpc64le-linux-gnu", "ppc64le"),
    emulated("s390x", "s390x-linux-gnu", "s390x"),
]

CORTEX_M4 = (
    "arm-none-eabi-gcc",
    "-mcpu=cortex-m4",
    "-mthumb",
    "-mfloat-abi=hard",
    "-mfpu=fpv4-sp-d16",
    "-std=c99",
)


def require(target):
    """Skip the test if a program is not installed; fail if CMLP_TARGETS=all says that all of them are."""
    missing = target.missing()
    if missing and os.environ.get("CMLP_TARGETS") == "all":
        pytest.fail(f"{missing} is not installed")
    if missing:
        pytest.skip(f"{missing} is not installed")


# On Windows standard input is not binary.
needs_gcc = pytest.mark.skipif(
    sys.platform == "win32" or bool(NATIVE.missing()), reason="needs gcc and POSIX"
)


@functools.cache
def images():
    """Return 1,000 test images of handwritten digits with their labels: of MNIST in CMLP_DATA, or the bundled ones."""
    *_, X, y = load_mnist() if os.environ.get("CMLP_DATA") else load_digits28()
    return X[:1000], y[:1000]


def build(folder, source, target, *options):
    """Compile C text; warnings are errors."""
    program = Path(tempfile.mkdtemp(dir=folder)) / "program"
    path = program.with_suffix(".c")
    path.write_text(source, encoding="ascii")
    command = [
        *target.compiler,
        *WARNINGS,
        *options,
        "-I",
        str(folder),
        str(path),
        "-o",
        str(program),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [*target.emulator, str(program)]


def run(command, rows=b""):
    done = subprocess.run(command, input=rows, capture_output=True)
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr.decode()}"
    return done.stdout


def predictions(
    folder, name, rows, target=NATIVE, *options, output="float", classify=True, suffix=None
):
    """Return the outputs and the classes that the header `name`.h computes for rows of float32, float64 or uint8."""
    suffix = ("_u8" if rows.dtype == np.uint8 else "") if suffix is None else suffix
    source = (
        f'#include "{name}.h"\n#define IN {C_TYPES[rows.dtype.char]}\n#define OUT {output}\n'
        f"#define N_IN {name}_inputs\n#define N_OUT {name}_outputs\n#define PREDICT {name}_predict{suffix}\n"
        f"#define CLASSIFY(x) {f'{name}_classify{suffix}(x)' if classify else '((void)(x), 0)'}\n"
        f"#define CHECK {'1' if output == 'int32_t' else f'{name}_check()'}\n{PROGRAM.read_text(encoding='ascii')}"
    )
    little = rows.astype(rows.dtype.newbyteorder("<"))
    written = run(build(folder, source, target, *options), np.ascontiguousarray(little).tobytes())
    words = np.frombuffer(written, "<u4").reshape(len(rows), -1)
    outputs = np.ascontiguousarray(words[:, :-1])
    if output == "double":
        return outputs.view("<u8").astype(np.uint64).view(np.float64), words[:, -1]
    return outputs.astype(np.uint32).view(np.float32 if output == "float" else np.int32), words[
        :, -1
    ]


def answers(folder, name, rows, coverage, n_targets=1, target=NATIVE):
    """Return outputs, ends and distances to training of rows, by the header `name`.h of a regressor with intervals."""
    calls = "".join(
        f"    if (!{name}_interval({target}, {coverage}, y, output)) output[0] = -1.0;\n    output += 2;\n"
        for target in range(n_targets)
    )
    (folder / f"{name}_all.h").write_text(
        f'#include "{name}.h"\n'
        f"enum {{ {name}_all_inputs = {name}_inputs }};\n"
        f"enum {{ {name}_all_outputs = {name}_outputs + {2 * n_targets} + {name}_inputs }};\n"
        f"static int {name}_all_check(void) {{ return {name}_check(); }}\n"
        f"static void {name}_all_predict(const double *x, double *output)\n{{\n"
        f"    double y[{name}_outputs];\n    {name}_predict(x, y);\n"
        f"    for (int j = 0; j < {name}_outputs; j++) *output++ = y[j];\n"
        f"{calls}    {name}_outside(x, output);\n}}\n",
        encoding="ascii",
    )
    found, _ = predictions(folder, f"{name}_all", rows, target, output="double", classify=False)
    n_out = found.shape[1] - 2 * n_targets - rows.shape[1]
    return np.split(found, [n_out, n_out + 2 * n_targets], axis=1)


def integer_predictions(folder, models, X, target=NATIVE, *options, calibrate=None):
    """Return the outputs of int8 headers of several models for the same rows, from C and from Python.

    Rows of float are converted to bytes by the headers. After the outputs of a model with classes follows the index of
    the class.
    """
    calls, expected, width = "", [], 0
    for name, model in models.items():
        model.to_c(folder / f"{name}.h", int8=True, calibrate=X if calibrate is None else calibrate)
        text = (folder / f"{name}.h").read_text(encoding="ascii")
        net = integer_net(model, X if calibrate is None else calibrate)
        copy = f"for (int k = 0; k < {name}_inputs; k++) q[k] = x[k];"
        calls += f"    {copy if net.input is None else f'{name}_quantize(x, q);'}\n"
        calls += f"    {name}_predict_u8(q, output + {width});\n"
        expected.append(net.outputs(X if net.input is None else net.input.bytes_of(X)))
        width += expected[-1].shape[1]
        if f"{name}_classify_u8(" in text:
            calls += f"    output[{width}] = {name}_classify_u8(q);\n"
            expected.append(class_indices(model, expected[-1]))
            width += 1
    ctype = "uint8_t" if X.dtype == np.uint8 else "float"
    (folder / "all.h").write_text(
        "".join(f'#include "{name}.h"\n' for name in models)
        + f"enum {{ all_inputs = {name}_inputs, all_outputs = {width} }};\n"
        + f"static void all_predict(const {ctype} *x, int32_t *output)\n{{\n    uint8_t q[all_inputs];\n{calls}}}\n",
        encoding="ascii",
    )
    outputs, _ = predictions(
        folder, "all", X, target, *options, output="int32_t", classify=False, suffix=""
    )
    return outputs, np.concatenate(expected, axis=1)


def integer_net(model, calibrate):
    """Return the integer network that an int8 header computes."""
    return quantize(model_of(model), calibrate)[0]


def class_indices(model, sums):
    """Return the class that follows from the weighted sums of the outputs, as a column."""
    if len(getattr(model, "classes_", "12")) == 1:
        return np.zeros((len(sums), 1), int)
    return (sums[:, :1] > 0) if sums.shape[1] == 1 else sums.argmax(axis=1)[:, None]


def combine(folder, models):
    """Write the headers of named models, and all.h, whose outputs are those of all models for the same row.

    After the outputs of a model with classes follows the index of the class.
    """
    calls, checks, width = "", [], 0
    for name, model in models.items():
        text = io.StringIO()
        model.to_c(text, name=name)
        (folder / f"{name}.h").write_text(text.getvalue(), encoding="ascii")
        calls += f"    {name}_predict(x, output + {width});\n"
        width += int(re.search(rf"{name}_outputs = (\d+)", text.getvalue())[1])
        if f"{name}_classify(" in text.getvalue():
            calls += f"    output[{width}] = (float){name}_classify(x);\n"
            width += 1
        checks.append(f"{name}_check()")
    (folder / "all.h").write_text(
        "".join(f'#include "{name}.h"\n' for name in models)
        + f"enum {{ all_inputs = {name}_inputs, all_outputs = {width} }};\n"
        + f"static void all_predict(const float *x, float *output)\n{{\n{calls}}}\n"
        + f"static int all_check(void) {{ return {' && '.join(checks)}; }}\n",
        encoding="ascii",
    )


def digits_classifier(sizes, activation):
    X, y, *_ = cmlp.datasets.load_digits28()
    model = MLPClassifier(
        sizes,
        activation=activation,
        max_iter=3,
        batch_size=100,
        random_state=0,
        input_scale=1 / 255,
    )
    with pytest.warns(cmlp.exceptions.ConvergenceWarning):
        return model.fit(X, y)


def assert_digits_agree(model, folder, target):
    X, _ = images()
    expected = model.predict_proba(X)
    outputs, classes = predictions(folder, "digits", X, target)
    assert_same_bits(outputs, expected)
    assert (model.classes_[classes] == model.predict(X)).all()
    outputs, classes = predictions(folder, "digits", X[:100].astype(np.float32), target)
    assert_same_bits(outputs, expected[:100])


def activation_network(activation):
    """Return a network whose output is the activation of its input."""
    parameter = {"leaky_relu": 0.3, "elu": 1.7}.get(activation)
    net = Network(
        [1, 1, 1],
        activation,
        output="identity",
        loss="squared_error",
        activation_parameter=parameter,
        random_state=0,
    )
    net.params[:] = [1, 0, 1, 0]
    return net


def assert_activations_agree(folder, rows, target=NATIVE, *options):
    networks = {f"act_{activation}": activation_network(activation) for activation in HIDDEN}
    combine(folder, networks)
    outputs, _ = predictions(folder, "all", rows, target, *options, classify=False)
    assert_same_bits(
        outputs, np.concatenate([net.forward(rows) for net in networks.values()], axis=1)
    )
