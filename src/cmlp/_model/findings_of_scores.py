"""What the scores of a model tell, in findings of `fit` and `calibrate`: classes that no set names, and few groups."""

from __future__ import annotations

from cmlp._data.labels import Labels
from cmlp._model.calibration import Calibration, class_names, listed_classes
from cmlp._model.findings import Finding, Report, names_in_known
from cmlp._model.kinds_of_findings import COVERAGE
from cmlp._model.model import TableModel
from cmlp._process.warnings import Notices, warn_of_data
from cmlp.exceptions import UncoveredClassWarning

_CODE = UncoveredClassWarning.code
_FEW_GROUPS = "few-groups"
_ENOUGH_GROUPS = 20
_LACK = 0.06  # of the coverage, in a tenth of the fits with fewer groups: `benchmarks groups`
_TARGET = "y"
_REMEDY = "predict_set(X, by_class=True)"


def warn_of_uncovered(
    calibration: Calibration, coverage: float, labels: Labels, notices: Notices
) -> None:
    """Warn of classes that no set of this coverage names, once."""
    names = class_names(labels)
    found = [names[k] for k in calibration.uncovered(coverage, len(names))]
    if found and notices.is_first(f"no set of {coverage} has {', '.join(found)}"):
        warn_of_data(
            f"Sets of coverage={coverage} named these classes for none of their rows outside the training: "
            f"{listed_classes(found)}. The coverage is that of all rows together; {_REMEDY} has it for each class.",
            UncoveredClassWarning,
            _TARGET,
        )


def with_findings_of_scores(model: TableModel, silenced: frozenset[str]) -> TableModel:
    """Return the model with what only its calibration knows in its report: classes in no set, and few groups."""
    report, calibration = model.report, model.calibration
    if report is None or calibration is None:
        return model
    findings = [one for one in report if one.code not in (_CODE, _FEW_GROUPS)]
    for found in (_uncovered(calibration, model.labels), _few_groups(calibration)):
        if found is not None and silenced.isdisjoint(names_in_known(found)):
            findings.append(found)
    return model.replace(
        report=Report(findings, complete=report.complete, measured=report.measured)
    )


def _uncovered(calibration: Calibration, labels: Labels | None) -> Finding | None:
    """Return the finding of classes that no set names; None without such."""
    if labels is None:
        return None
    n_classes = len(class_names(labels))
    n_found = len(calibration.uncovered(COVERAGE, n_classes))
    if not n_found:
        return None
    evidence = f"sets of {COVERAGE} name {n_found} of {n_classes} classes for none of its rows"
    # The remedy covers so much of these classes, of which nothing is covered: 0.90 and 0.91 of a
    # class in `benchmarks coverage`.
    return Finding(_CODE, (_TARGET,), COVERAGE, evidence, _REMEDY)


def _few_groups(calibration: Calibration) -> Finding | None:
    """Return the finding of scores that are of few groups; None otherwise."""
    groups = calibration.groups
    if groups is None or groups.n >= _ENOUGH_GROUPS:
        return None
    evidence = (
        f"intervals and sets follow from {groups.n} groups: with so few, a tenth of the models cover less than "
        f"{COVERAGE - _LACK:.2f} instead of {COVERAGE}"
    )
    remedy = f"calibrate(X, y, groups=...) with {_ENOUGH_GROUPS} other groups, or a larger coverage"
    return Finding(_FEW_GROUPS, (groups.column or "groups",), _LACK, evidence, remedy)
