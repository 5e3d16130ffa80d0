"""The command: the story in a pipe and on a terminal, its options, and how it stops."""

import contextlib
import importlib.metadata
import os
import re
import signal
import subprocess
import sys

import pytest

from cmlp.command import main as cli
from cmlp.command import story
from cmlp.command.story import METHODS

COMMAND = [sys.executable, "-m", "cmlp"]
EPOCH = r"epoch +\d+/\d+  cost \d\.\d{4}  gradient \d+\.\d{4}  test accuracy \d+\.\d %  \S+ \w+ left"

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and ptys are POSIX here")


def environment(**changes):
    """Return the environment without what would change the story, with changes."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("COLUMNS", "LINES", "NO_COLOR", "COLORTERM", "PYTHONIOENCODING", "PYTHONUNBUFFERED")
    }
    return {**kept, "PYTHONUTF8": "1", "TERM": "xterm-256color", **changes}


def run(*arguments, stdout=subprocess.PIPE, **changes):
    """Run the command in a pipe."""
    return subprocess.run(
        [*COMMAND, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment(**changes),
        timeout=120,
        check=False,
    )


def run_on_terminal(*arguments, columns=80, **changes):
    """Run the command on a terminal of its own; return its status and all that it wrote."""
    import fcntl
    import pty
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment(**changes)
    )
    os.close(slave)
    written = b""
    with contextlib.suppress(OSError):  # how Linux says that nobody holds the other end
        while chunk := os.read(master, 65536):
            written += chunk
    os.close(master)
    return process.wait(timeout=60), written.decode()


@pytest.fixture(scope="module")
def piped_story():
    return run()


def test_story_in_a_pipe(piped_story):
    assert piped_story.returncode == 0
    assert piped_story.stderr == b""
    text = piped_story.stdout.decode()
    assert "\x1b" not in text and "\r" not in text.replace("\r\n", "\n")
    lines = text.splitlines()
    assert "12,960 weights" in text and "42 biases" in text and "13,002 parameters" in text
    (before,) = [line for line in lines if line.startswith("accuracy before training: ")]
    assert re.fullmatch(r"accuracy before training: \d+\.\d %", before)
    assert float(before.split()[-2]) < 20
    epochs = [line for line in lines if line.startswith("epoch")]
    assert len(epochs) == 30
    assert all(re.fullmatch(EPOCH, line) for line in epochs)
    (after,) = [line for line in lines if line.startswith("test accuracy: ")]
    assert re.fullmatch(r"test accuracy: \d+\.\d %", after)
    assert float(after.split()[-2]) > 87
    assert f"{after.split()[-2]} %" in epochs[-1]
    assert re.search(r"Training took \S+ \w+:", text)


def test_cost_falls(piped_story):
    costs = [float(cost) for cost in re.findall(r"cost (\d\.\d{4})", piped_story.stdout.decode())]
    assert costs[0] > 0.5
    assert costs[-1] < 0.1


def test_story_draws_four_digits_and_two_neurons(piped_story):
    text = piped_story.stdout.decode()
    assert len(re.findall(r"answer: \d", text)) == 4
    assert len(re.findall(r"confidence: \d+\.\d %", text)) == 4
    assert len(re.findall(r"truth: \d", text)) == 4
    assert text.count("(mistake)") == 1
    assert len(re.findall(r"neuron \d+(?: |$)", text, re.MULTILINE)) == 2
    assert max(len(line) for line in text.splitlines()) <= 80


def test_two_runs_tell_the_same(piped_story):
    def without_times(output):
        return re.sub(rb"\S+ (s|min)( left|:.* a second)", b"", output.replace(b"\n", b" "))

    assert without_times(run().stdout) == without_times(piped_story.stdout)


def test_seed_changes_the_story(piped_story):
    other = run("--seed", "1", "--epochs", "1").stdout.decode()
    line = next(line for line in other.splitlines() if line.startswith("epoch 1/1"))
    assert line.partition("  test")[0].replace("1/1", "") not in piped_story.stdout.decode()


@posix
def test_story_on_a_terminal_rewrites_one_line():
    status, text = run_on_terminal("--epochs", "5", COLORTERM="truecolor")
    assert status == 0
    (live,) = [line for line in text.split("\r\n") if "epoch 1/5" in line]
    rewritten = live.lstrip("\r").split("\r")
    assert len(rewritten) == 5
    assert all(re.fullmatch(EPOCH, line.rstrip()) for line in rewritten)
    assert "\x1b[38;2;" in text
    assert "▀" in text
    # Nothing but colours: no cursor movement, nothing left switched on.
    assert set(re.findall(r"\x1b\[[^a-zA-Z]*([a-zA-Z])", text)) == {"m"}
    assert text.rindex("\x1b[0m") == text.rindex("\x1b[")


@posix
@pytest.mark.parametrize("columns", [1, 20, 40])
def test_story_on_a_narrow_terminal(columns):
    status, text = run_on_terminal("--epochs", "3", columns=columns)
    assert status == 0
    live = next(line for line in text.split("\r\n") if line.startswith("\r"))
    assert all(len(part) <= max(columns - 1, 1) for part in live.split("\r"))
    assert live.count("\r") == 3
    assert ("▀" in text) == (columns >= 28)


@posix
def test_wide_terminal_puts_four_digits_side_by_side():
    _, text = run_on_terminal("--epochs", "1", columns=118)
    assert re.search(r"(answer: \d +){3}answer: \d", text)


@posix
def test_no_color():
    status, text = run_on_terminal("--epochs", "2", NO_COLOR="1")
    assert status == 0
    assert "\x1b" not in text
    assert "█" in text and "\repoch 2/2" in text


@posix
def test_dumb_terminal_gets_plain_lines():
    status, text = run_on_terminal("--epochs", "2", TERM="dumb")
    assert status == 0
    assert "\x1b" not in text
    assert "\r" not in text.replace("\r\n", "")


def test_encoding_without_blocks():
    result = run("--epochs", "1", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.returncode == 0
    assert result.stderr == b""
    assert result.stdout.isascii()
    assert b"@@" in result.stdout


@posix
def test_encoding_without_blocks_on_a_terminal():
    status, text = run_on_terminal("--epochs", "2", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert status == 0
    assert text.isascii()
    assert "\x1b[38;5;" in text


@posix
def test_ctrl_c_leaves_cleanly():
    process = subprocess.Popen(
        [*COMMAND, "digits", "--epochs", "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    for line in process.stdout:
        if line.startswith(b"epoch"):
            break
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == b"python -m cmlp: interrupted\n"
    assert b"test accuracy: " not in rest


@posix
def test_ctrl_c_on_a_terminal_leaves_the_live_line():
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "--epochs", "1000000"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment(),
        start_new_session=True,
    )
    os.close(slave)
    text = b""
    while b"\repoch" not in text:
        text += os.read(master, 65536)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 65536):
            text += chunk
    os.close(master)
    assert process.wait(timeout=60) == 130
    assert re.search(rb"%[^\r\n]*\r\npython -m cmlp: interrupted\r\n\Z", text)
    assert b"Traceback" not in text


@posix
@pytest.mark.parametrize("arguments", [[], ["--version"], ["--help"]])
def test_broken_pipe_is_quiet(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as pipe:
        result = run(*arguments, stdout=pipe)
    assert result.returncode == 141
    assert result.stderr == b""


@posix
def test_pipe_that_breaks_under_way_is_quiet():
    process = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 141
    assert errors == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_full_disk_is_one_clear_line(arguments):
    with open("/dev/full", "wb") as full:
        result = run(*arguments, stdout=full)
    assert result.returncode == 1
    assert result.stderr.startswith(b"python -m cmlp: error: cannot write: ")
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["--epochs", "0"], "--epochs: expected a whole number of at least 1, got '0'"),
        (["--epochs", "1.5"], "--epochs: expected a whole number of at least 1, got '1.5'"),
        (["digits", "--threads", "-2"], "--threads: expected a whole number of at least 1"),
        (["--seed", "-1"], "--seed: expected a whole number from 0 to 4294967295, got '-1'"),
        (["--seed", str(2**32)], "--seed: expected a whole number from 0 to 4294967295"),
        (["--hidden", "16;16"], "--hidden: expected whole numbers of at least 1"),
        (["--hidden", "16,"], "--hidden: expected whole numbers of at least 1"),
        (["--hidden", "0"], "--hidden: expected whole numbers of at least 1"),
        (["--data", "cats"], "--data: invalid choice: 'cats'"),
        (["--method", "slow"], "--method: invalid choice: 'slow'"),
        (["--epoch", "3"], "unrecognized arguments: --epoch"),
        (["digits", "--epochs"], "--epochs: expected one argument"),
        (["letters"], "invalid choice: 'letters'"),
    ],
)
def test_bad_argument_is_refused_in_one_line(arguments, expected, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.count("\n") == 1
    assert errors.startswith("cmlp") and ": error: " in errors
    assert expected in errors


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["--data", "mnist"], "CMLP_DATA is not set"),
        (["digits", "--data", "fashion"], "CMLP_DATA is not set"),
        (["--hidden", ",".join(["1"] * 100)], "sizes must be 2 to 64"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(arguments, expected, capsys, monkeypatch):
    monkeypatch.delenv("CMLP_DATA", raising=False)
    assert cli.main(arguments) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.count("\n") == 1
    assert errors.startswith("cmlp: error: ")
    assert expected in errors


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"cmlp {importlib.metadata.version('cmlp')}\n"


def test_console_script_is_the_command():
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="cmlp")
    assert script.load() is cli.main


@pytest.mark.parametrize("started_by", ["script", "module"])
def test_an_instruction_set_that_is_none_is_told_in_one_line(started_by, tmp_path, monkeypatch):
    program = "python -m cmlp"
    if started_by == "script":  # as the installed script does
        program, script = "cmlp", tmp_path / "cmlp"
        script.write_text("import sys\nfrom cmlp.command.main import main\nsys.exit(main())\n", encoding="utf-8")
        monkeypatch.setattr(f"{__name__}.COMMAND", [sys.executable, str(script)])
    done = run("--version", CMLP_ISA="sse9")
    assert done.returncode == 2 and done.stdout == b""
    expected = f"{program}: error: CMLP_ISA='sse9' cannot be used on this processor; available: generic"
    assert done.stderr.decode().startswith(expected)
    assert len(done.stderr.splitlines()) == 1


def test_options_reach_the_network(capsys):
    assert cli.main(["digits", "--hidden", "8,7,6", "--epochs", "1", "--threads", "1"]) == 0
    text = capsys.readouterr().out
    assert "784 x 8 + 8 x 7 + 7 x 6 + 6 x 10 = 6,430 weights, and 31 biases" in text
    assert "6,461 parameters" in text
    assert "two of the 8 neurons" in text
    assert text.count("epoch 1/1") == 1


def test_fast_method_tells_what_is_different(capsys, piped_story):
    assert cli.main(["--method", "fast", "--epochs", "2"]) == 0
    text = capsys.readouterr().out
    words = " ".join(text.split())
    plain = " ".join(piped_story.stdout.decode().split())
    for word in ("ReLU", "softmax", "log loss", "Adam", "one cycle", "96 at a time"):
        assert word in words and word not in plain
    assert "139,930 parameters" in words and "10 at a time" in plain
    assert re.search("cmlp digits --method story +the story's plain method", text)
    assert "--hidden 128,64" in plain and "--hidden 128,64" not in words
    assert all(re.fullmatch(EPOCH, line) for line in text.splitlines() if line.startswith("epoch"))
    assert max(map(len, text.splitlines())) <= 80


def help_text(capsys):
    with pytest.raises(SystemExit):
        cli.main(["digits", "--help"])
    return " ".join(capsys.readouterr().out.split())


def test_help_shows_the_defaults_that_the_story_uses(capsys):
    text = help_text(capsys)
    for method in METHODS:
        told = story.Story(story.Options(method=method))
        hidden = ",".join(map(str, told.network.sizes[1:-1]))
        for option, value in {"--hidden": hidden, "--epochs": told.n_epochs, "--activation": told.activation}.items():
            defaults = re.search(rf"{option} .*?\(default: (.*?)\)", text.partition("options:")[2])[1]
            assert f"{value} for {method}" in defaults.split(", ")
    assert "(default: story for sample, fast for mnist, fast for fashion)" in text
    assert "(default: 0)" in text and story.Options().seed == 0


OPTIONS = [
    [],
    ["--hidden", "128,64"],
    ["--hidden", "none", "--epochs", "2"],
    ["--method", "fast"],
    ["--method", "story", "--data", "mnist"],
    ["--data", "mnist"],
    ["--data", "fashion", "--seed", "4294967295"],
    ["--data", "fashion", "--hidden", "7", "--activation", "sigmoid", "--threads", "1"],
]


def parsed(arguments):
    chosen = cli._make_parser("cmlp", METHODS, story.DEFAULT_METHODS).parse_args(["digits", *arguments])
    return story.Options(**vars(chosen))


@pytest.mark.parametrize("arguments", OPTIONS, ids=" ".join)
def test_suggestions_are_other_commands_that_work(arguments):
    options = parsed(arguments)
    suggested = [candidate for candidate, _ in story._suggestions(options)]
    assert options not in suggested and len(set(suggested)) == len(suggested) >= 3
    for candidate in suggested:
        assert parsed(candidate.arguments().split()) == candidate
    assert parsed(options.arguments().split()) == options


@pytest.mark.parametrize("arguments", OPTIONS, ids=" ".join)
def test_suggestions_keep_the_data(arguments):
    options = parsed(arguments)
    kept = [what for candidate, what in story._suggestions(options) if candidate.data == options.data]
    assert "another random start" in kept
    assert {"a wider network", "the story's plain method"} & set(kept) or arguments == ["--hidden", "128,64"]


def test_no_hidden_layer(capsys):
    assert cli.main(["--hidden", "none", "--epochs", "1"]) == 0
    text = capsys.readouterr().out
    assert "784 x 10 = 7,840 weights" in text
    assert "hidden neurons" not in text
    assert len(re.findall(r"the neuron for \d", text)) == 2


def test_one_hidden_neuron(capsys):
    assert cli.main(["--hidden", "1", "--epochs", "1"]) == 0
    assert "two of the" not in capsys.readouterr().out


@pytest.mark.skipif("CMLP_DATA" not in os.environ, reason="CMLP_DATA names no folder")
def test_clothes_have_names(capsys):
    assert cli.main(["--data", "fashion", "--epochs", "1"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "139,930 parameters" in text and "fast method" in text
    assert "answer: ankle boot" in text
    assert "one for each kind of clothing" in text
