"""`cmlp check`: the rows of a file beside those of training."""

from pathlib import Path

import numpy as np
import pytest

from cmlp import Network, TabularRegressor
from cmlp.__main__ import main

TINY = {"n_estimators": 1, "hidden_layer_sizes": (4,), "random_state": 0, "n_epochs": 1}


def write(path, low, n=3000):
    rng = np.random.RandomState(int(low))
    pd = pytest.importorskip("pandas")
    rows = pd.DataFrame({"size": rng.uniform(low, low + 1, n), "place": rng.choice(["a", "b"], n)})
    rows.assign(y=1.5).to_csv(path, index=False)
    return rows


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Return a function that runs the command in a folder with a model and its training rows."""
    monkeypatch.chdir(tmp_path)
    rows = write("train.csv", 0)
    TabularRegressor(**TINY).fit(rows, rows["size"]).save("m.cmlp")

    def command(*arguments):
        status = main(list(arguments))
        shown = capsys.readouterr()
        return status, shown.out.splitlines(), shown.err

    return command


def test_status_and_table_say_what_has_drifted(run):
    write("moved.csv", 7)
    status, lines, err = run("check", "m.cmlp", "train.csv")
    assert status == 0 and lines[-1].startswith("0 of 2 columns have drifted in 3,000 rows")
    assert err.startswith("cmlp: the model does not need the column y: ignored\n")
    status, lines, err = run("check", "m.cmlp", "moved.csv", "--drop", "y")
    assert status == 3 and "ignored" not in err
    assert lines[1].split() == ["size", "96.9%", "100.0%", "0.0%", "0.0%", "drifted"]
    assert lines[-1].startswith("1 of 2 columns have drifted")


def test_columns_that_no_network_uses_do_not_change_the_status(run):
    rows = write("train.csv", 0).assign(constant=1.0)
    TabularRegressor(**TINY).fit(rows, rows["size"]).save("m.cmlp")
    rows.assign(constant=2.0).to_csv("new.csv", index=False)
    status, lines, _ = run("check", "m.cmlp", "new.csv")
    assert status == 0
    (line,) = [line for line in lines if line.startswith("constant")]
    assert line.split() == ["constant", *["0.0%"] * 4, "not", "used"]


def test_networks_and_wrong_files_are_errors(run):
    Network([2, 3, 2]).save("n.cmlp")
    status, _, err = run("check", "n.cmlp", "train.csv")
    assert status == 1 and "only the model of a table knows its training rows" in err
    Path("few.csv").write_text("size\n1\n")
    assert "no column 'place', which" in run("check", "m.cmlp", "few.csv")[2]
    Path("other.csv").write_text("x\n1\n")
    assert "no columns 'size', 'place', which" in run("check", "m.cmlp", "other.csv")[2]
