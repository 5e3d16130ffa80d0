"""The description of a trained model: its fields, the values of each, and how they are stored.

Files (`cmlp._model.file`), pickles (`cmlp._estimators.pickling`), `cmlp.verify` and `cmlp info`
follow from it. Copies are made of the same fields (`_Model.__reduce__`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from cmlp._data.activations import traits_of_activation
from cmlp._data.column_entries import COLUMN_TYPES
from cmlp._data.columns import CellFormat, checked_cell_format, texts_of_names
from cmlp._data.json_texts import (
    dump_column_names,
    load_column_names,
    number_of_digits,
)
from cmlp._data.labels import Labels
from cmlp._data.scale import InputScale, check_scale_width
from cmlp._model.calibration import (
    CALIBRATION,
    HELD_OUT,
    KINDS,
    PROBABILITY,
    checked_calibration,
    n_answers,
)
from cmlp._model.model import (
    CLASS_NAMES,
    TABLE_CLASS_NAMES,
    AnswerScale,
    NetworkModel,
    TableModel,
    TrainedNet,
    kind_of_file,
)
from cmlp._model.monotone import signs_of_model, texts_of_signs
from cmlp._model.probabilities import check_outputs, checked_class_weights, checked_threshold
from cmlp._model.stored_values import (
    dtype_to_store,
    load_calibration_kind,
    load_categories,
    load_cell_format,
    load_classes,
    load_kinds,
    load_texts,
)
from cmlp._model.summary import checked_background, checked_summary, measures_distance, short
from cmlp.exceptions import ModelFormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cmlp._bridge import _core
    from cmlp._data.array_types import AnyArray
    from cmlp._data.json_texts import Metadata
    from cmlp._model.calibration import Calibration
    from cmlp._model.findings import Report
    from cmlp._model.model import TrainedModel
    from cmlp._model.summary import Background, Summary
    from cmlp._model.table_columns import Layout, TableColumn, TableColumns

    Values = dict[str, Any]  # by the names of the entries
    Texts = dict[str, str]


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

    def model(self) -> TrainedModel:
        """Return the model, when all fields have been read."""
        return (TableModel if self.is_table else NetworkModel)(**self.fields)


class Entry(NamedTuple):
    """One value of a field: how a file has it. A pickle has the value itself, by the entry's name.

    Attributes
    ----------
    dump : callable
        Returns what a file has of the value: strings, arrays, and members of JSON objects, each by
        its key.
    load : callable
        Returns the value in a file, or None.
    part : str
        What `verify` calls it; empty if it does not compare it.
    dtype : type or None
        Of an array.
    by_core : bool
        Whether the core writes it, because it predicts with it.
    """

    dump: Callable[[Any, str], Mapping[str, Any]]  # (value, name of the class)
    load: Callable[[Metadata, Draft], object]
    part: str = ""
    dtype: type | None = None
    by_core: bool = False


def _itself(value: Any, _: TrainedModel) -> object:
    return value


def _as_dict(value: Any, _: TrainedModel) -> Values:
    values: Values = value._asdict()
    return values


class ModelField(NamedTuple):
    """A field of a model: the values that it is made of, and how `cmlp info` describes it.

    Attributes
    ----------
    name : str
        Of the model's attribute, which is None if a model lacks the field.
    entries : dict of Entry
        By their names. The only one of a field has the name of the field.
    read : callable
        Returns the field from the values of its entries; raises ValueError if they do not fit the
        fields before.
    parts : callable
        Returns the value of each entry, by its name, from ``(field, model)``, or of the only entry
        its value: numbers, text, arrays, and tuples and lists of them. None if there is nothing to
        store.
    described : callable
        Returns a name and a text for each line of `cmlp info`, from ``(field, model)``.
    check_absent : callable
        Raises ValueError if a model needs values of the field. Otherwise it gets the default.
    """

    name: str
    entries: Mapping[str, Entry]
    read: Callable[[Values, Draft], Any]
    parts: Callable[[Any, Any], Any] = _itself
    described: Callable[[Any, Any], Texts] = lambda field, model: {}
    check_absent: Callable[[Draft], object] = lambda _: None

    def values_of(self, model: TrainedModel) -> Values | None:
        """Return the value of each entry; None if there is nothing to store."""
        field = getattr(model, self.name)
        parts = None if field is None else self.parts(field, model)
        if parts is None or len(self.entries) != 1:
            return parts
        return {self.name: parts}


def fields_of(model: TrainedModel) -> Sequence[ModelField]:
    """Return the fields that a model of this kind has."""
    return TABLE_FIELDS if isinstance(model, TableModel) else NETWORK_FIELDS


def values_of(model: TrainedModel) -> Iterator[tuple[Entry, object]]:
    """Yield each entry of a model with its value."""
    for field in fields_of(model):
        values = field.values_of(model)
        if values is not None:
            yield from ((entry, values[name]) for name, entry in field.entries.items())


def read_fields(draft: Draft, values_in: Callable[[ModelField], Values | None]) -> TrainedModel:
    """Return the model of these values of fields; ValueError if they do not fit each other."""
    for field in TABLE_FIELDS if draft.is_table else NETWORK_FIELDS:
        values = values_in(field)
        if values is None or (values and all(value is None for value in values.values())):
            field.check_absent(draft)
        else:
            draft.fields[field.name] = field.read(values, draft)
    return draft.model()


def described(model: TrainedModel) -> Texts:
    """Return a name and a text for each property of a model."""
    texts: Texts = {}
    for field in fields_of(model):
        if field.values_of(model) is not None:
            texts |= field.described(getattr(model, field.name), model)
    return texts


def _needed(draft: Draft) -> NoReturn:
    raise ValueError("a field is missing that every model has")


# --------------------------------------------------------------------------------- kinds of entries


def _array(key: str, part: str = "", *, dtype: type = np.float64, by_core: bool = False) -> Entry:
    """Return the entry of an array."""

    def dump(value: Any, _: str) -> Mapping[str, object]:
        return {} if value is None else {key: value}

    return Entry(dump, lambda metadata, _: metadata.array(key), part, dtype, by_core)


def _member(
    key: str,
    name: str,
    part: str = "",
    *,
    is_optional: bool = False,
    by_core: bool = False,
    stored: Callable[[Metadata], Mapping[str, Any] | None] | None = None,
) -> Entry:
    """Return the entry of a member of a JSON object, or of what `stored` returns from tensors."""

    def dump(value: Any, _: str) -> Mapping[str, object]:
        return {} if value is None and is_optional else {key: {name: value}}

    def load(metadata: Metadata, _: Draft) -> object:
        members = metadata.members(key) if stored is None else stored(metadata)
        return None if members is None else members.get(name)

    return Entry(dump, load, part, by_core=by_core)


def _listed(values: Sequence[object]) -> str:
    """Return the first values with commas."""
    shown, more = ", ".join(map(str, values[:_MOST_SHOWN])), len(values) - _MOST_SHOWN
    return f"{shown}, and {more:,} more" if more > 0 else shown


_MOST_SHOWN = 20  # labels or feature names


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


_KIND = ModelField(
    "kind",
    {
        "kind": Entry(
            lambda kind, _: {"kind": kind},
            lambda metadata, _: metadata.required("kind"),
            "kind",
            by_core=True,
        )
    },
    _read_kind,
    lambda kind, model: kind_of_file(kind, model.labels),
    described=lambda _, model: {"class": model.class_name},
    check_absent=_needed,
)


# ----------------------------------------------------------------------------------------- networks


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


# The layers and the numbers of each network: files and pickles have them in their own form, and
# read them without a copy where they can.
_NETWORKS = ModelField(
    "networks",
    {},
    lambda _, draft: draft.networks,
    lambda networks, model: {},
    _described_networks,
)


def _load_input_scale(metadata: Metadata, _: Draft) -> float | tuple[Any, Any]:
    factor, shift = metadata.array("input.factor"), metadata.array("input.shift")
    if factor is None or shift is None:
        return number_of_digits(metadata.required("input_scale"))
    if not np.isfinite([factor, shift]).all():
        problem = "a shift or factor of the inputs is NaN or infinite"
        raise ModelFormatError(problem, "CMLP_ERROR_FILE_NONFINITE")
    if not factor.all():
        raise ModelFormatError("a factor of the inputs is 0", "CMLP_ERROR_FILE_VALUE")
    return shift, factor


def _read_input_scale(values: Values, draft: Draft) -> float | InputScale:
    scale: Any = values["input_scale"]
    if isinstance(scale, tuple):
        scale = InputScale(*scale)
    elif not (isinstance(scale, (int, float)) and np.isfinite(scale)):
        raise ValueError(f"its input_scale is {scale!r}")
    check_scale_width(scale, draft.net.n_in)
    return scale  # type: ignore[no-any-return]


def _described_scale(scale: float | InputScale, _: TrainedModel) -> Texts:
    if isinstance(scale, tuple):
        return {"input scale": "a shift and a factor for each input"}
    inverse = 1 / scale
    is_fraction = scale < 1 and abs(inverse - round(inverse)) < 1e-9 * inverse
    return {"input scale": f"1/{round(inverse)}" if is_fraction else f"{scale:g}"}


_INPUT_SCALE = ModelField(
    "input_scale",
    {
        "input_scale": Entry(
            lambda scale, _: {"input_scale": np.asarray(scale, np.float64)},
            _load_input_scale,
            "input scale",
            by_core=True,
        )
    },
    _read_input_scale,
    lambda scale, _: tuple(scale) if isinstance(scale, tuple) else scale,
    _described_scale,
    check_absent=_needed,
)


# -------------------------------------------------------------------------------- classes and names


def _load_classes(metadata: Metadata, draft: Draft) -> AnyArray | None:
    if draft.kind != "classifier":
        return None
    return load_classes(metadata)


def _dump_classes(classes: AnyArray, _: str) -> Mapping[str, object]:
    """Return what the core does not write of labels: their dtype, if it does not follow from their type."""
    name = dtype_to_store(classes)
    return {} if name is None else {"labels_dtype": name}


def _check_without_labels(draft: Draft) -> None:
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


# `verify` compares the texts of classes, names and categories that a record has.
_LABELS = ModelField(
    "labels",
    {"labels": Entry(_dump_classes, _load_classes)},
    _read_labels,
    lambda labels, _: labels.classes,
    _described_labels,
    _check_without_labels,
)


def _dump_names(names: tuple[Any, ...] | None, class_name: str) -> Mapping[str, object]:
    """Return the names, which the core writes as text, exactly if one of them is no text."""
    if names is None or texts_of_names(names) is not None:
        return {}
    return {"column_names": dump_column_names(names, class_name)}


def _count_columns(metadata: Metadata) -> int:
    """Return the number of columns of a table, before they are read."""
    return metadata.required("columns").count(",") + 1


def _load_names(metadata: Metadata, draft: Draft) -> Sequence[object] | None:
    if draft.kind == "network":
        return None
    n = _count_columns(metadata) if draft.is_table else draft.net.n_in
    if (text := metadata.string("column_names")) is not None:
        return load_column_names(text, n)
    return load_texts(metadata, "names")


def _read_names(values: Values, draft: Draft) -> Sequence[object]:
    names: Sequence[Any] = values["names"]
    if len(names) != draft.net.n_in:
        raise ValueError(f"it must have {draft.net.n_in} feature names")
    return names


def _described_names(_: object, model: TrainedModel) -> Texts:
    names = model.feature_names
    return {} if names is None else {"features": _listed(names.tolist())}


_NAMES_ENTRY = Entry(_dump_names, _load_names)  # of a network, and of the columns of a table
_NAMES = ModelField("names", {"names": _NAMES_ENTRY}, _read_names, described=_described_names)


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


_CELL_FORMAT = ModelField(
    "cell_format",
    {
        name: _member("cells", name, by_core=True, stored=load_cell_format)
        for name in CellFormat._fields
    },
    lambda values, _: checked_cell_format(**values),
    lambda cells, _: None if cells == CellFormat() else cells._asdict(),
    _described_cells,
)


# ------------------------------------------------------------------------------- columns of a table


_PLAIN_TYPES = {"number", "category"}  # of columns of which a model has no types
_STATISTICS = ("one_hot", "statistics")  # numbers of inputs of a column with statistics
_DATE_PARTS = {"day": "time of day", "week": "weekday", "year": "day of the year"}


def _load_layout(metadata: Metadata, _: Draft) -> list[Layout]:
    return [_layout(word) for word in metadata.required("columns").split(",")]


def _layout(word: str) -> Layout:
    """Return `TableColumn.layout` of the word of a column, such as "number_or_missing:3/week:2"."""
    from cmlp._model.table_columns import PARTS  # programs without tables do not need it

    column, *parts = word.split("/")
    role, _, n = column.partition(":")
    widths = dict(part.split(":") for part in parts)
    names = _STATISTICS if role == "category" else PARTS
    has_widths = not widths.keys().isdisjoint(names)
    all_widths = tuple(int(widths.get(name, 0)) for name in names) if has_widths else ()
    return role.removesuffix("_or_missing"), int(n or 0), role == "number_or_missing", all_widths


def _load_missing(metadata: Metadata, _: Draft) -> list[int] | None:
    """Return how many values of each column mean a missing one; None if there are none."""
    words = [word.partition("/missing:") for word in metadata.required("columns").split(",")]
    counts = [int(n or 0) for _, _, n in words]
    return counts if any(counts) else None


def _load_categories(metadata: Metadata, _: Draft) -> list[list[object] | None]:
    return load_categories(metadata, _count_columns(metadata))


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
    if column.seen is None:
        return f"(at most the {n:,} most frequent)"
    share = f"about {1 - column.seen.rare:.0%} of the values"
    return f"(the {n:,} most frequent of {column.seen.n:,}, which have {share})"


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


_COLUMNS = ModelField(
    "columns",
    {
        "names": _NAMES_ENTRY,
        "layout": Entry(
            lambda layout, _: {"columns": layout}, _load_layout, "columns", by_core=True
        ),
        "numbers": _array("table.numbers", "columns", by_core=True),
        "statistics": _array(
            "table.statistics", "statistics of categories", dtype=np.float32, by_core=True
        ),
        "priors": _array("categories.priors", "statistics of categories"),
        "categories": Entry(
            lambda values, _: {"categories": values}, _load_categories, by_core=True
        ),
        "types": Entry(
            lambda types, _: {} if {*types} <= _PLAIN_TYPES else {"types": types},
            lambda metadata, _: load_kinds(metadata),
            "types of columns",
            by_core=True,
        ),
        "formats": Entry(
            lambda formats, _: {} if formats is None else {"formats": formats},
            lambda metadata, _: load_texts(metadata, "columns.formats"),
            "types of columns",
            by_core=True,
        ),
        "seen": _array("categories.seen", "categories in fit"),
        "n_missing": Entry(lambda *_: {}, _load_missing, "columns", by_core=True),
        "words": Entry(
            lambda *_: {}, lambda metadata, _: load_texts(metadata, "cells"), by_core=True
        ),
    },
    _read_columns,
    lambda columns, _: columns.stored(),
    _described_columns,
    _needed,
)


# -------------------------------------------- what a table's model has besides networks and columns


def _answer_scale_parts(scale: AnswerScale, model: TableModel) -> Values:
    n, names = n_answers(model.net, model.labels), None
    if n > 1:
        names = [None] * n if scale.names is None else list(scale.names)
    return {"numbers": np.array(scale.numbers).T, "names": names}


def _load_targets(metadata: Metadata, _: Draft) -> list[str | None] | None:
    texts = load_texts(metadata, "targets")
    return None if texts is None else [*texts]


def _check_without_answer_scale(draft: Draft) -> None:
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


def _described_targets(_: AnswerScale, model: TableModel) -> Texts:
    from cmlp._model.explanation import output_names

    n = n_answers(model.net, model.labels)
    return {} if n == 1 else {"targets": f"{n}: {_listed(output_names(model))}"}


def _calibration_parts(calibration: Calibration, _: TableModel) -> Values:
    return calibration.stored()


def _read_calibration(values: Values, draft: Draft) -> Calibration | None:
    """Return the calibration; None for one of a kind that this version does not know."""
    if values["scores"] is None or values["kind"] not in KINDS:
        return None
    return checked_calibration(**values, net=draft.net, labels=draft.labels)


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


_ORIGINS = {HELD_OUT: "held out in fit", CALIBRATION: "for calibration"}
_ORIGIN_OF_LATER = "that are later than those of their networks"
_ORIGINS_OF_GROUPS = {HELD_OUT: "held out", CALIBRATION: "calibrated"}


def _read_fitted_outputs(values: Values, draft: Draft) -> tuple[object, ...]:
    layers = tuple(values["fitted_outputs"])
    check_outputs(layers, draft.net, len(draft.networks), draft.labels)
    return layers


def _load_threshold(metadata: Metadata, _: Draft) -> float | None:
    found = metadata.array("table.threshold")
    threshold: float | None = None if found is None else found.item()
    return threshold


def _summary_parts(summary: Summary, model: TableModel) -> Values:
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
    n, kept = (
        n_answers(draft.net, draft.labels),
        (
            "values",
            "accuracy",
            "found",
            "importances",
            "later",
        ),
    )
    return checked_summary(draft.n_columns, n, **{name: values[name] for name in kept})


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


def _read_report(values: Values, _: Draft) -> Report:
    from cmlp._model.findings import report_of_stored

    return report_of_stored(**values)


def _report_parts(report: Report, _: TableModel) -> Values:
    from cmlp._model.findings import stored_report

    return stored_report(report)


def _described_report(report: Report, _: TableModel) -> Texts:
    from cmlp._model.findings import brief

    return {"findings": _listed([*map(brief, report)])} if report else {}


def _read_background(values: Values, draft: Draft) -> Background:
    if any(array is None for array in values.values()):
        raise ValueError("one of background.rows and background.weights is missing")
    return checked_background(draft.n_columns, **values)


# Each field can be checked with those before it.
NETWORK_FIELDS = (_KIND, _NETWORKS, _INPUT_SCALE, _LABELS, _NAMES, _CELL_FORMAT)
TABLE_FIELDS = (
    _KIND,
    _COLUMNS,
    _NETWORKS,
    _LABELS,
    _CELL_FORMAT,
    ModelField(
        "answer_scale",
        {
            "numbers": _array("table.target", "target", by_core=True),
            "names": Entry(
                lambda names, _: {"targets": names}, _load_targets, "target", by_core=True
            ),
        },
        _read_answer_scale,
        _answer_scale_parts,
        _described_targets,
        _check_without_answer_scale,
    ),
    ModelField(
        "calibration",
        {
            **{
                name: _member(
                    CALIBRATION, name, CALIBRATION, by_core=True, stored=load_calibration_kind
                )
                for name in ("kind", "rows")
            },
            **{
                name: _array(f"{CALIBRATION}.{name}", CALIBRATION, by_core=True)
                for name in ("scores", "widths", "limits")
            },
            "n_groups": _member("groups", "n", CALIBRATION, is_optional=True),
            "group_column": _member("groups", "column", is_optional=True),
        },
        _read_calibration,
        _calibration_parts,
        _described_calibration,
    ),
    ModelField(
        "fitted_outputs",
        # `verify` compares the networks as fit has trained them instead.
        {"fitted_outputs": _array("calibration.outputs", dtype=np.float32)},
        _read_fitted_outputs,
        lambda layers, _: np.stack(layers),
        lambda layers, _: {"probabilities": "calibrated"},
    ),
    ModelField(
        "class_weights",
        {"class_weights": _array("class_weights", "class weights")},
        lambda values, draft: checked_class_weights(
            values["class_weights"], draft.net, draft.labels
        ),
    ),
    ModelField(
        "threshold",  # no part of what fit has made
        {
            "threshold": Entry(
                lambda value, _: {"table.threshold": value}, _load_threshold, by_core=True
            )
        },
        lambda values, draft: checked_threshold(values["threshold"], draft.labels),
        described=lambda value, _: {"threshold": f"{value:.6g}, of the second class"},
    ),
    ModelField(
        "summary",
        {
            "values": _array("summary.values", "summary"),
            "accuracy": _member("summary", "accuracy", "accuracy"),
            # For readers that do not read the types of columns.
            "dates": _member("summary", "dates"),
            "found": _member("summary", "found", is_optional=True),
            "importances": _array("summary.importances", "importances"),
            # `verify` compares the times and the scores: what their column is called does not matter.
            "later": _member("summary", "later", is_optional=True),
        },
        _read_summary,
        _summary_parts,
        _described_summary,
    ),
    ModelField(
        "report",  # `verify` does not compare it: `known` can have changed
        {name: _member("report", name) for name in ("findings", "complete", "measured")},
        _read_report,
        _report_parts,
        _described_report,
    ),
    ModelField(
        "background",
        {
            "rows": _array("background.rows", "background"),
            "weights": _array("background.weights", "background"),
        },
        _read_background,
        _as_dict,
        lambda kept, _: {"background": f"{len(kept.rows)} training rows, for explanations"},
    ),
)
