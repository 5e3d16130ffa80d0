"""Write trained models to files; what an estimator keeps of its training lies beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._data.columns import CellFormat
from cmlp._data.json_texts import (
    as_json,
    dump_categories,
    dump_column_names,
    dump_labels,
    dump_names,
    dump_parameters,
    dump_target_names,
    without_tensors,
)
from cmlp._model.calibration import n_answers
from cmlp._model.read import BACKGROUND, CALIBRATION_SCORES, CALIBRATION_WIDTHS, FITTED_OUTPUTS, SUMMARY_VALUES

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from cmlp._model.model import TrainedModel


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
    parameters: Mapping[str, Any] | None = None,
    extras: Callable[[], tuple[Mapping[str, str], Mapping[str, NDArray[Any]]]] = lambda: ({}, {}),
) -> None:
    """Write a model to a file; see `MLPClassifier.save`.

    The parameters are those of an estimator's constructor. `extras` returns strings and arrays that do not belong to
    the model either; it is called if the model can be saved.
    """
    from cmlp._data.disk import write_atomically
    from cmlp._model.formats import require

    require(model, "save")
    strings, tensors = extras()
    calibration, kept = model.calibration, model.background
    arrays: dict[str, NDArray[Any]] = {} if kept is None else dict(zip(BACKGROUND, kept, strict=True))
    if calibration is not None:
        arrays[CALIBRATION_SCORES] = calibration.scores
        if calibration.widths is not None:
            arrays[CALIBRATION_WIDTHS] = calibration.widths.reshape(2 * len(calibration.scores), -1)
    if model.fitted_outputs is not None:
        arrays[FITTED_OUTPUTS] = np.stack(model.fitted_outputs)
    if model.summary is not None:
        arrays[SUMMARY_VALUES] = model.summary.values
    content: dict[str, Any] = {
        "strings": {**_strings(model, parameters or {}), **strings},
        "arrays": {**arrays, **tensors},
    }
    target = None if model.target is None else model.target.numbers

    def produce(write: Any) -> None:
        if model.encoder is None:
            _core.write_model(model.net, model.params, scale=model.input_scale, write=write, **content)
        else:
            columns, limit = model.encoder.core, model.threshold
            _core.write_table(columns, model.networks, target, limit, write=write, **content)

    write_atomically(path, produce)


def _strings(model: TrainedModel, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata of a file."""
    owner, encoder = model.class_name, model.encoder
    strings = {} if encoder is None else {"categories": dump_categories(encoder.categories, owner)}
    strings["class"] = owner
    if model.cell_format != CellFormat():
        strings["cells"] = as_json(model.cell_format._asdict())
    if encoder is not None and not {*encoder.column_types} <= {"number", "category"}:
        strings["column_kinds"] = as_json(list(encoder.column_types))
    if model.kind != "network":
        strings["parameters"] = dump_parameters(without_tensors(parameters), owner)
    if model.calibration is not None:
        strings["calibration"] = as_json({"kind": model.calibration.kind, "rows": model.calibration.rows})
    if model.target is not None and n_answers(model.net) > 1:
        strings["targets"] = dump_target_names(model.target.names, n_answers(model.net))
    if model.summary is not None:
        strings["summary"] = as_json(
            {"accuracy": model.summary.accuracy, "dates": () if encoder is None else encoder.dates}
        )
    if model.labels is not None:
        strings["classes"] = dump_labels(model.labels)
    if model.feature_names is not None:
        strings["feature_names"] = dump_names(model.feature_names)
    elif model.names is not None:
        strings["column_names"] = dump_column_names(list(model.names), owner)
    return strings
