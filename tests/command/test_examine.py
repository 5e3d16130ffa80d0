"""The command ``cmlp examine``."""

import io
import json

import numpy as np
import pytest

from cmlp import __main__ as cli

N = 240
RNG = np.random.RandomState(0)
EXAMINE = ("examine", "rows.csv", "--target", "wage")


@pytest.fixture
def command(tmp_path, capsys, monkeypatch):
    """Return a function that runs the command in a folder with rows of persons and a copy of the target."""
    monkeypatch.chdir(tmp_path)
    person = np.arange(N) // 6
    age, sex = RNG.randint(0, 50, N // 6)[person], RNG.choice(["m", "f"], N // 6)[person]
    wage = (RNG.standard_normal(N // 6)[person] + 0.3 * RNG.standard_normal(N)).round(6)
    with open("rows.csv", "w") as file:
        file.write("person,age,sex,net pay,wage\n")
        for a, b, c, d in zip(person, age, sex, wage, strict=True):
            file.write(f"p{a},{b},{c},{2 * d},{d}\n")

    def run(*arguments):
        status = cli.main(list(arguments))
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return run


def codes(lines):
    return [line.split()[1] for line in lines if line.startswith("!")]


def test_the_findings_are_a_table_with_options_as_remedies(command):
    status, lines, _ = command(*EXAMINE)
    assert status == 0 and codes(lines) == ["leak", "groups"]
    leak, groups = (line for line in lines if line.startswith("!!"))
    assert leak.endswith("--drop 'net pay'") and groups.endswith("--groups person")


def test_pipelines_fail_on_a_kind(command):
    assert command(*EXAMINE, "--fail-on", "spelling")[0] == 0
    assert command(*EXAMINE, "--fail-on", "spelling", "--fail-on", "leak")[0] == 3
    assert command(*EXAMINE, "--fail-on", "leak", "--known", "leak:net pay")[0] == 0
    with pytest.raises(SystemExit):
        command(*EXAMINE, "--fail-on", "leek")


def test_error_begins_on_a_line_of_its_own(tmp_path, monkeypatch):
    """Also if the line of the checks is the last one on the terminal."""

    class Screen(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.chdir(tmp_path)
    with open("rows.csv", "w") as file:
        file.writelines(["a,wage\n", *(f"{k % 7},{k % 11}.5\n" for k in range(60))])
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")

    def interrupted(*arguments, **keywords):
        keywords["progress"](1, 20)
        raise KeyboardInterrupt

    monkeypatch.setattr("cmlp._estimators.examine.examine", interrupted)
    assert cli.main([*EXAMINE]) == 130
    assert screen.getvalue().endswith("check 1/20\ncmlp: interrupted\n")


def test_warnings_are_lines(command):
    status, lines, err = command(*EXAMINE, "--known", "leak:net")
    assert status == 0 and codes(lines) == ["leak", "groups"]
    text = "known has ['leak:net'], but X has no such columns: look for a typing error."
    assert err == f"cmlp: {text}\n"
    options = ["--known", "leak:net", "--n-epochs", "1", "--n-estimators", "1"]
    assert text in command("train", *EXAMINE[1:], "-o", "m.cmlp", *options)[1]


def test_json_is_all_that_is_printed(command):
    _, lines, _ = command(*EXAMINE, "--json")
    report = json.loads("\n".join(lines))
    assert report["complete"] and [one["code"] for one in report["findings"]] == ["leak", "groups"]
    assert report["findings"][0]["remedy"] == "X.drop(columns=['net pay'])"


def test_options_say_the_use_and_the_columns(command):
    assert codes(command(*EXAMINE, "--use", "random")[1]) == ["leak"]
    assert codes(command(*EXAMINE, "--groups", "person", "--drop", "net pay")[1]) == []
    status, _, err = command(*EXAMINE, "--known", "leek")
    assert status == 1 and "--known: known must have codes among" in err
    status, _, err = command(*EXAMINE, "--groups", "person", "--use", "time")
    assert status == 1 and "--use: use must be 'groups' or None with groups" in err
