"""The checks of a table, in the order in which they are made, and what of their findings is said.

To add one, write a generator function `(table: CheckedTable) -> Iterator[Finding]` in the file of its subject, enter
it in `CHECKS`, and its code in `KINDS` if that is new. A check yields one finding for all columns with the same remedy,
leaves out columns that are not `table.candidates(code)`, and fits small models only if `table.measures`. Numbers of
which it takes squares are `in_unit` before, so that no infinity or NaN reaches LAPACK, which may loop on these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from cmlp._findings.categories import (
    check_categories,
    check_empty,
    check_spellings,
)
from cmlp._findings.codes import check_codes, check_stated_codes
from cmlp._findings.copies import check_copied_rows
from cmlp._findings.counts import check_counts
from cmlp._findings.formulas import check_formulas
from cmlp._findings.ids import check_row_numbers
from cmlp._findings.leaks import check_copies, check_functions, check_missing
from cmlp._findings.made_of_y import check_means, check_next_rows
from cmlp._findings.nominal import check_nominal
from cmlp._findings.repeated import check_groups_in_inputs, check_repeated_rows
from cmlp._findings.shifted import check_shifted_rows
from cmlp._findings.table import CheckedTable
from cmlp._findings.texts import check_labels, check_numbers_of_dates
from cmlp._findings.times import check_ascending_times
from cmlp._findings.units import check_units
from cmlp._model.findings import Finding, names_in_known
from cmlp._model.kinds_of_findings import KINDS

Check: TypeAlias = Callable[[CheckedTable], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_categories,
    check_numbers_of_dates,
    check_labels,
    check_empty,
    check_spellings,
    check_copies,
    check_functions,
    check_missing,
    check_formulas,
    check_means,
    check_next_rows,
    check_row_numbers,
    check_copied_rows,
    check_groups_in_inputs,
    check_repeated_rows,
    check_ascending_times,
    check_shifted_rows,
    check_counts,
    check_units,
    check_nominal,
    check_codes,
    check_stated_codes,
)


# What a check may raise without ending `fit`. The tests of cmlp let it end them.
LEFT_OUT: tuple[type[Exception], ...] = (Exception,)


def findings_of(table: CheckedTable) -> Iterator[list[Finding]]:
    """Make each check; yield what is said of its findings."""
    for check in CHECKS:
        yield [finding for finding in _found_by(check, table) if _is_said(finding, table)]


def _found_by(check: Check, table: CheckedTable) -> list[Finding]:
    """Make a check. An error in it becomes a finding: it must not end a fit, which does not depend on the check."""
    found = []
    try:
        # The difference of two numbers can overflow to infinity, whose sign is right.
        with np.errstate(over="ignore", under="ignore"):
            for finding in check(table):
                found.append(finding)
    except MemoryError:
        raise
    except LEFT_OUT as error:
        evidence = f"{check.__name__} raised {type(error).__name__}, and was left out"
        remedy = "report it with the ranges of the columns: it is a bug of cmlp"
        found.append(
            Finding("unchecked", columns=(), weight=None, evidence=evidence, remedy=remedy)
        )
    return found


def _is_said(finding: Finding, table: CheckedTable) -> bool:
    """Return whether a finding is grave enough, matters for the use of the model, and is not known."""
    kind = KINDS[finding.code]
    return (
        (finding.weight is None or finding.weight >= kind.limit)
        and (table.use is None or kind.use in (None, table.use))
        and table.silenced.isdisjoint(names_in_known(finding))
    )
