"""``cmlp train``: models with the bits of fit from CSV, npy and Parquet, progress, resuming, and errors."""

import gzip
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from estimator_cases import blobs
from idx_files import IMAGES, LABELS, idx
from optional import package

import cmlp
from cmlp import MLPClassifier, MLPRegressor
from cmlp.command import main as cli

X, Y = blobs(n_rows=90)
NAMES = np.array(["sun", "moon", "earth"])
OPTIONS = ["--hidden-layer-sizes", "8", "--max_iter", "3", "--random-state", "0", "--tol", "0"]
FIT = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0, "tol": 0, "n_iter_no_change": float("inf")}
OPTIONS += ["--n-iter-no-change", "inf"]
COLUMNS = list("abcd")


@pytest.fixture
def train(tmp_path, capsys, monkeypatch):
    """Write the rows to files, and return a function that runs the command in their folder."""
    monkeypatch.chdir(tmp_path)
    lines = [",".join([*COLUMNS, "kind", "price"])]
    lines += [",".join([*map(repr, row.tolist()), NAMES[y], str(y + 0.5)]) for row, y in zip(X, Y, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    np.save(tmp_path / "rows.npy", np.c_[X, Y])

    def run(*arguments):
        status = cli.main(["train", *arguments])
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return run


def loaded():
    return cmlp.load("m.cmlp")


def test_csv_with_labels_of_text(train):
    status, lines, err = train("rows.csv", "--target", "kind", "--drop", "price", "-o", "m.cmlp", *OPTIONS)
    assert (status, err) == (0, "")
    expected = MLPClassifier(**FIT).fit(X, NAMES[Y])
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])
    assert loaded().feature_names_in_.tolist() == COLUMNS and loaded().classes_.tolist() == sorted(NAMES)
    assert re.fullmatch(r"epoch 1/3  \[#{3}\.{7}\]  loss \d\.\d{6}  \S+ \w+ left", lines[0]), lines[0]
    assert lines[3:] == [f"3 epochs, loss {expected.loss_:.6g}", "wrote m.cmlp"]


def test_regressor_of_a_named_column(train):
    assert train("rows.csv", "--target", "price", "--drop", "kind", "-o", "m.cmlp", "--regressor", *OPTIONS)[0] == 0
    np.testing.assert_array_equal(loaded().coefs_[0], MLPRegressor(**FIT).fit(X, Y + 0.5).coefs_[0])
    error = train("rows.csv", "--target", "price", "--drop", "kind", "-o", "m.cmlp", *OPTIONS)[2]
    assert "Unknown label type: continuous" in error


@pytest.mark.parametrize("at", [1, 3, 5])
def test_npy_with_a_numbered_column(train, at):
    np.save("rows.npy", np.insert(X, at - 1, Y, axis=1))
    assert train("rows.npy", "--target", str(at), "-o", "m.cmlp", *OPTIONS)[0] == 0
    np.testing.assert_array_equal(loaded().coefs_[0], MLPClassifier(**FIT).fit(X, Y).coefs_[0])
    assert loaded().classes_.tolist() == [0, 1, 2] and loaded().classes_.dtype == np.int64


def test_parameters_are_options_with_the_same_names(train):
    given = ["--alpha", "0.1,0.2,0.3", "--hidden_layer_sizes", "5,4", "--input-scale", "1/4", "--solver", "sgd"]
    given += ["--learning_rate", "cosine", "--shuffle", "False", "--batch-size", "10", "--class-weight", "balanced"]
    assert train("rows.npy", "--target", "5", "-o", "m.cmlp", *OPTIONS, *given)[0] == 0
    model = loaded()
    assert model.get_params()["alpha"] == (0.1, 0.2, 0.3) and model.input_scale == 0.25
    assert (model.solver, model.shuffle, model.batch_size, model.class_weight) == ("sgd", False, 10, "balanced")
    assert [weights.shape for weights in model.coefs_] == [(4, 5), (5, 4), (4, 3)]


def test_validation_and_resuming(train):
    held = ["--target", "5", "-o", "m.cmlp", "--validation", "rows.npy"]
    lines = train("rows.npy", *held, *OPTIONS)[1]
    assert re.search(r"validation 0\.\d{4}  \S+ \w+ left", lines[2])
    assert lines[3].endswith(f"validation score {loaded().history_['validation_score'][-1]:.6g}")
    assert train("rows.npy", *held, "--resume", "--max-iter", "5")[1][0].startswith("epoch 4/5")
    expected = MLPClassifier(**{**FIT, "max_iter": 5}).fit(X, Y)
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])
    assert "resume=True continues a fit with alpha=" in train("rows.npy", *held, "--resume", "--alpha", "9")[2]
    assert "m.cmlp has a MLPClassifier, not a MLPRegressor" in train("rows.npy", *held, "--resume", "--regressor")[2]


def test_parquet_is_read_in_blocks(train, monkeypatch):
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    columns = dict(zip(COLUMNS, X.T, strict=True))
    parquet.write_table(pyarrow.table({"kind": NAMES[Y], **columns, "text": ["x"] * 90}), "rows.parquet", 40)
    given = ["--target", "kind", "--drop", "text", "-o", "m.cmlp", "--validation", "rows.parquet"]
    assert train("rows.parquet", *given, *OPTIONS, "--shuffle", "False", "--learning-rate", "cosine")[0] == 0
    expected = MLPClassifier(**FIT, shuffle=False, learning_rate="cosine").fit(X, NAMES[Y])
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])
    monkeypatch.setattr("cmlp.datasets.ParquetBlocks.classes", None)  # a resumed training has its classes
    assert train("rows.parquet", *given, "--resume", "--max-iter", "3")[0] == 0
    error = train("rows.parquet", *given[:-2], "--drop", "a", "--resume", "--max-iter", "4")[2]
    assert "X has 3 features" in error or "feature names" in error.lower()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_of_images_and_labels(train, suffix):
    """The labels are in the file beside the images that has the corresponding name, or in the one that is named."""
    images = (np.arange(90 * 6).reshape(90, 2, 3) * 7 % 256).astype(np.uint8)
    pack = gzip.compress if suffix else bytes
    for split in ("train", "t10k"):
        Path(f"{split}-{IMAGES}{suffix}").write_bytes(pack(idx(images)))
        Path(f"{split}-{LABELS}{suffix}").write_bytes(pack(idx(Y.astype(np.uint8))))
    given = ["-o", "m.cmlp", "--input-scale", "1/255", *OPTIONS]
    assert train(f"train-{IMAGES}{suffix}", *given, "--validation", f"t10k-{IMAGES}{suffix}")[0] == 0
    expected = MLPClassifier(**FIT, input_scale=1 / 255).fit(images.reshape(90, 6), Y)
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])
    assert loaded().history_["validation_score"][-1] == expected.score(images.reshape(90, 6), Y)
    os.rename(f"train-{LABELS}{suffix}", "labels")
    named = [f"train-{IMAGES}{suffix}", "--labels", "labels", "--validation", f"train-{IMAGES}{suffix}"]
    assert train(*named, "--validation-labels", "labels", *given)[0] == 0
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])
    assert f"train-{LABELS}{suffix}: No such file" in train(f"train-{IMAGES}{suffix}", *given)[2]
    assert "use --labels FILE instead of --target" in train(f"train-{IMAGES}{suffix}", "--target", "1", *given)[2]


def test_labels_in_a_file_of_their_own(train):
    np.save("x.npy", X.reshape(90, 2, 2))
    Path("kinds.txt").write_text("\n".join(NAMES[Y]))
    assert train("x.npy", "--labels", "kinds.txt", "-o", "m.cmlp", *OPTIONS)[0] == 0
    np.testing.assert_array_equal(loaded().coefs_[0], MLPClassifier(**FIT).fit(X, NAMES[Y]).coefs_[0])
    dropped = ["--drop", "kind", "--drop", "price", "-o", "m.cmlp"]
    np.save("prices.npy", Y + 0.5)
    assert train("rows.csv", "--labels", "prices.npy", "--regressor", *dropped, *OPTIONS)[0] == 0
    assert loaded().feature_names_in_.tolist() == COLUMNS
    np.testing.assert_array_equal(loaded().coefs_[0], MLPRegressor(**FIT).fit(X, Y + 0.5).coefs_[0])
    np.save("prices.npy", Y[:50])
    assert "prices.npy has 50 labels for 90 rows" in train("x.npy", "--labels", "prices.npy", "-o", "m.cmlp")[2]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["rows.csv", "--target", "z"], "rows.csv has no column 'z'"),
        (["rows.npy"], "rows.npy needs --target COLUMN or --labels FILE"),
        (["rows.npy", "--target", "5", "--labels", "rows.npy"], "--target and --labels exclude each other"),
        (["rows.npy", "--target", "6"], "rows.npy has no column '6'"),
        (["nothing.csv", "--target", "1"], "nothing.csv: No such file"),
        (["rows.csv", "--target", "price"], "line 2, column 5 ('kind'): 'earth' is not a number"),
        (["rows.npy", "--target", "5", "--quantile", "0.1"], "MLPClassifier has no parameter 'quantile'"),
        (["rows.npy", "--target", "5", "--max-iter", "0"], "The 'max_iter' parameter of MLPClassifier must be an int"),
        (["rows.npy", "--target", "5", "-o", "missing/m.cmlp"], "missing: No such folder"),
        (["rows.npy", "--target", "5", "--resume"], "m.cmlp: No such file"),
        (["rows.npy", "--target", "5", "-o", "."], ".: Is a directory"),
        (["rows.npy", "--target", "5", "-o", "rows.npy"], "the output would replace rows.npy"),
        (["rows.npy", "--target", "5", "--resume", "-o", "rows.npy"], "the output would replace rows.npy"),
        (["x.npy", "--labels", "rows.csv", "-o", "rows.csv"], "the output would replace rows.csv"),
        (["rows.npy", "--target", "5", "--validation-labels", "rows.npy"], "--validation-labels needs --validation"),
        (["latin.csv", "--target", "1"], "latin.csv is not a CSV file in UTF-8"),
    ],
)
def test_errors_take_one_line(train, arguments, message):
    arguments = arguments if "-o" in arguments else [*arguments, "-o", "m.cmlp"]
    Path("latin.csv").write_bytes(b"1,2\n\xe9,3\n")
    before = Path("rows.npy").read_bytes()
    status, lines, err = train(*arguments)
    assert (status, lines, err.count("\n")) == (1, [], 1)
    assert message.replace("earth", NAMES[Y[0]]) in err
    assert Path("rows.npy").read_bytes() == before


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_lbfgs_writes_a_model(train):
    solver = ["--solver", "lbfgs", "-o", "m.cmlp", *OPTIONS]
    status, lines, err = train("rows.npy", "--target", "5", *solver)
    expected = MLPClassifier(**FIT, solver="lbfgs").fit(X, Y)
    assert (status, err, lines[-1]) == (0, "", "wrote m.cmlp")
    assert lines[-2] == f"{expected.n_iter_} epochs, loss {expected.loss_:.6g}"
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])


def test_parquet_without_rows_is_refused(train):
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"a": X[:0, 0], "kind": Y[:0]}), "rows.parquet")
    assert "rows.parquet contains no rows" in train("rows.parquet", "--target", "kind", "-o", "m.cmlp")[2]


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX here")
def test_ctrl_c_keeps_the_model_and_resume_continues(train):
    command = [sys.executable, "-m", "cmlp", "train", "rows.npy", "--target", "5", "-o", "m.cmlp", *OPTIONS]
    with subprocess.Popen([*command, "--max-iter", "1000000"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("epoch")
        time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        lines = process.stdout.read().splitlines()
        assert process.wait() == 130
    assert lines[-2:] == ["wrote m.cmlp", "interrupted: the same command with --resume continues"]
    n_epochs = loaded().n_iter_ + 2
    assert train("rows.npy", "--target", "5", "-o", "m.cmlp", "--resume", "--max-iter", str(n_epochs))[0] == 0
    expected = MLPClassifier(**{**FIT, "max_iter": n_epochs}).fit(X, Y)
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])
