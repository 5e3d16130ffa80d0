"""Text that is numbers in a file: what the command says of it, and what it reads after each remedy."""

import json
import random
import shlex
from pathlib import Path

import pytest
from texts_in_files import write_column

import cmlp

N = 120
FAST = ["--n-epochs", "2", "--n-estimators", "1", "--random-state", "0", "--holdout", "none"]
NUMBERS = [round(1 + 7.3 * row + row % 7 / 8, 3) for row in range(N)]
random.Random(0).shuffle(NUMBERS)


def examined(run, *options):
    """Return the findings of the column, or the error."""
    status, out, err = run("examine", "a.csv", "--target", "y", "--regressor", "--json", *options)
    if status:
        return err
    return [
        (one["code"], one["remedy"]) for one in json.loads(out)["findings"] if "c" in one["columns"]
    ]


def read_by_model(run, *options):
    """Return the column as a model reads it that is trained on the file."""
    status, _, err = run(
        *("train", "a.csv", "--target", "y", "--regressor", "-o", "m.cmlp", "--table"),
        *(*FAST, *options),
    )
    assert status == 0, err
    return cmlp.load("m.cmlp")


def with_others(others):
    return [others[row % len(others)] if row % 3 == 1 else one for row, one in enumerate(NUMBERS)]


@pytest.mark.parametrize(
    ("others", "remedy"),
    [
        (["---"], "--missing=---"),
        (["#DIV/0!"], "--missing '#DIV/0!'"),
        (["n. a."], "--missing 'n. a.'"),
        (["<LOD"], "--missing '<LOD'"),
        (["---", "<LOD"], "--missing '<LOD' --missing=---"),
    ],
)
def test_words_among_numbers_are_named_with_the_options_that_read_the_numbers(run, others, remedy):
    write_column(with_others(others))
    assert examined(run) == [("parse", remedy)]
    assert examined(run, *shlex.split(remedy)) == []
    model = read_by_model(run, *shlex.split(remedy))
    assert model.column_types_["c"] == "number"


def test_half_of_the_entries_are_numbers_or_the_column_has_ids(run):
    write_column([f"no {row}" if row % 2 else one for row, one in enumerate(NUMBERS)])
    ((code, remedy),) = examined(run)
    assert code == "parse" and "empty cells in c" in remedy
    write_column([f"no {row}" if row % 2 or row < 4 else one for row, one in enumerate(NUMBERS)])
    assert [code for code, _ in examined(run)] == ["ids"]


def test_columns_with_few_values_stay_categories(run):
    write_column(["---" if row % 3 == 1 else row % 4 for row in range(N)])
    assert examined(run) == []


def test_a_column_that_the_user_calls_text_is_no_numbers(run):
    write_column(with_others(["---"]))
    assert [code for code, _ in examined(run, "--text", "c")] == ["ids"]


@pytest.mark.parametrize(
    ("form", "read"),
    [("\u2212{}", lambda one: -one), ('="{}"', lambda one: one), ("1e\u2212{}", None)],
)
def test_numbers_of_texts_and_spreadsheets_are_read(run, form, read):
    exponents = [row % 40 for row in range(N)]
    write_column([form.format(one) for one in (NUMBERS if read else exponents)])
    assert examined(run) == []
    assert read_by_model(run).column_types_["c"] == "number"
    predicted = run("predict", "m.cmlp", "a.csv", "--drop", "y")
    write_column([*map(read, NUMBERS)] if read else [f"1e-{one}" for one in exponents])
    assert run("predict", "m.cmlp", "a.csv", "--drop", "y") == predicted


def test_formulas_of_codes_are_the_codes(run):
    write_column([f'="{row % 6:05}"' for row in range(N)])
    categories = read_by_model(run).categories_["c"]
    assert sorted(categories) == [f"{row:05}" for row in range(6)]


@pytest.mark.parametrize(
    ("cells", "are_rounded"),
    [
        ([f"{1e11 + 7.654321e6 * row:.5E}" for row in range(N)], True),
        ([f"{1e11 + 7.654321e6 * (row // 4):.5E}".replace("0E", "E") for row in range(N)], True),
        ([f"{7e11 + 7.654321e8 * row:.3E}" for row in range(N)], False),
        ([f"{1.2345678 * 10.0 ** (12 - row % 13):.5E}" for row in range(N)], False),
        ([f"{1.2345678 * 10.0 ** (15 - row // 6):.5E}" for row in range(N)], False),
    ],
    ids=["ids", "repeated ids", "three decimals", "small numbers", "small numbers later"],
)
def test_scientific_notation_is_rounded_ids_only_as_a_spreadsheet_writes_it(
    run, cells, are_rounded
):
    write_column(cells)
    status, out, err = run(
        *("train", "a.csv", "--target", "y", "--regressor", "-o", "m.cmlp", "--table", *FAST)
    )
    assert (status, "at most six digits" in out + err) == (0, are_rounded)


def test_exponents_of_fortran_are_named_and_read_after_the_remedy(run):
    cells = [f"{one:.4e}".replace("e", "D") for one in NUMBERS]
    write_column(cells)
    assert "write e instead of D in exponents" in examined(run)
    write_column([cell.replace("D", "e") for cell in cells])
    assert examined(run) == []


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("{} USD", "To read numbers, remove what is no part of the number;"),
        ("-{}%", "To read numbers, remove what is no part of the number;"),
        ("1 {:.0f} USD", '"--thousands " " and remove what is no part of the number'),
        ("{} kg", "numbers of the form"),
    ],
)
def test_units_are_to_be_removed_and_then_the_numbers_are_read(run, form, said):
    numbers = [100 + one for one in NUMBERS]
    cells = [form.format(one) for one in numbers]
    write_column(cells)
    found = examined(run)
    if "kg" in form:
        assert found == [("parse", "numbers without other characters in c")]
    else:
        assert said.lstrip('"') in found
    bare = [cell.replace("USD", "").strip(" %kg") for cell in cells]
    write_column(bare)
    assert examined(run, *(["--thousands", " "] if form[0] == "1" else [])) == []


@pytest.mark.parametrize(
    ("forms", "listed"),
    [
        (("{} kg", "{} g"), "one unit in c, which has kg in 60 and g in 60 entries"),
        (("{} ft", "{} m"), "one unit in c, which has ft in 60 and m in 60 entries"),
        (("${}", "\u20ac{}"), "the column has $ in 60 and \u20ac in 60 entries"),
    ],
)
def test_several_units_are_named(run, forms, listed):
    write_column([forms[row % 2].format(one) for row, one in enumerate(NUMBERS)])
    found = examined(run)
    assert found == [("parse", listed)] or listed in found
    write_column(NUMBERS)
    assert examined(run) == []


def test_a_model_that_was_trained_before_reads_cells_as_it_did(run):
    """Its file says nothing of spreadsheets."""
    data = Path(__file__).parents[1] / "files" / "data" / "v0.9.0_table_regressor.cmlp"
    model = cmlp.load(data)
    assert "spreadsheets" not in run("info", data)[1]
    cells = ["\u22125" if one == "number" else "" for one in model.column_types_.values()]
    Path("b.csv").write_text(",".join(cells) + "\n", "utf-8")
    status, _, err = run("predict", data, "b.csv", "--header", "no")
    assert status and "'\u22125' is not a number" in err
