"""``cmlp train``: models from CSV, npy and Parquet, progress, resuming, and errors."""

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
from helpers import DEADLOCK
from idx_files import IMAGES, LABELS, idx
from optional import package
from terminals import Pty

import cmlp
from cmlp import MLPClassifier, MLPRegressor
from cmlp import __main__ as cli

X, Y = blobs(n_rows=90)
NAMES = np.array(["sun", "moon", "earth"])
OPTIONS = ["--hidden-layer-sizes", "8", "--max_iter", "3", "--random-state", "0", "--tol", "0"]
FIT = {
    "hidden_layer_sizes": (8,),
    "max_iter": 3,
    "random_state": 0,
    "tol": 0,
    "n_iter_no_change": float("inf"),
}
OPTIONS += ["--n-iter-no-change", "inf"]
COLUMNS = list("abcd")


@pytest.fixture
def train(tmp_path, capsys, monkeypatch):
    """Write the rows to files, and return a function that runs the command in their folder."""
    monkeypatch.chdir(tmp_path)
    lines = [",".join([*COLUMNS, "kind", "price"])]
    lines += [
        ",".join([*map(repr, row.tolist()), NAMES[y], str(y + 0.5)])
        for row, y in zip(X, Y, strict=True)
    ]
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
    status, lines, err = train(
        "rows.csv", "--target", "kind", "--drop", "price", "-o", "m.cmlp", *OPTIONS
    )
    assert (status, err) == (0, "")
    expected = MLPClassifier(**FIT).fit(X, NAMES[Y])
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])
    assert loaded().feature_names_in_.tolist() == COLUMNS and loaded().classes_.tolist() == sorted(
        NAMES
    )
    assert lines[0] == 'rows.csv: "," as separator, 6 columns with names, 90 rows'
    assert (
        lines[1] == "--max-iter is given. So this trains an MLPClassifier: the target has 3 labels"
    )
    line = r"epoch 1/3  loss \d\.\d{6}  \S+ \w+ left  \[#{3}\.{7}\]"
    assert re.fullmatch(line, lines[2]), lines[2]
    useless = (
        "The model is not clearly better than a constant: its training loss is .* "
        "more epochs \\(max_iter\\) or .*"
    )
    assert re.fullmatch(useless, lines[5]), lines[5]
    assert lines[6:] == [f"3 epochs, loss {expected.loss_:.6g}", "wrote m.cmlp"]


def test_regressor_of_a_named_column(train):
    assert (
        train(
            "rows.csv",
            "--target",
            "price",
            "--drop",
            "kind",
            "-o",
            "m.cmlp",
            "--regressor",
            *OPTIONS,
        )[0]
        == 0
    )
    np.testing.assert_array_equal(loaded().coefs_[0], MLPRegressor(**FIT).fit(X, Y + 0.5).coefs_[0])
    error = train("rows.csv", "--target", "price", "--drop", "kind", "-o", "m.cmlp", *OPTIONS)[2]
    assert (
        "column 6 ('price'): the target has numbers with fractions, which are no labels: add --regressor"
        in error
    )


@pytest.mark.parametrize("at", [1, 3, 5])
def test_npy_with_a_numbered_column(train, at):
    np.save("rows.npy", np.insert(X, at - 1, Y, axis=1))
    assert train("rows.npy", "--target", str(at), "-o", "m.cmlp", *OPTIONS)[0] == 0
    np.testing.assert_array_equal(loaded().coefs_[0], MLPClassifier(**FIT).fit(X, Y).coefs_[0])
    assert loaded().classes_.tolist() == [0, 1, 2] and loaded().classes_.dtype == np.int64


def test_compressed_npy_and_a_target_with_fractions(train):
    Path("rows.npy.gz").write_bytes(gzip.compress(Path("rows.npy").read_bytes()))
    assert train("rows.npy.gz", "--target", "5", "-o", "m.cmlp", *OPTIONS)[0] == 0
    np.testing.assert_array_equal(loaded().coefs_[0], MLPClassifier(**FIT).fit(X, Y).coefs_[0])
    error = train("rows.npy", "--target", "1", "-o", "m.cmlp", *OPTIONS)[2]
    assert error.endswith(
        "rows.npy: the target has numbers with fractions, which are no labels: add --regressor\n"
    )


def test_parameters_are_options_with_the_same_names(train):
    given = [
        "--alpha",
        "0.1,0.2,0.3",
        "--hidden_layer_sizes",
        "5,4",
        "--input-scale",
        "1/4",
        "--solver",
        "sgd",
    ]
    given += [
        "--learning_rate",
        "cosine",
        "--shuffle",
        "False",
        "--batch-size",
        "10",
        "--class-weight",
        "balanced",
    ]
    given += ["--activation", "tanh,relu"]
    assert train("rows.npy", "--target", "5", "-o", "m.cmlp", *OPTIONS, *given)[0] == 0
    model = loaded()
    assert model.get_params()["alpha"] == (0.1, 0.2, 0.3) and model.input_scale == 0.25
    assert list(model.activation) == ["tanh", "relu"]
    assert (model.solver, model.shuffle, model.batch_size, model.class_weight) == (
        "sgd",
        False,
        10,
        "balanced",
    )
    assert [weights.shape for weights in model.coefs_] == [(4, 5), (5, 4), (4, 3)]


def test_validation_and_resuming(train):
    held = ["--target", "5", "-o", "m.cmlp", "--validation", "rows.npy"]
    lines = train("rows.npy", *held, *OPTIONS)[1]
    assert re.search(r"validation 0\.\d{4}  \S+ \w+ left", lines[2])
    assert lines[4].endswith(f"validation score {loaded().history_['validation_score'][-1]:.6g}")
    assert train("rows.npy", *held, "--resume", "--max-iter", "5")[1][0].startswith("epoch 4/5")
    expected = MLPClassifier(**{**FIT, "max_iter": 5}).fit(X, Y)
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])
    assert (
        "--alpha: resume=True continues a fit with alpha=0.0001, so alpha=9 is"
        in train("rows.npy", *held, "--resume", "--alpha", "9")[2]
    )
    assert (
        "m.cmlp has a MLPClassifier, not a MLPRegressor"
        in train("rows.npy", *held, "--resume", "--regressor")[2]
    )
    assert train("rows.npy", *held, "--regressor", *OPTIONS)[0] == 0
    assert (
        train("rows.npy", *held, "--resume", "--max-iter", "4")[0] == 0
    )  # the model says what it predicts


def written(frame, dtypes=()):
    """Write columns as CSV and as Parquet in row groups of 40."""
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    columns = frame | {name: frame[name].astype(dtype) for name, dtype in dict(dtypes).items()}
    parquet.write_table(pyarrow.table(columns), "rows.parquet", 40)
    rows = zip(*(column.tolist() for column in frame.values()), strict=True)
    Path("rows.csv").write_text("\n".join(",".join(map(str, row)) for row in [[*frame], *rows]))


@pytest.mark.parametrize(
    "dtypes, options",
    [
        ({}, []),
        ({}, ["--early-stopping", "True", "--class-weight", "balanced", "--input-scale", "robust"]),
        ({"a": "uint8", "b": "float32"}, []),
        ({"kind": "float64"}, ["--regressor"]),
        (dict.fromkeys(COLUMNS, "uint8"), ["--dtype", "float64"]),
        (dict.fromkeys(COLUMNS, "float32"), ["--dtype", "float64"]),
    ],
)
def test_same_rows_train_to_the_same_weights_from_csv_and_parquet(train, dtypes, options):
    whole = np.random.RandomState(0).randint(0, 256, (90, 4))
    written({**dict(zip(COLUMNS, whole.T.astype(float), strict=True)), "kind": Y}, dtypes)
    models = []
    for name in ("rows.csv", "rows.parquet"):
        assert (
            train(
                name, "--target", "kind", "-o", "m.cmlp", *OPTIONS, "--batch-size", "10", *options
            )[0]
            == 0
        )
        models.append(loaded())
    for one, other in zip(models[0].coefs_, models[1].coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [*models[0].feature_names_in_] == [*models[1].feature_names_in_] == COLUMNS
    if "--regressor" not in options:
        assert models[0].classes_.dtype == models[1].classes_.dtype


@pytest.mark.parametrize("limit", [[], ["--max-bytes", "1000"]], ids=["memory", "blocks"])
def test_the_choice_for_a_target_of_parquet_is_explained(train, limit):
    """Types of Parquet are those of the schema: a column of uint16 has labels unless --regressor says otherwise."""
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    columns = {
        "x": np.arange(90.0),
        "y": np.arange(90, dtype=np.uint16) % 45,
        "z": np.arange(90) + 0.5,
    }
    parquet.write_table(pyarrow.table(columns), "rows.parquet")
    status, lines, _ = train("rows.parquet", "--target", "y", "-o", "m.cmlp", *OPTIONS, *limit)
    assert status == 0
    why = "the target has 45 different whole numbers; --regressor predicts numbers"
    assert lines[0] == f"--max-iter is given. So this trains an MLPClassifier: {why}"
    status, lines, err = train("rows.parquet", "--target", "z", "-o", "m.cmlp", *OPTIONS, *limit)
    expected = (
        "rows.parquet: the target has numbers with fractions, which are no labels: add --regressor"
    )
    assert (status, lines, err) == (1, [], f"cmlp: error: {expected}\n")
    status, lines, _ = train(
        "rows.parquet", "--target", "z", "-o", "m.cmlp", "--regressor", "--max-iter", "1", *limit
    )
    assert status == 0 and lines[-2].startswith("1 epoch, loss ")


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_narrow_columns_of_parquet_compute_in_float32(train, dtype):
    whole = np.random.RandomState(0).randint(0, 256, (90, 4))
    written(
        {**dict(zip(COLUMNS, whole.T, strict=True)), "kind": NAMES[Y]},
        dict.fromkeys(COLUMNS, dtype),
    )
    assert train("rows.parquet", "--target", "kind", "-o", "m.cmlp", *OPTIONS)[0] == 0
    narrow = loaded()
    assert (
        train("rows.csv", "--target", "kind", "-o", "m.cmlp", *OPTIONS, "--dtype", "float32")[0]
        == 0
    )
    np.testing.assert_array_equal(narrow.coefs_[0], loaded().coefs_[0])
    assert (
        narrow.coefs_[0].dtype == np.float32
        and narrow.classes_.tolist() == loaded().classes_.tolist()
    )


def test_missing_values_of_parquet_are_named(train):
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    parquet.write_table(
        pyarrow.table({"a": [1.0] * 50 + [None], "kind": [0, 1, None] * 17}), "rows.parquet", 40
    )
    error = train("rows.parquet", "--target", "kind", "-o", "m.cmlp")[2]
    assert "column 'kind' of rows.parquet is null at row 2" in error
    error = train("rows.parquet", "--target", "a", "-o", "m.cmlp")[2]
    assert "column 'a' of rows.parquet is null at row 50" in error
    parquet.write_table(
        pyarrow.table({"a": [1.0] * 50 + [None], "kind": [0, 1, 2] * 17}), "rows.parquet", 40
    )
    assert (
        "rows.parquet, row 51, column 1 ('a'): the value is nan"
        in (
            train(
                "rows.parquet", "--target", "kind", "-o", "m.cmlp", "--validation", "rows.parquet"
            )[2]
        )
    )


def test_large_parquet_is_read_in_blocks(train, monkeypatch):
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    columns = dict(zip(COLUMNS, X.T, strict=True))
    parquet.write_table(
        pyarrow.table({"kind": NAMES[Y], **columns, "text": ["x"] * 90}), "rows.parquet", 40
    )
    size = 90 * 6 * 8
    given = ["--target", "kind", "--drop", "text", "-o", "m.cmlp", "--max-bytes", str(size - 1)]
    error = train("rows.parquet", *given, "--table")[2]
    assert (
        "rows.parquet: the model of a table is trained in memory: use --max-bytes 4320 or more"
        in error
    )
    error = train("rows.parquet", *given, "--early-stopping", "True")[2]
    assert "--early-stopping: early_stopping=True needs X_val and y_val for fit_batches" in error
    monkeypatch.setattr(
        "cmlp._data.files.parquet_file.read_parquet", None
    )  # would read the whole column
    given += ["--validation", "rows.parquet"]
    assert (
        train("rows.parquet", *given, *OPTIONS, "--shuffle", "False", "--learning-rate", "cosine")[
            0
        ]
        == 0
    )
    expected = MLPClassifier(**FIT, shuffle=False, learning_rate="cosine").fit(X, NAMES[Y])
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])
    monkeypatch.setattr(
        "cmlp.datasets.ParquetBlocks.classes", None
    )  # a resumed training has its classes
    assert train("rows.parquet", *given, "--resume", "--max-iter", "3")[0] == 0
    error = train("rows.parquet", *given, "--drop", "a", "--resume", "--max-iter", "4")[2]
    assert "X has 3 features" in error or "feature names" in error.lower()


def test_large_parquet_of_a_table_is_refused_with_the_remedy(train):
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    columns = {
        "text": ["x"] * 90,
        "day": np.arange(90).astype("M8[D]"),
        "a": [1, None] * 45,
        "b": [0] * 89 + [None],
    }
    parquet.write_table(pyarrow.table({"kind": NAMES[Y], **columns}), "gaps.parquet", 40)
    given = ["--target", "kind", "-o", "m.cmlp", "--max-bytes", "3599"]
    wrong = [
        "column 'text' must contain numbers",
        "column 'day' must contain numbers",
        "row 2, column 4 ('a'): the",
    ]
    for k, message in enumerate(wrong):
        drop = [word for name in list(columns)[:k] for word in ("--drop", name)]
        error = train("gaps.parquet", *given, *drop)[2]
        assert "gaps.parquet" in error and message in error
        assert (
            "The model of a table takes it, but it is trained in memory: use --max-bytes 3600 or more, or"
            in error
        )
    error = train(
        "gaps.parquet",
        *given,
        *[word for name in ("text", "day", "a") for word in ("--drop", name)],
    )[2]
    assert "In block 2: X, column 'b' is null at row 9" in error
    assert "or use TabularClassifier or TabularRegressor, which take them" in error
    assert train("gaps.parquet", *given[:-1], "3600", "--n-epochs", "1")[0] == 0


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_of_images_and_labels(train, suffix):
    """The labels are in the file beside the images that has the corresponding name, or in the one that is named."""
    images = (np.arange(90 * 6).reshape(90, 2, 3) * 7 % 256).astype(np.uint8)
    pack = gzip.compress if suffix else bytes
    for split in ("train", "t10k"):
        Path(f"{split}-{IMAGES}{suffix}").write_bytes(pack(idx(images)))
        Path(f"{split}-{LABELS}{suffix}").write_bytes(pack(idx(Y.astype(np.uint8))))
    given = ["-o", "m.cmlp", "--input-scale", "1/255", *OPTIONS]
    assert (
        train(f"train-{IMAGES}{suffix}", *given, "--validation", f"t10k-{IMAGES}{suffix}")[0] == 0
    )
    expected = MLPClassifier(**FIT, input_scale=1 / 255).fit(images.reshape(90, 6), Y)
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])
    assert loaded().history_["validation_score"][-1] == expected.score(images.reshape(90, 6), Y)
    os.rename(f"train-{LABELS}{suffix}", "labels")
    named = [
        f"train-{IMAGES}{suffix}",
        "--labels",
        "labels",
        "--validation",
        f"train-{IMAGES}{suffix}",
    ]
    assert train(*named, "--validation-labels", "labels", *given)[0] == 0
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])
    error = train(f"train-{IMAGES}{suffix}", *given)[2]
    assert (
        "needs --labels FILE, such as --labels " in error
        and f": there is no train-{LABELS}{suffix} beside" in error
    )
    assert (
        "use --labels FILE instead of --target"
        in train(f"train-{IMAGES}{suffix}", "--target", "1", *given)[2]
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("train-images.idx3-ubyte", "train-labels.idx1-ubyte"), ""),
        (
            ("train-images.idx3-ubyte", "train-labels-idx1-ubyte"),
            "such as --labels train-labels-idx1-ubyte: there is",
        ),
        (("pixels", "label"), "pixels needs --labels FILE, such as --labels label\n"),
        (("pixels", "digits"), "pixels needs --labels FILE\n"),
    ],
)
def test_labels_beside_idx_files_of_other_names(train, names, message):
    for name, values in zip(names, (np.arange(90 * 6).reshape(90, 2, 3) % 256, Y), strict=True):
        Path(name).write_bytes(idx(values.astype(np.uint8)))
    if names[0] != "pixels":
        Path("t10k-labels.idx1-ubyte").write_bytes(b"labels of other images")
    status, _, error = train(names[0], "-o", "m.cmlp", *OPTIONS)
    assert message in error and status == (1 if message else 0)


def test_labels_in_a_file_of_their_own(train):
    np.save("x.npy", X.reshape(90, 2, 2))
    Path("kinds.txt").write_text("\n".join(NAMES[Y]))
    assert train("x.npy", "--labels", "kinds.txt", "-o", "m.cmlp", *OPTIONS)[0] == 0
    np.testing.assert_array_equal(
        loaded().coefs_[0], MLPClassifier(**FIT).fit(X, NAMES[Y]).coefs_[0]
    )
    dropped = ["--drop", "kind", "--drop", "price", "-o", "m.cmlp"]
    np.save("prices.npy", Y + 0.5)
    assert train("rows.csv", "--labels", "prices.npy", "--regressor", *dropped, *OPTIONS)[0] == 0
    assert loaded().feature_names_in_.tolist() == COLUMNS
    np.testing.assert_array_equal(loaded().coefs_[0], MLPRegressor(**FIT).fit(X, Y + 0.5).coefs_[0])
    np.save("prices.npy", Y[:50])
    assert (
        "prices.npy has 50 labels for 90 rows"
        in train("x.npy", "--labels", "prices.npy", "-o", "m.cmlp")[2]
    )
    Path("y.parquet").write_bytes(b"PAR1")
    assert (
        "npy, idx or text to be a file of labels"
        in train("x.npy", "--labels", "y.parquet", "-o", "m.cmlp")[2]
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["rows.csv", "--target", "z"], "rows.csv has no column 'z'"),
        (["rows.npy"], "rows.npy needs --target COLUMN or --labels FILE\n"),
        (
            ["rows.csv"],
            "needs --target COLUMN or --labels FILE: its columns are a, b, c, d, kind, price\n",
        ),
        (
            ["rows.csv", "--target", "kind", "--quantile", "0.3", "--loss", "quantile"],
            "--quantile needs a target of",
        ),
        (
            ["rows.npy", "--target", "5", "--labels", "rows.npy"],
            "--target and --labels exclude each other",
        ),
        (["rows.npy", "--target", "6"], "rows.npy has no column '6'"),
        (["nothing.csv", "--target", "1"], "nothing.csv: No such file"),
        (["rows.csv", "--target", "price", "--resume"], "m.cmlp: No such file"),
        (
            ["rows.npy", "--target", "5", "--quantile", "0.1"],
            "--quantile: quantile=0.1 needs loss='quantile'",
        ),
        (
            ["rows.npy", "--target", "5", "--regressor", "--class-weight", "balanced"],
            "--class-weight is not for",
        ),
        (
            ["rows.npy", "--target", "5", "--max-iter", "0"],
            "MLPClassifier must be an int in the range [1, inf). Got 0",
        ),
        (
            ["rows.npy", "--target", "5", "--alpha", "x"],
            "[0.0, inf) or values separated by commas. Got 'x' instead",
        ),
        (
            ["rows.npy", "--target", "5", "--input-scale", "[1]"],
            "a pair such as '[0, 1], [2, 3]' or a str among",
        ),
        (
            ["rows.npy", "--target", "5", "--weight-decay", "0.1"],
            "--weight-decay: weight_decay=0.1 needs solver='adamw'",
        ),
        (
            ["rows.npy", "--target", "5", "--scoring", "accuracy"],
            "but early_stopping=False and X_val=None, or",
        ),
        (["rows.npy", "--target", "5", "-o", "missing/m.cmlp"], "missing: No such folder"),
        (["rows.npy", "--target", "5", "--resume"], "m.cmlp: No such file"),
        (["rows.npy", "--target", "5", "-o", "."], ".: Is a directory"),
        (["rows.npy", "--target", "5", "-o", "rows.npy"], "the output would replace rows.npy"),
        (
            ["rows.npy", "--target", "5", "--resume", "-o", "rows.npy"],
            "the output would replace rows.npy",
        ),
        (["x.npy", "--labels", "rows.csv", "-o", "rows.csv"], "the output would replace rows.csv"),
        (
            ["rows.npy", "--target", "5", "--validation-labels", "rows.npy"],
            "--validation-labels needs --validation",
        ),
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


def test_a_bug_keeps_its_traceback(train, monkeypatch):
    """The command words only the errors that the library raises for users."""
    monkeypatch.setattr(MLPClassifier, "fit", lambda *arguments, **keywords: len(None))
    with pytest.raises(TypeError, match="has no len"):
        train("rows.npy", "--target", "5", "-o", "m.cmlp")


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # n_iter_no_change
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
    assert (
        "rows.parquet contains no rows"
        in train("rows.parquet", "--target", "kind", "-o", "m.cmlp")[2]
    )


# A fit of some seconds. In a pipe, each tenth of the epochs has a line.
LONG = [
    sys.executable,
    "-m",
    "cmlp",
    "train",
    "rows.npy",
    "--target",
    "5",
    "-o",
    "m.cmlp",
    *OPTIONS,
]
LONG += ["--max-iter", "100000"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX here")
@pytest.mark.parametrize("name, status", [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_signals_keep_the_model_and_resume_continues(train, name, status):
    with subprocess.Popen(LONG, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("epoch")
        time.sleep(0.05)
        os.kill(process.pid, getattr(signal, name))
        lines = process.stdout.read().splitlines()
        assert process.wait() == status
    assert lines[-2:] == ["wrote m.cmlp", "interrupted: the same command with --resume continues"]
    n_epochs = loaded().n_iter_ + 2
    assert (
        train("rows.npy", "--target", "5", "-o", "m.cmlp", "--resume", "--max-iter", str(n_epochs))[
            0
        ]
        == 0
    )
    expected = MLPClassifier(**{**FIT, "max_iter": n_epochs}).fit(X, Y)
    np.testing.assert_array_equal(loaded().coefs_[0], expected.coefs_[0])


posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes and terminals are POSIX here")


@posix
def test_closed_pipe_ends_training_silently_and_keeps_the_model(train):
    with subprocess.Popen(LONG, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141
    assert loaded().n_iter_ >= 1
    n_epochs = loaded().n_iter_ + 1
    assert (
        train("rows.npy", "--target", "5", "-o", "m.cmlp", "--resume", "--max-iter", str(n_epochs))[
            0
        ]
        == 0
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_progress_that_cannot_be_written_is_an_error_that_keeps_the_model(train):
    with open("/dev/full", "wb") as full:
        command = [*LONG, "--max-iter", "20000"]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=DEADLOCK, check=False
        )
    assert done.returncode == 1 and done.stderr.startswith("python -m cmlp: error: cannot write: ")
    assert done.stderr.count("\n") == 1 and loaded().n_iter_ >= 1


@posix
def test_closed_terminal_keeps_the_model(train):
    with Pty(*LONG[3:]) as terminal:
        terminal.wait_for("epoch +3/")
        os.close(terminal.master)
        assert terminal.process.wait(timeout=DEADLOCK) in (
            129,
            1,
        )  # by the signal, or by a write before it arrives
        terminal.master = os.dup(terminal.slave)
    assert loaded().n_iter_ >= 1


@posix
@pytest.mark.parametrize("name, status", [("SIGINT", 130), ("SIGTERM", 143)])
def test_signals_while_the_model_is_written_take_effect_afterwards(train, name, status):
    """Two signals: the second one arrives during the save that the first one has caused."""
    during = (
        "import os, signal, sys; from cmlp import MLPClassifier; from cmlp.__main__ import main\n"
        "save = MLPClassifier.save\n"
        f"def slow(*given, **options): os.kill(os.getpid(), signal.{name}); save(*given, **options)\n"
        "MLPClassifier.save = slow\nsys.exit(main())"
    )
    command = [sys.executable, "-c", during, *LONG[3:], "--max-iter", "2"]
    done = subprocess.run(command, capture_output=True, timeout=DEADLOCK, check=False)
    assert done.returncode == status and loaded().n_iter_ == 2


def test_progress_marks_the_best_epoch_which_is_kept(train):
    stops = ["--early-stopping", "True"]
    status, lines, _ = train("rows.npy", "--target", "5", "-o", "m.cmlp", *stops, *OPTIONS)
    assert status == 0
    shown = [line for line in lines if " left" in line]
    assert shown and all(re.search(r"\(best\)|\(best \d\.\d{4}\)", line) for line in shown)
    scores = loaded().history_["validation_score"]
    kept = 1 + int(np.argmax(scores))
    assert f"kept epoch {kept} of {len(scores)}, the best on the validation rows" in lines


def test_progress_without_early_stopping_marks_nothing(train):
    held = ["--target", "5", "-o", "m.cmlp", "--validation", "rows.npy"]
    _, lines, _ = train("rows.npy", *held, *OPTIONS)
    assert not any("best" in line or "kept" in line for line in lines)


def test_progress_of_a_table_marks_the_best_epoch(train):
    status, lines, _ = train("rows.csv", "--target", "kind", "-o", "m.cmlp", "--n-epochs", "20")
    assert status == 0
    shown = [line for line in lines if line.startswith("fit 1 of 2  epoch")]
    assert shown and all("(best" in line for line in shown)
    best = "kept of each network the best epoch on the rows that it held out, "
    assert sum(re.fullmatch(rf"{best}\d+ to \d+ of 20", line) is not None for line in lines) == 1
