"""Parts of a table's model that tests change, or call on their own."""

from internals import fitted_of, model_of

from cmlp._data.disk import write_atomically
from cmlp._estimators import certify
from cmlp._findings import categories
from cmlp._fit.fitted import copy_with
from cmlp._model import table_columns
from cmlp._model.calibration import SCALED_ERROR, factors_of
from cmlp._model.file import model_file
from cmlp._tables import learn_columns
from cmlp._tables.fit_table import prepare_table_fit
from cmlp._tables.table_call import table_call

__all__ = [
    "factors_of",
    "inputs_of_fit",
    "limit_boxes",
    "list_at_most",
    "table_judge",
    "with_statistics",
    "write_with_widths",
]


def write_with_widths(path, estimator, widths):
    """Write the file of a fitted regressor whose intervals have other widths; return its calibration."""
    model = model_of(estimator)
    calibration = model.calibration._replace(kind=SCALED_ERROR, widths=widths)
    write_atomically(path, model_file(model.replace(calibration=calibration)))
    return calibration


def table_judge(model):
    """Return what `certify` asks about boxes of a table's model."""
    return certify._TableJudge(model)


def limit_boxes(monkeypatch, n):
    """Let `certify` judge at most n boxes of a row."""
    monkeypatch.setattr(certify, "MOST_BOXES", n)


def list_at_most(monkeypatch, n, *, warns=False):
    """Let models list at most the n most frequent categories of a column, also with a warning."""
    for module in (learn_columns, table_columns, *[categories] * warns):
        monkeypatch.setattr(module, "MAX_CATEGORIES", n)


def inputs_of_fit(estimator, *, training, groups=(None, None), validation=(None, None, None)):
    """Return the inputs of networks without bins in a fit, of all rows."""
    return prepare_table_fit(table_call(estimator, training, validation, groups)).table.without_bins


def with_statistics(estimator, **changes):
    """Return a copy of a fitted estimator whose first column has changed statistics."""
    model = model_of(estimator)
    first, *others = model.columns
    first = first._replace(statistics=first.statistics._replace(**changes))
    columns = table_columns.TableColumns([first, *others], model.columns.names)
    return copy_with(estimator, fitted_of(estimator)._replace(model=model.replace(columns=columns)))
