"""Exported int8 headers compute the same integers as Python, and nearly the same classes as the float32 model."""

import hashlib
import io
import os
import shutil
import subprocess

import numpy as np
import pytest
from c_export import NATIVE, integer_net, integer_predictions, needs_gcc
from helpers import inputs, labels, uniform

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network

ROWS = inputs(5, 200, 5, np.float32)
CLASSES = labels(1, 200, 3)
MATRIX = np.stack([CLASSES > 0, CLASSES > 1], axis=1).astype(int)
HIDDEN = ("relu", "logistic", "tanh")


def written(model, name="net", **arguments):
    text = io.StringIO()
    return model.to_c(text, name=name, int8=True, **arguments), text.getvalue()


@pytest.fixture(scope="module")
def small_digits():
    """A classifier of digits of 49 pixels, and its test data."""
    X, y, X_test, y_test = (
        data.reshape(-1, 28, 28)[:, ::4, ::4].reshape(-1, 49) if data.ndim == 2 else data
        for data in cmlp.datasets.load_digits28()
    )
    model = MLPClassifier((16,), "logistic", batch_size=100, random_state=0, input_scale=1 / 255)
    for _ in range(5):
        model.partial_fit(X, y, classes=range(10))
    return model, X_test, y_test


@needs_gcc
def test_digits_give_the_integers_of_python(tmp_path, small_digits):
    model, X, _ = small_digits
    outputs, expected = integer_predictions(tmp_path, {"digits": model}, X)
    assert (outputs == expected).all()
    assert (model.predict(X) == expected[:, -1]).mean() > 0.98


@needs_gcc
def test_models_of_every_kind(tmp_path):
    """Also inputs of different ranges, a constant input, dead units, and an input outside the calibration rows."""
    X = ROWS * np.array([1, 1000, 0.001, 0, 1], np.float32) + np.array(
        [0, 500, 1, 3, 0], np.float32
    )
    models = {
        "multiclass": MLPClassifier((4,), random_state=0).partial_fit(
            ROWS, CLASSES, classes=[0, 1, 2]
        ),
        "binary": MLPClassifier((4,), random_state=0).partial_fit(
            ROWS, CLASSES > 1, classes=[False, True]
        ),
        "one_class": MLPClassifier((4,), random_state=0).partial_fit(
            ROWS, CLASSES * 0, classes=[0]
        ),
        "multilabel": MLPClassifier((4,), random_state=0).partial_fit(ROWS, MATRIX, classes=[0, 1]),
        "regressor": MLPRegressor(hidden_layer_sizes=(4,), random_state=0).partial_fit(
            ROWS, MATRIX
        ),
        "mixed": Network([5, 6, 7, 8, 3], HIDDEN, random_state=0, input_scale=0.5),
        "no_hidden": Network([5, 2], random_state=1, output="logistic"),
        "one_output": Network([5, 3, 1], "tanh", output="logistic", random_state=1),
        "dead": Network([5, 4, 3], "relu", random_state=2),
    }
    models["dead"].biases[0][:] = -1e6
    models["dead"].weights[1][:] = 0
    outputs, expected = integer_predictions(tmp_path, models, X * 1.5, calibrate=X)
    assert (outputs == expected).all()


AVR = "avr-gcc"


@needs_gcc
def test_processors_with_separate_flash_read_weights_and_tables_from_it(tmp_path):
    """With the macros of avr-libc, which here count the bytes that they read."""
    (tmp_path / "avr").mkdir()
    (tmp_path / "avr/pgmspace.h").write_text(
        "#define PROGMEM\n#define pgm_read_byte(p) ((uint8_t)(reads++, *(const uint8_t *)(p)))\n"
        "#define pgm_read_dword(p) (words++, *(const uint32_t *)(p))\n"
        "#define pgm_read_float(p) (*(const float *)(p))\nstatic long reads, words;\n"
    )
    net = Network([5, 6, 7, 3], ["tanh", "logistic"], random_state=0)
    net.to_c(tmp_path / "net.h", int8=True, calibrate=ROWS)
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "net.h"\n'
        "int main(void)\n{\n    const uint8_t x[5] = {9, 8, 7, 6, 5};\n    int32_t z[3];\n"
        '    net_predict_u8(x, z);\n    printf("%ld %ld\\n", reads, words);\n    return 0;\n}\n'
    )
    compiler = [
        "gcc",
        "-std=c99",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-D__AVR__",
        "-I.",
        "main.c",
        "-o",
        "main",
    ]
    subprocess.run(compiler, cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True)
    reads, words = map(int, done.stdout.split())
    hidden = (
        6 + 7
    )  # each unit of tanh and logistic reads its shift, its factor and an entry of the table
    assert 2 * hidden + 5 * 6 <= reads <= 2 * hidden + 5 * 6 + 6 * 7 + 7 * 3
    assert words == hidden + hidden + 3  # factors, and all biases


@pytest.mark.skipif(shutil.which(AVR) is None, reason="needs avr-gcc")
def test_arduino(tmp_path, small_digits):
    """The weights stay in flash memory; a float header names the remedy, because double has 32 bits."""
    model, X, _ = small_digits
    model.to_c(tmp_path / "digits.h", int8=True, calibrate=X)
    model.to_c(tmp_path / "floats.h")
    compiler = [AVR, "-mmcu=atmega328p", "-std=gnu99", "-Os", "-Wall", "-Wextra", "-Werror"]

    def compiled(header):
        source = f'#include "{header}.h"\nint main(void)\n{{\n    static uint8_t x[49];\n'
        (tmp_path / "main.c").write_text(f"{source}    return {header}_classify_u8(x);\n}}\n")
        command = [*compiler, "main.c", "-o", "main.elf"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert compiled("digits").returncode == 0
    sizes = subprocess.run(
        ["avr-size", tmp_path / "main.elf"], capture_output=True, text=True, check=True
    ).stdout
    text, data, bss = map(int, sizes.splitlines()[1].split()[:3])
    assert text > model.coefs_[0].size + model.coefs_[1].size and data + bss < 400
    assert "write the header with to_c(..., int8=True)" in compiled("floats").stderr


@needs_gcc
@pytest.mark.slow
def test_no_undefined_behaviour(tmp_path):
    models = {
        f"net_{seed}": Network([30, 9, 9, 9, 4], HIDDEN, random_state=seed) for seed in range(3)
    }
    for net in models.values():
        net.params *= 3
    X = np.random.RandomState(0).randint(0, 256, (500, 30)).astype(np.uint8)
    options = ("-O2", "-fsanitize=undefined", "-fno-sanitize-recover")
    outputs, expected = integer_predictions(tmp_path, models, X, NATIVE, *options)
    assert (outputs == expected).all()


@pytest.mark.parametrize("activation", HIDDEN)
def test_sums_are_close_to_those_of_float32(activation):
    net = Network(
        [20, 30, 30, 4], activation, output="identity", loss="squared_error", random_state=3
    )
    X = uniform(0, 300, 20)
    header, text = written(net, calibrate=X)
    assert header.comparison.rows == 300
    assert header.comparison.same_class is None
    assert header.comparison.error < 0.02 * net.forward(X).std()
    assert f"{header.comparison.error:.3g}" in text
    integers = integer_net(net, X)
    sums = integers.outputs(integers.input.bytes_of(X)) * integers.layers[-1].units
    assert np.sqrt(((sums - net.forward(X)) ** 2).mean()) == pytest.approx(header.comparison.error)


def test_result_and_comment_tell_the_loss(small_digits):
    digits, X, y = small_digits
    header, text = written(digits, calibrate=(X, y))
    found = header.comparison
    assert (found.rows, found.error) == (1000, None)
    assert found.float_accuracy == digits.score(X, y)
    integers = integer_net(digits, X).outputs(X).argmax(axis=1)
    assert found.accuracy == (integers == y).mean()
    assert found.same_class == (integers == digits.predict(X)).sum()
    assert all(line in str(header) and line in text for line in str(found).splitlines())
    assert f"Flash: {header.constants} bytes" in text
    assert f"a loss of {100 * (found.float_accuracy - found.accuracy):.2f} points" in str(header)
    lost = found._replace(accuracy=0.9, float_accuracy=0.95)
    assert "90.00 % with int8, 95.00 % with float32, a loss of 5.00 points" in str(lost)
    assert written(digits, calibrate=X)[0].comparison.accuracy is None
    assert "say little" in str(written(digits, calibrate=X[:99])[0])
    assert "say little" not in str(written(digits, calibrate=X[:100])[0])


def test_header_does_not_depend_on_the_machine():
    net = Network([12, 8, 8, 8, 3], HIDDEN, random_state=0, input_scale=1 / 255)
    X = (np.random.RandomState(0).random_sample((300, 12)) * 256).astype(np.uint8)
    text = written(net, calibrate=X)[1]
    body = text[text.index("#ifndef") :]
    assert (
        hashlib.sha256(body.encode()).hexdigest()
        == "9fe694779f30d691c8942fbab450fba92f339e36821c295ab03ac1f82a102f21"
    )


def test_calibration_rows_of_every_form(small_digits):
    scipy = pytest.importorskip("scipy.sparse")
    digits, X = small_digits[0], small_digits[1][:50]
    expected = written(digits, calibrate=X)[1]
    for same in (X.astype(float), X.tolist(), X.astype(np.float16), scipy.csr_array(X)):
        assert written(digits, calibrate=same)[1] == expected
    assert "_quantize" not in expected
    assert "_quantize" in written(digits, calibrate=X + 0.5)[1]


@pytest.mark.parametrize(
    ("calibrate", "message"),
    [
        (None, "int8=True needs calibrate: rows of typical inputs"),
        (ROWS[:, :4], r"calibrate must have shape \(n, 5\) with n > 0, got \(200, 4\)"),
        (ROWS[:0], r"calibrate must have shape \(n, 5\) with n > 0, got \(0, 5\)"),
        (ROWS[0], r"calibrate must have shape \(n, 5\) with n > 0, got \(5,\)"),
        ([[1, 2, 3, 4, np.nan]], "calibrate contains NaN"),
        ([["a"] * 5], "calibrate"),
        ((ROWS, CLASSES), r"calibrate=\(X, y\) needs a classifier"),
    ],
)
def test_wrong_calibration_rows_are_refused(tmp_path, calibrate, message):
    net = Network([5, 4, 3], random_state=0)
    with pytest.raises(ValueError, match=message):
        net.to_c(tmp_path / "net.h", int8=True, calibrate=calibrate)
    assert os.listdir(tmp_path) == []


def test_labels_are_checked(small_digits):
    digits, X, y = small_digits
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        written(digits, calibrate=(X, y[:10]))
    with pytest.raises(ValueError, match="classes not in"):
        written(digits, calibrate=(X, y + 1))


def test_calibration_rows_without_int8_are_refused():
    with pytest.raises(ValueError, match="calibrate is only used with int8=True"):
        Network([5, 4, 3]).to_c(io.StringIO(), name="net", calibrate=ROWS)


@pytest.mark.parametrize(
    "activation", ["identity", "leaky_relu", "elu", "silu", "gelu", "softplus", "softsign"]
)
def test_other_hidden_activations_are_refused_by_name(activation):
    with pytest.raises(
        ValueError, match=f"int8 supports the hidden activations .* not {activation}$"
    ):
        written(Network([5, 4, 4, 3], ["relu", activation]), calibrate=ROWS)


@pytest.mark.parametrize("output", ["exp", "tanh"])
def test_other_output_activations_are_refused_by_name(output):
    with pytest.raises(ValueError, match=f"int8 supports the output activations .* not {output}$"):
        written(Network([5, 4, 3], "relu", output=output, loss="squared_error"), calibrate=ROWS)
