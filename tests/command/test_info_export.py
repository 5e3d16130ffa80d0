"""``cmlp info`` and ``cmlp export``."""

import hashlib
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from c_build import COMPILER, needs_compiler
from c_build import run as run_program
from estimator_cases import blobs, small
from helpers import DEADLOCK
from hostile_files import FILES
from internals import RECIPE, model_of
from optional import package

import cmlp
from cmlp import MLPRegressor, Network, TabularClassifier, TabularRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning"),
]
X, Y = blobs(n_rows=30)


def sha256_of(model):
    """Return the hash of the weights of a network of float64."""
    params = model_of(model).first.params
    return hashlib.sha256(params.astype("<f8").tobytes()).hexdigest()


def described(text):
    """Return the printed fields."""
    return {line.partition("  ")[0]: line.partition("  ")[2].strip() for line in text.splitlines()}


def test_info_of_a_classifier(run):
    model = small(early_stopping=True, input_scale=1 / 255).fit(
        X, np.array(["sun", "moon", "earth"])[Y]
    )
    model.feature_names_in_ = ["a", "b\x1b[2J", "c", "d\u202e"]
    model.save("m.cmlp")
    status, out, err = run("info", "m.cmlp")
    assert (status, err) == (0, "") and all(c.isprintable() or c == "\n" for c in out)
    found = described(out)
    assert found.pop("file").endswith(" bytes, undamaged")
    assert found == {
        "class": "MLPClassifier",
        "layers": "4-8-3",
        "parameters": "67 (float64, 536 bytes)",
        "SHA-256": sha256_of(model),
        "activations": "relu, softmax",
        "loss": "log_loss",
        "input scale": "1/255",
        "classes": "3 (text): earth, moon, sun",
        "features": "a, b\\x1b[2J, c, d\\u202e",
        "settings": "early_stopping=True, hidden_layer_sizes=(8,), input_scale=0.00392156862745098, "
        "learning_rate_init=0.02, max_iter=15, random_state=1",
        "training": f"{model.n_iter_} epochs in the last call, loss {model.loss_:.6g}, "
        f"best validation score {model.best_validation_score_:.6g}",
        "trained by": f"recipe {RECIPE} of cmlp {cmlp.__version__}",
    }


def test_info_of_other_models(run):
    Network([4, 3, 2], "elu", loss="focal", activation_parameter=2).save("m.cmlp")
    found = described(run("info", "m.cmlp")[1])
    assert not {"classes", "training", "trained by"} & {*found}
    assert found["class"] == "Network" and found["parameters"] == "23 (float32, 92 bytes)"
    assert (
        found["activations"] == "elu(2), softmax"
        and found["loss"] == "focal(2)"
        and found["input scale"] == "1"
    )
    small(max_iter=1).fit(np.repeat(X, 4, 0), np.arange(120) // 4).save("m.cmlp")
    assert described(run("info", "m.cmlp")[1])["classes"].endswith(
        ": " + ", ".join(map(str, range(20))) + ", and 10 more"
    )
    MLPRegressor(max_iter=2).fit(X, Y).save("m.cmlp")
    assert described(run("info", "m.cmlp")[1])["training"].startswith(
        "2 epochs in the last call, loss "
    )


def test_info_of_a_damaged_file(run, tmp_path):
    Network([4, 3, 2]).save("m.cmlp")
    content = bytearray((tmp_path / "m.cmlp").read_bytes())
    content[-70] ^= 1
    (tmp_path / "m.cmlp").write_bytes(content)
    status, out, err = run("info", "m.cmlp")
    assert (status, out) == (1, "") and "m.cmlp cannot be loaded: " in err and err.count("\n") == 1


def test_commands_refuse_a_file_with_an_unknown_requirement(run, tmp_path):
    (tmp_path / "m.cmlp").write_bytes(FILES["unknown requirement"][0])
    (tmp_path / "m.csv").write_text("1,2,3,4\n")
    for arguments in (
        ("info", "m.cmlp"),
        ("export", "m.cmlp", "--to", "c", "-o", "m.h"),
        ("predict", "m.cmlp", "m.csv"),
    ):
        status, out, err = run(*arguments)
        assert (status, out) == (1, "") and "(units)" in err, arguments


@pytest.mark.slow
def test_export_to_onnx(run, tmp_path):
    package("onnx")
    model = small(dtype="float32").fit(X, Y)
    model.save("m.cmlp")
    done = subprocess.run(
        [sys.executable, "-m", "cmlp", "export", "m.cmlp", "--to", "onnx", "-o", "m.onnx"],
        capture_output=True, text=True, timeout=DEADLOCK, check=True,
    )  # fmt: skip
    size = (tmp_path / "m.onnx").stat().st_size
    assert (done.stdout, done.stderr) == (f"wrote m.onnx, {size:,} bytes\n", "")
    session = package("onnxruntime").InferenceSession("m.onnx", providers=["CPUExecutionProvider"])
    label, probabilities = session.run(None, {"X": X.astype(np.float32)})
    assert label.tolist() == model.predict(X).tolist()
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=0, atol=1e-5)


PROGRAM = """
#include <stdio.h>
#include "m.h"
int main(void)
{
    float x[4], output[3];
    while (fread(x, sizeof x, 1, stdin)) printf("%d\\n", (int)m_classify(x));
    return 0 * (int)sizeof output;
}
"""


@needs_compiler
@pytest.mark.slow
def test_export_to_c(run, tmp_path):
    model = small(dtype="float32").fit(X, Y)
    model.save("m.cmlp")
    done = run_program(
        sys.executable, "-m", "cmlp", "export", "m.cmlp", "--to", "c", "-o", "m.h", cwd=tmp_path
    )
    assert done.startswith(f"wrote m.h, {(tmp_path / 'm.h').stat().st_size:,} bytes\nm: ")
    (tmp_path / "m.c").write_text(PROGRAM)
    run_program(COMPILER, "-O2", "m.c", "-o", "m", cwd=tmp_path)
    rows = X.astype(np.float32)
    printed = subprocess.run(
        "./m", input=rows.tobytes(), capture_output=True, check=True, cwd=tmp_path
    ).stdout
    assert [*map(int, printed.split())] == model.predict(rows).tolist()
    assert run("export", "m.cmlp", "--to", "c", "-o", "a.h", "--name", "other")[0] == 0
    assert "other_predict" in (tmp_path / "a.h").read_text()
    small(dtype="float64", max_iter=1).fit(X, Y).save("m.cmlp")
    assert run("export", "m.cmlp", "--to", "c", "-o", "b.h", "--dtype", "float32")[0] == 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["c"],
            "error: --dtype: the model computes in float64, a C header in float32: pass dtype='float32' to round",
        ),
        (["c", "--dtype", "float32", "--name", "3a"], "error: --name: name must be a C identifier"),
        (["c", "--dtype", "float32", "-o", "3.h"], "got '3'; pass another one as name.\n"),
        (["c-int8", "--dtype", "float32"], "--to c-int8 needs --calibrate DATA: rows that are"),
    ],
)
def test_errors_name_the_options_of_the_command(run, tmp_path, arguments, message):
    small(dtype="float64", max_iter=1, input_scale="standard").fit(X, Y).save("m.cmlp")
    status, _, err = run("export", "m.cmlp", "-o", "b.h", "--to", *arguments)
    assert status == 1 and message in err


def test_export_to_int8(run, tmp_path):
    rows = np.random.RandomState(0).randint(0, 256, (300, 4)).astype(np.uint8)
    labels = np.array(["a", "b"])[rows[:, 0] // 128]
    small(dtype="float32", input_scale=1 / 255, max_iter=60).fit(rows, labels).save("m.cmlp")
    np.save("rows.npy", rows)
    (tmp_path / "labels.txt").write_text("\n".join(labels))
    arguments = ["export", "m.cmlp", "--to", "c-int8", "-o", "m.h", "--calibrate", "rows.npy"]
    status, out, err = run(*arguments)
    assert (status, err) == (0, "") and "int8 and float32 predict the same class for" in out
    status, out, err = run(*arguments, "--labels", "labels.txt")
    assert (status, err) == (0, "") and "% with float32, a loss of " in out
    for content, message in (
        ("a\n", "labels.txt has 1 labels for 300 rows"),
        ("a\nc\x1b", "'c\\x1b' is not a class"),
    ):
        (tmp_path / "labels.txt").write_text(content)
        status, out, err = run(*arguments, "--labels", "labels.txt")
        assert (status, out) == (1, "") and message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "c-int8", "-o", "m.h"], "--to c-int8 needs --calibrate DATA"),
        (
            ["--to", "onnx", "-o", "m.onnx", "--calibrate", "x.npy"],
            "--calibrate is only for --to c-int8, got --to onnx",
        ),
        (["--to", "c", "-o", "m.h", "--labels", "y.npy"], "--labels needs --calibrate DATA"),
        (
            ["--to", "onnx", "-o", "m.onnx", "--dtype", "float32"],
            "--dtype is only for C headers, got --to onnx",
        ),
        (
            ["--to", "onnx", "-o", "m.onnx", "--name", "x"],
            "--name is only for C headers, got --to onnx",
        ),
        (
            ["--to", "c", "-o", "m.h", "--opset", "17"],
            "--opset is only for --to onnx, got --to c",
        ),
        (["--to", "c-int8", "-o", "m.h", "--calibrate", "no.npy"], "No such file"),
        (["--to", "c", "-o", "nowhere/m.h"], "nowhere: No such folder"),
    ],
)
def test_export_errors(run, tmp_path, arguments, message):
    Network([4, 3, 2]).save("m.cmlp")
    status, out, err = run("export", "m.cmlp", *arguments)
    assert (status, out) == (1, "") and message in err and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["m.cmlp"]


def test_export_to_an_opset(run, tmp_path):
    onnx = package("onnx")
    Network([4, 3, 2]).save("m.cmlp")
    status, _, err = run("export", "m.cmlp", "--to", "onnx", "-o", "m.onnx", "--opset", "9")
    assert (status, err) == (0, "")
    assert [each.version for each in onnx.load(tmp_path / "m.onnx").opset_import] == [9]
    MLPRegressor("quantile", quantile=[0.1, 0.9], max_iter=1).fit(X, Y).save("q.cmlp")
    status, _, err = run("export", "q.cmlp", "--to", "onnx", "-o", "q.onnx", "--opset", "10")
    assert status == 1 and "--opset: opset must be at least 11 for this model" in err
    assert not (tmp_path / "q.onnx").exists()


def test_export_of_labels_that_onnx_cannot_contain(run):
    package("onnx")
    small(max_iter=1).fit(X, np.array([1, 2, 2**64 - 1], np.uint64)[Y]).save("m.cmlp")
    status, _, err = run("export", "m.cmlp", "--to", "onnx", "-o", "m.onnx")
    assert status == 1 and "the label 18446744073709551615 does not fit in int64" in err


def test_export_without_onnx(run, monkeypatch):
    Network([4, 3, 2]).save("m.cmlp")
    monkeypatch.setitem(sys.modules, "onnx", None)
    status, _, err = run("export", "m.cmlp", "--to", "onnx", "-o", "m.onnx")
    assert status == 1 and "install it with `pip install 'cmlp[onnx]'`" in err


@pytest.fixture
def table(tmp_path):
    """Save the model of a table."""
    X = [[float(i), "a" if i % 3 else None] for i in range(30)]
    model = TabularClassifier(n_estimators=2, hidden_layer_sizes=(4,), max_time=1e-9)
    model.fit(X, ["no", "yes"] * 15).save(tmp_path / "table.cmlp")


def test_hash_of_a_header_is_that_of_the_file(run, table):
    """Also of weights that the header rounds."""
    network = Network([2, 3], dtype="float64", random_state=0)
    network.save("net.cmlp")
    assert run("export", "net.cmlp", "--to", "c", "--dtype", "float32", "-o", "net.h")[0] == 0
    assert run("export", "table.cmlp", "--to", "c", "-o", "table.h")[0] == 0
    for name in ("net", "table"):
        found = described(run("info", f"{name}.cmlp")[1])["SHA-256"]
        assert f'#define {name}_SHA256 "{found}"\n' in Path(f"{name}.h").read_text()


def test_info_of_a_table(run, table):
    status, out, _ = run("info", "table.cmlp")
    fields = described(out)
    assert (
        status == 0
        and fields["class"] == "TabularClassifier"
        and fields["columns"] == "1 number, 1 category"
        and fields["values"] == "0 (a number), 1 (one of 2 categories)"
    )
    assert fields["classes"] == "2 (text): no, yes" and fields["networks"].endswith("-4-1")
    assert fields["sets"] == "from 8 scores of rows held out in fit"
    assert re.fullmatch(
        r"\d+\.\d% on 8 rows held out in fit; always the most frequent class: 50.0%",
        fields["accuracy"],
    )
    assert fields["trained by"] == f"recipe {RECIPE} of cmlp {cmlp.__version__}"
    assert not {"probabilities", "threshold", "intervals"} & {*fields}


def test_info_has_settings_and_the_record_of_a_fit(run, tmp_path):
    X = [[float(i), i % 3] for i in range(60)]
    model = TabularRegressor(n_estimators=2, n_epochs=1, random_state=7, provenance=True)
    model.fit(X, [float(i) for i in range(60)]).save(tmp_path / "table.cmlp")
    fields = described(run("info", "table.cmlp")[1])
    assert fields["settings"] == "n_epochs=1, n_estimators=2, provenance=True, random_state=7"
    version = cmlp.__version__
    assert fields["recorded"] == f"by cmlp {version}, on 60 rows, with seed 7"
    assert re.fullmatch("[0-9a-f]{64}", fields["SHA-256 of X"])
    assert fields["SHA-256 of y"] != fields["SHA-256 of X"] and "target" not in fields
    (tmp_path / "a.csv").write_text("a,grade\x1b\n" + "".join(f"{i},{i % 2}\n" for i in range(60)))
    options = ["--provenance", "--n-epochs", 1, "--n-estimators", 1, "--random-state", 0]
    run("train", "a.csv", "--target", "grade\x1b", "-o", "b.cmlp", *options)
    assert described(run("info", "b.cmlp")[1])["target"] == "grade\\x1b"


def test_info_counts_types_of_columns_and_says_that_instants_are_in_utc(run):
    hours = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(24 * 20)]
    X = [[hour, hour.hour > 12, 1.0 * k, "a"] for k, hour in enumerate(hours)]
    y = np.random.RandomState(0).normal([hour.hour for hour in hours], 5)
    TabularRegressor(max_time=1e-9).fit(X, y).save("table.cmlp")
    fields = described(run("info", "table.cmlp")[1])
    assert fields["columns"] == "1 number, 1 boolean, 1 instant, 1 unused"
    assert fields["parts of dates"].startswith("0 (time of day") and fields[
        "parts of dates"
    ].endswith(" in UTC)")


def test_info_names_calibrated_probabilities_and_the_threshold(run, tmp_path):
    model = TabularClassifier(n_estimators=2, hidden_layer_sizes=(4,), max_time=1e-9)
    model.fit([[float(i)] for i in range(120)], ["no", "yes"] * 60).calibrate(probabilities=True)
    model.threshold_ = 0.25
    model.save(tmp_path / "table.cmlp")
    fields = described(run("info", "table.cmlp")[1])
    assert (
        fields["probabilities"] == "calibrated"
        and fields["threshold"] == "0.25, of the second class"
    )


def test_info_says_what_a_threshold_finds(run):
    """The accuracy is that of the most probable class, which is not the answer then."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((800, 2))
    y = np.where(X[:, 0] + rng.standard_normal(800) > 2, "bad", "good")
    model = TabularClassifier(n_estimators=2, hidden_layer_sizes=(8,), random_state=0).fit(X, y)
    model.choose_threshold(recall=0.9, pos_label="bad").save("loans.cmlp")
    fields = described(run("info", "loans.cmlp")[1])
    assert re.fullmatch(
        r"9\d\.\d% without the threshold on 200 rows held out in fit; .*", fields["accuracy"]
    )
    assert re.fullmatch(
        r"9\d\.\d% of 'bad' with the threshold; \d+\.\d% of those found are "
        r"\(200 rows held out in fit\)",
        fields["found"],
    )


def test_info_of_ordered_classes_measures_distances(run):
    """Medians are compared with the constant median: the most frequent class can be right more often."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((400, 2))
    y = np.digitize(X[:, 0] + rng.standard_normal(400), [-1, 0, 1])
    model = TabularClassifier(
        n_estimators=2, hidden_layer_sizes=(8,), ordered=True, random_state=0
    ).fit(X, y)
    model.save("grades.cmlp")
    found = described(run("info", "grades.cmlp")[1])["error"]
    pattern = (
        r"mean distance (0\.\d+) classes on 100 rows held out in fit; always the median: (\S+)"
    )
    value, base = map(float, re.fullmatch(pattern, found).groups())
    assert value < 0.8 * base
    assert np.abs(model.predict(X) - y).mean() == pytest.approx(value, abs=0.15)


def test_info_of_several_answers_has_an_accuracy_for_each(run):
    X = [[float(i)] for i in range(40)]
    TabularRegressor(max_time=1e-9).fit(X, [[i, 3.0 * i] for i in range(40)]).save("numbers.cmlp")
    found, two = described(run("info", "numbers.cmlp")[1])["error"], r"[\d.]+, [\d.]+"
    assert re.fullmatch(
        rf"mean absolute error {two} on 20 rows held out in fit; always the median: {two}", found
    )
    TabularClassifier(max_time=1e-9).fit(X, [[i % 2, i > 29] for i in range(40)]).save(
        "labels.cmlp"
    )
    found, two = described(run("info", "labels.cmlp")[1])["accuracy"], r"[\d.]+%, [\d.]+%"
    assert re.fullmatch(
        rf"{two} on 20 rows held out in fit; always the most frequent class: {two}", found
    )


def test_info_names_a_background(run):
    rows = [[float(i), i % 3] for i in range(40)]
    TabularRegressor(max_time=1e-9, keep_background=20).fit(rows, range(40)).save("kept.cmlp")
    assert (
        described(run("info", "kept.cmlp")[1])["background"] == "20 training rows, for explanations"
    )
    TabularRegressor(max_time=1e-9).fit(rows, range(40)).save("plain.cmlp")
    assert "background" not in described(run("info", "plain.cmlp")[1])


def test_export_of_a_table_to_c(run, table, tmp_path):
    status, out, _ = run("export", "table.cmlp", "--to", "c", "-o", "t.h", "--name", "people")
    assert status == 0 and "people: " in out and "bytes of stack" in out
    assert "people_category(int column, const char *name)" in (tmp_path / "t.h").read_text()


def test_export_of_a_table_to_onnx(run, table, tmp_path):
    onnx = package("onnx")
    status, out, err = run("export", "table.cmlp", "--to", "onnx", "-o", "t.onnx")
    assert (status, out, err) == (
        0,
        f"wrote t.onnx, {(tmp_path / 't.onnx').stat().st_size:,} bytes\n",
        "",
    )
    graph = onnx.load(tmp_path / "t.onnx").graph
    assert [one.name for one in graph.output] == ["label", "probabilities"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "table.cmlp", "--to", "c-int8", "-o", "t.h"),
        ("export", "table.cmlp", "--to", "c-int8", "--calibrate", "X.csv", "-o", "t.h"),
    ],
)
def test_commands_for_one_network_refuse_a_table(run, table, arguments):
    status, _, err = run(*arguments)
    assert status == 1 and "table.cmlp is a TabularClassifier" in err and err.count("\n") == 1


def test_info_says_what_labels_are(run):
    """Labels that are text of any length are objects of NumPy."""
    for kind, classes in (
        ("text", np.array(["a", "b"], object)),
        ("bool", np.array([False, True])),
    ):
        model = small(max_iter=1).fit(X, classes[np.arange(len(X)) % 2])
        model.save("m.cmlp")
        _, out, _ = run("info", "m.cmlp")
        assert re.search(r"^classes +(.*)", out, re.M)[1].startswith(f"2 ({kind}): ")
