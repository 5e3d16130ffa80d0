"""Ids with gaps, times as numbers, and words for missing values."""

import numpy as np
import pytest
from optional import package

import cmlp

N = 240
rng = np.random.RandomState(0)
A, B = rng.standard_normal((2, N))
KIND = rng.choice(["red", "green", "blue"], N)
GAPS = np.cumsum(rng.randint(1, 9, N))


def findings(*codes, y=B, **columns):
    frame = package("pandas").DataFrame({"a": A, "kind": KIND} | columns)
    return [(one.code, one.columns) for one in cmlp.examine(frame, y) if one.code in codes]


# --------------------------------------------------------------------------------------------------------------- ids


def test_different_whole_numbers_that_ascend_with_the_rows_are_ids():
    assert findings("ids", number=GAPS) == [("ids", ("number",))]


@pytest.mark.parametrize(
    "numbers",
    [rng.permutation(GAPS), GAPS + 0.5, GAPS // 9, np.where(np.arange(N) == 9, np.nan, GAPS)],
    ids=["in no order", "fractions", "equal ones", "a missing one"],
)
def test_other_numbers_are_no_ids(numbers):
    assert findings("ids", number=numbers) == []


def test_ages_and_ends_of_years_are_no_ids():
    """A life table has one row for each age."""
    columns = {"age": np.arange(N), "mean age": GAPS, "year_start": GAPS, "year.end": 1 + GAPS}
    assert findings("ids", **columns) == []
    assert findings("ids", agent=GAPS) == [("ids", ("agent",))]


def test_random_numbers_with_one_number_of_digits_are_ids():
    ids = rng.randint(10**7, 10**8, N)
    assert findings("ids", number=ids) == [("ids", ("number",))]
    others = [
        np.round(np.exp(rng.normal(17, 0.3, N))),  # amounts
        np.where(np.arange(N) % 2, ids, ids // 100),  # several numbers of digits
        np.where(np.arange(N) % 9, ids, ids[0]),  # which repeat
        ids % 90_000 + 10_000,  # which are small
        ids + 0.5,
    ]
    assert [findings("ids", number=one) for one in others] == [[]] * len(others)
    assert findings("ids", number=ids, y=ids / 1e7 + 2 * B) == []  # on which y depends


# ------------------------------------------------------------------------------------------------------------- times

RISING = 0.02 * np.arange(N) + rng.standard_normal(N)


@pytest.mark.parametrize(
    "columns",
    [
        {"year": GAPS},
        {"t": np.arange(N)},
        {"period": np.arange(N) // 5},
        {"x": 1900 + np.arange(N) // 3},
    ],
    ids=["called year", "counts", "called period", "years"],
)
def test_numbers_that_are_probably_times_along_which_y_changes_are_named(columns):
    (name,) = columns
    assert findings("time", "ids", y=RISING, **columns) == [("time", (name,))]
    assert findings("time", "ids", **columns) == []


@pytest.mark.parametrize(
    "columns",
    [{"x": np.arange(N) // 5}, {"year": rng.permutation(N)[:N] // 5}, {"year": GAPS + 0.5}],
    ids=["of another name", "in no order", "fractions"],
)
def test_other_numbers_are_no_times(columns):
    assert findings("time", y=RISING, **columns) == []


# ------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize("word", ["n/a", "-", "missing", " Unknown "])
def test_words_for_missing_values_among_categories_are_named(word):
    pandas = package("pandas")
    given = pandas.DataFrame({"a": A, "color": np.where(np.arange(N) % 9, KIND, word)})
    (found,) = [one for one in cmlp.examine(given, B) if one.code == "missing"]
    assert found.columns == ("color",) and found.mark == "."
    assert found.remedy == f"missing_values={{'color': [{word!r}]}}"
    remedy = {"missing_values": {"color": [word]}}
    assert "missing" not in [one.code for one in cmlp.examine(given, B, **remedy)]


def test_other_words_are_no_missing_values():
    assert findings("missing", color=np.where(np.arange(N) % 9, KIND, "none")) == []
