"""The options --sample, --sample-tests and --sample-seed of the tests, and the marker sampled."""

import re
import subprocess
from pathlib import Path

import pytest

import cmlp

pytest_plugins = "pytester"

TESTS = """
import pytest

@pytest.mark.parametrize("i", range(80))
def test_marked(i): ...
test_marked = pytest.mark.sampled(4)(test_marked)

@pytest.mark.parametrize("i", range(80))
def test_whole(i): ...

def test_single(): ...
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Return a function that collects the tests above: the names of those that would run, and the output."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest((Path(__file__).parents[1] / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\nmarkers = ["sampled(N)"]')
    pytester.makepyfile(test_cases=TESTS)

    def collect(*arguments):
        out = pytester.runpytest_inprocess("--collect-only", *arguments).stdout.str()
        return re.findall(r"<Function (.*)>", out), out

    return collect


def test_names_of_failures_are_written_at_once(run, pytester):
    pytester.makepyfile(
        test_two="""
        import pathlib

        def test_fails():
            raise ValueError

        def test_sees_it():
            assert pathlib.Path("failed").read_text() == "failed: test_two.py::test_fails\\n"
        """
    )
    done = pytester.runpytest_inprocess("--failures=failed", "test_two.py")
    done.assert_outcomes(failed=1, passed=1)


def numbers(names, test):
    return [int(name.split("[")[1][:-1]) for name in names if name.startswith(f"{test}[")]


def test_marked_tests_are_sampled_by_default(run):
    names, out = run()
    marked = numbers(names, "test_marked")
    assert marked[0] == 0 and 5 <= len(marked) <= 40
    assert numbers(names, "test_whole") == list(range(80))
    assert "test_single" in names
    assert f"--sample-seed={cmlp.__version__} " in out


def test_sample_applies_to_all_tests(run):
    names, _ = run("--sample", "10", "--sample-seed", "a")
    for test in ("test_marked", "test_whole"):
        assert numbers(names, test)[0] == 0 and 2 <= len(numbers(names, test)) <= 25
    assert "test_single" in names
    names, _ = run("--sample", "1")
    assert numbers(names, "test_marked") == numbers(names, "test_whole") == list(range(80))


def test_tests_are_sampled_with_their_cases(run, pytester):
    code = "".join(f"def test_{i}(): ...\n" for i in range(80)) + TESTS
    pytester.makepyfile(test_cases=code)
    names, _ = run("--sample-tests", "4", "--sample-seed", "a")
    assert 5 <= len([name for name in names if "[" not in name]) <= 40
    drawn = [
        {name.partition("[")[0] for name in run("--sample-tests", "2", "--sample-seed", seed)[0]}
        for seed in "abcdefgh"
    ]
    assert any("test_whole" not in one for one in drawn)
    assert any("test_whole" in one for one in drawn)
    names, _ = run("--sample-tests", "1000000", "test_cases.py::test_whole[7]")
    assert names == ["test_whole[7]"]


def test_seed_repeats_the_sample(run):
    first, out = run("--sample-seed", "a")
    assert "--sample-seed=a " in out
    assert run("--sample-seed", "a")[0] == first
    assert run("--sample-seed", "b")[0] != first


def test_each_seed_draws_cases_independently(run):
    """Four samples of a fourth of 80 cases have about 55 of them."""
    drawn = {name for seed in range(4) for name in run(f"--sample-seed={seed}", "-k", "marked")[0]}
    assert 40 < len(drawn) < 72


def test_seed_is_the_tree_of_the_commit(run, pytester):
    git = ["git", "-C", str(pytester.path), "-c", "user.name=a", "-c", "user.email=a@b"]
    try:
        subprocess.run([*git, "init", "-q"], check=True)
    except OSError:
        pytest.skip("git is not installed")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], check=True)
    tree = subprocess.check_output([*git, "rev-parse", "HEAD^{tree}"], text=True)
    assert f"--sample-seed={tree[:12]} " in run()[1]


def test_selected_cases_run(run):
    """Cases that are named by their ids run, and of cases selected by -k the first one."""
    whole, _ = run("--sample", "1")
    sample, _ = run("--sample", "1000")
    names = [name for name in whole if name not in sample][-2:]
    assert run("--sample", "1000", *(f"test_cases.py::{name}" for name in names))[0] == names
    assert run("--sample", "1000", "-k", names[1])[0] == names[1:]


@pytest.mark.parametrize("n", ["0", "-1", "half"])
def test_sample_must_be_a_positive_integer(run, n, capfd):
    run(f"--sample={n}")
    assert f"argument --sample: N must be a positive integer, got '{n}'" in capfd.readouterr().err
