"""Columns from which y follows: what `examine` says of them, and of those that are no leaks."""

import warnings

import numpy as np
import pytest
from optional import package

import cmlp

N = 240
rng = np.random.RandomState(0)
A, B, C = rng.standard_normal((3, N))
KIND = rng.choice(["red", "green", "blue"], N)
CODE = rng.permutation(N) // 4  # of 60 values


def leaks(y, **columns):
    """Return the columns of the findings of leaks, and of sums of many columns."""
    frame = package("pandas").DataFrame({"kind": KIND} | columns)
    return [
        (one.code, one.columns) for one in cmlp.examine(frame, y) if one.code in ("leak", "linear")
    ]


# ------------------------------------------------------------------------------------------------------------- sums


@pytest.mark.parametrize("noise, is_named", [(0.0, True), (0.003, True), (0.05, False)])
def test_a_total_beside_its_parts_is_named(noise, is_named):
    y = A + 2 * B + noise * rng.standard_normal(N)
    assert leaks(y, a=A, b=B, c=y + C) == [("leak", ("a", "b"))] * is_named


def test_five_columns_are_a_leak_and_six_a_finding_without_a_warning():
    pandas = package("pandas")
    X = rng.standard_normal((N, 12))
    names = [f"x{k}" for k in range(12)]
    for n, code in ((5, "leak"), (6, "linear")):
        y = X[:, :n] @ np.arange(1, n + 1)
        frame = pandas.DataFrame(X, columns=names)
        (found,) = cmlp.examine(frame, y)
        assert (found.code, found.columns) == (code, tuple(names[:n]))
        assert found.evidence.endswith("; 7 other columns remain") == (code == "leak")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cmlp.TabularRegressor(n_estimators=1, n_epochs=1).fit(frame, y)
        assert any(issubclass(one.category, cmlp.exceptions.LeakWarning) for one in caught) == (
            code == "leak"
        )


def test_a_sum_of_all_columns_is_the_formula_of_an_example():
    X = rng.standard_normal((N, 3))
    (found,) = cmlp.examine(X, X @ [1, 2, 3])
    assert (found.code, found.columns, found.remedy) == ("linear", ("x0", "x1", "x2"), "")


def test_default_data_of_scikit_learn_give_no_warning():
    datasets = package("sklearn.datasets")
    X, y = datasets.make_regression(random_state=0)
    assert not any(one.code == "leak" for one in cmlp.examine(X, y))


# -------------------------------------------------------------------------------------------------------- functions


def test_a_column_whose_values_have_one_y_each_is_named():
    per_code = rng.standard_normal(60)
    assert leaks(per_code[CODE], code=CODE, a=A) == [("leak", ("code",))]
    assert leaks(per_code[CODE], code=[f"c{one}" for one in CODE], a=A) == [("leak", ("code",))]
    group = (CODE % 7 > 3).astype(str)
    assert leaks(group, code=CODE, a=A) == [("leak", ("code",))]


def test_columns_of_rows_that_repeat_are_no_leak():
    rows = rng.randint(0, N, 4 * N)
    assert leaks(B[rows], kind=KIND[rows], a=A[rows], c=C[rows]) == []


def test_columns_that_do_not_repeat_or_have_several_y_are_no_leak():
    per_code = rng.standard_normal(60)[CODE]
    per_code[17] += 1
    assert leaks(per_code, code=CODE, a=A) == []
    assert leaks((A > 0).astype(str), a=A, b=B) == []
    some = np.where(np.arange(60) < 20, 100 + np.arange(60), np.arange(60) // 4)
    frame = package("pandas").DataFrame({"code": some, "b": B[:60]})
    assert len(cmlp.examine(frame, rng.standard_normal(120)[some])) == 0  # 40 rows repeat a value
    rare = np.where(np.arange(N) < 3, "yes", "no")
    halves = np.where(np.arange(N) < 3, 1000 + np.arange(N), CODE)
    assert leaks(rare, code=halves) == []


@pytest.mark.parametrize("noise, is_named", [(0.02, True), (0.06, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_column_along_which_y_rises_or_falls_nearly_exactly_is_named(sign, noise, is_named):
    y = sign * np.exp(A / 2) + noise * rng.standard_normal(N)
    assert leaks(y, a=A, b=B) == [("leak", ("a",))] * is_named


def test_what_grows_with_time_is_no_leak():
    time = np.cumsum(rng.rand(N))
    y = np.sqrt(time) + 0.01 * rng.standard_normal(N)
    assert leaks(y, elapsed=time, b=B) == [] and leaks(y[::-1], elapsed=time[::-1], b=B) == []
    assert leaks(y, other=time + 0.1 * rng.standard_normal(N), b=B) == []
    order = rng.permutation(N)
    assert leaks(y[order], elapsed=time[order], b=B) == [("leak", ("elapsed",))]


# ---------------------------------------------------------------------------------------------------- missing values


def test_missing_values_that_give_the_class_are_named():
    died = rng.rand(N) < 0.3
    until = np.where(died, rng.rand(N), np.nan)
    until[np.flatnonzero(died)[0]] = np.nan
    word = np.where(died, "known", None)
    assert leaks(died.astype(str), until=until, b=B) == [("leak", ("until",))]
    assert leaks(died.astype(str), cause=word, b=B) == [("leak", ("cause",))]


@pytest.mark.parametrize(
    "y, is_missing",
    [
        (rng.rand(N) < 0.3, rng.rand(N) < 0.3),
        (np.arange(N) < 4, np.arange(N) < 4),
        (np.arange(N) < 6, np.arange(N) > 230),
        (np.arange(N) % 2, (np.arange(N) % 2) ^ (np.arange(N) % 20 == 0)),
    ],
    ids=["other rows", "fewer than two percent", "a rare class", "nineteen of twenty"],
)
def test_other_missing_values_are_no_leak(y, is_missing):
    assert leaks(y.astype(str), a=np.where(is_missing, np.nan, A), b=B) == []
