"""No function of an exported header needs more stack than its comment states.

A stage of .ci/run sets CMLP_TARGETS: "installed" skips processors without a compiler or an emulator, "all" lets these
tests fail.
"""

import os

import numpy as np
import pytest
from c_export import require
from call_stack import AVR, PROCESSORS, bytes_of_stack
from table_models import FAST, MODELS

from cmlp import MLPClassifier, Network, TabularRegressor

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "CMLP_TARGETS" not in os.environ, reason="a stage of .ci/run of its own; needs CMLP_TARGETS"
    ),
]
X = np.random.RandomState(0).randint(0, 256, (200, 30)).astype(np.uint8)
# The functions of the compiler, not the arrays, need most of the stack of a small model.
SHIFTED = MLPClassifier((12,), random_state=0, input_scale="standard", dtype="float32")
NETWORKS = {
    "small": lambda: Network([30, 16, 10], "relu", random_state=0, input_scale=1 / 255),
    "deep": lambda: Network([30, 40, 24, 3], ["gelu", "elu"], output="softmax", random_state=0),
    "shifted": lambda: SHIFTED.partial_fit(X * 1.0, X[:, 0] % 3, classes=[0, 1, 2]),
}


def dates():
    """Return a model of a table whose column of dates has parts."""
    days = np.datetime64("2020-01-01") + np.arange(400)
    rows = [[day, float(i)] for i, day in enumerate(days.astype(object))]
    return TabularRegressor(**FAST, date_parts=True).fit(rows, np.arange(400) % 7.0)


TABLES = {"dates": dates, **{name: MODELS[name] for name in ("targets", "many")}}


def assert_bounds_hold(folder, name, processor):
    require(processor.target)
    for optimization in ("-Og", "-Os", "-O2", "-O3"):
        for function, (used, stated) in bytes_of_stack(
            folder, name, processor, optimization
        ).items():
            assert used <= stated, f"{name}_{function} with {optimization}"
            assert used > 0


every_processor = pytest.mark.parametrize(
    "processor", PROCESSORS, ids=[processor.name for processor in PROCESSORS]
)


@every_processor
@pytest.mark.parametrize("name", [*NETWORKS, *TABLES])
def test_floats(tmp_path, processor, name):
    options = {"intervals": True} if name == "targets" else {}
    {**NETWORKS, **TABLES}[name]().to_c(tmp_path / "model.h", **options)
    assert_bounds_hold(tmp_path, "model", processor)


@pytest.mark.parametrize(
    "processor", [*PROCESSORS, AVR], ids=[processor.name for processor in (*PROCESSORS, AVR)]
)
@pytest.mark.parametrize("calibrate", [X, X / np.float32(3)], ids=["bytes", "floats"])
def test_integers(tmp_path, processor, calibrate):
    net = Network([30, 40, 24, 3], ["logistic", "tanh"], random_state=0)
    net.to_c(tmp_path / "model.h", int8=True, calibrate=calibrate)
    assert_bounds_hold(tmp_path, "model", processor)
