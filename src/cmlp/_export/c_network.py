"""The text of the networks in a C header: layers, activations, and what follows the first layer's sums, in float32.

The headers of rows and of tables share it. They differ in where the parameters are (arrays of their own, or a block for
each network of a table), and in how rows become the values that the first layer reads.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._export.c_text import array, float_literals, functions, inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._model.model import Combination, TrainedNet

CHUNK = 128  # length of the partial sums, see docs/arithmetic.md
# The pseudo-random rows of the self-check.
CHECK_ROWS, SEED = 8, 20

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


class NetText:
    """The functions of a network in float32; `combination` is what follows the output layer.

    With `block`, the caller passes the parameters as a block; otherwise each layer reads its own arrays.
    """

    def __init__(self, trained: TrainedNet, prefix: str, combination: Combination, *, block: bool = False) -> None:
        self.net, self.layers, self.sorts = trained.net, trained.layers, trained.sorts
        self.prefix, self.combination, self.block = prefix, combination, block

    def functions(self) -> str:
        """Return the functions of the activations, and those that they need."""
        used = {*self.net.activations} - {"identity"} | {"fma", "bits"}
        if self.combination.rule == "normalized":
            used.add("normalize")
        return functions(files("cmlp._export").joinpath("float_functions.h").read_text("ascii"), self.prefix, used)

    def dense(
        self, suffix: str, shape: tuple[int, int], ctype: str, value: str, *, skip: bool = False, at: int = 0
    ) -> str:
        """Return the function that computes the weighted sums of a layer.

        `suffix` is its number, with a suffix for the type of rows. In a block, its parameters begin at `at`.
        """
        n_in, n_out = shape
        zero = "0.0f" if ctype == "float" else "0"
        i = suffix.partition("_")[0]
        where = {"parameter": "", "weights": f"{self.prefix}_weights{i}", "biases": f"{self.prefix}_biases{i}"}
        if self.block:
            where = {"parameter": "const float *params, ", "weights": f"params + {at}"}
            where["biases"] = f"params + {at + n_in * n_out}"
        return _DENSE.substitute(
            where,
            prefix=self.prefix,
            suffix=suffix,
            ctype=ctype,
            n_in=n_in,
            n_out=n_out,
            chunk=CHUNK,
            skip=f"if (x[k] == {zero}) continue;\n            " if skip else "",
            value=value,
        )

    def later_layers(self) -> list[str]:
        """Return the other layers. Their zeros (of relu) are irregular: a branch would cost more than it saves."""
        parts, at = [], 0
        for i, (weights, biases, *_) in enumerate(self.layers[1:], 2):
            parts.append(self.dense(str(i), weights.shape, "float", "x[k]", at=at))
            at += weights.size + biases.size
        return parts

    def finish(self) -> str:
        """Return the function that computes everything after the weighted sums of the first layer.

        In a block, the caller passes the parameters of the other layers.
        """
        prefix, layers, binary = self.prefix, self.layers, self.combination.rule == "binary"
        declared, argument = ("const float *params, ", "params, ") if self.block else ("", "")
        widths = self.net.sizes[1:]
        lines = f"    float other[{max(widths[1:-1])}];\n" if len(layers) > 2 else ""
        if binary:
            lines += "    float p[1];\n"
        here, there = "z", "other"
        last = "p" if binary else "output"
        for i, (_, biases, activation, parameter) in enumerate(layers, 1):
            if i > 1:
                target = last if i == len(layers) else there
                lines += f"    {prefix}_layer{i}({argument}{here}, {target});\n"
                here, there = target, here
            elif i == len(layers):
                lines += f"    for (int j = 0; j < {len(biases)}; j++) {last}[j] = z[j];\n"
                here = last
            lines += _activate(prefix, activation, parameter, here, len(biases))
        if binary:
            lines += "    output[0] = 1.0f - p[0];\n    output[1] = p[0];\n"
        if self.sorts:
            lines += _SORT.replace("$n", str(self.net.n_out))
        if self.block and len(layers) == 1:
            lines = "    (void)params;\n" + lines
        return (
            "/* Computes the outputs from the weighted sums of the first layer, which it overwrites. */\n"
            f"static inline void {prefix}_finish({declared}float *z, float *output)\n{{\n{lines}}}\n"
        )


def expected_outputs(outputs: NDArray[Any], what: str, per_line: int) -> str:
    """Return the array of the bits that the self-check expects, for pseudo-random inputs or rows."""
    if not np.isfinite(outputs).all():
        raise ValueError(f"the outputs for pseudo-random {what} are not finite: such a model cannot be exported")
    size = outputs.itemsize
    words = np.ascontiguousarray(outputs).view(f"u{size}").ravel().tolist()
    bits = (f"0x{word:0{2 * size}x}u" for word in words)
    return inner(array(f"uint{8 * size}_t expected", bits, per_line))


def stack_of_layers(trained: TrainedNet) -> int:
    """Return the number of floats that the layers of a network need on the stack, without inputs and outputs."""
    widths = trained.net.sizes[1:]
    return 2 * max(widths) + max(widths[1:-1], default=0)


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
