"""What records the fit of a table, with ``provenance=True``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmlp._data.checksums import hash_of_array
from cmlp._fit.provenance import hashes_of_texts, make_recorder

if TYPE_CHECKING:
    from cmlp._fit.fit import PreparedFit
    from cmlp._fit.fitted import Recorder
    from cmlp._tables.prepared_table import PreparedTable


def table_recorder(fit: PreparedFit, table: PreparedTable) -> Recorder:
    """Return the recorder of a prepared fit, from raw columns, targets as networks see them, and weights."""
    arrays = {}
    named = {"X": table.raw, "y": table.targets, "sample_weight": table.weight}
    for suffix, part in zip(("", "_val"), table.parts, strict=False):
        arrays.update(
            {name + suffix: array[part] for name, array in named.items() if array is not None}
        )
    # The names of groups decide nothing.
    if table.training_groups is not None:
        arrays["groups"] = table.training_groups.codes
    if table.groups is not None and len(table.parts) > 1:
        arrays["groups_val"] = table.groups.codes
    if table.times is not None:
        arrays["time"] = table.times.values
    columns = table.columns
    hashes = hashes_of_texts(
        fit.call.class_name, table.encoding.labels, columns.names, columns.categories
    ) | {name: hash_of_array(name, array) for name, array in arrays.items()}
    return make_recorder(fit, lambda: hashes)
