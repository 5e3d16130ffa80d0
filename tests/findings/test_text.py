"""Text that is numbers with units, currencies and bounds, or durations, and the remedies that read it."""

import warnings

import numpy as np
import pytest
from optional import package

import cmlp

N = 120
rng = np.random.RandomState(0)
NUMBERS = np.round(rng.rand(N) * 5000 + 60, 2)
Y = rng.standard_normal(N)


def findings(*codes, **columns):
    """Return the findings of some kinds in a table with these columns."""
    frame = package("pandas").DataFrame({"size": rng.standard_normal(N)} | columns)
    return frame, [one for one in cmlp.examine(frame, Y) if one.code in codes]


def fitted_of(remedy, frame):
    return eval(remedy, {"pandas": package("pandas"), "X": frame})


@pytest.mark.parametrize(
    "write, form, factor",
    [
        ("EUR {:.2f}", "EUR number", 1),
        ("{:.2f} kg", "number kg", 1),
        ("{:.2f}k", "number k", 1000),
        ("<{:.2f}", "< number", 1),
        ("${:,.2f}", "$ number", 1),
        ("({:.2f})", "number", 1),
        ("{:.2f}[1]", "number", 1),
        ("{:.2f} (estimated)", "number", 1),
        ("-{:.2f} m", "number m", -1),
    ],
)
def test_numbers_in_a_form_are_named_with_the_form_and_what_reads_them(write, form, factor):
    frame, (found,) = findings("parse", "ids", amount=[write.format(one) for one in NUMBERS])
    assert found.code == "parse" and found.columns == ("amount",)
    assert found.evidence == f'text, of which 100 % are numbers of the form "{form}"'
    np.testing.assert_allclose(fitted_of(found.remedy, frame), NUMBERS * factor)


def test_decimal_commas_commas_of_thousands_and_powers_of_ten_are_read():
    commas = [f"{one:.2f} €".replace(".", ",") for one in NUMBERS]
    frame, (found,) = findings("parse", "ids", amount=commas)
    np.testing.assert_allclose(fitted_of(found.remedy, frame), NUMBERS)
    thousands = np.round(100 * NUMBERS)
    frame, (found,) = findings("parse", "ids", amount=[f"${one:,.0f}" for one in thousands])
    np.testing.assert_allclose(fitted_of(found.remedy, frame), thousands)
    powers = [f"{one}{'KM'[row % 2]}" for row, one in enumerate(NUMBERS)]
    frame, (found,) = findings("parse", "ids", amount=powers)
    np.testing.assert_allclose(
        fitted_of(found.remedy, frame), NUMBERS * 1000.0 ** (1 + np.arange(N) % 2)
    )


def test_columns_of_one_form_have_one_finding():
    texts = [f"{one} kg" for one in NUMBERS]
    frame, (found,) = findings("parse", "ids", a=texts, b=texts[::-1])
    assert found.columns == ("a", "b")
    np.testing.assert_allclose(fitted_of(found.remedy, frame)["b"], NUMBERS[::-1])


@pytest.mark.parametrize(
    "write",
    [
        lambda s: f"{s // 60}:{s % 60:02d}",
        lambda s: f"{s // 3600}:{s // 60 % 60:02d}:{s % 60:02d}",
        lambda s: f"{s // 60} min {s % 60} s",
    ],
    ids=["minutes", "hours", "words"],
)
def test_durations_are_read_before_numbers(write):
    seconds = NUMBERS.astype(int)
    frame, (found,) = findings("parse", "ids", took=[write(one) for one in seconds])
    assert "100 % are durations" in found.evidence
    np.testing.assert_array_equal(fitted_of(found.remedy, frame).dt.total_seconds(), seconds)


@pytest.mark.parametrize(
    "other, n, is_warned",
    [
        (lambda row: "refused", 30, True),
        (lambda row: "refused", 38, False),
        (lambda row: "x " * row, 22, True),
        (lambda row: "x " * row, 30, False),
    ],
    ids=["a quarter of one form", "a third of one form", "less than a fifth", "a quarter"],
)
def test_a_warning_needs_a_share_of_numbers_that_depends_on_the_form_of_the_others(
    other, n, is_warned
):
    texts = [other(row) if row < n else f"{one} kg" for row, one in enumerate(NUMBERS)]
    frame, found = findings("parse", "ids", weight=texts)
    assert [one.code for one in found] == ["parse"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cmlp.TabularRegressor(n_estimators=1, n_epochs=1).fit(frame, Y)
    assert (
        any(issubclass(one.category, cmlp.exceptions.ParseWarning) for one in caught) == is_warned
    )


@pytest.mark.parametrize("write", ["{} kg", "{}"])
def test_half_of_the_entries_are_numbers_or_the_column_has_ids(write):
    texts = [f"x{row}" if row < N // 2 else write.format(one) for row, one in enumerate(NUMBERS)]
    frame, (found,) = findings("parse", "ids", weight=texts)
    assert found.code == "parse"
    np.testing.assert_array_equal(fitted_of(found.remedy, frame)[N // 2 :], NUMBERS[N // 2 :])
    texts[-1] = "x"
    assert [one.code for one in findings("parse", "ids", weight=texts)[1]] == ["ids"]


@pytest.mark.parametrize(
    ("write", "factor"),
    [("\u2212{}", -1), ('="{}"', 1), ("{:.6e}", 1), ("\u2212{} kg", -1)],
    ids=["minus", "formula", "Fortran", "minus and unit"],
)
def test_numbers_of_texts_spreadsheets_and_fortran_are_read(write, factor):
    texts = [write.format(one).replace("e+", "D+") for one in NUMBERS]
    frame, (found,) = findings("parse", "ids", amount=texts)
    assert found.code == "parse"
    np.testing.assert_allclose(fitted_of(found.remedy, frame), NUMBERS * factor)


@pytest.mark.parametrize(
    "units, is_named",
    [
        (("{} kg", "{} g"), True),
        (("{} ft", "{} m"), True),
        (("${}", "\u20ac{}"), True),
        (("{} kg", "{}Kg."), False),
        (("{} lb", "{} lbs"), False),
        (("${}", "{} USD"), False),
        (("{} k", "{} M"), False),
        (("{} mg", "{}"), False),
        (("{} inches", "{} inch"), False),
        (("{} foot", "{} feet", "{} ft"), False),
        (("{} km/h", "{} kmh"), False),
        (("{} boxes", "{} box"), False),
        (("{} kg",) * 19 + ("{} g",), True),
        (("{} kg",) * 119 + ("{} kgg",), False),
    ],
)
def test_several_units_are_named_and_not_extracted(units, is_named):
    texts = [units[row % len(units)].format(one) for row, one in enumerate(NUMBERS)]
    (found,) = findings("parse", "ids", amount=texts)[1]
    assert found.code == "parse"
    assert ("one unit in amount, which has" in found.remedy) == is_named
    assert ("extract" in found.remedy) != is_named


def test_ordinals_and_seats_have_no_units():
    endings = {1: "st", 2: "nd", 3: "rd"}
    ranks = np.arange(N) + 301
    places = [f"{rank}{endings.get(rank % 10, 'th')}" for rank in ranks]
    seats = [f"{row // 6 + 1}{'ABCDEF'[row % 6]}" for row in range(N)]
    for texts, numbers in ((places, ranks), (seats, np.arange(N) // 6 + 1)):
        frame, (found,) = findings("parse", "ids", place=texts)
        np.testing.assert_array_equal(fitted_of(found.remedy, frame), numbers)


def test_codes_with_leading_zeros_are_no_numbers():
    codes = [f"{row:05}" for row in range(N)]
    assert [one.code for one in findings("parse", "ids", code=codes)[1]] == ["ids"]


@pytest.mark.parametrize(
    "texts",
    [
        [f"p{row}" for row in range(N)],
        [f"text {row}" for row in range(N)],
        [f"{row} {'abcdefghij'[row % 10]}" for row in range(N)],
        [f"{row} Main Street" for row in range(N)],
    ],
    ids=["ids", "words", "ten units", "addresses"],
)
def test_ids_are_no_numbers(texts):
    assert [one.code for one in findings("parse", "ids", name=texts)[1]] == ["ids"]


def test_categories_with_a_unit_are_read_in_silence():
    assert findings("parse", "ids", dose=[f"{row % 4 / 2} mg" for row in range(N)])[1] == []


def test_dates_among_a_word_are_named_with_the_parameters_that_read_them():
    days = rng.permutation(np.datetime64("2020-01-01") + np.arange(N) * 9).tolist()
    months = [
        "Jan.",
        "Feb.",
        "März",
        "Apr.",
        "Mai",
        "Juni",
        "Juli",
        "Aug.",
        "Sept.",
        "Okt.",
        "Nov.",
        "Dez.",
    ]
    texts = [f"{day.day}. {months[day.month - 1]} {day.year}" for day in days]
    frame, (found,) = findings("parse", "ids", day=texts)
    assert found.remedy == "date_formats={'day': '%d. %b %Y'}"
    texts[::3] = ["n. a."] * (N // 3)
    frame, (found,) = findings("parse", "ids", day=texts)
    assert found.evidence == "text, of which 66.6 % are dates"
    parameters = eval(f"dict({found.remedy})")
    model = cmlp.TabularRegressor(n_estimators=1, n_epochs=1, known=["useless"], **parameters)
    assert model.fit(frame, Y).column_types_["day"] == "date"
