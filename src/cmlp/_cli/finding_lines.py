"""The table of findings as the command prints it, with options as remedies."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from cmlp._data.files.file_formats import stated
from cmlp._model.findings import Finding, Report
from cmlp._model.kinds_of_findings import TIME

# The option that leaves out a column, or names it, by the code of the finding.
_OPTIONS = {
    **dict.fromkeys(("leak", "group-column", "empty", "ids"), "--drop"),
    "groups": "--groups",
    TIME: "--time",
}


def finding_lines(report: Report, without: Collection[str] = ()) -> list[str]:
    """Return the lines of a table of findings but for some codes."""
    findings = [_in_shell(one) for one in report if one.code not in without]
    shown = Report(findings, complete=report.complete, measured=report.measured)
    return repr(shown).split("\n")


def _in_shell(finding: Finding) -> Finding:
    """Return a finding with its remedy as options of `cmlp train`, if there are such."""
    if finding.code == TIME and not finding.remedy.startswith("fit(X, y, time="):
        return replace(finding, remedy="--holdout last")
    if finding.code == "copies":
        return replace(finding, remedy="keep each row once, or --groups COLUMN")
    option = _OPTIONS.get(finding.code)
    if option is None:
        return finding
    return replace(finding, remedy=" ".join(stated(option, name) for name in finding.columns))
