"""The benchmarks run in their short form; limits, data and goals are computed correctly. Nothing is timed."""

import ctypes
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from c_build import COMPILER

ROOT = Path(__file__).parents[2]
if not (ROOT / "benchmarks").exists():
    pytest.skip("the benchmarks are in the source tree only", allow_module_level=True)


COMMANDS = """
    accuracy batch before distributed embedding epoch explain files firmware goals import jobs large latency loaded many
    many-rows memory model one-row online scaling size sparse table-row threads train
"""


@pytest.fixture(autouse=True)
def benchmarks_are_found(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


LONG = [pytest.mark.slow, pytest.mark.full]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(command, marks=[] if command in ("goals", "model", "size") else LONG)
        for command in COMMANDS.split()
    ],
)
def test_short_form_runs(command):
    short_form(command)


@pytest.mark.skipif(not COMPILER, reason="needs a C compiler called cc")
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("embedded", "LIBRARY"),
        ("one_row", "LIBRARY"),
        ("one_row", "PLAIN"),
        ("peak", "SOURCE"),
        ("table_row", "SOURCE"),
        ("table_row", "COUNTED"),
    ],
)
def test_c_text_of_a_benchmark_compiles(tmp_path, monkeypatch, module, name):
    """The benchmarks run in full mode only: a changed name of the core would be found a day later."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    from make_single_file import single_file

    text = getattr(importlib.import_module(f"benchmarks.{module}"), name)
    (tmp_path / "cmlp.c").write_text(single_file(ROOT), encoding="utf-8")
    (tmp_path / "text.c").write_text(text, encoding="utf-8")
    errors = ["-Werror=implicit-function-declaration", "-Werror=incompatible-pointer-types"]
    folders = [f"-I{tmp_path}", f"-I{ROOT / 'include'}", f"-I{ROOT / 'src/cmlp/core'}"]
    command = [
        COMPILER,
        "-std=gnu11",
        "-fsyntax-only",
        "-DCMLP_BUILD_ISA=1",
        "-DSIZES=3,4,2",
        *errors,
        *folders,
    ]
    done = subprocess.run([*command, tmp_path / "text.c"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_command_has_a_test():
    from benchmarks.__main__ import COMMANDS as every
    from benchmarks.__main__ import MORE

    others = {
        "amounts",
        "categories",
        "copies",
        "coverage",
        "groups",
        "intervals",
        "later",
        "ordered",
        "planted",
        "quick",
        "monotone",
        "nominal",
        "steps",
        "rare",
        "sharp",
        "tables",
        "ties",
        "weights",
    }  # which need other packages
    assert {*COMMANDS.split(), "peak"} == {*every, *MORE} - others


def short_form(command, **more):
    """Run a command in its short form; return what it prints. No process tries to download MNIST."""
    no_data = str(ROOT / "benchmarks")
    environ = {
        "CMLP_DATA": no_data,
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", command, "--short"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert f"{command.replace('-', '_')}.json" in done.stdout
    return done.stdout


@pytest.mark.slow
@pytest.mark.full
@pytest.mark.skipif(not COMPILER, reason="needs a C compiler called cc")
def test_peak_measures_every_product_with_the_chosen_tuning():
    """No processor chooses the tuning "intel" for AVX2 or NEON by itself."""
    printed = short_form("peak", CMLP_TUNING="intel")
    assert "tuning: intel" in printed
    rates = re.findall(r"^[\d-]+, \d+ rows  (.*)$", printed, re.MULTILINE)
    assert len(rates) == 8 and all(len(row.split()) == 6 and "-" not in row for row in rates)
    assert "784-16-16-10, batch 128, epoch" in printed and "limit: multiply-adds" in printed


def test_operations_and_bytes_of_a_case():
    from benchmarks.peers.limit import bytes_read, operations

    case = {"sizes": [3, 4, 2], "rows": 10}
    assert operations(case) == 2 * 10 * (12 + 8)
    assert operations({**case, "batch": 5}) == 2 * 10 * (2 * 12 + 3 * 8)  # the input has no deltas
    assert [bytes_read({**case, "dtype": dtype}) for dtype in ("uint8", "float32", "float64")] == [
        30,
        120,
        240,
    ]


@pytest.fixture(scope="module")
def limits():
    """The compiled probes of the machine's limits."""
    from benchmarks.peers import limit

    try:
        return limit.compiled({})
    except ImportError:
        pytest.skip("no C compiler called cc")


def test_multiply_adds_computes_every_step_of_every_chain(limits):
    n_chains = 12
    chains = 0.5 + np.arange(n_chains)
    for _ in range(5):
        chains = 0.5 * chains + 0.5
    assert limits.multiply_adds(0.5, 5) == chains.sum()  # exact in float32


def test_read_memory_adds_up_every_vector(limits):
    steps = 7
    step = ctypes.c_long.in_dll(limits, "bytes_of_a_step").value
    vectors = aligned(steps * step).view(np.float32).reshape(steps * 12, -1)
    vectors[...] = np.arange(vectors.size).reshape(vectors.shape)
    assert limits.read_memory(vectors.ctypes.data, steps) == vectors[:, 0].sum()


def aligned(n_bytes):
    buffer = np.zeros(n_bytes + 64, np.uint8)
    return buffer[-buffer.ctypes.data % 64 :][:n_bytes]


def test_dense_rows_have_no_zeros():
    from benchmarks.data import rows

    for dtype in ("uint8", "float32", "float64"):
        X, y = rows({"kind": "dense", "rows": 50, "dtype": dtype})
        assert X.shape == (50, 784) and X.dtype == dtype and len(y) == 50
        assert X.all()


def test_sparse_rows_equal_the_dense_rows():
    from benchmarks.data import rows

    case = {"kind": "csr", "sizes": [300, 8, 10], "rows": 20, "density": 0.05}
    X, _ = rows(case)
    assert X.nnz == 20 * 15 and X.has_canonical_format
    np.testing.assert_array_equal(X.toarray(), rows({**case, "kind": "csr as dense"})[0])


def test_ratio_is_per_row():
    from benchmarks.compare import ratio
    from benchmarks.report import shown
    from benchmarks.rounds import Measured

    few, many = (
        Measured([3.0, 1.0, 2.0], "", {"rows": 10}),
        Measured([10.0, 10.0, 10.0], "", {"rows": 100}),
    )
    assert ratio(few, many) == 2
    assert shown(ratio(few, few)) == "1"  # its rounds do not spread
    assert ratio(few, "not installed") is None


@pytest.mark.parametrize(
    ("times", "shown_as"),
    [
        ([0.5, 0.6, 0.7], "0.6"),  # 0.4 below 1, and the rounds spread by 0.2
        ([0.7, 0.9, 1.0], "(0.9)"),
        ([1.2, 1.5, 1.6], "1.5"),
        ([0.5], "(0.5)"),  # one round cannot spread
        ([1.0, 1.0, 1.0], "1"),  # as the base of a table, whose rounds do not spread
    ],
)
def test_ratio_is_significant_if_its_rounds_spread_less_than_it_differs_from_one(times, shown_as):
    from benchmarks.report import Ratio, shown

    assert shown(Ratio.of_rounds(times, [1.0] * len(times))) == shown_as


def test_ratio_of_least_times_is_significant_by_all_rounds():
    from benchmarks.report import Ratio, shown

    times, base = [0.5, 0.5, 2.0], [1.0, 1.0, 1.0]
    assert shown(Ratio.of_rounds(times, base, min)) == "(0.5)"
    assert shown(Ratio.of_rounds(times[:2], base[:2], min)) == "0.5"


def test_rounds_of_overhead_one_row_and_explain_decide_about_their_ratios(monkeypatch):
    from benchmarks import explain, one_row, overhead
    from benchmarks.report import shown

    class Table:
        def table(self, title, columns, rows):
            self.ratios = [shown(row[-1]) for row in rows]

    table = Table()
    found = {"before": [[4.0, 1.0], [4.0, 1.0]], "now": [[2.0, 1.0], [6.0, 1.0]]}
    monkeypatch.setattr(overhead, "in_turns", lambda *_: found)
    overhead.one_epoch(table, short=True)
    assert table.ratios == ["4", "(2)"]
    overhead.add_to(table, short=True)
    assert table.ratios == ["1", "(0.333)"]
    one_row.add_table(table, "", {"f, before": [2.0, 2.0], "f, now": [1.0, 2.2]})
    assert table.ratios == ["-", "(0.5)"]
    one_row.add_table(table, "", {"f, before": [2.0, 2.0], "f, now": [1.0, 1.1]})
    assert table.ratios == ["-", "0.5"]
    rounds = [[10, 1.0, 0.1], [10, 4.0, 0.1]]
    assert shown(explain.seconds_ratio(rounds, [[10, 2.0, 0.1], [10, 2.0, 0.1]])) == "(1.25)"
    assert explain.seconds_ratio(rounds, 2 * [[None] * 3]) is None


def test_seeds_are_the_rounds_of_accuracies():
    from benchmarks.accuracy import time_row
    from benchmarks.fits import Fit
    from benchmarks.report import shown

    base = [Fit(98.0, 1.0, 1.0), Fit(98.0, 1.0, 1.0)]
    alike, apart = ([Fit(98.0, 0.5, 1.0), Fit(98.0, s, 1.0)] for s in (0.6, 1.5))
    assert shown(time_row("", [], alike, base)[-1]) == "0.55"
    assert shown(time_row("", [], apart, base)[-1]) == "(1)"


def test_version_of_a_tree_is_imported_from_its_environment_or_its_source(tmp_path, monkeypatch):
    """A PYTHONPATH of the present version would otherwise be measured twice."""
    from benchmarks.rounds import versions

    monkeypatch.setenv("PYTHONPATH", "present")
    monkeypatch.setenv("CMLP_BEFORE", str(tmp_path))
    (tmp_path / "src" / "cmlp").mkdir(parents=True)
    before, now = versions()
    assert (before.name, now.name) == ("before", "now")
    assert before.python_path == str(tmp_path / "src") and before.python == sys.executable
    assert now.python_path == "present"
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert before.python_path == "" and before.python == str(python)
    monkeypatch.delenv("CMLP_BEFORE")
    assert versions() == [now]


@pytest.mark.parametrize("folder", ["other", "src/cmlp"])
def test_version_without_cmlp_is_named_by_the_error(folder, tmp_path):
    """Also if the present version is installed, which would otherwise be measured twice."""
    from benchmarks.overhead import measured
    from benchmarks.rounds import Peer

    tree = str(tmp_path)
    package = tmp_path / folder
    package.mkdir(parents=True)
    package.joinpath("__init__.py").touch()
    with pytest.raises(RuntimeError, match=f"^before: is cmlp .* its tree, {re.escape(tree)},"):
        measured(Peer("before", "", "", tree=tree), 1)


def test_machine_and_load_are_above_every_table(capsys, monkeypatch):
    from benchmarks import report as module

    monkeypatch.setattr(module, "load", lambda: 1.25)
    report = module.Report("batch", short=True)
    doubtful = module.Ratio.of_rounds([1.0, 3.0], [1.0, 1.0])
    for title in ("first", "second"):
        report.table(title, ["", "ms", "/ other"], [["ours", 2.0, doubtful]])
    machine = report.content["machine"]
    conditions = (
        f"{machine['processor']}; {machine['instruction set']}, tuning {machine['tuning']}; "
        f"load 1.2 on {machine['processors']} CPUs"
    )
    lines = capsys.readouterr().out.splitlines()
    for title in ("first", "second"):
        assert lines[lines.index(title) - 1] == conditions
    assert lines[-1] == module.NOT_SIGNIFICANT and lines[-2].split() == ["ours", "2", "(2)"]
    table = report.content["tables"][0]
    assert table["load"] == 1.25 and table["not significant"] == [["ours", "/ other"]]


@pytest.mark.parametrize(
    ("least", "row", "expected"),
    [(False, None, 5), (True, None, 2), (False, "b", 2), (False, "c", None)],
)
def test_goal_is_measured_by_the_worst_row(least, row, expected):
    from benchmarks.goals import Goal, measured

    table = {"columns": ["", "x"], "rows": [["a", 5], ["b", 2], ["c", None]]}
    goal = Goal("", "command", "table", row, "x", 3, least=least)
    assert measured(goal, {"command": {"table": table}}) == expected
    assert measured(goal, {}) is None


def test_goal_is_met_at_its_value():
    from benchmarks.goals import Goal

    goal = Goal("", "", "", None, "", 3)
    assert [goal.verdict(found, 3)[1] for found in (2.9, 3, 3.1, None)] == [
        "yes",
        "yes",
        "no",
        None,
    ]
    assert goal._replace(least=True).verdict(2.9, 3) == ("≥ 3", "no")
    assert goal.verdict(1, None) == (None, None)


def test_slope_of_a_quadratic_is_two():
    from benchmarks.scaling import growth

    class Table:
        def table(self, title, columns, rows):
            self.rows = rows

    sizes = [10, 100, 1000]
    growth(table := Table(), "", sizes, [size**2 for size in sizes])
    assert [row[-1] for row in table.rows] == pytest.approx([None, 2, 2, 2])


def test_critical_difference_of_nemenyis_test():
    from benchmarks.critical_difference import critical_difference, diagram, groups, mean_ranks

    assert critical_difference(4, 14) == pytest.approx(
        1.25, abs=0.005
    )  # the example of Demšar (2006), section 3.2.2
    errors = [[0.1, 0.2, 0.2, 0.4], [0.3, 0.1, 0.2, 0.4]]
    assert mean_ranks(errors).tolist() == [2.0, 1.75, 2.25, 4.0]
    assert groups([1.0, 1.5, 2.4, 4.0], 1.2) == [(0, 1), (1, 2)]
    drawn = diagram(list("abcd"), errors)
    assert [
        drawn.count(f">{name} ({rank})<")
        for name, rank in [("a", "2.0"), ("b", "1.8"), ("d", "4.0")]
    ] == [1, 1, 1]
