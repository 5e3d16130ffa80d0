"""What tests read or change of a fitted estimator that has no public name; no test reads private attributes itself."""

import copy

from cmlp._findings import checks
from cmlp._fit.fit_network import network_call
from cmlp._fit.fitted import RESULT, fitted_of, provenance_of
from cmlp._fit.recipe import RECIPE
from cmlp._model.kinds_of_findings import KINDS
from cmlp._model.model import model_of
from cmlp._model.probabilities import (
    HeldOutScores,
    Scores,
    are_calibrated,
    learned_slope,
    networks_as_trained,
)
from cmlp._process.warnings import Notices

__all__ = [
    "KINDS",
    "RECIPE",
    "HeldOutScores",
    "Notices",
    "Scores",
    "are_calibrated",
    "changed",
    "fitted_of",
    "learned_slope",
    "leave_out_checks_that_raise",
    "make_checks",
    "model_of",
    "networks_as_trained",
    "options_of",
    "provenance_of",
    "put_result",
    "raw_rows",
    "state_of",
    "trained_by",
    "without_slope",
]


def leave_out_checks_that_raise(errors):
    """Let checks of tables be left out if they raise one of some exceptions; others end the call."""
    checks.LEFT_OUT = errors


def make_checks(monkeypatch, *made):
    """Let these functions be the checks of tables, which are left out if they raise, as for users."""
    monkeypatch.setattr(checks, "LEFT_OUT", (Exception,))
    monkeypatch.setattr(checks, "CHECKS", made)


def options_of(estimator):
    """Return the checked parameters of a fit of an estimator of one network."""
    return network_call(estimator).options


def state_of(estimator):
    """Return the training state of a fitted estimator with one network."""
    return fitted_of(estimator).state


def raw_rows(estimator, X):
    """Return the rows of X as the model of a table reads them."""
    return estimator._rows_of(model_of(estimator), X)[0]


def put_result(estimator, fitted):
    """Let an estimator have what another fit has left."""
    setattr(estimator, RESULT, fitted)


def changed(estimator, **fields):
    """Return an estimator after other values have replaced fields of its trained model."""
    model = model_of(estimator).replace(**fields)
    put_result(estimator, fitted_of(estimator)._replace(model=model))
    return estimator


def without_slope(estimator):
    """Return a copy of a classifier for tables that `fit` would have left if it gave the scores no slope."""
    trained = networks_as_trained(model_of(estimator))
    return changed(copy.copy(estimator), networks=trained, fitted_outputs=None, slope=None)


def trained_by(estimator, number, version):
    """Let an estimator have been trained by another recipe."""
    put_result(estimator, fitted_of(estimator)._replace(recipe=f"{number} {version}"))
    return estimator
