"""The command ``cmlp info``: describes a model file."""

from __future__ import annotations

import argparse
import os
from typing import Any

from cmlp.console import options
from cmlp.console.printable import printable, printable_message
from cmlp.console.terminal import Terminal
from cmlp.inputs.scale import InputScale

NAME, SUMMARY = "info", "describe a model file"
DESCRIPTION = "Check a model file, and describe its network, its classes and how it was trained."
_MOST_SHOWN = 20  # labels or feature names


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a model file, written by save")


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Print the description."""
    import cmlp

    with options.reported():
        model = cmlp.load(arguments.model)
        size = os.path.getsize(arguments.model)
    fields = {"file": f"{printable(arguments.model)}, {size:,} bytes, undamaged", **described(model)}
    width = max(map(len, fields))
    terminal.write_lines([f"{name.ljust(width)}  {value}" for name, value in fields.items()])
    return 0


def described(model: Any) -> dict[str, str]:
    """Return a name and a text for each property of a model."""
    from cmlp.record import record_of

    if hasattr(model, "_content"):
        return _described_table(model)
    record = record_of(model)
    net = record.net
    fields = {
        "class": record.class_name,
        "layers": "-".join(map(str, net.sizes)),
        "parameters": f"{net.n_params:,} ({net.dtype}, {record.params.nbytes:,} bytes)",
        "activations": ", ".join(map(_with_parameter, net.activations, net.activation_parameters)),
        "loss": _with_parameter(str(net.loss), net.loss_parameter),
        "input scale": _scale(record.input_scale),
    }
    if record.labels is not None:
        classes = record.labels.classes
        kind = "multilabel" if record.labels.kind == "multilabel" else classes.dtype.name.rstrip("0123456789")
        kind = "text" if kind == "str" else kind if kind == "multilabel" else classes.dtype.name
        fields["classes"] = f"{len(classes)} ({kind}): {_listed(classes.tolist())}"
    if record.feature_names is not None:
        fields["features"] = _listed(record.feature_names.tolist())
    if record.kind != "network":
        fields |= _training(model)
    return fields


def _described_table(model: Any) -> dict[str, str]:
    content = model._content()
    nets = [net for net, _ in content.nets]
    n_params = sum(net.n_params for net in nets)
    kinds = [kind for kind, _, _ in content.columns]
    counts = {kind: kinds.count(kind) for kind in ("number", "category", "unused")}
    fields = {
        "class": content.class_name,
        "columns": ", ".join(f"{count} {kind}" for kind, count in counts.items() if count),
        "networks": ", ".join("-".join(map(str, net.sizes)) for net in nets),
        "parameters": f"{n_params:,} ({nets[0].dtype}, {n_params * nets[0].dtype.itemsize:,} bytes)",
        "activations": ", ".join(nets[0].activations),
        "loss": _with_parameter(str(nets[0].loss), nets[0].loss_parameter),
    }
    if content.labels is not None:
        fields["classes"] = f"{len(content.labels.classes)}: {_listed(content.labels.classes.tolist())}"
    if content.feature_names is not None:
        fields["features"] = _listed(content.feature_names.tolist())
    return fields


def _with_parameter(name: str, parameter: float | tuple[float, ...]) -> str:
    numbers = parameter if isinstance(parameter, tuple) else (parameter,)
    return f"{name}({', '.join(f'{number:g}' for number in numbers)})" if parameter else name


def _scale(scale: float | InputScale) -> str:
    if isinstance(scale, tuple):
        return "a shift and a factor for each input"
    inverse = 1 / scale
    return f"1/{round(inverse)}" if scale < 1 and abs(inverse - round(inverse)) < 1e-9 * inverse else f"{scale:g}"


def _listed(values: list[object]) -> str:
    """Return the first values with commas, with escapes for control characters."""
    shown = ", ".join(printable(str(value)) for value in values[:_MOST_SHOWN])
    more = len(values) - _MOST_SHOWN
    return f"{shown}, and {more:,} more" if more > 0 else shown


def _training(model: Any) -> dict[str, str]:
    """Describe the training of an estimator: its parameters that are not the defaults, and the result."""
    changed = [name for name in model._get_param_names() if not model._is_default(name)]
    shown = ", ".join(f"{name}={getattr(model, name)!r}" for name in changed)
    history = model._model.state.history
    result = [f"{model.n_iter_} epochs in the last call"] if history.t or model.n_iter_ else ["none"]
    if history.loss is not None:
        result.append(f"loss {history.loss:.6g}")
    if history.best_validation_score is not None:
        result.append(f"best validation score {history.best_validation_score:.6g}")
    return {"settings": printable_message(shown) or "the defaults", "training": ", ".join(result)}
