"""``cmlp train --groups`` holds out whole groups, and ``cmlp verify`` repeats them. Hints about rows to hold out."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from internals import model_of
from notices import without_found
from optional import package

import cmlp
from cmlp import __main__ as cli

N, N_GROUPS = 240, 40
RNG = np.random.RandomState(0)
PERSON = np.repeat(np.arange(N_GROUPS), N // N_GROUPS)[RNG.permutation(N)]
SIZE = RNG.uniform(1, 9, N).round(2)
LEVEL = RNG.standard_normal(N_GROUPS)[PERSON]
Y = (SIZE + 3 * LEVEL).round(3)
DAYS = np.datetime64("2020-01-01") + np.arange(N)
SMALL = ["-o", "m.cmlp", "--random-state", "0", "--hidden-layer-sizes", "8", "--n-epochs", "4"]
TRAIN = ["train", "rows.csv", "--target", "y", *SMALL]


@pytest.fixture
def command(tmp_path, capsys, monkeypatch):
    """Return a function that runs the command in a folder, and one that writes rows there."""
    monkeypatch.chdir(tmp_path)
    write(Y)

    def run(*arguments):
        status = cli.main(list(arguments))
        out, err = capsys.readouterr()
        return status, out.splitlines(), without_found(err)

    return run


def write(y, days=DAYS, person=PERSON, name="rows.csv"):
    rows = zip(person, SIZE, days, y, strict=True)
    lines = ["person,size,day,y", *(f"p{a},{b},{c},{d}" for a, b, c, d in rows)]
    with open(name, "w") as file:
        file.write("\n".join(lines))


def test_groups_are_no_input_and_whole_ones_are_held_out(command):
    status, lines, err = command(*TRAIN, "--groups", "person")
    assert (status, err) == (0, "")
    assert any("on 30 rows of 5 groups held out of a first fit" in line for line in lines)
    model = cmlp.load("m.cmlp")
    assert list(model.feature_names_in_) == ["size", "day"]
    _, lines, _ = command("info", "m.cmlp")
    assert any(
        line.endswith("held out by person: 40 groups, intervals hold for new ones")
        for line in lines
    )
    _, lines, _ = command(*TRAIN, "--groups", "person", "--no-refit")
    assert model_of(cmlp.load("m.cmlp")).calibration.groups == (35, "person")


@pytest.mark.parametrize("more", [[], ["--no-refit"]])
def test_verify_repeats_the_groups_and_their_names_do_not_matter(command, more):
    command(*TRAIN, "--groups", "person", "--provenance", *more)
    assert command("verify", "m.cmlp", "rows.csv")[0] == 0
    write(Y, person=[f"other {one}" for one in PERSON])
    assert command("verify", "m.cmlp", "rows.csv")[0] == 0
    write(Y, person=PERSON // 2)
    assert command("verify", "m.cmlp", "rows.csv")[0] == 3


def test_groups_have_one_type(command):
    forms = ["{}", "{}.0", "0{}", "{}e0"]
    person = [forms[row % 4].format(one) for row, one in enumerate(PERSON)]
    text = Path("rows.csv").read_text().splitlines()

    def groups_of(values):
        rows = zip(values, text[1:], strict=True)
        lines = [",".join([str(a), *line.split(",")[1:]]) for a, line in rows]
        Path("rows.csv").write_text("\n".join([text[0], *lines]))
        _, _, err = command(*TRAIN, "--groups", "person", "--no-refit")
        assert err == ""
        _, lines, _ = command("info", "m.cmlp")
        return next(line for line in lines if "held out by person" in line)

    assert groups_of(person) == groups_of(PERSON)
    assert groups_of([f"0{one:02d}" for one in PERSON]) == groups_of([f"p{one}" for one in PERSON])


def test_groups_that_differ_by_case_are_noted(command):
    text = Path("rows.csv").read_text()
    Path("rows.csv").write_text(text.replace("\np1,", "\nP1,", 1))
    _, lines, _ = command(*TRAIN, "--groups", "person")
    noted = [line for line in lines if line.split()[1:2] == ["spelling"]]
    assert len(noted) == 1 and "different groups" in noted[0]


def test_groups_of_parquet_are_those_of_text(command):
    pandas = package("pandas")
    package("pyarrow")
    frame = pandas.read_csv("rows.csv", parse_dates=["day"])
    command(*TRAIN, "--groups", "person")
    expected = cmlp.load("m.cmlp").predict(frame[["size", "day"]])
    frame.to_parquet("rows.parquet")
    arguments = ["train", "rows.parquet", "--target", "y", *SMALL]
    assert command(*arguments, "--groups", "person")[0] == 0
    assert (cmlp.load("m.cmlp").predict(frame[["size", "day"]]) == expected).all()
    frame.loc[7, "person"] = None
    frame.to_parquet("rows.parquet")
    assert (
        "rows.parquet, row 8 ('person'): the group is missing"
        in command(*arguments, "--groups", "person")[2]
    )


@pytest.mark.parametrize(
    "options, message",
    [
        (["--groups", "pearson"], "rows.csv has no column 'pearson': did you mean 'person'?"),
        (["--groups", "y"], "--groups and --target are the same column, 'y'"),
        (["--groups", "person", "--holdout", "last"], "--groups and --holdout last exclude each"),
        (["--groups", "person", "--network"], "--groups is only for the model of a table"),
    ],
)
def test_groups_are_refused(command, options, message):
    status, _, err = command(*TRAIN, *options)
    assert status != 0
    assert message in err


def test_a_missing_group_is_named_with_its_line(command):
    with open("rows.csv") as file:
        lines = file.read().split("\n")
    lines[4] = lines[4].partition(",")[1] + lines[4].partition(",")[2]
    with open("rows.csv", "w") as file:
        file.write("\n".join(lines))
    err = command(*TRAIN, "--groups", "person")[2]
    assert "rows.csv, line 5, column 1 ('person'): the group is missing" in err


def test_few_groups_are_all_learned_in_one_fit(command):
    write(Y, person=PERSON % 2)
    status, lines, _ = command(*TRAIN, "--groups", "person")
    assert status == 0
    assert not any("held out of a first fit" in line for line in lines)


def test_repeated_measurements_are_a_line(command):
    rows = zip(PERSON, PERSON % 7, PERSON % 5, SIZE, Y, strict=True)
    with open("rows.csv", "w") as file:
        file.write("person,sex,age,size,y\n")
        file.writelines(f"p{a},{b},{c},{d},{e}\n" for a, b, c, d, e in rows)
    _, lines, _ = command(*TRAIN)
    (line,) = [one for one in lines if one.startswith("!!  groups")]
    assert line.endswith("--groups person")
    lines = command(*TRAIN, "--known", "groups:person")[1]
    assert not any(one.startswith("!!  groups") for one in lines)


def test_ascending_dates_hint_at_time(command):
    def hints(*options):
        lines = command(*TRAIN, *options)[1]
        return [line for line in lines if line.split()[1:3] == ["time", "day"]]

    write(Y + np.arange(N))
    (line,) = hints()
    assert line.endswith("--time day")
    for options in (["--holdout", "last"], ["--holdout", "random"], ["--groups", "person"]):
        assert hints(*options) == []
    write(Y + np.arange(N), days=DAYS[::-1])
    assert hints() == []


def test_last_rows_of_one_class_are_noted(command):
    sorted_by_class = np.sort(np.where(SIZE > 5, "large", "small"))
    write(sorted_by_class)
    lines = command(*TRAIN, "--holdout", "last")[1]
    assert any(line.startswith("all 30 held-out rows are of the label small") for line in lines)
    write(np.where(SIZE > 5, "large", "small"))
    lines = command(*TRAIN, "--holdout", "last")[1]
    assert not any("are of the label" in line for line in lines)


def test_held_out_labels_that_the_first_fit_has_not_do_not_count(command):
    """Ordered classes have no distance to a class that the model does not know."""
    held = np.sort(np.random.RandomState(0).permutation(N)[: N // 8])
    classes = np.digitize(SIZE, [3, 6])
    classes[held[0]] = 7
    write(classes)
    lines = command(*TRAIN, "--ordered")[1]
    pattern = "classes on 30 rows held out of a first fit (1 with other labels do not count)"
    assert sum(pattern in line for line in lines) == 1
    write(np.where(np.isin(np.arange(N), held), 3 + PERSON % 2, classes % 3))
    lines = command(*TRAIN, "--ordered")[1]
    assert "no label on 30 rows held out of a first fit is one of its training rows" in lines


def test_the_label_that_sets_leave_out_is_named(command):
    rare = np.random.RandomState(1).rand(N) < 0.1
    write(np.where(rare, "bad", "good"))
    (line,) = [one for one in command(*TRAIN)[1] if one.startswith("90% sets")]
    held = np.sort(np.random.RandomState(0).permutation(N)[: N // 8])
    assert line.endswith(f"least often for bad: 0.0% of {rare[held].sum()} rows")


def test_ids_that_a_spreadsheet_has_rounded_are_lines(command, monkeypatch):
    ids = [f"{10**11 + 7_654_321 * person:.5E}" for person in PERSON.tolist()]
    rows = zip(ids, SIZE, Y, strict=True)
    Path("rows.csv").write_text("id,size,y\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows))
    _, lines, err = command(*TRAIN, "--groups", "id")
    assert err.startswith("cmlp: groups has whole numbers of at most six digits")
    assert err.count("\n") == 1 and not any("six digits" in line for line in lines)
    with monkeypatch.context() as patch, warnings.catch_warnings(action="ignore"):
        patch.setattr(sys, "warnoptions", ["ignore"])  # as PYTHONWARNINGS=ignore does
        assert command(*TRAIN, "--groups", "id")[2] == ""
    _, lines, err = command(*TRAIN)
    (line,) = [one for one in lines if "six digits" in one]
    assert line.startswith(f"rows.csv, column 1 ('id'): '{ids[0]}' has at most six digits")
    _, lines, err = command(*TRAIN, "--text", "id")
    assert any(line.startswith("column 'id' has whole numbers of at most") for line in lines)
    assert err == ""
