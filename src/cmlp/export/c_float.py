"""The text of a C header that predicts in float32, with the bits of Python's predictions."""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp.export.c_text import array, float_literals, floats, functions
from cmlp.inputs.labels import normalized

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cmlp.record import Record

CHUNK = 128  # length of the partial sums, see docs/arithmetic.md
CHECK_ROWS = 8

OPENING = """\
#include <float.h>
#include <stdint.h>
#include <string.h>

#if defined(__FAST_MATH__) || defined(_M_FP_FAST)
#error "this header gives other results with -ffast-math, -Ofast or /fp:fast"
#endif
#if DBL_MANT_DIG != 53 || (FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 1 && FLT_EVAL_METHOD != 16)
#error "this header needs 64-bit doubles and no excess precision (32-bit x86: -msse2 -mfpmath=sse)"
#endif
"""


class Outputs(NamedTuple):
    """How the outputs of a network become those of the model.

    Attributes
    ----------
    n : int
        Number of outputs of the model.
    kind : {"plain", "binary", "normalized"}
        "binary": the probabilities of both classes from one output. "normalized": each row is divided by its sum.
    classify : {"", "largest", "threshold"}
        How the class follows from the outputs: the largest of the first `n_classes`, or whether the only output is
        above 0.5. "" if there are no classes, or a row can have several labels.
    n_classes : int
    meaning : str
        What the outputs are.
    """

    n: int
    kind: str
    classify: str
    n_classes: int
    meaning: str


def outputs_of(record: Record) -> Outputs:
    """Return what `predict_proba` of a classifier, `predict` of a regressor or `forward` of a network does."""
    n, activation = record.net.n_out, record.net.activations[-1]
    if record.labels is None:
        if record.kind != "network" or activation not in ("softmax", "logistic"):
            return Outputs(n, "plain", "", 0, "the outputs")
        return Outputs(n, "plain", "threshold" if (n, activation) == (1, "logistic") else "largest", n, "the outputs")
    if record.labels.kind == "multilabel":
        return Outputs(n, "plain", "", 0, "the probability of each label")
    if record.labels.kind == "binary":
        return Outputs(2, "binary", "largest", len(record.labels.classes), "the probabilities of both classes")
    kind = "normalized" if activation == "logistic" and record.net.loss != "log_loss" else "plain"
    return Outputs(n, kind, "largest", n, "the probabilities of the classes")


def float_functions(record: Record, prefix: str, outputs: Outputs) -> str:
    """Return the functions of the activations, and those that they need."""
    used = {*record.activations} - {"identity"} | {"fma", "bits"}
    if outputs.kind == "normalized":
        used.add("normalize")
    return functions(files("cmlp.export").joinpath("float_functions.h").read_text("ascii"), prefix, used)


def float_body(record: Record, prefix: str) -> str:
    """Return the arithmetic of a header: functions, weights, layers, predictions and the self-check."""
    outputs = outputs_of(record)
    parts = [
        float_functions(record, prefix, outputs),
        *_weights(record, prefix),
        *_first_layers(record, prefix),
        *later_layers(record, prefix),
        finish(record, prefix, outputs),
        *_predictions(record, prefix, outputs),
        _check(record, prefix, outputs),
    ]
    return "\n".join(parts)


def _weights(record: Record, prefix: str) -> list[str]:
    parts = []
    for i, (weights, biases, _, _) in enumerate(record.layers(), 1):
        parts.append(
            f"/* Layer {i}: weights ({weights.shape[0]} inputs, {weights.shape[1]} outputs) and biases. */\n"
            + floats(f"{prefix}_weights{i}", weights)
            + floats(f"{prefix}_biases{i}", biases + np.float32(0))  # no negative zero
        )
    if isinstance(record.input_scale, tuple):
        parts.append("/* The network sees (x - shift) * factor for each input x, computed in double. */\n")
        for name, values in zip(("shifts", "factors"), record.input_scale, strict=True):
            parts[-1] += array(f"double {prefix}_{name}", map(repr, values.tolist()), 4)
    elif record.input_scale != 1:
        scaled = (np.arange(256) * record.input_scale).astype(np.float32)
        parts.append("/* The scaled values of a byte. */\n" + floats(f"{prefix}_bytes", scaled))
    return parts


def _first_layers(record: Record, prefix: str) -> list[str]:
    """Return the first layer for each type of rows; it applies the input scale."""
    shape, scale = record.layers()[0][0].shape, record.input_scale
    if isinstance(scale, tuple):
        value = f"(float)(((double)x[k] - {prefix}_shifts[k]) * {prefix}_factors[k])"
        return [dense(prefix, f"1{suffix}", shape, ctype, value, skip=False) for suffix, ctype in _row_types(record)]
    number, byte = "x[k]", "(float)x[k]"
    if scale != 1:
        number, byte = f"(float)((double)x[k] * {scale!r})", f"{prefix}_bytes[x[k]]"
    return [
        dense(prefix, "1", shape, "float", number, skip=True),
        dense(prefix, "1_u8", shape, "uint8_t", byte, skip=True),
    ]


def _row_types(record: Record) -> list[tuple[str, str]]:
    """Return suffix and type of the rows that a program can pass: double if float could not hold the shifts."""
    types = [("", "float"), ("_u8", "uint8_t")]
    return [*types, ("_f64", "double")] if isinstance(record.input_scale, tuple) else types


# A partial sum for each chunk of inputs. Skipping zeros changes no bit.
_DENSE = Template("""\
static inline void ${prefix}_layer${suffix}(${parameter}const $ctype *x, float *z)
{
    const float *w = $weights, *const biases = $biases;
    float sum[$n_out];
    for (int j = 0; j < $n_out; j++) z[j] = biases[j];
    for (int k = 0; k < $n_in;) {
        const int end = $n_in - k < $chunk ? $n_in : k + $chunk;
        for (int j = 0; j < $n_out; j++) sum[j] = 0.0f;
        for (; k < end; k++, w += $n_out) {
            ${skip}const float v = $value;
            for (int j = 0; j < $n_out; j++) sum[j] = ${prefix}_fma(v, w[j], sum[j]);
        }
        for (int j = 0; j < $n_out; j++) z[j] += sum[j];
    }
}
""")


def dense(
    prefix: str, suffix: str, shape: tuple[int, int], ctype: str, value: str, *, skip: bool, at: int | None = None
) -> str:
    """Return the function that computes the weighted sums of a layer.

    Its weights and biases are arrays of their own, or with `at` are at this position of a block that the caller passes.
    """
    n_in, n_out = shape
    zero = "0.0f" if ctype == "float" else "0"
    i = suffix.partition("_")[0]
    where = {"parameter": "", "weights": f"{prefix}_weights{i}", "biases": f"{prefix}_biases{i}"}
    if at is not None:
        where = {"parameter": "const float *params, ", "weights": f"params + {at}"}
        where["biases"] = f"params + {at + n_in * n_out}"
    return _DENSE.substitute(
        where,
        prefix=prefix,
        suffix=suffix,
        ctype=ctype,
        n_in=n_in,
        n_out=n_out,
        chunk=CHUNK,
        skip=f"if (x[k] == {zero}) continue;\n            " if skip else "",
        value=value,
    )


def later_layers(record: Record, prefix: str, at: int | None = None) -> list[str]:
    """Return the other layers. Their zeros (of relu) are irregular: a branch would cost more than it saves.

    With `at` the layers follow each other in a block, see `dense`.
    """
    parts = []
    for i, (weights, biases, *_) in enumerate(record.layers()[1:], 2):
        parts.append(dense(prefix, str(i), weights.shape, "float", "x[k]", skip=False, at=at))
        if at is not None:
            at += weights.size + biases.size
    return parts


def _activate(prefix: str, activation: str, parameter: float, values: str, n: int) -> str:
    """Return the statement that applies an activation in place."""
    if activation == "identity":
        return ""
    if activation == "softmax":
        return f"    {prefix}_softmax({values}, {n});\n"
    more = f", {float_literals(np.array([parameter], np.float32))[0]}" if parameter else ""
    return f"    for (int j = 0; j < {n}; j++) {values}[j] = {prefix}_{activation}({values}[j]{more});\n"


# Quantiles must not cross. Insertion, as in Python: rows that are sorted already cost little.
_SORT = """\
    for (int j = 1; j < $n; j++) {
        const float value = output[j];
        int k = j;
        for (; k > 0 && output[k - 1] > value; k--) output[k] = output[k - 1];
        output[k] = value;
    }
"""


def finish(record: Record, prefix: str, outputs: Outputs, *, block: bool = False) -> str:
    """Return the function that computes everything after the weighted sums of the first layer.

    With `block` the caller passes the parameters of the other layers.
    """
    layers = record.layers()
    declared, argument = ("const float *params, ", "params, ") if block else ("", "")
    widths = [len(biases) for _, biases, _, _ in layers]
    lines = ""
    if len(layers) > 2:
        lines += f"    float other[{max(widths[1:-1])}];\n"
    if outputs.kind == "binary":
        lines += "    float p[1];\n"
    here, there = "z", "other"
    last = "p" if outputs.kind == "binary" else "output"
    for i, (_, biases, activation, parameter) in enumerate(layers, 1):
        if i > 1:
            target = last if i == len(layers) else there
            lines += f"    {prefix}_layer{i}({argument}{here}, {target});\n"
            here, there = target, here
        elif i == len(layers):
            lines += f"    for (int j = 0; j < {len(biases)}; j++) {last}[j] = z[j];\n"
            here = last
        lines += _activate(prefix, activation, parameter, here, len(biases))
    if outputs.kind == "binary":
        lines += "    output[0] = 1.0f - p[0];\n    output[1] = p[0];\n"
    if isinstance(record.net.loss_parameter, tuple):
        lines += _SORT.replace("$n", str(outputs.n))
    if block and len(layers) == 1:
        lines = "    (void)params;\n" + lines
    return (
        "/* Computes the outputs from the weighted sums of the first layer, which it overwrites. */\n"
        f"static inline void {prefix}_finish({declared}float *z, float *output)\n{{\n{lines}}}\n"
    )


_PREDICT = Template("""\
/* $comment */
static inline void ${prefix}_predict$suffix(const $ctype x[$n_in], float output[$n_out])
{
    float z[$width];
    ${prefix}_layer1$suffix(x, z);
    ${prefix}_finish(z, output);$after
}
""")

_CLASSIFY = Template("""\
/* Returns the index of the predicted class. */
static inline int ${prefix}_classify$suffix(const $ctype x[$n_in])
{
    float z[$width], output[$n_out];
    int best = 0;
    ${prefix}_layer1$suffix(x, z);
    ${prefix}_finish(z, output);
    $find
    return best;
}
""")
FIND = {
    "largest": "for (int j = 1; j < $n_classes; j++) best = output[j] > output[best] ? j : best;",
    "threshold": "best = output[0] > 0.5f;",
}


_OF = {"": "", "_u8": " of bytes", "_f64": " of doubles"}


def _predictions(record: Record, prefix: str, outputs: Outputs) -> Iterator[str]:
    """Yield the functions that a program calls, for each type of rows."""
    n_in, width = record.net.n_in, max(record.net.sizes[1:])
    after = f"\n    {prefix}_normalize(output, {outputs.n});" if outputs.kind == "normalized" else ""
    for suffix, ctype in _row_types(record):
        comment = f"Computes the outputs of one row{_OF[suffix]}."
        names = {"prefix": prefix, "suffix": suffix, "ctype": ctype, "n_in": n_in, "n_out": outputs.n, "width": width}
        yield _PREDICT.substitute(names, comment=comment, after=after)
        if outputs.classify:
            find = FIND[outputs.classify].replace("$n_classes", str(outputs.n_classes))
            yield _CLASSIFY.substitute(names, find=find)


# The rows shrink, because large inputs can saturate activations and hide errors.
_CHECK = Template("""\
/* Returns 1 if the outputs of $rows pseudo-random rows have the bits that Python computed. Otherwise returns 0: options
 * of the compiler, or the floating-point mode, change the results. Needs $stack bytes of stack. */
static inline int ${prefix}_check(void)
{
    $expected
    $ctype x[$n_in], unit = $unit;
    float output[$n_out];
    uint32_t state = $seed, wrong = 0;
    for (int i = 0; i < $rows; i++, unit *= 0.5f) {
        for (int k = 0; k < $n_in; k++) {
            state = state * 1664525u + 1013904223u;
            x[k] = $value;
        }
        ${prefix}_predict$suffix(x, output);
        for (int j = 0; j < $n_out; j++) wrong |= ${prefix}_bits(output[j]) ^ expected[i * $n_out + j];
    }
    return wrong == 0;
}
""")
SEED = 20


class _CheckRows(NamedTuple):
    """The inputs of the self-check, and how C computes them.

    The scaled inputs of the first row are uniform from -1 to 1. With shifts, the rows are double.
    """

    rows: NDArray[Any]
    suffix: str
    ctype: str
    unit: str
    value: str

    @classmethod
    def of(cls, record: Record, prefix: str) -> _CheckRows:
        """Return those of a model."""
        n_in, scale = record.net.n_in, record.input_scale
        state, numbers = SEED, []
        for _ in range(CHECK_ROWS * n_in):
            state = (state * 1664525 + 1013904223) % 2**32
            numbers.append((state >> 8) - 2**23)
        shrinking = 2.0 ** -np.arange(CHECK_ROWS)[:, None]
        if isinstance(scale, tuple):
            rows = scale.shift + np.array(numbers, np.float64).reshape(-1, n_in) * (2.0**-23 * shrinking) / scale.factor
            value = f"{prefix}_shifts[k] + (double)((int32_t)(state >> 8) - 8388608) * unit / {prefix}_factors[k]"
            return cls(rows, "_f64", "double", repr(2.0**-23), value)
        unit = np.float32(2.0**-23 / abs(scale))
        rows = np.array(numbers, np.float32).reshape(-1, n_in) * (unit * shrinking.astype(np.float32))
        value = "(float)((int32_t)(state >> 8) - 8388608) * unit"
        return cls(rows, "", "float", float_literals(np.array([unit]))[0], value)


def model_outputs(record: Record, rows: NDArray[Any]) -> NDArray[Any]:
    """Return the outputs of the exported model, which are those of the Python model."""
    outputs = record.net.forward(record.params, rows, scale=record.input_scale)
    kind = outputs_of(record).kind
    if kind == "binary":
        return np.concatenate([1 - outputs, outputs], axis=1)
    return normalized(outputs) if kind == "normalized" else outputs


def _check(record: Record, prefix: str, outputs: Outputs) -> str:
    rows, suffix, ctype, unit, value = _CheckRows.of(record, prefix)
    expected = model_outputs(record, rows)
    if not np.isfinite(expected).all():
        raise ValueError("the outputs for pseudo-random inputs are not finite: such a model cannot be exported")
    bits = (f"0x{word:08x}u" for word in expected.view(np.uint32).ravel().tolist())
    return _CHECK.substitute(
        prefix=prefix,
        rows=CHECK_ROWS,
        n_in=record.net.n_in,
        n_out=outputs.n,
        stack=rows.itemsize * record.net.n_in + 4 * outputs.n + stack_size(record),
        expected=array("uint32_t expected", bits, 9).replace("\n", "\n    ").strip(),
        suffix=suffix,
        ctype=ctype,
        unit=unit,
        value=value,
        seed=SEED,
    )


def constants_size(record: Record) -> int:
    """Return the bytes of a header's weights, biases and scaled bytes."""
    scale = record.input_scale
    return 4 * record.net.n_params + (16 * record.net.n_in if isinstance(scale, tuple) else 1024 if scale != 1 else 0)


def stack_size(record: Record) -> int:
    """Return the bytes of the arrays that are on the stack during a prediction."""
    widths = record.net.sizes[1:]
    other = max(widths[1:-1], default=0)
    return 4 * (max(widths) + other + max(widths) + outputs_of(record).n)
