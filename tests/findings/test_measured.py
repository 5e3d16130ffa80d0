"""What `examine` measures with quick models: rows of new groups, later rows, counts, and codes."""

import numpy as np
import pytest
from optional import package

import cmlp

rng = np.random.RandomState(0)
N_GROUPS, N = 60, 480
GROUP = np.arange(N) % N_GROUPS
TRAITS = rng.standard_normal((N_GROUPS, 2))[GROUP]
X = rng.standard_normal(N)
LEVEL = rng.standard_normal(N_GROUPS)
NAMES = np.array([f"g{one}" for one in GROUP])


def findings(code, y, columns, **more):
    frame = package("pandas").DataFrame(columns)
    return [one for one in cmlp.examine(frame, y, **more) if one.code == code]


# ------------------------------------------------------------------------------------------------------- new groups


def test_a_text_on_whose_new_values_errors_are_larger_is_named_with_them():
    """No column is constant for each of its values."""
    y = 3 * LEVEL[GROUP] + X + 0.3 * rng.standard_normal(N)
    (found,) = findings("groups", y, {"x": X, "place": NAMES, "z": rng.standard_normal(N)})
    assert found.columns == ("place",) and found.mark == "!!"
    ratio = float(found.evidence.split()[4])
    assert found.weight == pytest.approx(1 - 1 / ratio, abs=0.02) and ratio > 1.5
    assert "intervals of 0.9 cover 0." in found.evidence
    assert found.remedy == "fit(X.drop(columns=['place']), y, groups=X['place'])"


def test_what_is_called_an_id_is_named_from_smaller_errors_on():
    y = 0.8 * LEVEL[GROUP] + rng.standard_normal(N)
    (found,) = findings("groups", y, {"x": X, "person": NAMES})
    assert 0.09 < found.weight < 0.2
    assert findings("groups", y, {"x": X, "place": NAMES}) == []


def test_constant_columns_that_identify_groups_are_found_by_their_errors():
    y = 3 * LEVEL[GROUP] + 0.3 * rng.standard_normal(N)
    columns = {"x": X, "a": TRAITS[:, 0], "b": TRAITS[:, 1], "place": NAMES}
    (found,) = findings("groups", y, columns)
    assert (
        found.columns == ("place",) and "a, b constant for each of its 60 values" in found.evidence
    )


def test_groups_that_say_nothing_of_y_are_not_named():
    y = X + 0.3 * rng.standard_normal(N)
    assert (
        findings("groups", y, {"x": X, "place": NAMES, "a": TRAITS[:, 0], "b": TRAITS[:, 1]}) == []
    )
    months = np.arange(N) % 60
    y = np.sin(months / 10) + 0.3 * X
    columns = {"month": months, "quarter": months // 3, "half": months // 6, "x": X}
    assert findings("groups", y, columns) == []


def test_another_use_and_what_is_known_are_silent():
    y = 3 * LEVEL[GROUP] + 0.3 * rng.standard_normal(N)
    columns = {"x": X, "place": NAMES}
    assert findings("groups", y, columns, use="random") == []
    assert findings("groups", y, columns, known=["groups:place"]) == []


# --------------------------------------------------------------------------------------------------------- later rows


@pytest.mark.parametrize("slope, is_named", [(0.02, True), (0.0, False)])
def test_a_time_after_which_errors_are_larger_is_named_with_them(slope, is_named):
    period = np.arange(N) // 4
    y = slope * np.arange(N) + 4 * (np.arange(N) > 430) * (slope > 0) + rng.standard_normal(N)
    found = findings("time", y, {"period": period, "x": X})
    assert len(found) == is_named
    if is_named:
        assert found[0].evidence.startswith("last eighth: error ") and found[0].weight > 0.3


# ------------------------------------------------------------------------------------------------------------- counts


# More often 0 and large than those of Poisson.
COUNTS = np.minimum(rng.poisson(np.exp(1 + X) * rng.gamma(0.3, 1 / 0.3, N)), 58)


def test_counts_with_narrower_intervals_are_named():
    (found,) = findings("loss", COUNTS, {"x": X}, regressor=True)
    assert found.columns == ("y",) and found.remedy == 'loss="poisson"' and found.mark == "."
    zeros = round(100 * np.mean(COUNTS == 0))
    assert (
        found.evidence.startswith(f"counts, {zeros} % zeros; intervals 0.") and found.weight > 0.1
    )


@pytest.mark.parametrize(
    "y",
    [
        rng.poisson(9, N),
        COUNTS / 2,
        COUNTS - 1,
        (COUNTS > 0) * 1,
        COUNTS * 7 + np.arange(N) % 7,
        np.round(np.square(X * 2)),
    ],
    ids=[
        "equal variances",
        "halves",
        "below zero",
        "two values",
        "sixty values",
        "a function of x",
    ],
)
def test_other_targets_are_no_counts(y):
    assert findings("loss", y, {"x": X}, regressor=True) == []


# -------------------------------------------------------------------------------------------------------------- codes

AGE = np.round(rng.normal(40, 9, N))
PAY = AGE + 3 * rng.standard_normal(N)


def with_codes(*codes, numbers=AGE, every=7):
    """Return numbers of which each seventh is one of some codes in turn."""
    coded = np.array(numbers, float)
    coded[::every] = np.resize(codes, len(coded[::every]))
    return coded


@pytest.mark.parametrize(
    "codes", [(999,), (-9,), (-99, 9999), (777, 888, 999)], ids=["high", "low", "ends", "three"]
)
def test_numbers_that_look_like_codes_are_named_with_what_making_them_missing_changes(codes):
    shift = -AGE.min() if codes == (-9,) else 0
    scale = 8 / AGE.max() if codes == (-9,) else 1
    given = with_codes(*codes, numbers=(AGE + shift) * scale)
    (found,) = findings("code", PAY, {"x": X, "age": given})
    assert found.columns == ("age",) and 0.05 <= found.weight < 1
    n = len(given[::7])
    assert found.evidence.startswith(f"{n} of {N} rows have numbers that look like codes, far ")
    assert found.evidence.endswith(f"error {1 - found.weight:.2f} ×")
    frame = package("pandas").DataFrame({"x": X, "age": given})
    if codes == (999,):
        frame["age"] = frame["age"].astype(int)
    remedy = eval(f"dict({found.remedy})")
    assert remedy == {"missing_values": {"age": sorted(codes)}}
    assert "code" not in [one.code for one in cmlp.examine(frame, PAY, **remedy)]


def test_codes_of_an_array_are_made_missing_by_the_remedy():
    size = with_codes(-9, numbers=rng.uniform(0, 5, N), every=9)
    given = np.column_stack([X, with_codes(999), size])
    (found,) = [one for one in cmlp.examine(given, PAY) if one.code == "code"]
    coded = np.isin(given, (999, -9))
    assert found.columns == ("x1", "x2")
    assert found.evidence.startswith(f"{coded.any(axis=1).sum()} of {N} rows ")
    assert found.remedy == "missing_values={1: [999], 2: [-9]}"


@pytest.mark.parametrize(
    "column",
    [
        np.where(np.arange(N) == 9, 9999, with_codes(999)),
        with_codes(99, every=15),
        with_codes(998),
        with_codes(999.5),
        with_codes(9, numbers=np.zeros(N)),
        with_codes(999, numbers=rng.standard_normal(N)),
        with_codes(999).astype(int).astype(str),
    ],
    ids=["far from one", "near", "no code", "a fraction", "one other", "says nothing", "text"],
)
def test_other_numbers_are_no_codes(column):
    assert findings("code", PAY, {"x": X, "age": column}) == []


def test_codes_that_fit_sees_through_or_that_are_known_are_silent():
    flag = rng.permutation(N) < N // 12
    y = 2.0 * flag + X + rng.standard_normal(N)
    few = np.where(np.isin(np.arange(N), (5, 99)), 666, flag)
    assert findings("code", y, {"x": X, "flag": few}) == []
    assert findings("code", PAY, {"x": X, "age": with_codes(999)}, known=["code:age"]) == []


def test_fit_measures_no_codes():
    frame = package("pandas").DataFrame({"x": X, "age": with_codes(999)})
    model = cmlp.TabularRegressor(
        n_estimators=1, hidden_layer_sizes=4, n_epochs=1, random_state=0, known=["useless"]
    )
    assert "code" not in [one.code for one in model.fit(frame, PAY).report_]
