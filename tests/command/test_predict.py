"""``cmlp predict``: each format of data, labels that are safe to print, and errors that name the place."""

import gzip
import os
import struct
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from estimator_cases import blobs, small
from helpers import DEADLOCK, uniform
from notices import without_found
from optional import package

from cmlp import MLPRegressor, Network
from cmlp import __main__ as cli

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning")
X, Y = blobs(n_rows=30)
NAMES = np.array(["sun", "moon", "earth"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a classifier and its rows as CSV."""
    path = tmp_path_factory.mktemp("predict")
    small().fit(X, NAMES[Y]).save(path / "model.cmlp")
    np.savetxt(path / "rows.csv", X, delimiter=",")
    return path


@pytest.fixture(scope="module")
def expected():
    return small().fit(X, NAMES[Y]).predict(X).tolist()


@pytest.fixture
def predict(folder, capsys, monkeypatch):
    """Run the command in the folder; return its status, its lines and its errors."""
    monkeypatch.chdir(folder)

    def run(*arguments, model="model.cmlp"):
        status = cli.main(["predict", model, *map(str, arguments)])
        out, err = capsys.readouterr()
        return status, out.split("\n")[:-1], without_found(err)

    return run


def test_real_command(folder, expected):
    command = [sys.executable, "-m", "cmlp", "predict", "model.cmlp", "rows.csv"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True, timeout=DEADLOCK
    )
    assert done.stdout.splitlines() == expected
    assert done.stderr == 'cmlp: rows.csv: "," as separator, 4 columns without names, 30 rows\n'


def test_probabilities(predict):
    status, lines, _ = predict("rows.csv", "--proba")
    assert status == 0
    got = np.array([line.split(",") for line in lines], float)
    np.testing.assert_array_equal(got, small().fit(X, NAMES[Y]).predict_proba(X))


def csv_text(rows, head="", delimiter=","):
    return head + "".join(delimiter.join(map(repr, row)) + "\n" for row in rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " ", ", "])
@pytest.mark.parametrize("head", ["", "a,b,c,d\n", "# comment\n\n", '"a, or b",b,c,d\n'])
def test_csv(folder, predict, expected, delimiter, head):
    if delimiter != "," and "or" in head:
        return
    if head.startswith("a"):
        head = head.replace(",", delimiter)
    text = csv_text(X.tolist(), head, delimiter)
    comment = ["--comment", "#"] if head.startswith("#") else []
    (folder / "data").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert predict("data", *comment) == (0, expected, "")
    (folder / "data").write_bytes(gzip.compress(text.rstrip().encode()))
    assert predict("data", *comment) == (0, expected, "")


def test_csv_with_numbers_as_header(folder, predict, expected):
    (folder / "data").write_text(csv_text(X.tolist(), "0,1,2,3\n"))
    assert predict("data", "--header", "yes") == (0, expected, "")
    assert len(predict("data")[1]) == len(expected) + 1
    assert "line 1, column 1: 'a' is not a number" in (
        (folder / "data").write_text("a,b,c,d\n1,2,3,4\n") and predict("data", "--header", "no")[2]
    )


def test_dropped_columns(folder, predict, expected):
    rows = [[i, *row, name] for i, (row, name) in enumerate(zip(X.tolist(), NAMES[Y], strict=True))]
    (folder / "data").write_text(csv_text(rows, "id,a,b,c,d,label\n"))
    for options in (["--drop", "id", "--drop", "label"], ["--drop", "1", "--drop", "6"]):
        assert predict("data", *options) == (0, expected, "")
    assert (
        "data has no column 'x': name a column, or a number from 1 to 6"
        in predict("data", "--drop", "x")[2]
    )
    left = (
        "data has 5 columns left, but the model has 4 inputs: "
        "leave out one with --drop COLUMN, its name or its number"
    )
    assert left in predict("data", "--drop", "id")[2]
    assert (
        "data has 6 columns, but the model has 4 inputs: leave out 2 with --drop COLUMN"
        in predict("data")[2]
    )
    np.save(folder / "data.npy", np.zeros((3, 5)))
    assert "inputs: leave out one with --drop COLUMN, its number from 1\n" in predict("data.npy")[2]


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", ">f8"])
def test_npy(folder, predict, dtype):
    rows = np.random.RandomState(0).randint(0, 9, (20, 4)).astype(dtype)
    labels = small().fit(X, NAMES[Y]).predict(rows.astype("float64")).tolist()
    np.save(folder / "data.npy", rows)
    assert predict("data.npy") == (0, labels, "")
    np.save(folder / "data.npy", np.insert(rows, 2, 255 if dtype == "uint8" else 1e9, axis=1))
    assert predict("data.npy", "--drop", "3") == (0, labels, "")
    if dtype == "float64":
        np.save(folder / "data.npy", [[0, 0, 0, 0, np.nan]])
        assert (
            "data.npy, row 1, column 5: the value is nan" in predict("data.npy", "--drop", "3")[2]
        )
    np.save(folder / "data.npy", rows.reshape(20, 2, 2))
    assert predict("data.npy") == (0, labels, "")


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_idx(folder, predict, compress):
    rows = np.random.RandomState(0).randint(0, 9, (20, 2, 2)).astype(np.uint8)
    (folder / "data").write_bytes(compress(struct.pack(">4I", 0x0803, 20, 2, 2) + rows.tobytes()))
    assert predict("data") == (
        0,
        small().fit(X, NAMES[Y]).predict(rows.reshape(20, 4)).tolist(),
        "",
    )


@pytest.mark.slow
def test_parquet(folder, predict, expected):
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    columns = {name: X[:, i] for i, name in enumerate("abcd")}
    parquet.write_table(pyarrow.table(columns), folder / "data")
    assert predict("data") == (0, expected, "")
    parquet.write_table(pyarrow.table({"label": NAMES[Y].tolist(), **columns}), folder / "data")
    assert predict("data", "--drop", "label") == (0, expected, "")
    for bad, message in (
        (["x"] * 30, "column 'd\\u202e' must contain numbers, got string"),
        ([None, *[1.0] * 29], "data, row 1, column 4 ('d\\u202e'): the value is nan"),
    ):
        three = {name: columns[name] for name in "abc"}
        parquet.write_table(pyarrow.table({**three, "d\u202e": bad}), folder / "data")
        status, lines, err = predict("data")
        assert (status, lines) == (1, []) and message in err
    model = small().fit(X, NAMES[Y])
    model.feature_names_in_ = ["d", "b", "a", "c"]
    model.save(folder / "named.cmlp")
    parquet.write_table(
        pyarrow.table({name: columns["abcd"["dbac".index(name)]] for name in "abcd"}),
        folder / "data",
    )
    assert predict("data", model="named.cmlp") == (0, expected, "")
    twice = pyarrow.table([*columns.values(), X[:, 0]], names=["a", "b", "c", "d", "a"])
    parquet.write_table(twice, folder / "data")
    assert "data has 2 columns 'a'" in predict("data", "--drop", "5")[2]
    (folder / "data").write_bytes((folder / "data").read_bytes()[:200])
    assert "data cannot be read as Parquet" in predict("data")[2]


def test_missing_pyarrow_is_named(folder, predict, monkeypatch):
    (folder / "data").write_bytes(b"PAR1 and more")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "install it with `pip install 'cmlp[parquet]'`" in predict("data")[2]


def test_columns_are_found_by_name(folder, predict, expected):
    model = small().fit(X, NAMES[Y])
    model.feature_names_in_ = ["a", "b", "c", "d"]
    model.save(folder / "named.cmlp")
    order = [3, 0, 2, 1]
    (folder / "data").write_text(csv_text(X[:, order].tolist(), "d,a,c,b\n"))
    assert predict("data", model="named.cmlp") == (0, expected, "")
    assert predict("rows.csv", model="named.cmlp") == (0, expected, "")
    for head, message in (
        ("d,a,c,x", "data has no column 'b', which the model needs"),
        ("d,a,a,b", "data has two columns 'a': leave one out with --drop NUMBER\n"),
        ("d,a,c, a ,b", "data has two columns 'a': leave one out with --drop NUMBER\n"),
        ("d,a,c,b,y", "data has the column 'y' that the model does not need: add --drop y\n"),
        (
            "d,a,c,b,my y,z",
            "data has 2 columns that the model does not need: add --drop 'my y' --drop z\n",
        ),
        (
            "d,a,c,b,e,f,g,h,i,j",
            "add --drop e --drop f --drop g --drop h --drop i, and so on for 1 more\n",
        ),
    ):
        for cell in (1.5, "text"):  # reported before a row is read
            (folder / "data").write_text(
                csv_text([[1] * 4 + [cell] * (head.count(",") - 3)], head + "\n")
            )
            status, lines, err = predict("data", model="named.cmlp")
            assert (status, lines) == (1, []) and message in err and err.count("\n") == 1
    rows = [[*row, name] for row, name in zip(X[:, order].tolist(), NAMES[Y], strict=True)]
    (folder / "data").write_text(csv_text(rows, "d,a,c,b,my y\n"))
    assert predict("data", "--drop", "my y", model="named.cmlp") == (0, expected, "")


def test_other_kinds_of_models(folder, predict):
    multilabel = small().fit(X, np.stack([Y == 0, Y > 1], axis=1).astype(int))
    regressor = MLPRegressor(max_iter=2, random_state=0).fit(X, Y)
    two = MLPRegressor(max_iter=2, random_state=0).fit(X, np.stack([Y, Y], axis=1))
    nets = [
        Network([4, 3, 3], dtype="float64", random_state=0),
        Network([4, 3, 1], output="logistic", dtype="float64", random_state=0),
        Network(
            [4, 3, 2], output="identity", loss="squared_error", dtype="float64", random_state=0
        ),
    ]
    forwards = [net.forward(X) for net in nets]
    expected = [
        [",".join(map(str, row)) for row in multilabel.predict(X)],
        list(map(str, regressor.predict(X))),
        [",".join(map(str, row)) for row in two.predict(X)],
        list(map(str, forwards[0].argmax(axis=1))),
        list(map(str, (forwards[1][:, 0] > 0.5).astype(int))),
        [",".join(map(str, row)) for row in forwards[2]],
    ]
    for model, lines in zip([multilabel, regressor, two, *nets], expected, strict=True):
        model.save(folder / "other.cmlp")
        assert predict("rows.csv", model="other.cmlp") == (0, lines, "")
    regressor.save(folder / "other.cmlp")
    assert (
        "other.cmlp is a regressor, which has no proba"
        in predict("rows.csv", "--proba", model="other.cmlp")[2]
    )


def test_labels_cannot_control_the_terminal(folder, predict, monkeypatch):
    labels = ["\x1b[2J", 'a"\nb', "a\0b", "א\u202eb", "a\\nb", "\u2028", "é"]
    printed = ["\\x1b[2J", 'a"\\nb', "a\\x00b", "א\\u202eb", "a\\\\nb", "\\u2028", "é"]
    model = small(max_iter=60).fit(np.eye(7), labels)
    assert model.predict(np.eye(7)).tolist() == labels
    model.save(folder / "hostile.cmlp")
    np.savetxt(folder / "data", np.eye(7))
    assert predict("data", model="hostile.cmlp") == (0, printed, "")


@pytest.mark.slow
def test_labels_that_the_stream_cannot_encode(folder):
    small(max_iter=60).fit(np.eye(2), ["é", "日"]).save(folder / "hostile.cmlp")
    np.savetxt(folder / "two", np.eye(2))
    command = [sys.executable, "-m", "cmlp", "predict", "hostile.cmlp", "two"]
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PATH": ""}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, check=True, timeout=DEADLOCK, env=environment
    )
    assert done.stdout.split() == [b"\\xe9", b"\\u65e5"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "data contains no rows"),
        (b"a,b,c,d\n", "data contains no rows"),
        (b"\n\n", "data contains no rows"),
        (
            b"# text\n1,2,3,4\n5,6,7,8\n",
            "data, line 2: 4 values, but the first line has 1. Remove lines that are a title",
        ),
        (b"1,2,3\n", "data has 3 columns, but the model has 4 inputs"),
        (b"1,2,3,4\n\n1,2,3\n", "data, line 3: 3 values, but the first line has 4"),
        (b"1,2,3,4\n1,two,3,4\n", "data, line 2, column 2: 'two' is not a number"),
        (b"a,b,c,d\n1,2,,4\n", "data, line 2, column 3 ('c'): the value is missing"),
        (b"1,2,3,nan\n", "data, line 1, column 4: the value is missing"),
        (b"a,b\x1b,c,d\n1,-inf,3,4\n", "data, line 2, column 2 ('b\\x1b'): the value is -inf"),
        (b"1,2,3,\x1b\n", "data, line 1, column 4: '\\x1b' is not a number"),
        (b"\xff\xfe1\0,\0", "data is not a CSV file in UTF-8, and not npy, idx or Parquet"),
        (b"\x1f\x8b\x08 damaged", "data is not a valid gzip file"),
        (b"\0\0\x08\x03\0\0", "data is truncated: it ends within its header, after 6 bytes"),
        (b"\0\0\x0d\x01\0\0\0\x01abcd", "data is not an idx file of uint8"),
        (b"\x93NUMPY\x01\0", "data cannot be read: its npy header is invalid"),
        (b"1,2,3,1_0\n", "data, line 1, column 4: '1_0' is not a number"),
        (b"1,2,3,4\n1_0,1_0,1_0,1_0\n", "data, line 2, column 1: '1_0' is not a number"),
        ("1,2,3,\u0663\n".encode(), "data, line 1, column 4: '\u0663' is not a number"),
    ],
)
def test_bad_content_is_reported_in_one_line(folder, predict, content, message):
    (folder / "data").write_bytes(content)
    status, lines, err = predict("data")
    assert (status, lines) == (1, []) and err.startswith("cmlp: error: ") and err.count("\n") == 1
    assert message in err


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            np.array([1, None, "x"], object),
            "data.npy must contain real numbers, got an array of dtype object",
        ),
        (
            np.zeros((2, 4), complex),
            "data.npy must contain real numbers, got an array of dtype complex128",
        ),
        (np.zeros(4), "data.npy must contain a matrix or images, got an array of shape (4,)"),
        (np.zeros((0, 4)), "data.npy contains no rows"),
        (np.array([[0, 0, 0, np.nan]]), "data.npy, row 1, column 4: the value is nan"),
    ],
)
def test_bad_arrays_are_reported(folder, predict, array, message):
    np.save(folder / "data.npy", array)
    status, lines, err = predict("data.npy")
    assert (status, lines) == (1, []) and message in err and err.count("\n") == 1


def npy(shape, descr="<f8", content=bytes(32)):
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + content


HOSTILE = {
    "huge shape": (npy("(10000000000, 4)"), "data must have 320000000000 bytes after its header"),
    "overflow": (
        npy("(99999999999999999999, 4)"),
        "data must have 3199999999999999999968 bytes after its header",
    ),
    "empty and huge": (npy("(0, 99999999999999999999)", content=b""), "data cannot be read"),
    "negative": (
        npy("(-1, -4)"),
        "data must have 32 bytes after its header for an array of shape (-1, -4), got 0",
    ),
    "65 dimensions": (
        npy("(1, 4" + ", 1" * 63 + ")"),
        "data cannot be read: maximum supported dimension",
    ),
    "trailing bytes": (
        npy("(1, 4)") + b"\0",
        "data must have 32 bytes after its header for an array of shape (1, 4)",
    ),
    "truncated": (
        npy("(2, 4)"),
        "data must have 64 bytes after its header for an array of shape (2, 4), got 32 bytes",
    ),
    "brackets": (npy("(" * 3000), "data cannot be read: its npy header is invalid"),
    "no size": (npy("(1, 4)", "V0", b""), "data must contain real numbers"),
    "version": (
        npy("(1, 4)").replace(b"Y\x01", b"Y\x03"),
        "data cannot be read: its npy header is invalid",
    ),
    "idx trailing bytes": (
        struct.pack(">3I", 0x0802, 1, 4) + bytes(5),
        "data must have 16 bytes for the 1 x 4 values in its header, got more",
    ),
    "idx huge": (
        struct.pack(">4I", 0x0803, *[2**32 - 1] * 3),
        "bytes for the 4294967295 x 4294967295 x",
    ),
}


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_headers_are_reported_in_one_line(folder, predict, content, message, compress):
    (folder / "data").write_bytes(compress(content))
    status, lines, err = predict("data")
    assert (status, lines) == (1, []) and err.startswith("cmlp: error: ") and err.count("\n") == 1
    assert message in err


BOMBS = {
    "CSV": (
        b"1,2,3,4\n",
        "data contains more than 1,000,000 bytes when decompressed: set the limit with --max-bytes",
    ),
    "idx": (
        struct.pack(">3I", 0x0802, 1, 4),
        "data must have 16 bytes for the 1 x 4 values in its header, got more",
    ),
    "npy": (
        npy("(1, 4)"),
        "data must have 32 bytes after its header for an array of shape (1, 4), got more",
    ),
    "idx with a long header": (
        struct.pack(">3I", 0x0802, 2**24, 4),
        "data contains more than 1,000,000 bytes",
    ),
    "npy with a long header": (npy(f"({2**20}, 4)"), "data contains more than 1,000,000 bytes"),
}


@pytest.mark.parametrize(("start", "message"), BOMBS.values(), ids=BOMBS)
def test_gzip_bombs_are_read_up_to_a_limit(folder, predict, start, message):
    more = start * 8_000_000 if start.startswith(b"1,") else bytes(64_000_000)
    (folder / "data").write_bytes(gzip.compress(start + more, 1))
    tracemalloc.start()
    status, lines, err = predict("data", "--max-bytes", "1000000", "-o", "out")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (status, lines) == (1, []) and message in err and err.count("\n") == 1
    assert peak < 8_000_000


def test_output_goes_to_a_file_in_blocks_with_the_same_lines(folder, predict):
    """A block has 8,192 rows."""
    rows = uniform(1, 20_000, 4, low=-5, high=5)
    np.save(folder / "many.npy", rows)
    (folder / "many.csv").write_text(csv_text(rows.tolist()))
    model = small().fit(X, NAMES[Y])
    at_once = [",".join(map(str, row)) for row in model.predict_proba(rows).tolist()]
    for name in ("many.csv", "many.npy"):
        found = (
            ['many.csv: "," as separator, 4 columns without names, 20,000 rows']
            if name == "many.csv"
            else []
        )
        assert predict(name, "--proba", "-o", "out.txt") == (0, found, "")
        assert (folder / "out.txt").read_text().splitlines() == at_once
    rows[19_000, 1] = np.nan
    np.save(folder / "many.npy", rows)
    assert (
        "many.npy, row 19001, column 2: the value is nan" in predict("many.npy", "-o", "out.txt")[2]
    )
    assert (folder / "out.txt").read_text().splitlines() == at_once  # the old file stays
    assert "missing: No such folder" in predict("rows.csv", "-o", "missing/out.txt")[2]


def test_output_replaces_no_input(folder, predict):
    for name in ("rows.csv", "model.cmlp"):
        content = (folder / name).read_bytes()
        status, lines, err = predict("rows.csv", "-o", name)
        assert (status, lines) == (
            1,
            [],
        ) and f"the output would replace {name}: choose another file with -o" in err
        assert (folder / name).read_bytes() == content


@pytest.mark.slow
def test_parquet_files_above_the_limit_are_read_in_blocks(folder, predict):
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    parquet.write_table(pyarrow.table({name: np.zeros(10**6) for name in "abcd"}), folder / "data")
    assert len(predict("data", "--max-bytes", "1000000")[1]) == 10**6  # block by block


def test_bad_files_are_reported(folder, predict):
    assert "No such file" in predict("nothing.csv")[2]
    assert "No such file" in predict("rows.csv", model="nothing.cmlp")[2]
    assert "rows.csv cannot be loaded" in predict("rows.csv", model="rows.csv")[2]
    assert predict(".")[0] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are POSIX here")
def test_pipes_of_rows_are_read_once(folder, predict):
    """As those that ``<(...)`` of a shell makes; also if the program at the other end is late."""
    expected = predict("rows.csv")
    for content in (
        (folder / "rows.csv").read_bytes(),
        gzip.compress((folder / "rows.csv").read_bytes()),
    ):
        ends = os.pipe()
        with open(ends[1], "wb") as writer:
            writer.write(content)
        status, lines, err = predict(f"/dev/fd/{ends[0]}")
        os.close(ends[0])
        assert (status, lines) == expected[:2] and err == expected[2].replace(
            "rows.csv", f"/dev/fd/{ends[0]}"
        )
    os.mkfifo(folder / "pipe")
    late = threading.Timer(
        0.2, lambda: (folder / "pipe").write_bytes((folder / "rows.csv").read_bytes())
    )
    late.start()
    assert predict("pipe")[:2] == expected[:2]
    late.join()


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are POSIX here")
def test_pipes_without_a_program_at_the_other_end_are_errors(folder, predict, capsys):
    os.mkfifo(folder / "idle")
    assert predict("idle")[2] == "cmlp: error: idle contains no rows\n"
    assert predict("rows.csv", model="idle")[2] == "cmlp: error: idle: Not a regular file\n"
    assert cli.main(["info", "idle"]) == 1


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows does not allow control characters in file names"
)
def test_file_names_cannot_control_the_terminal(folder, predict):
    (folder / "\x1b[2J").write_text("")
    assert predict("\x1b[2J")[2] == "cmlp: error: \\x1b[2J contains no rows\n"
    (folder / "a\ncmlp: done").write_text("")
    assert predict("a\ncmlp: done")[2] == "cmlp: error: a\\ncmlp: done contains no rows\n"
