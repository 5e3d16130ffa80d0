"""Write a model as a C header."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple, TextIO

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import ArrayLike
from cmlp._data.disk import write_atomically
from cmlp._data.scale import too_coarse
from cmlp._export.c_int8 import parts_of_integers
from cmlp._export.c_project import new_folder, require_no_system_header, write_project
from cmlp._export.c_table import parts_of_table
from cmlp._export.c_text import Function, HeaderParts, parts_of_rows, prefix_of, text_function
from cmlp._export.licence import GENERATED, spdx_line
from cmlp._export.quantization import Int8Comparison
from cmlp._model.formats import require
from cmlp._model.model import TableModel, TrainedModel
from cmlp._process.warnings import warn
from cmlp.exceptions import InvalidParameterError, shown


class CHeader(NamedTuple):
    """A C header that `to_c` wrote. Its text describes the header.

    Attributes
    ----------
    name : str
        Prefix of all names in the header.
    constants : int
        Bytes of weights and other constants: flash memory of a microcontroller. The code takes 1 to
        3 KB more, and with `int8` less than 1 KB. That of a table also needs the compiler's
        arithmetic in double.
    stack : int
        Bytes of the stack that a prediction needs at most: RAM. There are no static variables. The
        comment of each function in the header has its own number. They hold for GCC 12 with -Os,
        -O2 and -O3 on Cortex-M0, Cortex-M4F and RISC-V, and with `int8` for AVR.
    comparison : Int8Comparison or None
        How well an int8 header agrees with the float32 model on the calibration rows; None without
        `int8`.
    """

    name: str
    constants: int
    stack: int
    comparison: Int8Comparison | None = None

    def __str__(self) -> str:
        sizes = f"{self.name}: {self.constants:,} bytes of constants, {self.stack:,} bytes of stack"
        if self.comparison is None:
            return sizes
        lines = [sizes, str(self.comparison)]
        if self.comparison.rows < 100:
            lines.append("Fewer than 100 calibration rows say little about others.")
        return "\n".join(lines)


def write_c_header(
    model: TrainedModel,
    path: str | os.PathLike[str] | TextIO,
    *,
    name: str | None,
    project: str | None,
    dtype: str | None,
    int8: bool,
    calibrate: ArrayLike | tuple[ArrayLike, ArrayLike] | None,
    intervals: bool,
) -> CHeader:
    """Write a model as a C header, or as a library with this header; see `Network.to_c`."""
    if project is None:
        prefix = prefix_of(name, path)
    else:
        folder = new_folder(project, path)
        prefix = prefix_of(name, folder, of_folder=True)
        require_no_system_header(prefix)
    require(model, "to_c(int8=True)" if int8 else "to_c")
    parameter_hash = model.parameter_hash  # of the model as its file has it, before rounding
    model = _as_float32(model, dtype)
    if calibrate is not None and not int8:
        raise InvalidParameterError(
            "calibrate is only used with int8=True.", parameter="calibrate", value=calibrate
        )
    if intervals and not isinstance(model, TableModel):
        raise InvalidParameterError(
            "intervals=True is only for regressors for tables.", parameter="intervals", value=True
        )
    if isinstance(model, TableModel):
        parts = parts_of_table(model, prefix, intervals=intervals)
    elif int8:
        parts = parts_of_integers(model, prefix, calibrate)
    else:
        parts = parts_of_rows(model, prefix)
    parts = parts._replace(functions=[*parts.functions, *_text_functions(model, prefix)])
    header = CHeader(prefix, parts.constants, parts.stack, parts.comparison)
    text = _join_parts(model, header, parts, parameter_hash)
    if project is not None:
        problem = write_project(folder, project, prefix, text, parts, model)
        if problem:
            warn(f"{folder} names no board: {problem}")
    elif isinstance(path, (str, bytes, os.PathLike)):
        write_atomically(path, lambda write: write(memoryview(text.encode("ascii"))))
    else:
        path.write(text)
    return header


def _join_parts(
    model: TrainedModel, header: CHeader, parts: HeaderParts, parameter_hash: str
) -> str:
    """Return the text of a header from its parts."""
    prefix = header.name
    n_in, n_out = parts.sizes
    return "\n".join(
        [
            _write_comment(model, header, parts),
            parts.opening,
            _LINKAGE.replace("NAME_", f"{prefix}_"),
            _write_constants(model, prefix, parameter_hash),
            f"enum {{ {prefix}_inputs = {n_in}, {prefix}_outputs = {n_out} }};\n",
            parts.contract,
            *(function.declare(prefix) for function in parts.functions),
            _DEFINITIONS.replace("NAME_", f"{prefix}_"),
            parts.body,
            *(function.define(prefix) for function in parts.functions),
            _END.replace("NAME_", f"{prefix}_"),
        ]
    )


_LINKAGE = """\
#if defined(NAME_DECLARE) || defined(NAME_DEFINE)
#define NAME_API
#else
#define NAME_API static inline
#endif

#ifdef __cplusplus
extern "C" {
#endif
"""
# The code is C and C++. C has only the casts of which C++ compilers can be asked to warn.
_CPLUSPLUS = "#if defined(__cplusplus) && defined(__GNUC__)\n{}\n#endif\n"
_DEFINITIONS = "#ifndef NAME_DECLARE\n" + _CPLUSPLUS.format(
    '#pragma GCC diagnostic push\n#pragma GCC diagnostic ignored "-Wold-style-cast"'
)
_END = (
    _CPLUSPLUS.format("#pragma GCC diagnostic pop")
    + """\
#endif /* NAME_DECLARE */

#ifdef __cplusplus
}
#endif
#endif
"""
)


def _as_float32(model: TrainedModel, dtype: object) -> TrainedModel:
    """Return the model with parameters in float32."""
    if dtype is not None and dtype != "float32":
        raise InvalidParameterError(
            f"dtype must be 'float32' or None, got {shown(dtype)}.",
            parameter="dtype",
            value=dtype,
            expected="'float32' or None",
        )
    if model.net.dtype == np.float32:
        return model
    if dtype is None:
        raise InvalidParameterError(
            "the model computes in float64, a C header in float32: pass dtype='float32' to round "
            "the weights.",
            parameter="dtype",
        )
    rounded = model.astype(np.float32)
    if not np.isfinite(rounded.first.params).all():
        raise ValueError("a weight is too large for float32")
    _require_fine_outputs(model)
    return rounded


def _require_fine_outputs(model: TrainedModel) -> None:
    """Raise ValueError if the outputs need digits that float32 lacks.

    These are large biases and small weights.
    """
    weights, biases, activation, _ = model.first.layers[-1]
    if activation != "identity":
        return
    coarse = too_coarse(biases, np.sqrt((weights * weights).sum(axis=0)), np.float32)
    if coarse.any():
        raise ValueError(
            f"the outputs are near {biases[coarse][0]:.6g}, where float32 cannot hold their "
            "differences: subtract an offset from y before fit, and add it to the outputs of the "
            "header"
        )


def _write_comment(model: TrainedModel, header: CHeader, parts: HeaderParts) -> str:
    """Return the comment that explains the header, and the include guard."""
    name = header.name
    lines = [
        *_describe_model(model),
        *(line for i, line in enumerate(parts.about) if line or not i),
        "",
        f"The model is yours, and cmlp's code around it is under {GENERATED}, which asks for nothing.",
        "",
        f"Include it in one .c file, or in several: all of them define {name}_DECLARE before, which",
        f"declares the functions only, but one of them {name}_DEFINE.",
        "",
        "C99 or C++, without dependencies, allocation and static variables; threads can share it.",
        f"Flash: {header.constants} bytes of constants, and {parts.code} (Cortex-M4).",
        f"RAM: at most {header.stack} bytes of stack for a prediction. Numbers of stack hold for GCC 12",
        "with -Og, -Os, -O2 or -O3 on Cortex-M0, Cortex-M4F and RISC-V, and for integers on AVR.",
    ]
    comment = "\n".join(f" * {line}".rstrip() for line in lines)
    guard = f"CMLP_EXPORT_{name}"
    return f"/* {spdx_line()} */\n/*{comment[2:]}\n */\n#ifndef {guard}\n#define {guard}\n"


def _describe_model(model: TrainedModel) -> list[str]:
    """Return the lines that describe the model."""
    net = model.net
    what = "A neural network"
    columns = ""
    if isinstance(model, TableModel):
        what = f"{len(model.networks)} neural networks for a table"
        columns = f"Columns: {len(model.columns)}. "
    inputs = " or ".join(map(str, sorted({net.n_in for net, _ in model.networks}, reverse=True)))
    layers = ", ".join(
        f"{n} {activation}" for n, activation in zip(net.sizes[1:], net.activations, strict=True)
    )
    return [
        f"{what}, written by cmlp {_core.__version__}. Do not edit.",
        "",
        f"{columns}Layers: {inputs} inputs, {layers}.",
    ]


def _write_constants(model: TrainedModel, prefix: str, parameter_hash: str) -> str:
    """Return the macros that say which model it is, and how a table's classes follow."""
    lines = [
        f'#define {prefix}_CMLP_VERSION "{_core.__version__}"',
        "/* Of weights and biases, as cmlp info prints it. */",
        f'#define {prefix}_SHA256 "{parameter_hash}"',
    ]
    if isinstance(model, TableModel) and model.threshold is not None:
        lines += [
            "/* The class with this index is predicted from this probability on. */",
            f"#define {prefix}_POSITIVE_CLASS 1",
            f"#define {prefix}_THRESHOLD {model.threshold!r}",
        ]
    return "\n".join(lines) + "\n"


def _text_functions(model: TrainedModel, prefix: str) -> Iterator[Function]:
    """Yield the functions of the class labels and the names of the inputs."""
    texts = []
    if model.labels is not None:
        texts.append(("label", model.labels.classes, "label of a class"))
    if model.feature_names is not None:
        named = "an input"
        if isinstance(model, TableModel):
            named = "a column"
        texts.append(("feature", model.feature_names, f"name of {named}"))
    for what, values, meaning in texts:
        comment = f'Returns the {meaning}, in UTF-8; "" for other numbers.'
        yield text_function(prefix, what, list(map(str, values.tolist())), comment)
