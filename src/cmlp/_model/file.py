"""Model files: `write_model` and `read_model`. What an estimator keeps of its training is stored beside the model.

The reader never executes code from a file, and validates all data before it uses them.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
import zlib
from contextlib import contextmanager
from itertools import count
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy, empty_block
from cmlp._data.columns import CellFormat, ColumnLayout, checked_cell_format
from cmlp._data.disk import open_regular
from cmlp._data.json_texts import (
    Metadata,
    as_json,
    dump_categories,
    dump_column_names,
    dump_labels,
    dump_names,
    dump_parameters,
    dump_target_names,
    load_categories,
    load_column_names,
    load_labels,
    load_names,
    load_parameters,
    load_target_names,
    parsed,
    refuse,
    without_tensors,
)
from cmlp._data.scale import InputScale
from cmlp._model.calibration import KINDS, checked_calibration, n_answers
from cmlp._model.encoder import PARTS, checked_encoder
from cmlp._model.model import (
    CLASS_NAMES,
    TABLE_CLASS_NAMES,
    TableModel,
    TableTarget,
    TrainedModel,
    network_parameters,
)
from cmlp._model.probabilities import checked_outputs, checked_threshold
from cmlp._model.summary import checked_background, checked_summary
from cmlp.exceptions import ModelFormatError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp._data.labels import Labels
    from cmlp._model.calibration import Calibration
    from cmlp._model.model import TrainedModel
    from cmlp._model.summary import Background, Summary


_MOST_TYPE = 16  # limit in characters for the word that says what a column holds
_DTYPES = {"F32": "<f4", "F64": "<f8", "U8": "|u1", "I32": "<i4", "I64": "<i8"}
_CHUNK = 1 << 20  # number of elements to check at a time, to use little memory
# The entries of the head that this package uses. Others are never parsed: millions of them would take much memory.
_KEYS = ("data_crc32", "input_scale", "activations", "loss")
_OWN_KEYS = ("cells", "class", "classes", "feature_names", "parameters")
_TABLE_KEYS = (
    "columns",
    "calibration",
    "categories",
    "cells",
    "class",
    "classes",
    "column_kinds",
    "column_names",
    "feature_names",
    "parameters",
    "summary",
    "targets",
)
# Arrays.
_TABLE_NUMBERS, _TABLE_TARGET, _TABLE_THRESHOLD = "table.numbers", "table.target", "table.threshold"
_CALIBRATION_SCORES, _CALIBRATION_WIDTHS = "calibration.scores", "calibration.widths"
_FITTED_OUTPUTS = "calibration.outputs"
_BACKGROUND, _SUMMARY_VALUES = ("background.rows", "background.weights"), "summary.values"
_TABLE_ARRAYS = (
    _TABLE_NUMBERS,
    _TABLE_TARGET,
    _TABLE_THRESHOLD,
    _CALIBRATION_SCORES,
    _CALIBRATION_WIDTHS,
    _FITTED_OUTPUTS,
    *_BACKGROUND,
    _SUMMARY_VALUES,
)
_TABLE = '},"nets.0.layers.0.weight":'  # how a table's tensors begin, and nothing else: strings have no bare quotes
_NOTHING: Mapping[str, Any] = {}
_EXAMPLE = ("example.input", "example.output")
_COLUMNS = ("input.factor", "input.shift")


class ExtraKeys(NamedTuple):
    """Names of strings and of arrays in a file that do not belong to the model; a table has no such arrays."""

    strings: Sequence[str]
    arrays: Sequence[str]


class RawFile(NamedTuple):
    """What a file has, before the metadata are checked."""

    networks: list[tuple[_core.Net, NDArray[Any]]]
    input_scale: float | InputScale
    metadata: Metadata


def read_model(
    path: str | os.PathLike[str], *, extras: ExtraKeys, use_map: bool, verify: bool
) -> tuple[TrainedModel, dict[str, Any], Metadata]:
    """Read a model file; see `cmlp.load`.

    Returns the model, the parameters of the constructor (empty for a network), and the metadata, which have the
    `extras`, too.

    The blocks are writeable: a mapped page that is written to becomes a private copy. Raises ModelFormatError, with
    path and reason, if the file is invalid.
    """
    with open_regular(path) as file, reported_damage(path):
        use_map = use_map and sys.byteorder == "little"
        raw = _read(file, os.fstat(file.fileno()).st_size, extras, use_map, verify)
        return *_model_of(raw), raw.metadata


@contextmanager
def reported_damage(
    path: str | os.PathLike[str], kinds: tuple[type[Exception], ...] = (ValueError, TypeError, KeyError)
) -> Iterator[None]:
    """Raise ModelFormatError with the path for errors of these kinds: the content of the file has caused them."""
    try:
        yield
    except ModelFormatError as error:
        raise ModelFormatError(f"{os.fsdecode(path)} cannot be loaded: {error}", error.status) from None
    except kinds as error:
        message = f"{os.fsdecode(path)} cannot be loaded: {error}"
        raise ModelFormatError(message, "CMLP_ERROR_FILE_SYNTAX") from error


# ------------------------------------------------------------------------------------------------------ the tensors


def _read(file: IO[bytes], size: int, extras: ExtraKeys, use_map: bool, verify: bool) -> RawFile:
    head_size = _core.model_head_size(file.read(8))
    if head_size > size:
        raise _short()
    file.seek(0)
    head = _exactly(file, head_size)
    file_size = _core.model_file_size(head)
    if size < file_size:
        raise _short()
    if size > file_size:
        raise ModelFormatError("the file has extra bytes at its end", "CMLP_ERROR_FILE_LONG")
    text = str(memoryview(head)[8:], "ascii")
    del head
    if _TABLE in text:
        return _read_table(text, _whole(file, size, use_map), head_size, extras, is_map=use_map, verify=verify)
    strings = _entries(text, (*_KEYS, *_OWN_KEYS, *extras.strings), '"')
    net = _net(text, strings)
    tensors = _entries(text, (*_EXAMPLE, *_COLUMNS, *extras.arrays), "{")
    del text
    bytes_of_params = net.n_params * net.dtype.itemsize
    if use_map:
        # A private mapping: processes share the pages until one writes to them; writes do not change the file.
        mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)
        params = np.frombuffer(mapped, net.dtype, net.n_params, head_size)
        rest = memoryview(mapped)[head_size + bytes_of_params :]
    else:
        params = empty_block(net.n_params, net.dtype)
        if file.readinto(params.view(np.uint8).data) != bytes_of_params:  # type: ignore[attr-defined]
            raise _short()
        rest = memoryview(_exactly(file, size - head_size - bytes_of_params))
    if verify and zlib.crc32(rest, zlib.crc32(params.view(np.uint8).data)) != int(strings["data_crc32"], 16):
        raise ModelFormatError(
            "the checksum of the data does not match: the file was changed or damaged", "CMLP_ERROR_FILE_DATA_CRC"
        )
    if sys.byteorder == "big":
        params.byteswap(inplace=True)
    arrays = _arrays(tensors, rest, bytes_of_params)
    scale = _input_scale(strings, arrays)
    if verify:
        _verify(net, params, scale, arrays)
    return RawFile([(net, params)], scale, Metadata(None, strings, arrays))


def _short() -> ModelFormatError:
    return ModelFormatError("the file is truncated", "CMLP_ERROR_FILE_SHORT")


def _exactly(file: IO[bytes], n: int) -> bytes:
    data = file.read(n)
    if len(data) != n:
        raise _short()
    return data


def _double(digits: str) -> float:
    value: float = struct.unpack(">d", bytes.fromhex(digits))[0]
    return value


def _input_scale(strings: dict[str, str], arrays: dict[str, NDArray[Any]]) -> float | InputScale:
    if "input.factor" not in arrays:
        return _double(strings["input_scale"])
    factor, shift = (arrays.pop(name) for name in _COLUMNS)
    if not np.isfinite([factor, shift]).all():
        raise ModelFormatError("a shift or factor of the inputs is NaN or infinite", "CMLP_ERROR_FILE_NONFINITE")
    if not factor.all():
        raise ModelFormatError("a factor of the inputs is 0", "CMLP_ERROR_FILE_VALUE")
    return InputScale(shift, factor)


def _word(text: str) -> tuple[str, float]:
    """Split "name:parameter" into the name and the parameter; 0 if there is no parameter."""
    name, _, digits = text.partition(":")
    return name, _double(digits) if digits else 0.0


def _entries(text: str, names: Iterable[str], opening: str) -> dict[str, Any]:
    """Return the values of these entries of a head that the core has validated; `opening` is their first character.

    The search finds no text inside a string, because a string contains quotes only with a backslash.
    """
    found, decode = {}, json.JSONDecoder().raw_decode
    for name in names:
        key = f',"{name}":'
        at = text.find(key + opening)
        if at >= 0:
            found[name] = decode(text, at + len(key))[0]
    return found


def _net(text: str, strings: dict[str, str], prefix: str = "") -> _core.Net:
    """Return the network that the head describes; the names of its layers begin with `prefix`."""
    names, parameters = zip(*map(_word, strings["activations"].split(",")), strict=True)
    layers = list(_entries(text, (f"{prefix}layers.{i}.weight" for i in range(len(names))), "{").values())
    sizes = [layers[0]["shape"][0], *(layer["shape"][1] for layer in layers)]
    loss, *quantiles = strings["loss"].split(",")
    loss, first = _word(loss)
    loss_parameter = (first, *map(_double, quantiles)) if quantiles else first
    return _core.Net(sizes, names, loss, _DTYPES[layers[0]["dtype"]][1:], parameters, loss_parameter)


def _nets_of_table(text: str, strings: dict[str, str]) -> Iterator[_core.Net]:
    """Yield the networks of a table. There are at most two that differ in their number of inputs."""
    nets: dict[str, _core.Net] = {}
    at = 0
    for i in count():
        key = f',"nets.{i}.layers.0.weight":'
        at = text.find(key, at)
        if at < 0:
            return
        shape = text[at + len(key) : text.index("]", at)]
        if shape not in nets:
            nets[shape] = _net(text, strings, f"nets.{i}.")
        yield nets[shape]


def _whole(file: IO[bytes], size: int, use_map: bool) -> NDArray[np.uint8]:
    """Return all bytes of a file, aligned, and writeable without an effect on the file."""
    if use_map:
        return np.frombuffer(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY), np.uint8)
    content = empty_block(size, np.uint8)
    file.seek(0)
    if file.readinto(content.data) != size:  # type: ignore[attr-defined]
        raise _short()
    return content


def _read_table(
    text: str, content: NDArray[np.uint8], head_size: int, extras: ExtraKeys, *, is_map: bool, verify: bool
) -> RawFile:
    """Return the content of a table's file, of which the core has validated the head `text`."""
    _core.Model(content, verify)
    strings = _entries(text, (*_KEYS, *_TABLE_KEYS, *extras.strings), '"')
    nets, at = [], head_size
    for net in _nets_of_table(text, strings):
        size = net.n_params * net.dtype.itemsize
        block = content[at : at + size].view(net.dtype)
        nets.append((net, block if is_map else block_copy(block)))
        at += size
    tensors = _entries(text, _TABLE_ARRAYS, "{")
    arrays = {_TABLE_NUMBERS: np.empty(0)} | _arrays(tensors, memoryview(content)[at:], at - head_size)
    if sys.byteorder == "big":
        for _, block in nets:
            block.byteswap(inplace=True)
    layout = [_column(word) for word in strings.pop("columns").split(",")]
    return RawFile(nets, 1.0, Metadata(layout, strings, arrays))


def _column(word: str) -> ColumnLayout:
    column, *parts = word.split("/")
    kind, _, n = column.partition(":")
    widths = dict(part.split(":") for part in parts)
    found = ColumnLayout(kind.removesuffix("_or_missing"), int(n or 0), kind == "number_or_missing")
    return found._replace(part_widths=tuple(int(widths.get(name, 0)) for name in PARTS)) if parts else found


def _arrays(tensors: dict[str, Any], rest: memoryview, start: int) -> dict[str, NDArray[Any]]:
    """Return copies of tensors; `rest` are the data from the offset `start` on."""
    arrays = {}
    for name, tensor in tensors.items():
        dtype = np.dtype(_DTYPES[tensor["dtype"]])
        first, end = tensor["data_offsets"]
        raw = bytes(rest[first - start : end - start])
        arrays[name] = np.frombuffer(raw, dtype).astype(dtype.newbyteorder("=")).reshape(tensor["shape"])
    return arrays


def _verify(net: _core.Net, params: NDArray[Any], scale: float | InputScale, arrays: dict[str, NDArray[Any]]) -> None:
    """Check that the parameters are finite and that the stored example gives the stored output, bit for bit."""
    for start in range(0, net.n_params, _CHUNK):
        if not np.isfinite(params[start : start + _CHUNK]).all():
            raise ModelFormatError("a weight is NaN or infinite", "CMLP_ERROR_FILE_NONFINITE")
    if "example.input" not in arrays:
        return
    try:
        output = net.forward(params, arrays["example.input"][None], scale=scale, n_threads=1)[0]
    except ValueError:
        output = None
    expected = arrays["example.output"]
    if output is None or _canonical(output) != _canonical(expected):
        raise ModelFormatError(
            "the computed output of the stored example differs from the stored output", "CMLP_ERROR_FILE_EXAMPLE"
        )


def _canonical(values: NDArray[Any]) -> bytes:
    """Return the bytes of an array, with the same bytes for every NaN."""
    nan = np.isnan(values)
    return (np.where(nan, values.dtype.type(np.nan), values) if nan.any() else values).tobytes()


# ---------------------------------------------------------------------------------------------------- the metadata


def _model_of(raw: RawFile) -> tuple[TrainedModel, dict[str, Any]]:
    """Return the model of a file, and the parameters of the constructor, checked for what this package needs."""
    file, net = raw.metadata, raw.networks[0][0]
    strings, is_table = file.strings, file.layout is not None
    name = strings.get("class", None if is_table else "Network")
    kinds = {name: kind for kind, name in (TABLE_CLASS_NAMES if is_table else CLASS_NAMES).items()}
    if name not in kinds:
        raise refuse(f"the class {name!r}{' of a table' if is_table else ''} is unknown")
    kind = kinds[name]
    if kind == "network":
        return TrainedModel(kind, raw.networks, input_scale=raw.input_scale), {}
    if is_table and net.dtype != np.float32:
        raise refuse(f"the networks of a table are of dtype float32, not {net.dtype}")
    for key in (*(["categories", "parameters"] * is_table), *(["classes"] * (kind == "classifier"))):
        if key not in strings:
            raise refuse(f"{key!r} is missing")
    labels = load_labels(strings["classes"], net.n_out) if kind == "classifier" else None
    parameters = network_parameters(net)
    if "parameters" in strings:  # not in a file of a C program
        parameters = load_parameters(strings["parameters"])
    cell_format = CellFormat()
    if "cells" in strings:
        cell_format = _checked(checked_cell_format, load_parameters(strings["cells"], "cells"))
    if not is_table:
        parameters.setdefault("input_scale", raw.input_scale)
    fields: dict[str, Any] = {"labels": labels, "names": _names(net, file), "cell_format": cell_format}
    if file.layout is None:
        return TrainedModel(kind, raw.networks, input_scale=raw.input_scale, **fields), parameters
    fields |= _table_of(file, file.layout, raw.networks, labels)
    return TableModel(kind, raw.networks, **fields), parameters


def _checked(check: Callable[..., Any], *values: Any) -> Any:
    try:
        return check(*values)
    except ValueError as error:
        raise refuse(str(error)) from None


def _table_of(
    file: Metadata, layout: Sequence[ColumnLayout], networks: Sequence[tuple[_core.Net, Any]], labels: Labels | None
) -> dict[str, Any]:
    """Return the fields of a table's model that others do not have, checked."""
    net = networks[0][0]
    target = _target(file, net, labels)
    column_types: Any = ()
    if "column_kinds" in file.strings:
        column_types = parsed(file.strings["column_kinds"], "column_kinds", _MOST_TYPE * len(layout))
    categories = load_categories(file.strings["categories"])
    return {
        "encoder": _checked(checked_encoder, layout, file.arrays[_TABLE_NUMBERS], categories, column_types),
        "target": target,
        "calibration": _calibration(file, net, labels),
        "fitted_outputs": _checked(checked_outputs, [*file.arrays[_FITTED_OUTPUTS]], net, len(networks), labels)
        if _FITTED_OUTPUTS in file.arrays
        else None,
        "threshold": _checked(checked_threshold, file.arrays[_TABLE_THRESHOLD].item(), labels)
        if _TABLE_THRESHOLD in file.arrays
        else None,
        "summary": _summary(file, layout, net),
        "background": _background(file, len(layout)),
    }


def _calibration(file: Metadata, net: _core.Net, labels: Labels | None) -> Calibration | None:
    """Return the calibration; None if the file has none, or one of a kind that this version does not know."""
    values = load_parameters(file.strings.get("calibration", "{}"), "calibration")
    scores = file.arrays.get(_CALIBRATION_SCORES)
    if scores is None or values.get("kind") not in KINDS:
        return None
    widths, has_classes = file.arrays.get(_CALIBRATION_WIDTHS), labels is not None
    return checked_calibration(values["kind"], values.get("rows"), scores, widths, net, has_classes=has_classes)


def _background(file: Metadata, n_columns: int) -> Background | None:
    found = [file.arrays[name] for name in _BACKGROUND if name in file.arrays]
    if len(found) == 1:
        raise refuse(f"one of {' and '.join(_BACKGROUND)} is missing")
    return checked_background(n_columns, *found) if found else None


def _summary(file: Metadata, layout: Sequence[ColumnLayout], net: _core.Net) -> Summary | None:
    fields, values = load_parameters(file.strings.get("summary", "{}"), "summary"), file.arrays.get(_SUMMARY_VALUES)
    if values is None:
        return None
    return checked_summary(layout, n_answers(net), values, fields.get("accuracy"), fields.get("found"))


def _names(net: _core.Net, file: Metadata) -> list[Any] | NDArray[Any] | None:
    n = net.n_in if file.layout is None else len(file.layout)
    if "column_names" in file.strings:
        return load_column_names(file.strings["column_names"], n)
    if "feature_names" in file.strings:
        return load_names(file.strings["feature_names"], n)
    return None


def _target(file: Metadata, net: _core.Net, labels: Labels | None) -> TableTarget | None:
    """Return the scale and the range of a table's targets; raises ModelFormatError if the outputs are others."""
    numbers, is_classifier = file.arrays.get(_TABLE_TARGET), labels is not None
    if labels is not None:
        _check_labels(labels, net)
    n = 0 if numbers is None else numbers.size // 4  # targets
    is_regressor = net.activations[-1] in ("identity", "exp") and n == n_answers(net)
    if (numbers is None) != is_classifier or not (is_classifier or is_regressor):
        kind = "classifier" if is_classifier else "regressor"
        raise refuse(f"the outputs are not those of a {TABLE_CLASS_NAMES[kind]}")
    if numbers is None:
        return None
    centre, scale, low, high = numbers.tolist() if n == 1 else map(tuple, numbers.T.tolist())
    return TableTarget(centre, scale, low, high, load_target_names(file.strings.get("targets")))


def _check_labels(labels: Labels, net: _core.Net) -> None:
    """Raise ModelFormatError if labels are not those of a table's classifier."""
    if len(labels.classes) < 2 or net.activations[-1] not in ("logistic", "softmax"):
        raise refuse("'classes' are not those of a TabularClassifier")
    if (labels.kind == "multilabel") != (n_answers(net) > 1):
        raise refuse("a TabularClassifier has several logistic outputs for multilabel targets only")


# ------------------------------------------------------------------------------------------------------------ writing


def require_own_class(model: object) -> None:
    """Raise TypeError if a model is an instance of a class that is not part of this package."""
    kind = type(model)
    if kind.__module__.partition(".")[0] != "cmlp":
        raise TypeError(
            f"{kind.__name__} cannot be saved: a model file can contain a Network or an estimator of cmlp, but not a "
            "subclass, because loading must not execute other code. Use pickle instead."
        )


def write_model(
    path: str | os.PathLike[str],
    model: TrainedModel,
    parameters: Mapping[str, Any] = _NOTHING,
    strings: Mapping[str, str] = _NOTHING,
    arrays: Mapping[str, NDArray[Any]] = _NOTHING,
) -> None:
    """Write a model, which `require` has accepted, to a file; see `MLPClassifier.save`.

    The parameters are those of an estimator's constructor. The strings and arrays do not belong to the model either.
    """
    from cmlp._data.disk import write_atomically

    of_table = _content_of_table(model) if isinstance(model, TableModel) else ({}, {})
    strings = {**of_table[0], **_strings(model, parameters), **strings}
    arrays = {**of_table[1], **arrays}
    write_atomically(path, lambda write: model.write(write, strings, arrays))


def _strings(model: TrainedModel, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata that the files of all models have."""
    owner = model.class_name
    strings = {"class": owner}
    if model.cell_format != CellFormat():
        strings["cells"] = as_json(model.cell_format._asdict())
    if model.kind != "network":
        strings["parameters"] = dump_parameters(without_tensors(parameters), owner)
    if model.labels is not None:
        strings["classes"] = dump_labels(model.labels)
    if model.feature_names is not None:
        strings["feature_names"] = dump_names(model.feature_names)
    elif model.names is not None:
        strings["column_names"] = dump_column_names(list(model.names), owner)
    return strings


def _content_of_table(model: TableModel) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Return the strings and arrays that only the file of a table has."""
    encoder, calibration, background = model.encoder, model.calibration, model.background
    strings = {"categories": dump_categories(encoder.categories, model.class_name)}
    if not {*encoder.column_types} <= {"number", "category"}:
        strings["column_kinds"] = as_json(list(encoder.column_types))
    arrays: dict[str, NDArray[Any]] = {} if background is None else dict(zip(_BACKGROUND, background, strict=True))
    if calibration is not None:
        strings["calibration"] = as_json({"kind": calibration.kind, "rows": calibration.rows})
        arrays[_CALIBRATION_SCORES] = calibration.scores
        if calibration.widths is not None:
            arrays[_CALIBRATION_WIDTHS] = calibration.widths.reshape(2 * len(calibration.scores), -1)
    if model.fitted_outputs is not None:
        arrays[_FITTED_OUTPUTS] = np.stack(model.fitted_outputs)
    if model.target is not None and n_answers(model.net) > 1:
        strings["targets"] = dump_target_names(model.target.names, n_answers(model.net))
    if model.summary is not None:
        summary = {"accuracy": model.summary.accuracy, "dates": encoder.dates}
        found = None if model.threshold is None else model.summary.found
        strings["summary"] = as_json(summary if found is None else summary | {"found": found})
        arrays[_SUMMARY_VALUES] = model.summary.values
    return strings, arrays
