"""The encoder of a table: known answers, and a computation of single values by the definition."""

import math
import pickle

import numpy as np
import pytest
from optional import package

from cmlp._model.table_columns import TableColumn, TableColumns

# The bins of an encoded row do not show in a fitted table.
from cmlp._tables.learn_columns import learn_columns, learn_inputs

nan = np.nan


def known_column(codes):
    """Return a column as `learn_columns` does: of numbers, or with the codes of its categories."""
    if codes is None:
        return TableColumn("number")
    return TableColumn("category" if len(codes) > 1 else "unused", "category", list(codes))


def encoder_of(*columns, codes=None, y=None):
    """Return columns as rows, and an encoder learned from them and the targets `y`; with none there are no bins."""
    raw = np.array(columns, dtype=float).T
    signal = np.zeros(len(raw)) if y is None else np.asarray(y)
    known = TableColumns(map(known_column, codes or [None] * len(columns)))
    return raw, learn_inputs(known, raw, signal)


def test_a_number_is_scaled_by_median_and_quartiles_and_squeezed():
    raw, encoder = encoder_of([0.0, 1.0, 2.0, 3.0, 400.0])
    z = np.array([-1.0, -0.5, 0.0, 0.5, 199.0])  # median 2, quartiles 1 and 3
    np.testing.assert_array_equal(
        encoder.encode(raw, bins=False)[:, 0], (z / np.sqrt(1 + (z / 3) ** 2)).astype("f4")
    )


@pytest.mark.parametrize(
    ("others", "scale"),
    [
        ([1] * 100, 0.5),  # half of the range
        ([1] * 98 + [5] * 2, 2.5),
        ([1] * 98 + [8] * 2, 4.0),  # exactly 8 typical distances, which are half of 1
        ([1] * 98 + [8.01] * 2, 0.5),
        ([1] * 98 + [-9] * 2, 0.5),
        ([1] * 98 + [666] * 2, 0.5),
        ([2] * 60 + [3] * 30 + [1e300] * 10, 1.0),
        ([-7] * 3, 3.5),
    ],
)
def test_a_far_code_does_not_hide_the_others_where_the_quartiles_are_equal(others, scale):
    _, encoder = encoder_of([0.0] * 900 + others)
    assert (encoder[0].centre, encoder[0].scale) == (0.0, scale)


def test_the_typical_distance_is_that_of_weighted_rows():
    x = np.array([0.0] * 90 + [1.0] * 5 + [4.0] * 4 + [100.0])
    for heavy, scale in [(1.0, 0.5), (4.0, 2.0)]:
        weight = np.where(x == heavy, 2.0, 1.0)
        known = TableColumns([TableColumn("number")])
        assert learn_inputs(known, x[:, None], x, weight)[0].scale == scale


def test_half_of_the_range_remains_if_the_choice_of_many_rows_has_the_median_alone():
    for place in range(6):
        x = np.zeros(400_000)
        x[place] = 50.0
        assert encoder_of(x)[1][0].scale == 25.0


def test_of_many_rows_a_choice_is_learned_but_no_extreme_or_gap_is_lost():
    x = np.random.RandomState(0).random_sample(400_000)
    x[[7, 8, 9]] = -50.0, 60.0, nan
    step = (x > 0.25).astype(float)
    learned, again = (encoder_of(x, y=step)[1][0] for _ in range(2))
    assert learned.missing and learned.edges.tolist() == again.edges.tolist()
    assert (learned.edges[0], learned.edges[-1]) == (-50.0, 60.0)
    assert np.abs(learned.edges - 0.25).min() < 2e-3
    exact = np.nanquantile(x, [0.25, 0.5, 0.75])
    assert np.isclose(learned.centre, exact[1], atol=0.01) and np.isclose(
        learned.scale, exact[2] - exact[0], atol=0.01
    )
    assert learned.centre != exact[1]


def test_of_many_rows_with_weights_all_are_learned():
    x, weight = np.random.RandomState(0).random_sample(400_000), np.full(400_000, 1e-9)
    weight[[3, 4, 5]] = 1.0, 1.0, 1.0  # the others hardly count
    known = TableColumns([TableColumn("number")])
    learned = learn_inputs(known, x[:, None], x, weight)[0]
    assert learned.centre == np.median(x[3:6])


def test_piecewise_linear_encoding_by_its_definition():
    x = np.random.RandomState(0).exponential(size=200)
    edges = np.quantile(x, [k / 16 for k in range(17)])
    encoded = TableColumns([TableColumn("number", edges=edges)]).encode(x[:, None], bins=True)[
        :, 1:
    ]
    for value, row in zip(x, encoded, strict=True):
        for k in range(16):
            share = (
                0.0
                if value < edges[k]
                else 1.0
                if value >= edges[k + 1]
                else (value - edges[k]) / (edges[k + 1] - edges[k])
            )
            assert math.isclose(row[k], share - 0.5, abs_tol=1e-7)


def test_robust_scaling_agrees_with_scikit_learn():
    RobustScaler = package("sklearn.preprocessing").RobustScaler
    x = np.random.RandomState(1).standard_normal(101)
    z = RobustScaler().fit_transform(x[:, None])[:, 0]
    raw, encoder = encoder_of(x)
    np.testing.assert_allclose(
        encoder.encode(raw, bins=False)[:, 0], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-6
    )


def test_missing_numbers_are_zeros_and_a_flag():
    raw, encoder = encoder_of([0.0, 1.0, 2.0, 3.0, nan])
    encoded = encoder.encode(raw, bins=True)
    np.testing.assert_array_equal(encoded[4], [0.0] * (encoded.shape[1] - 1) + [1.0])
    assert (encoded[:4, -1] == 0).all()


def test_missing_numbers_that_fit_has_not_seen_are_zeros():
    _, encoder = encoder_of([0.0, 1.0, 2.0, 3.0, 4.0])
    assert (encoder.encode(np.array([[nan]]), bins=True) == 0).all()


def test_categories_are_one_hot_and_unknown_ones_zeros():
    codes = {"a": 0, "b": 1, "c": 2}
    raw, encoder = encoder_of([0, 1, 2, -1], codes=[codes])
    np.testing.assert_array_equal(
        encoder.encode(raw, bins=True), [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    )


def test_two_categories_share_an_input():
    raw, encoder = encoder_of([0, 1, -1], codes=[{"a": 0, "b": 1}])
    np.testing.assert_array_equal(encoder.encode(raw, bins=True), [[1], [-1], [0]])


def test_constant_columns_are_not_used():
    raw, encoder = encoder_of(
        [7.0, 7.0, 7.0],
        [nan, nan, nan],
        [0, 0, 0],
        [1.0, 2.0, 3.0],
        codes=[None, None, {"a": 0}, None],
    )
    assert encoder.encode(raw, bins=False).shape == (3, 1)


def test_a_constant_that_is_sometimes_missing_is_a_flag():
    raw, encoder = encoder_of([7.0, nan, 7.0])
    np.testing.assert_array_equal(encoder.encode(raw, bins=True), [[0, 0], [0, 1], [0, 0]])


def test_a_table_of_constants_has_one_input_of_zero():
    raw, encoder = encoder_of([7.0, 7.0])
    np.testing.assert_array_equal(encoder.encode(raw, bins=True), [[0], [0]])


def test_a_column_without_steps_has_one_bin():
    raw, encoder = encoder_of(np.arange(40.0))
    np.testing.assert_array_equal(encoder[0].edges, [0, 39])
    np.testing.assert_allclose(
        encoder.encode(raw, bins=True)[:, 1], np.arange(40) / 39 - 0.5, rtol=1e-6
    )


def test_a_step_of_the_target_is_an_input_of_minus_and_plus_a_half():
    x = np.arange(40.0)
    raw, encoder = encoder_of(x, x[::-1], y=(x > 24) * 1)
    column, _ = encoder
    np.testing.assert_array_equal(column.edges, [0, 24, 25, 39])
    np.testing.assert_array_equal(encoder.encode(raw, bins=True)[:, 2], np.where(x > 24, 0.5, -0.5))


def test_missing_numbers_have_no_part_in_the_bins():
    x = np.arange(60.0)
    y = (x > 24) * 1
    _, encoder = encoder_of(np.where(x % 3 == 1, nan, x), y=y)
    np.testing.assert_array_equal(encoder[0].edges, [0, 24, 26, 59])


def test_huge_numbers_are_squeezed_to_three():
    _, encoder = encoder_of([0.0, 1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(
        encoder.encode(np.array([[1e300], [-1e300]]), bins=False), [[3], [-3]]
    )


def test_rows_are_encoded_alike_alone_and_in_long_tables():
    rng = np.random.RandomState(0)
    x = rng.standard_normal(5000)
    raw, encoder = encoder_of(x, rng.exponential(size=5000), y=np.floor(3 * x))
    assert encoder.width(True) > 12
    one = np.concatenate([encoder.encode(raw[i : i + 1], bins=True) for i in (0, 4095, 4096, 4999)])
    assert one.tobytes() == encoder.encode(raw, bins=True)[[0, 4095, 4096, 4999]].tobytes()


def test_schema_and_encoder_of_a_mixed_table():
    X = [[1.0, "a"], [2.0, "b"], [None, "c"], [4.0, "a"]]
    known = learn_columns(X, "from_dtype", "Table")
    encoder = learn_inputs(known, known.read(X, "Table"), np.zeros(4))
    assert encoder.width(False) == 2 + 3


def columns_of_every_role():
    """Return rows of numbers, dates, text, ordered levels and a constant, and columns learned from them."""
    rng = np.random.RandomState(0)
    days = np.datetime64("2020-01-01") + np.arange(400)
    numbers, texts = rng.random_sample(400).tolist(), list("abc" * 133 + "a")
    rows = [
        [x, day, text, "low", 1.0]
        for x, day, text in zip(numbers, days.tolist(), texts, strict=True)
    ]
    rows[7][2] = rows[8][0] = None
    known = learn_columns(rows, {2: None, 3: ["low", "high"]}, "Table")
    raw = known.read(rows, "Table", in_fit=True)
    weekday = np.array([day.astype(int) % 7 for day in days], float)
    return rows, raw, known, learn_inputs(known, raw, weekday)


def test_columns_read_and_encode_before_their_inputs_are_learned():
    rows, raw, known, columns = columns_of_every_role()
    assert [column.role for column in known] == ["number", "number", "category", "number", "number"]
    assert [column.role for column in columns] == [
        "number",
        "number",
        "category",
        "unused",
        "unused",
    ]
    assert known.types == columns.types == ("number", "date", "category", "ordered", "number")
    assert known.encode(raw, bins=True).shape == (400, 1 + 1 + 4 + 1 + 1)
    np.testing.assert_array_equal(columns.read(rows, "Table"), raw)


def test_stored_columns_are_the_same():
    _, raw, _, columns = columns_of_every_role()
    columns = columns.with_names(["a", None, 3, "d", ("e", 1)])
    again = type(columns).from_stored(**columns.stored())
    twin = pickle.loads(pickle.dumps(columns))
    for other in (again, twin):
        assert (other.names, other.types, other.categories) == (
            columns.names,
            columns.types,
            columns.categories,
        )
        assert [(one.n_seen, one.rare) for one in other] == [
            (one.n_seen, one.rare) for one in columns
        ]
        for bins in (False, True):
            assert (
                other.encode(raw, bins=bins).tobytes() == columns.encode(raw, bins=bins).tobytes()
            )


def test_first_inputs_of_parts_of_dates_are_known():
    _, raw, _, columns = columns_of_every_role()
    for bins in (False, True):
        (i, part, at), *others = columns.parts(bins=bins)
        assert (i, part.name, others) == (1, "week", [])
        inputs = columns.encode(raw, bins=bins)[:, at : at + part.width(bins=bins)]
        alone = TableColumns([columns[1]]).encode(raw[:, 1:2], bins=bins)
        np.testing.assert_array_equal(inputs, alone[:, -part.width(bins=bins) :])
