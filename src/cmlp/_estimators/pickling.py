"""The pickled form of an estimator: dicts, tuples, arrays, numbers and text only, with the core's networks and labels.

The plain form of a model comes first, then that of an estimator's private attributes.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import check_params, check_version, loaded_block, native
from cmlp._data.columns import checked_cell_format
from cmlp._data.labels import Labels
from cmlp._data.scale import SCALES, InputScale, check_scale_width
from cmlp._estimators.fitted import Fitted
from cmlp._model.calibration import checked_calibration, n_answers
from cmlp._model.model import AnswerScale, NetworkModel, TableModel, TrainedModel
from cmlp._model.probabilities import checked_class_weights, checked_outputs, checked_threshold
from cmlp._model.summary import checked_background, checked_summary
from cmlp._train.state import Curve, TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cmlp._model.calibration import Calibration


def _plain_model(model: TrainedModel) -> dict[str, Any]:
    """Return the fields of a model, without parameters of a constructor."""
    return {
        "kind": model.kind,
        "networks": [tuple(one) for one in model.networks],
        "input_scale": 1.0 if isinstance(model, TableModel) else model.input_scale,
        "labels": model.labels,
        "names": model.names,
        "cell_format": tuple(model.cell_format),
    }


def _plain_table(model: TableModel) -> dict[str, Any]:
    """Return the fields of the model of a table."""
    calibration, summary = model.calibration, model.summary
    columns = model.columns.stored()
    seen = columns["seen"]
    return {
        **_plain_model(model),
        "columns": columns | {"seen": None if seen is None else [*seen]},
        "answer_scale": None if model.answer_scale is None else tuple(model.answer_scale),
        "calibration": None if calibration is None else _plain_calibration(calibration),
        "fitted_outputs": None if model.fitted_outputs is None else list(model.fitted_outputs),
        "class_weights": None if model.class_weights is None else list(model.class_weights),
        "threshold": model.threshold,
        "background": None if model.background is None else tuple(model.background),
        "summary": None
        if summary is None
        else (summary.values, *(None if part is None else tuple(part) for part in summary[1:])),
    }


@contextmanager
def _naming_damage() -> Iterator[None]:
    """Raise ValueError that says that an estimator is damaged for an error in its fields."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"The pickled estimator is damaged: {error}") from error


def _model(fields: Mapping[str, Any]) -> NetworkModel:
    """Return the model with these fields; raises ValueError if they are damaged."""
    with _naming_damage():
        model = NetworkModel(**_checked(fields))
        if model.names is not None and np.shape(model.names) != (model.net.n_in,):
            raise ValueError(f"it must have {model.net.n_in} feature names")
        return model


def _table(fields: Mapping[str, Any]) -> TableModel:
    """Return the model of a table with these fields; raises ValueError if they are damaged."""
    with _naming_damage():
        checked = _checked(fields)
        del checked["input_scale"], checked["names"]
        return TableModel(**checked, **_checked_table(fields, checked["networks"], checked["labels"]))


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a model, whose parts match each other."""
    labels, names, scale = fields["labels"], fields["names"], fields["input_scale"]
    networks = []
    for net, params in fields["networks"]:
        if type(net) is not _core.Net:
            raise ValueError(f"a network is {net!r}")
        block = native(params, (np.float32, np.float64), "params")
        check_params(block, net)
        networks.append((net, loaded_block(block)))
    if not networks or fields["kind"] not in ("classifier", "regressor"):
        raise ValueError(f"it has {len(networks)} networks, and is a {fields['kind']!r}")
    net = networks[0][0]
    if type(scale) is not InputScale and not (isinstance(scale, (int, float)) and np.isfinite(scale)):
        raise ValueError(f"its input_scale is {scale!r}")
    check_scale_width(scale, net.n_in)
    if labels is not None and (type(labels) is not Labels or labels.n_outputs != net.n_out):
        raise ValueError(f"its labels do not fit {net.n_out} outputs")
    if (labels is None) != (fields["kind"] == "regressor"):
        raise ValueError("a classifier needs labels, and a regressor has none")
    return {
        "kind": fields["kind"],
        "networks": networks,
        "input_scale": scale,
        "labels": labels,
        "names": names,
        "cell_format": checked_cell_format(fields["cell_format"]),
    }


def _checked_table(
    fields: Mapping[str, Any], networks: list[tuple[_core.Net, Any]], labels: Labels | None
) -> dict[str, Any]:
    """Return the fields that only the model of a table has."""
    from cmlp._model.table_columns import TableColumns  # programs without tables do not need it

    net, names, stored = networks[0][0], fields["names"], fields["columns"]
    layout, seen = stored["layout"], stored["seen"]
    if len({len(layout), len(stored["categories"]), len(names or layout)}) > 1:
        raise ValueError("it needs as many names and lists of categories as columns")
    arrays = {
        "numbers": native(stored["numbers"], (np.float64,), "numbers"),
        "seen": None if seen is None else _rows(seen, "seen"),
    }
    columns = TableColumns.from_stored(names, **stored | arrays)
    widths = {columns.width(True), columns.width(False)}
    if any(one.n_in not in widths or one.dtype != np.float32 for one, _ in networks):
        raise ValueError("a network does not fit the columns")
    scale, background, summary = fields["answer_scale"], fields["background"], fields["summary"]
    if (scale is None) != (labels is not None):
        raise ValueError("a regressor needs the scale of its targets, and a classifier has none")
    return {
        "columns": columns,
        "answer_scale": None if scale is None else AnswerScale(*scale),
        "calibration": _calibration(fields["calibration"], net, has_classes=labels is not None),
        "fitted_outputs": _fitted_outputs(fields["fitted_outputs"], networks, labels),
        "class_weights": _class_weights(fields["class_weights"], net, labels),
        "threshold": checked_threshold(fields["threshold"], labels),
        "background": None if background is None else checked_background(len(columns), *background),
        "summary": None if summary is None else checked_summary(len(columns), n_answers(net), *summary),
    }


def _plain_calibration(calibration: Calibration) -> tuple[Any, ...]:
    """Return the fields of a calibration, with the rows of its arrays."""
    kind, rows, scores, widths, ends = calibration
    of_rows = None if widths is None else list(widths.reshape(2 * len(scores), -1))
    return kind, rows, list(scores), of_rows, None if ends is None else list(ends)


def _calibration(fields: Any, net: _core.Net, *, has_classes: bool) -> Any:
    if fields is None:
        return None
    kind, rows, scores, widths, ends = fields
    scores = _rows(scores, "scores")
    widths = None if widths is None else _rows(widths, "widths")
    ends = None if ends is None else _rows(ends, "ends")
    return checked_calibration(kind, rows, scores, widths, ends, net, has_classes=has_classes)


def _rows(rows: Any, name: str) -> Any:
    return np.stack([native(row, (np.float64,), name) for row in rows])


def _class_weights(fields: Any, net: _core.Net, labels: Labels | None) -> Any:
    return None if fields is None else checked_class_weights(_rows(fields, "class_weights"), net, labels)


def _fitted_outputs(fields: Any, networks: list[tuple[_core.Net, Any]], labels: Labels | None) -> Any:
    if fields is None:
        return None
    found = [native(layer, (np.float32,), "fitted_outputs") for layer in fields]
    return checked_outputs(found, networks[0][0], len(networks), labels)


# ---------------------------------------------------------------- the pickled form of an estimator's private attributes


# The key of a dict that stands for an object; its value is a name in `_CLASSES`.
_CLASS = "class of cmlp"


def plain(value: Any) -> Any:
    """Return a value in which dicts of fields replace the objects of this package."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    name = _NAMES.get(type(value))
    if name is None:
        return value
    return {_CLASS: name, **plain(_CLASSES[name][1](value))}


def restored(value: Any) -> Any:
    """Return a value of `plain` with the objects; ValueError if fields are missing, damaged or of another version."""
    if isinstance(value, dict):
        fields = {name: restored(item) for name, item in value.items() if name != _CLASS}
        if _CLASS not in value:
            return fields
        try:
            return _CLASSES[value[_CLASS]][2](fields)
        except (KeyError, TypeError) as error:
            raise ValueError(f"The pickled estimator is damaged: {error!r}") from error
    return type(value)(map(restored, value)) if type(value) in (list, tuple) else value


def _training_state(fields: dict[str, Any]) -> TrainingState:
    check_version(fields, "training state")
    return TrainingState.from_fields(fields)


def _fields_of(fitted: Fitted) -> dict[str, Any]:
    """Return what to pickle of a fit: states without the blocks of the model, and no scores of held-out rows."""
    states = [state.__getstate__() for state in fitted.states]
    for fields, state, network in zip(states, fitted.states, fitted.model.networks, strict=False):
        if state.params is network.params:
            fields["params"] = None
    return {"model": fitted.model, "states": states, "provenance": fitted.provenance, "scale_name": fitted.scale_name}


def _fitted(fields: dict[str, Any]) -> Fitted:
    model, name = fields["model"], fields["scale_name"]
    provenance = _checked_provenance(fields)
    if type(model) not in (NetworkModel, TableModel) or len(fields["states"]) not in (0, len(model.networks)):
        raise ValueError("The pickled estimator is damaged: it has no model, or not a state for each network.")
    if name is not None and name not in SCALES:
        raise ValueError(f"The pickled estimator is damaged: the name of its input_scale is {name!r}.")
    states = []
    for found, network in zip(fields["states"], model.networks, strict=False):
        params = network.params if found["params"] is None else found["params"]
        state = _training_state({**found, "params": params})
        if params is network.params:
            state.weights.params = params
        state.check(network.net)
        states.append(state)
    return Fitted(model, tuple(states), provenance, name)


def _checked_provenance(fields: dict[str, Any]) -> dict[str, Any] | None:
    provenance: dict[str, Any] | None = fields["provenance"]
    if provenance is not None and type(provenance) is not dict:
        raise ValueError(f"The pickled estimator is damaged: its provenance is {provenance!r}.")
    return provenance


# Name: class, function that returns its fields, function that makes an object from them.
_CLASSES: dict[str, tuple[type[Any], Callable[[Any], dict[str, Any]], Callable[[dict[str, Any]], Any]]] = {
    "Fitted": (Fitted, _fields_of, _fitted),
    "TrainedModel": (NetworkModel, _plain_model, _model),
    "TableModel": (TableModel, _plain_table, _table),
    "TrainingState": (TrainingState, TrainingState.__getstate__, _training_state),
    "Net": (_core.Net, _core.Net.get_state, _core.restored_net),
    "Optimizer": (_core.Optimizer, _core.Optimizer.get_state, _core.restored),
    "Random": (_core.Random, _core.Random.get_state, _core.restored_random),
    "InputScale": (
        InputScale,
        lambda scale: {"shift": np.array(scale.shift), "factor": np.array(scale.factor)},
        lambda fields: InputScale(fields["shift"], fields["factor"]),
    ),
    "Labels": (
        Labels,
        lambda labels: {"kind": labels.kind, "classes": labels.classes},
        lambda fields: Labels(np.asarray(fields["classes"]), is_multilabel=fields["kind"] == "multilabel"),
    ),
    "Curve": (
        Curve,
        lambda curve: {"values": np.array(list(curve), np.float64)},
        lambda fields: Curve.of(np.asarray(fields["values"], np.float64).tolist()),
    ),
}
_NAMES = {cls: name for name, (cls, *_) in _CLASSES.items()}
