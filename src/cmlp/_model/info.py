"""What `cmlp info` says of a trained model: a name and a text for each line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.column_entries import COLUMN_TYPES
from cmlp._model.calibration import CALIBRATION, HELD_OUT, PROBABILITY, Calibration, n_answers
from cmlp._model.description import records_of
from cmlp._model.model import AnswerScale, TableModel, TrainedModel, TrainedNet
from cmlp._model.monotone import signs_of_model, texts_of_signs
from cmlp._model.summary import Summary, measures_distance, short

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cmlp._data.columns import CellFormat
    from cmlp._data.labels import Labels
    from cmlp._data.scale import InputScale
    from cmlp._model.findings import Report
    from cmlp._model.table_columns import TableColumn, TableColumns

    Texts = dict[str, str]


_MOST_SHOWN = 20  # labels or feature names
_DATE_PARTS = {"day": "time of day", "week": "weekday", "year": "day of the year"}
_ORIGINS = {HELD_OUT: "held out in fit", CALIBRATION: "for calibration"}
_ORIGIN_OF_LATER = "that are later than those of their networks"
_ORIGINS_OF_GROUPS = {HELD_OUT: "held out", CALIBRATION: "calibrated"}


def properties_of(model: TrainedModel) -> Texts:
    """Return a name and a text for each property of a model."""
    texts: Texts = {}
    for name, record in records_of(model).items():
        field = getattr(model, name)
        if name in _DESCRIBED and record.values_of(field, model) is not None:
            texts |= _DESCRIBED[name](field, model)
    return texts


def _listed(values: Sequence[object]) -> str:
    """Return the first values with commas."""
    shown, more = ", ".join(map(str, values[:_MOST_SHOWN])), len(values) - _MOST_SHOWN
    return f"{shown}, and {more:,} more" if more > 0 else shown


def _with_parameter(name: str, parameter: float | tuple[float, ...]) -> str:
    numbers = parameter if isinstance(parameter, tuple) else (parameter,)
    return f"{name}({', '.join(f'{number:g}' for number in numbers)})" if parameter else name


def _described_networks(networks: Sequence[TrainedNet], model: TrainedModel) -> Texts:
    net, n_params = model.net, sum(net.n_params for net, _ in networks)
    name = "networks" if isinstance(model, TableModel) else "layers"
    return {
        name: ", ".join("-".join(map(str, net.sizes)) for net, _ in networks),
        "parameters": f"{n_params:,} ({net.dtype}, {n_params * net.dtype.itemsize:,} bytes)",
        "SHA-256": model.parameter_hash,
        "activations": ", ".join(map(_with_parameter, net.activations, net.activation_parameters)),
        "loss": _with_parameter(str(net.loss), net.loss_parameter),
    }


def _described_scale(scale: float | InputScale, _: TrainedModel) -> Texts:
    if isinstance(scale, tuple):
        return {"input scale": "a shift and a factor for each input"}
    inverse = 1 / scale
    is_fraction = scale < 1 and abs(inverse - round(inverse)) < 1e-9 * inverse
    return {"input scale": f"1/{round(inverse)}" if is_fraction else f"{scale:g}"}


def _described_labels(labels: Labels, _: TrainedModel) -> Texts:
    classes = labels.classes
    if labels.kind == "multilabel":
        kind = "multilabel"
    elif labels.kind == "ordered":
        kind = "ordered"
    elif classes.dtype.kind in "UO":  # objects are text of any length
        kind = "text"
    else:
        kind = classes.dtype.name
    return {"classes": f"{len(classes)} ({kind}): {_listed(classes.tolist())}"}


def _described_names(_: object, model: TrainedModel) -> Texts:
    names = model.feature_names
    return {} if names is None else {"features": _listed(names.tolist())}


def _described_cells(cell_format: CellFormat, _: TrainedModel) -> Texts:
    decimal, thousands, missing, has_own_words, of_spreadsheets = cell_format
    stated = [f"decimal point {decimal!r}"]
    if thousands:
        stated.append(f"thousands {thousands!r}")
    if missing:
        stated.append(f"missing {_listed(missing)}")
    if has_own_words:
        stated.append("NA, null and the like are text")
    if of_spreadsheets:
        stated.append('as in spreadsheets (\u22125, ="007")')
    return {"cells": ", ".join(stated)}


def _described_columns(columns: TableColumns, model: TableModel) -> Texts:
    names, texts = model.feature_names, _described_names(columns, model)
    types = [one.type if one.is_used else one.role for one in columns]
    counts = {each: types.count(each) for each in (*COLUMN_TYPES, "unused")}
    texts["columns"] = ", ".join(f"{count} {each}" for each, count in counts.items() if count)
    labels = [str(i) if names is None else str(names[i]) for i in range(len(columns))]
    pairs = list(zip(labels, columns, strict=True))
    partly_known = [f"{label} {_kept_categories(one)}" for label, one in pairs if one.has_unlisted]
    if partly_known:
        texts["categories"] = _listed(partly_known)
    many = [f"{label} {_means_of_categories(one)}" for label, one in pairs if one.statistics]
    if many:
        texts["means of y"] = _listed(many)
    texts["values"] = _listed([f"{label} ({one.meaning})" for label, one in pairs])
    dates = [_described_date(label, one) for label, one in pairs if one.parts]
    if dates:
        texts["parts of dates"] = _listed(dates)
    monotone = texts_of_signs(signs_of_model(model), labels)
    if monotone:
        texts["monotone"] = "; ".join(monotone)
    return texts


def _kept_categories(column: TableColumn) -> str:
    """Describe how many of the categories of fit a column lists."""
    n = len(column.categories or ())
    if not column.n_seen:
        return f"(at most the {n:,} most frequent)"
    share = f"about {1 - column.rare:.0%} of the values"
    return f"(the {n:,} most frequent of {column.n_seen:,}, which have {share})"


def _means_of_categories(column: TableColumn) -> str:
    """Describe what the networks see of a column with statistics."""
    assert column.statistics is not None
    table, n_one_hot, _ = column.statistics
    n_means = table.shape[1] - 1
    each = "a mean" if n_means == 1 else f"{n_means} means"
    return f"({each} for each of {len(table):,} categories; {n_one_hot:,} also have an input each)"


def _described_date(label: str, column: TableColumn) -> str:
    parts = ", ".join(_DATE_PARTS[part.name] for part in column.parts)
    return f"{label} ({parts}{' in UTC' if column.type == 'instant' else ''})"


def _described_targets(_: AnswerScale, model: TableModel) -> Texts:
    from cmlp._model.explanation import output_names

    n = n_answers(model.net, model.labels)
    return {} if n == 1 else {"targets": f"{n}: {_listed(output_names(model))}"}


def _described_calibration(found: Calibration, model: TableModel) -> Texts:
    width = "" if found.widths is None else "; their width follows the prediction"
    counted = f"{found.scores.shape[1]:,} scores"
    if found.groups is not None:
        counted = f"{found.groups.n:,} groups"
    what = "sets" if found.kind == PROBABILITY else "intervals"
    later = None if model.summary is None else model.summary.later
    origin = _ORIGINS[found.rows] if later is None else _ORIGIN_OF_LATER
    texts = {what: f"from {counted} of rows {origin}{width}"}
    if found.groups is not None:
        origin = _ORIGINS_OF_GROUPS[found.rows]
        if found.groups.column is not None:
            origin += f" by {found.groups.column}"
        texts["groups"] = f"{origin}: {found.groups.n:,} groups, {what} hold for new ones"
    return texts


def _described_summary(summary: Summary, model: TableModel) -> Texts:
    """Describe how good the model is on rows outside the training, and which columns matter."""
    return (
        _described_accuracy(summary, model)
        | ({} if summary.later is None else {"later": summary.later.sentence})
        | _described_found(summary, model)
        | _described_importances(summary, model)
    )


def _described_importances(summary: Summary, model: TableModel) -> Texts:
    found = summary.importances
    if found is None:
        return {}
    order = np.argsort(-found, kind="stable").tolist()
    names = [i if model.names is None else model.names[i] for i in order]
    shares = [f"{name} {found[i]:.0%}" for name, i in zip(names, order, strict=True)]
    return {"importances": _listed(shares)}


def _described_accuracy(summary: Summary, model: TableModel) -> Texts:
    """Describe how good a table's model is on rows outside the training."""
    found = summary.accuracy
    if found is None:
        return {}
    origin = _ORIGINS[found.rows] if summary.later is None else _ORIGIN_OF_LATER
    rows = f"on {found.n:,} rows {origin}"
    is_distance = measures_distance(model.labels)
    texts = [[short(one) if is_distance else f"{one:.1%}" for one in pair] for pair in found.pairs]
    values, bases = map(_listed, zip(*texts, strict=True))
    if model.labels is None:
        return {"error": f"mean absolute error {values} {rows}; always the median: {bases}"}
    if is_distance:
        return {"error": f"mean distance {values} classes {rows}; always the median: {bases}"}
    if model.threshold is not None:
        values += " without the threshold"
    return {"accuracy": f"{values} {rows}; always the most frequent class: {bases}"}


def _described_found(summary: Summary, model: TableModel) -> Texts:
    """Describe how well the threshold finds the class that it was chosen for."""
    found = summary.found
    if found is None or model.labels is None:
        return {}
    label = model.labels.classes.tolist()[found.positive]
    return {
        "found": f"{found.recall:.1%} of {label!r} with the threshold; {found.precision:.1%} of "
        f"those found are ({found.n:,} rows {_ORIGINS[found.rows]})"
    }


def _described_probabilities(_: object, model: TableModel) -> Texts:
    from cmlp._model.probabilities import are_calibrated

    if are_calibrated(model):
        return {"probabilities": "calibrated"}
    return {"probabilities": f"scores times {model.slope:.3g}, by the rows held out in fit"}


def _described_report(report: Report, _: TableModel) -> Texts:
    from cmlp._model.findings import brief

    return {"findings": _listed([*map(brief, report)])} if report else {}


# The lines of `cmlp info`, by the names of fields.
_DESCRIBED: Mapping[str, Callable[[Any, Any], Texts]] = {
    "kind": lambda _, model: {"class": model.class_name},
    "columns": _described_columns,
    "networks": _described_networks,
    "input_scale": _described_scale,
    "labels": _described_labels,
    "names": _described_names,
    "cell_format": _described_cells,
    "answer_scale": _described_targets,
    "calibration": _described_calibration,
    "fitted_outputs": _described_probabilities,
    "threshold": lambda value, _: {"threshold": f"{value:.6g}, of the second class"},
    "summary": _described_summary,
    "report": _described_report,
    "background": lambda kept, _: {
        "background": f"{len(kept.rows)} training rows, for explanations"
    },
}
