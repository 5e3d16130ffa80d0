""".ci/run: its stages, their table in .ci/README.md, the jobs of ci.yml, and what runs after a change."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import imported

ROOT = Path(__file__).parents[2]
CI = ROOT / ".ci"
if not CI.exists() or not shutil.which("bash"):
    pytest.skip("needs .ci, which the sdist does not have, and bash", allow_module_level=True)


@pytest.fixture(scope="module")
def listed():
    """Return the group of each stage, of those of every run and of those of full mode."""
    done = subprocess.run([CI / "run", "no-stage"], capture_output=True, text=True)
    assert done.returncode == 2
    quick, full = done.stderr.split("Only by")
    rows = [
        dict(re.findall(r"^    (\S+) +(\S+) +\S.*$", part, re.MULTILINE)) for part in (quick, full)
    ]
    quick, full = rows
    quick.setdefault("wheel-newest", "packages")  # a machine with one Python does not have it
    return quick, {name: g for name, g in full.items() if not re.match(r"wheel-3", name)}


def shell(code, *arguments):
    command = ["bash", "-euc", code, "bash", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_readme_has_a_row_for_each_stage(listed):
    tables = (CI / "README.md").read_text(encoding="utf-8").split("Only in full mode")
    for table, stages in zip(tables, listed, strict=True):
        names = re.findall(r"^\| ([\w-]+) \| (?:\d+|-) \|", table, re.MULTILINE)
        assert sorted(names) == sorted(stages)


def test_each_group_of_stages_is_a_job(listed):
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    (groups,) = re.findall(r"group: \[(.*)\]", workflow)
    assert sorted([*groups.split(", "), "proofs"]) == sorted(set(listed[0].values()))
    assert "tests/proofs/prove.py" in workflow  # in a job of its own


def test_paths_in_scripts_and_workflows_exist():
    files = [*CI.glob("*.sh"), *(ROOT / ".github/workflows").glob("*.yml")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    named = set(re.findall(r"(?<![\w/-])(?:tests|tools|examples|packaging)/[\w./{},-]*[\w}]", text))
    paths = shell("eval \"printf '%s\\n' $1\"", " ".join(named)).split()
    assert len(paths) > 80
    assert [path for path in paths if not [*ROOT.glob(path + "*")]] == []


def stages_of(path):
    return shell('. .ci/changed.sh; stages_of_file "$1"', path).split()


@pytest.mark.parametrize(
    "path, some",
    [
        ("src/cmlp/core/train/batch.c", ["core", "embedded", "proofs", "tests"]),
        ("src/cmlp/_train/recorder.py", ["tests", "packages"]),
        ("src/cmlp/story/page/film/film.css", ["browser"]),
        ("tests/c/test_csr.c", ["core"]),
        ("docs/index.md", ["suite", "docs"]),
        (".github/workflows/ci.yml", ["workflows"]),
        (".ci/README.md", ["workflows"]),
        (".ci/run", ["core", "browser", "embedded"]),
    ],
)
def test_change_of_a_file_runs_the_stages_that_it_can_break(path, some):
    assert set(some) <= set(stages_of(path))


def test_stages_of_changes_are_stages_or_groups(listed):
    text = (CI / "changed.sh").read_text(encoding="utf-8")
    lines = re.findall(r"echo ([a-z][\w -]+)", text)
    named = {name for line in lines for name in line.split()}
    assert len(named) > 15
    assert named <= {*listed[0], *listed[0].values()}


@pytest.fixture
def left_out(tmp_path):
    """Return a function that changes files on a branch, and returns the stages that a run leaves out."""
    for command in (
        "init -q -b main",
        "-c user.name=a -c user.email=a@b commit -q --allow-empty -m x",
    ):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)

    def change(*paths, commands=()):
        for path in paths:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text("x")
        for command in commands:
            subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
        return shell("ROOT=$1; . .ci/changed.sh; stages_left_out", str(tmp_path)).split()

    return change


COMMIT = "-c user.name=a -c user.email=a@b commit -q -m y"


def test_stages_that_no_change_concerns_are_left_out(left_out):
    assert left_out() == []  # nothing says that main has passed
    other = left_out("other", commands=["switch -q -c branch", "add .", COMMIT])
    assert other == ["film", "rebuilt"]
    assert left_out("src/cmlp/story/page/film/new.js") == ["rebuilt"]
    assert left_out("setup.py") == []


def test_a_clone_of_main_is_compared_with_the_tag_of_a_commit_that_has_passed(left_out):
    assert left_out(commands=["tag ci-passed"]) == ["film", "rebuilt"]
    assert left_out("setup.py", commands=["add .", COMMIT]) == ["film"]
    assert left_out("tests/page/test_film.py", commands=["add .", COMMIT]) == []
    assert left_out(commands=["tag -f ci-passed"]) == ["film", "rebuilt"]
    moved = ["switch -q --orphan other", "rm -qf --ignore-unmatch .", COMMIT + " --allow-empty"]
    assert left_out(commands=moved) == []  # the tag is of another history


def test_each_file_that_the_tests_of_the_film_import_runs_them():
    tests = {"tests/page/conftest.py", *shell('. .ci/python.sh; echo "${OF_FILM[@]}"').split()}
    assert len(tests) == 3
    imports = "".join((ROOT / test).read_text(encoding="utf-8") for test in tests)
    modules = re.findall(r"^from (\w+) import", imports, re.MULTILINE)
    support = {f"tests/support/{name}.py" for name in modules}
    needed = {path for path in support if (ROOT / path).exists()} | tests
    assert len(needed) > 6
    for path in needed:
        shell('. .ci/changed.sh; grep -qE "$FILM" <<<"$1"', path)


def test_documentation_alone_does_not_compile_the_core():
    assert not {"core", "embedded", "gcc"} & set(stages_of("docs/guide/tables.md"))


def test_tables_get_the_seconds_of_stages_and_runs(tmp_path):
    table = tmp_path / "table.md"
    stages = (
        "| suite | {} | 4 | all \\ `x` |\n| slow | - | y |\n| **all** | {} | {} | |\nsuite | 1 |\n"
    )
    runs = ["| run | wall seconds |\n| --- | --- |\n", "| c |\n", "| d |\n", "| e |\n", "\n| f |\n"]
    table.write_text(stages.format(7, 0, 0) + "".join(runs))
    (tmp_path / "05-suite.cpu").write_text("912 suite\n")
    (tmp_path / "06-other.cpu").write_text("1 other\n")
    shell(
        'git init -q "$1" && cd "$1" && git -c user.name=a -c user.email=a commit -q --allow-empty -m a',
        str(tmp_path),
    )
    write = (
        '. .ci/cpu.sh; ROOT=$1 LOGS=$1 WORK=$1; write_table "$2"; write_run "$2" 8 9 "3 files" ""'
    )
    shell(write, str(tmp_path), str(table))
    text = table.read_text()
    run = re.search(
        r"^\| `[0-9a-f]{8,}`, [\d-]{10} \| 8 \| 9 \| 3 files \| none \|\n", text, re.MULTILINE
    )
    assert text == stages.format(912, 912, 4) + "".join([runs[0], run[0], *runs[1:3], runs[4]])


CASES = """
<testsuites><testsuite>
<testcase classname="tests.a.test_b" name="test_runs" file="tests/a/test_b.py" />
<testcase classname="tests.a.test_b" name="test_c[x-1]" file="tests/a/test_b.py">
<skipped message="could not import 'polars': No module named 'polars'"/></testcase>
<testcase classname="tests.a.test_b" name="test_c[x-2]" file="tests/a/test_b.py">
<skipped message="needs the package rich"/></testcase>
<testcase classname="tests.a.test_b.TestD" name="test_e" file="tests/a/test_b.py">
<skipped message="needs the package onnx"/></testcase>
<testcase classname="" name="tests.f.test_g" file="tests/f/test_g.py"><skipped message="collection skipped">
('tests/f/test_g.py', 2, "Skipped: could not import 'torch'")</skipped></testcase>
<testcase classname="tests.a.test_b" name="test_isa" file="tests/a/test_b.py">
<skipped message="neon is not available here"/></testcase>
</testsuite></testsuites>
"""


def test_skipped_tests_are_those_that_lack_a_package(tmp_path):
    file = tmp_path / "suite.xml"
    file.write_text(CASES)
    assert sorted(set(imported(CI / "skipped.py").skipped(file))) == [
        "tests/a/test_b.py::TestD::test_e",
        "tests/a/test_b.py::test_c",
        "tests/f/test_g.py",
    ]
