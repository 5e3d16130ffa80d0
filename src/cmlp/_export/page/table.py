"""The page of a table's model, for somebody who decides.

It shows the prediction, how sure it is, why, and what if.

It has a field for each column, the columns with the largest effect first.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, TypeAlias

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import NDArray
from cmlp._data.arrays import EXACT
from cmlp._data.column_entries import TIMES
from cmlp._data.date_forms import date_form
from cmlp._data.grammar import Grammar
from cmlp._data.losses import traits_of
from cmlp._data.scale import in_unit
from cmlp._data.times import ORDER, text_of_time
from cmlp._export.licence import spdx_line
from cmlp._export.page.assembly import (
    SYSTEM_THEME,
    UNGROUPED,
    Document,
    dense,
    dense_script,
    script,
    script_json,
    style,
    words,
    words_script,
    write_integer,
)
from cmlp._export.page.description import clean_label, encode_base64, has_rare_activation
from cmlp._model.calibration import CALIBRATION, HELD_OUT, PROBABILITY, class_names, n_answers
from cmlp._model.explanation import output_names
from cmlp._model.findings import brief
from cmlp._model.formats import require
from cmlp._model.model import TableModel
from cmlp._model.summary import Background, Later, measures_distance, short
from cmlp._model.table_columns import PARTS, TableColumn
from cmlp.exceptions import InvalidParameterError, shown

_HALF = 0.5  # a threshold up to it is to find the second class
_COVERAGES = (0.8, 0.9, 0.95)  # to choose from
_DATES = (-719_162, 2_932_896)  # the days of the years 1 to 9999
# of the search for weights, and how near a mean must be in standard deviations
_MOST_STEPS = 50
_NEAR = 1e-10
_LARGEST_WEIGHT = 0.25  # of a made row; the weights add up to 1
_SHIFTS = 4  # values of other rows that a column takes to measure its effect
_MOST_NAMED = 4  # classes that the title names
_WORDS = "table/words"
_NETWORK = ("network/network", "network/functions")
_SCRIPTS = (
    *("drawing/dom", "table/words", "network/encoder", "numbers", "table/numbers"),
    *("table/why", "table/rows", "table/kept", "table/table", "table/curves", "table/start"),
)
# A text of assets/table/words by its key, with values: text, or a number with its form.
_Text: TypeAlias = "tuple[str, dict[str, object]]"


def table_page(
    model: TableModel,
    title: str | None = None,
    *,
    background: bool = False,
    target: str | None = None,
    unit: str | Sequence[str] | None = None,
) -> Document:
    """Return the page of an estimator for tables, with a title or one that says what is predicted.

    With `background`, it contains the training rows that the model has kept. `target` is the name
    of the only target, and `unit` the unit of all targets or of each.
    """
    require(model, "to_html")
    if background and model.background is None:
        raise InvalidParameterError(
            "background=True puts the training rows that fit has kept on the page, but this "
            "model has none: it needs keep_background before fit.",
            parameter="background",
            value=True,
        )
    name = _check_target(model, target)
    units = _list_units(model, unit)
    heading = None if title is not None else _choose_title(model, name)
    facts = _list_accuracy(model, units)
    compared = model.background if background else _make_rows(model)
    names = None
    if model.feature_names is not None:
        names = model.feature_names.tolist()
    described = {
        "columns": _describe_columns(model),
        "names": names,
        "grammar": Grammar(model.cell_format).as_json(),
        "order": _order_columns(model, model.background or compared),
        "nets": [
            {
                "sizes": net.sizes,
                "activations": net.activations,
                "parameters": net.activation_parameters,
            }
            for net, _ in model.networks
        ],
        "outputs": _label_outputs(model),
        "word": _word_of_outputs(model),
        "title": heading,
        "name": name,
        "units": units,
        "several": n_answers(model.net, model.labels) > 1,
        "facts": facts,
        "about": _list_about(model),
        "target": _list_target_scales(model),
        "ordered": model.combination.answer == "median",
        "threshold": model.threshold,
        "positive": _sought_class(model),
        "intervals": _measure_intervals(model),
        "widths": _list_widths(model),
        "limits": _list_frequent_limits(model),
        "lowest": _lowest_target(model),
        "background": _encode_background(compared, is_kept=background),
        "params": encode_base64(
            np.concatenate([params.astype("<f4") for _, params in model.networks])
        ),
    }
    network = _NETWORK if has_rare_activation(model.net) else _NETWORK[:1]
    scripts = [*network, *_SCRIPTS]
    if model.columns.formats is not None:
        scripts.insert(scripts.index("table/table"), "table/forms")
    parts = {
        "licence": spdx_line(),
        "title": escape(write_english(heading) if heading else clean_label(title)),
        "facts": escape(write_english(facts[0])),
        "description": escape(write_english(facts[0])),
        "findings": _list_findings(model),
        "theme": SYSTEM_THEME,
        "style": dense(style(["base", "table"])),
        "script": dense_script(f"{words_script(_WORDS, 'WORD')}\n{script(scripts)}"),
        "model": script_json(described),
    }
    return Document("table.html", parts)


# -------------------------------------------------------------------------------------------- texts


def write_english(texts: Sequence[_Text]) -> str:
    """Return texts in English, as assets/table/words.js has them in the visitor's language.

    A text after one that ends with a colon begins with a small letter, but a name does not.
    """
    english = words(_WORDS)["en"]
    written = ""
    for key, values in texts:
        shown_values = {name: _write_value(english, value) for name, value in values.items()}
        text = english[key].format_map(shown_values)
        if written.endswith(":") and english[key][0] != "{":
            text = text[0].lower() + text[1:]
        written += f"{' ' * bool(written)}{text}"
    return written


def _write_value(english: dict[str, str], value: object) -> str:
    """Return a value of a text: as it is, a list of names, a number, or a share with its decimals."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return english["or"].join([", ".join(value[:-1]), value[-1]])
    if not isinstance(value, dict):
        return write_integer(value) if isinstance(value, int) else f"{value}"
    if "share" in value:
        return f"{100 * value['share']:.{value['places']}f} %"
    text = short(value["number"])
    if abs(value["number"]) < UNGROUPED:
        text = text.replace(",", "")
    return f"{text} {value['unit']}".rstrip()


def _choose_title(model: TableModel, name: str | None) -> list[_Text]:
    """Return the heading: what is predicted."""
    n = model.n_inputs
    names = _label_outputs(model)
    if model.labels is None:
        key = ("title.column" if name else "title.number") + "s" * (n != 1)
        return [(key, {"name": name or "", "n": n})]
    question: _Text = ("title.classes", {"n": len(names)})
    if model.labels.kind == "multilabel":
        question = ("title.labels", {"n": len(names)})
    elif 1 < len(names) <= _MOST_NAMED:
        question = ("title.choice", {"classes": names})
    return [("fact.of", {"name": name}), question] if name else [question]


def _word_of_outputs(model: TableModel) -> str | None:
    """Return the key of the word with which the names of outputs begin, if cmlp has named them."""
    if model.labels is not None:
        return "label" if model.labels.kind == "multilabel" else None
    if traits_of(model.net.loss).predicts_quantiles:
        return "quantile"
    if model.answer_scale is not None and model.answer_scale.names is not None:
        return None
    return "answer" if model.net.n_out == 1 else "output"


def _label_outputs(model: TableModel) -> list[str]:
    net = model.net
    if traits_of(net.loss).predicts_quantiles and net.n_out == 1:
        return [f"quantile {net.loss_parameter:g}"]
    names = [clean_label(name) for name in output_names(model)]
    if model.labels is not None and model.labels.kind == "multilabel":
        return [f"label {name}" for name in names]
    return names


def _check_target(model: TableModel, target: str | None) -> str | None:
    """Return the name of the only target; a model with several ones has their names."""
    if target is not None and n_answers(model.net, model.labels) > 1:
        raise InvalidParameterError(
            "target must be None for several targets, which have the names of the columns of y.",
            parameter="target",
            value=target,
        )
    if target is None:
        return None
    return clean_label(target)


def _list_units(model: TableModel, unit: str | Sequence[str] | None) -> list[str]:
    """Return the unit of each output, "" for none."""
    n_outputs = len(_label_outputs(model))
    n = n_answers(model.net, model.labels)
    if unit is None:
        return [""] * n_outputs
    if model.labels is not None:
        raise InvalidParameterError(
            f"unit must be None for a {model.class_name}, whose answers have none.",
            parameter="unit",
            value=unit,
        )
    if isinstance(unit, str):
        units = [unit] * n
    else:
        units = list(unit)
    if len(units) != n or not all(isinstance(one, str) for one in units):
        expected = f"text or a sequence of one text for each of {n} targets"
        raise InvalidParameterError(
            f"unit must be {expected}, got {shown(unit)}.",
            parameter="unit",
            value=unit,
            expected=expected,
        )
    return [clean_label(one) for one in units] * (n_outputs // n)


def _list_target_scales(model: TableModel) -> list[list[float]] | None:
    """Return centre, scale and limits of each output; quantiles share those of their target."""
    if model.answer_scale is None:
        return None
    each = np.transpose(model.answer_scale.numbers)
    targets: list[list[float]] = np.broadcast_to(each, (model.net.n_out, 4)).tolist()
    return targets


# ------------------------------------------------------------------------------------------ columns


def _describe_columns(model: TableModel) -> list[dict[str, object]]:
    """Return the columns: their names, and what the encoder has learned about them."""
    texts = model.feature_names
    if texts is None:
        names = [f"column {i}" for i in range(model.n_inputs)]
    else:
        names = texts.tolist()
    columns: list[dict[str, Any]] = []
    later = None if model.summary is None else model.summary.later
    for i, (name, one) in enumerate(zip(names, model.columns, strict=True)):
        column: dict[str, Any] = {
            "name": clean_label(name),
            "kind": one.role,
            "n": one.n,
            "type": one.type,
        }
        if one.categories is None and one.n_missing:
            column["codes"] = one.missing_numbers.tolist()
        if one.date_format:
            column["form"] = date_form(one.date_format).as_json()
        if one.is_number:
            column |= {
                "centre": one.centre,
                "scale": one.scale,
                "edges": one.edges.tolist(),
                "missing": one.missing,
            }
            if later is not None and later.column == name:
                column["until"] = later.until
            parts = [(*PARTS[part.name], part.edges.tolist()) for part in one.parts]
            column["parts"] = [
                dict(zip(("period", "first", "edges"), part, strict=True)) for part in parts
            ]
            if one.categories is None:
                column |= _choose_field(model, i, one)
            else:  # whose numbers are ranks
                column["field"] = "choice"
                column["choices"] = [clean_label(value) for value in one.categories]
        elif one.is_category:
            column |= _list_choices(one)
            if one.statistics is not None:
                column["statistics"] = encode_base64(one.statistics.table.astype("<f4").ravel())
                column["oneHot"] = one.statistics.n_one_hot
            if one.has_unlisted:
                column["unlisted"] = True
        if "choices" in column:
            column |= _list_file_texts(one.listed or [], len(one.missing_values))
        columns.append(column)
    return columns


def _choose_field(model: TableModel, i: int, column: TableColumn) -> dict[str, object]:
    """Return the field of a number.

    It is "number", or "date" or "datetime-local" for days since 1970, or a choice.

    There is a choice if only 0 and 1 are known, which are also False and True.
    """
    found = column.edges
    if model.summary is not None:
        found = np.concatenate([found, model.summary.values[:, i]])
    found = found[~np.isnan(found)]
    if not column.is_date:
        is_bit = np.isin(found, (0, 1)).all() and len(column.edges) == 2
        if is_bit:
            return {"field": "choice", "choices": ["no (0)", "yes (1)"], "isBit": True}
        is_whole = len(found) > 0 and (found == np.floor(found)).all()
        return {"field": "number", "whole": bool(is_whole)}
    if not len(found) or found.min() < _DATES[0] or found.max() > _DATES[1]:
        return {"field": "number"}
    if (found == np.floor(found)).all():
        return {"field": "date"}
    return {"field": "datetime-local"}


def _list_file_texts(values: Sequence[object], n_codes: int) -> dict[str, object]:
    """Return what a file has for the categories, where it is not what the page shows.

    These are texts, and numbers by value, also of the `n_codes` last values, which mean a missing one.
    """
    found: dict[str, Any] = {}
    texts = [None if value is None else str(value) for value in values]
    if n_codes or any(text is not None and text != clean_label(text) for text in texts):
        found["texts"] = texts
    if any(isinstance(value, (bool, int, float)) for value in values):
        found["numbers"] = [_value_of_number(value) for value in values]
    return found


def _value_of_number(value: object) -> float | str | None:
    """Return a number as a double, or as its digits if it is an integer that a double may round."""
    if isinstance(value, int) and abs(value) > EXACT:
        return str(value)
    return float(value) if isinstance(value, (bool, int, float)) else None


def _list_choices(column: TableColumn) -> dict[str, object]:
    """Return the choices of a column in the order of their codes, and a missing value's code."""
    values = column.categories or ()
    choices = [None if value is None else clean_label(value) for value in values]
    return {"choices": choices, "missing": column.has_missing - 1}


# ---------------------------------------------------------------------- what rows are compared with


def _make_rows(model: TableModel) -> Background | None:
    """Return rows made of the summary's values of each column in random order.

    They are not rows of the training.
    """
    if model.summary is None:
        return None
    rng = _core.Random(0)
    values = model.summary.values
    rows = np.stack([column[rng.permutation(len(values))] for column in values.T], axis=1)
    kept = model.background
    if kept is None:
        return Background(rows, np.ones(len(rows)))
    mean = np.average(model.predict(kept.rows), axis=0, weights=kept.weights)
    return Background(rows, _balance_weights(mean, model.predict(rows)))


def _balance_weights(
    mean: NDArray[np.float64], predicted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return weights of rows that give their predictions a mean.

    They are as near to equal ones as possible; equal if none do.

    The weights with the largest entropy are exponential functions of the predictions, found by
    Newton's method.
    """
    equal = np.ones(len(predicted))
    scaled = in_unit(np.vstack([predicted, mean]))
    predicted, mean = scaled[:-1], scaled[-1]
    spread = np.std(predicted, axis=0)
    use = spread > 0
    away = (predicted - mean)[:, use] / spread[use]
    slope = np.zeros(use.sum())
    weights = equal / len(equal)
    for _ in range(_MOST_STEPS):
        moment = weights @ away
        if np.abs(moment).max(initial=0) < _NEAR:
            return np.round(weights * len(weights), 12)
        curvature = (away * weights[:, None]).T @ away - np.outer(moment, moment)
        slope = slope - np.linalg.lstsq(curvature, moment, rcond=1e-9)[0]
        z = away @ slope
        weights = np.exp(z - z.max())
        weights /= weights.sum()
        if not weights.max() <= _LARGEST_WEIGHT:  # also if it is NaN
            break
    return equal


def _encode_background(background: Background | None, *, is_kept: bool) -> dict[str, object] | None:
    if background is None:
        return None
    rows, weights = (encode_base64(array.astype("<f8")) for array in background)
    return {"rows": rows, "weights": weights, "kept": is_kept}


def _order_columns(model: TableModel, background: Background | None) -> list[int]:
    """Return the columns in the order of their effect.

    That is how far answers move if a column takes values of other rows.
    """
    n = model.n_inputs
    if background is None:
        return list(range(n))
    rows = background.rows
    before = model.predict(rows)
    effects = np.zeros(n)
    spread = np.ones(1)
    if model.answer_scale is not None:
        spread = np.asarray(model.answer_scale.scale)
    for i in range(n):
        for shift in range(1, _SHIFTS + 1):
            other = rows.copy()
            other[:, i] = np.roll(rows[:, i], shift)
            moved = np.abs(model.predict(other) - before) / spread
            effects[i] += (moved.sum(axis=1) * background.weights).sum()
    order: list[int] = np.argsort(-effects, kind="stable").tolist()
    return order


# ----------------------------------------------------------------------------------- how sure it is


def _measure_intervals(model: TableModel) -> list[tuple[float, list[float], list[float] | None]]:
    """Return for each coverage how far the intervals of each answer reach, and the margins by class, at most 1.

    There must be enough scores for the coverage. Without scores by class, None stands for their margins.
    """
    calibration, found = model.calibration, []
    if calibration is None:
        return []
    for coverage in _COVERAGES:
        margins, by_class = calibration.finite_margins(coverage), None
        if margins is None:
            continue
        if calibration.classes is not None:
            n_classes = len(class_names(model.class_labels))
            by_class = np.minimum(calibration.margins_by_class(coverage, n_classes), 1).tolist()
        found.append((coverage, margins.tolist(), by_class))
    return found


def _list_widths(model: TableModel) -> list[object] | None:
    """Return for each answer the predictions and factors of its knots.

    It has them if the widths of intervals follow the row.
    """
    if model.calibration is None or model.calibration.widths is None:
        return None
    return list(model.calibration.widths.tolist())


def _list_frequent_limits(model: TableModel) -> list[list[list[float]]] | None:
    """Return for each answer the limits of frequent targets, each with a number near it.

    A limit that is not frequent has an empty list.
    """
    if model.calibration is None or model.calibration.limits is None:
        return None
    return [
        [numbers.tolist() if np.isfinite(numbers).all() else [] for numbers in ends]
        for ends in model.calibration.limits
    ]


def _lowest_target(model: TableModel) -> float | None:
    """Return the number below which the loss allows no target; None if there is none."""
    lowest = traits_of(model.net.loss).lowest_target
    if np.isfinite(lowest):
        return lowest
    return None


def _list_accuracy(model: TableModel, units: list[str]) -> list[list[_Text]]:
    """Return texts for each answer about rows outside the training.

    They have the best constant answer beside it.
    """
    if model.summary is None or model.summary.accuracy is None:
        return [[("fact.unknown", {})] for _ in range(n_answers(model.net, model.labels))]
    found = model.summary.accuracy
    several = len(found.pairs) > 1
    facts: list[list[_Text]] = []
    # quantiles have one pair
    for k, (pair, unit) in enumerate(zip(found.pairs, units, strict=False)):
        texts: list[_Text] = []
        if several:
            texts.append(("fact.of", {"name": _label_outputs(model)[k]}))
        if model.threshold is not None:
            texts += _list_threshold(model)
            texts.append(("fact.without", {}))
        if measures_distance(model.labels):
            key = "fact.off" if model.labels is None else "fact.classes"
            if model.summary.later is not None:
                key = "fact.off_later"
            numbers: list[object] = [{"number": one, "unit": unit} for one in pair]
        else:
            key = "fact.label" if several else "fact.right"
            numbers = [{"share": one, "places": 1} for one in pair]
        texts.append((key, {"value": numbers[0], "base": numbers[1], "n": found.n}))
        if found.rows != CALIBRATION and model.summary.later is None:
            texts.append(("fact.optimistic", {}))
        facts.append(texts)
    return facts


def _sought_class(model: TableModel) -> int:
    """Return the class that a threshold is to find; 0 without one."""
    if model.threshold is None:
        return 0
    if model.summary is None or model.summary.found is None:
        return int(model.threshold <= _HALF)
    return model.summary.found.positive


def _list_threshold(model: TableModel) -> list[_Text]:
    """Return a text about the class that the threshold is to find.

    There is none if the threshold was not chosen on rows.
    """
    if model.summary is None or model.summary.found is None:
        return []
    found = model.summary.found
    key = "fact.found_held" if found.rows == HELD_OUT else "fact.found_outside"
    values: dict[str, object] = {
        name: {"share": share, "places": 0}
        for name, share in (("recall", found.recall), ("precision", found.precision))
    }
    return [(key, {**values, "name": _label_outputs(model)[found.positive], "n": found.n})]


def _list_findings(model: TableModel) -> str:
    """Return a list of what fit has found in the table, as HTML; "" without such."""
    if not model.report:
        return ""
    items = [
        f"<li>{escape(clean_label(f'{brief(one)}: {one.evidence}'))}</li>" for one in model.report
    ]
    summary = '<summary data-word="findings"></summary>'
    return f'<details id="findings">{summary}<ul lang="en" class="quiet">{"".join(items)}</ul></details>'


def _until(later: Later) -> _Text:
    """Return a text about the rows for which the intervals of later rows hold."""
    if later.column is not None:
        return "about.later", {"until": text_of_time(later.until, later.kind)}
    if later.kind == ORDER:
        return "about.later_rows", {"n": later.horizon}
    key = "about.later_days" if later.kind in TIMES else "about.later_numbers"
    return key, {"n": {"number": later.horizon, "unit": ""}}  # which can be much less than 1


def _list_about(model: TableModel) -> list[_Text]:
    """Return texts for the end of the page."""
    n_nets = len(model.networks)
    n_weights = sum(net.n_params for net, _ in model.networks)
    key = "about.model" if n_nets == 1 else "about.models"
    texts: list[_Text] = [(key, {"n": n_nets, "weights": n_weights})]
    calibration = model.calibration
    if calibration is not None:
        what = "set" if calibration.kind == PROBABILITY else "interval"
        if model.summary is not None and model.summary.later is not None:
            texts.append(_until(model.summary.later))
        elif calibration.rows != CALIBRATION:
            texts.append((f"about.{what}_measured", {}))
        elif calibration.groups is not None:
            texts.append((f"about.{what}_groups", {"n": calibration.groups.n}))
        else:
            texts.append((f"about.{what}", {"n": calibration.scores.shape[1]}))
    return texts
