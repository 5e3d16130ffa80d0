"""Write a trained network as a C header."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp import _core
from cmlp.export import c_float, c_int8
from cmlp.export.c_float import outputs_of
from cmlp.export.c_text import prefix_of, text_function
from cmlp.export.calibration import Comparison, calibration_rows, compare
from cmlp.export.checks import require_finite
from cmlp.export.quantization import quantize, require_supported
from cmlp.files.atomic import write_atomically
from cmlp.inputs.resolution import too_coarse

if TYPE_CHECKING:
    from typing import TextIO

    from numpy.typing import ArrayLike, NDArray

    from cmlp.inputs.labels import Labels
    from cmlp.record import Record


CHECK_USAGE = ("check()", "1 if the outputs have the bits that Python computed, else 0")


class CHeader(NamedTuple):
    """A C header that `to_c` wrote. Its text describes the header.

    Attributes
    ----------
    name : str
        Prefix of all names in the header.
    constants : int
        Bytes of weights and other constants: flash memory of a microcontroller. The code takes 1 to 3 KB more, and
        with `int8` less than 1 KB. That of a table also needs the compiler's arithmetic in double.
    stack : int
        Bytes of the arrays that a prediction has on the stack: RAM. There are no static variables.
    comparison : Comparison or None
        How well an int8 header agrees with the float32 model on the calibration rows; None without `int8`.
    """

    name: str
    constants: int
    stack: int
    comparison: Comparison | None = None

    def __str__(self) -> str:
        sizes = f"{self.name}: {self.constants:,} bytes of constants, {self.stack:,} bytes of stack"
        return sizes if self.comparison is None else f"{sizes}\n{self.comparison}"


def write_c_header(
    record: Record,
    path: str | os.PathLike[str] | TextIO,
    *,
    name: str | None,
    dtype: str | None,
    int8: bool,
    calibrate: ArrayLike | tuple[ArrayLike, ArrayLike] | None,
) -> CHeader:
    """Write a model as a C header; see `Network.to_c`."""
    prefix = prefix_of(name, path)
    require_finite(record)
    record = _as_float32(record, dtype)
    if int8:
        header, text = _int8_header(record, prefix, calibrate)
    elif calibrate is not None:
        raise ValueError("calibrate is only used with int8=True")
    else:
        header, text = _float_header(record, prefix)
    write(path, text)
    return header


def _float_header(record: Record, prefix: str) -> tuple[CHeader, str]:
    outputs = outputs_of(record)
    header = CHeader(prefix, c_float.constants_size(record), c_float.stack_size(record))
    shifted = isinstance(record.input_scale, tuple)
    classify = ["classify(x)", "classify_u8(x)", *(["classify_f64(x)"] if shifted else [])]
    usage = [
        ("predict(x, output)", f"{outputs.meaning} of a row x of float"),
        ("predict_u8(x, output)", "the same for a row x of uint8_t"),
        *([("predict_f64(x, output)", "the same for a row x of double")] if shifted else []),
        *([(", ".join(classify), "the index of the predicted class")] if outputs.classify else []),
        CHECK_USAGE,
        *text_usage(record.labels, record.feature_names, "an input"),
    ]
    about = []
    if shifted:
        about = ["", "Inputs are raw: each has its own shift and factor, as in Python. Pass large numbers as double:"]
        about += ["float rounds seconds since 1970, for example, to multiples of 128."]
    elif record.input_scale != 1:
        about = ["", f"All inputs are multiplied by {record.input_scale!r}, as in Python."]
    body = c_float.float_body(record, prefix)
    sizes, texts = (record.net.n_in, outputs.n), texts_of(record.labels, record.feature_names, prefix, "an input")
    text = Text(
        header, _model(record), usage, about, "1 to 3 KB of code", "100 bytes", sizes, c_float.OPENING, body, texts
    )
    return header, assembled(text)


def _int8_header(record: Record, prefix: str, calibrate: Any) -> tuple[CHeader, str]:
    require_supported(record)
    rows = calibration_rows(record, calibrate)
    if isinstance(record.input_scale, tuple) and rows.X.dtype != np.uint8:
        raise ValueError(
            "to_c(int8=True) needs calibration rows of uint8 if each input has a shift and a factor, because all "
            f"inputs are quantized with the same step. Got {rows.X.dtype}."
        )
    outputs = outputs_of(record)
    net, sums = quantize(record, rows.X, one_unit=outputs.classify == "largest" and record.net.n_out > 1)
    comparison = compare(record, net, sums, rows)
    header = CHeader(prefix, c_int8.constants_size(net), c_int8.stack_size(net), comparison)
    classify = "threshold" if outputs.kind == "binary" and outputs.n_classes == 2 else outputs.classify
    usage = [
        *([] if net.input is None else [("quantize(x, q)", "the bytes q of a row x of float")]),
        ("predict_u8(q, output)", "the weighted sums of the output layer, as integers"),
        *([("classify_u8(q)", "the index of the predicted class")] if classify else []),
        ("unit(j)", "the weighted sum of output j is about output[j] * unit"),
        *text_usage(record.labels, record.feature_names, "an input"),
    ]
    rows_are = "The inputs q are the bytes of the model's data." if net.input is None else ""
    about = ["", "8-bit integers approximate the float32 model.", rows_are, *str(comparison).splitlines()]
    body = c_int8.int8_body(net, prefix, classify, outputs.n_classes)
    sizes, texts = (
        (record.net.n_in, record.net.n_out),
        texts_of(record.labels, record.feature_names, prefix, "an input"),
    )
    text = Text(
        header, _model(record), usage, about, "less than 1 KB of code", "100 bytes", sizes, c_int8.OPENING, body, texts
    )
    return header, assembled(text)


class Text(NamedTuple):
    """The parts of a header.

    Attributes
    ----------
    header : CHeader
    model : list of str
        Lines that describe the model.
    usage : list of (str, str)
        Each function, without the prefix, and what it does.
    about : list of str
        More lines for the comment.
    code, frames : str
        The sizes of the code on a Cortex-M4, and of the stack beside the arrays.
    sizes : (int, int)
        Number of inputs and outputs.
    opening, body : str
        What comes before and after the sizes.
    texts : list of str
        The functions for labels and names.
    """

    header: CHeader
    model: list[str]
    usage: list[tuple[str, str]]
    about: list[str]
    code: str
    frames: str
    sizes: tuple[int, int]
    opening: str
    body: str
    texts: list[str]


def assembled(text: Text) -> str:
    """Return the text of a header from its parts."""
    n_in, n_out = text.sizes
    sizes = f"enum {{ {text.header.name}_inputs = {n_in}, {text.header.name}_outputs = {n_out} }};\n"
    parts = [_head(text), text.opening, _PUSH, sizes, text.body, *text.texts, _POP]
    return "\n".join(parts) + "\n#endif\n"


# The code is C and C++. C has only the casts of which C++ compilers can be asked to warn.
_CPLUSPLUS = "#if defined(__cplusplus) && defined(__GNUC__)\n{}\n#endif\n"
_PUSH = _CPLUSPLUS.format('#pragma GCC diagnostic push\n#pragma GCC diagnostic ignored "-Wold-style-cast"')
_POP = _CPLUSPLUS.format("#pragma GCC diagnostic pop")


def _as_float32(record: Record, dtype: object) -> Record:
    """Return the record with parameters in float32."""
    if dtype is not None and dtype != "float32":
        raise ValueError(f"dtype must be 'float32' or None, got {dtype!r}")
    net = record.net
    if net.dtype == np.float32:
        return record
    if dtype is None:
        raise ValueError(
            "the model computes in float64, a C header in float32: pass dtype='float32' to round the weights"
        )
    rounded = record.astype(np.float32)
    if not np.isfinite(rounded.params).all():
        raise ValueError("a weight is too large for float32")
    _require_resolution(record)
    return rounded


def _require_resolution(record: Record) -> None:
    """Raise ValueError if the outputs need digits that float32 lacks: large biases, small weights."""
    if record.activations[-1] != "identity":
        return
    weights, biases = record.weights[-1], record.biases[-1]
    coarse = too_coarse(biases, np.sqrt((weights * weights).sum(axis=0)), np.float32)
    if coarse.any():
        raise ValueError(
            f"the outputs are near {biases[coarse][0]:.6g}, where float32 cannot hold their differences: subtract an "
            "offset from y before fit, and add it to the outputs of the header"
        )


def _head(text: Text) -> str:
    """Return the comment that explains the header, and the include guard."""
    header = text.header
    width = max(len(call) for call, _ in text.usage)
    lines = [
        *text.model,
        "",
        *(f"  {header.name}_{call:<{width}}  {meaning}" for call, meaning in text.usage),
        *(line for i, line in enumerate(text.about) if line or not i),
        "",
        "C99 or C++, without dependencies, allocation and static variables; threads can share it.",
        f"Flash: {header.constants} bytes of constants, and {text.code} (Cortex-M4).",
        f"RAM: {header.stack} bytes of arrays on the stack, and less than {text.frames} more.",
    ]
    comment = "\n".join(f" * {line}".rstrip() for line in lines)
    guard = f"CMLP_EXPORT_{header.name}"
    return f"/*{comment[2:]}\n */\n#ifndef {guard}\n#define {guard}\n"


def described_layers(net: _core.Net) -> str:
    """Return the sizes and activations of the layers after the input."""
    return ", ".join(f"{n} {activation}" for n, activation in zip(net.sizes[1:], net.activations, strict=True))


def _model(record: Record) -> list[str]:
    return [
        f"A neural network, written by cmlp {_core.__version__}. Do not edit.",
        "",
        f"Layers: {record.net.n_in} inputs, {described_layers(record.net)}.",
    ]


def text_usage(labels: Labels | None, names: NDArray[Any] | None, of: str) -> list[tuple[str, str]]:
    """Return the functions of `texts_of`."""
    usage = [("label(index)", "the label of a class")] if labels is not None else []
    return usage + ([("feature(index)", f"the name of {of}")] if names is not None else [])


def texts_of(labels: Labels | None, names: NDArray[Any] | None, prefix: str, of: str) -> list[str]:
    """Return the functions for class labels and the names of the inputs."""
    parts = []
    if labels is not None:
        texts = [str(label) for label in labels.classes.tolist()]
        parts.append(text_function(prefix, "label", texts, "The label of a class, in UTF-8."))
    if names is not None:
        texts = [str(name) for name in names.tolist()]
        parts.append(text_function(prefix, "feature", texts, f"The name of {of}, in UTF-8."))
    return parts


def write(path: str | os.PathLike[str] | TextIO, text: str) -> None:
    """Write the text to a path or an open file."""
    if isinstance(path, (str, bytes, os.PathLike)):
        write_atomically(path, lambda write: write(memoryview(text.encode("ascii"))))
    else:
        path.write(text)
