"""The command ``cmlp info``: describes a model file."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from cmlp._cli import options
from cmlp._cli.terminal import Terminal, count_noun, printable, printable_message
from cmlp._data.scale import InputScale
from cmlp._estimators.fitted import fitted_of
from cmlp._model.model import TableModel, model_of
from cmlp._model.summary import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._bridge import _core
    from cmlp._model.summary import Accuracy
    from cmlp._model.table_columns import TableColumn

DESCRIPTION = "Check a model file, and describe its network, its classes and how it was trained."
_PARTS = {"day": "time of day", "week": "weekday", "year": "day of the year"}
_KINDS = ("number", "boolean", "date", "time", "instant", "duration", "category", "ordered", "unused")
_MOST_SHOWN = 20  # labels or feature names


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a model file, written by save")


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Print the description."""
    import cmlp

    with options.reporting():
        model = cmlp.load(arguments.model)
        size = os.path.getsize(arguments.model)
    fields = {"file": f"{printable(arguments.model)}, {size:,} bytes, undamaged", **described(model)}
    width = max(map(len, fields))
    terminal.write_lines([f"{name.ljust(width)}  {value}" for name, value in fields.items()])
    return 0


def described(model: Any) -> dict[str, str]:
    """Return a name and a text for each property of a model."""
    trained = model_of(model)
    net, n_params = trained.net, sum(net.n_params for net, _ in trained.networks)
    fields = {"class": trained.class_name}
    fields |= _of_table(trained) if isinstance(trained, TableModel) else {"layers": _layers(net)}
    fields |= {
        "parameters": f"{n_params:,} ({net.dtype}, {n_params * net.dtype.itemsize:,} bytes)",
        "activations": ", ".join(map(_with_parameter, net.activations, net.activation_parameters)),
        "loss": _with_parameter(str(net.loss), net.loss_parameter),
    }
    if not isinstance(trained, TableModel):
        fields["input scale"] = _scale(trained.input_scale)
    if trained.labels is not None:
        classes = trained.labels.classes
        kind = "text" if classes.dtype.kind in "UO" else classes.dtype.name  # objects are text of any length
        kind = "multilabel" if trained.labels.kind == "multilabel" else kind
        fields["classes"] = f"{len(classes)} ({kind}): {_listed(classes.tolist())}"
    if trained.feature_names is not None:
        fields["features"] = _listed(trained.feature_names.tolist())
    if trained.cell_format != type(trained.cell_format)():  # stated in training
        decimal, thousands, missing = trained.cell_format
        stated = [f"decimal point {decimal!r}", *([f"thousands {thousands!r}"] if thousands else [])]
        fields["cells"] = ", ".join([*stated, *([f"missing {_listed(list(missing))}"] if missing else [])])
    if isinstance(trained, TableModel) and trained.background is not None:
        fields["background"] = f"{len(trained.background.rows)} training rows, for explanations"
    if trained.kind != "network" and not isinstance(trained, TableModel):
        fields |= _training(model)
    return fields


def _of_table(trained: TableModel) -> dict[str, str]:
    """Return the properties that only the model of a table has."""
    from cmlp._model.calibration import n_answers
    from cmlp._model.explanation import output_names

    net, columns, fields = trained.net, trained.columns, {}
    kinds = [one.role if one.role == "unused" else one.type for one in columns]
    counts = {kind: kinds.count(kind) for kind in _KINDS}
    fields["columns"] = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    names = trained.feature_names
    labels = [str(i) if names is None else printable(str(names[i])) for i in range(len(columns))]
    pairs = zip(labels, columns, strict=True)
    partly_known = [f"{label} {_kept(one)}" for label, one in pairs if one.has_unlisted]
    if partly_known:
        fields["categories"] = _listed(partly_known)
    parts = [(i, ", ".join(_PARTS[part.name] for part in one.parts)) for i, one in enumerate(columns) if one.parts]
    if parts:
        zones = [" in UTC" if one.type == "instant" else "" for one in columns]
        texts = [f"{labels[i]} ({each}{zones[i]})" for i, each in parts]
        fields["parts of dates"] = _listed(texts)
    fields["networks"] = ", ".join(_layers(net) for net, _ in trained.networks)
    if trained.answer_scale is not None and n_answers(net) > 1:
        fields["targets"] = f"{n_answers(net)}: {_listed(list(output_names(trained)))}"
    if trained.calibration is not None:
        found = trained.calibration
        origin = {"held_out": "held out in fit", "calibration": "for calibration"}[found.rows]
        width = "" if found.widths is None else "; their width follows the prediction"
        fields["intervals"] = f"from {found.scores.shape[1]:,} scores of rows {origin}{width}"
    if trained.fitted_outputs is not None:
        fields["probabilities"] = "calibrated"
    if trained.threshold is not None:
        fields["threshold"] = f"{trained.threshold:.6g}, of the second class"
    if trained.summary is not None and trained.summary.accuracy is not None:
        is_error = trained.labels is None
        fields["error" if is_error else "accuracy"] = _accuracy(trained.summary.accuracy, is_error=is_error)
    return fields


def _kept(column: TableColumn) -> str:
    """Describe how many of the categories of fit a column lists."""
    n = len(column.categories or ())
    if column.seen is None:
        return f"(at most the {n:,} most frequent)"
    share = f"about {1 - column.seen.rare:.0%} of the values"
    return f"(the {n:,} most frequent of {column.seen.n:,}, which have {share})"


def _accuracy(found: Accuracy, *, is_error: bool) -> str:
    """Describe how good a table's model is on rows outside the training."""
    texts = [[short(one) if is_error else f"{one:.1%}" for one in pair] for pair in found.pairs]
    values, bases = map(_listed, zip(*texts, strict=True))
    what, base = ("mean absolute error ", "the median") if is_error else ("", "the most frequent class")
    origin = {"held_out": "held out in fit", "calibration": "for calibration"}[found.rows]
    return f"{what}{values} on {found.n:,} rows {origin}; always {base}: {bases}"


def _layers(net: _core.Net) -> str:
    return "-".join(map(str, net.sizes))


def _with_parameter(name: str, parameter: float | tuple[float, ...]) -> str:
    numbers = parameter if isinstance(parameter, tuple) else (parameter,)
    return f"{name}({', '.join(f'{number:g}' for number in numbers)})" if parameter else name


def _scale(scale: float | InputScale) -> str:
    if isinstance(scale, tuple):
        return "a shift and a factor for each input"
    inverse = 1 / scale
    return f"1/{round(inverse)}" if scale < 1 and abs(inverse - round(inverse)) < 1e-9 * inverse else f"{scale:g}"


def _listed(values: Sequence[object]) -> str:
    """Return the first values with commas, with escapes for control characters."""
    shown = ", ".join(printable(str(value)) for value in values[:_MOST_SHOWN])
    more = len(values) - _MOST_SHOWN
    return f"{shown}, and {more:,} more" if more > 0 else shown


def _training(model: Any) -> dict[str, str]:
    """Describe the training of an estimator: its parameters that are not the defaults, and the result."""
    changed = [name for name in model._get_param_names() if not model._is_default(name)]
    shown = ", ".join(f"{name}={getattr(model, name)!r}" for name in changed)
    history = fitted_of(model).history
    result = [f"{count_noun(model.n_iter_, 'epoch')} in the last call"] if history.t or model.n_iter_ else ["none"]
    if history.loss is not None:
        result.append(f"loss {history.loss:.6g}")
    if history.best_validation_score is not None:
        result.append(f"best validation score {history.best_validation_score:.6g}")
    return {"settings": printable_message(shown) or "the defaults", "training": ", ".join(result)}
