"""The page of a table's model: a field for each column, the prediction, and how it changes with each column."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.formats import RARE_ACTIVATIONS, require
from cmlp.page.assembly import Document, as_json, script, style
from cmlp.page.description import encoded, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp.model import ModelDocument


def table_page(document: ModelDocument, title: str | None = None) -> Document:
    """Return the page of an estimator for tables, with a title or one that says what is predicted."""
    require(document, "to_html")
    n_weights, n_nets = sum(net.n_params for net, _ in document.networks), len(document.networks)
    rare = RARE_ACTIVATIONS.intersection(document.net.activations)
    kind = "number" if document.labels is None else "class"
    described = {
        "columns": _columns(document),
        "nets": [
            {"sizes": net.sizes, "activations": net.activations, "parameters": net.activation_parameters}
            for net, _ in document.networks
        ],
        "outputs": _outputs(document),
        "target": document.target,
        "params": encoded(np.concatenate([params.astype("<f4") for _, params in document.networks])),
    }
    parts = {
        "title": escape(visible(title if title is not None else f"A {kind} from {document.n_inputs} columns")),
        "facts": f"{n_nets} network{'s' * (n_nets > 1)}, {n_weights:,} weights and biases",
        "style": style(["base", "table"]),
        "script": script(["network", *(["functions"] if rare else []), "dom", "encoder", "table"]),
        "model": as_json(described),
    }
    return Document("table.html", parts)


def _outputs(document: ModelDocument) -> list[str]:
    net = document.net
    if document.labels is not None:
        return [visible(label) for label in document.labels.classes.tolist()]
    if isinstance(net.loss_parameter, tuple):
        return [f"quantile {level:g}" for level in net.loss_parameter]
    return [f"quantile {net.loss_parameter:g}" if net.loss == "quantile" else "prediction"]


def _columns(document: ModelDocument) -> list[dict[str, Any]]:
    """Return the columns: their names, and what the encoder has learnt about them."""
    texts = document.feature_names
    names = [f"column {i}" for i in range(document.n_inputs)] if texts is None else texts.tolist()
    columns: list[dict[str, Any]] = []
    for name, one in zip(names, document.columns or (), strict=True):
        column: dict[str, Any] = {"name": visible(name), "kind": one.kind, "n": one.n}
        if one.kind == "number":
            column |= {"centre": one.centre, "scale": one.scale, "edges": one.edges.tolist(), "missing": one.missing}
        elif one.kind == "category":
            column |= _categories(one.categories or [])
        columns.append(column)
    return columns


def _categories(values: Sequence[object]) -> dict[str, Any]:
    """Return the choices of a column, in the order of their codes, and the code of a missing value."""
    missing = values.index(None) if None in values else -1
    return {"choices": [None if value is None else visible(value) for value in values], "missing": missing}
