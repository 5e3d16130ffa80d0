"""Write a trained network as a C header."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp import _core
from cmlp.export.c_float import OPENING, constants_size, float_body, outputs_of, stack_size
from cmlp.export.c_text import prefix_of, text_function
from cmlp.export.source import Source, source_of
from cmlp.files.atomic import write_atomically

if TYPE_CHECKING:
    from typing import TextIO

    from numpy.typing import ArrayLike


class CHeader(NamedTuple):
    """A C header that `to_c` wrote. Its text describes the header in one or two lines.

    Attributes
    ----------
    name : str
        Prefix of all names in the header.
    constants : int
        Bytes of weights and other constants: flash memory of a microcontroller. The code takes 1 to 3 KB more.
    stack : int
        Bytes of the arrays that a prediction has on the stack: RAM. There are no static variables.
    """

    name: str
    constants: int
    stack: int

    def __str__(self) -> str:
        return f"{self.name}: {self.constants:,} bytes of constants, {self.stack:,} bytes of stack"


def write_c_header(
    model: Any,
    path: str | os.PathLike[str] | TextIO,
    *,
    name: str | None,
    dtype: str | None,
    int8: bool,
    calibrate: ArrayLike | tuple[ArrayLike, ArrayLike] | None,
) -> CHeader:
    """Write a model as a C header; see `cmlp.exports.Exports.to_c`."""
    if int8:
        raise NotImplementedError
    prefix = prefix_of(name, path)
    source = _as_float32(source_of(model), dtype)
    header = CHeader(prefix, constants_size(source), stack_size(source))
    sizes = f"enum {{ {prefix}_inputs = {source.net.n_in}, {prefix}_outputs = {outputs_of(source).n} }};\n"
    parts = [_head(source, header), OPENING, sizes, float_body(source, prefix), *_texts(source, prefix)]
    text = "\n".join(parts) + "\n#endif\n"
    _write(path, text)
    return header


def _as_float32(source: Source, dtype: object) -> Source:
    """Return the source with parameters in float32."""
    if dtype is not None and dtype != "float32":
        raise ValueError(f"dtype must be 'float32' or None, got {dtype!r}")
    net = source.net
    if net.dtype == np.float32:
        return source
    if dtype is None:
        raise ValueError(
            "the model computes in float64, a C header in float32: pass dtype='float32' to round the weights"
        )
    rounded = _core.Net(net.sizes, net.activations, net.loss, np.float32, net.activation_parameters, net.loss_parameter)
    with np.errstate(over="ignore"):
        params = source.params.astype(np.float32)
    if not np.isfinite(params).all():
        raise ValueError("a weight is too large for float32")
    return source._replace(net=rounded, params=params)


_HEAD = """\
/* A neural network, written by cmlp {version}. Do not edit.
 *
 * Layers: {layers}.
 * {scale}
{usage}
 *
 * C99 or C++, without dependencies, allocation and static variables; threads can share it.
 * Flash: {constants} bytes of constants, and 1 to 3 KB of code. RAM: {stack} bytes of stack.
 */
#ifndef CMLP_EXPORT_{name}
#define CMLP_EXPORT_{name}

"""


def _head(source: Source, header: CHeader) -> str:
    """Return the comment that explains the header, and the first lines of code."""
    net, outputs = source.net, outputs_of(source)
    described = (f"{n} {activation}" for n, activation in zip(net.sizes[1:], net.activations, strict=True))
    usage = [
        ("predict(x, output)", f"{outputs.meaning} of a row x of float"),
        ("predict_u8(x, output)", "the same for a row x of uint8_t"),
        ("check()", "1 if the outputs have the bits that Python computed, else 0"),
    ]
    if outputs.classify:
        usage.insert(2, ("classify(x), classify_u8(x)", "the index of the predicted class"))
    if source.labels is not None:
        usage.append(("label(index)", "the label of a class" if outputs.classify else "the label of an output"))
    if source.feature_names is not None:
        usage.append(("feature(index)", "the name of an input"))
    width = max(len(call) for call, _ in usage)
    scaled = source.input_scale != 1
    return _HEAD.format(
        version=_core.__version__,
        layers=", ".join([f"{net.n_in} inputs", *described]),
        scale=f"The functions multiply every input by {source.input_scale!r}.\n *" if scaled else "",
        usage="\n".join(f" *   {header.name}_{call:<{width}}  {meaning}" for call, meaning in usage),
        constants=header.constants,
        stack=header.stack,
        name=header.name,
    ).replace("\n * \n", "\n *\n")


def _texts(source: Source, prefix: str) -> list[str]:
    """Return the functions for class labels and feature names."""
    parts = []
    if source.labels is not None:
        texts = [str(label) for label in source.labels.classes.tolist()]
        parts.append(text_function(prefix, "label", texts, "The label of a class, in UTF-8."))
    if source.feature_names is not None:
        texts = [str(name) for name in source.feature_names.tolist()]
        parts.append(text_function(prefix, "feature", texts, "The name of an input, in UTF-8."))
    return parts


def _write(path: str | os.PathLike[str] | TextIO, text: str) -> None:
    if isinstance(path, (str, bytes, os.PathLike)):
        write_atomically(path, lambda write: write(memoryview(text.encode("ascii"))))
    else:
        path.write(text)
