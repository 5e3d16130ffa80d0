"""The description of a trained model: the records of its fields.

Files (`cmlp._model.file`), pickles (`cmlp._estimators.pickling`) and `cmlp.verify` follow from
them. Copies are made of the same fields (`_Model.__reduce__`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from cmlp._data.activations import traits_of_activation
from cmlp._data.columns import CellFormat, checked_cell_format
from cmlp._data.labels import Labels
from cmlp._data.records import Record, Value, Values, values_of
from cmlp._data.scale import InputScale, check_scale_width
from cmlp._model.calibration import CALIBRATION, KINDS, Calibration, checked_calibration, n_answers
from cmlp._model.model import (
    CLASS_NAMES,
    TABLE_CLASS_NAMES,
    AnswerScale,
    NetworkModel,
    TableModel,
    TrainedModel,
    TrainedNet,
    kind_of_file,
)
from cmlp._model.probabilities import (
    check_outputs,
    checked_class_weights,
    checked_slope,
    checked_threshold,
)
from cmlp._model.summary import Background, Summary, checked_background, checked_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cmlp._bridge import _core
    from cmlp._model.findings import Report
    from cmlp._model.table_columns import TableColumns


class Draft:
    """The fields of a model that have been read so far, which the next ones must fit.

    Parameters
    ----------
    is_table : bool
    networks : sequence of TrainedNet
    """

    def __init__(self, networks: Sequence[TrainedNet], *, is_table: bool) -> None:
        self.is_table, self.networks = is_table, networks
        self.stored_kind = ""  # that of a classifier also tells what its labels are
        self.fields: dict[str, Any] = {}

    @property
    def net(self) -> _core.Net:
        """The first network."""
        return self.networks[0].net

    @property
    def kind(self) -> str:
        """What the outputs mean."""
        kind: str = self.fields["kind"]
        return kind

    @property
    def labels(self) -> Labels | None:
        """The classes of a classifier."""
        labels: Labels | None = self.fields.get("labels")
        return labels

    @property
    def n_columns(self) -> int:
        """Number of values of a row."""
        return len(self.fields["columns"]) if self.is_table else self.net.n_in

    @property
    def class_names(self) -> Mapping[str, str]:
        """The name of the class for each kind of model."""
        return TABLE_CLASS_NAMES if self.is_table else CLASS_NAMES

    def model(self, read: Callable[[str, Record], Any]) -> TrainedModel:
        """Return the model of the fields that `read` returns of their names and records, or None for the default.

        ValueError if they do not fit each other.
        """
        for name, record in (TABLE_RECORDS if self.is_table else NETWORK_RECORDS).items():
            field = read(name, record)
            if field is not None:
                self.fields[name] = field
        return (TableModel if self.is_table else NetworkModel)(**self.fields)


def records_of(model: TrainedModel) -> Mapping[str, Record]:
    """Return the records of the fields that a model of this kind has, by their names."""
    return TABLE_RECORDS if isinstance(model, TableModel) else NETWORK_RECORDS


def values_of_model(model: TrainedModel) -> Iterator[tuple[Value, Any]]:
    """Yield each value of the fields that a model has, with what it is."""
    found = [(record, getattr(model, name)) for name, record in records_of(model).items()]
    return values_of([(record, field) for record, field in found if field is not None], model)


def _needed(draft: Draft) -> NoReturn:
    raise ValueError("a field is missing that every model has")


# ------------------------------------------------------------------------------------------ values


def _array(key: str, part: str = "", dtype: type = np.float64, *, by_core: bool = False) -> Value:
    """Return an array."""
    return Value(key, part=part, dtype=dtype, by_core=by_core)


def _of_core(name: str, part: str = "") -> Value:
    """Return what the core writes in a form of its own, which `ModelContent` reads."""
    return Value(name, part=part, by_core=True)


# --------------------------------------------------------------------------------------- what it is


def _has_two_softmax_outputs(net: _core.Net) -> bool:
    return net.n_out == 2 and net.activations[-1] == "softmax"


def _read_kind(values: Values, draft: Draft) -> str:
    kind = draft.stored_kind = str(values["kind"])
    if kind in ("multilabel", "ordered"):
        kind = "classifier"
    if not draft.networks or kind not in draft.class_names:
        raise ValueError(f"it has {len(draft.networks)} networks, and is a {kind!r}")
    if kind == "classifier" and not draft.is_table and _has_two_softmax_outputs(draft.net):
        return "network"  # Python's classifiers have one output for two labels
    return kind


_KIND = Record(
    {"kind": _of_core("kind", "kind")},
    _read_kind,
    lambda kind, model: kind_of_file(kind, model.labels),
    _needed,
)


# ----------------------------------------------------------------------------------------- networks


# The layers and the numbers of each network: files and pickles have them in their own form, and
# read them without a copy where they can.
_NETWORKS = Record({}, lambda _, draft: draft.networks, lambda networks, _: {})


def _read_input_scale(values: Values, draft: Draft) -> float | InputScale:
    scale: Any = values["input_scale"]
    if isinstance(scale, tuple):
        scale = InputScale(*scale)
    elif not (isinstance(scale, (int, float)) and np.isfinite(scale)):
        raise ValueError(f"its input_scale is {scale!r}")
    check_scale_width(scale, draft.net.n_in)
    return scale  # type: ignore[no-any-return]


_INPUT_SCALE = Record(
    {"input_scale": Value("input_scale", dump=np.asarray, part="input scale", by_core=True)},
    _read_input_scale,
    lambda scale, _: tuple(scale) if isinstance(scale, tuple) else scale,
    _needed,
)


# -------------------------------------------------------------------------------- classes and names


def _without_labels(draft: Draft) -> None:
    if draft.kind == "classifier":
        raise ValueError("a classifier needs labels")


def _read_labels(values: Values, draft: Draft) -> Labels:
    net, kind = draft.net, draft.stored_kind
    labels = Labels(
        np.asarray(values["labels"]),
        is_multilabel=kind == "multilabel",
        is_ordered=kind == "ordered",
    )
    if labels.n_outputs != net.n_out:
        raise ValueError(f"its labels do not fit {net.n_out} outputs")
    if draft.kind != "classifier":
        raise ValueError(f"a {draft.kind} has no labels")
    if not draft.is_table:
        return labels
    if len(labels.classes) < 2 or not traits_of_activation(net.activations[-1]).is_probability:
        raise ValueError("'classes' are not those of a TabularClassifier")
    has_logistic = net.activations[-1] == "logistic"
    if has_logistic != (labels.kind != "multiclass"):
        raise ValueError(
            "a TabularClassifier has several logistic outputs for multilabel and ordered targets "
            "only"
        )
    return labels


# `verify` compares the texts of classes, names and categories that a record has.
_LABELS = Record(
    {"labels": _of_core("labels")},
    _read_labels,
    lambda labels, _: labels.classes,
    _without_labels,
)


def _read_names(values: Values, draft: Draft) -> Sequence[object]:
    names: Sequence[Any] = values["names"]
    if len(names) != draft.net.n_in:
        raise ValueError(f"it must have {draft.net.n_in} feature names")
    return names


_NAMES = Record({"names": _of_core("names")}, _read_names)


_CELL_FORMAT = Record(
    {name: Value(f"cells:{name}", by_core=True) for name in CellFormat._fields},
    lambda values, _: checked_cell_format(**values),
    lambda cells, _: None if cells == CellFormat() else cells._asdict(),
)


# ------------------------------------------------------------------------------- columns of a table


def _read_columns(values: Values, draft: Draft) -> TableColumns:
    from cmlp._model.table_columns import TableColumns

    n, names = len(values["layout"]), values["names"]
    if n != len(values["categories"]) or (names is not None and n != len(names)):
        raise ValueError("it needs as many names and lists of categories as columns")
    numbers = np.empty(0) if values["numbers"] is None else values["numbers"]
    types = values["types"] or ()
    columns = TableColumns.from_stored(**values | {"numbers": numbers, "types": types})
    widths = {columns.width(True), columns.width(False)}
    for net, _ in draft.networks:
        if net.dtype != np.float32:
            raise ValueError(f"the networks of a table are of dtype float32, not {net.dtype}")
        if net.n_in not in widths:
            raise ValueError("a network does not fit the columns")
    return columns


_COLUMNS = Record(
    {
        "names": _of_core("names"),
        "layout": _of_core("layout", "columns"),
        "numbers": _array("table.numbers", "columns", by_core=True),
        "statistics": _array(
            "table.statistics", "statistics of categories", np.float32, by_core=True
        ),
        "priors": _array("categories.priors", "statistics of categories"),
        "categories": _of_core("categories"),
        "types": _of_core("types", "types of columns"),
        "formats": _of_core("formats", "types of columns"),
        "seen": _array("categories.seen", "categories in fit"),
        "n_missing": _of_core("n_missing", "columns"),
        "words": _of_core("words"),
    },
    _read_columns,
    lambda columns, _: columns.stored(),
    _needed,
)


# -------------------------------------------- what a table's model has besides networks and columns


def _parts_of_answer_scale(scale: AnswerScale, model: TableModel) -> Values:
    n, names = n_answers(model.net, model.labels), None
    if n > 1:
        names = [None] * n if scale.names is None else list(scale.names)
    return {"numbers": np.array(scale.numbers).T, "names": names}


def _without_answer_scale(draft: Draft) -> None:
    if draft.labels is None:
        problem = "the outputs are not those of a TabularRegressor"
        raise ValueError(f"{problem}: a regressor needs the scale of its targets")


def _read_answer_scale(values: Values, draft: Draft) -> AnswerScale:
    numbers, names = values["numbers"], values["names"]
    if draft.labels is not None or numbers is None:
        raise ValueError(f"the outputs are not those of a {TABLE_CLASS_NAMES[draft.kind]}")
    n = numbers.size // 4
    if draft.net.activations[-1] not in ("identity", "exp") or n != n_answers(draft.net, None):
        raise ValueError("the outputs are not those of a TabularRegressor")
    if names is not None and None in names:
        if any(names):
            raise ValueError("some of 'targets' have names, and others have none")
        names = None
    centre, scale, low, high = map(tuple, numbers.reshape(-1, 4).T.tolist())
    return AnswerScale(centre, scale, low, high, names)


def _read_calibration(values: Values, draft: Draft) -> Calibration | None:
    """Return the calibration; None for one of a kind that this version does not know."""
    if values["scores"] is None or values["kind"] not in KINDS:
        return None
    return checked_calibration(**values, net=draft.net, labels=draft.labels)


def _read_fitted_outputs(values: Values, draft: Draft) -> tuple[object, ...]:
    layers = tuple(values["fitted_outputs"])
    check_outputs(layers, draft.net, len(draft.networks), draft.labels)
    return layers


def _parts_of_summary(summary: Summary, model: TableModel) -> Values:
    has_found = summary.found is not None and model.threshold is not None
    return {
        "values": summary.values,
        "accuracy": None if summary.accuracy is None else tuple(summary.accuracy),
        "dates": model.columns.dates,
        "found": tuple(summary.found or ()) if has_found else None,
        "importances": summary.importances,
        "later": None if summary.later is None else tuple(summary.later),
    }


def _read_summary(values: Values, draft: Draft) -> Summary | None:
    if values["values"] is None:
        return None
    kept = {name: value for name, value in values.items() if name != "dates"}
    return checked_summary(draft.n_columns, n_answers(draft.net, draft.labels), **kept)


def _read_report(values: Values, _: Draft) -> Report:
    from cmlp._model.findings import report_of_stored

    return report_of_stored(**values)


def _parts_of_report(report: Report, _: TableModel) -> Values:
    from cmlp._model.findings import stored_report

    return stored_report(report)


def _read_background(values: Values, draft: Draft) -> Background:
    if any(array is None for array in values.values()):
        raise ValueError("one of background.rows and background.weights is missing")
    return checked_background(draft.n_columns, **values)


# Each field can be checked with those before it.
NETWORK_RECORDS: Mapping[str, Record] = {
    "kind": _KIND,
    "networks": _NETWORKS,
    "input_scale": _INPUT_SCALE,
    "labels": _LABELS,
    "names": _NAMES,
    "cell_format": _CELL_FORMAT,
}
TABLE_RECORDS: Mapping[str, Record] = {
    "kind": _KIND,
    "columns": _COLUMNS,
    "networks": _NETWORKS,
    "labels": _LABELS,
    "cell_format": _CELL_FORMAT,
    "answer_scale": Record(
        {
            "numbers": _array("table.target", "target", by_core=True),
            "names": _of_core("targets", "target"),
        },
        _read_answer_scale,
        _parts_of_answer_scale,
        _without_answer_scale,
    ),
    "calibration": Record(
        {
            "kind": Value("calibration:kind", part=CALIBRATION, by_core=True),
            "rows": Value("calibration:rows", part=CALIBRATION, by_core=True),
            **{
                name: _array(f"{CALIBRATION}.{name}", CALIBRATION, by_core=True)
                for name in ("scores", "widths", "limits")
            },
            "classes": _array(f"{CALIBRATION}.classes", CALIBRATION),
            "n_groups": Value("groups:n", part=CALIBRATION, is_optional=True),
            "group_column": Value("groups:column", is_optional=True),
        },
        _read_calibration,
        lambda calibration, _: calibration.stored(),
    ),
    # `verify` compares the networks as training has left them instead.
    "fitted_outputs": Record(
        {"fitted_outputs": _array("calibration.outputs", dtype=np.float32)},
        _read_fitted_outputs,
        lambda layers, _: np.stack(layers),
    ),
    "slope": Record(
        {"slope": _array("calibration.slope", "slope of the probabilities")},
        lambda values, draft: checked_slope(values["slope"], draft.fields.get("fitted_outputs")),
        lambda slope, _: np.array([slope]),
    ),
    "class_weights": Record(
        {"class_weights": _array("class_weights", "class weights")},
        lambda values, draft: checked_class_weights(
            values["class_weights"], draft.net, draft.labels
        ),
    ),
    "threshold": Record(  # no part of what fit has made
        {"threshold": _of_core("threshold")},
        lambda values, draft: checked_threshold(values["threshold"], draft.labels),
    ),
    "summary": Record(
        {
            "values": _array("summary.values", "summary"),
            "accuracy": Value("summary:accuracy", part="accuracy"),
            # For readers that do not read the types of columns.
            "dates": Value("summary:dates"),
            "found": Value("summary:found", is_optional=True),
            "importances": _array("summary.importances", "importances"),
            # `verify` compares the times and the scores: what their column is called does not matter.
            "later": Value("summary:later", is_optional=True),
        },
        _read_summary,
        _parts_of_summary,
    ),
    # `verify` does not compare it: `known` can have changed
    "report": Record(
        {name: Value(f"report:{name}") for name in ("findings", "complete", "measured")},
        _read_report,
        _parts_of_report,
    ),
    "background": Record(
        {
            "rows": _array("background.rows", "background"),
            "weights": _array("background.weights", "background"),
        },
        _read_background,
        lambda kept, _: kept._asdict(),
    ),
}
