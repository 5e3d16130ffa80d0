"""One row of MNIST in C: the library, exported headers and peers; the flash of a Cortex-M4; the accuracy of int8.

The peers are the packages cynn (KANN, genann), emlearn, m2cgen and onnxruntime (with onnx) of PyPI, and libfann-dev and
tiny-dnn (with libcereal-dev, libgemmlowp-dev, libstb-dev) of Debian. For the flash, gcc-arm-none-eabi is needed.
"""

import shutil
import statistics
import subprocess
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path

from benchmarks import data, embedded
from benchmarks.compare import named
from benchmarks.report import Ratio, Report
from cmlp import MLPClassifier

NETS = [([784, 16, 16, 10], "logistic"), ([784, 128, 64, 10], "relu")]
LIBRARY, HEADER, INT8, KANN = "cmlp library", "header, gcc -O3", "int8 header, gcc -O3", "KANN"
PEERS = {
    LIBRARY: embedded.library,
    HEADER: embedded.header,
    "header, gcc -O2": partial(embedded.header, options=["-O2"]),
    "header, clang -O3": partial(embedded.header, compiler="clang"),
    "header, gcc -O3, without FMA": partial(embedded.header, options=["-march=x86-64", "-mno-fma"]),
    INT8: embedded.integers,
    KANN: embedded.kann,
    "FANN": embedded.fann,
    "genann": embedded.genann,
    "tiny-dnn": embedded.tiny_dnn,
    "emlearn": embedded.emlearn,
    "ONNX Runtime, C API": embedded.onnx_runtime,
    "m2cgen": embedded.m2cgen,
}
FLASH_TITLE, FLASH = "Cortex-M4, -Os, one prediction: bytes of flash", "/ float header"
ACCURACY_TITLE, LOSS = (
    "int8: accuracy on the test images, in percent, after 5,000 calibration images",
    "loss",
)
CORTEX_M4 = [
    "-mcpu=cortex-m4",
    "-mthumb",
    "-mfloat-abi=hard",
    "-mfpu=fpv4-sp-d16",
    "-std=c99",
    "-Os",
]
SEEDS = 5


def title(sizes, activation):
    return f"one row of {named(sizes, activation)}"


def classifier(sizes, activation, seed, epochs, n):
    X, y, _ = data.images(n)
    model = MLPClassifier(
        tuple(sizes[1:-1]),
        activation=activation,
        batch_size=96,
        max_iter=epochs,
        random_state=seed,
        learning_rate_init=3e-3,
        input_scale=1 / 255,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


def nanoseconds(calls, n, rounds):
    """Return the times per row of all calls, measured in turns: {name: list of nanoseconds}."""
    times = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call(n)
            times[name].append(1e9 * (time.perf_counter() - start) / n)
    return {name: found[1:] for name, found in times.items()}


def one_row(report, sizes, activation, folder, *, rounds, n):
    model = classifier(sizes, activation, 0, 2, 5000)
    pixels, calls = data.images(n)[0], {}
    for name, make in PEERS.items():
        try:
            calls[name] = make(folder, model, pixels)
        except embedded.MissingPeerError as error:
            print(f"left out: {error}")
    times = nanoseconds(calls, n, rounds)
    rows = []
    for name, found in times.items():
        ratios = [
            Ratio.of_rounds(found, times[base]) if base in times else None
            for base in (LIBRARY, KANN)
        ]
        rows.append([name, min(found), statistics.median(found), *ratios])
    report.table(
        title(sizes, activation), ["", "ns, best", "median", f"/ {LIBRARY}", f"/ {KANN}"], rows
    )


def flash(folder, source):
    """Return the bytes of code and constants of a source for a Cortex-M4."""
    path = folder / "flash.c"
    path.write_text(source, encoding="ascii")
    subprocess.run(
        ["arm-none-eabi-gcc", *CORTEX_M4, "-c", path, "-o", path.with_suffix(".o")], check=True
    )
    printed = subprocess.run(
        ["arm-none-eabi-size", path.with_suffix(".o")], capture_output=True, text=True, check=True
    )
    text, initialized, *_ = map(int, printed.stdout.splitlines()[1].split()[:2])
    return text + initialized


def flash_sizes(report, folder):
    if not shutil.which("arm-none-eabi-gcc"):
        print("left out: the flash of a Cortex-M4: arm-none-eabi-gcc is not installed")
        return
    rows = []
    for sizes, activation in NETS:
        model, pixels = classifier(sizes, activation, 0, 1, 1000), data.images(500)[0]
        model.to_c(folder / "digits.h")
        model.to_c(folder / "digits8.h", int8=True, calibrate=pixels)
        single = flash(
            folder,
            '#include "digits.h"\nint run(const uint8_t *x) { return digits_classify_u8(x); }\n',
        )
        small = flash(
            folder,
            '#include "digits8.h"\nint run(const uint8_t *x) { return digits8_classify_u8(x); }\n',
        )
        rows.append([named(sizes, activation), single, small, small / single])
    report.table(FLASH_TITLE, ["", "float header", "int8 header", FLASH], rows)


def accuracies(report, *, seeds, n):
    """Compare int8 with float32 on the 10,000 test images of MNIST; the calibration images are training images."""
    from cmlp._export.quantization import compare, quantize
    from cmlp._model.model import model_of
    from cmlp.datasets import load_digits28, load_mnist

    try:
        X, _, X_test, y_test = load_mnist()
    except FileNotFoundError:
        print("MNIST is not installed: the bundled 1,000 test images")
        X, _, X_test, y_test = load_digits28()
    rows = []
    for sizes, activation in [*NETS, ([784, 16, 16, 10], "relu"), ([784, 16, 16, 10], "tanh")]:
        for seed in range(seeds):
            document = model_of(classifier(sizes, activation, seed, 8 if n > 5000 else 1, n))
            net, _ = quantize(document, X[:5000])
            found = compare(document, net, net.outputs(X_test), X_test, y_test)
            single, small = 100 * found.float_accuracy, 100 * found.accuracy
            rows.append(
                [
                    f"{named(sizes, activation)}, seed {seed}",
                    f"{single:.2f}",
                    f"{small:.2f}",
                    single - small,
                ]
            )
    report.table(ACCURACY_TITLE, ["", "float32", "int8", LOSS], rows)


def run(*, short):
    report = Report("embedding", short)
    report.note(rows=data.images(1000)[2])
    for sizes, activation in NETS[: 1 if short else None]:
        with tempfile.TemporaryDirectory() as folder:
            one_row(
                report,
                sizes,
                activation,
                Path(folder),
                rounds=2 if short else 15,
                n=100 if short else 1000,
            )
    with tempfile.TemporaryDirectory() as folder:
        flash_sizes(report, Path(folder))
    accuracies(report, seeds=1 if short else SEEDS, n=5000 if short else 60_000)
    report.write()
