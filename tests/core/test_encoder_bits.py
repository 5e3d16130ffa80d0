"""The core's encoder is bit-identical to an independent computation in NumPy, and to earlier versions."""

import hashlib

import numpy as np
import pytest

from cmlp._bridge import _core
from cmlp._model.table_columns import DatePart, TableColumn, TableColumns
from cmlp._tables.learn_columns import learn_inputs
from cmlp.exceptions import StatusError

nan = np.nan


def number_by_numpy(column, x, bins):
    absent = np.isnan(x)
    with np.errstate(over="ignore"):
        z = (np.where(absent, column.centre, x) - column.centre) / column.scale
        z = np.minimum(np.maximum(z, -1e9), 1e9)
        third = z / 3.0
        inputs = [z / np.sqrt(1 + third * third)]
        if bins:
            for low, high in zip(column.edges[:-1], column.edges[1:], strict=True):
                part = np.minimum(np.maximum((x - low) / (high - low), 0.0), 1.0) - 0.5
                inputs.append(np.where(absent, 0.0, part))
    if column.missing:
        inputs.append(absent)
    return inputs + [each for part in column.parts for each in part_by_numpy(part, x, bins)]


def part_by_numpy(part, x, bins):
    period, first = {"day": (1.0, 0.0), "week": (7.0, 4.0), "year": (365.2425, 0.0)}[part.name]
    with np.errstate(over="ignore"):
        since = (x if part.name == "day" else np.floor(x)) - first
        day = since - np.floor(since / period) * period
    phase = np.clip(day / period, 0.0, 1.0)
    u = 2.0 * np.array([phase, np.where(phase < 0.75, phase + 0.25, phase - 0.75)]) - 1.0
    inputs = [*(4.0 * u * (np.abs(u) - 1.0))]
    if bins:
        pairs = zip(part.edges[:-1], part.edges[1:], strict=True)
        inputs += [np.clip((day - low) / (high - low), 0.0, 1.0) - 0.5 for low, high in pairs]
    return [np.where(np.isnan(x), 0.0, each) for each in inputs]


def by_numpy(encoder, raw, bins):
    """Encode by docs/arithmetic.md, with one NumPy operation for each rounding."""
    inputs = []
    for column, x in zip(encoder, raw.T, strict=True):
        if column.is_number:
            inputs += number_by_numpy(column, x, bins)
        elif column.is_category:
            inputs += (
                [(x == 0) * 1.0 - (x == 1)]
                if column.n == 2
                else [x == code for code in range(column.n)]
            )
    return np.array(inputs or [np.zeros(len(raw))], np.float32).T


def category(n):
    return TableColumn("category", "category", list(range(n)))


def table(seed, n=700):
    """Return raw columns of every kind, and an encoder learned from other rows."""
    rng = np.random.RandomState(seed)

    def rows():
        columns = [
            rng.standard_normal(n),
            rng.exponential(size=n) * 10.0 ** rng.randint(-300, 300),
            rng.randint(0, 5, n).astype(float),
            np.where(rng.random_sample(n) < 0.2, nan, rng.uniform(-1e-3, 1e-3, n)),
            rng.choice([5e-324, -0.0, 0.0, 1e300, -1e300, 1.7e308, -1.7e308, nan], n),
            rng.randint(-1, 4, n).astype(float),
            rng.randint(-1, 2, n).astype(float),
            np.full(n, 7.0),
        ]
        return np.array(columns).T

    numbers, categories = [TableColumn("number")], [category(4), category(2)]
    learned = rows()
    ranks = [np.argsort(np.argsort(column)) * 12 // n for column in np.nan_to_num(learned[:, :5]).T]
    signal = np.sum(ranks, axis=0) + 0.0
    encoder = learn_inputs(TableColumns(numbers * 5 + categories + numbers), learned, signal)
    assert all(len(column.edges) for column in list(encoder)[:5])
    return rows(), encoder


@pytest.mark.parametrize("bins", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_inputs_have_the_bits_of_numpy(seed, bins):
    raw, encoder = table(seed)
    inputs = encoder.encode(raw, bins=bins)
    assert inputs.tobytes() == by_numpy(encoder, raw, bins).tobytes()
    assert inputs.shape[1] == encoder.width(bins)


def assembled(*columns):
    return TableColumns(columns)


@pytest.mark.parametrize(
    "encoder",
    [table(1)[1], assembled(TableColumn("unused"), category(2)), assembled(TableColumn("unused"))],
)
def test_inputs_without_bins_are_among_those_with_bins(encoder):
    raw = table(1)[0][:, : len(encoder)]
    found = encoder.without_bins(encoder.encode(raw, bins=True))
    assert found.tobytes() == encoder.encode(raw, bins=False).tobytes()
    assert found.shape == (len(raw), encoder.width(False))


def test_numbers_at_and_between_the_edges_have_the_bits_of_numpy():
    _, encoder = table(9)
    edges = np.concatenate([column.edges for column in encoder])
    near = np.concatenate([edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)])
    raw = np.repeat(near[:, None], len(encoder), axis=1)
    assert encoder.encode(raw, bins=True).tobytes() == by_numpy(encoder, raw, True).tobytes()


PARTS = [
    DatePart("day", np.array([0.0, 0.25, 0.5, 0.999])),
    DatePart("week", np.empty(0)),
    DatePart("year", np.array([0.0, 90.0, 90.5, 365.0])),
]
DATES = TableColumn(
    "number", missing=True, centre=2e4, scale=500.0, edges=np.array([-1e5, 0.0, 1e5]), parts=PARTS
)


@pytest.mark.parametrize("parts", [PARTS, PARTS[1:], PARTS[:1], [PARTS[0], PARTS[2]]])
def test_parts_of_dates_have_the_bits_of_numpy(parts):
    """Dates before and after 1970, at the begin of days, weeks and years, and numbers that are no dates."""
    random = np.random.RandomState(4)
    whole = np.concatenate([np.arange(-800.0, 800.0), random.randint(-719_162, 2_932_896, 2000)])
    years = np.arange(-2000, 2000) * 365.2425
    near = [
        np.nextafter(each, ends) for each in (whole, years, whole / 4) for ends in (-np.inf, np.inf)
    ]
    sizes = [
        nan,
        0.0,
        -0.0,
        5e-324,
        -5e-324,
        1e15,
        -1e15,
        2.0**52,
        2.0**63,
        1e300,
        -1e300,
        1.7e308,
        -1.7e308,
    ]
    dates = np.concatenate(
        [whole, whole + random.random_sample(len(whole)), years, whole / 4, *near, sizes]
    )
    encoder = assembled(TableColumn("number"), DATES._replace(parts=parts), category(3))
    raw = np.array([np.zeros(len(dates)), dates, np.zeros(len(dates))]).T
    for bins in (False, True):
        inputs = encoder.encode(raw, bins=bins)
        assert inputs.tobytes() == by_numpy(encoder, raw, bins).tobytes()
        assert np.isfinite(inputs).all() and np.abs(inputs).max() <= 3
    assert encoder.without_bins(inputs).tobytes() == encoder.encode(raw, bins=False).tobytes()


def test_parts_of_known_dates():
    """Days since 1970, which began on a Thursday; the wave of a time of day, a weekday and a day of the year."""
    core = assembled(DATES)
    noon, begin, evening, monday = core.encode([[0.5], [0.0], [-0.25], [4.75]], bins=True)
    day, week, year = slice(4, 6), slice(9, 11), slice(11, 13)
    assert (
        noon[day].tolist() == [0, -1]
        and begin[day].tolist() == [0, 1]
        and evening[day].tolist() == [-1, 0]
    )
    assert monday[week].tolist() == [0, 1] and monday[day].tolist() == [-1, 0]
    assert begin[week].tolist() == noon[week].tolist()  # of whole days
    assert begin[year].tolist() == [0, 1] and 0 > evening[year][0] > -0.03
    assert noon[6:9].tolist() == [0.5, 0.5, -0.5]  # bins


def test_inputs_have_the_bits_of_earlier_versions():
    """The raw columns need no function whose last bit depends on the platform."""
    rng = np.random.RandomState(3)
    raw = np.array([rng.random_sample(400) for _ in range(4)]).T
    raw[rng.permutation(400)[:50], 1] = nan
    raw[:, 3] = np.floor(raw[:, 3] * 5) - 1
    encoder = assembled(
        TableColumn("number", centre=0.5, scale=0.25, edges=np.arange(17) / 16),
        TableColumn("number", missing=True, centre=0.4, scale=0.3, edges=np.arange(4) ** 2 / 9),
        TableColumn("unused"),
        category(3),
    )
    inputs = [encoder.encode(raw, bins=bins).astype("<f4") for bins in (True, False)]
    found = [hashlib.sha256(one.tobytes()).hexdigest() for one in inputs]
    assert [digest[:16] for digest in found] == ["9b00de083aa469f9", "45c89ed53c4de1cb"]


def test_tiles_of_rows_have_the_bits_of_all_rows():
    raw, encoder = table(2)
    whole = encoder.encode(raw, bins=True)
    tiles = [encoder.encode(raw[i : i + 97], bins=True) for i in range(0, len(raw), 97)]
    assert np.concatenate(tiles).tobytes() == whole.tobytes()
    assert (
        encoder.encode(np.asfortranarray(raw)[::-1], bins=True)[::-1].tobytes() == whole.tobytes()
    )


def test_numbers_of_the_largest_magnitude_can_be_learned():
    largest = np.finfo(float).max
    raw = np.array([[-largest, largest, 0.0, 5e-324, 1.0, -1.0] * 3, [0.0, 5e-324] * 9]).T
    known = TableColumns([TableColumn("number")] * 2)
    inputs = learn_inputs(known, raw, raw[:, 0] / largest).encode(raw, bins=True)
    assert np.isfinite(inputs).all()


def test_columns_of_huge_numbers_that_are_clipped_to_one_are_constants():
    raw = np.array([[1e301, 1e302], [1e301, np.nan], [1e301, -1e302]]).T
    known = TableColumns([TableColumn("number")] * 3)
    encoder = learn_inputs(known, raw, np.zeros(2))
    assert [column.role for column in encoder] == ["unused", "number", "number"]
    assert np.isfinite(encoder.encode(raw, bins=True)).all()


@pytest.mark.parametrize(
    ("columns", "numbers", "message"),
    [
        ([("number", 2, False)], [0.0, 1.0], "numbers"),
        ([("number", -1, False)], [0.0, 1.0], "numbers"),
        (
            [("number", 0, False)],
            [0.0, 1.0, 2.0],
            "numbers must have 2 entries for the columns, got 3",
        ),
        ([("number", 0, False)], [0.0, 0.0], "OPTION"),
        ([("number", 2, False, (3, 0, 0))], [0.0, 1.0, 0.0, 1.0, 0.0], "numbers"),
        ([("number", 2, False, (3, 0, 0))], [0.0, 1.0, 0.0, 1.0, 0.5, 0.5], "OPTION"),
        ([("number", 2, False, (1, 0, 0))], [0.0, 1.0, 0.0, 1.0], "numbers"),
        ([("number", 2, False, (2, -2, 0))], [0.0, 1.0, 0.0, 1.0], "numbers"),
        ([("number", 2, False, (2, 2))], [0.0, 1.0, 0.0, 1.0], "numbers"),
        ([("number", 0, False, (0, 0, 2))], [0.0, 1.0], "OPTION"),
        ([("number", 0, False)], [nan, 1.0], "OPTION"),
        ([("number", 2, False)], [0.0, 1.0, 3.0, 2.0], "OPTION"),
        ([("category", 0, False)], [], "OPTION"),
        ([("numbers", 0, False)], [], "role"),
        ([], [], "OPTION"),
    ],
)
def test_invalid_columns_are_refused(columns, numbers, message):
    with pytest.raises(ValueError, match=message):
        _core.Columns([(*column, ())[:4] for column in columns], numbers)


def test_rows_of_another_width_are_refused():
    raw, encoder = table(0)
    for wrong in (raw[:, :-1], raw[0], raw[None]):
        with pytest.raises(ValueError, match="raw must have shape"):
            encoder.encode(wrong, bins=False)


@pytest.mark.parametrize("n_missing", [[], [1, 1], [-1], [-(2**30)]])
def test_numbers_of_missing_values_are_those_of_the_columns(n_missing):
    with pytest.raises(
        ValueError, match="n_missing must have a number from 0 on for each of 1 columns"
    ):
        _core.Columns([("number", 0, False, ())], [0.0, 1.0, 5.0], (), n_missing)


@pytest.mark.parametrize("bins", [False, True])
def test_infinite_numbers_are_refused(bins):
    raw, encoder = table(0)
    raw[1, -1] = np.inf
    with pytest.raises(StatusError, match="CMLP_ERROR_INPUT"):
        encoder.encode(raw, bins=bins)
