"""Write trained models to files, and read them; what an estimator keeps of its training lies beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from cmlp import _core
from cmlp._data.json_texts import (
    dump,
    dump_categories,
    dump_column_names,
    dump_labels,
    dump_names,
    dump_parameters,
    dump_target_names,
    load,
    load_categories,
    load_column_names,
    load_labels,
    load_names,
    load_parameters,
    load_target_names,
    refuse,
    without_tensors,
)
from cmlp._data.stored import Cells, checked_cells, checked_kinds
from cmlp._model.calibration import KINDS, checked_calibration, kind_of_scores, n_answers
from cmlp._model.encoder import ColumnEncoder
from cmlp._model.model import CLASS_NAMES, TABLE_CLASS_NAMES, TableTarget, TrainedModel, network_parameters
from cmlp._model.read import (
    BACKGROUND,
    CALIBRATION_SCORES,
    SUMMARY_VALUES,
    TABLE_NUMBERS,
    TABLE_TARGET,
    read_model_file,
)
from cmlp._model.shapley import checked_background
from cmlp._model.summary import checked_summary
from cmlp.exceptions import ModelFormatError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp._data.json_texts import Metadata
    from cmlp._data.labels import Labels
    from cmlp._model.calibration import Calibration
    from cmlp._model.shapley import Background
    from cmlp._model.summary import Summary

Built = TypeVar("Built")

_MOST_KIND = 16  # limit in characters for the word that says what a column holds


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
    more: tuple[Mapping[str, str], Mapping[str, NDArray[Any]]] = ({}, {}),
) -> None:
    """Write a model to a file; see `MLPClassifier.save`. `more` are strings and arrays that do not belong to it."""
    from cmlp._data.atomic import write_atomically
    from cmlp._model.formats import require

    require(model, "save")
    calibration, kept = model.calibration, model.background
    arrays: dict[str, NDArray[Any]] = {} if kept is None else dict(zip(BACKGROUND, kept, strict=True))
    if calibration is not None:
        arrays[CALIBRATION_SCORES] = calibration.scores
    if model.summary is not None:
        arrays[SUMMARY_VALUES] = model.summary.values
    content: dict[str, Any] = {"strings": {**_strings(model), **more[0]}, "arrays": {**arrays, **more[1]}}
    target = None if model.target is None else model.target.numbers

    def produce(write: Any) -> None:
        if model.encoder is None:
            _core.write_model(model.net, model.params, scale=model.input_scale, write=write, **content)
        else:
            _core.write_table(model.encoder.core, model.networks, target, write=write, **content)

    write_atomically(path, produce)


def _strings(model: TrainedModel) -> dict[str, str]:
    """Return the metadata of a file."""
    owner, encoder = model.class_name, model.encoder
    strings = {} if encoder is None else {"categories": dump_categories(encoder.categories, owner)}
    strings["class"] = owner
    if model.cells != Cells():
        strings["cells"] = dump(model.cells._asdict())
    if encoder is not None and not {*encoder.types} <= {"number", "category"}:
        strings["column_kinds"] = dump(list(encoder.types))
    if model.kind != "network":
        strings["parameters"] = dump_parameters(without_tensors(model.parameters), owner)
    if model.calibration is not None:
        kind, rows, _ = model.calibration
        strings["calibration"] = dump({"kind": kind, "rows": rows})
    if model.target is not None and n_answers(model.net) > 1:
        strings["targets"] = dump_target_names(model.target.names, n_answers(model.net))
    if model.summary is not None:
        strings["summary"] = dump(
            {"accuracy": model.summary.accuracy, "dates": () if encoder is None else encoder.dates}
        )
    if model.labels is not None:
        strings["classes"] = dump_labels(model.labels)
    if model.feature_names is not None:
        strings["feature_names"] = dump_names(model.feature_names)
    elif model.names is not None:
        strings["column_names"] = dump_column_names(list(model.names), owner)
    return strings


def read_model(
    path: str | os.PathLike[str],
    build: Callable[[TrainedModel, Metadata], Built],
    *,
    use_map: bool,
    verify: bool,
) -> Built:
    """Read a model file and return what `build` makes of its model and of what lies beside; see `cmlp.load`.

    An exception that `build` raises is reported as damage of the file.
    """
    found, file = read_model_file(path, use_map=use_map, verify=verify)
    try:
        return build(_whole_model(found, file), file)
    except ModelFormatError as error:
        raise ModelFormatError(f"{path} cannot be loaded: {error}", error.status) from None
    except (ValueError, TypeError, KeyError) as error:
        raise ModelFormatError(f"{path} cannot be loaded: {error}", "CMLP_ERROR_FILE_SYNTAX") from error


def _whole_model(found: TrainedModel, file: Metadata) -> TrainedModel:
    """Return networks from a file with what its metadata say about them, checked for what this package needs."""
    strings, is_table = file.strings, file.kinds is not None
    name = strings.get("class", None if is_table else "Network")
    kinds = {name: kind for kind, name in (TABLE_CLASS_NAMES if is_table else CLASS_NAMES).items()}
    if name not in kinds:
        raise refuse(f"the class {name!r}{' of a table' if is_table else ''} is unknown")
    kind = kinds[name]
    if kind == "network":
        return found
    if is_table and found.net.dtype != np.float32:
        raise refuse(f"the networks of a table are of dtype float32, not {found.net.dtype}")
    for key in (*(["categories", "parameters"] * is_table), *(["classes"] * (kind == "classifier"))):
        if key not in strings:
            raise refuse(f"{key!r} is missing")
    labels = load_labels(strings["classes"], found.net.n_out) if kind == "classifier" else None
    parameters = network_parameters(found.net)
    if "parameters" in strings:  # not in a file of a C program
        parameters = load_parameters(strings["parameters"])
    cells = Cells()
    if "cells" in strings:
        cells = _checked(checked_cells, load_parameters(strings["cells"], "cells"))
    if not is_table:
        parameters.setdefault("input_scale", found.input_scale)
    model = found.replace(kind=kind, labels=labels, names=_names(found, file), cells=cells, parameters=parameters)
    return model if file.kinds is None else model.replace(**_table_of(file, file.kinds, model))


def _checked(check: Callable[..., Any], *values: Any) -> Any:
    try:
        return check(*values)
    except ValueError as error:
        raise refuse(str(error)) from None


def _table_of(file: Metadata, kinds: Sequence[tuple[str, int, bool]], model: TrainedModel) -> dict[str, Any]:
    """Return the fields of a table's model that others do not have, checked."""
    target = _target(file, model)
    types: Sequence[str] = ()
    if "column_kinds" in file.strings:
        words = load(file.strings["column_kinds"], "column_kinds", _MOST_KIND * len(kinds))
        types = _checked(checked_kinds, words, kinds)
    categories = load_categories(file.strings["categories"])
    return {
        "encoder": ColumnEncoder(kinds, file.arrays[TABLE_NUMBERS], categories, types),
        "target": target,
        "calibration": _calibration(file, model),
        "summary": _summary(file, kinds, model.net),
        "background": _background(file, len(kinds)),
    }


def _calibration(file: Metadata, model: TrainedModel) -> Calibration | None:
    """Return the calibration; None if the file has none, or one of a kind that this version does not know."""
    values = load_parameters(file.strings.get("calibration", "{}"), "calibration")
    scores = file.arrays.get(CALIBRATION_SCORES)
    if scores is None or values.get("kind") not in KINDS:
        return None
    if values["kind"] != kind_of_scores(model.net, has_classes=model.kind == "classifier"):
        raise refuse(f"'calibration' is not that of a {model.kind}")
    return checked_calibration(values["kind"], values.get("rows"), scores, n_answers(model.net))


def _background(file: Metadata, n_columns: int) -> Background | None:
    found = [file.arrays[name] for name in BACKGROUND if name in file.arrays]
    if len(found) == 1:
        raise refuse(f"one of {' and '.join(BACKGROUND)} is missing")
    return checked_background(n_columns, *found) if found else None


def _summary(file: Metadata, kinds: Sequence[tuple[str, int, bool]], net: _core.Net) -> Summary | None:
    fields, values = load_parameters(file.strings.get("summary", "{}"), "summary"), file.arrays.get(SUMMARY_VALUES)
    if values is None:
        return None
    return checked_summary(kinds, n_answers(net), values, fields.get("accuracy"))


def _names(model: TrainedModel, file: Metadata) -> list[Any] | NDArray[Any] | None:
    n = model.net.n_in if file.kinds is None else len(file.kinds)
    if "column_names" in file.strings:
        return load_column_names(file.strings["column_names"], n)
    if "feature_names" in file.strings:
        return load_names(file.strings["feature_names"], n)
    return None


def _target(file: Metadata, model: TrainedModel) -> TableTarget | None:
    """Return the scale and the range of a table's targets; raises ModelFormatError if the outputs are others."""
    net, numbers, is_classifier = model.net, file.arrays.get(TABLE_TARGET), model.kind == "classifier"
    if is_classifier:
        _check_labels(model.labels, net)
    n = 0 if numbers is None else numbers.size // 4  # targets
    is_regressor = net.activations[-1] == "identity" and n == n_answers(net)
    if (numbers is None) != is_classifier or not (is_classifier or is_regressor):
        raise refuse(f"the outputs are not those of a {TABLE_CLASS_NAMES[model.kind]}")
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
