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

if TYPE_CHECKING:
    from typing import TextIO

    from numpy.typing import ArrayLike

    from cmlp.record import Record


class CHeader(NamedTuple):
    """A C header that `to_c` wrote. Its text describes the header.

    Attributes
    ----------
    name : str
        Prefix of all names in the header.
    constants : int
        Bytes of weights and other constants: flash memory of a microcontroller. The code takes 1 to 3 KB more, and
        with `int8` less than 1 KB.
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
    _write(path, text)
    return header


def _float_header(record: Record, prefix: str) -> tuple[CHeader, str]:
    outputs = outputs_of(record)
    header = CHeader(prefix, c_float.constants_size(record), c_float.stack_size(record))
    usage = [
        ("predict(x, output)", f"{outputs.meaning} of a row x of float"),
        ("predict_u8(x, output)", "the same for a row x of uint8_t"),
        *([("classify(x), classify_u8(x)", "the index of the predicted class")] if outputs.classify else []),
        ("check()", "1 if the outputs have the bits that Python computed, else 0"),
    ]
    about = []
    if isinstance(record.input_scale, tuple):
        about = ["", "Inputs are raw: each has its own shift and factor, as in Python."]
    elif record.input_scale != 1:
        about = ["", f"All inputs are multiplied by {record.input_scale!r}, as in Python."]
    body = c_float.float_body(record, prefix)
    return header, _assembled(record, header, usage, about, outputs.n, c_float.OPENING, body)


def _int8_header(record: Record, prefix: str, calibrate: Any) -> tuple[CHeader, str]:
    require_supported(record)
    rows = calibration_rows(record, calibrate)
    if isinstance(record.input_scale, tuple):
        if rows.X.dtype != np.uint8:
            raise ValueError(
                "to_c(int8=True) needs calibration rows of uint8 if each input has a shift and a factor, because all "
                f"inputs are quantized with the same step. Got {rows.X.dtype}."
            )
        record = record.unscaled()
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
    ]
    rows_are = "The inputs q are the bytes of the model's data." if net.input is None else ""
    about = ["", "8-bit integers approximate the float32 model.", rows_are, *str(comparison).splitlines()]
    body = c_int8.int8_body(net, prefix, classify, outputs.n_classes)
    return header, _assembled(record, header, usage, about, record.net.n_out, c_int8.OPENING, body)


def _assembled(
    record: Record,
    header: CHeader,
    usage: list[tuple[str, str]],
    about: list[str],
    n_outputs: int,
    opening: str,
    body: str,
) -> str:
    """Return the text of a header from its parts."""
    sizes = f"enum {{ {header.name}_inputs = {record.net.n_in}, {header.name}_outputs = {n_outputs} }};\n"
    parts = [_head(record, header, usage, about), opening, _PUSH, sizes, body, *_texts(record, header.name), _POP]
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
    rounded = _core.Net(net.sizes, net.activations, net.loss, np.float32, net.activation_parameters, net.loss_parameter)
    with np.errstate(over="ignore"):
        params = record.params.astype(np.float32)
    if not np.isfinite(params).all():
        raise ValueError("a weight is too large for float32")
    return record.replaced(rounded, params)


def _head(record: Record, header: CHeader, usage: list[tuple[str, str]], about: list[str]) -> str:
    """Return the comment that explains the header, and the include guard."""
    net = record.net
    described = (f"{n} {activation}" for n, activation in zip(net.sizes[1:], net.activations, strict=True))
    if record.labels is not None:
        usage = [*usage, ("label(index)", "the label of a class")]
    if record.feature_names is not None:
        usage = [*usage, ("feature(index)", "the name of an input")]
    width = max(len(call) for call, _ in usage)
    code = "1 to 3 KB" if header.comparison is None else "less than 1 KB"
    lines = [
        f"A neural network, written by cmlp {_core.__version__}. Do not edit.",
        "",
        f"Layers: {', '.join([f'{net.n_in} inputs', *described])}.",
        "",
        *(f"  {header.name}_{call:<{width}}  {meaning}" for call, meaning in usage),
        *(line for i, line in enumerate(about) if line or not i),
        "",
        "C99 or C++, without dependencies, allocation and static variables; threads can share it.",
        f"Flash: {header.constants} bytes of constants, and {code} of code (Cortex-M4).",
        f"RAM: {header.stack} bytes of arrays on the stack, and less than 100 bytes more.",
    ]
    comment = "\n".join(f" * {line}".rstrip() for line in lines)
    guard = f"CMLP_EXPORT_{header.name}"
    return f"/*{comment[2:]}\n */\n#ifndef {guard}\n#define {guard}\n"


def _texts(record: Record, prefix: str) -> list[str]:
    """Return the functions for class labels and feature names."""
    parts = []
    if record.labels is not None:
        texts = [str(label) for label in record.labels.classes.tolist()]
        parts.append(text_function(prefix, "label", texts, "The label of a class, in UTF-8."))
    if record.feature_names is not None:
        texts = [str(name) for name in record.feature_names.tolist()]
        parts.append(text_function(prefix, "feature", texts, "The name of an input, in UTF-8."))
    return parts


def _write(path: str | os.PathLike[str] | TextIO, text: str) -> None:
    if isinstance(path, (str, bytes, os.PathLike)):
        write_atomically(path, lambda write: write(memoryview(text.encode("ascii"))))
    else:
        path.write(text)
