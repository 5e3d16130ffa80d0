"""Model files: `write_model` and `read_model`. What an estimator keeps of its training is stored beside the model.

The reader never executes code from a file, and validates all data before it uses them.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import zlib
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy, empty_block
from cmlp._data.columns import CellFormat, checked_cell_format
from cmlp._data.json_texts import (
    DTYPES,
    Head,
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
from cmlp._model.model import (
    CLASS_NAMES,
    TABLE_CLASS_NAMES,
    AnswerScale,
    NetworkModel,
    TableModel,
    TrainedModel,
    network_parameters,
)
from cmlp._model.probabilities import checked_class_weights, checked_outputs, checked_threshold
from cmlp._model.summary import checked_background, checked_summary
from cmlp.exceptions import ModelFormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from cmlp._data.labels import Labels
    from cmlp._model.calibration import Calibration
    from cmlp._model.summary import Background, Summary
    from cmlp._model.table_columns import Layout, TableColumns


_MOST_TYPE = 16  # limit in characters for the word that says what a column holds
_CHUNK = 1 << 20  # number of elements to check at a time, to use little memory
_LENGTH = 8  # bytes of the head's length, with which a file begins
# Arrays.
_TABLE_NUMBERS, _TABLE_TARGET, _TABLE_THRESHOLD = "table.numbers", "table.target", "table.threshold"
_CALIBRATION_SCORES, _CALIBRATION_WIDTHS = "calibration.scores", "calibration.widths"
_CALIBRATION_ENDS = "calibration.ends"
_FITTED_OUTPUTS, _CLASS_WEIGHTS = "calibration.outputs", "class_weights"
_CATEGORIES_SEEN = "categories.seen"
_BACKGROUND, _SUMMARY_VALUES = ("background.rows", "background.weights"), "summary.values"
_NOTHING: Mapping[str, Any] = {}
_EXAMPLE = ("example.input", "example.output")
_COLUMNS = ("input.factor", "input.shift")


def read_model(file: IO[bytes], *, use_map: bool, verify: bool) -> tuple[TrainedModel, dict[str, Any], Metadata]:
    """Read a model file that is open; see `cmlp.load`.

    Returns the model, the parameters of the constructor (empty for a network), and the metadata, which also have what
    an estimator keeps of its training.

    The blocks are writeable: a mapped page that is written to becomes a private copy. Raises ModelFormatError,
    ValueError, TypeError or KeyError if the file is invalid.
    """
    size, use_map = os.fstat(file.fileno()).st_size, use_map and sys.byteorder == "little"
    head, n_nets = _read_head(file, size)
    if n_nets:
        return _read_table(head, n_nets, _contents(file, size, use_map), is_map=use_map, verify=verify)
    return _read_network(head, file, size, use_map=use_map, verify=verify)


# ------------------------------------------------------------------------------------------------------ the tensors


def _read_head(file: IO[bytes], size: int) -> tuple[Head, int]:
    """Return the head of a file as JSON, which the core has validated, and the number of a table's networks, or 0."""
    head_size = _core.model_head_size(file.read(_LENGTH))
    if head_size > size:
        raise _short()
    file.seek(0)
    head = _exactly(file, head_size)
    file_size, n_nets = _core.model_file_info(head)
    if size < file_size:
        raise _short()
    if size > file_size:
        raise ModelFormatError("the file has extra bytes at its end", "CMLP_ERROR_FILE_LONG")
    return Head(memoryview(head)[_LENGTH:], "ascii"), n_nets


def _read_network(
    head: Head, file: IO[bytes], size: int, *, use_map: bool, verify: bool
) -> tuple[TrainedModel, dict[str, Any], Metadata]:
    net, head_size = _net(head), _LENGTH + len(head)
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
    crc = int(head.text("data_crc32"), 16)
    if verify and zlib.crc32(rest, zlib.crc32(params.view(np.uint8).data)) != crc:
        raise ModelFormatError(
            "the checksum of the data does not match: the file was changed or damaged", "CMLP_ERROR_FILE_DATA_CRC"
        )
    if sys.byteorder == "big":
        params.byteswap(inplace=True)
    metadata = Metadata(head, rest, bytes_of_params)
    scale = _input_scale(head, metadata)
    if verify:
        _verify(net, params, scale, metadata)
    return *_model_of_network((net, params), scale, metadata), metadata


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


def _input_scale(head: Head, metadata: Metadata) -> float | InputScale:
    factor, shift = map(metadata.array, _COLUMNS)
    if factor is None or shift is None:
        return _double(head.text("input_scale"))
    if not np.isfinite([factor, shift]).all():
        raise ModelFormatError("a shift or factor of the inputs is NaN or infinite", "CMLP_ERROR_FILE_NONFINITE")
    if not factor.all():
        raise ModelFormatError("a factor of the inputs is 0", "CMLP_ERROR_FILE_VALUE")
    return InputScale(shift, factor)


def _word(text: str) -> tuple[str, float]:
    """Split "name:parameter" into the name and the parameter; 0 if there is no parameter."""
    name, _, digits = text.partition(":")
    return name, _double(digits) if digits else 0.0


def _net(head: Head, prefix: str = "") -> _core.Net:
    """Return the network that the head describes; the names of its layers begin with `prefix`."""
    names, parameters = zip(*map(_word, head.text("activations").split(",")), strict=True)
    layers = [head.tensor(f"{prefix}layers.{i}.weight") for i in range(len(names))]
    sizes = [layers[0]["shape"][0], *(layer["shape"][1] for layer in layers)]
    loss, *quantiles = head.text("loss").split(",")
    loss, first = _word(loss)
    loss_parameter = (first, *map(_double, quantiles)) if quantiles else first
    return _core.Net(sizes, names, loss, DTYPES[layers[0]["dtype"]][1:], parameters, loss_parameter)


def _nets_of_table(head: Head, n_nets: int) -> Iterator[_core.Net]:
    """Yield the networks of a table. There are at most two that differ in their number of inputs."""
    nets: dict[str, _core.Net] = {}
    at = 0
    for i in range(n_nets):
        key = f',"nets.{i}.layers.0.weight":'
        at = head.index(key, at)
        shape = head[at + len(key) : head.index("]", at)]
        if shape not in nets:
            nets[shape] = _net(head, f"nets.{i}.")
        yield nets[shape]


def _contents(file: IO[bytes], size: int, use_map: bool) -> NDArray[np.uint8]:
    """Return all bytes of a file, aligned, and writeable without an effect on the file."""
    if use_map:
        return np.frombuffer(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY), np.uint8)
    content = empty_block(size, np.uint8)
    file.seek(0)
    if file.readinto(content.data) != size:  # type: ignore[attr-defined]
        raise _short()
    return content


def _read_table(
    head: Head, n_nets: int, content: NDArray[np.uint8], *, is_map: bool, verify: bool
) -> tuple[TableModel, dict[str, Any], Metadata]:
    _core.Model(content, verify)
    networks, head_size = [], _LENGTH + len(head)
    at = head_size
    for net in _nets_of_table(head, n_nets):
        size = net.n_params * net.dtype.itemsize
        params = content[at : at + size].view(net.dtype)
        networks.append((net, params if is_map else block_copy(params)))
        at += size
    if sys.byteorder == "big":
        for _, params in networks:
            params.byteswap(inplace=True)
    metadata = Metadata(head, memoryview(content)[at:], at - head_size)
    return *_model_of_table(networks, metadata), metadata


def _layout(word: str) -> Layout:
    """Return `TableColumn.layout` of the word that a file has for a column, such as "number_or_missing:3/week:2"."""
    from cmlp._model.table_columns import PARTS

    column, *parts = word.split("/")
    role, _, n = column.partition(":")
    widths = dict(part.split(":") for part in parts)
    all_widths = tuple(int(widths.get(name, 0)) for name in PARTS) if parts else ()
    return role.removesuffix("_or_missing"), int(n or 0), role == "number_or_missing", all_widths


def _verify(net: _core.Net, params: NDArray[Any], scale: float | InputScale, metadata: Metadata) -> None:
    """Check that the parameters are finite and that the stored example gives the stored output, bit for bit."""
    for start in range(0, net.n_params, _CHUNK):
        if not np.isfinite(params[start : start + _CHUNK]).all():
            raise ModelFormatError("a weight is NaN or infinite", "CMLP_ERROR_FILE_NONFINITE")
    row, expected = map(metadata.array, _EXAMPLE)
    if row is None or expected is None:
        return
    try:
        output = net.forward(params, row[None], scale=scale, n_threads=1)[0]
    except ValueError:
        output = None
    if output is None or _canonical(output) != _canonical(expected):
        raise ModelFormatError(
            "the computed output of the stored example differs from the stored output", "CMLP_ERROR_FILE_EXAMPLE"
        )


def _canonical(values: NDArray[Any]) -> bytes:
    """Return the bytes of an array, with the same bytes for every NaN."""
    nan = np.isnan(values)
    return (np.where(nan, values.dtype.type(np.nan), values) if nan.any() else values).tobytes()


# ---------------------------------------------------------------------------------------------------- the metadata


def _model_of_network(
    network: tuple[_core.Net, NDArray[Any]], scale: float | InputScale, metadata: Metadata
) -> tuple[TrainedModel, dict[str, Any]]:
    """Return the model of a file, and the parameters of the constructor, checked for what this package needs."""
    net, name = network[0], metadata.string("class")
    kind = "network" if name is None else _kind(name, CLASS_NAMES)
    if kind == "network":
        return NetworkModel(kind, [network], input_scale=scale), {}
    labels = load_labels(metadata.required("classes"), net.n_out) if kind == "classifier" else None
    parameters = network_parameters(net)
    if metadata.string("parameters") is not None:  # not in a file of a C program
        parameters = _values(metadata, "parameters")
    parameters.setdefault("input_scale", scale)
    names = _names(metadata, net.n_in)
    cells = _cell_format(metadata)
    return NetworkModel(kind, [network], input_scale=scale, labels=labels, names=names, cell_format=cells), parameters


def _model_of_table(
    networks: list[tuple[_core.Net, NDArray[Any]]], metadata: Metadata
) -> tuple[TableModel, dict[str, Any]]:
    """Return the model of a table, and the parameters of the constructor, checked for what this package needs."""
    net, name = networks[0][0], metadata.string("class")
    kind = _kind(name, TABLE_CLASS_NAMES, " of a table")
    if net.dtype != np.float32:
        raise refuse(f"the networks of a table are of dtype float32, not {net.dtype}")
    columns = _columns(metadata)
    parameters = load_parameters(metadata.required("parameters"))
    labels = load_labels(metadata.required("classes"), net.n_out) if kind == "classifier" else None
    outputs, threshold = metadata.array(_FITTED_OUTPUTS), metadata.array(_TABLE_THRESHOLD)
    weights = metadata.array(_CLASS_WEIGHTS)
    return TableModel(
        kind,
        networks,
        labels=labels,
        answer_scale=_answer_scale(metadata, net, labels),
        columns=columns,
        calibration=_calibration(metadata, net, labels),
        fitted_outputs=None if outputs is None else _checked(checked_outputs, [*outputs], net, len(networks), labels),
        class_weights=None if weights is None else _checked(checked_class_weights, weights, net, labels),
        threshold=None if threshold is None else _checked(checked_threshold, threshold.item(), labels),
        summary=_summary(metadata, len(columns), net),
        background=_background(metadata, len(columns)),
        cell_format=_cell_format(metadata),
    ), parameters


def _kind(name: str | None, class_names: Mapping[str, str], of: str = "") -> str:
    for kind, class_name in class_names.items():
        if class_name == name:
            return kind
    raise refuse(f"the class {name!r}{of} is unknown")


def _values(metadata: Metadata, key: str) -> dict[str, Any]:
    """Return what the JSON of `dump_parameters` under a key contains; nothing if the file does not have the key."""
    text = metadata.string(key)
    return {} if text is None else load_parameters(text, key)


def _names(metadata: Metadata, n_columns: int) -> Iterable[Any] | None:
    """Return the names of the columns."""
    if (text := metadata.string("column_names")) is not None:
        return load_column_names(text, n_columns)
    if (text := metadata.string("feature_names")) is not None:
        return load_names(text, n_columns)
    return None


def _cell_format(metadata: Metadata) -> CellFormat:
    """Return how the cells of files of text are read."""
    if metadata.string("cells") is None:
        return CellFormat()
    cells: CellFormat = _checked(checked_cell_format, _values(metadata, "cells"))
    return cells


def _checked(check: Callable[..., Any], *values: Any, **others: Any) -> Any:
    try:
        return check(*values, **others)
    except ValueError as error:
        raise refuse(str(error)) from None


def _columns(metadata: Metadata) -> TableColumns:
    """Return the columns of a table."""
    from cmlp._model.table_columns import TableColumns  # programs without tables do not need it

    layout = [_layout(word) for word in metadata.required("columns").split(",")]
    numbers, kinds = metadata.array(_TABLE_NUMBERS), metadata.string("column_kinds")
    columns: TableColumns = _checked(
        TableColumns.from_stored,
        _names(metadata, len(layout)),
        layout=layout,
        numbers=np.empty(0) if numbers is None else numbers,
        categories=load_categories(metadata.required("categories")),
        types=() if kinds is None else parsed(kinds, "column_kinds", _MOST_TYPE * len(layout)),
        seen=metadata.array(_CATEGORIES_SEEN),
    )
    return columns


def _calibration(metadata: Metadata, net: _core.Net, labels: Labels | None) -> Calibration | None:
    """Return the calibration; None if the file has none, or one of a kind that this version does not know."""
    values, scores = _values(metadata, "calibration"), metadata.array(_CALIBRATION_SCORES)
    if scores is None or values.get("kind") not in KINDS:
        return None
    widths, ends = metadata.array(_CALIBRATION_WIDTHS), metadata.array(_CALIBRATION_ENDS)
    kind, rows, has_classes = values["kind"], values.get("rows"), labels is not None
    return checked_calibration(kind, rows, scores, widths, ends, net, has_classes=has_classes)


def _background(metadata: Metadata, n_columns: int) -> Background | None:
    rows, weights = map(metadata.array, _BACKGROUND)
    if rows is None and weights is None:
        return None
    if rows is None or weights is None:
        raise refuse(f"one of {' and '.join(_BACKGROUND)} is missing")
    return checked_background(n_columns, rows, weights)


def _summary(metadata: Metadata, n_columns: int, net: _core.Net) -> Summary | None:
    fields, values = _values(metadata, "summary"), metadata.array(_SUMMARY_VALUES)
    if values is None:
        return None
    return checked_summary(n_columns, n_answers(net), values, fields.get("accuracy"), fields.get("found"))


def _answer_scale(metadata: Metadata, net: _core.Net, labels: Labels | None) -> AnswerScale | None:
    """Return the scale and the range of a table's targets; raises ModelFormatError if the outputs are others."""
    numbers, is_classifier = metadata.array(_TABLE_TARGET), labels is not None
    if labels is not None:
        _check_labels(labels, net)
    n = 0 if numbers is None else numbers.size // 4  # targets
    is_regressor = net.activations[-1] in ("identity", "exp") and n == n_answers(net)
    if (numbers is None) != is_classifier or not (is_classifier or is_regressor):
        kind = "classifier" if is_classifier else "regressor"
        raise refuse(f"the outputs are not those of a {TABLE_CLASS_NAMES[kind]}")
    if numbers is None:
        return None
    centre, scale, low, high = map(tuple, numbers.reshape(n, 4).T.tolist())
    return AnswerScale(centre, scale, low, high, load_target_names(metadata.string("targets")))


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
    columns, calibration, background = model.columns, model.calibration, model.background
    strings = {"categories": dump_categories(columns.categories, model.class_name)}
    if not {*columns.types} <= {"number", "category"}:
        strings["column_kinds"] = as_json(list(columns.types))
    arrays: dict[str, NDArray[Any]] = {} if background is None else dict(zip(_BACKGROUND, background, strict=True))
    seen = columns.seen_numbers
    if seen is not None:
        arrays[_CATEGORIES_SEEN] = seen
    if calibration is not None:
        strings["calibration"] = as_json({"kind": calibration.kind, "rows": calibration.rows})
        arrays[_CALIBRATION_SCORES] = calibration.scores
        if calibration.widths is not None:
            arrays[_CALIBRATION_WIDTHS] = calibration.widths.reshape(2 * len(calibration.scores), -1)
        if calibration.ends is not None:
            arrays[_CALIBRATION_ENDS] = calibration.ends
    if model.fitted_outputs is not None:
        arrays[_FITTED_OUTPUTS] = np.stack(model.fitted_outputs)
    if model.class_weights is not None:
        arrays[_CLASS_WEIGHTS] = model.class_weights
    if model.answer_scale is not None and n_answers(model.net) > 1:
        strings["targets"] = dump_target_names(model.answer_scale.names, n_answers(model.net))
    if model.summary is not None:
        summary = {"accuracy": model.summary.accuracy, "dates": columns.dates}
        found = None if model.threshold is None else model.summary.found
        strings["summary"] = as_json(summary if found is None else summary | {"found": found})
        arrays[_SUMMARY_VALUES] = model.summary.values
    return strings, arrays
