"""Exported float32 headers are bit-identical to Python."""

import io
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

import exact
import numpy as np
import pytest
from c_export import (
    NATIVE,
    WARNINGS,
    Target,
    assert_activations_agree,
    assert_digits_agree,
    build,
    combine,
    digits_classifier,
    needs_gcc,
    predictions,
    require,
    run,
)
from helpers import assert_same_bits, inputs, labels, uniform

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network

pytestmark = needs_gcc


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A classifier of digits, and the folder with its header."""
    folder = tmp_path_factory.mktemp("digits")
    model = digits_classifier((16, 16), "logistic")
    model.to_c(folder / "digits.h")
    return model, folder


def test_digits_have_the_bits_of_python(digits):
    assert_digits_agree(*digits, NATIVE)


EDGES = [
    0,
    1e-45,
    1e-40,
    1.17549435e-38,
    1e-30,
    0.5,
    1,
    4,
    9.99,
    10,
    13.14,
    13.145,
    13.15,
    40,
    87.33,
    87.34,
    88.72,
    88.73,
    90.5,
    91.8,
    92,
]


def test_activations_have_the_bits_of_python(tmp_path):
    sizes = np.concatenate(
        [EDGES, 10 ** uniform(0, 2000, low=-10, high=2), uniform(1, 2000, high=20)]
    )
    assert_activations_agree(
        tmp_path, np.concatenate([sizes, -sizes]).astype(np.float32).reshape(-1, 1)
    )


def test_fused_multiply_add_rounds_once(tmp_path):
    """Products halfway between two floats, plus a number that decides, but that rounding to double would lose."""
    odd = 1 + (2 * np.arange(200) + 1) * 2.0**-12
    a, b = np.meshgrid(odd[:20], odd)
    small = np.where(np.arange(a.size) % 2, 1, -1) * 2.0 ** -(60 + np.arange(a.size) % 60)
    rows = np.stack([a.ravel(), b.ravel(), small], axis=1).astype(np.float32)
    rows = np.concatenate([rows, -rows, inputs(8, 500, 3, np.float32)])
    Network([1, 2]).to_c(tmp_path / "net.h")
    (tmp_path / "all.h").write_text(
        '#include "net.h"\nenum { all_inputs = 3, all_outputs = 1 };\n'
        "static int all_check(void) { return net_check(); }\n"
        "static void all_predict(const float *x, float *output) { output[0] = net_fma(x[0], x[1], x[2]); }\n"
    )
    outputs, _ = predictions(tmp_path, "all", rows, classify=False)
    assert_same_bits(outputs[:, 0], np.array([exact.fma(*row) for row in rows]))


ROWS = inputs(3, 60, 5, np.float32)
CLASSES = labels(1, 60, 3)
MATRIX = np.stack([CLASSES > 0, CLASSES > 1], axis=1).astype(int)


def estimators():
    """Return fitted estimators of every kind, for the same rows."""
    classifier = partial(MLPClassifier, (4,), random_state=0)
    regressor = partial(MLPRegressor, hidden_layer_sizes=(4,), random_state=0)
    models = {
        "multiclass": classifier().partial_fit(ROWS, CLASSES, classes=[0, 1, 2]),
        "squares": classifier(loss="squared_error").partial_fit(ROWS, CLASSES, classes=[0, 1, 2]),
        "zeros": classifier(loss="squared_error").partial_fit(ROWS, CLASSES, classes=[0, 1, 2]),
        "binary": classifier().partial_fit(ROWS, CLASSES > 1, classes=[False, True]),
        "one_class": classifier().partial_fit(ROWS, CLASSES * 0, classes=[0]),
        "multilabel": classifier().partial_fit(ROWS, MATRIX, classes=[0, 1]),
        "regressor": regressor().partial_fit(ROWS, CLASSES),
        "two_targets": regressor().partial_fit(ROWS, MATRIX),
        "poisson": regressor(loss="poisson").partial_fit(ROWS, CLASSES),
    }
    models["zeros"].intercepts_[1] = np.full(3, -1000, np.float32)  # all outputs are 0
    return models


def expected_of(model):
    """Return the probabilities and the class index, or the predictions of a regressor."""
    if isinstance(model, MLPRegressor):
        return model.predict(ROWS).reshape(len(ROWS), -1)
    predicted = model.predict(ROWS)
    if predicted.ndim == 2:
        return model.predict_proba(ROWS)
    index = np.searchsorted(model.classes_, predicted).astype(np.float32)
    return np.column_stack([model.predict_proba(ROWS), index])


def test_estimators_of_every_kind(tmp_path):
    models = estimators()
    combine(tmp_path, models)
    outputs, _ = predictions(tmp_path, "all", ROWS, classify=False)
    assert_same_bits(
        outputs, np.concatenate([expected_of(model) for model in models.values()], axis=1)
    )
    assert (expected_of(models["zeros"])[:, :3] == np.float32(1 / 3)).all()


def test_headers_without_classes_only_predict():
    models = estimators()
    for name in ("multilabel", "regressor", "two_targets", "poisson"):
        text = io.StringIO()
        models[name].to_c(text, name=name)
        assert "classify" not in text.getvalue()


def test_scikit_learns_models_through_from_sklearn(tmp_path):
    linear = pytest.importorskip("sklearn.neural_network")
    theirs = linear.MLPClassifier((4,), random_state=0).partial_fit(
        ROWS, CLASSES, classes=[0, 1, 2]
    )
    cmlp.from_sklearn(theirs).to_c(tmp_path / "theirs.h")
    outputs, classes = predictions(tmp_path, "theirs", ROWS)
    np.testing.assert_allclose(outputs, theirs.predict_proba(ROWS), rtol=0, atol=1e-5)
    assert (classes == theirs.predict(ROWS)).all()


def test_example_in_the_documentation(tmp_path):
    document = Path(__file__).parents[2] / "docs/export.md"
    if not document.exists():
        pytest.skip("the documentation is in the source tree only")
    source = re.search(r"```c\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)[1]
    model = MLPClassifier((4,), random_state=0).partial_fit(ROWS, CLASSES, classes=[0, 1, 2])
    model.to_c(tmp_path / "digits.h")
    zeros = np.zeros((1, 5), np.float32)
    expected = f"{model.predict(zeros)[0]}: {model.predict_proba(zeros).max():.3f}\n"
    assert run(build(tmp_path, source, NATIVE)).decode() == expected


def test_clang_uses_the_multiply_add_of_a_cortex_m4(digits):
    """It makes a call of `__builtin_fmaf` there, and does not define GCC's macro."""
    _, folder = digits
    headers = Path("/usr/include/newlib")
    if not shutil.which("clang") or not headers.exists():
        pytest.skip("needs clang and the headers of newlib")
    source = '#include "digits.h"\nint answer(const unsigned char *x) { return digits_classify_u8(x); }\n'
    command = (
        "clang -target arm-none-eabi -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -O2 -S"
    )
    options = ["-isystem", headers, "-I", folder, "-x", "c", "-", "-o", "-"]
    done = subprocess.run(
        [*command.split(), *options], input=source, capture_output=True, text=True, check=True
    )
    assert "vfma.f32" in done.stdout
    assert "fmaf" not in done.stdout


@pytest.mark.slow
def test_no_undefined_behaviour(tmp_path):
    rows = np.concatenate([EDGES, np.negative(EDGES)]).astype(np.float32).reshape(-1, 1)
    assert_activations_agree(
        tmp_path, rows, NATIVE, "-fsanitize=address,undefined", "-fno-sanitize-recover"
    )


@pytest.mark.slow
@pytest.mark.parametrize("output", ["identity", "logistic", "tanh", "exp", "softmax"])
@pytest.mark.parametrize("sizes", [[1, 1], [130, 2], [3, 129, 2, 300, 1]])
def test_networks_of_every_shape_and_output(tmp_path, output, sizes):
    if (sizes[-1], output) == (1, "softmax"):
        sizes = [*sizes[:-1], 2]  # a softmax of one output is refused
    net = Network(
        sizes, "elu", output=output, loss="squared_error", random_state=2, input_scale=0.3
    )
    net.to_c(tmp_path / "net.h")
    classify = output in ("logistic", "softmax")
    rows = inputs(3, 20, sizes[0], np.float32)
    outputs, classes = predictions(tmp_path, "net", rows, classify=classify)
    assert_same_bits(outputs, net.forward(rows))
    if classify:
        single = (sizes[-1], output) == (1, "logistic")
        assert (classes == (outputs[:, 0] > 0.5 if single else outputs.argmax(axis=1))).all()


def test_float64_models_are_rounded_on_request(tmp_path):
    net = Network([3, 4, 2], "elu", dtype="float64", activation_parameter=0.3, random_state=0)
    with pytest.raises(ValueError, match="pass dtype='float32'"):
        net.to_c(tmp_path / "net.h")
    assert not (tmp_path / "net.h").exists()
    net.to_c(tmp_path / "net.h", dtype="float32")
    single = Network([3, 4, 2], "elu", activation_parameter=0.3)
    single.params[:] = net.params
    rows = inputs(3, 20, 3, np.float32)
    outputs, _ = predictions(tmp_path, "net", rows)
    assert_same_bits(outputs, single.forward(rows))


def test_rows_that_python_refuses(tmp_path):
    """NaN and infinity; what the outputs were before is kept."""
    X = ROWS.astype(float) * 1e3
    model = MLPClassifier((4,), random_state=0, input_scale="standard", dtype="float32")
    model.partial_fit(X, CLASSES, classes=[0, 1, 2])
    model.to_c(tmp_path / "net.h")
    model.to_c(tmp_path / "small.h", int8=True, calibrate=X)
    source = """#include <math.h>
#include <stdio.h>
#include "net.h"
#include "small.h"
int main(void)
{
    const double bad[] = {NAN, INFINITY, -INFINITY, 1.0};
    for (int i = 0; i < 4; i++) {
        float x[5] = {1, 2, 3, 4, 5}, output[3] = {7, 7, 7};
        double wide[5] = {1, 2, 3, 4, 5};
        uint8_t q[5] = {9, 9, 9, 9, 9};
        x[4] = (float)(wide[4] = bad[i]);
        printf("%d", net_predict_checked(x, output));
        printf("%d", net_predict_f64_checked(wide, output));
        printf("%d", small_quantize_checked(x, q));
        printf(" %d %d\\n", output[0] == 7.0f, q[0] == 9);
    }
    return 0;
}
"""
    printed = run(build(tmp_path, source, NATIVE)).decode().splitlines()
    assert printed == ["000 1 1"] * 3 + ["111 0 0"]


@pytest.mark.parametrize("int8", [False, True])
def test_several_files_share_a_header(tmp_path, int8):
    """One of them defines the functions and constants, and the others only declare them."""
    model = MLPClassifier((4,), random_state=0).partial_fit(ROWS, CLASSES, classes=[0, 1, 2])
    options = {"int8": True, "calibrate": ROWS} if int8 else {}
    constants = model.to_c(tmp_path / "net.h", **options).constants
    (tmp_path / "net.c").write_text('#define net_DEFINE\n#include "net.h"\n')
    sources = {
        "main.c": "int other(void);\nint main(void) { return other() != net_label(2)[0]; }\n",
        "other.c": "int other(void);\nint other(void) { return net_label(2)[0]; }\n",
        "more.cpp": "int more();\nint more() { return net_label(1)[0]; }\n",
    }
    for name, text in sources.items():
        (tmp_path / name).write_text(f'#define net_DECLARE\n#include "net.h"\n{text}')
    if not shutil.which("g++"):
        del sources["more.cpp"]
    strict = [*WARNINGS, "-Wmissing-prototypes", "-Os"]
    for name in ("net.c", *sources):
        warnings = WARNINGS if name.endswith("cpp") else strict
        run(["gcc", *warnings, "-c", tmp_path / name, "-o", tmp_path / f"{name}.o"])
        text, *_ = run(["size", tmp_path / f"{name}.o"]).splitlines()[1].split()
        assert (int(text) > constants) == (name == "net.c")
    run(["gcc", *(tmp_path / f"{name}.o" for name in ("net.c", *sources)), "-o", tmp_path / "main"])
    run([tmp_path / "main"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ("clang", "-O2", "-freciprocal-math"),
        ("clang", "-O3", "-funsafe-math-optimizations"),
    ],
    ids=" ".join,
)
def test_check_finds_options_that_change_results(digits, options):
    target = Target("changed", options)
    require(target)
    _, folder = digits
    command = build(
        folder, '#include "digits.h"\nint main(void) { return digits_check() ? 0 : 3; }\n', target
    )
    assert subprocess.run(command).returncode == 3


@pytest.mark.parametrize(
    "options",
    [
        "-ffast-math",
        "-Ofast",
        "-O3 -funsafe-math-optimizations",
        "-O3 -fassociative-math -fno-signed-zeros -fno-trapping-math",
        "-ffinite-math-only",
    ],
)
def test_fast_math_does_not_compile(digits, options):
    done = subprocess.run(
        ["gcc", *options.split(), "-fsyntax-only", "-x", "c", str(digits[1] / "digits.h")],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "gives other results" in done.stderr
