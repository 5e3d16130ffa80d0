"""The page of a table's model, for somebody who decides: the prediction, how sure it is, why, and what if.

It has a field for each column, the columns with the largest effect first.
"""

from __future__ import annotations

import warnings
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._data.grammar import Grammar
from cmlp._data.losses import traits_of
from cmlp._export.page.assembly import SYSTEM_THEME, Document, dense, dense_script, script, script_json, style
from cmlp._export.page.description import encoded, has_rare_activation, visible
from cmlp._model.calibration import CALIBRATION, HELD_OUT, PROBABILITY, n_answers
from cmlp._model.explanation import output_names
from cmlp._model.formats import require
from cmlp._model.summary import Background, short
from cmlp._model.table_columns import PARTS
from cmlp.exceptions import InvalidParameterError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._model.model import TableModel
    from cmlp._model.table_columns import TableColumn

_HALF = 0.5  # a threshold up to it is to find the second class
_COVERAGES = (0.8, 0.9, 0.95)  # to choose from
_DATES = (-719_162, 2_932_896)  # the days of the years 1 to 9999
_MOST_STEPS, _NEAR = 50, 1e-10  # of the search for weights, and how near a mean must be in standard deviations
_LARGEST_WEIGHT = 0.25  # of a made row; the weights add up to 1
_SHIFTS = 4  # values of other rows that a column takes to measure its effect
_NOT_MEASURED = "How good its answers are has not been measured on rows outside the training."
_OPTIMISTIC = " These rows decided when the training ended: slightly optimistic."

_NETWORK = ("network/network", "network/functions")
_SCRIPTS = ("drawing/dom", "network/encoder", "table/why", "table/rows", "table/table")


def table_page(
    model: TableModel,
    title: str | None = None,
    *,
    background: bool = False,
    target: str | None = None,
    unit: str | Sequence[str] | None = None,
) -> Document:
    """Return the page of an estimator for tables, with a title or one that says what is predicted.

    With `background`, it contains the training rows that the model has kept. `target` is the name of the only target,
    and `unit` the unit of all targets or of each.
    """
    require(model, "to_html")
    if background and model.background is None:
        raise InvalidParameterError(
            "background=True puts the training rows that fit has kept on the page, but this "
            "model has none: it needs keep_background before fit.",
            parameter="background",
            value=True,
        )
    name, units = _name(model, target), _units(model, unit)
    subject = name or f"A {'number' if model.labels is None else 'class'}"
    facts = _facts(model, units)
    compared = model.background if background else _made_rows(model)
    described = {
        "columns": _columns(model),
        "names": None if model.feature_names is None else model.feature_names.tolist(),
        "grammar": Grammar(model.cell_format).as_json(),
        "order": _order(model, model.background or compared),
        "nets": [
            {"sizes": net.sizes, "activations": net.activations, "parameters": net.activation_parameters}
            for net, _ in model.networks
        ],
        "outputs": _outputs(model),
        "name": name,
        "units": units,
        "several": n_answers(model.net) > 1,
        "facts": facts,
        "target": _targets(model),
        "threshold": model.threshold,
        "positive": _positive(model),
        "intervals": _intervals(model),
        "widths": _widths(model),
        "ends": _ends(model),
        "lowest": _lowest(model),
        "background": None if compared is None else _described_background(compared, is_kept=background),
        "params": encoded(np.concatenate([params.astype("<f4") for _, params in model.networks])),
    }
    n = model.n_inputs
    parts = {
        "title": escape(visible(title if title is not None else f"{subject} from {n} column{'s' * (n != 1)}")),
        "facts": escape(facts[0]),
        "about": escape(_about(model)),
        "theme": SYSTEM_THEME,
        "style": dense(style(["base", "table"])),
        "script": dense_script(script([*_NETWORK[: 2 if has_rare_activation(model.net) else 1], *_SCRIPTS])),
        "model": script_json(described),
    }
    return Document("table.html", parts)


def _outputs(model: TableModel) -> list[str]:
    net = model.net
    if traits_of(net.loss).predicts_quantiles and net.n_out == 1:
        return [f"quantile {net.loss_parameter:g}"]
    prefix = "label " if model.labels is not None and model.labels.kind == "multilabel" else ""
    return [prefix + visible(name) for name in output_names(model)]


def _name(model: TableModel, target: str | None) -> str | None:
    """Return the name of the only target; a model with several ones has their names."""
    if target is not None and n_answers(model.net) > 1:
        raise InvalidParameterError(
            "target must be None for several targets, which have the names of the columns of y.",
            parameter="target",
            value=target,
        )
    return None if target is None else visible(target)


def _units(model: TableModel, unit: str | Sequence[str] | None) -> list[str]:
    """Return the unit of each output, "" for none."""
    n_outputs, n = len(_outputs(model)), n_answers(model.net)
    if unit is None:
        return [""] * n_outputs
    if model.labels is not None:
        raise InvalidParameterError(
            f"unit must be None for a {model.class_name}, whose answers have none.",
            parameter="unit",
            value=unit,
        )
    units = [unit] * n if isinstance(unit, str) else list(unit)
    if len(units) != n or not all(isinstance(one, str) for one in units):
        expected = f"text or a sequence of one text for each of {n} targets"
        raise InvalidParameterError(
            f"unit must be {expected}, got {shown(unit)}.", parameter="unit", value=unit, expected=expected
        )
    return [visible(one) for one in units] * (n_outputs // n)


def _targets(model: TableModel) -> list[list[float]] | None:
    """Return centre, scale and limits of each output; quantiles share those of their target."""
    each = None if model.answer_scale is None else np.transpose(model.answer_scale.numbers)
    return None if each is None else np.broadcast_to(each, (model.net.n_out, 4)).tolist()


# ------------------------------------------------------------------------------------------------------------ columns


def _columns(model: TableModel) -> list[dict[str, Any]]:
    """Return the columns: their names, and what the encoder has learned about them."""
    texts = model.feature_names
    names = [f"column {i}" for i in range(model.n_inputs)] if texts is None else texts.tolist()
    columns: list[dict[str, Any]] = []
    for i, (name, one) in enumerate(zip(names, model.columns, strict=True)):
        column: dict[str, Any] = {"name": visible(name), "kind": one.role, "n": one.n, "type": one.type}
        if one.role == "number":
            column |= {"centre": one.centre, "scale": one.scale, "edges": one.edges.tolist(), "missing": one.missing}
            parts = [(*PARTS[part.name], part.edges.tolist()) for part in one.parts]
            column["parts"] = [dict(zip(("period", "first", "edges"), part, strict=True)) for part in parts]
            column |= _field(model, i, one) if one.categories is None else _levels(one.categories)
        elif one.role == "category":
            column |= _categories(one.categories or [])
            column |= {"unlisted": True} if one.has_unlisted else {}
        column |= _texts(one.categories or []) if "choices" in column else {}
        columns.append(column)
    return columns


def _field(model: TableModel, i: int, column: TableColumn) -> dict[str, Any]:
    """Return the field of a number: "number", or "date" or "datetime-local" for days since 1970, or a choice.

    There is a choice if only 0 and 1 are known, which are also False and True.
    """
    found = np.concatenate([column.edges, [] if model.summary is None else model.summary.values[:, i]])
    found = found[~np.isnan(found)]
    if not column.is_date:
        is_bit = np.isin(found, (0, 1)).all() and len(column.edges) == 2
        return {"field": "choice", "choices": ["no (0)", "yes (1)"]} if is_bit else {"field": "number"}
    if not len(found) or found.min() < _DATES[0] or found.max() > _DATES[1]:
        return {"field": "number"}
    return {"field": "date" if (found == np.floor(found)).all() else "datetime-local"}


def _levels(values: Sequence[object]) -> dict[str, Any]:
    """Return the choices of a column of ordered categories, whose numbers are ranks."""
    return {"field": "choice", "choices": [visible(value) for value in values]}


def _texts(values: Sequence[object]) -> dict[str, Any]:
    """Return what a file has for the categories, where it is not what the page shows: texts, and numbers by value."""
    found: dict[str, Any] = {}
    texts = [None if value is None else str(value) for value in values]
    if any(text is not None and text != visible(text) for text in texts):
        found["texts"] = texts
    if any(isinstance(value, (bool, int, float)) for value in values):
        found["numbers"] = [
            float(value) if isinstance(value, (bool, int, float)) and np.isfinite(value) else None for value in values
        ]
    return found


def _categories(values: Sequence[object]) -> dict[str, Any]:
    """Return the choices of a column, in the order of their codes, and the code of a missing value."""
    missing = values.index(None) if None in values else -1
    return {"choices": [None if value is None else visible(value) for value in values], "missing": missing}


# ------------------------------------------------------------------------------------------ what rows are compared with


def _made_rows(model: TableModel) -> Background | None:
    """Return rows made of the summary's values of each column in random order: they are not rows of the training."""
    if model.summary is None:
        return None
    rng, values = _core.Random(0), model.summary.values
    rows = np.stack([column[rng.permutation(len(values))] for column in values.T], axis=1)
    kept = model.background
    if kept is None:
        return Background(rows, np.ones(len(rows)))
    return Background(
        rows, _weights_for(np.average(model.predict(kept.rows), axis=0, weights=kept.weights), model.predict(rows))
    )


def _weights_for(mean: NDArray[np.float64], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights of rows that give their predictions a mean, as near to equal ones as possible; equal if none do.

    The weights with the largest entropy are exponential functions of the predictions, found by Newton's method.
    """
    equal, spread = np.ones(len(predicted)), np.std(predicted, axis=0)
    use = spread > 0
    away = (predicted - mean)[:, use] / spread[use]
    slope, weights = np.zeros(use.sum()), equal / len(equal)
    for _ in range(_MOST_STEPS):
        moment = weights @ away
        if np.abs(moment).max(initial=0) < _NEAR:
            return np.round(weights * len(weights), 12)
        curvature = (away * weights[:, None]).T @ away - np.outer(moment, moment)
        slope = slope - np.linalg.lstsq(curvature, moment, rcond=1e-9)[0]
        z = away @ slope
        weights = np.exp(z - z.max())
        weights /= weights.sum()
        if weights.max() > _LARGEST_WEIGHT:
            break
    return equal


def _described_background(background: Background, *, is_kept: bool) -> dict[str, Any]:
    rows, weights = (encoded(array.astype("<f8")) for array in background)
    return {"rows": rows, "weights": weights, "kept": is_kept}


def _order(model: TableModel, background: Background | None) -> list[int]:
    """Return the columns in the order of their effect: how far answers move if a column takes values of other rows."""
    n = model.n_inputs
    if background is None:
        return list(range(n))
    rows = background.rows
    before, effects = model.predict(rows), np.zeros(n)
    spread = 1.0 if model.answer_scale is None else np.asarray(model.answer_scale.scale)
    for i in range(n):
        for shift in range(1, _SHIFTS + 1):
            other = rows.copy()
            other[:, i] = np.roll(rows[:, i], shift)
            moved = np.abs(model.predict(other) - before) / spread
            effects[i] += (moved.sum(axis=1) * background.weights).sum()
    order: list[int] = np.argsort(-effects, kind="stable").tolist()
    return order


# ------------------------------------------------------------------------------------------------------- how sure it is


def _intervals(model: TableModel) -> list[tuple[float, list[float]]]:
    """Return how far the intervals of each answer reach for each coverage for which there are enough scores."""
    calibration = model.calibration
    if calibration is None:
        return []
    with warnings.catch_warnings(action="ignore"):
        margins = [calibration.margins(coverage).tolist() for coverage in _COVERAGES]
    return [pair for pair in zip(_COVERAGES, margins, strict=True) if np.isfinite(pair[1]).all()]


def _widths(model: TableModel) -> list[Any] | None:
    """Return for each answer the predictions and factors of its knots, if the widths of intervals follow the row."""
    widths = None if model.calibration is None else model.calibration.widths
    return None if widths is None else list(widths.tolist())


def _ends(model: TableModel) -> list[list[float]]:
    """Return the frequent ends of the targets, each with a number near it; an empty list for an end that is not."""
    ends = None if model.calibration is None else model.calibration.ends
    return [[], []] if ends is None else [one.tolist() if np.isfinite(one).all() else [] for one in ends]


def _lowest(model: TableModel) -> float | None:
    """Return the number below which the loss allows no target; None if there is none."""
    lowest = traits_of(model.net.loss).lowest_target
    return lowest if np.isfinite(lowest) else None


def _facts(model: TableModel, units: list[str]) -> list[str]:
    """Return a sentence for each answer about rows outside the training, beside the best constant answer."""
    found = None if model.summary is None else model.summary.accuracy
    if found is None:
        return [_NOT_MEASURED] * n_answers(model.net)
    rows, several = f"{found.n:,} rows outside the training", len(found.pairs) > 1
    if model.labels is not None:
        pairs = [(f"Right for {value:.1%} of", f"right for {base:.1%}") for value, base in found.pairs]
        constant = "the more frequent answer" if several else "the most frequent class"
    else:
        ends = [f" {unit}" if unit else "" for unit in units]
        pairs = [
            (f"Off by {short(value)}{end} on average for", f"off by {short(base)}{end}")
            for (value, base), end in zip(found.pairs, ends, strict=False)  # quantiles have one pair
        ]
        constant = "the median"
    texts = [f"{value} {rows}; always saying {constant} would be {base}." for value, base in pairs]
    if model.threshold is not None:
        texts = [f"{_found(model)}Without the threshold: {text[0].lower()}{text[1:]}" for text in texts]
    if several:
        texts = [f"{name}: {text[0].lower()}{text[1:]}" for name, text in zip(_outputs(model), texts, strict=True)]
    return texts if found.rows == CALIBRATION else [text + _OPTIMISTIC for text in texts]


def _positive(model: TableModel) -> int:
    """Return the class that a threshold is to find; 0 without one."""
    if model.threshold is None:
        return 0
    found = None if model.summary is None else model.summary.found
    return int(model.threshold <= _HALF) if found is None else found.positive


def _found(model: TableModel) -> str:
    """Return a sentence about the class that the threshold is to find; "" if it was not chosen on rows."""
    found = None if model.summary is None else model.summary.found
    if found is None:
        return ""
    name = _outputs(model)[found.positive]
    rows = "held out in training" if found.rows == HELD_OUT else "outside the training"
    return (
        f"Finds {found.recall:.0%} of all {name}, and {found.precision:.0%} of what it calls {name} are right, on the "
        f"{found.n:,} rows {rows} with which its threshold was chosen. "
    )


def _about(model: TableModel) -> str:
    """Return a paragraph for the end of the page."""
    n_nets, n_weights = len(model.networks), sum(net.n_params for net, _ in model.networks)
    parts = [f"The model: {n_nets} network{'s' * (n_nets > 1)} with {n_weights:,} weights and biases, made with cmlp."]
    calibration = model.calibration
    if calibration is not None:
        what = "Sets of classes" if calibration.kind == PROBABILITY else "Intervals"
        if calibration.rows == CALIBRATION:
            parts.append(
                f"{what} contain the truth as often as stated, for rows like the {calibration.scores.shape[1]:,} rows "
                "outside the training with which they were calibrated."
            )
        else:
            parts.append(f"How often {what.lower()} contain the truth was measured, and is not guaranteed.")
    return " ".join(parts)
