"""Bad input of `cmlp.distributed`: one clear error that names its place, and the model stays as it was."""

import sys

import numpy as np
import pytest
from optional import package

import cmlp

X = np.random.default_rng(0).normal(size=(60, 3))
LABELS = np.arange(60) % 3


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        ImportError, match=r"cmlp.distributed needs distributed: pip install cmlp\[dask\]"
    ):
        cmlp.distributed.fit(cmlp.MLPClassifier(), [(X, LABELS)])
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(ImportError, match=r"cmlp.distributed needs dask: pip install cmlp\[dask\]"):
        cmlp.distributed.predict(cmlp.MLPClassifier(), X)


def model(**params):
    return cmlp.MLPClassifier(
        **{"hidden_layer_sizes": (4,), "max_iter": 1, "random_state": 0, **params}
    )


def refused(threads, message, rows, *arguments, error=ValueError, estimator=None, **keywords):
    """Check the error of a fit, and that the fitted model keeps its parameters."""
    estimator = model() if estimator is None else estimator
    with pytest.raises(error, match=message):
        cmlp.distributed.fit(estimator, rows, *arguments, **{"client": threads, **keywords})
    assert not hasattr(estimator, "coefs_")


def changed(values, index, value):
    values = np.array(values)
    values[index] = value
    return values


GOOD = (X, LABELS)
BAD_ROWS = [
    ([GOOD, (X[:, :2], LABELS)], r"In block 1: X has 2 features, but MLPClassifier is expecting 3"),
    ([GOOD, (X.astype("f4"), LABELS)], "In block 1: X is float32, but float64 in the first block"),
    (
        [GOOD, (X, LABELS[:9])],
        r"In block 1: Found input variables with inconsistent numbers of samples: \[60, 9\]",
    ),
    ([GOOD, (X[:, 0], LABELS)], "In block 1: Expected 2D array, got 1D array"),
    ([GOOD, (X, LABELS.astype(str))], "In block 1: y has text, but numbers in block 0"),
    ([GOOD, (X, changed(LABELS * 1.0, 7, np.nan))], "Input y contains NaN at row 7"),
    (
        [GOOD, (X, LABELS, np.ones(60))],
        "In block 1: Either all blocks must have sample weights, or none",
    ),
    ([GOOD, X], r"Block 1 must be \(X, y\) or \(X, y, sample_weight\), got ndarray"),
    ([GOOD, (changed(X, (5, 2), np.inf), LABELS)], "row 5, column 2 of block 1"),
    ([GOOD, (np.array([["a"]]), LABELS[:1])], "In block 1: .*"),
    ([(X[:0], LABELS[:0])], "X must have at least one row, got none"),
    ([], "X must have at least one row, got none"),
]


@pytest.mark.parametrize(("parts", "message"), BAD_ROWS, ids=[message for _, message in BAD_ROWS])
def test_bad_rows_are_named(threads, parts, message):
    refused(threads, message, parts)


def test_bad_targets_of_a_regressor_are_named(threads):
    parts = [(X, X[:, 0]), (X, changed(X[:, 0], 3, np.inf))]
    refused(
        threads,
        "In block 1: Input y contains infinity.* at row 3",
        parts,
        estimator=cmlp.MLPRegressor(max_iter=1),
    )
    parts = [(X, X[:, 0]), (X, X[:, :2])]
    refused(
        threads,
        "In block 1: y must have 1 outputs, got 2",
        parts,
        estimator=cmlp.MLPRegressor(max_iter=1),
    )


def test_arguments_that_do_not_fit_are_named(threads):
    da = package("dask.array")
    rows = da.from_array(X, chunks=20)
    refused(threads, "y must be passed if X is not a list", rows)
    refused(threads, "sample_weight must be part of the tuples", [GOOD], None, [np.ones(60)])
    refused(
        threads,
        "y must be a Dask array, a Dask data frame or a list of blocks, got ndarray",
        rows,
        LABELS,
        error=TypeError,
    )
    refused(threads, "X must be a Dask array, .* got ndarray", X, [LABELS], error=TypeError)
    refused(
        threads, r"y must have as many rows as X \(60\), got 50", rows, da.from_array(LABELS[:50])
    )
    refused(threads, r"y must have as many blocks as X \(1\), got 2", [X], [LABELS, LABELS])
    refused(threads, "shards needs comm, got 2: .* as fit_batches does", [GOOD], shards=2)
    refused(threads, "local=True needs comm", [GOOD], local=True)
    refused(
        threads,
        "keyword argument 'rounds'.* as fit_batches does",
        [GOOD],
        rounds=2,
        error=TypeError,
    )
    refused(
        threads,
        "keyword argument 'retries'.* as fit_batches does",
        [GOOD],
        retries=2,
        error=TypeError,
    )
    refused(
        threads, "'checkpoint'. Use the callback", [GOOD], checkpoint="model.cmlp", error=TypeError
    )
    refused(
        threads,
        "client must be a distributed.Client or None, got str",
        [GOOD],
        client="tcp://",
        error=TypeError,
    )


def test_parameters_that_need_all_rows_are_named(threads):
    refused(
        threads,
        "early_stopping=True needs X_val and y_val",
        [GOOD],
        estimator=model(early_stopping=True),
    )
    refused(
        threads,
        "fit_batches needs batches, but solver='lbfgs'",
        [GOOD],
        estimator=model(solver="lbfgs"),
    )
    mixed, weighted = [GOOD, (X, LABELS, np.ones(60))], model(class_weight={0: 1, 1: 2})
    refused(
        threads,
        "In block 1: Either all blocks must have sample weights, or none",
        mixed,
        estimator=weighted,
    )
    refused(
        threads,
        "class_weight='balanced' needs all labels",
        [GOOD],
        estimator=model(class_weight="balanced"),
    )
    with pytest.raises(
        TypeError, match="model must be an MLPClassifier or MLPRegressor, got Network"
    ):
        cmlp.distributed.fit(cmlp.Network([3, 2]), [GOOD], client=threads)


def test_fitted_model_stays_as_it_was(threads):
    fitted = model(tol=0, n_iter_no_change=float("inf")).fit(X, LABELS)
    before = fitted.coefs_[0].copy()
    with pytest.raises(ValueError, match="of block 1"):
        cmlp.distributed.fit(fitted, [GOOD, (X * np.nan, LABELS)], client=threads)
    assert (fitted.coefs_[0] == before).all()


def test_another_version_on_a_worker_is_named(threads, monkeypatch):
    submit = threads.submit

    def submitted(function, *arguments, **options):
        return submit(
            function,
            *["9.9" if value == cmlp.__version__ else value for value in arguments],
            **options,
        )

    monkeypatch.setattr(threads, "submit", submitted)
    refused(
        threads, "cmlp must have the same version everywhere, got .* on a worker, and 9.9", [GOOD]
    )


def test_errors_of_the_program_s_own_tasks_are_raised(threads):
    delayed = package("dask").delayed

    def broken():
        raise OSError("the file is gone")

    refused(threads, "the file is gone", [GOOD, delayed(broken)()], error=OSError)
