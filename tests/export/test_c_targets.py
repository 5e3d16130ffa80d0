"""Exported headers compute the same bits with every compiler and on every processor that can be emulated.

These tests take minutes. A stage of .ci/run sets CMLP_TARGETS: "installed" skips compilers and emulators that are not
installed, "all" fails without one of them.
"""

import os

import numpy as np
import pytest
from c_export import (
    TARGETS,
    assert_activations_agree,
    assert_digits_agree,
    digits_classifier,
    images,
    integer_predictions,
    require,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("CMLP_TARGETS" not in os.environ, reason="a stage of .ci/run of its own; needs CMLP_TARGETS"),
]
every_target = pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])


@every_target
@pytest.mark.parametrize(("sizes", "activation"), [((16, 16), "logistic"), ((128, 64), "relu"), ((16, 16), "tanh")])
def test_digits(tmp_path, target, sizes, activation):
    require(target)
    model = digits_classifier(sizes, activation)
    model.to_c(tmp_path / "digits.h")
    assert_digits_agree(model, tmp_path, target)
    outputs, expected = integer_predictions(tmp_path, {"digits": model}, images()[0], target)
    assert (outputs == expected).all()


@every_target
def test_activations_of_random_bits(tmp_path, target):
    require(target)
    bits = np.random.RandomState(0).randint(0, 2**32, 20_000 if target.emulator else 400_000, dtype=np.uint32)
    rows = bits.view(np.float32)
    assert_activations_agree(tmp_path, rows[np.isfinite(rows)].reshape(-1, 1), target)
