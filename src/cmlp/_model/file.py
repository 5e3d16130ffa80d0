"""Model files: `model_file` and `read_model`. What an estimator keeps of its training is stored beside the model.

The reader never executes code from a file, and validates all data before it uses them.
"""

from __future__ import annotations

import io
import mmap
import os
import sys
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy, empty_block
from cmlp._data.json_texts import (
    DTYPES,
    Head,
    Metadata,
    as_json,
    dump_parameters,
    number_of_digits,
    refuse,
    without_tensors,
)
from cmlp._data.records import loaded, stored
from cmlp._model.description import Draft, values_of_model
from cmlp._model.model import NetworkModel, TrainedModel, TrainedNet, network_parameters
from cmlp._model.stored_values import ModelContent, load_calibration_kind, strings_of
from cmlp.exceptions import ModelFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cmlp._data.array_types import AnyArray, NDArray
    from cmlp._data.disk import Produce


_LENGTH = 8  # bytes of the head's length, with which a file begins
# Smaller files are read: a mapping would save little, and the file may be overwritten in place.
_LEAST_MAPPED = 1 << 20
_NOTHING: Mapping[str, Any] = {}


def read_model(
    file: IO[bytes], *, use_map: bool, verify: bool
) -> tuple[TrainedModel, dict[str, Any], Metadata]:
    """Read a model file that is open; see `cmlp.load`.

    Returns the model, the parameters of the constructor (empty for a network), and the metadata,
    which also have what an estimator keeps of its training.

    The blocks are writeable: a mapped page that is written to becomes a private copy. Raises ModelFormatError,
    ValueError, TypeError or KeyError if the file is invalid.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    is_map = use_map and size >= _LEAST_MAPPED and sys.byteorder == "little"
    head, n_nets = _read_head(file, size)
    content = _contents(file, size, is_map)
    _core.check_model(content, verify)  # the core decides what a valid file is
    networks = []
    at = head_size = _LENGTH + len(head)
    for net in _nets_of_table(head, n_nets) if n_nets else [_net(head)]:
        n_bytes = net.n_params * net.dtype.itemsize
        params = content[at : at + n_bytes].view(net.dtype)
        networks.append(TrainedNet(net, params if is_map else block_copy(params)))
        at += n_bytes
    if sys.byteorder == "big":
        for _, params in networks:
            params.byteswap(inplace=True)
    metadata = Metadata(head, memoryview(content)[at:], at - head_size)
    model = _model(Draft(networks, is_table=n_nets > 0), metadata)
    _require_all(model, metadata)
    return model, _constructor_parameters(model, metadata), metadata


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


def _short() -> ModelFormatError:
    return ModelFormatError("the file is truncated", "CMLP_ERROR_FILE_SHORT")


def _exactly(file: IO[bytes], n: int) -> bytes:
    data = file.read(n)
    if len(data) != n:
        raise _short()
    return data


def _word(text: str) -> tuple[str, float]:
    """Split "name:parameter" into the name and the parameter; 0 if there is no parameter."""
    name, _, digits = text.partition(":")
    return name, number_of_digits(digits) if digits else 0.0


def _net(head: Head, prefix: str = "") -> _core.Net:
    """Return the network that the head describes; the names of its layers begin with `prefix`."""
    names, parameters = zip(*map(_word, head.text("activations").split(",")), strict=True)
    layers = [head.tensor(f"{prefix}layers.{i}.weight") for i in range(len(names))]
    sizes = [layers[0]["shape"][0], *(layer["shape"][1] for layer in layers)]
    loss, *quantiles = head.text("loss").split(",")
    loss, first = _word(loss)
    loss_parameter = (first, *map(number_of_digits, quantiles)) if quantiles else first
    return _core.Net(sizes, names, loss, DTYPES[layers[0]["dtype"]][1:], parameters, loss_parameter)


def _nets_of_table(head: Head, n_nets: int) -> Iterator[_core.Net]:
    """Yield the networks of a table. There are at most two that differ in their number of inputs."""
    nets: dict[str, _core.Net] = {}
    at = 0
    for i in range(n_nets):
        key = f',"nets.{i}.layers.0.weight":{{'  # no key of a string is followed by this
        at = head.index(key, at)
        shape = head[at + len(key) : head.index("]", at)]
        if shape not in nets:
            nets[shape] = _net(head, f"nets.{i}.")
        yield nets[shape]


def _contents(file: IO[bytes], size: int, use_map: bool) -> NDArray[np.uint8]:
    """Return all bytes of a file, aligned, and writeable without an effect on the file."""
    if use_map:
        return np.frombuffer(_map(file.fileno(), size), np.uint8)
    content = empty_block(size, np.uint8)
    file.seek(0)
    if file.readinto(content.data) != size:  # type: ignore[attr-defined]
        raise _short()
    return content


def _map(descriptor: int, size: int) -> Any:
    """Return the bytes of a file as a buffer that is writeable without an effect on the file."""
    if os.name == "nt":
        return mmap.mmap(descriptor, size, access=mmap.ACCESS_COPY)
    return _core.FileMap(descriptor, size)


# ---------------------------------------------------------------------------------------------------- the metadata


def _model(draft: Draft, metadata: Metadata) -> TrainedModel:
    """Return the model of a file, checked for what this package needs."""
    content = ModelContent(metadata, draft)
    try:
        return draft.model(lambda _, record: loaded(record, content, draft))
    except ModelFormatError:
        raise
    except ValueError as error:
        raise refuse(str(error)) from None


def _require_all(model: TrainedModel, metadata: Metadata) -> None:
    """Raise ModelFormatError for a file that Python cannot have written, and which saving it again would change."""
    is_of_python = metadata.string("parameters") is not None
    if model.kind == "network":
        return
    if isinstance(model, NetworkModel):
        if is_of_python != (metadata.string("history") is not None):
            raise refuse("it must have both or neither of 'parameters' and 'history'")
        return
    has_summary = metadata.string("summary") is not None
    if has_summary != (metadata.array("summary.values") is not None):
        raise refuse("it must have both or neither of 'summary' and 'summary.values'")
    if metadata.array("summary.importances") is not None and not has_summary:
        raise refuse("it has 'summary.importances' without 'summary'")
    if has_summary and not is_of_python:
        raise refuse("it has 'summary' without 'parameters'")
    has_scores = metadata.array("calibration.scores") is not None
    if is_of_python and has_scores and load_calibration_kind(metadata) is None:
        raise refuse("'calibration.kind' is missing or unknown")


def _constructor_parameters(model: TrainedModel, metadata: Metadata) -> dict[str, Any]:
    """Return the parameters of the constructor; none for a network. A file of a C program has none."""
    stored = metadata.members("parameters")
    if not isinstance(model, NetworkModel):
        return {} if stored is None else dict(stored)
    if model.kind == "network":
        return {}
    parameters = network_parameters(model.net) if stored is None else dict(stored)
    parameters.setdefault("input_scale", model.input_scale)
    return parameters


# ------------------------------------------------------------------------------------------------------------ writing


def require_own_class(model: object) -> None:
    """Raise TypeError if a model is an instance of a class that is not part of this package."""
    kind = type(model)
    if kind.__module__.partition(".")[0] != "cmlp":
        raise TypeError(
            f"{kind.__name__} cannot be saved: a model file can contain a Network or an estimator "
            "of cmlp, but not a subclass, because loading must not execute other code. Use pickle "
            "instead."
        )


def model_file(
    model: TrainedModel,
    parameters: Mapping[str, Any] = _NOTHING,
    strings: Mapping[str, str] = _NOTHING,
    arrays: Mapping[str, AnyArray] = _NOTHING,
) -> Produce:
    """Return the function that gives the bytes of the file of a model, which `require` has accepted; see `save`.

    The parameters are those of an estimator's constructor. The strings and arrays do not belong to the model either.
    """
    own_strings, own_arrays = _content(model)
    if model.kind != "network":
        own_strings["parameters"] = dump_parameters(without_tensors(parameters), model.class_name)
    strings = own_strings | dict(strings)
    arrays = own_arrays | dict(arrays)
    return lambda write: model.write(write, strings, arrays)


def bytes_of(produce: Produce) -> bytes:
    """Return the bytes of a file."""
    content = io.BytesIO()
    produce(content.write)
    return content.getvalue()


def _content(model: TrainedModel) -> tuple[dict[str, str], dict[str, AnyArray]]:
    """Return the strings and arrays of a model, but for those that the core writes."""
    pairs = values_of_model(model)
    objects, arrays = stored((value, part) for value, part in pairs if not value.by_core)
    return strings_of(model) | {key: as_json(members) for key, members in objects.items()}, arrays
