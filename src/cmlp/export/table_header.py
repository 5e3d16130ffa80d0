"""Write an estimator for tables as a C header."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp import _core
from cmlp.export.c_header import CHECK_USAGE, CHeader, Text, assembled, described_layers, text_usage, texts_of, write
from cmlp.export.c_table import (
    TABLE_OPENING,
    Table,
    encodings_of,
    table_body,
    table_constants_size,
    table_outputs,
    table_stack_size,
)
from cmlp.export.c_text import prefix_of

if TYPE_CHECKING:
    import os
    from typing import TextIO

    from cmlp.export.c_table import Predict
    from cmlp.files.tables import TableContent


_CODE = "2 to 3 KB of code and the compiler's arithmetic in double"


def write_table_header(
    content: TableContent, predict: Predict, path: str | os.PathLike[str] | TextIO, *, name: str | None
) -> CHeader:
    """Write a fitted estimator as a C header; see `TabularClassifier.to_c`.

    `predict` returns the outputs of the model for raw rows of shape (n_rows, n_columns).
    """
    prefix = prefix_of(name, path)
    if not all(np.isfinite(params).all() for _, params in content.nets):
        raise ValueError("a weight is NaN or infinite: such a model cannot be exported")
    columns = _core.Columns(content.columns, content.numbers)
    encodings = encodings_of(content, (columns.width(False), columns.width(True)))
    table = Table(content, encodings, predict, table_outputs(content), prefix)
    header = CHeader(prefix, table_constants_size(content), table_stack_size(table))
    write(path, assembled(_text(table, header)))
    return header


def _text(table: Table, header: CHeader) -> Text:
    content, outputs = table.content, table.outputs
    categories = any(values is not None for values in content.categories)
    usage = [
        ("predict(x, output)", f"{outputs.meaning} of a raw row x, as doubles"),
        *([("classify(x)", "the index of the predicted class")] if outputs.classify else []),
        *([("category(column, name)", "the code of a category for a row")] if categories else []),
        CHECK_USAGE,
        *text_usage(content.labels, content.feature_names, "a column"),
    ]
    about = [
        "",
        "A row has a double for each column, in the order of fit: a number, NaN if it is missing, or the code of a",
        "category. No number is infinite. A column is counted from 0.",
    ]
    model = [
        f"{len(content.nets)} neural networks for a table, written by cmlp {_core.__version__}. Do not edit.",
        "",
        f"Columns: {len(content.columns)}. Layers: {_inputs(table)} inputs, {described_layers(table.first.net)}.",
    ]
    sizes = len(content.columns), outputs.n
    texts = texts_of(content.labels, content.feature_names, header.name, "a column")
    return Text(header, model, usage, about, _CODE, "250 bytes", sizes, TABLE_OPENING, table_body(table), texts)


def _inputs(table: Table) -> str:
    return " or ".join(str(encoding.n_inputs) for encoding in table.encodings)
