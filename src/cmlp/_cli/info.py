"""The command ``cmlp info``: describes a model file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cmlp._cli import options
from cmlp._cli.terminal import Terminal, count_noun
from cmlp._fit.fitted import provenance_of
from cmlp._fit.recipe import name_of_recipe
from cmlp._model.info import properties_of
from cmlp._model.model import TableModel, model_of
from cmlp._process.printable import printable, printable_message

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

DESCRIPTION = "Check a model file, and describe its network, its classes and how it was trained."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a model file, written by save")


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Print the description."""
    import cmlp

    with options.as_command_errors():
        model = cmlp.load(arguments.model)
        size = os.path.getsize(arguments.model)
    fields = {
        "file": f"{printable(arguments.model)}, {size:,} bytes, undamaged",
        **described(model),
    }
    width = max(map(len, fields))
    terminal.write_lines([f"{name.ljust(width)}  {value}" for name, value in fields.items()])
    return 0


def described(model: Any) -> dict[str, str]:
    """Return a name and a text for each property of a model."""
    trained = model_of(model)
    texts = {name: printable(text) for name, text in properties_of(trained).items()}
    if trained.kind == "network":
        return texts
    texts["settings"] = _settings(model)
    if not isinstance(trained, TableModel):
        texts["training"] = _training(model)
    if model._result.recipe is not None:
        texts["trained by"] = printable(name_of_recipe(model._result.recipe))
    record = provenance_of(model)
    return texts if record is None else texts | _recorded(record)


def _settings(model: Any) -> str:
    """Describe the parameters of an estimator that are not the defaults."""
    changed = [name for name in model._get_param_names() if not model._is_default(name)]
    shown = ", ".join(f"{name}={getattr(model, name)!r}" for name in changed)
    return printable_message(shown) or "the defaults"


def _recorded(record: Mapping[str, Any]) -> dict[str, str]:
    """Describe the record of a fit: what has trained the model, on which data."""
    rows = count_noun(record["n_rows"], "row")
    texts = {"recorded": f"by cmlp {record['cmlp']}, on {rows}, with seed {record['seed']}"}
    file = record.get("file")
    if file is not None and file["target"] is not None:
        texts["target"] = file["target"]
    texts |= {f"SHA-256 of {name}": digest for name, digest in record["data"].items()}
    return {name: printable(text) for name, text in texts.items()}


def _training(model: Any) -> str:
    """Describe the result of the training of a network."""
    history = model._result.state.history
    result = (
        [f"{count_noun(model.n_iter_, 'epoch')} in the last call"]
        if history.t or model.n_iter_
        else ["none"]
    )
    if history.loss is not None:
        result.append(f"loss {history.loss:.6g}")
    if history.best_validation_score is not None:
        result.append(f"best validation score {history.best_validation_score:.6g}")
    return ", ".join(result)
