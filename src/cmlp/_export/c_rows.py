"""The text of a C header that predicts rows of float or bytes in float32, bit-identical to Python's predictions."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._export.c_network import CHECK_ROWS, OPENING, SEED, NetText, expected_outputs, stack_of_layers
from cmlp._export.c_text import CHECK_USAGE, Parts, array, classify, float_literals, floats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cmlp._model.model import TrainedModel

_MEANINGS = {"binary": "the probabilities of both classes", "multiclass": "the probabilities of the classes"}


def parts_of_rows(model: TrainedModel, prefix: str) -> Parts:
    """Return the parts of a header for a model in float32 without a table."""
    labels, scale, combination = model.labels, model.input_scale, model.combination
    meaning = "the outputs" if labels is None else _MEANINGS.get(labels.kind, "the probability of each label")
    shifted = isinstance(scale, tuple)
    answers = ["classify(x)", f"{prefix}_classify_u8(x)", *([f"{prefix}_classify_f64(x)"] if shifted else [])]
    about = []
    if shifted:
        about = ["", "Inputs are raw: each has its own shift and factor, as in Python. Pass large numbers as double:"]
        about += ["float rounds seconds since 1970, for example, to multiples of 128."]
    elif scale != 1:
        about = ["", f"All inputs are multiplied by {scale!r}, as in Python."]
    scale_bytes = 16 * model.n_inputs if shifted else 1024 if scale != 1 else 0
    return Parts(
        constants=4 * model.net.n_params + scale_bytes,
        stack=_stack_size(model),
        usage=[
            ("predict(x, output)", f"{meaning} of a row x of float"),
            ("predict_u8(x, output)", "the same for a row x of uint8_t"),
            *([("predict_f64(x, output)", "the same for a row x of double")] if shifted else []),
            *([(", ".join(answers), "the index of the predicted class")] if combination.answer else []),
            CHECK_USAGE,
        ],
        about=about,
        code="1 to 3 KB of code",
        frames="100 bytes",
        sizes=(model.n_inputs, combination.n),
        opening=OPENING,
        body=_body(model, prefix),
    )


def _body(model: TrainedModel, prefix: str) -> str:
    """Return the arithmetic of a header: functions, weights, layers, predictions and the self-check."""
    text = NetText(model.first, prefix, model.combination)
    parts = [
        text.functions(),
        *_weights(model, prefix),
        *_first_layers(model, text),
        *text.later_layers(),
        text.finish(),
        *_predictions(model, prefix),
        _check(model, prefix),
    ]
    return "\n".join(parts)


def _weights(model: TrainedModel, prefix: str) -> list[str]:
    parts = []
    for i, (weights, biases, _, _) in enumerate(model.first.layers, 1):
        parts.append(
            f"/* Layer {i}: weights ({weights.shape[0]} inputs, {weights.shape[1]} outputs) and biases. */\n"
            + floats(f"{prefix}_weights{i}", weights)
            + floats(f"{prefix}_biases{i}", biases + np.float32(0))  # no negative zero
        )
    scale = model.input_scale
    if isinstance(scale, tuple):
        parts.append("/* The network sees (x - shift) * factor for each input x, computed in double. */\n")
        for name, values in zip(("shifts", "factors"), scale, strict=True):
            parts[-1] += array(f"double {prefix}_{name}", map(repr, values.tolist()), 4)
    elif scale != 1:
        scaled = (np.arange(256) * scale).astype(np.float32)
        parts.append("/* The scaled values of a byte. */\n" + floats(f"{prefix}_bytes", scaled))
    return parts


def _first_layers(model: TrainedModel, text: NetText) -> list[str]:
    """Return the first layer for each type of rows; it applies the input scale."""
    shape, scale, prefix = (model.n_inputs, model.net.sizes[1]), model.input_scale, text.prefix
    if isinstance(scale, tuple):
        value = f"(float)(((double)x[k] - {prefix}_shifts[k]) * {prefix}_factors[k])"
        return [text.dense(f"1{suffix}", shape, ctype, value) for suffix, ctype in _row_types(model)]
    number, byte = "x[k]", "(float)x[k]"
    if scale != 1:
        number, byte = f"(float)((double)x[k] * {scale!r})", f"{prefix}_bytes[x[k]]"
    return [text.dense("1", shape, "float", number, skip=True), text.dense("1_u8", shape, "uint8_t", byte, skip=True)]


def _row_types(model: TrainedModel) -> list[tuple[str, str]]:
    """Return suffix and type of the rows that a program can pass: double if float could not hold the shifts."""
    types = [("", "float"), ("_u8", "uint8_t")]
    return [*types, ("_f64", "double")] if isinstance(model.input_scale, tuple) else types


_PREDICT = Template("""\
/* $comment */
static inline void ${prefix}_predict$suffix(const $ctype x[$n_in], float output[$n_out])
{
    float z[$width];
    ${prefix}_layer1$suffix(x, z);
    ${prefix}_finish(z, output);$after
}
""")

_OF = {"": "", "_u8": " of bytes", "_f64": " of doubles"}


def _predictions(model: TrainedModel, prefix: str) -> Iterator[str]:
    """Yield the functions that a program calls, for each type of rows."""
    n_in, width, combination = model.n_inputs, max(model.net.sizes[1:]), model.combination
    n_out = combination.n
    after = f"\n    {prefix}_normalize(output, {n_out});" if combination.rule == "normalized" else ""
    for suffix, ctype in _row_types(model):
        comment = f"Computes the outputs of one row{_OF[suffix]}."
        names = {"prefix": prefix, "suffix": suffix, "ctype": ctype, "n_in": n_in, "n_out": n_out, "width": width}
        yield _PREDICT.substitute(names, comment=comment, after=after)
        if combination.answer:
            calls = f"{prefix}_layer1{suffix}(x, z);\n    {prefix}_finish(z, output);"
            arrays = f"float z[{width}], output[{n_out}];"
            yield classify(f"{prefix}_classify{suffix}(const {ctype} x[{n_in}])", arrays, calls, combination)


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


def _check(model: TrainedModel, prefix: str) -> str:
    """Return the self-check. Scaled inputs of the first row are uniform from -1 to 1; with shifts, rows are double."""
    n_in, scale = model.n_inputs, model.input_scale
    state, numbers = SEED, []
    for _ in range(CHECK_ROWS * n_in):
        state = (state * 1664525 + 1013904223) % 2**32
        numbers.append((state >> 8) - 2**23)
    shrinking = 2.0 ** -np.arange(CHECK_ROWS)[:, None]
    rows: NDArray[Any]
    if isinstance(scale, tuple):
        rows = scale.shift + np.array(numbers, np.float64).reshape(-1, n_in) * (2.0**-23 * shrinking) / scale.factor
        value = f"{prefix}_shifts[k] + (double)((int32_t)(state >> 8) - 8388608) * unit / {prefix}_factors[k]"
        kind = {"suffix": "_f64", "ctype": "double", "unit": repr(2.0**-23), "value": value}
    else:
        unit = np.float32(2.0**-23 / abs(scale))
        rows = np.array(numbers, np.float32).reshape(-1, n_in) * (unit * shrinking.astype(np.float32))
        kind = {"suffix": "", "ctype": "float", "unit": float_literals(np.array([unit]))[0]}
        kind["value"] = "(float)((int32_t)(state >> 8) - 8388608) * unit"
    outputs = model.predict(rows)
    n_out = outputs.shape[1]
    return _CHECK.substitute(
        kind,
        prefix=prefix,
        rows=CHECK_ROWS,
        n_in=n_in,
        n_out=n_out,
        stack=rows.itemsize * n_in + 4 * n_out + _stack_size(model),
        expected=expected_outputs(outputs, "inputs", 9),
        seed=SEED,
    )


def _stack_size(model: TrainedModel) -> int:
    """Return the bytes of the arrays that are on the stack during a prediction."""
    return 4 * (stack_of_layers(model.first) + model.combination.n)
