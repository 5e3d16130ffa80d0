"""Exported int8 headers on AVR processors: constants stay in flash memory, wherever they are in it.

A stage of .ci/run sets CMLP_TARGETS: "installed" skips these tests without avr-gcc or simavr, "all" lets them fail.
"""

import os

import numpy as np
import pytest
from avr import (
    COMPILER,
    MEGA,
    PRINTING,
    SIMULATOR,
    UNO,
    compile_for,
    numbers_of,
    static_memory,
)
from c_export import integer_net, require

import cmlp
from cmlp import MLPClassifier, Network

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "CMLP_TARGETS" not in os.environ, reason="a stage of .ci/run of its own; needs CMLP_TARGETS"
    ),
]
ROWS = np.random.RandomState(0).randint(0, 256, (200, 64)).astype(np.uint8)
# How a sketch for a Mega is compiled, and two other ways.
COMPILERS = {
    "Arduino": ("avr-g++", "-Os", "-flto"),
    "-O3": ("avr-gcc", "-O3"),
    "-O0": ("avr-gcc", "-O0"),
}


def outputs_on(chip, folder, model, rows, *options, compiler="avr-gcc", before="", in_main=""):
    """Return the outputs of rows from a header, and those that Python computes."""
    require(SIMULATOR)
    model.to_c(folder / "net.h", int8=True, calibrate=ROWS)
    n = rows.shape[1]
    texts = (f"{{{', '.join(map(str, row))}}}" for row in rows.tolist())
    source = f"""#include <stdint.h>
{before}
#include "net.h"
{PRINTING}
static const uint8_t rows[][{n}] = {{{", ".join(texts)}}};
int main(void)
{{
    int32_t output[net_outputs];
    UCSR0B = 1 << TXEN0;
    {in_main}
    for (int i = 0; i < {len(rows)}; i++) {{
        net_predict_u8(rows[i], output);
        for (int j = 0; j < net_outputs; j++) print_number(output[j]);
    }}
    finish();
}}
"""
    done = compile_for(chip, folder, source, *options, compiler=compiler)
    assert done.returncode == 0, done.stderr
    return numbers_of(chip, folder), integer_net(model, ROWS).outputs(rows).ravel().tolist()


@pytest.mark.parametrize("compiler", COMPILERS.values(), ids=COMPILERS)
def test_model_of_more_than_64_kb_of_constants(tmp_path, compiler):
    model = Network([64, 170, 170, 170, 10], ["relu", "tanh", "logistic"], random_state=0)
    name, *options = compiler
    printed, expected = outputs_on(MEGA, tmp_path, model, ROWS[:2], *options, compiler=name)
    assert static_memory(tmp_path)[0] > 2**16
    assert printed == expected


SMALL = Network([64, 8, 6, 5], ["relu", "tanh"], random_state=0)


@pytest.mark.parametrize("chip", [MEGA, UNO])
def test_small_model(tmp_path, chip):
    printed, expected = outputs_on(chip, tmp_path, SMALL, ROWS[:3], "-Os")
    assert printed == expected


def test_model_behind_other_constants(tmp_path):
    other = "const uint8_t other{0}[25000] PROGMEM = {{{0}}};\n"
    (tmp_path / "other.c").write_text(
        "#include <avr/pgmspace.h>\n#include <stdint.h>\nextern const uint8_t other1[], other2[], other3[];\n"
        + "".join(map(other.format, (1, 2, 3)))
    )
    printed, expected = outputs_on(
        MEGA,
        tmp_path,
        SMALL,
        ROWS[:3],
        "-Os",
        "other.c",
        before="#include <avr/pgmspace.h>\nextern const uint8_t other1[], other2[], other3[];\n"
        "static volatile int index;",
        in_main="print_number(pgm_read_byte_far(pgm_get_far_address(other1) + index)); "
        "print_number(pgm_read_byte_far(pgm_get_far_address(other3) + index));",
    )
    assert static_memory(tmp_path)[0] > 75_000
    assert printed == [1, 3, *expected]


def test_layer_that_no_array_can_hold_does_not_compile(tmp_path):
    """Arrays of avr-gcc have at most 32,767 bytes."""
    require(COMPILER)
    Network([300, 120, 3], random_state=0).to_c(
        tmp_path / "net.h", int8=True, calibrate=np.zeros((3, 300), np.uint8)
    )
    source = '#include "net.h"\nint main(void)\n{\n    static uint8_t x[300];\n    return net_classify_u8(x);\n}\n'
    done = compile_for(MEGA, tmp_path, source, "-Os")
    assert done.returncode != 0 and "net_weights1" in done.stderr


@pytest.mark.parametrize("chip", [MEGA, UNO])
@pytest.mark.parametrize("scale", ["bytes", "floats"])
def test_no_constant_is_in_ram(tmp_path, chip, scale):
    """Weights, biases, factors, shifts, tables, units and the ranges of inputs."""
    require(COMPILER)
    rows = ROWS if scale == "bytes" else ROWS / np.float32(3)
    SMALL.to_c(tmp_path / "net.h", int8=True, calibrate=rows)
    quantized = "net_quantize(x, q);" if scale == "floats" else ""
    source = f"""#include "net.h"
volatile float result;
int main(void)
{{
    float x[64];
    uint8_t q[64];
    int32_t output[5];
    for (int i = 0; i < 64; i++) q[i] = (uint8_t)(x[i] = result);
    {quantized}
    net_predict_u8(q, output);
    result = (float)output[2] * net_unit(2) + net_classify_u8(q);
    return 0;
}}
"""
    done = compile_for(chip, tmp_path, source, "-Os", "-Wno-unused-but-set-variable")
    assert done.returncode == 0, done.stderr
    assert static_memory(tmp_path)[1] == 4  # result


def test_header_of_floats_names_the_remedy(tmp_path):
    """The type double of an AVR has 32 bits."""
    require(COMPILER)
    X, y = ROWS[:40].astype(np.float32), np.arange(40) % 3
    models = {
        "int8=True": MLPClassifier((4,), random_state=0).partial_fit(X, y, classes=[0, 1, 2]),
        "one network": cmlp.TabularClassifier(
            n_estimators=2, hidden_layer_sizes=(4,), max_time=1e-9, random_state=0
        ).fit(X[:, :3], y),
    }
    for remedy, model in models.items():
        model.to_c(tmp_path / "net.h")
        done = compile_for(UNO, tmp_path, '#include "net.h"\nint main(void) { return 0; }\n')
        assert done.returncode != 0 and remedy in done.stderr
