"""`Finding` and `Report`: what is probably wrong with a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

from cmlp._model.kinds_of_findings import KINDS, MARKS, mark_of
from cmlp._process.printable import printable_message

_SHOWN = 3  # columns in a table
_HEADS = ("", "finding", "columns", "evidence", "remedy")
_NOTHING = "nothing found"
_N_STORED = 5  # values of a finding in a file


@dataclass(frozen=True)
class Finding:
    """Something that is probably wrong with a table, and its remedy.

    Attributes
    ----------
    code : str
        The kind of finding, such as ``"leak"``.
    columns : tuple of str
        The columns that it concerns; ``"y"`` for the target.
    weight : float or None
        The measured harm, from 0 to 1: the share of the error, of the coverage or of the width of intervals that the
        remedy changes. 1 if y follows from the columns; None if nothing was measured.
    evidence : str
        What was found, without values of cells.
    remedy : str
        What to do, in code where that is possible; "" if nothing is known.
    warning : str
        What `fit` says if it warns of the kind, with values of cells; "" in reports.
    """

    code: str
    columns: tuple[str, ...]
    weight: float | None
    evidence: str
    remedy: str
    warning: str = field(default="", repr=False, compare=False)

    @property
    def mark(self) -> str:
        """How grave it is: ``"!!"``, ``"!"`` or ``"."``."""
        return mark_of(self.code, self.weight)

    def to_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        return {
            "mark": self.mark,
            "code": self.code,
            "columns": list(self.columns),
            "weight": self.weight,
            "evidence": self.evidence,
            "remedy": self.remedy,
        }


class Report(Sequence[Finding]):
    """The findings of a table, the gravest first: a table in terminals and notebooks.

    Attributes
    ----------
    findings : tuple of Finding
    complete : bool
        Whether all checks were made; False after Ctrl-C.
    measured : bool
        Whether checks were made that fit small models. `fit` makes only the others.
    """

    def __init__(
        self, findings: Iterable[Finding] = (), *, complete: bool = True, measured: bool = True
    ) -> None:
        self.findings = tuple(sorted(map(_reported, findings), key=_order))
        self.complete = complete
        self.measured = measured

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, index: int | slice) -> Finding | tuple[Finding, ...]:
        """Return a finding, or some of them."""
        return self.findings[index]

    def __len__(self) -> int:
        """Return the number of findings."""
        return len(self.findings)

    def __eq__(self, other: object) -> bool:
        """Return whether two reports have the same findings."""
        if not isinstance(other, Report):
            return NotImplemented
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # as of other sequences that compare their entries

    def __repr__(self) -> str:
        """Return a table for a terminal."""
        rows = [_HEADS, *self._rows()]
        if len(rows) == 1:
            return "\n".join([_NOTHING, *self._notes()])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, *self._notes()])

    def _repr_html_(self) -> str:
        from html import escape

        def row_of(cells: Iterable[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        notes = "".join(f"<p>{escape(note)}</p>" for note in self._notes())
        rows = self._rows()
        if not rows:
            return f"<p>{_NOTHING}</p>{notes}"
        body = "".join(row_of(row, "td") for row in rows)
        return f"<table><thead>{row_of(_HEADS, 'th')}</thead><tbody>{body}</tbody></table>{notes}"

    def _rows(self) -> list[tuple[str, ...]]:
        rows = [
            (one.mark, one.code, listed(one.columns), one.evidence, one.remedy)
            for one in self.findings
        ]
        return [tuple(" ".join(printable_message(cell).split()) for cell in row) for row in rows]

    def _notes(self) -> list[str]:
        notes = []
        if not self.measured:
            notes.append(
                "Not measured: cmlp.examine and `cmlp examine` fit small models to 40 rows or more."
            )
        if not self.complete:
            notes.append("Interrupted: not all checks were made.")
        return notes

    def to_dict(self) -> dict[str, object]:
        """Return the report as the values of JSON: its findings, and whether it is complete and measured."""
        return {
            "findings": [one.to_dict() for one in self.findings],
            "complete": self.complete,
            "measured": self.measured,
        }

    def to_json(self) -> str:
        """Return the report as JSON.

        Returns
        -------
        str
        """
        import json  # loading a model must not take its time

        return json.dumps(self.to_dict(), indent=2)


def names_in_known(finding: Finding) -> tuple[str, str]:
    """Return what can stand in `known` for a finding: its code, and its code with its columns, as in "leak:a,b".

    The columns are as warnings print them.
    """
    return finding.code, printable_message(f"{finding.code}:{','.join(finding.columns)}")


def brief(finding: Finding) -> str:
    """Return the mark, the code and the columns of a finding."""
    columns = f": {listed(finding.columns)}" if finding.columns else ""
    return f"{finding.mark} {finding.code}{columns}"


def stored_report(report: Report) -> dict[str, object]:
    """Return what a model file and a pickle have of a report: numbers, text and lists."""
    findings = [
        [one.code, list(one.columns), one.weight, one.evidence, one.remedy] for one in report
    ]
    return {"findings": findings, "complete": report.complete, "measured": report.measured}


def report_of_stored(findings: object, complete: object, measured: object) -> Report:
    """Return the report of what `stored_report` returned; raises ValueError if it cannot be that."""
    entries = findings if isinstance(findings, (list, tuple)) else [None]
    if not isinstance(complete, bool) or not isinstance(measured, bool):
        raise ValueError("the report must say whether it is complete and measured")
    return Report(map(_stored_finding, entries), complete=complete, measured=measured)


def _stored_finding(entry: object) -> Finding:
    """Return the finding of an entry of a file; raises ValueError if it is none."""
    if isinstance(entry, (list, tuple)) and len(entry) == _N_STORED:
        code, columns, weight, evidence, remedy = entry
        texts = [
            code,
            evidence,
            remedy,
            *(columns if isinstance(columns, (list, tuple)) else [None]),
        ]
        is_number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
        if {*map(type, texts)} == {str} and (weight is None or (is_number and 0 <= weight <= 1)):
            return Finding(
                code, columns=tuple(columns), weight=weight, evidence=evidence, remedy=remedy
            )
    raise ValueError("the report has an entry that is no finding")


def _reported(finding: Finding) -> Finding:
    """Return a finding as reports have it: without cells, and with a number of Python as its weight."""
    weight = None if finding.weight is None else float(finding.weight)
    return replace(finding, weight=weight, warning="")


def listed(columns: Sequence[str]) -> str:
    """Return the first columns, and how many there are if some are left out."""
    if len(columns) <= _SHOWN:
        return ", ".join(columns)
    return f"{', '.join(columns[: _SHOWN - 1])}, … ({len(columns)})"


def _order(finding: Finding) -> tuple[int, float, int]:
    """Return the key by which findings are sorted: their mark, their weight, the order of the kinds."""
    weight = 1.0 if finding.weight is None else finding.weight
    codes = [*KINDS]
    place = codes.index(finding.code) if finding.code in KINDS else len(codes)
    return MARKS.index(finding.mark), -weight, place


for _class in (Finding, Report):
    _class.__module__ = "cmlp"
