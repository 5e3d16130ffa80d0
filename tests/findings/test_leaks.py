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


def warned(y, **columns):
    """Return the columns of the warnings of leaks of `fit`."""
    frame = package("pandas").DataFrame(columns)
    kind = cmlp.TabularRegressor if np.asarray(y).dtype.kind == "f" else cmlp.TabularClassifier
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        kind(n_estimators=1, n_epochs=1, random_state=0).fit(frame, y)
    leaky = [one for one in caught if issubclass(one.category, cmlp.exceptions.LeakWarning)]
    return [str(one.message).rpartition("[leak:")[2][:-1] for one in leaky]


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
    is_other = np.arange(N) % 12 == 0
    assert not [
        one for one in cmlp.examine(X, np.where(is_other, C, X @ [1, 2, 3])) if one.code == "linear"
    ]


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
    some = np.where(np.arange(60) < 20, 100 + np.arange(60), np.arange(60) // 4)
    frame = package("pandas").DataFrame({"code": some, "b": B[:60]})
    assert len(cmlp.examine(frame, rng.standard_normal(120)[some])) == 0  # 40 rows repeat a value
    rare = np.where(np.arange(N) < 3, "yes", "no")
    halves = np.where(np.arange(N) < 3, 1000 + np.arange(N), CODE)
    assert leaks(rare, code=halves) == []


@pytest.mark.parametrize("noise, is_named", [(0.02, True), (0.03, True), (0.12, False)])
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
    numbers = np.arange(N)[order]
    assert leaks(y[order], year=1700 + numbers, b=B) == []
    assert leaks(y[order], height=3000 + numbers, b=B) == [("leak", ("height",))]


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


# ----------------------------------------------------------------------------------------- columns that say a class


@pytest.mark.parametrize("values", [["a", "b", "c", "d"], [3, 1, 4, 2]], ids=["text", "numbers"])
def test_a_column_of_few_values_that_decide_the_class_is_named_by_fit(values):
    is_sure = rng.rand(N) < 0.4
    action = np.where(is_sure, *(rng.choice(some, N) for some in (values[:2], values[2:])))
    labels = np.where(is_sure, "yes", "no")
    assert leaks(labels, action=action, b=B) == [("leak", ("action",))]
    assert warned(labels, action=action, b=B) == ["action"]


def test_bounds_of_a_number_that_decide_the_class_are_named():
    assert leaks(np.where(A > 0.2, "yes", "no"), a=A, b=B) == [("leak", ("a",))]
    assert leaks(np.where(np.abs(A) < 0.6, "yes", "no"), a=A, b=B) == [("leak", ("a",))]
    assert leaks(np.where(A + B > 0.2, "yes", "no"), a=A, b=B) == []
    month = rng.randint(12, size=N)
    assert leaks(np.where(np.isin(month, [3, 8]), "yes", "no"), month=month, b=B) == [
        ("leak", ("month",))
    ]


@pytest.mark.parametrize("share, is_named, is_warned", [(0.01, 1, 1), (0.03, 1, 0), (0.1, 0, 0)])
def test_a_copy_of_a_class_with_errors_is_named_with_its_weight(share, is_named, is_warned):
    is_sure = rng.rand(N) < 0.4
    wrong = np.zeros(N, bool)
    wrong[rng.permutation(N)[: round(share * N)]] = True
    X = package("pandas").DataFrame({"copy": np.where(is_sure ^ wrong, "p", "q"), "b": B})
    labels = np.where(is_sure, "yes", "no")
    found = [one for one in cmlp.examine(X, labels) if one.code == "leak"]
    assert len(found) == is_named and warned(labels, copy=X["copy"], b=B) == ["copy"] * is_warned
    for one in found:
        assert one.weight == pytest.approx(1 - wrong.sum() / is_sure.sum(), abs=0.02)


def test_a_share_of_right_answers_is_not_rounded_up():
    is_sure = np.arange(N) % 3 == 0
    X = package("pandas").DataFrame(
        {"copy": np.where(is_sure ^ (np.arange(N) == 7), "p", "q"), "b": B}
    )
    (found,) = [
        one for one in cmlp.examine(X, np.where(is_sure, "yes", "no")) if one.code == "leak"
    ]
    assert "0.995 of other rows right" in found.evidence  # 239 of 240


def test_fewer_than_thirty_rows_of_the_rarer_class_say_nothing():
    labels = np.where(np.arange(N) < 20, "yes", "no")
    assert leaks(labels, copy=np.where(np.arange(N) < 21, "p", "q"), b=B) == []


def test_a_class_in_a_text_is_named():
    labels = rng.choice(["yes", "no"], N)
    text = [f"{k} ({one})" for k, one in zip(rng.permutation(N), labels, strict=True)]
    assert leaks(labels, text=text, b=B) == [("leak", ("text",))]
    assert warned(labels, text=text, b=B) == ["text"]
    assert leaks(rng.permutation(labels), text=text, b=B) == []


# --------------------------------------------------------------------------------------- formulas and copies of numbers


def test_products_and_ratios_are_named_with_their_formula():
    area, rate = np.exp(rng.normal(5, 0.5, N)), np.exp(rng.normal(1, 0.3, N))
    frame = package("pandas").DataFrame({"area": area, "rate": rate, "b": B})
    for y, text in (
        (area * rate, "y = area × rate"),
        (area / rate, "y = area / rate"),
        (100 * rate / area**2, "y = 100 × rate / area^2"),
    ):
        (found,) = [one for one in cmlp.examine(frame, y) if one.code == "leak"]
        assert found.columns == ("area", "rate") and found.evidence.startswith(f"{text} on other")
        assert warned(y, **frame) == ["area,rate"]
    assert leaks(area * rate * np.exp(0.2 * A), **frame) == []


def test_a_sum_that_differs_in_some_rows_is_named_by_examine_and_in_few_by_fit():
    y = np.where(np.arange(N) % 12 == 0, 3 * C, A - 2 * B)
    frame = package("pandas").DataFrame({"a": A, "b": B, "c": C, "d": rng.standard_normal(N)})
    (found,) = [one for one in cmlp.examine(frame, y) if one.code == "leak"]
    assert found.columns == ("a", "b") and found.evidence.startswith("y = a - 2 × b in 9")
    assert warned(y, **frame) == []
    assert warned(np.where(np.arange(N) == 153, 3 * C, A - 2 * B), **frame) == ["a,b"]
    assert leaks(np.where(np.arange(N) % 3 == 0, 3 * C, A - 2 * B), **frame) == []


def test_parts_that_are_sometimes_missing_are_named():
    b = np.where(rng.rand(N) < 0.08, np.nan, B)
    assert leaks(A + B, a=A, b=b, c=C) == [("leak", ("a", "b"))]


def test_most_targets_of_zero_are_no_sum():
    is_zero = np.arange(N) % 10 != 0
    zeros = {name: np.where(is_zero, 0, one) for name, one in (("a", A), ("b", B), ("c", C))}
    assert leaks(np.where(is_zero, 0, rng.standard_normal(N)), **zeros) == []
    assert leaks(zeros["a"] + zeros["b"], **zeros) == [("leak", ("a", "b"))]


def test_brackets_of_y_are_named_and_clusters_of_y_are_not():
    brackets = np.searchsorted([-1, 0, 1], A)
    names = np.array(["low", "rather low", "rather high", "high"])[brackets]
    assert leaks(A, bracket=names, b=B) == [("leak", ("bracket",))]
    assert leaks(A, bracket=brackets, b=B) == [("leak", ("bracket",))]
    assert warned(A, bracket=names, b=B) == ["bracket"]
    race = rng.choice(["short", "long"], N)
    assert leaks(rng.rand(N) + 3 * (race == "long"), race=race, b=B) == []


def test_a_number_in_a_text_is_named():
    price = 1000 * np.exp(A)
    other = rng.randint(10**6, size=N)
    text = [f"lot {k}: sold for ${one:,.0f}" for k, one in zip(other, price, strict=True)]
    assert leaks(price, text=text, b=B) == [("leak", ("text",))]
    assert leaks(1000 * np.exp(B), text=text, b=A) == []


# ----------------------------------------------------------------------------------------------- y of other rows


def test_means_of_y_with_the_own_row_are_named_with_their_weight():
    pandas = package("pandas")
    for n_codes, is_named in ((60, True), (4, False)):
        code = rng.permutation(N) % n_codes
        means = pandas.Series(A).groupby(code).transform("mean")
        frame = pandas.DataFrame({"code": code, "mean": means, "b": B})
        found = [one for one in cmlp.examine(frame, A) if one.code == "leak"]
        assert [one.columns for one in found] == [("mean",)] * is_named
        for one in found:  # 4 rows of a code: errors of means with the own row, and without
            assert one.weight == pytest.approx(1 - 3 / 4, abs=0.01)
    shares = pandas.Series(A > 0).groupby(rng.permutation(N) % 60).transform("mean")
    assert leaks((A > 0).astype(str), share=shares, b=B) == []  # whose groups nothing tells


def test_y_of_the_next_row_is_named_and_of_the_last_row_not():
    assert leaks(A, next=np.append(A[1:], 0), b=B) == [("leak", ("next",))]
    assert warned(A, next=np.append(A[1:], 0), b=B) == ["next"]
    assert leaks(A, last=np.append(0, A[:-1]), b=B) == []
    days = package("pandas").date_range("2020-01-01", periods=N)
    assert leaks(A, day=days, next=np.append(A[1:], 0)) == [("leak", ("next",))]
    assert leaks(A, day=days[::-1], next=np.append(A[1:], 0)) == []
    labels = np.where(A > 0, "yes", "no")
    assert leaks(labels, next=np.append(labels[1:], "no"), b=B) == [("leak", ("next",))]


def test_a_dummy_of_the_next_year_is_no_leak_of_that_of_this_one():
    years = np.tile(np.arange(1990, 2000), N // 10)
    dummy = np.where(years == 1994, "yes", "no")
    found = leaks(dummy, next=np.append(dummy[1:], "no"), year=years)
    assert ("leak", ("next",)) not in found
    assert leaks(dummy, next=np.append(dummy[1:], "no"), b=B) == [("leak", ("next",))]
