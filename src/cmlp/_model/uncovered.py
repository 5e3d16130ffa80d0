"""Classes that no set names: the warning of `predict_set`, and the finding of `fit` and `calibrate`."""

from __future__ import annotations

from cmlp._data.labels import Labels
from cmlp._model.calibration import Calibration, class_names, listed_classes
from cmlp._model.findings import Finding, Report, names_in_known
from cmlp._model.kinds_of_findings import COVERAGE
from cmlp._model.model import TableModel
from cmlp._process.warnings import Notices, warn_of_data
from cmlp.exceptions import UncoveredClassWarning

_CODE = UncoveredClassWarning.code
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


def with_uncovered(model: TableModel, silenced: frozenset[str]) -> TableModel:
    """Return the model with what only its sets know in its report: classes that none of them names."""
    report, calibration = model.report, model.calibration
    if report is None or calibration is None or model.labels is None:
        return model
    findings = [one for one in report if one.code != _CODE]
    n_classes = len(class_names(model.labels))
    n_found = len(calibration.uncovered(COVERAGE, n_classes))
    if n_found:
        evidence = f"sets of {COVERAGE} name {n_found} of {n_classes} classes for none of its rows"
        # The remedy covers so much of these classes, of which nothing is covered: 0.90 and 0.91 of a
        # class in `benchmarks coverage`.
        found = Finding(_CODE, (_TARGET,), COVERAGE, evidence, _REMEDY)
        if silenced.isdisjoint(names_in_known(found)):
            findings.append(found)
    return model.replace(
        report=Report(findings, complete=report.complete, measured=report.measured)
    )
