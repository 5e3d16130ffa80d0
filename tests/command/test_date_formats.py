"""`--date-format` of `cmlp train`: what it reads, what it says, and what later commands read by it."""

from pathlib import Path

import numpy as np
import pytest
from helpers import assert_same_bits
from optional import package

import cmlp

DAYS = [day.item() for day in np.datetime64("1999-12-01") + np.arange(60) * 3]
FAST = ["--n-epochs", "2", "--n-estimators", "1", "--random-state", "0", "--holdout", "none"]
FORMS = [
    "--date-format",
    "day=%d.%m.%Y",
    "--date-format",
    "2=%Y%m%d",
    "--date-format",
    "at=%b %d %Y %H:%M%z",
]


@pytest.fixture(autouse=True)
def rows(run):
    write("a.csv")


def write(name, day=None, rows=60):
    """Write rows with dates; `day` replaces the fourth one."""
    lines = ["day,number,at,x,y"]
    for i, one in enumerate(DAYS[:rows]):
        text = day if day is not None and i == 3 else one.strftime("%d.%m.%Y")
        at = one.strftime("%b %d %Y 01:30+02:00")
        lines.append(f"{text},{one:%Y%m%d},{at},{i % 5}.5,{one.weekday() + i % 5}.5")
    Path(name).write_text("\n".join(lines) + "\n")


def train(run, *arguments, data="a.csv"):
    status, out, err = run("train", data, "--target", "y", "-o", "m.cmlp", *FAST, *arguments)
    return status, out + err


def test_columns_are_read_by_their_forms(run):
    status, said = train(run, *FORMS)
    assert status == 0 and "read as dates: day, number, at" in said
    assert "is read as" not in said
    model = cmlp.load("m.cmlp")
    assert [*model.column_types_.values()] == ["date", "date", "instant", "number"]
    assert model.date_formats == {"day": "%d.%m.%Y", "number": "%Y%m%d", "at": "%b %d %Y %H:%M%z"}
    pandas = package("pandas")
    frame = pandas.read_csv("a.csv")
    again = cmlp.TabularRegressor(
        n_epochs=2, n_estimators=1, random_state=0, date_formats=model.date_formats
    ).fit(frame.drop(columns="y"), frame["y"])
    assert_same_bits(model.predict(frame.drop(columns="y")), again.predict(frame.drop(columns="y")))
    status, out, _ = run("predict", "m.cmlp", "a.csv", "--drop", "y")
    assert status == 0
    assert list(map(float, out.split())) == model.predict(frame.drop(columns="y")).tolist()


def test_info_names_the_forms(run):
    train(run, *FORMS)
    _, out, _ = run("info", "m.cmlp")
    assert "day (a date, in days since 1970-01-01, from text of the form %d.%m.%Y)" in out


def test_verify_repeats_the_fit(run):
    train(run, *FORMS, "--provenance")
    assert run("verify", "m.cmlp", "a.csv")[0] == 0
    write("b.csv", "11.12.1999")
    assert run("verify", "m.cmlp", "b.csv")[0] == 3  # other data


@pytest.mark.parametrize("cell", ["31.02.2000", "2000-02-01", "1.1.00"])
def test_errors_name_line_column_cell_and_form(run, cell):
    train(run, *FORMS)
    write("bad.csv", cell)
    said = f"bad.csv, line 5, column 1 ('day'): {cell!r} is not a date of the form '%d.%m.%Y'"
    for arguments in (
        ["train", "bad.csv", "--target", "y", "-o", "n.cmlp", *FAST, *FORMS],
        ["predict", "m.cmlp", "bad.csv", "--drop", "y"],
    ):
        status, _, err = run(*arguments)
        assert status and said in err and f"add --missing {cell}" in err
    assert train(run, *FORMS, "--missing", cell, data="bad.csv")[0] == 0
    write("late.csv", "?")
    assert run("predict", "m.cmlp", "late.csv", "--drop", "y")[0] == 0


def test_one_form_is_that_of_columns_of_text(run):
    status, said = train(run, "--date-format", "%d.%m.%Y")
    assert status == 0 and "read as dates: day\n" in said
    assert cmlp.load("m.cmlp").date_formats == {"day": "%d.%m.%Y"}
    status, said = train(run, "--date-format", "%Y%m%d")
    assert (
        status and "a.csv has no column of text whose cells are dates of the form '%Y%m%d'" in said
    )
    status, said = train(run, "--date-format", "%d.%m.%Y", "--text", "day")
    assert status and "no column of text" in said
    write("bad.csv", "x")
    status, said = train(run, "--date-format", "%d.%m.%Y", data="bad.csv")
    assert status and "bad.csv, line 5, column 1 ('day'): 'x' is not a date of the form" in said


def test_train_names_the_forms_of_probable_dates(run):
    _, said = train(run)
    for at, option in (
        ("column 1 ('day'): '01.12.1999' is read as text", "day=%d.%m.%Y"),
        ("column 2 ('number'): '19991201' is read as a number", "number=%Y%m%d"),
        ("column 3 ('at'): 'Dec 01 1999 01:30+02:00' is read as text", "'at=%b %d %Y %H:%M%z'"),
    ):
        assert (
            f"{at}. To read dates, write them as 2026-11-24 or add --date-format {option}; " in said
        )
    assert "column 4" not in said and "date_formats" not in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["%d"], "argument --date-format: a form of dates must have %Y, %y or %G, got '%d'"),
        (["day=%d"], "argument --date-format: a form of dates must have %Y, %y or %G, got '%d'"),
        (["day"], "argument --date-format: a form of dates must have %Y, %y or %G, got 'day'"),
        (["z=%Y"], "a.csv has no input 'z', whose dates would have the form '%Y'"),
        (["y=%Y"], "a.csv has no input 'y', whose dates would have the form '%Y'"),
        (["x=%Y"], "column 4 ('x'): '0.5' is not a date of the form '%Y'"),
        (["%Y", "%y"], "--date-format without a column is the only form"),
        (["%Y", "day=%y"], "--date-format without a column is the only form"),
    ],
)
def test_wrong_options_are_named(run, arguments, message):
    options = [part for value in arguments for part in ("--date-format", value)]
    try:
        status, said = train(run, *options)
    except SystemExit as error:
        status, said = error.code, ""
    assert status and (message in said or not said)


def test_a_network_has_no_dates(run):
    arguments = ["train", "a.csv", "--target", "y", "-o", "m.cmlp", *FORMS, "--network"]
    status, _, err = run(*arguments)
    assert status and "--date-format is only for the model of a table" in err


def test_parquet_has_the_bits_of_csv(run):
    pandas = package("pandas")
    package("pyarrow")
    frame = pandas.read_csv("a.csv")
    frame.to_parquet("a.parquet")
    train(run, *FORMS)
    expected = cmlp.load("m.cmlp")
    assert train(run, *FORMS, "--provenance", data="a.parquet")[0] == 0
    model = cmlp.load("m.cmlp")
    X = frame.drop(columns="y")
    assert_same_bits(model.predict(X), expected.predict(X))
    assert run("verify", "m.cmlp", "a.parquet")[0] == 0
    frame.loc[50, "day"] = "1999-12-01"
    frame.to_parquet("bad.parquet")
    status, said = train(run, *FORMS, data="bad.parquet")
    assert status and "must be a date of the form '%d.%m.%Y', got '1999-12-01' in row 50." in said
    assert "bad.parquet: column 'day'" in said
