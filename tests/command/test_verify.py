"""``cmlp verify``: one line and a status for scripts."""

import numpy as np
import pytest
from estimator_cases import blobs
from internals import provenance_of
from optional import package

import cmlp
from cmlp import __main__ as cli

X, Y = blobs(n_rows=90)
OPTIONS = ["--hidden-layer-sizes", "8", "--max_iter", "3", "--random-state", "0", "--provenance"]


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Write rows to files, and return a function that runs the command in their folder."""
    monkeypatch.chdir(tmp_path)
    lines = [",".join([*map(repr, row.tolist()), f"c{y}"]) for row, y in zip(X, Y, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,c,d,kind", *lines]))
    lines[3] = "9" + lines[3]
    (tmp_path / "other.csv").write_text("\n".join(["a,b,c,d,kind", *lines]))
    np.save(tmp_path / "rows.npy", np.c_[X, Y])

    def command(*arguments):
        status = cli.main(list(arguments))
        out, err = capsys.readouterr()
        return status, (out.splitlines() or [""])[-1], err

    assert command("train", "rows.csv", "--target", "kind", "-o", "m.cmlp", *OPTIONS)[0] == 0
    return command


def test_each_answer_has_a_line_and_a_status(run):
    rows = "rows.csv", "--target", "kind"
    answer = "bit-identical: these data and parameters give this model (3 epochs)"
    assert run("verify", "m.cmlp", *rows) == (0, answer, "")
    found = run("verify", "m.cmlp", "other.csv", "--target", "kind")
    assert found == (3, "different data: not the X of fit", "")
    assert run("verify", "m.cmlp", *rows, "--validation", "rows.csv")[0] == 3
    model = cmlp.load("m.cmlp")
    model.set_params(alpha=0.5).save("changed.cmlp")
    assert run("verify", "changed.cmlp", *rows)[0] == 4
    model = cmlp.load("m.cmlp")
    model.coefs_[0][0, 0] += 1
    model.save("changed.cmlp")
    line = "different model: these data and parameters give another model, in its weights"
    assert run("verify", "changed.cmlp", *rows)[:2] == (6, line)
    model = cmlp.load("m.cmlp")
    model.classes_ = np.array(["c0", "c1", "c9"])
    model.save("changed.cmlp")
    assert run("verify", "changed.cmlp", *rows)[:2] == (
        6,
        "different model: its classes are not those of the record",
    )
    model = cmlp.load("m.cmlp")
    provenance_of(model)["arithmetic"] = 9
    model.save("changed.cmlp")
    assert run("verify", "changed.cmlp", *rows)[0] == 5


def test_npy_and_validation(run):
    rows = "rows.npy", "--target", "5", "--validation", "rows.npy"
    assert run("train", *rows, "-o", "n.cmlp", *OPTIONS)[0] == 0
    assert run("verify", "n.cmlp", *rows)[0] == 0
    assert run("verify", "n.cmlp", *rows[:3])[0] == 3


def test_text_labels_are_the_same_in_another_format(run):
    """Text labels of CSV are an array of objects, those of Parquet an array of text."""
    parquet, pyarrow = package("pyarrow.parquet"), package("pyarrow")
    columns = dict(zip("abcd", X.T, strict=True))
    parquet.write_table(pyarrow.table({**columns, "kind": [f"c{y}" for y in Y]}), "rows.parquet")
    rows = "--target", "kind"
    assert run("verify", "m.cmlp", "rows.parquet", *rows)[0] == 0
    assert run("train", "rows.parquet", *rows, "-o", "p.cmlp", *OPTIONS)[0] == 0
    assert run("verify", "p.cmlp", "rows.csv", *rows)[0] == 0


def as_if_trained_in_python(path):
    """Write python.cmlp, which lacks the record of the file."""
    model = cmlp.load(path)
    del provenance_of(model)["file"]
    model.save("python.cmlp")


def test_errors_have_one_line(run):
    cmlp.Network([2, 3, 2]).save("net.cmlp")
    status, _, err = run("verify", "net.cmlp", "rows.csv", "--target", "kind")
    assert status == 1 and "no record of its training" in err and err.count("\n") == 1
    assert run("verify", "m.cmlp", "missing.csv", "--target", "kind")[0] == 1
    error = run("verify", "m.cmlp", "rows.csv", "--target", "kind", "--holdout", "last")[2]
    assert "m.cmlp is one network: --holdout is only for the model of a table" in error
    as_if_trained_in_python("m.cmlp")
    error = run("verify", "python.cmlp", "rows.csv")[2]
    assert "rows.csv needs --target COLUMN or --labels FILE: its columns are" in error


@pytest.fixture
def table(run, tmp_path):
    """Write a table with text and gaps to a file, train on it, and return the function that runs the command."""
    lines = [f"{i % 7}.5,{'' if i % 9 == 0 else 'abc'[i % 3]},{i // 2 % 3}" for i in range(120)]
    (tmp_path / "table.csv").write_text("\n".join(["size,kind,class", *lines]))
    lines[3] = "9.5,a,1"
    (tmp_path / "changed.csv").write_text("\n".join(["size,kind,class", *lines]))
    options = "--hidden-layer-sizes", "8", "--provenance"
    assert run("train", "table.csv", "--target", "class", "-o", "t.cmlp", *options)[0] == 0
    return run


def test_the_model_of_a_table_is_verified(table):
    status, line, err = table("verify", "t.cmlp", "table.csv", "--target", "class")
    assert (status, err) == (0, "") and line.startswith(
        "bit-identical: these data and parameters give this model"
    )
    changed = table("verify", "t.cmlp", "changed.csv", "--target", "class")
    assert changed[:2] == (3, "different data: not the X of fit")


def test_a_table_that_python_has_trained_is_verified(table, tmp_path):
    pandas = package("pandas")
    frame = pandas.read_csv("table.csv")
    model = cmlp.TabularClassifier(hidden_layer_sizes=(8,), n_estimators=2, provenance=True)
    model.fit(frame[["size", "kind"]], frame["class"]).save("p.cmlp")
    assert table("verify", "p.cmlp", "table.csv", "--target", "class")[0] == 0
    package("pyarrow")
    frame.to_parquet("table.parquet")
    assert table("verify", "p.cmlp", "table.parquet", "--target", "class")[0] == 0
    assert table("verify", "t.cmlp", "table.parquet", "--target", "class")[0] == 0


N = 400
NUMBERS = np.random.RandomState(0)
MISSING = np.arange(N) % 7 == 0
COLUMNS = {
    "number": NUMBERS.rand(N).round(3),
    "whole": NUMBERS.randint(0, 50, N),
    "whole with gaps": np.where(MISSING, "", NUMBERS.randint(0, 50, N).astype(str)),
    "beyond doubles": 2**60 + NUMBERS.randint(0, 50, N),
    "beyond integers": [2**70 + int(k) for k in NUMBERS.randint(0, 50, N)],
    "flag": NUMBERS.rand(N) > 0.5,
    "flag with gaps": np.where(MISSING, "NA", np.where(NUMBERS.rand(N) > 0.5, "true", "false")),
    "constant flag": ["True"] * N,
    "constant text": ["a"] * N,
    "gaps": [""] * N,
    "text": NUMBERS.choice(["a", "b ", "NA", "?"], N),
    "codes": [f"{k:05}" for k in NUMBERS.randint(0, 300, N)],
    "many": [f"t{k}" for k in NUMBERS.randint(0, 350, N)],
    "day": np.datetime64("2020-01-01") + NUMBERS.randint(0, 900, N),
    "time": np.datetime64("2020-01-01T00:00") + NUMBERS.randint(0, 99999, N),
    "instant": [
        f"{day}+02:00" for day in np.datetime64("2020-01-01T00:00") + NUMBERS.randint(0, 99999, N)
    ],
    "chosen": NUMBERS.randint(0, 300, N),
    "chosen flag": NUMBERS.rand(N) > 0.5,
    "chosen day": np.datetime64("2020-01-01") + NUMBERS.randint(0, 9, N),
    "stated": NUMBERS.randint(0, 9, N),
}
TARGETS = {
    "flags": NUMBERS.rand(N) > 0.5,
    "words": NUMBERS.choice(["true", "false"], N),
    "codes": NUMBERS.choice(["00", "01"], N),
    "numbers": NUMBERS.rand(N).round(3),
    "halves": NUMBERS.choice(["1.50", "2"], N),
}


@pytest.mark.parametrize("name", TARGETS)
def test_each_type_of_column_is_verified_as_it_was_trained(run, tmp_path, name):
    columns = {**COLUMNS, "y": TARGETS[name]}
    rows = zip(*(map(str, np.asarray(values, object)) for values in columns.values()), strict=True)
    (tmp_path / "all.csv").write_text("\n".join([",".join(columns), *map(",".join, rows)]))
    options = "--n-epochs", "1", "--n-estimators", "1", "--hidden-layer-sizes", "4", "--provenance"
    chosen = "--text", "stated", "--categorical-features", "chosen,chosen flag,chosen day"
    assert run("train", "all.csv", "--target", "y", "-o", "a.cmlp", *options, *chosen)[0] == 0
    status, line, err = run("verify", "a.cmlp", "all.csv")
    assert (status, err) == (0, ""), (line, err)


def test_verify_reads_the_decisions_of_training(run, tmp_path):
    """The target, dropped columns, the form of the file and the held-out rows are in the record."""
    lines = [
        f"# {i}\n{i};{i % 9},5;{'-9' if i % 8 == 0 else i % 5};ä{i % 3};{i % 4}" for i in range(90)
    ]
    (tmp_path / "form.csv").write_bytes("\n".join(["1;2;3;4;5", *lines]).encode("cp1252"))
    form = (
        "--separator",
        ";",
        "--decimal",
        ",",
        "--missing",
        "-9",
        "--comment",
        "#",
        "--encoding",
        "cp1252",
    )
    rows = "form.csv", "--header", "yes", "--target", "5", "--drop", "1", *form
    small = "--hidden-layer-sizes", "4", "--n-epochs", "1", "--n-estimators", "1", "--provenance"
    assert run("train", *rows, "--holdout", "last", "-o", "f.cmlp", *small)[0] == 0
    assert run("verify", "f.cmlp", "form.csv")[0] == 0
    assert run("verify", "f.cmlp", *rows, "--holdout", "last")[0] == 0
    status, _, err = run("verify", "f.cmlp", "form.csv", "--holdout", "random")
    assert (
        status == 1
        and "f.cmlp was trained with --holdout last, not random: leave out --holdout" in err
    )
    # Options that are given hold for a copy of the rows in another form.
    text = (tmp_path / "form.csv").read_bytes().decode("cp1252").replace(";", "|").replace("#", "%")
    (tmp_path / "copy.csv").write_text(text, encoding="utf-8")
    copy = "--separator", "|", "--comment", "%", "--encoding", "utf-8"
    assert run("verify", "f.cmlp", "copy.csv", *copy)[0] == 0


def test_verify_of_a_network_reads_the_decisions_of_training(run, tmp_path):
    rows = "rows.csv", "--target", "kind", "--drop", "a", "--drop", "d"
    assert run("train", *rows, "-o", "n.cmlp", "--network", *OPTIONS)[0] == 0
    assert run("verify", "n.cmlp", "rows.csv")[0] == 0
    np.savetxt("labels.txt", Y, fmt="%d")
    rows = "rows.csv", "--labels", "labels.txt", "--drop", "kind"
    assert run("train", *rows, "-o", "n.cmlp", "--network", *OPTIONS)[0] == 0
    assert run("verify", "n.cmlp", "rows.csv", "--labels", "labels.txt")[0] == 0


def test_checkpoints_and_blocks_are_verified_without_options(run, tmp_path):
    package("pyarrow")
    package("pandas").read_csv("rows.csv").to_parquet("rows.parquet")
    rows = "rows.parquet", "--target", "kind", "--max-bytes", "100", "--shuffle", "False"
    assert run("train", *rows, "-o", "b.cmlp", *OPTIONS, "--checkpoint-every", "2")[0] == 0
    assert run("verify", "b.cmlp", "rows.parquet")[0] == 0
    assert run("verify", "b-2.cmlp", "rows.parquet")[:2] == (
        0,
        "bit-identical: these data and parameters give this model (2 epochs)",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("target", 5),
        ("drop", "z"),
        ("drop", [1]),
        ("header", "yes"),
        ("max_bytes", True),
        ("types", ["word"] * 2),
    ]
    + [("types", ["text"]), ("holdout", "half")],
)
def test_a_damaged_record_of_the_file_is_refused(table, name, value):
    model = cmlp.load("t.cmlp")
    provenance_of(model)["file"][name] = value
    model.save("damaged.cmlp")
    status, _, err = table("verify", "damaged.cmlp", "table.csv")
    assert status == 1 and "'provenance' has no valid record of the file: " in err


def test_what_tables_lack_is_refused(table):
    def error(*arguments):
        status, _, err = table(*arguments)
        assert status == 1 and err.count("\n") == 1
        return err

    checks = "verify", "t.cmlp", "table.csv"
    as_if_trained_in_python("t.cmlp")
    assert "is the model of a table, which needs --target COLUMN" in error(
        "verify", "python.cmlp", "table.csv"
    )
    assert "has neither --labels nor --validation" in error(
        *checks, "--target", "class", "--validation", "table.csv"
    )
    train = "train", "table.csv", "--target", "class", "-o", "u.cmlp", "--checkpoint-every", "2"
    assert "This needs the model of a table, and --checkpoint-every one network" in error(*train)
