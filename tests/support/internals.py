"""What tests read or change of a fitted estimator that has no public name; no test reads private attributes itself."""

from cmlp._estimators.fitted import FITTED, fitted_of, provenance_of
from cmlp._model.model import model_of

__all__ = [
    "changed",
    "fitted_of",
    "model_of",
    "options_of",
    "provenance_of",
    "put_fitted",
    "raw_rows",
    "state_of",
]


def options_of(estimator):
    """Return the checked parameters of an estimator."""
    return estimator._options()


def state_of(estimator):
    """Return the training state of a fitted estimator with one network."""
    return fitted_of(estimator).state


def raw_rows(estimator, X):
    """Return the rows of X as the model of a table reads them."""
    return estimator._rows_of(model_of(estimator), X)[0]


def put_fitted(estimator, fitted):
    """Let an estimator have what another fit has left."""
    setattr(estimator, FITTED, fitted)


def changed(estimator, **fields):
    """Return an estimator after other values have replaced fields of its trained model."""
    model = model_of(estimator).replace(**fields)
    put_fitted(estimator, fitted_of(estimator)._replace(model=model))
    return estimator
