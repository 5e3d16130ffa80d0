"""The text of a C header that predicts with 8-bit integers."""

from __future__ import annotations

from collections.abc import Iterator
from string import Template

import numpy as np

from cmlp._data.array_types import AnyArray
from cmlp._export.c_text import (
    CALL,
    Function,
    HeaderParts,
    checked,
    classify,
    define_out_of_line,
    float_array,
    float_literals,
    inner,
    integer_array,
)
from cmlp._export.quantization import (
    InputRange,
    IntegerLayer,
    IntegerNet,
    calibration_rows,
    compare,
    quantize,
)
from cmlp._model.model import Combination, NetworkModel

_FRAMES = 128  # bytes of stack beside the arrays, like those of c_text.py
# AVR processors copy constants to RAM, unless these are declared so and read by instructions of their
# own. Where there are more than 64 KB of flash, an ordinary pointer does not reach all of it: the
# constants are behind the code then, so that those of the program, which may be read by such
# pointers, stay within its reach.
_OPENING = """\
#include <stdint.h>
#include <string.h>

/* Constants are in flash memory. NAME_ITEM is the address of an element of an array. */
#if defined(__AVR_HAVE_ELPM__) /* AVR with more than 64 KB of flash, for example Arduino Mega */
#include <avr/pgmspace.h>
#define NAME_FLASH __attribute__((section(".text.NAME_constants")))
#define NAME_ITEM(array, i) (pgm_get_far_address(array) + (uint_farptr_t)(sizeof *(array) * (i)))
#define NAME_READ8(address) pgm_read_byte_far(address)
#define NAME_READ32(address) pgm_read_dword_far(address)
#define NAME_READ_FLOAT(address) pgm_read_float_far(address)
typedef uint_farptr_t NAME_address;
#elif defined(__AVR__) /* for example Arduino Uno */
#include <avr/pgmspace.h>
#define NAME_FLASH PROGMEM
#define NAME_ITEM(array, i) ((array) + (i))
#define NAME_READ8(address) pgm_read_byte(address)
#define NAME_READ32(address) pgm_read_dword(address)
#define NAME_READ_FLOAT(address) pgm_read_float(address)
typedef const int8_t *NAME_address;
#else
#define NAME_FLASH
#define NAME_ITEM(array, i) ((array) + (i))
#define NAME_READ8(address) (*(address))
#define NAME_READ32(address) (*(address))
#define NAME_READ_FLOAT(address) (*(address))
typedef const int8_t *NAME_address;
#endif
"""

MOST_AVR_ARRAY = 32_767  # bytes, of avr-gcc
_TOO_LARGE = f"""\
#ifdef __AVR__
#error "a layer has more than {MOST_AVR_ARRAY:,} weights, and no array of avr-gcc has more bytes: use fewer units"
#endif
"""

# Only nonnegative numbers are shifted: C99 leaves right shifts of negative ones to the compiler.
_SCALE = """\
/* sum * factor / 2^shift, rounded, a half up; 0 for a negative sum, and at most 255. */
static inline uint8_t NAME_scale(int32_t sum, uint32_t factor, uint8_t shift)
{
    uint64_t t;
    if (sum <= 0) return 0;
    t = ((uint64_t)(uint32_t)sum * factor + ((uint64_t)1 << (shift - 1))) >> shift;
    return (uint8_t)(t > 255 ? 255 : t);
}
"""

_LAYER = Template("""\
${prefix}_OUT_OF_LINE void ${prefix}_layer$i(const $ctype *x, int32_t *z)
{
    ${prefix}_address w = ${prefix}_ITEM(${prefix}_weights$i, 0);
    for (int j = 0; j < $n_out; j++)
        z[j] = (int32_t)${prefix}_READ32(${prefix}_ITEM(${prefix}_biases$i, j));
    for (int k = 0; k < $n_in; k++, w += $n_out) {
        const int32_t v = x[k];
        if (v == 0) continue;
        for (int j = 0; j < $n_out; j++) z[j] += v * (int8_t)${prefix}_READ8(w + j);
    }
}
""")

_ACTIVATE = Template("""\
${prefix}_OUT_OF_LINE void ${prefix}_activate$i(const int32_t *z, $ctype *a)
{
    for (int j = 0; j < $n; j++) {
        const uint32_t factor = ${prefix}_READ32(${prefix}_ITEM(${prefix}_factors$i, j));
        const uint8_t shift = ${prefix}_READ8(${prefix}_ITEM(${prefix}_shifts$i, j));
        $activate
    }
}
""")
_RELU = "a[j] = NAME_scale(z[j], factor, shift);"
_TABLE = """\
const uint8_t place = NAME_scale(z[j] < 0 ? -z[j] : z[j], factor, shift);
        const uint8_t size = NAME_READ8(NAME_ITEM(NAME_table$i, place));
        a[j] = ($ctype)(z[j] < 0 ? $negative : size);"""
_NEGATIVE = {"logistic": "255 - size", "tanh": "-size"}

_QUANTIZE = Template("""\
    for (int k = 0; k < $n_in; k++) {
        const float low = ${prefix}_READ_FLOAT(${prefix}_ITEM(${prefix}_low, k));
        const float step = ${prefix}_READ_FLOAT(${prefix}_ITEM(${prefix}_step, k));
        const float above = x[k] - low, t = above / step;
        q[k] = (uint8_t)(!(t > 0.0f) ? 0.0f : t < 255.0f ? t + 0.5f : 255.0f);
    }
""")


def parts_of_integers(model: NetworkModel, prefix: str, calibrate: object) -> HeaderParts:
    """Return the parts of a header of 8-bit integers for a model in float32.

    `calibrate` is that of `Network.to_c`.
    """
    X, y = calibration_rows(model, calibrate)
    net, sums = quantize(model, X)
    comparison = compare(model, net, sums, X, y)
    combination = model.combination
    if combination.rule == "binary" and combination.n_classes == 2:
        combination = combination._replace(answer="threshold")
    largest = max(layer.weights.size for layer in net.layers)
    opening = _OPENING
    if largest > MOST_AVR_ARRAY:
        opening += _TOO_LARGE
    inputs = ""
    if net.input is None:
        inputs = "The inputs q are the bytes of the model's data."
    return HeaderParts(
        constants=_constants_size(net),
        about=[
            "",
            "8-bit integers approximate the float32 model.",
            inputs,
            *str(comparison).splitlines(),
        ],
        code="less than 1 KB of code",
        sizes=(model.n_inputs, model.net.n_out),
        opening=opening.replace("NAME_", f"{prefix}_") + define_out_of_line(prefix),
        body=_write_integer_layers(net, prefix),
        functions=list(_write_integer_functions(net, prefix, combination)),
        comparison=comparison,
        row=_typical_row(X, net),
        largest_array=largest,
    )


def _typical_row(X: AnyArray, net: IntegerNet) -> list[str]:
    """Return the medians of the calibration rows: no row of them."""
    medians = np.median(X, axis=0)
    if net.input is None:
        return [str(round(value)) for value in medians.tolist()]
    return float_literals(medians)


def _write_integer_layers(net: IntegerNet, prefix: str) -> str:
    """Return the constants and the layers of a header."""
    parts = []
    if len(net.layers) > 1:
        parts.append(_SCALE.replace("NAME_", f"{prefix}_"))
    if net.input is not None:
        parts.append(_write_ranges(net.input, prefix))
    ctype = "uint8_t"
    for i, layer in enumerate(net.layers, 1):
        n_in, n_out = layer.weights.shape
        parts.append(_write_constants(layer, prefix, i))
        parts.append(_LAYER.substitute(prefix=prefix, i=i, ctype=ctype, n_in=n_in, n_out=n_out))
        ctype = _activation_type(layer)
        if layer.rescale is not None:
            parts.append(_write_activation(layer, prefix, i))
    return "\n".join(parts)


def _write_integer_functions(
    net: IntegerNet, prefix: str, combination: Combination
) -> Iterator[Function]:
    """Yield the functions that programs call."""
    n_in = net.layers[0].weights.shape[0]
    n_out = net.layers[-1].weights.shape[1]
    stack = _integer_stack_size(net)
    if net.input is not None:
        quantized = Function(
            f"void {prefix}_quantize(const float x[{n_in}], uint8_t q[{n_in}])",
            "Converts a row of float to the bytes q that the other functions need, clipped to their "
            "range. NaN becomes 0. Computes in float.",
            _QUANTIZE.substitute(prefix=prefix, n_in=n_in),
            _FRAMES,
        )
        yield quantized
        yield checked(quantized, f"{prefix}_quantize", n_in, "float", "q")
    yield Function(
        f"void {prefix}_predict_u8(const uint8_t q[{n_in}], int32_t output[{n_out}])",
        "Computes the weighted sums of the output layer as integers: that of output j is about "
        f"output[j] * {prefix}_unit(j).",
        _write_prediction(net, prefix),
        stack,
    )
    if combination.answer:
        signature = f"{prefix}_classify_u8(const uint8_t q[{n_in}])"
        arrays = f"int32_t output[{n_out}];"
        calls = f"{prefix}_predict_u8(q, output);"
        needed = stack + 4 * n_out + CALL
        yield classify(signature, arrays, calls, combination, needed, threshold="0")
    yield _write_unit(net, prefix)


def _activation_type(layer: IntegerLayer) -> str:
    if layer.activation == "tanh":
        return "int8_t"
    return "uint8_t"


def _write_ranges(ranges: InputRange, prefix: str) -> str:
    flash = f" {prefix}_FLASH"
    arrays = float_array(f"{prefix}_low", ranges.low, flash)
    arrays += float_array(f"{prefix}_step", ranges.step, flash)
    return f"/* The range of each input: the byte q is about low + q * step. */\n{arrays}"


def _write_constants(layer: IntegerLayer, prefix: str, i: int) -> str:
    n_in, n_out = layer.weights.shape
    flash = f" {prefix}_FLASH"
    text = (
        f"/* Layer {i}: weights ({n_in} inputs, {n_out} outputs) and biases. */\n"
        + integer_array("int8_t", f"{prefix}_weights{i}", layer.weights, flash)
        + integer_array("int32_t", f"{prefix}_biases{i}", layer.biases, flash)
    )
    if layer.rescale is not None:
        text += integer_array("uint32_t", f"{prefix}_factors{i}", layer.rescale.multipliers, flash)
        text += integer_array("uint8_t", f"{prefix}_shifts{i}", layer.rescale.shifts, flash)
        if layer.rescale.table is not None:
            text += integer_array("uint8_t", f"{prefix}_table{i}", layer.rescale.table, flash)
    return text


def _write_activation(layer: IntegerLayer, prefix: str, i: int) -> str:
    negative = _NEGATIVE.get(layer.activation)
    template = Template(_TABLE)
    if negative is None:
        template = Template(_RELU)
    ctype = _activation_type(layer)
    statements = template.substitute(i=i, ctype=ctype, negative=negative)
    return _ACTIVATE.substitute(
        prefix=prefix,
        i=i,
        ctype=ctype,
        n=len(layer.biases),
        activate=statements.replace("NAME_", f"{prefix}_"),
    )


def _write_unit(net: IntegerNet, prefix: str) -> Function:
    """Return the function with the value of 1 in each output."""
    units = net.layers[-1].units
    table = "    " + inner(float_array("units", units, f" {prefix}_FLASH"))
    unit = f"{prefix}_READ_FLOAT({prefix}_ITEM(units, j))"
    return Function(
        f"float {prefix}_unit(int j)",
        "Returns the value of 1 in output j.",
        f"{table}\n    return j < 0 || j >= {len(units)} ? 0.0f : {unit};\n",
    )


def _write_prediction(net: IntegerNet, prefix: str) -> str:
    """Return the statements that compute all layers."""
    lines = []
    source = "q"
    if len(net.layers) > 1:
        lines.append(f"    int32_t z[{_widest(net)}];\n")
    for ctype, name in (("uint8_t", "a"), ("int8_t", "b")):
        widths = [
            len(layer.biases) for layer in net.layers[:-1] if _activation_type(layer) == ctype
        ]
        if widths:
            lines.append(f"    {ctype} {name}[{max(widths)}];\n")
    for i, layer in enumerate(net.layers[:-1], 1):
        lines.append(f"    {prefix}_layer{i}({source}, z);\n")
        source = "a"
        if _activation_type(layer) == "int8_t":
            source = "b"
        lines.append(f"    {prefix}_activate{i}(z, {source});\n")
    lines.append(f"    {prefix}_layer{len(net.layers)}({source}, output);\n")
    return "".join(lines)


def _widest(net: IntegerNet) -> int:
    return max((len(layer.biases) for layer in net.layers[:-1]), default=0)


def _constants_size(net: IntegerNet) -> int:
    """Return the bytes of a header's constants."""
    if net.input is None:
        size = 0
    else:
        size = 8 * len(net.input.low)
    for layer in net.layers:
        size += layer.weights.size + 4 * len(layer.biases)
        if layer.rescale is not None:
            size += 5 * len(layer.biases) + (0 if layer.rescale.table is None else 256)
    return size


def _integer_stack_size(net: IntegerNet) -> int:
    """Return the bytes of stack that a prediction needs at most, without the outputs."""
    types = {_activation_type(layer) for layer in net.layers[:-1]}
    return (4 + len(types)) * _widest(net) + _FRAMES
