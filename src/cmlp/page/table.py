"""The page of a table's model: a field for each column, the prediction, and how it changes with each column."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.page.assembly import Document, as_json, script, style
from cmlp.page.description import MOST_FIELDS, RARE_ACTIVATIONS, encoded, require_shown, visible

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from cmlp.files.tables import TableContent

MOST_WEIGHTS = 2_000_000  # of all networks: 11 MB of text, and 2 ms for a prediction


class TablePage(Document):
    """The page of an estimator for tables.

    Parameters
    ----------
    content : TableContent
        What the estimator consists of.
    title : str or None
        The heading; None for one that says what is predicted.
    """

    def __init__(self, content: TableContent, title: str | None = None) -> None:
        _refuse(content)
        n_weights, n_nets = sum(net.n_params for net, _ in content.nets), len(content.nets)
        rare = RARE_ACTIVATIONS.intersection(name for net, _ in content.nets for name in net.activations)
        kind = "number" if content.labels is None else "class"
        parts = {
            "title": escape(visible(title if title is not None else f"A {kind} from {len(content.columns)} columns")),
            "facts": f"{n_nets} network{'s' * (n_nets > 1)}, {n_weights:,} weights and biases",
            "style": style(["base", "table"]),
            "script": script(["network", *(["functions"] if rare else []), "dom", "encoder", "table"]),
            "model": as_json(_described(content)),
        }
        super().__init__("table.html", parts)


def write_table_page(content: TableContent, path: str | os.PathLike[str], title: str | None = None) -> TablePage:
    """Write the page of an estimator for tables to a file; see `TabularClassifier.to_html`."""
    page = TablePage(content, title)
    page.write(path)
    return page


def _refuse(content: TableContent) -> None:
    """Raise ValueError, with the reason, if the page cannot show the model."""
    n_weights = sum(net.n_params for net, _ in content.nets)
    counts = {"columns": (len(content.columns), MOST_FIELDS), "weights": (n_weights, MOST_WEIGHTS)}
    for net, params in content.nets:
        require_shown(net, params, counts)


def _described(content: TableContent) -> dict[str, Any]:
    """Return the description for the page's script."""
    return {
        "columns": _columns(content),
        "nets": [
            {"sizes": net.sizes, "activations": net.activations, "parameters": net.activation_parameters}
            for net, _ in content.nets
        ],
        "outputs": _outputs(content),
        "target": content.target,
        "params": encoded(np.concatenate([params.astype("<f4") for _, params in content.nets])),
    }


def _outputs(content: TableContent) -> list[str]:
    net = content.nets[0][0]
    if content.labels is not None:
        return [visible(label) for label in content.labels.classes.tolist()]
    if isinstance(net.loss_parameter, tuple):
        return [f"quantile {level:g}" for level in net.loss_parameter]
    return [f"quantile {net.loss_parameter:g}" if net.loss == "quantile" else "prediction"]


def _columns(content: TableContent) -> list[dict[str, Any]]:
    """Return the columns: their names, and what the encoder has learnt about them."""
    texts = content.feature_names
    names = [f"column {i}" for i in range(len(content.columns))] if texts is None else texts.tolist()
    columns: list[dict[str, Any]] = []
    numbers = content.numbers.tolist()
    for name, (kind, n, missing), values in zip(names, content.columns, content.categories, strict=True):
        column: dict[str, Any] = {"name": visible(name), "kind": kind, "n": n}
        if kind == "number":
            column |= {"centre": numbers[0], "scale": numbers[1], "edges": numbers[2 : 2 + n], "missing": missing}
            numbers = numbers[2 + n :]
        elif kind == "category":
            column |= _categories(values or [])
        columns.append(column)
    return columns


def _categories(values: Sequence[object]) -> dict[str, Any]:
    """Return the choices of a column, in the order of their codes, and the code of a missing value."""
    missing = values.index(None) if None in values else -1
    return {"choices": [None if value is None else visible(value) for value in values], "missing": missing}
