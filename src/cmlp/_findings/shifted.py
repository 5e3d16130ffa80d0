"""X and y that are shifted by a row."""

from __future__ import annotations

from collections.abc import Iterator

from cmlp._data.shifted_rows import UNLESS, evidence_of_shift
from cmlp._findings.table import TARGET, CheckedTable
from cmlp._model.findings import Finding


def check_shifted_rows(table: CheckedTable) -> Iterator[Finding]:
    """Find out whether X fits the y of the next or the last row far better than its own."""
    evidence = evidence_of_shift(table.raw, table.y)
    if evidence:
        remedy = f"pass X and y of the same rows, {UNLESS}"
        yield Finding("shifted", columns=(TARGET,), weight=None, evidence=evidence, remedy=remedy)
