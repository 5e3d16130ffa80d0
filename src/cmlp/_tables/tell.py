"""What `fit` says of a table: a warning for some kinds of findings, and a note about others, which its report has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp._findings.checks import findings_of
from cmlp._findings.table import TARGET
from cmlp._model.findings import Finding, Report
from cmlp._model.kinds_of_findings import KINDS, MARKS
from cmlp._process.warnings import Notices, warn, warn_of_data
from cmlp.exceptions import FindingsNote, OneClassWarning, UselessModelWarning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._data.array_types import AnyArray
    from cmlp._data.labels import Labels
    from cmlp._findings.table import Table

_NOTES = Notices()  # those of each table, which are issued once
_USELESS = UselessModelWarning.code
_LEAST_CHANCE = 0.001  # of random rows that all have the same class


def tell(table: Table) -> Report:
    """Make the checks that need no further fit, warn of what they find, and return the report."""
    findings = [finding for found in findings_of(table) for finding in found]
    for finding in findings:
        category = KINDS[finding.code].warning
        if category is not None:
            warn_of_data(finding.warning, category, *finding.columns)
    report = Report(findings, measured=False)
    noted = [
        one.code
        for one in report
        if KINDS[one.code].warning is None and (one.weight is None or one.mark == MARKS[0])
    ]
    if noted:
        n = f"{len(noted)} finding{'s' * (len(noted) > 1)}"
        text = f"{n} in model.report_: {', '.join(dict.fromkeys(noted))}"
        columns = table.names(range(len(table.columns)))
        warn(text, FindingsNote, once=_NOTES, subject=f"{text} of {columns}")
    return report


def with_verdict(report: Report, known: Sequence[str], *, is_useless: bool) -> Report:
    """Return the report with what only the model knows: whether it is no better than a constant."""
    others = [one for one in report if one.code != _USELESS]
    found = Finding(
        _USELESS, (TARGET,), None, "the model is not clearly better than a constant answer", ""
    )
    if is_useless and _USELESS not in known:
        others.append(found)
    return Report(others, measured=report.measured)


def warn_of_one_class(labels: Labels, classes: AnyArray, classes_val: AnyArray) -> None:
    """Warn if validation rows are all of one class, which is not by chance. Both are class indices."""
    first = classes_val[0]
    if (classes_val != first).any():
        return
    if np.mean(classes == first) ** len(classes_val) > _LEAST_CHANCE:
        return
    warn_of_data(
        f"y_val has the label {labels.classes.tolist()[first]!r} alone, so errors and sets that "
        "are measured with it say little. If the rows are sorted by y, choose validation rows at "
        "random, or leave out X_val.",
        OneClassWarning,
    )
