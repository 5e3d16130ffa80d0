"""``cmlp verify``: one line and a status for scripts."""

import numpy as np
import pytest
from estimator_cases import blobs
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
    assert run("verify", "changed.cmlp", *rows)[:2] == (6, "different model: its classes are not those of the record")
    model = cmlp.load("m.cmlp")
    model._fitted.provenance["arithmetic"] = 9
    model.save("changed.cmlp")
    assert run("verify", "changed.cmlp", *rows)[0] == 5


def test_npy_and_validation(run):
    rows = "rows.npy", "--target", "5", "--validation", "rows.npy"
    assert run("train", *rows, "-o", "n.cmlp", *OPTIONS)[0] == 0
    assert run("verify", "n.cmlp", *rows)[0] == 0
    assert run("verify", "n.cmlp", *rows[:3])[0] == 3


def test_errors_have_one_line(run):
    cmlp.Network([2, 3, 2]).save("net.cmlp")
    status, _, err = run("verify", "net.cmlp", "rows.csv", "--target", "kind")
    assert status == 1 and "no record of its training" in err and err.count("\n") == 1
    assert run("verify", "m.cmlp", "missing.csv", "--target", "kind")[0] == 1
    error = run("verify", "m.cmlp", "rows.csv", "--target", "kind", "--holdout", "last")[2]
    assert "m.cmlp is one network: --holdout is only for the model of a table" in error
    assert "rows.csv needs --target COLUMN or --labels FILE: its columns are" in run("verify", "m.cmlp", "rows.csv")[2]


@pytest.fixture
def table(run, tmp_path):
    """Write a table with text and gaps to a file, train on it, and return the function that runs the command."""
    lines = [f"{i % 7}.5,{'' if i % 9 == 0 else 'abc'[i % 3]},{i % 3}" for i in range(120)]
    (tmp_path / "table.csv").write_text("\n".join(["size,kind,class", *lines]))
    lines[3] = "9.5,a,0"
    (tmp_path / "changed.csv").write_text("\n".join(["size,kind,class", *lines]))
    options = "--hidden-layer-sizes", "8", "--provenance"
    assert run("train", "table.csv", "--target", "class", "-o", "t.cmlp", *options)[0] == 0
    return run


def test_the_model_of_a_table_is_verified(table):
    status, line, err = table("verify", "t.cmlp", "table.csv", "--target", "class")
    assert (status, err) == (0, "") and line.startswith("bit-identical: these data and parameters give this model")
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


def test_what_tables_lack_is_refused(table):
    def error(*arguments):
        status, _, err = table(*arguments)
        assert status == 1 and err.count("\n") == 1
        return err

    checks = "verify", "t.cmlp", "table.csv"
    assert "is the model of a table, which needs --target COLUMN" in error(*checks)
    assert "has neither --labels nor --validation" in error(*checks, "--target", "class", "--validation", "table.csv")
    train = "train", "table.csv", "--target", "class", "-o", "u.cmlp", "--checkpoint-every", "2"
    assert "This needs the model of a table, and --checkpoint-every one network" in error(*train)
