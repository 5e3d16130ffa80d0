"""What `fit` says of a table: a warning for some kinds of findings, and a note about others, which its report has."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from cmlp._data.array_types import AnyArray
from cmlp._data.labels import Labels
from cmlp._findings.checks import findings_of
from cmlp._findings.table import TARGET, CheckedTable
from cmlp._model.findings import Finding, Report, names_in_known
from cmlp._model.kinds_of_findings import KINDS, MARKS
from cmlp._process.printable import printable_message
from cmlp._process.warnings import Notices, warn, warn_of_data
from cmlp.exceptions import FindingsNote, OneClassWarning, UselessModelWarning, short_repr

_NOTES = Notices()  # those of each table, which are issued once
_USELESS = UselessModelWarning.code
_LEAST_CHANCE = 0.001  # of random rows that all have the same class


def tell(table: CheckedTable) -> Report:
    """Make the checks that need no further fit, warn of what they find, and return the report."""
    findings = [finding for found in findings_of(table) for finding in found]
    for finding in findings:
        category = KINDS[finding.code].warning
        if category is not None and finding.warning:
            warn_of_data(finding.warning, category, *finding.columns)
    reported = Report([one for one in findings if not one.warning])
    noted = [one.code for one in reported if one.weight is None or one.mark == MARKS[0]]
    if noted:
        n = f"{len(noted)} finding{'s' * (len(noted) > 1)}"
        text = f"{n} in model.report_: {', '.join(dict.fromkeys(noted))}"
        columns = hash(table.names(range(len(table.columns))))
        warn(text, FindingsNote, once=_NOTES, subject=f"{text} {columns}")
    return Report(findings, measured=False)


def warn_of_unknown_columns(table: CheckedTable) -> None:
    """Warn of what `known` says of columns that X does not have."""
    names = {TARGET, "groups", *table.names(range(len(table.columns)))}
    if table.groups is not None and table.groups.column is not None:
        names.add(table.groups.column)
    names = {*map(printable_message, names)}
    unknown = []
    for entry in sorted(table.silenced):
        code, colon, columns = entry.partition(":")
        if colon and code in KINDS and not _consists_of(columns, names):
            unknown.append(entry)
    if unknown:
        warn(
            f"known has {short_repr(unknown)}, but X has no such columns: look for a typing error."
        )


def _consists_of(text: str, names: AbstractSet[str]) -> bool:
    """Return whether a text has some of the names, separated by commas, which can be parts of names, too."""
    if text in names:
        return True
    begins = (name for name in names if text.startswith(f"{name},"))
    return any(_consists_of(text[len(name) + 1 :], names) for name in begins)


def with_verdict(report: Report, silenced: frozenset[str], *, is_useless: bool) -> Report:
    """Return the report with what only the model knows: whether it is no better than a constant."""
    others = [one for one in report if one.code != _USELESS]
    found = Finding(
        _USELESS,
        columns=(TARGET,),
        weight=None,
        evidence="the model is not clearly better than a constant answer",
        remedy="",
    )
    if is_useless and silenced.isdisjoint(names_in_known(found)):
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
