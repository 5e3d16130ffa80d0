"""Exported headers compute the same bits with every compiler and on every processor that can be emulated.

These tests take minutes. A stage of .ci/run sets CMLP_TARGETS: "installed" skips compilers and emulators that are not
installed, "all" fails without one of them.
"""

import os

import numpy as np
import pytest
from c_export import (
    CORTEX_M4,
    TARGETS,
    WARNINGS,
    Target,
    assert_activations_agree,
    assert_digits_agree,
    digits_classifier,
    images,
    integer_net,
    predictions,
    require,
    run,
)
from table_models import MODELS, UNSEEN, assert_table_agrees

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "CMLP_TARGETS" not in os.environ, reason="a stage of .ci/run of its own; needs CMLP_TARGETS"
    ),
]
every_target = pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])


NETS = [((16, 16), "logistic"), ((128, 64), "relu"), ((16, 16), "tanh")]


@pytest.fixture(scope="module", params=NETS, ids=lambda net: net[1])
def digits(request, tmp_path_factory):
    """A classifier, the folder with its headers, and the integers that the int8 header computes."""
    folder = tmp_path_factory.mktemp("digits")
    model, (X, _) = digits_classifier(*request.param), images()
    model.to_c(folder / "digits.h")
    model.to_c(folder / "digits8.h", int8=True, calibrate=X)
    return model, folder, integer_net(model, X).outputs(X)


@every_target
def test_float32(digits, target):
    require(target)
    assert_digits_agree(*digits[:2], target)


@every_target
def test_int8(digits, target):
    require(target)
    _, folder, expected = digits
    outputs, classes = predictions(folder, "digits8", images()[0], target, output="int32_t")
    assert (outputs == expected).all()
    assert (classes == expected.argmax(axis=1)).all()


@every_target
@pytest.mark.parametrize("name", ["multiclass", "regressor"])
def test_tables(tmp_path, target, name):
    require(target)
    assert_table_agrees(tmp_path, MODELS[name](), UNSEEN, target)


@every_target
def test_activations_of_random_bits(tmp_path, target):
    require(target)
    bits = np.random.RandomState(0).randint(
        0, 2**32, 20_000 if target.emulator else 400_000, dtype=np.uint32
    )
    rows = bits.view(np.float32)
    assert_activations_agree(tmp_path, rows[np.isfinite(rows)].reshape(-1, 1), target)


def flash(folder, name):
    """Return the bytes of flash of digits_classify_u8 on a Cortex-M4."""
    path = folder / f"{name}_m4.c"
    path.write_text(
        f'#include "{name}.h"\nint run(const uint8_t *x) {{ return {name}_classify_u8(x); }}\n'
    )
    options = ["-Os", *WARNINGS, "-c", str(path), "-o", str(path.with_suffix(".o"))]
    run([*CORTEX_M4, *options])
    text, data, bss = map(
        int, run(["arm-none-eabi-size", str(path.with_suffix(".o"))]).splitlines()[1].split()[:3]
    )
    assert bss == 0
    return text + data


def test_flash_of_a_microcontroller(digits):
    """The header's comment states it, and int8 needs at most 0.3 of the flash."""
    require(Target("Cortex-M4", CORTEX_M4))
    model, folder, _ = digits
    header = model.to_c(folder / "digits.h")
    large = flash(folder, "digits")
    assert header.constants < large < header.constants + 3000
    small = model.to_c(folder / "digits8.h", int8=True, calibrate=images()[0])
    assert small.constants < flash(folder, "digits8") < small.constants + 1000
    assert flash(folder, "digits8") <= 0.3 * large
