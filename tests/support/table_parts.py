"""Parts of a table's model that tests change, or call on their own."""

from cmlp._estimators.certify import _TableJudge
from cmlp._model.calibration import SCALED_ERROR, factors_of
from cmlp._model.file import write_model

__all__ = ["factors_of", "table_judge", "write_with_widths"]


def write_with_widths(path, estimator, widths):
    """Write the file of a fitted regressor whose intervals have other widths; return its calibration."""
    model = estimator._trained()
    calibration = model.calibration._replace(kind=SCALED_ERROR, widths=widths)
    write_model(path, model.replace(calibration=calibration))
    return calibration


def table_judge(model):
    """Return what `certify` asks about boxes of a table's model."""
    return _TableJudge(model)
