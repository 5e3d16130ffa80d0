"""Write trained models to files, and read their content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cmlp import _core
from cmlp.exceptions import ModelFormatError, StatusError
from cmlp.files.reader import TableFile, read_model_file
from cmlp.files.texts import (
    dump_labels,
    dump_names,
    dump_parameters,
    load_labels,
    load_names,
    load_parameters,
    refuse,
    without_tensors,
)
from cmlp.record import CLASS_NAMES, Record

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    import numpy as np

    from cmlp.files.reader import ModelFile
    from cmlp.files.tables import TableContent
    from cmlp.training.state import TrainingState

Model = TypeVar("Model")
_KINDS = {name: kind for kind, name in CLASS_NAMES.items()}


class Content(NamedTuple):
    """What a model of a file or of another library consists of.

    Attributes
    ----------
    record : Record
    parameters : dict of str to object
        Parameters of an estimator's constructor.
    state : TrainingState or None
        The history of an estimator's training, and its optimizer if that is stored; None without a history.
    """

    record: Record
    parameters: Mapping[str, Any] = {}
    state: TrainingState | None = None


def require_own_class(model: object) -> None:
    """Raise TypeError if a model is an instance of a class that is not part of this package."""
    kind = type(model)
    if kind.__module__.partition(".")[0] != "cmlp":
        raise TypeError(
            f"{kind.__name__} cannot be saved: a model file can contain a Network or an estimator of cmlp, but not a "
            "subclass, because loading must not execute other code. Use pickle instead."
        )


def write_network(path: str | os.PathLike[str], record: Record) -> None:
    """Write a network to a model file; see `Network.save`."""
    _write(path, record, {"class": record.class_name}, {})


def write_estimator(
    path: str | os.PathLike[str],
    record: Record,
    parameters: Mapping[str, Any],
    state: TrainingState,
    *,
    include_training_state: bool,
) -> None:
    """Write a fitted estimator to a model file; see `MLPClassifier.save`."""
    from cmlp.files.state import dump_history, dump_state

    owner = record.class_name
    strings = {
        "class": owner,
        "history": dump_history(state),
        "parameters": dump_parameters(without_tensors(parameters), owner),
    }
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    if record.labels is not None:
        strings["classes"] = dump_labels(record.labels)
    if record.feature_names is not None:
        strings["feature_names"] = dump_names(record.feature_names)
    if include_training_state:
        more, arrays = dump_state(state)
        strings |= more
    _write(path, record, strings, arrays)


def _write(
    path: str | os.PathLike[str],
    record: Record,
    strings: dict[str, str],
    arrays: dict[str, np.ndarray[Any, Any]],
) -> None:
    from cmlp.files.atomic import write_atomically

    if not isinstance(record.loss, str):
        raise TypeError(
            f"loss of {record.class_name} is a function, which a model file cannot contain: use pickle instead."
        )

    def produce(write: Any) -> None:
        scale = record.input_scale
        _core.write_model(record.net, record.params, scale=scale, strings=strings, arrays=arrays, write=write)

    try:
        write_atomically(path, produce)
    except StatusError as error:
        if error.status == "CMLP_ERROR_FILE_NONFINITE":
            raise ValueError("a weight is NaN or infinite: such a model cannot be saved") from None
        raise


def read_model(
    path: str | os.PathLike[str], build: Callable[[Content | TableContent], Model], *, use_map: bool, verify: bool
) -> Model:
    """Read a model file; see `cmlp.load`.

    Parameters
    ----------
    path : str or path-like
    build : callable
        Returns the model with the given content. An exception that it raises is reported as damage of the file.
    use_map, verify : bool
        As for `cmlp.load`.

    Returns
    -------
    object
        What `build` returns.
    """
    file = read_model_file(path, use_map=use_map, verify=verify)
    try:
        if isinstance(file, TableFile):
            from cmlp.files.tables import table_content

            return build(table_content(file))
        return build(_content(file))
    except ModelFormatError as error:
        raise ModelFormatError(f"{path} cannot be loaded: {error}", error.status) from None
    except (ValueError, TypeError, KeyError) as error:
        raise ModelFormatError(f"{path} cannot be loaded: {error}", "CMLP_ERROR_FILE_SYNTAX") from error


def _content(file: ModelFile) -> Content:
    name = file.strings.get("class", "Network")
    if name not in _KINDS:
        raise refuse(f"the class {name!r} is unknown")
    record = Record(file.net, file.params, file.input_scale, kind=_KINDS[name])
    if record.kind == "network":
        return Content(record)
    for key in ("parameters", *(("classes",) if record.kind == "classifier" else ())):
        if key not in file.strings:
            raise refuse(f"{key!r} is missing")
    parameters = load_parameters(file.strings["parameters"])
    parameters.setdefault("input_scale", file.input_scale)
    if record.kind == "classifier":
        record.labels = load_labels(file.strings["classes"], record.sizes[-1])
    if "feature_names" in file.strings:
        record.feature_names = load_names(file.strings["feature_names"], record.sizes[0])
    from cmlp.files.state import load_state  # a program that loads only networks does not need the training state

    return Content(record, parameters, load_state(file))
