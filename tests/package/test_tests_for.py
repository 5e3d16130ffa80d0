"""tools/tests_for.py: which tests belong to a change, in which order, and how many fit into the time."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import imported

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools/tests_for.py"
if not TOOL.exists():
    pytest.skip("the script is in the source tree only", allow_module_level=True)
pytest.importorskip("resource")  # which Windows does not have
tool, record_map = imported(TOOL), imported(TOOL.with_name("record_map.py"))
Change = tool.Change

DIFF = """\
diff --git a/src/cmlp/_data/scale.py b/src/cmlp/_data/scale.py
--- a/src/cmlp/_data/scale.py
+++ b/src/cmlp/_data/scale.py
@@ -10 +10,2 @@ def f():
-    a
+    b
+    c
@@ -30,2 +30,0 @@ def g():
-    d
-    e
diff --git a/tools/gone.py b/tools/gone.py
--- a/tools/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-x
"""


def test_places_of_a_diff_are_new_lines_and_neighbours_of_deleted_ones():
    changes = tool.changes_of(DIFF)
    lines = [line for file, line in changes if file == "src/cmlp/_data/scale.py"]
    assert lines == [10, 11, 30, 31]
    assert changes[-1] == Change("tools/gone.py", None)


@pytest.mark.parametrize(
    ("line", "before"), [(9, 9), (10, 10), (11, 10), (12, 11), (30, 29), (31, 32)]
)
def test_lines_are_carried_over_by_a_diff(line, before):
    assert tool.Carried(DIFF[: DIFF.index("diff --git a/tools")]).line_before(line) == before


SOURCE = """\
LIMIT = 3

def check(x):
    if x < LIMIT:
        raise ValueError

def other(x):
    return x
"""


@pytest.mark.parametrize(
    ("name", "text", "line", "around"),
    [
        ("a.py", SOURCE, 4, (3, 5)),
        ("a.py", SOURCE, 1, None),
        (
            "a.c",
            "#define N 3\n\n/* Adds. */\nint f(int a)\n{\n    return a;\n}\nint b;\n",
            6,
            (3, 7),
        ),
        ("a.c", "#define N 3\n\n/* Adds. */\nint f(int a)\n{\n    return a;\n}\nint b;\n", 1, None),
        ("a.c", "int f(int a)\n{\n    return a;\n}\nint b;\n", 5, None),
        ("a.pxi", "cdef int f(a,\n        b):\n    x\n\n    y\n\ncdef g():\n    z\n", 5, (1, 6)),
    ],
)
def test_function_around_a_line(name, text, line, around):
    assert tool.function_around(name, text, line) == around


def small_map(**lines):
    """A map of _data/groups.py with three tests: one of a line, one of its function, and one of all."""
    return tool.TestMap(
        {
            "commit": "HEAD",
            "files": {"tests/inputs/test_labels.py": 3.0},
            "tests": [["tests/inputs/test_sparse.py::test_all", 0.1],
                      ["tests/inputs/test_sparse.py::test_function", 0.1],
                      ["tests/inputs/test_labels.py::test_line[1]", 0.1]],
            "sets": ["500 0 0", "2 0 1", "1 0 2"],
            "lines": lines,
        }
    )  # fmt: skip


def test_recorded_tests_become_a_map(monkeypatch):
    monkeypatch.setattr(record_map, "MOST_TESTS", 2)
    records = [
        record_map.Record("a/test_x.py::test_f[1]", 0.1, 0.5, {"f.py:1", "f.py:2"}),
        record_map.Record("a/test_x.py::test_f[2]", 0.2, 0.5, {"f.py:1"}),
        record_map.Record("a/test_x.py::test_g", 0.1, 1.0, {"f.py:1", "f.py:2", "f.py:7"}),
        record_map.Record("b/test_y.py::test_long[1]", 9.0, 1.0, {"f.py:1", "f.py:7"}),
        record_map.Record("b/test_y.py::test_long[2]", 9.0, 1.0, {"f.py:7"}),
        record_map.Record("c:test_p[p]", 2.0, 1.0, {"f.py:7"}),
    ]
    units = record_map.units(records)
    lines = record_map.tests_of_lines(units)
    content = record_map.packed("HEAD", lines, *record_map.seconds_of(units))
    assert record_map.unpacked(content).keys() == {"f.py"}
    found = tool.TestMap(json.loads(json.dumps(content)))
    assert {line: sorted(tests) for line, tests in found.counted("f.py")} == {
        1: [("a/test_x.py::test_g", 3), ("b/test_y.py::test_long[1]", 3)],
        2: [("a/test_x.py::test_f", 2), ("a/test_x.py::test_g", 2)],
        7: [("a/test_x.py::test_g", 3), ("b/test_y.py::test_long[2]", 3), ("c:test_p", 1)],
    }
    assert found.seconds_of("a/test_x.py::test_f") == pytest.approx(0.6)
    assert found.seconds_of("b/test_y.py") == 18
    assert found.seconds_of("unknown.py") == tool.UNKNOWN["file"]


@pytest.fixture
def groups(monkeypatch):
    """The path and the lines of a function of the package, from its head to its end, as if recorded without changes."""
    monkeypatch.setattr(tool, "git", lambda *_: "")
    monkeypatch.setattr(tool, "exists", lambda _: True)
    file = "src/cmlp/_data/groups.py"
    text = (ROOT / file).read_text(encoding="utf-8")
    line = text[: text.index("    return")].count("\n") + 1
    return file, *tool.function_around(file, text, line)


def test_lines_that_few_tests_run_come_first(groups):
    file, first, last = groups
    lines = {file: f"1:0 {first + 1}:1 {last}:2 {last + 1}:0"}
    ranking = tool.Ranking(small_map(**lines), [Change(file, last - 1)])
    assert [test.split("::")[1] for test in ranking.ordered()[:3]] == [
        "test_line[1]",
        "test_function",
        "test_all",
    ]
    assert not ranking.notes


def test_constant_has_the_tests_of_its_uses(groups, monkeypatch):
    file, first, last = groups
    lines = {file: f"1:0 {first}:2 {last + 1}:0"}
    monkeypatch.setattr(tool, "names_at", lambda *_: {"LIMIT"})
    monkeypatch.setattr(tool, "uses_of", lambda *_: [Change(file, first + 1)])
    assert tool.Ranking(small_map(**lines), [Change(file, 1)]).ordered()[0].endswith("test_line[1]")


def test_uses_of_a_name_are_lines_of_the_package():
    uses = tool.uses_of({"_MOST_POSITIONS"}, "src/cmlp/_tables/splits.py")
    assert len({file for file, _ in uses}) == 1
    assert len(uses) >= 2


def test_names_of_statements_outside_of_functions():
    assert tool.names_at("a.py", SOURCE, 1) == {"LIMIT"}
    assert "MOST" in tool.names_at("a.c", "#define MOST 3\n", 1)
    assert (
        tool.names_at("a.c", "int x;\n", 2) == set()
    )  # the line after the last, which was deleted
    assert "table" in tool.names_at("a.c", "static const int table[] = {\n    1,\n};\n", 2)


@pytest.mark.parametrize(
    ("file", "test"),
    [
        ("src/cmlp/story/page/film/scenes/turn.js", "tests/page/test_film.py"),
        ("src/cmlp/core/train/optimizer.c", "c:test_train"),
        ("src/cmlp/core/train/optimizer.c", "tests/core/test_optimizer.py"),
        ("src/cmlp/core/file/values.h", "c:test_values"),
        ("src/cmlp/_bridge/_call.pxi", "tests/core/test_bridge_errors.py"),
        ("tests/support/exact.py", "tests/core/test_functions.py"),
        ("tests/c/test_cells.c", "c:test_cells"),
        ("tools/house.py", "tests/package/test_house.py"),
    ],
)
def test_tests_without_a_map_are_found_by_name(file, test, monkeypatch):
    monkeypatch.setattr(tool, "git", lambda *_: "")
    ranking = tool.Ranking(tool.NO_MAP, [Change(file, None)])
    assert test in ranking.ordered()
    of_map = file.startswith("src/") and not file.endswith(".js")
    assert any(file in note for note in ranking.notes) == of_map


def test_every_named_test_exists():
    names = {test for tests in tool.FOLDERS.values() for test in tests}
    paths = {f"tests/c/{name[2:]}.c" if name.startswith("c:") else name for name in names}
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_every_source_file_has_tests_of_its_row(monkeypatch):
    """Also a new one, which the map does not know. A row behind one of a folder around it has no effect."""
    rows = list(tool.FOLDERS)
    for i, row in enumerate(rows):
        assert not [above for above in rows[:i] if row.startswith(above)], row
    monkeypatch.setattr(tool, "_importers", lambda _: [])
    paths = [*(ROOT / "src/cmlp").rglob("*"), *(ROOT / "include").glob("*.h")]
    endings = {".py", ".pyx", ".pxi", ".pxd", ".c", ".h", ".js", ".css", ".html", ".json"}
    found = [path.relative_to(ROOT).as_posix() for path in paths if path.suffix in endings]
    assert len(found) > 400
    for file in found:
        of_rows = {kind: tests for kind, tests in tool.named_tests(file) if "of its" in kind}
        assert any(of_rows.values()), file
    rooms = {f"src/cmlp/{path.name}/" for path in (ROOT / "src/cmlp").iterdir() if path.is_dir()}
    assert not [room for room in rooms - {"src/cmlp/__pycache__/"} if room not in rows]


@pytest.mark.parametrize(
    ("files", "seconds"),
    [
        ({"src/cmlp/_data/scale.py"}, tool.SECONDS),
        ({"src/cmlp/_data/scale.py", "include/cmlp.h"}, tool.SECONDS_OF_HEADERS),
        ({f"src/cmlp/{i}.py" for i in range(100)}, tool.SECONDS_OF_MANY),
    ],
)
def test_a_change_of_many_files_gets_more_time(files, seconds):
    assert tool.seconds_for(files) == seconds


def test_further_tests_run_as_long_as_seconds_are_left(monkeypatch):
    """The map has taken the first test for twice as long as it is."""
    used = iter([0.0, 20.0, 20.0, 57.0])
    ran, files = [], ["tests/inputs/test_labels.py", "tests/inputs/test_sparse.py"]
    monkeypatch.setattr(tool, "cpu_seconds", lambda: next(used))
    monkeypatch.setattr(tool.Run, "run_tests", lambda run, tests, *_: ran.append(tests))
    ranking = tool.Ranking(tool.NO_MAP, [])
    ranking.map = tool.TestMap(
        {"commit": "", "tests": [], "files": dict.fromkeys(files, 40.0), "sets": [], "lines": {}}
    )
    ranking.score.update({files[0]: 2, files[1]: 1})
    tool.run(ranking, [], 60)
    assert ran == [[files[0]], [files[1]]]


def test_stale_files_are_recorded_anew_and_others_get_new_tests():
    def tests(n, *names):
        return record_map.Tests(n, 0, names)

    old = {"same.py": {3: tests(70, "a"), 9: tests(1, "b")}, "stale.py": {1: tests(2, "a", "b")},
           "gone.py": {1: tests(1, "a")}}  # fmt: skip
    new = {"same.py": {4: tests(2, "new", "b"), 12: tests(1, "b")}, "stale.py": {7: tests(1, "b")}}
    added = {"same.py": {4: tests(1, "new")}, "unknown.py": {5: tests(1, "new")}}
    found = record_map.merged(old, new, added, ["stale.py", "gone.py"])
    assert found == {
        "same.py": {3: tests(70, "a"), 4: tests(71, "a", "new"), 5: tests(70, "a"), 9: tests(1, "b")},
        "stale.py": {7: tests(1, "b")},
        "unknown.py": {5: tests(1, "new"), 6: tests(0)},
    }  # fmt: skip
    content = record_map.packed("HEAD", found, dict.fromkeys(["a", "b", "new"], 0.1), {"f": 1})
    assert record_map.unpacked(content) == found


def test_map_is_renewed_if_many_files_differ(monkeypatch):
    """A file that has changed or that the map does not know is stale; new are tests and files of tests."""
    test_map = small_map(**{f"src/cmlp/{i}.py": "1:0" for i in range(60)})
    diffs = {"src/cmlp": "\n".join(f"src/cmlp/{i}.py" for i in range(60)),
             "tests/**/test_*.py": "tests/inputs/test_labels.py\ntests/inputs/test_sparse.py",
             "tests/inputs/test_labels.py": "-def test_gone():\n+def test_later(x):\n+    test(1)\n"}  # fmt: skip
    monkeypatch.setattr(tool, "git", lambda *a: diffs.get(a[a.index("--") + 1], ""))
    monkeypatch.setattr(tool, "files", lambda _: ["src/cmlp/callbacks.py", "src/cmlp/capi.pxd"])
    monkeypatch.setattr(tool, "exists", lambda _: True)
    ranking = tool.Ranking(test_map, [])
    assert len(tool.stale_files(ranking)) == 61
    assert ranking.new_tests() == {
        "tests/inputs/test_labels.py::test_later",
        "tests/inputs/test_sparse.py",
    }
    monkeypatch.setattr(tool, "MOST_STALE", 61)
    assert not tool.stale_files(ranking)


def test_tests_to_record_are_chosen_among_those_that_are_found(monkeypatch, tmp_path):
    """Pytest ends at a named test that it does not find."""
    names = [
        "a/test_x.py::test_f[1]",
        "a/test_x.py::test_f[2]",
        "a/test_x.py::test_g",
        "b/test_y.py::test_h",
    ]
    items = [SimpleNamespace(nodeid=name, stash={}) for name in [*names, "c/test_z.py::test_i"]]
    monkeypatch.setattr(record_map, "TESTS", tmp_path / "tests.json")
    record_map.TESTS.write_text(json.dumps(["a/test_x.py::test_f", "a/test_x.py::test_gone", "b"]))
    record_map.pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == [*names[:2], names[3]]


def test_whole_file_begins_though_it_takes_longer_than_what_is_left(monkeypatch):
    used = iter([0.0, 40.0, 40.0, 60.0])
    ran, files = [], ["tests/inputs/test_labels.py", "tests/inputs/test_sparse.py"]
    monkeypatch.setattr(tool, "cpu_seconds", lambda: next(used))
    monkeypatch.setattr(tool.Run, "run_tests", lambda run, tests, *_: ran.append(tests))
    ranking = tool.Ranking(tool.NO_MAP, [])
    seconds = {files[0]: 40.0, files[1]: 50.0}
    ranking.map = tool.TestMap(
        {"commit": "", "tests": [], "files": seconds, "sets": [], "lines": {}}
    )
    ranking.score.update({files[0]: 2, files[1]: 1})
    tool.run(ranking, [], 60)
    assert ran == [[files[0]], [files[1]]]


def test_test_that_is_gone_does_not_exist():
    assert tool.exists("tests/package/test_tests_for.py::test_test_that_is_gone_does_not_exist[1]")
    assert not tool.exists(f"tests/package/test_tests_for.py::test_that_{'never'}_was")


def test_changed_test_file_comes_first(groups):
    file, first, last = groups
    changes = [Change(file, last), Change("tests/inputs/test_streams.py", 5)]
    ranking = tool.Ranking(small_map(**{file: f"{first}:2"}), changes)
    assert ranking.ordered()[0] == "tests/inputs/test_streams.py"
    assert "tests/inputs/test_streams.py" in ranking.with_slow


def test_file_of_tests_that_has_changed_since_the_map_runs_whole(groups, monkeypatch):
    file, first, last = groups
    monkeypatch.setattr(tool.Ranking, "_files_since_map", lambda _: {"tests/inputs/test_sparse.py"})
    ranking = tool.Ranking(small_map(**{file: f"{first}:1"}), [Change(file, last)])
    assert ranking.ordered()[:2] == [
        "tests/inputs/test_sparse.py::test_function",
        "tests/inputs/test_sparse.py",
    ]


def test_lines_of_a_moved_file_are_those_of_its_earlier_name(groups, monkeypatch):
    file, first, last = groups
    moved = f"R097\tsrc/cmlp/before.py\t{file}\n"
    monkeypatch.setattr(tool, "git", lambda *a: moved if "--name-status" in a else "")
    test_map = small_map(**{"src/cmlp/before.py": f"1:0 {first + 1}:1 {last + 1}:0"})
    test_map.commit = "earlier"
    ranking = tool.Ranking(test_map, [Change(file, last - 1)])
    assert ranking.ordered()[0].endswith("test_function") and not ranking.notes


def test_tests_that_do_not_fit_are_left_out():
    seconds = {"a": 2.0, "b": 5.0, "c": 1.0}
    assert tool.within(["a", "b", "c"], seconds.get, 4.0) == ["a", "c"]


def call(*arguments):
    return subprocess.run(
        [sys.executable, TOOL, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True
    )


def test_list_of_a_place_says_that_there_is_no_map(tmp_path):
    path = tmp_path / "map.json.gz"
    content = {"commit": "HEAD", "files": {}, "tests": [], "sets": [], "lines": {}}
    path.write_bytes(gzip.compress(json.dumps(content).encode()))
    done = call("src/cmlp/_data/scale.py:12", "--map", path)
    assert (
        "The map has no line of src/cmlp/_data/scale.py: its tests are found by name."
        in done.stdout
    )
    assert "tests/inputs/test_scaling.py" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no/such/file.py"], "'no/such/file.py' is no file of the source tree."),
        (["README.md:first"], "A place is FILE or FILE:LINE, got 'README.md:first'."),
        (["tests/core/../conftest.py:100000"], "lines, got line 100000."),
        (["README.md", "--map", "no-map.json"], "There is no map 'no-map.json'."),
        (["LICENSE"], "No test is known for this change: run `.ci/run changed`."),
    ],
)
def test_errors_name_the_argument(arguments, message):
    done = call(*arguments)
    assert done.returncode == 1
    assert message in done.stderr


PLANNED = """
import pytest

def test_first(): print("first")

@pytest.mark.parametrize("case", [1, 2])
def test_second(case): print("second", case)

@pytest.mark.slow
def test_slow(): print("slow")

def test_other(): print("other")
"""


@pytest.mark.parametrize(
    ("tests", "seconds", "with_slow", "ran", "left_out"),
    [
        (["::test_second[2]", "::test_first"], 99, False, ["second 2", "first"], 0),
        ([""], 99, False, ["first", "second 1", "second 2", "other"], 0),
        (["::test_other", ""], 99, True, ["other", "first", "second 1", "second 2", "slow"], 0),
        ([""], 0, True, [], 5),
    ],
)
def test_plan_runs_its_tests_in_order(tmp_path, tests, seconds, with_slow, ran, left_out):
    (tmp_path / "test_planned.py").write_text(PLANNED)
    plan = tmp_path / "plan.json"
    plan.write_text(
        json.dumps(
            {
                "tests": [f"test_planned.py{test}" for test in tests],
                "seconds": seconds,
                "with_slow": ["test_planned.py"] * with_slow,
            }
        )
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow: slow\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-p", "tests_for", "test_planned.py"],
        cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(TOOL.parent), "TESTS_FOR_PLAN": str(plan), "PYTEST_ADDOPTS": ""},
    )  # fmt: skip
    lines = [line.lstrip(".") for line in done.stdout.splitlines()]
    assert [
        line for line in lines if line.split(" ")[0] in ("first", "second", "other", "slow")
    ] == ran
    assert len(json.loads(plan.read_text())) == left_out
