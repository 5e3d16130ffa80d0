"""Write trained models to files, and read them: a document, and for an estimator its training state beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from cmlp import _core
from cmlp.exceptions import ModelFormatError
from cmlp.files.reader import TABLE_NUMBERS, TABLE_TARGET, read_model_file
from cmlp.files.texts import (
    dump_categories,
    dump_column_names,
    dump_labels,
    dump_names,
    dump_parameters,
    load_categories,
    load_column_names,
    load_labels,
    load_names,
    load_parameters,
    refuse,
    without_tensors,
)
from cmlp.model import CLASS_NAMES, TABLE_CLASS_NAMES, ModelDocument, TableColumns

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cmlp.files.reader import ModelFile
    from cmlp.inputs.labels import Labels
    from cmlp.training.state import TrainingState

Model = TypeVar("Model")


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
    document: ModelDocument,
    state: TrainingState | None = None,
    *,
    include_training_state: bool = False,
) -> None:
    """Write a model to a file; see `MLPClassifier.save`. Without the training state, only counters are kept of it."""
    from cmlp.files.atomic import write_atomically
    from cmlp.formats import require

    require(document, "save")
    if include_training_state and state is None:
        raise ValueError(
            f"include_training_state must be False for {document.class_name}: a model file has no training state of a "
            "table. Use pickle instead."
        )
    strings = _strings(document, state)
    arrays: dict[str, NDArray[Any]] = {}
    if include_training_state and state is not None:
        from cmlp.files.state import dump_state

        more, arrays = dump_state(state)
        strings |= more

    def produce(write: Any) -> None:
        content: dict[str, Any] = {"strings": strings, "arrays": arrays, "write": write}
        if document.columns is None:
            _core.write_model(document.net, document.params, scale=document.input_scale, **content)
        else:
            _core.write_table(document.columns.core, document.networks, document.target, **content)

    write_atomically(path, produce)


def _strings(document: ModelDocument, state: TrainingState | None) -> dict[str, str]:
    """Return the metadata of a file."""
    owner, columns = document.class_name, document.columns
    strings = {} if columns is None else {"categories": dump_categories(columns.categories, owner)}
    strings["class"] = owner
    if state is not None:
        from cmlp.files.state import dump_history

        strings["history"] = dump_history(state)
    if document.kind != "network":
        strings["parameters"] = dump_parameters(without_tensors(document.parameters), owner)
    if document.labels is not None:
        strings["classes"] = dump_labels(document.labels)
    if document.feature_names is not None:
        strings["feature_names"] = dump_names(document.feature_names)
    elif document.names is not None:
        strings["column_names"] = dump_column_names(list(document.names), owner)
    return strings


def read_model(
    path: str | os.PathLike[str],
    build: Callable[[ModelDocument, TrainingState | None], Model],
    *,
    use_map: bool,
    verify: bool,
) -> Model:
    """Read a model file and return what `build` makes of its document and training state; see `cmlp.load`.

    An exception that `build` raises is reported as damage of the file.
    """
    file = read_model_file(path, use_map=use_map, verify=verify)
    try:
        document = _document(file)
        return build(document, _state(file, document))
    except ModelFormatError as error:
        raise ModelFormatError(f"{path} cannot be loaded: {error}", error.status) from None
    except (ValueError, TypeError, KeyError) as error:
        raise ModelFormatError(f"{path} cannot be loaded: {error}", "CMLP_ERROR_FILE_SYNTAX") from error


def _state(file: ModelFile, document: ModelDocument) -> TrainingState | None:
    """Return the training state of an estimator; tables and networks have none."""
    if document.kind == "network" or document.columns is not None:
        return None
    from cmlp.files.state import load_state  # a program that loads only networks does not need the training state

    return load_state(file)


def _document(file: ModelFile) -> ModelDocument:
    """Return the content of a file, checked for what the classes of this package need."""
    strings, is_table = file.strings, file.kinds is not None
    name = strings.get("class", None if is_table else "Network")
    kinds = {name: kind for kind, name in (TABLE_CLASS_NAMES if is_table else CLASS_NAMES).items()}
    if name not in kinds:
        raise refuse(f"the class {name!r}{' of a table' if is_table else ''} is unknown")
    kind = kinds[name]
    if kind == "network":
        return ModelDocument(file.networks, input_scale=file.input_scale)
    if is_table and file.net.dtype != np.float32:
        raise refuse(f"the networks of a table are of dtype float32, not {file.net.dtype}")
    for key in (*(["categories"] * is_table), "parameters", *(["classes"] * (kind == "classifier"))):
        if key not in strings:
            raise refuse(f"{key!r} is missing")
    labels = load_labels(strings["classes"], file.net.n_out) if kind == "classifier" else None
    parameters = load_parameters(strings["parameters"])
    columns = None
    if is_table:
        categories, target = load_categories(strings["categories"]), _target(file, name, labels)
        columns = TableColumns(file.kinds or (), file.arrays[TABLE_NUMBERS], categories, target)
    else:
        parameters.setdefault("input_scale", file.input_scale)
    return ModelDocument(
        file.networks,
        kind,
        input_scale=file.input_scale,
        labels=labels,
        names=_names(file),
        columns=columns,
        parameters=parameters,
    )


def _names(file: ModelFile) -> list[Any] | NDArray[Any] | None:
    n = file.net.n_in if file.kinds is None else len(file.kinds)
    if "column_names" in file.strings:
        return load_column_names(file.strings["column_names"], n)
    if "feature_names" in file.strings:
        return load_names(file.strings["feature_names"], n)
    return None


def _target(file: ModelFile, name: str, labels: Labels | None) -> tuple[float, ...] | None:
    """Return the scale and the range of a table's targets; raises ModelFormatError if the outputs are others."""
    net, numbers = file.net, file.arrays.get(TABLE_TARGET)
    if labels is not None:
        _check_labels(labels, net)
    one_each = net.n_out == 1 or isinstance(net.loss_parameter, tuple)  # one number, or one for each quantile
    is_regressor = net.activations[-1] == "identity" and one_each
    if (numbers is None) != (labels is not None) or not (labels is not None or is_regressor):
        raise refuse(f"the outputs are not those of a {name}")
    if numbers is None:
        return None
    _, scale, low, high = numbers
    if not np.isfinite(numbers).all() or not scale > 0 or not low <= high:
        raise refuse("the scale or the range of the target is invalid")
    return tuple(map(float, numbers))


def _check_labels(labels: Labels, net: _core.Net) -> None:
    """Raise ModelFormatError if labels are not those of a table's classifier."""
    if labels.kind == "multilabel" or len(labels.classes) < 2 or net.activations[-1] not in ("logistic", "softmax"):
        raise refuse("'classes' are not those of a TabularClassifier")
    if net.activations[-1] == "logistic" and net.n_out != 1:
        raise refuse("a TabularClassifier of several outputs has softmax outputs")
