"""Files of text as people have them: each column is decided once, no row is lost, and errors name the remedy."""

import gzip
import io
import shlex
import zipfile
from pathlib import Path

import numpy as np
import pytest
from internals import model_of
from notices import without_found
from optional import package

import cmlp
from cmlp import __main__ as cli

N = 160
RNG = np.random.RandomState(0)
SIZE = RNG.randint(20, 150, N)
KIND = np.array(["house", "flat", "room"])[RNG.randint(0, 3, N)]
PRICE = (SIZE * 1000.25).round(2)
TABLE = [
    "--hidden-layer-sizes",
    "4",
    "--n-estimators",
    "1",
    "--n-epochs",
    "2",
    "--random-state",
    "0",
]
OF_SPREADSHEETS = ["as", "in", "spreadsheets", "(\u22125,", '="007")']
NETWORK = ["--hidden-layer-sizes", "4", "--max-iter", "3", "--random-state", "0"]


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Return a function that runs the command in a folder of its own: status, lines and errors."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        status = cli.main(list(arguments))
        out, err = capsys.readouterr()
        return status, out.splitlines(), without_found(err)

    return command


@pytest.fixture
def train(run):
    """Return a function that trains on columns or on text, and returns the status, the lines and the errors."""

    def command(content, *arguments, target="y", options=TABLE, name="t.csv"):
        if isinstance(content, dict):
            content = text_of(content)
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return run("train", name, "--target", target, "-o", "m.cmlp", *options, *arguments)

    return command


def text_of(columns, separator=","):
    lines = [
        separator.join(columns),
        *(separator.join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    return "\n".join(lines) + "\n"


def kinds():
    return [column.role for column in model_of(cmlp.load("m.cmlp")).columns]


def changed(values, at, entry):
    found = list(map(str, values))
    found[at] = entry
    return found


# ------------------------------------------------------------------------------------------------- targets and labels


@pytest.mark.parametrize("suffix", ["csv", "npy", "parquet"])
def test_targets_beyond_integers_of_64_bits_stay_what_they_are(run, suffix):
    x, y = np.linspace(0, 1, N), np.linspace(1, 1.9, N) * 2.0**63
    if suffix == "csv":
        Path("t.csv").write_text(text_of({"x": x, "y": [int(value) for value in y]}))
    elif suffix == "npy":
        np.save("t.npy", np.c_[x, y])
    else:
        pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
        parquet.write_table(pyarrow.table({"x": x, "y": y.astype(np.uint64)}), "t.parquet")
    target = "2" if suffix == "npy" else "y"
    options = ["--regressor", "--target", target, "-o", "m.cmlp", "--y-scale", "standard", *NETWORK]
    assert run("train", f"t.{suffix}", *options)[0] == 0
    predicted = np.array(run("predict", "m.cmlp", f"t.{suffix}", "--drop", target)[1], float)
    assert 2.0**62 < predicted.min() and predicted.max() < 2.0**65


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
def test_unsigned_targets_of_parquet_are_numbers(run, dtype):
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    columns = {"kind": KIND.tolist(), "y": (SIZE % 120).astype(dtype)}
    parquet.write_table(pyarrow.table(columns), "t.parquet")
    status, lines, _ = run("train", "t.parquet", "--target", "y", "-o", "m.cmlp", *TABLE)
    assert status == 0 and "So this trains a TabularRegressor: the target has " in lines[0]
    assert run("train", "t.parquet", "--target", "y", "-o", "m.cmlp", "--regressor", *TABLE)[0] == 0


def labels_after(train, written, *arguments):
    labels = [written[i % len(written)] for i in range(N)]
    status, _, err = train({"x": SIZE, "y": labels}, *arguments, options=NETWORK)
    assert (status, err) == (0, "")
    return cmlp.load("m.cmlp").classes_


def test_labels_are_integers_only_if_each_is_printed_as_it_was_written(train, run):
    for written, dtype in (
        (["0", "1", "10"], "int64"),
        (["-1", "18446744073709551615", "0"], "O"),
        (["0", "18446744073709551615"], "uint64"),
        (["1.0", "2.0"], "float64"),
        (["True", "False"], "bool"),
        (["true", "false"], "O"),
        (["00", "01", "10"], "O"),
        (["+1", "2"], "O"),
        (["1.00", "2.00"], "O"),
        (["340282366920938463463374607431768211456", "7"], "O"),
    ):
        classes = labels_after(train, written)
        assert classes.dtype == np.dtype(dtype), written
        printed = set(run("predict", "m.cmlp", "t.csv", "--drop", "y")[1])
        assert printed <= set(written), (written, printed)


def test_integers_that_a_double_cannot_hold_stay_different_labels(train):
    written = ["9007199254740993", "9007199254740992"]
    assert labels_after(train, written).tolist() == [9007199254740992, 9007199254740993]


def test_a_target_with_fractions_needs_a_regressor_and_whole_numbers_a_hint(train):
    status, _, err = train({"x": SIZE, "y": PRICE}, options=NETWORK)
    assert status == 1
    assert (
        "column 2 ('y'): the target has numbers with fractions, which are no labels: add --regressor"
        in err
    )
    assert train({"x": SIZE, "y": PRICE}, "--regressor", options=NETWORK)[0] == 0
    _, lines, _ = train({"x": SIZE, "y": SIZE % 4}, options=NETWORK)
    assert "the target has 4 different whole numbers; --regressor predicts numbers" in lines[1]


@pytest.mark.parametrize(
    ("cell", "remedy"),
    [
        ("82208,00", "To read numbers, add --decimal ,"),
        ('"153,156"', "add --thousands , or --decimal ,"),
        ('"$153,156.00"', "add --thousands , and remove what is no part"),
        ('"1.153.156,50"', "add --decimal , --thousands ."),
        ("$153156", "remove what is no part of the number"),
        ("12%", "remove what is no part of the number"),
        ("1'204.50", 'add --thousands "\'"'),
        ("1\u202f204", 'add --thousands " "'),
    ],
)
def test_numbers_in_another_form_are_an_error_with_the_remedy(train, cell, remedy):
    for target in ("y", "x"):
        columns = {"x": SIZE % 3, "kind": KIND, "y": SIZE % 3} | {target: [cell] * N}
        status, _, err = train(text_of(columns, ";"), *(["--drop", "x"] if target == "y" else []))
        at = 1 + list(columns).index(target)
        assert (
            status == 1
            and f"t.csv, line 2, column {at} ('{target}'): {cell.strip(chr(34))!r} is not" in err
        ), err
        assert remedy in err and f"add --text {target}" in err and err.count("\n") == 1


def test_stated_decimal_and_thousands_are_read_stored_and_used_again(train, run):
    pandas = package("pandas")
    amounts = [
        f"{1000 + 7 * i:,}.{i % 10}".replace(",", "_").replace(".", ",").replace("_", ".")
        for i in range(N)
    ]
    content = text_of({"amount": amounts, "kind": KIND, "y": [f"{i % 7},5" for i in range(N)]}, ";")
    stated = ["--decimal", ",", "--thousands", "."]
    status, lines, err = train(content, *stated)
    assert (status, err) == (0, "") and '";" as separator, 3 columns with names, 160 rows' in lines[
        0
    ]
    assert kinds() == ["number", "category"]
    frame = pandas.read_csv(io.StringIO(content), sep=";", decimal=",", thousands=".")
    assert [line.split() for line in run("info", "m.cmlp")[1] if line.startswith("cells")] == [
        ["cells", "decimal", "point", "',',", "thousands", "'.',", *OF_SPREADSHEETS]
    ]
    expected = cmlp.load("m.cmlp").predict(frame[["amount", "kind"]]).tolist()
    assert list(map(float, run("predict", "m.cmlp", "t.csv")[1])) == expected
    error = run("predict", "m.cmlp", "t.csv", "--decimal", ".")[2]
    assert (
        "line 2, column 1 ('amount'): '1.000,0' is not a number. If it stands for a missing value, add --miss"
        in error
    )


def test_infinite_targets_and_numbers_are_named(train):
    for word in ("inf", "-Infinity", "1e999"):
        for target, at in (("y", 2), ("x", 1)):
            columns = {"x": SIZE, "y": PRICE}
            columns[target] = changed(columns[target], 5, word)
            status, _, err = train(columns, "--regressor", options=NETWORK)
            assert (
                status == 1
                and f"t.csv, line 7, column {at} ('{target}'): the value is {float(word)}" in err
            )
            option = "--missing=" if word[0] == "-" else "--missing "
            assert (f"add {option}{word}" in err) == (target == "x")


# ------------------------------------------------------------------------------------------------------------ columns


@pytest.mark.parametrize("entry", ["Total", "n.a.", "TBD", "1_0", "\u0661", "0x10", "2020-01-01"])
def test_a_column_of_numbers_with_other_entries_is_an_error_that_names_them(train, entry):
    for column, at in (("x", 1), ("y", 3)):
        columns = {"x": SIZE, "kind": KIND, "y": PRICE}
        columns[column] = changed(columns[column], 7, entry)
        status, _, err = train(columns)
        assert (
            status == 1
            and f"t.csv, line 9, column {at} ('{column}'): {entry!r} is not a number, but of 160"
            in err
        )
        assert (
            "159 are numbers" in err
            and f"--missing {shlex.quote(entry)}" in err
            and f"--text {column}" in err
        )
    columns = {"x": changed(SIZE, 7, entry), "kind": KIND, "y": PRICE}
    assert train(columns, "--missing", entry)[0] == 0 and kinds() == ["number", "category"]
    assert train(columns, "--text", "x")[0] == 0 and kinds() == ["category", "category"]


def test_a_number_in_another_form_among_numbers_is_named(train):
    status, _, err = train(
        text_of({"x": SIZE, "kind": KIND, "y": changed(PRICE, 7, "82208,00")}, ";")
    )
    assert (
        status == 1
        and "'82208,00' in line 9. If '82208,00' is a number, write it like the others. If" in err
    )


def test_the_first_three_other_entries_are_named_with_their_lines(train):
    columns = {"x": list(map(str, SIZE)), "y": PRICE}
    for row, entry in ((3, "a"), (5, "b"), (9, "c"), (11, "d")):
        columns["x"][row] = entry
    assert "first others are 'a' in line 5, 'b' in line 7, 'c' in line 11." in train(columns)[2]


@pytest.mark.parametrize(
    "mark",
    [
        "",
        "NA",
        "N/A",
        "n/a",
        "NaN",
        "nan",
        "null",
        "NULL",
        "None",
        "#N/A",
        "<NA>",
        "?",
        "-",
        ".",
        r"\N",
    ],
)
def test_missing_values_among_numbers_dates_and_booleans(train, run, mark):
    columns = {
        "x": changed(SIZE, 7, mark),
        "day": changed([f"2020-05-{1 + i % 28:02}" for i in range(N)], 7, mark),
        "new": changed([i % 2 == 0 for i in range(N)], 7, mark),
        "y": PRICE,
    }
    assert train(columns)[0] == 0
    assert kinds() == ["number"] * 3
    assert len(run("predict", "m.cmlp", "t.csv")[1]) == N


def test_marks_are_text_in_a_column_of_text_and_missing_values_of_pandas_are_missing(train):
    entries = ["?", "-", "none", " ", "  a", "a ", "NA", "", "#N/A", "b"]
    assert train({"x": [entries[i % 10] for i in range(N)], "y": PRICE})[0] == 0
    categories = cmlp.load("m.cmlp").categories_["x"]
    assert {*categories} == {"?", "-", "none", " ", "  a", "a ", None, "b"}


def test_a_model_of_pandas_predicts_the_same_from_the_file(run):
    """Spaces are a part of text, #N/A and <NA> are missing, and a category wins over a missing value."""
    pandas = package("pandas")
    codes = [("a", " a", "a ", "#N/A", "<NA>", "None", "-", "na")[i % 8] for i in range(N)]
    content = text_of({"code": codes, "size": changed(SIZE, 3, "#N/A"), "y": PRICE})
    Path("t.csv").write_text(content)
    for keeps in (True, False):
        frame = (
            pandas.read_csv("t.csv") if keeps else pandas.read_csv("t.csv", keep_default_na=False)
        )
        if not keeps:
            frame["size"] = pandas.to_numeric(frame["size"], errors="coerce")
        model = cmlp.TabularRegressor(n_estimators=1, n_epochs=3, random_state=0).fit(
            frame[["code", "size"]], frame["y"]
        )
        model.save("p.cmlp")
        status, lines, err = run("predict", "p.cmlp", "t.csv", "--drop", "y")
        assert (status, err) == (0, "")
        assert list(map(float, lines)) == model.predict(frame[["code", "size"]]).tolist()


def test_codes_with_underscores_or_leading_zeros_are_text(train, run):
    for codes in (["1_01", "10_1"], ["00123", "123"], ["01", "1", "10"]):
        assert train({"code": [codes[i % len(codes)] for i in range(N)], "y": PRICE})[0] == 0
        assert sorted(cmlp.load("m.cmlp").categories_["code"]) == sorted(codes)
    assert (
        train(
            {"x": [["0.5", "00.5", "-0", "0"][i % 4] for i in range(N)], "y": PRICE},
            "--regressor",
            options=NETWORK,
        )[0]
        == 0
    )
    assert isinstance(cmlp.load("m.cmlp"), cmlp.MLPRegressor)


@pytest.mark.parametrize(
    "entry, comes_first",
    [("65+", "--text"), ("<10", "--text"), ("1A", "--text"), ("n.a.", "--missing")],
)
def test_the_remedy_that_is_more_likely_comes_first(train, entry, comes_first):
    status, _, err = train({"x": changed(10 + SIZE % 80, 7, entry), "y": PRICE})
    assert status == 1 and sorted(["--text", "--missing"], key=err.index)[0] == comes_first


def test_other_kinds_of_dates_are_never_mixed(train, run):
    days = [f"2020-05-{1 + i % 28:02}" for i in range(N)]
    compact = [day.replace("-", "") for day in days]
    status, _, err = train({"day": days[:80] + compact[80:], "y": PRICE})
    assert (
        status == 1
        and "'2020-05-01' is not a number, but of 160 values 80 are numbers and 80 are dates" in err
    )
    aware = [f"{day}T12:00:00+02:00" for day in days]
    status, _, err = train({"day": days[:80] + aware[80:], "y": PRICE})
    assert status == 1 and "has an offset from UTC, but '2020-05-01' in line 2 has none" in err
    assert train({"day": days, "y": PRICE})[0] == 0
    for wrong, what in (
        ("20200601", "is not a date"),
        (aware[0], "has an offset from UTC, which the column has not"),
    ):
        Path("new.csv").write_text(f"day\n{days[0]}\n{wrong}\n")
        status, lines, err = run("predict", "m.cmlp", "new.csv")
        assert (status, lines) == (
            1,
            [],
        ) and f"new.csv, line 3, column 1 ('day'): {wrong!r} {what}" in err


def test_an_instant_is_the_same_with_any_offset(train, run):
    aware = [f"2020-05-{1 + i % 28:02}T{i % 24:02}:30:00Z" for i in range(N)]
    assert train({"at": aware, "y": PRICE})[0] == 0
    Path("new.csv").write_text(
        "at\n2020-05-01T12:30:00Z\n2020-05-01 14:30+02:00\n2020-05-01T06:30:00.000-0600\n"
    )
    assert len({*run("predict", "m.cmlp", "new.csv")[1]}) == 1
    for wrong in (
        "2020-05-01T12:30:00",
        "2020-02-30T00:00Z",
        "2020-05-01T24:00Z",
        "0000-01-01T00:00Z",
        "+292278-01-01",
    ):
        Path("new.csv").write_text(f"at\n{wrong}\n")
        assert run("predict", "m.cmlp", "new.csv")[0] == 1


def test_verify_reads_the_file_as_training_did(train, run):
    columns = {
        "day": [f"2020-05-{1 + i % 28:02}" for i in range(N)],
        "code": [f"{i % 7:02}" for i in range(N)],
        "x": changed(SIZE, 4, "?"),
        "y": [["00", "1"][i % 2] for i in range(N)],
    }
    assert train(columns, "--provenance", "--text", "code")[0] == 0
    assert run("verify", "m.cmlp", "t.csv", "--target", "y")[0] == 0
    assert train({"x": SIZE, "y": columns["y"]}, "--provenance", options=NETWORK)[0] == 0
    assert run("verify", "m.cmlp", "t.csv", "--target", "y")[0] == 0


# -------------------------------------------------------------------------------------------------- rows in, rows out


@pytest.fixture
def network():
    """A model of one column of numbers, of two, and of a table with one column of text."""
    cmlp.Network([1, 2], random_state=0).save("1.cmlp")
    cmlp.Network([2, 2], random_state=0).save("2.cmlp")
    table = np.array([["#N/A", "# 5", "", "a"][i % 4] for i in range(80)], object)[:, None]
    cmlp.TabularClassifier(n_estimators=1, n_epochs=1).fit(table, np.arange(80) % 2).save("t.cmlp")


@pytest.mark.usefixtures("run", "network")
def test_every_row_has_a_line(run, network):
    """Rows of missing cells, of one quoted cell, and those that begin with # are rows."""
    for content in ('a\n#N/A\n\n""\n# 5\n', '#N/A\n\n""\n# 5\n', "\n# 5\n#N/A\n\n"):
        Path("t.csv").write_text(content)
        header = ["--header", "yes" if content.startswith("a") else "no"]
        status, lines, err = run("predict", "t.cmlp", "t.csv", *header)
        assert (status, len(lines), err) == (0, 4, "")
    Path("t.csv").write_text("#id,name\n#1,\n,\n,x\n\n   \n#2,\n")
    two = np.array([["#1", ""], ["", "x"]] * 20, object)
    cmlp.TabularClassifier(n_estimators=1, n_epochs=1).fit(two, np.arange(40) % 2).save("two.cmlp")
    assert len(run("predict", "two.cmlp", "t.csv")[1]) == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1\n\n2\n", "t.csv, line 2, column 1: the value is missing"),
        ('1\n"2\n3"\n4\n', "t.csv, line 2, column 1: '2\\n3' is not a number"),
        ('1\n"2\n', "t.csv, line 2: a quotation mark is not closed"),
        ('1\n"2\n' + "3\n" * 100_000, "Is a quotation mark not closed?"),
        ("x\n", "t.csv contains no rows"),
        ("", "t.csv contains no rows"),
    ],
)
def test_rows_that_are_no_numbers_are_named_by_line(run, network, content, message):
    Path("t.csv").write_text(content)
    status, lines, err = run("predict", "1.cmlp", "t.csv")
    assert (status, lines) == (1, []) and message in err


def test_an_error_in_a_later_block_says_how_many_rows_are_printed(run, network):
    Path("t.csv").write_text("1,2\n" * 100_000 + "1,x\n")
    status, lines, err = run("predict", "2.cmlp", "t.csv")
    assert (
        status == 1
        and f"'x' is not a number (the first {len(lines):,} rows are printed)" in err
        and lines
    )
    assert run("predict", "2.cmlp", "t.csv", "-o", "out")[0] == 1 and not Path("out").exists()
    # The line of names is no row.
    _, named, err = run("predict", "2.cmlp", "t.csv", "--names")
    assert named[1:] == lines and f"the first {len(lines):,} rows are printed" in err


def test_sets_of_labels_with_commas_are_quoted(run):
    labels = ["v,w", 'say "x"', "plain"]
    X = np.array([["a"]] * 900, object)
    model = cmlp.TabularClassifier(n_estimators=1, n_epochs=1).fit(
        X, [labels[i % 3] for i in range(900)]
    )
    model.save("m.cmlp")
    Path("t.csv").write_text("x\na\n")
    _, lines, _ = run("predict", "m.cmlp", "t.csv", "--coverage", "0.99")
    assert lines == ['plain,"say ""x""","v,w"']


# ------------------------------------------------------------------------------------------------- dialects of a file


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_dialects_are_found(train, separator, end, pack):
    columns = {"x": SIZE, "kind": [f'"{kind}{separator}\n"' for kind in KIND], "y": KIND}
    content = text_of(columns, separator).replace("\n", end)
    status, lines, _ = train(pack(b"\xef\xbb\xbf" + content.encode()))
    shown = "tab" if separator == "\t" else f'"{separator}"'
    assert (
        status == 0 and lines[0] == f"t.csv: {shown} as separator, 3 columns with names, 160 rows"
    )
    known = cmlp.load("m.cmlp")
    assert known.feature_names_in_.tolist() == ["x", "kind"] and known.classes_.tolist() == [
        "flat",
        "house",
        "room",
    ]
    assert {*known.categories_["kind"]} == {f"{kind}{separator}{end}" for kind in KIND}


def test_stated_separators_encodings_and_comments(train):
    columns = {"größe": SIZE, "kind": KIND, "y": PRICE}
    content = text_of(columns, ";")
    assert train("sep=;\n" + content)[0] == 0 and kinds() == ["number", "category"]
    for encoding in ("utf-16", "latin-1", "utf-16-le", "utf-8"):
        assert train(content.encode(encoding), "--encoding", encoding)[0] == 0
        assert cmlp.load("m.cmlp").feature_names_in_.tolist() == ["größe", "kind"]
    assert train("% made by\n%\n" + content, "--comment", "%")[0] == 0
    assert train(content.replace(";", "~"), "--separator", "~")[0] == 0
    assert train(content.replace(";", "\t"), "--separator", "tab")[0] == 0
    for word in ("", "ab", '"'):
        with pytest.raises(SystemExit):
            train(content, "--separator", word)


def zipped(name):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, "x,y\n1,2\n")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("größe,y\n1,2\n".encode("latin-1"), "is not a CSV file in UTF-8"),
        ("größe,y\n1,2\n".encode("latin-1"), "Name its encoding, for example --encoding cp1252"),
        ("x,y\n1,2\n".encode("utf-16"), "UTF-16 needs --encoding utf-16"),
        ("x,y\n1,2\n".encode("utf-16-le"), "UTF-16 needs --encoding utf-16"),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            "t.csv is an image: save the pixels of all images as one npy file",
        ),
        (b"\x89HDF\r\n\x1a\n\0", "t.csv is an HDF5 file"),
        (zipped("X.npy"), "t.csv is an npz file: save its arrays as npy"),
        (
            "x,x,y\n1,2,0\n3,4,1\n",
            "t.csv has 2 columns 'x', and predict finds columns by their names: rename them",
        ),
        (zipped("t.csv"), "t.csv is a zip file: unpack it, or use gzip"),
        (zipped("[Content_Types].xml"), "t.csv is a workbook: save its sheet as CSV"),
        (b"<html><p>1,2</p></html>\n", "t.csv is HTML or XML: pandas.read_html"),
        (
            "Prices,\n,\nx,y\n1,2\n3,4\n",
            "line 3: the names are here, not in the first row: remove the lines above",
        ),
        (
            "x,y\n1,2,\n3,4,\n",
            "line 2: 3 values, but the first line has 2. The first line needs a name",
        ),
        (
            "@a\n@b c\n@data\n" + "1,2\n" * 9,
            "line 4: 2 values, but the first line has 1. Remove lines",
        ),
        (
            "Prices\n\nx,y\n1,2\n3,4\n",
            "line 3: 2 values, but the first line has 1. Remove lines that are a title",
        ),
        ('{"x": 1, "y": 2}\n', "t.csv is JSON"),
        (
            "18.0   8   130.\t'ford'\n17.0   6   90.\t'opel'\n",
            "t.csv has several separators: state one with --separator",
        ),
        ("x,y\n1,2\n3,4\nx,y\n1,2\n", "t.csv, line 4 repeats the first line: remove it\n"),
        ('"x",y\na,b\n\ufeff"x",y\nc,d\n', "t.csv, line 3 repeats the first line: remove it\n"),
        ("x,y\n1,2\n1,2,3\n", "line 3: 3 values, but the first line has 2"),
        ("x,y\n1\n1,2\n", "line 2: 1 value, but the first line has 2"),
    ],
)
def test_other_files_are_errors_with_a_remedy(train, content, message):
    status, lines, err = train(content)
    assert (status, lines) == (1, []) and message in err and err.count("\n") == 1


def test_unknown_encodings_and_equal_separators_are_refused(train):
    assert "--encoding klingon is unknown" in train("x,y\n1,2\n", "--encoding", "klingon")[2]
    error = train("x,y\n1,2\n", "--thousands", ",", "--decimal", ",")[2]
    assert "--thousands must differ from the decimal point" in error
    assert "t.csv has no column 'z'" in train("x,y\n1,2\n", "--text", "z")[2]


def test_a_wrong_encoding_and_a_folder_are_errors_with_a_remedy(train, run):
    for encoding, content in (
        ("utf-8", "größe,y\n1,2\n".encode("latin-1")),
        ("ascii", "größe,y\n1,2\n".encode()),
    ):
        error = train(content, "--encoding", encoding)[2]
        assert f"t.csv is not text in {encoding}: " in error and "Name another --encoding" in error
    Path("folder").mkdir()
    error = run("train", "folder", "--target", "y", "-o", "m.cmlp")[2]
    assert error == "cmlp: error: folder is a folder: name one of its files\n"
    Path("folder/1.png").touch()
    for arguments in (["--target", "y"], []):
        error = run("train", "folder", *arguments, "-o", "m.cmlp")[2]
        assert (
            error.startswith("cmlp: error: folder is a folder of images: save the pixels")
            and "--labels" in error
        )
    Path("1.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    assert "1.png is an image" in run("train", "1.png", "-o", "m.cmlp")[2]


def test_equal_names_of_parquet_are_refused_with_the_remedy(run):
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    x, y = np.arange(N) % 7.0, np.arange(N) % 2
    for names, twice in ((["x", "x", "y"], "x"), (["x", "y", "y"], "y")):
        parquet.write_table(
            pyarrow.Table.from_arrays([pyarrow.array(v) for v in (x, y, y)], names=names),
            "t.parquet",
        )
        status, _, error = run("train", "t.parquet", "--target", "y", "-o", "m.cmlp", *NETWORK)
        assert (
            status == 1
            and f"t.parquet has 2 columns {twice!r}, and columns of Parquet are read by name"
            in error
        )
    cmlp.Network([1, 2], random_state=0).save("1.cmlp")
    parquet.write_table(
        pyarrow.Table.from_arrays([pyarrow.array(v) for v in (x, x, x)], names=["a", "b", "b"]),
        "t.parquet",
    )
    assert len(run("predict", "1.cmlp", "t.parquet", "--drop", "2", "--drop", "3")[1]) == N
    assert (
        "has 2 columns 'b'"
        in run("predict", "1.cmlp", "t.parquet", "--drop", "1", "--drop", "2")[2]
    )


def test_a_point_that_may_separate_thousands_is_named(train):
    """In a file with semicolons, 381.403 is a number with fractions, or three hundred thousand."""
    grouped = [f"{1 + i % 999}.{100 + i}" for i in range(N)]
    doubt = "t.csv, column 1 ('x'): '1.100' is read with a decimal point."
    remedy = "if it separates thousands, add --decimal , --thousands . and otherwise --decimal ."
    for options, columns in ((TABLE, {"x": grouped, "kind": KIND}), (NETWORK, {"x": grouped})):
        content = text_of({**columns, "y": SIZE % 3}, ";")
        assert any(doubt in line and remedy in line for line in train(content, options=options)[1])
        for stated in (["--decimal", "."], ["--decimal", ",", "--thousands", "."]):
            assert not any(
                "decimal point" in line for line in train(content, *stated, options=options)[1]
            )
    for cells in (
        changed(grouped, 5, "0.381"),
        changed(grouped, 150, "7.5"),
        SIZE,
        [f"{value}.25" for value in SIZE],
    ):
        status, lines, _ = train(text_of({"x": cells, "y": KIND}, ";"), options=NETWORK)
        assert status == 0 and not any("decimal point" in line for line in lines)
    assert not any(
        "decimal point" in line
        for line in train(text_of({"x": grouped, "y": KIND}), options=NETWORK)[1]
    )


def test_predict_says_what_was_found(train, tmp_path, capsys):
    assert train(text_of({"x": SIZE, "kind": KIND, "y": PRICE}, ";"))[0] == 0
    found = 't.csv: ";" as separator, 3 columns with names, 160 rows\n'
    assert cli.main(["predict", "m.cmlp", "t.csv", "--drop", "y"]) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == N and err == f"cmlp: {found}"
    assert cli.main(["predict", "m.cmlp", "t.csv", "--drop", "y", "-o", "p.txt"]) == 0
    assert capsys.readouterr() == (found, "")


def test_checkpoints_know_how_cells_are_read(train, run):
    content = text_of({"x": [f"{value},5" for value in SIZE], "y": SIZE % 3}, ";")
    stated = ["--decimal", ",", "--missing", "x"]
    assert train(content, *stated, "--checkpoint-every", "1", options=NETWORK)[0] == 0
    whole = cmlp.load("m.cmlp")
    Path("m-1.cmlp").replace("m.cmlp")
    assert [line.split() for line in run("info", "m.cmlp")[1] if line.startswith("cells")] == [
        ["cells", "decimal", "point", "',',", "missing", "x,", *OF_SPREADSHEETS]
    ]
    assert train(content, "--resume", options=NETWORK)[0] == 0
    np.testing.assert_array_equal(cmlp.load("m.cmlp").coefs_[0], whole.coefs_[0])


@pytest.mark.parametrize("form", ["{}.{}.2024", "{}/{}/24", "2024/{}/{}", "{}-{}-2024 12:30"])
def test_dates_in_another_form_are_text_and_named(train, form):
    columns = {"day": [form.format(1 + i % 28, 1 + i % 12) for i in range(N)], "y": PRICE}
    said = f"t.csv, column 1 ('day'): {columns['day'][0]!r} is read as text. To read dates, write them as 2026-11-24"
    assert any(line.startswith(said) for line in train(columns)[1])
    assert not any(line.startswith(said) for line in train(columns, "--text", "day")[1])
    columns["day"][:20] = [f"flat {i}" for i in range(20)]
    assert not any("is read as text" in line for line in train(columns)[1])


def test_a_target_that_is_a_number_is_no_name_of_a_column_of_values(train):
    status, lines, _ = train("1,2,3\n" * N + "1,2,4\n" * N, target="3", options=NETWORK)
    assert (
        status == 0
        and lines[0] == f't.csv: "," as separator, 3 columns without names, {2 * N} rows'
    )


def test_names_again_inside_a_file_are_an_error_before_columns_are_decided(train, run):
    table = text_of({"x": KIND, "y": KIND[::-1]})
    twice = "cmlp: error: t.csv, line 162 repeats the first line: remove it"
    assert train(table + table) == (1, [], twice + "\n")
    guessed = twice + ", or add --header no if both are values\n"
    assert train(table + table, target="2") == (1, [], guessed)
    assert train(table)[0] == 0
    Path("t.csv").write_text(table + table)
    assert run("predict", "m.cmlp", "t.csv", "--drop", "y") == (1, [], twice + "\n")
    assert train({"room": KIND, "y": SIZE})[0] == 0  # a name that is a category
    Path("t.csv").write_text("room\nflat\nroom\n")
    assert len(run("predict", "m.cmlp", "t.csv")[1]) == 2
    numbers = "0,1\n" + "0,1\n1,0\n" * 9  # names that are values
    assert train(numbers, "--header", "yes", target="1")[0] == 0


def test_names_are_a_header_if_the_model_or_the_target_has_them(train, run):
    content = text_of({"2019": SIZE, "2020": SIZE % 7, "y": KIND})
    assert train(content, options=NETWORK)[0] == 0
    assert cmlp.load("m.cmlp").feature_names_in_.tolist() == ["2019", "2020"]
    Path("new.csv").write_text("2020,2019\n1,2\n")
    assert len(run("predict", "m.cmlp", "new.csv")[1]) == 1


def test_names_are_found_without_the_spaces_around_them(train, run):
    content = text_of({"size": SIZE, " kind": KIND, " y": PRICE})
    assert train(content)[0] == 0
    assert cmlp.load("m.cmlp").feature_names_in_.tolist() == ["size", " kind"]
    Path("new.csv").write_text("kind,size\nflat,5\n")
    assert len(run("predict", "m.cmlp", "new.csv")[1]) == 1


def test_a_line_that_states_the_separator_is_a_row_in_other_files(run, network):
    Path("t.csv").write_text("sep=,\n# 5\n")
    assert len(run("predict", "t.cmlp", "t.csv", "--header", "no", "--separator", "tab")[1]) == 2


# ------------------------------------------------------------------------- files that are not what they should be


SIMPLE = {"x": SIZE, "kind": KIND, "y": SIZE % 3}


def test_a_file_that_was_compressed_twice_is_named(train):
    twice = gzip.compress(gzip.compress(text_of(SIMPLE).encode()))
    status, _, err = train(twice, name="t.csv.gz")
    assert status == 1
    assert err == "cmlp: error: t.csv.gz was compressed by gzip twice: unpack it once\n"


@pytest.mark.parametrize("footer", ["Total rows: 160", "Total rows: 160\n\nsource: statistics\n"])
def test_a_footer_has_a_remedy(train, footer):
    status, _, err = train(text_of(SIMPLE) + footer)
    assert status == 1 and err.endswith(
        "t.csv, line 162: 1 value, but the first line has 3. If the file ends with a footer, remove it\n"
    )
    status, _, err = train(text_of(SIMPLE).replace("\n", "\nshort\n", 2))
    assert status == 1 and "footer" not in err


def test_a_footer_of_as_many_cells_has_a_remedy(train):
    status, _, err = train(text_of(SIMPLE) + "Total,,\n")
    assert status == 1 and "'Total' is not a number" in err
    assert err.endswith("If line 162 is a footer, remove it\n")
    columns = {**SIMPLE, "x": changed(SIZE, 5, "Total")}
    assert "footer" not in train(columns)[2]


def test_columns_that_are_aligned_by_spaces_have_a_remedy(train):
    rows = (f"{'new ' + kind:14}{x:8}{x % 3:5}" for x, kind in zip(SIZE, KIND, strict=True))
    lines = [f"{'name':14}{'size':>8}{'y':>5}", *rows]
    status, _, err = train("\n".join(lines))
    remedy = (
        "its columns seem to be aligned by spaces: replace two or more of them by a tab or a comma"
    )
    assert status == 1 and err == f"cmlp: error: t.csv has no column 'y': {remedy}\n"
    status, _, err = train("\n".join("one name" for _ in range(40)))
    assert status == 1 and "aligned" not in err


@pytest.mark.parametrize(
    "text", ['{"a": 1}', '[\n  {"a": 1}\n]', '{ "a": 1}\n{ "a": 2}\n', "[[1, 2], [3, 4]]"]
)
def test_json_is_named_with_a_remedy(train, text):
    status, _, err = train(text, name="t.json")
    assert (
        status == 1
        and "t.json is JSON, and not CSV, npy, idx or Parquet: export its rows as CSV" in err
    )


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("[Content_Types].xml", "t.xlsx is a workbook: save its sheet as CSV"),
        ("docProps/app.xml", "t.xlsx is a workbook: save its sheet as CSV"),
        ("mimetype", "t.xlsx is a workbook: save its sheet as CSV"),
        ("rows.csv", "t.xlsx is a zip file: unpack it, or use gzip"),
    ],
)
def test_workbooks_are_named_with_a_remedy(train, member, message):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            member,
            "application/vnd.oasis.opendocument.spreadsheet" if member == "mimetype" else "x",
        )
    status, _, err = train(file.getvalue(), name="t.xlsx")
    assert status == 1 and message in err


@pytest.mark.parametrize("name", ["", " ", "Unnamed: 0"])
def test_a_column_without_a_name_is_no_silent_input(train, name):
    """`DataFrame.to_csv` writes the index as such a column, and `read_csv` reads it with the last of these names."""
    _, lines, _ = train({name: range(N), **SIMPLE})
    notice = "t.csv, column 1 has no name. If it is the index of a data frame, leave it out with --drop 1"
    assert notice in lines
    _, lines, _ = train({name: range(N), **SIMPLE}, "--drop", "1")
    assert not any("index" in line for line in lines)


def test_an_empty_column_without_a_name_is_no_index(train):
    content = text_of(SIMPLE).replace("\n", ",\n")
    status, lines, _ = train(content)
    at = len(SIMPLE) + 1
    expected = f"t.csv, column {at} has neither a name nor a value. Leave it out with --drop {at}"
    assert status == 0 and [line for line in lines if "has no name" in line or "nor" in line] == [
        expected
    ]


def test_the_index_of_a_data_frame_in_parquet_is_no_silent_input(run):
    pandas = package("pandas")
    package("pyarrow")
    pandas.DataFrame(SIMPLE, index=np.arange(N) * 2).to_parquet("t.parquet")
    _, lines, _ = run("train", "t.parquet", "--target", "y", "-o", "m.cmlp", *TABLE)
    drop = "leave it out with --drop __index_level_0__ unless it is an input"
    assert f"t.parquet, column '__index_level_0__' is the index of a data frame: {drop}" in lines


# --------------------------------------------------------------------------------------- two columns of the same name


TWICE = "x,kind,z,z,y\n" + "".join(
    f"{SIZE[i]},{KIND[i]},{i},{i % 2},{SIZE[i] % 3}\n" for i in range(N)
)


def test_two_unneeded_columns_of_one_name_are_ignored(train, run):
    assert train(SIMPLE)[0] == 0
    Path("new.csv").write_text(TWICE)
    status, lines, err = run("predict", "m.cmlp", "new.csv")
    assert (status, len(lines), err) == (
        0,
        N,
        "cmlp: the model does not need the columns z, z, y: ignored\n",
    )
    status, same, err = run("predict", "m.cmlp", "new.csv", "--drop", "z", "--drop", "y")
    assert (status, same, err) == (0, lines, "")


def test_two_unneeded_columns_of_one_name_are_dropped_for_a_network(train, run):
    assert train({"x": SIZE, "y": SIZE % 3}, options=NETWORK)[0] == 0
    Path("new.csv").write_text("x,z,z\n" + "".join(f"{x},1,2\n" for x in SIZE))
    assert (
        "has 2 columns that the model does not need: add --drop z\n"
        in run("predict", "m.cmlp", "new.csv")[2]
    )
    assert run("predict", "m.cmlp", "new.csv", "--drop", "z")[0] == 0
    Path("new.csv").write_text("x,x\n" + "".join(f"{x},1\n" for x in SIZE))
    assert (
        "new.csv has two columns 'x': leave one out with --drop NUMBER"
        in run("predict", "m.cmlp", "new.csv")[2]
    )


def test_drop_leaves_out_all_columns_of_a_name(train):
    assert train(TWICE, "--drop", "z")[0] == 0
    assert cmlp.load("m.cmlp").feature_names_in_.tolist() == ["x", "kind"]
    assert train(TWICE, "--drop", "3")[0] == 0
    assert cmlp.load("m.cmlp").feature_names_in_.tolist() == ["x", "kind", "z"]
    assert "t.csv has 2 columns 'z'" in train(TWICE)[2]


def test_a_file_of_targets_alone_is_refused(train):
    status, _, err = train("y\n1\n2\n3\n", target="y")
    assert (
        status == 1
        and "t.csv has no column besides the target 'y': a model needs at least one input" in err
    )
    status, _, err = train("y,z\n1,2\n2,3\n", "--drop", "z", target="y")
    assert status == 1 and "t.csv has no column left besides the target 'y'" in err


def test_a_target_of_two_columns_is_refused(train):
    status, _, err = train(TWICE, target="z")
    assert status == 1 and "t.csv has 2 columns 'z': name one by its number, 3 or 4" in err


@pytest.mark.parametrize("packer", ["gzip", "bz2", "lzma"])
def test_compressed_text_is_read(train, packer):
    module = pytest.importorskip(packer)
    packed = module.compress(text_of(SIMPLE).encode())
    assert train(packed, name=f"t.csv.{packer}")[0] == 0
    status, _, err = train(packed[:-9], name="cut.csv")
    assert status == 1 and "cut.csv is not a valid" in err
    status, _, err = train(gzip.compress(packed), name="twice.csv")
    assert status == 1 and "unpack it once" in err
    status, _, err = train(packed, "--max-bytes", "100", name="large.csv")
    assert status == 1 and "more than 100 bytes when decompressed" in err


FOREIGN = {
    "a pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01K\x02e.",
    "a Stata file": b"<stata_dta><header><release>118</release>",
    "an SPSS file": b"$FL2@(#) SPSS DATA FILE",
    "an ARFF file": b"% iris\n%\n@RELATION iris\n@ATTRIBUTE a NUMERIC\n@DATA\n1\n",
    "a file of R": b"RDX3\nX\n\0\0\0\x03",
    "a libsvm file": b"1 1:0.5 3:2\n-1 2:1e-3 4:7\n",
    "HTML or XML": b"<table border=1><tr><td>1</td></tr></table>\n",
    "a TeX file": b"% prices\n\\begin{tabular}{ll}\n1 & 2 \\\\\n",
    "a table of Markdown": b"| x | y |\n|---|--:|\n| 1 | 2 |\n| 3 | 4 |\n",
}


@pytest.mark.parametrize("what", FOREIGN)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_foreign_files_are_named(train, what, pack):
    status, _, err = train(pack(FOREIGN[what]), name="rows")
    assert status == 1 and f"rows is {what}: " in err


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf\n <!-- prices -->\n<div>1,2</div>\n",
        b"<TABLE>\n<tr><td>1</td></tr>\n",
        b"<?xml version='1.0'?>\n",
        b"\n\\documentclass{article}\n",
        b"Prices\n\nx | y\n:-|-:\n1 | 2\n",
    ],
)
def test_markup_is_named_however_it_begins(train, content):
    status, _, err = train(content)
    assert status == 1 and any(f"t.csv is {what}: " in err for what in [*FOREIGN][-3:])


def test_cells_that_look_like_markup_are_read(train):
    for cells in (["<NA>", "<LOD>", "<pen"], ["\\N", "--", "-"]):
        columns = {"x": [cells[i % 3] for i in range(N)], "y": SIZE}
        assert train(text_of(columns, "|"), "--n-epochs", "1")[0] == 0
    dashes = {"x": [*KIND[1:], "---"], "z": [*KIND[1:], "---"], "y": [*KIND[1:], "---"]}
    lines = text_of(dashes, "|").splitlines(keepends=True)
    content = "".join([*lines[:4], lines[-1], *lines[4:-1]])
    assert "---|---|---" in content
    assert train(content, "--n-epochs", "1")[0] == 0
    assert train(text_of({"<p value>": SIZE, "y": SIZE}), "--n-epochs", "1")[0] == 0


def test_old_stata_files_are_named(train):
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame({"a": [1, 2], "y": [0.5, 1]}).to_stata("rows.dta", write_index=False)
    status, _, err = train(Path("rows.dta").read_bytes(), name="rows")
    assert status == 1 and "rows is a Stata file: " in err


def test_rows_without_a_target_can_be_left_out(train, run):
    y = changed(SIZE % 3, 5, "")
    y = changed(y, 40, "NA")
    rows = {"x": SIZE, "kind": KIND, "y": y}
    status, _, err = train(rows)
    assert status == 1 and "line 7, column 3 ('y'): the value is missing" in err
    assert "--drop-missing-target" in err and "--no-default-missing" not in err
    status, lines, _ = train(rows, "--drop-missing-target", "--provenance")
    assert status == 0
    assert any("left out 2 rows without a target" in line for line in lines)
    expected = Path("m.cmlp").read_bytes()
    assert run("verify", "m.cmlp", "t.csv")[0] == 0
    kept = [i for i, value in enumerate(y) if value not in ("", "NA")]
    assert train({name: np.array(one)[kept] for name, one in rows.items()}, "--provenance")[0] == 0
    same = cmlp.load("m.cmlp")
    Path("m.cmlp").write_bytes(expected)
    assert model_of(same).parameter_hash == model_of(cmlp.load("m.cmlp")).parameter_hash


def test_only_text_with_a_target_can_lack_targets(train, run):
    np.save("t.npy", np.ones((40, 3)))
    status, _, err = train(Path("t.npy").read_bytes(), "--drop-missing-target", name="t.npy")
    assert status == 1 and "t.npy is not CSV" in err
    Path("labels.txt").write_text("a\n" * N)
    Path("x.csv").write_text(text_of({"x": SIZE, "z": SIZE}))
    labels = ["--labels", "labels.txt", "--drop-missing-target", "-o", "m.cmlp"]
    status, _, err = run("train", "x.csv", *labels)
    assert status == 1 and "--drop-missing-target needs --target" in err


# ------------------------------------------------------------------------------- words that are values


COUNTRIES = np.array(["NA", "DE", "FR", "US"])[RNG.randint(0, 4, N)]


def test_a_word_for_missing_values_can_be_a_value(train, run):
    rows = {"country": COUNTRIES, "x": SIZE, "y": SIZE + 100 * (COUNTRIES == "NA")}
    status, lines, _ = train(rows)
    noted = [line for line in lines if "'NA' is read as a missing value" in line]
    assert status == 0 and len(noted) == 1 and "--no-default-missing" in noted[0]
    assert None in cmlp.load("m.cmlp").categories_["country"]
    status, lines, _ = train(rows, "--no-default-missing", "--provenance")
    assert status == 0 and not any("missing value" in line for line in lines)
    model = cmlp.load("m.cmlp")
    assert sorted(model.categories_["country"]) == ["DE", "FR", "NA", "US"]
    _, lines, _ = run("predict", "m.cmlp", "t.csv", "--drop", "y")
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"country": COUNTRIES.astype(object), "x": SIZE.astype(float)})
    assert [float(line) for line in lines] == pytest.approx(model.predict(frame), rel=1e-5)
    assert run("verify", "m.cmlp", "t.csv")[0] == 0
    assert run("check", "m.cmlp", "t.csv", "--drop", "y")[0] == 0
    assert any("NA, null and the like are text" in line for line in run("info", "m.cmlp")[1])
    model.save("again.cmlp")
    assert Path("again.cmlp").read_bytes() == Path("m.cmlp").read_bytes()


def test_only_stated_words_and_empty_cells_are_missing(train):
    gaps = [["", "-", "NA", "1.5"][i % 4] for i in range(N)]
    status, _, err = train({"x": gaps, "y": SIZE}, "--no-default-missing", "--missing", "-")
    model = cmlp.load("m.cmlp") if status == 0 else None
    assert status == 0 and model.column_types_["x"] == "category", err
    assert sorted(map(str, model.categories_["x"])) == ["1.5", "NA", "None"]


def test_a_label_that_is_a_word_for_missing_values(train):
    labels = np.array(["None", "some", "many"])[SIZE % 3]
    status, _, err = train({"x": SIZE, "kind": KIND, "y": labels})
    assert status == 1 and "If 'None' is a label, add --no-default-missing" in err
    assert train({"x": SIZE, "kind": KIND, "y": labels}, "--no-default-missing")[0] == 0
    assert cmlp.load("m.cmlp").classes_.tolist() == ["None", "many", "some"]


def test_ordinary_gaps_are_not_noted(train):
    streets = [["NA", "Pave", "Grvl", "Dirt"][i % 4] for i in range(N)]
    mixed = [["NA", "", "DE", "FR"][i % 4] for i in range(N)]
    _, lines, _ = train({"street": streets, "country": mixed, "x": SIZE, "y": SIZE})
    assert not any("is read as a missing value" in line for line in lines)


def as_r(columns):
    """Return text as write.csv of R has it: text in quotation marks, NA without them."""
    quoted = {
        name: [
            f'"{value}"' if isinstance(value, str) and value not in ("NA?", '"NA"') else value
            for value in values
        ]
        for name, values in columns.items()
    }
    header = ",".join(f'"{name}"' for name in columns)
    return (
        text_of(quoted).replace(text_of(quoted).partition("\n")[0], header, 1).replace("NA?", "NA")
    )


def test_quoted_words_are_text_where_other_cells_have_no_marks(train, run):
    countries = np.where(np.arange(N) % 7 == 0, "NA?", COUNTRIES).tolist()
    size = ['"NA"' if i % 5 == 0 else one for i, one in enumerate(SIZE.tolist())]
    rows = {"country": countries, "size": size, "y": SIZE + 100 * (COUNTRIES == "NA")}
    status, lines, _ = train(as_r(rows), "--provenance")
    assert status == 0 and not any("is read as a missing value" in line for line in lines)
    model = cmlp.load("m.cmlp")
    assert set(model.categories_["country"]) == {"NA", "DE", "FR", "US", None}
    assert model.column_types_["size"] == "number"
    _, lines, _ = run("predict", "m.cmlp", "t.csv", "--drop", "y")
    pandas = pytest.importorskip("pandas")
    known = [None if one == "NA?" else one for one in countries]
    numbers = [np.nan if one == '"NA"' else float(one) for one in size]
    frame = pandas.DataFrame({"country": pandas.Series(known, dtype=object), "size": numbers})
    assert [float(line) for line in lines] == pytest.approx(model.predict(frame), rel=1e-5)
    assert run("verify", "m.cmlp", "t.csv")[0] == 0


def test_quotation_marks_around_all_cells_mean_nothing(train):
    rows = {"country": COUNTRIES, "x": SIZE, "y": SIZE}
    quoted = {name: [f'"{one}"' for one in values] for name, values in rows.items()}
    assert train(quoted)[0] == 0
    assert set(cmlp.load("m.cmlp").categories_["country"]) == {None, "DE", "FR", "US"}


def test_an_empty_cell_is_missing_with_and_without_marks(train):
    cells = [['""', "", '"a"', '"b"'][i % 4] for i in range(N)]
    assert train({"x": SIZE, "kind": cells, "y": SIZE})[0] == 0
    assert set(cmlp.load("m.cmlp").categories_["kind"]) == {None, "a", "b"}


def test_quoted_words_can_be_labels(train):
    labels = [['"None"', '"some"'][i % 2] for i in range(N)]
    assert train({"x": SIZE, "y": labels})[0] == 0
    assert cmlp.load("m.cmlp").classes_.tolist() == ["None", "some"]
