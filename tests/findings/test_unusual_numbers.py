"""Numbers of any size in the checks of tables, and checks that raise an error."""

import numpy as np
import pytest
from internals import make_checks

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp import __main__ as cli

N = 150
RNG = np.random.default_rng(0)
SHARE, NORMAL = RNG.random(N), RNG.normal(size=N)
QUICK = {"n_estimators": 1, "hidden_layer_sizes": (4,), "n_epochs": 1, "random_state": 0}
COLUMNS = {
    "tiny": SHARE * 1e-200,
    "subnormal": np.round(50 * SHARE) * 5e-324,
    "huge": NORMAL * 1e200,
    "largest": NORMAL / np.abs(NORMAL).max() * 1.79e308,
    "huge and missing": np.where(SHARE < 0.2, np.nan, NORMAL * 1e200),
    "huge and whole": np.arange(N) * 1e305,
    "huge and few": np.round(5 * SHARE) * 1e200,
    "huge and alike": 1e200 + SHARE * 1e190,
    "huge and tiny": np.where(SHARE < 0.9, NORMAL * 1e-300, 1e300),
}
TARGETS = {
    "numbers": NORMAL,
    "large": NORMAL * 1e149,
    "tiny": NORMAL * 1e-200,
    "classes": np.arange(N) % 2 == 0,
}


@pytest.fixture
def lapack(monkeypatch):
    """Refuse NaN and infinity in calls of LAPACK, which may loop on them and ignore Ctrl-C."""

    def guarded(function):
        def call(*arrays, **options):
            assert all(np.isfinite(array).all() for array in arrays)
            return function(*arrays, **options)

        return call

    for name in ("lstsq", "solve", "inv"):
        monkeypatch.setattr(np.linalg, name, guarded(getattr(np.linalg, name)))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("column", COLUMNS)
def test_numbers_of_any_size_end_no_check(lapack, column, target):
    y = TARGETS[target]
    X = np.stack([COLUMNS[column], RNG.normal(size=N), COLUMNS["largest"]], axis=1)
    cmlp.examine(X, y)
    (TabularClassifier if target == "classes" else TabularRegressor)(**QUICK).fit(X, y)


@pytest.mark.parametrize("unit", [1e-310, 1e-200, 1.0, 1e149])
def test_a_sum_is_found_in_any_unit(lapack, unit):
    parts = RNG.random((N, 2)) * unit
    X = np.column_stack([parts, COLUMNS["largest"]])
    found = [(one.code, one.columns) for one in cmlp.examine(X, parts.sum(axis=1))]
    assert found == [("leak", ("x0", "x1"))]


@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e145])
def test_a_column_with_which_y_rises_and_a_time_are_found_in_any_unit(unit):
    noise = 1 + 1e-3 * RNG.normal(size=N)
    X = np.stack([RNG.normal(size=N) * 1e300, COLUMNS["largest"]], axis=1)
    (rises,) = cmlp.examine(X, X[:, 0] / 1e300 * noise * unit)
    assert (rises.code, rises.columns) == ("leak", ("x0",))
    X[:, 0] = 1900 + np.arange(N) // 2
    (time,) = cmlp.examine(X, np.arange(N) * unit * (1 + 0.1 * RNG.normal(size=N)))
    assert (time.code, time.columns) == ("time", ("x0",))


def test_the_rows_of_a_page_have_finite_weights(lapack, tmp_path):
    X = np.stack([COLUMNS["largest"], NORMAL], axis=1)
    model = TabularRegressor(**QUICK, keep_background=20).fit(X, TARGETS["large"])
    model.to_html(tmp_path / "page.html")


# ------------------------------------------------------------------------------------------- checks that raise


def fails(table):
    yield cmlp.Finding("ids", ("x0",), None, "found before", "")
    raise FloatingPointError("with values of cells")


def finds(table):
    yield cmlp.Finding("ids", ("x1",), None, "found after", "")


def test_a_check_that_raises_is_left_out_and_named(monkeypatch, tmp_path, capsys):
    make_checks(monkeypatch, fails, finds)
    X = np.stack([NORMAL, SHARE], axis=1)
    report = cmlp.examine(X, NORMAL)
    assert [(one.code, one.columns) for one in report] == [
        ("ids", ("x0",)),
        ("ids", ("x1",)),
        ("unchecked", ()),
    ]
    assert report[2].evidence == "fails raised FloatingPointError, and was left out"
    with pytest.warns(
        cmlp.exceptions.FindingsNote, match="3 findings in model.report_: ids, unchecked"
    ):
        model = TabularRegressor(**QUICK).fit(X, NORMAL)
    assert model.report_[2] == report[2]
    silent = TabularRegressor(**QUICK, known=["unchecked"]).fit(X, NORMAL)
    assert "unchecked" not in {one.code for one in silent.report_}
    path = tmp_path / "rows.csv"
    np.savetxt(path, np.column_stack([X, NORMAL]), header="a,b,y", comments="", delimiter=",")
    assert cli.main(["examine", str(path), "--target", "y"]) == 0
    assert "unchecked" in capsys.readouterr().out


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_what_is_no_fault_of_a_check_ends_the_fit(monkeypatch, error):
    def ends(table):
        raise error
        yield

    make_checks(monkeypatch, ends)
    with pytest.raises(error):
        TabularRegressor(**QUICK).fit(NORMAL[:, None], NORMAL)
